"""The index in LanceDB: exact scores, filters, changes, and what is refused."""

import json
import shutil
import warnings
from contextlib import contextmanager
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import zapsim
from zapsim.io.bundled import MINIZAP_FEATURES
from zapsim.kinds.pca import Reduction
from zapsim.scale import FeatureIndex, IndexPredictor, build_index, predictor
from zapsim.scale import index as index_module

lancedb = pytest.importorskip("lancedb", reason="needs LanceDB: pip install -e .[scale]")

HOSTILE = ["x' OR 1=1 --", "\\", "\\' OR 1=1 --", "'; DROP TABLE features; --", '"', "`", "%", "]"]


@pytest.fixture(scope="module")
def catalogue():
    return zapsim.load_catalogue()


@pytest.fixture(scope="module")
def features():
    return zapsim.load_features()


@pytest.fixture(scope="module")
def exact(catalogue, features):
    return zapsim.SimilarityPredictor(catalogue, features)


@pytest.fixture(scope="module", params=["compared", "indexed"])
def index(request, catalogue, features, tmp_path_factory):
    """MiniZap, all compared; and through an approximate index, as large tables are."""
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "indexed":
            patched.setattr(index_module, "_FEWEST", 100)
        yield build_index(features, tmp_path_factory.mktemp("index"), catalogue)


@pytest.fixture
def own(catalogue, features, tmp_path):
    """A small one, to be changed."""
    return build_index(features.iloc[:20], tmp_path / "own", catalogue.subset(features.index[:20]))


def test_search_finds_what_exact_search_finds(index, features, exact):
    for key in features.index[::41]:
        found = index.search(features.loc[key].to_numpy(), 6)
        wanted = exact.similar_to(features.loc[key].to_numpy(), 6)
        assert found["key"].tolist() == wanted["key"].tolist()
        assert np.array_equal(found["score"], wanted["score"])


@pytest.mark.parametrize("share, few", [(2, 0), (100, 0), (100, 20_000), (300, 0)])
def test_filtered_search_is_exact_search_under_the_same_filter(
    catalogue, features, tmp_path, monkeypatch, share, few
):
    monkeypatch.setattr(index_module, "_FEWEST", 100)
    monkeypatch.setattr(index_module, "_FEW", few)
    numbered = np.arange(len(catalogue))
    mixed = zapsim.load_catalogue()
    mixed.table["Pick"] = np.where(numbered % share == 1, "in; a 'few'", "out")
    built = build_index(features, tmp_path, mixed)
    exact = zapsim.SimilarityPredictor(mixed, features)
    for key in features.index[::100]:
        vector = features.loc[key].to_numpy()
        wanted = exact.similar_to(vector, 5, where={"Pick": "a 'few'"})
        found = built.search(vector, 5, where={"Pick": "a 'few'"})
        assert found["key"].tolist() == wanted["key"].tolist()
        assert np.array_equal(found["score"], wanted["score"])


def test_filters_mean_what_they_mean_elsewhere(index, features, exact):
    vector, n = features.iloc[0].to_numpy(), len(features)
    for where in (
        {"Gender": "Women"},
        {"Category": ["Boots", "Sandals"], "Gender": "Women"},
        {"Gender": exact.table["Gender"].iloc[-1]},
        {},
    ):
        assert {*index.search(vector, n, where)["key"]} == {*exact.matching(where)}


