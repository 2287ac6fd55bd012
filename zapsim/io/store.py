"""Keep features in a store: a folder of Parquet shards.

A shard holds the columns ``key`` (str), ``content`` (str, what identifies the picture's bytes:
CRC-32 and size), ``sha256`` (str, of the same bytes, in hexadecimal) and ``features`` (fixed-size
list of float16); its schema's metadata says, as JSON, with which settings the features were made.
pandas, DuckDB, Ray, Spark and LanceDB read it as it is. The edge rules: a store made with other
settings is refused; files appear whole or not at all; a damaged shard is passed over, and so is a
row with NaN or infinity, but a disk that does not answer is an error; a row is taken only for the
content it was made from, so that catalogues with the same keys may share a store; of two rows for
one key and content the later shard's counts. Processes may write at once: each adds shards of its
own, after a look at the settings of the others', and one at a time begins, so nothing is mixed up
or lost. What both compute is computed twice.
"""

import hashlib
import json
import re
import warnings
from collections import Counter
from contextlib import suppress
from os.path import isfile
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa

from zapsim.checks import check_memory, checked_path, received, told
from zapsim.io import parquet
from zapsim.io.disk import TEMPORARY, sweep
from zapsim.io.locks import file_lock
from zapsim.io.parquet import DamagedError, StoreError

__all__ = [
    "Block",
    "FeatureStore",
    "ShardWriter",
    "differing",
    "features_frame",
    "is_same",
    "names_of",
    "open_store",
]

SHARD_ITEMS = 512
_SETTINGS = b"zapsim"
_NAMES = ("key", "content", "sha256")
_ABSENT = "(absent)"
# Its number, and the digest of what it holds.
_NAME = re.compile(r"part-([0-9]+)(?:-([0-9a-f]{8})\.parquet)?(?![0-9])")
# A lock; what a killed process leaves of it is cleared away with other such files.
_BEGINNING = TEMPORARY.format("0" * 32)
# All bits of a float16's exponent.
_NOT_FINITE = 0x7C00
# Vectors that are read at once, in bytes: shards of others may be larger than memory.
_AT_ONCE = 2**26


def open_store(folder):
    """Open the `FeatureStore` in a folder, whatever its settings; StoreError if there is none."""
    folder = checked_path(folder, "store")
    shards = _shards(folder)
    # What has no number was not written here, and does not say what the store is.
    for shard in sorted(shards, key=lambda shard: _number(shard) < 0):
        with suppress(DamagedError):
            return FeatureStore(folder, _look(shard)[0])
    _check_folder(folder)
    # Not asked of a store without settings: a process may be writing the first shard just now.
    raise _missing(folder, "undamaged " if shards else "")


def features_frame(keys, values, settings):
    """Put features into the DataFrame that the rest of zapsim takes."""
    frame = pd.DataFrame(values, index=pd.Index(keys, name="key"), copy=False)
    frame.attrs["extractor"] = dict(settings)
    return frame


def differing(there, here):
    """Return in words how two settings differ; whoever made features may give them any."""
    if not isinstance(there, dict) or not isinstance(here, dict):
        return f"they are {received(there)} there and {received(here)} here"
    names = sorted({*there, *here}, key=str)
    pairs = [(n, there.get(n, _ABSENT), here.get(n, _ABSENT)) for n in names]
    return "; ".join(f"{n} is {a} there and {b} here" for n, a, b in pairs if a != b)


