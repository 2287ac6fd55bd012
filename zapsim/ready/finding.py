"""What was found out about one part of a machine."""

import sys
from typing import NamedTuple

__all__ = ["FINE", "NOTE", "WRONG", "Finding", "install"]

FINE, NOTE, WRONG = "fine", "note", "WRONG"


class Finding(NamedTuple):
    """A state, and what is so, or what to do about it (str).

    The state is `FINE`; `NOTE`: worth knowing, and the course runs; or `WRONG`: something that
    it needs is missing or broken.
    """

    state: str
    says: str


def install(*what):
    """Return the line that installs packages (str) where this Python looks for them."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return " ".join([python, "-m pip install", *(f'"{each}"' for each in what)])
