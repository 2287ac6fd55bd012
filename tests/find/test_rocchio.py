"""rocchio.py and spaces.py: several examples at once, by hand, from vectors and from a matrix."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.find.rocchio import UNLIKE, combined_scores, combined_vector

DEGREES = [0, 20, 40, 60, 80, 90]
KEYS = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(6)]


@pytest.fixture(params=["features", "matrix"])
def predictor(request, make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    features = on_a_circle(catalogue, DEGREES)
    given = features if request.param == "features" else zapsim.similarity_matrix(features)
    return zapsim.SimilarityPredictor(catalogue, given)


def numbers(found):
    return [KEYS.index(key) for key in found["key"]]


def vector(degrees):
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def test_the_query_of_two_lies_between_them_and_both_are_left_out(predictor):
    found = predictor.similar([KEYS[0], KEYS[2]], k=9)
    assert numbers(found) == [1, 3, 4, 5]
    np.testing.assert_allclose(found["score"], np.cos(np.radians([0, 40, 60, 70])), atol=1e-6)
    assert found["score"].dtype == np.float32


def test_unlike_turns_the_query_away_by_a_quarter(predictor):
    query = vector(40) - 0.25 * vector(20)
    query /= np.linalg.norm(query)
    found = predictor.similar(KEYS[2], k=9, unlike=KEYS[1])
    assert numbers(found) == [3, 4, 0, 5] or numbers(found) == [3, 4, 5, 0]
    expected = [query @ vector(DEGREES[n]) for n in numbers(found)]
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    assert list(found["score"]) == sorted(found["score"], reverse=True)
    assert UNLIKE == 0.25


def test_one_liked_alone_is_exactly_the_plain_query(predictor):
    plain, listed = predictor.similar(KEYS[2], k=5), predictor.similar([KEYS[2]], k=5, unlike=[])
    pd.testing.assert_frame_equal(plain, listed, check_exact=True)


def test_the_order_of_examples_changes_nothing_and_vectors_agree_with_the_matrix():
    rng = np.random.default_rng(0)
    unit = zapsim.similarity.unit_vectors(rng.standard_normal((9, 30)))
    matrix, rows = unit @ unit.T, [4, 1, 7]
    query = combined_vector(unit[rows], 2)
    scores = combined_scores(matrix[rows], matrix[np.ix_(rows, rows)], 2)
    np.testing.assert_allclose(unit @ query, scores, atol=1e-6)
    np.testing.assert_allclose(combined_vector(unit[[1, 4, 7]], 2), query, atol=1e-7)
    assert abs(np.linalg.norm(query) - 1) < 1e-6


def test_an_example_without_direction_counts_for_nothing_in_a_matrix_either(make_folder):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS[:4]))
    # The first has no direction; the last is like no other, which is not the same.
    rows = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]
    features = pd.DataFrame(rows, index=catalogue.keys)
    both = [
        zapsim.SimilarityPredictor(catalogue, given)
        for given in (features, zapsim.similarity_matrix(features))
    ]
    for example in (KEYS[0], KEYS[3]):
        for liked, unlike in [([example, KEYS[1]], []), (KEYS[1], [example])]:
            found = [each.similar(liked, unlike=unlike) for each in both]
            pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize(
    ("liked", "unlike"),
    [([KEYS[0], KEYS[0]], []), (KEYS[0], KEYS[0]), (KEYS[0], [KEYS[1], KEYS[1]])],
)
def test_an_item_asked_for_twice_is_an_error(predictor, liked, unlike):
    with pytest.raises(ValueError, match="once only, liked or not. Received more than once"):
        predictor.similar(liked, unlike=unlike)


def test_empty_unknown_and_wrong_examples_are_errors(predictor):
    with pytest.raises(ValueError, match="must not be empty"):
        predictor.similar([], unlike=KEYS[0])
    with pytest.raises(KeyError, match="No item 'none.jpg'"):
        predictor.similar(KEYS[0], unlike="none.jpg")
    with pytest.raises(TypeError, match="must be the key of one item.*Received: None"):
        predictor.similar(KEYS[0], unlike=None)


@pytest.mark.parametrize("as_matrix", [False, True])
def test_examples_that_cancel_each_other_out_are_an_error(make_folder, on_a_circle, as_matrix):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS[:3]))
    features = on_a_circle(catalogue, [0, 180, 90])
    given = zapsim.similarity_matrix(features) if as_matrix else features
    predictor = zapsim.SimilarityPredictor(catalogue, given)
    with pytest.raises(ValueError, match="cancel each other out"):
        predictor.similar(KEYS[:2])


def test_own_features_mix_with_keys(make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, DEGREES))
    own = 7 * vector(40)
    both = predictor.similar([own, KEYS[0]], k=3)
    assert numbers(both) == [1, 2, 3]
    pd.testing.assert_frame_equal(both, predictor.similar([KEYS[0], own], k=3))
    again = predictor.similar_to(own, k=3, unlike=KEYS[1])
    assert KEYS[1] not in set(again["key"])
    pd.testing.assert_frame_equal(again, predictor.similar([own], k=3, unlike=[KEYS[1]]))
    pd.testing.assert_frame_equal(predictor.similar_to([own], k=2), predictor.similar_to(own, k=2))


def test_colourways_of_all_examples_are_hidden(make_folder, on_a_circle):
    keys = [f"Boots/Ankle/Aye/{n}.jpg" for n in ("1.1", "1.2", "2.1", "2.2", "3.1")]
    catalogue = zapsim.load_catalogue(make_folder(*keys))
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 5, 50, 55, 30]))
    found = predictor.similar(keys[0], unlike=keys[2], hide_colourways=True)
    assert list(found["key"]) == [keys[4]]


def test_plot_and_html_show_all_that_was_asked_for(predictor):
    figure = predictor.plot(KEYS[:2], k=2, unlike=KEYS[5])
    titles = [axes.get_xlabel().split()[:2] for axes in figure.axes]
    assert [title[0] for title in titles] == ["query", "query", "less", "#1", "#2"]
    html = predictor.html(KEYS[:2], k=2, unlike=KEYS[5]).data
    assert html.count('<th scope="row">query</th>') == 2
    assert html.count('<th scope="row">less like</th>') == 1
    assert html.count("<img ") == 5
