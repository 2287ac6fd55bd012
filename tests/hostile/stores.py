"""Damage a feature store, and look whether anything is wrong, unnamed, or cannot be repaired.

In: a small store that zapsim wrote, of four shards, and what may become of it: flipped bits, cut
and overwritten files, shards of others, files that are no files, files that unpack to gigabytes,
and extractions that are killed. Out: cases. What is right: every row of an undamaged shard is
read, with its very values; a file whose rows are missing is named; extracting again brings back
all features, bit by bit. Saved matrices, neighbours and own vectors are damaged as well.
"""

import json
import os
import random
import shutil
import signal
import socket
import tempfile
import time
import warnings
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zapsim
from benchmarks.measure import peak_megabytes
from tests.hostile.attack import Case, Lost, Refused, Unnamed, keep
from tests.hostile.stand_in import (
    SHARD,
    age,
    assert_whole,
    extract,
    forked,
    keys_in,
    lines,
    numbered,
    stand_in,
    stored,
    wait_for,
)
from zapsim.io import saved

N_ITEMS = 3 * SHARD + 5
# More than the library, Arrow and a small store ever take.
_MEGABYTES = 700
# No shard of the undamaged store is larger.
_SMALL = 100_000


@cache
def _original(folder):
    """Extract a store that nothing disturbs, once in a process."""
    pictures, store = numbered(folder / "pictures", N_ITEMS), folder / "undamaged"
    features = extract(pictures, store)
    shards = {path.read_bytes(): keys_in_shard(path) for path in store.iterdir()}
    return SimpleNamespace(pictures=pictures, store=store, features=features, shards=shards)


def keys_in_shard(path):
    """Return a shard's keys (list of str)."""
    return pq.read_table(path, columns=["key"])["key"].to_pylist()


def shards(store):
    """Return a store's shards, sorted (list of pathlib.Path)."""
    return sorted(store.glob("part-*.parquet"))


@contextmanager
def listening():
    """Give a list of what is warned of (str)."""
    said = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said += [str(each.message) for each in caught]


def survives(original, store, named=(), refused=None):
    """Read a damaged store, repair it, and read it again.

    Texts that are to be named; the name of a shard for which the store is to be refused until it
    is moved away.
    """
    if refused:
        with listening():
            for read in (zapsim.load_features, lambda store: extract(original.pictures, store)):
                try:
                    read(store)
                except zapsim.StoreError as error:
                    if refused not in str(error):
                        raise Unnamed(f"{refused} is not named: {error}") from error
                else:
                    raise Unnamed(f"{refused} is taken for the store's")
        (store / refused).unlink()
    whole, suspects = set(), {}
    for path in shards(store):
        small = path.is_file() and path.stat().st_size < _SMALL
        known = original.shards.get(path.read_bytes() if small else None)
        whole |= set(known or ())
        if known is None and (original.store / path.name).exists():
            suspects[path.name] = set(keys_in_shard(original.store / path.name))
    catalogue = zapsim.load_catalogue(original.pictures)
    with listening() as said:
        try:
            features = zapsim.load_features(store, catalogue)
        except zapsim.StoreError as error:
            if whole:
                raise Refused(str(error)) from error
            features = original.features[:0]
    _compare(original, features)
    if missing := whole - set(features.index):
        raise Lost(f"rows of undamaged shards: {sorted(missing)}")
    text = "\n".join(said)
    missing = set(original.features.index) - set(features.index)
    named = [*named, *(name for name, keys in suspects.items() if keys & missing - whole)]
    if len(features) and (unnamed := [name for name in named if name not in text]):
        raise Unnamed(f"{unnamed} in: {text}")
    if len(features) and missing and f"{len(missing):,} of {N_ITEMS:,} items" not in text:
        raise Unnamed(f"{len(missing)} missing items are not counted in: {text}")
    with listening():
        try:
            everything = zapsim.load_features(store)
        except zapsim.StoreError as error:
            if whole and "two pictures under" not in str(error):
                raise Refused(str(error)) from error
        else:
            _compare(original, everything[everything.index.isin(original.features.index)])
        _compare(original, extract(original.pictures, store), complete=True)
        _compare(original, zapsim.load_features(store, catalogue), complete=True)


