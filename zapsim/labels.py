"""Take one value for each item, whichever way it is given, and tell which items share theirs.

In: a catalogue column, or any other values, one an item; and the items' keys. Out: arrays in the
items' order. The edge rule: a Series is taken by key, all else in the order it has.
"""

import numpy as np
import pandas as pd

__all__ = ["by_key", "groups_of", "item_values"]


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
