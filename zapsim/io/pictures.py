"""Read any picture into RGB.

In: a path, bytes, a Pillow image or an array. Out: RGB uint8, shape (height, width, 3).
Catalogue pictures and queries take this one path, because two readers that resize or
rotate differently give different features for the same file. The edge rule: a picture that
cannot be read, or is unreasonably large, raises `PictureError` with its name, nothing else. Of what
is in a file besides the pixels, only the orientation counts, as far as Pillow can read it.
"""

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
from zapsim.io.limits import (
    COPIES,
    MAX_BYTES,
    MAX_EXIF,
    MAX_PIXELS,
    MAX_READS,
    MAX_SCANS,
    Counted,
    PictureError,
    bounded,
    check_pixels,
    lean,
    not_read,
    truncated,
    unreadable,
)
from zapsim.io.parts import jpeg_segments
from zapsim.io.squares import WHITE, rows_at_once

__all__ = ["MAX_BYTES", "PictureError", "load_picture", "reading"]

# Bytes that all threads together may take.
_ROOM = Budget(900_000_000)
# What is freed in smaller blocks than 32 MB, glibc keeps for each thread; Pillow's usual are of 16.
_BLOCK = 2**26
# What libjpeg makes of pixels that are missing, in any colours; and more packed ones, also where it
# goes on.
_MISSING = {127, 128}
_MORE = bytes(number * 37 % 255 for number in range(1000))
_MORE += b"".join(bytes([0xFF, 0xD0 + number]) + _MORE[:100] for number in range(8))
# Pixels are filled with one and, if the last is found so, with the other, before a PNG is decoded.
_MARKS = (77, 0)
_ORIENTATION = 274
# What Pillow multiplies greys of fewer than 8 bits with.
_SPREAD = {"L;2": 85, "L;4": 17}
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
        WebP, BMP, GIF, TIFF or (where Pillow reads it) AVIF, of a kind that is not read, or too
        large.

    Notes
    -----
    A picture of more than 64 megapixels (`MAX_PIXELS`) is too large, unless it is a JPEG: such a
    one, of up to 500 megapixels (progressive: 128), is returned at the largest of a half, a
    quarter or an eighth of its sides that has at most 64 megapixels. So a phone's 108 megapixels
    come back as 27, at the memory that those take. What would take more than 700 MB to decode is
    too large, too: a WebP of more than 43 megapixels, an AVIF of more than 41 (10 to 41, if it is
    written as a film is, which leaves open how large its frame is). So is any picture with a side
    of more than 100,000 pixels. Of a picture's EXIF, the first 2 MB count.

    What shops do not have is not read, and the error says to save it as JPEG or PNG: JPEGs that are
    lossless or in arithmetic code; TIFFs that are not plain or packed by LZW, Deflate, PackBits or
    JPEG, such as faxes; greys of more than 16 bits, with a sign or in floating point; BMPs that are
    run-length encoded; AVIFs that move, or are made of tiles, several frames or pieces.
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
        return _read_found(_found(source, name), name, least, room)
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise unreadable(name, "no such file", "") from error
    except Exception as error:
        raise unreadable(name, _said(error), "") from error


def _said(error):
    return f"{type(error).__name__}: {error}"


def _found(source, name):
    """Return a Pillow image, or a file's bytes."""
    if isinstance(source, Image.Image):
        check_pixels(source.size, MAX_PIXELS, name)
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


def _read_found(data, name, least, room):
    if isinstance(data, Image.Image):
        return _decoded(data, b"", name, least, room)
    if not data:
        raise PictureError(f"{name}: the file is empty (0 bytes).")
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name}: more than the limit of {MAX_BYTES:,} bytes.")
    kind, reader = _reader_of(data[:START])
    if reader is None:
        what = told_by_content(data[:START])
        but = f", but {what}" if what else ""
        raise unreadable(name, f"not a {READABLE}{but}", "")
    data = lean(data, kind, name)
    while True:
        try:
            with _ROOM.held(COPIES[kind] * len(data)) if kind in COPIES else nullcontext():
                image = _opened(reader, data, name)
            return _decoded(image, data, name, least, room)
        except PictureError:
            raise
        except Image.DecompressionBombError as error:
            raise unreadable(name, _said(error), "Scale the picture down first.") from error
        # Pillow's decoders raise many kinds of errors on damaged files, SyntaxError and
        # struct.error among them; with each of them the picture is unreadable.
        except Exception as error:
            room.close()
            less = lean(data, kind, name, turning=False)
            if less == data:
                advice = "It, or its metadata, is damaged: download it again, or save it anew."
                raise unreadable(name, _said(error), advice) from error
            data = less


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self):
        """Leave out what no pixel needs: damaged, it would keep Pillow from opening the file."""


def _opened(reader, data, name):
    try:
        return reader(Counted(data, name))
    except SyntaxError as error:
        # Pillow's own error is the bare number of a method that it does not know.
        if reader.format == "TIFF" and str(error).isdigit():
            raise not_read(name, f"a TIFF packed by method {error}") from error
        if str(error) == "unknown pixel mode":
            raise not_read(name, "a TIFF of unknown pixels, or damaged") from error
        raise


