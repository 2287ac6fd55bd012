"""export.py: what is shown, as a page and as a table to take away."""

import csv
import re
from html import unescape
from io import StringIO

import numpy as np
import pytest

import zapsim
from tests.widgets.shop import DEGREES, KEYS, METADATA
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.export import csv_of, html_of


@pytest.fixture
def state(make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS, metadata=METADATA))
    frame = on_a_circle(catalogue, DEGREES)
    return BrowserState(zapsim.SimilarityPredictor(catalogue, frame), KEYS[3])


def rows(state):
    return list(csv.DictReader(StringIO(csv_of(state))))


def caption(state):
    return unescape(re.search("<caption>(.*?)</caption>", html_of(state))[1])


def test_the_csv_holds_what_is_shown_and_runs_nothing_in_a_spreadsheet(state):
    state.set_k(5)
    written = rows(state)
    assert [row["key"] for row in written] == [KEYS[n] for n in (4, 5, 2, 1, 0)]
    assert written[0]["rank"] == "1"
    assert float(written[0]["score"]) == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert [row["Note"] for row in written] == ['a, "b"', "", "plain", "'@sum", "'=1+1"]


def test_the_page_holds_what_is_shown_and_says_what_was_asked(state):
    state.set_k(3)
    html = html_of(state)
    assert html.startswith("<!DOCTYPE html>")
    assert html.count('<img alt="') == 4
    assert ">0.985<" in html
    state.more_like(KEYS[0])
    state.less_like(KEYS[5])
    state.set_filter("Brand", ["Aye", "Bee"])
    assert caption(state) == (
        "You may also like… Neighbours of Aye, Oxfords, 3.1, more like Aye, Ankle, 1.1, "
        "less like Bee, Oxfords, 4.10 (Brand: Aye or Bee)"
    )
    roles = re.findall('<th scope="row">(.*?)</th>', html_of(state))
    assert roles == ["query", "more like", "less like", "#1", "#2", "#3"]


def test_a_list_is_exported_whole_without_scores(state):
    state.search("boots <b>")
    assert caption(state) == "3 matches of 'boots <b>'"
    state.search("boots")
    assert [row["key"] for row in rows(state)] == KEYS[:3]
    assert {row["score"] for row in rows(state)} == {""}
    assert "nan" not in html_of(state)
    assert html_of(state).count("<img") == 3
    for key in KEYS[:2]:
        state.toggle_favourite(key)
    state.show_favourites()
    assert [row["key"] for row in rows(state)] == KEYS[:2]
    assert caption(state) == "2 favourites"


def test_a_picture_that_vanished_leaves_the_rest(state):
    for key in (KEYS[3], KEYS[4]):
        (state.catalogue.root / key).unlink()
    assert state.picture() is None
    assert html_of(state).count("cannot be read") == 2