def test_equal_numbers_and_days_are_equal_however_they_are_written(catalogue, features, tmp_path):
    few = catalogue.subset(features.index[:6])
    few.table["Size"] = [38, 38, 39, 40, 41, 38]
    few.table["Added"] = ["2026-01-02", None, *["2026-01-02"] * 4]
    day = pd.Timestamp("2026-01-02")
    values, exact = features.iloc[:6], zapsim.SimilarityPredictor(few, features.iloc[:6])
    index = build_index(values, tmp_path, few)
    for where, n in [({"Size": 38}, 3), ({"Size": np.float64(38)}, 3), ({"Size": "38"}, 3)] + [
        ({"Added": added}, 5) for added in (day, "2026-01-02", day.date())
    ]:
        found = index.search(values.iloc[0].to_numpy(), 6, where)["key"]
        assert {*found} == {*exact.matching(where)} and len(found) == n


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_values(index, features, catalogue, tmp_path, value):
    vector = features.iloc[0].to_numpy()
    assert index.search(vector, 5, {"Brand": value}).empty
    assert index.search(vector, 5, {"Brand": [value, "Bellweather"]})["key"].size == 5
    # In the data, they are found.
    odd = catalogue.subset(catalogue.keys[:3])
    odd.table["Brand"] = [value, "plain", "other"]
    built = build_index(features.iloc[:3], tmp_path, odd)
    assert built.search(vector, 5, {"Brand": value})["key"].tolist() == [odd.keys[0]]
    assert built.remove([value]) == 0 and len(built) == 3


def test_an_unknown_column_or_an_unfit_vector_is_said(index, features):
    vector = features.iloc[0].to_numpy()
    with pytest.raises(KeyError, match=r"No column 'Brnd' to filter by. The index has: Category"):
        index.search(vector, where={"Brnd": "x"})
    with pytest.raises(TypeError, match="where"):
        index.search(vector, where="Brand = 'x'")
    with pytest.raises(ValueError, match="512"):
        index.search(vector[:512])
    with pytest.raises(ValueError, match="NaN or infinity"):
        index.search(np.full(2048, np.nan))


def test_a_table_of_somebody_else_s_is_not_replaced(features, tmp_path):
    theirs = lancedb.connect(tmp_path).create_table("features", pa.table({"mine": ["precious"]}))
    with pytest.raises(ValueError, match="'features' that zapsim did not make, of mine. Give ano"):
        build_index(features, tmp_path)
    theirs.checkout_latest()
    assert theirs.to_arrow()["mine"].to_pylist() == ["precious"]
    assert len(theirs.list_versions()) == 1


def test_items_are_added_replaced_and_removed(own, catalogue, features):
    keys = features.index
    own.add(features.iloc[20:25], catalogue)
    assert list(own.keys) == list(keys[:25])
    changed = features.iloc[[3]].set_axis([keys[7]])
    changed.attrs = features.attrs
    own.add(changed, catalogue)
    assert len(own) == 25 and np.array_equal(own.vectors([keys[7]]), features.iloc[[3]])
    assert own.search(features.iloc[3].to_numpy(), 2)["key"].tolist() == [keys[3], keys[7]]
    assert own.remove([keys[3], "unknown"]) == 1
    own.clean()
    assert len(FeatureIndex(own.address)) == 24
    assert own.search(features.iloc[3].to_numpy(), 1)["key"].tolist() == [keys[7]]
    with pytest.raises(KeyError, match="1 keys are not in the index"):
        own.vectors([keys[3]])


@pytest.fixture(params=["compared", "indexed"])
def several(request, monkeypatch, tmp_path):
    """Three that opened the same index of nine items; all compared, and with its keys indexed."""
    monkeypatch.setattr(index_module, "_FEWEST", 10_000 if request.param == "compared" else 5)
    with warnings.catch_warnings():
        # LanceDB's k-means has few to train with.
        warnings.simplefilter("ignore")
        build_index(_numbers(9, 0), tmp_path)
    return [FeatureIndex(tmp_path) for _ in range(3)]


def test_one_key_is_there_once_whoever_added_it(several):
    first, second, third = several
    new = _numbers(12, 1).tail(4)
    for one in (first, second):
        one.add(new)
    assert list(FeatureIndex(first.address).keys) == list(_numbers(12, 0).index)
    assert second.remove([new.index[0]]) == 1
    # Two of these are there, and one is gone.
    assert third.remove(new.index[:3]) == 2 and len(third) == 9


