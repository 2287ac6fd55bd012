"""Draw pictures in rows, with titles. In: pictures and texts. Out: a matplotlib Figure.

Figures are returned, not shown: as the last line of a cell they appear once. Texts are data:
they are drawn as they are, never read as mathematics, and cut as `lettering` says.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Patch

from zapsim.checks import (
    check_catalogue,
    check_dict,
    check_key,
    check_table,
    check_type,
    checked_whole,
    received,
)
from zapsim.draw.lettering import named, wrapped
from zapsim.io.squares import fit_square
from zapsim.keys import respelt

__all__ = [
    "QUERY_COLOUR",
    "SHARED_COLOUR",
    "finished",
    "plot_explanation",
    "plot_mosaic",
    "plot_pictures",
    "plot_side_by_side",
]

_INCHES = 1.45
# More take minutes, and a figure cannot have more than 65,536 pixels a side.
_MOST_ROWS = 50
_LINE_INCHES = 0.16
QUERY_COLOUR = "#0072B2"
SHARED_COLOUR = "#D55E00"
# Light enough to lie behind pictures: Okabe and Ito's colours, which colour-blind people can
# tell apart, half-way to white.
_TINTS = ("#8fc9ef", "#f3cf80", "#80cfb9", "#e6bcd3", "#f8f2a1", "#eaae80", "#80b8d9", "#bbbbbb")
_CELL = 44
# Letters of a name in a legend of nine, in one row.
_LEGEND = 24


def plot_pictures(titled, columns=6, query=None, note=None):
    """Draw pictures with their titles below.

    Parameters
    ----------
    titled : list of (picture, title)
        RGB arrays, or None for one that could not be read; titles are wrapped.
    columns : int
        Pictures in a row, at least 1; more of them go into further rows, at most 50.
    query : (picture, title), or list of those, optional
        Framed, to the left of the first row; further ones below.
    note : str, optional
        One line at the top.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `titled` or `query` holds anything but a picture with its title.
    """
    columns = checked_whole("columns", columns)
    wanted = "must be (picture, title): an RGB array or None, and a text."
    check_type(titled, (list, tuple), f"titled must be a list, each of which {wanted}")
    queries = query if isinstance(query, list) else [query] if query is not None else []
    every = [*titled, *queries]
    for pair in every:
        match pair:
            case (picture, str()) if picture is None or np.ndim(picture) in (2, 3):
                continue
        raise TypeError(f"Each picture {wanted} Received: {received(pair)}")
    columns = max(1, min(columns, len(titled)))
    titled, queries = titled[: _MOST_ROWS * columns], queries[:_MOST_ROWS]
    if n_left := len(every) - len(titled) - len(queries):
        note = "   ·   ".join(filter(None, [note, f"… and {n_left:,} more pictures"]))
    n_rows = max(1, -(-len(titled) // columns), len(queries))
    n_lines = 1 + max((wrapped(title).count("\n") for _, title in [*titled, *queries]), default=0)
    text, above = _LINE_INCHES * n_lines + 0.12, 0.35 if note else 0.05
    ratios = ([1.15, 0.1] if queries else []) + [1] * columns
    height = n_rows * (_INCHES + text) + above
    figure = plt.figure(figsize=(_INCHES * sum(ratios), height))
    grid = figure.add_gridspec(
        n_rows, len(ratios), width_ratios=ratios, wspace=0.08, hspace=text / _INCHES,
        left=0.01, right=0.99, top=1 - above / height, bottom=text / height,
    )  # fmt: skip
    for row, pair in enumerate(queries):
        _draw(figure.add_subplot(grid[row, 0]), *pair, frame=QUERY_COLOUR)
    for position, pair in enumerate(titled):
        row, column = divmod(position, columns)
        _draw(figure.add_subplot(grid[row, column + (2 if queries else 0)]), *pair)
    return finished(figure, note, y=0.99)


def plot_side_by_side(catalogue, query, rows, k=5):
    """Draw what several settings recommend for one query, a row each.

    Parameters
    ----------
    catalogue : Catalogue
    query : str
        A key.
    rows : dict of str to SimilarityPredictor or pandas.DataFrame
        By the setting's name: what is asked for neighbours, or what its ``similar`` returned.
    k : int
        Neighbours in a row, at least 1.

    Returns
    -------
    matplotlib.figure.Figure
        What the first row and another one have in common is framed and ticked in both.

    Raises
    ------
    KeyError
        If there is no such key.
    TypeError
        If `rows` is no dict of predictors and tables.
    ValueError
        If there are no rows, or a table lacks a column.
    """
    check_catalogue(catalogue)
    check_key(query, "query")
    k = checked_whole("k", k)
    check_dict("rows", rows, "{'name': predictor}")
    if not rows:
        raise ValueError("There is nothing to compare. Give at least one row: {'name': predictor}.")
    found = {}
    for name, row in rows.items():
        asked = hasattr(row, "similar") and not isinstance(row, pd.DataFrame)
        table = row.similar(query, k) if asked else row
        columns = ("rank", "key", "score")
        check_table(f"Row {name!r}, if no predictor,", table, columns, "similar")
        table = table.head(k)
        known = respelt(pd.Index(table["key"]), catalogue.keys)
        found[name] = table.assign(key=known)
    first, *others = (set(table["key"]) for table in found.values())
    shared = first.intersection(set().union(*others))
    n_columns = 1 + max(1, *(len(table) for table in found.values()))
    size = (_INCHES * n_columns, (_INCHES + 0.5) * len(found) + 0.3)
    figure, axes = plt.subplots(
        len(found), n_columns, figsize=size, squeeze=False, layout="constrained"
    )
    for place in axes.flat:
        place.set_axis_off()
    look, label = catalogue.picture_or_none, catalogue.caption
    for (left, *places), (name, table) in zip(axes, found.items(), strict=True):
        _draw(left, look(query), str(name), QUERY_COLOUR, size=10)
        for place, item in zip(places, table.itertuples(), strict=False):
            tick, frame = ("✓ ", SHARED_COLOUR) if item.key in shared else ("", None)
            title = f"{tick}#{item.rank}   {item.score:.3f}\n{label(item.key)}"
            _draw(place, look(item.key), title, frame)
    note = f"query: {named(label(query))}   ·   ✓ framed: in the first row and another"
    return finished(figure, note if others else None, fontsize=9)


def plot_explanation(why):
    """Draw what each cell of two pictures adds to their score (why: an `Explanation`).

    From the left: the query, its cells, the neighbour's cells, the neighbour. Orange adds to the
    score, purple takes away from it; the pictures lie under the colours in grey.
    """
    # In thousandths of the score; a little beyond the largest, so that it is not almost black.
    thousandths = [1000 * values for values in why.contributions]
    limit = 1.2 * max(np.abs(values).max() for values in thousandths) or 1.0
    colours = ScalarMappable(Normalize(-limit, limit), "PuOr_r")
    figure, axes = plt.subplots(1, 4, figsize=(9.4, 3.1), layout="constrained")
    for side, picture, cells, role in [(0, 0, 1, "query"), (1, 3, 2, "neighbour")]:
        _draw(axes[picture], why.pictures[side], f"{role}\n{why.names[side]}")
        # From the printed numbers, so that they add up for the reader.
        above = round(why.score, 3) - round(why.usual[side], 3)
        usual = f"usual {why.usual[side]:.3f}"
        total = f"{usual}\n+ {above:.3f} here" if why.usual[side] else f"together {above:.3f}"
        _draw(axes[cells], _over_grey(colours, thousandths[side], why.pictures[side]), total)
    bar = figure.colorbar(colours, ax=axes, shrink=0.75, aspect=14, pad=0.01)
    bar.set_label("added to the score, thousandths", fontsize=7.5)
    bar.ax.tick_params(labelsize=7)
    return finished(figure, f"score {why.score:.3f}")


def _over_grey(colours, values, picture):
    """Lay colours for each cell over a picture in light grey; RGB in [0, 1]."""
    rows = np.arange(len(picture)) * len(values) // len(picture)
    heat = colours.to_rgba(values[rows[:, None], rows[None]])[..., :3]
    # On a dark product no colour could be seen, so black becomes a middle grey.
    grey = 0.45 + 0.55 * picture.mean(axis=2, keepdims=True) / 255
    return heat * grey


def plot_mosaic(pictures, rows, columns, labels=None):
    """Draw small pictures in the cells of a grid, as one picture; returns the Figure.

    Parameters
    ----------
    pictures : list of (ndarray or None)
        RGB; a cell whose picture could not be read stays grey.
    rows, columns : pandas.Series of shape (n,), int
        Each picture's cell, from the top left, from 0; no two share one.
    labels : array-like of shape (n,) of str, optional
        The most frequent ones get a colour each, the others share grey.
    """
    shape = (max(rows) + 1, max(columns) + 1)
    names, colours = _label_colours(labels, len(pictures))
    canvas = np.ones((shape[0] * _CELL, shape[1] * _CELL, 3))
    for picture, row, column, colour in zip(pictures, rows, columns, colours, strict=True):
        small = np.full((_CELL, _CELL, 3), 0.6)
        if picture is not None:
            small = fit_square(picture, _CELL) / 255
        # White takes the label's colour, the product keeps its own.
        tile = np.s_[row * _CELL : (row + 1) * _CELL, column * _CELL : (column + 1) * _CELL]
        white = small.min(axis=2, keepdims=True) ** 4
        canvas[tile] = small * (1 - white) + small * np.asarray(colour) * white
    width = 10
    figure, axes = plt.subplots(figsize=(width, width * shape[0] / shape[1] + 0.35))
    axes.imshow(canvas, interpolation="antialiased")
    axes.set_axis_off()
    if names:
        handles = [Patch(facecolor=colour, edgecolor="#555", label=name) for name, colour in names]
        where = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 8}
        for text in axes.legend(handles=handles, frameon=False, **where).get_texts():
            text.set_parse_math(False)
    figure.tight_layout(pad=0.3)
    return finished(figure)


def _label_colours(labels, n):
    """Return (name, colour) for the legend, and each item's colour."""
    if labels is None:
        return [], np.ones((n, 3))
    labels = pd.Series(np.asarray(labels, object))
    names = labels.value_counts().index[: len(_TINTS)]
    chosen = dict(zip(names, map(to_rgb, _TINTS), strict=False))
    rest = to_rgb("#e4e4e4")
    legend = [(named(name, _LEGEND), colour) for name, colour in chosen.items()]
    if not labels.isin(names).all():
        legend.append(("others", rest))
    return legend, [chosen.get(label, rest) for label in labels]


def finished(figure, note=None, fontsize=10, **place):
    """Return a figure, with a line at its top, closed: open, it would be shown a second time."""
    if note:
        figure.suptitle(note, fontsize=fontsize, x=0.01, ha="left", parse_math=False, **place)
    plt.close(figure)
    return figure


def _draw(axes, picture, title, frame=None, size=9):
    """Draw a picture with its title below, wrapped, and a frame of a colour around it."""
    axes.set_axis_on()
    if picture is None:
        axes.text(0.5, 0.5, "cannot be\nread", ha="center", va="center", fontsize=8, color="#555")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    else:
        axes.imshow(picture, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=bool(frame), edgecolor=frame, linewidth=2.5)
    axes.set_xlabel(wrapped(title), fontsize=size, parse_math=False)
