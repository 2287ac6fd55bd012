"""Judge recommendations by what is known about the items, and say how sure the result is.

In: neighbours as `zapsim.top_k` finds them, or features, and labels, a catalogue column. Out:
tables of metrics in [0, 1], higher is better, with bootstrap intervals. What a right neighbour is,
the metrics and the edge rules are defined in `zapsim.judge.metrics`, the intervals in
`zapsim.judge.bootstrap`.
"""

import numpy as np
import pandas as pd

from zapsim.checks import (
    by_key,
    check_choice,
    check_dict,
    check_features,
    check_list,
    check_neighbours,
    checked_whole,
    groups_of,
)
from zapsim.io.saved import Neighbours
from zapsim.judge.bootstrap import class_means, interval, resampled_means
from zapsim.judge.metrics import METRICS, asked, checked_ks, judge
from zapsim.judge.relevance import Relevance
from zapsim.keys import quoted, respelt, same_keys
from zapsim.similarity import top_k

__all__ = [
    "evaluate",
    "paired_difference",
    "per_class",
    "precision_at_k",
    "query_scores",
    "scorecard",
]

_BOUNDS = ["value", "low", "high"]
_DIFFERENCE = ["difference", "low", "high"]
_BOOTSTRAP = ("n_resamples", "confidence", "seed", "clusters")


def precision_at_k(neighbours, labels):
    """Return the mean share of an item's k neighbours that carry the item's own label.

    Parameters
    ----------
    neighbours : Neighbours
        What `zapsim.top_k` returns; its number of columns is the k.
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
        Such as a column of the catalogue's table. Without keys, in the order of
        ``neighbours.keys``. Of several values in a cell, joined by ``;``, one in common is enough.

    Returns
    -------
    float
        Items without a label, or without neighbours, are left out as queries; a neighbour that
        is missing or has no label counts as wrong. Errors as in `query_scores`.

    References
    ----------
    Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, section 8.4.

    Examples
    --------
    Two boots and two shoes; the second boot's nearest is a shoe, and that shoe's is this boot.

    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[9, 0], [9, 5], [9, 8], [0, 9]], index=["b1", "b2", "s1", "s2"])
    >>> zapsim.precision_at_k(zapsim.top_k(features, k=1), ["boot", "boot", "shoe", "shoe"])
    0.5
    """
    check_neighbours(neighbours)
    relevance = Relevance(labels, neighbours.keys)
    right = relevance.right(neighbours.indices)
    return float(right[asked(neighbours, relevance)].mean())


def query_scores(neighbours, labels, k=None, exclude=None):
    """Judge every query on its own.

    Parameters
    ----------
    neighbours : Neighbours
        What `zapsim.top_k` returns.
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
        What right means, such as ``catalogue.table["SubCategory"]``.
    k : int or list of int, optional
        How many neighbours are judged, at least 1; by default all that were sought.
    exclude : array-like of shape (n_items,), or pandas.Series indexed by key, optional
        The same as was given to `top_k`, such as ``catalogue.table["Product"]``: items with the
        same value are then not among those to be found either.

    Returns
    -------
    pandas.DataFrame of shape (n_queries, 4 × number of k + 1)
        Indexed by key, in the neighbours' order: ``precision@k``, ``recall@k``, ``AP@k``,
        ``nDCG@k``, float64, and ``relevant``, the number of items that are right for the query.

    Raises
    ------
    ValueError
        If a k is less than 1, or more than were sought; if there is not one label for each item;
        if no item has both a label and a neighbour; if an item is among its own neighbours, or
        another comes twice there; or if neighbours share their query's value in `exclude`.
    TypeError
        If labels are no values of items, such as the name of a column.

    Examples
    --------
    The second boot's nearest is a shoe, and that shoe's is this boot.

    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[9, 0], [9, 5], [9, 8], [0, 9]], index=["b1", "b2", "s1", "s2"])
    >>> neighbours = zapsim.top_k(features, k=1)
    >>> labels = ["boot", "boot", "shoe", "shoe"]
    >>> zapsim.query_scores(neighbours, labels)["precision@1"].to_dict()
    {'b1': 1.0, 'b2': 0.0, 's1': 0.0, 's2': 1.0}
    """
    judged = judge(neighbours, labels, k, exclude)
    return judged.scores.assign(relevant=judged.relevant)