def test_a_key_is_there_once_where_several_add_it_at_the_same_time(several, monkeypatch):
    new = _numbers(12, 1).tail(3)
    # All saw the same version before any of them wrote.
    monkeypatch.setattr(FeatureIndex, "_renew", lambda self: None)
    for one in several:
        one.add(new)
    index = FeatureIndex(several[0].address)
    assert list(index.keys) == list(_numbers(12, 0).index)
    assert np.array_equal(index.vectors(new.index), new)


def test_who_opened_an_index_before_it_was_built_anew_writes_to_the_new_one(several):
    before, *_ = several
    other = _numbers(5, 1)
    other.attrs["extractor"] = {"layer": "fc2"}
    build_index(other, before.address)
    with pytest.raises(ValueError, match=r"layer is fc2 there and \(absent\) here"):
        before.add(_numbers(9, 0))
    before.add(other.set_axis(["a", "b", "c", "d", "e"]))
    assert len(before) == len(FeatureIndex(before.address)) == 10
    assert before.settings == {"layer": "fc2"}


def test_a_snapshot_is_not_written_to(own, features):
    still = own.snapshot()
    for write in (
        lambda: still.add(features),
        lambda: still.remove([features.index[0]]),
        still.clean,
    ):
        with pytest.raises(ValueError, match="A snapshot stays as it is. Change the index itself"):
            write()
    assert len(still) == len(FeatureIndex(own.address)) == 20


def test_what_shows_a_version_that_was_deleted_says_so(own, catalogue, features):
    key = features.index[3]
    still, other = own.snapshot(), FeatureIndex(own.address)
    shown = IndexPredictor(catalogue.subset(own.keys), own)
    own.remove(features.index[10:20])
    # A week is not over.
    own.clean()
    assert len(shown.similar(key)) == 5 and len(still.keys) == 20
    with warnings.catch_warnings():
        # LanceDB says that this ends what others show.
        warnings.simplefilter("ignore")
        own.clean(0)
    vector = features.loc[key].to_numpy()
    for read in (
        lambda: shown.similar(key),
        lambda: still.keys,
        lambda: still.search(vector),
        lambda: still.nearest_rows(vector, 3),
        lambda: still.unit_vectors([1]),
        lambda: still.vectors([key]),
        lambda: other.search(vector, where={"Gender": "Women"}),
        other.snapshot,
    ):
        with pytest.raises(zapsim.StoreError, match=r"that version was deleted: open it again"):
            read()
    # Who writes goes on with the newest.
    assert other.remove([key]) == 1 and len(other.keys) == 9


def test_a_catalogue_without_a_column_of_the_index_is_named(own, catalogue, features):
    fewer = zapsim.load_catalogue()
    del fewer.table["Brand"]
    with pytest.raises(ValueError, match="give the catalogue of.* Yours has no column 'Brand'"):
        own.add(features.iloc[20:25], fewer)
    assert len(own) == 20


def test_what_another_extractor_made_is_refused(own, catalogue, features, exact):
    other = features.iloc[:5].copy()
    other.attrs["extractor"] = features.attrs["extractor"] | {"grid": 1}
    for change in (
        lambda: own.add(other, catalogue),
        lambda: build_index([features.iloc[5:20], other], own.address, catalogue),
        lambda: build_index([features.iloc[:9], features.iloc[8:20]], own.address, catalogue),
        lambda: build_index(features, own.address, catalogue.subset(features.index[:20])),
    ):
        with pytest.raises(ValueError, match="other settings|features twice|give the catalogue"):
            change()
    # What was there is still there.
    assert len(FeatureIndex(own.address)) == 20
    with pytest.raises(ValueError, match="another extractor"):
        IndexPredictor(
            catalogue.subset(own.keys), own, extractor=zapsim.VGG16Extractor(image_size=96)
        )


