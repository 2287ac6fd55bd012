"""Take similarity apart into shape, colour and texture, and mix them again.

In: a catalogue, and features of several kinds for the same items. Out: features whose scores are
the weighted mean of the scores of each kind; they go wherever features go. The edge rule: an item
whose vector of a kind is zeros has none of that kind; its score is made of the others, and, as
all scores are scaled to length 1, somewhat higher than their weighted mean.
"""

from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_dict,
    check_features,
    check_flag,
    check_list,
    checked_number,
)
from zapsim.features import VGG16Extractor
from zapsim.io.bundled import MINIZAP_PARTS
from zapsim.keys import by_keys, respelt
from zapsim.kinds.baselines import colour_histogram
from zapsim.similarity import clear_rounding, unit_vectors

__all__ = [
    "blend",
    "centred",
    "check_parts",
    "checked_shares",
    "greyed",
    "shape_colour_texture",
]


def greyed(catalogue):
    """Return the same catalogue in grey: same keys, same table, pictures without colour.

    Its pictures take the same path as all others, so features of the two differ by nothing but
    colour.

    Examples
    --------
    >>> import zapsim
    >>> from zapsim.kinds.blend import greyed
    >>> catalogue = greyed(zapsim.load_catalogue())
    >>> picture = catalogue.picture(catalogue.keys[0])
    >>> bool((picture[..., 0] == picture[..., 2]).all())
    True
    """
    check_catalogue(catalogue)
    # Partials, for a lambda could not be pickled.
    read, content = partial(_grey_file, catalogue), partial(_grey_content, catalogue)
    return catalogue.with_reader(read, content, "grey")


def _grey_file(catalogue, key):
    # The luma of ITU-R BT.601.
    grey = Image.fromarray(catalogue.picture(key)).convert("L")
    buffer = BytesIO()
    grey.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _grey_content(catalogue, key):
    # A store takes a grey picture for another one than the coloured.
    return f"grey-{catalogue.content(key)}"


def shape_colour_texture(catalogue, cache=None, centre=True):
    """Extract three kinds of features: of shape, of colour, of texture.

    Parameters
    ----------
    catalogue : Catalogue
    cache : path or "bundled", optional
        A folder for two feature stores, ``shape`` and ``texture``. "bundled" is MiniZap's, which
        ships with zapsim.
    centre : bool
        Make their scores comparable with each other by `centred`: only then do equal shares in
        a blend give each of them about the same influence.

    Returns
    -------
    dict of str to pandas.DataFrame
        For the items that can be read by all. ``shape``: the default extractor's features of the
        grey pictures, so without colour. ``colour``: histograms without the white around the
        product, wherever a colour is. ``texture``: averages over the whole grey picture early in
        the network (block2_pool), whose filters see about 16 × 16 pixels: edges and patterns, but
        no shapes.
    """
    check_flag(centre, "centre")
    folder = MINIZAP_PARTS if isinstance(cache, str) and cache == "bundled" else cache
    grey = greyed(catalogue)
    extractors = {"shape": VGG16Extractor(), "texture": VGG16Extractor("block2_pool", grid=1)}
    shape, texture = (
        extractor.extract(grey, cache=folder and Path(folder) / name)
        for name, extractor in extractors.items()
    )
    colour = colour_histogram(catalogue.subset(shape.index), ignore_white=True)
    parts = {"shape": shape, "colour": colour, "texture": texture.loc[shape.index]}
    return {name: centred(part) for name, part in parts.items()} if centre else parts


