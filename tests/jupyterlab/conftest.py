"""A real JupyterLab, seen through a real browser (Debian's chromium, driven by Playwright)."""

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.reader import NotJSONError

import zapsim
from benchmarks.visitors import serve, stop

ROOT = Path(__file__).resolve().parent.parent.parent
# So that a test need not wait for minutes.
SOON = ["--MappingKernelManager.cull_idle_timeout=5", "--MappingKernelManager.cull_interval=1"]
START_SECONDS = 90
RUN_SECONDS = 240


@pytest.fixture
def photo(tmp_path):
    """A file as a person would upload it: one of MiniZap's shoes, under a hostile name."""
    catalogue = zapsim.load_catalogue()
    path = tmp_path / "<img src=x onerror=alert(1)> 'my' shoe.jpg"
    path.write_bytes(catalogue.thumbnail(catalogue.keys[100]))
    return path


@pytest.fixture
def dialogs(page):
    """Whatever a script smuggled in by a name would open."""
    opened = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    return opened


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


class Person:
    """Somebody at the browser widget."""

    def __init__(self, page):
        self.page, self.clicks = page, 0
        self.widget = page.locator(".zapsim").first
        self.widget.wait_for()
        self.status = self.widget.locator("[role=status]")
        self.status.get_by_text("neighbours of").wait_for()

    def says(self, text, timeout=10_000):
        self.status.get_by_text(text).first.wait_for(timeout=timeout)
        return self.status.inner_text()

    def press(self, name):
        self.clicks += 1
        self.widget.get_by_role("button", name=name, exact=True).click()

    def search(self, text):
        """Type a text as fast as people do, and press Enter."""
        self.clicks += 1
        self.widget.locator("input[type=text]").first.click()
        self.page.keyboard.type(text, delay=20)
        self.page.keyboard.press("Enter")

    def top(self):
        """How far from the top of the page the first card is, in pixels."""
        return self.cards().first.evaluate("node => node.getBoundingClientRect().top")

    def cards(self):
        return self.widget.locator(".zapsim-card:visible")

    def card_of(self, number):
        """Which card shows a colourway."""
        names = self.cards().locator(".zapsim-name").all_inner_texts()
        return [name.split()[-1] for name in names].index(number) + 1

    def name_of_card(self, number):
        return self.cards().nth(number - 1).locator(".zapsim-name").inner_text()

    def go_to(self, number):
        """Make a neighbour the query; wait until it is, and until its pictures are painted."""
        name = self.name_of_card(number)
        self.press(f"Search like #{number}")
        self.says(f"neighbours of {name}")
        return name

    def choose(self, column, value):
        # One opens the list.
        self.clicks += 2
        dropdown = self.widget.locator(".widget-dropdown", has_text=column).first
        # ipywidgets writes the blanks of an option as no-break spaces.
        words = re.compile(rf"^(✓ )?{value}\s\(".replace(" ", r"\s"))
        option = dropdown.locator("option", has_text=words).get_attribute("value")
        dropdown.locator("select").select_option(value=option)

    def upload(self, path):
        with self.page.expect_file_chooser() as chooser:
            self.widget.get_by_role("button", name="Search with my picture").click()
        chooser.value.set_files(path)


class Server:
    """A process that serves on a free port of this machine."""

    def __init__(self, module, options, folder, alive, **variables):
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, f"--port={self.port}", "--no-browser", *options],
            stdout=self._log,
            stderr=self._log,
            env={
                **os.environ,
                "JUPYTER_CONFIG_DIR": str(folder / "config"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                **variables,
            },
        )
        _wait_for(f"{self.address}{alive}", self._process)

    def close(self):
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()


class Lab(Server):
    """A JupyterLab server in a folder of fresh, never run copies of the notebooks."""

    def __init__(self, folder):
        self.folder = folder
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            notebook = nbformat.read(path, 4)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
            nbformat.write(notebook, folder / path.name)
        # Otherwise a question about news covers part of the page.
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        options = ["--port-retries=0", "--allow-root", "--IdentityProvider.token="]
        options += [f"--ServerApp.root_dir={folder}"]
        # What `make lab` sets.
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        limit = re.search(r"^UPLOAD_MB := (\d+)$", makefile, re.MULTILINE)[1]
        recipe = makefile.partition("\nlab:")[2].partition("\n\n")[0]
        words = shlex.split(recipe.replace("\\\n", " ").replace("$(UPLOAD_MB)", limit))
        options += [word for word in words if word.startswith("--") and "root_dir" not in word]
        variables = dict(word.split("=") for word in words if word.startswith("ZAPSIM_"))
        super().__init__("jupyterlab", options, folder, "/api/status", **variables)

    def write(self, name, *sources):
        """Write a notebook of code cells of one's own."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        # Without a kernel named, JupyterLab would ask for one.
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), self.folder / name)

    def open(self, page, name):
        page.goto(f"{self.address}/lab/tree/{name}?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()

    def run_all(self, page, name):
        """Run every cell, save, and return the saved notebook; after an error, no cell runs."""
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            page.wait_for_timeout(1000)
            page.keyboard.press("Control+s")
            try:
                notebook = nbformat.read(self.folder / name, 4)
            except NotJSONError:
                # It is just being written.
                continue
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            failed = any(output.output_type == "error" for cell in code for output in cell.outputs)
            if failed or all(cell.execution_count for cell in code):
                return notebook
        raise TimeoutError(f"{name} was not through after {RUN_SECONDS} s")


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """`make app` with four places, which forgets soon: its process, its address, its log."""
    log = tmp_path_factory.mktemp("app") / "log"
    with log.open("w") as opened:
        server, address = serve(opened, SOON, ZAPSIM_VISITORS="4")
        yield server, address, log
        stop(server)


@pytest.fixture(scope="session")
def voila(browser, tmp_path_factory):
    """Serve notebook 06 as `make app` does; return the page's address."""
    folder = tmp_path_factory.mktemp("voila")
    server = Server("tools.app", [], folder, "/voila/static/voila.js")
    yield server.address
    server.close()


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"no answer from {address} after {START_SECONDS} s")
