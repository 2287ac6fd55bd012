"""The notebooks and their builder; that they run is what `pytest --nbval` shows beside this."""

import json
import re

import nbformat
import pytest

from tools import build_notebooks as builder

SOURCES = sorted((builder.NOTEBOOKS / "src").glob("*.py"))
COPIES = [(source, solved) for source in SOURCES for solved in (False, True)]
IDS = [f"{source.stem}{'-solved' if solved else ''}" for source, solved in COPIES]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_rebuild_would_change_no_cells_source(source):
    assert builder.check(source, SOURCES) == []


def test_every_stored_notebook_has_a_source():
    assert SOURCES
    assert builder.orphans(SOURCES) == []


@pytest.mark.parametrize(("source", "solved"), COPIES, ids=IDS)
def test_stored_notebooks_show_no_error_and_carry_no_widget_state(source, solved):
    path = builder.target(source, solved)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
    assert "widgets" not in notebook.metadata
    assert len(json.dumps(notebook)) < 4_000_000, "too large for a quick look on GitHub"


@pytest.mark.parametrize(("source", "solved"), COPIES, ids=IDS)
def test_exercises_are_open_in_the_students_copy_and_correct_in_the_solved_one(source, solved):
    notebook = nbformat.read(builder.target(source, solved), 4)
    said = "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stdout"
    )
    exercises = [c for c in notebook.cells if "exercise" in c.metadata.get("tags", [])]
    assert exercises, "a notebook without an exercise"
    assert said.count("✅ Correct." if solved else "📝 Not solved yet.") == len(exercises)
    assert "❌" not in said
    for cell in exercises:
        assert ("= ..." in cell.source) is not solved


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_goals_at_the_top_are_ticked_off_at_the_bottom(source):
    text = source.read_text(encoding="utf-8").replace("\n#   ", " ")
    top = re.search(r"# \*\*By the end you can\*\*\n#\n((?:# - .*\n)+)", text)[1]
    bottom = re.search(r"# ## You can now\n#\n((?:# - ✅ .*\n)+)", text)[1]
    assert bottom.replace("✅ ", "") == top
    assert 3 <= top.count("\n") <= 5


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_cells_are_short_and_one_holds_the_parameters(source):
    cells = [cell for cell in builder.jupytext.read(source).cells if cell.cell_type == "code"]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in cells) == 1
    for cell in cells:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 14, f"belongs in zapsim/:\n{cell.source}"


def test_the_builder_makes_two_copies_of_an_exercise():
    cell = "# stub: my_score = ...\nmy_score = a @ b\nmy_score /= 2"
    assert builder.exercise(cell, solved=False) == (
        "# Your turn: replace the dots.\nmy_score = ..."
    )
    assert builder.exercise(cell, solved=True) == "my_score = a @ b\nmy_score /= 2"


def test_badges_and_first_cells_are_stamped_from_one_place():
    home = builder.home()
    place = f"{home['owner']}/{home['repository']}"
    for source, solved in COPIES:
        notebook = builder.build(source, SOURCES, solved)
        path = builder.target(source, solved).relative_to(builder.ROOT).as_posix()
        assert f"/github/{place}/blob/{home['branch']}/{path})" in notebook.cells[0].source
        assert f"github.com/{place}/" in notebook.cells[1].source


def test_what_colab_leaves_in_a_notebook_is_noticed_and_gone_after_a_rebuild(tmp_path, monkeypatch):
    source = SOURCES[0]
    colab = nbformat.read(builder.target(source, solved=False), 4)
    # As Colab saves it: widgets without their state, its own kinds of output and cell metadata.
    colab.metadata |= {
        "colab": {"provenance": []},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"6f1c": {"model_name": "X"}}},
        "accelerator": "GPU",
    }
    code = [cell for cell in colab.cells if cell.cell_type == "code"]
    for cell in code:
        cell.metadata |= {"id": "x", "outputId": "y", "colab": {"height": 35}, "execution": {}}
    table = next(o for cell in code for o in cell.outputs if "text/html" in o.get("data", {}))
    intrinsic = "application/vnd.google.colaboratory.intrinsic+json"
    table.data[intrinsic] = {"type": "dataframe"}
    stored, home = tmp_path / "notebook.ipynb", builder.home()
    monkeypatch.setattr(builder, "target", lambda source, solved: stored)
    monkeypatch.setattr(builder, "home", lambda: home)
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "navigation", lambda *_: colab.cells[0].source.split("\n")[2])
    nbformat.write(colab, stored)
    problems = "\n".join(builder.check(source, SOURCES))
    assert "foreign metadata" in problems
    assert "Colab-only outputs" in problems

    rebuilt = builder.build(source, SOURCES, solved=False)
    builder.keep_outputs(rebuilt, colab)
    builder.strip(rebuilt)
    nbformat.write(rebuilt, stored)
    # The solved copy's cells differ, of course.
    problems = [p for p in builder.check(source, SOURCES) if "is not what" not in p]
    assert problems == []
    text = stored.read_text(encoding="utf-8")
    for foreign in (
        "widget-state",
        "colaboratory.intrinsic",
        "provenance",
        "outputId",
        'execution_"',
    ):
        assert foreign not in text
    assert any(
        "text/html" in o.get("data", {}) for c in rebuilt.cells for o in c.get("outputs", [])
    )


def test_the_check_names_what_is_wrong(tmp_path, monkeypatch):
    source = SOURCES[0]
    stored = tmp_path / "notebook.ipynb"
    monkeypatch.setattr(builder, "target", lambda source, solved: stored)
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(
        builder, "home", lambda: dict.fromkeys(("owner", "repository", "branch"), "x")
    )
    assert "is missing: run `make notebooks`" in builder.check(source, SOURCES)[0]
    notebook = builder.build(source, SOURCES, solved=False)
    notebook.cells[2].source += "  # edited in place"
    notebook.metadata["widgets"] = {}
    nbformat.write(notebook, stored)
    problems = "\n".join(builder.check(source, SOURCES))
    for problem in ("is not what", "was not run from top to bottom", "foreign metadata"):
        assert problem in problems
