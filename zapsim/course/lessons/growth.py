"""What a catalogue costs that outgrows one machine: measured here, carried on, and planned.

In: features, or assumptions (dict). Out: tables (DataFrame), and figures. The edge rule: what was
not measured is marked as carried on, and every price is an assumption that the reader can change.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from zapsim.course.lessons.style import COLOURS, tidy

__all__ = ["measure_search", "plan", "plot_growth", "plot_knob"]

_REPEATS = 5


def measure_search(unit, sizes, repeats=_REPEATS):
    """Time one exact query against so many vectors; DataFrame: items, seconds, gigabytes."""
    rows = []
    for n in sizes:
        vectors = np.resize(unit, (n, unit.shape[1]))
        times = []
        for _ in range(repeats):
            # The fastest: whatever else the machine does only adds.
            start = time.perf_counter()
            np.argpartition(-(vectors @ vectors[0]), 5)
            times.append(time.perf_counter() - start)
        rows.append((n, min(times), vectors.nbytes / 1e9))
    return pd.DataFrame(rows, columns=["items", "seconds", "gigabytes"])


def plot_growth(measured, until, memory):
    """Plot time and memory against items, measured and carried on; Figure.

    `until` is the largest number of items, `memory` what the machine has, in gigabytes.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    last = measured.iloc[-1]
    for axis, name, colour in zip(axes, ("seconds", "gigabytes"), COLOURS, strict=False):
        axis.plot(measured["items"], measured[name], "o-", color=colour, label="measured")
        ahead = np.array([last["items"], until])
        axis.plot(ahead, last[name] * ahead / last["items"], "--", color=colour, label="carried on")
        axis.set(xscale="log", yscale="log", xlabel="items", ylabel=name)
        axis.legend(frameon=False)
    axes[0].set_title("one exact query")
    axes[1].set_title("vectors in memory")
    axes[1].axhline(memory, color="black", linewidth=1)
    axes[1].text(measured["items"][0], memory * 1.2, f"memory of this machine: {memory:.0f} GB")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return tidy(figure)


def plot_knob(table, knob="groups read"):
    """Plot recall against the share of vectors that were compared, one dot a setting; Figure."""
    figure, axes = plt.subplots(figsize=(6, 3.4))
    axes.plot(table["compared"], table["recall"], "o-", color=COLOURS[0])
    for _, row in table.iterrows():
        axes.annotate(
            f"{row[knob]:.0f}",
            (row["compared"], row["recall"]),
            (5, -12),
            textcoords="offset points",
        )
    axes.set(xlabel="share of vectors compared", ylabel="recall@10", title=f"the knob: {knob}")
    return tidy(figure, axes)


def plan(items, assumed):
    """Say what a catalogue of so many items takes; DataFrame, a column for each number of items.

    `assumed` (dict) has: ``pictures_per_second_and_core``, ``cores_per_machine``, ``machines`` (a
    dict of items to their number), ``dollars_per_machine_hour``, ``kilobytes_per_picture``,
    ``n_features`` and ``bytes_per_number`` of the store, ``index_features`` (after PCA),
    ``index_bytes_per_item`` beyond 2 for each number, ``indexed_per_second``,
    ``dollars_per_gigabyte_month``, ``search_machine_dollars_per_month`` and
    ``search_machine_gigabytes``.
    """
    columns = {}
    for n in items:
        machines = assumed["machines"][n]
        rate = assumed["pictures_per_second_and_core"] * assumed["cores_per_machine"] * machines
        hours = n / rate / 3600
        index_hours = n / assumed["indexed_per_second"] / 3600
        store = n * assumed["n_features"] * assumed["bytes_per_number"] / 1e9
        index = n * (2 * assumed["index_features"] + assumed["index_bytes_per_item"]) / 1e9
        pictures = n * assumed["kilobytes_per_picture"] / 1e6
        searchers = max(1, np.ceil(index / assumed["search_machine_gigabytes"]))
        price = assumed["dollars_per_machine_hour"]
        kept = (pictures + store + index) * assumed["dollars_per_gigabyte_month"]
        columns[f"{n / 1e6:g} million"] = {
            "machines for extraction": machines,
            "hours of extraction": hours,
            "hours of indexing, one machine": index_hours,
            "pictures, GB": pictures,
            "features, GB": store,
            "index, GB": index,
            "machines for search": searchers,
            "dollars, once": price * (hours * machines + index_hours),
            "dollars a month, storage": kept,
            "dollars a month, search": searchers * assumed["search_machine_dollars_per_month"],
        }
    return pd.DataFrame(columns)
