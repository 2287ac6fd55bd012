"""similarity.py: known answers by eye, properties, scikit-learn and the article as references."""

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim import similarity
from zapsim.similarity import nearest, unit_vectors


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
def test_matrix_is_symmetric_bounded_and_has_a_unit_diagonal(values):
    matrix = zapsim.similarity_matrix(features(values)).to_numpy()
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
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


def test_zero_vector_scores_0_with_all_others_and_1_with_itself():
    frame = features([[0, 0], [1, 2], [0, 0]])
    np.testing.assert_array_equal(
        zapsim.similarity_matrix(frame), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    )
    top = zapsim.top_k(frame, k=2)
    np.testing.assert_array_equal(top.scores, 0)
    np.testing.assert_array_equal(top.indices, [[1, 2], [0, 2], [0, 1]])


@pytest.mark.parametrize("function", [zapsim.similarity_matrix, zapsim.top_k])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_and_the_item_is_named(function, bad):
    frame = random_features(5, 4)
    frame.iloc[3, 1] = bad
    with pytest.raises(ValueError, match=r"1 of 5 feature vectors hold NaN.*item003\.jpg"):
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


def test_matrix_survives_saving_and_loading(tmp_path):
    matrix = zapsim.similarity_matrix(
        features(np.eye(3), ["Schuhe/ärmel.jpg", "a b.jpg", "<x>.jpg"])
    )
    path = tmp_path / "new" / "matrix.parquet"
    zapsim.save_matrix(matrix, path)
    loaded = zapsim.load_matrix(path)
    pd.testing.assert_frame_equal(loaded, matrix, check_names=False)
    assert path.read_bytes()[:4] == b"PAR1", "Parquet, not a pickle"
    assert [file.name for file in path.parent.iterdir()] == ["matrix.parquet"]


def test_saving_refuses_a_table_that_is_no_similarity_matrix(tmp_path):
    with pytest.raises(ValueError, match="same keys on both axes"):
        zapsim.save_matrix(COMPASS, tmp_path / "matrix.parquet")


def test_loading_refuses_features_and_foreign_files(tmp_path):
    from zapsim.store import write_vectors

    write_vectors(tmp_path / "features.parquet", ["a", "b"], np.zeros((2, 3), np.float32))
    with pytest.raises(zapsim.StoreError, match="2 vectors of 3 numbers"):
        zapsim.load_matrix(tmp_path / "features.parquet")
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(zapsim.StoreError, match=r"text\.parquet is not a Parquet file"):
        zapsim.load_matrix(tmp_path / "text.parquet")
    with pytest.raises(FileNotFoundError):
        zapsim.load_matrix(tmp_path / "missing.parquet")


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


@pytest.mark.parametrize("block_bytes", [1, 4 * 1500 * 7, 10**9])
def test_no_block_size_changes_the_result_not_even_among_twins(monkeypatch, block_bytes):
    frame = random_features(1500, 40)
    # Many exact twins, far apart: their order must not depend on how the blocks fall.
    frame.iloc[700:1000] = frame.iloc[0:300].to_numpy()
    frame.iloc[1200:1500] = frame.iloc[0:300].to_numpy()
    monkeypatch.setattr(similarity, "_BLOCK_BYTES", block_bytes)
    subset = frame if block_bytes > 1 else frame.iloc[:300]
    expected, exact = reference_neighbours(subset, 5)
    top = zapsim.top_k(subset, 5)
    np.testing.assert_array_equal(top.indices, expected)
    np.testing.assert_array_equal(top.scores, np.take_along_axis(exact, expected, axis=1))


def test_the_short_cut_for_large_catalogues_loses_no_neighbour():
    frame = random_features(3000, 16, seed=3)
    assert len(frame) // similarity._GROUP >= 4 * 10, "large enough for groups to be used"
    expected, _ = reference_neighbours(frame, 10)
    np.testing.assert_array_equal(zapsim.top_k(frame, 10).indices, expected)


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


def test_exclude_must_have_one_value_an_item():
    with pytest.raises(ValueError, match=r"each of the 4 items\. Received: 1 values"):
        zapsim.top_k(COMPASS, exclude=["x"])
