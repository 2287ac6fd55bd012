"""The package as a whole: cheap to import, one place for dependencies, docs that run."""

import doctest
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import zapsim

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted(path.stem for path in (ROOT / "zapsim").glob("[a-z]*.py"))


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_importing_zapsim_loads_nothing_heavy():
    heavy = {"tensorflow", "keras", "pandas", "numpy", "sklearn", "matplotlib", "pyarrow", "PIL"}
    loaded = run("import sys, zapsim; print(*sys.modules)").stdout.split()
    assert not heavy & set(loaded)


def test_comparing_recommending_and_plotting_never_load_tensorflow():
    code = (
        "import sys, zapsim, zapsim.course.lessons\n"
        "catalogue, features = zapsim.load_catalogue(), zapsim.load_features()\n"
        "zapsim.top_k(features.iloc[:50], 5)\n"
        "predictor = zapsim.SimilarityPredictor(catalogue, features)\n"
        "predictor.plot(catalogue.keys[0]), predictor.html(catalogue.keys[0])\n"
        "zapsim.VGG16Extractor().extract(catalogue, cache='bundled')\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    run(code)


def test_every_public_name_is_there_and_listed():
    for name in zapsim.__all__:
        assert getattr(zapsim, name).__doc__, f"{name} has no docstring"
    assert set(zapsim.__all__) <= set(dir(zapsim))
    with pytest.raises(AttributeError, match="no attribute 'similarity_matrx'"):
        _ = zapsim.similarity_matrx


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_give_what_they_show(module):
    if module == "__init__":
        return
    failed, _ = doctest.testmod(importlib.import_module(f"zapsim.{module}"))
    assert not failed


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_exports_exists(module):
    loaded = importlib.import_module(f"zapsim.{module}")
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_the_versions_are_in_pyproject_alone():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-e .[lab,test]"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, rest = conda["dependencies"]
    assert (pip, rest) == ("pip", {"pip": ["-r requirements.txt"]})
    assert (
        Version(python.removeprefix("python="))
        in Requirement(f"x{PROJECT['requires-python']}").specifier
    )


def test_no_dependency_moves_a_package_on_colab():
    lines = (ROOT / "tests" / "colab-constraints.txt").read_text(encoding="utf-8").splitlines()
    colab = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for dependency in map(Requirement, PROJECT["dependencies"]):
        # Not on that list, but scikit-learn cannot do without, in the same versions.
        if dependency.name == "threadpoolctl":
            continue
        assert dependency.name in colab, f"{dependency.name} is not on Colab"
        assert Version(colab[dependency.name]) in dependency.specifier
