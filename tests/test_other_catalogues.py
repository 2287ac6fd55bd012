"""Notebooks 00 to 07 with the reader's own pictures, however they come.

Parameters are set as papermill does, in a cell after the one tagged ``parameters``. Each exercise
is first left open, then solved: the check must follow. Where pictures lack what a section needs, a
printed line says that MiniZap's are shown. All of it takes minutes, so it runs in CI alone.
"""

import os
import re
from io import BytesIO

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

import zapsim
from tools import build_notebooks as builder

pytestmark = [
    pytest.mark.keras,
    pytest.mark.skipif(
        not os.environ.get("ZAPSIM_OTHER_CATALOGUES"),
        reason="takes minutes: set ZAPSIM_OTHER_CATALOGUES=1, as .ci/run does",
    ),
]

SOURCES = sorted((builder.NOTEBOOKS / "src").glob("*.py"))
CHOSEN = [source for source in SOURCES if source.stem < "08"]
YOURS = "These are your pictures; the text speaks of MiniZap's"


def recoloured(sample):
    """Yield (row of the table, picture), its colours exchanged, so that no file is known."""
    for key in sample.keys:
        yield sample.table.loc[key], Image.fromarray(sample.picture(key)[:, :, [1, 2, 0]])


def drawn(n, seed):
    return enumerate(recoloured(zapsim.load_catalogue().sample(n, seed=seed)))


def write(folder, name, picture):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    picture.save(buffer, "PNG" if name.endswith(".png") else "JPEG")
    path.write_bytes(buffer.getvalue())


def flat(folder):
    for number, (_, picture) in drawn(24, seed=1):
        write(folder, f"DSC_{number:04d}.jpg", picture)


def classes(folder):
    """One level of folders; PNGs and wide pictures among them."""
    for number, (row, picture) in drawn(60, seed=2):
        suffix = "png" if number % 5 == 0 else "jpg"
        picture = picture.resize((160, 90)) if number % 7 == 0 else picture
        write(folder, f"{row['Category'].lower()} of mine/{number}.{suffix}", picture)


def zappos(folder):
    """UT-Zappos50K's layout, other products, no metadata."""
    minizap = zapsim.load_catalogue()
    products = minizap.table["Product"]
    chosen = products.isin(products.drop_duplicates().sample(20, random_state=3))
    for row, picture in recoloured(minizap.subset(minizap.keys[chosen])):
        place = "/".join(row[["Category", "SubCategory", "Brand"]])
        write(folder, f"{place}/9{row['Colourway']}.jpg", picture)


def listed(folder):
    """A flat folder with columns of its own."""
    rows, colours = ["key,Colour,Price"], ["red", "green", "blue"]
    for number, (_, picture) in drawn(30, seed=4):
        write(folder, f"{number}.jpg", picture)
        rows.append(f"{number}.jpg,{colours[number % 3]},{10 + number}")
    (folder / "meta-data.csv").write_text("\n".join(rows), encoding="utf-8")


def few(folder):
    """Five pictures, and some that can't be read."""
    for number, (_, picture) in drawn(5, seed=5):
        write(folder, f"{number}.jpg", picture)
    for number in range(8):
        (folder / f"broken {number}.jpg").write_text("no picture")


KINDS = {each.__name__: each for each in (flat, classes, zappos, listed, few)}


def with_parameters(source, parameters):
    """Build the student's copy with other parameters, and each exercise solved a second time."""
    solved = builder.build(source, SOURCES, solved=True).cells
    student = builder.build(source, SOURCES, solved=False).cells
    new, cells = nbformat.v4.new_code_cell, []
    for cell, answer in zip(student, solved, strict=True):
        tags = cell.metadata.get("tags", [])
        cells.append(cell)
        if "parameters" in tags:
            there = [name for name in parameters if f"\n{name} = " in f"\n{cell.source}"]
            cells.append(new("\n".join(f"{name} = {parameters[name]!r}" for name in there)))
        if "exercise" in tags:
            cells.append(new(answer.source))
    return cells


def run(name, parameters):
    """Run 00 to 07, all in one kernel that forgets all names in between; return cells by number."""
    parts = {source.stem[:2]: with_parameters(source, parameters) for source in CHOSEN}
    for part in parts.values():
        part.append(nbformat.v4.new_code_cell("%reset -f"))
    notebook = nbformat.v4.new_notebook(cells=[cell for part in parts.values() for cell in part])
    try:
        NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    finally:
        # A folder to keep it in, to look at its figures.
        if keep := os.environ.get("ZAPSIM_KEEP"):
            nbformat.write(notebook, f"{keep}/{name}.ipynb")
    cells = iter(notebook.cells)
    return {number: [next(cells) for _ in part] for number, part in parts.items()}


def said(cells, stream="stdout"):
    return "".join(
        output.text
        for cell in cells
        for output in cell.get("outputs", [])
        if output.get("name") == stream
    )


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_from_first_to_last_cell(kind, tmp_path):
    KINDS[kind](tmp_path / "my shop")
    parameters = {"source": str(tmp_path / "my shop"), "cache": str(tmp_path / "features")}
    if kind == "listed":
        parameters["kind"] = ["Colour"]
    parts = run(kind, parameters)
    for number, part in parts.items():
        n_exercises = sum("exercise" in cell.metadata.get("tags", []) for cell in part)
        assert said(part).count("📝 Not solved yet.") == n_exercises, number
        assert len(re.findall("✅ (Correct|Found)", said(part))) == n_exercises, number
        assert "❌" not in said(part), number
    # The pictures shown are the reader's, and the text around them says so.
    assert all(YOURS in said(parts[number]) for number in ("00", "02", "05"))
    warned = {number for number, part in parts.items() if said(part, "stderr")}
    assert warned <= ({"00", "01", "03"} if kind == "few" else set())
