"""How often labels occur, drawn.

In: labels. Out: a matplotlib Figure.
"""

import matplotlib.pyplot as plt

from zapsim.course.lessons.style import COLOURS, tidy

__all__ = ["plot_counts"]


def plot_counts(labels, title, unit="pictures"):
    """Draw how often each label occurs, most frequent first (labels: Series of str)."""
    counts = labels.value_counts(ascending=True)
    figure, axes = plt.subplots(figsize=(7, 0.26 * len(counts) + 0.8))
    bars = axes.barh(counts.index, counts, color=COLOURS[0])
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.set(title=title, xlabel=unit)
    return tidy(figure, axes)
