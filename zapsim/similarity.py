"""Compare feature vectors by cosine similarity: the whole matrix, or every item's nearest.

In: features, a DataFrame (n_items, n_features) indexed by key. Out: scores, float32, unitless,
in [-1, 1], higher is closer. The edge rule: a vector of zeros has no direction; its score is 0
with every other item and 1 with itself.
"""

from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pandas as pd
import psutil

from zapsim.store import StoreError, read_vectors, write_vectors

__all__ = [
    "Neighbours",
    "aligned",
    "check_features",
    "check_k",
    "load_matrix",
    "nearest",
    "nearest_to",
    "save_matrix",
    "similarity_matrix",
    "top_k",
    "unit_vectors",
]

_BLOCK_BYTES = 64_000_000
_GROUP = 64
# Matrix products round scores by less than this, differently from block to block.
_ROUNDING = np.float32(1e-5)


class Neighbours(NamedTuple):
    """Every item's nearest other items.

    Attributes
    ----------
    keys : pandas.Index of shape (n_items,)
        The items, in the features' order.
    indices : ndarray of shape (n_items, k), int32
        Positions in `keys`, nearest first, ties by lower index; -1 where no more exist.
    scores : ndarray of shape (n_items, k), float32
        Cosine similarities, falling from left to right; NaN where no more exist.
    """

    keys: pd.Index
    indices: np.ndarray
    scores: np.ndarray


def unit_vectors(features):
    """Scale every vector to length 1; vectors of zeros stay as they are.

    Parameters
    ----------
    features : pandas.DataFrame or ndarray of shape (n_items, n_features)

    Returns
    -------
    ndarray of shape (n_items, n_features), float32

    Raises
    ------
    ValueError
        If it is not two-dimensional, is empty, or holds NaN or infinity.
    """
    values = np.ascontiguousarray(features, dtype=np.float32)
    if values.ndim != 2 or not values.size:
        raise ValueError(
            "features must have shape (n_items, n_features), neither of them 0. "
            f"Received: {values.shape}"
        )
    # A sum is finite only if every summand is, and costs no copy of the array.
    sums = values.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        bad = np.flatnonzero(~np.isfinite(sums))
        names = features.index[bad] if isinstance(features, pd.DataFrame) else bad
        raise ValueError(
            f"{len(bad):,} of {len(values):,} feature vectors hold NaN or infinity, the first of "
            f"{list(names[:3])!r}. Drop them or extract them again."
        )
    # Scaling by the largest number first keeps squares of extreme values in range.
    largest = np.abs(values).max(axis=1, keepdims=True)
    values = values / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.einsum("nd,nd->n", values, values))[:, None]
    values /= np.where(length > 0, length, 1)
    return values


