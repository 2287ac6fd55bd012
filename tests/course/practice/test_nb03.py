"""nb03.py: right answers in several forms pass; each misconception hears its own sentence."""

import keras.applications.vgg16
import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise
from zapsim.course.practice.nb03 import EXERCISES

MEANS = np.float32([103.939, 116.779, 123.68])
RIGHT = {
    "03-1": [(20, 7), [20.0, 7.0], np.array([20, 7]), pd.Series([20, 7])],
    "03-2": [
        lambda files, cached: [k for k, f in reversed(files.items()) if cached.get(k) != f],
        lambda files, cached: {k for k in files if k not in cached or cached[k] != files[k]},
        lambda files, cached: (k for k, _ in files.items() - cached.items()),
    ],
    "03-3": [
        keras.applications.vgg16.preprocess_input,
        lambda rgb: np.flip(rgb, axis=-1).astype("float64") - MEANS,
        lambda rgb: np.stack([rgb[..., 2 - i] - MEANS[i] for i in range(3)], axis=-1),
    ],
}
WRONG = {
    "03-1": {(19, 32): "full batches only", (20, 32): "not full", (19, 7): "are a batch, too"}
    | {(19.22, 7): "no part of a batch", (7, 20): "other way round"},
    "03-2": {
        lambda files, cached: [k for k in files if k not in cached]: "changed ones are not",
        lambda files, cached: [k for k in files if cached.get(k, files[k]) != files[k]]: "new ones",
        lambda files, cached: list(files): "everything again",
        lambda files, cached: [k for k in files if cached.get(k) == files[k]]: "need no work",
        lambda files, cached: [
            k for k in files | cached if cached.get(k) != files.get(k)
        ]: "deleted",
    },
    "03-3": {
        lambda rgb: (rgb - MEANS) / 255: "Nothing is mended",
        lambda rgb: rgb - MEANS: "blue has to come first",
        lambda rgb: (rgb[..., ::-1] - MEANS) / 255: "don't divide",
        lambda rgb: (rgb - MEANS)[..., ::-1]: "after taking the means",
        lambda rgb: rgb[..., ::-1]: "still to be taken",
        lambda rgb: rgb[..., ::-1] / 255 - MEANS: "the means are not",
        lambda rgb: rgb[:, ::-1] - MEANS: "upside down",
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
    assert judge(find_exercise("03-3"), lambda rgb: None).state == "open"
