"""own_network.py: any network takes VGG16's path, and none is taken for another."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import zapsim
from zapsim.features import Extractor

pytestmark = pytest.mark.keras
if find_spec("tensorflow"):
    import keras
    from keras import layers


def network(*parts, size=32, seed=0):
    """Build a small network; the same weights for the same seed."""
    keras.utils.set_random_seed(seed)
    parts = parts or [layers.Conv2D(4, 3, name="maps"), layers.Conv2D(5, 3, activation="relu")]
    return keras.Sequential([keras.Input((size, size, 3)), *parts])


def scaled(pictures):
    return pictures / 127.5 - 1


@pytest.fixture(scope="module")
def mobilenet():
    """Return one with random weights that keep the scale of a signal, as trained ones do."""
    model = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(96, 96, 3))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.name == "kernel":
            *fan_in, last = weight.shape
            fan_in = fan_in[:2] if last == 1 else fan_in
            weight.assign(rng.standard_normal(weight.shape) * np.sqrt(2 / np.prod(fan_in)))
    return model


@pytest.fixture
def some():
    return zapsim.load_catalogue().sample(6, seed=0)


def squares(extractor, catalogue):
    return np.stack([extractor.load(catalogue.read(key), key) for key in catalogue.keys])


# --- the features ----------------------------------------------------------------------------


def test_features_equal_the_steps_done_by_hand(some):
    model = network()
    extractor = zapsim.KerasExtractor(model, scaled, grid=2)
    features = extractor.extract(some)
    maps = model.predict(squares(extractor, some) / np.float32(127.5) - 1, verbose=0)
    halves = [slice(0, 14), slice(14, 28)]
    expected = np.concatenate([maps[:, r, c].mean(axis=(1, 2)) for r in halves for c in halves], 1)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4)
    assert features.shape == (6, 20)


def test_a_network_of_keras_applications_and_what_prepares_its_pictures(mobilenet, some):
    prepare = keras.applications.mobilenet_v2.preprocess_input
    extractor = zapsim.KerasExtractor(mobilenet, prepare)
    features = extractor.extract(some)
    ready = prepare(squares(extractor, some).astype(np.float32))
    expected = mobilenet.predict(ready, verbose=0).mean(axis=(1, 2))
    np.testing.assert_allclose(features, expected, rtol=2e-2, atol=1e-7)
    key = some.keys[2]
    predictor = zapsim.SimilarityPredictor(some, features, extractor=extractor)
    assert predictor.similar_to(some.picture(key), k=1)["key"].tolist() == [key]


def test_a_layer_that_is_a_network_itself_and_pictures_of_any_size(some):
    base = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)], name="base")
    pictures = keras.Input((None, None, 3))
    inside = base(layers.Rescaling(1 / 127.5, -1)(pictures))
    head = layers.Dense(3)(layers.GlobalAveragePooling2D()(inside))
    model = keras.Model(pictures, head)
    plain = zapsim.KerasExtractor(base, scaled, 40)
    cut = zapsim.KerasExtractor(model, None, 40, layer="base")
    np.testing.assert_allclose(cut.extract(some), plain.extract(some), rtol=1e-2, atol=1e-3)
    assert cut.side == 38
    whole = zapsim.KerasExtractor(model, None, 40)
    assert (whole.grid, whole.extract(some).shape) == (None, (6, 3))


def test_a_subclass_of_model_is_taken_in_one_piece(some):
    class Own(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.convolution = layers.Conv2D(4, 3)

        def call(self, pictures):
            return self.convolution(pictures)

    assert zapsim.KerasExtractor(Own(), None, 32).extract(some).shape == (6, 4)
    with pytest.raises(ValueError, match="does not say what square it was built for"):
        zapsim.KerasExtractor(Own(), None)


def test_one_of_several_outputs_is_chosen_by_its_layer():
    pictures = keras.Input((32, 32, 3))
    both = [layers.Conv2D(2, 3, name="a")(pictures), layers.Conv2D(3, 5, name="b")(pictures)]
    model = keras.Model(pictures, both)
    assert zapsim.KerasExtractor(model, None, layer="b").n_features == 3
    with pytest.raises(ValueError, match="Choose one by its name as layer"):
        zapsim.KerasExtractor(model, None)


# --- store, lab, heat maps, pickles ----------------------------------------------------------


def test_a_store_is_continued_by_the_same_network_in_another_session(some, tmp_path):
    first = zapsim.KerasExtractor(network(), scaled).extract(some, cache=tmp_path)
    # Keras numbers layers without a name on and on: here they have other names.
    model = network()
    model.trainable = False
    again = zapsim.KerasExtractor(model, lambda x: x / 127.5 - 1)
    again.maps = None
    np.testing.assert_array_equal(again.extract(some, cache=tmp_path), first)


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (lambda: (network(seed=1), scaled, {}), "weights"),
        (lambda: (network(), lambda x: x / 127.5, {}), "preprocess"),
        (lambda: (network(), None, {}), "preprocess"),
        (lambda: (network(), scaled, {"layer": "maps"}), "network"),
        (
            lambda: (
                network(layers.Conv2D(4, 3), layers.Conv2D(5, 3, activation="gelu")),
                scaled,
                {},
            ),
            "network",
        ),
        (lambda: (network(), scaled, {"grid": 2}), "grid"),
    ],
)
def test_a_store_of_another_network_is_refused(some, tmp_path, other, differs):
    zapsim.KerasExtractor(network(), scaled).extract(some, cache=tmp_path)
    model, preprocess, options = other()
    with pytest.raises(zapsim.StoreError, match=f"other settings: .*{differs} is "):
        zapsim.KerasExtractor(model, preprocess, **options).extract(some, cache=tmp_path)


def test_what_a_layer_is_called_is_no_part_of_a_network_and_what_it_does_is():
    def digest(activation, name):
        model = network(layers.Activation(activation, name=name))
        return zapsim.KerasExtractor(model, None).settings["network"]

    assert digest("relu", "relu") == digest("relu", "other") != digest("tanh", "tanh")
    assert digest("relu", "float32") == digest("relu", "other")


def own_layer():
    # Where Keras is missing, this file is read, too.
    class Scaled(layers.Layer):
        def call(self, x):
            return x * 2

    return Scaled()


def doubled(x):
    return x * 2


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (own_layer, "Scaled"),
        (lambda: layers.Activation(doubled), "doubled"),
        (lambda: layers.Conv2D(4, 3, activation=doubled), "doubled"),
        (lambda: layers.Lambda(lambda x: x * 2, output_shape=lambda shape: shape), "<lambda>"),
        (lambda: layers.TimeDistributed(layers.Dense(3, activation=doubled)), "doubled"),
        (lambda: keras.Sequential([layers.Conv2D(4, 3, activation=doubled)]), "doubled"),
    ],
)
def test_a_network_whose_parts_are_known_by_name_alone_has_no_store(own, named, some, tmp_path):
    extractor = zapsim.KerasExtractor(network(own()), scaled)
    with pytest.raises(ValueError, match=f"what .*{named}.* computes is known to Python alone"):
        extractor.extract(some, cache=tmp_path)
    assert len(extractor.extract(some)) == len(some)


def test_a_network_that_another_library_saved_has_no_store(some, tmp_path):
    keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3)]).export(
        tmp_path / "saved", format="tf_saved_model", verbose=False
    )
    saved = layers.TFSMLayer(str(tmp_path / "saved"), call_endpoint="serve")
    extractor = zapsim.KerasExtractor(network(saved), scaled)
    with pytest.raises(ValueError, match="what TFSMLayer computes is known to Python alone"):
        extractor.extract(some, cache=tmp_path / "store")


def test_how_a_part_is_trained_costs_no_store(some, tmp_path):
    class Own(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 0.0

        def get_config(self):
            return {}

    inside = keras.Sequential([layers.Conv2D(4, 3, kernel_regularizer=Own())])
    inside.compile(loss=lambda true, found: 0.0)
    model = network(
        inside, layers.Activation(keras.activations.gelu), layers.TimeDistributed(layers.Dense(2))
    )
    assert len(zapsim.KerasExtractor(model, scaled).extract(some, cache=tmp_path)) == len(some)


def test_a_network_that_is_trained_on_is_another(some):
    model = network()
    extractor = zapsim.KerasExtractor(model, scaled)
    extractor.extract(some)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    with pytest.raises(ValueError, match="have changed since .* Make a new KerasExtractor"):
        extractor.extract(some.picture(some.keys[0]))


def test_the_lab_cuts_it_at_many_layers_in_one_pass(some):
    extractor = zapsim.KerasExtractor(network(), scaled)
    last = extractor.layers[-1]
    cuts = zapsim.extract_cuts(some, [last, "maps"], [1, 2, 99], extractor=extractor)
    assert list(cuts) == [f"{layer} {g}×{g} at 32" for layer in ("maps", last) for g in (1, 2)]
    for (name, found), grid in zip(cuts.items(), [1, 2, 1, 2], strict=True):
        one = zapsim.KerasExtractor(extractor._given, scaled, layer=name.split()[0], grid=grid)
        np.testing.assert_allclose(found, one.extract(some), rtol=1e-2, atol=1e-3)
        assert found.attrs["extractor"] == one.settings
        assert np.isnan(found.attrs["million_multiply_adds"])
    with pytest.raises(ValueError, match="power cannot be given beside an extractor"):
        zapsim.extract_cuts(some, ["maps"], power=1, extractor=extractor)
    with pytest.raises(ValueError, match="Did you mean 'maps'"):
        zapsim.extract_cuts(some, ["map"], extractor=extractor)
    with pytest.raises(TypeError, match="extractor must be such as zapsim.KerasExtractor"):
        zapsim.extract_cuts(some, ["maps"], extractor=extractor._given)


def test_what_is_negative_is_explained_exactly_too(some):
    extractor = zapsim.KerasExtractor(network(), scaled, layer="maps", grid=2)
    features = extractor.extract(some)
    assert (features < 0).any(axis=None)
    predictor = zapsim.SimilarityPredictor(some, features, extractor=extractor)
    why = zapsim.explain(predictor, some.keys[0], some.keys[1], whole=True)
    for contributions in why.contributions:
        assert contributions.sum() == pytest.approx(why.score, abs=1e-5)


def test_features_do_not_hold_the_network(some):
    features = zapsim.KerasExtractor(network(), scaled).extract(some)
    predictor = zapsim.SimilarityPredictor(some, features)
    with pytest.raises(ValueError, match=r"a network of your own.* extractor=KerasExtractor\("):
        predictor.similar_to(some.picture(some.keys[0]))
    other = zapsim.KerasExtractor(network(seed=1), scaled)
    with pytest.raises(ValueError, match="made by another extractor"):
        zapsim.SimilarityPredictor(some, features, extractor=other)


def test_it_says_what_it_is():
    extractor = zapsim.KerasExtractor(network(), scaled, layer="maps", grid=2)
    assert isinstance(extractor, Extractor)
    name, digest = extractor._given.name, extractor.settings["weights"][7:15]
    assert repr(extractor) == (
        f"{name} to maps, 2×2 grid, 32×32: 16 features · your weights ({digest})"
    )


# --- bad input -------------------------------------------------------------------------------


def sequence():
    return network(layers.Reshape((1024, 3)))


def two_inputs():
    a, b = keras.Input((32, 32, 3)), keras.Input((32, 32, 3))
    return keras.Model([a, b], layers.add([a, b]))


def channels_first():
    return network(layers.Permute((3, 1, 2)), layers.MaxPooling2D(2, data_format="channels_first"))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (network, {"image_size": 64}, "does not take pictures of 64×64: it was built for 32×32"),
        (network, {"image_size": 0}, "image_size must be a whole number of at least 1"),
        (network, {"layer": "map"}, "Received: 'map'. Did you mean 'maps'"),
        (network, {"grid": 29}, "whole number from 1 to 28"),
        (network, {"power": 2}, "power must be a number above 0 and at most 1"),
        (network, {"fit": "crop"}, "fit must be one of"),
        (sequence, {}, r"gives a sequence.*GlobalAveragePooling1D.* \(None, 1024, 3\)"),
        (two_inputs, {}, r"must take one batch of RGB pictures.*, \(None, 32, 32, 3\)"),
        (lambda: network(layers.Conv2D(2, 3, strides=(1, 2))), {}, "must give maps"),
        (channels_first, {}, "has its channels first .*channels_last"),
        (
            lambda: keras.Sequential([keras.Input((32, 48, 3)), layers.Conv2D(2, 3)]),
            {},
            "Received: a model of pictures of 32 × 48",
        ),
        (
            lambda: keras.Sequential([keras.Input((32, 32, 1)), layers.Conv2D(2, 3)]),
            {},
            r"must take one batch of RGB pictures.*\(None, 32, 32, 1\)",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_refused_at_once(model, options, message):
    with pytest.raises(ValueError, match=message):
        zapsim.KerasExtractor(model(), None, **options)


@pytest.mark.parametrize(
    ("preprocess", "message"),
    [
        (lambda x: x[:, :5], r"Received: \(2, 5, 32, 3\) for \(2, 32, 32, 3\)"),
        (lambda x: None, "preprocess "),
        (lambda x: x + np.random.default_rng().random(), "something else each time"),
        (lambda x: x - x.mean(), "mixes the pictures of a batch"),
        (lambda x: x * np.nan, "NaN or infinity"),
        (lambda x: x.decode(), "preprocess fails on a picture: 'numpy.ndarray' object"),
    ],
)
def test_a_preprocessing_that_is_none_is_refused_at_once(preprocess, message):
    with pytest.raises(ValueError, match=message):
        zapsim.KerasExtractor(network(), preprocess)


def test_what_is_no_network_or_no_function_is_refused():
    with pytest.raises(TypeError, match="model must be a keras.Model. Received: 'resnet50'"):
        zapsim.KerasExtractor("resnet50", None)
    with pytest.raises(TypeError, match=r"preprocess must be a function.* Received: 'caffe'"):
        zapsim.KerasExtractor(network(), "caffe")


@pytest.mark.parametrize(
    ("part", "options", "message"),
    [
        (lambda: layers.Rescaling(1, -300), {"power": 0.5}, "negative numbers .* Use power=1"),
        (lambda: layers.Rescaling(1e5), {}, "too large for float16"),
        (lambda: layers.Rescaling(1e-9), {}, "too small for float16"),
        (lambda: layers.Rescaling(np.nan), {}, "NaN"),
    ],
)
def test_features_that_cannot_be_kept_are_an_error(part, options, message, some):
    with pytest.raises(ValueError, match=message):
        zapsim.KerasExtractor(network(part()), None, **options).extract(some)


def test_the_model_can_be_pickled(some):
    model = network()
    again = zapsim.KerasExtractor(pickle.loads(pickle.dumps(model)), scaled)
    assert again.settings == zapsim.KerasExtractor(model, scaled).settings


def test_the_how_to_runs_as_far_as_it_needs_no_internet():
    text = (Path(__file__).parents[2] / "docs" / "own_network.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```python\n")[1:]]
    offline = [block for block in blocks if "needs the internet" not in block]
    assert (len(blocks), len(offline)) == (4, 2)
    exec("\n".join(offline), {})
