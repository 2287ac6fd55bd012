"""blend.py: a blend's scores are the weighted mean of its parts' scores; grey is grey."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.kinds.blend import blend, centred, greyed

KEYS = [f"{n}.jpg" for n in range(8)]


def frame(seed, n_features):
    values = np.random.default_rng(seed).normal(size=(8, n_features)).astype(np.float32)
    return pd.DataFrame(values, index=pd.Index(KEYS, name="key"))


@pytest.fixture
def parts():
    return {"shape": frame(1, 30), "colour": frame(2, 5), "texture": frame(3, 9)}


def test_scores_are_the_weighted_mean_of_the_parts_scores(parts):
    weights = {"shape": 2, "colour": 5, "texture": 1}
    mixed = zapsim.similarity_matrix(zapsim.blend(parts, weights)).to_numpy()
    scores = {name: zapsim.similarity_matrix(part).to_numpy() for name, part in parts.items()}
    wanted = (2 * scores["shape"] + 5 * scores["colour"] + 1 * scores["texture"]) / 8
    np.testing.assert_allclose(mixed, wanted, atol=1e-6)


def test_one_part_alone_is_that_part(parts):
    alone = zapsim.blend(parts, {"colour": 0.3})
    assert alone.shape == (8, 5), "parts of weight 0 take no memory"
    np.testing.assert_allclose(
        zapsim.similarity_matrix(alone), zapsim.similarity_matrix(parts["colour"]), atol=1e-6
    )


def test_centring_takes_away_what_all_have_in_common():
    shifted = frame(1, 30) * 0.1 + 5
    assert zapsim.similarity_matrix(shifted).to_numpy().min() > 0.99
    found = centred(shifted)
    np.testing.assert_allclose(found.mean(), 0, atol=1e-7)
    unit = zapsim.similarity.unit_vectors(shifted)
    np.testing.assert_allclose(found, unit - unit.mean(axis=0), atol=1e-7)
    scores = zapsim.similarity_matrix(found).to_numpy()
    assert scores[~np.eye(8, dtype=bool)].min() < -0.2


def test_centring_leaves_zeros_and_does_not_count_them():
    features = frame(1, 30) + 5
    features.iloc[[2, 5]] = 0
    found = centred(features)
    assert not found.iloc[[2, 5]].any(axis=None)
    some = features.index.delete([2, 5])
    pd.testing.assert_frame_equal(found.loc[some], centred(features.loc[some]))


def test_a_kind_that_is_the_same_for_all_says_nothing(parts):
    rng = np.random.default_rng(0)
    row = rng.random(216).astype(np.float32)
    same = centred(pd.DataFrame(np.tile(row, (len(KEYS), 1)), index=KEYS))
    assert not same.to_numpy().any()
    shape = centred(parts["shape"])
    mixed = blend({"shape": shape, "colour": same})
    np.testing.assert_allclose(
        zapsim.similarity_matrix(mixed), zapsim.similarity_matrix(shape), atol=1e-6
    )


def test_keys_may_come_in_another_order_and_weights_are_even_by_default(parts):
    shuffled = parts | {"colour": parts["colour"].iloc[::-1]}
    pd.testing.assert_frame_equal(zapsim.blend(shuffled), zapsim.blend(parts))
    even = zapsim.blend(parts, dict.fromkeys(parts, 7))
    pd.testing.assert_frame_equal(zapsim.blend(parts), even)


def test_a_vector_of_zeros_scores_zero_in_its_part(parts):
    parts["colour"].loc[KEYS[0]] = 0
    mixed = zapsim.blend({name: parts[name] for name in ("shape", "colour")}).to_numpy()
    shape = zapsim.similarity_matrix(parts["shape"]).to_numpy()
    np.testing.assert_allclose(mixed[0] @ mixed[1], shape[0, 1] / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"shape": -1, "colour": 2}, r"shares\['shape'\] must be .* at least 0.*=-1"),
        ({"shape": 0}, "one of them above 0. Received: {'shape': 0}"),
        ({"shape": "much"}, "at least 0.*='much'"),
        ({"shape": None}, "at least 0.*=None"),
        ({"shape": float("nan")}, "at least 0"),
        ({"shape": float("inf")}, "at least 0"),
        ({"shape": 1, "smell": 1}, "one of shape, colour, texture. Received: 'smell'"),
    ],
)
def test_wrong_weights_are_an_error(parts, weights, message):
    with pytest.raises(ValueError, match=message):
        zapsim.blend(parts, weights)


def test_wrong_parts_are_an_error(parts):
    parts["colour"] = parts["colour"].iloc[1:]
    with pytest.raises(ValueError, match="8 items of 'shape', 7 of 'colour', 7 of them in both"):
        zapsim.blend(parts)
    with pytest.raises(TypeError, match="must be a pandas.DataFrame"):
        zapsim.blend({"shape": np.ones((8, 2))})
    with pytest.raises(TypeError, match=r"parts\['shape'\] must be a pandas.DataFrame"):
        zapsim.blend({"shape": None})
    with pytest.raises(TypeError, match="parts must be a dict, such as .* Received: DataFrame"):
        zapsim.blend(frame(1, 3))
    with pytest.raises(TypeError, match=r"shares must be a dict, such as .* Received: \[1\]"):
        zapsim.blend({"shape": frame(1, 3)}, [1])
    with pytest.raises(ValueError, match="parts must not be empty"):
        zapsim.blend({})


def test_greyed_pictures_are_grey_and_otherwise_the_same(ut_zappos):
    catalogue = zapsim.load_catalogue(ut_zappos)
    grey = greyed(catalogue)
    assert list(grey.keys) == list(catalogue.keys)
    for key in catalogue.keys:
        colour, picture = catalogue.picture(key).astype(float), grey.picture(key)
        assert (picture == picture[..., :1]).all()
        luma = colour @ [0.299, 0.587, 0.114]
        np.testing.assert_allclose(picture[..., 0], luma, atol=1)
        assert grey.content(key) != catalogue.content(key)
    assert (catalogue.picture(catalogue.keys[1]) != grey.picture(catalogue.keys[1])).any()
    assert len(grey.sample(3).subset(grey.sample(3).keys)) == 3


def test_a_damaged_picture_stays_unreadable_and_named(make_zip, drawn, encoded):
    path = make_zip({"a.jpg": encoded(drawn(), "JPEG"), "b.jpg": b"no picture"})
    grey = greyed(zapsim.load_catalogue(path))
    with pytest.raises(zapsim.PictureError, match="b.jpg"):
        grey.picture("b.jpg")
    for function in (greyed, zapsim.shape_colour_texture):
        with pytest.raises(TypeError, match="catalogue must be a Catalogue, .*Path"):
            function(path)
    with pytest.raises(TypeError, match="centre must be True or False. Received: 'no'"):
        zapsim.shape_colour_texture(zapsim.load_catalogue(path), centre="no")


@pytest.mark.keras
def test_shape_knows_no_colour_and_colour_no_shape(make_zip, drawn, encoded, tmp_path):
    """Three pictures: a red one, one of the same grey value, and the red one turned upside down."""
    pixels = np.array(drawn(0))
    shoe = pixels.min(axis=2) < 200
    shoe[:15] = False
    pixels[:] = 255
    pixels[shoe] = (200, 40, 40)
    grey = pixels.copy()
    grey[shoe] = round(np.dot((200, 40, 40), [0.299, 0.587, 0.114]))
    images = {"a.png": pixels, "b.png": grey, "c.png": pixels[::-1]}
    path = make_zip({name: encoded(_image(image)) for name, image in images.items()})
    catalogue = zapsim.load_catalogue(path)
    parts = zapsim.shape_colour_texture(catalogue, tmp_path / "parts", centre=False)
    scores = {name: zapsim.similarity_matrix(part) for name, part in parts.items()}
    assert scores["shape"].loc["a.png", "b.png"] > 0.999
    assert scores["shape"].loc["a.png", "c.png"] < 0.95
    assert scores["colour"].loc["a.png", "c.png"] > 0.999
    assert scores["colour"].loc["a.png", "b.png"] < 0.9
    assert (tmp_path / "parts" / "shape").is_dir()
    around_zero = zapsim.shape_colour_texture(catalogue, tmp_path / "parts")
    assert list(around_zero) == ["shape", "colour", "texture"]
    for name, part in around_zero.items():
        pd.testing.assert_frame_equal(part, centred(parts[name]))
        assert list(part.index) == list(catalogue.keys)


def _image(pixels):
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(pixels))


def test_grey_features_are_not_mixed_with_coloured_ones_nor_searched_with_a_new_picture(tmp_path):
    catalogue = zapsim.load_catalogue().sample(3, seed=1)
    extractor = zapsim.VGG16Extractor()
    extractor.extract(catalogue, cache=tmp_path / "store")
    grey = greyed(catalogue)
    with pytest.raises(zapsim.StoreError, match="pictures is \\(absent\\) there and grey here"):
        extractor.extract(grey, cache=tmp_path / "store")
    features = extractor.extract(grey.subset(grey.keys[:2]))
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    with pytest.raises(ValueError, match="pictures made grey"):
        predictor.similar_to(catalogue.picture(catalogue.keys[2]))
