"""Make a page's pictures: a thumbnail of each item, and all of them small on one sheet.

In: a catalogue and keys. Out: JPEGs (bytes). The edge rule: a picture that cannot be read is None,
and its tile on the sheet is grey.
"""

from io import BytesIO

import numpy as np
from PIL import Image

from zapsim.io.disk import ahead
from zapsim.io.pictures import PictureError, load_picture
from zapsim.io.squares import fit_square, thumbnail

__all__ = ["SIZE", "sheet_columns", "sheet_jpeg", "thumbnails", "tile_size"]

SIZE = 160
# The longest side of the sheet, in pixels: more would not fit a phone's memory.
_SHEET = 4096
_LARGEST, _SMALLEST = 48, 16
_THREADS, _DEPTH = 4, 64
_GREY = 200


def thumbnails(catalogue, keys, tile):
    """Yield each item's thumbnail (bytes) and tile (tile, tile, 3), in order, with a progress bar.

    Where the picture cannot be read: None, and the tile is grey.
    """
    from tqdm.auto import tqdm

    def make(key):
        try:
            picture = load_picture(catalogue.read(key), name=key, least=2 * SIZE)
        except PictureError:
            return None, np.full((tile, tile, 3), _GREY, np.uint8)
        return thumbnail(picture, SIZE), fit_square(picture, tile)

    bar = tqdm(ahead(make, keys, _THREADS, _DEPTH), "Page", len(keys), unit="picture")
    for _, made in bar:
        yield made.result()


def tile_size(n_items):
    """Return how many pixels a tile's side has, so that all items fit on one sheet."""
    return int(np.clip(_SHEET // sheet_columns(n_items), _SMALLEST, _LARGEST))


def sheet_columns(n_items):
    """Return how many tiles stand in a row of the sheet."""
    return int(np.ceil(np.sqrt(n_items)))


def sheet_jpeg(tiles):
    """Lay tiles (each of shape (tile, tile, 3)) out row by row: a JPEG (bytes)."""
    n, side = sheet_columns(len(tiles)), len(tiles[0])
    rows = -(-len(tiles) // n)
    sheet = np.full((rows * side, n * side, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, n)
        sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
    buffer = BytesIO()
    Image.fromarray(sheet).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
