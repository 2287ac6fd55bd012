"""metrics.py: counted by hand, pinned to trec_eval, and the edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zapsim
from zapsim.catalogue import split_values
from zapsim.checks import groups_of
from zapsim.io.saved import Neighbours
from zapsim.judge.metrics import judge
from zapsim.judge.relevance import Relevance


def neighbours(indices):
    indices = np.array(indices, np.int32)
    keys = pd.Index([f"{i:03}.jpg" for i in range(len(indices))])
    return Neighbours(keys, indices, np.zeros(indices.shape, np.float32))


def random_neighbours(rng, n_items, k):
    """Every item's k neighbours in a random order, itself left out."""
    others = np.array(
        [rng.permutation(np.delete(np.arange(n_items), i))[:k] for i in range(n_items)]
    )
    return neighbours(others)


CELLS = [None, "", "a", "b", "c", "a;b", "b; a", "a;b;c", "c;d", ";"]
worlds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def test_one_query_by_hand():
    found = neighbours([[1, 2, 3], [0, 2, 3], [0, 1, 4], [0, 1, 4], [2, 0, 1]])
    scores = zapsim.query_scores(found, ["boot", "boot", "shoe", "boot", "shoe"])
    # Right, wrong, right, of two to be found.
    first = scores.loc["000.jpg"]
    assert first["precision@3"] == pytest.approx(2 / 3)
    assert first["recall@3"] == 1
    assert first["AP@3"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert first["nDCG@3"] == pytest.approx((1 + 1 / 2) / (1 + 1 / np.log2(3)))
    assert first["relevant"] == 2
    # Only the third is right, and it is the only one: it should have come first.
    third = scores.loc["002.jpg"]
    assert list(third.round(6)) == [round(1 / 3, 6), 1, round(1 / 3, 6), 0.5, 1]


def test_of_several_values_one_in_common_is_as_right_as_all():
    labels = ["a", "a;b", "b", None, "c"]
    relevance = Relevance(labels, neighbours([[1]] * 5).keys)
    right = relevance.right(np.array([[1, 2], [0, 2], [1, 3], [0, 1], [-1, 0]]))
    assert right.tolist() == [[True, False], [True, True], [True, False], [False] * 2, [False] * 2]
    assert list(relevance.values) == ["a", "b", "c"]
    # "a;b" alone is right for "a", and comes second.
    scores = zapsim.query_scores(neighbours([[4, 1], [0, 2], [1, 0], [0, 1], [0, 1]]), labels)
    assert scores.loc["000.jpg", "nDCG@2"] == pytest.approx(1 / np.log2(3))
    assert scores.loc["001.jpg", "nDCG@2"] == 1


@given(worlds, st.integers(1, 9), st.booleans())
def test_scores_are_those_of_trec_eval(rng, k, hide):
    n_items = 24
    labels = rng.choice(np.array(CELLS, object), n_items)
    products = rng.integers(0, 10, n_items).astype(str) if hide else None
    found = random_neighbours(rng, n_items, n_items - 1)
    if hide:
        lists = [
            [i for i in row if products[i] != products[q]] for q, row in enumerate(found.indices)
        ]
        padded = [row[:k] + [-1] * (k - len(row)) for row in lists]
        found = found._replace(indices=np.array(padded, np.int32))
    sets = [split_values(label) for label in labels]
    if not any(sets):
        return
    keys, qrels, runs = list(found.keys), {}, {}
    for q, row in enumerate(found.indices):
        qrels[keys[q]] = {
            keys[i]: 1
            for i in range(n_items)
            if i != q and sets[q] & sets[i] and not (hide and products[i] == products[q])
        } or {"none": 0}
        runs[keys[q]] = {keys[i]: float(-rank) for rank, i in enumerate(row) if i >= 0}
    measures = {f"{name}.{k}" for name in ("P", "recall", "map_cut", "ndcg_cut")}
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="no wheel for this machine")
    theirs = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(runs)
    ours = zapsim.query_scores(found, labels, k, products)
    assert list(ours.index) == [key for key, s in zip(keys, sets, strict=True) if s and runs[key]]
    for key, row in ours.iterrows():
        reference = theirs[key]
        relevant = sum(qrels[key].values())
        assert row["relevant"] == relevant
        assert row[f"precision@{k}"] == pytest.approx(reference[f"P_{k}"])
        assert row[f"recall@{k}"] == pytest.approx(reference[f"recall_{k}"])
        assert row[f"nDCG@{k}"] == pytest.approx(reference[f"ndcg_cut_{k}"])
        by_all = row[f"AP@{k}"] * min(relevant, k) / max(relevant, 1)
        assert by_all == pytest.approx(reference[f"map_cut_{k}"])


