"""filters.py: counts under each other's filters, and which columns divide best."""

import numpy as np
import pandas as pd
import pytest

from zapsim.find.filters import Filters

TABLE = pd.DataFrame(
    {
        "Category": ["Boots", "Boots", "Shoes", "Shoes", "Shoes", "Shoes"],
        "Kind": ["Ankle", "Knee", "Flat", "Flat", "Heel", "Heel"],
        "Closure": ["Zipper;Buckle", "Zipper", "Buckle", None, None, None],
        "Product": ["1", "1", "2", "2", "3", "3"],
        "Name": list("abcdef"),
        "One": ["x"] * 6,
    },
    index=[f"{n}.jpg" for n in range(6)],
)


@pytest.fixture
def filters():
    return Filters(TABLE, ["Product"])


def test_counts_without_filters_are_those_of_the_column(filters):
    assert filters.counts("Category") == {"Boots": 2, "Shoes": 4}
    assert filters.counts("Closure") == {"Buckle": 2, "Zipper": 2}
    assert list(filters.counts("Kind")) == ["Ankle", "Flat", "Heel", "Knee"]


def test_counts_are_under_the_other_filters_and_zero_stays(filters):
    where = {"Category": "Boots"}
    assert filters.counts("Kind", where) == {"Ankle": 1, "Flat": 0, "Heel": 0, "Knee": 1}
    assert filters.counts("Category", where) == {"Boots": 2, "Shoes": 4}
    both = {"Category": "Shoes", "Kind": ["Flat", "Ankle"]}
    assert filters.counts("Kind", both) == {"Ankle": 0, "Flat": 2, "Heel": 2, "Knee": 0}
    assert filters.counts("Category", both) == {"Boots": 1, "Shoes": 2}


def test_a_count_is_what_choosing_the_value_leaves(filters):
    where = {"Closure": "Buckle", "Kind": ["Ankle", "Heel"]}
    for column in ("Category", "Kind", "Closure"):
        for value, n in filters.counts(column, where).items():
            assert filters.matching(where | {column: value}).sum() == n


def test_several_values_whole_cells_and_none(filters):
    assert filters.matching({"Closure": ["Buckle", "Zipper"]}).tolist() == [1, 1, 1, 0, 0, 0]
    assert filters.matching({"Closure": "Zipper;Buckle"}).tolist() == [1, 0, 0, 0, 0, 0]
    assert not filters.matching({"Closure": []}).any()
    assert filters.matching().all()
    assert filters.matching({}).all()


def test_what_is_not_there_is_an_error(filters):
    with pytest.raises(KeyError, match="No column 'Colour' to filter by. The catalogue has: Cat"):
        filters.counts("Colour")
    with pytest.raises(ValueError, match="No item has Kind 'Boot'. There are: Ankle, Flat"):
        filters.counts("Category", {"Kind": "Boot"})
    with pytest.raises(TypeError, match="where must be a dict.*Received: 'Boots'"):
        filters.counts("Category", "Boots")
    with pytest.raises(ValueError, match="n must be a whole number"):
        filters.best(0)


def test_the_best_divide_most_and_identifiers_names_and_constants_are_left_out(filters):
    # Kind: several share a value. Category: 0.92 bits. Closure: 1 bit, but only of half of them.
    # Name: no two items share a value.
    assert filters.best() == ["Kind", "Category", "Closure"]
    assert filters.best(1) == ["Kind"]


def test_accents_may_be_decomposed():
    table = pd.DataFrame({"Größe": ["Café", "Cafe\u0301", "Tee"]}, index=list("abc"))
    filters = Filters(table)
    assert filters.counts("Gro\u0308ße") == {"Café": 2, "Tee": 1}
    for value in ("Café", "Cafe\u0301"):
        assert filters.matching({"Gro\u0308ße": value}).tolist() == [True, True, False]


@pytest.mark.parametrize("sizes", [[38.0, 38.5, None], ["38", "38.5", None], [38, 38.5, "39"]])
def test_equal_numbers_are_equal(sizes):
    filters = Filters(pd.DataFrame({"Size": sizes}, index=list("abc")))
    for asked in (38, 38.0, np.float32(38), "38"):
        assert filters.matching({"Size": asked}).tolist() == [True, False, False]
    assert list(filters.counts("Size"))[:2] == ["38", "38.5"]
    with pytest.raises(ValueError, match=r"No item has Size 40\.0. There are: 38"):
        filters.matching({"Size": 40.0})
