"""Write a catalogue with its neighbours as a page that needs neither Python nor a network.

In: a catalogue, the items, and their vectors or similarity matrix. Out: one HTML file, or a folder
with one and the thumbnails beside it, whole or not at all: what takes the place of an earlier page
is one file, which names the folder of its own thumbnails. The edge rules: whatever a file or a cell
is called is data: it is shown, and never run. A Content-Security-Policy lets nothing run but the
page's own script, named by its digest. Only a page that carries zapsim's mark is replaced, and only
the folder that it names is deleted.
"""

import base64
import json
import mmap
import os
import re
import shutil
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from html import escape
from os import PathLike
from os.path import expanduser, isfile
from pathlib import Path

from zapsim.checks import check_type, checked_whole
from zapsim.io.disk import (
    TEMPORARY,
    explained,
    open_regular,
    prepare_folder,
    temporary_folder,
    whole,
    write_whole,
)
from zapsim.io.names import HIDDEN, litter_in
from zapsim.page.content import page_content
from zapsim.page.pictures import SIZE, sheet_columns, sheet_jpeg, thumbnails, tile_size

__all__ = ["SCRIPTS", "joined_script", "write_page"]

SCRIPTS = ("data", "search", "state", "ranking", "cards", "filters", "map", "files", "keys", "main")
_SUFFIXES = (".html", ".htm")
_HERE = Path(__file__).parent
_INDEX, _THUMBS, _THUMB = "index.html", re.compile(r"thumbs(-\d+)?"), re.compile(r"\d+\.jpg")
# As a page names the folder; in a text, there would be a backslash before each quotation mark.
_NAMED = re.compile(rb'"folder":"(thumbs(?:-\d+)?)"')
# In a page's first bytes; the second is how pages began that were written without the first.
_MARKS = (
    b'<meta name="generator" content="zapsim">',
    b'<html lang="en" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
    b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ',
)
_HEAD = 1_000
# A browser takes seconds to open a larger file.
_LARGE = 30_000_000
_BYTES_AN_ITEM = 8_000


def write_page(path, catalogue, table, vectors, k, title, filters, places):
    """Write the page of the items of a table; return its path. As `SimilarityPredictor.page`."""
    with explained(f"look at {path}"):
        path = _checked(path)
        if not _is_file(path) and (beside := _beside(path, catalogue)) != path:
            raise ValueError(
                f"The folder {path} would lie in the catalogue's own folder, whose items its "
                f"thumbnails would become. Write it beside that: predictor.page({str(beside)!r})."
            )
    k = checked_whole("k", k)
    check_type(title, (str, type(None)), "title must be a text.")
    prepare_folder(path.parent, len(table) * _BYTES_AN_ITEM, path.name)
    content = page_content(catalogue, table, vectors, k, filters, places)
    content["title"] = title or _title(catalogue)
    content["catalogue"] = f"{_title(catalogue)}:{_place(catalogue)}"
    made = thumbnails(catalogue, table.index, tile_size(len(table)))
    page, n_bytes = path, 0
    if _is_file(path):
        n_bytes, readable = _write_file(path, content, made)
    else:
        page, readable = _write_folder(path, content, made)
    if n_bytes > _LARGE:
        folder = str(_beside(path.with_suffix(""), catalogue))
        warnings.warn(
            f"{path.name} has {n_bytes / 1e6:,.0f} MB and opens slowly. "
            f"predictor.page({folder!r}), without .html, writes a folder that opens faster.",
            stacklevel=3,
        )
    _tell_unreadable(table.index[[not each for each in readable]])
    return page


def _write_file(path, content, made):
    thumbs, tiles = zip(*made, strict=True)
    readable = [thumb is not None for thumb in thumbs]
    page = _page(content, tiles, readable, thumbs)
    write_whole(path, page)
    return len(page), readable


def _write_folder(path, content, made):
    readable, tiles, used = [], [], []
    try:
        with (
            explained(f"write {path}"),
            temporary_folder(path) as folder,
            whole(path / _INDEX) as index,
        ):
            for number, (thumb, tile) in enumerate(made):
                readable.append(thumb is not None)
                tiles.append(tile)
                if thumb is not None:
                    (folder / f"{number}.jpg").write_bytes(thumb)
            taken = {place.name for place in path.iterdir()}
            names = ("thumbs", *(f"thumbs-{number}" for number in range(2, len(taken) + 3)))
            thumbs = next(name for name in names if name not in taken)
            index.write_bytes(_page(content, tiles, readable, folder=thumbs))
            os.replace(folder, path / thumbs)
            # Another may have written the page meanwhile.
            used = [thumbs, _thumbs_of(path / _INDEX)]
    finally:
        with suppress(OSError):
            for name in {*used} - {None, _thumbs_of(path / _INDEX)}:
                shutil.rmtree(path / name, ignore_errors=True)
            # It fails, as it should, where anything is in the folder.
            path.rmdir()
    return path / _INDEX, readable


