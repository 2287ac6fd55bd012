"""Time what a person waits for first: an import, a search, the browser, notebook 00; and why.

    python -m benchmarks.start_up [--repeats 5]

Whole processes, in turn; the baseline is an empty Python, so that each line's own share shows. One
that loads TensorFlow unasked is an error. The second table, by ``python -X importtime``, says what
the time before the browser goes into; the third splits what opening it takes.
"""

import argparse
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image

import zapsim
from benchmarks.measure import ROOT, interleaved, machine, save, spread, table

PHOTO = str(ROOT / "build" / "benchmarks" / "photo.jpg")
NOTEBOOK = ROOT / "notebooks" / "solutions" / "00_the_whole_story.ipynb"
OPEN = (
    "import time; t = [time.perf_counter()]; lap = lambda: t.append(time.perf_counter())\n"
    "import zapsim; zapsim.load_catalogue, zapsim.load_features, zapsim.SimilarityPredictor, "
    "zapsim.browse; lap()\n"
    "catalogue = zapsim.load_catalogue(); lap()\n"
    "features = zapsim.load_features(); lap()\n"
    "predictor = zapsim.SimilarityPredictor(catalogue, features); lap()\n"
    "zapsim.browse(predictor); lap()\n"
    "print(*(b - a for a, b in zip(t, t[1:])))"
)
LIGHT = "\nimport sys; assert 'tensorflow' not in sys.modules"
LAPS = ["import", "load_catalogue", "load_features", "SimilarityPredictor", "browse"]
COMMANDS = {
    "an empty Python": "pass",
    "`import zapsim`": "import zapsim",
    "`import pandas`": "import pandas",
    "`VGG16Extractor().extract` of one's own photo": (
        f"import zapsim; zapsim.VGG16Extractor().extract({PHOTO!r})" + LIGHT
    ),
    "open MiniZap and its features, plot one recommendation": (
        "import zapsim; c = zapsim.load_catalogue(); "
        "zapsim.SimilarityPredictor(c, zapsim.load_features()).plot(c.keys[0])" + LIGHT
    ),
    "the same for one's own photo": (
        "import zapsim; c = zapsim.load_catalogue(); p = zapsim.SimilarityPredictor(c, "
        f"zapsim.load_features()); p.plot(open({PHOTO!r}, 'rb').read())" + LIGHT
    ),
    "open MiniZap and its features, and the browser": OPEN + LIGHT,
    "notebook 00, kernel start included": (
        "import nbformat, nbclient; nbclient.NotebookClient("
        f"nbformat.read({str(NOTEBOOK)!r}, 4), kernel_name='python3').execute()"
    ),
    "`import tensorflow`, which none of the above does": "import tensorflow",
}
_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|( +)(\S+)")
_SHOWN = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    make_photo()
    cpu = {name: [] for name in COMMANDS}
    runs = {name: partial(run, code, cpu[name]) for name, code in COMMANDS.items()}
    for each in runs.values():
        # Fills the disk cache, and is not counted.
        each()
    times = interleaved(runs, repeats)
    results = {
        "machine": machine("ai-edge-litert", "pandas", "numpy", "matplotlib", "ipywidgets"),
        "seconds": [
            {"what": name, **spread(values), "CPU": median(cpu[name][1:])}
            for name, values in times.items()
        ],
        "imports": imports(OPEN),
        "opening": opening(repeats),
    }
    for name in ("seconds", "imports", "opening"):
        print(f"{table(results[name])}\n", flush=True)
    save("start_up", results)


def make_photo():
    """Write a picture such as a telephone takes: 12 million pixels."""
    catalogue = zapsim.load_catalogue()
    photo = Image.fromarray(catalogue.picture(catalogue.keys[0])).resize((4000, 3000))
    Path(PHOTO).parent.mkdir(parents=True, exist_ok=True)
    photo.save(PHOTO)


def run(code, cpu_seconds):
    before = os.times()
    python("-c", code)
    after = os.times()
    used = after.children_user + after.children_system
    cpu_seconds.append(used - before.children_user - before.children_system)


def python(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)


def imports(code):
    """Return the packages that cost most when the code is run, by their own modules' time."""
    own = {}
    for line in python("-X", "importtime", "-c", code).stderr.splitlines():
        if match := _IMPORT.match(line):
            package = match[4].partition(".")[0]
            own[package] = own.get(package, 0) + int(match[1]) / 1000
    whole = sum(own.values())
    most = sorted(own, key=own.get, reverse=True)[:_SHOWN]
    return [
        {"package, by its own modules": name, "ms": own[name], "share": f"{own[name] / whole:.0%}"}
        for name in most
    ]


def opening(repeats):
    """Return how long each step takes on the way to an open browser."""
    laps = [list(map(float, python("-c", OPEN).stdout.split()[-5:])) for _ in range(repeats)]
    return [
        {"step to an open browser": name, **spread(values)}
        for name, values in zip(LAPS, zip(*laps, strict=True), strict=True)
    ]


if __name__ == "__main__":
    main()
