"""Search features in LanceDB: on a disk, or in object storage, more than memory holds.

In: features, and a catalogue's columns to filter by. Out: `FeatureIndex`, which finds the nearest
by an approximate index, and scores what it found exactly, as `zapsim.top_k` would. The edge rule:
what is not found by the approximate index is missed, never scored wrongly; rows that were added
since are searched, too. Numbers are kept as float16, and what that cannot hold is refused.
"""

import json
import warnings
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import timedelta
from os import PathLike

import numpy as np
import pandas as pd
import pyarrow as pa

from zapsim.catalogue import split_values
from zapsim.checks import (
    brief,
    check_choice,
    check_dict,
    check_features,
    check_key,
    check_list,
    check_type,
    checked_names,
    checked_number,
    checked_order,
    checked_path,
    checked_values,
    checked_vector,
    checked_whole,
    received,
    told,
)
from zapsim.io.disk import TransferError
from zapsim.io.lookup import each_found
from zapsim.io.parquet import StoreError
from zapsim.io.store import differing, open_store
from zapsim.keys import composed, respelt
from zapsim.metadata.cells import written
from zapsim.scale.extra import require
from zapsim.similarity import exact_scores, nearest, unit_vectors, vector_lengths

__all__ = ["FeatureIndex", "build_index"]

_TABLE, _ABOUT = "features", b"zapsim"
_KINDS = ("IVF_HNSW_SQ", "IVF_PQ")
# Of fewer, all are compared in milliseconds, and no index is needed.
_FEWEST = 5_000
# Where a filter leaves no more, all of them are compared: that is exact, and as fast.
_FEW = 1_000
# Short codes put some of the nearest further back: so many times as many are scored exactly.
_REFINE = 5
_EFFORT = 40
# float16 rounds numbers by half as much of them, unless they are too small for it.
_ROUNDING = 2.0**-10
_KEYS = "index.keys[:100]"
_DAYS = 36_500
_AT_ONCE = 500
_BLOCK = 4_096
# Two that add a key at the same time conflict by this, and the later one then replaces it.
_UNIQUE = {"lance-schema:unenforced-primary-key": "true"}


