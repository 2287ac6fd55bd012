"""Time a page to take away in headless Chromium: its opening, clicks, filters, search, the map.

    python -m benchmarks.page [PHOTOS.zip] [--items 615 5000] [--repeats 30] [--forms file folder]

Without photos, the catalogue is as in `benchmarks.browsing`, and features are random; with photos
(a zip of them), those are repeated. Opened by its path, as by a double click; 1366×768. A click is
painted when the browser has drawn a frame after all pictures in it were decoded.
"""

import argparse
import shutil
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

import zapsim
from benchmarks.browsing import make_catalogue
from benchmarks.measure import machine, save, table

# Each begins with the page at rest, and ends when what it changed is painted.
PAINTED = """async (act) => {
  const start = performance.now();
  act();
  const images = [...document.querySelectorAll("#cards img")].slice(0, 24);
  await Promise.all(images.map((image) => image.decode()));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
ACTIONS = {
    "click a neighbour": "document.querySelectorAll('#cards .pick')[3].click()",
    "more like this": "document.querySelectorAll('#cards [data-name=like]')[2].click()",
    "go back": "document.getElementById('back').click()",
    "filter": "document.querySelector('#filters details[open] input:enabled').click()",
    "search": "document.getElementById('search').requestSubmit()",
    "the map": "document.getElementById('to-map').click()",
    "zoom": "document.getElementById('closer').click()",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="?")
    parser.add_argument("--items", type=int, nargs="+", default=[615, 5_000])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--forms", nargs="+", default=["file", "folder"])
    options = parser.parse_args()
    rows = []
    for n_items in options.items:
        with tempfile.TemporaryDirectory() as folder:
            predictor, places = make_predictor(Path(folder), n_items, options.photos)
            for form in options.forms:
                start = time.perf_counter()
                path = predictor.page(f"{folder}/shop{'.html' * (form == 'file')}", places=places)
                written = time.perf_counter() - start
                page = {"items": n_items, "form": form, "s to write": written}
                page["MB of HTML"] = path.stat().st_size / 1e6
                rows.append({**page, **measured(path, options.repeats)})
                print(f"{table(rows[-1:])}\n", flush=True)
    print(table(rows))
    save("page", {"machine": machine("playwright", "pillow", "numpy"), "page": rows})


def make_predictor(folder, n_items, photos):
    """Return a predictor of random features, and random places."""
    pictures = folder / "pictures"
    if photos:
        copy_photos(pictures, n_items, photos)
    else:
        pictures.mkdir()
        make_catalogue(pictures, n_items)
    catalogue, rng = zapsim.load_catalogue(pictures), np.random.default_rng(0)
    values = rng.random((len(catalogue), 256), dtype=np.float32)
    features = pd.DataFrame(values, index=catalogue.keys)
    places = pd.DataFrame(rng.random((len(catalogue), 2)), features.index, ["x", "y"])
    return zapsim.SimilarityPredictor(catalogue, features), places


def copy_photos(folder, n_items, photos):
    with zipfile.ZipFile(photos) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".jpg")]
        for number in range(n_items):
            target = folder / f"{number % 40}" / f"{number}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(names[number % len(names)]))


def measured(path, repeats):
    """Return what opening takes (seconds) and what each action does (milliseconds), as medians."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    opening, times = [], {name: [] for name in ACTIONS}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(path.as_uri())
            opening.append(
                page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1e3
            )
            if len(opening) < 5:
                page.close()
        for turn in range(repeats):
            for name, action in ACTIONS.items():
                prepare(page, name, turn)
                times[name].append(page.evaluate(f"({PAINTED})(() => {action})"))
        browser.close()
    found = {"s to open": statistics.median(opening)}
    return found | {f"ms: {name}": statistics.median(each) for name, each in times.items()}


def prepare(page, name, turn):
    """Bring the page to where an action begins."""
    if name in ("click a neighbour", "the map"):
        page.evaluate("document.getElementById('home').click()")
        page.evaluate("document.getElementById('to-sheet').click()")
        page.evaluate("turn => document.querySelectorAll('#cards .pick')[turn % 9].click()", turn)
    if name == "filter" and page.locator("#filters details").count():
        page.evaluate("document.querySelector('#filters details').open = true")
    if name == "search":
        page.evaluate(
            "turn => { document.getElementById('words').value = String(turn % 10) }", turn
        )
    page.wait_for_timeout(50)


if __name__ == "__main__":
    main()
