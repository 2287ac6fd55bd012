"""Keys in every spelling, and what is none, at every place that takes one.

In: nothing. Out: cases, one an odd key, and random ones for `fuzz`. The edge rule: what `_right`
says, which knows nothing of zapsim's own rules in `zapsim.keys`, is the item that must be taken; of
all else, an error must say what was received, and no other item may be taken in its place.
"""

import csv
import io
import tempfile
import warnings
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from unicodedata import normalize

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from PIL import Image

import zapsim
from tests.hostile.attack import Case, Refused, Unnamed
from zapsim.explore.explanation import agreement
from zapsim.widgets.browser_state import BrowserState
from zapsim.widgets.export import csv_of
from zapsim.widgets.mixer_state import MixState
from zapsim.widgets.quiz_state import QuizState

# Some differ by no more than a letter's size, width or place, so that others could be taken.
KEYS = sorted(
    normalize("NFC", key)
    for key in (
        "7.1.jpg",
        "7.2.jpg",
        "07.1.jpg",
        "Ä/é.jpg",
        "Ä/É.jpg",
        "Ä/e.jpg",
        "ﬁ/１.jpg",
        "fi/1.jpg",
        "nan.jpg",
        "None.jpg",
        "a b/ c.jpg",
        "a b/c.jpg",
        "a/a.jpg",
        "a.jpg",
        "=1+1.jpg",
        "-2+3, 'x';.jpg",
        "C/x.jpg",
        "%2E/x.jpg",
        "한글/각.jpg",
        "😀/👩‍👧.jpg",
    )
)
# An error is read by a person.
_LONGEST = 2_000
_ERRORS = KeyError, ValueError, TypeError


@cache
def _shop():
    """Make a catalogue of these keys, once in a process, and what is built upon it."""
    root = Path(tempfile.mkdtemp(prefix="hostile"))
    for number, key in enumerate(KEYS):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (10 * number, 255 - 10 * number, 40)).save(path)
    labels = [f"label {number % 4}" for number in range(len(KEYS))]
    table = pd.DataFrame({"key": KEYS, "Label": labels, "Odd": [f"{key};x" for key in KEYS]})
    with redirect_stdout(io.StringIO()):
        catalogue = zapsim.load_catalogue(root, table)
    assert list(catalogue.keys) == KEYS
    values = np.random.default_rng(0).random((len(KEYS), 4), np.float32)
    features = pd.DataFrame(values, catalogue.keys)
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    return SimpleNamespace(catalogue=catalogue, features=features, predictor=predictor)


def _right(key):
    """Return the item that a key means, or None."""
    if not isinstance(key, str):
        return None
    plain = normalize("NFC", key.replace("\\", "/"))
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    relative = "/".join(parts)
    return relative if relative in KEYS and not plain.startswith("/") else None


# --- where keys are taken --------------------------------------------------------------------


def _starred(key):
    state = BrowserState(_shop().predictor, KEYS[0])
    state.toggle_favourite(key)
    return state.favourites.keys


def _browsed(key):
    return BrowserState(_shop().predictor, key).query


def _weighed(key, way):
    state = BrowserState(_shop().predictor, _other(key))
    getattr(state, way)(key)
    return state.step.liked + state.step.unliked


def _mixed(key):
    shop = _shop()
    state = MixState(shop.catalogue, {"one": shop.features, "two": shop.features}, key)
    return state.query, state.neighbours()["key"].tolist()


def _asked(key):
    questions = pd.DataFrame({"query": [KEYS[0]], "a": [KEYS[1]], "score_a": 1, "score_b": 0})
    questions["b"] = pd.Series([key], dtype=object)
    catalogue = _shop().catalogue
    return catalogue.caption(QuizState(catalogue, questions).current["b"])


def _labelled(key):
    """Let an item's label be said under this key."""
    labels = _shop().catalogue.table["Label"]
    at = KEYS.index(_right(key)) if _right(key) else 0
    index = pd.Index([*KEYS[:at], key, *KEYS[at + 1 :]], dtype=object)
    neighbours = zapsim.top_k(_shop().features, 3)
    return zapsim.precision_at_k(neighbours, labels.set_axis(index))


