"""own_vectors.py: vectors of other programs, as people have them, and what is wrong with them."""

import os
import re
import tracemalloc
from pathlib import Path, PurePosixPath
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

import zapsim
from zapsim.io.parquet import opened

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
@pytest.mark.parametrize(
    "keys", [KEYS, pd.Index(KEYS), pd.Series(KEYS), [PurePosixPath(key) for key in KEYS]], ids=type
)
def test_npy_with_keys(tmp_path, dtype, keys):
    np.save(tmp_path / "v.npy", VALUES.astype(dtype))
    same(zapsim.load_vectors(str(tmp_path / "v.npy"), keys))


@pytest.mark.parametrize("matched", [False, True])
def test_vectors_stay_as_they_were_read_whatever_becomes_of_their_source(
    tmp_path, catalogue, matched
):
    """As float32 they stayed mapped: what was written later to the file changed them."""
    np.save(tmp_path / "v.npy", values := VALUES.astype(np.float32))
    of = catalogue if matched else None
    read, given = (zapsim.load_vectors(v, KEYS, of) for v in (tmp_path / "v.npy", values))
    np.save(tmp_path / "v.npy", np.zeros_like(values))
    values[:] = 0
    same(read)
    same(given)


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
    said = "Taken as the vector: 0, 1\nNo part of the vectors: label, title\n"
    assert capsys.readouterr().out == said
    table.set_axis(KEYS).to_parquet(tmp_path / "v.parquet")
    assert list(zapsim.load_vectors(tmp_path / "v.parquet").index) == KEYS


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "Float64"])
def test_numbered_columns_are_the_vector_whatever_lies_beside_them(capsys, dtype):
    values = np.tile(VALUES, 6)
    table = pd.DataFrame(values, columns=[f"e{n}" for n in range(12)]).astype(dtype)
    same(zapsim.load_vectors(table.assign(key=KEYS))[[0, 1]])
    assert capsys.readouterr().out == "Taken as the vector: e0, e1 … e11 (12 columns)\n"
    beside = table.assign(key=KEYS, label=[3000, 2, 1, 0], price=9.5, size1=3)
    assert zapsim.load_vectors(beside).shape == (4, 12)
    assert "No part of the vectors: label, price, size1" in capsys.readouterr().out
    for unclear in (beside.assign(pc1=0.5, pc2=0.5), beside[["key", "e0", "price"]]):
        with pytest.raises(ValueError, match="does not say which .* vector: e0.* Number its col"):
            zapsim.load_vectors(unclear)


def test_numbered_columns_are_taken_by_their_numbers_however_they_are_sorted():
    values = np.arange(48).reshape(4, 12)
    table = pd.DataFrame(values, KEYS, [f"clip512_{n}" for n in range(12)])
    np.testing.assert_array_equal(zapsim.load_vectors(table[sorted(table)]), values)
    np.testing.assert_array_equal(zapsim.load_vectors(table[list(table)[::-1]]), values)
    one_more = table.set_axis([f"e{n}" for n in range(1, 13)], axis=1)
    np.testing.assert_array_equal(zapsim.load_vectors(one_more[sorted(one_more)]), values)


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ({"e0": 1.0, "e2": 2.0, "e3": 3.0}, "without gaps"),
        ({"e2": 1.0, "e3": 2.0}, "without gaps"),
        ({"0": 1.0, "1": 2.0, "2025": 3.0}, "without gaps"),
        ({"e0": 1.0, "e00": 2.0}, "without gaps"),
        ({"e0_0": 1.0, "e0_1": 2.0, "e1_0": 3.0}, "without gaps"),
        ({"e0": "x", "e1": 1.0, "e2": 2.0}, "e0 holds no numbers"),
        ({"e0": 1.0, "e1": 2.0, "e2": True}, "e2 holds no numbers"),
        ({"e0_1": 1.0, "e1_": 2.0}, "does not say which"),
    ],
)
def test_numbered_columns_that_are_not_whole_are_no_vector(columns, wrong):
    with pytest.raises(ValueError, match=wrong):
        zapsim.load_vectors(pd.DataFrame(columns, KEYS))


