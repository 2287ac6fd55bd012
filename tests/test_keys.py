"""keys.py: a key is a key everywhere, in whatever spelling."""

import re
import sys
from unicodedata import combining, normalize

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import zapsim
from zapsim.explore.explanation import agreement
from zapsim.io.saved import Neighbours
from zapsim.judge.people import attribute_questions
from zapsim.keys import (
    clean_key,
    composed,
    composed_cells,
    known_key,
    respelt,
    same_keys,
    shared_folders,
)
from zapsim.page.content import page_content
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.export import csv_of
from zapsim.widgets.mixer_state import MixState
from zapsim.widgets.quiz_state import QuizState

KEYS = [
    normalize("NFC", key)
    for key in (
        "Boots/Ankle/Müller/1.1.jpg",
        "Boots/Ankle/Müller/1.2.jpg",
        "Boots/Ankle/Ähnlich/2.1.jpg",
        "Schuhe/Flach/Café/3.1.jpg",
        "Schuhe/Flach/Café/4.1.jpg",
        "Schuhe/Flach/Größe/5.1.jpg",
    )
]
ONE, OTHER = KEYS[2], KEYS[4]
SPELLINGS = {
    "decomposed": lambda key: normalize("NFD", key),
    "backslashes": lambda key: key.replace("/", "\\"),
    "dot": lambda key: f"./{key}",
    "double slashes": lambda key: key.replace("/", "//"),
    "all": lambda key: ".\\" + normalize("NFD", key).replace("/", "\\"),
}


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


@pytest.fixture
def features(catalogue, on_a_circle):
    return on_a_circle(catalogue, [0, 1, 10, 50, 60, 62])


@pytest.fixture(params=SPELLINGS)
def spelt(request):
    return SPELLINGS[request.param]


def renamed(values, spelt):
    """A Series or DataFrame whose rows, and columns if they are keys, are spelt otherwise."""
    values = values.rename(index=spelt)
    if isinstance(values, pd.DataFrame) and values.columns.isin(KEYS).all():
        values = values.rename(columns=spelt)
    return values


def shown(figure):
    return [axes.get_title() + axes.get_xlabel() for axes in figure.axes], [
        image.get_array().tolist() for axes in figure.axes for image in axes.images
    ]


def browsed(predictor, query):
    state = BrowserState(predictor, query)
    state.show(KEYS[0])
    state.show(query)
    return state.query, state.facts(), csv_of(state), state.name


def mixed(catalogue, features, query):
    state = MixState(catalogue, {"circle": features}, query)
    return state.query, state.neighbours()


def quizzed(catalogue, predictor, query):
    questions = pd.DataFrame(
        {"query": [query], "a": KEYS[0], "b": query, "score_a": 1, "score_b": 0}
    )
    return catalogue.caption(QuizState(catalogue, questions).current["query"])


def P(catalogue, features):
    return zapsim.SimilarityPredictor(catalogue, features)


# Each takes a catalogue, its features, and one key.
TAKES_A_KEY = {
    "subset": lambda c, f, key: list(c.subset([key, ONE]).keys),
    "picture": lambda c, f, key: c.picture(key).tolist(),
    "picture_or_none": lambda c, f, key: c.picture_or_none(key).tolist(),
    "read": lambda c, f, key: c.read(key),
    "thumbnail": lambda c, f, key: c.thumbnail(key),
    "content": lambda c, f, key: c.content(key),
    "caption": lambda c, f, key: c.caption(key),
    "similar": lambda c, f, key: P(c, f).similar(key, 4, hide_colourways=True),
    "matrix": lambda c, f, key: P(c, zapsim.similarity_matrix(f)).similar(key, 4),
    "plot": lambda c, f, key: shown(P(c, f).plot(key)),
    "html": lambda c, f, key: P(c, f).html(key).data,
    "row": lambda c, f, key: P(c, f).row(key),
    "with_pictures": lambda c, f, key: str(
        P(c, f).with_pictures(pd.DataFrame({"rank": [1], "key": [key], "score": [1.0]}))
    ),
    "browser": lambda c, f, key: browsed(P(c, f), key),
    "browse": lambda c, f, key: zapsim.browse(P(c, f), key).state.query,
    "mixer": lambda c, f, key: mixed(c, f, key),
    "mix": lambda c, f, key: zapsim.mix(c, {"circle": f}, key).state.query,
    "quiz": lambda c, f, key: quizzed(c, P(c, f), key),
    "agreement": lambda c, f, key: agreement(c, key, OTHER),
    "plot_side_by_side": lambda c, f, key: shown(
        zapsim.plot_side_by_side(c, key, {"one": P(c, f), "again": P(c, f)}, k=2)
    ),
    "plot_cases": lambda c, f, key: shown(
        zapsim.plot_cases(c, zapsim.top_k(f, 2), c.table["Category"], [key])
    ),
}


