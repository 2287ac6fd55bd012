"""Check what is given to zapsim, in one place: numbers, choices, features, values by item, memory.

In: what a user gave. Out: the same in the form that the inside takes, or an error that says what
was wrong, what was received and what to do. The edge rule: a Series is taken by key, all else in
the order it has; a Series whose index only counts, 0, 1, 2, …, says no keys, unless the keys are
numbers, too. A function named ``check_…`` only raises, one named ``checked_…`` also returns.
"""

import re
from contextlib import suppress
from difflib import get_close_matches
from os import PathLike, fsencode, fspath
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from PIL import Image

from zapsim.keys import by_keys, composed_cells, quoted, respelt

__all__ = [
    "ToldError",
    "brief",
    "by_key",
    "check_catalogue",
    "check_choice",
    "check_dict",
    "check_features",
    "check_flag",
    "check_frame",
    "check_key",
    "check_list",
    "check_memory",
    "check_neighbours",
    "check_picture",
    "check_predictor",
    "check_query",
    "check_table",
    "check_type",
    "checked_names",
    "checked_number",
    "checked_order",
    "checked_pairs",
    "checked_path",
    "checked_seed",
    "checked_spelling",
    "checked_values",
    "checked_vector",
    "checked_whole",
    "groups_of",
    "is_matrix",
    "is_picture",
    "is_whole",
    "item_values",
    "printable",
    "received",
    "told",
]

_PICTURES = (str, PathLike, bytes, bytearray, memoryview, np.ndarray, Image.Image)
_PICTURE = "a path, bytes, a Pillow image or an array"
# Below this, float32 rounds by more than a ten-thousandth.
_SMALLEST = 1e-41
# Of a message, and of what somebody else says in it, in characters.
_LONGEST, _SAID = 2_000, 300
# So many neighbours are sorted together.
_AT_ONCE = 2**22
# What a terminal obeys, what turns the direction of all that follows, and halves of letters.
_ORDERS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def is_whole(value):
    """Tell whether a value is a whole number; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def checked_whole(name, value, least=1, most=2**31 - 1):
    """Return a whole number, from `least` to `most`, as int; ValueError for anything else.

    Reckoned with as it is, one of NumPy's may be too small for what comes out.
    """
    whole = int(value) if is_whole(value) else None
    if whole is None or not least <= whole <= most:
        large = whole is not None and whole > most
        wanted = f"at most {most:,}" if large else f"at least {least}"
        raise ValueError(
            f"{name} must be a whole number of {wanted}. Received: {name}={received(value)}"
        )
    return whole


def checked_pairs(pairs):
    """Return the pairs of a JSON object as a dict; ValueError if two have one name.

    For ``json.loads(…, object_pairs_hook=checked_pairs)``, which would take the last of them.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def checked_seed(seed):
    """Return a seed as int, such as NumPy and scikit-learn take."""
    return checked_whole("seed", seed, 0, 2**32 - 1)


def checked_number(name, value, low, high=np.inf, ends="[]"):
    """Return a number from low to high as float; ValueError for anything else, NaN and infinity.

    With "(" in `ends`, low itself is refused; with ")", high is. True and False are no numbers.
    """
    real = is_whole(value) or isinstance(value, (float, np.floating))
    above, below = "(" in ends, ")" in ends
    fits = real and abs(value) < np.inf and low <= value <= high
    if not fits or (above and value == low) or (below and value == high):
        wanted = f"above {low:g}" if above else f"of at least {low:g}"
        if high < np.inf:
            end = f"{'below' if below else 'at most'} {high:g}"
            wanted = f"{wanted} and {end}" if above or below else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be a number {wanted}. Received: {name}={received(value)}")
    return float(value)


