"""Convert the default cut to 8 bits, as in ``data/``, from the bundled weights.

    python -m tools.make_int8

Needs TensorFlow. The same version of it makes the same file.
"""

from zapsim.io.bundled import VGG16_INT8
from zapsim.vgg16.convert import SHIPPED, converted


def main():
    content = converted(*SHIPPED)
    VGG16_INT8.write_bytes(content)
    print(f"{VGG16_INT8.name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
