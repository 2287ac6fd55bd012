"""Without Ray and LanceDB: `zapsim.scale` can be imported, and says what to install."""

import sys

import pytest

import zapsim
from zapsim import scale


@pytest.mark.parametrize(
    "package, call",
    [
        ("ray", lambda folder, c, f: scale.extract_on_ray(c, folder / "store")),
        ("lancedb", lambda folder, c, f: scale.build_index(f, folder / "index", c)),
        ("lancedb", lambda folder, c, f: scale.FeatureIndex(folder / "index")),
    ],
)
def test_what_is_missing_is_said(monkeypatch, tmp_path, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{package} is missing.*pip install 'zapsim\[scale\]'"):
        call(tmp_path, zapsim.load_catalogue(), zapsim.load_features())
    assert not list(tmp_path.iterdir())
