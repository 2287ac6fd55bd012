"""Eight threads ask every public function for the same, and all get what one alone gets.

The functions are found by walking; all threads begin at the same moment, with objects that nothing
was asked of before: what is made on first use, all of them want at once.
"""

import inspect
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from types import FunctionType

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import zapsim
from zapsim.find.narrowing import Narrowed

THREADS = 8
# They write, or wait for a person or the internet.
NO_READERS = {
    *("save_matrix", "save_neighbours", "SimilarityPredictor.page", "fetch_zappos", "stage"),
    *("browse", "mix", "quiz"),
}
# Keras' network, which one thread at a time runs: see test_engine.py.
KERAS = {"extract_cuts", "shape_colour_texture"}


def public():
    """Return the names of all public functions, methods and properties that read."""
    names = {name for name in zapsim.__all__ if isinstance(getattr(zapsim, name), FunctionType)}
    for kind in (zapsim.Catalogue, zapsim.SimilarityPredictor, Narrowed):
        names |= {f"{kind.__name__}.{name}" for name in vars(kind) if not name.startswith("_")}
    return sorted(names - NO_READERS - KERAS)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Twelve pictures of MiniZap in a zip, with their features and what was saved of them."""
    folder = tmp_path_factory.mktemp("threads")
    minizap = zapsim.load_catalogue()
    keys = sorted([key for key in minizap.keys if key.startswith(("Boots", "Sandals"))][::29])
    with zipfile.ZipFile(folder / "shoes.zip", "w") as archive:
        for key in keys:
            archive.writestr(key, minizap.read(key))
    catalogue = zapsim.load_catalogue(folder / "shoes.zip")
    extractor = zapsim.VGG16Extractor(image_size=32)
    features = extractor.extract(catalogue, cache=folder / "store")
    zapsim.save_matrix(zapsim.similarity_matrix(features), folder / "matrix.parquet")
    zapsim.save_neighbours(zapsim.top_k(features, 3), folder / "neighbours.parquet")
    np.save(folder / "vectors.npy", features.to_numpy())
    return folder


class Values:
    """What parameters are given, by name; everything is made anew, and used by nobody yet."""

    def __init__(self, source):
        self.source = source / "shoes.zip"
        self.catalogue = zapsim.load_catalogue(self.source)
        self.features = zapsim.load_features(source / "store")
        extractor = zapsim.VGG16Extractor(image_size=32)
        self.predictor = zapsim.SimilarityPredictor(self.catalogue, self.features, extractor)
        self.keys = [self.catalogue.keys[place] for place in (0, 5)]
        self.key = self.query = self.keys[0]
        self.neighbour = self.keys[1]
        self.picture = zapsim.load_picture(self.catalogue.read(self.key))
        self.labels = self.catalogue.table["Category"]
        self.column, self.text = "Category", "boots"
        self.neighbours = zapsim.top_k(self.features, 3)
        self.others = zapsim.top_k(self.features + np.float32(0.1), 3)
        self.shares = zapsim.confusion(self.neighbours, self.labels)
        self.card = zapsim.scorecard({"a": self.features}, self.labels)
        self.parts = {"a": self.features, "b": self.features**2}
        self.cuts, self.rows = self.parts, {"a": self.predictor}
        places = np.linspace(0, 1, 2 * len(self.features)).reshape(-1, 2)
        self.places = pd.DataFrame(places, self.features.index, ["x", "y"])
        self.duplicates = zapsim.near_duplicates(self.catalogue, self.features, threshold=1)
        self.found = self.predictor.similar(self.key)
        self.n, self.read = 5, self.catalogue.read
        self.path = source / "matrix.parquet"
        # The predictor that the threads get was asked nothing.
        self.predictor = zapsim.SimilarityPredictor(self.catalogue, self.features, extractor)

    def only_for(self, name):
        """Return what a parameter of this function alone is given."""
        folder = self.source.parent
        return {
            "load_neighbours": {"path": folder / "neighbours.parquet"},
            "load_vectors": {"source": folder / "vectors.npy", "keys": list(self.features.index)},
            "load_picture": {"source": self.catalogue.read(self.key)},
            "load_catalogue": {"source": self.source},
            "load_features": {"store": folder / "store", "catalogue": self.catalogue},
            "scorecard": {"features": self.parts},
            "stability": {"n": 3},
            "map_catalogue": {"method": "PCA"},
            "reduce": {"n": 3},
        }.get(name, {})


def asked(name, values):
    """Return a function without parameters that asks for this."""
    owner, _, member = name.rpartition(".")
    if not owner:
        call = getattr(zapsim, name)
    else:
        target = values.catalogue if owner == "Catalogue" else values.predictor
        if not isinstance(inspect.getattr_static(type(target), member), FunctionType):
            return lambda: getattr(target, member)
        call = getattr(target, member)
    given = values.only_for(name)
    for parameter in inspect.signature(call).parameters.values():
        required = parameter.default is parameter.empty and parameter.kind < 2
        if required and parameter.name not in given:
            assert hasattr(values, parameter.name), (
                f"{name} is new here: say in {Values.__name__} what its parameter "
                f"{parameter.name!r} may be given, or in NO_READERS that it reads nothing."
            )
            given = given | {parameter.name: getattr(values, parameter.name)}
    return partial(call, **given)


def comparable(result):
    """Return what is compared bit by bit."""
    if isinstance(result, Figure):
        canvas = FigureCanvasAgg(result)
        canvas.draw()
        return bytes(canvas.buffer_rgba())
    if isinstance(result, (pd.DataFrame, pd.Series)):
        return result.to_json(double_precision=15), str(getattr(result, "dtypes", ""))
    if isinstance(result, np.ndarray):
        return result.dtype, result.shape, result.tobytes()
    if isinstance(result, zapsim.Catalogue):
        return comparable(result.table), [result.read(key) for key in result.keys]
    if isinstance(result, dict):
        return {key: comparable(each) for key, each in result.items()}
    if isinstance(result, (list, tuple)):
        return [comparable(each) for each in result]
    if type(result).__repr__ is object.__repr__ and not hasattr(result, "data"):
        return comparable(vars(result))
    return getattr(result, "data", None) or repr(result)


@pytest.mark.litert
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", public())
def test_threads_get_what_one_alone_gets(source, name):
    expected = comparable(asked(name, Values(source))())
    start, call = Barrier(THREADS), asked(name, Values(source))

    def ask(_):
        start.wait(60)
        return call()

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(ask, range(THREADS), timeout=120))
    for each in found:
        assert comparable(each) == expected
