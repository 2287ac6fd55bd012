"""Search features in LanceDB: on a disk, or in object storage, more than memory holds.

In: features, and a catalogue's columns to filter by. Out: `FeatureIndex`, which finds the nearest
by an approximate index, and scores what it found exactly, as `zapsim.top_k` would. The edge rule:
what is not found by the approximate index is missed, never scored wrongly; rows that were added
since are searched, too.
"""

import json
import warnings
from datetime import timedelta
from os import PathLike

import numpy as np
import pandas as pd
import pyarrow as pa

from zapsim.catalogue import split_values
from zapsim.checks import check_choice, check_dict, check_k, checked_vector, checked_whole
from zapsim.io.lookup import each_found
from zapsim.io.store import open_store
from zapsim.scale.extra import require
from zapsim.similarity import exact_scores, nearest, unit_vectors

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
_AT_ONCE = 500
_BLOCK = 4_096


def build_index(features, address, catalogue=None, *, kind="IVF_HNSW_SQ", storage_options=None):
    """Put features into a new LanceDB table, and index it.

    What was there under this address before becomes an old version, see `FeatureIndex.clean`.

    Parameters
    ----------
    features : pandas.DataFrame, iterable of those, or path
        Features (n_items, n_features) indexed by key; several, made with the same settings and
        each with keys of its own, where not all fit into memory at once; or the folder of a
        feature store, which is read shard by shard and needs the catalogue.
    address : path or str
        A folder, or ``s3://bucket/folder`` and the like.
    catalogue : Catalogue, optional
        Its columns can be filtered by. Items that it lacks are an error.
    kind : {"IVF_PQ", "IVF_HNSW_SQ"}
        HNSW is a graph from neighbour to neighbour, over one byte for each number. PQ keeps a byte
        for 4 numbers in about √n groups: a quarter of the room, but many times the time to build.
        Below 5,000 items no index is needed: all are compared.
    storage_options : dict of str to str, optional
        For object storage, as LanceDB takes them.

    Returns
    -------
    FeatureIndex

    Raises
    ------
    ValueError
        If there are no features, their settings differ, or the catalogue lacks some of them.
    StoreError
        If there is no such store, or it cannot be read.
    ConnectionError
        If the address cannot be opened.
    ImportError
        If LanceDB is not installed.

    Warns
    -----
    UserWarning
        If items of the catalogue have no features: it counts them, and names one.
    """
    check_choice("kind", kind, _KINDS)
    database = _connect(address, storage_options)
    blocks = (block for block in _blocks(features, catalogue) if len(block))
    first = next(blocks, None)
    if first is None:
        raise ValueError("There are no features to put into an index.")
    columns = [] if catalogue is None else list(catalogue.table.columns)
    about = {"settings": first.attrs.get("extractor", {}), "columns": columns}
    types = [(f"c{n}", pa.list_(pa.string())) for n in range(len(columns))]
    vectors = pa.list_(pa.float16(), first.shape[1])
    schema = pa.schema(
        [("key", pa.string()), ("features", vectors), *types],
        metadata={_ABOUT: json.dumps(about)},
    )
    problem, keys = [], set()

    def batches():
        try:
            for block in (first, *blocks):
                if twice := keys.intersection(block.index):
                    raise ValueError(f"There are features twice for {min(twice)!r}.")
                keys.update(block.index)
                yield _batch(block, schema, about, catalogue)
        except Exception as error:
            # LanceDB would show its traceback as a text.
            problem.append(error)
            raise

    try:
        table = database.create_table(_TABLE, batches(), schema=schema, mode="overwrite")
    except Exception as error:
        raise problem[0] if problem else error from None
    kinds = require("lancedb.index")
    if len(table) >= _FEWEST:
        identifiers = catalogue.identifiers if columns else ()
        table.create_index("key", config=kinds.BTree())
        for (number, _), name in zip(types, columns, strict=True):
            # Hardly two items share what names them: there, an index is larger than the column.
            if name not in identifiers:
                table.create_index(number, config=kinds.LabelList())
        table.create_index("features", config=_config(kinds, kind, len(table), first.shape[1]))
    if catalogue is not None and (lacking := [key for key in catalogue.keys if key not in keys]):
        warnings.warn(
            f"{len(lacking):,} of {len(catalogue):,} items have no features and are not in the "
            f"index, such as {lacking[0]!r}. Extract them, then add them: index.add(features).",
            stacklevel=2,
        )
    return FeatureIndex(address, storage_options)


