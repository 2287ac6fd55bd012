"""Recommend: given a query, the most similar other items, as a table, a figure or HTML.

In: a `Catalogue`, and its features or its similarity matrix. Out: neighbours, nearest first,
ties by lower index, the query itself left out. The edge rule: where fewer neighbours exist than
were asked for, those that exist are returned, and plots and HTML say so.
"""

import base64
import warnings
from html import escape

import numpy as np
import pandas as pd

from zapsim.catalogue import unknown_key
from zapsim.pictures import load_picture, thumbnail
from zapsim.similarity import nearest, unit_vectors

__all__ = ["SimilarityPredictor"]


class SimilarityPredictor:
    """Find, show and explain the neighbours of an item or of a picture.

    Parameters
    ----------
    catalogue : Catalogue
    features : pandas.DataFrame
        Features (n_items, n_features) indexed by key, or a similarity matrix (n_items, n_items)
        with keys on both axes. Items of the catalogue that it lacks are not recommended.
    extractor : VGG16Extractor, optional
        What `similar_to` runs new pictures through. By default one is made, when needed, from
        the settings that the features carry.

    Raises
    ------
    ValueError
        If no key of the features is in the catalogue, or they hold NaN or infinity.
    """

    def __init__(self, catalogue, features, extractor=None):
        if not features.index.is_unique:
            twice = features.index[features.index.duplicated()][0]
            raise ValueError(f"The features hold a key more than once, such as {twice!r}.")
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
        self.catalogue = catalogue
        self.table = catalogue.table.loc[features.index[known]]
        self.extractor = extractor
        self._settings = features.attrs.get("extractor")
        self._rows = {key: row for row, key in enumerate(self.table.index)}
        self._matrix = self._unit = None
        if features.index.equals(features.columns):
            matrix = features if known.all() else features.loc[known, known]
            self._matrix = matrix.to_numpy(np.float32)
            if not np.isfinite(self._matrix).all():
                raise ValueError("The similarity matrix holds NaN or infinity. Compute it again.")
        else:
            self._unit = unit_vectors(features if known.all() else features[known])

    def similar(self, key, k=5, where=None, hide_colourways=False):
        """Find an item's nearest other items.

        Parameters
        ----------
        key : str
        k : int
            At least 1. Where the filters leave fewer, all of those are returned.
        where : dict, optional
            Filters: column of the catalogue -> value or list of values, any of which will do.
            In cells of several values (joined by ``;``) one match is enough.
        hide_colourways : bool
            Leave out the other colourways of the query's own product.

        Returns
        -------
        pandas.DataFrame
            Nearest first: ``rank`` (from 1), ``key``, ``score`` (cosine similarity, float32),
            then the catalogue's columns.

        Raises
        ------
        KeyError
            If there is no such key (the closest are offered) or no such column.
        ValueError
            If k is less than 1, or a filter's value occurs nowhere in its column.
        """
        row = self._row(key)
        allowed = self._allowed(where)
        allowed[row] = False
        if hide_colourways:
            product = self._product_column()[row]
            allowed &= self._product_column() != product if pd.notna(product) else True
        scores = self._matrix[row] if self._unit is None else self._unit @ self._unit[row]
        return self._neighbours(scores, allowed, k)

    def similar_to(self, picture, k=5, where=None):
        """Find the items nearest to a picture of your own.

        Parameters
        ----------
        picture : path, bytes, PIL.Image.Image or ndarray
            Whatever `zapsim.load_picture` reads; it takes the same path as the catalogue's.
        k, where
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
        if self._unit is None:
            raise ValueError(
                "A similarity matrix knows only its own items. Make the SimilarityPredictor from "
                "features to search with a new picture."
            )
        if self.extractor is None:
            from zapsim.features import VGG16Extractor

            self.extractor = VGG16Extractor.from_settings(self._settings or {})
        vector = np.atleast_2d(self.extractor.extract(load_picture(picture)))
        if vector.shape[1] != self._unit.shape[1]:
            raise ValueError(
                f"The extractor makes {vector.shape[1]:,} features, the catalogue's have "
                f"{self._unit.shape[1]:,}. Give the extractor that made them."
            )
        return self._neighbours(self._unit @ unit_vectors(vector)[0], self._allowed(where), k)

    def plot(self, query, k=5, where=None, hide_colourways=False, columns=6):
        """Draw the query, framed, and its neighbours with rank, score and name.

        Parameters
        ----------
        query : str, or a picture
            A key, or a picture of your own that is not a path (bytes, Pillow image, array).
        k, where, hide_colourways
            As in `similar`.
        columns : int
            Neighbours in a row; more go into further rows.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from zapsim.plots import plot_pictures

        shown, note = self._ask(query, k, where, hide_colourways)
        titled = [
            (self.catalogue.picture_or_none(item.key), f"#{item.rank}   {item.score:.3f}\n{name}")
            for item, name in shown
        ]
        return plot_pictures(titled, columns, query=self._query(query), note=note)

    def html(self, query, k=5, where=None, hide_colourways=False):
        """Show the query and its neighbours as an HTML table that needs nothing else.

        Pictures are inside, with alternative texts, so it can be saved, mailed and read aloud.

        Parameters
        ----------
        query, k, where, hide_colourways
            As in `plot`.

        Returns
        -------
        IPython.display.HTML
            Its text is in ``.data``.
        """
        from IPython.display import HTML

        shown, note = self._ask(query, k, where, hide_colourways)
        picture, name = self._query(query)
        rows = [_html_row("query", "", name, picture)]
        for item, name in shown:
            picture = self.catalogue.picture_or_none(item.key)
            rows.append(_html_row(f"#{item.rank}", f"{item.score:.3f}", name, picture))
        head = "".join(
            f'<th scope="col">{title}</th>' for title in ("rank", "picture", "score", "name")
        )
        return HTML(
            f"<table><caption>{escape(note or 'You may also like…')}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def _ask(self, query, k, where, hide_colourways):
        """Return [(neighbour, label), …], and a note or None."""
        if isinstance(query, str):
            found = self.similar(query, k, where, hide_colourways)
        else:
            found = self.similar_to(query, k, where)
        shown = [(item, self.catalogue.label(item.key)) for item in found.itertuples(index=False)]
        if len(shown) == k:
            return shown, None
        return shown, f"{k:,} neighbours were asked for, {len(shown):,} exist with these filters."

    def _query(self, query):
        if isinstance(query, str):
            return self.catalogue.picture_or_none(query), f"query\n{self.catalogue.label(query)}"
        return load_picture(query), "query\nyour picture"

    def _row(self, key):
        if key not in self._rows:
            raise KeyError(unknown_key(key, self.table.index))
        return self._rows[key]

    def _product_column(self):
        if "Product" in self.table:
            return self.table["Product"].to_numpy()
        return np.full(len(self.table), None)

    def _allowed(self, where):
        allowed = np.ones(len(self.table), bool)
        for column, wanted in (where or {}).items():
            if column not in self.table:
                names = ", ".join(self.table.columns) or "none"
                raise KeyError(f"No column {column!r} to filter by. The catalogue has: {names}.")
            wanted = {wanted} if isinstance(wanted, str) else set(wanted)
            cells = self.table[column].map(lambda cell: _values(cell))
            unknown = wanted - set().union(*cells)
            if unknown:
                offer = ", ".join(sorted(set().union(*cells))[:30])
                raise ValueError(f"No item has {column} {sorted(unknown)}. There are: {offer}.")
            allowed &= np.array([not wanted.isdisjoint(values) for values in cells], bool)
        return allowed

    def _neighbours(self, scores, allowed, k):
        scores = np.clip(scores, -1, 1)
        rows = nearest(np.where(allowed, scores, -np.inf), k)
        found = self.table.iloc[rows].reset_index(names="key")
        found.insert(0, "rank", np.arange(1, len(rows) + 1))
        found.insert(2, "score", scores[rows].astype(np.float32))
        return found


def _values(cell):
    return {value.strip() for value in cell.split(";")} if isinstance(cell, str) else set()


def _html_row(rank, score, name, picture):
    name = escape(name.replace("\n", ": "))
    if picture is None:
        image = "cannot be read"
    else:
        data = base64.b64encode(thumbnail(picture)).decode()
        image = f'<img alt="{name}" width="136" height="136" src="data:image/jpeg;base64,{data}">'
    return f"<tr><th scope='row'>{rank}</th><td>{image}</td><td>{score}</td><td>{name}</td></tr>"
