import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from zapsim.io import squares
from zapsim.io.squares import fit_square, thumbnail


def test_pad_centres_a_wide_picture_between_white_bands():
    square = fit_square(np.zeros((20, 40, 3), np.uint8), 40)
    assert (square[10:30] == 0).all()
    assert (square[:10] == 255).all()
    assert (square[30:] == 255).all()


def test_pad_scales_and_centres_a_tall_picture():
    square = fit_square(np.zeros((80, 20, 3), np.uint8), 40)
    assert (square[:, 15:25] == 0).all()
    assert (square[:, :15] == 255).all()
    assert (square[:, 25:] == 255).all()


def test_stretch_fills_the_square():
    square = fit_square(np.zeros((80, 20, 3), np.uint8), 40, fit="stretch")
    assert square.shape == (40, 40, 3)
    assert (square == 0).all()


@pytest.mark.parametrize("place", [(0, 0), (30, 7), (60, 80)])
@pytest.mark.parametrize("colour", [(255, 0, 0), (255, 255, 200)])
def test_trim_cuts_margins_off_and_then_pads(place, colour):
    picture = np.full((100, 120, 3), 250, np.uint8)
    picture[place[0] : place[0] + 40, place[1] : place[1] + 20] = colour
    square = fit_square(picture, 40, fit="trim")
    np.testing.assert_array_equal(square[:, 10:30], np.broadcast_to(colour, (40, 20, 3)))
    np.testing.assert_array_equal(square[:, [*range(10), *range(30, 40)]], 255)


@pytest.mark.parametrize("grey", [0, 255])
def test_trim_leaves_a_picture_without_margins_or_of_nothing_else(grey):
    picture = np.full((20, 40, 3), grey, np.uint8)
    np.testing.assert_array_equal(fit_square(picture, 40, "trim"), fit_square(picture, 40))


@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_square_of_the_right_size_is_left_alone(fit):
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    assert (fit_square(picture, 32, fit) == picture).all()


def test_shrinking_antialiases():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    # Nearest neighbour, or bilinear without antialiasing, would give black or white bands.
    np.testing.assert_allclose(fit_square(stripes, 8)[:, 1:-1].astype(int), 128, atol=4)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 50))
def test_pad_keeps_proportions_centre_and_white(height, width, size):
    square = fit_square(np.zeros((height, width, 3), np.uint8), size)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8
    assert set(np.unique(square)) <= {0, 255}
    rows, columns = np.nonzero((square == 0).all(axis=2))
    box = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    assert len(rows) == box.prod()
    assert box.max() == size
    exact = np.array([height, width]) * size / max(height, width)
    assert (abs(box - np.maximum(exact, 1)) <= 0.5).all()
    before = np.array([rows.min(), columns.min()])
    after = size - before - box
    assert (abs(before - after) <= 1).all()


STRIP = """
import resource, sys
import numpy as np
from zapsim.io.squares import fit_square
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)
for shape in [(2, 20_000, 3), (20_000, 2, 3)]:
    square = fit_square(np.zeros(shape, np.uint8), 128)
    assert square.shape == (128, 128, 3)
    assert (square == 0).all(axis=2).sum() == 128
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its memory in Linux' way")
def test_long_strip_needs_little_memory():
    # A square of 20,000² pixels on the way would take 1.2 GB.
    subprocess.run([sys.executable, "-c", STRIP], check=True, timeout=60)


def test_unknown_fit_is_refused():
    with pytest.raises(ValueError, match=r"one of pad, stretch, trim\. Received: fit='crop'"):
        fit_square(np.zeros((4, 4, 3), np.uint8), 4, fit="crop")


@pytest.mark.parametrize("size", [136, 24])
def test_thumbnail_is_a_small_jpeg_on_white(size):
    data = thumbnail(np.zeros((100, 50, 3), np.uint8), size)
    image = Image.open(BytesIO(data))
    assert (image.format, image.size) == ("JPEG", (size, size))
    pixels = np.array(image.convert("RGB")).astype(int)
    np.testing.assert_allclose(pixels[:, 0], 255, atol=8)
    np.testing.assert_allclose(pixels[:, size // 2], 0, atol=8)


def test_thumbnail_is_136_wide_by_default(drawn):
    assert Image.open(BytesIO(thumbnail(np.array(drawn())))).size == (136, 136)


def test_strips_make_no_difference(monkeypatch):
    margined = np.full((70, 60, 3), 255, np.uint8)
    margined[15:65, 15:55] = np.random.default_rng(1).integers(0, 240, (50, 40, 3), np.uint8)
    square = [fit_square(margined, 21, fit) for fit in squares.FITS]
    monkeypatch.setattr(squares, "_AT_ONCE", 40 * 7)
    for fit, expected in zip(squares.FITS, square, strict=True):
        assert (fit_square(margined, 21, fit) == expected).all()
