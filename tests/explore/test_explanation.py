"""explanation.py: contributions that sum to the score, and the sum's parts where they belong."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.explore.explanation import Explanation, agreement, cell_contributions
from zapsim.vgg16.network import averaging


def features_of(maps, grid, power):
    cells = averaging(len(maps), len(maps) if grid == "flat" else grid).astype(np.float64)
    values = np.einsum("gh,kw,hwc->gkc", cells, cells, maps).ravel() ** power
    return values / np.linalg.norm(values)


@pytest.mark.parametrize("power", [0.3, 0.5, 1.0])
# 3 does not divide 8, so that cells are shared there.
@pytest.mark.parametrize("grid", [1, 2, 3, 8, "flat"])
def test_contributions_sum_to_the_score_exactly(grid, power):
    rng = np.random.default_rng(1)
    one, other = np.maximum(rng.normal(size=(2, 8, 8, 5)), 0)
    query, neighbour = features_of(one, grid, power), features_of(other, grid, power)
    for maps, direction in [(one, neighbour), (other, query)]:
        found = cell_contributions(maps, direction, grid, power)
        assert found.shape == (8, 8)
        np.testing.assert_allclose(found.sum(), query @ neighbour, rtol=1e-12)
        assert (found >= 0).all()


def test_one_average_without_root_is_the_published_decomposition():
    """Stylianou et al.: a cell's dot product with the other picture's average, scaled."""
    rng = np.random.default_rng(2)
    one, other = rng.random((2, 4, 4, 6))
    averages = one.mean((0, 1)), other.mean((0, 1))
    scale = np.linalg.norm(averages[0]) * np.linalg.norm(averages[1]) * 16
    found = cell_contributions(one, averages[1] / np.linalg.norm(averages[1]), 1)
    np.testing.assert_allclose(found, one @ averages[1] / scale, rtol=1e-12)


def test_what_two_pictures_share_lights_up_where_it_is():
    one, other = np.zeros((2, 4, 4, 2))
    one[0, 0, 0] = one[3, 3, 1] = 1
    other[0, 1, 0] = 1
    found = cell_contributions(one, features_of(other, 1, 0.5), 1, 0.5)
    assert np.argwhere(found > 0).tolist() == [[0, 0]]
    # On a grid of 2, the other one's first channel must be in the same quarter.
    other = other[::-1]
    assert cell_contributions(one, features_of(other, 2, 0.5), 2, 0.5).sum() == 0


def test_maps_of_zeros_contribute_nothing():
    found = cell_contributions(np.zeros((2, 2, 3)), np.ones(3), 1, 0.5)
    assert (found == 0).all()


@pytest.fixture(scope="module")
def minizap():
    catalogue = zapsim.load_catalogue().sample(40, seed=1)
    extractor = zapsim.VGG16Extractor()
    return zapsim.SimilarityPredictor(catalogue, extractor.extract(catalogue), extractor)


def test_an_explanation_agrees_with_the_predictor(minizap):
    query = minizap.catalogue.keys[0]
    found = minizap.similar(query, k=39)
    neighbour, score = found.loc[0, ["key", "score"]]
    why = zapsim.explain(minizap, query, neighbour)
    # The stored features are rounded to float16.
    assert abs(why.score - score) < 2e-3
    usual = (found["score"].sum() + 1) / 40
    assert abs(why.usual[0] - usual) < 2e-3
    for values, above in zip(why.contributions, why.usual, strict=True):
        assert values.shape == (8, 8)
        np.testing.assert_allclose(values.sum(), why.score - above, rtol=1e-9)
    whole = zapsim.explain(minizap, query, neighbour, whole=True)
    assert whole.usual == (0, 0)
    for values in whole.contributions:
        np.testing.assert_allclose(values.sum(), why.score, rtol=1e-6)
    # The white around the products counts in every score, so it is usual.
    assert sum(why.background_share()) < 0.7 * sum(whole.background_share())


def test_an_item_explains_itself_and_ones_own_picture_too(minizap):
    query = minizap.catalogue.keys[3]
    why = zapsim.explain(minizap, query, query)
    assert abs(why.score - 1) < 1e-9
    np.testing.assert_allclose(*why.contributions)
    own = zapsim.explain(minizap, minizap.catalogue.picture(query), query)
    np.testing.assert_allclose(own.contributions[0], why.contributions[0], atol=1e-9)
    assert own.names[0] == "your picture" and own.agreement is None
    assert why.agreement is not None


def test_an_explanation_is_drawn(minizap):
    one, other = minizap.catalogue.keys[:2]
    figure = zapsim.explain(minizap, one, other).plot()
    said = [axes.get_xlabel() for axes in figure.axes]
    assert said[0].startswith("query") and said[3].startswith("neighbour")
    assert said[1].startswith("usual 0.")
    assert len(figure.axes[1].images) == 1 and figure.axes[4].get_ylabel()


def test_what_cannot_be_explained(minizap):
    with pytest.raises(KeyError, match="No item 'Boots/none"):
        zapsim.explain(minizap, "Boots/none.jpg", minizap.catalogue.keys[0])
    keys = minizap.catalogue.keys
    matrix = pd.DataFrame(np.eye(40), index=keys, columns=keys)
    with pytest.raises(ValueError, match="knows only its own items"):
        zapsim.explain(zapsim.SimilarityPredictor(minizap.catalogue, matrix), keys[0], keys[1])


@pytest.mark.keras
def test_a_layer_without_maps_cannot_be_explained(minizap):
    top = zapsim.VGG16Extractor("fc1", image_size=32, weights=None)
    frame = top.extract(minizap.catalogue)
    with pytest.raises(ValueError, match="fc1 has no maps"):
        zapsim.explain(zapsim.SimilarityPredictor(minizap.catalogue, frame, top), *frame.index[:2])


def test_background_is_where_every_pixel_is_white():
    picture = np.full((8, 8, 3), 255, np.uint8)
    picture[0, 0] = 0
    values = np.array([[1.0, 2.0], [1.0, -5.0]])
    why = Explanation(0.9, (0, 0), (values, -abs(values)), (picture, picture), ("a", "b"))
    assert why.background_share() == (0.75, 0)


def test_attributes_agree_wholly_partly_not_or_are_unknown(make_folder):
    keys = ["Boots/Ankle/Aye/1.1.jpg", "Boots/Ankle/Bee/2.1.jpg", "Shoes/Flats/Cee/3.1.jpg"]
    metadata = "CID,Closure,Gender\n1-1,Zipper; Buckle,Men\n2-1,Buckle,\n3-1,Buckle;Zipper,Men\n"
    catalogue = zapsim.load_catalogue(make_folder(*keys, metadata=metadata))
    table = agreement(catalogue, *keys[:2])
    assert list(table.index) == ["Category", "SubCategory", "Brand", "Closure", "Gender"]
    assert list(table["agree"]) == ["yes", "yes", "no", "partly", "unknown"]
    # Closure: 1 and 3 have both values; Gender: two of three are Men's.
    np.testing.assert_allclose(table["how_common"], [2 / 3, 2 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert agreement(catalogue, keys[0], keys[2]).loc["Closure", "agree"] == "yes"
    assert np.isnan(agreement(catalogue, keys[1], keys[0]).loc["Gender", "how_common"])
    with pytest.raises(KeyError, match="No item"):
        agreement(catalogue, keys[0], "nothing.jpg")


def test_what_an_explanation_takes(minizap):
    one, other = minizap.catalogue.keys[:2]
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        zapsim.explain(minizap.catalogue, one, other)
    with pytest.raises(
        TypeError, match=r"neighbour must be the key of one item, or a picture.*\['"
    ):
        zapsim.explain(minizap, one, [other])
    with pytest.raises(TypeError, match="query must be the key of one item, or a picture.*None"):
        zapsim.explain(minizap, None, other)
    with pytest.raises(TypeError, match="whole must be True or False. Received: 'no'"):
        zapsim.explain(minizap, one, other, whole="no")


def test_what_agreement_takes(minizap):
    one, other = minizap.catalogue.keys[:2]
    with pytest.raises(TypeError, match="must be a Catalogue.*Received: SimilarityPredictor"):
        agreement(minizap, one, other)
    with pytest.raises(TypeError, match=r"query must be the key of one item.*Received: \['"):
        agreement(minizap.catalogue, [one], other)
    with pytest.raises(TypeError, match="neighbour must be the key of one item.*Received: None"):
        agreement(minizap.catalogue, one, None)


@pytest.mark.parametrize("wrong", [-1, 256, "white", None])
def test_white_is_a_number_of_a_pixel(wrong):
    picture = np.zeros((2, 2, 3), np.uint8)
    why = Explanation(0.9, (0, 0), (np.ones((1, 1)),) * 2, (picture,) * 2, ("a", "b"))
    with pytest.raises(ValueError, match=f"white must be a number from 0 to 255.*{wrong!r}"):
        why.background_share(wrong)
