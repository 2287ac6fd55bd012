"""browser_state.py: what a session knows, without any widget."""

import csv
from io import StringIO

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.widgets.browser_state import MAX_K, BrowserState

KEYS = [
    "Boots/Ankle/Aye/1.1.jpg",
    "Boots/Ankle/Aye/1.2.jpg",
    "Boots/Ankle/Bee/2.1.jpg",
    "Shoes/Oxfords/Aye/3.1.jpg",
    "Shoes/Oxfords/Bee/4.1.jpg",
    "Shoes/Oxfords/Bee/4.10.jpg",
]
METADATA = """CID,Closure,Season,Note
1-1,Zipper;Buckle,all,=1+1
1-2,Zipper,all,@sum
2-1,Lace up,all,plain
3-1,Lace up;Buckle,all,-3
4-1,,all,"a, ""b"" "
"""
DEGREES = [0, 1, 10, 50, 60, 62]


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS, metadata=METADATA))


@pytest.fixture
def predictor(catalogue, on_a_circle):
    return zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, DEGREES))


@pytest.fixture
def state(predictor):
    return BrowserState(predictor, KEYS[3])


def numbers(state):
    return [KEYS.index(key) for key in state.neighbours()["key"]]


def everything(state):
    """All that a failed choice must leave alone."""
    return (
        state.query,
        state.k,
        dict(state.where),
        state.hide_colourways,
        state.can_go_back,
        state.can_go_forward,
        list(state.neighbours()["key"]),
    )


# --- the query and the way to it -------------------------------------------------------------


def test_it_begins_with_the_key_given_or_any(state, predictor):
    assert state.query == KEYS[3]
    assert state.name == "Aye, Oxfords, 3.1"
    assert numbers(state) == [4, 5, 2, 1, 0]
    assert not state.can_go_back
    assert not state.can_go_forward
    assert len({BrowserState(predictor, seed=seed).query for seed in range(20)}) > 2
    assert BrowserState(predictor, seed=3).query == BrowserState(predictor, seed=3).query


def test_back_and_forward_follow_the_history(state):
    for key in (KEYS[0], KEYS[4]):
        state.show(key)
    assert numbers(state)[0] == 5
    state.back()
    assert state.query == KEYS[0]
    assert numbers(state)[0] == 1
    state.back()
    assert state.query == KEYS[3]
    assert not state.can_go_back
    state.back()
    assert state.query == KEYS[3]
    state.forward()
    state.forward()
    assert state.query == KEYS[4]
    assert not state.can_go_forward
    state.forward()
    assert state.query == KEYS[4]


def test_a_new_query_forgets_what_was_ahead(state):
    state.show(KEYS[0])
    state.back()
    state.show(KEYS[1])
    assert not state.can_go_forward
    state.back()
    assert state.query == KEYS[3]


def test_showing_the_query_again_is_no_step(state):
    state.show(KEYS[3])
    assert not state.can_go_back


def test_the_history_is_bounded(state):
    for number in range(300):
        state.show(KEYS[number % 2])
    steps = 0
    while state.can_go_back:
        state.back()
        steps += 1
    assert steps == 199


def test_an_unknown_key_changes_nothing(state):
    state.show(KEYS[0])
    before = everything(state)
    with pytest.raises(KeyError, match="No item 'nothing'"):
        state.show("nothing")
    assert everything(state) == before


def test_a_surprise_matches_the_filters_and_differs_from_the_query(state):
    state.set_filter("Brand", "Bee")
    seen = set()
    for _ in range(40):
        before = state.query
        state.surprise()
        assert state.query != before
        seen.add(state.query)
    assert seen == {KEYS[2], KEYS[4], KEYS[5]}


def test_where_only_the_query_is_left_a_surprise_keeps_it(state):
    state.show(KEYS[2])
    state.set_filter("Brand", "Bee")
    state.set_filter("Category", "Boots")
    state.surprise()
    assert state.query == KEYS[2]


def test_no_surprise_where_nothing_matches(state):
    state.set_filter("Category", "Boots")
    state.set_filter("SubCategory", "Oxfords")
    before = everything(state)
    with pytest.raises(ValueError, match="No item matches these filters"):
        state.surprise()
    assert everything(state) == before


# --- what is shown ---------------------------------------------------------------------------


def test_k_is_a_whole_number_within_bounds(state, predictor):
    state.set_k(2)
    assert numbers(state) == [4, 5]
    before = everything(state)
    for wrong in (0, -1, 1.5, True, MAX_K + 1):
        with pytest.raises(ValueError, match="k must be"):
            state.set_k(wrong)
        with pytest.raises(ValueError, match="k must be"):
            BrowserState(predictor, k=wrong)
    assert everything(state) == before
    state.set_k(MAX_K)
    assert len(state.neighbours()) == 5, "no more exist"


