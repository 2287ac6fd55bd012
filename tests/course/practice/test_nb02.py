"""Notebook 02's practice: what passes, and what wrong answers hear."""

import numpy as np
import pandas as pd
import pytest

from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise

BLUE_FIRST = np.array([103.939, 116.779, 123.68])


def state(name, answer, *given):
    return judge(find_exercise(name), answer, *given).state


def heard(name, answers, *given):
    """Return what each of some wrong answers hears; no two hear the same."""
    verdicts = [judge(find_exercise(name), answer, *given) for answer in answers]
    assert {verdict.state for verdict in verdicts} == {"wrong"}
    said = [verdict.says for verdict in verdicts]
    assert len(set(said)) == len(said)
    return said


def solved(name, **names):
    """Run an exercise's solution; return what it defines."""
    exec(find_exercise(name).solution, names)
    return names


def test_a_row_by_pencil():
    assert state("02-1", ...) == "open"
    assert state("02-1", solved("02-1")["my_row"]) == "right"
    for right in [(-24, -24, 24), np.array([-24.0, -24, 24]), pd.Series([-24, -24, 24])]:
        assert state("02-1", right) == "right"
    wrong = [
        [24, 24, 24],
        [24, 24, -24],
        [-8, -8, 8],
        [-24 / 9, -24 / 9, 24 / 9],
        [0, 0, 24],
        [0, -24, -24, 24, 0],
    ]
    said = heard("02-1", wrong)
    for words, sentence in zip(
        ["signs", "turned round", "one row", "averaged", "negative sums", "five numbers"],
        said,
        strict=True,
    ):
        assert words in sentence


def test_a_pool():
    assert state("02-2", lambda values: None) == "open"
    assert state("02-2", solved("02-2", np=np)["my_pool"]) == "right"

    def by_loops(values):
        rows, columns = range(0, len(values), 2), range(0, values.shape[1], 2)
        return [[values[r : r + 2, c : c + 2].max() for c in columns] for r in rows]

    def by_slices(values):
        return np.max([values[r::2, c::2] for r in (0, 1) for c in (0, 1)], axis=0).astype(float)

    assert state("02-2", by_loops) == "right"
    assert state("02-2", by_slices) == "right"

    def cells(values):
        return values.reshape(len(values) // 2, 2, values.shape[1] // 2, 2)

    said = heard(
        "02-2",
        [
            lambda values: cells(values).mean(axis=(1, 3)),
            lambda values: values[::2, ::2],
            lambda values: np.maximum(values[1:, 1:], values[:-1, :-1]),
            lambda values: cells(values).max(axis=(2, 3)),
            np.max,
        ],
    )
    for words, sentence in zip(
        ["mean", "upper left", "overlap", "axes", "one number"], said, strict=True
    ):
        assert words in sentence


def test_preprocessing_mended():
    def right(rgb):
        values = np.empty(rgb.shape, np.float32)
        for place, mean in enumerate(BLUE_FIRST):
            values[..., place] = rgb[..., 2 - place] - mean
        return values

    assert state("02-3", right) == "right"
    assert state("02-3", lambda rgb: right(rgb).tolist()) == "right"
    assert state("02-3", solved("02-3")["my_preprocess"]) == "right"
    assert state("02-3", lambda rgb: None) == "open"
    said = heard(
        "02-3",
        [
            lambda rgb: (rgb - BLUE_FIRST)[..., ::-1],
            lambda rgb: rgb - BLUE_FIRST[::-1],
            lambda rgb: rgb - BLUE_FIRST,
            lambda rgb: rgb[..., ::-1],
            lambda rgb: rgb[::-1] - BLUE_FIRST,
            lambda rgb: rgb[..., ::-1] / 255,
        ],
    )
    for words, sentence in zip(
        [
            "before the order",
            "still red",
            "Red is still first",
            "means are still",
            "upside",
            "scaled",
        ],
        said,
        strict=True,
    ):
        assert words in sentence


@pytest.mark.keras
def test_keras_prepares_a_picture_in_the_same_way():
    from keras.applications.vgg16 import preprocess_input

    assert state("02-3", preprocess_input) == "right"


@pytest.mark.keras
def test_a_cut_elsewhere():
    from zapsim.vgg16.network import prepare_tensorflow

    prepare_tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    vgg = keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 3))
    ready = np.random.default_rng(0).normal(0, 60, (1, 64, 64, 3)).astype(np.float32)
    given, layers = (vgg, ready), ("block3_pool", "block4_pool", "block5_pool")
    names = {"keras": keras, "np": np, "vgg": vgg, "ready": ready}
    right = [16, 256, 1024]
    vector = solved("02-4", **names)["my_vector"]
    assert state("02-4", vector, right, *given) == "right"
    assert state("02-4", vector, np.array(right), *given) == "right"
    assert state("02-4", lambda layer: None, ..., *given) == "open"

    outputs = [vgg.get_layer(layer).output for layer in layers]
    maps = dict(zip(layers, map(np.asarray, keras.Model(vgg.input, outputs)(ready)), strict=True))

    def means(layer):
        quarters = np.array_split(maps[layer][0], 2)
        return np.stack(
            [[part.mean((0, 1)) for part in np.array_split(half, 2, axis=1)] for half in quarters]
        )

    def by_parts(layer):
        return np.sqrt(means(layer)).ravel().tolist()

    assert state("02-4", by_parts, tuple(right), *given) == "right"
    said = heard(
        "02-4",
        [
            lambda layer: means(layer).ravel(),
            lambda layer: np.sqrt(maps[layer][0].mean(axis=(0, 1))),
            lambda layer: np.sqrt(maps[layer].ravel()),
            lambda layer: np.sqrt(means("block4_pool").ravel()),
            lambda layer: np.sqrt(means(layer)),
        ],
        right,
        *given,
    )
    for words, sentence in zip(
        ["square root", "one average", "whole maps", "`layer`", "ravel"], said, strict=True
    ):
        assert words in sentence
    predicted = [..., [8, 256, 1024], [16, 512, 1024], [16, 256, 65536]]
    said = [judge(find_exercise("02-4"), vector, each, *given) for each in predicted]
    for words, verdict in zip(["prediction", "side", "how many maps", "four"], said, strict=True):
        assert verdict.state == "wrong"
        assert verdict.says.startswith("Your function is right.")
        assert words in verdict.says
