import io
import json
import re
import sys
import time
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zapsim.metadata import cells, delimited, tables
from zapsim.metadata import excel as excel_files
from zapsim.metadata.tables import read_table, text_table, tidied


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


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ботинки мужские", "cp1251"),
        ("Μπότες δερμάτινες", "cp1253"),
        ("מגפיים", "cp1255"),
        ("Skórzane półbuty męskie, żółte", "cp1250"),
    ],
)
def test_letters_of_other_alphabets_are_not_taken_for_western_ones(text, encoding):
    with pytest.raises(ValueError, match="neither UTF-8 .* begin 'a.jpg,.*pandas.read_csv"):
        read(f"key,Brand\na.jpg,{text}\n".encode(encoding))


@pytest.mark.parametrize(
    "text",
    [
        "Ein Paar Größe 38½, Levi´s, 5µm, 20 €",
        "ŒUVRE CRÉÉE à l’été, «chaussée», Nike®Air",
        "¿Qué? Piel nº5, 1ª, ¡Niño!",
        "Sabates de col·lecció, 3×5 cm², 20°C, §5",
        "Smørrebrød på gåtur, hääyö",
    ],
)
def test_western_letters_and_signs_are_read_as_cp1252(text):
    table = read(f'key,Brand\na.jpg,"{text}"\n'.encode("cp1252"))
    assert rows(table) == [["a.jpg", text]] and table.found_out[0] == "cp1252"


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


@pytest.mark.parametrize(
    ("text", "kept", "bad"),
    [
        ("id,title,Colour,Sale\n1,Boot,red,yes\n2,Shoe, warm,red,\n3,Hat,blue,\n", "13", 3),
        ("id,price,Colour,note\n1,39,90,red,\n2,20,blue,new\n3,15,red,x\n", "23", 2),
        ("id,a,b\n1,x,,\n2,x, y,,\n3,x,y,\n", "13", 3),
        ("id,a,b\n1,x,y,\n2,x,y\n3,x, y,\n", "2", 2),
        ("id,a,b,\n1,x,y\n2,x,y\n3,x, y,z\n", "3", 2),
        ("id,a,b\n1,x,y\n,,,,,\n2,x,y\n3,x, y,,\n", "12", 5),
    ],
)
def test_a_comma_too_many_moves_no_cell_where_the_last_one_is_empty(text, kept, bad):
    table = read(text)
    assert "".join(table.frame["id"]) == kept
    assert f"line {bad} (" in table.problems[0]


@pytest.mark.parametrize("rows_of", [["1,x,y", "2,x,"], ["1,x,y,,", "2,x,,,"], ["1,x,y,,"] * 40])
def test_a_comma_at_the_end_of_the_header_alone_moves_no_column(rows_of):
    table = read("\n".join(["id,a,b,", *rows_of]))
    assert list(table.frame.columns) == ["id", "a", "b"]
    assert len(table.frame) == len(rows_of) and not table.problems


def test_bad_lines_are_counted_and_named_and_the_others_read():
    table = read("id,name\n1,a\n2,b, c\n\n3,c\n4,d,e,f\n5\n")
    assert rows(table) == [["1", "a"], ["3", "c"]]
    assert table.problems == [
        "3 of the 7 lines of meta.csv do not fit its 2 columns and are left out: line 3 (3 cells), "
        "6 (4 cells), 7 (1 cells). Put a cell that holds the separator, or several lines, into "
        "quotes."
    ]


@pytest.mark.parametrize("broken", ["Warm boot\nof leather,79", "Sizes:\n38,39,40"])
def test_a_line_that_is_broken_becomes_no_other_pictures_row(broken):
    table = read(f"id,title,about,price\n1,Boot,{broken}\n2,Clog,Wood,39\n38,Clog,Wood,20\n")
    assert table.frame["id"].tolist() == ["2", "38"]
    assert (
        "2 of the 5 lines" in table.problems[0] and ": line 2 (3 cells), 3 (" in table.problems[0]
    )


