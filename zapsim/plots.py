"""Draw pictures in rows, with titles. In: pictures and texts. Out: a matplotlib Figure.

Figures are returned, not shown: as the last line of a cell they appear once. Texts are data:
they are drawn as they are, never read as mathematics.
"""

from textwrap import fill

import matplotlib.pyplot as plt

__all__ = ["plot_pictures"]

_INCHES = 1.45
_LETTERS = 20
_LINE_INCHES = 0.135
QUERY_COLOUR = "#0072B2"


def plot_pictures(titled, columns=8, query=None, note=None):
    """Draw pictures with their titles below.

    Parameters
    ----------
    titled : list of (picture, title)
        RGB arrays, or None for one that could not be read; titles are wrapped.
    columns : int
        Pictures in a row; more of them go into further rows.
    query : (picture, title), optional
        Stands apart, framed, to the left of the first row.
    note : str, optional
        One line over everything.

    Returns
    -------
    matplotlib.figure.Figure
    """
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
        for spine in axes.spines.values():
            spine.set(visible=True, edgecolor=QUERY_COLOUR, linewidth=2.5)
    for position, (picture, title) in enumerate(titled):
        row, column = divmod(position, columns)
        _draw(figure.add_subplot(grid[row, column + (2 if query else 0)]), picture, title)
    if note:
        figure.suptitle(note, fontsize=10, x=0.01, y=0.99, ha="left", parse_math=False)
    # An open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return figure


def _draw(axes, picture, title):
    if picture is None:
        axes.text(0.5, 0.5, "cannot be\nread", ha="center", va="center", fontsize=8, color="#555")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    else:
        axes.imshow(picture, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(title, fontsize=7.5, parse_math=False)


def _wrapped(title):
    lines = [fill(line, _LETTERS, max_lines=3, placeholder=" …") for line in title.split("\n")]
    return "\n".join(lines)
