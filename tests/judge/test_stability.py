"""stability.py: shares of neighbours that stay, by hand; the changes; what cannot be asked."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zapsim
from zapsim.judge.stability import CHANGES, stability

GREYS = {"0.png": 0, "1.png": 10, "2.png": 30, "3.png": 70, "4.png": 150, "5.png": 250}


class Brightness:
    """Two numbers whose angle grows with the picture's mean."""

    settings = None

    def extract(self, picture):
        angle = np.mean(picture) / 255 * np.pi / 2
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


@pytest.fixture
def predictor(tmp_path):
    for name, grey in GREYS.items():
        Image.new("L", (20, 10), grey).save(tmp_path / name)
    catalogue = zapsim.load_catalogue(tmp_path)
    rows = [Brightness().extract(catalogue.picture(key)) for key in catalogue.keys]
    return zapsim.SimilarityPredictor(catalogue, pd.DataFrame(rows, catalogue.keys), Brightness())


def test_what_leaves_the_features_alone_keeps_every_neighbour(predictor):
    card = stability(predictor, k=2, changes={"mirrored": CHANGES["mirrored"]})
    assert card.index.tolist() == ["mirrored"]
    assert card.loc["mirrored"].tolist() == [1.0] * 6


def test_shares_are_those_found_by_hand(predictor):
    # All become 0, which only 0.png is. Its two nearest are 1 and 2; so every picture now has
    # 0, 1 and 2 for nearest, less itself: two of them.
    black = stability(predictor, k=2, changes={"black": np.zeros_like})
    before = {0: {1, 2}, 1: {0, 2}, 2: {1, 0}, 3: {2, 1}, 4: {3, 5}, 5: {4, 3}}
    after = {0: {1, 2}, 1: {0, 2}, 2: {0, 1}, 3: {0, 1}, 4: {0, 1}, 5: {0, 1}}
    kept = np.mean([len(before[item] & after[item]) / 2 for item in before])
    assert black.loc["black", ("neighbours kept", "value")] == pytest.approx(kept)
    assert black.loc["black", ("itself first", "value")] == pytest.approx(1 / 6)
    for measure in ("neighbours kept", "itself first"):
        low, value, high = black.loc["black", measure][["low", "value", "high"]]
        assert 0 <= low < value < high <= 1


def test_twins_that_tie_share_the_first_place(predictor, tmp_path):
    Image.new("L", (20, 10), GREYS["5.png"]).save(tmp_path / "twin.png")
    catalogue = zapsim.load_catalogue(tmp_path)
    rows = [Brightness().extract(catalogue.picture(key)) for key in catalogue.keys]
    features = pd.DataFrame(rows, catalogue.keys)
    twins = zapsim.SimilarityPredictor(catalogue, features, Brightness())
    card = stability(twins, k=1, changes={"mirrored": CHANGES["mirrored"]})
    assert card.loc["mirrored", ("itself first", "value")] == 1
    assert card.loc["mirrored", ("neighbours kept", "value")] == 1


def test_it_can_be_drawn(predictor):
    card = stability(predictor, k=2)
    assert list(card.index) == list(CHANGES)
    labels = [tick.get_text() for tick in zapsim.plot_scorecard(card).axes[0].get_yticklabels()]
    assert labels == list(CHANGES)


def test_the_changes_are_what_they_are_called():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    changed = {name: change(picture) for name, change in CHANGES.items()}
    shapes = {name: each.shape for name, each in changed.items()}
    assert shapes == {
        "resized to half": (20, 30, 3),
        "JPEG, quality 40": (40, 60, 3),
        "cropped by 5 %": (38, 56, 3),
        "mirrored": (40, 60, 3),
    }
    assert all(each.dtype == np.uint8 for each in changed.values())
    assert (changed["mirrored"][:, 0] == picture[:, -1]).all()
    assert (changed["cropped by 5 %"] == picture[1:-1, 2:-2]).all()
    for name, change in CHANGES.items():
        assert change(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1, 3), name


def test_an_unreadable_picture_is_not_asked(predictor, tmp_path):
    (tmp_path / "3.png").write_bytes(b"no picture")
    card = stability(predictor, k=2, changes={"mirrored": CHANGES["mirrored"]})
    assert card.loc["mirrored", ("neighbours kept", "value")] == 1
    for name in GREYS:
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(zapsim.PictureError, match="None of the 6 pictures"):
        stability(predictor, k=2)


def test_a_large_jpeg_comes_smaller(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        Image.new("L", (2400, 2048), 90).save(tmp_path / name)
    catalogue, sizes = zapsim.load_catalogue(tmp_path), []
    features = pd.DataFrame([[1.0, 0], [1, 1]], catalogue.keys)
    mine = zapsim.SimilarityPredictor(catalogue, features, Brightness())
    stability(mine, 1, changes={"none": lambda picture: sizes.append(picture.shape) or picture})
    assert sizes == [(1024, 1200, 3)] * 2


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"k": 0}, ValueError, "k must be a whole number"),
        ({"n": 0}, ValueError, "n must be a whole number"),
        ({"changes": ["mirrored"]}, TypeError, "changes"),
    ],
)
def test_wrong_arguments_are_named(predictor, wrong, error, message):
    with pytest.raises(error, match=message):
        stability(predictor, **wrong)


def test_a_predictor_without_pictures_or_with_one_item_cannot_be_asked(predictor):
    matrix = zapsim.similarity_matrix(pd.DataFrame(np.eye(6), predictor.catalogue.keys))
    with pytest.raises(ValueError, match="knows only its own items"):
        stability(zapsim.SimilarityPredictor(predictor.catalogue, matrix))
    one = predictor.catalogue.subset(["0.png"])
    alone = zapsim.SimilarityPredictor(one, pd.DataFrame([[1.0, 0]], one.keys), Brightness())
    with pytest.raises(ValueError, match="One item alone"):
        stability(alone)
