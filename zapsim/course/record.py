"""Which exercises and questions were solved: kept in memory, and in a small file on request.

In: names of exercises and questions. Out: who is solved, and how many hints were taken. The file is
``zapsim-progress.json`` in the notebook's folder, whatever folder it changes to; it stays on this
machine, and deleting it forgets everything. The edge rule: a file that cannot be read or written
stops no notebook, and is not touched; what else it holds, as another version of zapsim may write
it, stays in it if it is small and flat.
"""

import json
import re
from contextlib import contextmanager, suppress
from os.path import isfile, islink, lexists, realpath
from pathlib import Path

from zapsim.checks import brief, checked_pairs
from zapsim.io.disk import TransferError, write_whole
from zapsim.io.folders import read_file
from zapsim.io.locks import DEAD, file_lock

__all__ = ["FILE", "forget", "keep", "note_hint", "note_solved", "solved"]

FILE = Path("zapsim-progress.json")
# A folder that was deleted has no path.
with suppress(FileNotFoundError):
    # After a %cd, it would be another file.
    FILE = FILE.absolute()

_LARGEST = 1_000_000
# Of what this version does not know, in characters; of hints.
_SMALL, _MOST = 1_000, 999_999
# Such as "04-2" and "04-a": of any version.
_NAME = re.compile(r"\d\d-[0-9a-z]{1,9}", re.ASCII)
_DEAD = DEAD
_OURS = ("solved", "hints")

_solved: set[str] = set()
_hints: dict[str, int] = {}


def keep():
    """Begin the file, with what was solved so far; what it held before is kept.

    Returns whether it is there now (bool); where it is not, a printed line says why.
    """
    with _alone(begins=True):
        known = _read()
        return known is not None and _write(known)


def forget():
    """Forget what was solved, and delete the file; return whether it is gone (bool)."""
    _solved.clear()
    _hints.clear()
    try:
        FILE.unlink(missing_ok=True)
    except OSError as error:
        print(f"{FILE} cannot be deleted ({error}). What it holds comes back: delete it yourself.")
        return False
    return True


def solved(names):
    """Return those of the names that were solved, in the same order (list of str)."""
    _read()
    return [name for name in names if name in _solved]


def note_solved(name):
    """Take note that an exercise or a question was solved."""
    _note(lambda: _solved.add(name))


def note_hint(name):
    """Take note that one more hint was shown; return how many were so far (int)."""
    _note(lambda: _hints.update({name: _hints.get(name, 0) + 1}))
    return _hints[name]


def _note(change):
    # Several notebooks, each with its kernel, may write the same file: read first.
    with _alone():
        known = _read()
        change()
        if known:
            _write(known)


@contextmanager
def _alone(begins=False):
    """Let no other kernel write the file meanwhile; where it `begins`, there may be none yet."""
    if not (isfile(FILE) or (begins and not lexists(FILE))):
        yield
        return
    path = _place()
    lock = path.with_name(f"{path.name}.lock")
    with file_lock(lock, _DEAD) as held:
        # Where no file can be made, none can be written, either, and that is said.
        if not held and lexists(lock):
            print(f"{lock} is in the way, and not waited for: delete it if no notebook is running.")
        yield


def _place():
    # Behind a link lies the file of another folder.
    return Path(realpath(FILE)) if islink(FILE) else FILE


def _read():
    """Add what the file knows, and return it: {} without a file; None, with a line, if damaged."""
    try:
        known = json.loads(read_file(FILE, FILE.name, _LARGEST), object_pairs_hook=checked_pairs)
        names, hints = known["solved"], known["hints"]
        for each, kind in [(names, str), (hints.values(), int)]:
            if not isinstance(names, list) or not all(type(value) is kind for value in each):
                raise TypeError("no list of names, and numbers of hints")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = brief(f"{type(error).__name__}: {error}")
        print(f"{FILE} cannot be read ({reason}); delete it to begin again.")
        return None
    _solved.update(filter(_NAME.fullmatch, names))
    for name in filter(_NAME.fullmatch, hints):
        # One more of a number of thousands of digits could not be written.
        _hints[name] = min(max(hints[name], _hints.get(name, 0)), _MOST)
    return {name: value for name, value in known.items() if name in _OURS or _is_small(name, value)}


def _is_small(name, value):
    """Tell whether a value may be written again: neither long, nor with lists in lists."""
    parts = [*value.values()] if isinstance(value, dict) else value
    flat = not isinstance(parts, list) or not any(isinstance(p, (dict, list)) for p in parts)
    return flat and len(json.dumps({name: value})) <= _SMALL


def _write(known):
    """Write the file; return whether that went well (bool), and print a line if not."""
    known = known | {"solved": sorted(_solved), "hints": _hints}
    data = json.dumps(known, indent=1).encode()
    try:
        # Nobody could read it again.
        if len(data) > _LARGEST:
            raise TransferError(f"{FILE} would be too large: delete it to begin again.")
        write_whole(_place(), data)
    except TransferError as error:
        print(f"Progress is kept only until the kernel stops. {error}")
        return False
    return True
