"""What was solved: in memory, in a file on request, and never in the way."""

import json
import os
import subprocess
import sys
import time
from threading import Thread

import pytest

from zapsim.course import record
from zapsim.course.practice import practice_of
from zapsim.io import locks

NAMES = ["04-1", "04-2", "04-a"]


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FILE", tmp_path / record.FILE.name)
    monkeypatch.setattr(record, "_solved", set())
    monkeypatch.setattr(record, "_hints", {})
    monkeypatch.setattr(locks, "_left", set())


def restart(monkeypatch):
    """Forget what this process knows, as a new kernel does."""
    monkeypatch.setattr(record, "_solved", set())
    monkeypatch.setattr(record, "_hints", {})


def test_without_a_file_nothing_is_written(tmp_path):
    record.note_solved("04-2")
    assert record.solved(NAMES) == ["04-2"]
    assert list(tmp_path.iterdir()) == []


def test_what_was_solved_before_and_after_is_kept_for_the_next_kernel(tmp_path, monkeypatch):
    record.note_solved("04-2")
    record.keep()
    record.note_solved("04-a")
    record.note_hint("04-1")
    restart(monkeypatch)
    assert record.solved(NAMES) == ["04-2", "04-a"]
    assert record.note_hint("04-1") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["zapsim-progress.json"]


