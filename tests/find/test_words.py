"""words.py: what finds what, in which order, and what is suggested."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.find.words import Words, folded


@pytest.fixture(scope="module")
def predictor():
    return zapsim.SimilarityPredictor(zapsim.load_catalogue(), zapsim.load_features())


def words(texts, **columns):
    """Index items whose keys are numbers, with a column of texts and others."""
    keys = pd.Index([f"{n}.jpg" for n in range(len(texts))], name="key")
    table = pd.DataFrame({"Text": texts, **columns}, index=keys, dtype=object)
    return Words(table, pd.Series(list(keys), index=keys, dtype=object))


def found(texts, query):
    return words(texts).search(query).tolist()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  Château-NORD  ", "chateau nord"),
        ("Straße Łódź Ørsted Æon", "strasse lodz orsted aeon"),
        ("Women's O’Darby", "womens odarby"),
        ("Women\uff07s O\uff40Darby", "womens odarby"),
        ("\uff21\uff22\uff23 \ufb01ne", "abc fine"),
        ("がき ガキ", "がき ガキ"),
        ("a_b.c/d\\e\nf", "a b c d e f"),
        ("( [.*+?^$ ])", ""),
        ("İstanbul ısı", "istanbul isi"),
        ("\udc80 x", "x"),
        ("ｶﾞ ﾊﾟ", "ガ パ"),
        # More marks than any letter has.
        ("one" + "\u05b0\u05b4" * 20 + "two", "one two"),
        ("one" + "\u05b0\uff9e" * 20 + "two", "one two"),
        ("one" + "\u05b0" * 30, "one" + "\u05b0" * 30),
    ],
)
def test_case_accents_and_punctuation_are_gone(text, plain):
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("sneaker", 48),
        ("BELLWEATHER", 36),
        ("1913768", 3),
        ("1913768.14", 1),
        ("chateau", 45),
        ("Château", 45),
        ("loafer flat", 6),
        ("FLAT loafers", 6),
        ("no such shoe", 0),
        ("", 0),
        (" .*( ", 0),
    ],
)
def test_what_people_type_finds_what_they_mean(predictor, query, n):
    assert len(predictor.search(query)) == n


def test_every_word_must_match_in_any_column_and_order(predictor):
    keys = predictor.search("women boots")
    assert set(keys) == set(predictor.search("boots women"))
    table = predictor.table.loc[keys]
    written = table.apply(lambda row: " ".join(map(str, row)), axis=1) + " " + table.index
    for word in ("boot", "women"):
        assert written.str.lower().str.contains(word).all()


def test_a_word_begins_others_and_lies_inside_only_where_it_begins_none():
    assert found(["women", "men", "mens"], "men") == [1, 2]
    assert found(["women", "ankle boot"], "omen") == [0]
    assert found(["a horseshoe"], "shoe") == [0]


@pytest.mark.parametrize(
    ("text", "query"),
    [("loafer", "loafers"), ("Boots", "boot"), ("dress", "dresses"), ("party", "parties")],
)
def test_singular_and_plural_find_each_other(text, query):
    assert found([text, "other"], query) == [0]


@pytest.mark.parametrize("query", ["flipflop", "flip-flops", "FLIP FLOP", "Flip‑Flop"])
def test_compounds_are_found_however_they_are_written(query):
    assert found(["a flip-flop", "Flip‑Flops", "flap"], query) == [0, 1]
    assert found(["a flipflop", "flap"], "flip-flop") == [0]


def test_whole_words_come_before_beginnings_then_names_then_order():
    assert found(["flats", "flat", "flatter", "flat"], "flat") == [1, 3, 0, 2]
    index = words(["red", None, "red"], Brand=[None, "red", None])
    assert index.search("red").tolist() == [1, 0, 2]


def test_an_items_number_finds_it_first(predictor):
    """Whatever else its digits begin, and though heel heights are numbers, too."""
    numbers = {key: key.rpartition("/")[2].removesuffix(".jpg") for key in predictor.table.index}
    assert [n for key, n in numbers.items() if predictor.search(n)[0] != key] == []


def test_the_item_of_exactly_this_key_comes_first(predictor):
    key = predictor.table.index[77]
    assert predictor.search(key)[0] == key
    same_words = pd.Index(["A/1.2.jpg", "A/2.1.jpg"])
    index = Words(pd.DataFrame(index=same_words), pd.Series(["", ""], index=same_words))
    assert index.search("A/2.1.jpg").tolist() == [1, 0]


def test_other_scripts_and_values_that_are_no_text_are_searched():
    texts = ["красный ботинок", "हिन्दी जूता", "赤い靴", 2021, np.nan, None]
    for row, query in enumerate(["КРАСНЫЙ", "जूता", "赤い", "2021"]):
        assert found(texts, query) == [row]
    assert found(texts, "nan") == found(texts, "none") == []


def test_long_and_hostile_texts_are_no_error(predictor):
    for text in (
        "boots " * 2_000,
        "x" * 10_000,
        "(" * 10_000,
        "\x00\n\udc80",
        "a" + "\u0301" * 999,
    ):
        predictor.search(text)
        predictor.suggest(text)
    assert len(predictor.search("boots " * 2_000)) == len(predictor.search("boots"))


def test_only_the_first_twenty_words_count():
    many = " ".join(f"w{n}" for n in range(20))
    assert found([many], f"{many} missing") == [0]
    assert found([many], f"missing {many}") == []


def test_filters_narrow_a_search(predictor):
    keys = predictor.search("boots", {"Gender": "Girls"})
    assert 0 < len(keys) < len(predictor.search("boots"))
    assert predictor.table.loc[keys, "Gender"].str.contains("Girls").all()


def test_suggestions_are_names_first_and_count_what_a_search_finds(predictor):
    offered = predictor.suggest("b", 8)
    assert next(iter(offered)) == "Boots"
    assert {"Bellweather", "Boat Shoes"} <= set(offered)
    assert len(offered) == 8
    for text, n in offered.items():
        assert len(predictor.search(text)) == n
    assert next(iter(predictor.suggest("boots wom"))) == "boots Women"
    assert next(iter(predictor.suggest("knee hi"))) == "Knee High"
    assert next(iter(predictor.suggest("19137"))) == "1913768"
    assert next(iter(predictor.suggest("slipon"))) == "Slip-On"
    assert predictor.suggest("no such") == predictor.suggest("") == predictor.suggest(" (") == {}


def test_a_suggested_caption_counts_all_that_a_search_for_it_finds():
    captions = pd.Series(["Clog, 1", "Clog, 1, wood", "Clog, 1"], index=list("abc"))
    words = Words(pd.DataFrame({"Title": captions}), captions)
    assert words.suggest("clog", 5) == {"Clog, 1": 3, "Clog, 1, wood": 1}


def test_wrong_arguments_are_named(predictor):
    with pytest.raises(TypeError, match="text must be what to search for.*Received: None"):
        predictor.search(None)
    with pytest.raises(TypeError, match="text must be what to search for.*Received: 5"):
        predictor.suggest(5)
    with pytest.raises(ValueError, match="n must be a whole number"):
        predictor.suggest("b", 0)


def test_an_empty_catalogue_of_texts_finds_nothing():
    index = Words(pd.DataFrame(index=pd.Index([])), pd.Series([], dtype=object))
    assert index.search("a").tolist() == []
    assert index.suggest("a", 3) == {}
