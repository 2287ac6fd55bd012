"""Notebook 09's exercises: right answers, however written, and what wrong ones hear."""

import numpy as np
import pytest

import zapsim
from tests.course.practice.answers import assert_told_apart, solved, verdict

TABLE = zapsim.load_catalogue().table
FEATURES = zapsim.load_features()
UNIT = FEATURES.div(np.linalg.norm(FEATURES, axis=1), axis=0).astype(float)
A, B, MEAN = UNIT.iloc[0].to_numpy(), UNIT.iloc[100].to_numpy(), UNIT.mean().to_numpy()


@pytest.fixture(scope="module")
def parts():
    return zapsim.shape_colour_texture(zapsim.load_catalogue(), "bundled", centre=False)


@pytest.fixture(scope="module")
def scores(parts):
    """The scores of one item by shape, and by colour."""
    key = FEATURES.index[300]
    return [zapsim.similarity_matrix(parts[n]).loc[key].drop(key) for n in ("shape", "colour")]


def by_cell(products):
    return [
        [products[512 * (2 * row + column) :][:512].sum() for column in (0, 1)] for row in (0, 1)
    ]


def scaled(values):
    return (values - values.mean()) / values.std()


def test_the_solutions_are_right(scores):
    shape, colour = scores
    assert verdict("09-1", solved("09-1", unit=UNIT, a=A, b=B), A, B, MEAN).state == "right"
    assert verdict("09-2", solved("09-2")).state == "found"
    assert verdict("09-3", solved("09-3", shape=shape, colour=colour), *scores).state == "right"
    assert verdict("09-4", solved("09-4", features=FEATURES), FEATURES).state == "right"


def test_the_cells_may_be_summed_one_by_one():
    mine = by_cell(A * (B - MEAN))
    assert verdict("09-1", mine, A, B, MEAN).state == "right"
    assert np.sum(mine) == pytest.approx(A @ B - A @ MEAN)


def test_each_mistake_with_the_cells_is_told_apart():
    beyond = A * (B - MEAN)
    answers = [
        by_cell(A * B),
        by_cell((A - MEAN) * B),
        by_cell((A - MEAN) * (B - MEAN)),
        beyond.reshape(2, 2, 512).mean(axis=2),
        beyond.reshape(512, 2, 2).sum(axis=0),
        beyond.sum(),
        beyond.reshape(4, 512).sum(axis=1),
        beyond,
        np.ones((2, 2)),
    ]
    assert_told_apart(verdict("09-1", answer, A, B, MEAN) for answer in answers)


@pytest.mark.parametrize(
    "words",
    [
        "Darker cells contribute more to the similarity. They aren't the reason by themselves: "
        "every cell has seen the edge beside it.",
        "Orange cells add to the score. It doesn't prove that they cause it.",
        "Orange means more in common than usual. It is no proof that the network saw a boot there.",
        "Orange adds to the score. It does not show the cause, or what the network looked at.",
        "The darker, the more a cell adds to the score. It does not mean that the white is alike: "
        "a cell sees what is around it.",
    ],
)
def test_a_caption_says_what_orange_means_and_what_it_does_not(words):
    assert verdict("09-2", words).state == "found"


def test_the_mixture_may_be_an_array_and_use_the_other_standard_deviation(scores):
    mine = sum((s.to_numpy() - s.to_numpy().mean()) / s.to_numpy().std() for s in scores) / 2
    assert verdict("09-3", mine, *scores).state == "right"


def test_the_mixture_may_be_sorted_before_its_first_are_shown(scores):
    mine = sum(map(scaled, scores)) / 2
    assert verdict("09-3", mine.sort_values(ascending=False), *scores).state == "right"
    shuffled = mine.sample(frac=1, random_state=0).set_axis(mine.index)
    assert verdict("09-3", shuffled, *scores).state == "wrong"


def test_each_mistake_with_the_mixture_is_told_apart(scores):
    shape, colour = scores
    answers = [
        (shape + colour) / 2,
        (shape - shape.mean() + colour - colour.mean()) / 2,
        scaled((shape + colour) / 2),
        scaled(shape) + scaled(colour),
        (shape / shape.std() + colour / colour.std()) / 2,
        (shape - shape.mean() / shape.std() + colour - colour.mean() / colour.std()) / 2,
        (scaled(shape) + scaled(colour)).nlargest(6),
        scaled(shape) * 0.3 + scaled(colour) * 0.7,
    ]
    assert_told_apart(verdict("09-3", answer, *scores) for answer in answers)


def test_the_part_may_be_an_array():
    assert verdict("09-4", FEATURES.to_numpy()[:, -512:], FEATURES).state == "right"


def test_other_parts_are_told_apart():
    answers = [
        FEATURES.iloc[:, :512],
        FEATURES.iloc[:, 512:1024],
        FEATURES.iloc[:, 1024:1536],
        FEATURES.iloc[3 * 512 :],
        FEATURES.iloc[:, 3::4],
        FEATURES.iloc[:, 1024:],
        FEATURES.iloc[:, 1535:],
        FEATURES.columns[1536:],
        FEATURES.iloc[0, 1536:],
    ]
    assert_told_apart(verdict("09-4", answer, FEATURES) for answer in answers)


def test_the_numbers_that_the_text_says_without_a_cell(parts):
    products = TABLE["Product"]
    found = [zapsim.top_k(each, 5, exclude=products) for each in (FEATURES, parts["shape"])]
    kinds = [zapsim.precision_at_k(each, TABLE["SubCategory"]) for each in found]
    assert np.round(kinds, 2).tolist() == [0.88, 0.89]
    usual = UNIT.loc["Shoes/Oxfords/Bellweather/5294693.11.jpg"] @ MEAN
    assert usual == pytest.approx(0.82, abs=0.005)


def test_a_part_is_not_surely_better_than_the_whole():
    """By the measure of `tests/find/test_parts.py`, which a question quotes."""
    products = TABLE["Product"]
    cells = {"lower left": slice(1024, 1536), "lower right": slice(1536, 2048)}
    cells["upper right"] = slice(512, 1024)
    whole = zapsim.top_k(FEATURES, 5, exclude=products)
    for column, cell, expected in [
        ("HeelHeight", "lower right", (0.020, -0.008, 0.047)),
        ("Closure", "upper right", (0.013, -0.011, 0.037)),
        ("ToeStyle", "lower left", (-0.006, -0.031, 0.019)),
    ]:
        part = zapsim.top_k(FEATURES.iloc[:, cells[cell]], 5, exclude=products)
        entries = TABLE[column].str.replace(";", " and ")
        row = zapsim.paired_difference(part, whole, entries, exclude=products).loc["precision@5"]
        assert tuple(row[["difference", "low", "high"]]) == pytest.approx(expected, abs=0.001)
