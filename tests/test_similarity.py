"""similarity.py: known answers by eye, properties, scikit-learn and the article as references."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim import similarity
from zapsim.kinds.blend import centred
from zapsim.similarity import exact_scores, float32_error, nearest, nearest_to, unit_vectors


def features(values, keys=None):
    values = np.asarray(values, np.float32)
    keys = [f"item{i:03d}.jpg" for i in range(len(values))] if keys is None else keys
    return pd.DataFrame(values, index=pd.Index(keys, name="key"))


def random_features(n_items, n_features, seed=0):
    rng = np.random.default_rng(seed)
    return features(rng.gamma(0.5, size=(n_items, n_features)))


COMPASS = features([[1, 0], [0, 2], [3, 3], [-5, 0]], ["east", "north", "northeast", "west"])

vectors = arrays(
    np.float32,
    st.tuples(st.integers(2, 12), st.integers(1, 6)),
    # No numbers so small that scaling them would run out of float32's digits.
    elements=st.floats(-1e6, 1e6, width=32).map(lambda x: x if abs(x) > 1e-20 else 0),
)


def reference_neighbours(frame, k):
    """Order every other item by float64 cosine (rounded as stored), ties by lower index."""
    unit = unit_vectors(frame)
    exact = np.empty((len(unit), len(unit)), np.float32)
    for row, vector in enumerate(unit):
        exact[row] = (vector.astype(np.float64) * unit).sum(axis=1)
    exact = np.clip(exact, -1, 1)
    expected = []
    for row, scores in enumerate(exact):
        order = np.argsort(-scores, kind="stable")
        expected.append(order[order != row][:k])
    return np.array(expected), exact


def test_matrix_of_the_compass_is_known_by_hand():
    diagonal = 0.5**0.5
    expected = [
        [1, 0, diagonal, -1],
        [0, 1, diagonal, 0],
        [diagonal, diagonal, 1, -diagonal],
        [-1, 0, -diagonal, 1],
    ]
    matrix = zapsim.similarity_matrix(COMPASS)
    np.testing.assert_allclose(matrix, expected, atol=1e-6)
    assert list(matrix.index) == list(matrix.columns) == list(COMPASS.index)
    assert (matrix.dtypes == np.float32).all()


@given(vectors)
def test_matrix_is_symmetric_and_bounded_with_a_diagonal_of_ones_or_zeros(values):
    matrix = zapsim.similarity_matrix(features(values)).to_numpy()
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), values.any(axis=1))
    assert np.abs(matrix).max() <= 1


@given(vectors, st.floats(1e-3, 1e3))
def test_scaling_a_vector_changes_no_score(values, scale):
    scaled = values.copy()
    scaled[0] *= np.float32(scale)
    before = zapsim.similarity_matrix(features(values))
    after = zapsim.similarity_matrix(features(scaled))
    np.testing.assert_allclose(before, after, atol=2e-6)


def test_matrix_agrees_with_scikit_learn():
    frame = random_features(200, 300)
    np.testing.assert_allclose(
        zapsim.similarity_matrix(frame), cosine_similarity(frame), rtol=0, atol=2e-6
    )


def test_vectors_of_extreme_length_keep_their_direction():
    frame = features([[3e38, 3e38], [1e-38, 1e-38], [1, 0]])
    np.testing.assert_allclose(zapsim.similarity_matrix(frame).iloc[0], [1, 1, 0.5**0.5], atol=1e-6)


def test_scores_of_long_vectors_are_right_and_so_is_their_order():
    """Beside one peak, each of many small squares is lost in a sum in float32."""
    n = 802_816
    level, peak = np.ones(n, np.float32), np.full(n, 2e-4, np.float32)
    peak[0] = 1
    wide = peak.astype(np.float64)
    cosine = wide.sum() / np.sqrt(n) / np.linalg.norm(wide)
    n_ones = int(np.ceil((cosine * 1.0002) ** 2 * n))
    top = zapsim.top_k(features([level, peak, np.arange(n) < n_ones]), 2)
    np.testing.assert_array_equal(top.indices[0], [2, 1])
    np.testing.assert_allclose(top.scores[0], [np.sqrt(n_ones / n), cosine], rtol=0, atol=2e-7)


@pytest.mark.parametrize("size", [1e-37, 1, 1e37])
def test_scores_are_right_to_the_digit_that_is_promised(size):
    frame = random_features(40, 3000) * np.float32(size)
    wide = frame.to_numpy(np.float64)
    wide = wide / np.linalg.norm(wide, axis=1)[:, None]
    top = zapsim.top_k(frame, 39)
    exact = np.take_along_axis(wide @ wide.T, top.indices, axis=1)
    np.testing.assert_allclose(top.scores, exact, rtol=0, atol=2e-7)


def test_zero_vector_scores_0_with_all_itself_included():
    frame = features([[0, 0], [1, 2], [0, 0]])
    np.testing.assert_array_equal(
        zapsim.similarity_matrix(frame), [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    )
    top = zapsim.top_k(frame, k=2)
    np.testing.assert_array_equal(top.scores, 0)
    np.testing.assert_array_equal(top.indices, [[1, 2], [0, 2], [0, 1]])


@pytest.mark.parametrize("function", [zapsim.similarity_matrix, zapsim.top_k])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_and_the_item_is_named(function, bad):
    frame = random_features(5, 4)
    frame.iloc[3, 1] = bad
    with pytest.raises(ValueError, match=r"1 of 5 rows of features hold NaN.*item003\.jpg"):
        function(frame)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_empty_features_are_refused_with_their_shape(shape):
    with pytest.raises(ValueError, match=rf"Received: \({shape[0]}, {shape[1]}\)"):
        zapsim.similarity_matrix(features(np.zeros(shape)))


def test_matrix_that_does_not_fit_is_refused_with_the_sum_and_the_alternative(monkeypatch):
    free = type("Memory", (), {"available": 8e9})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    frame = pd.DataFrame(np.zeros((50_025, 1), np.float32))
    with pytest.raises(MemoryError, match=r"50,025 × 50,025.* is 10\.0 GB; 8\.0 GB.*top_k"):
        zapsim.similarity_matrix(frame)
    said = r"50,024 neighbours of each of 50,025 items is 120\.1 GB.*k=50"
    with pytest.raises(MemoryError, match=said):
        zapsim.top_k(frame, k=len(frame))


def test_top_k_of_the_compass_is_known_by_hand():
    top = zapsim.top_k(COMPASS, k=2)
    assert [[top.keys[i] for i in row] for row in top.indices] == [
        ["northeast", "north"],
        ["northeast", "east"],
        ["east", "north"],
        ["north", "northeast"],
    ]
    np.testing.assert_allclose(top.scores[3], [0, -(0.5**0.5)], atol=1e-6)
    assert (top.indices.dtype, top.scores.dtype) == (np.int32, np.float32)


@given(vectors, st.integers(1, 15))
def test_top_k_equals_sorting_everything(values, k):
    frame = features(values)
    expected, exact = reference_neighbours(frame, k)
    top = zapsim.top_k(frame, k)
    assert top.indices.shape == (len(frame), min(k, len(frame) - 1))
    np.testing.assert_array_equal(top.indices, expected)
    np.testing.assert_array_equal(top.scores, np.take_along_axis(exact, expected, axis=1))


@pytest.mark.parametrize("tile", [37, 300, 10_000])
def test_no_tile_size_changes_the_result_not_even_among_twins(monkeypatch, tile):
    frame = random_features(1500, 40)
    # Many exact twins, far apart: their order must not depend on how the tiles fall.
    frame.iloc[700:1000] = frame.iloc[0:300].to_numpy()
    frame.iloc[1200:1500] = frame.iloc[0:300].to_numpy()
    monkeypatch.setattr(similarity, "_TILE", tile)
    subset = frame if tile > 100 else frame.iloc[:300]
    expected, exact = reference_neighbours(subset, 5)
    top = zapsim.top_k(subset, 5)
    np.testing.assert_array_equal(top.indices, expected)
    np.testing.assert_array_equal(top.scores, np.take_along_axis(exact, expected, axis=1))


@pytest.mark.parametrize("order", ["as it is", "ever nearer", "ever farther"])
def test_no_order_of_the_items_loses_a_neighbour(order):
    frame = random_features(3000, 16, seed=3)
    assert len(frame) > 2 * similarity._TILE, "several tiles, so that most items are dropped unseen"
    if order != "as it is":
        scores = unit_vectors(frame) @ unit_vectors(frame)[0]
        frame = frame.iloc[np.argsort(scores if order == "ever nearer" else -scores)]
    expected, _ = reference_neighbours(frame, 10)
    np.testing.assert_array_equal(zapsim.top_k(frame, 10).indices, expected)


def brute_force(frame, k, exclude):
    """Apply the rules of top_k one item at a time."""
    _, exact = reference_neighbours(frame, 1)
    indices = np.full((len(frame), min(k, len(frame) - 1)), -1)
    for row, scores in enumerate(exact):
        others = [
            i
            for i in np.argsort(-scores, kind="stable")
            if i != row and (exclude[i] is None or exclude[i] != exclude[row])
        ]
        found = others[: indices.shape[1]]
        indices[row, : len(found)] = found
    return indices


# Few different vectors and values to exclude by, so that most items have twins.
@given(
    st.lists(
        st.tuples(
            st.sampled_from([(0, 0), (1, 0), (1, 1), (2, 2), (0, 3)]), st.sampled_from("xy-")
        ),
        min_size=2,
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_twins_and_exclusion_together_leave_what_the_rules_leave(items, k):
    values, exclude = zip(*items, strict=True)
    exclude = [None if value == "-" else value for value in exclude]
    frame = features(values)
    np.testing.assert_array_equal(
        zapsim.top_k(frame, k, exclude=exclude).indices, brute_force(frame, k, exclude)
    )


def near_ties(seed, n_items=90, n_features=24):
    """Clusters of vectors that differ by 1e-2 down to 1e-8, some not at all."""
    rng = np.random.default_rng(seed)
    centres = rng.gamma(2, size=(3, n_features)) + 3
    steps = 10.0 ** -rng.integers(2, 9, size=(n_items, 1))
    values = centres[rng.integers(0, 3, n_items)] + steps * rng.normal(size=(n_items, n_features))
    return features(values)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_near_ties_are_decided_in_float64(seed, k):
    frame = near_ties(seed)
    expected, exact = reference_neighbours(frame, k)
    top = zapsim.top_k(frame, k)
    np.testing.assert_array_equal(top.indices, expected)
    np.testing.assert_array_equal(top.scores, np.take_along_axis(exact, expected, axis=1))


@pytest.mark.parametrize("n_features", [2, 300, 8192])
def test_no_product_errs_by_more_than_its_bound(n_features):
    rng = np.random.default_rng(0)
    values = rng.gamma(0.3, size=(200, n_features)) * 10.0 ** rng.integers(-3, 3, size=n_features)
    unit = unit_vectors(np.vstack([values, -values[:20], np.zeros((1, n_features))]))
    exact = unit.astype(np.float64) @ unit.T.astype(np.float64)
    assert np.abs(unit @ unit.T - exact).max() <= float32_error(n_features)


@pytest.mark.parametrize("n_features", [2**24 - 1, 2**24, 2**25])
def test_products_of_vectors_of_any_length_have_a_bound(n_features):
    assert float32_error(n_features // 2) < float32_error(n_features)
    # Every score lies within twice that of every other, so that all are scored again.
    assert 1 <= float32_error(n_features) < np.inf


@pytest.fixture
def scored(monkeypatch):
    """Return a list that grows with the number of pairs that are scored in float64."""
    counts, score = [], similarity.exact_scores

    def counted(query, unit, indices):
        counts.append(len(indices))
        return score(query, unit, indices)

    monkeypatch.setattr(similarity, "exact_scores", counted)
    return counts


@pytest.mark.parametrize("exclude", [None, "all differ", "all alike"])
def test_twins_by_the_thousand_cost_no_more_than_other_items(scored, exclude):
    frame = features(np.vstack([np.tile([[3, 4]], (4000, 1)), [[1, 0], [0, 1], [5, 5]]]))
    names = {"all differ": np.arange(4003).astype(str), "all alike": ["same"] * 4003}
    top = zapsim.top_k(frame, k=5, exclude=names.get(exclude))
    if exclude == "all alike":
        assert (top.indices == -1).all()
    else:
        np.testing.assert_array_equal(top.indices[0], [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(top.indices[3999], [0, 1, 2, 3, 4])
        np.testing.assert_array_equal(top.indices[4002], [0, 1, 2, 3, 4])
    assert sum(scored) < 4003 * 20, "all twins with all twins would be 16 million"


def test_items_too_close_to_tell_apart_do_not_pile_up(monkeypatch):
    """All lie within the bound of each other, so float32 products can drop none of them."""
    monkeypatch.setattr(similarity, "_TILE", 100)
    values = 1 + 1e-7 * np.random.default_rng(0).integers(0, 3, size=(700, 30))
    kept = []
    shorten = similarity._Shortlist._shorten

    def watched(shortlist):
        shorten(shortlist)
        kept.append(len(shortlist._kept[0]))

    monkeypatch.setattr(similarity._Shortlist, "_shorten", watched)
    frame = features(values)
    expected, _ = reference_neighbours(frame, 2)
    np.testing.assert_array_equal(zapsim.top_k(frame, 2).indices, expected)
    assert max(kept) <= 2 * 2 * 100


def test_most_items_are_dropped_by_the_products_alone(scored):
    zapsim.top_k(random_features(3000, 64), 10)
    assert sum(scored) < 3000 * 12


def test_the_matrix_librarys_threads_are_left_as_they_were():
    from threadpoolctl import threadpool_info, threadpool_limits

    with threadpool_limits(2, user_api="blas"):
        before = threadpool_info()
        zapsim.top_k(random_features(50, 4), 3)
        assert threadpool_info() == before
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda seed: zapsim.top_k(random_features(2500, 4, seed), 3), range(8)))
        assert threadpool_info() == before


def test_top_k_ranks_as_the_articles_own_arithmetic_does():
    frame = random_features(120, 64, seed=5)
    similarities = cosine_similarity(frame)
    article = pd.DataFrame(similarities, columns=frame.index, index=frame.index)
    top = zapsim.top_k(frame, 5)
    for row, key in enumerate(frame.index):
        theirs = article[key].sort_values(ascending=False)[1:6]
        assert list(frame.index[top.indices[row]]) == list(theirs.index)
        np.testing.assert_allclose(top.scores[row], theirs, atol=2e-6)


def test_twins_find_each_other_and_ties_break_by_lower_index():
    top = zapsim.top_k(features([[1, 1], [1, 0], [2, 2], [3, 3]]), k=3)
    np.testing.assert_array_equal(top.indices[0], [2, 3, 1])
    np.testing.assert_array_equal(top.indices[2], [0, 3, 1])
    assert top.scores[0, 0] == top.scores[0, 1]


def test_k_larger_than_the_catalogue_returns_all_others():
    assert zapsim.top_k(COMPASS, k=100).indices.shape == (4, 3)


def test_one_item_alone_has_no_neighbours():
    assert zapsim.top_k(features([[1, 2]]), k=5).indices.shape == (1, 0)
    assert zapsim.similarity_matrix(features([[1, 2]])).to_numpy() == [[1]]


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_k_must_be_a_whole_positive_number(k):
    with pytest.raises(ValueError, match=r"k must be a whole number of at least 1\. Received"):
        zapsim.top_k(COMPASS, k=k)


@given(
    arrays(np.float32, st.integers(0, 30), elements=st.sampled_from([-np.inf, -1, 0, 0.5, 1])),
    st.integers(1, 40),
)
def test_nearest_equals_a_stable_sort_without_the_excluded(scores, k):
    allowed = [i for i in range(len(scores)) if scores[i] > -np.inf]
    expected = sorted(allowed, key=lambda i: (-scores[i], i))[:k]
    assert list(nearest(scores, k)) == expected


def test_excluded_groups_are_no_neighbours_of_each_other():
    frame = features([[1, 0], [1, 0.01], [1, 0.02], [0, 1], [0.5, 1]])
    top = zapsim.top_k(frame, k=2, exclude=["shoe", "shoe", None, "boot", None])
    np.testing.assert_array_equal(top.indices, [[2, 4], [2, 4], [1, 0], [4, 2], [3, 2]])


def test_where_exclusion_leaves_too_few_the_rest_is_minus_1_and_nan():
    frame = features([[1, 0], [1, 1], [0, 1]])
    top = zapsim.top_k(frame, k=2, exclude=["shoe", "shoe", "boot"])
    np.testing.assert_array_equal(top.indices, [[2, -1], [2, -1], [1, 0]])
    np.testing.assert_array_equal(np.isnan(top.scores), [[0, 1], [0, 1], [0, 0]])
    nobody = zapsim.top_k(frame, k=1, exclude=["same"] * 3)
    np.testing.assert_array_equal(nobody.indices, -1)


def test_exclude_with_keys_is_taken_by_key():
    frame = random_features(30, 8)
    products = pd.Series(np.arange(30) // 3, index=frame.index).astype(str)
    shuffled = products.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(
        zapsim.top_k(frame, 5, exclude=products).indices,
        zapsim.top_k(frame, 5, exclude=shuffled).indices,
    )


def test_arrays_without_keys_are_refused():
    with pytest.raises(TypeError, match="indexed by key.*Received: ndarray"):
        zapsim.top_k(np.eye(3))


@pytest.mark.parametrize("part", [slice(None), slice(2)])
@pytest.mark.parametrize(
    "function",
    [
        zapsim.top_k,
        zapsim.similarity_matrix,
        centred,
        zapsim.map_catalogue,
        lambda matrix: zapsim.reduce(matrix, 2),
        lambda matrix: zapsim.blend({"features": matrix}),
    ],
)
def test_a_similarity_matrix_is_not_taken_for_features(function, part):
    matrix = zapsim.similarity_matrix(COMPASS).iloc[part]
    with pytest.raises(
        ValueError, match=r"a similarity matrix of \d items, .* computed from\. Only"
    ):
        function(matrix)


def test_features_may_be_numbered_in_both_directions():
    numbered = pd.DataFrame(np.eye(3) + 0.1)
    assert zapsim.top_k(numbered, 2).indices.shape == (3, 2)


def test_features_that_are_no_numbers_are_refused():
    words = pd.DataFrame({"x": ["red", "blue"]}, index=["a", "b"])
    with pytest.raises(ValueError, match="features must be numbers .*: could not convert .* 'red'"):
        zapsim.top_k(words)


def test_exclude_must_have_one_value_an_item():
    with pytest.raises(ValueError, match=r"each of the 4 items\. Received: 1 values"):
        zapsim.top_k(COMPASS, exclude=["x"])


def test_a_series_of_other_items_is_refused_and_not_read_by_position():
    frame = features([[1, 0], [1, 1], [0, 1]], ["a", "b", "c"])
    products = pd.Series(["p", "p", "q"], index=["b", "c", "d"], name="Product")
    with pytest.raises(ValueError, match=r"1 of 3 items have no value in Product, such as 'a'"):
        zapsim.top_k(frame, 1, exclude=products)


@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.integers(8, 40))
def test_among_scores_closer_than_float32_tells_the_exact_nearest_are_found(seed, width, n):
    rng = np.random.default_rng(seed)
    near = rng.random(width) * (1 + 1e-6 * rng.standard_normal((n, width)))
    unit = unit_vectors(features(near))
    indices, scores = nearest_to(unit[0], unit, 5)
    exact = exact_scores(unit[0], unit, np.arange(n))
    assert indices.tolist() == np.lexsort((np.arange(n), -exact))[:5].tolist()
    assert (scores == exact[indices]).all()
