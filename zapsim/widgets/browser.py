"""Browse a catalogue with widgets: a query, its neighbours as cards, filters, search, history.

In: a `SimilarityPredictor`. Out: a widget. Everything that a person can do is a method of
`zapsim.widgets.browser_state.BrowserState`; this module turns clicks into calls and shows the
results. It uses only what ipywidgets 7.7 and 8 have in common, so it is the same in JupyterLab,
Colab, VS Code and Voila. The edge rule: an error is shown in the status line, and nothing changes.
"""

from concurrent.futures import ThreadPoolExecutor
from html import escape

import ipywidgets as widgets

from zapsim.draw.html import csv_link, data_link, facts_html, gallery_html
from zapsim.io.pictures import thumbnail
from zapsim.widgets.base import (
    Gallery,
    StatefulWidget,
    as_text,
    button,
    empty_upload,
    no_picture,
    row,
    uploaded,
    wide,
)
from zapsim.widgets.browser_state import MAX_K, BrowserState

__all__ = ["Browser", "browse"]

_QUERY_SIZE = 240
_READERS = 4
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
    KeyError
        If there is no such key.
    TypeError
        If `predictor` is no SimilarityPredictor, or `query` no key.
    ValueError
        If k is not a whole number from 1 to 24.
    """
    return Browser(BrowserState(predictor, query, k))


class Browser(StatefulWidget):
    """The widgets around a `BrowserState`; made by `browse`.

    Parameters
    ----------
    state : BrowserState
    """

    _shows = BrowserState

    def __init__(self, state):
        self._shown = None
        self._readers = ThreadPoolExecutor(_READERS)
        super().__init__(state)

    def __repr__(self):
        return f"Browser of {len(self.state.predictor.table):,} items"

    def _preview(self):
        state = self.state
        shown = state.predictor.with_pictures(state.neighbours())
        return gallery_html((state.picture(), state.name), shown)

    # --- making, once ------------------------------------------------------------------------

    def _make(self):
        state = self.state
        self.search = widgets.Combobox(
            placeholder="Search: a brand, a kind, a number …", layout=wide(300)
        )
        self.surprise = button("Surprise me", "Show any item that matches the filters")
        self.back = button("← Back", "Return to the query before")
        self.forward = button("Forward →", "Return to the query after")
        self.upload = widgets.FileUpload(
            accept="image/*", multiple=False, description="Search with my picture"
        )
        self.upload.layout.width = "auto"
        self.upload.add_class("zapsim-upload")
        self.export = button("Export", "Save what is shown as HTML or CSV")
        self.k = widgets.IntSlider(
            state.k,
            min=1,
            max=MAX_K,
            description="Neighbours",
            style={"description_width": "auto"},
            layout=wide(300),
        )
        self.hide_colourways = widgets.Checkbox(
            state.hide_colourways,
            description="Hide other colourways",
            indent=False,
            layout=wide("auto"),
        )
        self.filters = {
            column: self._make_filter(column, values) for column, values in state.filters().items()
        }
        self.clear = button("Clear filters", "Take all filters away")
        self.links = widgets.HTML()
        self.gallery = Gallery(MAX_K, _QUERY_SIZE, lambda key: self._do(state.show, key))
        self._wire()
        return self._arranged()

    def _make_filter(self, column, values):
        dropdown = widgets.Dropdown(
            options=[("any", _ANY), *((f"{v} ({n:,})", v) for v, n in values.items())],
            description=as_text(column),
            layout=wide("auto"),
        )
        dropdown.add_class("zapsim-filter")
        dropdown.observe(
            lambda change: self._do(self.state.set_filter, column, change["new"] or None), "value"
        )
        return dropdown

    def _wire(self):
        state = self.state
        for control, action in [
            (self.surprise, state.surprise),
            (self.back, state.back),
            (self.forward, state.forward),
            (self.clear, state.clear_filters),
        ]:
            control.on_click(lambda _, action=action: self._do(action))
        self.export.on_click(lambda _: self._export())
        self.search.observe(self._on_search, "value")
        self.upload.observe(self._on_upload, "value")
        self.k.observe(lambda change: self._do(state.set_k, change["new"]), "value")
        self.hide_colourways.observe(
            lambda change: self._do(state.set_hide_colourways, change["new"]), "value"
        )

    def _arranged(self):
        filters = widgets.Box(list(self.filters.values()))
        filters.layout = widgets.Layout(
            display="grid",
            grid_template_columns="repeat(auto-fill, minmax(122px, 1fr))",
            grid_gap="4px 8px",
            margin="4px 2px",
        )
        buttons = [self.surprise, self.back, self.forward, self.upload, self.export]
        return [
            row([self.search, *buttons]),
            *([filters] if self.filters else []),
            row([self.k, self.hide_colourways, *([self.clear] if self.filters else [])]),
            row([self.status, self.links]),
            self.gallery.row,
        ]

    # --- what a person does ------------------------------------------------------------------

    def _on_search(self, change):
        if self._mirroring:
            return
        with self._guard():
            text = change["new"]
            if key := self.state.find(text):
                self._do(self.state.show, key)
                return
            found = self.state.search(text)
            self.search.options = [as_text(name) for name in found]
            if text.strip() and not found:
                self._say(f"Nothing is called {text!r}.")
            else:
                self._say(self._summary())

    def _on_upload(self, change):
        name, data = uploaded(change["new"])
        if data is None:
            return
        if self.state.predictor.extractor is None:
            self._say(f"Loading the network to look at {name}; the first time may take a while …")
        self._do(self.state.show_own, data, name)
        empty_upload(self.upload)

    def _export(self):
        with self._guard():
            html = data_link("neighbours.html", "text/html", self.state.html().encode())
            csv = csv_link("neighbours.csv", self.state.csv())
            self.links.value = f"Save {html} or {csv}"

    # --- showing it --------------------------------------------------------------------------

    def _show(self):
        state, gallery = self.state, self.gallery
        neighbours = state.neighbours()
        # In threads: on a network drive, each file takes a while.
        thumbnails = self._readers.map(self._thumbnail, neighbours["key"].tolist())
        if state.query is not self._shown:
            gallery.picture.value = self._query_thumbnail()
            gallery.text.value = (
                f'<div class="zapsim-text"><b>{escape(state.name)}</b>'
                f"{facts_html(state.facts())}</div>"
            )
            self._shown = state.query
        gallery.show(neighbours, state.catalogue.label, thumbnails)
        self.links.value = ""

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

    def _query_thumbnail(self):
        picture = self.state.picture()
        return no_picture(_QUERY_SIZE) if picture is None else thumbnail(picture, _QUERY_SIZE)

    def _summary(self):
        state = self.state
        shown = len(state.neighbours())
        if not shown:
            return "No item matches these filters. Take one away."
        few = f" ({state.k} asked for; no more match the filters)" if shown < state.k else ""
        return f"{shown} {'neighbour' if shown == 1 else 'neighbours'} of {state.name}{few}"
