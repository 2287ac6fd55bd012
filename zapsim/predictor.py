"""Recommend: given a query, the most similar other items, as a table, a figure or HTML.

In: a `Catalogue`, and its features or its similarity matrix. Out: neighbours, nearest first,
ties by lower index, the query itself left out. A matrix's scores are taken as they are: those of
identical items may differ in their last digits, and then do not tie. The edge rule: where fewer
neighbours exist than were asked for, those that exist are returned, and plots and HTML say so.
"""

import warnings
from collections.abc import Hashable
from functools import cached_property

import numpy as np
import pandas as pd

from zapsim.catalogue import split_values, unknown_key
from zapsim.checks import (
    check_catalogue,
    check_dict,
    check_flag,
    check_frame,
    check_k,
    check_key,
    check_picture,
    check_query,
    check_table,
    checked_number,
    is_matrix,
    received,
)
from zapsim.draw.html import html_table, with_pictures
from zapsim.io.pictures import load_picture
from zapsim.similarity import nearest, nearest_to, unit_vectors

__all__ = ["SimilarityPredictor", "diverse"]

_CANDIDATES = 100


class SimilarityPredictor:
    """Find, show and explain the neighbours of an item or of a picture.

    Parameters
    ----------
    catalogue : Catalogue
    features : pandas.DataFrame
        Features (n_items, n_features) indexed by key, or a similarity matrix (n_items, n_items)
        with keys on both axes. Items of the catalogue that it lacks are not recommended.
        Only from features do identical items always tie, as in `zapsim.top_k`.
    extractor : VGG16Extractor, optional
        What `similar_to` runs new pictures through. By default one is made, when needed, from
        the settings that the features carry.

    Raises
    ------
    ValueError
        If no key of the features is in the catalogue, they hold NaN or infinity, or another
        extractor made them.
    """

    def __init__(self, catalogue, features, extractor=None):
        check_catalogue(catalogue)
        check_frame(features)
        made = hasattr(extractor, "extract") and not isinstance(extractor, type)
        if extractor is not None and not made:
            raise TypeError(
                "extractor must be what made the features, such as zapsim.VGG16Extractor(). "
                f"Received: {received(extractor)}"
            )
        if not len(features):
            raise ValueError("features are empty: there is nothing to recommend.")
        known = features.index.isin(catalogue.keys)
        if not known.any():
            raise ValueError(
                f"None of the features' {len(features):,} keys is in the catalogue: they start "
                f"with {features.index[0]!r}, the catalogue with {catalogue.keys[0]!r}. "
                "Were they extracted from another folder?"
            )
        if not known.all():
            warnings.warn(
                f"{(~known).sum():,} of {len(features):,} features belong to no item of the "
                "catalogue and are left out.",
                stacklevel=2,
            )
        self._settings = features.attrs.get("extractor")
        if extractor and self._settings and extractor.settings != self._settings:
            raise ValueError(
                f"The features were made by another extractor ({self._settings}) than the one "
                f"given ({extractor.settings}). Leave it out: the right one is made when needed."
            )
        self.catalogue, self.extractor = catalogue, extractor
        self.table = catalogue.table.loc[features.index[known]]
        self._rows = {key: row for row, key in enumerate(self.table.index)}
        self._rows_by_value = {}
        self._matrix = self._unit = None
        if not is_matrix(features):
            self._unit = unit_vectors(features if known.all() else features[known])
            return
        if set(features.columns) != set(features.index):
            raise ValueError(
                f"A similarity matrix must have the same keys on both axes. Received: "
                f"{features.shape[0]:,} rows and {features.shape[1]:,} columns of other keys."
            )
        self._matrix = features.loc[known, self.table.index].to_numpy(np.float32)
        if not np.isfinite(self._matrix).all():
            raise ValueError("The similarity matrix holds NaN or infinity. Compute it again.")

    def __repr__(self):
        kind = "a similarity matrix" if self._unit is None else f"{self._unit.shape[1]:,} features"
        return f"SimilarityPredictor of {len(self.table):,} items, by {kind}"

    def similar(self, key, k=5, where=None, hide_colourways=False, diversity=0.0):
        """Find an item's nearest other items.

        Parameters
        ----------
        key : str
        k : int
            At least 1. Where the filters leave fewer, all of those are returned.
        where : dict, optional
            Filters: column of the catalogue -> value, or list of values of which one must match.
            In cells of several values (joined by ``;``) one match is enough.
        hide_colourways : bool
            Leave out the other colourways of the query's own product.
        diversity : float
            0 shows the nearest. The closer to 1, the more the items differ that are chosen from
            the nearest 100 (or 3 k); see `zapsim.predictor.diverse`.

        Returns
        -------
        pandas.DataFrame
            Nearest first, or with diversity in the order they were chosen: ``rank`` (from 1),
            ``key``, ``score`` (cosine similarity to the query, float32), then the catalogue's
            columns.

        Raises
        ------
        KeyError
            If there is no such key (the closest are offered) or no such column.
        ValueError
            If k is less than 1, diversity is not from 0 to 1, or a filter's value occurs nowhere
            in its column.
        """
        row = self.row(key)
        check_flag(hide_colourways, "hide_colourways")
        allowed = self._allowed(where)
        allowed[row] = False
        if hide_colourways and self._products[row] >= 0:
            allowed &= self._products != self._products[row]
        n = _n_candidates(k, diversity)
        if self._unit is None:
            rows = nearest(np.where(allowed, self._matrix[row], -np.inf), n)
            return self._chosen(rows, self._matrix[row, rows], k, diversity)
        return self._chosen(*nearest_to(self._unit[row], self._unit, n, allowed), k, diversity)

    def similar_to(self, picture, k=5, where=None, diversity=0.0):
        """Find the items nearest to a picture of your own.

        Parameters
        ----------
        picture : path, bytes, PIL.Image.Image or ndarray
            Whatever `zapsim.load_picture` reads; it takes the same path as the catalogue's. Or
            what `features_of` returned for it, an array of shape (n_features,).
        k, where, diversity
            As in `similar`.

        Returns
        -------
        pandas.DataFrame
            As `similar` returns.

        Raises
        ------
        PictureError
            If the picture cannot be read.
        ValueError
            If this predictor was made from a matrix, or the features do not say how they were
            made and no extractor was given.
        """
        self._require_features()
        n, allowed = _n_candidates(k, diversity), self._allowed(where)
        given = isinstance(picture, np.ndarray) and picture.ndim == 1
        vector = picture if given else self.features_of(picture)
        if len(vector) != self._unit.shape[1]:
            raise ValueError(
                f"The query has {len(vector):,} features, the catalogue's items have "
                f"{self._unit.shape[1]:,}. Give the extractor that made them."
            )
        query = unit_vectors([vector])[0]
        return self._chosen(*nearest_to(query, self._unit, n, allowed), k, diversity)

    def features_of(self, picture):
        """Turn a picture into features (n_features,), float32; errors as in `similar_to`."""
        check_picture(picture)
        return self.get_extractor().extract(picture)

    def get_extractor(self):
        """Return the extractor that made the features; ValueError as in `similar_to`."""
        self._require_features()
        if self.extractor is None:
            from zapsim.features import VGG16Extractor

            self.extractor = VGG16Extractor.from_settings(self._settings or {})
        return self.extractor

    def mean_vector(self):
        """Return the mean of all items' vectors of length 1 (ndarray of shape (n_features,)).

        Its dot product with an item's vector of length 1 is the item's mean score with all.
        """
        self._require_features()
        return self._unit.mean(axis=0)

    def matching(self, where=None):
        """Return the keys of the items that match filters, given as in `similar`."""
        return self.table.index[self._allowed(where)]

    def values_of(self, column):
        """List what a column can be filtered by; KeyError if there is no such column.

        Returns each value, in alphabetical order, and how many items have it (dict of str to int).
        """
        return {value: len(rows) for value, rows in self._values(column).items()}

    def plot(self, query, k=5, where=None, hide_colourways=False, columns=6, diversity=0.0):
        """Draw the query, framed, and its neighbours with rank, score and name.

        Parameters
        ----------
        query : str, or a picture
            A key, or a picture of your own that is not a path (bytes, Pillow image, array).
        k, where, hide_colourways, diversity
            As in `similar`; a picture of your own has no other colourways to hide.
        columns : int
            Neighbours in a row, at least 1; more go into further rows.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from zapsim.draw.plots import plot_pictures

        shown, note = self._ask(query, k, where, hide_colourways, diversity)
        titled = [
            (picture, f"#{rank}   {score:.3f}\n{name}") for rank, score, picture, name in shown
        ]
        picture, name = self._query(query)
        return plot_pictures(titled, columns, query=(picture, f"query\n{name}"), note=note)

    def html(self, query, k=5, where=None, hide_colourways=False, diversity=0.0):
        """Show the query and its neighbours as an HTML table that needs nothing else.

        Pictures are inside, with alternative texts, so it can be saved, mailed and read aloud.

        Parameters
        ----------
        query, k, where, hide_colourways, diversity
            As in `plot`.

        Returns
        -------
        IPython.display.HTML
            Its text is in ``.data``.
        """
        from IPython.display import HTML

        shown, note = self._ask(query, k, where, hide_colourways, diversity)
        return HTML(html_table(self._query(query), shown, note or "You may also like…"))

    def page(self, path, k=50, title=None, filters=None, places=None):
        """Write a page to take away: the catalogue and its neighbours, to click through.

        It opens with a double click, in any browser, without Python or a network.

        Parameters
        ----------
        path : path
            One file if it ends in ``.html``, otherwise a folder, with an ``index.html`` and the
            thumbnails beside it. Take a folder above about 2,000 items: a large file opens slowly.
            It appears whole or not at all, and takes the place of an earlier page.
        k : int
            So many neighbours of each item are in the page, with the scores that `similar` gives.
            Those beyond, which strict filters ask for, and those of several items at once are
            estimated, and marked as such.
        title : str, optional
            By default the catalogue's name.
        filters : list of str, optional
            Columns that are offered as filters at first, in this order. By default up to 8 that
            split the items best; the page offers the others, too.
        places : pandas.DataFrame of shape (n_items, 2), optional
            The map's, as `zapsim.map_catalogue` returns. By default they are computed: by t-SNE up
            to 5,000 items, which takes a minute, by PCA above.

        Returns
        -------
        pathlib.Path
            The file to open.

        Raises
        ------
        ValueError
            If the path is taken by something else than a page, k is less than 1, or an item has no
            place.
        KeyError
            If there is no such column.
        TransferError
            If the page cannot be written.

        Warns
        -----
        UserWarning
            If pictures cannot be read, or the file is so large that a folder would be better.
        """
        from zapsim.page.writer import write_page

        keys = self.table.index
        vectors = self._unit
        if vectors is None:
            vectors = pd.DataFrame(self._matrix, index=keys, columns=keys, copy=False)
        return write_page(path, self.catalogue, self.table, vectors, k, title, filters, places)

    def with_pictures(self, found):
        """Return a list of (rank, score, picture, name) for what `similar` found.

        Pictures are RGB arrays, or None where one cannot be read; names are not escaped.
        """
        check_table("found", found, ("rank", "key", "score"), "similar")
        return with_pictures(self.catalogue, found)

    def _ask(self, query, k, where, hide_colourways, diversity):
        """Return the neighbours with pictures, and a note or None."""
        check_query(query)
        if isinstance(query, str):
            found = self.similar(query, k, where, hide_colourways, diversity)
        else:
            found = self.similar_to(query, k, where, diversity)
        note = f"{k:,} neighbours were asked for, {len(found):,} exist with these filters."
        return self.with_pictures(found), None if len(found) == k else note

    def _query(self, query):
        if isinstance(query, str):
            return self.catalogue.picture_or_none(query), self.catalogue.caption(query)
        return load_picture(query), "your picture"

    def row(self, key):
        """Return an item's position; KeyError, offering the closest keys, if there is none."""
        check_key(key)
        if key not in self._rows:
            raise KeyError(unknown_key(key, self.table.index))
        return self._rows[key]

    def _require_features(self):
        if self._unit is None:
            raise ValueError(
                "A similarity matrix knows only its own items. Make the SimilarityPredictor from "
                "features to search with a new picture."
            )

    @cached_property
    def _products(self):
        """Return a number for each item's product, -1 where it is not known."""
        column = self.table.get("Product", pd.Series(np.nan, index=self.table.index))
        return pd.factorize(column)[0]

    def _values(self, column):
        """Return the rows that have each value of a column, values in alphabetical order."""
        if not isinstance(column, Hashable) or column not in self.table:
            names = ", ".join(map(str, self.table.columns)) or "none"
            raise KeyError(f"No column {column!r} to filter by. The catalogue has: {names}.")
        if column not in self._rows_by_value:
            # Few cells differ, so each of those is split once, not the cell of every item.
            codes, cells = pd.factorize(self.table[column])
            order = np.argsort(codes, kind="stable")
            ends = np.searchsorted(codes[order], np.arange(len(cells) + 1))
            found = {}
            for cell, start, end in zip(cells, ends, ends[1:], strict=False):
                for value in split_values(cell):
                    found.setdefault(value, []).append(order[start:end])
            self._rows_by_value[column] = {v: np.concatenate(found[v]) for v in sorted(found)}
        return self._rows_by_value[column]

    def _allowed(self, where):
        allowed = np.ones(len(self.table), bool)
        if where is not None:
            check_dict("where", where, "{'Category': 'Boots'}")
        for column, wanted in (where or {}).items():
            rows = self._values(column)
            wanted = wanted if pd.api.types.is_list_like(wanted) else [wanted]
            matching = np.zeros(len(self.table), bool)
            for value in (str(value).strip() for value in wanted):
                # A whole cell, such as "Zipper;Buckle", may be asked for as well.
                found = rows.get(value, np.flatnonzero(self.table[column] == value))
                if not len(found):
                    offer = ", ".join(list(rows)[:30])
                    raise ValueError(f"No item has {column} {value!r}. There are: {offer}.")
                matching[found] = True
            allowed &= matching
        return allowed

    def _chosen(self, rows, scores, k, diversity):
        """Return the table of k of the candidates: the first ones, or diverse ones."""
        if diversity:
            if self._unit is None:
                between = self._matrix[np.ix_(rows, rows)]
            else:
                between = self._unit[rows] @ self._unit[rows].T
            order = diverse(scores, between, k, diversity)
            rows, scores = rows[order], scores[order]
        found = self.table.iloc[rows].reset_index(names="key")
        found.insert(0, "rank", np.arange(1, len(rows) + 1))
        found.insert(2, "score", scores)
        return found


