"""nb03.py: right answers in several forms pass; each misconception hears its own sentence."""

from itertools import takewhile

import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise
from zapsim.course.practice.nb03 import EXERCISES


def their_vectors(keys, read, vector_of):
    vectors = [vector_of(read(key)) for key in keys if read(key) is not None]
    return dict(zip(keys, vectors, strict=False))


def hiding(vector_of, picture):
    try:
        return vector_of(picture)
    except Exception:
        return None


RIGHT = {
    "03-1": [(20, 7), [20.0, 7.0], np.array([20, 7]), pd.Series([20, 7])],
    "03-2": [
        lambda files, cached: [k for k, f in reversed(files.items()) if cached.get(k) != f],
        lambda files, cached: {k for k in files if k not in cached or cached[k] != files[k]},
        lambda files, cached: dict(files.items() - cached.items()).keys(),
    ],
    "03-3": [
        lambda keys, read, of: {k: of(read(k)) for k in reversed(keys) if read(k) is not None},
        lambda keys, read, of: pd.Series(
            {k: list(of(p)) for k in keys if (p := read(k)) is not None}
        ),
    ],
}
WRONG = {
    "03-1": {(19, 32): "full batches only", (20, 32): "not full", (19, 7): "are a batch, too"}
    | {(19.22, 7): "no part of a batch", (7, 20): "other way round"}
    | {(20, 7 / 32): "part of a batch that", (20, 8): "19 × 32"},
    "03-2": {
        lambda files, cached: [k for k in files if k not in cached]: "changed ones are not",
        lambda files, cached: [k for k in files if cached.get(k, files[k]) != files[k]]: "new ones",
        lambda files, cached: list(files): "everything again",
        lambda files, cached: [k for k in files if cached.get(k) == files[k]]: "need no work",
        lambda files, cached: [
            k for k in files | cached if cached.get(k) != files.get(k)
        ]: "deleted",
        lambda files, cached: [k for k in files if files[k] not in cached.values()]: "any key",
        lambda files, cached: [k for k in files if cached[k] != files[k]]: "KeyError",
        lambda files, cached: ["a"]: "gives ['a']",
    },
    "03-3": {
        their_vectors: "vector of the next picture",
        lambda keys, read, of: {
            k: of(read(k)) for k in takewhile(lambda k: read(k) is not None, keys)
        }: "What ends your loop",
        lambda keys, read, of: {
            k: np.zeros(2) if read(k) is None else of(read(k)) for k in keys
        }: "made up",
        lambda keys, read, of: {
            k: None if read(k) is None else of(read(k)) for k in keys
        }: "made up",
        lambda keys, read, of: {k: read(k) for k in keys if read(k) is not None}: "themselves",
        lambda keys, read, of: [of(read(k)) for k in keys if read(k) is not None]: "dictionary",
        lambda keys, read, of: {k: hiding(of, read(k)) for k in "acd"}: "any error",
    },
}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_solution_and_other_right_answers_pass(exercise):
    names = {"np": np}
    exec(exercise.solution, names)
    solved = next(value for name, value in names.items() if name.startswith("my_"))
    for answer in [solved, *RIGHT[exercise.name]]:
        assert judge(exercise, answer).state == "right"


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_answer_hears_what_is_behind_it(name):
    for answer, says in WRONG[name].items():
        verdict = judge(find_exercise(name), answer)
        assert (verdict.state, says in verdict.says) == ("wrong", True), verdict


def test_what_was_not_tried_is_open():
    assert judge(find_exercise("03-1"), ...).state == "open"
    assert judge(find_exercise("03-2"), lambda files, cached: None).state == "open"
    assert judge(find_exercise("03-3"), lambda keys, read, of: None).state == "open"
