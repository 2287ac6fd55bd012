"""Bring one large file to this machine, whole: from a web address, or from a slow disk.

In: a URL or a path. Out: the file, under its name only when all of it has arrived and passed its
check; until then it is called ``NAME.VERSION.part``, and the next call goes on where it ends. The
edge rule: what belongs to another version of the source is never continued, but begun anew.
"""

import errno
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path
from threading import get_ident

__all__ = ["TransferError", "copy", "download", "look", "prepare_folder", "write_whole"]

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30
_ATTEMPTS = 5
_SPARE = 50_000_000
# Asking again would get the same answer.
_FINAL = {errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP}
# Worth another try: the server is busy. Any other answer from 400 on is final.
_BUSY = {408, 425, 429, 500, 502, 503, 504}


class TransferError(RuntimeError):
    """A file did not arrive whole; the message says what to do next."""


class _CutError(Exception):
    """The source broke off, which is worth another try."""


def download(url, path, check=None, pause=1.0):
    """Download a file, with a progress bar, retries and resume.

    Parameters
    ----------
    url : str
    path : path
        Where it goes. What lies there already is replaced, when the new file is whole.
    check : callable, optional
        Is given the path of the complete ``.part`` and raises ValueError if it is not what was
        expected; the part is then deleted. Where a server tells no length, nothing else can find
        out that it broke off.
    pause : float
        Seconds before the first retry, doubled for each further one without progress.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    TransferError
        If the server refuses, the connection fails five times without progress, the folder
        cannot be written to, the disk is full, or `check` fails.
    """
    total, marks = _retried(lambda: _ask(url), url, pause)

    def open_at(start):
        # Without a length nobody can tell whether a part is all of it already.
        ranged = bool(start) and total is not None
        response = _open(url, {"Range": f"bytes={start}-"} if ranged else {})
        # A server that ignores ranges sends everything.
        begins = start if response.status == 206 else 0
        if (_whole_length(response, begins), _marks(response)) != (total, marks):
            response.close()
            raise _changed(url)
        return begins, response

    version = f"{total}-{marks}" if any(marks) else None
    return _bring(url, Path(path), total, version, open_at, check, pause)


def copy(source, path, pause=1.0):
    """Copy a file from a disk that may be slow or time out, such as a mounted Drive.

    Parameters
    ----------
    source : path
    path, pause
        As in `download`.

    Returns
    -------
    pathlib.Path
        It has the source's date, so that a later call can see whether the source has changed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TransferError
        If its disk does not answer, reading fails five times without progress, the file changes
        meanwhile, the folder cannot be written to, or the disk is full.
    """
    state = look(source, pause)
    if state is None:
        raise FileNotFoundError(f"No file at {source}. Give an existing one.")

    def open_at(start):
        with _cut_off():
            file = open(source, "rb")  # noqa: SIM115 (the caller closes it)
            file.seek(start)
        return start, file

    def check(part):
        now = look(source, pause)
        # With the disk, perhaps; so what has arrived is kept.
        if now is None:
            raise TransferError(
                f"{source} is no longer there. Is its disk still mounted? Mount it and run again: "
                "what has arrived is kept."
            )
        if _version(now) != _version(state):
            raise ValueError("it changed while it was copied.")
        os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))

    return _bring(str(source), Path(path), state.st_size, _version(state), open_at, check, pause)


def look(path, pause=1.0):
    """Return a file's or folder's state, as `os.stat` does; None where there is none.

    A disk that does not answer is asked again, five times, `pause` seconds (float, doubled each
    time) apart; then `TransferError` is raised.
    """

    def ask():
        try:
            return Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in _FINAL:
                raise TransferError(
                    f"{path} cannot be looked at ({error.strerror}). Check its name, and that you "
                    "may read there."
                ) from error
            raise _CutError(f"its disk does not answer, is it still mounted? {error}") from error

    return _retried(ask, path, pause)


def _version(state):
    return f"{state.st_size}-{state.st_mtime_ns}"


