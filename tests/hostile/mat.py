"""MATLAB files in UT-Zappos50K's layout, with a flipped bit, cut off, or holding something else.

In: nothing. Out: cases of `load_comparisons`: right values, or an error or warning that names the
file. A number or letter that is not packed, so that no checksum covers it, can become another one
unseen; then nothing else may differ. (A flipped size could lose more; no flip tried here is one.)
"""

import random
import warnings
import zlib
from functools import cache, partial
from io import BytesIO
from struct import pack

import numpy as np
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_array

import zapsim
from tests.hostile.attack import Case, Refused, Unnamed
from zapsim.io.matlab import read_cells
from zapsim.judge import people

PATHS = [f"Shoes/Oxfords/Brand {n}/10{n}.{n}.jpg" for n in range(8)]
LABELS, ORDER = FILES = ("zappos-labels.mat", "image-path.mat")
# Each file is read in a process of its own; of a damaged file, the other one is read but once.
FLIPS, CUTS, SECONDS = 50, 5, 10


def cases(folder):
    catalogue, people.read_cells = _Once(folder), cache(read_cells)
    found = [
        Case(f"good: {name}", partial(_good, catalogue, name, made), seconds=SECONDS)
        for name, made in _good_files().items()
    ]
    found += [
        Case(f"bad: {name}", partial(_bad, catalogue, name, *made), seconds=SECONDS)
        for name, made in _bad_files().items()
    ]
    for packed in (True, False):
        for file in FILES:
            at = f"{'packed' if packed else 'plain'} {file}"
            found += [
                Case(f"{at}, {how} {n}", partial(_damaged, catalogue, file, packed, n, damage))
                for how, number, damage in (("flip", FLIPS, _flipped), ("cut", CUTS, _cut))
                for n in range(number)
            ]
    return found


class _Once:
    """A catalogue of the pictures that are compared, made when it is first asked for."""

    def __init__(self, folder):
        self.folder, self.made = folder, None

    def read(self, name, labels, paths):
        """Return what these two files (bytes) hold, what was warned of, and the error."""
        if self.made is None:
            root = self.folder / "pictures"
            for path in PATHS:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (8, 8)).save(root / path)
            self.made = zapsim.load_catalogue(root)
        data = self.folder / name.replace("/", " ")
        data.mkdir()
        (data / LABELS).write_bytes(labels)
        (data / ORDER).write_bytes(paths)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                return people.load_comparisons(data, self.made), "".join(
                    str(w.message) for w in said
                )
            except ValueError as error:
                return None, str(error)


# --- what is made ----------------------------------------------------------------------------


def _cells(values):
    cells = np.empty((1, len(values)), object)
    cells[0, :] = values
    return cells


def _labels():
    rng = random.Random(5)
    blocks = [
        np.array(
            [
                [*rng.sample(range(1, 9), 2), n, rng.choice([1, 2]), rng.uniform(1, 3), 0.75]
                for _ in range(12)
            ]
        )
        for n in range(1, 5)
    ]
    equal = [np.array([[1, 2, n, 3, 1.5, 0.8]]) for n in range(1, 5)]
    return {"mturkOrder": _cells(blocks), "mturkEqual": _cells(equal)}


def _paths(paths=PATHS):
    return {"imagepath": _cells(paths).T}


def _mat(variables, packed=True):
    buffer = BytesIO()
    savemat(buffer, variables, do_compression=packed)
    return buffer.getvalue()


def _whole(packed=True):
    return _mat(_labels(), packed), _mat(_paths(), packed)


def _table():
    labels = _labels()
    rows = np.concatenate([*labels["mturkOrder"][0], *labels["mturkEqual"][0]])
    return [
        [PATHS[int(a) - 1], PATHS[int(b) - 1], *rest] for a, b, *rest in np.round(rows, 12).tolist()
    ]


def _part(kind, body, order="<"):
    return pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def _variable(name, kind, shape, inside, order="<"):
    head = _part(6, pack(f"{order}II", kind, 0), order) + _part(
        5, pack(f"{order}{len(shape)}i", *shape), order
    )
    return _part(14, head + _part(1, name.encode(), order) + inside, order)


