"""Measure how many made near duplicates are found, and how many of those found are some.

``python -m benchmarks.duplicates [PICTURES.zip] [--n 60] [--cache FOLDER]``: of n items, a copy of
each kind is made and put among all of them. Recall is the share of copies that are listed in one
pair with their original, by kind. Precision is the share of listed pairs that were made; pairs of
two originals are printed, to be looked at, for real catalogues hold true duplicates. By default
MiniZap, with the features that ship.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import zapsim
from benchmarks.measure import machine, save, table
from zapsim.find.duplicates import near_pairs

THRESHOLDS = (0.05, 0.08, 0.1, 0.12, 0.15, 0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="?", help="a folder or zip; by default MiniZap")
    parser.add_argument("--n", type=int, default=60, help="items of which copies are made")
    parser.add_argument("--cache", help="a feature store of the pictures")
    options = parser.parse_args()
    catalogue = zapsim.load_catalogue(options.pictures)
    cache = options.cache if options.pictures else "bundled"
    features = zapsim.VGG16Extractor().extract(catalogue, cache=cache)
    with tempfile.TemporaryDirectory() as folder:
        made = make(catalogue, Path(folder), options.n)
        copies = zapsim.VGG16Extractor().extract(zapsim.load_catalogue(Path(folder) / "made"))
        copies.index = [f"made/{key}" for key in copies.index]
        features = pd.concat([features.rename(index="all/{}".format), copies]).sort_index()
        start = time.perf_counter()
        both = zapsim.load_catalogue(folder)
        keys, _, pairs, distances, _ = near_pairs(both, features, max(THRESHOLDS), True, 5)
        taken = time.perf_counter() - start
    found = pd.DataFrame({"a": keys[pairs[:, 0]], "b": keys[pairs[:, 1]], "distance": distances})
    origin = {
        **{key: key for key in keys},
        **{key: original for key, (_, original) in made.items()},
    }
    found["right"] = found["a"].map(origin) == found["b"].map(origin)
    rows = [row(found, made, threshold) for threshold in THRESHOLDS]
    print(f"{len(keys):,} pictures, {taken:.0f} s\n{table(rows)}")
    natural = found[~found["right"]].sort_values("distance")
    print(natural.head(20).to_string())
    name = f"duplicates-{catalogue.name.partition('.')[0]}"
    save(name, {"machine": machine("numpy", "pillow"), "seconds": taken, "rows": rows})


def row(found, made, threshold):
    listed = found[found["distance"] <= threshold]
    pairs = set(zip(listed["a"], listed["b"], strict=True))
    recall = {kind: [] for kind in KINDS}
    for key, (kind, original) in made.items():
        recall[kind].append(tuple(sorted([key, original])) in pairs)
    shares = {kind: float(np.mean(hits)) for kind, hits in recall.items()}
    wrong = int((~listed["right"]).sum())
    precision = 1 - wrong / len(listed) if len(listed) else None
    return {"threshold": threshold, **shares, "precision": precision, "pairs of originals": wrong}


def make(catalogue, folder, n):
    """Write all below ``all`` and copies below ``made``; return (kind, original) by key."""
    rng, made = np.random.default_rng(0), {}
    chosen = set(rng.choice(catalogue.keys, min(n, len(catalogue)), replace=False))
    for number, key in enumerate(catalogue.keys):
        path = folder / "all" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(catalogue.read(key))
        for kind, change in KINDS.items() if key in chosen else ():
            copy = f"made/{kind}/{number}.jpg"
            (folder / copy).parent.mkdir(parents=True, exist_ok=True)
            (folder / copy).write_bytes(change(Image.fromarray(catalogue.picture(key)), rng))
            made[copy] = kind, f"all/{key}"
    return made


def jpeg(image, quality=90):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def resized(image, rng):
    share = rng.choice([0.5, 0.7, 1.5])
    return jpeg(image.resize([round(share * side) for side in image.size]))


def cropped(image, rng):
    """Cut a twentieth off each side's length, at a place by chance."""
    width, height = image.size
    left, top = rng.integers(0, round(0.05 * width) + 1), rng.integers(0, round(0.05 * height) + 1)
    return jpeg(image.crop((left, top, left + round(0.95 * width), top + round(0.95 * height))))


KINDS = {
    "resized": resized,
    "JPEG 40": lambda image, rng: jpeg(image, 40),
    "cropped 5 %": cropped,
    "mirrored": lambda image, rng: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}

if __name__ == "__main__":
    main()
