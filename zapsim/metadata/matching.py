"""Find the row of each picture in metadata, by whatever people call a picture.

In: metadata as text, and the table that the keys gave. Out: a `Match`, which says which row is
which picture's, by which column and in which way. The edge rule: a row that fits several pictures
is nobody's, and of several rows a picture the first counts; both are counted.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from zapsim.checks import check_choice
from zapsim.io.formats import SUFFIXES
from zapsim.keys import clean_key
from zapsim.metadata.delimited import NAMES, plain_name
from zapsim.metadata.tables import UNNAMED

__all__ = ["Match", "match_rows"]

_DEEPEST = 20
_TRIED = 50


@dataclass
class Match:
    """Which row is which picture's.

    Attributes
    ----------
    column : str
        The one that names the pictures.
    way : str
        How it names them, in words; empty if nothing matched.
    rows : dict
        Key -> the row's position in the metadata.
    unused : dict
        The others' values in the column -> why they are no picture's.
    repeated : dict
        Values of several rows -> how many there are.
    unnamed : int
        Rows without a value in the column.
    """

    column: str
    way: str = ""
    rows: dict = field(default_factory=dict)
    unused: dict = field(default_factory=dict)
    repeated: dict = field(default_factory=dict)
    unnamed: int = 0

    @property
    def n_unclear(self):
        """How many values fit several pictures, or several rows one picture."""
        return sum(" of several " in why for why in self.unused.values())

    @property
    def is_plain(self):
        """Whether nothing had to be found out: by whole keys, or by CIDs."""
        return (self.column, self.way) in [("key", "the whole key"), ("CID", "the CID")]


def match_rows(frame, table, on=None):
    """Find each picture's row: a `Match`.

    The column is `on`, or of those with a usual name the one that most pictures are found by;
    among equal ones, the first of ``key``, ``CID``, ``file_name``, … ``id``, …

    Parameters
    ----------
    frame : pandas.DataFrame
        Metadata, as `find_metadata` gives it.
    table : pandas.DataFrame
        What the keys say, indexed by key.
    on : str, optional

    Raises
    ------
    ValueError
        If there is no column `on`, or none with a usual name.
    """
    columns, numbers = _candidates(frame, on)
    matches = [_match(frame[column], column, table) for column in columns]
    if not any(match.rows for match in matches):
        others = [column for column in frame.columns[:_TRIED] if column not in numbers]
        hint = _hint([_match(frame[column], column, table) for column in others])
        if not hint:
            matches += [_match(frame[column], column, table) for column in numbers]
    if not matches:
        raise ValueError(
            "The metadata needs a column 'CID' (such as 100627-72) or 'key' (the picture's path), "
            "or one that is called file_name, image, path, id or the like; name any other with "
            f"on=….{hint} Received columns: {', '.join(map(repr, frame.columns[:30]))}"
        )
    return max(matches, key=lambda match: len(match.rows))


def _candidates(frame, on):
    """Return the columns to try, and those that may only number the rows."""
    if on is not None:
        # A DataFrame's columns may be called by numbers; here all are texts.
        alike = (column for column in frame if plain_name(column) == plain_name(str(on)))
        on = on if isinstance(on, str) and on in frame else next(alike, on)
        check_choice("on", on, list(frame.columns))
        return [on], []
    usual = [column for name in NAMES for column in frame if plain_name(column) == name]
    # An index without a name, as pandas writes it. That of a filtered DataFrame are row numbers,
    # and pictures are often called by numbers, too.
    unnamed = [column for column in frame.columns[:1] if column.startswith(UNNAMED)]
    numbers = [column for column in unnamed if frame[column].dropna().str.isdecimal().all()]
    return ([] if numbers else unnamed) + usual, numbers


def _hint(matches):
    best = max(matches, key=lambda match: len(match.rows), default=None)
    if not (best and best.rows):
        return ""
    return f" on={best.column!r} would find {len(best.rows):,} pictures."


def _match(cells, column, table):
    """Match one column in the way that finds most pictures; of equal ones, in the strictest."""
    named = cells.fillna("").map(str.strip)
    named = named[named != ""]
    values = named.unique()
    tried = []
    for way in _ways(values, table, lambda: _are_paths(tried, len(values))):
        tried.append((*_count(way), way))
        if tried[-1][0] == len(table):
            break
    # Where nothing matches, what is ambiguous says more than what is unknown.
    *_, way = max(tried, key=lambda counted: (counted[0], not counted[0] and counted[1]))
    match = Match(column, way.said, unnamed=len(cells) - len(named))
    return _match_in_one_way(named, match, way)


def _are_paths(tried, n_values):
    """Tell whether values are paths: one is a whole key, or most are below some folder."""
    return tried[0][0] > 0 or any(2 * found > n_values for found, *_ in tried)


class _Way(NamedTuple):
    """A way to name pictures: words for it, the label of each key and of each value.

    If `many`, a label may stand for several pictures, as a product does. If `bare`, it is only a
    part of a path: values of the same one may mean different pictures.
    """

    said: str
    of_keys: dict
    of_values: dict
    many: bool = False
    bare: bool = False

    def is_clear(self, n_pictures, n_values):
        """Tell whether a label of so many pictures and values says which is which."""
        return (self.many or n_pictures == 1) and not (self.bare and n_values > 1)


def _ways(values, table, are_paths):
    """Yield each `_Way`, the strictest first; `are_paths()` is asked after those by path."""
    keys = {key: key for key in table.index}
    paths = {value: _path(value) for value in values}
    itself = {value: value for value in values}
    yield _Way("the whole key", keys, paths)
    for above_keys, above_paths in _common_folders(keys, paths):
        said = f"the path below {above_keys or above_paths}"
        yield _Way(said, _below(keys, above_keys), _below(paths, above_paths))
    if are_paths():
        # Those with folders name another picture than one that only has the same name.
        paths = {value: path for value, path in paths.items() if "/" not in path}
    if "CID" in table:
        yield _Way("the CID", table["CID"].dropna().to_dict(), itself, many=True)
    key_names, value_names = _names(keys), _names(paths)
    yield _Way("the file's name", key_names, value_names, bare=True)
    key_stems = {key: name.rpartition(".")[0] for key, name in key_names.items()}
    value_stems = {value: _stem(name) for value, name in value_names.items()}
    yield _Way("the file's name without its suffix", key_stems, value_stems, bare=True)
    numbers = _numbers(key_stems), _numbers(value_stems)
    yield _Way("the number in the file's name", *numbers, bare=True)
    if "Product" in table:
        yield _Way("the product", table["Product"].dropna().to_dict(), itself, many=True)


def _path(value):
    """Return a value as a path with slashes; of an address, without what follows ``?``."""
    if value.isascii() and value.replace("-", "").isalnum():
        return value
    value = re.sub(r"[?#].*", "", value) if "://" in value else value
    return clean_key(value) or value.replace("\\", "/")


def _common_folders(keys, paths):
    """List the pairs of folders above all keys and above all paths, the shortest first."""
    # What has no folder, such as "unknown", is none of them.
    longer = [path for path in paths.values() if "/" in path]
    above = [["", *_parents(labels)] for labels in (list(keys), longer)]
    pairs = [(ours, theirs) for ours in above[0] for theirs in above[1] if ours or theirs]
    return sorted(pairs, key=lambda pair: sum(folder.count("/") for folder in pair))


def _parents(paths):
    """List the folders that all paths lie in, ``["a/", "a/b/"]`` of a/b/c.jpg and a/b/d.jpg."""
    # Whatever the first and the last in order begin with, all between them do.
    first, last = (end.split("/")[:-1] for end in (min(paths), max(paths))) if paths else ([], [])
    found = [""]
    for ours, theirs in list(zip(first, last, strict=False))[:_DEEPEST]:
        if ours != theirs:
            break
        found.append(f"{found[-1]}{ours}/")
    return found[1:]


def _below(paths, folder):
    return {name: path.removeprefix(folder) for name, path in paths.items()}


def _names(paths):
    return {name: path.rpartition("/")[2].casefold() for name, path in paths.items()}


def _stem(name):
    return name.rpartition(".")[0] if name.endswith(SUFFIXES) else name


def _numbers(texts):
    """Take zeros off before each number, and ``.0`` after it; None for anything else."""
    found = {name: re.fullmatch(r"0*([0-9]+)(\.0+)?", text) for name, text in texts.items()}
    return {name: match and match[1] for name, match in found.items()}


def _count(way):
    """Count the pictures that a way finds, and the labels that are not clear."""
    pictures, spelt = Counter(way.of_keys.values()), Counter(way.of_values.values())
    both = [label for label in spelt if label and label in pictures]
    clear = [label for label in both if way.is_clear(pictures[label], spelt[label])]
    return sum(pictures[label] for label in clear), len(both) - len(clear)


def _match_in_one_way(named, match, way):
    """Fill in a `Match`; `named` has the value of each row."""
    pictures = {}
    for key, label in way.of_keys.items():
        pictures.setdefault(label, []).append(key)
    spelt = Counter(way.of_values.values())
    seen = set()
    for row, value in named.items():
        label = way.of_values.get(value)
        found = pictures.get(label, []) if label else []
        if not found:
            match.unused[value] = f"{match.column} of no picture"
        elif not way.is_clear(len(found), spelt[label]):
            whose = (
                f"pictures: {', '.join(found[:3])}" if found[1:] else f"rows that fit {found[0]}"
            )
            match.unused[value] = f"{match.column} of several {whose}"
        elif label in seen:
            match.repeated[value] = match.repeated.get(value, 1) + 1
        else:
            match.rows |= dict.fromkeys(found, row)
        seen.add(label)
    return match
