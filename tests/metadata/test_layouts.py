"""Public data sets and people's own folders, small imitations, each opened with one call."""

import re
import time
import tracemalloc
import warnings
from pathlib import Path

import pandas as pd
import pytest

import zapsim
from zapsim.catalogue import load_catalogue
from zapsim.metadata import finding, layout
from zapsim.widgets.browser_state import BrowserState


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


# --- public layouts --------------------------------------------------------------------------

STYLES = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
    "productDisplayName\n"
    "15970,Men,Apparel,Topwear,Shirts,Navy,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt\n"
    "39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012,Casual,Peter England Men Blue Jeans\n"
    "59263,Women,Accessories,Watches,Watches,Silver,Winter,2016,Casual,Titan Women, Silver Watch\n"
)


@pytest.mark.parametrize("as_zip", [False, True])
def test_kaggle_fashion(make_folder, zip_of, capsys, as_zip):
    folder = make_folder("images/15970.jpg", "images/39386.jpg", "images/59263.jpg", name="fashion")
    write(folder, {"styles.csv": STYLES})
    source = zip_of(folder, wrapper="myntradataset/") if as_zip else folder
    with pytest.warns(UserWarning, match=r"1 of the 4 lines of .*styles\.csv .* line 4 \(11 c"):
        catalogue = load_catalogue(source, metadata="styles.csv")
    shirt = catalogue.table.iloc[0]
    assert shirt["articleType"] == "Shirts"
    assert shirt["year"] == "2011"
    assert "Category" not in catalogue.table, "images is none"
    assert catalogue.captions.iloc[0] == "Turtle Check Men Navy Blue Shirt, 15970"
    assert catalogue.captions.iloc[2] == "59263"
    assert capsys.readouterr().out.removeprefix("myntradataset/") == (
        "styles.csv: 2 of 2 rows belong to 2 of 3 pictures,\nby the file's name without its suffix "
        "in column 'id'. check() names the others.\n"
    )
    assert catalogue.check()["problem"].tolist() == ["no metadata"]


def test_filters_are_what_items_are_like_and_not_what_they_are_called(make_folder, on_a_circle):
    keys = [f"images/{number}.jpg" for number in (1, 2, 15970, 39386)]
    shirt, jeans = STYLES.splitlines(keepends=True)[1:3]
    rows = STYLES.rpartition("59263")[0] + shirt.replace("15970", "1") + jeans.replace("39386", "2")
    folder = write(make_folder(*keys), {"styles.csv": rows})
    catalogue = load_catalogue(folder, metadata="styles.csv")
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 9, 18, 27]))
    offered = ["subCategory", "articleType", "baseColour", "season", "year"]
    assert BrowserState(predictor).filters.offered == offered


HM = {
    "articles.csv": "article_id,product_code,prod_name,colour_group_name\n"
    "0108775015,0108775,Strap top,Black\n0108775044,0108775,Strap top,White\n"
    "0110065001,0110065,OP T-shirt,Black\n"
}
HM_KEYS = [f"images/{n[:3]}/{n}.jpg" for n in ("0108775015", "0108775044", "0110065001")]


def test_hm(make_folder):
    folder = write(make_folder(*HM_KEYS), HM)
    catalogue = load_catalogue(folder, metadata="articles.csv", product="product_code")
    table = catalogue.table
    assert table["article_id"].tolist() == ["0108775015", "0108775044", "0110065001"]
    assert table["Product"].tolist() == ["0108775", "0108775", "0110065"]
    assert not {"Category", "SubCategory", "Brand"} & set(table), "010 is none"
    assert catalogue.caption(HM_KEYS[0]) == "Strap top, 0108775015"


def test_hm_as_pandas_reads_it_with_whole_numbers(make_folder, capsys):
    folder = write(make_folder(*HM_KEYS), HM)
    frame = pd.read_csv(folder / "articles.csv")
    table = load_catalogue(folder, metadata=frame).table
    assert table["prod_name"].tolist() == ["Strap top", "Strap top", "OP T-shirt"]
    assert "by the number in the file's name in column 'article_id'" in capsys.readouterr().out


