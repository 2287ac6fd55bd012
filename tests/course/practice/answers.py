"""What the tests of all notebooks' practice share: verdicts, solutions, and what answers hear."""

import numpy as np
import pandas as pd

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise


def verdict(name, answer, *given):
    return judge(find_exercise(name), answer, *given)


def solved(name, **names):
    """Run an exercise's solution, and return what it sets last."""
    there = {"np": np, "pd": pd, **names}
    exec(find_exercise(name).solution, there)
    return list(there.values())[-1]


def assert_told_apart(verdicts):
    verdicts = list(verdicts)
    assert {each.state for each in verdicts} == {"wrong"}, verdicts
    said = [each.says for each in verdicts]
    assert len(set(said)) == len(said), said
    assert not any("Received" in says for says in said), said


def assert_right(exercise, others):
    """Check that the solution of an exercise, and other answers to it, are right, or found."""
    answers, state = [solved(exercise.name), *others], "found" if exercise.ideas else "right"
    assert [judge(exercise, answer).state for answer in answers] == [state] * len(answers)


def each_wrong(by_name):
    """List (name, what is heard, answer) of a dict of dicts, for `pytest.mark.parametrize`."""
    return [(name, says, answer) for name, by in by_name.items() for says, answer in by.items()]


def assert_heard(name, says, answer):
    heard = verdict(name, answer)
    assert heard.state == "wrong"
    assert says in heard.says


def assert_each_is_tried(exercises, wrong):
    """Check that as many wrong answers are tried as an exercise knows mistakes."""
    for exercise in exercises:
        assert len(wrong.get(exercise.name, ())) == len(exercise.mistakes)
