"""A question and an exercise of the course, by keyboard, in JupyterLab."""

import nbformat
import pytest

NAME = "practice.ipynb"
CELLS = [
    "from zapsim.course import check, goals, question",
    'question("04-a")',
    'def my_cosine(a, b):\n    return a @ b\n\n\ncheck("04-1", my_cosine)',
]


@pytest.fixture
def notebook(lab, page):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.folder / NAME)
    page.set_viewport_size({"width": 1366, "height": 768})
    lab.open(page, NAME)
    return lab.run_all(page, NAME)


def test_a_question_is_answered_by_keyboard_and_each_option_explained(notebook, page, screenshots):
    wrong = page.get_by_role("button", name="a", exact=True)
    wrong.focus()
    page.keyboard.press("Enter")
    said = page.locator(".widget-html [role=status]")
    said.get_by_text("Opposite arrows have").wait_for()
    page.get_by_role("button", name="b", exact=True).focus()
    page.keyboard.press("Space")
    said.get_by_text("No feature is negative here").wait_for()
    page.screenshot(path=screenshots / "question.png")
    # A wrong answer to the exercise is a sentence, and no error.
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert "This is the dot product alone" in "".join(o.get("text", "") for o in outputs)
