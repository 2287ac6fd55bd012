"""Read any picture into RGB, fit it to a square, shrink it to a thumbnail.

In: a path, bytes, a Pillow image or an array. Out: RGB uint8, shape (height, width, 3).
Catalogue pictures and queries take this one path, because two readers that resize or
rotate differently give different features for the same file. The edge rule: a picture that
cannot be read, or is unreasonably large, raises `PictureError` with its name, nothing else. Of what
is in a file besides the pixels, only the orientation counts, as far as Pillow can read it.
"""

import re
import warnings
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from importlib import import_module
from io import BytesIO
from itertools import islice
from os import PathLike, fspath

import numpy as np
from PIL import Image, ImagePalette
from PIL.JpegImagePlugin import JpegImageFile

from zapsim.checks import checked_whole
from zapsim.io.budget import Budget
from zapsim.io.disk import open_regular
from zapsim.io.formats import FORMATS, READABLE, START, told_by_content
from zapsim.io.parts import (
    TEXTS,
    av1_units,
    avif_boxes,
    avif_items,
    jpeg_segments,
    png_chunks,
    tiff_strips,
    tiff_tags,
    tiff_with_more,
    webp_chunks,
)

__all__ = [
    "FITS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "SHOWN_SIDE",
    "PictureError",
    "fit_square",
    "load_picture",
    "reading",
    "shrink",
    "square_on",
    "thumbnail",
]

FITS = ("pad", "stretch", "trim")
# What is decoded; and what a JPEG may have, which can be decoded smaller.
MAX_PIXELS = 64_000_000
MAX_JPEG_PIXELS = 500_000_000
# A progressive one takes its time, however small it is made.
MAX_PROGRESSIVE_PIXELS = 128_000_000
# So that a few rows are never the whole picture: what is made of a picture is made row by row.
MAX_SIDE = 100_000
MAX_BYTES = 200_000_000
# What figures show needs no more.
SHOWN_SIDE = 400

# Encoders write 10 to 20; libtiff draws the line here, too.
_MAX_SCANS = 100
# Pixels that all scans of a JPEG go through together: some seconds.
_MAX_SCANNED = 3_000_000_000
# So much longer takes each colour of a scan in arithmetic code (SOF9 to 11): no bytes bound it,
# because behind their end its decoder goes on, with pixels of noise.
_ARITHMETIC, _ARITHMETICALLY = 60, range(0xC9, 0xCC)
# Pixels that a byte of a JPEG can stand for.
_MOST_PACKED = 8 * 64
# What libjpeg makes of pixels that are missing, in any colours; and more packed ones, also where it
# goes on.
_MISSING = {127, 128}
_MORE = bytes(number * 37 % 255 for number in range(1000))
_MORE += b"".join(bytes([0xFF, 0xD0 + number]) + _MORE[:100] for number in range(8))
# At the end of arithmetic code, zeros may have been left out.
_LEFT_OUT = bytes(4)
# How a JPEG ends, and what may follow in a strip of a TIFF.
_END, _MAX_FILLED = b"\xff\xd9", 16
# Of a fax, pixels that are missing are whatever was in memory, or white. Two ways to go on.
_FAXES = ("tiff_ccitt", "group3", "group4")
_MORE_FAX = [part + b"\0\x10" + part + b"\0\x10" + part for part in (_MORE[1:20], _MORE[40:59])]
# Pixels are filled with one and, if the last is found so, with the other, before a PNG is decoded.
_MARKS = (77, 0)
# Pillow's own Python unpacks these: so many pixels, or bytes, take some seconds.
_MAX_RUN_LENGTH = 20_000_000
_MAX_TILES = 300_000
# Numbers in a TIFF's tags: Pillow makes an object of each.
_MAX_NUMBERS = 1_000_000
# So often Pillow may read from one file: four times for a segment of a JPEG, three for a chunk of a
# PNG, twice for a piece of a GIF's comment. A PNG of 200 MB, in chunks of 8 kB, takes 80,000.
_MAX_READS = 500_000
# Bytes that one picture may take while it is read, and all threads together.
_MAX_MEMORY = 700_000_000
_ROOM = Budget(900_000_000)
# How often some files are held while they are opened; and on, where a library reads them itself.
_COPIES, _KEPT = {"PNG": 4, "WEBP": 4, "AVIF": 3}, {"WEBP": 3, "AVIF": 2}
# Bytes a pixel: as Pillow holds it (others: 4), what is returned, what the decoder itself takes.
_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_RETURNED = 3
_BESIDES = {"WEBP": 9, "AVIF": 10}
# What libavif takes for each item that has pixels, in one thread.
_DECODER = 500_000
# What is freed in smaller blocks than 32 MB, glibc keeps for each thread; Pillow's usual are of 16.
_BLOCK = 2**26
# Pixels that are turned into RGB, or scaled, at once.
_AT_ONCE = 2**18

