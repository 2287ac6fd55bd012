"""lookup.py: the vector of a picture, under whatever name, and of no other picture."""

import shutil
import warnings
import zlib
from hashlib import sha256
from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zapsim
from zapsim.io.lookup import load_features, look_up
from zapsim.io.parquet import StoreError
from zapsim.io.store import FeatureStore
from zapsim.kinds.blend import greyed

SETTINGS = {"layer": "block4_pool"}


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path / "features", SETTINGS)


@pytest.fixture
def keep(store):
    """Return ``keep(catalogue, first)``: writes a row for each item, its number from `first` on."""

    def write(catalogue, first=0):
        keys = list(catalogue.keys)
        digests = [sha256(catalogue.read(key)).hexdigest() for key in keys]
        values = np.arange(first, first + len(keys))[:, None] * np.ones(3)
        contents = [catalogue.content(key) for key in keys]
        store.write(keys, contents, values, digests)

    return write


def numbers(features):
    return dict(zip(features.index, features[0].astype(int), strict=True))


def reads(monkeypatch):
    """Count the files that are read from now on."""
    counted = []
    for kind in (zapsim.io.sources._Folder, zapsim.io.sources._Archive):
        read = kind._read

        def counting(self, place, limit=None, read=read):
            counted.append(place)
            return read(self, place, limit)

        monkeypatch.setattr(kind, "_read", counting)
    return counted


def test_an_items_own_row_is_taken(make_folder, store, keep):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", "c.jpg"))
    keep(catalogue.subset(["b.jpg", "c.jpg"]))
    seen = look_up(store, catalogue, 3)
    assert seen.found.tolist() == [False, True, True]
    assert seen.values[:, 0].tolist() == [0, 0, 1]
    assert seen.n_moved == 0


def test_an_empty_store_has_nothing(make_folder, store):
    seen = look_up(store, zapsim.load_catalogue(make_folder("a.jpg")), 5)
    assert seen.values.tolist() == [[0] * 5]
    assert not seen.found.any()


def test_a_zip_is_not_read(make_zip, store, keep, monkeypatch):
    catalogue = zapsim.load_catalogue(make_zip(["a/1.jpg", "b/2.jpg"]))
    keep(catalogue)
    counted = reads(monkeypatch)
    assert numbers(load_features(store.folder, catalogue)) == {"a/1.jpg": 0, "b/2.jpg": 1}
    assert not counted


def renamed(folder):
    (folder / "Boots" / "a.jpg").rename(folder / "Boots" / "z.jpg")
    return folder, {"Boots/z.jpg": 0, "Boots/b.jpg": 1, "Shoes/c.jpg": 2}


def moved(folder):
    (folder / "New").mkdir()
    shutil.move(folder / "Boots", folder / "New" / "Boots")
    return folder, {"New/Boots/a.jpg": 0, "New/Boots/b.jpg": 1, "Shoes/c.jpg": 2}


def higher(folder):
    return folder.parent, {
        f"{folder.name}/Boots/a.jpg": 0,
        f"{folder.name}/Boots/b.jpg": 1,
        f"{folder.name}/Shoes/c.jpg": 2,
    }


def swapped(folder):
    one, other, aside = folder / "Boots/a.jpg", folder / "Shoes/c.jpg", folder / "aside"
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    return folder, {"Boots/a.jpg": 2, "Boots/b.jpg": 1, "Shoes/c.jpg": 0}


def copied(folder):
    (folder / "Boots/a.jpg").rename(folder / "Boots/y.jpg")
    shutil.copy(folder / "Boots/y.jpg", folder / "Boots/z.jpg")
    return folder, {"Boots/y.jpg": 0, "Boots/z.jpg": 0, "Boots/b.jpg": 1, "Shoes/c.jpg": 2}


@pytest.mark.parametrize("change", [renamed, moved, higher, swapped, copied])
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_known_is_found_under_another_name(
    make_folder, zip_of, store, keep, change, packed, tmp_path
):
    folder = make_folder("Boots/a.jpg", "Boots/b.jpg", "Shoes/c.jpg", name="shop/shoes")
    keep(zapsim.load_catalogue(folder))
    source, expected = change(folder)
    catalogue = zapsim.load_catalogue(zip_of(source) if packed else source)
    # A zip's only folder is no part of its keys.
    ours = [key for key in catalogue.keys if key in expected] or list(catalogue.keys)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = numbers(load_features(store.folder, catalogue))
    if len(ours) == len(expected) and set(ours) == set(expected):
        assert found == expected
    else:
        assert sorted(found.values()) == sorted(expected.values())


def test_how_many_have_other_names_is_counted(make_folder, store, keep):
    folder = make_folder("Boots/a.jpg", "Boots/b.jpg", "Shoes/c.jpg")
    keep(zapsim.load_catalogue(folder))
    renamed(folder)
    assert look_up(store, zapsim.load_catalogue(folder)).n_moved == 1