def test_in_another_folder_it_is_kept_all_the_same(tmp_path):
    (tmp_path / "shop").mkdir()
    code = (
        "import os; from zapsim.course import record; record.keep(); os.chdir('shop'); "
        "record.note_solved('04-1')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    assert record.solved(NAMES) == ["04-1"]
    assert list((tmp_path / "shop").iterdir()) == []


@pytest.mark.unix
def test_in_a_folder_that_was_deleted_the_course_is_there(tmp_path):
    code = "import os; os.rmdir(os.getcwd()); from zapsim.course import record"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def test_two_kernels_do_not_forget_for_each_other(monkeypatch):
    record.keep()
    record.note_solved("04-1")
    restart(monkeypatch)
    record.note_solved("04-2")
    assert json.loads(record.FILE.read_text())["solved"] == ["04-1", "04-2"]


@pytest.mark.parametrize("change", [record.keep, lambda: record.note_solved("04-2")])
def test_what_another_kernel_writes_at_once_is_not_lost(change):
    record.keep()
    record.note_solved("04-1")
    lock = record.FILE.with_name(f"{record.FILE.name}.lock")
    lock.touch()
    waiting = Thread(target=change)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    record.FILE.write_text('{"solved": ["04-1", "04-a"], "hints": {}}')
    lock.unlink()
    waiting.join()
    assert {"04-1", "04-a"} <= {*json.loads(record.FILE.read_text())["solved"]}
    assert not lock.exists()


@pytest.mark.parametrize("age", [0, 9_999])
def test_what_a_killed_kernel_left_is_not_waited_for_again(monkeypatch, tmp_path, age):
    monkeypatch.setattr(record, "_DEAD", 60 if age else 0.05)
    record.keep()
    lock = record.FILE.with_name(f"{record.FILE.name}.lock")
    lock.touch()
    os.utime(lock, (time.time() - age,) * 2)
    start = time.monotonic()
    record.note_solved("04-1")
    assert time.monotonic() - start < 5
    assert json.loads(record.FILE.read_text())["solved"] == ["04-1"]
    assert [path.name for path in tmp_path.iterdir()] == [record.FILE.name]


@pytest.mark.parametrize(
    "make",
    [
        lambda lock: lock.mkdir(),
        lambda lock: lock.symlink_to("nowhere"),
        lambda lock: lock.symlink_to("zapsim-progress.json"),
        pytest.param(lambda lock: os.mkfifo(lock), marks=pytest.mark.unix),
    ],
    ids=["a folder", "a link to nowhere", "a link to the file", "a pipe"],
)
def test_what_is_no_lock_is_named_and_not_waited_for(make, capsys):
    record.keep()
    make(record.FILE.with_name(f"{record.FILE.name}.lock"))
    start = time.monotonic()
    record.note_solved("04-1")
    record.note_hint("04-1")
    assert time.monotonic() - start < 5
    assert "zapsim-progress.json.lock is in the way" in capsys.readouterr().out
    assert json.loads(record.FILE.read_text()) == {"solved": ["04-1"], "hints": {"04-1": 1}}


def test_a_lock_of_the_future_is_not_waited_for(tmp_path):
    record.keep()
    lock = record.FILE.with_name(f"{record.FILE.name}.lock")
    lock.touch()
    os.utime(lock, (time.time() + 1e6,) * 2)
    start = time.monotonic()
    record.note_solved("04-1")
    assert time.monotonic() - start < 5
    assert [path.name for path in tmp_path.iterdir()] == [record.FILE.name]


def test_a_kernel_whose_disk_takes_seconds_is_waited_for(monkeypatch):
    record.keep()
    _slowly(monkeypatch, 4)
    first = Thread(target=record.note_solved, args=["04-1"])
    first.start()
    time.sleep(0.5)
    # Another kernel: it knows neither what the first one did, nor its lock.
    code = (
        "from pathlib import Path; from zapsim.course import record; "
        f"record.FILE = Path({str(record.FILE)!r}); record.note_solved('04-a')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    first.join()
    assert json.loads(record.FILE.read_text())["solved"] == ["04-1", "04-a"]
    assert [path.name for path in record.FILE.parent.iterdir()] == [record.FILE.name]


def test_a_lock_that_another_kernel_took_over_stays_its_own(monkeypatch):
    record.keep()
    lock = record.FILE.with_name(f"{record.FILE.name}.lock")
    monkeypatch.setattr(record, "_DEAD", 0.2)
    _slowly(monkeypatch, 0.5)
    record.note_solved("04-1")
    assert lock.exists()


def test_a_lock_that_cannot_be_deleted_is_not_waited_for(monkeypatch):
    record.keep()
    monkeypatch.setattr(type(record.FILE), "unlink", _refuse)
    start = time.monotonic()
    for name in ("04-1", "04-2", "04-a"):
        record.note_solved(name)
    assert time.monotonic() - start < 5
    assert json.loads(record.FILE.read_text())["solved"] == ["04-1", "04-2", "04-a"]


def _slowly(monkeypatch, seconds):
    write = record.write_whole
    monkeypatch.setattr(record, "write_whole", lambda *a: (time.sleep(seconds), write(*a)))


def _refuse(*_, **__):
    raise PermissionError("it may not be deleted")


def test_forgetting_deletes_the_file(tmp_path):
    record.keep()
    record.note_solved("04-1")
    record.forget()
    assert record.solved(NAMES) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damaged",
    [
        *("", "{", "[]", "null", "[" * 100_000, "\x00", "x" * 2_000_000),
        *('{"solved": 3}', '{"solved": []}', '{"solved": [], "hints": {"a": []}}'),
        *('{"solved": "04", "hints": {}}', '{"solved": {"04": 1}, "hints": {}}'),
        *('{"solved": [["04"]], "hints": {}}', '{"solved": [], "hints": []}'),
        *(f'{{"solved": [], "hints": {{"a": {n}}}}}' for n in ("NaN", "Infinity", "1e999", '"1"')),
        '{"solved": ["04-1"], "hints": {}, "solved": []}',
        '{"solved": ' + '{"a": ' * 2_000 + "1" + "}" * 2_000 + ', "hints": {}}',
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_file_is_named_and_left_as_it_is(damaged, capsys):
    record.FILE.write_text(damaged)
    record.note_solved("04-1")
    assert "zapsim-progress.json cannot be read" in capsys.readouterr().out
    assert record.solved(NAMES) == ["04-1"]
    assert record.FILE.read_text() == damaged


@pytest.mark.unix
@pytest.mark.parametrize(
    "make", [lambda path: os.mkfifo(path), lambda path: path.symlink_to("/dev/zero")]
)
def test_what_is_no_file_is_named_and_not_waited_for(make, capsys):
    make(record.FILE)
    record.note_solved("04-1")
    assert "zapsim-progress.json is not a regular file" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_to_stops_nothing(monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr("zapsim.io.disk.os.replace", refuse)
    record.keep()
    record.note_solved("04-1")
    said = capsys.readouterr().out
    assert f"kept only until the kernel stops. Could not write {record.FILE}" in said
    assert "read-only" in said
    assert record.solved(NAMES) == ["04-1"]


def test_what_another_version_keeps_in_the_file_stays_in_it():
    record.FILE.write_text('{"version": 2, "solved": ["04-a"], "hints": {}, "notes": [1]}')
    record.note_solved("04-1")
    known = json.loads(record.FILE.read_text())
    assert known == {"version": 2, "solved": ["04-1", "04-a"], "hints": {}, "notes": [1]}


def test_what_no_version_writes_is_left_out_and_the_file_can_be_read_again(monkeypatch, capsys):
    deep = "[" * 900 + "]" * 900
    record.FILE.write_text(
        f'{{"solved": ["04-a", "\\ud800", "x"], "hints": {{"04-1": {"9" * 4_300}, "x": 1}}, '
        f'"a": {deep}, "b": {{"c": {deep}}}, "long": "{"x" * 9_999}", "note": [1]}}'
    )
    record.note_hint("04-1")
    record.note_solved("04-2")
    known = json.loads(record.FILE.read_text())
    assert known.pop("hints").keys() == {"04-1"}
    assert known == {"solved": ["04-2", "04-a"], "note": [1]}
    restart(monkeypatch)
    assert record.solved(NAMES) == ["04-2", "04-a"]
    assert capsys.readouterr().out == ""


def test_what_would_be_too_large_to_be_read_again_is_not_written(capsys):
    # As long as may be read, and longer when it is written: a line each.
    names = ",".join(f'"{place // 8**6:02d}-{place % 8**6:06o}"' for place in range(80_000))
    before = f'{{"solved":[{names}],"hints":{{}}}}'
    record.FILE.write_text(before)
    record.note_solved("04-1")
    assert "zapsim-progress.json would be too large" in capsys.readouterr().out
    assert record.FILE.read_text() == before
    assert record.solved(NAMES) == ["04-1"]


def test_the_names_of_all_tasks_are_kept():
    for number in range(13):
        practice = practice_of(f"{number:02d}")
        for task in (*practice.EXERCISES, *practice.QUESTIONS):
            assert record._NAME.fullmatch(task.name)


def test_a_linked_file_stays_linked(tmp_path):
    (tmp_path / "drive").mkdir()
    target = tmp_path / "drive" / "progress.json"
    target.write_text('{"solved": [], "hints": {}}')
    record.FILE.symlink_to(target)
    record.note_solved("04-1")
    assert record.FILE.is_symlink() and "04-1" in target.read_text()
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["drive", "progress.json", record.FILE.name]
    )


@pytest.mark.parametrize(
    "kind",
    [
        "folder",
        pytest.param("pipe", marks=pytest.mark.unix),
        pytest.param("endless", marks=pytest.mark.unix),
        "nowhere",
    ],
)
def test_what_is_no_file_stops_nothing(tmp_path, capsys, kind):
    make = {
        "folder": record.FILE.mkdir,
        "pipe": lambda: os.mkfifo(record.FILE),
        "endless": lambda: record.FILE.symlink_to("/dev/zero"),
        "nowhere": lambda: record.FILE.symlink_to(tmp_path / "gone"),
    }
    make[kind]()
    record.note_solved("04-1")
    assert record.solved(NAMES) == ["04-1"]
    said = capsys.readouterr().out
    assert kind == "nowhere" or "zapsim-progress.json cannot be read" in said
    record.forget()
    assert record.FILE.is_dir() == (kind == "folder")
    assert record.solved(NAMES) == []