@pytest.mark.parametrize("name", ["{}_emb", "emb[{}]", "emb_{}_clip", "clip512_{}"])
def test_a_price_is_no_part_of_a_vector_wherever_its_columns_are_numbered(name):
    values = np.tile(VALUES, 6) / 7
    table = pd.DataFrame(values, KEYS, [name.format(n) for n in range(12)])
    np.testing.assert_allclose(zapsim.load_vectors(table.assign(price=9.5)), values, rtol=1e-6)


@pytest.mark.parametrize(
    "columns", [{"v": VALUES.tolist()}, {"0": VALUES[:, 0], "1": VALUES[:, 1]}]
)
@pytest.mark.parametrize("saved", [False, True])
def test_a_table_need_not_say_whose_vectors_are_where_keys_are_given(columns, saved, tmp_path):
    table = pd.DataFrame(columns)
    if saved:
        table.to_parquet(tmp_path / "v.parquet")
    source = tmp_path / "v.parquet" if saved else table
    same(zapsim.load_vectors(source, KEYS))
    with pytest.raises(ValueError, match=r"does not say whose .* load_vectors\(…, keys=…\)"):
        zapsim.load_vectors(source)


@pytest.mark.parametrize("name", ["key", "file_name", "Image"])
@pytest.mark.parametrize("saved", [False, True])
def test_keys_for_a_table_that_says_whose_its_vectors_are_are_refused(name, saved, tmp_path):
    """In the catalogue's order, they would name others' vectors."""
    frame = pd.DataFrame({name: KEYS[::-1], "embedding": VALUES[::-1].tolist()})
    for table, said in ((frame, name), (frame.set_index(name), name)):
        source = table
        if saved:
            table.to_parquet(source := tmp_path / "v.parquet")
        same(zapsim.load_vectors(source).loc[KEYS])
        with pytest.raises(ValueError, match=f"says itself whose .* in {said}. Leave out keys"):
            zapsim.load_vectors(source, KEYS)
    same(zapsim.load_vectors(frame[["embedding"]], KEYS[::-1]).loc[KEYS])


def test_long_texts_that_come_again_and_again_take_room_once(tmp_path):
    """A file of 271 kB took over 4 GB: such a text is written once, and was read for each row."""
    n_items, long = 10_000, "x" * 2_000
    columns = {"key": [long] * n_items, "e0": [1.0] * n_items, "e1": [1.0] * n_items}
    table = pa.table({**columns, "pictures": [long.encode()] * n_items})
    with pq.ParquetWriter(tmp_path / "v.parquet", table.schema) as writer:
        for _ in range(10):
            writer.write_table(table)
    del table
    before = pa.total_allocated_bytes()
    with opened(tmp_path / "v.parquet", None) as file:
        read = file.read_plain()
    assert read.column_names == ["key", "e0", "e1"]
    assert pa.total_allocated_bytes() - before < 10e6, "200 MB, if read for each row"
    tracemalloc.start()
    with pytest.raises(ValueError, match="hold a key more than once"):
        zapsim.load_vectors(tmp_path / "v.parquet")
    assert tracemalloc.get_traced_memory()[1] < 50e6, "nor as a Python text for each row"
    tracemalloc.stop()


def test_what_is_no_part_of_the_vectors_is_said_whatever_it_is(tmp_path, capsys):
    table = pa.table(
        {
            "a.b": KEYS,
            "key": KEYS,
            "e.0": [1.0] * 4,
            "e.1": [0.0] * 4,
            "bytes": [b"x"] * 4,
            "day": pa.array([1] * 4, pa.date32()),
            "new": [True] * 4,
        }
    )
    pq.write_table(table, tmp_path / "v.parquet")
    assert zapsim.load_vectors(tmp_path / "v.parquet").shape == (4, 2)
    assert capsys.readouterr().out.splitlines() == [
        "Taken as the vector: e.0, e.1",
        "No part of the vectors: a.b, bytes, day, new",
    ]


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("columns", "may_be"),
    [
        ({"bbox": [[0, 5]] * 4, "embedding": [b"x"] * 4}, "embedding, bbox"),
        ({"bbox": [[0, 5]] * 4, "embedding": ["[9, 0]"] * 4}, "embedding, bbox"),
        ({"bbox": [[0, 5]] * 4, "Embedding": [[[9, 0]]] * 4}, "Embedding, bbox"),
        ({"embedding": [b"x"] * 4, "size1": 1, "size2": 2}, "embedding, size1, size2"),
        ({"bbox": [[0, 5]] * 4, "e0": 1.5, "e1": 2.5}, "bbox, e0, e1"),
        ({"features": [[0, 5]] * 4, "e0": 1.5, "e1": 2.5}, "features, e0, e1"),
        ({"features": [[0, 5]] * 4, "embedding": [[9, 0]] * 4}, "features, embedding"),
        ({"bbox": [[0, 5]] * 4, "clip": [b"x"] * 4}, "bbox"),
        ({"bbox": [[0, 5]] * 4, "price": 9.5}, "bbox"),
    ],
)
def test_of_what_may_be_the_vector_none_is_guessed(tmp_path, columns, may_be, saved):
    """A detector's boxes were taken where the embeddings beside them were bytes."""
    source = pd.DataFrame({"file_name": KEYS, **columns})
    if saved:
        source.to_parquet(tmp_path / "v.parquet")
        source = tmp_path / "v.parquet"
    with pytest.raises(ValueError, match=f"which column is the vector: it may be {may_be}. Call"):
        zapsim.load_vectors(source)


