"""Walk the parts of a picture's file: a JPEG's segments, a PNG's or WebP's chunks, a TIFF's tags.

In: the file's bytes. Out: what each part is, and where it lies, one after the other, as decoders
find them. The edge rule: nothing is unpacked, and a part may be said to reach beyond the end of the
file; the walk ends there.
"""

import re
import struct

__all__ = ["TEXTS", "jpeg_segments", "png_chunks", "tiff_tags", "webp_chunks"]

# As in libjpeg: what is not, is filled up, packed pixels, or a place to go on behind an error.
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
# Types of a TIFF's values: those of which Pillow makes bytes or text, and the sizes of all.
TEXTS = (1, 2, 7)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}


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
