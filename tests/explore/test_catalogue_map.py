"""catalogue_map.py: groups stay together, every picture has a cell, and the figure shows it."""

import tracemalloc

import numpy as np
import pandas as pd
import psutil
import pytest

import zapsim
from zapsim.draw.layout import snapped
from zapsim.explore.catalogue_map import map_catalogue, plot_map


@pytest.fixture
def two_groups():
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(6)[:2], 20, axis=0)
    values = (centres + 0.05 * rng.random((40, 6))).astype(np.float32)
    return pd.DataFrame(values, index=[f"{n}.jpg" for n in range(40)])


@pytest.mark.parametrize("method", ["t-SNE", "PCA"])
def test_groups_stay_apart_on_the_map(two_groups, method):
    places = map_catalogue(two_groups, method, seed=1)
    assert list(places.columns) == ["x", "y"] and places.index.equals(two_groups.index)
    assert places.min().min() == 0 and places.max().max() == 1
    one, other = places.to_numpy()[:20], places.to_numpy()[20:]
    apart = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0))
    spread = max(
        np.linalg.norm(group - group.mean(axis=0), axis=1).mean() for group in (one, other)
    )
    assert apart > 2 * spread
    pd.testing.assert_frame_equal(map_catalogue(two_groups, method, seed=1), places)


def test_edges_of_maps(two_groups):
    assert map_catalogue(two_groups.iloc[:3]).shape == (3, 2)
    alone = map_catalogue(two_groups.iloc[:5, :1], "PCA")
    assert np.isfinite(alone.to_numpy()).all()
    with pytest.raises(ValueError, match="at least 3 items. Received: 2"):
        map_catalogue(two_groups.iloc[:2])
    with pytest.raises(ValueError, match="method must be one of t-SNE, PCA. Received: 'UMAP'"):
        map_catalogue(two_groups, "UMAP")


def test_snapping_by_hand():
    places = pd.DataFrame({"x": [0.1, 0.9, 0.1, 0.12], "y": [0.9, 0.9, 0.1, 0.88]})
    cells = snapped(places, columns=2)
    # Top left is wanted by two; the other corner at the bottom right is all that is left.
    assert cells.loc[1].tolist() == [1, 0]
    assert cells.loc[2].tolist() == [0, 1]
    assert {tuple(cells.loc[0]), tuple(cells.loc[3])} == {(0, 0), (1, 1)}


def test_no_two_items_share_a_cell(two_groups):
    cells = snapped(map_catalogue(two_groups, "PCA"))
    assert not cells.duplicated().any()
    assert cells.max().max() < np.ceil(np.sqrt(80))
    with pytest.raises(ValueError, match="40 items need at least 7 columns. Received: columns=6"):
        snapped(map_catalogue(two_groups, "PCA"), columns=6)


def test_the_map_shows_each_picture_in_its_cell_on_its_labels_colour(make_zip, encoded, drawn):
    keys = ["Boots/1.1.png", "Boots/2.1.png", "Shoes/3.1.png", "Shoes/4.1.png"]
    files = {key: encoded(drawn(n, (40, 40))) for n, key in enumerate(keys)}
    catalogue = zapsim.load_catalogue(make_zip(files | {"Shoes/5.1.png": b"damaged"}))
    places = pd.DataFrame(
        {"x": [0, 1, 0, 1, 0.5], "y": [1, 1, 0, 0, 0.5]}, index=[*keys, "Shoes/5.1.png"]
    )
    figure = plot_map(catalogue, places, "Category")
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["Shoes", "Boots"]
    shown = np.asarray(figure.axes[0].images[0].get_array())
    cell = len(shown) // 4
    corner = shown[1, 1], shown[1, -2], shown[-2, 1], shown[-2, -2]
    np.testing.assert_allclose(corner[0], corner[1])
    np.testing.assert_allclose(corner[2], corner[3])
    assert abs(corner[0] - corner[2]).max() > 0.1
    middle = shown[cell // 2, cell // 2]
    np.testing.assert_allclose(middle, 0, atol=0.1)
    assert plot_map(catalogue, places).axes[0].get_legend() is None
    few = plot_map(catalogue, places, n=2)
    assert len(few.axes[0].images) == 1
    with pytest.raises(KeyError, match="label must be one of Category.* Received: 'Colour'"):
        plot_map(catalogue, places, "Colour")


def random_places(keys):
    places = np.random.default_rng(0).random((len(keys), 2))
    return pd.DataFrame(places, columns=["x", "y"], index=keys)


def test_a_map_of_a_whole_shop_is_drawn_from_a_sample_that_is_named(monkeypatch, capsys):
    catalogue = zapsim.load_catalogue()
    keys = catalogue.keys[np.arange(50_025) % len(catalogue)]
    monkeypatch.setattr(zapsim.Catalogue, "picture_or_none", lambda self, key: None)
    tracemalloc.start()
    try:
        plot_map(catalogue, random_places(keys), "Category", n=50_025)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert capsys.readouterr().out == "2,000 of 50,025 items are drawn, chosen at random.\n"
    assert peak < 600e6
    plot_map(catalogue, random_places(catalogue.keys))
    assert capsys.readouterr().out == "600 of 615 items are drawn, chosen at random.\n"
    plot_map(catalogue, random_places(catalogue.keys), n=615)
    assert capsys.readouterr().out == ""


def test_what_is_no_map_is_refused(two_groups):
    catalogue = zapsim.load_catalogue()
    places = random_places(catalogue.keys[:9])
    for function in (snapped, lambda table: plot_map(catalogue, table)):
        with pytest.raises(
            ValueError, match="places must have the columns x, y, .* Received: 0, 1"
        ):
            function(two_groups)
        with pytest.raises(TypeError, match="places must be a table as .*map_catalogue .* ndarray"):
            function(places.to_numpy())
        with pytest.raises(ValueError, match="of at least one item, all finite numbers. .* 0 rows"):
            function(places.iloc[:0])
        with pytest.raises(ValueError, match="all finite numbers. Received: 9 rows"):
            function(places * np.nan)
        with pytest.raises(ValueError, match=r"about from 0 to 1.* Received: 1e\+300, .* Divide"):
            function(places.assign(x=-1e300))
    with pytest.raises(ValueError, match="columns must be a whole number of at least 1"):
        snapped(places, columns=-3)
    with pytest.raises(ValueError, match="n must be a whole number of at least 1. Received: n=0"):
        plot_map(catalogue, places, n=0)
    with pytest.raises(KeyError, match=r"label must be one of Category, .* Received: \['Brand'\]"):
        plot_map(catalogue, places, ["Brand"])
    with pytest.raises(TypeError, match="catalogue must be a Catalogue"):
        plot_map(places, catalogue)
    for seed in (-1, None):
        with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
            plot_map(catalogue, places, seed=seed)
        with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
            map_catalogue(two_groups, "PCA", seed)


def test_distances_that_do_not_fit_in_memory_are_refused(monkeypatch):
    free = type("Memory", (), {"available": 8e9})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(
        MemoryError, match=r"50,025 items .* is 80\.\d GB; 8.*places\.sample\(2000\)"
    ):
        snapped(random_places(range(50_025)))


@pytest.mark.parametrize("values", [np.ones((6, 4)), np.array([[1.0], [2], [-3], [4]])])
def test_where_nothing_varies_or_in_one_direction_only_there_is_still_a_map(values):
    places = zapsim.map_catalogue(pd.DataFrame(values))
    assert places.shape == (len(values), 2)
    assert np.isfinite(places.to_numpy()).all()
