"""Join metadata to what the keys say.

In: the table that the keys gave, a `Table` of metadata, and the `Match` of their rows. Out: the
joined table, a line that says how, and what is to be warned about. The edge rule: where both say
something, the metadata counts; where it has no value, the folder's name stays.
"""

from zapsim.checks import printable
from zapsim.io.sources import METADATA
from zapsim.metadata.layout import FOLDERS, arranged
from zapsim.metadata.tables import UNNAMED, tidied

__all__ = ["RESERVED", "join"]

# Columns that tables of neighbours have of their own.
RESERVED = ("rank", "key", "score")
# Of a value that is no name, so many characters are shown.
_SHOWN = 200


def join(table, metadata, match, reserved=()):
    """Return the joined table, a line on how it was joined ("" if that was plain), and problems.

    Columns that are `RESERVED`, or in `reserved`, are called otherwise.
    """
    problems = [*metadata.problems, *_problems(metadata, match, table.index)]
    problems = list(map(printable, problems))
    if not match.rows:
        return table, "", problems
    rows = [match.rows.get(key, -1) for key in table.index]
    given = _without_indices(metadata.frame, match.column)
    given = _renamed(given, (*RESERVED, *reserved)).reindex(rows)
    given = tidied(given.set_axis(table.index), metadata.name)
    table = _called_alike(table, given)
    both = [column for column in given if column in table]
    problems += map(printable, _differences(table, given, both))
    for column in both:
        given[column] = given[column].where(given[column].notna(), table[column])
    joined = table.drop(columns=both).join(given)
    line = printable(_line(metadata, match, len(table)))
    return arranged(joined, given.columns), line, problems


def _called_alike(table, given):
    """Call what folders say as the metadata does: ``category`` and ``Category`` are one."""
    theirs = {column.lower(): column for column in reversed(given.columns)}
    names = {name: theirs.get(name.lower(), name) for name in (*FOLDERS, "Split")}
    return table.rename(columns={name: new for name, new in names.items() if name not in given})


def _without_indices(frame, column):
    """Leave out the keys, which become the index, and row numbers that pandas wrote."""
    drop = [column] if column == "key" or column.startswith(UNNAMED) else []
    first = frame.columns[0]
    if first.startswith(UNNAMED) and first != column and _are_row_numbers(frame[first]):
        drop.append(first)
    return frame.drop(columns=drop)


def _are_row_numbers(cells):
    # With a gap, they may say what no other column does.
    return cells.tolist() in [[str(first + n) for n in range(len(cells))] for first in (0, 1)]


def _renamed(frame, reserved):
    """Call columns otherwise that would get in the way."""
    names, taken = {}, set(frame.columns)
    for name in reserved:
        new, number = f"{name} (metadata)", 2
        while new in taken:
            new, number = f"{name} (metadata {number})", number + 1
        names[name] = new
    return frame.rename(columns=names)


def _differences(table, given, columns):
    """Say where the metadata and the folders' names differ."""
    counts, example = [], ""
    for column in columns:
        ours, theirs = table[column], given[column]
        differ = ours.notna() & theirs.notna() & (ours != theirs)
        if differ.any():
            counts.append(f"{column} of {differ.sum():,} of {len(table):,}")
            key = differ.idxmax()
            example = example or f"{key!r} is {theirs[key]!r} there and {ours[key]!r} by its path"
    if not counts:
        return []
    return [
        "The metadata and the pictures' paths differ, and the metadata is taken: "
        f"{', '.join(counts)} pictures. For example, {example}."
    ]


def _line(metadata, match, n_items):
    if metadata.name == METADATA and match.is_plain and not metadata.found_out:
        return ""
    n_rows = len(set(match.rows.values()))
    found_out = f" ({', '.join(metadata.found_out)})" if metadata.found_out else ""
    return (
        f"{metadata.name}{found_out}: {n_rows:,} of {len(metadata.frame):,} rows belong to "
        f"{len(match.rows):,} of {n_items:,} pictures,\n"
        f"by {match.way} in column {match.column!r}."
        + ("" if len(match.rows) == n_items else " check() names the others.")
    )


def _problems(metadata, match, keys):
    """Say which rows are nobody's, or too many."""
    problems = []
    if match.unnamed:
        problems.append(
            f"Rows of {metadata.name} without a value in {match.column!r}, left out: "
            f"{match.unnamed:,}."
        )
    if match.repeated:
        value, more = next(iter(match.repeated.items()))
        problems.append(
            f"Pictures with several rows in {metadata.name}: {len(match.repeated):,}; the first "
            f"is taken. For example, {value!r} has {more:,} rows."
        )
    if match.n_unclear:
        value, why = next(item for item in match.unused.items() if " of several " in item[1])
        problems.append(
            f"Rows of {metadata.name} that cannot be told apart, left out: {match.n_unclear:,}. "
            f"For example, {value!r}: {why}. Give paths instead of names, or another column (on=…)."
        )
    if match.otherwise:
        value, why = next(iter(match.otherwise.items()))
        problems.append(
            f"Columns of {metadata.name} name different pictures in {len(match.otherwise):,} rows, "
            f"and {match.column!r} is taken. For example, {value!r}: {why}. check() names them; "
            "take another column by on=…"
        )
    if not match.rows:
        value = next(iter(match.unused), None)
        value = value and value[:_SHOWN]
        problems.append(
            f"None of the metadata's {len(metadata.frame):,} rows ({metadata.name}) belongs to a "
            f"picture: no {match.column} matches. It starts with {value!r}, the keys with "
            f"{keys[0]!r}. If another column names the pictures, say so: on=…"
        )
    return problems
