"""Recommend: given a query, the most similar other items, as a table, a figure or HTML.

In: a `Catalogue`, and its features or its similarity matrix. Out: neighbours, nearest first,
ties by lower index, the query itself left out. A matrix's scores are taken as they are: those of
identical items may differ in their last digits, and then do not tie. The edge rule: where fewer
neighbours exist than were asked for, those that exist are returned, and plots and HTML say so.
"""

import warnings
from functools import cached_property
from numbers import Real
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from zapsim.checks import (
    check_catalogue,
    check_frame,
    check_key,
    check_list,
    check_picture,
    check_query,
    check_table,
    checked_spelling,
    checked_values,
    checked_vector,
    is_picture,
    received,
)
from zapsim.draw.html import html_table, shown, with_pictures
from zapsim.find.finder import Finder, Options
from zapsim.find.narrowing import Narrowed
from zapsim.find.parts import grid_of
from zapsim.find.spaces import Scores, Vectors
from zapsim.io.pictures import load_picture
from zapsim.io.squares import SHOWN_SIDE, shrink
from zapsim.keys import known_key, quoted
from zapsim.similarity import unit_vectors

__all__ = ["SimilarityPredictor"]

# Near 1, float16 has steps of this size; in float32, products of vectors of length 1 are much
# closer to 1.
_ROUNDING = 1e-3
# So many rows of a matrix are compared with its columns at once.
_BLOCK = 256
# An item's picture of half its size still scores 0.97 with it; unlike items score 0.8, and less
# once their mean is taken off.
_SAME = 0.95