def build_index(
    features,
    address,
    catalogue=None,
    *,
    kind="IVF_HNSW_SQ",
    reduction=None,
    storage_options=None,
):
    """Put features into a new LanceDB table, and index it.

    What was there under this address before becomes an old version, see `FeatureIndex.clean`.

    Parameters
    ----------
    features : pandas.DataFrame, iterable of those, or path
        Features (n_items, n_features) indexed by key; several, made with the same settings and
        each with keys of its own, where not all fit into memory at once; or the folder of a
        feature store, which is read shard by shard and needs the catalogue. To know which features
        are whose, it reads the pictures, but for those of a zip, and of a bucket that was opened
        with ``done=`` after the store had their features: see `open_bucket`. They are kept as
        float16.
    address : path or str
        A folder, or ``s3://bucket/folder`` and the like.
    catalogue : Catalogue, optional
        Its columns can be filtered by. Items that it lacks are an error.
    kind : {"IVF_PQ", "IVF_HNSW_SQ"}
        HNSW is a graph from neighbour to neighbour, over one byte for each number. PQ keeps a byte
        for 4 numbers, or more where 4 do not divide them, in about √n groups: a quarter of the
        room, but many times the time to build.
        Below 5,000 items no index is needed: all are compared.
    reduction : zapsim.kinds.pca.Reduction, optional
        Shortens the features on their way, block by block, such as ``Reduction(256).fit(sample)``
        of a sample's features. Keep it (``reduction.save(path)``): what is added later goes
        through the same one. To search with new pictures, give `IndexPredictor` its extractor:
        ``reduction.extractor()``.
    storage_options : dict of str to str, optional
        For object storage, as LanceDB takes them.

    Returns
    -------
    FeatureIndex

    Raises
    ------
    ValueError
        If there are no features, their settings differ, they are a similarity matrix, float16
        cannot hold them, a key comes twice, the catalogue lacks some of them, their columns are
        named by neither texts nor whole numbers, or somebody else's table of this name is under
        this address.
    TypeError
        If they are no features by key.
    StoreError
        If there is no such store, or it cannot be read.
    ConnectionError
        If the address cannot be opened.
    TransferError
        If it cannot be written to, or the disk is full; the message says what is there now.
    ImportError
        If LanceDB is not installed.

    Warns
    -----
    UserWarning
        If items of the catalogue have no features, or one of zeros, which has no direction and is
        not found: it counts them, and names one.
    """
    check_choice("kind", kind, _KINDS)
    database = _connect(address, storage_options)
    before = _version_before(database, address)
    blocks = _blocks(features, catalogue)
    if reduction is not None:
        blocks = map(reduction.transform, blocks)
    first = next(blocks, None)
    if first is None:
        raise ValueError("There are no features to put into an index.")
    columns = [] if catalogue is None else list(catalogue.table.columns)
    about = {
        "settings": first.attrs.get("extractor", {}),
        "columns": columns,
        "names": checked_names(first.columns),
    }
    types = [(f"c{n}", pa.list_(pa.string())) for n in range(len(columns))]
    vectors = pa.list_(pa.float16(), first.shape[1])
    schema = pa.schema(
        [
            pa.field("key", pa.string(), nullable=False, metadata=_UNIQUE),
            ("features", vectors),
            *types,
        ],
        metadata={_ABOUT: json.dumps(about)},
    )
    problem, keys, zeros = [], set(), []

    def batches():
        try:
            for block in (first, *blocks):
                batch = _batch(checked_order(block, first.columns), schema, about, catalogue)
                new = batch["key"].to_pylist()
                if twice := keys.intersection(new):
                    raise ValueError(f"There are features twice for {min(twice)!r}.")
                keys.update(new)
                zeros.extend(_without_direction(batch))
                yield batch
        except Exception as error:
            # LanceDB would show its traceback as a text.
            problem.append(error)
            raise

    try:
        with _writing(address):
            table = database.create_table(_TABLE, batches(), schema=schema, mode="overwrite")
            _check_written(table, before)
    except Exception as error:
        raise problem[0] if problem else error from None
    kinds = require("lancedb.index")
    # Vectors of zeros are nowhere in an index.
    if (n_found := len(table) - len(zeros)) >= _FEWEST:
        identifiers = catalogue.identifiers if columns else ()
        names = dict(zip(types, columns, strict=True))
        with _writing(address, "the new features are there, and every search compares them all"):
            table.create_index("key", config=kinds.BTree())
            for (number, _), name in names.items():
                # Hardly two items share what names them: there, an index is larger than the column.
                if name not in identifiers:
                    table.create_index(number, config=kinds.LabelList())
            table.create_index("features", config=_config(kinds, kind, n_found, first.shape[1]))
    _warn_of(zeros)
    if catalogue is not None and (lacking := [key for key in catalogue.keys if key not in keys]):
        warnings.warn(
            f"{len(lacking):,} of {len(catalogue):,} items have no features and are not in the "
            f"index, such as {lacking[0]!r}. Extract them, then add them: index.add(features).",
            stacklevel=2,
        )
    return FeatureIndex(address, storage_options)


