"""cluster.md runs as it stands, on a storage and a cluster of this machine, with few pictures."""

import json
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

import zapsim

pytest.importorskip("lancedb", reason="needs LanceDB: pip install -e .[scale]")

# What is there for millions, in the size of the test.
SMALLER = {
    **{"20_000": "12", "Reduction(256)": "Reduction(4)"},
    **{"::20]": "::2]", "range(20)": "range(2)"},
}
PLACE = '"s3://shop/pictures?region=eu-central-1"'


@pytest.fixture
def blocks():
    text = Path(__file__).parents[2].joinpath("docs", "cluster.md").read_text(encoding="utf-8")
    for large, small in SMALLER.items():
        assert large in text
        text = text.replace(large, small)
    return [block.split("```")[0] for block in text.split("```python\n")[1:]]


@pytest.fixture
def served(monkeypatch):
    """Let a server answer in a thread; its address is in this list."""
    run, addresses, servers = ThreadingHTTPServer.serve_forever, [], []

    def serve(server):
        servers.append(server)
        addresses.append("http://{}:{}".format(*server.server_address))
        Thread(target=run, args=(server,), daemon=True).start()

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", serve)
    yield addresses
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_how_to_runs(blocks, cluster, s3, served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    extract, search, exact, update, serve = blocks
    mini = zapsim.load_catalogue()
    *first, later = mini.keys[::45]

    def put(name, of):
        s3.client.put_object(Bucket="shop", Key=f"pictures/{name}", Body=mini.read(of))

    s3.client.create_bucket(Bucket="shop")
    for key in first:
        put(key, key)
    names = {}
    assert PLACE in extract
    # Workers that ran before have no credentials of their own.
    place = s3.address("test:test@shop/pictures")
    exec(extract.replace(PLACE, repr(place)), names)
    assert names["problems"].empty

    # What is there is not read again: that would be an error.
    s3.faults[".jpg"] = 403
    exec(search, names)
    exec(exact, names)
    near = names["predictor"].similar(first[3], k=3)
    assert near["key"].tolist() == names["exact"].similar(first[3], k=3)["key"].tolist()
    s3.faults.clear()

    # One comes, one goes, and one is another picture from now on.
    put(later, later)
    put(first[0], mini.keys[1])
    s3.client.delete_object(Bucket="shop", Key=f"pictures/{first[1]}")
    before = names["index"].vectors(first[:1])
    exec(update, names)
    assert list(names["new"]) == sorted([first[0], later])
    assert list(names["index"].keys) == sorted([first[0], *first[2:], later])
    assert not (names["index"].vectors(first[:1]) == before).all()
    exec(update, names)
    assert not len(names["new"])

    exec(serve.replace("8000", "0"), names)
    (address,) = served
    with urlopen(f"{address}/?key={quote(later)}") as answer:
        found = json.load(answer)
    assert [row["key"] for row in found] == list(names["predictor"].similar(later, k=12)["key"])
    with urlopen(address, data=mini.read(later)) as answer:
        assert json.load(answer)[0]["key"] == later
    for wrong in (f"{address}/?key=nothing", f"{address}/"):
        with pytest.raises(HTTPError, match="400"):
            urlopen(wrong)
    with pytest.raises(HTTPError, match="400"):
        urlopen(address, data=b"no picture")