def test_deepfashion_in_shop(make_folder, on_a_circle):
    keys = [
        "img/MEN/Tees_Tanks/id_00000003/01_1_front.jpg",
        "img/WOMEN/Dresses/id_00000002/02_1_front.jpg",
        "img/WOMEN/Dresses/id_00000002/02_2_side.jpg",
        "img/WOMEN/Dresses/id_00000007/02_1_front.jpg",
    ]
    catalogue = load_catalogue(make_folder(*keys), product=r"(id_\d+)")
    assert list(catalogue.table.columns) == ["Category", "SubCategory", "Product"]
    assert catalogue.table.loc[keys[1]].tolist() == ["WOMEN", "Dresses", "id_00000002"]
    predictor = zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [50, 0, 1, 20]))
    assert predictor.similar(keys[1], k=1)["key"].tolist() == [keys[2]]
    assert predictor.similar(keys[1], k=1, hide_colourways=True)["key"].tolist() == [keys[3]]


def test_class_folders(make_folder):
    table = load_catalogue(make_folder("cat/1.jpg", "dog/1.jpg")).table
    assert table.to_dict("list") == {"Category": ["cat", "dog"]}


@pytest.mark.parametrize("above", ["", "data/", "Images/", "my shoes/"])
def test_train_test_and_class(make_folder, above):
    keys = [f"{above}{key}" for key in ("Train/cat/1.jpg", "Train/dog/2.jpg", "test/cat/3.jpg")]
    table = load_catalogue(make_folder(*keys)).table
    assert table.to_dict("list") == {
        "Category": ["cat", "dog", "cat"],
        "Split": ["Train", "Train", "test"],
    }


HUGGING_FACE = {
    "metadata.csv": "file_name,text\n0001.png,a\n0002.png,b\n",
    "metadata.jsonl": '{"file_name": "0001.png", "text": "a"}\n'
    '{"file_name": "0002.png", "text": "b"}',
}


@pytest.mark.parametrize("name", HUGGING_FACE)
@pytest.mark.parametrize("below", ["", "train/"])
def test_hugging_face_image_folder(make_folder, name, below):
    folder = make_folder(f"{below}0001.png", f"{below}0002.png")
    write(folder, {f"{below}{name}": HUGGING_FACE[name]})
    assert load_catalogue(folder).table["text"].tolist() == ["a", "b"]


@pytest.mark.parametrize("as_zip", [False, True])
def test_hugging_face_metadata_of_each_split(make_folder, zip_of, as_zip):
    folder = make_folder("test/0.jpg", "train/0.jpg", "train/1.jpg")
    texts = {
        "train/metadata.csv": "file_name,text\n0.jpg,train 0\n1.jpg,train 1\n",
        "test/metadata.csv": "file_name,text\n0.jpg,test 0\n",
    }
    write(folder, texts)
    table = load_catalogue(zip_of(folder) if as_zip else folder).table
    assert table["text"].tolist() == ["test 0", "train 0", "train 1"]


@pytest.mark.parametrize("column", ["file_name", "filename", "image", "id"])
@pytest.mark.parametrize("as_zip", [False, True])
def test_a_table_in_a_folder_speaks_of_the_pictures_there(make_folder, zip_of, column, as_zip):
    """Two shoes without a picture are called as hats are, and bags have no picture at all."""
    keys = [*(f"hats/{n}.jpg" for n in (1, 2, 3, 4)), "shoes/x/1.jpg", "shoes/2.jpg", "3.jpg"]
    suffix = "" if column == "id" else ".jpg"
    rows = {"hats": (1, 2), "shoes": (1, 2, 3, 4), "bags": (3, 4)}
    texts = {
        f"{kind}/metadata.csv": f"{column},text\n"
        + "".join(f"{n}{suffix},{kind} {n}\n" for n in numbers)
        for kind, numbers in rows.items()
    }
    folder = write(make_folder(*keys), texts)
    catalogue = load_catalogue(zip_of(folder) if as_zip else folder)
    assert catalogue.table["text"].dropna().to_dict() == {
        "hats/1.jpg": "hats 1",
        "hats/2.jpg": "hats 2",
        "shoes/2.jpg": "shoes 2",
        "shoes/x/1.jpg": "shoes 1",
    }
    assert catalogue.table[column]["hats/1.jpg"] == f"1{suffix}"
    problems = catalogue.check().set_index("problem")["key"]
    nobodys = [f"{kind}/{n}{suffix}" for kind in ("bags", "shoes") for n in (3, 4)]
    assert list(problems["no picture"]) == nobodys


