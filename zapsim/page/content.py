"""Say what a page knows of its items, as JSON: texts, filters, neighbours, vectors, places.

In: a catalogue's table, captions, and vectors of length 1 or a similarity matrix. Out: a dict of
plain lists and texts; arrays are little-endian bytes in base64. The edge rule: what a page cannot
hold exactly is an estimate, and the page says so.
"""

import base64

import numpy as np
import pandas as pd

from zapsim.checks import check_choice, check_frame, check_list, checked_spelling, groups_of
from zapsim.draw.html import spoken
from zapsim.draw.layout import check_places, placed, snapped
from zapsim.find.filters import Filters
from zapsim.find.rocchio import UNLIKE
from zapsim.metadata.cells import written
from zapsim.similarity import nearest, top_k

__all__ = ["page_content"]

_N_NUMBERS = 128
_SHOWN_FILTERS = 8
# t-SNE takes a minute for so many, and longer than a person waits for more.
_LAID_OUT = 5_000
_SNAPPED = 2_000
_PAIRS = 10_000


def page_content(catalogue, table, vectors, k, filters, places):
    """Return what a page knows of the items of a table (rows of `catalogue.table`).

    `vectors` are of length 1 (n_items, n_features), or a similarity matrix as a DataFrame; `k`
    neighbours of each are kept; `filters` and `places` as in `SimilarityPredictor.page`.
    """
    columns = [_column(name, table[name], catalogue.identifiers) for name in table.columns]
    indices, scores = _neighbours(table.index, vectors, k)
    short = _short(vectors)
    lowest, step, codes = _in_bytes(short)
    short = lowest + step * codes
    everyone = np.arange(len(table))
    return {
        "keys": table.index.tolist(),
        "captions": catalogue.captions.loc[table.index].tolist(),
        "columns": columns,
        "filters": _filters(table, catalogue.identifiers, filters),
        "products": _products(table),
        "k": indices.shape[1],
        "indices": _packed(indices, "<u4"),
        "scores": _packed(np.round(scores * 32767), "<i2"),
        # With itself, an item scores 1, or 0 where its vector is zeros.
        "own": _packed(np.round(_pairs(vectors, everyone, everyone) * 32767), "<i2"),
        "vectors": _packed(codes, "u1"),
        "lowest": lowest.tolist(),
        "step": step.tolist(),
        "error": _typical_error(short, vectors),
        "unlikeShare": UNLIKE,
        "places": _packed(_cells(table.index, short, places), "<f4"),
    }


def _column(name, column, identifiers):
    """Return a column's label, its different cells as text, and each item's, -1 where missing."""
    codes, cells = pd.factorize(column)
    return {
        "name": str(name),
        "label": spoken(str(name)),
        "cells": [written(cell) for cell in cells],
        "rows": codes.tolist(),
        "identifies": name in identifiers,
    }


def _filters(table, identifiers, names):
    """Return the positions of all columns to filter by, and of those offered at first."""
    usable = Filters(table, identifiers).best()
    if names is None:
        best = usable[:_SHOWN_FILTERS]
        shown = [name for name in table.columns if name in best]
    else:
        check_list("filters", names, "['Category', 'Brand']", empty=True)
        for name in names:
            check_choice("filters", name, table.columns, KeyError)
        shown = list(dict.fromkeys(names))
    rest = [name for name in table.columns if name in usable and name not in shown]
    return {
        "shown": [table.columns.get_loc(name) for name in shown],
        "rest": [table.columns.get_loc(name) for name in rest],
    }


def _products(table):
    if "Product" not in table:
        return None
    return groups_of(table["Product"], table.index, "Product").tolist()


def _neighbours(keys, vectors, k):
    """Return each item's nearest others: indices and scores, both (n_items, k), as `top_k` does."""
    k = min(k, len(keys) - 1)
    if not isinstance(vectors, pd.DataFrame):
        found = top_k(pd.DataFrame(vectors, index=keys, copy=False), max(k, 1))
        return found.indices.reshape(len(keys), k), found.scores.reshape(len(keys), k)
    matrix = vectors.to_numpy()
    others = (
        np.where(np.arange(len(keys)) == row, -np.inf, matrix[row]) for row in range(len(keys))
    )
    indices = np.array([nearest(scores, k) for scores in others], int).reshape(len(keys), k)
    return indices, np.take_along_axis(matrix, indices, axis=1)


def _short(vectors):
    """Return vectors of few numbers (n_items, n), whose products are close to the scores."""
    from sklearn.decomposition import TruncatedSVD

    values = np.asarray(vectors)
    if values.shape[1] == 1:
        return values
    n = min(_N_NUMBERS, *values.shape)
    svd = TruncatedSVD(n, random_state=0)
    with np.errstate(invalid="ignore"):  # Where all items are the same, nothing varies.
        short = svd.fit_transform(values)
    if isinstance(vectors, pd.DataFrame):
        # A matrix holds products of vectors: its singular values are the squares of theirs.
        short = short / np.sqrt(np.maximum(svd.singular_values_, np.finfo(np.float32).tiny))
    return short


def _in_bytes(short):
    lowest, highest = short.min(axis=0), short.max(axis=0)
    step = (highest - lowest) / 255
    codes = np.round((short - lowest) / np.where(step > 0, step, 1))
    return lowest, step, codes


def _typical_error(short, vectors):
    """Return below what 95 % of the errors of estimated scores are, on pairs drawn at random."""
    pairs = np.random.default_rng(0).integers(len(short), size=(2, _PAIRS))
    error = np.abs(_pairs(short, *pairs) - _pairs(vectors, *pairs))
    return float(np.quantile(error, 0.95))


def _pairs(vectors, ones, others):
    """Return the exact scores of pairs of items, (n_pairs,)."""
    if isinstance(vectors, pd.DataFrame):
        return vectors.to_numpy()[ones, others]
    parts = zip(*(np.array_split(rows, 100) for rows in (ones, others)), strict=True)
    return np.concatenate(
        [np.einsum("nd,nd->n", vectors[one], vectors[other]) for one, other in parts]
    )


def _cells(keys, short, places):
    """Return where each item's picture is drawn: x and y, downwards, in pictures' sides."""
    n_items = len(keys)
    if places is None:
        if n_items < 3:
            return np.column_stack([np.arange(n_items), np.zeros(n_items)])
        lengths = np.linalg.norm(short, axis=1, keepdims=True)
        unit = short / np.where(lengths > 0, lengths, 1)
        places = placed(unit, "t-SNE" if n_items <= _LAID_OUT else "PCA")
        places = pd.DataFrame(places, columns=["x", "y"], index=keys)
    else:
        check_places(places)
        check_frame(places, "places")
        places = checked_spelling(places, keys, "places")
        missing = keys[~keys.astype(object).isin(places.index)]
        if len(missing):
            raise ValueError(
                f"{len(missing):,} of {n_items:,} items have no place, such as {missing[0]!r}. "
                "Lay out the predictor's own features: zapsim.map_catalogue(features)."
            )
        places = places.loc[keys]
    if n_items <= _SNAPPED:
        return snapped(places).to_numpy()
    side = np.ceil(np.sqrt(2 * n_items))
    return np.column_stack([places["x"] * side, (1 - places["y"]) * side])


def _packed(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode()
