"""Extract cheaply: numbered pictures, and an extractor whose network is arithmetic.

In: a folder, and how many pictures. Out: extractors, stores, and what is in them. It is our own
code that is tried with them, and TensorFlow would take most of the time.
"""

import faulthandler
import os
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

import zapsim
from zapsim.io import store as store_module

BATCH, SHARD = 4, 8
# Batches that are computed, or wait to be written, while others still are.
AHEAD = 3 * (os.cpu_count() or 2) * BATCH
SETTINGS = {"layer": "block1_pool", "grid": 1, "image_size": 32, "weights": None}


def numbered(folder, n, first=0):
    """Make a folder of n tiny pictures, each of another colour; return it (pathlib.Path)."""
    folder.mkdir(parents=True)
    for number in range(first, first + n):
        colour = number % 16, number // 16 % 16, number // 256
        Image.new("RGB", (32, 32), colour).save(folder / f"{number:04}.png")
    return folder


def number_of(square):
    """Read back which picture it is."""
    red, green, blue = (int(value) for value in square[16, 16])
    return red + 16 * green + 256 * blue


def stand_in(log=None, seconds=0.0, before=lambda: None):
    """Make an extractor whose network is arithmetic, and that logs every picture it computes."""
    extractor = zapsim.VGG16Extractor(**SETTINGS, batch_size=BATCH)

    def run(squares):
        before()
        numbers = [number_of(square) for square in squares]
        if log is not None:
            with open(log, "a", encoding="utf-8") as file:
                file.write("".join(f"{number}\n" for number in numbers))
        time.sleep(seconds)
        noise = [np.random.default_rng(number).random(extractor.n_features) for number in numbers]
        return np.array(noise, np.float16).astype(np.float32)

    extractor.vectors = run
    return extractor


def with_other_settings(extractor):
    """Let an extractor claim another grid."""
    extractor.settings = extractor.settings | {"grid": 2}
    return extractor


@contextmanager
def small_shards():
    """Let a store write a shard every few pictures."""
    usual, store_module.SHARD_ITEMS = store_module.SHARD_ITEMS, SHARD
    try:
        yield
    finally:
        store_module.SHARD_ITEMS = usual


def extract(pictures, store, log=None, seconds=0.0, before=lambda: None):
    """Extract into a store with small shards; return the features."""
    with small_shards():
        catalogue = zapsim.load_catalogue(pictures)
        return stand_in(log, seconds, before).extract(catalogue, cache=store)


def forked(function, *arguments):
    """Fork a process that does this and nothing else; return its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        faulthandler.dump_traceback_later(100, exit=True, file=sys.__stderr__)
        function(*arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait_for(condition):
    """Wait until a condition holds, at most two minutes."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited for two minutes"
        time.sleep(0.003)


def lines(path):
    """Return what a log holds (list of str)."""
    return Path(path).read_text(encoding="utf-8").split() if Path(path).exists() else []


def stored(store):
    """Return a store's features."""
    return zapsim.load_features(store) if any(Path(store).glob("part-*")) else pd.DataFrame()


def keys_in(store):
    """Return a store's keys (set of str)."""
    shards = Path(store).glob("part-*")
    return {k for shard in shards for k in pq.read_table(shard, columns=["key"])["key"].to_pylist()}


def assert_whole(store, pictures, expected):
    """Check keys, contents and values against a run that nothing disturbed, and for leftovers."""
    assert {path.suffix for path in Path(store).iterdir()} == {".parquet"}, "something is left"
    pd.testing.assert_frame_equal(zapsim.load_features(store), expected)
    catalogue = zapsim.load_catalogue(pictures)
    for shard in Path(store).glob("part-*"):
        table = pq.read_table(shard)
        for key, content in zip(
            table["key"].to_pylist(), table["content"].to_pylist(), strict=True
        ):
            assert catalogue.content(key) == content


def age(store):
    """Make what killed processes left half written so old that nobody can be writing it."""
    for leftover in Path(store).glob(".part-*.tmp"):
        os.utime(leftover, (0, 0))
