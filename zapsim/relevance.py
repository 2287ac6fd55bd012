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
from zapsim.similarity import aligned

__all__ = ["Relevance", "groups_of"]


def groups_of(values, keys, name="exclude"):
    """Give each group of items a number; an item without a value is a group of its own.

    Parameters
    ----------
    values : array-like of shape (n_items,), pandas.Series indexed by key, or None
        None makes each item a group.
    keys : pandas.Index of shape (n_items,)
    name : str
        What errors call the values.

    Returns
    -------
    ndarray of shape (n_items,), int64
        From 0, in the order of the sorted values, so that it is the same in any order of items.
    """
    if values is None:
        return np.asarray(pd.factorize(keys, sort=True)[0])
    values = pd.Series(_checked(values, keys, name), dtype=object)
    codes = np.asarray(pd.factorize(values.map(str, na_action="ignore"), sort=True)[0])
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + pd.factorize(keys[alone], sort=True)[0]
    return codes


class Relevance:
    """How relevant items are for each other, by the values that they share.

    The gain of a pair is the Jaccard index of their two sets of values, shared / all: 1 for the
    same cell, 1/2 for ``Men`` and ``Men;Women``, 0 where nothing is shared. A pair is relevant if
    its gain is above 0. With one value a cell, gains are 0 or 1.

    No n_items × n_items matrix is made: gains are known by pair of *different cells*.

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
        self.cells = _checked(labels, keys, "labels")
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
        self._gains = _jaccard(has)
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
        nothing = self._gains.shape[0] - 1
        found = np.where(neighbours < 0, nothing, self._codes[neighbours])
        asked = np.broadcast_to(self._codes[:, None], found.shape)
        gains = self._gains[asked.ravel(), found.ravel()]
        return np.asarray(gains, np.float64).reshape(found.shape)

    def to_be_found(self):
        """Count, for each item, the items that are relevant to it, by their gain.

        Returns
        -------
        levels : ndarray of shape (n_levels,), float64
            The gains that occur, falling.
        counts : ndarray of shape (n_items, n_levels), int64
        """
        n_cells, n_items = self._gains.shape[0], len(self._codes)
        levels = np.unique(self._gains.data)[::-1]
        counts = np.empty((n_items, len(levels)), np.int64)
        items = np.bincount(self._codes, minlength=n_cells)
        alone = len(np.unique(self.groups)) == n_items
        in_group = csr_matrix(
            (np.ones(n_items), (self.groups, self._codes)), shape=(self.groups.max() + 1, n_cells)
        )
        for column, level in enumerate(levels):
            at_level = self._gains.copy()
            at_level.data = (at_level.data == level).astype(np.float64)
            at_level.eliminate_zeros()
            counts[:, column] = np.rint(at_level @ items)[self._codes]
            if alone:
                counts[:, column] -= self.labelled & (level == 1)
            else:
                hidden = (in_group @ at_level)[self.groups, self._codes]
                counts[:, column] -= np.rint(np.asarray(hidden)).ravel().astype(np.int64)
        return levels, counts


def _jaccard(has):
    """Return shared / all for each pair of rows that share anything, sparse."""
    shared = (has @ has.T).tocoo()
    sizes = np.asarray(has.sum(axis=1)).ravel()
    either = sizes[shared.row] + sizes[shared.col] - shared.data
    jaccard = csr_matrix((shared.data / either, (shared.row, shared.col)), shape=shared.shape)
    jaccard.sum_duplicates()
    return jaccard


def _checked(values, keys, name):
    """Return one value an item, in the items' order."""
    if values is None or isinstance(values, str):
        raise TypeError(
            f"{name} must be a value for each item, such as catalogue.table['Category']. "
            f"Received: {values!r}"
        )
    values = np.asarray(aligned(values, keys), object)
    if values.shape != (len(keys),):
        raise ValueError(
            f"{name} must have one value for each of the {len(keys):,} items. "
            f"Received: {len(values):,} values"
        )
    return values
