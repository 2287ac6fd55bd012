"""browser.py: every control does what it says, and mistakes are shown, not raised."""

import base64
import re
import subprocess
import sys
import time
from html import unescape

import ipywidgets as widgets
import pandas as pd
import pytest

import zapsim
from tests.widgets.shop import DEGREES, KEYS
from zapsim.widgets import browser as browser_module
from zapsim.widgets.browser import Browser
from zapsim.widgets.cards import no_picture
from zapsim.widgets.export import csv_of, html_of

EVIL = """<img src=x onerror=alert('1')> & "quotes" $x$"""


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


@pytest.fixture
def predictor(catalogue, on_a_circle):
    return zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, DEGREES))


@pytest.fixture
def browser(predictor):
    return zapsim.browse(predictor, KEYS[3])


@pytest.fixture
def searchable(catalogue):
    extractor = zapsim.VGG16Extractor()
    frame = extractor.extract(catalogue)
    return zapsim.browse(zapsim.SimilarityPredictor(catalogue, frame, extractor), KEYS[0])


def cards(browser):
    return browser.gallery.cards


def numbers(browser):
    return [KEYS.index(card.key) for card in cards(browser)]


def inside(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def says(browser):
    return unescape(re.sub("<[^>]*>", "", browser.status.value))


def complains(browser):
    return "font-weight: bold" in browser.status.value


@pytest.fixture
def made(monkeypatch):
    """Return a list that grows with every widget made, Layouts and styles among them."""
    made, init = [], widgets.Widget.__init__

    def counted(self, *args, **kwargs):
        made.append(type(self).__name__)
        init(self, *args, **kwargs)

    monkeypatch.setattr(widgets.Widget, "__init__", counted)
    return made


# --- what is on the page ---------------------------------------------------------------------


def test_it_opens_with_the_query_its_facts_and_its_neighbours(browser, catalogue):
    assert numbers(browser) == [4, 5, 2, 1, 0]
    assert browser.gallery.query.image.value == catalogue.thumbnail(KEYS[3], 220)
    assert "Aye, Oxfords, 3.1" in browser.gallery.query.text.value
    assert "Oxfords" in browser.gallery.query.text.value
    first = cards(browser)[0]
    assert first.image.value == catalogue.thumbnail(KEYS[4])
    assert "#1" in first.text.value
    assert "0.985" in first.text.value
    assert "width: 98.5%" in first.text.value
    assert "Bee, Oxfords, 4.1<" in first.text.value
    assert first.button.description == "Search like #1"
    assert first.button.tooltip == "Search like #1, Bee, Oxfords, 4.1, 0.98"
    assert (
        says(browser)
        == "5 neighbours of Aye, Oxfords, 3.1 (8 asked for; no more match the filters)"
    )
    assert repr(browser) == "Browser of 6 items"


def test_every_button_has_words(browser):
    buttons = [w for w in inside(browser) if isinstance(w, (widgets.Button, widgets.FileUpload))]
    assert len(buttons) == 9 + 5 * 4
    assert all(button.description.strip() for button in buttons)


def test_wrong_arguments_are_refused(predictor):
    with pytest.raises(KeyError, match="No item 'nothing'"):
        zapsim.browse(predictor, "nothing")
    with pytest.raises(ValueError, match="k must be at most 24"):
        zapsim.browse(predictor, k=25)
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        zapsim.browse(predictor.catalogue)
    with pytest.raises(TypeError, match=r"key must be the key of one item.*Received: \['"):
        zapsim.browse(predictor, KEYS[:1])
    with pytest.raises(TypeError, match="shows a BrowserState.*Received: SimilarityPredictor"):
        Browser(predictor)


def test_a_frozen_preview_shows_the_same(browser):
    html = browser.preview().data
    assert re.findall('alt="([^"]*)"', html)[:2] == ["Aye, Oxfords, 3.1", "Bee, Oxfords, 4.1"]
    assert html.count("<img ") == 6


# --- every control ---------------------------------------------------------------------------


def test_a_click_on_a_card_makes_it_the_query(browser, catalogue):
    cards(browser)[2].button.click()
    assert browser.state.query == KEYS[2]
    assert numbers(browser) == [1, 0, 3, 4, 5]
    assert browser.gallery.query.image.value == catalogue.thumbnail(KEYS[2], 220)
    assert "Bee, Ankle, 2.1" in browser.gallery.query.text.value
    assert cards(browser)[0].image.value == catalogue.thumbnail(KEYS[1])


def test_back_and_forward_are_offered_only_where_they_lead_somewhere(browser):
    assert browser.back.disabled
    assert browser.forward.disabled
    cards(browser)[2].button.click()
    assert not browser.back.disabled
    browser.back.click()
    assert browser.state.query == KEYS[3]
    assert numbers(browser) == [4, 5, 2, 1, 0]
    assert browser.back.disabled
    browser.forward.click()
    assert browser.state.query == KEYS[2]
    assert browser.forward.disabled


def test_surprise_shows_another_item(browser):
    before = browser.state.query
    browser.surprise.click()
    assert browser.state.query != before
    assert "neighbours of" in says(browser)


def test_the_slider_sets_how_many_cards_there_are(browser):
    for k, shown in [(2, 2), (5, 5), (1, 1), (24, 5)]:
        browser.k.value = k
        assert len(cards(browser)) == shown
        assert browser.state.k == k
    assert browser.k.max == 24
    assert "(24 asked for; no more match" in says(browser)
    browser.k.value = 1
    assert says(browser) == "1 neighbour of Aye, Oxfords, 3.1"


def dropdown(browser, column):
    return browser.filters.by_column[column]


def options(browser, column):
    return [label for label, _ in dropdown(browser, column).options]


def chips(browser):
    return [chip.description for chip in browser.chips.buttons]


@pytest.fixture
def filtered(predictor):
    return zapsim.browse(predictor, KEYS[3], filters=["Category", "SubCategory", "Brand"])


def test_filters_narrow_each_other_and_chips_take_them_away(filtered):
    assert list(filtered.filters.by_column) == ["Category", "SubCategory", "Brand"]
    assert options(filtered, "Category") == ["any", "Boots (3)", "Shoes (3)"]
    assert chips(filtered) == [] and filtered.chips.box.children == ()
    dropdown(filtered, "Category").value = "Boots"
    assert numbers(filtered) == [2, 1, 0]
    assert options(filtered, "SubCategory") == ["any", "Ankle (3)"]
    assert options(filtered, "Brand") == ["any", "Aye (2)", "Bee (1)"]
    assert options(filtered, "Category") == ["Boots", "✓ Boots (3)", "Shoes (3)"]
    dropdown(filtered, "Category").value = "Shoes"
    assert chips(filtered) == ["✕ Boots", "✕ Shoes"], "several values a filter"
    assert len(cards(filtered)) == 5
    assert dropdown(filtered, "Category").label == "Boots or Shoes"
    dropdown(filtered, "Brand").value = "Bee"
    assert numbers(filtered) == [4, 5, 2]
    filtered.chips.buttons[0].click()
    assert chips(filtered) == ["✕ Shoes", "✕ Bee"]
    assert filtered.chips.buttons[0].tooltip == "Take away: Category: Shoes"
    assert numbers(filtered) == [4, 5]
    dropdown(filtered, "Category").value = "Shoes"
    assert chips(filtered) == ["✕ Bee"], "a second choice takes it away"
    filtered.chips.clear.click()
    assert chips(filtered) == [] and len(cards(filtered)) == 5
    assert {d.index for d in filtered.filters.by_column.values()} == {0}, "no empty line"


def test_filters_that_leave_nothing_say_so(filtered):
    dropdown(filtered, "Category").value = "Boots"
    filtered.state.set_filter("SubCategory", "Oxfords")
    filtered._refresh()
    assert cards(filtered) == []
    assert says(filtered) == "No item matches these filters. Take one away."
    filtered.surprise.click()
    assert complains(filtered)
    filtered.chips.clear.click()
    assert not complains(filtered)


def test_an_item_alone_has_no_filter_to_take_away(make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder("1.1.jpg"))
    browser = zapsim.browse(zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0])))
    assert says(browser) == "There is no other item."
    two = zapsim.load_catalogue(make_folder("1.1.jpg", "1.2.jpg"))
    browser = zapsim.browse(zapsim.SimilarityPredictor(two, on_a_circle(two, [0, 1])))
    browser.hide_colourways.value = True
    assert says(browser) == "There are only other colourways of this product, and they are hidden."


