"""Write files whole, and read from disks that may not answer, such as a mounted Drive.

In: paths and bytes. Out: files, each under its name only when all of it is there. The edge rule: a
disk that does not answer is asked again, and one that is full or refuses is reported at once.
"""

import errno
import os
import shutil
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

__all__ = [
    "SPARE",
    "TEMPORARY",
    "TransferError",
    "ahead",
    "copy",
    "look",
    "prepare_folder",
    "retried",
    "whole",
    "whole_folder",
    "write_whole",
]

TEMPORARY = ".part-{}.tmp"
_TRIES = 5
SPARE = 50_000_000
# The disk refuses or is full: trying again would not help.
_FINAL = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG}
_FINAL |= {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class TransferError(RuntimeError):
    """A file did not arrive whole; the message says what to do next."""


def copy(source, path):
    """Copy a file (both pathlib.Path) and its date, with a progress bar, from a slow disk.

    `TransferError` if its disk does not answer, the folder cannot be written to, or is full.
    """
    from tqdm.auto import tqdm

    def attempt():
        before = source.stat()
        prepare_folder(path.parent, before.st_size, path.name)
        with (
            whole(path) as temporary,
            open(source, "rb") as theirs,
            open(temporary, "wb") as ours,
            tqdm.wrapattr(theirs, "read", before.st_size, desc=path.name) as reading,
        ):
            shutil.copyfileobj(reading, ours)
            after = source.stat()
            if (ours.tell(), after.st_mtime_ns) != (after.st_size, before.st_mtime_ns):
                raise OSError("it changed meanwhile")
        os.utime(path, ns=(after.st_atime_ns, after.st_mtime_ns))

    retried(f"copy {source} to {path}", attempt)


def look(path):
    """Return a file's or folder's state, as `os.stat` does; None where there is none.

    `TransferError` if its disk does not answer.
    """

    def attempt():
        try:
            return Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None

    return retried(f"look at {path}", attempt)


def retried(what, attempt, arrived=lambda: 0):
    """Try again where a disk or the network fails, until five tries in a row brought nothing.

    `what` completes "Could not …"; `attempt` raises OSError where it fails, as requests does;
    `arrived` returns how many bytes there are by now. Returns what `attempt` does; `TransferError`
    after the last try, or at once if the disk is full or refuses.
    """
    failures, most = 0, arrived()
    while True:
        try:
            return attempt()
        except OSError as error:
            if error.errno in _FINAL:
                raise _failed(what, error) from error
            failures = 1 if arrived() > most else failures + 1
            if failures == _TRIES:
                # Of a failed connection, requests tells the reason and much else.
                reason = getattr((*error.args, None)[0], "reason", error)
                raise TransferError(
                    f"Could not {what}: {_TRIES} tries brought nothing ({reason}). Check that the "
                    "network, or the disk or Drive, is connected, and run again to go on."
                ) from error
        most = max(most, arrived())
        time.sleep(2 ** (failures - 1))


def prepare_folder(folder, needed, what):
    """Create a folder; raise `TransferError` unless one may write `needed` bytes there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _failed(f"write {folder}", error) from error
    free = shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise TransferError(
            f"{what} takes {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free at {folder}. "
            "Free some space or choose another folder, and run again."
        )


def write_whole(path, data):
    """Write bytes to a file, which appears whole or not at all; `TransferError` if it cannot."""
    try:
        with whole(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise _failed(f"write {path}", error) from error


@contextmanager
def whole(path):
    """Give a temporary path, which is renamed to `path` at the end, or deleted on an error."""
    # Many threads, on many machines that share a Drive, may write into one folder.
    temporary = path.with_name(TEMPORARY.format(uuid4().hex))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    finally:
        # Where even that fails, the first error is the one to see.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path):
    """Give a temporary folder, which takes the place of `path` at the end, or is deleted.

    `TransferError` if it cannot be written.
    """
    new, old = (path.with_name(TEMPORARY.format(uuid4().hex)) for _ in range(2))
    try:
        new.mkdir(parents=True)
        yield new
        # A folder that is not empty cannot be replaced in one step.
        if path.exists():
            os.replace(path, old)
        os.replace(new, path)
    except OSError as error:
        if old.exists() and not path.exists():
            os.replace(old, path)
        raise _failed(f"write {path}", error) from error
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


def ahead(function, items, threads, depth):
    """Yield (item, future of function(item)) in order, from threads at most `depth` items ahead.

    When the caller stops, what has not begun is dropped.
    """
    waiting = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(function, item)))
                if len(waiting) >= depth:
                    yield waiting.popleft()
            yield from waiting
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _failed(what, error):
    return TransferError(
        f"Could not {what} ({error}). Free some space or choose a folder where you may read and "
        "write, and run again."
    )
