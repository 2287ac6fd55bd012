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
@pytest.mark.parametrize("at_once", [1, 300, 10**6])
def test_what_is_right_is_that_of_all_pairs_in_blocks_of_any_size(monkeypatch, at_once, n_groups):
    monkeypatch.setattr(relevance, "_AT_ONCE", at_once)
    labels, keys, found = tagged(60, 8, 5)
    groups = None if n_groups is None else np.random.default_rng(1).integers(0, n_groups, 60)
    sets = [set(split_values(cell)) for cell in labels]
    share = np.array([[bool(a & b) for b in sets] for a in sets])
    relevant = Relevance(labels, keys, groups)

    one_by_one = np.where(found < 0, False, np.take_along_axis(share, found, axis=1))
    np.testing.assert_array_equal(relevant.right(found), one_by_one)

    alike = np.eye(60, dtype=bool) if groups is None else groups[:, None] == groups
    counts = relevant.to_be_found()
    np.testing.assert_array_equal(counts, (share & ~alike).sum(axis=1))
    assert counts.dtype == np.int64


def test_several_shared_values_count_a_pair_once():
    labels, keys = ["a;b;c", "c; b;a", "a;b", "b", "d", "d;a"], pd.Index(list("uvwxyz"))
    assert list(Relevance(labels, keys).to_be_found()) == [4, 4, 4, 3, 1, 4]
    groups = ["p", "p", "q", "q", "r", "r"]
    assert list(Relevance(labels, keys, groups).to_be_found()) == [3, 3, 3, 2, 0, 3]


def test_nothing_is_to_be_found_without_labels():
    relevant = Relevance([None, "", ";"], pd.Index(list("abc")))
    assert list(relevant.to_be_found()) == [0, 0, 0]
    assert not relevant.right(np.array([[1], [2], [0]])).any()
    assert not relevant.labelled.any()


def test_lists_in_cells_are_refused():
    labels = pd.Series([["Men", "Women"], ["Men"], "Women"])
    with pytest.raises(TypeError, match=r"such as 'Men;Women'. Received: \['Men', 'Women'\]"):
        Relevance(labels, pd.Index(list("abc")))


def test_no_neighbours_are_not_right():
    relevant = Relevance(list("aab"), pd.Index(list("abc")))
    assert relevant.right(np.empty((3, 0), int)).shape == (3, 0)
    assert not relevant.right(np.full((3, 2), -1)).any()


@pytest.mark.parametrize("excluding", [False, True])
def test_thousands_of_different_cells_need_little_memory(excluding):
    """Of 5,000 × 5,000 pairs a quarter share a value: 75 MB in the most compact sparse form."""
    rng = np.random.default_rng(0)
    labels = [";".join(f"t{tag}" for tag in rng.permutation(60)[:4]) for _ in range(5_000)]
    keys, found = pd.Index(np.arange(5_000).astype(str)), rng.integers(0, 5_000, (5_000, 10))
    # Few groups: those that are left out are as many as those that are counted.
    groups = np.arange(5_000) % 2 if excluding else None
    tracemalloc.start()
    try:
        relevant = Relevance(labels, keys, groups)
        relevant.right(found)
        relevant.to_be_found()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6
