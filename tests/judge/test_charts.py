"""charts.py: the figures show the tables' numbers and names."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

import zapsim


@pytest.fixture(scope="module")
def world():
    catalogue = zapsim.load_catalogue().sample(90, seed=3)
    features = zapsim.load_features().loc[catalogue.keys]
    return catalogue, features, zapsim.top_k(features, 4, catalogue.table["Product"])


@pytest.fixture(scope="module")
def card(world):
    catalogue, features, _ = world
    kinds = {"$all$ of it": features, "two": features.iloc[:, :2]}
    labels, products = catalogue.table["Category"], catalogue.table["Product"]
    return zapsim.lab_report(kinds, labels, 4, products, against="two")


def drawn(figure):
    """Return the values, and the ends of the intervals, that an errorbar figure shows."""
    (bars,) = figure.axes[0].containers
    points, _, (segments,) = bars.lines
    ends = np.array([segment[:, 0] for segment in segments.get_segments()])
    return points.get_xdata(), ends


def test_a_scorecard_is_drawn_with_its_intervals_and_costs(card):
    figure = zapsim.plot_scorecard(card)
    values, ends = drawn(figure)
    shown = card["precision@4"]
    np.testing.assert_allclose(values, shown["value"])
    np.testing.assert_allclose(ends, shown[["low", "high"]])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["$all$ of it", "two"]
    assert axes.get_xlabel() == "precision@4"
    assert [text.get_text() for text in axes.texts] == ["2,048 numbers", "2 numbers"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first row is at the top"


def test_a_difference_has_a_line_at_zero(card):
    figure = zapsim.plot_scorecard(card, "precision@4 - two")
    np.testing.assert_allclose(drawn(figure)[0], card["precision@4 - two"]["value"])
    assert any(np.all(np.asarray(line.get_xdata()) == 0) for line in figure.axes[0].lines)
    with pytest.raises(KeyError, match="metric must be one of precision@4, precision@4 - two"):
        zapsim.plot_scorecard(card, "recall@4")
    with pytest.raises(KeyError, match="metric must be one of precision@4, "):
        zapsim.plot_scorecard(card, ["precision@4"])


def test_what_compare_returns_is_drawn_as_differences(world):
    catalogue, features, neighbours = world
    others = zapsim.top_k(features.iloc[:, :2], 4, catalogue.table["Product"])
    table = zapsim.paired_difference(
        neighbours, others, catalogue.table["Category"], n_resamples=10
    )
    figure = zapsim.plot_scorecard(table)
    values, ends = drawn(figure)
    np.testing.assert_allclose(values, table["difference"])
    np.testing.assert_allclose(ends, table[["low", "high"]])
    assert figure.axes[0].get_xlabel() == "first - second"
    assert any(np.all(np.asarray(line.get_xdata()) == 0) for line in figure.axes[0].lines)


def test_other_tables_are_no_scorecards(world):
    catalogue, features, neighbours = world
    with pytest.raises(ValueError, match="card must have the columns value, low, high, .*: 0, 1"):
        zapsim.plot_scorecard(features)
    with pytest.raises(TypeError, match="card must be a table as scorecard.* Received: dict"):
        zapsim.plot_scorecard({"VGG16": features})
    classes = zapsim.per_class(neighbours, catalogue.table["Category"], n_resamples=10)
    with pytest.raises(KeyError, match="metric must be one of precision@4. Received: 'recall@4'"):
        zapsim.plot_scorecard(classes, "recall@4")
    assert zapsim.plot_scorecard(classes, "precision@4").axes[0].get_xlabel() == "precision@4"


def test_no_name_is_read_as_mathematics(world):
    catalogue, features, _ = world
    kinds = {"$a_$": features, "two": features.iloc[:, :2]}
    card = zapsim.scorecard(kinds, catalogue.table["Category"], 2, against="$a_$")
    figure = zapsim.plot_scorecard(card, "precision@2 - $a_$")
    figure.savefig(BytesIO())
    assert figure.axes[0].get_xlabel() == "precision@2 - $a_$"


def test_classes_are_drawn_as_kinds_are(world):
    catalogue, _, neighbours = world
    classes = zapsim.per_class(
        neighbours, catalogue.table["Category"], exclude=catalogue.table["Product"]
    )
    figure = zapsim.plot_scorecard(classes)
    np.testing.assert_allclose(drawn(figure)[0], classes["value"])
    assert figure.axes[0].get_xlabel() == "precision@4"


def test_what_the_network_computes_is_written_where_it_is_known(card):
    known = card.copy()
    known["an item", "million_multiply_adds"] = [4440, np.nan]
    texts = [text.get_text() for text in zapsim.plot_scorecard(known).axes[0].texts]
    assert texts == ["2,048 numbers, 4.4 billion multiply-adds", "2 numbers"]


def test_confusion_is_written_where_it_matters():
    names = ["boot", "flat $x$", "heel"]
    shares = pd.DataFrame([[0.9, 0.1, 0], [0.04, 0.96, 0], [np.nan] * 3], names, names)
    axes = zapsim.plot_confusion(shares).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "90", (1, 0): "10", (1, 1): "96"}
    assert [text.get_text() for text in axes.get_xticklabels()] == names
    assert [text.get_text() for text in axes.get_yticklabels()] == names
    assert axes.get_ylabel() == "the query is of"


def test_cases_say_what_is_right(world):
    catalogue, _, neighbours = world
    labels = catalogue.table["SubCategory"]
    worst = zapsim.worst_queries(neighbours, labels, 2, exclude=catalogue.table["Product"])
    figure = zapsim.plot_cases(catalogue, neighbours, labels, worst.index, k=3)
    titles = [axes.get_xlabel().replace("\n", " ") for axes in figure.axes]
    assert len(titles) == 2 * (1 + 3)
    assert titles[0] == f"QUERY {worst['label'].iloc[0]}"
    for row, key in enumerate(worst.index):
        item = neighbours.keys.get_loc(key)
        for place, found in enumerate(neighbours.indices[item, :3]):
            label = labels.loc[neighbours.keys[found]]
            mark = "✓ right" if label == labels.loc[key] else "✗ wrong"
            assert titles[4 * row + 1 + place] == f"{mark} {label}"
    with pytest.raises(KeyError, match="No item 'x' among 90"):
        zapsim.plot_cases(catalogue, neighbours, labels, ["x"])


def test_a_missing_neighbour_is_drawn_as_missing(world):
    catalogue, _, neighbours = world
    indices = neighbours.indices.copy()
    indices[0, 1:] = -1
    figure = zapsim.plot_cases(
        catalogue, neighbours._replace(indices=indices), catalogue.table["Category"],
        catalogue.keys[:1], k=2,
    )  # fmt: skip
    assert figure.axes[2].get_xlabel() == "✗ wrong\nnone"


def test_of_many_classes_the_most_mistaken_are_drawn():
    names = [f"class {n:02d}" for n in range(60)]
    shares = pd.DataFrame(np.diag(np.linspace(1, 0.1, 60)), names, names)
    shares.iloc[59, 59] = np.nan
    figure = zapsim.plot_confusion(shares, n=4)
    drawn = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert drawn == ["class 55", "class 56", "class 57", "class 58"]
    assert figure.axes[0].get_title() == "the 4 most mistaken of 60 classes"
    assert len(zapsim.plot_confusion(shares).axes[0].get_yticklabels()) == 40
    assert zapsim.plot_confusion(shares, n=60).axes[0].get_title() == ""
    names = range(61)
    more = zapsim.plot_confusion(pd.DataFrame(np.eye(61), names, names), n=61).axes[0]
    assert more.get_title() == "the 60 most mistaken of 61 classes"


def test_of_very_many_rows_the_first_are_drawn(card):
    classes = pd.DataFrame({"value": np.linspace(0, 1, 1_234), "low": 0.0, "high": 1.0})
    axes = zapsim.plot_scorecard(classes).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [f"{n}" for n in range(100)]
    assert axes.get_title() == "the first 100 of 1,234"
    cuts = pd.concat([card] * 51)
    assert len(zapsim.plot_scorecard(cuts).axes[0].texts) == 100
    assert zapsim.plot_scorecard(card).axes[0].get_title() == ""


def test_what_is_no_table_of_confusion_is_refused(world):
    _, features, neighbours = world
    with pytest.raises(TypeError, match="shares must be a table as zapsim.confusion .* Neighbours"):
        zapsim.plot_confusion(neighbours)
    with pytest.raises(
        ValueError, match=r"a row and a column for each class.*shape \(90, 2,?048\)"
    ):
        zapsim.plot_confusion(features)
    shares = pd.DataFrame([[1.0]], ["boot"], ["boot"])
    with pytest.raises(ValueError, match="least must be a number of at least 0.*least='5 %'"):
        zapsim.plot_confusion(shares, least="5 %")
    with pytest.raises(ValueError, match="n must be a whole number of at least 1.*n=0"):
        zapsim.plot_confusion(shares, n=0)


def test_cases_need_a_list_of_keys(world):
    catalogue, features, neighbours = world
    labels, key = catalogue.table["Category"], catalogue.keys[0]
    with pytest.raises(TypeError, match=f"keys must be a list, such as worst.index.*'{key}'"):
        zapsim.plot_cases(catalogue, neighbours, labels, key)
    with pytest.raises(ValueError, match="keys must not be empty"):
        zapsim.plot_cases(catalogue, neighbours, labels, [])
    with pytest.raises(KeyError, match="No item 7 among 90"):
        zapsim.plot_cases(catalogue, neighbours, labels, [7])
    with pytest.raises(KeyError, match="No item .* among 90"):
        zapsim.plot_cases(catalogue, neighbours, labels, [[key]])
    with pytest.raises(ValueError, match="k must be a whole number of at least 1.*k=-1"):
        zapsim.plot_cases(catalogue, neighbours, labels, [key], k=-1)
    with pytest.raises(TypeError, match="catalogue must be a Catalogue, .* Received: DataFrame"):
        zapsim.plot_cases(features, neighbours, labels, [key])
    with pytest.raises(TypeError, match="neighbours must be Neighbours.* Received: DataFrame"):
        zapsim.plot_cases(catalogue, features, labels, [key])
