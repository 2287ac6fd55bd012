"""matching.py: what is slow or large by somebody's will finds the same, in time."""

import random
import time
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.metadata import matching
from zapsim.metadata.layout import read_layout
from zapsim.metadata.matching import match_rows
from zapsim.metadata.tables import text_table


def matched(columns, keys, on=None, root=None):
    return match_rows(text_table(pd.DataFrame(columns), "m.csv"), read_layout(keys), on, root)


@pytest.mark.parametrize("value", ["0" * 100_000 + "x", "1" * 50_000 + "." + "0" * 50_000 + "x"])
def test_long_numbers_take_no_time(value):
    start = time.process_time()
    assert not matched({"id": [value]}, ["7.jpg"]).rows
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("value", "key"), [("007", "7.jpg"), ("7.0", "7.jpg"), ("000", "0.jpg"), ("70", "0070.jpg")]
)
def test_numbers_are_the_same_with_zeros_around_them(value, key):
    match = matched({"id": [value]}, [key])
    assert (match.rows, match.way) == ({key: 0}, "the number in the file's name")


def test_folders_that_cannot_matter_are_not_tried():
    """Of two trees of 20 folders there are 440 pairs; each was a walk through all paths."""
    above = "/".join("abcdefghijklmnopqrst")
    keys = {f"{above}/{n}.jpg": f"{above}/{n}.jpg" for n in range(3)}
    paths = {f"x/{above}/{n}.jpg": f"x/{above}/{n}.jpg" for n in range(3)}
    pairs = matching._common_folders(keys, paths)
    assert len(pairs) < 90 and ("", "x/") in pairs


def test_the_pair_that_finds_most_is_the_first_of_the_best_and_only_its_names_are_cut():
    rng = random.Random(5)
    for _ in range(200):
        ours, theirs = (
            "".join(f"{rng.choice('ab')}/" for _ in range(rng.randrange(4))) for _ in "xy"
        )
        names = [f"{rng.choice('ab')}/{n}.jpg" for n in range(4)]
        keys = [ours + name for name in names]
        paths = {theirs + name for name in rng.sample(names, 3)} | {rng.choice(["7.jpg", "1.jpg"])}

        def found(pair, keys=keys, paths=paths):
            rests = {path.removeprefix(pair[1]) for path in paths}
            return sum(key.removeprefix(pair[0]) in rests for key in keys)

        pairs = matching._common_folders(keys, paths)
        most = max(map(found, pairs), default=0)
        first = next((pair for pair in pairs if found(pair) == most), None) if most else None
        best = matching._best_folders(keys, paths)
        assert (best and best[0]) == first


@pytest.mark.parametrize("above", ["", "shop/", "a/b/"])
def test_a_row_is_not_a_pictures_where_another_ones_whole_path_fits_it_better(above):
    keys = [above + name for name in ("1.jpg", "2.jpg", "3.jpg", "b/1.jpg")]
    match = matched({"path": [f"x/{above}b/{n}.jpg" for n in (1, 2)]}, [*keys[:2], keys[3]])
    assert match.rows == {keys[3]: 0}
    match = matched({"path": [f"x/{above}b/{n}.jpg" for n in (1, 2, 3)]}, keys)
    assert match.rows == {keys[1]: 1, keys[2]: 2}
    why = f"path of several pictures: {keys[0]}, {keys[3]}"
    assert (match.unused, match.n_unclear) == ({f"x/{above}b/1.jpg": why}, 1)


def test_of_equal_folders_below_each_other_each_row_is_the_one_of_its_place():
    keys = ["1.jpg", "b/1.jpg", "b/2.jpg", "b/b/1.jpg"]
    match = matched({"path": [f"/x/b/{key}" for key in keys]}, keys)
    assert match.rows == {key: row for row, key in enumerate(keys)}
    match = matched({"path": [f"/x/b/{key}" for key in keys[:3]]}, keys[:3])
    assert match.rows == {key: row for row, key in enumerate(keys[:3])}


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (["stiefel\\1.jpg", "schuhe\\1.jpg"], "the path, in lower case"),
        (["c:\\me\\bilder\\STIEFEL\\1.jpg", "c:\\me\\bilder\\schuhe\\1.jpg"], ", in lower case"),
        (["Stiefel/1", "Schuhe/1"], "the path, without its suffix"),
        (["bilder/Stiefel/1.png", "bilder/Schuhe/1.png"], ", without its suffix"),
    ],
)
def test_a_path_is_found_in_any_case_and_without_its_suffix(make_folder, capsys, values, how):
    folder = make_folder("Stiefel/1.JPG", "Schuhe/1.JPG", "2.JPG", name="Bilder")
    frame = pd.DataFrame({"file_name": values, "Price": ["boot", "shoe"]})
    table = zapsim.load_catalogue(folder, metadata=frame).table
    assert f"{how} in column 'file_name'" in capsys.readouterr().out
    assert table["Price"].dropna().to_dict() == {"Stiefel/1.JPG": "boot", "Schuhe/1.JPG": "shoe"}
    vectors = zapsim.load_vectors(np.eye(2), values, zapsim.load_catalogue(folder))
    assert vectors.loc["Stiefel/1.JPG"].tolist() == [1, 0]


