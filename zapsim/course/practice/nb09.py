"""09 · Why similar?: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "take a score apart by place, and say what a heat map claims and what it does not",
    "say how much of a similarity is colour",
    "mix scores: the same scale first, then weights that add to 1",
    "ask for variety, or for a part of the picture, and say whether it helps",
)


def _cells(products):
    """Sum products of features cell by cell, as an array (2, 2)."""
    return products.reshape(2, 2, -1).sum(axis=2)


def _scaled(scores):
    return (scores - scores.mean()) / scores.std()


def _cell_of(number):
    return lambda features: features.iloc[:, 512 * number : 512 * number + 512]


EXERCISES = (
    Exercise(
        "09-1",
        goal=1,
        expected=lambda a, b, mean: _cells(a * (b - mean)),
        mistakes=(
            Mistake(
                "This is the whole score by cell: the usual is still in it. Use `b - mean` for `b`.",
                value=lambda a, b, mean: _cells(a * b),
            ),
            Mistake(
                "You took the mean away from `a`. These cells are those of the neighbour's picture: "
                "the query's keep `a` as it is.",
                value=lambda a, b, mean: _cells((a - mean) * b),
            ),
            Mistake(
                "You took the mean away from both. Then the sum is no longer the score less the "
                "usual, `a @ (b - mean)`. Take it away once, from `b`.",
                value=lambda a, b, mean: _cells((a - mean) * (b - mean)),
            ),
            Mistake(
                "You averaged the features of a cell. A score is a sum: use `.sum(axis=2)`.",
                value=lambda a, b, mean: _cells(a * (b - mean)) / (len(a) / 4),
            ),
            Mistake(
                "The features are ordered by cell first, then by channel: "
                "`.reshape(2, 2, -1)`, and the sum is over the last axis.",
                value=lambda a, b, mean: (a * (b - mean)).reshape(-1, 2, 2).sum(axis=0),
            ),
            Mistake(
                "One number is the sum over all places. Four are wanted, in two rows of two.",
                when=lambda got, *given: np.size(got) == 1 and np.isfinite(got),
            ),
            Mistake(
                "The right four numbers, but not in two rows of two.",
                when=lambda got, a, b, mean: (
                    np.size(got) == 4
                    and np.allclose(
                        np.sort(got, axis=None), np.sort(_cells(a * (b - mean)), axis=None)
                    )
                ),
            ),
            Mistake(
                "These are the features one by one. Sum those of each cell.",
                when=lambda got, a, b, mean: np.size(got) == len(a),
            ),
            Mistake(
                "The shape is right, the numbers are not: they should add to `a @ (b - mean)`.",
                when=lambda got, *given: np.shape(got) == (2, 2),
            ),
        ),
        hints=(
            "It is the cell above with one change: what is multiplied by `a`?",
            "Multiply `a` by `b - mean`, feature by feature, before you sum.",
            "`(a * (b - mean))`, then `.reshape(2, 2, -1)`, then the sum over the last axis.",
        ),
        solution="""
mean = unit.mean().to_numpy()
my_cells = (a * (b - mean)).reshape(2, 2, -1).sum(axis=2)
""",
        explains="Of MiniZap's 0.92, 0.10 are beyond the usual; the lower left cell adds the most.",
    ),
    Exercise(
        "09-2",
        goal=1,
        ideas={
            "that a cell adds to the score": (
                r"\badd|contribut|part of the score|share of the score|rais|increas|in common|goes up|higher"
            ),
            "that it speaks of the score, or of similarity": r"score|similar|alike|in common",
            "what it does not show": r"\bnot\b|n['’]t\b|\bno (cause|proof|evidence|reason)|never|nothing",
            "why: it is no cause, or a cell has seen what lies around it": (
                r"\bcaus|\bwhy\b|reason|proof|\bprov|evidence|neighbo|around|larger|wide|big|edge|seen|\bsees?\b|\bsaw\b|because"
            ),
        },
        hints=(
            "What is summed, cell by cell? And what has a cell seen besides its own place?",
            "Orange cells add to the score, beyond the usual. Each has seen much of what lies around.",
            "Say: orange cells add most to the score. Then: it does not show a cause, since each "
            "cell has also seen what lies around it.",
        ),
        solution="""
