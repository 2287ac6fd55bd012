"""Find the row of each picture in metadata, by whatever people call a picture.

In: a `Table` of metadata, and the table that the keys gave. Out: a `Match`, which says which row is
which picture's, by which column and in which way. The edge rule: a row that fits several pictures
is nobody's, and of several rows a picture the first counts; both are counted. The rows of a table
that lies in a folder of pictures are those pictures', whatever is called alike elsewhere.
"""

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby, product
from os.path import isfile
from sys import getsizeof
from typing import NamedTuple
from urllib.parse import unquote

from zapsim.checks import check_choice
from zapsim.io.formats import SUFFIXES
from zapsim.keys import clean_key, composed, shared_folders
from zapsim.metadata.cells import TooLargeError
from zapsim.metadata.delimited import NAMES, plain_name
from zapsim.metadata.tables import UNNAMED, Table

__all__ = ["LONGEST", "Match", "match_columns", "match_rows"]

_DEEPEST = 20
# No path is longer, on any system.
LONGEST = 4_096
# A million names of 350 letters: each way to match them makes others of them.
_MOST_NAMES = 400_000_000
# Where no usual column fits, so many others are tried, by about so many rows of each.
_TRIED, _LOOKED_AT = 50, 10_000
_SEVERAL = re.compile(rf"(?:{'|'.join(map(re.escape, SUFFIXES))})\s*[,;|\n]", re.I)


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
    otherwise : dict
        Rows of which another column, which was not taken, names other pictures -> how. A row is
        called by its value in the column.
    exact : bool
        Whether the column names files, and not only what is a part of their names.
    """

    column: str
    way: str = ""
    rows: dict = field(default_factory=dict)
    unused: dict = field(default_factory=dict)
    repeated: dict = field(default_factory=dict)
    unnamed: int = 0
    otherwise: dict = field(default_factory=dict)
    exact: bool = False

    @property
    def n_unclear(self):
        """How many values fit several pictures, or several rows one picture."""
        return sum(" of several " in why for why in self.unused.values())

    @property
    def is_plain(self):
        """Whether nothing had to be found out: by whole keys, or by CIDs."""
        return (self.column, self.way) in [("key", "the whole key"), ("CID", "the CID")]


def match_rows(metadata, table, on=None, root=None):
    """Find each picture's row: a `Match`.

    The column is `on`, or of those with a usual name the one that most pictures are found by;
    among equal ones, the first of ``key``, ``CID``, ``file_name``, … ``id``, … But one whose
    values are only a part of the files' names, such as numbers, does not count where one that
    names the files means other pictures by the same rows.

    Parameters
    ----------
    metadata : Table
        As `find_metadata` gives it.
    table : pandas.DataFrame
        What the keys say, indexed by key.
    on : str, optional
    root : pathlib.Path, optional
        Where the pictures lie: its name counts as that of a folder above all keys.

    Raises
    ------
    ValueError
        If there is no column `on`, or none with a usual name.
    """
    frame = metadata.frame
    columns, numbers = _candidates(frame, on)
    matches = _matches(metadata, columns, table, root)
    if not any(match.rows for match in matches):
        others = [column for column in frame.columns[:_TRIED] if column not in numbers]
        step = max(1, len(frame) // _LOOKED_AT)
        some = Table(frame.iloc[::step], metadata.name, folders=metadata.folders[::step])
        hint = _hint(_matches(some, others, table, root), "at least " * (step > 1))
        if not hint:
            matches += _matches(metadata, numbers, table, root)
    if not matches:
        raise ValueError(
            f"The metadata {metadata.name} needs a column 'CID' (such as 100627-72) or 'key' (the "
            "picture's path), or one that is called file_name, image, path, id or the like; name "
            f"any other with on=….{hint}{_title(frame)} Received columns: "
            f"{', '.join(map(repr, frame.columns[:30]))}"
        )
    return _best(metadata, matches, table, root)


def match_columns(metadata, table, root=None):
    """Find each picture's row by all columns, as `match_rows` does by those with usual names."""
    matches = _matches(metadata, list(metadata.frame), table, root)
    return _best(metadata, matches, table, root)


