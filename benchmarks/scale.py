"""Search 1,000,000 × 256 features in LanceDB, beside exact search and FAISS; click through them.

    python -m benchmarks.scale [--items 1000000] [--queries 100] [--kinds IVF_HNSW_SQ IVF_PQ]
    python -m benchmarks.scale --keep FOLDER    # an index that is there already is used again
    python -m benchmarks.scale --ray    # what Ray costs on one machine, beside the plain loop

Vectors are MiniZap's real features, reduced to 256 numbers, drawn again and again with seeded
noise, block by block: no process of ours holds more than a block while the index is built. Needs
the extras `scale` and `bench`. Filtered search is compared with exact search under the same
filter. What the predictor and the browser hold in memory is measured at a tenth of the items, too:
what an item more takes is the difference.
"""

import argparse
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pandas as pd
import psutil

import zapsim
from benchmarks.browsing import METADATA, SHOWN, choose, timed
from benchmarks.measure import alone, interleaved, machine, save, spread, table
from zapsim.catalogue import Catalogue
from zapsim.scale import FeatureIndex, IndexPredictor, build_index, extract_on_ray
from zapsim.similarity import nearest, unit_vectors

WIDTH, BLOCK, K = 256, 20_000, 10
# Of each item's own spread: neighbours of one picture are near, and no two are equal.
NOISE = 0.5
SHARES = {"half": 2, "one in 100": 100, "one in 10,000": 10_000}
EFFORTS = (10, 40, 80)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--kinds", nargs="+", default=["IVF_HNSW_SQ"])
    parser.add_argument("--keep", type=Path, help="folder for the indexes, instead of none")
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    if options.ray:
        save("scale-ray", {"machine": machine("ray"), "seconds": overhead()})
        return
    results = {"machine": machine("lancedb", "faiss-cpu", "numpy"), "items": options.items}
    print(results["machine"])
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        for kind in options.kinds:
            if made := built(folder, kind, options.items):
                results[f"build {kind}"] = made
                print(kind, made, flush=True)
        indexes = {kind: FeatureIndex(folder / f"{kind}-{options.items}") for kind in options.kinds}
        opened = browsed(folder, options)
        results["clicks"], results["memory"] = opened["clicks"], opened["memory"]
        results["bytes an item"] = opened["bytes an item"]
        print(table(results["clicks"]), flush=True)
        print(table(results["memory"]))
        print(f"{results['bytes an item']:,.0f} bytes an item more", flush=True)
        results["search"] = search(indexes, options)
        print(table(results["search"]))
    results["load after"] = machine()["load"]
    save(f"scale-{options.items}", results)


def overhead(repeats=3):
    """Extract MiniZap by turns in the plain loop and on Ray, which runs already."""
    import ray

    catalogue, peaks, ended = zapsim.load_catalogue(), {}, Event()
    _, starting = timed(lambda: ray.init("local", include_dashboard=False, log_to_driver=False))
    watching = Thread(target=watch, args=(peaks, ended))
    watching.start()
    with tempfile.TemporaryDirectory() as folder:
        stores = iter(range(10**6))
        times = interleaved(
            {
                "plain": lambda: zapsim.VGG16Extractor().extract(
                    catalogue, cache=f"{folder}/{next(stores)}"
                ),
                "Ray": lambda: extract_on_ray(catalogue, f"{folder}/{next(stores)}"),
            },
            repeats,
        )
    ended.set()
    watching.join()
    ray.shutdown()
    rows = [{"way": name, "seconds": spread(each)["median"]} for name, each in times.items()]
    print(f"Ray started in {starting / 1000:.1f} s\n{table(rows)}")
    print(f"A worker took up to {max(peaks.values()):.0f} MB, of {len(peaks)} workers in all")
    return {"starting Ray": starting / 1000, "MB a worker": [*peaks.values()]} | times