my_caption = (
    "Orange cells add most to the score, beyond what is usual for two shoes. "
    "The map does not show that these places cause it: each cell has also seen what lies around it."
)
""",
        explains="The network has no place that it looks at: all cells count, and orange ones add more.",
    ),
    Exercise(
        "09-3",
        goal=3,
        expected=lambda shape, colour: 0.5 * _scaled(shape) + 0.5 * _scaled(colour),
        # NumPy's standard deviation and pandas' differ a little.
        tolerance=3e-3,
        mistakes=(
            Mistake(
                "This is the line as it was: colour's scores differ more, so they decide.",
                value=lambda shape, colour: 0.5 * shape + 0.5 * colour,
            ),
            Mistake(
                "You took the means away. But the spread decides: divide by `.std()`, too.",
                value=lambda shape, colour: (
                    0.5 * (shape - shape.mean()) + 0.5 * (colour - colour.mean())
                ),
            ),
            Mistake(
                "You brought the finished mixture to a scale. By then colour has decided. Scale "
                "each of the two first, then mix.",
                value=lambda shape, colour: _scaled(0.5 * shape + 0.5 * colour),
            ),
            Mistake(
                "The order is right, but your weights add to 2. Take a half of each.",
                value=lambda shape, colour: _scaled(shape) + _scaled(colour),
            ),
            Mistake(
                "The order is right, but 0 does not mean usual: take each mean away before you divide.",
                value=lambda shape, colour: 0.5 * shape / shape.std() + 0.5 * colour / colour.std(),
            ),
            Mistake(
                "Without brackets, only the mean is divided: `(shape - shape.mean()) / shape.std()`.",
                value=lambda shape, colour: (
                    0.5 * (shape - shape.mean() / shape.std())
                    + 0.5 * (colour - colour.mean() / colour.std())
                ),
            ),
            Mistake(
                "The scores of all items are wanted, not only of the nearest.",
                when=lambda got, shape, colour: len(got) < len(shape),
            ),
            Mistake(
                "Not yet. Before the mixing, each of the two has mean 0 and standard deviation 1. Then take half "
                "of each.",
                when=lambda got, shape, colour: len(got) == len(shape),
            ),
        ),
        hints=(
            "Two steps: scale each Series, then take half of each.",
            "`(shape - shape.mean()) / shape.std()` is shape on a scale where 0 is usual.",
            "Do that with both, and add `0.5 *` the one and `0.5 *` the other.",
        ),
        solution="""
