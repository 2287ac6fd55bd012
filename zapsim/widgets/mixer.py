"""Mix kinds of similarity with sliders, and see at once what becomes of the neighbours.

In: features of several kinds, computed before. Out: a widget; what it can do is a method of
`zapsim.widgets.mixer_state.MixState`. It keeps to what ipywidgets 7.7 and 8 have in common. The
edge rule: an error is shown in the status line, and all stays as it was.
"""

from functools import lru_cache
from html import escape

import ipywidgets as widgets

from zapsim.draw.html import gallery_html, status_html
from zapsim.io.pictures import PictureError
from zapsim.widgets.base import (
    CARD_SIZE,
    STYLE,
    as_text,
    cards_box,
    make_cards,
    no_picture,
    row,
    wide,
)
from zapsim.widgets.browser import error_text
from zapsim.widgets.mixer_state import MixState

__all__ = ["Mixer", "mix"]

_QUERY_SIZE = 200


def mix(catalogue, parts, query=None, k=6, weights=None):
    """Mix shape, colour and texture with sliders; click a neighbour, and it becomes the query.

    Parameters
    ----------
    catalogue : Catalogue
    parts : dict of str to pandas.DataFrame
        Features of the same items, such as `zapsim.shape_colour_texture` returns.
    query : str, optional
        The key to begin with; by default the first one.
    k : int
        How many neighbours to show, up to 12.
    weights : dict of str to float, optional
        To begin with, from 0 to 1; by default all are 1. If one is above 1, all are divided by it.

    Returns
    -------
    Mixer
        Shown where it is the last line of a cell. ``.state.neighbours()`` is what is shown, with
        the score by each kind.

    Raises
    ------
    KeyError, ValueError
        As `zapsim.widgets.mixer_state.MixState` does.
    """
    return Mixer(MixState(catalogue, parts, query, k, weights))


class Mixer(widgets.VBox):
    """The widgets around a `MixState`; made by `mix`.

    Parameters
    ----------
    state : MixState
    """

    def __init__(self, state):
        self.state = state
        self._mirroring = False
        self._thumbnail = lru_cache(2_000)(self._make_thumbnail)
        self.sliders = {name: self._make_slider(name) for name in state.weights}
        self.status = widgets.HTML()
        self._picture = widgets.Image(format="jpeg", width=_QUERY_SIZE, height=_QUERY_SIZE)
        self._name = widgets.HTML(layout=wide(_QUERY_SIZE))
        self._cards = make_cards(state.k, lambda key: self._do(state.show, key))
        query = widgets.VBox([self._picture, self._name])
        query.add_class("zapsim-query")
        self._shown = cards_box()
        together = row([query, self._shown])
        together.layout.align_items = "flex-start"
        super().__init__(
            [
                widgets.HTML(STYLE, layout=widgets.Layout(display="none")),
                row(list(self.sliders.values())),
                self.status,
                together,
            ]
        )
        self.add_class("zapsim")
        self._refresh()

    def __repr__(self):
        return f"Mixer of {', '.join(self.sliders)} for {len(self.state.keys):,} items"

    def preview(self):
        """Return what is shown, frozen, for places where widgets don't run, such as GitHub.

        Returns
        -------
        IPython.display.HTML
        """
        from IPython.display import HTML

        state = self.state
        look, name = state.catalogue.picture_or_none, state.catalogue.label
        shown = [
            (item.rank, item.score, look(item.key), name(item.key))
            for item in state.neighbours()[["rank", "key", "score"]].itertuples()
        ]
        query = (look(state.query), f"{name(state.query)} ({_summary(state)})")
        return HTML(gallery_html(query, shown))

    def _make_slider(self, name):
        slider = widgets.FloatSlider(
            self.state.weights[name],
            min=0,
            max=1,
            step=0.05,
            description=as_text(name),
            style={"description_width": "auto"},
            layout=wide(300),
        )
        slider.observe(lambda change: self._do(self.state.set_weight, name, change["new"]), "value")
        return slider

    def _do(self, action, *arguments):
        """Carry out one action and show what came of it, or why it could not be."""
        if self._mirroring:
            return
        try:
            action(*arguments)
            self._refresh()
        except Exception as error:  # It would vanish in JupyterLab and VS Code.
            self.status.value = status_html(error_text(error), wrong=True)
            self._mirror()

    def _refresh(self):
        state = self.state
        found = state.neighbours()
        self._picture.value = self._thumbnail(state.query, _QUERY_SIZE)
        label = state.catalogue.label
        self._name.value = f'<div class="zapsim-text"><b>{escape(label(state.query))}</b></div>'
        for card, key, score in zip(self._cards, found["key"], found["score"], strict=False):
            card.show(key, score, label(key), self._thumbnail(key, CARD_SIZE))
        self._shown.children = [card.box for card in self._cards[: len(found)]]
        self.status.value = status_html(_summary(state))

    def _mirror(self):
        """Let the sliders follow the state without taking that for a person's choice."""
        self._mirroring = True
        try:
            for name, slider in self.sliders.items():
                slider.value = self.state.weights[name]
        finally:
            self._mirroring = False

    def _make_thumbnail(self, key, size):
        try:
            return self.state.catalogue.thumbnail(key, size)
        except PictureError:
            return no_picture(size)


def _summary(state):
    return " + ".join(f"{share:.0%} {name}" for name, share in state.shares().items())
