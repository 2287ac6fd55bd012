"""10 · Bring your own catalogue: what is practised, right answers, what is behind wrong ones."""

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "open a folder that you do not know, and say what was left out",
    "join a list to its pictures, and name the pictures that it does not know",
    "find copies of a picture, and say why a threshold does not carry over",
    "ask how stable neighbours are where there are no labels, and say what that does not tell",
    "search with vectors that another program made, even with words",
)


def _unknown(stems, rows):
    return list(stems.index[~stems.isin(rows["Number"])])


def _distance(one, other):
    one, other = np.asarray(one, float), np.asarray(other, float)
    return np.sqrt(((one - other) ** 2).mean() / one.var())


def _pairs():
    picture, other = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3))
    same = [picture, picture[:, ::-1], picture[::-1], picture[:, :, ::-1], other]
    return [(picture, each) for each in same]


def _of_pairs(answer):
    return [answer(*pair) for pair in _pairs()]


def _either(turn, choose=min):
    """Return what is answered if one of the two pictures is turned in some way."""
    return lambda: _of_pairs(lambda a, b: choose(_distance(a, b), _distance(a, turn(b))))


def _mirrored(picture):
    return picture[:, ::-1]


def _scores(vectors, words=("dark", "green")):
    text = vectors.columns.isin(words).astype(float)
    return pd.Series(cosine_similarity([text], vectors)[0], vectors.index)


def _found(vectors, words=("dark", "green"), k=4):
    return list(_scores(vectors, words).sort_values(ascending=False, kind="stable").index[:k])


EXERCISES = (
    Exercise(
        "10-1",
        goal=2,
        ordered=False,
        expected=_unknown,
        mistakes=(
            Mistake(
                "These are the numbers. The keys are wanted; they are the index of `stems`.",
                value=lambda stems, rows: list(stems[~stems.isin(rows["Number"])]),
            ),
            Mistake(
                "This is the other direction: a row without a picture. "
                "Pictures without a row are wanted.",
                value=lambda stems, rows: list(rows["Number"][~rows["Number"].isin(stems)]),
            ),
            Mistake(
                "These are the pictures that have a row. Turn it around with ~.",
                value=lambda stems, rows: list(stems.index[stems.isin(rows["Number"])]),
            ),
            Mistake(
                "You joined by order: pictures from the place where the list ends. "
                "Look for each number in the list.",
                value=lambda stems, rows: list(stems.index[len(rows) :]),
            ),
            Mistake(
                "These are all pictures. Texts and numbers are never equal: '101' is not 101.",
                value=lambda stems, rows: list(stems.index),
            ),
        ),
        hints=(
            "Which of the stems do not occur in the list's column `Number`?",
            '`stems.isin(rows["Number"])` is True where there is a row. `~` turns it around.',
            'Take the index of `stems[~stems.isin(rows["Number"])]`.',
        ),
        solution='my_unknown = stems[~stems.isin(rows["Number"])].index',
        explains="Twelve copies and a damaged picture: nobody wrote them into the list.",
    ),
    Exercise(
        "10-2",
        goal=3,
        call=_of_pairs,
        expected=_either(_mirrored),
        mistakes=(
            Mistake(
                "You compare the pictures as they are. Compare with the mirrored one, too.",
                value=lambda: _of_pairs(_distance),
            ),
            Mistake(
                "You compare with the mirrored picture only. Then a plain copy is not found.",
                value=lambda: _of_pairs(lambda a, b: _distance(a, _mirrored(b))),
            ),
            Mistake(
                "You turned it upside down: the first axis is height. Mirrored is [:, ::-1].",
                value=_either(lambda b: b[::-1]),
            ),
            Mistake(
                "You exchanged red and blue: the last axis is colour. Mirrored is [:, ::-1].",
                value=_either(lambda b: b[:, :, ::-1]),
            ),
            Mistake(
                "You took the larger distance. A copy is near in one of two ways: the smaller one.",
                value=_either(_mirrored, max),
            ),
            Mistake(
                "You took the mean. A copy is near in one of two ways: the smaller one.",
                value=_either(_mirrored, lambda a, b: (a + b) / 2),
            ),
        ),
        hints=(
            "A copy is near either as it is or mirrored. So there are two distances.",
            "A picture is height × width × colour. `other[:, ::-1]` turns the width around.",
            "Return `min(distance(one, other), distance(one, other[:, ::-1]))`.",
        ),
        solution='''
def my_distance(one, other):
    """Return the distance of two small pictures, of which one may be mirrored (float)."""
    return min(distance(one, other), distance(one, other[:, ::-1]))
''',
        explains="It finds a mirrored copy, which the score does not.",
    ),
    Exercise(
        "10-3",
        goal=5,
        expected=_found,
        mistakes=(
            Mistake(
                "You searched for one of the two words. The vector has a 1 for each of them.",
                when=lambda got, vectors: (
                    list(got) in (_found(vectors, ["dark"]), _found(vectors, ["green"]))
                ),
            ),
            Mistake(
                "These are the least similar ones. The highest scores come first.",
                when=lambda got, vectors: (
                    _scores(vectors)[list(got)].max() <= _scores(vectors).nsmallest(len(got)).max()
                ),
            ),
            Mistake(
                "These are orange and smooth, as above. Put the 1 at dark and at green.",
                when=lambda got, vectors: list(got) == _found(vectors, ["orange", "smooth"])[:4],
            ),
            Mistake(
                "The search is right, the number is not. Four are wanted: k=4.",
                when=lambda got, vectors: list(got) == _found(vectors, k=len(got)),
            ),
            Mistake(
                'This is the whole table. Only its column is wanted: ["key"].',
                when=lambda got, vectors: list(got["key"]) == _found(vectors),
            ),
        ),
        hints=(
            "Make a vector as above, with a 1 for each of the two words.",
            '`vectors.columns.isin(["dark", "green"]).astype(float)` is that vector.',
            'Give it to `words.similar_to(…, k=4)`, and take the column `["key"]`.',
        ),
        solution="""
dark_green = vectors.columns.isin(["dark", "green"]).astype(float)
my_found = words.similar_to(dark_green, k=4)["key"]
""",
        explains="A text found pictures, though nobody described them.",
    ),
)

