"""Bound what a picture takes, before any of it is decoded, and leave out what costs too much.

In: a file's bytes, or what Pillow made of its head. Out: the file without what no pixel needs; how
many bytes decoding takes, and by what to divide a JPEG's sides. The edge rule: a kind of picture
that would need a guard of its own and that no shop has is refused by its name.
"""

import re
from io import BytesIO
from itertools import takewhile

from PIL.JpegImagePlugin import JpegImageFile

from zapsim.io.parts import (
    AV1_FRAMES,
    AV1_SEQUENCE,
    TEXTS,
    av1_pixels,
    avif_parts,
    jpeg_segments,
    png_chunks,
    tiff_strips,
    tiff_tags,
    webp_chunks,
)

__all__ = [
    "COPIES",
    "MAX_BYTES",
    "MAX_EXIF",
    "MAX_PIXELS",
    "MAX_READS",
    "MAX_SCANS",
    "MAX_SIDE",
    "Counted",
    "PictureError",
    "bounded",
    "check_pixels",
    "lean",
    "not_read",
    "truncated",
    "unreadable",
]

# What is decoded; and what a JPEG may have, which can be decoded smaller.
MAX_PIXELS = 64_000_000
MAX_JPEG_PIXELS = 500_000_000
# A progressive one takes its time, however small it is made.
MAX_PROGRESSIVE_PIXELS = 128_000_000
# So that a few rows are never the whole picture: what is made of a picture is made row by row.
MAX_SIDE = 100_000
MAX_BYTES = 200_000_000
# Encoders write 10 to 20; libtiff draws the line here, too.
MAX_SCANS = 100
# Pixels that all scans of a JPEG go through together: some seconds.
_MAX_SCANNED = 3_000_000_000
# Pixels that a byte of a JPEG can stand for: Huffman's codes take a bit for each block of 64.
_MOST_PACKED = 8 * 64
# Pillow's own Python unpacks these: so many take some seconds.
_MAX_TILES = 300_000
# Numbers in a TIFF's tags: Pillow makes an object of each.
_MAX_NUMBERS = 1_000_000
# So often Pillow may read from one file: four times for a segment of a JPEG, three for a chunk of a
# PNG, twice for a piece of a GIF's comment. A PNG of 200 MB, in chunks of 8 kB, takes 80,000.
MAX_READS = 500_000
# Parts of an AVIF, of which a plain one has some 20: libavif looks for each among all.
_MAX_AVIF = 10_000
# Bytes that one picture may take while it is read.
_MAX_MEMORY = 700_000_000
# How often some files are held while they are opened; and on, where a library reads them itself.
COPIES, _KEPT = {"PNG": 4, "WEBP": 4, "AVIF": 3}, {"WEBP": 3, "AVIF": 2}
# Bytes a pixel: as Pillow holds it (others: 4), what is returned, what the decoder itself takes.
_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_RETURNED = 3
_BESIDES = {"WEBP": 9, "AVIF": 10}

# Of longer EXIF, the start is read: Pillow makes objects of all values, and joins a JPEG's segments
# anew for each.
MAX_EXIF, _MAX_EXIF_SEGMENTS = 2_000_000, 30
# Segments of a JPEG that pixels do not need; of APP1, EXIF and XMP say how it is turned.
_UNNEEDED = {*range(0xE2, 0xEE), 0xEF, 0xFE}
_EXIF = b"Exif\0\0"
# Chunks of a PNG that may say how it is turned.
_TURNING_CHUNK = re.compile(
    rb".{4}(?:eXIf|.{4}XML:com\.adobe\.xmp\0|.{4}Raw profile type exif\0)", re.DOTALL
)
_EXIF_ITEM = re.compile(rb"(infe[\2\3].{3}(?:.{4}|.{6}))Exif", re.DOTALL)

# What is read of TIFFs. Not fax, say: of that, missing pixels are whatever was in memory.
_TIFFS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg")
# What is not read of JPEGs, by the marker that begins it: no bytes bound arithmetic code, because
# behind their end its decoder goes on, with pixels of noise.
_JPEGS = {0xC3: "a lossless JPEG"} | dict.fromkeys((0xC9, 0xCA, 0xCB), "a JPEG in arithmetic code")
# How a JPEG ends, and what may follow in a strip of a TIFF.
_END, _MAX_FILLED = b"\xff\xd9", 16
# What is not read of AVIFs.
_AVIFS = {
    b"moov": "an animated AVIF",
    b"grid": "an AVIF made of tiles",
    b"part": "an AVIF whose pixels lie in pieces",
}


class PictureError(ValueError):
    """A picture could not be read; the message names it and says why."""


