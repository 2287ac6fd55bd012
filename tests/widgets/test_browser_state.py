"""browser_state.py: what a session knows, without any widget."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from tests.widgets.shop import DEGREES, KEYS, METADATA
from zapsim.widgets.browser_state import MAX_K, BrowserState
from zapsim.widgets.export import csv_of, html_of


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
        state.step,
        state.k,
        dict(state.where),
        state.hide_colourways,
        list(state.keys),
        state.favourites.keys,
        list(state.filters.offered),
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
    assert state.where == {"Closure": ["Buckle"]}
    state.clear()
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


def test_neighbours_are_looked_up_once_for_every_k(state, monkeypatch):
    calls = []
    similar = state.predictor.similar
    monkeypatch.setattr(
        state.predictor,
        "similar",
        lambda *args, **options: calls.append(args) or similar(*args, **options),
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
        lambda state: state.clear(),
        lambda state: state.set_hide_colourways(True),
        lambda state: state.toggle_filter("Category", "Boots"),
        lambda state: state.more_like(KEYS[0]),
        lambda state: state.less_like(KEYS[0]),
        lambda state: state.toggle_cell((0, 0)),
    ],
)
def test_whatever_fails_leaves_everything_as_it_was(state, monkeypatch, act):
    state.show(KEYS[2])
    state.set_filter("Brand", "Bee")
    before = everything(state)

    def fail(*args, **options):
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
    assert 'alt="mine.jpg"' in html_of(state)
    state.more_like(KEYS[0])
    assert state.name == "mine.jpg" and KEYS[0] not in list(state.neighbours()["key"])


def test_of_a_huge_picture_only_a_small_one_is_kept(searchable, encoded, drawn):
    state = BrowserState(searchable, KEYS[0])
    state.show_own(encoded(drawn(1, (3000, 1000)), "JPEG"))
    assert state.picture().shape == (480, 480, 3)


def test_a_large_picture_is_read_as_the_catalogues_are(searchable, encoded, drawn):
    photo = encoded(drawn(1, (3000, 1000)), "JPEG")
    state = BrowserState(searchable, KEYS[0])
    state.show_own(photo)
    assert (state.query.features == searchable.get_extractor().extract(photo)).all()


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


def test_a_search_shows_its_matches_and_a_click_makes_one_the_query(state):
    state.search(" AYE boots ")
    assert state.step.text == "AYE boots" and state.query == KEYS[3]
    assert numbers(state) == [0, 1] and state.keys == KEYS[:2]
    assert list(state.neighbours()["rank"]) == [1, 2]
    assert state.neighbours()["score"].isna().all()
    assert list(state.neighbours().columns[:3]) == ["rank", "key", "score"]
    state.show(KEYS[1])
    assert numbers(state)[0] == 0 and state.step.text == ""
    state.back()
    assert numbers(state) == [0, 1], "the matches are a step to come back to"
    state.back()
    assert numbers(state) == [4, 5, 2, 1, 0]


def test_another_text_takes_the_place_of_the_one_before(state):
    for text in ("a", "ay", "aye oxf"):
        state.search(text)
    assert numbers(state) == [3]
    state.back()
    assert state.step.text == "" and not state.can_go_back


def test_closing_a_list_shows_the_neighbours_again(state):
    state.search("aye")
    state.close_list()
    assert numbers(state) == [4, 5, 2, 1, 0]
    assert not state.can_go_back and state.can_go_forward
    state.search("aye")
    state.set_filter("Category", "Boots")
    state.more_like(KEYS[2])
    state.search("bee")
    state.close_list()
    assert state.step.liked == (KEYS[2],)


def test_matches_keep_to_the_filters(state):
    state.search("bee")
    assert numbers(state) == [2, 4, 5]
    state.set_filter("Category", "Boots")
    assert numbers(state) == [2]
    state.clear()
    assert numbers(state) == [2, 4, 5]


def test_all_matches_are_counted_and_24_shown(make_folder):
    keys = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(100, 139)]
    catalogue = zapsim.load_catalogue(make_folder(*keys))
    frame = pd.DataFrame(np.eye(len(keys)), index=catalogue.keys)
    state = BrowserState(zapsim.SimilarityPredictor(catalogue, frame), k=3)
    state.search("boots")
    assert len(state.neighbours()) == 24 and state.keys == keys
    assert list(state.table()["key"]) == keys


def test_a_text_without_words_is_refused(state):
    before = everything(state)
    with pytest.raises(ValueError, match="Type what to search for"):
        state.search("  ")
    assert everything(state) == before
    state.search("???")
    assert state.keys == []


# --- the basket ------------------------------------------------------------------------------


def test_more_and_less_like_combine_with_the_query(state, predictor):
    state.more_like(KEYS[0])
    assert numbers(state)[0] == 2, "at 25 degrees, 10 is nearest"
    state.less_like(KEYS[5])
    expected = predictor.similar([KEYS[3], KEYS[0]], 24, unlike=[KEYS[5]])
    pd.testing.assert_frame_equal(state.neighbours(), expected.head(8))
    assert (state.step.liked, state.step.unliked) == ((KEYS[0],), (KEYS[5],))
    state.less_like(KEYS[0])
    assert (state.step.liked, state.step.unliked) == ((), (KEYS[5], KEYS[0]))
    for _ in range(3):
        state.back()
    assert state.step.liked == () and numbers(state) == [4, 5, 2, 1, 0]
    state.forward()
    assert state.step.liked == (KEYS[0],)


def test_a_second_press_takes_out_and_a_new_query_empties_the_basket(state):
    state.more_like(KEYS[0])
    state.more_like(KEYS[0])
    assert state.step.liked == () and numbers(state) == [4, 5, 2, 1, 0]
    state.more_like(KEYS[0])
    state.show(KEYS[2])
    assert state.step.liked == ()


def test_from_a_list_the_basket_leads_to_neighbours(state):
    state.search("boots")
    state.more_like(KEYS[0])
    assert state.neighbours()["score"].notna().all()
    state.back()
    assert state.step.text == "boots"


def test_the_query_itself_and_more_than_a_basket_holds_are_refused(make_folder):
    keys = [f"{n}.jpg" for n in range(20)]
    catalogue = zapsim.load_catalogue(make_folder(*keys))
    frame = pd.DataFrame(np.eye(len(keys)), index=catalogue.keys)
    state = BrowserState(zapsim.SimilarityPredictor(catalogue, frame), keys[0])
    for key in keys[1:13]:
        state.more_like(key)
    before = everything(state)
    with pytest.raises(ValueError, match="The basket is full: it holds 12"):
        state.less_like(keys[13])
    with pytest.raises(ValueError, match="the query already"):
        state.more_like(keys[0])
    with pytest.raises(KeyError):
        BrowserState(state.predictor, keys[0]).more_like("nothing")
    assert everything(state) == before


def test_clear_takes_all_away_and_can_be_undone(state):
    state.set_filter("Category", "Boots")
    state.more_like(KEYS[0])
    state.clear()
    assert (state.where, state.step.liked) == ({}, ())
    state.back()
    assert state.step.liked == (KEYS[0],)
    state.clear()
    before = everything(state)
    state.clear()
    assert everything(state) == before


# --- a part of the picture -------------------------------------------------------------------


@pytest.fixture
def with_grid(catalogue):
    """Six items of a 2×2 grid of two channels; cell (1, 1) alone tells 0 and 5 from the rest."""
    values = np.ones((6, 8))
    values[[0, 5], 6] = 9
    values[:, 0] = range(6)
    frame = pd.DataFrame(values.astype(np.float32), index=catalogue.keys)
    frame.attrs["extractor"] = {"extractor": "Keras", "grid": 2}
    return BrowserState(zapsim.SimilarityPredictor(catalogue, frame), KEYS[0])


def test_only_the_chosen_cells_count(with_grid):
    state = with_grid
    assert state.grid_side == 2
    state.toggle_cell((1, 1))
    assert numbers(state)[0] == 5
    assert state.neighbours()["score"].iloc[0] == pytest.approx(1, abs=1e-6)
    state.toggle_cell((0, 0))
    assert state.step.part == ((0, 0), (1, 1)), "in order, whichever came first"
    expected = state.predictor.similar(KEYS[0], 24, part=[(0, 0), (1, 1)])
    pd.testing.assert_frame_equal(state.neighbours(), expected.head(8))
    state.toggle_cell((1, 1))
    state.toggle_cell((0, 0))
    assert state.step.part == ()
    state.back()
    assert state.step.part == ((0, 0),)
    state.show(KEYS[1])
    assert state.step.part == ()


def test_the_part_is_framed_on_the_picture(with_grid):
    plain = with_grid.picture()
    with_grid.toggle_cell((1, 1))
    framed = with_grid.picture()
    changed = (plain != framed).any(axis=2)
    height, width = changed.shape
    assert changed[height // 2 :, width // 2 :].any() and not changed[: height // 2].any()
    assert not changed[:, : width // 2].any()


def test_a_cell_outside_of_the_grid_changes_nothing(with_grid, state):
    before = everything(with_grid)
    with pytest.raises(ValueError, match="2×2 cells"):
        with_grid.toggle_cell((2, 0))
    assert everything(with_grid) == before
    assert state.grid_side == 0
    with pytest.raises(ValueError, match="part needs features"):
        state.toggle_cell((0, 0))


# --- favourites ------------------------------------------------------------------------------


def test_favourites_are_listed_filtered_and_come_and_go(state):
    for number in (5, 0, 2):
        state.toggle_favourite(KEYS[number])
    assert numbers(state) == [4, 5, 2, 1, 0], "a star changes nothing else"
    state.show_favourites()
    assert numbers(state) == [5, 0, 2] and state.neighbours()["score"].isna().all()
    state.toggle_favourite(KEYS[0])
    assert numbers(state) == [5, 2]
    state.set_filter("Category", "Boots")
    assert numbers(state) == [2]
    state.show_favourites()
    assert numbers(state) == [2, 1, 0], "the neighbours again"
    state.back()
    assert state.favourites.keys == [KEYS[5], KEYS[2]], "going back takes no star away"


def test_exported_favourites_are_loaded_into_another_session(state, predictor):
    for number in (5, 0, 2):
        state.toggle_favourite(KEYS[number])
    state.show_favourites()
    data = csv_of(state).encode("utf-8-sig")
    other = BrowserState(predictor, KEYS[1])
    said = other.load_favourites(data, "favourites.csv")
    assert said == "3 new from favourites.csv, 3 in all."
    assert numbers(other) == [5, 0, 2]
    before = everything(other)
    with pytest.raises(ValueError, match="photo.jpg is no list of favourites"):
        other.load_favourites(b"\xff\xd8", "photo.jpg")
    assert everything(other) == before


# --- what is known ----------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda state: state.show(KEYS[:1]), r"must be the key of one item.*Received: \['"),
        (lambda state: state.show(None), "must be the key of one item.*Received: None"),
        (lambda state: state.set_hide_colourways("no"), "must be True or False.*'no'"),
        (lambda state: state.search(None), "text must be what to search for.* Received: None"),
        (lambda state: state.search("x" * 2_000), "at most 200 letters. Received: 2,000"),
        (lambda state: state.toggle_cell(None), "part needs features that are averages"),
        (lambda state: state.set_filter("Category", 3), "values must be a list, .*Received: 3"),
        (lambda state: state.set_filter(["Category"], "Boots"), "column must be one of Category"),
        (lambda state: state.toggle_filter(["Category"], "Boots"), "column must be one of"),
        (lambda state: state.toggle_filter("Category", np.eye(2)), "No item has Category"),
        (lambda state: state.load_favourites("text"), "must be a file's bytes. Received: 'text'"),
        (lambda state: state.show_own(b"", None), "name must be a text. Received: None"),
        (lambda state: BrowserState(state.predictor, seed=[]), "seed must be a whole number"),
    ],
)
def test_a_choice_of_the_wrong_kind_is_named_and_changes_nothing(state, act, message):
    before = everything(state)
    with pytest.raises((TypeError, ValueError, KeyError), match=message):
        act(state)
    assert everything(state) == before


def test_only_a_predictor_can_be_browsed(catalogue):
    with pytest.raises(
        TypeError, match="must be a zapsim.SimilarityPredictor.*Received: Catalogue"
    ):
        BrowserState(catalogue)
