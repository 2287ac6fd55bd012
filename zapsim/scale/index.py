"""Search features in LanceDB: on a disk, or in object storage, more than memory holds.

In: features, and a catalogue's columns to filter by. Out: `FeatureIndex`, which finds the nearest
by an approximate index, and scores what it found exactly, as `zapsim.top_k` would. The edge rule:
what is not found by the approximate index is missed, never scored wrongly; rows that were added
since are searched, too.
"""

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from zapsim.catalogue import split_values
from zapsim.checks import check_dict, check_k, checked_vector
from zapsim.scale.extra import require
from zapsim.similarity import exact_scores, nearest, unit_vectors

__all__ = ["FeatureIndex", "build_index"]

_TABLE, _ABOUT = "features", b"zapsim"
# An approximate index finds its groups by looking at the vectors: of too few, there are none.
_FEWEST = 5_000
# A 10th of the nearest in a group's short code may be elsewhere in truth: look at more.
_REFINE = 10
_AT_ONCE = 500


def build_index(features, address, catalogue=None, *, kind="IVF_PQ", storage_options=None):
    """Put features into a new LanceDB table, and index it.

    What was there under this address before becomes an old version, see `FeatureIndex.clean`.

    Parameters
    ----------
    features : pandas.DataFrame, or iterable of those
        Features (n_items, n_features) indexed by key; several, made with the same settings and
        each with keys of its own, where not all fit into memory at once.
    address : path or str
        A folder, or ``s3://bucket/folder`` and the like.
    catalogue : Catalogue, optional
        Its columns can be filtered by. Items that it lacks are an error.
    kind : {"IVF_PQ", "IVF_HNSW_SQ"}
        PQ keeps a byte for 4 numbers, and reads 40 of about √n groups; HNSW keeps one for each, and
        is faster. Below 5,000 items no index is needed: all are compared.
    storage_options : dict of str to str, optional
        For object storage, as LanceDB takes them.

    Returns
    -------
    FeatureIndex
    """
    blocks = iter([features] if isinstance(features, pd.DataFrame) else features)
    first = next(blocks)
    columns = [] if catalogue is None else list(catalogue.table.columns)
    about = {"settings": first.attrs.get("extractor", {}), "columns": columns}
    types = [(f"c{n}", pa.list_(pa.string())) for n in range(len(columns))]
    vectors = pa.list_(pa.float16(), first.shape[1])
    schema = pa.schema(
        [("key", pa.string()), ("features", vectors), *types],
        metadata={_ABOUT: json.dumps(about)},
    )

    def batches():
        for block in (first, *blocks):
            yield _batch(block, schema, about, catalogue)

    database = _connect(address, storage_options)
    table = database.create_table(_TABLE, batches(), schema=schema, mode="overwrite")
    table.create_scalar_index("key", index_type="BTREE")
    for name, _ in types:
        table.create_scalar_index(name, index_type="LABEL_LIST")
    if len(table) >= _FEWEST:
        table.create_index(
            "cosine",
            vector_column_name="features",
            index_type=kind,
            num_partitions=_n_groups(kind, len(table)),
            num_sub_vectors=first.shape[1] // 4 if kind == "IVF_PQ" else None,
        )
    return FeatureIndex(address, storage_options)


class FeatureIndex:
    """A LanceDB table of features, made by `build_index`; ValueError if there is none.

    Attributes
    ----------
    settings : dict
        Those that the features were made with.
    columns : list of str
        What can be filtered by.
    """

    def __init__(self, address, storage_options=None):
        self.address = str(address)
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
        keys = self._table.search().select(["key"]).limit(len(self)).to_arrow()["key"]
        return pd.Index(sorted(keys.to_pylist()), name="key")

    def search(self, vector, k=10, where=None, effort=40):
        """Find the k nearest to a vector (n_features,).

        Parameters
        ----------
        vector : ndarray of shape (n_features,)
        k : int
        where : dict, optional
            Filters as in `SimilarityPredictor.similar`; applied before the search.
        effort : int
            So many groups of the index are read: more find more, and take longer.

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
        vector = checked_vector(vector, self.n_features)
        query = (
            self._table.search(vector, vector_column_name="features")
            .distance_type("cosine")
            .limit(k)
            .maximum_nprobes(0)
            .minimum_nprobes(effort)
            .refine_factor(_REFINE)
            .select(["key", "features", "_distance"])
        )
        if where is not None:
            query = query.where(self._condition(where), prefilter=True)
        found = query.to_arrow()
        keys = np.array(found["key"].to_pylist(), object)
        values = _values(found)
        order = np.argsort(keys)
        unit = unit_vectors(values[order]) if len(values) else values
        scores = exact_scores(unit_vectors([vector])[0], unit, np.arange(len(unit)))
        best = nearest(scores, k)
        return pd.DataFrame({"key": keys[order][best], "score": scores[best]})

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
            values = [wanted] if isinstance(wanted, str) else wanted
            column = f"c{self.columns.index(name)}"
            conditions.append(f"array_has_any({column}, [{_listed(values)}])")
        return " AND ".join(conditions)


def _connect(address, storage_options):
    # It counts and reports nothing; its own log warns of what we cannot change.
    return require("lancedb").connect(address, storage_options=storage_options)


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
            values = [sorted(split_values(cell)) for cell in table[name]]
            cells.append(pa.array(values, pa.list_(pa.string())))
    return pa.RecordBatch.from_arrays([pa.array(keys, pa.string()), vectors, *cells], schema=schema)


def _values(table):
    vectors = table["features"].combine_chunks()
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32)


def _listed(texts):
    """Return texts as SQL literals: in them, an apostrophe is the only sign with a meaning."""
    return ", ".join("'" + str(text).replace("'", "''") + "'" for text in texts)


def _n_groups(kind, n):
    # HNSW finds its way in large groups; PQ reads the whole of each.
    return max(1, n // 1_000_000) if "HNSW" in kind else int(np.sqrt(n))
