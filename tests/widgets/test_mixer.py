"""mixing.py and mixer.py: the mix is the blend, sliders redraw, mistakes are shown."""

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.widgets.mixer_state import MixState

KEYS = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(1, 9)]


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


@pytest.fixture
def parts(catalogue):
    rng = np.random.default_rng(4)
    return {
        name: pd.DataFrame(rng.normal(size=(8, n)).astype(np.float32), index=catalogue.keys)
        for name, n in [("shape", 12), ("colour", 4), ("texture", 7)]
    }


@pytest.fixture
def mixer(catalogue, parts):
    return zapsim.mix(catalogue, parts, KEYS[2], k=4)


def says(mixer):
    return unescape(re.sub("<[^>]*>", "", mixer.status.value))


def shown(mixer):
    return [card.key for card in mixer.gallery.cards]


@pytest.mark.parametrize("weights", [None, {"shape": 0.3, "colour": 0.9}, {"texture": 0.1}])
def test_the_mix_finds_what_the_blend_finds(catalogue, parts, weights):
    predictor = zapsim.SimilarityPredictor(catalogue, zapsim.blend(parts, weights))
    for key in KEYS:
        wanted = predictor.similar(key, k=5)
        found = MixState(catalogue, parts, key, k=5, weights=weights).neighbours()
        assert list(found["key"]) == list(wanted["key"])
        np.testing.assert_allclose(found["score"], wanted["score"], atol=1e-6)


def test_twins_tie_exactly_and_come_in_order():
    """Products of float32 give the same two vectors other scores in other places."""
    keys = pd.Index([f"{n}.jpg" for n in range(203)])
    vectors = np.resize(np.random.default_rng(2).random((3, 1000), np.float32), (203, 1000))
    parts = {
        "shape": pd.DataFrame(vectors, index=keys),
        "colour": pd.DataFrame(vectors[:, :300], index=keys),
    }
    state = MixState(None, parts, k=12, weights={"shape": 0.3, "colour": 0.9})
    for row, key in enumerate(keys):
        state.show(key)
        found = state.neighbours()
        twins = [n for n in range(row % 3, len(keys), 3) if n != row]
        assert list(found["key"]) == list(keys[twins[:12]])
        assert found["score"].nunique() == 1 and found["score"].dtype == np.float32


def test_all_others_are_found_where_fewer_than_k_exist(catalogue, parts):
    assert len(MixState(catalogue, parts, k=12).neighbours()) == 7
    alone = {name: part.iloc[:1] for name, part in parts.items()}
    assert len(MixState(catalogue, alone).neighbours()) == 0


def test_scores_by_each_kind_are_told(catalogue, parts):
    found = MixState(catalogue, parts, KEYS[0], k=7).neighbours()
    mean = found[["shape", "colour", "texture"]].mean(axis=1)
    np.testing.assert_allclose(found["score"], mean, atol=1e-6)
    row = found.iloc[0]
    wanted = zapsim.similarity_matrix(parts["colour"]).loc[KEYS[0], row["key"]]
    assert abs(row["colour"] - wanted) < 1e-6


def test_sliders_change_the_neighbours_at_once(mixer, catalogue, parts):
    assert [slider.value for slider in mixer.sliders.values()] == [1, 1, 1]
    mixer.sliders["shape"].value = 0
    mixer.sliders["texture"].value = 0
    colour = zapsim.SimilarityPredictor(catalogue, parts["colour"])
    assert shown(mixer) == list(colour.similar(KEYS[2], k=4)["key"])
    assert says(mixer) == "0% shape + 100% colour + 0% texture"


def test_a_click_on_a_neighbour_makes_it_the_query(mixer):
    first = shown(mixer)[0]
    mixer.gallery.cards[0].button.click()
    assert mixer.state.query == first and first not in shown(mixer)
    assert mixer.gallery.picture.value == mixer.state.catalogue.thumbnail(first, 200)


def test_all_sliders_at_zero_is_said_and_taken_back(mixer):
    for name in ("shape", "texture"):
        mixer.sliders[name].value = 0
    before = shown(mixer)
    mixer.sliders["colour"].value = 0
    assert "one of them above 0" in says(mixer) and "font-weight: bold" in mixer.status.value
    assert mixer.sliders["colour"].value == 1
    assert shown(mixer) == before and mixer.state.shares()["colour"] == 1


def test_preview_and_repr(mixer):
    html = mixer.preview().data
    assert html.count("<img") == 5 and "33% shape" in html
    assert repr(mixer) == "Mixer of shape, colour, texture for 8 items"


def test_wrong_beginnings_are_errors(catalogue, parts):
    with pytest.raises(KeyError, match="No item"):
        zapsim.mix(catalogue, parts, "none.jpg")
    with pytest.raises(ValueError, match="at most 12. Received: k=13"):
        zapsim.mix(catalogue, parts, k=13)
    with pytest.raises(ValueError, match="same items"):
        zapsim.mix(catalogue, parts | {"shape": parts["shape"].iloc[1:]})
    with pytest.raises(ValueError, match="at least 0"):
        zapsim.mix(catalogue, parts, weights={"shape": -1})


def test_weights_above_1_keep_their_shares_and_the_sliders_show_them(catalogue, parts):
    mixer = zapsim.mix(catalogue, parts, KEYS[2], k=4, weights={"shape": 3, "colour": 1})
    assert mixer.sliders["shape"].value == 1
    assert mixer.sliders["colour"].value == pytest.approx(1 / 3)
    assert "75% shape + 25% colour" in says(mixer)
    mixer.sliders["shape"].value = 0.5
    assert "60% shape + 40% colour" in says(mixer)
    with pytest.raises(ValueError, match="from 0 to 1. Received: shape=2"):
        mixer.state.set_weight("shape", 2)
    assert mixer.state.weights["shape"] == 0.5
