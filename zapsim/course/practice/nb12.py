"""12 · Without zapsim: what is practised, right answers, and what is behind wrong ones."""

import numpy as np
import pandas as pd

from zapsim.course.exercise import Exercise, Mistake
from zapsim.course.question import Option, Question

GOALS = (
    "run the article's program in today's Keras, and say what had to change",
    "read a whole recommender that needs no zapsim, and say where it ends",
    "extend it: by a filter, and by another cut",
)

_KEYS = list("abcdef")
_TABLE = pd.DataFrame(
    {"Category": ["Boots", "Shoes"] * 3, "Brand": ["Aye", "Aye", "Bee", "Bee", "Aye", "Aye"]}, _KEYS
)
# a's neighbours by falling score: e c b f d, and b's: d f e a c. Neither is the table's order.
_SCORES = pd.DataFrame(
    [
        [1.0, 0.7, 0.8, 0.3, 0.9, 0.5],
        [0.7, 1.0, 0.2, 0.95, 0.75, 0.85],
        [0.8, 0.2, 1.0, 0.45, 0.4, 0.6],
        [0.3, 0.95, 0.45, 1.0, 0.1, 0.15],
        [0.9, 0.75, 0.4, 0.1, 1.0, 0.65],
        [0.5, 0.85, 0.6, 0.15, 0.65, 1.0],
    ],
    _KEYS,
    _KEYS,
)
# The last two queries are none of those that match.
_ASKED = (
    ("a", "Category", "Boots", 2),
    ("a", "Brand", "Aye", 2),
    ("a", "Brand", "Aye", 1),
    ("b", "Category", "Boots", 2),
    ("b", "Brand", "Bee", 2),
)


def _found(answer):
    return [_keys(answer, *asked) for asked in _ASKED]


def _keys(answer, key, column, value, k):
    try:
        found = answer(_SCORES.copy(), _TABLE.copy(), key, column, value, k)
    except KeyError as error:
        return f"KeyError: {error}"
    if found is None:
        return None
    if isinstance(found, pd.DataFrame):
        found = found.squeeze(axis=1)
    if not isinstance(found, (pd.Series, dict)):
        return "keys only"
    if not np.allclose(list(dict(found).values()), _SCORES.loc[key, list(dict(found))]):
        return "other scores"
    return list(dict(found))


def _each(choose):
    """Return what is answered if `choose` picks of (scores, key, keys that match, k)."""

    def answers():
        for key, column, value, k in _ASKED:
            match = _TABLE.index[_TABLE[column] == value]
            yield list(choose(_SCORES[key], key, match, k))

    return lambda: list(answers())


def _others(match, key):
    return match.drop(key, errors="ignore")


def _maps(vgg, few, layer="block3_pool"):
    from keras.models import Model

    # Called, not by `predict`: TensorFlow would warn of tracing too often.
    return np.asarray(Model(vgg.input, vgg.get_layer(layer).output)(few))


def _twice(vgg, few):
    from keras.applications.vgg16 import preprocess_input

    return _maps(vgg, preprocess_input(few.copy())).mean(axis=(1, 2))


def _shapes(width, rows=None, columns=None):
    """Return what is answered for the two shapes; by default both are right but for the width."""

    def answer(vgg_custom, files):
        n = len(files) if rows is None else rows
        square = (n, n) if columns is None else (n, columns(vgg_custom))
        return [(n, width(vgg_custom)), square]

    return answer


def _width(vgg_custom):
    return vgg_custom.output.shape[-1]


