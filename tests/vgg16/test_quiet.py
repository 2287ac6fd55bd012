"""quiet.py: what is kept back from stderr, and what is not."""

import os

import pytest

from zapsim.vgg16.quiet import stderr_kept_back


def test_what_compiled_code_says_before_an_error_is_shown(capfd):
    with pytest.raises(ImportError), stderr_kept_back():
        os.write(2, b"no such library")
        raise ImportError
    with stderr_kept_back():
        os.write(2, b"no GPU")
    with stderr_kept_back(wanted=False):
        os.write(2, b" and no CPU")
    os.write(2, b" was found")
    assert capfd.readouterr().err == "no such library and no CPU was found"
