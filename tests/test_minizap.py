"""MiniZap: its layout, its ground truth, its quirks, and that it can be told apart by VGG16."""

import zipfile
from itertools import islice

import numpy as np
import pandas as pd
import pytest

import zapsim
from tools.minizap.catalogue import products
from tools.minizap.render import render
from zapsim.io.bundled import MINIZAP

UT_ZAPPOS_COLUMNS = [
    "CID",
    "Category",
    "SubCategory",
    "HeelHeight",
    "Insole",
    "Closure",
    "Gender",
    "Material",
    "ToeStyle",
]


@pytest.fixture(scope="module")
def catalogue():
    return zapsim.load_catalogue()


@pytest.fixture(scope="module")
def precision(catalogue):
    """Return a function: features -> P@5 for the subcategory, other colourways hidden."""

    def measure(features):
        frame = pd.DataFrame(np.asarray(features, np.float32), index=catalogue.keys)
        neighbours = zapsim.top_k(frame, 5, exclude=catalogue.table["Product"])
        return zapsim.precision_at_k(neighbours, catalogue.table["SubCategory"])

    return measure


def test_layout_and_size(catalogue):
    table = catalogue.table
    assert 550 <= len(table) <= 650
    assert table.groupby("Product")["Colourway"].nunique().eq(3).all()
    assert sorted(table["Category"].unique()) == ["Boots", "Sandals", "Shoes", "Slippers"]
    assert table["SubCategory"].nunique() >= 12
    assert list(table.columns) == [
        *["Category", "SubCategory", "Brand", "Product", "Colourway"],
        *[column for column in UT_ZAPPOS_COLUMNS if column not in ("Category", "SubCategory")],
    ]
    assert {catalogue.picture(key).shape for key in catalogue.keys[::20]} == {(136, 136, 3)}


def test_nothing_is_wrong_with_it_and_every_picture_has_its_row(catalogue):
    assert catalogue.check().empty


def test_it_carries_the_real_sets_quirks(catalogue):
    folders = pd.Series(catalogue.keys).str.split("/", expand=True)
    assert folders[1].str.contains(" ").any()
    assert folders[2].str.endswith("%2E").any()
    assert not catalogue.table["Brand"].str.contains("%2E").any()
    with zipfile.ZipFile(MINIZAP) as archive:
        rows = pd.read_csv(archive.open("meta-data.csv"), dtype=str)
    assert list(rows.columns) == UT_ZAPPOS_COLUMNS
    assert rows["Closure"].str.contains(";").any()
    assert rows["Insole"].isna().any()


def test_it_is_drawn_on_white_with_the_shoe_inside_the_picture(catalogue):
    for key in catalogue.keys[::10]:
        picture = catalogue.picture(key)
        border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert np.median(border) >= 250, key
        assert (border.min(axis=1) > 200).mean() > 0.97, f"{key} touches the border"
        assert (picture.min(axis=2) < 235).mean() > 0.05, f"{key} is nearly empty"


def test_colourways_of_a_product_differ_in_colour(catalogue):
    for _, items in list(catalogue.table.groupby("Product"))[::8]:
        colours = []
        for key in items.index:
            picture = catalogue.picture(key).reshape(-1, 3)
            colours.append(picture[picture.min(axis=1) < 235].mean(axis=0))
        distances = [np.abs(a - b).max() for a in colours for b in colours if a is not b]
        assert max(distances) > 20, items.index[0]


def test_heels_are_as_high_as_the_metadata_says(catalogue):
    """A high heel is seen from the side: little ink between the sole and the ground, mid-foot."""
    table = catalogue.table[catalogue.table["SubCategory"] == "Heels"]
    order = ["Flat", "Under 1in", "1in - 1 3/4in", "2in - 2 3/4in", "3in - 3 3/4in"]
    order += ["4in - 4 3/4in", "5in & over"]
    drawn = {}
    for key, height in table["HeelHeight"].items():
        ink = catalogue.picture(key).min(axis=2) < 200
        columns = np.flatnonzero(ink.any(axis=0))
        middle = columns[0] + int(0.55 * (columns[-1] - columns[0]))
        bottom = np.flatnonzero(ink.any(axis=1))[-1]
        arch = bottom - np.flatnonzero(ink[:, middle])[-1]
        drawn.setdefault(order.index(height), []).append(arch / (columns[-1] - columns[0]))
    arches = [np.mean(drawn[height]) for height in sorted(drawn)]
    assert len(arches) >= 3
    assert arches == sorted(arches)


def test_vgg16_tells_subcategories_apart_far_better_than_pixels_or_colours(catalogue, precision):
    kinds = {"VGG16": zapsim.load_features(), **zapsim.baseline_features(catalogue)}
    kinds.pop("random")
    scores = {name: precision(features) for name, features in kinds.items()}
    print({name: round(score, 3) for name, score in scores.items()})
    readme = (MINIZAP.parent.parent / "README.md").read_text(encoding="utf-8")
    assert " | ".join(f"{score:.3f}" for score in scores.values()) in readme
    assert scores["VGG16"] > 0.8
    assert scores["VGG16"] - scores["raw pixels"] > 0.15
    assert scores["VGG16"] - scores["colour histogram"] > 0.5


def test_the_bundled_features_are_those_of_the_bundled_pictures(catalogue):
    features = zapsim.load_features()
    assert list(features.index) == list(catalogue.keys)
    extractor = zapsim.VGG16Extractor()
    assert features.attrs["extractor"] == extractor.settings
    some = catalogue.sample(12, seed=0)
    anew = extractor.extract(some)
    # In 8 bits every machine gives the same bits.
    np.testing.assert_array_equal(features.loc[some.keys], anew)
    assert extractor.extract(some, cache="bundled").equals(features.loc[some.keys])


def test_its_script_draws_the_same_pictures_and_writes_the_same_metadata(catalogue):
    """Every 25th product, drawn anew; another version of the encoder may change a little."""
    chosen = list(islice(products(), 0, None, 25))
    assert len(chosen) >= 8
    for product in chosen:
        for picture in product.pictures:
            key = product.key(picture)
            anew = np.asarray(render(product.sketch, picture.colours, picture.framing), float)
            assert np.abs(anew - catalogue.picture(key)).mean() < 2, key
            facts = {name: value or None for name, value in product.facts(picture).items()}
            row = catalogue.table.loc[key]
            assert facts == {name: row[name] if pd.notna(row[name]) else None for name in facts}