def _thumbs_of(index):
    """Return the name of the folder of thumbnails that a page is of; None if there is none."""
    if not _is_page(index):
        return None
    with (
        open_regular(index) as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as page,
    ):
        found = _NAMED.search(page)
        return found and found[1].decode()


def _checked(path):
    """Return where the page goes; an error that says what to do if that is taken, or no name."""
    wanted = "path must be a file's or folder's name, such as 'shop.html'."
    check_type(path, (str, PathLike), wanted)
    path = Path(expanduser(path))
    if "\0" in str(path) or path.name.lower() in _SUFFIXES:
        raise ValueError(f"{wanted} Received: {str(path)!r}")
    if _is_file(path):
        if path.is_dir():
            raise ValueError(f"{path} is a folder. Choose another name for the page.")
        if path.exists() and not _is_page(path):
            raise ValueError(
                f"The file {path} holds something else than a page of zapsim. Choose a name that "
                "is not taken, or delete it first."
            )
    elif path.is_file():
        raise ValueError(
            f"{path} is a file. For a page in one file choose a name that ends in .html, for a "
            "folder one that is not taken."
        )
    elif path.is_dir():
        ours = _is_page(path / _INDEX)
        others = sorted(place.name for place in path.iterdir() if not _is_ours(place, ours))
        if others:
            raise ValueError(
                f"The folder {path} holds something else than a page, such as {others[0]!r}. "
                "Choose a name that is not taken."
            )
    return path


def _is_ours(place, page):
    """Tell whether a place belongs to a page; only if there is one (bool) its names are meant."""
    if place.match(TEMPORARY.format("*")) or _is_a_systems(place.name):
        return True
    if not page or not _THUMBS.fullmatch(place.name):
        return page and place.name == _INDEX
    return place.is_dir() and all(
        _THUMB.fullmatch(each.name) or _is_a_systems(each.name) for each in place.iterdir()
    )


def _is_a_systems(name):
    # What else is hidden may be a person's own.
    return name == ".DS_Store" or litter_in(name) not in (None, HIDDEN)


def _is_page(path):
    if not path.is_file():
        return False
    with open_regular(path) as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _MARKS)


def _title(catalogue):
    """Return the catalogue's name, without the suffix of a zip."""
    return catalogue.root.stem if isfile(catalogue.root) else catalogue.name


def _place(catalogue):
    """Return what tells apart catalogues of one name that one person has, whatever is in them."""
    # Too little for anybody to find out from the page what a folder is called on this machine.
    return sha256(os.fsencode(catalogue.root.resolve())).hexdigest()[:4]


def _beside(path, catalogue):
    """Return where a folder may be; beside the catalogue's folder what would be inside of it."""
    root = catalogue.root.resolve()
    inside = root.is_dir() and path.resolve().is_relative_to(root)
    return root.parent / path.name if inside else path


def _is_file(path):
    return path.suffix.lower() in _SUFFIXES


def _tell_unreadable(keys):
    if len(keys):
        warnings.warn(
            f"{len(keys):,} of the pictures could not be read, such as {keys[0]!r}. The page shows "
            "grey cards with their names.",
            stacklevel=4,
        )


def _page(content, tiles, readable, thumbs=None, folder=None):
    """Put everything into one HTML document (bytes); thumbnails are given, or lie in a folder."""
    pictures = {
        "size": SIZE,
        "readable": list(map(int, readable)),
        "thumbs": thumbs and [thumb and _base64(thumb) for thumb in thumbs],
        "folder": folder,
        "sheet": _base64(sheet_jpeg(tiles)),
        "tile": len(tiles[0]),
        "columns": sheet_columns(len(tiles)),
    }
    script, style = joined_script(), _text("page.css")
    # Beside the page, where it is opened by a double click, and where a server shows it.
    places = "data:" if thumbs else "data: 'self' file:"
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src {places}"
    )
    parts = {
        "title": escape(content["title"]),
        "policy": policy,
        "style": style,
        "script": script,
        "data": _json(content),
        "pictures": _json(pictures),
    }
    page = _text("page.html")
    before, *rest = page.split("{{")
    filled = [before]
    for part in rest:
        name, _, after = part.partition("}}")
        filled += [parts[name], after]
    # What is no text, such as half a letter in a file's name, becomes a question mark.
    return "".join(filled).encode("utf-8", "replace")


@cache
def joined_script():
    """Return all scripts as one, in which they see each other, and nothing else does."""
    parts = "\n".join(_text(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _text(name):
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text):
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


def _json(value):
    """Write JSON that no text in it can end or change, wherever it stands in HTML."""
    # All but ASCII is escaped by default, U+2028 and halves of letters included.
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _base64(data):
    return base64.b64encode(data).decode()
