"""Browse a catalogue with widgets: a query, its neighbours as cards, filters, search, history.

In: a `SimilarityPredictor`. Out: a widget. Everything that a person can do is a method of
`zapsim.widgets.browser_state.BrowserState`; this module turns clicks into calls and shows the
results, as `zapsim.widgets.cards` says.
"""

from html import escape

import ipywidgets as widgets

from zapsim.draw.html import data_link, facts_html, gallery_html, with_pictures
from zapsim.io.pictures import thumbnail
from zapsim.widgets.bridge import as_text, empty_upload, uploaded
from zapsim.widgets.browser_state import MAX_K, BrowserState, OwnPicture
from zapsim.widgets.cards import Gallery
from zapsim.widgets.looks import grid, row, wide
from zapsim.widgets.stateful import StatefulWidget

__all__ = ["Browser", "browse"]

_QUERY_SIZE = 240
# Not None: for a Dropdown that means that nothing is chosen, and it shows an empty line.
_ANY = ""


def browse(predictor, query=None, k=8):
    """Browse a catalogue: click a neighbour, and it becomes the query.

    Parameters
    ----------
    predictor : SimilarityPredictor
        Made from features, if you want to search with a picture of your own.
    query : str, optional
        The key to begin with; by default one is drawn at random.
    k : int
        How many neighbours to show at first; a slider changes it, up to 24.

    Returns
    -------
    Browser
        It appears where it is the last line of a cell. ``.state.query`` is the query, and
        ``.state.neighbours()`` what is shown.

    Raises
    ------
    KeyError, ValueError
        If there is no such key, or k is not a whole number from 1 to 24.
    """
    return Browser(BrowserState(predictor, query, k))


class Browser(StatefulWidget):
    """The widgets around a `BrowserState`; made by `browse`."""

    _shows = BrowserState

    def __repr__(self):
        return f"Browser of {len(self.state.predictor.table):,} items"

    def _preview(self):
        state = self.state
        shown = with_pictures(state.catalogue, state.neighbours())
        return gallery_html((state.picture(), state.name), shown)

    def _make(self):
        state = self.state
        placeholder = "Search: a brand, a kind, a number …"
        self.search = widgets.Combobox(placeholder=placeholder, layout=wide(300))
        self.upload = widgets.FileUpload(
            accept="image/*", multiple=False, description="Search with my picture"
        )
        self.upload.layout.width = "auto"
        self.upload.add_class("zapsim-upload")
        self.hide_colourways = widgets.Checkbox(
            description="Hide other colourways", indent=False, layout=wide("auto")
        )
        self._control(self.search, self._search)
        self._control(self.upload, self._upload)
        self._control(self.hide_colourways, state.set_hide_colourways)
        limits = {"min": 1, "max": MAX_K}
        self.k = self._slider(widgets.IntSlider, state.k, "Neighbours", state.set_k, **limits)
        self.surprise, self.back, self.forward, self.export, self.clear = (
            self._button(*texts_and_action)
            for texts_and_action in [
                ("Surprise me", "Show any item that matches the filters", state.surprise),
                ("← Back", "Return to the query before", state.back),
                ("Forward →", "Return to the query after", state.forward),
                ("Export", "Save what is shown as HTML or CSV", self._export),
                ("Clear filters", "Take all filters away", state.clear_filters),
            ]
        )
        self.filters = {
            column: self._make_filter(column, values) for column, values in state.filters().items()
        }
        filters = grid(list(self.filters.values()), 122, "4px 8px", margin="4px 2px")
        self.gallery = Gallery(
            MAX_K, _QUERY_SIZE, {"Search like #": lambda key: self._do(state.show, key)}
        )
        buttons = [self.surprise, self.back, self.forward, self.upload, self.export]
        return [
            row([self.search, *buttons]),
            *([filters] if self.filters else []),
            row([self.k, self.hide_colourways, *([self.clear] if self.filters else [])]),
            row([self.status, self.links]),
            self.gallery.row,
        ]

    def _make_filter(self, column, values):
        dropdown = widgets.Dropdown(
            options=[("any", _ANY), *((f"{v} ({n:,})", v) for v, n in values.items())],
            description=as_text(column),
            layout=wide("auto"),
        )
        dropdown.add_class("zapsim-filter")
        return self._control(dropdown, self.state.set_filter, column)

    def _search(self, text):
        if key := self.state.find(text):
            return self.state.show(key)
        found = self.state.search(text)
        self.search.options = [as_text(name) for name in found]
        return f"Nothing is called {text!r}." if text.strip() and not found else None

    def _upload(self, value):
        name, data = uploaded(value)
        if self.state.predictor.extractor is None:
            self._say(f"Loading the network to look at {name}; the first time may take a while …")
        self.state.show_own(data, name)

    def _export(self):
        html = data_link("neighbours.html", "text/html", self.state.html())
        csv = data_link("neighbours.csv", "text/csv", self.state.csv())
        self.links.value = f"Save {html} or {csv}"

    def _show(self):
        state, query = self.state, self.state.query
        own = isinstance(query, OwnPicture)
        picture = (
            thumbnail(query.picture, _QUERY_SIZE) if own else self._thumbnail(query, _QUERY_SIZE)
        )
        self.gallery.query.show(picture, f"<b>{escape(state.name)}</b>{facts_html(state.facts())}")
        self.gallery.show(state.neighbours(), state.catalogue.caption, self._thumbnails)

    def _follow(self):
        state = self.state
        self.k.value, self.hide_colourways.value = state.k, state.hide_colourways
        for column, dropdown in self.filters.items():
            dropdown.value = state.where.get(column, _ANY)
        if self.search.value and state.find(self.search.value) not in (None, state.query):
            self.search.value = ""
        self.back.disabled = not state.can_go_back
        self.forward.disabled = not state.can_go_forward
        self.clear.disabled = not state.where
        empty_upload(self.upload)

    def _summary(self):
        state = self.state
        shown = len(state.neighbours())
        if not shown and state.where:
            return "No item matches these filters. Take one away."
        if not shown and state.hide_colourways:
            return "There are only other colourways of this product, and they are hidden."
        if not shown:
            return "There is no other item."
        few = f" ({state.k} asked for; no more match the filters)" if shown < state.k else ""
        return f"{shown} {'neighbour' if shown == 1 else 'neighbours'} of {state.name}{few}"
