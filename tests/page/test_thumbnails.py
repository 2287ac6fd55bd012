"""pictures.py: thumbnails in order, and all pictures on one sheet."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import zapsim
from zapsim.page.pictures import SIZE, sheet_jpeg, thumbnails, tile_size


def opened(jpeg):
    return np.asarray(Image.open(BytesIO(jpeg)))


def test_tiles_lie_row_by_row():
    tiles = [np.full((16, 16, 3), 50 * n, np.uint8) for n in range(5)]
    sheet = opened(sheet_jpeg(tiles))
    assert sheet.shape == (32, 48, 3)
    centres = sheet[8::16, 8::16, 0].astype(int)
    np.testing.assert_allclose(centres, [[0, 50, 100], [150, 200, 255]], atol=4)


@pytest.mark.parametrize(("n", "tile"), [(1, 48), (615, 48), (5_000, 48), (50_025, 18)])
def test_a_sheet_stays_small_enough_to_be_opened(n, tile):
    assert tile_size(n) == tile


def test_what_cannot_be_read_is_none_and_grey(make_zip, encoded, drawn):
    files = {f"{n}.jpg": encoded(drawn(n, (600, 300)), "JPEG") for n in (0, 2)}
    catalogue = zapsim.load_catalogue(make_zip(files | {"1.jpg": b"damaged"}))
    made = list(thumbnails(catalogue, catalogue.keys, 20))
    assert [thumb is None for thumb, _ in made] == [False, True, False]
    assert opened(made[0][0]).shape == (SIZE, SIZE, 3)
    assert all(tile.shape == (20, 20, 3) for _, tile in made)
    assert np.unique(made[1][1]).tolist() == [200]