def similarity_matrix(features):
    """Compare all pairs of items by cosine similarity.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_items), float32
        Keys on both axes; symmetric, with a diagonal of exactly 1.

    Raises
    ------
    MemoryError
        If the matrix would not fit in memory; `top_k` does without it.
    ValueError
        If features hold NaN or infinity.

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
    needed, free = 4 * n_items**2, psutil.virtual_memory().available
    if needed > 0.8 * free:
        raise MemoryError(
            f"A matrix of {n_items:,} × {n_items:,} scores × 4 bytes is {needed / 1e9:.1f} GB; "
            f"{free / 1e9:.1f} GB of memory are free. Use zapsim.top_k(features, k=50), which "
            f"keeps only the nearest: {n_items * 50 * 8 / 1e9:.3f} GB."
        )
    unit = unit_vectors(features)
    scores = unit @ unit.T
    np.clip(scores, -1, 1, out=scores)
    # Rounding leaves the diagonal at 0.9999999; an item is exactly as similar as can be to itself.
    np.fill_diagonal(scores, 1)
    return pd.DataFrame(scores, index=features.index, columns=features.index, copy=False)


def save_matrix(matrix, path):
    """Write a similarity matrix to one Parquet file, whole or not at all.

    Parameters
    ----------
    matrix : pandas.DataFrame of shape (n_items, n_items)
        With the same keys on both axes, in the same order.
    path : path

    Raises
    ------
    ValueError
        If the two axes differ.
    StoreError
        If the file cannot be written.
    """
    if not matrix.index.equals(matrix.columns):
        raise ValueError("The matrix must have the same keys on both axes, in the same order.")
    write_vectors(path, matrix.index, matrix.to_numpy(dtype=np.float32))


def load_matrix(path):
    """Read a similarity matrix that `save_matrix` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StoreError
        If it holds something else.
    """
    keys, scores = read_vectors(path)
    if scores.shape != (len(keys), len(keys)):
        raise StoreError(
            f"{path} holds {len(keys):,} vectors of {scores.shape[1]:,} numbers, "
            "which is no square matrix. Was it written by save_matrix?"
        )
    index = pd.Index(keys, name="key")
    return pd.DataFrame(scores, index=index, columns=index, copy=False)


def top_k(features, k=50, exclude=None):
    """Find every item's k nearest other items, exactly, block by block.

    The n_items × n_items matrix is never held, only blocks of about 64 MB of it.

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
        The item itself is left out; an identical twin is not.

    Raises
    ------
    ValueError
        If k is less than 1, `exclude` has another length, or features hold NaN or infinity.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[1, 0], [0, 2], [3, 3]], index=["right", "up", "diagonal"])
    >>> zapsim.top_k(features, k=1).indices.ravel()
    array([2, 2, 0], dtype=int32)
    """
    check_k(k)
    check_features(features)
    unit = unit_vectors(features)
    n_items = len(unit)
    k = min(k, n_items - 1)
    indices = np.empty((n_items, k), np.int32)
    scores = np.empty((n_items, k), np.float32)
    excluded, twins = _excluded(aligned(exclude, features.index), n_items), _first_twins(unit)
    step = max(1, _BLOCK_BYTES // (4 * n_items))
    for start in range(0, n_items if k else 0, step):
        stop = min(start + step, n_items)
        block = unit[start:stop] @ unit.T
        for row in range(stop - start):
            block[row, excluded[start + row]] = -np.inf
        found = _nearest_of_block(block, unit[start:stop], unit, k, twins)
        indices[start:stop], scores[start:stop] = found
    return Neighbours(features.index, indices, scores)


def nearest_to(vector, unit, k, allowed=None):
    """Find the k vectors nearest to one, by the rules of `top_k`.

    Parameters
    ----------
    vector : ndarray of shape (n_features,), float32
        Of length 1, or all zeros.
    unit : ndarray of shape (n_items, n_features), float32
        As `unit_vectors` returns.
    k : int
        At least 1; fewer are returned where fewer are allowed.
    allowed : ndarray of shape (n_items,), bool, optional
        Which items may be found.

    Returns
    -------
    indices : ndarray of shape (up to k,), int64
        Nearest first, ties by lower index.
    scores : ndarray of shape (up to k,), float32
    """
    check_k(k)
    block = (unit @ vector)[None]
    if allowed is not None:
        block[0, ~allowed] = -np.inf
    indices, scores = _nearest_of_block(block, vector[None], unit, min(k, len(unit)))
    exist = indices[0] >= 0
    return indices[0, exist], scores[0, exist]


def nearest(scores, k):
    """Return the positions of the k highest scores, highest first, ties by lower index.

    Parameters
    ----------
    scores : ndarray of shape (n_items,)
        ``-inf`` where an item is not to be found.
    k : int
        At least 1; fewer positions are returned where fewer scores are finite.

    Returns
    -------
    ndarray of shape (up to k,), int64
    """
    check_k(k)
    candidates = np.flatnonzero(scores > -np.inf)
    if k < len(candidates):
        # Everything not below the k-th score stays in, so that ties are still all there.
        threshold = np.partition(scores[candidates], len(candidates) - k)[len(candidates) - k]
        candidates = candidates[scores[candidates] >= threshold]
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]


def _nearest_of_block(block, queries, unit, k, twins=None):
    """Return indices and scores of the k nearest for each row of a block of scores.

    A few candidates a row are found in the block; their scores are then computed anew, each on
    its own in float64. So identical vectors tie exactly, and no block size changes the result.
    """
    # No score is below -1, so -2 keeps out just the excluded ones, which are -inf.
    lowest = np.maximum(_threshold(block, k) - _ROUNDING, -2)
    rows, columns = np.nonzero(block >= lowest[:, None])
    # Identical vectors have identical scores, which are computed once.
    pairs, pair_of = (rows, columns), slice(None)
    if twins is not None:
        pairs = rows * np.int64(len(unit)) + twins[columns]
        pairs, pair_of = np.unique(pairs, return_inverse=True)
        pairs = np.divmod(pairs, len(unit))
    scores = _exact_scores(queries, unit, *pairs)[pair_of]
    order = np.lexsort((columns, -scores, rows))
    first = np.searchsorted(rows, np.arange(len(block) + 1))
    places = first[:-1, None] + np.arange(k)
    exist = places < first[1:, None]
    if not len(order):
        return np.full(places.shape, -1), np.full(places.shape, np.nan)
    chosen = order[np.where(exist, places, 0)]
    return np.where(exist, columns[chosen], -1), np.where(exist, scores[chosen], np.nan)


def _exact_scores(queries, unit, rows, columns):
    """Return the scores of pairs (row of queries, row of unit), each on its own in float64."""
    scores = np.empty(len(rows), np.float32)
    step = max(1, _BLOCK_BYTES // (8 * unit.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        products = queries[rows[part]].astype(np.float64) * unit[columns[part]]
        scores[part] = products.sum(axis=1)
    return np.clip(scores, -1, 1, out=scores)


def _first_twins(unit):
    """Return, for each vector, the index of the first identical one; None if all differ."""
    first = {}
    twins = [first.setdefault(sha256(row).digest(), i) for i, row in enumerate(unit)]
    return np.array(twins) if len(first) < len(unit) else None


def _excluded(exclude, n_items):
    """Return, for each item, the positions that are no neighbours of it, its own among them."""
    alone = np.arange(n_items)[:, None]
    if exclude is None:
        return alone
    if len(exclude) != n_items:
        raise ValueError(
            f"exclude must have one value for each of the {n_items:,} items. "
            f"Received: {len(exclude):,} values"
        )
    members = pd.Series(np.arange(n_items)).groupby(np.asarray(exclude, object)).indices
    return [
        members[value] if pd.notna(value) else alone[item]
        for item, value in enumerate(np.asarray(exclude, object))
    ]


def _threshold(block, k):
    """Return, for each row, a score that at least k of its scores reach.

    The k-th largest of the maxima of small groups is such a score, close to the k-th largest of
    all, and much cheaper to find.
    """
    n_rows, n_items = block.shape
    whole = n_items // _GROUP * _GROUP
    if whole // _GROUP < 4 * k:
        return np.partition(block, n_items - k, axis=1)[:, n_items - k]
    maxima = block[:, :whole].reshape(n_rows, -1, _GROUP).max(axis=2)
    return np.partition(maxima, maxima.shape[1] - k, axis=1)[:, maxima.shape[1] - k]


def aligned(values, keys):
    """Return one value an item, in the items' order: a Series is taken by key, all else as it is.

    Parameters
    ----------
    values : array-like, pandas.Series indexed by key, or None
    keys : pandas.Index
    """
    if isinstance(values, pd.Series) and keys.isin(values.index).all():
        return values.loc[keys]
    return values


def check_features(features):
    """Raise TypeError unless features are a DataFrame, whose index says whose they are."""
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            "features must be a pandas.DataFrame indexed by key, as VGG16Extractor.extract and "
            f"load_features return. Received: {type(features).__name__}"
        )


def check_k(k):
    """Raise ValueError unless k is a whole number of at least 1."""
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"k must be a whole number of at least 1. Received: k={k!r}")