def _best(metadata, matches, table, root):
    """Return the `Match` that counts, and what the others say of its rows."""
    best = max(matches, key=_found)
    if not best.exact:
        exact = [match for match in matches if match.exact and _contradictions(match, best)]
        best = max(exact, key=_found, default=best)
    if best.unused is None:
        best = _match(metadata, best.column, _parts(metadata, table, root))
    for other in matches:
        for row, (ours, theirs) in _contradictions(best, other).items():
            why = f"taken for {ours}, but its {other.column} says {theirs}"
            best.otherwise.setdefault(metadata.frame[best.column][row], why)
    return best


def _matches(metadata, columns, table, root):
    """Match each of some columns; all but the first best one without what is of no picture."""
    matches, best, parts = [], None, _parts(metadata, table, root)
    for column in columns:
        match = _match(metadata, column, parts)
        best, worse = (match, best) if not best or _found(match) > _found(best) else (best, match)
        if worse:
            worse.unused = worse.repeated = None
        matches.append(match)
    return matches


def _found(match):
    return len(match.rows)


def _contradictions(one, other):
    """Return the rows of which two columns name pictures, but none in common: those pictures."""
    ours, theirs = {}, {}
    for match, pictures in ((one, ours), (other, theirs)):
        for key, row in match.rows.items():
            pictures.setdefault(row, []).append(key)
    return {
        row: (keys[0], theirs[row][0])
        for row, keys in ours.items()
        if row in theirs and set(keys).isdisjoint(theirs[row])
    }


def _candidates(frame, on):
    """Return the columns to try, and those that may only number the rows."""
    if on is not None:
        # A DataFrame's columns may be called by numbers; here all are texts.
        alike = (column for column in frame if plain_name(column) == plain_name(str(on)))
        on = on if isinstance(on, str) and on in frame else next(alike, on)
        check_choice("on", on, list(frame.columns))
        return [on], []
    # One a name: each takes its time, and what is written otherwise may be there by the hundred.
    called = {plain_name(column): column for column in reversed(frame.columns)}
    usual = [called[name] for name in NAMES if name in called]
    # An index without a name, as pandas writes it. That of a filtered DataFrame are row numbers,
    # and pictures are often called by numbers, too.
    unnamed = [column for column in frame.columns[:1] if column.startswith(UNNAMED)]
    numbers = [column for column in unnamed if frame[column].dropna().str.isdecimal().all()]
    return ([] if numbers else unnamed) + usual, numbers


def _hint(matches, least):
    best = max(matches, key=_found, default=None)
    if not (best and best.rows):
        return ""
    return f" on={best.column!r} would find {least}{len(best.rows):,} pictures."


def _title(frame):
    """Say what to do where the first row was a title, which leaves columns without names."""
    unnamed = sum(column.startswith(UNNAMED) for column in frame)
    if unnamed < 2 or 2 * unnamed < frame.shape[1]:
        return ""
    return " Most have no name: delete the rows above the one that has the columns' names."


class _Part(NamedTuple):
    """Rows from `start` to `stop`, and the pictures in the folder that they speak of.

    The `table` is indexed by the keys below `folder`, which ends with a slash, and `root` is the
    folder's own name.
    """

    folder: str
    start: int
    stop: int
    table: object
    root: str


def _parts(metadata, table, root):
    """List the `_Part` of each table that metadata is put together of; mostly it is one."""
    if not metadata.folders:
        # An archive's name says what its folder would be called.
        name = composed(root.stem if isfile(root) else root.name) if root else ""
        return [_Part("", 0, len(metadata.frame), table, name)]
    parts, start = [], 0
    for folder, rows in groupby(metadata.folders):
        stop = start + sum(1 for _ in rows)
        below = f"{folder}/"
        # The keys are sorted.
        first, last = (bisect_left(table.index, end) for end in (below, f"{below}\U0010ffff"))
        there = table.iloc[first:last]
        there = there.set_axis([key.removeprefix(below) for key in there.index])
        parts.append(_Part(below, start, stop, there, folder.rpartition("/")[2]))
        start = stop
    return parts


