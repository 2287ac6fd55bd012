"""07 · Is it any good?: what is practised, right answers, and what is behind wrong ones."""

import numpy as np

from zapsim.course.comparing import same
from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "compute precision@5 by hand, of one query and of all, with colourways hidden",
    "compare a number with chance, and with features that need no network",
    "say how sure a number is, by a bootstrap over products",
    "say in words what a number such as 0.88 means, and what it does not mean",
    "find where recommendations fail, and judge the labels, too",
)

# Of an interval's larger end: other random numbers, and rounding to 0.01, move it by less.
_RANDOM = 0.1


def _tried(labels):
    return labels.index[:: max(1, len(labels) // 40)]


def _precisions(answer, matrix, labels, products):
    return [answer(key) for key in _tried(labels)]


def _judged(matrix, labels, products, hidden=None, share=None):
    """Judge the tried queries; by default their product is hidden and right ones are a share."""
    results = []
    for key in _tried(labels):
        away = products == products[key] if hidden is None else hidden(matrix.index, key)
        five = matrix.loc[key][~np.asarray(away)].nlargest(5).index
        right = (labels[five] == labels[key]).sum()
        alike = ((labels == labels[key]) & (products != products[key])).sum()
        results.append(right / 5 if share is None else share(right, alike))
    return results


def _interval(values, groups):
    """Return what the notebook's `interval_of` does, of values grouped in some way."""
    rng = np.random.default_rng(0)
    means = values.groupby(groups).mean().to_numpy()
    draws = [rng.choice(means, len(means)).mean() for _ in range(1000)]
    return np.quantile(draws, [0.025, 0.975])


def _both(each, fewer, products):
    return _interval(each, products), _interval(fewer, products)


def _right(each, fewer, products):
    return _interval(each - fewer, products)


def _draws_pictures(got, each, fewer, products):
    """Say whether an interval is rather that of single pictures than that of products."""
    pictures = _interval(each - fewer, each.index)
    away, right = (
        np.abs(np.subtract(got, i)).sum() for i in (pictures, _right(each, fewer, products))
    )
    return away < right and same(got, pictures, tolerance=_RANDOM)


def _widest(each, fewer, products):
    (low, high), (other_low, other_high) = _both(each, fewer, products)
    return [low - other_high, high - other_low]


def _beside(shares):
    """Return the shares beside the diagonal (Series by two labels)."""
    return shares.where(~np.eye(len(shares), dtype=bool)).stack()


def _worst(shares):
    """Return the label with the fewest right neighbours, and what it is mostly taken for."""
    worst = shares.index[np.diag(shares).argmin()]
    return worst, _beside(shares)[worst].idxmax()


EXERCISES = (
    Exercise(
        "07-1",
        goal=1,
        call=_precisions,
        expected=_judged,
        mistakes=(
            Mistake(
                "The query itself is among its five: it has the highest score, 1, and its own "
                "label. Leave its product out before you take the five.",
                value=lambda *given: _judged(
                    *given, hidden=lambda keys, key: np.zeros(len(keys), bool)
                ),
            ),
            Mistake(
                "Other colours of the query's own shoe are among the five. You left out one "
                "picture; leave out its whole product: `products != products[key]`.",
                value=lambda *given: _judged(*given, hidden=lambda keys, key: keys == key),
            ),
            Mistake(
                "You counted the right ones. A share is wanted: divide by five, or take the mean.",
                value=lambda *given: _judged(*given, share=lambda right, alike: right),
            ),
            Mistake(
                "You divided by all shoes with this label. That is recall: how many of the right "
                "ones were found. Precision divides by the five that are shown.",
                value=lambda *given: _judged(*given, share=lambda right, alike: right / alike),
            ),
            Mistake(
                "You counted the wrong ones: this is 1 minus what is wanted. Compare with `==`.",
                value=lambda *given: _judged(*given, share=lambda right, alike: 1 - right / 5),
            ),
            Mistake(
                "Every key gets the same number. Is `query` still in it, where `key` should be? Or are "
                "these the smallest scores?",
                when=lambda got, *given: len(set(got)) == 1,
            ),
            Mistake(
                "These are per cent. A share is wanted, from 0 to 1.",
                value=lambda *given: _judged(*given, share=lambda right, alike: 20 * right),
            ),
            Mistake(
                "Some numbers cannot be a share of five, such as 0.2 or 0.4. Take five, after the query's "
                "product is out, and compare labels, not scores.",
                when=lambda got, *given: (
                    not np.allclose(5 * np.array(got), np.round(5 * np.array(got)))
                ),
            ),
            Mistake(
                "Some keys get another number than they should. Are the five the *largest* scores? Is the "
                "query's product left out before you take them?",
                when=lambda got, *given: True,
            ),
        ),
        hints=(
            "It is the cell above, with `key` in place of `query`. Then compare five labels with one.",
            "`labels[five.index] == labels[key]` is True where a neighbour is right. The mean of "
            "True and False is a share.",
            "`others = matrix.loc[key][products != products[key]]`, then `five = others.nlargest(5)`, "
            "then return the mean of that comparison.",
        ),
        solution='''
def my_precision(key):
    """Return the share of a query's five neighbours that have its label (float)."""
    others = matrix.loc[key][products != products[key]]
    five = others.nlargest(5).index
    return (labels[five] == labels[key]).mean()
''',
        explains="The same product is left out first, and the five are taken after that.",
    ),
    Exercise(
        "07-2",
        goal=3,
        expected=_right,
        tolerance=_RANDOM,
        mistakes=(
            Mistake(
                "These are the bounds of one subtracted from those of the other. That is no "
                "interval of the difference. Subtract query by query first: `each - fewer`.",
                value=lambda *given: np.subtract(*_both(*given)),
            ),
            Mistake(
                "This is the widest that two separate intervals allow. It forgets that both "
                "answered the same queries. Subtract query by query first: `each - fewer`.",
                value=_widest,
            ),
            Mistake(
                "You took every eighth minus all. The other way round is wanted; then above 0 "
                "means that all features are better.",
                value=lambda each, fewer, products: _interval(fewer - each, products),
            ),
            Mistake(
                "This is the interval of one precision, not of a difference.",
                when=lambda got, *given: any(
                    np.allclose(got, one, atol=0.003) for one in _both(*given)
                ),
            ),
            Mistake(
                "You drew single pictures. Three colours of one shoe are almost the same picture, "
                "so this interval is too narrow. Draw products, as `interval_of` does.",
                when=_draws_pictures,
                close=True,
            ),
            Mistake(
                "The right two numbers. But hand them over as a pair: low, high.",
                when=lambda got, *given: isinstance(got, dict),
            ),
            Mistake(
                "The higher one comes first. Low, then high.",
                when=lambda got, *given: float(got[0]) > float(got[1]),
            ),
            Mistake(
                "This is the spread of single queries, and it is much wider. An interval of their *mean* is "
                "wanted: `interval_of` draws products anew, and takes the mean each time.",
                when=lambda got, *given: (
                    np.subtract(*got[::-1]) > 4 * np.subtract(*_right(*given)[::-1])
                ),
            ),
            Mistake(
                "Both are further from 0 than they should be. Keep the sign of each difference: no `abs`.",
                value=lambda each, fewer, products: _interval((each - fewer).abs(), products),
            ),
            Mistake(
                "A verdict in one word is what the colleague had. Two numbers are wanted.",
                when=lambda got, *given: isinstance(got, (str, bool, np.bool_)),
            ),
        ),
        hints=(
            "Do not compare two intervals. Make one series of differences, and one interval of it.",
            "`each` and `fewer` have the same keys, so `each - fewer` is a difference a query.",
            "`interval_of` takes any series of values by key, such as that difference.",
        ),
        solution="my_interval = interval_of(each - fewer)",
        explains=(
            "Two intervals may overlap, and the difference is still clear: what makes a query "
            "hard for both falls out of the difference."
        ),
    ),
    Exercise(
        "07-3",
        goal=4,
        ideas={
            "how many neighbours are looked at": r"\b(five|5)\b",
            "how many of them are right": r"88|0\.9|\bfour\b|\b4\b|4\.4|\bnine\b|9 (of|in) 10|most",
            "what right means: the same label": r"label|kind|type|categor|class|\bsort\b",
            "one thing that it does not mean": (
                r"\bnot\b|n['’]t\b|nothing|never|without|nobody|no one|unknown|different|other|another|only"
            ),
        },
        hints=(
            "Say what is shown (how many), what counts as right, and how often that happens.",
            "Begin with: of five shoes that we show beside one … Then: it does not say that …",
            "Of five shoes beside one, four or five are of the same kind as that one. It does not "
            "say whether customers like them. Say it in your own words.",
        ),
        solution="""
my_words = (
    "Of the five shoes that we show beside a shoe, on average 88 % are of the same kind as that shoe. "
    "It does not say that customers like them, or that another shop's photos give the same number."
)
""",
        explains="0.88 is not accuracy: that is one verdict a picture. It is not the score of two shoes. And "
        "no customer was asked.",
    ),
    Exercise(
        "07-4",
        goal=5,
        expected=lambda shares: _beside(shares).idxmax(),
        mistakes=(
            Mistake(
                "The right two, the wrong way round: rows are the queries, columns what was found.",
                value=lambda shares: _beside(shares).idxmax()[::-1],
            ),
            Mistake(
                "That is on the diagonal: one label, found rightly. Take the diagonal out first.",
                when=lambda got, shares: len(got) == 2 and got[0] == got[1],
            ),
            Mistake(
                "That is the label with the most mistakes in all, and what it is mostly taken for. "
                "Its mistakes are spread over many labels. Look for the largest single share.",
                value=_worst,
            ),
            Mistake(
                "One label is only half of it. Two are wanted: the query's, and the neighbours'.",
                when=lambda got, shares: isinstance(got, str) and got in shares.index,
            ),
            Mistake(
                "This is a mistake that occurs, but another has a larger share of its row.",
                when=lambda got, shares: 0 < shares.loc[got[0], got[1]] < _beside(shares).max(),
            ),
            Mistake(
                "The right pair, but without its categories. Write both labels as they stand in `shares`.",
                when=lambda got, shares: (
                    [str(each).split(" · ")[-1] for each in got]
                    == [label.split(" · ")[-1] for label in _beside(shares).idxmax()]
                ),
            ),
            Mistake(
                "These are places in the table. Look up which labels stand there: `shares.index[…]`.",
                when=lambda got, shares: all(isinstance(each, (int, np.integer)) for each in got),
            ),
        ),
        hints=(
            "On the diagonal stand right neighbours. Hide it, then look for the largest number.",
            "`shares.where(~np.eye(len(shares), dtype=bool))` has gaps (NaN) on the diagonal.",
            "`.stack()` makes one long series of a table; its `.idxmax()` is a pair of labels.",
        ),
        solution="""
beside = shares.where(~np.eye(len(shares), dtype=bool))
my_pair = beside.stack().idxmax()
""",
        explains="Each is taken for the other: only the height of the shaft differs.",
    ),
)

QUESTIONS = (
    Question(
        "07-a",
        goal=1,
        text=(
            "If only the picture itself is left out, this query gets 5 of 5. Why do we hide its "
            "other colours, too?"
        ),
        options=(
            Option(
                "Other colours are bad recommendations.",
                "Perhaps a customer wants them. But they say nothing about how well others are found.",
            ),
            Option(
                "They would make the search slower.",
                "Two pictures more or less cost nothing. It is a matter of what is counted.",
            ),
            Option(
                "They are almost the same picture, and always right.",
                "Right: they are easy hits, even with bare pixels. The number would rise, not the quality.",
                right=True,
            ),
            Option(
                "Their labels may be wrong.",
                "They have the same label as the query. That is just why they always count as hits.",
            ),
        ),
    ),
    Question(
        "07-b",
        goal=2,
        text=(
            "In another shop 90 % of all shoes are sneakers, the rest are boots. Its recommender has "
            "precision@5 of 0.88 by these two labels. How good is that?"
        ),
        options=(
            Option(
                "Little better than chance.",
                "Right: chance gives 0.9 × 0.9 + 0.1 × 0.1 = 0.82 there. Always showing sneakers even gives 0.9.",
                right=True,
            ),
            Option(
                "As good as ours: 0.88 is 0.88.",
                "Compare each with its own chance: 0.06 here, with 17 labels, and 0.82 there.",
            ),
            Option(
                "Better than ours, because there are fewer labels.",
                "Fewer labels make it easier, not better: a guess is right more often.",
            ),
            Option(
                "Worse than chance, which gives 0.9 there.",
                "Chance draws boots, too: 0.9 × 0.9 + 0.1 × 0.1 = 0.82. It is a baseline, always sneakers, that gives 0.9.",
            ),
        ),
    ),
    Question(
        "07-c",
        goal=4,
        text="Recall@5 is 0.13: of all right pictures, 13 % are among the five. Is that a failure?",
        options=(
            Option(
                "Yes: a good recommender has recall near 1.",
                "It cannot. About 33 pictures are right for a query, so five are at most 0.15 of them.",
            ),
            Option(
                "No: five places cannot hold more, `best` would be about 0.15.",
                "Right: about 33 pictures are right for a query, and only five are shown.",
                right=True,
            ),
            Option(
                "Yes: precision and recall should be about equal.",
                "They divide the same hits by different numbers: by five, and by all right shoes.",
            ),
        ),
    ),
    Question(
        "07-d",
        goal=5,
        text=(
            "Ankle boots get mid-calf boots as neighbours. What should you do first, before you look "
            "for better features?"
        ),
        options=(
            Option(
                "Give the worst labels more training pictures.",
                "Nothing is trained here: the network was finished before it saw these shoes.",
            ),
            Option(
                "Leave these queries out of the mean.",
                "Then the number rises, and the shop is as it was. Never choose queries by their result.",
            ),
            Option(
                "Join both labels, and report the higher number.",
                "That may be right for a shop. But it is a new protocol, so say so, and never mix them.",
            ),
            Option(
                "Look at pictures, and ask whether the label or the neighbour is wrong.",
                "Right: some are good recommendations with another label. No features mend a label.",
                right=True,
            ),
        ),
    ),
)
