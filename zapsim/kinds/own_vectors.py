"""Take vectors that another program made, such as CLIP's or DINO's, as features.

In: an array, a ``.npy`` file with its keys, or a Parquet file. Out: a DataFrame (n_items,
n_features) indexed by key, which goes wherever features go. The edge rule: what is not clearly one
vector an item is an error; with a catalogue, vectors that fit none of its items, or several, are
left out and counted.
"""

import re
import warnings
from collections import Counter, defaultdict
from os import PathLike, fspath
from os.path import commonpath
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISREG

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from zapsim.checks import (
    check_catalogue,
    check_frame,
    check_list,
    check_memory,
    checked_path,
    checked_values,
    received,
    told,
)
from zapsim.io import parquet
from zapsim.io.disk import look
from zapsim.io.formats import SUFFIXES
from zapsim.io.parquet import DamagedError
from zapsim.keys import clean_key, quoted
from zapsim.metadata.delimited import decode
from zapsim.metadata.tables import check_bytes, read_table

__all__ = ["load_vectors"]

# What people call the column that names the picture, and the one that holds its vector.
_NAMES = ("key", "filename", "file", "image", "imagepath", "path", "filepath", "id", "imageid")
_NAMES += ("articleid", "cid")
# More than the largest maps of VGG16 at 224 pixels, flattened, have.
_MOST = 10_000_000
_VECTORS = ("features", "vector", "vectors", "embedding", "embeddings")


