"""front_end.py: which JupyterLab shows this kernel's widgets, told by stand-ins for each."""

import json
import os
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from zapsim.ready import front_end
from zapsim.ready.finding import FINE, NOTE, WRONG


@pytest.fixture
def lab(tmp_path):
    """Return ``lab(name, extension)``: an environment with JupyterLab and a widgets' extension."""

    def make(name, extension):
        place = tmp_path / name
        script = place / "bin" / "jupyter-lab"
        script.parent.mkdir(parents=True)
        script.touch(0o755)
        if extension:
            file = place / front_end._MANAGER
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps({"version": extension}))
        return script

    return make


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Return ``here(ipywidgets, server, own, first)``: what this process finds around it.

    `server` is the command line of the one that started the kernel, `own` the JupyterLab of this
    environment, `first` the one that a terminal finds.
    """

    def have(ipywidgets="8.1.7", server=None, own=None, first=None):
        parents = [SimpleNamespace(cmdline=lambda: ["bash"], cwd=lambda: "/")]
        if server:
            parents.append(SimpleNamespace(cmdline=lambda: server, cwd=lambda: "/"))
        monkeypatch.setattr(psutil.Process, "parents", lambda self: parents)
        monkeypatch.setattr(front_end, "version", lambda name: ipywidgets)
        monkeypatch.setattr(
            front_end.shutil,
            "which",
            lambda name, path=None: str((own if path else first) or "") or None,
        )
        for name in ("VSCODE_PID", "TERM_PROGRAM"):
            monkeypatch.delenv(name, raising=False)

    return have


def test_a_server_that_fits_is_fine(here, lab):
    script = lab("env", "5.0.15")
    here("8.1.7", server=["/usr/bin/python3", str(script), "notebooks"])
    found = front_end.widgets()
    assert found.state == FINE
    assert str(script.parents[1]) in found.says


def test_a_server_started_as_a_module_is_found(here, lab):
    python = lab("env", "5.0.15").with_name("python")
    # As venv makes it, which leads out of the environment.
    python.symlink_to(sys.executable)
    here("8.1.7", server=[str(python), "-m", "jupyterlab"])
    assert front_end.widgets().state == FINE


def test_a_server_of_another_generation_is_wrong(here, lab):
    script = lab("old", "3.1.11")
    here("8.1.7", server=["python", str(script)])
    found = front_end.widgets()
    assert found.state == WRONG
    assert "ipywidgets 8.1.7 here" in found.says
    assert '-m pip install "ipywidgets>=7,<8"' in found.says


def test_the_older_generation_fits_its_own(here, lab):
    here("7.7.1", server=["python", str(lab("old", "3.1.11"))])
    assert front_end.widgets().state == FINE


@pytest.mark.parametrize(
    ("ipywidgets", "needed"),
    [("8.1.7", "jupyterlab_widgets>=3,<4"), ("7.7.1", "jupyterlab_widgets>=1.1,<2")],
)
def test_a_server_without_the_extension_is_wrong(here, lab, ipywidgets, needed):
    here(ipywidgets, server=["python", str(lab("env", None))])
    found = front_end.widgets()
    assert found.state == WRONG
    assert f'-m pip install "{needed}"' in found.says


def test_a_damaged_extension_counts_as_none(here, lab):
    script = lab("env", "5.0.15")
    (script.parents[1] / front_end._MANAGER).write_text("[")
    here(server=["python", str(script)])
    assert "cannot show widgets" in front_end.widgets().says


def test_in_a_terminal_the_own_one_is_judged_and_nothing_is_wrong(here, lab):
    script = lab("env", "5.0.15")
    here(own=script, first=script)
    assert front_end.widgets().state == FINE
    here(own=script)
    assert front_end.widgets().state == FINE
    here(own=lab("old", "3.1.11"))
    assert front_end.widgets().state == NOTE


def test_a_terminal_that_finds_another_one_is_warned(here, lab):
    other = lab("other", "3.1.11")
    here(own=lab("env", "5.0.15"), first=other)
    found = front_end.widgets()
    assert found.state == NOTE
    assert f"starts another one, {other}: activate the environment {sys.prefix}" in found.says


def test_only_another_environments_is_a_note(here, lab):
    here(first=lab("other", "5.0.15"))
    found = front_end.widgets()
    assert found.state == NOTE
    assert '-m pip install "ipykernel"' in found.says


def test_none_at_all_is_a_note(here):
    here()
    found = front_end.widgets()
    assert found.state == NOTE
    assert 'pip install "zapsim[lab]"' in found.says


def test_a_process_that_cannot_be_looked_at_is_passed_over(here, lab, monkeypatch):
    script = lab("env", "5.0.15")
    here(own=script, first=script)

    def refuse():
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(
        psutil.Process, "parents", lambda self: [SimpleNamespace(cmdline=refuse, cwd=refuse)]
    )
    assert front_end.widgets().state == FINE


def test_vs_code_brings_its_own(here, monkeypatch):
    here("7.7.1")
    monkeypatch.setenv("VSCODE_PID", "1")
    found = front_end.widgets()
    assert found.state == FINE
    assert "VS Code" in found.says


@pytest.mark.parametrize(("ipywidgets", "state"), [("7.7.1", FINE), ("8.1.7", WRONG)])
def test_colab_shows_those_of_7(here, monkeypatch, ipywidgets, state):
    here(ipywidgets)
    monkeypatch.setitem(sys.modules, "google.colab", None)
    found = front_end.widgets()
    assert found.state == state
    assert "Colab shows" in found.says


def test_drive_is_mounted_or_not(tmp_path, monkeypatch):
    monkeypatch.setattr(front_end, "_DRIVE", tmp_path)
    assert front_end.drive().state == FINE
    monkeypatch.setattr(front_end, "_DRIVE", tmp_path / "none")
    found = front_end.drive()
    assert found.state == NOTE
    assert "first cell" in found.says


def test_the_extension_installed_here_is_known():
    """By the versions that ipywidgets itself asks for."""
    place = Path(sys.prefix)
    if not (place / front_end._MANAGER).exists():
        pytest.fail("ipywidgets brings the extension, and it is not here")
    from importlib.metadata import version

    assert front_end._generation(place) == version("ipywidgets").partition(".")[0]


def test_what_pip_installs_for_one_user_is_this_pythons_own(monkeypatch):
    monkeypatch.setattr(front_end.site, "ENABLE_USER_SITE", False)
    before = front_end._scripts()
    assert Path(sys.prefix) in Path(before).parents
    monkeypatch.setattr(front_end.site, "ENABLE_USER_SITE", True)
    first, second = front_end._scripts().split(os.pathsep)
    assert first == before
    assert second.startswith(sysconfig.get_config_var("userbase"))