class FeatureIndex:
    """A LanceDB table of features, made by `build_index`.

    ValueError if there is none, ConnectionError if the address cannot be opened.

    Attributes
    ----------
    settings : dict
        Those that the features were made with.
    columns : list of str
        What can be filtered by.
    """

    def __init__(self, address, storage_options=None):
        self.address, self._storage_options = str(address), storage_options
        database = _connect(address, storage_options)
        try:
            self._table = database.open_table(_TABLE)
            about = json.loads(self._table.schema.metadata[_ABOUT])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"No index of features at {address} ({error}). Make one: "
                "zapsim.scale.build_index(features, address, catalogue)."
            ) from error
        self.settings, self.columns = about["settings"], about["columns"]

    def __len__(self):
        return self._table.count_rows()

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
        """Return the `FeatureIndex` as it is now, whatever is added or removed later."""
        still = FeatureIndex(self.address, self._storage_options)
        still._table.checkout(self._table.version)
        return still

    def search(self, vector, k=10, where=None, effort=_EFFORT):
        """Find the k nearest to a vector (n_features,).

        Parameters
        ----------
        vector : ndarray of shape (n_features,)
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

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If the vector has another length, or holds NaN or infinity.
        """
        check_k(k)
        vector = unit_vectors([checked_vector(vector, self.n_features)])[0]
        query = self._nearest(vector, _REFINE * k, effort).select(["key", "features", "_distance"])
        if where:
            condition = self._condition(where)
            query = query.where(condition, prefilter=True)
            if self._table.count_rows(condition) <= _FEW:
                query = query.bypass_vector_index()
        found = query.to_arrow()
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
        found = found.limit(max(1, len(self))).to_arrow()
        keys = pd.Index(found["key"].to_pylist(), dtype=object, name="key")
        order = np.argsort(keys.to_numpy())
        return keys[order], found["_rowid"].to_numpy()[order]

    def nearest_rows(self, vector, n, effort=_EFFORT):
        """Return the rows of about the n nearest to a vector of length 1, nearest first."""
        found = self._nearest(vector, n, effort).with_row_id(True).select(["_rowid", "_distance"])
        return found.to_arrow()["_rowid"].to_numpy()

    def unit_vectors(self, rows):
        """Return vectors of length 1, (n, n_features), float32, in the order of rows."""
        rows = np.asarray(rows, np.uint64)
        values = np.empty((len(rows), self.n_features), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            query = self._table.take_row_ids(part.tolist()).with_row_id()
            found = query.select(["features"]).to_arrow()
            order = np.argsort(part, kind="stable"), np.argsort(found["_rowid"].to_numpy())
            values[start + order[0]] = _unit(found)[order[1]]
        return values

    def _nearest(self, vector, n, effort):
        query = self._table.search(vector, vector_column_name="features")
        query = query.distance_type("cosine").limit(n)
        # Where a filter leaves few in these groups, further ones are read.
        query = query.maximum_nprobes(0).minimum_nprobes(checked_whole("effort", effort))
        return query.ef(n + effort)

    def vectors(self, keys):
        """Return the features of some keys (n, n_features), float32; KeyError if one is missing."""
        keys, found = list(keys), {}
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            query = self._table.search().where(f"key IN ({_listed(part)})")
            rows = query.select(["key", "features"]).limit(len(part)).to_arrow()
            found.update(zip(rows["key"].to_pylist(), _values(rows), strict=True))
        if missing := [key for key in keys if key not in found]:
            raise KeyError(f"{len(missing):,} keys are not in the index, such as {missing[0]!r}.")
        return np.stack([found[key] for key in keys]) if keys else np.empty((0, self.n_features))

    def add(self, features, catalogue=None):
        """Add features, and replace those of keys that are there already.

        They are found at once; a large part of new ones makes searching slower until `clean`.
        """
        about = {"settings": self.settings, "columns": self.columns}
        batch = _batch(features, self._table.schema, about, catalogue)
        merged = self._table.merge_insert("key").when_matched_update_all()
        merged.when_not_matched_insert_all().execute(pa.Table.from_batches([batch]))

    def remove(self, keys):
        """Remove keys; those that are not there are passed over. Returns how many there were."""
        keys, before = list(keys), len(self)
        for start in range(0, len(keys), _AT_ONCE):
            self._table.delete(f"key IN ({_listed(keys[start : start + _AT_ONCE])})")
        return before - len(self)

    def clean(self, days=7):
        """Index what was added, and delete versions that are older than so many days."""
        self._table.optimize(cleanup_older_than=timedelta(days=days))

    def _condition(self, where):
        """Return filters as SQL; columns are ours, and every value is quoted."""
        check_dict("where", where, "{'Category': 'Boots'}")
        conditions = []
        for name, wanted in where.items():
            if name not in self.columns:
                names = ", ".join(map(str, self.columns)) or "none"
                raise KeyError(f"No column {name!r} to filter by. The index has: {names}.")
            values = wanted if pd.api.types.is_list_like(wanted) else [wanted]
            values = [str(value).strip() for value in values]
            column = f"c{self.columns.index(name)}"
            conditions.append(f"array_has_any({column}, [{_listed(values)}])")
        return " AND ".join(conditions)


def _connect(address, storage_options):
    lancedb = require("lancedb")
    try:
        return lancedb.connect(address, storage_options=storage_options)
    except (ValueError, OSError, RuntimeError) as error:
        raise ConnectionError(
            f"{address} cannot be opened. Is it spelt like this, may you read it (region, "
            "credentials, storage_options), and does the storage answer? It says: "
            f"{str(error)[:500]}"
        ) from error


def _batch(features, schema, about, catalogue):
    """Return features, and the catalogue's columns, as a RecordBatch; ValueError if unfit."""
    settings, width = features.attrs.get("extractor", {}), schema.field("features").type.list_size
    if settings != about["settings"]:
        raise ValueError(
            f"These features were made with other settings: {settings}, and those of the index "
            f"with {about['settings']}. Features of different settings cannot be compared."
        )
    values = features.to_numpy(np.float16)
    if values.shape[1] != width or not np.isfinite(values).all():
        raise ValueError(
            f"The index takes {width:,} finite numbers an item. Received: {values.shape[1]:,}, or "
            "NaN or infinity among them."
        )
    keys = features.index.tolist()
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)
    cells = []
    if about["columns"]:
        if catalogue is None or not features.index.isin(catalogue.keys).all():
            raise ValueError(
                "The index has columns to filter by: give the catalogue of these keys, "
                f"with the columns {', '.join(map(str, about['columns']))}."
            )
        table = catalogue.table.loc[keys]
        for name in about["columns"]:
            # A whole cell may be asked for, too.
            values = [
                sorted({*split_values(c), str(c)}) if pd.notna(c) else [] for c in table[name]
            ]
            cells.append(pa.array(values, pa.list_(pa.string())))
    return pa.RecordBatch.from_arrays([pa.array(keys, pa.string()), vectors, *cells], schema=schema)


