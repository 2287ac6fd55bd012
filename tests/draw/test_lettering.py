"""lettering.py: what is written in a figure has its bounds, and marks what is missing."""

import pytest

from zapsim.draw.lettering import named, wrapped

HUGE = ["W" * 10**6, "x\n" * 10**6, "ab cd " * 10**5, "\n" * 10**6, " " * 10**6 + "\x1b" * 10**4]


def test_short_texts_stay_as_they_are():
    assert named("Sneakers and Athletic Shoes") == "Sneakers and Athletic Shoes"
    assert named(64) == "64"
    title = "group 1   0.123\n128×96\nA brand"
    assert wrapped(title) == title
    assert wrapped("#1   0.900\nBostonian, Oxfords, 100627.72").split("\n") == [
        "#1   0.900", "Bostonian, Oxfords,", "100627.72",
    ]  # fmt: skip


@pytest.mark.parametrize("text", HUGE, ids=range(len(HUGE)))
def test_names_and_titles_have_their_bounds(text):
    assert len(named(text, 20)) <= 23 and "\n" not in named(text)
    lines = wrapped(f"#1   0.900\n{text}").split("\n")
    assert lines[0] == "#1   0.900"
    assert len(lines) <= 8 and max(map(len, lines)) <= 19


def test_what_is_missing_is_marked_and_long_names_stay_apart():
    assert named("W" * 100 + "1", 6) == "WWW … WW1" != named("W" * 100 + "2", 6)
    assert wrapped("x\n" * 9).endswith("x\n…")
    assert wrapped("W" * 500).endswith("W\n…")
    assert wrapped(" " * 5_000 + "name") == "name"
    assert "…" not in wrapped("\n".join("x" * 8))
