"""Turn a plain state into a widget: clicks become calls, and what came of them is shown.

In: a state. Out: a widget that mirrors it. The edge rule: an error is shown in the status line, and
nothing changes; what is printed or warned of meanwhile, such as which network was loaded, is said
there, too, not in the front end's log.
"""

import os
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from io import StringIO
from pathlib import Path

import ipywidgets as widgets

from zapsim.checks import check_type, told
from zapsim.draw.html import shown, status_html
from zapsim.io.pictures import PictureError
from zapsim.widgets.bridge import describe
from zapsim.widgets.cards import no_picture
from zapsim.widgets.looks import CARD, STYLE, wide

__all__ = ["StatefulWidget", "error_text"]

# Guests of a server that says so are shown no error but what zapsim itself raises.
_GUESTS = bool(os.environ.get("ZAPSIM_GUESTS"))
_LIBRARY = str(Path(__file__).parents[1])
_THUMBNAILS = 2_000
_READERS = 4
_FOLDED = "Where widgets do not run: open this to see the pictures."


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
        self.status.add_class("zapsim-status")
        # One layout and one style for all buttons: each is a widget, too.
        self._looks = {"layout": wide("auto"), "style": widgets.Button().style}
        self._mirroring, self._acted = False, time.monotonic()
        self._thumbnail = lru_cache(_THUMBNAILS)(self._make_thumbnail)
        self._readers = ThreadPoolExecutor(_READERS)
        style = widgets.HTML(STYLE, layout=widgets.Layout(display="none"))
        super().__init__([style, *self._make()])
        self.add_class("zapsim")
        self._refresh()

    def preview(self):
        """Return what is shown, frozen, for places where widgets don't run, such as GitHub.

        It is folded: where widgets run, it would repeat the one above.

        Returns
        -------
        IPython.display.HTML
        """
        return shown(f"<details><summary>{_FOLDED}</summary>{self._preview()}</details>")

    def _button(self, description, tooltip, action, *arguments):
        """Make a button, as wide as its words, that carries out an action."""
        button = widgets.Button(description=description, tooltip=tooltip, **self._looks)
        button.on_click(lambda _: self._do(action, *arguments))
        return button

    def _control(self, control, action, *arguments):
        """Let a control's new values be the last argument of an action."""
        control.observe(lambda change: self._do(action, *arguments, change["new"]), "value")
        return control

    def _slider(self, kind, value, name, action, *arguments, width=300, **options):
        style = {"description_width": "auto"}
        slider = kind(value, style=style, **options, layout=wide(width))
        describe(slider, name)
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
            with _overheard() as news:
                said = action(*arguments)
            self._refresh(said, news)
        except Exception as error:
            self._say(error_text(error), wrong=True)
            self._mirror()

    def _refresh(self, said=None, news=()):
        self._show()
        self._mirror()
        self._say(" · ".join([said or self._summary(), *news]))
        self._acted = time.monotonic()

    def _mirror(self):
        """Let controls follow the state without taking that for a person's choice."""
        self._mirroring = True
        try:
            self._follow()
        finally:
            self._mirroring = False

    def _say(self, text, wrong=False):
        # It may hold names and texts of anybody, of any length.
        self.status.value = status_html(told(text), wrong)

    def _make_thumbnail(self, key, size=CARD):
        try:
            return self.state.catalogue.thumbnail(key, size)
        except PictureError:
            return no_picture(size)

    def _thumbnails(self, keys):
        # In threads: on a network drive, each file takes a while.
        return self._readers.map(self._thumbnail, keys)


@contextmanager
def _overheard():
    """Yield a list; afterwards, it holds the lines that were printed, and the warnings."""
    news = []
    with redirect_stdout(StringIO()) as printed, warnings.catch_warnings(record=True) as warned:
        yield news
    news += [line for line in printed.getvalue().splitlines() if line]
    news += [str(warning.message) for warning in warned]


def error_text(error):
    """Return what an error says, as a line for people."""
    if _GUESTS and not _is_ours(error):
        return "This was not foreseen, and failed. Try another way, or reload the page."
    # KeyError's own text is the repr of its message.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text or type(error).__name__


def _is_ours(error):
    *_, last = [None, *traceback.extract_tb(error.__traceback__)]
    # There is no line where there is no source.
    return last and last.filename.startswith(_LIBRARY) and (last.line or "").startswith("raise")
