"""plots.py: what is drawn where, and that texts are drawn as they are."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import zapsim
from zapsim.draw.plots import (
    QUERY_COLOUR,
    SHARED_COLOUR,
    plot_mosaic,
    plot_pictures,
)

KEYS = [f"Boots/Ankle/A$x$/{n}.1.jpg" for n in range(1, 7)]


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


def found(*numbers):
    return pd.DataFrame(
        {
            "rank": range(1, len(numbers) + 1),
            "key": [KEYS[n] for n in numbers],
            "score": [0.9] * len(numbers),
        }
    )


def cells(figure, n_columns):
    """Key number, tick and frame of what is drawn, row by row, queries first."""
    rows = []
    for start in range(0, len(figure.axes), n_columns):
        row = []
        for axes in figure.axes[start : start + n_columns]:
            if axes.images:
                spine = axes.spines["top"]
                frame = to_hex(spine.get_edgecolor()).upper() if spine.get_visible() else None
                row.append((axes.get_xlabel(), frame))
        rows.append(row)
    return rows


def test_a_comparison_marks_what_rows_share_with_the_first(catalogue):
    rows = {"one": found(1, 2, 3), "two": found(4, 3, 5), "three": found(2, 4)}
    drawn = cells(zapsim.plot_side_by_side(catalogue, KEYS[0], rows), 4)
    assert [row[0] for row in drawn] == [(name, QUERY_COLOUR) for name in rows]
    ticked = [[text.startswith("✓") for text, _ in row[1:]] for row in drawn]
    assert ticked == [[False, True, True], [False, True, False], [True, False]]
    for row in drawn:
        for text, frame in row[1:]:
            assert (frame == SHARED_COLOUR) == text.startswith("✓")
    assert drawn[0][2][0] == "✓ #2   0.900\nA$x$, Ankle, 3.1"


def test_a_comparison_asks_predictors_and_takes_tables(catalogue, on_a_circle):
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 5, 9, 40, 50, 60]))
    rows = {"plain": predictor, "diverse": predictor.similar(KEYS[0], k=5, diversity=1)}
    drawn = cells(zapsim.plot_side_by_side(catalogue, KEYS[0], rows, k=2), 3)
    assert [len(row) for row in drawn] == [3, 3]
    assert "3.1" in drawn[0][2][0] and "6.1" in drawn[1][2][0]


def test_one_row_and_empty_rows_and_none(catalogue):
    drawn = cells(
        zapsim.plot_side_by_side(catalogue, KEYS[0], {"one": found(1), "none": found()}), 2
    )
    assert [len(row) for row in drawn] == [2, 1]
    assert len(zapsim.plot_side_by_side(catalogue, KEYS[0], {"one": found(1)}).axes) == 2
    with pytest.raises(ValueError, match="nothing to compare"):
        zapsim.plot_side_by_side(catalogue, KEYS[0], {})


def test_a_mosaic_has_colours_for_the_frequent_labels_and_grey_for_others():
    labels = [f"label {n}" for n in range(8) for _ in range(2)] + ["rare", None]
    pictures = [np.full((4, 4, 3), 255, np.uint8)] * 17 + [None]
    figure = plot_mosaic(pictures, [0] * 18, range(18), labels)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == [f"label {n}" for n in range(8)] + ["others"]
    shown = np.asarray(figure.axes[0].images[0].get_array())[10, 22::44]
    assert len(np.unique(shown.round(3), axis=0)) == 10, "8 labels, others, and one not readable"
    assert (shown[0:16:2] == shown[1:16:2]).all()


PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("titled", "more", "message"),
    [
        ([PICTURE, PICTURE], {}, r"Each picture must be \(picture, title\).*Received: ndarray"),
        ([("a.jpg", "a")], {}, r"Each picture must be .*Received: \('a.jpg', 'a'\)"),
        ([(PICTURE, 5)], {}, "Each picture must be .*Received: tuple"),
        ([(np.zeros(5), "a")], {}, "Each picture must be .*Received: .array"),
        ([(None, "a")], {"query": PICTURE}, "Each picture must be .*Received: ndarray"),
        (PICTURE, {}, "titled must be a list, each of which must be .*Received: ndarray"),
    ],
)
def test_pictures_have_titles(titled, more, message):
    with pytest.raises(TypeError, match=message):
        plot_pictures(titled, **more)


@pytest.mark.parametrize("wrong", [0, "6", None])
def test_columns_are_a_whole_number(wrong):
    with pytest.raises(ValueError, match=f"columns must be a whole .*columns={wrong!r}"):
        plot_pictures([(PICTURE, "a")], columns=wrong)


def test_of_very_many_pictures_the_first_rows_are_drawn_and_the_figure_says_so(monkeypatch):
    monkeypatch.setattr("zapsim.draw.plots._MOST_ROWS", 3)
    titled = [(None, f"{n}") for n in range(9)]
    figure = plot_pictures(titled, columns=2, query=[(None, "q")] * 4, note="Groups")
    assert [axes.get_xlabel() for axes in figure.axes] == [*"qqq", *"012345"]
    assert figure.get_suptitle() == "Groups   ·   … and 4 more pictures"
    assert plot_pictures(titled, columns=3).get_suptitle() == ""


LONG = ["W" * 3_000, "x\n" * 3_000]


def inches(figure):
    """Width and height of all that is drawn, as a notebook saves it."""
    figure.canvas.draw()
    return figure.get_tightbbox().size


@pytest.mark.parametrize("long", LONG, ids=["letters", "lines"])
def test_no_cell_of_a_catalogue_makes_a_figure_huge(make_folder, long):
    folder = make_folder(*(f"{n}.jpg" for n in range(3)))
    table = pd.DataFrame({"key": [f"{n}.jpg" for n in range(3)], "Brand": [long, "b", long + "y"]})
    catalogue = zapsim.load_catalogue(folder, metadata=table)
    features = pd.DataFrame(np.eye(3), index=catalogue.keys)
    predictor, places = (
        zapsim.SimilarityPredictor(catalogue, features),
        pd.DataFrame({"x": [0, 0.5, 1], "y": [0, 0.5, 1]}, index=catalogue.keys),
    )
    labels, found = catalogue.table["Brand"], zapsim.top_k(features, 2)
    key = catalogue.keys[0]
    figures = {
        "plot": predictor.plot(key),
        "sheet": catalogue.plot(),
        "side by side": zapsim.plot_side_by_side(catalogue, key, {long: predictor, "b": predictor}),
        "map": zapsim.plot_map(catalogue, places, "Brand"),
        "confusion": zapsim.plot_confusion(zapsim.confusion(found, labels)),
        "cases": zapsim.plot_cases(catalogue, found, labels, catalogue.keys),
        "scorecard": zapsim.plot_scorecard(zapsim.scorecard({long: found}, labels, 2)),
    }
    sizes = {name: inches(figure).max() for name, figure in figures.items()}
    assert max(sizes.values()) < 20, sizes


def test_what_a_comparison_takes(catalogue, on_a_circle):
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, range(6)))
    rows, compare = {"one": predictor}, zapsim.plot_side_by_side
    with pytest.raises(TypeError, match="rows must be a dict.*Received: SimilarityPredictor"):
        compare(catalogue, KEYS[0], predictor)
    with pytest.raises(TypeError, match="catalogue must be a Catalogue.*SimilarityPredictor"):
        compare(predictor, KEYS[0], rows)
    with pytest.raises(TypeError, match=r"query must be the key of one item.*Received: \['"):
        compare(catalogue, KEYS[:1], rows)
    with pytest.raises(ValueError, match="k must be a whole number.*k='5'"):
        compare(catalogue, KEYS[0], rows, k="5")
    with pytest.raises(ValueError, match="k must be a whole number.*k=-1"):
        compare(catalogue, KEYS[0], {"one": found(1, 2)}, k=-1)
    with pytest.raises(TypeError, match="Row 'two', if no predictor, must be a table.*list"):
        compare(catalogue, KEYS[0], rows | {"two": KEYS})
    with pytest.raises(
        ValueError, match=r"Row 'two'.*the columns rank, key, score.*Received: rank, score"
    ):
        compare(catalogue, KEYS[0], {"two": found(1).drop(columns="key")})


def test_a_row_may_be_called_by_a_number(catalogue):
    assert cells(zapsim.plot_side_by_side(catalogue, KEYS[0], {64: found(1)}), 2)[0][0][0] == "64"