def watch(peaks, ended):
    """Note the most memory, MB, of each worker that extracts, until it has ended.

    What several processes share, such as Python's libraries, counts for each with its part (PSS).
    """
    while not ended.wait(0.2):
        for process in psutil.process_iter(["name"]):
            # Ray names its processes after what they do; what waits for work is not ours.
            if process.info["name"].startswith("ray::MapWorker"):
                with suppress(psutil.Error):
                    now = process.memory_full_info().pss / 1e6
                    peaks[process.pid] = max(now, peaks.get(process.pid, 0))


def blocks(items, seed=0):
    """Yield features, block by block, always the same."""
    reduced = zapsim.reduce(zapsim.load_features(), WIDTH)
    base, spread = reduced.to_numpy(), reduced.to_numpy().std(axis=0)
    draw = np.random.default_rng(seed)
    for start in range(0, items, BLOCK):
        n = min(BLOCK, items - start)
        values = base[draw.integers(0, len(base), n)]
        values += NOISE * spread * draw.standard_normal(values.shape, np.float32)
        frame = pd.DataFrame(values.astype(np.float16), index=keys(start, start + n))
        frame.attrs = reduced.attrs
        yield frame


def keys(start, end):
    return pd.Index([f"Shoes/{number:09d}.jpg" for number in range(start, end)], name="key")


def many(items):
    """Return a catalogue of so many items, with MiniZap's pictures by turns."""
    mini = zapsim.load_catalogue()

    def read(key):
        return mini.read(mini.keys[int(key[-13:-4]) % len(mini)])

    draw, numbers = np.random.default_rng(1), np.arange(items)
    columns = {name: draw.choice(values, items) for name, values in METADATA.items()}
    columns["Brand"] = draw.choice([f"Brand {n}" for n in range(1_100)], items)
    for name, share in SHARES.items():
        columns[name] = np.where(numbers % share == 0, "in", "out")
    return Catalogue(mini.with_reader(read)._files, pd.DataFrame(columns, index=keys(0, items)))


def build(items, address, kind):
    """Build an index, and print how many seconds it took."""
    catalogue = many(items)
    start = time.perf_counter()
    build_index(blocks(items), address, catalogue, kind=kind)
    print(time.perf_counter() - start)


def built(folder, kind, items):
    """Build an index in a process of its own, unless it is there; what it took (dict), or None."""
    address = folder / f"{kind}-{items}"
    if address.exists():
        return None
    code = f"from benchmarks.scale import build; build({items}, {str(address)!r}, {kind!r})"
    megabytes, seconds = alone(code)
    size = sum(f.stat().st_size for f in address.rglob("*") if f.is_file()) / 1e6
    return {
        "seconds": float(seconds.splitlines()[-1]),
        "peak MB": megabytes,
        "on disk MB": size,
    }


