"""What was solved: in memory, in a file on request, and never in the way."""

import json

import pytest

from zapsim.course import record

NAMES = ["04-1", "04-2", "04-a"]


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(record, "_solved", set())
    monkeypatch.setattr(record, "_hints", {})


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
    assert record.hints_taken("04-1") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["zapsim-progress.json"]


def test_two_kernels_do_not_forget_for_each_other(monkeypatch):
    record.keep()
    record.note_solved("04-1")
    restart(monkeypatch)
    record.note_solved("04-2")
    assert json.loads(record.FILE.read_text())["solved"] == ["04-1", "04-2"]


def test_forgetting_deletes_the_file(tmp_path):
    record.keep()
    record.note_solved("04-1")
    record.forget()
    assert record.solved(NAMES) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damaged",
    ["", "{", "[]", '{"solved": 3}', '{"solved": []}', '{"solved": [], "hints": {"a": []}}'],
)
def test_a_damaged_file_is_named_and_left_as_it_is(damaged, capsys):
    record.FILE.write_text(damaged)
    record.note_solved("04-1")
    assert "zapsim-progress.json cannot be read" in capsys.readouterr().out
    assert record.solved(NAMES) == ["04-1"]
    assert record.FILE.read_text() == damaged


def test_a_folder_that_cannot_be_written_to_stops_nothing(monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr("zapsim.io.disk.os.replace", refuse)
    record.keep()
    record.note_solved("04-1")
    said = capsys.readouterr().out
    assert "kept only until the kernel stops. Could not write zapsim-progress.json" in said
    assert "read-only" in said
    assert record.solved(NAMES) == ["04-1"]