class Counted(BytesIO):
    """A file of which no more than so many parts are read: each costs time, and some memory."""

    def __init__(self, data, name):
        super().__init__(data)
        self._name, self._reads = name, 0

    def read(self, size=-1):
        """Read on, as often as is allowed; then PictureError."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise _too_many_parts(self._name, self.tell(), self.getbuffer().nbytes, MAX_READS)
        return super().read(size)


def unreadable(name, why, advice="Save it anew, as PNG."):
    """Return the error for a picture, with the reason and what to do."""
    return PictureError(f"{name}: cannot be read as a picture ({why}). {advice}".rstrip())


def not_read(name, what):
    """Return the error for a kind of picture that is not read."""
    return unreadable(
        name, f"{what}, which is not read", "Save it anew, as JPEG or PNG of 8 bits a colour."
    )


def truncated(name, what):
    """Return the error for a picture of which something is missing."""
    return unreadable(name, f"truncated: {what}", "Download it again, or save it anew.")


def _too_many_parts(name, read, size, most):
    return unreadable(
        name,
        f"its first {read:,} of {size:,} bytes are so many small parts that they take more than "
        f"the limit of {most:,} reads",
    )


# --- before a file is opened -----------------------------------------------------------------


def lean(data, kind, name, turning=True):
    """Return a file without metadata that costs much, or keeps Pillow from opening it.

    If not `turning`, a PNG also without what says how it is turned. PictureError if the file is of
    too many parts, or of a kind that is not read.
    """
    if kind == "JPEG":
        kept, exifs = [data[:2]], 0
        for marker, at, end in _few(jpeg_segments(data), data, name):
            if marker == 0xDA:
                return b"".join([*kept, data[at:]])
            exif = data.startswith(_EXIF, at + 4)
            exifs += exif
            if marker not in _UNNEEDED and not (exif and exifs > _MAX_EXIF_SEGMENTS):
                kept.append(data[at:end])
    if kind == "PNG":
        kept = [data[:8]]
        for what, at, end in _few(png_chunks(data), data, name):
            turns = end - at < MAX_EXIF and _TURNING_CHUNK.match(data, at)
            if what[:1].isupper() or what == b"tRNS" or (turning and turns):
                kept.append(data[at:end])
        return b"".join(kept)
    if kind == "WEBP":
        # libwebp reads without Pillow, and keeps a note of each chunk.
        for _ in _few(webp_chunks(data), data, name):
            pass
    if kind == "TIFF":
        _check_tags(data, name)
    if kind == "AVIF":
        _largest_frame(data, name)
        # How it is turned is said elsewhere, too.
        return _EXIF_ITEM.sub(rb"\1none", data)
    return data


def _few(parts, data, name, most=None):
    """Pass on the parts of a file, each of which ends with its end; PictureError if too many."""
    most = most or MAX_READS
    for number, part in enumerate(parts):
        if number > most:
            raise _too_many_parts(name, part[-1], len(data), most)
        yield part


def _check_tags(data, name):
    numbers = size = 0
    for number, (tag, kind, count, length) in enumerate(tiff_tags(data)):
        size += length
        numbers += 0 if kind in TEXTS else count
        if tag in (273, 324) and count > _MAX_TILES:
            raise unreadable(name, f"{count:,} strips or tiles would take minutes")
        if max(number, numbers) > _MAX_NUMBERS or size > MAX_BYTES:
            raise unreadable(
                name,
                f"a TIFF whose tags hold more than the limit of {_MAX_NUMBERS:,} numbers, or "
                f"{MAX_BYTES:,} bytes",
            )


def _largest_frame(data, name):
    """Return the most pixels that a frame of an AVIF may have; PictureError if it is no plain one.

    libavif decodes frames of any size, and scales them to what the file says its size is.
    """
    largest = frames = 0
    for kind, start, _ in _few(avif_parts(data), data, name, _MAX_AVIF):
        if kind in _AVIFS:
            raise not_read(name, _AVIFS[kind])
        frames = 0 if kind == b"item" else frames + (kind in AV1_FRAMES)
        pixels = av1_pixels(data, start) if kind == AV1_SEQUENCE else 0
        if frames > 1 or pixels is None:
            raise not_read(name, "an AVIF of several frames")
        largest = max(largest, pixels)
    return largest


# --- before it is decoded --------------------------------------------------------------------


def bounded(image, data, name, least):
    """Return by what to divide a JPEG's sides (1 for others), and the bytes that decoding takes."""
    jpeg = isinstance(image, JpegImageFile)
    progressive = jpeg and "progressive" in image.info
    most = MAX_PROGRESSIVE_PIXELS if progressive else MAX_JPEG_PIXELS if jpeg else MAX_PIXELS
    check_pixels(image.size, most, name, progressive)
    pixels, divisors = image.width * image.height, [1]
    taken = len(data) * _KEPT.get(image.format, 1) + _held(image, data, name)
    if jpeg:
        allowed = min(image.size) // least if least else 1
        wanted = max((s for s in (1, 2, 4, 8) if s <= allowed), default=1)
        divisors = [s for s in (1, 2, 4, 8) if s >= wanted and pixels <= MAX_PIXELS * s * s]
    for divisor in divisors:
        memory = taken + pixels / divisor**2 * _each_takes(image)
        if memory <= _MAX_MEMORY:
            return divisor, memory
    raise PictureError(
        f"{name}: {image.width}×{image.height} pixels of a {image.format} take "
        f"{memory / 1e6:,.0f} MB to decode, more than the limit of {_MAX_MEMORY / 1e6:.0f}. "
        f"{_instead(image.size)}."
    )