scaled = [(scores - scores.mean()) / scores.std() for scores in (shape, colour)]
my_mix = 0.5 * scaled[0] + 0.5 * scaled[1]
""",
        explains="Now a weight is an influence: MiniZap's pink clog gets three of its six from each kind.",
    ),
    Exercise(
        "09-4",
        goal=4,
        expected=_cell_of(3),
        mistakes=(
            Mistake("This is the upper left cell, the first 512 columns.", value=_cell_of(0)),
            Mistake("This is the upper right cell. Cells go row by row.", value=_cell_of(1)),
            Mistake(
                "This is the lower left cell, where the toes are. Cells go row by row.",
                value=_cell_of(2),
            ),
            Mistake(
                "These are 512 rows, so items. Columns are wanted: `.iloc[:, …]`.",
                when=lambda got, features: (
                    np.shape(got)[1] == features.shape[1] and len(got) < len(features)
                ),
            ),
            Mistake(
                "Every fourth column takes a little of each cell. One cell's columns stand together.",
                when=lambda got, features: any(
                    np.array_equal(got, features.iloc[:, first::4]) for first in range(4)
                ),
            ),
            Mistake(
                "These are the columns of both lower cells. Half of them are wanted.",
                value=lambda features: features.iloc[:, 1024:],
            ),
            Mistake(
                "Nearly: 512 columns are wanted, from column 3 × 512 on to the end.",
                when=lambda got, features: np.shape(got)[1] in (511, 513),
            ),
            Mistake(
                "These are the names of the columns. The table of all items is wanted.",
                when=lambda got, features: list(got) == list(features.columns[3 * 512 :]),
            ),
            Mistake(
                "This is one item. A row for each item is wanted.",
                when=lambda got, features: np.shape(got) in ((512,), (1, 512)),
            ),
        ),
        hints=(
            "Which of the four cells comes last? Its columns are the last ones.",
            "`.iloc[:, start:stop]` takes columns by their places. A cell has 512 of 2,048.",
            "The last cell begins at column 3 × 512, which is 1536.",
        ),
        solution="my_part = features.iloc[:, 3 * 512 :]",
        explains="Cosine similarity of these columns alone is what `part` gives.",
    ),
)

QUESTIONS = (
    Question(
        "09-a",
        goal=1,
        text="You paint a white cell grey that was dark orange. What will happen to the score?",
        options=(
            Option(
                "It falls by just the number in that cell.",
                "The sum is exact for this picture only. A new picture has new features in many cells.",
            ),
            Option(
                "Nothing: white carries no information.",
                "White is a number like others (255), and cells around it see its edge with the boot.",
            ),
            Option(
                "It rises, because grey is more like a boot.",
                "The score compares with the other boot, which has white there. A fall is more likely.",
            ),
            Option(
                "The map does not tell: you have to try it.",
                "Right: it takes one sum apart. It does not say what a change would cause.",
                right=True,
            ),
        ),
    ),
    Question(
        "09-b",
        goal=2,
        text=(
            "Without colour, 71 % of the neighbours stay, and precision@5 hardly changes. What follows?"
        ),
        options=(
            Option(
                "The network does not see colours.",
                "It does: otherwise all neighbours would stay, and not three in ten change.",
            ),
            Option(
                "Colour decides little about the kind of shoe, but much about which one is shown.",
                "Right: the labels hardly need colour. A customer who looks at the row does.",
                right=True,
            ),
            Option(
                "Grey pictures should replace those in colour.",
                "By these labels they are a little better. But a shop also wants rows that fit by colour.",
            ),
            Option(
                "71 % of each score is shape.",
                "These are neighbours that stay, not parts of a score. Places in a list are no shares.",
            ),
        ),
    ),
    Question(
        "09-c",
        goal=4,
        text="In the row with diversity 0.5, scores do not fall from left to right. Why?",
        options=(
            Option(
                "An item was chosen by its score, less its likeness to those before it.",
                "Right: shown is the score with the query alone. The order also looks at the others.",
                right=True,
            ),
            Option(
                "The row is in random order, so that it looks varied.",
                "Nothing is random: the same query gives the same row each time.",
            ),
            Option(
                "The scores are wrong: they should have been computed again.",
                "They are right, each with the query. They only are no longer what the order goes by.",
            ),
        ),
    ),
    Question(
        "09-d",
        goal=4,
        text=(
            "Of four cells, the lower right was best for heels: 0.020 more than the whole picture, from -0.008 "
            "to 0.047. What may you report?"
        ),
        options=(
            Option(
                "Looking at the heel makes it 0.020 better.",
                "The interval contains 0. And the best of several tries looks better than it is.",
            ),
            Option(
                "It makes no difference where the network looks.",
                "That is not shown, either: it may be 0.047. And other cells are much worse than the whole.",
            ),
            Option(
                "Perhaps a small gain, but these 205 products cannot say.",
                "Right: with the interval, and with how many cells were tried, a reader can judge it.",
                right=True,
            ),
            Option(
                "The other three cells are useless.",
                "They are not: all of them are far above chance. The whole picture uses all four.",
            ),
        ),
    ),
)