def test_of_many_columns_others_can_be_offered(predictor):
    for number in range(9):
        predictor.table[f"ToeStyle{number}"] = ["x", "y"] * 3
    names = [f"ToeStyle{number}" for number in range(9)]
    browser = zapsim.browse(predictor, KEYS[3], filters=names)
    assert list(browser.filters.by_column) == names[:6]
    assert [label for label, _ in browser.filters.more.options] == [
        "…",
        "Toe style6",
        "Toe style7",
        "Toe style8",
    ]
    browser.filters.more.value = "ToeStyle8"
    assert list(browser.filters.by_column) == [*names[:5], "ToeStyle8"]
    assert ">Toe style8<" in dropdown(browser, "ToeStyle8").description
    dropdown(browser, "ToeStyle8").value = "y"
    assert browser.state.where == {"ToeStyle8": ["y"]}
    with pytest.raises(KeyError, match="No column 'Price'"):
        zapsim.browse(predictor, filters=["Price"])


def test_other_colourways_can_be_hidden(predictor):
    browser = zapsim.browse(predictor, KEYS[0])
    assert numbers(browser)[0] == 1
    browser.hide_colourways.value = True
    assert numbers(browser)[0] == 2
    browser.hide_colourways.value = False
    assert numbers(browser)[0] == 1


