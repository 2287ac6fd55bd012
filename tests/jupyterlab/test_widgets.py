"""The mixer and the quiz of notebooks 07 and 09, by keyboard, in JupyterLab."""

import re

import pytest

NAME = "widgets.ipynb"
CELLS = [
    "import zapsim\n"
    "catalogue, features = zapsim.load_catalogue(), zapsim.load_features()\n"
    "parts = zapsim.shape_colour_texture(catalogue, cache='bundled')\n"
    "query = 'Shoes/Clogs and Mules/Marisol Bay/5329826.13.jpg'\n"
    "zapsim.mix(catalogue, parts, query)",
    "zapsim.quiz(zapsim.SimilarityPredictor(catalogue, features), n=2)",
]


@pytest.fixture
def widgets(lab, page):
    """The two widgets, in a notebook of their own."""
    lab.write(NAME, *CELLS)
    page.set_viewport_size({"width": 1400, "height": 1500})
    lab.open(page, NAME)
    lab.run_all(page, NAME)
    found = page.locator(".zapsim")
    found.nth(1).wait_for()
    return found.nth(0), found.nth(1)


def names(mixer):
    return mixer.locator(".zapsim-card:visible .zapsim-name").all_inner_texts()


def test_a_slider_moved_by_keyboard_changes_the_neighbours(widgets, page, screenshots):
    mixer, _ = widgets
    mixer.locator(".zapsim-card:visible").nth(5).wait_for()
    mixed = names(mixer)
    handles = mixer.locator(".noUi-handle")
    assert handles.count() == 3
    tops = {handle.bounding_box()["y"] for handle in handles.all()}
    assert len(tops) == 1, "in one row"
    # All colour: neither shape nor texture has a say.
    for number in (0, 2):
        handles.nth(number).focus()
        page.keyboard.press("Home")
    mixer.get_by_text("100 %").or_(mixer.get_by_text("100%")).first.wait_for()
    assert names(mixer) != mixed
    page.screenshot(path=screenshots / "mixer-all-colour.png")


def test_the_quiz_is_answered_by_keyboard_and_tells_the_model_s_answer(widgets, page, screenshots):
    _, quiz = widgets
    quiz.scroll_into_view_if_needed()
    status = quiz.locator("[role=status]")
    status.get_by_text("Choose with A or B").wait_for()
    below = quiz.get_by_role("button", name="Next question")
    top = below.bounding_box()["y"]
    for number in (1, 2):
        # The heading changes before the buttons can be used again; a key does not wait for that.
        quiz.locator("button:enabled", has_text=re.compile(r"^\s*A\s*$")).press("Enter")
        status.get_by_text("You said A. The model says").wait_for()
        status.get_by_text(f"of {number}.").wait_for()
        assert abs(below.bounding_box()["y"] - top) < 1, "an answer moves nothing"
        if number == 1:
            quiz.get_by_role("button", name="Next question").press("Enter")
            quiz.get_by_text("(2 of 2)").wait_for()
    status.get_by_text("That was the last question.").wait_for()
    quiz.get_by_role("button", name="Export answers").click()
    link = quiz.get_by_role("link")
    with page.expect_download() as download:
        link.click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("query,a,b,score_a,score_b")
    assert len(lines) == 3
    page.screenshot(path=screenshots / "quiz-answered.png")