def test_new_pictures_are_not_read_where_each_row_is_some_items_own(
    make_folder, store, keep, monkeypatch
):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg", "c.jpg"))
    keep(catalogue.subset(["a.jpg"]))
    counted = reads(monkeypatch)
    look_up(store, catalogue)
    assert counted == ["a.jpg"]


def test_the_same_crc_and_size_are_not_enough(make_folder, store):
    """Four bytes can be made to give any CRC-32."""
    catalogue = zapsim.load_catalogue(make_folder("a.jpg"))
    store.write(["z.jpg"], [catalogue.content("a.jpg")], np.ones((1, 3)), ["of another file"])
    assert not look_up(store, catalogue).found.any()


def test_two_shops_share_a_store(make_folder, drawn, store, keep):
    one = zapsim.load_catalogue(make_folder("1.jpg", "2.jpg", name="one"))
    folder = make_folder("1.jpg", "2.jpg", "x.jpg", name="other")
    for number, name in enumerate(["1.jpg", "2.jpg", "x.jpg"]):
        drawn(number + 50).save(folder / name)
    other = zapsim.load_catalogue(folder)
    keep(one)
    keep(other, first=10)
    assert numbers(load_features(store.folder, one)) == {"1.jpg": 0, "2.jpg": 1}
    assert numbers(load_features(store.folder, other)) == {"1.jpg": 10, "2.jpg": 11, "x.jpg": 12}
    with pytest.raises(StoreError, match=r"two pictures under '1.jpg'.*load_features\(store, cat"):
        load_features(store.folder)


def test_features_come_in_the_catalogues_order_with_their_settings(make_folder, store, keep):
    catalogue = zapsim.load_catalogue(make_folder("b.jpg", "a.jpg"))
    keep(catalogue)
    found = load_features(store.folder, catalogue)
    assert list(found.index) == list(catalogue.keys) and found.index.name == "key"
    assert (found.dtypes == np.float32).all()
    assert found.attrs["extractor"] == SETTINGS
    assert numbers(load_features(str(store.folder), catalogue.subset(["b.jpg"]))) == {"b.jpg": 1}


