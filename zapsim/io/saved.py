"""Keep results in single Parquet files: a similarity matrix, or every item's neighbours.

In: what `zapsim.similarity_matrix` or `zapsim.top_k` returns. Out: a file, and the same again.
The edge rule: a file appears whole or not at all; a file that holds something else is a
`StoreError`.
"""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd

from zapsim.checks import check_neighbours, check_type, checked_values
from zapsim.io.parquet import StoreError, read_vectors, write_vectors

__all__ = ["Neighbours", "load_matrix", "load_neighbours", "save_matrix", "save_neighbours"]

_NEIGHBOURS = ("indices", "scores")


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

    def __repr__(self):
        return f"Neighbours of {len(self.keys):,} items, {self.indices.shape[1]:,} of each"


def save_matrix(matrix, path):
    """Write a similarity matrix to one Parquet file, whole or not at all.

    Parameters
    ----------
    matrix : pandas.DataFrame of shape (n_items, n_items)
        With the same keys on both axes, in the same order, each once, and finite values;
        ValueError if not, or if keys are no texts of at most 1,024 characters.
    path : path
        Its folder is made where it is missing; `StoreError` if it cannot be written, or is taken by
        something else than a Parquet file.
    """
    write_vectors(path, *_checked_matrix(matrix))


def load_matrix(path):
    """Read what `save_matrix` wrote: a DataFrame (n_items, n_items) of float32, keys on both axes.

    FileNotFoundError if there is no such file; `StoreError` if it is damaged, holds something
    else, or cannot be read now.
    """
    keys, scores = read_vectors(path)
    if scores.shape != (len(keys), len(keys)):
        raise StoreError(
            f"{path} holds {len(keys):,} vectors of {scores.shape[1]:,} numbers, "
            "which is not a square matrix. Was it written by save_matrix?"
        )
    index = pd.Index(keys, name="key")
    matrix = pd.DataFrame(scores, index=index, columns=index, copy=False)
    with _refused(path, "a similarity matrix", "save_matrix"):
        if scores.dtype != np.float32:
            raise TypeError(f"its values are {scores.dtype}.")
        _checked_matrix(matrix)
    return matrix


def save_neighbours(neighbours, path):
    """Write neighbours to one Parquet file, whole or not at all.

    Its columns are ``key`` (str), ``indices`` (fixed-size list of int32) and ``scores``
    (fixed-size list of float32); one row an item, in order.

    Parameters
    ----------
    neighbours : Neighbours
        ValueError if there are none, as one item alone has no neighbours, if they do not point at
        their keys, each with a score, or if keys are no texts. Numbers of other kinds are
        converted.
    path : path
        As in `save_matrix`.
    """
    write_vectors(path, *_checked_neighbours(neighbours), names=_NEIGHBOURS)


def load_neighbours(path):
    """Read neighbours that `save_neighbours` wrote.

    Returns `Neighbours`; errors as in `load_matrix`.
    """
    keys, indices, scores = read_vectors(path, _NEIGHBOURS)
    with _refused(path, "neighbours", "save_neighbours"):
        if (indices.dtype, scores.dtype) != (np.int32, np.float32):
            raise TypeError(f"its indices are {indices.dtype}, and its scores {scores.dtype}.")
        return _checked_neighbours(Neighbours(pd.Index(keys, name="key"), indices, scores))


# What is saved and what is loaded passes the same checks.
def _checked_matrix(matrix):
    """Return a matrix's keys and its values, float32; TypeError or ValueError if it is none."""
    check_type(
        matrix, pd.DataFrame, "matrix must be a DataFrame, as zapsim.similarity_matrix returns."
    )
    if not matrix.index.equals(matrix.columns):
        raise ValueError("The matrix must have the same keys on both axes, in the same order.")
    if not matrix.index.is_unique:
        raise ValueError("The matrix must have each key once.")
    return matrix.index, checked_values(matrix, "matrix")


def _checked_neighbours(neighbours):
    """Return neighbours as they are kept; TypeError or ValueError if they are none."""
    check_neighbours(neighbours)
    if neighbours.scores.dtype.kind != "f" or neighbours.scores.shape != neighbours.indices.shape:
        raise ValueError("Each of the neighbours must have a score, a number in floating point.")
    indices = neighbours.indices.astype(np.int32, copy=False)
    with np.errstate(over="ignore"):
        scores = neighbours.scores.astype(np.float32, copy=False)
    if not indices.size:
        raise ValueError(
            "There are no neighbours to save: one item alone has none. "
            f"Received: indices of shape {indices.shape}"
        )
    if ((indices == -1) != np.isnan(scores)).any() or np.isinf(scores).any():
        raise ValueError(
            "Each of the neighbours must have a finite score, and NaN where no more exist (-1)."
        )
    return Neighbours(neighbours.keys, indices, scores)


@contextmanager
def _refused(path, what, function):
    try:
        yield
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"{path} does not hold {what}: {error} Was it written by {function}? If so, compute it "
            "again."
        ) from error
