"""network.py: sizes and costs from the literature, and the cut against Keras' own VGG16."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zapsim
from zapsim.vgg16.network import (
    LAYERS,
    averaging,
    feature_vectors,
    grid_averages,
    layer_costs,
    map_size,
    outputs_of,
    preprocessed,
    truncated_vgg16,
)

pytestmark = pytest.mark.keras


def noise(size, n=1):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), np.uint8)


# --- arithmetic ------------------------------------------------------------------------------


def test_layer_costs_are_vgg16s():
    costs = layer_costs(224)
    # Keras counts 138,357,544 parameters, 4,097,000 of them in the classifier.
    assert costs["parameters"].sum() == 138_357_544 - 4_097_000
    # 15.5 billion multiply-adds is the figure usually given for VGG16.
    assert costs["million_multiply_adds"].sum() == pytest.approx(15_470 - 4, abs=10)
    assert costs.loc["block5_pool", "map_size"] == 7
    assert 0.99 < costs.loc["fc2", "cost_so_far"] < 1
    assert costs["cost_so_far"].is_monotonic_increasing


def test_n_features_and_map_size_are_those_of_the_real_network():
    import keras

    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=(96, 96, 3))
    for layer in [layer for layer in LAYERS if layer.startswith("block")]:
        _, side, _, channels = vgg16.get_layer(layer).output.shape
        assert map_size(layer, 96) == side
        assert zapsim.VGG16Extractor(layer, 1, 96).n_features == channels
        assert zapsim.VGG16Extractor(layer, "flat", 96).n_features == channels * side**2
    assert zapsim.VGG16Extractor().n_features == 2048


@given(st.integers(1, 40).flatmap(lambda side: st.tuples(st.just(side), st.integers(1, side))))
def test_averaging_covers_every_cell_with_equal_weights(side_and_grid):
    side, grid = side_and_grid
    weights = averaging(side, grid)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights > 0).any(axis=0).all(), "a cell that no average sees"
    if side % grid == 0:
        np.testing.assert_array_equal(
            weights, np.kron(np.eye(grid), np.full((1, side // grid), np.float32(grid / side)))
        )


def test_grid_averages_of_numbers_that_are_averaged_by_eye():
    maps = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(grid_averages(maps, 2)[0, ..., 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(grid_averages(maps, 1)[0, ..., 0], [[7.5]])
    assert grid_averages(maps, "flat") is maps
    assert grid_averages(maps, 2).dtype == np.float64


def test_feature_vectors_are_ordered_by_row_column_channel_and_are_those_of_float16():
    maps = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(feature_vectors(maps, "flat", 1), [np.arange(8)])
    root = feature_vectors(maps, 1, 0.5)
    np.testing.assert_array_equal(root, np.float16(np.sqrt([[3.0, 4.0]])).astype(np.float32))
    assert feature_vectors(np.ones((3, 5), np.float32), None, 1).shape == (3, 5)
    assert feature_vectors(np.empty((0, 2, 2, 4), np.float32), 2, 1).shape == (0, 16)


def test_prepared_as_keras_prepares():
    from keras.applications.vgg16 import preprocess_input

    pictures = noise(8, n=2)
    expected = preprocess_input(pictures.astype(np.float32))
    np.testing.assert_allclose(preprocessed(pictures), expected, atol=1e-4)


# --- in Keras --------------------------------------------------------------------------------


def test_the_articles_cut_is_keras_second_to_last_layer():
    import keras

    cut = truncated_vgg16("fc2", 224, None)
    vgg16 = keras.applications.VGG16(weights=None)
    article = keras.Model(vgg16.input, vgg16.layers[-2].output)
    article.set_weights(cut.get_weights())
    batch = keras.applications.vgg16.preprocess_input(noise(224).astype(np.float32))
    expected = article.predict(batch, verbose=0)
    assert expected.std() > 0, "random weights must not silence the network"
    np.testing.assert_allclose(cut.predict(batch, verbose=0), expected, rtol=1e-5)


def test_several_outputs_are_those_of_the_layers_one_by_one():
    model = truncated_vgg16("block2_pool", 32, None)
    pictures = preprocessed(noise(32, n=2))
    first, last = outputs_of(model, ["block1_pool", "block2_pool"])(pictures)
    assert first.shape == (2, 16, 16, 64)
    np.testing.assert_allclose(last, model(pictures), rtol=1e-5)


def test_keras_global_settings_are_left_as_they_were():
    import keras

    before = keras.config.dtype_policy().name
    model = truncated_vgg16("block1_pool", 32, None, "float16")
    assert model.layers[-1].dtype_policy.name == "float16"
    assert keras.config.dtype_policy().name == before


LOAD = "from zapsim.vgg16.network import prepare_tensorflow; prepare_tensorflow()"


@pytest.mark.parametrize("level", [None, "2", "3"])
def test_loading_tensorflow_writes_nothing_in_red(level):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": level} if level else {}
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_session_with_many_networks_writes_nothing_in_red():
    code = (
        "import numpy as np, zapsim\n"
        "picture = np.zeros((32, 32, 3), np.uint8)\n"
        "for layer in [f'block{n}_pool' for n in range(1, 6)] + ['block3_conv1', 'block4_conv1']:\n"
        "    zapsim.VGG16Extractor(layer, 1, 32, weights=None).extract(picture)\n"
    )
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("TF_CPP")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=True)
    assert done.stdout.count("random weights") == 7
    assert done.stderr == ""


def test_where_keras_is_missing_the_error_names_what_installs_it():
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "import zapsim, numpy as np\n"
        "picture = np.zeros((128, 128, 3), np.uint8)\n"
        "assert zapsim.VGG16Extractor().extract(picture).shape == (2048,)\n"
        "zapsim.VGG16Extractor('block5_pool').extract(picture)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ImportError: This needs Keras and TensorFlow" in done.stderr
    assert "pip install 'zapsim[keras]'" in done.stderr
