"""From a folder of product pictures to "You may also like…".

One straight line, one step a module, and rooms around it. A module knows those further down, never
those above it; rooms on one line know nothing of each other::

    pictures ──> Catalogue ──> features ──> similarity ──> SimilarityPredictor
                 catalogue.py  features.py  similarity.py  predictor.py

    course/                         what only the notebooks use: lessons, checks of exercises
    widgets/   judge/   explore/    cards, browser, mixer, quiz · how good · why, and on a map
    scale/                          more than one machine: Ray, object storage, an index in LanceDB
    ready/                          what this machine has, and what to do about what it lacks
    kinds/                          other kinds of features: baselines, mixtures, PCA, your own
    predictor.py                    neighbours of a query: filtered, diverse, drawn, as HTML
    page/    find/                  a page to take away · words, filters, examples, duplicates
    features.py                     pictures to vectors, with a store that resumes
    similarity.py   catalogue.py    scores, all or the k nearest · items and their metadata
    vgg16/   metadata/              the cut network and its weights · what paths and tables say
    draw/                           figures, and HTML and CSV to keep
    io/                             files, archives, pictures, stores, downloads
    checks.py   keys.py             what is given: right, or a clear error · keys in any spelling

``colab.py`` is for notebooks in Google Colab; nothing imports it.

Words used everywhere: an *item* is one picture; its *key* is its path relative to the
catalogue's root (POSIX style, never absolute); a *product* (``100627``) comes in several
*colourways* (``100627.72``, CID ``100627-72``); a *score* is a cosine similarity, unitless,
in [-1, 1], higher is closer; the *query* is the item (or picture) whose *neighbours* are sought.

Importing zapsim is cheap: each name below is loaded when it is first used, and TensorFlow only
where Keras is really asked for: other cuts than the default, or a GPU.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "Catalogue": "catalogue",
    "load_catalogue": "catalogue",
    "PictureError": "io.pictures",
    "load_picture": "io.pictures",
    "VGG16Extractor": "features",
    "WeightsError": "vgg16.weights",
    "VGG16_WEIGHTS": "io.bundled",
    "load_features": "io.lookup",
    "load_vectors": "kinds.own_vectors",
    "StoreError": "io.parquet",
    "Neighbours": "io.saved",
    "similarity_matrix": "similarity",
    "save_matrix": "io.saved",
    "load_matrix": "io.saved",
    "top_k": "similarity",
    "save_neighbours": "io.saved",
    "load_neighbours": "io.saved",
    "reduce": "kinds.pca",
    "precision_at_k": "judge.evaluation",
    "query_scores": "judge.evaluation",
    "evaluate": "judge.evaluation",
    "per_class": "judge.evaluation",
    "paired_difference": "judge.evaluation",
    "scorecard": "judge.evaluation",
    "confusion": "judge.mistakes",
    "worst_queries": "judge.mistakes",
    "baseline_features": "kinds.baselines",
    "KerasExtractor": "kinds.own_network",
    "extract_cuts": "judge.layer_lab",
    "lab_report": "judge.layer_lab",
    "plot_scorecard": "judge.charts",
    "plot_confusion": "judge.charts",
    "plot_cases": "judge.charts",
    "SimilarityPredictor": "predictor",
    "browse": "widgets.browser",
    "near_duplicates": "find.duplicates",
    "plot_duplicates": "find.duplicates",
    "explain": "explore.explanation",
    "shape_colour_texture": "kinds.blend",
    "blend": "kinds.blend",
    "mix": "widgets.mixer",
    "plot_side_by_side": "draw.plots",
    "map_catalogue": "explore.catalogue_map",
    "plot_map": "explore.catalogue_map",
    "stability": "judge.stability",
    "quiz": "widgets.quiz",
    "TransferError": "io.disk",
    "fetch_zappos": "io.zappos",
    "stage": "colab",
    "preflight": "ready.start",
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
