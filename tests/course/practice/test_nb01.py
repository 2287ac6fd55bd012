"""The exercises of 01: right answers pass in any form, wrong ones hear why."""

import re

import numpy as np
import pytest

import zapsim
from tests.course.practice.answers import assert_told_apart, solved, verdict


@pytest.fixture(scope="module")
def table():
    return zapsim.load_catalogue().table


@pytest.fixture(scope="module")
def rows(table):
    """The list, in an order of its own."""
    return table[["CID", "Closure", "Gender"]].sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def picture():
    picture = np.full((10, 10, 3), 255, np.uint8)
    picture[:5] = [250, 255, 255]
    picture[5] = [252, 251, 255]
    picture[6, 1:3] = 0
    picture[6, 0] = [255, 249, 255]
    picture[7, :2] = [255, 200, 255]
    picture[7, 2] = [255, 250, 255]
    # Not 100 pixels: of those, a count would be a percentage.
    return picture.repeat(2, axis=1)


def test_the_product_of_a_key():
    assert verdict("01-1", solved("01-1")).state == "right"
    assert verdict("01-1", lambda key: key.rpartition("/")[2].partition(".")[0]).state == "right"
    assert_told_apart(
        [
            verdict("01-1", lambda key: key.split("/")[-1].rpartition(".")[0]),
            verdict("01-1", lambda key: key.split("/")[-1]),
            verdict("01-1", lambda key: key.split(".")[0].split("/")[-1]),
            verdict("01-1", lambda key: key.split("/")[-1].split(".")[1]),
            verdict("01-1", lambda key: key.split("/")[3].split(".")[0]),
            verdict("01-1", lambda key: re.search(r"\d+", key).group()),
            verdict("01-1", lambda key: key.split("/")[-1].split(".")),
            verdict("01-1", lambda key: int(key.split("/")[-1].split(".")[0])),
            verdict("01-1", lambda key: "100627"),
        ]
    )


def test_the_share_of_white(picture):
    right = solved("01-2", picture=picture)
    assert right == pytest.approx(0.44)
    for answer in (right, float(right), np.float32(right), round(right, 2)):
        assert verdict("01-2", answer, picture).state == "right"
    white = picture > 250
    assert_told_apart(
        verdict("01-2", answer, picture)
        for answer in (
            white.mean(),
            white.any(axis=2).mean(),
            (picture == 255).all(axis=2).mean(),
            white.all(axis=2).sum(),
            1 - white.all(axis=2).mean(),
            (picture >= 250).all(axis=2).mean(),
            (picture.mean(axis=2) > 250).mean(),
            100 * white.all(axis=2).mean(),
            white.all(axis=2).sum() / picture.size,
            white.sum() / 200,
        )
    )
    assert "no longer holds" in verdict("01-2", right, white).says
    assert "one of the three" in verdict("01-2", white[:, :, 1].mean(), picture).says


def test_the_join(table, rows):
    right = solved("01-3", table=table, rows=rows)
    for answer in (right, list(right), right.to_numpy(), right.reset_index(drop=True)):
        assert verdict("01-3", answer, table, rows).state == "right"
    merged = table[["CID"]].merge(rows, on="CID", how="left")
    assert verdict("01-3", merged["Closure"], table, rows).state == "right"
    assert verdict("01-3", right[::-1], table, rows).state == "wrong"
    by_name = rows.set_index("CID")["Closure"]
    assert_told_apart(
        verdict("01-3", answer, table, rows)
        for answer in (
            rows["Closure"].to_numpy(),
            table["Colourway"].map(by_name),
            merged,
            right.iloc[:600],
            right.to_dict(),
            by_name.sort_index(),
            table["CID"].map(rows.set_index("CID")["Gender"]),
        )
    )


def test_the_buckles(table):
    right = solved("01-4", joined=table)
    for answer in (right, np.int64(right), float(right)):
        assert verdict("01-4", answer, table).state == "right"
    buckles = table["Closure"].str.contains("Buckle")
    assert_told_apart(
        verdict("01-4", answer, table)
        for answer in (
            buckles.sum(),
            table["Product"][table["Closure"] == "Buckle"].nunique(),
            (table["Closure"] == "Buckle").sum(),
            table["Product"].nunique(),
            table["Closure"][buckles].nunique(),
            table["Product"][table["Closure"].str.startswith("Buckle")].nunique(),
            0,
        )
    )