@pytest.mark.parametrize("name", ["metadata.csv", "meta-data.csv"])
def test_a_table_in_one_of_the_folders_is_not_the_others(make_folder, name):
    folder = make_folder("hats/1.jpg", "hats/2.jpg", "shoes/1.jpg", "shoes/3.jpg")
    write(folder, {f"hats/{name}": "file_name,text\n1.jpg,a\nhats/2.jpg,b\n3.jpg,c\n"})
    assert load_catalogue(folder).table["text"].fillna("").tolist() == ["a", "b", "", ""]


def test_a_table_in_a_folder_of_its_own_is_everybodys(make_folder):
    folder = make_folder("images/1.jpg", "images/2.jpg")
    write(folder, {"tables/metadata.csv": "file_name,text\n1.jpg,a\n2.jpg,b\n"})
    assert load_catalogue(folder).table["text"].tolist() == ["a", "b"]


def test_many_small_tables_take_no_time(make_folder):
    """Each was widened to the columns of all: 1,500 took minutes."""
    numbers, files = range(300), {}
    for n in numbers:
        header = ",".join(f"c{n}_{i}" for i in range(15))
        files[f"{n}/metadata.csv"] = f"file_name,{header}\n1.jpg{f',{n}' * 15}\n"
    folder = write(make_folder(*(f"{n}/1.jpg" for n in numbers)), files)
    start = time.process_time()
    table = load_catalogue(folder).table
    assert time.process_time() - start < 15
    assert table.loc["7/1.jpg", "c7_0"] == "7" and table.loc["8/1.jpg"].count() == 17


def test_too_many_tables_are_refused(make_folder, monkeypatch):
    monkeypatch.setattr(finding, "_MOST", 2)
    files = {f"{n}/metadata.csv": "file_name\n1.jpg\n" for n in range(3)}
    with pytest.raises(ValueError, match=r"3 tables, 0/metadata.csv and .* at most 2 .* into one"):
        load_catalogue(write(make_folder("0/1.jpg"), files))


def test_tables_with_columns_of_their_own_are_counted_together(make_folder):
    """Each is small; put together, every row has the columns of all."""
    files = {}
    for n in range(30):
        header = ",".join(f"c{n} {column}" for column in range(400))
        files[f"{n}/metadata.csv"] = f"key,{header}\na.jpg{',' * 400}\n"
    with pytest.raises(
        ValueError, match=r"0/metadata.csv and .* … has 10,\d\d\d columns, more than"
    ):
        load_catalogue(write(make_folder("a.jpg"), files))


# --- folders that only sort files ------------------------------------------------------------


def test_numbers_that_are_classes_stay_categories(make_folder):
    table = load_catalogue(make_folder("1/10.jpg", "7/12.jpg")).table
    assert table["Category"].tolist() == ["1", "7"]


def test_containers_are_no_category_wherever_they_are(make_folder):
    table = load_catalogue(make_folder("cat/images/1.jpg", "dog/IMG/2.jpg")).table
    assert table.to_dict("list") == {"Category": ["cat", "dog"]}


@pytest.mark.parametrize("above", ["", "data/", "my shop/data/"])
@pytest.mark.parametrize("kinds", [("Running", "Training"), ("Audio", "Photo"), ("img", "logo")])
@pytest.mark.parametrize("below", ["", "Shoes/"])
def test_what_others_lie_beside_is_a_category(make_folder, above, kinds, below):
    table = load_catalogue(make_folder(*(f"{above}{kind}/{below}1.jpg" for kind in kinds))).table
    given = {"Category": list(kinds)} | ({"SubCategory": ["Shoes"] * 2} if below else {})
    assert table.to_dict("list") == given


