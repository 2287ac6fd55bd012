"""Bridge what differs between ipywidgets 7, which Google Colab has, and 8.

In: a widget, or what it holds. Out: the same thing from either version.
"""

from html import escape

import ipywidgets

__all__ = ["as_text", "empty_upload", "uploaded"]

_WRITES_HTML = int(ipywidgets.__version__.partition(".")[0]) < 8


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