def test_features_are_shortened_on_their_way(catalogue, features, tmp_path):
    reduction = Reduction(64).fit(features.iloc[:200])
    short = build_index(MINIZAP_FEATURES, tmp_path, catalogue, reduction=reduction)
    assert short.n_features == 64 and short.settings == reduction.settings
    near = IndexPredictor(catalogue, short, reduction.extractor())
    wanted = zapsim.SimilarityPredictor(catalogue, reduction.transform(features))
    key = features.index[300]
    # The index keeps float16.
    assert np.allclose(near.similar(key, 5)["score"], wanted.similar(key, 5)["score"], atol=2e-3)
    mine = catalogue.picture(key)
    assert near.similar_to(mine, 5)["key"].iloc[0] == key


def test_features_of_other_settings_are_not_shortened_as_if_they_were_the_first_ones(tmp_path):
    first, other = _numbers(50, 0), _numbers(50, 1).add_prefix("x", axis=0)
    first.attrs["extractor"], other.attrs["extractor"] = {"layer": "fc1"}, {"layer": "fc2"}
    reduction = Reduction(4).fit(first)
    with pytest.raises(ValueError, match="layer is fc1 there and fc2 here"):
        build_index([first, other], tmp_path, reduction=reduction)
    assert len(build_index([first], tmp_path, reduction=reduction)) == 50


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: pd.concat([f, f.head(1)]), "more than once, such as '0000.png'"),
        (lambda f: [f, f.head(1)], "features twice for '0000.png'"),
        (lambda f: f.rename(index={"0000.png": "ü", "0001.png": "u\u0308"}), "twice for 'ü'"),
        (zapsim.similarity_matrix, "Received: a similarity matrix"),
        (lambda f: f * 1e-9, "float16, which cannot hold those of 9 items, such as '0000.png'"),
        (lambda f: f * 1e-6, "float16, which cannot hold"),
        (lambda f: f * 1e6, "float16, which cannot hold"),
        (lambda f: f * 1j, "complex"),
        (lambda f: f.set_axis(pd.date_range("2020", periods=8), axis=1), "named by texts, or all"),
        (lambda f: f.iloc[:, :0], "neither of them 0"),
        (lambda f: [f, f.iloc[:, :4].add_prefix("y", axis=0)], "takes 8 numbers .* Received: 4"),
        (lambda f: f.set_axis(pd.Index(["\ud800", *f.index[1:]], dtype=object)), "half a letter"),
        (lambda f: f.set_axis(range(9)), "must be the key of one item.* Received: 0"),
        (lambda f: f.set_axis([None, *f.index[1:]]), "must be the key of one item"),
        (lambda f: f.to_numpy(), "must be a pandas.DataFrame"),
        (lambda f: [1], "must be a pandas.DataFrame"),
        (lambda f: None, "features must be a DataFrame, several"),
    ],
)
def test_what_an_index_cannot_hold_is_refused(tmp_path, change, said):
    with pytest.raises((ValueError, TypeError), match=said):
        build_index(change(_numbers(9, 0)), tmp_path)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda i: i.remove("bad"), "keys must be a list, .* Received: 'bad'"),
        (lambda i: i.remove([None]), "Received: None"),
        (lambda i: i.vectors(None), "keys must be a list"),
        (lambda i: i.vectors(["\ud800"]), "half a letter"),
        (lambda i: i.add(None), "must be a pandas.DataFrame"),
        (lambda i: i.clean(-5), "days must be a number from 0"),
        (lambda i: i.clean("7"), "days must be a number from 0"),
        (lambda i: i.nearest_rows(np.ones(8), 0), "n must be a whole number"),
        (lambda i: i.nearest_rows(np.ones(3), 1), "has 3 features"),
        (lambda i: i.unit_vectors([-1]), "rows must be numbers of rows"),
        (lambda i: i.unit_vectors([10**9]), "1 rows are not in the index"),
        (lambda i: i.search(np.ones(8), where={"Brand": "x"}), "No column 'Brand'"),
        (lambda i: i.search(np.ones(8), where="Brand"), "where must be a dict, .*'Brand'"),
        (lambda i: i.search(np.ones(8), where=""), "where must be a dict, .*''"),
        (lambda i: i.search(np.ones(8), where=[]), r"where must be a dict, .*\[\]"),
        (lambda i: FeatureIndex(None), "address must be the path"),
    ],
)
def test_wrong_values_are_named_and_change_nothing(tmp_path, call, said):
    index = build_index(_numbers(9, 0).set_axis([*"abcdefghi"]), tmp_path)
    with pytest.raises((ValueError, TypeError, KeyError), match=said):
        call(index)
    assert len(index) == 9


