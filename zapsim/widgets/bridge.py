"""Bridge what differs between ipywidgets 7, which Google Colab has, and 8.

In: values and texts as one of the two has them. Out: the same for both. All else in this room is
common to both, so that it is the same in JupyterLab, Colab, VS Code and Voila.
"""

from html import escape

import ipywidgets as widgets

__all__ = ["as_text", "empty_upload", "explain", "uploaded"]

_SEVEN = int(widgets.__version__.partition(".")[0]) < 8


def as_text(text):
    """Make text safe as a widget's description or a Combobox's option.

    The front end of version 7 writes both into the page as HTML, that of version 8 as text.
    """
    return escape(text) if _SEVEN else text


def explain(widget, text):
    """Give a widget a tooltip, which the front end shows as text."""
    # Buttons have the same name for it in both.
    described = _SEVEN and not isinstance(widget, widgets.Button)
    setattr(widget, "description_tooltip" if described else "tooltip", text)


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
