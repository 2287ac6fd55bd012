"""Turn a folder or zip of pictures into a `Catalogue`: a table of items, and their pictures.

An *item* is one picture; its *key* is its path relative to the catalogue's root, POSIX style,
e.g. ``Shoes/Oxfords/Bostonian/100627.72.jpg``. In UT-Zappos50K's layout the folders are
category, subcategory and brand, and the file is named *product* ``.`` *colour*. The edge rule:
what a layout lacks becomes a missing column or a missing value, never an error.
"""

import re
import warnings
from copy import copy
from functools import cached_property
from hashlib import sha256
from io import BytesIO

import pandas as pd

from zapsim.io.bundled import MINIZAP
from zapsim.io.pictures import PictureError, load_picture, shrink, thumbnail
from zapsim.io.sources import open_files
from zapsim.keys import clean_key, known_key, respelt

__all__ = ["IDENTIFIERS", "Catalogue", "load_catalogue", "split_values"]

# Columns that say which item it is, and nothing about what it is like.
IDENTIFIERS = ("Product", "Colourway", "CID")

_FOLDERS = ["Category", "SubCategory", "Brand"]
_PRODUCT_AND_COLOUR = re.compile(r"(\d+)\.(\d+)$")
_TINY = 32
_SHOWN_SIDE = 400
# Columns that tables of neighbours have of their own.
_RESERVED = ("rank", "key", "score")


def load_catalogue(source=None, metadata=None):
    """Open a folder or zip of product pictures as a `Catalogue`.

    Parameters
    ----------
    source : path, optional
        A folder, in UT-Zappos50K's layout or any other, or a ``.zip`` of one, which is read
        in place. By default the bundled MiniZap.
    metadata : path, optional
        A CSV file with a column ``CID`` (UT-Zappos50K's) or ``key``, joined to the items. By
        default the ``meta-data.csv`` that lies with the pictures, if there is one.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `source` or `metadata`.
    ValueError
        If there is no picture, or the metadata has neither of the two columns.

    Examples
    --------
    >>> import zapsim
    >>> catalogue = zapsim.load_catalogue()
    >>> sorted(catalogue.table["Category"].unique())
    ['Boots', 'Sandals', 'Shoes', 'Slippers']
    """
    files = open_files(MINIZAP if source is None else source)
    table = _layout(files.keys)
    raw = files.metadata() if metadata is None else metadata
    rows = None if raw is None else _read_metadata(raw)
    return Catalogue(files, table if rows is None else _join(table, rows), rows)


