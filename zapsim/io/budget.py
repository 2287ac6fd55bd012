"""Share a limited amount of memory among all threads of this process.

In: how much something will take. Out: the right to go on. The edge rule: what asks first goes
first, what is larger than all there is goes alone, and what is small does not wait.
"""

import os
from collections import deque
from contextlib import contextmanager
from threading import Condition

__all__ = ["Budget"]


class Budget:
    """So many bytes, for ``with budget.held(amount):``; meant for modules, as `ForkSafeLock` is.

    A thread that holds some must not ask for more. What is less than a hundredth of `total` is not
    counted.
    """

    def __init__(self, total):
        self.total = total
        self._renew()
        # As in `zapsim.io.locks`: the threads that hold some are not there in a forked process.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self):
        self._changed, self._queue, self._taken = Condition(), deque(), 0

    @contextmanager
    def held(self, amount):
        """Wait until so much is free, and hold it."""
        if amount < self.total / 100:
            yield
            return
        amount = min(amount, self.total)
        with self._changed:
            turn = object()
            self._queue.append(turn)
            try:
                self._changed.wait_for(
                    lambda: self._queue[0] is turn and self._taken + amount <= self.total
                )
                self._taken += amount
            finally:
                self._queue.remove(turn)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._taken -= amount
                self._changed.notify_all()
