"""Turn pictures into feature vectors with a network that is cut short, such as VGG16.

In: a `Catalogue`, or pictures. Out: a DataFrame (n_items, n_features), or an array. The network
is cut after one of its layers; the maps that come out there are averaged over a coarse grid, or
flattened. The edge rule: a picture that cannot be read is named and left out, and all others are
kept. `zapsim.kinds.own_network` puts other networks through the same.
"""

import os
import warnings
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from zapsim.catalogue import Catalogue
from zapsim.checks import (
    check_choice,
    check_memory,
    check_picture,
    check_type,
    checked_number,
    checked_path,
    checked_whole,
    is_whole,
    told,
)
from zapsim.io.bundled import MINIZAP_FEATURES
from zapsim.io.disk import ahead
from zapsim.io.locks import ForkSafeLock
from zapsim.io.lookup import look_up
from zapsim.io.parquet import StoreError
from zapsim.io.pictures import PictureError, reading
from zapsim.io.squares import FITS, fit_square
from zapsim.io.store import FeatureStore, ShardWriter, features_frame
from zapsim.keys import quoted
from zapsim.vgg16.engine import open_engine
from zapsim.vgg16.network import (
    LAYERS,
    feature_vectors,
    layer_costs,
    map_size,
    outputs_of,
    preprocessed,
    truncated_vgg16,
)
from zapsim.vgg16.number_format import PRECISIONS
from zapsim.vgg16.weights import describe_weights, identify_weights

__all__ = ["PREPROCESSING", "Batch", "Extractor", "VGG16Extractor", "each_batch", "read_batch"]

# As many as there are cores: while one waits for the disk or a GPU, the others compute.
_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 2)
_THREADS = len(_CORES)
_OPENING = ForkSafeLock()

# To be raised whenever the path from file to network input changes the numbers.
PREPROCESSING = 1


