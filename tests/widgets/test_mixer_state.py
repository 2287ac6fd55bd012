"""mixer_state.py: the mix is the blend, ties are ties, and wrong beginnings are errors."""

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.widgets.mixer_state import MixState


@pytest.mark.parametrize("weights", [None, {"shape": 0.3, "colour": 0.9}, {"texture": 0.1}])
def test_the_mix_finds_what_the_blend_finds(boots, parts, weights):
    predictor = zapsim.SimilarityPredictor(boots, zapsim.blend(parts, weights))
    for key in boots.keys:
        wanted = predictor.similar(key, k=5)
        found = MixState(boots, parts, key, k=5, shares=weights).neighbours()
        assert list(found["key"]) == list(wanted["key"])
        np.testing.assert_allclose(found["score"], wanted["score"], atol=1e-6)


def test_twins_tie_exactly_and_come_in_order():
    """Products of float32 give the same two vectors other scores in other places."""
    keys = pd.Index([f"{n}.jpg" for n in range(203)])
    vectors = np.resize(np.random.default_rng(2).random((3, 1000), np.float32), (203, 1000))
    parts = {
        "shape": pd.DataFrame(vectors, index=keys),
        "colour": pd.DataFrame(vectors[:, :300], index=keys),
    }
    catalogue = zapsim.Catalogue(None, pd.DataFrame(index=keys))
    state = MixState(catalogue, parts, k=12, shares={"shape": 0.3, "colour": 0.9})
    for row, key in enumerate(keys):
        state.show(key)
        found = state.neighbours()
        twins = [n for n in range(row % 3, len(keys), 3) if n != row]
        assert list(found["key"]) == list(keys[twins[:12]])
        assert found["score"].nunique() == 1 and found["score"].dtype == np.float32


def test_all_others_are_found_where_fewer_than_k_exist(boots, parts):
    assert len(MixState(boots, parts, k=12).neighbours()) == 7
    alone = {name: part.iloc[:1] for name, part in parts.items()}
    assert len(MixState(boots, alone).neighbours()) == 0


def test_scores_by_each_kind_are_told(boots, parts):
    found = MixState(boots, parts, boots.keys[0], k=7).neighbours()
    mean = found[["shape", "colour", "texture"]].mean(axis=1)
    np.testing.assert_allclose(found["score"], mean, atol=1e-6)
    row = found.iloc[0]
    wanted = zapsim.similarity_matrix(parts["colour"]).loc[boots.keys[0], row["key"]]
    assert abs(row["colour"] - wanted) < 1e-6


@pytest.mark.parametrize("weights", [None, {"shape": 0.3, "colour": 0.9}])
def test_a_pair_has_one_score_whichever_is_the_query(boots, parts, weights):
    state, found = MixState(boots, parts, k=7, shares=weights), {}
    for key in boots.keys:
        state.show(key)
        found[key] = state.neighbours().set_index("key").drop(columns="rank")
    for one in boots.keys:
        for other in boots.keys.drop(one):
            pd.testing.assert_series_equal(
                found[one].loc[other], found[other].loc[one], check_exact=True, check_names=False
            )


def test_the_first_item_is_the_query_unless_one_is_named(boots, parts):
    assert MixState(boots, parts).query == boots.keys[0]
    assert MixState(boots, parts, boots.keys[3]).query == boots.keys[3]


def test_weights_above_1_keep_their_shares(boots, parts):
    state = MixState(boots, parts, shares={"shape": 3, "colour": 1})
    assert state.amounts == {"shape": 1, "colour": pytest.approx(1 / 3), "texture": 0}
    assert state.shares() == {"shape": 0.75, "colour": 0.25, "texture": 0}


def test_a_wrong_weight_changes_nothing(boots, parts):
    state = MixState(boots, parts)
    before = dict(state.amounts)
    with pytest.raises(ValueError, match="from 0 to 1. Received: shape=2"):
        state.set_amount("shape", 2)
    with pytest.raises(ValueError, match="from 0 to 1.*Received: shape=-1"):
        state.set_amount("shape", -1)
    with pytest.raises(ValueError, match="one of shape, colour, texture. Received: 'weight'"):
        state.set_amount("weight", 1)
    assert state.amounts == before


def test_wrong_beginnings_are_errors(boots, parts):
    with pytest.raises(KeyError, match="No item"):
        MixState(boots, parts, "none.jpg")
    with pytest.raises(ValueError, match="at most 12. Received: k=13"):
        MixState(boots, parts, k=13)
    with pytest.raises(ValueError, match="same items"):
        MixState(boots, parts | {"shape": parts["shape"].iloc[1:]})
    with pytest.raises(ValueError, match="at least 0"):
        MixState(boots, parts, shares={"shape": -1})


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"parts": pd.DataFrame()}, TypeError, "parts must be a dict, such as.*DataFrame"),
        ({"parts": {1: pd.DataFrame()}}, TypeError, "name of a part must be a text.*Received: 1"),
        ({"catalogue": None}, TypeError, "catalogue must be a Catalogue.*Received: None"),
        ({"query": ["a.jpg"]}, TypeError, r"query must be the key of one item.*\['"),
        ({"k": True}, ValueError, "k must be a whole number.*k=True"),
        ({"shares": ["shape"]}, TypeError, r"shares must be a dict.*\['shape'\]"),
        ({"shares": {"shape": "much"}}, ValueError, "'shape'\\] must be a number of at.*'much'"),
        ({"shares": {"shape": None}}, ValueError, "'shape'\\] must be a number of at.*None"),
    ],
)
def test_what_a_mix_takes(boots, parts, wrong, error, message):
    with pytest.raises(error, match=message):
        MixState(**{"catalogue": boots, "parts": parts} | wrong)


def test_a_weight_is_a_number_of_a_part(boots, parts):
    state = MixState(boots, parts)
    with pytest.raises(ValueError, match="colour must be a number from 0 to 1.*colour='1'"):
        state.set_amount("colour", "1")


@pytest.mark.parametrize(
    ("amounts", "wanted"),
    [
        ((1, 1, 1), (34, 33, 33)),
        ((1, 1, 0.05), (49, 49, 2)),
        ((0, 1, 0), (0, 100, 0)),
        ((0.29, 0.71, 0), (29, 71, 0)),
        ((0.5, 0.5, 0.2), (42, 42, 16)),
    ],
)
def test_percentages_are_whole_and_add_up_to_100(boots, parts, amounts, wanted):
    state = MixState(boots, parts, shares=dict(zip(parts, amounts, strict=True)))
    assert tuple(state.percentages().values()) == wanted
    assert sum(wanted) == 100


def test_all_at_nothing_is_refused_in_a_sentence(boots, parts):
    state = MixState(boots, parts, shares={"shape": 1})
    with pytest.raises(ValueError, match="^With all at 0, nothing is compared. Move another one"):
        state.set_amount("shape", 0)
    assert state.amounts["shape"] == 1