def test_folders_beside_each_other_are_those_in_one_folder(make_folder):
    keys = ["boots/test/1.jpg", "boots/train/2.jpg", "shoes/Training/3.jpg", "shoes/work/4.jpg"]
    table = load_catalogue(make_folder(*keys)).table
    assert table.fillna("").to_dict("list") == {
        "Category": ["boots", "boots", "shoes", "shoes"],
        "SubCategory": ["", "", "Training", "work"],
        "Split": ["test", "train", "", ""],
    }


@pytest.mark.parametrize("folder", ["{:048}/", "{:038}/images/"])
def test_long_paths_of_many_folders_take_not_many_times_their_memory(folder):
    keys = [folder.format(n) * 20 + "x.jpg" for n in range(1_000)]
    tracemalloc.start()
    try:
        layout.read_layout(keys)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 * sum(map(len, keys))


def test_paths_of_thousands_of_folders_take_no_time():
    start = time.process_time()
    keys = [f"{n}/{'images/' * 500}{n}.jpg" for n in range(300)]
    assert layout.read_layout(keys)["Category"].tolist() == [str(n) for n in range(300)]
    layout.read_layout([f"{'images/' * 500}{n}.jpg" for n in range(300)])
    assert time.process_time() - start < 2


# --- one's own table -------------------------------------------------------------------------


def test_dataframe_is_taken_like_a_csv_and_not_changed(make_folder, capsys):
    frame = pd.DataFrame({"key": ["1.jpg"], "Brand": ["Acme"], "stock": [3]})
    before = frame.copy()
    table = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=frame).table
    assert table.loc["1.jpg"].tolist() == ["Acme", "3"]
    assert table.loc["2.jpg"].isna().all()
    pd.testing.assert_frame_equal(frame, before)
    assert "the DataFrame: 1 of 1 rows belong to 1 of 2 pictures" in capsys.readouterr().out


@pytest.mark.parametrize("name", [None, "key", "id"])
def test_keys_may_be_in_the_index(make_folder, name):
    frame = pd.DataFrame({"Brand": ["a", "b"]}, index=pd.Index(["2.jpg", "1.jpg"], name=name))
    table = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=frame).table
    assert table["Brand"].tolist() == ["b", "a"]


@pytest.mark.parametrize("called", ["key", "id", "file_name"])
@pytest.mark.parametrize("saved", [False, True])
def test_row_numbers_of_a_filtered_dataframe_are_no_names(make_folder, tmp_path, called, saved):
    names = ["4", "3", "2", "1"] if called == "id" else ["4.jpg", "3.jpg", "2.jpg", "1.jpg"]
    frame = pd.DataFrame({called: names, "Brand": list("dcba"), "Price": [9, 1, 8, 8]})
    # Its index is 0, 2, 3: no row's own picture, and pictures 2 and 3 are there.
    given = frame[frame["Price"] > 1]
    if saved:
        given.to_csv(tmp_path / "given.csv")
        given = tmp_path / "given.csv"
    table = load_catalogue(make_folder("2.jpg", "3.jpg", "7.jpg"), metadata=given).table
    assert table["Brand"].fillna("").tolist() == ["b", "", ""]


def test_row_numbers_do_not_hide_the_column_that_names_pictures(make_folder):
    frame = pd.DataFrame({"Artikel": ["3", "2", "1"]})[1:]
    with pytest.raises(ValueError, match="on='Artikel' would find 1 pictures"):
        load_catalogue(make_folder("1.jpg", "7.jpg"), metadata=frame)


def test_whole_keys_in_the_index_come_before_ids(make_folder):
    frame = pd.DataFrame({"id": [2, 1], "Brand": ["a", "b"]}, index=["1.jpg", "2.jpg"])
    with pytest.warns(UserWarning, match=r"different pictures in 2 rows, and 'Unnamed: 0' is tak"):
        catalogue = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=frame)
    assert catalogue.table["Brand"].tolist() == ["a", "b"]
    problems = catalogue.check()
    assert set(problems.loc[problems["problem"] == "two pictures", "key"]) == {"1.jpg", "2.jpg"}


