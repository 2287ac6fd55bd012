"""Benchmarks still run, and what they compare finds the same. Their numbers are nobody's test."""

from argparse import Namespace
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))
def test_each_can_be_loaded(name):
    import_module(f"benchmarks.{name}")


def test_all_ways_of_search_find_the_same(tmp_path, capsys):
    from benchmarks.similarity import OURS, PRODUCT, make_features, search

    make_features(tmp_path, 300, 64)
    options = Namespace(repeats=1, others=1, k=5, ways=["zapsim.top_k", "scikit", "NumPy"])
    ((rows, *_),) = [search(tmp_path, options)]
    found = {row["way"]: row["neighbours as zapsim's"] for row in rows if row["seconds"]}
    assert len(found) >= 5
    assert found.pop(PRODUCT) is None
    assert found.pop(OURS) == "1.000000"
    assert all(float(share) > 0.999 for share in found.values())


@pytest.mark.parametrize(
    ("name", "stubs", "runs", "expected"),
    [
        (
            "similarity",
            {
                "make_features": lambda *_: [],
                "PARTS": dict.fromkeys(("search", "query", "pca"), lambda *_: [[{"x": 1}]]),
            },
            ["--parts search", "--parts search --items 12000", "--parts query pca"],
            [
                "similarity-search-50025",
                "similarity-search-12000",
                "similarity-query-50025",
                "similarity-pca-50025",
            ],
        ),
        (
            "memory",
            {"steps": lambda _: [{"x": 1}], "growth": lambda _: ([{"x": 1}], {"x": 1})},
            ["--sizes", "--items 0 --sizes 1000"],
            ["memory-steps", "memory-growth"],
        ),
    ],
)
def test_no_table_is_saved_over_another(monkeypatch, name, stubs, runs, expected):
    module, saved = import_module(f"benchmarks.{name}"), {}
    for stub, stand_in in stubs.items():
        monkeypatch.setattr(module, stub, stand_in)
    monkeypatch.setattr(module, "save", saved.__setitem__)
    # Windows knows no load.
    monkeypatch.setattr(module, "machine", lambda *_: {"load": None})
    for options in runs:
        monkeypatch.setattr("sys.argv", [name, *options.split()])
        module.main()
    assert list(saved) == expected
    assert all("machine" in results for results in saved.values())
