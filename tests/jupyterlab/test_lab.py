"""Notebook 00 as a person meets it: opened in JupyterLab, run with the menu, and looked at."""


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_notebook_00_runs_from_the_menu_and_shows_its_pictures(lab, page, screenshots):
    name = "00_the_whole_story.ipynb"
    lab.open(page, name)
    page.locator(".jp-RenderedMarkdown", has_text="You will build").first.wait_for()
    page.screenshot(path=screenshots / "lab-00-opened.png")
    notebook = lab.run_all(page, name)
    shown = outputs(notebook)
    assert not [output for output in shown if output.output_type == "error"]
    assert not [output for output in shown if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 3
    # The notebook renders what is in view: go to the contact sheet and look at it.
    sheet = page.locator(".jp-OutputArea-output img").first
    sheet.scroll_into_view_if_needed()
    width = sheet.evaluate("image => image.naturalWidth")
    assert width > 500
    page.screenshot(path=screenshots / "lab-00-run.png")
    # No alternative text is read from a notebook: a picture's words follow it, also after a run.
    words = page.locator("details", has_text="The picture in words").first
    words.locator("summary").click()
    alt = next(cell.metadata["alt"] for cell in notebook.cells if "alt" in cell.metadata)
    assert alt in words.inner_text()
