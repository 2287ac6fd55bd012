"""The package as a whole: cheap to import, one place for dependencies, docs that run."""

import ast
import doctest
import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.version import Version

import zapsim

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "zapsim").rglob("*.py"))
}


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_what_readers_put_beside_data_and_notebooks_is_not_handed_out(tmp_path):
    data = ["minizap.zip", "minizap-features/a.parquet", "minizap-parts/shape/a.parquet"]
    data += ["vgg16_block4_pool_128_int8.tflite", "vgg16_notop_float16.weights.h5", "README.md"]
    ours = {f"data/{name}" for name in data}
    ours |= {f"notebooks/{name}" for name in ("04_a.ipynb", "solutions/04_a.ipynb", "src/04_a.py")}
    ours |= {"notebooks/glossary.md", "zapsim/__init__.py"}
    theirs = {"data/my pictures/a.jpg", "data/shop.zip", "notebooks/zappos/a.jpg"}
    theirs |= {"notebooks/Untitled.ipynb", "notebooks/me.md", "notebooks/solutions/mine.ipynb"}
    for name in ours | theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def taken(builder):
        files = builder(str(tmp_path)).recurse_included_files()
        return {file.relative_path.replace(os.sep, "/") for file in files}

    assert taken(SdistBuilder) == ours
    assert taken(WheelBuilder) == {name for name in ours if not name.startswith("notebooks/")}


def test_importing_zapsim_loads_nothing_heavy():
    heavy = {"tensorflow", "keras", "pandas", "numpy", "sklearn", "matplotlib", "pyarrow", "PIL"}
    loaded = run("import sys, zapsim; print(*sys.modules)").stdout.split()
    assert not heavy & set(loaded)


def test_comparing_recommending_and_plotting_never_load_tensorflow():
    code = (
        "import sys, zapsim, zapsim.course.lessons.scores\n"
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


@pytest.mark.parametrize("module", FILES)
def test_examples_in_docstrings_give_what_they_show(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert not failed


def imported(path):
    """Yield (module, name) for each name that a file takes from a module of zapsim."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in FILES:
            for alias in node.names:
                if f"{node.module}.{alias.name}" not in FILES:
                    yield node.module, alias.name


def test_modules_list_what_others_take_from_them():
    taken = {(f"zapsim.{home}", name) for name, home in zapsim._HOME.items()}
    taken |= {each for path in FILES.values() for each in imported(path)}
    taken -= {("zapsim", "__version__")}
    unlisted = [
        f"{module}.{name}"
        for module, name in sorted(taken)
        if name not in importlib.import_module(module).__all__
    ]
    assert not unlisted


def test_the_versions_are_in_pyproject_alone():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-e .[keras,lab,test]"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, rest = conda["dependencies"]
    assert (pip, rest) == ("pip", {"pip": ["-r requirements.txt"]})
    assert is_supported(python.removeprefix("python="))


def is_supported(python):
    return Version(python) in Requirement(f"x{PROJECT['requires-python']}").specifier


def test_binder_and_codespaces_install_what_pyproject_says():
    binder = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in binder if not line.startswith("#")] == ["-e ."]
    name, python = (ROOT / ".binder" / "runtime.txt").read_text(encoding="utf-8").split("-")
    assert name == "python"
    assert is_supported(python.strip())
    space = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert is_supported(space["image"].rpartition(":")[2])
    assert "pip install -r requirements.txt && python -m zapsim" in space["postCreateCommand"]
    (opened,) = space["customizations"]["codespaces"]["openFiles"]
    assert (ROOT / opened).is_file()


def test_no_dependency_moves_a_package_on_colab():
    lines = (ROOT / "tests" / "colab-constraints.txt").read_text(encoding="utf-8").splitlines()
    colab = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for dependency in map(Requirement, PROJECT["dependencies"]):
        # LiteRT comes new. scikit-learn cannot do without the other, in the same versions.
        if dependency.name in ("ai-edge-litert", "threadpoolctl"):
            continue
        assert dependency.name in colab, f"{dependency.name} is not on Colab"
        assert Version(colab[dependency.name]) in dependency.specifier
