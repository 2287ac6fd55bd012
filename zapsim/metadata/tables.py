"""Read a table as people have it: CSV, JSON lines, Parquet, Excel or a DataFrame, all as text.

In: a file's bytes and name, or a DataFrame. Out: `Table`, whose cells are strings or missing.
Numbers keep their text (``0108775015``), whole ones have no ``.0``, several values in a cell are
joined by ``;``. The edge rules: only an empty cell, a NaN and an error of Excel's are missing, the
texts "None" and "NA" are values; a line that does not fit is left out and named, not fatal; what
would take the machine is refused before it is parsed. `tidied` makes cells alike that only look
different, before they are compared.
"""

import json
import re
import zipfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from html.entities import html5
from importlib.util import find_spec
from io import BytesIO
from itertools import chain, islice
from math import nan
from pathlib import PurePosixPath
from sys import getsizeof

import numpy as np
import pandas as pd

from zapsim.checks import brief, checked_pairs, printable
from zapsim.io.archives import LIMITED
from zapsim.io.pages import check_footer, unpacked_size
from zapsim.io.sources import TABLE_BYTES, TABLES
from zapsim.keys import composed
from zapsim.metadata.cells import CELL, Cells, Room, TooLargeError, check_cells, check_size, written
from zapsim.metadata.delimited import TITLES, decode, header_at, read_delimited, size_of
from zapsim.metadata.excel import first_sheet

__all__ = ["UNNAMED", "Table", "check_bytes", "read_table", "text_table", "tidied"]

MAX_UNPACKED = 1_000_000_000
# Excel packs to a tenth; to a hundredth, only what repeats itself.
_MOST_PACKED, _UNSUSPECTED = 100, 5_000_000
# What a column without a name is called, as in pandas.
UNNAMED = "Unnamed: "
_LISTED = 10
# What a text takes beside its letters, and a number.
_OBJECT = 60
# A line of JSON: 10,000 columns of 2,000 letters.
_LONGEST = 20_000_000
# Beside the first in each cell, in all that differ: to be looked up, each takes as much as a row,
# and a file of 30 MB could hold six million.
MAX_VALUES = 2_000_000
# Some texts were escaped twice or more. Without its ";", as in "AT&T", nothing is one.
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,9}|#[xX][\da-fA-F]{1,8}|[a-zA-Z][a-zA-Z\d]{1,31});")


@dataclass
class Table:
    """A table as text: `frame`, what it is called, and what is to be said about it.

    `found_out` says what had to be guessed, such as its separator; `problems`, what was left out.
    `folders` has, for each row, the folder whose pictures it speaks of; it is empty if that is the
    whole catalogue.
    """

    frame: pd.DataFrame
    name: str
    found_out: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    folders: list = field(default_factory=list)


def read_table(data, name, room=None):
    """Read a file's bytes as a `Table`; its suffix says how.

    What it takes stays taken from the `Room`. ValueError if it is too large, of another kind, or no
    table; ImportError, which names what to install, for Excel without openpyxl.
    """
    readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet, ".xlsx": _read_excel}
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in TABLES:
        raise ValueError(
            f"Metadata can be {', '.join(TABLES)} or a DataFrame. Received: {name}. Save it as "
            "one of these, or read it with pandas and give the DataFrame."
        )
    name = printable(name)
    check_bytes(name, len(data))
    room = room or Room(name)
    with room.lent(len(data)):
        table = readers.get(suffix, _read_text)(data, name, room)
    if not len(table.frame):
        raise ValueError(
            f"The metadata {name} has no rows: expected a line with the columns' names, and one "
            "line a picture below it." + "".join(f" {problem}" for problem in table.problems)
        )
    return table


def check_bytes(name, n_bytes):
    """Raise ValueError if a file of this name is too large to be read."""
    if n_bytes > TABLE_BYTES:
        raise TooLargeError(
            f"The metadata {name} has {n_bytes:,} bytes, more than the limit of {TABLE_BYTES:,}. "
            "Keep the rows and columns that you need, and save it again."
        )


