"""Choose the number format that VGG16 computes in.

In: a setting, and what is there: a file in 8 bits, something to run it, a GPU. Out: a format. The
edge rule: nothing is timed and nothing is guessed, so the same machine always computes the same.
"""

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from zapsim.vgg16.network import prepare_tensorflow

__all__ = ["PRECISIONS", "choose_format", "has_gpu"]

_RUNTIMES = ("ai_edge_litert", "tensorflow")
PRECISIONS = ("auto", "int8", "float32", "float16")
# What the drivers of NVIDIA's and AMD's GPUs, and Windows' subsystem for Linux, put there.
_DRIVERS = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))


def choose_format(precision, shipped):
    """Resolve "auto", and refuse what this machine cannot do.

    "auto" is float16 where TensorFlow has a GPU; elsewhere int8 for a cut that is `shipped` in 8
    bits, and float32 for all others. ValueError for float16 where TensorFlow has no GPU.
    """
    if precision == "auto":
        if has_gpu():
            return "float16"
        return "int8" if shipped and any(map(find_spec, _RUNTIMES)) else "float32"
    if precision == "float16" and not has_gpu():
        raise ValueError(
            "precision='float16' is for GPUs, and TensorFlow finds none here: a CPU would lose "
            "digits and gain no speed. Use 'auto', 'int8' or 'float32'. "
            f"Received: precision={precision!r}"
        )
    return precision


def has_gpu():
    """Tell whether TensorFlow is installed and has a GPU.

    TensorFlow takes seconds to load, so it is asked only where a GPU's driver is there at all.
    """
    if not sys.modules.get("tensorflow") and not (find_spec("tensorflow") and _has_driver()):
        return False
    prepare_tensorflow()
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _has_driver():
    if sys.platform == "darwin":
        try:
            return bool(version("tensorflow-metal"))
        except PackageNotFoundError:
            return False
    # Without drivers to look for, as on Windows, TensorFlow has no GPU either.
    return any(map(os.path.exists, _DRIVERS))
