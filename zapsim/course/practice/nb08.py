"""08 · The layer lab: what is practised, right answers, and what is behind wrong ones."""

import numpy as np
import pandas as pd

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "compare two settings query by query, and say how sure the difference is",
    "read a table of cuts, quality beside cost, and know which numbers can be compared",
    "name a winner among many settings without being fooled by luck",
)

_FIRST = np.array([1.0, 0.8, 0.6, 0.6, 0.2, 0.0])
_SECOND = np.array([0.8, 0.4, 0.4, 0.6, 0.2, 1.0])
# Chosen on the first two queries: a. On all: b. On the others alone: c. By single queries: d.
_SCORES = pd.DataFrame(
    {
        "a": [0.8, 0.8, 0.2, 0.2],
        "b": [0.6, 0.6, 0.8, 1],
        "c": [0, 0.2, 1, 1],
        "d": [0, 1, 0.3, 0.5],
        "e": [0, 0, 0.6, 0.6],
    }
)
_HALF = np.array([True, True, False, False])


def _count(answer):
    counts = answer(_FIRST.copy(), _SECOND.copy())
    if counts is None:
        return None
    return [float(c) for c in (counts.values() if isinstance(counts, dict) else np.ravel(counts))]


def _counts(first, second):
    return [(first > second).sum(), (first < second).sum(), (first == second).sum()]


EXERCISES = (
    Exercise(
        "08-1",
        goal=1,
        call=_count,
        tried=tuple(
            f"my_count({_FIRST.tolist()}, {_SECOND.tolist()})[{place}]" for place in range(3)
        ),
        expected=lambda: np.array(_counts(_FIRST, _SECOND), float),
        mistakes=(
            Mistake(
                "That says where the second is better first. Count where `first > second`, then "
                "where `first < second`.",
                value=lambda: np.array(_counts(_SECOND, _FIRST), float),
            ),
            Mistake(
                "Queries with equal numbers were counted as better, too. `>=` includes them, `>` "
                "does not.",
                when=lambda got: got[0] == (_FIRST >= _SECOND).sum(),
            ),
            Mistake(
                "You sorted both. Then the best of one meets the best of the other, not the same "
                "query's.",
                value=lambda: np.array(_counts(np.sort(_FIRST), np.sort(_SECOND)), float),
            ),
            Mistake(
                "Three counts are wanted: better, worse, the same. They add to the number of queries.",
                when=lambda got: len(got) != 3,
            ),
            Mistake(
                "The counts are right, the order is not: better, worse, the same.",
                when=lambda got: sorted(got) == sorted(_counts(_FIRST, _SECOND)),
            ),
            Mistake(
                "These are shares. Counts are wanted: take the sum of True and False, not the "
                "mean.",
                when=lambda got: np.isclose(sum(got), 1),
            ),
        ),
        hints=(
            "Compare the two arrays as they are: entry by entry.",
            "`first > second` is an array of True and False. Its sum counts the True.",
            "Return `(first > second).sum()`, then the same with `<`, then with `==`.",
        ),
        solution='''
def my_count(first, second):
    """Return for how many queries first is better, worse, the same (three whole numbers)."""
    return (first > second).sum(), (first < second).sum(), (first == second).sum()
''',
        explains="With MiniZap the 2×2 grid is better for 67 queries, worse for 31.",
    ),
    Exercise(
        "08-2",
        goal=3,
        call=lambda answer: answer(_SCORES.copy(), _HALF.copy()),
        expected=lambda: _SCORES.loc[~_HALF, "a"].mean(),
        mistakes=(
            Mistake(
                "This is the winner's number where it was chosen. It is flattered by the choice. "
                "Take the other queries' rows: `scores[~half]`.",
                value=lambda: _SCORES[_HALF].mean().max(),
            ),
            Mistake(
                "You chose on the other half and reported on the same. Choose on `scores[half]`.",
                value=lambda: _SCORES[~_HALF].mean().max(),
            ),
            Mistake(
                "You chose by all queries, so the other half had its say in the choice, too.",
                value=lambda: _SCORES.loc[~_HALF, _SCORES.mean().idxmax()].mean(),
            ),
            Mistake(
                "This is the best mean over all queries: choice and report use the same ones.",
                value=lambda: _SCORES.mean().max(),
            ),
            Mistake(
                "The halves are exchanged: choose on `half`, report on `~half`.",
                value=lambda: _SCORES.loc[_HALF, _SCORES[~_HALF].mean().idxmax()].mean(),
            ),
            Mistake(
                "This is the winner's mean over all queries. Those that it was chosen on are among them.",
                value=lambda: _SCORES["a"].mean(),
            ),
            Mistake(
                "You chose by the highest single number. Compare the means of the settings.",
                value=lambda: _SCORES.loc[~_HALF, _SCORES[_HALF].max().idxmax()].mean(),
            ),
            Mistake(
                "You chose the worst setting. The highest mean wins: `idxmax`.",
                value=lambda: _SCORES.loc[~_HALF, _SCORES[_HALF].mean().idxmin()].mean(),
            ),
            Mistake(
                "One number is wanted: the mean of the chosen setting on the other queries.",
                when=lambda got: not isinstance(got, str) and np.size(got) > 1,
            ),
            Mistake(
                "A number is wanted: the chosen setting's mean, not its name.",
                when=lambda got: isinstance(got, str),
            ),
        ),
        hints=(
            "Two steps: which column has the highest mean in some rows? What is its mean in the "
            "others?",
            "`scores[half].mean().idxmax()` is the name of the winner on the first half.",
            "Take that name as `winner`, and return `scores[~half][winner].mean()`.",
        ),
        solution='''
def my_report(scores, half):
    """Return what the best setting on one half of the queries reaches on the other (float)."""
    winner = scores[half].mean().idxmax()
    return scores[~half][winner].mean()
''',
        explains="The other queries had no say in the choice, so they can judge it.",
    ),
    Exercise(
        "08-3",
        goal=3,
        ideas={
            "that nobody can be sure yet whether it is better": (
                r"chance|luck|noise|within the (error|interval)|nobody knows|no one knows|\bmay\b|\bmight\b|whether|not (be )?sure|unsure|uncertain|not known|random|contains? (0|zero)"
                r"|includes? (0|zero)|(can(no|')t|can not|don't|do not) (say|know|tell)"
                r"|not (show|prove)|n't (show|prove)"
            ),
            "on which other pictures or queries to find out": (
                r"(other|new|more|further|different|another|unseen|fresh) "
                r"(\w+ )?(quer|pictur|photo|shoe|product|item|half|data|sample|catalogue|set)"
                r"|held[- ]out|(that|which) (had|have|were) (no|not)"
            ),
        },
        hints=(
            "An interval that contains 0 says that the difference may go either way.",
            "Twelve settings were tried, and this one was picked because it came first.",
            "Say that it may be luck, and that you would measure both again on other queries.",
        ),
        solution="""
my_words = (
    "We cannot say that it is better: the small difference may be luck, as we tried many settings. "
    "I would compare the two once more, on new products that had no say in the choice. "
    "Its vectors are short, and that may be reason enough to take it."
)
""",
        explains="That both are equally good is not shown, either. Quality aside, 64 numbers an item are cheaper to store than 2,048.",
    ),
)