@given(worlds, st.integers(1, 12))
def test_the_items_order_does_not_matter(rng, k):
    n_items = 20
    found = random_neighbours(rng, n_items, 12)
    labels = pd.Series(rng.choice(np.array(CELLS, object), n_items), index=found.keys)
    labels.iloc[0] = "a"
    order = rng.permutation(n_items)
    place = np.argsort(order)
    shuffled = Neighbours(found.keys[order], place[found.indices[order]], found.scores)
    scores = zapsim.query_scores(found, labels, k)
    pd.testing.assert_frame_equal(
        zapsim.query_scores(shuffled, labels, k).loc[scores.index], scores, rtol=1e-12
    )
    pd.testing.assert_frame_equal(
        zapsim.evaluate(shuffled, labels, k), zapsim.evaluate(found, labels, k), rtol=1e-9
    )


@given(worlds, st.integers(1, 12))
def test_scores_stay_between_0_and_the_best(rng, k):
    found = random_neighbours(rng, 20, 12)
    judged = judge(found, [*"ab", *rng.choice(np.array(CELLS, object), 18)], k)
    assert (judged.scores >= 0).all(axis=None)
    assert (judged.scores <= judged.best + 1e-12).all(axis=None)
    assert (judged.best <= 1).all(axis=None)


@given(worlds)
def test_a_right_neighbour_moved_up_or_added_never_lowers_a_score(rng):
    labels = rng.choice(["a", "b", "c"], 20)
    found = random_neighbours(rng, 20, 12)
    before = zapsim.query_scores(found, labels, [4, 8, 12])
    right = labels[found.indices] == labels[:, None]
    moved = found.indices.copy()
    for row, rights in zip(moved, right, strict=True):
        swaps = np.flatnonzero(~rights[:-1] & rights[1:])
        if len(swaps):
            row[[swaps[0], swaps[0] + 1]] = row[[swaps[0] + 1, swaps[0]]]
    after = zapsim.query_scores(found._replace(indices=moved), labels, [4, 8, 12])
    assert (after >= before - 1e-12).all(axis=None)
    assert after["nDCG@12"].sum() >= before["nDCG@12"].sum()
    recalls = before[["recall@4", "recall@8", "recall@12"]].to_numpy()
    assert (np.diff(recalls, axis=1) >= 0).all()


def test_perfect_neighbours_score_the_best():
    labels = ["a"] * 3 + ["b"] * 7
    perfect = [[j for j in range(10) if j != i and labels[j] == labels[i]] for i in range(10)]
    padded = [
        row + [j for j in range(10) if labels[j] != labels[i]] for i, row in enumerate(perfect)
    ]
    judged = judge(neighbours([row[:5] for row in padded]), labels, k=5)
    pd.testing.assert_frame_equal(judged.scores, judged.best)
    assert judged.scores.loc["000.jpg"].to_dict() == {
        "precision@5": 0.4, "recall@5": 1, "AP@5": 1, "nDCG@5": 1
    }  # fmt: skip
    assert judged.scores.loc["009.jpg", "recall@5"] == pytest.approx(5 / 6)


def test_alone_in_its_class_scores_0_and_cannot_do_better():
    judged = judge(neighbours([[1, 2], [2, 0], [1, 0]]), ["a", "b", "b"])
    assert (judged.scores.loc["000.jpg"] == 0).all()
    assert (judged.best.loc["000.jpg"] == 0).all()
    assert list(judged.relevant) == [0, 1, 1]


def test_colourways_left_out_are_not_to_be_found_either():
    products = ["p", "p", "q", "q", "r"]
    found = neighbours([[2, 3], [3, 2], [0, 1], [1, 0], [0, 1]])
    labels = ["a", "a", "a", "b", "a"]
    assert list(zapsim.query_scores(found, labels, exclude=products)["relevant"]) == [2, 2, 3, 0, 3]
    assert list(zapsim.query_scores(found, labels)["relevant"]) == [3, 3, 3, 0, 3]
    with pytest.raises(ValueError, match="4 neighbours share their query's value in exclude"):
        zapsim.query_scores(neighbours([[1], [0], [3], [2], [0]]), labels, exclude=products)