def _compare(original, features, complete=False):
    wanted = original.features if complete else original.features.reindex(features.index)
    if complete and not features.index.equals(wanted.index):
        raise Lost(f"{len(features)} of {len(wanted)} features are there")
    if len(features) and not np.array_equal(features.to_numpy(), wanted.to_numpy()):
        raise Lost("features are other numbers")


class _Area:
    """Collect cases in a folder; each damages a store of its own."""

    def __init__(self, folder):
        self.folder, self.cases = folder, []

    def add(self, name, check, **options):
        self.cases.append(Case(name, check, **options))

    def damage(self, name, damage, refused=None, **options):
        """Add a case: `damage(store)` may return texts that are to be named."""

        def check():
            original = _original(self.folder)
            store = self.folder / f"store {len(list(self.folder.iterdir()))}"
            shutil.copytree(original.store, store)
            try:
                survives(original, store, damage(store) or (), refused)
                if peak_megabytes() > _MEGABYTES:
                    raise Unnamed(f"it took {peak_megabytes():.0f} MB")
            finally:
                shutil.rmtree(store, ignore_errors=True)

        self.add(name, check, **options)


# --- bytes ------------------------------------------------------------------------------------


def flipped(data, chance, start=0):
    """Flip a few bits behind a place."""
    for _ in range(chance.choice([1, 1, 1, 2, 5, 20])):
        data[chance.randrange(start, len(data))] ^= 1 << chance.randrange(8)


def flipped_behind(data, chance):
    """Flip a few bits in the footer, which has no checksum."""
    length = int.from_bytes(data[-8:-4], "little")
    flipped(data, chance, max(0, len(data) - 8 - length))


def cut(data, chance):
    """Cut a file short."""
    del data[chance.randrange(len(data)) :]


def overwritten(data, chance):
    """Overwrite a range with zeros, ones, noise, or other bytes of the file."""
    start = chance.randrange(len(data))
    length = min(chance.choice([1, 4, 16, 100, 1000]), len(data) - start)
    other = chance.randrange(len(data) - length + 1)
    data[start : start + length] = chance.choice(
        [bytes(length), b"\xff" * length, chance.randbytes(length), data[other : other + length]]
    )


def pushed(data, chance):
    """Push some bytes in, or take some out."""
    start = chance.randrange(len(data))
    if chance.random() < 0.5:
        data[start:start] = chance.randbytes(chance.choice([1, 2, 8, 100]))
    else:
        del data[start : start + chance.choice([1, 2, 8, 100])]


def settings_changed(data, chance):
    """Flip a bit of the settings, which a shard says twice, in both places."""
    table = pq.read_table(pa.BufferReader(bytes(data)))
    said = bytearray(table.schema.metadata[b"zapsim"])
    said[chance.randrange(len(said))] ^= 1 << chance.randrange(8)
    sink = pa.BufferOutputStream()
    pq.write_table(with_settings(table, bytes(said)), sink)
    data[:] = sink.getvalue().to_pybytes()


WAYS = {
    flipped: 150,
    flipped_behind: 100,
    cut: 50,
    overwritten: 80,
    pushed: 30,
    settings_changed: 40,
}


def damaged_file(path, way, chance):
    """Damage a file; how far depends on `chance`, a random.Random."""
    data = bytearray(path.read_bytes())
    way(data, chance)
    path.write_bytes(data)


def _bytes(area):
    for way, n in WAYS.items():
        for number in range(n):

            def damage(store, way=way, number=number):
                chance = random.Random(f"{way.__name__} {number}")
                several = chance.choice([1, 1, 1, 2, 4])
                for path in chance.sample(shards(store), several):
                    damaged_file(path, way, chance)

            area.damage(f"{way.__name__} {number}", damage)


# --- files ------------------------------------------------------------------------------------


