"""04's checks: right answers in any spelling, and for each misconception a message of its own."""

import numpy as np
import pytest

from tests.course.practice.answers import (
    assert_each_is_tried,
    assert_heard,
    assert_right,
    each_wrong,
)
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise, nb04


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


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
        "first two features": lambda a, b: cosine(a[:2], b[:2]),
        "`abs` hides": lambda a, b: abs(cosine(a, b)),
        "`len` counts": lambda a, b: a @ b / (len(a) * len(b)),
        "Brackets": lambda a, b: a @ b / np.sqrt(a @ a) * np.sqrt(b @ b),
        "1 minus": lambda a, b: 1 - cosine(a, b),
        "angle": lambda a, b: np.arccos(np.clip(cosine(a, b), -1, 1)),
    },
    "04-2": {
        "for each pair": 8e9 / 4,
        "one byte a score": np.sqrt(8e9),
        "float64": int(np.sqrt(8e9 / 8)),
        "each pair once": np.sqrt(8e9 / 4 * 2),
        "1024³": int(np.sqrt(8 * 1024**3 / 4)),
        "Round down": np.sqrt(8e9 / 4),
        "halved": 8e9 / 4 / 2,
        "gigabytes": np.sqrt(8 / 4),
    },
    "04-3": {
        "lowest single score": lambda matrix: matrix.min(axis=1).idxmin(),
        "most like the others": lambda matrix: matrix.mean().idxmax(),
        "position": lambda matrix: matrix.to_numpy().mean(axis=1).argmin(),
        "lowest mean itself": lambda matrix: matrix.mean().min(),
        "two different matrices": lambda matrix: "Boots/6515501.3.jpg",
        "means of all items": lambda matrix: matrix.mean(),
        "lowest median": lambda matrix: matrix.median().idxmin(),
        "best score only": lambda matrix: matrix.index[
            (matrix.to_numpy() - np.eye(len(matrix))).max(axis=0).argmin()
        ],
        "differ most": lambda matrix: matrix.std().idxmax(),
        "just the first item": lambda matrix: matrix.max().idxmin(),
        "first row only": lambda matrix: matrix.iloc[0].idxmin(),
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
        "a table": lambda matrix, key, k: matrix[key].drop(key).nlargest(k).reset_index(),
        "a set": lambda matrix, key, k: set(matrix[key].drop(key).nlargest(k).index),
        "whatever k": lambda matrix, key, k: matrix[key].drop(key).nlargest(5).index,
        "as well": lambda matrix, key, k: (
            matrix[key].drop(key).sort_values(ascending=False).index[1 : k + 1]
        ),
        "stands last": lambda matrix, key, k: matrix[key].drop(key).nlargest(k).index[::-1],
    },
}


@pytest.mark.parametrize("exercise", nb04.EXERCISES, ids=lambda exercise: exercise.name)
def test_right_answers_pass_however_they_are_written(exercise):
    assert_right(exercise, RIGHT[exercise.name])


@pytest.mark.parametrize(("name", "says", "answer"), each_wrong(WRONG))
def test_a_wrong_answer_hears_what_is_behind_it(name, says, answer):
    assert_heard(name, says, answer)


def test_each_misconception_is_tried():
    assert_each_is_tried(nb04.EXERCISES, WRONG)


def test_a_stub_is_open():
    for name, stub in {"04-1": lambda a, b: None, "04-3": lambda matrix: None}.items():
        assert judge(find_exercise(name), stub).state == "open"
    assert judge(find_exercise("04-4"), lambda matrix, key, k: None).state == "open"
