"""Experiments with extraction: where to cut, and classic mistakes.

In: a catalogue and labels. Out: features, and DataFrames that compare them.
"""

from functools import partial

import numpy as np
import pandas as pd

from zapsim.checks import groups_of
from zapsim.features import VGG16Extractor
from zapsim.io.saved import Neighbours
from zapsim.judge.evaluation import precision_at_k
from zapsim.judge.layer_lab import run_cuts
from zapsim.similarity import nearest, top_k, unit_vectors
from zapsim.vgg16.network import LAYERS, MEANS, layer_costs, preprocessed

__all__ = ["interrupted", "precisions", "preprocessing_variants", "try_cuts", "try_preprocessing"]


def interrupted(catalogue, after):
    """Return the catalogue, but reading any after the first `after` pictures is interrupted."""
    return catalogue.with_reader(partial(_read_until, catalogue, set(catalogue.keys[after:])))


def _read_until(catalogue, interrupted, key):
    if key in interrupted:
        raise KeyboardInterrupt
    return catalogue.read(key)


def precisions(ways, labels, products=None):
    """Measure precision at 5 of several features (dict of DataFrame): Series by name.

    Labels and products are Series by key; items of the same product are no neighbours.
    """
    found = {name: top_k(features, 5, exclude=products) for name, features in ways.items()}
    values = {name: precision_at_k(each, labels) for name, each in found.items()}
    return pd.Series(values, name="precision_at_5")


def try_cuts(catalogue, labels, products=None, cuts=(("block4_pool", 2),), image_size=64):
    """Measure what several cuts through VGG16 cost and give.

    Every picture of the catalogue is readable; labels and products are as in `precisions`; `cuts`
    are (layer, grid) each, with a layer of maps and a grid as `VGG16Extractor` takes them. One row
    a cut: ``n_features``, ``cost_so_far`` as in `layer_costs`, and ``precision_at_5``.
    """
    last = max((layer for layer, _ in cuts), key=list(LAYERS).index)
    values = run_cuts(catalogue, VGG16Extractor(last, 1, image_size), list(cuts))
    ways = {cut: pd.DataFrame(each, catalogue.keys) for cut, each in values.items()}
    costs = layer_costs(image_size)["cost_so_far"]
    rows = {cut: (each.shape[1], costs[cut[0]]) for cut, each in ways.items()}
    table = pd.DataFrame(rows, ["n_features", "cost_so_far"]).T.astype({"n_features": int})
    table["precision_at_5"] = list(precisions(ways, labels, products))
    return table.rename_axis(index=["layer", "grid"])


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

    The right variant comes first; labels and products are as in `precisions`. One row a variant:
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
        rows[name] = precision_at_k(mixed, labels)
    both = precisions(variants, labels, products)
    return pd.DataFrame({"both": both, "query only": rows})
