"""04 · Measure similarity: what is practised, right answers, and what is behind wrong ones."""

import numpy as np
import pandas as pd

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "compute a cosine similarity by hand and say what it ignores",
    "say how much memory a similarity matrix takes before you build it",
    "read a similarity matrix, and say what a score means and what not",
    "find every item's nearest neighbours, and leave out the item itself",
)

_PAIRS = [(np.array(a, float), np.array(b, float)) for a, b in [([3, 4], [4, 3]), ([1, 0], [5, 5])]]


def _cosines(answer):
    return [answer(a.copy(), b.copy()) for a, b in _PAIRS]


def _scores(keys, rows):
    return pd.DataFrame(rows, index=list(keys), columns=list(keys), dtype=float)


# The lowest mean and the lowest single score are of different items.
_FIVE = _scores(
    ["boot", "clog", "heel", "mule", "pump"],
    [
        [1.0, 0.1, 0.5, 0.9, 0.9],
        [0.1, 1.0, 0.5, 0.9, 0.9],
        [0.5, 0.5, 1.0, 0.5, 0.5],
        [0.9, 0.9, 0.5, 1.0, 0.8],
        [0.9, 0.9, 0.5, 0.8, 1.0],
    ],
)
_THREE = _scores(["flat", "sandal", "slipper"], [[1, 0.2, 0.8], [0.2, 1, 0.7], [0.8, 0.7, 1]])


def _oddest(answer):
    return [answer(_FIVE.copy()), answer(_THREE.copy())]


# a and d are twins. Ties other than theirs are never asked for.
_TWINS = _scores(
    "abcde",
    [
        [1.0, 0.7, -0.4, 1.0, 0.9],
        [0.7, 1.0, 0.3, 0.7, 0.95],
        [-0.4, 0.3, 1.0, -0.4, 0.0],
        [1.0, 0.7, -0.4, 1.0, 0.9],
        [0.9, 0.95, 0.0, 0.9, 1.0],
    ],
)
_ASKED = [("d", 2), ("c", 2), ("a", 2), ("b", 1)]


def _nearest(answer):
    return [answer(_TWINS.copy(), key, k) for key, k in _ASKED]


def _by_hand(left_out=lambda row, key: row.drop(key), ascending=False):
    rows = [left_out(_TWINS[key], key) for key, _ in _ASKED]
    ordered = [row.sort_values(ascending=ascending, kind="stable").index for row in rows]
    return [list(keys[:k]) for keys, (_, k) in zip(ordered, _ASKED, strict=True)]


