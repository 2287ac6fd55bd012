"""Tables as weapons, and odd ones that are right.

In: nothing. Out: cases of `load_catalogue(…, metadata=…)`, and random tables, mutated files and
names for `fuzz`. A right table must be read as it is; of a wrong one, an error or a warning must
name the file.
"""

import csv
import io
import json
import random
import unicodedata
import warnings
import zipfile
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import zapsim
from tests.hostile.attack import Case, Refused, Unnamed, keep
from zapsim.io.sources import open_files
from zapsim.keys import clean_key, known_key
from zapsim.metadata import cells, excel
from zapsim.metadata.tables import read_table

# Making what is too large takes its time, too.
SLOW, HUGE, FLIPS, PARTS = 15, 40, 40, 20
LARGEST = (
    "2,100,000 rows",
    "more cells than the limit",
    "million nulls",
    "in many lists",
    "in many rows",
)
KEYS = ("a.jpg", "sub/b.jpg", "sub/größe 1.jpg")
BRANDS = ("Acme", "Müller; Söhne", 'x, "y"')
PAIRS = list(zip(KEYS, BRANDS, strict=True))


def cases(folder):
    catalogue = partial(_loaded, folder)
    right = {f"good: {name}": partial(_good, catalogue, *made) for name, made in GOOD}
    wrong = {f"bad: {name}": partial(_bad, catalogue, *made) for name, made in BAD}
    return [
        *(
            Case(name, check, seconds=HUGE if any(map(name.endswith, LARGEST)) else SLOW)
            for name, check in (right | wrong).items()
        ),
        *(
            Case(f"{file}, flip {n}", partial(_flipped, catalogue, file, n))
            for file in ("m.parquet", "m.xlsx")
            for n in range(FLIPS)
        ),
        *(
            Case(f"a footer's bits, part {part}", partial(_footers_bits, part), seconds=SLOW)
            for part in range(PARTS)
        ),
        Case("good: at the pictures, in a zip", partial(_in_a_zip, folder, _text())),
        Case("bad: 20 million columns in a small zip", partial(_bad_in_a_zip, folder)),
        Case("bad: 300 tables of their own columns", partial(_many_tables, folder)),
        Case("bad: two of a name in a zip", partial(_two_in_a_zip, folder)),
        Case("bad: two columns for other pictures", partial(_two_columns, catalogue)),
        *(
            Case(f"bad: emojis in each line of {file}", partial(_wide_letters, catalogue, file))
            for file in ("m.csv", "m.jsonl")
        ),
        *(
            Case(
                f"bad: Excel's {name}, a million of {text!r}", partial(_slow, catalogue, name, text)
            )
            for name in ("Print_Titles", "Print_Area")
            for text in ("A", "'", "$A")
        ),
    ]


# --- what is right for it --------------------------------------------------------------------


def _pictures(root):
    for key in KEYS:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / key)
    return root


def _loaded(folder, name, data):
    """Return the table that a catalogue has with this metadata, what was warned of, the error."""
    root = folder / "pictures"
    if not root.exists():
        _pictures(root)
    path = folder / name
    path.write_bytes(data)
    return _read(root, path)


def _read(root, metadata=None):
    with warnings.catch_warnings(record=True) as said, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            table = zapsim.load_catalogue(root, metadata).table
        except ValueError as error:
            return None, str(error)
    return table, " ".join(str(each.message) for each in said)


def _good(catalogue, file, make, right=None):
    table, said = catalogue(file, make())
    if said or table is None:
        raise Refused(f"said: {said[:300]}")
    _compare(table, right or {"Brand": BRANDS})


def _compare(table, right):
    for column, values in right.items():
        got = list(table[column].where(table[column].notna(), None)) if column in table else column
        if got != list(values):
            raise Refused(f"{column} is {str(got)[:200]} for {str(values)[:200]}")


def _bad(catalogue, file, make, words=""):
    table, said = catalogue(file, make())
    if file not in said or words not in said:
        raise Unnamed(f"{said[:300]!r}, {'refused' if table is None else 'read'}")


def _flipped(catalogue, file, number):
    """Flip some bits: the file is still read as it was, or named."""
    made = _parquet(write_page_checksum=True) if file == "m.parquet" else _xlsx()
    data, at = bytearray(made), random.Random(number)
    for _ in range(3):
        data[at.randrange(len(data))] ^= 1 << at.randrange(8)
    table, said = catalogue(file, bytes(data))
    if table is not None and not said:
        _compare(table, {"Brand": BRANDS})
    elif file not in said:
        raise Unnamed(said[:300])


def _footers_bits(part):
    """Flip every so manieth bit of a Parquet file's footer alone: what is no longer right is named.

    Among those bits are the levels' histograms, of which pyarrow raises where nothing catches it.
    """
    data = _parquet(LEVELS, write_page_index=True)
    length = int.from_bytes(data[-8:-4], "little") + 8
    for bit in range(8 * (len(data) - length) + part, 8 * len(data), PARTS):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        _read_or_named(bytes(changed), "m.parquet")


