"""Shorten feature vectors by principal component analysis (PCA).

In: features, a DataFrame (n_items, n_features) indexed by key. Out: features of fewer columns,
float32, that are compared like any others. The edge rule: a vector of zeros has no direction
before, and none after; one that is the mean has none after, either.
"""

import hashlib
import json
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd

from zapsim.checks import (
    check_features,
    checked_names,
    checked_order,
    checked_path,
    checked_seed,
    checked_values,
    checked_whole,
    told,
)
from zapsim.features import VGG16Extractor
from zapsim.io.disk import open_regular, write_whole
from zapsim.io.store import differing, features_frame
from zapsim.similarity import clear_rounding, vector_lengths

__all__ = ["Reduction", "reduce"]

# Up to so many items or features all components are computed, in seconds; above, the first ones
# are found by random projections, which come very close.
_SOLVED_WHOLE = 2048
_BLOCK = 1024
_FITTED = ("mean", "components", "explained")
# The squares of numbers up to 2 ** 20, and down to its reciprocal, are well within float32.
_USUAL = 20
# Of all shares together, in float32.
_ROUNDING = 1e-3


def reduce(features, n=256, seed=0):
    """Reduce features to their n principal components.

    The components are those of the vectors as they are, with their mean taken off, and are not
    whitened: each keeps its spread, so that distances stay what they were but for what is cut
    off. Cosine similarity of the reduced features is on centred data: it asks where two items
    differ from the mean in the same way, and unrelated items score about 0, not 0.8.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features)
        Indexed by key.
    n : int
        Number of components, from 1 to the smaller one of n_items and n_features.
    seed : int
        For the random projections that are used where both n_items and n_features are above
        2,048; the same features and seed give the same result.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n), float32
        Indexed by key, in the features' order; the components in the order of their spread. The
        sign of each is such that its largest weight is positive. ``attrs["extractor"]`` says that
        they were reduced, and from what. That is not enough to make an extractor: to search with
        a new picture, fit a `Reduction` and give the predictor its extractor.

    References
    ----------
    Halko, Martinsson & Tropp, "Finding structure with randomness", SIAM Review 53, 2011,
    doi:10.1137/090771806.

    Examples
    --------
    Two items, each as far from their mean as the other, need one number each.

    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[1, 1], [3, 3]], index=["near", "far"])
    >>> zapsim.reduce(features, n=1).round(2)  # doctest: +NORMALIZE_WHITESPACE
             0
    key
    near -1.41
    far   1.41
    """
    return Reduction(n, seed).fit(features).transform(features)


