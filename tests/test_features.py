"""features.py: the cut against the steps done by hand, and a store that resumes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.metrics.pairwise import cosine_similarity

import zapsim
from zapsim import features
from zapsim.io import folders
from zapsim.io import store as store_module
from zapsim.vgg16.weights import load_vgg16


@pytest.fixture(scope="module")
def plumbing():
    """Make an extractor that needs no Keras, with small batches."""
    return zapsim.VGG16Extractor(grid=1, batch_size=4)


@pytest.fixture
def shop(make_folder):
    """Ten drawn pictures."""
    return zapsim.load_catalogue(make_folder(*[f"Shoes/Flats/Aye/{n}.1.jpg" for n in range(10)]))


@pytest.fixture
def counted(plumbing, monkeypatch):
    """Count the pictures that go through the network."""
    pictures, run = [], plumbing.maps
    monkeypatch.setattr(
        plumbing, "maps", lambda squares: (pictures.extend(squares), run(squares))[1]
    )
    return pictures


def noise(size, n=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), np.uint8)


def by_hand(model, pictures, grid):
    """Preprocess, run and average as the papers say it, step by step."""
    bgr = pictures[..., ::-1].astype(np.float32) - np.array([103.939, 116.779, 123.68], np.float32)
    maps = model.predict(bgr, verbose=0)
    if grid == "flat":
        return maps.reshape(len(pictures), -1)
    side = maps.shape[1] // grid
    cells = [
        maps[:, r * side : (r + 1) * side, c * side : (c + 1) * side].mean(axis=(1, 2))
        for r in range(grid)
        for c in range(grid)
    ]
    return np.concatenate(cells, axis=1)


# --- one picture -----------------------------------------------------------------------------


@pytest.mark.keras
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_weights_that_were_replaced_before_they_were_read_are_refused(
    shop, tmp_path, monkeypatch, precision
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "own.weights.h5"
    load_vgg16(None, 32).save_weights(path)
    date = path.stat().st_mtime_ns
    extractor = zapsim.VGG16Extractor(
        "block1_pool", 1, image_size=32, weights=path, precision=precision
    )
    load_vgg16("bundled", 32).save_weights(path)
    os.utime(path, ns=(date, date))
    for use in (lambda: extractor.extract(shop, cache=tmp_path / "store"), lambda: extractor.model):
        with pytest.raises(ValueError, match="own.weights.h5 have changed .* Make a new VGG"):
            use()
    assert not list(tmp_path.glob("store/*.parquet"))


@pytest.mark.keras
@pytest.mark.parametrize(
    ("layer", "grid"),
    [("block4_pool", 2), ("block5_pool", "flat"), ("block3_conv1", 4), ("block1_conv1", 1)],
)
def test_features_equal_the_steps_done_by_hand_with_the_imagenet_weights(layer, grid):
    extractor = zapsim.VGG16Extractor(layer, grid, image_size=64, precision="float32", power=1)
    pictures = noise(64, n=3)
    expected = by_hand(extractor.model, pictures, grid)
    found = extractor.extract(list(pictures))
    assert found.shape == (3, extractor.n_features)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-2)


def test_the_default_takes_the_root_of_every_average():
    picture = noise(128)[0]
    plain, root = zapsim.VGG16Extractor(power=1), zapsim.VGG16Extractor()
    np.testing.assert_allclose(root.extract(picture), np.sqrt(plain.extract(picture)), rtol=2e-3)


@pytest.mark.keras
def test_building_says_in_short_lines_what_was_loaded(capsys):
    extractor = zapsim.VGG16Extractor("block2_pool", "flat", 32, weights=None)
    assert capsys.readouterr().out == "", "nothing is loaded yet"
    extractor.extract([noise(32)[0]] * 40)
    assert capsys.readouterr().out == (
        "VGG16 to block2_pool, flattened, 32×32: 8,192 features · "
        "random weights (no training)\n"
        "Runs as float32 on CPU with Keras\n"
    )


@pytest.mark.litert
def test_the_default_needs_no_tensorflow_from_photo_to_neighbours():
    code = (
        "import sys, zapsim\n"
        "catalogue = zapsim.load_catalogue()\n"
        "predictor = zapsim.SimilarityPredictor(catalogue, zapsim.load_features())\n"
        "key = catalogue.keys[104]\n"
        "found = predictor.similar_to(catalogue.picture(key), k=1)\n"
        "assert found.loc[0, 'key'] == key\n"
        "assert zapsim.explain(predictor, key, catalogue.keys[0]).score > 0\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'TensorFlow was loaded'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(
        "2,048 features · ImageNet weights (bundled)\nRuns as int8 on LiteRT\n"
    )
    assert done.stderr == "", "LiteRT writes there itself, which would be red in a notebook"


def test_making_an_extractor_and_reading_a_full_store_needs_no_tensorflow(shop, plumbing, tmp_path):
    plumbing.extract(shop, cache=tmp_path / "store")
    code = (
        "import sys, zapsim\n"
        "extractor = zapsim.VGG16Extractor(grid=1)\n"
        f"catalogue = zapsim.load_catalogue({str(shop.root)!r})\n"
        f"features = extractor.extract(catalogue, cache={str(tmp_path / 'store')!r})\n"
        "assert features.shape == (10, 512), features.shape\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'TensorFlow was loaded'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.keras
@pytest.mark.parametrize("other", ["float32", "float16"])
def test_features_of_all_number_formats_can_be_compared(other, monkeypatch):
    """A query in one format finds its own picture in a catalogue of another."""
    monkeypatch.setattr("zapsim.vgg16.number_format.has_gpu", lambda: other == "float16")
    some = zapsim.load_catalogue().sample(6, seed=3)
    queries = zapsim.VGG16Extractor(precision=other).extract(some)
    scores = cosine_similarity(queries, zapsim.load_features().loc[some.keys])
    assert (scores.argmax(axis=1) == np.arange(6)).all()
    assert scores.diagonal().min() > 0.998


@pytest.mark.keras
def test_a_store_may_be_continued_in_another_number_format(make_folder, tmp_path):
    folder = make_folder("a.jpg", "b.jpg")
    in_8_bits = zapsim.VGG16Extractor().extract(zapsim.load_catalogue(folder), cache=tmp_path)
    folder = make_folder("a.jpg", "b.jpg", "c.jpg")
    both = zapsim.VGG16Extractor(precision="float32").extract(
        zapsim.load_catalogue(folder), cache=tmp_path
    )
    assert list(both.index) == ["a.jpg", "b.jpg", "c.jpg"]
    np.testing.assert_array_equal(both.loc[in_8_bits.index], in_8_bits)


# --- extracting a catalogue ------------------------------------------------------------------


def test_a_catalogue_gives_a_table_in_its_order_with_its_settings(shop, plumbing):
    features = plumbing.extract(shop)
    assert list(features.index) == list(shop.keys)
    assert features.shape == (10, 512)
    assert (features.dtypes == np.float32).all()
    assert features.attrs["extractor"] == plumbing.settings
    one_by_one = np.stack([plumbing.extract(shop.picture(key)) for key in shop.keys])
    # Another batch size may be another kernel: float16's last digit, no more.
    np.testing.assert_allclose(features, one_by_one, rtol=1e-3)
    assert features.drop_duplicates().shape == features.shape, "different pictures, same features"


def test_a_query_takes_the_path_of_the_catalogue_whatever_form_it_comes_in(shop, plumbing):
    key = shop.keys[3]
    path = shop.root / key
    expected = plumbing.extract(shop).loc[key]
    for picture in (path, str(path), path.read_bytes(), Image.open(path), shop.picture(key)):
        np.testing.assert_allclose(plumbing.extract(picture), expected, rtol=1e-3)


def test_no_pictures_give_no_rows(plumbing):
    assert plumbing.extract([]).shape == (0, 512)


def test_a_large_photo_is_decoded_smaller_and_gives_the_same(plumbing, monkeypatch, tmp_path):
    catalogue, shapes, fit = zapsim.load_catalogue(), [], features.fit_square
    picture = catalogue.picture(catalogue.keys[0])
    Image.fromarray(picture).resize((2000, 2000)).save(tmp_path / "photo.jpg", quality=95)
    whole = plumbing.extract(zapsim.load_picture(tmp_path / "photo.jpg"))
    monkeypatch.setattr(
        features, "fit_square", lambda p, *_: (shapes.append(p.shape), fit(p, *_))[1]
    )
    found = plumbing.extract(tmp_path / "photo.jpg")
    assert shapes == [(500, 500, 3)]
    assert cosine_similarity([whole], [found])[0, 0] > 0.999


def test_a_second_run_computes_nothing_and_gives_the_same(shop, plumbing, counted, tmp_path):
    first = plumbing.extract(shop, cache=tmp_path / "store")
    assert len(counted) == 10
    second = plumbing.extract(shop, cache=tmp_path / "store")
    assert len(counted) == 10
    pd.testing.assert_frame_equal(first, second)
    assert first.attrs == second.attrs


def test_a_second_run_never_builds_the_network(shop, plumbing, tmp_path):
    plumbing.extract(shop, cache=tmp_path / "store")
    (shop.root / "broken.jpg").touch()
    catalogue = zapsim.load_catalogue(shop.root)
    another = zapsim.VGG16Extractor(grid=1)
    with pytest.warns(UserWarning, match=r"broken\.jpg"):
        assert len(another.extract(catalogue, cache=tmp_path / "store")) == 10
    assert another._engine is None


@pytest.fixture
def work(monkeypatch):
    """Count the files that are read and the pictures that are decoded."""
    from zapsim import features
    from zapsim.io.sources import Files

    keys, names, read, load = [], [], Files.read, features.reading
    monkeypatch.setattr(Files, "read", lambda self, key: (keys.append(key), read(self, key))[1])
    monkeypatch.setattr(
        features,
        "reading",
        lambda data, name, *options: (names.append(name), load(data, name, *options))[1],
    )
    return keys, names


def test_a_hundred_more_pictures_cost_a_hundred_pictures(
    make_folder, plumbing, counted, work, tmp_path
):
    before, more = [f"{n}.jpg" for n in range(150)], [f"new {n}.jpg" for n in range(100)]
    read, decoded = work
    catalogue = zapsim.load_catalogue(make_folder(*before))
    read.clear()
    plumbing.extract(catalogue, cache=tmp_path / "store")
    assert sorted(read) == sorted(decoded) == sorted(before), "once each, not once to identify it"
    catalogue = zapsim.load_catalogue(make_folder(*before, *more))
    for counter in (read, decoded, counted):
        counter.clear()
    plumbing.extract(catalogue, cache=tmp_path / "store")
    assert sorted(read) == sorted(before + more), "the old ones once, to see whether they changed"
    assert sorted(decoded) == sorted(more)
    assert len(counted) == 100


def test_a_zip_lists_what_it_holds_so_that_a_second_run_reads_no_picture(
    ut_zappos, zip_of, plumbing, work, tmp_path
):
    catalogue = zapsim.load_catalogue(zip_of(ut_zappos))
    read, decoded = work
    read.clear()
    plumbing.extract(catalogue, cache=tmp_path / "store")
    assert sorted(read) == sorted(decoded) == list(catalogue.keys)
    read.clear()
    plumbing.extract(catalogue, cache=tmp_path / "store")
    assert not read


def test_a_picture_that_changes_while_it_is_read_is_identified_as_what_was_seen(
    make_folder, plumbing, monkeypatch, tmp_path
):
    from zapsim.io.sources import Files

    folder, read = make_folder("a.jpg"), Files.read
    catalogue = zapsim.load_catalogue(folder)

    def then_changed(files, key):
        data = read(files, key)
        Image.new("RGB", (30, 30), "red").save(folder / "a.jpg")
        return data

    with monkeypatch.context() as patched:
        patched.setattr(Files, "read", then_changed)
        before = plumbing.extract(catalogue, cache=tmp_path / "store")
    after = plumbing.extract(catalogue, cache=tmp_path / "store")
    assert (after != before).any(axis=None)


@pytest.mark.parametrize("unreadable", [[0], [3, 4, 2999], list(range(0, 3000, 2))])
def test_rows_that_are_kept_move_up_within_their_array(unreadable):
    from zapsim.features import _kept

    values = np.arange(6000, dtype=np.float32).reshape(3000, 2)
    found = ~np.isin(np.arange(3000), unreadable)
    expected, memory = values[found], values
    kept = _kept(values, found)
    np.testing.assert_array_equal(kept, expected)
    assert np.shares_memory(kept, memory)


def test_only_new_and_changed_pictures_are_computed(make_folder, plumbing, counted, tmp_path):
    folder = make_folder("a.jpg", "b.jpg", "c.jpg")
    before = plumbing.extract(zapsim.load_catalogue(folder), cache=tmp_path / "store")
    Image.new("RGB", (30, 30), "red").save(folder / "b.jpg")
    Image.new("RGB", (30, 30), "green").save(folder / "d.jpg")
    counted.clear()
    after = plumbing.extract(zapsim.load_catalogue(folder), cache=tmp_path / "store")
    assert len(counted) == 2
    assert list(after.index) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    np.testing.assert_array_equal(after.loc[["a.jpg", "c.jpg"]], before.loc[["a.jpg", "c.jpg"]])
    assert (after.loc["b.jpg"] != before.loc["b.jpg"]).any()


def test_a_move_from_folder_to_zip_computes_nothing(ut_zappos, zip_of, plumbing, counted, tmp_path):
    folder = plumbing.extract(zapsim.load_catalogue(ut_zappos), cache=tmp_path / "store")
    counted.clear()
    zipped = plumbing.extract(zapsim.load_catalogue(zip_of(ut_zappos)), cache=tmp_path / "store")
    assert not counted
    pd.testing.assert_frame_equal(folder, zipped)


def test_an_interrupted_run_keeps_what_it_computed(shop, plumbing, counted, monkeypatch, tmp_path):
    read = zapsim.Catalogue.read

    def interrupted(catalogue, key):
        if key == shop.keys[5]:
            raise KeyboardInterrupt
        return read(catalogue, key)

    with monkeypatch.context() as patched:
        patched.setattr(zapsim.Catalogue, "read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            plumbing.extract(shop, cache=tmp_path / "store")
    assert len(zapsim.load_features(tmp_path / "store")) == 4, "one batch was done"
    counted.clear()
    resumed = plumbing.extract(shop, cache=tmp_path / "store")
    assert len(counted) == 6, "the rest"
    pd.testing.assert_frame_equal(resumed, plumbing.extract(shop))


def test_a_full_disk_leaves_the_shards_before_it_whole(shop, plumbing, monkeypatch, tmp_path):
    monkeypatch.setattr(store_module, "SHARD_ITEMS", 4)
    write, written = pq.write_table, []

    def full(table, path, **options):
        written.append(path)
        if len(written) == 2:
            path.write_bytes(b"half a shard")
            raise OSError(28, "No space left on device")
        write(table, path, **options)

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(zapsim.StoreError, match=r"No space left.*free some space.*run again"):
        plumbing.extract(shop, cache=tmp_path / "store")
    assert [p.suffix for p in (tmp_path / "store").iterdir()] == [".parquet"], "no half a file"
    assert len(zapsim.load_features(tmp_path / "store")) == 4


def test_unreadable_pictures_are_named_and_skipped_and_the_rest_is_there(make_folder, plumbing):
    folder = make_folder("good.jpg", "also good.jpg", "cut short.jpg")
    whole = (folder / "cut short.jpg").read_bytes()
    (folder / "cut short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("not a picture")
    with pytest.warns(UserWarning, match=r"3 pictures could not be read") as warned:
        features = plumbing.extract(zapsim.load_catalogue(folder), cache=folder / "store")
    for name in ("cut short.jpg", "empty.png", "text.jpg"):
        assert name in str(warned[0].message)
    assert list(features.index) == ["also good.jpg", "good.jpg"]
    with pytest.warns(UserWarning, match="3 pictures"):
        again = plumbing.extract(zapsim.load_catalogue(folder), cache=folder / "store")
    pd.testing.assert_frame_equal(features, again)


@pytest.fixture
def read_only(monkeypatch):
    """Return a function after which nothing can be written, as on a read-only disk."""

    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    def make():
        for name in ("touch", "mkdir"):
            monkeypatch.setattr(Path, name, refused)
        monkeypatch.setattr(pq, "write_table", refused)

    return make


def test_a_full_store_in_a_read_only_place_serves_beside_an_unreadable_picture(
    shop, plumbing, tmp_path, read_only
):
    features = plumbing.extract(shop, cache=tmp_path / "store")
    (shop.root / "broken.jpg").write_bytes(b"not a picture")
    catalogue = zapsim.load_catalogue(shop.root)
    read_only()
    with pytest.warns(UserWarning, match=r"1 picture could not be read[^$]*broken\.jpg"):
        again = plumbing.extract(catalogue, cache=tmp_path / "store")
    pd.testing.assert_frame_equal(again, features)


def test_a_read_only_place_is_refused_before_much_is_computed(
    make_folder, plumbing, counted, tmp_path, read_only
):
    folder = make_folder(*[f"{number}.jpg" for number in range(200)])
    (folder / "0.jpg").write_bytes(b"not a picture")
    catalogue = zapsim.load_catalogue(folder)
    read_only()
    with pytest.raises(zapsim.StoreError, match="Could not write .*Read-only file system"):
        plumbing.extract(catalogue, cache=tmp_path / "store")
    assert len(counted) <= 8 * plumbing.batch_size * os.cpu_count()


@pytest.mark.parametrize("cached", [False, True])
def test_a_catalogue_without_one_readable_picture_is_an_error(make_folder, plumbing, cached):
    folder = make_folder()
    (folder / "a.jpg").touch()
    cache = folder / "store" if cached else None
    with (
        pytest.warns(UserWarning, match=r"a\.jpg"),
        pytest.raises(zapsim.PictureError, match="None of the 1 pictures could be read"),
    ):
        plumbing.extract(zapsim.load_catalogue(folder), cache=cache)


def test_a_picture_that_was_changed_and_changed_back_is_right_for_every_reader(
    make_folder, plumbing, tmp_path
):
    folder, store = make_folder("a.jpg"), tmp_path / "store"
    original = (folder / "a.jpg").read_bytes()
    before = plumbing.extract(zapsim.load_catalogue(folder), cache=store)
    Image.new("RGB", (30, 30), "red").save(folder / "a.jpg")
    plumbing.extract(zapsim.load_catalogue(folder), cache=store)
    (folder / "a.jpg").write_bytes(original)
    after = plumbing.extract(zapsim.load_catalogue(folder), cache=store)
    np.testing.assert_array_equal(after, before)
    found = zapsim.load_features(store, zapsim.load_catalogue(folder))
    np.testing.assert_array_equal(found, before)
    with pytest.raises(zapsim.StoreError, match="features of two pictures under 'a.jpg'"):
        zapsim.load_features(store)


def test_what_was_renamed_or_moved_is_not_computed_again(
    make_folder, plumbing, counted, tmp_path, capsys
):
    keys = [f"Shoes/Flats/Aye/{n}.1.jpg" for n in range(10)]
    folder, store = make_folder(*keys, name="shop/shoes"), tmp_path / "store"
    before = plumbing.extract(zapsim.load_catalogue(folder), cache=store)
    (folder / keys[0]).rename(folder / "new name.jpg")
    (folder / "Shoes").rename(folder / "Moved")
    del counted[:]
    capsys.readouterr()
    after = plumbing.extract(zapsim.load_catalogue(folder), cache=store)
    assert (
        capsys.readouterr().out == "10 of 10 items found in store, 10 of them under other names\n"
    )
    np.testing.assert_array_equal(after.loc["new name.jpg"], before.loc[keys[0]])
    higher = plumbing.extract(zapsim.load_catalogue(folder.parent), cache=store)
    np.testing.assert_array_equal(higher, after)
    assert not counted
    assert len(list(store.iterdir())) == 1, "nothing was written"


def test_the_bundled_features_are_minizaps_alone(ut_zappos):
    with pytest.raises(zapsim.StoreError, match=r"6 of 6 items.*MiniZap's. Give a folder"):
        zapsim.VGG16Extractor().extract(zapsim.load_catalogue(ut_zappos), cache="bundled")


def test_numbers_of_numpy_are_numbers(shop, tmp_path):
    settings = {"grid": np.int64(1), "image_size": np.int64(128), "power": np.float32(0.5)}
    extractor = zapsim.VGG16Extractor(**settings)
    extractor.extract(shop, cache=tmp_path / "store")
    assert zapsim.load_features(tmp_path / "store").shape == (10, 512)


def test_an_unreadable_picture_of_several_is_said_by_number(plumbing):
    with pytest.raises(zapsim.PictureError, match="picture 1: cannot be read"):
        plumbing.extract([noise(32)[0], b"junk"])


def test_a_store_made_with_other_settings_is_refused(shop, plumbing, tmp_path):
    plumbing.extract(shop, cache=tmp_path / "store")
    other = zapsim.VGG16Extractor()
    with pytest.raises(zapsim.StoreError, match=r"other settings: grid is 1 there and 2 here"):
        other.extract(shop, cache=tmp_path / "store")


def test_features_that_float16_cannot_hold_are_an_error(plumbing, monkeypatch):
    monkeypatch.setattr(plumbing, "maps", lambda _: np.full((1, 8, 8, 512), 1e12, np.float32))
    with pytest.raises(ValueError, match=r"too large for float16 \(up to 1e\+06\)"):
        plumbing.extract(noise(32)[0])


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer": "block4_pol"}, "Received: 'block4_pol'. Did you mean 'block4_pool'?"),
        ({"grid": 0}, "grid must be 'flat' or a whole number from 1 to 8"),
        ({"grid": 9}, "Received: grid=9"),
        ({"grid": None}, "Received: grid=None"),
        ({"grid": True}, "Received: grid=True"),
        (
            {"image_size": 31},
            "image_size must be a whole number of at least 32. Received: image_size=31",
        ),
        ({"image_size": 128.0}, "Received: image_size=128.0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"precision": "float8"}, "precision must be one of auto, int8"),
        ({"fit": "crop"}, "fit must be one of pad, stretch, trim"),
        ({"power": 0}, "power must be a number above 0 and at most 1. Received: power=0"),
        ({"layer": "fc2", "image_size": 224}, "weights='imagenet' lets Keras download them"),
        ({"layer": "fc1", "weights": "imagenet"}, "needs image_size=224. Received: image_size=128"),
    ],
)
def test_a_wrong_setting_is_refused_at_once(settings, message):
    with pytest.raises(ValueError) as error:
        zapsim.VGG16Extractor(**settings)
    assert message in str(error.value)


def test_a_square_that_no_memory_holds_is_refused_at_once():
    said = r"one picture of image_size=100,000 is 5,?120\.0 GB; .* Use a smaller image_size"
    with pytest.raises(MemoryError, match=said):
        zapsim.VGG16Extractor(image_size=100_000)
    settings = zapsim.VGG16Extractor().settings | {"image_size": 100_000}
    with pytest.raises(MemoryError, match=said):
        zapsim.VGG16Extractor.from_settings(settings)


def test_a_small_shoe_on_a_large_white_photo_is_trimmed_at_full_size(encoded):
    photo = Image.new("RGB", (3000, 3000), "white")
    photo.paste(Image.fromarray(noise(200)[0]), (1000, 1000))
    extractor = zapsim.VGG16Extractor(image_size=96, fit="trim")
    file = encoded(photo, "JPEG", quality=95)
    np.testing.assert_array_equal(extractor.load(file), extractor.square(zapsim.load_picture(file)))


@pytest.mark.parametrize("wrong", [None, (picture for picture in ()), {"a": 1}, 7, [None]])
def test_what_is_no_picture_is_said(wrong):
    with pytest.raises(
        TypeError, match="picture 0, of a picture or a list of them, must be a path"
    ):
        zapsim.VGG16Extractor().extract(wrong)


def test_weights_and_caches_of_other_kinds_are_refused(shop):
    with pytest.raises(TypeError, match=r"weights must be 'bundled'.* Received: array\("):
        zapsim.VGG16Extractor(weights=np.zeros(3))
    with pytest.raises(TypeError, match="cache must be a folder's path or 'bundled'. Received: 3"):
        zapsim.VGG16Extractor().extract(shop, cache=3)


def test_cache_is_for_catalogues_only(plumbing, tmp_path):
    with pytest.raises(ValueError, match="cache is for catalogues"):
        plumbing.extract(noise(32)[0], cache=tmp_path)


def test_an_extractor_is_made_again_from_the_settings_that_features_carry(plumbing):
    random = zapsim.VGG16Extractor("block1_pool", 1, 32, weights=None)
    for extractor in (plumbing, random):
        again = zapsim.VGG16Extractor.from_settings(extractor.settings)
        assert again.settings == extractor.settings
        assert again.weights == extractor.weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": "file:123"}, "made with weights from a file"),
        ({"weights": "bundled:another"}, "another version of zapsim or of the weights"),
        ({"preprocessing": 0}, "Extract them again"),
    ],
)
def test_settings_that_cannot_be_reproduced_are_refused(plumbing, change, message):
    with pytest.raises(ValueError, match=message):
        zapsim.VGG16Extractor.from_settings({**plumbing.settings, **change})
    with pytest.raises(ValueError, match="do not say how they were made"):
        zapsim.VGG16Extractor.from_settings({})


def test_a_disk_that_goes_away_keeps_what_was_computed_and_is_no_success(
    make_folder, tmp_path, monkeypatch
):
    folder = make_folder(*(f"{n:02}.jpg" for n in range(40)))
    catalogue, opened = zapsim.load_catalogue(folder), folders.open_regular
    extractor = zapsim.VGG16Extractor(grid=1, batch_size=8)

    def gone(path, follow):
        if path.stem > "20":
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return opened(path, follow)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "open_regular", gone)
        with pytest.raises(ConnectionError, match="what was computed is kept"):
            extractor.extract(catalogue, cache=tmp_path / "store")
    assert len(zapsim.load_features(tmp_path / "store")) == 16
    assert len(extractor.extract(catalogue, cache=tmp_path / "store")) == 40
