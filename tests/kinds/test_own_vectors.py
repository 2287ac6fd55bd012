"""own_vectors.py: vectors of other programs, as people have them, and what is wrong with them."""

import re
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zapsim

KEYS = ["Boots/1.1.jpg", "Boots/2.1.jpg", "Shoes/3.1.jpg", "Shoes/4.1.jpg"]
VALUES = np.array([[9, 0], [9, 1], [1, 9], [0, 9]])
EXPECTED = pd.DataFrame(VALUES.astype(np.float32), pd.Index(KEYS, dtype=object, name="key"))


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


def same(features, expected=EXPECTED):
    pd.testing.assert_frame_equal(
        features, expected, check_column_type=False, check_index_type=False
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", ">f4"])
@pytest.mark.parametrize("keys", ["list", "index", "txt", "csv", "csv of names", "paths"])
def test_npy_with_keys(tmp_path, dtype, keys):
    np.save(tmp_path / "v.npy", VALUES.astype(dtype))
    if keys == "csv":
        pd.DataFrame({"title": list("abcd"), "File_Name": KEYS}).to_csv(tmp_path / "k.csv")
    elif keys == "txt":
        (tmp_path / "k.txt").write_text("\ufeff" + "\r\n".join(KEYS) + "\n\n", encoding="utf-8")
    elif keys == "csv of names":
        (tmp_path / "k.csv").write_text("\n".join(KEYS))
    given = {
        "list": KEYS,
        "index": pd.Index(KEYS),
        "txt": tmp_path / "k.txt",
        "paths": [PurePosixPath(key) for key in KEYS],
    }
    same(zapsim.load_vectors(str(tmp_path / "v.npy"), given.get(keys, tmp_path / "k.csv")))


def test_arrays_and_lists_and_tensors():
    same(zapsim.load_vectors(VALUES, KEYS))
    same(zapsim.load_vectors(VALUES.tolist(), tuple(KEYS)))


@pytest.mark.parametrize(
    "column",
    [
        pa.FixedSizeListArray.from_arrays(pa.array(VALUES.ravel(), pa.float32()), 2),
        pa.FixedSizeListArray.from_arrays(pa.array(VALUES.ravel().astype(np.float16)), 2),
        pa.array(VALUES.tolist()),
        pa.array(VALUES.tolist(), pa.large_list(pa.float64())),
        pa.chunked_array([VALUES[:3].tolist(), VALUES[3:].tolist()]),
    ],
    ids=lambda column: str(column.type),
)
def test_parquet_with_a_column_of_lists(tmp_path, column):
    pq.write_table(
        pa.table({"embedding": column, "image_path": KEYS, "n": [1, 2, 3, 4]}),
        tmp_path / "v.parquet",
    )
    same(zapsim.load_vectors(tmp_path / "v.parquet"))


def test_parquet_with_a_column_a_number(tmp_path, capsys):
    table = pd.DataFrame(VALUES.astype("float32"), columns=["0", "1"])
    table.assign(path=KEYS, label=3, title="x").to_parquet(tmp_path / "v.parquet")
    found = zapsim.load_vectors(tmp_path / "v.parquet")
    np.testing.assert_array_equal(found, VALUES)
    assert list(found.index) == KEYS
    assert capsys.readouterr().out == "No part of the vectors: label, title\n"
    table.set_axis(KEYS).to_parquet(tmp_path / "v.parquet")
    assert list(zapsim.load_vectors(tmp_path / "v.parquet").index) == KEYS


def test_what_zapsim_wrote_is_read(tmp_path):
    same(zapsim.load_vectors(EXPECTED))


@pytest.mark.parametrize(
    ("names", "way"),
    [
        (KEYS, "key"),
        ([f".\\{key}".replace("/", "\\") for key in KEYS], "key"),
        ([f"/data/shop/{key}" for key in KEYS], "the path below the folder that all share"),
        ([f"C:\\shop\\{key}" for key in KEYS], "the path below the folder that all share"),
        (["1.1.jpg", "2.1.jpg", "3.1.jpg", "4.1.jpg"], "file name"),
        (["1.1", "2.1", "3.1", "4.1"], "file name without suffix"),
        (["a/1.1.png", "a/2.1.png", "b/3.1.png", "b/4.1.png"], "file name without suffix"),
    ],
)
def test_names_are_matched_with_the_catalogues(catalogue, capsys, names, way):
    shuffled = [3, 1, 0, 2]
    found = zapsim.load_vectors(VALUES[shuffled], [names[i] for i in shuffled], catalogue)
    same(found)
    assert capsys.readouterr().out == f"4 of 4 vectors matched by {way}\n"
    assert found.index.isin(catalogue.keys).all()


@pytest.mark.parametrize("saved", [False, True])
def test_row_numbers_of_a_filtered_table_are_no_names(make_folder, tmp_path, saved):
    catalogue = zapsim.load_catalogue(make_folder("1.jpg", "3.jpg"))
    frame = pd.DataFrame(VALUES).rename(columns=str)[np.array([False, True, False, True])]
    if saved:
        frame.to_parquet(tmp_path / "v.parquet")
    with pytest.raises(ValueError, match="does not say whose the vectors are.*row numbers"):
        zapsim.load_vectors(tmp_path / "v.parquet" if saved else frame, catalogue=catalogue)
    named = frame.rename_axis("id")
    assert list(zapsim.load_vectors(named, catalogue=catalogue).index) == ["1.jpg", "3.jpg"]


@pytest.mark.parametrize("names", [[108775015, 7], [108775015.0, 7.0], ["0108775015", "007"]])
def test_numbers_are_matched_with_leading_zeros(make_folder, names):
    catalogue = zapsim.load_catalogue(make_folder("010/0108775015.jpg", "000/0000007.jpg"))
    found = zapsim.load_vectors(VALUES[:2], names, catalogue)
    assert found[0].to_dict() == {"000/0000007.jpg": 9, "010/0108775015.jpg": 9}
    assert found[1].to_dict() == {"000/0000007.jpg": 1, "010/0108775015.jpg": 0}


def test_what_is_left_out_is_counted_with_an_example_of_each_side(catalogue):
    with pytest.warns(UserWarning) as caught:
        found = zapsim.load_vectors(VALUES, [*KEYS[:3], "none.jpg"], catalogue)
    assert list(found.index) == KEYS[:3]
    assert str(caught[0].message) == (
        "1 vectors belong to no item and are left out, such as 'none.jpg'; 1 items have no vector, "
        "such as 'Shoes/4.1.jpg'."
    )
    assert caught[0].filename == __file__


def test_where_paths_match_the_same_name_elsewhere_is_another_pictures(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a/1.jpg", "a/2.jpg"))
    with pytest.warns(UserWarning, match="1 vectors belong to no item.*such as 'b/2.jpg'"):
        found = zapsim.load_vectors(VALUES[:2], ["a/1.jpg", "b/2.jpg"], catalogue)
    assert list(found.index) == ["a/1.jpg"]


def test_the_same_file_name_twice_is_nobodys(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("a/1.jpg", "b/1.jpg", "b/2.jpg"))
    with pytest.warns(UserWarning, match="1 vectors belong to no item.*2 items have no vector"):
        found = zapsim.load_vectors(VALUES[:2], ["1.jpg", "2.jpg"], catalogue)
    assert list(found.index) == ["b/2.jpg"]


def test_vectors_of_zeros_are_said():
    with pytest.warns(UserWarning, match="1 of 4 vectors are zeros, such as that of 'Boots/2"):
        zapsim.load_vectors(VALUES * [[1], [0], [1], [1]], KEYS)


def test_they_go_everywhere(catalogue):
    features = zapsim.load_vectors(VALUES, KEYS, catalogue)
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    assert predictor.similar(KEYS[0], 1)["key"][0] == KEYS[1]
    assert predictor.similar_to([0, 5], 1)["key"][0] == KEYS[3]
    assert zapsim.browse(predictor, KEYS[0], 1).state.neighbours()["key"][0] == KEYS[1]
    labels, neighbours = catalogue.table["Category"], zapsim.top_k(features, 1)
    assert zapsim.precision_at_k(neighbours, labels) == 1
    assert zapsim.evaluate(neighbours, labels).loc["precision@1", "value"] == 1
    assert len(zapsim.map_catalogue(features, "PCA")) == 4
    assert zapsim.reduce(features, 1).shape == (4, 1)
    assert len(zapsim.quiz(predictor, n=1).state) == 1
    assert zapsim.similarity_matrix(features).shape == (4, 4)


# --- what is wrong -------------------------------------------------------------------------------


def write(path, content):
    if path.suffix == ".npy":
        np.save(path, content, allow_pickle=True)
    elif path.suffix == ".parquet":
        pq.write_table(pa.table(content), path)
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "keys", "message"),
    [
        ("v.npy", VALUES, None, r"4 vectors, and nothing says whose.*keys='keys.txt'"),
        ("v.npy", VALUES, KEYS[:3], "There are 4 vectors, but 3 keys"),
        ("v.npy", VALUES, [*KEYS[:3], KEYS[0]], "hold a key more than once, such as 'Boots/1.1"),
        ("v.npy", VALUES, [*KEYS[:3], None], r"A key is missing \(NaN\)"),
        ("v.npy", VALUES.astype(object), KEYS, "need pickle.*np.save"),
        ("v.npy", VALUES.astype(str), KEYS, "must be numbers.*Received: <U21 of shape"),
        ("v.npy", VALUES + 1j, KEYS, "must be numbers.*Received: complex128"),
        ("v.npy", VALUES[:, 0], KEYS, r"Received: int64 of shape \(4,\)"),
        ("v.npy", VALUES[:, None], KEYS, r"Received: int64 of shape \(4, 1, 2\)"),
        ("v.npy", VALUES[:0], [], "neither of them 0"),
        ("v.npy", VALUES / [[1], [np.nan], [1], [1]], KEYS, "1 of 4 .*NaN or infinity.*Boots/2"),
        ("v.npy", VALUES * 1e300, KEYS, "4 of 4 feature vectors hold NaN or infinity"),
        ("v.parquet", {"key": KEYS, "v": [[1], [1, 2], [3], [4]]}, None, "1 others have not, such"),
        ("v.parquet", {"key": KEYS, "v": [[1], None, [3], [4]]}, None, "'Boots/2.1.jpg' with 0"),
        ("v.parquet", {"key": KEYS, "v": [[1, None]] + [[1, 2]] * 3}, None, "1 of 4 .*NaN"),
        ("v.parquet", {"key": KEYS, "v": [["a"]] * 4}, None, "must be numbers"),
        ("v.parquet", {"key": KEYS, "v": [[1]] * 4, "w": [[1]] * 4}, None, "several columns of"),
        ("v.parquet", {"who": KEYS, "v": [[1]] * 4}, None, "needs a column 'key'.*columns: who"),
        ("v.parquet", {"key": KEYS, "title": KEYS}, None, "has no numbers. Its columns: title"),
        ("v.npz", b"", KEYS, r"\.npy and \.parquet files. Received: v.npz"),
        ("v.pkl", b"", KEYS, r"\.npy and \.parquet files. Received: v.pkl"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, content, keys, message):
    with pytest.raises(ValueError, match=message):
        zapsim.load_vectors(write(tmp_path / name, content), keys)


@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00", b"PAR1junkPAR1"])
def test_damaged_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} cannot be read as"):
        zapsim.load_vectors(tmp_path / name, KEYS)


def test_cut_files(tmp_path):
    np.save(tmp_path / "v.npy", VALUES)
    (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-8])
    with pytest.raises(ValueError, match="v.npy cannot be read as an array"):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file .*v.npy"):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS)
    with pytest.raises(FileNotFoundError, match="There is no file .*keys.txt"):
        zapsim.load_vectors(VALUES, tmp_path / "keys.txt")
    with pytest.raises(ValueError, match=r"is a folder.*zapsim\.load_features"):
        zapsim.load_vectors(tmp_path)