def test_paths_that_differ_in_capitals_alone_are_told_apart_or_named(make_folder):
    folder = make_folder("a/1.jpg", "A/1.jpg", "b/2.JPG")
    if len(list(folder.iterdir())) < 3:
        pytest.skip("this disk does not tell capitals apart")
    exact = pd.DataFrame({"file_name": ["a/1.jpg", "A/1.jpg"], "Price": ["1", "2"]})
    table = zapsim.load_catalogue(folder, metadata=exact).table
    assert table["Price"].dropna().to_dict() == {"a/1.jpg": "1", "A/1.jpg": "2"}
    other = pd.DataFrame({"file_name": ["A/1.JPG", "B/2.jpg"], "Price": ["1", "2"]})
    with pytest.warns(UserWarning, match="cannot be told apart, left out: 1"):
        table = zapsim.load_catalogue(folder, metadata=other).table
    assert table["Price"].dropna().to_dict() == {"b/2.JPG": "2"}


def test_the_pairs_of_folders_find_as_much_as_all_of_them_and_say_it_as_shortly():
    rng = random.Random(3)
    for _ in range(300):
        ours, theirs = (
            "".join(f"{rng.choice('ab')}/" for _ in range(rng.randrange(4))) for _ in "xy"
        )
        names = [f"{rng.choice('ab')}/{n}.jpg" for n in range(3)] + ["a/b/c.jpg"]
        keys = {ours + name: ours + name for name in names}
        paths = {theirs + name: theirs + name for name in names[1:]}
        paths |= {name: name for name in rng.choices(["7.jpg", "1.jpg", "a", "b"], k=1)}
        longer = [path for path in paths if "/" in path]
        above = ["", *matching._parents(list(keys))], ["", *matching._parents(longer)]
        everything = list(product(*above))
        everything.sort(key=lambda pair: sum(folder.count("/") for folder in pair))

        def found(pair, keys=keys, paths=paths):
            cut = Counter(key.removeprefix(pair[0]) for key in keys)
            return sum(cut[path.removeprefix(pair[1])] for path in paths)

        # Whole keys come first in both.
        some = [("", ""), *matching._common_folders(keys, paths)]
        assert set(some) <= set(everything)
        assert max(some, key=found) == max(everything, key=found)


def test_a_hint_takes_some_rows_of_many(monkeypatch):
    monkeypatch.setattr(matching, "_LOOKED_AT", 10)
    columns = {"Artikel": [f"{n}.jpg" for n in range(100)], "n": ["x"] * 100}
    with pytest.raises(
        ValueError, match=r"m\.csv needs .* on='Artikel' would find at least 10 pict"
    ):
        matched(columns, [f"{n}.jpg" for n in range(100)])


def test_a_title_that_was_taken_for_the_header_is_said():
    columns = {"Shop": ["Nr", "7.jpg"], " ": ["Art", "x"], "  ": ["Preis", "1"]}
    with pytest.raises(
        ValueError, match="Most have no name: delete the rows above the one that has"
    ):
        match_rows(text_table(pd.DataFrame(columns), "m.csv"), read_layout(["z/1.png"]))


def test_a_columns_whole_names_come_before_numbers_that_say_otherwise():
    columns = {"id": ["1", "2", "3"], "file_name": ["3.png", "2.png", "one.png"]}
    match = matched(columns, ["1.png", "2.png", "3.png"])
    assert (match.column, match.rows) == ("file_name", {"3.png": 0, "2.png": 1})
    assert match.otherwise == {"3.png": "taken for 3.png, but its id says 1.png"}
    assert match.unused == {"one.png": "file_name of no picture"}


def test_numbers_count_where_nothing_says_otherwise():
    columns = {"id": ["1", "2", "3"], "file_name": ["1.png", "x.png", "y.png"]}
    match = matched(columns, ["1.png", "2.png", "3.png"])
    assert (match.column, len(match.rows), match.otherwise) == ("id", 3, {})


def test_a_product_of_several_pictures_contradicts_none_of_them():
    columns = {"product_id": ["100", "200"], "file_name": ["100.2.png", "200.1.png"]}
    match = matched(columns, ["100.1.png", "100.2.png", "200.1.png"])
    assert (match.column, match.otherwise) == ("product_id", {})


def test_columns_that_name_files_and_contradict_each_other_are_said():
    columns = {"key": ["a.png", "b.png"], "image": ["b.png", "a.png"]}
    match = matched(columns, ["a.png", "b.png"])
    assert match.column == "key"
    assert list(match.otherwise) == ["a.png", "b.png"]


def test_names_are_not_folded_to_others():
    assert not matched({"file_name": ["straße.png"]}, ["strasse.png"]).rows
    assert matched({"file_name": ["STRASSE.PNG"]}, ["strasse.png"]).rows