def _match(metadata, column, parts):
    """Match one column, the rows of each part by themselves."""
    cells = metadata.frame[column]
    found = [_match_part(metadata.name, cells[p.start : p.stop], column, p) for p in parts]
    if not metadata.folders:
        return found[0]
    ways = " or ".join(dict.fromkeys(match.way for match in found if match.rows))
    whole = Match(column, ways or found[0].way, exact=all(match.exact for match in found))
    for part, match in zip(parts, found, strict=True):
        whole.rows |= {part.folder + key: part.start + row for key, row in match.rows.items()}
        whole.unused |= {_shown(part.folder, value): why for value, why in match.unused.items()}
        whole.repeated |= {_shown(part.folder, value): n for value, n in match.repeated.items()}
        whole.unnamed += match.unnamed
    return whole


def _shown(folder, value):
    # No path is that long, and a copy would take as much again.
    return folder + value if len(value) <= LONGEST else value


def _match_part(name, cells, column, part):
    """Match a part in the way that finds most pictures; of equal ones, in the strictest."""
    table = part.table
    # A long text that many rows share is copied once.
    texts = {cell: cell.strip() for cell in cells if isinstance(cell, str)}
    named = {row: text for row, cell in enumerate(cells) if (text := texts.get(cell))}
    values = [value for value in dict.fromkeys(named.values()) if len(value) <= LONGEST]
    if (size := sum(map(getsizeof, values))) > _MOST_NAMES:
        raise TooLargeError(
            f"The metadata {name} takes {size:,} bytes of memory for its column {column!r}, and "
            f"the limit is {_MOST_NAMES:,} for one that names pictures. Keep the rows of your "
            "pictures, or name another column: on=…"
        )
    tried, best, way = [], None, None
    for each in _ways(values, table, part.root, lambda: _are_paths(tried, len(values))):
        found, unclear = _count(each)
        tried.append(found)
        # Where nothing matches, what is ambiguous says more than what is unknown.
        if best is None or (found, not found and unclear) > best:
            best, way = (found, not found and unclear), each
        if found == len(table):
            break
    match = Match(column, way.said, unnamed=len(cells) - len(named), exact=not way.part)
    return _match_in_one_way(named, match, way)


def _are_paths(tried, n_values):
    """Tell whether values are paths: one is a whole key, or most are below some folder."""
    return tried[0] > 0 or any(2 * found > n_values for found in tried)


class _Way(NamedTuple):
    """A way to name pictures: words for it, the label of each key and of each value.

    If `many`, a label may stand for several pictures, as a product does. If `bare`, it is only a
    part of a path: values of the same one may mean different pictures. If `part`, it is not even
    a file's whole name, and may be there by chance, as a row's number may be. `rivals` are
    pictures that the values of some labels name better, each with that label.
    """

    said: str
    of_keys: dict
    of_values: dict
    many: bool = False
    bare: bool = False
    part: bool = False
    rivals: tuple = ()

    def is_clear(self, n_pictures, n_values):
        """Tell whether a label of so many pictures and values says which is which."""
        return (self.many or n_pictures == 1) and not (self.bare and n_values > 1)