class Catalogue:
    """Items and their pictures; made by `load_catalogue`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an item, indexed by ``key``, sorted. Columns, where the layout or the metadata
        has them: Category, SubCategory, Brand, Product, Colourway, CID, then the metadata's
        own (several values in a cell are joined by ``;``). All are strings or missing.
    """

    def __init__(self, files, table, metadata=None):
        self._files = files
        self._metadata = metadata
        self.table = table

    def __len__(self):
        return len(self.table)

    def __repr__(self):
        plurals = dict(zip(_FOLDERS, ["categories", "subcategories", "brands"], strict=True))
        counts = ", ".join(
            f"{self.table[column].nunique():,} {plural}"
            for column, plural in {**plurals, "Product": "products"}.items()
            if column in self.table
        )
        said = f" ({counts})" if counts else ""
        return f"Catalogue of {len(self):,} items from {self.name}{said}"

    @property
    def name(self):
        """The name of the folder or zip."""
        return self.root.name

    @property
    def root(self):
        """The folder or zip (pathlib.Path)."""
        return self._files.root

    @property
    def treatment(self):
        """What was done to all pictures, such as "grey" by `kinds.blend.greyed`, or None."""
        return self._files.treatment

    @property
    def keys(self):
        """All keys, in the table's order (pandas.Index of str)."""
        return self.table.index

    def sample(self, n, seed=42):
        """Draw n items at random, without replacement; all, with a warning, if there are fewer.

        Returns a `Catalogue` in sorted order, as every catalogue is. The same seed draws the same
        items from the same catalogue on every machine.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1. Received: n={n}")
        if n > len(self):
            warnings.warn(
                f"{n:,} items were asked for, {self.name} has {len(self):,}: all are taken.",
                stacklevel=2,
            )
        drawn = self.table.sample(n=min(n, len(self)), random_state=seed)
        return Catalogue(self._files, drawn.sort_index(), self._metadata)

    def subset(self, keys):
        """Return the catalogue of these keys only, in sorted order; KeyError if one is unknown."""
        keys = respelt(pd.Index(keys, dtype=object), self.keys)
        keys = list(dict.fromkeys(self._known(key) for key in keys))
        return Catalogue(self._files, self.table.loc[keys].sort_index(), self._metadata)

    def with_reader(self, read, content=None, treatment=None):
        """Return the `Catalogue` of the same items, their files read in another way.

        Parameters
        ----------
        read : callable
            Takes a key and returns the bytes that stand for the item's file. It may call this
            catalogue's own `read` or `picture`.
        content : callable, optional
            Takes a key and returns what identifies those bytes (str), see `content`. By default
            as before, which is right if they are the file's own bytes.
        treatment : str, optional
            What is done to all pictures, see `treatment`. By default as before.
        """
        files = copy(self._files)
        files.read = read
        if content is not None:
            files.content = lambda key, data=None: content(key)
        files.treatment = treatment or self.treatment
        return Catalogue(files, self.table, self._metadata)

    def picture(self, key):
        """Read one item's picture: ndarray of shape (height, width, 3), uint8, RGB.

        KeyError if there is no such key, `PictureError` if the file cannot be read as a picture.
        """
        return load_picture(self.read(key), name=key)

    def read(self, key):
        """Return one item's file as it is (bytes); errors as in `picture`."""
        return self._files.read(self._known(key))

    def thumbnail(self, key, size=136):
        """Return one item's picture as a small JPEG, padded to a white square (bytes)."""
        return thumbnail(self.picture(key), size)

    def content(self, key, data=None):
        """Identify what the item's file holds: CRC-32 and size, e.g. ``"9ae1c3f0-3120"``.

        Nothing is read where the file's bytes are given as `data`.
        """
        return self._files.content(self._known(key), data)

    def caption(self, key):
        """Name an item for people, e.g. ``"Bostonian, Oxfords, 100627.72"``.

        The text is not escaped: escape it where it goes into HTML.
        """
        return self.captions[self._known(key)]

    @cached_property
    def captions(self):
        """All items' names for people, by key (pandas.Series of str)."""
        # Plain loops: on 50,000 items, pandas' own string methods take several times as long.
        nothing, names = [None] * len(self), ("Brand", "SubCategory", "Category")
        columns = (self.table.get(name, nothing) for name in names)
        labels = []
        for key, *parts in zip(self.keys, *columns, strict=True):
            brand, kind, category = (part if isinstance(part, str) else None for part in parts)
            stem = key.rpartition("/")[2].rpartition(".")[0]
            labels.append(", ".join(filter(None, (brand, kind or category, stem))))
        return pd.Series(labels, index=self.keys, dtype=object)

    def check(self):
        """List what is wrong with the catalogue.

        Every picture is read once, with a progress bar.

        Returns
        -------
        pandas.DataFrame
            Columns ``problem``, ``key`` and ``detail``, sorted; empty when all is well. The
            problems: ``unreadable``, ``empty`` (0 bytes), ``tiny`` (a side under 32 pixels),
            ``duplicate`` (the same bytes as an earlier key), ``no metadata`` (a picture without
            a row), ``no picture`` (a row without a picture, named by CID or key), ``skipped``
            (left out when the catalogue was opened).
        """
        from tqdm.auto import tqdm

        found = [("skipped", name, why) for name, why in self._files.skipped.items()]
        first = {}
        for key in tqdm(self.keys, desc="Checking", unit="picture"):
            try:
                data = self._files.read(key)
                if not data:
                    found.append(("empty", key, "0 bytes"))
                    continue
                height, width, _ = load_picture(data, name=key).shape
            except PictureError as error:
                found.append(("unreadable", key, str(error)))
                continue
            if min(height, width) < _TINY:
                found.append(("tiny", key, f"{width}×{height} pixels"))
            if (original := first.setdefault(sha256(data).digest(), key)) != key:
                found.append(("duplicate", key, f"same bytes as {original}"))
        found += self._check_metadata()
        table = pd.DataFrame(found, columns=["problem", "key", "detail"])
        return table.sort_values(["problem", "key"], ignore_index=True)

    def _check_metadata(self):
        if self._metadata is None:
            return []
        on, rows = self._metadata.index.name, self._metadata.index
        # In a sample, rows of pictures that were not drawn are no problem.
        everything = _layout(self._files.keys).reset_index()
        joined = everything.get(on, pd.Series(index=everything.index))
        without_row = everything["key"][~joined.isin(rows)]
        return [
            ("no metadata", key, f"no row for its {on}")
            for key in without_row[without_row.isin(self.keys)]
        ] + [("no picture", row, f"{on} of no picture") for row in rows[~rows.isin(joined)]]

    def plot(self, n=24, columns=8, seed=42):
        """Draw `n` items, taken at random, as a contact sheet (a matplotlib Figure)."""
        from zapsim.draw.plots import plot_pictures

        keys = self.sample(min(n, len(self)), seed).keys
        titled = [(self.picture_or_none(key), self.caption(key)) for key in keys]
        return plot_pictures(titled, columns)

    def picture_or_none(self, key):
        """Return one item's picture for display, or None where it cannot be read.

        Large ones are scaled down: a sheet of phone photos would take a gigabyte.
        """
        try:
            return shrink(self.picture(key), _SHOWN_SIDE)
        except PictureError:
            return None

    def _known(self, key):
        return known_key(key, self.table.index)