@pytest.mark.parametrize("n_rows", [40, 47, 48])
def test_rows_that_excel_saves_without_their_last_commas_are_whole(n_rows):
    rows_of = [f"{n},a,{'note' * (n == 3)}" for n in range(n_rows)]
    lines = ["id,name,note,", *(f"{row}," for row in rows_of)]
    # Excel leaves them out in each sixteen lines where nothing stands behind them.
    lines[16:] = [line.rstrip(",") for line in lines[16:]]
    table = read("\n".join(lines))
    assert len(table.frame) == n_rows and not table.problems
    # One of them is broken.
    lines[20:21] = ["19", "a"]
    assert len(read("\n".join(lines)).frame) < n_rows


def test_so_many_bad_lines_are_no_table(monkeypatch):
    monkeypatch.setattr(cells, "MAX_ROWS", 100)
    with pytest.raises(cells.TooLargeError, match="has 1.. rows or more"):
        read("id,name\n" + "1,2,3\n" * 200)


def test_open_quote_costs_its_own_line_only():
    table = read('id,name\n1,"open\n2,b\n3,"c, d"\n4,"two\r\nlines"\n5,5" heel\n6,"open\n')
    assert rows(table) == [["2", "b"], ["3", "c, d"], ["4", "two\nlines"], ["5", '5" heel']]
    assert "line 2 (" in table.problems[0]
    assert "8 (an open quote)" in table.problems[0]


def test_quotes_with_a_backslash_are_read_or_named():
    spark = 'key,title,price,note\na.jpg,"6\\" heel, red",9,\nb.jpg,"C:\\x, 7\\"",8,"x"\n'
    table = read(spark)
    assert rows(table) == [["a.jpg", '6" heel, red', "9", None], ["b.jpg", 'C:\\x, 7"', "8", "x"]]
    assert table.found_out == ['\\" for a quote within a cell']
    assert not table.problems
    # At the end of a cell a backslash is one, if lines fit so.
    table = read('key,a\n1,"C:\\"\n2,"D:\\"\n')
    assert rows(table) == [["1", "C:\\"], ["2", "D:\\"]]
    assert table.found_out == []


def test_a_quote_within_a_cell_moves_no_cells():
    table = read('key,title,price,note\na.jpg,"6" heel, red",9,\nb.jpg,"x",8,y\n')
    assert rows(table) == [["b.jpg", "x", "8", "y"]]
    assert "line 2 (a quote within a cell)" in table.problems[0]


def test_so_many_open_quotes_are_no_table_and_take_no_time():
    assert rows(read('id,name\n1,"a"b\n')) == [["1", "ab"]], "one on a line does no harm"
    text = "id,name\n" + '1,"a\n2,b,c\n' * 100_000
    start = time.process_time()
    with pytest.raises(ValueError, match="1,001 lines open a quote and do not close it"):
        read(text)
    assert time.process_time() - start < 60


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
    start = time.process_time()
    with pytest.raises(ValueError, match=r"has 5,000,000 columns, more than the limit of 10,000"):
        read(data)
    assert time.process_time() - start < 10


def test_too_many_cells_are_refused(monkeypatch):
    monkeypatch.setattr(cells, "MAX_CELLS", 100)
    with pytest.raises(
        ValueError, match="1,000 rows of 2 columns, more than the limit of 100 cells"
    ):
        read("a,b\n" + "1,2\n" * 1000)
    with pytest.raises(ValueError, match="more than the limit of 100 cells"):
        text_table(pd.DataFrame(np.ones((60, 2))))


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "TABLE_BYTES", 10)
    with pytest.raises(ValueError, match="has 11 bytes, more than the limit of 10"):
        read("key,a\n1,22\n")


@pytest.mark.parametrize("name", ["m.xls", "m.json", "m.ods", "m", "m.csv.gz"])
def test_other_kinds_of_files_are_refused_with_what_is_read(name):
    with pytest.raises(ValueError, match=r"\.csv, .*\.xlsx, .* or a DataFrame\. Received: m"):
        read("key,a\n1,2\n", name)


