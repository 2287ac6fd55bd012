"""weights.py: whose numbers they are, what does not fit, and what offline means."""

import inspect
import os
import socket
import threading
import time
import zipfile
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from zapsim.io.bundled import VGG16_WEIGHTS
from zapsim.vgg16 import weights as weights_module
from zapsim.vgg16.weights import (
    BUNDLED_SHA256,
    WeightsError,
    describe_weights,
    identify_weights,
    is_downloaded,
    load_vgg16,
)

pytestmark = pytest.mark.keras

CONVOLUTIONS = [
    f"block{block}_conv{number}"
    for block, count in enumerate((2, 2, 3, 3, 3), start=1)
    for number in range(1, count + 1)
]


@pytest.fixture(scope="module")
def bundled():
    return load_vgg16("bundled", 32)


def kernel(model, name):
    return model.get_layer(name).get_weights()[0]


def bias(model, name):
    return model.get_layer(name).get_weights()[1]


# --- bundled ---------------------------------------------------------------------------------


def test_bundled_file_has_the_published_digest():
    assert sha256(VGG16_WEIGHTS.read_bytes()).hexdigest() == BUNDLED_SHA256


def test_bundled_weights_are_those_of_imagenet(bundled):
    half = {"rtol": 2**-11}
    # From public print-outs of Keras' own file; see data/README.md.
    first = kernel(bundled, "block1_conv1").ravel()[:3]
    np.testing.assert_allclose(first, [0.429470569, 0.117273867, 0.0340129584], **half)
    np.testing.assert_allclose(
        bias(bundled, "block1_conv1")[:4], [0.73429835, 0.093403675, 0.06775674, 0.8862966], **half
    )
    last, last_bias = kernel(bundled, "block5_conv3"), bias(bundled, "block5_conv3")
    np.testing.assert_allclose(last.mean(dtype=float), -0.0010818949, rtol=1e-4)
    np.testing.assert_allclose(last.std(dtype=float), 0.008478405, rtol=1e-4)
    np.testing.assert_allclose(last_bias.mean(dtype=float), 0.14986369, rtol=1e-3)
    np.testing.assert_allclose(last_bias.std(dtype=float), 0.4928213, rtol=1e-3)
    np.testing.assert_allclose([last_bias.min(), last_bias.max()], [-0.50036746, 9.431553], **half)


def test_bundled_weights_fill_all_thirteen_layers(bundled):
    assert [layer.name for layer in bundled.layers if layer.weights] == CONVOLUTIONS
    for name in CONVOLUTIONS:
        assert kernel(bundled, name).std() > 0
        assert bias(bundled, name).std() > 0