def test_filters_narrow_and_are_taken_away(state):
    state.set_filter("Category", "Boots")
    assert numbers(state) == [2, 1, 0]
    state.set_filter("Closure", "Buckle")
    assert numbers(state) == [0]
    state.set_filter("Category", None)
    assert state.where == {"Closure": "Buckle"}
    state.clear_filters()
    assert state.where == {}
    assert len(numbers(state)) == 5


def test_filters_may_leave_nothing(state):
    state.set_filter("Category", "Boots")
    state.set_filter("SubCategory", "Oxfords")
    assert numbers(state) == []


@pytest.mark.parametrize(
    ("column", "value", "error"), [("Brand", "Cee", ValueError), ("Colour", "red", KeyError)]
)
def test_an_unknown_filter_changes_nothing(state, column, value, error):
    state.set_filter("Category", "Boots")
    before = everything(state)
    with pytest.raises(error):
        state.set_filter(column, value)
    assert everything(state) == before


def test_other_colourways_are_hidden_and_come_back(state):
    state.show(KEYS[0])
    assert numbers(state)[:2] == [1, 2]
    state.set_hide_colourways(True)
    assert numbers(state)[:2] == [2, 3]
    state.show(KEYS[4])
    assert numbers(state)[0] == 3, "also for the next query"
    state.set_hide_colourways(False)
    assert numbers(state)[0] == 5


def test_filters_offered_are_columns_that_divide_the_items(state):
    offered = state.filters()
    assert list(offered) == ["Category", "SubCategory", "Brand", "Closure", "Note"]
    assert offered["Closure"] == {"Buckle": 2, "Lace up": 2, "Zipper": 2}
    # Product, Colourway and CID name items; Season has one value.


def test_a_column_of_thousands_of_values_is_no_filter(predictor):
    predictor.table["Price"] = range(len(KEYS))
    assert "Price" in BrowserState(predictor).filters()
    many = ";".join(map(str, range(2_001)))
    predictor.table["Cost"] = [many] * len(KEYS)
    assert "Cost" not in BrowserState(predictor).filters()


def test_neighbours_are_looked_up_once_for_every_k(state, monkeypatch):
    calls = []
    similar = state.predictor.similar
    monkeypatch.setattr(
        state.predictor, "similar", lambda *args: calls.append(args) or similar(*args)
    )
    for k in range(1, MAX_K + 1):
        state.set_k(k)
        state.neighbours()
    assert calls == []
    state.show(KEYS[0])
    state.neighbours()
    assert len(calls) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda state: state.show(KEYS[0]),
        lambda state: state.back(),
        lambda state: state.surprise(),
        lambda state: state.set_filter("Category", "Boots"),
        lambda state: state.clear_filters(),
        lambda state: state.set_hide_colourways(True),
    ],
)
def test_whatever_fails_leaves_everything_as_it_was(state, monkeypatch, act):
    state.show(KEYS[2])
    state.set_filter("Brand", "Bee")
    before = everything(state)

    def fail(*args):
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(state.predictor, "similar", fail)
    with pytest.raises(RuntimeError):
        act(state)
    assert everything(state) == before


# --- a picture of one's own ------------------------------------------------------------------


@pytest.fixture
def searchable(catalogue):
    extractor = zapsim.VGG16Extractor()
    return zapsim.SimilarityPredictor(catalogue, extractor.extract(catalogue), extractor)


def test_my_picture_is_extracted_once_and_stays_in_the_history(searchable, monkeypatch):
    calls = []
    features_of = searchable.features_of
    monkeypatch.setattr(
        searchable, "features_of", lambda picture: calls.append(1) or features_of(picture)
    )
    state = BrowserState(searchable, KEYS[0])
    state.show_own(searchable.catalogue._files.read(KEYS[4]), "mine.jpg")
    assert state.name == "mine.jpg"
    assert numbers(state)[0] == 4
    assert state.neighbours()["score"].iloc[0] == pytest.approx(1, abs=1e-6)
    assert state.facts() == {"Picture": "your own"}
    state.set_filter("Category", "Boots")
    state.set_hide_colourways(True)
    state.back()
    state.forward()
    assert state.name == "mine.jpg"
    assert len(calls) == 1
    assert state.picture().shape == (40, 48, 3)
    assert 'alt="mine.jpg"' in state.html()


