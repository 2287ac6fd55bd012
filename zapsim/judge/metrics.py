"""Score each query's list of neighbours: how many are right, and how early they come.

In: neighbours as `zapsim.top_k` finds them, and labels, a catalogue column. Out: numbers in
[0, 1], higher is better, one row a query. A neighbour is *right*, or relevant, if it shares at
least one value with the query (a cell holds several, joined by ``;``).

With R, the number of items that are right for a query (itself and, on request, the other
colourways of its product not counted), and r(i) = 1 where its i-th neighbour is right, else 0:

- ``precision@k``: (r(1) + … + r(k)) / k, the share of right ones among the first k.
- ``recall@k``: (r(1) + … + r(k)) / R, the share of all right ones that is found.
- ``AP@k``, average precision: the sum of precision@i over the ranks i ≤ k with r(i) = 1, divided
  by min(R, k), so that it is 1 when all that could be right are. (trec_eval's ``map_cut_k``
  divides by R, which no list of k < R can reach.) Its mean over queries is called ``mAP@k``.
- ``nDCG@k``: the sum of r(i) / log2(i + 1), divided by the same sum for the best order.

The edge rules: an item without a label, or without neighbours, is not asked; a neighbour that is
missing or has no label is wrong; a query with R = 0, alone in its class, scores 0 in all four, and
*best*, what perfect neighbours would reach, is 0 there, too. Items with the same score come in the
catalogue's order: features that are the same for all items find its first items, whatever the
query, which is not what chance would find.

References
----------
Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, section 8.4,
doi:10.1017/CBO9780511809071. Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR
techniques", ACM TOIS 20, 2002, doi:10.1145/582415.582418.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from zapsim.checks import check_list, check_memory, check_neighbours, checked_whole
from zapsim.judge.relevance import Relevance

__all__ = ["METRICS", "Judged", "asked", "checked_ks", "judge"]

# Of each rank of each query, while it is judged.
_BYTES = 48
METRICS = ("precision", "recall", "AP", "nDCG")


class Judged(NamedTuple):
    """Queries, judged one by one.

    Attributes
    ----------
    scores, best : pandas.DataFrame of shape (n_queries, n_metrics), float64
        What they score, and what perfect neighbours would; indexed by key, columns such as
        ``precision@5``.
    relevant : ndarray of shape (n_queries,), int64
        R, how many items are right for the query.
    rows : ndarray of shape (n_queries,), int64
        Where the queries stand among the neighbours.
    relevance : Relevance
    """

    scores: pd.DataFrame
    best: pd.DataFrame
    relevant: np.ndarray
    rows: np.ndarray
    relevance: Relevance


def judge(neighbours, labels, k=None, exclude=None):
    """Return every item that can be asked as `Judged`; parameters as in `query_scores`."""
    check_neighbours(neighbours)
    ks = _sought(k, neighbours)
    relevance = Relevance(labels, neighbours.keys, exclude)
    rows = asked(neighbours, relevance)
    _check_excluded(neighbours.indices[rows, : max(ks)], relevance.groups, rows)
    check_memory(
        _BYTES * max(ks) * (len(rows) + 1),
        f"The judgement of the first {max(ks):,} of {len(rows):,} items each",
        "Take a smaller k.",
    )
    relevant = relevance.to_be_found()[rows]
    right = relevance.right(neighbours.indices[:, : max(ks)])[rows]
    # Where fewer others exist than were asked for, those that are missing are wrong.
    right = np.pad(right, ((0, 0), (0, max(ks) - right.shape[1])))
    ranks = np.arange(1, max(ks) + 1)
    discounts = 1 / np.log2(ranks + 1)
    hits = right.cumsum(axis=1)
    precisions = (right * hits / ranks).cumsum(axis=1)
    gained = (right * discounts).cumsum(axis=1)
    # The best order has all right ones first.
    ideal = np.concatenate([[0], discounts.cumsum()])
    scores, best = {}, {}
    for n in ks:
        findable = np.minimum(relevant, n)
        scores[f"precision@{n}"] = hits[:, n - 1] / n
        scores[f"recall@{n}"] = _share(hits[:, n - 1], relevant)
        scores[f"AP@{n}"] = _share(precisions[:, n - 1], findable)
        scores[f"nDCG@{n}"] = _share(gained[:, n - 1], ideal[findable])
        best[f"precision@{n}"] = findable / n
        best[f"recall@{n}"] = _share(findable, relevant)
        best[f"AP@{n}"] = best[f"nDCG@{n}"] = (relevant > 0).astype(np.float64)
    keys = neighbours.keys[rows]
    return Judged(
        pd.DataFrame(scores, index=keys), pd.DataFrame(best, index=keys), relevant, rows, relevance
    )


def asked(neighbours, relevance):
    """Return the positions of the items with both a label and a neighbour, or ValueError."""
    rows = np.flatnonzero(relevance.labelled & (neighbours.indices >= 0).any(axis=1))
    if not len(rows):
        raise ValueError("No item has both a label and a neighbour: there is nothing to judge.")
    return rows


def _share(part, whole):
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def checked_ks(k):
    """Return one or several k as a list; ValueError if there is none, or one is unfit."""
    ks = k if pd.api.types.is_list_like(k) else [k]
    check_list("k", ks, "[1, 5, 10]")
    return [checked_whole("k", n) for n in ks]


def _sought(k, neighbours):
    """Return the k to judge as a list; ValueError unless so many neighbours were sought."""
    sought = neighbours.indices.shape[1]
    if not sought:
        raise ValueError("No item has a neighbour: there is nothing to judge.")
    ks = [sought] if k is None else checked_ks(k)
    for n in ks:
        # A catalogue of six has five others at most, and those were sought.
        if n > sought and sought < len(neighbours.keys) - 1:
            raise ValueError(
                f"Only {sought} neighbours of each item were sought. Received: k={n}. "
                f"Find more first: zapsim.top_k(features, k={n})."
            )
    return ks


def _check_excluded(indices, groups, rows):
    together = (groups[indices] == groups[rows][:, None]) & (indices >= 0)
    if together.any():
        raise ValueError(
            f"{together.sum():,} neighbours share their query's value in exclude, "
            "so they were not left out when neighbours were sought. "
            "Give the same to both: zapsim.top_k(features, k, exclude=…)."
        )
