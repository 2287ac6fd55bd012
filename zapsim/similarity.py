"""Compare feature vectors by cosine similarity: the whole matrix, or every item's nearest.

In: features, a DataFrame (n_items, n_features) indexed by key. Out: scores, float32, unitless,
in [-1, 1], higher is closer. The edge rule: a vector of zeros has no direction; its score is 0
with every item, itself included, and so a matrix tells it from one that is like no other.

`top_k` works in two steps. Matrix products score whole tiles of pairs, each pair once, with an
error below a known bound. Whatever this bound allows among the k nearest is a candidate, and
candidates are scored again, each pair on its own, in float64. So identical vectors tie exactly,
and neither tiles nor threads change the result.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from itertools import pairwise
from threading import Lock

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info, threadpool_limits

from zapsim.checks import check_features, check_memory, checked_values, checked_whole, groups_of
from zapsim.io.locks import ForkSafeLock
from zapsim.io.saved import Neighbours

__all__ = [
    "clear_rounding",
    "exact_scores",
    "float32_error",
    "nearest",
    "nearest_of",
    "nearest_to",
    "similarity_matrix",
    "top_k",
    "unit_vectors",
    "vector_lengths",
]

_ROUNDING = 1e-5
# Large enough for the matrix product to run at full speed, small enough for a tile of scores
# (4 MB) to be looked through while the cache still holds it.
_TILE = 1024
# Of memory, for each neighbour that is sought: about so many, as measured, while others are found.
_BYTES = 48
# So many numbers are widened to float64 at once: half a megabyte, a core's own cache.
_CHUNK = 1 << 16
_ONE_AT_A_TIME = ForkSafeLock()
# Half the distance from 1 to the next float32.
_UNIT_ROUNDING = 2.0**-24
# Room for the few other roundings: those of thresholds and of the final score.
_SLACK = 2.0**-20


def unit_vectors(features):
    """Scale every vector to length 1, float32; vectors of zeros stay as they are.

    Features are a DataFrame or ndarray of shape (n_items, n_features), finite, or it is a
    ValueError.
    """
    values = checked_values(features)
    lengths = vector_lengths(values)[:, None]
    lengths[lengths == 0] = 1
    return np.divide(values, lengths, out=np.empty_like(values), casting="same_kind")


def vector_lengths(values):
    """Return the lengths, (n_items,), float64, of vectors (n_items, n_features), float32.

    No square of a float32 is out of float64's range; float32 would lose those of tiny and of huge
    numbers, and the small summands of a long sum.
    """
    lengths = np.empty(len(values))
    step = max(1, _CHUNK // values.shape[1])
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        # NumPy's own sum is the same wherever the vector lies: twins have the same length.
        lengths[part] = np.square(values[part], dtype=np.float64).sum(axis=1)
    return np.sqrt(lengths, out=lengths)


def clear_rounding(values, lengths):
    """Set vectors to zeros, in place, where nothing but rounding is left of them.

    `values`, (n_items, n_features), are what is left once a mean was taken away from vectors of
    these `lengths`, (n_items,) or one number. A difference of two equal vectors is not exactly 0,
    and scaled to length 1 it would count as much as any other. Features are kept as float16, in
    steps of one in 2,000: a vector 100,000 times shorter than those it comes from means nothing.
    """
    values[vector_lengths(values) < _ROUNDING * lengths] = 0


def similarity_matrix(features):
    """Compare all pairs of items by cosine similarity.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_items), float32
        Keys on both axes; symmetric, with a diagonal of exactly 1, or 0 for a vector of zeros.
        Scores are float32 products: those of identical vectors may differ in their last digits,
        depending on their place. Only `top_k` scores each pair exactly, so that such items tie.

    Raises
    ------
    MemoryError
        If the matrix would not fit in memory; `top_k` does without it.
    TypeError, ValueError
        As in `top_k`.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[1, 0], [0, 2], [3, 3]], index=["right", "up", "diagonal"])
    >>> zapsim.similarity_matrix(features).round(3)
              right     up  diagonal
    right     1.000  0.000     0.707
    up        0.000  1.000     0.707
    diagonal  0.707  0.707     1.000
    """
    check_features(features)
    n_items = len(features)
    check_memory(
        4 * n_items**2,
        f"A matrix of {n_items:,} × {n_items:,} scores × 4 bytes",
        "Use zapsim.top_k(features, k=50), which keeps only the nearest: "
        f"{n_items * 50 * 8 / 1e9:.3f} GB.",
    )
    unit = unit_vectors(features)
    scores = unit @ unit.T
    np.clip(scores, -1, 1, out=scores)
    # Rounding leaves the diagonal at 0.9999999; an item is exactly as similar as can be to itself.
    np.fill_diagonal(scores, unit.any(axis=1))
    return pd.DataFrame(scores, index=features.index, columns=features.index, copy=False)


def top_k(features, k=50, exclude=None):
    """Find every item's k nearest other items, exactly.

    Other libraries call this top-k, or topk. The n_items × n_items matrix is never held, only
    tiles of about 4 MB of it, one a core.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.
    k : int
        At least 1. Where fewer others exist, all of them are returned.
    exclude : array-like of shape (n_items,), or Series indexed by key, optional
        Items with the same value are no neighbours of each other: with the catalogue's column
        ``Product``, other colourways of an item are left out. A missing value excludes nothing.

    Returns
    -------
    Neighbours
        Nearest first. Ties, which are equal scores, go to the lower index: they stand in the order
        of the features. The item itself is left out; an identical twin is not. Vectors are scaled
        to length 1, and rounded to float32; then scores are computed in float64 for each pair on
        its own, and rounded to float32. So a score is right to 2e-7, and neighbours whose scores
        differ by less than 4e-7 may change places.

    Raises
    ------
    MemoryError
        If so many neighbours would not fit in memory while they are found.
    TypeError
        If features are no DataFrame, or `exclude` is a single value.
    ValueError
        If k is less than 1, `exclude` has another length, or features hold NaN or infinity, or a
        key more than once, or are a similarity matrix.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[1, 0], [0, 2], [3, 3]], index=["right", "up", "diagonal"])
    >>> zapsim.top_k(features, k=1).indices.ravel()
    array([2, 2, 0], dtype=int32)

    The diagonal is as near to "right" as to "up": a tie, and "right" comes first.

    >>> zapsim.top_k(features, k=2).indices[2]
    array([0, 1], dtype=int32)
    """
    k = checked_whole("k", k)
    check_features(features)
    unit = unit_vectors(features)
    groups = groups_of(exclude, features.index)
    k = min(k, len(unit) - 1)
    check_memory(
        _BYTES * len(unit) * k,
        f"What it takes to find {k:,} neighbours of each of {len(unit):,} items",
        "Seek fewer: zapsim.top_k(features, k=50).",
    )
    if k:
        found = _nearest_of_all(unit, groups, k)
    else:
        found = np.empty((1, 0), np.int32), np.empty((1, 0), np.float32)
    return Neighbours(features.index, *found)


def nearest_to(vector, unit, k, allowed=None):
    """Find the k vectors nearest to one, by the rules of `top_k`.

    The vector, (n_features,), and `unit`, (n_items, n_features), are of length 1, or all zeros.
    Several kinds side by side will do as well, where `vector` has each kind's vector times a
    share, and the shares sum to 1. `allowed`, (n_items,), says which items may be found. Returns
    indices, int64, nearest first, ties by lower index, and scores, float32; fewer than k where
    fewer are allowed.
    """
    scores = unit @ vector.astype(np.float32, copy=False)
    if allowed is not None:
        scores[~allowed] = -np.inf
    exact = partial(exact_scores, vector, unit)
    return nearest_of(scores, k, float32_error(len(vector)), exact)


def nearest_of(scores, k, error, exact):
    """Find the k highest of scores, (n_items,), which are right up to an error, ``-inf`` never.

    What the error leaves open is scored again: `exact` takes indices and returns their scores.
    Returns indices, int64, highest first, ties by lower index, and those exact scores.
    """
    indices = np.flatnonzero(scores >= max(_kth_highest(scores, k) - 2 * error, -2))
    found = exact(indices)
    order = nearest(found, k)
    return indices[order], found[order]


def nearest(scores, k):
    """Return the positions of the k highest scores, highest first, ties by lower index.

    Those of ``-inf`` are never among them, so that there may be fewer.
    """
    # Everything not below the k-th score stays in, so that ties are still all there.
    candidates = np.flatnonzero((scores >= _kth_highest(scores, k)) & (scores > -np.inf))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]


def _kth_highest(scores, k):
    return np.partition(scores, len(scores) - k)[len(scores) - k] if k < len(scores) else -np.inf


def exact_scores(query, unit, indices):
    """Return a query's scores with some vectors, each on its own in float64, as float32.

    In [-1, 1], of shape (n,), as `indices` are. The same two vectors have the same score,
    whichever is the query.
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


