"""12's exercises: right in any spelling, wrong for a reason; and its cells without the library."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tools import build_notebooks as builder
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise

SOURCE = (builder.NOTEBOOKS / "src" / "12_without_zapsim.py").read_text(encoding="utf-8")


def verdict(name, answer, *given):
    return judge(find_exercise(name), answer, *given)


def solved(name, names):
    exec(find_exercise(name).solution, names)
    return names


def test_about_sixty_lines_recommend_and_none_of_them_imports_the_library():
    before, _, after = SOURCE.partition("# ## Does zapsim agree?")
    assert "\nimport zapsim" in after
    lines = before.split("# ## Part 2")[1].splitlines()
    assert 50 <= sum(bool(line) and not line.startswith("#") for line in lines) <= 75
    ours = re.findall(r"^\s*(?:import|from) zapsim.*", before, re.MULTILINE)
    assert ours == ["from zapsim.course import check, goals, hint, question, solution"]
    assert not re.search(r"^(check|question)\(", "\n".join(lines), re.MULTILINE)


NETWORK, FILES = SimpleNamespace(output=np.zeros((1, 512))), pd.Series(list("abcd"))


def test_shapes_are_right_as_lists_and_tuples():
    names = solved("12-1", {"vgg_custom": NETWORK, "files": FILES})
    for answer in (names["my_shapes"], ((4, 512), (4, 4)), np.array([[4, 512], [4, 4]])):
        assert verdict("12-1", answer, NETWORK, FILES).state == "right"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([(64, 512), (64, 64)], "batch size"),
        ([(4, 512), (4, 512)], "pictures with pictures"),
        ([(5000, 512), (5000, 5000)], "as the article drew"),
        ([(4, 4096), (4, 4)], "The matrix is right"),
        ([(4, 7, 7, 512), (4, 4)], "The matrix is right"),
        ([(None, 512), (None, None)], "any number of pictures"),
        ((4, 512), "one shape"),
    ],
)
def test_a_wrong_shape_hears_what_is_behind_it(answer, says):
    judged = verdict("12-1", answer, NETWORK, FILES)
    assert judged.state == "wrong"
    assert says in judged.says


def filtered(scores, table, key, column, value, k):
    left = scores.loc[key, table[column].eq(value) & (table.index != key)]
    return left.sort_values(ascending=False)[:k].to_dict()


def after(scores, table, key, column, value, k):
    found = scores[key].drop(key).nlargest(k)
    return found[table.loc[found.index, column] == value]


def itself(scores, table, key, column, value, k):
    return scores[key][table[column] == value].nlargest(k)


def farthest(scores, table, key, column, value, k):
    return scores[key].drop(key)[table[column] == value].sort_values()[:k]


def unfiltered(scores, table, key, column, value, k):
    return scores[key].drop(key).nlargest(k)


def dropped_late(scores, table, key, column, value, k):
    return itself(scores, table, key, column, value, len(table)).drop(key)[:k]


def unsorted(scores, table, key, column, value, k):
    return scores[key].drop(key)[table[column] == value].head(k)


def one_column(scores, table, key, column, value, k):
    return filtered(scores, table, key, "Category", value, k)


def keys_only(scores, table, key, column, value, k):
    return list(filtered(scores, table, key, column, value, k))


def zeros(scores, table, key, column, value, k):
    return pd.Series(filtered(scores, table, key, column, value, k)) * 0


def five(scores, table, key, column, value, k):
    return filtered(scores, table, key, column, value, 5)


def turned(scores, table, key, column, value, k):
    return pd.Series(filtered(scores, table, key, column, value, k))[::-1]


def of_the_notebook(scores, table, key, column, value, k):
    return pd.DataFrame(0, ["x"], ["x"])[key]


def test_a_filter_is_right_however_it_is_written():
    assert verdict("12-2", solved("12-2", {})["my_similar"]).state == "right"
    assert verdict("12-2", filtered).state == "right"
    assert verdict("12-2", lambda *_: None).state == "open"


@pytest.mark.filterwarnings("ignore:Boolean Series key")
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (after, "after taking"),
        (itself, "among its own"),
        (farthest, "least similar"),
        (unfiltered, "no effect"),
        (dropped_late, "Drop it first"),
        (unsorted, "in the order of the table"),
        (one_column, "another column"),
        (keys_only, "keys only"),
        (zeros, "other numbers"),
        (five, "not k"),
        (turned, "nearest first"),
        (of_the_notebook, "passed in"),
    ],
)
def test_a_wrong_filter_hears_what_is_behind_it(answer, says):
    judged = verdict("12-2", answer)
    assert judged.state == "wrong"
    assert says in judged.says


@pytest.mark.keras
def test_another_cut():
    from keras.applications.vgg16 import VGG16, preprocess_input
    from keras.models import Model

    vgg = VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    few = np.random.default_rng(0).normal(0, 50, (3, 32, 32, 3)).astype("float32")
    names = solved("12-3", {"vgg": vgg, "few": few, "Model": Model})
    block3, right = names["block3"], names["my_features"]
    maps = block3.predict(few, verbose=0)
    block3_conv3 = Model(vgg.input, vgg.get_layer("block3_conv3").output)
    for answer in (right, right.tolist(), right.astype("float64")):
        assert verdict("12-3", answer, vgg, few).state == "right"
    wrong = {
        "maps themselves": maps,
        "over the channels": maps.mean(axis=-1),
        "after another block": np.ones((3, 512)),
        "four means": np.ones((3, 1024)),
        "largest value": maps.max(axis=(1, 2)),
        "The root": np.sqrt(right),
        "summed": maps.sum(axis=(1, 2)),
        "before the pool": block3_conv3.predict(few, verbose=0).mean(axis=(1, 2)),
        "as it is": np.ones(right.shape),
        "a second time": block3.predict(preprocess_input(few.copy()), verbose=0).mean(axis=(1, 2)),
    }
    for says, answer in wrong.items():
        judged = verdict("12-3", answer, vgg, few)
        assert judged.state == "wrong"
        assert says in judged.says
