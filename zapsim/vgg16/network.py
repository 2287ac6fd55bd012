"""VGG16's shape, what goes into it, what comes out, and the cut network itself in Keras.

In: a layer's name, a picture size, weights. Out: sizes and costs by arithmetic alone; pictures as
the network takes them; its maps as a feature vector; and a ``keras.Model``. The edge rule: Keras
is loaded only where a network is built in it, and where it is not installed the error says what
installs it.
"""

import os
import sys

import numpy as np
import pandas as pd

from zapsim.vgg16.quiet import stderr_kept_back
from zapsim.vgg16.weights import load_vgg16

__all__ = [
    "LAYERS",
    "MEANS",
    "averaging",
    "feature_vectors",
    "grid_averages",
    "keras_missing",
    "layer_costs",
    "map_size",
    "outputs_of",
    "prepare_tensorflow",
    "preprocessed",
    "truncated_vgg16",
]

_CONVOLUTIONS = {1: (2, 64), 2: (2, 128), 3: (3, 256), 4: (3, 512), 5: (3, 512)}
_CLASSES = 1000
# As the marker of the extra `keras` says in pyproject.toml.
_WITHOUT_TENSORFLOW = (3, 14)

# Where the network can be cut: channels, and how many times the picture's side was halved.
LAYERS = {}
for _block, (_count, _channels) in _CONVOLUTIONS.items():
    for _number in range(1, _count + 1):
        LAYERS[f"block{_block}_conv{_number}"] = (_channels, _block - 1)
    LAYERS[f"block{_block}_pool"] = (_channels, _block)
LAYERS |= {"fc1": (4096, None), "fc2": (4096, None)}

# float16 has steps of 6e-8 near 0; of what is smaller than this it would keep less than four bits.
_SMALLEST = 1e-6

# The mean blue, green and red of the pictures that VGG16 was trained on.
MEANS = np.array([103.939, 116.779, 123.68], np.float32)


def map_size(layer, image_size):
    """Return the side of the maps at a layer, in cells; None for fc1 and fc2."""
    halvings = LAYERS[layer][1]
    return None if halvings is None else image_size >> halvings


def layer_costs(image_size=128):
    """List VGG16's layers and what each costs at an image size (int), by arithmetic alone.

    Returns
    -------
    pandas.DataFrame
        One row a layer, in order: ``map_size`` (side of its maps, in cells; 1 for a vector),
        ``channels``, ``parameters``, ``million_multiply_adds`` for one picture, and
        ``cost_so_far``, the share of the whole network's multiply-adds up to and including it.
    """
    rows, before, side_before = [], 3, image_size
    for layer, (channels, _) in LAYERS.items():
        side = map_size(layer, image_size) or 1
        inputs = (
            0 if "pool" in layer else 9 * before if "conv" in layer else before * side_before**2
        )
        parameters = inputs * channels + (channels if inputs else 0)
        rows.append((layer, side, channels, parameters, inputs * channels * side**2 / 1e6))
        before, side_before = channels, side
    names = ["layer", "map_size", "channels", "parameters", "million_multiply_adds"]
    table = pd.DataFrame(rows, columns=names).set_index("layer")
    whole = table["million_multiply_adds"].sum() + before * _CLASSES / 1e6
    table["cost_so_far"] = table["million_multiply_adds"].cumsum() / whole
    return table


def preprocessed(squares):
    """Prepare RGB pictures (…, 3) as VGG16 was trained: blue-green-red, less each one's mean."""
    return np.asarray(squares, np.float32)[..., ::-1] - MEANS


def averaging(side, grid):
    """Return the matrix that averages `side` cells into `grid`, shape (grid, side), float32.

    Where `grid` does not divide `side`, neighbouring averages share a cell.
    """
    weights = np.zeros((grid, side), np.float32)
    for cell in range(grid):
        first, last = cell * side // grid, -(-(cell + 1) * side // grid)
        weights[cell, first:last] = 1 / (last - first)
    return weights


def grid_averages(maps, grid):
    """Average maps (n, side, side, n_channels) over a grid of cells, or leave them as they are.

    Returns (n, grid, grid, n_channels), in the dtype of `maps`; the maps themselves for "flat".
    """
    if grid == "flat":
        return maps
    cells = averaging(maps.shape[1], grid).astype(maps.dtype)
    # Not optimised: its matrix products start threads of their own beside those that compute.
    rows = np.einsum("gh,nhwc->ngwc", cells, maps)
    return np.einsum("kw,ngwc->ngkc", cells, rows)