def _files(area):
    def swap(store):
        first, *_, last = shards(store)
        first.rename(store / "kept")
        last.rename(first)
        (store / "kept").rename(last)

    def rename(new, which=0):
        return lambda store: shards(store)[which].rename(store / new) and None

    def remove(*which):
        def damage(store):
            for path in [shards(store)[each] for each in which]:
                path.unlink()

        return damage

    def copied(new):
        return lambda store: shutil.copy(shards(store)[1], store / new) and None

    def stale(old, new):
        """An older shard has other features for the same pictures."""

        def damage(store):
            path = shards(store)[0]
            table = pq.read_table(path)
            values = pa.array(np.zeros(len(table) * stand_in().n_features, np.float16))
            lists = pa.FixedSizeListArray.from_arrays(values, stand_in().n_features)
            path.rename(store / new)
            column = table.schema.get_field_index("features")
            pq.write_table(table.set_column(column, "features", lists), store / old)

        return damage

    def numbers(bad):
        """Some rows hold what is no number."""

        def damage(store):
            path = shards(store)[1]
            table = pq.read_table(path)
            values = table["features"].combine_chunks().flatten().to_numpy().copy()
            values[0] = values[-1] = bad
            lists = pa.FixedSizeListArray.from_arrays(pa.array(values), stand_in().n_features)
            column = table.schema.get_field_index("features")
            pq.write_table(table.set_column(column, "features", lists), path)
            return path.name, keys_in_shard(path)[0], keys_in_shard(path)[-1]

        return damage

    area.damage("nothing", lambda store: None)
    area.damage("swapped", swap)
    for which in ([0], [1], [3], [0, 1], [1, 2, 3]):
        area.damage(f"removed {which}", remove(*which))
    for new in (
        "part-0.parquet",
        "part-x.parquet",
        "part-.parquet",
        "part-000000000000000000000001-x.parquet",
        f"part-{'9' * 18}-x.parquet",
        f"part-{'9' * 200}.parquet",
        "part-٣.parquet",
        "part-00000-00000000.parquet",
        "part-00007-copy (1).parquet",
        "part--1.parquet",
    ):
        area.damage(f"renamed to {new}", rename(new))
        area.damage(f"copied to {new}", copied(new))
    for new in ("shard.parquet", ".part-0.parquet", "part-00001.parquet.gz"):
        area.damage(f"renamed away to {new}", rename(new, 2))
    for old, new in (
        ("part-99999-x.parquet", "part-100000-x.parquet"),
        ("part-9.parquet", "part-10.parquet"),
        ("part-00009-x.parquet", "part-10.parquet"),
        ("part-x.parquet", "part-00000.parquet"),
        ("part-5-a.parquet", "part-5-b.parquet"),
    ):
        area.damage(f"older {old}", stale(old, new))
    for bad in (np.nan, np.inf, -np.inf):
        area.damage(f"{bad} among the features", numbers(bad))


# --- what is no file --------------------------------------------------------------------------


def _special(area):
    name = "part-00009-x.parquet"

    def made(make, named=True):
        def damage(store):
            make(store / name)
            return [name] if named else []

        return damage

    def listen(path):
        # A socket's path must be short.
        here = os.open(path.parent, os.O_RDONLY)
        try:
            os.chdir(path.parent)
            socket.socket(socket.AF_UNIX).bind(path.name)
        finally:
            os.chdir("/")
            os.close(here)

    def sparse(path):
        with open(path, "wb") as file:
            file.truncate(20 * 10**9)

    area.damage("a pipe", made(os.mkfifo))
    area.damage("a socket", made(listen))
    for device in ("zero", "null", "full", "random", "tty"):
        if Path("/dev", device).exists():
            area.damage(
                f"a link to {device}",
                made(lambda path, device=device: path.symlink_to(f"/dev/{device}")),
            )
    area.damage("a link to itself", made(lambda path: path.symlink_to(path.name)))
    area.damage(
        "a link to a shard",
        made(lambda path: path.symlink_to(shards(path.parent)[0].name), named=False),
    )
    area.damage(
        "a link to what is gone",
        lambda store: (store / name).symlink_to("/nowhere/shard.parquet"),
        refused=name,
    )
    area.damage("a folder", made(Path.mkdir))
    area.damage("a folder of shards", made(lambda path: shutil.copytree(path.parent, path)))
    area.damage("an empty file", made(Path.touch))
    area.damage("a text", made(lambda path: path.write_text("key,features\na,1\n")))
    area.damage("twice the magic word", made(lambda path: path.write_bytes(b"PAR1PAR1")))
    area.damage(
        "a footer of gigabytes",
        made(lambda path: path.write_bytes(b"PAR1" + b"\xff\xff\xff\x7fPAR1")),
    )
    area.damage("encrypted", made(lambda path: path.write_bytes(b"PARE" + bytes(90) + b"PARE")))
    area.damage("a large empty file", made(sparse))


# --- shards of others -------------------------------------------------------------------------


