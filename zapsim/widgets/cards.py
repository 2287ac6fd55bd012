"""Make what browser, mixer and quiz have in common: a widget of a state, cards, and the CSS.

In: a state, and items' keys, scores, names and pictures. Out: widgets, made once; afterwards only
their content changes. What differs between ipywidgets 7, which Google Colab has, and 8 is bridged
here; all else is common to both, so it is the same in JupyterLab, Colab, VS Code and Voila. The
edge rule: an error is shown in the status line, and nothing changes; a picture that cannot be
read has a stand-in of the same size, so that nothing moves.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from html import escape

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML
from PIL import Image, ImageDraw

from zapsim.checks import check_type
from zapsim.draw.html import score_html, status_html
from zapsim.io.pictures import PictureError, thumbnail

__all__ = [
    "Gallery",
    "StatefulWidget",
    "Tile",
    "as_text",
    "empty_upload",
    "error_text",
    "grid",
    "no_picture",
    "row",
    "uploaded",
    "wide",
]

_CARD_SIZE = 136
_THUMBNAILS = 2_000
_READERS = 4
_WRITES_HTML = int(widgets.__version__.partition(".")[0]) < 8

# A card's button covers the whole card, so that a click on the picture is a click on the button.
# A FileUpload shows how many files it holds, which would always read "(0)": another text covers it.
# The arrow that ipywidgets gives a select is black on dark themes, too; the web browser's is not.
_STYLE = """<style>
.zapsim { container-type: inline-size; width: 100%; max-width: 1200px; }
.zapsim.widget-container, .zapsim .widget-container { overflow: visible; }
.zapsim-filter { flex-direction: column; align-items: stretch; height: auto; margin: 0; }
.zapsim-filter > .widget-label { width: auto; text-align: left; line-height: 20px; height: 20px;
  font-size: 12px; }
.zapsim-filter > select { width: 100%; height: 28px; flex: none; appearance: auto;
  background-image: none; padding: 0 4px; }
.zapsim .widget-label-basic { display: flex; align-items: center; gap: 6px; }
.zapsim-upload { font-size: 0; }
.zapsim-upload i { font-size: 13px; }
.zapsim-upload::after { content: " Search with my picture"; font-size: 13px; white-space: pre;
  content: " Search with my picture" / ""; }
.zapsim-card { position: relative; border: 1px solid rgba(128, 128, 128, 0.4);
  border-radius: 8px; padding: 6px; }
