"""A matrix and neighbours in files: the same again, or an error that says what the file is."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zapsim
from zapsim.course.fresh import reset
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


def file(path, keys, values, names=("features",)):
    path.parent.mkdir(exist_ok=True)
    vectors = [pa.FixedSizeListArray.from_arrays(pa.array(each), 2) for each in values]
    pq.write_table(pa.table({"key": keys, **dict(zip(names, vectors, strict=True))}), path)


@pytest.mark.parametrize(
    ("keys", "values", "said"),
    [
        (["a", "a"], np.ones(4, "f4"), "each key once"),
        ([1, 2], np.ones(4, "f4"), "'key' is int64, not text"),
        (["a", None], np.ones(4, "f4"), "'key' is missing in 1 rows"),
        ([["a"], ["b"]], np.ones(4, "f4"), "it has no column of texts 'key'"),
        (["a", "b"], np.ones(4), "its values are float64"),
        (["a", "b"], np.ones(4, "i4"), "its values are int32"),
        (["a", "b"], ["x"] * 4, "'features' is fixed_size_list.*string"),
        (["a", "b"], np.array([1, 1, np.nan, 1], "f4"), "NaN or infinity"),
        (["a", "b"], np.array([1, -np.inf, np.inf, 1], "f4"), "NaN or infinity"),
        (["a", "b"], [[1.0]] * 4, "'features' is fixed_size_list.*list"),
    ],
    ids=str,
)
def test_loading_a_matrix_refuses_what_cannot_be_one(path, keys, values, said):
    file(path, keys, [values])
    with pytest.raises(StoreError, match=rf"saved\.parquet .*{said}"):
        load_matrix(path)


@pytest.mark.parametrize(
    "spoilt", [MATRIX * np.nan, MATRIX.set_axis(["a"] * 3).T.set_axis(["a"] * 3)]
)
def test_a_matrix_that_could_not_be_loaded_is_not_saved(path, spoilt):
    with pytest.raises(ValueError, match="each key once|3 of 3 rows of matrix hold NaN or inf"):
        save_matrix(spoilt, path)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("keys", "score", "said"),
    [
        (["a", "a"], 1, "keys hold 'a' more than once"),
        (["a", None], 1, "missing in 1 rows"),
        (["a", "b"], np.inf, "not hold"),
    ],
)
def test_loading_neighbours_refuses_other_keys_and_infinity(path, keys, score, said):
    indices, scores = np.array([1, -1, 0, -1], "i4"), np.array([score, np.nan] * 2, "f4")
    file(path, keys, [indices, scores], ("indices", "scores"))
    with pytest.raises(StoreError, match=rf"saved\.parquet .*{said}"):
        load_neighbours(path)


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


SPOILT = [
    ({"indices": NEIGHBOURS.indices + 1}, "do not point at its 3 keys"),
    ({"indices": NEIGHBOURS.indices - 1}, "do not point at its 3 keys"),
    ({"indices": NEIGHBOURS.indices.astype(float)}, "do not point at its 3 keys"),
    ({"scores": NEIGHBOURS.indices}, "must have a score"),
    ({"scores": NEIGHBOURS.scores[:, :1]}, "must have a score"),
    ({"scores": np.zeros_like(NEIGHBOURS.scores)}, "NaN where no more exist"),
    ({"scores": NEIGHBOURS.scores * np.nan}, "a finite score"),
    ({"scores": NEIGHBOURS.scores + np.float32(np.inf)}, "a finite score"),
    ({"keys": pd.Index(["a", "a", "b"])}, "keys hold 'a' more than once"),
]


@pytest.mark.parametrize(("spoilt", "said"), SPOILT, ids=str)
def test_what_cannot_be_neighbours_is_neither_saved_nor_loaded(path, spoilt, said):
    save_neighbours(NEIGHBOURS, path)
    before = path.read_bytes()
    spoilt = NEIGHBOURS._replace(**spoilt)
    with pytest.raises(ValueError, match=said):
        save_neighbours(spoilt, path)
    assert path.read_bytes() == before, "an earlier file was touched"
    write_vectors(path, *spoilt, names=("indices", "scores"))
    with pytest.raises(StoreError, match=rf"does not hold neighbours: .*({said}|its .* are)"):
        load_neighbours(path)


@pytest.mark.parametrize(
    ("spoilt", "error", "said"),
    [
        ({"keys": KEYS[:2]}, ValueError, "do not point at its 2 keys"),
        (
            {"keys": KEYS[:2], "indices": NEIGHBOURS.indices[:2], "scores": NEIGHBOURS.scores[:2]},
            ValueError,
            "do not point at its 2 keys",
        ),
        ({"keys": list(KEYS)}, TypeError, "Its keys are no Index"),
        ({"indices": NEIGHBOURS.indices[:, 0]}, ValueError, "do not point"),
        ({"indices": NEIGHBOURS.indices.tolist()}, TypeError, "Its indices are no ndarray"),
        ({"scores": pd.DataFrame(NEIGHBOURS.scores)}, TypeError, "Its scores are no ndarray"),
        ({"scores": NEIGHBOURS.scores + np.float64(1e300)}, ValueError, "a finite score"),
    ],
    ids=str,
)
def test_neighbours_of_other_kinds_are_not_saved(path, spoilt, error, said):
    with pytest.raises(error, match=said):
        save_neighbours(NEIGHBOURS._replace(**spoilt), path)
    assert not path.parent.exists()


@pytest.mark.parametrize("kind", [np.float16, np.float64])
@pytest.mark.parametrize("whole", [np.int8, np.int64])
def test_neighbours_in_other_number_formats_are_saved_as_the_usual(path, kind, whole):
    _, indices, scores = NEIGHBOURS
    save_neighbours(Neighbours(KEYS, indices.astype(whole), scores.astype(kind)), path)
    loaded = load_neighbours(path)
    for ours, theirs in zip(loaded[1:], NEIGHBOURS[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(
    "keys",
    [
        [1, 2, 3],
        [0.5, 1, 2],
        [None, "a", "b"],
        [1, "a", "b"],
        [b"a", b"b", b"c"],
        ["x" * 5_000, "a", "b"],
        pd.Index(["\ud800", "a", "b"], dtype=object),
        pd.date_range("2020", periods=3),
    ],
    ids=lambda keys: repr(keys)[:30],
)
@pytest.mark.parametrize("save", [save_matrix, save_neighbours])
def test_keys_that_could_not_be_read_again_are_not_saved(path, save, keys):
    save(NEIGHBOURS if save is save_neighbours else MATRIX, path)
    before = path.read_bytes()
    keys = pd.Index(keys)
    other = {
        save_matrix: MATRIX.set_axis(keys).T.set_axis(keys),
        save_neighbours: NEIGHBOURS._replace(keys=keys),
    }
    with pytest.raises(ValueError, match="Each key must be a text of at most 1,024 characters"):
        save(other[save], path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("x", "matrix must be numbers in rows of one length"),
        (2j, "matrix must be numbers in rows of one length: some are masked, or complex"),
        (1e300, "3 of 3 rows of matrix hold NaN or infinity"),
    ],
)
def test_a_matrix_of_other_values_is_not_saved(path, values, said):
    with pytest.raises(ValueError, match=said):
        save_matrix(pd.DataFrame(values, KEYS, KEYS), path)
    with pytest.raises(ValueError, match=r"matrix must have shape .* Received: \(0, 0\)"):
        save_matrix(MATRIX.iloc[:0, :0], path)
    assert not path.parent.exists()


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
    indices = (np.arange(400)[:, None] + np.arange(1, 6)) % 400
    save_neighbours(Neighbours(keys, indices, scores), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"saved\.parquet is not a Parquet file"):
        load_neighbours(path)


@pytest.mark.parametrize(
    ("rows", "said"),
    [([[1, 2], [2, 2], [0, -1]], "'<x>.jpg' comes more than once"),
     ([[1, 2], [0, 1], [0, -1]], "among their own neighbours, such as 'a b.jpg'")],
)  # fmt: skip
def test_neighbours_that_are_no_others_are_neither_saved_nor_loaded(path, rows, said):
    unfit = NEIGHBOURS._replace(indices=np.array(rows, np.int32))
    with pytest.raises(ValueError, match=said):
        save_neighbours(unfit, path)
    write_vectors(path, *unfit, names=("indices", "scores"))
    with pytest.raises(StoreError, match=said):
        load_neighbours(path)


@pytest.mark.parametrize(("save", "result"), [(save_matrix, MATRIX), (save_neighbours, NEIGHBOURS)])
def test_only_a_parquet_file_is_overwritten(path, save, result):
    save(result, path)
    save(result, path)
    path.write_text("my notes")
    with pytest.raises(StoreError, match=r"saved\.parquet is something else than a Parquet file"):
        save(result, path)
    assert path.read_text() == "my notes"
    path.write_bytes(b"")
    save(result, path)
    assert path.read_bytes()[:4] == b"PAR1"


def test_no_neighbours_are_not_saved(path):
    alone = Neighbours(KEYS[:1], np.empty((1, 0), np.int32), np.empty((1, 0), np.float32))
    with pytest.raises(ValueError, match=r"no neighbours to save.*Received: .*\(1, 0\)"):
        save_neighbours(alone, path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "an empty text. '.' is the current folder"),
        ("a\0b", "Backslashes of a Windows path were lost"),
        pytest.param("\ud800", "surrogates not allowed", marks=pytest.mark.unix),
        pytest.param("~nobody-is-called-so/x", "home", marks=pytest.mark.unix),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda path: save_matrix(MATRIX, path),
        lambda path: load_matrix(path),
        lambda path: save_neighbours(NEIGHBOURS, path),
        lambda path: load_neighbours(path),
        lambda path: zapsim.load_features(path),
        lambda path: zapsim.load_catalogue(path),
        lambda path: zapsim.load_vectors(path),
        lambda path: zapsim.VGG16Extractor(weights=path),
        lambda path: zapsim.VGG16Extractor().extract(zapsim.load_catalogue(), path),
        lambda path: zapsim.stage(path),
        lambda path: zapsim.stage("x", path),
        lambda path: zapsim.fetch_zappos(path),
        lambda path: reset("04", path),
    ],
)
def test_a_path_that_no_system_opens_is_refused_in_words(call, path, said):
    with pytest.raises(ValueError, match=f"must be the path of .*{said}"):
        call(path)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda path: save_matrix(MATRIX.to_numpy(), path),
            "matrix must be a DataFrame, as",
        ),
        (lambda path: save_neighbours(MATRIX, path), "neighbours must be Neighbours, as zapsim"),
        (
            lambda path: save_matrix(MATRIX, 3),
            "path must be the path of a file .* 3$",
        ),
        (lambda path: save_neighbours(NEIGHBOURS, None), "path must be the path"),
        (lambda path: load_matrix(3), "path must be the path"),
        (lambda path: load_neighbours(3), "path must be the path"),
        (lambda path: zapsim.load_features(3), "store must be the path"),
        (lambda path: zapsim.stage(3), "source must be the path"),
        (lambda path: zapsim.stage(path, 3), "to must be the path"),
        (lambda path: zapsim.fetch_zappos(3), "to must be the path"),
    ],
)
def test_what_is_of_another_kind_is_refused_in_words(path, call, said):
    with pytest.raises(TypeError, match=said):
        call(path)