def lists_of(values):
    """Return an array (n, width) as an Arrow array of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def table_of(**columns):
    """Return a shard's table of two rows, some of whose columns are others, or gone (None)."""
    usual = {
        "key": pa.array(["foreign 1", "foreign 2"]),
        "content": pa.array(["1", "2"]),
        "sha256": pa.array(["a", "b"]),
        "features": lists_of(np.ones((2, stand_in().n_features), np.float16)),
    }
    table = pa.table({n: each for n, each in (usual | columns).items() if each is not None})
    return with_settings(table, json.dumps(stand_in().settings))


def with_settings(table, said):
    return table.replace_schema_metadata({b"zapsim": said})


def _lists(values, kind=None, size=None):
    return pa.array(values, pa.list_(kind or pa.float16(), size or -1))


def foreign_tables():
    """Return by name: a table, and whether its rows can be used."""
    width = stand_in().n_features
    usual = stand_in().settings
    ones = np.ones((2, width), np.float16)
    texts = pa.array(["foreign 1", "foreign 2"])
    twice = pa.Table.from_arrays(
        [texts, texts, texts, lists_of(ones)], ["key", "key", "content", "features"]
    ).replace_schema_metadata(table_of().schema.metadata)
    return {
        "as it should be": (table_of(), True),
        "dictionary keys": (table_of(key=texts.dictionary_encode()), True),
        "large keys": (table_of(key=texts.cast(pa.large_string())), True),
        "more columns": (table_of(more=texts, numbers=pa.array([1, 2])), True),
        "no sha256": (table_of(sha256=None), False),
        "some sha256": (table_of(sha256=pa.array(["a", None])), False),
        "no rows": (table_of().slice(0, 0), True),
        "32 bits": (table_of(features=lists_of(ones.astype(np.float32))), True),
        "64 bits": (table_of(features=lists_of(ones.astype(np.float64))), True),
        "whole numbers": (table_of(features=lists_of(ones.astype(np.int32))), False),
        "another width": (table_of(features=lists_of(ones[:, :-1])), False),
        "a large width": (table_of(features=lists_of(np.ones((2, 100_000), np.float16))), False),
        "no width": (table_of(features=_lists([[], []], size=0)), False),
        "lists of any length": (table_of(features=_lists([[1.0] * width, [1.0]])), False),
        "lists of the same length": (table_of(features=_lists([[1.0] * width] * 2)), False),
        "a missing vector": (table_of(features=_lists([[1.0] * width, None], size=width)), False),
        "vectors of texts": (
            table_of(features=_lists([["1"] * width] * 2, pa.string(), width)),
            False,
        ),
        "texts for vectors": (table_of(features=texts), False),
        "numbers for vectors": (table_of(features=pa.array([1.0, 2.0])), False),
        "nested vectors": (
            table_of(features=_lists([[[1.0]] * width] * 2, pa.list_(pa.float16()), width)),
            False,
        ),
        "a missing key": (table_of(key=pa.array(["foreign 1", None])), False),
        "a missing content": (table_of(content=pa.array([None, "2"])), False),
        "binary keys": (table_of(key=texts.cast(pa.binary())), False),
        "keys that are no UTF-8": (table_of(key=_not_unicode()), False),
        "number keys": (table_of(key=pa.array([1, 2])), False),
        "list keys": (table_of(key=_lists([["a"], ["b"]], pa.string())), False),
        "struct keys": (table_of(key=pa.array([{"a": "b"}] * 2)), False),
        "null keys": (table_of(key=pa.nulls(2)), False),
        "binary contents": (table_of(content=texts.cast(pa.binary())), False),
        "number digests": (table_of(sha256=pa.array([1, 2])), False),
        "no keys": (table_of(key=None), False),
        "no contents": (table_of(content=None), False),
        "no features": (table_of(features=None), False),
        "nothing but features": (table_of(key=None, content=None, sha256=None), False),
        "no columns": (table_of().select([]), False),
        "two columns of keys": (twice, False),
        "no settings": (table_of().replace_schema_metadata(None), False),
        "pandas's own": (table_of().replace_schema_metadata({b"pandas": b"{}"}), False),
        "broken settings": (with_settings(table_of(), "{"), False),
        "empty settings": (with_settings(table_of(), ""), False),
        "a list of settings": (with_settings(table_of(), json.dumps([usual])), False),
        "settings that are null": (with_settings(table_of(), "null"), False),
        "settings that are a number": (with_settings(table_of(), "1e999"), False),
        "settings with NaN": (with_settings(table_of(), '{"grid": NaN}'), False),
        "settings with infinity": (with_settings(table_of(), '{"grid": -Infinity}'), False),
        "settings that are no UTF-8": (with_settings(table_of(), b'{"grid": "\xff"}'), False),
        "settings that are bytes": (with_settings(table_of(), b"\x00\xff"), False),
        "settings nested too deep": (
            with_settings(table_of(), '{"a":' * 50_000 + "1" + "}" * 50_000),
            False,
        ),
        "a number without end": (with_settings(table_of(), f'{{"grid": {"9" * 9000}}}'), False),
        "NaN everywhere": (table_of(features=lists_of(ones * np.float16(np.nan))), False),
        "too large for 16 bits": (table_of(features=lists_of(np.full(ones.shape, 1e300))), False),
    }


