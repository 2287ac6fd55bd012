"""Keep features in a store: a folder of Parquet shards.

A shard holds the columns ``key`` (str), ``content`` (str, what identifies the picture's bytes:
CRC-32 and size), ``sha256`` (str, of the same bytes, in hexadecimal; shards of early versions lack
it) and ``features`` (fixed-size list of float16); its schema's metadata says, as JSON, with which
settings the features were made. pandas, DuckDB, Ray, Spark and LanceDB read it as it is. The
edge rules: a store made with other settings is refused; files appear whole or not at all; a
damaged shard is passed over, but a disk that does not answer is an error; a row is taken only for
the content it was made from, so that catalogues with the same keys may share a store; of two rows
for one key and content the later shard's counts. Processes may write at once: each adds shards of
its own, after a look at the settings of the others', so nothing is mixed up or lost. What both
compute is computed twice.
"""

import hashlib
import json
import re
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zapsim.io import parquet
from zapsim.io.disk import TEMPORARY
from zapsim.io.parquet import DamagedError, StoreError

__all__ = ["Block", "FeatureStore", "ShardWriter", "features_frame", "open_store"]

SHARD_ITEMS = 512
_SETTINGS = b"zapsim"
_NAMES = ("key", "content", "sha256")
_ABSENT = "(absent)"
# A file that is being written is younger; what is older was left by a process that was killed.
_LEFT_SECONDS = 3600


def open_store(folder):
    """Open the `FeatureStore` in a folder, whatever its settings; StoreError if there is none."""
    folder = Path(folder).expanduser()
    shards = _shards(folder)
    known = [settings for settings in map(_settings, shards) if settings is not None]
    store = FeatureStore(folder, known[0] if known else {})
    if not known:
        raise store.missing("undamaged " if shards else "")
    return store


def features_frame(keys, values, settings):
    """Put features into the DataFrame that the rest of zapsim takes."""
    frame = pd.DataFrame(values, index=pd.Index(keys, name="key"), copy=False)
    frame.attrs["extractor"] = dict(settings)
    return frame


class Block(NamedTuple):
    """The rows of a shard: keys, contents and digests (lists of str), values (n, n_features).

    A digest is None where the shard has none; values are float16.
    """

    keys: list
    contents: list
    digests: list
    values: np.ndarray


class FeatureStore:
    """A folder of shards made with one extractor's settings (dict of JSON types).

    The folder is made when the first shard is written. StoreError if it holds shards made with
    other settings, or cannot be read now.
    """

    def __init__(self, folder, settings):
        self.folder = Path(folder).expanduser()
        self.settings = settings
        self._checked = set()
        self.check_settings()
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"{self.folder} is a file; a feature store is a folder.")

    def check_settings(self):
        """Raise StoreError if a shard that is new here was made with other settings."""
        for shard in set(_shards(self.folder)) - self._checked:
            found = _settings(shard)
            if found not in (None, self.settings):
                names = sorted({*found, *self.settings})
                pairs = [(n, found.get(n, _ABSENT), self.settings.get(n, _ABSENT)) for n in names]
                differences = "; ".join(
                    f"{n} is {a} there and {b} here" for n, a, b in pairs if a != b
                )
                raise StoreError(
                    f"The feature store {self.folder} was made with other settings: {differences}, "
                    f"says {shard.name}. "
                    "Features of different settings cannot be compared: use another folder as "
                    "cache, or the store's settings."
                )
            self._checked.add(shard)

    def missing(self, kind=""):
        """Return the StoreError that there is no store, or none of a kind such as "undamaged "."""
        return StoreError(
            f"No {kind}feature store at {self.folder}. Make one with "
            f"VGG16Extractor().extract(catalogue, cache={str(self.folder)!r})."
        )

    def blocks(self, newest_first=False):
        """Yield a `Block` for each shard.

        A damaged shard is named in a warning and passed over. One that cannot be read now, or is
        deleted meanwhile, is a StoreError.
        """
        shards = _shards(self.folder)
        for shard in reversed(shards) if newest_first else shards:
            try:
                with parquet.reading(shard):
                    table = _with_digests(parquet.read_table(shard))
                    names = [table[name].to_pylist() for name in _NAMES]
                    values = parquet.vectors_of(table)
            except DamagedError as error:
                warnings.warn(
                    f"The shard {shard} is damaged and passed over ({error}). Its pictures are "
                    "extracted again; the file can be deleted.",
                    stacklevel=2,
                )
                continue
            yield Block(*names, values)

    def index(self):
        """Yield a table for each undamaged shard: ``key``, ``content`` and ``sha256``."""
        for shard in _shards(self.folder):
            with suppress(DamagedError), parquet.reading(shard):
                columns = [name for name in _NAMES if name in pq.read_schema(shard).names]
                yield _with_digests(parquet.read_table(shard, columns=columns))

    def each(self, contents, copies=None):
        """Look up features by `contents`, the wanted keys and what identifies each one's content.

        Yields keys (list of str) and values (n, n_features), float16, a shard at a time and each
        key once. `copies`, a dict of (content, SHA-256) to a list of wanted keys, says which of
        them may be found under any key. A content of None is never found.
        """
        copies, seen = copies or {}, set()
        # What was written last counts.
        for block in self.blocks(newest_first=True):
            names = list(zip(block.keys, block.contents, block.digests, strict=True))
            keys, rows = [], []
            for row in reversed(range(len(names))):
                key, content, digest = names[row]
                wanted = [key] if contents.get(key) == content else copies.get((content, digest))
                for each in wanted or ():
                    if each not in seen:
                        seen.add(each)
                        keys.append(each)
                        rows.append(row)
            yield keys, block.values[rows]

    def read(self, contents, n_features=None, copies=None):
        """Look up features as in `each`, all at once.

        `n_features` is the width where the store is empty. Returns values (n_items, n_features),
        float32, in the order of `contents`, and which were found, (n_items,), bool; the others are
        zeros.
        """
        position = {key: i for i, key in enumerate(contents)}
        values = None
        found = np.zeros(len(contents), bool)
        for keys, part in self.each(contents, copies):
            if values is None:
                values = np.zeros((len(contents), part.shape[1]), np.float32)
            places = [position[key] for key in keys]
            values[places], found[places] = part, True
        if values is None:
            values = np.zeros((len(contents), n_features or 0), np.float32)
        return values, found

    def write(self, keys, contents, values, digests=None):
        """Add a shard; it appears whole or not at all.

        Without `digests`, the files' SHA-256, its rows are found under their own keys only.
        """
        # Another process may have begun to write features of other settings. Should both write
        # their first shard in the same instant, both find out at their next one.
        self.check_settings()
        names = {"key": keys, "content": contents} | ({"sha256": digests} if digests else {})
        table = parquet.table_of(names, values.astype(np.float16))
        # Not their count: a damaged shard may have been deleted, and this one must sort last.
        numbers = [re.match(r"part-(\d+)", shard.name) for shard in _shards(self.folder)]
        number = max((int(match[1]) for match in numbers if match), default=-1) + 1
        # Named by what it holds, so that two processes at once don't write the same file.
        settings = json.dumps(self.settings)
        digest = hashlib.sha256("\n".join([settings, *keys, *contents]).encode()).hexdigest()[:8]
        path = self.folder / f"part-{number:05d}-{digest}.parquet"
        parquet.write_table(table.replace_schema_metadata({_SETTINGS: settings}), path)


