"""Lay vectors out on a plane, so that what is similar lies close together; for figures and pages.

In: vectors of length 1 (n_items, n_features), or places by key. Out: a place for each item, and a
grid of cells to draw pictures in. The edge rule: where nothing varies, all places are the same.
"""

import numpy as np
import pandas as pd

from zapsim.checks import check_memory, check_table, checked_whole

__all__ = ["METHODS", "check_places", "placed", "snapped"]

METHODS = ("t-SNE", "PCA")
_COMPONENTS = 50
# Of more, the distances to all cells, n² of them, take gigabytes.
_SAMPLE = 2000
# Squares of what lies much farther away are infinite, in float32 on a page.
_FARTHEST = 1e6


def placed(unit, method="t-SNE", seed=42):
    """Find a place on a plane for each of at least 3 vectors of length 1.

    Returns an ndarray of shape (n_items, 2), float64, each from 0 to 1, y upwards; methods and
    seed as in `zapsim.map_catalogue`.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    n_components = 2 if method == "PCA" else min(_COMPONENTS, *unit.shape)
    with np.errstate(invalid="ignore"):  # Where all items are the same, nothing varies.
        places = PCA(min(n_components, *unit.shape), random_state=seed).fit_transform(unit)
    # Where nothing varies, or in one direction only, t-SNE has nowhere to begin.
    if method == "t-SNE" and places.shape[1] > 1 and np.ptp(places[:, 0]) > 0:
        perplexity = min(30, (len(unit) - 1) / 3)
        # On a busy machine its threads wait for each other, minutes instead of seconds; and one
        # thread adds up in the same order every time.
        with threadpool_limits(1):
            places = TSNE(perplexity=perplexity, random_state=seed).fit_transform(places)
    # One feature alone gives one direction only.
    places = places[:, :2]
    places = np.pad(places, ((0, 0), (0, max(0, 2 - places.shape[1])))).astype(np.float64)
    span = np.ptp(places, axis=0)
    return (places - places.min(axis=0)) / np.where(span > 0, span, 1)


def snapped(places, columns=None):
    """Move every item to a cell of its own, so that pictures don't cover each other.

    Cells are assigned so that the sum of the squared distances moved is the least possible.

    Parameters
    ----------
    places : pandas.DataFrame of shape (n_items, 2)
        As `map_catalogue` returns.
    columns : int, optional
        Cells a side; by default so many that about half of them stay empty, which keeps groups
        apart.

    Returns
    -------
    pandas.DataFrame of shape (n_items, 2), int64
        Columns ``column`` (from the left) and ``row`` (from the top), from 0, indexed by key.
    """
    from scipy.optimize import linear_sum_assignment

    check_places(places)
    n_items = len(places)
    side = int(np.ceil(np.sqrt(2 * n_items)))
    side = side if columns is None else checked_whole("columns", columns)
    if side**2 < n_items:
        raise ValueError(
            f"{n_items:,} items need at least {int(np.ceil(np.sqrt(n_items)))} columns. "
            f"Received: columns={columns}"
        )
    # The distances, and one array on the way to them.
    check_memory(
        2 * 8 * n_items * side**2,
        f"Distances of {n_items:,} items from {side**2:,} cells × 16 bytes",
        f"Take fewer items: places.sample({_SAMPLE}).",
    )
    row, column = np.divmod(np.arange(side**2), side)
    distances = np.subtract.outer(places["x"].to_numpy(), (column + 0.5) / side) ** 2
    distances += np.subtract.outer(places["y"].to_numpy(), (side - row - 0.5) / side) ** 2
    _, cell = linear_sum_assignment(distances)
    return pd.DataFrame({"column": column[cell], "row": row[cell]}, index=places.index)


def check_places(places):
    """Raise unless places are a DataFrame with x and y of at least one item, all finite numbers.

    And if one is too far away to reckon with.
    """
    check_table("places", places, ["x", "y"], "zapsim.map_catalogue")
    both = places[["x", "y"]]
    # Texts would do for finite numbers, and complex ones would lose half.
    real = all(dtype.kind in "fiu" for dtype in both.dtypes)
    if not real or not len(places) or not np.isfinite(both.to_numpy(float)).all():
        raise ValueError(
            "places must be those of at least one item, all finite numbers. "
            f"Received: {len(places):,} rows"
        )
    farthest = both.abs().to_numpy(float).max()
    if farthest > _FARTHEST:
        raise ValueError(
            "places must be about from 0 to 1, as zapsim.map_catalogue returns. Received: "
            f"{farthest:g}, without its sign. Divide all by the largest: "
            "places / places.abs().max().max()."
        )
