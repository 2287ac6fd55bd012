"""Choose the number format that VGG16 computes in, by evidence.

In: a setting. Out: a format, and the reason where it was looked for. The edge rule: "auto" never
makes a machine slower. float32 is right everywhere. bfloat16 is about twice as fast on CPUs
with instructions for it and no faster on others; float16 pays on most GPUs, and is refused on CPUs.
"""

import os
import time
from pathlib import Path

__all__ = ["PRECISIONS", "choose_precision", "has_bfloat16"]

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
# A gain smaller than this is not worth the lost digits, and may be the machine's noise.
_WORTHWHILE = 1.25
_TRIALS = 4
# Below some size, preparing the kernel weighs more than the convolution; most of all on GPUs.
_TRIAL_PICTURES = {"bfloat16": 4, "float16": 64}
# What Linux calls the instructions: Intel's and AMD's, Intel's for tiles, Arm's.
_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")


def choose_precision(precision):
    """Resolve "auto", and refuse what this machine should not do.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float16"}
        For "auto" the environment variable ``ZAPSIM_PRECISION`` decides, where it is set. On a
        CPU without instructions for bfloat16 it is float32. On others, and on GPUs, a timed trial
        of one convolution decides, which a GPU does in float16: float32 unless the shorter format
        is clearly faster. On a CPU it takes well under a second.

    Returns
    -------
    precision : {"float32", "bfloat16", "float16"}
    remark : str
        What "auto" found, e.g. ``" (2.1× as fast as float32)"``; otherwise empty.

    Raises
    ------
    ValueError
        For an unknown precision, or float16 where TensorFlow has no GPU.
    """
    variable = os.environ.get("ZAPSIM_PRECISION") if precision == "auto" else None
    precision = variable or precision
    origin = " from the environment variable ZAPSIM_PRECISION" if variable else ""
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}{origin}"
        )
    if precision in ("float32", "bfloat16"):
        return precision, ""
    import tensorflow as tf

    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    if precision == "float16" and not on_gpu:
        raise ValueError(
            "precision='float16' is for GPUs, and TensorFlow finds none here: a CPU would lose "
            "digits and gain no speed. Use 'auto', 'float32' or 'bfloat16'. "
            f"Received: {precision!r}{origin}"
        )
    if precision == "float16":
        return precision, ""
    if not on_gpu and not has_bfloat16():
        return "float32", " (no bfloat16 instructions)"
    shorter = "float16" if on_gpu else "bfloat16"
    speed = _speed(shorter)
    if speed > _WORTHWHILE:
        return shorter, f" ({speed:.1f}× as fast as float32)"
    return "float32", f" ({shorter} would be {speed:.1f}× as fast)"


def has_bfloat16(unlisted=True):
    """Tell whether this CPU lists instructions for bfloat16; `unlisted` where nothing is listed."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return unlisted
    flags = [line.partition(":")[2].split() for line in lines if line[:5] in ("flags", "Featu")]
    return bool(_INSTRUCTIONS & set(flags[0])) if flags else unlisted


def _speed(shorter):
    """Time one of VGG16's middle convolutions; return the format's speed relative to float32's."""
    n_pictures = _TRIAL_PICTURES[shorter]
    convolutions = {dtype: _convolution(dtype, n_pictures) for dtype in ("float32", shorter)}
    best = dict.fromkeys(convolutions, float("inf"))
    # In turns, and the best of each: what else the machine does can only add.
    for _ in range(_TRIALS):
        for dtype, convolve in convolutions.items():
            start = time.perf_counter()
            convolve()
            best[dtype] = min(best[dtype], time.perf_counter() - start)
    return best["float32"] / best[shorter]


def _convolution(dtype, n_pictures):
    """Return block3_conv2 of some pictures of 128×128, ready to run."""
    import tensorflow as tf

    maps = tf.ones((n_pictures, 32, 32, 256), dtype)
    kernel = tf.ones((3, 3, 256, 256), dtype)
    convolve = tf.function(lambda: tf.nn.conv2d(maps, kernel, strides=1, padding="SAME"))
    convolve()
    # A GPU has to be waited for, but what it would take to copy all of it is not to be timed.
    return lambda: convolve()[0, 0, 0].numpy()
