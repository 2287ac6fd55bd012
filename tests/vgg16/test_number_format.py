"""number_format.py: which format is chosen, and what is not loaded to choose it."""

import subprocess
import sys

import pytest

from zapsim.vgg16 import number_format
from zapsim.vgg16.number_format import choose_format, has_gpu

pytestmark = pytest.mark.keras


@pytest.fixture
def gpus(monkeypatch):
    """Return a list; what a test puts into it is what TensorFlow lists as GPUs."""
    import tensorflow as tf

    listed = []
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: listed if kind == "GPU" else ["CPU"]
    )
    return listed


@pytest.mark.parametrize("shipped", [True, False])
@pytest.mark.parametrize("explicit", ["int8", "float32", "float16"])
def test_what_is_asked_for_is_taken(gpus, explicit, shipped):
    gpus.append("GPU:0")
    assert choose_format(explicit, shipped) == explicit


def test_auto_is_8_bits_on_a_cpu_for_what_ships_and_32_for_the_rest(gpus):
    assert choose_format("auto", shipped=True) == "int8"
    assert choose_format("auto", shipped=False) == "float32"


@pytest.mark.parametrize("shipped", [True, False])
def test_auto_is_16_bits_on_a_gpu(gpus, shipped):
    gpus.append("GPU:0")
    assert choose_format("auto", shipped) == "float16"


def test_16_bits_on_a_cpu_are_refused(gpus):
    with pytest.raises(ValueError, match=r"for GPUs, and TensorFlow finds none.*'float16'"):
        choose_format("float16", shipped=True)


def test_without_anything_to_run_8_bits_it_is_32(monkeypatch, gpus):
    monkeypatch.setattr(number_format, "find_spec", lambda name: None)
    assert choose_format("auto", shipped=True) == "float32"


@pytest.mark.parametrize(("driver", "loads"), [(False, False), (True, True)])
def test_tensorflow_is_asked_only_where_a_gpus_driver_is(tmp_path, driver, loads):
    (tmp_path / "driver").touch()
    path = tmp_path / ("driver" if driver else "none")
    code = (
        "import sys; from zapsim.vgg16 import number_format\n"
        f"number_format._DRIVERS = [{str(path)!r}]\n"
        "assert number_format.choose_format('auto', True) == 'int8', 'there is no GPU here'\n"
        "print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{loads}\n"


def test_a_gpu_that_is_listed_is_there(gpus):
    assert not has_gpu()
    gpus.append("GPU:0")
    assert has_gpu()
