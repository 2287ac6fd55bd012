"""Notebooks opened cold in a simulated Colab: nothing of zapsim is there but what cell 1 fetches.

The stand-in ``google.colab`` has the real one's signatures and errors; ``/content/drive`` is a
temporary folder. GitHub is a local server. Notebook 00 is opened, with Drive and without: the
others have the same first cell.
"""

import functools
import http.server
import os
import shutil
import threading
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

import zapsim
from tools import build_notebooks as builder
from zapsim.io.bundled import MINIZAP

SOURCES = sorted((builder.NOTEBOOKS / "src").glob("*.py"))
PARTS = ["pyproject.toml", "README.md", "LICENSE", "zapsim", "data"]
IMAGES = "MyDrive/Data/Zappos/ut-zap50k-images-square"

STAND_IN = '''\
"""Mounts what SIMULATED_DRIVE names, or fails as Colab's own does."""
import os


class MessageError(Exception):
    """Colab's, thrown on an error response from the front end."""


def mount(mountpoint, force_remount=False, timeout_ms=120000, readonly=False):
    how = os.environ["SIMULATED_DRIVE"]
    if how == "refused":
        raise MessageError("Error: credential propagation was unsuccessful")
    if how == "timeout":
        raise ValueError(
            "mount failed: timeout during initial read of root folder; for more info: "
            "https://research.google.com/colaboratory/faq.html#drive-timeout"
        )
    if os.path.isdir(os.path.join(mountpoint, "MyDrive")):
        print(
            f'Drive already mounted at {mountpoint}; to attempt to forcibly remount, call '
            f'drive.mount("{mountpoint}", force_remount=True).'
        )
        return
    os.makedirs(mountpoint)
    os.symlink(how, os.path.join(mountpoint, "MyDrive"))
    print(f"Mounted at {mountpoint}")
'''

# Run before the first cell: google.colab is loaded, as there; zapsim is nowhere but where pip
# will put it, whatever this environment has installed.
START = """\
import sys
from importlib.machinery import PathFinder

SITE, TARGET, CONTENT = {site!r}, {target!r}, {content!r}


class Cold:
    def find_spec(self, name, path=None, target=None):
        if name != "zapsim":
            return None
        found = PathFinder.find_spec(name, [CONTENT, TARGET])
        if found is None:
            raise ModuleNotFoundError("No module named 'zapsim'", name="zapsim")
        return found


sys.meta_path.insert(0, Cold())
sys.path.insert(0, SITE)
import google.colab
"""


class Colab:
    """One simulated machine, with or without a Drive."""

    def __init__(self, root, drive):
        self.content = root / "content"
        self.content.mkdir()
        site, target, startup = (
            root / "site",
            root / "target",
            root / "ipython/profile_default/startup",
        )
        (site / "google" / "colab").mkdir(parents=True)
        (site / "google" / "colab" / "__init__.py").touch()
        (site / "google" / "colab" / "drive.py").write_text(STAND_IN)
        startup.mkdir(parents=True)
        # A folder that is not there when Python first looks is not looked at again.
        target.mkdir()
        folders = {"site": str(site), "target": str(target), "content": str(self.content)}
        (startup / "00-colab.py").write_text(START.format(**folders))
        self.github = "https://github.com"
        self.environment = os.environ | {
            "SIMULATED_DRIVE": str(drive),
            "IPYTHONDIR": str(root / "ipython"),
            "TMPDIR": str(root),
            "PIP_TARGET": str(target),
            # pip takes "0" for --no-build-isolation: what builds zapsim is there, offline.
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        self.environment.pop("PYTHONPATH", None)

    def run(self, *cells):
        """Execute cells; return the notebook. The first may be a whole notebook."""
        if isinstance(cells[0], nbformat.NotebookNode):
            notebook = cells[0]
        else:
            notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
        for cell in notebook.cells:
            cell.source = cell.source.replace("/content/", f"{self.content}/")
            cell.source = cell.source.replace("https://github.com", self.github)
            if "welcome(place" in cell.source:
                where = f"zapsim.colab.DRIVE = Path({str(self.content / 'drive')!r})"
                cell.source = cell.source.replace(
                    "    welcome(", f"    import zapsim.colab\n    {where}\n    welcome("
                )
        client = NotebookClient(notebook, timeout=300, kernel_name="python3")
        client.execute(env=self.environment)
        return notebook


def said(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def shown(notebook):
    return "".join(said(cell) for cell in notebook.cells if cell.cell_type == "code")


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A copy of what zapsim is made of."""
    copy = tmp_path_factory.mktemp("copy") / "zapsim"
    copy.mkdir()
    for part in map(builder.ROOT.joinpath, PARTS):
        if part.is_dir():
            shutil.copytree(part, copy / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, copy)
    return copy


@pytest.fixture
def drive(tmp_path, repository):
    """A Drive with a copy of the repository."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "zapsim").symlink_to(repository)
    return mine


@pytest.fixture
def github(tmp_path, repository):
    """A server that has the repository's archive where GitHub has it."""
    home = builder.home()
    archive = tmp_path / "www" / home["owner"] / home["repository"] / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / f"{home['branch']}.zip", "w") as packed:
        for file in repository.rglob("*"):
            packed.write(file, f"zapsim-main/{file.relative_to(repository)}")
    handler = functools.partial(_Quiet, directory=tmp_path / "www")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


SETUP = builder.SETUP.format(**builder.home())
WHERE = "import zapsim; print(zapsim.__file__)"


def test_with_drive_the_copy_there_is_installed_once_and_the_cell_says_so(tmp_path, drive):
    colab = Colab(tmp_path, drive)
    first, where, second = colab.run(SETUP, WHERE, SETUP).cells
    assert f"zapsim {zapsim.__version__} from your Drive" in said(first)
    assert said(first).count("\n") == 2, "Drive's own line and ours"
    assert said(where).strip() == str(tmp_path / "target" / "zapsim" / "__init__.py")
    assert "already mounted" in said(second)
    assert f"zapsim {zapsim.__version__} was here already" in said(second)
    assert said(second).count("\n") == 2


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", "credential propagation was unsuccessful"),
        ("timeout", "timeout during initial read of root folder"),
    ],
)
def test_without_drive_github_is_asked_and_the_cell_explains_itself(tmp_path, github, how, reason):
    colab = Colab(tmp_path, how)
    colab.github = github
    first, where = colab.run(SETUP, WHERE).cells
    assert f"zapsim {zapsim.__version__} from GitHub (http" in said(first)
    assert "). No Drive (" in said(first)
    assert reason in said(first)
    assert "everything still runs on MiniZap" in said(first)
    assert said(first).count("\n") == 1
    assert said(where).strip() == str(tmp_path / "target" / "zapsim" / "__init__.py")