.zapsim-card:hover { border-color: #0072B2; box-shadow: 0 0 0 1px #0072B2; }
.zapsim-card:has(:focus-visible) { outline: 3px solid #0072B2; }
.zapsim-card button { position: static; width: 100%; margin: 0; }
.zapsim-card button::after { content: ""; position: absolute; inset: 0; cursor: pointer; }
.zapsim-card .widget-html, .zapsim-query .widget-html { margin: 0; }
.zapsim-card img, .zapsim-query img { border-radius: 6px; background: white; margin: 0;
  align-self: center; }
.zapsim-query { border: 3px solid #0072B2; border-radius: 10px; padding: 8px; flex: none; }
.zapsim-text { line-height: 1.4; margin-top: 4px; overflow-wrap: anywhere; }
.zapsim-name { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical;
  overflow: hidden; line-height: 1.3; height: 2.6em; margin-bottom: 6px; }
@container (max-width: 640px) {
  .zapsim-query { flex-flow: row wrap; gap: 12px; width: 100%; box-sizing: border-box; }
  .zapsim-query > .widget-html { flex: 1 1 160px; width: auto; }
}
</style>"""


class StatefulWidget(widgets.VBox):
    """A widget that shows a state, and turns clicks into calls of the state's methods.

    A subclass names the class of its state, ``_shows``, and has five methods: ``_make`` makes the
    widgets, and returns those that stand below each other; ``_show`` shows what the state holds;
    ``_follow`` sets the controls to what the state says; ``_summary`` returns the status line;
    ``_preview`` returns what is shown as HTML.
    """

    def __init__(self, state):
        name, wanted = type(self).__name__, self._shows.__name__
        check_type(
            state,
            self._shows,
            f"{name}(state) shows a {wanted}. zapsim.browse, mix and quiz make both.",
        )
        self.state, self.status, self.links = state, widgets.HTML(), widgets.HTML()
        self._mirroring = False
        self._thumbnail = lru_cache(_THUMBNAILS)(self._make_thumbnail)
        self._readers = ThreadPoolExecutor(_READERS)
        style = widgets.HTML(_STYLE, layout=widgets.Layout(display="none"))
        super().__init__([style, *self._make()])
        self.add_class("zapsim")
        self._refresh()

    def preview(self):
        """Return what is shown, frozen, for places where widgets don't run, such as GitHub.

        Returns
        -------
        IPython.display.HTML
        """
        return HTML(self._preview())

    def _button(self, description, tooltip, action, *arguments):
        """Make a button, as wide as its words, that carries out an action."""
        button = widgets.Button(description=description, tooltip=tooltip, layout=wide("auto"))
        button.on_click(lambda _: self._do(action, *arguments))
        return button

    def _control(self, control, action, *arguments):
        """Let a control's new values be the last argument of an action."""
        control.observe(lambda change: self._do(action, *arguments, change["new"]), "value")
        return control

    def _slider(self, kind, value, name, action, *arguments, **limits):
        label = {"description": as_text(name), "style": {"description_width": "auto"}}
        slider = kind(value, **label, **limits, layout=wide(300))
        return self._control(slider, action, *arguments)

    def _do(self, action, *arguments):
        """Carry out one action, and show what came of it, or why it could not be.

        What the action returns, if anything, is said instead of the summary.
        """
        if self._mirroring:
            return
        # They hold what is no longer shown.
        self.links.value = ""
        # Errors in callbacks vanish in JupyterLab and VS Code.
        try:
            self._refresh(action(*arguments))
        except Exception as error:
            self._say(error_text(error), wrong=True)
            self._mirror()

    def _refresh(self, said=None):
        self._show()
        self._mirror()
        self._say(said or self._summary())

    def _mirror(self):
        """Let controls follow the state without taking that for a person's choice."""
        self._mirroring = True
        try:
            self._follow()
        finally:
            self._mirroring = False

    def _say(self, text, wrong=False):
        self.status.value = status_html(text, wrong)

    def _make_thumbnail(self, key, size=_CARD_SIZE):
        try:
            return self.state.catalogue.thumbnail(key, size)
        except PictureError:
            return no_picture(size)

    def _thumbnails(self, keys):
        # In threads: on a network drive, each file takes a while.
        return self._readers.map(self._thumbnail, keys)


class Tile:
    """A picture, `size` pixels wide, a text below it, and perhaps a button, in a box.

    A layout and a style may be shared: they are widgets, too, and fewer widgets open faster.
    """

    def __init__(self, size, css, button=None, layout=None, style=None):
        shared, self.button = layout or {}, button
        self.image = widgets.Image(format="jpeg", width=size, height=size, layout=shared)
        self.text = widgets.HTML(layout=layout or wide(size), style=style or {})
        parts = [self.image, self.text, *([button] if button else [])]
        self.box = widgets.VBox(parts, layout=shared)
        self.box.add_class(css)

    def show(self, picture, html):
        """Show a picture (bytes of a JPEG) and a text (HTML)."""
        self.image.value = picture
        self.text.value = f'<div class="zapsim-text">{html}</div>'


class Card(Tile):
    """One neighbour; its button calls `choose` with its key."""

    def __init__(self, rank, choose, layout, text_style, button_style):
        looks = {"layout": layout, "style": button_style}
        button = widgets.Button(description=f"Search like #{rank}", **looks)
        button.on_click(lambda _: choose(self.key))
        super().__init__(_CARD_SIZE, "zapsim-card", button, layout, text_style)
        self.rank, self.key = rank, None

    def show(self, key, score, name, picture):
        """Show a neighbour; its picture is a JPEG (bytes), its name not escaped."""
        self.key = key
        named = f'<div class="zapsim-name">{escape(name)}</div>'
        super().show(picture, f"<b>#{self.rank}</b> &nbsp;{score_html(score)}{named}")
        self.button.tooltip = f"Search like #{self.rank}, {name}, {score:.2f}"


class Gallery:
    """A query, framed, `size` pixels wide, and beside it up to n neighbours as cards.

    A click on a card calls `choose` with its key.
    """

    def __init__(self, n, size, choose):
        self.query = Tile(size, "zapsim-query")
        looks = widgets.Layout(), widgets.HTML().style, widgets.Button().style
        self._cards = [Card(rank, choose, *looks) for rank in range(1, n + 1)]
        self._box = grid([], _CARD_SIZE + 14, "8px", flex="1 1 310px")
        self.row = row([self.query.box, self._box])
        self.row.layout.align_items = "flex-start"

    @property
    def cards(self):
        """The cards that are on the page."""
        return self._cards[: len(self._box.children)]

    def show(self, neighbours, label, thumbnails):
        """Show neighbours (a table with key and score, nearest first).

        `label` returns the name of a key, not escaped; `thumbnails` the JPEGs (bytes) of keys.
        """
        keys, scores = neighbours["key"].tolist(), neighbours["score"].tolist()
        shown = zip(self._cards, keys, scores, thumbnails(keys), strict=False)
        for card, key, score, picture in shown:
            card.show(key, score, label(key), picture)
        self._box.children = [card.box for card in self._cards[: len(keys)]]


@cache
def no_picture(size):
    """Draw the stand-in for a picture that cannot be read (bytes of a square JPEG)."""
    image = Image.new("RGB", (size, size), "#eeeeee")
    centred = {"anchor": "mm", "align": "center", "font_size": 15}
    ImageDraw.Draw(image).text((size / 2, size / 2), "cannot\nbe read", "#555555", **centred)
    return thumbnail(np.asarray(image), size)


def row(children):
    """Put widgets beside each other; what does not fit goes below."""
    layout = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
    layout.grid_gap = "4px 8px"
    return widgets.Box(children, layout=layout)


def grid(children, least, gap, **layout):
    """Put widgets into rows of as many as there is room for, `least` pixels wide or more."""
    columns = {"grid_template_columns": f"repeat(auto-fill, minmax({least}px, 1fr))"}
    layout = widgets.Layout(display="grid", grid_gap=gap, **columns, **layout)
    return widgets.Box(children, layout=layout)


def wide(width):
    """Make a layout of a width, in pixels or as CSS writes it."""
    return widgets.Layout(width=width if isinstance(width, str) else f"{width}px")


def as_text(text):
    """Make text safe as a widget's description or a Combobox's option.

    The front end of version 7 writes both into the page as HTML, that of version 8 as text.
    """
    return escape(text) if _WRITES_HTML else text


def uploaded(value):
    """Return name and bytes of the file that a FileUpload holds.

    Version 7 gives a dict of name to content, version 8 a tuple of dicts.
    """
    name, file = next(iter(value.items())) if isinstance(value, dict) else (None, value[0])
    return name or file["name"], bytes(file["content"])


def empty_upload(upload):
    """Forget what was uploaded, so that the same file can be chosen again."""
    if isinstance(upload.value, dict):
        # In version 7 the value is made of these two whenever the counter changes.
        upload.metadata, upload.data = [], []
        upload._counter = 0
    else:
        upload.value = ()


def error_text(error):
    """Return what an error says, as a line for people."""
    # KeyError's own text is the repr of its message.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text or type(error).__name__
