import pickle
import socket
import threading
import time
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from zapsim.io.bundled import VGG16_WEIGHTS
from zapsim.vgg16 import weights as weights_module
from zapsim.vgg16.weights import (
    BUNDLED_SHA256,
    KERAS_MD5,
    WeightsError,
    describe_weights,
    identify_weights,
    load_weights,
)

CONVOLUTIONS = [
    f"block{block}_conv{number}"
    for block, count in enumerate((2, 2, 3, 3, 3), start=1)
    for number in range(1, count + 1)
]


@pytest.fixture(scope="module")
def model():
    """One VGG16 without its top for the whole file: every test fills it anew."""
    import keras

    return keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture
def blank(model):
    """Return the model, all weights zero."""
    for layer in model.layers:
        layer.set_weights([np.zeros_like(values) for values in layer.get_weights()])
    return model


def kernel(model, name):
    return model.get_layer(name).get_weights()[0]


def bias(model, name):
    return model.get_layer(name).get_weights()[1]


def numbered(model):
    """Give every layer arrays of its own: the kernel's and the bias' numbers say which."""
    arrays = {}
    for number, name in enumerate(CONVOLUTIONS, start=1):
        shapes = [weight.shape for weight in model.get_layer(name).weights]
        arrays[f"{name}/kernel"] = np.full(shapes[0], number, np.float16)
        arrays[f"{name}/bias"] = np.full(shapes[1], -number, np.float16)
    return arrays


def assert_numbered(model):
    for number, name in enumerate(CONVOLUTIONS, start=1):
        assert (kernel(model, name) == number).all()
        assert (bias(model, name) == -number).all()


# --- bundled ---------------------------------------------------------------------------------


def test_bundled_file_has_the_published_digest():
    assert sha256(VGG16_WEIGHTS.read_bytes()).hexdigest() == BUNDLED_SHA256


def test_bundled_weights_are_those_of_imagenet(blank):
    load_weights(blank, "bundled")
    half = {"rtol": 2**-11}
    # From public print-outs of Keras' own file; see data/README.md.
    first = kernel(blank, "block1_conv1").ravel()[:3]
    np.testing.assert_allclose(first, [0.429470569, 0.117273867, 0.0340129584], **half)
    np.testing.assert_allclose(
        bias(blank, "block1_conv1")[:4], [0.73429835, 0.093403675, 0.06775674, 0.8862966], **half
    )
    last, last_bias = kernel(blank, "block5_conv3"), bias(blank, "block5_conv3")
    np.testing.assert_allclose(last.mean(dtype=float), -0.0010818949, rtol=1e-4)
    np.testing.assert_allclose(last.std(dtype=float), 0.008478405, rtol=1e-4)
    np.testing.assert_allclose(last_bias.mean(dtype=float), 0.14986369, rtol=1e-3)
    np.testing.assert_allclose(last_bias.std(dtype=float), 0.4928213, rtol=1e-3)
    np.testing.assert_allclose([last_bias.min(), last_bias.max()], [-0.50036746, 9.431553], **half)


def test_bundled_weights_fill_all_thirteen_layers(blank):
    load_weights(blank, "bundled")
    assert [layer.name for layer in blank.layers if layer.weights] == CONVOLUTIONS
    for name in CONVOLUTIONS:
        assert kernel(blank, name).std() > 0
        assert bias(blank, name).std() > 0


def test_damaged_bundled_file_is_refused(blank, tmp_path, monkeypatch):
    data = bytearray(VGG16_WEIGHTS.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "vgg16.npz"
    damaged.write_bytes(data)
    monkeypatch.setattr(weights_module, "VGG16_WEIGHTS", damaged)
    with pytest.raises(WeightsError, match=r"vgg16\.npz is damaged.*fetch zapsim again"):
        load_weights(blank, "bundled")
    assert not kernel(blank, "block1_conv1").any()


def test_missing_bundled_file_is_named(blank, tmp_path, monkeypatch):
    monkeypatch.setattr(weights_module, "VGG16_WEIGHTS", tmp_path / "vgg16.npz")
    with pytest.raises(WeightsError, match=r"vgg16\.npz is missing.*fetch zapsim again"):
        load_weights(blank, "bundled")


def test_bundled_weights_do_not_fill_the_fully_connected_layers():
    import keras

    # The real ones would be half a gigabyte.
    with_top = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="fc1")])
    with pytest.raises(WeightsError, match="does not fit VGG16 with its fully.*fc1/kernel"):
        load_weights(with_top, "bundled", include_top=True)


