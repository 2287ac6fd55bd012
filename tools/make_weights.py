"""Round Keras' own VGG16 download to float16, as in ``data/``, and compare the two.

    python -m tools.make_weights [--out FILE.weights.h5]

Needs the internet, or Keras' file in ``~/.keras/models``. Exits with 1 where a number differs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from zapsim.io.bundled import VGG16_WEIGHTS
from zapsim.vgg16.weights import load_vgg16


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="also keep the rounded weights here")
    arguments = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rounded = Path(folder, "rounded.weights.h5")
        write_rounded(load_vgg16("imagenet", 224), rounded)
        if arguments.out:
            arguments.out.write_bytes(rounded.read_bytes())
        ours, theirs = arrays_of(VGG16_WEIGHTS), arrays_of(rounded)
    equal = [name for name, array in theirs.items() if np.array_equal(array, ours.get(name))]
    print(f"{len(equal)} of {len(theirs)} arrays equal the bundled ones.")
    return int(len(equal) < len(theirs))


def write_rounded(model, path):
    """Write a model's weights in Keras' format, every float32 as float16, packed."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.weights.h5")
        model.save_weights(whole)
        with h5py.File(whole) as source, h5py.File(path, "w") as target:
            source.visititems(lambda name, found: _copy(name, found, target))


def arrays_of(path):
    """Return a weights file's arrays by name."""
    arrays = {}

    def keep(name, found):
        if isinstance(found, h5py.Dataset):
            arrays[name] = found[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return arrays


def _copy(name, found, target):
    if isinstance(found, h5py.Dataset):
        array = found[()]
        array = array.astype(np.float16) if array.dtype == np.float32 else array
        packing = {"compression": "gzip", "shuffle": True} if array.ndim else {}
        copied = target.create_dataset(name, data=array, **packing)
    else:
        copied = target.require_group(name)
    copied.attrs.update(found.attrs)


if __name__ == "__main__":
    sys.exit(main())