class SimilarityPredictor(Narrowed):
    """Find, show and explain the neighbours of an item or of a picture.

    Parameters
    ----------
    catalogue : Catalogue
    features : pandas.DataFrame
        Features (n_items, n_features) indexed by key, zapsim's or your own, or a similarity matrix
        (n_items, n_items) with keys on both axes, symmetric, of scores from -1 to 1, and 1 on its
        diagonal, or 0 in all the row of an item without direction. Items of the catalogue that it
        lacks are not recommended. Only from features do identical items always tie, as in
        `zapsim.top_k`.
    extractor : VGG16Extractor, optional
        What `similar_to` runs new pictures through: anything with ``.extract(picture)``, which
        returns a vector (n_features,). By default one is made, when needed, from the settings
        that the features carry. Before the first picture, it is tried on up to three items.

    Raises
    ------
    ValueError
        If no key of the features is in the catalogue, they hold NaN or infinity, a matrix is not
        as above, or another extractor made them.

    Examples
    --------
    >>> import zapsim
    >>> predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())
    >>> boot = "Boots/Ankle/Bellweather/1913768.14.jpg"
    >>> list(predictor.similar(boot, k=3, hide_colourways=True)["SubCategory"])
    ['Ankle', 'Ankle', 'Ankle']
    >>> list(predictor.similar(boot, k=2, where={"Category": "Sandals"})["Category"])
    ['Sandals', 'Sandals']
    """

    def __init__(self, catalogue, features, extractor=None):
        check_catalogue(catalogue)
        check_frame(features)
        if not len(features):
            raise ValueError("features are empty: there is nothing to recommend.")
        # Keys are pictures' paths, and no feature is named by one: a part of a matrix is told, too.
        is_matrix = features.columns.isin(features.index).any()
        if not is_matrix:
            features = checked_spelling(features, catalogue.keys)
        else:
            across = checked_spelling(features.T, catalogue.keys).T
            features = checked_spelling(across, catalogue.keys)
        settings = features.attrs.get("extractor")
        known = self._set_up(catalogue, features.index, extractor, settings)
        self._matrix = self._unit = None
        if not is_matrix:
            self._unit = unit_vectors(features if known.all() else features[known])
            self._columns = features.columns
            return
        if len(features.columns) != len(features) or set(features.columns) != set(features.index):
            raise ValueError(
                f"A similarity matrix must have the same keys on both axes. Received: "
                f"{features.shape[0]:,} rows and {features.shape[1]:,} columns of other keys."
            )
        self._matrix = _scores(features.loc[known, self.table.index])

    def _set_up(self, catalogue, keys, extractor, settings):
        """Keep all but the vectors; tell which of their keys the catalogue knows, (n_items,)."""
        made = hasattr(extractor, "extract") and not isinstance(extractor, type)
        if extractor is not None and not made:
            raise TypeError(
                "extractor must be what made the features, such as zapsim.VGG16Extractor(). "
                f"Received: {received(extractor)}"
            )
        known = keys.isin(catalogue.keys)
        if not known.any():
            raise ValueError(
                f"None of the features' {len(keys):,} keys is in the catalogue: they start "
                f"with {keys[0]!r}, the catalogue with {catalogue.keys[0]!r}. Were they "
                "made from another folder? Vectors that are named otherwise, such as by file name, "
                "are matched by zapsim.load_vectors(…, catalogue=catalogue)."
            )
        if not known.all():
            warnings.warn(
                f"{(~known).sum():,} of {len(keys):,} features belong to no item of the "
                "catalogue and are left out.",
                stacklevel=3,
            )
        # An extractor of one's own need not say how it works.
        theirs = getattr(extractor, "settings", None)
        if theirs and settings and theirs != settings:
            raise ValueError(
                f"The features were made by another extractor ({settings}) than the one "
                f"given ({theirs}). Leave it out: the right one is made when needed."
            )
        self.catalogue, self.extractor, self._settings = catalogue, extractor, settings
        self._proved = False
        self.table = catalogue.table.loc[keys[known]]
        self._rows = {key: row for row, key in enumerate(self.table.index)}
        return known

    def __repr__(self):
        kind = "a similarity matrix" if self._unit is None else f"{self._unit.shape[1]:,} features"
        return f"SimilarityPredictor of {len(self.table):,} items, by {kind}"

    def similar(
        self,
        key,
        k=5,
        where=None,
        hide_colourways=False,
        diversity=0.0,
        *,
        unlike=(),
        part=None,
        hide_duplicates=None,
    ):
        """Find the items nearest to one, or to several at once.

        Parameters
        ----------
        key : str, or list
            An item's key; or a list of what is liked: keys, and pictures of your own that are no
            paths (bytes, Pillow images, arrays) or their features, arrays (n_features,).
        k : int
            At least 1. Where the filters leave fewer, all of those are returned.
        where : dict, optional
            Filters: column of the catalogue -> value, or list of values of which one must match.
            In cells of several values (joined by ``;``) one match is enough.
        hide_colourways : bool
            Leave out the other colourways of the products asked for, liked or not.
        diversity : float
            0 shows the nearest. The closer to 1, the more the items differ that are chosen from
            the nearest 100 (or 3 k); see ``zapsim.find.diversity.diverse``.
        unlike : str, or list
            What the neighbours should rather not be like, as in `key`. The query is then the mean
            of the liked vectors of length 1, less a quarter of the mean of the unliked.
        part : (int, int), str, or list of those, optional
            The cells of the grid that count, ``(row, column)`` from the upper left, from 0, or
            by name: "upper left", "lower right", "top", "left" and so on. Scores are then those of
            these cells' features alone.
        hide_duplicates : pandas.DataFrame, pandas.Series or dict, optional
            Which items are near duplicates: a group for each key, or columns ``key`` and
            ``group``. Of a group, only the first in the table's order is found, and none of a
            group asked for.

        Returns
        -------
        pandas.DataFrame
            Nearest first, or with diversity in the order they were chosen: ``rank`` (from 1),
            ``key``, ``score`` (cosine similarity to the query, float32, in [-1, 1]), then the
            catalogue's columns. What was asked for is left out, liked or not.

        Raises
        ------
        KeyError
            If there is no such key (the closest are offered) or no such column.
        ValueError
            If k is less than 1, diversity is not from 0 to 1, a filter's value occurs nowhere
            in its column, an item is asked for twice, or examples cancel each other out; if a
            part lies outside of the grid, or the features have none.
        """
        options = Options(k, where, hide_colourways, diversity, part, hide_duplicates)
        if not _are_several(key):
            check_key(key)
        return self._found(key, unlike, options)

    def similar_to(
        self,
        picture,
        k=5,
        where=None,
        diversity=0.0,
        *,
        hide_colourways=False,
        unlike=(),
        part=None,
        hide_duplicates=None,
    ):
        """Find the items nearest to a picture of your own, or to several at once.

        Parameters
        ----------
        picture : path, bytes, PIL.Image.Image or ndarray, or list of those
            Whatever `zapsim.load_picture` reads; it takes the same path as the catalogue's. Or a
            vector (n_features,) of the space that the features are in, as an array, list, tensor or
            Series (by the features' columns, if it names them): what `features_of` returned, or
            what a model such as CLIP makes of a text. One of zeros has no direction: all its scores
            are 0.
        k, where, diversity, hide_colourways, unlike, part, hide_duplicates
            As in `similar`; texts in `unlike` are keys.

        Returns
        -------
        pandas.DataFrame
            As `similar` returns.

        Raises
        ------
        PictureError
            If a picture cannot be read.
        ValueError
            As in `similar`; if this predictor was made from a matrix; if it is given a picture,
            but no extractor, and the features do not say how they were made; if the extractor
            makes other vectors of the items' own pictures than the features are; or if a vector
            has another length, or holds NaN or infinity.
        TypeError
            If it is neither a picture nor a vector.
        """
        self._require_features()
        options = Options(k, where, hide_colourways, diversity, part, hide_duplicates)
        # A text is a key everywhere else.
        paths = [Path(each) if isinstance(each, str) else each for each in _listed(picture)]
        return self._found(paths, unlike, options)

    def features_of(self, picture):
        """Turn a picture into features (n_features,), float32; errors as in `similar_to`."""
        check_picture(picture)
        return self.get_extractor().extract(picture)

    def get_extractor(self):
        """Return the extractor that made the features; ValueError as in `similar_to`."""
        self._require_features()
        if self.extractor is None:
            if not self._settings:
                raise ValueError(
                    "These features do not say how they were made, so no picture can be compared "
                    f"with them. Give similar_to a vector of the same space, of "
                    f"{self._unit.shape[1]:,} numbers, or give the predictor what made them: "
                    "SimilarityPredictor(catalogue, features, extractor=…), anything with "
                    ".extract(picture)."
                )
            from zapsim.features import VGG16Extractor

            self.extractor = VGG16Extractor.from_settings(self._settings)
        if not self._proved:
            self._prove()
            self._proved = True
        return self.extractor

    def _prove(self):
        """Raise ValueError unless the extractor gives what the features are, of an item or more.

        pandas keeps what features say of their extractor, whatever is reckoned with them.
        """
        n_items, scores = len(self.table), []
        for row in sorted({0, n_items // 2, n_items - 1}):
            try:
                vector = self.extractor.extract(self.catalogue.read(self.table.index[row]))
            # A file that is gone proves nothing; one's own extractor may take no bytes.
            except Exception:
                continue
            vector = unit_vectors([checked_vector(vector, self._columns)])[0]
            own = self._unit[[row]][0]
            scores += [float(own @ vector)] if own.any() else []
            if scores and scores[-1] >= _SAME:
                return
        if scores:
            raise ValueError(
                "The features are not, or no longer, what this extractor makes: its vectors of the "
                f"items' own pictures score at most {max(scores):.2f} with them, where the same "
                "score 1. Was something done to the features, such as taking their mean away? Then "
                "do it to a picture's vector, too, and give similar_to that: "
                "changed(extractor.extract(picture))."
            )

    def mean_vector(self):
        """Return the mean of all items' vectors of length 1 (ndarray of shape (n_features,)).

        Its dot product with an item's vector of length 1 is the item's mean score with all.
        """
        self._require_features()
        return self._unit.mean(axis=0)

    @cached_property
    def grid(self):
        """The cells that `part` chooses from (zapsim.find.parts.Grid), or None."""
        if self._unit is None:
            return None
        names, n_features = self._columns, len(self._columns)
        # A choice of features, or another order, tells no longer which cell they are of.
        as_made = list(map(str, names)) == list(map(str, range(n_features)))
        return grid_of(self._settings, n_features) if as_made else None

    def plot(
        self,
        query,
        k=5,
        where=None,
        hide_colourways=False,
        columns=6,
        diversity=0.0,
        *,
        unlike=(),
        part=None,
        hide_duplicates=None,
    ):
        """Draw the query, framed, and its neighbours with rank, score and name.

        Parameters
        ----------
        query : str, or a picture, or list of those
            A key, or a picture of your own that is not a path given as text (bytes, Pillow image,
            array). All that is liked is drawn, and what is not below it.
        k, where, hide_colourways, diversity, unlike, part, hide_duplicates
            As in `similar`. The cells of a part are framed in the pictures asked for.
        columns : int
            Neighbours in a row, at least 1; more go into further rows.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from zapsim.draw.plots import plot_pictures

        options = Options(k, where, hide_colourways, diversity, part, hide_duplicates)
        queries, shown, note = self._ask(query, unlike, options)
        titled = [
            (picture, f"#{rank}   {score:.3f}\n{name}") for rank, score, picture, name in shown
        ]
        queries = [(picture, f"{role}\n{name}") for role, picture, name in queries]
        return plot_pictures(titled, columns, query=queries, note=note)

    def html(
        self,
        query,
        k=5,
        where=None,
        hide_colourways=False,
        diversity=0.0,
        *,
        unlike=(),
        part=None,
        hide_duplicates=None,
    ):
        """Show the query and its neighbours as an HTML table that needs nothing else.

        Pictures are inside, with alternative texts, so it can be saved, mailed and read aloud.

        Parameters
        ----------
        query, k, where, hide_colourways, diversity, unlike, part, hide_duplicates
            As in `plot`.

        Returns
        -------
        IPython.display.HTML
            Its text is in ``.data``.
        """
        options = Options(k, where, hide_colourways, diversity, part, hide_duplicates)
        queries, found, note = self._ask(query, unlike, options)
        return shown(html_table(queries, found, note or "You may also like…"))

    def page(self, path, k=50, title=None, filters=None, places=None):
        """Write a page to take away: the catalogue and its neighbours, to click through.

        It opens with a double click, in any browser, without Python or a network.

        Parameters
        ----------
        path : path
            One file if it ends in ``.html``, otherwise a folder, with an ``index.html`` and the
            thumbnails beside it. Take a folder above about 2,000 items: a large file opens slowly.
            It appears whole or not at all, and takes the place of an earlier page, but of nothing
            else. A folder must not be inside the catalogue's own: its thumbnails would be items.
        k : int
            So many neighbours of each item are in the page, with the scores that `similar` gives.
            Those beyond, which strict filters ask for, and those of several items at once are
            estimated, and marked as such, also in what the page saves.
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
            If the path is taken by something else than a page, or is a folder inside the
            catalogue's, k is less than 1, or an item has no place.
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

    def _ask(self, query, unlike, options):
        """Return what was asked for, neighbours with their pictures, and a note or None."""
        found, k = self._found(query, unlike, options), options.k
        cells = self._cells(options.part)
        roles = [("query", each) for each in _listed(query)]
        roles += [("less like", each) for each in _listed(unlike)]
        queries = [(role, *self._query(each, cells)) for role, each in roles]
        note = f"{k:,} neighbours were asked for, {len(found):,} exist with these filters."
        return queries, self.with_pictures(found), None if len(found) == k else note

    def _query(self, query, cells):
        """Return an example's picture, with its chosen cells framed, and its name."""
        if isinstance(query, str):
            picture, name = self.catalogue.picture_or_none(query), self.catalogue.caption(query)
        elif is_picture(query):
            picture = shrink(load_picture(query, least=SHOWN_SIDE), SHOWN_SIDE)
            name = "your picture"
        else:
            picture, name = None, "your vector"
        if cells and picture is not None:
            picture = self.grid.framed(picture, cells)
        return picture, name

    def row(self, key):
        """Return an item's position; KeyError, offering the closest keys, if there is none."""
        check_key(key)
        return self._rows[known_key(key, self.table.index)]

    def _require_features(self):
        if self._unit is None:
            raise ValueError(
                "A similarity matrix knows only its own items. Make the SimilarityPredictor from "
                "features to search with a new picture."
            )

    @cached_property
    def _finder(self):
        space = Scores(self._matrix) if self._unit is None else Vectors(self._unit)
        return Finder(self.table, space, self.grid)

    def _found(self, liked, unlike, options):
        """Return the table of neighbours; nothing is extracted before all else is checked."""
        cells, allowed = self._cells(options.part), self._filters.matching(options.where)
        examples, n_liked = self._examples(liked, unlike)
        rows, scores = self._finder.find(examples, n_liked, options, allowed, cells)
        found = self.table.iloc[rows].reset_index(names="key")
        found.insert(0, "rank", np.arange(1, len(rows) + 1))
        found.insert(2, "score", scores)
        return found

    def _examples(self, liked, unlike):
        """Return a row, or a vector of length 1, for each example, and how many are liked."""
        liked, unlike = _listed(liked), _listed(unlike)
        check_list("The list of what is liked", liked, "[key, another_key]")
        examples = [self._example(each) for each in (*liked, *unlike)]
        rows = [each for each in examples if np.ndim(each) == 0]
        if twice := [row for row in dict.fromkeys(rows) if rows.count(row) > 1]:
            raise ValueError(
                f"Each item can be asked for once only, liked or not. Received more than once: "
                f"{self.table.index[twice[0]]!r}"
            )
        return examples, len(liked)

    def _example(self, example):
        if isinstance(example, str):
            return self.row(example)
        if not (is_picture(example) or _may_be_vector(example)):
            check_query(example)
        self._require_features()
        vector = self.features_of(example) if is_picture(example) else example
        return unit_vectors([checked_vector(vector, self._columns)])[0]

    def _cells(self, part):
        if part is None:
            return None
        self._require_features()
        if self.grid is None:
            raise ValueError(
                "part needs features that are averages over a grid of cells, as "
                "zapsim.VGG16Extractor() makes. Those of fc1 and fc2, of zapsim.reduce and of "
                f"others, or a choice of them, have none. Received: part={received(part)}"
            )
        return self.grid.cells(part)


def _scores(matrix):
    """Return the scores of a similarity matrix, float32, in [-1, 1]; ValueError if unfit."""
    scores, keys = checked_values(matrix), matrix.index
    own = scores.diagonal()
    # An item without direction scores 0 with all, itself included.
    wrong = np.flatnonzero((np.abs(own - 1) > _ROUNDING) & ((own != 0) | scores.any(axis=1)))
    if len(wrong):
        # Of distances, the farthest would be taken for the nearest.
        instead = (
            "Of cosine distances, give 1 - distances. If they are similarities, put 1 there."
            if abs(own[wrong[0]]) <= _ROUNDING
            else "Of products of vectors, divide each by both lengths: lengths = "
            "np.sqrt(np.diag(matrix)); matrix / np.outer(lengths, lengths)."
        )
        raise ValueError(
            "A similarity matrix is 1 on its diagonal, where each item meets itself. Received: "
            f"{own[wrong[0]]:g} for {quoted(keys[wrong[0]])}. {instead}"
        )
    largest = max(scores.max(), -scores.min())
    if largest > 1 + _ROUNDING:
        raise ValueError(
            "The scores of a similarity matrix must be from -1 to 1, as cosine similarities are. "
            f"Received: {largest:g}, without its sign."
        )
    for start in range(0, len(scores), _BLOCK):
        rows = slice(start, start + _BLOCK)
        apart = np.abs(scores[rows] - scores[:, rows].T)
        row, column = np.unravel_index(apart.argmax(), apart.shape)
        if apart[row, column] > _ROUNDING:
            one, other = start + row, column
            raise ValueError(
                "A similarity matrix gives two items one score, whichever is asked for. Received: "
                f"{scores[one, other]:g} in the row of {quoted(keys[one])} for "
                f"{quoted(keys[other])}, and {scores[other, one]:g} in its own. Give the mean of "
                "both: (matrix + matrix.T) / 2."
            )
    return scores if largest <= 1 else np.clip(scores, -1, 1)


def _may_be_vector(example):
    return isinstance(example, (list, tuple, pd.Series)) or hasattr(example, "__array__")


def _are_several(examples):
    # An array is one picture or one vector, unless it is one of texts.
    flat = isinstance(examples, np.ndarray) and examples.ndim == 1
    texts = flat and pd.api.types.infer_dtype(examples) == "string"
    return texts or isinstance(examples, (list, tuple, pd.Index, pd.Series, ExtensionArray))


def _listed(examples):
    """Return several examples as a list: one alone may be a vector, and so be a list itself."""
    if not _are_several(examples):
        return [examples]
    numbers = len(examples) and all(
        isinstance(e, Real) and e is not True and e is not False for e in examples
    )
    return [examples] if numbers else list(examples)
