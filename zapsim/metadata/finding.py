"""Find a catalogue's metadata: given, or lying with its pictures.

In: `Files`, and what the user gave, if anything. Out: a `Table`. The edge rule: what is named but
not there is an error; where nothing is named and nothing found, there is none.
"""

from math import nan
from os import PathLike
from os.path import abspath, realpath
from pathlib import Path

import numpy as np
import pandas as pd

from zapsim.checks import printable, received
from zapsim.io.folders import leads_out
from zapsim.io.sources import METADATA, SHEETS
from zapsim.metadata.cells import Room, TooLargeError, check_size
from zapsim.metadata.tables import Table, check_bytes, read_table, text_table

__all__ = ["find_metadata", "unread_tables"]

# Hugging Face's names; one may lie in each folder.
_FOUND = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_LISTED = 5
# Each takes about a millisecond, however small it is.
_MOST = 10_000


def find_metadata(files, given=None):
    """Return the metadata as a `Table`, or None where there is none.

    Parameters
    ----------
    files : Files
    given : path, DataFrame, optional
        A path, or the name of a file that lies with the pictures, inside their zip or beside it,
        or beside their folder. It comes before one of this name in the current folder.
        By default ``meta-data.csv``, else ``metadata.csv``, ``.jsonl`` or ``.parquet``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError, ImportError
        If what is given is of another kind, cannot be read, or is the name of a link that leads out
        of the catalogue's folder.
    """
    if given is None:
        data = files.metadata()
        found = [path for name in _FOUND for path in _inside(files, name)[:1]]
        if data is not None:
            table, taken = read_table(data, METADATA), [files.taken]
            if files.taken:
                table.folders = _folders(files, taken, [table])
        else:
            taken = _inside(files, found[0].rpartition("/")[2]) if found else []
            table = _together(files, taken)
        usual = (METADATA, *_FOUND)
        others = [path for path in files.tables if path.rpartition("/")[2].lower() in usual]
        others = [path for path in others if path not in taken]
        if table and others:
            read = _listed([path for path in taken if path] or [METADATA])
            table.problems.append(f"Read: {read}. {_unread(others)}")
        return table
    if isinstance(given, pd.DataFrame):
        return text_table(given)
    if not isinstance(given, (str, PathLike)) or not str(given).strip():
        raise TypeError(
            "metadata must be a path, the name of a file beside the pictures, or a DataFrame. "
            f"Received: {received(given)}"
        )
    path = Path(given).expanduser()
    is_own, is_name = path.is_absolute(), str(given) == path.name
    # What is of another kind lies among the pictures, too, and is refused for that.
    near = [files.root / path, *([files.root.with_name(path.name)] * is_name)]
    # A path is that from the current folder; a mere name, that of the pictures' own table.
    places = [*near, path] if is_name else [path, *near]
    found = [each for each in places if each.is_file()]
    inside = []
    if is_name or not path.is_file():
        inside = _inside(files, path.as_posix().replace("\\", "/"))
    if not inside and not found:
        there = printable(", ".join(files.tables[:_LISTED])) or "none"
        raise FileNotFoundError(
            f"No metadata at {printable(str(given))}, and no file of this name with the "
            f"pictures in {files.root}. Tables that lie there: {there}."
        )
    table = _together(files, inside) if inside else _read(files, found[0], is_own)
    taken = {realpath(files.root / each) for each in inside} or {realpath(found[0])}
    others = [abspath(each) for each in found if realpath(each) not in taken]
    if others:
        table.problems.append(f"Read: {_listed(inside or [str(found[0])])}. {_unread(others)}")
    return table


def _read(files, path, is_own):
    """Read a file that is not listed among the pictures; `is_own` if it was given in full."""
    # A path of the user's own may lead wherever it does.
    below = not is_own and Path(abspath(path)).is_relative_to(files.root)
    if below and not files.links and leads_out(path, files.root):
        raise ValueError(
            f"{printable(str(path))} is a link that leads out of {files.root}, and is not "
            "followed. Give the path of the file itself, or load_catalogue(…, links=True)."
        )
    check_bytes(path.name, path.stat().st_size)
    return read_table(path.read_bytes(), path.name)


def unread_tables(files):
    """Name the tables that lie with the pictures and were not taken; "" if there are none."""
    found = [path for path in files.tables if path.lower().endswith(SHEETS)]
    return _unread(found) if found else ""


def _unread(found):
    found = sorted(found, key=lambda path: path.count("/"))
    return (
        f"Not read: {_listed(found)}. If it says something about the pictures: "
        f"load_catalogue(…, metadata={found[0]!r})"
    )


def _listed(paths, between=", "):
    return printable(between.join(paths[:_LISTED])) + (" …" if len(paths) > _LISTED else "")


def _inside(files, name):
    """Return the paths of the tables of this name that are highest up."""
    found = [path for path in files.tables if f"/{path}".endswith(f"/{name}")]
    highest = min((path.count("/") for path in found), default=0)
    return [path for path in found if path.count("/") == highest]


def _together(files, paths):
    """Read tables of one kind as one, such as ``train/metadata.csv`` and ``test/metadata.csv``."""
    if not paths:
        return None
    name = _listed(paths, " and ")
    if len(paths) > _MOST:
        raise TooLargeError(
            f"There are {len(paths):,} tables, {name}, and at most {_MOST:,} are read together. "
            "Put their rows into one, with the pictures' whole paths."
        )
    tables, n_rows, columns, n_bytes, room = [], 0, {}, 0, Room(name)
    for path in paths:
        data = files.read_table(path)
        n_bytes += len(data)
        tables.append(read_table(data, path, room))
        n_rows += len(tables[-1].frame)
        columns |= dict.fromkeys(tables[-1].frame)
        # Each may have columns of its own, and all get all of them.
        check_size(name, n_rows, len(columns), n_bytes)
    return Table(
        _one_below_the_other([table.frame for table in tables], n_rows, columns),
        name,
        list(dict.fromkeys(said for table in tables for said in table.found_out)),
        [said for table in tables for said in table.problems],
        _folders(files, paths, tables),
    )


def _one_below_the_other(frames, n_rows, columns):
    """Return all rows in one frame; pandas would widen each frame to all columns by itself."""
    if len(frames) == 1:
        return frames[0]
    cells, start = {column: np.full(n_rows, nan, object) for column in columns}, 0
    for frame in frames:
        stop = start + len(frame)
        for column in frame:
            cells[column][start:stop] = frame[column]
        start = stop
    return pd.DataFrame(cells, pd.RangeIndex(n_rows), dtype=object, copy=False)


def _folders(files, paths, tables):
    """Return each row's folder, if any of those that the tables lie in holds pictures."""
    folders = [path.rpartition("/")[0] for path in paths]
    depth = folders[0].count("/") + 1
    if {"/".join(key.split("/")[:-1][:depth]) for key in files.keys}.isdisjoint({*folders} - {""}):
        return []
    rows = zip(folders, tables, strict=True)
    return [folder for folder, table in rows for _ in range(len(table.frame))]