def text_table(frame, name="the DataFrame", room=None):
    """Turn a DataFrame into a `Table`; its index, if it says anything, becomes the first columns.

    The DataFrame itself is not changed.
    """
    if not len(frame):
        raise ValueError(
            f"The metadata {name} has no rows: expected one a picture. Received columns: "
            f"{', '.join(map(repr, frame.columns[:30])) or 'none'}"
        )
    check_size(name, *frame.shape)
    columns = {}
    for level, label in enumerate(frame.index.names):
        plain = frame.index.nlevels == 1 and frame.index.equals(pd.RangeIndex(len(frame)))
        if (label is None and not plain) or (label is not None and label not in frame.columns):
            values = frame.index.get_level_values(level).to_series()
            columns[len(columns)] = ("" if label is None else label, values)
    for position, label in enumerate(frame.columns):
        columns[len(columns)] = (label, frame.iloc[:, position])
    room = room or Room(name)
    try:
        names = [_text(str(label)) for label, _ in columns.values()]
        return _table(name, names, [_texts(values, room) for _, values in columns.values()])
    except (TooLargeError, MemoryError):
        raise
    except RecursionError as error:
        raise ValueError(f"The metadata {name} has lists in lists, too deep to read.") from error
    # Anything may lie in a DataFrame, and what it does when it is asked for its text.
    except Exception as error:
        raise ValueError(
            f"The metadata {name} has a cell that has no text ({type(error).__name__}: "
            f"{brief(error)})."
        ) from error


def tidied(frame, name):
    """Return a table's cells (str or NaN) without blanks around them and HTML's entities.

    So ``"Men&#39;s "`` is ``"Men's"``, and a cell of blanks is missing. The letters are composed.
    `TooLargeError`, which calls the table by `name`, if cells hold too many values.
    """
    frame, n_values = frame.copy(deep=False), 0
    for place, (column, cells) in enumerate(frame.items()):
        texts = {cell: _tidied(cell) for cell in cells.dropna().unique()}
        n_values += (more := sum(text.count(";") for text in texts.values()))
        if n_values > MAX_VALUES:
            raise TooLargeError(
                f"The metadata {name} has cells of more than {MAX_VALUES:,} values, joined by ';', "
                f"of which {more:,} are in column {printable(column)!r}. Leave it out, or write "
                "something else for ';' where it does not join values."
            )
        if any(text is not cell for cell, text in texts.items()):
            new = [texts.get(cell) or nan for cell in cells]
            frame.isetitem(place, pd.Series(new, cells.index, object))
    return frame


def _tidied(cell):
    text = _text(_ENTITY.sub(_unescaped, cell)) if "&" in cell else cell
    return composed(text).strip()


def _unescaped(match):
    # Python would take "&notes;" for "¬es;".
    known = match[1][0] == "#" or f"{match[1]};" in html5
    return unescape(f"&{match[1]};") if known else match[0]


def _texts(values, room):
    """Return a Series' cells as texts, NaN where they are missing."""
    room.take(CELL * len(values))
    known = {"": nan}
    if isinstance(values.dtype, pd.CategoricalDtype):
        # However often one comes, and however long it is.
        texts = [known.setdefault(text, text) for text in map(_text, _cells(values.cat.categories))]
        room.take(sum(map(getsizeof, known)))
        return [texts[code] if code >= 0 else nan for code in values.cat.codes]
    texts = [known.setdefault(text, text) for text in map(_text, _cells(values))]
    room.take(sum(map(getsizeof, known)))
    return texts


def _cells(values):
    # As Python's own floats, those of 32 bits would show digits that they do not have. Arrow's,
    # pandas' own and sparse ones say what they are made of.
    sparse = isinstance(values.dtype, pd.SparseDtype)
    dtype = values.dtype.subtype if sparse else getattr(values.dtype, "numpy_dtype", values.dtype)
    short = dtype in (np.float32, np.float16)
    return values.to_numpy(dtype, na_value=nan) if short else values.astype(object)


