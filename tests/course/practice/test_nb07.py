"""Notebook 07's exercises: right answers, however written, and what wrong ones hear."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from tests.course.practice.answers import assert_told_apart, solved, verdict

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


def test_the_solutions_are_right(matrix):
    mine = solved("07-1", matrix=matrix, labels=LABELS, products=PRODUCTS)
    assert verdict("07-1", mine, matrix, LABELS, PRODUCTS).state == "right"
    interval = solved("07-2", interval_of=interval_of, each=EACH, fewer=FEWER)
    assert verdict("07-2", interval, EACH, FEWER, PRODUCTS).state == "right"
    assert verdict("07-3", solved("07-3")).state == "found"
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
        lambda key: right(LABELS.index[0]),
        lambda key: 100 * right(key),
        lambda key: right(key) / 6,
        lambda key: (LABELS[matrix.loc[key].nlargest(10).index[5:]] == LABELS[key]).mean(),
    ]
    assert_told_apart([verdict("07-1", answer, matrix, LABELS, PRODUCTS) for answer in answers])


@pytest.mark.parametrize("seed", [0, 1, 2, 16, 19, 58, 60])
def test_the_difference_is_right_whatever_numbers_were_drawn(seed):
    answer = interval_of(EACH - FEWER, seed=seed)
    for mine in (list(answer), answer.round(2)):
        assert verdict("07-2", mine, EACH, FEWER, PRODUCTS).state == "right"


@pytest.mark.parametrize("seed", [0, 1, 2, 608])
def test_single_pictures_are_told_whatever_numbers_were_drawn(seed):
    answer = interval_of(EACH - FEWER, EACH.index, seed)
    assert "single pictures" in verdict("07-2", answer, EACH, FEWER, PRODUCTS).says


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
        dict(zip(("low", "high"), interval_of(EACH - FEWER), strict=True)),
        interval_of(EACH - FEWER)[::-1],
        ((EACH - FEWER).min(), (EACH - FEWER).max()),
        interval_of((EACH - FEWER).abs()),
    ]
    assert_told_apart([verdict("07-2", answer, EACH, FEWER, PRODUCTS) for answer in answers])
    assert "one precision" in verdict("07-2", other, EACH, FEWER, PRODUCTS).says


@pytest.mark.parametrize(
    "words",
    [
        "We show 5 shoes beside each shoe. More than four of them carry the same label. "
        "Whether anybody buys them we don't know.",
        "On average 4.4 of the 5 suggestions are of the same type as the shoe. "
        "With real photographs the number can be different.",
        "Of five shoes, 88 % are of its kind. It does not say that customers like them.",
        "Four and a half of five are the same sort of shoe. Nobody has asked a buyer yet.",
        "Of 5 shoes 88 % have its label. This is not accuracy, and the shoes are not 88 % alike.",
    ],
)
def test_it_is_found_if_words_say_what_is_counted_and_a_limit(words):
    assert verdict("07-3", words).state == "found"


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
        ("Over the Knee", "Knee High"),
        (5, 2),
    ]
    assert_told_apart([verdict("07-4", answer, SHARES) for answer in answers])
