"""Search as one types: suggestions while typing, matches on Enter.

In: a `BrowserState`, and ``do(action, *arguments)``, which carries one action out. Out: a text
box. Text goes to the state in three ways: Enter shows what matches; so does a suggestion that is
chosen, or it goes to the only item; and while matches are shown, they follow the text.
The last one also heals what Enter may outrun: front ends send it at once, but text only when the
kernel has taken the text before.
"""

import ipywidgets as widgets

from zapsim.widgets.bridge import as_text
from zapsim.widgets.browser_state import MOST_LETTERS, too_long
from zapsim.widgets.steps import MATCHES

__all__ = ["SearchBox"]

_SUGGESTIONS = 12


class SearchBox:
    """A Combobox that searches."""

    def __init__(self, state, do):
        self._state, self._suggested, self._entered = state, {}, None
        self.box = widgets.Combobox(
            placeholder="Search: a brand, a kind, a number … Enter",
            layout=widgets.Layout(flex="1 1 180px", width="auto"),
        )
        self.box.observe(lambda change: do(self._type, change["new"]), "value")
        # Text.on_submit says the same in both versions, but warns in 8.
        self.box.on_msg(lambda _, content, __: self._hear(do, content))
        self.button = widgets.Button(
            description="Search", tooltip="Show what matches the text", layout={"width": "auto"}
        )
        self.button.on_click(lambda _: do(self.enter))

    def _hear(self, do, content):
        if content.get("event") == "submit":
            do(self.enter)

    def enter(self):
        """Show what matches the text."""
        if not self.box.value.strip():
            return "Type what to search for: a brand, a kind, a number …"
        if len(self.box.value) > MOST_LETTERS:
            return too_long(self.box.value)
        self._search(self.box.value)

    def _search(self, text):
        self._state.search(text)
        self._entered = text.strip()

    def _type(self, text):
        if len(text) > MOST_LETTERS:
            return too_long(text)
        if text in self._suggested:
            return self._choose(self._suggested[text])
        if self._state.step.showing == MATCHES:
            self._search(text) if text.strip() else self._state.close_list()
        self._suggest(text)

    def _choose(self, text):
        found = self._state.predictor.search(text)
        if len(found) == 1:
            self._state.show(found[0])
            self._entered = self.box.value.strip()
        else:
            self._search(text)

    def _suggest(self, text):
        found = self._state.predictor.suggest(text, _SUGGESTIONS) if text.strip() else {}
        labels = {name: f"{name} ({n:,})" if n > 1 else name for name, n in found.items()}
        # There may be a brand that is called "Nike (3)".
        labels = {name: name if label in found else label for name, label in labels.items()}
        self._suggested = {as_text(label): name for name, label in labels.items()}
        # What the page makes of an escaped option is what comes back.
        self._suggested |= {label: name for name, label in labels.items()}
        options = [as_text(label) for label in labels.values()]
        if list(self.box.options) != options:
            self.box.options = options

    def follow(self):
        """Hold the text whose matches are shown; forget it once they are not."""
        step, text = self._state.step, self.box.value.strip()
        if step.showing == MATCHES and text != step.text:
            self.box.value, self._entered = step.text, step.text
        elif step.showing != MATCHES and text and text == self._entered:
            self.box.value, self._entered = "", None