class ShardWriter:
    """Collect rows and write a shard whenever one is full, and the rest at the end.

    A context manager: what was collected is written even when the work is interrupted. The first
    rows make the folder, try whether it can be written to, and clear away what killed processes
    left half written; StoreError if it cannot be, or holds features of other settings. At the end
    the folder is removed if it is empty. Without a store (None) the rows are dropped.
    """

    def __init__(self, store):
        self._store = store
        self._rows = []
        self._ready = False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if not (kind and issubclass(kind, StoreError)):
                self._flush()
        finally:
            if self._ready:
                # It fails, as it should, where anything is in the folder.
                with suppress(OSError):
                    self._store.folder.rmdir()

    def add(self, keys, contents, values, digests=None):
        """Add rows: keys, contents and digests (lists of str), values (n, n_features)."""
        if self._store is None:
            return
        if not self._ready:
            # Not on entry: a store that lacks nothing may be in a read-only place.
            _prepare(self._store.folder)
            self._ready = True
            self._store.check_settings()
        self._rows += zip(keys, contents, values, digests or [None] * len(keys), strict=True)
        if len(self._rows) >= SHARD_ITEMS:
            self._flush()

    def _flush(self):
        if self._rows:
            keys, contents, values, digests = map(list, zip(*self._rows, strict=True))
            self._rows = []
            self._store.write(keys, contents, np.stack(values), digests if any(digests) else None)


def _prepare(folder):
    """Make a folder, try to write into it, and clear away what killed processes left."""
    probe = folder / TEMPORARY.format(uuid4().hex)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise parquet.not_written(folder, error) from error
    for leftover in folder.glob(TEMPORARY.format("*")):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFT_SECONDS:
                leftover.unlink()


def _with_digests(table):
    """Add an empty column of digests to the table of an early shard, which has none."""
    if "sha256" in table.column_names:
        return table
    return table.append_column("sha256", pa.nulls(len(table), pa.string()))


def _shards(folder):
    # Not glob: to it, a folder that does not answer is an empty one.
    try:
        return sorted(path for path in folder.iterdir() if path.match("part-*.parquet"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise parquet.not_read(folder, error) from error


def _settings(shard):
    """Return the settings of a shard, or None where it is damaged."""
    try:
        with parquet.reading(shard):
            return json.loads((pq.read_schema(shard).metadata or {}).get(_SETTINGS, b"{}"))
    except DamagedError:
        return None
