"""Compare exact search with what it could be done with instead; time queries; judge PCA.

    python -m benchmarks.similarity [--items 50025] [--features 2048] [--k 50] [--repeats 3]
        [--others 1] [--ways NAME...] [--parts search query pca] [--photos PHOTOS.zip]
        [--cache FOLDER]

Features are synthetic but look like real ones: each is a random blend of two of MiniZap's feature
vectors (2,048 numbers, none negative), every number scaled by a random factor; so scores lie where
those of shoes do (quantiles are printed). Every row of the first table runs in processes of its
own, in turns: so many --repeats of the product and of zapsim, so many --others of all else. Times
are medians and begin when the features are loaded and the libraries imported. Where other programs
run, CPU seconds (of all cores together) tell more than seconds.
"""

import argparse
import os
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

import zapsim
from benchmarks.browsing import LAYOUT, make_catalogue
from benchmarks.measure import FOLDER, alone, machine, save, table
from zapsim.similarity import unit_vectors

BLOCK = 1024
PRODUCT, OURS = "bare matrix product, float32", "zapsim.top_k"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=50_025)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--others", type=int, default=1)
    parser.add_argument("--ways", nargs="+", help="start of a way's name; by default all")
    parser.add_argument("--parts", nargs="+", default=["search", "query", "pca"])
    parser.add_argument("--photos", default=os.environ.get("ZAPSIM_REAL_PHOTOS"))
    parser.add_argument("--cache", default=FOLDER / "features")
    options = parser.parse_args()
    packages = "numpy", "scikit-learn", "tensorflow", "faiss-cpu"
    results = {
        "machine": machine(*packages),
        "options": {k: str(v) for k, v in vars(options).items()},
    }
    print(f"{results['machine']}\n")
    with tempfile.TemporaryDirectory() as folder:
        results["scores"] = make_features(Path(folder), options.items, options.features)
        for part in options.parts:
            found = PARTS[part](Path(folder), options)
            for rows in found:
                print(f"{table(rows)}\n", flush=True)
            results["machine"]["load at the end"] = machine()["load"]
            save(f"similarity-{part}-{options.items}", {**results, part: found})


