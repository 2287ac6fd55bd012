"""Time a person's wait in JupyterLab: from a click in the browser to its pictures painted.

    python -m benchmarks.clicks [--repeats 20]

A real JupyterLab, a real kernel and headless Chromium, MiniZap, 8 cards, 1366×768. "Painted" is
the frame after the status line changed and all pictures of cards and query were decoded.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import machine, save, spread, table
from tests.conftest import CHROMIUM, QUIET
from tests.jupyterlab.conftest import Lab
from tests.jupyterlab.test_browse import NAME, SOURCE

PAINTED = """async words => {
    const widget = document.querySelector('.zapsim');
    const said = () => widget.querySelector('[role=status]').textContent;
    const button = [...widget.querySelectorAll('button')]
        .find(each => each.textContent.trim() === words);
    const [before, start] = [said(), performance.now()];
    button.click();
    while (said() === before) await new Promise(requestAnimationFrame);
    const pictures = [...widget.querySelectorAll('img')].filter(each => each.offsetParent);
    await Promise.all(pictures.map(each => each.decode()));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    times = {"Search like #4": [], "More like #2": [], "Lower right": [], "← Back": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        lab = Lab(Path(folder))
        try:
            lab.write(NAME, SOURCE)
            lab.open(page, NAME)
            page.keyboard.press("Shift+Enter")
            page.locator(".zapsim [role=status]").get_by_text("neighbours of").wait_for()
            for _ in range(options.repeats):
                for words, milliseconds in times.items():
                    milliseconds.append(page.evaluate(PAINTED, words))
        finally:
            lab.close()
            chromium.close()
    rows = [{"click": words, **spread(milliseconds)} for words, milliseconds in times.items()]
    print(table(rows))
    save("clicks", {"machine": machine("jupyterlab", "ipywidgets"), "clicks": rows})


if __name__ == "__main__":
    main()
