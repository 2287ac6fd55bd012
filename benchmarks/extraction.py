"""Time extraction from files to stored features, against the article's pipeline, side by side.

    python -m benchmarks.extraction PICTURES.zip [--n 1000] [--slow 64] [--repeats 5]
        [--fastdup PYTHON] [--only pipelines quality parts interpreters again] [--ways NAME...]

Every pipeline runs in a process of its own, with its network built before the clock starts; they
take turns, so that what else the machine does falls on all of them, and the processor time that
each took is given, too, which depends on that less. Those in float32 get fewer pictures. The
article's network has random weights (the same arithmetic; its trained ones are a download of 528
MB), so its quality is taken from block5_pool, flattened, at 224×224, which the bundled weights can
compute. fastdup, a peer with a small network of its own, needs an environment of its own, in which
``pip install fastdup`` was done. Class P@5 is measured on all pictures, by their column Category;
the features for it are kept under build/benchmarks/. What a second run costs, over an unchanged
catalogue and over a grown one, is timed on MiniZap's pictures under as many keys.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import zapsim
from benchmarks.measure import FOLDER, ROOT, interleaved, machine, save, seconds, spread, table
from benchmarks.memory import make_pictures

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
AGREEING = 10


class Pipeline(NamedTuple):
    """One of `benchmarks.pipelines`, the extractor's settings, and the environment."""

    way: str
    settings: dict | None = None
    environment: dict | None = None

    @property
    def is_slow(self):
        return self.way == "article" or (self.settings or {}).get("precision") == "float32"


INT8 = {"precision": "int8"}
FLOAT32 = {"precision": "float32"}
BLOCK5 = {"layer": "block5_pool", "grid": "flat", "image_size": 224, "fit": "stretch", "power": 1}
ARTICLE, FASTDUP = "the article: fc2, 224×224", "fastdup"
PIPELINES = {
    ARTICLE: Pipeline("article"),
    "the article, oneDNN switched on": Pipeline("article", environment={ONEDNN: "1"}),
    "block5_pool flattened, 224×224, float32": Pipeline("ours", BLOCK5 | FLOAT32),
    "zapsim, 128×128, float32": Pipeline("ours", FLOAT32),
    "zapsim's default: 128×128, int8": Pipeline("ours", INT8),
    "zapsim, 112×112, int8": Pipeline("ours", INT8 | {"image_size": 112}),
    "zapsim, 96×96, int8": Pipeline("ours", INT8 | {"image_size": 96}),
    "zapsim, 80×80, 3×3 grid, int8": Pipeline("ours", INT8 | {"image_size": 80, "grid": 3}),
    "zapsim, 96×96 trimmed, int8": Pipeline("ours", INT8 | {"image_size": 96, "fit": "trim"}),
    "zapsim, 80×80 trimmed, int8": Pipeline("ours", INT8 | {"image_size": 80, "fit": "trim"}),
    "zapsim, 64×64 trimmed, int8": Pipeline("ours", INT8 | {"image_size": 64, "fit": "trim"}),
    FASTDUP: Pipeline("fastdup"),
}
DEFAULT = "zapsim's default: 128×128, int8"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or .zip")
    parser.add_argument("--n", type=int, default=1000, help="pictures in each run")
    parser.add_argument("--slow", type=int, default=64, help="pictures where float32 computes")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stored", type=int, default=5000, help="pictures stored before `again`")
    parser.add_argument("--fastdup", metavar="PYTHON", help="a Python that has fastdup")
    parser.add_argument("--ways", nargs="+", help="start of a pipeline's name; by default all")
    parser.add_argument("--only", nargs="*", default=list(TABLES), choices=list(TABLES))
    options = parser.parse_args()
    results = {"machine": machine("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")}
    results["options"] = vars(options)
    for name in options.only:
        results[name] = TABLES[name](options)
        print(f"\n{table(results[name])}", flush=True)
        save(f"extraction-{name}", results)


# --- the pipelines ---------------------------------------------------------------------------


