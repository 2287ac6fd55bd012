"""Read off the keys what folders and file names say: category, subcategory, brand, product.

In: keys. Out: a table of str, indexed by key. In UT-Zappos50K's layout the folders are category,
subcategory and brand, and the file is named *product* ``.`` *colour*. The edge rule: what a
layout lacks becomes a missing column or a missing value, never an error, and folders that only
sort files (``images``, ``train``, ``010`` of ``010/0108775015.jpg``) are no category, unless
another one lies beside them: ``Training`` beside ``Running`` is one.
"""

import re
from math import nan

import pandas as pd

from zapsim.keys import shared_folders

__all__ = ["FOLDERS", "IDENTIFIERS", "arranged", "product_of", "read_layout"]

FOLDERS = ("Category", "SubCategory", "Brand")
# Columns that say which item it is, and nothing about what it is like.
IDENTIFIERS = ("Product", "Colourway", "CID")
# These come first in a table, in this order, wherever they are from.
_FIRST = (*FOLDERS, "Split", *IDENTIFIERS)

_PRODUCT_AND_COLOUR = re.compile(r"(\d+)\.(\d+)$")
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
_CONTAINERS = {
    *("images", "image", "img", "imgs", "pictures", "picture", "pics", "photos", "photo"),
    *("data", "dataset", "jpg", "jpeg", "png"),
}
_SORTING = _SPLITS | _CONTAINERS
# Further down none sorts: a path may have thousands.
_DEEPEST = 20


def read_layout(keys):
    """Return what the keys say, a DataFrame of str.

    Product, colourway and CID are of files named as UT-Zappos50K's are; Split is the name of a
    folder such as ``train`` or ``test``.
    """
    sharded, sorted_by = _is_sharded(keys), _sorted_by(keys)
    above = _above(keys, sorted_by)
    rows = []
    for key in keys:
        *folders, file = key.split("/")
        told = _told(folders, sorted_by)
        sorting = [name for name, sorts in told if sorts]
        names = [name for name, sorts in told[above:] if not sorts]
        if sharded:
            names = [name for name in names if not name.isdigit()]
        names = [name.replace("%2E", ".") for name in names[: len(FOLDERS)]]
        split = next((name for name in sorting if name.lower() in _SPLITS), nan)
        match = _PRODUCT_AND_COLOUR.match(file.rpartition(".")[0])
        named = [match[1], match[0], f"{match[1]}-{match[2]}"] if match else [nan] * 3
        rows.append([*names, *[nan] * (len(FOLDERS) - len(names)), split, *named])
    table = pd.DataFrame(rows, pd.Index(keys, name="key"), list(_FIRST), dtype=object)
    return table.dropna(axis="columns", how="all")


def _sorted_by(keys):
    """Return the folders (set of paths' hashes) in which all folders sort."""
    # The paths themselves, of each folder down to a picture, would take many times what keys do.
    sorting, others = set(), set()
    for path in {key.rpartition("/")[0] for key in keys if "/" in key}:
        folders = path.split("/", _DEEPEST)
        for n, name in enumerate(folders[:_DEEPEST]):
            found = sorting if name.lower() in _SORTING else others
            found.add(_hashed(folders[:n]))
    return sorting - others


def _hashed(folders):
    return hash("/".join(folders))


def _told(folders, sorted_by):
    """Return the name of each folder of a path, and whether it sorts: so do all beside it."""
    usual = [n < _DEEPEST and name.lower() in _SORTING for n, name in enumerate(folders)]
    return [
        (name, usual[n] and _hashed(folders[:n]) in sorted_by) for n, name in enumerate(folders)
    ]


def _above(keys, sorted_by):
    """Count the folders that all pictures share down to one that sorts, as in ``shop/images/``."""
    shared = shared_folders(keys)
    above = max((n for n, name in enumerate(shared, 1) if name.lower() in _SORTING), default=0)
    # Those next to it may be several: all sort, and none of the pictures lies beside them.
    beside = any(key.count("/") == len(shared) for key in keys)
    return len(shared) + 1 if not beside and _hashed(shared) in sorted_by else above


def _is_sharded(keys):
    """Tell whether folders that are numbers only repeat how the file's number begins.

    One that does not is enough for all to be categories, as in ``7/12.jpg`` beside ``1/10.jpg``.
    """
    found = False
    for key in keys:
        *folders, file = key.split("/")
        stem = file.rpartition(".")[0]
        for folder in filter(str.isdigit, folders):
            if not (stem.isdigit() and stem.startswith(folder) and len(stem) > len(folder)):
                return False
            found = True
    return found


def arranged(table, given=()):
    """Put the usual columns first, and leave out folders that name the product: they are no brand.

    Columns that were `given` in the metadata all stay.
    """
    for column in [name for name in FOLDERS if name in table and name not in given]:
        names = table[column].dropna()
        if "Product" in table and names.equals(table["Product"][names.index].rename(column)):
            table = table.drop(columns=column)
    first = [column for column in _FIRST if column in table]
    return table[first + [column for column in table if column not in first]]


def product_of(table, product):
    """Return each item's product, missing where it has none, and what to say about those.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by key.
    product : str or re.Pattern
        A column of the table, or a pattern that is searched in the key; its first group, or the
        one named ``product``, is the product.

    Returns
    -------
    (pandas.Series, str)
        The text is empty if all have one.

    Raises
    ------
    ValueError
        If there is no such column, the pattern is none or has no group, or no item has a product.
    """
    if not isinstance(product, (str, re.Pattern)):
        raise TypeError(
            "product must be the name of a column, or a pattern of the key with a group, such as "
            f"r'(id_\\d+)'. Received: {product!r}"
        )
    if isinstance(product, str) and product in table:
        products, said = table[product], f"column {product!r}"
    else:
        pattern = _pattern(product, table)
        found = (pattern.search(key) for key in table.index)
        group = "product" if "product" in pattern.groupindex else 1
        texts = [match[group] or nan if match else nan for match in found]
        products = pd.Series(texts, table.index, dtype=object)
        said = f"pattern {pattern.pattern!r}"
    missing = products.isna()
    if missing.all():
        raise ValueError(
            f"product: the {said} names no item's product. The first key is {table.index[0]!r}."
        )
    if not missing.any():
        return products, ""
    return products, (
        f"The {said} names no product for {missing.sum():,} of {len(table):,} pictures, such as "
        f"{missing.idxmax()!r}."
    )


def _pattern(product, table):
    """Return the pattern, compiled; ValueError if a text is neither one nor a column."""
    columns = ", ".join(map(repr, table.columns)) or "none"
    try:
        pattern = re.compile(product)
    except re.error as error:
        raise ValueError(
            f"product must be a column or a pattern. Received: {product!r}, which is no pattern "
            f"({error}). The columns are: {columns}."
        ) from error
    if not pattern.groups:
        raise ValueError(
            f"product must be a column, or a pattern with a group around what names the product, "
            f"such as r'(id_\\d+)'. Received: {product!r}. The columns are: {columns}."
        )
    return pattern