def centred(features):
    """Take away what all items have in common.

    Every vector is scaled to length 1, and the mean of them all subtracted. A score of 0 then
    means: as alike as two items usually are. The scores of product photos by VGG16 lie between
    about 0.7 and 0.9, those early in the network above 0.98, those of colours between 0.4 and
    0.9; centred, all spread around 0, while neighbours stay nearly the same.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_features), float32
        Its mean is 0. A vector of zeros stays one, and does not count for the mean; one that is
        the mean becomes one. It belongs to this catalogue: a new picture's features cannot be
        compared with it.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[4, 3], [4, -3]], index=["red boot", "blue boot"])
    >>> zapsim.similarity_matrix(features).loc["red boot", "blue boot"].round(2)
    np.float32(0.28)
    >>> zapsim.similarity_matrix(centred(features)).loc["red boot", "blue boot"].round(2)
    np.float32(-1.0)
    """
    check_features(features)
    unit = unit_vectors(features)
    some = unit.any(axis=1)
    unit[some] -= unit[some].mean(axis=0, dtype=np.float64).astype(np.float32)
    clear_rounding(unit, 1)
    return pd.DataFrame(unit, index=features.index, copy=False)


def blend(parts, shares=None):
    """Mix several kinds of features, so that each counts in the score.

    Every vector is scaled to length 1, then by the root of its share, and the kinds are put side
    by side. The score of two items is then exactly the weighted mean of their scores by each.

    Parameters
    ----------
    parts : dict of str to pandas.DataFrame
        Features of the same items, (n_items, n_features) each, indexed by key.
    shares : dict of str to float, optional
        At least 0; a kind that is not named has share 0. They are divided by their sum. By
        default all are the same.

    Returns
    -------
    pandas.DataFrame of shape (n_items, sum of n_features), float32
        Indexed by key, in the first part's order; kinds of share 0 are left out.

    Raises
    ------
    ValueError
        If the parts are of different items, one is a similarity matrix, a share is negative or of
        no part, or all are 0.

    Notes
    -----
    A share is not an influence: the kind whose scores are spread most widely decides. `centred`
    parts are spread alike.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> shape = pd.DataFrame([[1, 0], [1, 0]], index=["red boot", "blue boot"])
    >>> colour = pd.DataFrame([[1, 0], [0, 1]], index=["red boot", "blue boot"])
    >>> mixed = zapsim.blend({"shape": shape, "colour": colour}, {"shape": 3, "colour": 1})
    >>> zapsim.similarity_matrix(mixed).loc["red boot", "blue boot"].round(3)
    np.float32(0.75)
    """
    shares = checked_shares(parts, shares)
    keys = check_parts(parts)
    scaled = [
        unit_vectors(by_keys(parts[name], keys)) * np.float32(np.sqrt(share))
        for name, share in shares.items()
        if share
    ]
    return pd.DataFrame(np.hstack(scaled), index=keys, copy=False)


def check_parts(parts):
    """Return the parts' keys, in the first one's order; raise as `blend` does if they differ."""
    for name, features in parts.items():
        check_features(features, f"parts[{name!r}]")
    (first, features), *others = parts.items()
    keys = features.index
    for name, other in others:
        theirs = respelt(other.index, keys)
        if set(theirs) != set(keys):
            raise ValueError(
                f"The parts must be features of the same items. Received: {len(keys):,} items of "
                f"{first!r}, {len(other):,} of {name!r}, {keys.isin(theirs).sum():,} of "
                "them in both. Take those with .loc first."
            )
    return keys


def checked_shares(parts, shares=None):
    """Return a share for each part by name, together 1; raise as `blend` does."""
    check_dict("parts", parts, "{'shape': features}")
    check_list("parts", list(parts), "{'shape': features}")
    shares = dict.fromkeys(parts, 1.0) if shares is None else shares
    check_dict("shares", shares, "{'shape': 3, 'colour': 1}")
    for name in shares:
        check_choice("The name of a share", name, parts)
    values = {name: checked_number(f"shares[{name!r}]", shares.get(name, 0), 0) for name in parts}
    total = sum(values.values())
    if not total:
        raise ValueError(
            f"Shares must be at least 0, and one of them above 0. Received: {shares!r}"
        )
    return {name: value / total for name, value in values.items()}
