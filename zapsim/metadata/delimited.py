"""Read text that a separator divides into cells, whichever encoding and separator it has.

In: a file's bytes, then its lines. Out: its header and rows, and what was found out. The edge
rule: a line with more or fewer cells than the header has columns is left out and named by its
number. But all may have the same number of empty cells more, from a comma at the end of every row,
and those at the end may be missing that Excel leaves out.
"""

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import chain, count, islice
from sys import getsizeof

from zapsim.metadata.cells import MAX_CELLS, MAX_COLUMNS, Cells, Room, TooLargeError, check_size

__all__ = [
    "NAMES",
    "TITLES",
    "Delimited",
    "decode",
    "header_at",
    "plain_name",
    "read_delimited",
    "size_of",
]

_SEPARATORS = {",": "", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# What the column that names the picture is usually called, the likeliest first.
NAMES = (
    *("key", "cid", "file_name", "filename", "file", "image", "image_path", "image_name", "img"),
    *("path", "file_path", "filepath", "picture", "photo", "id", "image_id", "article_id"),
    *("product_id", "item_id", "sku"),
)
# What a file may begin with; the mark of UTF-16 is also how that of UTF-32 begins.
_MARKS = [(codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")]
_MARKS += [(codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]
_BEGINNING = 4_096
# What hardly any text is without, in UTF-16 two bytes each.
_ENDS = "\r\n\t,;|"
# What letters of other alphabets look like in cp1252: three with accents in a row, or a sign within
# a word; and which part of all beyond ASCII is too many.
_ODD = re.compile(r"[À-ÖØ-öø-ÿŠŒŽšœžŸ]{3,}|(?<=[^\W\d_])[¡-§ª-¬¯-³¶¸-¿](?=[^\W\d_])")
_MOST_ODD = 0.1
# Where the last columns are empty in so many rows, Excel saves these without the commas there.
_BLOCK = 16
_LOOKED_AT = 100
_USUAL = {*NAMES, "cid"}
# So many rows may lie above the columns' names.
TITLES = 20
_TITLE = 2
_LISTED, _SHOWN = 10, 40
# So many lines may be read again after an open quote, and so many characters.
_MOST_RESTARTS, _MOST_VAIN = 1_000, 50_000_000
_MOST_LINES = 20_000_000
_POINTER, _AT_ONCE = 8, 1 << 20
# A line that is none of the file's; it shows whether the last quote was closed.
_END = "\0end of the file\0"


@dataclass
class Delimited:
    """A table's header and columns (lists), what had to be found out of it, and problems."""

    header: list
    columns: list
    found_out: list
    problems: list


def decode(data, name, room=None):
    """Find out the encoding: lines with their ends, what to say ("" for UTF-8), and problems.

    UTF-8 and UTF-16, with or without a byte order mark, UTF-32 with one, else cp1252, as Excel
    saves on Windows in Western Europe, if its letters make words. Without a mark, UTF-16 is told by
    the ends of its lines and cells. A few damaged bytes do not make UTF-8 another encoding.
    ValueError if it is none of these, or has too many lines; what these take is taken from the
    `Room`.
    """
    room = room or Room(name)
    encoding = next((each for mark, each in _MARKS if data.startswith(mark)), None)
    encoding = encoding or _utf_16(data[:_BEGINNING])
    if encoding:
        lines = _lines(data, encoding, room, "replace")
        return lines, encoding[:6].upper(), _damage(_count("\ufffd", lines), name)
    try:
        return _lines(data, "utf-8-sig", room), "", []
    except UnicodeDecodeError:
        lines = _lines(data, "utf-8-sig", room, "replace")
    damaged = _count("\ufffd", lines)
    if _n_beyond(lines) > 2 * damaged:
        return lines, "", _damage(damaged, name)
    room.give_back(size_of(lines))
    del lines
    try:
        lines = _lines(data, "cp1252", room)
        found = next(filter(_ODD.search, lines), "") if _is_odd(lines) else ""
        wrong = found and f"it would begin {found.strip()[:_SHOWN]!r}"
    except UnicodeDecodeError as error:
        wrong = f"byte {data.index(error.object[error.start]):,}"
    if not wrong:
        return lines, "cp1252", []
    raise ValueError(
        f"The metadata {name} is neither UTF-8 nor UTF-16 nor cp1252 ({wrong}). "
        'In Excel, save it as "CSV UTF-8"; or read it with pandas.read_csv(…, encoding=…) '
        "and give the DataFrame."
    )


def _is_odd(lines):
    """Tell whether what was read as cp1252 looks like another encoding's letters."""
    n_odd = sum(map(len, chain.from_iterable(map(_ODD.findall, lines))))
    return n_odd > _MOST_ODD * _n_beyond(lines)


def _n_beyond(lines):
    return sum(len(line) - len(line.encode("ascii", "ignore")) for line in lines)


def _utf_16(begun):
    """Return which UTF-16 a text without a mark begins in, None if it is none."""
    zeros = {"utf-16-le": begun[1::2].count(0), "utf-16-be": begun[::2].count(0)}
    texts = {encoding: begun.decode(encoding, "ignore") for encoding in zeros}
    encoding = max(zeros, key=lambda each: (_count(_ENDS, [texts[each]]), zeros[each]))
    # Of other alphabets than ours only the ends, digits and the like have a byte that is zero,
    # and one of the ends may look like half of the letters.
    told = [2 * texts[encoding].count(end) > begun.count(end.encode()) for end in _ENDS]
    return encoding if sum(told) > 1 or 5 * begun.count(0) > len(begun) else None


def _lines(data, encoding, room, errors="strict"):
    """Return a text's lines with their ends: one that is wide in memory is so alone."""
    taken, lines = 0, []
    reader = TextIOWrapper(BytesIO(data), encoding, errors, newline="")
    try:
        while some := reader.readlines(_AT_ONCE):
            lines += some
            if len(lines) > _MOST_LINES:
                raise TooLargeError(
                    f"The metadata {room.name} has more than {_MOST_LINES:,} lines. Keep those "
                    "that you need."
                )
            taken += (size := size_of(some))
            room.take(size)
    except UnicodeDecodeError:
        # The error keeps this function's names.
        lines.clear()
        room.give_back(taken)
        raise
    if lines:
        # A file that was saved twice may have two marks.
        lines[0] = lines[0].lstrip("\ufeff")
    return lines


def size_of(lines):
    """Return how many bytes of a `Room` lines take."""
    return sum(map(getsizeof, lines)) + _POINTER * len(lines)


def _count(letters, lines):
    return sum(line.count(letter) for letter in letters for line in lines)


def _damage(n_characters, name):
    if not n_characters:
        return []
    return [f"{n_characters:,} characters of {name} are damaged and shown as \ufffd."]


def plain_name(column):
    """Return a column's name as `NAMES` has it, ``"file_name"`` of ``"File name"``."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def header_at(rows):
    """Return which of a table's first rows names the columns, counted from 0.

    The first, unless it is a title, of one or two cells, and a row below it has a usual name in
    it, and more cells than any above it.
    """
    widest = 0
    first = [bool(cell.strip()) for cell in rows[0]] if rows else []
    while first and not first[-1]:
        first.pop()
    # Above a column of row numbers there is no name.
    taken = len(first) if all(first[1:]) else sum(first)
    for number, row in enumerate(rows[:TITLES]):
        n_cells = sum(1 for cell in row if cell.strip())
        title = not number or (sum(first) <= _TITLE and n_cells >= 2 * taken)
        if title and n_cells > widest and any(plain_name(cell) in _USUAL for cell in row):
            return number
        widest = max(widest, n_cells)
    return 0


def read_delimited(lines, name, separator=None, room=None):
    """Split a text's lines into a header and columns: `Delimited`.

    ValueError if there is no header, if there are too many columns or cells, or if so many quotes
    are open that it is no table. What the cells take is taken from the `Room`.
    """
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    skipped, found_out = 0, []
    # Excel's own hint.
    if lines and (hint := re.fullmatch(r"sep=(.)\s*", lines[0])):
        separator, skipped = hint[1], 1
    for line in lines:
        if len(line) > _BEGINNING:
            check_size(name, 1, _n_cells(line))
    separator = separator or _separator(lines[skipped:])
    if (n_separators := _count(separator, lines)) > MAX_CELLS:
        raise TooLargeError(
            f"The metadata {name} has {n_separators:,} times {separator!r} between its cells; the "
            f"limit is {MAX_CELLS:,}. Keep the rows and columns that you need."
        )
    if said := _SEPARATORS.get(separator, f"{separator!r}"):
        found_out.append(said)
    lines = lines[skipped:]
    header, above, cells, bad, escaped = _read_rows(lines, separator, name, room or Room(name))
    if escaped:
        found_out.append('\\" for a quote within a cell')
    if above:
        found_out.append(f"without the {above:,} lines above the columns' names")
    bad = [(number + skipped, what) for number, what in bad]
    problems = [_said(bad, name, len(header), len(lines) + skipped)] if bad else []
    return Delimited(header, cells.columns(len(header)), found_out, problems)


def _n_cells(line):
    """Count a line's cells at most; only where that is too many, without those in quotes."""
    most = max(map(line.count, _SEPARATORS)) + 1
    if most > MAX_COLUMNS:
        most = max(map(re.sub(r'"[^"]*"', "", line).count, _SEPARATORS)) + 1
    return most


def _separator(lines):
    """Choose the separator: the header has a known name, most lines have as many cells."""

    def fits(separator):
        rows = [row for row in csv.reader(islice(lines, _LOOKED_AT), delimiter=separator) if row]
        rows = rows[header_at(rows) :]
        if not rows or len(rows[0]) < 2:
            return (False, 0, 0)
        header = [plain_name(cell) for cell in rows[0]]
        width = len(header)
        alike = sum(len(row) >= width and not _any(row[width:]) for row in rows)
        return (any(cell in _USUAL for cell in header), alike / len(rows), len(header))

    try:
        return max(_SEPARATORS, key=fits)
    except csv.Error:
        return ","


def _read_rows(lines, separator, name, room):
    """Return what `_rows` does, and whether quotes within cells are written with a backslash.

    So Spark and MySQL do. They are where more lines fit then.
    """
    spelt = [line.replace('\\"', '""') for line in lines]
    if spelt == lines:
        return *_rows(lines, separator, name, room), False
    room.take(size_of([new for new, old in zip(spelt, lines, strict=True) if new is not old]))
    try:
        plain = _rows(lines, separator, name, room)
    except TooLargeError:
        raise
    except ValueError:
        return *_rows(spelt, separator, name, room), True
    if not plain[-1]:
        return *plain, False
    try:
        escaped = _rows(spelt, separator, name, room)
    except ValueError:
        return *plain, False
    fits = len(escaped[-1]) < len(plain[-1])
    return (*escaped, True) if fits else (*plain, False)


def _rows(lines, separator, name, room):
    """Return the header, how many rows lie above it, `Cells`, and the bad lines.

    Those are (number, how many cells or what is wrong). A quote that is never closed would swallow
    the lines below it. So where a row goes over several lines and does not fit, only its first
    line is bad, and reading goes on after it.
    """
    begun = (record for record in _records(lines, 0, separator) if _any(record[2]))
    begun = list(islice(begun, TITLES))
    if not begun or isinstance(begun[0][2], str):
        raise ValueError(
            f"The metadata {name} is no table: expected a first line of columns' names. "
            f"Received: {lines[0][:40] if lines else ''!r}"
        )
    above = header_at([row if isinstance(row, list) else [] for *_, row in begun])
    _, end, header = begun[above]
    check_size(name, 1, len(header))
    # "key, Brand, Price": the space belongs to the comma.
    spaces = len(header) > 1 and all(cell[:1] == " " for cell in header[1:])
    n_bytes = sum(map(len, lines))
    cells, bad, restarts, vain, width = Cells(name, n_bytes, room), [], 0, 0, len(header)
    usual = _usual_length(_records(lines, end, separator, spaces), header)
    block, lengths = [], {usual}

    def keep():
        for number, row in block:
            if len(lengths) == 1 or len(row) == usual:
                cells.add(row[:width])
            else:
                bad.append((number, f"{len(row):,} cells"))
        block.clear()
        lengths.clear()
        check_size(name, len(bad), width)

    records = _records(lines, end, separator, spaces)
    for number in count(above + 1):
        if number % _BLOCK == 0:
            keep()
        if not (record := next(records, None)):
            break
        first, end, row = record
        if isinstance(row, str) or (_any(row) and (len(row) > usual or _any(row[width:]))):
            bad.append((first + 1, row if isinstance(row, str) else f"{len(row):,} cells"))
            if end > first + 1:
                records, restarts = _records(lines, first + 1, separator, spaces), restarts + 1
                vain += sum(map(len, lines[first:end]))
            if restarts > _MOST_RESTARTS or vain > _MOST_VAIN:
                raise ValueError(
                    f"The metadata {name} is no table: {restarts:,} lines open a quote and do not "
                    f"close it. The first bad one is line {bad[0][0]:,}."
                )
        elif _any(row):
            lengths.add(len(row))
            # Only a cell in quotes that goes over several lines holds a line's end.
            block.append((first + 1, row if end == first + 1 else [_plain(cell) for cell in row]))
    keep()
    return header, above, cells, sorted(bad)


def _usual_length(records, header):
    """Return how many cells a row has: the header's number, if any row has it.

    Else it is that of most rows, if there are as many as names: a comma at the end of every row, or
    of the header alone, moves no cell. At the end of some rows, it may stand for one within them.
    """
    lengths = Counter()
    for *_, row in records:
        if len(row) == len(header) and not isinstance(row, str):
            return len(header)
        if not isinstance(row, str) and _any(row):
            lengths[len(row)] += 1
    most = max(lengths, key=lengths.get, default=0)
    return most if not _any(header[most:]) else len(header)


def _records(lines, start, separator, spaces=False):
    """Yield each row: its first line, the one after its last, its cells, or what is wrong (str)."""
    rest = chain((lines[number] for number in range(start, len(lines))), [_END])
    form = {"delimiter": separator, "skipinitialspace": spaces}
    # Strict, else a quote that is never closed ends at the next one, in the middle of another row.
    reader = csv.reader(rest, strict=True, **form)
    first, end = start, start
    while end < len(lines):
        try:
            row = next(reader)
        except csv.Error:
            row = "an open quote"
        end = start + reader.line_num
        if isinstance(row, str) and end == first + 1 <= len(lines):
            # Text after a closing quote does no harm, unless the cell goes on behind a separator:
            # then a quote is left there.
            try:
                lenient = next(csv.reader([lines[first]], **form))
                row = "a quote within a cell" if any('"' in cell for cell in lenient) else lenient
            except csv.Error as error:
                row = "too long a cell" if "field limit" in str(error) else row
        yield first, min(end, len(lines)), row
        first = end


def _any(row):
    return isinstance(row, str) or any(cell.strip() for cell in row)


def _plain(cell):
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _said(bad, name, width, n_lines):
    shown = [f"{number:,} ({what})" for number, what in bad[:_LISTED]]
    return (
        f"{len(bad):,} of the {n_lines:,} lines of {name} do not fit its {width:,} columns and "
        f"are left out: line {', '.join(shown)}{' …' if len(bad) > _LISTED else ''}. Put a cell "
        "that holds the separator, or several lines, into quotes."
    )