def browsed(folder, options):
    """Return the times of clicks, and memory with a tenth of the items and with all (dict)."""
    kind, rows = options.kinds[0], []
    for items in (options.items // 10, options.items):
        built(folder, kind, items)
        address = str(folder / f"{kind}-{items}")
        peak, said = alone(
            f"from benchmarks.scale import browse; browse({items}, {address!r}, {options.repeats})"
        )
        times, memory = json.loads(said.splitlines()[-1])
        rows.append({"items": items} | memory | {"peak MB": peak})
    first, last = rows
    more = last["MB after the clicks"] - first["MB after the clicks"]
    per_item = 1e6 * more / (last["items"] - first["items"])
    return {"clicks": times, "memory": rows, "bytes an item": per_item}


def browse(items, address, repeats):
    """Print, as JSON, the times of what a person does, and the memory that is held."""
    print(json.dumps(clicks(many(items), FeatureIndex(address), repeats)))


def resident():
    """Return how much memory this process holds now, in megabytes of 10⁶ bytes."""
    return psutil.Process().memory_info().rss / 1e6


def search(indexes, options):
    """Compare what is found, and how fast, with exact search."""
    unit = np.empty((options.items, WIDTH), np.float32)
    start = 0
    for block in blocks(options.items):
        unit[start : start + len(block)] = unit_vectors(block.to_numpy(np.float32))
        start += len(block)
    queries = next(blocks(options.queries, seed=7)).to_numpy(np.float32)
    rows = []

    def measure(name, find, share=1):
        times, found = [], 0
        allowed = np.arange(options.items) % share == 0
        for query in queries:
            scores = np.where(allowed, unit @ unit_vectors([query])[0], -np.inf)
            wanted = nearest(scores, K)
            rows_found, milliseconds = timed(find, query)
            times.append(milliseconds)
            found += len({*wanted} & {*rows_found}) / len(wanted)
        p95 = float(np.percentile(times, 95))
        recall = found / len(queries)
        rows.append({"way": name, f"recall@{K}": recall, "ms": np.median(times), "p95": p95})
        print(table(rows[-1:]).splitlines()[-1], flush=True)

    measure("exact: NumPy", lambda query: nearest(unit @ unit_vectors([query])[0], K))
    for kind, index in indexes.items():

        def find(query, where=None, index=index, **effort):
            return [int(key[-13:-4]) for key in index.search(query, K, where, **effort)["key"]]

        def plain(query, index=index):
            near = index._nearest(query, K, 40).select(["key", "_distance"]).to_arrow()
            return [int(key[-13:-4]) for key in near["key"].to_pylist()]

        measure(f"{kind}, its own scores", plain)
        for effort in EFFORTS:
            measure(f"{kind}, effort {effort}", lambda q, e=effort: find(q, effort=e))
        for name, share in SHARES.items():
            if options.items >= share * K:
                measure(f"{kind}, {name}", lambda q, n=name: find(q, {n: "in"}), share)
    for name, find in faiss_ways(unit):
        measure(name, find)
    return rows


def faiss_ways(unit):
    """Yield FAISS' ways of search: exact, and a graph over 8-bit numbers as LanceDB's."""
    import faiss

    flat = faiss.IndexFlatIP(WIDTH)
    flat.add(unit)
    yield "exact: FAISS", lambda query: flat.search(unit_vectors([query]), K)[1][0]
    graph = faiss.IndexHNSWSQ(WIDTH, faiss.ScalarQuantizer.QT_8bit, 20, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efSearch = 100
    graph.train(unit[:50_000])
    start = time.perf_counter()
    graph.add(unit)
    seconds = time.perf_counter() - start
    yield (
        f"FAISS HNSW SQ8 (built in {seconds:.0f} s)",
        lambda query: graph.search(unit_vectors([query]), K)[1][0],
    )


def clicks(catalogue, index, repeats):
    """Time what a person does in the browser until the widgets hold their new values.

    Returns a row (dict) for each thing done, and the memory held before and after, in MB.
    """
    predictor, opening = timed(IndexPredictor, catalogue, index)
    browser, first = timed(zapsim.browse, predictor, catalogue.keys[7], SHOWN)
    memory = {"MB when opened": resident()}
    filters, cards = browser.filters.by_column, browser.gallery.cards
    draw = np.random.default_rng(2)

    def start(_=None):
        browser.state.clear()
        browser.state.show(catalogue.keys[draw.integers(len(catalogue))])
        browser._refresh()

    ways = {
        "click on a neighbour": (lambda _: cards[draw.integers(SHOWN)].buttons[0].click(), None),
        "surprise me": (lambda _: browser.surprise.click(), None),
        "filter Material": (lambda turn: choose(filters["Material"], turn), start),
        "filter Brand": (lambda turn: choose(filters["Brand"], turn), start),
    }
    rows = [
        {"what": "predictor from an index", "p50": opening, "p95": opening},
        {"what": "browse() opens", "p50": first, "p95": first},
    ]
    for name, (act, before) in ways.items():
        times = []
        for turn in range(repeats):
            if before:
                before(turn)
            times.append(timed(act, turn)[1])
            assert "bold" not in browser.status.value, browser.status.value
        p50, p95 = np.percentile(times, [50, 95])
        rows.append({"what": name, "p50": float(p50), "p95": float(p95)})
    # The browser reads all words when nobody clicks; this waits for them.
    predictor.search("boots")
    return rows, memory | {"MB after the clicks": resident()}


if __name__ == "__main__":
    main()
