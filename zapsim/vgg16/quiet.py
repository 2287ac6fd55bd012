"""Keep compiled libraries from writing to stderr, which a notebook shows as a page of red."""

import os
import tempfile
from contextlib import contextmanager

__all__ = ["stderr_kept_back"]


@contextmanager
def stderr_kept_back(wanted=True):
    """Keep back what compiled code writes to stderr, if `wanted`; show it after an exception."""
    try:
        stderr = os.dup(2) if wanted else None
    except OSError:
        # A process without one, such as Windows' pythonw.
        stderr = None
    if stderr is None:
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(stderr, kept.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