def evaluate(neighbours, labels, k=None, exclude=None, average="queries", **bootstrap):
    """Judge neighbours by four metrics, with confidence intervals.

    Parameters
    ----------
    neighbours, labels, k, exclude
        As in `query_scores`.
    average : {"queries", "classes"}
        The mean over all queries, or the mean over classes of their means (*macro*), in which a
        small class counts as much as a large one. A query of several values is in each class.
    **bootstrap
        ``n_resamples=1000``, at most 100,000, ``confidence=0.95``, ``seed=0`` and ``clusters``, a
        value for each item, equal for those that are resampled together; by default `exclude`, and
        without that each item is on its own.

    Returns
    -------
    pandas.DataFrame
        One row a metric: ``value``, ``low`` and ``high``, the percentile interval, and ``best``,
        what perfect neighbours would reach: less than 1 where a class has fewer than k others,
        and, for recall, where it has more.

    Examples
    --------
    >>> import zapsim
    >>> table = zapsim.load_catalogue().table
    >>> neighbours = zapsim.top_k(zapsim.load_features(), 5, exclude=table["Product"])
    >>> judged = zapsim.evaluate(neighbours, table["SubCategory"], exclude=table["Product"])
    >>> judged.loc["precision@5"].round(2).to_dict()
    {'value': 0.88, 'low': 0.85, 'high': 0.9, 'best': 1.0}
    """
    _check_bootstrap(bootstrap)
    check_choice("average", average, ("queries", "classes"))
    judged = judge(neighbours, labels, k, exclude)
    members = _members(judged)[0] if average == "classes" else None
    table = _means(judged, members, **bootstrap)
    return table.assign(best=class_means(judged.best.to_numpy(), members).mean(axis=0))


def per_class(neighbours, labels, k=None, exclude=None, metric="precision", **bootstrap):
    """Judge each class on its own.

    Parameters
    ----------
    neighbours, labels, exclude
        As in `query_scores`.
    k : int, optional
    metric : {"precision", "recall", "AP", "nDCG"}
    **bootstrap
        As in `evaluate`.

    Returns
    -------
    pandas.DataFrame
        One row a value of the column that has queries, worst first, ties in alphabetical order:
        ``n_queries``; ``value``, ``low``, ``high`` and ``best`` as in `evaluate`. The columns are
        named for the metric, such as ``precision@5``. An interval without width says that there
        was nothing to resample: a single product, or queries that all scored the same.

    Examples
    --------
    >>> import pandas as pd, zapsim
    >>> features = pd.DataFrame([[9, 0], [9, 5], [1, 9], [0, 9]], index=["b1", "b2", "s1", "s2"])
    >>> neighbours = zapsim.top_k(features, k=1)
    >>> labels = ["boot", "boot", "shoe", "shoe"]
    >>> zapsim.per_class(neighbours, labels)["value"].to_dict()
    {'boot': 1.0, 'shoe': 1.0}
    """
    _check_bootstrap(bootstrap)
    check_choice("metric", metric, METRICS)
    if k is not None:
        k = checked_whole("k", k)
    judged = judge(neighbours, labels, k, exclude)
    members, classes = _members(judged)
    metric = METRICS.index(metric)
    bounds = _bounds(judged.scores.iloc[:, [metric]], judged, members, average=False, **bootstrap)
    table = pd.DataFrame(np.column_stack(bounds), classes, _BOUNDS)
    table.columns.name = _mean_names(judged.scores)[metric]
    table.insert(0, "n_queries", np.asarray(members.sum(axis=0)).ravel().astype(int))
    table["best"] = class_means(judged.best.to_numpy(), members)[:, metric]
    return table.sort_values("value", kind="stable")