def test_which_lists_were_taken_is_said(capsys):
    table = pd.DataFrame({"key": KEYS, "clip": VALUES.tolist()})
    same(zapsim.load_vectors(table))
    assert capsys.readouterr().out == "Taken as the vector: clip\n"
    table = table.assign(features=table.pop("clip"), bbox=[[0, 5]] * 4, price=9.5)
    same(zapsim.load_vectors(table))
    said = "Taken as the vector: features\nNo part of the vectors: bbox, price\n"
    assert capsys.readouterr().out == said


def test_a_lone_number_is_no_vector_beside_others():
    table = pd.DataFrame({"key": KEYS, "width": 3, "height": 4, "price": 9.5})
    with pytest.raises(ValueError, match="are the vector: width, height, price. Number"):
        zapsim.load_vectors(table)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (pd.DataFrame({"key": KEYS, "x": [1, 2, "z", 3], "v": VALUES.tolist()}), "column x with"),
        (pd.DataFrame({"key": [*map(Path, KEYS)], "v": VALUES.tolist()}), "column key with"),
        (pd.DataFrame({"key": KEYS, "v": [np.ones((1, 2))] * 4}), "column v with"),
        (pd.DataFrame(VALUES, KEYS, ["x", "x"]), "Duplicate column names found"),
        (sparse.eye(4), r"Received: .* Of a sparse matrix, give matrix\.toarray"),
        ({"a": [1, 2]}, "Received: dict"),
        (None, "Received: NoneType"),
        (b"v.npy", "Received: bytes"),
        ([[1, 2], [3]], "in rows of one length"),
        (np.ma.masked_equal(VALUES, VALUES[0, 0]), "none of them masked"),
        (VALUES * 1j, "Received: complex128 of shape"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_table_of_vectors_is_said(source, said):
    with pytest.raises(ValueError, match=said):
        zapsim.load_vectors(source, KEYS)


def test_what_zapsim_wrote_is_read(tmp_path):
    same(zapsim.load_vectors(EXPECTED))


@pytest.mark.parametrize(
    ("names", "way"),
    [
        (KEYS, "the whole key"),
        ([f".\\{key}".replace("/", "\\") for key in KEYS], "the whole key"),
        ([f"/data/shop/{key}" for key in KEYS], "the path below /data/shop/"),
        ([f"C:\\shop\\{key}" for key in KEYS], "the path below C:/shop/"),
        (["1.1.jpg", "2.1.jpg", "3.1.jpg", "4.1.jpg"], "the file's name"),
        (["1.1", "2.1", "3.1", "4.1"], "the file's name without its suffix"),
        (
            ["a/1.1.png", "a/2.1.png", "b/3.1.png", "b/4.1.png"],
            "the file's name without its suffix",
        ),
    ],
)
def test_names_are_matched_with_the_catalogues(catalogue, capsys, names, way):
    shuffled = [3, 1, 0, 2]
    found = zapsim.load_vectors(VALUES[shuffled], [names[i] for i in shuffled], catalogue)
    same(found)
    assert capsys.readouterr().out == f"4 of 4 vectors matched by {way}\n"
    assert found.index.isin(catalogue.keys).all()


NUMBERED = ["Boots/1.jpg", "Boots/2.jpg", "Shoes/3.jpg", "Shoes/4.jpg"]


@pytest.fixture
def numbered(make_folder):
    return zapsim.load_catalogue(make_folder(*NUMBERED))


@pytest.mark.parametrize("given", ["frame", "parquet", "frame with an index"])
@pytest.mark.parametrize("name", ["image_name", "ImagePath", "key"])
def test_a_column_of_paths_comes_before_row_numbers_that_say_otherwise(
    numbered, tmp_path, name, given
):
    table = pd.DataFrame({"id": [4, 3, 2, 1], name: NUMBERED})
    table = table.set_index(name) if "index" in given else table
    source = table.assign(features=VALUES.tolist())
    if given == "parquet":
        source.to_parquet(tmp_path / "v.parquet")
        source = tmp_path / "v.parquet"
    expected = EXPECTED.set_axis(pd.Index(NUMBERED, name="key"))
    with pytest.warns(UserWarning) as caught:
        same(zapsim.load_vectors(source, None, numbered), expected)
    assert [str(warning.message) for warning in caught] == [
        f"Columns name different items for 4 vectors, and {name} is taken. For example, "
        "'Boots/1.jpg': taken for Boots/1.jpg, but its id says Shoes/4.jpg. If another one "
        "is right, keep it alone."
    ]
    same(zapsim.load_vectors(source), expected)


@pytest.mark.parametrize("name", ["key", "file name", None])
@pytest.mark.parametrize("given", ["frame", "parquet"])
def test_an_index_of_paths_comes_before_a_column_of_row_numbers(numbered, tmp_path, name, given):
    table = pd.DataFrame({"id": [4, 3, 2, 1]}, pd.Index(NUMBERED, name=name))
    source = table.assign(features=VALUES.tolist())
    if given == "parquet":
        source.to_parquet(tmp_path / "v.parquet")
        source = tmp_path / "v.parquet"
    expected = EXPECTED.set_axis(pd.Index(NUMBERED, name="key"))
    same(zapsim.load_vectors(source), expected)
    with pytest.warns(UserWarning, match="Columns name different items for 4 vectors"):
        same(zapsim.load_vectors(source, None, numbered), expected)


def test_a_column_that_names_items_may_lie_beside_pictures_and_gaps(catalogue):
    table = pd.DataFrame({"image": [b"x", b"y", None, b"z"], "path": KEYS, "e0": 1.5, "e1": 2.5})
    assert list(zapsim.load_vectors(table, catalogue=catalogue).index) == KEYS
    with pytest.raises(ValueError, match="A key is missing"):
        zapsim.load_vectors(table.assign(path=[*KEYS[:3], None]), catalogue=catalogue)


@pytest.mark.parametrize("above", ["/data/shop/", "shop/", "C:\\shop\\"])
def test_of_several_pictures_the_longest_common_path_counts(make_folder, above):
    names = ["1.jpg", "2.jpg", "3.jpg", *(f"train/{n}.jpg" for n in (1, 2, 3))]
    catalogue = zapsim.load_catalogue(make_folder(*names))
    with pytest.warns(UserWarning, match="3 items have no vector, such as '1.jpg'"):
        found = zapsim.load_vectors(VALUES[:3], [above + name for name in names[3:]], catalogue)
    assert list(found.index) == names[3:]


def test_what_fits_several_pictures_is_nobodys_and_named(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("1.jpg", "2.jpg", "3.jpg", "b/1.jpg"))
    with pytest.warns(UserWarning) as caught:
        found = zapsim.load_vectors(VALUES[:3], [f"x/b/{n}.jpg" for n in (1, 2, 3)], catalogue)
    assert list(found.index) == ["2.jpg", "3.jpg"]
    assert str(caught[0].message) == (
        "1 vectors belong to no item and are left out, such as 'x/b/1.jpg' (key of several "
        "pictures: 1.jpg, b/1.jpg); 2 items have no vector, such as '1.jpg'."
    )


def test_two_spellings_of_one_item_are_refused(catalogue):
    with pytest.raises(ValueError, match="Several vectors are of one item: 1 .*'./Boots/1.1.jpg'"):
        zapsim.load_vectors(VALUES, [*KEYS[:3], f"./{KEYS[0]}"], catalogue)


def test_words_of_files_are_shown_escaped(catalogue, capsys):
    zapsim.load_vectors(VALUES, [f"a\x1b[1m/{key}" for key in KEYS], catalogue)
    assert "\x1b" not in capsys.readouterr().out


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


def test_the_folders_own_name_belongs_to_a_path(make_folder, capsys):
    catalogue = zapsim.load_catalogue(make_folder("1.jpg", "2.jpg", name="shop/hats"))
    names = ["hats/1.jpg", "shoes/2.jpg", "shoes/3.jpg", "shoes/4.jpg"]
    with pytest.warns(UserWarning, match="3 vectors belong to no item.*1 items have no vector"):
        features = zapsim.load_vectors(np.eye(4), names, catalogue=catalogue)
    assert features.index.tolist() == ["1.jpg"]
    assert "the path from hats/ on" in capsys.readouterr().out


@pytest.mark.filterwarnings("error")
def test_of_columns_that_are_called_alike_the_first_is_tried(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("1.jpg", "2.jpg"))
    table = pd.DataFrame({"path": ["x", "y"], "ID": ["1", "2"], "id": ["2", "1"], "v": [[1], [2]]})
    assert zapsim.load_vectors(table, catalogue=catalogue)[0].tolist() == [1, 2]


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
        ("v.npy", VALUES, None, r"4 vectors, and nothing says whose.*keys.txt'\)\.read"),
        ("v.npy", VALUES, KEYS[:3], "There are 4 vectors, but 3 keys"),
        ("v.npy", VALUES, [*KEYS[:3], KEYS[0]], "hold a key more than once, such as 'Boots/1.1"),
        ("v.npy", VALUES, [*KEYS[:3], None], r"A key is missing \(None\)"),
        ("v.npy", VALUES.astype(object), KEYS, "need pickle.*np.save"),
        ("v.npy", VALUES.astype(str), KEYS, "must be numbers.*Received: <U21 of shape"),
        ("v.npy", VALUES + 1j, KEYS, "must be numbers.*Received: complex128"),
        ("v.npy", VALUES[:, 0], KEYS, r"Received: int64 of shape \(4,\)"),
        ("v.npy", VALUES[:, None], KEYS, r"Received: int64 of shape \(4, 1, 2\)"),
        ("v.npy", VALUES[:0], [], "neither of them 0"),
        ("v.npy", VALUES / [[1], [np.nan], [1], [1]], KEYS, "1 of 4 .*NaN or infinity.*Boots/2"),
        ("v.npy", VALUES * 1e300, KEYS, "4 of 4 rows of features hold NaN or infinity"),
        ("v.parquet", {"key": KEYS, "v": [[1], [1, 2], [3], [4]]}, None, "1 others have not, such"),
        ("v.parquet", {"key": KEYS, "v": [[1], None, [3], [4]]}, None, "'Boots/2.1.jpg' with 0"),
        ("v.parquet", {"key": KEYS, "v": [[1, None]] + [[1, 2]] * 3}, None, "1 of 4 .*NaN"),
        ("v.parquet", {"key": KEYS, "v": [["a"]] * 4}, None, "are the vector: none"),
        ("v.parquet", {"key": KEYS, "v": [[1]] * 4, "w": [[1]] * 4}, None, "it may be v, w. Call"),
        ("v.parquet", {"who": KEYS, "v": [[1]] * 4}, None, "needs a column 'key'.*columns: who"),
        ("v.parquet", {"key": KEYS, "title": KEYS}, None, "which numbers are the vector: none"),
        ("v.parquet", {"key": [k.encode() for k in KEYS], "v": [[1]] * 4}, None, "columns: key"),
        (
            "v.parquet",
            {"file_name": KEYS, "filename": KEYS[::-1], "v": [[1]] * 4},
            None,
            "Keep one of the columns 'file_name' and 'filename'",
        ),
        (
            "v.parquet",
            {"key": KEYS, "e0": pd.to_timedelta(range(4)), "e1": pd.to_timedelta(range(4))},
            None,
            "which numbers are the vector: none",
        ),
        ("v.npz", b"", KEYS, r"\.npy and \.parquet files. Received: v.npz"),
        ("v.pkl", b"", KEYS, r"\.npy and \.parquet files. Received: v.pkl"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, content, keys, message):
    with pytest.raises(ValueError, match=message):
        zapsim.load_vectors(write(tmp_path / name, content), keys)


@pytest.mark.parametrize(
    ("shape", "error", "said"),
    [
        ((1, 10**11), ValueError, "10,000,000 numbers each. Received: 100,000,000,000"),
        ((4, 10**7), MemoryError, "4 vectors of 10,000,000 numbers each, as float32, is 0.2 GB"),
    ],
)
@pytest.mark.parametrize("kind", ["|i1", "<f4"])
def test_a_file_that_claims_to_be_large_is_not_read(
    tmp_path, monkeypatch, shape, error, said, kind
):
    with open(tmp_path / "v.npy", "wb") as file:
        header = {"descr": kind, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        # A file with a hole, which takes no room on the disk.
        file.truncate(file.tell() + np.prod(shape) * np.dtype(kind).itemsize)
    monkeypatch.setattr("zapsim.checks.psutil.virtual_memory", lambda: Mock(available=10**8))
    with pytest.raises(error, match=said):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS[: shape[0]])


@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00", b"PAR1junkPAR1"])
def test_damaged_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} cannot be read as"):
        zapsim.load_vectors(tmp_path / name, KEYS)


