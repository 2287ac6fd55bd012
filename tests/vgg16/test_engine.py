"""engine.py: 8 bits beside 32, one thread beside several, LiteRT alone beside TensorFlow's."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import psutil
import pytest

import zapsim
from zapsim.io.squares import fit_square
from zapsim.vgg16 import convert
from zapsim.vgg16.engine import KerasEngine, LiteRTEngine, open_engine
from zapsim.vgg16.network import truncated_vgg16
from zapsim.vgg16.weights import WeightsError

DEFAULT = ("block4_pool", 128, "bundled")


@pytest.fixture(scope="module")
def squares():
    """Eight of MiniZap's shoes, as the network sees them."""
    catalogue, extractor = zapsim.load_catalogue(), zapsim.VGG16Extractor()
    return [extractor.square(catalogue.picture(key)) for key in catalogue.keys[::80]]


@pytest.fixture(scope="module")
def in_8_bits(squares):
    return open_engine(*DEFAULT, "int8").maps(squares)


@pytest.mark.keras
def test_on_a_cpu_the_default_cut_runs_in_8_bits_and_another_in_32():
    assert open_engine(*DEFAULT, "auto").runs.startswith("int8 on LiteRT")
    assert open_engine("block1_pool", 32, None, "auto").runs == "float32 on CPU with Keras"


@pytest.mark.keras
def test_8_bits_give_nearly_what_32_give(squares, in_8_bits):
    exact = open_engine(*DEFAULT, "float32").maps(squares)
    assert in_8_bits.shape == exact.shape == (8, 8, 8, 512)
    assert in_8_bits.dtype == exact.dtype == np.float32
    error = np.linalg.norm(in_8_bits - exact) / np.linalg.norm(exact)
    assert 0 < error < 0.1
    assert (in_8_bits >= 0).all(), "each layer ends in a ReLU"


@pytest.mark.keras
@pytest.mark.parametrize("image_size", [32, 100, 224])
def test_what_ships_takes_other_sizes(squares, image_size, monkeypatch):
    monkeypatch.setattr(convert, "converted", None)
    cut = ("block4_pool", image_size, "bundled")
    fitted = [fit_square(square, image_size) for square in squares]
    exact, found = (open_engine(*cut, how).maps(fitted) for how in ("float32", "auto"))
    assert found.shape == exact.shape == (8, image_size // 16, image_size // 16, 512)
    assert np.linalg.norm(found - exact) < 0.1 * np.linalg.norm(exact)


def test_threads_at_once_give_the_same_bits(squares, in_8_bits):
    engine, together = open_engine(*DEFAULT, "int8"), Barrier(4)

    def run(_):
        together.wait(60)
        return engine.maps(squares)

    with ThreadPoolExecutor(4) as pool:
        for maps in pool.map(run, range(4)):
            np.testing.assert_array_equal(maps, in_8_bits)


def test_pictures_one_by_one_give_the_same_bits(squares, in_8_bits):
    engine = open_engine(*DEFAULT, "int8")
    for square, maps in zip(squares, in_8_bits, strict=True):
        np.testing.assert_array_equal(engine.maps([square])[0], maps)


def test_interpreters_are_used_again_by_later_threads(squares):
    engine, made = open_engine(*DEFAULT, "int8"), []
    make = engine._make
    engine._make = lambda: (made.append(1), make())[1]
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(engine.maps, [squares[:1]] * 4))
    assert len(made) <= 2


def test_memory_stays_flat(squares):
    engine = open_engine(*DEFAULT, "int8")
    engine.maps(squares)
    before = psutil.Process().memory_info().rss
    for _ in range(12):
        engine.maps(squares)
    assert psutil.Process().memory_info().rss - before < 30e6


@pytest.mark.keras
def test_where_only_tensorflow_is_there_its_litert_gives_the_same_bits(
    squares, in_8_bits, tmp_path
):
    np.savez(tmp_path / "in.npz", squares=squares, maps=in_8_bits)
    code = (
        "import sys, numpy as np; sys.modules['ai_edge_litert'] = None\n"
        "from importlib import util; found = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'ai_edge_litert' else found(name)\n"
        "from zapsim.vgg16.engine import open_engine\n"
        f"engine = open_engine(*{DEFAULT!r}, 'auto'); print(engine.runs)\n"
        f"given = np.load({str(tmp_path / 'in.npz')!r})\n"
        "np.testing.assert_array_equal(engine.maps(given['squares']), given['maps'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "int8 on LiteRT in TensorFlow\n"
    assert done.stderr == "", "TensorFlow warns of its own interpreter"


def test_a_file_that_is_no_network_is_named(tmp_path):
    (tmp_path / "own.tflite").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"own\.tflite is damaged.*Delete it"):
        LiteRTEngine(str(tmp_path / "own.tflite"), 128).maps([np.zeros((128, 128, 3), np.uint8)])


@pytest.mark.keras
@pytest.mark.parametrize("n", [1, 2, 5])
def test_keras_gives_as_many_as_it_is_given(n):
    model = truncated_vgg16("block1_pool", 32, None)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    engine = KerasEngine(model)
    found = engine.maps(pictures[:n])
    assert found.shape == (n, 16, 16, 64)
    np.testing.assert_allclose(found, engine.maps(pictures)[:n], rtol=1e-4, atol=1e-3)
