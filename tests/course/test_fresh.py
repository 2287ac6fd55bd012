"""fresh.py: a new copy of a notebook beside the old one, from what ships with zapsim."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import build_notebooks
from zapsim.course import keep_progress, question, record, reset
from zapsim.course.fresh import NOTEBOOKS
from zapsim.io.disk import TransferError

ROOT = Path(__file__).resolve().parents[2]
NAME = "04_measure_similarity"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return a notebook in the current folder, changed by its reader."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text("mine", encoding="utf-8")
    return path


@pytest.mark.parametrize("number", ["04", "4", 4])
def test_a_copy_lies_beside_the_old_one(mine, capsys, number):
    assert reset(number) is None
    copy = mine.with_name(f"{NAME} (fresh).ipynb")
    assert copy.read_bytes() == (NOTEBOOKS / f"{NAME}.ipynb").read_bytes()
    assert mine.read_text(encoding="utf-8") == "mine"
    assert copy.name in capsys.readouterr().out


def test_nothing_is_overwritten(mine):
    for _ in range(3):
        reset("04")
    (mine.parent / f"{NAME} (fresh 2).ipynb").write_text("also mine", encoding="utf-8")
    reset("04")
    names = sorted(path.name for path in mine.parent.iterdir())
    marks = ("", " (fresh 2)", " (fresh 3)", " (fresh 4)", " (fresh)")
    assert names == sorted(f"{NAME}{mark}.ipynb" for mark in marks)
    kept = mine.parent / f"{NAME} (fresh 2).ipynb"
    assert kept.read_text(encoding="utf-8") == "also mine"


def test_the_folder_of_notebooks_is_found_from_above(mine, tmp_path):
    below = tmp_path / "notebooks"
    below.mkdir()
    mine.rename(below / mine.name)
    reset("04")
    assert (below / f"{NAME} (fresh).ipynb").exists()


def test_a_folder_may_be_named(mine, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    reset("04", to=other)
    assert [path.name for path in other.iterdir()] == [f"{NAME} (fresh).ipynb"]


def test_without_a_notebook_it_goes_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reset("00")
    assert (tmp_path / "00_the_whole_story (fresh).ipynb").exists()


def test_an_unknown_number_is_answered_by_those_there_are(mine):
    with pytest.raises(KeyError, match=r"No notebook '99'. There are: 00, 01, .*, 12"):
        reset("99")


def test_a_folder_that_is_not_there_is_named(mine, tmp_path):
    with pytest.raises(TransferError, match=r"Could not write .*nowhere"):
        reset("04", to=tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder_is_named(mine):
    with pytest.raises(TransferError, match=rf"Could not write .*no folder.*{NAME}"):
        reset("04", to=mine)
    assert mine.read_text(encoding="utf-8") == "mine"


def test_only_a_copy_that_is_there_makes_it_look_for_another_name(mine, monkeypatch):
    def refuse(path):
        raise FileExistsError(17, "File exists", str(path.parent))

    monkeypatch.setattr("zapsim.course.fresh.whole", refuse)
    with pytest.raises(TransferError, match=r"Could not write .*File exists"):
        reset("04")


def test_a_read_only_folder_is_named(mine, monkeypatch):
    """As the system refuses; root, who runs the tests in CI, may write anywhere."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(TransferError, match=r"Permission denied.*choose a folder where you may"):
        reset("04")


@pytest.mark.skipif(os.name == "nt", reason="no such limit there")
def test_on_a_full_disk_there_is_no_half_a_notebook(mine):
    """A limit on files' sizes fails as a full disk does: in the middle of the notebook."""
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
        "from zapsim.course import reset; reset('04')"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", limited],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "TransferError: Could not write" in done.stderr
    assert [path.name for path in mine.parent.iterdir()] == [mine.name]


def test_a_folder_is_found_from_home_and_what_is_none_is_said(mine, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    reset("04", "~")
    assert [path.name for path in home.iterdir()] == [f"{NAME} (fresh).ipynb"]
    for wrong in (5, b"a"):
        with pytest.raises(TypeError, match=r"to must be the path of a .*folder.* Received: "):
            reset("04", wrong)


def test_progress_is_kept(mine, monkeypatch):
    monkeypatch.setattr(record, "_solved", set())
    monkeypatch.setattr(record, "FILE", mine.with_name(record.FILE.name))
    keep_progress()
    question("04-a", "a")
    before = Path("zapsim-progress.json").read_text(encoding="utf-8")
    reset("04")
    assert Path("zapsim-progress.json").read_text(encoding="utf-8") == before
    assert "solved" in json.loads(before)


def test_every_notebook_of_the_course_has_a_copy_without_outputs():
    names = {path.stem for path in (ROOT / "notebooks" / "src").glob("*.py")}
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == names
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook, shown = (
            nbformat.read(each, 4) for each in (path, ROOT / "notebooks" / path.name)
        )
        assert [cell.source for cell in notebook.cells] == [cell.source for cell in shown.cells]
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_a_copy_that_differs_from_its_source_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(build_notebooks, "FRESH", ROOT / "nowhere")
    sources = sorted((ROOT / "notebooks" / "src").glob("*.py"))
    (problem,) = build_notebooks.check(sources[4], sources)
    assert problem.startswith(f"nowhere/{NAME}.ipynb is not what {NAME}.py gives")
