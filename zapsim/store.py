"""Keep vectors in Parquet: the feature store, a folder of shards, and single files of vectors.

A shard holds the columns ``key`` (str), ``content`` (str, what identifies the picture's bytes)
and ``features`` (fixed-size list of float16); its schema's metadata says, as JSON, with which
settings the features were made. pandas, DuckDB, Ray, Spark and LanceDB read it as it is. The
edge rules: a store made with other settings is refused; files appear whole or not at all; a
damaged shard is passed over, but a disk that does not answer is an error; a row whose content is
no longer the picture's is passed over; of two rows the later shard's counts. Several processes
may write at once: each adds shards of its own, and is told of the others.
"""

import hashlib
import json
import os
import re
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zapsim.bundled import MINIZAP_FEATURES
from zapsim.writers import RENEW_SECONDS, SILENT_SECONDS, Mark

__all__ = ["FeatureStore", "StoreError", "load_features", "read_vectors", "write_vectors"]

SHARD_ITEMS = 512
_SETTINGS = b"zapsim"
_ABSENT = "(absent)"
_TEMPORARY = ".tmp"


class StoreError(RuntimeError):
    """A store cannot be used: other settings, not a store, the disk is full or does not answer."""


class _Damaged(Exception):
    """A file was cut, overwritten or never was what it should be."""


def load_features(store=None, keys=None):
    """Read the features of a store.

    Parameters
    ----------
    store : path, optional
        The folder. By default MiniZap's features, which ship with zapsim.
    keys : iterable of str, optional
        The wanted items, such as ``catalogue.keys``; those that the store lacks are left out. By
        default all that it holds, those of pictures that were deleted since among them.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_features), float32
        Indexed by key, in the order of `keys`, by default sorted. ``attrs["extractor"]`` holds
        the settings they were made with.

    Raises
    ------
    StoreError
        If there is no store, it holds none of `keys`, its shards were made with different
        settings, or it cannot be read now. A damaged shard is only named in a warning, and passed
        over.
    """
    opened = open_store(MINIZAP_FEATURES if store is None else store)
    found = {}
    for _, stored, _, values in opened.blocks():
        found.update(zip(stored, values, strict=True))
    if not found:
        raise no_store(opened.folder)
    keys = sorted(found) if keys is None else [key for key in dict.fromkeys(keys) if key in found]
    if not keys:
        raise StoreError(
            f"None of these items is in the feature store {opened.folder}, which holds "
            f"{len(found):,}, such as {min(found)!r}. Was it made of another catalogue?"
        )
    values = np.empty((len(keys), len(found[keys[0]])), np.float32)
    for row, key in enumerate(keys):
        values[row] = found.pop(key)
    return features_frame(keys, values, opened.settings)


def open_store(folder):
    """Return the `FeatureStore` in a folder, with the settings that it was made with."""
    folder = Path(folder).expanduser()
    settings = [s for s in map(_settings, _shards(folder)) if s is not None]
    return FeatureStore(folder, settings[0] if settings else {}, read_only=True)


def no_store(folder):
    """Return the error that a folder holds nothing to read."""
    return StoreError(
        f"No {'undamaged ' if _shards(folder) else ''}feature store at {folder}. Make one with "
        f"VGG16Extractor().extract(catalogue, cache={str(folder)!r})."
    )


def features_frame(keys, values, settings):
    """Put features into the DataFrame that the rest of zapsim takes."""
    frame = pd.DataFrame(values, index=pd.Index(keys, name="key"), copy=False)
    frame.attrs["extractor"] = dict(settings)
    return frame


