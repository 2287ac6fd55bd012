"""favourites.py: stars, and lists of them that were taken away and come back."""

import pandas as pd
import pytest

from tests.widgets.spreadsheets import SAVED_AGAIN
from zapsim.draw.html import csv_text
from zapsim.widgets.favourites import Favourites

KEYS = ["a/1.jpg", "=b/2;=3,+4.jpg", 'c/"3", x.jpg', "d/<i>\n4.jpg"]


@pytest.fixture
def favourites():
    return Favourites(pd.Index(KEYS))


def exported(keys):
    table = pd.DataFrame({"rank": range(1, len(keys) + 1), "key": keys})
    return csv_text(table).encode("utf-8-sig")


def test_a_star_is_set_and_taken_away_in_order(favourites):
    for key in (KEYS[2], KEYS[0], KEYS[1], KEYS[0]):
        favourites.toggle(key)
    assert favourites.keys == [KEYS[2], KEYS[1]]
    assert len(favourites) == 2 and KEYS[1] in favourites and KEYS[0] not in favourites
    with pytest.raises(KeyError, match="No item 'x'"):
        favourites.toggle("x")


def test_what_was_exported_comes_back_whatever_it_is_called(favourites):
    said = favourites.load(exported(KEYS[::-1]), "mine.csv")
    assert favourites.keys == KEYS[::-1]
    assert said == "4 new from mine.csv, 4 in all."
    assert favourites.load(exported(KEYS[:2]), "mine.csv").startswith("0 new")
    assert favourites.keys == KEYS[::-1]


@pytest.mark.parametrize("form", SAVED_AGAIN)
def test_what_a_spreadsheet_saved_again_comes_back(form):
    keys = ["Größe/1.jpg", "b.jpg"]
    favourites = Favourites(pd.Index(keys))
    table = pd.DataFrame({"rank": [1, 2], "key": keys[::-1], "score": "", "Kind": ["", "é"]})
    favourites.load(SAVED_AGAIN[form](csv_text(table)), "mine.csv")
    assert favourites.keys == keys[::-1]


@pytest.mark.parametrize("sign", ["=", " =", "\t=", "\t"])
def test_a_key_is_not_taken_for_another_that_is_exported_so(sign):
    keys = [f"{apostrophes}{sign}e.jpg" for apostrophes in ("", "'", "''")]
    for key in keys:
        favourites = Favourites(pd.Index(keys))
        favourites.load(exported([key]))
        assert favourites.keys == [key]


def test_a_list_with_a_long_cell_comes_back(favourites):
    table = pd.DataFrame({"key": KEYS[:2], "text": ["x" * 200_000, "NA"]})
    said = favourites.load(csv_text(table).encode("utf-8-sig"), "mine.csv")
    assert favourites.keys == KEYS[:2] and said == "2 new from mine.csv, 2 in all."


def test_keys_that_are_unknown_are_counted_and_named(favourites):
    said = favourites.load(exported(["u", "v", "a/1.jpg", "w", "x"]), "mine.csv")
    assert said == (
        "1 new from mine.csv, 1 in all. 4 of 5 are not in this catalogue: 'u', 'v', 'w', …."
    )


def test_of_long_keys_little_is_said(favourites):
    long = ["u" * 1_000_000, "v" * 1_000_000]
    assert len(favourites.load(exported([*long, "a/1.jpg"]), "mine.csv")) < 1_000
    with pytest.raises(ValueError, match="holds no item") as raised:
        favourites.load(exported(long), "mine.csv")
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xd8\xff\xe0 a photo", "is no list of favourites"),
        (b"name,price\nx,1\n", "a column 'key'"),
        (b"", "is no list"),
        (b"key\n", "holds no item"),
        (b"key,name\na/1.jpg,x\na/1.jpg\n", "as many cells in each row"),
        (exported(["u"]), "holds no item of this catalogue. 1 of 1 are not .*'u'"),
        (b"x" * 20_000_001, "too large"),
        (b"\nkey" + b",a" * 1_000_000 + b"\na/1.jpg\n", "is no list"),
        (b"key\n" + b"a\n" * 1_000_000, "too large.* 1,000,001 ends of lines"),
        (b'key\n"' + b"a" * 200_000 + b'"\n', "is no list|holds no item"),
    ],
)
def test_a_file_that_is_none_changes_nothing(favourites, data, message):
    favourites.toggle(KEYS[0])
    with pytest.raises(ValueError, match=message):
        favourites.load(data, "mine.csv")
    assert favourites.keys == [KEYS[0]]
