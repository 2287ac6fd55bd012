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
    frame = pd.DataFrame(values, index=catalogue.keys)
    # So that there are parts of the picture to choose.
    frame.attrs["extractor"] = zapsim.VGG16Extractor().settings | {"grid": 2}
    predictor = zapsim.SimilarityPredictor(catalogue, frame)
    del values, frame
    browser, milliseconds = timed(zapsim.browse, predictor, catalogue.keys[7], SHOWN)
    yield f"browse() opens; {len(reads)} files read", [milliseconds]
    # Nobody types faster; meanwhile, all words are read.
    time.sleep(1)
    yield "first search, a second later", [timed(predictor.search, "boots")[1]]

    def each(name, act, before=lambda turn: None):
        times = []
        for turn in range(repeats):
            before(turn)
            times.append(timed(act, turn)[1])
            assert "bold" not in browser.status.value, browser.status.value
        return name, times

    yield from (each(*named) for named in actions(browser, catalogue))


def actions(browser, catalogue):
    """Yield a name, what is timed, and what comes before it; each is called with its turn."""
    draw, state = random.Random(1), browser.state
    cards = browser.gallery.cards

    def card(button):
        return lambda _: cards[draw.randrange(SHOWN)].buttons[button].click()

    def start(_):
        state.clear()
        state.show(catalogue.keys[draw.randrange(len(catalogue))])
        browser._refresh()

    yield "click on a neighbour", card(0)
    yield "surprise me", lambda _: browser.surprise.click()
    yield "back", lambda _: browser.back.click()
    yield "slider, one step", lambda turn: setattr(browser.k, "value", 1 + turn * 7 % 24)
    browser.k.value = SHOWN
    filters = browser.filters.by_column
    for column in ("SubCategory", "Brand", "Closure"):
        dropdown = filters[column]
        yield f"filter {column}", lambda turn, each=dropdown: choose(each, turn), start
    yield (
        "one more value of a filter",
        lambda turn: choose(filters["Material"], turn + 1),
        lambda turn: (start(turn), choose(filters["Material"], turn)),
    )
    yield (
        "clear all",
        lambda _: browser.chips.clear.click(),
        lambda turn: choose(filters["Brand"], turn),
    )
    yield (
        "hide other colourways",
        lambda turn: setattr(browser.hide_colourways, "value", turn % 2 == 0),
    )
    yield "more like this", card(1), start
    yield "less like this", card(2), start
    cells = list(browser.parts.buttons.values())
    yield "a part of the picture", lambda turn: cells[turn % len(cells)].click(), start
    yield "a star", card(3), start
    browser.favourites.click()
    yield "favourites, and back", lambda _: browser.favourites.click()
    start(0)
    texts = ["s", "sk", "ska", "heels s", "7000", "no such shoe"]
    box = browser.search.box
    yield (
        "typing in the search",
        lambda turn: setattr(box, "value", texts[turn % len(texts)]),
        start,
    )
    wanted = ["boots women", "suede lace up", "700012", "heels", "orthotic friendly mesh men"]
    yield (
        "search, Enter",
        lambda _: box._handle_custom_msg({"event": "submit"}, []),
        lambda turn: (start(turn), setattr(box, "value", wanted[turn % len(wanted)])),
    )


def choose(dropdown, turn):
    """Choose one of the values that a dropdown offers."""
    values = [value for _, value in dropdown.options[1:]]
    dropdown.value = values[turn * 17 % len(values)]


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
