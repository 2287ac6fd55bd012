"""Choose the number format that VGG16 computes in, by evidence.

float32 is right everywhere. bfloat16 is about twice as fast on CPUs with native support and
slower on all others, float16 pays on GPUs and is a disaster on CPUs; so "auto" looks.
"""

import os
import time

__all__ = ["PRECISIONS", "choose_precision"]

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
# A gain smaller than this is not worth the lost digits, and may be the machine's noise.
_WORTHWHILE = 1.25


def choose_precision(precision):
    """Resolve "auto".

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float16"}
        For "auto" the environment variable ``ZAPSIM_PRECISION`` decides, where it is set; then
        float16 is taken on a GPU, and on a CPU the faster one of float32 and bfloat16 in a
        timed trial of one convolution, about a tenth of a second.

    Returns
    -------
    precision : {"float32", "bfloat16", "float16"}
    """
    variable = os.environ.get("ZAPSIM_PRECISION") if precision == "auto" else None
    precision = variable or precision
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}"
            + (" from the environment variable ZAPSIM_PRECISION" if variable else "")
        )
    if precision != "auto":
        return precision
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return "float16"
    faster = _convolution_seconds("float32") / _convolution_seconds("bfloat16")
    return "bfloat16" if faster > _WORTHWHILE else "float32"


def _convolution_seconds(dtype):
    """Time one of VGG16's middle convolutions; the best of several, for noise only adds."""
    import tensorflow as tf

    maps = tf.ones((4, 32, 32, 256), dtype)
    kernel = tf.ones((3, 3, 256, 256), dtype)
    convolve = tf.function(lambda: tf.nn.conv2d(maps, kernel, strides=1, padding="SAME"))
    convolve()
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        convolve()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