def _each_takes(image):
    return _STORED.get(image.mode, 4) + _RETURNED + _BESIDES.get(image.format, 0)


def check_pixels(size, limit, name, progressive=False):
    """Raise PictureError if (width, height) is more than so many pixels, or too long."""
    if size[0] * size[1] > limit:
        raise PictureError(
            f"{name}: {size[0]}×{size[1]} pixels are more than the limit of {limit:,}. "
            f"{_instead(size, progressive)}."
        )
    if max(size) > MAX_SIDE:
        raise PictureError(
            f"{name}: a side of {max(size):,} pixels is longer than the limit of {MAX_SIDE:,}. "
            "Scale the picture down, or cut it up, first."
        )


def _instead(size, progressive=False):
    instead = "Scale the picture down first"
    if progressive:
        return f"{instead}, or save it as a JPEG that is not progressive"
    less = size[0] * size[1] <= MAX_JPEG_PIXELS
    return f"{instead}, or save it as a JPEG, which may have more" if less else instead


def _held(image, data, name):
    """Return the bytes that decoding takes besides pixels; PictureError if it would be slow."""
    tiles = getattr(image, "tile", [])
    if not tiles:
        return 0
    if tiles[0][0] == "bmp_rle":
        raise not_read(name, "a BMP that is run-length encoded")
    if isinstance(image, JpegImageFile):
        return _held_by_jpeg(image, data, name)
    if image.format == "TIFF":
        return _held_by_tiff(image, data, name)
    if image.format == "AVIF":
        hidden = _largest_frame(data, name) - image.width * image.height
        return max(0, hidden) * _each_takes(image)
    return 0


def _held_by_jpeg(image, data, name):
    pixels, scans = image.width * image.height, 0
    unseen = {number for number, *_ in image.layer}
    for marker, at, end in _few(jpeg_segments(data), data, name):
        if marker in _JPEGS:
            raise not_read(name, _JPEGS[marker])
        if 0xC0 <= marker < 0xC3 and pixels > _MOST_PACKED * len(data):
            raise truncated(name, f"a JPEG of {len(data):,} bytes cannot have its pixels")
        if marker != 0xDA:
            continue
        scans += 1
        if scans > MAX_SCANS or scans * pixels > _MAX_SCANNED:
            raise unreadable(name, f"a JPEG of so many scans, {scans} or more, would take minutes")
        # If the first has all colours, libjpeg reads no other.
        if scans == 1 and data[at + 4] >= image.layers and "progressive" not in image.info:
            return 0
        # Of a progressive one, scans that begin behind 0 only refine what others gave.
        if not data[end - 3]:
            unseen -= {*data[at + 5 : end - 3 : 2]}
    if unseen:
        raise truncated(name, "a JPEG of which colours are missing")
    # With several scans, all coefficients are held until the last of them.
    sizes = [(across, down) for _, across, down, _ in image.layer]
    whole = max(x for x, _ in sizes) * max(y for _, y in sizes)
    return 2 * pixels * sum(x * y for x, y in sizes) // whole


def _held_by_tiff(image, data, name):
    tags, tiles = image.tag_v2, image.tile
    # Then Pillow gave up half-way, and what is lost may be how the pixels are packed.
    if tags.next == tags._offset:
        raise unreadable(name, "a TIFF whose directory is damaged", "Save it anew.")
    if (method := image.info.get("compression")) not in _TIFFS:
        raise not_read(name, f"a TIFF packed by {method}")
    if method == "jpeg":
        _check_strips(tags, data, name)
    copied = 2 * sum(size for _, _, _, size in tiff_tags(data))
    if tiles[0][0] == "raw":
        planes = len(image.getbands()) if tags.get(284) == 2 else 1
        boxes = (box for _, box, *_ in tiles)
        filled = sum((right - left) * (low - top) for left, top, right, low in boxes)
        if filled < planes * image.width * image.height:
            raise truncated(name, "a TIFF of fewer strips or tiles than its pixels take")
        # Read in small blocks.
        if len(tiles) == 1:
            return copied
    # The largest strip or tile is unpacked by itself; YCbCr into four bytes.
    rows = min(tags.get(278, tags[257]), tags[257])
    unpacked = tags.get(322, tags[256]) * tags.get(323, rows)
    return copied + unpacked * max(4, tags.get(277, 1) * max(tags.get(258, (1,))) // 8)


def _check_strips(tags, data, name):
    """PictureError if one of a TIFF's JPEGs is cut short, of which libtiff does not say so."""
    for at, end in tiff_strips(tags, data):
        # Some programs fill up behind the end.
        if _END not in data[max(at, end - _MAX_FILLED) : end]:
            raise truncated(name, "a TIFF of which a JPEG has no end")
    for marker, *_ in _few(_heads(tags, data), data, name):
        if marker in _JPEGS:
            raise not_read(name, _JPEGS[marker])


def _heads(tags, data):
    for at, end in tiff_strips(tags, data):
        segments = jpeg_segments(memoryview(data)[at:end])
        yield from takewhile(lambda part: part[0] != 0xDA, segments)