def test_bundled_weights_are_keras_own_rounded_to_float16(blank):
    own = Path.home() / ".keras/models/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    if not own.is_file():
        pytest.skip(f"needs the internet once: {own.name} is not in Keras' cache")
    assert md5(own.read_bytes()).hexdigest() == KERAS_MD5[False]
    blank.load_weights(own)
    with np.load(VGG16_WEIGHTS) as arrays:
        for name in CONVOLUTIONS:
            for part, values in zip(
                ("kernel", "bias"), blank.get_layer(name).get_weights(), strict=True
            ):
                np.testing.assert_array_equal(arrays[f"{name}/{part}"], values.astype(np.float16))


# --- random ----------------------------------------------------------------------------------


def test_random_weights_are_the_same_every_time(blank):
    load_weights(blank, None)
    first = [values.copy() for values in blank.get_weights()]
    np.random.default_rng().random()
    load_weights(blank, None)
    for before, after in zip(first, blank.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_random_weights_keep_the_scale_of_the_signal(blank):
    load_weights(blank, None)
    pictures = np.random.default_rng(0).normal(0, 60, (2, 32, 32, 3)).astype(np.float32)
    assert 1 < blank.predict_on_batch(pictures).std() < 1000
    assert not np.array_equal(
        kernel(blank, "block5_conv2")[0, 0, 0], kernel(blank, "block5_conv3")[0, 0, 0]
    )


# --- a path ----------------------------------------------------------------------------------


def test_own_npz_is_loaded(blank, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, **numbered(blank))
    load_weights(blank, path)
    assert_numbered(blank)


@pytest.mark.parametrize("name", ["own.weights.h5", "own.h5"])
def test_file_saved_by_keras_is_loaded(blank, tmp_path, name):
    arrays = numbered(blank)
    for layer in CONVOLUTIONS:
        blank.get_layer(layer).set_weights([arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]])
    path = tmp_path / name
    (blank.save_weights if name.endswith(".weights.h5") else blank.save)(path)
    for layer in CONVOLUTIONS:
        blank.get_layer(layer).set_weights([0 * v for v in blank.get_layer(layer).get_weights()])
    load_weights(blank, str(path))
    assert_numbered(blank)


