"""Draw pictures in rows, with titles. In: pictures and texts. Out: a matplotlib Figure.

Figures are returned, not shown: as the last line of a cell they appear once. Texts are data:
they are drawn as they are, never read as mathematics.
"""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Patch

from zapsim.checks import (
    check_catalogue,
    check_dict,
    check_k,
    check_key,
    check_table,
    check_type,
    received,
)
from zapsim.io.pictures import fit_square

__all__ = [
    "QUERY_COLOUR",
    "SHARED_COLOUR",
    "plot_comparison",
    "plot_explanation",
    "plot_mosaic",
    "plot_pictures",
]

_INCHES = 1.45
_LETTERS = 20
_LINE_INCHES = 0.135
QUERY_COLOUR = "#0072B2"
SHARED_COLOUR = "#D55E00"
# Light enough to lie behind pictures: Okabe and Ito's colours, which colour-blind people can
# tell apart, half-way to white.
_TINTS = ("#8fc9ef", "#f3cf80", "#80cfb9", "#e6bcd3", "#f8f2a1", "#eaae80", "#80b8d9", "#bbbbbb")
_CELL = 44


def plot_pictures(titled, columns=8, query=None, note=None):
    """Draw pictures with their titles below.

    Parameters
    ----------
    titled : list of (picture, title)
        RGB arrays, or None for one that could not be read; titles are wrapped.
    columns : int
        Pictures in a row, at least 1; more of them go into further rows.
    query : (picture, title), optional
        Framed, to the left of the first row.
    note : str, optional
        One line at the top.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If `titled` or `query` holds anything but a picture with its title.
    ValueError
        If columns is no whole number of at least 1.
    """
    check_k(columns, "columns")
    _check_titled(titled, query)
    columns = max(1, min(columns, len(titled)))
    n_rows = max(1, -(-len(titled) // columns))
    titled = [(picture, _wrapped(title)) for picture, title in titled]
    query = (query[0], _wrapped(query[1])) if query else None
    every = [*titled, query] if query else titled
    n_lines = 1 + max((title.count("\n") for _, title in every), default=0)
    text, above = _LINE_INCHES * n_lines + 0.12, 0.35 if note else 0.05
    ratios = ([1.15, 0.1] if query else []) + [1] * columns
    height = n_rows * (_INCHES + text) + above
    figure = plt.figure(figsize=(_INCHES * sum(ratios), height))
    grid = figure.add_gridspec(
        n_rows, len(ratios), width_ratios=ratios, wspace=0.08, hspace=text / _INCHES,
        left=0.01, right=0.99, top=1 - above / height, bottom=text / height,
    )  # fmt: skip
    if query:
        axes = figure.add_subplot(grid[0, 0])
        _draw(axes, *query)
        _frame(axes, QUERY_COLOUR)
    for position, (picture, title) in enumerate(titled):
        row, column = divmod(position, columns)
        _draw(figure.add_subplot(grid[row, column + (2 if query else 0)]), picture, title)
    if note:
        figure.suptitle(note, fontsize=10, x=0.01, y=0.99, ha="left", parse_math=False)
    # An open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return figure


def plot_comparison(catalogue, query, rows, k=5):
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
        If `catalogue` is no Catalogue, `query` no text, or `rows` no dict of predictors and tables.
    ValueError
        If there are no rows, a table lacks a column, or k is no whole number of at least 1.
    """
    check_catalogue(catalogue)
    check_key(query, "query")
    check_k(k)
    check_dict("rows", rows, "{'name': predictor}")
    if not rows:
        raise ValueError("There is nothing to compare. Give at least one row: {'name': predictor}.")
    found = {}
    for name, row in rows.items():
        asked = hasattr(row, "similar") and not isinstance(row, pd.DataFrame)
        table = row.similar(query, k) if asked else row
        check_table(
            f"Row {name!r}, if no predictor,",
            table,
            ("rank", "key", "score"),
            "SimilarityPredictor.similar",
        )
        found[name] = table.head(k)
    first, *others = (set(table["key"]) for table in found.values())
    shared = first.intersection(set().union(*others))
    n_columns = 1 + max(1, *(len(table) for table in found.values()))
    size = (_INCHES * n_columns, (_INCHES + 0.5) * len(found) + 0.3)
    figure, axes = plt.subplots(
        len(found), n_columns, figsize=size, squeeze=False, layout="constrained"
    )
    for place in axes.flat:
        place.set_axis_off()
    for row, (name, table) in zip(axes, found.items(), strict=True):
        _draw(row[0], catalogue.picture_or_none(query), _wrapped(str(name)), size=9)
        _frame(row[0], QUERY_COLOUR)
        pairs = zip(row[1:], table.itertuples(), strict=False)
        for place, item in pairs:
            tick = "✓ " if item.key in shared else ""
            title = f"{tick}#{item.rank}   {item.score:.3f}\n{catalogue.label(item.key)}"
            _draw(place, catalogue.picture_or_none(item.key), _wrapped(title))
            if item.key in shared:
                _frame(place, SHARED_COLOUR)
    if others:
        note = f"query: {catalogue.label(query)}   ·   ✓ framed: in the first row and another"
        figure.suptitle(note, fontsize=9, x=0.01, ha="left", parse_math=False)
    plt.close(figure)
    return figure


def plot_explanation(why):
    """Draw what each cell of two pictures adds to their score.

    Parameters
    ----------
    why : zapsim.explore.explanation.Explanation

    Returns
    -------
    matplotlib.figure.Figure
        The query, its cells, the neighbour's cells, the neighbour. Orange adds to the score,
        purple takes away from it; the pictures lie under the colours in grey.

    Raises
    ------
    TypeError
        If it is no Explanation.
    """
    if not hasattr(why, "contributions"):
        raise TypeError(
            f"why must be an Explanation, as zapsim.explain returns. Received: {received(why)}"
        )
    # In thousandths of the score; a little beyond the largest, so that it is not almost black.
    thousandths = [1000 * values for values in why.contributions]
    limit = 1.2 * max(np.abs(values).max() for values in thousandths) or 1.0
    colours = ScalarMappable(Normalize(-limit, limit), "PuOr_r")
    figure, axes = plt.subplots(1, 4, figsize=(9.4, 3.1), layout="constrained")
    for place, side, role in [(0, 0, "query"), (3, 1, "neighbour")]:
        _draw(axes[place], why.pictures[side], f"{role}\n{_wrapped(why.names[side])}")
    for place, side in [(1, 0), (2, 1)]:
        heat = _over_grey(colours, thousandths[side], why.pictures[side])
        # From the printed numbers, so that they add up for the reader.
        above = round(why.score, 3) - round(why.usual[side], 3)
        total = f"usual {why.usual[side]:.3f} + {above:.3f} here" if why.usual[side] else ""
        _draw(axes[place], heat, total or f"together {above:.3f}")
    bar = figure.colorbar(colours, ax=axes, shrink=0.75, aspect=14, pad=0.01)
    bar.set_label("added to the score, thousandths", fontsize=7.5)
    bar.ax.tick_params(labelsize=7)
    figure.suptitle(f"score {why.score:.3f}", fontsize=10, x=0.01, ha="left")
    plt.close(figure)
    return figure


def _over_grey(colours, values, picture):
    """Lay colours for each cell over a picture in light grey; RGB in [0, 1]."""
    rows = np.arange(len(picture)) * len(values) // len(picture)
    heat = colours.to_rgba(values[rows[:, None], rows[None]])[..., :3]
    # On a dark product no colour could be seen, so black becomes a middle grey.
    grey = 0.45 + 0.55 * picture.mean(axis=2, keepdims=True) / 255
    return heat * grey


def plot_mosaic(pictures, rows, columns, labels=None):
    """Draw small pictures in the cells of a grid, as one picture.

    Parameters
    ----------
    pictures : list of (ndarray or None)
        RGB; a cell whose picture could not be read stays grey.
    rows, columns : array-like of shape (n,), int
        Each picture's cell, from the top left, from 0; no two share one.
    labels : array-like of shape (n,) of str, optional
        The most frequent ones get a colour each, the others share grey.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no picture, not one row, column and label for each, or two share a cell.
    """
    rows, columns = np.asarray(rows), np.asarray(columns)
    _check_cells(pictures, rows, columns, labels)
    shape = (rows.max() + 1, columns.max() + 1)
    names, colours = _label_colours(labels, len(pictures))
    canvas = np.ones((shape[0] * _CELL, shape[1] * _CELL, 3))
    for picture, row, column, colour in zip(pictures, rows, columns, colours, strict=True):
        small = np.full((_CELL, _CELL, 3), 0.6) if picture is None else _small(picture)
        # White takes the label's colour, the product keeps its own.
        tile = np.s_[row * _CELL : (row + 1) * _CELL, column * _CELL : (column + 1) * _CELL]
        white = small.min(axis=2, keepdims=True) ** 4
        canvas[tile] = small * (1 - white) + small * np.asarray(colour) * white
    width = 10
    figure, axes = plt.subplots(figsize=(width, width * shape[0] / shape[1] + 0.35))
    axes.imshow(canvas, interpolation="antialiased")
    axes.set_axis_off()
    handles = [Patch(facecolor=colour, edgecolor="#555", label=name) for name, colour in names]
    if handles:
        legend = axes.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=8, frameon=False
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    figure.tight_layout(pad=0.3)
    plt.close(figure)
    return figure


def _check_titled(titled, query):
    """Raise TypeError unless all are pictures with titles."""
    wanted = "must be (picture, title): an RGB array or None, and a text."
    check_type(titled, (list, tuple), f"titled must be a list, each of which {wanted}")
    for pair in titled if query is None else [*titled, query]:
        match pair:
            case (picture, str()) if _is_picture(picture):
                continue
        raise TypeError(f"Each picture {wanted} Received: {received(pair)}")


def _check_cells(pictures, rows, columns, labels):
    """Raise ValueError unless each picture has a cell of its own, and a label if there are any."""
    shapes = [np.shape(values) for values in (rows, columns, rows if labels is None else labels)]
    if not len(pictures) or set(shapes) != {(len(pictures),)}:
        raise ValueError(
            "Each picture needs one row, one column and, if there are labels, one label. Received: "
            f"{len(pictures):,} pictures, and values of the shapes {', '.join(map(str, shapes))}"
        )
    cells = np.column_stack([rows, columns])
    if (
        cells.dtype.kind not in "iu"
        or cells.min() < 0
        or len(np.unique(cells, axis=0)) < len(cells)
    ):
        raise ValueError(
            "Rows and columns must be whole numbers from 0, and no two pictures may share a cell. "
            f"Received: {received(rows.tolist())} and {received(columns.tolist())}"
        )
    if not all(map(_is_picture, pictures)):
        kinds = sorted({type(picture).__name__ for picture in pictures})
        raise ValueError(f"Pictures must be RGB arrays or None. Received: {', '.join(kinds)}")


def _is_picture(picture):
    return picture is None or np.ndim(picture) in (2, 3)


def _small(picture):
    square = fit_square(picture, _CELL, "pad")
    return np.asarray(square) / 255


def _label_colours(labels, n):
    """Return (name, colour) for the legend, and each item's colour."""
    if labels is None:
        return [], np.ones((n, 3))
    labels = pd.Series(np.asarray(labels, object))
    names = labels.value_counts().index[: len(_TINTS)]
    chosen = dict(zip(names, map(to_rgb, _TINTS), strict=False))
    rest = to_rgb("#e4e4e4")
    legend = [(str(name), colour) for name, colour in chosen.items()]
    if not labels.isin(names).all():
        legend.append(("others", rest))
    return legend, [chosen.get(label, rest) for label in labels]


def _frame(axes, colour):
    for spine in axes.spines.values():
        spine.set(visible=True, edgecolor=colour, linewidth=2.5)


def _draw(axes, picture, title, size=7.5):
    axes.set_axis_on()
    if picture is None:
        axes.text(0.5, 0.5, "cannot be\nread", ha="center", va="center", fontsize=8, color="#555")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    else:
        axes.imshow(picture, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(title, fontsize=size, parse_math=False)


def _wrapped(title):
    lines = [fill(line, _LETTERS, max_lines=3, placeholder=" …") for line in title.split("\n")]
    return "\n".join(lines)