_ORIENTATION = 274
# Of longer EXIF, the start is read: Pillow makes objects of all values, and joins a JPEG's segments
# anew for each.
_MAX_EXIF, _MAX_EXIF_SEGMENTS = 2_000_000, 30
# Segments of a JPEG that pixels do not need; of APP1, EXIF and XMP say how it is turned.
_UNNEEDED = {*range(0xE2, 0xEE), 0xEF, 0xFE}
_EXIF = b"Exif\0\0"
# Pillow reads what fills up between segments byte by byte.
_FILLED = b"\xff" * 1000
# Each begins one of Photoshop's notes, of which Pillow keeps all; a real file has some dozens.
_NOTE, _MAX_NOTES = b"8BIM", 1000
# Chunks of a PNG that may say how it is turned; and the bytes of all that no pixel needs.
_TURNING_CHUNK = re.compile(
    rb".{4}(?:eXIf|.{4}XML:com\.adobe\.xmp\0|.{4}Raw profile type exif\0)", re.DOTALL
)
_MAX_NOTED = 10_000_000
_EXIF_ITEM = re.compile(rb"(infe[\2\3].{3}(?:.{4}|.{6}))Exif", re.DOTALL)

# What Pillow multiplies greys of fewer than 8 bits with.
_SPREAD = {"L;2": 85, "L;4": 17}
# A highlight in floating point, where white is 1.
_BRIGHTEST = 16
_WHITE = (255, 255, 255)
# JPEG makes of white what is at least this bright in all colours.
_NEARLY_WHITE = 245
# How a picture (height, width, 3) lies in its file, by its EXIF orientation: a view.
_AS_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}

# Here Pillow warns only of EXIF and other metadata that is damaged, where no pixel changes, and
# does not say of which file. For good, because `warnings.catch_warnings` is not safe in threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.(Png|Tiff)ImagePlugin")
# Each thread of each decoder takes memory; here, several pictures are read at a time instead.
if "AVIF" in FORMATS:
    _plugin = import_module("PIL.AvifImagePlugin")
    _plugin.DEFAULT_MAX_THREADS = _plugin.DEFAULT_MAX_THREADS or 1


class PictureError(ValueError):
    """A picture could not be read; the message names it and says why."""


def load_picture(source, name=None, least=None):
    """Read one picture as RGB, an ndarray of shape (height, width, 3), uint8.

    The EXIF rotation is applied, transparency is laid on white, the first frame of an
    animation and the first page of a TIFF is taken, and CMYK, palette, greyscale and 16-bit
    pictures become 8-bit RGB.

    Parameters
    ----------
    source : path, bytes, PIL.Image.Image or ndarray
        An array is taken as greyscale (height, width), RGB (height, width, 3) or RGBA
        (height, width, 4), dtype uint8.
    name : str, optional
        What error messages call the picture; by default its path.
    least : int, optional
        Decode a JPEG at a half, a quarter or an eighth of its size, in a fraction of the time, if
        no side becomes shorter than this.

    Raises
    ------
    PictureError
        If the picture is missing, empty, damaged, not a picture, of another format than JPEG, PNG,
        WebP, BMP, GIF, TIFF or (where Pillow reads it) AVIF, or too large.

    Notes
    -----
    A picture of more than 64 megapixels (`MAX_PIXELS`) is too large, unless it is a JPEG: such a
    one, of up to 500 megapixels (progressive: 128), is returned at the largest of a half, a
    quarter or an eighth of its sides that has at most 64 megapixels. So a phone's 108 megapixels
    come back as 27, at the memory that those take. What would take more than 700 MB to decode is
    too large, too: a WebP of more than 43 megapixels, an AVIF of more than 41. So is any picture
    with a side of more than 100,000 pixels (`MAX_SIDE`). Of an AVIF, all frames count that are
    decoded for its first picture, at the size they really have; a JPEG in arithmetic code may have
    some 16 megapixels in colour, and a lossless one is not read. Of a picture's EXIF, the first 2
    MB count.
    """
    with reading(source, name, least) as picture:
        return picture


@contextmanager
def reading(source, name=None, least=None, sized=False):
    """Read a picture as `load_picture` does, and give it to a ``with`` block.

    If `sized`, with the width and height that it has in its file, however small it was decoded.

    Threads that read pictures, and make something smaller of them in such a block, take 900 MB
    together at most: what is large waits for its turn. A block must not read another picture.
    """
    least = None if least is None else checked_whole("least", least)
    name = name or (fspath(source) if isinstance(source, (str, PathLike)) else "the picture")
    with ExitStack() as room:
        picture, size = _read(source, name, least, room)
        yield (picture, size) if sized else picture


