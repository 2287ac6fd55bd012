"""Take vectors that another program made, such as CLIP's or DINO's, as features.

In: an array, a ``.npy`` file with its keys, or a Parquet file. Out: a DataFrame (n_items,
n_features) indexed by key, which goes wherever features go. The edge rule: what is not clearly one
vector an item is an error; with a catalogue, vectors that fit none of its items, or several, are
left out and counted.
"""

import warnings
from collections import Counter
from os import PathLike, fspath
from os.path import commonpath
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zapsim.checks import check_catalogue, check_frame, check_type, checked_values
from zapsim.io import parquet
from zapsim.io.formats import SUFFIXES
from zapsim.io.parquet import DamagedError
from zapsim.keys import clean_key

__all__ = ["load_vectors"]

# What people call the column that names the picture, and the one that holds its vector.
_NAMES = ("key", "filename", "file", "image", "imagepath", "path", "filepath", "id", "imageid")
_NAMES += ("articleid", "cid")
_VECTORS = ("features", "vector", "vectors", "embedding", "embeddings")


def load_vectors(source, keys=None, catalogue=None):
    """Read vectors that another program made, one an item, as features.

    Parameters
    ----------
    source : path or array-like of shape (n_items, n_features)
        A ``.npy`` file; a ``.parquet`` file with a column that names the item (``key``,
        ``file_name``, ``image``, ``path``, ``id`` …) and a column of lists, or of one number each;
        or an array. Numbers of any kind and width.
    keys : path or list of str, optional
        Whose they are, in the same order; a Parquet file says it itself. A ``.txt`` file has one a
        line, a ``.csv`` file a column named as above.
    catalogue : Catalogue, optional
        Its items are matched: by key, or by the path below the folder that all share; where no
        path matches, by file name, with or without suffix, or by its number. Only what is unique
        counts. A line says how.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_features), float32
        Indexed by key, in the order given, or with a catalogue in its order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there are no keys, or another number of them than of vectors; if a key occurs twice; if
        vectors differ in length, are no numbers, or hold NaN or infinity; if a file is damaged,
        would need pickle, or is of another kind; or if no vector belongs to an item of the
        catalogue.

    Warns
    -----
    UserWarning
        Of vectors that belong to no item, items without a vector, and vectors of zeros.

    Examples
    --------
    >>> import numpy as np, zapsim
    >>> values = np.array([[1, 0], [3, 4]])
    >>> zapsim.load_vectors(values, ["a.jpg", "b.jpg"])  # doctest: +NORMALIZE_WHITESPACE
             0    1
    key
    a.jpg  1.0  0.0
    b.jpg  3.0  4.0
    """
    if catalogue is not None:
        check_catalogue(catalogue)
    names, values = _read(source)
    if keys is not None:
        names = _read_keys(keys)
    if names is None:
        raise ValueError(
            f"These are {len(values):,} vectors, and nothing says whose they are. Give keys, in "
            "the same order: keys='keys.txt', with one a line, or a list."
        )
    if len(names) != len(values):
        raise ValueError(f"There are {len(values):,} vectors, but {len(names):,} keys.")
    index = pd.Index([_text(name) for name in names], dtype=object, name="key")
    features = pd.DataFrame(_numbers(values, index), index=index, copy=False)
    check_frame(features, "vectors")
    if catalogue is not None:
        features = _matched(features, catalogue)
    zeros = ~features.any(axis=1)
    if zeros.any():
        warnings.warn(
            f"{zeros.sum():,} of {len(features):,} vectors are zeros, such as that of "
            f"{features.index[zeros][0]!r}: they are similar to nothing.",
            stacklevel=2,
        )
    return features


def _read(source):
    """Return the keys, or None where they are not said, and the vectors."""
    if isinstance(source, pd.DataFrame):
        return _of_table(pa.Table.from_pandas(source), "the table")
    if not isinstance(source, (str, PathLike)):
        return None, np.asarray(source)
    path = _file(source)
    if path.suffix.lower() == ".npy":
        return None, _read_npy(path)
    if path.suffix.lower() == ".parquet":
        try:
            with parquet.reading(path):
                return _of_table(pq.read_table(path), path.name)
        except DamagedError as error:
            raise ValueError(f"{path} cannot be read as vectors: {error}") from error
    raise ValueError(
        f"Vectors are read from .npy and .parquet files. Received: {path.name}. With pandas or "
        "NumPy read it yourself, and give the array: load_vectors(array, keys=…)."
    )


