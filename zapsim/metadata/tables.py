"""Read a table as people have it: CSV, JSON lines, Parquet, Excel or a DataFrame, all as text.

In: a file's bytes and name, or a DataFrame. Out: `Table`, whose cells are strings or missing.
Numbers keep their text (``0108775015``), whole ones have no ``.0``, several values in a cell are
joined by ``;``. The edge rules: only an empty cell is missing, "None" and "NA" are values; a line
that does not fit is left out and named, not fatal; what would take the machine is refused before
it is parsed.
"""

import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice, zip_longest
from math import nan
from numbers import Integral, Real
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from zapsim.io.sources import TABLES
from zapsim.metadata.delimited import decode, read_delimited

__all__ = ["MAX_BYTES", "MAX_CELLS", "MAX_COLUMNS", "UNNAMED", "Table", "read_table", "text_table"]

MAX_BYTES = 200_000_000
MAX_UNPACKED = 500_000_000
MAX_COLUMNS = 10_000
MAX_CELLS = 20_000_000
# What a column without a name is called, as in pandas.
UNNAMED = "Unnamed: "
_LISTED = 10
# Beyond this a float does not hold every whole number.
_EXACT = 2**53


@dataclass
class Table:
    """A table as text: `frame`, what it is called, and what is to be said about it.

    `found_out` says what had to be guessed, such as its separator; `problems`, what was left out.
    """

    frame: pd.DataFrame
    name: str
    found_out: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def read_table(data, name):
    """Read a file's bytes as a `Table`; its suffix says how.

    ValueError if it is too large, of another kind, or no table; ImportError, which names what to
    install, for Excel without openpyxl.
    """
    readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet, ".xlsx": _read_excel}
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in TABLES:
        raise ValueError(
            f"Metadata can be {', '.join(TABLES)} or a DataFrame. Received: {name}. Save it as "
            "one of these, or read it with pandas and give the DataFrame."
        )
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"The metadata {name} has {len(data):,} bytes, more than the limit of {MAX_BYTES:,}. "
            "Keep the rows and columns that you need, and save it again."
        )
    table = readers.get(suffix, _read_text)(data, name)
    if not len(table.frame):
        raise ValueError(
            f"The metadata {name} has no rows: expected a line with the columns' names, and one "
            "line a picture below it." + "".join(f" {problem}" for problem in table.problems)
        )
    return table


def text_table(frame, name="the DataFrame"):
    """Turn a DataFrame into a `Table`; its index, if it says anything, becomes the first columns.

    The DataFrame itself is not changed.
    """
    if not len(frame):
        raise ValueError(
            f"The metadata {name} has no rows: expected one a picture. Received columns: "
            f"{', '.join(map(repr, frame.columns[:30])) or 'none'}"
        )
    _check_size(name, *frame.shape)
    columns = {}
    for level, label in enumerate(frame.index.names):
        plain = frame.index.nlevels == 1 and frame.index.equals(pd.RangeIndex(len(frame)))
        if (label is None and not plain) or (label is not None and label not in frame.columns):
            values = frame.index.get_level_values(level).astype(object)
            columns[len(columns)] = ("" if label is None else label, values)
    for position, label in enumerate(frame.columns):
        values = frame.iloc[:, position]
        # As Python's own floats, those of 32 bits would show digits that they do not have.
        short = values.dtype in (np.float32, np.float16)
        columns[len(columns)] = (label, values.to_numpy() if short else values.astype(object))
    names = [str(label) for label, _ in columns.values()]
    texts = [[_text(cell) for cell in values] for _, values in columns.values()]
    return _table(name, names, texts)


def _table(name, header, columns):
    """Return the `Table` of these names and columns (lists of str, missing ones are "")."""
    names, problems = _distinct(header)
    same = {"": nan}
    cells = [[same.setdefault(cell, cell) for cell in column] for column in columns]
    frame = pd.DataFrame(dict(zip(names, cells, strict=True)), dtype=object)
    empty = [n for n in frame if n.startswith(UNNAMED) and frame[n].isna().all()]
    frame = frame.drop(columns=empty).dropna(how="all").reset_index(drop=True)
    return Table(frame, name, problems=problems)


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


