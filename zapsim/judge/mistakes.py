"""Look at what goes wrong: which class is taken for which, and which queries score worst.

In: neighbours as `zapsim.top_k` finds them, and labels, a catalogue column. Out: tables. What is
right is defined in `zapsim.judge.metrics`. The edge rule: items without a label are neither asked
nor counted where they are found.
"""

from collections import Counter

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags

from zapsim.checks import check_memory, check_neighbours, checked_whole
from zapsim.judge.metrics import asked, judge
from zapsim.judge.relevance import Relevance

__all__ = ["confusion", "worst_queries"]


def confusion(neighbours, labels):
    """Count to which classes the neighbours of each class belong.

    Parameters
    ----------
    neighbours : Neighbours
        What `zapsim.top_k` returns.
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
        In a cell of several values, joined by ``;``, each has the same share of a neighbour; a
        query counts for each of its values.

    Returns
    -------
    pandas.DataFrame of shape (n_classes, n_classes), float64
        Row A, column B: the share of the neighbours of A's items that are of B, in [0, 1]. Rows
        sum to 1, or are missing (NaN) where no labelled neighbour was found. In alphabetical
        order on both axes.

    Raises
    ------
    ValueError, TypeError
        As in `zapsim.query_scores`.
    MemoryError
        If a table of so many classes would not fit in memory.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[9, 0], [9, 1], [9, 8], [0, 9]], index=["b1", "b2", "s1", "s2"])
    >>> neighbours = zapsim.top_k(features, k=1)
    >>> zapsim.confusion(neighbours, ["boot", "boot", "shoe", "shoe"])
          boot  shoe
    boot   1.0   0.0
    shoe   0.5   0.5
    """
    check_neighbours(neighbours)
    relevance = Relevance(labels, neighbours.keys)
    rows = asked(neighbours, relevance)
    members, found = relevance.members, neighbours.indices[rows]
    n_classes = members.shape[1]
    # The counts, their shares, and what is between.
    check_memory(
        3 * 8 * n_classes**2,
        f"A table of {n_classes:,} × {n_classes:,} classes",
        "Take a column of fewer different values.",
    )
    n_values = np.maximum(np.asarray(members.sum(axis=1)).ravel(), 1)
    exist = found >= 0
    places = np.repeat(np.arange(len(rows)), exist.sum(axis=1)), found[exist]
    lists = csr_matrix((np.ones(exist.sum()), places), shape=(len(rows), members.shape[0]))
    counts = (members[rows].T @ lists @ diags(1 / n_values) @ members).toarray()
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=1, keepdims=True)
    return pd.DataFrame(shares, relevance.values, relevance.values)


def worst_queries(neighbours, labels, n=10, k=None, exclude=None):
    """List the queries with the fewest right neighbours.

    Parameters
    ----------
    neighbours, labels, exclude
        As in `zapsim.query_scores`.
    n : int
        At most so many, at least 1.
    k : int, optional

    Returns
    -------
    pandas.DataFrame
        Worst first, by precision, then by nDCG, then in the neighbours' order; indexed by key:
        ``label``, ``precision@k``, ``nDCG@k``, and ``found``, the neighbours' labels, most
        frequent first, e.g. ``"4 Flats, 1 Heels"``. With `exclude`, only the worst of those that
        share a value, such as one colourway of a product. Queries without a single right item in
        the catalogue are left out: no features could help them.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[9, 0], [9, 5], [9, 8], [0, 9]], index=["b1", "b2", "s1", "s2"])
    >>> neighbours = zapsim.top_k(features, k=1)
    >>> labels = ["boot", "boot", "shoe", "shoe"]
    >>> zapsim.worst_queries(neighbours, labels, n=2)["found"].to_dict()
    {'b2': '1 shoe', 's1': '1 boot'}
    """
    n = checked_whole("n", n)
    if k is not None:
        k = checked_whole("k", k)
    judged = judge(neighbours, labels, k, exclude)
    precision, ndcg = judged.scores.columns[[0, 3]]
    table = judged.scores[[precision, ndcg]].assign(
        row=judged.rows, group=judged.relevance.groups[judged.rows]
    )
    table = table[judged.relevant > 0].sort_values([precision, ndcg], kind="stable")
    table = table.drop_duplicates("group").head(n)
    cells = pd.Series(judged.relevance.cells, dtype=object)
    sought = int(precision.partition("@")[2])
    found = [_counted(cells, neighbours.indices[row, :sought]) for row in table["row"]]
    table.insert(0, "label", cells[table["row"]].to_numpy())
    return table.drop(columns=["row", "group"]).assign(found=found)


def _counted(cells, indices):
    """Say how often each label occurs, e.g. ``"4 Flats, 1 Heels"``."""
    names = [str(cell) if pd.notna(cell) else "no label" for cell in cells[indices[indices >= 0]]]
    return ", ".join(f"{count} {name}" for name, count in Counter(names).most_common())
