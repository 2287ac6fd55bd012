"""04 · Measure similarity: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "compute a cosine similarity by hand and say what it ignores",
    "read a similarity matrix, and see from a heat map what the features have understood",
    "say how much memory a matrix takes before you build it",
    "find every item's nearest neighbours without any matrix",
)

_PAIRS = [(np.array(a, float), np.array(b, float)) for a, b in [([3, 4], [4, 3]), ([1, 0], [5, 5])]]


def _cosines(answer):
    return [answer(a, b) for a, b in _PAIRS]


EXERCISES = (
    Exercise(
        "04-1",
        goal=1,
        call=_cosines,
        expected=lambda: [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in _PAIRS],
        mistakes=(
            Mistake(
                "This is the dot product alone: longer arrows get higher scores. Divide by both lengths.",
                value=lambda: [a @ b for a, b in _PAIRS],
            ),
            Mistake(
                "You divided by one length only. The other arrow's length still counts.",
                when=lambda got: (
                    np.allclose(got, [a @ b / np.sqrt(a @ a) for a, b in _PAIRS])
                    or np.allclose(got, [a @ b / np.sqrt(b @ b) for a, b in _PAIRS])
                ),
            ),
            Mistake(
                "You divided by the squared lengths. A length is the root of the sum of squares.",
                value=lambda: [a @ b / ((a @ a) * (b @ b)) for a, b in _PAIRS],
            ),
        ),
        hints=(
            "A dot product and two lengths: that is all.",
            "`a @ b` is the dot product. The length of `a` is `np.sqrt(a @ a)`.",
            "Divide `a @ b` by the product of `np.sqrt(a @ a)` and `np.sqrt(b @ b)`, and return it.",
        ),
        solution='''
def my_cosine(a, b):
    """Return the cosine of the angle between two vectors (float)."""
    return a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b))
''',
        explains="Direction counts, length does not.",
    ),
)

QUESTIONS = (
    Question(
        "04-a",
        goal=1,
        text="Two shoes have cosine similarity 0. What does that say?",
        options=(
            Option("They are opposites.", "Opposite arrows have −1. 0 is a right angle."),
            Option(
                "They have no feature in common.",
                "No feature is negative here. So the product is 0 only where one of two is 0.",
                right=True,
            ),
            Option(
                "One of them is a vector of zeros.",
                "That gives 0, too, by our rule. But it is not the only way.",
            ),
            Option("The network failed.", "It may be right: they share nothing it looks for."),
        ),
    ),
)
