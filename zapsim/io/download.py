"""Download one large file, whole, over connections that break off.

In: a URL. Out: the file, under its name only when all of it has arrived and passed its check. Until
then it is called ``NAME.VERSION.part``, and the next try, or the next call, goes on where it ends.
The edge rule: bytes of two versions of a file are never mixed, and a server that sends for ever is
not listened to for ever.
"""

import errno
import os
import shutil
import time
from contextlib import ExitStack, suppress
from functools import partial
from glob import escape
from hashlib import sha256
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from os.path import lexists
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from zapsim.checks import brief
from zapsim.io.disk import SPARE, TransferError, open_begun, prepare_folder, retried

__all__ = ["download"]

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30
# Whoever sends less in so long a time, would not come to an end in days.
_LEAST, _LEAST_SECONDS = 60_000, 60
# Where a server does not say how much it will send; UT-Zappos50K has 300 MB.
_MOST_UNTOLD = 20_000_000_000
# The server is busy, or the file has just become shorter: try again. All others are final.
_TRY_AGAIN = {408, 416, 425, 429, 500, 502, 503, 504}


def download(url, path, check=None):
    """Download a file, with a progress bar, retries and resume.

    What lies at `path` is replaced when the new file is whole. `check` takes the path of the
    complete part and raises ValueError if it is not what was expected; the part is then deleted.
    Where a server does not say how long the file is, nothing else can find out that it broke off.
    `TransferError` if that fails, the server refuses, five tries in a row bring nothing, it is
    slower than 1 kB/s, sends something else than a whole file, or without an end, the folder cannot
    be written to, or the disk is full. The part is kept wherever the next call can go on with it.
    """
    path = Path(path)

    def parts():
        return path.parent.glob(f"{escape(path.name)}.{'[0-9a-f]' * 8}.part")

    def arrived():
        # Another notebook may give one its name just now.
        with suppress(OSError):
            found = {part: part.stat() for part in parts()}
            most = max(found, key=lambda part: found[part].st_size, default=None)
            last = max(found, key=lambda part: found[part].st_mtime_ns, default=None)
            # Of a server that names another version with each answer, no more than two are kept.
            for old in found.keys() - {most, last}:
                with suppress(OSError):
                    old.unlink()
            # A byte each time would never bring all of it, nor would a bit of each version.
            return found[most].st_size // _CHUNK if found else 0
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
    with suppress(OSError):
        for old in parts():
            old.unlink()


def _receive(url, path):
    """Receive what is missing of a file; return its part, which is complete then."""
    from tqdm.auto import tqdm

    patience = _Patience(url)
    with ExitStack() as stack:
        response = stack.enter_context(_ask(url, patience))
        total, version = _length_and_version(response)
        tag = sha256(f"{url}\n{total}\n{version}".encode()).hexdigest()[:8]
        part = path.with_name(f"{path.name}.{tag}.part")
        size = part.lstat().st_size if lexists(part) else 0
        prepare_folder(path.parent, (total or 0) - size, path.name)
        if version is None:
            # Nobody can go on with it.
            stack.push(lambda kind, *_: part.unlink(missing_ok=True) if kind else None)
        file = stack.enter_context(open_begun(part))
        size = file.seek(0, os.SEEK_END)
        have = size if version and size <= total else 0
        if have == total:
            return part
        if have:
            ranges = {"Range": f"bytes={have}-", "If-Range": version}
            rest = stack.enter_context(_ask(url, patience, ranges))
            # Some servers ignore ranges, and the file may have changed just now.
            fits = rest.headers.get("Content-Range") == f"bytes {have}-{total - 1}/{total}"
            fits = fits and _version(rest) in (version, None)
            response, have = (rest, have) if fits else (response, 0)
        file.seek(have)
        with tqdm(total=total, initial=have, desc=path.name, unit="B", unit_scale=True) as bar:
            for chunk in _chunks(response, patience):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > (_MOST_UNTOLD if total is None else total):
                    break
                if total is None and shutil.disk_usage(path.parent).free < SPARE:
                    raise OSError(errno.ENOSPC, "No space left")
        if total is None and file.tell() > _MOST_UNTOLD:
            raise TransferError(
                f"{url} sends more than {_MOST_UNTOLD / 1e9:,.0f} GB, and does not say how much "
                "more. Download it in a web browser, and give its path instead."
            )
        if total not in (None, file.tell()):
            raise OSError(f"{file.tell():,} bytes instead of {total:,}")
        file.truncate()
        return part


