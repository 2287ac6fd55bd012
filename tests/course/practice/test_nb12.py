"""12's exercises: right in any spelling, wrong for a reason; and its cells without the library."""

import re

import numpy as np
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
    assert not re.search(r"^\s*(import|from) zapsim", before, re.MULTILINE)


def filtered(scores, table, key, column, value, k):
    left = scores.loc[key, table[column].eq(value) & (table.index != key)]
    return left.sort_values(ascending=False).index[:k].tolist()


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


def test_a_filter_is_right_however_it_is_written():
    assert verdict("12-1", solved("12-1", {})["my_similar"]).state == "right"
    assert verdict("12-1", filtered).state == "right"
    assert verdict("12-1", lambda *_: None).state == "open"


@pytest.mark.filterwarnings("ignore:Boolean Series key")
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (after, "after taking"),
        (itself, "among its own"),
        (farthest, "least similar"),
        (unfiltered, "no effect"),
        (dropped_late, "Drop it first"),
    ],
)
def test_a_wrong_filter_hears_what_is_behind_it(answer, says):
    judged = verdict("12-1", answer)
    assert judged.state == "wrong"
    assert says in judged.says


@pytest.mark.keras
def test_another_cut():
    from keras.applications.vgg16 import VGG16, preprocess_input
    from keras.models import Model

    vgg = VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    few = np.random.default_rng(0).normal(0, 50, (3, 32, 32, 3)).astype("float32")
    names = solved("12-2", {"vgg": vgg, "few": few, "Model": Model})
    block3, right = names["block3"], names["my_features"]
    maps = block3.predict(few, verbose=0)
    for answer in (right, right.tolist(), right.astype("float64")):
        assert verdict("12-2", answer, vgg, few).state == "right"
    wrong = {
        "maps themselves": maps,
        "over the channels": maps.mean(axis=-1),
        "after another block": np.ones((3, 512)),
        "four means": np.ones((3, 1024)),
        "largest value": maps.max(axis=(1, 2)),
        "The root": np.sqrt(right),
        "a second time": block3.predict(preprocess_input(few.copy()), verbose=0).mean(axis=(1, 2)),
    }
    for says, answer in wrong.items():
        judged = verdict("12-2", answer, vgg, few)
        assert judged.state == "wrong"
        assert says in judged.says
