"""Choose neighbours that are close to the query, but not all alike.

In: scores of candidates, nearest first, and the scores between them. Out: which to show, in the
order they were chosen. The edge rule: where fewer candidates exist than are wanted, all of them
are chosen, only their order changes.
"""

import numpy as np

from zapsim.similarity import check_k

__all__ = ["diverse", "n_candidates"]

_CANDIDATES = 100


def n_candidates(k, diversity):
    """Return how many of the nearest to choose from: k without diversity, else 100, or 3 k.

    Beyond those, an item would be shown for being different alone.

    Raises
    ------
    ValueError
        If k is less than 1, or diversity is no number from 0 to 1.
    """
    check_k(k)
    if isinstance(diversity, (bool, str)) or not 0 <= diversity <= 1:
        raise ValueError(
            "diversity must be a number from 0 (the nearest) to 1 (the most different of the "
            f"candidates). Received: diversity={diversity!r}"
        )
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