class FeatureStore:
    """A folder of shards made with one extractor's settings.

    Parameters
    ----------
    folder : path
        Made when the first shard is written.
    settings : dict
        What the features depend on; JSON types only.
    read_only : bool
        Refuse to write.

    Raises
    ------
    StoreError
        If the folder holds shards made with other settings, or cannot be read now.
    """

    def __init__(self, folder, settings, read_only=False):
        self.folder = Path(folder).expanduser()
        self.settings = settings
        self.read_only = read_only
        self._checked = set()
        self.check_settings()
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"{self.folder} is a file; a feature store is a folder.")

    @property
    def purpose(self):
        """The settings' digest (str)."""
        settings = json.dumps(self.settings, sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:16]

    def check_settings(self):
        """Raise StoreError if a shard that is new here was made with other settings."""
        for shard in _shards(self.folder):
            if shard not in self._checked:
                self._check_shard(shard)
                self._checked.add(shard)

    def _check_shard(self, shard):
        found = _settings(shard)
        if found is not None and found != self.settings:
            names = sorted({*found, *self.settings})
            pairs = [(n, found.get(n, _ABSENT), self.settings.get(n, _ABSENT)) for n in names]
            differences = [f"{name} is {a} there and {b} here" for name, a, b in pairs if a != b]
            raise StoreError(
                f"The feature store {self.folder} was made with other settings: "
                f"{'; '.join(differences)}. Features of different settings cannot be compared: "
                "use another folder as cache, or the store's settings."
            )

    def blocks(self):
        """Yield (path, keys, contents, values (n, n_features) float16), a shard at a time.

        A damaged shard is named in a warning and passed over. One that cannot be read now, or is
        deleted meanwhile, is a StoreError.
        """
        for shard in _shards(self.folder):
            try:
                with _reading(shard):
                    table = pq.read_table(shard, page_checksum_verification=True)
                    keys, contents = table["key"].to_pylist(), table["content"].to_pylist()
                    values = _values(table)
            except _Damaged as error:
                warnings.warn(
                    f"The shard {shard} is damaged and passed over ({error}). Its pictures are "
                    "extracted again; the file can be deleted.",
                    stacklevel=2,
                )
                continue
            yield shard, keys, contents, values

    def keys(self):
        """Return the keys that the store knows, whatever their content (set of str).

        Of damaged shards there are none; `blocks` names those.
        """
        found = set()
        for shard in _shards(self.folder):
            with suppress(_Damaged), _reading(shard):
                found.update(pq.read_table(shard, columns=["key"])["key"].to_pylist())
        return found

    def read(self, contents, n_features):
        """Look up the features of pictures by key and content.

        Parameters
        ----------
        contents : dict of str to str or None
            The wanted keys, and what identifies each one's content; None is never found.
        n_features : int

        Returns
        -------
        values : ndarray of shape (n_items, n_features), float32
            In the order of `contents`; rows that were not found are left as zeros.
        found : ndarray of shape (n_items,), bool
        """
        position = {key: i for i, key in enumerate(contents)}
        values = np.zeros((len(contents), n_features), np.float32)
        found = np.zeros(len(contents), bool)
        for _, keys, stored, block in self.blocks():
            rows = [row for row, key in enumerate(keys) if key in contents]
            where = [position[keys[row]] for row in rows]
            values[where] = block[rows]
            # A later row counts even where it no longer fits: the picture was changed back, and
            # is to be written again, so that the last row is always the right one.
            found[where] = [contents[keys[row]] == stored[row] for row in rows]
        values[~found] = 0
        return values, found

    def write(self, keys, contents, values):
        """Add a shard; it appears whole or not at all."""
        if self.read_only or not keys:
            return
        # On Google Drive, another machine's mark may come too late to be seen.
        self.check_settings()
        table = _table({"key": keys, "content": contents}, values.astype(np.float16))
        # Not their count: a damaged shard may have been deleted, and this one must sort last.
        numbers = [re.match(r"part-(\d+)", shard.name) for shard in _shards(self.folder)]
        number = max((int(match[1]) for match in numbers if match), default=-1) + 1
        # Named by its content, so that two processes at once don't write the same file.
        digest = hashlib.sha256("\n".join([*keys, *contents]).encode()).hexdigest()[:8]
        path = self.folder / f"part-{number:05d}-{digest}.parquet"
        _write(table.replace_schema_metadata({_SETTINGS: json.dumps(self.settings)}), path)


class ShardWriter:
    """Collect rows and write a shard whenever one is full, and the rest at the end.

    A context manager: what was collected is written even when the work is interrupted. A warning
    tells of other processes that write to the store; where there are none, what killed ones left
    half written is cleared away. Adding rows renews the process's own mark, once a minute. Where
    another process writes features of other settings, entering raises StoreError.

    Parameters
    ----------
    store : FeatureStore or None
        None drops the rows.
    """

    def __init__(self, store):
        self._store = store
        writes = store is not None and not store.read_only
        self._mark = Mark(store.folder, store.purpose) if writes else None
        self._renewed = time.monotonic()
        self._rows = []

    def __enter__(self):
        if self._mark is not None:
            try:
                self._mark.__enter__()
            except OSError as error:
                raise _not_written(self._store.folder, error) from error
            # After marking, so that of two that start at once at least one sees the other.
            alike, strange = self._mark.others()
            try:
                self._check_alone(strange)
            except StoreError:
                self._mark.__exit__()
                raise
            if alike:
                _tell(self._store.folder, alike)
            else:
                _clear(self._store.folder)
        return self

    def _check_alone(self, strange):
        if strange:
            raise StoreError(
                f"Features of other settings are being written to {self._store.folder} by "
                f"{' and '.join(strange)}. Features of different settings cannot be compared: use "
                "another folder as cache. (The mark of a machine that is gone is forgotten after "
                f"{SILENT_SECONDS // 60} minutes of silence.)"
            )
        self._store.check_settings()

    def __exit__(self, kind, error, trace):
        try:
            if not (kind and issubclass(kind, StoreError)):
                self._flush()
        finally:
            if self._mark is not None:
                self._mark.__exit__()

    def add(self, keys, contents, values):
        """Add rows: keys and contents (lists of str), values of shape (n, n_features)."""
        self._rows += zip(keys, contents, values, strict=True)
        # Not for every batch: on Google Drive each sign of life is sent to Google.
        if self._mark is not None and time.monotonic() - self._renewed >= RENEW_SECONDS:
            self._mark.alive()
            self._renewed = time.monotonic()
        if len(self._rows) >= SHARD_ITEMS:
            self._flush()

    def _flush(self):
        if self._store is not None and self._rows:
            keys, contents, values = zip(*self._rows, strict=True)
            self._rows = []
            self._store.write(list(keys), list(contents), np.stack(values))


