import builtins
import errno
import io
import os
import pickle
import re
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zapsim
from zapsim.io import disk, folders, hints, names
from zapsim.io import sources as files
from zapsim.io.disk import TransferError
from zapsim.io.folders import read_file
from zapsim.io.pictures import PictureError
from zapsim.io.sources import open_files, read_named

NFC, NFD = normalize("NFC", "Schnürschuh.jpg"), normalize("NFD", "Schnürschuh.jpg")
ODD_NAMES = [
    "a b  c.jpg",
    'quote"d.jpg',
    "it's.jpg",
    "A%2EP%2EC%2E/1.jpg",
    "<script>alert(1)<_script>.jpg",
    "$x^2$.jpg",
    "靴/сапог.jpg",
    "👟.jpg",
    NFC,
    "LOUD.JPG",
    "Mixed.JpEg",
]

# --- what is not a catalogue -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["gone", "gone.zip"])
def test_missing_source_is_named_with_a_way_out(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=rf"No catalogue at .*{name}\. Give an existing"):
        open_files(tmp_path / name)


def test_empty_folder_says_what_was_looked_for(tmp_path):
    with pytest.raises(ValueError, match=r"No pictures in .*\.jpg, \.jpeg.*found 0 other files"):
        open_files(tmp_path)


def test_folder_without_pictures_counts_the_other_files(tmp_path):
    (tmp_path / "below").mkdir()
    for name in ("a.txt", "below/b.mat", "c.jpg.part", "d.heic", "e.HEIC"):
        (tmp_path / name).touch()
    with pytest.raises(
        ValueError, match=r"No pictures in .* found 5 other files: 2 \.heic"
    ) as said:
        open_files(tmp_path)
    assert "1 .txt, 1 .mat" in str(said.value) or "1 .mat, 1 .txt" in str(said.value)
    assert ".heic: export it as JPEG" in str(said.value)


def test_zip_without_pictures_counts_the_other_files(make_zip):
    with pytest.raises(ValueError, match=r"No pictures in .*shoes\.zip.* found 1 other files"):
        open_files(make_zip({"readme.txt": b"hello"}))


@pytest.mark.parametrize("data", [b"", b"<html>please log in</html>", b"PK\3\4" + bytes(40)])
def test_file_that_is_no_zip_is_refused(tmp_path, data):
    path = tmp_path / "shoes.zip"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"shoes\.zip is neither a folder nor a readable \.zip"):
        open_files(path)


def test_half_downloaded_zip_is_refused(make_zip):
    path = make_zip(["a.jpg", "b.jpg"])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="download it again"):
        open_files(path)


def test_tilde_is_the_home_folder(make_folder, monkeypatch):
    folder = make_folder("a.jpg")
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert open_files("~/shoes").keys == ["a.jpg"]


# --- damaged contents ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compression", "garbage"),
    # The checksum finds it, or the decompressor: 0xff is no beginning of deflated data.
    [(zipfile.ZIP_STORED, b"\0"), (zipfile.ZIP_DEFLATED, b"\xff")],
)
def test_damaged_entry_is_named_and_the_others_are_read(make_zip, compression, garbage):
    path = make_zip(["a.jpg", "b.jpg"], compression=compression)
    data = bytearray(path.read_bytes())
    # 30 bytes of header and the name come before the first entry's data.
    start = 30 + 5
    data[start : start + 40] = 40 * garbage
    path.write_bytes(data)
    catalogue = open_files(path)
    with pytest.raises(PictureError, match=r"a\.jpg: cannot be read"):
        catalogue.read("a.jpg")
    assert catalogue.read("b.jpg").startswith(b"\xff\xd8")


def test_encrypted_entry_is_named(make_zip):
    path = make_zip(["a.jpg", "b.jpg"])
    data = bytearray(path.read_bytes())
    # Bit 0 of the flags says "encrypted", in the entry's own header and in the directory's.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(PictureError, match=r"a\.jpg: cannot be read \(.*encrypted"):
        open_files(path).read("a.jpg")
    # And in the other one, too.
    data[data.index(b"PK\3\4", 40) + 6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"is encrypted\. Unpack it with its password"):
        open_files(path)


def test_vanished_file_is_named(make_folder):
    folder = make_folder("a.jpg")
    catalogue = open_files(folder)
    (folder / "a.jpg").unlink()
    for read in (catalogue.read, catalogue.content):
        with pytest.raises(PictureError, match=r"a\.jpg: cannot be read"):
            read("a.jpg")


