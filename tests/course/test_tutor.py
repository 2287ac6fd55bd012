"""What a learner calls, and reads."""

import pytest

from zapsim import course
from zapsim.course import record as kept
from zapsim.course.practice import find_exercise, practice_of


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "FILE", tmp_path / kept.FILE.name)
    monkeypatch.setattr(kept, "_solved", set())
    monkeypatch.setattr(kept, "_hints", {})


def solved(name):
    """Return what an exercise's solution defines."""
    names = {}
    exec("import numpy as np\n" + find_exercise(name).solution, names)
    return names["my_cosine"]


def test_an_answer_is_checked_and_counts_for_its_goal(capsys):
    course.check("04-1", solved("04-1"))
    assert capsys.readouterr().out.startswith("✅ Correct.")
    course.goals("04")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✅")
    assert sum(line.startswith("☐") for line in lines) == len(practice_of("04").GOALS) - 1
    assert lines[-1].startswith("1 of ")


def test_words_are_told_what_was_found_and_count(capsys):
    names = {}
    exec(find_exercise("05-4").solution, names)
    course.check("05-4", names["my_words"])
    assert capsys.readouterr().out.startswith("✅ Found in your words: ")
    assert kept.solved(["05-4"]) == ["05-4"]


def test_not_tried_and_wrong_point_to_the_hints(capsys):
    course.check("04-1")
    assert capsys.readouterr().out.startswith("📝 Not solved yet.\nStuck? Run hint(")
    course.check("04-1", lambda a, b: a @ b)
    said = capsys.readouterr().out
    assert said.startswith("❌ Not quite.")
    assert 'hint("04-1")' in said
    assert kept.solved(["04-1"]) == []


def test_a_long_answer_is_cut(capsys):
    course.check("04-1", type("x" * 10**6, (), {})())
    assert "A function is wanted." in (said := capsys.readouterr().out)
    assert len(said) < 3_000
    with pytest.raises(ValueError, match=r"Received: str$"):
        course.question("04-a", "x" * 10**6)


def test_hints_come_one_after_the_other_then_a_solution(capsys):
    for hint in find_exercise("04-1").hints:
        course.hint("04-1")
        said = " ".join(capsys.readouterr().out.split())
        assert " ".join(hint.split()) in said
    assert 'solution("04-1")' in said
    course.solution("04-1")
    assert "def my_cosine" in capsys.readouterr().out
    course.hint("04-1")
    assert "Hint 1 of 3" in capsys.readouterr().out


def test_hints_go_on_after_the_kernel_s_restart(monkeypatch, capsys):
    course.keep_progress()
    course.hint("04-1")
    monkeypatch.setattr(kept, "_hints", {})
    course.hint("04-1")
    assert "Hint 2 of 3" in capsys.readouterr().out


def test_a_question_answered_by_name_counts_too(capsys):
    course.question("04-a", "a")
    assert "❌ a:" in capsys.readouterr().out
    assert kept.solved(["04-a"]) == []
    course.question("04-a", " B ")
    assert kept.solved(["04-a"]) == ["04-a"]


def test_no_line_is_broken_in_mid_word(capsys):
    course.check("04-1", lambda a, b: a @ b)
    course.goals("04")
    course.question("04-a", "c")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_progress_is_kept_on_request(capsys):
    course.keep_progress()
    course.check("04-1", solved("04-1"))
    assert kept.FILE.exists()
    course.forget_progress()
    assert not kept.FILE.exists()
    course.progress("04")
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 of ")


def _damaged():
    kept.FILE.write_text("{")


@pytest.mark.parametrize("make", [_damaged, lambda: kept.FILE.mkdir()], ids=["damaged", "a folder"])
def test_what_is_not_kept_is_not_said_to_be(make, capsys):
    make()
    course.keep_progress()
    said = capsys.readouterr().out
    assert "zapsim-progress.json cannot be read" in said
    assert "is kept" not in said


def test_what_cannot_be_written_or_deleted_is_not_said_to_be(monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr("zapsim.io.disk.os.replace", refuse)
    course.keep_progress()
    assert "Your progress is kept" not in capsys.readouterr().out
    kept.FILE.mkdir()
    course.forget_progress()
    said = capsys.readouterr().out
    assert "zapsim-progress.json cannot be deleted" in said
    assert "is forgotten" not in said