def prepare_folder(folder, needed, what):
    """Create a folder; raise `TransferError` unless its disk has room for `needed` bytes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    free = shutil.disk_usage(folder).free
    if needed + _SPARE > free:
        raise TransferError(
            f"{what} takes {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free at {folder}. "
            "Free some space or choose another folder, and run again."
        )


def write_whole(path, data):
    """Write bytes to a file, which appears whole or not at all; `TransferError` if it cannot."""
    # Many threads may write into one folder.
    temporary = path.with_name(f".{os.getpid()}-{get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _bring(source, path, total, version, open_at, check, pause):
    """Append to the part until it is whole, check it, and give it its name."""
    from tqdm.auto import tqdm

    tag = sha256(f"{source}\n{version}".encode()).hexdigest()[:8]
    part = path.with_name(f"{path.name}.{tag}.part")
    prepare_folder(path.parent, max(0, (total or 0) - _size(part)), path.name)
    try:
        # A source that does not tell its version is never continued by a later call.
        if version is None:
            part.unlink(missing_ok=True)
        bar = tqdm(total=total, initial=_size(part), desc=path.name, unit="B", unit_scale=True)
        with bar:
            _retried(lambda: _append(part, total, open_at, bar), source, pause, lambda: _size(part))
        if check is not None:
            _check(part, check, source)
        os.replace(part, path)
    # Reading the source, or looking at it, raises _CutError, so this was writing.
    except OSError as error:
        raise _unwritable(part, error) from error
    # Not before: a page to log in, in the server's place, looks like another version as well.
    for old in path.parent.glob(f"{escape(path.name)}.{'[0-9a-f]' * 8}.part"):
        with suppress(OSError):
            old.unlink()
    return path


def _check(part, check, source):
    try:
        check(part)
    except ValueError as error:
        part.unlink()
        raise TransferError(f"{source} is not what was expected: {error} Run again.") from error


def _append(part, total, open_at, bar):
    """Read from where the part ends to the source's end."""
    have = _size(part)
    # Even an empty file is to be there.
    if have and have == total:
        return
    have, stream = open_at(have)
    bar.n = have
    # Never emptied, and never with a hole: another notebook may be writing the very same bytes,
    # or have given them their name just now.
    part.touch()
    with closing(stream), part.open("r+b") as file:
        if file.seek(0, os.SEEK_END) < have:
            raise _CutError("it is downloaded elsewhere at the same time")
        file.seek(have)
        while chunk := _read(stream):
            file.write(chunk)
            file.flush()
            have += len(chunk)
            bar.update(len(chunk))
        if total is None:
            file.truncate()
    if total is not None and _size(part) != total:
        if have > total:
            part.unlink()
        raise _CutError(f"{have:,} bytes instead of {total:,}")


def _read(stream):
    # Not read(), which loses what has arrived of a chunk when the rest does not.
    with _cut_off():
        return stream.read1(_CHUNK)


@contextmanager
def _cut_off():
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise _CutError(error) from error


def _retried(action, source, pause, reached=lambda: 0):
    """Run an action until it is not cut off any more; give up after five times without progress."""
    furthest, failures = reached(), 0
    while True:
        try:
            return action()
        except _CutError as error:
            failures = 1 if reached() > furthest else failures + 1
            furthest = max(furthest, reached())
            if failures == _ATTEMPTS:
                raise TransferError(
                    f"{source} broke off {_ATTEMPTS} times without progress ({error}). "
                    f"{f'{furthest:,} bytes have arrived. ' * bool(furthest)}"
                    "Run again to go on."
                ) from error
            time.sleep(pause * 2 ** (failures - 1))


def _ask(url):
    """Return the length (None if unknown) and the version's marks of what an address holds."""
    with _open(url, {}) as response:
        return _whole_length(response, 0), _marks(response)


def _marks(response):
    return [response.headers.get(name) for name in ("ETag", "Last-Modified")]


def _open(url, headers):
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "zapsim", **headers})
        return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except (ValueError, http.client.InvalidURL) as error:
        raise TransferError(
            f"{url} is no address ({error}). Give one such as https://example.org/pictures.zip."
        ) from error
    except urllib.error.HTTPError as error:
        if error.code in _BUSY:
            raise _CutError(error) from error
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _changed(url) from error
        raise TransferError(
            f"{url} answered {error.code} {error.reason}. Has it moved? Open it in a web browser, "
            "download it there, and give its path instead."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _CutError(error) from error


def _whole_length(response, begins):
    """Return the length of the whole file, whatever part of it is answered."""
    if begins:
        start, _, total = response.headers.get("Content-Range", "").partition("/")
        return int(total) if start.startswith(f"bytes {begins}-") and total.isdigit() else -1
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _changed(url):
    return TransferError(
        f"{url} changed while it was downloaded. Run again; if that does not help, download it in "
        "a web browser, and give its path instead."
    )


def _unwritable(path, error):
    return TransferError(
        f"Could not write {path} ({error}). Free some space or choose a folder that can be "
        "written to, and run again: what has arrived is kept."
    )
