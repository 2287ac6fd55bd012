"""export.py: what is shown, as a page and as a table to take away."""

import csv
import re
from base64 import b64decode
from html import unescape
from io import StringIO

import numpy as np
import pytest

import zapsim
from tests.conftest import ROOT
from tests.widgets.shop import DEGREES, KEYS, METADATA
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.export import _MOST_BYTES, csv_of, export_links, html_of


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


def links(state):
    found = re.findall(r'base64,([^"]*)">([^<]*)</a>( \([^)]*\))?', export_links(state))
    return {name: (b64decode(data).decode("utf-8-sig"), cut) for data, name, cut in found}


def test_of_a_long_list_as_much_is_exported_as_fits_and_it_says_so(state, monkeypatch):
    state.search("boots")
    whole = {"matches.html": (html_of(state), ""), "matches.csv": (csv_of(state), "")}
    assert links(state) == whole
    monkeypatch.setattr("zapsim.widgets.export._MOST_BYTES", len(csv_of(state)) - 1)
    html, csv = links(state).values()
    assert html[1] == " (the first 1 of 3)" and "<caption>1 of 3 matches of" in html[0]
    assert csv[1] == " (the first 2 of 3)"
    assert [row["key"] for row in rows(state)] == KEYS[:2]


def test_an_export_is_no_more_than_the_app_sends_at_once():
    settings = (ROOT / "tools" / "voila.py").read_text(encoding="utf-8")
    most = int(re.search(r"^WAITING = ([\d_]+)$", settings, re.MULTILINE)[1])
    assert 0.7 * most > 2 * _MOST_BYTES * 4 / 3, "two files in base64, and what else is on its way"


def test_a_picture_that_vanished_leaves_the_rest(state):
    for key in (KEYS[3], KEYS[4]):
        (state.catalogue.root / key).unlink()
    assert state.picture() is None
    assert html_of(state).count("cannot be read") == 2
