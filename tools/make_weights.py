"""Round Keras' own VGG16 download to float16, as in ``data/vgg16_conv_fp16.npz``, and compare.

    python -m tools.make_weights [--out FILE]

Needs the internet, or Keras' file in ``~/.keras/models``. Exits with 1 where a number differs.
"""

import argparse
import sys

import numpy as np

from zapsim.io.bundled import VGG16_WEIGHTS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="also write the rounded weights here (.npz)")
    arguments = parser.parse_args()
    arrays = rounded(keras_vgg16())
    if arguments.out:
        np.savez(arguments.out, **arrays)
    different = [name for name, array in arrays.items() if not equal_to_bundled(name, array)]
    print(f"{len(arrays) - len(different)} of {len(arrays)} arrays equal the bundled ones.")
    return bool(different)


def keras_vgg16():
    import keras

    from zapsim.vgg16.weights import load_weights

    model = keras.applications.VGG16(include_top=False, weights=None)
    load_weights(model, "imagenet")
    return model


def rounded(model):
    """Return VGG16's convolution weights as {"layer/kernel": float16 array, …}."""
    return {
        f"{layer.name}/{kind}": weight.astype(np.float16)
        for layer in model.layers
        for kind, weight in zip(("kernel", "bias"), layer.get_weights(), strict=False)
    }


def equal_to_bundled(name, array):
    with np.load(VGG16_WEIGHTS, allow_pickle=False) as bundled:
        return name in bundled and np.array_equal(bundled[name], array)


if __name__ == "__main__":
    sys.exit(main())