# Each takes a key, and returns what tells by which item it was answered.
PLACES = {
    "read": lambda key: _shop().catalogue.read(key),
    "thumbnail": lambda key: _shop().catalogue.thumbnail(key),
    "picture": lambda key: _shop().catalogue.picture(key).tolist(),
    "picture_or_none": lambda key: _shop().catalogue.picture_or_none(key).tolist(),
    "content": lambda key: _shop().catalogue.content(key),
    "caption": lambda key: _shop().catalogue.caption(key),
    "subset": lambda key: list(_shop().catalogue.subset([key]).keys),
    "portion": lambda key: list(_shop().catalogue.portion([key]).keys),
    "row": lambda key: _shop().predictor.row(key),
    "similar": lambda key: _shop().predictor.similar(key)["key"].tolist(),
    "several": lambda key: _shop().predictor.similar([key])["key"].tolist(),
    "unlike": lambda key: _shop().predictor.similar(_other(key), unlike=[key])["key"].tolist(),
    "html": lambda key: _shop().predictor.html(key, k=1).data,
    "favourite": _starred,
    "browse": _browsed,
    "more like": partial(_weighed, way="more_like"),
    "less like": partial(_weighed, way="less_like"),
    "mix": _mixed,
    "quiz": _asked,
    "agreement": lambda key: str(agreement(_shop().catalogue, key, KEYS[0])),
    "labels": _labelled,
}
# A picture, a vector, or a list of those may be given there, too.
EXAMPLES = ("similar", "several", "unlike", "html")


def _other(key):
    return KEYS[1] if _right(key) == KEYS[0] else KEYS[0]


@cache
def _answers(place):
    return {key: PLACES[place](key) for key in KEYS}


def _try(place, key):
    """Give a key to a place: the right item is taken, or an error says what was received."""
    right = _right(key)
    if key is None and place in ("browse", "mix"):
        # Then one is drawn.
        return
    try:
        got = PLACES[place](key)
    except _ERRORS as error:
        if right is not None:
            raise Refused(f"{place}: {key!r:.200}: {error!r:.300}") from error
        _check_says(place, key, error)
    else:
        if right is None:
            raise Unnamed(f"{place}: {key!r:.200} is taken for {got!r:.200}")
        if got != _answers(place)[right]:
            raise Unnamed(f"{place}: {key!r:.200} gives {got!r:.200}")


def _check_says(place, key, error):
    said = str(error.args[0]) if error.args else ""
    if len(said) > _LONGEST:
        raise Unnamed(f"{place}: an error of {len(said):,} characters for {key!r:.100}")
    if not any(each in said for each in _namings(key)):
        raise Unnamed(f"{place}: {key!r:.200} is not named: {type(error).__name__}: {said:.300}")


def _namings(key):
    """Return the ways in which an error may say what was received: if it is long, its kind."""
    kind = type(key).__name__
    try:
        written = repr(key)
    # Python writes no number of thousands of digits.
    except ValueError:
        return [kind]
    if len(written) <= 80:
        return [written] if isinstance(key, str) else [written, str(key), kind]
    return [written, written[:80], kind]


def _everywhere(key):
    for place in PLACES:
        if not isinstance(key, str) and place in EXAMPLES:
            continue
        _try(place, key)
    _vectored(key)


# --- filters and files -----------------------------------------------------------------------


def _filtered(column, value):
    """Filter by any column and value: the rows that have it, or an error that names it."""
    table = _shop().catalogue.table
    try:
        got = _shop().predictor.matching({column: value})
    except _ERRORS as error:
        wrong = value if column in table else column
        said = str(error.args[0])
        if len(said) > _LONGEST + len("".join(KEYS)):
            raise Unnamed(f"an error of {len(said):,} characters for {wrong!r:.100}") from error
        if not any(each in said for each in (*_namings(wrong), repr(str(wrong).strip()))):
            raise Unnamed(f"a filter: {wrong!r:.200} is not named: {said:.300}") from error
        return
    plain = str(value).strip()
    cells = table[column].items()
    right = [
        key for key, cell in cells if plain == cell or plain in map(str.strip, cell.split(";"))
    ]
    if list(got) != right or not right:
        raise Unnamed(f"{column!r}, {value!r:.200}: {list(got)[:5]} for {right[:5]}")


