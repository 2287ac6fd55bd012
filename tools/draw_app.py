"""Draw the README's picture of `make app` into ``docs/``: the browser as a web page, in Chromium.

Needs Voila and the extra `browser`.
"""

from playwright.sync_api import sync_playwright

from benchmarks.visitors import serve
from tests.conftest import CHROMIUM, QUIET
from tools.draw_readme import DOCS

SIZE = {"width": 1240, "height": 768}


def main():
    server, address = serve()
    try:
        with sync_playwright() as started:
            chromium = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = chromium.new_page(viewport=SIZE)
            page.goto(address, timeout=120_000)
            browser = page.locator(".zapsim").first
            status = browser.locator("[role=status]")
            status.get_by_text("neighbours of").wait_for()
            for press, seen in [
                ("Keep #2 as a favourite", "neighbours of"),
                ("More like #2", "more like"),
                ("Lower right", "by its lower right only"),
            ]:
                browser.get_by_role("button", name=press, exact=True).click()
                status.get_by_text(seen).wait_for()
            browser.get_by_role("button", name="★ 1").wait_for()
            page.mouse.move(0, 0)
            browser.screenshot(path=DOCS / "voila.png")
    finally:
        for process in [*server.children(recursive=True), server]:
            process.terminate()


if __name__ == "__main__":
    main()