def _read(source, name, least, room):
    try:
        found = _found(source, name)
        if isinstance(found, Image.Image):
            return _decoded(found, b"", name, least, room)
        return _read_file(found, name, least, room)
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError(f"{name}: cannot be read as a picture (no such file).") from error
    except Exception as error:
        raise _unreadable(name, error) from error


def _unreadable(name, error, advice=""):
    reason = f"{type(error).__name__}: {error}"
    return PictureError(f"{name}: cannot be read as a picture ({reason}).{advice}")


def _found(source, name):
    """Return a Pillow image, or a file's bytes."""
    if isinstance(source, Image.Image):
        _check_pixels(source.size, MAX_PIXELS, False, name)
        # From here on it is nobody's to decode smaller.
        source.load()
        return source
    if isinstance(source, np.ndarray):
        fits = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))
        if source.dtype != np.uint8 or not fits or not source.size:
            raise PictureError(
                f"{name}: an array must be uint8 of shape (height, width[, 3 or 4]). "
                f"Received: {source.dtype} of shape {source.shape}."
            )
        return Image.fromarray(source)
    if isinstance(source, (str, PathLike)):
        with open_regular(source) as file:
            return file.read(MAX_BYTES + 1)
    if hasattr(source, "read"):
        with suppress(AttributeError, OSError):
            source.seek(0)
        source = source.read(MAX_BYTES + 1)
    return source if isinstance(source, bytes) else bytes(memoryview(source))


def _read_file(data, name, least, room):
    if not data:
        raise PictureError(f"{name}: the file is empty (0 bytes).")
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name}: more than the limit of {MAX_BYTES:,} bytes.")
    kind, reader = _reader_of(data[:START])
    if reader is None:
        what = told_by_content(data[:START])
        but = f", but {what}" if what else ""
        raise PictureError(f"{name}: cannot be read as a picture (not a {READABLE}{but}).")
    if _burdened(data, kind, name):
        data = _without_metadata(data, kind, name)
    while True:
        try:
            with _ROOM.held(_COPIES[kind] * len(data)) if kind in _COPIES else nullcontext():
                image = _opened(reader, data, name)
            return _decoded(image, data, name, least, room)
        except PictureError:
            raise
        except Image.DecompressionBombError as error:
            raise _unreadable(name, error, " Scale the picture down first.") from error
        # Pillow's decoders raise many kinds of errors on damaged files, SyntaxError and
        # struct.error among them; with each of them the picture is unreadable.
        except Exception as error:
            room.close()
            lean = _without_metadata(data, kind, name)
            if lean == data:
                lean = _without_metadata(data, kind, name, turning=False)
            if lean == data:
                advice = " It, or its metadata, is damaged: download it again, or save it anew."
                raise _unreadable(name, error, advice) from error
            data = lean


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self):
        """Leave out what no pixel needs: damaged, it would keep Pillow from opening the file."""


class _Counted(BytesIO):
    """A file of which no more than so many parts are read: each costs time, and some memory."""

    def __init__(self, data, name):
        super().__init__(data)
        self._name, self._reads = name, 0

    def read(self, size=-1):
        self._reads += 1
        if self._reads > _MAX_READS:
            raise _too_many_parts(self._name, self.tell(), self.getbuffer().nbytes)
        return super().read(size)


def _too_many_parts(name, read, size):
    return PictureError(
        f"{name}: cannot be read as a picture (its first {read:,} of {size:,} bytes are so many "
        f"small parts that they take more than the limit of {_MAX_READS:,} reads). Save it anew, "
        "as PNG."
    )


def _burdened(data, kind, name):
    """Return whether a file's metadata would cost much; PictureError if its parts would."""
    if kind == "JPEG":
        return data.count(_EXIF) > 1 or _FILLED in data or data.count(_NOTE) > _MAX_NOTES
    if kind == "PNG":
        parts = _few(png_chunks(data), data, name)
        return sum(end - at for what, at, end in parts if not _is_needed(what)) > _MAX_NOTED
    if kind == "WEBP":
        # libwebp reads without Pillow, and keeps a note of each chunk.
        for _ in _few(webp_chunks(data), data, name):
            pass
    if kind == "TIFF":
        _check_tags(data, name)
    if kind == "AVIF":
        _frames(data, name)
    # How an AVIF is turned is said elsewhere, too.
    return kind == "AVIF"


