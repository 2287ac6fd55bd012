"""05 · Recommend: what is practised, right answers, and what is behind wrong ones."""

import warnings

import numpy as np
import pandas as pd

from zapsim.course.comparing import same
from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "write the article's recommender in about ten lines, and say what was mended",
    "filter before you take the nearest, not after",
    "hide a product's other colourways, and say why a score cannot do it",
    "search with a picture of your own, and with several items at once",
)

# q is the query. In the catalogue's order, the nearest do not come first.
_SCORES = pd.Series({"c": 0.7, "q": 1.0, "a": 0.9, "f": 0.4, "b": 0.8, "e": 0.5, "d": 0.6})
_ALLOWED = pd.Series({key: key in "bdef" for key in _SCORES.index})
_KS = (2, 3, 10)


def _by_key(function, *given):
    """Call a function with masks in another order than the scores: pandas warns that it sorts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(*given)


def _where(answer):
    return [_by_key(answer, _SCORES.copy(), _ALLOWED.sort_index(), k) for k in _KS]


def _cut(scores, ks):
    return [list(scores.index[:k]) for k in ks]


def _ranked(scores):
    return scores.sort_values(ascending=False)


def _filtered_after(scores, allowed, ks):
    return [[key for key in _ranked(scores).index[:k] if allowed[key]] for k in ks]


# Of brand Acme: the query, 1.1, its colourways 1.2 and 1.3, and another product, 3.1.
_SHELF = pd.Series(
    {
        "Acme/1.1": 1.0,
        "Acme/1.2": 0.95,
        "Acme/1.3": 0.8,
        "Acme/3.1": 0.91,
        "Bold/2.1": 0.93,
        "Bold/2.2": 0.92,
        "Bold/4.1": 0.7,
    }
)
_PRODUCTS = pd.Series({key: key.split("/")[1][0] for key in _SHELF.index})
_OTHERS = _PRODUCTS != "1"
_SHELF_KS = (3, 5)


def _colourways(answer):
    turned = _PRODUCTS[::-1]
    return [_by_key(answer, _SHELF.copy(), turned.copy(), "Acme/1.1", k) for k in _SHELF_KS]


def _one_each(scores):
    ranked = _ranked(scores)
    return ranked[~_PRODUCTS[ranked.index].duplicated()]


def _has(keys):
    return lambda got: bool(set(keys) & set(got[1]))


# Vectors of length 1, by key, and who is liked and who is not.
_UNIT = pd.DataFrame(
    [[0.6, 0.8, 0.0], [0.0, 0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
    index=["boot", "clog", "mule", "pump"],
)
_TASTES = [(["boot", "clog"], ["mule"]), (["boot"], ["mule", "pump"])]


def _direction(vector):
    vector = np.asarray(vector, float)
    return vector / np.linalg.norm(vector)


def _more_like(answer):
    found = [answer(_UNIT.copy(), list(liked), list(unlike)) for liked, unlike in _TASTES]
    # Scores depend on the direction only, so any length is right.
    return found if any(each is None for each in found) else [*map(_direction, found)]


def _tastes(share, liking="mean", unliking="mean"):
    loc = _UNIT.loc
    return [
        _direction(loc[liked].agg(liking) - share * loc[unlike].agg(unliking))
        for liked, unlike in _TASTES
    ]


def _away(liked, unlike):
    """Return the query that exchanges the two."""
    return _UNIT.loc[liked].mean() / 4 - _UNIT.loc[unlike].mean()


EXERCISES = (
    Exercise(
        "05-1",
        goal=2,
        call=_where,
        tried=tuple(f"recommend(scores, allowed, {k})" for k in _KS),
        expected=lambda: _cut(_ranked(_SCORES[_ALLOWED]), _KS),
        mistakes=(
            Mistake(
                "Scores come out. Keys are wanted: they are the Series' `index`.",
                when=lambda got: not isinstance(next(iter(got[1])), str),
            ),
            Mistake(
                "This still filters after the nearest were taken, so fewer than k are left. Apply the "
                "mask to all scores first.",
                value=lambda: _filtered_after(_SCORES, _ALLOWED, _KS),
            ),
            Mistake(
                "These are the nearest of all items: the mask has no effect, and the item itself is among "
                "them.",
                value=lambda: _cut(_ranked(_SCORES), _KS),
            ),
            Mistake(
                "The mask is turned round: only what is not allowed comes out.",
                value=lambda: _cut(_ranked(_SCORES[~_ALLOWED]), _KS),
            ),
            Mistake(
                "The filter is right, but these are the first k of the catalogue, not the nearest.",
                value=lambda: _cut(_SCORES[_ALLOWED], _KS),
            ),
            Mistake(
                "The lowest scores come first: `sort_values` starts with the smallest.",
                value=lambda: _cut(_SCORES[_ALLOWED].sort_values(), _KS),
            ),
            Mistake(
                "The mask was taken by position. It knows each item by its key, in an order of its own.",
                value=lambda: _cut(_ranked(_SCORES[_ALLOWED.sort_index().to_numpy()]), _KS),
            ),
            Mistake(
                "As many come out whatever k is. Use the k that is given.",
                when=lambda got: len(got[0]) == len(got[1]) == len(got[2]),
            ),
            Mistake(
                "You skipped the first row. The mask has left the item out already, so that was the nearest.",
                value=lambda: [list(_ranked(_SCORES[_ALLOWED]).index[1 : k + 1]) for k in _KS],
            ),
            Mistake(
                "The same item stands there several times.",
                when=lambda got: len(set(got[1])) < len(got[1]),
            ),
            Mistake(
                "Four items are allowed and ten were asked for. Return the four, and do not fill up.",
                when=lambda got: len(got[2]) > 4,
            ),
        ),
        hints=(
            "Which comes first: the choice of the allowed, or the choice of the nearest?",
            "`scores[allowed]` holds the scores of the allowed items only.",
            "`return list(scores[allowed].nlargest(k).index)`",
        ),
        solution='''
def recommend(scores, allowed, k):
    """Return the k keys with the highest scores among those allowed (list of str)."""
    return list(scores[allowed].nlargest(k).index)
''',
        explains="First the mask, then the nearest. With too few allowed, the list is shorter.",
    ),
    Exercise(
        "05-2",
        goal=3,
        call=_colourways,
        tried=tuple(f'without_colourways(scores, products, "Acme/1.1", {k})' for k in _SHELF_KS),
        expected=lambda: _cut(_ranked(_SHELF[_OTHERS]), _SHELF_KS),
        mistakes=(
            Mistake(
                "Scores come out. Keys are wanted: they are the Series' `index`.",
                when=lambda got: not isinstance(next(iter(got[1])), str),
            ),
            Mistake(
                "You took the nearest first and hid the colourways afterwards, so fewer than k are left.",
                when=lambda got: (
                    same(got, _filtered_after(_SHELF, _OTHERS, _SHELF_KS))
                    or same(got, _filtered_after(_SHELF.drop("Acme/1.1"), _OTHERS, _SHELF_KS))
                ),
            ),
            Mistake(
                "Products come out. The items' keys are wanted.",
                when=lambda got: set(got[1]) <= set(_PRODUCTS),
            ),
            Mistake(
                "You skipped the first row. The item itself was gone already, so that was the nearest.",
                value=lambda: [list(_ranked(_SHELF[_OTHERS]).index[1 : k + 1]) for k in _SHELF_KS],
            ),
            Mistake(
                "The products were taken by position. They know each item by its key, in an order of their "
                "own.",
                value=lambda: _cut(_ranked(_SHELF[_OTHERS[::-1].to_numpy()]), _SHELF_KS),
            ),
            Mistake(
                "You hid the whole brand. Another product of the same brand is a good neighbour. Compare "
                "products.",
                value=lambda: _cut(
                    _ranked(_SHELF[~_SHELF.index.str.startswith("Acme")]), _SHELF_KS
                ),
            ),
            Mistake(
                "This shows one colour of every product. Only the query's own are to be hidden; other "
                "products may come in several colours.",
                when=lambda got: (
                    same(got, _cut(_one_each(_SHELF[_OTHERS]), _SHELF_KS))
                    or same(got, _cut(_one_each(_SHELF), _SHELF_KS))
                    or same(got, _cut(_one_each(_SHELF.drop("Acme/1.1")), _SHELF_KS))
                ),
            ),
            Mistake(
                "Only the query's own product is left. Turn the comparison round: `!=`.",
                when=lambda got: set(got[1]) <= {"Acme/1.1", "Acme/1.2", "Acme/1.3"},
            ),
            Mistake(
                "The item itself is among its neighbours. Its product is the query's, too.",
                when=_has(["Acme/1.1"]),
            ),
            Mistake(
                "You hid what scores high. One colourway scores low and is still there. Compare products.",
                when=lambda got: "Acme/1.3" in got[1] and "Acme/1.2" not in got[1],
            ),
            Mistake(
                "The query's own colourways are still there. Compare each product with the query's.",
                when=_has(["Acme/1.2", "Acme/1.3"]),
            ),
        ),
        hints=(
            "Two items are colourways of each other if their product is the same.",
            "`products != products[key]` is a mask: True for all other products.",
            "`return list(scores[products != products[key]].nlargest(k).index)`",
        ),
        solution='''
def without_colourways(scores, products, key, k):
    """Return the k nearest keys of other products than the key's own (list of str)."""
    return list(scores[products != products[key]].nlargest(k).index)
