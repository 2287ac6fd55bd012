"""How often labels occur, drawn.

In: labels. Out: a matplotlib Figure.
"""

import matplotlib.pyplot as plt

from zapsim.course.lessons.style import COLOURS, tidy
from zapsim.draw.lettering import named

__all__ = ["plot_counts"]

_MOST = 100


def plot_counts(labels, title, unit="pictures"):
    """Draw how often each label occurs, most frequent first (labels: Series of str).

    Of more than 100, the most frequent are drawn, and the title says so.
    """
    counts = labels.value_counts(ascending=True)
    if len(counts) > _MOST:
        title = f"{title} (… and {len(counts) - _MOST:,} more)"
        counts = counts.tail(_MOST)
    figure, axes = plt.subplots(figsize=(7, 0.26 * len(counts) + 0.8))
    rows = range(len(counts))
    bars = axes.barh(rows, counts, color=COLOURS[0])
    axes.set_yticks(rows, [named(name) for name in counts.index], parse_math=False)
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.set(title=title, xlabel=unit)
    return tidy(figure, axes)