def test_numbers_may_name_columns(make_folder):
    frame = pd.DataFrame([["2.jpg", "b"], ["1.jpg", "a"]])
    table = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=frame, on=0).table
    assert table["1"].tolist() == ["a", "b"]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"key": []})])
def test_empty_dataframe_is_an_error(make_folder, frame):
    with pytest.raises(ValueError, match="the DataFrame has no rows"):
        load_catalogue(make_folder("1.jpg"), metadata=frame)


def test_row_numbers_that_pandas_wrote_are_no_column(make_folder, tmp_path):
    frame = pd.DataFrame({"key": ["1.jpg", "2.jpg"], "Brand": ["a", "b"]})
    frame.to_csv(tmp_path / "m.csv")
    table = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=tmp_path / "m.csv").table
    assert list(table.columns) == ["Brand"]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("numbers", [(0, 1, 2), (1, 7, 2003), (2, 1, 0), (0, 1, None)])
def test_only_numbers_that_count_the_rows_are_no_column(make_folder, first, numbers):
    cells = ["" if n is None else str(n + first) for n in numbers]
    frame = pd.DataFrame({"": cells, "key": ["1.jpg", "2.jpg", "3.jpg"], "x": list("abc")})
    table = load_catalogue(make_folder("1.jpg", "2.jpg", "3.jpg"), metadata=frame).table
    assert list(table) == ["Unnamed: 0"] * (numbers != (0, 1, 2)) + ["x"]


def test_what_the_shop_says_wins_over_folders(make_folder):
    rows = "key,Category,Brand,Price\na/x/1.jpg,Boots,Acme,10\na/x/2.jpg,a,,20\n"
    folder = make_folder("a/x/1.jpg", "a/x/2.jpg", metadata=rows)
    with pytest.warns(UserWarning, match=r"Category of 1 of 2 pictures.*'a/x/1.jpg' is 'Boots'"):
        table = load_catalogue(folder).table
    assert table["Category"].tolist() == ["Boots", "a"]
    assert list(table.columns) == ["Category", "SubCategory", "Brand", "Price"]


def test_columns_are_the_same_in_any_letters(make_folder):
    rows = "key,category,split\nboots/train/1.jpg,Sandals,\nshoes/train/2.jpg,,test\n"
    folder = make_folder("boots/train/1.jpg", "shoes/train/2.jpg", metadata=rows)
    with pytest.warns(UserWarning, match="category of 1 of 2, split of 1 of 2 pictures"):
        catalogue = load_catalogue(folder)
    assert catalogue.table.to_dict("list") == {
        "category": ["Sandals", "shoes"],
        "split": ["train", "test"],
    }
    assert catalogue.captions.tolist() == ["Sandals, 1", "shoes, 2"]


