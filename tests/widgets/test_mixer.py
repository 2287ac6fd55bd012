"""mixer.py: sliders redraw, a click chooses, mistakes are shown."""

import re
from html import unescape

import pytest

import zapsim


@pytest.fixture
def mixer(boots, parts):
    return zapsim.mix(boots, parts, boots.keys[2], k=4)


def says(mixer):
    return unescape(re.sub("<[^>]*>", "", mixer.status.value))


def shown(mixer):
    return [card.key for card in mixer.gallery.cards]


def test_sliders_change_the_neighbours_at_once(mixer, boots, parts):
    assert [slider.value for slider in mixer.sliders.values()] == [1, 1, 1]
    mixer.sliders["shape"].value = 0
    mixer.sliders["texture"].value = 0
    colour = zapsim.SimilarityPredictor(boots, parts["colour"])
    assert shown(mixer) == list(colour.similar(boots.keys[2], k=4)["key"])
    assert says(mixer) == "0% shape + 100% colour + 0% texture"


def test_a_click_on_a_neighbour_makes_it_the_query(mixer):
    first = shown(mixer)[0]
    mixer.gallery.cards[0].button.click()
    assert mixer.state.query == first and first not in shown(mixer)
    assert mixer.gallery.query.image.value == mixer.state.catalogue.thumbnail(first, 200)


def test_all_sliders_at_zero_is_said_and_taken_back(mixer):
    for name in ("shape", "texture"):
        mixer.sliders[name].value = 0
    before = shown(mixer)
    mixer.sliders["colour"].value = 0
    assert says(mixer) == "With all at 0, nothing is compared. Move another one up first."
    assert mixer.sliders["colour"].value == 1
    assert shown(mixer) == before and mixer.state.shares()["colour"] == 1


def test_preview_and_repr(mixer):
    html = mixer.preview().data
    assert html.count("<img") == 5 and "34% shape + 33% colour + 33% texture" in html
    assert repr(mixer) == "Mixer of shape, colour, texture for 8 items"


def test_weights_above_1_keep_their_shares_and_the_sliders_show_them(boots, parts):
    mixer = zapsim.mix(boots, parts, k=4, shares={"shape": 3, "colour": 1})
    assert mixer.sliders["shape"].value == 1
    assert mixer.sliders["colour"].value == pytest.approx(1 / 3)
    assert "75% shape + 25% colour" in says(mixer)
    mixer.sliders["shape"].value = 0.5
    assert "60% shape + 40% colour" in says(mixer)