def check_choice(name, value, choices, error=ValueError):
    """Raise an error, which offers the closest, unless a value is one of the choices."""
    # In a set, nothing is compared with what cannot be, such as pandas' NA.
    if not pd.api.types.is_hashable(value) or value not in set(choices):
        names = list(map(str, choices))
        close = get_close_matches(str(value), names, n=1)
        more = f" … ({len(names):,} in all)" if len(names) > 30 else ""
        raise error(
            f"{name} must be one of {', '.join(names[:30])}{more}. Received: {received(value)}."
            + (f" Did you mean {close[0]!r}?" if close else "")
        )


def received(value):
    """Return a value as it is written, or, where that is long or fails, only its type's name."""
    # A whole number of thousands of digits cannot be written, and any class may raise.
    with suppress(Exception):
        said = printable(repr(value))
        if len(said) <= 80 and "\n" not in said and said[0] != "<":
            return said
    return type(value).__name__


def printable(text):
    r"""Return a text as a terminal can print it: what is no letter is written as in Python.

    Examples
    --------
    >>> print(printable("red \x1b[31m shoe"))
    red \x1b[31m shoe
    """
    return _ORDERS.sub(lambda found: ascii(found[0])[1:-1], text)


def told(message, longest=_LONGEST):
    """Return a message as `printable` does, without its middle where it has over `longest` letters.

    Names, settings and what is read of a file may be anybody's, and of any length.
    """
    message = printable(str(message))
    half = longest // 2
    return message if len(message) <= longest else f"{message[:half]} … {message[-half:]}"


def brief(said):
    """Return what somebody else said, such as a server or another library, for a message."""
    return told(said, _SAID)


class ToldError(Exception):
    """An error whose message is `told`."""

    def __init__(self, message):
        super().__init__(told(message))


def check_type(value, kinds, wanted):
    """Raise TypeError unless a value is of one of the kinds; `wanted` begins the message."""
    if not isinstance(value, kinds):
        raise TypeError(f"{wanted} Received: {received(value)}")


def checked_path(path, name="path", of="a file or folder"):
    """Return a path that somebody gave, a text or of pathlib, as pathlib.Path; "~" is their home.

    TypeError if it is none, ValueError if no system can open it.
    """
    wanted = f"{name} must be the path of {of}."
    check_type(path, (str, PathLike), wanted)
    text = fspath(path)
    check_type(text, str, wanted)
    if not text.strip():
        raise ValueError(f"{wanted} Received: an empty text. '.' is the current folder.")
    try:
        if b"\0" in fsencode(text):
            raise ValueError(r"Backslashes of a Windows path were lost: write r'C:\…'")
        return Path(text).expanduser()
    # Half a letter; or a user without a home.
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{wanted} Received: {received(path)} ({error})") from error


def _is_in_order(values):
    """Return whether values are many, and each has a place: no single one, no dict, no set."""
    return pd.api.types.is_list_like(values) and not isinstance(values, (dict, set, frozenset))


def check_list(name, values, example, empty=False):
    """Raise TypeError if values are no list, such as a single string; ValueError if it is empty.

    A set is none: it has another order each time. An `empty` one may be given where it means
    something.
    """
    if not _is_in_order(values):
        raise TypeError(f"{name} must be a list, such as {example}. Received: {received(values)}")
    if not empty and not len(values):
        raise ValueError(f"{name} must not be empty. Give some, such as {example}.")


def check_dict(name, values, example):
    """Raise TypeError unless values are a dict."""
    check_type(values, dict, f"{name} must be a dict, such as {example}.")


def check_table(name, table, columns, source):
    """Raise unless it is a DataFrame (TypeError) with these columns (ValueError).

    `source` is what returns such a table; for the message.
    """
    check_type(table, pd.DataFrame, f"{name} must be a table as {source} returns.")
    if not set(columns) <= set(table.columns):
        raise ValueError(
            f"{name} must have the columns {', '.join(columns)}, as {source} returns. "
            f"Received: {', '.join(map(str, table.columns[:10])) or 'none'}"
        )


def check_flag(value, name):
    """Raise TypeError unless a value is True or False: a text such as "no" would count as True."""
    check_type(value, (bool, np.bool_), f"{name} must be True or False.")


