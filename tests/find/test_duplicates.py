"""duplicates.py: the same photo again is found; another colour of a product is not."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zapsim
from zapsim.find import duplicates
from zapsim.find.duplicates import aligned_distance, small_picture


def jpeg(image, quality=90):
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


CHANGES = {
    "resized": lambda image: jpeg(image.resize((95, 95))),
    "recompressed": lambda image: jpeg(image, 40),
    "cropped": lambda image: jpeg(image.crop((4, 3, 133, 132))),
    "mirrored": lambda image: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}


@pytest.fixture(scope="module")
def few():
    """Four products of MiniZap, each in all its colourways."""
    catalogue = zapsim.load_catalogue()
    products = catalogue.table["Product"]
    return catalogue.subset(catalogue.keys[products.isin(products.unique()[[3, 60, 120, 180]])])


@pytest.fixture(scope="module")
def original(few):
    return few.keys[4]


@pytest.fixture(scope="module")
def made(few, original, tmp_path_factory):
    """A folder of them, with four changed copies of one, and features of all."""
    folder = tmp_path_factory.mktemp("made")
    for key in few.keys:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(few.read(key))
    for name, change in CHANGES.items():
        (folder / f"{name}.jpg").write_bytes(change(Image.fromarray(few.picture(original))))
    catalogue = zapsim.load_catalogue(folder)
    return catalogue, zapsim.baseline_features(catalogue)["raw pixels"]


@pytest.fixture(scope="module")
def found(made):
    return zapsim.near_duplicates(*made)


def test_copies_are_one_group_with_their_original_and_colourways_are_none(found, original):
    assert set(found["key"]) == {original, *(f"{name}.jpg" for name in CHANGES)}
    assert set(found["group"]) == {0}
    assert found["distance"].between(0, 0.15).all()
    assert list(found.columns) == [
        *("group", "key", "width", "height", "distance", "nearest", "mirrored")
    ]


def test_the_largest_comes_first_ties_by_key(found, original):
    areas = (found["width"] * found["height"]).tolist()
    assert areas == sorted(areas, reverse=True)
    largest = [original, "mirrored.jpg", "recompressed.jpg"]
    assert found["key"].tolist() == [*sorted(largest), "cropped.jpg", "resized.jpg"]
    assert found.loc[0, ["width", "height"]].tolist() == [136, 136]


def test_which_are_mirrored_is_said_and_may_be_left_out(made, found):
    turned = (found["key"] == "mirrored.jpg") != (found["nearest"] == "mirrored.jpg")
    assert turned.any()
    assert found["mirrored"].tolist() == turned.tolist()
    assert "mirrored.jpg" not in zapsim.near_duplicates(*made, mirrored=False)["key"].tolist()


def test_what_is_hidden_is_the_query_s_own_group(made, found, original):
    ours = zapsim.SimilarityPredictor(*made)
    everything = ours.similar(original, k=100)["key"]
    shown = ours.similar(original, k=100, hide_duplicates=found)["key"]
    assert set(everything) - set(shown) == set(found["key"]) - {original}


def test_all_groups_are_told_apart_and_the_same_bytes_are_at_no_distance(make_folder, few):
    folder = make_folder()
    for name, key in {"a": 0, "d": 0, "b": 3, "c": 3, "e": 6}.items():
        (folder / f"{name}.jpg").write_bytes(few.read(few.keys[key]))
    catalogue = zapsim.load_catalogue(folder)
    found = zapsim.near_duplicates(catalogue, zapsim.baseline_features(catalogue)["raw pixels"])
    assert found[["group", "key", "nearest"]].to_numpy().tolist() == [
        [0, "a.jpg", "d.jpg"],
        [0, "d.jpg", "a.jpg"],
        [1, "b.jpg", "c.jpg"],
        [1, "c.jpg", "b.jpg"],
    ]
    assert (found["distance"] == 0).all()


def test_none_are_an_empty_table(few):
    features = zapsim.load_features().loc[few.keys]
    found = zapsim.near_duplicates(few, features)
    assert len(found) == 0
    assert found.columns[0] == "group"
    ours = zapsim.SimilarityPredictor(few, features)
    assert len(ours.similar(few.keys[0], k=100, hide_duplicates=found)) == len(few) - 1
    assert len(zapsim.near_duplicates(few, features.head(1))) == 0
    with pytest.raises(ValueError, match="duplicates are empty"):
        zapsim.plot_duplicates(few, found)


def test_unreadable_pictures_are_counted_and_named(make_folder, few):
    folder = make_folder("a.jpg", "b.jpg")
    catalogue = zapsim.load_catalogue(folder)
    features = zapsim.baseline_features(catalogue)["raw pixels"]
    (folder / "b.jpg").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"1 picture could not be read .* b\.jpg") as warned:
        assert len(zapsim.near_duplicates(catalogue, features)) == 0
    assert warned[0].filename == __file__
    (folder / "a.jpg").write_bytes(b"no picture")
    with (
        pytest.warns(UserWarning),
        pytest.raises(zapsim.PictureError, match="None of the pictures could be read"),
    ):
        zapsim.near_duplicates(catalogue, features)


def test_pictures_of_one_colour_are_compared_like_others(make_folder):
    folder = make_folder()
    for name, colour in {"a": "white", "b": "white", "c": "black", "d": "red"}.items():
        Image.new("RGB", (60, 40), colour).save(folder / f"{name}.png")
    catalogue = zapsim.load_catalogue(folder)
    features = zapsim.baseline_features(catalogue)["raw pixels"]
    assert zapsim.near_duplicates(catalogue, features)["key"].tolist() == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0}, "threshold must be a number above 0 and at most 1"),
        ({"threshold": 1.5}, "Received: threshold=1.5"),
        ({"k": 0}, "k must be a whole number"),
        ({"features": pd.DataFrame([[1.0]], index=["x.jpg"])}, "None of the features' keys"),
    ],
)
def test_wrong_settings_are_refused(few, options, message):
    given = {"features": zapsim.load_features().loc[few.keys]} | options
    with pytest.raises(ValueError, match=message):
        zapsim.near_duplicates(few, **given)


def test_other_kinds_are_refused(few):
    features = zapsim.load_features().loc[few.keys]
    with pytest.raises(TypeError, match="features must be a pandas.DataFrame"):
        zapsim.near_duplicates(few, features.to_numpy())
    with pytest.raises(ValueError, match="similarity matrix"):
        zapsim.near_duplicates(few, zapsim.similarity_matrix(features))
    with pytest.raises(TypeError, match="mirrored must be True or False"):
        zapsim.near_duplicates(few, features, mirrored="no")
    with pytest.raises(TypeError, match="catalogue must be a Catalogue"):
        zapsim.near_duplicates("shoes", features)


def test_a_figure_shows_the_doubtful_groups_first(made, found):
    figure = zapsim.plot_duplicates(made[0], found)
    titles = [axes.get_xlabel() for axes in figure.axes]
    assert len(titles) == 5
    assert titles[0].startswith("group 0")
    assert sum("mirrored" in title for title in titles) >= 1


def test_a_picture_that_is_moved_and_scaled_is_laid_on_the_other():
    rng = np.random.default_rng(0)
    scene = Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).resize((200, 200))
    whole = np.asarray(scene.resize((32, 32)), np.float32) / 255
    part = np.asarray(scene.resize((32, 32), box=(6, 4, 194, 196)), np.float32) / 255
    plain = np.sqrt(((whole - part) ** 2).mean() / whole.var())
    first, second = whole[None], part[None]
    assert aligned_distance(first, first)[0] == 0
    assert aligned_distance(first, second)[0] < 0.05 < 0.15 < plain
    other = rng.random((1, 32, 32, 3), np.float32)
    assert aligned_distance(first, other)[0] > 0.8


def test_a_small_picture_is_the_same_whatever_margin_was_around_it(few):
    picture = few.picture(few.keys[0])
    wide = np.full((300, 260, 3), 255, np.uint8)
    wide[100:236, 40:176] = picture
    (one, size), (two, other) = small_picture(picture), small_picture(wide)
    assert one.shape == (32, 32, 3)
    assert np.abs(one.astype(int) - two).mean() < 6
    np.testing.assert_allclose(size, other, rtol=0.05)


def test_large_photos_are_decoded_smaller_and_keep_their_size(tmp_path, monkeypatch):
    catalogue = zapsim.load_catalogue()
    image = Image.fromarray(catalogue.picture(catalogue.keys[3])).resize((2400, 2000))
    turned = Image.Exif()
    turned[0x0112] = 6
    image.rotate(90, expand=True).save(tmp_path / "b.jpg", exif=turned)
    image.save(tmp_path / "a.jpg")
    image.resize((1200, 1000)).save(tmp_path / "c.jpg")
    seen = []
    monkeypatch.setattr(
        duplicates,
        "small_picture",
        lambda picture: seen.append(picture.size) or small_picture(picture),
    )
    mine = zapsim.load_catalogue(tmp_path)
    features = pd.DataFrame(np.eye(3), index=mine.keys)
    found = zapsim.near_duplicates(mine, features)
    assert found[["key", "width", "height"]].to_numpy().tolist() == [
        ["a.jpg", 2400, 2000],
        ["b.jpg", 2400, 2000],
        ["c.jpg", 1200, 1000],
    ]
    assert max(seen) == 3 * 1200 * 1000
    monkeypatch.setattr(duplicates, "_LEAST", 10**6)
    whole = zapsim.near_duplicates(mine, features)
    assert max(seen) == 3 * 2400 * 2000
    assert whole.drop(columns=["distance", "nearest"]).equals(
        found.drop(columns=["distance", "nearest"])
    )
    # They lie no further from each other than whole.
    assert (found["distance"] <= whole["distance"] + 0.001).all()
