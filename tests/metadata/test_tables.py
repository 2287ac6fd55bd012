import builtins
import io
import time
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from zapsim.metadata import tables
from zapsim.metadata.tables import read_table, text_table


def read(text, name="meta.csv"):
    return read_table(text.encode() if isinstance(text, str) else text, name)


def rows(table):
    return table.frame.astype(object).where(table.frame.notna(), None).to_numpy().tolist()


# --- encodings -------------------------------------------------------------------------------

GERMAN = "key,Brand\nGröße.jpg,Müller €\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("cp1252", ["cp1252"]),
        ("utf-16", ["UTF-16"]),
        ("utf-16-le", ["UTF-16"]),
        ("utf-16-be", ["UTF-16"]),
    ],
)
def test_encoding_is_found_out(encoding, said):
    table = read(GERMAN.encode(encoding))
    assert list(table.frame.columns) == ["key", "Brand"]
    assert rows(table) == [["Größe.jpg", "Müller €"]]
    assert table.found_out == said


def test_a_damaged_byte_does_not_make_utf_8_another_encoding():
    data = GERMAN.encode() + b"b.jpg,M\xfcller\nc.jpg,\xc3\x84rzte\n"
    table = read(data)
    assert rows(table)[0] == ["Größe.jpg", "Müller €"]
    assert rows(table)[1] == ["b.jpg", "M\ufffdller"]
    assert "1 characters of meta.csv are damaged" in table.problems[0]


def test_unknown_encoding_says_what_to_do():
    with pytest.raises(ValueError, match=r"neither UTF-8 nor UTF-16 nor cp1252 .*CSV UTF-8"):
        read("key,Brand\na.jpg,靴下".encode("gbk") + b"\x81\x8d")


# --- separators ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns", "first", "said"),
    [
        ("key;Price\na.jpg;1,50\n", ["key", "Price"], ["a.jpg", "1,50"], ["semicolons"]),
        ("key\tNote\na.jpg\tx, y; z\n", ["key", "Note"], ["a.jpg", "x, y; z"], ["tabs"]),
        ("key,Note\na.jpg,x;y\n", ["key", "Note"], ["a.jpg", "x;y"], []),
        ('key;"a, b";c\n1;2;3\n', ["key", "a, b", "c"], ["1", "2", "3"], ["semicolons"]),
        # Only one of the two gives a column that names pictures.
        ("key;Brand, Maker\na;b, c\n", ["key", "Brand, Maker"], ["a", "b, c"], ["semicolons"]),
        ("key\na;b.jpg\n", ["key"], ["a;b.jpg"], []),
        ("sep=|\nkey|x\na|b\n", ["key", "x"], ["a", "b"], ["vertical bars"]),
        ('key, Brand, b\na.jpg, "x, y", 3\n', ["key", "Brand", "b"], ["a.jpg", "x, y", "3"], []),
        ("nummer;Preis\n7;1,50\n8;2,50\n", ["nummer", "Preis"], ["7", "1,50"], ["semicolons"]),
    ],
)  # fmt: skip
def test_separator_is_found_out(text, columns, first, said):
    table = read(text)
    assert list(table.frame.columns) == columns
    assert rows(table)[0] == first
    assert table.found_out == said
    assert not table.problems


def test_tsv_has_tabs_whatever_its_header_holds():
    assert list(read("key,a,b\tx\n1\t2\n", "m.tsv").frame.columns) == ["key,a,b", "x"]


# --- lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["key,Brand", "key,Brand,"])
@pytest.mark.parametrize("end", [",", ",,", ", "])
def test_comma_at_the_end_of_every_row_moves_no_column(header, end):
    table = read(f"{header}\n1.jpg,Acme{end}\n2.jpg,Nike{end}\n")
    assert list(table.frame.columns)[:2] == ["key", "Brand"]
    assert [row[:2] for row in rows(table)] == [["1.jpg", "Acme"], ["2.jpg", "Nike"]]


