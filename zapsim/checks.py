"""Check what is given to zapsim, in one place: memory, whole numbers, features, values by item.

In: what a user gave. Out: the same in the form that the inside takes, or an error that says what
was received and what to do. The edge rule: a Series is taken by key, all else in the order it
has.
"""

from collections.abc import Mapping
from numbers import Real
from os import PathLike
from reprlib import repr as shortened

import numpy as np
import pandas as pd
import psutil
from PIL import Image

__all__ = [
    "by_key",
    "check_catalogue",
    "check_features",
    "check_flag",
    "check_k",
    "check_key",
    "check_mapping",
    "check_memory",
    "check_number",
    "check_picture",
    "check_predictor",
    "check_query",
    "check_table",
    "check_type",
    "checked_values",
    "groups_of",
    "item_values",
    "received",
]

_PICTURES = (str, PathLike, bytes, bytearray, memoryview, np.ndarray, Image.Image)
_PICTURE = "a path, bytes, a Pillow image or an array"


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


def check_features(features):
    """Raise unless features are a DataFrame (TypeError) with a key for each row (ValueError)."""
    if not isinstance(features, pd.DataFrame):
        raise TypeError(
            "features must be a pandas.DataFrame indexed by key, as VGG16Extractor.extract and "
            f"load_features return. Received: {type(features).__name__}"
        )
    if not features.index.is_unique:
        twice = features.index[features.index.duplicated()][0]
        raise ValueError(
            f"The features hold a key more than once, such as {twice!r}. Keep one row of each: "
            "features[~features.index.duplicated()]."
        )


def checked_values(features):
    """Return features as an array (n_items, n_features), float32; ValueError if unfit.

    That is if they are not two-dimensional, are empty, or hold NaN or infinity; the first items
    that do are named.
    """
    values = np.ascontiguousarray(features, dtype=np.float32)
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


def check_k(k, name="k"):
    """Raise ValueError, which names it, unless k is a whole number of at least 1."""
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"{name} must be a whole number of at least 1. Received: {name}={k!r}")


def by_key(values):
    """Tell whether values say whose they are: a Series with keys for index, not 0, 1, 2."""
    return isinstance(values, pd.Series) and not isinstance(values.index, pd.RangeIndex)


def _aligned(values, keys):
    """Return one value an item, in the items' order: a Series is taken by key, all else as it is.

    Parameters
    ----------
    values : array-like, pandas.Series indexed by key, or None
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
        If values are None, or the name of a column instead of its values.
    ValueError
        If there is not one for each item.
    """
    if values is None or isinstance(values, str):
        raise TypeError(
            f"{name} must be a value for each item, such as catalogue.table['Category']. "
            f"Received: {values!r}"
        )
    values = np.asarray(_aligned(values, keys), object)
    if values.shape != (len(keys),):
        received = f"{len(values):,} values" if values.ndim == 1 else f"shape {values.shape}"
        raise ValueError(
            f"{name} must have one value for each of the {len(keys):,} items. Received: {received}"
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


def received(value):
    """Say what was received: its type, and the value itself where it is plain."""
    kind = type(value).__name__
    plain = isinstance(value, (str, bytes, int, float, list, tuple, dict, set))
    return "None" if value is None else f"{kind} {shortened(value)}" if plain else kind


def check_type(value, kinds, wanted):
    """Raise TypeError unless a value is of one of the kinds; `wanted` begins the message."""
    if not isinstance(value, kinds):
        raise TypeError(f"{wanted} Received: {received(value)}")


def check_mapping(value, name, example):
    """Raise TypeError, which shows an example, unless a value is a dict."""
    check_type(value, Mapping, f"{name} must be a dict, such as {example}.")


def check_number(value, name, low, high=np.inf):
    """Raise ValueError, which names it, unless a value is a number from `low` to `high`."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not (number and low <= value <= high):
        wanted = f"of at least {low}" if high == np.inf else f"from {low} to {high}"
        raise ValueError(f"{name} must be a number {wanted}. Received: {name}={value!r}")


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


def check_table(table, columns, name):
    """Raise TypeError unless it is a DataFrame, ValueError unless it has the columns."""
    wanted = f"{name} must be a table with the columns {', '.join(columns)}."
    check_type(table, pd.DataFrame, wanted)
    if not set(columns) <= set(table.columns):
        raise ValueError(f"{wanted} Received: the columns {shortened(list(table.columns))}")


def check_catalogue(catalogue):
    """Raise TypeError unless it is a Catalogue, by what it can do."""
    if not hasattr(catalogue, "picture_or_none"):
        wanted = "catalogue must be a Catalogue, as zapsim.load_catalogue returns."
        raise TypeError(f"{wanted} Received: {received(catalogue)}")


def check_predictor(predictor):
    """Raise TypeError unless it is a SimilarityPredictor, by what it can do."""
    if not hasattr(predictor, "similar"):
        raise TypeError(
            "predictor must be a SimilarityPredictor; make one by zapsim.SimilarityPredictor("
            f"catalogue, features). Received: {received(predictor)}"
        )
