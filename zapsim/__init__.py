"""From a folder of product pictures to "You may also like…".

One straight line, one step a module::

    pictures ──> Catalogue ──> Features ──> similarity ──> SimilarityPredictor
                 catalogue.py  features.py  similarity.py  predictor.py

Words used everywhere: an *item* is one picture; its *key* is its path relative to the
catalogue's root (POSIX style, never absolute); a *product* (``100627``) comes in several
*colourways* (``100627.72``, CID ``100627-72``); a *score* is a cosine similarity, unitless,
in [-1, 1], higher is closer; the *query* is the item (or picture) whose *neighbours* are sought.

Importing zapsim is cheap: each name below is loaded when it is first used, and TensorFlow
only when pictures really have to go through VGG16.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "Catalogue": "catalogue",
    "load_catalogue": "catalogue",
    "PictureError": "pictures",
    "load_picture": "pictures",
    "VGG16Extractor": "features",
    "WeightsError": "weights",
    "load_features": "store",
    "StoreError": "store",
    "Neighbours": "similarity",
    "similarity_matrix": "similarity",
    "save_matrix": "similarity",
    "load_matrix": "similarity",
    "top_k": "similarity",
    "save_neighbours": "similarity",
    "load_neighbours": "similarity",
    "reduce": "reduction",
    "precision_at_k": "evaluation",
    "query_scores": "evaluation",
    "evaluate": "evaluation",
    "per_class": "evaluation",
    "compare": "evaluation",
    "scorecard": "evaluation",
    "confusion": "mistakes",
    "worst_queries": "mistakes",
    "baseline_features": "baselines",
    "colour_histogram": "baselines",
    "extract_cuts": "layer_lab",
    "article_cut": "layer_lab",
    "lab_report": "layer_lab",
    "reduce_cuts": "layer_lab",
    "plot_scorecard": "scorecards",
    "plot_confusion": "scorecards",
    "plot_cases": "scorecards",
    "SimilarityPredictor": "predictor",
    "browse": "browser",
    "explain": "explanation",
    "greyed": "blending",
    "shape_colour_texture": "blending",
    "blend": "blending",
    "centred": "blending",
    "shared_neighbours": "blending",
    "rescore": "blending",
    "mix": "mixer",
    "plot_comparison": "plots",
    "map_catalogue": "catalogue_map",
    "plot_map": "catalogue_map",
    "quiz": "quizzes",
    "load_comparisons": "comparisons",
    "attribute_questions": "comparisons",
    "attribute_accuracy": "comparisons",
    "TransferError": "transfer",
    "fetch_zappos": "zappos",
    "stage": "colab",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'zapsim' has no attribute {name!r}")
    value = getattr(import_module(f"zapsim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