class Extractor:
    """What turns pictures into vectors, whatever the network; `VGG16Extractor` stands on it.

    It reads pictures, fits them to squares, runs them through the network in threads, makes vectors
    of what comes out, and keeps them in a store. A subclass sets `layer`, `side` and `channels` of
    what its network gives (a side of None: vectors), `grid`, and `settings`; and has `model`,
    `layers`, `prepare`, `cut_at` and `_open`.

    Attributes
    ----------
    million_multiply_adds : float
        What one picture costs in the network; NaN where that is not known.
    """

    usual_power = 1.0
    # Of a picture, in memory, while it is made ready for the network and runs through it.
    bytes_per_pixel = 16
    million_multiply_adds = np.nan

    def __init__(self, image_size, least, batch_size, fit, power):
        check_choice("fit", fit, FITS)
        self.image_size = checked_whole("image_size", image_size, least)
        check_memory(
            self.bytes_per_pixel * self.image_size**2,
            f"What a network needs for one picture of image_size={self.image_size:,}",
            "Use a smaller image_size.",
        )
        self.batch_size = checked_whole("batch_size", batch_size, 1)
        self.fit = fit
        self.power = checked_number("power", power, 0, 1, "(]")
        self._engine = None

    @property
    def n_features(self):
        """Length of a feature vector (int)."""
        cells = {None: 1, "flat": self.side}.get(self.grid, self.grid)
        return self.channels * cells**2

    def __getstate__(self):
        """Return what a copy, or another process, needs; networks are opened again there."""
        return {name: kept for name, kept in vars(self).items() if name != "model"} | {
            "_engine": None
        }

    @property
    def engine(self):
        """What runs the network on this machine; see ``zapsim.vgg16.engine``."""
        # Several threads may ask for it first.
        with _OPENING.held():
            if self._engine is None:
                self._engine = self._open()
                # On a line of its own: notebooks break long ones in mid-word.
                print(f"{self!r}\nRuns as {self._engine.runs}")
        return self._engine

    def network_of(self, layers):
        """Return a ``keras.Model`` that gives what several layers (list of str) give."""
        return outputs_of(self.model, layers)

    def extract(self, pictures, cache=None):
        """Turn pictures into feature vectors.

        Parameters
        ----------
        pictures : Catalogue, picture, or list of pictures
            A picture is whatever `zapsim.load_picture` reads: a path, bytes, a Pillow image, or
            an RGB array (height, width, 3), uint8.
        cache : path or "bundled", optional
            For a catalogue: the folder of a feature store. What it holds is not computed again;
            what is new is added shard by shard, so that an interrupted run continues. "bundled"
            is MiniZap's store, which ships with zapsim and is only read.

        Returns
        -------
        pandas.DataFrame of shape (n_items, n_features), float32
            For a catalogue: indexed by key, in its order, without the items that could not be
            read (a warning names them); ``attrs["extractor"]`` holds the settings.
        ndarray of shape (n_features,) or (n_pictures, n_features), float32
            For one picture, or a list.

        All values are those of float16, whether they were stored or not.

        Raises
        ------
        PictureError
            If one of the given pictures cannot be read, or none of the catalogue's.
        StoreError
            If the store was made with other settings, or cannot be read or written.
        """
        self._check_unchanged()
        if isinstance(pictures, Catalogue):
            return self._extract_catalogue(pictures, cache)
        if cache is not None:
            raise ValueError("cache is for catalogues: single pictures have no key to find them by")
        several = isinstance(pictures, (list, tuple))
        for number, each in enumerate(pictures if several else [pictures]):
            check_picture(each, f"picture {number}, of a picture or a list of them,")
        squares = [
            # A path is a name already.
            self.load(each, None if isinstance(each, (str, os.PathLike)) else f"picture {number}")
            for number, each in enumerate(pictures if several else [pictures])
        ]
        starts = range(0, len(squares), self.batch_size)
        batches = [squares[start : start + self.batch_size] for start in starts]
        blocks = [each.result() for _, each in ahead(self.vectors, batches, _THREADS, _THREADS)]
        values = np.concatenate([np.empty((0, self.n_features), np.float32), *blocks])
        return values if several else values[0]

    def load(self, source, name=None):
        """Read a picture as `zapsim.load_picture` does, and fit it to the square; uint8."""
        # Twice the square's side: scaling from there on is antialiased as from the whole picture.
        # What is left once margins are cut off may be a small part of it.
        least = None if self.fit == "trim" else 2 * self.image_size
        with reading(source, name, least) as picture:
            return self.square(picture)

    def square(self, picture):
        """Fit a picture (height, width, 3) to the square that the network takes; uint8."""
        return fit_square(picture, self.image_size, self.fit)

    def maps(self, squares):
        """Return what the last layer gives for squares, as ``zapsim.vgg16.engine`` says."""
        return self.engine.maps(squares)

    def vectors(self, squares):
        """Return the feature vectors (n, n_features), float32, of squares."""
        return feature_vectors(self.maps(squares), self.grid, self.power)

    def _extract_catalogue(self, catalogue, cache):
        store, keys, settings = None, list(catalogue.keys), self.settings
        if catalogue.treatment:
            settings = settings | {"pictures": catalogue.treatment}
        values = np.zeros((len(keys), self.n_features), np.float32)
        found = np.zeros(len(keys), bool)
        if cache is not None:
            check_type(cache, (str, os.PathLike), "cache must be a folder's path or 'bundled'.")
            self.check_store()
            bundled = isinstance(cache, str) and cache == "bundled"
            folder = MINIZAP_FEATURES if bundled else checked_path(cache, "cache")
            store = FeatureStore(folder, settings)
            values, found, n_moved, *_ = look_up(store, catalogue, self.n_features)
            if bundled and not found.all():
                raise StoreError(
                    f"{(~found).sum():,} of {len(found):,} items are not in the bundled features, "
                    "which are MiniZap's. Give a folder of your own, such as cache='features'."
                )
            if found.any():
                moved = f", {n_moved:,} of them under other names" if n_moved else ""
                count = f"{found.sum():,} of {len(catalogue):,}"
                print(f"{count} items found in {store.folder.name}{moved}")
        if not found.all():
            self._compute(catalogue, values, found, store)
        if not found.any():
            raise PictureError(f"None of the {len(catalogue):,} pictures could be read.")
        keys = [key for key, has in zip(keys, found, strict=True) if has]
        return features_frame(keys, _kept(values, found), settings)

    def _compute(self, catalogue, values, found, store):
        """Fill in what `found` lacks, batch by batch; warn of pictures that cannot be read."""
        from tqdm.auto import tqdm

        keys = list(catalogue.keys)
        missing = [keys[row] for row in np.flatnonzero(~found)]
        position = {key: row for row, key in enumerate(keys)}
        unreadable = {}
        bar = tqdm(total=len(keys), initial=int(found.sum()), desc="Extracting", unit="picture")
        with bar, ShardWriter(store) as writer:
            for batch in each_batch(catalogue, missing, self, self.vectors):
                unreadable |= batch.unreadable
                if batch.keys:
                    rows = [position[key] for key in batch.keys]
                    values[rows], found[rows] = batch.result, True
                    writer.add(batch.keys, batch.contents, batch.result, batch.digests)
                bar.update(len(batch.keys) + len(batch.unreadable))
        if unreadable:
            shown = "\n  ".join(list(unreadable.values())[:10])
            more = f"\n  … and {len(unreadable) - 10:,} more" if len(unreadable) > 10 else ""
            plural = "s" * (len(unreadable) > 1)
            warnings.warn(
                f"{len(unreadable):,} picture{plural} could not be read and got no features "
                f"(catalogue.check() lists all problems):\n  {shown}{more}",
                stacklevel=4,
            )

    def _check_unchanged(self):
        """Raise ValueError where the network is no longer what `settings` say."""

    def check_store(self):
        """Raise ValueError where `settings` do not say all that the features depend on."""

    def _check_weights(self, now):
        if now != self.settings["weights"]:
            raise ValueError(
                f"The weights of {self!r} have changed since this extractor was made, so its "
                f"features would not go with those from before. Make a new {type(self).__name__}."
            )

    def _checked_grid(self, grid):
        if self.side is None or (isinstance(grid, str) and grid == "flat"):
            return None if self.side is None else grid
        if not is_whole(grid) or not 1 <= grid <= self.side:
            raise ValueError(
                f"grid must be 'flat' or a whole number from 1 to {self.side}, the side of the "
                f"maps of {self.layer} at image_size={self.image_size}. Received: grid={grid!r}"
            )
        return int(grid)

    def _said_cut(self):
        grid = {None: "", "flat": ", flattened"}.get(self.grid, f", {self.grid}×{self.grid} grid")
        size = f"{self.image_size}×{self.image_size}"
        return f"{self.layer}{grid}, {size}: {self.n_features:,} features"


