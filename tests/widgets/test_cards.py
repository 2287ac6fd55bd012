"""cards.py: what the three widgets share, the same on ipywidgets 7.7 and 8."""

import ipywidgets as widgets
import pandas as pd
import pytest

import zapsim
from zapsim.widgets.cards import (
    Gallery,
    StatefulWidget,
    as_text,
    empty_upload,
    error_text,
    no_picture,
    uploaded,
)

KEYS = ["a.jpg", "b.jpg", "c.jpg"]


class Volume:
    """A state of one number, which must not be above 3."""

    def __init__(self, catalogue):
        self.catalogue, self.value, self.calls = catalogue, 1, 0

    def set(self, value):
        self.calls += 1
        if value > 3:
            raise ValueError("<too loud>")
        self.value = value


class Knob(StatefulWidget):
    """The simplest widget that follows a state."""

    _shows = Volume

    def _make(self):
        self.knob, self.text = widgets.IntSlider(max=9), widgets.HTML()
        self.knob.observe(lambda change: self._do(self.state.set, change["new"]), "value")
        return [self.knob, self.text, self.status]

    def _show(self):
        self.text.value = "!" * self.state.value

    def _follow(self):
        self.knob.value = self.state.value

    def _summary(self):
        return f"volume {self.state.value}"

    def _preview(self):
        return f"<p>{self._summary()}</p>"


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


@pytest.fixture
def knob(catalogue):
    return Knob(Volume(catalogue))


# --- a widget of a state ---------------------------------------------------------------------


def test_it_opens_with_its_looks_and_what_the_state_says(knob):
    style, *rest = knob.children
    assert ".zapsim-card" in style.value and style.layout.display == "none"
    assert rest == [knob.knob, knob.text, knob.status]
    assert (knob.knob.value, knob.text.value, knob.state.calls) == (1, "!", 0)
    assert "volume 1" in knob.status.value
    assert knob.preview().data == "<p>volume 1</p>"


def test_a_choice_is_carried_out_once_and_shown(knob):
    knob.knob.value = 3
    assert (knob.state.value, knob.text.value, knob.state.calls) == (3, "!!!", 1)
    assert "volume 3" in knob.status.value and "bold" not in knob.status.value


def test_an_error_is_said_and_the_control_goes_back_without_a_call(knob):
    knob.knob.value = 9
    assert "&lt;too loud&gt;" in knob.status.value and "bold" in knob.status.value
    assert (knob.knob.value, knob.state.value, knob.state.calls) == (1, 1, 1)
    knob.knob.value = 2
    assert knob.state.value == 2 and "bold" not in knob.status.value


def test_thumbnails_are_read_once_and_a_vanished_picture_has_a_stand_in(knob, catalogue):
    wanted = catalogue.thumbnail(KEYS[0])
    assert knob._thumbnail(KEYS[0]) == wanted
    for key in KEYS[:2]:
        (catalogue.root / key).unlink()
    assert knob._thumbnail(KEYS[0]) == wanted
    assert knob._thumbnail(KEYS[1]) == no_picture(136)
    assert knob._thumbnail(KEYS[1], 200) == no_picture(200)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("No item 'a'"), "No item 'a'"),
        (ValueError("k is 0"), "k is 0"),
        (ValueError(), "ValueError"),
        (KeyError(), "KeyError"),
    ],
)
def test_an_error_is_a_line_for_people(error, said):
    assert error_text(error) == said


def test_a_gallery_has_as_many_cards_on_the_page_as_neighbours():
    chosen = []
    gallery = Gallery(3, 200, chosen.append)
    box = gallery.row.children[1]

    def encoded(keys):
        return [key.encode() for key in keys]

    assert gallery.cards == []
    for keys in (KEYS[:2], KEYS, []):
        found = pd.DataFrame({"key": keys, "score": [0.5] * len(keys)})
        gallery.show(found, str.upper, encoded)
        assert [card.key for card in gallery.cards] == keys
        assert [card.image.value for card in gallery.cards] == encoded(keys)
        assert list(box.children) == [card.box for card in gallery.cards]
    gallery.show(pd.DataFrame({"key": ["b.jpg"], "score": [0.25]}), str.upper, encoded)
    gallery.cards[0].button.click()
    assert chosen == ["b.jpg"]
    assert gallery.cards[0].button.tooltip == "Search like #1, B.JPG, 0.25"


# --- ipywidgets 7 and 8 ----------------------------------------------------------------------


def test_both_versions_of_an_upload_are_understood():
    seven = {"a.jpg": {"metadata": {"name": "a.jpg"}, "content": b"123"}}
    eight = ({"name": "a.jpg", "content": memoryview(b"123"), "size": 3},)
    assert uploaded(seven) == uploaded(eight) == ("a.jpg", b"123")


def test_an_emptied_upload_takes_the_same_file_again(upload):
    button, seen = widgets.FileUpload(), []
    button.observe(lambda change: seen.append(len(change["new"])), "value")
    for _ in range(2):
        upload(button, b"12")
        empty_upload(button)
    assert seen == [1, 0, 1, 0]


def test_text_is_escaped_where_the_front_end_writes_html(writes_html):
    assert as_text("<b>") == ("&lt;b&gt;" if writes_html else "<b>")


def test_only_its_own_state_is_shown(knob):
    with pytest.raises(TypeError, match=r"Knob\(state\) shows a Volume.*Received: Catalogue"):
        Knob(knob.state.catalogue)