class FeatureIndex:
    """A LanceDB table of features, made by `build_index`.

    ValueError if there is none, ConnectionError if the address cannot be opened. It shows the table
    as it was when this was opened, or last wrote to it; each write is to the newest version. Once
    `clean` has deleted the version that is shown, reading raises StoreError: open the index again.

    Attributes
    ----------
    settings : dict
        Those that the features were made with.
    columns : list of str
        What can be filtered by.
    feature_names : pandas.Index of shape (n_features,)
        What the columns of the features are called.
    """

    def __init__(self, address, storage_options=None):
        self.address, self._storage_options = str(address), storage_options
        self._is_snapshot = False
        database = _connect(address, storage_options)
        self._show(lambda: database.open_table(_TABLE))

    def _show(self, opened):
        """Show the table that a function returns; ValueError if it is no index of features."""
        try:
            self._table = opened()
            about = json.loads(self._table.schema.metadata[_ABOUT])
            self.settings, self.columns = _checked_about(about, self._table.schema)
            self.feature_names = _checked_names(about, self.n_features)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ValueError(
                f"No index of features at {self.address} ({error}). Make one: "
                "zapsim.scale.build_index(features, address, catalogue)."
            ) from error

    def _renew(self):
        """Show the newest version, before a write: others may have written, or built it anew."""
        if self._is_snapshot:
            raise ValueError(
                "A snapshot stays as it is. Change the index itself: "
                "zapsim.scale.FeatureIndex(address)."
            )
        with _writing(self.address):
            self._table.checkout_latest()
        self._show(lambda: self._table)

    def _count(self, condition=None):
        with _reading(self.address):
            return self._table.count_rows(condition)

    def _read(self, query):
        with _reading(self.address):
            return query.to_arrow()

    def __len__(self):
        return self._count()

    def __repr__(self):
        return f"FeatureIndex of {len(self):,} items, {self.n_features:,} features, {self.address}"

    @property
    def n_features(self):
        """Length of a feature vector."""
        return self._table.schema.field("features").type.list_size

    @property
    def keys(self):
        """All keys, sorted (pandas.Index of str)."""
        return self.rows()[0]

    def snapshot(self):
        """Return this `FeatureIndex` as it is now, whatever is added or removed later.

        It cannot be written to, and holds until `clean` deletes its version; then, reading raises
        StoreError.
        """
        still = FeatureIndex(self.address, self._storage_options)
        with _reading(self.address):
            still._table.checkout(self._table.version)
        still._show(lambda: still._table)
        still._is_snapshot = True
        return still

    def search(self, vector, k=10, where=None, effort=_EFFORT):
        """Find the k nearest to a vector (n_features,).

        Parameters
        ----------
        vector : ndarray or Series of shape (n_features,)
            A Series is taken by `feature_names`.
        k : int
        where : dict, optional
            Filters as in `SimilarityPredictor.similar`; applied before the search. A value that
            occurs nowhere finds nothing.
        effort : int
            More finds more, and takes longer: of PQ, so many groups are read; on its way through
            HNSW's graph, the search keeps so many more candidates in view.

        Returns
        -------
        pandas.DataFrame
            ``key`` and ``score`` (cosine similarity, exact, float32), nearest first, ties by key.
            Items whose features are all zeros are never found.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If the vector has another length, or holds NaN or infinity.
        StoreError
            If the version that this shows was deleted, or the storage does not answer.
        """
        k = checked_whole("k", k)
        vector = unit_vectors([self._checked(vector)])[0]
        query = self._nearest(vector, _REFINE * k, effort).select(["key", "features", "_distance"])
        if condition := self._condition({} if where is None else where):
            query = query.where(condition, prefilter=True)
            if self._count(condition) <= _FEW:
                query = query.bypass_vector_index()
        found = self._read(query)
        keys = np.array(found["key"].to_pylist(), object)
        order = np.argsort(keys)
        scores = exact_scores(vector, _unit(found), order)
        best = nearest(scores, k)
        return pd.DataFrame({"key": keys[order][best], "score": scores[best]})

    def rows(self):
        """Return all keys, sorted, and the number (n_items,), uint64, of each one's row.

        Numbers hold for a `snapshot`, and are what `nearest_rows` and `unit_vectors` speak of.
        """
        found = self._table.search().with_row_id(True).select(["key", "_rowid"])
        found = self._read(found.limit(max(1, len(self))))
        keys = pd.Index(found["key"].to_pylist(), dtype=object, name="key")
        order = np.argsort(keys.to_numpy())
        return keys[order], found["_rowid"].to_numpy()[order]

    def nearest_rows(self, vector, n, effort=_EFFORT):
        """Return the rows of about the n nearest to a vector of length 1, nearest first."""
        n, vector = checked_whole("n", n), self._checked(vector)
        found = self._nearest(vector, n, effort).with_row_id(True).select(["_rowid", "_distance"])
        return self._read(found)["_rowid"].to_numpy()

    def unit_vectors(self, rows):
        """Return vectors of length 1, (n, n_features), float32, in the order of rows."""
        rows = np.asarray(rows)
        if rows.size and (rows.dtype.kind not in "iu" or rows.min() < 0):
            raise ValueError(f"rows must be numbers of rows. Received: {received(rows)}")
        rows = rows.astype(np.uint64)
        values = np.empty((len(rows), self.n_features), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            query = self._table.take_row_ids(part.tolist()).with_row_id()
            found = self._read(query.select(["features"]))
            if len(found) < len(part):
                raise KeyError(f"{len(part) - len(found):,} rows are not in the index.")
            order = np.argsort(part, kind="stable"), np.argsort(found["_rowid"].to_numpy())
            values[start + order[0]] = _unit(found)[order[1]]
        return values

    def _checked(self, vector):
        return checked_vector(vector, self.feature_names)

    def _nearest(self, vector, n, effort):
        n, effort = min(n, max(1, len(self))), checked_whole("effort", effort)
        query = self._table.search(vector, vector_column_name="features")
        query = query.distance_type("cosine").limit(n)
        # Where a filter leaves few in these groups, further ones are read.
        query = query.maximum_nprobes(0).minimum_nprobes(effort)
        return query.ef(n + effort)

    def vectors(self, keys):
        """Return the features of some keys (n, n_features), float32; KeyError if one is missing."""
        keys, found = _checked_keys(keys), {}
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            query = self._table.search().where(f"key IN ({_listed(part)})")
            rows = self._read(query.select(["key", "features"]).limit(len(part)))
            found.update(zip(rows["key"].to_pylist(), _values(rows), strict=True))
        if missing := [key for key in keys if key not in found]:
            raise KeyError(f"{len(missing):,} keys are not in the index, such as {missing[0]!r}.")
        empty = np.empty((0, self.n_features), np.float32)
        return np.stack([found[key] for key in keys]) if len(keys) else empty

    def add(self, features, catalogue=None):
        """Add features, and replace those of keys that are there already.

        They are found at once; a large part of new ones makes searching slower until `clean`.
        Columns that are called as `feature_names` may have another order. Several may add at the
        same time, and each key is there once: of two that add the same one, the later one's counts.
        Errors and warnings as those of `build_index`.
        """
        check_features(features)
        self._renew()
        about = {"settings": self.settings, "columns": self.columns}
        features = checked_order(features, self.feature_names)
        batch = _batch(features, self._table.schema, about, catalogue)
        _warn_of(_without_direction(batch))
        # By the keys' index, two that add the same key would not conflict.
        merged = self._table.merge_insert("key").when_matched_update_all().use_index(False)
        before = self._table.version
        with _writing(self.address):
            merged.when_not_matched_insert_all().execute(pa.Table.from_batches([batch]))
            _check_written(self._table, before)

    def remove(self, keys):
        """Remove keys; those that are not there are passed over. Returns how many there were."""
        keys, n_there = _checked_keys(keys), 0
        self._renew()
        for start in range(0, len(keys), _AT_ONCE):
            condition = f"key IN ({_listed(keys[start : start + _AT_ONCE])})"
            n_there += self._count(condition)
            with _writing(self.address, "only some of these keys were removed, or none"):
                self._table.delete(condition)
        return n_there

    def clean(self, days=7):
        """Index what was added, and delete versions that were written more than so many days ago.

        The newest version stays. Whatever shows an older one that is deleted ends: a `snapshot`,
        an `IndexPredictor`, or another open `FeatureIndex`. A version counts from when it was
        written, not from when it was replaced, so where one is still shown, keep more days than
        there are between two changes.
        """
        days = checked_number("days", days, 0, _DAYS)
        self._renew()
        with _writing(self.address):
            self._table.optimize(cleanup_older_than=timedelta(days=days))

    def _condition(self, where):
        """Return filters as SQL; columns are ours, and every value is quoted."""
        check_dict("where", where, "{'Category': 'Boots'}")
        conditions = []
        for name, wanted in where.items():
            name = composed(name)
            if name not in self.columns:
                names = ", ".join(map(str, self.columns)) or "none"
                raise KeyError(f"No column {name!r} to filter by. The index has: {names}.")
            values = wanted if pd.api.types.is_list_like(wanted) else [wanted]
            values = [composed(written(value)).strip() for value in values]
            column = f"c{self.columns.index(name)}"
            conditions.append(f"array_has_any({column}, [{_listed(values)}])")
        return " AND ".join(conditions)


def _connect(address, storage_options):
    if "://" not in str(address):
        address = checked_path(address, "address")
    lancedb = require("lancedb")
    try:
        return lancedb.connect(address, storage_options=storage_options)
    except (ValueError, OSError, RuntimeError) as error:
        raise ConnectionError(
            f"{address} cannot be opened. Is it spelt like this, may you read it (region, "
            "credentials, storage_options), and does the storage answer? It says: "
            f"{brief(error)}"
        ) from error


def _version_before(database, address):
    """Return the version that would be replaced, or None; ValueError if it is somebody else's."""
    try:
        table = database.open_table(_TABLE)
        schema = table.schema
    # None is there; or none that can be opened.
    except (ValueError, OSError, RuntimeError):
        return
    if _ABOUT not in (schema.metadata or {}):
        raise ValueError(
            f"{address} has a table {_TABLE!r} that zapsim did not make, of "
            f"{brief(', '.join(schema.names))}. Give another address."
        )
    return table.version


def _check_written(table, before):
    """Read the keys; where that fails, go back to the version before, if any, and raise.

    On a disk that becomes full with its last bytes, LanceDB takes a file for whole that is cut.
    """
    try:
        table.search().select(["key"]).limit(max(1, table.count_rows())).to_arrow()
    except (RuntimeError, OSError):
        if before is not None:
            table.restore(before)
            table.checkout_latest()
        raise


@contextmanager
def _reading(address):
    """Raise `StoreError` where LanceDB cannot read a version that was opened."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        raise StoreError(
            f"The index at {address} cannot be read as it was when it was opened. If it was "
            "cleaned since, that version was deleted: open it again, "
            "zapsim.scale.FeatureIndex(address), and make predictors anew. Otherwise see that the "
            "storage answers. LanceDB says: "
            f"{brief(error)}"
        ) from error


@contextmanager
def _writing(address, state="what was there before still is"):
    """Raise `TransferError` where LanceDB cannot write; `state` says what is there then."""
    try:
        yield
    except TransferError:
        raise
    except (RuntimeError, OSError) as error:
        raise TransferError(
            f"Could not write all of the index at {address}; {state}. Free some space, check that "
            "you may write there and that the storage answers, and run again. LanceDB says: "
            f"{brief(error)}"
        ) from error


def _checked_about(about, schema):
    """Return settings (dict) and columns (list of str); ValueError if a table is no such index."""
    settings, columns = about["settings"], about["columns"]
    if not isinstance(settings, dict) or not isinstance(columns, list):
        raise ValueError("its settings or columns are damaged")
    lacking = {"key", "features", *(f"c{n}" for n in range(len(columns)))} - {*schema.names}
    if lacking or not pa.types.is_fixed_size_list(schema.field("features").type):
        raise ValueError(f"it lacks columns, or they are of another kind: {sorted(lacking)}")
    return settings, columns


def _checked_names(about, n_features):
    """Return the names of the features' columns (pandas.Index); ValueError if they do not fit."""
    names = pd.Index(checked_names(about["names"]))
    if len(names) != n_features:
        raise ValueError(f"it names {len(names):,} of {n_features:,} features")
    return names


def _batch(features, schema, about, catalogue):
    """Return features, and the catalogue's columns, as a RecordBatch; ValueError if unfit."""
    settings, width = features.attrs.get("extractor", {}), schema.field("features").type.list_size
    if settings != about["settings"]:
        raise ValueError(
            told(
                "These features were made with other settings than those of the index: "
                f"{differing(about['settings'], settings)}. Features of different settings cannot "
                "be compared."
            )
        )
    keys = _checked_keys(features.index)
    if catalogue is not None:
        keys = respelt(keys, catalogue.keys)
    if not keys.is_unique:
        raise ValueError(f"There are features twice for {keys[keys.duplicated()][0]!r}.")
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(_halved(features, width).ravel()), width)
    cells = []
    if about["columns"]:
        wanted = (
            "The index has columns to filter by: give the catalogue of these keys, "
            f"with the columns {told(', '.join(map(str, about['columns'])))}."
        )
        if catalogue is None or not keys.isin(catalogue.keys).all():
            raise ValueError(wanted)
        if lacking := [name for name in about["columns"] if name not in catalogue.table]:
            raise ValueError(f"{wanted} Yours has no column {received(lacking[0])}.")
        table = catalogue.table.loc[keys]
        for name in about["columns"]:
            values = [_values_of(cell) for cell in table[name]]
            cells.append(pa.array(values, pa.list_(pa.string())))
    return pa.RecordBatch.from_arrays([pa.array(keys, pa.string()), vectors, *cells], schema=schema)


