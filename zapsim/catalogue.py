"""Turn a folder or zip of pictures into a `Catalogue`: a table of items, and their pictures.

An *item* is one picture; its *key* is its path relative to the catalogue's root, POSIX style,
e.g. ``Shoes/Oxfords/Bostonian/100627.72.jpg``. What the folders and the metadata say becomes its
columns; where both say something, the metadata counts. The edge rule: what neither says becomes
a missing column or a missing value, never an error.
"""

import warnings
from copy import copy
from functools import cached_property, partial
from hashlib import sha256
from textwrap import shorten

import pandas as pd

from zapsim.checks import (
    check_key,
    check_list,
    checked_seed,
    checked_whole,
    printable,
    received,
)
from zapsim.io.bundled import MINIZAP
from zapsim.io.pictures import PictureError, load_picture, reading
from zapsim.io.sources import open_files
from zapsim.io.squares import SHOWN_SIDE, shrink, thumbnail
from zapsim.keys import composed, composed_cells, known_key, respelt
from zapsim.metadata.cells import written
from zapsim.metadata.delimited import NAMES, plain_name
from zapsim.metadata.finding import find_metadata, unread_tables
from zapsim.metadata.joining import join
from zapsim.metadata.layout import FOLDERS, IDENTIFIERS, arranged, product_of, read_layout
from zapsim.metadata.matching import match_rows

__all__ = ["Catalogue", "load_catalogue", "split_values"]
# Columns that hold a product's name for people, the likeliest first.
_TITLES = (
    *("productdisplayname", "display_name", "product_name", "productname", "prod_name"),
    *("item_name", "title", "name"),
)
_LONGEST = 60
_KEYS = "catalogue.keys[:100]"
# A side, in pixels.
_LARGEST_THUMBNAIL = 4_096
_TINY = 32


def load_catalogue(source=None, metadata=None, on=None, product=None, links=False):
    r"""Open a folder or zip of product pictures as a `Catalogue`.

    How metadata were read and joined is said in one line, unless there was nothing to find out.

    Parameters
    ----------
    source : path, optional
        A folder, in UT-Zappos50K's layout or any other, or a ``.zip`` or ``.tar`` of one, which
        is read in place; of Drive's ``…-001.zip``, ``…-002.zip``, any, for all of them. A
        ``.tar.gz`` or ``.tgz`` is unpacked once, into the folder for temporary files. By default
        the bundled MiniZap.
    metadata : path or pandas.DataFrame, optional
        A table with a row a picture: CSV, ``.tsv``, ``.jsonl``, ``.parquet`` or ``.xlsx``, by its
        path, or by its name if it lies with the pictures, in the zip or beside. By default
        ``meta-data.csv``, else ``metadata.csv``, ``.jsonl`` or ``.parquet``, if they lie there.
        Encoding and separator are found out. A DataFrame's index may hold the keys.
    on : str, optional
        The column that names the picture: by its key, its path below a folder that all share,
        its file's name with or without suffix, its number, its CID or product. By default the
        best of those that are usually called so: ``key``, ``CID``, ``file_name``, ``image``,
        ``path``, ``id``, ``article_id`` and the like.
    product : str or re.Pattern, optional
        What names the product, whose other pictures `hide_colourways` hides: a column, or a
        pattern that is searched in the key, with a group, such as ``r"(id_\d+)"``. By default the
        column ``Product``, or the number before the dot in UT-Zappos50K's file names. It becomes
        the column Product; one that the metadata have stays as ``Product (metadata)``.
    links : bool
        Follow links that lead out of the folder, as those do that gather pictures from several
        disks. By default they are left out, and `Catalogue.check` names them: a folder of somebody
        else's could otherwise bring in files of yours. Links within it are always followed. The
        same holds of an archive's other parts, beside the one that was given.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``source`` or ``metadata``.
    ValueError
        If there is no picture, the archive is damaged, the metadata is no table or too large, has
        no column that names pictures, or there is no such column `on` or `product`.
    TypeError
        If `source` is no path, or `links` neither True nor False.
    TransferError
        If there is no room to unpack a tar, or the disk does not answer.
    ImportError
        If the metadata is an Excel file and openpyxl is not installed.

    Examples
    --------
    >>> import zapsim
    >>> catalogue = zapsim.load_catalogue()
    >>> sorted(catalogue.table["Category"].unique())
    ['Boots', 'Sandals', 'Shoes', 'Slippers']
    """
    files = open_files(MINIZAP if source is None else source, links)
    metadata, match = find_metadata(files, metadata), None
    table, on, product = read_layout(files.keys), composed(on), composed(product)
    if metadata is None:
        if on is not None:
            raise ValueError(
                f"on={on!r} names a column of the metadata, but there is none with the pictures. "
                "Give it: metadata=…"
            )
        _say(unread_tables(files))
    else:
        metadata.frame = _composed(metadata.frame)
        given = isinstance(product, str) and product in metadata.frame
        # A pattern needs no metadata, and its rows may be named by the product.
        known = table if product is None or given else _with_product(table, product)[0]
        match = match_rows(metadata, known, on, files.root)
        # A column Product that says something else keeps its values, under another name.
        own = ["Product"] if product is not None and product != "Product" else []
        table, line, problems = join(table, metadata, match, own)
        _say(line, problems)
    if product is not None:
        table, problem = _with_product(table, product)
        _say("", [problem])
    return Catalogue(files, table, match)


