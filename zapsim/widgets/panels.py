"""Show a `BrowserState`'s filters, choices and parts of the picture in widgets.

In: a state, and ``do(action, *arguments)``, which carries one action out. Out: a box each, whose
widgets are made once and follow the state. The edge rule: what there is no room for is counted.
"""

import ipywidgets as widgets

from zapsim.draw.html import spoken
from zapsim.widgets.bridge import describe, explain
from zapsim.widgets.looks import grid, wide
from zapsim.widgets.sentences import cell_name, chips

__all__ = ["Chips", "FilterPanel", "PartsPanel"]

# Not None: for a Dropdown that means that nothing is chosen, and it shows an empty line.
_NOTHING = ""
_LEAST_WIDTH = 118
_CHIPS = 12


class FilterPanel:
    """A dropdown for each column on offer, and one to offer another column."""

    def __init__(self, state, do):
        self._state, filters = state, state.filters
        # One layout and one style for all: each is a widget, too.
        looks = {"layout": wide("auto"), "style": widgets.Dropdown().style}
        self._dropdowns = [self._make(looks) for _ in filters.offered]
        for place, dropdown in enumerate(self._dropdowns):
            dropdown.observe(lambda change, place=place: self._chosen(do, place, change), "value")
        self.more = self._make(looks)
        self.more.description = "More filters"
        self.more.observe(lambda change: do(self._offer, change["new"]), "value")
        shown = [*self._dropdowns, *([self.more] if filters.others else [])]
        self.box = grid(shown, _LEAST_WIDTH, "2px 8px", margin="2px")
        self._followed, self._written = None, {}

    @property
    def by_column(self):
        """The dropdowns on offer (dict of column to Dropdown)."""
        return dict(zip(self._state.filters.offered, self._dropdowns, strict=True))

    @staticmethod
    def _make(looks):
        dropdown = widgets.Dropdown(options=[("any", _NOTHING)], **looks)
        dropdown.add_class("zapsim-filter")
        return dropdown

    def _chosen(self, do, place, change):
        do(self._toggle, self._state.filters.offered[place], change["new"])

    def _toggle(self, column, value):
        if value != _NOTHING:
            self._state.toggle_filter(column, value)

    def _offer(self, column):
        if column != _NOTHING:
            self._state.filters.offer(column)

    def follow(self):
        """Offer what the state does, with the counts of now."""
        filters = self._state.filters
        now = list(filters.offered), dict(filters.where)
        if now != self._followed:
            self._followed = now
            self._offer_all(filters)
        for dropdown in [*self._dropdowns, self.more]:
            dropdown.value = _NOTHING

    def _offer_all(self, filters):
        for column, dropdown in self.by_column.items():
            describe(dropdown, spoken(column))
            explain(dropdown, f"Keep to some values of {spoken(column)}; several may be chosen")
            self._write(dropdown, self._options(column))
        self._write(
            self.more, [("…", _NOTHING), *((spoken(column), column) for column in filters.others)]
        )

    def _options(self, column):
        chosen = self._state.where.get(column, [])
        counts = self._state.filters.values(column)
        head = "any" if not chosen else " or ".join(chosen)
        return [
            (head, _NOTHING),
            *((f"{'✓ ' if v in chosen else ''}{v} ({n:,})", v) for v, n in counts.items()),
        ]

    def _write(self, dropdown, options):
        # Brands have thousands of options: only what changed is sent.
        if self._written.get(dropdown) != options:
            self._written[dropdown] = options
            with dropdown.hold_sync():
                dropdown.options = options


class Chips:
    """A button for each choice that can be taken away alone, and one for all together."""

    def __init__(self, state, do):
        self._state, self._acts = state, []
        looks = {"layout": wide("auto"), "style": widgets.Button().style}
        self._pool = [widgets.Button(**looks) for _ in range(_CHIPS)]
        for place, button in enumerate(self._pool):
            button.on_click(lambda _, place=place: do(self._acts[place]))
        self.clear = widgets.Button(
            description="Clear all", tooltip="Take all of these away", **looks
        )
        self.clear.on_click(lambda _: do(state.clear))
        self.box = widgets.HBox()
        self.box.add_class("zapsim-chips")
        self.follow()

    @property
    def buttons(self):
        """The chips that are on the page."""
        return self._pool[: min(len(self._acts), _CHIPS)]

    def follow(self):
        """Show the state's choices."""
        found = chips(self._state)
        self._acts = [act for _, _, act in found]
        for button, (words, whole, _) in zip(self._pool, found, strict=False):
            with button.hold_sync():
                button.description, button.tooltip = f"✕ {words}", f"Take away: {whole}"
        more = len(found) - len(self.buttons)
        self.clear.description = f"Clear all (and {more} more)" if more else "Clear all"
        shown = [self.clear, *self.buttons] if found else []
        if list(self.box.children) != shown:
            self.box.children = shown


class PartsPanel:
    """Buttons over the query's picture, `size` pixels wide: one for each cell of the grid."""

    def __init__(self, state, do, size):
        self._state, side = state, state.grid_side
        cells = [(row, column) for row in range(side) for column in range(side)]
        looks = {"layout": widgets.Layout(), "style": widgets.Button().style}
        self.buttons = {cell: widgets.Button(**looks) for cell in cells}
        for cell, button in self.buttons.items():
            button.description = cell_name(side, cell).capitalize()
            button.tooltip = f"Let only the {cell_name(side, cell)} of the picture count, or all"
            button.on_click(lambda _, cell=cell: do(state.toggle_cell, cell))
        layout = widgets.Layout(display="grid", width=f"{size}px", height=f"{size}px")
        layout.grid_template_columns = f"repeat({side}, 1fr)"
        layout.grid_template_rows = f"repeat({side}, 1fr)"
        self.box = widgets.Box(list(self.buttons.values()), layout=layout)
        self.box.add_class("zapsim-parts")

    def follow(self):
        """Mark the cells that count."""
        for cell, button in self.buttons.items():
            button.button_style = "info" if cell in self._state.step.part else ""
