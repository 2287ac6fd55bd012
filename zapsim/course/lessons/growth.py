"""What a catalogue costs that outgrows one machine: measured here, carried on, and planned.

In: features, or assumptions (dict). Out: tables (DataFrame), and figures. The edge rule: what was
not measured is marked as carried on, and every price is an assumption that the reader can change.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from zapsim.course.lessons.style import COLOURS, tidy

__all__ = ["ASSUMPTIONS", "measure_search", "plan", "plot_growth", "plot_knob"]

_REPEATS = 5
# What a plan is made of.
ASSUMPTIONS = (
    *("pictures_per_second_and_core", "cores_per_machine", "hours_at_most"),
    *("dollars_per_machine_hour", "hours_to_set_up_a_machine"),
    *("requests_per_picture", "dollars_per_million_requests"),
    *("kilobytes_per_picture", "n_features", "bytes_per_number", "index_features"),
    *("index_bytes_per_number", "index_bytes_per_item", "indexed_per_second"),
    *("build_bytes_per_item", "dollars_per_indexing_hour"),
    *("dollars_per_gigabyte_month", "search_bytes_per_item", "search_processes"),
    "dollars_per_gigabyte_of_memory_month",
)


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

    `items` is a number, or several. `assumed` (dict) has exactly the names of `ASSUMPTIONS`.
    """
    unknown, missing = ({*assumed} - {*ASSUMPTIONS}, {*ASSUMPTIONS} - {*assumed})
    if unknown or missing:
        raise ValueError(
            f"Assumptions are missing: {', '.join(sorted(missing)) or 'none'}; unknown: "
            f"{', '.join(sorted(unknown)) or 'none'}."
        )
    return pd.DataFrame({f"{n / 1e6:g} million": _planned(n, assumed) for n in np.ravel(items)})


def _planned(n, assumed):
    rate = assumed["pictures_per_second_and_core"] * assumed["cores_per_machine"]
    machines = np.ceil(n / rate / 3600 / assumed["hours_at_most"])
    hours, index_hours = n / rate / machines / 3600, n / assumed["indexed_per_second"] / 3600
    store = n * assumed["n_features"] * assumed["bytes_per_number"] / 1e9
    numbers = assumed["index_features"] * assumed["index_bytes_per_number"]
    index = n * (numbers + assumed["index_bytes_per_item"]) / 1e9
    memory = n * assumed["search_bytes_per_item"] * assumed["search_processes"] / 1e9
    set_up = assumed["hours_to_set_up_a_machine"]
    rented = assumed["dollars_per_machine_hour"] * (set_up + hours) * machines
    rented += assumed["dollars_per_indexing_hour"] * index_hours
    requests = n * assumed["requests_per_picture"] / 1e6
    return {
        "machines for extraction": machines,
        "hours of extraction": hours,
        "hours of indexing, one machine": index_hours,
        "hours in all, with setting up": set_up + hours + index_hours,
        "pictures to read, GB": n * assumed["kilobytes_per_picture"] / 1e6,
        "features to keep, GB": store,
        "index to keep, GB": index,
        "memory for indexing, GB": n * assumed["build_bytes_per_item"] / 1e9,
        "memory for search, GB": memory,
        "dollars, once: machines": rented,
        "dollars, once: requests": requests * assumed["dollars_per_million_requests"],
        "dollars a month: storage": (store + index) * assumed["dollars_per_gigabyte_month"],
        "dollars a month: search": memory * assumed["dollars_per_gigabyte_of_memory_month"],
    }
