"""exercise.py: three verdicts, and no answer of a learner's stops a notebook."""

import numpy as np
import pytest

from zapsim.exercise import check


@pytest.mark.parametrize(
    ("answer", "expected", "verdict"),
    [
        (..., 3, "📝 Not solved yet.\n"),
        (3, 3, "✅ Correct.\n"),
        (np.int64(3), 3, "✅ Correct.\n"),
        (0.70710678, 0.5**0.5, "✅ Correct.\n"),
        (0.70, 0.5**0.5, "❌ Not quite: look again\n"),
        ("a.jpg", "a.jpg", "✅ Correct.\n"),
        ("b.jpg", "a.jpg", "❌ Not quite: look again\n"),
        (5, "a.jpg", "❌ Not quite: look again\n"),
        (np.eye(2), [[1, 0], [0, 1]], "✅ Correct.\n"),
        (np.eye(3), [[1, 0], [0, 1]], "❌ Not quite: look again\n"),
        (None, 3, "❌ Not quite: look again\n"),
        (lambda x: x + 1, lambda f: f(1) == 2, "✅ Correct.\n"),
        (lambda x: x.no, lambda f: f(1) == 2, "❌ Not quite: look again\n"),
    ],
)
def test_verdicts(capsys, answer, expected, verdict):
    check(answer, expected, hint="look again")
    assert capsys.readouterr().out == verdict


def test_without_a_hint_the_verdict_stands_alone(capsys):
    check(1, 2)
    assert capsys.readouterr().out == "❌ Not quite.\n"