EXERCISES = (
    Exercise(
        "12-1",
        goal=1,
        expected=_shapes(_width),
        mistakes=(
            Mistake(
                "64 is the batch size: how many pictures go through the network together. It moves no shape: "
                "a row comes out for each of the fifty pictures.",
                value=_shapes(_width, rows=64),
            ),
            Mistake(
                "`preds` is right. But the matrix compares pictures with pictures: both of its sides are as many "
                "as there are pictures.",
                value=_shapes(_width, columns=_width),
            ),
            Mistake(
                "This is the matrix of 5,000 pictures, as the article drew them. Here fifty are drawn.",
                value=_shapes(_width, rows=5000),
            ),
            Mistake(
                "The matrix is right. But a picture's numbers are as many as the output that was printed "
                "above says: its second number.",
                when=lambda got, vgg_custom, files: (
                    tuple(got[1]) == (len(files), len(files)) and got[0][0] == len(files)
                ),
            ),
            Mistake(
                "`None` stands for any number of pictures. You know how many there are.",
                when=lambda got, vgg_custom, files: None in (*got[0], *got[1]),
            ),
            Mistake(
                "This is one shape. Two are wanted: that of `preds`, then that of the matrix.",
                when=lambda got, vgg_custom, files: np.shape(got) == (2,),
            ),
        ),
        hints=(
            "`preds` has a row for each picture. How many numbers does the network give for one?",
            "The printed output says `(None, …)`: any number of pictures, and so many numbers for each.",
            "`[(50, …), (50, 50)]`: put the number of the printed output in.",
        ),
        solution="""
numbers = vgg_custom.output.shape[-1]
my_shapes = [(len(files), numbers), (len(files), len(files))]
""",
        explains="With 50,025 pictures the matrix would have 2.5 billion numbers: 10 GB in 32 bits.",
    ),
    Exercise(
        "12-2",
        goal=3,
        call=_found,
        expected=_each(lambda s, key, match, k: s[_others(match, key)].nlargest(k).index),
        mistakes=(
            Mistake(
                "Your function looks at the notebook's own `scores` or `table`: the keys that it is tried with "
                "are not in there. Use what is passed in.",
                when=lambda got: all(isinstance(each, str) and "KeyError" in each for each in got),
            ),
            Mistake(
                "These are keys only. A Series is wanted: the scores by key, as `similar` gives them.",
                when=lambda got: "keys only" in got,
            ),
            Mistake(
                "The keys come with other numbers than their scores with the query.",
                when=lambda got: "other scores" in got,
            ),
            Mistake(
                "You filter after taking the k nearest. What does not match is lost, and fewer than k are left.",
                value=_each(
                    lambda s, key, match, k: (
                        s.drop(key).nlargest(k).index.intersection(match, sort=False)
                    )
                ),
            ),
            Mistake(
                "The query is among its own neighbours. Drop it before you take the largest.",
                value=_each(lambda s, key, match, k: s[match].nlargest(k).index),
            ),
            Mistake(
                "These are the least similar. A higher score is nearer: `nlargest`, or sort descending.",
                value=_each(lambda s, key, match, k: s[_others(match, key)].nsmallest(k).index),
            ),
            Mistake(
                "These are the first that match, in the order of the table. The nearest are wanted: `nlargest`.",
                value=_each(lambda s, key, match, k: _others(match, key)[:k]),
            ),
            Mistake(
                "The filter has no effect: items with another value are among them.",
                value=_each(lambda s, key, match, k: s.drop(key).nlargest(k).index),
            ),
            Mistake(
                "A KeyError: the query need not match the filter itself. Drop it first, then filter.",
                when=lambda got: any(isinstance(each, str) for each in got),
            ),
            Mistake(
                "With another column than Category the filter does not work. Use the argument `column`.",
                when=lambda got: got[0] == ["e", "c"] and got[1] in (["e", "c"], []),
            ),
            Mistake(
                "The number of neighbours is not k. Try `k=1`.",
                when=lambda got: len(got[2]) != 1,
            ),
            Mistake(
                "The right ones, but not the nearest first.",
                when=lambda got: (
                    [sorted(each) for each in got]
                    == [
                        sorted(each)
                        for each in _each(
                            lambda s, key, match, k: s[_others(match, key)].nlargest(k).index
                        )()
                    ]
                ),
            ),
            Mistake(
                "Some are right. Try it with a query that does not match the filter, and with another column.",
                when=lambda got: True,
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
        "12-3",
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
                "These are the maps before the pool, after `block3_conv3`. Cut at `block3_pool`.",
                value=lambda vgg, few: _maps(vgg, few, "block3_conv3").mean(axis=(1, 2)),
            ),
            Mistake(
                "You summed each map. The mean is wanted.",
                value=lambda vgg, few: _maps(vgg, few).sum(axis=(1, 2)),
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
            Mistake(
                "The shape is right, the numbers are not. Let the cut network see `few` itself, as it is.",
                when=lambda got, vgg, few: np.shape(got) == (len(few), 256),
            ),
        ),
        hints=(
            "Cut as above, with another name, and let the new model predict `few`.",
            "The maps have the shape (10, side, side, 256). Average over the two sides, axes 1 and 2.",
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
