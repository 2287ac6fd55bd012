import subprocess
import sys

import pytest

from zapsim import precision
from zapsim.precision import choose_precision


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    """Without what conftest.py sets for the notebooks."""
    monkeypatch.delenv("ZAPSIM_PRECISION", raising=False)


@pytest.fixture
def gpus(monkeypatch):
    """Return a list; what a test puts into it is what TensorFlow lists as GPUs."""
    import tensorflow as tf

    listed = []
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: listed if kind == "GPU" else ["CPU"]
    )
    return listed


@pytest.fixture
def timings(monkeypatch, gpus):
    """Return a dict of dtype to seconds that stands in for the timed trial."""
    seconds = {}
    monkeypatch.setattr(precision, "_convolution_seconds", seconds.__getitem__)
    return seconds


EXPLICIT = ["float32", "bfloat16", "float16"]


@pytest.mark.parametrize("variable", [None, "float32", "nonsense"])
@pytest.mark.parametrize("explicit", EXPLICIT)
def test_explicit_choice_passes_through(monkeypatch, explicit, variable):
    if variable:
        monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    assert choose_precision(explicit) == explicit


@pytest.mark.parametrize("variable", EXPLICIT)
def test_variable_decides_for_auto_before_gpu_and_trial(monkeypatch, timings, gpus, variable):
    gpus.append("GPU:0")
    timings.update(float32=1.0, bfloat16=1.0)
    monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    assert choose_precision("auto") == variable


def test_explicit_choice_needs_no_tensorflow():
    code = (
        "import sys; from zapsim.precision import choose_precision; choose_precision('bfloat16'); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("value", ["float64", "", "FLOAT32", None, 16])
def test_unknown_precision_is_refused(value):
    with pytest.raises(ValueError, match="precision must be one of auto, float32") as caught:
        choose_precision(value)
    assert f"Received: {value!r}" in str(caught.value)


def test_unknown_variable_is_named(monkeypatch):
    monkeypatch.setenv("ZAPSIM_PRECISION", "fast")
    with pytest.raises(
        ValueError, match=r"Received: 'fast' from the environment variable ZAPSIM_PRECISION"
    ):
        choose_precision("auto")


@pytest.mark.parametrize("variable", ["", "auto"])
def test_variable_without_a_choice_leaves_auto(monkeypatch, timings, variable):
    monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    timings.update(float32=2.0, bfloat16=1.0)
    assert choose_precision("auto") == "bfloat16"


@pytest.mark.parametrize(
    ("float32", "bfloat16", "chosen"),
    [
        (2.0, 1.0, "bfloat16"),
        (1.3, 1.0, "bfloat16"),
        (1.2, 1.0, "float32"),
        (1.0, 1.0, "float32"),
        (1.0, 9.0, "float32"),
    ],
)
def test_auto_takes_bfloat16_where_it_is_clearly_faster(timings, float32, bfloat16, chosen):
    timings.update(float32=float32, bfloat16=bfloat16)
    assert choose_precision("auto") == chosen


def test_auto_takes_float16_on_a_gpu_without_a_trial(timings, gpus):
    gpus.append("GPU:0")
    assert choose_precision("auto") == "float16"


def test_auto_never_takes_float16_on_a_cpu(gpus):
    assert choose_precision("auto") in ("float32", "bfloat16")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_trial_takes_a_fraction_of_a_second(dtype):
    # The fastest CPU needs some microseconds for its 2.4 billion multiplications.
    assert 1e-5 < precision._convolution_seconds(dtype) < 5