def check_key(key, name="key"):
    """Raise TypeError unless a key is a text; whether there is such an item is not checked."""
    check_type(
        key, str, f"{name} must be the key of one item, such as 'Boots/Ankle/UGG/7001.1.jpg'."
    )


def check_picture(picture, name="picture", wanted=_PICTURE):
    """Raise TypeError unless it is of a kind that `zapsim.load_picture` reads, open files, too."""
    if not hasattr(picture, "read"):
        check_type(picture, _PICTURES, f"{name} must be {wanted}.")


def check_query(query, name="query"):
    """Raise TypeError unless it is a key or a picture."""
    check_picture(query, name, f"the key of one item, or a picture: {_PICTURE}")


def _check_has(value, what, wanted):
    """Raise TypeError unless a value has an attribute: its class stands on this module."""
    if not hasattr(value, what):
        raise TypeError(f"{wanted} Received: {received(value)}")


def check_catalogue(catalogue):
    """Raise TypeError unless it is a `Catalogue`."""
    wanted = "catalogue must be a Catalogue, as zapsim.load_catalogue returns."
    _check_has(catalogue, "picture_or_none", wanted)


def check_predictor(predictor):
    """Raise TypeError unless it is a `SimilarityPredictor`."""
    wanted = "predictor must be a zapsim.SimilarityPredictor(catalogue, features)."
    _check_has(predictor, "similar", wanted)


def check_neighbours(neighbours, name="neighbours"):
    """Raise unless they are `Neighbours` (TypeError) that point at their own keys (ValueError).

    And if an item is its own neighbour, or another's twice: found so, it would count as right.
    """
    wanted = f"{name} must be Neighbours, as zapsim.top_k returns."
    parts = {"indices": np.ndarray, "scores": np.ndarray, "keys": pd.Index}
    for part, kind in parts.items():
        _check_has(neighbours, part, wanted)
        check_type(getattr(neighbours, part), kind, f"{wanted} Its {part} are no {kind.__name__}.")
    keys, indices = neighbours.keys, neighbours.indices
    whole = (
        indices.dtype.kind in "iu"
        and indices.ndim == 2
        and len(indices) == len(keys)
        and (indices >= -1).all()
        and (indices < len(keys)).all()
    )
    if not whole:
        raise ValueError(
            f"{wanted} Its indices, {indices.dtype} of shape {indices.shape}, do not point at its "
            f"{len(keys):,} keys. A part of the items has other positions: find theirs anew."
        )
    if not keys.is_unique:
        twice = quoted(keys[keys.duplicated()][0])
        raise ValueError(f"{wanted} Its keys hold {twice} more than once.")
    _check_others(keys, indices, wanted)


def _check_others(keys, indices, wanted):
    """Raise ValueError unless each row holds other items than its own, each once."""
    own = np.flatnonzero((indices == np.arange(len(indices))[:, None]).any(axis=1))
    if len(own):
        raise ValueError(
            f"{wanted} {len(own):,} items are among their own neighbours, such as "
            f"{quoted(keys[own[0]])}. scikit-learn and faiss find each item itself, too, mostly "
            "first: seek one more, and take the item itself out of its row."
        )
    # Sorted, what is there twice stands side by side; all rows together would be a second copy.
    step = max(1, _AT_ONCE // max(1, indices.shape[1]))
    for start in range(0, len(indices), step):
        found = np.sort(indices[start : start + step], axis=1)
        again = np.argwhere((found[:, 1:] == found[:, :-1]) & (found[:, 1:] >= 0))
        if len(again):
            row, place = again[0]
            raise ValueError(
                f"{wanted} Among those of {quoted(keys[start + row])}, "
                f"{quoted(keys[found[row, place]])} comes more than once. Keep one of each, and -1 "
                "where no more exist."
            )


def check_memory(n_bytes, what, instead):
    """Raise MemoryError unless there is room for so many bytes and a quarter more.

    The message begins with `what` needs them and ends with what to do `instead`.
    """
    free = psutil.virtual_memory().available
    if n_bytes > 0.8 * free:
        raise MemoryError(
            f"{what} is {n_bytes / 1e9:.1f} GB; {free / 1e9:.1f} GB of memory are free. {instead}"
        )


def check_frame(features, name="features"):
    """Raise unless features are a DataFrame (TypeError) with a key for each row (ValueError).

    And if their columns have several levels, which are no names.
    """
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas.DataFrame indexed by key, as VGG16Extractor.extract returns. "
            f"Received: {type(features).__name__}. Read a store's folder by "
            "zapsim.load_features(store)."
        )
    if isinstance(features.index, pd.MultiIndex):
        raise ValueError(
            f"{name} must have one key a row. Received: an index of {features.index.nlevels} "
            "levels. Take the one that holds the keys: features.droplevel(0)."
        )
    if isinstance(features.columns, pd.MultiIndex):
        raise ValueError(
            f"{name} must have one name a column. Received: columns of {features.columns.nlevels} "
            "levels. Take the one that names them: features.droplevel(0, axis=1)."
        )
    if not features.index.is_unique:
        twice = features.index[features.index.duplicated()][0]
        raise ValueError(
            f"{name} hold a key more than once, such as {quoted(twice)}. Keep one row of each: "
            "features[~features.index.duplicated()]."
        )


