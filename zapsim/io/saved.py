"""Keep results in single Parquet files: a similarity matrix, or every item's neighbours.

In: what `zapsim.similarity_matrix` or `zapsim.top_k` returns. Out: a file, and the same again.
The edge rule: a file appears whole or not at all; a file that holds something else is a
`StoreError`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

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


def save_matrix(matrix, path):
    """Write a similarity matrix to one Parquet file, whole or not at all.

    Parameters
    ----------
    matrix : pandas.DataFrame of shape (n_items, n_items)
        With the same keys on both axes, in the same order; ValueError if they differ.
    path : path
        Its folder is made where it is missing; `StoreError` if it cannot be written.
    """
    if not matrix.index.equals(matrix.columns):
        raise ValueError("The matrix must have the same keys on both axes, in the same order.")
    write_vectors(path, matrix.index, matrix.to_numpy(dtype=np.float32))


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
    return pd.DataFrame(scores, index=index, columns=index, copy=False)


def save_neighbours(neighbours, path):
    """Write neighbours to one Parquet file, whole or not at all.

    Its columns are ``key`` (str), ``indices`` (fixed-size list of int32) and ``scores``
    (fixed-size list of float32); one row an item, in order.

    Parameters
    ----------
    neighbours : Neighbours
        ValueError if there are none: one item alone has no neighbours.
    path : path
        As in `save_matrix`.
    """
    if not neighbours.indices.size:
        raise ValueError(
            "There are no neighbours to save: one item alone has none. "
            f"Received: indices of shape {neighbours.indices.shape}"
        )
    write_vectors(path, *neighbours, names=_NEIGHBOURS)


def load_neighbours(path):
    """Read neighbours that `save_neighbours` wrote.

    Returns `Neighbours`; errors as in `load_matrix`.
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
