"""Find a catalogue's metadata: given, or lying with its pictures.

In: `Files`, and what the user gave, if anything. Out: a `Table`. The edge rule: what is named but
not there is an error; where nothing is named and nothing found, there is none.
"""

from os import PathLike
from pathlib import Path

import pandas as pd

from zapsim.checks import received
from zapsim.io.sources import METADATA, SHEETS
from zapsim.keys import clean_key
from zapsim.metadata.delimited import plain_name
from zapsim.metadata.tables import MAX_BYTES, Table, read_table, text_table

__all__ = ["find_metadata", "unread_tables"]

# Hugging Face's names; one may lie in each folder.
_FOUND = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_LISTED = 5


def find_metadata(files, given=None):
    """Return the metadata as a `Table`, or None where there is none.

    Parameters
    ----------
    files : Files
    given : path, DataFrame, optional
        A path, or the name of a file that lies with the pictures, inside their zip or beside it,
        or beside their folder.
        By default ``meta-data.csv``, else ``metadata.csv``, ``.jsonl`` or ``.parquet``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError, ImportError
        If what is given is of another kind, or cannot be read.
    """
    if given is None:
        data = files.metadata()
        if data is not None:
            return read_table(data, METADATA)
        found = filter(None, (_inside(files, name) for name in _FOUND))
        return _together(files, next(found, []))
    if isinstance(given, pd.DataFrame):
        return text_table(given)
    if not isinstance(given, (str, PathLike)) or not str(given).strip():
        raise TypeError(
            "metadata must be a path, the name of a file beside the pictures, or a DataFrame. "
            f"Received: {received(given)}"
        )
    path = Path(given).expanduser()
    if not path.is_file():
        if inside := _inside(files, path.as_posix().replace("\\", "/")):
            return _together(files, inside)
        # What is of another kind lies among the pictures, too, and is refused for that.
        near = [files.root / path, *([files.root.with_name(path.name)] * (path.name == str(path)))]
        found = next((each for each in near if each.is_file()), None)
        if found is None:
            there = ", ".join(files.tables[:_LISTED]) or "none"
            raise FileNotFoundError(
                f"No metadata at {given}, and no file of this name with the pictures in "
                f"{files.root}. Tables that lie there: {there}."
            )
        path = found
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"The metadata {path} has more than {MAX_BYTES:,} bytes.")
    return read_table(path.read_bytes(), path.name)


def unread_tables(files):
    """Name the tables that lie with the pictures and were not taken; "" if there are none."""
    found = [path for path in files.tables if path.lower().endswith(SHEETS)]
    if not found:
        return ""
    found.sort(key=lambda path: path.count("/"))
    more = " …" if len(found) > _LISTED else ""
    return (
        f"Not read: {', '.join(found[:_LISTED])}{more}. If it says something about the pictures: "
        f"load_catalogue(…, metadata={found[0]!r})"
    )


def _inside(files, name):
    """Return the paths of the tables of this name that are highest up."""
    found = [path for path in files.tables if f"/{path}".endswith(f"/{name}")]
    highest = min((path.count("/") for path in found), default=0)
    return [path for path in found if path.count("/") == highest]


def _together(files, paths):
    """Read tables of one kind as one, such as ``train/metadata.csv`` and ``test/metadata.csv``."""
    tables = [read_table(files.read_table(path), path) for path in paths]
    if not tables:
        return None
    keys = set(files.keys)
    for path, table in zip(paths, tables, strict=True):
        folder = path.rpartition("/")[0]
        for column in table.frame if folder else ():
            # There a file's name is relative to the table's own folder.
            if plain_name(column) == "file_name":
                below = table.frame[column].map(lambda cell, at=folder: f"{at}/{cell}")
                known = below.map(lambda path: clean_key(path) in keys)
                table.frame[column] = below.where(known, table.frame[column])
    return Table(
        pd.concat([table.frame for table in tables], ignore_index=True),
        " and ".join(paths[:_LISTED]) + (" …" if len(paths) > _LISTED else ""),
        list(dict.fromkeys(said for table in tables for said in table.found_out)),
        [said for table in tables for said in table.problems],
    )
