"""Feel at home in Google Colab: say what the first cell did, and bring data from Drive.

In: paths on a mounted Drive. Out: paths on the machine's own disk. Only notebooks use this module.
Drive answers slowly, file by file, and a machine is taken back after some hours: so data come in
one large copy, and results go back as a few large files. The edge rule: what was copied once, and
whole, is not copied again; what was interrupted goes on.
"""

import errno
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zapsim import __version__
from zapsim.files import METADATA, open_files
from zapsim.transfer import TransferError, copy, require_space

__all__ = ["stage", "welcome"]

DRIVE = Path("/content/drive")
_LIST = ".staged.json"
# Drive needs its time for each file, whatever its size, and answers many at once.
_AT_ONCE = 16
_TRIES = 3


def welcome(place, refused=None):
    """Say in one line what the set-up cell did.

    Parameters
    ----------
    place : path or str
        Where zapsim was installed from.
    refused : Exception, optional
        Why there is no Drive.
    """
    origin = "your Drive" if isinstance(place, Path) else "GitHub"
    if refused is None:
        print(f"zapsim {__version__} from {origin} ({place}); your Drive is at {DRIVE}/MyDrive.")
    else:
        print(
            f"zapsim {__version__} from {origin}. No Drive ({_first_line(refused)}): everything "
            "runs on MiniZap all the same, only your own files are out of reach. "
            "Run this cell again to be asked again."
        )


def stage(source, to=None):
    """Copy a data set from Drive to the machine's own disk.

    A zip is copied in one go, and opened as it is: nothing is unpacked, so no name in it can reach
    beyond its folder. A folder is copied file by file, many at once; if you can, keep one zip on
    Drive instead, which takes seconds where thousands of files take many minutes.

    Parameters
    ----------
    source : path or None
        A ``.zip``, or a folder such as the article's
        ``/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square``. What does not lie on the
        Drive is returned as it is, and so is None.
    to : path, optional
        The folder to copy into; by default ``zapsim-data`` in the folder for temporary files. The
        copy is deleted with the machine.

    Returns
    -------
    pathlib.Path
        The copy, for `zapsim.load_catalogue`. A ``meta-data.csv`` beside a zip comes along.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    TransferError
        If Drive does not answer, the disk is full, or the zip is not whole.
    """
    if source is None or not Path(source).resolve().is_relative_to(DRIVE.resolve()):
        return source
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(
            f"Nothing at {source}. Look it up in the file browser at the left: is Drive mounted, "
            "and is the name spelt like this?"
        )
    to = Path(tempfile.gettempdir(), "zapsim-data") if to is None else Path(to)
    to.mkdir(parents=True, exist_ok=True)
    return _stage_folder(source, to) if source.is_dir() else _stage_zip(source, to)


def _stage_zip(source, to):
    copies = []
    for file in (source, source.with_name(METADATA)):
        target = to / file.name
        if file.exists() and not _same(file, target):
            start = time.perf_counter()
            copy(file, target)
            copies.append(f"{file.name} in {time.perf_counter() - start:.0f} s")
    target = to / source.name
    try:
        n_pictures = len(open_files(target).keys)
    except ValueError as error:
        target.unlink()
        raise TransferError(
            f"{source} was copied, but it is no whole zip of pictures: {error} "
            "Was it uploaded to the end?"
        ) from error
    done = f"copied {', '.join(copies)}" if copies else "already here"
    print(f"{n_pictures:,} pictures in {target} ({done})")
    return target


def _stage_folder(source, to):
    target = to / source.name
    known = _listed(target, source)
    if known is not None:
        print(f"{known:,} files in {target} (already here; delete it to copy it again)")
        return target
    print(f"Listing {source} …")
    files = _sizes(source)
    missing = {n: s for n, s in files.items() if not _has_size(target / n, s)}
    require_space(to, sum(missing.values()), source.name)
    failed = _copy_files(source, target, missing)
    if failed:
        name, error = next(iter(failed.items()))
        raise TransferError(
            f"{len(failed):,} of {len(files):,} files could not be copied from {source}, such as "
            f"{name!r} ({error}). The others are here: run again to copy only what is missing."
        )
    summary = {"source": str(source), "files": len(files)}
    (target / _LIST).write_text(json.dumps(summary), encoding="utf-8")
    print(f"{len(files):,} files in {target}")
    return target


def _copy_files(source, target, sizes):
    """Copy files by relative name; return those that failed, with the reasons."""
    from tqdm.auto import tqdm

    failed = {}
    bar = tqdm(total=sum(sizes.values()), desc=f"{len(sizes):,} files", unit="B", unit_scale=True)
    with bar, ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [
            (name, pool.submit(_copy_small, source / name, target / name, size))
            for name, size in sizes.items()
        ]
        try:
            for name, job in jobs:
                if (error := job.result()) is not None:
                    failed[name] = error
                bar.update(sizes[name])
        except OSError as error:
            pool.shutdown(cancel_futures=True)
            raise TransferError(
                f"Could not write to {target} ({error}). Free some space, and run again: what "
                "was copied is kept."
            ) from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return failed


def _listed(target, source):
    """Return how many files a finished copy of this source has; None if it is not one."""
    try:
        summary = json.loads((target / _LIST).read_text(encoding="utf-8"))
        whole = summary["source"] == str(source) and summary["files"] == len(_sizes(target)) - 1
        return summary["files"] if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sizes(folder):
    """Return all files below a folder by relative name, with their sizes in bytes."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for top, _, names in os.walk(folder)
        for path in (Path(top, name) for name in names)
        if not path.name.endswith(".part")
    }


def _copy_small(source, target, size):
    """Copy one file, whole or not at all; return the error of the last try, or None."""
    part = target.with_name(f"{target.name}.part")
    for attempt in range(_TRIES):
        time.sleep(attempt)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
            if part.stat().st_size == size:
                os.replace(part, target)
                return None
            failure = OSError(f"{part.stat().st_size:,} bytes instead of {size:,}")
        except OSError as error:
            # Where the disk is full, the other files would fail as well.
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            failure = error
    return failure


def _same(source, target):
    if not target.exists():
        return False
    ours, theirs = target.stat(), source.stat()
    return (ours.st_size, ours.st_mtime_ns) == (theirs.st_size, theirs.st_mtime_ns)


def _has_size(path, size):
    return path.exists() and path.stat().st_size == size


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0]
