"""writer.py: one file or a folder, whole or not at all, in which data stays data."""

import base64
import json
import os
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
    page = predictor.page(tmp_path / "shop").read_text(encoding="utf-8")
    names = {path.name for path in (tmp_path / "shop").iterdir()}
    assert names == {"index.html", inside(page, "pictures")["folder"]}
    assert not list((tmp_path / "shop").rglob("9.jpg"))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["shop"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), OSError(28, "full")])
@pytest.mark.parametrize("at", [1, 2])
def test_an_earlier_page_stays_until_the_new_one_is_whole(
    predictor, tmp_path, monkeypatch, error, at
):
    folder, moves, replace = tmp_path / "shop", [], os.replace

    def fail(*paths):
        moves.append(paths)
        if len(moves) == at:
            raise error
        replace(*paths)

    predictor.page(folder, title="first")
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    with monkeypatch.context() as patched, pytest.raises((type(error), TransferError)):
        patched.setattr(os, "replace", fail)
        predictor.page(folder, title="second")
    assert {path: path.read_bytes() for path in before} == before
    predictor.page(folder, title="second")
    assert "second" in (folder / "index.html").read_text(encoding="utf-8")
    assert len(list(folder.iterdir())) == 2


def test_only_the_thumbnails_that_the_page_names_are_deleted(predictor, tmp_path):
    folder = tmp_path / "shop"
    for title in ("first", "second", "third"):
        predictor.page(folder, title=title)
        own = folder / "thumbs-2024"
        own.mkdir(exist_ok=True)
        (own / "1.jpg").write_bytes(b"the only copy")
    assert len(list(folder.iterdir())) == 3
    assert (own / "1.jpg").read_bytes() == b"the only copy"


def test_of_two_writers_one_leaves_a_whole_page(predictor, tmp_path, monkeypatch):
    folder, replace, titles = tmp_path / "shop", os.replace, iter(["other"])
    one, other = of(predictor.catalogue.sample(2)), predictor

    def slowly(source, target):
        replace(source, target)
        if str(target).startswith(str(folder / "thumbs")):
            for title in titles:
                other.page(folder, title=title)

    one.page(folder, title="before")
    monkeypatch.setattr(os, "replace", slowly)
    page = one.page(folder, title="one").read_text(encoding="utf-8")
    thumbs = folder / inside(page, "pictures")["folder"]
    assert inside(page, "data")["title"] == "one"
    assert len(list(thumbs.iterdir())) == 2
    assert {*folder.iterdir()} == {folder / "index.html", thumbs}


def test_a_path_of_the_home_folder_leads_there(predictor, tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert predictor.page("~/new.html") == tmp_path / "new.html"


def test_a_page_that_cannot_be_written_leaves_no_folder(predictor, tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(28, "No space left")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(TransferError, match="Could not write .*shop .*No space left"):
        predictor.page(tmp_path / "shop")
    assert not (tmp_path / "shop").exists()


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


def test_what_is_no_page_of_zapsim_is_never_replaced(predictor, tmp_path):
    thesis = tmp_path / "thesis.html"
    thesis.write_text("<!DOCTYPE html>\n<title>Mine</title>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"thesis\.html holds something else than a page"):
        predictor.page(thesis)
    assert "Mine" in thesis.read_text(encoding="utf-8")
    site = tmp_path / "site"
    (site / "thumbs").mkdir(parents=True)
    (site / "thumbs" / "1.jpg").write_bytes(b"a photo")
    with pytest.raises(ValueError, match="site holds something else than a page, .*'thumbs'"):
        predictor.page(site)
    (site / "index.html").write_bytes(thesis.read_bytes())
    with pytest.raises(ValueError, match="site holds something else .*'index.html'"):
        predictor.page(site)
    assert (site / "thumbs" / "1.jpg").read_bytes() == b"a photo"


def test_a_page_with_a_persons_own_files_among_its_thumbnails_is_not_replaced(predictor, tmp_path):
    index = predictor.page(tmp_path / "shop")
    own = index.parent / "thumbs" / "holiday.jpg"
    own.touch()
    with pytest.raises(ValueError, match="shop holds something else than a page, .*'thumbs'"):
        predictor.page(tmp_path / "shop")
    assert own.exists()


def test_what_systems_put_into_its_folder_is_no_persons(predictor, tmp_path):
    page = tmp_path / "shop"
    page.mkdir()
    (page / ".DS_Store").touch()
    predictor.page(page)
    for folder in (page, page / "thumbs"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._1.jpg"):
            (folder / name).touch()
        (folder / "@eaDir").mkdir()
    predictor.page(page)
    assert (page / "thumbs-2").is_dir() and not (page / "thumbs").exists()
    (page / "thumbs-2" / ".mine").touch()
    with pytest.raises(ValueError, match="holds something else than a page"):
        predictor.page(page)


@pytest.mark.parametrize("name", ["shop.html", "shop"])
def test_a_page_from_before_pages_had_a_mark_is_replaced(predictor, tmp_path, name):
    path = predictor.page(tmp_path / name, title="first")
    mark = b'<meta name="generator" content="zapsim">\n'
    page = path.read_bytes()
    assert mark in page[:1000]
    path.write_bytes(page.replace(mark, b""))
    predictor.page(tmp_path / name, title="second")
    assert "second" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (5, TypeError),
        (None, TypeError),
        ("a\0b", ValueError),
        ("a\0/b", ValueError),
        (".html", ValueError),
    ],
)
def test_what_names_no_place_is_refused(predictor, path, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match="path must be a file's or folder's name, .* Received: "):
        predictor.page(path)


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


def test_no_folder_of_thumbnails_is_written_among_the_pictures(
    encoded, drawn, tmp_path, monkeypatch
):
    root = tmp_path / "mine"
    (root / "pages").mkdir(parents=True)
    (root / "a.jpg").write_bytes(encoded(drawn(1), "JPEG"))
    (root / "b.jpg").write_bytes(encoded(drawn(2), "JPEG"))
    monkeypatch.chdir(root)
    predictor, beside = of(zapsim.load_catalogue(".")), tmp_path / "shop"
    told = re.escape(f"beside that: predictor.page({str(beside)!r})")
    for path in ("shop", "pages/shop", root / "shop"):
        with pytest.raises(ValueError, match=f"in the catalogue's own folder, .* {told}"):
            predictor.page(path)
    monkeypatch.setattr(writer, "_LARGE", 1000)
    with pytest.warns(UserWarning, match=re.escape(f"predictor.page({str(beside)!r}), without")):
        predictor.page("shop.html")
    assert predictor.page("../shop").resolve() == beside / "index.html"
    assert [*zapsim.load_catalogue(".").keys] == ["a.jpg", "b.jpg"]


def test_minizap_as_a_file_has_under_8_megabytes(tmp_path):
    features = zapsim.load_features()
    predictor = zapsim.SimilarityPredictor(zapsim.load_catalogue(), features)
    path = predictor.page(tmp_path / "shop.html", places=zapsim.map_catalogue(features, "PCA"))
    assert path.stat().st_size < 8_000_000
