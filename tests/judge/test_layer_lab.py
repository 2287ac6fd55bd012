"""layer_lab.py: the same numbers as the extractor's, in one pass, with what they cost."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.io.pictures import PictureError
from zapsim.judge import layer_lab
from zapsim.judge.layer_lab import article_cut
from zapsim.vgg16.network import layer_costs

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def some():
    return zapsim.load_catalogue().sample(40, seed=0)


@pytest.fixture(scope="module")
def cuts(some):
    """More pictures than a batch, so that the last one is filled up."""
    layers = ["block4_pool", "block3_conv3"]
    return zapsim.extract_cuts(some, layers, grids=[1, 2, 8, "flat"], image_size=64)


def test_every_layer_and_grid_that_the_maps_are_large_enough_for(cuts):
    assert {name: features.shape[1] for name, features in cuts.items()} == {
        "block3_conv3 1×1 at 64": 256,
        "block3_conv3 2×2 at 64": 1024,
        "block3_conv3 8×8 at 64": 16384,
        "block3_conv3 flat at 64": 65536,
        "block4_pool 1×1 at 64": 512,
        "block4_pool 2×2 at 64": 2048,
        "block4_pool flat at 64": 8192,
    }


@pytest.mark.parametrize(
    "name", ["block3_conv3 2×2 at 64", "block4_pool 1×1 at 64", "block4_pool flat at 64"]
)
def test_the_features_are_the_extractors(some, cuts, name):
    settings = cuts[name].attrs["extractor"]
    extractor = zapsim.VGG16Extractor.from_settings(settings)
    extractor.precision = "float32"
    features = extractor.extract(some)
    assert features.attrs["extractor"] == settings
    np.testing.assert_allclose(cuts[name], features, rtol=2e-3, atol=2e-2)
    assert cuts[name].index.equals(features.index)
    assert (cuts[name].dtypes == np.float32).all()


def test_new_pictures_can_be_searched_in_a_cut(some, cuts):
    predictor = zapsim.SimilarityPredictor(some, cuts["block4_pool 2×2 at 64"])
    found = predictor.similar_to(some.picture(some.keys[3]), k=1)
    assert found.loc[0, "key"] == some.keys[3]


def test_what_a_cut_costs_is_the_arithmetic_up_to_it(cuts):
    layers = ["block3_conv3", "block4_pool"]
    costs = [cuts[f"{layer} 1×1 at 64"].attrs["million_multiply_adds"] for layer in layers]
    assert costs == layer_costs(64)["million_multiply_adds"].cumsum()[layers].tolist()


def test_fit_and_power_are_passed_on(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg"))
    options = {"image_size": 32, "fit": "stretch", "power": 1, "weights": None}
    cuts = zapsim.extract_cuts(catalogue, ["block2_pool"], [2], **options)
    features = zapsim.VGG16Extractor("block2_pool", 2, **options).extract(catalogue)
    np.testing.assert_allclose(
        cuts["block2_pool 2×2 at 32, stretched, power 1, weights None"],
        features,
        rtol=2e-3,
        atol=2e-2,
    )


def test_what_the_network_is_given_can_be_changed(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", "c.jpg"))
    extractor = zapsim.VGG16Extractor("block1_pool", 1, 32, weights=None)
    cut = [("block1_pool", 1)]
    right = layer_lab.run_cuts(catalogue, extractor, cut)
    np.testing.assert_allclose(right[cut[0]], extractor.extract(catalogue), rtol=2e-3, atol=2e-3)
    black = layer_lab.run_cuts(catalogue, extractor, cut, prepare=lambda rgb: 0 * rgb)
    assert (black[cut[0]] == black[cut[0]][0]).all()


def test_a_report_has_cost_and_quality_side_by_side(some, cuts):
    kinds = {name: cuts[name] for name in ("block3_conv3 1×1 at 64", "block4_pool 2×2 at 64")}
    kinds["pixels"] = zapsim.baseline_features(some)["raw pixels"]
    labels, products = some.table["Category"], some.table["Product"]
    report = zapsim.lab_report(kinds, labels, 3, products, against="block4_pool 2×2 at 64")
    assert report["an item", "n_features"].tolist() == [256, 2048, 768]
    assert report["an item", "bytes"].tolist() == [512, 4096, 1536]
    assert report["an item", "million_multiply_adds"].isna().tolist() == [False, False, True]
    card = zapsim.scorecard(kinds, labels, 3, products, "block4_pool 2×2 at 64", ["precision"])
    pd.testing.assert_frame_equal(report[card.columns], card)


def test_an_unreadable_picture_is_named(make_zip):
    catalogue = zapsim.load_catalogue(make_zip({"broken.jpg": b"no picture"}))
    with pytest.raises(PictureError, match="broken.jpg"):
        zapsim.extract_cuts(catalogue, ["block1_pool"], [1], 32, weights=None)


def test_cuts_that_differ_have_names_that_differ(tmp_path):
    weights = tmp_path / "own.h5"
    weights.touch()
    every = [{}, {"power": 1}, {"power": 0.25}, {"weights": None}, {"weights": "imagenet"}]
    every += [{"weights": weights}, {"fit": "stretch", "power": 1, "weights": None}]
    assert [layer_lab._name(zapsim.VGG16Extractor(**options)) for options in every] == [
        "block4_pool 2×2 at 128",
        "block4_pool 2×2 at 128, power 1",
        "block4_pool 2×2 at 128, power 0.25",
        "block4_pool 2×2 at 128, weights None",
        "block4_pool 2×2 at 128, weights imagenet",
        f"block4_pool 2×2 at 128, weights {weights}",
        "block4_pool 2×2 at 128, stretched, power 1, weights None",
    ]


def test_what_is_no_list_of_layers_or_grids_is_refused(some):
    with pytest.raises(ValueError, match="layers must not be empty. Give some, such as"):
        zapsim.extract_cuts(some, layers=[])
    with pytest.raises(TypeError, match="layers must be a list, .* Received: 'block4_pool'"):
        zapsim.extract_cuts(some, "block4_pool")
    with pytest.raises(ValueError, match="grids must not be empty"):
        zapsim.extract_cuts(some, ["block4_pool"], [])
    with pytest.raises(TypeError, match="grids must be a list, such as .* Received: 4"):
        zapsim.extract_cuts(some, ["block4_pool"], 4)
    for grid in ("2", 0, None, 2.5):
        with pytest.raises(ValueError, match=f"grid must be 'flat' or .* Received: grid={grid!r}"):
            zapsim.extract_cuts(some, ["block4_pool"], [grid])
    with pytest.raises(TypeError, match="catalogue must be a Catalogue"):
        zapsim.extract_cuts("shoes")


def test_grids_that_fit_no_map_are_refused_before_anything_is_read(some):
    with pytest.raises(ValueError, match=r"block2_pool at image_size=32 are too small .* grids="):
        zapsim.extract_cuts(some, ["block2_pool"], [16], 32, weights=None)


def test_a_report_of_nothing_says_so(some):
    with pytest.raises(ValueError, match="cuts must not be empty"):
        zapsim.lab_report({}, some.table["Category"])


def test_a_report_takes_features_by_name_alone(some):
    features = zapsim.load_features().loc[some.keys]
    with pytest.raises(TypeError, match="cuts must be a dict, such as .* Received: DataFrame"):
        zapsim.lab_report(features, some.table["Category"])
    with pytest.raises(TypeError, match=r"cuts\['n'\] must be a pandas.DataFrame .* Neighbours"):
        zapsim.lab_report({"n": zapsim.top_k(features, 5)}, some.table["Category"])


def test_an_unknown_layer_is_refused(some):
    with pytest.raises(ValueError, match="layer must be one of .* Did you mean 'block4_pool'"):
        zapsim.extract_cuts(some, ["block4_pol"])


def test_the_articles_cut_is_never_downloaded(some, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert article_cut(some) == {}
    with pytest.raises(TypeError, match="catalogue must be a Catalogue, .* Received: 'shoes'"):
        article_cut("shoes")
    assert (
        "fc2 is left out: its weights (528 MB) are not on this machine." in capsys.readouterr().out
    )
    asked = []
    monkeypatch.setattr(
        layer_lab, "extract_cuts", lambda *args, **options: asked.append((args, options))
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5").touch()
    article_cut(some)
    assert asked == [((some, ["fc2"]), {"image_size": 224, "weights": "imagenet", "power": 1})]


def test_fc2_has_no_grid(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg"))
    cuts = zapsim.extract_cuts(catalogue, ["fc1", "fc2"], [1, 2], 32, weights=None)
    assert {name: features.shape for name, features in cuts.items()} == {
        "fc1 at 32, weights None": (1, 4096),
        "fc2 at 32, weights None": (1, 4096),
    }
