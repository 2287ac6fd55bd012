"""Extract MiniZap's features at the default settings into ``data/minizap-features``."""

import shutil

import zapsim
from zapsim.bundled import MINIZAP_FEATURES


def main():
    shutil.rmtree(MINIZAP_FEATURES, ignore_errors=True)
    # float32, so that the shipped numbers are those that every machine can reproduce.
    extractor = zapsim.VGG16Extractor(precision="float32")
    print(extractor.extract(zapsim.load_catalogue(), cache=MINIZAP_FEATURES).shape)


if __name__ == "__main__":
    main()
