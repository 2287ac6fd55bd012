"""wording.py: a claim counts, its denial does not."""

import pytest

from zapsim.course.wording import claims


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("The map proves it.", True),
        ("Not so fast. The map proves it.", True),
        ("It is not much, but the map proves it.", True),
        ("The map does not prove it.", False),
        ("The map doesn't prove it, nor does it say why.", False),
        ("Nobody knows whether the map proves it.", False),
        ("The map says it.", False),
    ],
)
def test_only_what_is_not_denied_is_claimed(text, claimed):
    assert claims(r"\bproves?\b")(text) is claimed
