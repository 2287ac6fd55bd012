"""Find every vector's k nearest among all, exactly: guess by matrix products, then decide.

In: vectors of length 1 (or 0), float32, and a code for each; equal codes are no neighbours of each
other. Out: indices, int32, and scores, float32, nearest first. Matrix products give the scores of
whole tiles of pairs, each pair once, with an error below a known bound. What could be among the k
nearest by that bound is a candidate, and candidates are scored anew, each pair on its own in
float64: identical vectors tie exactly, and neither tiles, threads nor the precision of the
products changes the result. The edge rule: ties go to the lower index; -1 and NaN stand where no
more neighbours exist.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from threading import Lock

import numpy as np
import pandas as pd

from zapsim.products import PRODUCTS

__all__ = ["exact_scores", "nearest_of_all"]

# Large enough for the matrix product to run at full speed, small enough for a tile of scores
# (4 MB) to be looked through while the cache still holds it.
_TILE = 1024
# So many numbers are widened to float64 at once: half a megabyte, a core's own cache.
_CHUNK = 1 << 16
_ONE_AT_A_TIME = Lock()


def nearest_of_all(unit, codes, k, precision="float32"):
    """Find each vector's k nearest others.

    Parameters
    ----------
    unit : ndarray of shape (n_items, n_features), float32
        Vectors of length 1, or all zeros.
    codes : ndarray of shape (n_items,), int
        Vectors of the same code, and so each vector and itself, are no neighbours.
    k : int
        At least 1, less than n_items.
    precision : {"float32", "bfloat16"}
        Of the matrix products, not of the result.

    Returns
    -------
    indices : ndarray of shape (n_items, k), int32
    scores : ndarray of shape (n_items, k), float32
    """
    products, findable = PRODUCTS[precision](unit), _findable(unit, codes, k)
    starts = range(0, len(unit), _TILE)
    blocks = [slice(start, min(start + _TILE, len(unit))) for start in starts]
    shortlists = [_Shortlist(unit, rows, k, products.errors[rows]) for rows in blocks]

    def compare(pair):
        i, j = pair
        rows, columns = blocks[i], blocks[j]
        tile = products.tile(rows, columns)
        if np.isin(codes[rows], codes[columns]).any():
            tile[codes[rows, None] == codes[columns]] = -np.inf
        # A score counts for both of a pair.
        shortlists[i].add(tile, columns, findable)
        if i != j:
            shortlists[j].add(tile.T, rows, findable)

    # Blocks beside each other come first: sorted keys put like beside like, and the sooner good
    # neighbours are known, the fewer others are looked at.
    n = len(blocks)
    pairs = [(i, i + distance) for distance in range(n) for i in range(n - distance)]
    with _each_in_threads() as each:
        for _ in each(compare, pairs):
            pass
        indices, scores = zip(*each(_Shortlist.best, shortlists), strict=True)
    return np.concatenate(indices), np.concatenate(scores)


@contextmanager
def _each_in_threads():
    """Yield a ``map`` that runs as many calls at once as a matrix product would take threads.

    Each product then takes one: threads that wait for nobody are faster than threads that share
    every product and idle while its scores are looked through.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    # The limit is the whole process's: of two searches at once, the second would take the
    # first's for what was there before, and leave it behind.
    with _ONE_AT_A_TIME:
        blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
        threads = max((library["num_threads"] for library in blas), default=1)
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            yield pool.map