def _ask(url, patience, headers=()):
    """Return the answer to a GET (requests.Response); its body is still to be received."""
    # Compressed, the length would be another one.
    headers = {"Accept-Encoding": "identity", **dict(headers)}
    patience.begin()
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Attentive(patience))
            response = session.get(
                url,
                headers=headers,
                stream=True,
                timeout=_TIMEOUT_SECONDS,
                hooks={"response": _close_redirect},
            )
    except (ValueError, requests.TooManyRedirects) as error:
        raise TransferError(
            f"{url!r} is not a web address, or does not answer as one ({brief(error)}). Give one "
            "such as https://example.org/pictures.zip."
        ) from error
    packed = response.headers.get("Content-Encoding", "identity").lower()
    if packed != "identity":
        response.close()
        raise TransferError(
            f"{url} was sent packed ({packed[:20]!r}), though asked to be sent as it is: how long "
            "it is, and whether it is whole, cannot be told. Download it in a web browser, and "
            "give its path instead."
        )
    if response.status_code == 200 or (response.status_code == 206 and "Range" in headers):
        return response
    response.close()
    if response.status_code in _TRY_AGAIN:
        response.raise_for_status()
    raise TransferError(
        f"{url} answered {response.status_code} {brief(response.reason)}. Has it moved? Open it "
        "in a web browser, download it there, and give its path instead."
    )


def _close_redirect(response, **_):
    # requests would receive the whole body, which nobody needs and which may have no end.
    if response.is_redirect:
        response.close()


def _chunks(response, patience):
    """Yield what arrives, as soon as it does, not unpacked; OSError if it breaks off."""
    # An early urllib3 knows only how to wait until a chunk is full.
    read = getattr(response.raw, "read1", response.raw.read)
    patience.begin()
    try:
        while chunk := read(_CHUNK, decode_content=False):
            yield chunk
            patience.count(len(chunk))
    except HTTPError as error:
        raise requests.ConnectionError(error) from error


class _Patience:
    """How long a server is listened to: as long as enough of the file arrives."""

    def __init__(self, url):
        self._url = url
        self.begin()

    def begin(self):
        self._since, self._arrived = time.monotonic(), 0

    def count(self, arrived):
        """Count bytes of the file itself."""
        self._arrived += arrived
        if self._arrived >= _LEAST:
            self.begin()

    def check(self):
        """Raise `TransferError` when it is at an end."""
        if time.monotonic() - self._since > _LEAST_SECONDS:
            raise TransferError(
                f"{self._url} sent {self._arrived:,} bytes in {_LEAST_SECONDS} seconds, apart from "
                "what is no part of the file: at this rate it would take days. Run again later to "
                "go on."
            )


class _Attentive(HTTPAdapter):
    """Connections that look at a `_Patience` before they read anything, whatever it belongs to.

    A status line, headers, sizes of chunks and what follows the last one can drip or have no end
    as the body can, and nobody but the connection sees them arrive.
    """

    def __init__(self, patience):
        self._patience = patience
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, **options)
        self._attend(self.poolmanager)

    def proxy_manager_for(self, *args, **options):
        return self._attend(super().proxy_manager_for(*args, **options))

    def _attend(self, manager):
        kinds = manager.pool_classes_by_scheme.items()
        manager.pool_classes_by_scheme = {name: partial(self._pool, kind) for name, kind in kinds}
        return manager

    def _pool(self, kind, *args, **options):
        pool = kind(*args, **options)
        pool.ConnectionCls = partial(self._connection, pool.ConnectionCls)
        return pool

    def _connection(self, kind, *args, **options):
        connection = kind(*args, **options)
        connection.response_class = partial(_Answer, self._patience)
        return connection


class _Answer(HTTPResponse):
    def __init__(self, patience, *args, **options):
        super().__init__(*args, **options)
        self.fp = BufferedReader(_Heard(self.fp.detach(), patience))


class _Heard(RawIOBase):
    """What a socket receives, as long as somebody's patience lasts."""

    def __init__(self, received, patience):
        self._received, self._patience = received, patience

    def readable(self):
        return True

    def readinto(self, buffer):
        self._patience.check()
        return self._received.readinto(buffer)

    def close(self):
        self._received.close()
        super().close()


def _length_and_version(response):
    """Return a file's length (int) and what names its version (str); None where not known."""
    length = response.headers.get("Content-Length", "")
    # More digits than these are no length, and Python reads only so many.
    if not length.isdecimal() or len(length) > 18:
        return None, None
    return int(length), _version(response)


def _version(response):
    etag = response.headers.get("ETag") or "W/"
    # A weak one may stay the same where bytes have changed.
    strong = None if etag.startswith("W/") else etag
    return strong or response.headers.get("Last-Modified") or None