@pytest.mark.parametrize("name", ["styles.csv", "tables/styles.csv"])
def test_named_metadata_may_lie_beside_the_folder_or_in_it(make_folder, name):
    folder = make_folder("1.jpg", name="shop/images")
    write(folder.parent if name == "styles.csv" else folder, {name: "id,x\n1,a\n"})
    assert load_catalogue(folder, metadata=name).table["x"].tolist() == ["a"]


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("place", ["in", "in a folder", "beside"])
def test_a_name_is_that_of_the_pictures_own_table(
    make_folder, zip_of, tmp_path, monkeypatch, as_zip, place
):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(write(tmp_path / "other", {"styles.csv": "id,x\n1,other\n"}))
    folder = make_folder("a/1.jpg", name="shop/images")
    name = "a/styles.csv" if place == "in a folder" else "styles.csv"
    write(folder.parent if place == "beside" else folder, {name: "id,x\n1,own\n"})
    source = zip_of(folder) if as_zip else folder
    if as_zip and place == "beside":
        write(source.parent, {name: "id,x\n1,own\n"})
    with pytest.warns(UserWarning, match=r"Read: .*styles\.csv\. Not read: .*other.styles\.csv"):
        table = load_catalogue(source, metadata="styles.csv").table
    assert table["x"].tolist() == ["own"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if place != "in" or as_zip:
            table = load_catalogue(source, metadata=Path("styles.csv").absolute()).table
            assert table["x"].tolist() == ["other"]
        monkeypatch.chdir(source.parent if place == "beside" or as_zip else folder)
        if not (as_zip and place != "beside"):
            load_catalogue(source, metadata="styles.csv")


def test_a_path_is_that_from_the_current_folder(make_folder, tmp_path, monkeypatch):
    folder = write(make_folder("1.jpg"), {"styles.csv": "id,x\n1,own\n"})
    monkeypatch.chdir(write(tmp_path, {"styles.csv": "id,x\n1,other\n"}))
    with pytest.warns(UserWarning, match=r"Read: styles\.csv\. Not read: .*shoes.styles\.csv"):
        table = load_catalogue(folder, metadata="./styles.csv").table
    assert table["x"].tolist() == ["other"]


@pytest.mark.parametrize("name", ["shop.json", "shop.xls"])
def test_metadata_of_another_kind_in_the_folder_is_refused_as_such(make_folder, name):
    folder = write(make_folder("1.jpg"), {name: "[]"})
    with pytest.raises(ValueError, match=f"Metadata can be .*Received: {name}"):
        load_catalogue(folder, metadata=name)


def test_excel_sheet_beside_a_zip(make_folder, zip_of):
    openpyxl = pytest.importorskip("openpyxl")
    path = zip_of(make_folder("A/0015.jpg", "A/0016.jpg"))
    book = openpyxl.Workbook()
    for row in [["Image ID", "Brand"], [16, "Nike"], [15, "Acme"]]:
        book.active.append(row)
    book.save(path.with_name("shop.xlsx"))
    assert load_catalogue(path, metadata="shop.xlsx").table["Brand"].tolist() == ["Acme", "Nike"]


@pytest.mark.parametrize(
    ("keys", "column", "values", "way"),
    [
        (["x/1.jpg", "y/1.jpg"], "image", ["shop/x/1.jpg", "shop/y/1.jpg"], "path below shop/"),
        (["i/x/1.jpg", "i/y/1.jpg"], "path", ["x\\1.jpg", "y\\1.jpg"], "path below i/"),
        (["x/1.jpg", "y/2.jpg"], "Path", ["C:\\me\\x\\1.jpg", "C:\\me\\y\\2.jpg"], "below C:/me/"),
        (["x/1.jpg", "y/2.jpg"], "File name", ["1.JPG", "2.jpg"], "file's name in"),
        (["x/1.jpg", "2.jpg"], "file", ["1.jpg", "2.jpg"], "file's name in"),
        (["1.jpg", "2.jpg"], "img", ["http://a.b/c/1.jpg?v=2", "http://a.b/2.jpg"], "file's name"),
        (["x/a1.jpg", "y/a2.jpg"], "id", ["a1", "a2"], "name without its suffix"),
        (["x/1.png", "y/2.png"], "image", ["1.jpg", "2.jpg"], "name without its suffix"),
        (["x/007.jpg", "y/8.jpg"], "id", ["7", "8.0"], "number in the file's name"),
        (["x/7.1.jpg", "y/7.2.jpg"], "id", ["7-1", "7-2"], "the CID in"),
    ],
)
def test_row_is_found_by_what_people_call_a_picture(make_folder, capsys, keys, column, values, way):
    frame = pd.DataFrame({"Note": ["first", "second"], column: values})
    table = load_catalogue(make_folder(*keys), metadata=frame).table
    assert table.loc[keys, "Note"].tolist() == ["first", "second"]
    assert way in capsys.readouterr().out


def test_of_several_columns_the_one_that_finds_most_counts(make_folder, capsys):
    rows = "image,id,x\n9.jpg,1,a\n2.jpg,2,b\n"
    assert load_catalogue(make_folder("1.jpg", "2.jpg", metadata=rows)).table["x"].tolist() == [
        "a",
        "b",
    ]
    assert "in column 'id'" in capsys.readouterr().out


def test_column_may_be_named(make_folder, capsys):
    rows = "id,Artikel,x\n2,1,a\n1,2,b\n"
    folder = make_folder("1.jpg", "2.jpg", metadata=rows)
    assert load_catalogue(folder).table["x"].tolist() == ["b", "a"]
    assert load_catalogue(folder, on="artikel").table["x"].tolist() == ["a", "b"]


def test_on_that_matches_half_is_said_with_counts(make_folder, capsys):
    rows = "Artikel,x\n1,a\n9,b\n,c\n"
    with pytest.warns(UserWarning, match=r"without a value in 'Artikel', left out: 1\."):
        catalogue = load_catalogue(make_folder("1.jpg", "2.jpg", metadata=rows), on="Artikel")
    assert "1 of 3 rows belong to 1 of 2 pictures" in capsys.readouterr().out
    assert list(catalogue.check().itertuples(index=False, name=None)) == [
        ("no metadata", "2.jpg", "no row for its Artikel"),
        ("no picture", "9", "Artikel of no picture"),
    ]


def test_ambiguous_names_are_left_out_and_shown(make_folder):
    rows = "image,x\n1.jpg,a\n2.jpg,b\n"
    folder = make_folder("p/1.jpg", "q/1.jpg", "q/2.jpg", metadata=rows)
    with pytest.warns(UserWarning, match=r"left out: 1\. .*'1\.jpg'.*: p/1\.jpg, q/1\.jpg"):
        catalogue = load_catalogue(folder)
    assert catalogue.table["x"].dropna().tolist() == ["b"]
    assert "image of several pictures: p/1.jpg, q/1.jpg" in catalogue.check()["detail"].tolist()


def test_row_of_another_folder_is_not_taken_for_its_namesake(make_folder):
    rows = "key,x\nBoots/1.jpg,a\nBoots/7.jpg,b\n"
    table = load_catalogue(make_folder("Boots/1.jpg", "Shoes/7.jpg", metadata=rows)).table
    assert table["x"].isna().tolist() == [False, True]


def test_rows_by_product_belong_to_all_its_pictures(make_folder):
    frame = pd.DataFrame({"sku": [7, 8], "x": ["a", "b"]})
    folder = make_folder("7_1.jpg", "7_2.jpg", "8_1.jpg")
    table = load_catalogue(folder, metadata=frame, product=r"(\d+)_\d").table
    assert table["x"].tolist() == ["a", "a", "b"]


def test_tables_that_are_not_read_are_named(make_folder, capsys):
    load_catalogue(write(make_folder("a.jpg"), {"styles.csv": "x", "readme.txt": "x"}))
    assert capsys.readouterr().out == (
        "Not read: styles.csv. If it says something about the pictures: "
        "load_catalogue(…, metadata='styles.csv')\n"
    )
    load_catalogue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metadata": "gone.csv"}, FileNotFoundError, r"gone\.csv.*Tables that lie there: styles"),
        ({"metadata": ["a"]}, TypeError, r"metadata must be a path.* Received: \['a'\]"),
        ({"metadata": ""}, TypeError, "metadata must be a path"),
        ({"metadata": "styles.csv", "on": "idd"}, ValueError, "on must be one of id, x.*'idd'"),
        ({"metadata": "styles.csv", "on": 3}, ValueError, "on must be one of id, x. Received: 3"),
        ({"on": "id"}, ValueError, "on='id' names a column of the metadata, but there is none"),
        ({"product": "Article"}, ValueError, r"a group .*Received: 'Article'. The columns are: no"),
        ({"product": "(x"}, ValueError, r"Received: '\(x', which is no pattern"),
        ({"product": "(x)"}, ValueError, r"pattern '\(x\)' names no item's product.*'1\.jpg'"),
        ({"product": 3}, TypeError, "product must be the name of a column, or a pattern"),
        ({"links": "no"}, TypeError, "links must be True or False. Received: 'no'"),
    ],
)
def test_wrong_options_say_what_to_do(make_folder, options, error, message):
    folder = write(make_folder("1.jpg", "2.jpg"), {"styles.csv": "id,x\n1,a\n2,b\n"})
    with pytest.raises(error, match=message):
        load_catalogue(folder, **options)


