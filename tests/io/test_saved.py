"""saved.py: matrices and neighbours come back as they were; other files are refused."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.io.parquet import write_vectors


def features(values, keys=None):
    keys = [f"item{i:03d}.jpg" for i in range(len(values))] if keys is None else keys
    return pd.DataFrame(np.asarray(values, np.float32), index=pd.Index(keys, name="key"))


COMPASS = features([[1, 0], [0, 2], [3, 3], [-5, 0]], ["east", "north", "northeast", "west"])


def test_matrix_survives_saving_and_loading(tmp_path):
    matrix = zapsim.similarity_matrix(
        features(np.eye(3), ["Schuhe/ärmel.jpg", "a b.jpg", "<x>.jpg"])
    )
    path = tmp_path / "new" / "matrix.parquet"
    zapsim.save_matrix(matrix, path)
    loaded = zapsim.load_matrix(path)
    pd.testing.assert_frame_equal(loaded, matrix, check_names=False)
    assert path.read_bytes()[:4] == b"PAR1", "Parquet, not a pickle"
    assert [file.name for file in path.parent.iterdir()] == ["matrix.parquet"]


def test_saving_refuses_a_table_that_is_no_similarity_matrix(tmp_path):
    with pytest.raises(ValueError, match="same keys on both axes"):
        zapsim.save_matrix(COMPASS, tmp_path / "matrix.parquet")


def test_loading_refuses_features_and_foreign_files(tmp_path):
    write_vectors(tmp_path / "features.parquet", ["a", "b"], np.zeros((2, 3), np.float32))
    with pytest.raises(zapsim.StoreError, match="2 vectors of 3 numbers"):
        zapsim.load_matrix(tmp_path / "features.parquet")
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(zapsim.StoreError, match=r"text\.parquet is not a Parquet file"):
        zapsim.load_matrix(tmp_path / "text.parquet")
    with pytest.raises(FileNotFoundError):
        zapsim.load_matrix(tmp_path / "missing.parquet")


def test_neighbours_survive_saving_and_loading(tmp_path):
    frame = features([[1, 0], [1, 1], [0, 1]], ["Schuhe/ärmel.jpg", "a b.jpg", "<x>.jpg"])
    top = zapsim.top_k(frame, k=2, exclude=["shoe", "shoe", "boot"])
    path = tmp_path / "new" / "neighbours.parquet"
    zapsim.save_neighbours(top, path)
    loaded = zapsim.load_neighbours(path)
    pd.testing.assert_index_equal(loaded.keys, top.keys)
    for ours, theirs in zip(loaded[1:], top[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert [file.name for file in path.parent.iterdir()] == ["neighbours.parquet"]
    columns = pd.read_parquet(path)
    assert list(columns) == ["key", "indices", "scores"]
    assert list(columns["indices"][2]) == [1, 0]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda top: top._replace(indices=top.indices + 100),
        lambda top: top._replace(indices=top.indices - 5),
        lambda top: top._replace(indices=top.indices.astype(np.int64)),
        lambda top: top._replace(scores=top.scores[:, :1]),
        lambda top: top._replace(scores=np.full_like(top.scores, np.nan)),
    ],
)
def test_loading_refuses_what_are_no_neighbours(tmp_path, spoilt):
    path = tmp_path / "neighbours.parquet"
    zapsim.save_neighbours(spoilt(zapsim.top_k(COMPASS, 2)), path)
    with pytest.raises(zapsim.StoreError, match=r"does not hold neighbours.*its 4 keys"):
        zapsim.load_neighbours(path)


def test_loading_neighbours_refuses_other_files_and_flipped_bits(tmp_path):
    zapsim.save_matrix(zapsim.similarity_matrix(COMPASS), tmp_path / "matrix.parquet")
    with pytest.raises(
        zapsim.StoreError, match=r"matrix\.parquet is not a Parquet file written by"
    ):
        zapsim.load_neighbours(tmp_path / "matrix.parquet")
    with pytest.raises(FileNotFoundError):
        zapsim.load_neighbours(tmp_path / "missing.parquet")
    path = tmp_path / "neighbours.parquet"
    zapsim.save_neighbours(
        zapsim.top_k(features(np.random.default_rng(0).gamma(0.5, size=(400, 8))), 5), path
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(zapsim.StoreError, match=r"neighbours\.parquet is not a Parquet file"):
        zapsim.load_neighbours(path)


def test_saving_no_neighbours_is_refused(tmp_path):
    alone = zapsim.top_k(features([[1, 2]]), k=5)
    with pytest.raises(ValueError, match=r"no neighbours to be saved.*Received: .*\(1, 0\)"):
        zapsim.save_neighbours(alone, tmp_path / "neighbours.parquet")