def _read_or_named(data, name):
    try:
        table = read_table(data, name)
    except ValueError as error:
        said = [str(error)]
    else:
        said = table.problems
    if unnamed := [each for each in said if name not in each and "told apart" not in each]:
        raise Unnamed(unnamed[0][:300])


def _in_a_zip(folder, data, name="meta-data.csv"):
    path = folder / "good.zip"
    _zip(path, {name: data})
    table, said = _read(path)
    if said or table is None:
        raise Refused(said)
    _compare(table, {"Brand": BRANDS})


def _bad_in_a_zip(folder):
    path = folder / "bad.zip"
    _zip(path, {"meta-data.csv": b"key" + b"," * 20_000_000 + b"\n1,2\n"})
    table, said = _read(path)
    if path.stat().st_size > 30_000 or table is not None or "20,000,001 columns" not in said:
        raise Unnamed(said[:300])


def _many_tables(folder):
    path, tables = folder / "many.zip", {}
    for number in range(300):
        header = ",".join(f"c{number} {n}" for n in range(50))
        tables[f"{number}/metadata.csv"] = f"key,{header}\na.jpg{',x' * 50}\n".encode()
    _zip(path, tables)
    table, said = _read(path)
    if table is not None or "columns, more than the limit" not in said:
        raise Unnamed(said[:300])


def _two_in_a_zip(folder):
    path = folder / "two.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _zip(path, {"metadata.csv": _text(), "Metadata.csv": b"key\n", ".\\metadata.csv": b"key\n"})
        catalogue = zapsim.load_catalogue(path)
        named = " ".join(catalogue.check()["key"])
    _compare(catalogue.table, {"Brand": BRANDS})
    said = _read(path)[1]
    if ".\\metadata.csv" not in named or "Read: metadata.csv. Not read: Metadata.csv" not in said:
        raise Unnamed(f"{named}; {said[:300]}")


def _two_columns(catalogue):
    rows = [("id", "file_name", "Brand"), ("a", KEYS[1], "b"), ("b", KEYS[0], "a"), ("größe 1",)]
    table, said = catalogue("m.csv", _text(rows=rows))
    _compare(table, {"Brand": ("a", "b", None)})
    if "name different pictures in 2 rows" not in said:
        raise Unnamed(said[:300])


def _wide_letters(catalogue, file):
    form = "%d.jpg,%s\n" if file == "m.csv" else '{"key": "%d.jpg", "x": "%s"}\n'
    lines = (form % (n, f"{'x' * 900}{n}😀") for n in range(20_000))
    data = ("key,x\n" * (file == "m.csv") + "".join(lines)).encode()
    with mock.patch.object(cells, "MAX_MEMORY", 5 * len(data)):
        _bad(catalogue, file, lambda: data, "bytes of memory")


def _zip(path, files):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "png")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in KEYS:
            archive.writestr(key, picture.getvalue())
        for name, data in files.items():
            archive.writestr(name, data)


# --- text ------------------------------------------------------------------------------------


def _rows():
    return [("key", "Brand"), *PAIRS]


def _text(encoding="utf-8", rows=None, before="", **form):
    buffer = io.StringIO()
    csv.writer(buffer, **form).writerows(rows or _rows())
    return (before + buffer.getvalue()).encode(encoding)


def _wide(n_columns, n_rows=3):
    line = ",".join(["x"] * (n_columns - 2))
    body = "".join(f"{key},,{line}\n" for key in KEYS[:n_rows])
    return f"key,Brand,{','.join(f'c{n}' for n in range(n_columns - 2))}\n{body}".encode()


def _many(n_rows):
    return _text() + b"".join(b"%07d.jpg,other\r\n" % n for n in range(n_rows))


def _csv(*, name="m.csv", right=None, **form):
    return name, partial(_text, **form), right


LONG = "word, " * 20_000 + "word"
PLAIN = [("key", "Brand"), *zip(KEYS, ("a", "b", "c"), strict=True)]
ABC = {"Brand": ("a", "b", "c")}
TITLED = [["Shop, as of May"], [], ["by", "hand"], ["key", "Brand", "Price"]]
TITLED += [[key, brand, "1"] for key, brand in PAIRS]

