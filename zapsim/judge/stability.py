"""Judge neighbours without labels: do they stay when a picture is changed as people change one.

In: a predictor that can take pictures of one's own. Out: for each change the share of neighbours
that stay, with its interval. The edge rule: a picture that cannot be read is not asked.

To stay the same is not to be right: features that say the same of every picture are as stable as
can be. So it is a question to ask where there are no labels, or beside them.
"""

from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from zapsim.checks import check_dict, check_predictor, checked_seed, checked_whole
from zapsim.io.pictures import PictureError
from zapsim.judge.bootstrap import interval, resampled_means

__all__ = ["CHANGES", "stability"]


def _cropped(picture):
    rows, columns = (round(0.05 * side / 2) for side in picture.shape[:2])
    return picture[rows : len(picture) - rows, columns : picture.shape[1] - columns]


def _mirrored(picture):
    return np.ascontiguousarray(picture[:, ::-1])


def _recompressed(picture):
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=40)
    return np.asarray(Image.open(buffer))


def _resized(picture):
    image = Image.fromarray(picture)
    half = [max(1, side // 2) for side in image.size]
    return np.asarray(image.resize(half, Image.Resampling.BILINEAR))


# What people and programs do to pictures: RGB (height, width, 3), uint8, in and out.
CHANGES = {
    "resized to half": _resized,
    "JPEG, quality 40": _recompressed,
    "cropped by 5 %": _cropped,
    "mirrored": _mirrored,
}
# A JPEG of at least twice these sides is decoded smaller, and still far larger than what is seen.
_LEAST = 1024
_CHANGE = "{'mirrored': lambda picture: picture[:, ::-1]}"


def stability(predictor, k=5, n=100, changes=None, seed=0):
    """Ask whether pictures find the same neighbours after they were changed.

    A number of items is drawn at random. Each one's picture is changed and searched with, as a
    customer would with a photo.

    Parameters
    ----------
    predictor : SimilarityPredictor
        Made of features, with the extractor that made them.
    k : int
        How many neighbours of an item are compared, at least 1.
    n : int
        How many items are asked, at least 1; all where there are fewer.
    changes : dict of str to callable, optional
        Each takes a picture (height, width, 3), RGB, uint8, and returns another. A JPEG of 2,048
        pixels or more on both sides comes smaller, with at least 1,024 on each. By default
        ``zapsim.judge.stability.CHANGES``: resized to half, saved as JPEG of quality 40, cropped by
        5 % of each side, mirrored.
    seed : int
        Draws the items.

    Returns
    -------
    pandas.DataFrame
        One row a change. Columns of two levels, the second ``value``, ``low`` and ``high``:
        ``neighbours kept``, the mean share of an item's k nearest others that are also the changed
        picture's (the item itself left out), and ``itself first``, the share of changed pictures
        whose nearest item, or one that ties with it, is the item they were made of. Both in [0, 1],
        higher is more stable; ``low`` and ``high`` hold the middle 95 % of 1,000 bootstrap
        resamples. `zapsim.plot_scorecard` draws it.

    Raises
    ------
    ValueError
        If k or n is less than 1, there is one item only, or the predictor cannot take pictures.
    PictureError
        If none of the pictures can be read.
    """
    from tqdm.auto import tqdm

    check_predictor(predictor)
    k = checked_whole("k", k)
    n = checked_whole("n", n)
    seed = checked_seed(seed)
    changes = CHANGES if changes is None else changes
    check_dict("changes", changes, _CHANGE)
    for change in changes.values():
        if not callable(change):
            raise TypeError(f"changes must be functions, such as {_CHANGE}. Received: {change!r}")
    items = predictor.table.index
    if len(items) < 2:
        raise ValueError("One item alone has no neighbours that could stay. Add more pictures.")
    predictor.get_extractor()
    asked = pd.Series(items).sample(min(n, len(items)), random_state=seed)
    seen = []
    for key in tqdm(asked, desc="Changing", unit="picture"):
        try:
            picture = predictor.catalogue.picture(key, _LEAST)
        except PictureError:
            continue
        before = set(predictor.similar(key, k)["key"])
        seen.append(
            [_compare(predictor, key, before, change(picture), k) for change in changes.values()]
        )
    if not seen:
        raise PictureError(f"None of the {len(asked):,} pictures that were drawn could be read.")
    return _card(np.array(seen), list(changes))


def _compare(predictor, key, before, picture, k):
    """Return the share of neighbours kept, and whether the item itself comes first."""
    # One more, for the item itself is usually among them.
    found = predictor.similar_to(picture, k + 1).set_index("key")["score"]
    others = found.index[found.index != key][:k]
    first = key in found.index and found[key] >= found.iloc[0]
    return len(before.intersection(others)) / len(before), float(first)


def _card(seen, names):
    """Average what was seen, (n_queries, n_changes, 2), with intervals."""
    columns = pd.MultiIndex.from_product(
        [["neighbours kept", "itself first"], ["value", "low", "high"]]
    )
    rows = []
    for values in seen.swapaxes(0, 1):
        low, high = interval(resampled_means(values, np.arange(len(values))))[:, 0]
        rows.append(np.stack([values.mean(axis=0), low, high]).T.ravel())
    return pd.DataFrame(rows, pd.Index(names, name="change"), columns)