def load_vectors(source, keys=None, catalogue=None):
    """Read vectors that another program made, one an item, as features.

    Parameters
    ----------
    source : path or array-like of shape (n_items, n_features)
        A ``.npy`` file; a ``.parquet`` file with a column that names the item (``key``,
        ``file_name``, ``image``, ``path``, ``id`` …) and a column of lists, or columns of one
        number each; such a DataFrame; or an array. Numbers of any kind and width. Of columns, those
        that are numbered are taken (``e0``, ``e1`` …), else all in floating point, else all
        numbers; a line says which.
    keys : path or list of str, optional
        Whose they are, in the same order; a table may say it itself. A ``.txt`` file has one a
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
        vectors differ in length, are no numbers, have more than ten million each, or hold NaN or
        infinity; if a table has other numbers that may be meant, such as a price; if a file is
        damaged, would need pickle, or is of another kind; or if no vector belongs to an item of
        the catalogue.
    MemoryError
        If there is no room for them.

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
    names, values = _read(source, keys is not None)
    if keys is not None:
        names = _read_keys(keys)
    if names is None:
        raise ValueError(
            f"These are {len(values):,} vectors, and nothing says whose they are. Give keys, in "
            "the same order: keys='keys.txt', with one a line, or a list."
        )
    if len(names) != len(values):
        raise ValueError(
            f"There are {len(values):,} vectors, but {len(names):,} keys."
            f"{_header_hint(keys, names) if len(names) == len(values) + 1 else ''}"
        )
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


def _read(source, known):
    """Return the keys, or None where they are not said, and the vectors.

    If it is known already whose they are, a table need not say it.
    """
    if isinstance(source, pd.DataFrame):
        return _of_table(_arrow(source), "the table", known)
    if not isinstance(source, (str, PathLike)):
        return None, _array(source)
    path = _file(source, "source")
    if path.suffix.lower() == ".npy":
        return None, _read_npy(path)
    if path.suffix.lower() == ".parquet":
        try:
            with parquet.opened(path) as file:
                return _of_table(file.read_all(), path.name, known)
        # What pandas noted in the file may be anything.
        except (DamagedError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{path} cannot be read as vectors: {error}") from error
    raise ValueError(
        f"Vectors are read from .npy and .parquet files. Received: {path.name}. With pandas or "
        "NumPy read it yourself, and give the array: load_vectors(array, keys=…)."
    )


def _arrow(frame):
    try:
        return pa.Table.from_pandas(frame)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise ValueError(
            f"The table cannot be read as vectors: {'; '.join(map(str, error.args))}. Each column "
            "must hold one kind of values: keys as texts, and lists of numbers, or numbers. "
            "Leave out the others: frame[['key', 'features']]."
        ) from error


def _array(source):
    """Return an array of shape (n_items, n_features), or raise ValueError."""
    try:
        values = np.asarray(source)
        masked = np.ma.is_masked(source)
    # Ragged lists, and tensors that lie on a GPU, each in its own words.
    except Exception as error:
        raise ValueError(f"Vectors must be numbers in rows of one length: {error}") from error
    if values.dtype.kind not in "fiu" or values.ndim != 2 or masked:
        kind = "" if isinstance(source, np.ndarray) else f"{type(source).__name__}, which is "
        hint = " Of a sparse matrix, give matrix.toarray()." if hasattr(source, "toarray") else ""
        raise ValueError(
            "Vectors must be numbers, of shape (n_items, n_features), none of them masked. "
            f"Received: {kind}{values.dtype} of shape {values.shape}.{hint}"
        )
    return values


def _file(source, name):
    path = checked_path(source, name)
    state = look(path)
    if state is None:
        raise FileNotFoundError(f"There is no file {path}.")
    if S_ISDIR(state.st_mode):
        raise ValueError(f"{path} is a folder. A feature store is read by zapsim.load_features.")
    if not S_ISREG(state.st_mode):
        raise ValueError(f"{path} is no file, but a pipe or device. Give a file.")
    return path


def _read_npy(path):
    try:
        # Mapped: an array in float16 is not first read as a whole, and then widened.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(values, np.ndarray):
            raise ValueError("it is an .npz of several arrays")
        return values
    # NumPy's reader of headers, and the one of zips, raise many kinds of errors.
    except (MemoryError, FileNotFoundError):
        raise
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as an array of numbers ({error}). If it holds objects, which "
            "need pickle, write it again: np.save(path, np.stack(vectors).astype('float32'))."
        ) from error


def _of_table(table, source, known):
    """Return keys and vectors of a table: one column of lists, or one column a number."""
    names = table.column_names
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{source} has several columns called {twice[0]!r}. Keep one of them.")
    lists = [field.name for field in table.schema if _is_list(field.type)]
    chosen = _named(lists, _VECTORS) or (lists[0] if len(lists) == 1 else None)
    if lists and chosen is None:
        raise ValueError(
            f"{source} has several columns of lists, {_listed(lists)}. Call the one that holds "
            "the vectors 'features', or keep it alone."
        )
    rest = table.drop_columns(lists).to_pandas()
    names, rest = _keys_of(rest, source, known)
    if lists:
        return names, _stacked(table[chosen], names)
    columns = _vector_columns(rest, source)
    print(f"Taken as the vector: {_listed(columns)}")
    left_out = rest.columns.difference(columns, sort=False)
    if len(left_out):
        print(f"No part of the vectors: {_listed(left_out)}")
    return names, rest[columns].to_numpy(np.float32, na_value=np.nan)


def _vector_columns(frame, source):
    """Return the columns that are the vector: those that are numbered, such as e0, e1, e2.

    Where none are, all in floating point, or else all numbers. ValueError where others may be
    meant.
    """
    numbers = list(frame.select_dtypes("number", exclude="timedelta"))
    if not numbers:
        raise ValueError(f"{source} has no numbers. Its columns: {_listed(frame.columns)}.")
    floats = [name for name in numbers if pd.api.types.is_float_dtype(frame[name])]
    # Some count first, or in brackets: 0_emb, emb[0].
    stems = {name: re.sub(r"\d+", "", str(name)) for name in numbers}
    sizes = Counter(stem for name, stem in stems.items() if stem != str(name))
    numbered = [name for name in numbers if sizes[stems[name]] > 1]
    chosen = numbered or floats or numbers
    # A whole number beside vectors in floating point is a label, or a count.
    others = set(floats if set(chosen) <= set(floats) else numbers) - set(chosen)
    alone = len(chosen) == 1 < len(numbers)
    if others or alone or len({stems[name] for name in numbered}) > 1:
        raise ValueError(
            f"{source} does not say which numbers are the vector: {_listed(numbers)}. Keep its "
            "columns and the keys alone, or number them: e0, e1, e2."
        )
    return chosen


def _listed(names):
    if len(names) > 10:
        return told(f"{names[0]}, {names[1]} … {names[-1]} ({len(names):,} columns)")
    return told(", ".join(map(str, names)))


def _keys_of(frame, source, known):
    """Return what names the rows, a usual column or the index, and the other columns."""
    name = _named(frame.columns, _NAMES)
    if name is not None:
        return frame[name].tolist(), frame.drop(columns=name)
    # Those of a filtered table are no names either, and pictures are often called by numbers.
    numbered = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    if numbered and not known:
        raise ValueError(
            f"{source} does not say whose the vectors are: it needs a column 'key', 'file_name', "
            "'path' or 'id', or an index that is called so and is more than row numbers. Or give "
            "keys, in the same order: load_vectors(…, keys=…). "
            f"Its columns: {_listed(frame.columns) or 'none'}."
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
    """Return the column that has the first of some usual names, or None; ValueError if two have."""
    plain = defaultdict(list)
    for name in columns:
        plain[str(name).lower().replace("_", "").replace(" ", "")].append(name)
    found = next((plain[name] for name in usual if name in plain), [None])
    if len(found) > 1:
        raise ValueError(f"Keep one of the columns {' and '.join(map(repr, found))}.")
    return found[0]


def _read_keys(keys):
    if not isinstance(keys, (str, PathLike)):
        check_list("keys", keys, "['100627.72.jpg', '100627.73.jpg']", empty=True)
        return list(keys)
    path = _file(keys, "keys")
    if path.suffix.lower() not in (".txt", ".csv"):
        raise ValueError(f"Keys are read from .txt and .csv files. Received: {path.name}")
    check_bytes(path.name, path.stat().st_size)
    data = path.read_bytes()
    if path.suffix.lower() == ".csv":
        table = read_table(data, path.name)
        columns = table.frame.columns
        name = _named(columns, _NAMES)
        # Where a line is left out, the keys below it would be other vectors'.
        if table.problems and (name is not None or len(columns) > 1):
            raise ValueError(f"{path.name} cannot be read as keys: {' '.join(table.problems)}")
        if name is not None:
            return table.frame[name].tolist()
        if len(columns) > 1:
            raise ValueError(
                f"{path.name} needs a column 'key', 'file_name', 'path' or 'id'. Received columns: "
                f"{', '.join(map(repr, columns[:10]))}"
            )
    lines, _, problems = decode(data, path.name)
    if problems:
        raise ValueError(f"{path.name} cannot be read as keys: {' '.join(problems)}")
    keys = [line.rstrip("\r\n") for line in lines]
    while keys and not keys[-1]:
        keys.pop()
    return keys


def _header_hint(keys, names):
    """Say what to do if the first of a file's lines is no key, which nobody can know for sure."""
    if not isinstance(keys, (str, PathLike)):
        return ""
    first, name = quoted(names[0]), Path(keys).name
    do = "call it 'key'" if name.lower().endswith(".csv") else "delete that line"
    return f" {name} begins with {first}: if that is a header and no key, {do}."


