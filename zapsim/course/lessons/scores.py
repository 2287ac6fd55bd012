"""What cosine similarity is, and what a matrix of it shows.

In: vectors, a similarity matrix, labels. Out: matplotlib Figures.
"""

import matplotlib.pyplot as plt
import numpy as np

from zapsim.course.lessons.style import COLOURS, SLANTED, tidy
from zapsim.draw.lettering import named

__all__ = ["plot_arrows", "plot_heat_map"]


def plot_arrows(vectors, title=None):
    """Draw two-dimensional vectors as arrows from the origin (dict of name to (x, y))."""
    figure, axes = plt.subplots(figsize=(4.2, 3.6))
    for (name, (x, y)), colour in zip(vectors.items(), COLOURS, strict=False):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2.5}
        axes.annotate("", (x, y), (0, 0), arrowprops=arrow)
        place = {"xytext": (4, 4), "textcoords": "offset points"}
        axes.annotate(f"{name} ({x}, {y})", (x, y), color=colour, **place)
    reach = 1.25 * max(max(vector) for vector in vectors.values())
    axes.set(xlim=(0, reach), ylim=(0, reach), aspect="equal")
    axes.set(xlabel="feature 1", ylabel="feature 2", title=title)
    return tidy(figure, axes)


def plot_heat_map(matrix, labels, title=None):
    """Draw a similarity matrix (DataFrame) with its items ordered by label (Series by key).

    Items without a label are left out.
    """
    ordered = labels.loc[matrix.index].dropna().sort_values(kind="stable")
    counts = ordered.value_counts(sort=False).loc[ordered.unique()]
    ends = counts.cumsum().to_numpy()
    figure, axes = plt.subplots(figsize=(7.4, 6.4))
    low = np.quantile(matrix.to_numpy(), 0.01)
    ordered_matrix = matrix.loc[ordered.index, ordered.index]
    # Smoothed pixels would make the stored picture half as large again.
    image = axes.imshow(ordered_matrix, cmap="viridis", vmin=low, vmax=1, interpolation="nearest")
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=0.6)
        axes.axvline(end - 0.5, color="white", linewidth=0.6)
    middles = ends - counts.to_numpy() / 2
    names = [named(name, 40) for name in counts.index]
    words = {"fontsize": 8.5, "parse_math": False}
    axes.set_yticks(middles, names, **words)
    axes.set_xticks(middles, names, **words, **SLANTED)
    axes.set_title(title)
    figure.colorbar(image, label="cosine similarity", shrink=0.8)
    return tidy(figure)
