"""hidden.py and start.py: a file that hides another is named, and does not run."""

import re
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import packages_distributions, requires

import pytest

from tests.ready.test_report import ROOT, run, started
from zapsim.ready import hidden

RUNS = "print('it ran')\n"


@pytest.mark.parametrize("name", ["random.py", "numpy.py", "csv.py", "argparse.py", "pandas"])
def test_a_file_that_hides_another_is_named_and_does_not_run(tmp_path, name):
    path = tmp_path / name
    if path.suffix:
        path.write_text(RUNS)
    else:
        path.mkdir()
        (path / "__init__.py").write_text(RUNS)
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    first, last = done.stdout.splitlines()
    assert first.startswith(f"WRONG  files     {path} hides {path.stem}, ")
    assert "rename it" in first
    assert last == "Not ready: see files."


@pytest.mark.parametrize("name", ["random.pyc", f"json{EXTENSION_SUFFIXES[0]}", "pandas"])
def test_compiled_files_hide_others_too(tmp_path, name):
    path = tmp_path / name
    if path.suffix:
        path.touch()
    else:
        path.mkdir()
        (path / "__init__.pyc").touch()
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{path} hides {name.partition('.')[0]}, " in done.stdout


def test_in_a_notebook_a_file_beside_it_is_named(tmp_path):
    (tmp_path / "numpy.py").write_text(RUNS)
    # A notebook's folder stands behind Python's own, and hides packages only.
    (tmp_path / "random.py").write_text(RUNS)
    code = (
        "import sys, os, zapsim\n"
        "own = sys.path.index(os.path.dirname(os.__file__))\n"
        "sys.path[0:1], sys.path[own:own] = [], ['']\n"
        "zapsim.preflight()"
    )
    done = started([sys.executable, "-c", code], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (first, _) = done.stdout.splitlines()
    assert f"{tmp_path / 'numpy.py'} hides numpy" in first


def test_files_with_names_of_their_own_are_no_trouble(tmp_path, monkeypatch):
    for name in ("shoes.py", "random.txt", "random.py.txt", "numpy", "sys.py", "json.old.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert hidden.hidden() == []
    (tmp_path / "tqdm.py").touch()
    assert len(hidden.hidden()) == 1


def test_every_package_that_zapsim_asks_for_is_looked_for():
    wanted = {
        re.match(r"[\w-]+", line)[0].lower() for line in requires("zapsim") if "extra" not in line
    }
    imported = {
        name
        for name, distributions in packages_distributions().items()
        for each in distributions
        if each.lower() in wanted and not name.startswith("_") and name.isidentifier()
    }
    # Beside what it is called by, a package may bring another.
    assert len(wanted) > 10
    assert imported - hidden._PACKAGES <= {"mpl_toolkits", "pylab", "ai_edge_litert", "isympy"}


def test_a_folder_that_was_deleted_is_a_line(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys\n"
        "os.rmdir(os.getcwd())\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'zapsim'])"
    )
    done = started([sys.executable, "-c", code], gone)
    assert (done.returncode, done.stderr) == (1, "")
    assert "the current folder was deleted" in done.stdout


def test_whoever_reads_only_the_first_line_sees_no_traceback():
    done = subprocess.Popen(
        [sys.executable, "-m", "zapsim"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.readline().split()[1] == "Python"
    done.stdout.close()
    assert done.stderr.read() == ""
    assert done.wait(timeout=60) == 1
