"""Let the notebooks run on any pictures: the reader's own, or MiniZap's where those don't fit.

In: a reader's catalogue, or what was made of it, and what a section of a notebook needs. Out: the
same, or MiniZap's counterpart. The edge rule: one printed line says whose pictures are shown, so
that the text around them stays true; with MiniZap nothing is said.
"""

import warnings
from itertools import islice

import pandas as pd

from zapsim.catalogue import Catalogue, load_catalogue, split_values
from zapsim.checks import check_choice, checked_path
from zapsim.features import VGG16Extractor
from zapsim.io.bundled import MINIZAP
from zapsim.io.lookup import load_features
from zapsim.io.pictures import PictureError
from zapsim.predictor import SimilarityPredictor

__all__ = [
    "cache_of",
    "fitting",
    "kind_of",
    "labels_of",
    "load_or_extract",
    "products_of",
    "readable_keys",
    "readable_sample",
    "stand_in",
    "whose",
]

_KIND = ("Category", "SubCategory")


def fitting(*mine, columns=(), where=None, classes=None, n=1):
    """Return the reader's own, or MiniZap's where theirs lack something; a printed line says so.

    Parameters
    ----------
    *mine : Catalogue, SimilarityPredictor or features
        All of the same pictures; the first one is a catalogue or a predictor.
    columns : list of str
        Columns that must have values.
    where : dict of str to (str or list of str), optional
        Values that must all occur, by column.
    classes : list of str, optional
        Columns, as `kind_of` returns, by which there must be two classes at least, one of them of
        two products at least.
    n : int
        So many products must have a value in each column, at least. A picture whose product is not
        known counts as one.

    Returns
    -------
    Catalogue, SimilarityPredictor or features, or a tuple of them
        As many as were given. Either all are the reader's, the very same objects, or none is.
    """
    table = mine[0].table
    lack = _lack_of_columns(table, [*columns, *(where or {})])
    lack = lack or _lack_of_values(table, where or {})
    if classes is not None:
        lack = lack or _lack_of_classes(table, classes)
    lack = lack or _lack_of_products(table, columns, n)
    if lack:
        print(f"Your pictures {lack}: MiniZap's are shown here.")
        mine = tuple(map(_minizaps, mine))
    return mine if len(mine) > 1 else mine[0]


def whose(shown):
    """Say, in sections whose text speaks of single shoes, that the pictures are the reader's.

    `shown` is a Catalogue or a SimilarityPredictor; of MiniZap's nothing is said.
    """
    if not _is_minizap(shown):
        print("These are your pictures; the text speaks of MiniZap's shoes and numbers.")


def load_or_extract(catalogue, store=None):
    """Load a catalogue's features from a store; where there is none, extract them.

    By default MiniZap's come from what ships with zapsim, those of other pictures are computed and
    not kept. An empty `store` (path) is filled. Of one that holds a part of the items, that part is
    taken, since it may be a sample as 03 makes it; a line says so, and how to extract the rest.
    """
    if not (_is_minizap(catalogue) if store is None else _is_filled(store)):
        return VGG16Extractor().extract(catalogue, cache=store)
    with warnings.catch_warnings():
        # Said below, in a line.
        warnings.simplefilter("ignore")
        features = load_features(store, catalogue)
    if len(features) < len(catalogue):
        left = f"{len(features):,} of {len(catalogue):,} pictures"
        print(
            f"{left} have features in {store}: only these are taken. Was it interrupted? Run\n"
            "zapsim.VGG16Extractor().extract(zapsim.load_catalogue(source), cache=cache)\n"
            "and then this cell again."
        )
    return features


def cache_of(catalogue, store=None):
    """Return `store` (path); without one, or for "bundled", what ships for MiniZap, else None."""
    if store not in (None, "bundled"):
        return store
    return "bundled" if _is_minizap(catalogue) else None