def test_bad_lines_are_counted_and_named_and_the_others_read():
    table = read("id,name\n1,a\n2,b, c\n\n3,c\n4,d,e,f\n5\n")
    assert rows(table) == [["1", "a"], ["3", "c"], ["5", None]]
    assert table.problems == [
        "2 of the 7 lines of meta.csv do not fit its 2 columns and are left out: line 3 (3 cells), "
        "6 (4 cells). Put a cell that holds the separator into quotes."
    ]


def test_open_quote_costs_its_own_line_only():
    table = read('id,name\n1,"open\n2,b\n3,"c, d"\n4,"two\r\nlines"\n5,5" heel\n6,"open\n')
    assert rows(table) == [["2", "b"], ["3", "c, d"], ["4", "two\nlines"], ["5", '5" heel']]
    assert "line 2 (" in table.problems[0]
    assert "8 (an open quote)" in table.problems[0]


def test_so_many_open_quotes_are_no_table_and_take_no_time():
    assert rows(read('id,name\n1,"a"b\n')) == [["1", "ab"]], "one on a line does no harm"
    text = "id,name\n" + '1,"a\n2,b,c\n' * 100_000
    start = time.perf_counter()
    with pytest.raises(ValueError, match="1,001 lines open a quote and do not close it"):
        read(text)
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ends(end):
    assert rows(read(end.join(["key,a", "1,x", '2,"y"']))) == [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("text", ["", "\n\n", "key,Brand\n", "key\n\n", 'a,b\n"1,2\n'])
def test_table_without_rows_is_an_error(text):
    with pytest.raises(ValueError, match=r"The metadata meta\.csv (has no rows|is no table)"):
        read(text)


# --- columns ---------------------------------------------------------------------------------


def test_columns_of_one_name_are_told_apart_and_said():
    table = read("key,Brand,Brand,Brand (2),\nk,a,b,c,d\n")
    assert list(table.frame.columns) == ["key", "Brand", "Brand (3)", "Brand (2)", "Unnamed: 4"]
    assert table.problems == ["Columns of one name were told apart: 'Brand (3)'."]


def test_only_an_empty_cell_is_missing():
    assert rows(read('a,b,c,d,e\nNone,NA,null,"",0\n')) == [["None", "NA", "null", None, "0"]]


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_too_many_columns_are_refused_before_they_are_parsed(separator):
    data = (separator.join(["x"] * 5_000_000) + "\n").encode()
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"has 5,000,000 columns, more than the limit of 10,000"):
        read(data)
    assert time.perf_counter() - start < 10


def test_too_many_cells_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "MAX_CELLS", 100)
    with pytest.raises(ValueError, match="51 rows of 2 columns, more than the limit of 100 cells"):
        read("a,b\n" + "1,2\n" * 1000)
    with pytest.raises(ValueError, match="more than the limit of 100 cells"):
        text_table(pd.DataFrame(np.ones((60, 2))))


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="has 11 bytes, more than the limit of 10"):
        read("key,a\n1,22\n")


@pytest.mark.parametrize("name", ["m.xls", "m.json", "m.ods", "m", "m.csv.gz"])
def test_other_kinds_of_files_are_refused_with_what_is_read(name):
    with pytest.raises(ValueError, match=r"\.csv, .*\.xlsx, .* or a DataFrame\. Received: m"):
        read("key,a\n1,2\n", name)


# --- other formats ---------------------------------------------------------------------------


def test_json_lines_keep_numbers_as_written_and_name_bad_lines():
    table = read(
        '{"file_name": "a.jpg", "price": 0.10, "n": 3.0, "tags": ["x", "y"], "ok": true}\n'
        '{"file_name": "b.jpg", "price": null, "id": 12345678901234567890}\n'
        "[1]\n{broken\n",
        "m.jsonl",
    )
    assert list(table.frame.columns) == ["file_name", "price", "n", "tags", "ok", "id"]
    assert rows(table) == [
        ["a.jpg", "0.10", "3", "x;y", "True", None],
        ["b.jpg", None, None, None, None, "12345678901234567890"],
    ]
    assert "2 lines of m.jsonl are no JSON objects and are left out: line 3, 4" in table.problems[0]