def feature_vectors(maps, grid, power):
    """Turn maps into feature vectors (n, n_features), by grid row, grid column, channel.

    Without a grid `maps` are vectors (n, n_channels), as of fc1 and fc2. Every feature is raised to
    `power` and rounded to float16, but given as float32; ValueError if one is too large for that,
    all are too small, or one is NaN, or negative where `power` is not 1.
    """
    averages = maps if grid is None else grid_averages(maps, grid)
    values = averages.reshape(len(maps), int(np.prod(averages.shape[1:])))
    if power != 1 and (values < 0).any():
        raise ValueError(
            f"The network gives negative numbers (down to {values.min():.3g}), which have no root. "
            f"Use power=1, or a layer that ends in a ReLU. Received: power={power:g}"
        )
    values = values ** np.float32(power)
    with np.errstate(over="ignore"):
        stored = values.astype(np.float16).astype(np.float32)
    if not np.isfinite(stored).all():
        if np.isnan(values).any():
            raise ValueError("The network gives NaN for a picture. Look at its weights and layers.")
        raise ValueError(
            f"The features are too large for float16 (up to {np.abs(values).max():.3g}): pictures "
            "were not prepared as these weights were trained. Use the preprocessing that belongs "
            "to them, or cut the network behind a normalisation."
        )
    largest = np.abs(values).max(initial=0)
    if 0 < largest < _SMALLEST:
        raise ValueError(
            f"The features are too small for float16 (up to {largest:.0e}), which would keep no "
            "digits of them, as those of a deep network without training are. Let the network end "
            f"in one more layer: keras.layers.Rescaling({1 / largest:.0e})."
        )
    return stored


def prepare_tensorflow():
    """Import TensorFlow with our settings, and without its remarks on the machine.

    Without effect once it is imported. To see the remarks, set ``TF_CPP_MIN_LOG_LEVEL`` to 0 or 1.
    ImportError if TensorFlow or Keras is not installed.
    """
    if sys.modules.get("tensorflow"):
        return
    # By itself it takes oneDNN's convolutions only on CPUs with instructions for neural networks,
    # but they are faster with AVX2 alone, too: 1.3 times, measured on Zen 3.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    wanted = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") in ("0", "1")
    # TensorFlow 2.21 makes its remarks before it reads the level, and on machines without a GPU
    # the search for one counts as an error: a page of red in a notebook.
    with stderr_kept_back(not wanted):
        try:
            import keras  # noqa: F401
            import tensorflow as tf
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{keras_missing(error.name)} Without them VGG16Extractor() computes the "
                "default cut only, at any size: block4_pool, the bundled weights."
            ) from error
        tf.config.list_physical_devices("GPU")


def keras_missing(name):
    """Return what to do where Keras or TensorFlow, `name`, is not installed (str)."""
    needs = f"This needs Keras and TensorFlow, and {name} is not installed: "
    if sys.version_info < _WITHOUT_TENSORFLOW:
        return f"{needs}pip install 'zapsim[keras]'."
    return (
        f"{needs}TensorFlow has no release for Python {'.'.join(map(str, sys.version_info[:2]))}. "
        "Make an environment with Python 3.11, 3.12 or 3.13."
    )


def truncated_vgg16(layer, image_size, weights, precision="float32"):
    """Build VGG16 up to and including a layer (``keras.Model``); else ImportError, WeightsError.

    In: what `preprocessed` gives, (n, image_size, image_size, 3). Out: the layer's maps or vectors.
    """
    prepare_tensorflow()
    import keras

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(precision)
        vgg16 = load_vgg16(weights, image_size, include_top=LAYERS[layer][1] is None)
    finally:
        keras.config.set_dtype_policy(before)
    return keras.Model(vgg16.input, vgg16.get_layer(layer).output, name="truncated_vgg16")


def outputs_of(model, layers):
    """Return a network that gives the outputs of several of a model's layers (list of str)."""
    import keras

    return keras.Model(model.input, [model.get_layer(layer).output for layer in layers])
