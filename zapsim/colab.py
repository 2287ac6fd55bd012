"""Work in Google Colab: say what the first cell did, and bring data from Drive.

In: paths on a mounted Drive. Out: paths on the machine's own disk. Only notebooks use this module.
Drive answers slowly, file by file, and a machine is taken back after some hours: so data come in
one large copy, and results go back as a few large files. The edge rule: a file that was copied
once, and whole, is not copied again until it changes.
"""

import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from stat import S_ISDIR

from zapsim import __version__
from zapsim.checks import checked_path
from zapsim.io.archives import parts_of
from zapsim.io.disk import TransferError, ahead, copy, look, prepare_folder, retried, write_whole
from zapsim.io.folders import LEFT_OUT, read_file, walk_folder
from zapsim.io.formats import advice, suffix_of
from zapsim.io.names import litter_in
from zapsim.io.pictures import MAX_BYTES
from zapsim.io.sources import METADATA, is_wanted, open_files

__all__ = ["stage", "welcome"]

DRIVE = Path("/content/drive")
_LIST = ".staged.json"
# Drive needs its time for each file, whatever its size, and answers many at once.
_AT_ONCE = 16
_TRIES = 3
# So many failures are not about single files: Drive is gone.
_TOO_MANY = 100


def welcome(place, refused=None):
    """Say in one line what the set-up cell did.

    `place` is where zapsim was taken from (pathlib.Path on the Drive, or an address), None if
    it was there already; `refused` is the exception that says why there is no Drive.
    """
    if place is None:
        origin = "was here already"
    else:
        origin = f"from {'your Drive' if isinstance(place, Path) else 'GitHub'} ({place})"
    if refused is None:
        print(f"zapsim {__version__} {origin}; your Drive is at {DRIVE}/MyDrive.")
        return
    reason = (str(refused).strip() or type(refused).__name__).splitlines()[0]
    print(
        f"zapsim {__version__} {origin}. No Drive ({reason}): everything still runs on MiniZap, "
        "only your own files cannot be read. Run this cell again to be asked again."
    )


def stage(source, to=None):
    """Copy a data set from Drive to the machine's own disk.

    A zip or tar is copied in one go, and opened as it is: nothing is unpacked, so no name in it can
    lead out of its folder. Of a zip that Drive made in several parts, all are copied. A folder's
    pictures and tables are copied file by file, many at once; if you can, keep one zip on Drive
    instead, which takes seconds where thousands of files take many minutes. After an interruption,
    or when Drive did not answer, call it again: what was copied is kept where it is still the same
    on Drive, and deleted where it is gone from there. A folder that was copied to the end is not
    compared again: to have changes, delete the copy.

    Parameters
    ----------
    source : path or None
        A ``.zip`` or ``.tar``, or a folder such as the article's
        ``/content/drive/MyDrive/Data/Zappos/ut-zap50k-images-square``. What does not lie on the
        Drive is returned as it is, and so is None.
    to : path, optional
        The folder to copy into; by default ``zapsim-data`` in the folder for temporary files. In
        it, the copy lies as on the Drive: ``MyDrive/Data/…``. It is deleted with the machine.

    Returns
    -------
    pathlib.Path
        The copy, for `zapsim.load_catalogue`. A ``meta-data.csv`` beside a zip comes along.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder, or no picture in the folder.
    ValueError
        If a part of the zip is missing, or `to` is on the Drive.
    TransferError
        If Drive does not answer, the disk is full or cannot be written to, or the zip is not
        whole.
    """
    to = None if to is None else checked_path(to, "to")
    if source is None or (found := _on_drive(checked_path(source, "source"))) is None:
        return source
    source, place = found
    state = look(source)
    if state is None:
        raise FileNotFoundError(
            f"Nothing at {source}. Look it up in the file browser on the left: is Drive mounted, "
            "and is the name spelt like this?"
        )
    target = Path(tempfile.gettempdir(), "zapsim-data") if to is None else to
    # A copy that is not whole is deleted: it must never be the original.
    if _on_drive(target) is not None:
        raise ValueError(
            f"to must be a folder of the machine's own disk, not of the Drive. Received: {target}"
        )
    target /= place
    return _stage_folder(source, target) if S_ISDIR(state.st_mode) else _stage_zip(source, target)


def _on_drive(source):
    """Return a path on the Drive, and the same relative to it; None where it is elsewhere."""
    # On a Drive, shortcuts are links; and links elsewhere may lead to the Drive.
    as_given, real = (
        (Path(os.path.abspath(source)), DRIVE),
        (Path(source).resolve(), DRIVE.resolve()),
    )
    for path, drive in (as_given, real):
        if path.is_relative_to(drive):
            return path, path.relative_to(drive)
    return None


