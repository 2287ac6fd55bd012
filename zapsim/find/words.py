"""Search all that is written about the items: captions, keys and every column.

In: texts by item, and what a person types. Out: positions of items, the best first; suggestions.
Upper and lower case, accents and punctuation make no difference. Items must match every word; a
word matches words that begin with it, and where no word at all begins with it, those that contain
it. The edge rule: a text without a letter or digit finds nothing; of a long one, the first 20
different words count. page/search.js has the same rules: what changes here changes there.
"""

import re
import unicodedata
from bisect import bisect_left

import numpy as np
import pandas as pd

from zapsim.keys import composed

__all__ = ["Words", "folded"]

_MOST_WORDS = 20
# More than all words together weigh in the next of the rules that order what is found.
_STEP = _MOST_WORDS + 1
# What captions are made of, besides the key.
_NAMING = ("Brand", "SubCategory", "Category")
_SHORTEST_STEM = 3
# No word of a catalogue comes after a beginning that ends in it.
_LAST = chr(0x10FFFF)
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
# Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are letters by themselves.
_ACCENTS = re.compile("[\u0300-\u036f]+")
# Marks, and signs that end a word anyway: to put so many marks in order may take hours.
_HEAPS = re.compile(r"[^\w\0-\x7f]{31,}")
_APOSTROPHES = re.compile("['’ʼ`´＇｀\u1fef]")
# Many write "flip-flop" as one word.
_JOINTS = re.compile(r"(?<=[^\W\d_])[-‐‑.](?=[^\W\d_])")
# What is neither a letter, a digit nor a mark ends a word.
_ASCII_GAPS = bytes(
    code if code > 127 or chr(code).isalnum() or chr(code) == "\n" else 32 for code in range(256)
)


def folded(text):
    """Return a text's words in small letters, without accents, with single spaces between.

    Examples
    --------
    >>> from zapsim.find.words import folded
    >>> folded("Women's Château-Straße, 100627.72")
    'womens chateau strasse 100627 72'
    """
    return " ".join(_folded_lines([text])[0].split())


def _folded_lines(texts):
    """Fold many texts at once; there may be several spaces between their words."""
    if not texts:
        # Joined and split again, they would be one.
        return []
    together = "\n".join(texts)
    if not together.isascii() or together.count("\n") >= len(texts):
        # The few texts with other letters are folded one by one, all else together.
        texts = [text if text.isascii() else _without_accents(text) for text in texts]
        together = "\n".join(text.replace("\n", " ") for text in texts)
    together = _APOSTROPHES.sub("", together).lower()
    return together.encode().translate(_ASCII_GAPS).decode().split("\n")


def _findable_lines(texts):
    """Fold many texts at once; words that a hyphen or dot joins stand in them as one word, too."""
    if _JOINTS.search("\n".join(texts)):
        joined = [_JOINTS.sub("", text) for text in texts]
        pairs = zip(texts, joined, strict=True)
        texts = [text if text == other else f"{text} {other}" for text, other in pairs]
    return _folded_lines(texts)


def _without_accents(text):
    # A lone half of a surrogate pair, as in some file names, cannot be encoded.
    text = text.encode("utf-8", "replace").decode()
    # Two letters of half a width, of which NFKD makes marks.
    text = _APOSTROPHES.sub("", text).replace("\uff9e", "\u3099").replace("\uff9f", "\u309a")
    text = _HEAPS.sub(" ", text)
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    text = unicodedata.normalize("NFKC", text).translate(_LETTERS)
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)