QUESTIONS = (
    Question(
        "08-a",
        goal=1,
        text="Two settings answered the same queries. Their two intervals overlap. What follows?",
        options=(
            Option(
                "Nothing yet: look at the interval of the paired difference.",
                "Overlap says only that queries differ. The difference has less scatter, because "
                "each query is compared with itself.",
                right=True,
            ),
            Option(
                "There is no difference between the two.",
                "You have just seen the opposite: they overlapped, and the difference was sure.",
            ),
            Option(
                "The one with the higher mean is better.",
                "That may be luck. Only the interval of the difference tells how sure it is.",
            ),
        ),
    ),
    Question(
        "08-b",
        goal=2,
        text="The same features reach 0.88 in 07 and 0.71 here. Why?",
        options=(
            Option(
                "Here the pictures are smaller.",
                "The default is at 128×128 pixels in both.",
            ),
            Option(
                "One of the two was computed wrongly.",
                "Both are right. They answer different questions.",
            ),
            Option(
                "Here each product is there once. In 07 one right product could fill three of "
                "five places.",
                "The rules of measuring differ, so compare only numbers of one table.",
                right=True,
            ),
            Option(
                "It is luck: another draw of queries.",
                "The intervals are about 0.03 to each side. A gap of 0.17 is far more than that.",
            ),
        ),
    ),
    Question(
        "08-c",
        goal=3,
        text="You try 12 cuts, and one comes first with 0.72. You use it on new products. What do "
        "you expect there, if they are as hard as these?",
        options=(
            Option(
                "0.72, because that was measured.",
                "It was measured, and then chosen because it was high. Some of that was luck.",
            ),
            Option(
                "A little less than 0.72.",
                "The luck that helped it to come first does not come along to new products.",
                right=True,
            ),
            Option(
                "More, because it is the best of 12.",
                "To be first among many changes nothing in the network.",
            ),
            Option(
                "About the mean of all 12.",
                "That holds only where all are equally good, as the forty random ones. Block 3 is "
                "surely worse.",
            ),
        ),
    ),
)
