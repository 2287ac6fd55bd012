"""postcards.py: the folder of notebook 10 has the troubles that its text speaks of."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.course.postcards import count_copies, make_postcards
from zapsim.judge.stability import CHANGES


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postcards")
    return folder, make_postcards(folder)


def test_it_has_eighty_details_twelve_copies_and_what_goes_wrong(shop):
    folder, _ = shop
    names = sorted(path.name for path in (folder / "images").iterdir())
    assert len(names) == 80 + 12 + 2
    assert names[-2:] == ["298.heic", "299.jpg"]
    problems = zapsim.load_catalogue(folder).check()
    assert "images/299.jpg" in set(problems["key"][problems["problem"] == "unreadable"])


def test_the_list_is_one_of_excels_and_has_a_row_for_each_detail(shop):
    folder, _ = shop
    data = (folder / "list.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    rows = pd.read_csv(folder / "list.csv", sep=";", encoding="cp1252", dtype=str)
    assert rows["Number"].tolist() == [*map(str, range(101, 181)), "297"]
    assert set(rows["Seller"]) == {"Müller & Söhne"}
    assert set(rows["Motif"]) == {"Sky", "Temple", "Trees", "Lake", "Petals", "Leaves"}


def test_each_copy_is_its_original_changed_as_it_says(shop):
    folder, copies = shop
    assert copies["change"].value_counts().to_dict() == dict.fromkeys(CHANGES, 3)
    for copy, original, change in copies.itertuples(index=False):
        one, other = zapsim.load_picture(folder / copy), zapsim.load_picture(folder / original)
        expected = CHANGES[change](other)
        assert one.shape == expected.shape
        assert np.abs(one.astype(int) - expected).mean() < 8, copy


def test_it_is_the_same_folder_every_time(shop, tmp_path):
    folder, copies = shop
    assert make_postcards(tmp_path).equals(copies)
    for path in folder.rglob("*.*"):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert not make_postcards(tmp_path, seed=1).equals(copies)


def test_copies_are_counted_where_they_share_a_group_with_their_original():
    copies = pd.DataFrame({"copy": ["c", "d", "e"], "original": ["a", "b", "f"]})
    # Of the groups, 0 and 1 have a copy with its original, 2 has none; e is in no group.
    groups = {"a": 0, "c": 0, "b": 1, "d": 1, "x": 2, "y": 2, "f": 3}
    duplicates = pd.DataFrame({"key": list(groups), "group": list(groups.values())})
    assert count_copies(duplicates, copies) == {"found": 2, "of": 3, "wrong": 2}
