"""04's checks: right answers in any spelling, and for each misconception a message of its own."""

import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise, nb04

RIGHT = {
    "04-1": [
        lambda a, b: np.dot(a / np.linalg.norm(a), b / np.linalg.norm(b)),
        lambda a, b: np.float32((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())),
        lambda a, b: [[a @ b / np.linalg.norm(a) / np.linalg.norm(b)]],
    ],
    "04-2": [44_721, 44_721.0, np.int64(44_721)],
    "04-3": [
        lambda matrix: matrix.sum().idxmin(),
        lambda matrix: matrix.index[matrix.to_numpy().mean(axis=1).argmin()],
        lambda matrix: ((matrix.sum() - 1) / (len(matrix) - 1)).sort_values().index[0],
    ],
    "04-4": [
        lambda matrix, key, k: matrix.loc[key].drop(key).sort_values(ascending=False)[:k].index,
        lambda matrix, key, k: matrix[key].nlargest(len(matrix)).drop(key).head(k).index.to_numpy(),
        lambda matrix, key, k: tuple(
            sorted(set(matrix) - {key}, key=lambda o: -matrix[key][o])[:k]
        ),
    ],
}
WRONG = {
    "04-1": {
        "dot product alone": lambda a, b: a @ b,
        "one length only": lambda a, b: a @ b / np.linalg.norm(b),
        "squared lengths": lambda a, b: a @ b / ((a @ a) * (b @ b)),
        "lengths' sum": lambda a, b: a @ b / (np.linalg.norm(a) + np.linalg.norm(b)),
        "distance": lambda a, b: np.linalg.norm(a - b),
        "does not sum": lambda a, b: a * b,
    },
    "04-2": {
        "for each pair": 8e9 / 4,
        "one byte a score": np.sqrt(8e9),
        "float64": int(np.sqrt(8e9 / 8)),
        "each pair once": np.sqrt(8e9 / 4 * 2),
        "1024³": int(np.sqrt(8 * 1024**3 / 4)),
        "Round down": np.sqrt(8e9 / 4),
    },
    "04-3": {
        "lowest single score": lambda matrix: matrix.min(axis=1).idxmin(),
        "most like the others": lambda matrix: matrix.mean().idxmax(),
        "position": lambda matrix: matrix.to_numpy().mean(axis=1).argmin(),
        "lowest mean itself": lambda matrix: matrix.mean().min(),
        "two different matrices": lambda matrix: "Boots/6515501.3.jpg",
        "means of all items": lambda matrix: matrix.mean(),
    },
    "04-4": {
        "Scores or positions": lambda matrix, key, k: matrix[key].drop(key).nlargest(k),
        "still among": lambda matrix, key, k: matrix[key].nlargest(k).index,
        "skips the first row": lambda matrix, key, k: (
            matrix[key].sort_values(ascending=False).index[1 : k + 1]
        ),
        "A twin is another item": lambda matrix, key, k: (
            matrix[key][matrix[key] < 1].nlargest(k).index
        ),
        "lowest scores": lambda matrix, key, k: matrix[key].drop(key).sort_values().index[:k],
        "One is missing": lambda matrix, key, k: (
            matrix[key].nlargest(k).index.drop(key, errors="ignore")
        ),
    },
}


@pytest.mark.parametrize("exercise", nb04.EXERCISES, ids=lambda exercise: exercise.name)
def test_right_answers_pass_however_they_are_written(exercise):
    names = {"np": np, "pd": pd}
    exec(exercise.solution, names)
    answers = [list(names.values())[-1], *RIGHT[exercise.name]]
    assert [judge(exercise, answer).state for answer in answers] == ["right"] * len(answers)


@pytest.mark.parametrize(
    ("name", "says", "answer"),
    [(name, says, answer) for name, by in WRONG.items() for says, answer in by.items()],
)
def test_a_wrong_answer_hears_what_is_behind_it(name, says, answer):
    verdict = judge(find_exercise(name), answer)
    assert verdict.state == "wrong"
    assert says in verdict.says


def test_each_misconception_is_tried():
    for exercise in nb04.EXERCISES:
        assert len(WRONG[exercise.name]) == len(exercise.mistakes)


def test_a_stub_is_open():
    for name, stub in {"04-1": lambda a, b: None, "04-3": lambda matrix: None}.items():
        assert judge(find_exercise(name), stub).state == "open"
    assert judge(find_exercise("04-4"), lambda matrix, key, k: None).state == "open"
