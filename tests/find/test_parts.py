"""parts.py: which features a cell has, neighbours by it alone, and where it lies on the picture."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.find.parts import Grid, grid_of

KEYS = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(4)]
LOWER_RIGHT = (1, 1)


def settings(**other):
    return {"grid": 2, "layer": "block4_pool", "image_size": 128, "fit": "pad", **other}


@pytest.fixture
def features():
    """Four items of two channels a cell: in its lower right, item 2 is item 0's twin."""
    values = np.random.default_rng(0).random((4, 8), np.float32)
    values[2, 6:] = 3 * values[0, 6:]
    frame = pd.DataFrame(values, index=KEYS)
    # As of a network of one's own, which may have any number of channels.
    frame.attrs["extractor"] = settings(layer=None)
    return frame


@pytest.fixture
def predictor(make_folder, features):
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(make_folder(*KEYS)), features)


@pytest.fixture(scope="module")
def minizap():
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())


@pytest.mark.parametrize(
    ("part", "cells"),
    [
        ((0, 1), [(0, 1)]),
        ([0, 1], None),
        ([(1, 1), (0, 0), (1, 1)], [(0, 0), (1, 1)]),
        (((1, 1), (0, 0)), [(0, 0), (1, 1)]),
        ("lower right", [(1, 1)]),
        ("upper left", [(0, 0)]),
        ("top", [(0, 0), (0, 1)]),
        ("bottom", [(1, 0), (1, 1)]),
        (["left", (1, 1)], [(0, 0), (1, 0), (1, 1)]),
        (np.array([[0, 1]]), [(0, 1)]),
    ],
)
def test_a_part_is_cells_or_names(part, cells):
    if cells is None:
        with pytest.raises(TypeError, match=r"part must be a cell \(row, column\).*Received: 0"):
            Grid(2, 8).cells(part)
    else:
        assert Grid(2, 8).cells(part) == tuple(cells)


def test_names_are_halves_of_any_even_grid():
    assert Grid(4, 16).cells("upper right") == ((0, 2), (0, 3), (1, 2), (1, 3))
    with pytest.raises(ValueError, match="3×3 cells has no halves"):
        Grid(3, 9).cells("left")


@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        ((2, 0), ValueError, r"go from 0 to 1. Received: the cell \(2, 0\)"),
        ((0, -1), ValueError, r"Received: the cell \(0, -1\)"),
        ("lower rigth", ValueError, "Did you mean 'lower right'"),
        ([], ValueError, r"part must be a cell.*part=\[\]"),
        (3, TypeError, "part must be a cell.*part=3"),
        ({"row": 1}, TypeError, "part must be a cell"),
        ((0.0, 1.0), TypeError, "part must be a cell"),
        ([(0, True)], TypeError, "part must be a cell"),
    ],
)
def test_a_wrong_part_is_named(predictor, part, error, message):
    with pytest.raises(error, match=message):
        predictor.similar(KEYS[0], part=part)


def test_scores_are_those_of_the_cells_features_alone(predictor, features):
    for part, columns in [
        ((1, 1), [6, 7]),
        ("left", [0, 1, 4, 5]),
        ([(0, 1), (1, 0)], range(2, 6)),
    ]:
        some = features.iloc[:, list(columns)]
        found = predictor.similar(KEYS[1], k=3, part=part)
        top = zapsim.top_k(some, 3)
        assert list(found["key"]) == [KEYS[n] for n in top.indices[1]]
        np.testing.assert_allclose(found["score"], top.scores[1], atol=1e-6)
    twin = predictor.similar(KEYS[0], k=1, part=LOWER_RIGHT)
    assert twin.loc[0, "key"] == KEYS[2]
    assert twin.loc[0, "score"] == pytest.approx(1, abs=1e-6)


def test_all_cells_are_the_whole_picture_exactly(predictor):
    whole = predictor.similar(KEYS[0], k=3)
    pd.testing.assert_frame_equal(predictor.similar(KEYS[0], k=3, part=["top", "bottom"]), whole)


def test_a_part_of_several_and_of_ones_own_vector(predictor, features):
    own = features.loc[KEYS[0]].to_numpy()
    found = predictor.similar_to(own, k=2, part="lower right")
    assert list(found["key"]) == [KEYS[0], KEYS[2]]
    unit = zapsim.similarity.unit_vectors(features.iloc[:, 6:])
    query = unit[[0, 1]].mean(axis=0) - 0.25 * unit[3]
    found = predictor.similar(KEYS[:2], unlike=KEYS[3], part=LOWER_RIGHT)
    assert list(found["key"]) == [KEYS[2]]
    expected = unit[2] @ query / np.linalg.norm(query)
    assert found.loc[0, "score"] == pytest.approx(expected, abs=1e-6)


def test_with_diversity_and_filters_that_leave_nothing(predictor):
    assert len(predictor.similar(KEYS[0], k=3, part=(0, 0), diversity=0.5)) == 3
    predictor.table["Colour"] = ["red", "blue", "blue", "blue"]
    none = predictor.similar(KEYS[0], where={"Colour": "red"}, part=(0, 0), diversity=0.5)
    assert len(none) == 0


def test_a_part_of_zeros_scores_zero(make_folder, features):
    features.iloc[1, 6:] = 0
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    assert not predictor.similar(KEYS[1], part=LOWER_RIGHT)["score"].any()
    found = predictor.similar(KEYS[0], part=LOWER_RIGHT).set_index("key")["score"]
    assert found[KEYS[1]] == 0


