"""Notebook 07's exercises: right answers, however written, and what wrong ones hear."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise

CATALOGUE = zapsim.load_catalogue()
LABELS = CATALOGUE.table["Category"] + " · " + CATALOGUE.table["SubCategory"]
PRODUCTS = CATALOGUE.table["Product"]
FEATURES = zapsim.load_features()


@pytest.fixture(scope="module")
def matrix():
    return zapsim.similarity_matrix(FEATURES)


def precisions(features):
    found = zapsim.top_k(features, k=5, exclude=PRODUCTS)
    return zapsim.query_scores(found, LABELS)["precision@5"]


EACH, FEWER = precisions(FEATURES), precisions(FEATURES.iloc[:, ::8])
SHARES = zapsim.confusion(zapsim.top_k(FEATURES, 5, exclude=PRODUCTS), LABELS)


def interval_of(values, groups=PRODUCTS, seed=0):
    rng = np.random.default_rng(seed)
    means = values.groupby(groups).mean().to_numpy()
    draws = [rng.choice(means, len(means)).mean() for _ in range(1000)]
    return np.quantile(draws, [0.025, 0.975])


def own_product(key):
    return PRODUCTS.eq(PRODUCTS[key])


def verdict(name, answer, *given):
    return judge(find_exercise(name), answer, *given)


def solved(name, **names):
    """Run an exercise's solution, and return the name that it sets."""
    there = {"np": np, **names}
    exec(find_exercise(name).solution, there)
    return next(value for key, value in there.items() if key.startswith("my_"))


def different(verdicts):
    verdicts = list(verdicts)
    assert {each.state for each in verdicts} == {"wrong"}, verdicts
    said = [each.says for each in verdicts]
    assert len(set(said)) == len(said), said
    assert not any(says.startswith("Received") for says in said), said


def test_the_solutions_are_right(matrix):
    mine = solved("07-1", matrix=matrix, labels=LABELS, products=PRODUCTS)
    assert verdict("07-1", mine, matrix, LABELS, PRODUCTS).state == "right"
    interval = solved("07-2", interval_of=interval_of, each=EACH, fewer=FEWER)
    assert verdict("07-2", interval, EACH, FEWER, PRODUCTS).state == "right"
    assert verdict("07-3", solved("07-3")).state == "right"
    assert verdict("07-4", solved("07-4", shares=SHARES), SHARES).state == "right"


def test_one_query_written_another_way_is_right(matrix):
    found = zapsim.top_k(FEATURES, 5, exclude=PRODUCTS)

    def by_position(key):
        row = found.indices[found.keys.get_loc(key)]
        return np.float32(sum(LABELS.iloc[place] == LABELS[key] for place in row) / 5)

    assert verdict("07-1", by_position, matrix, LABELS, PRODUCTS).state == "right"
    assert verdict("07-1", lambda key: None, matrix, LABELS, PRODUCTS).state == "open"


def test_each_mistake_with_one_query_is_told_apart(matrix):
    def share(away):
        def my_precision(key):
            five = matrix.loc[key][~away(key)].nlargest(5).index
            return (LABELS[five] == LABELS[key]).mean()

        return my_precision

    right = share(own_product)

    def recall(key):
        alike = (LABELS[key] == LABELS) & ~own_product(key)
        return 5 * right(key) / alike.sum()

    answers = [
        share(lambda key: PRODUCTS == "no product"),
        share(lambda key: matrix.index == key),
        lambda key: 5 * right(key),
        lambda key: 1 - right(key),
        recall,
    ]
    different([verdict("07-1", answer, matrix, LABELS, PRODUCTS) for answer in answers])


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_is_right_whatever_numbers_were_drawn(seed):
    answer = list(interval_of(EACH - FEWER, seed=seed))
    assert verdict("07-2", answer, EACH, FEWER, PRODUCTS).state == "right"


def test_zapsims_own_interval_is_right():
    found = [zapsim.top_k(each, 5, exclude=PRODUCTS) for each in (FEATURES, FEATURES.iloc[:, ::8])]
    row = zapsim.paired_difference(*found, LABELS, exclude=PRODUCTS).loc["precision@5"]
    assert verdict("07-2", row[["low", "high"]], EACH, FEWER, PRODUCTS).state == "right"


def test_each_mistake_with_the_difference_is_told_apart():
    one, other = interval_of(EACH), interval_of(FEWER)
    answers = [
        one - other,
        (one[0] - other[1], one[1] - other[0]),
        interval_of(FEWER - EACH),
        one,
        interval_of(EACH - FEWER, EACH.index),
        False,
    ]
    different([verdict("07-2", answer, EACH, FEWER, PRODUCTS) for answer in answers])
    assert "one precision" in verdict("07-2", other, EACH, FEWER, PRODUCTS).says


def test_words_are_right_if_they_say_what_is_counted_and_a_limit():
    words = (
        "We show 5 shoes beside each shoe. More than four of them carry the same label. "
        "Whether anybody buys them we don't know."
    )
    assert verdict("07-3", words).state == "right"
    missing = verdict("07-3", "Of five neighbours 0.88 have the same label.")
    assert missing.state == "wrong"
    assert "does not mean" in missing.says


def test_wrong_claims_are_told_apart():
    different(
        verdict("07-3", words)
        for words in (
            "The shoes are 88 % similar, but not the same.",
            "88 % of all customers will like the five shoes of that kind.",
            "The accuracy is 0.88 for five classes, not more.",
        )
    )


def test_the_most_frequent_mistake_may_be_a_list():
    pair = ["Boots · Over the Knee", "Boots · Knee High"]
    for answer in (pair, np.array(pair), pd.Series(pair)):
        assert verdict("07-4", answer, SHARES).state == "right"


def test_other_pairs_are_told_apart():
    answers = [
        ("Boots · Knee High", "Boots · Over the Knee"),
        ("Shoes · Boat Shoes", "Shoes · Boat Shoes"),
        ("Shoes · Clogs and Mules", "Shoes · Loafers"),
        "Boots · Over the Knee",
        ("Boots · Ankle", "Boots · Mid-Calf"),
    ]
    different([verdict("07-4", answer, SHARES) for answer in answers])
