"""evaluation.py and bootstrap.py: means counted by hand, intervals that keep their word."""

from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

import zapsim
from zapsim import precision_at_k
from zapsim.io.saved import Neighbours
from zapsim.judge.bootstrap import class_means, interval, resampled_means


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


def test_one_value_in_common_is_enough_for_precision():
    found = neighbours([[1, 2], [0, 2], [0, 1]])
    # Women's shoe: the unisex one, not the men's. Unisex: both. Men's: the unisex one.
    assert precision_at_k(found, ["Women", "Men;Women", "Men"]) == pytest.approx(4 / 6)


LABELS = ["a", "a", "a", "b", "b"]
FOUND = [[1, 3], [0, 2], [3, 4], [4, 0], [3, 1]]


def test_means_by_query_and_by_class_counted_by_hand():
    found = neighbours(FOUND)
    # Precision: 1/2, 1, 0 for a; 1/2, 1/2 for b.
    by_query = zapsim.evaluate(found, LABELS)
    by_class = zapsim.evaluate(found, LABELS, average="classes")
    assert by_query.loc["precision@2", "value"] == pytest.approx(2.5 / 5)
    assert by_class.loc["precision@2", "value"] == pytest.approx((1.5 / 3 + 1 / 2) / 2)
    assert by_query.loc["recall@2", "value"] == pytest.approx((1 / 2 + 1 + 0 + 1 + 1) / 5)
    assert by_query.loc["mAP@2", "value"] == pytest.approx((1 / 2 + 1 + 0 + 1 + 1) / 5)
    # b has but one other to be found.
    assert by_query.loc["precision@2", "best"] == pytest.approx((3 * 1 + 2 * 0.5) / 5)
    assert by_class.loc["precision@2", "best"] == pytest.approx((1 + 0.5) / 2)
    assert list(by_query.index) == ["precision@2", "recall@2", "mAP@2", "nDCG@2"]
    assert by_query.loc["precision@2", "value"] == precision_at_k(found, LABELS)


def test_each_class_by_hand():
    classes = zapsim.per_class(neighbours(FOUND), ["a", "a;c", "a", "b", "b"])
    # The second is asked for a and for c; its two neighbours are of a.
    assert classes.index.tolist() == ["a", "b", "c"]
    assert classes["n_queries"].tolist() == [3, 2, 1]
    assert classes["value"].tolist() == pytest.approx([0.5, 0.5, 1])
    assert classes["best"].tolist() == [1, 0.5, 1]
    assert classes.columns.name == "precision@2"
    assert zapsim.per_class(neighbours(FOUND), LABELS, metric="AP").columns.name == "mAP@2"
    worst_first = zapsim.per_class(neighbours(FOUND), ["a", "a", "b", "b", "b"])
    assert worst_first["value"].is_monotonic_increasing


def test_a_class_of_one_item_and_a_value_that_only_unasked_items_have():
    classes = zapsim.per_class(neighbours([[1], [0], [0], [-1]]), ["a", "a", "alone", "unasked"])
    assert classes.index.tolist() == ["alone", "a"]
    assert classes.loc["alone", ["value", "low", "high", "best"]].tolist() == [0, 0, 0, 0]


def test_the_difference_is_that_of_the_means_whatever_the_order_of_items():
    first = neighbours(FOUND)
    order = np.array([4, 2, 0, 1, 3])
    second = neighbours([[3, 4], [0, 2], [0, 1], [4, 0], [3, 1]])
    shuffled = Neighbours(
        second.keys[order], np.argsort(order)[second.indices[order]].astype(np.int32), second.scores
    )
    labels = pd.Series(LABELS, index=first.keys)
    table = zapsim.paired_difference(first, shuffled, labels)
    row = table.loc["precision@2"]
    assert row["first"] == pytest.approx(0.5)
    assert row["second"] == pytest.approx((0 + 1 + 1 + 0.5 + 0.5) / 5)
    assert row["difference"] == pytest.approx(-0.1)
    assert row["low"] <= row["difference"] <= row["high"]
    pd.testing.assert_frame_equal(table, zapsim.paired_difference(first, second, labels))
    assert (zapsim.paired_difference(first, first, labels)[["difference", "low", "high"]] == 0).all(
        axis=None
    )