def _table(name, header, columns):
    """Return the `Table` of these names and columns (lists of str and NaN)."""
    names, problems = _distinct(header)
    # One after the other: all of them, as lists and as arrays, would take twice the room.
    arrays = {}
    for number, column in enumerate(names):
        arrays[column], columns[number] = _object_array(columns[number]), None
    filled = {column: pd.notna(array) for column, array in arrays.items()}
    rows = np.logical_or.reduce(list(filled.values())) if filled else np.zeros(0, bool)
    for column in names:
        if column.startswith(UNNAMED) and not filled[column].any():
            del arrays[column]
        elif not rows.all():
            arrays[column] = arrays[column][rows]
    frame = pd.DataFrame(arrays, pd.RangeIndex(rows.sum()), dtype=object, copy=False)
    return Table(frame, name, problems=problems)


def _object_array(cells):
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


def _distinct(header):
    """Name the columns that have no name, or another one's."""
    # Excel's headers often go over several lines.
    plain = [" ".join(name.split()) or f"{UNNAMED}{n}" for n, name in enumerate(header)]
    names, renamed, taken, numbers = [], [], set(plain), Counter()
    for name in plain:
        numbers[name] += 1
        unique = name if numbers[name] == 1 else f"{name} ({numbers[name]})"
        while unique != name and unique in taken:
            numbers[name] += 1
            unique = f"{name} ({numbers[name]})"
        taken.add(unique)
        names.append(unique)
        renamed += [repr(unique)] if unique != name else []
    said = f"Columns of one name were told apart: {', '.join(renamed[:_LISTED])}."
    return names, [said] if renamed else []


@contextmanager
def _reading(name, kind, what_to_do=""):
    """Name the file in whatever a damaged one raises."""
    try:
        yield
    except (TooLargeError, MemoryError):
        raise
    # Their readers were not made for what is damaged on purpose.
    except Exception as error:
        if isinstance(error.__context__, TooLargeError):
            raise error.__context__ from None
        why = str(error).strip() or type(error).__name__
        raise ValueError(
            f"The metadata {name} is no readable {kind} ({brief(why)}).{what_to_do}"
        ) from error


def _read_text(data, name, room):
    lines, encoding, problems = decode(data, name, room)
    size = size_of(lines)
    found = read_delimited(lines, name, "\t" if name.lower().endswith(".tsv") else None, room)
    del lines
    room.give_back(size)
    table = _table(name, found.header, found.columns)
    table.problems = problems + found.problems + table.problems
    table.found_out = [encoding] * bool(encoding) + found.found_out
    return table


