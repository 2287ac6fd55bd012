"""Bring VGG16's weights into a Keras model, and name them so that features can be told apart.

In: "bundled" (thirteen convolution layers, ImageNet, float16, shipped with zapsim), "imagenet"
(Keras' own download), a path, or None (random). The edge rule: there is no fallback from one to
another; what cannot be had is a `WeightsError` that says what can.
"""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path

import numpy as np

from zapsim.io.bundled import VGG16_WEIGHTS

__all__ = [
    "WeightsError",
    "describe_weights",
    "identify_weights",
    "keras_cache",
    "load_weights",
]

BUNDLED_SHA256 = "87c25dcdbb2d5318f49783b399adf8eb089af93741be9473a7ffab8ee8b17d4b"
# From keras/src/applications/vgg16.py, where Keras checks them after its download.
KERAS_MD5 = {
    False: "6d6bbae143d832006294945121d1f1fc",
    True: "64373286793e3c8b2b4e3219cbf3544b",
}
_ANSWER_SECONDS = 5
_USE_INSTEAD = (
    "Offline, use weights='bundled' (the convolution layers, which ship with zapsim) "
    "or the path of a file you have."
)


class WeightsError(RuntimeError):
    """VGG16's weights cannot be had; the message says what to use instead."""


def identify_weights(weights, include_top=False):
    """Name the weights by source and digest, e.g. ``"bundled:87c25dcd…"``, without TensorFlow."""
    if weights is None:
        return "random:seed-0"
    if weights == "bundled":
        return f"bundled:{BUNDLED_SHA256}"
    if weights == "imagenet":
        return f"imagenet:{KERAS_MD5[include_top]}"
    return f"file:{_sha256(_existing(weights))}"


def describe_weights(weights):
    """Say for people what `weights` stands for."""
    return {
        None: "random weights (no training)",
        "bundled": "ImageNet weights (bundled)",
        "imagenet": "ImageNet weights (Keras)",
    }.get(weights, f"weights from {Path(weights or '').name}")


def load_weights(model, weights, include_top=False):
    """Fill a VGG16 with weights.

    Parameters
    ----------
    model : keras.Model
        ``keras.applications.VGG16(include_top=include_top, weights=None)``.
    weights : {"bundled", "imagenet"}, path or None
        A path ends in ``.npz`` (arrays ``blockB_convC/kernel`` and ``/bias``) or is one that
        ``model.load_weights`` reads. None draws random ones, the same every time.
    include_top : bool
        Whether the model has the fully connected layers.

    Raises
    ------
    WeightsError
        If they cannot be had or do not fit.
    """
    if weights is None:
        return _fill_randomly(model)
    path = Path(_download(include_top) if weights == "imagenet" else _existing(weights))
    if weights == "bundled" and _sha256(path) != BUNDLED_SHA256:
        raise WeightsError(f"{path} is damaged (another SHA-256): fetch zapsim again.")
    try:
        if path.suffix == ".npz":
            _fill_from_npz(model, path)
        else:
            model.load_weights(path)
    # Keras and h5py raise many kinds; whatever the kind, the file does not fit this network.
    except Exception as error:
        raise WeightsError(
            f"{path} does not fit VGG16 "
            f"{'with' if include_top else 'without'} its fully connected layers: {error}"
        ) from error


def _fill_from_npz(model, path):
    with np.load(path, allow_pickle=False) as arrays:
        for layer in model.layers:
            if layer.weights:
                kernel, bias = arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]
                layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


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
    path = VGG16_WEIGHTS if weights == "bundled" else Path(weights).expanduser()
    if weights == "bundled" and not path.is_file():
        raise WeightsError(f"{path} is missing: fetch zapsim again, with its data.")
    if not path.is_file():
        raise WeightsError(
            "weights must be 'bundled', 'imagenet', None or the path of an existing file. "
            f"Received: weights={str(weights)!r}"
        )
    return path


def _digest(path, algorithm):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


@lru_cache(maxsize=8)
def _file_sha256(path, _changed):
    return _digest(path, "sha256")


def _sha256(path):
    return _file_sha256(path, path.stat().st_mtime_ns)


def _download(include_top):
    """Return the path of Keras' own weights, from its cache or from the network."""
    import keras
    from keras.src.applications import vgg16

    url = vgg16.WEIGHTS_PATH if include_top else vgg16.WEIGHTS_PATH_NO_TOP
    name = url.rsplit("/", 1)[1]
    cached = keras_cache(name)
    # Keras fetches again what has another md5, such as an earlier download gone wrong.
    if not cached.is_file() or _digest(cached, "md5") != KERAS_MD5[include_top]:
        _ask(url)
    try:
        return keras.utils.get_file(
            name, url, cache_subdir="models", file_hash=KERAS_MD5[include_top]
        )
    # Keras raises a plain Exception where a download fails.
    except Exception as error:
        raise WeightsError(f"Keras could not fetch {url}: {error} {_USE_INSTEAD}") from error


def keras_cache(name):
    """Return where Keras keeps a weights file that it has downloaded."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    return home / "models" / name


def _ask(url):
    """Fail within seconds where the network is away; Keras' download has no time-out."""
    request = urllib.request.Request(url, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=_ANSWER_SECONDS).close()
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        raise WeightsError(f"weights='imagenet' needs {url}: {error}. {_USE_INSTEAD}") from error
