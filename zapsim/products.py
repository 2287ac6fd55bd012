"""Score tiles of pairs by matrix products whose error is known.

In: vectors of length 1 (or 0), float32. Out: tiles of approximate cosine similarities, float32,
and for every vector a bound on how far any of its scores is from the true one. The edge rule: a
bound may be too large, which costs time, but never too small: it holds for every order of
summation, on every machine.
"""

import sys

import numpy as np

from zapsim.network import prepare_tensorflow
from zapsim.precision import choose_precision, has_bfloat16

__all__ = ["PRODUCTS", "float32_error", "product_precision"]

# Half the distance from 1 to the next float32.
_UNIT_ROUNDING = 2.0**-24
# For what is rounded once or twice besides the product: offsets, thresholds, the final score.
_SLACK = 2.0**-20
# bfloat16 keeps 8 binary digits, so a number loses less than this share even where it is cut off.
_BFLOAT16_ROUNDING = 2.0**-7
# Multiplications above which bfloat16 is worth a look, and worth loading TensorFlow for.
_LARGE, _HUGE = 1e11, 3e12


class Float32Products:
    """Scores as NumPy multiplies matrices.

    Attributes
    ----------
    errors : ndarray of shape (n_items,), float64
        No score of the vector is further from the true one.

    References
    ----------
    Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1,
    doi:10.1137/1.9780898718027.
    """

    def __init__(self, unit):
        self._unit = unit
        self.errors = np.full(len(unit), float32_error(unit.shape[1]))

    def tile(self, rows, columns):
        """Return the scores of one slice of vectors with another, (n_rows, n_columns) float32."""
        return self._unit[rows] @ self._unit[columns].T


class BFloat16Products:
    """Scores as TensorFlow multiplies matrices of bfloat16, which some CPUs do twice as fast.

    Pictures of products resemble each other: their vectors lie close together, far from the
    origin. So the mean m is taken off first and added again exactly, for a·b =
    (a-m)·(b-m) + a·m + b·m - m·m. What is rounded to bfloat16 is then short, and the error small:
    where a' is a rounded vector and r what rounding took from it, Cauchy and Schwarz allow at
    most |r_a||b'| + |a'||r_b| + |r_a||r_b|, lengths that are measured in float64.

    Attributes
    ----------
    errors : ndarray of shape (n_items,), float64
        As in `Float32Products`. Products are summed in float32 and the sums rounded to bfloat16,
        which counts.

    Raises
    ------
    ArithmeticError
        If this machine's products are further off, which would not be bfloat16 as it is defined.
    """

    def __init__(self, unit):
        prepare_tensorflow()
        import tensorflow as tf

        self._matmul = tf.function(
            lambda a, b: tf.cast(tf.matmul(a, b, transpose_b=True), "float32")
        )
        mean = unit.mean(axis=0, dtype=np.float64).astype(np.float32)
        n_items, n_features = unit.shape
        # TensorFlow loads NumPy's bfloat16 along with itself; it takes half of float32's memory.
        self._short = np.empty((n_items, n_features), tf.bfloat16.as_numpy_dtype)
        self._offsets = np.empty(n_items, np.float32)
        lengths, lost = np.empty((2, n_items))
        for start in range(0, n_items, 1024):
            rows = slice(start, start + 1024)
            exact = unit[rows] - mean.astype(np.float64)
            self._short[rows] = exact.astype(np.float32)
            rounded = self._short[rows].astype(np.float64)
            lengths[rows] = np.linalg.norm(rounded, axis=1)
            lost[rows] = np.linalg.norm(exact - rounded, axis=1)
            self._offsets[rows] = (unit[rows] - mean / 2.0) @ mean.astype(np.float64)
        longest = lengths.max()
        self.errors = lost * (longest + lost.max()) + lengths * lost.max() + _SLACK
        product = _BFLOAT16_ROUNDING + 2 * float32_error(n_features)
        self.errors += product * lengths * longest
        self._check(unit)

    def tile(self, rows, columns):
        """Return the scores of one slice of vectors with another, (n_rows, n_columns) float32."""
        scores = self._matmul(self._short[rows], self._short[columns]).numpy()
        scores += self._offsets[rows, None]
        scores += self._offsets[columns]
        return scores

    def _check(self, unit):
        """Compare a tile with float64, for nobody else has proven this machine's products."""
        some = slice(0, min(len(unit), 256))
        exact = unit[some].astype(np.float64) @ unit[some].astype(np.float64).T
        if (np.abs(self.tile(some, some) - exact) > self.errors[some, None]).any():
            raise ArithmeticError(
                "bfloat16 products on this machine are further from the true ones than bfloat16's "
                "digits allow. Use precision='float32'."
            )


PRODUCTS = {"float32": Float32Products, "bfloat16": BFloat16Products}


def product_precision(precision, n_items, n_features):
    """Resolve "auto": bfloat16 where this CPU is known to be faster by it, and it matters."""
    if precision in PRODUCTS:
        return precision
    if precision != "auto":
        raise ValueError(
            f"precision must be float32, bfloat16 or auto. Received: precision={precision!r}"
        )
    work = n_items**2 * n_features
    if work < (_LARGE if "tensorflow" in sys.modules else _HUGE):
        return "float32"
    # The trial loads TensorFlow, which takes seconds: not for a CPU that says it has none.
    if not has_bfloat16(unlisted=False):
        return "float32"
    return "bfloat16" if choose_precision("auto")[0] == "bfloat16" else "float32"


def float32_error(n_features):
    """Bound the error of a score that was summed in float32, in whatever order.

    Higham's bound for a sum of n_features products which are, without their signs, at most 1 in
    all, as they are for vectors of length 1; and some more for what is rounded besides.
    """
    lost = n_features * _UNIT_ROUNDING
    return 1.001 * lost / (1 - lost) + _SLACK
