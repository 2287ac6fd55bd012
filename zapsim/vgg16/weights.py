"""Build a VGG16 with weights, and name them so that features can be told apart.

In: "bundled" (thirteen convolution layers, ImageNet, float16, shipped with zapsim), "imagenet"
(Keras' own download), a path, or None (random). Keras reads all of them but the random ones. The
edge rule: nothing falls back to anything else; what cannot be had is a `WeightsError` that says
what can. A file that says it holds far more than it does is not read.
"""

import hashlib
import math
import os
import socket
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from zapsim.checks import ToldError, checked_path
from zapsim.io.archives import open_entry
from zapsim.io.bundled import VGG16_WEIGHTS

__all__ = [
    "BUNDLED_SHA256",
    "WeightsError",
    "describe_weights",
    "identify_weights",
    "is_downloaded",
    "load_vgg16",
    "undamaged",
]

BUNDLED_SHA256 = "7af9404a135bab25272299d18d5e33d599b781c1c4a4fe81bcb3fc42aca9c011"
_ANSWER_SECONDS = 10
# Trained weights can hardly be packed; where most of them are 0, to a tenth.
_MOST_GROWTH, _SMALL = 20, 10_000_000


class WeightsError(ToldError, RuntimeError):
    """VGG16's weights cannot be had; the message says what to use instead."""


def identify_weights(weights):
    """Name the weights by source and digest, e.g. ``"bundled:7af9404a…"``, without Keras."""
    if weights is None:
        return "random:seed-0"
    if weights == "imagenet":
        # Keras compares its download with a digest of its own.
        return "imagenet"
    if weights == "bundled":
        return f"bundled:{BUNDLED_SHA256}"
    return f"file:{_sha256(_existing(weights))}"


def describe_weights(weights):
    """Say for people what `weights` stands for."""
    return {
        None: "random weights (no training)",
        "bundled": "ImageNet weights (bundled)",
        "imagenet": "ImageNet weights (Keras)",
    }.get(weights, f"weights from {Path(weights or '').name}")


def load_vgg16(weights, image_size, include_top=False):
    """Build a VGG16 (``keras.Model``) in Keras' current number format; else WeightsError.

    A path is one that Keras reads: ``.weights.h5``, ``.h5`` or ``.keras``. None draws random
    weights, the same every time. `include_top` builds the fully connected layers.
    """
    import keras

    if weights == "bundled":
        source = str(undamaged(VGG16_WEIGHTS, BUNDLED_SHA256))
    else:
        source = weights if weights in (None, "imagenet") else str(_existing(weights))
    try:
        if weights not in ("bundled", "imagenet", None):
            _check_said(source)
        with _time_out():
            model = keras.applications.VGG16(
                include_top=include_top, weights=source, input_shape=(image_size, image_size, 3)
            )
    # Keras and h5py raise many kinds, a plain Exception for a failed download among them.
    except Exception as error:
        raise WeightsError(_trouble(weights, include_top, error)) from error
    if weights is None:
        _fill_randomly(model)
    return model


def undamaged(path, digest):
    """Return the path of a file that ships with zapsim; WeightsError if its SHA-256 is another."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing: fetch zapsim again, with its data.")
    if _sha256(path) != digest:
        raise WeightsError(f"{path} is damaged (another SHA-256): fetch zapsim again.")
    return path


def is_downloaded(include_top):
    """Tell whether Keras has downloaded its weights before."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    name = f"vgg16_weights_tf_dim_ordering_tf_kernels{'' if include_top else '_notop'}.h5"
    return (home / "models" / name).is_file()


@contextmanager
def _time_out():
    """Let a download fail that does not answer; Keras' own would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_ANSWER_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _check_said(path):
    """Raise ValueError where a file of weights says that it holds far more than it does.

    HDF5 makes zeros of what is not there, and Keras looks at shapes when it has read them.
    """
    has, said = os.path.getsize(path), 0
    for n_bytes in _each_said(path):
        said += n_bytes
        if said > max(_SMALL, _MOST_GROWTH * has):
            raise ValueError(
                f"it says that it holds {said:,} bytes or more, and has {has:,}. If you trust it, "
                "save the weights anew, with Keras and unpacked."
            )


def _each_said(path):
    """Yield how many bytes there are to read in a file, by what it says, piece by piece."""
    import h5py

    with ExitStack() as stack:
        file = path
        if path.endswith(".keras"):
            archive = stack.enter_context(zipfile.ZipFile(path))
            entry = archive.getinfo("model.weights.h5")
            yield entry.file_size
            file = stack.enter_context(open_entry(archive, entry))
        root, names = stack.enter_context(h5py.File(file, "r")), ["/"]
        root.visit(names.append)
        for item in map(root.__getitem__, names):
            # In older files a group lists what is read of it, maybe one piece many times.
            lists = [item.attrs[name] for name in item.attrs if name.startswith("weight_names")]
            for piece in (item, *(item[name] for listed in lists for name in listed)):
                if isinstance(piece, h5py.Dataset):
                    yield math.prod(piece.shape or ()) * piece.dtype.itemsize


def _trouble(weights, include_top, error):
    if weights == "imagenet":
        return (
            f"Keras could not fetch its weights: {error} Offline, use weights='bundled' (the "
            "convolution layers, which ship with zapsim) or the path of a file you have."
        )
    top = "with" if include_top else "without"
    return f"{weights} does not fit VGG16 {top} its fully connected layers: {error}"


def _fill_randomly(model):
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = (weight.shape for weight in layer.weights)
            # He's initialisation keeps the scale of the signal through many ReLU layers.
            scale = np.float32(np.sqrt(2 / np.prod(kernel[:-1])))
            values = rng.standard_normal(kernel, dtype=np.float32) * scale
            layer.set_weights([values, np.zeros(bias, np.float32)])


def _existing(weights):
    path = checked_path(weights, "weights")
    if not os.path.isfile(path):
        raise WeightsError(
            "weights must be 'bundled', 'imagenet', None or the path of an existing file. "
            f"Received: weights={weights!r}"
        )
    return path


def _sha256(path):
    # Each time: a file may be replaced by another one of the same date.
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
