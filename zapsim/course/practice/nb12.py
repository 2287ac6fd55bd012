"""12 · Without zapsim: what is practised, right answers, and what is behind wrong ones."""

import numpy as np
import pandas as pd

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "run the article's program in today's Keras, and say what had to change",
    "write the whole recommender without zapsim, and say where it ends",
    "extend it: by a filter, and by another cut",
)

_KEYS = list("abcdef")
_TABLE = pd.DataFrame({"Category": ["Boots", "Shoes"] * 3}, _KEYS)
# a's and b's neighbours by falling score: b c d e f, and a d c f e.
_SCORES = pd.DataFrame(
    [
        [1.0, 0.9, 0.8, 0.7, 0.6, 0.5],
        [0.9, 1.0, 0.6, 0.8, 0.3, 0.4],
        [0.8, 0.6, 1.0, 0.5, 0.4, 0.3],
        [0.7, 0.8, 0.5, 1.0, 0.2, 0.1],
        [0.6, 0.3, 0.4, 0.2, 1.0, 0.7],
        [0.5, 0.4, 0.3, 0.1, 0.7, 1.0],
    ],
    _KEYS,
    _KEYS,
)
# The last query is none of those that match.
_ASKED = (("a", "Boots"), ("b", "Shoes"), ("b", "Boots"))


def _found(answer):
    return [_keys(answer, key, value) for key, value in _ASKED]


def _keys(answer, key, value):
    try:
        found = answer(_SCORES.copy(), _TABLE.copy(), key, "Category", value, 2)
    except KeyError as error:
        return f"KeyError: {error}"
    if found is None:
        return None
    return list(found.index if isinstance(found, (pd.Series, pd.DataFrame)) else found)


def _each(choose):
    def matching(key, value):
        return _TABLE.index[_TABLE["Category"] == value]

    return lambda: [list(choose(_SCORES[key], key, matching(key, value))) for key, value in _ASKED]


def _maps(vgg, few):
    from keras.models import Model

    # Called, not by `predict`: TensorFlow would warn of tracing too often.
    return np.asarray(Model(vgg.input, vgg.get_layer("block3_pool").output)(few))


def _twice(vgg, few):
    from keras.applications.vgg16 import preprocess_input

    return _maps(vgg, preprocess_input(few.copy())).mean(axis=(1, 2))


