"""Recommend from a `FeatureIndex`: more vectors than memory holds, scored exactly.

In: a catalogue, and an index of its features. Out: what `SimilarityPredictor` gives, with the very
scores. The edge rule: what the approximate index does not find is missed, never scored wrongly;
where filters leave few, all of those are compared, and nothing is missed.
"""

import warnings
from functools import cached_property

import numpy as np
import pandas as pd

from zapsim.checks import check_catalogue, received
from zapsim.find.finder import Finder
from zapsim.find.rocchio import combined_vector
from zapsim.predictor import SimilarityPredictor
from zapsim.scale.index import FeatureIndex
from zapsim.similarity import exact_scores, nearest

__all__ = ["IndexPredictor"]

# Where no more items are left, all of them are compared.
_FEW = 2_000
# Short codes put some of the nearest further back: so many times as many are scored exactly.
_REFINE = 5
# Groups of the index that are read for each so many candidates, and at least.
_EFFORT, _A_GROUP = 40, 100
# A query comes back with other filters, or as an earlier step.
_KEPT = 16
_BLOCK = 16_384


class IndexPredictor(SimilarityPredictor):
    """Find, show and explain neighbours as `SimilarityPredictor` does, from an index.

    It shows the index as it was when this was made, whatever is added or removed later; once
    `FeatureIndex.clean` has deleted that version, it raises StoreError: open the index again, and
    make another.

    Parameters
    ----------
    catalogue : Catalogue
    index : FeatureIndex
        Items of the catalogue that it lacks are not recommended; a warning counts them.
    extractor : VGG16Extractor, optional
        As in `SimilarityPredictor`.

    Raises
    ------
    ValueError
        If no key of the index is in the catalogue, or another extractor made its features.
    """

    def __init__(self, catalogue, index, extractor=None):
        check_catalogue(catalogue)
        if not isinstance(index, FeatureIndex):
            raise TypeError(
                "index must be a zapsim.scale.FeatureIndex, as build_index returns. "
                f"Received: {received(index)}"
            )
        if not len(index):
            raise ValueError("The index is empty: there is nothing to recommend.")
        index = index.snapshot()
        keys, rows = index.rows()
        known = self._set_up(catalogue, keys, extractor, index.settings)
        lacking = catalogue.keys[~catalogue.keys.isin(keys)]
        if len(lacking):
            warnings.warn(
                f"{len(lacking):,} of {len(catalogue):,} items are not in the index and are not "
                f"recommended, such as {lacking[0]!r}. Extract them, then index.add(features).",
                stacklevel=2,
            )
        self._matrix, self._unit = None, _Stored(index, rows[known])
        self._columns = index.feature_names

    def __repr__(self):
        return f"IndexPredictor of {len(self.table):,} items, by {self._unit.index!r}"

    # An index compares whole vectors.
    grid = None

    def _cells(self, part):
        if part is not None:
            raise ValueError(
                "An index compares whole pictures, not parts of them. For these, make a "
                f"SimilarityPredictor from features. Received: part={received(part)}"
            )

    @cached_property
    def _finder(self):
        return Finder(self.table, self._unit, None)

    def page(self, *args, **options):
        """Write a page to take away, as `SimilarityPredictor.page`; it reads all vectors."""
        features = pd.DataFrame(self._unit[np.arange(len(self.table))], index=self.table.index)
        return SimilarityPredictor(self.catalogue, features, self.extractor).page(*args, **options)


class _Stored:
    """The vectors of an index, of length 1, as a space (see `zapsim.find.spaces`)."""

    def __init__(self, index, numbers):
        """`numbers`, (n_items,), uint64, are those of the table's rows in the index."""
        self.index, self._numbers = index, numbers
        self._order = np.argsort(numbers)
        self.shape = len(numbers), index.n_features
        self._kept = {}

    def __getitem__(self, rows):
        return self.index.unit_vectors(self._numbers[rows])

    def mean(self, axis):
        """Return the mean vector, (n_features,)."""
        starts = range(0, len(self._numbers), _BLOCK)
        sums = (self[start : start + _BLOCK].sum(axis=axis, dtype=float) for start in starts)
        return (sum(sums) / len(self._numbers)).astype(np.float32)

    def nearest(self, examples, n_liked, k, allowed):
        """Return rows and scores of the k nearest that are allowed, (n_items,), bool."""
        vectors = [self[[each]][0] if np.ndim(each) == 0 else each for each in examples]
        query = combined_vector(np.stack(vectors), n_liked)
        rows = self._candidates(query, _REFINE * k, allowed)
        scores = exact_scores(query, self[rows], np.arange(len(rows)))
        best = nearest(scores, k)
        return rows[best], scores[best]

    def between(self, rows):
        """Return the scores of some items with each other, (n, n)."""
        vectors = self[rows]
        return vectors @ vectors.T

    def _candidates(self, query, n, allowed):
        """Return the rows, sorted, of about the n nearest that are allowed, at least n if any."""
        n_allowed = np.count_nonzero(allowed)
        asked = n * len(allowed) // max(1, n_allowed)
        while n_allowed > max(_FEW, n) and asked < len(allowed) // 4:
            near = self._near(query, asked)
            near = near[allowed[near]]
            if len(near) >= n:
                return np.sort(near[:n])
            # What is near is rarer among those allowed than elsewhere.
            asked *= 4
        rows = np.flatnonzero(allowed)
        if len(rows) <= max(_FEW, n):
            return rows
        return self._of_all(query, n, rows)

    def _near(self, query, n):
        """Return the rows of about the n nearest to a query, nearest first."""
        name = query.tobytes()
        asked, near = self._kept.pop(name, (0, None))
        if asked < n:
            found = self.index.nearest_rows(query, n, max(_EFFORT, n // _A_GROUP))
            places = np.searchsorted(self._numbers, found, sorter=self._order)
            near = self._order[np.minimum(places, len(self._order) - 1)]
            # The catalogue need not know all of the index.
            asked, near = n, near[self._numbers[near] == found]
        self._kept[name] = asked, near
        for oldest in list(self._kept)[:-_KEPT]:
            self._kept.pop(oldest, None)
        return near

    def _of_all(self, query, n, rows):
        """Return those of some rows that are the n nearest, sorted: all are compared."""
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            scores[part] = self[rows[part]] @ query.astype(np.float32)
        return rows[np.sort(nearest(scores, n))]
