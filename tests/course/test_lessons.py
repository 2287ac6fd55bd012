"""lessons.py: sums that are known from the literature, and what the figures show."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.course.lessons import extraction, growth, labels, network, scores


@pytest.mark.keras
def test_feature_maps_are_those_of_the_network():
    extractor = zapsim.VGG16Extractor("block2_pool", "flat", 32, power=1, precision="float32")
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    maps = network.feature_maps(extractor, picture, ["block1_conv1", "block2_pool"])
    assert maps["block1_conv1"].shape == (32, 32, 64)
    np.testing.assert_allclose(
        maps["block2_pool"].ravel(), extractor.extract(picture), rtol=2e-3, atol=0.1
    )
    figure = network.plot_feature_maps(maps, n=3)
    assert len(figure.axes) == 6


def test_one_number_depends_on_as_many_pixels_as_the_literature_says():
    # The last: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural
    # networks", Distill, 2019. The first and second are a kernel's 3 and two kernels' 5, pooled.
    layers = ["block1_conv1", "block1_pool", "block4_pool", "block5_pool"]
    assert [network.pixels_seen(layer) for layer in layers] == [3, 6, 100, 212]


def test_the_drawing_of_vgg16_is_grey_behind_the_cut():
    axes = network.plot_vgg16(128, cut="block4_pool").axes[0]
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names[0] == "picture"
    assert names[-3:] == ["fc1", "fc2", "1,000 names"]
    colours = [box.get_facecolor() for box in axes.patches]
    grey = [name for name, colour in zip(names, colours, strict=True) if colour == colours[-1]]
    assert grey == names[names.index("block4_pool") + 1 :]
    said = " ".join(text.get_text() for text in axes.texts)
    assert "512 maps\n16×16\nthen 8×8\nsees 100×100" in said


def test_numbers_are_written_into_small_arrays_only():
    small, large = np.array([[-1, 0], [2.5, 9]]), np.zeros((40, 30))
    written, bare = network.plot_numbers({"small": small, "large": large}).axes
    assert [text.get_text() for text in written.texts] == ["-1", "0", "2.5", "9"]
    assert not bare.texts
    assert written.images[0].get_clim() == (-9, 9)
    assert bare.images[0].get_clim() == (0, 1)


def test_kernels_are_drawn_in_red_green_blue():
    weights = np.zeros((3, 3, 3, 2))
    weights[:, :, 0, 0] = 1
    axes = network.plot_kernels({"blue": weights + 1e-9, "again": weights + 1e-9}, n=2).axes
    assert len(axes) == 4
    np.testing.assert_allclose(axes[0].images[0].get_array()[0, 0], [0.5, 0.5, 1], atol=1e-6)


@pytest.mark.keras
def test_the_right_preprocessing_variant_is_what_the_extractor_does(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", "c.jpg"))
    variants = extraction.preprocessing_variants(catalogue, image_size=32)
    right = zapsim.VGG16Extractor(image_size=32, precision="float32").extract(catalogue)
    np.testing.assert_allclose(variants.pop("as VGG16 was trained"), right, rtol=2e-3, atol=2e-3)
    assert len(variants) == 3
    for name, values in variants.items():
        assert not np.allclose(values, right, rtol=0.05), name


@pytest.mark.keras
def test_cuts_are_compared_as_the_extractor_and_the_metric_would():
    some = zapsim.load_catalogue().sample(40, seed=0)
    labels, products = some.table["SubCategory"], some.table["Product"]
    tried = [("block2_pool", "flat"), ("block5_pool", 1), ("block4_pool", 2)]
    cuts = extraction.try_cuts(some, labels, products, tried, image_size=64)
    assert list(cuts.index) == tried
    assert list(cuts["n_features"]) == [16 * 16 * 128, 512, 4 * 512]
    features = zapsim.VGG16Extractor(image_size=64, precision="float32").extract(some)
    precision = zapsim.precision_at_k(zapsim.top_k(features, 5, exclude=products), labels)
    assert cuts.loc[("block4_pool", 2), "precision_at_5"] == pytest.approx(precision, abs=0.011)


def test_a_query_that_took_another_path_than_the_catalogue_finds_less():
    keys = [f"{i}.jpg" for i in range(12)]
    labels = pd.Series(["a"] * 6 + ["b"] * 6, index=keys)
    right = pd.DataFrame(np.repeat([[1.0, 0], [0, 1]], 6, axis=0), index=keys)
    swapped = right[[1, 0]].set_axis([0, 1], axis="columns")
    compared = extraction.compare_variants({"right": right, "swapped": swapped}, labels)
    np.testing.assert_array_equal(compared, [[1, 1], [1, 0]])
    assert list(compared.columns) == ["both", "query only"]


def test_heat_map_orders_items_by_label():
    keys = pd.Index(["a", "b", "c", "d"], name="key")
    labels = pd.Series(["shoe", "boot", "shoe", "boot"], index=keys, name="Category")
    matrix = pd.DataFrame(np.arange(16).reshape(4, 4) / 16, index=keys, columns=keys)
    axes = scores.plot_heat_map(matrix, labels).axes[0]
    np.testing.assert_array_equal(
        axes.images[0].get_array(), matrix.loc[list("bdac"), list("bdac")]
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["boot", "shoe"]


def test_items_without_a_label_are_left_out_of_the_heat_map():
    keys = pd.Index(["a", "b", "c", "d"], name="key")
    labels = pd.Series(["shoe", None, "boot", "boot"], index=keys, name="Category")
    matrix = pd.DataFrame(np.arange(16).reshape(4, 4) / 16, index=keys, columns=keys)
    drawn = scores.plot_heat_map(matrix, labels).axes[0].images[0].get_array()
    np.testing.assert_array_equal(drawn, matrix.loc[list("cda"), list("cda")])


def test_labels_of_any_length_and_number_are_drawn_as_they_are():
    keys = pd.Index(["a", "b"], name="key")
    odd = pd.Series(["$a_$x$", "W" * 3_000], index=keys)
    axes = scores.plot_heat_map(pd.DataFrame(np.eye(2), keys, keys), odd).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(max(names, key=len)) < 50 and "$a_$x$" in names
    counts = labels.plot_counts(pd.Series([*range(150), *range(99)]).map("$_{}$".format), "Many")
    counts.canvas.draw()
    assert counts.axes[0].get_title() == "Many (… and 50 more)"
    names = [label.get_text() for label in counts.axes[0].get_yticklabels()]
    assert len(names) == 100 and set(names) > {f"$_{n}$" for n in range(99)}


def test_small_figures_show_their_data():
    counts = labels.plot_counts(pd.Series(["a", "b", "a"]), "Letters").axes[0]
    assert [bar.get_width() for bar in counts.patches] == [1, 2]
    arrows = scores.plot_arrows({"a": (2, 1), "b": (1, 4)}).axes[0]
    assert "a (2, 1)" in [text.get_text() for text in arrows.texts]
    bars = network.plot_layer_costs(128, cut="block1_pool").axes[0].patches
    assert len({bar.get_facecolor() for bar in bars[:3]}) == 1
    assert bars[2].get_facecolor() != bars[3].get_facecolor()


def test_an_interrupted_catalogue_reads_the_first_pictures_only():
    catalogue = zapsim.load_catalogue()
    stopped = extraction.interrupted(catalogue, after=2)
    for key in catalogue.keys[:2]:
        np.testing.assert_array_equal(stopped.picture(key), catalogue.picture(key))
    with pytest.raises(KeyboardInterrupt):
        stopped.picture(catalogue.keys[2])
    pd.testing.assert_frame_equal(stopped.table, catalogue.table)


def test_a_plan_is_what_one_reckons_by_hand():
    ones = dict.fromkeys(growth.ASSUMPTIONS, 1)
    assumed = ones | {"pictures_per_second_and_core": 50, "cores_per_machine": 8}
    assumed |= {"hours_at_most": 3, "dollars_per_machine_hour": 0.4, "indexed_per_second": 500}
    assumed |= {"hours_to_set_up_a_machine": 0.25, "dollars_per_indexing_hour": 2}
    assumed |= {"build_bytes_per_item": 4_000, "search_bytes_per_item": 3_000}
    assumed |= {"search_processes": 2, "dollars_per_gigabyte_of_memory_month": 5}
    planned = growth.plan(7_200_000, assumed)
    (column,) = planned
    assert column == "7.2 million"
    # 18,000 seconds of one machine are five hours, so two are needed; four hours of indexing.
    assert planned[column]["machines for extraction"] == 2
    assert planned[column]["hours of extraction"] == 2.5
    assert planned[column]["hours in all, with setting up"] == pytest.approx(0.25 + 2.5 + 4)
    assert planned[column]["memory for indexing, GB"] == pytest.approx(28.8)
    assert planned[column]["memory for search, GB"] == pytest.approx(43.2)
    # Both machines are set up, and one goes on to index, at another price.
    assert planned[column]["dollars, once: machines"] == pytest.approx(0.4 * 5.5 + 2 * 4)
    assert planned[column]["dollars a month: search"] == pytest.approx(43.2 * 5)
    assert planned[column]["dollars, once: requests"] == pytest.approx(7.2)
    assert list(growth.plan([10**6, 2 * 10**6], assumed)) == ["1 million", "2 million"]


def test_a_misspelt_assumption_is_named():
    assumed = dict.fromkeys(growth.ASSUMPTIONS, 1)
    assumed["hours_atmost"] = assumed.pop("hours_at_most")
    with pytest.raises(ValueError, match=r"missing: hours_at_most; unknown: hours_atmost"):
        growth.plan(10, assumed)
