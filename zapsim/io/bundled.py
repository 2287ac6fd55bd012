"""Say where zapsim's own data is: in ``data/`` of a clone, in ``zapsim/data/`` of a wheel."""

from pathlib import Path

__all__ = ["MINIZAP", "MINIZAP_FEATURES", "MINIZAP_PARTS", "VGG16_INT8", "VGG16_WEIGHTS"]

_HERE = Path(__file__).resolve().parents[1]
_DATA = _HERE / "data" if (_HERE / "data").is_dir() else _HERE.parent / "data"

MINIZAP = _DATA / "minizap.zip"
MINIZAP_FEATURES = _DATA / "minizap-features"
MINIZAP_PARTS = _DATA / "minizap-parts"
#: Where the weights are that come with zapsim (Path): VGG16's convolution layers, ImageNet,
#: float16, in a file that ``keras.applications.VGG16(weights=…, include_top=False)`` reads.
VGG16_WEIGHTS = _DATA / "vgg16_notop_float16.weights.h5"
VGG16_INT8 = _DATA / "vgg16_block4_pool_128_int8.tflite"
