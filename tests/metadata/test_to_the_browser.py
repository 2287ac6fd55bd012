"""Imitations of public data sets: one line opens each, and the browser offers the right filters."""

import json

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.catalogue import load_catalogue
from zapsim.widgets.browser_state import BrowserState


def browser_of(catalogue):
    """Return the browser's state, by vectors in place of features: those take seconds."""
    values = np.random.default_rng(0).normal(size=(len(catalogue), 8)).astype(np.float32)
    predictor = zapsim.SimilarityPredictor(catalogue, pd.DataFrame(values, catalogue.keys))
    zapsim.browse(predictor)
    return BrowserState(predictor)


def ut_zappos(make_folder):
    keys = [
        f"{kind}/{brand}/{100 + n // 2}.{n % 2 + 1}.jpg"
        for n, (kind, brand) in enumerate(
            [("Boots/Ankle", "Frye")] * 2
            + [("Boots/Knee High", "Ugg%2E")] * 2
            + [("Shoes/Oxfords", "Frye")] * 4
        )
    ]
    genders = ["Men", "Women", "Men;Boys", "", "Men", "Women", "Men", "Women"]
    rows = [
        ",".join([key.rpartition("/")[2][:-4].replace(".", "-"), *key.split("/")[:2], gender])
        for key, gender in zip(keys, genders, strict=True)
    ]
    metadata = "\n".join(["CID,Category,SubCategory,Gender", *rows])
    return load_catalogue(make_folder(*keys, metadata=metadata))


def kaggle_fashion(make_folder):
    folder = make_folder(*(f"images/{15970 + n}.jpg" for n in range(8)))
    rows = [
        f"{15970 + n},{['Men', 'Women'][n % 2]},{['Apparel', 'Footwear'][n // 4]},Shirt {n}"
        for n in range(8)
    ]
    text = "\n".join(["id,gender,masterCategory,productDisplayName", *rows])
    (folder / "styles.csv").write_text(text)
    return load_catalogue(folder, metadata="styles.csv")


def h_and_m(make_folder):
    folder = make_folder(*(f"images/010/010877501{n}.jpg" for n in range(8)))
    # As pandas saves it: the leading zeros are lost.
    frame = pd.DataFrame(
        {
            "article_id": [108775010 + n for n in range(8)],
            "product_code": [108775 + n // 2 for n in range(8)],
            "prod_name": [f"Strap top {n}" for n in range(8)],
            "colour_group_name": ["Black", "White"] * 4,
        }
    )
    frame.to_csv(folder / "articles.csv", index=False)
    return load_catalogue(folder, metadata="articles.csv", product="product_code")


def deepfashion(make_folder):
    folders = ["WOMEN/Dresses/id_00000002", "WOMEN/Tees/id_00000007", "MEN/Tees/id_00000009"]
    keys = [f"img/{folder}/0{n}_1_front.jpg" for folder in folders for n in (1, 2, 3)]
    return load_catalogue(make_folder(*keys), product=r"(id_\d+)")


def hugging_face(make_folder):
    keys = [f"{split}/{n:03}.jpg" for split in ("train", "test") for n in range(4)]
    folder = make_folder(*keys)
    for split in ("train", "test"):
        rows = [{"file_name": f"{n:03}.jpg", "label": ["cat", "dog"][n % 2]} for n in range(4)]
        (folder / split / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return load_catalogue(folder)


@pytest.mark.parametrize(
    ("opened", "filters", "where", "n", "products"),
    [
        (ut_zappos, ["Category", "SubCategory", "Brand", "Gender"], {"Gender": "Boys"}, 1, 4),
        (kaggle_fashion, ["gender", "masterCategory"], {"gender": "Men"}, 4, None),
        (h_and_m, ["colour_group_name"], {"colour_group_name": "Black"}, 4, 4),
        (deepfashion, ["Category", "SubCategory"], {"SubCategory": "Tees"}, 6, 3),
        (hugging_face, ["Split", "label"], {"Split": "test", "label": "dog"}, 2, None),
    ],
)
def test_public_data_sets_end_in_the_browser(make_folder, opened, filters, where, n, products):
    catalogue = opened(make_folder)
    state = browser_of(catalogue)
    assert state.filters.offered == filters
    assert len(state.predictor.matching(where)) == n
    assert catalogue.check().query("problem in ['no metadata', 'no picture']").empty
    if products:
        assert catalogue.table["Product"].nunique() == products
        key = catalogue.keys[0]
        found = state.predictor.similar(key, k=len(catalogue), hide_colourways=True)["key"]
        assert not (catalogue.table["Product"][found] == catalogue.table["Product"][key]).any()


def test_a_folder_and_an_excel_sheet_end_in_the_browser(make_folder):
    """As docs/layouts.md says it, to whom never saw the library's source."""
    folder = make_folder(*(f"{n:04}.jpg" for n in range(30)), name="pictures")
    sheet = pd.DataFrame(
        {
            "Article number": range(30),
            "Name": [f"Chair {n}" for n in range(30)],
            "Colour": ["red", "green", "blue"] * 10,
            "Material": ["wood;steel", "wood", None] * 10,
            "Shop": ["here"] * 30,
        }
    )
    sheet.to_excel(folder.parent / "shop.xlsx", index=False)
    catalogue = load_catalogue(folder, metadata="shop.xlsx", on="Article number")
    state = browser_of(catalogue)
    assert state.filters.offered == ["Colour", "Material"]
    assert state.filters.values("Material") == {"steel": 10, "wood": 20}
    assert catalogue.captions["0007.jpg"] == "Chair 7, 0007"
