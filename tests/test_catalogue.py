import math
import os
import shutil
import time
import warnings
from io import BytesIO
from textwrap import shorten
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import zapsim
from tests.hostile.pictures import NOT_READ
from zapsim.catalogue import load_catalogue
from zapsim.io import hints
from zapsim.io import sources as files
from zapsim.io.formats import READABLE
from zapsim.io.pictures import PictureError
from zapsim.keys import unknown_key

BOSTONIAN = "Shoes/Oxfords/Bostonian/100627.72.jpg"
METADATA = (
    "CID,Category,SubCategory,HeelHeight,Gender\n"
    "7003-5,Shoes,Sneakers and Athletic Shoes,,Men;Women\n"
    "100627-72,Shoes,Oxfords,1in - 1 3/4in,Men\n"
    "7001-2,Boots,Ankle,2in,Women\n"
)


# --- the table -------------------------------------------------------------------------------


def test_ut_zappos_layout_becomes_columns(ut_zappos, ut_zappos_keys):
    table = load_catalogue(ut_zappos).table
    assert table.index.name == "key"
    assert list(table.index) == sorted(ut_zappos_keys)
    assert list(table.columns) == [
        "Category",
        "SubCategory",
        "Brand",
        "Product",
        "Colourway",
        "CID",
    ]
    assert table.loc[BOSTONIAN].tolist() == [
        "Shoes",
        "Oxfords",
        "Bostonian",
        "100627",
        "100627.72",
        "100627-72",
    ]
    assert table.loc["Boots/Ankle/UGG/7001.1.jpg", "Product"] == "7001"
    assert table.loc["Boots/Ankle/UGG/7001.2.jpg", "Product"] == "7001"


def test_escaped_dots_of_brands_are_decoded_for_display_only(ut_zappos):
    key = "Sandals/Flat/A%2EP%2EC%2E/7002.9.jpg"
    catalogue = load_catalogue(ut_zappos)
    assert catalogue.table.loc[key, "Brand"] == "A.P.C."
    assert catalogue.picture(key).shape == (40, 48, 3)


def test_missing_levels_are_missing_columns(make_folder):
    table = load_catalogue(make_folder("Boots/one.jpg", "Shoes/two.jpg")).table
    assert list(table.columns) == ["Category"]
    assert table["Category"].tolist() == ["Boots", "Shoes"]


def test_flat_folder_has_no_columns_and_still_works(make_folder):
    catalogue = load_catalogue(make_folder("a.jpg", "b.jpg"))
    assert list(catalogue.table.columns) == []
    assert repr(catalogue) == "Catalogue of 2 items from shoes"
    assert catalogue.caption("a.jpg") == "a"


def test_uneven_levels_are_missing_values(make_folder):
    table = load_catalogue(make_folder("Boots/one.jpg", "Shoes/Oxfords/B/5.6.jpg")).table
    assert table.loc["Boots/one.jpg", "Category"] == "Boots"
    assert table.loc["Boots/one.jpg", ["SubCategory", "Brand", "CID"]].isna().all()
    assert table.loc["Shoes/Oxfords/B/5.6.jpg", "CID"] == "5-6"


@pytest.mark.parametrize("name", ["5.jpg", "5.6.7.jpg", "a5.6.jpg", "5.x.jpg", "5-6.jpg"])
def test_file_names_of_another_kind_have_no_cid(make_folder, name):
    assert "CID" not in load_catalogue(make_folder(f"Boots/{name}", "Shoes/b.jpg")).table


def test_folder_and_zip_give_the_same_table(make_folder, zip_of, ut_zappos_keys):
    folder = make_folder(*ut_zappos_keys, metadata=METADATA)
    packed = load_catalogue(zip_of(folder, wrapper="shoes/"))
    opened = load_catalogue(folder)
    pd.testing.assert_frame_equal(opened.table, packed.table)
    assert "Gender" in opened.table
    assert [opened.content(k) for k in opened.keys] == [packed.content(k) for k in packed.keys]


def test_repr_counts_what_there_is(ut_zappos):
    assert repr(load_catalogue(ut_zappos)) == (
        "Catalogue of 6 items from shoes (4 categories, 5 subcategories, 5 brands, 5 products)"
    )


