"""05's checks: right answers in any spelling, and for each misconception a message of its own."""

import numpy as np
import pytest

from tests.course.practice.answers import (
    assert_each_is_tried,
    assert_heard,
    assert_right,
    each_wrong,
)
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise, nb05

RIGHT = {
    "05-1": [
        lambda scores, allowed, k: scores[allowed].sort_values(ascending=False).index[:k],
        lambda scores, allowed, k: scores.where(allowed).dropna().nlargest(k).index.to_numpy(),
        lambda scores, allowed, k: tuple(
            scores.nlargest(99).index[allowed[scores.nlargest(99).index]][:k]
        ),
    ],
    "05-2": [
        lambda scores, products, key, k: (
            scores.drop(products.index[products == products[key]]).nlargest(k).index
        ),
        lambda scores, products, key, k: [
            each for each in scores.nlargest(99).index if products[each] != products[key]
        ][:k],
    ],
    "05-3": [
        lambda unit, liked, unlike: 4 * unit.loc[liked].mean() - unit.loc[unlike].mean(),
        lambda unit, liked, unlike: (
            np.mean([unit.loc[key] for key in liked], axis=0)
            - 0.25 * np.mean([unit.loc[key] for key in unlike], axis=0)
        ),
    ],
    "05-4": [
        "You get three shoes like the first one, or like the second, but no mix.",
        "Every recommendation is near either shoe. None of them is like both.",
        "Some of the five look like the slipper and the others look like the flip-flop.",
        "Three are similar to the slipper, two to the flip-flop.",
        "A shoe is either near to the first one or to the second one.",
    ],
}
WRONG = {
    "05-1": {
        "Scores come out": lambda scores, allowed, k: scores[allowed].nlargest(k),
        "after the nearest": lambda scores, allowed, k: [
            key for key in scores.nlargest(k).index if allowed[key]
        ],
        "no effect": lambda scores, allowed, k: scores.nlargest(k).index,
        "turned round": lambda scores, allowed, k: scores[~allowed].nlargest(k).index,
        "first k of the catalogue": lambda scores, allowed, k: scores[allowed].index[:k],
        "lowest scores": lambda scores, allowed, k: scores[allowed].sort_values().index[:k],
        "by position": lambda scores, allowed, k: scores[allowed.to_numpy()].nlargest(k).index,
        "whatever k": lambda scores, allowed, k: scores[allowed].nlargest(5).index,
        "skipped": lambda scores, allowed, k: scores[allowed].nlargest(k + 1).index[1:],
        "several times": lambda scores, allowed, k: [scores[allowed].idxmax()] * k,
        "do not fill up": lambda scores, allowed, k: [
            *scores[allowed].nlargest(k).index,
            *scores[~allowed].nlargest(k).index,
        ][:k],
    },
    "05-2": {
        "Scores come out": lambda scores, products, key, k: scores[
            products != products[key]
        ].nlargest(k),
        "afterwards": lambda scores, products, key, k: [
            each for each in scores.nlargest(k).index if products[each] != products[key]
        ],
        "Products come out": lambda scores, products, key, k: products[
            scores[products != products[key]].nlargest(k).index
        ],
        "skipped": lambda scores, products, key, k: (
            scores[products != products[key]].nlargest(k + 1).index[1:]
        ),
        "by position": lambda scores, products, key, k: (
            scores[(products != products[key]).to_numpy()].nlargest(k).index
        ),
        "whole brand": lambda scores, products, key, k: (
            scores[~scores.index.str.startswith(key.split("/")[0])].nlargest(k).index
        ),
        "one colour of every product": lambda scores, products, key, k: (
            products[scores.drop(key).sort_values(ascending=False).index]
            .drop_duplicates()
            .index[:k]
        ),
        "Turn the comparison round": lambda scores, products, key, k: (
            scores[products == products[key]].nlargest(k).index
        ),
        "item itself": lambda scores, products, key, k: scores.nlargest(k).index,
        "what scores high": lambda scores, products, key, k: (
            scores[scores < 0.94].nlargest(k).index
        ),
        "still there": lambda scores, products, key, k: scores.drop(key).nlargest(k).index,
    },
    "05-3": {
        "in full": lambda unit, liked, unlike: unit.loc[liked].mean() - unit.loc[unlike].mean(),
        "added": lambda unit, liked, unlike: unit.loc[liked].mean() + unit.loc[unlike].mean() / 4,
        "liked alone": lambda unit, liked, unlike: unit.loc[liked].mean(),
        "You summed": lambda unit, liked, unlike: (
            unit.loc[liked].sum() - unit.loc[unlike].sum() / 4
        ),
        "exchanged": lambda unit, liked, unlike: (
            unit.loc[unlike].mean() - unit.loc[liked].mean() / 4
        ),
        "count in full, and": lambda unit, liked, unlike: (
            0.75 * unit.loc[liked].mean() - 0.25 * unit.loc[unlike].mean()
        ),
        "Three quarters": lambda unit, liked, unlike: (
            unit.loc[liked].mean() - 0.75 * unit.loc[unlike].mean()
        ),
        "Four times": lambda unit, liked, unlike: (
            unit.loc[liked].mean() - 4 * unit.loc[unlike].mean()
        ),
        "are missing": lambda unit, liked, unlike: (
            unit.loc[liked].mean(axis=1) - unit.loc[unlike].mean(axis=1) / 4
        ),
        "each item": lambda unit, liked, unlike: unit.loc[liked].mean(axis=1).to_numpy(),
    },
}


@pytest.mark.parametrize("exercise", nb05.EXERCISES, ids=lambda exercise: exercise.name)
def test_right_answers_pass_however_they_are_written(exercise):
    assert_right(exercise, RIGHT[exercise.name])


@pytest.mark.parametrize(("name", "says", "answer"), each_wrong(WRONG))
def test_a_wrong_answer_hears_what_is_behind_it(name, says, answer):
    assert_heard(name, says, answer)


def test_each_misconception_is_tried():
    assert_each_is_tried(nb05.EXERCISES, WRONG)


def test_a_stub_is_open():
    for name in ("05-1", "05-2", "05-3"):
        assert judge(find_exercise(name), lambda *given: None).state == "open"
    assert judge(find_exercise("05-4"), ...).state == "open"
