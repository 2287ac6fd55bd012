"""Keep what a browsing session knows: the query, the filters, and the queries before.

In: a `SimilarityPredictor`, and a person's choices, one method each. Out: the neighbours to show.
No widget is needed; the widgets of `zapsim.widgets.browser` only mirror this. `MAX_K` neighbours
are looked up at once, before anything is changed. The edge rule: a choice that cannot be carried
out raises, and leaves everything as it was.
"""

import random
from dataclasses import dataclass
from functools import cached_property
from unicodedata import normalize

import numpy as np

from zapsim.checks import check_k, check_key, check_predictor
from zapsim.draw.html import csv_text, html_page, html_table
from zapsim.io.pictures import fit_square, load_picture
from zapsim.keys import clean_key, known_key

__all__ = ["MAX_K", "BrowserState", "OwnPicture"]

MAX_K = 24
_HISTORY = 200
_MATCHES = 12
# A column with one value filters nothing, and nobody can choose from a list of thousands.
_FEWEST, _MOST = 2, 2_000
# A phone's photo is 100 MB in memory; the history keeps it only as large as it is shown.
_OWN_SIZE = 480


@dataclass(eq=False)
class OwnPicture:
    """A query that is not in the catalogue: its name, its RGB picture, small, its features."""

    name: str
    picture: np.ndarray
    features: np.ndarray


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

    Attributes
    ----------
    query : str or OwnPicture
    k : int
    where : dict of str to str
        Filters: column -> value.
    hide_colourways : bool

    Raises
    ------
    KeyError, ValueError
        If there is no such key, or k is out of range.
    """

    def __init__(self, predictor, query=None, k=8, seed=None):
        check_predictor(predictor)
        self.predictor, self.catalogue = predictor, predictor.catalogue
        self.where, self.hide_colourways = {}, False
        self._random = random.Random(seed)
        self._history, self._position = [], -1
        self.set_k(k)
        if query is None:
            self.surprise()
        else:
            self.show(query)

    # --- the query and the way to it ---------------------------------------------------------

    @property
    def query(self):
        """The item or picture whose neighbours are shown: a key or an `OwnPicture`."""
        return self._history[self._position]

    @property
    def name(self):
        """The query's name for people, not escaped."""
        own = isinstance(self.query, OwnPicture)
        return self.query.name if own else self.catalogue.caption(self.query)

    @property
    def can_go_back(self):
        """Whether there is an earlier query."""
        return self._position > 0

    @property
    def can_go_forward(self):
        """Whether there is a later query to return to."""
        return self._position + 1 < len(self._history)

    def show(self, query):
        """Make a key or an `OwnPicture` the query; what was ahead in the history is forgotten."""
        if not isinstance(query, OwnPicture):
            check_key(query)
            query = known_key(query, self.predictor.table.index)
        if self._history and query == self.query:
            return
        self._look_up(query)
        self._history[self._position + 1 :] = [query]
        del self._history[:-_HISTORY]
        self._position = len(self._history) - 1

    def back(self):
        """Return to the query before, if there is one."""
        if self.can_go_back:
            self._move(-1)

    def forward(self):
        """Return to the query after, if there is one."""
        if self.can_go_forward:
            self._move(1)

    def _move(self, steps):
        self._look_up(self._history[self._position + steps])
        self._position += steps

    def surprise(self):
        """Make an item that matches the filters the query, drawn at random."""
        keys = self.predictor.matching(self.where)
        if not len(keys):
            raise ValueError("No item matches these filters. Take one away.")
        drawn = (keys[i] for i in self._random.sample(range(len(keys)), min(2, len(keys))))
        current = self.query if self._history else None
        self.show(next((key for key in drawn if key != current), current))

    def show_own(self, data, name="your picture"):
        """Make a picture (whatever `zapsim.load_picture` reads) the query, under a name.

        It is extracted once, then kept in the history. PictureError if it cannot be read,
        ValueError if the predictor was made from a matrix, or from features of unknown origin.
        """
        picture = load_picture(data, name)
        features = self.predictor.features_of(picture)
        if max(picture.shape) > _OWN_SIZE:
            picture = fit_square(picture, _OWN_SIZE)
        self.show(OwnPicture(name, picture, features))

    # --- what is shown -----------------------------------------------------------------------

    def set_k(self, k):
        """Set how many neighbours are shown, from 1 to `MAX_K`."""
        check_k(k)
        if k > MAX_K:
            raise ValueError(f"k must be at most {MAX_K}, the number of cards. Received: k={k}")
        self.k = k

    def set_filter(self, column, value):
        """Keep to items with this value in a column; None or "" takes the filter away."""
        where = {name: kept for name, kept in self.where.items() if name != column}
        if value not in (None, ""):
            where[column] = value
        self._look_up(self.query, where)

    def clear_filters(self):
        """Take all filters away."""
        self._look_up(self.query, {})

    def set_hide_colourways(self, hide):
        """Leave out other colourways of the query's product, or let them in."""
        self._look_up(self.query, hide=hide)

    def neighbours(self):
        """Return up to `k` neighbours of the query, as `SimilarityPredictor.similar` does."""
        return self._found.head(self.k)

    def _look_up(self, query, where=None, hide=None):
        """Find the neighbours of a query, and only then keep the choices that were made."""
        where = self.where if where is None else where
        hide = self.hide_colourways if hide is None else hide
        # All MAX_K at once, so that another k costs nothing.
        if isinstance(query, OwnPicture):
            self._found = self.predictor.similar_to(query.features, MAX_K, where)
        else:
            self._found = self.predictor.similar(query, MAX_K, where, hide)
        self.where, self.hide_colourways = where, hide

    def filters(self):
        """List what can be filtered by: dict of column to (dict of value to number of items)."""
        choices, identifiers = {}, self.catalogue.identifiers
        for column in self.predictor.table:
            if column not in identifiers:
                values = self.predictor.values_of(column)
                if _FEWEST <= len(values) <= _MOST:
                    choices[column] = values
        return choices

    def search(self, text):
        """Return up to a dozen names or keys that contain a text, as a dict of them to keys."""
        text = _composed(text)
        found = {}
        for key, label, key_text, label_text in self._names if text else ():
            if text in label_text and label not in found:
                found[label] = key
            elif text in key_text:
                found[key] = key
            if len(found) == _MATCHES:
                break
        return found

    def find(self, text):
        """Return the key of the item that is called exactly so, or None; case does not matter."""
        text = _composed(text)
        return self._keys_by_name.get(text, self._keys_by_name.get(clean_key(text)))

    @cached_property
    def _names(self):
        # Plain lists: walking through a pandas column of strings takes much longer.
        keys = self.predictor.table.index
        named = zip(keys.tolist(), self.catalogue.captions.loc[keys].tolist(), strict=True)
        return [(key, label, key.lower(), label.lower()) for key, label in named]

    @cached_property
    def _keys_by_name(self):
        # Of two items of one name, the first.
        by_name = {label_text: key for key, _, _, label_text in reversed(self._names)}
        return by_name | {key_text: key for key, _, key_text, _ in self._names}

    # --- exporting it ------------------------------------------------------------------------

    def picture(self):
        """Return the query's picture (RGB), or None where it cannot be read."""
        own = isinstance(self.query, OwnPicture)
        return self.query.picture if own else self.catalogue.picture_or_none(self.query)

    def facts(self):
        """Return what is known about the query: dict of column to value."""
        if isinstance(self.query, OwnPicture):
            return {"Picture": "your own"}
        row = self.catalogue.table.loc[self.query].dropna()
        return {name: value for name, value in row.items() if name not in ("CID", "Colourway")}

    def html(self):
        """Write what is shown as an HTML page with pictures and alternative texts (str)."""
        shown = self.predictor.with_pictures(self.neighbours())
        title = "You may also like…"
        return html_page(title, html_table((self.picture(), self.name), shown, title))

    def csv(self):
        """Write what is shown as CSV (str) without any formula that a spreadsheet would run."""
        return csv_text(self.neighbours())


def _composed(text):
    # On a Mac, a text that is pasted from a file's name has its accents apart.
    return normalize("NFC", text.strip().lower())