def assert_same(one, other):
    if isinstance(one, (pd.DataFrame, pd.Series)):
        (pd.testing.assert_frame_equal if one.ndim == 2 else pd.testing.assert_series_equal)(
            one, other
        )
    elif isinstance(one, tuple):
        for each, theirs in zip(one, other, strict=True):
            assert_same(each, theirs)
    else:
        assert one == other


@pytest.mark.parametrize("take", TAKES_A_KEY)
def test_a_key_is_known_in_any_spelling(catalogue, features, spelt, take):
    call = TAKES_A_KEY[take]
    assert_same(call(catalogue, features, spelt(ONE)), call(catalogue, features, ONE))


@pytest.mark.litert
def test_a_key_is_explained_in_any_spelling(catalogue, spelt):
    features = zapsim.VGG16Extractor(image_size=32).extract(catalogue)
    predictor = P(catalogue, features)
    why, same = (zapsim.explain(predictor, key, OTHER) for key in (spelt(ONE), ONE))
    assert (why.score, why.names) == (same.score, same.names)
    pd.testing.assert_frame_equal(why.agreement, same.agreement)


# Each takes a catalogue, and values by key: features, or what is made of them.
TAKES_A_FRAME = {
    "predictor": lambda c, f, r: P(c, r(f)).similar(ONE),
    "matrix": lambda c, f, r: P(c, r(zapsim.similarity_matrix(f))).similar(ONE),
    "blend": lambda c, f, r: zapsim.blend({"one": f, "other": r(f)}),
    "mixer": lambda c, f, r: MixState(c, {"one": f, "other": r(f)}, ONE).neighbours(),
    "top_k": lambda c, f, r: zapsim.top_k(f, 3, r(c.table["Category"])).indices.tolist(),
    "labels": lambda c, f, r: zapsim.evaluate(zapsim.top_k(f, 2), r(c.table["Category"])),
    "exclude": lambda c, f, r: zapsim.evaluate(
        zapsim.top_k(f, 2, c.table["Product"]), c.table["Category"], exclude=r(c.table["Product"])
    ),
    "clusters": lambda c, f, r: zapsim.evaluate(
        zapsim.top_k(f, 2), c.table["Category"], clusters=r(c.table["Product"])
    ),
    "precision": lambda c, f, r: zapsim.precision_at_k(zapsim.top_k(r(f), 2), c.table["Category"]),
    "neighbours": lambda c, f, r: zapsim.evaluate(zapsim.top_k(r(f), 2), c.table["Category"]),
    "confusion": lambda c, f, r: zapsim.confusion(zapsim.top_k(r(f), 2), c.table["Category"]),
    "paired": lambda c, f, r: zapsim.paired_difference(
        zapsim.top_k(f, 2), zapsim.top_k(r(f[::-1]), 2), c.table["Category"]
    ),
    "scorecard": lambda c, f, r: zapsim.scorecard(
        {"one": f, "other": r(f)}, list(c.table["Category"]), 2, against="one"
    ),
    "plot_cases": lambda c, f, r: shown(
        zapsim.plot_cases(c, zapsim.top_k(r(f), 2), c.table["Category"], [ONE])
    ),
    "plot_map": lambda c, f, r: shown(
        zapsim.plot_map(c, r(zapsim.map_catalogue(f, "PCA")), "Category")
    ),
    "near_duplicates": lambda c, f, r: zapsim.near_duplicates(c, r(f), threshold=1),
    "hide_duplicates": lambda c, f, r: P(c, f).similar(
        ONE, hide_duplicates=r(pd.Series([1, 1, 2, 2, 1, 3], f.index))
    ),
    "page": lambda c, f, r: page_content(
        c, c.table, f.to_numpy(), 2, None, r(pd.DataFrame({"x": range(6), "y": 0}, f.index))
    ),
    "side by side": lambda c, f, r: shown(
        zapsim.plot_side_by_side(
            c, ONE, {"a": P(c, f), "saved": respell_column(P(c, f).similar(ONE), r)}
        )
    ),
}


