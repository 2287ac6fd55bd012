"""An area that has one of each finding, so that the counting itself is tested."""

import os
import time

from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.attack import Case, Fired, Lost, Refused, Unnamed, keep


def cases(folder):
    def raising(error):
        def check():
            raise error

        return check

    def harmless():
        (folder / "made").mkdir()
        print("not an answer")

    return [
        Case("harmless", harmless, injections=3),
        Case("refused", raising(Refused("a good picture"))),
        Case("crash", os.abort),
        Case("unnamed", raising(Unnamed("a bad one"))),
        Case("raw", raising(TypeError("'NoneType'"))),
        Case("slow", lambda: time.sleep(0.2), seconds=0.1),
        Case("hang", lambda: time.sleep(60), seconds=0.1),
        Case("fired", raising(Fired("a script"))),
        Case("lost", raising(Lost("a shard")), kills=2),
    ]


@given(st.integers(0, 1000))
def fuzz(number):
    """End the process at some numbers, as a crash does."""
    keep("pretended", "number", b"%d" % number)
    if number > 300:
        os.abort()
