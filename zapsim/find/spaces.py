"""Find the nearest to one or several examples: by whole vectors, by a part of them, by a matrix.

In: examples, the liked ones first: rows, or vectors of length 1 of one's own; and which items may
be found. Out: rows, int64, nearest first, ties by lower index, and scores, float32, in [-1, 1]. The
edge rule: a vector, or its part, that is zeros has no direction; its score is 0.
"""

import numpy as np

from zapsim.find.rocchio import combined_scores, combined_vector
from zapsim.similarity import (
    exact_scores,
    float32_error,
    nearest,
    nearest_of,
    unit_vectors,
    vector_lengths,
)

__all__ = ["Parts", "Scores", "Vectors"]

# A query comes back with other filters, or as an earlier step; 50,000 scores take 200 kB.
_KEPT = 16


class Vectors:
    """Whole vectors of length 1, `unit` of shape (n_items, n_features), float32."""

    cells = ()

    def __init__(self, unit):
        self.unit = unit
        # What was computed of late: scores by cells and query; each cell's squared lengths.
        self.kept, self.squares = {}, {}

    def nearest(self, examples, n_liked, k, allowed):
        """Return rows and scores of the k nearest that are allowed, (n_items,), bool."""
        query = combined_vector(self._stacked(examples), n_liked)
        scores = np.where(allowed, self._scores(query), -np.inf)

        def exact(rows):
            return exact_scores(query, self._vectors(rows), np.arange(len(rows)))

        return nearest_of(scores, k, self._error(len(query)), exact)

    def _scores(self, query):
        """Return all scores, (n_items,), right up to the error; not to be changed."""
        name = self.cells, query.tobytes()
        scores = self.kept.pop(name, None)
        if scores is None:
            scores = self._products(query)
        self.kept[name] = scores
        for oldest in list(self.kept)[:-_KEPT]:
            self.kept.pop(oldest, None)
        return scores

    def _products(self, query):
        return self.unit @ query.astype(np.float32, copy=False)

    def _error(self, n_features):
        return float32_error(n_features)

    def between(self, rows):
        """Return the scores of some items with each other, (n, n)."""
        vectors = self._vectors(rows)
        return vectors @ vectors.T

    def _vectors(self, rows):
        return self.unit[rows]

    def _stacked(self, examples):
        return np.stack([self.unit[each] if np.ndim(each) == 0 else each for each in examples])


class Parts(Vectors):
    """Some of the features of vectors of length 1: those of chosen cells of a `Grid`.

    Each pair is scored as if there were no other features: both are scaled to length 1 over the
    part.
    """

    def __init__(self, whole, grid, cells):
        """`whole` are the `Vectors`, which keep what helps with further parts."""
        self.unit, self.kept, self.cells = whole.unit, whole.kept, cells
        self._columns = [grid.columns(cell) for cell in cells]
        for cell, columns in zip(cells, self._columns, strict=True):
            if cell not in whole.squares:
                vectors = self.unit[:, columns]
                whole.squares[cell] = vector_lengths(vectors) ** 2
        self._lengths = np.sqrt(sum(whole.squares[cell] for cell in cells)).astype(np.float32)
        self._lengths[self._lengths == 0] = 1

    def _products(self, query):
        # One product over all columns from the first to the last of the part, with zeros between,
        # is faster than one for each cell: rows are read in one go.
        start, whole = self._columns[0].start, np.zeros(self.unit.shape[1], np.float32)
        whole[np.r_[*self._columns]] = query
        span = slice(start, self._columns[-1].stop)
        return self.unit[:, span] @ whole[span] / self._lengths

    def _error(self, n_features):
        # Lengths are rounded, too, here and where vectors are scaled: at most as much again.
        return 2 * float32_error(n_features)

    def _stacked(self, examples):
        return self._part(super()._stacked(examples))

    def _vectors(self, rows):
        return self._part(self.unit[rows])

    def _part(self, vectors):
        part = [vectors[:, columns] for columns in self._columns]
        # Of no vectors there is none to scale.
        return unit_vectors(np.concatenate(part, axis=1)) if len(vectors) else vectors


class Scores:
    """A similarity matrix, (n_items, n_items), float32; examples are rows of it only."""

    def __init__(self, matrix):
        self._matrix = matrix

    def nearest(self, examples, n_liked, k, allowed):
        """Return rows and scores of the k nearest that are allowed, (n_items,), bool."""
        scores = combined_scores(self._matrix[examples], self.between(examples), n_liked)
        rows = nearest(np.where(allowed, scores, -np.inf), k)
        return rows, scores[rows]

    def between(self, rows):
        """Return the scores of some items with each other, (n, n)."""
        return self._matrix[np.ix_(rows, rows)]