def _file(*parts, order="<"):
    mark = b"\0\1IM" if order == "<" else b"\1\0MI"
    return b"MATLAB 5.0 MAT-file".ljust(124) + mark + b"".join(parts)


def _big_endian():
    found = []
    for name, cells in _labels().items():
        inside = b"".join(
            _variable("", 6, cell.shape, _part(9, cell.T.astype(">f8").tobytes(), ">"), ">")
            for cell in cells[0]
        )
        found.append(_variable(name, 1, (1, 4), inside, ">"))
    return _file(*found, order=">")


def _letters(stored, encoding):
    inside = b"".join(
        _variable("", 4, (1, len(path)), _part(stored, path.encode(encoding))) for path in PATHS
    )
    return _file(_variable("imagepath", 1, (len(PATHS), 1), inside))


def _good_files():
    """Name makers of (labels, paths) that must be read."""
    labels, paths = (lambda: _whole()[0]), (lambda: _whole()[1])
    others = {"notes": "x", "record": {"a": [1, 2]}, "sparse": csc_array(np.eye(3)), "z": 1j}
    return {
        "packed": _whole,
        "plain": partial(_whole, False),
        "another machine's order of bytes": lambda: (_big_endian(), paths()),
        "letters of 16 bits": lambda: (labels(), _letters(4, "utf-16-le")),
        "letters of 8 bits": lambda: (labels(), _letters(16, "utf-8")),
        "letters of 32 bits": lambda: (labels(), _letters(18, "utf-32-le")),
        "other variables beside them": lambda: (_mat(others | _labels()), _mat(others | _paths())),
        "a packed and a plain variable": lambda: (
            _mat({"mturkOrder": _labels()["mturkOrder"]})
            + _mat({"mturkEqual": _labels()["mturkEqual"]}, False)[128:],
            paths(),
        ),
    }


def _bad_files():
    """Name (file, maker of what it holds instead)."""
    order, huge = _labels()["mturkOrder"], 2**31 - 1

    def mixed(value):
        return lambda: _mat({"mturkOrder": _cells([value, *order[0, 1:]]), "mturkEqual": order})

    def claims(shape, inside=b""):
        return lambda: _file(_variable("mturkOrder", 1, shape, inside))

    deep = 0.0
    for _ in range(200):
        deep = _cells([deep])
    bomb = zlib.compress(_part(14, bytes(200_000_000)), 9)
    empty = zlib.compress(_variable("mturkOrder", 1, (1, 3_000_000), _part(14, b"") * 3_000_000))
    rows, spaces = _variable("", 9, (10**7, 0), b""), _variable("", 4, (1, 10**8), _part(4, b""))
    number = _variable("", 6, (1, huge), _part(9, bytes(8)))
    return {
        "nothing": (LABELS, lambda: b""),
        "text": (LABELS, lambda: b"MATLAB 5.0 MAT-file" * 20),
        "HDF5": (LABELS, lambda: b"\x89HDF\r\n\x1a\n" + bytes(600)),
        "MATLAB 7.3": (LABELS, lambda: b"MATLAB 7.3".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(90)),
        "MATLAB 4": (ORDER, lambda: pack("<5i", 0, 2, 2, 0, 2) + b"a\0" + bytes(32)),
        "no variable": (LABELS, lambda: _file()),
        "a structure in a cell": (LABELS, mixed({"a": 1})),
        "an object's class": (
            LABELS,
            lambda: _file(_variable("mturkOrder", 3, (1, 1), _part(1, b"evil"))),
        ),
        "a function": (LABELS, lambda: _file(_variable("mturkOrder", 16, (1, 1), number))),
        "an opaque object": (LABELS, lambda: _file(_part(14, _part(6, pack("<II", 17, 0))))),
        "complex numbers": (LABELS, mixed(np.ones((2, 6)) * 1j)),
        "sparse numbers": (LABELS, mixed(csc_array(np.eye(6)))),
        "texts": (LABELS, mixed("x")),
        "5 columns": (LABELS, mixed(np.ones((2, 5)))),
        "3 dimensions": (LABELS, mixed(np.ones((2, 6, 2)))),
        "no numbers": (LABELS, mixed(np.full((2, 6), np.nan))),
        "picture 9 of 8": (LABELS, mixed(np.full((1, 6), 9.0))),
        "cells 200 deep": (LABELS, lambda: _mat({"mturkOrder": deep})),
        "numbers for paths": (ORDER, lambda: _mat({"imagepath": order})),
        "paths of two lines": (ORDER, lambda: _mat({"imagepath": _cells([np.array(["a", "b"])])})),
        "empty paths": (ORDER, lambda: _mat({"imagepath": _cells([""] * 8)})),
        "paths that are no Unicode": (ORDER, lambda: _letters(4, "utf-8")),
        "more cells than the file has": (LABELS, claims((huge, huge))),
        "fewer than no cells": (LABELS, claims((-1, 4))),
        "no shape": (LABELS, claims(())),
        "a cell of more numbers than it has": (LABELS, claims((1, 1), number)),
        "a cell of rows of nothing": (LABELS, claims((1, 1), rows)),
        "a cell of letters it has not": (
            ORDER,
            lambda: _file(_variable("imagepath", 1, (1, 1), spaces)),
        ),
        "a bomb": (LABELS, lambda: _file(pack("<II", 15, len(bomb)) + bomb)),
        "millions of empty cells": (LABELS, lambda: _file(pack("<II", 15, len(empty)) + empty)),
        "a variable twice": (LABELS, lambda: _whole()[0] + _whole()[0][128:]),
        "a part of 4 GB": (LABELS, lambda: _file(pack("<II", 14, 2**32 - 1))),
        "a small part of 5 bytes": (LABELS, lambda: _file(pack("<HHI", 14, 5, 0))),
        "another file behind it": (ORDER, lambda: _whole()[1] + b"PK\3\4 and more"),
    }