def enter(browser, text=None):
    """Type a text if one is given, and press Enter, as the front end says it."""
    if text is not None:
        browser.search.box.value = text
    browser.search.box._handle_custom_msg({"event": "submit"}, [])


def test_enter_shows_what_matches_and_a_click_makes_it_the_query(browser):
    browser.search.box.value = "OXFORDS bee"
    assert numbers(browser) == [4, 5, 2, 1, 0], "not before Enter"
    enter(browser)
    assert numbers(browser) == [4, 5]
    assert says(browser) == "2 items match 'OXFORDS bee'. Click one to search."
    assert "nan" not in cards(browser)[0].text.value
    cards(browser)[1].button.click()
    assert browser.state.query == KEYS[5] and browser.search.box.value == ""
    browser.back.click()
    assert numbers(browser) == [4, 5] and browser.search.box.value == "OXFORDS bee"
    browser.back.click()
    assert browser.search.box.value == "" and numbers(browser) == [4, 5, 2, 1, 0]
    browser.search.box.value = "aye"
    browser.search.button.click()
    assert numbers(browser) == [0, 1, 3]


def test_matches_follow_what_is_typed_while_they_are_shown(browser):
    # Enter may overtake the last letters.
    enter(browser, "be")
    for text in ("bee ", "bee ank"):
        browser.search.box.value = text
        assert browser.search.box.value == text
    assert numbers(browser) == [2]
    browser.search.box.value = ""
    assert numbers(browser) == [4, 5, 2, 1, 0]
    assert browser.back.disabled


def test_typing_suggests_and_a_suggestion_that_is_chosen_leads_there(browser):
    browser.search.box.value = "be"
    assert browser.search.box.options[0] == "Bee (3)"
    browser.search.box.value = "Bee (3)"
    assert numbers(browser) == [2, 4, 5] and browser.search.box.value == "Bee"
    browser.back.click()
    browser.search.box.value = "ankle be"
    name = browser.search.box.options[-1]
    assert name == "Bee, Ankle, 2.1"
    browser.search.box.value = name
    assert browser.state.query == KEYS[2] and browser.state.step.text == ""
    assert browser.search.box.value == ""


def test_a_suggestion_with_its_count_is_not_taken_for_another(browser, monkeypatch):
    suggested = {"Bee": 3, "Bee (3)": 1, "Bee (2)": 2}
    monkeypatch.setattr(browser.state.predictor, "suggest", lambda text, n: suggested)
    browser.search.box.value = "be"
    assert browser.search.box.options == ("Bee", "Bee (3)", "Bee (2) (2)")


def test_a_search_without_a_hit_says_so(browser):
    enter(browser, "zzz <b>")
    assert says(browser).startswith("Nothing matches 'zzz <b>'. Fewer or shorter words")
    assert browser.search.box.options == () and cards(browser) == []
    browser.search.box.value = "aye"
    assert says(browser).startswith("3 items match")
    browser.state.set_filter("Brand", "Bee")
    browser._refresh()
    assert "Nothing matches 'aye' under these filters" in says(browser)
    browser.search.box.value = ""
    enter(browser)
    assert says(browser).startswith("Type what to search for")