def _with_product(table, product):
    products, problem = product_of(table, product)
    # In a saved table that is read again, it is the same one.
    own = [name for name in table if name.startswith("Product (metadata")]
    same = [name for name in own if table[name].equals(products)]
    return arranged(table.drop(columns=same).assign(Product=products)), problem


def _say(line, problems=()):
    """Print a line, and warn of problems, as `load_catalogue`'s caller sees them."""
    if line:
        print(line)
    for problem in filter(None, problems):
        warnings.warn(problem, stacklevel=3)


class Catalogue:
    """Items and their pictures; made by `load_catalogue`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an item, indexed by ``key``, sorted. Columns, where the layout or the metadata
        has them: Category, SubCategory, Brand, Split (train, test), Product, Colourway, CID, then
        the metadata's own (several values in a cell are joined by ``;``). All are strings or
        missing, their letters composed (Unicode's NFC), as those of keys are, without blanks
        around them or HTML's entities. Saved by ``to_csv`` and given as ``metadata``, it is read
        as the same table.

    Examples
    --------
    >>> import zapsim
    >>> catalogue = zapsim.load_catalogue()
    >>> catalogue  # doctest: +NORMALIZE_WHITESPACE
    Catalogue of 615 items from minizap.zip (4 categories, 17 subcategories, 14 brands,
    205 products)
    >>> catalogue.picture(catalogue.keys[0]).shape
    (136, 136, 3)
    """

    def __init__(self, files, table, metadata=None):
        self._files = files
        self._metadata = metadata
        self._table = table

    @property
    def table(self):
        """One row an item, see above; for other columns, give them to `load_catalogue`."""
        return self._table

    def __len__(self):
        return len(self.table)

    def __repr__(self):
        plurals = dict(zip(FOLDERS, ["categories", "subcategories", "brands"], strict=True))
        counts = ", ".join(
            f"{self.table[column].nunique():,} {plural}"
            for column, plural in {**plurals, "Product": "products"}.items()
            if column in self.table
        )
        said = f" ({counts})" if counts else ""
        more = self._files.n_parts - 1
        parts = f" and {more:,} more part{'s' * (more > 1)}" if more else ""
        origin = f"{printable(self.name)}{parts}{said}"
        return f"Catalogue of {len(self):,} items from {origin}{self._left_out()}"

    def _left_out(self):
        counts = self._files.left_out
        # Of a sample, it would be taken for what was not drawn.
        if not counts or len(self) < len(self._files.keys):
            return ""
        said = printable(", ".join(f"{n:,} {kind}" for kind, n in counts.most_common()))
        return f"; {counts.total():,} left out: {said}"

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
        """What was done to all pictures, such as "grey" by ``kinds.blend.greyed``, or None."""
        return self._files.treatment

    @property
    def keys(self):
        """All keys, in the table's order (pandas.Index of str)."""
        return self.table.index

    @property
    def identifiers(self):
        """The columns that say which item it is, and nothing of what it is like (list of str)."""
        usual = {*map(str.lower, IDENTIFIERS), *NAMES, *_TITLES}
        joined = self._metadata.column if self._metadata else None
        named = {name for name in self.table if name == joined or plain_name(name) in usual}
        if "Product" in self.table:
            # What `load_catalogue` was told is the product, under its own name.
            product = self.table["Product"]
            named |= {name for name in self.table if self.table[name].equals(product)}
        return [name for name in self.table if name in named]

    def sample(self, n, seed=42):
        """Draw n items at random, without replacement; all, with a warning, if there are fewer.

        Returns a `Catalogue` in sorted order, as every catalogue is. The same seed draws the same
        items from the same catalogue on every machine.
        """
        n, seed = checked_whole("n", n), checked_seed(seed)
        if n > len(self):
            warnings.warn(
                f"{n:,} items were asked for, {self.name} has {len(self):,}: all are taken.",
                stacklevel=2,
            )
        drawn = self.table.sample(n=min(n, len(self)), random_state=seed)
        return Catalogue(self._files, drawn.sort_index(), self._metadata)

    def subset(self, keys):
        """Return the catalogue of these keys only, in sorted order; KeyError if one is unknown."""
        check_list("keys", keys, _KEYS, empty=True)
        keys = list(keys)
        for key in keys:
            check_key(key, "each of keys")
        keys = respelt(pd.Index(keys, dtype=object), self.keys)
        keys = list(dict.fromkeys(self._known(key) for key in keys))
        return Catalogue(self._files, self.table.loc[keys].sort_index(), self._metadata)

    def portion(self, keys):
        """Return the catalogue of these keys only, cheap to send to another process.

        Unlike `subset`, it forgets all other files: what is pickled grows with `keys` alone. They
        are keys of this catalogue, spelt as in it.
        """
        check_list("keys", keys, _KEYS, empty=True)
        keys = list(dict.fromkeys(self._known(key) for key in keys))
        return Catalogue(self._files.only(keys), self.table.loc[keys])

    def with_reader(self, read, content=None, treatment=None):
        """Return the `Catalogue` of the same items, their files read in another way.

        Parameters
        ----------
        read : callable
            Takes a key and returns the bytes that stand for the item's file. It may call this
            catalogue's own `read` or `picture`. The catalogue can be pickled if it can: a
            ``functools.partial`` of a module's function, but no lambda.
        content : callable, optional
            Takes a key and returns what identifies those bytes (str), see `content`. By default
            as before, which is right if they are the file's own bytes.
        treatment : str, optional
            What is done to all pictures, see `treatment`. By default as before.
        """
        for name, function in {"read": read, "content": content}.items():
            if not callable(function) and (function is not None or name == "read"):
                raise TypeError(
                    f"{name} must be a function of a key. Received: {received(function)}"
                )
        files = copy(self._files)
        files.read = read
        if content is not None:
            files.content = partial(_content, content)
        files.treatment = treatment or self.treatment
        return Catalogue(files, self.table, self._metadata)

    def picture(self, key, least=None):
        """Read one item's picture: ndarray of shape (height, width, 3), uint8, RGB.

        With `least`, a JPEG may come at a half, a quarter or an eighth of its size, if no side
        becomes shorter than that many pixels. KeyError if there is no such key, `PictureError` if
        the file cannot be read as a picture.
        """
        return load_picture(self.read(key), name=key, least=least)

    def read(self, key):
        """Return one item's file as it is (bytes); errors as in `picture`."""
        return self._files.read(self._known(key))

    def thumbnail(self, key, size=136):
        """Return one item's picture as a JPEG, padded to a white square of up to 4,096 pixels."""
        size = checked_whole("size", size, 1, _LARGEST_THUMBNAIL)
        # Twice the side: scaling from there on is antialiased as from the whole picture.
        with reading(self.read(key), key, 2 * size) as picture:
            return thumbnail(picture, size)

    def content(self, key, data=None):
        """Identify what the item's file holds: CRC-32 and size, e.g. ``"9ae1c3f0-3120"``.

        Nothing is read where the file's bytes are given as ``data``.
        """
        return self._files.content(self._known(key), data)

    def identify(self, key):
        """Return what `content` does, and the SHA-256 of the file, or None if it was not read."""
        return self._files.identify(self._known(key))

    def caption(self, key):
        """Name an item for people, e.g. ``"Bostonian, Oxfords, 100627.72"``.

        Where the metadata has a column of products' names, such as ``title`` or ``prod_name``, that
        takes the place of brand and kind.

        The text is not escaped: escape it where it goes into HTML.
        """
        return self.captions[self._known(key)]

    @cached_property
    def captions(self):
        """All items' names for people, by key (pandas.Series of str)."""
        columns = {plain_name(column): column for column in reversed(self.table.columns)}
        title = next((name for name in _TITLES if name in columns), None)
        titles, brands, kinds, categories = (
            _texts(self.table[columns[name]]) if name in columns else [""] * len(self)
            for name in (title, "brand", "subcategory", "category")
        )
        titles = [title and _title(title) for title in titles]
        files = [key.rpartition("/")[2].rpartition(".")[0] for key in self.keys.tolist()]
        # Plain lists: on 50,000 items, pandas' own string methods take several times as long.
        labels = [
            printable(
                ", ".join(filter(None, (title or brand, "" if title else kind or category, file)))
            )
            for title, brand, kind, category, file in zip(
                titles, brands, kinds, categories, files, strict=True
            )
        ]
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
            a row), ``no picture`` (a row without one picture, named as the row does), ``two
            pictures`` (a row whose columns name different ones), ``skipped``
            (left out when the catalogue was opened, with what to do), ``litter`` (left out, too:
            what systems and devices put there, such as ``@eaDir``, counted), ``incomplete`` (a
            damaged archive, of which files may be missing).
        """
        from tqdm.auto import tqdm

        found = self._check_opening()
        first = {}
        for key in tqdm(self.keys, desc="Checking", unit="picture"):
            try:
                data = self._files.read(key)
                if not data:
                    found.append(("empty", key, "0 bytes"))
                    continue
                # A large one may come smaller, but no smaller than what is tiny.
                height, width, _ = load_picture(data, key, least=_TINY).shape
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

    def _check_opening(self):
        files = self._files
        skipped = [("skipped", name, why) for name, why in files.skipped.items()]
        litter = [
            ("litter", part, f"{n:,} left out: of a system or device, no picture of yours")
            for part, n in files.litter.items()
        ]
        return skipped + litter + ([("incomplete", self.name, files.damage)] * bool(files.damage))

    def _check_metadata(self):
        if self._metadata is None:
            return []
        # In a sample, rows of pictures that were not drawn are no problem.
        without_row = self.keys[~self.keys.isin(list(self._metadata.rows))]
        return [
            *(
                ("no metadata", key, f"no row for its {self._metadata.column}")
                for key in without_row
            ),
            *(("no picture", row, why) for row, why in self._metadata.unused.items()),
            *(("two pictures", row, why) for row, why in self._metadata.otherwise.items()),
        ]

    def plot(self, n=24, columns=6, seed=42):
        """Draw `n` items, taken at random, as a contact sheet (a matplotlib Figure)."""
        from zapsim.draw.plots import plot_pictures

        keys = self.sample(min(checked_whole("n", n), len(self)), seed).keys
        titled = [(self.picture_or_none(key), self.caption(key)) for key in keys]
        return plot_pictures(titled, columns)

    def picture_or_none(self, key):
        """Return one item's picture for display, or None where it cannot be read.

        Large ones are scaled down: a sheet of phone photos would take a gigabyte.
        """
        try:
            with reading(self.read(key), key, SHOWN_SIDE) as picture:
                return shrink(picture, SHOWN_SIDE)
        except PictureError:
            return None

    def _known(self, key):
        return known_key(key, self.table.index)


def _composed(table):
    """Return a table with the letters of its texts and of its columns' names composed."""
    table = table.copy(deep=False)
    for place, (_, cells) in enumerate(table.items()):
        if (new := composed_cells(cells)) is not cells:
            table.isetitem(place, new)
    names, taken = {}, set(table)
    for name in table:
        # Two spellings of one name stay two columns.
        if (new := composed(name)) not in taken:
            names[name] = new
            taken.add(new)
    return table.rename(columns=names)


def _texts(cells):
    # Whoever adds a column may add numbers.
    cells = cells.astype(object)
    return list(map(written, cells.where(cells.notna(), None)))


def _title(cell):
    # So many words, or signs, are more than fit: `shorten` takes seconds for a cell of megabytes.
    start = " ".join(cell.split(maxsplit=_LONGEST))[: 4 * _LONGEST]
    return shorten(start, _LONGEST, placeholder="…")


def _content(content, key, data=None):
    return content(key)


def split_values(cell):
    """Return a cell's values, e.g. ``{"Men", "Women"}`` of ``"Men;Women"``; none if missing."""
    return {part.strip() for part in written(cell).split(";")} - {""} if pd.notna(cell) else set()
