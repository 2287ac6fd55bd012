"""quiz.py: buttons answer, the model speaks after, mistakes are shown; on ipywidgets 7 and 8."""

import base64
import re
from html import unescape

import pandas as pd
import pytest

import zapsim
from zapsim.widgets.cards import no_picture
from zapsim.widgets.quiz import Quiz
from zapsim.widgets.quiz_state import QuizState

EVIL = "Boots/<b>bold & $x$/Aye/9.1.jpg"
KEYS = ["Boots/Ankle/Aye/1.1.jpg", "Boots/Ankle/Bee/2.1.jpg", "Shoes/Flats/Cee/3.1.jpg", EVIL]


@pytest.fixture
def catalogue(make_zip, drawn, encoded):
    files = {key: encoded(drawn(n), "JPEG") for n, key in enumerate(KEYS)}
    return zapsim.load_catalogue(make_zip(files | {KEYS[2]: b"damaged"}))


@pytest.fixture
def quiz(catalogue):
    rows = [(KEYS[0], KEYS[1], KEYS[2], 0.9, 0.8), (KEYS[1], KEYS[3], KEYS[0], 0.5, 0.7)]
    columns = ["query", "a", "b", "score_a", "score_b"]
    return Quiz(QuizState(catalogue, pd.DataFrame(rows, columns=columns)))


def says(quiz):
    return unescape(re.sub("<[^>]*>", "", quiz.status.value))


def test_first_your_answer_then_the_models(quiz):
    assert "0.9" not in says(quiz) and "comes after yours" in says(quiz)
    assert quiz.next.disabled and quiz.export.disabled
    quiz.tiles["b"].button.click()
    assert "You said B. The model says A: A 0.900, B 0.800." in says(quiz)
    assert "agree in 0 of 1" in says(quiz)
    assert quiz.tiles["a"].button.disabled and not quiz.next.disabled
    quiz.next.click()
    assert "2 of 2" in quiz.heading.value
    assert not quiz.tiles["a"].button.disabled and quiz.next.disabled
    quiz.tiles["b"].button.click()
    assert "agree in 1 of 2" in says(quiz) and "last question" in says(quiz)
    assert quiz.next.disabled


def test_pictures_are_those_of_the_question_and_a_damaged_one_has_a_stand_in(quiz, catalogue):
    assert quiz.tiles["query"].image.value == catalogue.thumbnail(KEYS[0], 200)
    assert quiz.tiles["a"].image.value == catalogue.thumbnail(KEYS[1], 200)
    assert quiz.tiles["b"].image.value == no_picture(200)
    quiz.tiles["a"].button.click()
    quiz.next.click()
    assert quiz.tiles["query"].image.value == catalogue.thumbnail(KEYS[1], 200)


def test_names_are_shown_not_run(quiz):
    quiz.tiles["a"].button.click()
    quiz.next.click()
    quiz.tiles["a"].button.click()
    assert (
        "<b>bold" not in quiz.tiles["a"].text.value
        and "&lt;b&gt;bold" in quiz.tiles["a"].text.value
    )
    assert "<b>bold" not in quiz.preview().data and "&lt;b&gt;bold" in quiz.preview().data


def test_what_the_catalogue_calls_the_items_is_not_told_before_the_answer(quiz):
    def captions():
        return [re.sub("<[^>]*>", "", tile.text.value) for tile in quiz.tiles.values()]

    assert captions() == ["Query", "A", "B"]
    assert not any(word in quiz.preview().data for word in ("Ankle", "Aye", "Bee"))
    assert re.findall('alt="([^"]*)"', quiz.preview().data) == ["Query", "A"], "B is damaged"
    quiz.tiles["a"].button.click()
    assert [caption[-10:] for caption in captions()] == ["Ankle, 1.1", "Ankle, 2.1", "Flats, 3.1"]
    assert "Ankle" in re.sub("<[^>]*>", "", quiz.preview().data)
    quiz.next.click()
    assert captions() == ["Query", "A", "B"]


def test_buttons_have_words_for_keyboards_and_screen_readers(quiz):
    assert [quiz.tiles[role].button.description for role in "ab"] == ["A", "B"]
    assert quiz.tiles["b"].button.tooltip == "Answer B"
    assert 'role="status"' in quiz.status.value


def test_a_mistake_is_shown_and_changes_nothing(quiz, monkeypatch):
    def broken(choice):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(quiz.state, "answer", broken)
    quiz._do(quiz.state.answer, "a")
    assert says(quiz) == "the disk is full" and "font-weight: bold" in quiz.status.value
    assert quiz.state.given == {}


def test_answers_are_saved_as_csv(quiz):
    quiz.tiles["a"].button.click()
    quiz.export.click()
    data = base64.b64decode(re.search('base64,([^"]*)', quiz.links.value)[1])
    assert data.decode("utf-8-sig") == quiz.state.csv()


def test_a_preview_needs_no_widgets(quiz):
    html = quiz.preview().data
    assert html.count("<img") == 2 and "cannot be read" in html
    assert 'alt="A"' in html and "Which of the two" in html


def test_two_can_be_compared_without_a_query(catalogue):
    pairs = pd.DataFrame(
        {"a": KEYS[:1], "b": KEYS[1:2], "score_a": [1.0], "score_b": [1.0], "people": ["b"]}
    )
    quiz = Quiz(QuizState(catalogue, pairs, "Which of the two is more pointy?"))
    assert "query" not in quiz.tiles and "more pointy?" in quiz.heading.value
    quiz.tiles["b"].button.click()
    assert "The model says both the same" in says(quiz) and "People said B." in says(quiz)


def test_wrong_arguments_are_refused(catalogue):
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        zapsim.quiz(catalogue)
    with pytest.raises(TypeError, match="shows a QuizState.*Received: DataFrame"):
        Quiz(pd.DataFrame())


def test_on_minizap():
    predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())
    quiz = zapsim.quiz(predictor, n=2, seed=3)
    assert repr(quiz) == "Quiz of 2 questions"
    quiz.tiles["a"].button.click()
    assert quiz.state.tally()["answered"] == 1
