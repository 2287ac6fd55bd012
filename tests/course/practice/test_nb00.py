"""The exercise of 00: right answers pass in any form, wrong ones hear why."""

import pytest

import zapsim
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise


@pytest.fixture(scope="module")
def predictor():
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())


def test_the_first_items_neighbours(predictor):
    keys, exercise = predictor.table.index, find_exercise("00-1")

    def similar(place, k=6, hide=False):
        return predictor.similar(keys[place], k=k, hide_colourways=hide)

    space = {"predictor": predictor, "catalogue": zapsim.load_catalogue()}
    exec(exercise.solution, space)
    for answer in (space["my_neighbours"], list(similar(0)["key"]), similar(0)["key"].to_numpy()):
        assert judge(exercise, answer, predictor, keys).state == "right"
    assert judge(exercise, similar(0)[["key"]], predictor, keys).state == "right"
    wrong = [similar(0), similar(0, hide=True), similar(0, k=5), similar(1), similar(-1)]
    query = predictor.similar(zapsim.load_catalogue().sample(1, seed=3).keys[0], k=6)["key"]
    itself = [keys[0], *similar(0, k=5)["key"]]
    answers = [wrong[0], *(table["key"] for table in wrong[1:]), query, itself]
    answers += [similar(0)["key"][::-1], similar(0)["score"]]
    verdicts = [judge(exercise, answer, predictor, keys) for answer in answers]
    assert {verdict.state for verdict in verdicts} == {"wrong"}
    assert len({verdict.says for verdict in verdicts}) == len(verdicts)
    assert not any("Received" in verdict.says for verdict in verdicts), "each is known"