def _file(source):
    path = Path(source).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder. A feature store is read by zapsim.load_features.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    return path


def _read_npy(path):
    try:
        # Mapped: an array in float16 is not first read as a whole, and then widened.
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as an array of numbers ({error}). If it holds objects, which "
            "need pickle, write it again: np.save(path, np.stack(vectors).astype('float32'))."
        ) from error


def _of_table(table, source):
    """Return keys and vectors of a table: one column of lists, or one column a number."""
    lists = [field.name for field in table.schema if _is_list(field.type)]
    chosen = _named(lists, _VECTORS) or (lists[0] if len(lists) == 1 else None)
    if lists and chosen is None:
        raise ValueError(
            f"{source} has several columns of lists, {', '.join(lists)}. Call the one that holds "
            "the vectors 'features', or keep it alone."
        )
    rest = table.drop_columns(lists).to_pandas()
    names, rest = _keys_of(rest, source)
    if lists:
        return names, _stacked(table[chosen], names)
    numbers = rest.select_dtypes("float")
    numbers = numbers if numbers.shape[1] else rest.select_dtypes("number")
    if not numbers.shape[1]:
        raise ValueError(f"{source} has no numbers. Its columns: {', '.join(map(str, rest))}.")
    left_out = rest.columns.difference(numbers.columns, sort=False)
    if len(left_out):
        print(f"No part of the vectors: {', '.join(map(str, left_out[:10]))}")
    return names, numbers.to_numpy(np.float32)


def _keys_of(frame, source):
    """Return what names the rows, a usual column or the index, and the other columns."""
    name = _named(frame.columns, _NAMES)
    if name is not None:
        return frame[name].tolist(), frame.drop(columns=name)
    # Those of a filtered table are no names either, and pictures are often called by numbers.
    if frame.index.name is None and pd.api.types.is_integer_dtype(frame.index):
        raise ValueError(
            f"{source} does not say whose the vectors are: it needs a column 'key', 'file_name', "
            "'path' or 'id', or an index that is called so and is more than row numbers. "
            f"Its columns: {', '.join(map(str, frame.columns[:10])) or 'none'}."
        )
    return frame.index.tolist(), frame


def _is_list(kind):
    return any(
        check(kind)
        for check in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )


def _stacked(column, names):
    """Return a column of lists as an array (n, width); ValueError if they differ in length."""
    lengths = pc.fill_null(pc.list_value_length(column), -1).to_numpy()
    usual = Counter(lengths.tolist()).most_common(1)[0][0] if len(lengths) else 0
    odd = np.flatnonzero(lengths != usual)
    if len(odd) or usual < 1:
        example = f", such as {names[odd[0]]!r} with {max(0, lengths[odd[0]])}" if len(odd) else ""
        raise ValueError(
            f"Vectors must be of one length. Most have {max(0, usual):,} numbers, "
            f"{len(odd):,} others have not{example}."
        )
    return pc.list_flatten(column).to_numpy().reshape(len(names), usual)


def _named(columns, usual):
    """Return the column that has the first of some usual names, or None."""
    plain = {str(name).lower().replace("_", "").replace(" ", ""): name for name in columns}
    return next((plain[name] for name in usual if name in plain), None)


def _read_keys(keys):
    if not isinstance(keys, (str, PathLike)):
        check_type(keys, (list, tuple, pd.Index, pd.Series, np.ndarray), "keys must be a list.")
        return list(keys)
    path = _file(keys)
    if path.suffix.lower() not in (".txt", ".csv"):
        raise ValueError(f"Keys are read from .txt and .csv files. Received: {path.name}")
    if path.suffix.lower() == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        name = _named(table.columns, _NAMES)
        if name is not None:
            return table[name].tolist()
        if table.shape[1] > 1:
            raise ValueError(
                f"{path.name} needs a column 'key', 'file_name', 'path' or 'id'. Received columns: "
                f"{', '.join(map(repr, table.columns[:10]))}"
            )
    return path.read_text(encoding="utf-8-sig").rstrip().splitlines()


