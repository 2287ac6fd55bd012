"""Keep what a browsing session knows: the query, the filters, the favourites, and the way so far.

In: a `SimilarityPredictor`, and a person's choices, one method each. Out: the items to show. No
widget is needed; the widgets of `zapsim.widgets.browser` only mirror this. `MAX_K` neighbours are
looked up at once, before anything is changed. The edge rule: a choice that cannot be carried out
raises, and leaves everything as it was.
"""

import random
from dataclasses import replace

import numpy as np

from zapsim.checks import (
    brief,
    check_flag,
    check_key,
    check_predictor,
    check_type,
    checked_seed,
    checked_whole,
)
from zapsim.io.pictures import load_picture
from zapsim.io.squares import fit_square
from zapsim.keys import known_key
from zapsim.widgets.favourites import Favourites
from zapsim.widgets.filter_state import FilterState
from zapsim.widgets.steps import FAVOURITES, MATCHES, NEIGHBOURS, OwnPicture, Step, Way

__all__ = ["MAX_K", "MOST_LETTERS", "BrowserState", "OwnPicture", "too_long"]

MAX_K = 24
# Of a text to search for.
MOST_LETTERS = 200
_LARGEST_BASKET = 12
# A phone's photo is 100 MB in memory; the way keeps it only as large as it is shown.
_OWN_SIZE = 480


