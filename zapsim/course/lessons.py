"""Figures and tables that only the course needs, so that its cells stay short.

In: what the library returns. Out: matplotlib Figures and pandas DataFrames. Colours are
Okabe and Ito's or viridis, which readers with any colour vision can tell apart.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from zapsim.checks import groups_of
from zapsim.draw.plots import finished
from zapsim.features import VGG16Extractor
from zapsim.io.saved import Neighbours
from zapsim.judge.evaluation import precision_at_k
from zapsim.judge.layer_lab import run_cuts
from zapsim.similarity import nearest, top_k, unit_vectors
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import LAYERS, MEANS, layer_costs, outputs_of, preprocessed

__all__ = [
    "feature_maps",
    "interrupted",
    "matrix_memory",
    "plot_arrows",
    "plot_counts",
    "plot_feature_maps",
    "plot_heat_map",
    "plot_layer_costs",
    "plot_score_distribution",
    "preprocessing_variants",
    "try_cuts",
    "try_preprocessing",
]

_SLANTED = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"]


def plot_counts(labels, title, unit="pictures"):
    """Draw how often each label occurs, most frequent first (labels: Series of str)."""
    counts = labels.value_counts(ascending=True)
    figure, axes = plt.subplots(figsize=(7, 0.26 * len(counts) + 0.8))
    bars = axes.barh(counts.index, counts, color=_COLOURS[0])
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.set(title=title, xlabel=unit)
    return _finish(figure, axes)


def plot_layer_costs(image_size=128, cut="block4_pool"):
    """Draw what each layer costs; the layers that a cut saves are grey."""
    costs = layer_costs(image_size)["million_multiply_adds"]
    kept = np.arange(len(costs)) <= costs.index.get_loc(cut)
    figure, axes = plt.subplots(figsize=(8, 2.8))
    axes.bar(costs.index, costs, color=np.where(kept, _COLOURS[0], "#C8C8C8"))
    axes.set(
        title=f"Cutting at {cut} keeps the blue layers ({image_size}×{image_size} pixels)",
        ylabel="million\nmultiply-adds a picture",
    )
    axes.set_xticks(range(len(costs)), costs.index, fontsize=8, **_SLANTED)
    return _finish(figure, axes)


def feature_maps(extractor, picture, layers):
    """Return the maps (side, side, channels) of one picture by layer, float32.

    The extractor must be cut at or behind the last of the layers.
    """
    engine = KerasEngine(outputs_of(extractor.model, layers))
    maps = engine.outputs(preprocessed([extractor.square(picture)]))
    return {layer: values[0] for layer, values in zip(layers, maps, strict=True)}


def interrupted(catalogue, after):
    """Return the catalogue, but reading any after the first `after` pictures is interrupted."""
    return catalogue.with_reader(partial(_read_until, catalogue, set(catalogue.keys[after:])))


def _read_until(catalogue, interrupted, key):
    if key in interrupted:
        raise KeyboardInterrupt
    return catalogue.read(key)


def try_cuts(catalogue, labels, products=None, image_size=64):
    """Measure what a cut after each of VGG16's five pools costs and gives.

    Every picture of the catalogue is readable; labels and products are Series by key, and items of
    the same product are no neighbours; `image_size` is at least 64, so that the last pool's maps
    have 2×2 cells. One row a pool: ``n_features`` of a 2×2 grid of averages, ``cost_so_far`` as in
    `layer_costs`, and ``precision_at_5``.
    """
    extractor = VGG16Extractor("block5_pool", grid=2, image_size=image_size)
    cuts = [(layer, 2) for layer in LAYERS if "pool" in layer]
    values = run_cuts(catalogue, extractor, cuts)
    costs, rows = layer_costs(image_size)["cost_so_far"], {}
    for layer, grid in cuts:
        features = pd.DataFrame(values[layer, grid], index=catalogue.keys)
        precision = precision_at_k(top_k(features, 5, exclude=products), labels)
        rows[layer] = features.shape[1], costs[layer], precision
    columns = ["n_features", "cost_so_far", "precision_at_5"]
    return pd.DataFrame.from_dict(rows, "index", columns=columns)


def preprocessing_variants(catalogue, image_size=64):
    """Extract a catalogue's features the right way, and with three classic mistakes.

    Returns features (n_items, n_features) by name; every picture must be readable.
    """
    extractor = VGG16Extractor(image_size=image_size)
    cut = extractor.layer, extractor.grid
    inputs = {
        "as VGG16 was trained": preprocessed,
        "red and blue exchanged": lambda rgb: np.float32(rgb) - MEANS,
        "means not taken away": lambda rgb: np.float32(rgb)[..., ::-1],
        "scaled to [0, 1]": lambda rgb: np.float32(rgb)[..., ::-1] / np.float32(255),
    }
    variants = {}
    for name, prepare in inputs.items():
        values = run_cuts(catalogue, extractor, [cut], prepare)
        variants[name] = pd.DataFrame(values[cut], index=catalogue.keys)
    return variants


def try_preprocessing(variants, labels, products=None):
    """Compare what `preprocessing_variants` returns by precision at 5, colourways left out.

    The right variant comes first; labels and products are as in `try_cuts`. One row a variant:
    ``both``, where queries and catalogue take the same path, and ``query only``, where the
    catalogue takes the right one. At least six products are needed.
    """
    first = next(iter(variants.values()))
    right, groups, rows = unit_vectors(first), groups_of(products, first.index), {}
    for name, features in variants.items():
        scores = unit_vectors(features) @ right.T
        scores[groups[:, None] == groups] = -np.inf
        found = np.stack([nearest(row, 5) for row in scores])
        mixed = Neighbours(first.index, found, np.take_along_axis(scores, found, axis=1))
        paths = {"both": top_k(features, 5, exclude=products), "query only": mixed}
        rows[name] = {path: precision_at_k(each, labels) for path, each in paths.items()}
    return pd.DataFrame(rows).T


def plot_feature_maps(maps, n=7):
    """Draw, for each layer, the `n` maps that vary most over the picture; bright is strong."""
    size = (1.25 * n + 1, 1.3 * len(maps))
    figure, grid = plt.subplots(len(maps), n, figsize=size, squeeze=False)
    for row, (layer, values) in zip(grid, maps.items(), strict=True):
        liveliest = np.argsort(values.std(axis=(0, 1)))[::-1][:n]
        for axes, channel in zip(row, liveliest, strict=True):
            axes.imshow(values[:, :, channel], cmap="magma")
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"channel {channel}", fontsize=7)
        side, _, channels = values.shape
        label = f"{layer}\n{channels} maps\nof {side}×{side}"
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    return _finish(figure)


def plot_arrows(vectors):
    """Draw two-dimensional vectors as arrows from the origin (dict of name to (x, y))."""
    figure, axes = plt.subplots(figsize=(4.2, 3.6))
    for (name, (x, y)), colour in zip(vectors.items(), _COLOURS, strict=False):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2.5}
        axes.annotate("", (x, y), (0, 0), arrowprops=arrow)
        place = {"xytext": (4, 4), "textcoords": "offset points"}
        axes.annotate(f"{name} ({x}, {y})", (x, y), color=colour, **place)
    reach = 1.25 * max(max(vector) for vector in vectors.values())
    axes.set(xlim=(0, reach), ylim=(0, reach), aspect="equal")
    axes.set(xlabel="feature 1", ylabel="feature 2")
    return _finish(figure, axes)


def plot_heat_map(matrix, labels):
    """Draw a similarity matrix (DataFrame) with its items ordered by label (Series by key).

    Items without a label are left out, here and in `plot_score_distribution`.
    """
    ordered = labels.loc[matrix.index].dropna().sort_values(kind="stable")
    counts = ordered.value_counts(sort=False).loc[ordered.unique()]
    ends = counts.cumsum().to_numpy()
    figure, axes = plt.subplots(figsize=(9, 7.6))
    low = np.quantile(matrix.to_numpy(), 0.01)
    image = axes.imshow(matrix.loc[ordered.index, ordered.index], cmap="viridis", vmin=low, vmax=1)
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=0.6)
        axes.axvline(end - 0.5, color="white", linewidth=0.6)
    middles = ends - counts.to_numpy() / 2
    axes.set_yticks(middles, counts.index, fontsize=9)
    axes.set_xticks(middles, counts.index, fontsize=9, **_SLANTED)
    figure.colorbar(image, label="cosine similarity", shrink=0.8)
    return _finish(figure)


def plot_score_distribution(matrix, labels):
    """Draw how the scores of pairs with the same label and with different ones are spread."""
    labels = labels.loc[matrix.index].dropna()
    matrix, codes = matrix.loc[labels.index, labels.index], pd.factorize(labels)[0]
    rows, columns = np.triu_indices(len(matrix), k=1)
    scores, same = matrix.to_numpy()[rows, columns], codes[rows] == codes[columns]
    figure, axes = plt.subplots(figsize=(7, 2.8))
    bins = np.linspace(scores.min(), scores.max(), 60)
    for chosen, name, colour in [(~same, "different", "#8A8A8A"), (same, "the same", _COLOURS[0])]:
        label = f"{name} {labels.name} ({chosen.sum():,} pairs)"
        axes.hist(scores[chosen], bins, density=True, alpha=0.6, color=colour, label=label)
    axes.set(xlabel="cosine similarity", ylabel="share of pairs", yticks=[])
    axes.legend(frameon=False, fontsize=8)
    return _finish(figure, axes)


def matrix_memory(sizes, k=50):
    """Compare the memory of a whole similarity matrix with that of every item's k nearest.

    In megabytes, by number of items (sizes: list of int): ``matrix`` takes a float32 a pair,
    ``neighbours`` an int32 and a float32 for each of the k.
    """
    sizes = np.array(sizes, dtype=np.int64)
    table = {"matrix": 4 * sizes**2 / 1e6, "neighbours": 8 * k * sizes / 1e6}
    return pd.DataFrame(table, index=pd.Index(sizes, name="items")).round(1)


def _finish(figure, axes=None):
    if axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return finished(figure)
