"""Which exercises and questions were solved: kept in memory, and in a small file on request.

In: names of exercises and questions. Out: who is solved, and how many hints were taken. The file is
``zapsim-progress.json`` in the notebook's folder; it stays on this machine, and deleting it forgets
everything. The edge rule: a file that cannot be read or written stops no notebook, and is not
touched.
"""

import json
from pathlib import Path

from zapsim.io.disk import TransferError, write_whole

__all__ = ["FILE", "forget", "hints_taken", "keep", "note_hint", "note_solved", "solved"]

FILE = Path("zapsim-progress.json")

_solved: set[str] = set()
_hints: dict[str, int] = {}


def keep():
    """Begin the file, with what was solved so far; what it held before is kept."""
    if _read():
        _write()


def forget():
    """Delete the file, and forget what was solved."""
    FILE.unlink(missing_ok=True)
    _solved.clear()
    _hints.clear()


def solved(names):
    """Return those of the names that were solved, in the same order (list of str)."""
    _read()
    return [name for name in names if name in _solved]


def hints_taken(name):
    """Return how many hints were shown for an exercise (int)."""
    return _hints.get(name, 0)


def note_solved(name):
    """Take note that an exercise or a question was solved."""
    _note(lambda: _solved.add(name))


def note_hint(name):
    """Take note that one more hint was shown."""
    _note(lambda: _hints.update({name: hints_taken(name) + 1}))


def _note(change):
    # Several notebooks, each with its kernel, may write the same file: read first.
    readable = _read()
    change()
    if readable and FILE.exists():
        _write()


def _read():
    """Add what the file knows; return False, and say why, if it cannot be read."""
    try:
        known = json.loads(FILE.read_text(encoding="utf-8"))
        names = [str(name) for name in known["solved"]]
        hints = {str(name): int(count) for name, count in known["hints"].items()}
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        print(f"{FILE} cannot be read ({reason}); delete it to begin again.")
        return False
    _solved.update(names)
    _hints.update({name: max(count, hints_taken(name)) for name, count in hints.items()})
    return True


def _write():
    known = {"solved": sorted(_solved), "hints": _hints}
    try:
        write_whole(FILE, json.dumps(known, indent=1).encode())
    except TransferError as error:
        print(f"Progress is kept only until the kernel stops. {error}")
