"""Measure the peak memory of the main job from files to neighbours, and how extraction's grows.

    python -m benchmarks.memory [--items 5000] [--sizes 2500 5000 10000 20000] [--large]

The pictures are MiniZap's, over and over under other keys. Each step runs in a process of its own,
whose peak is the operating system's figure, and says whether TensorFlow was loaded in it. How
extraction grows is measured at 32×32 pixels, with as many features as the default, 2,048: the same
rows, files and shards, decoded and stored for real, but in minutes for tens of thousands. What
extraction returns is subtracted; what is left must not grow with the catalogue. Large pictures are
made here, of noise that is scaled up, one of each format; and read once each, and by many threads.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import zapsim
from benchmarks.measure import alone, machine, save, table

UT_ZAPPOS = 50_025
STEPS = {
    "Python, pandas and zapsim, nothing done": "zapsim.load_catalogue",
    "open MiniZap and its features, and the browser": (
        "zapsim.browse(zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features()))"
    ),
    "extract one picture": (
        "zapsim.VGG16Extractor(precision='int8').extract(folder / 'pictures' / '0.1.jpg')"
    ),
    "extract all": (
        "zapsim.VGG16Extractor(precision='int8').extract("
        "zapsim.load_catalogue(folder / 'pictures'), cache=folder / 'store')"
    ),
    "extract one picture in float32, in Keras": (
        "zapsim.VGG16Extractor(precision='float32').extract(folder / 'pictures' / '0.1.jpg')"
    ),
    "similarity_matrix": "zapsim.similarity_matrix(zapsim.load_features(folder / 'store'))",
    "top_k, k=50": "zapsim.top_k(zapsim.load_features(folder / 'store'), 50)",
}
LARGE = {
    "JPEG, 12000×9000": ("RGB", (12_000, 9000), "JPEG", {}),
    "JPEG, 12000×9000, progressive": ("RGB", (12_000, 9000), "JPEG", {"progressive": True}),
    "JPEG, 9216×6912": ("RGB", (9216, 6912), "JPEG", {}),
    "JPEG, 9216×6912, CMYK": ("CMYK", (9216, 6912), "JPEG", {}),
    "PNG, 8000×8000": ("RGB", (8000, 8000), "PNG", {"compress_level": 1}),
    "PNG, 8000×8000, RGBA": ("RGBA", (8000, 8000), "PNG", {"compress_level": 1}),
    "PNG, 8000×8000, 16 bit": ("I;16", (8000, 8000), "PNG", {"compress_level": 1}),
    "TIFF, 8000×8000, 16 bit": ("I;16", (8000, 8000), "TIFF", {}),
    "TIFF, 8000×8000, deflated": (
        "RGB",
        (8000, 8000),
        "TIFF",
        {"compression": "tiff_adobe_deflate"},
    ),
    "WebP, 6400×6400": ("RGB", (6400, 6400), "WEBP", {"method": 0}),
    "AVIF, 6000×6000": ("RGB", (6000, 6000), "AVIF", {"speed": 10}),
    "GIF, 8000×8000, two frames": ("P", (8000, 8000), "GIF", {"save_all": True}),
}
SMALL = "zapsim.VGG16Extractor(image_size=32, precision='int8')"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=5000, help="0 leaves the first table out")
    parser.add_argument("--sizes", type=int, nargs="*", default=[2_500, 5_000, 10_000, 20_000])
    parser.add_argument("--large", action="store_true", help="large pictures, and nothing else")
    options = parser.parse_args()
    versions = machine("ai-edge-litert", "tensorflow", "numpy", "pandas", "pyarrow")
    if options.large:
        rows = large()
        print(table(rows), flush=True)
        save("memory-large", {"machine": versions, "large": rows})
        return
    if options.items:
        rows = steps(options.items)
        print(f"{options.items:,} items\n\n{table(rows)}\n", flush=True)
        save("memory-steps", {"machine": versions, "items": options.items, "steps": rows})
    if options.sizes:
        rows, line = growth(options.sizes)
        print(f"{table(rows)}\n\n{table([line])}", flush=True)
        save("memory-growth", {"machine": versions, "growth": rows, "line": line})


def steps(items):
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder) / "pictures", items)
        rows = []
        for name, code in STEPS.items():
            code += "\nimport sys; print('tensorflow' in sys.modules)"
            megabytes, said = measure(code, folder)
            loaded = "yes" if said.endswith("True") else "no"
            rows.append({"step": name, "peak MB": megabytes, "TensorFlow loaded": loaded})
        return rows


def large():
    """Return a row a large picture, and one a number of threads that read 24 of two kinds."""
    with tempfile.TemporaryDirectory() as folder:
        read = "zapsim.load_picture((folder / '{}').read_bytes())"
        make_large(Path(folder) / "small", "RGB", (64, 64), "PNG", {})
        before, _ = measure(read.format("small"), folder)
        rows = []
        for name, made in LARGE.items():
            path = Path(folder) / "large"
            make_large(path, *made)
            megabytes, _ = measure(read.format("large"), folder)
            size = path.stat().st_size / 1e6
            rows.append(
                {"picture": name, "MB of file": size, "MB beyond Python": megabytes - before}
            )
        catalogue = Path(folder) / "catalogue"
        catalogue.mkdir()
        for number in range(24):
            kind = LARGE["WebP, 6400×6400" if number % 2 else "PNG, 8000×8000"]
            path = catalogue / f"{number}.png"
            if number < 2:
                make_large(path, *kind)
            else:
                os.link(catalogue / f"{number % 2}.png", path)
        size = sum((catalogue / f"{number}.png").stat().st_size for number in range(2)) / 1e6
        for threads in (2, 8):
            megabytes, _ = measure(
                f"from zapsim import features; features._THREADS = {threads}\n"
                "catalogue = zapsim.load_catalogue(folder / 'catalogue')\n"
                "extractor = zapsim.VGG16Extractor(batch_size=3)\n"
                "list(features.each_batch(catalogue, list(catalogue.keys), extractor, len))",
                folder,
            )
            name = f"12 of the PNG and 12 of the WebP, {threads} threads"
            rows.append(
                {"picture": name, "MB of file": size, "MB beyond Python": megabytes - before}
            )
    return rows


def make_large(path, mode, size, kind, options):
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 16, size[0] // 16, 4), np.uint8)
    image = Image.fromarray(noise).resize(size)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode == "CMYK":
        image = Image.merge("CMYK", image.split())
    else:
        image = image.convert(mode)
    more = {"append_images": [image.transpose(Image.Transpose.ROTATE_180)]}
    image.save(path, kind, **options, **(more if "save_all" in options else {}))


def growth(sizes):
    """Return a row a size, and the line through them."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        one = f"{SMALL}.extract([zapsim.load_catalogue().picture(zapsim.load_catalogue().keys[0])])"
        before, _ = measure(one, folder)
        for size in sizes:
            make_pictures(Path(folder) / f"{size}", size)
            path = f"folder / '{size}'"
            store = f"folder / 'store{size}'"
            megabytes, said = measure(
                f"f = {SMALL}.extract(zapsim.load_catalogue({path}), cache={store})\n"
                "print(f.to_numpy().nbytes / 1e6)",
                folder,
            )
            returned = float(said.splitlines()[-1])
            rows.append(
                {
                    "pictures": size,
                    "peak MB": megabytes,
                    "one picture": before,
                    "returned": returned,
                    "beyond both": megabytes - before - returned,
                }
            )
    beyond = [row["beyond both"] for row in rows]
    slope, start = np.polyfit(sizes, beyond, 1) if len(sizes) > 1 else (np.nan, np.nan)
    line = {
        "kB a picture, beyond what is returned": 1000 * slope,
        f"MB beyond both, at {UT_ZAPPOS:,}": start + slope * UT_ZAPPOS,
        "MB returned there": UT_ZAPPOS * 2048 * 4 / 1e6,
    }
    return rows, {name: float(value) for name, value in line.items()}


def make_pictures(folder, items):
    catalogue = zapsim.load_catalogue()
    originals = folder.parent / f".originals-{folder.name}"
    originals.mkdir()
    folder.mkdir()
    for number, key in enumerate(catalogue.keys):
        (originals / f"{number}.jpg").write_bytes(catalogue.read(key))
    for number in range(items):
        os.link(originals / f"{number % len(catalogue)}.jpg", folder / f"{number}.1.jpg")


def measure(code, folder):
    """Run code in a process of its own; return its peak memory (MB) and what it printed."""
    return alone(f"import pathlib, zapsim\nfolder = pathlib.Path({folder!r})\n{code}")


if __name__ == "__main__":
    main()