def test_numbers_may_be_large_and_of_any_kind(tmp_path):
    index = build_index(_numbers(9, 0), tmp_path)
    for k, effort in ((2**31 - 1, 2**31 - 1), (np.uint8(200), np.int8(100))):
        assert len(index.search(np.ones(8), k, effort=effort)) == 9


@pytest.mark.parametrize("n_features", [1, 7, 8, 30, 50])
def test_short_codes_are_made_of_vectors_of_any_length(tmp_path, monkeypatch, n_features):
    monkeypatch.setattr(index_module, "_FEWEST", 100)
    values = np.random.default_rng(0).normal(size=(300, n_features)).astype(np.float32)
    features = pd.DataFrame(values, [f"{n:04}.png" for n in range(300)])
    index = build_index(features, tmp_path, kind="IVF_PQ")
    best = index.search(values[0], 1)["score"][0]
    assert best == pytest.approx(1, abs=1e-3)


def test_items_of_zeros_are_named_for_they_are_not_found(tmp_path):
    features = _numbers(9, 0)
    features.iloc[5] = 0
    with pytest.warns(UserWarning, match="1 items are all zeros, such as those of '0005.png'") as s:
        index = build_index(features, tmp_path)
    assert s[0].filename == __file__ and len(index.search(np.ones(8), 9)) == 8
    with pytest.warns(UserWarning, match="such as those of '0003.png'") as s:
        index.add(features.iloc[[5]].set_axis(["0003.png"]))
    assert s[0].filename == __file__


@pytest.mark.parametrize("kind", ["IVF_PQ", "IVF_HNSW_SQ"])
@pytest.mark.parametrize("n_others", [0, 10])
def test_where_most_are_zeros_all_are_compared(tmp_path, monkeypatch, kind, n_others):
    monkeypatch.setattr(index_module, "_FEWEST", 100)
    features = _numbers(300, 0)
    features.iloc[n_others:] = 0
    with pytest.warns(UserWarning, match=f"{300 - n_others} items are all zeros"):
        index = build_index(features, tmp_path, kind=kind)
    assert len(index) == 300 and len(index.search(np.ones(8), 300)) == n_others


def test_where_no_index_can_be_made_it_is_said_what_is_there(tmp_path, monkeypatch):
    build_index(_numbers(9, 0), tmp_path)
    # Zeros are indexed after all, which fails.
    monkeypatch.setattr(index_module, "_FEWEST", 0)
    said = "new features are there, and every search compares them all. Free some space"
    with pytest.raises(zapsim.TransferError, match=said):
        build_index(_numbers(300, 1) * 0, tmp_path)
    index = FeatureIndex(tmp_path)
    assert len(index) == 300 and not index.vectors(index.keys).any()
    index.add(_numbers(1, 1))
    assert index.search(np.ones(8), 1)["key"].tolist() == ["0000.png"]


def test_columns_in_another_order_are_put_in_the_first_ones(tmp_path):
    features, turned = _numbers(9, 0), [*range(7, -1, -1)]
    index = build_index([features.head(4), features.loc[:, turned].tail(5)], tmp_path)
    assert np.array_equal(index.vectors(features.index), features)
    found = index.search(features.iloc[3][turned], 1)
    assert found["key"].tolist() == ["0003.png"]


def _named(n, seed):
    return _numbers(n, seed).set_axis(["e1", "e0", "e10", "e2", "e3", "e4", "e5", "e6"], axis=1)


