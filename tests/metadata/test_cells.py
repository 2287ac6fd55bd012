"""cells.py: cells by column, however long the rows are, and no more than the limits."""

from math import isnan

import pytest

from zapsim.io.sources import TABLE_BYTES
from zapsim.metadata import cells as cells_module
from zapsim.metadata.cells import MAX_CELLS, MAX_ROWS, Cells, Room, TooLargeError


def kept(rows, width=0):
    cells = Cells("m.csv")
    for row in rows:
        cells.add(row)
    columns = cells.columns(width)
    return [["-" if isinstance(cell, float) else cell for cell in column] for column in columns]


def test_short_rows_and_later_columns_are_filled_with_nothing():
    assert kept([["a"], ["b", "", "c"], []], 4) == [
        ["a", "b", "-"],
        ["-", "-", "-"],
        ["-", "c", "-"],
        ["-", "-", "-"],
    ]
    assert kept([], 2) == [[], []]


@pytest.mark.parametrize("at_once", [1, 2, 3, 1_000])
def test_it_does_not_matter_how_many_rows_are_kept_at_once(monkeypatch, at_once):
    monkeypatch.setattr(cells_module, "_AT_ONCE", at_once)
    monkeypatch.setattr(cells_module, "_KNOWN", 2)
    rows = [["a"], ["b", "x"], ["c", "y", ""], [""], ["a", "x"], ["d", "", "z"]]
    assert kept(rows) == [
        ["a", "b", "c", "-", "a", "d"],
        ["-", "x", "y", "-", "x", "-"],
        ["-", "-", "-", "-", "-", "z"],
    ]


def test_equal_cells_are_one_and_empty_ones_nan():
    cells = Cells("m.csv")
    for n in range(5_000):
        cells.add(["".join(["long ", "text"]), str(n)])
    first, _ = cells.columns(2)
    assert len({id(cell) for cell in first}) == 1
    cells.add(["", "x"])
    assert isnan(cells.columns(2)[0][-1])


def test_too_many_are_refused_before_all_are_kept(monkeypatch):
    monkeypatch.setattr(cells_module, "MAX_CELLS", 10_000)
    cells = Cells("m.csv")
    with pytest.raises(TooLargeError, match=r"m\.csv has 6,000 rows of 2 columns, .* 10,000 cells"):
        for _ in range(100_000):
            cells.add(["a", "b"])


def test_a_million_rows_of_100_columns_are_within_the_limits():
    # With the row numbers that pandas writes, and eight letters a cell.
    assert MAX_CELLS >= 1_000_000 * 101
    assert MAX_ROWS >= 1_048_576
    assert TABLE_BYTES >= 1_000_000 * 100 * 9


def test_rows_count_beside_cells(monkeypatch):
    monkeypatch.setattr(cells_module, "MAX_ROWS", 1_500)
    cells = Cells("m.csv")
    with pytest.raises(TooLargeError, match=r"m\.csv has 2,000 rows or more, and the limit is 1,5"):
        for _ in range(2_000):
            cells.add(["x"])


@pytest.mark.parametrize(("letter", "refused"), [("x", False), ("\U0001f600", True)])
def test_texts_count_as_wide_as_they_are(monkeypatch, letter, refused):
    monkeypatch.setattr(cells_module, "MAX_MEMORY", 2_000_000)
    cells = Cells("m.csv")
    rows = [[f"{n}{letter * 500}"] for n in range(2_000)]
    if refused:
        with pytest.raises(
            TooLargeError, match=r"m\.csv takes more than 2,000,000 bytes of memory"
        ):
            [cells.add(row) for row in rows]
    else:
        [cells.add(row) for row in rows]
        assert len(cells.columns(1)[0]) == 2_000


def test_what_is_not_needed_any_more_is_given_back(monkeypatch):
    monkeypatch.setattr(cells_module, "MAX_MEMORY", 1_000)
    room = Room("m.csv")
    for _ in range(3):
        with room.lent(600):
            room.take(300)
            room.give_back(300)
    assert room.taken == 0
