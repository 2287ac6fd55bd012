"""Judge cuts of VGG16, and what needs no network, on pictures whose folders are their classes.

``python -m benchmarks.quality PICTURES.zip``: class precision at 5, as a share of an item's five
neighbours, with 95 % bootstrap intervals, and the paired difference to the default.
"""

import argparse

import zapsim
from benchmarks.measure import machine, save, table

DEFAULT = "block4_pool 2×2 at 128"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or zip; the first folders are the classes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128], help="in pixels")
    arguments = parser.parse_args()
    catalogue = zapsim.load_catalogue(arguments.pictures)
    kinds = {}
    for size in {128, *arguments.sizes}:
        kinds |= zapsim.extract_cuts(
            catalogue, ["block4_pool", "block5_pool"], grids=(1, 2, 4, "flat"), image_size=size
        )
    plain = zapsim.VGG16Extractor(power=1).extract(catalogue)
    kinds["block4_pool 2×2 at 128, no root"] = plain
    four = kinds["block4_pool 4×4 at 128"]
    kinds["block4_pool 4×4 at 128, PCA to 256"] = zapsim.reduce(four, min(256, len(four)))
    kinds |= zapsim.baseline_features(catalogue)
    labels = catalogue.table["Category"]
    card = zapsim.scorecard(kinds, labels, against=DEFAULT, metrics=["precision"])
    rows = [
        {
            "features": name,
            "P@5": f"{row['precision@5', 'value']:.3f}",
            "interval": "{:.3f} to {:.3f}".format(*row["precision@5"][["low", "high"]]),
            "minus the default": "{:+.3f} ({:+.3f} to {:+.3f})".format(
                *row[f"precision@5 - {DEFAULT}"]
            ),
        }
        for name, row in card.iterrows()
    ]
    print(f"{len(catalogue):,} pictures, {labels.nunique()} classes")
    print(table(rows))
    versions = machine("tensorflow", "keras", "numpy", "pillow")
    save("quality", {"machine": versions, "pictures": len(catalogue), "rows": rows})


if __name__ == "__main__":
    main()