def test_columns_in_another_order_are_known_by_their_names_ever_after(tmp_path):
    features = _named(9, 0)
    other = features[sorted(features.columns)]
    built = build_index(features.head(4), tmp_path)
    for index, new in ((built, other.iloc[4:6]), (FeatureIndex(tmp_path), other.iloc[6:])):
        index.add(new)
        assert list(index.feature_names) == list(features.columns)
        assert list(index.snapshot().feature_names) == list(features.columns)
    assert np.array_equal(index.vectors(features.index), features)
    for key in features.index:
        found = index.search(other.loc[key], 1)
        assert found["key"].tolist() == [key] and found["score"][0] == pytest.approx(1)
    with pytest.raises(ValueError, match="1 of 8 features are not among the names"):
        index.add(other.rename(columns={"e0": "x"}))


def test_a_predictor_takes_a_series_by_the_names_of_the_features(catalogue, features, tmp_path):
    named = features.iloc[:50].add_prefix("e")
    some = catalogue.subset(named.index)
    found = IndexPredictor(some, build_index(named, tmp_path, some))
    query = named.iloc[7][sorted(named.columns)]
    wanted = zapsim.SimilarityPredictor(some, named).similar_to(query)
    pd.testing.assert_frame_equal(found.similar_to(query), wanted)


def _said_otherwise(address, change):
    """Write a table again, with other words about it."""
    table = FeatureIndex(address)._table
    about = change(json.loads(table.schema.metadata[b"zapsim"]))
    rows = table.to_arrow().replace_schema_metadata({"zapsim": json.dumps(about)})
    index_module._connect(address, None).create_table("features", rows, mode="overwrite")


@pytest.mark.parametrize("names", [None, 3, [], ["e0"], [0.5] * 8, [None] * 8, [[]] * 8])
def test_a_table_whose_names_are_damaged_is_no_index(tmp_path, names):
    build_index(_named(9, 0), tmp_path)
    _said_otherwise(tmp_path, lambda about: about | {"names": names})
    with pytest.raises(ValueError, match=r"No index of features at .*Make one"):
        FeatureIndex(tmp_path)


def test_a_table_that_does_not_name_its_columns_is_no_index(tmp_path):
    build_index(_named(9, 0), tmp_path)
    _said_otherwise(tmp_path, lambda about: {n: about[n] for n in ("settings", "columns")})
    with pytest.raises(ValueError, match=r"No index of features at .*'names'.*Make one"):
        FeatureIndex(tmp_path)


def test_accents_may_be_decomposed(tmp_path, catalogue, features):
    nord = features[features.index.str.contains("Château Nord")].head(5)
    mac = nord.set_axis([normalize("NFD", key) for key in nord.index])
    mac.attrs = nord.attrs
    index = build_index(mac, tmp_path / "a", catalogue.subset(nord.index))
    assert list(index.keys) == list(nord.index)
    value = normalize("NFD", "Château Nord")
    assert len(index.search(nord.iloc[0].to_numpy(), where={"Brand": value})) == 5
    assert np.array_equal(index.vectors(mac.index), nord) and index.remove(mac.index) == 5
    alone = build_index(mac, tmp_path / "b")
    assert list(alone.keys) == list(nord.index) and alone.remove(mac.index) == 5


def test_there_is_no_index_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"No index of features at .*build_index"):
        FeatureIndex(tmp_path)
    with pytest.raises(ValueError, match="no features"):
        build_index([], tmp_path)
    with pytest.raises(ValueError, match="needs the catalogue"):
        build_index(MINIZAP_FEATURES, tmp_path)


def test_items_without_features_are_counted_and_named(catalogue, tmp_path):
    shutil.copytree(MINIZAP_FEATURES, tmp_path / "store")
    shards = sorted((tmp_path / "store").glob("part-*"))
    shards[0].unlink()
    rest = zapsim.load_features(tmp_path / "store")
    n, first = len(catalogue) - len(rest), catalogue.keys[~catalogue.keys.isin(rest.index)][0]
    with pytest.warns(UserWarning, match=f"{n:,} of 615 items have no features.*'{first}'"):
        built = build_index(tmp_path / "store", tmp_path / "index", catalogue)
    assert list(built.keys) == list(rest.index)
    with pytest.warns(UserWarning, match=f"{n:,} of 615 items are not in the index.*'{first}'"):
        found = IndexPredictor(catalogue, built)
    assert len(found.table) == len(rest)


