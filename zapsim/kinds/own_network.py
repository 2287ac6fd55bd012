"""Turn pictures into features with a network of your own, or any of ``keras.applications``.

In: a ``keras.Model``, what prepares pictures for it, and a picture size. Out: an extractor that
takes the same path as `zapsim.VGG16Extractor`: reading, threads, store, layer lab, heat maps. The
edge rule: two networks, cuts or preparations that differ never share a store. So a network is
known by what it is made of, its weights by their digest, and a preparation by what it does; of
layers and functions that are not Keras' own nothing is known but a name, so they have no store.
"""

import json
from functools import cached_property
from hashlib import sha256
from threading import Lock

import numpy as np

from zapsim.checks import check_choice, check_type, received
from zapsim.features import PREPROCESSING, Extractor
from zapsim.vgg16.engine import KerasEngine
from zapsim.vgg16.network import prepare_tensorflow

__all__ = ["KerasExtractor"]

_PREPARING = Lock()
# Alone and in a batch, a function of single pictures does the same but for rounding.
_SAME = {"rtol": 1e-4, "atol": 1e-4}
# Of a layer's description, what says how it is trained, and not what it computes.
_TRAINING = ("trainable", "compile_config", "build_config")
# Where a description says what layers are called.
_NAMES = ("name", "keras_history", "input_layers", "output_layers")
# Whose classes and functions are always the same ones, but for those that run what another library
# saved or made; and what has no part in features.
_KNOWN = ("keras", "keras_hub", "tensorflow")
_FOREIGN = ("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper")
_ASIDE = ("initializer", "regularizer", "constraint", "loss", "metrics", "optimizer")