def test_keys_of_the_wrong_kind(tmp_path):
    for keys in ({"a": 1}, 4, b"a"):
        with pytest.raises(TypeError, match="keys must be a list"):
            zapsim.load_vectors(VALUES, keys)
    (tmp_path / "k.json").write_text("[]")
    with pytest.raises(ValueError, match=r"\.txt and \.csv files. Received: k.json"):
        zapsim.load_vectors(VALUES, tmp_path / "k.json")
    (tmp_path / "k.csv").write_text("who,what\na,b\n")
    with pytest.raises(ValueError, match="Received columns: 'who', 'what'"):
        zapsim.load_vectors(VALUES, tmp_path / "k.csv")


def test_vectors_of_another_catalogue(catalogue):
    with pytest.raises(ValueError, match="None of the 4 vectors.*'a',.*'Boots/1.1.jpg'"):
        zapsim.load_vectors(VALUES, ["a", "b", "c", "d"], catalogue)
    with pytest.raises(ValueError, match=r"by zapsim.load_vectors\(…, catalogue=catalogue\)"):
        zapsim.SimilarityPredictor(catalogue, zapsim.load_vectors(VALUES, list("abcd")))
    with pytest.raises(TypeError, match="catalogue must be a Catalogue"):
        zapsim.load_vectors(VALUES, KEYS, KEYS)


def test_the_how_to_runs_but_for_what_needs_the_internet(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "own_vectors.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        compile(block, "own_vectors.md", "exec")
        if not block.startswith("# Needs the internet."):
            exec(block, names)
    assert len(blocks) == 4
    assert len(names["vectors"]) == 615
