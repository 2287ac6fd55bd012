"""Lay a catalogue out on a plane, so that what is similar lies close together.

In: features, a DataFrame (n_items, n_features) indexed by key. Out: a place for each item, and a
grid of cells to draw their pictures in. The edge rule: a plane cannot keep thousands of
dimensions; neighbours there are mostly neighbours, distances between groups mean little.
"""

import pandas as pd

from zapsim.checks import check_catalogue, check_choice, check_features, checked_seed, checked_whole
from zapsim.draw.layout import METHODS, check_places, placed, snapped
from zapsim.keys import respelt
from zapsim.similarity import unit_vectors

__all__ = ["map_catalogue", "plot_map"]

# More pictures would be too small to see.
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
    check_features(features)
    check_choice("method", method, METHODS)
    seed = checked_seed(seed)
    n_items = len(features)
    if n_items < 3:
        raise ValueError(f"A map needs at least 3 items. Received: {n_items}")
    places = placed(unit_vectors(features), method, seed)
    return pd.DataFrame(places, columns=["x", "y"], index=features.index)


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
    check_places(places)
    n = checked_whole("n", n)
    seed = checked_seed(seed)
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