def _few(parts, data, name):
    """Pass on the parts of a file, each of which ends with its end; PictureError if too many."""
    for number, part in enumerate(parts):
        if number > _MAX_READS:
            raise _too_many_parts(name, part[-1], len(data))
        yield part


def _check_tags(data, name):
    numbers = size = 0
    for number, (tag, kind, count, length) in enumerate(tiff_tags(data)):
        size += length
        numbers += 0 if kind in TEXTS else count
        if tag in (273, 324) and count > _MAX_TILES:
            raise _slow(name, f"{count:,} strips or tiles")
        if max(number, numbers) > _MAX_NUMBERS or size > MAX_BYTES:
            raise PictureError(
                f"{name}: cannot be read as a picture (a TIFF whose tags hold more than the limit "
                f"of {_MAX_NUMBERS:,} numbers, or {MAX_BYTES:,} bytes). Save it anew, as PNG."
            )


def _frames(data, name):
    """Return the bytes of an AVIF's items; pixels of all its frames, and of the largest; decoders.

    libavif decodes frames of any size, and scales them to what the file says its size is.
    """
    boxes = list(_few(avif_boxes(data), data, name))
    said = [data[start + 4 : start + 12] for kind, start, _ in boxes if kind == b"ispe"]
    largest = max((int.from_bytes(s[:4]) * int.from_bytes(s[4:]) for s in said), default=0)
    view, size, reads, total, unsaid, decoders = memoryview(data), 0, 0, 0, 0, 0

    def count(number):
        nonlocal reads
        reads += number
        if reads > _MAX_READS or size > MAX_BYTES:
            raise PictureError(
                f"{name}: cannot be read as a picture (an AVIF whose parts take more than the "
                f"limit of {_MAX_READS:,} reads, or {MAX_BYTES:,} bytes). Save it anew, as PNG."
            )

    for coded, pieces in avif_items(data, boxes):
        kept = [view[start:end] for start, end in pieces]
        size += sum(map(len, kept))
        count(1 + len(kept))
        decoders += coded
        for pixels in av1_units(kept[0] if len(kept) == 1 else b"".join(kept)) if coded else ():
            count(1)
            unsaid += pixels is None
            total, largest = total + (pixels or 0), max(largest, pixels or 0)
    return size, total + unsaid * largest, largest, decoders


def _is_needed(chunk):
    return chunk[:1].isupper() or chunk == b"tRNS"


def _without_metadata(data, kind, name, turning=True):
    """Return the bytes without what keeps Pillow from opening some files, and no pixel needs.

    If not `turning`, a PNG also without what says how it is turned.
    """
    if kind == "AVIF":
        return _EXIF_ITEM.sub(rb"\1none", data)
    kept = []
    if kind == "PNG":
        for what, at, end in _few(png_chunks(data), data, name):
            turns = end - at < _MAX_EXIF and _TURNING_CHUNK.match(data, at)
            if _is_needed(what) or (turning and turns):
                kept.append(data[at:end])
        return data[:8] + b"".join(kept)
    if kind == "JPEG":
        exifs = 0
        for marker, at, end in _few(jpeg_segments(data), data, name):
            if marker == 0xDA:
                return data[:2] + b"".join(kept) + data[at:]
            exif = data.startswith(_EXIF, at + 4)
            exifs += exif
            if marker not in _UNNEEDED and not (exif and exifs > _MAX_EXIF_SEGMENTS):
                kept.append(data[at:end])
    return data


def _opened(reader, data, name):
    try:
        # A BMP has no parts but runs, of which `_held` takes care.
        return reader(BytesIO(data) if reader.format == "BMP" else _Counted(data, name))
    except SyntaxError as error:
        # Pillow's own error is the bare number of a method that it does not know.
        if reader.format == "TIFF" and str(error).isdigit():
            raise _badly_packed(name, f"method {error}", "not known to Pillow") from error
        if str(error) == "unknown pixel mode":
            raise _not_read(name, "a TIFF of unknown pixels, or damaged") from error
        raise


