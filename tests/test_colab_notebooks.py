"""Notebooks opened cold in a simulated Colab: nothing of zapsim is there but what cell 1 brings.

The stand-in ``google.colab`` has the real one's signatures and errors; ``/content/drive`` is a
temporary folder. GitHub is a local server, and so is what all other requests would go to. Notebook
00 is opened, with Drive and without: the others have the same first cell.
"""

import contextlib
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import zapsim
from tools import build_notebooks as builder
from tools import home
from zapsim.io.bundled import MINIZAP

SOURCES = sorted((builder.NOTEBOOKS / "src").glob("*.py"))
HOME = {"owner": "someone", "repository": "zapsim", "branch": "main"}
VERSION = zapsim.__version__
PARTS = ["pyproject.toml", "README.md", "LICENSE", "zapsim", "data"]
STARTUP = "profile_default/startup/00-colab.py"
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
        own = [folder for folder in sys.path if folder.startswith(CONTENT)]
        found = PathFinder.find_spec(name, [*own, CONTENT, TARGET])
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
            (root / "ipython" / STARTUP).parent,
        )
        (site / "google" / "colab").mkdir(parents=True)
        (site / "google" / "colab" / "__init__.py").touch()
        (site / "google" / "colab" / "drive.py").write_text(STAND_IN)
        startup.mkdir(parents=True)
        # A folder that is not there when Python first looks is not looked at again.
        target.mkdir()
        folders = {"site": str(site), "target": str(target), "content": str(self.content)}
        (root / "ipython" / STARTUP).write_text(START.format(**folders))
        self.github = "https://github.com"
        self.environment = os.environ | {
            "SIMULATED_DRIVE": str(drive),
            "IPYTHONDIR": str(root / "ipython"),
            "TMPDIR": str(root),
            "PIP_TARGET": str(target),
            # pip takes "0" for --no-build-isolation: what builds zapsim is there, offline.
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_INDEX": "1",
            "PIP_RETRIES": "0",
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

    def stopped_by(self, cell):
        """Run one cell without a kernel; return the last lines of its error."""
        start = (Path(self.environment["IPYTHONDIR"]) / STARTUP).read_text()
        cell = cell.replace("/content/", f"{self.content}/")
        command = [sys.executable, "-c", f"{start}\n{cell}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert done.returncode
        return done.stderr.partition("Error: ")[2]


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
    shutil.copytree(repository, mine / "zapsim", copy_function=os.link)
    return mine


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.setattr(home, "home", lambda: HOME | {"owner": ""})


@pytest.fixture
def at_home(monkeypatch):
    monkeypatch.setattr(home, "home", lambda: HOME)


@pytest.fixture
def github(tmp_path, repository, at_home):
    """A server that has the repository's archive where GitHub has it."""
    archive = tmp_path / "www" / HOME["owner"] / HOME["repository"] / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / f"{HOME['branch']}.zip", "w") as packed:
        for file in repository.rglob("*"):
            packed.write(file, f"zapsim-main/{file.relative_to(repository)}")
    with serving(functools.partial(_Quiet, directory=tmp_path / "www")) as address:
        yield address


@pytest.fixture
def requests(monkeypatch):
    """What was asked of any address on the internet (list of str)."""
    asked = []

    class Proxy(_Quiet):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_CONNECT = do_HEAD = do_POST = do_GET

    with serving(Proxy) as address:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, address)
        yield asked