def test_comparing_pairs_is_sharper_than_two_intervals():
    """One kind is right where the other is, and in a few queries more."""
    rng = np.random.default_rng(0)
    hard = rng.random(400) < 0.5
    labels = np.array(["a", "b"])[np.arange(400) % 2]
    right, wrong = (np.arange(400) + 2) % 400, (np.arange(400) + 1) % 400
    first = neighbours(np.where(hard, wrong, right)[:, None])
    better = hard & (rng.random(400) < 0.95)
    second = neighbours(np.where(better, wrong, right)[:, None])
    one = zapsim.evaluate(first, labels).loc["precision@1"]
    two = zapsim.evaluate(second, labels).loc["precision@1"]
    assert two["low"] < one["high"], "side by side, the intervals overlap"
    assert zapsim.paired_difference(second, first, labels).loc["precision@1", "low"] > 0


def test_only_the_same_queries_can_be_compared():
    labels = pd.Series(LABELS, index=neighbours(FOUND).keys)
    with pytest.raises(ValueError, match="same queries. Received: 5 and 4 queries, of which 4"):
        zapsim.paired_difference(neighbours(FOUND), neighbours([*FOUND[:4], [-1, -1]]), labels)


@pytest.fixture
def kinds():
    rng = np.random.default_rng(1)
    labels = pd.Series(np.repeat(["a", "b", "c"], 12), index=[f"{i}" for i in range(36)])
    good = pd.get_dummies(labels).to_numpy(float) + 0.3 * rng.standard_normal((36, 3))
    noise = rng.standard_normal((36, 3))
    return labels, {
        name: pd.DataFrame(v, labels.index) for name, v in [("good", good), ("noise", noise)]
    }


