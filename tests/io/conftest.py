from pathlib import Path

import pyarrow.parquet as pq
import pytest


@pytest.fixture
def failing(monkeypatch):
    """Return ``failing(moment, error, on)``: the file `on` then fails when it is opened or read."""

    def make(moment, error, on):
        class Failing(pq.ParquetFile):
            def __init__(self, source, **options):
                super().__init__(source, **options)
                self._named = Path(source.name).name
                if moment == "opened":
                    self._fail()

            def _fail(self):
                if self._named == on:
                    raise error

            def read(self, *args, **kwargs):
                self._fail()
                return super().read(*args, **kwargs)

            def iter_batches(self, *args, **kwargs):
                self._fail()
                return super().iter_batches(*args, **kwargs)

        monkeypatch.setattr(pq, "ParquetFile", Failing)

    return make
