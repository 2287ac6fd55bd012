"""Draw what the other modules of this room measure.

In: their tables. Out: matplotlib Figures, which appear once as the last line of a cell. The edge
rule: what is missing (NaN) is not drawn.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from zapsim.checks import (
    check_catalogue,
    check_choice,
    check_list,
    check_neighbours,
    check_table,
    checked_number,
    checked_whole,
)
from zapsim.draw.lettering import named
from zapsim.draw.plots import QUERY_COLOUR, plot_pictures
from zapsim.judge.relevance import Relevance
from zapsim.keys import known_key

__all__ = ["plot_cases", "plot_confusion", "plot_scorecard"]

_GREY = "#767676"
_DIFFERENCE = "first - second"
# More could not be read, and their figures take minutes and gigabytes.
_MOST_ROWS, _MOST_CLASSES = 100, 60


def plot_scorecard(card, metric=None):
    """Draw one metric with its intervals, a row for each kind of features, or each class.

    Parameters
    ----------
    card : pandas.DataFrame
        As `zapsim.scorecard`, `lab_report`, `per_class`, `evaluate` or `paired_difference` returns.
    metric : str, optional
        Of a scorecard, such as ``"precision@5"`` or a difference; by default its first.

    Returns
    -------
    matplotlib.figure.Figure
        In the card's order, from the top; a grey line marks 0 where differences are shown. What
        `lab_report` says of an item is written at the right. Of more than 100 rows the first 100
        are drawn, and the title says so.

    Raises
    ------
    KeyError
        If the card has no such metric.
    TypeError, ValueError
        If the card is none of these tables.
    """
    shown, metric = _of_metric(card, metric)
    n_given, shown, card = len(shown), shown.head(_MOST_ROWS), card.head(_MOST_ROWS)
    value, low, high = (shown[name].to_numpy(float) for name in ("value", "low", "high"))
    figure, axes = plt.subplots(figsize=(8, 0.3 * len(shown) + 1), layout="constrained")
    rows = np.arange(len(shown))
    ends = np.maximum([value - low, high - value], 0)
    axes.errorbar(value, rows, xerr=ends, fmt="o", color=QUERY_COLOUR, capsize=3)
    axes.set_yticks(rows, [named(name) for name in shown.index], parse_math=False)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel(named(metric), parse_math=False)
    if len(shown) < n_given:
        axes.set_title(f"the first {len(shown)} of {n_given:,}", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if " - " in str(metric):
        axes.axvline(0, color=_GREY, linewidth=1)
    if isinstance(card.columns, pd.MultiIndex) and "an item" in card.columns.get_level_values(0):
        for row, item in zip(rows, card["an item"].itertuples(), strict=True):
            cost = item.million_multiply_adds
            spent = "" if np.isnan(cost) else f", {cost / 1000:.1f} billion multiply-adds"
            axes.text(
                1.01, row, f"{item.n_features:,} numbers{spent}", fontsize=8, color=_GREY,
                va="center", transform=axes.get_yaxis_transform(),
            )  # fmt: skip
    # An open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return figure


def plot_confusion(shares, least=0.05, n=40):
    """Draw which class is taken for which.

    Parameters
    ----------
    shares : pandas.DataFrame of shape (n_classes, n_classes)
        As `zapsim.confusion` returns.
    least : float
        Shares from this on are written into their cells, in per cent.
    n : int
        At most so many classes are drawn, and never more than 60: of more, those with the fewest
        neighbours of their own.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each class of queries, a column for each class of neighbours, in the table's
        order. The title says where classes were left out.
    """
    check_table("shares", shares, [], "zapsim.confusion")
    if not len(shares) or shares.shape[0] != shares.shape[1]:
        raise ValueError(
            "shares must have a row and a column for each class, as zapsim.confusion returns. "
            f"Received: shape {shares.shape}"
        )
    checked_number("least", least, 0)
    n = min(checked_whole("n", n), _MOST_CLASSES)
    n_given = len(shares)
    if n_given > n:
        # Stable, and classes without neighbours (NaN) last.
        worst = np.sort(np.argsort(np.diag(shares), kind="stable")[:n])
        shares = shares.iloc[worst, worst]
    n_classes, names = len(shares), [named(name, 40) for name in shares.columns]
    # Long names take their room beside the cells, not from them.
    side = 0.42 * n_classes + 2.4 + 0.09 * max(0, max(map(len, names)) - 28)
    figure, axes = plt.subplots(figsize=(side, side - 0.3), layout="constrained")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(shares.to_numpy() >= least):
        share = shares.iat[row, column]
        axes.text(
            column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8,
            color="white" if share > 0.55 else "black",
        )  # fmt: skip
    places = np.arange(n_classes)
    words = {"fontsize": 9, "parse_math": False}
    axes.set_yticks(places, names, **words)
    axes.set_xticks(places, names, rotation=55, ha="right", rotation_mode="anchor", **words)
    axes.set(ylabel="the query is of", xlabel="its neighbours are of")
    if n_classes < n_given:
        axes.set_title(f"the {n_classes} most mistaken of {n_given:,} classes", fontsize=10)
    axes.set_xticks(places[:-1] + 0.5, minor=True)
    axes.set_yticks(places[:-1] + 0.5, minor=True)
    axes.grid(which="minor", color="#E4E4E4", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, label="share of the neighbours")
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    bar.outline.set_visible(False)
    plt.close(figure)
    return figure


def plot_cases(catalogue, neighbours, labels, keys, k=5):
    """Draw queries with their neighbours, a row each, and say which are right.

    Parameters
    ----------
    catalogue : Catalogue
    neighbours : Neighbours
        What `zapsim.top_k` returns.
    labels : array-like of shape (n_items,), or pandas.Series indexed by key
        What right means; see ``zapsim.judge.metrics``.
    keys : list of str
        The queries, such as the index of what `zapsim.worst_queries` returns.
    k : int
        Neighbours in a row, at least 1; fewer where fewer were sought.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    KeyError
        If there is no such key.
    TypeError, ValueError
        As in `zapsim.query_scores`; if keys are a single string, or none.
    """
    check_catalogue(catalogue)
    check_neighbours(neighbours)
    check_list("keys", keys, "worst.index")
    k = checked_whole("k", k)
    relevance = Relevance(labels, neighbours.keys)
    found = neighbours.indices[:, :k]
    right = relevance.right(found)
    tiles = []
    for key in keys:
        row = neighbours.keys.get_loc(known_key(key, neighbours.keys))
        tiles.append((catalogue.picture_or_none(key), f"QUERY\n{relevance.cells[row]}"))
        for item, is_right in zip(found[row], right[row], strict=True):
            picture = catalogue.picture_or_none(neighbours.keys[item]) if item >= 0 else None
            cell = relevance.cells[item] if item >= 0 else "none"
            tiles.append((picture, f"{'✓ right' if is_right else '✗ wrong'}\n{cell}"))
    return plot_pictures(tiles, columns=found.shape[1] + 1)


def _of_metric(card, metric):
    """Return value, low and high of one metric, and its name."""
    source = "scorecard, lab_report, per_class, evaluate or paired_difference"
    check_table("card", card, [], source)
    if not isinstance(card.columns, pd.MultiIndex):
        if "difference" in card:
            card = card.rename(columns={"difference": "value"}).rename_axis(columns=_DIFFERENCE)
        check_table("card", card, ["value", "low", "high"], source)
        if metric is not None:
            check_choice("metric", metric, [card.columns.name], KeyError)
        return card, card.columns.name or ""
    metrics = [name for name in card.columns.unique(0) if name != "an item"]
    metric = metrics[0] if metric is None else metric
    check_choice("metric", metric, metrics, KeyError)
    return card[metric], metric