def test_product_that_some_pictures_lack_is_said_with_a_count(make_folder):
    folder = make_folder("7_1.jpg", "7_2.jpg", "other.jpg")
    with pytest.warns(UserWarning, match=r"no product for 1 of 3 pictures, such as 'other\.jpg'"):
        table = load_catalogue(folder, product=re.compile(r"(?P<product>\d+)_")).table
    assert table["Product"].tolist()[:2] == ["7", "7"]


# --- saved and read again --------------------------------------------------------------------


@pytest.mark.parametrize("how", ["in the folder", "by its path", "as a DataFrame"])
@pytest.mark.parametrize(
    "keys",
    [
        ("Boots/100627.72.jpg", "Boots/my photo.jpg"),
        ("a.jpg", "b.jpg"),
        ("train/x/1.jpg", "test/y/1.jpg"),
        (HM_KEYS[0], HM_KEYS[2]),
        ("img/W/D/id_02/02_1.jpg", "img/W/D/id_03/02_1.jpg"),
    ],
)
def test_table_saved_and_read_again_is_the_same(make_folder, keys, how):
    folder = make_folder(*keys)
    product = r"(id_\d+)" if "id_02" in keys[0] else None
    table = load_catalogue(folder, product=product).table.assign(
        colour=["red", None],
        note=[' a; "b"\n,c ', "1,50"],
        empty=[None, None],
        CIDs=["None", "007"],
        id=["5", "6"],
    )
    table = load_catalogue(folder, metadata=table).table
    path = folder / "meta-data.csv" if how == "in the folder" else folder.parent / "t.csv"
    table.to_csv(path)
    given = {"in the folder": None, "by its path": path, "as a DataFrame": table}[how]
    again = load_catalogue(folder, metadata=given)
    pd.testing.assert_frame_equal(again.table, table)
    assert not len(again.check())