def _loaded(keys):
    """Load favourites of a file that says these keys: each right item, and the others named."""
    state, buffer = BrowserState(_shop().predictor, KEYS[0]), io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["key"], *([key] for key in keys)])
    right = list(dict.fromkeys(key for key in map(_right, keys) if key))
    try:
        said = state.load_favourites(buffer.getvalue().encode(), "stars.csv")
    except ValueError as error:
        if right or "stars.csv" not in str(error):
            raise Refused(f"{keys!r:.300}: {error!r:.300}") from error
        return
    if state.favourites.keys != right:
        raise Unnamed(f"{keys!r:.300} gives {state.favourites.keys!r:.300}")
    unknown = {key for key in keys if key and not _right(key)}
    if unknown and f"{len(unknown):,} of " not in said:
        raise Unnamed(f"{len(unknown)} unknown keys are not counted: {said:.300}")


def _vectored(key):
    """Load an item's vector under this key, beside all others': it is found, or the key is named.

    There, and only there, what is no item's is left out.
    """
    shop, at = _shop(), KEYS.index(_right(key)) if _right(key) else 0
    names = [*KEYS[:at], key, *KEYS[at + 1 :]]
    with warnings.catch_warnings(record=True) as said, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            got = zapsim.load_vectors(shop.features.to_numpy(), names, shop.catalogue)
        except _ERRORS as error:
            if _right(key):
                raise Refused(f"vectors: {key!r:.200}: {error!r:.300}") from error
            # Beside its twin's, a key is there twice, and named.
            return _check_says("vectors", key, error)
    if not np.array_equal(got, shop.features.loc[got.index]):
        raise Unnamed(f"other vectors for {key!r:.200}")
    if _right(key) and len(got) < len(KEYS):
        raise Refused(f"no vector for {key!r:.200}")
    if not _right(key):
        named = any(each in str(warning.message) for warning in said for each in _namings(key))
        if not named or len(got) == len(KEYS) or len(str(said[0].message)) > _LONGEST:
            raise Unnamed(f"vectors: {key!r:.200}: {said[0].message if said else None!s:.300}")


def _exported(keys):
    """Star items, export them, and load them again: they are the same."""
    state, again = (BrowserState(_shop().predictor, KEYS[0]) for _ in range(2))
    for key in keys:
        state.toggle_favourite(key)
    state.show_favourites()
    again.load_favourites(csv_of(state).encode(), "stars.csv")
    if again.favourites.keys != list(keys):
        raise Unnamed(f"{keys} come back as {again.favourites.keys}")


# --- the keys --------------------------------------------------------------------------------

SPELLINGS = {
    "as it stands": lambda key: key,
    "decomposed": lambda key: normalize("NFD", key),
    "compatible": lambda key: normalize("NFKC", key),
    "backslashes": lambda key: key.replace("/", "\\"),
    "a dot before": lambda key: f"./{key}",
    "dots between": lambda key: key.replace("/", "/./"),
    "two slashes": lambda key: key.replace("/", "//"),
    "a slash behind": lambda key: f"{key}/",
    "absolute": lambda key: f"/{key}",
    "a drive": lambda key: f"C:\\{key}",
    "a drive's folder": lambda key: f"C:{key}",
    "a share": lambda key: f"\\\\server\\{key}",
    "an address": lambda key: f"file:///{key}",
    "up and down": lambda key: f"x/../{key}",
    "up": lambda key: f"../{key}",
    "capitals": lambda key: key.upper(),
    "small": lambda key: key.lower(),
    "spaces around": lambda key: f" {key} ",
    "an end of line": lambda key: f"{key}\n",
    "a null": lambda key: f"{key}\0",
    "half a letter": lambda key: f"{key}\ud800",
    "a mark before": lambda key: f"\ufeff{key}",
    "quoted": lambda key: repr(key),
    "without suffix": lambda key: key.rpartition(".")[0],
    "the file's name": lambda key: key.rpartition("/")[2],
    "the folder": lambda key: key.rpartition("/")[0],
    "percent": lambda key: key.replace("/", "%2F"),
    "long": lambda key: f"{'x' * 100_000}/{key}",
    "deep": lambda key: "./" * 20_000 + key,
    "many accents": lambda key: key + "\u0301" * 10_000,
}
NO_TEXTS = {
    "a number": 7,
    "a number with a dot": 7.1,
    "a huge number": 10**5_000,
    "an index": 0,
    "below nothing": -1,
    "true": True,
    "nothing": None,
    "not a number": float("nan"),
    "pandas' missing": pd.NA,
    "no time": pd.NaT,
    "bytes": b"a.jpg",
    "a path": Path("a.jpg"),
    "a list": ["a.jpg"],
    "a list in a list": [["a.jpg"]],
    "no list": [],
    "a tuple": ("a.jpg",),
    "a set": {"a.jpg"},
    "a dict": {"key": "a.jpg"},
    "an array": np.array(["a.jpg"]),
    "a NumPy number": np.int64(7),
    "a Series": pd.Series(["a.jpg"]),
    "a slice": slice(None),
    "all": ...,
    "a type": str,
}
WORDS = ("", ".", "..", "/", "\\", "C:", "*", "?", "[a].jpg", "~", "\0", "\ud800", "x" * 10**6)