def kind_of(catalogue, kind=None):
    """Return the columns that say what is of a kind, the coarsest first (list of str).

    By default those of Category and SubCategory that exist, maybe none; a column that was named
    (str, or list of str) and does not exist is a KeyError.
    """
    columns = list(catalogue.table.columns)
    if kind is None:
        return [name for name in _KIND if name in columns]
    kind = [kind] if isinstance(kind, str) else list(kind)
    if kind and not columns:
        raise KeyError(f"Nothing is known about these pictures: no columns. Received: kind={kind}")
    for name in kind:
        check_choice("kind", name, columns, KeyError)
    return kind


def labels_of(catalogue, kind, between=" · "):
    """Join what the columns `kind` say of each item; missing where all are (Series by key)."""
    cells = catalogue.table[kind].astype(object)
    rows = cells.itertuples(index=False)
    labels = [between.join(str(cell) for cell in row if pd.notna(cell)) or None for row in rows]
    return pd.Series(labels, index=cells.index, dtype=object, name=between.join(kind))


def products_of(catalogue):
    """Return each item's product, or where that is not known the item's key (Series by key)."""
    return _products(catalogue.table)


def readable_keys(catalogue, keys=None):
    """Yield the keys whose pictures can be read, in the given order, by default the catalogue's."""
    for key in catalogue.keys if keys is None else keys:
        if catalogue.picture_or_none(key) is not None:
            yield key


def readable_sample(catalogue, n, seed=42):
    """Draw n readable items as ``catalogue.sample(n, seed)`` does, or as many as there are.

    PictureError if there are none.
    """
    shuffled = catalogue.table.sample(frac=1, random_state=seed).index
    drawn = list(islice(readable_keys(catalogue, shuffled), n))
    if not drawn:
        raise PictureError(f"None of the {len(catalogue):,} pictures can be read.")
    return catalogue.subset(drawn)


def stand_in(predictor, key, query=None):
    """Return `key`, one of MiniZap's, or what takes its place in another catalogue.

    That is the query's nearest item; or, without a query, the item at the same place of the
    catalogue, so that others stand in for others, and a printed line says so.
    """
    keys = predictor.table.index
    if key in keys:
        return key
    if query is not None:
        return predictor.similar(query, 1)["key"][0]
    minizap = load_catalogue().keys
    other = keys[minizap.searchsorted(key) * len(keys) // len(minizap)]
    print(f"The text speaks of MiniZap's {key!r}; here is your {other!r}.")
    return other


def _is_minizap(shown):
    return getattr(shown, "catalogue", shown).root == MINIZAP


def _is_filled(store):
    return any(checked_path(store, "store").glob("part-*.parquet"))


def _minizaps(mine):
    """Return MiniZap's counterpart of a catalogue, a predictor or features."""
    if isinstance(mine, Catalogue):
        return load_catalogue()
    if isinstance(mine, SimilarityPredictor):
        return SimilarityPredictor(load_catalogue(), load_features())
    return load_features()


def _lack_of_columns(table, columns):
    missing = [name for name in columns if name not in table]
    return missing and f"have no {_listed('column', missing)}"


def _lack_of_values(table, where):
    for column, wanted in where.items():
        there = set().union(*map(split_values, table[column].unique()))
        for value in [wanted] if isinstance(wanted, str) else wanted:
            if value not in there:
                return f"have no {column} {value!r}"
    return None


def _lack_of_products(table, columns, n):
    products = _products(table)
    found = {f" with {name}": products[table[name].notna()].nunique() for name in columns}
    for having, count in {"": products.nunique(), **found}.items():
        if count < n:
            return f"are of {count} product{'s' * (count != 1)}{having}, {n} are needed"
    return None


def _lack_of_classes(table, kind):
    if not kind:
        return f"have no {_listed('column', _KIND)}"
    by = " and ".join(kind)
    cells = table[kind].astype(object).apply(tuple, axis="columns")[table[kind].notna().any(axis=1)]
    sizes = _products(table).loc[cells.index].groupby(cells).nunique()
    if len(sizes) < 2:
        return f"are all of one class by {by}"
    return None if sizes.max() > 1 else f"have no two products of one class by {by}"


def _products(table):
    """Return each item's product, or where that is not known the item's key."""
    keys = table.index.to_series().astype(object)
    known = table.get("Product", pd.Series(index=table.index, dtype=object))
    return keys.where(known.isna(), known)


def _listed(what, names):
    return f"{what}{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"