@contextlib.contextmanager
def serving(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


WHERE = "import zapsim; print(zapsim.__file__)"


def test_the_copy_on_the_drive_is_taken_once_and_the_cell_says_so(tmp_path, drive, unset):
    colab = Colab(tmp_path, drive)
    cell = home.first_cell()
    first, where, second = colab.run(cell, WHERE, cell).cells
    assert f"zapsim {VERSION} from your Drive" in said(first)
    assert f"{drive.name}" not in said(first), "the Drive's name for it"
    assert said(first).count("\n") == 2, "Drive's own line and ours"
    copy = colab.content / f"zapsim-{VERSION}"
    assert said(where).strip() == str(copy / "zapsim" / "__init__.py")
    assert "already mounted" in said(second)
    assert f"zapsim {VERSION} was here already" in said(second)
    assert said(second).count("\n") == 2


def test_nothing_of_the_copy_on_the_drive_is_run_to_build_it(tmp_path, drive, unset, requests):
    """pip would: a build backend of its own, and a hook."""
    mine, ran = drive / "zapsim", tmp_path / "ran"
    text = (mine / "pyproject.toml").read_text(encoding="utf-8")
    (mine / "pyproject.toml").unlink()
    backend = 'build-backend = "hatch_build"\nbackend-path = ["."]'
    text = text.replace('build-backend = "hatchling.build"', backend)
    (mine / "pyproject.toml").write_text(f"{text}\n[tool.hatch.build.hooks.custom]\n")
    for name in ("hatch_build.py", "setup.py", "sitecustomize.py", "conftest.py"):
        (mine / name).write_text(f"open({str(ran)!r}, 'w')")
    first = Colab(tmp_path, drive).run(home.first_cell()).cells[0]
    assert f"zapsim {VERSION} from your Drive" in said(first)
    assert not ran.exists()
    assert requests == []


def as_a_shortcut(folder):
    folder.rename(folder.parent.parent / "somebody else's")
    folder.symlink_to(folder.parent.parent / "somebody else's")


def test_only_what_is_zapsims_own_is_copied(tmp_path, drive, unset, requests):
    """No shortcuts to others' folders, no compiled files, no pictures beside its data."""
    mine, other = drive / "zapsim", tmp_path / "somebody else's"
    other.mkdir()
    (other / "evil.py").write_text("")
    (mine / "zapsim" / "shortcut").symlink_to(other)
    (mine / "zapsim" / "circle").symlink_to(mine)
    (mine / "zapsim" / "io" / "evil.py").symlink_to(other / "evil.py")
    (mine / "data" / "minizap-other").symlink_to(other)
    for folder in (mine / "zapsim" / "__pycache__", mine / "data" / "my pictures"):
        folder.mkdir()
        (folder / "file").write_text("")
    colab = Colab(tmp_path, drive)
    first, _ = colab.run(home.first_cell(), WHERE).cells
    assert f"zapsim {VERSION} from your Drive" in said(first)
    copy = colab.content / f"zapsim-{VERSION}"
    copied = {path.relative_to(copy).as_posix() for path in copy.rglob("*")}
    assert not [path for path in copy.rglob("*") if path.is_symlink()]
    assert not [name for name in copied if re.search("evil|shortcut|circle|other|my pic", name)]
    assert not (copy / "zapsim" / "__pycache__" / "file").exists()
    assert {"data/minizap.zip", "data/minizap-parts/shape", "zapsim/io/disk.py"} < copied


def test_half_an_upload_says_so_and_the_rest_is_enough(tmp_path, drive, unset):
    missing = drive / "zapsim" / "zapsim" / "io" / "disk.py"
    missing.rename(tmp_path / "disk.py")
    upload = f"import os; os.rename({str(tmp_path / 'disk.py')!r}, {str(missing)!r})"
    codes = [home.first_cell(), upload, home.first_cell()]
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    cells[0].metadata["tags"] = ["raises-exception"]
    colab = Colab(tmp_path, drive)
    first, _, second = colab.run(nbformat.v4.new_notebook(cells=cells)).cells
    why = "No module named 'zapsim.io.disk'"
    whole = f"MyDrive/zapsim gave no whole zapsim ({why}). Upload it again."
    assert first.outputs[-1].evalue.endswith(whole)
    assert f"zapsim {VERSION} from your Drive" in said(second)


def test_a_drive_that_does_not_answer_is_named_with_what_to_do(tmp_path, drive, unset):
    # As unreadable as a file for which the Drive gives an error.
    os.mkfifo(drive / "zapsim" / "zapsim" / "pipe.py")
    said = Colab(tmp_path, drive).stopped_by(home.first_cell())
    assert "MyDrive/zapsim could not be copied ([" in said
    assert said.strip().endswith("Run this cell again.")


def replaced(file, old, new):
    def replace(folder):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).unlink()
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    return replace


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: folder.rename(folder.with_name("zapsim notes")),
        lambda folder: folder.rename(folder.with_name("zapsim-main")),
        as_a_shortcut,
        replaced("pyproject.toml", 'name = "zapsim"', 'name = "zapsim-notes"'),
        replaced("zapsim/__init__.py", VERSION, "99.9"),
        lambda folder: (folder / "pyproject.toml").unlink(),
        lambda folder: (folder / "zapsim" / "__init__.py").unlink(),
        lambda folder: (folder / "pyproject.toml").write_bytes(b"\xff\xfe\x00"),
        lambda folder: as_a_shortcut(folder / "zapsim"),
        lambda folder: as_a_shortcut(folder / "data"),
        lambda folder: (folder / "data").rename(folder / "other"),
    ],
    ids=[
        *("notes", "main", "shortcut", "name", "version", "no project", "no package", "no text"),
        *("shortcut within", "shortcut to data", "no data"),
    ],
)
def test_nothing_else_on_the_drive_is_taken(tmp_path, drive, unset, requests, change):
    # Not the shared file behind the link.
    file = drive / "zapsim" / "pyproject.toml"
    text = file.read_bytes()
    file.unlink()
    file.write_bytes(text)
    change(drive / "zapsim")
    ran = tmp_path / "ran"
    for init in drive.glob("*/zapsim/colab.py"):
        init.unlink()
        init.write_text(f"open({str(ran)!r}, 'w')")
    assert f"zapsim {VERSION} is not in your Drive" in Colab(tmp_path, drive).stopped_by(
        home.first_cell()
    )
    assert not ran.exists()
    assert requests == []


