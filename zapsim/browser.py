"""Browse a catalogue with widgets: a query, its neighbours as cards, filters, search, history.

In: a `SimilarityPredictor`. Out: a widget. All that a person can do is a method of
`zapsim.browsing.BrowserState`; what stands here turns clicks into calls and shows what came of
them. It keeps to what ipywidgets 7.7 and 8 have in common, so it is the same in JupyterLab, Colab,
VS Code and Voila. The edge rule: an error is shown in the status line, and all stays as it was.
"""

from contextlib import contextmanager
from functools import lru_cache
from html import escape

import ipywidgets as widgets

from zapsim.browsing import MAX_K, BrowserState
from zapsim.markup import data_link, facts_html, gallery_html, score_html
from zapsim.pictures import PictureError, thumbnail

__all__ = ["Browser", "browse"]

_QUERY_SIZE = 240
_CARD_SIZE = 136
_THUMBNAILS = 2_000
_ANY = "any"
_STYLE = """<style>
.zapsim { max-width: 1180px; }
.zapsim .widget-button { overflow: hidden; text-overflow: ellipsis; }
.zapsim-card { border: 1px solid rgba(128, 128, 128, 0.35); border-radius: 8px; padding: 6px; }
.zapsim-card:focus-within { outline: 2px solid #0072B2; }
.zapsim-card img, .zapsim-query img { border-radius: 6px; background: white; }
.zapsim-query { border: 3px solid #0072B2; border-radius: 10px; padding: 8px; }
.zapsim-name { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical;
  overflow: hidden; overflow-wrap: anywhere; line-height: 1.3; height: 2.6em; }
</style>"""


def browse(predictor, query=None, k=8):
    """Browse a catalogue: click a neighbour, and it becomes the query.

    Parameters
    ----------
    predictor : SimilarityPredictor
        From features, if pictures of one's own are to be searched with.
    query : str, optional
        The key to begin with; by default one is drawn at random.
    k : int
        How many neighbours to show at first; a slider changes it, up to 24.

    Returns
    -------
    Browser
        Shown where it is the last line of a cell. ``.state.query`` is the query, and
        ``.state.neighbours()`` what is shown.

    Raises
    ------
    KeyError
        If there is no such key.
    """
    return Browser(BrowserState(predictor, query, k))