def test_a_text_that_nobody_types_is_not_searched_for(browser, monkeypatch):
    monkeypatch.setattr(browser.state.predictor, "suggest", pytest.fail)
    monkeypatch.setattr(browser.state.predictor, "search", pytest.fail)
    enter(browser, "boots " * 150_000)
    assert says(browser) == "Search for at most 200 letters. Received: 900,000."


def test_half_a_name_survives_other_controls(browser):
    browser.search.box.value = "ay"
    browser.k.value = 3
    cards(browser)[0].button.click()
    assert browser.search.box.value == "ay"


def press(browser, number, which):
    card = next(card for card in cards(browser) if card.key == KEYS[number])
    card.buttons[which].click()


def test_more_and_less_like_fill_a_basket_and_chips_empty_it(browser):
    press(browser, 0, 1)
    assert says(browser).startswith("4 neighbours of Aye, Oxfords, 3.1, more like Aye, Ankle, 1.1")
    assert numbers(browser)[0] == 2
    press(browser, 5, 2)
    assert "less like Bee, Oxfords, 4.10" in says(browser)
    assert chips(browser) == ["✕ + Aye, Ankle, 1.1", "✕ − Bee, Oxfords, 4.10"]
    browser.back.click()
    assert chips(browser) == ["✕ + Aye, Ankle, 1.1"]
    browser.chips.buttons[0].click()
    assert chips(browser) == [] and numbers(browser) == [4, 5, 2, 1, 0]
    enter(browser, "boots")
    press(browser, 0, 1)
    browser.back.click()
    assert [b.button_style for b in cards(browser)[0].buttons] == ["", "", "", ""]
    browser.forward.click()
    enter(browser, "boots")
    assert [b.button_style for b in cards(browser)[0].buttons] == ["", "info", "", ""]


def test_stars_fill_a_list_that_is_shown_exported_and_loaded(browser, predictor, upload):
    assert browser.load.layout.display == "none"
    press(browser, 5, 3)
    press(browser, 0, 3)
    browser.star.click()
    assert (browser.favourites.description, browser.star.description) == ("★ 3", "★ Favourite")
    assert [c.buttons[3].button_style for c in cards(browser)] == ["", "warning", "", "", "warning"]
    browser.favourites.click()
    assert numbers(browser) == [5, 0, 3]
    assert says(browser).startswith("3 favourites.") and browser.load.layout.display == ""
    browser.export.click()
    name, data = re.findall('download="([^"]*)".*?base64,([^"]*)"', browser.links.value)[1]
    assert name == "favourites.csv"
    press(browser, 5, 3)
    assert numbers(browser) == [0, 3]
    browser.favourites.click()
    assert numbers(browser) == [4, 5, 2, 1, 0]

    other = zapsim.browse(predictor, KEYS[1])
    upload(other.load, base64.b64decode(data), name)
    assert numbers(other) == [5, 0, 3] and says(other).startswith("3 new from favourites.csv")
    assert not other.load.value
    upload(other.load, b"hello", "<b>.csv")
    assert complains(other) and says(other).startswith("<b>.csv is no list of favourites")


def test_a_picture_of_one_s_own_is_no_favourite(searchable, catalogue, upload):
    upload(searchable.upload, catalogue._files.read(KEYS[4]))
    assert searchable.star.disabled
    searchable.back.click()
    assert not searchable.star.disabled


def test_a_cell_of_the_picture_alone_counts(searchable, catalogue):
    upper, lower = searchable.parts.buttons[0, 0], searchable.parts.buttons[1, 1]
    assert (upper.description, lower.description) == ("Upper left", "Lower right")
    plain = searchable.gallery.query.image.value
    lower.click()
    assert lower.button_style == "info" and searchable.gallery.query.image.value != plain
    assert says(searchable).startswith("5 neighbours of Aye, Ankle, 1.1, by its lower right only")
    assert chips(searchable) == ["✕ Lower right"]
    searchable.chips.buttons[0].click()
    assert lower.button_style == "" and searchable.gallery.query.image.value == plain


