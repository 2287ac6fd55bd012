"""Exercises on what a learner may answer: right in any spelling, wrong for a reason, not at all."""

from asyncio import CancelledError
from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest

from zapsim.course.comparing import described, same
from zapsim.course.exercise import Exercise, Mistake, judge
from zapsim.course.practice import nb04

SCORES = pd.Series([0.9, 0.5, 0.25], index=["a", "b", "c"])
TOP = Exercise(
    "99-1",
    goal=1,
    expected=lambda scores: scores.nlargest(2),
    mistakes=(
        Mistake("The lowest come first.", value=lambda scores: scores.nsmallest(2)),
        Mistake("A score is at most 1.", when=lambda got, scores: max(got) > 1),
        Mistake("All of them, not two.", value=lambda scores: scores),
    ),
)
TWICE = Exercise("99-2", goal=1, call=lambda f: [f(1), f(5)], expected=lambda: [2, 10])
WORDS = Exercise(
    "99-3",
    goal=1,
    ideas={"what was compared": r"\bsubcategor", "how many": r"\bfive\b|\b5\b"},
)


@pytest.mark.parametrize(
    "answer",
    [[0.9, 0.5], (0.9, 0.5), np.float32([0.9, 0.5]), SCORES[:2], pd.DataFrame({"s": [0.9, 0.5]})],
    ids=lambda answer: type(answer).__name__,
)
def test_a_right_answer_is_right_however_it_is_written(answer):
    assert judge(TOP, answer, SCORES).state == "right"


def test_an_answer_that_fits_a_close_mistake_is_not_right():
    about = Exercise(
        "99-1",
        goal=1,
        expected=lambda: 0.5,
        tolerance=0.2,
        mistakes=(
            Mistake("Above.", when=lambda got: got > 0.55, close=True),
            Mistake("Below.", when=lambda got: got < 0.5),
        ),
    )
    assert [judge(about, got).state for got in (0.45, 0.54)] == ["right", "right"]
    assert [judge(about, got).says for got in (0.58, 0.3)] == ["Above.", "Below."]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([0.25, 0.5], "The lowest come first."),
        ([90, 50], "A score is at most 1."),
        (SCORES, "All of them, not two."),
        ([0.5, 0.9], "2 values"),
        ("a", "'a'"),
        (0.9, "0.9"),
        (None, "None"),
        ([[0.9], [0.5, 1]], "2 values"),
    ],
)
def test_a_wrong_answer_hears_what_is_behind_it(answer, says):
    verdict = judge(TOP, answer, SCORES)
    assert verdict.state == "wrong"
    assert says in verdict.says


def test_what_was_not_tried_is_open():
    assert judge(TOP, ..., SCORES).state == "open"
    assert judge(TWICE, lambda x: None).state == "open"
    assert judge(WORDS, "  ").state == "open"


def test_a_function_is_tried_and_its_error_is_told():
    assert judge(TWICE, lambda x: 2 * x).state == "right"
    assert judge(TWICE, lambda x: x + 1).state == "wrong"
    verdict = judge(TWICE, lambda x: x / 0)
    assert verdict.state == "wrong"
    assert "ZeroDivisionError: division by zero" in verdict.says
    assert "A function is wanted" in judge(TWICE, 2).says


def test_of_a_function_the_first_wrong_result_is_told():
    exercise = replace(TWICE, tried=("f(1)", "f(5)"))
    assert judge(exercise, lambda x: 2).says == "f(5) gives 2. Wanted: 10."
    assert judge(exercise, lambda x: "ab").says == "f(1) gives 'ab'. Wanted: 2."
    assert "does not give what is wanted" in judge(TWICE, lambda x: 2).says


def test_what_is_given_may_have_been_changed_by_the_learner():
    verdict = judge(TOP, [0.9, 0.5], [0.9, 0.5, 0.25])
    assert verdict.state == "wrong"
    assert "was changed in a cell (AttributeError" in verdict.says


