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