def test_header_that_is_no_python(tmp_path):
    np.save(tmp_path / "v.npy", VALUES)
    data = (tmp_path / "v.npy").read_bytes()
    for old, new in ((b"{", b"("), (b"'fortran", b";fortran"), (b"}", b" ")):
        (tmp_path / "v.npy").write_bytes(data.replace(old, new))
        with pytest.raises(ValueError, match="v.npy cannot be read as an array"):
            zapsim.load_vectors(tmp_path / "v.npy", KEYS)


def test_two_columns_of_one_name(tmp_path):
    keys, numbers = pa.array(KEYS), pa.array([1.0] * 4)
    table = pa.Table.from_arrays([keys, keys, numbers], ["key", "key", "v"])
    pq.write_table(table, tmp_path / "v.parquet")
    with pytest.raises(ValueError, match="v.parquet has several columns called 'key'"):
        zapsim.load_vectors(tmp_path / "v.parquet")


@pytest.mark.unix
@pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=f"{name} is no file, but a pipe"):
        zapsim.load_vectors(tmp_path / name, KEYS)


def test_cut_files(tmp_path):
    np.save(tmp_path / "v.npy", VALUES)
    (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-8])
    with pytest.raises(ValueError, match="v.npy cannot be read as an array"):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file .*v.npy"):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "v.npy")
        with pytest.raises(ValueError, match="is no file, but a pipe"):
            zapsim.load_vectors(tmp_path / "v.npy", KEYS)
    with pytest.raises(ValueError, match=r"is a folder.*zapsim\.load_features"):
        zapsim.load_vectors(tmp_path)


