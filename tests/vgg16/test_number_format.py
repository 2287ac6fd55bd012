import subprocess
import sys

import pytest

from zapsim.vgg16 import number_format as precision
from zapsim.vgg16.number_format import choose_precision


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
    """Return a dict of dtype to seconds that stands in for the convolutions of the trial."""
    seconds = {}
    now = [0.0]

    def convolution(dtype, n_pictures):
        def convolve():
            now[0] += seconds[dtype]

        return convolve

    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "_convolution", convolution)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: now[0])
    return seconds


EXPLICIT = ["float32", "bfloat16", "float16"]


@pytest.mark.parametrize("variable", [None, "float32", "nonsense"])
@pytest.mark.parametrize("explicit", EXPLICIT)
def test_explicit_choice_passes_through(monkeypatch, gpus, explicit, variable):
    if variable:
        monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    if explicit == "float16":
        gpus.append("GPU:0")
    assert choose_precision(explicit) == (explicit, "")


@pytest.mark.parametrize("variable", EXPLICIT)
def test_variable_decides_for_auto_before_gpu_and_trial(monkeypatch, timings, gpus, variable):
    gpus.append("GPU:0")
    timings.update(float32=1.0, bfloat16=1.0)
    monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    assert choose_precision("auto") == (variable, "")


def test_explicit_choice_needs_no_tensorflow():
    code = (
        "import sys; from zapsim.vgg16.number_format import choose_precision; choose_precision('bfloat16'); "
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
    assert choose_precision("auto") == ("bfloat16", " (2.0× as fast as float32)")


@pytest.mark.parametrize(
    ("float32", "bfloat16", "chosen"),
    [
        (2.0, 1.0, "bfloat16 (2.0× as fast as float32)"),
        (1.3, 1.0, "bfloat16 (1.3× as fast as float32)"),
        (1.2, 1.0, "float32 (bfloat16 would be 1.2× as fast)"),
        (1.0, 1.0, "float32 (bfloat16 would be 1.0× as fast)"),
        (1.0, 5.0, "float32 (bfloat16 would be 0.2× as fast)"),
    ],
)
def test_auto_takes_bfloat16_where_it_is_clearly_faster(timings, float32, bfloat16, chosen):
    timings.update(float32=float32, bfloat16=bfloat16)
    assert "".join(choose_precision("auto")) == chosen


@pytest.mark.parametrize(
    ("float32", "float16", "chosen"),
    [
        (4.0, 1.0, "float16 (4.0× as fast as float32)"),
        (1.2, 1.0, "float32 (float16 would be 1.2× as fast)"),
        (1.0, 2.0, "float32 (float16 would be 0.5× as fast)"),
    ],
)
def test_auto_takes_float16_on_a_gpu_that_is_clearly_faster_by_it(
    monkeypatch, timings, gpus, float32, float16, chosen
):
    gpus.append("GPU:0")
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    timings.update(float32=float32, float16=float16)
    assert "".join(choose_precision("auto")) == chosen


def test_auto_never_takes_float16_on_a_cpu(gpus):
    assert choose_precision("auto")[0] in ("float32", "bfloat16")


@pytest.mark.parametrize("variable", [None, "float16"])
def test_float16_on_a_cpu_is_refused(monkeypatch, gpus, variable):
    if variable:
        monkeypatch.setenv("ZAPSIM_PRECISION", variable)
    with pytest.raises(
        ValueError, match=r"for GPUs, and TensorFlow finds none.*'float16'"
    ) as error:
        choose_precision("auto" if variable else "float16")
    assert ("ZAPSIM_PRECISION" in str(error.value)) == bool(variable)


INTEL = "processor\t: 0\nflags\t\t: fpu avx2 avx512f {}\nbugs\t\t:\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\nCPU part\t: 0xd40\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INTEL.format("avx512_bf16"), True),
        (INTEL.format("amx_bf16 amx_tile"), True),
        (INTEL.format("avx512_vnni"), False),
        (ARM.format("i8mm bf16"), True),
        (ARM.format("i8mm"), False),
        ("processor: 0\n", True),
        (None, True),
    ],
)
def test_the_cpu_is_asked_for_the_instructions(tmp_path, monkeypatch, text, expected):
    monkeypatch.setattr(precision, "_CPUINFO", tmp_path / "cpuinfo")
    if text:
        (tmp_path / "cpuinfo").write_text(text)
    assert precision.has_bfloat16() is expected


def test_without_the_instructions_there_is_no_trial(monkeypatch, gpus):
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    monkeypatch.setattr(precision, "_speed", None)
    assert choose_precision("auto") == ("float32", " (no bfloat16 instructions)")


def test_the_trial_compares_real_convolutions():
    # Emulated, bfloat16 is somewhat slower; with instructions it is two to four times as fast.
    assert 0.02 < precision._speed("bfloat16") < 20