def test_without_a_grid_there_are_no_parts(browser):
    assert browser.parts is None


def test_export_gives_links_that_hold_what_is_shown(browser):
    assert browser.links.value == ""
    browser.k.value = 2
    browser.export.click()
    links = re.findall(
        'download="([^"]*)".*?href="data:([^;]*);base64,([^"]*)"', browser.links.value
    )
    assert [link[:2] for link in links] == [
        ("neighbours.html", "text/html"),
        ("neighbours.csv", "text/csv"),
    ]
    html, csv = (base64.b64decode(link[2]) for link in links)
    assert html.decode("utf-8-sig") == html_of(browser.state)
    assert html.count(b'<img alt="') == 3
    assert csv.decode("utf-8-sig") == csv_of(browser.state)
    assert csv.startswith(b"\xef\xbb\xbf")
    browser.k.value = 3
    assert browser.links.value == "", "it would hold what is no longer shown"


# --- a picture of one's own ------------------------------------------------------------------


def test_my_picture_becomes_the_query_and_can_be_chosen_again(
    searchable, catalogue, monkeypatch, upload
):
    calls = []
    features_of = searchable.state.predictor.features_of
    monkeypatch.setattr(
        searchable.state.predictor, "features_of", lambda p: calls.append(1) or features_of(p)
    )
    data = catalogue._files.read(KEYS[4])
    upload(searchable.upload, data)
    assert numbers(searchable)[0] == 4
    assert says(searchable).startswith("6 neighbours of mine.jpg")
    assert not searchable.upload.value
    assert len(calls) == 1
    searchable.back.click()
    assert searchable.state.query == KEYS[0]
    searchable.forward.click()
    assert numbers(searchable)[0] == 4
    assert len(calls) == 1
    searchable.back.click()
    upload(searchable.upload, data)
    assert says(searchable).startswith("6 neighbours of mine.jpg")
    assert len(calls) == 2


def test_loading_the_network_is_announced(searchable, catalogue, upload):
    said, say = [], searchable._say
    searchable._say = lambda text, wrong=False: (said.append(text), say(text, wrong))
    upload(searchable.upload, catalogue._files.read(KEYS[4]))
    assert not any("Loading" in text for text in said), "it is loaded already"
    searchable.state.predictor.extractor = None
    upload(searchable.upload, catalogue._files.read(KEYS[4]))
    assert said[-2].startswith("Loading the network to look at mine.jpg")
    assert said[-1].startswith("6 neighbours")


def test_what_is_too_large_to_arrive_is_said_before_one_presses(browser):
    style = browser.children[0].value
    for button, words in [
        (browser.upload, "Search with my picture"),
        (browser.load, "Load favourites"),
    ]:
        assert button.description == f"{words}, up to 10 MB"
        assert f"{words}\\A up to 10 MB" in style


def test_an_unreadable_upload_is_refused_by_name(searchable, upload):
    upload(searchable.upload, b"hello", "<b>.jpg")
    assert complains(searchable)
    assert says(searchable).startswith("<b>.jpg: cannot be read as a picture")
    assert searchable.state.query == KEYS[0]
    assert not searchable.upload.value
    upload(searchable.upload, b"hello", "<b>.jpg")
    assert complains(searchable)


@pytest.mark.parametrize(("size", "fits"), [((8000, 5000), True), ((8100, 8000), False)])
def test_40_megapixels_work_and_more_than_64_are_refused(searchable, encoded, size, fits, upload):
    from PIL import Image

    upload(searchable.upload, encoded(Image.new("RGB", size, "red"), "PNG"))
    assert complains(searchable) is not fits
    if fits:
        assert says(searchable).startswith("6 neighbours of mine.jpg")
    else:
        assert "8100×8000 pixels" in says(searchable)
        assert searchable.state.query == KEYS[0]


def test_a_matrix_cannot_look_at_my_picture_and_says_why(
    catalogue, predictor, encoded, drawn, upload
):
    frame = pd.DataFrame(predictor._unit, index=catalogue.keys)
    matrix = zapsim.similarity_matrix(frame)
    browser = zapsim.browse(zapsim.SimilarityPredictor(catalogue, matrix), KEYS[3])
    upload(browser.upload, encoded(drawn()))
    assert complains(browser)
    assert "A similarity matrix knows only its own items" in says(browser)
    assert browser.state.query == KEYS[3]