class Browser(widgets.VBox):
    """The widgets around a `BrowserState`; made by `browse`.

    Parameters
    ----------
    state : BrowserState
    """

    def __init__(self, state):
        self.state = state
        self._mirroring = False
        self._shown = None
        self._thumbnail = lru_cache(_THUMBNAILS)(self._make_thumbnail)
        self._make_controls()
        self._cards = [_Card(self._choose) for _ in range(MAX_K)]
        super().__init__(self._arranged())
        self.add_class("zapsim")
        self._refresh()

    def __repr__(self):
        return f"Browser of {len(self.state.predictor.table):,} items"

    def preview(self):
        """Return what is shown, frozen, for places where widgets don't run, such as GitHub.

        Returns
        -------
        IPython.display.HTML
        """
        from IPython.display import HTML

        state = self.state
        shown = state.predictor.with_pictures(state.neighbours())
        return HTML(gallery_html((state.picture(), state.name), shown))

    # --- making, once ------------------------------------------------------------------------

    def _make_controls(self):
        state = self.state
        self.search = widgets.Combobox(
            placeholder="Search: a brand, a kind, a number …", layout=_wide(330)
        )
        self.surprise = _button("Surprise me", "Show any item")
        self.back = _button("← Back", "Return to the query before")
        self.forward = _button("Forward →", "Return to the query after")
        self.k = widgets.IntSlider(
            state.k, min=1, max=MAX_K, description="Neighbours", layout=_wide(300)
        )
        self.hide_colourways = widgets.Checkbox(
            state.hide_colourways, description="Hide other colourways", indent=False
        )
        self.filters = {
            column: widgets.Dropdown(
                options=[(_ANY, None), *((f"{v} ({n:,})", v) for v, n in values.items())],
                description=column,
                layout=_wide(270),
            )
            for column, values in state.filters().items()
        }
        self.clear = _button("Clear filters", "Take all filters away")
        self.upload = widgets.FileUpload(
            accept="image/*", multiple=False, description="Search with my picture"
        )
        self.upload.layout.width = "auto"
        self.export = _button("Export", "Save what is shown as HTML or CSV")
        self.links = widgets.HTML()
        self.status = widgets.HTML()
        self._picture = widgets.Image(format="jpeg", width=_QUERY_SIZE, height=_QUERY_SIZE)
        self._facts = widgets.HTML(layout=_wide(_QUERY_SIZE))
        self._wire()

    def _wire(self):
        state = self.state
        for button, action in [
            (self.surprise, state.surprise),
            (self.back, state.back),
            (self.forward, state.forward),
            (self.clear, self._clear_filters),
        ]:
            button.on_click(lambda _, action=action: self._do(action))
        self.export.on_click(lambda _: self._export())
        self.search.observe(self._on_search, "value")
        self.upload.observe(self._on_upload, "value")
        self.k.observe(lambda change: self._do(state.set_k, change["new"]), "value")
        self.hide_colourways.observe(
            lambda change: self._do(state.set_hide_colourways, change["new"]), "value"
        )
        for column, dropdown in self.filters.items():
            dropdown.observe(
                lambda change, column=column: self._do(state.set_filter, column, change["new"]),
                "value",
            )

    def _arranged(self):
        query = widgets.VBox([self._picture, self._facts], layout=widgets.Layout(width="auto"))
        query.add_class("zapsim-query")
        cards = _row([card.box for card in self._cards])
        cards.layout.flex = "1 1 400px"
        together = _row([query, cards])
        together.layout.align_items = "flex-start"
        return [
            widgets.HTML(_STYLE),
            _row([self.search, self.surprise, self.back, self.forward]),
            _row([self.k, self.hide_colourways]),
            _row([*self.filters.values(), self.clear]),
            self.status,
            together,
            _row([self.upload, self.export, self.links]),
        ]

    # --- what a person does ------------------------------------------------------------------

    def _do(self, action, *arguments):
        """Carry out one action and show what came of it."""
        if not self._mirroring:
            with self._guard():
                action(*arguments)
                self.links.value = ""
                self._refresh()

    @contextmanager
    def _guard(self):
        """Say what went wrong: errors in callbacks vanish in JupyterLab and VS Code."""
        try:
            yield
        except Exception as error:
            self._say(_message(error), wrong=True)
            with self._mirror():
                self._mirror_choices()

    def _choose(self, key):
        self._do(self.state.show, key)

    def _on_search(self, change):
        found = self.state.search(change["new"])
        if change["new"] in found:
            self._do(self.state.show, found[change["new"]])
            self.search.value = ""
        else:
            self.search.options = list(found)
            if change["new"] and not found:
                self._say(f"Nothing is called {change['new']!r}.")

    def _on_upload(self, change):
        name, data = uploaded(change["new"])
        if data is None:
            return
        if self.state.predictor.extractor is None:
            self._say(f"Loading the network to look at {name}; the first time takes a while …")
        self._do(self.state.show_own, data, name)
        _empty(self.upload)

    def _clear_filters(self):
        for column in list(self.state.where):
            self.state.set_filter(column, None)

    def _export(self):
        with self._guard():
            html = data_link("neighbours.html", "text/html", self.state.html().encode())
            csv = data_link("neighbours.csv", "text/csv", self.state.csv().encode())
            self.links.value = f"Save {html} or {csv}"

    # --- showing it --------------------------------------------------------------------------

    def _refresh(self):
        state = self.state
        neighbours = state.neighbours()
        query = state.query
        if query is not self._shown:
            self._picture.value = self._query_thumbnail()
            self._facts.value = f"<b>{escape(state.name)}</b>{facts_html(state.facts())}"
            self._shown = query
        for card, neighbour in zip(self._cards, neighbours.itertuples(index=False), strict=False):
            name = state.catalogue.label(neighbour.key)
            card.show(neighbour, name, self._thumbnail(neighbour.key))
        for card in self._cards[len(neighbours) :]:
            card.hide()
        with self._mirror():
            self._mirror_choices()
        self._say(_summary(len(neighbours), state))

    def _mirror_choices(self):
        state = self.state
        self.k.value, self.hide_colourways.value = state.k, state.hide_colourways
        for column, dropdown in self.filters.items():
            dropdown.value = state.where.get(column)
        self.back.disabled = not state.can_go_back
        self.forward.disabled = not state.can_go_forward

    @contextmanager
    def _mirror(self):
        """Let widgets follow the state without taking that for a person's choice."""
        self._mirroring = True
        try:
            yield
        finally:
            self._mirroring = False

    def _query_thumbnail(self):
        picture = self.state.picture()
        return b"" if picture is None else thumbnail(picture, _QUERY_SIZE)

    def _make_thumbnail(self, key):
        try:
            return self.state.catalogue.thumbnail(key, _CARD_SIZE)
        except PictureError:
            return b""

    def _say(self, text, wrong=False):
        colour = "color: #B00020; font-weight: bold" if wrong else ""
        self.status.value = (
            f'<div role="status" aria-live="polite" style="{colour}">{escape(text)}</div>'
        )


