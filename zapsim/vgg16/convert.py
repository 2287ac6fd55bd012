"""Write VGG16 cut short with 8 bits, weights and maps alike, for LiteRT.

In: a cut. Out: a ``.tflite`` that takes and gives float32. The default cut ships with zapsim, in
one file for pictures of every size; any other is converted once, with TensorFlow, and kept in a
folder for caches. The edge rule: pictures of MiniZap, always the same ones, tell how large the
numbers in each layer get.

References
----------
Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018, arXiv:1712.05877.
"""

import os
import warnings
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from zapsim.io.bundled import MINIZAP, VGG16_INT8
from zapsim.io.disk import TransferError, write_whole
from zapsim.io.pictures import load_picture
from zapsim.io.sources import open_files
from zapsim.io.squares import fit_square
from zapsim.vgg16.network import prepare_tensorflow, preprocessed, truncated_vgg16
from zapsim.vgg16.quiet import stderr_kept_back
from zapsim.vgg16.weights import WeightsError, identify_weights, undamaged

__all__ = ["INT8_SHA256", "SHIPPED", "converted", "int8_file", "is_shipped"]

# Layer, image size and weights of the cut that ships in 8 bits. Other sizes use the same file, for
# a convolution's weights do not depend on the size.
SHIPPED = ("block4_pool", 128, "bundled")
INT8_SHA256 = "dcac786fec82b1504d5eb0824e49711e7df9547eeb7aa66a57215f7730b8ac61"
_PICTURES = 100


def is_shipped(layer, weights):
    """Tell whether a cut ships in 8 bits."""
    return layer == SHIPPED[0] and isinstance(weights, str) and weights == SHIPPED[2]


def int8_file(layer, image_size, weights):
    """Return the path of a cut in 8 bits (str), converted now if it was not before.

    Where it cannot be kept, its content is returned (bytes).
    """
    if is_shipped(layer, weights):
        return str(undamaged(VGG16_INT8, INT8_SHA256))
    identity = identify_weights(weights)
    digest = _digest(identity.encode())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    stem = f"vgg16-{layer}-{image_size}-{digest}"
    # Named by its content, too, so that a damaged one is known and made again.
    path = None
    # One that cannot be read is made again.
    with suppress(OSError):
        kept = (home / "zapsim").glob(f"{stem}-*.tflite")
        path = next((p for p in kept if p.stem == f"{stem}-{_digest(p.read_bytes())}"), None)
    if path is None:
        print(f"Converting VGG16 to {layer} at {image_size}×{image_size} to 8 bits, once …")
        content = converted(layer, image_size, weights)
        if identify_weights(weights) != identity:
            raise WeightsError(f"{weights} was changed while it was read. Try again.")
        path = home / "zapsim" / f"{stem}-{_digest(content)}.tflite"
        try:
            write_whole(path, content)
        except TransferError as error:
            warnings.warn(f"It is converted again next time: {error}", stacklevel=2)
            return content
    return str(path)


def _digest(data):
    return sha256(data).hexdigest()[:16]


def converted(layer, image_size, weights):
    """Convert a cut to 8 bits; return a ``.tflite`` for one picture (bytes).

    In: what `zapsim.vgg16.network.preprocessed` gives, (1, image_size, image_size, 3). Out: maps or
    vectors. Both float32.
    """
    prepare_tensorflow()
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2 as freeze,
    )

    model = truncated_vgg16(layer, image_size, weights)
    files = open_files(MINIZAP)
    keys = files.keys[:: len(files.keys) // _PICTURES][:_PICTURES]
    squares = (fit_square(load_picture(files.read(key), key), image_size) for key in keys)
    # Calibration fails on variables ("READ_VARIABLE … failed to invoke") and on several pictures
    # at once, so the weights become constants of a network for one.
    one = tf.TensorSpec((1, *model.input.shape[1:]), tf.float32)
    frozen = freeze(tf.function(lambda x: model(x, training=False)).get_concrete_function(one))
    with stderr_kept_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: ([preprocessed(s)[None]] for s in squares)
        return converter.convert()
