"""Read any picture into RGB, fit it to a square, shrink it to a thumbnail.

In: a path, bytes, a Pillow image or an array. Out: RGB uint8, shape (height, width, 3).
Catalogue pictures and queries take this one path, because two readers that resize or
rotate differently give different features for the same file. The edge rule: a picture that
cannot be read, or is unreasonably large, raises `PictureError` with its name, nothing else.
"""

from io import BytesIO
from os import PathLike, fspath

import numpy as np
from PIL import Image, ImageOps

__all__ = [
    "FITS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "PictureError",
    "fit_square",
    "load_picture",
    "shrink",
    "square_on",
    "thumbnail",
]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
FITS = ("pad", "stretch", "trim")
MAX_PIXELS = 50_000_000
MAX_BYTES = 200_000_000

# Only these decoders are ever tried, even if the file says that it is something else.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_WHITE = (255, 255, 255)
# JPEG makes of white what is at least this bright in all colours.
_NEARLY_WHITE = 245


class PictureError(ValueError):
    """A picture could not be read; the message names it and says why."""


def load_picture(source, name=None, least=None):
    """Read one picture as RGB, an ndarray of shape (height, width, 3), uint8.

    The EXIF rotation is applied, transparency is laid on white, the first frame of an
    animation is taken, and CMYK, palette, greyscale and 16-bit pictures become 8-bit RGB.

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
        If the picture is missing, empty, damaged, not a picture, of another format than
        JPEG, PNG, WebP, BMP or GIF, or larger than `MAX_PIXELS`.
    """
    name = name or (fspath(source) if isinstance(source, (str, PathLike)) else "the picture")
    try:
        with _open(source, name) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise PictureError(
                    f"{name}: {width}×{height} pixels are more than the limit of "
                    f"{MAX_PIXELS:,}. Scale the picture down first."
                )
            if least:
                image.draft(None, (least, least))
            return np.array(_to_rgb(ImageOps.exif_transpose(image)))
    except PictureError:
        raise
    # Pillow's decoders raise many kinds of errors on damaged files, SyntaxError and
    # struct.error among them; with each of them the picture is unreadable.
    except Exception as error:
        raise PictureError(f"{name}: cannot be read as a picture ({_reason(error)}).") from error


def _open(source, name):
    if isinstance(source, Image.Image):
        return source.copy()
    if isinstance(source, np.ndarray):
        fits = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))
        if source.dtype != np.uint8 or not fits or not source.size:
            raise PictureError(
                f"{name}: an array must be uint8 of shape (height, width[, 3 or 4]). "
                f"Received: {source.dtype} of shape {source.shape}."
            )
        return Image.fromarray(source)
    data = source if isinstance(source, (bytes, bytearray, memoryview)) else None
    if data is not None and not len(data):
        raise PictureError(f"{name}: the file is empty (0 bytes).")
    return Image.open(BytesIO(data) if data is not None else source, formats=_FORMATS)


def _to_rgb(image):
    if image.mode == "F" or image.mode.startswith("I"):
        # Pillow would clip 16-bit greys at 255 instead of scaling them.
        raw = np.asarray(image, dtype=np.float32)
        scale = 256 if image.mode.startswith("I;16") or raw.max() > 255 else 1
        grey = np.clip(raw / scale, 0, 255).astype(np.uint8)
        # A grey that stands for transparency is one of the 16-bit ones.
        grey[raw == image.info.get("transparency", -1)] = 255
        image = Image.fromarray(grey)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (*_WHITE, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _reason(error):
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, Image.UnidentifiedImageError):
        return "not a JPEG, PNG, WebP, BMP or GIF"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the limit of {MAX_PIXELS:,} pixels"
    return f"{type(error).__name__}: {error}"


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