def split_values(cell):
    """Return a cell's values, e.g. ``{"Men", "Women"}`` of ``"Men;Women"``; none if missing."""
    return {part.strip() for part in str(cell).split(";")} - {""} if pd.notna(cell) else set()


def _layout(keys):
    """Read category, subcategory, brand, product and colourway off the keys."""
    rows = []
    for key in keys:
        *folders, file = key.split("/")
        folders = [folder.replace("%2E", ".") for folder in folders[:3]]
        match = _PRODUCT_AND_COLOUR.match(file.rpartition(".")[0])
        named = [match[1], match[0], f"{match[1]}-{match[2]}"] if match else [None] * 3
        rows.append([*folders, *[None] * (3 - len(folders)), *named])
    index = pd.Index(keys, name="key")
    table = pd.DataFrame(rows, index, [*_FOLDERS, *IDENTIFIERS], dtype=object)
    return table.dropna(axis="columns", how="all")


def _read_metadata(source):
    source = BytesIO(source) if isinstance(source, bytes) else source
    try:
        rows = pd.read_csv(
            source,
            dtype=str,
            encoding="utf-8-sig",
            encoding_errors="replace",
            # Only an empty cell is missing: "None" may be a value, such as no closure.
            keep_default_na=False,
            na_values=[""],
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"The metadata is not a table in CSV: {error}") from error
    on = next((name for name in ("CID", "key") if name in rows), None)
    if on is None:
        raise ValueError(
            "The metadata needs a column 'CID' (such as 100627-72) or 'key' (the picture's path). "
            f"Received columns: {', '.join(map(repr, rows.columns))}"
        )
    rows = rows.dropna(subset=[on])
    if on == "key":
        rows[on] = rows[on].map(lambda name: clean_key(name) or name)
    return rows.drop_duplicates(on).set_index(on)


def _join(table, rows):
    """Add the metadata's columns; where the folders say the same, the folders win."""
    on = rows.index.name
    ours = table.index if on == "key" else table.get(on, pd.Series(dtype=object))
    if not ours.isin(rows.index).any():
        warnings.warn(
            f"None of the metadata's {len(rows):,} rows belongs to a picture: no {on} matches. "
            f"They start with {list(rows.index[:1])!r}.",
            stacklevel=3,
        )
        return table
    new = rows[[column for column in rows if column not in table]]
    new = new.rename(columns={name: f"{name} (metadata)" for name in _RESERVED})
    return table.join(new, on=on)
