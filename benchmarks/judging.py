"""Time how long it takes to judge the neighbours of a whole catalogue, and what memory it takes.

    python -m benchmarks.judging [--items 50025] [--k 50] [--repeats 3]

The catalogue has UT-Zappos50K's size, layout and columns. Its features are random numbers: where
neighbours lie makes no difference to the work. Every call runs in processes of its own, in turns;
times are medians, and begin when neighbours and catalogue are loaded.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import zapsim
from benchmarks.browsing import make_catalogue
from benchmarks.measure import alone, machine, save, table

CALLS = {
    "nothing: neighbours and catalogue loaded": "None",
    "evaluate, 4 metrics, intervals": "zapsim.evaluate(found, kinds, exclude=products)",
    "the same by Closure, several values a cell": (
        "zapsim.evaluate(found, known['Closure'], exclude=products)"
    ),
    "per_class": "zapsim.per_class(found, kinds, exclude=products)",
    "paired difference to another kind of neighbours": (
        "zapsim.paired_difference(found, other, kinds, exclude=products)"
    ),
    "confusion": "zapsim.confusion(found, kinds)",
    "worst_queries": "zapsim.worst_queries(found, kinds, exclude=products)",
}
CODE = """
import time
import pandas as pd, zapsim
known = pd.read_parquet({folder!r} + '/known.parquet')
kinds, products = known['Category'] + ' ' + known['SubCategory'], known['Product']
found, other = (zapsim.load_neighbours({folder!r} + name) for name in ('/found', '/other'))
import zapsim.judge.evaluation, zapsim.judge.mistakes
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=50_025)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.items, options.k)
        rows = judge(folder, options.repeats)
    print(f"{options.items:,} items, k={options.k}\n\n{table(rows)}")
    versions = machine("numpy", "pandas", "scipy")
    save(f"judging-{options.items}", {"machine": versions, "k": options.k, "rows": rows})


def prepare(folder, items, k):
    """Write what is known about the items, and two kinds of neighbours."""
    (folder / "pictures").mkdir()
    make_catalogue(folder / "pictures", items)
    known = zapsim.load_catalogue(folder / "pictures").table
    known.to_parquet(folder / "known.parquet")
    rng = np.random.default_rng(0)
    for name in ("found", "other"):
        values = rng.standard_normal((len(known), 16), dtype=np.float32)
        features = pd.DataFrame(values, index=known.index)
        found = zapsim.top_k(features, k, exclude=known["Product"])
        zapsim.save_neighbours(found, folder / name)


def judge(folder, repeats):
    """Return a row a call: seconds, and the operating system's peak of memory."""
    seconds, peaks = {name: [] for name in CALLS}, dict.fromkeys(CALLS, 0.0)
    for _ in range(repeats):
        for name, call in CALLS.items():
            megabytes, said = alone(CODE.format(folder=str(folder), call=call))
            seconds[name].append(float(said))
            peaks[name] = max(peaks[name], megabytes)
    return [
        {"call": name, "seconds": statistics.median(seconds[name]), "peak MB": peaks[name]}
        for name in CALLS
    ]


if __name__ == "__main__":
    main()
