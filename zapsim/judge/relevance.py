"""Say what a right neighbour is: one that shares a value of a catalogue column with the query.

In: labels, one cell an item, several values in it joined by ``;``. Out: how relevant one item is
for another, in [0, 1], and how many relevant ones there are to be found. The edge rules: an item
without a value is relevant to none; an item is never relevant to itself, nor to those that share
its group, such as the other colourways of its product.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from zapsim.catalogue import split_values
from zapsim.checks import groups_of, item_values

__all__ = ["Relevance"]

# How many values are compared at once, at some 60 bytes each; four times as many save a tenth of
# the time.
_AT_ONCE = 2**19


class Relevance:
    """How relevant items are for each other, by the values that they share.

    The gain of a pair is the Jaccard index of their two sets of values, shared / all: 1 for the
    same cell, 1/2 for ``Men`` and ``Men;Women``, 0 where nothing is shared. A pair is relevant if
    its gain is above 0. With one value a cell, gains are 0 or 1.

    No n_items × n_items matrix is made. `gains` looks at no pairs but those that it is asked for:
    50,025 × 50 take under a second. `to_be_found` compares all *different* cells that share a
    value, block by block, and keeps their numbers alone. That is nothing where many items have
    the same cell; where nearly every cell differs, its time grows with n_items²: about 20 seconds
    for 50,025 items with 4 of 60 tags each. Either takes below 100 MB of memory on the way.

    Parameters
    ----------
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
    keys : pandas.Index of shape (n_items,)
    exclude : array-like of shape (n_items,), or pandas.Series indexed by key, optional
        Items with the same value are not relevant to each other.

    Attributes
    ----------
    keys : pandas.Index of shape (n_items,)
    cells : ndarray of shape (n_items,), object
        The labels, in the items' order.
    values : pandas.Index of shape (n_values,)
        All values that occur, sorted.
    members : scipy.sparse.csr_matrix of shape (n_items, n_values), float64
        1 where an item has a value.
    labelled : ndarray of shape (n_items,), bool
        Which items have a value.
    groups : ndarray of shape (n_items,), int64
        As `groups_of` returns for `exclude`.
    """

    def __init__(self, labels, keys, exclude=None):
        self.keys = keys
        self.cells = item_values(labels, keys, "labels")
        codes, cells = pd.factorize(pd.Series(self.cells, dtype=object))
        sets = [split_values(cell) for cell in cells]
        self.values = pd.Index(sorted(set().union(*sets)), dtype=object)
        number = {value: n for n, value in enumerate(self.values)}
        rows = np.repeat(np.arange(len(sets)), [len(s) for s in sets])
        columns = [number[value] for s in sets for value in s]
        # One more row, of no values: the cell of items without a label, and of no item at all.
        shape = len(sets) + 1, len(self.values)
        has = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        self._codes = np.where(codes < 0, len(sets), codes)
        self._has = has
        self.members = has[self._codes]
        self.labelled = np.asarray(self.members.sum(axis=1)).ravel() > 0
        self.groups = groups_of(exclude, keys)

    def gains(self, neighbours):
        """Return each neighbour's gain for its query.

        Parameters
        ----------
        neighbours : ndarray of shape (n_items, k), int
            Positions, -1 for none.

        Returns
        -------
        ndarray of shape (n_items, k), float64
        """
        found = np.where(neighbours < 0, self._has.shape[0] - 1, self._codes[neighbours])
        sizes = np.diff(self._has.indptr)
        gains = np.empty(found.shape)
        for rows in _blocks(sizes[found].sum(axis=1) + sizes[self._codes] * found.shape[1]):
            one, other = np.repeat(self._codes[rows], found.shape[1]), found[rows].ravel()
            shared = self._has[one].multiply(self._has[other]).sum(axis=1)
            shared = np.asarray(shared).reshape(found[rows].shape)
            either = sizes[self._codes[rows], None] + sizes[found[rows]] - shared
            gains[rows] = shared / np.maximum(either, 1)
        return gains

    def to_be_found(self):
        """Count, for each item, the items that are relevant to it, by their gain.

        Returns
        -------
        levels : ndarray of shape (n_levels,), float64
            The gains that occur, falling.
        counts : ndarray of shape (n_items, n_levels), int64
        """
        n_cells, n_values = self._has.shape
        levels, counts = _count(self._has, np.bincount(self._codes, minlength=n_cells))
        # Within a group, items share a value if they share the pair of group and value.
        pairs, pair_of, n_alike = np.unique(
            self.groups * n_cells + self._codes, return_inverse=True, return_counts=True
        )
        groups, codes = np.divmod(pairs, n_cells)
        hidden = self._has[codes]
        sizes = np.diff(hidden.indptr)
        columns = np.repeat(groups, sizes) * n_values + hidden.indices
        occurring, columns = np.unique(columns, return_inverse=True)
        shape = len(pairs), len(occurring)
        hidden = csr_matrix((hidden.data, columns, hidden.indptr), shape=shape)
        hidden_levels, hidden_counts = _count(hidden, n_alike)
        counts = counts[self._codes]
        places = np.searchsorted(-levels, -hidden_levels)
        counts[:, places] -= hidden_counts[pair_of]
        return levels, counts


def _count(has, times):
    """Count the rows that share a value with each row, by their gain, each `times` times.

    Returns levels (n_levels,), falling, and counts (n_rows, n_levels), int64.
    """
    has, sizes, times = has.astype(np.int32), np.diff(has.indptr), times.astype(np.float64)
    transposed = has.T.tocsr()
    widest = 2 * int(sizes.max(initial=0)) + 1
    blocks = []
    for rows in _blocks(has @ np.diff(transposed.indptr)):
        shared = has[rows] @ transposed
        row = np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr))
        either = sizes[rows][row] + sizes[shared.indices] - shared.data
        # Few different fractions occur in many places: only those few are divided and sorted.
        fractions = shared.data * widest + either
        occurring = np.flatnonzero(np.bincount(fractions))
        levels, level_of = np.unique(
            -(occurring // widest) / (occurring % widest), return_inverse=True
        )
        column = np.zeros(widest**2, np.int64)
        column[occurring] = level_of
        size = shared.shape[0], len(levels)
        counts = np.bincount(
            row * len(levels) + column[fractions],
            times[shared.indices],
            minlength=size[0] * size[1],
        )
        blocks.append((rows, -levels, counts.reshape(size)))
    levels = np.unique(np.concatenate([block[1] for block in blocks]))[::-1]
    counts = np.zeros((has.shape[0], len(levels)), np.int64)
    for rows, some, counted in blocks:
        counts[rows, np.searchsorted(-levels, -some)] = counted
    return levels, counts


def _blocks(costs):
    """Yield slices of rows, in order, that cost about `_AT_ONCE` together, or are a single row."""
    block = np.cumsum(costs, dtype=np.int64) // _AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(block)) + 1), len(costs)]
    yield from map(slice, edges[:-1], edges[1:])