def test_a_learners_own_line_of_keras_reads_them(bundled):
    import keras

    import zapsim

    own = keras.applications.VGG16(weights=zapsim.VGG16_WEIGHTS, include_top=False)
    for ours, theirs in zip(bundled.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_damaged_bundled_file_is_refused(tmp_path, monkeypatch):
    data = bytearray(VGG16_WEIGHTS.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "vgg16.weights.h5"
    damaged.write_bytes(data)
    monkeypatch.setattr(weights_module, "VGG16_WEIGHTS", damaged)
    with pytest.raises(WeightsError, match=r"vgg16\.weights\.h5 is damaged.*fetch zapsim again"):
        load_vgg16("bundled", 32)


def test_missing_bundled_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weights_module, "VGG16_WEIGHTS", tmp_path / "vgg16.weights.h5")
    with pytest.raises(WeightsError, match=r"vgg16\.weights\.h5 is missing.*fetch zapsim again"):
        load_vgg16("bundled", 32)


def test_bundled_weights_are_keras_own_rounded_to_float16():
    if not is_downloaded(include_top=False):
        pytest.skip("needs the internet once: Keras' own weights are not in its cache")
    from tools.make_weights import main

    assert main([]) == 0


# --- random ----------------------------------------------------------------------------------


def test_random_weights_are_the_same_every_time():
    first = load_vgg16(None, 32).get_weights()
    np.random.default_rng().random()
    for before, after in zip(first, load_vgg16(None, 32).get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_random_weights_keep_the_scale_of_the_signal():
    model = load_vgg16(None, 32)
    pictures = np.random.default_rng(0).normal(0, 60, (2, 32, 32, 3)).astype(np.float32)
    assert 1 < model.predict_on_batch(pictures).std() < 1000
    assert not np.array_equal(
        kernel(model, "block5_conv2")[0, 0, 0], kernel(model, "block5_conv3")[0, 0, 0]
    )


# --- a path ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["own.weights.h5", "own.h5", "own.keras"])
def test_file_saved_by_keras_is_loaded(tmp_path, name):
    model, path = load_vgg16(None, 32), tmp_path / name
    for number, layer in enumerate(CONVOLUTIONS, start=1):
        shapes = [weight.shape for weight in model.get_layer(layer).weights]
        model.get_layer(layer).set_weights(
            [np.full(shapes[0], number), np.full(shapes[1], -number)]
        )
    (model.save_weights if name.endswith(".weights.h5") else model.save)(path)
    for source in (path, str(path)):
        loaded = load_vgg16(source, 32)
        for number, layer in enumerate(CONVOLUTIONS, start=1):
            assert (kernel(loaded, layer) == number).all()
            assert (bias(loaded, layer) == -number).all()


@pytest.mark.parametrize("weights", ["imagnet", "gone.h5", "."])
def test_unknown_name_is_refused_with_the_choices(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (lambda: load_vgg16(weights, 32), lambda: identify_weights(weights)):
        with pytest.raises(WeightsError, match="'bundled', 'imagenet', None or the path") as caught:
            use()
        assert f"Received: weights={weights!r}" in str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path):
    import keras

    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    path = tmp_path / "own.weights.h5"
    other.save_weights(path)
    with pytest.raises(WeightsError, match=r"own\.weights\.h5 does not fit VGG16 without its"):
        load_vgg16(path, 32)


@pytest.mark.parametrize("name", ["own.npz", "own.weights.h5", "own.h5", "own.keras", "own.txt"])
def test_text_is_no_file_of_weights(tmp_path, name):
    path = tmp_path / name
    path.write_text("these are no weights")
    with pytest.raises(WeightsError, match=f"{name} does not fit VGG16"):
        load_vgg16(path, 32)


def unfilled(group, name, shape=(50_000, 30_000)):
    group.create_dataset(name, shape=shape, dtype="f4", chunks=(1, 30_000))


def listed_often(group):
    layer = group.create_group("block1_conv1")
    group.attrs["layer_names"] = [b"block1_conv1"] * len(CONVOLUTIONS)
    unfilled(layer, "k", (50, 30_000))
    layer.attrs["weight_names"] = [b"k"] * 1_000


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("own.weights.h5", lambda file: unfilled(file, "layers/conv2d/vars/0")),
        ("own.h5", lambda file: unfilled(file, "model_weights/block1_conv1/kernel")),
        ("own.h5", listed_often),
        ("own.keras", lambda file: unfilled(file, "layers/conv2d/vars/0")),
        ("own.keras", lambda file: file.create_dataset("zeros", data=np.zeros(4_000_000))),
    ],
)
def test_a_file_that_says_it_holds_far_more_than_it_does_is_not_read(
    tmp_path, monkeypatch, name, fill
):
    import h5py

    inner, path = tmp_path / "model.weights.h5", tmp_path / name
    with h5py.File(inner, "w") as file:
        fill(file)
    if name == "own.keras":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(inner, inner.name)
    else:
        inner.rename(path)
    unread = property(lambda self: pytest.fail("it was read"))
    monkeypatch.setattr(h5py.Dataset, "__array__", unread)
    with pytest.raises(WeightsError, match=rf"{name} does not fit .*holds [\d,]+ bytes or more"):
        load_vgg16(path, 32)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_weights_packed_in_a_way_that_cannot_be_limited_are_not_unpacked(
    tmp_path, monkeypatch, method
):
    with zipfile.ZipFile(tmp_path / "own.keras", "w", method) as archive:
        archive.writestr("model.weights.h5", bytes(1_000_000))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(WeightsError, match=r"own\.keras does not fit .*packed by .*pack it as"):
        load_vgg16(tmp_path / "own.keras", 32)