EXERCISES = (
    Exercise(
        "12-1",
        goal=3,
        call=_found,
        expected=_each(
            lambda s, key, match: s.drop(key)[match.drop(key, errors="ignore")].nlargest(2).index
        ),
        mistakes=(
            Mistake(
                "You filter after taking the k nearest. What does not match is lost, and fewer than k are left.",
                value=_each(
                    lambda s, key, match: s.drop(key).nlargest(2).index.intersection(match)
                ),
            ),
            Mistake(
                "The query is among its own neighbours. Drop it before you take the largest.",
                value=_each(lambda s, key, match: s[match].nlargest(2).index),
            ),
            Mistake(
                "These are the least similar. A higher score is nearer: `nlargest`, or sort descending.",
                value=_each(
                    lambda s, key, match: s[match.drop(key, errors="ignore")].nsmallest(2).index
                ),
            ),
            Mistake(
                "The filter has no effect: items with another value are among them.",
                value=_each(lambda s, key, match: s.drop(key).nlargest(2).index),
            ),
            Mistake(
                "A KeyError: the query need not match the filter itself. Drop it first, then filter.",
                when=lambda got: any(isinstance(each, str) for each in got),
            ),
        ),
        hints=(
            "First decide who may be shown, then take the k nearest of those.",
            "`scores[key].drop(key)` has all but the query. Keep those whose row in `table` matches.",
            "`allowed = table.index[table[column] == value]`, then `left = scores[key].drop(key)`, "
            "and `left[left.index.isin(allowed)].nlargest(k)`.",
        ),
        solution='''
def my_similar(scores, table, key, column, value, k):
    """Return the k nearest items with a value in a column (Series of scores by key)."""
    allowed = table.index[table[column] == value]
    left = scores[key].drop(key)
    return left[left.index.isin(allowed)].nlargest(k)
''',
        explains="First filter, then take the nearest: so k items are shown if there are k.",
    ),
    Exercise(
        "12-2",
        goal=3,
        expected=lambda vgg, few: _maps(vgg, few).mean(axis=(1, 2)),
        mistakes=(
            Mistake(
                "These are the maps themselves. One number of each is wanted: the mean over rows and columns.",
                when=lambda got, vgg, few: np.ndim(got) == 4,
            ),
            Mistake(
                "You averaged over the channels. Then one map is left, and what each filter found is mixed.",
                when=lambda got, vgg, few: np.ndim(got) == 3,
            ),
            Mistake(
                "This is cut after another block: block3_pool has 256 channels, the next ones have 512.",
                when=lambda got, vgg, few: np.shape(got)[1] == 512,
            ),
            Mistake(
                "These are four means of each map, as `vectors` makes them. Here the whole map is averaged.",
                when=lambda got, vgg, few: np.shape(got)[1] == 4 * 256,
            ),
            Mistake(
                "This is the largest value of each map. The mean is wanted.",
                value=lambda vgg, few: _maps(vgg, few).max(axis=(1, 2)),
            ),
            Mistake(
                "The root is taken here. Good for the recommender, but the plain mean was asked for.",
                value=lambda vgg, few: np.sqrt(_maps(vgg, few).mean(axis=(1, 2))),
            ),
            Mistake(
                "`few` was preprocessed a second time. Nothing raises an error, but the numbers are wrong.",
                value=_twice,
            ),
        ),
        hints=(
            "Cut as above, with another name, and let the new model predict `few`.",
            "The maps have the shape (20, side, side, 256). Average over the two sides, axes 1 and 2.",
            '`Model(vgg.input, vgg.get_layer("block3_pool").output).predict(few, verbose=0).mean(axis=(1, 2))`',
        ),
        solution="""
block3 = Model(vgg.input, vgg.get_layer("block3_pool").output)
my_features = block3.predict(few, verbose=0).mean(axis=(1, 2))
""",
        explains="Whether they are better features is a question to measure: see 07 and 08.",
    ),
)

QUESTIONS = (
    Question(
        "12-a",
        goal=1,
        text="`ImageDataGenerator` is gone, so you write the loading yourself. What must be the same for the catalogue and for a query?",
        options=(
            Option(
                "The size alone, because the network wants 224×224.",
                "Another way of resizing or another colour order has the same size. It gives other features, and no error.",
            ),
            Option(
                "The size, the way of resizing, and the preprocessing.",
                "All pictures then take the same path. Only the pictures themselves make a difference.",
                right=True,
            ),
            Option(
                "The batch size.",
                "Each picture is computed alone, whatever is in its batch. The batch size only changes the speed.",
            ),
            Option(
                "The order in which the files are found.",
                "It decides which row is whose. But each row's numbers do not depend on the others.",
            ),
        ),
    ),
    Question(
        "12-b",
        goal=2,
        text="The article leaves out the first of the sorted column. `similar` leaves out the query by its key. When do they differ?",
        options=(
            Option(
                "Never: the query is always the most similar to itself.",
                "Its score is the highest, but another item may have the same one. Then either may come first.",
            ),
            Option(
                "If k is larger than the number of items.",
                "Both then return all that there are, without one.",
            ),
            Option(
                "If the shop has the same picture twice.",
                "Both copies have score 1. If the copy comes first, the article drops it, and recommends the query itself.",
                right=True,
            ),
        ),
    ),
    Question(
        "12-c",
        goal=2,
        text="Your shop grows from 50,000 to 100,000 pictures. Which part of the sixty lines needs four times the memory?",
        options=(
            Option(
                "`scores`, the matrix of all pairs.",
                "Twice the rows and twice the columns: from 10 to 40 GB. Nearest neighbours can be found without it, see 04.",
                right=True,
            ),
            Option("`features`.", "Twice the rows, the same 2,048 columns: this is twice as much."),
            Option("`pictures`.", "One more picture is one more row: this is twice as much."),
            Option(
                "`vgg`, the network.",
                "Its weights do not depend on how many pictures it sees. Nothing grows here.",
            ),
        ),
    ),
)
