"""Run pictures through VGG16 cut short: the one path from pictures to maps.

In: squares, RGB uint8. Out: the maps of one layer, or of several, float32. With 8 bits the
network runs on LiteRT, which needs no TensorFlow; with 32 on a CPU and with 16 on a GPU, in
Keras. The edge rule: an engine may be called from several threads at once, and gives each the
same as it would alone. In a forked process LiteRT goes on; Keras refuses, where it would hang.
"""

import os
import warnings
from functools import cache
from importlib.util import find_spec
from threading import Lock

import numpy as np

from zapsim.io.locks import ForkSafeLock
from zapsim.vgg16.convert import int8_file, is_shipped
from zapsim.vgg16.network import prepare_tensorflow, preprocessed, truncated_vgg16
from zapsim.vgg16.number_format import choose_format, has_gpu
from zapsim.vgg16.quiet import stderr_kept_back
from zapsim.vgg16.weights import WeightsError

__all__ = ["KerasEngine", "LiteRTEngine", "open_engine"]

_FIRST, _MADE = ForkSafeLock(), []
# The process that has used TensorFlow.
_OWNER = []


def open_engine(layer, image_size, weights, precision):
    """Return what runs a cut on this machine; arguments as in `zapsim.VGG16Extractor`."""
    chosen = choose_format(precision, is_shipped(layer, weights))
    if chosen == "int8":
        return LiteRTEngine(int8_file(layer, image_size, weights), image_size)
    check_not_forked()
    return KerasEngine(truncated_vgg16(layer, image_size, weights, chosen), chosen)


def check_not_forked():
    """Raise RuntimeError in a process that was forked after TensorFlow was used.

    Its threads are not forked with it, and whatever waits for them waits for ever.
    """
    if _OWNER and _OWNER[0] != os.getpid():
        raise RuntimeError(
            "Keras cannot compute here: this process was forked from one that has used TensorFlow. "
            "Start it afresh: multiprocessing.get_context('spawn'), or joblib's default. The "
            "default cut on LiteRT (precision='int8') works in forked processes, too."
        )


class LiteRTEngine:
    """A network in 8 bits, float32 in and out.

    Each thread that calls it takes an interpreter of its own, on one core: two of them are a little
    faster than one on two cores, and decoding a picture then belongs to the same thread. `file` is
    a ``.tflite`` for one picture, as a path or bytes; only with fully connected layers does it have
    to be made for this `image_size`. `runs` says what runs where, such as ``"int8 on LiteRT"``.
    """

    def __init__(self, file, image_size):
        self._file = {"model_content" if isinstance(file, bytes) else "model_path": file}
        self._shape = (1, image_size, image_size, 3)
        self._free = []
        self.runs = f"int8 on {_litert()[1]}"

    def maps(self, squares):
        """Return the maps of squares (n, image_size, image_size, 3), RGB, uint8.

        They are float32, (n, side, side, n_channels), or (n, n_channels) for fc1 and fc2.
        """
        try:
            interpreter = self._free.pop()
        except IndexError:
            interpreter = self._make()
        (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
        maps = np.empty((len(squares), *given["shape"][1:]), np.float32)
        for row, square in enumerate(squares):
            interpreter.set_tensor(taken["index"], preprocessed(square)[None])
            interpreter.invoke()
            maps[row] = interpreter.get_tensor(given["index"])[0]
        self._free.append(interpreter)
        return maps

    def _make(self):
        # The first one of a process writes a line to stderr; in TensorFlow each warns that it will
        # move to a package of its own, which is the one that was looked for before.
        with _FIRST.held(), stderr_kept_back(not _MADE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                interpreter = _litert()[0](**self._file, num_threads=1)
            except ValueError as error:
                name, why = self._file.get("model_path", "The network"), str(error).strip()
                raise WeightsError(
                    f"{name} is damaged ({why}). Delete it if it lies in a cache folder; "
                    "otherwise fetch zapsim again."
                ) from error
            taken = interpreter.get_input_details()[0]["index"]
            interpreter.resize_tensor_input(taken, self._shape)
            interpreter.allocate_tensors()
            _MADE.append(True)
        return interpreter


class KerasEngine:
    """A ``keras.Model``; one thread at a time runs it, on all cores or the GPU.

    `prepare` makes RGB squares (n, image_size, image_size, 3), uint8, into what it takes, float32.
    """

    def __init__(self, model, precision="float32", prepare=preprocessed):
        import tensorflow as tf

        _OWNER[:] = [os.getpid()]
        self.model, self._prepare = model, prepare
        self.runs = f"{precision} on {'GPU' if has_gpu() else 'CPU'} with Keras"
        self._one_at_a_time = Lock()
        # A tf.function would be traced anew for each size, and would warn when several networks
        # are built in one session.
        self._run = tf.function(lambda inputs: model(inputs, training=False)).get_concrete_function(
            tf.TensorSpec(model.input.shape, tf.float32)
        )

    def maps(self, squares):
        """Return the maps of pictures, as `LiteRTEngine.maps` does."""
        return self.outputs(self._prepare(squares))[0]

    def outputs(self, inputs):
        """Return a list of what each output of the model gives, float32, for prepared pictures."""
        import tensorflow as tf

        check_not_forked()
        # TensorFlow takes other, slower kernels for one.
        padded = np.concatenate([inputs] * 2) if len(inputs) == 1 else inputs
        with self._one_at_a_time:
            given = tf.nest.flatten(self._run(padded))
        return [np.asarray(each, np.float32)[: len(inputs)] for each in given]


@cache
def _litert():
    """Return an interpreter class and its name: LiteRT's, or what TensorFlow has of it."""
    if find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, "LiteRT"
    prepare_tensorflow()
    import tensorflow as tf

    return tf.lite.Interpreter, "LiteRT in TensorFlow"
