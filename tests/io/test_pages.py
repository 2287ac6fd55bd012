"""What a file unpacks to is known before anything unpacks it, whatever the file says."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.stores import varint
from zapsim.io.pages import check_footer, unpacked_size
from zapsim.metadata.tables import read_table

ROWS = 30_000


def written(path, table, **options):
    pq.write_table(pa.table(table), path, compression="zstd", **options)
    return path


def size_of(path, columns=(0,), limit=10**12):
    with open(path, "rb") as file:
        return unpacked_size(file, os.fstat(file.fileno()).st_size, columns, limit)[0]


def lie(path, old, new):
    """Let the footer say another number, in as many bytes."""
    said = varint(2 * old)
    other = bytearray(varint(2 * new))
    other[-1] |= 128
    other += b"\x80" * (len(said) - len(other) - 1) + b"\0"
    data = path.read_bytes()
    assert said in data
    path.write_bytes(data.replace(said, other))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_size_is_that_of_the_pages(tmp_path, version, dictionary):
    values = np.random.default_rng(0).random(ROWS)
    path = written(
        tmp_path / "a", {"a": values}, use_dictionary=dictionary, data_page_version=version
    )
    said = pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size
    # The headers of the pages are in what the footer says.
    assert 0.99 * said < size_of(path) <= max(said, 8 * ROWS)


def test_what_is_repeated_counts_each_time(tmp_path):
    path = written(tmp_path / "a", {"a": np.zeros(ROWS), "b": ["text"] * ROWS})
    assert os.path.getsize(path) < 2_000
    assert size_of(path, [0]) == 8 * ROWS
    assert size_of(path, [0, 1]) == (8 + 48) * ROWS
    assert size_of(path, [0, 1], limit=1) == 8 * ROWS


def test_texts_that_repeat_their_beginning_count_as_often_as_they_are_there(tmp_path):
    options = {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    path = written(tmp_path / "a", {"a": ["a" * 10_000] * 1_000}, **options)
    assert size_of(path) >= 1_000 * 10_000


def test_a_footer_that_says_less_is_not_believed(tmp_path):
    path = written(tmp_path / "a", {"a": np.zeros(ROWS)}, use_dictionary=False)
    before = size_of(path)
    lie(path, pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size, 10)
    assert size_of(path) == before
    lie(path, ROWS, 10)
    with pytest.raises(ValueError, match=r"pages hold 30,000 values .*should hold 10"):
        size_of(path)


def test_a_large_footer_is_not_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"PAR1" + bytes(4_000_000) + (4_000_000).to_bytes(4, "little") + b"PAR1")
    with open(path, "rb") as file, pytest.raises(ValueError, match=r"footer has 4,000,000 bytes"):
        check_footer(file, os.path.getsize(path))


@pytest.mark.parametrize("kind", [1, 2, 3, 7], ids=["true", "false", "byte", "double"])
def test_a_list_in_a_header_has_no_more_values_than_bytes(tmp_path, kind):
    path = written(tmp_path / "a", {"a": ["x", "y"]}, use_dictionary=False)
    place = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    # Field 9, which no header has.
    endless = bytes([0x99, 0xF0 | kind]) + varint(10**6)
    data = bytearray(path.read_bytes())
    data[place : place + len(endless)] = endless
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"header at 4 cannot be read \(a value goes on beyond"):
        size_of(path)


def test_a_list_of_truths_in_a_header_is_passed_over(tmp_path):
    with_truths = pages(n_values=[1], before=b"\x99\x31\x01\x02\x01")
    assert size_of(with_groups(tmp_path / "a", with_truths, 1)) == 8


def test_groups_that_share_a_column_are_refused(tmp_path):
    some = pages(n_values=[1] + [0] * 99)
    assert size_of(with_groups(tmp_path / "a", some, 1)) == 8
    with pytest.raises(ValueError, match="its columns take more bytes than there are"):
        size_of(with_groups(tmp_path / "b", some, 100))


def pages(n_values, before=b""):
    """Headers of pages with so many values each, and no bytes, behind a field that nobody knows."""
    rest = b"\x05\x02\x00\x15\x00\x15\x00\x2c\x15%b\x15\x00\x00\x00"
    return b"".join(before + rest % varint(2 * n) for n in n_values)


def with_groups(path, column, n_groups):
    """A file of one column, of one value, which each of so many groups says is its own."""
    said = b"\x15\x02\x46\x02\x26" + varint(2 * len(column)) + b"\x26\x08\x00"
    groups = b"\x49\xfc" + varint(n_groups) + b"\x19\x1c\x3c%b\x00\x00" % said * n_groups
    footer = groups + b"\x00"
    path.write_bytes(b"PAR1" + column + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    return path


def test_any_bytes_are_an_error_that_says_so(tmp_path):
    whole = bytearray(written(tmp_path / "a", {"a": ["x", "y"]}).read_bytes())
    for place in range(len(whole)):
        for bit in (0, 3, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            (tmp_path / "b").write_bytes(damaged)
            try:
                assert size_of(tmp_path / "b", limit=10**6) >= 0
            except (ValueError, LookupError, RecursionError):
                continue


def test_metadata_is_checked_by_its_pages_and_not_by_its_footer(tmp_path, monkeypatch):
    path = written(tmp_path / "m.parquet", {"key": ["a" * 90_000, "b" * 90_000]})
    monkeypatch.setattr("zapsim.metadata.tables.MAX_UNPACKED", 100_000)
    lie(path, pq.read_metadata(path).row_group(0).total_byte_size, 5_000)
    assert pq.read_metadata(path).row_group(0).total_byte_size == 5_000
    with pytest.raises(ValueError, match="m.parquet unpacks to 180,[0-9]+ bytes, more than"):
        read_table(path.read_bytes(), path.name)