# --- imagenet --------------------------------------------------------------------------------


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """Move Keras' cache to a temporary folder."""
    from keras.src.backend import config

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def at(keras_home, monkeypatch):
    """Return ``at(port)``: lets Keras look for its file on this machine."""
    import keras

    # The module that defines it, wherever this version of Keras keeps that.
    vgg16 = inspect.getmodule(keras.applications.VGG16)

    def move(port):
        monkeypatch.setattr(vgg16, "WEIGHTS_PATH_NO_TOP", f"http://127.0.0.1:{port}/notop.h5")

    return move


OFFER = "Offline, use weights='bundled'"


def test_without_a_network_imagenet_fails_at_once_and_offers_bundled(at, keras_home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    at(port)
    start = time.monotonic()
    with pytest.raises(WeightsError, match=f"Keras could not fetch .*refused.*{OFFER}"):
        load_vgg16("imagenet", 32)
    assert time.monotonic() - start < 20


def test_without_an_answer_imagenet_fails_within_seconds(at, monkeypatch):
    assert weights_module._ANSWER_SECONDS <= 10
    monkeypatch.setattr(weights_module, "_ANSWER_SECONDS", 0.3)
    # The system accepts connections into the server's queue; nobody ever answers.
    with socket.create_server(("127.0.0.1", 0)) as server:
        timer = threading.Timer(20, server.close)
        timer.start()
        at(server.getsockname()[1])
        start = time.monotonic()
        with pytest.raises(WeightsError, match=f"timed out.*{OFFER}"):
            load_vgg16("imagenet", 32)
        timer.cancel()
    assert 0.25 < time.monotonic() - start < 15
    assert socket.getdefaulttimeout() is None, "other connections are not to be cut"


@pytest.fixture
def login_page(tmp_path):
    """The port of a server that answers with a page, whatever it is asked for."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "notop.h5").write_bytes(b"<html>Please log in to the Wi-Fi</html>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "www")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_page_to_log_in_is_not_taken_for_weights(at, login_page):
    at(login_page)
    with pytest.raises(WeightsError, match=f"Keras could not fetch .*{OFFER}"):
        load_vgg16("imagenet", 32)


def test_what_was_downloaded_is_known_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert not is_downloaded(True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5").touch()
    assert is_downloaded(True)
    assert not is_downloaded(False)


# --- names -----------------------------------------------------------------------------------


def test_identity_names_source_and_digest(tmp_path):
    path = tmp_path / "own.h5"
    path.write_bytes(b"abc")
    # The SHA-256 of "abc" is the example of its standard, FIPS 180-2.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert identify_weights(None) == "random:seed-0"
    assert identify_weights("bundled") == f"bundled:{BUNDLED_SHA256}"
    assert identify_weights("imagenet") == "imagenet"
    assert identify_weights(path) == identify_weights(str(path)) == f"file:{abc}"


def test_identity_follows_the_files_content(tmp_path):
    path = tmp_path / "own.h5"
    path.write_bytes(b"before")
    before = identify_weights(path)
    date = path.stat().st_mtime_ns
    path.write_bytes(b"behind")
    os.utime(path, ns=(date, date))
    assert identify_weights(path) != before


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (None, "random weights (no training)"),
        ("bundled", "ImageNet weights (bundled)"),
        ("imagenet", "ImageNet weights (Keras)"),
        ("/a/own.h5", "weights from own.h5"),
        (Path("/a/own.h5"), "weights from own.h5"),
    ],
)
def test_description_says_what_was_loaded(weights, words):
    assert describe_weights(weights) == words