def respell_column(found, rename):
    return rename(found.set_index("key")).reset_index(names="key")


@pytest.mark.parametrize("take", TAKES_A_FRAME)
def test_values_by_key_are_found_in_any_spelling(catalogue, features, spelt, take):
    call = TAKES_A_FRAME[take]
    assert_same(
        call(catalogue, features, lambda values: renamed(values, spelt)),
        call(catalogue, features, lambda values: values),
    )


def test_saved_neighbours_match_a_catalogue_in_any_spelling(catalogue, features, spelt, tmp_path):
    zapsim.save_neighbours(zapsim.top_k(renamed(features, spelt), 2), tmp_path / "n.parquet")
    zapsim.save_matrix(renamed(zapsim.similarity_matrix(features), spelt), tmp_path / "m.parquet")
    loaded = zapsim.load_neighbours(tmp_path / "n.parquet")
    assert isinstance(loaded, Neighbours)
    labels, ours = catalogue.table["Category"], zapsim.top_k(features, 2)
    assert zapsim.precision_at_k(loaded, labels) == zapsim.precision_at_k(ours, labels)
    assert (loaded.indices == ours.indices).all()
    matrix = zapsim.load_matrix(tmp_path / "m.parquet")
    assert_same(P(catalogue, matrix).similar(ONE), P(catalogue, features).similar(ONE))


def test_comparisons_match_features_in_any_spelling(spelt):
    rng = np.random.default_rng(0)
    keys = [f"Müller/{i}.jpg" for i in range(400)]
    features = pd.DataFrame(rng.normal(size=(400, 4)), keys)
    pairs = pd.DataFrame(rng.choice(keys, (200, 2)), columns=["a", "b"]).assign(
        attribute="open", people=rng.choice(["a", "b"], 200)
    )
    ours = attribute_questions(features, pairs, "open")
    theirs = attribute_questions(features, pairs.assign(a=pairs["a"].map(spelt)), "open")
    pd.testing.assert_frame_equal(ours, theirs)


# --- what is no key ------------------------------------------------------------------------------

WRONG = ["Boots/Ankle/Müller/1.9.jpg", "/" + ONE, "../" + ONE, ONE.upper(), "", "1.1.jpg"]


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("take", sorted({*TAKES_A_KEY} - {"picture_or_none"}))
def test_what_is_no_key_is_refused_and_the_closest_offered(catalogue, features, take, key):
    with pytest.raises(KeyError, match=r"No item .* among 6\. (The closest are|One is)"):
        TAKES_A_KEY[take](catalogue, features, key)


def test_two_spellings_of_one_key_in_features_are_refused(catalogue, features):
    twice = pd.concat([features, renamed(features.iloc[[2]], SPELLINGS["decomposed"])])
    with pytest.raises(ValueError, match="hold a key more than once, such as 'Boots/Ankle/Ä"):
        P(catalogue, twice)


def test_two_values_for_one_key_are_refused(catalogue, features):
    labels = catalogue.table["Category"]
    twice = pd.concat([labels, renamed(labels.iloc[[2]], SPELLINGS["dot"])])
    with pytest.raises(ValueError, match="Category has more than one value for 'Boots/Ankle/Ä"):
        zapsim.evaluate(zapsim.top_k(features, 2), twice)


# --- the functions themselves --------------------------------------------------------------------


def test_what_is_known_as_it_stands_is_taken_as_it_stands():
    both = pd.Index(["a/b", "./a/b", "a\\b"])
    for key in both:
        assert known_key(key, both) == key
    assert respelt(both, both) is both
    assert known_key("a//b", both) in ("a/b", "./a/b", "a\\b")


