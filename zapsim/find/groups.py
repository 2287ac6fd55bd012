"""Keep one item of each group of near duplicates.

In: which group each key belongs to, as a Series or dict by key, or a table with the columns
``key`` and ``group``. Out: which items may still be found. The edge rule: keys that are no items
here, and items without a group, change nothing.
"""

import numpy as np
import pandas as pd

from zapsim.checks import check_table, received
from zapsim.keys import respelt

__all__ = ["hide_duplicates"]


def hide_duplicates(groups, keys, allowed, asked):
    """Take from `allowed`, (n_items,), bool, in place, all but the first left of each group.

    And all of the groups that the rows `asked` belong to. TypeError if `groups` say nothing by
    key, ValueError if they are about other keys only, or put a key into two groups.
    """
    named, numbers = _by_key(groups)
    named = respelt(named, keys)
    rows = keys.get_indexer(named)
    if len(rows) and (rows < 0).all():
        raise ValueError(
            f"None of the {len(rows):,} keys in hide_duplicates is an item here: they start with "
            f"{named[0]!r}, the items with {keys[0]!r}."
        )
    codes = pd.factorize(numbers)[0]
    grouped = (rows >= 0) & (codes >= 0)
    rows, codes = np.unique(np.stack([rows[grouped], codes[grouped]]), axis=1)
    if twice := keys[rows[1:][rows[1:] == rows[:-1]]].tolist():
        raise ValueError(
            f"hide_duplicates puts {len(twice):,} keys into more than one group, such as "
            f"{twice[0]!r}."
        )
    allowed[rows[np.isin(codes, codes[np.isin(rows, asked)])]] = False
    left = allowed[rows]
    rows, codes = rows[left], codes[left]
    allowed[np.delete(rows, np.unique(codes, return_index=True)[1])] = False


def _by_key(groups):
    if isinstance(groups, pd.DataFrame):
        check_table("hide_duplicates", groups, ("key", "group"), "a search for near duplicates")
        return pd.Index(groups["key"]), groups["group"].to_numpy()
    if isinstance(groups, (dict, pd.Series)):
        groups = pd.Series(groups, dtype=object)
        return groups.index, groups.to_numpy()
    raise TypeError(
        "hide_duplicates must say which group each key belongs to: a table with the columns key "
        f"and group, or a Series or dict by key. Received: {received(groups)}"
    )
