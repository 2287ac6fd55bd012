"""checks.py: what is let through, what is refused, and what the errors say."""

import re

import numpy as np
import pandas as pd
import pytest

from zapsim.checks import (
    brief,
    by_key,
    check_choice,
    check_features,
    check_frame,
    check_list,
    checked_number,
    checked_order,
    checked_seed,
    checked_values,
    checked_vector,
    checked_whole,
    groups_of,
    is_matrix,
    is_whole,
    item_values,
    printable,
)


def test_whole_numbers():
    assert checked_whole("n", np.int64(3)) == 3
    assert type(checked_whole("n", np.int64(3))) is int
    assert [is_whole(value) for value in (3, np.int8(3), True, np.True_, 3.0, "3")] == [
        True, True, False, False, False, False
    ]  # fmt: skip
    with pytest.raises(ValueError, match="^size must be a whole number of at least 32. .*size=31$"):
        checked_whole("size", 31, 32)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64])
def test_numpy_s_whole_numbers_are_reckoned_with_as_python_s(kind):
    assert 1000 * checked_whole("k", kind(2)) == 2000


def test_a_number_too_large_for_any_array_is_refused():
    with pytest.raises(ValueError, match="^k must be a whole number of at most 2,147,483,647. Rec"):
        checked_whole("k", 10**30)
    assert checked_seed(2**32 - 1) == 2**32 - 1
    with pytest.raises(ValueError, match="seed must be a whole number of at most 4,294,967,295"):
        checked_seed(2**32)


def test_what_cannot_be_compared_is_no_choice():
    for odd in (pd.NA, [1], {}, np.nan):
        with pytest.raises(KeyError, match=r"fit must be one of pad, crop. Received: "):
            check_choice("fit", odd, ("pad", "crop"), KeyError)


def test_a_terminal_gets_no_orders():
    assert printable("a\x1b[31m\x9b\r\0\u202e\ud83d\u2028") == (
        r"a\x1b[31m\x9b\r\x00\u202e\ud83d\u2028"
    )
    for text in ("Château 👩\u200d👧\n\t中", "e\u0301"):
        assert printable(text) == text


@pytest.mark.parametrize(
    ("ends", "inside", "outside", "said"),
    [
        ("[]", [0, 0.5, 1], [-0.1, 1.1], "from 0 to 1"),
        ("()", [0.5], [0, 1], "above 0 and below 1"),
        ("(]", [0.5, 1], [0, 1.1], "above 0 and at most 1"),
        ("[)", [0, np.float32(0.5)], [1, -1], "of at least 0 and below 1"),
    ],
)
def test_numbers_in_a_range(ends, inside, outside, said):
    for value in inside:
        assert checked_number("share", value, 0, 1, ends) == value
        assert type(checked_number("share", value, 0, 1, ends)) is float
    for value in [*outside, True, None, "0.5", [0.5], np.nan, np.inf, np.array([0.5])]:
        with pytest.raises(ValueError, match=f"^share must be a number {said}. Received: share="):
            checked_number("share", value, 0, 1, ends)


def test_a_number_without_an_upper_end_is_still_finite():
    assert checked_number("weight", 1e300, 0) == 1e300
    with pytest.raises(ValueError, match="^weight must be a number of at least 0. .*weight=inf$"):
        checked_number("weight", np.inf, 0)


def test_choices_offer_the_closest():
    check_choice("fit", "pad", ("pad", "stretch"))
    with pytest.raises(
        ValueError, match="^fit must be one of pad, stretch. Received: 'pda'. Did you"
    ):
        check_choice("fit", "pda", ("pad", "stretch"))
    for value in (["pad"], None, 1, pd.Series(["pad"]), np.array(["pad"])):
        with pytest.raises(ValueError, match="^fit must be one of pad, stretch. Received: "):
            check_choice("fit", value, ("pad", "stretch"))
    check_choice("name", 7, {7: "x"})
    with pytest.raises(KeyError, match="name must be one of 7. Received: 8"):
        check_choice("name", 8, {7: "x"}, KeyError)


@pytest.mark.parametrize("values", ["one", b"one", None, 5, {"one": 1}, {"one"}])
def test_one_value_is_no_list(values):
    message = re.escape(f"keys must be a list, such as x.index. Received: {values!r}")
    with pytest.raises(TypeError, match=f"^{message}$"):
        check_list("keys", values, "x.index")


@pytest.mark.parametrize("values", [np.eye(2) * 1j, np.ma.masked_equal(np.eye(2), 1)])
def test_features_of_which_part_would_be_lost_are_refused(values):
    with pytest.raises(ValueError, match="some are masked, or complex"):
        checked_values(values)


