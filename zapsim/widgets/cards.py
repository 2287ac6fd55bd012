"""Show items as cards: a picture, a text below it, and buttons.

In: items' keys, scores, names and pictures. Out: widgets, made when first needed; afterwards only
their content changes. The edge rule: a picture that cannot be read has a stand-in of the same size,
so that nothing moves.
"""

from functools import cache
from html import escape

import ipywidgets as widgets
import numpy as np
from PIL import Image, ImageDraw

from zapsim.draw.html import score_html
from zapsim.io.squares import thumbnail
from zapsim.widgets.looks import CARD, grid, row, wide

__all__ = ["Gallery", "Tile", "name_html", "no_picture"]


class Tile:
    """A picture, `size` pixels wide, a text below it, and perhaps buttons, in a box.

    A layout and a style may be shared: they are widgets, too, and fewer widgets open faster.
    """

    def __init__(self, size, css, buttons=(), layout=None, style=None):
        shared, self.buttons = layout or {}, list(buttons)
        self.image = widgets.Image(format="jpeg", width=size, height=size, layout=shared)
        self.text = widgets.HTML(layout=layout or wide(size), style=style or {})
        self.box = widgets.VBox([self.image, self.text, *self.buttons], layout=shared)
        self.box.add_class(css)

    @property
    def button(self):
        """The first of the buttons."""
        return self.buttons[0]

    def show(self, picture, html):
        """Show a picture (bytes of a JPEG) and a text (HTML)."""
        self.image.value = picture
        self.text.value = f'<div class="zapsim-text">{html}</div>'


class Card(Tile):
    """One item; its buttons call `actions` with its key.

    `actions` is a dict of words to callable; the first is what a click on the card does. "#" in the
    words stands for the card's rank.
    """

    def __init__(self, rank, actions, layout, text_style, button_style):
        self.rank, self.key = rank, None
        looks = {"layout": layout, "style": button_style}
        buttons = [self._make_button(words, act, looks) for words, act in actions.items()]
        super().__init__(CARD, "zapsim-card", buttons, layout, text_style)

    def _make_button(self, words, act, looks):
        button = widgets.Button(description=words.replace("#", f"#{self.rank}"), **looks)
        button.tooltip = button.description
        button.on_click(lambda _: act(self.key))
        return button

    def show(self, key, score, name, picture):
        """Show an item; its picture is a JPEG (bytes), its name not escaped, a score may be NaN."""
        self.key = key
        head = f'<div class="zapsim-score"><b>#{self.rank}</b> &nbsp;{score_html(score)}</div>'
        super().show(picture, f"{head}{name_html(name)}")
        said = name if np.isnan(score) else f"{name}, {score:.2f}"
        # Only this one, for each of 24 × 4 would be a message more to the page.
        self.button.tooltip = f"{self.button.description}, {said}"

    def mark(self, looks):
        """Give the buttons after the first a look each ("", "info" or "warning")."""
        for button, look in zip(self.buttons[1:], looks, strict=True):
            button.button_style = look


class Gallery:
    """A query, framed, `size` pixels wide, and beside it up to n items as cards.

    `actions` is as in `Card`; `beside` are widgets inside the query's frame.
    """

    def __init__(self, n, size, actions, beside=()):
        self.query = Tile(size, "zapsim-query", beside)
        looks = widgets.Layout(), widgets.HTML().style, widgets.Button().style
        self._n, self._make = n, lambda rank: Card(rank, actions, *looks)
        self._cards = []
        self._box = grid([], CARD + 14, "8px", flex="1 1 310px")
        self._box.add_class("zapsim-cards")
        self.row = row([self.query.box, self._box])
        self.row.layout.align_items = "flex-start"

    @property
    def cards(self):
        """The cards that are on the page."""
        return self._cards[: len(self._box.children)]

    def show(self, neighbours, label, thumbnails, marks=None):
        """Show items (a table with key and score, nearest first).

        `label` returns the name of a key, not escaped; `thumbnails` the JPEGs (bytes) of keys;
        `marks` the looks of a key's buttons, as `Card.mark` takes them.
        """
        keys, scores = neighbours["key"].tolist(), neighbours["score"].tolist()
        # Each has seven widgets, and few people ask for as many cards as there can be.
        while len(self._cards) < min(len(keys), self._n):
            self._cards.append(self._make(len(self._cards) + 1))
        shown = zip(self._cards, keys, scores, thumbnails(keys), strict=False)
        for card, key, score, picture in shown:
            card.show(key, score, label(key), picture)
            if marks:
                card.mark(marks(key))
        self._box.children = [card.box for card in self._cards[: len(keys)]]


def name_html(name):
    """Write a name on two lines, with its whole text as tooltip (str of HTML)."""
    return f'<div class="zapsim-name" title="{escape(name)}">{escape(name)}</div>'


@cache
def no_picture(size):
    """Draw the stand-in for a picture that cannot be read (bytes of a square JPEG)."""
    image = Image.new("RGB", (size, size), "#eeeeee")
    centred = {"anchor": "mm", "align": "center", "font_size": 15}
    ImageDraw.Draw(image).text((size / 2, size / 2), "cannot\nbe read", "#555555", **centred)
    return thumbnail(np.asarray(image), size)