def test_of_a_text_it_is_told_what_was_found():
    verdict = judge(WORDS, "Of five neighbours, 0.88 share the Subcategory.")
    assert verdict.state == "found"
    assert verdict.says.startswith("Found in your words: what was compared; how many. ")
    assert 'solution("99-3")' in verdict.says
    verdict = judge(WORDS, "On average they share the subcategory.")
    assert verdict.state == "open"
    assert "Found in your words: what was compared. Not found: how many." in verdict.says
    assert 'solution("99-3")' in verdict.says
    assert judge(WORDS, "five subcategories") == ("open", "Say it in one or two whole sentences.")
    assert "A text in quotes" in judge(WORDS, 5).says


@pytest.mark.parametrize(
    ("answer", "value", "equal"),
    [
        (3, 3, True),
        (np.int64(3), 3, True),
        (3.0, 3, True),
        (True, 1, False),
        ("3", 3, False),
        ("boot", "boot", True),
        ("Boot", "boot", False),
        ([100627], ["100627"], False),
        (["100627"], "100627", False),
        (0.95301, 0.953, True),
        (0.96, 0.953, False),
        (float("nan"), 0.5, False),
        (pd.Index(["a", "b"]), ["a", "b"], True),
        (["b", "a"], ["a", "b"], False),
        (pd.DataFrame({"key": ["a", "b"]}), ["a", "b"], True),
        (pd.DataFrame({"key": ["a", "b"], "score": [1, 2]}), ["a", "b"], False),
        (np.ones((1, 3)), [1, 1, 1], True),
        (np.ones((3, 2)), np.ones((2, 3)), False),
        ([], ["a"], False),
        ([[1, 2], [3]], [np.array([1, 2]), np.array([3])], True),
        (object(), 3, False),
    ],
)
def test_what_is_the_same(answer, value, equal):
    assert same(answer, value) is equal


def test_order_counts_unless_it_is_free():
    assert same({"b", "a"}, ["a", "b"], ordered=False)
    assert same([0.5, 0.9, 0.25], SCORES, ordered=False)
    assert not same([0.5, 0.9, 0.25], SCORES)


def test_what_has_the_same_labels_is_compared_by_label():
    for answer in (SCORES[::-1], SCORES[::-1].to_frame()):
        assert same(answer, SCORES)
        assert not same(answer, list(SCORES))
    other = pd.Series([0.5, 0.9, 0.25], index=["a", "b", "c"])
    assert not same(other, SCORES)
    assert not same(other, SCORES, ordered=False)
    assert same(SCORES.set_axis(["x", "y", "z"]), SCORES)
    twice = SCORES.set_axis(["a", "a", "b"])
    assert same(twice, twice)
    assert not same(twice[::-1], twice)
    table = SCORES.to_frame("one").assign(other=1)
    assert same(table[::-1], table)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (["a", "b"], "2 texts"),
        (np.zeros((3, 4)), "an array of shape (3, 4)"),
        (np.float32(0.5), "0.5"),
        (object(), "a object"),
        ([[1, 2], [3]], "2 values"),
    ],
)
def test_an_answer_is_described_in_a_few_words(answer, words):
    assert described(answer) == words


class _Sulking:
    def __getattr__(self, name):
        raise RuntimeError("ask me nothing")

    def __repr__(self):
        raise RuntimeError("ask me nothing")


@pytest.mark.parametrize(
    "answer",
    [10**5000, np, np.ndarray, _Sulking(), object(), {"a": {}}],
    ids=lambda answer: type(answer).__name__,
)
def test_whatever_is_given_as_an_answer_gets_a_sentence(answer):
    for exercise in nb04.EXERCISES:
        verdict = judge(exercise, answer)
        assert verdict.state in ("wrong", "open") and verdict.says


class _Sullen(Exception):
    def __str__(self):
        raise SystemExit


class _Shy(list):
    def __iter__(self):
        raise OSError("not now")


class _Mute(str):
    def strip(self, *_):
        raise RuntimeError("not now")


