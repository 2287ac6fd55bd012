"""stateful.py: a widget follows its state, and says what went wrong."""

import warnings

import ipywidgets as widgets
import pytest

import zapsim
from zapsim.widgets.bridge import uploaded
from zapsim.widgets.cards import no_picture
from zapsim.widgets.stateful import StatefulWidget, error_text

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


def test_it_opens_with_its_looks_and_what_the_state_says(knob):
    style, *rest = knob.children
    assert ".zapsim-card" in style.value and style.layout.display == "none"
    assert rest == [knob.knob, knob.text, knob.status]
    assert (knob.knob.value, knob.text.value, knob.state.calls) == (1, "!", 0)
    assert "volume 1" in knob.status.value
    folded = knob.preview().data
    assert "<details><summary>" in folded and "<p>volume 1</p></details>" in folded


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


def test_of_a_long_text_the_beginning_and_the_end_are_said(knob):
    for wrong in (False, True):
        knob._say(f"begin {'&' * 1_000_000} end", wrong)
        said = knob.status.value
        assert "begin &amp;" in said and "&amp; end" in said and len(said) < 30_000


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


def test_guests_of_a_server_see_no_error_but_the_library_s_own(monkeypatch):
    def text(act):
        with pytest.raises((TypeError, OverflowError)) as caught:
            act()
        return error_text(caught.value)

    monkeypatch.setattr("zapsim.widgets.stateful._GUESTS", True)
    unforeseen = "This was not foreseen, and failed. Try another way, or reload the page."
    assert "shows a Volume" in text(lambda: Knob(5))
    # Within the library, but not what it says.
    assert text(lambda: uploaded(5)) == unforeseen
    assert text(lambda: bytes(10**30)) == unforeseen
    assert error_text(RuntimeError("secret")) == unforeseen


def test_only_its_own_state_is_shown(knob):
    with pytest.raises(TypeError, match=r"Knob\(state\) shows a Volume.*Received: Catalogue"):
        Knob(knob.state.catalogue)


def test_what_is_printed_or_warned_of_is_said_and_not_left_to_the_log(knob, capsys, monkeypatch):
    def loud(value):
        print("a network <b>\nwas loaded")
        warnings.warn("it is old", stacklevel=2)

    monkeypatch.setattr(knob.state, "set", loud)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        knob.knob.value = 2
    assert "volume 1 · a network &lt;b&gt; · was loaded · it is old" in knob.status.value
    assert capsys.readouterr() == ("", "") and warned == []
