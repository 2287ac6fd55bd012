"""Choose among neighbours so that they are not all alike.

In: the candidates' scores with the query, and with each other. Out: positions of those chosen. The
edge rule: of fewer candidates than are wanted, all are chosen.
"""

import numpy as np

__all__ = ["diverse", "n_candidates"]

_CANDIDATES = 100


def n_candidates(k, diversity):
    """Return how many of the nearest to choose from: k without diversity, else 100, or 3 k.

    An item beyond those would be chosen only because it is different.
    """
    return max(_CANDIDATES, 3 * k) if diversity else k


def diverse(scores, between, k, diversity):
    """Choose k candidates one by one, by maximal marginal relevance.

    The nearest comes first. Then always the one whose ``(1 - diversity) * score - diversity *
    (highest score with one already chosen)`` is highest, ties by lower index.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Of the candidates with the query, highest first.
    between : ndarray of shape (n, n)
        Of the candidates with each other.
    k : int
        At least 1; fewer are chosen where there are fewer candidates.
    diversity : float
        0 gives the candidates' own order; 1 looks only at what was chosen before.

    Returns
    -------
    ndarray of shape (up to k,), int64
        Positions of the chosen candidates, in the order they were chosen.

    References
    ----------
    Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
    and Producing Summaries", SIGIR 1998, doi:10.1145/290941.291025; lambda there is
    1 - diversity here.

    Examples
    --------
    Candidates 0 and 1 are twins, so half-way to diversity the third is shown before the second:

    >>> import numpy as np
    >>> between = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    >>> diverse(np.array([0.9, 0.9, 0.8]), between, k=3, diversity=0.5)
    array([0, 2, 1])
    """
    chosen = []
    left = np.ones(len(scores), bool)
    alike = np.full(len(scores), -np.inf)
    while len(chosen) < k and left.any():
        gain = (1 - diversity) * scores - diversity * alike if chosen else scores
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(best)
        left[best] = False
        alike = np.maximum(alike, between[best])
    return np.array(chosen, np.int64)