def test_numbers_that_float32_would_lose_are_refused():
    values = np.array([[1e-3, 0], [0, 0], [1e-60, 1e-61], [1, -1]])
    for unfit in (values, pd.DataFrame(values), values.tolist(), np.full((1, 2), 1e-42)):
        with pytest.raises(ValueError, match="too small for float32"):
            checked_values(unfit)
    with pytest.raises(ValueError, match="too small for float32"):
        checked_vector(values[2], pd.RangeIndex(2))
    assert checked_values(values[[0, 1, 3]]).shape == (3, 2)
    assert not checked_vector([0, 0], pd.RangeIndex(2)).any()


def test_what_names_the_features_is_taken_by_name():
    names = pd.Index(["x", "y", "z"])
    right = pd.Series([1, 2, 3], names)
    for vector in (right, right[::-1], right.to_numpy(), pd.Series([1, 2, 3]), [1, 2, 3]):
        assert checked_vector(vector, names).tolist() == [1, 2, 3]
    assert checked_vector(pd.Series([3, 1, 2], [2, 0, 1]), pd.RangeIndex(3)).tolist() == [1, 2, 3]
    frame = pd.DataFrame([[3, 2, 1]], columns=names[::-1])
    assert checked_order(frame, names).to_numpy().tolist() == [[1, 2, 3]]
    with pytest.raises(ValueError, match="1 of 3 features are not among .* 'x'"):
        checked_vector(right.rename({"x": "w"}), names)
    with pytest.raises(ValueError, match="are masked"):
        checked_vector(np.ma.masked_equal([1, 2, 3], 2), names)


def test_lists():
    for values in (["one"], ("one",), pd.Index(["one"]), np.array(["one"]), pd.Series(["one"])):
        check_list("keys", values, "x.index")
    for values in ([], np.array([]), pd.Index([])):
        with pytest.raises(
            ValueError, match="^keys must not be empty. Give some, such as x.index."
        ):
            check_list("keys", values, "x.index")


def test_long_values_are_named_by_their_type_alone():
    with pytest.raises(ValueError, match="Received: k=DataFrame$"):
        checked_whole("k", pd.DataFrame(np.ones((40, 40))))
    with pytest.raises(ValueError, match="Received: k=list$"):
        checked_whole("k", list(range(100)))


def test_a_matrix_is_told_by_keys_on_both_axes():
    keys = ["a", "b"]
    assert is_matrix(pd.DataFrame(np.eye(2), keys, keys))
    assert is_matrix(pd.DataFrame(np.eye(2), keys, keys[::-1]))
    assert not is_matrix(pd.DataFrame(np.eye(2), keys))
    assert not is_matrix(pd.DataFrame(np.eye(2)))
    assert not is_matrix(pd.DataFrame(np.eye(2), keys, ["x", "y"]))
    for part in (
        pd.DataFrame(np.eye(2), keys, keys)[:1],
        pd.DataFrame(np.eye(3, 2), [*keys, "c"], keys),
    ):
        assert is_matrix(part)
    assert is_matrix(pd.DataFrame(np.eye(2), ["0", "1"], ["0", "1"]))
    assert not is_matrix(pd.DataFrame(index=keys))


def test_features_that_are_named_like_some_items_are_no_matrix():
    numbered = pd.DataFrame(np.eye(3), ["1", "2", "3"], ["0", "1", "2"])
    assert not is_matrix(numbered)
    assert not is_matrix(numbered.iloc[:, 1:])
    words = pd.DataFrame(np.eye(3), ["boot", "clog", "mule"], ["red", "boot", "leather"])
    check_features(words)


@pytest.mark.parametrize("dtype", ["Int64", "float64[pyarrow]", object])
def test_an_item_with_a_missing_value_is_named_whatever_is_missing(dtype):
    table = pd.DataFrame({"x": [1, 2, 4], "y": [3, 4, 5]}, ["a.jpg", "b.jpg", "c.jpg"])
    table = table.astype(dtype)
    np.testing.assert_array_equal(checked_values(table), [[1, 3], [2, 4], [4, 5]])
    table.loc["b.jpg", "x"] = pd.NA
    with pytest.raises(ValueError, match=r"1 of 3 rows of features hold NaN.*\['b.jpg'\]"):
        checked_values(table)


def test_numbers_too_large_for_float32_are_said_to_be_so():
    with pytest.raises(ValueError, match=r"1 of 2 rows .* above 3e38, too large for float32"):
        checked_values(pd.DataFrame([[1e300], [1]], ["a", "b"]))


@pytest.mark.parametrize("values", [None, "Product", 7, {"a": "p"}])
def test_one_value_is_none_for_each_item(values):
    message = re.escape(f"such as catalogue.table['Category']. Received: {values!r}")
    with pytest.raises(TypeError, match=f"^exclude must be a value for each item, {message}$"):
        item_values(values, pd.Index(["a", "b"]), "exclude")


# --- values by item ------------------------------------------------------------------------------

ITEMS = pd.Index(["a", "b", "c"], name="key")
NAMED = pd.Series(["x", "y", "z"], ITEMS, name="Category")