@pytest.mark.parametrize("product", ["style", r"^([0-2])"])
def test_a_column_product_is_kept_beside_the_product_and_fills_no_gaps_of_it(make_folder, product):
    """Its titles were taken for the products of what has none, and were lost elsewhere."""
    rows = "key,Product,style\n0.jpg,Boot,A\n1.jpg,Boot,A\n2.jpg,Boot,B\n3.jpg,Boot,\n"
    folder = make_folder(*(f"{n}.jpg" for n in range(4)), metadata=rows)
    for _ in range(3):
        with pytest.warns(UserWarning, match="names no product for 1 of 4 pictures"):
            table = load_catalogue(folder, product=product).table
        expected = ["A", "A", "B", "-"] if product == "style" else ["0", "1", "2", "-"]
        assert table["Product"].fillna("-").tolist() == expected
        assert table["Product (metadata)"].tolist() == ["Boot"] * 4
        assert list(table) == ["Product", "Product (metadata)", "style"]
        # The same, saved and read again.
        table.to_csv(folder / "meta-data.csv")
    assert load_catalogue(folder, product="Product (metadata)").table["Product"].eq("Boot").all()


def test_names_that_get_in_the_way_are_changed(make_folder):
    frame = pd.DataFrame(
        [["1.jpg", "9", "8", "7", "6"]],
        columns=["key", "rank", "score", "rank (metadata)", "index"],
    )
    catalogue = load_catalogue(make_folder("1.jpg", "2.jpg"), metadata=frame)
    assert list(catalogue.table.columns) == [
        "rank (metadata 2)",
        "score (metadata)",
        "rank (metadata)",
        "index",
    ]
    features = pd.DataFrame([[1.0, 0], [0, 1.0]], index=catalogue.keys)
    found = zapsim.SimilarityPredictor(catalogue, features).similar("2.jpg", k=1)
    assert found.iloc[0][["rank", "key", "rank (metadata 2)"]].tolist() == [1, "1.jpg", "9"]
