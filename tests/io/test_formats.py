import pytest
from PIL import Image

import zapsim
from zapsim.io.formats import FORMATS, SUFFIXES, advice, suffix_of, told_by_content


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_read_is_told_by_its_first_bytes(kind, encoded, drawn):
    assert told_by_content(encoded(drawn(), kind)[:512]).upper() == kind


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
        (b"\0\0\0\x14ftypqt  ", "video"),
        (b"8BPS\0\1", "Photoshop"),
        (b'<?xml version="1.0"?>\n<svg xmlns', "SVG"),
        (b"\xef\xbb\xbf <svg>", "SVG"),
        (b"\n<!DOCTYPE html>", "web page"),
        (b"", None),
        (b"key,colour", None),
    ],
)
def test_what_is_not_read_is_told_by_its_first_bytes(start, what):
    assert told_by_content(start) == what


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("IMG_4.HEIC", "export it as JPEG"),
        ("logo.svg", "drawing"),
        ("shoe.psd", "export it as JPEG or PNG"),
        ("DSC1.NEF", "raw data"),
        ("scan.jp2", "convert it"),
        ("all.zip", "unpack it"),
        ("all.tar.gz", "unpack it"),
        ("a.jpg.crdownload", "download it again"),
        ("a.jpg_large", "ends in .jpg"),
        ("a.jpeg!d", "ends in .jpeg"),
        ("a.png~", "ends in .png"),
    ],
)
def test_what_looks_like_a_picture_has_advice(name, what):
    assert what in advice(name)


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.jpg.json", "a.jpg.xmp", "film.mkv.part", "styles.csv.gz", "README", "a.jpga"],
)
def test_what_does_not_look_like_a_picture_has_none(name):
    assert advice(name) is None


def test_no_suffix_is_read_and_refused_at_once():
    assert not [suffix for suffix in SUFFIXES if advice(f"a{suffix}")]
    assert suffix_of("Shoes/A.JPEG") == ".jpeg"


# --- in a catalogue --------------------------------------------------------------------------


def test_every_suffix_that_is_read_is_in_the_catalogue(make_folder, drawn, encoded):
    folder = make_folder()
    for suffix in SUFFIXES:
        # Pillow itself does not know all that a JPEG is called.
        kind = Image.registered_extensions().get(suffix, "JPEG")
        drawn().save(folder / f"shoe{suffix.upper()}", kind)
    catalogue = zapsim.load_catalogue(folder)
    assert [catalogue.picture(key).shape for key in catalogue.keys] == [(40, 48, 3)] * len(SUFFIXES)
    assert "left out" not in repr(catalogue)


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_left_out_is_counted_and_named(make_folder, zip_of, packed):
    folder = make_folder(
        "a/1.jpg", "a/2.HEIC", "b/3.heic", "b/4.psd", "b/notes.txt", "b/5.jpg.json"
    )
    catalogue = zapsim.load_catalogue(zip_of(folder) if packed else folder)
    assert repr(catalogue).endswith("; 3 left out: 2 .heic, 1 .psd")
    found = catalogue.check().set_index("key")
    assert list(found.index) == ["a/2.HEIC", "b/3.heic", "b/4.psd"]
    assert set(found["problem"]) == {"skipped"}
    assert "Most Compatible" in found.loc["b/3.heic", "detail"]


def test_a_sample_does_not_count_what_is_left_out(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("1.jpg", "2.jpg", "3.heic"))
    assert "left out" not in repr(catalogue.sample(1))


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_without_a_suffix_are_named(make_folder, zip_of, packed):
    folder = make_folder("1.jpg", "9ae1c3f0", "100627.72")
    catalogue = zapsim.load_catalogue(zip_of(folder) if packed else folder)
    assert list(catalogue.keys) == ["1.jpg"]
    assert repr(catalogue).endswith("; 2 left out: 2 without a suffix")
    assert "rename it (one is JPEG)" in catalogue.check()["detail"][0]


def test_other_files_without_a_suffix_are_no_pictures(make_folder):
    folder = make_folder("1.jpg")
    (folder / "README").write_text("hello")
    assert "left out" not in repr(zapsim.load_catalogue(folder))