def _not_unicode():
    offsets = pa.py_buffer(np.array([0, 1, 2], np.int32))
    return pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"\xffb"))


def _foreign(area):
    for place in ("part-00000-a.parquet", "part-00001-00000000.parquet", "part-90000-x.parquet"):
        for name in foreign_tables():

            def damage(store, name=name, place=place):
                table, right = foreign_tables()[name]
                pq.write_table(table, store / place)
                return [] if right else [place]

            area.damage(f"{name} in {place}", damage)
        for name, other in {
            "another grid": {"grid": 2},
            "no weights": {"weights": None},
            "nested": {"more": {"a": [1, {"b": 2}]}},
        }.items():

            def damage(store, other=other, place=place):
                said = json.dumps(stand_in().settings | other)
                pq.write_table(with_settings(table_of(), said), store / place)

            # The digest in its name says that these settings are damaged.
            unsure = {} if "00000000" in place else {"refused": place}
            area.damage(f"{name} in {place}", damage, **unsure)


# --- what unpacks to too much -----------------------------------------------------------------


# With eight bytes for each number, more than the limit.
_ROWS = 600_000


def varint(number):
    """Return a whole number as Thrift writes it."""
    head = b""
    while number > 127:
        head += bytes([number & 127 | 128])
        number >>= 7
    return head + bytes([number])


def _repeated(n, text="foreign"):
    return pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array([text]))


def _bomb_of(n, text="foreign"):
    values = np.zeros((n, stand_in().n_features), np.float16)
    words = _repeated(n, text)
    table = pa.table({"key": words, "content": words, "features": lists_of(values)})
    return with_settings(table, json.dumps(stand_in().settings))


def _zeros_bomb(path):
    """Zeros: 300 MB in a few kilobytes."""
    pq.write_table(_bomb_of(_ROWS), path, compression="zstd", use_dictionary=["key", "content"])


def _runs_bomb(path):
    """One number for all, which takes no room at all."""
    pq.write_table(_bomb_of(_ROWS), path, compression="zstd")


def _lying_bomb(path):
    """A footer that says that there is little."""
    _zeros_bomb(path)
    said, data = pq.read_metadata(path), path.read_bytes()
    group = said.row_group(0)
    sizes = [group.column(n).total_uncompressed_size for n in range(said.num_columns)]
    for size in (*sizes, group.total_byte_size):
        # As long as before, so that all else stays where it is.
        little = bytearray(varint(2 * size))
        little[:-1], little[-1] = b"\x80" * (len(little) - 1), 0
        data = data.replace(varint(2 * size), bytes(little))
    path.write_bytes(data)


def _few_rows_bomb(path):
    """A footer that says that there are few rows."""
    _zeros_bomb(path)
    n = varint(2 * _ROWS)
    path.write_bytes(path.read_bytes().replace(n, b"\x82" + b"\x80" * (len(n) - 2) + b"\x00"))


def _repeated_bomb(path):
    """A long text 100,000 times: it is kept once."""
    pq.write_table(_bomb_of(100_000, "a" * 900_000), path, compression="zstd")


def _wide_bomb(path):
    """One row of 40 million numbers."""
    table = pa.table(
        {
            "key": ["foreign"],
            "content": ["1"],
            "features": lists_of(np.zeros((1, 40_000_000), np.float16)),
        }
    )
    pq.write_table(with_settings(table, json.dumps(stand_in().settings)), path, compression="zstd")