QUESTIONS = (
    Question(
        "10-a",
        goal=1,
        text="Your folder has 94 pictures, and the catalogue has 93 items. What do you do?",
        options=(
            Option(
                "Nothing: one picture more or less does not matter.",
                "It may be one of a hundred, or all that your phone took. Look first.",
            ),
            Option(
                "Rename the missing picture to `.jpg`.",
                "A name does not change what is inside. It would be unreadable then.",
            ),
            Option(
                "Read what was left out, and why: it is in the catalogue's line and in `check()`.",
                "Here it is a `.heic`, which the phone can save as JPEG.",
                right=True,
            ),
        ),
    ),
    Question(
        "10-b",
        goal=3,
        text="A threshold of 0.15 was good for shoes on white. What about your pictures?",
        options=(
            Option(
                "I copy some of my pictures, change them, and count what is found.",
                "That is the only way to know. Here 0.15 missed two of twelve.",
                right=True,
            ),
            Option(
                "0.15 is right for all pictures: a distance is a distance.",
                "It depends on what your pictures look like and how large they are.",
            ),
            Option(
                "I take 0.7, to be sure to find all copies.",
                "It finds all copies, and other pictures, too. You would hide good neighbours.",
            ),
            Option(
                "I take the score instead, above 0.9.",
                "Two pieces of sky have 0.95, and a mirrored copy has 0.65.",
            ),
        ),
    ),
    Question(
        "10-c",
        goal=4,
        text="All neighbours stay when pictures are changed. What does that say?",
        options=(
            Option(
                "The neighbours are right.",
                "A program that always shows the same five would be as stable.",
            ),
            Option(
                "These changes do not disturb it. Whether it is right is still open.",
                "To stay the same is not to be right. But what does not stay cannot be trusted.",
                right=True,
            ),
            Option(
                "There are copies in the catalogue.",
                "Copies are searched with `near_duplicates`. Here the neighbours are compared.",
            ),
        ),
    ),
)
