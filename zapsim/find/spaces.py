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
    nearest_to,
    unit_vectors,
)

__all__ = ["Parts", "Scores", "Vectors"]


class Vectors:
    """Whole vectors of length 1, `unit` of shape (n_items, n_features), float32."""

    def __init__(self, unit):
        self.unit = unit

    def nearest(self, examples, n_liked, k, allowed):
        """Return rows and scores of the k nearest that are allowed, (n_items,), bool."""
        query = combined_vector(self._stacked(examples), n_liked)
        return nearest_to(query, self.unit, k, allowed)

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

    def __init__(self, unit, grid, cells, squares):
        """`squares`, a dict of cell to (n_items,), keeps what was computed for other parts."""
        super().__init__(unit)
        self._columns = [grid.columns(cell) for cell in cells]
        for cell, columns in zip(cells, self._columns, strict=True):
            if cell not in squares:
                squares[cell] = np.einsum("nd,nd->n", unit[:, columns], unit[:, columns])
        self._lengths = np.sqrt(sum(squares[cell] for cell in cells))
        self._lengths[self._lengths == 0] = 1

    def nearest(self, examples, n_liked, k, allowed):
        """Return rows and scores of the k nearest that are allowed, (n_items,), bool."""
        query = combined_vector(self._part(self._stacked(examples)), n_liked)
        scores, start = np.zeros(len(self.unit), np.float32), 0
        for columns in self._columns:
            end = start + columns.stop - columns.start
            scores += self.unit[:, columns] @ query[start:end]
            start = end
        scores /= self._lengths
        scores[~allowed] = -np.inf

        def exact(rows):
            return exact_scores(query, self._vectors(rows), np.arange(len(rows)))

        # Lengths are rounded, too, here and where vectors are scaled: at most as much again.
        return nearest_of(scores, k, 2 * float32_error(len(query)), exact)

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
