"""Try VGG16 cut at many places at once, on your own catalogue, with what each cut costs.

In: a `Catalogue`. Out: features by name, ready for `top_k` and `zapsim.scorecard`, and a report of
quality beside time and size. One pass of each picture through the network serves all layers and
grids, for every layer's maps are there on the way to the last. The edge rule: every picture must
be readable; `PictureError` names the first that is not (``catalogue.check()`` lists all).
"""

from time import perf_counter

import numpy as np
import pandas as pd

from zapsim.checks import check_memory
from zapsim.features import VGG16Extractor
from zapsim.io.pictures import fit_square
from zapsim.judge.evaluation import scorecard
from zapsim.kinds.pca import reduce
from zapsim.vgg16.network import LAYERS, averaging, compiled, map_size, n_features
from zapsim.vgg16.weights import keras_cache

__all__ = ["article_cut", "as_trained", "extract_cuts", "lab_report", "reduce_cuts", "run_cuts"]

_FC2_WEIGHTS = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
MEANS = np.array([103.939, 116.779, 123.68], np.float32)


def extract_cuts(
    catalogue,
    layers=("block3_pool", "block4_pool", "block5_pool"),
    grids=(1, 2, 4),
    image_size=128,
    fit="pad",
    power=0.5,
    weights="bundled",
):
    """Extract a catalogue's features at several layers and grids, in one pass.

    Parameters
    ----------
    catalogue : Catalogue
    layers : list of str
        Any of `VGG16Extractor`'s.
    grids : list of int or "flat"
        Those that a layer's maps are too small for are passed over; fc1 and fc2 have none.
    image_size, fit, power, weights
        As in `VGG16Extractor`.

    Returns
    -------
    dict of str to pandas.DataFrame of shape (n_items, n_features), float32
        By name, e.g. ``"block4_pool 2×2 at 128"``, or ``"block4_pool 2×2 at 128, power 1"`` where
        fit, power or weights are not the default, in the network's order: just what
        `VGG16Extractor.extract` returns. ``attrs["milliseconds"]`` is what one picture's way
        through the network took, up to this cut: the median over batches, in this run.

    Raises
    ------
    ValueError
        If there are no layers, no grid that fits one, or a setting is none of `VGG16Extractor`'s.
    MemoryError
        If all of them together would not fit in memory.
    """
    if not len(layers):
        raise ValueError(
            f"layers must name at least one layer, such as 'block4_pool'. Received: {layers=!r}"
        )
    options = {"image_size": image_size, "weights": weights, "fit": fit, "power": power}
    whole = {layer: VGG16Extractor(layer, 1, **options) for layer in layers}
    cuts = {}
    for layer in sorted(whole, key=list(LAYERS).index):
        side = map_size(layer, image_size)
        for grid in grids if side else [None]:
            if side is None or grid == "flat" or grid <= side:
                cut = VGG16Extractor(layer, grid or 1, **options)
                cuts[layer, cut.grid] = cut
        deepest = whole[layer]
    if not cuts:
        raise ValueError(
            f"There is nothing to cut: the maps of {', '.join(layers)} at image_size={image_size} "
            f"are too small for any of grids. Received: {grids=!r}"
        )
    width = sum(cut.n_features for cut in cuts.values())
    check_memory(
        4 * len(catalogue) * width,
        f"All cuts together: {len(catalogue):,} × {width:,} numbers × 4 bytes",
        "Try fewer cuts, or them on a sample: catalogue.sample(2000).",
    )
    values, milliseconds = run_cuts(catalogue, deepest, list(cuts), progress=True)
    found = {}
    for (layer, grid), cut in cuts.items():
        features = pd.DataFrame(values[layer, grid], index=catalogue.keys)
        features.attrs = {"extractor": cut.settings, "milliseconds": milliseconds[layer]}
        found[_name(cut)] = features
    return found


def run_cuts(catalogue, extractor, cuts, prepare=None, progress=False):
    """Run a catalogue through one network and keep what several cuts give.

    Parameters
    ----------
    catalogue : Catalogue
    extractor : VGG16Extractor
        Cut at or behind the last of `cuts`; its picture size, fit and power are used.
    cuts : list of (layer, grid)
        As `VGG16Extractor` takes them.
    prepare : callable, optional
        RGB pictures (n, image_size, image_size, 3), float32, in [0, 255] -> what the network is
        given. By default `as_trained`.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    values : dict of (layer, grid) to ndarray of shape (n_items, n_features), float32
        Rounded to float16, as the extractor's are.
    milliseconds : dict of str to float
        By layer: the network's time for one picture up to there, the median over batches.
    """
    from tqdm.auto import tqdm

    prepare, size = prepare or as_trained, extractor.batch_size
    stages = _stages(extractor.model, {layer for layer, _ in cuts})
    seconds = {layer: [] for layer in stages}
    keys = list(catalogue.keys)
    values = {
        cut: np.empty((len(keys), n_features(*cut, extractor.image_size)), np.float32)
        for cut in cuts
    }
    starts = range(0, len(keys), size)
    for start in tqdm(starts, desc="Extracting", unit="batch", disable=not progress):
        part = keys[start : start + size]
        squares = np.stack(
            [fit_square(catalogue.picture(k), extractor.image_size, extractor.fit) for k in part]
        )
        maps, spent = prepare(squares.astype(np.float32)), 0.0
        for layer, run in stages.items():
            began = perf_counter()
            maps = run(maps)
            found = maps.numpy().astype(np.float32)
            spent += perf_counter() - began
            seconds[layer].append(spent / len(part))
            for cut in cuts:
                if cut[0] == layer:
                    rows = slice(start, start + len(part))
                    values[cut][rows] = _vectors(found, cut[1], extractor.power)
    milliseconds = {layer: 1000 * float(np.median(s)) for layer, s in seconds.items()}
    return values, milliseconds


