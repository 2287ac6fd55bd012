"""spaces.py: scores of a query are kept, and help where it is asked again with other filters."""

import numpy as np

from zapsim.find.parts import Grid
from zapsim.find.spaces import Parts, Vectors
from zapsim.similarity import nearest_to, unit_vectors

UNIT = unit_vectors(np.random.default_rng(0).random((40, 8), np.float32))
ALL = np.ones(40, bool)


def counted(space):
    """Return the list that every product of this space adds to."""
    asked, products = [], space._products
    space._products = lambda query: asked.append(1) or products(query)
    return asked


def test_a_query_is_multiplied_once_whatever_is_allowed():
    space, even = Vectors(UNIT), np.arange(40) % 2 == 0
    asked = counted(space)
    for allowed in (even, ALL, ~even, ALL):
        for got, wanted in zip(
            space.nearest([3], 1, 5, allowed), nearest_to(UNIT[3], UNIT, 5, allowed), strict=True
        ):
            np.testing.assert_array_equal(got, wanted)
    assert len(asked) == 1


def test_only_the_latest_are_kept():
    space = Vectors(UNIT)
    asked = counted(space)
    for row in [*range(16), 0, 16, 1]:
        space.nearest([row], 1, 5, ALL)
    # 0 was used again, so 1 was the oldest when 16 came.
    assert (len(asked), len(space.kept)) == (18, 16)


def test_parts_and_the_whole_do_not_mix_their_scores():
    whole, grid = Vectors(UNIT), Grid(2, 8)
    for cells in [((0, 0),), ((0, 0), (1, 1)), ((0, 0), (0, 1), (1, 0)), ((0, 0),)]:
        columns = np.r_[*(grid.columns(cell) for cell in cells)]
        part = unit_vectors(UNIT[:, columns])
        rows, scores = Parts(whole, grid, cells).nearest([3], 1, 5, ALL)
        wanted = nearest_to(part[3], part, 5, ALL)
        np.testing.assert_array_equal(rows, wanted[0])
        np.testing.assert_array_equal(scores, wanted[1])
        np.testing.assert_array_equal(whole.nearest([3], 1, 5, ALL)[0][0], 3)