@pytest.mark.parametrize("source", [".", "../shoes"])
def test_name_is_the_folders_even_from_inside(ut_zappos, monkeypatch, source):
    monkeypatch.chdir(ut_zappos)
    assert load_catalogue(source).name == "shoes"


# --- metadata --------------------------------------------------------------------------------


def test_metadata_is_joined_by_cid_in_any_row_order(make_folder, ut_zappos_keys):
    table = load_catalogue(make_folder(*ut_zappos_keys, metadata=METADATA)).table
    assert len(table) == 6
    assert list(table.index) == sorted(ut_zappos_keys)
    assert table.loc[BOSTONIAN, ["HeelHeight", "Gender"]].tolist() == ["1in - 1 3/4in", "Men"]
    assert table.loc["Boots/Ankle/UGG/7001.2.jpg", "Gender"] == "Women"
    nike = table.loc["Shoes/Sneakers and Athletic Shoes/Nike/7003.5.jpg"]
    assert nike["Gender"] == "Men;Women"
    assert pd.isna(nike["HeelHeight"])


def test_item_without_a_row_has_missing_values(make_folder, ut_zappos_keys):
    table = load_catalogue(make_folder(*ut_zappos_keys, metadata=METADATA)).table
    assert table.loc["Boots/Ankle/UGG/7001.1.jpg", ["HeelHeight", "Gender"]].isna().all()
    assert table["Gender"].notna().sum() == 3


def test_row_without_an_item_is_left_out(make_folder):
    folder = make_folder("Shoes/Oxfords/B/1.1.jpg", metadata="CID,Gender\n9-9,Men\n1-1,Women\n")
    assert load_catalogue(folder).table["Gender"].tolist() == ["Women"]


def test_metadata_wins_over_the_folder_and_one_warning_says_so(make_folder, ut_zappos_keys):
    rows = METADATA.replace("100627-72,Shoes", "100627-72,Wrong")
    with pytest.warns(UserWarning, match=r"Category of 1 of 6 pictures.*'Wrong' there") as warned:
        table = load_catalogue(make_folder(*ut_zappos_keys, metadata=rows)).table
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert table.loc[BOSTONIAN, "Category"] == "Wrong"
    assert table.loc["Boots/Ankle/UGG/7001.1.jpg", "Category"] == "Boots", "it has no row"
    assert list(table.columns).count("Category") == 1


def test_cell_without_a_value_leaves_the_folders(make_folder):
    folder = make_folder("Boots/a.jpg", "Shoes/b.jpg", metadata="key,Category\nBoots/a.jpg,\n")
    assert load_catalogue(folder).table["Category"].tolist() == ["Boots", "Shoes"]


def test_metadata_fills_columns_that_the_layout_lacks(make_folder):
    folder = make_folder("1.1.jpg", "2.2.jpg", metadata="CID,Category\n2-2,Boots\n1-1,Shoes\n")
    assert load_catalogue(folder).table["Category"].tolist() == ["Shoes", "Boots"]


def test_metadata_is_joined_by_key(make_folder):
    rows = "colour,key\nred,Shoes/b.jpg\nblue,Boots/a.jpg\n"
    table = load_catalogue(make_folder("Boots/a.jpg", "Shoes/b.jpg", metadata=rows)).table
    assert table.index.name == "key"
    assert table["colour"].to_dict() == {"Boots/a.jpg": "blue", "Shoes/b.jpg": "red"}
    assert list(table.columns) == ["Category", "colour"]


def test_names_as_a_mac_spells_them_are_the_same_keys(make_folder):
    decomposed = normalize("NFD", "a/Schnürschuh.jpg")
    folder = make_folder(decomposed, "a/plain.jpg")
    rows = f"key,Material\n{decomposed},Leather\na\\plain.jpg,Suede\n"
    (folder / "meta-data.csv").write_text(rows, encoding="utf-8")
    catalogue = zapsim.load_catalogue(folder)
    assert dict(catalogue.table["Material"]) == {
        "a/Schnürschuh.jpg": "Leather", "a/plain.jpg": "Suede"
    }  # fmt: skip
    assert catalogue.picture(decomposed).shape == catalogue.picture("a\\plain.jpg").shape
    assert list(catalogue.subset([decomposed, "a/Schnürschuh.jpg"]).keys) == ["a/Schnürschuh.jpg"]
    assert not len(catalogue.check())


