"""reduction.py: directions known by eye, scikit-learn as reference, stores larger than a batch."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

import zapsim
from zapsim.io import store as store_module
from zapsim.io.store import FeatureStore
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


def stored(folder, frame, rows=64):
    store = FeatureStore(folder, SETTINGS)
    for start in range(0, len(frame), rows):
        part = frame.iloc[start : start + rows]
        store.write(list(part.index), ["content"] * len(part), part.to_numpy())
    return folder


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


@pytest.mark.parametrize("whole", [True, False], ids=["solved whole", "randomized"])
def test_the_same_features_and_seed_give_the_same_bits_and_signs(monkeypatch, tmp_path, whole):
    monkeypatch.setattr(reduction, "_SOLVED_WHOLE", 2048 if whole else 8)
    frame = spread_features()
    first, second = Reduction(8, seed=3).fit(frame), Reduction(8, seed=3).fit(frame)
    np.testing.assert_array_equal(first.components, second.components)
    largest = np.abs(first.components).argmax(axis=1)
    assert (first.components[np.arange(8), largest] > 0).all()
    streamed = Reduction(8).fit(stored(tmp_path, frame))
    largest = np.abs(streamed.components).argmax(axis=1)
    assert (streamed.components[np.arange(8), largest] > 0).all()


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


@pytest.mark.parametrize("rows", [7, 64, 1000])
def test_a_store_read_shard_by_shard_gives_nearly_the_same(monkeypatch, tmp_path, rows):
    monkeypatch.setattr(reduction, "_BATCH", 120)
    frame = spread_features(n_items=1000).astype(np.float16).astype(np.float32)
    streamed = zapsim.reduce(stored(tmp_path, frame, rows), n=10)
    whole = zapsim.reduce(frame, n=10)
    pd.testing.assert_index_equal(streamed.index, whole.index)
    signs = np.sign((streamed * whole).sum())
    np.testing.assert_allclose((streamed * signs).loc[:, :3], whole.loc[:, :3], atol=0.05)
    mine, theirs = zapsim.top_k(streamed, 10), zapsim.top_k(whole, 10)
    both = [len(np.intersect1d(a, b)) for a, b in zip(mine.indices, theirs.indices, strict=True)]
    assert np.mean(both) > 9


def test_of_a_key_in_several_shards_the_last_counts(tmp_path):
    frame = spread_features(n_items=100).astype(np.float16).astype(np.float32)
    folder = stored(tmp_path, -7 * frame.sample(frac=1, random_state=1))
    stored(folder, frame)
    streamed, clean = zapsim.reduce(folder, n=3), zapsim.reduce(stored(tmp_path / "x", frame), n=3)
    assert len(streamed) == 100
    signs = np.sign((streamed * clean).sum())
    np.testing.assert_allclose(streamed * signs, clean, atol=0.05)


@pytest.mark.parametrize(
    "n_items, sizes", [(59, [59]), (60, [40, 20]), (65, [40, 25]), (80, [40, 40]), (81, [40, 41])]
)
def test_only_a_rest_that_is_too_small_is_joined_to_a_batch(monkeypatch, tmp_path, n_items, sizes):
    """In shards of 8, batches of 2 × 20; a rest below 20 rows would be too few for 20."""
    from sklearn.decomposition import IncrementalPCA

    monkeypatch.setattr(reduction, "_BATCH", 1)
    fitted, fit = [], IncrementalPCA.partial_fit

    def watched(self, values):
        fitted.append(len(values))
        return fit(self, values)

    monkeypatch.setattr(IncrementalPCA, "partial_fit", watched)
    reduced = zapsim.reduce(stored(tmp_path, spread_features(n_items), rows=8), n=20)
    assert reduced.shape == (n_items, 20)
    assert fitted == sizes


def test_a_store_is_never_in_memory_whole(tmp_path, monkeypatch):
    frame = spread_features(n_items=600)
    folder = stored(tmp_path, frame)
    sizes = []
    check = reduction.checked_values

    def watched(values):
        sizes.append(len(values))
        return check(values)

    monkeypatch.setattr(reduction, "checked_values", watched)
    zapsim.reduce(folder, n=5)
    assert max(sizes) <= 64


def test_reducing_a_store_reads_it_three_times(tmp_path, monkeypatch):
    folder = stored(tmp_path, spread_features(n_items=100), rows=50)
    reads, real = [], store_module.pq.read_table

    def counted(path, **options):
        reads.append(path)
        return real(path, **options)

    monkeypatch.setattr(store_module.pq, "read_table", counted)
    zapsim.reduce(folder, n=3)
    assert len(reads) == 3 * 2


def test_rows_of_later_shards_stay_known_when_an_earlier_one_is_damaged_meanwhile(tmp_path):
    frame = spread_features(n_items=90)
    rows = reduction._Rows(stored(tmp_path, frame, rows=30))
    min(tmp_path.iterdir()).write_bytes(b"PAR1")
    seen = []
    with (
        pytest.warns(UserWarning, match="damaged and passed over"),
        pytest.raises(zapsim.StoreError, match=r"60 of 90 items.*changed while .*Run again"),
    ):
        for block in rows.blocks():
            seen += list(block.index)
    assert seen == list(frame.index[30:])


def test_a_store_that_is_damaged_between_fit_and_transform_loses_no_items_silently(
    tmp_path, monkeypatch
):
    folder = stored(tmp_path, spread_features(n_items=90), rows=30)
    fit = Reduction.fit

    def damage_after(self, features):
        fitted = fit(self, features)
        max(folder.iterdir()).write_bytes(b"PAR1")
        return fitted

    monkeypatch.setattr(Reduction, "fit", damage_after)
    with (
        pytest.warns(UserWarning, match="damaged and passed over"),
        pytest.raises(zapsim.StoreError, match=r"60 of 90 items.*Run again"),
    ):
        zapsim.reduce(folder, n=3)


@pytest.mark.parametrize("name", ["part-00000-0.parquet", "part-00009-0.parquet"])
def test_a_shard_that_another_process_adds_meanwhile_waits_for_the_next_time(tmp_path, name):
    frame = spread_features(n_items=90).astype(np.float16).astype(np.float32)
    rows = reduction._Rows(stored(tmp_path / "store", frame, rows=30))
    other = pd.DataFrame(np.zeros((2, 40)), index=[frame.index[40], "new.jpg"])
    (shard,) = stored(tmp_path / "other", other).iterdir()
    shard.rename(tmp_path / "store" / name)
    pd.testing.assert_frame_equal(pd.concat(rows.blocks()), frame, check_names=False)


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


@pytest.mark.parametrize("n", [0, -1, 2.5, True, None])
def test_n_must_be_a_whole_positive_number(n):
    with pytest.raises(ValueError, match=r"n must be a whole number of at least 1\. Received: n="):
        zapsim.reduce(spread_features(), n=n)


def test_more_components_than_there_are_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"30 items of 40 features have at most 30.*n=31"):
        zapsim.reduce(spread_features(n_items=30), n=31)
    with pytest.raises(ValueError, match=r"30 items of 40 features have at most 30.*n=31"):
        zapsim.reduce(stored(tmp_path, spread_features(n_items=30)), n=31)


def test_nan_is_refused_and_the_item_named():
    frame = spread_features(n_items=9)
    frame.iloc[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"1 of 9 feature vectors hold NaN.*item003\.jpg"):
        zapsim.reduce(frame, n=2)


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(zapsim.StoreError, match="No feature store at"):
        zapsim.reduce(tmp_path / "nothing", n=2)


def test_vectors_of_another_length_are_refused():
    fitted = Reduction(2).fit(spread_features())
    with pytest.raises(ValueError, match=r"fitted to vectors of 40 features\. Received: 41"):
        fitted.transform(np.ones(41))


def test_single_vectors_and_arrays_are_transformed_as_the_table_is():
    frame = spread_features()
    fitted = Reduction(4).fit(frame)
    table = fitted.transform(frame).to_numpy()
    np.testing.assert_allclose(fitted.transform(frame.to_numpy()[5]), table[5], atol=1e-5)
    np.testing.assert_allclose(fitted.transform(frame.to_numpy()[:3]), table[:3], atol=1e-5)


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
