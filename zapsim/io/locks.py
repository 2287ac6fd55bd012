"""Lock what one thread at a time may do, in processes that may be forked, too.

In: nothing. Out: a `ForkSafeLock`. The edge rule: a child that was forked while some thread held
the lock has no such thread that would ever release it, so in the child it is free.
"""

import os
from contextlib import contextmanager
from threading import Lock

__all__ = ["ForkSafeLock"]


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
