"""Find neighbours under all that a person can wish at once.

In: examples, rows or vectors of length 1, the liked ones first, and `Options`. Out: rows of the
neighbours and their scores, in the order to be shown. The edge rule: where the wishes leave fewer
than k, all of those are found.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zapsim.checks import check_flag, checked_number, checked_whole, groups_of
from zapsim.find.diversity import diverse, n_candidates
from zapsim.find.groups import hide_duplicates
from zapsim.find.spaces import Parts

__all__ = ["Finder", "Options"]


@dataclass(frozen=True)
class Options:
    """What all ways to ask for neighbours have in common, checked; see `similar`."""

    k: int
    where: dict | None
    hide_colourways: bool
    diversity: float
    part: object
    hide_duplicates: object

    def __post_init__(self):
        check_flag(self.hide_colourways, "hide_colourways")
        # Another kind of whole number may be too small to reckon with.
        object.__setattr__(self, "k", checked_whole("k", self.k))
        checked_number("diversity", self.diversity, 0, 1)

    @property
    def n_candidates(self):
        """How many of the nearest are looked at, before diverse ones are chosen from them."""
        return n_candidates(self.k, self.diversity)


class Finder:
    """Neighbours among the rows of a table, in a space (see `zapsim.find.spaces`).

    `grid`, or None, says which features belong to which cell of a picture.
    """

    def __init__(self, table, space, grid):
        self._table, self._space, self._grid = table, space, grid

    def find(self, examples, n_liked, options, allowed, cells=None):
        """Return rows, int64, and scores, float32, of up to k neighbours.

        `allowed`, (n_items,), bool, says what the filters leave, and is changed; `cells` are those
        of the part, checked.
        """
        asked = [each for each in examples if np.ndim(each) == 0]
        allowed[asked] = False
        if options.hide_colourways:
            allowed &= ~np.isin(self._products, self._products[asked])
        if options.hide_duplicates is not None:
            hide_duplicates(options.hide_duplicates, self._table.index, allowed, asked)
        space = self._space
        # The whole grid is the whole picture.
        if cells and len(cells) < self._grid.side**2:
            space = Parts(space, self._grid, cells)
        rows, scores = space.nearest(examples, n_liked, options.n_candidates, allowed)
        if options.diversity:
            order = diverse(scores, space.between(rows), options.k, options.diversity)
            rows, scores = rows[order], scores[order]
        return rows, scores

    @cached_property
    def _products(self):
        """Return a number for each item's product, one of its own where it is not known."""
        return groups_of(self._table.get("Product"), self._table.index, "Product")