class _Card:
    """One neighbour: picture, rank and score, name, and a button that makes it the query."""

    def __init__(self, choose):
        self.key = None
        self.image = widgets.Image(format="jpeg", width=_CARD_SIZE, height=_CARD_SIZE)
        self.text = widgets.HTML(layout=_wide(_CARD_SIZE))
        self.button = _button("", "")
        self.button.layout.width = f"{_CARD_SIZE}px"
        self.box = widgets.VBox([self.image, self.text, self.button])
        self.box.add_class("zapsim-card")
        self.box.layout.display = "none"
        self.button.on_click(lambda _: choose(self.key))

    def show(self, neighbour, name, picture):
        self.key = neighbour.key
        self.image.value = picture
        missing = "" if picture else "<i>cannot be read</i><br>"
        self.text.value = (
            f"{missing}<b>#{neighbour.rank}</b> &nbsp;{score_html(neighbour.score)}"
            f'<div class="zapsim-name" title="{escape(name)}">{escape(name)}</div>'
        )
        self.button.description = f"Search like #{neighbour.rank}"
        self.button.tooltip = f"Search like #{neighbour.rank}, {name}, {neighbour.score:.2f}"
        self.box.layout.display = None

    def hide(self):
        self.box.layout.display = "none"


def uploaded(value):
    """Return name and bytes of what a FileUpload holds, or ("", None).

    ipywidgets 7 gives a dict of name to content, ipywidgets 8 a tuple of dicts.
    """
    if not value:
        return "", None
    if isinstance(value, dict):
        name, file = next(iter(value.items()))
    else:
        file = value[0]
        name = file["name"]
    return name, bytes(file["content"])


def _empty(upload):
    """Forget what was uploaded, so that the same file can be chosen again."""
    if isinstance(upload.value, dict):
        upload.value.clear()
        upload._counter = 0
    else:
        upload.value = ()


def _summary(n_shown, state):
    if not n_shown:
        return "No item matches these filters. Take one away."
    few = f" ({state.k} asked for; no more match the filters)" if n_shown < state.k else ""
    plural = "neighbour" if n_shown == 1 else "neighbours"
    return f"{n_shown} {plural} of {state.name}{few}"


def _message(error):
    # KeyError's own text is the repr of its message.
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _button(description, tooltip):
    return widgets.Button(description=description, tooltip=tooltip, layout=_wide("auto"))


def _row(children):
    layout = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
    layout.grid_gap = "8px"
    return widgets.Box(children, layout=layout)


def _wide(width):
    return widgets.Layout(width=width if isinstance(width, str) else f"{width}px")
