"""Browse a catalogue with widgets: a query, its neighbours as cards, search, filters, favourites.

In: a `SimilarityPredictor`. Out: a widget. Everything that a person can do is a method of
`zapsim.widgets.browser_state.BrowserState`; this module turns clicks into calls and shows the
results, as `zapsim.widgets.stateful` says.
"""

import time
from html import escape

import ipywidgets as widgets

from zapsim.draw.html import data_link, facts_html, gallery_html, with_pictures
from zapsim.io.squares import thumbnail
from zapsim.widgets.bridge import empty_upload, explain, uploaded
from zapsim.widgets.browser_state import MAX_K, BrowserState, OwnPicture
from zapsim.widgets.cards import Gallery, no_picture
from zapsim.widgets.export import csv_of, html_of
from zapsim.widgets.looks import UPLOAD_MB, row, wide
from zapsim.widgets.panels import Chips, FilterPanel, PartsPanel
from zapsim.widgets.search_box import SearchBox
from zapsim.widgets.sentences import asked, summary
from zapsim.widgets.stateful import StatefulWidget
from zapsim.widgets.steps import FAVOURITES

__all__ = ["Browser", "browse"]

_QUERY_SIZE = 220
# Seconds without a click after which somebody is looking at what is there.
_LOOKING = 1
_TOO_LARGE = (
    "A larger file may not arrive, without a word. Save it smaller first. If the button no longer "
    "answers, open the browser again."
)


def browse(predictor, query=None, k=8, filters=None):
    """Browse a catalogue: click a neighbour, and it becomes the query.

    Parameters
    ----------
    predictor : SimilarityPredictor
        Made from features, if you want to search with a picture of your own.
    query : str, optional
        The key to begin with; by default one is drawn at random.
    k : int
        How many neighbours to show at first; a slider changes it, up to 24.
    filters : list of str, optional
        Columns to filter by, such as ``["Category", "Brand"]``; by default those that divide the
        items best are offered, and others can be.

    Returns
    -------
    Browser
        It appears where it is the last line of a cell. ``.state.query`` is the query,
        ``.state.neighbours()`` what is shown, and ``.state.favourites.keys`` what was starred.

    Raises
    ------
    KeyError, ValueError
        If there is no such key or column, or k is not a whole number from 1 to 24.
    """
    return Browser(BrowserState(predictor, query, k, filters=filters))