@pytest.mark.parametrize("weights", ["imagnet", "gone.npz", "", "."])
def test_unknown_name_is_refused_with_the_choices(blank, weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use in (lambda: load_weights(blank, weights), lambda: identify_weights(weights)):
        with pytest.raises(WeightsError, match="'bundled', 'imagenet', None or the path") as caught:
            use()
        assert f"Received: weights={weights!r}" in str(caught.value)


def test_arrays_of_another_shape_are_refused(blank, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, **{"block1_conv1/kernel": np.ones((5, 5, 3, 64)), "block1_conv1/bias": [1.0]})
    with pytest.raises(WeightsError, match=r"own\.npz does not fit VGG16 without its fully.*shape"):
        load_weights(blank, path)


def test_missing_array_is_named(blank, tmp_path):
    path = tmp_path / "own.npz"
    arrays = numbered(blank)
    del arrays["block3_conv2/bias"]
    np.savez(path, **arrays)
    with pytest.raises(WeightsError, match=r"own\.npz does not fit.*block3_conv2/bias"):
        load_weights(blank, path)


class Mischief:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_pickled_arrays_are_refused_and_not_run(blank, tmp_path):
    run = tmp_path / "it ran"
    pickle.loads(pickle.dumps(Mischief(run)))
    assert run.exists(), "the trap does not work"
    run.unlink()
    path = tmp_path / "own.npz"
    arrays = numbered(blank)
    arrays["block1_conv1/bias"] = np.array([Mischief(run)], dtype=object)
    np.savez(path, **arrays)
    with pytest.raises(WeightsError, match=r"own\.npz does not fit.*allow_pickle"):
        load_weights(blank, path)
    assert not run.exists()


@pytest.mark.parametrize("name", ["own.npz", "own.weights.h5", "own.h5", "own.txt"])
def test_text_is_no_file_of_weights(blank, tmp_path, name):
    path = tmp_path / name
    path.write_text("these are no weights")
    with pytest.raises(WeightsError, match=f"{name} does not fit VGG16"):
        load_weights(blank, path)


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
    """Return ``at(port)``: lets Keras look for its file on this machine; returns its address."""
    from keras.src.applications import vgg16

    def move(port):
        url = f"http://127.0.0.1:{port}/notop.h5"
        monkeypatch.setattr(vgg16, "WEIGHTS_PATH_NO_TOP", url)
        return url

    return move


@pytest.fixture
def listener():
    """A server that accepts connections (the system does, into its queue) and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        # A client without a time-out then fails its test instead of waiting for ever.
        timer = threading.Timer(10, server.close)
        timer.start()
        yield server
        timer.cancel()


@pytest.fixture
def serve():
    """Return ``serve(status, body)``: starts a web server and returns its port."""
    servers = []

    def start(status, body):
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()

            def do_GET(self):
                self.do_HEAD()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


OFFER = "weights='bundled'"


def test_without_a_network_imagenet_fails_at_once_and_offers_bundled(blank, at, keras_home):
    url = at(free_port())
    start = time.monotonic()
    with pytest.raises(WeightsError, match=f"weights='imagenet' needs {url}: .*refused") as caught:
        load_weights(blank, "imagenet")
    assert time.monotonic() - start < 20
    assert OFFER in str(caught.value)
    assert list(keras_home.iterdir()) == []
    assert not kernel(blank, "block1_conv1").any(), "nothing else may be loaded instead"


def test_without_an_answer_imagenet_fails_within_seconds(blank, at, listener, monkeypatch):
    assert weights_module._ANSWER_SECONDS <= 10
    monkeypatch.setattr(weights_module, "_ANSWER_SECONDS", 0.3)
    url = at(listener.getsockname()[1])
    start = time.monotonic()
    with pytest.raises(WeightsError, match=f"needs {url}: .*timed out.*{OFFER}"):
        load_weights(blank, "imagenet")
    assert 0.25 < time.monotonic() - start < 20


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refusing_server_is_an_error(blank, at, serve, status):
    at(serve(status, b"no"))
    with pytest.raises(WeightsError, match=f"HTTP Error {status}.*{OFFER}"):
        load_weights(blank, "imagenet")


def test_what_does_not_speak_http_is_an_error(blank, at, listener):
    at(listener.getsockname()[1])

    def babble():
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.example.org ESMTP\r\n")

    thread = threading.Thread(target=babble)
    thread.start()
    with pytest.raises(WeightsError, match=OFFER):
        load_weights(blank, "imagenet")
    thread.join(5)


def test_wrong_bytes_are_refused_by_their_md5(blank, at, serve, keras_home):
    url = at(serve(200, b"<html>Please log in to the Wi-Fi</html>"))
    with pytest.raises(WeightsError, match=f"Keras could not fetch {url}: .*{KERAS_MD5[False]}"):
        load_weights(blank, "imagenet")
    assert not kernel(blank, "block1_conv1").any()


def test_wrong_bytes_in_the_cache_do_not_hang_without_an_answer(
    blank, at, listener, keras_home, monkeypatch
):
    # Keras leaves a refused download where it was, and has no time-out for the next one.
    monkeypatch.setattr(weights_module, "_ANSWER_SECONDS", 0.3)
    at(listener.getsockname()[1])
    (keras_home / "models").mkdir()
    (keras_home / "models" / "notop.h5").write_bytes(b"<html>Please log in to the Wi-Fi</html>")
    with pytest.raises(WeightsError, match=f"timed out.*{OFFER}"):
        load_weights(blank, "imagenet")


def test_cached_file_needs_no_network(blank, at, keras_home, monkeypatch):
    at(free_port())
    cached = keras_home / "models" / "notop.h5"
    cached.parent.mkdir()
    arrays = numbered(blank)
    for layer in CONVOLUTIONS:
        blank.get_layer(layer).set_weights([arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]])
    blank.save(cached)
    monkeypatch.setitem(KERAS_MD5, False, md5(cached.read_bytes()).hexdigest())
    load_weights(blank, None)
    load_weights(blank, "imagenet")
    assert_numbered(blank)


def test_digests_are_keras_own():
    import inspect

    from keras.src.applications import vgg16

    source = inspect.getsource(vgg16)
    for include_top, name in [(True, "WEIGHTS_PATH"), (False, "WEIGHTS_PATH_NO_TOP")]:
        download = source[source.index(f"                {name},") :]
        assert f'file_hash="{KERAS_MD5[include_top]}"' in download[:200]


# --- names -----------------------------------------------------------------------------------


def test_identity_names_source_and_digest(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(b"abc")
    # The SHA-256 of "abc" is the example of its standard, FIPS 180-2.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert identify_weights(None) == "random:seed-0"
    assert identify_weights("bundled") == f"bundled:{BUNDLED_SHA256}"
    assert identify_weights("imagenet") == "imagenet:6d6bbae143d832006294945121d1f1fc"
    assert identify_weights("imagenet", True) == "imagenet:64373286793e3c8b2b4e3219cbf3544b"
    assert identify_weights(path) == identify_weights(str(path)) == f"file:{abc}"


def test_identity_follows_the_files_content(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(b"before")
    before = identify_weights(path)
    path.write_bytes(b"behind, and longer")
    assert identify_weights(path) != before


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (None, "random weights (no training)"),
        ("bundled", "ImageNet weights (bundled)"),
        ("imagenet", "ImageNet weights (Keras)"),
        ("/a/own.npz", "weights from own.npz"),
        (Path("/a/own.npz"), "weights from own.npz"),
    ],
)
def test_description_says_what_was_loaded(weights, words):
    assert describe_weights(weights) == words