def _long_bomb(path):
    """A key of 300 MB."""
    table = table_of(key=pa.array(["a" * 300_000_000, "b"]))
    pq.write_table(table, path, compression="zstd", use_dictionary=False)


def _footer_bomb(path):
    """A footer of columns that are not there: a reader takes 300 bytes for each of its own."""
    n = 3_000_000

    leaf = b"\x15\x00\x25\x00\x18\x01a\x00"
    schema = b"\x19\x2c\x48\x01r\x15\x02\x00" + leaf
    columns = b"\x19\xfc" + varint(n) + b"\x26\x00\x00" * n
    footer = b"\x15\x02" + schema + b"\x16\x00\x19\x1c" + columns + b"\x16\x00\x16\x00\x00\x00"
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def _endless_bomb(path):
    """A page's header with a list of 2⁶⁰ truths, in a field that nobody knows."""
    pq.write_table(_bomb_of(1), path)
    data, column = bytearray(path.read_bytes()), pq.read_metadata(path).row_group(0).column(0)
    place = column.dictionary_page_offset or column.data_page_offset
    endless = b"\x99\xf1" + varint(2**60)
    data[place : place + len(endless)] = endless
    path.write_bytes(data)


BOMBS = {
    _zeros_bomb: True,
    _runs_bomb: True,
    _lying_bomb: True,
    _few_rows_bomb: True,
    _repeated_bomb: False,
    _wide_bomb: True,
    _long_bomb: True,
    _footer_bomb: True,
    _endless_bomb: True,
}


def _bombs(area):
    for number, (bomb, named) in enumerate(BOMBS.items()):
        place = ("part-00000-a.parquet", "part-90000-x.parquet")[number % 2]

        def damage(store, bomb=bomb, place=place, named=named):
            # Elsewhere, so that what making it takes does not count.
            _, status = os.waitpid(forked(bomb, store / place), 0)
            assert status == 0
            return [place] * named

        area.damage(bomb.__name__[1:], damage, seconds=30)


# --- other files ------------------------------------------------------------------------------


def _other_files(area):
    keys = pd.Index([f"{number}.jpg" for number in range(40)], name="key")
    noise = np.random.default_rng(0).random((40, 16), np.float32)
    features = pd.DataFrame(noise, index=keys)

    def vectors(path):
        return zapsim.load_vectors(path)

    def save_vectors(features, path):
        features.columns = features.columns.astype(str)
        features.to_parquet(path)

    kinds = {
        "matrix": (
            zapsim.similarity_matrix,
            saved.save_matrix,
            saved.load_matrix,
            pd.DataFrame.equals,
        ),
        "neighbours": (
            lambda features: zapsim.top_k(features, 5),
            saved.save_neighbours,
            saved.load_neighbours,
            lambda whole, read: all(np.array_equal(a, b) for a, b in zip(whole, read, strict=True)),
        ),
        # What others write has no checksums: there, only errors are looked at.
        "vectors": (lambda features: features.copy(), save_vectors, vectors, None),
    }
    for kind, (compute, save, load, same) in kinds.items():
        for number in range(20):

            def check(kind=kind, compute=compute, save=save, load=load, same=same, number=number):
                path = area.folder / f"{kind} {number}.parquet"
                whole = compute(features)
                save(whole, path)
                chance = random.Random(f"{kind} {number}")
                damaged_file(path, chance.choice([*WAYS][:5]), chance)
                with listening():
                    try:
                        read = load(path)
                    except (zapsim.StoreError, ValueError) as error:
                        if path.name not in str(error) and "vectors" not in str(error):
                            raise Unnamed(f"{path.name} in: {error}") from error
                        return
                if same and not same(whole, read):
                    raise Lost("other numbers")

            area.add(f"{kind} {number}", check)
        for make in (os.mkfifo, Path.mkdir, Path.touch):

            def special(kind=kind, load=load, make=make):
                path = area.folder / f"{kind} {make.__name__}.parquet"
                make(path)
                try:
                    load(path)
                except (zapsim.StoreError, ValueError) as error:
                    if path.name not in str(error):
                        raise Unnamed(f"{path.name} in: {error}") from error
                else:
                    raise Unnamed("it is taken for a file")

            area.add(f"{kind} {make.__name__}", special)