@pytest.mark.parametrize("as_zip", [False, True])
def test_oversized_file_is_not_read(make_folder, zip_of, monkeypatch, as_zip):
    folder = make_folder("a.jpg")
    size = (folder / "a.jpg").stat().st_size
    catalogue = open_files(zip_of(folder) if as_zip else folder)
    monkeypatch.setattr(files, "MAX_BYTES", size)
    assert len(catalogue.read("a.jpg")) == size
    monkeypatch.setattr(files, "MAX_BYTES", size - 1)
    with pytest.raises(PictureError, match=r"a\.jpg: .* bytes are more than the limit of"):
        catalogue.read("a.jpg")


METHODS = {"stored": 0, "deflated": 8, "bzip2": 12, "LZMA": 14}


@pytest.mark.skipif(sys.platform != "linux", reason="measures its memory in Linux' way")
@pytest.mark.parametrize("method", METHODS)
def test_zip_whose_entry_claims_to_be_small_takes_little_memory(tmp_path, method):
    """300 MB that claim to be 100 bytes; the operating system says what reading them takes."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", METHODS[method]) as archive:
        for name in ("bomb.jpg", "meta-data.csv"):
            with archive.open(name, "w") as file:
                for _ in range(300 if method != "stored" else 1):
                    file.write(bytes(1_000_000))
    data = bytearray(path.read_bytes())
    for found in re.finditer(b"PK\x01\x02", bytes(data)):
        data[found.start() + 24 : found.start() + 28] = struct.pack("<I", 100)
    path.write_bytes(data)
    code = (
        "import resource, sys, warnings, zapsim.io.sources as f; warnings.simplefilter('ignore')\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000\n"
        "before = peak()\n"
        "files = f.open_files(sys.argv[1]); files.metadata()\n"
        "try: files.read('bomb.jpg')\n"
        "except f.PictureError as error: print(error)\n"
        "print(peak() - before)"
    )
    command = [sys.executable, "-c", code, str(path)]
    *said, grown = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert int(grown) < 100
    if method in ("bzip2", "LZMA"):
        assert f"packed by {method}, which is not unpacked here; pack it as an" in said[0]


@pytest.mark.parametrize("how", ["encrypted", "damaged"])
def test_metadata_that_cannot_be_read_are_named_and_the_pictures_are_there(
    make_zip, encoded, drawn, how
):
    picture = encoded(drawn(0), "JPEG")
    path = make_zip({"a.jpg": picture, "meta-data.csv": b"key,Material\na.jpg,Leather\n"})
    data = bytearray(path.read_bytes())
    if how == "damaged":
        directory = data.rindex(b"PK\x01\x02")
        # Its checksum.
        data[directory + 16 : directory + 20] = b"\0\0\0\0"
    else:
        for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            data[data.rindex(signature) + flags] |= 1
    path.write_bytes(data)
    with pytest.warns(UserWarning, match=r"meta-data\.csv in .*zip cannot be read"):
        catalogue = zapsim.load_catalogue(path)
    assert list(catalogue.keys) == ["a.jpg"]
    assert catalogue.read("a.jpg") == picture


def test_a_name_that_is_no_unicode_in_a_files_own_header_costs_no_other_picture(make_zip):
    path = make_zip({"Ä.jpg": b"x", "Ö.jpg": b"o"})
    path.write_bytes(path.read_bytes().replace("Ä".encode(), b"\xff\xff", 1))
    catalogue = zapsim.load_catalogue(path)
    assert catalogue.read("Ö.jpg") == b"o"
    with pytest.raises(PictureError, match="cannot be read"):
        catalogue.read("Ä.jpg")
    assert "Ä.jpg" in set(catalogue.check()["key"])


def test_a_zip_that_lists_a_name_that_is_no_unicode_is_refused_with_what_to_do(make_zip):
    path = make_zip({"Ä.jpg": b"x", "Ö.jpg": b"o"})
    path.write_bytes(path.read_bytes().replace("Ä".encode(), b"\xff\xff"))
    with pytest.raises(ValueError, match=r"shoes\.zip is neither.*xff\.jpg'.*unpack it, and open"):
        zapsim.load_catalogue(path)


@pytest.mark.unix
def test_what_is_no_file_is_left_out_and_named(make_folder, tmp_path):
    folder = make_folder("a.jpg")
    os.mkfifo(folder / "b.jpg")
    os.mkfifo(folder / "meta-data.csv")
    (folder / "c.jpg").symlink_to("/dev/zero")
    (folder / "d.jpg").symlink_to(folder / "b.jpg")
    with socket.socket(socket.AF_UNIX) as bound:
        # Its path may have about 100 bytes.
        bound.bind(os.path.relpath(folder / "e.jpg"))
    for links in (False, True):
        catalogue = zapsim.load_catalogue(folder, links=links)
        assert list(catalogue.keys) == ["a.jpg"]
        assert repr(catalogue).endswith("; 5 left out: 5 pipes and devices")
        skipped = catalogue.check().query("problem == 'skipped'")
        assert {*skipped["key"]} == {"'meta-data.csv'", *(f"'{n}.jpg'" for n in "bcde")}


@pytest.mark.unix
@pytest.mark.parametrize(
    "swap",
    [lambda path: os.mkfifo(path), lambda path: path.symlink_to(path.parent / "a.jpg")],
)
@pytest.mark.parametrize("when", ["before", "while"])
def test_what_is_no_file_any_more_is_not_waited_for(make_folder, monkeypatch, swap, when):
    folder = make_folder("a.jpg", "b.jpg")
    catalogue = open_files(folder)
    stat = os.stat

    def late(path, **options):
        state = stat(path, **options)
        (folder / "b.jpg").unlink()
        swap(folder / "b.jpg")
        return state

    if when == "while":
        monkeypatch.setattr(disk, "os", SimpleNamespace(**{**vars(os), "stat": late}))
    else:
        late(folder / "b.jpg")
    with pytest.raises(PictureError, match=r"b\.jpg: cannot be read \("):
        catalogue.read("b.jpg")


@pytest.mark.unix
def test_metadata_beside_a_zip_that_are_no_file_are_named(make_zip):
    path = make_zip(["a.jpg"])
    beside = path.with_name("meta-data.csv")
    os.mkfifo(beside)
    with pytest.warns(UserWarning, match=r"meta-data\.csv in .*is not a regular file"):
        zapsim.load_catalogue(path)
    beside.unlink()
    path.with_name("mine.csv").write_text("key,Colour\na.jpg,red\n")
    beside.symlink_to("mine.csv")
    with pytest.warns(UserWarning, match=r"meta-data\.csv in .*is a link"):
        assert "Colour" not in zapsim.load_catalogue(path).table
    assert "Colour" in zapsim.load_catalogue(path, links=True).table


def test_what_the_system_makes_up_is_not_read_without_end(tmp_path):
    """Files that claim to be empty, and are not."""
    if not Path("/proc/self/maps").exists():
        pytest.skip("no /proc here")
    with pytest.raises(OSError, match="has not the 0 bytes that it claims"):
        read_file(Path("/proc/self/maps"), "maps.jpg", 1_000)


@pytest.mark.parametrize("to", ["", "..", "../..", "/", "../elsewhere", "../elsewhere/a.jpg"])
def test_links_are_not_followed_out_of_the_folder(make_folder, tmp_path, to):
    elsewhere = make_folder("a.jpg", name="elsewhere")
    folder = make_folder("b.jpg")
    (folder / "x.jpg").symlink_to((folder / to).resolve())
    files = open_files(folder)
    assert files.keys == ["b.jpg"]
    if not to:
        assert not files.skipped
        return
    (why,) = files.skipped.values()
    assert files.skipped.keys() == {"'x.jpg'"}
    followed = open_files(folder, links=True)
    if to in ("..", "../..", "/"):
        assert "a link to a folder above" in why
        assert followed.keys == ["b.jpg"]
    else:
        assert "links=True" in why
        assert len(followed.keys) == 2
        data = (elsewhere / "a.jpg").read_bytes()
        assert followed.read(followed.keys[1]) == data
        assert pickle.loads(pickle.dumps(followed)).read(followed.keys[1]) == data


def test_named_metadata_are_not_read_through_a_link_out_of_the_catalogue(
    make_folder, tmp_path, monkeypatch
):
    folder, elsewhere = make_folder("a.jpg"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.csv").write_text("key,Colour\na.jpg,red\n")
    (folder / "styles.csv").symlink_to(elsewhere / "secret.csv")
    (folder / "below").symlink_to(elsewhere)
    for name in ("styles.csv", "below/secret.csv"):
        with pytest.raises(ValueError, match=rf"{name} is a link that leads out.*links=True"):
            zapsim.load_catalogue(folder, metadata=name)
        with pytest.raises(ValueError, match=rf"{name} is a link that leads out"):
            read_named(folder, name)
        allowed = zapsim.load_catalogue(folder, metadata=name, links=True)
        own = zapsim.load_catalogue(folder, metadata=folder / name)
        assert list(allowed.table["Colour"]) == list(own.table["Colour"]) == ["red"]
    monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match=r"styles.csv is a link that leads out"):
        zapsim.load_catalogue(".", metadata="styles.csv")


def test_a_folder_that_is_a_link_by_now_is_not_followed_out(make_folder, tmp_path):
    folder, elsewhere = make_folder("Boots/x/a.jpg", "Shoes/b.jpg"), tmp_path / "elsewhere"
    opened, followed = open_files(folder), open_files(folder, links=True)
    (folder / "Boots").rename(elsewhere)
    (folder / "Boots").symlink_to(elsewhere)
    with pytest.raises(PictureError, match=r"Boots/x/a\.jpg: .*link that leads out"):
        opened.read("Boots/x/a.jpg")
    assert opened.read("Shoes/b.jpg")
    assert followed.read("Boots/x/a.jpg")


@pytest.mark.skipif(sys.platform != "linux", reason="others do not say where an open file lies")
def test_a_folder_that_is_a_link_only_while_a_file_is_opened_is_not_followed_out(
    make_folder, tmp_path, monkeypatch
):
    folder = make_folder("Boots/a.jpg")
    boots = folder / "Boots"
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.jpg").write_bytes(b"secret")
    opened, open_regular = open_files(folder), folders.open_regular

    def swapping(path, follow):
        boots.rename(tmp_path / "aside")
        boots.symlink_to(tmp_path / "private")
        file = open_regular(path, follow)
        boots.unlink()
        (tmp_path / "aside").rename(boots)
        return file

    monkeypatch.setattr(folders, "open_regular", swapping)
    with pytest.raises(PictureError, match=r"Boots/a\.jpg: .*link that leads out"):
        opened.read("Boots/a.jpg")


@pytest.mark.skipif(sys.platform == "win32", reason="a path has 260 letters there")
def test_a_folder_too_deep_to_be_listed_is_named(make_folder, monkeypatch):
    folder = make_folder("a.jpg")
    monkeypatch.chdir(folder)
    for _ in range(25):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    files = open_files(folder)
    # Other tests walk through the folders of all.
    os.chdir(folder)
    shutil.rmtree("d" * 200)
    assert files.keys == ["a.jpg"]
    (why,) = files.skipped.values()
    assert "File name too long" in why


def test_links_within_the_folder_are_followed_and_it_may_be_one_itself(make_folder, tmp_path):
    folder = make_folder("a/1.jpg", "b/2.jpg")
    (folder / "a" / "3.jpg").symlink_to(Path("../b/2.jpg"))
    (tmp_path / "linked").symlink_to(folder)
    for root in (folder, tmp_path / "linked"):
        files = open_files(root)
        assert files.keys == ["a/1.jpg", "a/3.jpg", "b/2.jpg"]
        assert files.read("a/3.jpg") == files.read("b/2.jpg")
        assert not files.skipped


def test_a_folder_of_links_alone_says_how_to_follow_them(make_folder, tmp_path):
    elsewhere = make_folder("a.jpg", name="elsewhere")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "a.jpg").symlink_to(elsewhere / "a.jpg")
    with pytest.raises(ValueError, match=r"1 links that lead out.*links', links=True\)"):
        open_files(tmp_path / "links")


@pytest.mark.parametrize("how", ["not connected", "unmounted"])
def test_a_disk_that_is_gone_is_no_damaged_picture(make_folder, monkeypatch, how):
    folder = make_folder("a.jpg", "b.jpg")
    catalogue = open_files(folder)
    if how == "unmounted":
        folder.rename(folder.with_name("elsewhere"))
    else:
        error = OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        monkeypatch.setattr(folders, "open_regular", lambda *_: raising(error))
    with pytest.raises(ConnectionError, match="does not answer any more .* run again"):
        catalogue.read("a.jpg")


def raising(error):
    raise error


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../x.jpg",
        "a/../../x.jpg",
        "a/../x.jpg",
        "/abs.jpg",
        "//host/x.jpg",
        "C:/x.jpg",
        "C:\\x.jpg",
        "..\\x.jpg",
        "a\\..\\..\\x.jpg",
        "\\abs.jpg",
        "\\\\host\\x.jpg",
    ],
)
def test_zip_entry_that_escapes_is_left_out_and_listed(make_zip, tmp_path, name):
    path = make_zip([name, "Shoes/fine.jpg", "Boots/fine.jpg"])
    before = sorted(tmp_path.parent.rglob("*"))
    catalogue = open_files(path)
    assert catalogue.keys == ["Boots/fine.jpg", "Shoes/fine.jpg"]
    assert catalogue.skipped == {repr(name): "unsafe name: outside the catalogue, or not Unicode"}
    assert catalogue.read("Shoes/fine.jpg")
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_name_that_no_system_opens_is_left_out_and_named(make_zip):
    files = open_files(make_zip(["a.jpg", "b" * 1_020 + ".jpg", "c" * 1_021 + ".jpg"]))
    assert files.keys == ["a.jpg", "b" * 1_020 + ".jpg"]
    assert [*files.skipped.values()] == [
        "a name of more than 1,024 characters, longer than any path"
    ]


def test_names_that_take_too_much_memory_together_are_refused(make_zip, monkeypatch):
    path = make_zip([f"{n}/{n:0800}.jpg" for n in range(10)])
    assert len(open_files(path).keys) == 10
    monkeypatch.setattr(names, "_MOST", 5_000)
    with pytest.raises(ValueError, match="The names of the files in .* take more than 5,000 bytes"):
        open_files(path)


def test_backslashes_of_windows_archivers_are_slashes(make_zip):
    catalogue = open_files(make_zip(["Shoes\\Oxfords\\a.jpg", "Boots\\b.jpg"]))
    assert catalogue.keys == ["Boots/b.jpg", "Shoes/Oxfords/a.jpg"]
    assert catalogue.read("Shoes/Oxfords/a.jpg").startswith(b"\xff\xd8")


JUNK = [
    "__MACOSX/Shoes/a.jpg",
    "__MACOSX/Shoes/._a.jpg",
    "Shoes/._a.jpg",
    ".hidden.jpg",
    ".git/b.jpg",
    "a/.thumbs/c.png",
]


@pytest.mark.parametrize("as_zip", [False, True])
def test_junk_is_ignored_silently(make_folder, zip_of, as_zip):
    folder = make_folder("Shoes/a.jpg", "Boots/b.jpg", *JUNK)
    catalogue = open_files(zip_of(folder) if as_zip else folder)
    assert catalogue.keys == ["Boots/b.jpg", "Shoes/a.jpg"]
    assert catalogue.skipped == {}


@pytest.mark.unix
@pytest.mark.parametrize("as_zip", [False, True])
def test_odd_names_are_keys_as_they_are(make_folder, zip_of, as_zip):
    folder = make_folder(*ODD_NAMES)
    catalogue = open_files(zip_of(folder) if as_zip else folder)
    assert catalogue.keys == sorted(ODD_NAMES)
    for key in ODD_NAMES:
        assert catalogue.read(key) == (folder / key).read_bytes()


@pytest.mark.parametrize("as_zip", [False, True])
def test_decomposed_accents_are_composed(make_folder, zip_of, as_zip):
    assert NFC != NFD
    folder = make_folder(NFD, "plain.jpg")
    catalogue = open_files(zip_of(folder) if as_zip else folder)
    assert NFC in catalogue.keys
    assert NFD not in catalogue.keys
    assert catalogue.read(NFC).startswith(b"\xff\xd8")


def test_second_file_of_the_same_key_is_listed(make_zip):
    catalogue = open_files(make_zip([NFC, NFD, "b.jpg"]))
    assert catalogue.keys == [NFC, "b.jpg"]
    assert catalogue.skipped == {NFD: "same key as another file, and only the last counts"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_was_added_again_to_an_archive_counts(tmp_path, kind):
    """Its own tools unpack the last one of a name, and the older one was read."""
    path = tmp_path / f"a.{kind}"
    written = [("./a.jpg", b"old"), ("./t.csv", b"key,n"), ("a.jpg", b"new"), ("t.csv", b"key,m")]
    for name, data in written:
        if kind == "zip":
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr(name, data)
        else:
            with tarfile.open(path, "a") as archive:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    files = open_files(path)
    assert (files.read("a.jpg"), files.read_table("t.csv")) == (b"new", b"key,m")
    assert [why.endswith("only the last counts") for why in files.skipped.values()] == [True] * 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_file_that_was_added_again_the_last_is_read_by_its_name(make_zip):
    path = make_zip({"a/LICENSE.md": b"old"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/LICENSE.md", b"new")
    assert read_named(path, "LICENSE.md") == b"new"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are not Unicode")
def test_name_that_is_not_unicode_is_listed(make_folder):
    folder = make_folder("fine.jpg")
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    catalogue = open_files(folder)
    assert catalogue.keys == ["fine.jpg"]
    (name,) = catalogue.skipped
    assert "caf" in name
    name.encode()


@given(st.lists(st.text(st.sampled_from("aB ./\\:é\u0301%~"), min_size=1, max_size=9), max_size=6))
def test_keys_are_relative_composed_and_unique(tmp_path_factory, names):
    path = tmp_path_factory.getbasetemp() / "any.zip"
    entries = sorted({f"{name}.jpg" for name in names} - {".jpg"})
    with zipfile.ZipFile(path, "w") as archive:
        for name in [*entries, "x/one.jpg", "y/two.jpg"]:
            archive.writestr(name, name.encode())
    catalogue = open_files(path)
    assert catalogue.keys == sorted(set(catalogue.keys))
    for key in catalogue.keys:
        assert normalize("NFC", key) == key
        assert PurePosixPath(key).as_posix() == key
        assert not key.startswith("/")
        assert not {"..", "."} & set(key.split("/"))
        read = catalogue.read(key).decode()
        assert normalize("NFC", read).replace("\\", "/").endswith(PurePosixPath(key).name)
    parts = [name.replace("\\", "/").split("/") for name in entries]
    hidden = [p for p in parts if any(part[:1] == "." and part.strip(".") for part in p)]
    assert len(catalogue.keys) + len(catalogue.skipped) == len(entries) - len(hidden) + 2


# --- folder and zip agree --------------------------------------------------------------------


@pytest.mark.parametrize("wrapper", ["", "shoes/", "download/", "a/b/c/d/"])
def test_zip_has_the_folders_keys_order_and_content(ut_zappos, ut_zappos_keys, zip_of, wrapper):
    folder, packed = open_files(ut_zappos), open_files(zip_of(ut_zappos, wrapper=wrapper))
    assert folder.keys == packed.keys == sorted(ut_zappos_keys)
    for key in folder.keys:
        assert folder.read(key) == packed.read(key)
        assert folder.content(key) == packed.content(key)


def test_folders_above_the_layout_are_taken_off_in_a_zip(make_zip):
    keys = ["ut-zap50k-images/Shoes/Oxfords/B/1.1.jpg", "ut-zap50k-images/Boots/2.jpg"]
    assert open_files(make_zip(keys)).keys == ["Boots/2.jpg", "Shoes/Oxfords/B/1.1.jpg"]


def test_no_key_changes_when_a_folder_grows(make_folder):
    folder = make_folder("2025/summer/women/boots/1.jpg")
    before = open_files(folder).keys
    make_folder("2025/summer/women/boots/1.jpg", "2026/2.jpg")
    assert set(before) < set(open_files(folder).keys)


def test_linked_folders_are_walked_once_even_in_circles(make_folder):
    folder = make_folder("a/1.jpg", "b/2.jpg", "c/3.jpg")
    for here in "abc":
        for there in "abc":
            if here != there:
                (folder / here / f"to {there}").symlink_to(folder / there)
    assert open_files(folder).keys == ["a/1.jpg", "b/2.jpg", "c/3.jpg"]


def test_single_category_stays(make_zip):
    keys = ["Shoes/Oxfords/Bostonian/1.1.jpg", "Shoes/Oxfords/Bostonian/2.1.jpg"]
    assert open_files(make_zip(keys, name="catalogue.zip")).keys == keys


def test_folder_named_like_the_zip_goes_even_in_a_shallow_layout(make_zip):
    assert open_files(make_zip(["mine/a.jpg", "mine/b.jpg"], name="mine.zip")).keys == [
        "a.jpg",
        "b.jpg",
    ]


@pytest.mark.parametrize(
    ("name", "top"),
    [
        ("shoes (1).zip", "shoes"),
        ("shoes-20261122T220000Z-001.zip", "shoes"),
        ("shoes copy.zip", "shoes"),
        ("shoes_2.zip", "shoes"),
        ("shoes.zip.1a2b3c4d.part", "shoes"),
        (f"{normalize('NFD', 'Schnürschuh')} (1).zip", "Schnürschuh"),
    ],
)
def test_zip_renamed_by_a_browser_or_by_drive_has_the_same_keys(make_zip, name, top):
    keys = [f"{top}/Boot/1.jpg", f"{top}/Shoe/1.jpg"]
    assert open_files(make_zip(keys, name=name)).keys == ["Boot/1.jpg", "Shoe/1.jpg"]


@pytest.mark.parametrize("name", ["Shoestore.zip", "Shoes2.zip", "my Shoes.zip", "Shoe.zip"])
def test_category_that_only_resembles_the_name_stays(make_zip, name):
    keys = ["Shoes/Oxfords/1.jpg", "Shoes/Sneakers/2.jpg"]
    assert open_files(make_zip(keys, name=name)).keys == keys


def test_deep_names_are_not_gone_through_once_a_level(make_zip):
    def n_calls(depth):
        packed, calls = make_zip(["a/" * depth + f"{n}.jpg" for n in range(100)]), []
        sys.setprofile(lambda frame, event, what: calls.append(event))
        try:
            keys = open_files(packed).keys
        finally:
            sys.setprofile(None)
        assert keys[0] == "a/a/a/0.jpg"
        return len(calls)

    assert n_calls(300) < 3 * n_calls(30)


def test_content_is_crc_and_size(tmp_path, make_zip):
    # 0xCBF43926 is the check value by which CRC-32 is known.
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.jpg").write_bytes(b"123456789")
    assert open_files(tmp_path / "cat").content("a.jpg") == "cbf43926-9"
    assert open_files(make_zip({"a.jpg": b"123456789"})).content("a.jpg") == "cbf43926-9"


def test_content_of_a_zip_needs_no_reading(make_zip, monkeypatch):
    catalogue = open_files(make_zip(["a.jpg"]))
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert catalogue.content("a.jpg")


def test_zip_can_be_read_by_many_threads(make_zip):
    names = [f"{number:03}.jpg" for number in range(200)]
    catalogue = open_files(make_zip({name: name.encode() * 500 for name in names}))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(catalogue.read, names)) == [name.encode() * 500 for name in names]


# --- metadata --------------------------------------------------------------------------------


def test_no_metadata_is_none(make_folder, zip_of):
    folder = make_folder("a.jpg")
    assert open_files(folder).metadata() is None
    assert open_files(zip_of(folder)).metadata() is None


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("place", ["", "images/", "ut-zap50k-data/"])
def test_metadata_is_found_in_any_folder(make_folder, zip_of, place, as_zip):
    folder = make_folder("images/Shoes/a.jpg", "images/Boots/b.jpg")
    (folder / place).mkdir(exist_ok=True)
    (folder / place / "meta-data.csv").write_bytes(b"CID\n1-1\n")
    assert open_files(zip_of(folder) if as_zip else folder).metadata() == b"CID\n1-1\n"


def test_metadata_nearest_to_the_top_is_taken(make_folder, zip_of):
    folder = make_folder("Shoes/a.jpg", "Boots/b.jpg", metadata="top")
    (folder / "Boots" / "meta-data.csv").write_text("below")
    assert open_files(folder).metadata() == open_files(zip_of(folder)).metadata() == b"top"


def test_metadata_of_a_windows_zip_is_found(make_zip):
    path = make_zip({"set\\a.jpg": b"x", "set\\meta-data.csv": b"CID\n"})
    assert open_files(path).metadata() == b"CID\n"


def test_folder_that_links_to_itself_is_walked_once(make_folder):
    folder = make_folder("Shoes/a.jpg", "Boots/b.jpg")
    try:
        (folder / "Boots" / "loop").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert open_files(folder).keys == ["Boots/b.jpg", "Shoes/a.jpg"]


def test_linked_folder_is_followed(make_folder):
    elsewhere = make_folder("a.jpg", name="elsewhere")
    folder = make_folder("Boots/b.jpg")
    try:
        (folder / "Shoes").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert open_files(folder, links=True).keys == ["Boots/b.jpg", "Shoes/a.jpg"]


def test_subfolder_that_cannot_be_listed_is_named(make_folder, monkeypatch):
    folder = make_folder("Boots/b.jpg", "Shoes/a.jpg")
    scandir = os.scandir

    def forbid(path):
        if str(path).endswith("Shoes"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    # Whoever runs the tests as root may list everything.
    monkeypatch.setattr(os, "scandir", forbid)
    with pytest.warns(UserWarning, match="1 folders cannot be listed, and .* missing.*Shoes"):
        catalogue = open_files(folder)
    assert catalogue.keys == ["Boots/b.jpg"]
    assert catalogue.skipped.keys() == {str(folder / "Shoes")}
    assert "Permission denied" in catalogue.skipped[str(folder / "Shoes")]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("name", ["stat", "open"])
def test_a_disk_that_refuses_is_not_taken_for_no_archive(make_zip, monkeypatch, name, code):
    path = make_zip({"a.jpg": b"x"})
    where, call = (os, os.stat) if name == "stat" else (builtins, open)

    def refuse(place, *arguments, **options):
        if place == path:
            raise OSError(code, os.strerror(code), str(path))
        return call(place, *arguments, **options)

    monkeypatch.setattr(where, name, refuse)
    monkeypatch.setattr("zapsim.io.disk.time.sleep", lambda seconds: None)
    with pytest.raises(TransferError, match=f"Could not .*{path.name}.*{os.strerror(code)}"):
        open_files(path)


@pytest.mark.parametrize("inside", [False, True])
def test_metadata_beside_a_zip_counts_where_there_is_none_inside(make_zip, inside):
    path = make_zip({"a.jpg": b"x"} | ({"meta-data.csv": b"inside"} if inside else {}))
    path.with_name("meta-data.csv").write_bytes(b"beside")
    assert open_files(path).metadata() == (b"inside" if inside else b"beside")


def test_metadata_beside_a_folder_is_not_the_folders(make_folder):
    folder = make_folder("a.jpg")
    folder.with_name("meta-data.csv").write_bytes(b"beside")
    assert open_files(folder).metadata() is None


def test_folder_called_like_the_metadata_is_none(make_zip):
    path = make_zip(["a.jpg"])
    path.with_name("meta-data.csv").mkdir()
    assert open_files(path).metadata() is None


# --- slow disks ------------------------------------------------------------------------------


@pytest.fixture
def with_pictures_of(make_zip, monkeypatch):
    """Return ``with_pictures_of(n, milliseconds)``: a zip whose n pictures take so long each."""

    def make(n, milliseconds):
        path = make_zip({f"{number}.jpg": b"x" for number in range(n)})
        clock = iter(range(10_000))
        # Looked at before each read and after it.
        monkeypatch.setattr(hints, "perf_counter", lambda: next(clock) * milliseconds / 1000)
        return path

    return make


@pytest.mark.parametrize(("n", "milliseconds"), [(4100, 5), (401, 50), (6700, 3.01), (41, 500)])
def test_where_minutes_would_be_saved_a_copy_is_advised(with_pictures_of, n, milliseconds):
    with pytest.warns(UserWarning, match="copy them to the machine first") as given:
        open_files(with_pictures_of(n, milliseconds))
    assert len(given) == 1


@pytest.mark.parametrize(("n", "milliseconds"), [(3900, 5), (399, 50), (9000, 2.9), (9000, 0.1)])
def test_where_seconds_would_be_saved_nothing_is_said(with_pictures_of, n, milliseconds):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_files(with_pictures_of(n, milliseconds))


def test_advice_says_where_and_how_long_and_what_to_do(with_pictures_of):
    path = with_pictures_of(9000, 20)
    with pytest.warns(UserWarning) as given:
        open_files(path)
    said = str(given[0].message)
    assert f"from {path} takes 20 ms" in said
    assert "all 9,000 about 3 minutes" in said
    assert f"load_catalogue(zapsim.stage({str(path)!r}))" in said


def test_one_slow_picture_among_fast_ones_is_chance(make_zip, monkeypatch):
    path = make_zip({f"{number}.jpg": b"x" for number in range(500)})
    clock = iter([0, 60, *[60] * 100])
    monkeypatch.setattr(hints, "perf_counter", lambda: next(clock))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_files(path)


def test_pictures_that_cannot_be_read_do_not_stop_the_advice(make_folder):
    folder = make_folder("a.jpg")
    (folder / "b.jpg").symlink_to(folder / "nowhere.jpg")
    assert open_files(folder).keys == ["a.jpg", "b.jpg"]
