"""environment.py: Python and packages, as they are and with stand-ins that are not."""

import ast
import platform
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import zapsim
from zapsim.ready import environment
from zapsim.ready.finding import FINE, NOTE, WRONG

FITTING = {"numpy": "2.1.3", "pandas": "2.2.3", "ai-edge-litert": "2.3.0"}
EXTRAS = {"keras": "3.13.2", "tensorflow": "2.20.0", "jupyterlab": "4.4.9", "voila": "0.5.8"}
EXTRAS |= {"ray": "2.50.0", "lancedb": "0.40"}
LINES = [
    "numpy<3,>=2.0",
    "pandas<4,>=2.2",
    "ai-edge-litert>=2.1",
    "keras<4,>=3.8; (python_version < '3.14') and extra == 'keras'",
    "tensorflow<3,>=2.18; (python_version < '3.14') and extra == 'keras'",
    "jupyterlab<5,>=4.2; extra == 'lab'",
    "voila>=0.5.8; extra == 'lab'",
    "lancedb>=0.40; extra == 'scale'",
    "ray[data]<2.64,>=2.50; extra == 'scale'",
]


@pytest.fixture
def having(monkeypatch):
    """Return ``having(name=version)``: what is installed, instead of what fits; None removes."""

    def have(**changes):
        there = FITTING | EXTRAS | {n.replace("_", "-"): v for n, v in changes.items()}

        def version(name):
            if there.get(name) is None:
                raise PackageNotFoundError(name)
            return there[name]

        monkeypatch.setattr(environment, "version", version)
        monkeypatch.setattr(environment, "requires", lambda name: LINES)

    return have


def test_this_python_is_fine():
    found = environment.python()
    assert found.state == FINE
    assert platform.python_version() in found.says


@pytest.mark.parametrize(
    ("version", "state", "says"),
    [
        ((3, 9, 18), WRONG, "too old: install Python 3.12"),
        ((3, 10, 9), WRONG, "py -3.12 -m venv .venv"),
        ((3, 11, 0), FINE, ""),
        ((3, 14, 2), FINE, ""),
        ((3, 15, 0), NOTE, "newer than what zapsim was tried with"),
    ],
)
def test_pythons_are_judged_by_their_version(monkeypatch, version, state, says):
    monkeypatch.setattr(sys, "version_info", version)
    found = environment.python()
    assert found.state == state
    assert says in found.says


def test_a_python_for_32_bits_is_named(monkeypatch):
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert environment.python().state == WRONG
    assert "64 bits" in environment.python().says


def test_an_old_python_can_read_what_tells_it_so():
    """Else it would end in a SyntaxError."""
    for path in [
        Path(zapsim.__file__),
        *Path(zapsim.__file__).parent.glob("ready/*.py"),
        Path(zapsim.__file__).with_name("__main__.py"),
    ]:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_what_is_installed_here_fits():
    assert environment.packages().state == FINE


def test_what_fits_is_counted(having):
    having()
    found = environment.packages()
    assert (found.state, found.says) == (FINE, "all 3 that zapsim needs, in versions that fit")


def test_what_is_missing_or_too_old_comes_with_the_line_that_mends_it(having):
    having(numpy="1.26.4", pandas=None)
    found = environment.packages()
    assert found.state == WRONG
    assert "numpy 1.26.4 is too old, pandas is missing. Run: " in found.says
    assert found.says.endswith('-m pip install "numpy<3,>=2.0" "pandas<4,>=2.2"')
    assert sys.executable in found.says


def test_what_is_newer_than_tried_is_a_note(having):
    having(pandas="4.0.0")
    found = environment.packages()
    assert found.state == NOTE
    assert "pandas 4.0.0 (tried: <4,>=2.2)" in found.says


def test_a_release_candidate_that_fits_is_fine(having):
    having(pandas="3.1.0rc1")
    assert environment.packages().state == FINE


def test_tensorflow_has_a_litert_too(having):
    having(ai_edge_litert=None)
    assert environment.packages().state == FINE
    having(ai_edge_litert=None, tensorflow=None)
    assert "ai-edge-litert is missing" in environment.packages().says


def test_where_zapsim_is_not_installed_nothing_is_claimed(monkeypatch):
    def requires(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(environment, "requires", requires)
    found = environment.packages()
    assert found.state == NOTE
    assert f"zapsim is not installed in {sys.prefix}" in found.says
    assert environment.extras().says == "not compared, for zapsim was copied, not installed"
    monkeypatch.setitem(sys.modules, "google.colab", None)
    assert environment.packages().state == FINE


def test_all_extras_are_fine(having):
    having()
    assert environment.extras().state == FINE


def test_missing_extras_say_what_they_are_for(having):
    having(tensorflow=None, keras=None, ray=None)
    found = environment.extras()
    assert found.state == NOTE
    assert "without keras and tensorflow (notebooks 02, 03, 08 and 12, " in found.says
    assert found.says.endswith('-m pip install "zapsim[keras,scale]"')
    assert "; ray (a part of notebook 11). To have more: " in found.says
    assert "JupyterLab" not in found.says


def test_for_python_3_14_there_is_no_tensorflow(having, monkeypatch):
    having(keras=None, tensorflow=None)
    # As if this Python were one that the marker leaves out.
    lines = [line.replace("3.14", "3.11") for line in LINES]
    monkeypatch.setattr(environment, "requires", lambda name: lines)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    found = environment.extras()
    assert found.state == NOTE
    assert "it has no release for this Python (notebooks 02, 03, 08 and 12" in found.says
    assert "Python 3.11, 3.12 or 3.13" in found.says
    assert "pip install" not in found.says


def test_colab_needs_no_jupyterlab(having, monkeypatch):
    having(jupyterlab=None, voila=None)
    assert "without jupyterlab and voila (" in environment.extras().says
    monkeypatch.setitem(sys.modules, "google.colab", None)
    assert environment.extras().state == FINE


def test_the_notebooks_that_need_keras_are_those_it_names():
    """A source that imports Keras, and no other, is on the list."""
    sources = Path(zapsim.__file__).parents[1] / "notebooks" / "src"
    need = [
        path.name[:2]
        for path in sorted(sources.glob("*.py"))
        if "\nimport keras" in (text := path.read_text(encoding="utf-8")) or "\nfrom keras" in text
    ]
    assert environment._EXTRAS["keras"].startswith(
        f"notebooks {', '.join(need[:-1])} and {need[-1]},"
    )