def test_the_network_is_loaded_by_an_upload_and_by_nothing_else():
    code = """
import sys, zapsim
catalogue = zapsim.load_catalogue()
predictor = zapsim.SimilarityPredictor(catalogue, zapsim.load_features())
browser = zapsim.browse(predictor, catalogue.keys[0])
browser.gallery.cards[1].button.click(), browser.surprise.click(), browser.back.click()
browser.k.value, browser.search.box.value = 20, "ankle"
browser.filters.by_column["SubCategory"].value = "Ankle"
browser._do(browser.search.enter)
browser.gallery.cards[0].buttons[1].click(), browser.parts.buttons[0, 0].click()
browser.gallery.cards[0].buttons[3].click(), browser.favourites.click()
browser.hide_colourways.value = True
browser.export.click(), browser.preview()
engines = {"tensorflow", "ai_edge_litert"}
assert not engines & set(sys.modules)
browser.state.show_own(catalogue._files.read(catalogue.keys[5]))
assert engines & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# --- what goes wrong -------------------------------------------------------------------------


def test_an_item_whose_file_vanished_keeps_its_place(predictor, catalogue):
    (catalogue.root / KEYS[2]).unlink()
    browser = zapsim.browse(predictor, KEYS[3])
    assert cards(browser)[2].image.value == no_picture(136)
    assert cards(browser)[3].image.value == catalogue.thumbnail(KEYS[1])
    cards(browser)[2].button.click()
    assert browser.state.query == KEYS[2]
    assert browser.gallery.query.image.value == no_picture(220)
    browser.export.click()
    assert browser.links.value
    assert not complains(browser)


@pytest.mark.parametrize(
    "act",
    [
        lambda browser: cards(browser)[0].button.click(),
        lambda browser: browser.surprise.click(),
        lambda browser: browser.back.click(),
        lambda browser: setattr(dropdown(browser, "Brand"), "value", "Aye"),
        lambda browser: browser.chips.clear.click(),
        lambda browser: press(browser, 0, 1),
        lambda browser: press(browser, 0, 2),
        lambda browser: setattr(browser.hide_colourways, "value", True),
    ],
)
def test_an_unforeseen_error_is_shown_and_nothing_changes(browser, monkeypatch, act):
    cards(browser)[2].button.click()
    dropdown(browser, "Category").value = "Boots"
    before = browser.state.step, dict(browser.state.where), numbers(browser)

    def fail(*args, **options):
        raise RuntimeError("the disk is <gone>")

    with monkeypatch.context() as patch:
        patch.setattr(browser.state.predictor, "similar", fail)
        act(browser)
    assert complains(browser)
    assert says(browser) == "the disk is <gone>"
    assert (browser.state.step, browser.state.where, numbers(browser)) == before
    assert dropdown(browser, "Category").label == "Boots", "the controls show what holds"
    assert browser.hide_colourways.value is False
    browser.k.value = 2
    assert not complains(browser)


def test_an_export_that_fails_says_so(browser, monkeypatch):
    monkeypatch.setattr(browser.state, "table", lambda: 1 / 0)
    browser.export.click()
    assert says(browser) == "division by zero"
    assert browser.links.value == ""


@pytest.mark.unix
def test_hostile_names_are_text_everywhere(make_folder, on_a_circle, writes_html):
    keys = [
        "Boots/Ankle/Aye/1.1.jpg",
        f"Boots/{EVIL}/{EVIL}/2.1.jpg",
        f"Shoes/Flat/{EVIL}/{EVIL}.jpg",
    ]
    metadata = 'CID,"<b onclick=x>Colour"\n1-1,<i>red\n2-1,blue\n'
    catalogue = zapsim.load_catalogue(make_folder(*keys, metadata=metadata))
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 10, 20]))
    names = ["Category", "SubCategory", "Brand", "<b onclick=x>Colour"]
    browser = zapsim.browse(predictor, keys[1], filters=names)
    browser.search.box.value = "img src"
    cards(browser)[-1].buttons[2].click()
    browser.export.click()
    written = [browser.gallery.query.text.value, browser.status.value, html_of(browser.state)]
    written += [card.text.value for card in cards(browser)]
    # Only ipywidgets 7 writes these into the page as HTML.
    dropdowns = browser.filters.by_column.values()
    written += [dropdown.description for dropdown in dropdowns if writes_html]
    written += [option for option in browser.search.box.options if writes_html]
    for html in [*written, browser.preview().data]:
        assert not re.search(r"<(img src=x|b onclick|i>red)", html), html
    assert (
        "&lt;img src=x onerror=alert(&#x27;1&#x27;)&gt; &amp; &quot;quotes&quot; $x$"
        in browser.gallery.query.text.value
    )
    assert EVIL in unescape(browser.search.box.options[0])
    browser.search.box.value = unescape(browser.search.box.options[0])
    assert browser.state.query == keys[1] and browser.state.step.unliked == ()


# --- how much work it is ---------------------------------------------------------------------


def test_no_widget_is_made_after_opening(browser, made, encoded, drawn, upload):
    cards(browser)[2].button.click()
    browser.back.click()
    browser.k.value = 24
    dropdown(browser, "Category").value = "Boots"
    browser.chips.clear.click()
    enter(browser, "bee")
    cards(browser)[0].buttons[3].click()
    cards(browser)[1].buttons[1].click()
    browser.favourites.click()
    browser.surprise.click()
    browser.export.click()
    upload(browser.upload, encoded(drawn()))
    assert made == []


def test_opening_makes_few_widgets(predictor, made):
    zapsim.browse(predictor)
    # 24 cards of seven, their shared looks, the controls; over 300 make VS Code slow.
    assert len(made) < 280


def test_each_action_looks_neighbours_up_once(browser, monkeypatch):
    calls, similar = [], browser.state.predictor.similar
    monkeypatch.setattr(
        browser.state.predictor,
        "similar",
        lambda *args, **options: calls.append(args) or similar(*args, **options),
    )

    def count(act):
        calls.clear()
        act()
        return len(calls)

    assert count(lambda: cards(browser)[0].button.click()) == 1
    assert count(lambda: setattr(dropdown(browser, "Brand"), "value", "Bee")) == 1
    assert count(lambda: setattr(dropdown(browser, "Category"), "value", "Boots")) == 1
    assert count(browser.chips.clear.click) == 1, "two dropdowns follow, and ask nothing"
    assert count(lambda: setattr(browser.hide_colourways, "value", True)) == 1
    assert count(browser.back.click) == 1
    assert count(cards(browser)[0].buttons[1].click) == 1
    assert count(cards(browser)[0].buttons[3].click) == 0
    assert count(lambda: [setattr(browser.k, "value", k) for k in range(1, 25)]) == 0
    assert count(lambda: enter(browser, "bee")) == 0


def test_pictures_are_read_when_they_are_shown_and_only_once(catalogue, predictor, monkeypatch):
    read, original = [], catalogue._files.read
    monkeypatch.setattr(catalogue._files, "read", lambda key: read.append(key) or original(key))
    browser = zapsim.browse(predictor, KEYS[3], k=2)
    assert sorted(read) == sorted([KEYS[3], KEYS[4], KEYS[5]])
    read.clear()
    browser.k.value = 3
    browser.k.value = 1
    browser.k.value = 3
    assert read == [KEYS[2]]


def test_words_are_read_before_anybody_searches(browser):
    browser._readers.shutdown()
    assert "_words" in vars(browser.state.predictor)


def test_words_are_not_read_while_somebody_clicks(catalogue, predictor, monkeypatch):
    rests, search = [], predictor.search
    monkeypatch.setattr(browser_module, "_LOOKING", 0.2)
    browser = zapsim.browse(predictor, KEYS[3])
    monkeypatch.setattr(
        predictor,
        "search",
        lambda text: rests.append(time.monotonic() - browser._acted) or search(text),
    )
    for _ in range(4):
        cards(browser)[0].buttons[0].click()
        time.sleep(0.1)
    browser._readers.shutdown()
    assert len(rests) == 1 and rests[0] >= 0.2


def test_colourways_can_be_hidden_only_where_there_are_some(browser, make_folder, on_a_circle):
    assert browser.hide_colourways in inside(browser)
    loose = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", name="loose"))
    alone = zapsim.browse(zapsim.SimilarityPredictor(loose, on_a_circle(loose, [0, 9])))
    assert alone.hide_colourways not in inside(alone)