def reduce_cuts(cuts, n=256):
    """Reduce each cut that has more features than that to its principal components.

    Parameters
    ----------
    cuts : dict of str to pandas.DataFrame (n_items, n_features)
        As `extract_cuts` returns.
    n : int
        How many components, fewer than items.

    Returns
    -------
    dict of str to pandas.DataFrame of shape (n_items, n), float32
        As `zapsim.reduce` returns, by name, e.g. ``"block4_pool 4×4 at 128, PCA 256"``; only the
        reduced ones.
    """
    reduced = {}
    for name, features in cuts.items():
        if features.shape[1] > n:
            reduced[f"{name}, PCA {n}"] = fewer = reduce(features, n)
            fewer.attrs["milliseconds"] = features.attrs.get("milliseconds", np.nan)
    return reduced


def as_trained(pictures):
    """Prepare RGB pictures as VGG16 was trained: blue-green-red, each channel's mean taken away."""
    return pictures[..., ::-1] - MEANS


def article_cut(catalogue):
    """Extract features at the article's own cut, fc2 at 224×224, if its weights are here.

    They are 528 MB, so nothing is downloaded: what ``weights="imagenet"`` fetched once is used.

    Parameters
    ----------
    catalogue : Catalogue

    Returns
    -------
    dict of str to pandas.DataFrame of shape (n_items, 4096), float32
        As `extract_cuts`; empty, after a printed line, where the weights are missing.
    """
    if not keras_cache(_FC2_WEIGHTS).is_file():
        print(
            "fc2 is left out: its weights (528 MB) are not on this machine. To have Keras fetch "
            "them: zapsim.VGG16Extractor('fc2', image_size=224, weights='imagenet').model"
        )
        return {}
    return extract_cuts(catalogue, ["fc2"], image_size=224, weights="imagenet", power=1)


def lab_report(cuts, labels, k=5, exclude=None, against=None, **options):
    """Set quality beside what it costs.

    Parameters
    ----------
    cuts : dict of str to pandas.DataFrame (n_items, n_features)
        As `extract_cuts` returns; any other features may be among them.
    labels, k, exclude, against, **options
        As in `zapsim.scorecard`, which judges them by precision alone.

    Returns
    -------
    pandas.DataFrame
        One row a cut. Columns of two levels: under ``an item``, its ``n_features``, ``bytes`` in
        a feature store (float16) and ``milliseconds`` in the network (missing where it was not
        measured); then as `zapsim.scorecard`.
    """
    card = scorecard(cuts, labels, k, exclude, against, metrics=("precision",), **options)
    costs = {
        name: {
            "n_features": features.shape[1],
            "bytes": 2 * features.shape[1],
            "milliseconds": features.attrs.get("milliseconds", np.nan),
        }
        for name, features in cuts.items()
    }
    costs = pd.DataFrame(costs).T.astype({"n_features": int, "bytes": int})
    costs.columns = pd.MultiIndex.from_product([["an item"], costs.columns])
    return costs.join(card)


def _stages(model, layers):
    """Cut a network into pieces that end at the layers; each takes up where the last one ended."""
    names, stages, start = [layer.name for layer in model.layers], {}, 1
    for layer in sorted(layers, key=names.index):
        end = names.index(layer) + 1
        stages[layer] = _in_a_row(model.layers[start:end])
        start = end
    return stages


def _in_a_row(layers):
    def run(maps):
        for layer in layers:
            maps = layer(maps)
        return maps

    return compiled(run, layers[0].input.shape, layers[0].compute_dtype)


def _vectors(maps, grid, power):
    """Average maps over a grid, or flatten them; (n, n_features), float32."""
    if isinstance(grid, int):
        cells = averaging(maps.shape[1], grid)
        maps = np.einsum("gh,nhwc,kw->ngkc", cells, maps, cells, optimize=True)
    return (maps.reshape(len(maps), -1) ** power).astype(np.float16).astype(np.float32)


def _name(extractor):
    grid = {None: "", "flat": " flat"}.get(extractor.grid, f" {extractor.grid}×{extractor.grid}")
    fit = "" if extractor.fit == "pad" else ", stretched"
    power = "" if extractor.power == 0.5 else f", power {extractor.power:g}"
    weights = "" if extractor.weights == "bundled" else f", weights {extractor.weights}"
    return f"{extractor.layer}{grid} at {extractor.image_size}{fit}{power}{weights}"