def _text(name):
    if pd.api.types.is_scalar(name) and pd.isna(name):
        raise ValueError("A key is missing (NaN). Give one for each vector.")
    # pandas makes whole numbers with gaps into floats.
    whole = isinstance(name, (float, np.floating)) and float(name).is_integer()
    return fspath(name) if isinstance(name, PathLike) else str(int(name) if whole else name)


def _numbers(values, index):
    if values.dtype.kind not in "fiu" or values.ndim != 2:
        raise ValueError(
            f"Vectors must be numbers, of shape (n_items, n_features). Received: {values.dtype} of "
            f"shape {values.shape}."
        )
    # What float32 cannot hold becomes infinite, and is refused with what was before.
    with np.errstate(over="ignore"):
        values = np.asarray(values, np.float32)
    return checked_values(pd.DataFrame(values, index=index, copy=False))


def _matched(features, catalogue):
    """Return the vectors of a catalogue's items, in its order, under its keys."""
    names, keys = list(features.index), list(catalogue.keys)
    # Where paths match, the same file name in another folder is another picture's.
    for ways in (_BY_PATH, _BY_NAME):
        tried = ((way, _pairs(label(keys), label(names))) for way, label in ways.items())
        # Of equal ones, the strictest.
        way, found = max(tried, key=lambda tried: len(tried[1]))
        if found:
            break
    examples = f"The vectors' start with {names[0]!r}, the catalogue's with {keys[0]!r}."
    if not found:
        raise ValueError(
            f"None of the {len(names):,} vectors belongs to an item of the catalogue: no key, "
            f"path, or unique file name is the same. {examples} Were they made of other pictures?"
        )
    print(f"{len(found):,} of {len(names):,} vectors matched by {way}")
    if len(found) < len(names) or len(found) < len(keys):
        mine = next((name for row, name in enumerate(names) if row not in found.values()), None)
        theirs = next((key for row, key in enumerate(keys) if row not in found), None)
        warnings.warn(
            f"{len(names) - len(found):,} vectors belong to no item and are left out"
            f"{f', such as {mine!r}' if mine else ''}; {len(keys) - len(found):,} items have no "
            f"vector{f', such as {theirs!r}' if theirs else ''}.",
            stacklevel=3,
        )
    ours = sorted(found)
    index = pd.Index([keys[row] for row in ours], name="key")
    return features.iloc[[found[row] for row in ours]].set_axis(index)


def _pairs(ours, theirs):
    """Return a dict of positions of labels to those of the same labels elsewhere, if unique."""
    once = [
        {label: row for row, label in enumerate(labels) if label and count[label] == 1}
        for labels, count in ((labels, Counter(labels)) for labels in (ours, theirs))
    ]
    return {row: once[1][label] for label, row in once[0].items() if label in once[1]}


def _paths(names):
    return [clean_key(name) or name.replace("\\", "/") for name in names]


def _below(names):
    """Take off the folder that all share, such as ``/data/shop/images``."""
    paths = _paths(names)
    parents = {str(PurePosixPath(path).parent) for path in paths}
    try:
        top = commonpath(parents).replace("\\", "/")
    except ValueError:
        # Some are absolute, others not.
        return paths
    return [path.removeprefix(top).removeprefix("/") for path in paths]


def _files(names):
    return [path.rpartition("/")[2] for path in _paths(names)]


def _stems(names):
    files = _files(names)
    return [f.rpartition(".")[0] if f.lower().endswith(SUFFIXES) else f for f in files]


def _counts(names):
    return [stem.lstrip("0") if stem.isdigit() else "" for stem in _stems(names)]


_BY_PATH = {"key": _paths, "the path below the folder that all share": _below}
_BY_NAME = {
    "file name": _files,
    "file name without suffix": _stems,
    "the number in the file name": _counts,
}
