"""11's checks: right answers in any spelling, and for each misconception a message of its own."""

import numpy as np
import pytest

from tests.course.practice.answers import (
    assert_each_is_tried,
    assert_heard,
    assert_right,
    each_wrong,
)
from zapsim.course.practice import nb11

RIGHT = {
    "11-1": [lambda n, f, b: np.float32(n / 1e9 * b * f), lambda n, f, b: n * f * b * 1e-9],
    "11-2": [
        lambda found, wanted: np.isin(wanted, found).mean(),
        lambda found, wanted: sum(each in found for each in wanted) / len(wanted),
    ],
    "11-3": [lambda n, rate, cores: n / 3600 / cores / rate],
}
WRONG = {
    "11-1": {
        "in bytes": lambda n, f, b: n * f * b,
        "for each pair": lambda n, f, b: n * n * b / 1e9,
        "bytes of a number are missing": lambda n, f, b: n * f / 1e9,
        "1024³": lambda n, f, b: n * f * b / 2**30,
    },
    "11-2": {
        "place by place": lambda found, wanted: (
            sum(a == b for a, b in zip(found, wanted, strict=False)) / len(wanted)
        ),
        "by how many were found": lambda found, wanted: len(set(found) & set(wanted)) / len(found),
        "divide by how many": lambda found, wanted: len(set(found) & set(wanted)),
        "was missed": lambda found, wanted: len(set(wanted) - set(found)) / len(wanted),
        "both lists together": lambda found, wanted: (
            len(set(found) & set(wanted)) / len(set(found) | set(wanted))
        ),
    },
    "11-3": {
        "in seconds": lambda n, rate, cores: n / rate / cores,
        "in minutes": lambda n, rate, cores: n / rate / cores / 60,
        "take longer": lambda n, rate, cores: n / rate * cores / 3600,
        "cores are missing": lambda n, rate, cores: n / rate / 3600,
    },
}


@pytest.mark.parametrize("exercise", nb11.EXERCISES, ids=lambda exercise: exercise.name)
def test_right_answers_pass_however_they_are_written(exercise):
    assert_right(exercise, RIGHT[exercise.name])


@pytest.mark.parametrize(("name", "says", "answer"), each_wrong(WRONG))
def test_a_wrong_answer_hears_what_is_behind_it(name, says, answer):
    assert_heard(name, says, answer)


def test_each_misconception_is_tried():
    assert_each_is_tried(nb11.EXERCISES, WRONG)
