"""Fit a picture to a square, shrink it, make a thumbnail of it.

In: RGB uint8, shape (height, width, 3). Out: the same, smaller, or a JPEG file. The edge rule: what
is made of a large picture is made in strips, so that it takes little memory.
"""

from io import BytesIO

import numpy as np
from PIL import Image

__all__ = [
    "FITS",
    "SHOWN_SIDE",
    "WHITE",
    "fit_square",
    "rows_at_once",
    "shrink",
    "square_on",
    "thumbnail",
]

FITS = ("pad", "stretch", "trim")
# What figures show needs no more.
SHOWN_SIDE = 400
WHITE = (255, 255, 255)
# JPEG makes of white what is at least this bright in all colours.
_NEARLY_WHITE = 245
# Pixels that are turned into RGB, or scaled, at once.
_AT_ONCE = 2**18


def rows_at_once(width):
    """Return how many rows of so many pixels are worked on at once."""
    return max(1, _AT_ONCE // width)


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
        square = Image.new("RGB", (size, size), WHITE)
        square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
        image = square
    return np.asarray(image)


def _resized(picture, size):
    """Scale a picture to a size (width, height); a Pillow image."""
    height, width = picture.shape[:2]
    rows = rows_at_once(width)
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
    rows, boxes = rows_at_once(width), []
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
