"""Questions: as text, as HTML, by buttons."""

import ipywidgets as widgets
import pytest

from zapsim.course.question import Option, Question, QuestionButtons, explanation

HOSTILE = "<script>alert(1)</script>"
ASKED = Question(
    "99-a",
    goal=1,
    text=f"What does `a @ b` say of {HOSTILE}?",
    options=(
        Option("A length.", "A length is `np.sqrt(a @ a)`."),
        Option("A dot product.", f"Right & {HOSTILE}.", right=True),
        Option("Nothing.", "It is a number."),
    ),
)


def test_it_is_readable_where_no_widgets_run():
    text = ASKED.as_text()
    assert text.splitlines()[1:] == ["  a) A length.", "  b) A dot product.", "  c) Nothing."]
    assert "`a @ b`" in text


def test_markup_is_made_from_backticks_and_from_nothing_else():
    html = ASKED.as_html()
    assert "<code>a @ b</code>" in html
    assert HOSTILE not in html
    assert all(f"<br>{letter}) " in html for letter in "abc")


def test_each_option_is_explained():
    assert explanation(ASKED, "b") == (True, f"✅ b: Right & {HOSTILE}.")
    right, says = explanation(ASKED, "a")
    assert not right
    assert says.startswith("❌ a: A length is")
    with pytest.raises(ValueError, match="options a, b, c. Received: 'd'"):
        explanation(ASKED, "d")


def test_a_click_explains_and_tells_whether_it_was_right():
    answers = []
    shown = QuestionButtons(ASKED, answers.append)
    assert isinstance(shown, widgets.DOMWidget)
    assert [button.description for button in shown.buttons] == ["a", "b", "c"]
    shown.buttons[0].click()
    assert "<code>np.sqrt(a @ a)</code>" in shown.said.value
    shown.buttons[1].click()
    assert HOSTILE not in shown.said.value
    assert "Right &amp;" in shown.said.value
    # A screen reader reads it out.
    assert 'aria-live="polite"' in shown.said.value
    assert answers == [False, True]


def test_its_text_says_how_to_answer_without_buttons():
    assert 'question("99-a", "a")' in repr(QuestionButtons(ASKED, print))
