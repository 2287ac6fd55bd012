"""report.py: a line for everything, whatever is missing; the exit code; no traceback, no wait."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import zapsim
from zapsim.ready import environment, report, start
from zapsim.ready.finding import FINE, NOTE, WRONG, Finding

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "Python",
    "packages",
    "extras",
    "memory",
    "disk",
    "weights",
    "LiteRT",
    "speed",
    "widgets",
]


def run(python=sys.executable, *arguments, cwd=ROOT, **variables):
    """Run the check as a terminal does."""
    return started([python, "-m", "zapsim", *arguments], cwd, **variables)


def started(command, cwd=ROOT, **variables):
    """Run a command that finds this zapsim."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def only(monkeypatch):
    """Return ``only(check)``: makes it the only one."""
    return lambda check: monkeypatch.setattr(report, "_CHECKS", {"it": check})


@pytest.mark.litert
def test_a_terminal_gets_a_line_for_each_part_in_a_few_seconds(tmp_path):
    before = os.times()
    done = run(cwd=tmp_path)
    # On all cores together, so that a busy machine is no failure.
    after = os.times()
    assert after.children_user + after.children_system < 10 + sum(before[2:4])
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, last = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == NAMES
    assert {line.split()[0] for line in lines} <= {FINE, NOTE}
    assert (last, done.stderr) == ("Ready.", "")
    assert list(tmp_path.iterdir()) == []


def test_a_cell_gets_the_same_lines_and_loads_no_tensorflow():
    code = (
        "import sys, zapsim\n"
        "assert zapsim.preflight() is None\n"
        "assert not {'tensorflow', 'keras', 'jupyterlab'} & set(sys.modules)"
    )
    done = started([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1]] == NAMES


def test_where_nothing_is_installed_every_line_says_what_to_do(tmp_path):
    """As after a forgotten activation: a real environment, without any package."""
    venv.create(tmp_path / "bare", with_pip=False)
    scripts = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin")
    done = run(str(scripts / "python"))
    assert (done.returncode, done.stderr) == (1, "")
    *lines, last = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == NAMES
    assert "zapsim is not installed in" in lines[1]
    assert "numpy is missing: install it, or activate the environment" in lines[6]
    assert last.startswith("Not ready: see memory, ")


def test_a_package_that_cannot_be_imported_is_a_line(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('damaged\\na page of it')\n")
    done = run(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert (done.returncode, done.stderr) == (1, "")
    assert "WRONG  LiteRT    failed (ImportError: damaged)" in done.stdout


def test_help_says_what_it_does():
    done = run(sys.executable, "--help")
    assert done.returncode == 0
    assert "exit code is 1 if a line is marked WRONG" in done.stdout
    assert "zapsim.preflight()" in done.stdout


def test_what_it_does_not_know_is_refused():
    assert run(sys.executable, "--fast").returncode == 2


def test_a_terminal_without_all_letters_is_served(tmp_path):
    folder = tmp_path / "Schuhe ★"
    folder.mkdir()
    done = run(cwd=folder, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert "Schuhe \\u2605" in done.stdout


@pytest.mark.parametrize(("state", "code"), [(FINE, 0), (NOTE, 0), (WRONG, 1)])
def test_only_what_is_wrong_counts(only, capsys, state, code):
    only(lambda: Finding(state, "so it is"))
    assert report.main([]) == code
    line, last = capsys.readouterr().out.splitlines()
    assert line.split() == [state, "it", "so", "it", "is"]
    assert last == (
        "Not ready: see it. What comes first may explain what comes later." * code or "Ready."
    )


def test_whatever_happens_is_a_line(only):
    def fail():
        raise MemoryError("no room\nfor this")

    only(fail)
    assert list(report.findings()) == [("it", Finding(WRONG, "failed (MemoryError: no room)"))]


def test_windows_missing_library_is_named(only):
    def fail():
        raise ImportError("DLL load failed while importing _pywrap: not found")

    only(fail)
    ((_, found),) = report.findings()
    assert "Install Microsoft's Visual C++ Redistributable (x64)" in found.says


def test_a_python_that_is_too_old_is_asked_nothing_else(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    ((name, found),) = report.findings()
    assert (name, found.state) == ("Python", WRONG)


def test_drive_is_looked_at_in_colab_alone(monkeypatch):
    monkeypatch.setattr(report, "_CHECKS", {})
    assert [name for name, _ in report.findings()] == []
    monkeypatch.setattr(environment, "is_colab", lambda: True)
    assert [name for name, _ in report.findings()] == ["Drive"]


def test_it_is_a_public_name():
    assert zapsim.preflight is start.preflight
