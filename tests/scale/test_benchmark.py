"""The benchmark still runs, on few items; what it compares finds what exact search finds."""

import pytest

pytest.importorskip("lancedb", reason="needs LanceDB: pip install -e .[scale]")
pytest.importorskip("faiss", reason="needs FAISS: pip install -e .[bench]")


def test_an_index_is_measured_beside_exact_search_and_faiss(monkeypatch):
    from benchmarks import scale

    saved = {}
    monkeypatch.setattr(scale, "save", saved.__setitem__)
    options = ["--items", "6000", "--queries", "10", "--repeats", "2"]
    monkeypatch.setattr("sys.argv", ["scale", *options])
    scale.main()
    (results,) = saved.values()
    recall = {row["way"]: row["recall@10"] for row in results["search"]}
    assert min(recall.values()) >= 0.9
    assert {"exact: NumPy", "exact: FAISS", "IVF_HNSW_SQ, effort 40"} <= set(recall)
    # Filters first: where they leave few, nothing is missed.
    assert recall["IVF_HNSW_SQ, one in 100"] == 1
    assert len(results["clicks"]) == 6