def _decoded(image, data, name, least, room):
    smaller, memory = bounded(image, data, name, least)
    _check_colours(image, name)
    room.enter_context(_ROOM.held(memory))
    Image.core.set_block_size(_BLOCK)
    size = image.size
    # A GIF's first picture may be smaller than it.
    frame = image.tile[0][1] if image.format == "GIF" and image.tile else (0, 0, *size)
    if smaller > 1:
        image.draft(None, (image.width // smaller, image.height // smaller))
    if image.format == "PNG" and data:
        image = _filled(image, data, name)
    image.load()
    # Of some formats, only now is it known, or has Pillow turned the image already.
    turned = _orientation(image)
    size = size if smaller > 1 else image.size
    picture = _in_rgb(image, turned, frame)
    if isinstance(image, JpegImageFile) and data and _ends_early(image, data):
        raise truncated(name, "a JPEG that says that it has more rows")
    return picture, size[::-1] if turned > 4 else size


def _check_colours(image, name):
    """Tell Pillow what it overlooks of a file's colours; PictureError where it cannot be told."""
    tiles = getattr(image, "tile", [])
    if image.format == "PNG" and image.mode == "P" and not image.palette:
        raise truncated(name, "a PNG without its palette")
    if image.mode in ("I", "F"):
        raise not_read(name, "greys of 32 bits")
    if tiles and image.format == "TIFF":
        # Then Pillow reads no directories but the first.
        image.is_animated = True
        tags = image.tag_v2
        if max(tags.get(258, (1,))) > 16 or max(tags.get(339, (1,))) in (2, 3):
            raise not_read(name, "a TIFF of more than 16 bits, or of numbers with a sign")
        # Pillow itself inverts only what has up to 8 bits.
        if image.mode.startswith("I;16") and tags.get(262, 0) == 0:
            raise not_read(name, "a TIFF of 16 bits whose white is 0")
        # Of 8 bits instead of 16, as some programs write them.
        if image.mode in ("P", "PA") and max(tags[320]) < 256:
            image.palette = ImagePalette.raw("RGB;L", bytes(tags[320]))
    elif tiles and image.format == "PNG" and "transparency" in image.info:
        packed = tiles[0][3]
        # The colour that stands for transparency has as many bits as the file has.
        if packed == "RGB;16B":
            raise not_read(name, "a PNG of 16 bits in which one colour stands for transparency")
        if packed in _SPREAD:
            image.info["transparency"] *= _SPREAD[packed]


def _orientation(image):
    """Return the EXIF orientation, 1 to 8; 1 if Pillow cannot read it."""
    for key in ("exif", "Raw profile type exif"):
        if key in image.info:
            image.info[key] = image.info[key][:MAX_EXIF]
    try:
        turned = image.getexif().get(_ORIENTATION)
    except Exception:
        return 1
    return turned if isinstance(turned, int) and 1 <= turned <= 8 else 1


def _ends_early(image, data):
    """Return whether pixels are missing of a JPEG that has an end.

    libjpeg makes grey of them without a word. Where the last is grey, or could not be, more is put
    behind the scans: of a whole one, that changes nothing.
    """
    first = next(data[at + 4] for marker, at, _ in jpeg_segments(data) if marker == 0xDA)
    apart = first < image.layers and "progressive" not in image.info
    last = np.ravel(image.getpixel((image.width - 1, image.height - 1)))
    if not (apart or _MISSING.issuperset(last.tolist())):
        return False
    parts, last, scanned = [], 0, False
    # Behind so many, libjpeg reads no other.
    for marker, at, _ in islice(jpeg_segments(data), MAX_READS):
        if scanned and len(parts) < 2 * MAX_SCANS:
            parts += [data[last:at], _MORE]
            last = at
        scanned = marker == 0xDA
    return _eighth(data) != _eighth(b"".join([*parts, data[last:]]))


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
    raise truncated(name, "a PNG that says that it has more rows")


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


def _in_rgb(image, turned, frame):
    """Return an image as an array (height, width, 3), turned as its EXIF orientation says.

    In strips: each conversion would hold the whole picture once more. Outside of `frame` is white.
    """
    width, height = image.size
    picture = np.empty((width, height, 3) if turned > 4 else (height, width, 3), np.uint8)
    stored = _AS_STORED[turned](picture)
    # Then alpha that is nothing all over only fills pixels up.
    unsaid = image.format == "BMP" or (image.format == "TIFF" and 338 not in image.tag_v2)
    filled = unsaid and image.mode == "RGBA" and not image.getextrema()[3][1]
    # Greys may have 12, too.
    bits = max(image.tag_v2.get(258, (16,))) if image.format == "TIFF" else 16
    for top, strip in _strips(image):
        if image.mode.startswith("I;16"):
            strip = _grey(strip, bits)
        if filled:
            strip = strip.convert("RGB")
        stored[top : top + strip.height] = np.asarray(_to_rgb(strip))
    if image.format == "GIF":
        left, top, right, bottom = frame
        stored[:top] = stored[bottom:] = stored[:, :left] = stored[:, right:] = 255
    return picture


def _strips(image):
    """Yield the top of each strip, and the strip."""
    rows = rows_at_once(image.width)
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _grey(image, bits):
    # Pillow would clip 16-bit greys at 255 instead of scaling them.
    deep = np.asarray(image)
    grey = (deep >> bits - 8).astype(np.uint8)
    # A grey that stands for transparency is one of the 16-bit ones. Never a number that they cannot
    # be: NumPy 2.0 crashes where it compares one with big-endian ones.
    if "transparency" in image.info:
        grey[deep == image.info["transparency"]] = 255
    return Image.fromarray(grey)


def _to_rgb(image):
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (*WHITE, 255))
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")