def test_constant_features_find_the_catalogues_first_items_whatever_the_query():
    """That is no chance: with 20 of 100 in the first class, they score 0.2; with 80, 0.8."""
    features = pd.DataFrame(np.ones((100, 4)), index=[f"{n:03d}" for n in range(100)])
    found = zapsim.top_k(features, 5)
    assert (found.indices[5:] == range(5)).all()
    assert found.indices[2].tolist() == [0, 1, 3, 4, 5]
    for first in (20, 80):
        labels = ["x"] * first + ["y"] * (100 - first)
        assert zapsim.precision_at_k(found, labels) == first / 100


def test_more_neighbours_than_exist_count_as_wrong_and_unsought_ones_are_an_error():
    every = zapsim.top_k(pd.DataFrame(np.eye(3), index=list("abc")), 50)
    scores = zapsim.query_scores(every, ["x", "x", "x"], k=10)
    assert (scores["precision@10"] == 0.2).all()
    with pytest.raises(ValueError, match=r"Only 1 neighbours .* Received: k=2. Find more first"):
        zapsim.query_scores(neighbours([[1], [0], [0]]), ["x"] * 3, k=2)
    with pytest.raises(ValueError, match="k must be a whole number of at least 1. Received: k=0"):
        zapsim.query_scores(every, ["x"] * 3, k=[1, 0])
    with pytest.raises(ValueError, match="k must not be empty"):
        zapsim.query_scores(every, ["x"] * 3, k=[])
    with pytest.raises(ValueError, match="k must be a whole number of at least 1. Received: k='5'"):
        zapsim.query_scores(every, ["x"] * 3, k="5")


@pytest.mark.parametrize("labels", [None, "SubCategory"])
def test_labels_that_are_no_labels(labels):
    with pytest.raises(TypeError, match=r"such as catalogue.table\['Category'\]. Received"):
        zapsim.query_scores(neighbours([[1], [0]]), labels)


def test_nothing_to_ask_is_an_error():
    for labels in ([None, np.nan], ["", ";"]):
        with pytest.raises(ValueError, match="nothing to judge"):
            zapsim.query_scores(neighbours([[1], [0]]), labels)
    with pytest.raises(ValueError, match="exclude must have one value for each of the 2 items"):
        zapsim.query_scores(neighbours([[1], [0]]), ["a", "a"], exclude=["p"])


def test_groups_are_numbered_in_any_order_alike_and_missing_values_are_alone():
    keys = pd.Index(["d", "c", "b", "a"])
    assert list(groups_of(None, keys)) == [3, 2, 1, 0]
    assert list(groups_of(["q", None, "p", np.nan], keys)) == [1, 3, 0, 2]
    assert list(groups_of(pd.Series(["x", "y", "x", "x"], list("abcd")), keys)) == [0, 0, 1, 0]


def test_values_that_are_written_alike_are_the_same_for_search_and_judgement():
    features = pd.DataFrame(np.add(np.eye(4), [[1], [1], [0], [0]]), index=list("abcd"))
    for exclude in ([1, "1", 2, 3], np.array([1, 1, 2, 3]), pd.Categorical(list("1123"))):
        found = zapsim.top_k(features, 3, exclude=exclude)
        assert 1 not in found.indices[0] and 0 not in found.indices[1]
        assert list(zapsim.query_scores(found, list("xxxy"), exclude=exclude)["relevant"]) == [
            1, 1, 2, 0
        ]  # fmt: skip


def test_a_table_instead_of_a_column_is_named_with_its_shape():
    with pytest.raises(ValueError, match="must be one column. Received: 2 columns"):
        zapsim.query_scores(neighbours([[1], [0]]), pd.DataFrame({"x": ["a", "b"], "y": 1}))


def test_values_of_a_cell():
    assert split_values("Men; Women;") == {"Men", "Women"}
    assert split_values(None) == split_values(np.nan) == split_values("") == set()
    assert split_values(7) == {"7"}