def test_it_lies_in_object_storage_as_well(catalogue, features, moto_server, s3):
    s3.client.create_bucket(Bucket="shop-index")
    few = catalogue.subset(features.index[:30])
    options = {
        "aws_endpoint": "http://{}:{}".format(*moto_server),
        "allow_http": "true",
        "aws_region": "us-east-1",
        "client_max_retries": "0",
    }
    built = build_index(features.loc[few.keys], "s3://shop-index/a", few, storage_options=options)
    exact = zapsim.SimilarityPredictor(few, features.loc[few.keys])
    assert IndexPredictor(few, built).similar(few.keys[0]).equals(exact.similar(few.keys[0]))
    built.remove([few.keys[3]])
    assert len(FeatureIndex("s3://shop-index/a", options)) == 29
    for address in ("s3://nowhere/a", "s3://shop-index/a"):
        # Nobody listens at port 9.
        elsewhere = (
            options if "nowhere" in address else options | {"aws_endpoint": "http://[::1]:9"}
        )
        with pytest.raises(ConnectionError, match=r"cannot be opened\. Is it spelt.*credentials"):
            FeatureIndex(address, elsewhere)


class TestPredictor:
    @pytest.fixture(params=[2_000, 5])
    def found(self, request, index, catalogue, monkeypatch):
        """Where few are left, and where candidates of the index are looked through."""
        monkeypatch.setattr(predictor, "_FEW", request.param)
        return IndexPredictor(catalogue, index)

    def test_it_gives_what_exact_search_gives(self, found, exact, catalogue, features):
        key, other = catalogue.keys[0], catalogue.keys[300]
        wishes = (
            {},
            {"where": {"Category": ["Boots", "Sandals"], "Gender": "Women"}},
            {"where": {"SubCategory": "Oxfords"}},
            {"hide_colourways": True},
            {"diversity": 0.5},
            {"unlike": [other]},
            {"k": 700},
        )
        for wish in wishes:
            pd.testing.assert_frame_equal(found.similar(key, **wish), exact.similar(key, **wish))
        for query in (catalogue.read(other), features.loc[other].to_numpy()):
            pd.testing.assert_frame_equal(found.similar_to(query), exact.similar_to(query))
        pd.testing.assert_frame_equal(found.similar([key, other]), exact.similar([key, other]))
        assert np.allclose(found.mean_vector(), exact.mean_vector())
        assert found.search("boots women").equals(exact.search("boots women"))

    def test_browser_and_figure_work_on_it(self, found, exact, catalogue):
        shown = zapsim.browse(found)
        assert shown is not None
        assert len(found.plot(catalogue.keys[5], k=3).axes) == len(
            exact.plot(catalogue.keys[5], k=3).axes
        )

    def test_parts_are_refused(self, found, catalogue):
        with pytest.raises(ValueError, match="whole pictures, not parts"):
            found.similar(catalogue.keys[0], part="top")


def test_a_predictor_stays_as_it_is_while_the_index_changes(own, catalogue, features):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = IndexPredictor(catalogue, own)
    key, gone = features.index[0], features.index[1]
    wanted = before.similar(key)
    own.remove([gone])
    own.add(features.iloc[100:120], catalogue)
    assert before.similar(key).equals(wanted)
    with pytest.warns(UserWarning, match="576 of 615 items are not in the index"):
        after = IndexPredictor(catalogue, own)
    assert gone not in after.table.index and len(after.table) == 39