''',
        explains="The same mask leaves out the item itself: it is of its own product.",
    ),
    Exercise(
        "05-3",
        goal=4,
        call=_more_like,
        tried=tuple(
            f"The direction of more_like(unit, {liked}, {unlike})" for liked, unlike in _TASTES
        ),
        expected=lambda: _tastes(0.25),
        mistakes=(
            Mistake(
                "The unliked count in full here. Only a quarter of their mean is taken away.",
                value=lambda: _tastes(1),
            ),
            Mistake(
                "You added the unliked. Then the neighbours come closer to them.",
                value=lambda: _tastes(-0.25),
            ),
            Mistake(
                "This is the mean of the liked alone. Take a quarter of the mean of the unliked away.",
                value=lambda: _tastes(0),
            ),
            Mistake(
                "You summed. Then two unliked items count twice as much as one. Take means.",
                when=lambda got: (
                    same(got, _tastes(0.25, "sum", "sum"))
                    or same(got, _tastes(0.25, "mean", "sum"))
                ),
            ),
            Mistake(
                "Liked and unliked are exchanged.",
                value=lambda: [-_direction(_away(*taste)) for taste in _TASTES],
            ),
            Mistake(
                "The liked have to count in full, and a quarter of the unliked's mean is taken away.",
                value=lambda: _tastes(1 / 3),
            ),
            Mistake(
                "Three quarters were taken away. One is wanted.",
                value=lambda: _tastes(0.75),
            ),
            Mistake(
                "Four times the unliked were taken away, not a quarter.",
                value=lambda: _tastes(4),
            ),
            Mistake(
                "All numbers are missing. pandas lines up by key, and no key is both liked and unliked. Take "
                "each mean over its items first, down the columns.",
                when=lambda got: np.isnan(got[0]).all(),
            ),
            Mistake(
                "One number for each item came out. Wanted is one for each feature: the mean goes down "
                "the columns.",
                when=lambda got: len(got[0]) == 2 or len(got[1]) in (1, 2),
            ),
        ),
        hints=(
            "Two means and a quarter.",
            "`unit.loc[liked].mean()` is the mean vector of the liked.",
            "`return unit.loc[liked].mean() - unit.loc[unlike].mean() / 4`",
        ),
        solution='''
