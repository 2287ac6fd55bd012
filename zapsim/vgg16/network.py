"""VGG16's shape: where it can be cut, how large its maps are there, and the cut network itself.

In: a layer's name, a picture size, weights, a precision. Out: a ``keras.Model``, and a function
that runs a batch of pictures through it. TensorFlow is loaded when a network is built, not when
this module is imported.
"""

import os
import sys
import tempfile
from contextlib import contextmanager

import numpy as np

from zapsim.vgg16.weights import load_weights

__all__ = [
    "LAYERS",
    "batch_function",
    "compiled",
    "device",
    "map_size",
    "n_features",
    "prepare_tensorflow",
    "truncated_vgg16",
]

_CONVOLUTIONS = {1: (2, 64), 2: (2, 128), 3: (3, 256), 4: (3, 512), 5: (3, 512)}

# Where the network can be cut: channels, and how many times the picture's side was halved.
LAYERS = {}
for _block, (_count, _channels) in _CONVOLUTIONS.items():
    for _number in range(1, _count + 1):
        LAYERS[f"block{_block}_conv{_number}"] = (_channels, _block - 1)
    LAYERS[f"block{_block}_pool"] = (_channels, _block)
LAYERS |= {"fc1": (4096, None), "fc2": (4096, None)}


def map_size(layer, image_size):
    """Return the side of the maps at a layer, in cells; None for fc1 and fc2."""
    halvings = LAYERS[layer][1]
    return None if halvings is None else image_size >> halvings


def n_features(layer, grid, image_size):
    """Return the length of a feature vector."""
    side = {None: 1, "flat": map_size(layer, image_size)}.get(grid, grid)
    return LAYERS[layer][0] * side**2


def prepare_tensorflow():
    """Import TensorFlow with our settings, and without its remarks on the machine.

    Without effect once it is imported. To see the remarks, set ``TF_CPP_MIN_LOG_LEVEL=0``.
    """
    if "tensorflow" in sys.modules:
        return
    # By itself it takes oneDNN's convolutions only on CPUs with instructions for neural networks,
    # but they are faster with AVX2 alone, too: 1.3 times, measured on Zen 3.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    # TensorFlow 2.21 makes its remarks before it reads the level, and on machines without a GPU
    # the search for one counts as an error: a page of red in a notebook.
    with _stderr_kept_back():
        device()


def truncated_vgg16(layer, image_size, weights, include_top, precision):
    """Build VGG16 up to and including a layer.

    Parameters
    ----------
    layer : str
        One of `LAYERS`.
    image_size : int
    weights : {"bundled", "imagenet"}, path or None
    include_top : bool
        Whether to build the fully connected layers.
    precision : {"float32", "bfloat16", "float16"}

    Returns
    -------
    keras.Model
        In: what ``keras.applications.vgg16.preprocess_input`` gives, (n, image_size, image_size,
        3). Out: the layer's maps or vectors.
    """
    import keras

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(precision)
        vgg16 = keras.applications.VGG16(
            include_top=include_top, weights=None, input_shape=(image_size, image_size, 3)
        )
    finally:
        keras.config.set_dtype_policy(before)
    load_weights(vgg16, weights, include_top)
    return keras.Model(vgg16.input, vgg16.get_layer(layer).output, name="truncated_vgg16")


def batch_function(model, grid, power=1):
    """Wrap a truncated VGG16 in its preprocessing and its grid of averages.

    Parameters
    ----------
    model : keras.Model
    grid : int, "flat" or None
    power : float
        What every feature is raised to.

    Returns
    -------
    callable
        RGB pictures (n, image_size, image_size, 3), uint8 -> features (n, n_features), float32,
        ordered by grid row, grid column, channel.
    """
    import keras
    import tensorflow as tf

    preprocess = keras.applications.vgg16.preprocess_input
    cells = averaging(model.output.shape[1], grid) if isinstance(grid, int) else None

    def run(pictures):
        maps = model(preprocess(tf.cast(pictures, tf.float32)), training=False)
        maps = tf.cast(maps, tf.float32)
        if cells is not None:
            maps = tf.einsum("gh,bhwc->bgwc", cells, maps)
            maps = tf.einsum("gw,bhwc->bhgc", cells, maps)
        return tf.reshape(maps, (-1, np.prod(maps.shape[1:]))) ** power

    return compiled(run, model.input.shape, tf.uint8)


def compiled(function, shape, dtype):
    """Compile a function of one array, once for whatever takes the place of None in its shape."""
    import tensorflow as tf

    # A tf.function would be traced anew for each size, and would warn when several networks are
    # built in one session.
    return tf.function(function).get_concrete_function(tf.TensorSpec(shape, dtype))


def averaging(side, grid):
    """Return the matrix that averages `side` cells into `grid`, shape (grid, side), float32.

    Where `grid` does not divide `side`, neighbouring averages share a cell.
    """
    weights = np.zeros((grid, side), np.float32)
    for cell in range(grid):
        first, last = cell * side // grid, -(-(cell + 1) * side // grid)
        weights[cell, first:last] = 1 / (last - first)
    return weights


@contextmanager
def _stderr_kept_back():
    """Keep back what compiled code writes to stderr; show it if an exception is raised."""
    try:
        stderr = os.dup(2)
    except OSError:
        # A process without one, such as Windows' pythonw.
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(stderr, kept.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def device():
    """Return "GPU" where TensorFlow has one, otherwise "CPU"."""
    import tensorflow as tf

    return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