def float32_error(n_features):
    """Bound the error of a score that was summed in float32, in whatever order.

    A bound for a sum of n_features products which are, without their signs, at most 1 in all, as
    they are for vectors of length 1; and some more for what is rounded besides. It holds for any
    number of features; of 17 million it leaves all open, so that all pairs are scored again.
    Jeannerod & Rump, "Improved error bounds for inner products in floating-point arithmetic",
    SIAM Journal on Matrix Analysis and Applications 34, 2013, doi:10.1137/120894488.
    """
    return 1.001 * n_features * _UNIT_ROUNDING + _SLACK


def _nearest_of_all(unit, codes, k):
    """Find the k nearest others of vectors as `unit_vectors` returns; k is less than n_items.

    Vectors of the same code, (n_items,), and so each vector and itself, are no neighbours. Returns
    indices, int32, and scores, float32, of shape (n_items, k); -1 and NaN where no more exist.
    """
    findable, error = _findable(unit, codes, k), float32_error(unit.shape[1])
    starts = range(0, len(unit), _TILE)
    blocks = [slice(start, min(start + _TILE, len(unit))) for start in starts]
    shortlists = [_Shortlist(unit, rows, k, error) for rows in blocks]

    def compare(pair):
        i, j = pair
        rows, columns = blocks[i], blocks[j]
        tile = unit[rows] @ unit[columns].T
        if np.isin(codes[rows], codes[columns]).any():
            tile[codes[rows, None] == codes[columns]] = -np.inf
        # A score counts for both of a pair.
        shortlists[i].add(tile, columns, findable)
        if i != j:
            shortlists[j].add(tile.T, rows, findable)

    # Blocks beside each other come first: keys are sorted, so similar items are often close, and
    # the sooner good neighbours are known, the fewer others are looked at.
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

    Each product then takes one thread. That is faster than threads that share every product and
    are idle while its scores are looked through.
    """
    # The limit holds for the whole process. Of two searches at once, the second would take the
    # first one's limit for the user's, and restore it at the end.
    with _ONE_AT_A_TIME.held():
        blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
        threads = max((library["num_threads"] for library in blas), default=1)
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            yield pool.map


class _Shortlist:
    """The candidates for the k nearest of a block of vectors, as far as is known.

    No score of a tile below `lowest`, (n_rows,), belongs to a neighbour. It rises with what is
    found.
    """

    def __init__(self, unit, rows, k, error):
        self._unit, self._queries, self._k, self._error = unit, unit[rows], k, error
        # Excluded pairs score -inf, and no score is below -1.
        self.lowest = np.full(len(self._queries), -2, np.float32)
        self._kept = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)
        self._new, self._lock = [], Lock()

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
        self._raise_lowest(full, kth - 2 * self._error)
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
        self._raise_lowest(full, self._kept[2][last] - self._error)

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


def _findable(unit, codes, k):
    """Return which vectors can be neighbours: all but the last ones of many identical vectors.

    Identical vectors tie, and ties go to the lower index. So a vector with k lower twins of its
    own code is never a neighbour. Of those that are left, neither is one with 2k lower twins: at
    most k of these share the query's code, and the others come first.
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


def _where(mask):
    """Return ``np.nonzero(mask)`` in the order of memory, on its fast path for flat arrays."""
    order = "C" if mask.flags.c_contiguous else "F"
    return np.unravel_index(np.flatnonzero(mask.ravel(order)), mask.shape, order)
