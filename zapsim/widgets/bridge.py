"""Bridge what differs between ipywidgets 7, which Google Colab has, and 8.

In: values and texts as one of the two has them. Out: the same for both. All else in this room is
common to both, so that it is the same in JupyterLab, Colab, VS Code and Voila.
"""

from html import escape

import ipywidgets as widgets

from zapsim.checks import told
from zapsim.draw.html import no_maths

__all__ = ["as_text", "describe", "empty_upload", "explain", "uploaded"]

# What file systems allow.
_LONGEST_NAME = 255
_SEVEN = int(widgets.__version__.partition(".")[0]) < 8


def as_text(text):
    """Make text safe as a Combobox's option.

    The front end of version 7 writes it into the page as HTML, that of version 8 as text.
    """
    return escape(text) if _SEVEN else text


def describe(widget, text):
    """Give a widget a description, which is shown as it is; a long one without its middle.

    Both front ends would read mathematics in it, and only in HTML can they be told not to. That of
    version 8 takes mathematics out before it looks at the HTML, so no sign of it may stand there.
    """
    html = escape(told(text)).replace("$", "&#36;").replace("\\", "&#92;")
    if not _SEVEN:
        widget.description_allow_html = True
    widget.description = no_maths(html, "span")


def explain(widget, text):
    """Give a widget a tooltip, which the front end shows as text; a long one without its middle."""
    # Buttons have the same name for it in both.
    described = _SEVEN and not isinstance(widget, widgets.Button)
    setattr(widget, "description_tooltip" if described else "tooltip", told(text))


def uploaded(value):
    """Return name and bytes of the file that a FileUpload holds.

    Version 7 gives a dict of name to content, version 8 a tuple of dicts. What is in it is what the
    page says, and may be anything: ValueError if it is no name and bytes.
    """
    name, file = next(iter(value.items())) if isinstance(value, dict) else (None, value[0])
    name, content = name or file["name"], file["content"]
    named = isinstance(name, str) and len(name) <= _LONGEST_NAME
    # Of a number, `bytes` would make as many.
    if not (named and isinstance(content, (bytes, bytearray, memoryview))):
        raise ValueError(
            f"No file arrived: bytes, and a name of at most {_LONGEST_NAME} letters. Try another."
        )
    data = bytes(content)
    if isinstance(content, memoryview):
        # The kernel keeps the message that it came in for long.
        content.release()
    return name, data


def empty_upload(upload):
    """Forget what was uploaded, so that the same file can be chosen again."""
    if isinstance(upload.value, dict):
        # In version 7 the value is made of these two whenever the counter changes.
        upload.metadata, upload.data = [], []
        upload._counter = 0
    else:
        upload.value = ()