def test_of_a_huge_picture_only_a_small_one_is_kept(searchable, encoded, drawn):
    state = BrowserState(searchable, KEYS[0])
    state.show_own(encoded(drawn(1, (3000, 1000)), "JPEG"))
    assert state.picture().shape == (480, 480, 3)


def test_an_unreadable_picture_changes_nothing(searchable):
    state = BrowserState(searchable, KEYS[0])
    before = everything(state)
    with pytest.raises(zapsim.PictureError, match=r"mine\.jpg"):
        state.show_own(b"hello", "mine.jpg")
    assert everything(state) == before


def test_features_that_do_not_fit_change_nothing(state, monkeypatch, encoded, drawn):
    monkeypatch.setattr(state.predictor, "features_of", lambda _: np.ones(7, np.float32))
    before = everything(state)
    with pytest.raises(ValueError, match="7 features"):
        state.show_own(encoded(drawn()))
    assert everything(state) == before


# --- search ----------------------------------------------------------------------------------


def test_search_finds_by_name_or_key_whatever_the_case(state):
    assert state.search("aye, ox") == {"Aye, Oxfords, 3.1": KEYS[3]}
    assert state.search("BOOTS/ankle/bee") == {KEYS[2]: KEYS[2]}
    assert list(state.search("Oxfords").values()) == KEYS[3:]
    assert state.search("  4.1 ") == {
        "Bee, Oxfords, 4.1": KEYS[4],
        "Bee, Oxfords, 4.10": KEYS[5],
    }
    assert state.search("no such shoe") == {}
    assert state.search("") == state.search("   ") == {}


def test_a_name_written_out_is_found_though_others_begin_like_it(state):
    assert state.find("Bee, Oxfords, 4.1") == KEYS[4]
    assert state.find(" bee, oxfords, 4.10 ") == KEYS[5]
    assert state.find(KEYS[0].upper()) == KEYS[0]
    assert state.find("Bee, Oxfords") is None
    assert state.find("") is None


def test_search_offers_a_dozen_at_most_and_two_of_one_name_by_their_keys(make_folder):
    keys = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(20)] + ["Boots/Ankle/Aye/deep/3.1.jpg"]
    catalogue = zapsim.load_catalogue(make_folder(*keys))
    frame = pd.DataFrame(np.eye(len(keys)), index=catalogue.keys)
    state = BrowserState(zapsim.SimilarityPredictor(catalogue, frame))
    assert len(state.search("aye")) == 12
    assert set(state.search("/3.1.jpg")) == {keys[3], keys[-1]}


def test_items_without_features_are_not_found(catalogue):
    frame = pd.DataFrame(np.eye(2), index=KEYS[:2])
    state = BrowserState(zapsim.SimilarityPredictor(catalogue, frame))
    assert set(state.search("a").values()) == set(KEYS[:2])
    assert state.find(KEYS[3]) is None


# --- taking it along -------------------------------------------------------------------------


def test_facts_are_what_is_known(state):
    assert state.facts() == {
        "Category": "Shoes",
        "SubCategory": "Oxfords",
        "Brand": "Aye",
        "Product": "3",
        "Closure": "Lace up;Buckle",
        "Season": "all",
        "Note": "-3",
    }


def test_the_csv_holds_what_is_shown_and_runs_nothing_in_a_spreadsheet(state):
    state.set_k(5)
    rows = list(csv.DictReader(StringIO(state.csv())))
    assert [row["key"] for row in rows] == [KEYS[n] for n in (4, 5, 2, 1, 0)]
    assert rows[0]["rank"] == "1"
    assert float(rows[0]["score"]) == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert [row["Note"] for row in rows] == ['a, "b" ', "", "plain", "'@sum", "'=1+1"]


def test_the_page_holds_what_is_shown(state):
    state.set_k(3)
    html = state.html()
    assert html.startswith("<!DOCTYPE html>")
    assert html.count('<img alt="') == 4
    assert ">0.985<" in html


def test_a_picture_that_vanished_leaves_the_rest(state):
    for key in (KEYS[3], KEYS[4]):
        (state.catalogue.root / key).unlink()
    assert state.picture() is None
    assert state.html().count("cannot be read") == 2


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda state: state.show(KEYS[:1]), r"must be the key of one item.*Received: \['"),
        (lambda state: state.show(None), "must be the key of one item.*Received: None"),
        (lambda state: state.set_hide_colourways("no"), "must be True or False.*'no'"),
    ],
)
def test_a_choice_of_the_wrong_kind_is_named_and_changes_nothing(state, act, message):
    before = everything(state)
    with pytest.raises(TypeError, match=message):
        act(state)
    assert everything(state) == before


def test_only_a_predictor_can_be_browsed(catalogue):
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        BrowserState(catalogue)
