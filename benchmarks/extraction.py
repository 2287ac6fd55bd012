"""Time extraction from files to stored features, against the article's pipeline, side by side.

    python -m benchmarks.extraction PICTURES.zip [--n 64] [--repeats 3] [--precision bfloat16]
        [--only pipelines quality parts throughput variants again] [--ways NAME...]

Every pipeline runs in a process of its own, with its network built and traced before the clock
starts; they take turns, so that what else the machine does falls on all of them, and the
processor time that each took is given, too, which depends on that less. The article's network has
random weights (the same arithmetic; its trained ones are a download of 528 MB), so its quality is
taken from block5_pool, flattened, at 224×224, which the bundled weights can compute. Class P@5 is
measured on a sample of the catalogue with a column Category; the features for it are kept under
build/benchmarks/, so that a second run need not extract them again. What a second run costs, over
an unchanged catalogue and over a grown one, is timed on MiniZap's pictures under as many keys.
"""

import argparse
import os
import statistics
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import zapsim
from benchmarks.measure import (
    FOLDER,
    interleaved,
    machine,
    peak_megabytes,
    save,
    seconds,
    spread,
    table,
)
from benchmarks.memory import make_pictures
from zapsim.course.lessons import layer_costs
from zapsim.vgg16.number_format import has_bfloat16

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
# Per pipeline: the extractor's settings, or None for the article's, and the environment.
BLOCK5 = {"layer": "block5_pool", "grid": "flat", "image_size": 224, "fit": "stretch", "power": 1}
PIPELINES = {
    "the article: fc2, 224×224": (None, {}),
    "the article, oneDNN switched on": (None, {ONEDNN: "1"}),
    "block5_pool flattened, 224×224": (BLOCK5, {}),
    "zapsim's default: 128×128": ({}, {}),
    "zapsim, 112×112": ({"image_size": 112}, {}),
    "zapsim, 96×96": ({"image_size": 96}, {}),
    # The best of a dozen cuts that were tried at 64 and 80 pixels.
    "zapsim, 80×80, 3×3 grid": ({"image_size": 80, "grid": 3}, {}),
}
ARTICLE = next(iter(PIPELINES))
AGREEING = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or .zip")
    parser.add_argument("--n", type=int, default=64, help="pictures in each repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--quality", type=int, default=600, help="pictures for class P@5")
    parser.add_argument("--stored", type=int, default=5000, help="pictures stored before `again`")
    parser.add_argument("--ways", nargs="+", help="start of a pipeline's name; by default all")
    parser.add_argument("--only", nargs="*", default=list(TABLES), choices=list(TABLES))
    options = parser.parse_args()
    results = {
        "machine": machine("tensorflow", "keras", "numpy", "pillow"),
        "native_bfloat16": has_bfloat16(),
        "options": vars(options),
    }
    for name in options.only:
        results[name] = TABLES[name](options)
        print(f"\n{table(results[name])}", flush=True)
        save(f"extraction-{options.precision}-{name}", results)


# --- the pipelines ---------------------------------------------------------------------------


def pipelines(options):
    """Return a row a pipeline: pictures a second, the ratio to the article's, peak memory."""
    catalogue = zapsim.load_catalogue(options.pictures)
    n = min(options.n, len(catalogue))
    with tempfile.TemporaryDirectory() as folder:
        source = catalogue.sample(n)
        unpack(source, Path(folder) / "pictures")
        workers = {
            name: Worker(environment, settings, options.precision, folder)
            for name, (settings, environment) in chosen(options.ways).items()
        }
        for worker in workers.values():
            worker.wait()
        times = interleaved({name: w.run for name, w in workers.items()}, options.repeats)
        peaks = {name: worker.stop() for name, worker in workers.items()}
    rows = []
    for name in workers:
        settings, _ = PIPELINES[name]
        rate = spread([n / t for t in times[name]])
        # The ratio within each turn, for the machine may be busier in one than in another.
        ratios = [a / b for a, b in zip(times[ARTICLE], times[name], strict=True)]
        rows.append(
            {
                "from files to features": name,
                "precision": "float32" if settings is None else options.precision,
                "pictures/s": rate["median"],
                "slowest": rate["min"],
                "fastest": rate["max"],
                "× the article": statistics.median(ratios),
                "CPU ms a picture": 1000 * statistics.median(workers[name].cpu_seconds) / n,
                "peak MB": peaks[name],
            }
        )
    return rows


def chosen(ways):
    """Return the pipelines whose names begin like one of the ways, and the article's always."""
    return {
        name: pipeline
        for name, pipeline in PIPELINES.items()
        if not ways or name == ARTICLE or name.startswith(tuple(ways))
    }


def unpack(catalogue, folder):
    for key in catalogue.keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(catalogue.read(key))


class Worker:
    """A process with one pipeline, built and traced, that runs when told."""

    def __init__(self, environment, *arguments):
        self.cpu_seconds = []
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        with environ(environment):
            self._process = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
            self._process.start()

    def wait(self):
        self._pipe.recv()

    def run(self):
        self._pipe.send("run")
        self.cpu_seconds.append(self._pipe.recv())

    def stop(self):
        """End the process; return its peak memory in MB."""
        self._pipe.send(None)
        peak = self._pipe.recv()
        self._process.join()
        return peak


