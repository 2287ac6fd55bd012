"""Download one large file, whole, over connections that break off.

In: a URL. Out: the file, under its name only when all of it has arrived and passed its check. Until
then it is called ``NAME.VERSION.part``, and the next try, or the next call, goes on where it ends.
The edge rule: bytes of two versions of a file are never mixed.
"""

import os
from contextlib import ExitStack, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path

import requests

from zapsim.io.disk import TransferError, prepare_folder, retried

__all__ = ["download"]

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
# The server is busy, or the file has just become shorter: try again. All others are final.
_TRY_AGAIN = {408, 416, 425, 429, 500, 502, 503, 504}


def download(url, path, check=None):
    """Download a file, with a progress bar, retries and resume.

    What lies at `path` is replaced when the new file is whole. `check` takes the path of the
    complete part and raises ValueError if it is not what was expected; the part is then deleted.
    Where a server does not say how long the file is, nothing else can find out that it broke off.
    `TransferError` if that fails, the server refuses, five tries in a row bring nothing, the
    folder cannot be written to, or the disk is full.
    """
    path = Path(path)

    def parts():
        return path.parent.glob(f"{escape(path.name)}.{'[0-9a-f]' * 8}.part")

    def arrived():
        # Another notebook may give one its name just now.
        with suppress(OSError):
            return sum(part.stat().st_size for part in parts())
        return 0

    def attempt():
        part = _receive(url, path)
        try:
            if check is not None:
                check(part)
        except ValueError as error:
            part.unlink()
            raise TransferError(f"{url} is not what was expected: {error} Run again.") from error
        os.replace(part, path)

    retried(f"download {url} to {path}", attempt, arrived)
    # Those of other versions. Not before, because a login page looks like one, too.
    for old in parts():
        with suppress(OSError):
            old.unlink()


def _receive(url, path):
    """Receive what is missing of a file; return its part, which is complete then."""
    from tqdm.auto import tqdm

    with ExitStack() as stack:
        response = stack.enter_context(_ask(url))
        total, version = _length_and_version(response)
        tag = sha256(f"{url}\n{total}\n{version}".encode()).hexdigest()[:8]
        part = path.with_name(f"{path.name}.{tag}.part")
        size = part.stat().st_size if part.exists() else 0
        prepare_folder(path.parent, (total or 0) - size, path.name)
        # It is not emptied: another notebook may be writing the very same bytes just now.
        part.touch()
        file = stack.enter_context(part.open("r+b"))
        size = file.seek(0, os.SEEK_END)
        have = size if version and size <= total else 0
        if have == total:
            return part
        if have:
            rest = stack.enter_context(_ask(url, {"Range": f"bytes={have}-", "If-Range": version}))
            # Some servers ignore ranges, and the file may have changed just now.
            fits = rest.headers.get("Content-Range") == f"bytes {have}-{total - 1}/{total}"
            response, have = (rest, have) if fits else (response, 0)
        file.seek(have)
        with tqdm(total=total, initial=have, desc=path.name, unit="B", unit_scale=True) as bar:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        if total not in (None, file.tell()):
            raise OSError(f"{file.tell():,} bytes instead of {total:,}")
        file.truncate()
        return part


def _ask(url, headers=()):
    """Return the answer to a GET (requests.Response); its body is still to be received."""
    # Compressed, the length would be another one.
    headers = {"Accept-Encoding": "identity", **dict(headers)}
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS)
    except ValueError as error:
        raise TransferError(
            f"{url!r} is not a web address ({error}). Give one such as "
            "https://example.org/pictures.zip."
        ) from error
    if response.ok:
        return response
    response.close()
    if response.status_code in _TRY_AGAIN:
        response.raise_for_status()
    raise TransferError(
        f"{url} answered {response.status_code} {response.reason}. Has it moved? Open it in a web "
        "browser, download it there, and give its path instead."
    )


def _length_and_version(response):
    """Return a file's length (int) and what names its version (str); None where not known."""
    length = response.headers.get("Content-Length", "")
    if not length.isdecimal():
        return None, None
    etag = response.headers.get("ETag", "W/")
    # A weak one may stay the same where bytes have changed.
    return int(length), response.headers.get("Last-Modified") if etag.startswith("W/") else etag