@pytest.mark.parametrize("how", ["refused", "timeout", "empty"])
def test_without_a_home_nothing_is_fetched_and_the_cell_says_what_to_do(
    tmp_path, unset, requests, how
):
    if how == "empty":
        (tmp_path / "empty").mkdir()
    colab = Colab(tmp_path, tmp_path / "empty" if how == "empty" else how)
    says = colab.stopped_by(home.first_cell())
    assert "Upload the whole folder that this notebook came with" in says
    assert "to My Drive, as a folder named zapsim" in says
    assert ("credential propagation was unsuccessful" in says) == (how == "refused")
    assert ("timeout during initial read" in says) == (how == "timeout")
    assert requests == []
    assert list((tmp_path / "target").iterdir()) == []


def test_a_request_would_have_been_noticed(tmp_path, at_home, requests):
    colab = Colab(tmp_path, "refused")
    with pytest.raises(CellExecutionError, match="zip gave no .*Above stands why") as error:
        colab.run(home.first_cell())
    assert "Upload" not in str(error.value).rpartition("gave no whole zapsim")[2]
    assert any("github.com" in request for request in requests)


def test_without_a_home_no_notebook_knows_an_address_of_zapsim(unset):
    assert "http" not in home.first_cell()
    assert "pip" not in home.first_cell()
    for source in SOURCES:
        notebook = builder.build(source, SOURCES, solved=False)
        text = "".join(cell.source for cell in notebook.cells)
        assert "colab.research.google.com" not in text
        assert "github.com" not in text


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", "credential propagation was unsuccessful"),
        ("timeout", "timeout during initial read of root folder"),
    ],
)
def test_without_drive_the_home_is_asked_and_the_cell_explains_itself(
    tmp_path, github, how, reason
):
    colab = Colab(tmp_path, how)
    colab.github = github
    first, where = colab.run(home.first_cell(), WHERE).cells
    assert f"zapsim {VERSION} from GitHub (http" in said(first)
    assert "). No Drive (" in said(first)
    assert reason in said(first)
    assert "everything still runs on MiniZap" in said(first)
    assert said(first).count("\n") == 1
    assert said(where).strip() == str(tmp_path / "target" / "zapsim" / "__init__.py")


