"""Let the processes that write into one folder know of each other.

In: a folder. Out: who else writes there now. While it writes, a process leaves a small hidden
file there, its *mark*, whose name says who it is, whose content for what, and whose date is its
last sign of life. The edge rule: a mark is a notice, never a lock, because locks do not work
across machines on Google Drive, and who is killed cannot take it away: marks of processes that
are gone are cleared.
"""

import platform
import time
from contextlib import suppress
from uuid import uuid4

import psutil

__all__ = ["RENEW_SECONDS", "SILENT_SECONDS", "Mark"]

_PREFIX = ".writer"
# Another machine's process cannot be looked up. A mark's date is to be renewed this often, and is
# believed for so much longer, for a batch may take long and another machine sees the date late.
RENEW_SECONDS = 60
SILENT_SECONDS = 300


class Mark:
    """A process's mark in a folder, as a context manager.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it is missing, and taken away again if nothing else was put there.
    purpose : str
        What is written, such as a digest of the settings.

    Raises
    ------
    OSError
        On entry, if nothing can be written there.
    """

    def __init__(self, folder, purpose=""):
        process = psutil.Process()
        name = _PREFIX, process.pid, int(process.create_time()), uuid4().hex[:8], platform.node()
        self._path = folder / ".".join(map(str, name))
        self._purpose = purpose

    def __enter__(self):
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._purpose, encoding="utf-8")
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            # Fails, as it should, where anything is left in it.
            self._path.parent.rmdir()

    def alive(self):
        """Give a sign of life."""
        with suppress(OSError):
            self._path.touch()

    def others(self):
        """Name the other processes that write here, e.g. ``["process 4242 on lab-pc (…)"]``.

        Returns
        -------
        alike, strange : list of str
            Those with this one's purpose, and those with another.
        """
        alike, strange = [], []
        for path in sorted(self._path.parent.glob(f"{_PREFIX}.*")):
            if path == self._path:
                continue
            # A file of another name is nobody's mark.
            with suppress(OSError, ValueError):
                silent = max(0, time.time() - path.stat().st_mtime)
                if _writes(path.name, silent):
                    theirs = path.read_text(encoding="utf-8")
                    # It is empty for a moment when it is made.
                    found = alike if theirs in ("", self._purpose) else strange
                    found.append(f"{_who(path.name)} (last sign of life {silent:,.0f} s ago)")
                else:
                    path.unlink()
        return alike, strange


def _parts(name):
    pid, created, _, host = name.removeprefix(f"{_PREFIX}.").split(".", 3)
    return int(pid), int(created), host


def _who(name):
    pid, _, host = _parts(name)
    return f"process {pid} on {host or 'a machine without a name'}"


def _writes(name, silent):
    """Tell whether the process behind a mark may still be writing."""
    pid, created, host = _parts(name)
    if host != platform.node():
        return silent < SILENT_SECONDS
    try:
        process = psutil.Process(pid)
        # Numbers are given again to later processes; the clock may have been set since.
        same = abs(process.create_time() - created) < 60
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
