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
    # A tenth of the items, and all of them: what lies between is what an item takes.
    assert [row["items"] for row in results["memory"]] == [600, 6000]
    for row in results["memory"]:
        assert 50 < row["MB when opened"] <= row["peak MB"]
        assert 50 < row["MB after the clicks"] <= row["peak MB"]
    few, all_ = (row["MB after the clicks"] for row in results["memory"])
    assert results["bytes an item"] == pytest.approx((all_ - few) * 1e6 / 5400)