def test_keys_of_the_wrong_kind(tmp_path):
    for keys in ({"a": 1}, 4, b"a", set(KEYS), "keys.txt", tmp_path / "keys.txt"):
        with pytest.raises(TypeError, match=r"keys must be a list.*'\)\.read_text\(\)\.splitlines"):
            zapsim.load_vectors(VALUES, keys)


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


# --- hostile and damaged files -----------------------------------------------------------------


def spoil(path, kind):
    if kind == "npz":
        with open(path, "wb") as file:
            np.savez(file, a=VALUES)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "brackets":
        path.write_bytes(b"\x93NUMPY\x01\x00v\x00" + b"(" * 118)
    elif kind == "huge":
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999)}".ljust(
            118
        )
        path.write_bytes(b"\x93NUMPY\x01\x00v\x00" + header)


@pytest.mark.parametrize(
    "kind", ["npz", pytest.param("pipe", marks=pytest.mark.unix), "brackets", "huge"]
)
def test_a_hostile_array_is_refused_by_name(tmp_path, kind):
    spoil(tmp_path / "v.npy", kind)
    with pytest.raises(ValueError, match=r"v\.npy"):
        zapsim.load_vectors(tmp_path / "v.npy", KEYS)


@pytest.mark.parametrize("note", ["[[[", '{"index_columns": [7], "columns": 3}', '{"a": ' * 3_000])
def test_pandas_notes_that_are_none_are_an_error_with_the_files_name(tmp_path, note):
    table = pa.table({"key": ["a"], "v": [1.0]}).replace_schema_metadata({"pandas": note})
    pq.write_table(table, tmp_path / "v.parquet")
    with pytest.raises(ValueError, match=r"v\.parquet cannot be read as vectors"):
        zapsim.load_vectors(tmp_path / "v.parquet")
