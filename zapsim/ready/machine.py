"""Look at memory, disk and weights, and try whether the network runs, and how fast.

In: nothing; features would be written into the current folder. Out: findings. The edge rule:
TensorFlow is not imported, for that takes longer than all the rest.
"""

import time
from contextlib import redirect_stdout, suppress
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from zapsim.ready.finding import FINE, NOTE, WRONG, Finding, install

__all__ = ["disk", "litert", "memory", "speed", "weights"]

# Measured: extraction takes 250 MB, TensorFlow 1.1 GB.
_LEAST, _WITH_KERAS = 0.25e9, 1.5e9
_FEATURES = 10_000_000
_SECONDS, _SLOW = 1.2, 20
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory():
    """Look at how much memory is free, in a container at most what that may take."""
    import psutil

    free = psutil.virtual_memory().available
    # Of a container's limit, such as Binder's, the system knows nothing.
    with suppress(OSError, ValueError):
        free = min(free, int(_LIMIT.read_text()))
    said = f"{free / 1e9:.1f} GB are free"
    if free < _LEAST:
        return Finding(WRONG, f"{said}, at least 0.3 GB are needed: close other programs")
    if free < _WITH_KERAS and find_spec("tensorflow"):
        return Finding(
            NOTE, f"{said}: close other programs, and other notebooks' kernels, before Keras"
        )
    return Finding(FINE, said)


def disk():
    """Try to write in the current folder, where features would go."""
    import shutil

    from zapsim.io.disk import TransferError, prepare_folder

    folder = Path.cwd()
    try:
        prepare_folder(folder, _FEATURES, "A feature store")
    except TransferError as error:
        return Finding(WRONG, str(error))
    free = shutil.disk_usage(folder).free
    return Finding(FINE, f"{free / 1e9:.1f} GB are free in {folder}, where you may write")


def weights():
    """Compare the weights that ship with their digests."""
    from zapsim.io.bundled import VGG16_INT8, VGG16_WEIGHTS
    from zapsim.vgg16.convert import INT8_SHA256
    from zapsim.vgg16.weights import BUNDLED_SHA256, WeightsError, undamaged

    files = {VGG16_INT8: INT8_SHA256, VGG16_WEIGHTS: BUNDLED_SHA256}
    try:
        sizes = [undamaged(*each).stat().st_size for each in files.items()]
    except WeightsError as error:
        return Finding(WRONG, str(error))
    return Finding(FINE, f"{sum(sizes) / 1e6:.0f} MB in {VGG16_INT8.parent}, undamaged")


def litert():
    """Run one of MiniZap's pictures through the network, and compare with the features that ship.

    They are the same on all machines, but for the last bits.
    """
    import numpy as np

    import zapsim

    if not find_spec("ai_edge_litert"):
        return _without_litert()
    catalogue = zapsim.load_catalogue()
    key = catalogue.keys[0]
    (found,) = _extract([catalogue.read(key)])
    shipped = zapsim.load_features().loc[key].to_numpy()
    score = found @ shipped / np.sqrt((found @ found) * (shipped @ shipped))
    # Of damaged ones NaN.
    if not score > 0.99:
        return Finding(
            WRONG,
            f"it runs, but not as it should: a picture's features have a score of {score:.3f} with "
            "those that ship. Fetch zapsim again, whole",
        )
    return Finding(FINE, "it runs, and finds the features that ship")


def speed():
    """Measure how many pictures a second become features."""
    import zapsim

    if not find_spec("ai_edge_litert"):
        return Finding(NOTE, "not measured, for want of LiteRT")
    catalogue = zapsim.load_catalogue()
    pictures = [catalogue.read(key) for key in catalogue.keys[:8]]
    # The first ones wait for the network to be loaded.
    _extract(pictures)
    rate = _rate(pictures)
    more = catalogue.keys[: min(len(catalogue), max(8, int(rate * _SECONDS)))]
    rate = _rate([catalogue.read(key) for key in more])
    said = (
        f"{rate:.0f} pictures a second, so MiniZap's {len(catalogue)} take "
        f"{len(catalogue) / rate:.0f} seconds"
    )
    if rate < _SLOW:
        return Finding(
            NOTE,
            f"{said}; other programs slow it down. Theirs ship, so only your own take patience",
        )
    return Finding(FINE, said)


def _without_litert():
    if find_spec("tensorflow"):
        return Finding(
            FINE, "the one in TensorFlow is taken; not tried here, for it takes seconds to load"
        )
    return Finding(WRONG, f"ai-edge-litert is missing. Run: {install('ai-edge-litert')}")


def _rate(pictures):
    start = time.perf_counter()
    _extract(pictures)
    return len(pictures) / (time.perf_counter() - start)


def _extract(pictures):
    # It says what it runs on, which is said here anyway.
    with redirect_stdout(StringIO()):
        return _extractor().extract(pictures)


@cache
def _extractor():
    import zapsim

    # With another number format, it would have to ask TensorFlow for a GPU. Small batches, so that
    # all threads have some.
    return zapsim.VGG16Extractor(precision="int8", batch_size=4)