def _finds_itself(found):
    return any(key in list(keys) for keys, (key, _) in zip(found, _ASKED, strict=True))


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
            Mistake(
                "You divided by the lengths' sum. Divide by their product.",
                value=lambda: [a @ b / (np.sqrt(a @ a) + np.sqrt(b @ b)) for a, b in _PAIRS],
            ),
            Mistake(
                "This is the distance between the two tips. It grows with length; a cosine does not.",
                value=lambda: [np.linalg.norm(a - b) for a, b in _PAIRS],
            ),
            Mistake(
                "This multiplies feature by feature, but does not sum: one number is wanted.",
                when=lambda got: np.ndim(got[0]) == 1,
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
    Exercise(
        "04-2",
        goal=2,
        expected=lambda: 44_721,
        mistakes=(
            Mistake(
                "That is how many scores fit. There is a score for each pair: n items have n² of them.",
                value=lambda: 2_000_000_000,
            ),
            Mistake(
                "You counted one byte a score. A float32 takes 4 bytes.",
                when=lambda got: 89_442 <= got <= 89_443,
            ),
            Mistake(
                "You counted 8 bytes a score. That is float64; a float32 takes 4 bytes.",
                when=lambda got: 31_622 <= got <= 31_623,
            ),
            Mistake(
                "You counted each pair once. The matrix holds it twice: a with b, and b with a.",
                when=lambda got: 63_245 <= got <= 63_247,
            ),
            Mistake(
                "You took 1 GB as 1024³ bytes. Here it is 10⁹ bytes.",
                when=lambda got: 46_340 <= got <= 46_341,
            ),
            Mistake(
                "Nearly: one item is whole or not there, and the matrix has to fit. Round down.",
                when=lambda got: 44_721 < got <= 44_722,
            ),
        ),
        hints=(
            "How many scores of 4 bytes are in 8 GB? And how many items make so many pairs?",
            "4 · n² = 8,000,000,000. So n is a square root.",
            "`int(np.sqrt(8e9 / 4))`",
        ),
        solution="my_largest = int(np.sqrt(8e9 / 4))",
        explains="All 50,025 shoes of UT-Zappos50K would already be too many.",
    ),
    Exercise(
        "04-3",
        goal=3,
        call=_oddest,
        expected=lambda: ["heel", "sandal"],
        mistakes=(
            Mistake(
                "This finds the lowest single score. Such an item may be close to all the others. Take a "
                "mean for each row first.",
                value=lambda: ["boot", "flat"],
            ),
            Mistake(
                "This is the highest mean: the item that is most like the others.",
                value=lambda: [_FIVE.mean().idxmax(), _THREE.mean().idxmax()],
            ),
            Mistake(
                "That is the item's position. Its key is wanted: pandas has `idxmin` for that.",
                value=lambda: [2, 1],
            ),
            Mistake(
                "That is the lowest mean itself. Which item has it?",
                when=lambda got: np.allclose(got, [0.6, 1.9 / 3]) or np.allclose(got, [0.5, 0.45]),
            ),
            Mistake(
                "It says the same for two different matrices. Does it use the one that it is given?",
                when=lambda got: isinstance(got[0], str) and got[0] == got[1],
            ),
            Mistake(
                "These are the means of all items. Return the key of the lowest one only.",
                when=lambda got: len(got[0]) == 5 and not isinstance(got[0], str),
            ),
        ),
        hints=(
            "One number for each row, then the key of the smallest.",
            "`matrix.mean(axis=1)` is the mean of each row, a Series by key.",
            "`return matrix.mean(axis=1).idxmin()`",
        ),
        solution='''
def oddest(matrix):
    """Return the key (str) of the item whose mean score with all items is lowest."""
    return matrix.mean(axis=1).idxmin()
''',
        explains="The score with itself is 1 for every item, so it does not change who is lowest.",
    ),
    Exercise(
        "04-4",
        goal=4,
        call=_nearest,
        expected=_by_hand,
        mistakes=(
            Mistake(
                "Scores or positions come out. Keys are wanted: they are the Series' `index`.",
                when=lambda got: not isinstance(next(iter(got[1])), str),
            ),
            Mistake(
                "The item itself is still among its neighbours. Drop it by its key, before you sort.",
                when=lambda got: "c" in list(got[1]),
            ),
            Mistake(
                "This still skips the first row. With a twin the first row may be the twin, and the item "
                "recommends itself. Drop the item by its key.",
                when=_finds_itself,
            ),
            Mistake(
                "This leaves out whatever has a score of 1: the twin, too. A twin is another item. Drop by "
                "key, not by score.",
                value=lambda: _by_hand(lambda row, key: row[row < 1]),
            ),
            Mistake(
                "The lowest scores come first: `sort_values` starts with the smallest.",
                value=lambda: _by_hand(ascending=True),
            ),
            Mistake(
                "One is missing: you took k and left the item out afterwards. Leave it out first.",
                when=lambda got: len(got[1]) == 1,
            ),
        ),
        hints=(
            "The item has a name. Use it.",
            "`matrix[key].drop(key)` holds the scores with all other items.",
            "`return list(matrix[key].drop(key).nlargest(k).index)`",
        ),
        solution='''
def nearest(matrix, key, k):
    """Return the k keys with the highest scores, without the item itself (list of str)."""
    return list(matrix[key].drop(key).nlargest(k).index)
''',
        explains="Dropped by name, the item never comes back, whatever twins there are.",
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
                "No feature is negative here. So the sum of products is 0 only if, in each feature, one "
                "of the two shoes is 0.",
                right=True,
            ),
            Option(
                "One of them is a vector of zeros.",
                "That gives 0, too, by our rule. But it is not the only way.",
            ),
            Option("The network failed.", "It may be right: they share nothing it looks for."),
        ),
    ),
    Question(
        "04-b",
        goal=2,
        text="A shop grows from 5,000 to 50,000 items. How much more memory does its matrix take?",
        options=(
            Option("10 times as much.", "Features grow like that. The matrix has a score a pair."),
            Option(
                "20 times as much.",
                "Both sides become 10 times as long: that multiplies, not adds.",
            ),
            Option(
                "As much as before: each score still takes 4 bytes.",
                "A score stays at 4 bytes, but there are many more of them.",
            ),
            Option(
                "100 times as much.",
                "10 times the rows, each 10 times as long: 0.1 GB becomes 10 GB.",
                right=True,
            ),
        ),
    ),
    Question(
        "04-c",
        goal=3,
        text="In the heat map, Knee High and Over the Knee share a bright block off the diagonal. "
        "What does that claim?",
        options=(
            Option(
                "The features see little difference between the two.",
                "Both are tall tubes, and the features see shapes. Whether a customer minds is open.",
                right=True,
            ),
            Option(
                "The labels are wrong: it is one subcategory.",
                "The labels may be right. The features know nothing of them.",
            ),
            Option(
                "Those pictures are in the catalogue twice.",
                "Twins would score 1. A bright block says similar, not equal.",
            ),
            Option(
                "The network was taught that the two belong together.",
                "Nobody told it about either. It only compares what it sees in the pictures.",
            ),
        ),
    ),
    Question(
        "04-d",
        goal=3,
        text="Two of MiniZap's shoes have a score of 0.81. What can you tell a customer?",
        options=(
            Option(
                "They are 81 % alike.",
                "A cosine is no percentage. Here half of all pairs score 0.81 or more.",
            ),
            Option(
                "With a probability of 81 % they are of one kind.",
                "A score is no probability. Nothing was counted that it could be a share of.",
            ),
            Option(
                "Little, until you know what other pairs score.",
                "0.81 is the middle of all pairs here. A rank says more than a score.",
                right=True,
            ),
        ),
    ),
    Question(
        "04-e",
        goal=4,
        text="Every item scores 1 with itself. Why is it wrong to skip the first row after sorting?",
        options=(
            Option(
                "It is not wrong: nothing scores higher than 1.",
                "Nothing scores higher, but a twin scores just as high, and may come first.",
            ),
            Option(
                "The first row may be another item with the same score.",
                "Then the twin is lost, and the item is recommended to itself.",
                right=True,
            ),
            Option(
                "The item itself is always in the last row.",
                "Sorted from high to low, it is at or near the top.",
            ),
            Option(
                "Skipping a row leaves too few neighbours.",
                "Enough are left in a catalogue. The question is which row you skip.",
            ),
        ),
    ),
)
