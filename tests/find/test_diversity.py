"""diversity.py: candidates chosen by hand."""

import numpy as np

from zapsim.find.diversity import diverse

# Two boots that are twins, a third boot, and a sandal unlike all of them.
SCORES = np.array([0.9, 0.9, 0.8, 0.5])
BETWEEN = np.array(
    [
        [1.0, 1.0, 0.7, 0.1],
        [1.0, 1.0, 0.7, 0.1],
        [0.7, 0.7, 1.0, 0.2],
        [0.1, 0.1, 0.2, 1.0],
    ]
)


def chosen(diversity, k=4):
    return diverse(SCORES, BETWEEN, k, diversity).tolist()


def test_diverse_candidates_by_hand():
    # 0 first. Then, at 0.5: twin .45-.5=-.05, boot .4-.35=.05, sandal .25-.05=.2: the sandal.
    # Then twin -.05, boot .4-.35=.05: the boot.
    assert chosen(0.5) == [0, 3, 2, 1]
    # At 0.2, twin .72-.2=.52, boot .64-.14=.5, sandal .4-.02=.38: the twin; then the boot.
    assert chosen(0.2) == [0, 1, 2, 3]
    # At 1 only what was chosen counts: the sandal .1, then the boot .7, then the twin.
    assert chosen(1) == [0, 3, 2, 1]


def test_without_diversity_the_order_stays():
    assert chosen(0) == [0, 1, 2, 3]


def test_ties_go_to_the_nearer_candidate():
    alike = np.ones((3, 3))
    assert diverse(np.array([0.9, 0.9, 0.9]), alike, 3, 0.5).tolist() == [0, 1, 2]


def test_fewer_candidates_than_wanted_and_none():
    assert chosen(0.5, k=9) == [0, 3, 2, 1]
    assert chosen(0.5, k=1) == [0]
    assert diverse(np.empty(0), np.empty((0, 0)), 5, 0.5).tolist() == []


def test_the_maximum_is_over_all_that_were_chosen():
    # 2 is far from 1, chosen last, but a twin of 0: 3 must be preferred.
    between = np.array([[1, 0.2, 1, 0.6], [0.2, 1, 0.2, 0.6], [1, 0.2, 1, 0.6], [0.6, 0.6, 0.6, 1]])
    assert diverse(np.array([0.9, 0.8, 0.8, 0.8]), between, 3, 0.5).tolist() == [0, 1, 3]
