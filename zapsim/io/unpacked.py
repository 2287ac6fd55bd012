"""Unpack a compressed tar once, into one plain tar that is read in place.

In: a ``.tar.gz``, ``.tgz``, ``.tar.bz2`` or ``.tar.xz``. Out: a file in a folder of the user's own
among the temporary ones. Nothing is written under a name that the archive chose. The edge rule:
the file is there whole or not at all, and belongs to the archive as it is now: to its place, size
and date.
"""

import bz2
import errno
import gzip
import os
import shutil
import tempfile
import time
import zlib
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from zapsim.io.disk import SPARE, TEMPORARY, TransferError, prepare_folder, whole

__all__ = ["is_compressed", "plain", "unpacked_folder"]

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
# Python may have been built without it.
with suppress(ImportError):
    import lzma

    _OPENERS[b"\xfd7zXZ\0"] = lzma.open
    _DAMAGED += (lzma.LZMAError,)
_CHUNK = 1 << 20
# Pictures are compressed already; what grows further is a bomb, or not worth its room.
_GROWTH = 100
_SMALL = 1_000_000_000
_LEFT_SECONDS = 86_400


def is_compressed(start):
    """Tell whether a file that starts with these bytes is one that `plain` unpacks."""
    return _opener(start) is not None


def plain(path):
    """Return the file itself (pathlib.Path), or where it is compressed that of its content.

    ValueError if it is damaged or a bomb; `TransferError` if there is no room for its content.
    """
    with open(path, "rb") as file:
        opener = _opener(file.read(8))
    if opener is None:
        return path
    state, folder = path.stat(), unpacked_folder()
    place = sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    target = folder / f"{place}-{state.st_size:x}-{state.st_mtime_ns:x}.tar"
    if not target.exists():
        prepare_folder(folder, state.st_size, path.name)
        _sweep(folder, place)
        with _explained(path, folder), whole(target) as temporary:
            _unpack(path, state.st_size, opener, temporary)
    return target


def unpacked_folder():
    """Return the user's own folder for what was unpacked; `TransferError` if there is none."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir(), f"zapsim-unpacked-{user}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Others may write into the folder for temporary files, and must not choose our pictures.
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != user):
            raise PermissionError(errno.EACCES, "it belongs to someone else", str(folder))
    except OSError as error:
        raise TransferError(
            f"Nothing can be unpacked into {folder} ({error}). Delete it, or set the environment "
            "variable TMPDIR to another folder before Python starts."
        ) from error
    return folder


def _opener(start):
    return next((o for beginning, o in _OPENERS.items() if start.startswith(beginning)), None)


def _sweep(folder, place):
    """Delete what was unpacked of the same file when it was another, and what a kill left."""
    old = list(folder.glob(f"{place}-*.tar"))
    for leftover in folder.glob(TEMPORARY.format("*")):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFT_SECONDS:
                old.append(leftover)
    for file in old:
        with suppress(OSError):
            file.unlink()


def _unpack(path, size, opener, target):
    from tqdm.auto import tqdm

    most, written = max(_SMALL, _GROWTH * size), 0
    with open(path, "rb") as file, open(target, "wb") as ours:
        reading = tqdm.wrapattr(file, "read", size, desc=f"Unpacking {path.name}")
        with reading as wrapped, opener(wrapped) as content:
            while chunk := content.read(_CHUNK):
                written += len(chunk)
                if written > most:
                    raise ValueError(
                        f"{path} grows to more than {_GROWTH} times its size, which no pictures "
                        "do. If you trust it, unpack it yourself and open the folder."
                    )
                if shutil.disk_usage(target.parent).free < SPARE:
                    raise OSError(errno.ENOSPC, "No space left")
                ours.write(chunk)


@contextmanager
def _explained(path, folder):
    try:
        yield
    except (*_DAMAGED, OSError) as error:
        # bz2 says so of damaged data without a number.
        if isinstance(error, _DAMAGED) or error.errno is None:
            raise ValueError(
                f"{path} is not whole ({error}). If it was downloaded, download it again."
            ) from error
        raise TransferError(
            f"{path} could not be unpacked into {folder} ({error}). Free some space, or set the "
            "environment variable TMPDIR to a folder with room before Python starts, or make a "
            ".zip of the pictures, which is read in place."
        ) from error
