"""Write a catalogue with its neighbours as a page that needs neither Python nor a network.

In: a catalogue, the items, and their vectors or similarity matrix. Out: one HTML file, or a folder
with one and the thumbnails beside it, whole or not at all. The edge rule: whatever a file or a cell
is called is data: it is shown, and never run. A Content-Security-Policy lets nothing run but the
page's own script, named by its digest.
"""

import base64
import json
import warnings
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from zapsim.checks import check_k, check_type
from zapsim.io.disk import prepare_folder, whole_folder, write_whole
from zapsim.page.content import page_content
from zapsim.page.pictures import SIZE, sheet_columns, sheet_jpeg, thumbnails, tile_size

__all__ = ["SCRIPTS", "joined_script", "write_page"]

SCRIPTS = ("data", "search", "state", "ranking", "cards", "filters", "map", "files", "keys", "main")
_HERE = Path(__file__).parent
_INDEX, _THUMBS = "index.html", "thumbs"
# A browser takes seconds to open a larger file.
_LARGE = 30_000_000
_BYTES_AN_ITEM = 8_000


def write_page(path, catalogue, table, vectors, k, title, filters, places):
    """Write the page of the items of a table; return its path. As `SimilarityPredictor.page`."""
    path = _checked(path)
    check_k(k)
    check_type(title, (str, type(None)), "title must be a text.")
    prepare_folder(path.parent, len(table) * _BYTES_AN_ITEM, path.name)
    content = page_content(catalogue, table, vectors, k, filters, places)
    content["title"] = title or _title(catalogue)
    made = thumbnails(catalogue, table.index, tile_size(len(table)))
    page, readable = (_write_file if _is_file(path) else _write_folder)(path, content, made)
    _tell_unreadable(table.index[[not each for each in readable]])
    return page


def _write_file(path, content, made):
    thumbs, tiles = zip(*made, strict=True)
    readable = [thumb is not None for thumb in thumbs]
    page = _page(content, tiles, readable, thumbs)
    write_whole(path, page)
    if len(page) > _LARGE:
        folder = str(path.with_suffix(""))
        warnings.warn(
            f"{path.name} has {len(page) / 1e6:,.0f} MB and opens slowly. "
            f"predictor.page({folder!r}), without .html, writes a folder that opens faster.",
            stacklevel=4,
        )
    return path, readable


def _write_folder(path, content, made):
    readable, tiles = [], []
    with whole_folder(path) as folder:
        (folder / _THUMBS).mkdir()
        for number, (thumb, tile) in enumerate(made):
            readable.append(thumb is not None)
            tiles.append(tile)
            if thumb is not None:
                (folder / _THUMBS / f"{number}.jpg").write_bytes(thumb)
        (folder / _INDEX).write_bytes(_page(content, tiles, readable))
    return path / _INDEX, readable


def _checked(path):
    """Return where the page goes; an error that says what to do if that is taken."""
    path = Path(path)
    if _is_file(path):
        if path.is_dir():
            raise ValueError(f"{path} is a folder. Choose another name for the page.")
    elif path.is_file():
        raise ValueError(
            f"{path} is a file. For a page in one file choose a name that ends in .html, for a "
            "folder one that is not taken."
        )
    elif path.is_dir():
        others = sorted({entry.name for entry in path.iterdir()} - {_INDEX, _THUMBS})
        if others:
            raise ValueError(
                f"The folder {path} holds something else than a page, such as {others[0]!r}. "
                "Choose a name that is not taken."
            )
    return path


def _title(catalogue):
    """Return the catalogue's name, without the suffix of a zip."""
    return catalogue.name if catalogue.root.is_dir() else catalogue.root.stem


def _is_file(path):
    return path.suffix.lower() in (".html", ".htm")


def _tell_unreadable(keys):
    if len(keys):
        warnings.warn(
            f"{len(keys):,} of the pictures could not be read, such as {keys[0]!r}. The page shows "
            "grey cards with their names.",
            stacklevel=4,
        )


def _page(content, tiles, readable, thumbs=None):
    """Put everything into one HTML document (bytes); thumbnails that are not given lie beside."""
    pictures = {
        "size": SIZE,
        "readable": list(map(int, readable)),
        "thumbs": thumbs and [thumb and _base64(thumb) for thumb in thumbs],
        "folder": _THUMBS,
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
