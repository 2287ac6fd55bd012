"""One Parquet file of vectors: whole or not at all, and never taken for another's."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zapsim.io import parquet
from zapsim.io.parquet import StoreError, read_vectors, write_vectors

ONE = np.ones((1, 3), np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "matrix.parquet"


def names(path):
    return [file.name for file in path.parent.iterdir()]


# --- round trip ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_vectors_keep_order_and_type(path, dtype):
    values = np.array([[3, 4], [1, 2], [5, 6]], dtype)
    write_vectors(path, pd.Index(["b", "a", "b"]), values)
    keys, read = read_vectors(str(path))
    assert keys == ["b", "a", "b"]
    np.testing.assert_array_equal(read, values)
    assert read.dtype == dtype
    assert names(path) == ["matrix.parquet"]


def test_several_arrays_come_back_by_name(path):
    indices, scores = np.array([[1, 2]], np.int32), np.array([[0.5, 0.25]], np.float32)
    write_vectors(path, ["a"], indices, scores, names=("indices", "scores"))
    keys, first, second = read_vectors(path, ("scores", "indices"))
    assert (keys, first.tolist(), second.tolist()) == (["a"], scores.tolist(), indices.tolist())


# --- files of another kind -------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [{"a": [1]}, {"key": ["a"]}, {"key": ["a"], "features": [1.0]}, {"key": [], "features": []}],
)
def test_foreign_parquet_is_refused(tmp_path, table):
    pq.write_table(pa.table(table), tmp_path / "foreign.parquet")
    with pytest.raises(StoreError, match=r"foreign\.parquet is not a Parquet file written by zap"):
        read_vectors(tmp_path / "foreign.parquet")


def test_text_is_refused(tmp_path):
    (tmp_path / "text.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match=r"text\.parquet is not a Parquet file"):
        read_vectors(tmp_path / "text.parquet")


@pytest.mark.unix
@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), Path.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_refused(tmp_path, make):
    make(tmp_path / "it.parquet")
    with pytest.raises(StoreError, match=r"it\.parquet is not a Parquet file .*not a regular file"):
        read_vectors(tmp_path / "it.parquet")


def test_what_unpacks_to_too_much_is_refused(path, monkeypatch):
    write_vectors(path, [str(n) for n in range(9_000)], np.zeros((9_000, 9)))
    assert read_vectors(path)[1].shape == (9_000, 9)
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 100_000)
    monkeypatch.setattr(parquet, "_MAX_TIMES", 1)
    with pytest.raises(StoreError, match=r"matrix\.parquet .*unpacks to .*the limit is"):
        read_vectors(path)


def test_missing_key_is_refused(tmp_path):
    lists = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2.0]), 1)
    table = pa.table({"key": ["a", None], "features": lists})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(StoreError, match=r"a\.parquet .*'key' is missing in 1 rows"):
        read_vectors(tmp_path / "a.parquet")


def test_file_that_is_not_there_is_a_file_not_found(path):
    with pytest.raises(FileNotFoundError, match=r"matrix\.parquet"):
        read_vectors(path)


def test_disk_that_does_not_answer_is_not_called_a_foreign_file(path, failing):
    write_vectors(path, ["a"], ONE)
    failing("read", OSError(5, "Input/output error"), path.name)
    with pytest.raises(StoreError, match=r"Could not read .*\(Input/output error\).*run again"):
        read_vectors(path)


def test_lack_of_memory_is_not_called_a_foreign_file(path, failing):
    write_vectors(path, ["a"], ONE)
    failing("read", pa.ArrowMemoryError("malloc failed"), path.name)
    with pytest.raises(MemoryError, match="malloc failed"):
        read_vectors(path)


# --- whole or not at all ---------------------------------------------------------------------


def test_failed_overwrite_keeps_the_old_vectors(path, monkeypatch):
    write_vectors(path, ["a"], ONE)

    def half_written(table, where, **options):
        Path(where).write_bytes(b"PAR1 half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half_written)
    with pytest.raises(StoreError, match=r"Could not write .*No space left.*before is whole"):
        write_vectors(path, ["b"], 2 * ONE)
    assert names(path) == ["matrix.parquet"]
    assert read_vectors(path)[0] == ["a"]


def test_folder_that_cannot_be_made_is_a_store_error(path):
    path.parent.touch()
    with pytest.raises(StoreError, match="Could not write .*choose another folder"):
        write_vectors(path, ["a"], ONE)