class environ:
    """Set environment variables for the processes started meanwhile."""

    def __init__(self, values):
        self._values = {ONEDNN: None, "TF_CPP_MIN_LOG_LEVEL": "3"} | values

    def __enter__(self):
        self._before = dict(os.environ)
        for name, value in self._values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    def __exit__(self, *_):
        os.environ.clear()
        os.environ.update(self._before)


def serve(pipe, settings, precision, folder):
    work = article if settings is None else ours
    run = work(Path(folder) / "pictures", settings, precision)
    pipe.send("ready")
    while pipe.recv():
        start = time.process_time()
        run()
        pipe.send(time.process_time() - start)
    pipe.send(peak_megabytes())


def article(folder, _, __):
    """Build the article's pipeline: Keras' generator and `predict`, cut at fc2, batches of 64."""
    import keras
    import pandas as pd
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    vgg16 = keras.applications.VGG16(weights=None)
    cut = keras.Model(vgg16.input, vgg16.layers[-2].output)
    generator = ImageDataGenerator(preprocessing_function=keras.applications.vgg16.preprocess_input)
    files = pd.DataFrame({"filename": [str(p) for p in folder.rglob("*") if p.is_file()]})

    def run(files=files):
        pictures = generator.flow_from_dataframe(
            files, target_size=(224, 224), batch_size=64, class_mode=None, shuffle=False
        )
        return cut.predict(pictures, verbose=0)

    run(files[:64])
    return run


def ours(folder, settings, precision):
    catalogue = zapsim.load_catalogue(folder)
    extractor = zapsim.VGG16Extractor(precision=precision, **settings)
    extractor.extract(catalogue)

    def run():
        # From the folder on, and to a store that is not there yet.
        with tempfile.TemporaryDirectory() as store:
            extractor.extract(zapsim.load_catalogue(folder), cache=Path(store) / "store")

    return run


# --- where the time goes ---------------------------------------------------------------------


def apart(function, *arguments):
    """Call a function in a process of its own, with TensorFlow as zapsim sets it up."""
    with environ({}), get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def parts(options):
    return apart(time_parts, options.pictures, options.n, options.precision)


def time_parts(source, n, precision):
    """Time the steps of the default, one after the other; they overlap in `extract`."""
    from zapsim.io.store import FeatureStore

    catalogue = zapsim.load_catalogue(source)
    catalogue = catalogue.sample(min(n, len(catalogue)))
    extractor = zapsim.VGG16Extractor(precision=precision)
    data = [catalogue.read(key) for key in catalogue.keys]
    pictures = [zapsim.load_picture(some) for some in data]
    squares = [extractor._square(picture) for picture in pictures]
    size = extractor.batch_size
    batch = np.resize(np.stack(squares), (size, *squares[0].shape))
    values = np.resize(extractor._run(batch), (len(data), extractor.n_features))
    maps = maps_only(extractor.model)
    floats = batch.astype(np.float32)
    maps(floats)
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder) / "store", extractor.settings)
        keys = list(catalogue.keys)
        steps = {
            "read the files": (n, lambda: [catalogue.read(key) for key in keys]),
            "identify (CRC-32)": (
                n,
                lambda: [catalogue.content(k, d) for k, d in zip(keys, data, strict=True)],
            ),
            "decode": (n, lambda: [zapsim.load_picture(some) for some in data]),
            "fit to the square": (n, lambda: [extractor._square(p) for p in pictures]),
            "network, all": (size, lambda: extractor._run(batch)),
            "of it, convolutions and pools": (size, lambda: maps(floats).numpy()),
            "write the shard": (n, lambda: store.write(keys, keys, values)),
        }
        times = interleaved({name: act for name, (_, act) in steps.items()}, 5)
    each = {name: 1000 * min(times[name]) / steps[name][0] for name in steps}
    whole = sum(ms for name, ms in each.items() if not name.startswith("of it"))
    return [
        {"step": name, "ms a picture": ms, "share": f"{ms / whole:.1%}"}
        for name, ms in each.items()
    ]


def maps_only(model):
    import tensorflow as tf

    return tf.function(lambda pictures: model(pictures, training=False))


def throughput(options):
    return apart(compare_throughput, options.precision)


