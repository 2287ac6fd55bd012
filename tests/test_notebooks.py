"""The notebooks and their builder; that they run is what `pytest --nbval` shows beside this."""

import base64
import io
import json
import re
from itertools import pairwise

import nbformat
import numpy as np
import pytest
from PIL import Image

from tools import build_notebooks as builder
from tools.notebook_pictures import JPEG, PNG, describe, in_words, pictures, shrink
from tools.notebook_report import as_text, beyond, is_tagged, measure
from zapsim.course.practice import find_exercise, practice_of

SOURCES = sorted((builder.NOTEBOOKS / "src").glob("*.py"))
COPIES = [(source, solved) for source in SOURCES for solved in (False, True)]
IDS = [f"{source.stem}{'-solved' if solved else ''}" for source, solved in COPIES]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_rebuild_would_change_no_cells_source(source):
    assert builder.check(source, SOURCES) == []


def test_a_name_without_a_notebook_is_refused(capsys):
    with pytest.raises(SystemExit):
        builder.main(["--check", "4", "04"])
    assert "no such notebook: 4. Name it by two digits" in capsys.readouterr().err


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
            # Who builds a notebook has all that it shows, such as Ray.
            assert "This cell needs" not in str(output.get("text")), cell.source
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
    exercises = [cell for cell in notebook.cells if is_tagged(cell, "exercise")]
    told = "✅ (Correct|Found)" if solved else "📝 Not solved yet"
    assert len(re.findall(told, said)) == len(exercises)
    assert "❌" not in said


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_answer_stands_in_the_students_copy(source):
    cells = builder.build(source, SOURCES, solved=False).cells
    lines = {line.strip() for cell in cells for line in cell.source.splitlines()}
    for cell in cells:
        if not is_tagged(cell, "exercise"):
            continue
        given = {line.strip() for line in cell.source.splitlines()}
        name = re.search(r'^check\("([^"]+)"', cell.source, re.MULTILINE)[1]
        solution = {line.strip() for line in find_exercise(name).solution.splitlines()} - {""}
        # Broken code that is to be mended shares lines with its solution.
        told = (solution - given) & lines
        assert len(told) <= len(solution - given) / 2, f"{name} is given away: {told}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_practice_is_tagged(source):
    for cell in builder.jupytext.read(source).cells:
        if cell.cell_type == "code":
            calls = re.findall(r"^(check|question)\(", cell.source, re.MULTILINE)
            tags = [tag for tag in ("exercise", "question") if is_tagged(cell, tag)]
            assert ["exercise" if call == "check" else call for call in calls] == tags


@pytest.mark.parametrize(("source", "solved"), COPIES, ids=IDS)
def test_pictures_are_said_in_words(source, solved):
    notebook = nbformat.read(builder.target(source, solved), 4)
    for cell, after in pairwise(notebook.cells):
        for output in pictures(cell):
            alt = cell.metadata.get("alt", "")
            assert len(alt.split()) >= 5, f"no words: {cell.source}"
            for mime in {PNG, JPEG} & set(output.data):
                assert output.metadata[mime]["alt"] == alt
            assert after.source == in_words(alt).source


def test_words_stand_where_readers_look_and_are_escaped():
    [cell, words] = builder.with_words([drawing('<b>bold</b> & "wide"')])
    assert '&lt;b&gt;bold&lt;/b&gt; &amp; "wide"' in words.source
    describe(cell)
    alt = '<b>bold</b> & "wide"'
    assert cell.outputs[0].metadata[PNG]["alt"] == alt
    # nbconvert's place, and MyST-NB's.
    assert cell.metadata["alt"] == cell.metadata["mystnb"]["image"]["alt"] == alt


@pytest.mark.parametrize(("shaded", "mime"), [(False, PNG), (True, JPEG)])
def test_stored_pictures_are_small_and_look_the_same(shaded, mime):
    cell = drawing("", shaded)
    [output] = cell.outputs
    before = opened(output.data[PNG])
    n_bytes = len(output.data[PNG])
    shrink(output)
    after = opened(output.data[mime])
    assert len(output.data[mime]) < n_bytes / 2
    assert after.size == before.size
    assert np.abs(np.asarray(after, int) - np.asarray(before, int)).mean() < 2
    # Not coarser with each rebuild.
    stored = dict(output.data)
    shrink(output)
    assert output.data == stored


def test_a_picture_that_would_grow_stays_as_it_is():
    """Squares in many colours: a PNG has few bytes for each, a JPEG many."""
    squares = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8).repeat(20, 0)
    buffer = io.BytesIO()
    Image.fromarray(squares.repeat(20, 1)).save(buffer, "PNG")
    data = {PNG: base64.b64encode(buffer.getvalue()).decode()}
    output = nbformat.v4.new_output("display_data", data)
    before = dict(output.data)
    shrink(output)
    assert output.data == before