class Words:
    """The words of a catalogue's texts, and the items that have them.

    Parameters
    ----------
    table : pandas.DataFrame of shape (n_items, n_columns)
        Indexed by key.
    captions : pandas.Series of shape (n_items,), str
        The items' names for people, in the table's order.
    values : list of (dict of str to int)
        What may be suggested, and how many items have it; those of an earlier dict come first.
    """

    def __init__(self, table, captions, values=()):
        self._keys, self._captions = table.index, captions
        names = [name for name in _NAMING if name in table]
        others = [name for name in table if name not in names]
        naming = [*_parts_of_keys(table.index), *(table[name] for name in names)]
        texts = []
        for text in (*naming, *(table[name] for name in others)):
            _add_folded(texts, text)
            if text is naming[-1]:
                self._n_naming = len(texts)
        codes, lines = zip(*texts, strict=True)
        ends = np.cumsum([0, *map(len, lines)])
        # Where each text's cells begin and end among all, and which of them each item has.
        self._texts = list(zip(ends, ends[1:], codes, strict=False))
        self._index([line for each in lines for line in each])
        self._values = [
            {f" {line}": value for value, line in zip(each, _findable_lines(each), strict=True)}
            for each in (sorted(counts, key=lambda v, c=counts: -c[v]) for counts in values)
        ]

    def _index(self, lines):
        """Keep all different words, sorted, and for each of them the cells that it is in."""
        # All lines are split at once; folding leaves no such character in any of them.
        split = ["\0", *" \0 ".join(lines).split()]
        codes, words = pd.factorize(np.array(split, object))
        cells = np.cumsum(codes == 0) - 1
        cells, codes, words = cells[codes > 0], codes[codes > 0] - 1, words[1:].tolist()
        order = sorted(range(len(words)), key=words.__getitem__)
        self._words = [words[code] for code in order]
        # All words after one another, to look into them all at once, and where each begins.
        self._written = "\n".join(self._words)
        self._begins = np.cumsum([0, *(1 + len(word) for word in self._words)])
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        places = places[codes]
        by_word = np.argsort(places, kind="stable")
        self._cells = cells[by_word]
        self._ends = np.searchsorted(places[by_word], np.arange(len(order) + 1))

    def search(self, text):
        """Return the positions of items that match, ndarray of int64, the best first.

        The item of exactly this key comes first. Then an item is the better, the more of the words
        it has as a whole, not only what they begin; then, the more of these are in its caption or
        key; and then, the more of all are. Ties by position.
        """
        match, points = self._match(_words_of(text), ranked=True)
        if (key := composed(text.strip())) in self._keys:
            points[self._keys.get_loc(key)] = np.iinfo(points.dtype).max
        rows = np.flatnonzero(match)
        return rows[np.argsort(-points[rows], kind="stable")]

    def suggest(self, text, n):
        """Complete a text's last word: dict of at most n texts to how many items each finds.

        Values of columns come first, those that begin with the word before those that contain it,
        frequent ones first; then the captions of items that match.
        """
        tokens = [token for token in text.split() if folded(token)][:_MOST_WORDS]
        found = {}
        for values in self._values if tokens else ():
            last = [f" {word}" for word in folded(tokens[-1]).split()]
            lines = [line for line in values if all(word in line for word in last)]
            for line in sorted(lines, key=lambda line: not line.startswith(last[0])):
                before = [t for t in tokens[:-1] if f" {folded(t)}" not in line]
                self._offer(found, " ".join([*before, values[line]]), n)
        for caption in self._captions.iloc[self.search(text)[:n]] if len(found) < n else ():
            self._offer(found, caption, n)
        return found

    def _offer(self, found, text, n):
        if len(found) < n and text not in found:
            count = int(np.count_nonzero(self._match(_words_of(text))[0]))
            found |= {text: count} if count else {}

    def _match(self, words, ranked=False):
        """Tell which items have all words, (n_items,), bool, and the points of each, int64."""
        match = np.full(len(self._keys), bool(words))
        points = np.zeros(len(match), np.int64)
        for word in words:
            whole = self._cells_of_words(_forms(word))
            cells = np.concatenate([whole, self._cells_beginning(word)])
            cells = cells if len(cells) else self._cells_containing(word)
            match &= self._items(cells)
            if not match.any():
                break
            if ranked:
                named, begun = (self._items(c, self._n_naming) for c in (whole, cells))
                points += (self._items(whole) * _STEP + named) * _STEP + begun
        return match, points

    def _items(self, cells, n_texts=None):
        """Tell which items have one of the cells, in one of the first texts, or in any."""
        match = np.zeros(len(self._keys), bool)
        has = np.zeros(self._texts[-1][1], bool)
        has[cells] = True
        for start, end, codes in self._texts[:n_texts]:
            if has[start:end].any():
                match |= has[start:end][codes]
        return match

    def _cells_of_words(self, words):
        places = [(bisect_left(self._words, word), word) for word in words]
        slices = [slice(place, place + 1) for place, word in places]
        known = [s for s, (_, word) in zip(slices, places, strict=True) if self._words[s] == [word]]
        return np.concatenate([np.empty(0, np.int64), *map(self._cells_between, known)])

    def _cells_beginning(self, word):
        first, end = bisect_left(self._words, word), bisect_left(self._words, word + _LAST)
        return self._cells_between(slice(first, end))

    def _cells_between(self, words):
        return self._cells[self._ends[words.start] : self._ends[words.stop]]

    def _cells_containing(self, word):
        found = [match.start() for match in re.finditer(re.escape(word), self._written)]
        contains = np.zeros(len(self._words), bool)
        contains[np.searchsorted(self._begins, found, side="right") - 1] = True
        return self._cells[np.repeat(contains, np.diff(self._ends))]


def _parts_of_keys(keys):
    """Return folders, file names and suffixes of keys, three lists: few folders differ."""
    split = [key.rpartition("/") for key in keys.tolist()]
    files = [file.rpartition(".") if "." in file else (file, "", "") for *_, file in split]
    return [f for f, *_ in split], [stem for stem, *_ in files], [suffix for *_, suffix in files]


def _add_folded(texts, text):
    """Append codes, (n_items,), and different cells, folded, unless a text before says the same.

    Code 0 is a cell of no words: that of items without a value.
    """
    codes, cells = pd.factorize(np.asarray(text, object))
    codes, lines = codes + 1, ["", *_findable_lines(list(map(str, cells)))]
    # A product's number stands in its key, and often in further columns.
    if not any(lines == other and np.array_equal(codes, known) for known, other in texts):
        texts.append((codes, lines))


def _words_of(text):
    """Return a text's different words, the first few of them."""
    return list(dict.fromkeys(folded(text).split()))[:_MOST_WORDS]


def _forms(word):
    """Return a word and what may be its singular or plural in English.

    A wrong guess does no harm: it counts only where it is a whole word of the catalogue.
    """
    forms = [word]
    for ending, other in (("ies", "y"), ("es", ""), ("s", ""), ("y", "ies")):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            forms.append(stem + other)
    return forms
