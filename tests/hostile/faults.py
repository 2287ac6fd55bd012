"""Faults: every call that touches a disk fails once, in everything that writes.

In: what writes (an `Action`), and a fault: the system's errors, a keyboard's interrupt, no memory,
a kill. Out: cases. Each counts the calls of a whole run, and lets the n-th fail, for every n; then
nothing may be half or left, what was there before is whole, and a run without faults does the rest.
"""

import builtins
import errno
import io
import json
import os
import random
import re
import shutil
import signal
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import Event
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import zapsim
from tests.hostile.attack import Case, Lost, Unnamed
from tests.hostile.stand_in import (
    extract,
    forked,
    numbered,
    small_shards,
    stand_in,
    with_other_settings,
)
from zapsim import colab
from zapsim.course import record
from zapsim.io import disk, download, locks, unpacked, zappos

ITEMS = 20
# What says what happened, and what to do.
SAID = (zapsim.StoreError, zapsim.TransferError, ConnectionError, ValueError)
_WRITES = ("replace", "rename", "unlink", "remove", "rmdir", "mkdir", "utime", "truncate", "fsync")
_READS = ("stat", "lstat", "scandir", "listdir")


class Faults:
    """Count the calls that touch a folder, and call `fail` instead of the n-th."""

    def __init__(self, folder, fail, kinds="writes", onwards=False):
        self._folder, self._fail = f"{folder}{os.sep}", fail
        self._kinds, self._onwards = kinds, onwards
        self.at = self.count = self.fired = 0
        self.calls = []

    def reset(self, at):
        """Let the call number `at` fail, from 1; 0 for none."""
        self.at, self.count, self.fired, self.calls = at, 0, 0, []

    def _touches(self, place):
        with suppress(TypeError):
            return f"{os.fsdecode(place)}{os.sep}".startswith(self._folder)
        return False

    def _meet(self, kind, name, place, half=lambda: None):
        """Count a call; let it fail if it is its turn, after `half` of it was done."""
        if kind != self._kinds or not self._touches(place):
            return
        self.count += 1
        self.calls.append((name, os.path.relpath(os.fsdecode(place), self._folder)))
        if self.at and (self.count == self.at or (self._onwards and self.count > self.at)):
            self.fired += 1
            half()
            self._fail(place)

    @contextmanager
    def injected(self):
        """Have all calls counted; a wait between two tries takes no time."""
        with ExitStack() as stack:
            patch = lambda where, name, new: stack.enter_context(  # noqa: E731
                mock.patch.object(where, name, new)
            )
            for name in _WRITES + _READS:
                kind = "writes" if name in _WRITES else "reads"
                patch(os, name, self._wrapped(kind, name, getattr(os, name)))
            for where, name in [(builtins, "open"), (io, "open"), (os, "open")]:
                patch(where, name, self._opened(getattr(where, name)))
            for name in ("read_table", "read_schema"):
                patch(pq, name, self._wrapped("reads", name, getattr(pq, name)))
            patch(pq, "write_table", self._written(pq.write_table))
            patch(shutil, "disk_usage", self._wrapped("writes", "usage", shutil.disk_usage))
            patch(time, "sleep", lambda seconds: None)
            yield self

    def _wrapped(self, kind, name, call):
        def wrapped(*arguments, **options):
            # Relative to an open folder: within it, as far as this process is concerned.
            place = self._folder if options.get("dir_fd") is not None else (*arguments, ".")[0]
            self._meet(kind, name, place)
            if name in ("replace", "rename") and not self._touches(place):
                self._meet(kind, name, arguments[1])
            return call(*arguments, **options)

        return wrapped

    def _opened(self, call):
        def opened(file, mode="r", *arguments, **options):
            writes = mode & (os.O_WRONLY | os.O_RDWR) if isinstance(mode, int) else mode != "rb"
            writes = writes and mode not in ("r", "rt")
            self._meet("writes" if writes else "reads", "open", file)
            result = call(file, mode, *arguments, **options)
            if not writes or isinstance(result, int) or not self._touches(file):
                return result
            return _File(result, partial(self._meet, "writes", place=file))

        return opened

    def _written(self, call):
        def written(table, where, **options):
            def half():
                with open(where, "wb") as file:
                    file.write(b"PAR1 and no more")

            self._meet("writes", "write_table", where, half)
            return call(table, where, **options)

        return written


