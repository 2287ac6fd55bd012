"""Say how far a mean would move if other products had been asked: the cluster bootstrap.

In: a value for each query, and which queries belong together. Out: means, and the means of many
resamples, from which intervals are read. The edge rule: a class that a resample happens to miss
has no mean there (NaN), and is left out.

The colourways of a product are nearly the same query three times, so they tell less than three
different queries. Therefore whole products are drawn, with replacement, each with all its queries.
The catalogue that is searched stays as it is.

References
----------
Davison & Hinkley, "Bootstrap Methods and their Application", 1997, sections 3.8 and 5.3,
doi:10.1017/CBO9780511802843. Field & Welsh, "Bootstrapping clustered data", Journal of the Royal
Statistical Society B 69, 2007, doi:10.1111/j.1467-9868.2007.00593.x.
"""

import numpy as np
from scipy.sparse import csr_matrix

from zapsim.checks import check_memory, checked_number, checked_seed, checked_whole

__all__ = ["class_means", "interval", "resampled_means"]

_BLOCK_NUMBERS = 8_000_000
# Percentiles of a thousand are sure enough; more take minutes, and move nothing.
_MOST = 100_000


def class_means(values, members=None):
    """Average values by class: ndarray of shape (n_classes, n_metrics), float64.

    Values, (n_queries, n_metrics), are finite; `members`, sparse, (n_queries, n_classes), are 1
    where a query belongs to a class. By default all belong to one.
    """
    sums = _sums(values, np.zeros(len(values), np.int64), members)
    return _ratios(np.ones((1, 1)), sums)[0]


def resampled_means(values, clusters, members=None, n_resamples=1000, seed=0):
    """Average values by class, once for each resample of the clusters.

    Values and members are as in `class_means`; `clusters`, (n_queries,), int, are equal for queries
    that are drawn together. Returns an ndarray of shape (n_resamples, n_classes, n_metrics).
    """
    n_resamples = checked_whole("n_resamples", n_resamples, 1, _MOST)
    seed = checked_seed(seed)
    names, numbers = np.unique(clusters, return_inverse=True)
    sums, n_clusters = _sums(values, numbers, members), len(names)
    n_classes, n_metrics = sums[0].shape[1], values.shape[1]
    # All means, once more in one array, and again where their percentiles are sought.
    check_memory(
        3 * 8 * n_resamples * n_classes * n_metrics,
        f"What {n_resamples:,} resamples give, for {n_classes:,} classes,",
        "Take a smaller n_resamples, or a column of fewer different values.",
    )
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK_NUMBERS // n_clusters)
    resampled = []
    for start in range(0, n_resamples, step):
        drawn = rng.integers(n_clusters, size=(min(step, n_resamples - start), n_clusters))
        times = np.stack([np.bincount(row, minlength=n_clusters) for row in drawn])
        resampled.append(_ratios(times.astype(np.float64), sums))
    return np.concatenate(resampled)


def interval(resampled, confidence=0.95):
    """Return the lower and upper percentiles of resampled means, along the first axis.

    The share `confidence`, in (0, 1), of the resamples lies within.
    """
    checked_number("confidence", confidence, 0, 1, "()")
    tail = (1 - confidence) / 2
    return np.nanquantile(resampled, [tail, 1 - tail], axis=0)


def _sums(values, clusters, members):
    """Return, sparse (n_clusters, n_classes), how many queries there are, then each metric's sum.

    A resampled mean is a ratio of two weighted sums of these.
    """
    n_queries = len(values)
    members = csr_matrix(np.ones((n_queries, 1))) if members is None else members
    by_cluster = csr_matrix((np.ones(n_queries), (clusters, np.arange(n_queries))))
    weighted = [members, *(members.multiply(value[:, None]) for value in values.T)]
    return [(by_cluster @ each).tocsr() for each in weighted]


def _ratios(times, sums):
    """Return (n_resamples, n_classes, n_metrics), NaN for a class that was not drawn."""
    # Sparse times dense is far faster than dense times sparse.
    counts, *totals = ((each.T @ times.T).T for each in sums)
    with np.errstate(invalid="ignore"):
        return np.stack([total / counts for total in totals], axis=2)
