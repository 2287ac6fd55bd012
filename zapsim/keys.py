"""Say what a key is, however it is spelt, and find it among the known ones.

In: relative names as folders, zips, people and programs write them. Out: keys, paths with slashes
whose letters are composed (Unicode's NFC). The edge rule: what is known as it stands is taken as
it stands; a key that has no other spelling among the known ones is a KeyError, which offers the
closest.
"""

import re
from itertools import takewhile
from unicodedata import combining, is_normalized, normalize

import pandas as pd

__all__ = [
    "by_keys",
    "clean_key",
    "composed",
    "composed_cells",
    "known_key",
    "quoted",
    "respelt",
    "same_keys",
    "shared_folders",
    "unknown_key",
]

_COMPARED = 1_000
# A path is rarely longer.
_LONGEST = 300
_MOST_MARKS = 30
# No mark is a letter or digit.
_SIGNS = re.compile(rf"[^\w\0-\x7f]{{{_MOST_MARKS + 1},}}")


def composed(value):
    """Return a text with its letters composed, so that it equals itself as others write it.

    What is no text is returned as it is, and so is a text with more than 30 marks on one letter,
    which no language has (Unicode's Stream-Safe Text Format, UAX #15).
    """
    if not isinstance(value, str) or value.isascii():
        return value
    return value if len(value) > _MOST_MARKS and _has_heaps(value) else normalize("NFC", value)


def _has_heaps(text):
    """Tell whether there are so many marks in a row that it takes long to put them in order."""
    for run in _SIGNS.findall(text):
        n_marks = 0
        for sign in run:
            # Some count only as what they are composed of.
            n_marks = n_marks + 1 if combining(normalize("NFD", sign)[0]) else 0
            if n_marks > _MOST_MARKS:
                return True
    return False


def composed_cells(cells):
    """Return a Series with the letters of its texts composed; the same one if they are."""
    # Most are told at once. Others come once each: one that many cells share stays one.
    texts = {
        cell
        for cell in cells
        if isinstance(cell, str)
        and not (cell.isascii() or (len(cell) <= _MOST_MARKS and is_normalized("NFC", cell)))
    }
    others = {text: new for text in texts if (new := composed(text)) != text}
    if not others:
        return cells
    found = [others.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
    return pd.Series(found, cells.index, object, cells.name)


def clean_key(name):
    """Return the key of a relative name, or None if it leads elsewhere or is not Unicode."""
    # macOS decomposes accents; some archivers on Windows write backslashes.
    key = composed(name.replace("\\", "/"))
    try:
        key.encode()
    except UnicodeEncodeError:
        return None
    # As pathlib does, which takes milliseconds for a name of thousands of folders.
    parts = [part for part in key.split("/") if part not in ("", ".")]
    if not parts or key.startswith("/") or ".." in parts or parts[0].endswith(":"):
        return None
    clean = "/".join(parts)
    # One text takes less memory than two that are equal.
    return key if clean == key else clean


def known_key(key, keys):
    """Return a key as it is spelt among the known ones (pandas.Index).

    Accents may be decomposed, as on a Mac, slashes be backslashes, and ``./`` come first. KeyError,
    offering the closest, if there is none.
    """
    if isinstance(key, str):
        # The keys of a catalogue are clean, so that most are found before all are looked through.
        for spelt in (key, _plain(key)):
            if spelt in keys:
                return spelt
        (spelt,) = respelt(pd.Index([key], dtype=object), keys)
        if spelt in keys:
            return spelt
    elif pd.api.types.is_hashable(key) and key in keys:
        return key
    raise KeyError(unknown_key(key, keys))


def respelt(index, keys):
    """Return an index (pandas.Index) with its keys spelt as the known ones are.

    What is known as it stands, or has no other spelling among `keys`, stays, and so does an index
    of several levels, which are no keys. So the result may
    hold a key twice if the index has two spellings of it.
    """
    if isinstance(index, pd.MultiIndex):
        return index
    unknown = ~index.isin(keys)
    if not unknown.any():
        return index
    spellings = {_plain(key): key for key in keys}
    found = [
        spellings.get(_plain(key), key) if other else key
        for key, other in zip(index, unknown, strict=True)
    ]
    return pd.Index(found, dtype=index.dtype, name=index.name)


def by_keys(values, keys):
    """Return the rows of a Series or DataFrame that belong to some keys, in their order.

    KeyError if one has none.
    """
    index = respelt(values.index, keys)
    return (values if index is values.index else values.set_axis(index)).loc[keys]


def same_keys(one, other):
    """Tell whether two indexes hold the same keys, in the same order, however they are spelt."""
    return len(one) == len(other) and respelt(other, one).equals(one)


def shared_folders(paths):
    """List the names of the folders that all paths lie in, ``["a", "b"]`` of a/b/c and a/b/d/e."""
    if not paths:
        return []
    # Whatever the first and the last in order begin with, all between them do.
    first, last = (end.split("/")[:-1] for end in (min(paths), max(paths)))
    pairs = zip(first, last, strict=False)
    return [ours for ours, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def _plain(key):
    return clean_key(key) or key if isinstance(key, str) else key


def unknown_key(key, keys):
    """Say that a key is unknown, and offer the closest ones."""
    from difflib import get_close_matches

    # Comparing with 50,000 keys takes seconds; those of the same folder or file name come first.
    text = (key if isinstance(key, str) else quoted(key))[-_LONGEST:]
    folder, _, name = text.rpartition("/")
    texts = [known for known in keys if isinstance(known, str)]
    alike = [k for k in texts if k.startswith(f"{folder}/") or k.endswith(f"/{name}")]
    few = [*alike, *texts[:_COMPARED]][:_COMPARED]
    close = list(dict.fromkeys(get_close_matches(text, few, n=6, cutoff=0.5)))[:3]
    offer = f" One is {next(iter(keys))!r}." if len(keys) else ""
    if close:
        offer = f" The closest are: {', '.join(map(repr, close))}."
    return f"No item {quoted(key)} among {len(keys):,}.{offer}"


def quoted(value):
    """Return a value as it is written, without its middle where that is long."""
    try:
        written = repr(value)
    # Python writes no number of thousands of digits, and any class may raise.
    except Exception:
        return type(value).__name__
    half = _LONGEST // 2
    return written if len(written) <= _LONGEST else f"{written[:half]}…{written[-half:]}"
