"""Say what to do where a source is no catalogue, or a slow one.

In: the path that was given, or what was found there. Out: sentences for messages. The edge rule:
where nothing can be told, nothing is said.
"""

import re
import sys
import warnings
from contextlib import suppress
from itertools import islice
from statistics import median
from time import perf_counter

from zapsim.io.archives import parts_of
from zapsim.io.folders import OUT
from zapsim.io.formats import SUFFIXES, advice, suffix_of
from zapsim.io.pictures import PictureError

__all__ = ["about_found", "about_missing", "advise"]

_NAMED = 6
_OPENED = (".zip", ".tar", ".tgz", ".gz")
# A local disk answers in well under a millisecond, a mounted Drive in five and more.
_PROBES = 9
_SLOW_SECONDS = 0.003
_WORTH_SECONDS = 20


def about_missing(source):
    """Say what is wrong with a path that leads nowhere, where that can be seen; else nothing."""
    if re.match(r"[A-Za-z][\w+.-]+:/", source):
        return "It is an address: download what is there first, and give the file. "
    if re.search(r"[\0-\x1f]", source) or re.match(r"[A-Za-z]:[^\\/]", source):
        return (
            r"Backslashes of a Windows path were lost: write r'C:\Pictures\shoes', with the r, or "
            "'C:/Pictures/shoes'. "
        )
    if source[0] in "'\"" or source[0] == "\u202a":
        return "Leave out the quotes, or what else was copied, around the path itself. "
    if re.match(r"[A-Za-z]:", source) and sys.platform != "win32":
        return (
            "It is a path of a Windows computer, and Python runs on another one: upload the "
            "folder, packed as a zip. "
        )
    return ""


def about_found(files):
    """Say what there is in place of pictures, and what to do with it."""
    counts = files.others + files.left_out
    said = ", ".join(f"{n:,} {kind}" for kind, n in counts.most_common(_NAMED))
    todo = [f" {kind}: {what}." for kind in files.left_out if (what := advice(f"x{kind}"))]
    inner = sorted(name for name in files.skipped if suffix_of(name) in _OPENED)
    if inner and files.root.is_dir():
        todo = [_about_archives([files.root / name for name in inner])]
    elif inner:
        todo = [f" {inner[0]} is an archive in it: unpack {files.root.name}, and open that one."]
    if OUT in files.left_out:
        todo.append(f" To follow the links: load_catalogue({str(files.root)!r}, links=True).")
    # Of these, only the reason tells why they are no pictures.
    odd = (n for n in files.skipped if files.left_out and suffix_of(n.strip("'\"")) in SUFFIXES)
    todo += [f" {name} was left out: {files.skipped[name]}." for name in islice(odd, 1)]
    return (
        f"Looked for {', '.join(SUFFIXES)} in it and all folders below, and found "
        f"{counts.total():,} other files{f': {said}' if said else ''}.{''.join(todo)}"
    )


def _about_archives(paths):
    call = f"load_catalogue({str(paths[0])!r})"
    if set(paths) <= set(parts_of(paths[0])):
        return f" Open the archive itself, and all its parts with it: {call}."
    return (
        f" These are {len(paths):,} archives, no parts of one: unpack all into one folder, and "
        f"open that. One alone is opened by {call}."
    )


def advise(files):
    """Warn, once a catalogue, where each file takes so long that a copy would save minutes."""
    seconds = []
    for key in files.keys[:: max(1, len(files.keys) // _PROBES)][:_PROBES]:
        start = perf_counter()
        with suppress(PictureError):
            files.read(key)
        seconds.append(perf_counter() - start)
    each = median(seconds)
    together = each * len(files.keys)
    if each > _SLOW_SECONDS and together > _WORTH_SECONDS:
        warnings.warn(
            f"Reading one picture from {files.root} takes {each * 1000:.0f} ms, so each pass over "
            f"all {len(files.keys):,} about {max(1, together / 60):.0f} minutes. On Colab, "
            f"copy them to the machine first: load_catalogue(zapsim.stage({str(files.root)!r})). "
            "One zip on Drive copies much faster than a folder.",
            stacklevel=4,
        )
