from unicodedata import normalize

import pytest

import zapsim
from zapsim.io.names import HIDDEN, litter_in, slashed
from zapsim.keys import clean_key

LITTER = ["@eaDir", "#recycle", "$RECYCLE.BIN", ".thumbnails", "System Volume Information"]
LITTER += ["lost+found", "__MACOSX", "@Recycle"]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("a/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "@eaDir"),
        ("$recycle.bin/1.jpg", "$recycle.bin"),
        ("a/Thumbs.db", "Thumbs.db"),
        ("a/._1.jpg", "._…"),
        (".hidden/1.jpg", HIDDEN),
        ("./a/1.jpg", None),
        ("a/recycled shoes/1.jpg", None),
        ("@home/#1.jpg", None),
    ],
)
def test_litter_is_told_by_its_name(path, part):
    assert litter_in(path) == part


@pytest.mark.parametrize(
    ("name", "path"),
    [("a\\b.jpg", "a/b.jpg"), ("ü\\b.jpg", "ü/b.jpg"), ("\udc95\\.jpg", "\udc95\\.jpg")],
)
def test_a_backslash_is_a_slash_but_for_the_second_byte_of_a_letter(name, path):
    assert slashed(name) == path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("litter", LITTER)
def test_litter_is_left_out_and_counted(make_folder, zip_of, litter, packed):
    folder = make_folder("Shoes/a.jpg", "Boots/b.jpg", f"Shoes/{litter}/a.jpg", f"{litter}/b.jpg")
    catalogue = zapsim.load_catalogue(zip_of(folder) if packed else folder)
    assert list(catalogue.keys) == ["Boots/b.jpg", "Shoes/a.jpg"]
    (row,) = catalogue.check().itertuples(index=False)
    assert row[:2] == ("litter", litter)
    assert row.detail.startswith("2 left out")
    assert "left out" not in repr(catalogue)


def test_what_is_hidden_is_no_problem(make_folder):
    folder = make_folder("a.jpg", ".ipynb_checkpoints/a.jpg")
    (folder / ".DS_Store").touch()
    (folder / "Thumbs.db").touch()
    assert not len(zapsim.load_catalogue(folder).check())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("./a//b.jpg", "a/b.jpg"),
        ("a\\b.jpg", "a/b.jpg"),
        (normalize("NFD", "ü.jpg"), "ü.jpg"),
        ("../b.jpg", None),
        ("C:/b.jpg", None),
        ("\udce9.jpg", None),
        ("", None),
    ],
)
def test_a_key_is_relative_composed_and_unicode(name, key):
    assert clean_key(name) == key
