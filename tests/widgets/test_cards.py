"""cards.py: cards are made once; their pictures, names and buttons change."""

import numpy as np
import pandas as pd

from zapsim.widgets.cards import Card, Gallery, name_html
from zapsim.widgets.looks import CARD

KEYS = ["a.jpg", "b.jpg", "c.jpg"]


def test_a_gallery_has_as_many_cards_on_the_page_as_neighbours():
    chosen = []
    gallery = Gallery(3, 200, {"Search like #": chosen.append})
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


def test_a_card_s_buttons_act_on_its_item_and_say_which(writes_html):
    calls = []
    actions = {
        name: lambda key, name=name: calls.append((name, key)) for name in ("Go #", "Keep #")
    }
    gallery = Gallery(1, 200, actions)
    found = pd.DataFrame({"key": ["a.jpg"], "score": [0.5]})
    gallery.show(found, str.upper, lambda keys: [b""], lambda key: ["warning"])
    card = gallery.cards[0]
    for button in card.buttons:
        button.click()
    assert calls == [("Go #", "a.jpg"), ("Keep #", "a.jpg")]
    assert [button.description for button in card.buttons] == ["Go #1", "Keep #1"]
    assert card.buttons[0].tooltip == "Go #1, A.JPG, 0.50"
    assert card.buttons[1].tooltip == "Keep #1"
    assert [button.button_style for button in card.buttons] == ["", "warning"]
    card.mark([""])
    assert card.buttons[1].button_style == ""


def test_an_item_without_a_score_shows_none():
    gallery = Gallery(1, 200, {"Go #": print})
    gallery.show(pd.DataFrame({"key": ["a"], "score": [np.nan]}), str.upper, lambda keys: [b""])
    card = gallery.cards[0]
    assert "nan" not in card.text.value and "#1" in card.text.value
    assert card.button.tooltip == "Go #1, A"


def test_a_name_that_is_cut_has_its_whole_text_as_tooltip():
    assert name_html('a "long" <b>') == (
        '<div class="zapsim-name" title="a &quot;long&quot; &lt;b&gt;">'
        "a &quot;long&quot; &lt;b&gt;</div>"
    )


def test_a_card_is_as_wide_as_its_picture():
    card = Card(2, {"Go #": print}, {}, {}, {})
    assert card.image.width == card.image.height == str(CARD)