@pytest.mark.parametrize(
    "said", [None, b"{", b"[]", b"[" * 50_000, b"{}", b'{"settings": 1, "columns": []}']
)
def test_a_table_whose_settings_are_damaged_is_no_index(tmp_path, features, said):
    table = build_index(features.iloc[:5], tmp_path / "i")._table
    rows = table.to_arrow().replace_schema_metadata(said and {"zapsim": said})
    index_module._connect(tmp_path / "i", None).create_table("features", rows, mode="overwrite")
    with pytest.raises(ValueError, match=r"No index of features at .*Make one"):
        FeatureIndex(tmp_path / "i")


@pytest.mark.parametrize("column", ["key", "features"])
def test_a_table_that_lacks_a_column_is_no_index(tmp_path, features, column):
    table = build_index(features.iloc[:5], tmp_path / "i")._table
    rows = table.to_arrow().drop_columns([column])
    index_module._connect(tmp_path / "i", None).create_table("features", rows, mode="overwrite")
    with pytest.raises(ValueError, match=f"lacks columns.*{column}"):
        FeatureIndex(tmp_path / "i")


# --- a disk that is full ---------------------------------------------------------------------


def _numbers(n, seed):
    values = np.random.default_rng(seed).random((n, 8)).astype(np.float16).astype(np.float32)
    return pd.DataFrame(values, index=pd.Index([f"{row:04}.png" for row in range(n)], name="key"))


# What is written over 300 items, and what the index then holds.
WRITES = {
    "build": (lambda address, new: build_index(new, address), _numbers(400, 1)),
    "add": (lambda address, new: FeatureIndex(address).add(new), _numbers(400, 1)),
    "remove": (
        lambda address, new: FeatureIndex(address).remove(f"{row:04}.png" for row in range(200)),
        _numbers(300, 0).iloc[200:],
    ),
    "clean": (lambda address, new: FeatureIndex(address).clean(), _numbers(300, 0)),
}


@contextmanager
def _no_file_larger(n):
    """Let the system refuse every write beyond so many bytes of a file, as a full disk does."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_fails_leaves_what_was_there(monkeypatch, tmp_path, write):
    monkeypatch.setattr(index_module, "_FEWEST", 200)
    old, (call, new) = _numbers(300, 0), WRITES[write]
    build_index(old, tmp_path / "earlier")
    outcomes = set()
    for n in (0, 200, 700, 1_500, 2_500, 3_500, 5_000, 7_000, 9_000, 12_000, 20_000, 10**6):
        address = tmp_path / str(n)
        shutil.copytree(tmp_path / "earlier", address)
        failed = False
        with _no_file_larger(n):
            try:
                call(address, new)
            except zapsim.TransferError as error:
                failed = True
                message = str(error)
        index = FeatureIndex(address)
        found = pd.DataFrame(index.vectors(index.keys), index=index.keys)
        assert found.equals(new) or (failed and found.equals(old))
        if failed:
            assert str(address) in message
            call(address, new)
            index = FeatureIndex(address)
            assert index.keys.equals(new.index)
        outcomes.add(failed)
        # Whatever is there is searched.
        assert index.search(new.iloc[-1].to_numpy(), 1)["key"].tolist() == [new.index[-1]]
    assert outcomes == ({False} if write == "clean" else {False, True})


@pytest.mark.parametrize("write", ["build", "add"])
def test_a_file_that_lacks_its_last_bytes_is_not_taken_for_whole(tmp_path, write):
    """LanceDB says nothing of a disk that becomes full with the last bytes of a file."""
    old, (call, new) = _numbers(300, 0), WRITES[write]
    build_index(old, tmp_path / "index")
    shutil.copytree(tmp_path / "index", tmp_path / "whole")
    call(tmp_path / "whole", new)
    largest = max(file.stat().st_size for file in tmp_path.glob("whole/*/data/*"))
    with _no_file_larger(largest - 20), pytest.raises(zapsim.TransferError, match="still is"):
        call(tmp_path / "index", new)
    index = FeatureIndex(tmp_path / "index")
    assert np.array_equal(index.vectors(old.index), old) and len(index) == 300
    call(tmp_path / "index", new)
    assert FeatureIndex(tmp_path / "index").keys.equals(new.index)