def test_cells_that_nobody_wrote_are_bounded_by_what_was_written():
    header = ",".join(map(str, range(10_000)))
    start = time.process_time()
    for text, name in [
        (f"{header}\n" + "1\n" * 11_900, "m.csv"),
        (
            f"{json.dumps(dict.fromkeys(header.split(','), 1))}\n" + '{"0": 1}\n' * 11_900,
            "m.jsonl",
        ),
        (parquet(**dict.fromkeys(map(str, range(100)), pa.nulls(1_000_000))), "m.parquet"),
    ]:
        with pytest.raises(ValueError, match=r"limit of [12][0-9],.* cells for a file of"):
            read(text, name)
    assert time.process_time() - start < 30


@pytest.mark.parametrize(
    "dtype",
    ["category", "Float32", pd.ArrowDtype(pa.float32()), pd.SparseDtype(np.float32), np.float32],
    ids=str,
)
def test_short_numbers_have_the_digits_that_they_have(dtype):
    prices = pd.Series(np.array([0.1, 19.99, np.nan], np.float32)).astype(dtype)
    table = text_table(pd.DataFrame({"key": ["a", "b", "c"], "price": prices}), "m")
    assert rows(table) == [["a", "0.1"], ["b", "19.99"], ["c", None]]


def test_a_quote_that_swallows_all_below_it_again_and_again_takes_no_time():
    start = time.process_time()
    with pytest.raises(ValueError, match="[0-9]+ lines open a quote and do not close it"):
        read("key,title\n" + 'a","b\n' * 200_000)
    assert time.process_time() - start < 20


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


def test_nan_in_json_lines_is_missing_as_in_a_dataframe():
    data = '{"key": "a", "style": NaN, "tags": ["x", NaN]}\n{"key": "b", "style": Infinity}\n'
    table = read(data, "m.jsonl")
    assert rows(table) == [["a", None, "x"], ["b", "inf", None]]
    frame = pd.DataFrame({"key": ["a", "b"], "style": [np.nan, np.inf], "tags": [["x"], None]})
    assert rows(text_table(frame)) == rows(table)


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


def test_formulas_that_nobody_worked_out_are_counted(excel):
    data = excel([["key", "Brand", "Price"], ["1", "A", "=1+1"], ["2", "=A2", "=2+2"]])
    said = (
        "Formulas without a value, or with an error such as #N/A, are taken as empty: 3 cells, "
        "such as C2. Open m.xlsx in Excel"
    )
    table = read(data, "m.xlsx")
    assert [problem[: len(said)] for problem in table.problems] == [said]
    assert rows(table) == [["1", "A", None], ["2", None, None]]
    # As Excel writes those that it has worked out; a text may be empty.
    worked_out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(worked_out, "w") as new:
        for entry in old.infolist():
            cells = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                for place, text in ((b"C2", b"2"), (b"B3", b""), (b"C3", b"4")):
                    pattern = rb'(<c r="%s")[^>]*>(<f>.*?</f>)<v ?/?>(</v>)?' % place
                    kind = b"" if text else b' t="str"'
                    put = rb"\1%s>\2<v>%s</v>" % (kind, text)
                    cells, n = re.subn(pattern, put, cells)
                    assert n == 1
            new.writestr(entry, cells)
    table = read(worked_out.getvalue(), "m.xlsx")
    assert not table.problems
    assert rows(table) == [["1", "A", "2"], ["2", None, "4"]]


def test_errors_in_excel_are_missing_and_counted(excel):
    table = read(excel([["key", "Brand"], ["1", "#N/A"], ["2", "#REF!"], ["3", "N/A"]]), "m.xlsx")
    assert rows(table) == [["1", None], ["2", None], ["3", "N/A"]]
    assert (
        "with an error such as #N/A, are taken as empty: 2 cells, such as B2" in table.problems[0]
    )


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Boot_x000D_\nhigh", "Boot\nhigh"),
        ("a_x005F_x000D_", "a_x000D_"),
        ("a_x005f_x0010_y", "a_x0010_y"),
        # By programs that escape nothing.
        ("a_x0010_y0020.jpg", "a_x0010_y0020.jpg"),
        ("a_x005F_b", "a_x005F_b"),
    ],
)
def test_what_excel_spells_out_is_read_as_it_was(excel, written, read_as):
    assert rows(read(excel([["key", "Kind"], ["1", written]]), "m.xlsx")) == [["1", read_as]]


