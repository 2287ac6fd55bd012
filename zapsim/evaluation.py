"""Judge recommendations against what is known about the items.

In: neighbours, and a label for each item. Out: a number in [0, 1], higher is better.
"""

import numpy as np
import pandas as pd

from zapsim.similarity import aligned

__all__ = ["precision_at_k"]


def precision_at_k(neighbours, labels):
    """Return the mean share of an item's k neighbours that carry the item's own label.

    Parameters
    ----------
    neighbours : Neighbours
        What `zapsim.top_k` returns; its number of columns is the k.
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
        Such as a column of the catalogue's table. Without keys, in the order of
        ``neighbours.keys``.

    Returns
    -------
    float
        Items without a label, or without neighbours, are left out as queries; a neighbour that
        is missing or has no label counts as wrong.

    Raises
    ------
    ValueError
        If there is not one label for each item, or no item has both a label and a neighbour.

    References
    ----------
    Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, section 8.4.
    """
    codes = pd.factorize(np.asarray(aligned(labels, neighbours.keys), object))[0]
    if len(codes) != len(neighbours.keys):
        raise ValueError(
            f"labels must have one value for each of the {len(neighbours.keys):,} items. "
            f"Received: {len(codes):,} values"
        )
    right = (codes[neighbours.indices] == codes[:, None]) & (neighbours.indices >= 0)
    asked = (codes >= 0) & (neighbours.indices >= 0).any(axis=1)
    if not asked.any():
        raise ValueError("No item has both a label and a neighbour: there is nothing to judge.")
    return float(right[asked].mean())