class _File:
    """A file whose writing and closing may fail."""

    def __init__(self, file, meet):
        self._file, self._meet = file, meet

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self._meet(name="write", half=lambda: self._file.write(data[: len(data) // 2]))
        return self._file.write(data)

    def close(self):
        # Closed it is in any case, as the system does it.
        closed, _ = self._file.closed, self._file.close()
        if not closed:
            self._meet(name="close")


# --- what writes -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Action:
    """Something that writes below ``folder / "out"``.

    `make(folder)` makes its input; `run(folder, version)` does it, and returns what is to be the
    same after a fault, or a function that reads it. `earlier` says whether version 0 may lie there
    before version 1 is written.
    """

    name: str
    run: Callable
    make: Callable = lambda folder: None
    earlier: bool = True


def _pictures(folder):
    numbered(folder / "in0", 9)
    numbered(folder / "in1", ITEMS)


def _few(folder):
    numbered(folder / "in0", 3)
    numbered(folder / "in1", 4)


def _frame(n):
    keys = [f"{number:04}.png" for number in range(n)]
    values = np.random.default_rng(n).random((n, 8), np.float32)
    return pd.DataFrame(values, index=pd.Index(keys, name="key"))


def _extract(folder, version):
    return extract(folder / f"in{version}", folder / "out" / "store")


def _matrix(folder, version):
    path = folder / "out" / "new" / "matrix.parquet"
    zapsim.save_matrix(zapsim.similarity_matrix(_frame(8 + version)), path)
    return zapsim.load_matrix(path)


def _neighbours(folder, version):
    path = folder / "out" / "neighbours.parquet"
    zapsim.save_neighbours(zapsim.top_k(_frame(8 + version), 3), path)
    return pd.DataFrame(zapsim.load_neighbours(path).scores)


def _page(name, folder, version):
    catalogue = zapsim.load_catalogue(folder / f"in{version}")
    predictor = zapsim.SimilarityPredictor(catalogue, _frame(len(catalogue)))
    keys = predictor.table.index
    places = pd.DataFrame({"x": np.linspace(0, 1, len(keys)), "y": 0.5}, index=keys)
    path = predictor.page(folder / "out" / name, places=places)
    return lambda: path.read_bytes() if path.name == name else _page_of(path.parent)


def _stage(name, folder, version):
    drive = folder / f"drive{version}"
    with mock.patch.object(colab, "DRIVE", drive):
        place = zapsim.stage(drive / name, folder / "out")
    catalogue = zapsim.load_catalogue(place)
    return {key: catalogue.read(key) for key in catalogue.keys}


def _drives(folder):
    for version in range(2):
        drive = folder / f"drive{version}"
        numbered(drive / "shoes" / "a", 4 + version)
        numbered(drive / "shoes" / "b", 4, 4)
        with zipfile.ZipFile(drive / "shoes.zip", "w") as archive:
            for path in sorted((drive / "shoes").rglob("*.png")):
                archive.write(path, path.relative_to(drive).as_posix())
        (drive / "meta-data.csv").write_text(f"CID,Kind\n0000,boot{version}\n")


def _tar(folder):
    numbered(folder / "in", 4)
    with tarfile.open(folder / "shoes.tar.gz", "w:gz") as archive:
        archive.add(folder / "in", "shoes")


def _unpack(folder, version):
    with mock.patch.object(unpacked.tempfile, "gettempdir", lambda: str(folder / "out")):
        catalogue = zapsim.load_catalogue(folder / "shoes.tar.gz")
        return {key: catalogue.read(key) for key in catalogue.keys}


class _Answer:
    """What a server answers: the bytes, from where they were asked for."""

    url = "https://example.org/large.bin"

    def __init__(self, data, headers):
        start = int(dict(headers).get("Range", "bytes=0-")[6:-1])
        self.raw, self._data = self, io.BytesIO(data[start:])
        self.headers = {"Content-Length": str(len(data) - start), "ETag": str(data[0])}
        self.status_code = 206 if start else 200
        if start:
            self.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read1(self, size, decode_content):
        return self._data.read(size)

    read = read1


def _download(folder, version):
    data = bytes([version]) * 200_000
    path = folder / "out" / "large.bin"
    with mock.patch.object(
        download.requests.Session, "get", lambda *_, headers, **__: _Answer(data, headers)
    ):
        download.download("https://example.org/large.bin", path)
    return path.read_bytes


def _www(folder):
    keys = [zappos.FIRST, "Boots/Ankle/UGG/7001.1.jpg"]
    pictures = sorted(numbered(folder / "in", len(keys)).iterdir())
    inside = {zappos.METADATA: b"CID,Closure\n7001-1,Lace up\n", zappos.COMPARISONS: bytes(200)}
    (folder / "www").mkdir()
    for name, entries in {
        "ut-zap50k-images-square": {
            key: path.read_bytes() for key, path in zip(keys, pictures, strict=True)
        },
        "ut-zap50k-data": inside,
    }.items():
        with zipfile.ZipFile(folder / "www" / f"{name}.zip", "w") as archive:
            for inner, data in entries.items():
                archive.writestr(f"{name}/{inner}", data)


def _fetch(folder, version):
    def get(session, url, headers, **_):
        return _Answer((folder / "www" / Path(url).name).read_bytes(), headers)

    with (
        mock.patch.object(download.requests.Session, "get", get),
        mock.patch.object(zappos, "N_PICTURES", 2),
    ):
        zapsim.fetch_zappos(folder / "out")
    return lambda: tree(folder / "out")


def _progress(folder, version):
    said = io.StringIO()
    with mock.patch.object(record, "FILE", folder / "out" / "zapsim-progress.json"):
        # As in a kernel that has just begun.
        record._solved.clear()
        record._hints.clear()
        locks._left.clear()
        with redirect_stdout(said):
            record.keep()
            record.note_solved(f"04-{version}")
            record.note_hint("04-2")
        # No notebook stops for it.
        if said.getvalue():
            raise zapsim.TransferError(said.getvalue())
        return record.FILE.exists


ACTIONS = [
    Action("extraction", _extract, _pictures),
    Action("matrix", _matrix),
    Action("neighbours", _neighbours),
    Action("page file", partial(_page, "shop.html"), _few),
    Action("page folder", partial(_page, "shop"), _few),
    Action("stage zip", partial(_stage, "shoes.zip"), _drives),
    Action("stage folder", partial(_stage, "shoes"), _drives, earlier=False),
    Action("unpack", _unpack, _tar, earlier=False),
    Action("download", _download),
    Action("fetch", _fetch, _www, earlier=False),
    Action("progress", _progress),
]


def tree(folder):
    """Return what lies in a folder: a dict of relative names to digests."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()[:12]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- what others do meanwhile ----------------------------------------------------------------


def _in(folder, check):
    folder = folder / check.__name__[1:]
    folder.mkdir()
    with _quiet(), small_shards():
        check(folder)


def _alone(folder, pictures):
    """Return the features of a run that nothing disturbs."""
    return extract(pictures, folder / f"alone-{pictures.name}")


def _disturbed(folder, pictures, disturb):
    """Extract, and do something else after some batches; return the features, or None."""
    batches = count(1)

    def before():
        if next(batches) == 4:
            disturb()

    try:
        return extract(pictures, folder / "store", before=before)
    except SAID as error:
        if str(folder) not in str(error):
            raise Unnamed(f"the error names nothing: {error}") from error
        return None


def _expect(features, expected, what):
    if features is not None:
        known = features.index.intersection(expected.index)
        if not features.loc[known].equals(expected.loc[known]):
            raise Lost(f"{what}: features of something else")


def _expect_all(folder, pictures, what):
    """Check that a run that nothing disturbs any more brings all, and leaves nothing else."""
    expected = _alone(folder, pictures)
    if not extract(pictures, folder / "store").equals(expected):
        raise Lost(f"{what}: the next run brings something else")
    catalogue = zapsim.load_catalogue(pictures)
    if not zapsim.load_features(folder / "store", catalogue).equals(expected):
        raise Lost(f"{what}: the store holds something else")
    assert_no_litter(folder / "store")


def _a_picture_is_replaced(folder):
    pictures = numbered(folder / "in", 60)
    old = _alone(folder, pictures)
    new = numbered(folder / "other", 60, 100)

    def disturb():
        for number in range(60):
            os.replace(new / f"{100 + number:04}.png", pictures / f"{number:04}.png")

    shutil.copytree(pictures, folder / "copy")
    features = _disturbed(folder, pictures, disturb)
    shutil.rmtree(folder / "alone-in")
    fresh = _alone(folder, pictures)
    for key, row in features.iterrows():
        if not (row.equals(old.loc[key]) or row.equals(fresh.loc[key])):
            raise Lost(f"{key} has features of neither picture")
    _expect_all(folder, pictures, "replaced")


def _pictures_are_deleted(folder):
    pictures = numbered(folder / "in", 60)
    expected = _alone(folder, pictures)

    def disturb():
        for number in range(0, 60, 2):
            (pictures / f"{number:04}.png").unlink()

    features = _disturbed(folder, pictures, disturb)
    _expect(features, expected, "deleted")
    shutil.rmtree(folder / "alone-in")
    _expect_all(folder, pictures, "deleted")


def _the_folder_is_renamed(folder):
    pictures = numbered(folder / "in", 60)
    expected = _alone(folder, pictures)
    features = _disturbed(folder, pictures, lambda: pictures.rename(folder / "renamed"))
    if features is not None:
        raise Unnamed("the pictures were gone, and nothing said so")
    kept = zapsim.load_features(folder / "store")
    _expect(kept, expected, "renamed")
    (folder / "renamed").rename(pictures)
    _expect_all(folder, pictures, "renamed")


def _packed(path, pictures):
    with zipfile.ZipFile(path, "w") as archive:
        for number, picture in enumerate(sorted(pictures.iterdir())):
            archive.write(picture, f"{number:04}.png")
    return path


def _zips(folder):
    one = _packed(folder / "in.zip", numbered(folder / "one", 60))
    return one, _packed(folder / "other.zip", numbered(folder / "two", 60, 100))


def _the_zip_is_replaced(folder):
    path, other = _zips(folder)
    expected = _alone(folder, path)
    _expect(_disturbed(folder, path, lambda: os.replace(other, path)), expected, "zip replaced")
    shutil.rmtree(folder / "alone-in.zip")
    _expect_all(folder, path, "zip replaced")


def _the_zip_is_written_over(folder):
    path, other = _zips(folder)
    expected = _alone(folder, path)
    data = other.read_bytes()
    features = _disturbed(folder, path, lambda: path.write_bytes(data))
    _expect(features, expected, "zip written over")
    shutil.rmtree(folder / "alone-in.zip")
    _expect_all(folder, path, "zip written over")


def _the_zip_is_cut_off(folder):
    path, _ = _zips(folder)
    expected, data = _alone(folder, path), path.read_bytes()
    features = _disturbed(folder, path, lambda: os.truncate(path, len(data) // 2))
    _expect(features, expected, "zip cut off")
    path.write_bytes(data)
    _expect_all(folder, path, "zip cut off")


def _the_store_is_deleted(folder):
    pictures, store = numbered(folder / "in", 60), folder / "store"
    expected = _alone(folder, pictures)
    features = _disturbed(folder, pictures, lambda: shutil.rmtree(store, ignore_errors=True))
    _expect(features, expected, "store deleted")
    _expect_all(folder, pictures, "store deleted")


def _the_store_becomes_a_file(folder):
    pictures, store = numbered(folder / "in", 60), folder / "store"
    _alone(folder, pictures)

    def disturb():
        shutil.rmtree(store, ignore_errors=True)
        store.write_text("a file")

    if _disturbed(folder, pictures, disturb) is not None:
        raise Unnamed("nothing could be stored, and nothing said so")
    store.unlink()
    _expect_all(folder, pictures, "store became a file")


def _run_at_once(*functions):
    """Call functions, each in a thread of its own; raise the first error."""
    with ThreadPoolExecutor(len(functions)) as pool:
        for job in [pool.submit(function) for function in functions]:
            job.result(timeout=60)


def _readers(folder, expected, done):
    def read():
        while not done.is_set():
            try:
                features = zapsim.load_features(folder / "store")
            except zapsim.StoreError as error:
                if "No feature store" not in str(error):
                    raise
            else:
                _expect(features, expected, "read meanwhile")
                if not features.index.isin(expected.index).all():
                    raise Lost("read meanwhile: other keys")

    return [read] * 3


def _two_threads_and_three_readers(folder):
    pictures, done = numbered(folder / "in", 60), Event()
    expected, writers = _alone(folder, pictures), CountDown(2, done)

    def write():
        with writers:
            if not extract(pictures, folder / "store", seconds=0.01).equals(expected):
                raise Lost("one of two runs at once brings something else")

    _run_at_once(write, write, *_readers(folder, expected, done))
    _expect_all(folder, pictures, "two threads at once")


def _two_catalogues_in_one_store(folder):
    one, other = numbered(folder / "one", 40), numbered(folder / "two", 40, 40)
    expected, done = pd.concat([_alone(folder, each) for each in (one, other)]), Event()
    writers = CountDown(2, done)

    def write(pictures):
        with writers:
            extract(pictures, folder / "store", seconds=0.01)

    _run_at_once(partial(write, one), partial(write, other), *_readers(folder, expected, done))
    if not zapsim.load_features(folder / "store").equals(expected):
        raise Lost("two catalogues at once: the store holds something else")
    for pictures in (one, other):
        _expect_all(folder, pictures, "two catalogues at once")


def _two_processes_and_three_readers(folder):
    pictures, done = numbered(folder / "in", 60), Event()
    expected = _alone(folder, pictures)
    children = [forked(extract, pictures, folder / "store", None, 0.01) for _ in range(2)]

    def wait():
        try:
            codes = [os.waitpid(child, 0)[1] for child in children]
            if any(codes):
                raise Lost("one of two processes at once failed")
        finally:
            done.set()

    _run_at_once(wait, *_readers(folder, expected, done))
    _expect_all(folder, pictures, "two processes at once")


def _other_settings_at_once(folder):
    pictures = numbered(folder / "in", 60)
    catalogue, refused = zapsim.load_catalogue(pictures), []

    def write(extractor):
        try:
            extractor.extract(catalogue, cache=folder / "store")
        except zapsim.StoreError as error:
            if "made with other settings" not in str(error):
                raise
            refused.append(error)

    extractors = stand_in(seconds=0.01), with_other_settings(stand_in(seconds=0.02))
    _run_at_once(*(partial(write, each) for each in extractors))
    # In the same instant, both are.
    if not refused:
        raise Unnamed("none of two settings was refused")
    if len(refused) < 2:
        zapsim.load_features(folder / "store")
        assert_no_litter(folder / "store")
    elif (folder / "store").exists():
        raise Lost("features of two settings are mixed")


def assert_no_litter(store):
    """Check that nothing but whole shards lies in a store."""
    others = [place.name for place in store.iterdir() if place.suffix != ".parquet"]
    if others:
        raise Lost(f"{others[0]} is left in the store")


class CountDown:
    """A context that sets an event when so many have left it."""

    def __init__(self, n, event):
        self._left, self._event = n, event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._left -= 1
        if self._left <= 0:
            self._event.set()


MEANWHILE = [
    _a_picture_is_replaced,
    _pictures_are_deleted,
    _the_folder_is_renamed,
    _the_zip_is_replaced,
    _the_zip_is_written_over,
    _the_zip_is_cut_off,
    _the_store_is_deleted,
    _the_store_becomes_a_file,
    _two_threads_and_three_readers,
    _two_catalogues_in_one_store,
    _two_processes_and_three_readers,
    _other_settings_at_once,
]


# --- cases -----------------------------------------------------------------------------------


def _failing(code):
    number = getattr(errno, code)

    def fail(place):
        raise OSError(number, os.strerror(number), os.fsdecode(place))

    return fail


def _interrupting(error):
    def fail(place):
        raise error("injected")

    return fail


def _kill(place):
    os.kill(os.getpid(), signal.SIGKILL)


class Trial:
    """An action with a fault, again and again, each time at another call."""

    def __init__(self, action, folder, fail, kinds="writes", onwards=False):
        self._action, self._folder = action, folder
        self._faults = Faults(folder, fail, kinds, onwards)
        self._onwards, self._reads = onwards, kinds == "reads"
        folder.mkdir(parents=True)
        action.make(folder)
        (folder / "out").mkdir()
        self._before = None
        if action.earlier:
            self._before = self._run(0)
        shutil.copytree(folder / "out", folder / "earlier")
        with self._faults.injected():
            right = self._run(1)
        self.right = right() if callable(right) else right
        self.n_calls = self._faults.count
        self._after = _content(folder / "out")
        self._earlier = _content(folder / "earlier")

    def _run(self, version):
        with _quiet() as self.said:
            return self._action.run(self._folder, version)

    def at(self, number):
        """Let a call fail, in this process; check what is left, and what a run makes of it."""
        self._begin_again()
        self._faults.reset(number)
        try:
            with self._faults.injected():
                result = self._run(1)
        except SAID as error:
            self._check_said(error)
        except (KeyboardInterrupt, MemoryError) as error:
            if str(error) != "injected":
                raise
        else:
            self._check_result(result)
        self._check_cleared(number)
        self._check_left(number)

    def killed_at(self, number):
        """Let a process be killed at a call; check as in `at`."""
        self._begin_again()
        self._faults.reset(number)

        def child():
            with self._faults.injected():
                self._run(1)

        status = os.waitpid(forked(child), 0)[1]
        if not os.WIFSIGNALED(status) and status:
            raise Lost(f"call {number}: it ended with {status} instead of being killed")
        self._check_left(number)

    def _begin_again(self):
        shutil.rmtree(self._folder / "out")
        shutil.copytree(self._folder / "earlier", self._folder / "out")

    def _check_said(self, error):
        if str(self._folder) not in str(error) or len(str(error)) < 40:
            raise Unnamed(f"{type(error).__name__} names no file: {error}")

    def _check_result(self, result):
        """Without an error all is right, or what is missing was named."""
        if _same(result, self.right):
            return
        called = [name for _, name in self._faults.calls[self._faults.at - 1 : self._faults.at]]
        if not any(Path(name).name in " ".join(self.said) for name in called):
            raise Lost(f"another result, and nothing was said, at {called}")

    def _check_cleared(self, number):
        """What was begun is gone, unless it was deleting that failed."""
        for name, place in self._faults.calls[number - 1 :][: None if self._onwards else 1]:
            if name in ("unlink", "rmdir") or (self._reads and ".part-" in place):
                return
        left = [place.name for place in (self._folder / "out").rglob(".part-*.tmp")]
        if left:
            raise Lost(f"call {number} of {self.n_calls}: {left[0]} is left")

    def _check_left(self, number):
        where = f"call {number} of {self.n_calls}, {self._faults.calls[number - 1 : number]}"
        left = _content(self._folder / "out")
        for name, content in self._earlier.items():
            if name not in left:
                raise Lost(f"{where}: {name} was there before, and is gone")
            if left[name] != content and self._after.get(name) != left[name] and not self.said:
                raise Lost(f"{where}: {name} is neither the earlier nor the new one")
        for name, content in left.items():
            if name not in self._earlier and self._after.get(name, content) != content:
                raise Lost(f"{where}: {name} is half")
        # As it is a day later, in another process.
        for pattern in (".part-*.tmp", "*.lock"):
            for place in (self._folder / "out").rglob(pattern):
                os.utime(place, (0, 0))
        disk._sweep_once.cache_clear()
        if not _same(self._run(1), self.right):
            raise Lost(f"{where}: the next run brings something else")
        litter = [place.name for place in (self._folder / "out").rglob("*.part*")]
        if litter:
            raise Lost(f"{where}: {litter[0]} stays for ever")


@contextmanager
def _quiet():
    """Give a list of what was warned of; what is printed is dropped."""
    said = []
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        with redirect_stderr(io.StringIO()):
            yield said
        said += [str(each.message) for each in caught]


def _same(one, other):
    one = one() if callable(one) else one
    return one.equals(other) if hasattr(one, "equals") else one == other


def _content(folder):
    """Return what lies under final names; of a page in a folder, of a store, what they hold."""
    found = {}
    for name, digest in tree(folder).items():
        if ".part" in name or name.startswith("shop/thumbs"):
            continue
        found[name] = digest
        if name == "zapsim-progress.json":
            # Each of its states is right that has what was there before.
            found[name] = "04-0" in json.loads((folder / name).read_text())["solved"]
        elif Path(name).name == ".staged.json":
            # Written before what it lists is copied, each of its states is right that can be read.
            found[name] = bool(json.loads((folder / name).read_text()))
        elif name == "shop/index.html":
            found[name] = _page_of(folder / "shop")
        elif name.startswith("store/"):
            table = pq.read_table(folder / name)
            found[name] = table.to_pydict()
    return found


def _page_of(folder):
    """Return a page, and the thumbnails that it names."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    (thumbs,) = re.findall(r'"folder":"([\w-]+)"', page)
    return page.replace(f'"{thumbs}"', '"thumbs"'), tree(folder / thumbs)


# Kinds of calls, what they meet, whether all later ones meet it too, and how many are tried.
FAULTS = {
    "full": ("writes", _failing("ENOSPC"), False, None),
    "stays full": ("writes", _failing("ENOSPC"), True, 12),
    "broken": ("writes", _failing("EIO"), False, 8),
    "forbidden": ("writes", _failing("EACCES"), True, 8),
    "read-only": ("writes", _failing("EROFS"), True, 8),
    "interrupted call": ("writes", _failing("EINTR"), False, 8),
    "stale": ("writes", _failing("ESTALE"), True, 8),
    "interrupt": ("writes", _interrupting(KeyboardInterrupt), False, None),
    "no memory": ("writes", _interrupting(MemoryError), False, 8),
    "unreadable": ("reads", _failing("EIO"), False, 12),
    "may not be read": ("reads", _failing("EACCES"), True, 8),
    "stale to read": ("reads", _failing("ESTALE"), True, 8),
    "interrupt while reading": ("reads", _interrupting(KeyboardInterrupt), False, 8),
}
_KILLS = 8


def cases(folder):
    """Return all cases, always the same."""
    found = [Case(each.__name__[1:], partial(_in, folder, each), seconds=30) for each in MEANWHILE]
    for action in ACTIONS:
        for name, (kinds, fail, onwards, most) in FAULTS.items():
            seed = f"{action.name}, {name}"
            check = partial(_try, action, folder / seed, fail, kinds, onwards, most)
            found.append(Case(seed, check, seconds=30))
        seed = f"{action.name}, killed"
        check = partial(_try_kills, action, folder / seed)
        found.append(Case(seed, check, kills=_KILLS, seconds=30))
    return found


def _try(action, folder, fail, kinds, onwards, most):
    trial = Trial(action, folder, fail, kinds, onwards)
    for number in _some(trial.n_calls, most, folder.name):
        trial.at(number)


def _try_kills(action, folder):
    trial = Trial(action, folder, _kill)
    for number in _some(trial.n_calls, _KILLS, folder.name):
        trial.killed_at(number)


def _some(n_calls, most, seed):
    """Return the numbers of so many calls, or of all; the last ones are where names change."""
    numbers = range(1, n_calls + 1)
    if most is None or most >= n_calls:
        return numbers
    last = numbers[-2:]
    return sorted({*random.Random(seed).sample(numbers[:-2], most - len(last)), *last})
