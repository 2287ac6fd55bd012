"""Extract MiniZap's features at the default settings, and those of its shapes and textures."""

import shutil

import zapsim
from zapsim.io.bundled import MINIZAP_FEATURES, MINIZAP_PARTS


def main():
    for folder in (MINIZAP_FEATURES, MINIZAP_PARTS):
        shutil.rmtree(folder, ignore_errors=True)
    catalogue = zapsim.load_catalogue()
    print(zapsim.VGG16Extractor().extract(catalogue, cache=MINIZAP_FEATURES).shape)
    print(*zapsim.shape_colour_texture(catalogue, cache=MINIZAP_PARTS))


if __name__ == "__main__":
    main()
