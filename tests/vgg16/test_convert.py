"""convert.py: what ships is what is converted, and another cut is converted once."""

from pathlib import Path

import numpy as np
import pytest

import zapsim
from zapsim.io.bundled import VGG16_INT8
from zapsim.vgg16 import convert
from zapsim.vgg16.convert import SHIPPED, converted, int8_file, is_shipped
from zapsim.vgg16.engine import LiteRTEngine, open_engine
from zapsim.vgg16.weights import WeightsError

SMALL = ("block1_pool", 32, None)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder for caches."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "zapsim"


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


@pytest.mark.keras
def test_what_ships_is_what_the_bundled_weights_give_today():
    catalogue, extractor = zapsim.load_catalogue(), zapsim.VGG16Extractor()
    squares = [extractor.square(catalogue.picture(key)) for key in catalogue.keys[::200]]
    today, shipped = (LiteRTEngine(f, 128) for f in (converted(*SHIPPED), str(VGG16_INT8)))
    a, b = today.maps(squares), shipped.maps(squares)
    # Other versions of TensorFlow may find other ranges, by a rounding of their own.
    assert np.linalg.norm(a - b) < 0.03 * np.linalg.norm(b)


def test_a_damaged_file_is_refused_not_run(tmp_path, monkeypatch):
    data = bytearray(VGG16_INT8.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "vgg16.tflite").write_bytes(data)
    monkeypatch.setattr(convert, "VGG16_INT8", tmp_path / "vgg16.tflite")
    with pytest.raises(WeightsError, match=r"vgg16\.tflite is damaged.*fetch zapsim again"):
        zapsim.VGG16Extractor().extract(np.zeros((32, 32, 3), np.uint8))


def test_only_the_default_cut_ships():
    assert is_shipped("block4_pool", "bundled")
    assert not is_shipped("block5_pool", "bundled")
    assert not is_shipped("block4_pool", None)
    assert not is_shipped("block4_pool", VGG16_INT8)


@pytest.mark.keras
def test_another_cut_is_converted_once_and_kept(cache, pictures, monkeypatch, capsys):
    exact = open_engine(*SMALL, "float32").maps(pictures)
    found = open_engine(*SMALL, "int8").maps(pictures)
    assert np.linalg.norm(found - exact) < 0.1 * np.linalg.norm(exact)
    assert "Converting VGG16 to block1_pool at 32×32 to 8 bits" in capsys.readouterr().out
    assert [path.suffix for path in cache.iterdir()] == [".tflite"]
    monkeypatch.setattr(convert, "converted", None)
    np.testing.assert_array_equal(open_engine(*SMALL, "int8").maps(pictures), found)


def test_cuts_sizes_and_weights_have_files_of_their_own(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(convert, "converted", lambda *cut: repr(cut).encode())
    (tmp_path / "own.h5").write_bytes(b"mine")
    cuts = [SMALL, ("block2_pool", 32, None), ("block1_pool", 64, None)]
    cuts += [("block1_pool", 32, "bundled"), ("block1_pool", 32, tmp_path / "own.h5")]
    for cut in cuts:
        int8_file(*cut)
    assert len(list(cache.iterdir())) == len(cuts)


def test_a_kept_file_that_is_damaged_is_made_again(cache, monkeypatch):
    made = []
    monkeypatch.setattr(convert, "converted", lambda *cut: (made.append(cut), b"8 bits")[1])
    for _ in range(2):
        path = Path(int8_file(*SMALL))
    assert len(made) == 1
    path.write_bytes(b"8 bitz")
    assert Path(int8_file(*SMALL)).read_bytes() == b"8 bits"
    assert len(made) == 2


def test_where_nothing_can_be_kept_it_is_used_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    monkeypatch.setattr(convert, "converted", lambda *cut: b"8 bits")
    with pytest.warns(UserWarning, match="converted again next time: Could not write"):
        assert int8_file(*SMALL) == b"8 bits"
