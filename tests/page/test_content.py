"""content.py: the page knows what the predictor knows, and says where it only estimates."""

import base64

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.page.content import page_content


@pytest.fixture
def three(make_folder):
    """Three items at 0, 10 and 90 degrees, with metadata."""
    metadata = "key,HeelHeight,Closure,same\na.jpg,1in,Zipper;Buckle,x\nb.jpg,Flat,Buckle,x\n"
    return zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", "c.jpg", metadata=metadata))


def contents(catalogue, values, k=50, filters=None, places=None):
    return page_content(catalogue, catalogue.table, values, k, filters, places)


def numbers(content, name, dtype):
    return np.frombuffer(base64.b64decode(content[name]), dtype)


def vectors(degrees):
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def test_a_single_feature(three):
    content = contents(three, np.array([[1], [1], [-1]], np.float32))
    scores = numbers(content, "scores", "<i2") / 32767
    np.testing.assert_allclose(scores, [1, -1, 1, -1, -1, -1])


def test_by_hand(three):
    content = contents(three, vectors([0, 10, 90]))
    assert content["keys"] == ["a.jpg", "b.jpg", "c.jpg"]
    assert content["captions"] == ["a", "b", "c"]
    assert content["k"] == 2
    assert numbers(content, "indices", "<u4").tolist() == [1, 2, 0, 2, 1, 0]
    scores = numbers(content, "scores", "<i2") / 32767
    np.testing.assert_allclose(
        scores, np.cos(np.radians([10, 90, 10, 80, 80, 90])), rtol=0, atol=2e-5
    )
    heel, closure, same = content["columns"]
    assert heel == {
        "name": "HeelHeight",
        "label": "Heel height",
        "cells": ["1in", "Flat"],
        "rows": [0, 1, -1],
        "identifies": False,
    }
    assert closure["cells"] == ["Zipper;Buckle", "Buckle"]
    # A column with one value filters nothing, nor do those of which hardly two items share one.
    assert content["filters"] == {"shown": [], "rest": []}
    assert same["label"] == "Same" and content["products"] is None


@pytest.mark.parametrize("k", [1, 50])
def test_the_neighbours_are_the_predictors(k):
    catalogue, features = zapsim.load_catalogue().sample(40), zapsim.load_features()
    features = features.loc[catalogue.keys]
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    content = contents(catalogue, zapsim.similarity.unit_vectors(features), k)
    indices = numbers(content, "indices", "<u4").reshape(40, -1)
    scores = numbers(content, "scores", "<i2").reshape(40, -1) / 32767
    assert content["k"] == min(k, 39) == indices.shape[1]
    for row in (0, 17, 39):
        found = predictor.similar(catalogue.keys[row], content["k"])
        assert catalogue.keys[indices[row]].tolist() == found["key"].tolist()
        np.testing.assert_allclose(scores[row], found["score"], rtol=0, atol=2e-5)


def test_products_are_the_librarys_and_an_item_without_one_is_alone(three):
    table = three.table.assign(Product=["7", np.nan, np.nan])
    products = page_content(three, table, vectors([0, 10, 90]), 2, None, None)["products"]
    assert len(set(products)) == 3
    table["Product"] = ["7", "7 ", "8"]
    products = page_content(three, table, vectors([0, 10, 90]), 2, None, None)["products"]
    assert products[0] == products[1] != products[2]


def test_an_item_scores_itself_with_1_or_0_where_its_vector_is_zeros(three):
    values = vectors([0, 10, 90])
    values[1] = 0
    for given in (values, pd.DataFrame(values @ values.T)):
        assert numbers(contents(three, given), "own", "<i2").tolist() == [32767, 0, 32767]


def test_a_matrix_gives_what_its_features_give():
    catalogue = zapsim.load_catalogue().sample(60)
    features = zapsim.load_features().loc[catalogue.keys]
    ours = contents(catalogue, zapsim.similarity.unit_vectors(features), 10)
    theirs = contents(catalogue, zapsim.similarity_matrix(features), 10)
    assert ours["indices"] == theirs["indices"]
    for content in (ours, theirs):
        assert content["error"] < 0.01
        codes = numbers(content, "vectors", "u1").reshape(60, -1)
        short = np.array(content["lowest"]) + np.array(content["step"]) * codes
        exact = zapsim.similarity_matrix(features).to_numpy()
        assert np.quantile(np.abs(short @ short.T - exact), 0.95) < 0.01


def test_filters_that_split_best_come_first_and_others_are_offered():
    table = pd.DataFrame(
        {f"halves {n}": (["a"] * 4 + ["b"] * 4) for n in range(8)}
        | {"one aside": ["a"] * 7 + ["b"], "CID": list("abcdefgh")}
    )
    catalogue = type(
        "C", (), {"captions": pd.Series("", table.index), "table": table, "identifiers": ["CID"]}
    )()
    content = contents(catalogue, np.eye(8, dtype=np.float32))
    assert content["filters"] == {"shown": list(range(8)), "rest": [8]}
    content = contents(catalogue, np.eye(8, dtype=np.float32), filters=["one aside", "CID"])
    assert content["filters"] == {"shown": [8, 9], "rest": list(range(8))}
    assert contents(catalogue, np.eye(8, dtype=np.float32), filters=[])["filters"]["shown"] == []
    with pytest.raises(KeyError, match="filters must be one of .* Did you mean 'one aside'"):
        contents(catalogue, np.eye(8, dtype=np.float32), filters=["one asid"])
    with pytest.raises(TypeError, match="filters must be a list, such as .* Received: 'CID'"):
        contents(catalogue, np.eye(8, dtype=np.float32), filters="CID")


def test_places_that_are_given_are_taken_by_key(three):
    places = pd.DataFrame({"x": [1.0, 0, 0], "y": [0.0, 0, 1]}, index=["c.jpg", "b.jpg", "a.jpg"])
    cells = numbers(contents(three, vectors([0, 10, 90]), places=places), "places", "<f4")
    # The grid is 3 by 3; y goes down.
    assert cells.reshape(3, 2).tolist() == [[0, 0], [0, 2], [2, 2]]
    with pytest.raises(ValueError, match=r"1 of 3 items have no place, such as 'a.jpg'"):
        contents(three, vectors([0, 10, 90]), places=places.iloc[:2])
    for unfit in (places.astype(str), places * 1j, pd.concat([places, places])):
        with pytest.raises(ValueError, match="all finite numbers|places hold a key more than once"):
            contents(three, vectors([0, 10, 90]), places=unfit)
    with pytest.raises(TypeError, match="places must be a table"):
        contents(three, vectors([0, 10, 90]), places=[1, 2])


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("value", [0, 1])
def test_few_items_that_are_all_the_same(make_folder, n, value):
    catalogue = zapsim.load_catalogue(make_folder(*(f"{i}.jpg" for i in range(n))))
    content = contents(catalogue, np.full((n, 2), value / 2**0.5, np.float32))
    assert content["k"] == n - 1
    assert np.isfinite(numbers(content, "places", "<f4")).all()
    assert np.isfinite([*content["lowest"], *content["step"], content["error"]]).all()
