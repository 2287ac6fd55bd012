"""Narrow a catalogue by the values of its columns.

In: a catalogue's table, and filters: a dict of column to a value, or to a list of values of which
one must match. Out: which items match, and how many have each value. Items pass that match every
column's filter. The edge rule: a cell of several values, joined by ``;``, has each of them, and
may be asked for as a whole, too; a missing cell has none. Accents may be decomposed, as on a Mac;
numbers are as they are written, and equal ones the same: 38 and 38.0.
"""

from collections.abc import Hashable
from functools import cached_property

import numpy as np
import pandas as pd

from zapsim.catalogue import split_values
from zapsim.checks import check_dict, checked_whole
from zapsim.keys import composed, composed_cells, quoted
from zapsim.metadata.cells import written

__all__ = ["Filters"]

# A column of one value divides nothing; nobody looks through a list of thousands of values, nor
# at one where hardly two items share a value; of a small catalogue, some must.
_FEWEST, _MOST, _ITEMS_A_VALUE, _SHARED = 2, 2_000, 2, 2


class Filters:
    """What the columns of a table, (n_items, n_columns), can be narrowed by.

    `identifiers` are columns that say which item it is, and nothing of what it is like.
    """

    def __init__(self, table, identifiers=()):
        self._table = table
        self._identifiers = identifiers
        self._columns = {}

    def matching(self, where=None):
        """Tell which items match filters: ndarray of shape (n_items,), bool.

        KeyError if there is no such column, ValueError if a value occurs nowhere in its column.
        """
        if where is not None:
            check_dict("where", where, "{'Category': 'Boots'}")
        match = np.ones(len(self._table), bool)
        for name, wanted in (where or {}).items():
            match &= self._column(name).having(wanted)
        return match

    def counts(self, name, where=None):
        """Count the items that have each value of a column, under the filters of the others.

        Returns all of its values, in alphabetical order (dict of str to int); errors as in
        `matching`.
        """
        column = self._column(name)
        if isinstance(where, dict):
            where = {other: wanted for other, wanted in where.items() if other != name}
        match = self.matching(where)
        return dict(zip(column.values, column.counts(match).tolist(), strict=True))

    def best(self, n=None):
        """List the n columns that divide the items best, best first; see `_Column.entropy`."""
        if n is not None:
            n = checked_whole("n", n)
        names = [name for name in self._table if name not in self._identifiers]
        columns = [column for column in map(self._column, names) if column.divides]
        return [column.name for column in sorted(columns, key=lambda each: -each.entropy)][:n]

    def _column(self, name):
        if isinstance(name, Hashable) and name not in self._table:
            name = composed(name)
        if not isinstance(name, Hashable) or name not in self._table:
            names = ", ".join(map(str, self._table.columns)) or "none"
            raise KeyError(f"No column {quoted(name)} to filter by. The catalogue has: {names}.")
        if name not in self._columns:
            self._columns[name] = _Column(name, self._table[name])
        return self._columns[name]


class _Column:
    """One column's values, in alphabetical order, and the rows that have each of them."""

    def __init__(self, name, cells):
        self.name = name
        # Few cells differ, so each of those is split once, not the cell of every item.
        codes, cells = pd.factorize(composed_cells(cells))
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(cells) + 1))
        self._cells, found = {}, {}
        for cell, start, end in zip(cells, ends, ends[1:], strict=False):
            rows = self._cells[written(cell)] = order[start:end]
            for value in split_values(cell):
                found.setdefault(value, []).append(rows)
        self.values = sorted(found)
        self._numbers = {value: number for number, value in enumerate(self.values)}
        each = [np.concatenate(found[value]) for value in self.values]
        self._ends = np.cumsum([0, *map(len, each)])
        self._rows = np.concatenate([np.empty(0, np.int64), *each])
        self._n_items = len(codes)

    def having(self, wanted):
        """Tell which items have one of the values; ValueError if one of those does not exist."""
        match = np.zeros(self._n_items, bool)
        for value in wanted if pd.api.types.is_list_like(wanted) else [wanted]:
            match[self._rows_of(value)] = True
        return match

    def _rows_of(self, value):
        text = composed(written(value)).strip()
        if text in self._numbers:
            start, end = self._ends[self._numbers[text] :][:2]
            return self._rows[start:end]
        # A whole cell, such as "Zipper;Buckle", may be asked for as well.
        if text not in self._cells:
            offer = ", ".join(self.values[:30])
            raise ValueError(f"No item has {self.name} {quoted(value)}. There are: {offer}.")
        return self._cells[text]

    def counts(self, match):
        """Count the items with each value among those that match, (n_items,), bool."""
        before = np.cumsum(np.append(0, match[self._rows]))
        return np.diff(before[self._ends])

    @property
    def divides(self):
        """Whether a person can choose from its values, and each is one of several items'."""
        n = len(self.values)
        return _FEWEST <= n <= _MOST and len(self._rows) >= min(_ITEMS_A_VALUE * n, n + _SHARED)

    @cached_property
    def entropy(self):
        """How many yes-or-no questions an answer saves, in bits, at least 0.

        Shannon's entropy of the values as often as they occur, times the share of items that have
        a value at all.
        """
        shares = np.diff(self._ends) / max(1, len(self._rows))
        has = np.zeros(self._n_items, bool)
        has[self._rows] = True
        known = np.count_nonzero(has) / max(1, self._n_items)
        return float(-(shares * np.log2(shares)).sum() * known)
