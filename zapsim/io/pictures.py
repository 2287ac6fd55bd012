"""Read any picture into RGB, fit it to a square, shrink it to a thumbnail.

In: a path, bytes, a Pillow image or an array. Out: RGB uint8, shape (height, width, 3).
Catalogue pictures and queries take this one path, because two readers that resize or
rotate differently give different features for the same file. The edge rule: a picture that
cannot be read, or is unreasonably large, raises `PictureError` with its name, nothing else.
"""

from contextlib import suppress
from io import BytesIO
from os import PathLike, fspath

import numpy as np
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from zapsim.io.formats import FORMATS, READABLE, START, told_by_content

__all__ = [
    "FITS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "SHOWN_SIDE",
    "PictureError",
    "fit_square",
    "load_picture",
    "shrink",
    "square_on",
    "thumbnail",
]

FITS = ("pad", "stretch", "trim")
# What is decoded, three bytes a pixel; and what a JPEG may have, which can be decoded smaller.
MAX_PIXELS = 64_000_000
MAX_JPEG_PIXELS = 500_000_000
# A progressive one is held in memory as a whole, up to six bytes a pixel, however small it is made.
MAX_PROGRESSIVE_PIXELS = 128_000_000
MAX_BYTES = 200_000_000
# What figures show needs no more.
SHOWN_SIDE = 400

_WHITE = (255, 255, 255)
# JPEG makes of white what is at least this bright in all colours.
_NEARLY_WHITE = 245


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
    come back as 27, at the memory that those take.
    """
    name = name or (fspath(source) if isinstance(source, (str, PathLike)) else "the picture")
    try:
        with _open(source, name) as image:
            _check_size(image, name)
            if isinstance(image, JpegImageFile):
                _decode_smaller(image, least)
            _decode(image, name)
            ImageOps.exif_transpose(image, in_place=True)
            return np.array(_to_rgb(image))
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError(f"{name}: cannot be read as a picture (no such file).") from error
    # Pillow's decoders raise many kinds of errors on damaged files, SyntaxError and
    # struct.error among them; with each of them the picture is unreadable.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PictureError(f"{name}: cannot be read as a picture ({reason}).") from error


def _open(source, name):
    if isinstance(source, Image.Image):
        _check_size(source, name)
        return source.copy()
    if isinstance(source, np.ndarray):
        fits = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))
        if source.dtype != np.uint8 or not fits or not source.size:
            raise PictureError(
                f"{name}: an array must be uint8 of shape (height, width[, 3 or 4]). "
                f"Received: {source.dtype} of shape {source.shape}."
            )
        return Image.fromarray(source)
    if isinstance(source, (str, PathLike)):
        with open(source, "rb") as file:
            return _open_file(source, file.read(START), name)
    if hasattr(source, "read"):
        with suppress(AttributeError, OSError):
            source.seek(0)
        source = source.read()
    return _open_file(BytesIO(source), bytes(source[:START]), name)


def _open_file(file, start, name):
    """Open a path or a BytesIO that starts with these bytes."""
    if not start:
        raise PictureError(f"{name}: the file is empty (0 bytes).")
    reader = _reader_of(start)
    if reader is None:
        what = told_by_content(start)
        but = f", but {what}" if what else ""
        raise PictureError(f"{name}: cannot be read as a picture (not a {READABLE}{but}).")
    try:
        return reader(file)
    except SyntaxError as error:
        # Pillow's own error is the bare number of a method that it does not know.
        if reader.format == "TIFF" and str(error).isdigit():
            raise _badly_packed(name, f"method {error}", "not known to Pillow") from error
        raise


def _reader_of(start):
    """Return the class that `Image.open` would choose: the one limit that it has is not ours."""
    for kind in FORMATS:
        if kind not in Image.OPEN:
            Image.init()
        reader, accepts = Image.OPEN[kind]
        if accepts(start) is True:
            # Of several pictures in one (MPO), the first is an ordinary JPEG.
            return JpegImageFile if kind == "JPEG" else reader
    return None


def _decode(image, name):
    try:
        image.load()
    except OSError as error:
        method = image.info.get("compression", "raw")
        if image.format == "TIFF" and method != "raw":
            raise _badly_packed(name, method, error) from error
        raise


def _badly_packed(name, method, why):
    return PictureError(
        f"{name}: cannot be read as a picture (TIFF, compressed by {method}: {why}). "
        "Save it uncompressed, or as PNG."
    )


def _check_size(image, name):
    """Raise `PictureError` where decoding would take too much memory, as bombs want it to."""
    (width, height), limit, instead = image.size, MAX_PIXELS, "Scale the picture down first"
    if isinstance(image, JpegImageFile):
        progressive = "progressive" in image.info
        limit = MAX_PROGRESSIVE_PIXELS if progressive else MAX_JPEG_PIXELS
        instead += ", or save it as a JPEG that is not progressive" if progressive else ""
    elif width * height <= MAX_JPEG_PIXELS:
        instead += ", or save it as a JPEG, which may have more"
    if width * height > limit:
        raise PictureError(
            f"{name}: {width}×{height} pixels are more than the limit of {limit:,}. {instead}."
        )


def _decode_smaller(image, least):
    """Have a JPEG decoded at a fraction of its size, where it is too large or `least` allows it."""
    width, height = image.size
    needed = next(s for s in (1, 2, 4, 8) if width * height <= MAX_PIXELS * s * s)
    allowed = min(width, height) // least if least else 1
    divisor = max(needed, *(s for s in (1, 2, 4, 8) if s <= max(1, allowed)), 1)
    if divisor > 1:
        image.draft(None, (width // divisor, height // divisor))


def _to_rgb(image):
    if image.mode == "F" or image.mode.startswith("I"):
        # Pillow would clip 16-bit greys at 255 instead of scaling them.
        raw = np.asarray(image, dtype=np.float32)
        factor = 1 / 256 if image.mode.startswith("I;16") or raw.max() > 255 else 1
        # Whole numbers go up to 255 or further, those of a TIFF in floating point to 1.
        factor = 255 if image.mode == "F" and raw.max() <= 1 else factor
        grey = np.clip(raw * factor, 0, 255).astype(np.uint8)
        # A grey that stands for transparency is one of the 16-bit ones.
        grey[raw == image.info.get("transparency", -1)] = 255
        image = Image.fromarray(grey)
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
    image = Image.fromarray(picture)
    if fit == "trim":
        image = image.crop(_content(image))
    # Scaling comes before padding: a 50,000×100 strip must not become a square of 50,000².
    scale = size / max(image.size)
    scaled = [max(1, round(side * scale)) for side in image.size]
    shape = [size, size] if fit == "stretch" else scaled
    if image.size != tuple(shape):
        image = image.resize(shape, Image.Resampling.BILINEAR)
    if image.size != (size, size):
        square = Image.new("RGB", (size, size), _WHITE)
        square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = square
    return np.asarray(image)


def square_on(picture, fit="pad"):
    """Say where the square of `fit_square` lies on the picture: left, top, right, bottom.

    In the picture's pixels, float. Where the square was padded, it reaches beyond the picture.
    """
    image = Image.fromarray(picture)
    left, top, right, bottom = _content(image) if fit == "trim" else (0, 0, *image.size)
    if fit == "stretch":
        return left, top, right, bottom
    half = max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def _content(image):
    """Return the box, left, top, right, bottom, outside of which all is white."""
    dark = image.point(lambda value: 255 * (value < _NEARLY_WHITE))
    return dark.getbbox() or (0, 0, *image.size)


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
