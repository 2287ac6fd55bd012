"""Keep favourites: items that a person starred, to take away and to load again.

In: keys, and CSV files that were exported before, perhaps saved again by a spreadsheet. Out: the
keys, in the order they were starred. The edge rule: a file that is no list of items is an error,
and changes nothing; keys in it that the catalogue lacks are counted and named.
"""

import re
from io import BytesIO

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from zapsim.draw.html import exported
from zapsim.keys import known_key, quoted, respelt
from zapsim.metadata.delimited import decode

__all__ = ["Favourites"]

_NAMED = 3
_LARGEST_FILE = 20_000_000
# Of either kind: a line of Windows ends with two.
_MOST_LINE_ENDS = 1_000_000
# What a spreadsheet may put above the columns' names; where their first one ends. `page/files.js`
# has the same.
_HINT = re.compile(r"sep=(.)\s*")
_FIRST = re.compile(r'"?[^",;\t|\r\n]*"?([,;\t|])')


class Favourites:
    """Items that were starred, among those that are `known` (a pandas.Index of keys)."""

    def __init__(self, known):
        self._known, self._keys = known, {}

    def __len__(self):
        return len(self._keys)

    def __contains__(self, key):
        return key in self._keys

    @property
    def keys(self):
        """The keys, in the order they were starred (list of str)."""
        return list(self._keys)

    def toggle(self, key):
        """Star an item, or take its star away; KeyError if there is no such item."""
        key = known_key(key, self._known)
        if key in self._keys:
            del self._keys[key]
        else:
            self._keys[key] = True

    def load(self, data, name="the file"):
        """Add the favourites of a CSV file (bytes) that was exported, and say how many (str).

        ValueError if it is no CSV with a column "key", or none of its keys is in the catalogue.
        """
        keys = self._spelt(_read_keys(data, name))
        found = [key for key in keys if key in self._known]
        unknown = list(dict.fromkeys(key for key in keys if key not in self._known))
        few = ", ".join(map(quoted, unknown[:_NAMED])) + (", …" if len(unknown) > _NAMED else "")
        lacking = f"{len(unknown):,} of {len(keys):,} are not in this catalogue: {few}."
        if not found:
            raise ValueError(f"{name} holds no item of this catalogue. {lacking if keys else ''}")
        new = {key: True for key in found if key not in self._keys}
        self._keys |= new
        said = f"{len(new):,} new from {name}, {len(self):,} in all."
        return f"{said} {lacking}" if unknown else said

    def _spelt(self, keys):
        keys = respelt(pd.Index(keys, dtype=object), self._known)
        # An exported key that looks like a formula has apostrophes in it, and may be another's.
        written = exported(self._known)
        return [written.get(key, key) for key in keys]


def _read_keys(data, name):
    n_ends = data.count(b"\n") + data.count(b"\r")
    if len(data) > _LARGEST_FILE or n_ends > _MOST_LINE_ENDS:
        raise ValueError(
            f"{name} is too large for a list of favourites: {len(data):,} bytes and {n_ends:,} "
            f"ends of lines. At most {_LARGEST_FILE:,} and {_MOST_LINE_ENDS:,} are read."
        )
    try:
        lines, *_ = decode(data, name)
        first = lines[0] if lines else ""
        said = _HINT.fullmatch(first) or _FIRST.match(first)
        separator = said[1] if said else ","
        table = "".join(lines[bool(_HINT.fullmatch(first)) :]).encode()
        # Neither a cell's length nor millions of columns, or one name for all, keep it busy.
        table = csv.read_csv(
            BytesIO(table),
            # A row must lie within one block.
            csv.ReadOptions(use_threads=False, block_size=len(table) + 1),
            csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                # Below its table, a spreadsheet may leave a row of fewer cells, all empty.
                invalid_row_handler=lambda row: "error" if row.text.strip(separator) else "skip",
            ),
            csv.ConvertOptions(include_columns=["key"], column_types={"key": pa.string()}),
        )
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{name} is no list of favourites: that is a CSV file with a column 'key', and with as "
            "many cells in each row as in the first."
        ) from error
    return [key for key in table["key"].to_pylist() if key]
