"""writer.py: one file or a folder, whole or not at all, in which data stays data."""

import base64
import json
import re
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

import zapsim
from zapsim.io.disk import TransferError
from zapsim.page import writer

HOSTILE = [
    "</script><script>alert(1)</script>.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "{{script}} ' \" & \u2028 \u202e 👠.jpg",
]


@pytest.fixture
def predictor(make_zip):
    return of(zapsim.load_catalogue(make_zip(HOSTILE)))


def of(catalogue):
    n = len(catalogue)
    return zapsim.SimilarityPredictor(
        catalogue, pd.DataFrame(np.eye(n, dtype=np.float32), index=catalogue.keys)
    )


def inside(page, name):
    return json.loads(re.search(f'id="{name}">(.*?)</script>', page)[1])


def test_whatever_a_file_is_called_stays_data(predictor, tmp_path):
    path = predictor.page(tmp_path / "new" / "shop.html", title="<b>Shoes</b> & {{data}}")
    assert path == tmp_path / "new" / "shop.html"
    page = path.read_text(encoding="utf-8")
    assert page.count("<script") == 3 and page.count("</script>") == 3
    assert "onerror" not in re.sub(r"\\u003cimg src=x onerror", "", page)
    data = inside(page, "data")
    assert sorted(data["keys"]) == sorted(HOSTILE)
    assert data["title"] == "<b>Shoes</b> & {{data}}"
    assert "<title>&lt;b&gt;Shoes&lt;/b&gt; &amp; {{data}}</title>" in page
    thumbs = [base64.b64decode(thumb) for thumb in inside(page, "pictures")["thumbs"]]
    assert all(thumb.startswith(b"\xff\xd8") for thumb in thumbs)


def test_nothing_may_run_but_the_pages_own_script(predictor, tmp_path):
    page = predictor.page(tmp_path / "shop.html").read_text(encoding="utf-8")
    policy = re.search('Content-Security-Policy" content="(.*?)"', page)[1]
    assert "unsafe" not in policy and policy.startswith("default-src 'none'")
    for kind, tag in [("script-src", "<script>(.*?)</script>"), ("style-src", "<style>(.*?)<")]:
        (text,) = re.findall(tag, page, re.DOTALL)
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.endswith("img-src data:")
    assert not re.findall(r"https?://", page.replace("http-equiv", ""))


def test_the_same_items_give_the_same_bytes(predictor, tmp_path):
    one, other = (predictor.page(tmp_path / f"{n}.html") for n in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert "<title>shoes</title>" in one.read_text(encoding="utf-8")


def test_a_folder_has_the_thumbnails_beside_the_page(predictor, tmp_path):
    index = predictor.page(tmp_path / "shop")
    assert index == tmp_path / "shop" / "index.html"
    names = sorted(path.name for path in (tmp_path / "shop" / "thumbs").iterdir())
    assert names == ["0.jpg", "1.jpg", "2.jpg"]
    page = index.read_text(encoding="utf-8")
    assert inside(page, "pictures")["thumbs"] is None and "img-src data: 'self' file:\"" in page
    # An earlier page is replaced, and nothing else is left.
    (tmp_path / "shop" / "thumbs" / "9.jpg").touch()
    predictor.page(tmp_path / "shop")
    assert not (tmp_path / "shop" / "thumbs" / "9.jpg").exists()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["shop"]


def test_names_that_are_taken_are_refused(predictor, tmp_path):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match="folder.html is a folder. Choose another name"):
        predictor.page(tmp_path / "folder.html")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(ValueError, match="mine holds something else than a page, .*'notes.txt'"):
        predictor.page(tmp_path / "mine")
    (tmp_path / "shop").touch()
    with pytest.raises(ValueError, match="shop is a file. For a page in one file .* in .html"):
        predictor.page(tmp_path / "shop")
    with pytest.raises(TransferError, match=r"Could not write .* may read and write"):
        predictor.page(tmp_path / "shop" / "below.html")
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        predictor.page(tmp_path / "new.html", k=0)
    with pytest.raises(TypeError, match="title must be a text. Received: 3"):
        predictor.page(tmp_path / "new.html", title=3)
    assert not (tmp_path / "new.html").exists()


@pytest.mark.parametrize("name", ["shop.html", "shop"])
def test_a_page_appears_whole_or_not_at_all(predictor, tmp_path, monkeypatch, name):
    path = predictor.page(tmp_path / name)
    before = path.read_bytes()

    def fail(tiles):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "sheet_jpeg", fail)
    with pytest.raises((OSError, TransferError), match="No space left"):
        predictor.page(tmp_path / name)
    assert path.read_bytes() == before
    with pytest.raises((OSError, TransferError)):
        predictor.page(tmp_path / f"new {name}")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "shoes.zip"])


@pytest.mark.parametrize("name", ["shop.html", "shop"])
def test_what_cannot_be_read_is_counted_and_named(make_zip, encoded, drawn, tmp_path, name):
    files = {"a.jpg": encoded(drawn(1), "JPEG"), "b.jpg": b"damaged", "c.jpg": b""}
    predictor = of(zapsim.load_catalogue(make_zip(files)))
    with pytest.warns(UserWarning, match="2 of the pictures could not be read, .*'b.jpg'") as said:
        path = predictor.page(tmp_path / name)
    assert said[0].filename == __file__
    pictures = inside(path.read_text(encoding="utf-8"), "pictures")
    assert pictures["readable"] == [1, 0, 0]


def test_a_file_that_opens_slowly_is_not_written_in_silence(predictor, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_LARGE", 1000)
    with pytest.warns(
        UserWarning, match=r"shop.html has 0 MB .*predictor.page\('.*shop'\)"
    ) as said:
        predictor.page(tmp_path / "shop.html")
    assert said[0].filename == __file__


def test_minizap_as_a_file_has_under_8_megabytes(tmp_path):
    features = zapsim.load_features()
    predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(), features)
    path = predictor.page(tmp_path / "shop.html", places=zapsim.map_catalogue(features, "PCA"))
    assert path.stat().st_size < 8_000_000