class BrowserState:
    """One person's way through a catalogue.

    Parameters
    ----------
    predictor : SimilarityPredictor
    query : str, optional
        The key to begin with; by default one is drawn at random.
    k : int
        Neighbours shown, from 1 to `MAX_K`.
    seed : int, optional
        Makes `surprise` repeatable.
    filters : list of str, optional
        Columns to filter by; by default those that divide the items, see
        `SimilarityPredictor.best_filters`.

    Attributes
    ----------
    step : Step
        What is asked for: the query, the basket, the part, and whether neighbours are shown.
    keys : list of str
        All that matches or is a favourite, where those are shown; else the neighbours.
    k : int
    filters : FilterState
    favourites : Favourites
    hide_colourways : bool

    Raises
    ------
    KeyError, ValueError
        If there is no such key or column, or k is out of range.
    """

    def __init__(self, predictor, query=None, k=8, seed=None, filters=None):
        check_predictor(predictor)
        self.predictor, self.catalogue = predictor, predictor.catalogue
        self.filters = FilterState(predictor, filters)
        self.favourites = Favourites(predictor.table.index)
        self.hide_colourways = False
        self._random = random.Random(None if seed is None else checked_seed(seed))
        self._way = Way()
        self.set_k(k)
        if query is None:
            self.surprise()
        else:
            self.show(query)

    # --- the way -----------------------------------------------------------------------------

    @property
    def step(self):
        """What is asked for now."""
        return self._way.now

    @property
    def query(self):
        """The item or picture whose neighbours are shown: a key or an `OwnPicture`."""
        return self.step.query

    @property
    def name(self):
        """The query's name for people, not escaped."""
        own = isinstance(self.query, OwnPicture)
        return self.query.name if own else self.catalogue.caption(self.query)

    @property
    def grid_side(self):
        """How many rows of cells a picture has, and columns; 0 where the features have no grid."""
        return self.predictor.grid.side if self.predictor.grid else 0

    @property
    def has_colourways(self):
        """Whether any product has more than one item: only then can colourways be hidden."""
        table = self.predictor.table
        return "Product" in table and bool(table["Product"].dropna().duplicated().any())

    @property
    def can_go_back(self):
        """Whether there is an earlier step."""
        return self._way.ahead(-1) is not None

    @property
    def can_go_forward(self):
        """Whether there is a later step to return to."""
        return self._way.ahead(1) is not None

    def back(self):
        """Return to the step before, if there is one."""
        self._move(-1)

    def forward(self):
        """Return to the step after, if there is one."""
        self._move(1)

    def _move(self, steps):
        if step := self._way.ahead(steps):
            self._look_up(step)
            self._way.move(steps)

    def _go(self, step, instead=False):
        if step != self.step:
            self._look_up(step)
            self._way.go_on(step, instead)

    # --- the query -----------------------------------------------------------------------------

    def show(self, query):
        """Make a key or an `OwnPicture` the query: alone, all of its picture counts."""
        if not isinstance(query, OwnPicture):
            query = self._known(query)
        self._go(Step(query))

    def surprise(self):
        """Make an item that matches the filters the query, drawn at random."""
        keys = self.predictor.matching(self.filters.where)
        if not len(keys):
            raise ValueError("No item matches these filters. Take one away.")
        drawn = (keys[i] for i in self._random.sample(range(len(keys)), min(2, len(keys))))
        current = self.query if self.step else None
        self.show(next((key for key in drawn if key != current), current))

    def show_own(self, data, name="your picture"):
        """Make a picture (whatever `zapsim.load_picture` reads) the query, under a name.

        It is extracted once, then kept in the way. PictureError if it cannot be read, ValueError if
        the predictor was made from a matrix, or from features of unknown origin.
        """
        check_type(name, str, "name must be a text.")
        picture = load_picture(data, name, least=2 * _OWN_SIZE)
        # The file itself: read as the catalogue's are, however large it is.
        features = self.predictor.features_of(data)
        if max(picture.shape) > _OWN_SIZE:
            picture = fit_square(picture, _OWN_SIZE)
        self.show(OwnPicture(brief(name), picture, features))

    def more_like(self, key):
        """Put an item into the basket to be liked as the query is; take it out if it was so."""
        self._weigh(key, True)

    def less_like(self, key):
        """Put an item into the basket as one that is not liked; take it out if it was so."""
        self._weigh(key, False)

    def _known(self, key):
        check_key(key)
        return known_key(key, self.predictor.table.index)

    def _weigh(self, key, liked):
        key = self._known(key)
        if key == self.query:
            raise ValueError("This is the query already: what is shown is like it.")
        step = self.step.weigh(key, liked)
        if len(step.liked) + len(step.unliked) > _LARGEST_BASKET:
            raise ValueError(f"The basket is full: it holds {_LARGEST_BASKET}. Take one out.")
        self._go(step)

    def toggle_cell(self, cell):
        """Let a cell (row, column) of the query's picture count, or no longer.

        Where none does, all of the picture counts.
        """
        grid = self.predictor.grid
        # Without a grid, any cell is refused when its neighbours are looked up.
        cells = grid.cells(cell) if grid else ((0, 0),)
        part = tuple(sorted({*self.step.part}.symmetric_difference(cells)))
        self._go(self.step.neighbours(part=part))

    # --- lists ---------------------------------------------------------------------------------

    def search(self, text):
        """Show what matches a text; while matches are shown, another text takes their place."""
        check_type(text, str, "text must be what to search for, such as 'boots women'.")
        if not text.strip():
            raise ValueError("Type what to search for: a brand, a kind, a number …")
        if len(text) > MOST_LETTERS:
            raise ValueError(too_long(text))
        instead = self.step.showing == MATCHES
        self._go(replace(self.step, showing=MATCHES, text=text.strip()), instead)

    def show_favourites(self):
        """Show the favourites, or the neighbours again where those are shown."""
        if self.step.showing == FAVOURITES:
            self.close_list()
        else:
            self._go(replace(self.step, showing=FAVOURITES, text=""))

    def close_list(self):
        """Show the query's neighbours again."""
        step = self.step.neighbours()
        if self._way.ahead(-1) == step:
            self.back()
        else:
            self._go(step)

    def toggle_favourite(self, key):
        """Star an item, or take its star away."""
        self.favourites.toggle(key)
        if self.step.showing == FAVOURITES:
            self._look_up()

    def load_favourites(self, data, name="the file"):
        """Add the favourites of an exported CSV file (bytes), show all, and say how many (str)."""
        check_type(data, (bytes, bytearray), "data must be a file's bytes.")
        said = self.favourites.load(data, name)
        if self.step.showing == FAVOURITES:
            self._look_up()
        else:
            self.show_favourites()
        return said

    # --- what is shown -------------------------------------------------------------------------

    @property
    def where(self):
        """The filters (dict of column to list of values)."""
        return self.filters.where

    def set_k(self, k):
        """Set how many neighbours are shown, from 1 to `MAX_K`."""
        k = checked_whole("k", k)
        if k > MAX_K:
            raise ValueError(f"k must be at most {MAX_K}, the number of cards. Received: k={k}")
        self.k = k

    def set_filter(self, column, values):
        """Keep to items with a value, or one of a list, in a column; None or [] lifts it."""
        self._look_up(where=self.filters.with_values(column, values))

    def toggle_filter(self, column, value):
        """Let items with one more value of a column in, or no longer."""
        self._look_up(where=self.filters.toggled(column, value))

    def clear(self):
        """Take away all filters, empty the basket, and let all of the picture count."""
        step = replace(self.step, liked=(), unliked=(), part=())
        self._look_up(step, where={})
        if step != self.step:
            self._way.go_on(step)

    def set_hide_colourways(self, hide):
        """Leave out other colourways of the query's product, or let them in."""
        check_flag(hide, "hide_colourways")
        self._look_up(hide=hide)

    def neighbours(self):
        """Return what is shown, as `SimilarityPredictor.similar` does.

        Up to `k` neighbours of the query; or up to `MAX_K` matches or favourites, score NaN.
        """
        return self._found.head(self.k if self.step.showing == NEIGHBOURS else MAX_K)

    def table(self):
        """Return all of it, also what there are no cards for."""
        return self.neighbours() if self.step.showing == NEIGHBOURS else self._listed(self.keys)

    def _look_up(self, step=None, where=None, hide=None):
        """Find what to show, and only then keep the choices that were made."""
        step = self.step if step is None else step
        where = self.filters.where if where is None else where
        hide = self.hide_colourways if hide is None else hide
        if step.showing == NEIGHBOURS:
            # All MAX_K at once, so that another k costs nothing.
            found = self._neighbours_of(step, where, hide)
            keys = found["key"].tolist()
        else:
            keys = self._keys_of(step, where)
            found = self._listed(keys[:MAX_K])
        self._found, self.keys = found, keys
        self.filters.where, self.hide_colourways = where, hide

    def _neighbours_of(self, step, where, hide):
        own = isinstance(step.query, OwnPicture)
        liked = [step.query.features if own else step.query, *step.liked]
        options = {"unlike": list(step.unliked), "part": list(step.part) or None}
        return self.predictor.similar(liked, MAX_K, where, hide, **options)

    def _keys_of(self, step, where):
        if step.showing == MATCHES:
            return self.predictor.search(step.text, where).tolist()
        matching = self.predictor.matching(where)
        return [key for key in self.favourites.keys if key in matching]

    def _listed(self, keys):
        table = self.predictor.table.loc[keys].reset_index(names="key")
        table.insert(0, "rank", np.arange(1, len(keys) + 1))
        table.insert(2, "score", np.full(len(keys), np.nan, np.float32))
        return table

    def picture(self):
        """Return the query's picture (RGB), its part framed; None where it cannot be read."""
        own = isinstance(self.query, OwnPicture)
        picture = self.query.picture if own else self.catalogue.picture_or_none(self.query)
        framed = picture is not None and self.step.part
        return self.predictor.grid.framed(picture, self.step.part) if framed else picture

    def facts(self):
        """Return what is known about the query: dict of column to value."""
        if isinstance(self.query, OwnPicture):
            return {"Picture": "your own"}
        row = self.catalogue.table.loc[self.query].dropna()
        return {name: value for name, value in row.items() if name not in ("CID", "Colourway")}


def too_long(text):
    """Say that a text has too many letters to be searched for."""
    return f"Search for at most {MOST_LETTERS} letters. Received: {len(text):,}."
