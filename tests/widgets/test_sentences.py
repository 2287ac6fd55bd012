"""sentences.py: what is asked for, in words, and chips to take it away again."""

import pytest

import zapsim
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.sentences import asked, cell_name, chips, summary

KEYS = ["Boots/Ankle/Aye/1.1.jpg", "Boots/Ankle/Aye/2.1.jpg", "Shoes/Flats/Bee/3.1.jpg"]


@pytest.fixture
def state(make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 10, 40]))
    return BrowserState(predictor, KEYS[0], k=2)


def test_the_summary_says_what_is_shown(state):
    assert summary(state) == "2 neighbours of Aye, Ankle, 1.1"
    state.more_like(KEYS[1])
    assert summary(state) == (
        "1 neighbour of Aye, Ankle, 1.1, more like Aye, Ankle, 2.1 "
        "(2 asked for; no more match the filters)"
    )
    state.search("boots")
    assert summary(state) == "2 items match 'boots'. Click one to search."
    state.search("bee")
    assert summary(state) == "1 item matches 'bee'. Click one to search."
    state.show_favourites()
    assert summary(state).startswith("No favourites yet")
    state.toggle_favourite(KEYS[0])
    assert summary(state) == "1 favourite. Export saves them as CSV and HTML."
    state.set_filter("Brand", "Bee")
    assert summary(state) == "No favourite of 1 matches the filters. Take one away."


def test_each_choice_is_a_chip_that_takes_it_away_alone(state):
    state.set_filter("Category", ["Boots", "Shoes"])
    state.less_like(KEYS[2])
    assert [(words, whole) for words, whole, _ in chips(state)] == [
        ("Boots", "Category: Boots"),
        ("Shoes", "Category: Shoes"),
        ("− Bee, Flats, 3.1", "Less like Bee, Flats, 3.1"),
    ]
    for left in (2, 1, 0):
        chips(state)[0][2]()
        assert len(chips(state)) == left
    assert asked(state) == "Aye, Ankle, 1.1"


def test_cells_have_names():
    assert [cell_name(2, cell) for cell in [(0, 0), (1, 1)]] == ["upper left", "lower right"]
    assert cell_name(4, (0, 3)) == "row 1, column 4"