def _stage_zip(source, target):
    parts = retried(f"look beside {source}", lambda: parts_of(source))
    copies = []
    for file in (*parts, source.with_name(METADATA)):
        copied = target.with_name(file.name)
        # Not exists(), which raises or returns False when Drive is gone.
        state = look(file)
        if state is not None and not _is_here(copied, _mark(state)):
            start = time.perf_counter()
            copy(file, copied)
            copies.append(f"{file.name} in {time.perf_counter() - start:.0f} s")
    known = {part.name for part in parts}
    for old in parts_of(target):
        if old.name not in known:
            kept = old.rename(old.with_name(f"{old.name}.old"))
            print(f"{old.name} is no longer beside {source}; its copy counts no more: {kept}")
    beside = target.with_name(METADATA)
    # The last one looked at.
    if state is None and look(beside) is not None:
        print(f"{METADATA} is no longer beside {source}; delete {beside} if it should not count.")
    try:
        n_pictures = len(open_files(target).keys)
    except ValueError as error:
        for part in parts:
            target.with_name(part.name).unlink()
        raise TransferError(
            f"{source} was copied, but is not a complete zip of pictures: {error} "
            "Was it uploaded to the end?"
        ) from error
    done = f"copied {', '.join(copies)}" if copies else "already here"
    print(f"{n_pictures:,} pictures in {target} ({done})")
    return target


def _stage_folder(source, target):
    known = _record(target)
    if known and all(_is_here(target / name, mark) for name, mark in known.items()):
        print(f"{len(known):,} files in {target} (already here; delete it to copy it again)")
        return target
    print(f"Listing {source} …")
    files, failed = _list(source)
    if not files and not failed:
        raise FileNotFoundError(
            f"No pictures in {source}. Give the folder that holds them, or the .zip itself."
        )
    missing = {n: mark for n, mark in files.items() if not _is_here(target / n, mark)}
    prepare_folder(target, sum(size for size, _ in missing.values()), source.name)
    if failed:
        # What is not listed may be there still; and what has no mark is not here yet.
        record = known | files | dict.fromkeys(failed)
    else:
        record = files
        _delete(target, known.keys() - files.keys())
    # Before anything is copied, so that the next call knows what is from here.
    write_whole(target / _LIST, json.dumps(record).encode())
    failed |= _copy_files(source, target, missing)
    if failed:
        name, error = next(iter(failed.items()))
        here = sum(_is_here(target / n, mark) for n, mark in files.items())
        raise TransferError(
            f"{len(failed):,} of {len(files) + len(failed.keys() - files):,} files could not be "
            f"copied from {source}, such as {name!r} ({error}). {here:,} are in {target}: run "
            "again to copy only what is missing."
        )
    print(f"{len(files):,} files in {target}")
    return target


def _record(target):
    """Return what was, or was to be, copied into a folder: `_mark` by relative name."""
    try:
        written = dict(json.loads(read_file(target / _LIST, _LIST, MAX_BYTES)))
        return {str(name): mark for name, mark in written.items()}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def _delete(folder, names):
    # Whatever the record says, nothing outside of the folder.
    for name in [name for name, _ in walk_folder(folder, {}, {}) if name in names]:
        (folder / name).unlink()


def _list(folder):
    """Return a folder's pictures and tables, `_mark` by relative name; and what failed.

    Nothing else is copied: a folder on Drive may hold documents, which no program can read.
    """
    from tqdm.auto import tqdm

    failed, linked, drive = {}, {}, DRIVE.resolve()
    # Drive's shortcuts are links, to anywhere on it.
    found = walk_folder(folder, failed, linked, outside=lambda real: real.is_relative_to(drive))
    names = [name for name, _ in found]
    wanted = list(filter(is_wanted, names))
    left = Counter(suffix_of(name) for name in names if advice(name) and not litter_in(name))
    for name, kind in linked.items():
        print(f"Not copied: {name!r}, {LEFT_OUT[kind].partition(':')[0]}")
    if left:
        said = ", ".join(f"{n:,} {kind}" for kind, n in left.most_common())
        print(f"Not copied, for they cannot be read: {said}")
    marks = {}
    jobs = ahead(lambda name: (folder / name).stat(), wanted, _AT_ONCE, 10 * _AT_ONCE)
    bar = {"desc": "Listing", "unit": "file", "total": len(wanted), "disable": not wanted}
    for name, job in tqdm(jobs, **bar):
        try:
            marks[name] = _mark(job.result())
        except OSError as error:
            failed[name] = error
    return marks, failed


def _copy_files(source, target, marks):
    """Copy files by relative name; return those that failed, with the reasons."""
    from tqdm.auto import tqdm

    def copy_one(name):
        return _copy_small(source / name, target / name, *marks[name])

    failed = {}
    bar = {"desc": target.name, "unit": "B", "unit_scale": True, "disable": not marks}
    with tqdm(total=sum(size for size, _ in marks.values()), **bar) as bar:
        for name, job in ahead(copy_one, marks, _AT_ONCE, 10 * _AT_ONCE):
            if (error := job.result()) is not None:
                failed[name] = error
                if len(failed) == _TOO_MANY:
                    break
            bar.update(marks[name][0])
    return failed


def _copy_small(source, target, size, date):
    """Copy one file, whole or not at all; return the error of the last try to read it, or None."""
    for attempt in range(_TRIES):
        time.sleep(attempt)
        try:
            data = source.read_bytes()
            if len(data) != size:
                raise OSError(f"{len(data):,} bytes instead of {size:,}")
        except OSError as error:
            failure = error
        else:
            write_whole(target, data, date)
            return None
    return failure


def _mark(state):
    """Return what tells whether a file is the same: its size, and its date in nanoseconds."""
    return [state.st_size, state.st_mtime_ns]


def _is_here(path, mark):
    state = look(path)
    return state is not None and _mark(state) == mark
