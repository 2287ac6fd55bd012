"""A small space that pictures and words share, to show what CLIP's large one is used for.

In: pictures, or a text of a few known words. Out: vectors of the same length, one number a word.
CLIP has learned its space from millions of pictures with their texts, and knows nearly any
sentence; this one is made by hand, and knows eight words. The edge rule: a word that it does not
know is an error, not a vector of zeros.
"""

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

__all__ = ["WORDS", "picture_vectors", "text_vector"]

WORDS = ("red", "orange", "green", "blue", "light", "dark", "busy", "smooth")
# Where each colour lies on Pillow's circle of hues, 0 to 255, and how wide it is.
_HUES = {"red": (0, 10), "orange": (20, 12), "green": (95, 35), "blue": (145, 22)}
_SIDE = 64


def picture_vectors(catalogue):
    """Return how much of each word is in each picture.

    Returns
    -------
    pandas.DataFrame of shape (n_items, 8), float32
        Indexed by key; columns are `WORDS`, values from 0 to 1.
    """
    rows = [_amounts(catalogue.picture(key)) for key in catalogue.keys]
    return pd.DataFrame(rows, catalogue.keys, list(WORDS), dtype=np.float32)


def text_vector(text):
    """Return a text's vector: 1 for each word in it, 0 for the others.

    Returns an ndarray of shape (8,), float32. ValueError if a word is none of `WORDS`, or there
    is none.
    """
    words = text.lower().split()
    unknown = [word for word in words if word not in WORDS]
    if unknown or not words:
        raise ValueError(
            f"This small space knows only {', '.join(WORDS)}. Received: {text!r}. "
            "A model such as CLIP knows nearly every word."
        )
    return np.array([word in words for word in WORDS], np.float32)


def _amounts(picture):
    image = Image.fromarray(picture).resize((_SIDE, _SIDE))
    hue, saturation, value = np.asarray(image.convert("HSV"), np.float32).transpose(2, 0, 1)
    colourful = (saturation > 40) & (value > 40)
    shares = [
        (colourful & (_distance(hue, place) <= width)).mean() for place, width in _HUES.values()
    ]
    light, dark = (value > 200).mean(), (value < 90).mean()
    edges = np.asarray(image.convert("L").filter(ImageFilter.FIND_EDGES), np.float32)[1:-1, 1:-1]
    busy = min(1, edges.mean() / 60)
    return [*shares, light, dark, busy, 1 - busy]


def _distance(hue, place):
    apart = np.abs(hue - place)
    return np.minimum(apart, 256 - apart)
