"""Which exercises and questions were solved: kept in memory, and in a small file on request.

In: names of exercises and questions. Out: who is solved, and how many hints were taken. The file is
``zapsim-progress.json`` in the notebook's folder; it stays on this machine, and deleting it forgets
everything. The edge rule: a file that cannot be read or written stops no notebook, and is not
touched.
"""

import json
from pathlib import Path

from zapsim.io.disk import write_whole

__all__ = ["FILE", "forget", "hints_taken", "keep", "note_hint", "note_solved", "solved"]

FILE = Path("zapsim-progress.json")

_solved: set[str] = set()
_hints: dict[str, int] = {}


def keep():
    """Begin the file, with what was solved so far; what it held before is kept."""
    _read()
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
    _read()
    change()
    if FILE.exists():
        _write()


def _read():
    try:
        known = json.loads(FILE.read_text(encoding="utf-8"))
        _solved.update(map(str, known["solved"]))
        for name, count in known["hints"].items():
            _hints[name] = max(hints_taken(name), int(count))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{FILE} cannot be read ({error}); delete it to begin again.")


def _write():
    known = {"solved": sorted(_solved), "hints": _hints}
    try:
        write_whole(FILE, json.dumps(known, indent=1).encode())
    except OSError as error:
        print(f"{FILE} cannot be written ({error}); progress is kept until the kernel stops.")
