"""Walk the parts of a picture's file: segments, chunks, tags; of an AVIF, boxes, items and frames.

In: the file's bytes. Out: what each part is, and where it lies, one after the other, as decoders
find them; and a TIFF with more behind its strips. The edge rule: nothing is unpacked, and a part
may be said to reach beyond the end of the file; the walk ends there.
"""

import re
import struct
from io import BytesIO
from itertools import accumulate, repeat

import numpy as np

__all__ = [
    "TEXTS",
    "av1_units",
    "avif_boxes",
    "avif_items",
    "jpeg_segments",
    "png_chunks",
    "tiff_strips",
    "tiff_tags",
    "tiff_with_more",
    "webp_chunks",
]

# As in libjpeg: what is not, is filled up, packed pixels, or a place to go on behind an error.
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
# Types of a TIFF's values: those of which Pillow makes bytes or text, and the sizes of all.
TEXTS = (1, 2, 7)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
# Tags that say how a fax is unpacked.
_FAX = (256, 257, 258, 259, 262, 266, 277, 278, 292, 293, 322, 323)
# Boxes of an AVIF that hold others, behind so many bytes.
_HOLDERS = {b"meta": 4, b"iinf": 6} | dict.fromkeys((b"iprp", b"ipco"), 0)
_HOLDERS |= dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl"), 0)
# Units of AV1: what its frames have in common, those that begin a frame, and one that goes on with
# it; no head is longer.
_SEQUENCE, _FRAMES, _MORE, _LONGEST_HEAD = 1, (3, 6, 7), 4, 500


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


def tiff_with_more(tags, data, more):
    """Return the TIFF of a fax of the same strips, or tiles, with more behind each."""
    strips = [data[at:end] + more for at, end in tiff_strips(tags, data)]
    *places, directory = accumulate(map(len, strips), initial=8)
    values = {tag: np.ravel(tags[tag])[:1].tolist() for tag in _FAX if tag in tags}
    tiled = 324 in tags
    values |= {324 if tiled else 273: places, 325 if tiled else 279: list(map(len, strips))}
    far, entries, lists = directory + 6 + 12 * len(values), b"", b""
    for tag, numbers in sorted(values.items()):
        packed = struct.pack(f"<{len(numbers)}L", *numbers)
        entries += struct.pack("<HHL", tag, 4, len(numbers))
        entries += packed if len(numbers) == 1 else struct.pack("<L", far + len(lists))
        lists += packed if len(numbers) > 1 else b""
    head = b"II*\0" + struct.pack("<L", directory)
    body = struct.pack("<H", len(values)) + entries + bytes(4) + lists
    return b"".join([head, *strips, body])


def avif_boxes(data):
    """Yield name, start and end of what each box holds, also of those that lie in others."""
    left = [(0, len(data))]
    while left:
        at, end = left.pop()
        while at + 8 <= end:
            size, name = struct.unpack_from(">L4s", data, at)
            start = at + (16 if size == 1 else 8)
            if size == 1:
                size = _number(data, at + 8, 8)
            stop = min(end, at + size) if size else end
            yield name, start, stop
            if name in _HOLDERS:
                longer = 2 if name == b"iinf" and data[start : start + 1] > b"\0" else 0
                left.append((start + _HOLDERS[name] + longer, stop))
            at = max(start, stop)


def avif_items(data, boxes):
    """Yield of each item if it is AV1, and its pieces, each a start and an end.

    Of an animation, of its first frame. Where it is not sure which of several boxes a decoder
    takes, each counts.
    """
    held = [start for name, start, _ in boxes if name == b"idat"]
    coded = {_coded(data, start) for name, start, _ in boxes if name == b"infe"}
    tables = [start for name, start, _ in boxes if name == b"stsz"]
    sizes = [_number(data, at + 4, 4) or _number(data, at + 12, 4) for at in tables]
    for name, start, end in boxes:
        if name == b"iloc":
            for number, pieces in _located(BytesIO(data[start:end]), held):
                yield number in coded, pieces
        elif name in (b"stco", b"co64"):
            at = _number(data, start + 8, 4 if name == b"stco" else 8)
            yield True, [(at, at + max(sizes, default=0))]


