"""The index in LanceDB: exact scores, filters, changes, and what is refused."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.io.bundled import MINIZAP_FEATURES
from zapsim.scale import FeatureIndex, IndexPredictor, build_index, predictor
from zapsim.scale import index as index_module

pytest.importorskip("lancedb", reason="needs LanceDB: pip install -e .[scale]")

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
    mixed.table = catalogue.table.assign(Pick=np.where(numbered % share == 1, "in; a 'few'", "out"))
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


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_values(index, features, catalogue, tmp_path, value):
    vector = features.iloc[0].to_numpy()
    assert index.search(vector, 5, {"Brand": value}).empty
    assert index.search(vector, 5, {"Brand": [value, "Bellweather"]})["key"].size == 5
    # In the data, they are found.
    odd = catalogue.subset(catalogue.keys[:3])
    odd.table = odd.table.assign(Brand=[value, "plain", "other"])
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
