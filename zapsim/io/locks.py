"""Lock what one thread at a time may do, in processes that may be forked, too; or one process.

In: nothing, or a path. Out: a `ForkSafeLock`, or a file that one process at a time can make. The
edge rules: a child that was forked while some thread held the lock has no such thread that would
ever release it, so in the child it is free, and so is the lock of progress bars; what cannot be
locked, such as a folder in the file's place, is not waited for.
"""

import os
import sys
import time
from contextlib import contextmanager, suppress
from stat import S_ISREG
from threading import Lock, RLock

__all__ = ["DEAD", "ForkSafeLock", "file_lock"]

# Seconds. Writing takes some thousandths of one, on a mounted Drive some of them.
DEAD, _PAUSE = 10, 0.01
# Files that this process had and could not delete.
_left = set()


class ForkSafeLock:
    """A lock for ``with lock.held():``; meant for modules, for it is never forgotten."""

    def __init__(self):
        self._renew()
        # Windows has no fork.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self):
        self._lock = Lock()

    @contextmanager
    def held(self):
        """Wait until no other thread of this process holds the lock, and hold it."""
        with self._lock:
            yield


@contextmanager
def file_lock(path, dead=DEAD):
    """Hold a file (pathlib.Path) that one thread, in one process, has at a time; yield if it does.

    It is waited for, but for no longer than `dead` seconds: one so old was left by a process that
    was killed. Where it cannot be made, or something else has its name, nobody is kept out.
    """
    try:
        held = _take(path, dead)
    except OSError:
        held = False
    begun = time.monotonic()
    try:
        yield held
    finally:
        # After so long, it may be another process's.
        if held and time.monotonic() < begun + dead:
            try:
                path.unlink(missing_ok=True)
            except OSError:
                _left.add(path)


def _take(path, dead):
    end = time.monotonic() + dead
    while path not in _left:
        try:
            path.touch(exist_ok=False)
            return True
        except FileExistsError:
            with suppress(FileNotFoundError):
                state = path.lstat()
                if not S_ISREG(state.st_mode):
                    return False
                # A date in the future is none.
                if abs(time.time() - state.st_mtime) > dead or time.monotonic() > end:
                    path.unlink()
                else:
                    time.sleep(_PAUSE)
    _left.discard(path)
    return True


def _renew_that_of_bars():
    # tqdm's is one for a process and all that are forked from it: a bar would wait for ever, too,
    # once one of them is killed while it draws.
    lock = RLock()
    for name in ("tqdm", "tqdm.auto"):
        bar = getattr(sys.modules.get(name), "tqdm", None)
        if bar is not None:
            bar.set_lock(lock)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_that_of_bars)
