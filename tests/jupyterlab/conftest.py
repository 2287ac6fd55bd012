"""A real JupyterLab, seen through a real browser (Debian's chromium, driven by Playwright)."""

import os
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.reader import NotJSONError

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 90
RUN_SECONDS = 240


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


class Server:
    """A process that serves on a free port of this machine."""

    def __init__(self, module, options, folder, alive):
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
        super().__init__("jupyterlab", options, folder, "/api/status")

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


@pytest.fixture(scope="session")
def voila(browser, tmp_path_factory):
    """Serve notebook 06 as `make app` does; return the page's address."""
    folder = tmp_path_factory.mktemp("voila")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\napp:")[2]
    option = shlex.split(recipe.partition("$(SCREEN) ")[2].partition("\\\n")[0])
    notebook = str(ROOT / "notebooks" / "06_browse.ipynb")
    server = Server("voila", [*option, notebook], folder, "/voila/static/voila.js")
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