def _n_candidates(k, diversity):
    """Return how many of the nearest to choose from: k without diversity, else 100, or 3 k.

    An item beyond those would be chosen only because it is different.
    """
    check_k(k)
    checked_number("diversity", diversity, 0, 1)
    return max(_CANDIDATES, 3 * k) if diversity else k


def diverse(scores, between, k, diversity):
    """Choose k candidates one by one, by maximal marginal relevance.

    The nearest comes first. Then always the one whose ``(1 - diversity) * score - diversity *
    (highest score with one already chosen)`` is highest, ties by lower index.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Of the candidates with the query, highest first.
    between : ndarray of shape (n, n)
        Of the candidates with each other.
    k : int
        At least 1; fewer are chosen where there are fewer candidates.
    diversity : float
        0 gives the candidates' own order; 1 looks only at what was chosen before.

    Returns
    -------
    ndarray of shape (up to k,), int64
        Positions of the chosen candidates, in the order they were chosen.

    References
    ----------
    Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
    and Producing Summaries", SIGIR 1998, doi:10.1145/290941.291025; lambda there is
    1 - diversity here.

    Examples
    --------
    Candidates 0 and 1 are twins, so half-way to diversity the third is shown before the second:

    >>> import numpy as np
    >>> between = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    >>> diverse(np.array([0.9, 0.9, 0.8]), between, k=3, diversity=0.5)
    array([0, 2, 1])
    """
    chosen = []
    left = np.ones(len(scores), bool)
    alike = np.full(len(scores), -np.inf)
    while len(chosen) < k and left.any():
        gain = (1 - diversity) * scores - diversity * alike if chosen else scores
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(best)
        left[best] = False
        alike = np.maximum(alike, between[best])
    return np.array(chosen, np.int64)
