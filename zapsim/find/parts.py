"""Look at a part of the picture: some cells of the grid that the features are averages over.

In: what the features say of how they were made, and a part: cells ``(row, column)``, counted from
the upper left, from 0, or a name such as "lower right". Out: which features belong to those cells,
and where the cells lie on a picture. The edge rule: of a cell in the white that pads a picture to
the square, only what lies on the picture is shown.

A part shifts the weight, it does not cut the picture: each place of block4_pool's maps has seen
100 × 100 of the 128 × 128 pixels.
"""

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from zapsim.checks import check_choice, is_whole, received
from zapsim.io.squares import square_on
from zapsim.vgg16.network import LAYERS, map_size

__all__ = ["NAMES", "Grid", "grid_of"]

_HALVES = {"upper": (0, None), "lower": (1, None), "left": (None, 0), "right": (None, 1)}
_QUARTERS = {
    f"{up} {side}": (_HALVES[up][0], _HALVES[side][1])
    for up in ("upper", "lower")
    for side in ("left", "right")
}
# Each name's half or quarter: which half of the rows, which half of the columns; None for both.
NAMES = _QUARTERS | {
    "top": _HALVES["upper"],
    "bottom": _HALVES["lower"],
    "left": _HALVES["left"],
    "right": _HALVES["right"],
}


def grid_of(settings, n_features):
    """Return the `Grid` of features that were made with these settings; None if they have none.

    Nor have those that are more or fewer than these settings give.
    """
    settings = settings if isinstance(settings, dict) else {}
    side, layer, image_size = map(settings.get, ("grid", "layer", "image_size"))
    # A store of somebody else's may say anything.
    known = isinstance(layer, str) and layer in LAYERS
    if isinstance(side, str) and side == "flat":
        side = map_size(layer, image_size) if known and is_whole(image_size) else None
    if not is_whole(side) or side < 1:
        return None
    # How many channels a network of one's own has is not said.
    if n_features % side**2 or (known and n_features // side**2 != LAYERS[layer][0]):
        return None
    return Grid(int(side), n_features, settings.get("fit", "pad"))


class Grid:
    """Cells of a square, `side` rows of `side`; features are by row, column and channel."""

    def __init__(self, side, n_features, fit="pad"):
        self.side, self.fit = side, fit
        self._n_channels = n_features // side**2

    def cells(self, part):
        """Return the cells of a part as a sorted tuple of (row, column), each once.

        TypeError if it is no part at all, ValueError if it is empty, lies outside of the grid or
        has an unknown name.
        """
        given = [part] if isinstance(part, (str, tuple)) and not _is_list(part) else part
        if isinstance(given, dict) or not pd.api.types.is_list_like(given):
            raise TypeError(f"{self._wanted} Received: part={received(part)}")
        cells = sorted({cell for each in given for cell in self._cells_of(each)})
        if not cells:
            raise ValueError(f"{self._wanted} Received: part={received(part)}")
        return tuple(cells)

    def _cells_of(self, each):
        if isinstance(each, str):
            return self._named(each)
        fits = pd.api.types.is_list_like(each) and len(each) == 2 and all(map(is_whole, each))
        if not fits:
            raise TypeError(f"{self._wanted} Received: {received(each)}")
        row, column = map(int, each)
        if not (0 <= row < self.side and 0 <= column < self.side):
            raise ValueError(
                f"These features have a grid of {self.side}×{self.side} cells: rows and columns go "
                f"from 0 to {self.side - 1}. Received: the cell {(row, column)}"
            )
        return [(row, column)]

    def _named(self, name):
        check_choice("part", name, NAMES)
        if self.side % 2:
            raise ValueError(
                f"A grid of {self.side}×{self.side} cells has no halves. Give cells (row, column) "
                f"instead. Received: part={name!r}"
            )
        half, places = self.side // 2, range(self.side)
        down, across = NAMES[name]
        return [
            (row, column)
            for row in places
            for column in places
            if down in (None, row // half) and across in (None, column // half)
        ]

    @property
    def _wanted(self):
        return (
            "part must be a cell (row, column), a name such as 'lower right', or a list of those."
        )

    @property
    def n_cells(self):
        """How many cells the grid has."""
        return self.side**2

    def columns(self, cell):
        """Return which features belong to a cell (slice)."""
        row, column = cell
        start = (row * self.side + column) * self._n_channels
        return slice(start, start + self._n_channels)

    def boxes(self, picture):
        """Say where each cell lies on a picture (height, width, 3), uint8.

        Returns a dict of (row, column) to left, top, right, bottom, in pixels, float, cut to the
        picture; without cells of which nothing lies on it.
        """
        height, width = picture.shape[:2]
        left, top, right, bottom = square_on(picture, self.fit)
        across = np.clip(np.linspace(left, right, self.side + 1), 0, width)
        down = np.clip(np.linspace(top, bottom, self.side + 1), 0, height)
        return {
            (row, column): (across[column], down[row], across[column + 1], down[row + 1])
            for row in range(self.side)
            for column in range(self.side)
            if across[column] < across[column + 1] and down[row] < down[row + 1]
        }

    def framed(self, picture, cells, colour="#D55E00"):
        """Return a picture with a frame around each of the cells; ndarray like the picture."""
        image = Image.fromarray(picture)
        line = max(1, round(max(image.size) / 60))
        boxes = self.boxes(picture)
        for left, top, right, bottom in (boxes[cell] for cell in cells if cell in boxes):
            corners = [round(left), round(top), round(right) - 1, round(bottom) - 1]
            if corners[0] <= corners[2] and corners[1] <= corners[3]:
                ImageDraw.Draw(image).rectangle(corners, outline=colour, width=line)
        return np.asarray(image)


def _is_list(part):
    """Tell a tuple of cells or names from one cell, which is a tuple of two numbers."""
    return isinstance(part, tuple) and not all(map(is_whole, part))