def _tell(folder, others):
    warnings.warn(
        f"The feature store {folder} is being written to by {' and '.join(others)} as well. Both "
        "may go on, nothing is mixed up or lost, but what both compute is computed twice. To "
        "save the time, stop this run, wait for the other and run again: it then finds all. If "
        "its machine is gone, as when Colab takes it back, let this run go on: nothing is computed "
        f"twice then, and its mark is forgotten after {SILENT_SECONDS // 60} minutes of silence.",
        stacklevel=7,
    )


def _clear(folder):
    for leftover in folder.glob(f".part-*{_TEMPORARY}"):
        with suppress(OSError):
            leftover.unlink()


def write_vectors(path, keys, *values, names=("features",)):
    """Write one Parquet file of ``key`` and arrays (n, width) by name, whole or not at all."""
    _write(_table({"key": list(keys)}, *values, names=names), Path(path).expanduser())


def read_vectors(path, names=("features",)):
    """Read what `write_vectors` wrote: keys (list of str), then each name's array (n, width)."""
    path = Path(path).expanduser()
    try:
        with _reading(path, FileNotFoundError):
            table = pq.read_table(path, page_checksum_verification=True)
            return table["key"].to_pylist(), *(_values(table, name) for name in names)
    except _Damaged as error:
        raise StoreError(f"{path} is not a Parquet file written by zapsim ({error}).") from error


def _shards(folder):
    # Not glob, which takes a folder that does not answer for an empty one.
    try:
        return sorted(path for path in folder.iterdir() if path.match("part-*.parquet"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _not_read(folder, error) from error


def _settings(shard):
    """Return the settings of a shard, or None where it is damaged."""
    try:
        with _reading(shard):
            return json.loads((pq.read_schema(shard).metadata or {}).get(_SETTINGS, b"{}"))
    except _Damaged:
        return None


@contextmanager
def _reading(path, *passed_on):
    """Raise `_Damaged` where the file's content is at fault, StoreError where the system is."""
    try:
        yield
    except (MemoryError, *passed_on):
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        # Arrow raises OSError for a wrong checksum too, but without the system's number; for a
        # file that is gone it leaves the number out as well.
        if isinstance(error, FileNotFoundError) or getattr(error, "errno", None):
            raise _not_read(path, error) from error
        raise _Damaged(str(error)) from error


def _not_read(path, error):
    return StoreError(
        f"Could not read {path} ({error.strerror or 'it is gone'}). It need not be damaged, and "
        "nothing was changed: check that the disk or Drive is connected and that you may read "
        "there, and run again."
    )


def _table(columns, *values, names=("features",)):
    lists = pa.FixedSizeListArray.from_arrays
    vectors = [lists(pa.array(each.ravel()), each.shape[1]) for each in values]
    return pa.table({**columns, **dict(zip(names, vectors, strict=True))})


def _values(table, name="features"):
    vectors = table[name].combine_chunks()
    if not pa.types.is_fixed_size_list(vectors.type):
        raise pa.ArrowInvalid(f"'{name}' is {vectors.type}, not a fixed-size list")
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(table), width)


def _write(table, path):
    # Not the process's number: two machines may have the same, or two threads write the same.
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}{_TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Checksums, so that a flipped bit is noticed and not taken for a feature.
        pq.write_table(
            table, temporary, compression="zstd", use_dictionary=False, write_page_checksum=True
        )
        os.replace(temporary, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        # Where even that fails, the error above is the one to be seen.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _not_written(path, error):
    return StoreError(
        f"Could not write {path} ({error}). What was written before is whole: "
        "free some space or choose another folder, and run again."
    )
