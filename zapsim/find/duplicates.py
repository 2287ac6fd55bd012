"""Find near duplicates: the same photo again, resized, recompressed, slightly cropped or mirrored.

In: a `Catalogue` and its features. Out: a table of groups. The
features, and small pictures of what the photos show, name candidates; then the small pictures of
two candidates are laid on each other as well as they can be, and their difference decides. So
another colourway, or a product of the same shape, is none. The edge rule: a picture that cannot be
read is counted and named, and is nobody's duplicate.
"""

import os
import warnings

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zapsim.checks import (
    check_catalogue,
    check_features,
    check_flag,
    check_table,
    checked_number,
    checked_spelling,
    checked_whole,
)
from zapsim.io.disk import ahead
from zapsim.io.pictures import PictureError, reading
from zapsim.similarity import top_k

__all__ = [
    "aligned_distance",
    "near_duplicates",
    "near_pairs",
    "plot_duplicates",
    "small_picture",
]

_COLUMNS = ["group", "key", "width", "height", "distance", "nearest", "mirrored"]
_THREADS = min(os.cpu_count() or 2, 8)
_SIDE = 32
# A JPEG of at least twice these sides is decoded smaller: the small picture needs no more.
_LEAST = 16 * _SIDE
_BLOCK = 512
# Brighter than this, in all colours, is background, whatever JPEG made of it.
_WHITE = 250
# The box around what is shown leaves out this share of it on each side, which is less shaken by
# noise than its outermost pixel, and then is widened by this share of its own size.
_LEFT_OUT, _WIDENED = 0.01, 0.06
# A crop of a twentieth changes the proportions by no more.
_PROPORTIONS = 0.2
# How far small pictures may be moved and scaled: by pixels at the border.
_REACH = np.array([0.08, 0.08, 0.08, 0.08], np.float32) * _SIDE
_STEPS = 8
# What JPEG leaves of a picture without any contrast.
_NOISE = (3 / 255) ** 2


def near_duplicates(catalogue, features, threshold=0.15, mirrored=True, k=5):
    """List groups of pictures that are the same photo: resized, recompressed, cropped, mirrored.

    Parameters
    ----------
    catalogue : Catalogue
    features : pandas.DataFrame of shape (n_items, n_features)
        Any features of the catalogue, indexed by key; only items that have some are compared.
    threshold : float
        The largest distance of two small pictures that are still the same photo, above 0, at most
        1. See the notes for what it finds.
    mirrored : bool
        Find mirrored ones, too.
    k : int
        So many nearest items, by features and again by small pictures, are candidates.

    Returns
    -------
    pandas.DataFrame
        One row a picture that is in a group; empty where there are none. ``group`` (from 0, in
        the order of their first keys), ``key``, ``width`` and ``height`` in pixels, ``distance``
        to the nearest other of its group (0 the same, 1 nothing in common, float), ``nearest``
        (that one's key; ties: the lower key), and ``mirrored``, whether those two are each other's
        mirror image. In a group the largest picture is first, ties by key. Groups are chains: the
        first and the last of a group need not be within the threshold.

    Raises
    ------
    TypeError, ValueError
        If the features are no DataFrame by key, are a similarity matrix, or are not of this
        catalogue, or a number is out of its range.

    Notes
    -----
    Of 60 copies by each change, resized, saved as JPEG of quality 40, cropped by 5 % and mirrored,
    a threshold of 0.15 finds all on MiniZap, and 0.95, 0.98, 0.97 and 1 on 1,500 real photos; 0.1
    finds 0.97, 1, 0.72, 1 and 0.88, 0.9, 0.77, 1. Precision, the share of listed pairs that were
    made, is 0.997 and 1, and at 0.1 0.998 and 1: the few others are drawn alike, no colourways
    (``python -m benchmarks.duplicates``). Small pictures lose more: measure it on yours.
    """
    check_catalogue(catalogue)
    check_features(features)
    threshold = checked_number("threshold", threshold, 0, 1, "(]")
    check_flag(mirrored, "mirrored")
    k = checked_whole("k", k)
    features = checked_spelling(features, catalogue.keys)
    features = features[features.index.isin(catalogue.keys)].sort_index()
    if not len(features):
        raise ValueError(
            "None of the features' keys is in the catalogue. Were they extracted from another one?"
        )
    return _table(*near_pairs(catalogue, features, threshold, mirrored, k))


