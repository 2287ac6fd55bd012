"""relevance.py: what blocks may not change, and what they must save."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from zapsim.catalogue import split_values
from zapsim.judge import relevance
from zapsim.judge.relevance import Relevance


def tagged(n_items, n_tags, most, seed=0):
    """Cells of 0 to `most` tags, and some without a label; nearly all differ."""
    rng = np.random.default_rng(seed)
    tags = np.array([f"t{i}" for i in range(n_tags)])
    sizes = rng.integers(0, most + 1, n_items)
    cells = [";".join(rng.choice(tags, size, replace=False)) for size in sizes]
    labels = np.where(rng.random(n_items) < 0.1, None, np.array(cells, object))
    keys = pd.Index([f"{i}.jpg" for i in range(n_items)])
    found = rng.integers(-1, n_items, (n_items, 7))
    return labels, keys, np.where(found == np.arange(n_items)[:, None], -1, found)


@pytest.mark.parametrize("n_groups", [None, 1, 5, 40])
@pytest.mark.parametrize("at_once", [1, 30, 10**6])
def test_gains_and_counts_are_those_of_all_pairs_in_blocks_of_any_size(
    monkeypatch, at_once, n_groups
):
    monkeypatch.setattr(relevance, "_AT_ONCE", at_once)
    labels, keys, found = tagged(60, 8, 5)
    groups = None if n_groups is None else np.random.default_rng(1).integers(0, n_groups, 60)
    sets = [set(split_values(cell)) for cell in labels]
    gains = np.array([[len(a & b) / max(len(a | b), 1) for b in sets] for a in sets])
    right = Relevance(labels, keys, groups)

    one_by_one = np.where(found < 0, 0, np.take_along_axis(gains, found, axis=1))
    np.testing.assert_array_equal(right.gains(found), one_by_one)

    levels, counts = right.to_be_found()
    np.testing.assert_array_equal(levels, np.unique(gains[gains > 0])[::-1])
    alike = np.eye(60, dtype=bool) if groups is None else groups[:, None] == groups
    by_level = [((gains == level) & ~alike).sum(axis=1) for level in levels]
    np.testing.assert_array_equal(counts, np.column_stack(by_level))
    assert counts.dtype == np.int64


def test_nothing_is_to_be_found_without_labels():
    right = Relevance([None, "", ";"], pd.Index(list("abc")))
    levels, counts = right.to_be_found()
    assert levels.shape == (0,)
    assert counts.shape == (3, 0)
    assert not right.gains(np.array([[1], [2], [0]])).any()


def test_no_neighbours_have_no_gains():
    assert Relevance(list("aab"), pd.Index(list("abc"))).gains(np.empty((3, 0), int)).shape == (
        3,
        0,
    )


@pytest.mark.parametrize("excluding", [False, True])
def test_thousands_of_different_cells_need_little_memory(excluding):
    """Of 5,000 × 5,000 gains a quarter is above 0: 75 MB in the most compact sparse form."""
    rng = np.random.default_rng(0)
    labels = [";".join(f"t{tag}" for tag in rng.permutation(60)[:4]) for _ in range(5_000)]
    keys, found = pd.Index(np.arange(5_000).astype(str)), rng.integers(0, 5_000, (5_000, 10))
    # Few groups: those that are left out are as many as those that are counted.
    groups = np.arange(5_000) % 2 if excluding else None
    tracemalloc.start()
    try:
        right = Relevance(labels, keys, groups)
        right.gains(found)
        right.to_be_found()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 75e6
