"""Make what browser, mixer and quiz have in common: a widget of a state, cards, and the CSS.

In: a state, and items' keys, scores, names and pictures. Out: widgets, made once; afterwards only
their content changes. What differs between ipywidgets 7, which Google Colab has, and 8 is bridged
here. The edge rule: an error is shown in the status line, and a picture that cannot be read has a
stand-in of the same size, so that nothing moves.
"""

from contextlib import contextmanager
from functools import cache, lru_cache
from html import escape
from io import BytesIO

import ipywidgets as widgets
from IPython.display import HTML
from PIL import Image, ImageDraw

from zapsim.checks import check_type
from zapsim.draw.html import score_html, status_html
from zapsim.io.pictures import PictureError

__all__ = [
    "Gallery",
    "StatefulWidget",
    "as_text",
    "button",
    "empty_upload",
    "error_text",
    "no_picture",
    "row",
    "uploaded",
    "wide",
]

_CARD_SIZE = 136
_THUMBNAILS = 2_000
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

    Parameters
    ----------
    state : BrowserState, MixState or QuizState

    Raises
    ------
    TypeError
        If it is not the state that the subclass shows.
    """

    def __init__(self, state):
        name, wanted = type(self).__name__, self._shows.__name__
        check_type(
            state,
            self._shows,
            f"{name}(state) shows a {wanted}. zapsim.browse, mix and quiz make both.",
        )
        self.state, self.status = state, widgets.HTML()
        self._mirroring = False
        self._thumbnail = lru_cache(_THUMBNAILS)(self._make_thumbnail)
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

    def _do(self, action, *arguments):
        """Carry out one action and show what came of it, or why it could not be."""
        if not self._mirroring:
            with self._guard():
                action(*arguments)
                self._refresh()

    @contextmanager
    def _guard(self):
        """Say what went wrong: errors in callbacks vanish in JupyterLab and VS Code."""
        try:
            yield
        except Exception as error:
            self._say(error_text(error), wrong=True)
            self._mirror()

    def _refresh(self):
        self._show()
        self._mirror()
        self._say(self._summary())

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


class Gallery:
    """A query, framed, and beside it its neighbours as cards; a click on one chooses it.

    Parameters
    ----------
    n : int
        How many cards there are at most.
    size : int
        Of the query's picture, in pixels.
    choose : callable
        Is called with the key of the card that was clicked.
    """

    def __init__(self, n, size, choose):
        self.picture = widgets.Image(format="jpeg", width=size, height=size)
        self.text = widgets.HTML(layout=wide(size))
        query = widgets.VBox([self.picture, self.text])
        query.add_class("zapsim-query")
        first = Card(1, choose)
        self._cards = [first, *(Card(rank, choose, like=first) for rank in range(2, n + 1))]
        # As many in a row as there is room for, equally wide.
        columns = f"repeat(auto-fill, minmax({_CARD_SIZE + 14}px, 1fr))"
        layout = {"grid_template_columns": columns, "grid_gap": "8px", "flex": "1 1 310px"}
        self._box = widgets.Box(layout=widgets.Layout(display="grid", **layout))
        self.row = row([query, self._box])
        self.row.layout.align_items = "flex-start"

    @property
    def cards(self):
        """The cards that are on the page."""
        return self._cards[: len(self._box.children)]

    def show(self, neighbours, label, thumbnails):
        """Show neighbours.

        Parameters
        ----------
        neighbours : pandas.DataFrame
            With columns key and score, nearest first.
        label : callable
            Returns the name of a key, not escaped.
        thumbnails : iterable of bytes
            JPEGs, in the neighbours' order.
        """
        columns = (neighbours[name].tolist() for name in ("key", "score"))
        for card, key, score, picture in zip(self._cards, *columns, thumbnails, strict=False):
            card.show(key, score, label(key), picture)
        self._box.children = [card.box for card in self._cards[: len(neighbours)]]


class Card:
    """One neighbour: picture, rank and score, name, and a button that makes it the query.

    Parameters
    ----------
    rank : int
    choose : callable
        Is called with the key when the button is clicked.
    like : Card, optional
        Shares its layouts and styles: they are widgets, too, and fewer widgets open faster.
    """

    def __init__(self, rank, choose, like=None):
        self.rank, self.key = rank, None
        image, text, button, box = map(_looks, like.parts) if like else [{}] * 4
        self.image = widgets.Image(format="jpeg", width=_CARD_SIZE, height=_CARD_SIZE, **image)
        self.text = widgets.HTML(**text)
        self.button = widgets.Button(description=f"Search like #{rank}", **button)
        self.box = widgets.VBox([self.image, self.text, self.button], **box)
        self.box.add_class("zapsim-card")
        self.button.on_click(lambda _: choose(self.key))

    @property
    def parts(self):
        """The four widgets: picture, text, button, and the box around them."""
        return self.image, self.text, self.button, self.box

    def show(self, key, score, name, picture):
        """Show a neighbour; its picture is a JPEG (bytes), its name not escaped."""
        self.key = key
        self.image.value = picture
        self.text.value = (
            f'<div class="zapsim-text"><b>#{self.rank}</b> &nbsp;{score_html(score)}'
            f'<div class="zapsim-name">{escape(name)}</div></div>'
        )
        self.button.tooltip = f"Search like #{self.rank}, {name}, {score:.2f}"


@cache
def no_picture(size):
    """Draw the stand-in for a picture that cannot be read (bytes of a square JPEG)."""
    image = Image.new("RGB", (size, size), "#eeeeee")
    draw = ImageDraw.Draw(image)
    draw.multiline_text(
        (size / 2, size / 2),
        "cannot\nbe read",
        "#555555",
        anchor="mm",
        align="center",
        font_size=15,
    )
    buffer = BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def _looks(widget):
    names = [name for name in ("layout", "style") if widget.has_trait(name)]
    return {name: getattr(widget, name) for name in names}


def button(description, tooltip):
    """Make a button as wide as its words."""
    return widgets.Button(description=description, tooltip=tooltip, layout=wide("auto"))


def row(children):
    """Put widgets beside each other; what does not fit goes below."""
    layout = widgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
    layout.grid_gap = "4px 8px"
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
    """Return name and bytes of what a FileUpload holds, or ("", None).

    Version 7 gives a dict of name to content, version 8 a tuple of dicts.
    """
    if not value:
        return "", None
    if isinstance(value, dict):
        name, file = next(iter(value.items()))
    else:
        file = value[0]
        name = file["name"]
    return name, bytes(file["content"])


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