def plot_duplicates(catalogue, duplicates, n=8, columns=4):
    """Draw groups of near duplicates, to see whether they are (a matplotlib Figure).

    Parameters
    ----------
    catalogue : Catalogue
    duplicates : pandas.DataFrame
        What `near_duplicates` returned, or some of its rows.
    n : int
        So many groups, those with the largest distances, where mistakes are most likely.
    columns : int
        Pictures in a row, at least 1.
    """
    from zapsim.draw.plots import plot_pictures

    check_catalogue(catalogue)
    check_table("duplicates", duplicates, _COLUMNS, "zapsim.near_duplicates")
    n = checked_whole("n", n)
    if not len(duplicates):
        raise ValueError("duplicates are empty: there is nothing to draw.")
    worst = (
        duplicates.groupby("group")["distance"].max().sort_values(ascending=False, kind="stable")
    )
    titled = [
        (
            catalogue.picture_or_none(row.key),
            f"group {row.group}   {row.distance:.3f}{' mirrored' if row.mirrored else ''}\n"
            f"{row.width}×{row.height}\n{catalogue.caption(row.key)}",
        )
        for group in worst.index[:n]
        for row in duplicates[duplicates["group"] == group].itertuples()
    ]
    note = f"{min(n, len(worst)):,} of {len(worst):,} groups, the largest distance first"
    return plot_pictures(titled, columns, note=note)


def near_pairs(catalogue, features, threshold, mirrored, k):
    """Return all pairs within the threshold; what is given is as in `near_duplicates`, and checked.

    Returns the keys that were compared (Index), their sizes (n, 2) in pixels, and of each pair: the
    two rows (n_pairs, 2), the distance, and whether one is mirrored.
    """
    keys, sizes, proportions, small = _small_pictures(catalogue, features.index)
    pairs = _candidates(features.loc[keys], small, proportions, mirrored, k)
    return keys, sizes, *_verified(small, pairs, threshold, mirrored)


