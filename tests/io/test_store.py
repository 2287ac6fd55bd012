import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
import weakref
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zapsim.catalogue import load_catalogue
from zapsim.io import parquet
from zapsim.io import store as store_module
from zapsim.io.lookup import load_features
from zapsim.io.parquet import StoreError
from zapsim.io.store import SHARD_ITEMS, FeatureStore, ShardWriter

SETTINGS = {"layer": "block4_pool", "grid": 2, "weights": "random:seed-0"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "features"


@pytest.fixture
def store(folder):
    return FeatureStore(folder, SETTINGS)


def row(value, n_features=3):
    return np.full((1, n_features), value, np.float32)


def shards(folder):
    return sorted(folder.glob("part-*.parquet"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- round trip ------------------------------------------------------------------------------


def test_rows_come_back_by_key_and_content_in_the_order_asked(store):
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    store.write(["a", "b", "c"], ["1", "2", "3"], values, ["1", "2", "3"])
    found_values, found = store.read({"c": "3", "gone": "9", "a": "1"}, 2)
    assert found_values.tolist() == [[4, 5], [0, 0], [0, 1]]
    assert found.tolist() == [True, False, True]
    assert found_values.dtype == np.float32


half = st.floats(width=16, allow_nan=False, allow_infinity=False)


@settings(max_examples=40)
@given(
    keys=st.lists(st.text(), min_size=1, max_size=5, unique=True),
    data=st.data(),
)
def test_float16_numbers_and_any_keys_come_back_exactly(keys, data):
    values = data.draw(arrays(np.float16, (len(keys), 3), elements=half))
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(folder, SETTINGS)
        store.write(keys, ["c"] * len(keys), values.astype(np.float32), ["c"] * len(keys))
        read, found = store.read(dict.fromkeys(keys, "c"), 3)
        assert found.all()
        np.testing.assert_array_equal(read, values.astype(np.float32))
        loaded = load_features(folder)
        assert list(loaded.index) == sorted(keys)
        np.testing.assert_array_equal(loaded.loc[keys].to_numpy(), values.astype(np.float32))


def test_float32_numbers_are_rounded_to_float16(store):
    store.write(["a"], ["1"], np.array([[1 / 3, 1000.3]], np.float32), ["1"])
    values, _ = store.read({"a": "1"}, 2)
    assert values.tolist() == [[float(np.float16(1 / 3)), 1000.5]]


def test_changed_content_is_passed_over(store):
    store.write(["a", "b"], ["1", "2"], np.ones((2, 3), np.float32), ["1", "2"])
    values, found = store.read({"a": "changed", "b": "2"}, 3)
    assert found.tolist() == [False, True]
    assert values.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_later_shard_counts(store, folder):
    store.write(["a", "b"], ["1", "1"], np.zeros((2, 3), np.float32), ["1", "1"])
    store.write(["a"], ["1"], row(1), ["1"])
    assert store.read({"a": "1"}, 3)[0].tolist() == [[1, 1, 1]]
    assert load_features(folder).to_numpy().tolist() == [[1, 1, 1], [0, 0, 0]]


def test_each_content_of_a_key_is_kept(store):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["a"], ["2"], row(2), ["2"])
    for content, value in (("1", 1), ("2", 2)):
        assert store.read({"a": content}, 3)[0].tolist() == [[value] * 3]
    assert not store.read({"a": None}, 3)[1].any()


def test_copies_are_found_under_any_key(store):
    store.write(["a", "b"], ["1", "2"], np.arange(6).reshape(2, 3), ["x", "y"])
    values, found = store.read({"c": "1", "d": "1", "a": "2"}, copies={("1", "x"): ["c", "d"]})
    assert values.tolist() == [[0, 1, 2], [0, 1, 2], [0, 0, 0]]
    assert found.tolist() == [True, True, False]


def test_later_shard_counts_when_an_earlier_one_was_deleted(store, folder):
    for value in range(3):
        store.write([f"other {value}"], ["1"], row(value), ["1"])
    for value in range(3, 9):
        shards(folder)[0].unlink()
        store.write(["a"], ["1"], row(value), ["1"])
        assert load_features(folder).loc["a"].tolist() == [value] * 3


def test_store_that_is_not_there_yet_is_empty(store):
    values, found = store.read({"a": "1"}, 3)
    assert values.tolist() == [[0, 0, 0]]
    assert not found.any()


# --- settings --------------------------------------------------------------------------------


def test_other_settings_are_refused_and_named(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    with pytest.raises(StoreError, match="made with other settings") as caught:
        FeatureStore(folder, {"layer": "block4_pool", "grid": 4, "fit": "pad"})
    message = str(caught.value)
    assert "grid is 2 there and 4 here" in message
    assert "fit is (absent) there and pad here" in message
    assert "weights is random:seed-0 there and (absent) here" in message
    assert "layer" not in message
    assert "use another folder as cache" in message


def test_same_settings_in_another_order_are_the_same(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    again = FeatureStore(folder, dict(reversed(SETTINGS.items())))
    assert again.read({"a": "1"}, 3)[1].all()


def test_shards_of_different_settings_are_refused(store, folder, tmp_path):
    store.write(["a"], ["1"], row(1), ["1"])
    other = FeatureStore(tmp_path / "other", SETTINGS | {"grid": 4})
    other.write(["b"], ["1"], row(2), ["1"])
    (shard,) = shards(tmp_path / "other")
    shard.rename(folder / "part-00001-x.parquet")
    with pytest.raises(StoreError, match="grid is"):
        load_features(folder)


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file is a file; a feature store is a folder"):
        FeatureStore(tmp_path / "file", SETTINGS)


def test_shard_of_other_settings_that_came_meanwhile_is_noticed_before_the_next(folder):
    one, other = (FeatureStore(folder, {"grid": grid}) for grid in (1, 2))
    one.write(["a.jpg"], ["x"], np.ones((1, 4)), ["x"])
    with pytest.raises(StoreError, match="grid is 1 there and 2 here"):
        other.write(["b.jpg"], ["y"], np.ones((1, 16)), ["y"])
    assert load_features(folder).index.tolist() == ["a.jpg"]


@pytest.fixture
def at_once(monkeypatch):
    """Return ``at_once(*writes)``: each of these looks at the folder before any has written."""

    def write(*writes):
        with monkeypatch.context() as patch:
            patch.setattr("zapsim.io.store._shards", lambda folder: [])
            for store, *rows in writes:
                store.write(*rows)

    return write


def test_first_shards_in_the_same_instant_are_both_kept(store, folder, at_once):
    at_once((store, ["a"], ["1"], row(1), ["1"]), (store, ["b"], ["1"], row(2), ["1"]))
    assert load_features(folder).to_numpy().tolist() == [[1, 1, 1], [2, 2, 2]]


def test_first_shards_of_different_settings_in_the_same_instant_are_not_mixed(folder, at_once):
    one, other = (FeatureStore(folder, {"grid": grid}) for grid in (1, 2))
    at_once((one, ["a.jpg"], ["x"], row(1), ["x"]), (other, ["a.jpg"], ["x"], row(2), ["x"]))
    assert len(shards(folder)) == 2, "one has replaced the other's"
    for read in (lambda: one.write(["b.jpg"], ["y"], row(2), ["y"]), lambda: load_features(folder)):
        with pytest.raises(StoreError, match="made with other settings"):
            read()


# --- load_features ---------------------------------------------------------------------------


def test_features_of_all_shards_are_sorted_by_key(store, folder):
    store.write(["c", "a"], ["1", "1"], np.array([[3, 3], [1, 1]], np.float32), ["1", "1"])
    store.write(["b"], ["1"], row(2, 2), ["1"])
    features = load_features(str(folder))
    assert features.index.name == "key"
    assert features.index.tolist() == ["a", "b", "c"]
    assert features.to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]
    assert (features.dtypes == np.float32).all()
    assert features.attrs["extractor"] == SETTINGS


def test_no_store_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match=r"No feature store at .*gone.*extract\(catalogue, cache="):
        load_features(tmp_path / "gone")


def test_tilde_is_the_home_folder(store, folder, monkeypatch):
    store.write(["a"], ["1"], row(1), ["1"])
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert load_features("~/features").index.tolist() == ["a"]


# --- damage ----------------------------------------------------------------------------------


def cut(shard):
    shard.write_bytes(shard.read_bytes()[:60])


def empty(shard):
    shard.write_bytes(b"")


def garble(shard):
    # The end, with the schema, stays whole.
    data = bytearray(shard.read_bytes())
    data[4:60] = b"\xff" * 56
    shard.write_bytes(data)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("damage", [cut, empty, garble])
def test_damaged_shard_is_named_and_the_rest_is_read(store, folder, damage, position):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["b"], ["1"], row(2), ["1"])
    shard = shards(folder)[position]
    damage(shard)
    kept, lost = ("b", "a") if position == 0 else ("a", "b")
    with pytest.warns(UserWarning, match=f"{shard.name} is damaged and passed over"):
        values, found = FeatureStore(folder, SETTINGS).read({kept: "1", lost: "1"}, 3)
    assert found.tolist() == [True, False]
    assert values[0].tolist() == ([2, 2, 2] if position == 0 else [1, 1, 1])
    with pytest.warns(UserWarning, match=f"{shard.name} is damaged and passed over"):
        features = load_features(folder)
    assert features.index.tolist() == [kept]
    assert features.attrs["extractor"] == SETTINGS


@pytest.mark.filterwarnings("ignore:The shard")
@pytest.mark.parametrize("damage", [cut, garble])
def test_store_of_damaged_shards_only_is_an_error(store, folder, damage):
    store.write(["a"], ["1"], row(1), ["1"])
    damage(shards(folder)[0])
    with pytest.raises(StoreError, match="No undamaged feature store at .*Make one with"):
        load_features(folder)


def test_damaged_row_is_written_again(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    cut(shards(folder)[0])
    store.write(["a"], ["1"], row(5), ["1"])
    with pytest.warns(UserWarning, match="damaged"):
        assert store.read({"a": "1"}, 3)[0].tolist() == [[5, 5, 5]]


# --- a disk that does not answer --------------------------------------------------------------

NO_ANSWER = [
    OSError(5, "Input/output error"),
    OSError(107, "Transport endpoint is not connected"),
    PermissionError(13, "Permission denied"),
]
REFUSED = r"Could not read .*\({}\).*need not be damaged.*run again"
READERS = {
    "load_features": lambda folder: load_features(folder),
    "read": lambda folder: FeatureStore(folder, SETTINGS).read({"a": "1"}, 3),
    "index": lambda folder: list(FeatureStore(folder, SETTINGS).index()),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("moment", ["opened", "read"])
@pytest.mark.parametrize("error", NO_ANSWER, ids=str)
def test_disk_that_does_not_answer_is_no_damage(store, folder, failing, error, moment, reader):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["b"], ["1"], row(2), ["1"])
    failing(moment, error, shards(folder)[1].name)
    with pytest.raises(StoreError, match=REFUSED.format(error.strerror)) as caught:
        READERS[reader](folder)
    assert shards(folder)[1].name in str(caught.value)
    assert "deleted" not in str(caught.value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reader", READERS)
def test_lack_of_memory_is_no_damage(store, folder, failing, reader):
    store.write(["a"], ["1"], row(1), ["1"])
    error = pa.ArrowMemoryError("malloc of size 411041792 failed")
    failing("read", error, shards(folder)[0].name)
    with pytest.raises(MemoryError, match="411041792"):
        READERS[reader](folder)


@pytest.mark.parametrize("reader", READERS)
def test_folder_that_cannot_be_listed_is_not_an_empty_store(store, folder, monkeypatch, reader):
    store.write(["a"], ["1"], row(1), ["1"])

    def gone(*args, **kwargs):
        raise OSError(107, "Transport endpoint is not connected")

    # What pathlib asks the system with, on any version.
    for name in ("listdir", "scandir", "stat"):
        monkeypatch.setattr(os, name, gone)
    with pytest.raises(StoreError, match=REFUSED.format("Transport endpoint is not connected")):
        READERS[reader](folder)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("reader", READERS)
def test_error_that_the_system_really_raises_is_no_damage(store, folder, reader):
    store.write(["a"], ["1"], row(1), ["1"])
    (folder / "part-00001-away.parquet").symlink_to(folder.parent / "unmounted" / "a.parquet")
    with pytest.raises(StoreError, match=r"Could not read .*part-00001-away.*run again"):
        READERS[reader](folder)


@pytest.mark.filterwarnings("error")
def test_shard_that_vanishes_while_the_store_is_read_is_not_left_out_silently(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["b"], ["1"], row(2), ["1"])
    blocks = store.blocks()
    next(blocks)
    shards(folder)[1].unlink()
    with pytest.raises(StoreError, match=REFUSED.format("it is gone")):
        next(blocks)


# --- whole or not at all ---------------------------------------------------------------------

DISK_FULL = OSError(28, "No space left on device")


def assert_as_before(store, folder, before):
    assert names(folder) == before
    values, found = store.read({"a": "1", "b": "1"}, 3)
    assert found.tolist() == [True, False]
    assert values[0].tolist() == [1, 1, 1]


def test_full_disk_while_writing_leaves_the_store_as_it_was(store, folder, monkeypatch):
    store.write(["a"], ["1"], row(1), ["1"])
    before = names(folder)

    def half_written(table, where, **options):
        Path(where).write_bytes(b"PAR1 half")
        assert shards(folder) == [folder / before[0]], "a reader would see the half-written shard"
        raise DISK_FULL

    monkeypatch.setattr(pq, "write_table", half_written)
    with pytest.raises(
        StoreError, match=r"Could not write .*No space left.*free some space or choose another"
    ):
        store.write(["b"], ["1"], row(2), ["1"])
    assert_as_before(store, folder, before)


def test_failure_while_renaming_leaves_the_store_as_it_was(store, folder, monkeypatch):
    store.write(["a"], ["1"], row(1), ["1"])
    before = names(folder)

    def fail(source, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StoreError, match="Could not write .*Input/output error.*run again"):
        store.write(["b"], ["1"], row(2), ["1"])
    assert_as_before(store, folder, before)


FILE_SIZE_LIMIT = """
import resource, sys
import numpy as np
from zapsim.io.parquet import StoreError
from zapsim.io.store import FeatureStore
store = FeatureStore(sys.argv[1], {"a": 1})
store.write(["small"], ["1"], np.ones((1, 8), np.float32), ["1"])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
noise = np.random.default_rng(0).random((400, 500), np.float32)
try:
    store.write([str(n) for n in range(400)], ["1"] * 400, noise, ["1"] * 400)
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes in Linux' way")
def test_really_full_disk_loses_nothing(folder):
    run = subprocess.run(
        [sys.executable, "-c", FILE_SIZE_LIMIT, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Could not write ")
    assert "free some space" in run.stdout
    assert len(names(folder)) == 1
    assert load_features(folder).index.tolist() == ["small"]


@pytest.mark.parametrize("damaged", [False, True])
def test_of_two_settings_in_the_same_instant_one_is_written(folder, monkeypatch, damaged):
    """Both have looked at the folder when the first of them begins to write."""
    folder.mkdir()
    if damaged:
        (folder / "part-00000-00000000.parquet").write_bytes(b"PAR1 damaged")
    stores = [FeatureStore(folder, {"layer": layer}) for layer in ("one", "another")]
    prepare, looked, said = store_module._prepare, Barrier(2), []

    def prepare_together(place):
        looked.wait(10)
        prepare(place)

    monkeypatch.setattr(store_module, "_prepare", prepare_together)

    def write(store):
        try:
            store.write([store.settings["layer"]], ["1"], row(1), ["1"])
        except StoreError as error:
            said.append(str(error))

    threads = [Thread(target=write, args=[store]) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1 and "made with other settings: layer is" in said[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (first,) = load_features(folder).index
    winner = next(store for store in stores if store.settings["layer"] == first)
    winner.write(["more"], ["1"], row(2), ["1"])
    assert len(shards(folder)) == 2 + damaged
    assert len(names(folder)) == 2 + damaged, "a lock was left"


def test_first_shards_of_two_machines_in_the_same_instant_are_not_mixed(folder, monkeypatch):
    """Where files lock nothing, as on a Drive, who sees another's shard takes back its own."""
    monkeypatch.setattr(store_module, "file_lock", lambda path: nullcontext())
    store, other = (FeatureStore(folder, {"layer": layer}) for layer in ("one", "another"))
    write, once = parquet.write_table, []

    def write_after_the_other(*arguments):
        if not once:
            once.append(True)
            other.write(["b"], ["1"], row(2), ["1"])
        write(*arguments)

    monkeypatch.setattr(parquet, "write_table", write_after_the_other)
    with pytest.raises(StoreError, match="made with other settings: .*layer is another there"):
        store.write(["a"], ["1"], row(1), ["1"])
    assert load_features(folder).index.tolist() == ["b"]
    other.write(["c"], ["1"], row(3), ["1"])


def test_a_store_that_is_begun_while_it_is_opened_is_not_one_of_other_settings(
    store, folder, monkeypatch
):
    listed, once = store_module._shards, []

    def begun_after_the_first_look(place):
        found = listed(place)
        if not once:
            once.append(True)
            store.write(["a"], ["1"], row(1), ["1"])
        return found

    monkeypatch.setattr(store_module, "_shards", begun_after_the_first_look)
    with pytest.raises(StoreError, match="No feature store at"):
        load_features(folder)
    assert load_features(folder).index.tolist() == ["a"]


# --- collecting rows -------------------------------------------------------------------------


LEFTOVER = f".part-{0:032x}.tmp"


def batch(first, n):
    keys = [f"{i:05}" for i in range(first, first + n)]
    return keys, ["1"] * n, np.full((n, 3), first, float), ["1"] * n


def minutes_ago(path, minutes):
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))


def test_shard_is_written_whenever_it_is_full_and_the_rest_at_the_end(store, folder):
    with ShardWriter(store) as writer:
        for number in range(SHARD_ITEMS // 32):
            assert not shards(folder)
            writer.add(*batch(number * 32, 32))
        assert len(shards(folder)) == 1
        writer.add(*batch(SHARD_ITEMS, 32))
        assert len(shards(folder)) == 1
    assert [pq.read_metadata(shard).num_rows for shard in shards(folder)] == [SHARD_ITEMS, 32]
    features = load_features(folder)
    assert features.index.tolist() == batch(0, SHARD_ITEMS + 32)[0]
    assert features.loc["00033"].tolist() == [32] * 3


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_interruption_keeps_what_was_collected(store, interruption):
    with pytest.raises(interruption), ShardWriter(store) as writer:
        writer.add(*batch(0, 5))
        raise interruption
    assert store.read({"00004": "1"}, 3)[1].all()


def test_full_disk_is_not_tried_a_second_time(store, monkeypatch):
    tries = []

    def fail(*arguments):
        tries.append(arguments)
        raise StoreError("full")

    monkeypatch.setattr(store, "write", fail)
    with pytest.raises(StoreError, match="full"), ShardWriter(store) as writer:
        writer.add(*batch(0, SHARD_ITEMS))
    assert len(tries) == 1


def test_rows_that_wait_are_not_tried_after_a_store_error(store, folder):
    with pytest.raises(StoreError, match="full"), ShardWriter(store) as writer:
        writer.add(*batch(0, 5))
        raise StoreError("full")
    assert not folder.exists()


def test_writer_without_a_store_drops_the_rows():
    with ShardWriter(None) as writer:
        keys, contents, values, digests = batch(0, SHARD_ITEMS + 1)
        alive = weakref.ref(values)
        writer.add(keys, contents, values, digests)
        del values
        assert alive() is None, "they would fill the memory"


def test_writer_that_has_nothing_to_write_leaves_nothing_behind(store, folder):
    with ShardWriter(store) as writer:
        writer.add([], [], [], [])
        assert folder.is_dir()
    assert not folder.exists()


def test_full_disk_at_the_first_shard_leaves_nothing_behind(store, folder, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(StoreError, match="No space left"), ShardWriter(store) as writer:
        writer.add(*batch(0, 5))
    assert not folder.exists()


def test_folder_that_cannot_be_written_to_is_reported_at_the_first_rows(store, folder, monkeypatch):
    folder.mkdir()

    def refused(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    # Whoever runs the tests as root may write anywhere.
    monkeypatch.setattr(Path, "touch", refused)
    with pytest.raises(StoreError, match="Could not write .*features.*choose another folder"):
        ShardWriter(store).add(*batch(0, 1))


@pytest.mark.parametrize(("minutes", "stays"), [(1439, True), (1441, False)])
def test_what_a_killed_process_left_half_written_is_cleared_when_it_is_old(
    store, folder, minutes, stays
):
    """A younger one may be another process's, which is writing it now."""
    store.write(["a"], ["1"], row(1), ["1"])
    (folder / LEFTOVER).write_bytes(b"PAR1 half")
    minutes_ago(folder / LEFTOVER, minutes)
    minutes_ago(shards(folder)[0], 2000)
    with ShardWriter(store) as writer:
        writer.add([], [], [], [])
        assert (folder / LEFTOVER).exists() == stays
    assert load_features(folder).index.tolist() == ["a"]


def test_rows_of_unequal_length_are_refused(store):
    with pytest.raises(ValueError, match="shorter"), ShardWriter(store) as writer:
        writer.add(["a", "b"], ["1"], np.ones((2, 3)), ["1"])


# --- what others read ------------------------------------------------------------------------


def test_shard_is_plain_parquet(store, folder):
    store.write(["a", "b"], ["1", "2"], np.array([[1, 2], [3, 4]], np.float32), ["x", "y"])
    (shard,) = shards(folder)
    schema = pq.read_schema(shard)
    assert schema.field("key").type == pa.string()
    assert schema.field("content").type == pa.string()
    assert schema.field("sha256").type == pa.string()
    assert schema.field("features").type == pa.list_(pa.float16(), 2)
    assert json.loads(schema.metadata[b"zapsim"]) == SETTINGS
    for frame in (pd.read_parquet(shard), pd.read_parquet(folder)):
        assert frame["key"].tolist() == ["a", "b"]
        assert frame["content"].tolist() == ["1", "2"]
        assert frame["sha256"].tolist() == ["x", "y"]
        assert np.stack(frame["features"]).tolist() == [[1, 2], [3, 4]]


def test_temporary_files_are_invisible_to_readers_of_the_folder(store, folder, monkeypatch):
    store.write(["a"], ["1"], row(1), ["1"])
    monkeypatch.setattr(os, "replace", lambda source, target: None)
    monkeypatch.setattr(Path, "unlink", lambda *args, **kwargs: None)
    store.write(["b"], ["1"], row(2), ["1"])
    assert len(names(folder)) == 2
    assert pd.read_parquet(folder)["key"].tolist() == ["a"]
    assert load_features(folder).index.tolist() == ["a"]


def test_no_pickle_is_involved(store, folder, monkeypatch):
    import pickle

    for name in ("dumps", "loads", "dump", "load"):
        monkeypatch.setattr(pickle, name, None)
    store.write(["a"], ["1"], row(1), ["1"])
    assert load_features(folder).index.tolist() == ["a"]
    assert b"pickle" not in shards(folder)[0].read_bytes()


def test_a_flipped_bit_in_a_shard_is_noticed(tmp_path):
    store = FeatureStore(tmp_path, {"layer": "x"})
    rng = np.random.default_rng(0)
    keys = [f"{i}.jpg" for i in range(40)]
    values = rng.random((40, 16)).astype(np.float16)
    store.write(keys, keys, values, keys)
    (shard,) = tmp_path.glob("*.parquet")
    whole = shard.read_bytes()
    unnoticed = 0
    for place in rng.integers(4, len(whole) - 8, 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        shard.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found, has = FeatureStore(tmp_path, {"layer": "x"}).read(
                    {key: key for key in keys}, 16
                )
            except StoreError as error:
                assert "made with other settings" in str(error)
                continue
        unnoticed += bool((found[has] != values[has].astype(np.float32)).any())
    assert unnoticed == 0


# --- shards of others ------------------------------------------------------------------------


def lists_of(values):
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


RIGHT = json.dumps(SETTINGS)


def test_a_key_that_comes_again_and_again_takes_room_once():
    tracemalloc.start()
    try:
        found = store_module._digest("ä", *["k" * 4_000] * 2_000)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 1_000_000
    joined = "\n".join(["ä", *["k" * 4_000] * 2_000]).encode()
    assert found == hashlib.sha256(joined).hexdigest()[:8]


def foreign(folder, name="part-00005-x.parquet", said=RIGHT, **columns):
    """Write a shard as others might: of two rows, some of whose columns are other ones."""
    folder.mkdir(exist_ok=True)
    usual = {"key": ["x", "y"], "content": ["1", "1"], "sha256": ["1", "1"]}
    usual |= {"features": lists_of(np.ones((2, 3), "f2"))}
    table = pa.table({n: each for n, each in (usual | columns).items() if each is not None})
    pq.write_table(table.replace_schema_metadata({"zapsim": said} if said else None), folder / name)
    return folder / name


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"key": None}, "it has no column of texts 'key'"),
        ({"key": ["x", None]}, "'key' is missing in 1 rows"),
        ({"content": [None, "1"]}, "'content' is missing in 1 rows"),
        ({"key": [b"x", b"y"]}, "binary.*, not text"),
        ({"key": ["x", "y" * 1_025]}, "'key' has 1,025 characters in a row"),
        ({"sha256": [1, 2]}, "'sha256' is int64, not text"),
        ({"sha256": ["1", None]}, "'sha256' is missing in 1 rows"),
        ({"sha256": None}, "it has no column of texts 'sha256'"),
        ({"features": ["a", "b"]}, "'features' is string, not a fixed-size list"),
        ({"features": [[1.0], [1.0, 2.0]]}, "not a fixed-size list"),
        ({"features": lists_of(np.ones((2, 3), np.int8))}, "int8"),
        ({"features": lists_of(np.ones((2, 4), np.float16))}, r"\[4\], and .* of 3 numbers"),
        ({"said": None}, "does not say with which settings"),
        ({"said": "[1]"}, "its settings are a list"),
        ({"said": '{"grid": NaN}'}, "NaN in its settings"),
        ({"said": '{"a":' * 20_000 + "1" + "}" * 20_000}, "nested too deep"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_foreign_shard_is_named_and_passed_over(store, folder, columns, why):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["b"], ["1"], row(2), ["1"])
    name = foreign(folder, **columns).name
    for read in (
        lambda: FeatureStore(folder, SETTINGS).read({"a": "1", "b": "1"}, 3)[0],
        lambda: load_features(folder).to_numpy(),
    ):
        with pytest.warns(UserWarning, match=f"{name} is damaged and passed over .*{why}"):
            assert read().tolist() == [[1] * 3, [2] * 3]


@pytest.mark.parametrize(
    "columns",
    [
        {"key": pa.array(["x", "y"]).dictionary_encode()},
        {"key": pa.array(["x", "y"], pa.large_string())},
        {"more": [1, 2]},
        {"features": lists_of(np.ones((2, 3), np.float64))},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_shard_that_others_wrote_is_read(store, folder, columns):
    store.write(["a"], ["1"], row(1), ["1"])
    foreign(folder, **columns)
    assert store.read({"x": "1", "y": "1"}, 3)[0].tolist() == [[1] * 3] * 2
    assert load_features(folder).index.tolist() == ["a", "x", "y"]


def test_width_that_the_extractor_has_is_right_though_most_shards_have_another(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    for number in (7, 8):
        foreign(folder, f"part-{number}.parquet", features=lists_of(np.ones((2, 4), np.float16)))
    with pytest.warns(UserWarning, match=r"part-[78].*of 3 numbers"):
        assert store.read({"a": "1", "x": "1"}, 3)[1].tolist() == [True, False]
    with pytest.warns(UserWarning, match=r"part-00000.*of 4 numbers"):
        assert load_features(folder).index.tolist() == ["x", "y"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_no_numbers_are_named_and_absent(store, folder, bad):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["a", "b"], ["1", "1"], np.array([[1, bad, 1], [2, 2, 2]]), ["1", "1"])
    with pytest.warns(UserWarning, match=r"1 vectors in the shard .*part-00001.*: 'a'\. Their pic"):
        values, found = store.read({"a": "1", "b": "1"}, 3)
    assert (values.tolist(), found.tolist()) == ([[1] * 3, [2] * 3], [True, True])


def test_later_number_counts_though_it_is_longer(store, folder):
    for value, name in ((1, "part-99999-x.parquet"), (2, "part-100000-x.parquet")):
        foreign(folder, name, features=lists_of(np.full((2, 3), value, np.float16)))
    assert store.read({"x": "1"}, 3)[0].tolist() == [[2] * 3]
    store.write(["x"], ["1"], row(3), ["1"])
    assert [path.name[:12] for path in folder.glob("part-100001*")] == ["part-100001-"]
    assert load_features(folder).loc["x"].tolist() == [3] * 3


def test_what_is_written_counts_however_high_the_number_before(store, folder):
    foreign(folder, f"part-{'9' * 18}.parquet", features=lists_of(np.full((2, 3), 7, np.float16)))
    for value in (1, 2):
        store.write(["x"], ["1"], row(value), ["1"])
        assert load_features(folder).loc["x"].tolist() == [value] * 3


def test_flipped_bit_in_settings_is_damage_and_no_other_settings(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    store.write(["b"], ["1"], row(2), ["1"])
    shard = shards(folder)[0]
    # The library that writes shards keeps the settings twice: here, both copies are damaged.
    said = json.dumps(SETTINGS | {"grid": 3})
    pq.write_table(pq.read_table(shard).replace_schema_metadata({"zapsim": said}), shard)
    with pytest.warns(UserWarning, match=f"{shard.name}.*settings are not those that it was named"):
        assert load_features(folder).index.tolist() == ["b"]
    # Of shards of others, the name says nothing of the settings.
    shard.rename(folder / "part-00000-x.parquet")
    with pytest.raises(StoreError, match=r"grid is 2 there and 3 here.*part-00001.*move that file"):
        load_features(folder)


# --- what is no file, or too much ------------------------------------------------------------


@pytest.mark.unix
@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        Path.mkdir,
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["pipe", "folder", "loop", "device"],
)
def test_what_is_no_file_is_named_and_not_waited_for(store, folder, make):
    store.write(["a"], ["1"], row(1), ["1"])
    make(folder / "part-00001-x.parquet")
    why = r"part-00001-x.parquet is damaged and passed over .*(not a regular|no) file"
    with pytest.warns(UserWarning, match=why):
        assert load_features(folder).index.tolist() == ["a"]


def test_shard_that_unpacks_to_too_much_is_named_and_not_unpacked(store, folder, monkeypatch):
    store.write(["a"], ["1"], row(1), ["1"])
    zeros = lists_of(np.zeros((50_000, 3), np.float16))
    ones = ["1"] * 50_000
    columns = {"key": ["x"] * 50_000, "content": ones, "sha256": ones, "features": zeros}
    name = foreign(folder, **columns).name
    assert store.read({"x": "1"}, 3)[1].all()
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 100_000)
    with pytest.warns(UserWarning, match=f"{name}.*unpacks to .* bytes or more, and the limit is"):
        assert store.read({"a": "1", "x": "1"}, 3)[1].tolist() == [True, False]


def test_large_shard_is_read_in_parts(store, folder, monkeypatch):
    values = np.arange(30, dtype=np.float16).reshape(10, 3)
    store.write([str(n) for n in range(10)], ["1"] * 10, values, ["1"] * 10)
    monkeypatch.setattr("zapsim.io.store._AT_ONCE", 4 * 3 * 2)
    assert [len(block.keys) for block in store.blocks()] == [4, 4, 2]
    assert store.read({str(n): "1" for n in range(10)}, 3)[0].tolist() == values.tolist()


def test_a_foreign_shard_without_a_number_is_named_and_not_the_stores_own(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    foreign(folder, said="{}").rename(folder / "part-x.parquet")
    with pytest.raises(StoreError, match=r"says part-x\.parquet"):
        load_features(folder)


# --- texts of others -------------------------------------------------------------------------

EVIL = "\x1b]0;owned\x07\x1b[2J\u202egrey"


def is_harmless(said):
    return "\x1b" not in said and "\u202e" not in said and "x1b[2J" in said and len(said) < 2_100


@pytest.mark.parametrize(
    "theirs",
    [
        {"layer": EVIL},
        {EVIL: 1},
        {"layer": EVIL, "more": "x" * 300_000},
        {"layer": [EVIL]},
        {**SETTINGS, **{f"{EVIL}{number}": number for number in range(999)}},
    ],
    ids=lambda theirs: ascii(theirs)[:30],
)
def test_settings_of_others_are_shown_as_a_terminal_can_print_them(folder, theirs):
    FeatureStore(folder, theirs).write(["a"], ["1"], row(1), ["1"])
    with pytest.raises(StoreError) as caught:
        FeatureStore(folder, SETTINGS)
    assert is_harmless(str(caught.value))
    assert str(caught.value).startswith("The feature store ")
    assert str(caught.value).endswith("move that file away if it does not belong here.")


def test_the_treatment_of_others_pictures_is_shown_so_too(folder, make_folder):
    FeatureStore(folder, SETTINGS | {"pictures": EVIL}).write(["a"], ["1"], row(1), ["1"])
    with pytest.raises(StoreError, match="of pictures made .*grey") as caught:
        load_features(folder, load_catalogue(make_folder("a.jpg")))
    assert is_harmless(str(caught.value))


@pytest.mark.unix
def test_names_of_shards_of_others_are_shown_so_too(store, folder):
    store.write(["a"], ["1"], row(1), ["1"])
    (folder / f"part-9-{EVIL}.parquet").write_bytes(b"PAR1 damaged")
    store.write(["b"], ["1"], row(np.nan), ["1"])
    shards(folder)[1].rename(folder / f"part-00001-{EVIL}.parquet")
    with pytest.warns(UserWarning) as caught:
        load_features(folder)
    assert len(caught) == 2 and all(is_harmless(str(each.message)) for each in caught)
