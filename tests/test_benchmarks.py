"""Benchmarks still run, and what they compare finds the same. Their numbers are nobody's test."""

from argparse import Namespace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import zapsim

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))
def test_each_can_be_loaded(name):
    if name == "soak":
        pytest.importorskip("websocket", reason="comes with JupyterLab: pip install -e .[lab]")
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


@pytest.mark.litert
def test_a_pipeline_runs_in_a_process_of_its_own_when_told(make_folder, tmp_path):
    from benchmarks.extraction import Pipeline, Worker

    make_folder("a.jpg", "b.jpg").rename(tmp_path / "pictures")
    worker = Worker(Pipeline("ours", {"image_size": 32}), tmp_path, 2, peer=None)
    first = zapsim.load_features(tmp_path / "store")
    (tmp_path / "pictures" / "b.jpg").unlink()
    worker.run()
    assert list(first.index) == ["a.jpg", "b.jpg"]
    assert list(zapsim.load_features(tmp_path / "store").index) == ["a.jpg"], "begun anew"
    assert len(worker.cpu_seconds) == 1
    assert 50 < worker.stop() < 500


def test_a_pipeline_that_fails_is_an_error(tmp_path):
    from benchmarks.extraction import Pipeline, Worker

    with pytest.raises(RuntimeError, match="ended early"):
        Worker(Pipeline("ours", {"image_size": 32}), tmp_path / "nothing", 2, peer=None)


def test_ratios_are_within_each_turn():
    from benchmarks.extraction import ratio

    each = {"article": [4, 9, 1], "ours": [2, 3, 1]}
    assert ratio(each, "article", "ours") == 2
    assert ratio(each, "fastdup", "ours") is None


def test_a_peers_features_come_by_key(make_folder, monkeypatch):
    from benchmarks import extraction

    class Peer:
        def __init__(self, pipeline, folder, n, python):
            store = Path(folder) / "store"
            store.mkdir()
            files = [f"{folder}/pictures/b/2.jpg", f"{folder}/pictures/a.jpg"]
            (store / "atrain_features.dat.csv").write_text("\n".join(["filename", *files]))
            np.array([[2, 2, 2], [1, 1, 1]], np.float32).tofile(store / "atrain_features.dat")

        def stop(self):
            return 0

    monkeypatch.setattr(extraction, "Worker", Peer)
    catalogue = zapsim.load_catalogue(make_folder("a.jpg", "b/2.jpg"))
    found = extraction.fastdup_features(catalogue, "python")
    assert found.index.tolist() == ["a.jpg", "b/2.jpg"]
    assert found.to_numpy().tolist() == [[1, 1, 1], [2, 2, 2]]