def test_what_is_left_out_is_counted_and_named(make_folder, drawn, store, keep):
    folder = make_folder("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    keep(zapsim.load_catalogue(folder).subset(["a.jpg", "b.jpg", "c.jpg"]))
    drawn(77).save(folder / "b.jpg")
    catalogue = zapsim.load_catalogue(folder)
    (folder / "c.jpg").unlink()
    with pytest.warns(UserWarning) as caught:
        assert numbers(load_features(store.folder, catalogue)) == {"a.jpg": 0}
    (message,) = (str(warning.message) for warning in caught)
    assert caught[0].filename == __file__
    assert message.startswith("4 of 5 items have no features and are left out: 1 not the picture")
    for part in (
        "such as 'b.jpg'",
        "1 cannot be read, such as 'c.jpg'",
        "2 not in the store, such",
    ):
        assert part in message
    assert "Extract them: VGG16Extractor().extract(catalogue, cache=" in message


@pytest.mark.filterwarnings("ignore:1 vectors in the shard:UserWarning")
def test_what_is_damaged_is_not_called_changed(make_folder, store):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b.jpg"))
    contents = [catalogue.content(key) for key in catalogue.keys]
    digests = [sha256(catalogue.read(key)).hexdigest() for key in catalogue.keys]
    store.write(["a.jpg", "b.jpg"], contents, np.array([[np.nan, 1], [1, 1]]), digests)
    with pytest.warns(UserWarning, match=r"1 in a damaged part of the store, such as 'a\.jpg'"):
        assert load_features(store.folder, catalogue).index.tolist() == ["b.jpg"]


@pytest.mark.filterwarnings("ignore:The shard:UserWarning")
def test_a_store_whose_names_are_all_damaged_has_none_of_the_items(make_folder, store, keep):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg"))
    keep(catalogue)
    (shard,) = store.folder.iterdir()
    table = pq.read_table(shard)
    bare = table.set_column(0, "key", pa.array([1]))
    pq.write_table(bare, store.folder / "part-0.parquet")
    shard.unlink()
    with pytest.raises(StoreError, match=r"None of the 1 items .* which holds 0: 1 not in the sto"):
        load_features(store.folder, catalogue)


def test_another_catalogue_is_an_error(make_folder, drawn, store, keep):
    keep(zapsim.load_catalogue(make_folder("a.jpg")))
    other = make_folder(name="other")
    drawn(9).save(other / "a.jpg")
    with pytest.raises(StoreError, match="None of the 1 items.*such as 'a.jpg': 1 not"):
        load_features(store.folder, zapsim.load_catalogue(other))


def test_grey_pictures_are_others(make_folder, tmp_path, keep, store):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg"))
    keep(catalogue)
    with pytest.raises(StoreError, match="of pictures as they are, the catalogue's are made grey"):
        load_features(store.folder, greyed(catalogue))
    grey = FeatureStore(tmp_path / "grey", SETTINGS | {"pictures": "grey"})
    grey.write(
        ["a.jpg"],
        [greyed(catalogue).content("a.jpg")],
        np.ones((1, 3)),
        [greyed(catalogue).content("a.jpg")],
    )
    assert len(load_features(grey.folder, greyed(catalogue))) == 1
    with pytest.raises(StoreError, match="of pictures made grey, the catalogue's are as they are"):
        load_features(grey.folder, catalogue)


@pytest.mark.parametrize("keys", [["a.jpg"], "a.jpg", ("a.jpg",), np.array(["a.jpg"])])
def test_keys_alone_are_refused(make_folder, store, keep, keys):
    catalogue = zapsim.load_catalogue(make_folder("a.jpg"))
    keep(catalogue)
    for given in (keys, catalogue.keys, catalogue.table):
        with pytest.raises(TypeError, match=r"catalogue.subset\(keys\)\. Received: \w+$"):
            load_features(store.folder, given)


def test_bundled_features_are_found_without_reading_a_picture(monkeypatch):
    catalogue = zapsim.load_catalogue()
    counted = reads(monkeypatch)
    assert zapsim.load_features(catalogue=catalogue).equals(zapsim.load_features())
    assert not counted


def test_bundled_features_are_found_one_level_higher(tmp_path):
    from zipfile import ZipFile

    from zapsim.io.bundled import MINIZAP

    with ZipFile(MINIZAP) as archive:
        archive.extractall(tmp_path / "shop" / "MiniZap")
    features = zapsim.load_features(None, zapsim.load_catalogue(tmp_path / "shop"))
    assert len(features) == 615
    np.testing.assert_array_equal(features, zapsim.load_features())
    assert features.index[0].startswith("MiniZap/")


def forged(size, crc):
    """Return bytes of this size and CRC-32: four of them make up for the others."""
    data = b"forged".ljust(size - 4, b"\0")
    steps, state = [], crc ^ 0xFFFFFFFF
    table = [zlib.crc32(bytes([n]), 0xFFFFFFFF) ^ 0xFFFFFFFF for n in range(256)]
    by_top = {entry >> 24: n for n, entry in enumerate(table)}
    for _ in range(4):
        steps.append(by_top[state >> 24])
        state = ((state ^ table[steps[-1]]) << 8) & 0xFFFFFFFF
    have = zlib.crc32(data) ^ 0xFFFFFFFF
    for step in reversed(steps):
        data += bytes([(have ^ step) & 0xFF])
        have = table[step] ^ (have >> 8)
    assert (len(data), zlib.crc32(data)) == (size, crc)
    return data


def test_a_picture_of_the_same_checksum_is_another_one(make_folder, store, keep):
    folder = make_folder("a.jpg", "b.jpg")
    catalogue = zapsim.load_catalogue(folder)
    keep(catalogue)
    before = (folder / "a.jpg").read_bytes()
    (folder / "a.jpg").write_bytes(forged(len(before), zlib.crc32(before)))
    assert catalogue.content("a.jpg") == f"{zlib.crc32(before):08x}-{len(before)}"
    with pytest.warns(UserWarning, match=r"not the picture that .* such as 'a\.jpg'"):
        assert numbers(load_features(store.folder, catalogue)) == {"b.jpg": 1}
    # Of both, each has its own row.
    keep(catalogue, 7)
    assert numbers(load_features(store.folder, catalogue)) == {"a.jpg": 7, "b.jpg": 8}
    (folder / "a.jpg").write_bytes(before)
    assert numbers(load_features(store.folder, catalogue)) == {"a.jpg": 0, "b.jpg": 8}


def test_a_folders_files_are_read_once(make_folder, store, keep, monkeypatch):
    folder = make_folder("a.jpg", "b.jpg", "c.jpg")
    keep(zapsim.load_catalogue(folder))
    (folder / "a.jpg").rename(folder / "z.jpg")
    catalogue = zapsim.load_catalogue(folder)
    counted = reads(monkeypatch)
    assert numbers(load_features(store.folder, catalogue)) == {"b.jpg": 1, "c.jpg": 2, "z.jpg": 0}
    assert sorted(counted) == ["b.jpg", "c.jpg", "z.jpg"]


def test_a_store_of_more_than_memory_is_not_read_whole(make_folder, store, keep, monkeypatch):
    for number in range(4):
        catalogue = zapsim.load_catalogue(make_folder(f"{number}.jpg", name=f"shop {number}"))
        keep(catalogue)
    monkeypatch.setattr("zapsim.checks.psutil.virtual_memory", lambda: Mock(available=40))
    with pytest.raises(MemoryError, match=r"3 × 3 numbers.* Read fewer items at a time"):
        load_features(store.folder)
    assert numbers(load_features(store.folder, catalogue)) == {"3.jpg": 0}