def make_features(folder, n_items, n_features, seed=0):
    """Write features.npy, block by block; return quantiles of its scores."""
    base, rng = zapsim.load_features().to_numpy()[:, :n_features], np.random.default_rng(seed)
    path, shape = folder / "features.npy", (n_items, n_features)
    written = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, n_items, BLOCK):
        shape = min(BLOCK, n_items - start), n_features
        one, other = base[rng.integers(0, len(base), (2, shape[0]))]
        share = rng.random((shape[0], 1), dtype=np.float32)
        noise = np.exp(0.1 * rng.standard_normal(shape, dtype=np.float32))
        written[start : start + BLOCK] = (share * one + (1 - share) * other) * noise
    some = zapsim.similarity_matrix(pd.DataFrame(written[:: max(1, n_items // 1000)])).to_numpy()
    scores = np.quantile(some[~np.eye(len(some), dtype=bool)], [0.01, 0.5, 0.99]).round(3)
    print(f"{n_items:,} × {n_features:,}; scores at 1 %, 50 %, 99 %: {scores}\n", flush=True)
    return scores.tolist()


# --- Every item's k nearest -------------------------------------------------------------------


def search(folder, options):
    """Time the ways to all neighbours; return a table of them."""
    times, work = {name: [] for name in WAYS}, {name: [] for name in WAYS}
    peaks = dict.fromkeys(WAYS, 0.0)
    notes = {name: why for name in WAYS if (why := missing(name, options.ways))}
    for turn in range(max(options.repeats, options.others)):
        for name in WAYS:
            repeats = options.repeats if name in (PRODUCT, OURS) else options.others
            if name in notes or turn >= repeats:
                continue
            call = f"run({name!r}, {str(folder)!r}, {options.k})"
            megabytes, said = alone(f"from benchmarks.similarity import run; {call}")
            seconds, cpu = map(float, said.split())
            times[name].append(seconds)
            work[name].append(cpu)
            peaks[name] = max(peaks[name], megabytes)
            print(f"  {seconds:7.1f} s {cpu:7.1f} CPU s {megabytes:6,.0f} MB  {name}", flush=True)
    product = statistics.median(times[PRODUCT])
    rows = []
    for name in WAYS:
        median = statistics.median(times[name]) if times[name] else None
        rows.append(
            {
                "way": name,
                "seconds": median,
                "of all repeats": " ".join(f"{t:.1f}" for t in times[name]) or notes[name],
                "× product": median and median / product,
                "CPU seconds": statistics.median(work[name]) if work[name] else None,
                "peak MB": (times[name] and peaks[name]) or None,
                "neighbours as zapsim's": agreement(folder, name),
            }
        )
    print()
    return [rows]


def missing(name, wanted):
    """Say why a way is not gone here, or nothing."""
    if wanted and name != PRODUCT and not name.startswith(tuple(wanted)):
        return "not asked for"
    if name.startswith("FAISS") and find_spec("faiss") is None:
        return "not run: faiss-cpu is not installed"
    return ""


def run(name, folder, k):
    """Go one way in this process; print the seconds, keep the indices."""
    values = np.load(Path(folder) / "features.npy")
    prepared = WAYS[name](values)
    del values
    start, cpu = time.perf_counter(), time.process_time()
    indices = prepared(k)
    print(time.perf_counter() - start, time.process_time() - cpu)
    if indices is not None:
        np.save(index_file(folder, name), indices)


def index_file(folder, name):
    return Path(folder) / f"{list(WAYS).index(name)}.npy"


def agreement(folder, name):
    """Return the mean share of an item's neighbours that zapsim finds too."""
    # Either may have been left out by --ways.
    if not all(index_file(folder, way).exists() for way in (OURS, name)):
        return None
    ours, theirs = np.load(index_file(folder, OURS)), np.load(index_file(folder, name))
    both = [len(np.intersect1d(*pair)) for pair in zip(ours, theirs, strict=True)]
    return f"{np.mean(both) / ours.shape[1]:.6f}"


def bare_product(values):
    unit = unit_vectors(values)

    def multiply(k):
        for start in range(0, len(unit), BLOCK):
            unit[start : start + BLOCK] @ unit.T

    return multiply


def ours(values):
    frame = pd.DataFrame(values)
    return lambda k: zapsim.top_k(frame, k).indices


def largest(scores, start, k):
    """Return the columns of the k highest scores of each row, those of its own left out."""
    rows = np.arange(len(scores))
    scores[rows, start + rows] = -np.inf
    some = np.argpartition(scores, -k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1)
    return np.take_along_axis(some, order, axis=1)


def plain_numpy(values):
    def search(k):
        unit = values / np.linalg.norm(values, axis=1, keepdims=True)
        starts = range(0, len(unit), BLOCK)
        return np.concatenate([largest(unit[s : s + BLOCK] @ unit.T, s, k) for s in starts])

    return search


def sklearn_cosine(values):
    from sklearn.metrics.pairwise import cosine_similarity

    def search(k):
        starts = range(0, len(values), BLOCK)
        blocks = (cosine_similarity(values[start : start + BLOCK], values) for start in starts)
        return np.concatenate([largest(b, s, k) for b, s in zip(blocks, starts, strict=True)])

    return search


def sklearn_neighbours(values):
    from sklearn.neighbors import NearestNeighbors

    def search(k):
        index = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute", n_jobs=-1)
        # Without a query, each item's neighbours without itself.
        return index.fit(values).kneighbors(return_distance=False)

    return search


def faiss_flat(values):
    import faiss

    def search(k):
        unit = values / np.linalg.norm(values, axis=1, keepdims=True)
        index = faiss.IndexFlatIP(unit.shape[1])
        index.add(unit)
        found = index.search(unit, k + 1)[1]
        # The item itself may stand anywhere among its twins, or nowhere.
        itself = found == np.arange(len(found))[:, None]
        itself[~itself.any(axis=1), -1] = True
        return found[~itself].reshape(len(found), k)

    return search


WAYS = {
    PRODUCT: bare_product,
    OURS: ours,
    "FAISS IndexFlatIP": faiss_flat,
    "NumPy: product, argpartition, by blocks": plain_numpy,
    "scikit-learn NearestNeighbors(metric='cosine', algorithm='brute')": sklearn_neighbours,
    "scikit-learn cosine_similarity, argpartition, by blocks (whole: 10 GB)": sklearn_cosine,
}


# --- One query --------------------------------------------------------------------------------


def query(folder, options, repeats=60):
    """Time single questions, zapsim's and the article's."""
    (folder / "pictures").mkdir()
    make_catalogue(folder / "pictures", options.items)
    catalogue = zapsim.load_catalogue(folder / "pictures")
    values = np.load(folder / "features.npy")
    predictor = zapsim.SimilarityPredictor(catalogue, pd.DataFrame(values, index=catalogue.keys))
    small = zapsim.similarity_matrix(pd.DataFrame(values[:5000], index=catalogue.keys[:5000]))
    del values
    keys = np.random.default_rng(1).choice(catalogue.keys[:5000], repeats)
    filters = [{"Category": category} for category in LAYOUT] * repeats
    predictor.similar(keys[0], where=filters[0])
    k = 5
    asked = {
        f"similar(key, {k})": lambda turn: predictor.similar(keys[turn], k),
        f"similar(key, {k}, where=Category)": lambda turn: predictor.similar(
            keys[turn], k, where=filters[turn]
        ),
        f"the article: matrix[key].sort_values(ascending=False)[1:{k + 1}]": lambda turn: small[
            keys[turn]
        ].sort_values(ascending=False)[1 : k + 1],
    }
    rows = []
    for name, ask in asked.items():
        times = []
        for turn in range(repeats):
            start = time.perf_counter()
            ask(turn)
            times.append(1000 * (time.perf_counter() - start))
        items = len(small) if "article" in name else len(catalogue)
        p50, p95 = np.percentile(times, [50, 95])
        rows.append({"one query": name, "items": items, "p50 ms": p50, "p95 ms": p95})
    whole = f"{4 * options.items**2 / 1e9:.0f} GB"
    print(f"The article's matrix of all {options.items:,} items would take {whole} of memory.\n")
    return [rows]


# --- PCA --------------------------------------------------------------------------------------


def pca(folder, options, n=256):
    """Measure PCA's time, memory and precision."""
    rows = [{"reduced": f"{options.items:,} × {options.features:,}", **reduced(folder, n)}]
    judged = judge(zapsim.load_catalogue(), "MiniZap, subcategory", "SubCategory", options, n)
    if options.photos and Path(options.photos).exists():
        photos = zapsim.load_catalogue(options.photos)
        judged += judge(photos, "real photos, class", "Category", options, n)
    else:
        print("The real photos are not here (--photos): P@5 of MiniZap alone.\n")
    return rows, judged


def reduced(folder, n):
    megabytes, said = alone(
        "import time, numpy as np, pandas as pd, sklearn.decomposition, zapsim\n"
        f"features = pd.DataFrame(np.load({str(folder / 'features.npy')!r}))\n"
        "start = time.perf_counter()\n"
        f"zapsim.reduce(features, {n})\nprint(time.perf_counter() - start)"
    )
    return {"to": n, "seconds": float(said), "peak MB": megabytes}


def judge(catalogue, name, column, options, n):
    """Return P@5 of two grids, whole and reduced."""
    labels, products = catalogue.table[column], catalogue.table.get("Product")
    rows = []
    for grid in (2, 4):
        cache = Path(options.cache) / f"{name.partition(',')[0].replace(' ', '-')}-grid{grid}"
        whole = zapsim.VGG16Extractor(grid=grid).extract(catalogue, cache=cache)
        for features in (whole, zapsim.reduce(whole, n)):
            neighbours = zapsim.top_k(features, 5, exclude=products)
            what = f"block4_pool {grid}×{grid}" + (f", PCA {n}" if features is not whole else "")
            precision = zapsim.precision_at_k(neighbours, labels.loc[features.index])
            rows.append(
                {"P@5": name, "features": what, "numbers": features.shape[1], "value": precision}
            )
    return rows


PARTS = {"search": search, "query": query, "pca": pca}

if __name__ == "__main__":
    main()