def pipelines(options):
    """Return a row a pipeline: pictures a second, the ratio to the article's, peak memory."""
    catalogue = zapsim.load_catalogue(options.pictures)
    with tempfile.TemporaryDirectory() as folder:
        workers = {}
        for number, (name, pipeline) in enumerate(chosen(options).items()):
            n = min(options.slow if pipeline.is_slow else options.n, len(catalogue))
            unpack(catalogue.sample(n), Path(folder) / f"{number}" / "pictures")
            workers[name] = Worker(pipeline, Path(folder) / f"{number}", n, options.fastdup)
        times = interleaved({name: w.run for name, w in workers.items()}, options.repeats)
        peaks = {name: worker.stop() for name, worker in workers.items()}
    each = {name: [t / workers[name].n for t in times[name]] for name in workers}
    cpu = {name: 1000 * statistics.median(w.cpu_seconds) / w.n for name, w in workers.items()}
    rows = []
    for name, worker in workers.items():
        rate = spread([1 / t for t in each[name]])
        rows.append(
            {
                "from files to stored features": name,
                "pictures": worker.n,
                "pictures/s": rate["median"],
                "slowest": rate["min"],
                "fastest": rate["max"],
                "× the article": ratio(each, ARTICLE, name),
                "× fastdup": ratio(each, FASTDUP, name),
                "CPU ms a picture": cpu[name],
                "× by CPU time": cpu[ARTICLE] / cpu[name],
                "peak MB": peaks[name],
            }
        )
    return rows


def ratio(each, other, name):
    """Return the median of the ratios within a turn: the machine may be busier in one of them."""
    if other not in each:
        return None
    return statistics.median(a / b for a, b in zip(each[other], each[name], strict=True))


def chosen(options):
    """Return the pipelines whose names begin like one of the ways, and the article's always."""
    return {
        name: pipeline
        for name, pipeline in PIPELINES.items()
        if (not options.ways or name == ARTICLE or name.startswith(tuple(options.ways)))
        and (options.fastdup or name != FASTDUP)
    }


def unpack(catalogue, folder):
    for key in catalogue.keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(catalogue.read(key))


class Worker:
    """A process with one pipeline, ready, that runs it over the folder's pictures when told."""

    def __init__(self, pipeline, folder, n, peer):
        self.n, self.cpu_seconds = n, []
        self._process = subprocess.Popen(
            [
                *(peer if pipeline.way == "fastdup" else sys.executable, "-m"),
                *("benchmarks.pipelines", pipeline.way, folder, json.dumps(pipeline.settings)),
            ],
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT},
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(pipeline.environment or {})},
        )
        self._answer()

    def run(self):
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        self.cpu_seconds.append(float(self._answer()))

    def stop(self):
        """End the process; return its peak memory in MB."""
        self._process.stdin.close()
        peak = float(self._answer())
        self._process.wait()
        return peak

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended early: see its error above.")
        return line


# --- quality ---------------------------------------------------------------------------------


def quality(options):
    """Return a row a pipeline: class P@5, less the default's, and what float32 finds alike."""
    catalogue = zapsim.load_catalogue(options.pictures)
    labels = catalogue.table["Category"]
    kinds, shared = {}, {}
    for name, (way, settings, _) in chosen(options).items():
        if way == "fastdup":
            kinds[name] = fastdup_features(catalogue, options.fastdup)
        elif way == "ours":
            kinds[name] = features(catalogue, settings)
            if settings["precision"] != "float32":
                same = features(catalogue, settings | FLOAT32)
                kinds[f"{name}: float32 instead"] = same
                shared[name] = agreement(kinds[name], same)
    against = DEFAULT if DEFAULT in kinds else None
    card = zapsim.scorecard(kinds, labels, k=5, against=against, metrics=["precision"])
    difference = f"precision@5 - {DEFAULT}"
    return [
        {
            "features": name,
            "class P@5": row["precision@5", "value"],
            "interval": "{:.3f} to {:.3f}".format(*row["precision@5"][["low", "high"]]),
            "minus the default": "{:+.4f} ({:+.4f} to {:+.4f})".format(*row[difference])
            if against
            else None,
            f"of the {AGREEING} nearest as in float32": shared.get(name),
        }
        for name, row in card.iterrows()
    ]


def features(catalogue, settings):
    # The number format is no part of a store's settings.
    name = "-".join(map(str, settings.values()))
    return zapsim.VGG16Extractor(**settings).extract(catalogue, FOLDER / "features" / name)


def fastdup_features(catalogue, python):
    with tempfile.TemporaryDirectory() as folder:
        unpack(catalogue, Path(folder) / "pictures")
        Worker(PIPELINES[FASTDUP], folder, len(catalogue), python).stop()
        store = Path(folder) / "store"
        files = pd.read_csv(store / "atrain_features.dat.csv")["filename"]
        values = np.fromfile(store / "atrain_features.dat", np.float32).reshape(len(files), -1)
        keys = [Path(file).relative_to(Path(folder) / "pictures").as_posix() for file in files]
    return pd.DataFrame(values, index=keys).loc[list(catalogue.keys)]