def _read_jsonl(data, name, room):
    lines, encoding, problems = decode(data, name, room)
    size = size_of(lines)
    cells, bad, header = Cells(name, len(data), room), [], {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        # Empty lists take twenty times the bytes that they are written in.
        if len(line) > _LONGEST:
            raise TooLargeError(
                f"The metadata {name} has {len(line):,} letters in line {number:,}, more than the "
                f"limit of {_LONGEST:,}. Keep the columns that you need."
            )
        try:
            found = _json(line)
            row = {_text(column): _text(value) for column, value in found.items()}
        except (ValueError, RecursionError, AttributeError):
            row = None
        # Halves of pairs of UTF-16 look alike, also in names.
        if row is None or len(row) < len(found):
            bad.append(number)
            continue
        for column in row:
            header.setdefault(column, len(header))
        check_size(name, 1, len(header))
        texts = [""] * len(header)
        for column, cell in row.items():
            texts[header[column]] = cell
        cells.add(texts)
    if bad:
        problems.append(
            f"{len(bad):,} lines of {name} are no JSON objects and are left out: line "
            f"{', '.join(f'{n:,}' for n in bad[:_LISTED])}{' …' if len(bad) > _LISTED else ''}."
        )
    del lines
    room.give_back(size)
    table = _table(name, list(header), cells.columns(len(header)))
    table.problems = problems + table.problems
    table.found_out = [encoding] if encoding else []
    return table


def _json(line):
    # Numbers as they are written, such as 0.10.
    return json.loads(
        line,
        parse_int=_number,
        parse_float=_number,
        # NaN is missing, as in a DataFrame.
        parse_constant=float,
        object_pairs_hook=checked_pairs,
    )


def _number(text):
    whole = text.removesuffix(".0")
    return whole if whole.lstrip("-").isdigit() else text


def _read_parquet(data, name, room):
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _reading(name, "Parquet file"):
        check_footer(BytesIO(data), len(data))
        said = pq.ParquetFile(BytesIO(data)).metadata
        check_size(name, said.num_rows, said.num_columns, len(data))
        # What the footer says, it may lie about.
        columns = range(said.num_columns)
        size, n_values = unpacked_size(BytesIO(data), len(data), columns, MAX_UNPACKED, text=0)
        _check_unpacked(name, size)
        # Of lists, all that they hold.
        check_cells(name, n_values, len(data))
        # One long text that comes a million times stays one.
        kinds = map(said.schema.column, columns)
        texts = [kind.path for kind in kinds if kind.physical_type == "BYTE_ARRAY"]
        file = pq.ParquetFile(BytesIO(data), read_dictionary=texts, page_checksum_verification=True)
        # Of several groups at once, Arrow reads no such texts in structs and the like.
        groups = range(file.num_row_groups)
        table = pa.concat_tables(map(file.read_row_group, groups)) if groups else file.read()
        table = _within_pythons_time(table)
        _check_unpacked(name, sum(_spelt_out(chunk) for c in table.columns for chunk in c.chunks))
        # Else a whole number becomes a float where some are missing.
        room.take(size)
        with room.lent(sum(_as_objects(chunk) for c in table.columns for chunk in c.chunks)):
            frame = table.to_pandas(integer_object_nulls=True)
        damaged = Counter(
            dict(zip(table.column_names, map(_n_no_text, table.columns), strict=True))
        )
        del table
    read = text_table(frame, name, room)
    room.give_back(size)
    if said := ", ".join(f"{name!r} of {n:,}" for name, n in damaged.most_common(_LISTED) if n):
        read.problems.append(f"Bytes of {name} that are no text are left out: {said} rows.")
    return read


def _within_pythons_time(table):
    """Write out what Python has no dates, times and zones for, which pandas would refuse."""
    import pyarrow as pa

    for number, said in enumerate(table.schema):
        kind, column = said.type, table.column(number)
        if pa.types.is_date(kind) or kind == pa.time64("ns"):
            column = column.cast(pa.string()).dictionary_encode()
        elif pa.types.is_timestamp(kind) and kind.tz:
            try:
                pa.lib.string_to_tzinfo(kind.tz)
            except (pa.ArrowException, ValueError):
                # They are kept by this one, whatever the zone is called.
                column = column.cast(pa.timestamp(kind.unit, "UTC"))
        if column.type != kind:
            table = table.set_column(number, said.name, column)
    return table


def _n_no_text(column):
    """Count the cells that are bytes and not UTF-8."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    # Of a type that others defined, such as uuid, it is that of what is kept.
    kind = getattr(kind, "storage_type", kind)
    if "binary" not in str(kind):
        return 0
    if pa.types.is_nested(kind):
        return sum(map(_holds_no_text, column.to_pandas().dropna()))
    counts = Counter(column.to_pandas().dropna())
    return sum(n for cell, n in counts.items() if _holds_no_text(cell))


def _holds_no_text(cell):
    # Those of a picture beside its path are no text, and no part of the table.
    if isinstance(cell, bytes):
        return bool(cell) and not _text(cell)
    is_list = pd.api.types.is_list_like(cell) and not isinstance(cell, dict)
    return is_list and any(map(_holds_no_text, cell))


def _as_objects(array, inside=False):
    """Estimate what a column takes as pandas has it, in bytes."""
    import pyarrow as pa

    kind = array.type
    # Of texts that come again, only those in lists and the like are written out.
    if pa.types.is_dictionary(kind) and not inside:
        return _OBJECT * len(array.dictionary) + array.nbytes
    if pa.types.is_nested(kind):
        each = 2 if pa.types.is_list(kind) else 4
        return each * _OBJECT * len(array) + sum(_as_objects(p, True) for p in _parts(array))
    # Whole numbers become objects where some are missing.
    objects = array.null_count or not pa.types.is_primitive(kind)
    return array.nbytes + _OBJECT * len(array) * bool(objects)


def _parts(array):
    """Return what lists, structs or maps hold, a list of arrays."""
    import pyarrow as pa

    # A map's pairs are its values.
    parts = array.values if isinstance(array, pa.MapArray) else array.flatten()
    return parts if isinstance(parts, list) else [parts]


def _spelt_out(array, inside=False):
    """Count the bytes of texts in lists and the like, each as often as it comes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if inside and pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary)
        return pc.sum(lengths.take(array.indices)).as_py() or 0
    if pa.types.is_nested(array.type):
        return sum(_spelt_out(part, inside=True) for part in _parts(array))
    return 0


