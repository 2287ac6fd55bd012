"""own_pictures.py: whose pictures are shown, and what is said about it."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.course import own_pictures as own
from zapsim.io.bundled import MINIZAP

ZAPPOS = [f"Boots/Ankle/UGG/{product}.{colour}.jpg" for product in (1, 2, 3) for colour in (1, 2)]


@pytest.fixture
def opened(make_folder):
    return lambda *keys, **more: zapsim.load_catalogue(make_folder(*keys, **more))


def features_of(catalogue):
    values = np.random.default_rng(0).random((len(catalogue), 4), np.float32)
    return pd.DataFrame(values, index=catalogue.keys)


def test_with_minizap_nothing_is_said_and_nothing_changes(capsys):
    catalogue = zapsim.load_catalogue(MINIZAP)
    needs = {"columns": ["Brand"], "where": {"Closure": "Zipper"}, "n": 6}
    assert own.fitting(catalogue, classes=["Category"], **needs) is catalogue
    own.whose(catalogue)
    assert own.load_or_extract(catalogue).equals(zapsim.load_features())
    assert own.cache_of(catalogue) == "bundled"
    key = catalogue.keys[100]
    predictor = zapsim.SimilarityPredictor(catalogue, zapsim.load_features())
    assert own.stand_in(predictor, key) == key
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("keys", "needs", "lack"),
    [
        (["a.jpg"], {"columns": ["Brand"]}, "have no column 'Brand'"),
        (["x/a.jpg"], {"columns": ["Category", "Product"]}, "have no column 'Product'"),
        (["a.jpg"], {"where": {"Gender": "Men"}}, "have no column 'Gender'"),
        (["x/a.jpg"], {"where": {"Category": "Boots"}}, "have no Category 'Boots'"),
        (["x/a.jpg"], {"where": {"Category": ["x", "y"]}}, "have no Category 'y'"),
        (["a.jpg", "b.jpg"], {"n": 3}, "are of 2 products, 3 are needed"),
        (ZAPPOS, {"n": 4}, "are of 3 products, 4 are needed"),
        (["x/a.jpg", "b.jpg"], {"columns": ["Category"], "n": 2}, "are of 1 product with Category"),
        (["a.jpg"], {"classes": []}, "have no columns 'Category', 'SubCategory': MiniZap's"),
        (["x/a.jpg", "x/b.jpg"], {"classes": ["Category"]}, "are all of one class by Category"),
        (["x/a.jpg", "y/b.jpg"], {"classes": ["Category"]}, "have no two products of one class by"),
    ],
)
def test_what_pictures_lack_is_said_and_minizap_s_take_their_place(
    opened, capsys, keys, needs, lack
):
    shown = own.fitting(opened(*keys), **needs)
    assert shown.root == MINIZAP
    said = capsys.readouterr().out
    assert said.startswith(f"Your pictures {lack}")
    assert said.endswith(": MiniZap's are shown here.\n")
    assert said.count("\n") == 1


def test_two_colourways_of_one_product_are_no_two_of_a_class(opened, capsys):
    catalogue = opened(*ZAPPOS[:2], "Shoes/Oxfords/UGG/9.1.jpg")
    assert own.fitting(catalogue, classes=["Category"]).root == MINIZAP
    assert "no two products of one class" in capsys.readouterr().out


def test_all_that_was_made_of_the_pictures_is_exchanged_together(opened):
    catalogue = opened("a.jpg", "b.jpg")
    mine = catalogue, features_of(catalogue)
    assert all(one is other for one, other in zip(own.fitting(*mine, n=2), mine, strict=True))
    shown, features = own.fitting(*mine, columns=["Brand"])
    assert list(features.index) == list(shown.keys)
    predictor = zapsim.SimilarityPredictor(*mine)
    assert own.fitting(predictor, n=2) is predictor
    assert own.fitting(predictor, columns=["Brand"]).catalogue.root == MINIZAP


def test_the_reader_s_pictures_are_named_as_theirs(opened, capsys):
    catalogue = opened("a.jpg", "b.jpg")
    own.whose(catalogue)
    own.whose(zapsim.SimilarityPredictor(catalogue, features_of(catalogue)))
    assert capsys.readouterr().out.count("These are your pictures") == 2
    assert own.cache_of(catalogue) is own.cache_of(catalogue, "bundled") is None
    assert own.cache_of(catalogue, "folder") == "folder"


def test_kinds_are_the_named_columns_or_those_that_exist(opened):
    catalogue = opened("x/a.jpg", metadata="key,Colour\nx/a.jpg,red\n")
    assert own.kind_of(catalogue) == ["Category"]
    assert own.kind_of(catalogue, "Colour") == ["Colour"]
    with pytest.raises(KeyError, match=r"one of Category, Colour\. .*'Color'.*mean 'Colour'"):
        own.kind_of(catalogue, ["Color"])


def test_a_kind_where_nothing_is_known_is_an_error(opened):
    catalogue = opened("a.jpg")
    assert own.kind_of(catalogue) == []
    with pytest.raises(KeyError, match="no columns. Received: kind=.'Colour'"):
        own.kind_of(catalogue, ["Colour"])


def test_labels_join_what_is_known(opened):
    catalogue = opened("x/y/a.jpg", "x/b.jpg", "c.jpg")
    labels = own.labels_of(catalogue, ["Category", "SubCategory"])
    assert labels.to_dict() == {"x/y/a.jpg": "x · y", "x/b.jpg": "x", "c.jpg": None}


def test_items_that_cannot_be_read_are_passed_over(make_folder):
    folder = make_folder("b.jpg", "d.jpg")
    for name in "ace":
        (folder / f"{name}.jpg").write_text("no picture")
    catalogue = zapsim.load_catalogue(folder)
    assert list(own.readable_keys(catalogue)) == ["b.jpg", "d.jpg"]
    assert list(own.readable_sample(catalogue, 4).keys) == ["b.jpg", "d.jpg"]
    assert len(own.readable_sample(catalogue, 1)) == 1
    with pytest.raises(zapsim.PictureError, match="None of the 3 pictures can be read"):
        own.readable_sample(catalogue.subset(["a.jpg", "c.jpg", "e.jpg"]), 2)


@pytest.mark.parametrize("n", [1, 30])
def test_where_all_can_be_read_the_sample_is_the_catalogue_s_own(n):
    catalogue = zapsim.load_catalogue()
    sample = own.readable_sample(catalogue, n, seed=12)
    assert list(sample.keys) == list(catalogue.sample(n, seed=12).keys)


@pytest.mark.parametrize("name", [None, "store"])
def test_without_features_they_are_extracted_and_kept_where_there_is_a_store(
    opened, tmp_path, monkeypatch, name
):
    store = name and tmp_path / name
    asked = []

    def extract(self, catalogue, cache=None):
        asked.append((len(catalogue), cache))
        return features_of(catalogue)

    monkeypatch.setattr(own.VGG16Extractor, "extract", extract)
    assert len(own.load_or_extract(opened("a.jpg", "b.jpg"), store)) == 2
    assert asked == [(2, store)]


@pytest.mark.litert
def test_a_store_that_holds_a_part_is_taken_as_it_is_and_finished_as_said(opened, tmp_path, capsys):
    catalogue, store = opened("a.jpg", "b.jpg", "c.jpg"), tmp_path / "store"
    zapsim.VGG16Extractor().extract(catalogue.subset(["a.jpg", "c.jpg"]), cache=store)
    capsys.readouterr()
    assert list(own.load_or_extract(catalogue, store).index) == ["a.jpg", "c.jpg"]
    said = capsys.readouterr().out
    assert said.startswith("2 of 3 pictures have features in ")
    (line,) = (line for line in said.splitlines() if "extract(" in line)
    exec(line, {"zapsim": zapsim, "source": catalogue.root, "cache": store})
    capsys.readouterr()
    assert len(own.load_or_extract(catalogue, store)) == 3
    assert capsys.readouterr().out == ""


def test_others_stand_in_for_the_text_s_items(opened, capsys):
    catalogue = opened(*(f"{n}.jpg" for n in range(4)))
    features = pd.DataFrame([[1, 0], [0, 1], [1, 0.1], [0.1, 1]], index=catalogue.keys)
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    minizap = zapsim.load_catalogue().keys
    found = [own.stand_in(predictor, minizap[place]) for place in (0, 200, 400, 614)]
    assert found == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    said = capsys.readouterr().out
    assert said.count("\n") == 4
    assert f"MiniZap's {minizap[0]!r}; here is your '0.jpg'." in said
    assert own.stand_in(predictor, minizap[0], "1.jpg") == "3.jpg"
    assert capsys.readouterr().out == ""


def test_a_picture_whose_product_is_not_known_is_a_product_of_its_own(opened):
    keys = [*ZAPPOS[:3], "a.jpg"]
    assert own.products_of(opened(*keys)).loc[keys].tolist() == ["1", "1", "2", "a.jpg"]