def more_like(unit, liked, unlike):
    """Return the mean of the liked vectors less a quarter of the mean of the unliked."""
    return unit.loc[liked].mean() - unit.loc[unlike].mean() / 4
''',
        explains="This is Rocchio's rule of 1971, made to search texts.",
    ),
    Exercise(
        "05-4",
        goal=4,
        ideas={
            "what each of the neighbours is close to": (
                r"\bone\b|\beither\b|\bonly\b|\bor\b|slipper|flip|boot|sandal|\bsome\b|\bfirst\b"
            ),
            "whether they are close to both": (
                r"\bboth\b|between|\bmix|common|\bothers?\b|either|\bor\b"
                r"|(slipper|boot).*(flip|sandal)|(flip|sandal).*(slipper|boot)"
            ),
        },
        hints=(
            "Read the table row by row: which of the two numbers is high?",
            "Most rows are high for one of the two liked shoes. How many are high for both?",
            "Start with: “Most of the five are close to one of the two shoes, …”",
        ),
        solution=(
            "my_words = (\n"
            '    "Most of the five are close to one of the two shoes, and far from the other. "\n'
            '    "Hardly any is like both."\n'
            ")"
        ),
        explains="So with two different tastes, two rows of recommendations are often better.",
    ),
)

QUESTIONS = (
    Question(
        "05-a",
        goal=1,
        text="The article names each item by its full path, such as /content/drive/MyDrive/…/100627.72.jpg. "
        "It saves the matrix, and opens pictures by these names. What goes wrong on another computer?",
        options=(
            Option(
                "The scores change.",
                "Scores depend on the vectors only. They stay the same on any computer.",
            ),
            Option(
                "Nothing: a path is only a name.",
                "It is a name, but a picture is opened by it. And there is no such file.",
            ),
            Option(
                "The pictures cannot be opened any more.",
                "So zapsim's keys start at the catalogue's folder. That folder may move.",
                right=True,
            ),
            Option(
                "The items come in another order.",
                "The saved order stays. But what do the names lead to?",
            ),
        ),
    ),
    Question(
        "05-b",
        goal=2,
        text="With a customer's filters only three items are left. The shop has room for five. What is "
        "best?",
        options=(
            Option(
                "Show the three, and say that there are no more.",
                "The filters are what the customer asked for. zapsim does the same.",
                right=True,
            ),
            Option(
                "Fill up with the two nearest others.",
                "Then the filter is broken, and nobody can see where.",
            ),
            Option("Stop with an error.", "Three good recommendations are no error."),
            Option(
                "Take the five nearest, then filter those.",
                "That finds no more than three, and often none.",
            ),
        ),
    ),
    Question(
        "05-c",
        goal=3,
        text="Could you hide colourways without the product column, by leaving out all scores above 0.93?",
        options=(
            Option(
                "Yes: the same shoe always scores highest.",
                "Look at the flip-flop: another product comes before its own colourway.",
            ),
            Option(
                "Yes, but only with a better network.",
                "A better network still sees colour. And another product may look the same.",
            ),
            Option(
                "Yes, if the limit is high enough.",
                "The highest score of all in MiniZap, 0.984, is of two different products.",
            ),
            Option(
                "No: some colourways score lower than some other products.",
                "A score says what looks alike. What is the same product has to be known.",
                right=True,
            ),
        ),
    ),
    Question(
        "05-d",
        goal=4,
        text="Why does the mirrored photo find no oxfords?",
        options=(
            Option(
                "The network has never seen a mirrored shoe.",
                "ImageNet's photos show things from both sides. The network can see this shoe.",
            ),
            Option(
                "Left and right are different features here, and all toes in the catalogue point left.",
                "The vector holds averages of four quarters of the picture. Mirrored, they change places.",
                right=True,
            ),
            Option(
                "Mirroring damages the picture.",
                "No pixel changes its colour. Pixels only change places.",
            ),
        ),
    ),
)
