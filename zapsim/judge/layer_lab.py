"""Try VGG16 cut at many places at once, on your own catalogue, with what each cut costs.

In: a `Catalogue`. Out: features by name, ready for `top_k` and `zapsim.scorecard`, and a report
of quality beside cost and size. One pass of each picture through the network serves all layers
and grids, because every layer's maps are there on the way to the last. The edge rule: every
picture must be readable; `PictureError` names the first that is not (``catalogue.check()`` lists
all).
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_dict,
    check_features,
    check_list,
    check_memory,
    is_whole,
)
from zapsim.features import VGG16Extractor, each_batch
from zapsim.io.pictures import PictureError
from zapsim.io.store import features_frame
from zapsim.judge.evaluation import scorecard
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import (
    LAYERS,
    feature_vectors,
    layer_costs,
    map_size,
    n_features,
    outputs_of,
    preprocessed,
)
from zapsim.vgg16.weights import is_downloaded

__all__ = ["article_cut", "extract_cuts", "lab_report", "run_cuts"]


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
        `VGG16Extractor.extract` returns at ``precision="float32"``.
        ``attrs["million_multiply_adds"]`` is what one picture costs up to this cut.

    Raises
    ------
    ValueError
        If there are no layers, no grid fits one, or a setting is none of `VGG16Extractor`'s.
    MemoryError
        If all of them together would not fit in memory.
    """
    check_catalogue(catalogue)
    check_list("layers", layers, "['block3_pool', 'block4_pool']")
    check_list("grids", grids, "[1, 2, 'flat']")
    options = {"image_size": image_size, "weights": weights, "fit": fit, "power": power}
    whole = {layer: VGG16Extractor(layer, 1, **options) for layer in layers}
    cuts = {}
    for layer in sorted(whole, key=list(LAYERS).index):
        side = map_size(layer, image_size)
        for grid in grids if side else [None]:
            # Other grids than whole numbers are the extractor's to take or to refuse.
            if side is None or not is_whole(grid) or grid <= side:
                cut = VGG16Extractor(layer, 1 if side is None else grid, **options)
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
    values = run_cuts(catalogue, deepest, list(cuts), progress=True)
    costs = layer_costs(image_size)["million_multiply_adds"].cumsum()
    found = {}
    for (layer, grid), cut in cuts.items():
        features = features_frame(catalogue.keys, values[layer, grid], cut.settings)
        features.attrs["million_multiply_adds"] = costs[layer]
        found[_name(cut)] = features
    return found


def run_cuts(catalogue, extractor, cuts, prepare=preprocessed, progress=False):
    """Run a catalogue through one network in float32, and keep what several cuts give.

    The extractor is cut at or behind the last of `cuts`, (layer, grid) each; its picture size, fit
    and power are used. `prepare` makes RGB pictures (n, image_size, image_size, 3), in [0, 255],
    into what the network is given, float32. Returns a dict of (layer, grid) to an ndarray of shape
    (n_items, n_features), float32, rounded to float16, as the extractor's are.
    """
    from tqdm.auto import tqdm

    keys, image_size = list(catalogue.keys), extractor.image_size
    layers = list(dict.fromkeys(layer for layer, _ in cuts))
    engine = KerasEngine(outputs_of(extractor.model, layers))

    def compute(squares):
        maps = dict(zip(layers, engine.outputs(prepare(np.stack(squares))), strict=True))
        return [feature_vectors(maps[layer], grid, extractor.power) for layer, grid in cuts]

    shapes = [(len(keys), n_features(*cut, image_size)) for cut in cuts]
    values = [np.empty(shape, np.float32) for shape in shapes]
    done = 0
    with tqdm(total=len(keys), desc="Extracting", unit="picture", disable=not progress) as bar:
        for batch in each_batch(catalogue, keys, extractor, compute):
            if batch.unreadable:
                raise PictureError(next(iter(batch.unreadable.values())))
            for all_values, some in zip(values, batch.result, strict=True):
                all_values[done : done + len(some)] = some
            done += len(batch.keys)
            bar.update(len(batch.keys))
    return dict(zip(cuts, values, strict=True))


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
    check_catalogue(catalogue)
    if not is_downloaded(include_top=True):
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
        a feature store (float16) and ``million_multiply_adds`` in the network (missing where they
        are not known); then as `zapsim.scorecard`.
    """
    check_dict("cuts", cuts, "{'VGG16': features}")
    check_list("cuts", list(cuts), "{'VGG16': features}")
    for name, features in cuts.items():
        check_features(features, f"cuts[{name!r}]")
    card = scorecard(cuts, labels, k, exclude, against, metrics=("precision",), **options)
    sizes = np.array([features.shape[1] for features in cuts.values()])
    spent = [features.attrs.get("million_multiply_adds", np.nan) for features in cuts.values()]
    costs = {"n_features": sizes, "bytes": 2 * sizes, "million_multiply_adds": spent}
    return pd.concat({"an item": pd.DataFrame(costs, index=list(cuts))}, axis=1).join(card)


def _name(extractor):
    grid = {None: "", "flat": " flat"}.get(extractor.grid, f" {extractor.grid}×{extractor.grid}")
    fit = {"stretch": ", stretched", "trim": ", trimmed"}.get(extractor.fit, "")
    power = "" if extractor.power == 0.5 else f", power {extractor.power:g}"
    weights = "" if extractor.weights == "bundled" else f", weights {extractor.weights}"
    return f"{extractor.layer}{grid} at {extractor.image_size}{fit}{power}{weights}"