def checked_spelling(features, keys, name="features"):
    """Return features with their keys spelt as the known ones; ValueError if one comes twice."""
    index = respelt(features.index, keys)
    if index is features.index:
        return features
    features = features.set_axis(index)
    check_frame(features, name)
    return features


def is_matrix(features):
    """Tell whether a DataFrame is a similarity matrix, or some rows or columns of one.

    That is if all names of its shorter axis are on the other, too. Whole numbers are no keys:
    features are often numbered in both directions. Written as texts, they are keys of a square
    table only.
    """
    keys, columns = features.index, features.columns
    shared = columns.isin(keys).sum()
    if not 0 < shared == min(len(keys), len(columns)) or columns.inferred_type == "integer":
        return False
    return len(keys) == len(columns) or not all(str(name).isdigit() for name in columns)


def check_features(features, name="features"):
    """Raise as `check_frame` does, and ValueError if they are a similarity matrix."""
    check_frame(features, name)
    if is_matrix(features):
        raise ValueError(
            f"{name} must be features. Received: a similarity matrix of {len(features):,} items, "
            "with keys for columns. Give the features that it was computed from. Only "
            "zapsim.SimilarityPredictor(catalogue, matrix) takes the matrix itself."
        )


def checked_values(features, name="features"):
    """Return features as an array (n_items, n_features), float32; ValueError if unfit.

    That is if they are no numbers, are not two-dimensional, are empty, or hold NaN or infinity;
    the first items that do are named. Errors call the features by `name`.
    """
    try:
        # What is masked would count, and of complex numbers half would be lost.
        masked = isinstance(features, np.ma.MaskedArray) and np.ma.is_masked(features)
        if masked or np.iscomplexobj(features):
            raise ValueError("some are masked, or complex")
        # What float32 cannot hold becomes infinite.
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(features, dtype=np.float32)
    except (TypeError, ValueError) as error:
        # pandas' and Arrow's own missing values are no NaN.
        if isinstance(features, pd.DataFrame):
            _check_rows(~features.isna().any(axis=1).to_numpy(), features, name)
        raise ValueError(f"{name} must be numbers in rows of one length: {error}.") from error
    if values.ndim != 2 or not values.size:
        raise ValueError(
            f"{name} must have shape (n_items, n_features), neither of them 0. "
            f"Received: {values.shape}"
        )
    # A sum is finite only if every summand is, and costs no copy of the array.
    sums = values.sum(axis=1, dtype=np.float64)
    _check_rows(np.isfinite(sums), features, name)
    _check_kept(features, values, sums)
    return values


