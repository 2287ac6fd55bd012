"""Check what is given to zapsim, in one place: numbers, choices, features, values by item, memory.

In: what a user gave. Out: the same in the form that the inside takes, or an error that says what
was wrong, what was received and what to do. The edge rule: a Series is taken by key, all else in
the order it has. A function named ``check_…`` only raises, one named ``checked_…`` also returns.
"""

from difflib import get_close_matches
from os import PathLike

import numpy as np
import pandas as pd
import psutil
from PIL import Image

__all__ = [
    "by_key",
    "check_catalogue",
    "check_choice",
    "check_dict",
    "check_features",
    "check_flag",
    "check_frame",
    "check_k",
    "check_key",
    "check_list",
    "check_memory",
    "check_neighbours",
    "check_options",
    "check_path",
    "check_picture",
    "check_predictor",
    "check_query",
    "check_table",
    "check_type",
    "checked_number",
    "checked_values",
    "checked_whole",
    "groups_of",
    "is_matrix",
    "is_whole",
    "item_values",
    "received",
]

_PICTURES = (str, PathLike, bytes, bytearray, memoryview, np.ndarray, Image.Image)
_PICTURE = "a path, bytes, a Pillow image or an array"


def is_whole(value):
    """Tell whether a value is a whole number; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def checked_whole(name, value, least=1):
    """Return a whole number as int; ValueError, which names it, unless it is at least `least`."""
    if not is_whole(value) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}. Received: {name}={received(value)}"
        )
    return int(value)


def check_k(k, name="k"):
    """Raise ValueError, which names it, unless k is a whole number of at least 1."""
    checked_whole(name, k)


def checked_number(name, value, low, high=np.inf, ends="[]"):
    """Return a number as float; ValueError, which names it, unless it is in a range.

    Parameters
    ----------
    name : str
    value
        Anything; True and False are no numbers.
    low, high : float
    ends : {"[]", "()", "(]", "[)"}
        Whether low and high themselves are in the range: ``[`` and ``]`` say yes.

    Returns
    -------
    float
    """
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    # Infinity is never meant; nothing holds for NaN.
    fits = real and low <= value <= high and abs(value) < np.inf
    if not fits or (value == low and ends[0] == "(") or (value == high and ends[1] == ")"):
        above = "above" if ends[0] == "(" else "of at least"
        below = f" and {'below' if ends[1] == ')' else 'at most'} {high:g}" if high < np.inf else ""
        raise ValueError(
            f"{name} must be a number {above} {low:g}{below}. Received: {name}={received(value)}"
        )
    return float(value)


def check_choice(name, value, choices, error=ValueError):
    """Raise an error, which offers the closest, unless a value is one of some, mostly strings."""
    if not pd.api.types.is_hashable(value) or value not in choices:
        raise error(
            f"{name} must be one of {', '.join(map(str, choices))}. Received: {received(value)}."
            + _meant(value, choices)
        )


def check_options(options, names):
    """Raise TypeError, which offers the closest, unless all keyword arguments are known ones."""
    for option in options:
        if option not in names:
            raise TypeError(
                f"There is no option {option!r}; there are {', '.join(names)}."
                + _meant(option, names)
            )


def _meant(value, choices):
    close = get_close_matches(str(value), map(str, choices), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def received(value):
    """Return a value as it is written, or, where that is long, only of which type it is."""
    said = repr(value)
    return said if len(said) <= 80 and "\n" not in said and said[0] != "<" else type(value).__name__


def check_type(value, kinds, wanted):
    """Raise TypeError unless a value is of one of the kinds; `wanted` begins the message."""
    if not isinstance(value, kinds):
        raise TypeError(f"{wanted} Received: {received(value)}")


def check_list(name, values, example):
    """Raise TypeError if values are no list, such as a single string; ValueError if it is empty."""
    if isinstance(values, dict) or not pd.api.types.is_list_like(values):
        raise TypeError(f"{name} must be a list, such as {example}. Received: {received(values)}")
    if not len(values):
        raise ValueError(f"{name} must not be empty. Give some, such as {example}.")


def check_dict(name, values, example):
    """Raise TypeError unless values are a dict."""
    check_type(values, dict, f"{name} must be a dict, such as {example}.")


def check_table(name, table, columns, source):
    """Raise unless a table is a DataFrame (TypeError) with these columns (ValueError).

    Parameters
    ----------
    name : str
    table
        Anything.
    columns : list of str
    source : str
        What returns such a table; for the message.
    """
    check_type(table, pd.DataFrame, f"{name} must be a table as {source} returns.")
    if not set(columns) <= set(table.columns):
        raise ValueError(
            f"{name} must have the columns {', '.join(columns)}, as {source} returns. "
            f"Received: {', '.join(map(str, table.columns[:10])) or 'none'}"
        )


def check_path(name, path):
    """Raise TypeError unless it is a path."""
    check_type(path, (str, PathLike), f"{name} must be a path.")


def check_flag(value, name):
    """Raise TypeError unless a value is True or False: a text such as "no" would count as True."""
    check_type(value, (bool, np.bool_), f"{name} must be True or False.")


def check_key(key, name="key"):
    """Raise TypeError unless a key is a text; whether there is such an item is not looked at."""
    check_type(
        key, str, f"{name} must be the key of one item, such as 'Boots/Ankle/UGG/7001.1.jpg'."
    )


def check_picture(picture, name="picture"):
    """Raise TypeError unless it is of a kind that `zapsim.load_picture` reads."""
    # Files that are open can be read, too.
    if not hasattr(picture, "read"):
        check_type(picture, _PICTURES, f"{name} must be {_PICTURE}.")


def check_query(query, name="query"):
    """Raise TypeError unless it is a key or a picture."""
    if not hasattr(query, "read"):
        check_type(
            query, _PICTURES, f"{name} must be the key of one item, or a picture: {_PICTURE}."
        )


def _check_has(value, what, wanted):
    """Raise TypeError unless a value can do something: its class stands on this module."""
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
    """Raise TypeError unless they are `Neighbours`."""
    _check_has(neighbours, "indices", f"{name} must be Neighbours, as zapsim.top_k returns.")


def check_memory(n_bytes, what, instead):
    """Raise MemoryError, unless there is room for so many bytes and a quarter more.

    Parameters
    ----------
    n_bytes : int
    what : str
        What needs them, with its shape; begins the message.
    instead : str
        What to do where there is no room; ends it.
    """
    free = psutil.virtual_memory().available
    if n_bytes > 0.8 * free:
        raise MemoryError(
            f"{what} is {n_bytes / 1e9:.1f} GB; {free / 1e9:.1f} GB of memory are free. {instead}"
        )


def check_frame(features, name="features"):
    """Raise unless features are a DataFrame (TypeError) with a key for each row (ValueError)."""
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas.DataFrame indexed by key, as VGG16Extractor.extract returns. "
            f"Received: {type(features).__name__}. Read a store's folder by "
            "zapsim.load_features(store)."
        )
    if not features.index.is_unique:
        twice = features.index[features.index.duplicated()][0]
        raise ValueError(
            f"{name} hold a key more than once, such as {twice!r}. Keep one row of each: "
            "features[~features.index.duplicated()]."
        )


def is_matrix(features):
    """Tell whether a DataFrame is a similarity matrix: some of its columns are its own keys.

    Whole numbers are no keys: features are often numbered in both directions.
    """
    columns = features.columns
    return columns.inferred_type != "integer" and bool(columns.isin(features.index).any())


def check_features(features, name="features"):
    """Raise as `check_frame` does, and ValueError if they are a similarity matrix."""
    check_frame(features, name)
    if is_matrix(features):
        raise ValueError(
            f"{name} must be features. Received: a similarity matrix of {len(features):,} items, "
            "with keys for columns. Give the features that it was computed from. Only "
            "zapsim.SimilarityPredictor(catalogue, matrix) takes the matrix itself."
        )


def checked_values(features):
    """Return features as an array (n_items, n_features), float32; ValueError if unfit.

    That is if they are no numbers, are not two-dimensional, are empty, or hold NaN or infinity;
    the first items that do are named.
    """
    try:
        values = np.ascontiguousarray(features, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"features must be numbers in rows of one length: {error}.") from error
    if values.ndim != 2 or not values.size:
        raise ValueError(
            "features must have shape (n_items, n_features), neither of them 0. "
            f"Received: {values.shape}"
        )
    # A sum is finite only if every summand is, and costs no copy of the array.
    sums = values.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        bad = np.flatnonzero(~np.isfinite(sums))
        names = features.index[bad] if isinstance(features, pd.DataFrame) else bad
        raise ValueError(
            f"{len(bad):,} of {len(values):,} feature vectors hold NaN or infinity, the first of "
            f"{list(names[:3])!r}. Drop them or extract them again."
        )
    return values


def by_key(values):
    """Tell whether values say whose they are: a Series with keys for index, not 0, 1, 2."""
    return isinstance(values, pd.Series) and not isinstance(values.index, pd.RangeIndex)


def _aligned(values, keys):
    """Return one value an item, in the items' order: a Series is taken by key, all else as it is.

    Parameters
    ----------
    values : array-like, or pandas.Series indexed by key
        A Series without an index of its own (0, 1, 2 …) is taken as it is, too.
    keys : pandas.Index

    Raises
    ------
    ValueError
        If a Series lacks some of the keys.
    """
    if not by_key(values):
        return values
    missing = keys[~keys.isin(values.index)]
    if len(missing):
        name = values.name or "the Series"
        raise ValueError(
            f"{len(missing):,} of {len(keys):,} items have no value in {name}, such as "
            f"{missing[0]!r}. Take it from the catalogue that the features were made of."
        )
    return values.loc[keys]


def item_values(values, keys, name):
    """Return one value an item, in the items' order.

    Parameters
    ----------
    values : array-like of shape (n_items,), or pandas.Series indexed by key
    keys : pandas.Index of shape (n_items,)
    name : str
        What errors call the values.

    Returns
    -------
    ndarray of shape (n_items,), object

    Raises
    ------
    TypeError
        If values are None, a single value, or the name of a column instead of its values.
    ValueError
        If there is not one for each item.
    """
    if isinstance(values, dict) or not pd.api.types.is_list_like(values):
        raise TypeError(
            f"{name} must be a value for each item, such as catalogue.table['Category']. "
            f"Received: {received(values)}"
        )
    values = np.asarray(_aligned(values, keys), object)
    if values.shape != (len(keys),):
        shape = f"{len(values):,} values" if values.ndim == 1 else f"shape {values.shape}"
        raise ValueError(
            f"{name} must have one value for each of the {len(keys):,} items. Received: {shape}"
        )
    return values


def groups_of(values, keys, name="exclude"):
    """Give each group of items a number; an item without a value is a group of its own.

    Parameters
    ----------
    values : array-like of shape (n_items,), pandas.Series indexed by key, or None
        None makes each item a group. Two values are the same if they are written alike.
    keys : pandas.Index of shape (n_items,)
    name : str
        What errors call the values.

    Returns
    -------
    ndarray of shape (n_items,), int64
        From 0, in the order of the sorted values, so that it is the same in any order of items.
    """
    if values is None:
        return np.asarray(pd.factorize(keys, sort=True)[0])
    values = pd.Series(item_values(values, keys, name), dtype=object)
    codes = np.asarray(pd.factorize(values.map(str, na_action="ignore"), sort=True)[0])
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + pd.factorize(keys[alone], sort=True)[0]
    return codes