GOOD = [
    ("utf-8", _csv()),
    ("utf-8 with its mark", _csv(encoding="utf-8-sig")),
    ("cp1252", _csv(encoding="cp1252")),
    ("utf-16", _csv(encoding="utf-16")),
    ("utf-16-le without a mark", _csv(encoding="utf-16-le")),
    ("utf-16-be without a mark", _csv(encoding="utf-16-be")),
    ("utf-32", _csv(encoding="utf-32")),
    ("semicolons", _csv(delimiter=";")),
    ("tabs", _csv(delimiter="\t")),
    ("bars", _csv(delimiter="|")),
    ("Excel's own hint", _csv(delimiter="^", before="sep=^\r\n")),
    ("a .tsv", _csv(delimiter="\t", name="m.tsv")),
    ("a .txt", _csv(delimiter="\t", name="m.txt")),
    ("a name in capitals", _csv(name="META.CSV")),
    ("all in quotes", _csv(quoting=csv.QUOTE_ALL)),
    ("ends of lines as in Unix", _csv(lineterminator="\n")),
    ("ends of lines as in old Macs", _csv(lineterminator="\r")),
    ("empty lines above and between", _csv(lineterminator="\n\n", before="\n\n")),
    ("a title above", _csv(rows=TITLED)),
    ("a title above, by semicolons", _csv(rows=TITLED, delimiter=";")),
    ("a comma at the end of each row", ("m.csv", lambda: _text().replace(b"\r\n", b",\r\n"), None)),
    (
        "lines in cells",
        _csv(rows=[*_rows()[:3], (KEYS[2], "x\n\ny")], right={"Brand": (*BRANDS[:2], "x\n\ny")}),
    ),
    ("spaces behind commas", ("m.csv", lambda: _text(rows=PLAIN).replace(b",", b", "), ABC)),
    (
        "20,000 commas in a cell",
        _csv(rows=[*_rows()[:3], (KEYS[2], LONG)], right={"Brand": (*BRANDS[:2], LONG)}),
    ),
    (
        "zeros before numbers, and words for nothing",
        _csv(
            rows=[("key", "n", "Brand"), *zip(KEYS, ("007", "NA", "1e5"), BRANDS, strict=True)],
            right={"n": ("007", "NA", "1e5"), "Brand": BRANDS},
        ),
    ),
    (
        "keys decomposed, with backslashes, and a dot",
        (
            "m.csv",
            lambda: (
                unicodedata.normalize("NFD", _text(rows=PLAIN).decode())
                .replace("sub/", ".\\sub\\")
                .encode()
            ),
            ABC,
        ),
    ),
    ("9,999 columns", ("m.csv", lambda: _wide(9_999), {"c7": "xxx"})),
    (
        "utf-16 without a mark, of other alphabets",
        _csv(
            encoding="utf-16-le",
            rows=[("key", "Brand"), *zip(KEYS, ("Обувь." * 9, "靴下" * 9, "一" * 9), strict=True)],
            right={"Brand": ("Обувь." * 9, "靴下" * 9, "一" * 9)},
        ),
    ),
    ("two marks", _csv(encoding="utf-8-sig", before="\ufeff")),
    ("a null character for a separator", _csv(delimiter="\0", before="sep=\0\r\n")),
    ("a null character in a cell", _csv(rows=[*PLAIN[:3], (KEYS[2], "c\0")], right=None)),
    ("50,000 other rows", ("m.csv", lambda: _many(50_000), None)),
]
GOOD[-2] = (GOOD[-2][0], (*GOOD[-2][1][:2], {"Brand": ("a", "b", "c\0")}))


def _open_quotes():
    return _text() + b'x.jpg,"open\ny.jpg,b,c\n' * 3_000