def _ways(values, table, root, are_paths):
    """Yield each `_Way`, the strictest first; `are_paths()` is asked after those by path."""
    keys = {key: key for key in table.index}
    files = {key.rpartition("/")[2] for key in keys}
    # Cleaning takes longer than all else, and most are as they should be.
    paths = {value: value if value in keys else _path(value, files) for value in values}
    itself = {value: value for value in values}
    yield _Way("the whole key", keys, paths)
    above = f"{root}/" if root else ""
    share = False
    n_spellings = 3 if any("/" in path for path in paths.values()) else 1
    for more, of_key, of_path in _SPELLINGS[:n_spellings]:
        full = {of_key(above + key): key for key in keys}
        spelt = {value: of_path(path) for value, path in paths.items()}
        top = above.lower() if more else above
        if (best := _best_folders(list(full), {*spelt.values()}, top)) is None:
            continue
        (above_keys, above_paths), rivals = best
        below = above_keys.removeprefix(top) or above_paths
        said = f"the path below {below}" if below else "the path"
        if not (above_keys or above_paths):
            said = f"the path from {above} on"
        of_keys = {key: of_key(above + key).removeprefix(above_keys) for key in keys}
        of_paths = {value: path.removeprefix(above_paths) for value, path in spelt.items()}
        rivals = tuple((full[key], label) for key, label in rivals)
        yield _Way(said + more, of_keys, of_paths, bare=bool(more), rivals=rivals)
        labels = {*of_paths.values()}
        share = share or any("/" in label and label in labels for label in of_keys.values())
    if share or are_paths():
        # Those with folders name another picture than one that only has the same name.
        paths = {value: path for value, path in paths.items() if "/" not in path}
    if "CID" in table:
        yield _Way("the CID", table["CID"].dropna().to_dict(), itself, many=True)
    key_names, value_names = _names(keys), _names(paths)
    yield _Way("the file's name", key_names, value_names, bare=True)
    key_stems = {key: name.rpartition(".")[0] for key, name in key_names.items()}
    value_stems = {value: _stem(name) for value, name in value_names.items()}
    yield _Way("the file's name without its suffix", key_stems, value_stems, bare=True, part=True)
    numbers = _numbers(key_stems), _numbers(value_stems)
    yield _Way("the number in the file's name", *numbers, bare=True, part=True)
    if "Product" in table:
        products = table["Product"].dropna().to_dict()
        yield _Way("the product", products, itself, many=True, part=True)


def _path(value, files):
    """Return a value as a path with slashes, "" if it lists several pictures.

    Of an address it is what stands before ``?``, with a space for ``%20``, unless one of the
    `files` (set of str) is called as it is written.
    """
    if value.isascii() and value.replace("-", "").isalnum():
        return value
    # The last one's name would be taken for the name of all.
    if _SEVERAL.search(value, 0, max(value.rfind("/"), value.rfind("\\"), 0)):
        return ""
    if "://" in value:
        value = re.sub(r"[?#].*", "", value)
        value = value if value.rpartition("/")[2] in files else composed(unquote(value))
    return clean_key(value) or value.replace("\\", "/")


def _best_folders(keys, paths, root=""):
    """Return the shortest pair of folders below which most keys are paths (set); or None.

    With it come the `_rivals` there, which find none. All keys may begin with the `root`.
    Pictures are looked up among the paths, not the other way round: a small table may hold
    millions.
    """
    most, best = 0, None
    whole = [("", "")] if root else []
    for pair in [*whole, *_common_folders(keys, paths)]:
        above_keys, above_paths = pair
        rests = [key.removeprefix(above_keys) for key in keys]
        # What has no folder stays as it is.
        found = [
            rest
            for rest in rests
            if f"{above_paths}{rest}" in paths or ("/" not in rest and rest in paths)
        ]
        if len(found) > most:
            rivals = _rivals(found, {*rests}, paths, pair, root)
            if len(found) - len(rivals) > most:
                most, best = len(found) - len(rivals), (pair, rivals)
    return best


