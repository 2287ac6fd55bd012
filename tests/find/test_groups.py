"""groups.py: of near duplicates one is left."""

import pandas as pd
import pytest

import zapsim

KEYS = [f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(6)]
GROUPS = {KEYS[0]: 1, KEYS[1]: 1, KEYS[3]: 2, KEYS[4]: 2, KEYS[5]: 2}


@pytest.fixture
def predictor(make_folder, on_a_circle):
    catalogue = zapsim.load_catalogue(make_folder(*KEYS))
    return zapsim.SimilarityPredictor(catalogue, on_a_circle(catalogue, [0, 1, 30, 50, 49, 48]))


def numbers(found):
    return [KEYS.index(key) for key in found["key"]]


@pytest.mark.parametrize(
    "groups",
    [
        GROUPS,
        pd.Series(GROUPS),
        pd.DataFrame({"group": GROUPS.values(), "key": GROUPS.keys()}),
        pd.Series(GROUPS).sample(frac=1, random_state=0),
        GROUPS | {"elsewhere.jpg": 2, KEYS[2]: None},
    ],
)
def test_the_first_of_a_group_is_found_and_none_of_the_querys(predictor, groups):
    assert numbers(predictor.similar(KEYS[0], hide_duplicates=groups)) == [2, 3]
    assert numbers(predictor.similar(KEYS[4], hide_duplicates=groups)) == [2, 0]


def test_the_first_is_the_first_that_filters_leave(predictor):
    predictor.table["Colour"] = ["red", "red", "red", "blue", "red", "red"]
    found = predictor.similar(KEYS[0], where={"Colour": "red"}, hide_duplicates=GROUPS)
    assert numbers(found) == [2, 4]


def test_none_and_no_groups_hide_nothing(predictor):
    assert len(predictor.similar(KEYS[0])) == 5
    assert len(predictor.similar(KEYS[0], hide_duplicates={})) == 5


def test_wrong_groups_are_named(predictor):
    with pytest.raises(TypeError, match="hide_duplicates must say.*Received: True"):
        predictor.similar(KEYS[0], hide_duplicates=True)
    with pytest.raises(ValueError, match="None of the 1 keys in hide_duplicates is an item"):
        predictor.similar(KEYS[0], hide_duplicates={"a.jpg": 1})
    with pytest.raises(ValueError, match="the columns key, group"):
        predictor.similar(KEYS[0], hide_duplicates=pd.DataFrame({"key": []}))
    twice = pd.DataFrame({"key": [KEYS[0], KEYS[1], KEYS[0]], "group": [1, 1, 2]})
    with pytest.raises(ValueError, match=f"1 keys into more than one group, such as '{KEYS[0]}'"):
        predictor.similar(KEYS[0], hide_duplicates=twice)
    assert len(predictor.similar(KEYS[2], hide_duplicates=twice.head(2))) == 4
