"""Try a network cut at many places at once, on your own catalogue, with what each cut costs.

In: a `Catalogue`. Out: features by name, ready for `top_k` and `zapsim.scorecard`, and a report
of quality beside cost and size. One pass of each picture through the network serves all layers
and grids, because every layer's maps are there on the way to the last. The edge rule: every
picture must be readable; `PictureError` names the first that is not (``catalogue.check()`` lists
all).
"""

from inspect import signature

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_dict,
    check_features,
    check_list,
    check_memory,
    check_type,
    is_whole,
)
from zapsim.features import Extractor, VGG16Extractor, each_batch
from zapsim.io.pictures import PictureError
from zapsim.io.store import features_frame
from zapsim.judge.evaluation import scorecard
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import feature_vectors
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
    extractor=None,
):
    """Extract a catalogue's features at several layers and grids, in one pass.

    Parameters
    ----------
    catalogue : Catalogue
    layers : list of str
        Any of `VGG16Extractor`'s, or of the extractor's.
    grids : list of int or "flat"
        Those that a layer's maps are too small for are passed over; vectors, such as those of fc1
        and fc2, have none.
    image_size, fit, power, weights
        As in `VGG16Extractor`.
    extractor : KerasExtractor, optional
        Its network is cut instead of VGG16, with its picture size, fit and power.

    Returns
    -------
    dict of str to pandas.DataFrame of shape (n_items, n_features), float32
        By name, e.g. ``"block4_pool 2×2 at 128"``, or ``"block4_pool 2×2 at 128, power 1"`` where
        fit, power or weights are not the default, in the network's order: just what
        `zapsim.VGG16Extractor.extract` returns at ``precision="float32"``.
        ``attrs["million_multiply_adds"]`` is what one picture costs up to this cut, if it is known.

    Raises
    ------
    ValueError
        If there are no layers, no grid fits one, a setting is none of `VGG16Extractor`'s, or one is
        given beside an extractor, which has its own.
    MemoryError
        If all of them together would not fit in memory.
    """
    check_catalogue(catalogue)
    check_list("layers", layers, "['block3_pool', 'block4_pool']")
    check_list("grids", grids, "[1, 2, 'flat']")
    options = {"image_size": image_size, "fit": fit, "power": power, "weights": weights}
    network = _network(extractor, options)
    cuts = {}
    for layer in layers:
        check_choice("layer", layer, network.layers)
    for layer in sorted(set(layers), key=network.layers.index):
        deepest = network.cut_at(layer, 1)
        for grid in grids if deepest.side else [1]:
            # Other grids than whole numbers are the extractor's to take or to refuse.
            if not deepest.side or not is_whole(grid) or grid <= deepest.side:
                cut = deepest.cut_at(layer, grid)
                cuts[layer, cut.grid] = cut
    if not cuts:
        raise ValueError(
            f"There is nothing to cut: the maps of {', '.join(layers)} at "
            f"image_size={network.image_size} are too small for any of grids. Received: {grids=!r}"
        )
    width = sum(cut.n_features for cut in cuts.values())
    check_memory(
        4 * len(catalogue) * width,
        f"All cuts together: {len(catalogue):,} × {width:,} numbers × 4 bytes",
        "Try fewer cuts, or them on a sample: catalogue.sample(2000).",
    )
    values = run_cuts(catalogue, deepest, list(cuts), progress=True)
    found = {}
    for (layer, grid), cut in cuts.items():
        features = features_frame(catalogue.keys, values[layer, grid], cut.settings)
        features.attrs["million_multiply_adds"] = cut.million_multiply_adds
        found[_name(cut)] = features
    return found


def run_cuts(catalogue, extractor, cuts, prepare=None, progress=False):
    """Run a catalogue through one network in float32, and keep what several cuts give.

    The extractor is cut at or behind the last of `cuts`, (layer, grid) each; its picture size, fit
    and power are used. `prepare` makes RGB pictures (n, image_size, image_size, 3), in [0, 255],
    into what the network is given, float32; by default as the extractor does. Returns a dict of
    (layer, grid) to an ndarray of shape (n_items, n_features), float32, rounded to float16, as the
    extractor's are.
    """
    from tqdm.auto import tqdm

    keys, prepare = list(catalogue.keys), prepare or extractor.prepare
    layers = list(dict.fromkeys(layer for layer, _ in cuts))
    engine = KerasEngine(extractor.network_of(layers))

    def compute(squares):
        maps = dict(zip(layers, engine.outputs(prepare(np.stack(squares))), strict=True))
        return [feature_vectors(maps[layer], grid, extractor.power) for layer, grid in cuts]

    values, done = [], 0
    with tqdm(total=len(keys), desc="Extracting", unit="picture", disable=not progress) as bar:
        for batch in each_batch(catalogue, keys, extractor, compute):
            if batch.unreadable:
                raise PictureError(next(iter(batch.unreadable.values())))
            if not values:
                values = [np.empty((len(keys), some.shape[1]), np.float32) for some in batch.result]
            for all_values, some in zip(values, batch.result, strict=True):
                all_values[done : done + len(some)] = some
            done += len(batch.keys)
            bar.update(len(batch.keys))
    return dict(zip(cuts, values, strict=True))


def article_cut(catalogue):
    """Extract features at the article's own cut, fc2 at 224×224, if its weights are here.

    They are 528 MB, so nothing is downloaded: what ``weights="imagenet"`` fetched once is used.
    Returns a dict as `extract_cuts` does, of features (n_items, 4096); empty, after a printed
    line, where the weights are missing.
    """
    check_catalogue(catalogue)
    if not is_downloaded(include_top=True):
        print(
            "fc2 is left out: its weights (528 MB) are not on this machine. Keras fetches them:\n"
            "zapsim.VGG16Extractor('fc2', image_size=224, weights='imagenet').model"
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


def _network(extractor, options):
    """Return what is cut: the extractor, or VGG16 with these options."""
    if extractor is None:
        return VGG16Extractor(**options)
    check_type(extractor, Extractor, "extractor must be such as zapsim.KerasExtractor(model, …).")
    usual = signature(extract_cuts).parameters
    given = [name for name, value in options.items() if value != usual[name].default]
    if given:
        raise ValueError(
            f"{', '.join(given)} cannot be given beside an extractor, which has its own. Make the "
            "extractor with it."
        )
    return extractor


def _name(cut):
    grid = {None: "", "flat": " flat"}.get(cut.grid, f" {cut.grid}×{cut.grid}")
    fit = {"stretch": ", stretched", "trim": ", trimmed"}.get(cut.fit, "")
    power = "" if cut.power == cut.usual_power else f", power {cut.power:g}"
    weights = getattr(cut, "weights", "bundled")
    weights = "" if weights == "bundled" else f", weights {weights}"
    return f"{cut.layer}{grid} at {cut.image_size}{fit}{power}{weights}"
