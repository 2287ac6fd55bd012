"""Notebook 09's exercises: right answers, however written, and what wrong ones hear."""

import numpy as np
import pytest

import zapsim
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise

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


def by_cell(products):
    return [
        [products[512 * (2 * row + column) :][:512].sum() for column in (0, 1)] for row in (0, 1)
    ]


def scaled(values):
    return (values - values.mean()) / values.std()


def test_the_solutions_are_right(scores):
    shape, colour = scores
    assert verdict("09-1", solved("09-1", unit=UNIT, a=A, b=B), A, B, MEAN).state == "right"
    assert verdict("09-2", solved("09-2")).state == "right"
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
    ]
    different(verdict("09-1", answer, A, B, MEAN) for answer in answers)


def test_a_caption_says_what_orange_means_and_what_it_does_not():
    words = (
        "Darker cells contribute more to the similarity. They aren't the reason by themselves: "
        "every cell has seen the edge beside it."
    )
    assert verdict("09-2", words).state == "right"
    missing = verdict("09-2", "Orange cells add to the score.")
    assert missing.state == "wrong"
    assert "what it does not show" in missing.says


def test_wrong_claims_about_a_heat_map_are_told_apart():
    different(
        verdict("09-2", words)
        for words in (
            "Orange adds to the score: the white beside the boots is alike, not the boots.",
            "The network looked at the orange cells, because they add to the score, not others.",
            "Orange adds to the score and proves that the shaft is not unlike.",
        )
    )


def test_the_mixture_may_be_an_array_and_use_the_other_standard_deviation(scores):
    mine = sum((s.to_numpy() - s.to_numpy().mean()) / s.to_numpy().std() for s in scores) / 2
    assert verdict("09-3", mine, *scores).state == "right"


def test_each_mistake_with_the_mixture_is_told_apart(scores):
    shape, colour = scores
    answers = [
        (shape + colour) / 2,
        (shape - shape.mean() + colour - colour.mean()) / 2,
        scaled((shape + colour) / 2),
        scaled(shape) + scaled(colour),
        (shape / shape.std() + colour / colour.std()) / 2,
    ]
    different(verdict("09-3", answer, *scores) for answer in answers)


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
    ]
    different(verdict("09-4", answer, FEATURES) for answer in answers)


def test_the_numbers_that_the_text_says_without_a_cell(parts):
    products, found = TABLE["Product"], {}
    ways = {"colour": FEATURES, "grey": parts["shape"], "lower left": FEATURES.iloc[:, 1024:1536]}
    for name, features in ways.items():
        found[name] = zapsim.top_k(features, 5, exclude=products)
    kinds = [
        zapsim.precision_at_k(found[name], TABLE["SubCategory"]) for name in ("colour", "grey")
    ]
    assert np.round(kinds, 2).tolist() == [0.88, 0.89]
    # As one value, several styles is right only where all are the same.
    exact = TABLE["ToeStyle"].str.replace(";", " and ")
    toes = zapsim.paired_difference(found["lower left"], found["colour"], exact, exclude=products)
    assert toes.loc["precision@5", "difference"] == pytest.approx(-0.006, abs=0.0005)
    usual = UNIT.loc["Shoes/Oxfords/Bellweather/5294693.11.jpg"] @ MEAN
    assert usual == pytest.approx(0.82, abs=0.005)