def test_cells_and_columns_as_a_mac_spells_them_are_the_same_values(make_folder, recwarn):
    keys = [f"Schuhe/Flach/Café/{n}.1.jpg" for n in range(4)]
    rows = [f"{key},{name}" for key, name in zip(keys, ["Café", "Cafe\u0301"] * 2, strict=True)]
    table = "\n".join([f"key,Brand,{normalize('NFD', 'Größe')}", *(f"{r},x" for r in rows)])
    catalogue = zapsim.load_catalogue(make_folder(*keys, metadata=table))
    assert not recwarn
    assert set(catalogue.table["Brand"]) == {"Café"} and "Größe" in catalogue.table
    names = ["Caf\u00e9", "Cafe\u0301"]
    both = pd.DataFrame([["u\u0308", "other"]], [keys[0]], names)
    # Both are kept, under names of their own.
    table = zapsim.load_catalogue(make_folder(keys[0]), metadata=both).table
    assert list(table)[-2:] == names and table.iloc[0, -2:].tolist() == ["ü", "other"]


def test_blanks_and_entities_make_no_other_values(make_folder):
    cells = ["X1", " X1\t", "  ", "\u00a0", "X&amp;1", "X&1", "X&amp;amp;#38;1 ", "X&#x26;1"]
    keys = [f"{number}.jpg" for number in range(len(cells))]
    frame = pd.DataFrame({"file_name": keys, "Style": cells})
    with pytest.warns(UserWarning, match="names no product for 2 of 8 pictures"):
        catalogue = zapsim.load_catalogue(make_folder(*keys), metadata=frame, product="Style")
    assert catalogue.table["Style"].fillna("-").tolist() == ["X1"] * 2 + ["-"] * 2 + ["X&1"] * 4
    assert catalogue.table["Product"].equals(catalogue.table["Style"].rename("Product"))
    features = pd.DataFrame(np.eye(len(keys), dtype=np.float32), keys)
    left = zapsim.SimilarityPredictor(catalogue, features)
    # An item without a product hides no other one.
    assert len(left.similar("2.jpg", 9, hide_colourways=True)) == 7
    assert len(left.similar("0.jpg", 9, hide_colourways=True)) == 6
    found = zapsim.top_k(features, 7, exclude=cells).indices >= 0
    assert found.sum(axis=1).tolist()[:4] == [6, 6, 7, 7]


def test_a_file_whose_name_looks_like_an_entity_is_found_by_it(make_folder):
    folder = make_folder("a&amp;b.jpg", metadata="file_name,Brand\na&amp;b.jpg,R&amp;D\n")
    catalogue = zapsim.load_catalogue(folder)
    assert catalogue.table["Brand"].tolist() == ["R&D"]


def test_captions_take_columns_that_hold_no_texts(ut_zappos):
    catalogue = zapsim.load_catalogue(ut_zappos)
    rest = [None] * (len(catalogue) - 2)
    catalogue.table["Brand"] = pd.Categorical(["Aye", None, *rest])
    catalogue.table["SubCategory"] = [1.0, 2.5, *rest]
    assert [text.rpartition(", ")[0] for text in catalogue.captions[:2]] == ["Aye, 1", "2.5"]
    catalogue = zapsim.load_catalogue(ut_zappos)
    catalogue.table["title"] = 7
    assert catalogue.caption(catalogue.keys[0]).startswith("7, ")


def test_byte_order_mark_is_no_part_of_the_first_column(make_folder):
    folder = make_folder("1.1.jpg", metadata="\ufeffCID,Gender\n1-1,Men\n")
    assert load_catalogue(folder).table["Gender"].tolist() == ["Men"]


def test_first_row_of_a_cid_counts(make_folder):
    folder = make_folder("1.1.jpg", "2.2.jpg", metadata="CID,Gender\n1-1,Men\n1-1,Women\n")
    with pytest.warns(UserWarning, match="several rows in meta-data.csv: 1; the first is taken"):
        table = load_catalogue(folder).table
    assert len(table) == 2
    assert table.loc["1.1.jpg", "Gender"] == "Men"


