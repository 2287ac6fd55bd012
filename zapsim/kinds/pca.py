"""Shorten feature vectors by principal component analysis (PCA).

In: features, a DataFrame (n_items, n_features) indexed by key, or the folder of a feature store,
which is read shard by shard and need not fit in memory. Out: features of fewer columns, float32,
that are compared like any others. The edge rule: a vector of zeros has no direction before, and
none after; one that is the mean has none after, either.
"""

import hashlib
from itertools import chain

import numpy as np
import pandas as pd

from zapsim.checks import checked_values
from zapsim.io.parquet import StoreError
from zapsim.io.store import features_frame, no_store, open_store
from zapsim.similarity import clear_rounding

__all__ = ["Reduction", "reduce"]

# Up to so many items or features all components are computed, in seconds; above, the first ones
# are found by random projections, which come very close.
_SOLVED_WHOLE = 2048
# Rows of a store that are taken up at once: each time, what was found before is rounded to the
# first n components, so few large batches are better than many small ones.
_BATCH = 1024


def reduce(features, n=256, seed=0):
    """Reduce features to their n principal components.

    The components are those of the vectors as they are, with their mean taken off, and are not
    whitened: each keeps its spread, so that distances stay what they were but for what is cut
    off. Cosine similarity thereafter is on centred data: it asks where two items differ from the
    mean in the same way, and unrelated items score about 0, not 0.8.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_items, n_features), or path
        Indexed by key; or the folder of a feature store, for features larger than memory, which
        is read three times. Of several rows of a key, the last shard's counts, as in
        `zapsim.load_features`. A store's components are approximate, the last ones most.
    n : int
        Number of components, from 1 to the smaller one of n_items and n_features.
    seed : int
        For the random projections that are used where both n_items and n_features are above
        2,048; the same features and seed give the same result.

    Returns
    -------
    pandas.DataFrame of shape (n_items, n), float32
        Indexed by key, in the features' order, or sorted for a store; the components in the order
        of their spread. The sign of each is such that its largest weight is positive.
        ``attrs["extractor"]`` says that they were reduced, and from what. No extractor can be made
        of that alone: to search with a new picture, fit a `Reduction` and give the predictor its
        extractor.

    Raises
    ------
    ValueError
        If n is out of range, or features hold NaN or infinity.
    StoreError
        If there is no store in the folder, it cannot be read now, or items vanish from it while
        it is read.

    References
    ----------
    Halko, Martinsson & Tropp, "Finding structure with randomness", SIAM Review 53, 2011,
    doi:10.1137/090771806; for stores: Ross et al., "Incremental learning for robust visual
    tracking", IJCV 77, 2008, doi:10.1007/s11263-007-0075-7.

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
    reduction = Reduction(n, seed)
    # One for both, which saves reading a store once more.
    rows = features if isinstance(features, pd.DataFrame) else _Rows(features)
    return reduction.fit(rows).transform(rows)


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
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1. Received: n={n!r}")
        self.n, self.seed = int(n), seed

    def __repr__(self):
        return (
            f"PCA from {len(self.mean):,} to {self.n:,} features, keeping "
            f"{self.explained.sum():.0%} of their variance".replace("%", " %")
        )

    def fit(self, features):
        """Find the components of features, a DataFrame or a store's folder; return self."""
        if isinstance(features, pd.DataFrame):
            pca, source = self._fit_frame(features), features.attrs.get("extractor", {})
        else:
            store = _rows(features)
            pca, source = self._fit_store(store), store.settings
        # Fitted batch by batch, they come as float64.
        found = (pca.mean_, pca.components_, pca.explained_variance_ratio_)
        self.mean, self.components, self.explained = (each.astype(np.float32) for each in found)
        digest = hashlib.sha256(self.mean.tobytes() + self.components.tobytes()).hexdigest()
        self.settings = {
            "reduction": "PCA",
            "n": self.n,
            "components": f"sha256:{digest[:16]}",
            "of": dict(source),
        }
        return self

    def transform(self, features):
        """Express vectors in the components found by `fit`.

        Parameters
        ----------
        features : pandas.DataFrame, path of a store, or ndarray
            An array has shape (n_features,) or (n_items, n_features).

        Returns
        -------
        pandas.DataFrame or ndarray, float32
            As was given, a DataFrame for a store, with n columns in place of n_features.

        Raises
        ------
        ValueError
            If the vectors have another length than those that were fitted, or hold NaN.
        """
        if isinstance(features, np.ndarray):
            return self._transform(np.atleast_2d(features)).reshape(*features.shape[:-1], self.n)
        if isinstance(features, pd.DataFrame):
            return features_frame(features.index, self._transform(features), self.settings)
        blocks = [(block.index, self._transform(block)) for block in _rows(features).blocks()]
        keys, values = zip(*blocks, strict=True)
        frame = features_frame(chain(*keys), np.concatenate(values), self.settings)
        return frame.sort_index()

    def extractor(self, extractor=None):
        """Return an extractor of reduced features, for ``SimilarityPredictor(…, extractor=…)``.

        Parameters
        ----------
        extractor : VGG16Extractor, optional
            What made the features before they were reduced; by default it is made from the
            settings that they carried.
        """
        return _ReducedExtractor(self, extractor)

    def _fit_frame(self, features):
        from sklearn.decomposition import PCA

        values = checked_values(features)
        self._check_n(values.shape)
        n_items, n_features = values.shape
        exact = "covariance_eigh" if n_features <= n_items else "full"
        solver = exact if min(values.shape) <= _SOLVED_WHOLE else "randomized"
        return PCA(self.n, svd_solver=solver, random_state=self.seed).fit(values)

    def _fit_store(self, store):
        from sklearn.decomposition import IncrementalPCA

        pca = IncrementalPCA(self.n)
        self._check_n((len(store), store.n_features))
        for values in _batches(store, max(_BATCH, 2 * self.n), self.n):
            pca.partial_fit(values)
        return pca

    def _check_n(self, shape):
        if self.n > min(shape):
            raise ValueError(
                f"{shape[0]:,} items of {shape[1]:,} features have at most {min(shape):,} "
                f"principal components. Received: n={self.n:,}"
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
        for start in range(0, len(values), _BATCH):
            rows = slice(start, start + _BATCH)
            reduced[rows] = (values[rows] - self.mean) @ self.components.T
        lengths = np.sqrt(np.einsum("nd,nd->n", values, values))
        clear_rounding(reduced, lengths)
        reduced[lengths == 0] = 0
        return reduced


class _ReducedExtractor:
    """An extractor, and a reduction of what it extracts."""

    def __init__(self, reduction, extractor):
        if extractor is None:
            from zapsim.features import VGG16Extractor

            extractor = VGG16Extractor.from_settings(reduction.settings["of"])
        self._reduction, self._extractor = reduction, extractor
        self.settings, self.n_features = reduction.settings, reduction.n

    def extract(self, pictures, cache=None):
        """Extract features as `VGG16Extractor.extract` does, then reduce them."""
        return self._reduction.transform(self._extractor.extract(pictures, cache))


def _rows(store):
    return store if isinstance(store, _Rows) else _Rows(store)


class _Rows:
    """The rows of a feature store that count: of each key, the last one.

    What other processes add later does not count; what they take away is missed.
    """

    def __init__(self, folder):
        self._store = open_store(folder)
        self.settings, self._last = self._store.settings, {}
        # Values are read as well: whether a shard is damaged shows only then.
        for shard, keys, _, values in self._store.blocks():
            self._last.update({key: (shard, row) for row, key in enumerate(keys)})
            self.n_features = values.shape[1]
        if not self._last:
            raise no_store(self._store.folder)

    def __len__(self):
        return len(self._last)

    def blocks(self):
        """Yield features, DataFrames of float32 indexed by key, a shard at a time.

        Raises a StoreError at the end where rows were missed.
        """
        n_found = 0
        for shard, keys, _, values in self._store.blocks():
            rows = [row for row, key in enumerate(keys) if self._last.get(key) == (shard, row)]
            n_found += len(rows)
            if rows:
                yield pd.DataFrame(values[rows].astype(np.float32), index=[keys[r] for r in rows])
        if n_found < len(self):
            raise StoreError(
                f"Only {n_found:,} of {len(self):,} items came back from {self._store.folder}: "
                "the store changed while it was read. Run again."
            )


def _batches(store, size, least):
    """Yield arrays of at least `size` rows, and then what is left.

    What is left is joined to the batch before if it has fewer than `least` rows: PCA takes no
    fewer than it has components.
    """
    waiting, count, ready = [], 0, []
    for block in store.blocks():
        waiting.append(checked_values(block))
        count += len(block)
        if count >= size:
            yield from ready
            ready, waiting, count = [np.concatenate(waiting)], [], 0
    if count >= least:
        yield from ready
        ready = []
    if ready or waiting:
        yield np.concatenate(ready + waiting)