def _halved(features, width):
    """Return features as an array of float16; ValueError if that cannot hold them."""
    values = checked_values(features) if len(features) else np.empty((0, width), np.float32)
    if values.shape[1] != width:
        raise ValueError(
            f"The index takes {width:,} numbers an item. Received: {values.shape[1]:,}"
        )
    with np.errstate(over="ignore"):
        halved = values.astype(np.float16)
        lost = vector_lengths(halved - values)
    if (bad := lost > _ROUNDING * vector_lengths(values)).any():
        raise ValueError(
            f"An index keeps numbers as float16, which cannot hold those of {bad.sum():,} items, "
            f"such as {features.index[bad][0]!r}: they are too large, or too small. Only "
            "directions count, so scale them: features.div(features.abs().max(axis=1), axis=0)."
        )
    return halved


def _without_direction(batch):
    """Return the keys of a batch whose vectors are zeros (list)."""
    table = pa.Table.from_batches([batch])
    return np.array(table["key"].to_pylist(), object)[~_values(table).any(axis=1)].tolist()


def _warn_of(zeros):
    if zeros:
        warnings.warn(
            f"The features of {len(zeros):,} items are all zeros, such as those of {zeros[0]!r}. "
            "They have no direction, and no search of the index finds them.",
            stacklevel=3,
        )