def _check_rows(good, features, name):
    """Raise ValueError, which names the first bad rows, unless all are good, (n_items,)."""
    if good.all():
        return
    bad = np.flatnonzero(~good)
    names = features.index[bad] if isinstance(features, pd.DataFrame) else bad
    raise ValueError(
        f"{len(bad):,} of {len(good):,} rows of {name} hold NaN or infinity, or numbers above "
        f"3e38, too large for float32. The first: {list(names[:3])!r}. Drop them or extract them "
        "again."
    )


def _check_kept(given, values, sums):
    """Raise ValueError where numbers that are not 0 became so, or lost digits, as float32."""
    small = np.flatnonzero(np.abs(sums) < _SMALLEST * values.shape[1])
    # Most of those are zeros, or cancel each other out.
    small = small[np.abs(values[small]).max(axis=1, initial=0) < _SMALLEST]
    if len(small) and np.asarray(given)[small].astype(np.float64).any():
        raise ValueError(
            f"The numbers of up to {len(small):,} of {len(values):,} vectors are too small for "
            "float32. Only directions count, so multiply them all by the same large number."
        )


def checked_names(columns):
    """Return the names of the features' columns as a list that JSON keeps; ValueError if unfit."""
    names = pd.Index(columns).tolist()
    # Others, such as dates, come back from JSON as something else.
    if not any(set(map(type, names)) <= {kind} for kind in (int, str)):
        raise ValueError(
            "Columns are kept that are all named by texts, or all by whole numbers. Name those of "
            "the features by text: features.columns = features.columns.map(str). "
            f"Received: {received(columns)}"
        )
    return names


def checked_order(values, names):
    """Return a Series, or a DataFrame's columns, in the order of the features' names.

    What has none of these names (pandas.Index), or another number of them, stays as it is.
    ValueError if it has some of them only.
    """
    theirs = values.axes[-1] if isinstance(values, (pd.Series, pd.DataFrame)) else names
    unlike = len(theirs) != len(names) or not names.is_unique or not theirs.isin(names).any()
    if unlike or theirs.equals(names):
        return values
    missing = names[~names.isin(theirs)]
    if len(missing):
        raise ValueError(
            f"{len(missing):,} of {len(names):,} features are not among the names that the numbers "
            f"have, such as {missing[0]!r}. If they are in the right order, give them without "
            "names: .to_numpy()."
        )
    return values.reindex(names, axis=values.ndim - 1)


def checked_vector(vector, names):
    """Return one vector as an array (n_features,), float32.

    It is an array, a list of numbers, a Series, or what NumPy can make an array of, such as a
    tensor of PyTorch; a Series is taken by the features' names (pandas.Index). TypeError if it is
    none of those, ValueError if it has another shape, is masked, or holds NaN or infinity.
    """
    vector, n_features = checked_order(vector, names), len(names)
    if np.ma.is_masked(vector):
        raise ValueError("Some numbers of the query are masked. Fill them: vector.filled(0).")
    try:
        values = np.asarray(vector)
        numbers = values.dtype.kind in "fiu"
    # A tensor on a GPU, or with a gradient, refuses in its own words, by various errors.
    except Exception as error:
        raise TypeError(
            f"The query cannot be read as a vector of numbers ({error}). Of a tensor, give "
            "tensor.detach().cpu().numpy()."
        ) from error
    if not numbers:
        raise TypeError(
            f"The query must be a picture, or a vector of {n_features:,} numbers. "
            f"Received: {received(vector)}"
        )
    if values.ndim != 1:
        one = " Give one of its rows: vectors[0]." if values.ndim == 2 and len(values) else ""
        raise ValueError(
            f"A query is one vector, of shape ({n_features},). Received: shape {values.shape}.{one}"
        )
    if len(values) != n_features:
        raise ValueError(
            f"The query has {len(values):,} features, the catalogue's items have {n_features:,}. "
            "Make it with what made theirs: the same extractor or model."
        )
    given, values = values, values.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(
            f"The query holds NaN or infinity in {(~np.isfinite(values)).sum():,} of its "
            f"{n_features:,} numbers. One above 3e38 is infinite as float32."
        )
    _check_kept(given[None], values[None], values[None].sum(axis=1, dtype=np.float64))
    return values


