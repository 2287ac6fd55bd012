"""Unpack a tar compressed by gzip once, into one plain tar that is read in place.

In: a ``.tar.gz`` or ``.tgz``. Out: a file in a folder of the user's own among the temporary ones.
Nothing is written under a name that the archive chose. The edge rule: the file is there whole or
not at all, and belongs to the archive as it is now: to its place and mark.
"""

import errno
import gzip
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from zapsim.io.disk import SPARE, TransferError, open_regular, prepare_folder, whole

__all__ = [
    "check_count",
    "check_growth",
    "is_compressed",
    "mark_of",
    "most_files",
    "plain",
    "unpacked_folder",
]

_CHUNK = 1 << 20
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
# Pictures are compressed already; what grows further is a bomb, or not worth its room.
_GROWTH = 100
_SMALL = 1_000_000_000
# No picture is packed to less; and of so few files, nothing is said.
_LEAST, _FEW = 100, 100_000


def is_compressed(start):
    """Tell whether a file that starts with these bytes is one that `plain` unpacks."""
    return start.startswith(b"\x1f\x8b")


def plain(path):
    """Return the file itself (pathlib.Path), or where it is compressed that of its content.

    ValueError if it is damaged or a bomb; `TransferError` if there is no room for its content.
    """
    with open_regular(path) as file:
        if not is_compressed(file.read(2)):
            return path
    mark, folder = mark_of(path), unpacked_folder()
    place = sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    target = folder / f"{place}-{'-'.join(f'{number:x}' for number in mark)}.tar"
    if not target.exists():
        prepare_folder(folder, mark.size, path.name)
        _sweep(folder, place)
        with _explained(path, folder), whole(target) as temporary:
            _unpack(path, mark.size, temporary)
    return target


class Mark(NamedTuple):
    """What tells a file from another at the same place: its size, and dates in nanoseconds."""

    size: int
    modified: int
    changed: int


def mark_of(path):
    """Return the `Mark` of a file as it is now."""
    state = path.stat()
    # The date of the last change of anything, as copying sets the other one to that of the copied.
    # Not its number: some mounted Drives give a file another one from time to time.
    return Mark(state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def check_growth(path, grown, size=None):
    """Raise ValueError if what an archive of `size` bytes grows to, in bytes, is a bomb's size."""
    if grown > max(_SMALL, _GROWTH * (path.stat().st_size if size is None else size)):
        raise ValueError(
            f"{path} grows to more than {_GROWTH} times its size, which no pictures do. If you "
            "trust it, unpack it yourself and open the folder."
        )


def most_files(path):
    """Return how many files an archive has room for (int): more, and it is a bomb."""
    return max(_FEW, path.stat().st_size // _LEAST)


def check_count(path, n_files):
    """Raise ValueError if an archive says that more files lie in it than it has room for."""
    if n_files > most_files(path):
        raise ValueError(
            f"{path} holds more than {most_files(path):,} files, in less than {_LEAST} bytes each, "
            "which no pictures do. If you trust it, unpack it yourself and open the folder."
        )


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


def _sweep(folder, place):
    """Delete what was unpacked of the same file when it was another."""
    for old in folder.glob(f"{place}-*.tar"):
        with suppress(OSError):
            old.unlink()


def _unpack(path, size, target):
    from tqdm.auto import tqdm

    written = 0
    with open_regular(path) as file, open(target, "wb") as ours:
        reading = tqdm.wrapattr(file, "read", size, desc=f"Unpacking {path.name}")
        with reading as wrapped, gzip.open(wrapped) as content:
            while chunk := content.read(_CHUNK):
                written += len(chunk)
                check_growth(path, written, size)
                if shutil.disk_usage(target.parent).free < SPARE:
                    raise OSError(errno.ENOSPC, "No space left")
                ours.write(chunk)


@contextmanager
def _explained(path, folder):
    try:
        yield
    except _DAMAGED as error:
        raise ValueError(
            f"{path} is not whole ({error}). If it was downloaded, download it again."
        ) from error
    except OSError as error:
        raise TransferError(
            f"{path} could not be unpacked into {folder} ({error}). Free some space, or set the "
            "environment variable TMPDIR to a folder with room before Python starts, or make a "
            ".zip of the pictures, which is read in place."
        ) from error
