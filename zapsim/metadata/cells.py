"""Keep a table's cells column by column, and refuse more of them than a machine should hold.

In: rows of text. Out: columns, in which an empty cell is NaN and equal cells are mostly one object.
The edge rule: what is too large is refused as soon as that is known, before more of it is kept.
"""

from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice, zip_longest
from math import nan
from numbers import Integral, Real
from sys import getsizeof

__all__ = [
    "CELL",
    "MAX_CELLS",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "Cells",
    "Room",
    "TooLargeError",
    "check_cells",
    "check_size",
    "most_cells",
    "written",
]

# A million rows of 100 columns, and some more.
MAX_CELLS = 120_000_000
MAX_COLUMNS = 10_000
# Twice as many as Excel has; finding the picture of each takes some hundred bytes.
MAX_ROWS = 2_000_000
# What a file and its texts may take while they are read, with 8 bytes for each cell; what is made
# of them then takes the rest of 4 GB.
MAX_MEMORY = 3_300_000_000
CELL = 8
# Of a file, so many cells, and so many more a byte: those that nobody wrote, because rows are
# short or repeat themselves, take as much memory as others.
_LEAST, _A_BYTE = 10_000_000, 50
_AT_ONCE, _CELLS_AT_ONCE = 1_000, 100_000
# Of a column so many different cells are looked up; numbers and texts hardly repeat.
_KNOWN = 50_000
# Beyond this a float does not hold every whole number.
_EXACT = 2**53


class TooLargeError(ValueError):
    """A table has more than can be read; the message says of what, and what to do."""


def most_cells(n_bytes):
    """Return how many cells a file of so many bytes may have."""
    return min(MAX_CELLS, _LEAST + _A_BYTE * n_bytes)


def check_size(name, n_rows, n_columns, n_bytes=MAX_CELLS):
    """Raise `TooLargeError` if a table of this name has too many rows, columns or cells.

    `n_bytes` is the size of its file, if it is of one.
    """
    if n_rows > MAX_ROWS:
        raise TooLargeError(
            f"The metadata {name} has {n_rows:,} rows or more, and the limit is {MAX_ROWS:,}. Keep "
            "those of your pictures."
        )
    if n_columns > MAX_COLUMNS:
        raise TooLargeError(
            f"The metadata {name} has {n_columns:,} columns, more than the limit of "
            f"{MAX_COLUMNS:,}. Keep those that you need. Features do not belong here: they go "
            "into SimilarityPredictor."
        )
    check_cells(name, n_rows * n_columns, n_bytes, f"{n_rows:,} rows of {n_columns:,} columns")


def check_cells(name, n_cells, n_bytes=MAX_CELLS, said=""):
    """Raise `TooLargeError` if a table of this name has too many cells; `said` says how many."""
    limit = most_cells(n_bytes)
    if n_cells > limit:
        raise TooLargeError(
            f"The metadata {name} has {said or f'{n_cells:,} cells'}, more than the "
            f"limit of {limit:,} cells"
            + (f" for a file of {n_bytes:,} bytes" if limit < MAX_CELLS else "")
            + ". Keep the rows and columns that you need."
        )


class Room:
    """The memory that a table of this name may take, in bytes as Python counts them."""

    def __init__(self, name):
        self.name, self.taken = name, 0

    def take(self, n_bytes):
        """Add so many; `TooLargeError` if they are too many together."""
        self.taken += n_bytes
        if self.taken > MAX_MEMORY:
            raise TooLargeError(
                f"The metadata {self.name} takes more than {MAX_MEMORY:,} bytes of memory while it "
                "is read: a text takes some fifty bytes more than its letters, and each letter "
                "four bytes where one of it is an emoji. Keep the rows and columns that you need."
            )

    def give_back(self, n_bytes):
        """Take off what is not needed any more."""
        self.taken -= n_bytes

    @contextmanager
    def lent(self, n_bytes):
        """Take so many for the time of a ``with`` block."""
        self.take(n_bytes)
        yield
        self.give_back(n_bytes)


class Cells:
    """Cells by column, of a file of so many bytes; rows are added, some shorter than others.

    What they take is taken from a `Room`.
    """

    def __init__(self, name, n_bytes=MAX_CELLS, room=None):
        self.name, self.n_bytes, self.n_rows = name, n_bytes, 0
        self._room = room or Room(name)
        self._columns, self._known, self._waiting = [], [], []

    def add(self, row):
        """Add a row (list of str)."""
        self._waiting.append(row)
        if len(self._waiting) == _AT_ONCE or len(self._waiting) * len(row) > _CELLS_AT_ONCE:
            self._keep()

    def columns(self, width):
        """Return the columns (lists of str and NaN), at least so many."""
        self._keep()
        check_size(self.name, self.n_rows, width, self.n_bytes)
        self._widen(width)
        return self._columns

    def _keep(self):
        rows, self._waiting = self._waiting, []
        width = max(map(len, rows), default=0)
        n_rows = self.n_rows + len(rows)
        check_size(self.name, n_rows, max(width, len(self._columns)), self.n_bytes)
        self._widen(width)
        self._room.take(CELL * len(rows) * len(self._columns))
        together = zip_longest(*rows, fillvalue="")
        for column, known, cells in zip(self._columns, self._known, together, strict=False):
            before = len(known)
            column.extend(map(known.setdefault, cells, cells) if any(cells) else [nan] * len(rows))
            if new := len(known) - before:
                self._room.take(sum(map(getsizeof, islice(reversed(known), new))))
            if len(known) > _KNOWN:
                known.clear()
                known[""] = nan
        for column in self._columns[width:]:
            column.extend([nan] * len(rows))
        self.n_rows = n_rows

    def _widen(self, width):
        self._room.take(CELL * self.n_rows * max(0, width - len(self._columns)))
        while len(self._columns) < width:
            self._columns.append([nan] * self.n_rows)
            self._known.append({"": nan})


def written(value):
    """Return a number, a date or the like as text, and None as ""."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return str(value.date())
    if isinstance(value, (bool, Integral, date)):
        return str(value)
    # A float of 16 bits can be compared with no such number.
    whole = isinstance(value, Real) and abs(float(value)) < _EXACT and value == int(value)
    return str(int(value)) if whole else str(value)
