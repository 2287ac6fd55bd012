"""The exercises of 10: right answers pass in any form, wrong ones hear why."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zapsim
from tests.course.practice.answers import assert_told_apart, solved, verdict
from zapsim.course.joint_space import picture_vectors
from zapsim.course.postcards import make_postcards


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postcards")
    make_postcards(folder)
    return folder


@pytest.fixture(scope="module")
def catalogue(shop):
    catalogue = zapsim.load_catalogue(shop)
    return catalogue.subset(catalogue.keys.drop("images/299.jpg"))


def distance(one, other):
    return np.sqrt(((one - other) ** 2).mean() / one.var())


def test_who_has_no_row(shop, catalogue):
    rows = pd.read_csv(shop / "list.csv", sep=";", encoding="cp1252", dtype=str)
    stems = pd.Series([Path(key).stem for key in catalogue.keys], catalogue.keys)
    right = solved("10-1", stems=stems, rows=rows)
    assert len(right) == 12
    for answer in (right, list(right), set(right), right[::-1], np.array(right)):
        assert verdict("10-1", answer, stems, rows).state == "right"
    assert_told_apart(
        [
            verdict("10-1", answer, stems, rows)
            for answer in (
                stems[right],
                ["297"],
                stems.index.difference(right),
                stems.index[len(rows) :],
                stems.index,
                ~stems.isin(rows["Number"]),
                [Path(key).name for key in right],
                right[:-1],
                stems.index[5:],
            )
        ]
    )


def test_a_distance_that_knows_mirrors():
    right = solved("10-2", distance=distance)
    assert verdict("10-2", right).state == "right"
    assert verdict("10-2", lambda a, b: np.minimum(distance(a, b), distance(a[:, ::-1], b))).state
    turned = {
        "upside down": lambda a, b: min(distance(a, b), distance(a, b[::-1])),
        "red and blue": lambda a, b: min(distance(a, b), distance(a, b[..., ::-1])),
        "larger": lambda a, b: max(distance(a, b), distance(a, b[:, ::-1])),
        "mean": lambda a, b: (distance(a, b) + distance(a, b[:, ::-1])) / 2,
        "only": lambda a, b: distance(a, b[:, ::-1]),
        "as they are": distance,
        "half a turn": lambda a, b: min(distance(a, b), distance(a, b[::-1, ::-1])),
        "both distances": lambda a, b: (distance(a, b), distance(a, b[:, ::-1])),
    }
    verdicts = {word: verdict("10-2", answer) for word, answer in turned.items()}
    assert_told_apart(verdicts.values())
    for word, heard in verdicts.items():
        assert word in heard.says


def test_a_search_with_words(catalogue):
    vectors = picture_vectors(catalogue)
    words = zapsim.SimilarityPredictor(catalogue, vectors)
    right = solved("10-3", vectors=vectors, words=words)
    for answer in (right, list(right), right.to_numpy(), pd.DataFrame({"key": list(right)})):
        assert verdict("10-3", answer, vectors).state == "right"

    def found(*texts, k=4):
        return words.similar_to(vectors.columns.isin(texts).astype(float), k=k)

    least = found("dark", "green", k=len(vectors))["key"][: -4 - 1 : -1]
    assert_told_apart(
        [
            verdict("10-3", answer, vectors)
            for answer in (
                found("green")["key"],
                least,
                found("orange", "smooth")["key"],
                found("dark", "green", k=6)["key"],
                found("dark", "green"),
                found("dark", "green")["key"][3::-1],
                found("dark", "green")["score"],
                vectors[["dark", "green"]].sum(axis=1).nlargest(4).index,
            )
        ]
    )