def _read_excel(data, name, room):
    if not find_spec("openpyxl"):
        raise ImportError(
            f"The metadata {name} is an Excel file; reading it takes openpyxl. "
            "Install it (pip install openpyxl), or save the sheet as CSV."
        )
    save_it = " Open it in Excel and save it as .xlsx, without a password, or as CSV."
    with _reading(name, "Excel file", save_it):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_entries(name, archive.infolist())
        problems = []
        (sheet, *others), rows = first_sheet(name, data, problems)
        header, above, cells = _below_titles(rows, Cells(name, len(data), room))
    columns = cells.columns(len(header))
    table = _table(name, header + [""] * (len(columns) - len(header)), columns)
    table.problems += problems
    if others:
        table.found_out.append(f"its first sheet, {sheet!r}")
    if above:
        table.found_out.append(f"without the {above:,} rows above the columns' names")
    return table


def _below_titles(rows, cells):
    """Return a sheet's header, how many rows lie above it, and the `Cells` that were added to."""
    # Many cells share a text.
    texts = _Texts()
    rows = filter(None, (_trimmed([texts[cell] for cell in row]) for row in rows))
    begun = list(islice(rows, TITLES))
    above = header_at(begun)
    for row in chain(begun[above + 1 :], rows):
        cells.add(row)
    return begun[above] if begun else [], above, cells


def _trimmed(row):
    while row and not row[-1]:
        row.pop()
    return row


class _Texts(dict):
    """The text of each cell: many cells share it, however long it is."""

    def __missing__(self, cell):
        self[cell] = _text(cell)
        return self[cell]


def _check_entries(name, entries):
    """Raise where an Excel file would unpack to more than it should."""
    for entry in entries:
        if entry.compress_type not in LIMITED:
            raise ValueError(f"{entry.filename!r} in it is packed as Excel does not")
        if entry.file_size > max(_UNSUSPECTED, _MOST_PACKED * entry.compress_size):
            raise TooLargeError(
                f"The metadata {name} holds {entry.filename!r}, which unpacks from "
                f"{entry.compress_size:,} to {entry.file_size:,} bytes, as no table does. Copy the "
                "cells that you need to another file."
            )
    _check_unpacked(name, sum(entry.file_size for entry in entries))


def _check_unpacked(name, n_bytes):
    if n_bytes > MAX_UNPACKED:
        raise TooLargeError(
            f"The metadata {name} unpacks to {n_bytes:,} bytes, more than the limit of "
            f"{MAX_UNPACKED:,}. Keep the rows and columns that you need."
        )


def _text(value):
    """Return a cell as text, "" where it is missing."""
    if value is None:
        return ""
    if isinstance(value, str):
        if "\r" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n")
        # Half of a pair of UTF-16, which JSON can spell, can be written nowhere.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        # A picture as Hugging Face's Parquet files have it: where it was, and its bytes.
        return _text(value["path"]) if "path" in value else json.dumps(value, default=str)
    if isinstance(value, bytes):
        try:
            return _text(value.decode())
        except UnicodeDecodeError:
            return ""
    if pd.api.types.is_list_like(value):
        return ";".join(filter(None, map(_text, value)))
    if pd.isna(value):
        return ""
    return _text(written(value))