def test_known_keys_may_be_spelt_otherwise_themselves(spelt):
    assert known_key(ONE, pd.Index([spelt(ONE), "x"])) == spelt(ONE)
    assert list(respelt(pd.Index([ONE, "y"], name="key"), pd.Index([spelt(ONE)]))) == [
        spelt(ONE),
        "y",
    ]


def test_what_is_too_long_is_named_by_its_ends():
    known = pd.Index(["a/b.jpg", "c.jpg"])
    with pytest.raises(KeyError, match=r"No item 'x+…x+/b\.jpg' among 2\. One is 'a/b"):
        known_key(f"{'x' * 100_000}/b.jpg", known)
    with pytest.raises(KeyError, match="No item int among 2"):
        known_key(10**5_000, known)


def test_labels_under_what_is_not_unicode_are_refused(catalogue, features):
    labels = catalogue.table["Category"]
    index = pd.Index(["\ud800", *KEYS[1:]], dtype=object)
    with pytest.raises(ValueError, match=r"1 of 6 items have no value .* starts with '\\ud800'"):
        zapsim.precision_at_k(zapsim.top_k(features, 2), labels.set_axis(index))


def test_keys_may_be_numbers():
    numbers = pd.Index([10, 20])
    assert known_key(20, numbers) == 20
    assert same_keys(numbers, pd.Index([10, 20]))
    with pytest.raises(KeyError, match="No item 30 among 2. One is 10"):
        known_key(30, numbers)
    with pytest.raises(KeyError, match=r"No item \[10\] among 2"):
        known_key([10], numbers)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a/b.jpg", "a/b.jpg"),
        (".\\a\\b.jpg", "a/b.jpg"),
        ("a/./b.jpg", "a/b.jpg"),
        ("a/../b.jpg", None),
        ("/a.jpg", None),
        ("C:\\a.jpg", None),
        ("", None),
        (".", None),
        ("\udc80.jpg", None),
    ],
)
def test_clean_keys(name, key):
    assert clean_key(name) == key


def test_figures_are_compared():
    figure = Figure()
    figure.add_subplot().set_title("x")
    assert shown(figure) == (["x"], [])


@pytest.mark.parametrize(
    ("paths", "shared"),
    [
        ([], []),
        (["a.jpg"], []),
        (["a/b/1.jpg"], ["a", "b"]),
        (["a/b/1.jpg", "a/b/c/2.jpg", "a/d/3.jpg"], ["a"]),
        (["a/1.jpg", "a b/2.jpg", "a/3.jpg"], []),
        (["a/b/1.jpg", "a/b"], ["a"]),
    ],
)
def test_shared_folders_are_those_above_all(paths, shared):
    assert shared_folders(paths) == shared


ACUTE, BELOW = "\u0301", "\u0316"
HEAPS = {
    "two kinds": (ACUTE + BELOW) * 20,
    "one behind the other": ACUTE * 16 + BELOW * 16,
    # Each is of two marks, and none itself by its number.
    "composed": "\u0f73" * 31,
}


@pytest.mark.parametrize("heap", HEAPS)
def test_a_heap_of_marks_is_taken_as_it_is(heap):
    text = f"u\u0308/a{HEAPS[heap]}.jpg"
    assert composed(text) == text != normalize("NFC", text)
    assert clean_key(text.replace("/", "\\")) == text
    cells = pd.Series([text, None, 1, text])
    assert composed_cells(cells) is cells


@pytest.mark.parametrize("more", [ACUTE * 15 + BELOW * 14, "★" * 40, "═" * 100, "ก็" * 40])
def test_what_is_no_heap_is_composed(more):
    text = f"u\u0308{more}"
    assert composed(text) == normalize("NFC", text) != text


def test_no_mark_is_a_letter():
    signs = map(chr, range(128, sys.maxunicode + 1))
    marks = (sign for sign in signs if combining(normalize("NFD", sign)[0]))
    assert not [mark for mark in marks if re.match(r"\w", mark)]


def test_cells_that_share_a_text_share_it_composed():
    cells = pd.Series(["Gro\u0308ße"] * 3 + ["plain", None])
    new = composed_cells(cells)
    assert list(new[:4]) == ["Größe"] * 3 + ["plain"]
    assert new[0] is new[1] is new[2]