def test_a_drive_without_a_copy_of_the_repository_is_mounted_and_github_asked(tmp_path, github):
    (tmp_path / "empty").mkdir()
    colab = Colab(tmp_path, tmp_path / "empty")
    colab.github = github
    assert "from GitHub (http" in said(colab.run(SETUP).cells[0])


def test_a_copy_on_drive_that_does_not_install_is_passed_over_for_github(tmp_path, github):
    """Half uploaded: it looks like a copy of the repository, and holds no package."""
    copy = tmp_path / "mine" / "zapsim"
    copy.mkdir(parents=True)
    shutil.copy(builder.ROOT / "pyproject.toml", copy)
    colab = Colab(tmp_path, copy.parent)
    colab.github = github
    first, where = colab.run(SETUP, WHERE).cells
    assert f"zapsim {zapsim.__version__} from GitHub (http" in said(first)
    assert said(where).strip() == str(tmp_path / "target" / "zapsim" / "__init__.py")


def test_a_clone_beside_the_notebook_is_not_taken_for_the_package(tmp_path, drive):
    """Python takes any folder called zapsim for a package, if there is no other."""
    colab = Colab(tmp_path, drive)
    (colab.content / "zapsim" / "zapsim").mkdir(parents=True)
    (colab.content / "zapsim" / "zapsim" / "__init__.py").touch()
    first, where = colab.run(SETUP, WHERE).cells
    assert f"zapsim {zapsim.__version__} from your Drive" in said(first)
    assert said(where).strip() == str(tmp_path / "target" / "zapsim" / "__init__.py")


def test_off_colab_the_cell_does_nothing():
    assert "google.colab" not in __import__("sys").modules
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SETUP)])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[0].outputs == []


def test_opened_cold_with_drive_it_runs_from_first_to_last_cell(tmp_path, drive):
    notebook = Colab(tmp_path, drive).run(builder.build(SOURCES[0], SOURCES, solved=False))
    assert "from your Drive" in said(notebook.cells[1])
    assert "📝 Not solved yet." in shown(notebook)


def test_opened_cold_without_drive_it_runs_from_first_to_last_cell(tmp_path, github):
    colab = Colab(tmp_path, "refused")
    colab.github = github
    notebook = colab.run(builder.build(SOURCES[0], SOURCES, solved=True))
    assert "No Drive" in said(notebook.cells[1])
    assert "✅ Correct." in shown(notebook)


def with_the_articles_run(source):
    """Build a notebook whose parameters are those of the article, but for fewer pictures."""
    notebook = builder.build(source, SOURCES, solved=True)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    lines = [line.removeprefix("# ") if " = " in line else line for line in cell.source.split("\n")]
    cell.source = "\n".join(lines).replace("5000", "48")
    assert "/content/drive/MyDrive/Data" in cell.source
    return notebook


@pytest.mark.keras
def test_the_articles_run_goes_through_01_and_02_on_a_drive(tmp_path, drive):
    """The article's folder: pictures, no metadata. Each notebook on a new machine."""
    with zipfile.ZipFile(MINIZAP) as minizap:
        pictures = [name for name in minizap.namelist() if name.endswith(".jpg")]
        minizap.extractall(drive / "images", pictures)
    images = drive.parent / IMAGES.replace("MyDrive", drive.name)
    images.parent.mkdir(parents=True)
    (drive / "images").rename(images)
    # 02 takes most of a minute, so it is opened on Colab's own versions only.
    chosen = SOURCES[1:3] if os.environ.get("ZAPSIM_ON_COLAB") else SOURCES[1:2]
    for number, source in enumerate(chosen):
        machine = tmp_path / f"machine {number}"
        machine.mkdir()
        notebook = Colab(machine, drive).run(with_the_articles_run(source))
        assert "✅ Correct." in shown(notebook)
        assert "615 files in " in shown(notebook)
    if SOURCES[2] in chosen:
        assert len(zapsim.load_features(drive / "Data" / "zapsim-features")) == 48


def test_results_on_drive_are_few_large_files_that_another_machine_continues(tmp_path, drive):
    lines = [
        SETUP,
        "store = '/content/drive/MyDrive/features'\n"
        "sample = zapsim.load_catalogue().sample(n, seed=1)\n"
        "zapsim.VGG16Extractor().extract(sample, cache=store).shape",
    ]
    for n, found in [(20, False), (40, True)]:
        machine = tmp_path / f"machine {n}"
        machine.mkdir()
        *_, cell = Colab(machine, drive).run(lines[0], f"import zapsim; n = {n}", lines[1]).cells
        assert ("20 of 40 items found in features" in said(cell)) == found
    assert len(list((drive / "features").iterdir())) == 2
    assert len(zapsim.load_features(drive / "features")) == 40