BAD = [
    ("nothing", ("m.csv", lambda: b"", "is no table")),
    ("only a header", ("m.csv", lambda: b"key,Brand\n", "has no rows")),
    ("empty lines", ("m.csv", lambda: b"\n" * 100_000, "is no table")),
    ("20 million columns", ("m.csv", lambda: b"key" + b"," * 20_000_000, "20,000,001 columns")),
    ("10,001 columns", ("m.csv", lambda: _wide(10_001), "10,001 columns, more than the limit")),
    (
        "a wide row far below",
        ("m.csv", lambda: _text() + b"x.jpg" + b"," * 5_000_000 + b"1\n", "5,000,001 columns"),
    ),
    (
        "more cells than the limit",
        (
            "m.csv",
            lambda: _wide(9_000) + (b"x" + b"," * 8_999 + b"\n") * 13_400,
            "120,622,596 times",
        ),
    ),
    ("one line of 100 MB", ("m.csv", lambda: _text() + b"x" * 100_000_000, "too long a cell")),
    ("a first line of 50 MB", ("m.csv", lambda: b"x" * 50_000_000, "is no table")),
    ("a quote over the whole file", ("m.csv", lambda: b'"' + _many(50_000), "")),
    ("thousands of open quotes", ("m.csv", _open_quotes, "1,001 lines open a quote")),
    ("nulls", ("m.csv", lambda: bytes(1_000_000), "")),
    ("2,100,000 rows", ("m.csv", lambda: _text() + b"x\n" * 2_100_000, "rows or more")),
    ("30 million lines", ("m.csv", lambda: _text() + b"\r" * 30_000_000, "20,000,000 lines")),
    ("random bytes", ("m.csv", lambda: random.Random(1).randbytes(300_000), "")),
    ("two encodings", ("m.csv", lambda: _text() + "ö.jpg,ü\n".encode("cp1252"), "damaged")),
    ("half a character of utf-16", ("m.csv", lambda: _text("utf-16")[:-1], "damaged")),
    (
        "Chinese in gbk",
        ("m.csv", lambda: "key,Brand\na.jpg,靴下\x81\n".encode("gbk", "ignore") + b"\x81\x8d", ""),
    ),
    ("other pictures' rows", ("m.csv", lambda: b"key,Brand\nz.jpg,x\n", "")),
    ("no column of keys", ("m.csv", lambda: b"Colour,Brand\nred,x\n", "")),
    ("a picture", ("m.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200, "")),
    ("a compressed table", ("m.csv.gz", lambda: b"\x1f\x8b" + bytes(90), ".csv, ")),
    ("another kind", ("m.json", lambda: b"[]", ".jsonl")),
]


# --- lines of JSON ---------------------------------------------------------------------------


def _lines(rows=None, **form):
    made = ({"key": key, "Brand": brand} for key, brand in PAIRS)
    return "".join(json.dumps(row, **form) + "\n" for row in rows or made).encode()


def _jsonl(make, right=None):
    return "m.jsonl", make, right


def _more(line):
    return lambda: _lines() + line


NESTED = [
    {"key": key, "Brand": brand, "tags": ["x", ["y", None]], "n": 1.50, "of": {"a": [1]}}
    for key, brand in PAIRS
]
GOOD += [
    ("lines of JSON", _jsonl(_lines)),
    ("lines of JSON as they are written", _jsonl(partial(_lines, ensure_ascii=False))),
    ("lines of JSON in utf-16", _jsonl(lambda: _lines().decode().encode("utf-16"))),
    ("lines of JSON with a mark", _jsonl(lambda: b"\xef\xbb\xbf" + _lines())),
    ("lines of JSON from Windows", _jsonl(lambda: _lines().replace(b"\n", b"\r\n\r\n"))),
    ("lines of JSON with lists", _jsonl(partial(_lines, NESTED), {"tags": ["x;y"] * 3})),
    (
        "numbers of 5,000 digits",
        _jsonl(
            lambda: _lines().replace(b"}", b', "n": ' + b"7" * 5_000 + b"}"),
            {"n": ["7" * 5_000] * 3},
        ),
    ),
    (
        "numbers beyond floats",
        _jsonl(lambda: _lines().replace(b"}", b', "n": 1e999}'), {"n": ["1e999"] * 3}),
    ),
    (
        "half a character",
        _jsonl(lambda: _lines().replace(b"}", b', "n": "\\ud800"}'), {"n": ["?"] * 3}),
    ),
    (
        "a column a row",
        _jsonl(
            lambda: _lines() + b"".join(b'{"key": "x.jpg", "c%d": 1}\n' % n for n in range(3_000))
        ),
    ),
]
BAD += [
    ("no line of JSON", _jsonl(lambda: b"x\n" * 1_000, "has no rows")),
    ("an open brace", _jsonl(_more(b'{"key": "z.jpg"'), "no JSON objects")),
    ("100,000 lists in each other", _jsonl(_more(b"[" * 100_000), "no JSON objects")),
    (
        "100,000 objects in each other",
        _jsonl(_more(b'{"key": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001), "line 4"),
    ),
    (
        "lists as deep as can be read",
        _jsonl(_more(b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}"), ""),
    ),
    ("a name twice", _jsonl(_more(b'{"key": "a.jpg", "key": "z.jpg"}'), "line 4")),
    (
        "20,000 names",
        _jsonl(lambda: json.dumps({f"c{n}": 1 for n in range(20_000)}).encode(), "20,000 columns"),
    ),
    (
        "other names in each row",
        _jsonl(lambda: b"".join(b'{"c%d": 1}\n' % n for n in range(10_001)), "cells for a file"),
    ),
    ("JSON over several lines", _jsonl(lambda: json.dumps([1, 2], indent=1).encode(), "no JSON")),
]


# --- Parquet ---------------------------------------------------------------------------------


def _columns():
    return {"key": list(KEYS), "Brand": list(BRANDS)}


def _parquet(columns=None, **options):
    table = columns if isinstance(columns, pa.Table) else pa.table(_columns() | (columns or {}))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _pandas(frame, **options):
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)
    return buffer.getvalue()


def _pq(make, right=None):
    return "m.parquet", make, right


def _typed(kind, *values, said=None):
    made = partial(lambda: _parquet({"x": pa.array([*values, None], kind)}))
    return _pq(made, {"Brand": BRANDS, "x": [*(said or values), None]})


def _footer(change):
    """Change the bytes of a Parquet file's footer."""
    data = _parquet(compression="none")
    size = int.from_bytes(data[-8:-4], "little") + 8
    return data[:-size] + change(data[-size:])


def _deep(depth):
    kind, value = pa.string(), "x"
    for _ in range(depth):
        kind, value = pa.list_(kind), [value]
    return _parquet({"x": pa.array([value] * 3, kind)})


# Lists and structs have levels, and the footer counts them.
LEVELS = {"x": [[1], [], None], "y": [{"a": 1}] * 3}
INDEXED = pd.DataFrame({"Brand": BRANDS}, pd.Index(KEYS, name="file_name"))
GOOD += [
    ("Parquet", _pq(_parquet)),
    *[(f"Parquet by {how}", _pq(partial(_parquet, compression=how))) for how in ("zstd", "gzip")],
    ("Parquet of version 1", _pq(partial(_parquet, version="1.0", use_dictionary=False))),
    ("Parquet with checksums", _pq(partial(_parquet, write_page_checksum=True))),
    ("Parquet of a DataFrame", _pq(lambda: _pandas(pd.DataFrame(_columns()), index=False))),
    ("Parquet with an index", _pq(lambda: _pandas(INDEXED))),
    ("Parquet with categories", _pq(lambda: _pandas(pd.DataFrame(_columns()).astype("category")))),
    ("Parquet of many row groups", _pq(partial(_parquet, row_group_size=1))),
    ("a null column", _pq(lambda: _parquet({"x": pa.nulls(3)}), {"x": [None] * 3})),
    ("whole numbers with gaps", _typed(pa.int64(), 7, 2**60, said=["7", str(2**60)])),
    ("floats of 32 bits", _typed(pa.float32(), 0.1, 2.0, said=["0.1", "2"])),
    ("decimals", _typed(pa.decimal128(5, 2), Decimal("1.50"), Decimal("2"), said=["1.50", "2.00"])),
    (
        "days",
        _typed(pa.date32(), date(1, 1, 1), date(9999, 1, 2), said=["0001-01-01", "9999-01-02"]),
    ),
    (
        "moments",
        _typed(
            pa.timestamp("us", "UTC"),
            datetime(2024, 1, 2, 3, tzinfo=UTC),
            datetime(1500, 1, 1, 3, tzinfo=UTC),
            said=["2024-01-02 03:00:00+00:00", "1500-01-01 03:00:00+00:00"],
        ),
    ),
    ("yes and no", _typed(pa.bool_(), True, False, said=["True", "False"])),
    ("long texts", _typed(pa.large_string(), "x" * 100_000, "y", said=None)),
    ("lists", _typed(pa.list_(pa.string()), ["x", "y"], ["z", None], said=["x;y", "z"])),
    (
        "pictures as Hugging Face has them",
        _typed(
            pa.struct([("path", pa.string()), ("bytes", pa.binary())]),
            {"path": "a.jpg", "bytes": b"\xff\xd8"},
            {"path": "b.jpg", "bytes": None},
            said=["a.jpg", "b.jpg"],
        ),
    ),
    (
        "a long text in many rows",
        _pq(lambda: _long_texts(pa.string(), lambda text: text), {"x": ["y" * 10**6] * 3}),
    ),
]


def _long_texts(kind, wrap, n_rows=1_100):
    keys = [*KEYS, *(f"{n}.jpg" for n in range(n_rows - 3))]
    rows = pa.array([wrap("y" * 10**6)], kind).take(pa.array([0] * 10))
    rows = pa.chunked_array([rows] * (n_rows // 10))
    table = pa.table({"key": keys, "Brand": [*BRANDS, *([""] * (n_rows - 3))], "x": rows})
    return _parquet(table, compression="none", row_group_size=n_rows, data_page_size=1_000)


def _nulls():
    return _parquet(pa.table({f"c{n}": pa.nulls(13_000_000) for n in range(10)}))


def _long_list():
    nulls = pa.ListArray.from_arrays([0, 0, 0, 121_000_000], pa.nulls(121_000_000))
    return _parquet({"x": nulls})


def _bad_parquet(make, words="is no readable Parquet file"):
    return "m.parquet", make, words


BAD += [
    ("nothing for Parquet", _bad_parquet(lambda: b"")),
    ("text for Parquet", _bad_parquet(_text)),
    ("only the marks", _bad_parquet(lambda: b"PAR1" * 4)),
    ("half a Parquet file", _bad_parquet(lambda: _parquet()[:300])),
    ("a footer of 4 GB", _bad_parquet(lambda: _parquet()[:-8] + b"\xff" * 4 + b"PAR1")),
    ("a footer of nothing", _bad_parquet(lambda: _parquet()[:-8] + bytes(4) + b"PAR1")),
    (
        "a footer of nulls",
        _bad_parquet(lambda: _footer(lambda end: bytes(len(end) - 8) + end[-8:])),
    ),
    ("an encrypted footer", _bad_parquet(lambda: _footer(lambda end: end[:-4] + b"PARE"))),
    ("no columns", _bad_parquet(lambda: _parquet(pa.table({})), "has no rows")),
    ("no rows", _bad_parquet(lambda: _parquet(pa.table(_columns()).slice(0, 0)), "has no rows")),
    (
        "12,000 columns of Parquet",
        _bad_parquet(lambda: _parquet({f"c{n}": [n] * 3 for n in range(12_000)}), "12,002 columns"),
    ),
    ("130 million nulls", _bad_parquet(_nulls, "13,000,000 rows")),
    ("a list of 121 million nulls", _bad_parquet(_long_list, "121,000,")),
    (
        "a long text in many lists",
        _bad_parquet(lambda: _long_texts(pa.list_(pa.string()), lambda text: [text]), "unpacks to"),
    ),
    ("lists 300 deep", _bad_parquet(partial(_deep, 300), "")),
    (
        "pandas' own notes, which are none",
        _bad_parquet(
            lambda: _parquet(pa.table(_columns()).replace_schema_metadata({"pandas": "[" * 9_999})),
            "",
        ),
    ),
]


# --- Excel -----------------------------------------------------------------------------------

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _cell(value, at=""):
    place = f' r="{at}"' if at else ""
    return f'<c{place} t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'


def _row(values, at=""):
    place = f' r="{at}"' if at else ""
    cells = (_cell(str(value).replace("&", "&amp;").replace("<", "&lt;")) for value in values)
    return f"<row{place}>{''.join(cells)}</row>"


def _sheet(rows=None, more="", before=""):
    body = "".join(_row(row) for row in rows or _rows()) + more
    return (
        f'<?xml version="1.0"?>{before}<worksheet {_MAIN}><sheetData>{body}</sheetData></worksheet>'
    )


def _link(name, kind, target):
    return f'<Relationship Id="{name}" Type="{_RELATED}/{kind}" Target="{target}"/>'


def _links(links):
    return f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'


def _xlsx(sheet=None, strings="", files=(), sheets=1, pack=zipfile.ZIP_DEFLATED, change=("", "")):
    """Make an Excel file by hand, as small as it can be; `change` something of its book."""
    kinds = {"xl/workbook.xml": f"{_SHEET}.sheet.main+xml"}
    kinds |= {
        f"xl/worksheets/sheet{n}.xml": f"{_SHEET}.worksheet+xml" for n in range(1, sheets + 1)
    }
    kinds["xl/sharedStrings.xml"] = f"{_SHEET}.sharedStrings+xml"
    types = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in kinds.items()
    )
    names, links = "", ""
    for n in range(1, sheets + 1):
        names += f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>'
        links += _link(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml")
    links += _link("s", "sharedStrings", "sharedStrings.xml")
    made = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'content-types"><Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": _links(_link("r", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_RELATED}"><sheets>{names}</sheets>'
        "</workbook>".replace(*change),
        "xl/_rels/workbook.xml.rels": _links(links),
        "xl/sharedStrings.xml": f"<sst {_MAIN}>{strings}</sst>",
        **{f"xl/worksheets/sheet{n}.xml": _sheet(["x"]) for n in range(2, sheets + 1)},
        "xl/worksheets/sheet1.xml": sheet if sheet is not None else _sheet(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", pack) as archive:
        for name, data in (made | dict(files)).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _book(rows, change=lambda book: None):
    from openpyxl import Workbook

    book, buffer = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    change(book)
    book.save(buffer)
    return buffer.getvalue()


def _excel(sheet=None, right=None, **more):
    return "m.xlsx", lambda: _xlsx(sheet() if callable(sheet) else sheet, **more), right


def _bad_excel(sheet=None, words="", **more):
    return _excel(sheet, words, **more)


def _entities(levels, wide):
    """Return a sheet whose entities stand for each other, `wide` times at each level."""
    inside = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * wide}">' for n in range(1, levels))
    before = f'<!DOCTYPE x [<!ENTITY e0 "xxxxxxxxxx">{inside}]>'
    return _sheet(more=f"<row>{_cell('e.jpg')}{_cell(f'&e{levels - 1};')}</row>", before=before)


def _slow(catalogue, name, text):
    """Keep openpyxl's regular expressions busy: they go through a name once for each letter."""
    text = f'<definedName name="_xlnm.{name}" localSheetId="0">{text * 10**6}</definedName>'
    names = f"<definedNames>{text}</definedNames></workbook>"
    with mock.patch.object(excel, "_SECONDS", 2):
        _bad(catalogue, *_bad_excel(words="no readable Excel file", change=("</workbook>", names)))


def _outside():
    before = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    return _sheet(more=f"<row>{_cell('e.jpg')}{_cell('&e;')}</row>", before=before)


def _lying(data, name="xl/worksheets/sheet1.xml", size=10):
    """Claim in a zip's list that a file in it unpacks to `size` bytes."""
    data, at = bytearray(data), data.rindex(name.encode())
    data[at - 46 + 24 : at - 46 + 28] = size.to_bytes(4, "little")
    return bytes(data)


STRINGS = "".join(f"<si><t>{t}</t></si>" for t in ("key", "Brand", *KEYS, "a", "b", "c"))
SHARED = "".join(
    f'<row><c t="s"><v>{a}</v></c><c t="s"><v>{b}</v></c></row>'
    for a, b in [(0, 1), (2, 5), (3, 6), (4, 7)]
)
FORMULAS = [["key", "Brand", "n"], *([key, brand, "=1+1"] for key, brand in PAIRS)]
GOOD += [
    ("Excel by hand", _excel()),
    ("Excel", ("m.xlsx", lambda: _book(_rows()), None)),
    ("Excel's shared texts", _excel(partial(_sheet, [()], SHARED), ABC, strings=STRINGS)),
    ("Excel with a title", _excel(partial(_sheet, TITLED))),
    ("Excel with many sheets", _excel(sheets=50)),
    ("Excel not packed", _excel(pack=zipfile.ZIP_STORED)),
    ("Excel in capitals", ("M.XLSX", _xlsx, None)),
    (
        "a sheet in utf-16",
        _excel(lambda: _sheet().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16")),
    ),
    (
        "a note at Excel's last row",
        _excel(
            partial(
                _sheet, None, f'<row r="1048576">{_cell("z.jpg")}{_cell("note", "C1048576")}</row>'
            )
        ),
    ),
    (
        "a note in Excel's 5,000th column",
        _excel(
            partial(_sheet, None, f'<row r="9">{_cell("z.jpg", "A9")}{_cell("x", "GJH9")}</row>')
        ),
    ),
    (
        "a wrong size",
        _excel(lambda: _sheet().replace("<sheetData>", '<dimension ref="A1:A1"/><sheetData>')),
    ),
    (
        "a size beyond all",
        _excel(
            lambda: _sheet().replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
        ),
    ),
    (
        "days, yes and no, errors",
        (
            "m.xlsx",
            lambda: _book(
                [
                    ["key", "Brand", "day", "yes", "error"],
                    *([key, b, datetime(2024, 1, 2), True, "#N/A"] for key, b in PAIRS),
                ]
            ),
            {
                "Brand": BRANDS,
                "day": ["2024-01-02"] * 3,
                "yes": ["True"] * 3,
                "error": ["#N/A"] * 3,
            },
        ),
    ),
    (
        "100,000 elements in each other that Excel does not know",
        _excel(partial(_sheet, None, "<a>" * 10**5 + "</a>" * 10**5)),
    ),
    (
        "texts in colours",
        _excel(
            lambda: (
                _sheet([("key", "Brand")]).replace("</sheetData>", "").replace("</worksheet>", "")
                + "".join(
                    f'<row>{_cell(key)}<c t="inlineStr"><is><r><t>{b}</t></r><r><t>!</t></r></is>'
                    "</c></row>"
                    for key, b in zip(KEYS, "abc", strict=True)
                )
                + "</sheetData></worksheet>"
            ),
            {"Brand": ("a!", "b!", "c!")},
        ),
    ),
]
BAD += [
    (
        "formulas never computed",
        ("m.xlsx", lambda: _book(FORMULAS), "Formulas without a value"),
    ),
    ("nothing for Excel", ("m.xlsx", lambda: b"", "is no readable Excel file")),
    ("text for Excel", ("m.xlsx", _text, "is no readable Excel file")),
    (
        "an old .xls or a password",
        ("m.xlsx", lambda: b"\xd0\xcf\x11\xe0" + bytes(999), "without a password"),
    ),
    ("a zip of pictures", ("m.xlsx", lambda: _other_zip(), "is no readable Excel file")),
    ("half an Excel file", ("m.xlsx", lambda: _xlsx()[:900], "is no readable Excel file")),
    ("a sheet of nothing", _bad_excel("", "is no readable Excel file")),
    (
        "a sheet that ends too early",
        _bad_excel(lambda: _sheet()[:-30], "is no readable Excel file"),
    ),
    ("a sheet without cells", _bad_excel(partial(_sheet, [()]), "has no rows")),
    ("no sheet", _bad_excel(None, "no sheet", sheets=0)),
    (
        "a title and no usual name",
        _bad_excel(
            partial(_sheet, [["Shop"], ["no", "b", "c", "d"], ["1", "x", "y", "z"]]), "rows above"
        ),
    ),
    ("entities, a billion", _bad_excel(partial(_entities, 10, 10))),
    (
        "entities, all at once",
        _bad_excel(
            lambda: _sheet(
                more=f"<row>{_cell('e.jpg')}{_cell('&e;' * 100_000)}</row>",
                before=f'<!DOCTYPE x [<!ENTITY e "{"x" * 100_000}">]>',
            )
        ),
    ),
    ("an entity of this machine's files", _bad_excel(_outside)),
    (
        "10^9 empty rows",
        _bad_excel(
            partial(_sheet, None, f'<row r="1000000000">{_cell("x")}</row>'), "1,048,576 rows"
        ),
    ),
    (
        "20,000 columns of Excel",
        _bad_excel(
            partial(_sheet, None, f'<row r="9">{_cell("x", "ACOF9")}</row>'), "is no readable"
        ),
    ),
    (
        "rows of empty cells to the 10,000th column",
        _bad_excel(partial(_sheet, None, '<row><c r="NTP1"/></row>' * 12_500), "cells, empty ones"),
    ),
    (
        "rows below zero",
        _bad_excel(partial(_sheet, None, '<row r="-5"><c r="A-5"><v>1</v></c></row>'), ""),
    ),
    (
        "rows that are no numbers",
        _bad_excel(partial(_sheet, None, '<row r="x"><c r="!!"><v>1</v></c></row>')),
    ),
    ("numbers that are none", _bad_excel(partial(_sheet, None, "<row><c><v>x</v></c></row>"))),
    (
        "a number of 100,000 digits",
        _bad_excel(partial(_sheet, None, f"<row><c><v>{'9' * 100_000}</v></c></row>")),
    ),
    (
        "a text that is not there",
        _bad_excel(partial(_sheet, None, '<row><c t="s"><v>9</v></c></row>')),
    ),
    (
        "another kind of packing",
        _bad_excel(pack=zipfile.ZIP_LZMA, words="packed as Excel does not"),
    ),
    (
        "a bomb of texts",
        ("m.xlsx", lambda: _xlsx(strings="<si><t/></si>" * 8_000_000), "as no table does"),
    ),
    (
        "a bomb that lies of its size",
        ("m.xlsx", lambda: _lying(_xlsx(_sheet(more="<row/>" * 10**6))), "no readable"),
    ),
    ("2 GB by its own words", ("m.xlsx", lambda: _lying(_xlsx(), size=2 * 10**9), "unpacks from")),
]


def _other_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.jpg", b"x")
    return buffer.getvalue()


# --- random ones -----------------------------------------------------------------------------

_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
_FILES = {
    "m.csv": _text,
    "m.tsv": partial(_text, delimiter="\t", encoding="utf-16"),
    "m.jsonl": partial(_lines, NESTED),
    "m.parquet": partial(_parquet, LEVELS),
    "m.xlsx": partial(_xlsx, sheets=2),
}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def fuzz(data):
    """Try a random table, a file or footer with random changes, or names on their way to keys."""
    data.draw(st.sampled_from([_random_table, _changed_file, _changed_footer, _random_names]))(data)


def _random_table(data):
    """Whatever is in a table, and however it is written, it is read as it is."""
    width = data.draw(st.integers(1, 4))
    rows = data.draw(
        st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
    )
    header = ["key", *(f"c{n}" for n in range(1, width + 1))]
    rows = [[f"{n}.jpg", *row] for n, row in enumerate(rows)]
    # Python's writer does not quote every end of a line.
    plain = not any(end in cell for row in rows for cell in row for end in "\r\n")
    text = _text(
        data.draw(st.sampled_from(_ENCODINGS)),
        [header, *rows],
        delimiter=data.draw(st.sampled_from(",;\t|")),
        quoting=csv.QUOTE_MINIMAL if plain and data.draw(st.booleans()) else csv.QUOTE_ALL,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    table = read_table(text, "m.csv")
    got = table.frame.astype(object).where(table.frame.notna(), "").to_numpy().tolist()
    right = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]
    assert list(table.frame.columns) == header
    assert (got, table.problems) == (right, [])


def _changed_file(data):
    """Whatever is done to a file, it is read, or a ValueError names it."""
    name = data.draw(st.sampled_from(sorted(_FILES)))
    made = bytearray(_FILES[name]())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(made)))
        new = data.draw(st.binary(max_size=6) | st.sampled_from([b"\n", b'"', b"\r", b"[" * 2_000]))
        made[at : at + data.draw(st.sampled_from([0, 1, len(new), 40, 10_000]))] = new
    keep("metadata", name, bytes(made))
    _read_or_named(bytes(made), name)


def _changed_footer(data):
    """Where pages are whole, and only what is said of them is not, readers get furthest."""
    made, n_flips = bytearray(_FILES["m.parquet"]()), data.draw(st.integers(1, 3))
    length = int.from_bytes(made[-8:-4], "little") + 8
    for _ in range(n_flips):
        made[-data.draw(st.integers(1, length))] ^= 1 << data.draw(st.integers(0, 7))
    keep("metadata", "m.parquet", bytes(made))
    _read_or_named(bytes(made), "m.parquet")


def _random_names(data):
    """What lies in a folder or zip has a key that is found in any spelling, or is named."""
    part = st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1
    )
    names = data.draw(st.lists(st.lists(part, min_size=1, max_size=3).map("/".join), max_size=5))
    names = [f"{name}.png" for name in names]
    with TemporaryDirectory() as folder:
        path = Path(folder, "names.zip")
        with warnings.catch_warnings():
            # A name may come twice.
            warnings.simplefilter("ignore")
            _zip(path, dict.fromkeys(names, b"x"))
            files = open_files(path)
    n_hidden = files.litter.total()
    assert len(files.keys) + len(files.skipped) + n_hidden >= len({*KEYS, *names})
    known = pd.Index(files.keys)
    for key in files.keys:
        assert clean_key(key) == key
        for spelt in (unicodedata.normalize("NFD", key), key.replace("/", "\\"), f"./{key}"):
            assert known_key(spelt, known) == key
