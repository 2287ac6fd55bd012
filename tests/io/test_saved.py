"""A matrix and neighbours in files: the same again, or an error that says what the file is."""

import numpy as np
import pandas as pd
import pytest

from zapsim.io.parquet import StoreError, write_vectors
from zapsim.io.saved import (
    Neighbours,
    load_matrix,
    load_neighbours,
    save_matrix,
    save_neighbours,
)

KEYS = pd.Index(["Schuhe/ärmel.jpg", "a b.jpg", "<x>.jpg"], name="key")
MATRIX = pd.DataFrame(
    [[1, 0.5, 0], [0.5, 1, -0.25], [0, -0.25, 1]], index=KEYS, columns=KEYS, dtype=np.float32
)
# The last item has one neighbour only.
NEIGHBOURS = Neighbours(
    KEYS,
    np.array([[1, 2], [0, 2], [0, -1]], np.int32),
    np.array([[0.5, 0], [0.5, -0.25], [0, np.nan]], np.float32),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "saved.parquet"


def names(path):
    return [file.name for file in path.parent.iterdir()]


# --- a matrix --------------------------------------------------------------------------------


def test_matrix_survives_saving_and_loading(path):
    save_matrix(MATRIX, path)
    pd.testing.assert_frame_equal(load_matrix(path), MATRIX)
    assert path.read_bytes()[:4] == b"PAR1", "Parquet, not a pickle"
    assert names(path) == ["saved.parquet"]


@pytest.mark.parametrize("table", [MATRIX[KEYS[:2]], MATRIX[KEYS[::-1]]])
def test_table_without_the_same_keys_on_both_axes_is_not_saved(path, table):
    with pytest.raises(ValueError, match="same keys on both axes, in the same order"):
        save_matrix(table, path)
    assert not path.parent.exists()


def test_loading_a_matrix_refuses_features_and_foreign_files(path):
    write_vectors(path, ["a", "b"], np.zeros((2, 3), np.float32))
    with pytest.raises(StoreError, match="2 vectors of 3 numbers, which is not a square matrix"):
        load_matrix(path)
    path.write_text("no Parquet")
    with pytest.raises(StoreError, match=r"saved\.parquet is not a Parquet file"):
        load_matrix(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load_matrix(path)


# --- neighbours ------------------------------------------------------------------------------


def test_neighbours_survive_saving_and_loading(path):
    save_neighbours(NEIGHBOURS, path)
    loaded = load_neighbours(path)
    pd.testing.assert_index_equal(loaded.keys, KEYS)
    for ours, theirs in zip(loaded[1:], NEIGHBOURS[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert names(path) == ["saved.parquet"]
    columns = pd.read_parquet(path)
    assert list(columns) == ["key", "indices", "scores"]
    assert list(columns["indices"][2]) == [0, -1]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"indices": NEIGHBOURS.indices + 1},
        {"indices": NEIGHBOURS.indices - 1},
        {"indices": NEIGHBOURS.indices.astype(np.int64)},
        {"scores": NEIGHBOURS.scores.astype(np.float64)},
        {"scores": NEIGHBOURS.scores[:, :1]},
        {"scores": np.zeros_like(NEIGHBOURS.scores)},
    ],
    ids=str,
)
def test_loading_refuses_what_cannot_be_neighbours(path, spoilt):
    save_neighbours(NEIGHBOURS._replace(**spoilt), path)
    with pytest.raises(StoreError, match=r"does not hold neighbours.*its 3 keys"):
        load_neighbours(path)


def test_loading_neighbours_refuses_a_matrix_and_a_missing_file(path):
    save_matrix(MATRIX, path)
    with pytest.raises(StoreError, match=r"saved\.parquet is not a Parquet file written by zapsim"):
        load_neighbours(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load_neighbours(path)


def test_a_flipped_bit_in_neighbours_is_noticed(path):
    rng = np.random.default_rng(0)
    keys = pd.Index([f"{number}.jpg" for number in range(400)])
    scores = rng.random((400, 5), np.float32)
    save_neighbours(
        Neighbours(keys, rng.integers(400, size=(400, 5), dtype=np.int32), scores), path
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"saved\.parquet is not a Parquet file"):
        load_neighbours(path)


def test_no_neighbours_are_not_saved(path):
    alone = Neighbours(KEYS[:1], np.empty((1, 0), np.int32), np.empty((1, 0), np.float32))
    with pytest.raises(ValueError, match=r"no neighbours to save.*Received: .*\(1, 0\)"):
        save_neighbours(alone, path)
