"""An exercise as data, and what an answer to it deserves to hear.

In: an `Exercise`, an answer, and what the notebook had given for it. Out: a `Verdict`. The edge
rule: whatever a learner's object does when it is used, it becomes a verdict, never an exception.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from zapsim.course.comparing import described, same

__all__ = ["Exercise", "Mistake", "Verdict", "judge"]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that many people give, and what is behind it.

    Attributes
    ----------
    says : str
        What is behind it, to the learner.
    value : callable, optional
        Called with what was given; returns the answer that this mistake leads to.
    when : callable, optional
        Called with the answer and what was given; says whether it is this mistake.
    """

    says: str
    value: Callable | None = None
    when: Callable | None = None


@dataclass(frozen=True)
class Exercise:
    """A task, what is right, and what is often wrong.

    Attributes
    ----------
    name : str
        Of notebook and exercise, such as "04-2".
    goal : int
        Which of the notebook's goals it practises, from 1.
    expected : callable, optional
        Called with what was given; returns the right answer. None for an answer in words.
    ideas : dict of str to str
        For an answer in words: what it has to say, and the regular expression (in any case) by
        which that is recognised.
    mistakes : tuple of Mistake
        The first that fits an answer is told.
    hints : tuple of str
        Three, each saying more than the one before.
    solution : str
        Lines of Python that stand in place of the stub.
    explains : str
        What is said after a right answer.
    call : callable, optional
        For an answer that is a function: called with it and what was given, returns what is
        compared, such as its results for small inputs.
    ordered, tolerance
        As in `zapsim.course.comparing.same`.
    """

    name: str
    goal: int
    expected: Callable | None = None
    ideas: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = ()
    solution: str = ""
    explains: str = ""
    call: Callable | None = None
    ordered: bool = True
    tolerance: float = 1e-3


class Verdict(NamedTuple):
    """How an answer stands: "right", "wrong" or "open" (not tried), and a sentence about it."""

    state: str
    says: str


def judge(exercise, answer, *given):
    """Return the `Verdict` on an answer; given is what the notebook passed on."""
    if answer is ...:
        return Verdict("open", "Not solved yet.")
    if exercise.call:
        if not callable(answer):
            return Verdict("wrong", f"A function is wanted. Received: {described(answer)}.")
        try:
            answer = exercise.call(answer, *given)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Verdict("wrong", f"Your function stops when it is tried, with {reason}")
        if answer is None:
            return Verdict("open", "Not solved yet.")
        if _is_nothing(answer):
            return Verdict("open", "Not solved yet. Your function returns nothing (None).")
    return _judge_words(exercise, answer) if exercise.ideas else _judge(exercise, answer, given)


def _judge(exercise, answer, given):
    def equals(value):
        return same(answer, value, exercise.ordered, exercise.tolerance)

    expected = exercise.expected(*given)
    if equals(expected):
        return Verdict("right", exercise.explains)
    for mistake in exercise.mistakes:
        if _fits(mistake, answer, given, equals):
            return Verdict("wrong", mistake.says)
    wanted, received = described(expected), described(answer)
    if wanted != received and not exercise.call and len({*map(_is_plain, (expected, answer))}) > 1:
        return Verdict("wrong", f"Wanted: {_kind(expected)}. Received: {received}.")
    return Verdict("wrong", f"Received: {received}.")


def _judge_words(exercise, answer):
    if not isinstance(answer, str):
        return Verdict("wrong", f"A text in quotes is wanted. Received: {described(answer)}.")
    if not answer.strip():
        return Verdict("open", "Not solved yet.")
    for mistake in exercise.mistakes:
        if _fits(mistake, answer, (), lambda value: False):
            return Verdict("wrong", mistake.says)
    missing = [idea for idea, words in exercise.ideas.items() if not re.search(words, answer, re.I)]
    if missing:
        return Verdict("wrong", f"Not said yet: {'; '.join(missing)}.")
    return Verdict("right", exercise.explains)


def _fits(mistake, answer, given, equals):
    try:
        if mistake.when:
            return bool(mistake.when(answer, *given))
        return equals(mistake.value(*given))
    except Exception:
        # An answer of another kind cannot be looked at in the way of this mistake.
        return False


def _is_nothing(answer):
    listed = isinstance(answer, (list, tuple)) and bool(answer)
    return listed and all(each is None for each in answer)


def _is_plain(value):
    return isinstance(value, str) or not hasattr(value, "__len__")


def _kind(value):
    if isinstance(value, str):
        return "a text"
    return "a number" if _is_plain(value) else described(value)
