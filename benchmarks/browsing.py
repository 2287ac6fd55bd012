"""Time the browser's kernel side on 50,025 items: what passes between a click and new pictures.

    python -m benchmarks.browsing [--items 50025] [--repeats 40]

The catalogue has UT-Zappos50K's size and layout; its files are MiniZap's pictures, hard-linked, so
thumbnails are really read and decoded. Features are random. No front end listens: what is timed is
all that runs in Python until the widgets hold their new values, thumbnails included.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import zapsim

LAYOUT = {
    "Boots": ["Ankle", "Knee High", "Mid-Calf", "Over the Knee", "Prewalker Boots"],
    "Sandals": ["Athletic", "Flat", "Heel"],
    "Shoes": [
        "Clogs and Mules",
        "Flats",
        "Heels",
        "Loafers",
        "Oxfords",
        "Boat Shoes",
        "Crib Shoes",
    ],
    "Slippers": ["Boot", "Slipper Flats", "Slipper Heels"],
}
METADATA = {
    "HeelHeight": ["Flat", "Under 1in", "1in - 1 3/4in", "2in - 2 3/4in", "3in - 3 3/4in"],
    "Insole": ["Padded", "Removable", "Leather", "Orthotic Friendly", "Memory Foam"],
    "Closure": ["Lace up", "Slip-On", "Zipper", "Buckle", "Hook and Loop", "Ankle Strap"],
    "Gender": ["Women", "Men", "Girls", "Boys"],
    "Material": ["Leather", "Suede", "Rubber", "Mesh", "Synthetic", "Canvas", "Wool"],
    "ToeStyle": ["Round Toe", "Pointed Toe", "Open Toe", "Square Toe", "Capped Toe"],
}
BRANDS = 1_100
SHOWN = 12


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=50_025)
    parser.add_argument("--repeats", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_catalogue(Path(folder), options.items)
        start = time.perf_counter()
        catalogue = zapsim.load_catalogue(folder)
        print(f"{len(catalogue):,} items; load_catalogue {time.perf_counter() - start:.2f} s")
        print(f"kernel side, {SHOWN} neighbours shown, milliseconds, {options.repeats} times each")
        print(f"{'features':>9} {'p50':>7} {'p95':>7}  what a person does")
        for n_features in (256, 2048):
            for name, milliseconds in measure(catalogue, n_features, options.repeats):
                p50, p95 = np.percentile(milliseconds, [50, 95])
                print(f"{n_features:9,} {p50:7.1f} {p95:7.1f}  {name}", flush=True)


def make_catalogue(folder, items):
    """Link MiniZap's pictures under real-looking keys, with a CSV of metadata beside them."""
    draw = random.Random(0)
    mini = zapsim.load_catalogue()
    originals = folder / ".originals"
    originals.mkdir()
    for number, key in enumerate(mini.keys):
        (originals / f"{number}.jpg").write_bytes(mini.read(key))
    syllables = ["ba", "ne", "ro", "ti", "lu", "ska", "mon", "del", "fi", "ver", "co", "sta"]
    brands = [
        " ".join("".join(draw.choices(syllables, k=3)).title() for _ in range(draw.randint(1, 2)))
        + f" {number}"
        for number in range(BRANDS)
    ]
    rows, made = [], set()
    for number in range(items):
        category = draw.choice(list(LAYOUT))
        place = folder / category / draw.choice(LAYOUT[category]) / draw.choice(brands)
        if place not in made:
            place.mkdir(parents=True, exist_ok=True)
            made.add(place)
        product, colour = 7_000_000 + number // 3, 3 + number
        os.link(originals / f"{number % len(mini)}.jpg", place / f"{product}.{colour}.jpg")
        values = {
            name: ";".join(draw.sample(some, draw.randint(0, 2))) for name, some in METADATA.items()
        }
        rows.append({"CID": f"{product}-{colour}"} | values)
    pd.DataFrame(rows).to_csv(folder / "meta-data.csv", index=False)


def measure(catalogue, n_features, repeats):
    """Yield what was done, and how many milliseconds each time took."""
    catalogue, reads = counting(catalogue)
    rng = np.random.default_rng(0)
    values = rng.standard_normal((len(catalogue), n_features), dtype=np.float32)
    predictor = zapsim.SimilarityPredictor(catalogue, pd.DataFrame(values, index=catalogue.keys))
    del values
    browser, milliseconds = timed(zapsim.browse, predictor, catalogue.keys[7], SHOWN)
    yield f"browse() opens; {len(reads)} files read", [milliseconds]

    def each(name, act, before=lambda turn: None):
        times = []
        for turn in range(repeats):
            before(turn)
            times.append(timed(act, turn)[1])
            assert "bold" not in browser.status.value, browser.status.value
        return name, times

    draw = random.Random(1)
    cards = browser.gallery.cards
    yield each("click on a neighbour", lambda _: cards[draw.randrange(SHOWN)].button.click())
    yield each("surprise me", lambda _: browser.surprise.click())
    yield each("back", lambda _: browser.back.click())
    yield each("slider, one step", lambda turn: slide(browser, 1 + turn * 7 % 24))
    browser.k.value = SHOWN
    category = browser.filters["Category"]
    yield each("filter Category", lambda turn: choose(category, list(LAYOUT)[turn % len(LAYOUT)]))
    brand = browser.filters["Brand"]
    names = [value for _, value in brand.options[1:]]
    browser.clear.click()
    yield each("filter Brand", lambda turn: choose(brand, names[turn * 17 % len(names)]))
    yield each(
        "clear filters",
        lambda _: browser.clear.click(),
        before=lambda turn: choose(brand, names[turn * 13 % len(names)]),
    )
    yield each("hide other colourways", lambda turn: toggle(browser, turn % 2 == 0))
    texts = ["s", "sk", "ska", "heels, s", "7000", "no such shoe"]
    yield each("typing in the search", lambda turn: type_in(browser, texts[turn % len(texts)]))


def slide(browser, k):
    browser.k.value = k


def choose(dropdown, value):
    dropdown.value = value


def toggle(browser, hide):
    browser.hide_colourways.value = hide


def type_in(browser, text):
    browser.search.value = text


def timed(act, *arguments):
    start = time.perf_counter()
    done = act(*arguments)
    return done, 1000 * (time.perf_counter() - start)


def counting(catalogue):
    """Return the catalogue, and a list that grows with every file read."""
    reads = []

    def read(key):
        reads.append(key)
        return catalogue.read(key)

    return catalogue.with_reader(read), reads


if __name__ == "__main__":
    main()