def compare_throughput(precision):
    """Compare the network's arithmetic with the largest matrix products this CPU manages."""
    import tensorflow as tf

    extractor = zapsim.VGG16Extractor(precision=precision)
    size = extractor.batch_size
    batch = np.zeros((size, 128, 128, 3), np.uint8)
    extractor._network(batch)
    side = 2048
    matrix = tf.ones((side, side), precision)
    product = tf.function(lambda: tf.matmul(matrix, matrix))
    product()
    array = np.ones((side, side), np.float32)
    of_network = 2e6 * layer_costs(128).loc[:"block4_pool", "million_multiply_adds"].sum()
    work = {
        f"network to block4_pool, 128×128, batches of {size}": (
            of_network * size,
            lambda: extractor._network(batch).numpy(),
        ),
        f"tf.matmul, {side}×{side}, {precision}": (2 * side**3, lambda: product().numpy()),
        f"NumPy's matrix product, {side}×{side}, float32": (2 * side**3, lambda: array @ array),
    }
    times = interleaved({name: act for name, (_, act) in work.items()}, 7)
    rates = {name: work[name][0] / min(times[name]) / 1e9 for name in work}
    peak = max(list(rates.values())[1:])
    return [
        {"what": name, "GFLOP/s": rate, "of the peak": f"{rate / peak:.0%}"}
        for name, rate in rates.items()
    ]


def variants(options):
    """Time the default's network alone under other settings, in processes of their own."""
    settings = {f"batches of {size}": (size, {}) for size in (32, 8, 16, 64, 128)}
    settings["without oneDNN"] = (32, {ONEDNN: "0"})
    settings["inter-op threads 1"] = (32, {"TF_NUM_INTEROP_THREADS": "1"})
    settings["intra-op threads 1"] = (32, {"TF_NUM_INTRAOP_THREADS": "1"})
    context = get_context("spawn")
    pools = {}
    for name, (_, environment) in settings.items():
        with environ(environment):
            pools[name] = context.Pool(1)
            pools[name].apply(os.getpid)
    waiting = [
        pool.apply_async(warm_up, (settings[name][0], options.precision))
        for name, pool in pools.items()
    ]
    for started in waiting:
        started.get()
    rates = {name: [] for name in pools}
    for _ in range(options.repeats):
        for name, pool in pools.items():
            rates[name].append(pool.apply(network_rate))
    for pool in pools.values():
        pool.terminate()
    return [
        {"network alone": name, "pictures/s": statistics.median(values), "fastest": max(values)}
        for name, values in rates.items()
    ]


def warm_up(size, precision):
    # Kept in this process, for `network_rate`.
    global _NETWORK, _BATCH
    _NETWORK = zapsim.VGG16Extractor(precision=precision)._network
    _BATCH = np.zeros((size, 128, 128, 3), np.uint8)
    _NETWORK(_BATCH)


def network_rate():
    n = max(1, 32 // len(_BATCH))
    start = time.perf_counter()
    for _ in range(n):
        _NETWORK(_BATCH).numpy()
    return n * len(_BATCH) / (time.perf_counter() - start)


# --- a second run ----------------------------------------------------------------------------


def again(options):
    return apart(time_again, options.stored, options.repeats, options.precision)


def time_again(stored, repeats, precision, added=100):
    """Time a run over an unchanged catalogue, and over one that has grown.

    Each turn's new pictures go through the network twice: behind what is stored, and on their own.
    """
    extractor = zapsim.VGG16Extractor(precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        make_pictures(pictures, stored + added * repeats)
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
        for turn in range(repeats):
            start = stored + added * turn
            unchanged.append(run(keys[:start], "store"))
            grown.append(run(keys[: start + added], "store"))
            alone.append(run(keys[start : start + added], f"alone{turn}"))
    return [{"extract()": name, "seconds": statistics.median(t)} for name, t in times.items()]


# --- quality ---------------------------------------------------------------------------------


def quality(options):
    """Return class P@5, and the share of float32's neighbours where the precision is another.

    Cuts at 64 and 80 pixels were tried out on the sample; the others tell whether that was luck.
    """
    catalogue = zapsim.load_catalogue(options.pictures)
    sample = catalogue.sample(min(options.quality, len(catalogue)))
    others = catalogue.subset([key for key in catalogue.keys if key not in set(sample.keys)])
    rows = []
    for name, (settings, _) in chosen(options.ways).items():
        if settings is None:
            continue
        row = {"features": name}
        # The sample last: its neighbours are looked at again below.
        for part in (others, sample) if len(others) else (sample,):
            found = apart(neighbours, options.pictures, part.keys, settings, options.precision)
            five = found._replace(indices=found.indices[:, :5], scores=found.scores[:, :5])
            precision = zapsim.precision_at_k(five, part.table["Category"])
            row[f"class P@5 of {len(part):,}"] = precision
        if options.precision != "float32":
            exact = apart(neighbours, options.pictures, sample.keys, settings, "float32")
            shared = [
                len(set(a) & set(b)) for a, b in zip(found.indices, exact.indices, strict=True)
            ]
            row[f"top-{AGREEING} as float32"] = float(np.mean(shared)) / AGREEING
        rows.append(row)
    return rows


def neighbours(source, keys, settings, precision):
    extractor = zapsim.VGG16Extractor(precision=precision, **settings)
    name = "-".join(map(str, [precision, *settings.values()])) or precision
    catalogue = zapsim.load_catalogue(source).subset(keys)
    features = extractor.extract(catalogue, cache=FOLDER / "features" / name)
    return zapsim.top_k(features, AGREEING)


TABLES = {
    function.__name__: function
    for function in (pipelines, quality, parts, throughput, variants, again)
}

if __name__ == "__main__":
    main()