def test_parquet_is_read_with_its_index(tmp_path):
    frame = pd.DataFrame(
        {"n": pd.array([1, None], "Int64"), "x": [0.5, 2.0]}, index=pd.Index(["a", "b"], name="key")
    )
    frame.to_parquet(tmp_path / "m.parquet")
    table = read((tmp_path / "m.parquet").read_bytes(), "m.parquet")
    assert list(table.frame.columns) == ["key", "n", "x"]
    assert rows(table) == [["a", "1", "0.5"], ["b", None, "2"]]


@pytest.mark.parametrize("name", ["m.parquet", "m.xlsx"])
def test_damaged_files_are_named(name):
    if name == "m.xlsx":
        pytest.importorskip("openpyxl")
    for data in (b"", b"garbage", b"PK\3\4" + bytes(50), b"PAR1" + bytes(20) + b"PAR1"):
        with pytest.raises(ValueError, match=f"The metadata {name} is no readable"):
            read(data, name)


@pytest.fixture
def excel():
    """Return ``excel(rows, others)``: an Excel file's bytes."""
    openpyxl = pytest.importorskip("openpyxl")

    def make(rows, others=()):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for title in others:
            book.create_sheet(title)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return make


def test_excel_is_read_as_text(excel):
    table = read(
        excel(
            [
                [],
                ["id", "Name", "Price", "Since", "On\nsale", None],
                [15970.0, "Größe", 9.5, datetime(2024, 1, 31), True],
                [],
                ["0108", None, 10, datetime(2024, 1, 31, 8, 30), None, "note"],
            ],
            ["Notes"],
        ),
        "shop.xlsx",
    )
    assert list(table.frame.columns) == ["id", "Name", "Price", "Since", "On sale", "Unnamed: 5"]
    assert rows(table) == [
        ["15970", "Größe", "9.5", "2024-01-31", "True", None],
        ["0108", None, "10", "2024-01-31 08:30:00", None, "note"],
    ]
    assert table.found_out == ["its first sheet, 'Sheet'"]


def test_excel_that_claims_to_be_huge_takes_no_memory(excel):
    whole = excel([["key", "a"], ["1", "2"]])
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(packed, "w") as new:
        for entry in old.infolist():
            data = old.read(entry).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
            data = data.replace(b'<row r="2"', b'<row r="1048576"').replace(b'"B2"', b'"XFD2"')
            new.writestr(entry, data)
    with pytest.raises(ValueError, match="16,384 columns, more than the limit"):
        read(packed.getvalue(), "m.xlsx")


def test_excel_without_openpyxl_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install openpyxl.*or save the sheet as CSV"):
        read(b"PK", "shop.xlsx")


# --- DataFrames ------------------------------------------------------------------------------


def test_dataframe_becomes_text_and_is_not_changed():
    frame = pd.DataFrame(
        {
            "id": [15970, None],
            "price": [9.5, 10.0],
            "small": np.array([0.1, np.inf], np.float32),
            "since": pd.to_datetime(["2024-01-31", None]),
            "kind": pd.Categorical(["x", None]),
            "flag": [True, pd.NA],
            "tags": [["a", None, 2.0], ()],
            7: ["", "a\r\nb\rc"],
        }
    )
    before = frame.copy(deep=True)
    table = text_table(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert list(table.frame.columns) == [*before.columns[:-1], "7"]
    assert rows(table) == [
        ["15970", "9.5", "0.1", "2024-01-31", "x", "True", "a;2", None],
        [None, "10", "inf", None, None, None, None, "a\nb\nc"],
    ]


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (None, ["a"]),
        (pd.Index(["x", "y"], name="key"), ["key", "a"]),
        (pd.Index(["x", "y"]), ["Unnamed: 0", "a"]),
        (pd.Index(["x", "y"], name="a"), ["a"]),
        (pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["p", "q"]), ["p", "q", "a"]),
    ],
)
def test_index_becomes_a_column_if_it_says_anything(index, columns):
    assert list(text_table(pd.DataFrame({"a": [1, 2]}, index=index)).frame.columns) == columns