def _decoded(image, data, name, least, room):
    _check_pixels(image.size, *_limit(image), name)
    taken = len(data) * _KEPT.get(image.format, 1) + _held(image, data, name)
    _check_colours(image, name)
    smaller = _fitting(image, taken, least, name)
    room.enter_context(_ROOM.held(_memory(image, taken, smaller)))
    Image.core.set_block_size(_BLOCK)
    size = image.size
    # A GIF's first picture may be smaller than it.
    frame = image.tile[0][1] if image.format == "GIF" and image.tile else (0, 0, *size)
    if smaller > 1:
        image.draft(None, (image.width // smaller, image.height // smaller))
    if image.format == "TIFF" and data:
        _check_strips(image, data, name)
    image = _filled(image, data, name) if image.format == "PNG" and data else _load(image, name)
    # Of some formats, only now is it known, or has Pillow turned the image already.
    turned = _orientation(image)
    size = size if smaller > 1 else image.size
    picture = _in_rgb(image, turned, frame, name)
    if isinstance(image, JpegImageFile) and data and _ends_early(image, data):
        raise _truncated(name, "a JPEG that says that it has more rows")
    return picture, size[::-1] if turned > 4 else size


def _check_colours(image, name):
    """Tell Pillow what it overlooks of a file's colours; PictureError where it cannot be told."""
    tiles = getattr(image, "tile", [])
    if image.format == "PNG" and image.mode == "P" and not image.palette:
        raise _truncated(name, "a PNG without its palette")
    if tiles and image.format == "TIFF":
        # Then Pillow reads no directories but the first.
        image.is_animated = True
        tags = image.tag_v2
        if image.mode == "L" and tags.get(339) == (2,):
            raise _not_read(name, "a TIFF of bytes with a sign")
        # Of 8 bits instead of 16, as some programs write them.
        if image.mode in ("P", "PA") and max(tags[320]) < 256:
            image.palette = ImagePalette.raw("RGB;L", bytes(tags[320]))
    elif tiles and image.format == "PNG" and "transparency" in image.info:
        packed = tiles[0][3]
        # The colour that stands for transparency has as many bits as the file has.
        if packed == "RGB;16B":
            raise _not_read(name, "a PNG of 16 bits in which one colour stands for transparency")
        if packed in _SPREAD:
            image.info["transparency"] *= _SPREAD[packed]


def _check_strips(image, data, name):
    """PictureError if pixels are missing of a TIFF's strips where libtiff does not say so."""
    method = image.info.get("compression")
    if method == "jpeg":
        for at, end in tiff_strips(image.tag_v2, data):
            # Some programs fill up behind the end.
            if _END not in data[max(at, end - _MAX_FILLED) : end]:
                raise _truncated(name, "a TIFF of which a JPEG has no end")
    if method in _FAXES:
        size = sum(end - at for at, end in tiff_strips(image.tag_v2, data))
        if size > len(data):
            raise _truncated(name, "a TIFF of strips that lie in each other")
        # Each row takes a bit at least; of each that is missing, libtiff would say so.
        if 8 * size < image.height:
            raise _truncated(name, f"a TIFF of {size:,} packed bytes cannot have its rows")
        files = (tiff_with_more(image.tag_v2, data, more) for more in _MORE_FAX)
        one, other = (_load(type(image)(BytesIO(file)), name).tobytes() for file in files)
        if one != other:
            raise _truncated(name, "a TIFF that says that it has more rows")


def _truncated(name, what):
    return PictureError(
        f"{name}: cannot be read as a picture (truncated: {what}). Download it again, or save it "
        "anew."
    )


def _not_read(name, what):
    return PictureError(
        f"{name}: cannot be read as a picture ({what}). Convert it to a PNG of 8 bits a colour, or "
        "save it anew."
    )


def _orientation(image):
    """Return the EXIF orientation, 1 to 8; 1 if Pillow cannot read it."""
    for key in ("exif", "Raw profile type exif"):
        if key in image.info:
            image.info[key] = image.info[key][:_MAX_EXIF]
    try:
        turned = image.getexif().get(_ORIENTATION)
    except Exception:
        return 1
    return turned if isinstance(turned, int) and 1 <= turned <= 8 else 1


def _held(image, data, name):
    """Return the bytes that decoding takes besides pixels; PictureError if it would be slow."""
    pixels, tiles = image.width * image.height, getattr(image, "tile", [])
    if tiles and tiles[0][0] == "bmp_rle" and pixels + len(data) > _MAX_RUN_LENGTH:
        raise _slow(name, "a BMP of this size, run-length encoded,")
    if isinstance(image, JpegImageFile) and tiles:
        scans = scanned = arithmetic = 0
        unseen = {number for number, *_ in image.layer}
        for number, (marker, at, end) in enumerate(jpeg_segments(data)):
            arithmetic = arithmetic or marker in _ARITHMETICALLY
            if marker == 0xC3:
                raise _not_read(name, "a lossless JPEG")
            if marker != 0xDA:
                # Huffman's codes take a bit at least for each block of 64.
                if 0xC0 <= marker < 0xC4 and pixels > _MOST_PACKED * len(data):
                    raise _truncated(name, f"a JPEG of {len(data):,} bytes cannot have its pixels")
                if number > _MAX_READS:
                    raise _too_many_parts(name, end, len(data))
                continue
            scans += 1
            scanned += pixels * (_ARITHMETIC * data[at + 4] if arithmetic else 1)
            if scans > _MAX_SCANS or scanned > _MAX_SCANNED:
                what = "this size in arithmetic code"
                what = what if arithmetic else f"so many scans, {scans} or more,"
                raise _slow(name, f"a JPEG of {what}")
            # If the first has all colours, libjpeg reads no other.
            if scans == 1 and data[at + 4] >= image.layers and "progressive" not in image.info:
                return 0
            # Of a progressive one, scans that begin behind 0 only refine what others gave.
            if not data[end - 3]:
                unseen -= {*data[at + 5 : end - 3 : 2]}
        if unseen:
            raise _truncated(name, "a JPEG of which colours are missing")
        # With several scans, all coefficients are held until the last of them.
        sizes = [(across, down) for _, across, down, _ in image.layer]
        whole = max(x for x, _ in sizes) * max(y for _, y in sizes)
        return 2 * pixels * sum(x * y for x, y in sizes) // whole
    if image.format == "TIFF" and tiles:
        tags = image.tag_v2
        # Then Pillow gave up half-way, and what is lost may be how the pixels are packed.
        if tags.next == tags._offset:
            raise PictureError(
                f"{name}: cannot be read as a picture (a TIFF whose directory is damaged). "
                "Save it anew."
            )
        copied = 2 * sum(size for _, _, _, size in tiff_tags(data))
        # Its strips are tried with more behind them.
        copied += 2 * len(data) * (image.info.get("compression") in _FAXES)
        if tiles[0][0] == "raw":
            planes = len(image.getbands()) if tags.get(284) == 2 else 1
            boxes = (box for _, box, *_ in tiles)
            filled = sum((right - left) * (low - top) for left, top, right, low in boxes)
            if filled < planes * pixels:
                raise _truncated(name, "a TIFF of fewer strips or tiles than its pixels take")
            # Read in small blocks.
            if len(tiles) == 1:
                return copied
        # The largest strip or tile is unpacked by itself; YCbCr into four bytes.
        rows = min(tags.get(278, tags[257]), tags[257])
        unpacked = tags.get(322, tags[256]) * tags.get(323, rows)
        return copied + unpacked * max(4, tags.get(277, 1) * max(tags.get(258, (1,))) // 8)
    if image.format == "AVIF" and tiles:
        size, total, largest, decoders = _frames(data, name)
        # Colours and alpha have as many pixels as the picture.
        more = max(0, total - 2 * pixels, largest - pixels)
        return size + decoders * _DECODER + more * _each_takes(image)
    return 0


def _slow(name, what):
    return PictureError(
        f"{name}: cannot be read as a picture ({what} would take minutes). Save it anew, as PNG."
    )


def _ends_early(image, data):
    """Return whether pixels are missing of a JPEG that has an end.

    libjpeg makes grey of them without a word, or, in arithmetic code, noise. Where the last is
    grey, or could not be, more is put behind the scans: of a whole one, that changes nothing.
    """
    first, arithmetic = _first_scan(data)
    apart = first < image.layers and "progressive" not in image.info
    last = np.ravel(image.getpixel((image.width - 1, image.height - 1)))
    if not (apart or arithmetic or _MISSING.issuperset(last.tolist())):
        return False
    more = _LEFT_OUT * arithmetic + _MORE
    parts, last, scanned = [], 0, False
    # Behind so many, libjpeg reads no other.
    for marker, at, _ in islice(jpeg_segments(data), _MAX_READS):
        if scanned and len(parts) < 2 * _MAX_SCANS:
            parts += [data[last:at], more]
            last = at
        scanned = marker == 0xDA
    return _eighth(data) != _eighth(b"".join([*parts, data[last:]]))


def _first_scan(data):
    """Return how many colours a JPEG's first scan has, and whether it is in arithmetic code."""
    arithmetic = False
    for marker, at, _ in jpeg_segments(data):
        arithmetic = arithmetic or marker in _ARITHMETICALLY
        if marker == 0xDA:
            return data[at + 4], arithmetic
    return 0, arithmetic


def _eighth(data):
    image = _Jpeg(BytesIO(data))
    image.draft(None, [max(1, side // 8) for side in image.size])
    image.load()
    return image.tobytes()


def _reader_of(start):
    """Return the format and class that `Image.open` would choose, whose one limit is not ours."""
    for kind in FORMATS:
        if kind not in Image.OPEN:
            Image.init()
        reader, accepts = Image.OPEN[kind]
        if accepts(start) is True:
            # Of several pictures in one (MPO), the first is an ordinary JPEG.
            return kind, _Jpeg if kind == "JPEG" else reader
    return None, None


def _load(image, name):
    try:
        image.load()
    except OSError as error:
        method = image.info.get("compression", "raw")
        if image.format == "TIFF" and method != "raw":
            raise _badly_packed(name, method, error) from error
        raise
    return image


def _filled(image, data, name):
    """Decode a PNG; PictureError if rows are missing, of which Pillow says nothing."""
    last = _decoded_last(image)
    for mark in _MARKS:
        bands = Image.getmodebands(image.mode)
        image.im = Image.new(image.mode, image.size, mark if bands == 1 else (mark,) * bands).im
        marked = image.im.getpixel(last)
        image.load()
        if image.im.getpixel(last) != marked:
            return image
        # Or its pixels would be held twice.
        image.close()
        image = _opened(type(image), data, name)
        _check_colours(image, name)
    raise _truncated(name, "a PNG that says that it has more rows")


def _decoded_last(image):
    """Return the pixel of a PNG that is decoded last."""
    x, y = image.width - 1, image.height - 1
    if image.info.get("interlace"):
        # The last of its passes has each second row; of a single row, each second pixel.
        if y:
            y -= 1 - y % 2
        elif x:
            x -= 1 - x % 2
    return x, y


def _badly_packed(name, method, why):
    return PictureError(
        f"{name}: cannot be read as a picture (TIFF, compressed by {method}: {why}). "
        "Save it uncompressed, or as PNG."
    )


def _fitting(image, taken, least, name):
    """Return by what to divide a JPEG's sides (1 for others); PictureError if that is too large."""
    divisors = [1]
    if isinstance(image, JpegImageFile):
        allowed = min(image.size) // least if least else 1
        wanted = max((s for s in (1, 2, 4, 8) if s <= allowed), default=1)
        pixels = image.width * image.height
        divisors = [s for s in (1, 2, 4, 8) if s >= wanted and pixels <= MAX_PIXELS * s * s]
    for divisor in divisors:
        if _memory(image, taken, divisor) <= _MAX_MEMORY:
            return divisor
    raise PictureError(
        f"{name}: {image.width}×{image.height} pixels of a {image.format} take "
        f"{_memory(image, taken, divisors[-1]) / 1e6:,.0f} MB to decode, more than the limit of "
        f"{_MAX_MEMORY / 1e6:.0f}. {_instead(image.size)}."
    )


def _limit(image):
    """Return how many pixels an image may have, and whether that is as it is progressive."""
    if not isinstance(image, JpegImageFile):
        return MAX_PIXELS, False
    progressive = "progressive" in image.info
    return MAX_PROGRESSIVE_PIXELS if progressive else MAX_JPEG_PIXELS, progressive


def _check_pixels(size, limit, progressive, name):
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


def _memory(image, taken, divisor):
    """Return about how many bytes decoding takes."""
    return taken + image.width * image.height / divisor**2 * _each_takes(image)


def _each_takes(image):
    return _STORED.get(image.mode, 4) + _RETURNED + _BESIDES.get(image.format, 0)


def _in_rgb(image, turned, frame, name):
    """Return an image as an array (height, width, 3), turned as its EXIF orientation says.

    In strips: each conversion would hold the whole picture once more. Outside of `frame` is white.
    """
    width, height = image.size
    picture = np.empty((width, height, 3) if turned > 4 else (height, width, 3), np.uint8)
    stored = _AS_STORED[turned](picture)
    # Then alpha that is nothing all over only fills pixels up.
    unsaid = image.format == "BMP" or (image.format == "TIFF" and 338 not in image.tag_v2)
    filled = unsaid and image.mode == "RGBA" and not image.getextrema()[3][1]
    deep = image.mode == "F" or image.mode.startswith("I")
    greys = _greys(image, name) if deep else None
    for top, strip in _strips(image):
        if deep:
            strip = _grey(strip, *greys)
        if filled:
            strip = strip.convert("RGB")
        stored[top : top + strip.height] = np.asarray(_to_rgb(strip))
    if image.format == "GIF":
        left, top, right, bottom = frame
        stored[:top] = stored[bottom:] = stored[:, :left] = stored[:, right:] = 255
    return picture


def _strips(image):
    """Yield the top of each strip, and the strip."""
    rows = max(1, _AT_ONCE // image.width)
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _greys(image, name):
    """Return what greys of more than 8 bits are, what turns them into 0 to 255, and if inverted."""
    tags = image.tag_v2 if image.format == "TIFF" else {}
    # Black is the largest value; Pillow itself inverts only what has up to 8 bits.
    inverted = tags.get(262, 1 if not tags else 0) == 0
    if image.mode.startswith("I;16"):
        # Of 12 bits, too.
        return None, 2.0 ** (8 - max(tags.get(258, (16,)))), inverted
    unsigned = np.uint32 if image.mode == "I" and tags and max(tags.get(339, (1,))) == 1 else None
    largest = max(
        np.max(raw, initial=-np.inf, where=np.isfinite(raw))
        for raw in (_raw(strip, unsigned) for _, strip in _strips(image))
    )
    if largest > 65_535:
        raise _not_read(name, "its greys go beyond 65,535")
    # Whole numbers go up to 255 or further, those of a TIFF in floating point to 1, or not far.
    if image.mode == "F" and largest <= _BRIGHTEST:
        return None, 255, inverted
    return unsigned, 1 / 256 if largest > 255 else 1, inverted


def _raw(image, unsigned):
    raw = np.asarray(image)
    return (raw.view(unsigned) if unsigned else raw).astype(np.float32)


def _grey(image, unsigned, factor, inverted):
    # Pillow would clip 16-bit greys at 255 instead of scaling them.
    raw = _raw(image, unsigned)
    # What is not a number is black.
    grey = np.clip(np.nan_to_num(raw * factor, nan=0), 0, 255).astype(np.uint8)
    if inverted:
        grey = 255 - grey
    # A grey that stands for transparency is one of the 16-bit ones.
    grey[raw == image.info.get("transparency", -1)] = 255
    return Image.fromarray(grey)


def _to_rgb(image):
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (*_WHITE, 255))
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def fit_square(picture, size, fit="pad"):
    """Scale a picture (height, width, 3), uint8, to a square of `size` pixels; antialiased.

    "pad" keeps the proportions and fills up with white, so that a tall boot stays tall; "stretch"
    pulls the picture to a square; "trim" cuts white margins off before it pads, so that what is
    shown is as large as it can be.
    """
    if fit not in FITS:
        raise ValueError(f"fit must be one of {', '.join(FITS)}. Received: fit={fit!r}")
    if fit == "trim":
        left, top, right, bottom = _content(picture)
        picture = picture[top:bottom, left:right]
    height, width = picture.shape[:2]
    # Scaling comes before padding: a 50,000×100 strip must not become a square of 50,000².
    scale = size / max(width, height)
    scaled = [max(1, round(side * scale)) for side in (width, height)]
    image = _resized(picture, [size, size] if fit == "stretch" else scaled)
    if image.size != (size, size):
        square = Image.new("RGB", (size, size), _WHITE)
        square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = square
    return np.asarray(image)


def _resized(picture, size):
    """Scale a picture to a size (width, height); a Pillow image."""
    height, width = picture.shape[:2]
    rows = max(1, _AT_ONCE // width)
    if rows >= height:
        image = Image.fromarray(picture)
    else:
        # Pillow scales across first, each row on its own, and then down.
        image = Image.new("RGB", (size[0], height))
        for top in range(0, height, rows):
            strip = Image.fromarray(picture[top : top + rows])
            strip = strip.resize((size[0], strip.height), Image.Resampling.BILINEAR)
            image.paste(strip, (0, top))
    return image if image.size == tuple(size) else image.resize(size, Image.Resampling.BILINEAR)


def square_on(picture, fit="pad"):
    """Say where the square of `fit_square` lies on the picture: left, top, right, bottom.

    In the picture's pixels, float. Where the square was padded, it reaches beyond the picture.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = _content(picture) if fit == "trim" else (0, 0, width, height)
    if fit == "stretch":
        return left, top, right, bottom
    half = max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def _content(picture):
    """Return the box, left, top, right, bottom, outside of which all is white."""
    height, width = picture.shape[:2]
    rows, boxes = max(1, _AT_ONCE // width), []
    for start in range(0, height, rows):
        strip = Image.fromarray(picture[start : start + rows])
        dark = strip.point(lambda value: 255 * (value < _NEARLY_WHITE)).getbbox()
        if dark:
            boxes.append((dark[0], start + dark[1], dark[2], start + dark[3]))
    if not boxes:
        return 0, 0, width, height
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def shrink(picture, longest):
    """Scale a picture (height, width, 3), uint8, down, so that no side exceeds `longest` pixels.

    The picture itself is returned where it is small enough.
    """
    if max(picture.shape[:2]) <= longest:
        return picture
    image = Image.fromarray(picture)
    image.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    return np.array(image)


def thumbnail(picture, size=136):
    """Fit a picture (height, width, 3), uint8, to a square of white: a JPEG file (bytes)."""
    buffer = BytesIO()
    Image.fromarray(fit_square(picture, size)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
