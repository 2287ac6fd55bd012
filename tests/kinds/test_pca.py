"""pca.py: directions known by eye, scikit-learn as reference, and pictures searched through it."""

import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

import zapsim
from zapsim.kinds import pca as reduction
from zapsim.kinds.pca import Reduction

SETTINGS = {"extractor": "by hand"}


def features(values, settings=SETTINGS):
    index = pd.Index([f"item{i:03d}.jpg" for i in range(len(values))], name="key")
    frame = pd.DataFrame(np.asarray(values, np.float32), index=index)
    frame.attrs["extractor"] = settings
    return frame


def spread_features(n_items=300, n_features=40, seed=0):
    """Features with a clear order of directions: each spreads 0.8 times as far as the last."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    spread = 0.8 ** np.arange(n_features)
    return features((rng.normal(size=(n_items, n_features)) * spread) @ directions + 1)


def test_points_on_a_line_keep_their_distances_along_it():
    reduced = zapsim.reduce(features([[0, 0, 5], [3, 4, 5], [6, 8, 5], [30, 40, 5]]), n=1)
    steps = np.diff(reduced[0])
    np.testing.assert_allclose(steps, [5, 5, 40], rtol=1e-5)
    assert reduced.shape == (4, 1)


def test_components_are_scikit_learns_up_to_their_fixed_sign():
    frame = spread_features()
    ours = Reduction(n=10).fit(frame)
    theirs = PCA(10, svd_solver="full").fit(frame.to_numpy(np.float64))
    signs = np.sign((ours.components * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(ours.components * signs[:, None], theirs.components_, atol=1e-3)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=1e-3)
    np.testing.assert_allclose(
        ours.transform(frame) * signs, theirs.transform(frame.to_numpy(np.float64)), atol=1e-3
    )


@pytest.mark.parametrize("mean", [100, 1000])
@pytest.mark.parametrize("n_items", [20, 300])
def test_a_mean_far_from_0_costs_nothing(mean, n_items):
    values = spread_features(n_items).to_numpy(np.float64) + mean
    ours, theirs = Reduction(4).fit(features(values)), PCA(4, svd_solver="full").fit(values)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=0.01)
    kept = ours.transform(features(values)).to_numpy(np.float64).var(axis=0).sum()
    assert kept / values.var(axis=0).sum() == pytest.approx(ours.explained.sum(), rel=0.01)


@pytest.mark.parametrize("whole", [True, False], ids=["solved whole", "randomized"])
def test_the_same_features_and_seed_give_the_same_bits_and_signs(monkeypatch, whole):
    monkeypatch.setattr(reduction, "_SOLVED_WHOLE", 2048 if whole else 8)
    frame = spread_features()
    first, second = Reduction(8, seed=3).fit(frame), Reduction(8, seed=3).fit(frame)
    np.testing.assert_array_equal(first.components, second.components)
    largest = np.abs(first.components).argmax(axis=1)
    assert (first.components[np.arange(8), largest] > 0).all()


def test_nothing_is_whitened():
    reduced = zapsim.reduce(spread_features(), n=5).to_numpy()
    assert (np.diff(reduced.std(axis=0)) < 0).all(), "each component keeps its own spread"
    np.testing.assert_allclose(reduced.mean(axis=0), 0, atol=1e-4)


def test_result_is_float32_with_the_same_keys_in_the_same_order():
    frame = spread_features().sample(frac=1, random_state=0)
    reduced = zapsim.reduce(frame, n=4)
    pd.testing.assert_index_equal(reduced.index, frame.index)
    assert (reduced.dtypes == np.float32).all()
    assert list(reduced.columns) == [0, 1, 2, 3]


def test_all_components_change_no_distance():
    frame = spread_features(n_items=60, n_features=12)
    reduced = zapsim.reduce(frame, n=12).to_numpy()
    for a, b in [(0, 1), (5, 40), (59, 3)]:
        before = np.linalg.norm(frame.iloc[a] - frame.iloc[b])
        assert np.linalg.norm(reduced[a] - reduced[b]) == pytest.approx(before, rel=1e-4)


def test_a_vector_of_zeros_stays_without_direction():
    frame = spread_features(n_items=50)
    frame.iloc[7] = 0
    assert (zapsim.reduce(frame, n=3).iloc[7] == 0).all()


def test_items_that_are_all_the_same_have_no_direction_left():
    row = np.random.default_rng(0).random(2048)
    assert not zapsim.reduce(features(np.tile(row, (333, 1))), 20).to_numpy().any()
    # One in three differs, a little more than float16 can tell: that is no rounding.
    differing = np.tile(row, (333, 1))
    differing[::3, 0] *= 1.002
    reduced = zapsim.reduce(features(differing), 20).to_numpy()
    assert (np.linalg.norm(reduced, axis=1) > 0).all()


def test_items_that_are_exactly_the_same_are_reduced_and_kept(tmp_path, recwarn):
    same = features(np.full((9, 4), 0.5))
    fitted = Reduction(2).fit(same)
    assert not fitted.transform(same).to_numpy().any() and not fitted.explained.any()
    fitted.save(tmp_path / "reduction.npz")
    assert repr(Reduction.load(tmp_path / "reduction.npz")) == repr(fitted)
    assert not recwarn.list


@pytest.mark.parametrize("shape", [(60, 16), (16, 60)])
@pytest.mark.parametrize("size", [1e-34, 1e-25, 1e-15, 1e12, 1e20, 1e37])
def test_features_of_any_size_are_reduced_alike(shape, size, recwarn):
    frame = features(np.random.default_rng(0).normal(size=shape))
    sized = features(frame.to_numpy(np.float64) * size)
    usual, fitted = Reduction(4).fit(frame), Reduction(4).fit(sized)
    np.testing.assert_allclose(fitted.components, usual.components, atol=1e-4)
    np.testing.assert_allclose(fitted.explained, usual.explained, rtol=1e-4)
    reduced = fitted.transform(sized).to_numpy(np.float64) / size
    np.testing.assert_allclose(reduced, usual.transform(frame), atol=1e-4)
    assert not recwarn.list


def test_vectors_far_smaller_or_larger_than_the_fitted_ones_are_no_zeros():
    frame = spread_features()
    fitted = Reduction(4).fit(frame)
    values, weights = frame.to_numpy(np.float64), fitted.components.T
    large = fitted.transform(features(values * 1e25)).to_numpy(np.float64) / 1e25
    np.testing.assert_allclose(large, values @ weights, atol=1e-4)
    small = fitted.transform(features(values * 1e-25))
    np.testing.assert_allclose(small, np.tile(-fitted.mean @ weights, (len(frame), 1)), atol=1e-4)


def test_numbers_too_large_to_be_reduced_are_refused(recwarn):
    signs = np.sign(np.random.default_rng(0).normal(size=(30, 20)))
    with pytest.raises(ValueError, match="cannot be reduced.*divide them all by the same large"):
        zapsim.reduce(features(signs * 3e38), 4)
    assert not recwarn.list


@pytest.mark.parametrize("n", [0, -1, 2.5, True, None])
def test_n_must_be_a_whole_positive_number(n):
    with pytest.raises(ValueError, match=r"n must be a whole number of at least 1\. Received: n="):
        zapsim.reduce(spread_features(), n=n)
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
        zapsim.reduce(spread_features(), n=2, seed=n if n != 0 else -1)


def test_more_components_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"30 items of 40 features have at most 30.*n=31"):
        zapsim.reduce(spread_features(n_items=30), n=31)


def test_nan_is_refused_and_the_item_named():
    frame = spread_features(n_items=9)
    frame.iloc[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"1 of 9 rows of features hold NaN.*item003\.jpg"):
        zapsim.reduce(frame, n=2)


@pytest.mark.parametrize("store", ["features", Path("features")])
def test_a_stores_folder_is_to_be_read_first(store):
    for function in (
        zapsim.reduce,
        Reduction(2).fit,
        Reduction(2).fit(spread_features()).transform,
    ):
        with pytest.raises(TypeError, match=r"Received: \w+\. .* zapsim\.load_features\(store\)"):
            function(store)


def test_nothing_is_transformed_before_it_is_fitted():
    reduction = Reduction(2)
    assert repr(reduction) == "PCA to 2 features, not fitted yet"
    for function in (reduction.transform, reduction.extractor):
        with pytest.raises(ValueError, match=r"not fitted yet. Call fit\(features\) first"):
            function(spread_features())


def test_vectors_of_another_length_are_refused():
    fitted = Reduction(2).fit(spread_features())
    with pytest.raises(ValueError, match=r"fitted to vectors of 40 features\. Received: 41"):
        fitted.transform(np.ones(41))


def test_features_of_other_settings_are_refused():
    frame = spread_features()
    fitted = Reduction(4).fit(frame)
    other = features(frame, {"extractor": "by hand", "layer": "fc2"})
    with pytest.raises(ValueError, match=r"fitted to: layer is \(absent\) there and fc2 here\. Ex"):
        fitted.transform(other)
    other.attrs["extractor"] = "fc2"
    with pytest.raises(ValueError, match="they are {'extractor': 'by hand'} there and 'fc2' here"):
        fitted.transform(other)
    with pytest.raises(ValueError, match="extractor is by hand there and VGG16 here"):
        fitted.extractor(zapsim.VGG16Extractor())
    # Vectors of one's own need not say how they were made.
    unknown = features(frame, {})
    for mine in (unknown, unknown.rename(index=str)):
        mine.attrs.pop("extractor", None)
        assert np.array_equal(fitted.transform(mine), fitted.transform(frame))
    assert fitted.transform(other.to_numpy()).shape == (300, 4)
    Reduction(4).fit(unknown).transform(frame)


def test_single_vectors_and_arrays_are_transformed_as_the_table_is():
    frame = spread_features()
    fitted = Reduction(4).fit(frame)
    table = fitted.transform(frame).to_numpy()
    np.testing.assert_allclose(fitted.transform(frame.to_numpy()[5]), table[5], atol=1e-5)
    np.testing.assert_allclose(fitted.transform(frame.to_numpy()[:3]), table[:3], atol=1e-5)


def test_columns_in_another_order_are_the_same_features():
    frame = spread_features()
    fitted = Reduction(4).fit(frame)
    moved = frame.sample(frac=1, axis=1, random_state=0)
    pd.testing.assert_frame_equal(fitted.transform(moved), fitted.transform(frame))


def test_reduced_features_survive_parquet_and_say_what_they_are(tmp_path):
    reduced = zapsim.reduce(spread_features(), n=4)
    reduced.columns = reduced.columns.astype(str)
    reduced.to_parquet(tmp_path / "reduced.parquet")
    settings = pd.read_parquet(tmp_path / "reduced.parquet").attrs["extractor"]
    assert settings == json.loads(json.dumps(reduced.attrs["extractor"]))
    assert (settings["reduction"], settings["n"], settings["of"]) == ("PCA", 4, SETTINGS)


@pytest.fixture(scope="module")
def minizap():
    """MiniZap, its features reduced, and what reduced them."""
    whole = zapsim.load_features()
    fitted = Reduction(n=64).fit(whole)
    return zapsim.load_catalogue(), whole, fitted


def test_a_new_picture_is_not_compared_by_unreduced_features(minizap):
    catalogue, whole, fitted = minizap
    predictor = zapsim.SimilarityPredictor(catalogue, fitted.transform(whole))
    with pytest.raises(ValueError, match="Give the extractor that made them"):
        predictor.similar_to(catalogue.picture(catalogue.keys[0]))
    with pytest.raises(ValueError, match="another extractor"):
        zapsim.SimilarityPredictor(catalogue, fitted.transform(whole), zapsim.VGG16Extractor())


def test_a_picture_searched_through_the_reduction_finds_itself(minizap):
    catalogue, whole, fitted = minizap
    predictor = zapsim.SimilarityPredictor(
        catalogue, fitted.transform(whole), extractor=fitted.extractor()
    )
    key = catalogue.keys[100]
    found = predictor.similar_to(catalogue.picture(key), k=1)
    assert found.loc[0, "key"] == key
    assert found.loc[0, "score"] > 0.999


def test_an_eighth_of_the_numbers_keep_minizaps_precision(minizap):
    catalogue, whole, _ = minizap
    table = catalogue.table.loc[whole.index]

    def precision(frame):
        neighbours = zapsim.top_k(frame, 5, exclude=table["Product"])
        return zapsim.precision_at_k(neighbours, table["SubCategory"])

    reduced = precision(zapsim.reduce(whole, n=256))
    print(f"\nMiniZap P@5: {precision(whole):.4f} of 2,048 numbers, {reduced:.4f} of 256")
    assert reduced >= precision(whole) - 0.005


def test_what_was_fitted_is_kept(minizap, tmp_path):
    _, whole, fitted = minizap
    fitted.save(tmp_path / "reduction.npz")
    kept = Reduction.load(tmp_path / "reduction.npz")
    assert repr(kept) == repr(fitted) and kept.settings == fitted.settings
    pd.testing.assert_frame_equal(kept.transform(whole), fitted.transform(whole))
    with pytest.raises(ValueError, match="not fitted yet"):
        Reduction(4).save(tmp_path / "reduction.npz")
    assert Reduction.load(tmp_path / "reduction.npz").n == fitted.n


@pytest.mark.parametrize(
    "names",
    [
        range(4),
        range(3, -1, -1),
        range(0, 8, 2),
        [10, 2, 7, 1],
        list("abcd"),
        list("1032"),
        pd.CategoricalIndex(list("abcd")),
    ],
    ids=str,
)
def test_a_kept_reduction_takes_columns_by_their_names(names, tmp_path):
    frame = spread_features(20, 4).set_axis(names, axis=1)
    fitted = Reduction(3).fit(frame)
    fitted.save(tmp_path / "reduction.npz")
    kept = Reduction.load(tmp_path / "reduction.npz")
    for seed in range(5):
        moved = frame.sample(frac=1, axis=1, random_state=seed)
        pd.testing.assert_frame_equal(kept.transform(moved), fitted.transform(frame))


@pytest.mark.parametrize(
    "names",
    [
        pd.date_range("2020", periods=4),
        [0.5, 1.5, 2.5, 3.5],
        ["a", 1, 2, 3],
        pd.Index([True, False, 2, 3], dtype=object),
    ],
    ids=["dates", "fractions", "mixed", "truths"],
)
def test_a_reduction_whose_columns_cannot_be_kept_is_not_saved(names, tmp_path):
    fitted = Reduction(3).fit(spread_features(20, 4).set_axis(names, axis=1))
    with pytest.raises(ValueError, match=r"Name those of the features by text.*\.map\(str\)"):
        fitted.save(tmp_path / "reduction.npz")
    assert not any(tmp_path.iterdir())


def _resaved(path, change):
    """Write a kept reduction again, its arrays changed, and what it says of them right."""
    kept = dict(np.load(path))
    kept["components"] = change(kept["components"])
    said = json.loads(str(kept["said"]))
    digest = hashlib.sha256(kept["mean"].tobytes() + kept["components"].tobytes()).hexdigest()
    said["settings"]["components"] = f"sha256:{digest[:16]}"
    np.savez(path, **kept | {"said": json.dumps(said)})


def _said_anew(path, of):
    """Write a kept reduction again that says it is of other features; None is left out."""
    kept = dict(np.load(path))
    said = json.loads(str(kept["said"]))
    del said["settings"]["of"]
    if of is not None:
        said["settings"]["of"] = of
    np.savez(path, **kept | {"said": json.dumps(said)})


def _explained(path, shares):
    np.savez(path, **dict(np.load(path)) | {"explained": np.array(shares, np.float32)})


def _marked(path, in_file, in_list, value):
    """Change a byte of all entries of a zip: where each stands, and in the list at its end."""
    data = bytearray(path.read_bytes())
    for head, place in ((b"PK\3\4", in_file), (b"PK\1\2", in_list)):
        for found in re.finditer(head, data):
            data[found.start() + place] = value
    path.write_bytes(data)


@pytest.mark.parametrize(
    "harm",
    [
        # Zips that are encrypted, in two ways; patched; and of a version to come.
        lambda path: _marked(path, 6, 8, 1),
        lambda path: _marked(path, 6, 8, 64),
        lambda path: _marked(path, 6, 8, 32),
        lambda path: _marked(path, 4, 6, 255),
        lambda path: np.savez(path, **dict(np.load(path)) | {"said": "[" * 100_000}),
        lambda path: _resaved(path, lambda components: components + 1j),
        lambda path: _resaved(path, lambda components: components.astype(str)),
        lambda path: _resaved(path, lambda components: components > 0),
        lambda path: _resaved(path, lambda components: components * np.nan),
        lambda path: _said_anew(path, None),
        lambda path: _said_anew(path, "fc1"),
        lambda path: _said_anew(path, []),
        lambda path: _explained(path, [50, 20, 7.94]),
        lambda path: _explained(path, [0.5, 0.5, 0.5]),
        lambda path: _explained(path, [0.5, 0.2, -0.1]),
    ],
    ids=[
        *["encrypted", "strongly", "patched", "new", "deep", "complex", "text", "truths", "nan"],
        *["of nothing", "of a text", "of a list", "7,794 %", "150 %", "less than nothing"],
    ],
)
def test_no_harm_to_a_kept_reduction_is_a_raw_error(harm, tmp_path):
    path, fitted = tmp_path / "reduction.npz", Reduction(3).fit(spread_features(20, 4))
    fitted.save(path)
    _resaved(path, lambda components: components)
    assert Reduction.load(path).settings == fitted.settings
    harm(path)
    with pytest.raises(ValueError, match=r"is damaged, or was not written by Reduction\.save"):
        Reduction.load(path)


def test_a_kept_reduction_that_is_damaged_is_refused(minizap, tmp_path):
    *_, fitted = minizap
    path = tmp_path / "reduction.npz"
    with pytest.raises(FileNotFoundError):
        Reduction.load(path)
    fitted.save(path)
    data = path.read_bytes()
    ends = np.linspace(0, len(data) - 1, 30).astype(int)
    flipped = (data[:end] + bytes([data[end] ^ 16]) + data[end + 1 :] for end in ends)
    kept = dict(np.load(path))
    others = ({"said": np.array([{}], object)}, {"mean": kept["mean"][:-1]}, {"said": "1"})
    said = json.loads(str(kept["said"]))
    others += tuple({"said": json.dumps(said | {"columns": names})} for names in (None, [None], 3))
    for other in others:
        with io.BytesIO() as made:
            np.savez(made, **kept | other)
            path.write_bytes(made.getvalue())
        with pytest.raises(ValueError, match=r"is damaged, or was not written by Reduction\.save"):
            Reduction.load(path)
    np.savez_compressed(path, **kept)
    with pytest.raises(ValueError, match="is damaged"):
        Reduction.load(path)
    n_refused = 0
    for damaged in (*flipped, *(data[:end] for end in ends)):
        path.write_bytes(damaged)
        try:
            same = Reduction.load(path)
        except ValueError:
            n_refused += 1
        else:
            # Where a zip keeps what nobody reads.
            assert np.array_equal(same.components, fitted.components)
    assert n_refused > 50
