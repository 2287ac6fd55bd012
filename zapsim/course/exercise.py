"""An exercise as data, and what an answer to it deserves to hear.

In: an `Exercise`, an answer, and what the notebook had given for it. Out: a `Verdict`. The edge
rule: whatever a learner's object does when it is used, it becomes a verdict, never an exception;
only what stops the cell, KeyboardInterrupt, goes through.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from zapsim.checks import brief
from zapsim.course.comparing import described, same, shown, unending

__all__ = ["Exercise", "Mistake", "Verdict", "judge"]

# Of an answer in words: words, and letters.
_FEWEST, _LONGEST = 6, 2_000


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
    close : bool
        Its answers may lie within the tolerance of the right one: no answer that fits is right.
    """

    says: str
    value: Callable | None = None
    when: Callable | None = None
    close: bool = False


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
        For an answer in words: what a good one says, and the regular expression (in any case) by
        which that is found. No words are called right or wrong: a program cannot read.
    mistakes : tuple of Mistake
        The first that fits an answer is told.
    hints : tuple of str
        Three, each saying more than the one before.
    solution : str
        Lines of Python that stand in place of the stub.
    explains : str
        What is said after a right answer, or words in which all was found.
    call : callable, optional
        For an answer that is a function: called with it and what was given, returns what is
        compared, such as its results for small inputs.
    tried : tuple of str
        What stands for each result of `call`, such as "my_cosine([3, 4], [4, 3])": the first that
        is wrong is told to the learner.
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
    tried: tuple[str, ...] = ()
    ordered: bool = True
    tolerance: float = 1e-3


class Verdict(NamedTuple):
    """How an answer stands ("right", "wrong", "open" or "found"), and a sentence about it.

    Words are "found" if each idea is, else "open", as is what was not tried.
    """

    state: str
    says: str


def judge(exercise, answer, *given):
    """Return the `Verdict` on an answer; given is what the notebook passed on."""
    if answer is ...:
        return Verdict("open", "Not solved yet.")
    what, stops = "Your answer", "Your answer stops when it is looked at"
    try:
        _check_ends(answer)
        if exercise.call:
            if not callable(answer):
                return Verdict("wrong", f"A function is wanted. Received: {described(answer)}.")
            what, stops = "What your function returns", "Your function stops when it is tried"
            answer = exercise.call(_ending(answer), *given)
            stops = f"{what} stops when it is looked at"
            _check_ends(answer)
            if answer is None:
                return Verdict("open", "Not solved yet.")
            if _is_nothing(answer):
                return Verdict("open", "Not solved yet. Your function returns nothing (None).")
        return _judge_words(exercise, answer) if exercise.ideas else _judge(exercise, answer, given)
    except KeyboardInterrupt:
        raise
    except _UnendingError as error:
        return Verdict("wrong", f"{what} {error}")
    # One that ends the program would end the kernel.
    except BaseException as error:
        return Verdict("wrong", f"{stops}, with {_reason(error)}")


class _UnendingError(Exception):
    """An answer cannot be looked at to its end; the message says why."""


def _check_ends(answer):
    if why := unending(answer):
        raise _UnendingError(why)


def _ending(function):
    """Return a learner's function, whose results are checked before `call` looks at them."""

    def tried(*given, **named):
        result = function(*given, **named)
        _check_ends(result)
        return result

    return tried


def _reason(error):
    """Say what an error says, which may be a learner's own, and raise another one meanwhile."""
    try:
        return brief(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "an error that cannot be written."


def _judge(exercise, answer, given):
    def equals(value, answer=answer):
        return same(answer, value, exercise.ordered, exercise.tolerance)

    try:
        expected = exercise.expected(*given)
    except Exception as error:
        reason = _reason(error)
        return Verdict(
            "wrong",
            f"What is given for this exercise was changed in a cell ({reason}). "
            "Run the cells above it again, and take other names for your own.",
        )
    right = equals(expected)
    for mistake in exercise.mistakes:
        if (mistake.close or not right) and _fits(mistake, answer, given, equals):
            return Verdict("wrong", mistake.says)
    if right:
        return Verdict("right", exercise.explains)
    if exercise.call:
        return Verdict("wrong", _first_difference(exercise, answer, expected, equals))
    wanted, received = _kind(expected), described(answer)
    if _kind(answer) != wanted:
        return Verdict("wrong", f"Wanted: {wanted}. Received: {received}.")
    return Verdict("wrong", f"Received: {received}.")


def _first_difference(exercise, answer, expected, equals):
    """Say what a function gave for the first of what it was tried on, and what was wanted."""
    said = "Your function runs, but does not give what is wanted."
    try:
        for name, got, value in zip(exercise.tried, answer, expected, strict=True):
            if not equals(value, got):
                return f"{name} gives {shown(got)}. Wanted: {shown(value)}."
    except (TypeError, ValueError):
        pass
    return said


def _judge_words(exercise, answer):
    if not isinstance(answer, str):
        return Verdict("wrong", f"A text in quotes is wanted. Received: {described(answer)}.")
    if not answer.strip():
        return Verdict("open", "Not solved yet.")
    # Some patterns take a long text's length squared.
    if len(answer) > _LONGEST:
        return Verdict(
            "open",
            f"A few sentences are enough, of at most {_LONGEST:,} letters. "
            f"Received: {len(answer):,} letters.",
        )
    if len(answer.split()) < _FEWEST:
        return Verdict("open", "Say it in one or two whole sentences.")
    there = {idea: re.search(words, answer, re.I) for idea, words in exercise.ideas.items()}
    found = "; ".join(idea for idea in there if there[idea])
    missing = "; ".join(idea for idea in there if not there[idea])
    said = f"Found in your words: {found}. " if found else ""
    compare = f'compare yours with solution("{exercise.name}").'
    if missing:
        return Verdict(
            "open",
            f"{said}Not found: {missing}. A good answer says this. If you said it in another way, "
            f"{compare}",
        )
    return Verdict(
        "found",
        f"{said}A program cannot tell whether it is right: {compare} {exercise.explains}".strip(),
    )


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


def _kind(value):
    """Say of what kind a value is, without giving it away."""
    if isinstance(value, str):
        return "a text"
    return described(value) if hasattr(type(value), "__len__") else "a number"
