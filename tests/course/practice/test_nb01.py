"""The exercises of 01: right answers pass in any form, wrong ones hear why."""

import numpy as np
import pytest

import zapsim
from zapsim.course.exercise import judge
from zapsim.course.practice import find_exercise


@pytest.fixture(scope="module")
def table():
    return zapsim.load_catalogue().table


@pytest.fixture(scope="module")
def rows(table):
    """The list, in an order of its own."""
    return table[["CID", "Closure"]].sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def picture():
    picture = np.full((10, 10, 3), 255, np.uint8)
    picture[:5] = [250, 255, 255]
    picture[5] = [252, 251, 255]
    picture[6, :3] = 0
    picture[7, :2] = [255, 200, 255]
    return picture


def says(name, answer, *given):
    return judge(find_exercise(name), answer, *given)


def solved(name, variable, **given):
    space = dict(given)
    exec(find_exercise(name).solution, space)
    return space[variable]


def all_told_apart(verdicts):
    assert {verdict.state for verdict in verdicts} == {"wrong"}
    told = [verdict.says for verdict in verdicts]
    assert len(set(told)) == len(told)
    assert not any("Received" in text for text in told), "each is known"


def test_the_product_of_a_key():
    assert says("01-1", solved("01-1", "product_of")).state == "right"
    assert says("01-1", lambda key: key.rpartition("/")[2].partition(".")[0]).state == "right"
    all_told_apart(
        [
            says("01-1", lambda key: key.split("/")[-1].rpartition(".")[0]),
            says("01-1", lambda key: key.split("/")[-1]),
            says("01-1", lambda key: key.split(".")[0].split("/")[-1]),
            says("01-1", lambda key: key.split("/")[-1].split(".")[1]),
        ]
    )
    by_level = says("01-1", lambda key: key.split("/")[3].split(".")[0])
    assert by_level.state == "wrong"
    assert "IndexError" in by_level.says


def test_the_share_of_white(picture):
    right = solved("01-2", "my_share", picture=picture)
    assert right == pytest.approx(0.45)
    for answer in (right, float(right), np.float32(right)):
        assert says("01-2", answer, picture).state == "right"
    white = picture > 250
    all_told_apart(
        says("01-2", answer, picture)
        for answer in (
            white.mean(),
            white.any(axis=2).mean(),
            (picture == 255).all(axis=2).mean(),
            white.all(axis=2).sum(),
            1 - white.all(axis=2).mean(),
        )
    )
    assert "one of the three" in says("01-2", white[:, :, 1].mean(), picture).says


def test_the_join(table, rows):
    right = solved("01-3", "my_closures", table=table, rows=rows)
    for answer in (right, list(right), right.to_numpy(), right.reset_index(drop=True)):
        assert says("01-3", answer, table, rows).state == "right"
    merged = table[["CID"]].merge(rows, on="CID", how="left")
    assert says("01-3", merged["Closure"], table, rows).state == "right"
    by_name = rows.set_index("CID")["Closure"]
    all_told_apart(
        says("01-3", answer, table, rows)
        for answer in (
            rows["Closure"].to_numpy(),
            table["Colourway"].map(by_name),
            merged,
            right.iloc[:600],
        )
    )


def test_the_buckles(table):
    right = solved("01-4", "my_count", joined=table)
    for answer in (right, np.int64(right), float(right)):
        assert says("01-4", answer, table).state == "right"
    buckles = table["Closure"].str.contains("Buckle")
    all_told_apart(
        says("01-4", answer, table)
        for answer in (
            buckles.sum(),
            table["Product"][table["Closure"] == "Buckle"].nunique(),
            (table["Closure"] == "Buckle").sum(),
            table["Product"].nunique(),
            table["Closure"][buckles].nunique(),
        )
    )
