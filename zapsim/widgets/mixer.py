"""Mix kinds of similarity with sliders, and see at once how the neighbours change.

In: features of several kinds, computed before. Out: a widget; what it can do is a method of
`zapsim.widgets.mixer_state.MixState`. It uses only what ipywidgets 7.7 and 8 have in common. The
edge rule: an error is shown in the status line, and nothing changes.
"""

from html import escape

import ipywidgets as widgets

from zapsim.draw.html import gallery_html
from zapsim.widgets.base import Gallery, StatefulWidget, as_text, row, wide
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
        It appears where it is the last line of a cell. ``.state.neighbours()`` is what is shown,
        with the score by each kind.

    Raises
    ------
    KeyError, TypeError, ValueError
        As `zapsim.widgets.mixer_state.MixState` does.
    """
    return Mixer(MixState(catalogue, parts, query, k, weights))


class Mixer(StatefulWidget):
    """The widgets around a `MixState`; made by `mix`.

    Parameters
    ----------
    state : MixState
    """

    _shows = MixState

    def __repr__(self):
        return f"Mixer of {', '.join(self.sliders)} for {len(self.state.keys):,} items"

    def _preview(self):
        state = self.state
        look, name = state.catalogue.picture_or_none, state.catalogue.label
        shown = [
            (item.rank, item.score, look(item.key), name(item.key))
            for item in state.neighbours()[["rank", "key", "score"]].itertuples()
        ]
        query = (look(state.query), f"{name(state.query)} ({self._summary()})")
        return gallery_html(query, shown)

    def _make(self):
        state = self.state
        self.sliders = {name: self._make_slider(name) for name in state.weights}
        self.gallery = Gallery(state.k, _QUERY_SIZE, lambda key: self._do(state.show, key))
        return [row(list(self.sliders.values())), self.status, self.gallery.row]

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

    def _show(self):
        query, label, found = self.state.query, self.state.catalogue.label, self.state.neighbours()
        self.gallery.picture.value = self._thumbnail(query, _QUERY_SIZE)
        self.gallery.text.value = f'<div class="zapsim-text"><b>{escape(label(query))}</b></div>'
        self.gallery.show(found, label, map(self._thumbnail, found["key"]))

    def _follow(self):
        for name, slider in self.sliders.items():
            slider.value = self.state.weights[name]

    def _summary(self):
        return " + ".join(f"{share:.0%} {name}" for name, share in self.state.shares().items())
