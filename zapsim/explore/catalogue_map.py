"""Lay a catalogue out on a plane, so that what is similar lies close together.

In: features, a DataFrame (n_items, n_features) indexed by key. Out: a place for each item, and a
grid of cells to draw their pictures in. The edge rule: a plane cannot keep thousands of
dimensions; neighbours there are mostly neighbours, distances between groups mean little.
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_features,
    check_memory,
    check_table,
    checked_whole,
)
from zapsim.keys import respelt
from zapsim.similarity import unit_vectors

__all__ = ["map_catalogue", "plot_map", "snapped"]

_METHODS = ("t-SNE", "PCA")
_COMPONENTS = 50
# More pictures would be too small to see; and moving n of them to cells takes n² memory.
_MOST = 2000


def map_catalogue(features, method="t-SNE", seed=42):
    """Find a place on a plane for each item.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key; at least 3 items.
    method : {"t-SNE", "PCA"}
        t-SNE keeps close what is close, and takes seconds for hundreds of items, minutes for
        tens of thousands. PCA is the two directions in which the items differ most: immediate,
        but neighbours overlap.
    seed : int
        For t-SNE. The same seed gives the same map with the same versions of the libraries on
        the same kind of machine, and maybe another one elsewhere: PCA is comparable, t-SNE is
        to be looked at.

    Returns
    -------
    pandas.DataFrame of shape (n_items, 2), float64
        Columns ``x`` and ``y``, each from 0 to 1 (y upwards), indexed by key.

    References
    ----------
    van der Maaten & Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008. How to read one:
    Wattenberg, Viégas & Johnson, "How to Use t-SNE Effectively", Distill, 2016,
    doi:10.23915/distill.00002.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    check_features(features)
    check_choice("method", method, _METHODS)
    checked_whole("seed", seed, 0)
    n_items = len(features)
    if n_items < 3:
        raise ValueError(f"A map needs at least 3 items. Received: {n_items}")
    unit = unit_vectors(features)
    n_components = 2 if method == "PCA" else min(_COMPONENTS, *unit.shape)
    with np.errstate(invalid="ignore"):  # Where all items are the same, nothing varies.
        places = PCA(min(n_components, *unit.shape), random_state=seed).fit_transform(unit)
    # Where nothing varies, or in one direction only, t-SNE has nowhere to begin.
    if method == "t-SNE" and places.shape[1] > 1 and np.ptp(places[:, 0]) > 0:
        perplexity = min(30, (n_items - 1) / 3)
        # On a busy machine its threads wait for each other, minutes instead of seconds; and one
        # thread adds up in the same order every time.
        with threadpool_limits(1):
            places = TSNE(perplexity=perplexity, random_state=seed).fit_transform(places)
    # One feature alone gives one direction only.
    places = places[:, :2]
    places = np.pad(places, ((0, 0), (0, max(0, 2 - places.shape[1])))).astype(np.float64)
    span = np.ptp(places, axis=0)
    places = (places - places.min(axis=0)) / np.where(span > 0, span, 1)
    return pd.DataFrame(places, columns=["x", "y"], index=features.index)


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

    _check_places(places)
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
        f"Take fewer items: places.sample({_MOST}).",
    )
    row, column = np.divmod(np.arange(side**2), side)
    distances = np.subtract.outer(places["x"].to_numpy(), (column + 0.5) / side) ** 2
    distances += np.subtract.outer(places["y"].to_numpy(), (side - row - 0.5) / side) ** 2
    _, cell = linear_sum_assignment(distances)
    return pd.DataFrame({"column": column[cell], "row": row[cell]}, index=places.index)


def plot_map(catalogue, places, label=None, n=600, seed=42):
    """Draw the map with the items' pictures.

    Parameters
    ----------
    catalogue : Catalogue
    places : pandas.DataFrame of shape (n_items, 2)
        As `map_catalogue` returns.
    label : str, optional
        A column of the catalogue, such as Category: its most frequent values are told apart by
        colour.
    n : int
        At most so many items are drawn, and never more than 2,000, which would be too small to
        see. Of more, they are chosen at random, and a printed line says how many.
    seed : int
        For the choice.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    KeyError
        If an item is not in the catalogue, or there is no such column.
    """
    from zapsim.draw.plots import plot_mosaic

    check_catalogue(catalogue)
    _check_places(places)
    checked_whole("n", n)
    checked_whole("seed", seed, 0)
    places = places.set_axis(respelt(places.index, catalogue.keys))
    n_items, n = len(places), min(n, _MOST)
    if n_items > n:
        places = places.sample(n, random_state=seed)
        print(f"{n:,} of {n_items:,} items are drawn, chosen at random.")
    if label is not None:
        check_choice("label", label, catalogue.table.columns, KeyError)
    labels = None if label is None else catalogue.table[label].loc[places.index]
    pictures = [catalogue.picture_or_none(key) for key in places.index]
    cells = snapped(places)
    return plot_mosaic(pictures, cells["row"], cells["column"], labels)


def _check_places(places):
    check_table("places", places, ["x", "y"], "zapsim.map_catalogue")
    if not len(places) or not np.isfinite(places[["x", "y"]].to_numpy(float)).all():
        raise ValueError(
            f"places must be those of at least one item, all finite. Received: {len(places):,} rows"
        )
