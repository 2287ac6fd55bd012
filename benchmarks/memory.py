"""Measure the peak memory of the main job on 5,000 pictures, from files to neighbours.

    python -m benchmarks.memory [--items 5000]

The pictures are MiniZap's, over and over under other keys. Each step runs in a process of its own,
whose peak is the operating system's figure.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = {
    "Python, pandas and zapsim, nothing done": "zapsim.load_catalogue",
    "TensorFlow loaded, one picture extracted": (
        "zapsim.VGG16Extractor(precision='float32').extract("
        "zapsim.load_catalogue().picture(zapsim.load_catalogue().keys[0]))"
    ),
    "extract all": (
        "zapsim.VGG16Extractor(precision='float32').extract("
        "zapsim.load_catalogue(folder / 'pictures'), cache=folder / 'store')"
    ),
    "similarity_matrix": "zapsim.similarity_matrix(zapsim.load_features(folder / 'store'))",
    "top_k, k=50": "zapsim.top_k(zapsim.load_features(folder / 'store'), 50)",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=5000)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder) / "pictures", items)
        print(f"{items:,} items; peak resident memory in MB, and seconds")
        for name, step in STEPS.items():
            megabytes, seconds = measure(step, folder)
            print(f"{megabytes:8,.0f} {seconds:8.1f}  {name}", flush=True)


def make_pictures(folder, items):
    import zapsim

    catalogue = zapsim.load_catalogue()
    files = [catalogue._files.read(key) for key in catalogue.keys]
    folder.mkdir()
    for number in range(items):
        (folder / f"{number}.1.jpg").write_bytes(files[number % len(files)])


def measure(step, folder):
    """Run one step in a process of its own; return its peak memory (MB) and its time (s)."""
    code = (
        "import resource, time, pathlib, zapsim\n"
        f"folder = pathlib.Path({folder!r})\n"
        "start = time.perf_counter()\n"
        f"{step}\n"
        "seconds = time.perf_counter() - start\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, seconds)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    megabytes, seconds = map(float, done.stdout.splitlines()[-1].split())
    return megabytes, seconds


if __name__ == "__main__":
    main()