def test_numbers_stay_strings(make_folder):
    folder = make_folder("a.jpg", metadata="key,size\na.jpg,007\n")
    assert load_catalogue(folder).table.loc["a.jpg", "size"] == "007"


def test_metadata_elsewhere_is_taken_instead(make_folder, tmp_path):
    folder = make_folder("1.1.jpg", metadata="CID,Gender\n1-1,Men\n")
    (tmp_path / "other.csv").write_text("CID,Gender\n1-1,Women\n")
    for path in (tmp_path / "other.csv", str(tmp_path / "other.csv")):
        assert load_catalogue(folder, metadata=path).table["Gender"].tolist() == ["Women"]


def test_missing_metadata_file_is_an_error(make_folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        load_catalogue(make_folder("1.1.jpg"), metadata=tmp_path / "gone.csv")


def test_metadata_without_a_known_column_names_its_columns(make_folder):
    folder = make_folder("1.1.jpg", metadata="number,Gender\n1.1,Men\n")
    with pytest.raises(
        ValueError, match=r"'CID'.* or 'key'.*on='number' would.*'number', 'Gender'"
    ):
        load_catalogue(folder)


def test_cids_without_a_layout_of_cids_join_nothing_and_check_says_so(make_folder):
    with pytest.warns(UserWarning, match="None of the metadata"):
        catalogue = load_catalogue(make_folder("a.jpg", metadata="CID,Gender\n1-1,Men\n"))
    assert "Gender" not in catalogue.table
    assert catalogue.check()["problem"].tolist() == ["no metadata", "no picture"]


# --- sample and subset -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forty")
    for number in range(40):
        (folder / f"{number:02}.jpg").touch()
    return load_catalogue(folder)


@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_sample_is_sorted_distinct_and_reproducible(forty, n, seed):
    keys = list(forty.sample(n, seed).keys)
    assert len(keys) == n
    assert keys == sorted(set(keys))
    assert set(keys) <= set(forty.keys)
    assert keys == list(forty.sample(n, seed).keys)


def test_sample_is_the_same_on_every_machine(forty):
    expected = ["04.jpg", "15.jpg", "16.jpg", "19.jpg", "26.jpg"]
    assert list(forty.sample(5, seed=42).keys) == list(forty.sample(5).keys) == expected


def test_sample_depends_on_the_seed(forty):
    assert len({tuple(forty.sample(5, seed).keys) for seed in range(20)}) == 20


def test_sample_keeps_the_rows_with_their_keys(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    sample = catalogue.sample(3, seed=1)
    pd.testing.assert_frame_equal(sample.table, catalogue.table.loc[sample.keys])
    assert len(catalogue) == 6


def test_sample_of_too_many_takes_all_with_a_warning(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    with pytest.warns(UserWarning, match="5,000 items were asked for, shoes has 6: all are taken"):
        sample = catalogue.sample(5000)
    assert list(sample.keys) == list(catalogue.keys)


def test_sample_of_all_does_not_warn(ut_zappos, recwarn):
    assert len(load_catalogue(ut_zappos).sample(6)) == 6
    assert not recwarn.list


@pytest.mark.parametrize("n", [0, -3])
def test_sample_of_none_is_refused(ut_zappos, n):
    with pytest.raises(ValueError, match=f"n must be .* at least 1. Received: n={n}"):
        load_catalogue(ut_zappos).sample(n)


def test_subset_is_sorted_and_distinct(ut_zappos, ut_zappos_keys):
    catalogue = load_catalogue(ut_zappos)
    wanted = [ut_zappos_keys[3], ut_zappos_keys[0], ut_zappos_keys[3]]
    subset = catalogue.subset(wanted)
    assert list(subset.keys) == [ut_zappos_keys[0], ut_zappos_keys[3]]
    assert subset.caption(ut_zappos_keys[3]) == "Bostonian, Oxfords, 100627.72"


def test_subset_takes_another_catalogues_keys(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    sample = catalogue.sample(2)
    assert list(catalogue.subset(sample.keys).keys) == list(sample.keys)


@pytest.mark.parametrize("call", ["subset", "picture", "thumbnail", "content", "caption"])
def test_unknown_key_offers_the_closest(ut_zappos, call):
    catalogue = load_catalogue(ut_zappos)
    typo = "Shoes/Oxfords/Bostonian/100627.jpg"
    with pytest.raises(KeyError, match=f"No item '{typo}' among 6.*closest are: '{BOSTONIAN}'"):
        getattr(catalogue, call)([typo] if call == "subset" else typo)


def test_key_that_was_not_drawn_is_unknown_to_the_sample(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    sample = catalogue.sample(1)
    (other, *_) = set(catalogue.keys) - set(sample.keys)
    with pytest.raises(KeyError, match="among 1"):
        sample.picture(other)


def test_key_like_no_other_offers_an_example(ut_zappos):
    with pytest.raises(KeyError, match=r"One is 'Boots/Ankle/UGG/7001\.1\.jpg'"):
        load_catalogue(ut_zappos).picture("§§§")


def test_empty_catalogue_knows_no_key(ut_zappos):
    empty = load_catalogue(ut_zappos).subset([])
    assert len(empty) == 0
    assert repr(empty).startswith("Catalogue of 0 items")
    with pytest.raises(KeyError, match="No item 'a' among 0"):
        empty.picture("a")


# --- one item --------------------------------------------------------------------------------


def test_picture_is_the_files(ut_zappos, drawn):
    picture = load_catalogue(ut_zappos).picture(BOSTONIAN)
    np.testing.assert_allclose(picture.astype(int), np.array(drawn(3)).astype(int), atol=40)


def test_unreadable_picture_is_named_by_its_key(make_folder):
    folder = make_folder("Boots/a.jpg", "Shoes/b.jpg")
    (folder / "Boots/a.jpg").write_bytes(b"no picture")
    catalogue = load_catalogue(folder)
    with pytest.raises(PictureError, match=r"^Boots/a\.jpg: cannot be read"):
        catalogue.picture("Boots/a.jpg")
    assert catalogue.picture_or_none("Boots/a.jpg") is None
    assert catalogue.picture_or_none("Shoes/b.jpg").shape == (40, 48, 3)


def test_a_thumbnail_that_is_none_is_refused(ut_zappos):
    with pytest.raises(ValueError, match="size must be a whole number of at most 4,096"):
        load_catalogue(ut_zappos).thumbnail(BOSTONIAN, size=30_000)


def test_thumbnail_is_a_square_jpeg(ut_zappos):
    image = Image.open(BytesIO(load_catalogue(ut_zappos).thumbnail(BOSTONIAN, size=64)))
    assert (image.format, image.size) == ("JPEG", (64, 64))


@pytest.mark.parametrize(
    ("key", "caption"),
    [
        ("Shoes/Oxfords/Bostonian/100627.72.jpg", "Bostonian, Oxfords, 100627.72"),
        ("Shoes/Oxfords/A%2E/1.2.jpg", "A., Oxfords, 1.2"),
        ("Shoes/plain.jpg", "Shoes, plain"),
        pytest.param("Shoes/<script>.jpg", "Shoes, <script>", marks=pytest.mark.unix),
    ],
)
def test_caption_is_brand_kind_and_name(make_folder, key, caption):
    assert load_catalogue(make_folder(key, name="any")).caption(key) == caption


@pytest.mark.parametrize("title", ["word " * 100_000, "x" * 500_000, "a-b " * 9, " " * 999 + "end"])
def test_a_caption_is_the_beginning_of_its_title(make_folder, title):
    table = pd.DataFrame({"key": ["a.jpg"], "title": [title]})
    (caption,) = load_catalogue(make_folder("a.jpg"), table).captions
    assert caption == f"{shorten(title, 60, placeholder='…')}, a"


def test_a_caption_of_a_cell_of_megabytes_takes_no_time(make_folder):
    table = pd.DataFrame({"key": ["a.jpg"], "title": ["word " * 1_000_000]})
    catalogue = load_catalogue(make_folder("a.jpg"), table)
    start = time.process_time()
    assert catalogue.caption("a.jpg").startswith("word word")
    assert time.process_time() - start < 0.5


# --- another reader --------------------------------------------------------------------------


def test_what_is_no_reader_is_refused(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    for wrong, name in (((None,), "read"), ((catalogue.read, "x"), "content")):
        with pytest.raises(TypeError, match=f"{name} must be a function of a key. Received: "):
            catalogue.with_reader(*wrong)


def test_another_reader_changes_what_is_read_and_nothing_else(ailing, drawn, encoded):
    catalogue = load_catalogue(ailing)
    dark = catalogue.with_reader(
        lambda key: encoded(drawn(7)) if key == "Boots/1.1.jpg" else catalogue.read(key),
        content=lambda key: f"dark-{catalogue.content(key)}",
        treatment="dark",
    )
    for subset in (dark, dark.subset(["Boots/1.1.jpg", "Boots/4.1.jpg"]), dark.sample(6)):
        np.testing.assert_array_equal(subset.picture("Boots/1.1.jpg"), np.array(drawn(7)))
        assert subset.read("Boots/4.1.jpg") == b""
        assert subset.content("Boots/1.1.jpg") == f"dark-{catalogue.content('Boots/1.1.jpg')}"
        assert subset.treatment == "dark"
    pd.testing.assert_frame_equal(dark.table, catalogue.table)
    assert dark.root == catalogue.root == ailing
    # The duplicate is one no longer; all other problems stay.
    expected = [row for row in PROBLEMS if row[0] != "duplicate"]
    assert list(dark.check().itertuples(index=False, name=None)) == expected
    np.testing.assert_array_equal(catalogue.picture("Boots/1.1.jpg"), np.array(drawn(1)))
    assert catalogue.treatment is None


def test_reader_of_the_same_bytes_keeps_content_and_treatment(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    read = []
    dark = catalogue.with_reader(catalogue.read, treatment="dark")
    counted = dark.with_reader(lambda key: read.append(key) or dark.read(key))
    assert counted.content(BOSTONIAN) == catalogue.content(BOSTONIAN)
    counted.picture(BOSTONIAN)
    assert BOSTONIAN in read
    assert counted.treatment == "dark"


# --- check -----------------------------------------------------------------------------------


@pytest.fixture
def ailing(make_zip, drawn, encoded):
    """One of every problem, and one item (1.1) without any."""
    good, other = encoded(drawn(1)), encoded(drawn(2))
    rows = "CID,Gender\n1-1,Men\n2-1,Men\n3-1,Men\n4-1,Men\n5-1,Men\n9-9,Men\n"
    return make_zip(
        {
            "Boots/1.1.jpg": good,
            "Boots/2.1.jpg": good,
            "Boots/3.1.jpg": b"no picture",
            "Boots/4.1.jpg": b"",
            "Shoes/5.1.jpg": encoded(drawn(5, size=(31, 40))),
            "Shoes/6.1.jpg": other,
            "../escape.jpg": good,
            "meta-data.csv": rows.encode(),
        }
    )


PROBLEMS = [
    ("duplicate", "Boots/2.1.jpg", "same bytes as Boots/1.1.jpg"),
    ("empty", "Boots/4.1.jpg", "0 bytes"),
    ("no metadata", "Shoes/6.1.jpg", "no row for its CID"),
    ("no picture", "9-9", "CID of no picture"),
    ("skipped", "'../escape.jpg'", "unsafe name: outside the catalogue, or not Unicode"),
    ("tiny", "Shoes/5.1.jpg", "31×40 pixels"),
    (
        "unreadable",
        "Boots/3.1.jpg",
        f"Boots/3.1.jpg: cannot be read as a picture (not a {READABLE}).",
    ),
]


def test_check_lists_every_problem(ailing):
    table = load_catalogue(ailing).check()
    assert list(table.columns) == ["problem", "key", "detail"]
    assert list(table.itertuples(index=False, name=None)) == PROBLEMS
    assert list(table.index) == list(range(len(PROBLEMS)))


def test_check_of_a_sample_blames_it_for_its_own_only(ailing):
    table = load_catalogue(ailing).subset(["Boots/1.1.jpg"]).check()
    expected = [row for row in PROBLEMS if row[0] in ("no picture", "skipped")]
    assert list(table.itertuples(index=False, name=None)) == expected


def test_check_of_a_healthy_catalogue_is_empty(make_folder):
    folder = make_folder("1.1.jpg", "2.1.jpg", metadata="CID,Gender\n1-1,Men\n2-1,Men\n")
    table = load_catalogue(folder).check()
    assert len(table) == 0
    assert list(table.columns) == ["problem", "key", "detail"]


def test_check_lists_kinds_of_pictures_that_are_not_read(make_folder):
    folder = make_folder("1.jpg")
    for number, (make, _) in enumerate(NOT_READ.values(), 2):
        (folder / f"{number}.jpg").write_bytes(make())
    table = load_catalogue(folder).check()
    assert table["problem"].tolist() == ["unreadable"] * len(NOT_READ)
    assert table["detail"].str.endswith("Save it anew, as JPEG or PNG of 8 bits a colour.").all()


def test_check_without_metadata_misses_none(ut_zappos):
    assert len(load_catalogue(ut_zappos).check()) == 0


def test_check_of_metadata_by_key_names_the_keys(make_folder):
    folder = make_folder("a.jpg", "b.jpg", metadata="key,x\nb.jpg,1\ngone.jpg,2\n")
    table = load_catalogue(folder).check()
    assert list(table.itertuples(index=False, name=None)) == [
        ("no metadata", "a.jpg", "no row for its key"),
        ("no picture", "gone.jpg", "key of no picture"),
    ]


def test_thirty_two_pixels_are_not_tiny(make_folder, drawn):
    folder = make_folder("a.png")
    drawn(size=(32, 32)).save(folder / "a.png")
    assert len(load_catalogue(folder).check()) == 0


# --- plot ------------------------------------------------------------------------------------


def titles(figure):
    return [" ".join(axes.get_xlabel().split()) for axes in figure.axes]


def test_plot_titles_every_picture_with_its_label(ut_zappos):
    catalogue = load_catalogue(ut_zappos)
    figure = catalogue.plot(n=4, seed=3)
    assert isinstance(figure, Figure)
    assert titles(figure) == [catalogue.caption(key) for key in catalogue.sample(4, 3).keys]
    assert [len(axes.images) for axes in figure.axes] == [1] * 4


def test_plot_of_more_than_there_are_shows_all_without_a_warning(ut_zappos, recwarn):
    assert len(load_catalogue(ut_zappos).plot(n=24).axes) == 6
    assert not [w for w in recwarn.list if "asked for" in str(w.message)]


@pytest.mark.parametrize("columns", [1, 4, 8])
def test_plot_breaks_into_rows(ut_zappos, columns):
    grid = load_catalogue(ut_zappos).plot(columns=columns).axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == (math.ceil(6 / columns), min(columns, 6))


def test_unreadable_picture_does_not_stop_the_plot(make_folder):
    folder = make_folder("a.jpg", "b.jpg", "c.jpg")
    (folder / "b.jpg").write_bytes(b"no picture")
    figure = load_catalogue(folder).plot()
    assert titles(figure) == ["a", "b", "c"]
    assert [len(axes.images) for axes in figure.axes] == [1, 0, 1]
    assert "cannot be" in figure.axes[1].texts[0].get_text()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize(
    "name",
    [
        *["$_{$", "$x^2$", "靴", "a_{b}"],
        pytest.param("<script>", marks=pytest.mark.unix),
        pytest.param("<b>bold<_b>", marks=pytest.mark.unix),
    ],
)
def test_names_are_drawn_as_they_are(make_folder, name):
    figure = load_catalogue(make_folder(f"{name}.jpg", name="any")).plot()
    label = figure.axes[0].xaxis.label
    assert label.get_text() == name
    assert not label.get_parse_math()
    figure.canvas.draw()


# --- metadata that would get in the way ------------------------------------------------------


def test_metadata_columns_named_like_those_of_neighbours_are_renamed(make_folder):
    folder = make_folder("Boots/1.1.jpg", metadata="CID,rank,score,key,Closure\n1-1,9,8,7,None\n")
    row = load_catalogue(folder).table.loc["Boots/1.1.jpg"]
    assert row["rank (metadata)"] == "9"
    assert not {"rank", "score", "key"} & set(row.index)
    assert row["Closure"] == "None", "a word, not a missing value"


def test_metadata_that_belongs_to_no_picture_is_said_so(make_folder):
    folder = make_folder("one.jpg", metadata="key,Closure\nother/two.jpg,Buckle\n")
    with pytest.warns(UserWarning, match="None of the metadata's 1 rows.*two.jpg.*one.jpg"):
        catalogue = load_catalogue(folder)
    assert "Closure" not in catalogue.table


@pytest.mark.parametrize("text", ["", 'CID,a\n"1-1,2\n'])
def test_metadata_that_is_no_table_is_an_error_that_says_so(make_folder, text):
    folder = make_folder("1.1.jpg", metadata=text)
    with pytest.raises(ValueError, match="metadata"):
        load_catalogue(folder)


def test_the_closest_keys_are_found_among_many(make_folder):
    keys = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(3000)]
    message = unknown_key("Boots/Ankle/Aye/2999.2.jpg", pd.Index(keys))
    assert "Boots/Ankle/Aye/" in message
    assert "'Shoes/2999.1.jpg'" in unknown_key(
        "Shoes/2999.jpg", pd.Index([*keys, "Shoes/2999.1.jpg"])
    )


def test_large_pictures_are_shown_small(make_folder):
    folder = make_folder()
    Image.new("RGB", (3000, 1500), "red").save(folder / "photo.jpg")
    catalogue = load_catalogue(folder)
    assert catalogue.picture_or_none("photo.jpg").shape == (200, 400, 3)
    assert catalogue.picture("photo.jpg").shape == (1500, 3000, 3)


def test_metadata_beside_a_zip_is_joined_and_the_ones_inside_win(make_folder, zip_of):
    folder = make_folder("Shoes/Oxfords/B/1.2.jpg", "Boots/Ankle/B/1.3.jpg")
    path = zip_of(folder)
    path.with_name("meta-data.csv").write_text("CID,Material\n1-2,beside\n")
    assert load_catalogue(path).table["Material"].dropna().tolist() == ["beside"]
    (folder / "meta-data.csv").write_text("CID,Material\n1-2,inside\n")
    zip_of(folder)
    assert load_catalogue(path).table["Material"].dropna().tolist() == ["inside"]
    (folder / "mine.csv").write_text("CID,Material\n1-2,mine\n")
    table = load_catalogue(path, metadata=folder / "mine.csv").table
    assert table["Material"].dropna().tolist() == ["mine"]


# --- as many as UT-Zappos50K has -------------------------------------------------------------


def test_fifty_thousand_files_are_a_catalogue_within_seconds(tmp_path, monkeypatch):
    root = tmp_path / "ut-zap50k-images-square"
    for brand in range(2001):
        folder = root / ("Shoes", "Boots")[brand % 2] / f"Kind {brand % 11}" / f"Brand {brand}"
        folder.mkdir(parents=True)
        first = folder / f"{brand}.0.jpg"
        first.write_bytes(b"x")
        for number in range(1, 25):
            os.link(first, folder / f"{brand}.{number}.jpg")
    # On a busy machine, the time on the clock says nothing.
    monkeypatch.setattr(hints, "perf_counter", time.process_time)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        catalogue = load_catalogue(root)
    taken = time.process_time() - start
    shutil.rmtree(root)
    assert taken < 10
    assert len(catalogue) == catalogue.table["CID"].nunique() == 50_025
    assert catalogue.table["Brand"].nunique() == 2001


def test_advice_to_stage_comes_once_and_points_at_the_readers_line(make_zip, monkeypatch):
    path = make_zip({f"{number}.jpg": b"x" for number in range(5000)})
    read = files.Files.read

    def slow(self, key):
        time.sleep(0.005)
        return read(self, key)

    monkeypatch.setattr(files.Files, "read", slow)
    with pytest.warns(UserWarning) as given:
        catalogue = load_catalogue(path)
        for key in catalogue.sample(20).keys:
            with pytest.raises(PictureError):
                catalogue.picture(key)
    (warning,) = given
    assert warning.filename == __file__
    assert "all 5,000" in str(warning.message)
    assert f"zapsim.stage({str(path)!r})" in str(warning.message)