def paired_difference(neighbours, others, labels, k=None, exclude=None, **bootstrap):
    """Measure by how much one kind of neighbours is better than another, query by query.

    Both answer the same queries, and the differences are resampled. That shows more than two
    intervals side by side, because a hard query is hard for both.

    Parameters
    ----------
    neighbours, others : Neighbours
        Of the same items. Where their order differs, labels and exclude must be Series by key.
    labels, k, exclude
        As in `query_scores`.
    **bootstrap
        As in `evaluate`.

    Returns
    -------
    pandas.DataFrame
        One row a metric: ``first`` and ``second``, the two means, ``difference``, the first minus
        the second, in [-1, 1], and its interval, ``low`` and ``high``. If the interval contains 0,
        these queries do not show which is better.

    Raises
    ------
    ValueError, TypeError
        As in `query_scores`; if the two are of different items or were not asked the same queries,
        or k is not given where different numbers of neighbours were sought.

    Examples
    --------
    In the first features each item's nearest is of its own kind, in the others half of them are.

    >>> import pandas as pd, zapsim
    >>> keys = ["b1", "b2", "s1", "s2"]
    >>> first = pd.DataFrame([[9, 0], [9, 1], [1, 9], [0, 9]], index=keys)
    >>> second = pd.DataFrame([[9, 0], [9, 5], [9, 8], [0, 9]], index=keys)
    >>> both = [zapsim.top_k(features, k=1) for features in (first, second)]
    >>> judged = zapsim.paired_difference(*both, ["boot", "boot", "shoe", "shoe"])
    >>> judged.loc["precision@1", ["first", "second", "difference"]].to_dict()
    {'first': 1.0, 'second': 0.5, 'difference': 0.5}
    """
    _check_bootstrap(bootstrap)
    check_neighbours(neighbours)
    check_neighbours(others, "others")
    _check_comparable([neighbours, others], k, labels, exclude, bootstrap.get("clusters"))
    return _differences(*(judge(n, labels, k, exclude) for n in (neighbours, others)), **bootstrap)


def scorecard(features, labels, k=5, exclude=None, against=None, metrics=METRICS, **bootstrap):
    """Judge several kinds of features side by side.

    Parameters
    ----------
    features : dict of str to pandas.DataFrame (n_items, n_features), or to Neighbours
        Such as ``{"VGG16": features, **baseline_features(catalogue)}``, all of the same items;
        compared by `top_k`.
    labels, exclude
        As in `query_scores`.
    k : int or list of int
        As in `query_scores`; None only where all are Neighbours, of which k is known.
    against : str, optional
        One of the names: how much better or worse each is than that one is shown, too.
    metrics : list of {"precision", "recall", "AP", "nDCG"}, or one of them
        Which of them are shown, and in which order.
    **bootstrap
        As in `evaluate`.

    Returns
    -------
    pandas.DataFrame
        One row a kind, in the order given. Columns of two levels: a metric such as
        ``precision@5``, and under it ``value``, ``low`` and ``high``; with `against`, the same
        under ``precision@5 - NAME``, as `paired_difference` has it, for the first metric and k.

    Raises
    ------
    KeyError
        If `against` is none of the names.
    ValueError, TypeError
        As in `query_scores` and `paired_difference`.

    Examples
    --------
    >>> import zapsim
    >>> table = zapsim.load_catalogue().table
    >>> features = zapsim.load_features()
    >>> kinds = {"all 2,048": features, "the first 20": features.iloc[:, :20]}
    >>> card = zapsim.scorecard(kinds, table["SubCategory"], exclude=table["Product"])
    >>> card["precision@5"].round(2)
                  value   low  high
    all 2,048      0.88  0.85  0.90
    the first 20   0.50  0.46  0.54
    """
    _check_bootstrap(bootstrap)
    check_dict("features", features, "{'VGG16': features}")
    check_list("features", list(features), "{'VGG16': features}")
    if against is not None:
        check_choice("against", against, features, KeyError)
    metrics = [metrics] if isinstance(metrics, str) else metrics
    check_list("metrics", metrics, METRICS)
    for metric in metrics:
        check_choice("metrics", metric, METRICS)
    unsought = [name for name, each in features.items() if not isinstance(each, Neighbours)]
    for name in unsought:
        check_features(features[name], f"features[{name!r}]")
    if k is None and unsought:
        raise ValueError(
            "Neighbours of features are sought by k. "
            f"Received: k=None for the features {', '.join(map(repr, unsought))}. Give k=5."
        )
    largest = None if k is None else max(checked_ks(k))
    found = {
        name: top_k(each, largest, exclude) if name in unsought else each
        for name, each in features.items()
    }
    _check_comparable(list(found.values()), k, labels, exclude, bootstrap.get("clusters"))
    judged = {name: judge(neighbours, labels, k, exclude) for name, neighbours in found.items()}
    rows = {}
    for name, each in judged.items():
        table = _means(each, **bootstrap)
        starts = [f"{'m' if metric == 'AP' else ''}{metric}@" for metric in metrics]
        shown = [row for start in starts for row in table.index if row.startswith(start)]
        table = table.loc[shown]
        if against is not None:
            both = _differences(each, judged[against], **bootstrap)
            table.loc[f"{shown[0]} - {against}"] = both.loc[shown[0], _DIFFERENCE].to_numpy()
        rows[name] = table.stack()
    return pd.DataFrame(rows).T[rows[name].index]


