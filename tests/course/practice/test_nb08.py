"""nb08.py: right answers in several forms pass; each misconception hears its own sentence."""

import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise
from zapsim.course.practice.nb08 import EXERCISES


def signs(first, second):
    return pd.Series(np.sign(first - second)).value_counts().reindex([1, -1, 0])


RIGHT = {
    "08-1": [
        signs,
        lambda first, second: [
            sum(a > b for a, b in zip(first, second, strict=True)),
            sum(a < b for a, b in zip(first, second, strict=True)),
            sum(a == b for a, b in zip(first, second, strict=True)),
        ],
    ],
    "08-2": [
        lambda scores, half: scores.to_numpy()[
            ~half, scores.to_numpy()[half].mean(0).argmax()
        ].mean(),
        lambda scores, half: scores.loc[~half].mean()[scores.loc[half].mean().idxmax()],
    ],
    "08-3": [
        "It may be chance. Let us measure again with new products.",
        "The interval contains 0, so I don't know. I'd test both on other queries.",
        "The gap of 0.01 may be noise. Measure both on shoes that had no part in this.",
        "It is not proven. Test on held-out queries.",
        "Nobody knows whether it is surely better. There may be no difference: ask new queries.",
        "This does not prove that it is better. I would ask more shoes that we have not used.",
    ],
}
WRONG = {
    "08-1": {
        lambda a, b: ((b > a).sum(), (b < a).sum(), (a == b).sum()): "where the second is better",
        lambda a, b: ((a >= b).sum(), (a < b).sum(), (a == b).sum()): "`>=` includes them",
        lambda a, b: signs(np.sort(a), np.sort(b)): "You sorted both",
        lambda a, b: signs(a, b) / len(a): "These are shares",
        lambda a, b: ((a > b).sum(), (a < b).sum()): "Three counts",
        lambda a, b: (a > b).sum(): "Three counts",
        lambda a, b: (a > b, a < b, a == b): "Three counts",
        lambda a, b: ((a == b).sum(), (a < b).sum(), (a > b).sum()): "the order is not",
    },
    "08-2": {
        lambda scores, half: scores[half].mean().max(): "where it was chosen",
        lambda scores, half: scores[~half].mean().max(): "chose on the other half",
        lambda scores, half: scores[~half][scores.mean().idxmax()].mean(): "by all queries",
        lambda scores, half: scores.mean().max(): "use the same ones",
        lambda scores, half: scores[half][scores[~half].mean().idxmax()].mean(): "exchanged",
        lambda scores, half: scores[half].mean().idxmax(): "not its name",
        lambda scores, half: scores[scores[half].mean().idxmax()].mean(): "over all queries",
        lambda scores, half: scores[~half][scores[half].max().idxmax()].mean(): "single number",
        lambda scores, half: scores[~half][scores[half].mean().idxmin()].mean(): "the worst",
        lambda scores, half: scores[~half].mean(): "One number",
    },
}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_solution_and_other_right_answers_pass(exercise):
    names = {"np": np}
    exec(exercise.solution, names)
    solved = next(value for name, value in names.items() if name.startswith("my_"))
    for answer in [solved, *RIGHT[exercise.name]]:
        state = "found" if exercise.ideas else "right"
        assert judge(exercise, answer).state == state, answer


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_answer_hears_what_is_behind_it(name):
    for answer, says in WRONG[name].items():
        verdict = judge(find_exercise(name), answer)
        assert (verdict.state, says in verdict.says) == ("wrong", True), verdict


def test_what_was_not_tried_is_open():
    for name in ("08-1", "08-2"):
        assert judge(find_exercise(name), lambda first, second: None).state == "open"
    assert judge(find_exercise("08-3"), ...).state == "open"