class Batch(NamedTuple):
    """What became of some keys; `result` is what was computed for those that could be read.

    `contents` and `digests`, the SHA-256, say what their files hold; `unreadable` (dict), why
    others cannot be read.
    """

    keys: list
    contents: list
    digests: list
    result: object
    unreadable: dict


def each_batch(catalogue, keys, extractor, compute):
    """Read pictures and compute something for them; yield a `Batch` at a time, in order.

    Each of several threads reads, decodes and computes a batch of its own. They run ahead, but not
    far: memory is bounded by a few batches, however large the catalogue. `compute` is given a
    list of squares (image_size, image_size, 3), uint8.
    """
    size = extractor.batch_size

    def work(part):
        return read_batch(catalogue, part, extractor, compute)

    parts = [keys[start : start + size] for start in range(0, len(keys), size)]
    for _, batch in ahead(work, parts, _THREADS, 2 * _THREADS):
        yield batch.result()


def read_batch(catalogue, keys, extractor, compute):
    """Read a few pictures and compute something for them, as in `each_batch`: a `Batch`."""
    good, contents, digests, squares, unreadable = [], [], [], [], {}
    for key in keys:
        try:
            # Read once, so that what is identified is what is seen, whoever writes meanwhile.
            data = catalogue.read(key)
            square = extractor.load(data, key)
            contents.append(catalogue.content(key, data))
            digests.append(sha256(data).hexdigest())
            squares.append(square)
            good.append(key)
        except PictureError as error:
            unreadable[key] = str(error)
    return Batch(good, contents, digests, compute(squares) if good else None, unreadable)