def _means(judged, members=None, **bootstrap):
    """Return the means of what was judged with their bounds, a row for each metric."""
    bounds = _bounds(judged.scores, judged, members, **bootstrap)
    return pd.DataFrame(bounds, _BOUNDS, _mean_names(judged.scores)).T


def _differences(first, second, **bootstrap):
    """Return what `paired_difference` does, of what was judged."""
    one, other = first.scores, second.scores
    other = other.set_axis(respelt(other.index, one.index))
    if set(one.index) != set(other.index):
        raise ValueError(
            f"Both must be asked the same queries. Received: {len(one):,} and {len(other):,} "
            f"queries, of which {one.index.isin(other.index).sum():,} are the same."
        )
    bounds = _bounds(one - other.loc[one.index], first, **bootstrap)
    rows = np.array([one.mean(), other.mean(), *bounds])
    return pd.DataFrame(rows.T, _mean_names(one), ["first", "second", *_DIFFERENCE])


def _bounds(
    scores, judged, members=None, average=True, clusters=None,
    n_resamples=1000, confidence=0.95, seed=0,
):  # fmt: skip
    """Return the means of scores with their lower and upper bounds.

    Each is of shape (n_metrics,) if averaged over the classes, else (n_classes, n_metrics).
    """
    relevance, values, groups = judged.relevance, scores.to_numpy(), judged.relevance.groups
    if clusters is not None:
        groups = groups_of(clusters, relevance.keys, "clusters")
    means = class_means(values, members)
    resampled = resampled_means(values, groups[judged.rows], members, n_resamples, seed)
    if average:
        # A small class may be missing from a resample; the mean is over those that are there.
        means, resampled = means.mean(axis=0), np.nanmean(resampled, axis=1)
    return means, *interval(resampled, confidence)


def _check_bootstrap(options):
    for option in options:
        check_choice("An option", option, _BOOTSTRAP, TypeError)


def _check_comparable(found, k, labels, exclude, clusters):
    """Raise ValueError if k is open though different numbers of neighbours were sought.

    And if they are of different items, or of the same in different orders, and values don't say
    whose they are.
    """
    sought = sorted({neighbours.indices.shape[1] for neighbours in found})
    if k is None and len(sought) > 1:
        raise ValueError(
            "All must be judged by the same k. "
            f"Received: k=None for {' and '.join(map(str, sought))} neighbours. Give k={sought[0]}."
        )
    first = found[0].keys
    if all(same_keys(first, neighbours.keys) for neighbours in found):
        return
    for other in (respelt(neighbours.keys, first) for neighbours in found):
        if len(different := first.symmetric_difference(other)):
            raise ValueError(
                "All must be of the same items: among fewer, the right ones are found more easily. "
                f"Received: {len(first):,} and {len(other):,} items, of which {len(different):,}, "
                f"such as {quoted(different[0])}, are not in both. Take what both have before "
                "neighbours are sought: features.loc[features.index.isin(others.index)]."
            )
    for name, values in {"labels": labels, "exclude": exclude, "clusters": clusters}.items():
        if values is not None and not by_key(values, first):
            raise ValueError(
                f"The items are not in the same order everywhere, so {name} must say whose they "
                "are: take a Series indexed by key, such as catalogue.table['Category']. "
                f"Received: {type(values).__name__}"
            )


def _members(judged):
    """Return which query has which value (n_queries, n_classes), and the values."""
    members = judged.relevance.members[judged.rows]
    has_queries = np.asarray(members.sum(axis=0)).ravel() > 0
    return members[:, has_queries], judged.relevance.values[has_queries]


def _mean_names(scores):
    """Return the names of metrics' means: the mean of AP is called mAP."""
    return [name.replace("AP@", "mAP@") for name in scores]
