"""Walk the parts of a picture's file: segments, chunks, tags; an AVIF's boxes, items and AV1 units.

In: the file's bytes. Out: what each part is, and where it lies, one after the other, as decoders
find them. The edge rule: nothing is unpacked, and a part may be said to reach beyond the end of the
file; the walk ends there.
"""

import re
import struct
from io import BytesIO
from itertools import repeat

__all__ = [
    "AV1_FRAMES",
    "AV1_SEQUENCE",
    "TEXTS",
    "av1_pixels",
    "avif_parts",
    "jpeg_segments",
    "png_chunks",
    "tiff_strips",
    "tiff_tags",
    "webp_chunks",
]

# As in libjpeg: what is not, is filled up, packed pixels, or a place to go on behind an error.
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
# Types of a TIFF's values: those of which Pillow makes bytes or text, and the sizes of all.
TEXTS = (1, 2, 7)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
# Boxes of an AVIF that hold others, behind so many bytes.
_HOLDERS = {b"meta": 4, b"iinf": 6}
# Units of AV1: what its frames have in common, and those that begin a frame.
AV1_SEQUENCE, AV1_FRAMES = 1, (3, 6, 7)
# The size stands in so many bytes of the first, however many layers come before it.
_LONGEST_HEAD = 128


def jpeg_segments(data):
    """Yield marker, start and end of each segment up to the end of the picture.

    Of a scan (0xDA), only the head; its packed pixels lie before the next segment.
    """
    at, last = 2, len(data) - 2
    while found := _MARKER.search(data, at):
        start = found.start()
        marker, at = data[start + 1], start + 2
        if marker >= 0xC0 and marker != 0xD8 and marker != 0xD9 and at <= last:
            at += data[at] << 8 | data[at + 1]
        yield marker, start, at
        if marker == 0xD9:
            return


def png_chunks(data):
    """Yield name, start and end of each chunk up to the end of the picture."""
    at, name = 8, b""
    while at < len(data) and name != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        yield name, at, end
        at = end


def webp_chunks(data):
    """Yield name, start and end of each chunk up to the end of the picture."""
    at, whole = 12, 8 + int.from_bytes(data[4:8], "little")
    while at < min(whole, len(data)):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        yield data[at : at + 4], at, end
        at = end


def tiff_tags(data):
    """Yield number, type, count and size in bytes of each tag of the first directory.

    Of those that Pillow would read: not of types that it does not know, nor larger than the file.
    """
    order = "<" if data[:2] == b"II" else ">"
    # As Pillow tells.
    codes = ("8xQ", "Q", "HHQ8x") if data[2] == 43 else ("4xL", "H", "HHL4x")
    where, many, entry = (struct.Struct(order + code) for code in codes)
    if len(data) < where.size or (at := where.unpack_from(data)[0]) + many.size > len(data):
        return
    (count,) = many.unpack_from(data, at)
    at += many.size
    end = min(at + count * entry.size, len(data) - entry.size + 1)
    for start in range(at, end, entry.size):
        tag, kind, n = entry.unpack_from(data, start)
        size = n * _SIZES.get(kind, 0)
        if kind in _SIZES and size <= len(data):
            yield tag, kind, n, size


def tiff_strips(tags, data):
    """Yield start and end of each strip, or tile; `tags` are what Pillow read."""
    places, sizes = (324, 325) if 324 in tags else (273, 279)
    for at, size in zip(tags[places], tags.get(sizes) or repeat(len(data)), strict=False):
        yield at, max(at, min(at + size, len(data)))


def avif_parts(data):
    """Yield kind, start and end of each box, also of those in others, then of what items hold.

    A box that tells of an item is called as its kind of item, e.g. ``b"grid"``. Of AV1, it is
    ``b"item"``, then the number of each of its units; or ``b"part"`` if it is not in one piece, or
    not in the file itself.
    """
    left, coded, tables = [(0, len(data))], set(), []
    while left:
        at, end = left.pop()
        while at + 8 <= end:
            size, name = struct.unpack_from(">L4s", data, at)
            start = at + (16 if size == 1 else 8)
            if size == 1:
                size = _number(data, at + 8, 8)
            stop = min(end, at + size) if size else end
            if name in _HOLDERS:
                longer = 2 if name == b"iinf" and data[start : start + 1] > b"\0" else 0
                left.append((start + _HOLDERS[name] + longer, stop))
            elif name == b"infe":
                wide = 4 if data[start : start + 1] == b"\3" else 2
                name = data[start + 6 + wide : start + 10 + wide]
                if name == b"av01":
                    coded.add(_number(data, start + 4, wide))
            elif name == b"iloc":
                tables.append(data[start:stop])
            yield name, start, stop
            at = max(start, stop)
    for table in tables:
        for number, whole, start, end in _places(BytesIO(table)):
            av1 = number in coded
            yield (b"item" if whole else b"part") if av1 else b"", start, end
            if av1:
                yield from _av1_units(data, start, min(end, len(data)))


def _places(box):
    """Yield of each piece of an item its number, if it is all of it, its start and its end."""

    def take(size):
        return int.from_bytes(box.read(size), "big")

    version, sizes = take(4) >> 24, take(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(take(wide)):
        if box.tell() == len(box.getbuffer()):
            return
        number = take(wide)
        elsewhere = take(2) & 15 if version else 0
        take(2)
        first, pieces = take(base), take(2)
        for _ in range(pieces):
            take(index if version else 0)
            at = first + take(offset)
            yield number, pieces == 1 and not elsewhere, at, at + take(length)


def _av1_units(data, at, end):
    while at < end:
        head = data[at]
        at += 2 if head & 4 else 1
        size, shift, more = end - at, 0, head & 2
        while more:
            byte = _number(data, at, 1)
            size = (byte & 127) << shift | (size if shift else 0)
            at, shift, more = at + 1, shift + 7, byte & 128 and shift < 49
        yield head >> 3 & 15, at, at + size
        at += size


def av1_pixels(data, at):
    """Return how many pixels a frame may have, by a sequence header of AV1; None for a film's."""
    left = 8 * _LONGEST_HEAD
    # Behind the end, bits are 0.
    bits = int.from_bytes(data[at : at + _LONGEST_HEAD].ljust(_LONGEST_HEAD, b"\0"), "big")

    def take(count):
        nonlocal left
        left -= count
        return bits >> left & (1 << count) - 1

    take(4)
    still = take(1)
    if still:
        take(5)
    elif take(1):
        return None
    else:
        waits = take(1)
        for _ in range(take(5) + 1):
            take(12)
            take(1 if take(5) > 7 else 0)
            take(4 if waits and take(1) else 0)
    width, height = take(4) + 1, take(4) + 1
    # Else a frame may have a size of its own, of as many bits: decoders let it be larger.
    return (take(width) + 1) * (take(height) + 1) if still else 1 << width + height


def _number(data, at, size):
    return int.from_bytes(data[at : at + size], "big")
