"""What the widgets' tests share. They run the same on ipywidgets 7.7 and 8."""

from datetime import UTC, datetime

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest

import zapsim


def _upload(button, data, name="mine.jpg"):
    if isinstance(button.value, dict):
        button.metadata = [{"name": name}]
        button.data = [data]
        button._counter += 1
    else:
        file = {"name": name, "type": "", "size": len(data), "content": memoryview(data)}
        button.value = (file | {"last_modified": datetime.now(UTC)},)


@pytest.fixture(scope="session")
def upload():
    """Return ``upload(button, data, name)``: do what the page does when a file was chosen."""
    return _upload


@pytest.fixture(scope="session")
def writes_html():
    """Whether this ipywidgets writes descriptions and options into the page as HTML."""
    return int(widgets.__version__.partition(".")[0]) < 8


@pytest.fixture
def boots(make_folder):
    """Return a catalogue of eight boots."""
    return zapsim.load_catalogue(make_folder(*(f"Boots/Ankle/Aye/{n}.1.jpg" for n in range(1, 9))))


@pytest.fixture
def parts(boots):
    """Return three kinds of features of the eight."""
    rng = np.random.default_rng(4)
    return {
        name: pd.DataFrame(rng.normal(size=(8, n)).astype(np.float32), index=boots.keys)
        for name, n in [("shape", 12), ("colour", 4), ("texture", 7)]
    }