class Reduction:
    """A principal component analysis that can be applied to further vectors and pictures.

    Parameters
    ----------
    n, seed
        As in `reduce`.

    Attributes
    ----------
    mean : ndarray of shape (n_features,), float32
    components : ndarray of shape (n, n_features), float32
        Of length 1, at right angles to each other.
    explained : ndarray of shape (n,), float32
        Share of the features' variance that each component keeps.
    settings : dict
        How features were made that went through this.

    Examples
    --------
    >>> import zapsim
    >>> from zapsim.kinds.pca import Reduction
    >>> features = zapsim.load_features()
    >>> reduction = Reduction(n=64).fit(features)
    >>> reduction
    PCA from 2,048 to 64 features, keeping 80 % of their variance
    >>> reduction.transform(features).shape
    (615, 64)
    """

    def __init__(self, n=256, seed=0):
        self.n, self.seed = checked_whole("n", n), checked_seed(seed)
        self.mean = None

    def __repr__(self):
        if self.mean is None:
            return f"PCA to {self.n:,} features, not fitted yet"
        return (
            f"PCA from {len(self.mean):,} to {self.n:,} features, keeping "
            f"{self.explained.sum():.0%} of their variance".replace("%", " %")
        )

    def fit(self, features):
        """Find the components of features, a DataFrame as in `reduce`; return self."""
        from sklearn.decomposition import PCA

        check_features(features)
        values = checked_values(features)
        if self.n > min(values.shape):
            raise ValueError(
                f"{values.shape[0]:,} items of {values.shape[1]:,} features have at most "
                f"{min(values.shape):,} principal components. Received: n={self.n:,}"
            )
        n_items, n_features = values.shape
        exact = "covariance_eigh" if n_features <= n_items else "full"
        solver = exact if min(values.shape) <= _SOLVED_WHOLE else "randomized"
        # Larger or smaller features have the same components, but squares that may not fit.
        exponent = _exponent(values)
        centred = np.ldexp(values, -exponent)
        mean = centred.mean(axis=0, dtype=np.float64)
        # Of a mean far from 0, float32 would lose the spread in its own rounding.
        np.subtract(centred, mean, out=centred, casting="same_kind")
        # Where all items are the same, nothing is explained.
        with np.errstate(invalid="ignore"):
            pca = PCA(self.n, copy=False, svd_solver=solver, random_state=self.seed).fit(centred)
        self.mean = np.ldexp(mean, exponent).astype(np.float32)
        self.components = pca.components_
        self._columns = features.columns
        self.explained = np.nan_to_num(pca.explained_variance_ratio_)
        self.settings = {
            "reduction": "PCA",
            "n": self.n,
            "components": self._digest(),
            "of": dict(features.attrs.get("extractor", {})),
        }
        return self

    def save(self, path):
        """Keep what was fitted in a file, for `load`: another fit may differ in its last digits.

        The file appears whole or not at all; `TransferError` if it cannot be written. ValueError if
        the columns are named by neither texts nor whole numbers.
        """
        self._check_fitted()
        path = checked_path(path)
        columns = checked_names(self._columns)
        said = {"seed": self.seed, "settings": self.settings, "columns": columns}
        kept = BytesIO()
        np.savez(kept, said=json.dumps(said), **{name: getattr(self, name) for name in _FITTED})
        write_whole(path, kept.getvalue())

    @classmethod
    def load(cls, path):
        """Return the Reduction that `save` wrote to a file.

        FileNotFoundError if there is none; ValueError if it holds something else, or is damaged.
        """
        path = checked_path(path)
        damaged = f"{path} is damaged, or was not written by Reduction.save. Fit and save it again."
        with open_regular(path) as file:
            try:
                # Then nothing is larger than the file says.
                if any(entry.compress_type for entry in zipfile.ZipFile(file).infolist()):
                    raise ValueError("packed")
                file.seek(0)
                # Nothing that could run is read.
                kept = np.load(file, allow_pickle=False)
                said = json.loads(str(kept["said"]))
                reduction = cls(said["settings"]["n"], said["seed"])
                reduction.settings = said["settings"]
                for name in _FITTED:
                    setattr(reduction, name, kept[name])
                reduction._columns = pd.Index(checked_names(said["columns"]))
                if not reduction._holds_together():
                    raise ValueError("arrays that do not fit")
            # The readers of zips, arrays and JSON raise many kinds of errors.
            except Exception as error:
                raise ValueError(damaged) from error
        return reduction

    def transform(self, features):
        """Express vectors in the components found by `fit`.

        Features are a DataFrame as in `reduce`, or an ndarray of shape (n_features,) or
        (n_items, n_features). The same is returned, float32, with n columns in place of
        n_features. Columns that are called as the fitted ones may have another order. ValueError if
        the vectors have another length than those that were fitted, or were made with other
        settings (``attrs["extractor"]``), or hold NaN, or numbers so large that what becomes of
        them is none of float32's, or nothing was fitted yet.
        """
        self._check_fitted()
        if isinstance(features, np.ndarray):
            return self._transform(np.atleast_2d(features)).reshape(*features.shape[:-1], self.n)
        check_features(features)
        self._check_made(features.attrs.get("extractor"))
        values = self._transform(checked_order(features, self._columns))
        return features_frame(features.index, values, self.settings)

    def extractor(self, extractor=None):
        """Return an extractor of reduced features, for ``SimilarityPredictor(…, extractor=…)``.

        `extractor` is what made the features before they were reduced; by default it is made from
        the settings that they carried. ValueError if it has other settings.
        """
        self._check_fitted()
        self._check_made(getattr(extractor, "settings", None))
        return _ReducedExtractor(self, extractor)

    def _holds_together(self):
        arrays = [getattr(self, name) for name in _FITTED]
        shapes = [(len(self._columns),), (self.n, len(self._columns)), (self.n,)]
        return (
            [array.shape for array in arrays] == shapes
            and all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays)
            and self.settings["components"] == self._digest()
            and isinstance(self.settings["of"], dict)
            and self.explained.min() >= 0
            and self.explained.sum() <= 1 + _ROUNDING
        )

    def _digest(self):
        values = self.mean.tobytes() + self.components.tobytes()
        return f"sha256:{hashlib.sha256(values).hexdigest()[:16]}"

    def _check_fitted(self):
        if self.mean is None:
            raise ValueError("This Reduction is not fitted yet. Call fit(features) first.")

    def _check_made(self, settings):
        """Raise ValueError if settings are others than those of the features that were fitted."""
        fitted = self.settings["of"]
        # Vectors of one's own need not say how they were made.
        if settings and fitted and settings != fitted:
            raise ValueError(
                told(
                    "These features were made with other settings than those that this PCA was "
                    f"fitted to: {differing(fitted, settings)}. Extract them with the same, or fit "
                    "a Reduction of their own."
                )
            )

    def _transform(self, features):
        values = checked_values(features)
        if values.shape[1] != len(self.mean):
            raise ValueError(
                f"This PCA was fitted to vectors of {len(self.mean):,} features. "
                f"Received: {values.shape[1]:,}"
            )
        reduced = np.empty((len(values), self.n), np.float32)
        # The mean is taken away first, which loses fewer digits; by blocks, which takes no memory.
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(values), _BLOCK):
                rows = slice(start, start + _BLOCK)
                reduced[rows] = (values[rows] - self.mean) @ self.components.T
        if not np.isfinite(reduced).all():
            raise ValueError(
                "The numbers of these vectors are so large that they cannot be reduced. Only "
                "directions count: divide them all by the same large number, and fit again."
            )
        lengths = vector_lengths(values)
        clear_rounding(reduced, lengths)
        reduced[lengths == 0] = 0
        return reduced


def _exponent(values):
    """Return n such that values / 2 ** n, which has the same digits, can be squared."""
    n = int(np.frexp(max(values.max(), -values.min()))[1])
    return 0 if abs(n) <= _USUAL else n


class _ReducedExtractor:
    """An extractor, and a reduction of what it extracts."""

    def __init__(self, reduction, extractor):
        if extractor is None:
            extractor = VGG16Extractor.from_settings(reduction.settings["of"])
        self._reduction, self._extractor = reduction, extractor
        self.settings, self.n_features = reduction.settings, reduction.n

    def extract(self, pictures, cache=None):
        """Extract features as `VGG16Extractor.extract` does, then reduce them."""
        return self._reduction.transform(self._extractor.extract(pictures, cache))
