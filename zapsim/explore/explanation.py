"""Say why two items are similar: which parts of their pictures, and which of their attributes.

In: a `SimilarityPredictor` and two items. Out: an `Explanation`: a number for each cell of the
maps at the extractor's cut, which together make up the score. The edge rule: nothing is left over
and nothing is smoothed, so a cell of plain background can carry some of the score, too.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zapsim.catalogue import split_values
from zapsim.checks import (
    check_catalogue,
    check_flag,
    check_key,
    check_predictor,
    check_query,
    checked_number,
)
from zapsim.keys import known_key
from zapsim.vgg16.network import averaging, grid_averages

__all__ = ["Explanation", "agreement", "cell_contributions", "explain"]


@dataclass(eq=False)
class Explanation:
    """Why a query and a neighbour are similar; made by `explain`.

    Attributes
    ----------
    score : float
        Cosine similarity of the two feature vectors.
    usual : tuple of float
        The mean score of the query, and of the neighbour, with all items; (0, 0) for an
        explanation of the whole score.
    contributions : tuple of ndarray of shape (side, side), float64
        For each cell of the query's picture, and of the neighbour's, what it adds to the score.
        Each sums to ``score - usual``.
    pictures : tuple of ndarray of shape (image_size, image_size, 3), uint8
        As the network saw them.
    names : tuple of str
    agreement : pandas.DataFrame or None
        What `agreement` returns, if both are items of the catalogue.
    """

    score: float
    usual: tuple
    contributions: tuple
    pictures: tuple
    names: tuple
    agreement: pd.DataFrame | None = None

    def __repr__(self):
        query, neighbour = self.names
        return f"Explanation of {query} and {neighbour}: score {self.score:.3f}"

    def plot(self):
        """Draw both pictures, and what each cell adds to the score; a matplotlib Figure."""
        from zapsim.draw.plots import plot_explanation

        return plot_explanation(self)

    def background_share(self, white=250):
        """Return how much of the positive contributions lies where there is no product.

        Two shares in [0, 1], for the query and for the neighbour. High: the explanation misleads. A
        cell is background where its darkest pixel, in every channel, is at least `white`, 0 to 255.
        """
        checked_number("white", white, 0, 255)
        shares = []
        for values, picture in zip(self.contributions, self.pictures, strict=True):
            side = len(values)
            rows = np.arange(len(picture)) * side // len(picture)
            darkest = np.full((side, side), 255)
            np.minimum.at(darkest, (rows[:, None], rows[None]), picture.min(axis=2))
            positive = np.maximum(values, 0)
            total = positive.sum()
            shares.append(float(positive[darkest >= white].sum() / total) if total else 0.0)
        return tuple(shares)


def explain(predictor, query, neighbour, whole=False):
    """Show which parts of two pictures make them similar.

    The score of two averaged maps is a sum over their cells, so it can be taken apart exactly
    (Stylianou et al.). Two things are added. The default features are the square roots of
    averages: a cell takes part in a feature in proportion to its share of the average, which
    still sums to the score. And since all product photos have a white background, two of them
    have a high score anyway: what is shown is how much more than that of an average item.

    Parameters
    ----------
    predictor : SimilarityPredictor
        Made from features that were cut at a convolution or pooling layer.
    query, neighbour : str, or a picture
        Keys, or pictures of your own that are not paths (bytes, Pillow image, array).
    whole : bool
        Explain the whole score, background and all, and not just what is above the usual.

    Returns
    -------
    Explanation
        Its ``.plot()`` draws it.

    Raises
    ------
    KeyError
        If there is no such key.
    PictureError
        If a picture cannot be read.
    ValueError
        If the predictor was made from a matrix, or from features that have no maps (fc1, fc2),
        or that do not say how they were made.

    Notes
    -----
    It is exact about the arithmetic, not about the cause. A cell of block4_pool sees a field of
    about 100 × 100 of the 128 × 128 pixels, most strongly at its own place; what lies at the
    border is seen together with the zeros around the picture; and the network's numbers say
    that two patches are alike, but not in which way.

    References
    ----------
    Stylianou, Souvenir & Pless, "Visualizing Deep Similarity Networks", WACV 2019,
    arXiv:1901.00536.
    """
    check_predictor(predictor)
    check_query(query)
    check_query(neighbour, "neighbour")
    check_flag(whole, "whole")
    extractor = predictor.get_extractor()
    if getattr(extractor, "grid", None) is None:
        cut = getattr(extractor, "layer", "A reduction")
        raise ValueError(
            f"{cut} has no maps, so no place in the picture can be named. Explain "
            "features of a convolution or pooling layer, such as the default block4_pool."
        )
    catalogue, both = predictor.catalogue, (query, neighbour)
    are_keys = [isinstance(item, str) for item in both]
    pictures = tuple(
        extractor.load(*(catalogue.read(item), item) if is_key else [item])
        for item, is_key in zip(both, are_keys, strict=True)
    )
    maps = extractor.maps(pictures).astype(np.float64)
    units = [_unit(m.ravel()) for m in grid_averages(maps, extractor.grid) ** extractor.power]
    mean = np.zeros_like(units[0]) if whole else predictor.mean_vector().astype(np.float64)
    contributions = tuple(
        cell_contributions(m, other - mean, extractor.grid, extractor.power)
        for m, other in zip(maps, units[::-1], strict=True)
    )
    return Explanation(
        score=float(units[0] @ units[1]),
        usual=tuple(float(unit @ mean) for unit in units),
        contributions=contributions,
        pictures=pictures,
        names=tuple(
            catalogue.caption(item) if is_key else "your picture"
            for item, is_key in zip(both, are_keys, strict=True)
        ),
        agreement=agreement(catalogue, *both) if all(are_keys) else None,
    )


def cell_contributions(maps, direction, grid, power=1.0):
    """Take apart, cell by cell, the dot product of an item's unit feature vector with another.

    The maps, (side, side, n_channels), are one picture's, as the network gives them; none is
    negative, unless `power` is 1. `direction`, (n_features,), is such as the other item's unit
    vector; `grid` and `power` are as in `zapsim.VGG16Extractor`. Returns an ndarray of shape
    (side, side), float64, whose sum is the dot product, exactly (but for rounding).

    Examples
    --------
    One channel, averaged over the picture: a cell counts by its share of the average.

    >>> import numpy as np
    >>> cell_contributions(np.array([[[0.0], [1.0]], [[3.0], [4.0]]]), np.array([1.0]), grid=1)
    array([[0.   , 0.125],
           [0.375, 0.5  ]])
    """
    cells = averaging(len(maps), len(maps) if grid == "flat" else grid).astype(np.float64)
    averages = grid_averages(maps[None], grid)[0]
    length = np.linalg.norm(averages**power) or 1.0
    # Each feature, divided among the cells in proportion to what they bring to its average.
    # With a power of 1 that is what they are themselves, negative ones and those around a sum of 0.
    per_unit = np.full_like(averages, power == 1)
    if power != 1:
        np.divide(averages**power, averages, out=per_unit, where=averages > 0)
    per_unit *= np.reshape(direction, averages.shape)
    spread = np.einsum("gh,kw,gkc->hwc", cells, cells, per_unit, optimize=True)
    return (spread * maps).sum(axis=2) / length


def agreement(catalogue, query, neighbour):
    """Compare what is known about two items, attribute by attribute.

    Parameters
    ----------
    catalogue : Catalogue
    query, neighbour : str
        Keys.

    Returns
    -------
    pandas.DataFrame
        One row a column of the catalogue (identifiers left out), indexed by ``attribute``:
        ``query`` and ``neighbour`` (their values), ``agree`` ("yes", "partly" where some of
        several values are shared, "no", or "unknown" where one of them has none), and
        ``how_common``, the share of all items that carry every value of the query's, in [0, 1]:
        to agree in what nearly all have says little.

    Raises
    ------
    KeyError
        If there is no such key.
    """
    check_catalogue(catalogue)
    check_key(query, "query")
    check_key(neighbour, "neighbour")
    query, neighbour = (known_key(key, catalogue.keys) for key in (query, neighbour))
    rows = []
    for column in catalogue.table.columns.difference(catalogue.identifiers, sort=False):
        cells = catalogue.table[column]
        mine, theirs = split_values(cells[query]), split_values(cells[neighbour])
        if not mine or not theirs:
            agree = "unknown"
        elif mine == theirs:
            agree = "yes"
        else:
            agree = "partly" if mine & theirs else "no"
        counts = cells.value_counts()
        common = sum(n for cell, n in counts.items() if mine <= split_values(cell)) / len(cells)
        rows.append((column, cells[query], cells[neighbour], agree, common if mine else np.nan))
    names = ["attribute", "query", "neighbour", "agree", "how_common"]
    return pd.DataFrame(rows, columns=names).set_index("attribute")


def _unit(vector):
    return vector / (np.linalg.norm(vector) or 1.0)
