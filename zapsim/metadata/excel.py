"""Read the first sheet of an Excel file as rows of texts.

In: a file's name and bytes. Out: what its sheets are called, and the first one's rows. The edge
rule: openpyxl reads it in a process of its own, since a few kilobytes can keep its regular
expressions busy for hours; whatever becomes of it is a ValueError.
"""

import json
import re
import sys
from io import BytesIO
from itertools import count

from zapsim.io.apart import limit_memory, read_apart
from zapsim.metadata.cells import TooLargeError, check_size, most_cells, written

__all__ = ["first_sheet"]

# An Excel sheet cannot have more rows.
_ROWS = 1_048_576
# Of its bytes, each is read twice at most, and some that say where the others are.
_MOST_READ, _SLACK = 3, 100_000
_MEMORY = 4_000_000_000
# Of a file, and of each megabyte of it, which take a second or two on a machine that is not busy.
_SECONDS, _A_MEGABYTE = 60, 60
# In all; a million rows of ten cells take about two minutes on a machine that is not busy.
_MOST_SECONDS = 180
# They are all read, however few of them the sheet needs.
_MOST_SHARED = 4_000_000
# What XML cannot hold, Excel writes as "_x000D_", and a text that looks so as "_x005F_x000D_".
# Codes of digits alone are rather a tile's place, "a_x0010_y0020.jpg", by what escapes nothing.
_ESCAPED = re.compile(r"_x(00[01][A-F]|005F(?=_x[\dA-F]{4}_))_", re.IGNORECASE)


def first_sheet(name, data, problems):
    """Return the names of an Excel file's sheets, and a generator of the rows of the first.

    Rows are lists of str, without the empty ones and without empty ends. ValueError if it is none.
    At their end, what is missing in them is added to `problems` (list of str).
    """
    lines = _lines(name, data, problems)
    return next(lines), lines


def _lines(name, data, problems):
    seconds, texts = min(_MOST_SECONDS, _SECONDS + _A_MEGABYTE * len(data) / 1e6), []
    said = name, str(most_cells(len(data)))
    with read_apart(__file__, said, data, seconds, "openpyxl") as printed:
        for line in printed:
            match json.loads(line):
                case {"sheets": sheets}:
                    yield sheets
                case {"formulas": n, "first": first}:
                    problems.append(
                        "Formulas without a value, or with an error such as #N/A, are taken as "
                        f"empty: {n:,} cells, such as {first}. Open {name} in Excel, mend those "
                        "with an error, and save it, which works out the others."
                    )
                case {"merged": n, "first": first}:
                    problems.append(
                        "Of cells merged over several rows, only the first row has the value: "
                        f"{n:,} times, such as {first}. In Excel, unmerge them and fill the value "
                        "down."
                    )
                case {"too large": why}:
                    raise TooLargeError(why)
                case new, row:
                    texts += new
                    yield [texts[cell] if type(cell) is int else cell for cell in row]


def _print(name, limit, data):
    """Print what `_lines` reads: the sheets' names, then row by row its new texts and its cells.

    A cell that is a text is its number among all texts: many cells share it, however long it is.
    """
    from openpyxl.reader.excel import ExcelReader

    limit_memory(_MEMORY)
    _count_shared(name)
    try:
        reader = ExcelReader(_ReadOnce(name, data), read_only=True, data_only=True)
        # Who made it, and when, is no part of the table, and must not keep it from being read.
        reader.read_properties = reader.read_custom = lambda: None
        reader.read()
        book = reader.wb
        if not book.worksheets:
            sys.exit("it has no sheet with cells")
        _say({"sheets": [sheet.title for sheet in book.worksheets]})
        known, formulas, merged = {}, _formulas_without_value(), _merged_over_rows()
        for values in _rows(book.worksheets[0], name, limit):
            new = [cell for cell in values if type(cell) is str and cell not in known]
            new = list(dict.fromkeys(new))
            known |= zip(new, count(len(known)))
            _say(
                [
                    list(map(_spelt_out, new)),
                    [known[c] if type(c) is str else written(c) for c in values],
                ]
            )
        for found, kind in ((formulas, "formulas"), (merged, "merged")):
            if found[kind]:
                _say(found)
    # It was not made for what is damaged on purpose.
    except Exception as error:
        for why in (error, error.__context__):
            if isinstance(why, TooLargeError):
                return _say({"too large": str(why)})
        sys.exit(str(error).strip() or type(error).__name__)


def _spelt_out(text):
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _count_shared(name):
    """Let openpyxl, from now on, refuse a file of too many texts that its cells may share."""
    from openpyxl.reader import strings

    numbers = count(1)

    class Counted(strings.Text):
        @classmethod
        def from_tree(cls, node):
            if next(numbers) > _MOST_SHARED:
                raise TooLargeError(
                    f"The metadata {name} has more than {_MOST_SHARED:,} different texts. Save the "
                    "sheet as CSV, or copy what you need to another file."
                )
            return super().from_tree(node)

    strings.Text = Counted


def _formulas_without_value():
    """Return a dict in which openpyxl, from now on, counts formulas without a value, or an error.

    Errors become missing.
    """
    from openpyxl.worksheet import _reader

    parse, found = _reader.WorkSheetParser.parse_cell, {"formulas": 0, "first": None}

    def parse_and_count(self, element):
        cell = parse(self, element)
        # The value of a text may be an empty one.
        unknown = cell["value"] is None and element.get("t") != "str"
        wrong = element.get("t") == "e"
        if wrong or (unknown and element.find(_reader.FORMULA_TAG) is not None):
            cell["value"] = None
            found["formulas"] += 1
            found["first"] = found["first"] or element.get("r")
        return cell

    _reader.WorkSheetParser.parse_cell = parse_and_count
    return found


def _merged_over_rows():
    """Return a dict in which openpyxl, from now on, counts cells that are several rows high."""
    from openpyxl.utils.cell import range_boundaries
    from openpyxl.worksheet import _reader

    found = {"merged": 0, "first": None}

    class Counted(_reader.MergeCells):
        @classmethod
        def from_tree(cls, node):
            for cell in node:
                _, top, _, bottom = range_boundaries(cell.get("ref"))
                if bottom > top:
                    found["merged"] += 1
                    found["first"] = found["first"] or cell.get("ref")

    _reader.MergeCells = Counted
    return found


def _say(what):
    print(json.dumps(what))


class _ReadOnce(BytesIO):
    """A file that may be read a few times, and not once for each of many sheets that are one."""

    def __init__(self, name, data):
        super().__init__(data)
        self._name, self._left = name, _SLACK + _MOST_READ * len(data)

    def read(self, size=-1, /):
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError(
                f"The metadata {self._name} has sheets that are read again and again. Copy what "
                "you need to another file."
            )
        return data


def _rows(sheet, name, limit):
    """Yield a sheet's rows as lists of values, without the empty ones and without empty ends."""
    # What the file says of its own size need not be true, and rows are padded to it.
    sheet.reset_dimensions()
    n_cells = 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        n_cells += len(values)
        check_size(name, 1, len(values))
        if number > _ROWS or n_cells > limit:
            raise TooLargeError(
                f"The metadata {name} has more than {_ROWS:,} rows or {limit:,} cells, "
                "empty ones among them. Copy what you need to another file."
            )
        if values.count(None) == len(values):
            continue
        width = next(n for n in range(len(values), 0, -1) if values[n - 1] is not None)
        yield values[:width]


if __name__ == "__main__":
    _print(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read())