class _Nameless(type):
    def __getattribute__(cls, name):
        raise RuntimeError("not now")


def raising(error):
    def answer(*_):
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (raising(_Sullen()), "Your function stops when it is tried, with an error that cannot be"),
        (raising(SystemExit(3)), "Your function stops when it is tried, with SystemExit: 3"),
        (raising(CancelledError()), "Your function stops when it is tried, with CancelledError"),
        (raising(GeneratorExit()), "Your function stops when it is tried, with GeneratorExit"),
        (raising(ValueError("x" * 10**6)), "with ValueError: xxx"),
        (raising(ValueError("\x1b]0;owned\x07")), r"\x1b]0;owned\x07"),
        (lambda *_: _Shy([1]), "What your function returns stops when it is looked at, with OSErr"),
    ],
)
def test_whatever_a_function_raises_gets_a_short_sentence(answer, says):
    called = replace(TWICE, call=lambda f: f(1), tried=("f(1)", "f(5)"))
    verdict = judge(called, answer)
    assert verdict.state == "wrong"
    assert says in verdict.says
    assert len(verdict.says) < 500


def test_an_answer_that_cannot_be_looked_at_gets_a_sentence():
    for answer in (_Mute("a"), _Nameless("Any", (), {})()):
        says = judge(WORDS, answer).says
        assert says == "Your answer stops when it is looked at, with RuntimeError: not now"


def _itself(kind=list):
    """Return a list that holds itself twice, as it is or in something else."""
    own = [1.0]
    own += [kind([own]), kind([own])]
    return own


def _doubled(times):
    """Return a list of lists that are short in memory, and long to go through."""
    each = [0.5]
    for _ in range(times):
        each = [each, each]
    return each


def _boxed(value):
    box = np.empty(1, object)
    box[0] = value
    return box


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_itself, "holds itself"),
        (lambda: _itself(tuple), "holds itself"),
        (lambda: _itself(lambda own: dict(enumerate(own))), "holds itself"),
        (lambda: _itself(lambda own: pd.Series(_boxed(own[0]))), "holds itself"),
        (lambda: _itself(lambda own: pd.DataFrame({"a": _boxed(own[0])})), "holds itself"),
        (count, "no length (of type count). Give a list."),
        (lambda: [count()], "no length (of type count). Give a list."),
        (lambda: _boxed(count()), "no length (of type count). Give a list."),
        (lambda: (each for each in [0.9, 0.5]), "no length (of type generator). Give a list."),
        (lambda: range(10**12), "more than 9,000 values"),
        (lambda: _doubled(20), "more than 9,000 values"),
        (lambda: _doubled(1_000), "lists in lists, more than 20 deep"),
    ],
)
def test_what_has_no_end_is_not_gone_through(make, says, monkeypatch):
    monkeypatch.setattr("zapsim.course.comparing._MOST", 9_000)
    looking = replace(TWICE, call=lambda f: [list(f(1)), np.asarray(f(1), float)])
    for exercise in (TOP, WORDS, TWICE):
        assert judge(exercise, make(), SCORES).says.startswith("Your answer ")
        assert says in judge(exercise, make(), SCORES).says
    for exercise in (TWICE, looking):
        verdict = judge(exercise, lambda x: make())
        assert verdict.state == "wrong"
        assert verdict.says.startswith("What your function returns ") and says in verdict.says


def test_the_same_list_twice_does_not_hold_itself():
    row = [0.9, 0.5]
    rows = replace(TOP, expected=lambda *_: [np.array(row)] * 2)
    assert judge(rows, [row, row], SCORES).state == "right"


def test_a_very_long_text_is_not_searched():
    text = "of five subcategories " * 1_000
    assert judge(WORDS, text).state == "open"
    assert "at most 2,000 letters. Received: 22,000 letters" in judge(WORDS, text).says


def test_only_who_stops_the_cell_stops_it():
    with pytest.raises(KeyboardInterrupt):
        judge(TWICE, raising(KeyboardInterrupt()))
