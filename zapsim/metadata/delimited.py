"""Read text that a separator divides into cells, whichever encoding and separator it has.

In: a file's bytes, then its text. Out: its header and rows, and what was found out. The edge
rule: a line with more cells than the header has columns is left out and named by its number;
empty cells beyond the header, from a comma at the end of every row, are dropped.
"""

import codecs
import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice

__all__ = ["NAMES", "Delimited", "decode", "plain_name", "read_delimited"]

_SEPARATORS = {",": "", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# What the column that names the picture is usually called, the likeliest first.
NAMES = (
    *("key", "cid", "file_name", "filename", "file", "image", "image_path", "image_name", "img"),
    *("path", "file_path", "filepath", "picture", "photo", "id", "image_id", "article_id"),
    *("product_id", "item_id", "sku"),
)
_BEGINNING = 4_096
_LOOKED_AT = 100
_LISTED = 10
_MOST_RESTARTS = 1_000
_MOST_LINES = 20_000_000
# A line that is none of the file's; it shows whether the last quote was closed.
_END = "\0end of the file\0"


@dataclass
class Delimited:
    """Header and rows (lists of str; rows may be short), how cells are separated, problems."""

    header: list
    rows: list
    separated: str
    problems: list


def decode(data, name):
    """Find out the encoding: text, what to say about it ("" for UTF-8), and problems.

    UTF-8 and UTF-16, with or without a byte order mark, else cp1252, as Excel saves on Windows.
    A few damaged bytes do not make UTF-8 another encoding. ValueError if it is none of these.
    """
    for mark, encoding in [(codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), "UTF-16", []
    begun = data[:_BEGINNING]
    if begun.count(0) > len(begun) / 5:
        little = begun[1::2].count(0) > begun[::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace"), "UTF-16", []
    try:
        return data.decode("utf-8-sig"), "", []
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "replace")
    damaged = text.count("\ufffd")
    if len(re.findall(r"[^\x00-\x7f\ufffd]", text)) > damaged:
        said = f"{damaged:,} characters of {name} are damaged and shown as \ufffd."
        return text, "", [said]
    try:
        return data.decode("cp1252"), "cp1252", []
    except UnicodeDecodeError as error:
        raise ValueError(
            f"The metadata {name} is neither UTF-8 nor UTF-16 nor cp1252 (byte {error.start:,}). "
            'In Excel, save it as "CSV UTF-8"; or read it with pandas.read_csv(…, encoding=…) '
            "and give the DataFrame."
        ) from error


def plain_name(column):
    """Return a column's name as `NAMES` has it, ``"file_name"`` of ``"File name"``."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def read_delimited(text, name, separator=None, check_size=lambda name, n_rows, n_columns: None):
    """Split a text into a header and rows: `Delimited`.

    `check_size` gets the name, and the numbers of rows and columns, and raises if they are too
    many. ValueError if there is no header, or so many quotes are open that it is no table.
    """
    if text.count("\n") > _MOST_LINES:
        raise ValueError(f"The metadata {name} has more than {_MOST_LINES:,} lines.")
    lines = list(StringIO(text, newline=""))
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    skipped = 0
    # Excel's own hint.
    if lines and (hint := re.fullmatch(r"sep=(.)\s*", lines[0])):
        separator, skipped = hint[1], 1
    for line in lines:
        widest = max(map(line.count, _SEPARATORS)) if len(line) > _BEGINNING else 0
        check_size(name, 1, widest + 1)
    separator = separator or _separator(lines[skipped:])
    header, rows, bad = _rows(lines[skipped:], separator, name, check_size)
    bad = [(number + skipped, cells) for number, cells in bad]
    problems = [_said(bad, name, len(header), len(lines))] if bad else []
    return Delimited(header, rows, _SEPARATORS.get(separator, f"{separator!r}"), problems)


def _separator(lines):
    """Choose the separator: the header has a known name, most lines have as many cells."""

    def fits(separator):
        rows = [row for row in csv.reader(islice(lines, _LOOKED_AT), delimiter=separator) if row]
        if not rows or len(rows[0]) < 2:
            return (False, 0, 0)
        header = [plain_name(cell) for cell in rows[0]]
        alike = sum(len(_trimmed(row, len(header))) == len(header) for row in rows)
        return (any(cell in NAMES for cell in header), alike / len(rows), len(header))

    try:
        return max(_SEPARATORS, key=fits)
    except csv.Error:
        return ","


def _trimmed(row, width):
    """Return the row without empty cells beyond the width."""
    while len(row) > width and not row[-1].strip():
        row.pop()
    return row


def _rows(lines, separator, name, check_size):
    """Return the header, the rows, and the bad lines as (number, number of cells or None).

    A quote that is never closed would swallow the lines below it. So where a row goes over
    several lines and does not fit, only its first line is bad, and reading goes on after it.
    """
    begun = _records(lines, 0, separator)
    end, header = next(((end, row) for _, end, row in begun if row is None or _any(row)), (0, None))
    if header is None:
        raise ValueError(
            f"The metadata {name} is no table: expected a first line of columns' names. "
            f"Received: {lines[0][:40] if lines else ''!r}"
        )
    check_size(name, 1, len(header))
    # "key, Brand, Price": the space belongs to the comma.
    spaces = len(header) > 1 and all(cell[:1] == " " for cell in header[1:])
    rows, bad, restarts = [], [], 0
    records = _records(lines, end, separator, spaces)
    while record := next(records, None):
        first, end, row = record
        row = row and _trimmed(row, len(header))
        if row is None or len(row) > len(header):
            bad.append((first + 1, row and len(row)))
            if end > first + 1:
                records, restarts = _records(lines, first + 1, separator, spaces), restarts + 1
            if restarts > _MOST_RESTARTS:
                raise ValueError(
                    f"The metadata {name} is no table: {restarts:,} lines open a quote and do not "
                    f"close it. The first bad one is line {bad[0][0]:,}."
                )
        elif any(row):
            # Only a cell in quotes that goes over several lines holds a line's end.
            rows.append(row if end == first + 1 else [_plain(cell) for cell in row])
            check_size(name, len(rows), len(header))
    return header, rows, bad


def _records(lines, start, separator, spaces=False):
    """Yield each row: its first line, the one after its last, its cells, or None if unreadable."""
    rest = chain((lines[number] for number in range(start, len(lines))), [_END])
    form = {"delimiter": separator, "skipinitialspace": spaces}
    # Strict, else a quote that is never closed ends at the next one, in the middle of another row.
    reader = csv.reader(rest, strict=True, **form)
    first, end = start, start
    while end <= len(lines):
        try:
            row = next(reader)
        except csv.Error:
            row = None
        if row == [_END]:
            return
        end = start + reader.line_num
        if row is None and end == first + 1 <= len(lines):
            # Within a line, text after a closing quote does no harm.
            with suppress(csv.Error):
                row = next(csv.reader([lines[first]], **form))
        yield first, min(end, len(lines)), row
        first = end


def _any(row):
    return any(cell.strip() for cell in row)


def _plain(cell):
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _said(bad, name, width, n_lines):
    shown = [
        f"{number:,} ({f'{cells:,} cells' if cells and cells > width else 'an open quote'})"
        for number, cells in bad[:_LISTED]
    ]
    return (
        f"{len(bad):,} of the {n_lines:,} lines of {name} do not fit its {width:,} columns and "
        f"are left out: line {', '.join(shown)}{' …' if len(bad) > _LISTED else ''}. Put a cell "
        "that holds the separator into quotes."
    )