def is_picture(query):
    """Tell whether a query is a picture, and not a vector.

    An array is a picture where it is of 8 bits, or has colours: three dimensions.
    """
    if isinstance(query, np.ndarray):
        return query.ndim == 3 or (query.ndim == 2 and query.dtype == np.uint8)
    return isinstance(query, _PICTURES) or hasattr(query, "read")


def by_key(values, keys):
    """Tell whether values say whose they are: a Series or table whose index does not only count.

    One of 0, 1, 2, …, without a name, counts, unless the items' keys are whole numbers, too. In
    another order, or with gaps, as sorting and filtering leave it, it says which row was whose.
    """
    if not isinstance(values, (pd.Series, pd.DataFrame)):
        return False
    index = values.index
    counted = pd.api.types.is_integer_dtype(index) and index.equals(pd.RangeIndex(len(index)))
    return not counted or index.name is not None or keys.inferred_type == "integer"


def item_values(values, keys, name):
    """Return one value an item, in the items' order: ndarray of shape (n_items,), object.

    The letters of texts are composed: a name that is written in two ways is one.
    `values` are array-like, or a Series, or a table of one column, by key; `name` is what errors
    call them. TypeError if they are None or a single value, such as the name of a column;
    ValueError if some are missing, or said twice.
    """
    if not _is_in_order(values):
        raise TypeError(
            f"{name} must be a value for each item, such as catalogue.table['Category']. "
            f"Received: {received(values)}"
        )
    if isinstance(values, pd.DataFrame):
        if values.shape[1] != 1:
            raise ValueError(
                f"{name} must be one column. Received: {values.shape[1]:,} columns. "
                "Take one of them: table['Category']."
            )
        values = values.iloc[:, 0]
    if by_key(values, keys):
        values = _by_key(values, keys, name)
    values = np.asarray(values, object)
    if values.shape != (len(keys),):
        shape = f"{len(values):,} values" if values.ndim == 1 else f"shape {values.shape}"
        raise ValueError(
            f"{name} must have one value for each of the {len(keys):,} items. Received: {shape}"
        )
    return composed_cells(pd.Series(values, dtype=object)).to_numpy()


def _by_key(values, keys, name):
    index = respelt(values.index, keys)
    # As objects: Arrow's texts cannot be compared with what is not Unicode.
    missing = keys[~keys.astype(object).isin(index)]
    if len(missing):
        hint = (
            "Its index holds numbers, not these keys: take it from a table that is indexed by key, "
            "before reset_index, or give values.to_numpy() if they are in the items' order."
            if pd.api.types.is_integer_dtype(index)
            else "Take it from the catalogue that the features were made of."
        )
        raise ValueError(
            f"{len(missing):,} of {len(keys):,} items have no value in {values.name or name}, such "
            f"as {missing[0]!r}; its index starts with {quoted(index[0])}. {hint}"
        )
    wanted = index[index.isin(keys)]
    if not wanted.is_unique:
        raise ValueError(
            f"{values.name or name} has more than one value for "
            f"{wanted[wanted.duplicated()][0]!r}. Keep one of each: "
            "values[~values.index.duplicated()]."
        )
    return by_keys(values, keys)


def groups_of(values, keys, name="exclude"):
    """Give each group of items of the same value a number: ndarray of shape (n_items,), int64.

    Values are as in `item_values`, and the same if they are written alike, but for blanks around
    them; an item without one is a group of its own, and so is each if `values` is None. Numbers
    are from 0, in the order of the sorted values, so that they are the same in any order of items.
    """
    if values is None:
        return np.asarray(pd.factorize(keys, sort=True)[0])
    values = pd.Series(item_values(values, keys, name), dtype=object)
    texts = values.map(lambda value: str(value).strip() or np.nan, na_action="ignore")
    codes = np.asarray(pd.factorize(texts.astype(object), sort=True)[0])
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + pd.factorize(keys[alone], sort=True)[0]
    return codes
