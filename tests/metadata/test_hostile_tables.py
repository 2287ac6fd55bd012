"""What a file of a few bytes may cost, and what must not be read wrongly without a word."""

import io
import tracemalloc
import warnings
import zipfile
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zapsim.catalogue import load_catalogue
from zapsim.metadata import cells, excel, tables
from zapsim.metadata.cells import TooLargeError
from zapsim.metadata.tables import read_table, text_table


@pytest.mark.parametrize("folder", ["train/", ""])
def test_a_long_text_that_many_rows_share_is_copied_once(make_folder, folder):
    root = make_folder("train/a.jpg")
    texts = pa.array(["x" * 100_000 + " ", "train/a.jpg".removeprefix(folder)])
    names = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000 + [1], pa.int32()), texts)
    table = pa.table({"file_name": names, "n": [str(n) for n in range(3_001)]})
    pq.write_table(table, root / f"{folder}metadata.parquet")
    tracemalloc.start()
    assert load_catalogue(root).table["n"].tolist() == ["3000"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000, "each copy is 100,000 bytes"


@pytest.mark.unix
def test_metadata_that_is_not_taken_is_named_as_a_terminal_can_print_it(make_folder, capsys):
    root = make_folder("train/a.jpg", "test/b.jpg")
    (root / "train/metadata.csv").write_text("file_name,n\na.jpg,1\n")
    (root / "test/metadata.jsonl").write_text('{"file_name": "b.jpg", "n": 2}')
    with pytest.warns(UserWarning, match=r"Not read: test/metadata\.jsonl\."):
        load_catalogue(root)
    (root / "t\x1b[31m.csv").write_text("file_name,n\ntrain/a.jpg,1\n")
    capsys.readouterr()
    load_catalogue(root, "t\x1b[31m.csv")
    assert capsys.readouterr().out.startswith(r"t\x1b[31m.csv: 1 of 1 rows")
    with pytest.raises(FileNotFoundError, match=r"lie there: .*t\\x1b\[31m\.csv"):
        load_catalogue(root, "other.csv")


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
def test_one_wide_letter_makes_only_its_own_line_wide(name):
    """Python holds a text at four bytes a letter if one of them is beyond U+FFFF."""
    form = "{}.jpg,{}\n" if name == "m.csv" else '{{"key": "{}.jpg", "Brand": "{}"}}\n'
    lines = [form.format(n, "x" * 900) for n in range(10_000)]
    data = ("key,Brand\n" * (name == "m.csv") + form.format("a", "😀") + "".join(lines)).encode()
    tracemalloc.start()
    table = read_table(data, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.frame["Brand"][0] == "😀"
    assert peak < 1.5 * len(data)


def test_rows_that_are_no_pictures_take_little_each(make_folder):
    root = make_folder("a.jpg")
    (root / "metadata.csv").write_text(
        "key,id,image\na.jpg,,\n" + "".join(f"{n},{n + 50_000},{n}.png\n" for n in range(50_000))
    )
    tracemalloc.start()
    assert len(load_catalogue(root)) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000 * 1_300


def test_a_line_of_json_is_limited(monkeypatch):
    monkeypatch.setattr(tables, "_LONGEST", 100)
    line = '{"key": "a.jpg", "n": [' + "[]," * 50 + "[]]}\n"
    with pytest.raises(
        ValueError, match=r"m\.jsonl has 178 letters in line 2, more than the limit"
    ):
        read_table(b'{"key": "b.jpg"}\n' + line.encode(), "m.jsonl")


@pytest.mark.parametrize("letters", ["靴下黒色長靴", "Обувь зимняя", "जूते", "一一一一"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("times", [1, 6])
def test_utf_16_without_a_mark_is_told_in_every_alphabet(letters, encoding, times):
    text = "key,Brand\r\n" + "".join(f"{n}.jpg,{letters * times}\r\n" for n in range(99))
    table = read_table(text.encode(encoding), "m.csv")
    assert table.frame["Brand"].tolist() == [letters * times] * 99
    assert table.found_out == ["UTF-16"]


def test_zeros_in_utf_8_do_not_make_it_utf_16():
    table = read_table(b"key,Brand\na.jpg,x\0\0,\0\nb.jpg,\0\n"[:-1], "m.csv")
    assert not table.found_out
    assert table.frame["key"].tolist() == ["b.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le"])
def test_two_marks_are_none_of_a_columns_name(encoding):
    table = read_table("\ufeffkey\na.jpg\n".encode(encoding), "m.csv")
    assert list(table.frame) == ["key"]


def test_the_separator_may_be_what_no_text_has():
    table = read_table(b"sep=\0\nkey\0Brand\na.jpg\0x\n", "m.csv")
    assert table.frame.to_numpy().tolist() == [["a.jpg", "x"]]


def test_names_that_look_alike_in_json_are_no_one_column():
    line = '{"key": "a.jpg", "\\ud800": 1, "\\ud801": 2}\n'
    table = read_table(('{"key": "b.jpg"}\n' + line).encode(), "m.jsonl")
    assert table.frame["key"].tolist() == ["b.jpg"]
    assert "1 lines of m.jsonl are no JSON objects" in table.problems[0]


def test_bytes_of_a_fixed_length_are_counted():
    ids = pa.array([b"\xff" * 16, b"a" * 16, None], pa.binary(16))
    file = io.BytesIO()
    pq.write_table(pa.table({"key": ["a.jpg", "b.jpg", "c.jpg"], "id": ids}), file)
    table = read_table(file.getvalue(), "m.parquet")
    assert table.problems == ["Bytes of m.parquet that are no text are left out: 'id' of 1 rows."]


def test_a_cell_without_a_text_is_told():
    class Odd:
        def __str__(self):
            raise RuntimeError("no text")

    with pytest.raises(ValueError, match=r"the DataFrame has a cell .*RuntimeError: no text"):
        text_table(pd.DataFrame({"key": ["a.jpg"], "o": [Odd()]}))


def test_the_texts_that_excels_cells_share_are_limited(monkeypatch):
    strings = pytest.importorskip("openpyxl.reader.strings")
    monkeypatch.setattr(strings, "Text", strings.Text)
    monkeypatch.setattr(excel, "_MOST_SHARED", 3)
    excel._count_shared("m.xlsx")
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = io.BytesIO(f'<sst xmlns="{space}">{"<si><t>x</t></si>" * 4}</sst>'.encode())
    with pytest.raises(TooLargeError, match=r"m\.xlsx has more than 3 different texts"):
        strings.read_string_table(texts)


def test_padding_buys_no_time_beyond_the_most(monkeypatch):
    seconds = []

    @contextmanager
    def reading(script, arguments, data, allowed, who):
        seconds.append(allowed)
        yield [b'{"sheets": ["x"]}']

    monkeypatch.setattr(excel, "read_apart", reading)
    for size in (1_000, 1_000_000, 10_000_000):
        excel.first_sheet("m.xlsx", bytes(size), [])
    assert 60 < seconds[0] < seconds[1] < seconds[2] == excel._MOST_SECONDS


def test_metadata_that_is_there_twice_is_named(make_folder, make_zip):
    root = make_folder("train/a.jpg", "test/b.jpg")
    for folder, key in (("train", "train/a.jpg"), ("test", "test/b.jpg")):
        (root / folder / "meta-data.csv").write_text(f"key,n\n{key},1\n")
    (root / "Metadata.CSV").write_text("key,n\ntrain/a.jpg,2\n")
    with pytest.warns(
        UserWarning, match=r"^Read: (\w+)/meta-data.csv\. Not read: Metadata\.CSV, (?!\1)"
    ):
        load_catalogue(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = make_zip({"a.jpg": b"x", "b/metadata.csv": "key,n\na.jpg,1\n"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("b\\metadata.csv", "key,n\na.jpg,2\n")
    catalogue = load_catalogue(path)
    assert catalogue.table["n"].tolist() == ["2"]
    assert (
        "same name as another table, and only the last counts"
        in catalogue.check().set_index("problem").loc["skipped", "detail"]
    )


def test_values_of_many_columns_are_no_rows(monkeypatch):
    monkeypatch.setattr(cells, "MAX_ROWS", 100)
    file = io.BytesIO()
    pq.write_table(pa.table({"key": [str(n) for n in range(90)], "n": [[1, 2, 3]] * 90}), file)
    assert read_table(file.getvalue(), "m.parquet").frame["n"][0] == "1;2;3"


@pytest.mark.parametrize("kind", ["texts", "lists", "numbers"])
def test_parquet_is_limited_by_what_it_becomes(monkeypatch, kind):
    monkeypatch.setattr(cells, "MAX_MEMORY", 2_000_000)
    made = {
        "texts": [str(n) for n in range(30_000)],
        "lists": [[str(n % 9)] * 9 for n in range(3_000)],
        "numbers": [n or None for n in range(30_000)],
    }[kind]
    file = io.BytesIO()
    pq.write_table(pa.table({"key": made}), file)
    with pytest.raises(TooLargeError, match=r"m\.parquet takes more than 2,000,000 bytes of mem"):
        read_table(file.getvalue(), "m.parquet")


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (pa.time64("ns"), 86_399_999_999_999, "23:59:59.999999999"),
        (pa.date32(), 19_000, "2022-01-08"),
        (pa.date32(), 2**30, "<value out of range: 1073741824>"),
        (pa.timestamp("s", "Mars/Base"), 1, "1970-01-01 00:00:01+00:00"),
        (pa.timestamp("s", "+25:00"), 1, "1970-01-01 00:00:01+00:00"),
    ],
    ids=str,
)
def test_times_that_python_has_not_do_not_cost_the_table(kind, value, said):
    file = io.BytesIO()
    pq.write_table(pa.table({"key": ["a.jpg", "b.jpg"], "t": pa.array([value, None], kind)}), file)
    table = read_table(file.getvalue(), "m.parquet")
    assert table.frame["t"].fillna("").tolist() == [said, ""]
