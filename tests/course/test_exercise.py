"""exercise.py: three verdicts, and no answer of a learner's stops a notebook."""

import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import check


@pytest.mark.parametrize(
    ("answer", "expected", "verdict"),
    [
        (..., 3, "📝 Not solved yet.\n"),
        (3, 3, "✅ Correct.\n"),
        (np.int64(3), 3, "✅ Correct.\n"),
        (0.70710678, 0.5**0.5, "✅ Correct.\n"),
        (0.707, 0.5**0.5, "✅ Correct.\n"),
        (0.70, 0.5**0.5, "❌ Not quite: look again\n"),
        (4097, 4096, "❌ Not quite: look again\n"),
        (pd.Series(["a.jpg"]), "a.jpg", "❌ Not quite: look again\n"),
        (pd.Series([1, 2]), "a.jpg", "❌ Not quite: look again\n"),
        ("a.jpg", "a.jpg", "✅ Correct.\n"),
        ("b.jpg", "a.jpg", "❌ Not quite: look again\n"),
        (5, "a.jpg", "❌ Not quite: look again\n"),
        (np.eye(2), [[1, 0], [0, 1]], "✅ Correct.\n"),
        (np.eye(3), [[1, 0], [0, 1]], "❌ Not quite: look again\n"),
        (None, 3, "❌ Not quite: look again\n"),
        (lambda x: x + 1, lambda f: f(1) == 2, "✅ Correct.\n"),
        (
            lambda: 1,
            lambda f: f(1) == 2,
            "❌ Not quite: look again (TypeError: <lambda>() takes 0 positional arguments "
            "but 1 was given)\n",
        ),
    ],
)
def test_verdicts(capsys, answer, expected, verdict):
    check(answer, expected, hint="look again")
    assert capsys.readouterr().out.replace("test_verdicts.<locals>.", "") == verdict


def test_without_a_hint_the_verdict_stands_alone(capsys):
    check(1, 2)
    assert capsys.readouterr().out == "❌ Not quite.\n"