def _rivals(found, rests, paths, pair, root):
    """Return the pictures that paths name better than those found, each with the found one's label.

    They have more folders in common with the path: x/b/1.jpg is b/1.jpg rather than 1.jpg, unless
    both have a path below the same folder. If the root is called b, too, it may be either.
    """
    above_keys, above_paths = pair
    first = {rest.partition("/")[0] for rest in rests if "/" in rest}
    folders = above_paths.split("/")[:-1]
    ends = ["/".join([*folders[n:], ""]) for n, folder in enumerate(folders) if folder in first]
    least = _n_shared_ends(above_keys, above_paths)
    longer = [end for end in ends if _n_shared_ends(above_keys + end, above_paths) > least]
    longer += [root] * bool(root and not above_keys)
    # The longest comes last, and counts.
    better = {
        rest: f"{above_keys}{end}{rest}"
        for end in reversed(longer)
        for rest in found
        if f"{end}{rest}" in rests
        and f"{above_paths}{rest}" in paths
        and f"{above_paths}{end}{rest}" not in paths
    }
    return tuple((key, label) for label, key in better.items())


def _n_shared_ends(*folders):
    return len(shared_folders(["/".join(folder.split("/")[::-1]) + "/" for folder in folders]))


def _common_folders(keys, paths):
    """List the pairs of folders above all keys and above all paths, the shortest first."""
    # What has no folder, such as "unknown", is none of them.
    longer = [path for path in paths if "/" in path]
    ours, theirs = (["", *_parents(labels)] for labels in (list(keys), longer))
    pairs = set()
    for one, other in product(range(len(ours)), range(len(theirs))):
        if one + 1 < len(ours) and other + 1 < len(theirs):
            # All have one more folder, which is the same, so that a longer pair finds as many, or
            # is another, and nothing is found.
            continue
        pairs.add((one, other))
        while one and other and _last(ours[one]) == _last(theirs[other]):
            one, other = one - 1, other - 1
        # A shorter one that finds as many says it better.
        pairs.add((one, other))
    found = [(ours[one], theirs[other]) for one, other in sorted(pairs - {(0, 0)})]
    return sorted(found, key=lambda pair: sum(folder.count("/") for folder in pair))


def _last(folder):
    return folder[:-1].rpartition("/")[2]


def _parents(paths):
    """List the folders that all paths lie in, ``["a/", "a/b/"]`` of a/b/c.jpg and a/b/d.jpg."""
    return list(accumulate(f"{folder}/" for folder in shared_folders(paths)[:_DEEPEST]))


def _names(paths):
    # Not folded further: "straße" and "strasse" are two names.
    return {name: path.rpartition("/")[2].lower() for name, path in paths.items()}


def _stem(name):
    return name.rpartition(".")[0] if name.endswith(SUFFIXES) else name


# How a path is spelt: what is said of it, and how keys and values are written then.
_SPELLINGS = (
    ("", str, str),
    (", in lower case", str.lower, str.lower),
    (
        ", without its suffix",
        lambda key: key.lower().rpartition(".")[0],
        lambda path: _stem(path.lower()),
    ),
)


def _numbers(texts):
    """Take zeros off before each number, and ``.0`` after it; None for anything else."""
    # Zeros are taken off afterwards: two repetitions of them would take quadratic time.
    found = {name: re.fullmatch(r"([0-9]+)(\.0+)?", text) for name, text in texts.items()}
    return {name: match and (match[1].lstrip("0") or "0") for name, match in found.items()}


def _count(way):
    """Count the pictures that a way finds, and the labels that are not clear."""
    pictures = Counter(way.of_keys.values())
    pictures.update(label for _, label in way.rivals)
    spelt = Counter(way.of_values.values())
    both = [label for label in spelt if label and label in pictures]
    clear = [label for label in both if way.is_clear(pictures[label], spelt[label])]
    return sum(pictures[label] for label in clear), len(both) - len(clear)


def _match_in_one_way(named, match, way):
    """Fill in a `Match`; `named` has the value of each row that has one."""
    pictures = {}
    for key, label in chain(way.of_keys.items(), way.rivals):
        pictures.setdefault(label, []).append(key)
    spelt = Counter(way.of_values.values())
    seen, nobodys = set(), f"{match.column} of no picture"
    for row, value in named.items():
        label = way.of_values.get(value)
        found = pictures.get(label, []) if label else []
        if not found:
            match.unused[value] = nobodys
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