def test_a_drive_without_zapsim_is_mounted_and_the_home_asked(tmp_path, github):
    (tmp_path / "mine" / "zapsim notes").mkdir(parents=True)
    colab = Colab(tmp_path, tmp_path / "mine")
    colab.github = github
    assert "from GitHub (http" in said(colab.run(home.first_cell()).cells[0])


def test_a_clone_beside_the_notebook_is_not_taken_for_the_package(tmp_path, drive, unset):
    """Python takes any folder called zapsim for a package, if there is no other."""
    colab = Colab(tmp_path, drive)
    (colab.content / "zapsim" / "zapsim").mkdir(parents=True)
    (colab.content / "zapsim" / "zapsim" / "__init__.py").touch()
    first, where = colab.run(home.first_cell(), WHERE).cells
    assert f"zapsim {VERSION} from your Drive" in said(first)
    assert f"zapsim-{VERSION}" in said(where)


@pytest.mark.parametrize("owner", ["", "someone"])
def test_off_colab_the_cell_does_nothing(monkeypatch, owner):
    monkeypatch.setattr(home, "home", lambda: HOME | {"owner": owner})
    assert "google.colab" not in __import__("sys").modules
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(home.first_cell())])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[0].outputs == []


def test_opened_cold_with_drive_it_runs_from_first_to_last_cell(tmp_path, drive, unset, requests):
    notebook = Colab(tmp_path, drive).run(builder.build(SOURCES[0], SOURCES, solved=False))
    assert "from your Drive" in said(notebook.cells[1])
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")
    assert requests == []


def test_opened_cold_without_drive_it_runs_from_first_to_last_cell(tmp_path, github):
    colab = Colab(tmp_path, "refused")
    colab.github = github
    notebook = colab.run(builder.build(SOURCES[0], SOURCES, solved=True))
    assert "No Drive" in said(notebook.cells[1])
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")


def with_the_articles_run(source):
    """Build a notebook whose parameters are those of the article, but for fewer pictures.

    They stand there as comments, or, where they don't, are what a reader would write.
    """
    notebook = builder.build(source, SOURCES, solved=True)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    lines = [line.removeprefix("# ") if " = " in line else line for line in cell.source.split("\n")]
    if not any("zapsim.stage(" in line for line in lines):
        lines += ["import zapsim", f'source = zapsim.stage("/content/drive/{IMAGES}")']
    cell.source = "\n".join(lines).replace("5000", "48")
    # What comes after the store does not ask the Drive.
    places = [place for place, c in enumerate(notebook.cells) if "cache=folder" in c.source]
    notebook.cells = notebook.cells[: places[-1] + 1] if places else notebook.cells
    return notebook


@pytest.mark.keras
def test_the_articles_run_goes_through_01_and_03_on_a_drive(tmp_path, drive, unset):
    """The article's folder: pictures, no metadata. Each notebook on a new machine."""
    with zipfile.ZipFile(MINIZAP) as minizap:
        pictures = [name for name in minizap.namelist() if name.endswith(".jpg")]
        minizap.extractall(drive / "images", pictures)
    images = drive.parent / IMAGES.replace("MyDrive", drive.name)
    images.parent.mkdir(parents=True)
    (drive / "images").rename(images)
    # 03 loads Keras, so it is opened on Colab's own versions only.
    numbers = ("01", "03") if os.environ.get("ZAPSIM_ON_COLAB") else ("01",)
    for number in numbers:
        machine = tmp_path / f"machine {number}"
        machine.mkdir()
        [source] = [source for source in SOURCES if source.stem[:2] == number]
        notebook = Colab(machine, drive).run(with_the_articles_run(source))
        assert "✅ Correct." in shown(notebook)
        assert "615 files in " in shown(notebook)
    if "03" in numbers:
        assert len(zapsim.load_features(drive / "Data" / "zapsim-features")) == 48


def test_results_on_drive_are_few_large_files_that_another_machine_continues(
    tmp_path, drive, unset
):
    lines = [
        home.first_cell(),
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