def _text(name):
    if pd.api.types.is_scalar(name) and pd.isna(name):
        raise ValueError(f"A key is missing ({name}). Give one for each vector.")
    if isinstance(name, bytes) or not (pd.api.types.is_scalar(name) or isinstance(name, PathLike)):
        raise ValueError(f"A key must be text or a number. Received: {received(name)}")
    # pandas makes whole numbers with gaps into floats.
    whole = isinstance(name, (float, np.floating)) and float(name).is_integer()
    return fspath(name) if isinstance(name, PathLike) else str(int(name) if whole else name)


def _numbers(values, index):
    values = _array(values)
    if values.shape[1] > _MOST:
        raise ValueError(
            f"Vectors may have {_MOST:,} numbers each. Received: {values.shape[1]:,}. Are rows and "
            "columns exchanged?"
        )
    # A file may claim to be as large as it likes, and take no room on the disk. What is float32
    # already is not copied here, but by whatever compares vectors.
    check_memory(
        4 * values.size,
        f"{len(values):,} vectors of {values.shape[1]:,} numbers each, as float32,",
        "Take fewer of them, or fewer numbers each.",
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
    examples = f"The vectors' start with {quoted(names[0])}, the catalogue's with {keys[0]!r}."
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
            f"{f', such as {quoted(mine)}' if mine is not None else ''}; "
            f"{len(keys) - len(found):,} items have no vector"
            f"{f', such as {theirs!r}' if theirs is not None else ''}.",
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