def test_cells_merged_over_rows_are_counted(excel):
    data = excel([["key", "Brand", "Price"], ["1", "A", 3], ["2", None, 3], ["3", "B", None]])
    book = pytest.importorskip("openpyxl").load_workbook(io.BytesIO(data))
    for area in ("B2:B3", "B4:C4"):
        book.active.merge_cells(area)
    merged = io.BytesIO()
    book.save(merged)
    table = read(merged.getvalue(), "m.xlsx")
    assert rows(table) == [["1", "A", "3"], ["2", None, "3"], ["3", "B", None]]
    (said,) = table.problems
    assert "only the first row has the value: 1 times, such as B2:B3. In Excel, unmerge" in said


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
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match="pip install openpyxl.*or save the sheet as CSV"):
        read(b"PK", "shop.xlsx")


# --- DataFrames ------------------------------------------------------------------------------


def test_dataframe_becomes_text_and_is_not_changed():
    frame = pd.DataFrame(
        {
            "id": [15970, None],
            "price": [9.5, 10.0],
            "small": np.array([0.1, np.inf], np.float32),
            "half": np.array([0.1, 3], np.float16),
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
        ["15970", "9.5", "0.1", "0.1", "2024-01-31", "x", "True", "a;2", None],
        [None, "10", "inf", "3", None, None, None, None, "a\nb\nc"],
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


# --- what is odd, hostile or damaged ----------------------------------------------------------

TITLED = "Shop\n\nas of,May\nkey,Brand,Price\na.jpg,Acme,1\n"


def test_a_title_above_the_header_is_found_and_said():
    table = read(TITLED)
    assert list(table.frame.columns) == ["key", "Brand", "Price"]
    assert rows(table) == [["a.jpg", "Acme", "1"]]
    assert table.found_out == ["without the 2 lines above the columns' names"]
    table = read(TITLED.replace(",", ";"))
    assert table.found_out == ["semicolons", "without the 2 lines above the columns' names"]


@pytest.mark.parametrize(
    "text",
    [
        # A row is no header because a usual name is in it: it has no more cells than the header.
        "Artikel,Art\n7,file\n8,path\n",
        "Artikel,Art\n7,x\nid,\n",
        "key,Brand\nid,image\n",
        ",Artikel,Art\n0,7,Photo\n1,8,x\n",
        ",Art\n0,Photo\n",
        "Artikel,Art,\n7,File,9\n",
        ",Artikel,Art,Preis\n0,Image,x,1\n",
    ],
)
def test_a_row_with_a_usual_name_in_it_is_no_header(text):
    named = [name for name in read(text).frame if not name.startswith(tables.UNNAMED)]
    assert named == list(filter(None, text.partition("\n")[0].split(",")))
    assert len(read(text).frame) == text.count("\n") - 1


def test_a_title_above_excels_header_is_found_and_said(excel):
    made = [["Shop"], [], [None, "as of May"], ["file name", "Brand"], ["a.jpg", "Acme"]]
    table = read(excel(made), "m.xlsx")
    assert list(table.frame.columns) == ["file name", "Brand"]
    assert rows(table) == [["a.jpg", "Acme"]]
    assert table.found_out == ["without the 2 rows above the columns' names"]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_not_taken_for_utf_16(encoding):
    mark = "" if encoding == "utf-32" else "\ufeff"
    table = read((mark + GERMAN).encode(encoding))
    assert rows(table) == [["Größe.jpg", "Müller €"]]
    assert table.found_out == ["UTF-32"]


def test_damage_in_utf_16_is_said():
    table = read(GERMAN.encode("utf-16")[:-1])
    assert table.problems == ["1 characters of meta.csv are damaged and shown as \ufffd."]


def test_separators_within_a_cell_make_no_columns():
    cell = "word, " * 20_000
    assert rows(read(f'key,a\n1,"{cell}"\n')) == [["1", cell]]


def test_a_cell_beyond_pythons_limit_is_said():
    table = read(f"key,a\n1,{'x' * 140_000}\n2,b\n")
    assert rows(table) == [["2", "b"]]
    assert "line 2 (too long a cell)" in table.problems[0]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_too_many_lines_are_refused_before_they_are_parsed(end, monkeypatch):
    assert delimited._MOST_LINES == 20_000_000
    monkeypatch.setattr(delimited, "_MOST_LINES", 2_000)
    monkeypatch.setattr(delimited.csv, "reader", lambda *a, **b: pytest.fail("it was parsed"))
    with pytest.raises(ValueError, match="meta.csv has more than 2,000 lines"):
        read("key,a" + end * 2_001)


def test_too_many_separators_are_refused_before_they_are_parsed(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_CELLS", 100)
    with pytest.raises(ValueError, match="meta.csv has 201 times ',' between its cells"):
        read("a,b\n" + "1,2\n" * 200)


@pytest.mark.parametrize(
    "line",
    [
        '{"a": ' + "[" * 100_000,
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"key": "x", "key": "y"}',
        '{"key": NaN',
    ],
)
def test_no_line_of_json_ends_the_reading(line):
    table = read('{"key": "a"}\n' + line + '\n{"key": "b"}\n', "m.jsonl")
    assert rows(table) == [["a"], ["b"]]
    assert "1 lines of m.jsonl are no JSON objects and are left out: line 2." in table.problems


def test_half_a_character_becomes_one_that_can_be_written():
    table = read('{"key": "\\ud83d x", "\\udc00": "\\ud83d\\ude00"}\n', "m.jsonl")
    assert rows(table) == [["? x", "\U0001f600"]]
    assert list(table.frame.columns) == ["key", "?"]


def parquet(row_group_size=None, **columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, row_group_size=row_group_size)
    return buffer.getvalue()


def test_a_text_that_many_rows_of_parquet_share_is_kept_once():
    texts = pa.chunked_array([pa.array(["y" * 100_000] * 10)] * 200)
    data = parquet(key=[str(n) for n in range(2_000)], x=texts)
    before = pa.default_memory_pool().max_memory()
    table = read(data, "m.parquet")
    assert pa.default_memory_pool().max_memory() - before < 50_000_000
    assert len({id(cell) for cell in table.frame["x"]}) == 1


def test_a_text_that_many_lists_of_parquet_share_is_not_spelt_out(monkeypatch):
    data = parquet(key=[str(n) for n in range(500)], x=[["y" * 1_000]] * 500, m=[{"a": "b"}] * 500)
    assert rows(read(data, "m.parquet"))[0] == ["0", "y" * 1_000, '{"a": "b"}']
    monkeypatch.setattr(tables, "MAX_UNPACKED", 100_000)
    with pytest.raises(ValueError, match="m.parquet unpacks to 500,500 bytes, more than the limit"):
        read(data, "m.parquet")


@pytest.mark.parametrize("n_rows", [1, 2, 10])
def test_texts_in_structs_and_lists_of_parquet_are_read_from_any_row_groups(n_rows):
    words = pa.dictionary(pa.int8(), pa.string())
    columns = {
        "image": pa.array([{"bytes": b"\xff", "path": f"{n}.jpg"} for n in range(4)]),
        "struct": pa.array([{"a": "x"}, None, {"a": "y"}, {"a": None}]),
        "list": pa.array([["x"], ["y", "x"], None, []], pa.list_(words)),
        "large": pa.array([["x"], ["y", "x"], None, []], pa.large_list(pa.string())),
    }
    data = parquet(row_group_size=n_rows, **columns)
    assert rows(read(data, "m.parquet")) == [
        ["0.jpg", '{"a": "x"}', "x", "x"],
        ["1.jpg", None, "y;x", "y;x"],
        ["2.jpg", '{"a": "y"}', None, None],
        ["3.jpg", '{"a": null}', None, None],
    ]


def test_all_that_lists_of_parquet_hold_is_counted(monkeypatch):
    monkeypatch.setattr(cells, "MAX_CELLS", 100)
    with pytest.raises(ValueError, match="m.parquet has 10[0-9] cells, more"):
        read(parquet(x=[[None] * 99, [None]], y=[1, 2]), "m.parquet")


def test_bytes_in_parquet_that_are_no_text_are_counted():
    table = read(parquet(key=[b"a", b"\xff", b"\xff", b"", None], n=[1, 2, 3, 4, 5]), "m.parquet")
    assert rows(table) == [["a", "1"], [None, "2"], [None, "3"], [None, "4"], [None, "5"]]
    assert table.problems == ["Bytes of m.parquet that are no text are left out: 'key' of 2 rows."]


def test_bytes_in_lists_of_parquet_that_are_no_text_are_counted():
    read_ = read(parquet(key=["a", "b", "c"], x=[[b"\xff", b"u"], [b"v"], None]), "m.parquet")
    assert rows(read_) == [["a", "u"], ["b", "v"], ["c", None]]
    assert read_.problems == ["Bytes of m.parquet that are no text are left out: 'x' of 1 rows."]


def test_a_flipped_bit_in_parquet_with_checksums_is_noticed():
    buffer = io.BytesIO()
    table = pa.table({"key": [f"{n:05}.jpg" for n in range(200)]})
    pq.write_table(table, buffer, compression="none", write_page_checksum=True)
    data = bytearray(buffer.getvalue())
    data[data.index(b"00007.jpg")] ^= 1
    with pytest.raises(ValueError, match="m.parquet is no readable Parquet file"):
        read(bytes(data), "m.parquet")


def repacked(data, change, pack=zipfile.ZIP_DEFLATED, part="sheet1"):
    """Change the sheet of an Excel file, or another part of it, a text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", pack) as new:
        for entry in old.infolist():
            text = old.read(entry).decode()
            new.writestr(entry.filename, change(text) if part in entry.filename else text)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>', "more than 1,048,576 rows"),
        ('<row r="9"><c r="NTQ9"/></row>', "10,001 columns, more than the limit"),
        ('<row><c r="ALL1"/></row>' * 2_000, "or 1,000,000 cells, empty ones among them"),
        ("<row><c><v>x</v></c></row>", "m.xlsx is no readable Excel file .*Open it in Excel"),
        ('<row r="x"/>', "m.xlsx is no readable Excel file"),
        ('<row><c t="s"><v>99999</v></c></row>', "m.xlsx is no readable Excel file"),
    ],
)
def test_a_hostile_sheet_is_refused_by_name(excel, monkeypatch, more, said):
    monkeypatch.setattr(cells, "MAX_CELLS", 1_000_000)
    data = repacked(
        excel([["key", "a"], ["1", "2"]]), lambda text: text.replace("</sheetD", f"{more}</sheetD")
    )
    with pytest.raises(ValueError, match=said):
        read(data, "m.xlsx")


def test_excel_that_unpacks_to_much_more_than_it_is_packed_to_is_not_opened(excel, monkeypatch):
    monkeypatch.setattr(tables, "_UNSUSPECTED", 100_000)
    monkeypatch.setattr(tables, "first_sheet", None)
    data = repacked(
        excel([["key"], ["1"]]),
        lambda text: text.replace("</sheetD", "<row/>" * 50_000 + "</sheetD"),
    )
    with pytest.raises(
        ValueError, match=r"m\.xlsx holds 'xl/worksheets/sheet1\.xml', which unpack"
    ):
        read(data, "m.xlsx")


def test_sheets_that_are_one_are_not_read_again_and_again(excel):
    def many(text):
        rows = "".join(f"<row><c><v>{n * 0.123456789}</v></c></row>" for n in range(20_000))
        return re.sub("<dimension[^>]*>", "", text).replace("</sheetD", f"{rows}</sheetD")

    data = excel([["key"], ["1"]])
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(repacked(data, many))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            text = old.read(entry).decode()
            if entry.filename == "xl/workbook.xml":
                text = re.sub("(<sheet [^>]*>)", r"\1" * 40, text)
            new.writestr(entry.filename, text)
    with pytest.raises(ValueError, match=r"m\.xlsx has sheets that are read again and again"):
        read(packed.getvalue(), "m.xlsx")


TITLES = "<definedNames><definedName name='_xlnm.Print_Titles' localSheetId='0'>{}</definedName>"
TITLES += "</definedNames>"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("workbook.xml", "<definedNames />", TITLES.format("A" * 10**6)),
        ("styles.xml", 'formatCode="yyyy-mm-dd h:mm:ss"', f'formatCode="{"[" * 10**6}"'),
    ],
    # pytest tells each process which test it is, and a system refuses a megabyte of that.
    ids=["names", "formats"],
)
def test_excel_that_keeps_openpyxl_busy_for_hours_is_refused(excel, monkeypatch, part, old, new):
    monkeypatch.setattr(excel_files, "_SECONDS", 2)
    data = excel([["key", "since"], ["1", datetime(2024, 1, 31, 8, 30)]])
    data = repacked(data, lambda text: text.replace(old, new, 1), part=part)
    with pytest.raises(ValueError, match=r"m\.xlsx is no readable .* more than 2\.\d s to read"):
        read(data, "m.xlsx")


def test_excel_with_a_damaged_date_of_its_making_is_read(excel):
    def damage(text):
        return re.sub("(<dcterms:created[^>]*>)[^<]*", r"\1yesterday", text)

    data = repacked(excel([["key"], ["1"]]), damage, part="docProps/core.xml")
    assert b"yesterday" in zipfile.ZipFile(io.BytesIO(data)).read("docProps/core.xml")
    assert read(data, "m.xlsx").frame["key"].tolist() == ["1"]


def test_excel_packed_otherwise_or_without_cells_is_refused(excel):
    plain = excel([["key"], ["1"]])
    with pytest.raises(ValueError, match="is packed as Excel does not"):
        read(repacked(plain, str, zipfile.ZIP_BZIP2), "m.xlsx")
    with pytest.raises(ValueError, match="m.xlsx has no rows"):
        read(excel([]), "m.xlsx")


def test_a_real_excel_table_that_repeats_itself_is_packed_far_less_than_the_limit(excel):
    data = excel([["key", *"abcdefgh"], *[["x"] * 9] * 3_000])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    assert sheet.file_size / sheet.compress_size < tables._MOST_PACKED / 3


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Men&#39;s; Women&rsquo;s ", "Men's; Women’s"),
        ("caf&eacute; e&#769;", "café é"),
        ("&amp;amp;lt;b&gt; &#38; &amp;#x26;", "<b> & &"),
        ("a&#13;&#10;b&nbsp;", "a\nb"),
        ("&#xD800;&#0;", "\ufffd\ufffd"),
        # These are none, or not whole ones.
        ("H&M;Zara&Co; AT&amp T &notes; &copy &;", "H&M;Zara&Co; AT&amp T &notes; &copy &;"),
    ],
)
def test_entities_are_the_letters_that_they_stand_for(cell, text):
    frame = pd.DataFrame({"a": [cell, np.nan, cell]}, ["x", "y", "z"], dtype=object)
    assert tidied(frame, "m.csv")["a"].tolist() == [text, pytest.approx(np.nan, nan_ok=True), text]
    assert frame["a"].iloc[0] == cell


def test_many_entities_take_no_time():
    begun = time.perf_counter()
    for cell in ("&amp;" * 200_000, "&" * 1_000_000, "&" + "amp;" * 200_000, "&#" * 500_000):
        tidied(pd.DataFrame({"a": [cell]}, dtype=object), "m.csv")
    assert time.perf_counter() - begun < 20


def test_so_many_values_in_cells_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(tables, "MAX_VALUES", 5)
    # Those that come again, and entities, do not count.
    frame = pd.DataFrame({"a": ["x;y;z"] * 9, "b": ["1;2;3&amp;&lt;;4"] * 9}, dtype=object)
    assert tidied(frame, "m.csv")["b"].iloc[0] == "1;2;3&<;4"
    said = r"m\.csv has cells of more than 5 values, .* 1 are in column 'c'"
    with pytest.raises(cells.TooLargeError, match=said):
        tidied(frame.assign(c="x;y"), "m.csv")