class Block(NamedTuple):
    """The rows of a shard: keys, contents, digests (lists of str), values (n, n_features).

    Values are float16.
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
        self.folder = checked_path(folder, "store")
        self.settings = settings
        self._widths = {}
        self.check_settings()
        _check_folder(self.folder)

    def check_settings(self):
        """Raise StoreError if a shard that is new here was made with other settings.

        Returns the shards (list of pathlib.Path), the earliest first.
        """
        shards = _shards(self.folder)
        for shard in shards:
            if shard not in self._widths:
                self._widths[shard] = self._width(shard)
        return shards

    def _width(self, shard):
        """Return the length of a shard's vectors, None where it is damaged."""
        try:
            found, width = _look(shard, self.settings)
        except DamagedError:
            return None
        if found != self.settings:
            raise StoreError(
                f"The feature store {self.folder} was made with other settings: "
                f"{differing(found, self.settings)}, says {shard.name}. "
                "Features of different settings cannot be compared: use another folder as "
                "cache, or the store's settings; or move that file away if it does not belong here."
            )
        return width

    def missing(self, kind=""):
        """Return the StoreError that there is no store, or none of a kind such as "undamaged "."""
        return _missing(self.folder, kind)

    def blocks(self, newest_first=False, n_features=None):
        """Yield the `Block`s of each shard, whose vectors are of length `n_features`.

        By default of the length that most shards have. A damaged shard is named in a warning and
        passed over, and so are rows that hold NaN or infinity. One that cannot be read now, or is
        deleted meanwhile, is a StoreError.
        """
        shards = self.check_settings()
        if not n_features:
            widths = Counter(filter(None, map(self._widths.get, shards)))
            n_features = widths.most_common(1)[0][0] if widths else None
        for shard in reversed(shards) if newest_first else shards:
            try:
                yield from self._blocks_of(shard, n_features)
            except DamagedError as error:
                warnings.warn(
                    told(
                        f"The shard {shard} is damaged and passed over ({error}). Its pictures are "
                        "extracted again; the file can be deleted."
                    ),
                    stacklevel=2,
                )

    def _blocks_of(self, shard, n_features):
        with parquet.opened(shard, _NAMES) as file:
            if _settings(file) != self.settings:
                raise DamagedError("its settings are not those that it was named by")
            kind = file.schema.field("features").type
            if _width(file) != n_features or not pa.types.is_floating(kind.value_type):
                raise DamagedError(
                    f"its vectors are {kind}, and those of the store of {n_features or 0:,} numbers"
                )
            rows = max(1, _AT_ONCE // (n_features * kind.value_type.bit_width // 8))
            for batch in file.batches(rows, _NAMES, ["features"]):
                parquet.check_complete(batch, *_NAMES)
                with np.errstate(over="ignore"):
                    values = parquet.vectors_of(batch["features"]).astype(np.float16, copy=False)
                yield _finite(Block(*names_of(batch), values), shard)

    def index(self):
        """Yield a table for each undamaged shard: ``key``, ``content`` and ``sha256``."""
        for shard in _shards(self.folder):
            with suppress(DamagedError):
                yield _index(shard)

    def each(self, contents, copies=None, n_features=None, digests=None):
        """Look up features by `contents`, the wanted keys and what identifies each one's content.

        Yields keys (list of str) and values (n, n_features), float16, a part of a shard at a time
        and each key once. `copies`, a dict of (content, SHA-256) to a list of wanted keys, says
        which of them may be found under any key. A content of None is never found. `digests`, the
        SHA-256 of some of the keys' files, are compared, too.
        """
        copies, digests, seen = copies or {}, digests or {}, set()
        # What was written last counts.
        for block in self.blocks(newest_first=True, n_features=n_features):
            names = list(zip(block.keys, block.contents, block.digests, strict=True))
            keys, rows = [], []
            for row in reversed(range(len(names))):
                key, content, digest = names[row]
                own = is_same(key, content, digest, contents, digests)
                wanted = [key] if own else copies.get((content, digest))
                for each in wanted or ():
                    if each not in seen:
                        seen.add(each)
                        keys.append(each)
                        rows.append(row)
            yield keys, block.values[rows]

    def read(self, contents, n_features=None, copies=None, digests=None):
        """Look up features as in `each`, all at once.

        `n_features` is also the width where the store is empty. Returns values (n_items,
        n_features), float32, in the order of `contents`, and which were found, (n_items,), bool;
        the others are zeros. MemoryError if there is no room for them.
        """
        position = {key: i for i, key in enumerate(contents)}
        values = None
        found = np.zeros(len(contents), bool)
        for keys, part in self.each(contents, copies, n_features, digests):
            if values is None:
                values = self.room(len(contents), part.shape[1])
            places = [position[key] for key in keys]
            values[places], found[places] = part, True
        if values is None:
            values = self.room(len(contents), n_features or 0)
        return values, found

    def room(self, n_items, n_features):
        """Return zeros (n_items, n_features), float32; MemoryError if there is no room for them."""
        self.check_room(n_items, n_features)
        return np.zeros((n_items, n_features), np.float32)

    def check_room(self, n_items, n_features):
        """Raise MemoryError unless so many features, float32, fit into memory."""
        check_memory(
            4 * n_items * n_features,
            f"What is read from {self.folder}, {n_items:,} × {n_features:,} numbers,",
            "Read fewer items at a time: load_features(store, catalogue.subset(keys)).",
        )

    def write(self, keys, contents, values, digests):
        """Add a shard; it appears whole or not at all. `digests` are the files' SHA-256."""
        names = dict(zip(_NAMES, (keys, contents, digests), strict=True))
        table = parquet.table_of(names, values.astype(np.float16))
        # Another process may have begun to write features of other settings.
        self.check_settings()
        if any(self._widths.values()):
            self._add(table, keys, contents)
            return
        # What is there says nothing of settings: one process at a time may begin.
        _prepare(self.folder)
        with file_lock(self.folder / _BEGINNING):
            self.check_settings()
            path = self._add(table, keys, contents)
            # Where files lock nothing, as on a Drive of two machines, both may have begun.
            try:
                self.check_settings()
            except StoreError:
                with suppress(OSError):
                    path.unlink()
                raise

    def _add(self, table, keys, contents):
        # Not their count: a damaged shard may have been deleted, and this one must sort last.
        number = max(map(_number, _shards(self.folder)), default=-1) + 1
        # Named by what it holds, so that two processes at once don't write the same file, and that
        # a damaged one is told from one that was made with other settings.
        settings = json.dumps(self.settings)
        digest = _digest(settings, *keys, *contents)
        path = self.folder / f"part-{number:05d}-{digest}.parquet"
        parquet.write_table(table.replace_schema_metadata({_SETTINGS: settings}), path)
        return path


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

    def add(self, keys, contents, values, digests):
        """Add rows: keys, contents and digests (lists of str), values (n, n_features)."""
        if self._store is None:
            return
        if not self._ready:
            # Not on entry: a store that lacks nothing may be in a read-only place.
            _prepare(self._store.folder)
            self._ready = True
            self._store.check_settings()
        self._rows += zip(keys, contents, values, digests, strict=True)
        if len(self._rows) >= SHARD_ITEMS:
            self._flush()

    def _flush(self):
        if self._rows:
            keys, contents, values, digests = map(list, zip(*self._rows, strict=True))
            self._rows = []
            self._store.write(keys, contents, np.stack(values), digests)


def _prepare(folder):
    """Make a folder, try to write into it, and clear away what killed processes left."""
    probe = folder / TEMPORARY.format(uuid4().hex)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise parquet.not_written(folder, error) from error
    sweep(folder)


def _missing(folder, kind):
    return StoreError(
        f"No {kind}feature store at {folder}. Make one with "
        f"VGG16Extractor().extract(catalogue, cache={str(folder)!r})."
    )


def _check_folder(folder):
    if isfile(folder):
        raise StoreError(f"{folder} is a file; a feature store is a folder.")


def is_same(key, content, digest, contents, digests):
    """Tell whether a row is of a key's file, by what is known of that."""
    return contents.get(key) == content and digests.get(key, digest) == digest


def names_of(table):
    """Return keys, contents and digests (lists of str) of what a shard holds."""
    return [parquet.texts_of(table[name]) for name in _NAMES]


def _index(shard):
    with parquet.opened(shard, _NAMES) as file:
        table = file.read(_NAMES)
        parquet.check_complete(table, *_NAMES)
        # Nobody looks at the texts before they are taken for texts.
        table.validate(full=True)
        return table


def _look(shard, settings=None):
    """Return a shard's settings and the length of its vectors.

    `DamagedError` if one of them is not there, or if they are other `settings` than those that it
    was named by.
    """
    with parquet.opened(shard) as file:
        found, width = _settings(file), _width(file)
    if found != settings and (match := _NAME.match(shard.name)) and match[2]:
        keys, contents, _ = names_of(_index(shard))
        if match[2] != _digest(json.dumps(found), *keys, *contents):
            raise DamagedError("its settings are not those that it was named by")
    return found, width


def _settings(file):
    """Return the settings of an open shard; ValueError if there are none."""

    def refuse(constant):
        raise ValueError(f"{constant} in its settings")

    said = (file.schema.metadata or {}).get(_SETTINGS)
    if said is None:
        raise ValueError("it does not say with which settings it was made")
    settings = json.loads(said, parse_constant=refuse)
    if not isinstance(settings, dict):
        raise ValueError(f"its settings are a {type(settings).__name__}")
    return settings


def _width(file):
    kind = file.schema.field("features").type
    if not pa.types.is_fixed_size_list(kind):
        raise DamagedError(f"'features' is {kind}, not a fixed-size list")
    return kind.list_size


def _finite(block, shard):
    """Return the rows of a block that are finite, and name the others in a warning."""
    bad = (block.values.view(np.uint16) & _NOT_FINITE).max(axis=1) == _NOT_FINITE
    if not bad.any():
        return block
    rows = np.flatnonzero(bad)
    named = ", ".join(repr(block.keys[row]) for row in rows[:3])
    warnings.warn(
        told(
            f"{len(rows):,} vectors in the shard {shard} hold NaN or infinity and are passed over: "
            f"{named}{', …' * (len(rows) > 3)}. Their pictures are extracted again."
        ),
        stacklevel=4,
    )
    good = np.flatnonzero(~bad)
    names = ([each[row] for row in good] for each in block[:3])
    return Block(*names, block.values[good])


def _digest(*texts):
    # Not joined: a shard may hold one long text many times over.
    digest = hashlib.sha256()
    for number, text in enumerate(texts):
        digest.update(f"{chr(10) * bool(number)}{text}".encode())
    return digest.hexdigest()[:8]


def _number(shard):
    match = _NAME.match(shard.name)
    return int(match[1]) if match else -1


def _shards(folder):
    # Not glob: to it, a folder that does not answer is an empty one.
    try:
        shards = [path for path in folder.iterdir() if path.match("part-*.parquet")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise parquet.not_read(folder, error) from error
    return sorted(shards, key=lambda path: (_number(path), path.name))
