"""Files written whole, and copies from a disk that breaks off, changes or goes away."""

import builtins
import errno
import os
import time
from pathlib import Path
from threading import Event

import pytest

from zapsim.io import disk
from zapsim.io.disk import (
    TransferError,
    copy,
    look,
    prepare_folder,
    temporary_folder,
    write_whole,
)

CONTENT = bytes(range(256)) * 1200
GONE = OSError(errno.ENOTCONN, "Transport endpoint is not connected")


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between two tries, which are not made here."""
    pauses = []
    monkeypatch.setattr(disk.time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "drive" / "shoes.zip"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "shoes.zip"


@pytest.fixture
def reading(source, monkeypatch):
    """Return ``reading(*each)``: what each try meets after its first 100,000 bytes, None nothing.

    An error is raised, a function called.
    """

    def make(*each):
        each, opened = list(each), builtins.open

        class File:
            def __init__(self, file, event):
                self.file, self.event = file, event

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self.file.close()

            def fileno(self):
                return self.file.fileno()

            def read(self, _=-1):
                if self.file.tell() and self.event is not None:
                    event, self.event = self.event, None
                    if isinstance(event, OSError):
                        raise event
                    event()
                return self.file.read(100_000)

        def open_(path, *mode, **options):
            file = opened(path, *mode, **options)
            return File(file, each.pop(0) if each else None) if Path(path) == source else file

        monkeypatch.setattr(disk, "open", open_, raising=False)

    return make


@pytest.fixture
def disconnected(source, monkeypatch):
    """Return ``disconnected(which)``: lets each look at the source fail whose number is there."""

    def make(which):
        stat, counted = Path.stat, iter(range(99))

        def fail(path, **options):
            if path == source and next(counted) in which:
                raise GONE
            return stat(path, **options)

        monkeypatch.setattr(Path, "stat", fail)

    return make


def assert_copied(source, target):
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert list(target.parent.iterdir()) == [target]


# --- copies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", CONTENT])
def test_copy_is_whole_has_the_date_and_shows_a_bar(source, target, content, capsys):
    source.write_bytes(content)
    copy(source, target)
    assert_copied(source, target)
    assert f"shoes.zip: {'100%' if content else ''}" in capsys.readouterr().err


def test_copy_replaces_what_is_there(source, target):
    target.parent.mkdir()
    target.write_bytes(b"old" * len(CONTENT))
    copy(source, target)
    assert_copied(source, target)


def test_copy_is_tried_again_after_errors(source, target, reading, pauses):
    reading(OSError(5, "Input/output error"), TimeoutError(110, "Timed out"), GONE, GONE)
    copy(source, target)
    assert_copied(source, target)
    assert pauses == [1, 2, 4, 8]


def test_copy_that_never_succeeds_leaves_nothing_behind(source, target, reading):
    reading(*[OSError(5, "Input/output error")] * 5)
    with pytest.raises(TransferError, match=r"Could not copy .*drive.*: 5 tries .*Input/output"):
        copy(source, target)
    assert not list(target.parent.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.utime(path, ns=(1, 2)),
        lambda path: path.write_bytes(CONTENT[::-1] * 2),
        lambda path: os.truncate(path, 10),
    ],
    ids=["rewritten", "longer", "shorter"],
)
def test_source_that_changes_meanwhile_is_copied_again(source, target, reading, change):
    reading(lambda: change(source))
    copy(source, target)
    assert_copied(source, target)


@pytest.mark.parametrize("first", [0, 1])
def test_disk_that_does_not_answer_is_not_taken_for_a_full_one(source, target, disconnected, first):
    disconnected(range(first, 99))
    with pytest.raises(TransferError, match=r"5 tries brought nothing .*Transport") as caught:
        copy(source, target)
    assert "Check that the network, or the disk or Drive, is connected" in str(caught.value)
    assert "Free some space" not in str(caught.value)
    assert not target.exists()


def test_what_is_killed_before_the_end_is_copied_again(source, target, monkeypatch):
    """The date, by which a copy is known, comes before the name."""
    monkeypatch.setattr(disk.os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        copy(source, target)
    monkeypatch.undo()
    replace, dates = os.replace, []
    monkeypatch.setattr(
        disk.os, "replace", lambda a, b: (dates.append(a.stat().st_mtime_ns), replace(a, b))
    )
    copy(source, target)
    assert dates == [source.stat().st_mtime_ns]


def test_disk_that_answers_again_is_asked_again(source, target, disconnected):
    disconnected({0, 1, 2, 4})
    copy(source, target)
    assert_copied(source, target)


def test_full_disk_is_found_before_anything_is_copied(source, target, monkeypatch, pauses):
    usage = type("usage", (), {"free": len(CONTENT) + disk.SPARE - 1})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(TransferError, match=r"shoes\.zip takes 0 MB, and 50 MB are free at .*new"):
        copy(source, target)
    assert not list(target.parent.iterdir())
    usage.free += 1
    copy(source, target)
    assert_copied(source, target)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_disk_that_takes_nothing_is_not_tried_again(source, target, monkeypatch, pauses, code):
    def full(path, **_):
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(disk.os, "replace", lambda path, _: full(path))
    with pytest.raises(TransferError, match=rf"Could not copy .*{os.strerror(code)}.*Free some"):
        copy(source, target)
    assert not pauses
    assert not list(target.parent.iterdir())


# --- looks -----------------------------------------------------------------------------------


def test_look_tells_what_is_there(source):
    assert look(source).st_size == len(CONTENT)
    assert look(source.with_name("gone")) is None
    assert look(source / "below a file") is None
    assert look(source.with_name(999 * "x")) is None
    assert look(source.with_name("null\0")) is None


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_what_may_not_be_looked_at_is_not_asked_again(tmp_path, monkeypatch, pauses, code):
    monkeypatch.setattr(Path, "stat", lambda path, **_: (_ for _ in ()).throw(OSError(code, "No")))
    with pytest.raises(TransferError, match=r"Could not look at .*x\.zip \(.*No\).*you may read"):
        look(tmp_path / "x.zip")
    assert not pauses


# --- writing ---------------------------------------------------------------------------------


def test_prepared_folder_is_there(tmp_path):
    for _ in range(2):
        prepare_folder(tmp_path / "a" / "b", 0, "it")
    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(TransferError, match=r"it takes 1,000,000,000,000 MB"):
        prepare_folder(tmp_path, 10**18, "it")


def test_file_in_place_of_a_folder(tmp_path):
    (tmp_path / "new").touch()
    for write in (
        lambda: prepare_folder(tmp_path / "new", 0, "it"),
        lambda: write_whole(tmp_path / "new" / "a.txt", b"it"),
    ):
        with pytest.raises(TransferError, match=r"Could not write .*new.*choose a folder where"):
            write()


def test_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_whole(tmp_path / "new" / "a.txt", b"first")

    def full(path, data):
        with open(path, "wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TransferError, match=r"Could not write .*a\.txt .*No space left"):
        write_whole(tmp_path / "new" / "a.txt", b"second")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"first"


OLD, YOUNG, THEIRS = f".part-{0:032x}.tmp", f".part-{1:032x}.tmp", ".part-of-mine.tmp"


def test_what_a_kill_left_is_deleted_after_a_day(tmp_path):
    for name in (OLD, YOUNG, THEIRS):
        (tmp_path / name).touch()
    folder = tmp_path / f".part-{2:032x}.tmp"
    folder.mkdir()
    (folder / "half").touch()
    for name, hours in [(OLD, 25), (YOUNG, 23), (THEIRS, 25), (folder, 25)]:
        then = time.time() - 3600 * hours
        os.utime(tmp_path / name, (then, then))
    write_whole(tmp_path / "a.txt", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", YOUNG, THEIRS}


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_a_temporary_folder_is_deleted_unless_it_was_renamed(tmp_path, error):
    with pytest.raises(error), temporary_folder(tmp_path / "new") as folder:
        (folder / "half").touch()
        raise error
    assert not list((tmp_path / "new").iterdir())
    with temporary_folder(tmp_path / "new") as folder:
        os.replace(folder, tmp_path / "new" / "whole")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["whole"]


# --- work ahead ------------------------------------------------------------------------------


def test_a_folder_where_one_may_not_write_is_found_before_the_work(tmp_path, monkeypatch):
    def refuse(dir):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(disk, "TemporaryFile", refuse)
    with pytest.raises(TransferError, match="Permission denied.* choose a folder where you may"):
        prepare_folder(tmp_path, 1, "page")


def test_a_folder_whose_room_is_not_told_is_an_error_with_words(tmp_path, monkeypatch):
    def refuse(folder):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk.shutil, "disk_usage", refuse)
    with pytest.raises(TransferError, match=r"Could not write .*Input/output error.*run again"):
        prepare_folder(tmp_path, 1, "page")


def test_work_ahead_is_in_order_and_bounded():
    started = []
    for item, future in disk.ahead(started.append, range(100), threads=2, depth=7):
        future.result()
        assert len(started) <= item + 7
    assert sorted(started) == list(range(100))


def test_work_that_has_not_begun_is_dropped_when_the_caller_stops():
    started = []

    def slow(item):
        started.append(item)
        Event().wait(0.02)

    for _ in disk.ahead(slow, range(100), threads=1, depth=50):
        break
    assert len(started) < 50