def agreement(some, others):
    """Return which share of the nearest is the same."""
    found = (zapsim.top_k(kind, AGREEING).indices for kind in (some, others))
    return float(np.mean([len({*a} & {*b}) / AGREEING for a, b in zip(*found, strict=True)]))


# --- where the time goes ---------------------------------------------------------------------


def parts(options):
    """Time the steps of the default, one after the other on one core; `extract` overlaps them."""
    from zapsim.io.store import FeatureStore
    from zapsim.vgg16.network import feature_vectors

    catalogue = zapsim.load_catalogue(options.pictures)
    catalogue = catalogue.sample(min(options.slow, len(catalogue)))
    extractor = zapsim.VGG16Extractor(**INT8)
    keys = list(catalogue.keys)
    data = [catalogue.read(key) for key in keys]
    pictures = [zapsim.load_picture(some) for some in data]
    squares = [extractor.square(picture) for picture in pictures]
    maps = extractor.maps(squares)
    values = feature_vectors(maps, extractor.grid, extractor.power)
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder) / "store", extractor.settings)
        steps = {
            "read the file": lambda: [catalogue.read(key) for key in keys],
            "identify it (CRC-32)": lambda: list(map(catalogue.content, keys, data)),
            "decode": lambda: list(map(zapsim.load_picture, data)),
            "fit to the square": lambda: list(map(extractor.square, pictures)),
            "network": lambda: extractor.maps(squares),
            "average, root": lambda: feature_vectors(maps, extractor.grid, extractor.power),
            "write": lambda: store.write(keys, keys, values, keys),
        }
        times = interleaved(steps, options.repeats)
    each = {name: 1000 * statistics.median(t) / len(keys) for name, t in times.items()}
    whole = sum(each.values())
    return [
        {"step": name, "ms a picture": ms, "share": f"{ms / whole:.1%}"}
        for name, ms in each.items()
    ]


def interpreters(options):
    """Time the default's network alone with interpreters and threads otherwise than it has them."""
    from ai_edge_litert.interpreter import Interpreter

    from zapsim.io.bundled import VGG16_INT8
    from zapsim.vgg16.network import preprocessed

    catalogue = zapsim.load_catalogue(options.pictures)
    extractor = zapsim.VGG16Extractor(**INT8)
    inputs = [
        preprocessed(extractor.square(catalogue.picture(key)))[None]
        for key in catalogue.keys[: options.slow]
    ]

    def runner(count, threads):
        made = [Interpreter(str(VGG16_INT8), num_threads=threads) for _ in range(count)]
        for interpreter in made:
            interpreter.allocate_tensors()

        def work(number):
            index = made[number].get_input_details()[0]["index"]
            for each in inputs[number::count]:
                made[number].set_tensor(index, each)
                made[number].invoke()

        pool = ThreadPoolExecutor(count)
        return lambda: list(pool.map(work, range(count)))

    ways = {(c, t): runner(c, t) for c, t in ((1, 1), (1, 2), (2, 1), (3, 1))}
    times = interleaved(ways, options.repeats + 1)
    return [
        {
            "interpreters": count,
            "threads each": threads,
            # The first turn warms up.
            "pictures/s": len(inputs) / statistics.median(times[count, threads][1:]),
        }
        for count, threads in ways
    ]


# --- a second run ----------------------------------------------------------------------------


def again(options, added=100):
    """Time a run over an unchanged catalogue, and over one that has grown.

    Each turn's new pictures go through the network twice: behind what is stored, and on their own.
    """
    extractor, stored = zapsim.VGG16Extractor(), options.stored
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        make_pictures(pictures, stored + added * options.repeats)
        catalogue = zapsim.load_catalogue(pictures)
        # By key: what is added comes last.
        keys = list(catalogue.keys)

        def run(part, store):
            return seconds(
                lambda: extractor.extract(catalogue.subset(part), cache=Path(folder) / store)
            )

        run(keys[:1], "warm-up")
        times = {f"{stored:,} pictures, none of them stored": [run(keys[:stored], "store")]}
        unchanged, grown, alone = (
            times.setdefault(name, [])
            for name in (
                f"{stored:,} pictures, all of them stored",
                f"{added} more, all others stored",
                f"{added} pictures on their own",
            )
        )
        for turn in range(options.repeats):
            start = stored + added * turn
            unchanged.append(run(keys[:start], "store"))
            grown.append(run(keys[: start + added], "store"))
            alone.append(run(keys[start : start + added], f"alone{turn}"))
    return [{"extract()": name, "seconds": statistics.median(t)} for name, t in times.items()]


TABLES = {way.__name__: way for way in (pipelines, quality, parts, interpreters, again)}

if __name__ == "__main__":
    main()
