"""Take vectors that another program made, such as CLIP's or DINO's, as features.

In: an array, a ``.npy`` file with its keys, or a Parquet file. Out: a DataFrame (n_items,
n_features) indexed by key, which goes wherever features go. The edge rule: what is not clearly one
vector an item is an error; with a catalogue, vectors that fit none of its items, or several, are
left out and counted.
"""

import re
import warnings
from collections import Counter, defaultdict
from itertools import chain
from os import PathLike, fspath
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
from zapsim.io.parquet import DamagedError
from zapsim.keys import clean_key, quoted
from zapsim.metadata.delimited import NAMES
from zapsim.metadata.matching import LONGEST, match_columns
from zapsim.metadata.tables import Table

__all__ = ["load_vectors"]

# Without a catalogue nothing says whether a CID names the picture, so that it comes last.
_NAMES = tuple(dict.fromkeys(n.replace("_", "") for n in sorted(NAMES, key="cid".__eq__)))
# More than the largest maps of VGG16 at 224 pixels, flattened, have.
_MOST = 10_000_000
# A text file's, one a line.
_LINES = "Path('keys.txt').read_text().splitlines()"
_VECTORS = ("features", "vector", "vectors", "embedding", "embeddings")


def load_vectors(source, keys=None, catalogue=None):
    """Read vectors that another program made, one an item, as features.

    Parameters
    ----------
    source : path or array-like of shape (n_items, n_features)
        A ``.npy`` file; a ``.parquet`` file with a column that names the item (``key``,
        ``file_name``, ``image``, ``path``, ``id`` …) and a column of lists, called ``features``,
        ``vector`` or ``embedding`` unless it lies alone beside the names, or columns of one number
        each, which are numbered (``e0``, ``e1`` …); such a DataFrame; or an array. Numbers of any
        kind and width. A line says which columns are taken. They are copied.
    keys : list of str, optional
        Whose they are, in the same order; only where the source does not say it itself.
    catalogue : Catalogue, optional
        Its items are matched as `load_catalogue` matches the rows of metadata: by key, by the path
        below the folder that all share, by file name, with or without suffix, or by its number; of
        several columns, by the one that finds most, but not by numbers where another one names
        other files. Only what is unique counts. A line says how.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n_features), float32
        Indexed by key, in the order given, or with a catalogue in its order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there are no keys, another number of them than of vectors, or some for a table that says
        whose they are itself; if a key occurs twice, or two of them name one item; if vectors
        differ in length, are no numbers, have more than ten million each, or hold NaN or infinity;
        if a table has nothing that is a vector, or several that may be it; if a file is damaged,
        would need pickle, or is of another kind; or if no vector belongs to an item of the
        catalogue.
    MemoryError
        If there is no room for them.

    Warns
    -----
    UserWarning
        Of vectors that belong to no item, items without a vector, columns that name different
        items, and vectors of zeros.

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
        check_list("keys", keys, _LINES, empty=True)
        names = {"key": list(keys)}
    if not names:
        raise ValueError(
            f"These are {len(values):,} vectors, and nothing says whose they are. Give keys, in "
            f"the same order: a list, such as {_LINES}."
        )
    column, first = next(iter(names.items()))
    if len(first) != len(values):
        raise ValueError(f"There are {len(values):,} vectors, but {len(first):,} keys.")
    match = None
    if catalogue is not None:
        texts = {name: list(map(_text_or_none, cells)) for name, cells in names.items()}
        given = Table(pd.DataFrame(texts, dtype=object), "the keys")
        match = match_columns(given, pd.DataFrame(index=catalogue.keys), catalogue.root)
        column = match.column
    index = pd.Index([_text(name) for name in names[column]], dtype=object, name="key")
    features = pd.DataFrame(_numbers(values, index), index=index, copy=False)
    check_frame(features, "vectors")
    if match is not None:
        features = _matched(features, match, catalogue.keys)
    zeros = ~features.any(axis=1)
    if zeros.any():
        warnings.warn(
            f"{zeros.sum():,} of {len(features):,} vectors are zeros, such as that of "
            f"{features.index[zeros][0]!r}: they are similar to nothing.",
            stacklevel=2,
        )
    return features


def _read(source, known):
    """Return what may name them, a dict of lists, the likeliest first, and the vectors.

    If it is known already whose they are, a table need not say it.
    """
    if isinstance(source, pd.DataFrame):
        return _of_table(_arrow(source), "the table", known)
    if not isinstance(source, (str, PathLike)):
        return {}, _array(source)
    path = _file(source)
    if path.suffix.lower() == ".npy":
        return {}, _read_npy(path)
    if path.suffix.lower() == ".parquet":
        try:
            with parquet.opened(path, None) as file:
                table = file.read_plain()
                others = [name for name in file.schema.names if name not in table.column_names]
                return _of_table(table, path.name, known, others)
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


def _file(source):
    path = checked_path(source, "source")
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


def _of_table(table, source, known, others=()):
    """Return keys and vectors of a table: one column of lists, or one column a number.

    `others` are columns that are neither.
    """
    names = table.column_names
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{source} has several columns called {twice[0]!r}. Keep one of them.")
    lists = [field.name for field in table.schema if parquet.is_list(field.type)]
    rest = table.drop_columns(lists).to_pandas()
    names = _keys_of(rest, source, known, others)
    first = next(iter(names), None)
    rest = rest.drop(columns=[*names][:1], errors="ignore")
    chosen = _vector_columns(
        lists, rest[rest.columns.difference(names, sort=False)], [*rest, *others], source
    )
    print(f"Taken as the vector: {_listed(chosen)}")
    left_out = [name for name in (*lists, *rest, *others) if name not in chosen]
    if left_out:
        print(f"No part of the vectors: {_listed(left_out)}")
    if lists:
        return names, _stacked(table[chosen[0]], names.get(first, rest.index))
    return names, rest[chosen].to_numpy(np.float32, na_value=np.nan)


def _vector_columns(lists, frame, others, source):
    """Return the columns that are the vector: one of lists, or numbers that are numbered.

    `frame` has what may be numbers, `others` is all but the lists and what names the rows.
    ValueError where there are none, or several that may be it.
    """
    numbers, kinds = list(frame.select_dtypes("number", exclude="timedelta")), defaultdict(list)
    for name in numbers:
        if "#" in (stem := _stem(name)):
            kinds[stem].append(name)
    numbered = [names for names in kinds.values() if len(names) > 1]
    usual = [name for name in (*lists, *others) if _squeezed(name) in _VECTORS]
    if not lists and not usual:
        if len(numbered) == 1:
            return _in_order(numbered[0], others, source)
        raise ValueError(
            f"{source} does not say which numbers are the vector: {_listed(numbers) or 'none'}. "
            "Number its columns, and no others: e0, e1, e2."
        )
    # Of another name, it is taken only where nothing but names lies beside it.
    alone = all(_squeezed(name) in _NAMES for name in others)
    may_be = usual or lists
    if len(may_be) == 1 and may_be[0] in lists and not numbered and (usual or alone):
        return may_be
    may_be = list(dict.fromkeys([*usual, *lists, *chain.from_iterable(numbered)]))
    raise ValueError(
        f"{source} does not say which column is the vector: it may be {_listed(may_be)}. Call it "
        "'features', a list of numbers in each row, or number its columns (e0, e1, e2), and leave "
        "out the others that may be it."
    )


def _stem(name):
    # Some count first, or in brackets: 0_emb, emb[0].
    return re.sub(r"\d+", "#", str(name).replace("#", ""))


def _in_order(numbered, others, source):
    """Return columns by their numbers: a table may have them as texts are sorted, e1, e10, e2.

    ValueError if one is missing or twice, or is among the others, where no numbers are.
    """
    alike = [name for name in others if _stem(name) == _stem(numbered[0])]
    counts = np.array([re.findall(r"\d+", str(name)) for name in alike]).astype(float)
    counts = counts[:, np.ptp(counts, axis=0) > 0]
    # Where more than one number of a name differs, or none, none of them counts.
    numbers = counts[:, 0] if counts.shape[1] == 1 else np.zeros(len(alike))
    order = np.argsort(numbers)
    steps = np.diff(numbers[order])
    if numbers.min() > 1 or (steps != 1).any():
        wrong = "they do not count without gaps from 0 or 1"
    elif no_numbers := [name for name in alike if name not in numbered]:
        wrong = f"{_listed(no_numbers)} holds no numbers"
    else:
        return [alike[place] for place in order]
    raise ValueError(
        f"The numbered columns of {source} are not one vector: {wrong}. Received: "
        f"{_listed(alike)}. Number the vector's columns, all of them and no others: e0, e1, e2."
    )


def _listed(names):
    if len(names) > 10:
        return told(f"{names[0]}, {names[1]} … {names[-1]} ({len(names):,} columns)")
    return told(", ".join(map(str, names)))


def _keys_of(frame, source, known, others):
    """Return what may name the rows: usual columns, or else the index; nothing if it is known.

    ValueError if it is known and a table says it, too, or neither.
    """
    names = _usual(frame)
    # Those of a filtered table are no names either, and pictures are often called by numbers.
    numbered = frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    if not names and not numbered:
        names = {"the index": _cells(frame.index)}
    if names and known:
        raise ValueError(
            f"{source} says itself whose the vectors are, in {_listed(list(names))}. Leave out "
            "keys: in another order, vectors would go to others' items. Or give the vectors alone."
        )
    if not names and not known:
        raise ValueError(
            f"{source} does not say whose the vectors are: it needs a column 'key', 'file_name', "
            "'path' or 'id', of texts or whole numbers, or an index that is called so and is more "
            "than row numbers. Or give keys, in the same order: load_vectors(…, keys=…). "
            f"Its columns: {_listed([*frame.columns, *others]) or 'none'}."
        )
    return names


def _usual(frame):
    """Return the columns with a usual name, a dict of lists, the likeliest first.

    The index is one of them if it is called so, or has no name and holds texts.
    """
    given, index = {column: frame[column] for column in frame}, frame.index
    texts = index.categories if index.dtype == "category" else index
    unnamed = index.name is None and texts.inferred_type == "string"
    name = "key" if unnamed and "key" not in map(_squeezed, given) else index.name
    if name is not None:
        given = {name: index, **given}
    return {column: _cells(given[column]) for column in _named(given, _NAMES)}


def _cells(column):
    """Return a column, or an index, as a list."""
    column = pd.Series(column)
    if column.dtype != "category":
        return column.tolist()
    # As texts of Parquet are read: pandas would copy each of them for each row.
    return np.array([*column.cat.categories, np.nan], object)[column.cat.codes].tolist()


def _squeezed(column):
    return re.sub(r"[\s_-]", "", str(column)).lower()


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
    """Return a column of each usual name, in their order; ValueError if two have the first."""
    called = defaultdict(list)
    for column in columns:
        called[_squeezed(column)].append(column)
    found = [called[name] for name in usual if name in called]
    if found and len(found[0]) > 1:
        raise ValueError(f"Keep one of the columns {' and '.join(map(repr, found[0]))}.")
    return [columns[0] for columns in found]


def _text(name):
    if pd.api.types.is_scalar(name) and pd.isna(name):
        raise ValueError(f"A key is missing ({name}). Give one for each vector.")
    if isinstance(name, bytes) or not (pd.api.types.is_scalar(name) or isinstance(name, PathLike)):
        raise ValueError(f"A key must be text or a number. Received: {received(name)}")
    # pandas makes whole numbers with gaps into floats.
    whole = isinstance(name, (float, np.floating)) and float(name).is_integer()
    return fspath(name) if isinstance(name, PathLike) else str(int(name) if whole else name)


def _text_or_none(name):
    """Return what a column has as text; None where it cannot be a name, as in one of pictures."""
    try:
        text = _text(name)
    except ValueError:
        return None
    # Nothing longer is matched, but it may be a key in many folders called ".".
    return text if len(text) <= LONGEST else clean_key(text) or text


def _numbers(values, index):
    values = _array(values)
    if values.shape[1] > _MOST:
        raise ValueError(
            f"Vectors may have {_MOST:,} numbers each. Received: {values.shape[1]:,}. Are rows and "
            "columns exchanged?"
        )
    # A file may claim to be as large as it likes, and take no room on the disk.
    check_memory(
        4 * values.size,
        f"{len(values):,} vectors of {values.shape[1]:,} numbers each, as float32,",
        "Take fewer of them, or fewer numbers each.",
    )
    # What float32 cannot hold becomes infinite, and is refused with what was before.
    with np.errstate(over="ignore"):
        # A copy: what is mapped changes with its file, and an array with its owner.
        values = np.array(values, np.float32)
    return checked_values(pd.DataFrame(values, index=index, copy=False))


def _matched(features, match, keys):
    """Return the vectors of a catalogue's items, in its order, under its keys."""
    names, rows = features.index, match.rows
    examples = f"The vectors' start with {quoted(names[0])}, the catalogue's with {keys[0]!r}."
    if not rows:
        raise ValueError(
            f"None of the {len(names):,} vectors belongs to an item of the catalogue: no key, "
            f"path, or unique file name is the same. {examples} Were they made of other pictures?"
        )
    if match.repeated:
        # Without the spaces around it, as it is matched, it may look like the other one.
        again = next(iter(match.repeated))
        again = next((name for name in names if name != again == name.strip()), again)
        raise ValueError(
            f"Several vectors are of one item: {len(match.repeated):,} of the keys name one that "
            f"another key names, too, such as {quoted(again)}. Keep one each."
        )
    print(told(f"{len(rows):,} of {len(names):,} vectors matched by {match.way}"))
    if len(rows) < len(names) or len(rows) < len(keys):
        # What is ambiguous says more than what is unknown.
        unused = sorted(match.unused.items(), key=lambda each: " of several " not in each[1])
        unused += [("", "")] * bool(match.unnamed)
        mine = f", such as {quoted(unused[0][0])}" if unused else ""
        if match.n_unclear:
            mine += f" ({told(unused[0][1])})"
        theirs = next((key for key in keys if key not in rows), None)
        warnings.warn(
            f"{len(names) - len(rows):,} vectors belong to no item and are left out{mine}; "
            f"{len(keys) - len(rows):,} items have no vector"
            f"{f', such as {theirs!r}' if theirs is not None else ''}.",
            stacklevel=3,
        )
    if match.otherwise:
        value, why = next(iter(match.otherwise.items()))
        warnings.warn(
            f"Columns name different items for {len(match.otherwise):,} vectors, and "
            f"{told(match.column)} is taken. For example, {quoted(value)}: {told(why)}. If another "
            "one is right, keep it alone.",
            stacklevel=3,
        )
    found = [key for key in keys if key in rows]
    index = pd.Index(found, dtype=object, name="key")
    return features.iloc[[rows[key] for key in found]].set_axis(index)
