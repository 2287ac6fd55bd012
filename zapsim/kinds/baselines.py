"""What VGG16 has to beat: features that need no network.

In: a `Catalogue`. Out: features, a DataFrame (n_items, n_features) indexed by key, float32, for
the same `top_k`. The edge rule: every picture must be readable; `PictureError` names the first
that is not (``catalogue.check()`` lists all).
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_flag,
    check_memory,
    checked_number,
    checked_seed,
    checked_whole,
)
from zapsim.io.squares import fit_square, shrink

__all__ = ["baseline_features", "colour_histogram", "pixels", "random_features", "rgb_to_lab"]

# A colour histogram needs no fine detail; phone photos would take seconds each.
_LONGEST = 256
# A JPEG of at least twice these sides is decoded smaller, as for extraction.
_LEAST = 512
_WHITE = 245
# How bright each of the 256 levels of sRGB is, from 0 to 1.
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
# Linear RGB to CIE XYZ; each row is divided by its sum, so that white is 1, 1, 1.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)
_KNEE = 6 / 29
# Of L*, a* and b* in a histogram.
_LOWEST, _EXTENT = np.array([[0, -110, -110], [100, 220, 220]])


def baseline_features(catalogue):
    """Compute all three baselines of a catalogue, for `zapsim.scorecard`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``random``, ``raw pixels`` and ``colour histogram``.
    """
    return {
        "random": random_features(catalogue),
        "raw pixels": pixels(catalogue),
        "colour histogram": colour_histogram(catalogue),
    }


def random_features(catalogue, n_features=64, seed=0):
    """Draw features (n_items, n_features) at random, in directions that are all equally likely.

    Their neighbours are right about as often as by chance. This is a single draw, and an interval
    over queries does not cover how draws differ: on average over many, precision is the mean over
    the queries of n_relevant / n_others.
    """
    check_catalogue(catalogue)
    n_features = checked_whole("n_features", n_features)
    rng = np.random.default_rng(checked_seed(seed))
    return _frame(catalogue, rng.standard_normal((len(catalogue), n_features), dtype=np.float32))


def pixels(catalogue, size=16):
    """Take the pixels of pictures scaled down to small squares of `size`.

    Proportions are kept, as by `fit_square`. Features are (n_items, 3 × size²), float32: by row,
    column, then red, green, blue, in [0, 255].
    """
    check_catalogue(catalogue)
    size = checked_whole("size", size)
    return _frame(catalogue, [fit_square(p, size).ravel() for p in _pictures(catalogue, size)])


def colour_histogram(catalogue, bins=6, power=0.5, ignore_white=False):
    """Count how much of each colour a picture has, wherever it is, in CIE L*a*b*.

    There equal distances look equally different.

    Parameters
    ----------
    catalogue : Catalogue
    bins : int
        At least 1. Each axis is cut into so many equal parts: L* from 0 to 100, a* and b* from
        -110 to 110, which all of sRGB lies in.
    power : float
        Above 0: what the shares are raised to. The root, 0.5, makes the cosine of two histograms
        their Bhattacharyya coefficient, in which a white background does not decide alone.
    ignore_white : bool
        Leave out nearly white pixels (red, green and blue all at least 245), unless all are.

    Returns
    -------
    pandas.DataFrame of shape (n_items, bins³), float32
        Shares of the pixels, summing to 1, to that power; ordered by the three axes.

    References
    ----------
    Swain & Ballard, "Color Indexing", International Journal of Computer Vision 7, 1991,
    doi:10.1007/BF00130487.
    """
    check_catalogue(catalogue)
    bins = checked_whole("bins", bins)
    checked_number("power", power, 0, ends="(]")
    check_flag(ignore_white, "ignore_white")
    check_memory(
        8 * len(catalogue) * bins**3,
        f"Histograms of {len(catalogue):,} items × {bins**3:,} colours × 8 bytes",
        "Take fewer bins.",
    )
    histograms = []
    for picture in _pictures(catalogue, _LONGEST):
        colours = shrink(picture, _LONGEST).reshape(-1, 3)
        coloured = colours[colours.min(axis=1) < _WHITE]
        colours = coloured if ignore_white and len(coloured) else colours
        points = rgb_to_lab(colours) - _LOWEST
        cells = (points * bins / _EXTENT).astype(np.int64).clip(0, bins - 1)
        places = np.ravel_multi_index(cells.T, (bins,) * 3)
        counts = np.bincount(places, minlength=bins**3)
        histograms.append((counts / len(colours)) ** power)
    return _frame(catalogue, histograms)


def rgb_to_lab(colours):
    """Convert sRGB colours to CIE L*a*b*, in daylight (D65).

    Colours are of shape (..., 3), uint8; the result is float64: L* in [0, 100], black to white; a*
    green to red, b* blue to yellow, both within ±110. See IEC 61966-2-1 (sRGB); CIE 15:2004,
    section 8.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> rgb_to_lab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8)).round(1)
    array([[100. ,   0. ,   0. ],
           [ 53.2,  80.1,  67.2]])
    """
    xyz = _LINEAR[colours] @ _TO_XYZ.T
    bent = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    # Greys have a* = b* = 0 but for the last digits, and 0 may be the edge of a histogram's bin.
    return lab.round(6) + 0.0


def _pictures(catalogue, size):
    return (catalogue.picture(key, max(_LEAST, 2 * size)) for key in catalogue.keys)


def _frame(catalogue, values):
    return pd.DataFrame(np.asarray(values, np.float32), index=catalogue.keys)
