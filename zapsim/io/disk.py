"""Write files whole, and read from disks that may not answer, such as a mounted Drive.

In: paths and bytes. Out: files, each under its name only when all of it is there; what a killed
process left half written is deleted a day later. The edge rule: a disk that does not answer is
asked again, and one that is full or refuses is reported at once; what is no file, such as a pipe or
a device, is not waited for.
"""

import errno
import os
import shutil
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from tempfile import TemporaryFile
from uuid import uuid4

from zapsim.checks import ToldError, brief

__all__ = [
    "GONE",
    "SPARE",
    "TEMPORARY",
    "TransferError",
    "ahead",
    "check_answered",
    "copy",
    "explained",
    "look",
    "open_begun",
    "open_regular",
    "prepare_folder",
    "retried",
    "sweep",
    "temporary_folder",
    "whole",
    "write_whole",
]

TEMPORARY = ".part-{}.tmp"
# A file that is being written is younger.
_LEFT_SECONDS = 86_400
_TRIES = 5
SPARE = 50_000_000
# The disk refuses or is full: trying again would not help.
_FINAL = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG}
_FINAL |= {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Nothing can be there.
_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
# The system's errors, which say nothing about a file's content.
_UNANSWERED = {errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
GONE = {errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT, errno.ENODEV}


class TransferError(ToldError, RuntimeError):
    """A file did not arrive whole; the message says what to do next."""


def copy(source, path):
    """Copy a file (both pathlib.Path) and its date, with a progress bar, from a slow disk.

    `TransferError` if its disk does not answer, the folder cannot be written to, or is full.
    """
    from tqdm.auto import tqdm

    def attempt():
        before = source.stat()
        if not S_ISREG(before.st_mode):
            raise TransferError(f"{source} is not a regular file, which alone can be copied.")
        prepare_folder(path.parent, before.st_size, path.name)
        with (
            whole(path) as temporary,
            open_regular(source) as theirs,
            open(temporary, "wb") as ours,
            tqdm.wrapattr(theirs, "read", before.st_size, desc=path.name) as reading,
        ):
            shutil.copyfileobj(reading, ours)
            after = source.stat()
            if (ours.tell(), after.st_mtime_ns) != (after.st_size, before.st_mtime_ns):
                raise OSError("it changed meanwhile")
            # Else the last bytes, which are written when it is closed, would change the date.
            ours.flush()
            os.utime(temporary, ns=(after.st_atime_ns, after.st_mtime_ns))

    retried(f"copy {source} to {path}", attempt)


def open_regular(path, follow=True):
    """Open a file to read its bytes; OSError at once if it is a pipe, a device or the like.

    Those may never answer, never end, or do something when they are opened. Unless `follow`, a
    link is refused, too.
    """
    _check_regular(path, os.stat(path, follow_symlinks=follow))
    with ExitStack() as opened:
        opener = partial(_open_without_waiting, follow)
        file = opened.enter_context(open(path, "rb", opener=opener))
        # It may be another one by now.
        _check_regular(path, os.fstat(file.fileno()))
        opened.pop_all()
    return file


def open_begun(path):
    """Open a file that was begun, or a new one, to go on with it: one of this place alone.

    What leads elsewhere is deleted before, such as a link to a file of the user's.
    """
    with suppress(FileNotFoundError):
        state = os.lstat(path)
        if not S_ISREG(state.st_mode) or state.st_nlink > 1:
            os.unlink(path)
    # Not emptied: another process may be writing the very same bytes just now.
    opener = partial(_open_without_waiting, False)
    return open(path, "r+b", opener=lambda name, flags: opener(name, flags | os.O_CREAT))


def look(path):
    """Return a file's or folder's state, as `os.stat` does; None where there is none.

    `TransferError` if its disk does not answer.
    """

    def attempt():
        try:
            return Path(path).stat()
        except OSError as error:
            if error.errno in _NOWHERE:
                return None
            raise
        except ValueError:
            # A null character.
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
                    f"Could not {what}: {_TRIES} tries brought nothing ({brief(reason)}). Check "
                    "that the network, or the disk or Drive, is connected, and run again to go on."
                ) from error
        most = max(most, arrived())
        time.sleep(2 ** (failures - 1))


def check_answered(path, error):
    """Raise `TransferError` where an error is not the file's own, but that of the disk it is on."""
    if getattr(error, "errno", None) in _UNANSWERED | GONE:
        raise TransferError(
            f"Could not read {path} ({error}). It need not be damaged: check that its disk or "
            "Drive is connected and that you may read it, and run again."
        ) from error


def prepare_folder(folder, needed, what):
    """Create a folder; raise `TransferError` unless one may write `needed` bytes there."""
    with explained(f"write {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
        sweep(folder)
        free = shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise TransferError(
            f"{what} takes {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free at {folder}. "
            "Free some space or choose another folder, and run again."
        )


def write_whole(path, data, date=None):
    """Write bytes to a file, which appears whole or not at all; `TransferError` if it cannot.

    It gets a date, in nanoseconds, if one is given.
    """
    with explained(f"write {path}"), whole(path) as temporary:
        temporary.write_bytes(data)
        if date is not None:
            os.utime(temporary, ns=(date, date))


@contextmanager
def whole(path):
    """Give a temporary path, which is renamed to `path` at the end, or deleted on an error."""
    temporary = _temporary_in(path.parent)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        # Where even that fails, the first error is the one to see.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent):
    """Give a new folder in another, to be renamed when it is whole; if it is not, it is deleted."""
    folder = _temporary_in(parent)
    try:
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder):
    """Delete what killed processes left half written in a folder, a day ago or longer."""
    with suppress(OSError):
        for left in folder.glob(TEMPORARY.format("[0-9a-f]" * 32)):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()


# Thousands of files may be written into one folder.
_sweep_once = cache(sweep)


def _temporary_in(folder):
    """Return a name in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep_once(folder.absolute())
    # Many threads, on many machines that share a Drive, may write into one folder.
    return folder / TEMPORARY.format(uuid4().hex)


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


@contextmanager
def explained(what):
    """Raise `TransferError`, "Could not …", where the system refuses (OSError)."""
    try:
        yield
    except ConnectionError:
        # Of pictures that are read meanwhile; it says what to do.
        raise
    except OSError as error:
        raise _failed(what, error) from error


def _open_without_waiting(follow, path, flags):
    # Windows has neither, nor pipes among its files.
    flags |= getattr(os, "O_NONBLOCK", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    # What is made, is made as open() does.
    return os.open(path, flags, 0o666)


def _check_regular(path, state):
    if not S_ISREG(state.st_mode):
        link = "a link, and here none is followed" if S_ISLNK(state.st_mode) else None
        raise OSError(f"{path} is {link or 'not a regular file'}")


def _failed(what, error):
    return TransferError(
        f"Could not {what} ({error}). Free some space or choose a folder where you may read and "
        "write, and run again."
    )