def _coded(data, start):
    """Return an item's number if it is AV1."""
    wide = 4 if data[start : start + 1] == b"\3" else 2
    av1 = data[start + 6 + wide : start + 10 + wide] == b"av01"
    return _number(data, start + 4, wide) if av1 else None


def _located(box, held):
    def take(size):
        return int.from_bytes(box.read(size), "big")

    version, sizes = take(4) >> 24, take(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(take(wide)):
        if box.tell() == len(box.getbuffer()):
            return
        number = take(wide)
        inside = take(2) & 15 if version else 0
        take(2)
        first, pieces = take(base), []
        for _ in range(take(2)):
            take(index if version else 0)
            at = first + take(offset)
            pieces.append((at, at + take(length)))
        for before in held if inside else [0]:
            yield number, [(before + start, before + end) for start, end in pieces]


def av1_units(data):
    """Yield of each unit of AV1 how many pixels its frame may have; 0 if it begins none.

    None if another item says it: a decoder may know it from there.
    """
    at, common, begun = 0, None, False
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        size, shift, more = len(data) - at, 0, head & 2
        while more:
            byte = _number(data, at, 1)
            size = (byte & 127) << shift | (size if shift else 0)
            at, shift, more = at + 1, shift + 7, byte & 128 and shift < 49
        kind, pixels = head >> 3 & 15, 0
        if kind == _SEQUENCE:
            common = _common(_bits(data[at : at + size]))
        elif kind in _FRAMES or (kind == _MORE and not begun):
            begun, pixels = True, None
            if common:
                usual, largest, *rest = common
                sized = kind == _MORE or _has_size(_bits(data[at : at + size]), *rest)
                pixels = largest if sized else usual
        yield pixels
        at += size


def _number(data, at, size):
    return int.from_bytes(data[at : at + size], "big")


def _bits(data):
    """Return what reads so many bits; behind the end, they are 0."""
    left = 16 * _LONGEST_HEAD
    bits = int.from_bytes(bytes(data[:_LONGEST_HEAD]).ljust(2 * _LONGEST_HEAD, b"\0"), "big")

    def take(count):
        nonlocal left
        left -= count
        return bits >> left & (1 << count) - 1

    return take


def _common(take):
    """Return usual and largest pixels of frames, and what `_has_size` must know to read on."""
    take(4)
    still = take(1)
    model = delay = 0
    if still:
        take(5)
    else:
        if take(1):
            take(64)
            if take(1):
                zeros = 0
                while zeros < 32 and not take(1):
                    zeros += 1
                take(zeros % 32)
            model = take(1)
            delay = take(5) + 1 if model else 0
            take(42 if model else 0)
        waits = take(1)
        for _ in range(take(5) + 1):
            take(12)
            take(1 if take(5) > 7 else 0)
            take(2 * delay + 1 if model and take(1) else 0)
            take(4 if waits and take(1) else 0)
    width, height = take(4) + 1, take(4) + 1
    usual = (take(width) + 1) * (take(height) + 1)
    if still:
        return usual, usual, True, 0, 0
    numbered = take(1)
    take(7 if numbered else 0)
    take(7)
    take(2 if take(1) else 0)
    screen = 2 if take(1) else take(1)
    whole = (2 if take(1) else take(1)) if screen else 2
    return usual, 1 << width + height, model or numbered, screen, whole


def _has_size(take, unsure, screen, whole):
    """Return whether a frame has, or may have, another size than usual."""
    if unsure:
        return True
    if take(1):
        return False
    kind, shown = take(2), take(1)
    take(0 if shown else 1)
    # What goes without saying where it is a key frame, or one to switch at.
    take(0 if kind == 3 or (kind == 0 and shown) else 1)
    take(1)
    if (take(1) if screen == 2 else screen) and whole == 2:
        take(1)
    return kind == 3 or take(1)