def cases(folder):
    spelt = {
        f"{name}, {key}": partial(_everywhere, spell(key))
        for name, spell in SPELLINGS.items()
        for key in (KEYS[-1], "a/a.jpg", normalize("NFC", "Ä/é.jpg"), "=1+1.jpg")
    }
    others = {f"no text: {name}": partial(_everywhere, key) for name, key in NO_TEXTS.items()}
    words = {f"no key: {key[:9]!r}": partial(_everywhere, key) for key in WORDS}
    filters = {
        f"filter {column!r:.20}, {value!r:.20}": partial(_filtered, column, value)
        for column, value in [
            ("Label", "label 1"),
            ("Label", " label 1 "),
            ("Label", "LABEL 1"),
            ("Label", 1),
            ("Label", None),
            ("Odd", "x"),
            ("Odd", KEYS[0]),
            ("Odd", f"{KEYS[0]};x"),
            ("Odd", "y" * 10**6),
            ("label", "label 1"),
            ("", "x"),
            ("x" * 10**6, "x"),
            (7, "x"),
            (None, "x"),
            (("Label",), "label 1"),
        ]
    }
    files = {
        f"favourites {name}": partial(_loaded, [spell(key) for key in KEYS])
        for name, spell in SPELLINGS.items()
        # A CSV file is Unicode.
        if name not in ("half a letter", "a null", "long", "deep", "many accents")
    }
    made = spelt | others | words | filters | files | {"exported": partial(_exported, KEYS)}
    return [Case(name, check, seconds=15) for name, check in made.items()]


_LETTERS = st.characters() | st.sampled_from("./\\:~ '=-\0\n\u0301\u200b\ufeffaÄé１")
_SPELT = st.builds(
    lambda key, spell, more: SPELLINGS[more](SPELLINGS[spell](key)),
    st.sampled_from(KEYS),
    st.sampled_from(list(SPELLINGS)),
    st.sampled_from(list(SPELLINGS)),
)


@st.composite
def _changed(draw):
    key = draw(_SPELT.filter(lambda key: len(key) < 1_000))
    at = draw(st.integers(0, len(key)))
    return key[:at] + draw(st.text(_LETTERS, max_size=3)) + key[at + draw(st.integers(0, 3)) :]


_TEXTS = st.one_of(st.text(_LETTERS, max_size=12), _SPELT, _changed())
_OTHERS = st.one_of(
    st.integers(),
    st.floats(),
    st.binary(max_size=5),
    st.booleans(),
    st.none(),
    st.lists(st.sampled_from(KEYS) | st.integers(), max_size=3),
    st.tuples(st.sampled_from(KEYS)),
    st.dictionaries(st.sampled_from(KEYS), st.integers(), max_size=2),
    st.dates(),
    st.complex_numbers(),
)
_WRITTEN = st.lists(
    _TEXTS.filter(lambda key: key.isprintable() and key.strip() and len(key) < 1_000),
    min_size=1,
    max_size=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def fuzz(data):
    """Give any key to any place, filter by anything, load or export any favourites."""
    way = data.draw(
        st.sampled_from(["text", "text", "other", "filter", "load", "export", "vectors"])
    )
    if way == "text":
        key = data.draw(_TEXTS)
        note(repr(key))
        _try(data.draw(st.sampled_from(list(PLACES))), key)
    elif way == "other":
        _try(
            data.draw(st.sampled_from([place for place in PLACES if place not in EXAMPLES])),
            data.draw(_OTHERS),
        )
    elif way == "filter":
        value = st.one_of(_TEXTS, st.integers(), st.floats(), st.none())
        column = st.one_of(st.sampled_from(["Label", "Odd"]), _TEXTS, st.integers(), st.none())
        _filtered(data.draw(column), data.draw(value))
    elif way == "vectors":
        _vectored(data.draw(_TEXTS))
    elif way == "load":
        _loaded(data.draw(_WRITTEN))
    else:
        _exported(data.draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True)))