def test_a_scorecard_holds_what_evaluate_and_compare_say(kinds):
    labels, features = kinds
    products = pd.Series(np.arange(36) // 3, index=labels.index)
    card = zapsim.scorecard(
        features, labels, [3, 5], products, against="good", metrics=["precision"]
    )
    assert list(card.columns.unique(0)) == ["precision@3", "precision@5", "precision@3 - good"]
    good, noise = (zapsim.top_k(each, 5, products) for each in features.values())
    own = zapsim.evaluate(noise, labels, [3, 5], products)
    for metric in ("precision@3", "precision@5"):
        assert card.loc["noise", metric].tolist() == own.loc[metric].iloc[:3].tolist()
    pair = zapsim.paired_difference(noise, good, labels, [3, 5], products).loc["precision@3"]
    assert card.loc["noise", "precision@3 - good"].tolist() == pair.iloc[2:].tolist()
    assert card.loc["good", "precision@3 - good"].tolist() == [0, 0, 0]
    assert card.loc["noise", ("precision@3 - good", "high")] < 0
    found = zapsim.scorecard({"noise": noise}, labels, 3, products)
    assert list(found.columns.unique(0)) == ["precision@3", "recall@3", "mAP@3", "nDCG@3"]
    assert found.loc["noise", "precision@3"].tolist() == card.loc["noise", "precision@3"].tolist()


def test_items_in_another_order_need_labels_by_key(kinds):
    """Else the second kind's items would be judged by the labels of others."""
    labels, features = kinds
    good = features["good"]
    shuffled = good.sample(frac=1, random_state=1)
    products = pd.Series(np.arange(36), labels.index)
    card = zapsim.scorecard({"one": good, "same": shuffled}, labels, 5, products, against="one")
    assert card.loc["same", "precision@5"].equals(card.loc["one", "precision@5"])
    assert card.loc["same", "precision@5 - one"].tolist() == [0, 0, 0]
    two = zapsim.top_k(good, 5), zapsim.top_k(shuffled, 5)
    assert (zapsim.paired_difference(*two, labels)["difference"] == 0).all()
    wrong = {
        "labels": (labels.to_numpy(), None, None),
        "exclude": (labels, products.to_numpy(), None),
        "clusters": (labels, None, products.reset_index(drop=True)),
    }
    for name, (a, b, c) in wrong.items():
        with pytest.raises(ValueError, match=f"not in the same order everywhere, so {name} must"):
            zapsim.paired_difference(*two, a, exclude=b, clusters=c)
    with pytest.raises(ValueError, match=r"so labels must .* Received: ndarray"):
        zapsim.scorecard({"one": good, "same": shuffled}, labels.to_numpy())
    assert (zapsim.paired_difference(two[0], two[0], labels.to_numpy())["difference"] == 0).all()


def test_kinds_of_different_items_are_not_set_side_by_side(kinds):
    """Among fewer items, the very same vectors seem better."""
    labels, features = kinds
    good, part = features["good"], features["good"][labels != "c"]
    for pair in ({"all": good, "part": part}, {"part": part, "all": good}):
        with pytest.raises(ValueError, match=r"same items.* of which 12, such as '24', are not in"):
            zapsim.scorecard(pair, labels)
        with pytest.raises(ValueError, match="same items"):
            zapsim.paired_difference(*(zapsim.top_k(each, 5) for each in pair.values()), labels)
    same = good.loc[good.index.isin(part.index)]
    card = zapsim.scorecard({"all": same, "part": part}, labels[labels != "c"])
    assert card.loc["all"].equals(card.loc["part"])


def test_metrics_come_in_the_order_asked_for_and_one_may_stand_alone(kinds):
    labels, features = kinds
    card = zapsim.scorecard(features, labels, metrics=["nDCG", "AP"], against="good")
    assert list(card.columns.unique(0)) == ["nDCG@5", "mAP@5", "nDCG@5 - good"]
    card = zapsim.scorecard(features, labels, [1, 5], metrics="AP")
    assert list(card.columns.unique(0)) == ["mAP@1", "mAP@5"]


def test_what_cannot_be_asked_for_is_said(kinds):
    labels, features = kinds
    with pytest.raises(KeyError, match="against must be one of good, noise. Received: 'best'"):
        zapsim.scorecard(features, labels, against="best")
    with pytest.raises(KeyError, match="against must be one of good, noise. Received: \\['good'"):
        zapsim.scorecard(features, labels, against=["good"])
    for metrics in ("accuracy", ["AP", "accuracy"]):
        with pytest.raises(ValueError, match="metrics must be one of precision, .* 'accuracy'"):
            zapsim.scorecard(features, labels, metrics=metrics)
    with pytest.raises(ValueError, match="metrics must not be empty"):
        zapsim.scorecard(features, labels, metrics=[])
    found = zapsim.top_k(features["good"], 5)
    with pytest.raises(
        ValueError, match="average must be one of queries, classes. Received: 'macro'"
    ):
        zapsim.evaluate(found, labels, average="macro")
    with pytest.raises(ValueError, match="metric must be one of .* Received: 'accuracy'"):
        zapsim.per_class(found, labels, metric="accuracy")
    with pytest.raises(ValueError, match=r"k must be .* Received: k=\[1, 2\]"):
        zapsim.per_class(found, labels, k=[1, 2])
    for confidence in (95, "95 %", 0, 1):
        with pytest.raises(ValueError, match="confidence must be a number above 0 and below 1"):
            zapsim.evaluate(found, labels, confidence=confidence)
    with pytest.raises(ValueError, match="seed must be a whole number .* Received: seed=-1"):
        zapsim.evaluate(found, labels, seed=-1)


def test_a_misspelt_option_is_named_before_anything_is_judged(kinds):
    _, features = kinds
    found = zapsim.top_k(features["good"], 5)
    calls = [
        lambda **options: zapsim.evaluate(found, None, **options),
        lambda **options: zapsim.per_class(found, None, **options),
        lambda **options: zapsim.paired_difference(found, found, None, **options),
        lambda **options: zapsim.scorecard(features, None, **options),
    ]
    for call in calls:
        with pytest.raises(
            TypeError, match="option must be .* 'n_resample'. Did you mean 'n_resamples'"
        ):
            call(n_resample=10)


def test_other_tables_are_no_neighbours_and_no_kinds_of_features(kinds):
    labels, features = kinds
    good = features["good"]
    found = zapsim.top_k(good, 5)
    judges = (zapsim.precision_at_k, zapsim.query_scores, zapsim.evaluate, zapsim.per_class)
    for judge in judges:
        with pytest.raises(TypeError, match="neighbours must be Neighbours, .*top_k .*DataFrame"):
            judge(good, labels)
    for pair, name in (((good, found), "neighbours"), ((found, good), "others")):
        with pytest.raises(TypeError, match=f"{name} must be Neighbours"):
            zapsim.paired_difference(*pair, labels)
    with pytest.raises(TypeError, match="features must be a dict, such as .* Received: DataFrame"):
        zapsim.scorecard(good, labels)
    with pytest.raises(
        ValueError, match=r"features\['m'\] must be features. .* a similarity matrix"
    ):
        zapsim.scorecard({"m": zapsim.similarity_matrix(good)}, labels)
    with pytest.raises(ValueError, match=r"k must not be empty. Give some, such as \[1, 5, 10\]"):
        zapsim.scorecard(features, labels, k=[])


def test_errors_name_the_argument_that_is_wrong(kinds):
    labels, features = kinds
    found = zapsim.top_k(features["good"], 5)
    with pytest.raises(TypeError, match="clusters must be a value for each item.*'Product'"):
        zapsim.evaluate(found, labels, clusters="Product")
    with pytest.raises(TypeError, match="exclude must be a value for each item.*'Product'"):
        zapsim.evaluate(found, labels, exclude="Product")
    with pytest.raises(ValueError, match="n_resamples must be .* Received: n_resamples=0"):
        zapsim.evaluate(found, labels, n_resamples=0)
    with pytest.raises(ValueError, match="features must not be empty. Give some"):
        zapsim.scorecard({}, labels, against="best")


def test_different_numbers_of_neighbours_need_a_k(kinds):
    labels, features = kinds
    five, ten = (zapsim.top_k(features["good"], k) for k in (5, 10))
    with pytest.raises(ValueError, match=r"same k.* Received: k=None .* 5 and 10 .* Give k=5"):
        zapsim.paired_difference(ten, five, labels)
    with pytest.raises(ValueError, match=r"Give k=5"):
        zapsim.scorecard({"five": five, "ten": ten}, labels, k=None)
    assert (zapsim.paired_difference(ten, five, labels, k=5)["difference"] == 0).all()


def test_features_of_which_no_neighbours_were_sought_need_a_k(kinds):
    labels, features = kinds
    found = zapsim.top_k(features["good"], 4)
    with pytest.raises(ValueError, match="Received: k=None for the features 'noise'. Give k=5"):
        zapsim.scorecard({"found": found, "noise": features["noise"]}, labels, k=None)
    card = zapsim.scorecard({"found": found}, labels, k=None, n_resamples=10)
    assert card.columns.unique(0)[0] == "precision@4"


def test_class_means_by_hand():
    members = csr_matrix([[1, 0], [1, 1], [0, 1]])
    means = class_means(np.array([[0, 1], [1, 1], [0.5, 0]]), members)
    np.testing.assert_allclose(means, [[0.5, 1], [0.75, 0.5]])
    np.testing.assert_allclose(class_means(np.array([[0], [1.0]])), [[0.5]])


def test_three_colourways_of_a_product_tell_no_more_than_one():
    rng = np.random.default_rng(0)
    values = rng.random((80, 1))
    alone = resampled_means(values, np.arange(80))
    together = resampled_means(values.repeat(3, axis=0), np.arange(80).repeat(3))
    np.testing.assert_allclose(together, alone)
    apart = resampled_means(values.repeat(3, axis=0), np.arange(240))
    widths = [np.diff(interval(each)[:, 0, 0])[0] for each in (together, apart)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(3), rel=0.1)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    clusters, hits = np.arange(50).repeat(3), 0
    for seed in range(300):
        # Products differ; their colourways differ less. The true mean is 0.
        values = rng.standard_normal(50).repeat(3) + 0.3 * rng.standard_normal(150)
        low, high = interval(resampled_means(values[:, None], clusters, n_resamples=300, seed=seed))
        hits += low[0, 0] <= 0 <= high[0, 0]
    assert 0.91 <= hits / 300 <= 0.98


@given(st.integers(0, 2**32 - 1))
def test_a_resample_is_a_mean_of_whole_clusters(seed):
    rng = np.random.default_rng(seed)
    values, clusters = rng.random((9, 2)), rng.integers(0, 3, 9)
    resampled = resampled_means(values, clusters, n_resamples=40, seed=seed)[:, 0]
    sums = np.array([values[clusters == c].sum(axis=0) for c in np.unique(clusters)])
    counts = np.array([(clusters == c).sum() for c in np.unique(clusters)])
    n = len(counts)
    times = np.array([t for t in np.ndindex(*[n + 1] * n) if sum(t) == n])
    possible = (times @ sums) / (times @ counts)[:, None]
    for mean in resampled:
        assert np.isclose(possible, mean).all(axis=1).any()


def test_a_class_that_a_resample_misses_is_passed_over():
    members = csr_matrix([[1, 0], [1, 0], [1, 0], [0, 1]])
    resampled = resampled_means(np.ones((4, 1)), np.arange(4), members, n_resamples=200)
    assert np.isnan(resampled[:, 1]).any()
    np.testing.assert_array_equal(interval(resampled), np.ones((2, 2, 1)))


def test_the_same_seed_gives_the_same_interval_and_more_confidence_a_wider_one():
    rng = np.random.default_rng(3)
    labels = rng.choice(["a", "b"], 60)
    features = pd.DataFrame(rng.standard_normal((60, 4)), [f"{i}" for i in range(60)])
    found = zapsim.top_k(features, 5)
    once, again = (zapsim.evaluate(found, labels, n_resamples=200) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert (once["low"] != zapsim.evaluate(found, labels, n_resamples=200, seed=1)["low"]).any()
    wide = zapsim.evaluate(found, labels, confidence=0.99)
    narrow = zapsim.evaluate(found, labels, confidence=0.5)
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()
    products = np.arange(60) // 20
    assert (
        zapsim.evaluate(found, labels, clusters=products)["low"]
        != zapsim.evaluate(found, labels)["low"]
    ).any()


ODD = {
    "cut": lambda found: found._replace(keys=found.keys[:9]),
    "rows": lambda found: found._replace(indices=found.indices[:9]),
    "some items": lambda found: Neighbours(*(part[:9] for part in found)),
    "one column": lambda found: found._replace(indices=found.indices[:, 0]),
    "floats": lambda found: found._replace(indices=found.indices.astype(float)),
    "below": lambda found: found._replace(indices=found.indices * 0 - 5),
    "above": lambda found: found._replace(indices=found.indices + len(found.keys)),
    "keys twice": lambda found: found._replace(keys=found.keys[[0] * len(found.keys)]),
    "lists": lambda found: found._replace(indices=found.indices.tolist()),
    "a table": lambda found: found._replace(indices=pd.DataFrame(found.indices)),
    "no index": lambda found: found._replace(keys=list(found.keys)),
}


JUDGES = [
    zapsim.precision_at_k,
    zapsim.query_scores,
    zapsim.evaluate,
    zapsim.per_class,
    zapsim.confusion,
    zapsim.worst_queries,
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("judge", JUDGES)
def test_neighbours_that_do_not_point_at_their_keys_are_refused(kinds, judge, odd):
    labels, features = kinds
    found = ODD[odd](zapsim.top_k(features["good"], 5))
    with pytest.raises((TypeError, ValueError), match="neighbours must be Neighbours, as zapsim"):
        judge(found, labels)


def as_scikit_learn_finds_them(features, k):
    from sklearn.neighbors import NearestNeighbors

    seeker = NearestNeighbors(n_neighbors=k, metric="cosine").fit(features)
    distances, indices = seeker.kneighbors(features)
    return Neighbours(features.index, indices, 1 - distances)


@pytest.mark.parametrize("judge", [*JUDGES, zapsim.plot_cases])
def test_the_item_itself_is_nowhere_a_neighbour_of_its_own(judge):
    features = pd.DataFrame([[9.0, 0], [9, 5], [9, 8], [0, 9]], list("abcd"))
    found, labels = as_scikit_learn_finds_them(features, 2), ["x", "y", "z", "x"]
    # It asks for keys and a catalogue, too.
    first, more = ([zapsim.load_catalogue()], ["a"]) if judge is zapsim.plot_cases else ([], [])
    with pytest.raises(ValueError, match=r"4 items are among their own .* such as 'a'.* seek one"):
        judge(*first, found, labels, *more)
    others = found._replace(indices=found.indices[:, 1:], scores=found.scores[:, 1:])
    assert precision_at_k(others, labels) == 0


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("row", [[2, 1, 2], [-1, 2, 2]])
def test_a_neighbour_counts_once(judge, row, monkeypatch):
    found = neighbours([[1, -1, -1], [0, -1, 2], [0, 3, 1], row])
    labels = ["boot"] * 4
    for at_once in (1, 2**22):
        monkeypatch.setattr("zapsim.checks._AT_ONCE", at_once)
        with pytest.raises(ValueError, match="those of '3.jpg', '2.jpg' comes more than once"):
            judge(found, labels)


def test_more_resamples_than_time_or_memory_allow_are_refused(kinds, monkeypatch):
    labels, features = kinds
    found = zapsim.top_k(features["good"], 5)
    with pytest.raises(ValueError, match="n_resamples must be a whole number of at most 100,000"):
        zapsim.evaluate(found, labels, n_resamples=20_000_000)
    monkeypatch.setattr("zapsim.checks.psutil.virtual_memory", lambda: Mock(available=10**6))
    with pytest.raises(MemoryError, match=r"What 100,000 resamples .*Take a smaller n_resamples"):
        zapsim.per_class(found, labels, n_resamples=100_000)
