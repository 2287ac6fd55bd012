"""Mix kinds of similarity with sliders, and see at once how the neighbours change.

In: features of several kinds, computed before. Out: a widget; what it can do is a method of
`zapsim.widgets.mixer_state.MixState`, how it is shown, `zapsim.widgets.cards` says.
"""

from html import escape

import ipywidgets as widgets

from zapsim.checks import printable
from zapsim.draw.html import gallery_html, with_pictures
from zapsim.widgets.cards import Gallery
from zapsim.widgets.looks import grid
from zapsim.widgets.mixer_state import MixState
from zapsim.widgets.stateful import StatefulWidget

__all__ = ["Mixer", "mix"]

_QUERY_SIZE = 200
_SLIDER = 190


def mix(catalogue, parts, query=None, k=6, shares=None):
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
    shares : dict of str to float, optional
        To begin with, from 0 to 1; by default all are 1. If one is above 1, all are divided by it.

    Returns
    -------
    Mixer
        It appears where it is the last line of a cell. ``.state.neighbours()`` is what is shown,
        with the score by each kind.

    Raises
    ------
    KeyError, TypeError, ValueError
        As ``zapsim.widgets.mixer_state.MixState`` does.
    """
    return Mixer(MixState(catalogue, parts, query, k, shares))


class Mixer(StatefulWidget):
    """The widgets around a `MixState`; made by `mix`."""

    _shows = MixState

    def __repr__(self):
        kinds = printable(", ".join(self.sliders))
        return f"Mixer of {kinds} for {len(self.state.keys):,} items"

    def _preview(self):
        query, catalogue = self.state.query, self.state.catalogue
        shown = with_pictures(catalogue, self.state.neighbours())
        name = f"{catalogue.caption(query)} ({self._summary()})"
        return gallery_html((catalogue.picture_or_none(query), name), shown)

    def _make(self):
        state, slider = self.state, widgets.FloatSlider
        # Their own numbers would be no percentages: those of all together are in the status line.
        looks = {"min": 0, "max": 1, "step": 0.05, "readout": False, "width": "auto"}
        self.sliders = {
            name: self._slider(slider, amount, name, state.set_amount, name, **looks)
            for name, amount in state.amounts.items()
        }
        actions = {"Search like #": lambda key: self._do(state.show, key)}
        self.gallery = Gallery(state.k, _QUERY_SIZE, actions)
        sliders = grid(list(self.sliders.values()), _SLIDER, "2px 16px", "auto-fit")
        return [sliders, self.status, self.gallery.row]

    def _show(self):
        query, label = self.state.query, self.state.catalogue.caption
        picture = self._thumbnail(query, _QUERY_SIZE)
        self.gallery.query.show(picture, f"<b>{escape(label(query))}</b>")
        self.gallery.show(self.state.neighbours(), label, self._thumbnails)

    def _follow(self):
        for name, slider in self.sliders.items():
            slider.value = self.state.amounts[name]

    def _summary(self):
        return " + ".join(f"{share}% {name}" for name, share in self.state.percentages().items())
