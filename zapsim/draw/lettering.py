"""Write names and titles for figures, however long they are where they come from.

In: texts of file names and metadata. Out: texts of bounded length and number of lines, for a figure
grows with what is written in it. The edge rule: "…" stands where something was left out.
"""

from textwrap import fill

from zapsim.checks import printable, told

__all__ = ["named", "wrapped"]

_LONGEST = 60
_LETTERS = 19
# A name's, and all of a title.
_NAME_LINES, _LINES = 5, 8
# More than fit: `fill` takes seconds for a cell of megabytes.
_MOST = 1_000


def named(name, longest=_LONGEST):
    """Write a name in one line, without its middle where it has over `longest` letters.

    Examples
    --------
    >>> named("Oxfords"), named("a very long name", 8)
    ('Oxfords', 'a ve … name')
    """
    return told(" ".join(printable(str(name)).split()), longest)


def wrapped(title):
    """Write a title below a picture, in at most 8 lines of 19 letters."""
    lines = printable(title).split("\n")[: _LINES + 1]
    lines = [
        fill(line.strip()[:_MOST], _LETTERS, max_lines=_NAME_LINES, placeholder=" …")
        for line in lines
    ]
    lines = "\n".join(lines).split("\n")
    return "\n".join(lines if len(lines) <= _LINES else [*lines[: _LINES - 1], "…"])