def _check_size(name, n_rows, n_columns):
    if n_columns > MAX_COLUMNS:
        raise ValueError(
            f"The metadata {name} has {n_columns:,} columns, more than the limit of "
            f"{MAX_COLUMNS:,}. Keep those that you need. Features do not belong here: they go "
            "into SimilarityPredictor."
        )
    if n_rows * n_columns > MAX_CELLS:
        raise ValueError(
            f"The metadata {name} has {n_rows:,} rows of {n_columns:,} columns, more than the "
            f"limit of {MAX_CELLS:,} cells. Keep the rows and columns that you need."
        )


def _read_text(data, name):
    text, encoding, problems = decode(data, name)
    found = read_delimited(text, name, "\t" if name.lower().endswith(".tsv") else None, _check_size)
    columns = zip_longest(*found.rows, fillvalue="") if found.rows else [()] * len(found.header)
    columns = [list(column) for column in columns]
    columns += [[""] * len(found.rows)] * (len(found.header) - len(columns))
    table = _table(name, found.header, columns)
    table.problems = problems + found.problems + table.problems
    table.found_out = [said for said in (encoding, found.separated) if said]
    return table


def _read_jsonl(data, name):
    text, encoding, problems = decode(data, name)
    rows, bad, header = [], [], {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            # As they are written, such as 0.10.
            row = json.loads(line, parse_int=_number, parse_float=_number, parse_constant=str)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            bad.append(number)
            continue
        rows.append(row)
        header |= dict.fromkeys(row)
        _check_size(name, len(rows), len(header))
    if bad:
        problems.append(
            f"{len(bad):,} lines of {name} are no JSON objects and are left out: line "
            f"{', '.join(f'{n:,}' for n in bad[:_LISTED])}{' …' if len(bad) > _LISTED else ''}."
        )
    columns = [[_text(row.get(column)) for row in rows] for column in header]
    table = _table(name, list(header), columns)
    table.problems = problems + table.problems
    table.found_out = [encoding] if encoding else []
    return table


def _number(text):
    whole = text.removesuffix(".0")
    return whole if whole.lstrip("-").isdigit() else text


def _read_parquet(data, name):
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(BytesIO(data))
        said = file.metadata
        _check_size(name, said.num_rows, said.num_columns)
        sizes = (said.row_group(n).total_byte_size for n in range(said.num_row_groups))
        _check_unpacked(name, sum(sizes))
        # Else a whole number becomes a float where some are missing.
        frame = file.read().to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"The metadata {name} is no readable Parquet file ({error}).") from error
    return text_table(frame, name)


def _read_excel(data, name):
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise ImportError(
            f"The metadata {name} is an Excel file; reading it takes openpyxl. "
            "Install it (pip install openpyxl), or save the sheet as CSV."
        ) from error
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_unpacked(name, sum(entry.file_size for entry in archive.infolist()))
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheet, *others = book.worksheets
        rows = _sheet_rows(sheet, name)
    except (zipfile.BadZipFile, KeyError, OSError, SyntaxError, TypeError) as error:
        raise ValueError(
            f"The metadata {name} is no readable Excel file ({error}). Open it in Excel and save "
            "it as .xlsx, without a password, or as CSV."
        ) from error
    header, *rows = rows or [()]
    columns = [list(column) for column in zip_longest(header, *rows, fillvalue="")]
    table = _table(name, [column[0] for column in columns], [column[1:] for column in columns])
    if others:
        table.found_out.append(f"its first sheet, {sheet.title!r}")
    return table


def _sheet_rows(sheet, name):
    """Return a sheet's rows as lists of str, without the empty ones and without empty ends."""
    # What the file says of its own size need not be true, and rows are padded to it.
    sheet.reset_dimensions()
    rows, width = [], 0
    for values in islice(sheet.iter_rows(values_only=True), MAX_CELLS):
        row = [_text(value) for value in values]
        while row and not row[-1]:
            row.pop()
        width = max(width, len(row))
        if row:
            rows.append(row)
            _check_size(name, len(rows), width)
    return rows


def _check_unpacked(name, n_bytes):
    if n_bytes > MAX_UNPACKED:
        raise ValueError(
            f"The metadata {name} unpacks to {n_bytes:,} bytes, more than the limit of "
            f"{MAX_UNPACKED:,}. Keep the rows and columns that you need."
        )


def _text(value):
    """Return a cell as text, "" where it is missing."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
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
    if isinstance(value, datetime) and value.time() == time():
        return str(value.date())
    if isinstance(value, (bool, Integral, date)):
        return str(value)
    whole = isinstance(value, Real) and abs(value) < _EXACT and value == int(value)
    return str(int(value)) if whole else _text(str(value))
