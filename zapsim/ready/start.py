"""Begin the checks, unless a file would run in place of what they import.

In: nothing. Out: printed lines, and an exit code. The edge rule: until no file hides another, the
checks are not even loaded.
"""

import os
import sys

from zapsim.ready.hidden import hidden

__all__ = ["main", "preflight"]


def preflight():
    """Print whether this machine is ready: what is fine, and what to do about what is not.

    A line each for Python, packages, extras, memory, disk, weights, LiteRT, speed and widgets, and
    in Google Colab for Drive. It takes a few seconds, and changes nothing. ``python -m zapsim``
    does the same in a terminal. A file that Python would take for a package comes before all else.
    """
    if not _told():
        from zapsim.ready.report import preflight

        preflight()


def main():
    """Do the same in a terminal; return 1 if something is missing or broken, else 0."""
    try:
        if _told():
            return 1
        from zapsim.ready.report import main

        done = main()
        sys.stdout.flush()
        return done
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does. Python would say so at its end once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _told():
    """Print a line for what stands in the way of all checks; return whether there is any (bool)."""
    try:
        os.getcwd()
    except FileNotFoundError:
        found = ["the current folder was deleted: go to one that is there, and start again"]
    else:
        found = hidden()
    for said in found:
        print(f"WRONG  files     {said}", flush=True)
    if found:
        print("Not ready: see files.")
    return bool(found)
