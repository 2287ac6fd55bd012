"""evaluation.py: an example that can be counted by hand, and the edges."""

import numpy as np
import pandas as pd
import pytest

from zapsim import precision_at_k
from zapsim.similarity import Neighbours


def neighbours(indices):
    indices = np.array(indices, np.int32)
    keys = pd.Index([f"{i}.jpg" for i in range(len(indices))])
    return Neighbours(keys, indices, np.zeros(indices.shape, np.float32))


def test_precision_counted_by_hand():
    found = neighbours([[1, 2], [0, 3], [3, 0], [2, 1]])
    # item 0: boot and shoe; item 1: boot and shoe; item 2: shoe and boot; item 3: shoe and boot
    assert precision_at_k(found, ["boot", "boot", "shoe", "shoe"]) == 0.5
    assert precision_at_k(found, ["boot"] * 4) == 1
    assert precision_at_k(found, list("abcd")) == 0


def test_missing_neighbours_and_labels_count_as_wrong_but_do_not_ask():
    found = neighbours([[1, 2], [0, -1], [0, 1], [-1, -1]])
    # 0: boot yes, unlabelled no; 1: boot yes, missing no; 2 has no label, 3 has no neighbours
    assert precision_at_k(found, ["boot", "boot", None, "boot"]) == 0.5


def test_labels_with_keys_are_taken_by_key():
    found = neighbours([[1, 2], [0, 3], [3, 0], [2, 1]])
    labels = pd.Series(["boot", "boot", "shoe", "shoe"], index=found.keys)
    assert precision_at_k(found, labels.iloc[::-1]) == precision_at_k(found, labels) == 0.5


def test_nothing_to_judge_is_an_error():
    with pytest.raises(ValueError, match="nothing to judge"):
        precision_at_k(neighbours([[1], [0]]), [None, None])


def test_labels_must_fit():
    with pytest.raises(ValueError, match="each of the 2 items. Received: 3 values"):
        precision_at_k(neighbours([[1], [0]]), list("abc"))