class Browser(StatefulWidget):
    """The widgets around a `BrowserState`; made by `browse`."""

    _shows = BrowserState

    def __init__(self, state):
        super().__init__(state)
        self._readers.submit(self._read_words)

    def _read_words(self):
        """Do what the first search does before it finds anything, while nobody clicks."""
        # Of a million items, that takes seconds, and other threads get hardly a turn.
        while (rest := self._acted + _LOOKING - time.monotonic()) > 0:
            time.sleep(rest)
        self.state.predictor.search("")

    def __repr__(self):
        return f"Browser of {len(self.state.predictor.table):,} items"

    def _preview(self):
        state = self.state
        shown = with_pictures(state.catalogue, state.neighbours())
        return gallery_html((state.picture(), asked(state)), shown)

    def _make(self):
        state = self.state
        self.search = SearchBox(state, self._do)
        self.filters, self.chips = FilterPanel(state, self._do), Chips(state, self._do)
        self.parts = PartsPanel(state, self._do, _QUERY_SIZE) if state.grid_side else None
        self.hide_colourways = widgets.Checkbox(
            description="Hide other colourways", indent=False, layout=wide("auto")
        )
        self._control(self.hide_colourways, state.set_hide_colourways)
        limits = {"min": 1, "max": MAX_K}
        label = "Neighbours"
        self.k = self._slider(widgets.IntSlider, state.k, label, state.set_k, width=230, **limits)
        self.upload = self._make_upload("Search with my picture", "image/*", self._upload)
        self.load = self._make_upload("Load favourites", ".csv,text/csv", self._load)
        self.load.add_class("zapsim-load")
        top = [self.search.box, self.search.button, *self._make_buttons(), self.upload]
        self.gallery = self._make_gallery()
        hide = [self.hide_colourways] if state.has_colourways else []
        return [
            row(top),
            *([self.filters.box] if state.filters.columns else []),
            row([self.k, *hide, self.chips.box]),
            row([self.status, self.links, self.load]),
            self.gallery.row,
        ]

    def _make_buttons(self):
        state = self.state
        self.surprise, self.back, self.forward, self.favourites, self.export = (
            self._button(*texts_and_action)
            for texts_and_action in [
                ("Surprise me", "Show any item that matches the filters", state.surprise),
                ("← Back", "Return to the step before", state.back),
                ("Forward →", "Return to the step after", state.forward),
                ("★ 0", "Show the favourites, or the neighbours again", state.show_favourites),
                ("Export", "Save what is shown as HTML or CSV", self._export),
            ]
        )
        return [self.surprise, self.back, self.forward, self.favourites, self.export]

    def _make_upload(self, words, accept, action):
        words = f"{words}, up to {UPLOAD_MB} MB"
        upload = widgets.FileUpload(accept=accept, multiple=False, description=words)
        explain(upload, _TOO_LARGE)
        upload.layout.width = "auto"
        upload.add_class("zapsim-upload")
        return self._control(upload, action)

    def _make_gallery(self):
        state, do = self.state, self._do
        self.star = self._button("☆ Favourite", "", self._star_query)
        actions = {
            "Search like #": lambda key: do(state.show, key),
            "More like #": lambda key: do(state.more_like, key),
            "Less like #": lambda key: do(state.less_like, key),
            "Keep # as a favourite": lambda key: do(state.toggle_favourite, key),
        }
        beside = [self.star, *([self.parts.box] if self.parts else [])]
        return Gallery(MAX_K, _QUERY_SIZE, actions, beside)

    def _upload(self, value):
        name, data = uploaded(value)
        if self.state.predictor.extractor is None:
            self._say(f"Loading the network to look at {name}; the first time may take a while …")
        self.state.show_own(data, name)

    def _load(self, value):
        name, data = uploaded(value)
        return self.state.load_favourites(data, name)

    def _star_query(self):
        self.state.toggle_favourite(self.state.query)

    def _export(self):
        html, name = html_of(self.state), self.state.step.showing
        links = [data_link(f"{name}.html", "text/html", html)]
        links.append(data_link(f"{name}.csv", "text/csv", csv_of(self.state)))
        self.links.value = f"Save {' or '.join(links)}"

    def _show(self):
        state = self.state
        text = f"<b>{escape(state.name)}</b>{facts_html(state.facts())}"
        self.gallery.query.show(self._query_picture(), text)
        label = state.catalogue.caption
        self.gallery.show(state.neighbours(), label, self._thumbnails, self._marks)

    def _query_picture(self):
        state = self.state
        if not (isinstance(state.query, OwnPicture) or state.step.part):
            return self._thumbnail(state.query, _QUERY_SIZE)
        picture = state.picture()
        return no_picture(_QUERY_SIZE) if picture is None else thumbnail(picture, _QUERY_SIZE)

    def _marks(self, key):
        step = self.state.step
        baskets = ("info" if key in basket else "" for basket in (step.liked, step.unliked))
        return [*baskets, "warning" if key in self.state.favourites else ""]

    def _follow(self):
        state = self.state
        self.k.value, self.hide_colourways.value = state.k, state.hide_colourways
        for panel in filter(None, (self.filters, self.chips, self.parts, self.search)):
            panel.follow()
        self.back.disabled = not state.can_go_back
        self.forward.disabled = not state.can_go_forward
        self._follow_favourites()
        for upload in (self.upload, self.load):
            empty_upload(upload)

    def _follow_favourites(self):
        state = self.state
        listed, kept = state.step.showing == FAVOURITES, state.query in state.favourites
        self.favourites.description = f"★ {len(state.favourites)}"
        self.favourites.button_style = "warning" if listed else ""
        self.load.layout.display = "" if listed else "none"
        self.star.description = "★ Favourite" if kept else "☆ Favourite"
        self.star.tooltip = "No longer a favourite" if kept else "Keep it as a favourite"
        self.star.disabled = isinstance(state.query, OwnPicture)

    def _summary(self):
        return summary(self.state)