def _values_of(cell):
    # A whole cell may be asked for, too.
    return sorted({*split_values(cell), written(cell)}) if pd.notna(cell) else []


def _checked_keys(keys):
    """Return keys as the index has them (pandas.Index); TypeError if they are no list of texts."""
    check_list("keys", keys, _KEYS, empty=True)
    found = []
    for key in keys:
        check_key(key, "each of keys")
        found.append(_text(key))
    return pd.Index(found, dtype=object)


def _text(value):
    """Return a value as a text of the index: composed; ValueError if it is not Unicode."""
    text = composed(str(value))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"No text of an index holds half a letter. Received: {text!a}") from error
    return text


def _values(table):
    vectors = table["features"].combine_chunks()
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)


def _listed(texts):
    """Return texts as SQL literals: in them, an apostrophe is the only sign with a meaning."""
    return ", ".join("'" + _text(text).replace("'", "''") + "'" for text in texts)


def _unit(table):
    values = _values(table)
    return unit_vectors(values) if len(values) else values


def _blocks(features, catalogue):
    """Yield features as DataFrames of at least one row, checked."""
    if isinstance(features, pd.DataFrame):
        starts = range(0, len(features), _BLOCK)
        blocks = (features.iloc[start : start + _BLOCK] for start in starts)
    elif isinstance(features, (str, PathLike)):
        if catalogue is None:
            raise ValueError("A feature store needs the catalogue whose features are wanted.")
        blocks = each_found(open_store(features), catalogue)
    else:
        check_type(
            features, Iterable, "features must be a DataFrame, several, or the folder of a store."
        )
        blocks = features
    for block in blocks:
        check_features(block)
        if len(block):
            yield block


def _config(kinds, kind, n_items, n_features):
    if kind == "IVF_PQ":
        # All parts of a vector have the same length.
        parts = (n for n in range(max(1, n_features // 4), 0, -1) if n_features % n == 0)
        return kinds.IvfPq(
            distance_type="cosine",
            num_partitions=int(np.sqrt(n_items)),
            num_sub_vectors=next(parts),
        )
    # A graph finds its way in large groups.
    groups = max(1, n_items // 1_000_000)
    return kinds.HnswSq(distance_type="cosine", num_partitions=groups)
