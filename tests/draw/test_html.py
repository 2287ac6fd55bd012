"""html.py: whatever a file is called is shown as text, and a saved file is whole."""

import base64
import csv
import re
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from tests.draw.formulas import FORMULAS
from zapsim import load_picture
from zapsim.draw.html import (
    csv_text,
    data_link,
    facts_html,
    gallery_html,
    html_page,
    html_table,
    picture_html,
    score_html,
    shown,
    status_html,
)

EVIL = """<img src=x onerror=alert('1')> & "quotes" $x^2$"""
PICTURE = np.full((30, 40, 3), 200, np.uint8)


class Page(HTMLParser):
    """What a browser would make of HTML: its tags with attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize(
    "write",
    [
        lambda name: html_table((PICTURE, name), [(1, 0.5, PICTURE, name)], name),
        lambda name: gallery_html((PICTURE, name), [(1, 0.5, None, name)]),
        lambda name: picture_html(PICTURE, name),
        lambda name: facts_html({name: name}),
        lambda name: status_html(name, wrong=True),
        lambda name: data_link(name, "text/csv", ""),
        lambda name: html_page(name, ""),
    ],
    ids=["table", "gallery", "picture", "facts", "status", "link", "page"],
)
def test_a_hostile_name_stays_a_text(write):
    harmless, hostile = Page(write("name")), Page(write(EVIL))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in harmless.tags]
    attributes = [value for _, attrs in hostile.tags for value in attrs.values()]
    assert EVIL in hostile.text or EVIL in attributes
    assert not any("onerror" in attrs for _, attrs in hostile.tags)


def test_pictures_have_alternative_texts_and_hold_the_picture():
    page = Page(
        html_table((PICTURE, "query"), [(1, 0.5, PICTURE, "one"), (2, 0.4, None, "two")], "")
    )
    assert [image["alt"] for image in page.all("img")] == ["query", "one"]
    data = base64.b64decode(page.all("img")[1]["src"].partition("base64,")[2])
    assert load_picture(data).shape == (136, 136, 3)
    assert "cannot be read" in page.text


def test_a_score_is_a_number_and_a_bar_that_never_points_backwards():
    assert Page(score_html(0.98765)).text == "0.988"
    assert "width: 98.8%" in score_html(0.98765)
    assert Page(score_html(-0.25)).text == "-0.250"
    assert "width: 0.0%" in score_html(-0.25)


def test_facts_list_several_values_apart():
    assert "Zipper, Buckle" in Page(facts_html({"Closure": "Zipper;Buckle"})).text


@pytest.mark.parametrize("text", ["", "<>&\"'", "Château"])
def test_a_link_gives_back_the_text_it_was_made_of(text):
    link = Page(data_link("a.csv", "text/csv", text)).all("a")[0]
    assert link["download"] == "a.csv"
    mime, encoded = re.fullmatch(r"data:(.*);base64,(.*)", link["href"]).groups()
    assert mime == "text/csv"
    data = base64.b64decode(encoded)
    assert data.startswith(b"\xef\xbb\xbf"), "only so do spreadsheets read it as UTF-8"
    assert data.decode("utf-8-sig") == text


def test_a_page_says_how_its_letters_are_written():
    page = html_page("You may also like…", "<p>Château</p>")
    assert page.startswith("<!DOCTYPE html>")
    assert Page(page).all("meta") == [{"charset": "utf-8"}]
    assert "<p>Château</p>" in page


def test_the_status_is_spoken_and_errors_look_different():
    assert Page(status_html("done")).all("div")[0]["role"] == "status"
    assert status_html("done") != status_html("done", wrong=True)


def test_no_cell_of_a_csv_runs_not_even_in_its_header_or_cut_in_pieces():
    table = pd.DataFrame({"=x": list(FORMULAS), "score": range(-3, len(FORMULAS) - 3)})
    rows = list(csv.reader(StringIO(csv_text(table), newline="")))
    assert rows[0] == ["'=x", "score"]
    assert [row[0] for row in rows[1:]] == list(FORMULAS.values())
    assert [row[1] for row in rows[1:5]] == ["-3", "-2", "-1", "0"]


def test_a_csv_has_columns_of_any_name_even_twice():
    table = pd.DataFrame([["=a", 0.1, "b;=c"]], columns=pd.Index([3, "=x", "=x"], dtype=object))
    assert csv_text(table) == "3,'=x,'=x\r\n'=a,0.1,b;'=c\r\n"


def test_a_notebook_reads_no_mathematics_in_html():
    assert Page(shown("from $10 to $20").data).tags == [
        ("div", {"class": "tex2jax_ignore mathjax_ignore"})
    ]
