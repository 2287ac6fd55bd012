"""Compare feature vectors by cosine similarity: the whole matrix, or every item's nearest.

In: features, a DataFrame (n_items, n_features) indexed by key. Out: scores, float32, unitless,
in [-1, 1], higher is closer. The edge rule: a vector of zeros has no direction; its score is 0
with every other item and 1 with itself.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from zapsim.labels import groups_of
from zapsim.memory import check_memory
from zapsim.products import float32_error, product_precision
from zapsim.search import exact_scores, nearest_of_all
from zapsim.store import StoreError, read_vectors, write_vectors

__all__ = [
    "Neighbours",
    "check_features",
    "check_k",
    "checked_values",
    "clear_rounding",
    "load_matrix",
    "load_neighbours",
    "nearest",
    "nearest_to",
    "save_matrix",
    "save_neighbours",
    "similarity_matrix",
    "top_k",
    "unit_vectors",
]


_NEIGHBOURS = ("indices", "scores")
_ROUNDING = 1e-5


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
    values = checked_values(features)
    # Scaling by the largest number first keeps squares of extreme values in range.
    largest = np.maximum(values.max(axis=1), -values.min(axis=1))[:, None]
    values = values / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.einsum("nd,nd->n", values, values))[:, None]
    values /= np.where(length > 0, length, 1)
    return values


def clear_rounding(values, lengths):
    """Set vectors to zeros, in place, of which only rounding is left.

    A difference of two equal vectors is not quite 0, and scaled to length 1 it would say as much as
    any other. Features are kept as float16, in steps of one in 2,000, so what is 100,000 times
    shorter than the vectors it comes from says nothing.

    Parameters
    ----------
    values : ndarray of shape (n_items, n_features), float32
        What is left of vectors once their mean is taken away.
    lengths : ndarray of shape (n_items,), or float
        Of the vectors before.
    """
    left = np.sqrt(np.einsum("nd,nd->n", values, values))
    values[left < _ROUNDING * lengths] = 0


def similarity_matrix(features):
    """Compare all pairs of items by cosine similarity.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_items), float32
        Keys on both axes; symmetric, with a diagonal of exactly 1. Scores are float32 products:
        those of identical vectors may differ in their last digits, depending on their place. Only
        `top_k` scores each pair exactly, so that such items tie.

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
        If it holds something else, or cannot be read now.
    """
    keys, scores = read_vectors(path)
    if scores.shape != (len(keys), len(keys)):
        raise StoreError(
            f"{path} holds {len(keys):,} vectors of {scores.shape[1]:,} numbers, "
            "which is no square matrix. Was it written by save_matrix?"
        )
    index = pd.Index(keys, name="key")
    return pd.DataFrame(scores, index=index, columns=index, copy=False)


def top_k(features, k=50, exclude=None, precision="float32"):
    """Find every item's k nearest other items, exactly.

    The n_items × n_items matrix is never held, only tiles of about 4 MB of it, one a core.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.
    k : int
        At least 1. Where fewer others exist, all of them are returned.
    exclude : array-like of shape (n_items,), or Series indexed by key, optional
        Items with the same value are no neighbours of each other: with the catalogue's column
        ``Product``, other colourways of an item are left out. A missing value excludes nothing.
    precision : {"float32", "bfloat16", "auto"}
        What scores are first guessed in, by matrix products; the result is the same in all. On
        CPUs with native bfloat16 that is up to twice as fast for large catalogues, and slower on
        all others; it loads TensorFlow. "auto" takes it where the CPU has it, a timed trial
        (`zapsim.precision.choose_precision`) shows it faster, and the catalogue is so large
        that it pays: some 40,000 items of 2,048 features if TensorFlow has to be loaded first.

    Returns
    -------
    Neighbours
        The item itself is left out; an identical twin is not. Scores are computed in float64 for
        each pair on its own, then rounded to float32.

    Raises
    ------
    ValueError
        If k is less than 1, `exclude` has another length, `precision` is none of the three, or
        features hold NaN or infinity, or a key more than once.

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
    precision = product_precision(precision, *unit.shape)
    groups = groups_of(exclude, features.index)
    k = min(k, len(unit) - 1)
    if k:
        found = nearest_of_all(unit, groups, k, precision)
    else:
        found = np.empty((1, 0), np.int32), np.empty((1, 0), np.float32)
    return Neighbours(features.index, *found)


def save_neighbours(neighbours, path):
    """Write neighbours to one Parquet file, whole or not at all.

    Its columns are ``key`` (str), ``indices`` (fixed-size list of int32) and ``scores`` (of
    float32), a row an item, in order.

    Parameters
    ----------
    neighbours : Neighbours
    path : path

    Raises
    ------
    ValueError
        If there are none, for one item alone has no neighbours.
    StoreError
        If the file cannot be written.
    """
    if not neighbours.indices.size:
        raise ValueError(
            "There are no neighbours to be saved. "
            f"Received: indices of shape {neighbours.indices.shape}"
        )
    write_vectors(path, *neighbours, names=_NEIGHBOURS)


def load_neighbours(path):
    """Read neighbours that `save_neighbours` wrote.

    Returns
    -------
    Neighbours

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    StoreError
        If it is damaged, holds something else, or cannot be read now.
    """
    keys, indices, scores = read_vectors(path, _NEIGHBOURS)
    whole = (
        indices.shape == scores.shape
        and (indices.dtype, scores.dtype) == (np.int32, np.float32)
        and (indices >= -1).all()
        and (indices < len(keys)).all()
        and ((indices == -1) == np.isnan(scores)).all()
    )
    if not whole:
        raise StoreError(
            f"{path} does not hold neighbours: its indices do not point at its {len(keys):,} keys, "
            "each with a score. Was it written by save_neighbours? If so, compute them again."
        )
    return Neighbours(pd.Index(keys, name="key"), indices, scores)


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
    scores = unit @ vector
    if allowed is not None:
        scores[~allowed] = -np.inf
    # The product ranks all but for its rounding; what that leaves open is scored exactly.
    lowest = _kth_highest(scores, k) - 2 * float32_error(len(vector))
    indices = np.flatnonzero(scores >= max(lowest, -2))
    exact = exact_scores(vector, unit, indices)
    order = nearest(exact, k)
    return indices[order], exact[order]


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
    # Everything not below the k-th score stays in, so that ties are still all there.
    candidates = np.flatnonzero((scores >= _kth_highest(scores, k)) & (scores > -np.inf))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]


def _kth_highest(scores, k):
    return np.partition(scores, len(scores) - k)[len(scores) - k] if k < len(scores) else -np.inf


def check_features(features):
    """Raise unless features are a DataFrame (TypeError) with a key for each row (ValueError)."""
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            "features must be a pandas.DataFrame indexed by key, as VGG16Extractor.extract and "
            f"load_features return. Received: {type(features).__name__}"
        )
    if not features.index.is_unique:
        twice = features.index[features.index.duplicated()][0]
        raise ValueError(
            f"The features hold a key more than once, such as {twice!r}. Keep one row of each: "
            "features[~features.index.duplicated()]."
        )


def checked_values(features):
    """Return features as an array (n_items, n_features), float32; ValueError if unfit.

    That is if they are not two-dimensional, are empty, or hold NaN or infinity; the first items
    that do are named.
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
    return values


def check_k(k, name="k"):
    """Raise ValueError, which names it, unless k is a whole number of at least 1."""
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"{name} must be a whole number of at least 1. Received: {name}={k!r}")