@pytest.mark.parametrize(
    "values",
    [
        ["x", "y", "z"],
        ("x", "y", "z"),
        np.array(["x", "y", "z"]),
        pd.Index(["x", "y", "z"]),
        pd.Categorical(["x", "y", "z"]),
        pd.Series(["x", "y", "z"]),
        pd.Series(["x", "y", "z"], pd.Index([0, 1, 2])),
        pd.Series(["x", "y", "z"], pd.Index([0, 1, 2], dtype="int32")),
        NAMED.reset_index(drop=True),
        NAMED,
        NAMED[::-1],
        NAMED.sort_values(ascending=False),
        pd.concat([NAMED, pd.Series({"d": "w"})]).sample(frac=1, random_state=0),
        NAMED.to_frame(),
        NAMED.to_frame().sort_values("Category", ascending=False),
        NAMED.astype("category"),
    ],
    ids=str,
)
def test_values_are_taken_by_name_where_they_have_names_else_by_position(values):
    assert item_values(values, ITEMS, "labels").tolist() == ["x", "y", "z"]


def test_a_name_that_is_written_in_two_ways_is_one_value():
    values = item_values(["Café", "Cafe\u0301", 1], ITEMS, "labels")
    assert values.tolist() == ["Café", "Café", 1]


def test_groups_are_of_values_that_differ_by_more_than_blanks():
    keys = pd.Index(list("abcdef"))
    groups = groups_of([" 1", 1, "", "  ", None, "\u00a01\n"], keys)
    assert groups.tolist() == [0, 0, 1, 2, 3, 0]


COUNTED = pd.Series(["x", "y", "z"])


@pytest.mark.parametrize(
    "values",
    [
        COUNTED[::-1],
        COUNTED.sort_values(ascending=False),
        COUNTED.sample(frac=1, random_state=1),
        pd.Series(["w", "x", "y", "z"])[1:],
        pd.Series(["x", "y", "z"], pd.RangeIndex(1, 4)),
        pd.Series(["x", "y", "z"], pd.RangeIndex(3, name="id")),
        pd.Series(["x", "y", "z"], [0.0, 1.0, 2.0]),
        pd.Series(["x", "y", "z"], [0, 0, 1]),
    ],
    ids=lambda values: str(list(values.index)),
)
def test_rows_that_were_moved_are_never_taken_by_position(values):
    assert by_key(values, ITEMS)
    with pytest.raises(ValueError, match="3 of 3 items have no value in labels, such as 'a'"):
        item_values(values, ITEMS, "labels")


def test_items_that_are_numbers_have_names_that_are_numbers():
    items = pd.Index([2, 0, 1])
    assert item_values(COUNTED.sort_values(ascending=False), items, "labels").tolist() == list(
        "zxy"
    )
    # A table as it is read counts its rows, and features of it keep their numbers when shuffled.
    assert item_values(COUNTED, items, "labels").tolist() == list("zxy")
    with pytest.raises(ValueError, match="2 of 3 items have no value.*or give values.to_numpy"):
        item_values(COUNTED, pd.Index([1, 7, 9]), "labels")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (NAMED[:2], "1 of 3 items have no value in Category, such as 'c'.*catalogue that"),
        (
            COUNTED[::-1],
            "index starts with.*numbers, not these keys.*before reset_index, or give values",
        ),
        (pd.concat([NAMED, NAMED[:1]]), "Category has more than one value for 'a'"),
        (NAMED.to_frame().assign(other=1), "labels must be one column. Received: 2 columns"),
        (NAMED.to_frame()[[]], "labels must be one column. Received: 0 columns"),
        (["x"], "one value for each of the 3 items. Received: 1 values"),
        (NAMED.to_frame().to_numpy(), r"Received: shape \(3, 1\)"),
        (
            NAMED.set_axis(pd.MultiIndex.from_product([["s"], list("abc")])),
            "3 of 3 items have no value in Category",
        ),
    ],
    ids=str,
)
def test_values_that_cannot_be_taken_say_why(values, message):
    with pytest.raises(ValueError, match=message):
        item_values(values, ITEMS, "labels")


def test_features_of_several_levels_are_refused():
    levels = pd.MultiIndex.from_product([["shop"], ["a", "b"]])
    with pytest.raises(ValueError, match=r"one key a row. Received: an index of 2 levels.*drople"):
        check_frame(pd.DataFrame(np.eye(2), levels))
    with pytest.raises(
        ValueError, match=r"one name a column. Received: columns of 2 levels.*axis=1"
    ):
        check_frame(pd.DataFrame(np.eye(2), columns=levels))


def test_what_others_say_is_short_and_gives_no_orders_to_a_terminal():
    said = brief(OSError("bucket \x1b[2J \u202egnp " + "x" * 1_000 + " not found"))
    assert len(said) < 310
    assert said.startswith(r"bucket \x1b[2J \u202egnp xxx")
    assert said.endswith("x not found")
    assert brief(ValueError("no such region")) == "no such region"