def drawing(alt, shaded=True):
    """A cell with a picture of few colours, or of many."""
    picture = Image.linear_gradient("L").resize((300, 200))
    picture = Image.merge(
        "RGB", [picture, picture.rotate(180), picture.rotate(90).resize((300, 200))]
    )
    picture = picture if shaded else picture.quantize(9)
    buffer = io.BytesIO()
    picture.convert("RGBA").save(buffer, "PNG", compress_level=0)
    data = {PNG: base64.b64encode(buffer.getvalue()).decode(), "text/plain": "<Figure>"}
    cell = nbformat.v4.new_code_cell(metadata={"alt": alt})
    cell.outputs = [nbformat.v4.new_output("display_data", data)]
    return cell


def opened(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")


@pytest.mark.parametrize(("source", "solved"), COPIES, ids=IDS)
def test_links_lead_to_what_exists(source, solved):
    path = builder.target(source, solved)
    for cell in builder.build(source, SOURCES, solved).cells:
        if cell.cell_type != "markdown":
            continue
        for link in re.findall(r"\]\(((?!https?:)[^)\s]+)\)", cell.source):
            file, _, anchor = link.partition("#")
            assert (path.parent / file).exists(), link
            if anchor:
                assert anchor in anchors((path.parent / file) if file else path), link


def anchors(path):
    """The headings of a text or of a notebook, as JupyterLab and as GitHub call them."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in nbformat.reads(text, 4).cells)
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    dashed = {heading.strip().replace(" ", "-") for heading in found}
    return dashed | {re.sub(r"[^\w-]", "", heading.lower()) for heading in dashed}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_one_cell_holds_the_parameters(source):
    assert sum(is_tagged(c, "parameters") for c in builder.jupytext.read(source).cells) == 1


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_asks_no_more_than_its_limits(source, report):
    assert beyond(report.loc[source.stem]) == []


@pytest.fixture(scope="module")
def report():
    return builder.report(SOURCES)


def test_all_notebooks_together_are_small(report):
    assert report["MB"].sum() < 8, report["MB"]


def test_the_report_counts_words_and_names_and_marks_what_is_too_much():
    def md(text):
        return nbformat.v4.new_markdown_cell(text)

    code = nbformat.v4.new_code_cell
    cells = [
        md("# 00 · One two\n\n← [x](00.ipynb) · [solutions](solutions/00.ipynb)\n\n🕐 2 minutes"),
        code("import zapsim\nfrom zapsim.course import check\ncatalogue = zapsim.load_catalogue()"),
        md(
            "Three [four](glossary.md#four) `five`.\n\n```python\nnot = prose\n```\n"
            + "word " * 120
        ),
        code("catalogue.thumbnail(1)\ncatalogue.table.plot()\nprint(1).thumbnails"),
        code("def f():\n    pass\n\n\ncheck('00-1', f)", metadata={"tags": ["exercise"]}),
        md("## 📝 Exercise 00-2: what to do\n\n- **Goal** not prose"),
        md("last"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    table = measure({"00": notebook, "01": notebook})
    row = table.loc["00"]
    assert row["words"] == 5 + 3 + 120
    assert (row["minutes"], row["a minute"]) == (2, 64)
    assert row["which"] == ["load_catalogue", "table", "thumbnail"]
    assert (row["longest cell"], row["exercises"], row["questions"]) == (3, 1, 0)
    assert row["first at"] > 0.9
    assert [each.split(":")[0] for each in beyond(row)] == ["a minute", "first at"]
    assert table.loc["01", "new names"] == 0, "known from the notebook before"
    assert " 64! " in as_text(table)
    cells[0].source = cells[0].source.replace(
        "[x]", "[![A badge](https://a.b/c.svg)](https://a.b) · [x]"
    )
    assert measure({"00": notebook}).loc["00", "first at"] == row["first at"], "navigation counts"


def test_the_builder_makes_two_copies_of_an_exercise():
    stub = 'def my_cosine(a, b):\n    """Return."""\n\n\ncheck("04-1", my_cosine)'
    assert builder.exercise(stub, solved=False) == stub
    solved = builder.exercise(stub, solved=True)
    assert solved == f'{find_exercise("04-1").solution.strip()}\n\ncheck("04-1", my_cosine)'


def test_goals_come_from_the_practice_module():
    head = builder.with_goals("Text.\n\n{goals}\n\n🕐 3 minutes", "04")
    first, second = practice_of("04").GOALS[:2]
    assert f"Text.\n\n**By the end you can**\n\n- {first}\n- {second}\n" in head
    assert head.endswith("\n\n🕐 3 minutes")


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
    stored = tmp_path / "notebook.ipynb"
    monkeypatch.setattr(builder, "target", lambda source, solved: stored)
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
    assert "is missing: run `make notebooks`" in builder.check(source, SOURCES)[0]
    notebook = builder.build(source, SOURCES, solved=False)
    notebook.cells[2].source += "  # edited in place"
    notebook.metadata["widgets"] = {}
    nbformat.write(notebook, stored)
    problems = "\n".join(builder.check(source, SOURCES))
    for problem in ("is not what", "was not run from top to bottom", "foreign metadata"):
        assert problem in problems
