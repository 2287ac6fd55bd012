"""filter_state.py: columns on offer, and values with counts under the filters of the others."""

import pandas as pd
import pytest

import zapsim
from zapsim.widgets.filter_state import OFFERED, FilterState

ROWS = [
    ("Boots", "Ankle", "Zipper"),
    ("Boots", "Ankle", "Zipper;Buckle"),
    ("Boots", "Knee", "Zipper"),
    ("Slippers", "Flat", ""),
    ("Slippers", "Flat", "Buckle"),
    ("Slippers", "Boot", ""),
]


@pytest.fixture
def predictor(make_folder, on_a_circle):
    keys = [f"{category}/{kind}/Aye/{n}.1.jpg" for n, (category, kind, _) in enumerate(ROWS)]
    closures = "".join(f"{n}-1,{closure}\n" for n, (_, _, closure) in enumerate(ROWS))
    catalogue = zapsim.load_catalogue(make_folder(*keys, metadata=f"CID,Closure\n{closures}"))
    return zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, range(6)))


@pytest.fixture
def filters(predictor):
    return FilterState(predictor, ["Category", "SubCategory", "Closure"])


def test_counts_are_those_under_the_other_filters_and_empty_values_are_gone(filters):
    assert filters.values("SubCategory") == {"Ankle": 2, "Boot": 1, "Flat": 2, "Knee": 1}
    filters.where = filters.with_values("Category", "Slippers")
    assert filters.values("SubCategory") == {"Boot": 1, "Flat": 2}
    assert filters.values("Category") == {"Boots": 3, "Slippers": 3}
    assert filters.values("Closure") == {"Buckle": 1}


def test_a_chosen_value_stays_though_no_item_has_it(filters):
    filters.where = {"Category": ["Slippers"], "SubCategory": ["Knee", "Boot"]}
    assert filters.values("SubCategory") == {"Boot": 1, "Flat": 2, "Knee": 0}


def test_several_values_of_a_column_come_and_go_one_by_one(filters):
    for value, left in [("Ankle", ["Ankle"]), ("Flat", ["Ankle", "Flat"]), ("Ankle", ["Flat"])]:
        filters.where = filters.toggled("SubCategory", value)
        assert filters.where == {"SubCategory": left}
    assert filters.toggled("SubCategory", "Flat") == {}
    assert filters.with_values("Category", ["Boots", ""]) == {
        "SubCategory": ["Flat"],
        "Category": ["Boots"],
    }
    assert filters.where == {"SubCategory": ["Flat"]}, "only whoever looks up keeps them"


def test_by_default_those_that_divide_best_are_on_offer(predictor):
    filters = FilterState(predictor)
    columns = ["Category", "SubCategory", "Closure"]
    assert filters.columns == filters.offered == columns, "in the table's order"
    assert sorted(predictor.best_filters()) == sorted(columns)


def test_of_many_columns_a_few_are_on_offer_and_others_can_be(predictor):
    table = predictor.table
    for number in range(8):
        table[f"C{number}"] = ["x", "y"] * 3
    names = [f"C{number}" for number in range(8)]
    filters = FilterState(predictor, names)
    assert filters.offered == names[:OFFERED] and filters.others == names[OFFERED:]
    filters.offer("C7")
    assert filters.offered == [*names[: OFFERED - 1], "C7"] and filters.others == ["C5", "C6"]
    filters.where = {"C7": ["x"]}
    filters.offer("C6")
    assert filters.offered == [*names[: OFFERED - 2], "C6", "C7"], "what is in use stays"
    filters.where = {name: ["x"] for name in filters.offered}
    with pytest.raises(ValueError, match="All filters on offer are in use"):
        filters.offer("C5")
    with pytest.raises(ValueError, match="cannot be offered"):
        filters.offer("C0")


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (["Price"], KeyError, "No column 'Price'"),
        ("Category", TypeError, "filters"),
    ],
)
def test_what_can_be_filtered_by(predictor, columns, error, message):
    with pytest.raises(error, match=message):
        FilterState(predictor, columns)


def test_without_columns_there_are_no_filters(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg"))
    frame = pd.DataFrame([[1.0, 0], [0, 1]], index=catalogue.keys)
    filters = FilterState(zapsim.SimilarityPredictor(catalogue, frame))
    assert filters.columns == filters.offered == filters.others == []