def test_names_that_take_too_much_are_refused(monkeypatch):
    monkeypatch.setattr(matching, "_MOST_NAMES", 10_000)
    with pytest.raises(ValueError, match=r"m\.csv takes [\d,]+ bytes .* column 'key', .* on=…"):
        matched({"key": [f"{n}.jpg" for n in range(1_000)]}, ["7.jpg"])


SHOP = [f"hats/{n}.jpg" for n in range(1, 9)] + [f"shoes/{n}.jpg" for n in range(9, 40)]


@pytest.mark.parametrize("above", ["", "img/", "https://x.org/img/"])
@pytest.mark.parametrize("root", [None, Path("pics"), Path("hats")])
def test_a_row_of_another_folder_is_no_pictures_however_few_rows_are_found(above, root):
    """Fewer than half are, and shoe 9 is called as hat 9 is."""
    inside = "hats/" if root != Path("hats") else ""
    keys = [f"{inside}{n}.jpg" for n in range(1, 10)]
    match = matched({"file_name": [above + name for name in SHOP]}, keys, root=root)
    assert match.rows == {key: row for row, key in enumerate(keys[:8])}
    assert match.unused[f"{above}shoes/9.jpg"] == "file_name of no picture"


def test_the_roots_name_is_said_and_only_where_it_is_needed():
    match = matched({"path": ["hats/1.jpg"]}, ["1.jpg"], root=Path("shop/hats"))
    assert match.way == "the path from hats/ on"
    match = matched({"path": ["x/hats/1.jpg", "x/bags/1.jpg"]}, ["1.jpg"], root=Path("hats"))
    assert (match.way, match.rows) == ("the path below x/", {"1.jpg": 0})
    match = matched({"path": ["hats/1.jpg"]}, ["hats/1.jpg", "1.jpg"], root=Path("hats"))
    assert (match.way, match.rows) == ("the whole key", {"hats/1.jpg": 0})


def test_where_a_folder_is_called_as_the_root_is_a_path_from_it_on_may_be_either():
    keys = ["1.jpg", "2.jpg", "3.jpg", "b/1.jpg"]
    paths = [f"x/b/{n}.jpg" for n in (1, 2, 3)] + ["x/c/1.jpg"]
    match = matched({"path": paths}, keys, root=Path("b"))
    assert match.rows == {"2.jpg": 1, "3.jpg": 2}
    assert match.unused["x/b/1.jpg"] == "path of several pictures: 1.jpg, b/1.jpg"


def test_folders_that_say_nothing_of_the_pictures_are_no_hindrance():
    paths = ["https://x.org/2023/05/a.jpg", "https://x.org/2024/b.jpg"]
    match = matched({"image": paths}, ["hats/a.jpg", "bags/b.jpg"], root=Path("pics"))
    assert match.rows == {"hats/a.jpg": 0, "bags/b.jpg": 1}


def test_of_columns_that_are_called_alike_the_first_counts(monkeypatch):
    """Each takes its time, and there may be hundreds: IMAGE_id, image-ID, …"""
    tried, match_one = [], matching._match
    monkeypatch.setattr(matching, "_match", lambda *of: tried.append(of[1]) or match_one(*of))
    matched({"ID": ["1"], "Image_ID": ["1"], "image id": ["1"], "iD": ["2"]}, ["1.jpg"])
    assert tried == ["ID", "Image_ID"]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("https://x.org/red%20shoe.jpg?v=1", "red shoe.jpg"),
        ("https://x.org/gr%C3%BCn.jpg", "grün.jpg"),
        ("https://x.org/gru%CC%88n.jpg", "grün.jpg"),
        ("https://x.org/red%20shoe.jpg", "red%20shoe.jpg"),
        ("https://x.org/100%25.jpg", "100%.jpg"),
        ("50%20off.jpg", "50%20off.jpg"),
    ],
)
def test_addresses_are_decoded_unless_a_file_is_called_as_they_are_written(value, key):
    assert matched({"image": [value]}, [key, "other.jpg"]).rows == {key: 0}


@pytest.mark.parametrize("between", [", ", ",", ";", " | ", "\n"])
@pytest.mark.parametrize("above", ["https://x.org/u/", "u/", "C:\\u\\"])
def test_a_cell_of_several_pictures_is_not_that_of_the_last(above, between):
    match = matched({"image": [f"{above}a.jpg{between}{above}b.JPG"]}, ["a.jpg", "b.jpg"])
    assert not match.rows and len(match.unused) == 1


def test_a_comma_is_a_sign_as_others_are():
    keys = ["a,b/1.jpg", "x.jpg, y.jpg"]
    assert matched({"path": [f"C:\\me\\{keys[0]}", keys[1]]}, keys).rows == {
        keys[0]: 0,
        keys[1]: 1,
    }


def test_long_lists_of_pictures_take_no_time():
    start = time.process_time()
    matched({"image": [f"{n}" + ".jpg ," * 680 for n in range(300)]}, ["a.jpg"])
    assert time.process_time() - start < 2
