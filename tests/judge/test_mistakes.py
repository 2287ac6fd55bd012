"""mistakes.py: which class is taken for which, counted by hand, and the worst queries."""

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zapsim
from zapsim.io.saved import Neighbours


def neighbours(indices):
    indices = np.array(indices, np.int32)
    keys = pd.Index([f"{i}.jpg" for i in range(len(indices))])
    return Neighbours(keys, indices, np.zeros(indices.shape, np.float32))


def test_confusion_counted_by_hand():
    found = neighbours([[1, 2], [0, 2], [3, 0], [2, -1]])
    shares = zapsim.confusion(found, ["shoe", "shoe", "boot", "boot"])
    assert shares.index.tolist() == shares.columns.tolist() == ["boot", "shoe"]
    # Boots: boot, shoe; boot. Shoes: shoe, boot; shoe, boot.
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3], [1 / 2, 1 / 2]])


def test_a_neighbour_of_two_values_is_shared_between_them():
    found = neighbours([[1, 2], [0, 2], [0, 3], [0, -1]])
    shares = zapsim.confusion(found, ["a", "a;b", "b", None])
    # a: halves of a and b, then b; and, for the second item is an a as well, a, then b.
    np.testing.assert_allclose(shares.loc["a"], [1.5 / 4, 2.5 / 4])
    # b: a, then b; and a, for the unlabelled one does not count.
    np.testing.assert_allclose(shares.loc["b"], [2 / 3, 1 / 3])


@given(st.integers(0, 2**32 - 1))
def test_its_diagonal_is_each_classs_precision(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b", "c"], 30)
    features = pd.DataFrame(rng.standard_normal((30, 3)), [f"{i}" for i in range(30)])
    found = zapsim.top_k(features, 4)
    shares = zapsim.confusion(found, labels)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    classes = zapsim.per_class(found, labels, n_resamples=2)
    np.testing.assert_allclose(np.diag(shares.loc[classes.index, classes.index]), classes["value"])


def test_a_class_whose_neighbours_have_no_label_has_no_shares():
    shares = zapsim.confusion(neighbours([[1], [0], [1]]), ["a", None, "b"])
    assert shares.loc["a"].isna().all()


def test_more_classes_than_fit_in_memory_are_refused(monkeypatch):
    free = type("Memory", (), {"available": 1e6})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    many = [f"{n}" for n in range(300)]
    found = neighbours([[1]] + [[0]] * 299)
    with pytest.raises(MemoryError, match=r"300 × 300 classes.*fewer different values"):
        zapsim.confusion(found, many)
    assert len(zapsim.confusion(found, many[:100] * 3)) == 100


LABELS = ["a", "a", "a", "b", "b", "alone"]
FOUND = [[3, 4], [4, 2], [1, 3], [4, 0], [0, 3], [0, 1]]


def test_the_worst_come_first_and_what_cannot_be_right_is_left_out():
    worst = zapsim.worst_queries(neighbours(FOUND), LABELS)
    # 0 finds none. Of two to be found, 1 finds one second and 2 finds one first; 4 and 3 have but
    # one to be found, and find it second and first.
    assert worst.index.tolist() == ["0.jpg", "1.jpg", "2.jpg", "4.jpg", "3.jpg"]
    assert worst["precision@2"].tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    assert worst["nDCG@2"].is_monotonic_increasing
    assert worst["label"].tolist() == [LABELS[int(key[0])] for key in worst.index]
    assert worst["found"].tolist()[:1] == ["2 b"]
    assert worst.loc["2.jpg", "found"] == "1 a, 1 b"
    assert len(zapsim.worst_queries(neighbours(FOUND), LABELS, n=2)) == 2
    assert zapsim.worst_queries(neighbours(FOUND), LABELS, k=1)["found"].iloc[0] == "1 b"


def test_only_the_worst_colourway_of_a_product_is_listed():
    products = ["p", "q", "q", "r", "s", "t"]
    found = neighbours([[3, 4], [4, 0], [3, 4], [4, 0], [0, 3], [0, 1]])
    worst = zapsim.worst_queries(found, LABELS, exclude=products)
    # 1 and 2 are of one product; 1 finds its only right one, 2 finds none.
    assert worst.index.tolist() == ["0.jpg", "2.jpg", "4.jpg", "3.jpg"]


def test_missing_neighbours_and_labels_are_named():
    worst = zapsim.worst_queries(neighbours([[2, 1], [0, -1], [0, 1]]), ["a", "a", None])
    assert worst.loc["0.jpg", "found"] == "1 no label, 1 a"
    assert worst.loc["1.jpg", "found"] == "1 a"


def test_the_number_of_queries_and_the_k_are_single_whole_numbers():
    found = neighbours(FOUND)
    for n in (-1, 0, 2.5, None):
        with pytest.raises(ValueError, match=f"n must be a whole number of at least 1.*n={n}"):
            zapsim.worst_queries(found, LABELS, n=n)
    with pytest.raises(ValueError, match=r"k must be a whole number .* Received: k=\[1, 2\]"):
        zapsim.worst_queries(found, LABELS, k=[1, 2])


def test_other_tables_are_no_neighbours():
    for judge in (zapsim.confusion, zapsim.worst_queries):
        with pytest.raises(
            TypeError, match=r"neighbours must be Neighbours, .* Received: \[\[3, 4\]"
        ):
            judge(FOUND, LABELS)


def test_nothing_to_judge_is_an_error():
    for judge in (zapsim.confusion, zapsim.worst_queries):
        with pytest.raises(ValueError, match="nothing to judge"):
            judge(neighbours([[1], [0]]), [None, None])