class _Shortlist:
    """What may be among the k nearest of a block of vectors, as far as is known.

    Attributes
    ----------
    lowest : ndarray of shape (n_rows,), float32
        No score of a tile below this belongs to a neighbour. It rises with what is found.
    """

    def __init__(self, unit, rows, k, errors):
        self._unit, self._queries, self._k, self._errors = unit, unit[rows], k, errors
        # Excluded pairs score -inf, and no score is below -1.
        self.lowest = np.full(len(errors), -2, np.float32)
        self._kept, self._new, self._lock = _nothing(), [], Lock()

    def add(self, tile, columns, findable):
        """Look through the scores of the block with some columns, (n_rows, n_columns)."""
        rows, found = _where(tile >= self.lowest[:, None])
        useful = findable[columns][found]
        rows, found = rows[useful], found[useful]
        entries = rows.astype(np.int32), (found + columns.start).astype(np.int32), tile[rows, found]
        with self._lock:
            self._new.append(entries)
            if sum(len(entry[0]) for entry in self._new) > self._limit:
                self._shorten()

    @property
    def _limit(self):
        return 2 * self._k * len(self.lowest)

    def _shorten(self):
        """Raise `lowest` to what is known by now, and drop what is below it."""
        rows, columns, scores = map(np.concatenate, zip(self._kept, *self._new, strict=True))
        n_rows = len(self.lowest)
        # One sort of plain numbers, row by row and each row's highest score first, is faster
        # than sorting the entries.
        keys = np.sort(4.0 * rows - scores)
        counts = np.bincount(rows, minlength=n_rows)
        full = np.flatnonzero(counts >= self._k)
        kth = 4.0 * full - keys[np.cumsum(counts)[full] - counts[full] + self._k - 1]
        # The k-th may be too high by the bound, and what beats it too low by as much.
        self._raise_lowest(full, kth - 2 * self._errors[full])
        keep = scores >= self.lowest[rows]
        self._kept, self._new = (rows[keep], columns[keep], scores[keep]), []
        if len(self._kept[0]) > self._limit:
            # Too many are too close: only their exact scores tell which can go.
            self._decide()

    def _decide(self):
        """Keep exactly the k nearest of each row, in order, with their exact scores."""
        rows, columns, _ = self._kept
        order = np.argsort(rows, kind="stable")
        rows, columns = rows[order], columns[order]
        ends = np.searchsorted(rows, np.arange(len(self.lowest) + 1))
        scores = np.empty(len(rows), np.float32)
        for row, (start, end) in enumerate(pairwise(ends)):
            scores[start:end] = exact_scores(self._queries[row], self._unit, columns[start:end])
        order = np.lexsort((columns, -scores, rows))
        order = order[np.arange(len(rows)) - ends[rows] < self._k]
        self._kept = rows[order], columns[order], scores[order]
        full = np.flatnonzero(np.diff(ends) >= self._k)
        last = np.searchsorted(self._kept[0], full, side="right") - 1
        self._raise_lowest(full, self._kept[2][last] - self._errors[full])

    def _raise_lowest(self, rows, scores):
        self.lowest[rows] = np.maximum(self.lowest[rows], scores)

    def best(self):
        """Return indices and scores of the k nearest, each of shape (n_rows, k)."""
        self._shorten()
        self._decide()
        rows, columns, scores = self._kept
        places = np.arange(len(rows)) - np.searchsorted(rows, rows)
        indices = np.full((len(self.lowest), self._k), -1, np.int32)
        exact = np.full(indices.shape, np.nan, np.float32)
        indices[rows, places], exact[rows, places] = columns, scores
        return indices, exact


def exact_scores(query, unit, indices):
    """Return the scores of a query with some vectors, each on its own in float64, as float32.

    Parameters
    ----------
    query : ndarray of shape (n_features,), float32
    unit : ndarray of shape (n_items, n_features), float32
    indices : ndarray of shape (n,), int

    Returns
    -------
    ndarray of shape (n,), float32
        In [-1, 1]. The same two vectors have the same score, whichever is the query.
    """
    query = query.astype(np.float64)
    scores = np.empty(len(indices), np.float32)
    step = max(1, _CHUNK // len(query))
    for start in range(0, len(indices), step):
        part = slice(start, start + step)
        products = unit[indices[part]].astype(np.float64)
        products *= query
        # NumPy's own sum, unlike a library's product, is the same wherever the vector lies.
        scores[part] = products.sum(axis=1)
    return np.clip(scores, -1, 1, out=scores)


def _findable(unit, codes, k):
    """Return which vectors can be anybody's neighbours: all, but for masses of identical ones.

    Identical vectors tie, and ties go to the lower index. So one that has k lower twins of its
    own code is nobody's neighbour; nor is one that, beyond those, has 2k lower twins: at most k
    of them share the query's code, and the others come first.
    """
    findable = np.ones(len(unit), bool)
    # Identical vectors have identical sums, which are cheaper than digests.
    sums = pd.factorize(unit.sum(axis=1))[0]
    suspects = np.flatnonzero(np.bincount(sums)[sums] > k)
    digests = [sha256(unit[item]).digest() for item in suspects]
    twins = pd.DataFrame({"vector": digests, "code": codes[suspects]}, index=suspects)
    twins = twins[twins.groupby(["vector", "code"]).cumcount() < k]
    twins = twins[twins.groupby("vector").cumcount() < 2 * k]
    findable[suspects] = False
    findable[twins.index] = True
    return findable


def _nothing():
    return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)


def _where(mask):
    """Return ``np.nonzero(mask)`` in the order of memory, on its fast path for flat arrays."""
    order = "C" if mask.flags.c_contiguous else "F"
    return np.unravel_index(np.flatnonzero(mask.ravel(order)), mask.shape, order)