# --- what is right for it --------------------------------------------------------------------


def _rows(table):
    """Return a table as `_table` lists it."""
    attributes = {name: n for n, name in enumerate(("open", "pointy", "sporty", "comfort"), 1)}
    answers = {name: n for n, name in enumerate(("a", "b", "equal"), 1)}
    return [
        [row.a, row.b, attributes[row.attribute], answers[row.people], *map(_rounded, row[-2:])]
        for row in table.itertuples()
    ]


def _rounded(value):
    return round(value, 12)


def _good(catalogue, name, make):
    table, said = catalogue.read(name, *make())
    if table is None or said or _rows(table) != _table():
        raise Refused(f"{said!r}: {table is not None and _rows(table)[:3]}")


def _bad(catalogue, name, file, make):
    files = dict(zip(FILES, _whole(), strict=True)) | {file: make()}
    table, said = catalogue.read(name, *files.values())
    if table is not None or file not in said:
        raise Unnamed(f"{said!r}: {table is not None and _rows(table)[:3]}")


def _flipped(data, number):
    data, at = bytearray(data), random.Random(number).randrange(8 * len(data))
    data[at // 8] ^= 1 << at % 8
    return bytes(data)


def _cut(data, number):
    return data[: len(data) * number // CUTS]


def _damaged(catalogue, file, packed, number, damage):
    files = dict(zip(FILES, _whole(packed), strict=True))
    files[file] = damage(files[file], number)
    name = f"{damage.__name__} {packed} {number} {file}"
    table, said = catalogue.read(name, *files.values())
    if said:
        if file not in said:
            raise Unnamed(f"an error without the file's name: {said}")
    elif (rows := _rows(table)) != (right := _table()) and (packed or not _of_one(rows, right)):
        raise Unnamed(f"other values: {[row for row in rows if row not in right]}")


def _of_one(rows, right):
    """Tell whether one value is another, or one picture, whose rows may be left out."""
    if len(rows) == len(right):
        differ = (np.array(rows, object) != np.array(right, object)).sum()
        if differ == 1:
            return True
    gone = [row for row in right if row not in rows]
    return any(all(path in row for row in gone) for path in PATHS)
