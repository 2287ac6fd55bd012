"""baselines.py: colours that the literature knows, pixels counted by hand, and what to expect."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageCms

import zapsim
from zapsim.io.pictures import PictureError
from zapsim.kinds import baselines
from zapsim.kinds.baselines import (
    baseline_features,
    colour_histogram,
    pixels,
    random_features,
    rgb_to_lab,
)


@pytest.fixture
def painted(make_zip, encoded):
    """Return ``painted(*arrays)``: a catalogue of these RGB pictures, kept exactly."""

    def make(*arrays):
        return zapsim.load_catalogue(
            make_zip({f"{n}.png": encoded(Image.fromarray(a)) for n, a in enumerate(arrays)})
        )

    return make


def plain(*colour, side=20):
    return np.full((side, side, 3), colour, np.uint8)


def test_lab_of_known_colours():
    # Bruce Lindbloom's calculator, sRGB, D65.
    known = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (128, 128, 128): (53.59, 0, 0),
    }
    lab = rgb_to_lab(np.array(list(known), np.uint8))
    np.testing.assert_allclose(lab, list(known.values()), atol=0.03)
    grey = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    assert (rgb_to_lab(grey)[:, 1:] == 0).all(), "greys have no colour, to the last digit"


def test_lab_is_littlecms():
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(*profiles, "RGB", "LAB", renderingIntent=1)
    theirs = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
    lightness = theirs[..., 0] * (100 / 255)
    opponents = theirs[..., 1:].astype(np.int8)
    ours = rgb_to_lab(colours)
    # It adapts to D50 and back, and rounds to bytes.
    assert np.abs(ours[..., 0] - lightness).mean() < 1
    assert np.abs(ours[..., 1:] - opponents).mean() < 3.5


def test_a_histogram_by_hand(painted):
    half = plain(255, 255, 255)
    half[:, :5] = (255, 0, 0)
    features = colour_histogram(painted(half), power=1)
    # White: L* 100 is in the last of six parts, a* = b* = 0 begins the fourth.
    # Red: L* 53.2, a* 80.1, b* 67.2.
    white, red = 5 * 36 + 3 * 6 + 3, 3 * 36 + 5 * 6 + 4
    assert features.shape == (1, 216)
    assert features.iloc[0][[white, red]].tolist() == [0.75, 0.25]
    assert features.iloc[0].sum() == 1
    rooted = colour_histogram(painted(half)).iloc[0]
    assert rooted[[white, red]].tolist() == pytest.approx([np.sqrt(0.75), 0.5])
    assert np.linalg.norm(rooted) == pytest.approx(1)
    coloured = colour_histogram(painted(half), ignore_white=True).iloc[0]
    assert coloured[red] == 1
    assert coloured.sum() == 1


def test_a_histogram_is_that_of_numpy(painted):
    picture = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    catalogue = painted(picture)
    lab = rgb_to_lab(picture).reshape(-1, 3)
    theirs, _ = np.histogramdd(lab, 6, [(0, 100), (-110, 110), (-110, 110)])
    ours = colour_histogram(catalogue, power=1)
    np.testing.assert_allclose(ours.iloc[0], theirs.ravel() / 1200, atol=1.1 / 1200)


def test_all_of_srgb_lies_in_the_histogram():
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    lab = rgb_to_lab(cube)
    assert np.abs(lab[:, 1:]).max() < 110
    assert lab[:, 0].min() >= 0
    assert lab[:, 0].max() <= 100


def test_where_a_colour_is_does_not_matter_to_a_histogram_but_to_pixels(painted):
    left, right = plain(255, 255, 255), plain(255, 255, 255)
    left[:, :10], right[:, 10:] = (0, 0, 200), (0, 0, 200)
    catalogue = painted(left, right)
    same, other = colour_histogram(catalogue), pixels(catalogue)
    assert (same.iloc[0] == same.iloc[1]).all()
    assert zapsim.similarity_matrix(other).iloc[0, 1] < 0.8


def test_a_white_picture_keeps_its_white_and_a_large_one_is_scaled_down(painted):
    catalogue = painted(plain(250, 250, 250), plain(0, 90, 0, side=600))
    features = colour_histogram(catalogue, ignore_white=True, power=1)
    np.testing.assert_allclose(features.sum(axis=1), 1)
    np.testing.assert_allclose(features.max(axis=1), 1)


def test_pixels_by_hand(painted):
    picture = plain(255, 255, 255, side=2)
    picture[0, 0] = (8, 16, 24)
    features = pixels(painted(picture), size=2)
    assert features.iloc[0].tolist() == [8, 16, 24, *[255] * 9]


def test_random_features_have_the_precision_of_chance():
    catalogue = zapsim.load_catalogue()
    features, again = random_features(catalogue), random_features(catalogue)
    pd.testing.assert_frame_equal(features, again)
    labels = catalogue.table["Category"]
    table = zapsim.evaluate(zapsim.top_k(features, 5), labels)
    shares = labels.value_counts()
    chance = (shares * (shares - 1)).sum() / (len(labels) * (len(labels) - 1))
    assert table.loc["precision@5", "low"] < chance < table.loc["precision@5", "high"]


def test_all_baselines_at_once():
    catalogue = zapsim.load_catalogue().sample(60, seed=0)
    every = baseline_features(catalogue)
    assert [each.shape for each in every.values()] == [(60, 64), (60, 768), (60, 216)]
    card = zapsim.scorecard(every, catalogue.table["Category"], exclude=catalogue.table["Product"])
    assert (
        card.loc["raw pixels", ("precision@5", "low")] > card.loc["random", ("precision@5", "high")]
    )
    for each in every.values():
        assert each.index.equals(catalogue.keys)
        assert (each.dtypes == np.float32).all()


def test_what_is_wrong_is_said(painted, make_zip):
    black = painted(plain(0, 0, 0))
    for bins in (0, -1, 2.5):
        with pytest.raises(ValueError, match=f"bins must be a whole .* least 1. .*bins={bins}"):
            colour_histogram(black, bins=bins)
    for power in (0, -1, "0.5"):
        with pytest.raises(ValueError, match="power must be a number above 0. Received: power="):
            colour_histogram(black, power=power)
    with pytest.raises(MemoryError, match=r"1 items × 1,000,000,000,000,000 colours.*fewer bins"):
        colour_histogram(black, bins=100_000)
    with pytest.raises(TypeError, match="ignore_white must be True or False. Received: 'no'"):
        colour_histogram(black, ignore_white="no")
    with pytest.raises(ValueError, match="size must be a whole number of at least 1.*size=0"):
        pixels(black, 0)
    with pytest.raises(ValueError, match="n_features must be a whole number of at least 1"):
        random_features(black, 0)
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0.*seed=-1"):
        random_features(black, seed=-1)
    for function in (baseline_features, random_features, pixels, colour_histogram):
        with pytest.raises(TypeError, match="catalogue must be a Catalogue, .* Received: 'shoes'"):
            function("shoes")
    broken = zapsim.load_catalogue(make_zip({"broken.jpg": b"no picture"}, name="b.zip"))
    with pytest.raises(PictureError, match="broken.jpg"):
        pixels(broken)


def test_large_photos_are_decoded_smaller_and_others_are_not(tmp_path, monkeypatch):
    catalogue = zapsim.load_catalogue()
    image = Image.fromarray(catalogue.picture(catalogue.keys[3]))
    image.resize((2048, 1024)).save(tmp_path / "large.jpg", quality=95)
    image.resize((2048, 1023)).save(tmp_path / "normal.jpg", quality=95)
    mine, sizes = zapsim.load_catalogue(tmp_path), {}
    picture = type(mine).picture

    def noted(self, key, least=None):
        found = picture(self, key, least)
        sizes[key] = found.shape[:2]
        return found

    with monkeypatch.context() as patched:
        patched.setattr(type(mine), "picture", noted)
        found = [pixels(mine), colour_histogram(mine)]
        assert sizes == {"large.jpg": (512, 1024), "normal.jpg": (1023, 2048)}
        pixels(mine, 600)
        assert sizes["large.jpg"] == (1024, 2048)
    monkeypatch.setattr(baselines, "_LEAST", 10**6)
    for reduced, whole, most in zip(
        found, [pixels(mine), colour_histogram(mine)], [3, 0.05], strict=True
    ):
        assert reduced.loc["normal.jpg"].equals(whole.loc["normal.jpg"])
        assert (reduced - whole).abs().max(axis=None) <= most