class KerasExtractor(Extractor):
    """A ``keras.Model``, cut where you like, that turns pictures into vectors.

    It does all that `VGG16Extractor` does: ``extract(catalogue, cache=…)`` resumes, `extract_cuts`
    tries its layers, and `explain` draws its heat maps. It needs Keras and TensorFlow:
    ``pip install 'zapsim[keras]'``.

    Parameters
    ----------
    model : keras.Model
        It takes one batch of RGB pictures, shape (n, image_size, image_size, 3). Take care that its
        weights are trained ones: nothing else says so.
    preprocess : callable or None
        What makes pictures ready for the model, such as
        ``keras.applications.resnet50.preprocess_input``. It takes a batch of RGB pictures, ndarray
        of shape (n, image_size, image_size, 3), float32, in [0, 255], may change it in place, and
        returns as many of the same shape, each made from that picture alone. None leaves them
        as they are, for models that do it themselves (EfficientNet, ConvNeXt, MobileNetV3).
    image_size : int, optional
        Side of the square that pictures are fitted to, in pixels. By default what the model was
        built for; a model built for pictures of any size needs it.
    layer : str, optional
        The last layer kept, by its name in ``model.layers``. By default all are. What comes out
        there are maps (n, side, side, n_channels), or vectors (n, n_channels).
    grid : int or "flat"
        Maps are averaged over ``grid × grid`` cells (1: over the whole picture), or flattened as
        they are. Vectors have none.
    fit, batch_size
        As in `VGG16Extractor`.
    power : float
        Every feature is raised to this power, above 0, at most 1. Other powers than 1 are only for
        layers that end in a ReLU: a negative number is an error then. 1 by default.

    Attributes
    ----------
    n_features : int
        Length of a feature vector, ordered by grid row, grid column, channel.
    settings : dict
        Everything that the features depend on: digests of what the layers up to the cut are, of
        their weights, and of what `preprocess` makes of two made-up pictures.
    model : keras.Model
        The network up to the cut.

    Raises
    ------
    TypeError
        If the model is no ``keras.Model``, or `preprocess` cannot be called.
    ValueError
        If the model is not made for one batch of RGB pictures, or gives neither maps nor vectors;
        or if `preprocess` changes the shape, fails, gives something else each time, or mixes the
        pictures of a batch. Later, from `KerasExtractor.extract`: if the model was trained on
        since, or features are NaN, or too large or too small for float16.

    Notes
    -----
    Of a ``Lambda``, a layer or function that is not Keras' own, or a ``TFSMLayer`` and the like,
    which run what another library saved, nobody can tell later whether it still computes the same.
    A network with such a part works, but for ``cache=``: a ValueError.

    Features do not hold the network. To search with new pictures, give the extractor to the
    predictor: ``SimilarityPredictor(catalogue, features, extractor=extractor)``.
    """

    def __init__(
        self,
        model,
        preprocess,
        image_size=None,
        layer=None,
        grid=1,
        fit="pad",
        power=1,
        batch_size=32,
    ):
        prepare_tensorflow()
        _check_model(model)
        image_size = _built_for(model) if image_size is None else image_size
        super().__init__(image_size, 1, batch_size, fit, power)
        if preprocess is not None and not callable(preprocess):
            raise TypeError(
                "preprocess must be a function, such as "
                "keras.applications.resnet50.preprocess_input without (), or None for a model that "
                f"prepares pictures itself. Received: {received(preprocess)}"
            )
        self._given, self._preprocess, self._cut = model, preprocess, layer
        if layer is not None:
            check_choice("layer", layer, self.layers)
        self.layer = layer or "its last layer"
        self.side, self.channels = _shape(self.model.output_shape, self)
        self.grid = self._checked_grid(grid)
        self._weights = _digest_of_weights(self.model)
        self.settings = {
            "extractor": "Keras",
            "network": _digest_of_layers(self.model),
            "weights": self._weights,
            "preprocess": self._digest_of_preprocess(),
            "grid": self.grid,
            "image_size": self.image_size,
            "fit": fit,
            "power": self.power,
            "preprocessing": PREPROCESSING,
        }

    def __repr__(self):
        weights = self._weights.removeprefix("sha256:")[:8]
        return f"{self._given.name} to {self._said_cut()} · your weights ({weights})"

    @property
    def layers(self):
        """The names of the layers that it can be cut after (tuple of str)."""
        return tuple(layer.name for layer in self._given.layers)

    @cached_property
    def model(self):
        """The network up to the cut (keras.Model)."""
        return self.network_of(None if self._cut is None else [self._cut])

    def network_of(self, layers=None):
        """Return a ``keras.Model`` that gives what several layers give, or the last one (None)."""
        import keras

        size = self.image_size
        pictures = keras.Input((size, size, 3), name="pictures")
        try:
            outputs, whole = _run(self._given, pictures)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{self._given.name} does not take pictures of {size}×{size}: "
                f"{str(error).splitlines()[0]}"
            ) from error
        wanted = whole if layers is None else [outputs[layer] for layer in layers]
        return keras.Model(pictures, wanted[0] if layers and len(layers) == 1 else wanted)

    def cut_at(self, layer, grid):
        """Return this extractor, its network cut at another layer and grid."""
        settings = {"fit": self.fit, "power": self.power, "batch_size": self.batch_size}
        return KerasExtractor(
            self._given, self._preprocess, self.image_size, layer, grid, **settings
        )

    def prepare(self, squares):
        """Make squares, RGB, uint8, ready for the model: float32 of the same shape."""
        # A copy: Keras' own functions change what they are given.
        pictures = np.array(squares, np.float32)
        if self._preprocess is None:
            return pictures
        # Whether it may be called from several threads is not known.
        with _PREPARING:
            ready = np.asarray(self._preprocess(pictures), np.float32)
        if ready.shape != (shape := np.shape(squares)):
            raise ValueError(
                "preprocess must return pictures of the shape that it is given, as many as there "
                f"were: resize by image_size. Received: {ready.shape} for {shape}"
            )
        return ready

    def _open(self):
        return KerasEngine(self.model, prepare=self.prepare)

    def _probe(self):
        """Return two made-up pictures: noise of all colours, the same on every machine."""
        size = self.image_size
        numbers = np.arange(2 * size * size * 3, dtype=np.int64)
        return (numbers * 2_654_435_761 >> 7).astype(np.uint8).reshape(2, size, size, 3)

    def _check_unchanged(self):
        self._check_weights(_digest_of_weights(self.model))

    def check_store(self):
        """Raise ValueError for a network that cannot be told from others: it must have no store."""
        own = sorted(_unknown(self.model))
        if own:
            raise ValueError(
                f"Features of {self._given.name} cannot be kept in a store: what {', '.join(own)} "
                "computes is known to Python alone, and may be something else next time. Leave "
                "out cache=, and keep the features themselves: features.to_parquet(path), and "
                "later zapsim.load_vectors(path). Or build it of Keras' own layers."
            )

    def _digest_of_preprocess(self):
        """Identify `preprocess` by what it does to two pictures; ValueError if that is no use."""
        probe = self._probe()
        try:
            both, again = self.prepare(probe), self.prepare(probe)
            alone = self.prepare(probe[:1])
        except Exception as error:
            raise ValueError(f"preprocess fails on a picture: {error}") from error
        if not np.isfinite(both).all():
            raise ValueError("preprocess makes NaN or infinity of a picture.")
        if not np.array_equal(both, again):
            raise ValueError(
                "preprocess gives something else each time. Leave out what is random, such as "
                "augmentation."
            )
        if not np.allclose(both[:1], alone, **_SAME):
            raise ValueError(
                "preprocess mixes the pictures of a batch: one is prepared otherwise beside "
                "another. Prepare each picture on its own."
            )
        return f"sha256:{sha256(both.tobytes()).hexdigest()}"


def _check_model(model):
    import keras

    check_type(model, keras.Model, "model must be a keras.Model.")
    inputs = model.inputs if hasattr(model, "inputs") else None
    if inputs is not None:
        shapes = [tuple(each.shape) for each in inputs]
        if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] not in (3, None):
            raise ValueError(
                "model must take one batch of RGB pictures, shape (n, height, width, 3). Received: "
                f"a model of {', '.join(map(str, shapes))}. Wrap it in one that does."
            )
    first = [each for each in _all_layers(model) if _channels_first(each)]
    if first:
        raise ValueError(
            f"{model.name} has its channels first ({first[0].name}). Build it with "
            "keras.config.set_image_data_format('channels_last')."
        )


