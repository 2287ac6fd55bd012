from pathlib import Path

import pyarrow.parquet as pq
import pytest


@pytest.fixture
def failing(monkeypatch):
    """Return ``failing(name, error, on)``: pyarrow's function then raises for the file `on`."""

    def make(name, error, on):
        real = getattr(pq, name)

        def read(path, *args, **kwargs):
            if Path(path).name == on:
                raise error
            return real(path, *args, **kwargs)

        monkeypatch.setattr(pq, name, read)

    return make