def _values_of(cell):
    # A whole cell may be asked for, too.
    return sorted({*split_values(cell), str(cell)}) if pd.notna(cell) else []


def _values(table):
    vectors = table["features"].combine_chunks()
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)


def _listed(texts):
    """Return texts as SQL literals: in them, an apostrophe is the only sign with a meaning."""
    return ", ".join("'" + str(text).replace("'", "''") + "'" for text in texts)


def _unit(table):
    values = _values(table)
    return unit_vectors(values) if len(values) else values


def _blocks(features, catalogue):
    """Return features as an iterable of DataFrames."""
    if isinstance(features, pd.DataFrame):
        starts = range(0, len(features), _BLOCK)
        blocks = (features.iloc[start : start + _BLOCK] for start in starts)
    elif isinstance(features, (str, PathLike)):
        if catalogue is None:
            raise ValueError("A feature store needs the catalogue whose features are wanted.")
        blocks = each_found(open_store(features), catalogue)
    else:
        blocks = features
    return blocks


def _config(kinds, kind, n_items, n_features):
    if kind == "IVF_PQ":
        return kinds.IvfPq(
            distance_type="cosine",
            num_partitions=int(np.sqrt(n_items)),
            num_sub_vectors=max(1, n_features // 4),
        )
    # A graph finds its way in large groups.
    groups = max(1, n_items // 1_000_000)
    return kinds.HnswSq(distance_type="cosine", num_partitions=groups)
