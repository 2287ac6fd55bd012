"""quiz_state.py: questions of the right difficulty, answers that stay, and a tally by hand."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.widgets.quiz_state import QuizState, make_triplets

SCORES = ["score_a", "score_b"]
KEYS = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(1, 6)]


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


@pytest.fixture
def questions():
    return pd.DataFrame(
        {
            "query": KEYS[:3],
            "a": [KEYS[1], KEYS[2], KEYS[3]],
            "b": [KEYS[2], KEYS[3], KEYS[4]],
            "score_a": np.float32([0.9, 0.8, 0.7]),
            "score_b": np.float32([0.8, 0.9, 0.7]),
        }
    )


@pytest.fixture
def state(catalogue, questions):
    return QuizState(catalogue, questions)


@pytest.fixture(scope="module")
def predictor():
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())


def test_triplets_are_neither_trivial_nor_hopeless(predictor):
    triplets = make_triplets(predictor, n=30, seed=1)
    products = predictor.table["Product"]
    assert len(triplets) == 30
    assert products[triplets["query"]].is_unique
    for row in triplets.itertuples():
        found = predictor.similar(row.query, k=40, hide_colourways=True)
        ranks = found.set_index("key")["rank"][[row.a, row.b]].to_list()
        assert min(ranks) <= 5 and 12 <= max(ranks) <= 40
        near = "a" if ranks[0] < ranks[1] else "b"
        assert (row.score_a > row.score_b) == (near == "a")
        scores = found.set_index("key")["score"]
        assert (row.score_a, row.score_b) == (scores[row.a], scores[row.b])
        assert len({products[row.query], products[row.a], products[row.b]}) >= 2
    nearer_left = (triplets["score_a"] > triplets["score_b"]).mean()
    assert 0.2 < nearer_left < 0.8


def test_the_same_seed_asks_the_same(predictor):
    one = make_triplets(predictor, n=3, seed=5)
    pd.testing.assert_frame_equal(make_triplets(predictor, n=3, seed=5), one)
    assert not make_triplets(predictor, n=3, seed=6).equals(one)


def test_no_question_is_about_fewer_than_three_products(predictor):
    product = predictor.table["Product"]
    for seed in (5, 7, 16, 17):
        asked = make_triplets(predictor, seed=seed)[["query", "a", "b"]].map(product.get)
        assert (asked.nunique(axis=1) == 3).all()


def test_where_all_others_are_one_product_there_is_nothing_to_ask(catalogue, on_a_circle):
    features = on_a_circle(catalogue, [0, 10, 20, 30, 40])
    table = catalogue.table.assign(Product=["1", "2", "2", "2", "2"])
    some = zapsim.catalogue.Catalogue(catalogue._files, table)
    with pytest.raises(ValueError, match="nothing to ask"):
        make_triplets(zapsim.SimilarityPredictor(some, features))


def test_names_are_exported_so_that_no_spreadsheet_runs_them(make_folder):
    names = ["-q.jpg", "=1+1.jpg", "b.jpg"]
    questions = pd.DataFrame([[*names, 0.5, -0.4]], columns=["query", "a", "b", *SCORES])
    state = QuizState(zapsim.load_catalogue(make_folder(*names)), questions)
    state.answer("a")
    back = pd.read_csv(StringIO(state.csv()))
    assert back.loc[0, ["query", "a", "b"]].to_list() == ["'-q.jpg", "'=1+1.jpg", "b.jpg"]
    assert back.loc[0, SCORES].to_list() == [0.5, -0.4]
    # Read back, they are the items again.
    again = QuizState(state.catalogue, back)
    assert again.current[["query", "a", "b"]].to_list() == names


def test_an_item_that_is_called_as_another_is_exported_stays_itself(make_folder):
    names = ["=1.jpg", "'=1.jpg", "b.jpg"]
    questions = pd.DataFrame([[*names, 0.5, 0.4]], columns=["query", "a", "b", *SCORES])
    state = QuizState(zapsim.load_catalogue(make_folder(*names)), questions)
    assert state.current[["query", "a", "b"]].to_list() == names


def test_every_product_is_asked_about_once_at_most(predictor):
    slippers = predictor.catalogue.table.query("Category == 'Slippers'")
    few = predictor.catalogue.subset(slippers.index)
    features = zapsim.load_features().loc[few.keys]
    triplets = make_triplets(zapsim.SimilarityPredictor(few, features), n=500)
    assert len(triplets) == slippers["Product"].nunique() < len(slippers)


def test_small_catalogues_have_small_quizzes(catalogue, on_a_circle):
    features = on_a_circle(catalogue, [0, 10, 20, 30, 40])
    few = make_triplets(zapsim.SimilarityPredictor(catalogue, features), n=50)
    assert len(few) == 5
    assert (few["a"] != few["b"]).all() and (few["score_a"] != few["score_b"]).all()
    two = zapsim.SimilarityPredictor(catalogue, features.iloc[:2])
    with pytest.raises(ValueError, match="nothing to ask"):
        make_triplets(two)
    with pytest.raises(ValueError, match="n must be"):
        make_triplets(two, n=0)


def test_answers_and_tally_by_hand(state):
    assert (state.position, state.answered, len(state)) == (0, False, 3)
    for choice in "aab":
        state.answer(choice)
        state.next()
    assert state.is_last and state.position == 2
    table = state.answers()
    assert list(table["you"]) == ["a", "a", "b"]
    assert list(table["model"]) == ["a", "b", "equal"]
    assert list(table["agree"]) == [True, False, False]
    assert state.tally() == {"questions": 3, "answered": 3, "agree": 1}
    assert list(state.disagreements()["query"]) == KEYS[1:3]


def test_an_answer_stays_and_must_be_one(state):
    with pytest.raises(ValueError, match="must be one of a, b. Received: 'c'"):
        state.answer("c")
    state.answer("b")
    with pytest.raises(ValueError, match="is answered"):
        state.answer("a")
    assert state.given == {0: "b"}


def test_before_the_first_answer_there_is_an_empty_table(state):
    assert len(state.answers()) == 0
    assert state.tally() == {"questions": 3, "answered": 0, "agree": 0}
    assert "you,model,agree" in state.csv()


def test_others_answers_are_counted_where_they_are(catalogue, questions):
    questions["people"] = ["a", "a", None]
    state = QuizState(catalogue, questions)
    for choice in "aba":
        state.answer(choice)
        state.next()
    tally = state.tally()
    assert (tally["with people"], tally["model with people"], tally["asked people"]) == (1, 1, 2)


def test_export_reads_back(state):
    state.answer("a")
    back = pd.read_csv(StringIO(state.csv()))
    assert back.loc[0, ["query", "a", "b", "you", "model"]].tolist() == [
        *KEYS[:3], "a", "a"
    ]  # fmt: skip
    assert abs(back.loc[0, "score_a"] - 0.9) < 1e-6


def test_wrong_questions_are_an_error(catalogue, questions):
    with pytest.raises(
        ValueError, match="score_b, as make_triplets.*Received: query, a, b, score_a"
    ):
        QuizState(catalogue, questions.drop(columns="score_b"))
    with pytest.raises(ValueError, match="at least one question"):
        QuizState(catalogue, questions.iloc[:0])
    questions.loc[0, "a"] = "Boots/none.jpg"
    with pytest.raises(KeyError, match="No item"):
        QuizState(catalogue, questions)


@pytest.mark.parametrize("kind", [str, "category", "string", "Float64", object, "uint8"])
def test_scores_are_taken_as_numbers_in_whatever_way_they_are_kept(catalogue, questions, kind):
    questions[SCORES] = [[3, 2], [1, 3], [2, 2]]
    state = QuizState(catalogue, questions.astype(dict.fromkeys(SCORES, kind)))
    for _ in range(3):
        state.answer("a")
        state.next()
    assert list(state.answers()["model"]) == ["a", "b", "equal"]
    assert state.tally()["agree"] == 1
    assert {each.kind for each in state.answers()[SCORES].dtypes} == {"f"}


@pytest.mark.parametrize("kind", [bool, complex])
def test_what_is_no_score_in_any_way_is_refused(catalogue, questions, kind):
    with pytest.raises(ValueError, match="score_b must be numbers in every one"):
        QuizState(catalogue, questions.astype({"score_a": kind}))


@pytest.mark.parametrize("people", ["A", "a ", "", 1, ["a"]])
def test_what_is_no_answer_of_people_is_refused(catalogue, questions, people):
    questions["people"] = pd.Series(["a", people, None], dtype=object)
    with pytest.raises(ValueError, match="people must be one of a, b, equal. Received: "):
        QuizState(catalogue, questions)


@pytest.mark.parametrize("kind", ["category", "string", object])
def test_answers_of_people_count_in_whatever_way_they_are_kept(catalogue, questions, kind):
    questions["people"] = pd.Series(["a", "b", pd.NA], dtype=kind)
    state = QuizState(catalogue, questions)
    for choice in "aaa":
        state.answer(choice)
        state.next()
    tally = state.tally()
    assert (tally["with people"], tally["model with people"], tally["asked people"]) == (1, 2, 2)


@pytest.mark.parametrize("score", [np.nan, np.inf, "high", pd.NA, True, 1j])
def test_a_question_without_a_score_is_refused(catalogue, questions, score):
    questions = questions.astype({"score_b": object})
    questions.loc[1, "score_b"] = score
    with pytest.raises(ValueError, match="score_b must be numbers in every one"):
        QuizState(catalogue, questions)


def test_questions_are_a_table_about_a_catalogue(catalogue, questions, predictor):
    with pytest.raises(TypeError, match="must be a Catalogue.*Received: DataFrame"):
        QuizState(questions, catalogue)
    with pytest.raises(
        TypeError, match="questions must be a table as make_triplets.*Received: dict"
    ):
        QuizState(catalogue, questions.to_dict())
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        make_triplets(catalogue)
    with pytest.raises(TypeError, match="question must be a text.* Received: 5"):
        QuizState(catalogue, questions, question=5)
    with pytest.raises(ValueError, match="n must be a whole number.*n='3'"):
        make_triplets(predictor, n="3")