def test_a_part_of_tiny_numbers_keeps_its_direction(make_folder, features):
    features.iloc[2, 6:] *= 1e-25
    predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(make_folder(*KEYS)), features)
    found = predictor.similar(KEYS[0], k=1, part=LOWER_RIGHT)
    assert found.loc[0, "key"] == KEYS[2]
    assert found.loc[0, "score"] == pytest.approx(1, abs=1e-6)


def test_features_without_a_grid_have_no_parts(make_folder, features):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    matrix = zapsim.SimilarityPredictor(catalogue, zapsim.similarity_matrix(features))
    with pytest.raises(ValueError, match="matrix knows only its own items"):
        matrix.similar(KEYS[0], part=(0, 0))
    features.attrs.clear()
    own = zapsim.SimilarityPredictor(catalogue, features)
    assert own.grid is matrix.grid is None
    with pytest.raises(ValueError, match="averages over a grid of cells"):
        own.similar(KEYS[0], part=(0, 0))


def test_the_grid_comes_from_the_settings():
    assert grid_of(settings(), 2048).side == 2
    assert grid_of(settings(grid="flat"), 64 * 512).side == 8
    assert grid_of(settings(grid=None), 4096) is None
    assert grid_of({"reduction": "PCA", "of": settings()}, 256) is None
    assert grid_of(None, 256) is None
    assert grid_of(settings(layer=None), 2049) is None
    assert grid_of(settings(layer=None), 256).side == 2
    assert grid_of(settings(), 256) is None
    assert grid_of(settings(grid="flat"), 2048) is None


@pytest.mark.parametrize("columns", [range(4, 8), [0, 2, 4, 6], [1, 0, *range(2, 8)]])
def test_a_choice_of_features_or_another_order_has_no_cells(predictor, features, columns):
    ours = zapsim.SimilarityPredictor(predictor.catalogue, features[list(columns)])
    with pytest.raises(ValueError, match="or a choice of them, have none"):
        ours.similar(KEYS[0], part=(0, 0))


# --- on the picture ----------------------------------------------------------------------------


def test_cells_lie_on_the_picture_as_it_was_padded():
    wide = np.full((100, 200, 3), 255, np.uint8)
    boxes = Grid(2, 8).boxes(wide)
    assert boxes[0, 0] == (0, 0, 100, 50)
    assert boxes[1, 1] == (100, 50, 200, 100)
    # Of the outer rows of four, of 50 pixels each, nothing lies on the picture.
    assert sorted({row for row, _ in Grid(4, 16).boxes(wide)}) == [1, 2]
    assert Grid(2, 8, "stretch").boxes(wide[:, :60])[1, 0] == (0, 50, 30, 100)


def test_cells_lie_on_what_trimming_left():
    picture = np.full((100, 200, 3), 255, np.uint8)
    picture[40:60, 100:140] = 0
    # The black box of 40 × 20 is padded to 40 × 40, from (100, 30) on.
    assert Grid(2, 8, "trim").boxes(picture)[1, 1] == (120, 50, 140, 70)


def test_a_frame_is_drawn_around_the_cell_and_nowhere_else(minizap):
    white = np.full((60, 60, 3), 255, np.uint8)
    framed = Grid(2, 8).framed(white, [(1, 1)])
    changed = np.argwhere((framed != white).any(axis=2))
    assert changed.min(axis=0).tolist() == [30, 30]
    assert changed.max(axis=0).tolist() == [59, 59]
    assert (framed[31:59, 31:59] == 255).all()
    key = minizap.table.index[0]
    plain, part = minizap.plot(key, k=1), minizap.plot(key, k=1, part="lower right")
    shown = [figure.axes[0].images[0].get_array() for figure in (plain, part)]
    assert (shown[0] != shown[1]).any()
    assert minizap.html(key, k=1).data != minizap.html(key, k=1, part="lower right").data


@pytest.mark.parametrize(
    ("column", "part", "by_part", "by_all"),
    [
        ("HeelHeight", "lower right", 0.708, 0.688),
        ("Closure", "upper right", 0.659, 0.646),
        # No gain: a cell has seen much of the picture around it. None of the three differences is
        # sure: their 95 % intervals contain 0, see tests/course/practice/test_nb09.py.
        ("ToeStyle", "lower left", 0.558, 0.563),
    ],
)
def test_what_a_part_does_on_minizap_and_what_not(minizap, column, part, by_part, by_all):
    values = minizap.table[column]

    def agreement(**how):
        found = [
            minizap.similar(key, 5, hide_colourways=True, **how)["key"] for key in values.index
        ]
        return np.mean(
            [(values[f] == values[key]).mean() for key, f in zip(values.index, found, strict=False)]
        )

    assert agreement(part=part) == pytest.approx(by_part, abs=0.003)
    assert agreement() == pytest.approx(by_all, abs=0.003)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "flat",
        {"grid": "flat"},
        settings(grid="flat", layer="another"),
        settings(grid="flat", layer=["block4_pool"]),
        settings(grid="flat", layer="fc2"),
        *(
            settings(grid="flat", image_size=size)
            for size in ("128", None, {"a": 1}, 128.0, True, 0, -5, 10**4_000)
        ),
        *(settings(grid=grid) for grid in ({}, True, 2.0, 0, -1, 10**30)),
    ],
    ids=lambda odd: repr(odd)[:60],
)
def test_settings_that_say_no_grid_are_none(odd):
    assert grid_of(odd, 2_048) is None
    assert grid_of(settings(grid="flat", layer="block4_pool", image_size=32), 2_048).side == 2