def _kept(values, found):
    """Return the rows that were found, in place: a copy would double the memory."""
    kept = np.flatnonzero(found)
    if len(kept) < len(found):
        for start in range(0, len(kept), 1024):
            rows = kept[start : start + 1024]
            values[start : start + len(rows)] = values[rows]
    return values[: len(kept)]


class VGG16Extractor(Extractor):
    """A VGG16, cut short, that turns pictures into vectors.

    Making one checks its settings and costs nothing; the network is loaded when the first picture
    has to go through it. The default cut needs no TensorFlow, at any size: it ships in 8 bits, and
    runs on LiteRT. Other cuts and weights need Keras: ``pip install 'zapsim[keras]'``.

    Parameters
    ----------
    layer : str
        The last layer kept: ``block1_conv1`` … ``block5_pool``, ``fc1`` or ``fc2``. The article's
        own cut is ``layer="fc2", image_size=224, weights="imagenet", power=1``.
    grid : int or "flat"
        The layer's maps are averaged over ``grid × grid`` cells (1: over the whole picture), or
        flattened as they are. Without meaning for fc1 and fc2, which have no maps.
    image_size : int
        Side of the square that pictures are fitted to, in pixels, at least 32; MemoryError where
        there is no room for one such picture in the network. fc1 and fc2 with
        trained weights need 224. Time grows with its square: 96 takes 0.57 of the default's, with a
        precision at 5 of 0.953 against 0.958 (1,500 real photos, three classes), or of 0.957 with
        ``fit="trim"``.
    weights : {"bundled", "imagenet"}, path or None
        ImageNet's as they ship with zapsim (convolution layers only) or as Keras downloads them,
        your own, or random ones.
    precision : {"auto", "int8", "float32", "float16"}
        The number format that the network computes in. "auto" takes float16 where TensorFlow has
        a GPU; elsewhere int8 for the default cut, and float32 in Keras for others. With "int8"
        any other cut is converted once, with TensorFlow, and kept in a cache folder. Features of
        all formats can be compared with each other and share a store: of 1,500 real photos'
        ten nearest, 0.98 are the same at int8 as at float32, and precision at 5 is within 0.001.
    batch_size : int
        Pictures that are worked on together; the progress bar moves by so many.
    fit : {"pad", "stretch", "trim"}
        Keep the proportions and pad with white, stretch to the square, or cut white margins off
        and then pad: at 96 pixels that lifts precision at 5 of MiniZap's subcategories, other
        colourways hidden, from 0.871 to 0.915.
    power : float
        Every average (none is negative, for each layer ends in a ReLU) is raised to this power,
        above 0, at most 1. The root, 0.5, keeps a few strong channels from deciding alone: on
        random samples of 600 real photos it lifts precision at 5 from 0.938 to 0.945 on
        average. 1 leaves the network's numbers as they are, as the article does.

    Attributes
    ----------
    n_features : int
        Length of a feature vector, ordered by grid row, grid column, channel.
    settings : dict
        Everything that the features depend on, but for the number format: all agree closely
        enough to be compared, so that another machine may continue a store.

    References
    ----------
    Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    ICLR 2015, arXiv:1409.1556. The root: Perronnin, Sánchez & Mensink, "Improving the Fisher
    Kernel for Large-Scale Image Classification", ECCV 2010, doi:10.1007/978-3-642-15561-1_11.

    Examples
    --------
    >>> import zapsim
    >>> zapsim.VGG16Extractor()
    VGG16 to block4_pool, 2×2 grid, 128×128: 2,048 features · ImageNet weights (bundled)
    """

    layers = tuple(LAYERS)
    usual_power = 0.5
    # Its first layers have 64 channels, float32, and one is computed from another.
    bytes_per_pixel = 2 * 64 * 4
    prepare = staticmethod(preprocessed)

    def __init__(
        self,
        layer="block4_pool",
        grid=2,
        image_size=128,
        weights="bundled",
        precision="auto",
        batch_size=32,
        fit="pad",
        power=0.5,
    ):
        wanted = "weights must be 'bundled', 'imagenet', None or the path of a file."
        check_type(weights, (str, os.PathLike, type(None)), wanted)
        check_choice("layer", layer, LAYERS)
        check_choice("precision", precision, PRECISIONS)
        super().__init__(image_size, 32, batch_size, fit, power)
        self.layer = layer
        self.include_top = LAYERS[layer][1] is None
        self.weights = weights
        self.precision = precision
        self.channels, self.side = LAYERS[layer][0], map_size(layer, self.image_size)
        self.grid = self._checked_grid(grid)
        self._check_top()
        self.settings = {
            "extractor": "VGG16",
            "layer": layer,
            "grid": self.grid,
            "image_size": self.image_size,
            "fit": fit,
            "power": self.power,
            "weights": identify_weights(weights),
            "preprocessing": PREPROCESSING,
        }

    @classmethod
    def from_settings(cls, settings):
        """Make the extractor that features were made with, from their ``attrs["extractor"]``."""
        if settings.get("pictures"):
            raise ValueError(
                f"These features are of pictures made {told(settings['pictures'])}. A new "
                "picture would have to be treated alike, which no extractor does: search by key."
            )
        if settings.get("extractor") == "Keras":
            raise ValueError(
                "These features were made with a network of your own, which they do not hold. Give "
                "what made them: SimilarityPredictor(catalogue, features, "
                "extractor=KerasExtractor(model, …))."
            )
        source = str(settings.get("weights", "")).partition(":")[0]
        weights = {"bundled": "bundled", "imagenet": "imagenet", "random": None}
        try:
            extractor = cls(
                *(settings[name] for name in ("layer", "grid", "image_size")),
                weights=weights[source],
                fit=settings["fit"],
                power=settings["power"],
            )
        except KeyError as error:
            raise ValueError(
                "These features do not say how they were made, or were made with weights from a "
                f"file ({quoted(settings)}). Give the extractor that made them."
            ) from error
        if extractor.settings != settings:
            raise ValueError(
                "These features were made by another version of zapsim or of the weights: "
                f"{quoted(settings)} there, {quoted(extractor.settings)} here. Extract them again."
            )
        return extractor

    def __repr__(self):
        return f"VGG16 to {self._said_cut()} · {describe_weights(self.weights)}"

    @property
    def million_multiply_adds(self):
        """What one picture costs in the network (float)."""
        return layer_costs(self.image_size)["million_multiply_adds"].cumsum()[self.layer]

    def cut_at(self, layer, grid):
        """Return this extractor, its network cut at another layer and grid."""
        options = ("image_size", "weights", "precision", "batch_size", "fit", "power")
        return VGG16Extractor(layer, grid, *(getattr(self, name) for name in options))

    def _open(self):
        engine = open_engine(self.layer, self.image_size, self.weights, self.precision)
        # What was read may be another file than was looked at.
        self._check_weights(identify_weights(self.weights))
        return engine

    @cached_property
    def model(self):
        """The truncated network as a plain ``keras.Model`` in float32, to look at.

        In: float pictures as ``keras.applications.vgg16.preprocess_input`` leaves them, shape
        (n, image_size, image_size, 3). Out: the maps (or the vectors) of `layer`.
        """
        model = truncated_vgg16(self.layer, self.image_size, self.weights)
        self._check_weights(identify_weights(self.weights))
        print(f"{self!r}\nRuns as float32 with Keras")
        return model

    def _check_top(self):
        if self.include_top and self.weights == "bundled":
            raise ValueError(
                f"The bundled weights end with block5_pool; layer={self.layer!r} needs the fully "
                "connected layers: weights='imagenet' lets Keras download them (528 MB)."
            )
        if self.include_top and self.weights is not None and self.image_size != 224:
            raise ValueError(
                f"layer={self.layer!r} with trained weights needs image_size=224. "
                f"Received: image_size={self.image_size}"
            )