def _all_layers(model):
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)


def _channels_first(layer):
    return getattr(layer, "data_format", None) == "channels_first"


def _built_for(model):
    shape = (None,) if getattr(model, "inputs", None) is None else tuple(model.inputs[0].shape[1:3])
    if len(set(shape)) > 1 or None in shape:
        raise ValueError(
            f"{model.name} does not say what square it was built for. Give image_size, in pixels. "
            f"Received: a model of pictures of {' × '.join(map(str, shape))}"
        )
    return shape[0]


def _run(model, pictures):
    """Run a model on symbolic pictures; return what each layer gives (by name), and the last one.

    The layers are the model's own, with their weights. Unlike ``layer.output`` that holds for
    layers that are models themselves, and for models of pictures of any size.
    """
    import keras

    outputs = {}

    def call(layer, *arguments, **options):
        given = layer(*arguments, **options)
        outputs.setdefault(layer.name, given)
        return given

    known = tuple(model.inputs[0].shape) if getattr(model, "inputs", None) else pictures.shape
    if known[1:3] not in ((None, None), tuple(pictures.shape[1:3])):
        raise ValueError(f"it was built for {known[1]}×{known[2]}.")
    if isinstance(model, keras.Sequential):
        given = pictures
        for layer in model.layers:
            given = call(layer, given)
        return outputs, given
    if getattr(model, "inputs", None) is None:
        # A subclass of keras.Model is one piece, and cut nowhere.
        return outputs, model(pictures)
    copy = keras.models.clone_model(
        model, input_tensors=pictures, clone_function=lambda layer: layer, call_function=call
    )
    return outputs | {model.layers[0].name: pictures}, copy.output


def _shape(shape, extractor):
    """Return side (None for vectors) and channels of what a network gives; else ValueError."""
    received = f"Received: {shape} from {extractor.layer}"
    match shape:
        case (_, int(channels)):
            return None, channels
        case (_, int(side), int(width), int(channels)) if side == width:
            return side, channels
        case (_, _, _):
            raise ValueError(
                "A layer must give maps (n, side, side, n_channels) or vectors (n, n_channels), "
                "and this one gives a sequence for each picture, as vision transformers do. Pool "
                "it: keras.Model(model.inputs, "
                f"keras.layers.GlobalAveragePooling1D()(model.output)). {received}"
            )
    raise ValueError(
        "A layer must give maps (n, side, side, n_channels) or vectors (n, n_channels). Choose "
        f"one by its name as layer. {received}"
    )


def _digest_of_weights(model):
    """Digest names, shapes, types and values of all weights, in their order."""
    digest = sha256()
    for weight in model.weights:
        # Not by path: there Keras numbers the layers of a session.
        values = weight.numpy()
        digest.update(f"{weight.name} {values.shape} {values.dtype}\n".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return f"sha256:{digest.hexdigest()}"


def _digest_of_layers(model):
    """Digest what a network is made of, whatever its layers are called."""
    try:
        config = model.get_config()
    except (NotImplementedError, TypeError) as error:
        raise ValueError(
            "The model does not say what it is made of, so its features could not be told from "
            f"another's: {str(error).strip().splitlines()[0]} Give its layers a get_config method."
        ) from error
    # Keras numbers layers without a name by what was made before, so each becomes its place.
    places = {}
    for number, layer in enumerate([model, *_all_layers(model)]):
        places.setdefault(layer.name, f"#{number}")
    text = json.dumps(_renamed(config, places), sort_keys=True, default=str)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _renamed(config, places, named=False):
    if isinstance(config, dict):
        return {
            k: v if k == "dtype" else _renamed(v, places, named or k in _NAMES)
            for k, v in config.items()
            if k not in _TRAINING
        }
    if isinstance(config, (list, tuple)):
        return [_renamed(value, places, named) for value in config]
    return places.get(config, config) if named and isinstance(config, str) else config


def _unknown(part, seen=None):
    """Return what in a network is neither Keras' nor TensorFlow's (set of str), by name."""
    import keras

    seen = set() if seen is None else seen
    if id(part) in seen:
        return set()
    seen.add(id(part))
    found = set() if _is_known(part) and not _is_foreign(part) else {type(part).__name__}
    for name, value in vars(part).items():
        if name.endswith(_ASIDE):
            continue
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, keras.Operation):
                found |= _unknown(each, seen)
            elif callable(each) and not _is_known(each):
                found.add(getattr(each, "__name__", type(each).__name__))
    return found


def _is_foreign(layer):
    return any(each.__name__ in _FOREIGN for each in type(layer).__mro__)


def _is_known(thing):
    return (getattr(thing, "__module__", None) or "").partition(".")[0] in _KNOWN