# --- kills ------------------------------------------------------------------------------------


def _kills(area):
    for number in range(16):

        def check(number=number):
            original = _original(area.folder)
            chance = random.Random(number)
            store, log = area.folder / f"killed {number}", area.folder / f"log {number}"
            pid = forked(extract, original.pictures, store, log, 0.01)
            wanted = chance.randrange(N_ITEMS - SHARD)
            wait_for(lambda: len(lines(log)) >= wanted)
            time.sleep(chance.uniform(0, 0.01))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            with listening():
                kept = stored(store)
                _compare(original, kept)
                log.unlink(missing_ok=True)
                age(store)
                again = extract(original.pictures, store, log)
            _compare(original, again, complete=True)
            if len(lines(log)) != N_ITEMS - len(kept):
                raise Lost("what was stored is computed again")
            try:
                assert_whole(store, original.pictures, original.features)
            except AssertionError as error:
                raise Lost(str(error)) from error
            if keys_in(store) != keys_in(original.store):
                raise Lost("other keys")

        area.add(f"killed {number}", check, kills=1, seconds=20)


def cases(folder):
    """Return the cases; each damages a copy of one store in this folder."""
    area = _Area(folder)
    for part in (_bytes, _files, _special, _foreign, _bombs, _other_files, _kills):
        part(area)
    return area.cases


# --- at random --------------------------------------------------------------------------------

_WIDTH = 64
_TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=3, max_size=3)
_COLUMNS = st.one_of(
    st.none(),
    _TEXTS.map(lambda texts: pa.array(texts, pa.string())),
    _TEXTS.map(lambda texts: pa.array(texts, pa.large_string())),
    _TEXTS.map(lambda texts: pa.array(texts, pa.string()).dictionary_encode()),
    st.lists(st.binary(max_size=3), min_size=3, max_size=3).map(pa.array),
    st.lists(st.integers(-5, 5), min_size=3, max_size=3).map(pa.array),
)
_VECTORS = st.one_of(
    _COLUMNS,
    st.builds(
        lambda kind, width, number: lists_of(np.full((3, width), number, kind)),
        st.sampled_from([np.float16, np.float32, np.float64, np.int8]),
        st.sampled_from([1, _WIDTH - 1, _WIDTH, _WIDTH + 1]),
        st.sampled_from([0, 1]),
    ),
    st.lists(st.lists(st.floats(width=16), max_size=2), min_size=3, max_size=3).map(
        lambda rows: pa.array(rows, pa.list_(pa.float16()))
    ),
)
_SAID = st.one_of(
    st.none(),
    st.just(b"right"),
    st.binary(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ).map(lambda said: json.dumps(said).encode()),
)
_TABLES = st.tuples(_COLUMNS, _COLUMNS, _COLUMNS, _VECTORS, _SAID, st.booleans())


@cache
def _apart():
    return _original(Path(tempfile.mkdtemp(prefix="hostile")))


def _written(path, table):
    *columns, said, dictionary = table
    names = ("key", "content", "sha256", "features")
    columns = {n: each for n, each in zip(names, columns, strict=True) if each is not None}
    said = json.dumps(stand_in().settings) if said == b"right" else said
    table = pa.table(columns).replace_schema_metadata({b"zapsim": said} if said else None)
    pq.write_table(table, path, use_dictionary=dictionary)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(st.binary(max_size=200), _TABLES, st.randoms(use_true_random=False)),
    st.sampled_from(["part-00000-a.parquet", "part-9-01234567.parquet", "part-x.parquet"]),
)
def fuzz(shard, name):
    """Add a random shard to a store, or damage one at random."""
    original = _apart()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        shutil.copytree(original.store, store)
        path, refused = store / name, None
        if isinstance(shard, bytes):
            path.write_bytes(shard)
            keep("stores", name, shard)
        elif isinstance(shard, random.Random):
            for each in shards(store)[: shard.randrange(1, 4)]:
                damaged_file(each, shard.choice(list(WAYS)), shard)
                keep("stores", each.name, each.read_bytes())
        else:
            _written(path, shard)
            keep("stores", name, path.read_bytes())
            try:
                with listening():
                    zapsim.load_features(store)
            except zapsim.StoreError as error:
                refused = name if "other settings" in str(error) else None
        survives(original, store, refused=refused)