def small_picture(picture):
    """Reduce a picture (height, width, 3), uint8, to what it shows.

    Returns an ndarray of shape (32, 32, 3), uint8, without white margins and stretched to a square,
    and the width and height that it had in pixels (tuple of float).
    """
    image = Image.fromarray(picture)
    content = np.asarray(image.reduce(max(1, min(image.size) // 64))).min(axis=2)
    weight = np.clip(_WHITE - content.astype(np.float32), 0, None)
    left, right = _span(weight.sum(axis=0), image.width)
    top, bottom = _span(weight.sum(axis=1), image.height)
    size = (_SIDE, _SIDE)
    image = image.resize(size, Image.Resampling.BILINEAR, (left, top, right, bottom))
    return np.asarray(image), (right - left, bottom - top)


def _span(weights, length):
    """Return where a picture's content begins and ends along one side, in pixels."""
    total = np.concatenate([[0], np.cumsum(weights, dtype=np.float64)])
    if not total[-1]:
        return 0.0, float(length)
    places = np.linspace(0, length, len(total))
    first, last = np.interp([_LEFT_OUT, 1 - _LEFT_OUT], total / total[-1], places)
    more = max(_WIDENED * (last - first), 1)
    return max(0.0, first - more), min(float(length), last + more)


def _small_pictures(catalogue, keys):
    """Return the readable keys (Index), their sizes, content's proportions, and small pictures."""
    from tqdm.auto import tqdm

    def work(key):
        with reading(catalogue.read(key), key, _LEAST, sized=True) as (picture, size):
            small, (width, height) = small_picture(picture)
            return size, np.log(width / height), small

    good, found, unreadable = [], [], []
    waiting = ahead(work, keys, _THREADS, 64)
    for key, result in tqdm(waiting, "Comparing", len(keys), unit="picture"):
        try:
            found.append(result.result())
            good.append(key)
        except PictureError as error:
            unreadable.append(str(error))
    if unreadable:
        plural = "s" * (len(unreadable) > 1)
        warnings.warn(
            f"{len(unreadable):,} picture{plural} could not be read or compared, such as "
            f"{unreadable[0]}",
            stacklevel=4,
        )
    if not good:
        raise PictureError("None of the pictures could be read.")
    sizes, proportions, small = zip(*found, strict=True)
    return pd.Index(good), np.array(sizes), np.array(proportions), np.stack(small)


def _candidates(features, small, proportions, mirrored, k):
    """Return pairs (n_pairs, 2) of rows that may be duplicates, the lower row first, sorted."""
    if len(small) < 2:
        return np.empty((0, 2), np.int64)
    coarse = small.reshape(len(small), 16, 2, 16, 2, 3).mean(axis=(2, 4), dtype=np.float32)
    if mirrored:
        # Sums and differences of two halves are the same for a picture and its mirror image.
        left, right = coarse[:, :, :8], coarse[:, :, :7:-1]
        coarse = np.concatenate([left + right, np.abs(left - right)], axis=2)
    coarse = coarse.reshape(len(small), -1)
    coarse = pd.DataFrame(coarse - coarse.mean(axis=0), index=features.index)
    pairs = []
    for vectors in (features, coarse):
        indices = top_k(vectors, k).indices
        rows = np.repeat(np.arange(len(indices)), indices.shape[1])
        pairs.append(np.column_stack([rows, indices.ravel()]))
    pairs = np.concatenate(pairs)
    pairs = np.unique(np.sort(pairs[pairs[:, 1] >= 0], axis=1), axis=0)
    return pairs[np.abs(np.diff(proportions[pairs], axis=1)[:, 0]) < _PROPORTIONS]


def _verified(small, pairs, threshold, mirrored):
    """Return rows, distances and which are mirrored, of the pairs within the threshold."""

    def work(start):
        first, second = (small[part].astype(np.float32) / 255 for part in pairs[start].T)
        plain = aligned_distance(first, second)
        turned = aligned_distance(first, second[:, :, ::-1]) if mirrored else plain
        return plain, turned

    blocks = [slice(start, start + _BLOCK) for start in range(0, len(pairs), _BLOCK)]
    done = [each.result() for _, each in ahead(work, blocks, _THREADS, 2 * _THREADS)]
    plain, turned = np.concatenate([np.empty((2, 0)), *map(np.array, done)], axis=1)
    distances = np.minimum(plain, turned)
    near = distances <= threshold
    return pairs[near], distances[near], (turned < plain)[near]


def aligned_distance(first, second):
    """Tell how far pictures differ once they are moved and scaled onto each other.

    Both are of shape (n, 32, 32, 3), float32, in [0, 1]. Each pair is aligned by least squares
    (Lucas & Kanade), by at most 8 % of its size, its two sides scaled on their own. Returns an
    ndarray of shape (n,): the root mean square difference where both have something, divided by
    their contrast: 0 for the same, about 1 or more for pictures that have nothing in common.

    References
    ----------
    Baker & Matthews, "Lucas-Kanade 20 Years On: A Unifying Framework", IJCV 56, 2004,
    doi:10.1023/B:VISI.0000011205.11775.fd.
    """
    n, grey = len(first), first.mean(axis=3)
    other = second.mean(axis=3)
    place = np.linspace(-1, 1, _SIDE, dtype=np.float32)
    # How each pixel changes when the picture is moved, or scaled, along each side.
    down, across = np.gradient(grey, axis=(1, 2))
    slopes = [across, across * place, down, down * place[:, None]]
    slopes = np.stack(slopes, axis=3).reshape(n, -1, 4)
    curvature = slopes.transpose(0, 2, 1) @ slopes
    steady = 1e-3 * np.trace(curvature, axis1=1, axis2=2) + 1e-6
    step = np.linalg.inv(curvature + steady[:, None, None] * np.eye(4, dtype=np.float32))
    moves = np.zeros((n, 4), np.float32)
    best, best_moves = np.full(n, np.inf, np.float32), moves
    for _ in range(_STEPS):
        difference, seen = _difference(grey[..., None], other[..., None], moves)
        error = (difference**2).sum(axis=(1, 2, 3)) / seen.sum(axis=(1, 2, 3))
        better = error < best
        best, best_moves = (
            np.where(better, error, best),
            np.where(better[:, None], moves, best_moves),
        )
        slope = slopes.transpose(0, 2, 1) @ difference.reshape(n, -1, 1)
        moves = np.clip(moves - (step @ slope)[..., 0], -_REACH, _REACH)
    difference, seen = _difference(first, second, best_moves)
    pixels = 3 * seen.sum(axis=(1, 2, 3))
    return np.sqrt((difference**2).sum(axis=(1, 2, 3)) / pixels / _contrast(first, second))


def _difference(first, second, moves):
    """Return moved `second` less `first`, and where both have something (n, 32, 32, 1), bool."""
    pixels = np.arange(_SIDE, dtype=np.float32)
    place = np.linspace(-1, 1, _SIDE, dtype=np.float32)
    across, down = (pixels + moves[:, i : i + 1] + moves[:, i + 1 : i + 2] * place for i in (0, 2))
    seen = [(each > -0.5) & (each < _SIDE - 0.5) for each in (across, down)]
    # Linear interpolation along a side is a product with a matrix of few numbers.
    columns, rows = (
        np.clip(1 - np.abs(np.clip(each, 0, _SIDE - 1)[:, :, None] - pixels), 0, None)
        for each in (across, down)
    )
    n, channels = len(first), first.shape[3]
    moved = (rows @ second.reshape(n, _SIDE, -1)).reshape(n, _SIDE, _SIDE, channels)
    moved = columns[:, None] @ moved
    both = (seen[1][:, :, None] & seen[0][:, None])[..., None]
    return (moved - first) * both, both


def _contrast(first, second):
    """Return the mean variance of two pictures' colours (n,), at least that of JPEG's noise."""
    return (first.var(axis=(1, 2)) + second.var(axis=(1, 2))).mean(axis=1) / 2 + _NOISE


def _table(keys, sizes, pairs, distances, mirrored):
    n = len(keys)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    both = pd.DataFrame(
        {
            "row": np.concatenate([pairs[:, 0], pairs[:, 1]]),
            "other": np.concatenate([pairs[:, 1], pairs[:, 0]]),
            "distance": np.tile(distances, 2).astype(float),
            "mirrored": np.tile(mirrored, 2),
        }
    )
    # Each item's nearest, ties by the lower key: keys are sorted.
    nearest = both.sort_values(["row", "distance", "other"]).drop_duplicates("row")
    rows = nearest["row"].to_numpy()
    table = pd.DataFrame(
        {
            "group": pd.factorize(connected_components(links, directed=False)[1][rows])[0],
            "key": keys[rows],
            "width": sizes[rows, 0],
            "height": sizes[rows, 1],
            "distance": nearest["distance"].to_numpy(),
            "nearest": keys[nearest["other"].to_numpy()],
            "mirrored": nearest["mirrored"].to_numpy(bool),
            "area": -sizes[rows].prod(axis=1),
        }
    )
    return table.sort_values(["group", "area", "key"], ignore_index=True)[_COLUMNS]
