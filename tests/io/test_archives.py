import bz2
import copy
import gzip
import io
import lzma
import multiprocessing
import os
import pickle
import re
import shutil
import struct
import sys
import tarfile
import time
import tracemalloc
import warnings
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from unicodedata import normalize

import pandas as pd
import pytest

import zapsim
from zapsim.io import archives, names, unpacked
from zapsim.io.archives import parts_of
from zapsim.io.disk import TransferError
from zapsim.io.pictures import PictureError
from zapsim.io.sources import open_files, read_named
from zapsim.kinds.blend import greyed

PACKERS = {"": bytes, ".gz": gzip.compress}
KEYS = ["Boots/Ankle/A/1.1.jpg", "Shoes/Oxfords/B/2.1.jpg", "Shoes/Oxfords/B/2.2.jpg"]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Unpack into a folder of this test's own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(unpacked.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path / "temporary"


@pytest.fixture
def make_tar(tmp_path):
    """Return ``make_tar(entries)``: a dict of name to bytes, or to a changed TarInfo."""

    def make(entries, name="shoes.tar", packing="", format=tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
            for entry, data in entries.items():
                info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(entry)
                data = b"" if info is data else data
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        path = tmp_path / f"{name}{packing}"
        path.write_bytes(PACKERS[packing](buffer.getvalue()))
        return path

    return make


@pytest.fixture
def tar_of(make_tar):
    def make(folder, wrapper="", **options):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return make_tar(
            {wrapper + f.relative_to(folder).as_posix(): f.read_bytes() for f in files}, **options
        )

    return make


def special(kind, target="", name="link.jpg"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


# --- tars ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapper", ["", "./", "shoes/", "./download/"])
@pytest.mark.parametrize("packing", PACKERS)
def test_tar_has_the_folders_keys_and_contents(make_folder, zip_of, tar_of, wrapper, packing):
    folder = open_files(make_folder(*KEYS))
    packed = open_files(tar_of(folder.root, wrapper, packing=packing))
    zipped = open_files(zip_of(folder.root, wrapper=wrapper))
    assert packed.keys == folder.keys == zipped.keys == KEYS
    for key in KEYS:
        assert packed.read(key) == folder.read(key)
        assert packed.content(key) == folder.content(key) == zipped.content(key)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_all_writers_are_read(make_tar, format):
    long = f"{'x' * 90}/{'y' * 80}.jpg"
    files = open_files(make_tar({long: b"long", "Schnürschuh.jpg": b"short"}, format=format))
    assert files.read(long) == b"long"
    assert files.read("Schnürschuh.jpg") == b"short"


def test_what_lies_in_a_tar_is_read_with_its_metadata(make_tar, encoded, drawn):
    path = make_tar(
        {"a.jpg": encoded(drawn()), "meta-data.csv": b"key,x\na.jpg,1\n"}, packing=".gz"
    )
    assert zapsim.load_catalogue(path).table["x"].tolist() == ["1"]


@pytest.mark.parametrize(
    "info",
    [
        special(tarfile.SYMTYPE, "/etc/passwd"),
        special(tarfile.SYMTYPE, "a.jpg"),
        special(tarfile.LNKTYPE, "../../etc/passwd"),
        special(tarfile.LNKTYPE, "/etc/passwd"),
        special(tarfile.CHRTYPE),
        special(tarfile.BLKTYPE),
        special(tarfile.FIFOTYPE),
        special(tarfile.GNUTYPE_SPARSE),
    ],
)
@pytest.mark.parametrize("packing", ["", ".gz"])
def test_links_and_devices_are_left_out_and_named(make_tar, info, packing):
    catalogue = zapsim.load_catalogue(make_tar({"a.jpg": b"x", "b": info}, packing=packing))
    assert list(catalogue.keys) == ["a.jpg"]
    assert repr(catalogue).endswith("; 1 left out: 1 links and devices")
    (row,) = catalogue.check().query("problem == 'skipped'").itertuples()
    assert "link.jpg" in row.key


@pytest.mark.parametrize("name", ["a.jpg", "./a.jpg"])
@pytest.mark.parametrize("target", ["a.jpg", "./a.jpg"])
def test_a_hard_link_to_a_file_of_the_tar_is_that_file(make_tar, name, target):
    link = special(tarfile.LNKTYPE, target)
    files = open_files(make_tar({name: b"x", "link.jpg": link}))
    assert files.read("link.jpg") == files.read("a.jpg") == b"x"


@pytest.mark.parametrize("name", ["../x.jpg", "/abs.jpg", "a/../../x.jpg", "C:\\x.jpg"])
@pytest.mark.parametrize("packing", ["", ".gz"])
def test_names_that_lead_out_are_left_out_and_nothing_is_written(make_tar, tmp_path, name, packing):
    path = make_tar({name: b"x", "Boots/fine.jpg": b"y", "Shoes/fine.jpg": b"y"}, packing=packing)
    before = set(tmp_path.rglob("*.jpg")) | set(tmp_path.parent.glob("*.jpg"))
    files = open_files(path)
    assert files.keys == ["Boots/fine.jpg", "Shoes/fine.jpg"]
    assert files.skipped == {repr(name): "unsafe name: outside the catalogue, or not Unicode"}
    assert before == set(tmp_path.rglob("*.jpg")) | set(tmp_path.parent.glob("*.jpg"))


def test_a_name_that_is_no_unicode_is_named(make_tar):
    path = make_tar({"café.jpg": b"x", "b.jpg": b"y"}, format=tarfile.GNU_FORMAT)
    damaged = path.read_bytes().replace("café".encode(), b"caf\xe9\xe9")
    header = bytearray(damaged[:512])
    header[148:156] = b" " * 8
    damaged = bytearray(damaged)
    damaged[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(damaged)
    files = open_files(path)
    assert files.keys == ["b.jpg"]
    (name,) = files.skipped
    assert "caf" in name
    name.encode()


def test_half_a_compressed_tar_is_refused_and_leaves_nothing(make_tar, temporary):
    path = make_tar({"a.jpg": os.urandom(5000), "b.jpg": os.urandom(5000)}, packing=".gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"shoes\.tar.* is not whole .*download it again"):
        open_files(path)
    assert not [file for file in temporary.rglob("*") if file.is_file()]
    path.write_bytes(whole)
    assert len(open_files(path).keys) == 2


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_a_tar_cut_off_in_a_file_is_refused(make_tar, packing):
    path = make_tar({"a.jpg": os.urandom(5000), "b.jpg": os.urandom(5000)})
    path.write_bytes(PACKERS[packing](path.read_bytes()[:8000]))
    with pytest.raises(ValueError, match=r"neither a folder nor .*download it again"):
        open_files(path)


def test_a_tar_cut_off_between_files_is_told(make_tar):
    path = make_tar({"a.jpg": b"x" * 512, "b.jpg": b"y" * 512})
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.warns(UserWarning, match="cut off at byte 1,024: files may be missing") as given:
        catalogue = zapsim.load_catalogue(path)
    assert given[0].filename == __file__
    assert "incomplete" in set(catalogue.check()["problem"])


def test_a_damaged_header_in_a_tar_costs_one_picture(make_tar):
    path = make_tar({f"{n}.jpg": b"%d" % n * 512 for n in range(5)})
    data = bytearray(path.read_bytes())
    data[2 * 1024 + 150] ^= 0xFF
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="damaged or cut off at byte 2,048"):
        files = open_files(path)
    assert files.keys == ["0.jpg", "1.jpg", "3.jpg", "4.jpg"]
    assert files.read("4.jpg") == b"4" * 512


def test_a_bomb_is_stopped_and_leaves_nothing(make_tar, temporary, monkeypatch):
    monkeypatch.setattr(unpacked, "_SMALL", 1_000_000)
    path = make_tar({"a.jpg": bytes(5_000_000)}, packing=".gz")
    with pytest.raises(ValueError, match="more than 100 times its size"):
        open_files(path)
    assert not [file for file in temporary.rglob("*") if file.is_file()]


@pytest.mark.parametrize("name", ["BZh-hats/a.jpg", "BZh9/a.jpg"])
def test_a_plain_tar_whose_first_name_begins_as_bzip2_does_is_read(make_tar, name):
    assert open_files(make_tar({name: b"x", "b.jpg": b"y"})).read(name) == b"x"


@pytest.mark.parametrize("packing", ["zip", "tar"])
def test_pictures_that_are_the_same_bytes_over_and_over_are_a_bomb(
    make_tar, tmp_path, monkeypatch, packing
):
    monkeypatch.setattr(unpacked, "_SMALL", 1_000_000)
    if packing == "tar":
        links = {f"{n}": special(tarfile.LNKTYPE, "a.jpg", f"{n}.jpg") for n in range(300)}
        path = make_tar({"a.jpg": bytes(900_000), **links})
    else:
        path = tmp_path / "shoes.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for n in range(3):
                archive.writestr(f"{n}.jpg", bytes(900_000))
    with pytest.raises(ValueError, match=r"shoes\.\w+ grows to more than 100 times its size"):
        open_files(path)


@pytest.mark.parametrize("packing", ["zip", "tar", ".gz"])
def test_more_files_than_an_archive_has_room_for_are_a_bomb(
    make_tar, tmp_path, monkeypatch, packing
):
    monkeypatch.setattr(unpacked, "_FEW", 100)
    for n_files, bomb in ((100, False), (101, packing != "tar")):
        names = [f"{n}.jpg" for n in range(n_files)]
        if packing == "zip":
            monkeypatch.setattr(unpacked, "_LEAST", 1_000)
            path = tmp_path / f"{n_files}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    archive.writestr(name, b"")
        else:
            path = make_tar(dict.fromkeys(names, b""), packing="" if packing == "tar" else packing)
        if bomb:
            with pytest.raises(ValueError, match=f"{path.name} holds more than 100 f.*unpack it"):
                open_files(path)
        else:
            assert len(open_files(path).keys) == n_files


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_name_of_many_megabytes_is_not_read(make_tar, kind):
    path = make_tar({"a.jpg": b"x" * 512, "b.jpg": b"y" * 2_000_000})
    data = bytearray(path.read_bytes())
    # The second header, behind the first file.
    data[1024 + 156 : 1024 + 157] = kind
    header = data[1024:1536]
    header[148:156] = b" " * 8
    data[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(header)
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="files may be missing"):
        assert open_files(path).keys == ["a.jpg"]


@pytest.mark.parametrize("key", ["size", "GNU.sparse.map", "GNU.sparse.size"])
@pytest.mark.parametrize("value", ["-512", "many", "9" * 5_000])
def test_a_number_that_is_none_in_a_tar_is_told(make_tar, key, value):
    info = tarfile.TarInfo("x.jpg")
    info.pax_headers = {key: value, "GNU.sparse.name": "x.jpg"}
    path = make_tar({"a.jpg": b"a", "x.jpg": info})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            catalogue = zapsim.load_catalogue(path)
    except ValueError as error:
        assert re.search(r"shoes\.tar is neither", str(error))
    else:
        assert catalogue.read("a.jpg") == b"a"
        assert "x.jpg" in catalogue.check().to_csv()


@pytest.mark.parametrize("said", [{f"k{n}": "v" for n in range(101)}, {"k": "v" * 70_000}])
def test_what_a_tar_says_of_all_its_files_is_limited(tmp_path, said):
    path = tmp_path / "shoes.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, pax_headers=said) as archive:
        for name in ("a.jpg", "b.jpg"):
            archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(ValueError, match=r"shoes\.tar is neither.*say something of all files"):
        open_files(path)


def test_thousands_of_headers_in_a_row_are_told(tmp_path):
    header = tarfile.TarInfo.create_pax_global_header({"k": "v"})
    path = tmp_path / "shoes.tar"
    path.write_bytes(header * 3_000 + tarfile.TarInfo("a.jpg").tobuf() + bytes(1_024))
    with pytest.raises(ValueError, match=r"shoes\.tar is neither.*headers in a row"):
        open_files(path)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_of_a_million_letters_are_left_out_and_not_kept(tmp_path, monkeypatch, form):
    path = tmp_path / "shoes.tar"
    with tarfile.open(path, "w", format=form) as archive:
        for n in range(20):
            info = tarfile.TarInfo(f"name {n:04}" * 105_000 + ".jpg")
            # Some are links, which are named, too.
            info.type, info.linkname = tarfile.SYMTYPE if n % 2 else tarfile.REGTYPE, "x"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("a.jpg"))
    tracemalloc.start()
    try:
        files = open_files(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert files.keys == ["a.jpg"]
    assert len(files.skipped) == files.left_out.total() == 20
    assert all("…" in name and len(name) < 5_000 for name in files.skipped)
    assert "a name of more than 1,024 characters, longer than any path" in files.skipped.values()
    # One name at a time, a few times over.
    assert most < 12_000_000
    monkeypatch.setattr(names, "_MOST", 5_000)
    with pytest.raises(ValueError, match="The names of the files in .* take more than 5,000 bytes"):
        open_files(path)


@pytest.mark.parametrize("digits", ["1" * 900_000, ("1" * 255 + "x") * 3_900], ids=["all", "most"])
def test_a_name_of_digits_takes_no_time(tmp_path, digits):
    info, path = tarfile.TarInfo("b.jpg"), tmp_path / "shoes.tar"
    info.pax_headers = {"comment": digits}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for each in (tarfile.TarInfo("a.jpg"), info, tarfile.TarInfo("c.jpg")):
            archive.addfile(each)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert {"a.jpg", "c.jpg"} <= {*open_files(path).keys}
    assert time.process_time() - start < 3


def test_a_tar_that_begins_with_an_endless_name_says_so(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 100_000_000
    path = tmp_path / "shoes.tar"
    path.write_bytes(info.tobuf() + bytes(2_000_000))
    message = r"shoes\.tar is neither.*100,000,000 bytes only say what the next file is called"
    with pytest.raises(ValueError, match=message):
        open_files(path)


def test_of_a_tars_headers_nothing_is_kept(make_tar):
    infos = {f"{n}.jpg": tarfile.TarInfo(f"{n}.jpg") for n in range(100)}
    for info in infos.values():
        info.pax_headers = {"comment": "v" * 100_000}
    path = make_tar(infos)
    tracemalloc.start()
    try:
        assert len(open_files(path).keys) == 100
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 3_000_000


@pytest.mark.parametrize("packing", ["zip", ".gz"])
def test_a_table_that_unpacks_to_far_more_than_it_is_is_not_read(
    make_tar, make_zip, encoded, drawn, monkeypatch, packing
):
    monkeypatch.setattr(archives, "_SMALL_TABLE", 1_000_000)
    entries = {"a.jpg": encoded(drawn(0), "JPEG"), "meta-data.csv": b"key\n" + bytes(3_000_000)}
    entries["b.csv"] = entries["meta-data.csv"]
    path = make_zip(entries) if packing == "zip" else make_tar(entries, packing=packing)
    with pytest.warns(UserWarning, match=r"meta-data\.csv .*more than 100 times.*unpack"):
        assert list(zapsim.load_catalogue(path).keys) == ["a.jpg"]
    with pytest.raises(ValueError, match=r"b\.csv .*more than 100 times"):
        zapsim.load_catalogue(path, metadata="b.csv")
    if packing == "zip":
        with pytest.raises(ValueError, match=r"b\.csv .*more than 100 times"):
            read_named(path, "b.csv")


def test_a_zip_of_a_file_without_a_name_is_read(tmp_path):
    info = zipfile.ZipInfo("x")
    info.filename = ""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"x")
        archive.writestr("a.jpg", b"a")
    assert open_files(tmp_path / "a.zip").keys == ["a.jpg"]


def test_a_full_disk_is_told_before_and_while_unpacking(make_tar, monkeypatch, temporary):
    path = make_tar({"a.jpg": os.urandom(3_000_000)}, packing=".gz")
    free = iter([10**9, 10**9, 1000])
    usage = type("usage", (), {"free": property(lambda self: next(free))})
    monkeypatch.setattr(unpacked.shutil, "disk_usage", lambda folder: usage())
    with pytest.raises(TransferError, match=r"could not be unpacked.*TMPDIR"):
        open_files(path)
    assert not [file for file in temporary.rglob("*") if file.is_file()]
    free = iter([1000])
    with pytest.raises(TransferError, match="are free at"):
        open_files(path)


def test_unpacked_once_and_again_when_it_changed(make_tar, temporary, monkeypatch):
    path = make_tar({"a.jpg": b"old"}, packing=".gz")
    assert open_files(path).read("a.jpg") == b"old"
    (first,) = temporary.rglob("*.tar")
    with monkeypatch.context() as patched:
        patched.setattr(unpacked, "_unpack", None)
        before = open_files(path)
        assert before.read("a.jpg") == b"old"
    make_tar({"a.jpg": b"newer"}, packing=".gz")
    os.utime(path, ns=(1, 1))
    assert open_files(path).read("a.jpg") == b"newer"
    (second,) = temporary.rglob("*.tar")
    assert first != second
    with pytest.raises(ConnectionError, match="was changed since"):
        before.read("a.jpg")


@pytest.mark.parametrize("packing", ["zip", "", ".gz"])
def test_a_copy_on_another_machine_is_the_same_archive(make_tar, make_zip, packing):
    entries = {"a.jpg": b"1234"}
    path = make_zip(entries) if packing == "zip" else make_tar(entries, packing=packing)
    state = pickle.dumps(open_files(path))
    copied = shutil.copy2(path, path.with_name("copied"))
    os.replace(copied, path)
    assert pickle.loads(state).read("a.jpg") == b"1234"


@pytest.mark.skipif(sys.platform == "win32", reason="the second date is that of its making there")
@pytest.mark.parametrize("packing", ["", ".gz"])
def test_an_archive_of_the_same_size_and_date_is_another(make_tar, packing):
    path = make_tar({"a.jpg": b"1234"}, packing=packing)
    before, state = open_files(path), path.stat()
    while path.stat().st_ctime_ns == state.st_ctime_ns:
        make_tar({"a.jpg": b"4321"}, packing=packing)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size
    assert open_files(path).read("a.jpg") == b"4321"
    with pytest.raises(ConnectionError, match="was changed since"):
        before.read("a.jpg")


def test_unpacked_again_where_it_was_cleaned_away(make_tar, temporary):
    files = open_files(make_tar({"a.jpg": b"x"}, packing=".gz"))
    for file in temporary.rglob("*.tar"):
        file.unlink()
    assert files.read("a.jpg") == b"x"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have numbers there only")
def test_a_folder_of_somebody_elses_is_not_used(make_tar, monkeypatch):
    user = os.getuid()
    monkeypatch.setattr(unpacked.os, "getuid", lambda: user + 1)
    with pytest.raises(TransferError, match="belongs to someone else"):
        open_files(make_tar({"a.jpg": b"x"}, packing=".gz"))


def test_a_changed_tar_is_not_read_at_the_old_places(make_tar):
    path = make_tar({"a.jpg": b"x"})
    files = open_files(path)
    path.write_bytes(path.read_bytes() + bytes(512))
    with pytest.raises(ConnectionError, match="was changed since"):
        files.read("a.jpg")


# --- what is no archive ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty.*download it again"),
        (b"<html>please log in</html>", "web page.*login"),
        (b"\r\n<!DOCTYPE html><title>Sign in", "web page.*login"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "its kind: 7z.*Unpack it"),
        (b"Rar!\x1a\7\0" + bytes(40), "its kind: RAR.*Unpack it"),
        (bz2.compress(b"tar"), "its kind: bzip2.*Unpack it, and open the folder"),
        (lzma.compress(b"tar"), "its kind: xz.*Unpack it, and open the folder"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "its kind: Zstandard.*Unpack it, and open the folder"),
        (b"key,colour\n", "starts with b'key,colour"),
        (gzip.compress(b"key,colour\n" * 99, mtime=0), "neither a folder nor"),
        (b"PK\3\4" + bytes(40), "download it again"),
    ],
)
@pytest.mark.parametrize("name", ["shoes.zip", "shoes.tar.gz", "shoes"])
def test_what_is_no_archive_is_told_from_its_content(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=rf"(?s)neither a folder nor.*{said}|{said}"):
        open_files(tmp_path / name)


def test_a_picture_is_no_catalogue(make_folder):
    folder = make_folder("a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg is a picture\. Give the folder"):
        open_files(folder / "a.jpg")


@pytest.mark.unix
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(ValueError, match=r"neither a folder .*not a regular file"):
        open_files(tmp_path / "pipe.zip")


def test_an_archive_in_an_archive_is_named_with_what_to_do(make_zip, make_tar):
    outer = make_zip({"in.zip": make_zip(["a.jpg"], "in.zip").read_bytes()}, "outer.zip")
    with pytest.raises(ValueError, match=r"in\.zip is an archive in it: unpack outer\.zip"):
        open_files(outer)
    with pytest.raises(ValueError, match=r"in\.zip is an archive in it: unpack shoes\.tar"):
        open_files(make_tar({"in.zip": b"PK"}))


def test_a_folder_of_archives_says_how_to_open_them(make_zip):
    path = make_zip(["a.jpg"])
    with pytest.raises(
        ValueError, match=r"1 \.zip\. Open the archive itself.*load_catalogue\(.*zip"
    ):
        open_files(path.parent)


def test_archives_that_are_no_parts_of_one_are_not_said_to_be_opened_together(make_zip):
    path = make_zip(["a.jpg"], "b.zip")
    make_zip(["b.jpg"], "a.zip")
    with pytest.raises(ValueError, match=r"2 archives, no parts of one: unpack all.*a\.zip'\)"):
        open_files(path.parent)


def test_parts_in_a_folder_are_opened_together(make_zip):
    names = [f"shoes-20261122T220000Z-1-00{n}.zip" for n in (1, 2)]
    paths = [make_zip([f"{name}.jpg"], name) for name in names]
    with pytest.raises(ValueError, match=r"all its parts with it: load_catalogue\(.*-001\.zip"):
        open_files(paths[0].parent)


def test_a_byte_flipped_anywhere_in_a_zip_is_survived(make_zip):
    """Whatever is damaged: a clear error, or single pictures that cannot be read."""
    path = make_zip({f"Füße/{n}.jpg": b"%d" % n for n in range(3)})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            files = open_files(path)
        except ValueError as error:
            assert "shoes.zip" in str(error)
            continue
        good = 0
        for key in files.keys:
            try:
                good += files.read(key).isdigit()
            except PictureError:
                continue
        assert good >= 2 or at > whole.index(b"PK\1\2")


# --- names in zips ---------------------------------------------------------------------------


def without_flag(path, encode=lambda name: name.encode()):
    """Take the mark of UTF-8 off all entries, whose names are then encoded in another way."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    data = bytearray(path.read_bytes())
    for signature, flag in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flag + 1] &= ~8
    data = bytes(data)
    for name in names:
        other = encode(name)
        assert len(other) == len(name.encode())
        data = data.replace(name.encode(), other)
    path.write_bytes(data)
    return path


def test_names_of_a_finder_zip_are_right(make_zip):
    names = [normalize("NFD", "Füße/Schnürschuh.jpg"), "靴.jpg", "plain.jpg"]
    files = open_files(without_flag(make_zip(names)))
    assert files.keys == sorted(["Füße/Schnürschuh.jpg", "靴.jpg", "plain.jpg"])
    assert all(files.read(key).startswith(b"\xff\xd8") for key in files.keys)


def test_names_in_an_old_encoding_are_read_somehow(make_zip):
    old = {"Mü.jpg": b"M\xfc\xfd.jpg", "b.jpg": b"b.jpg"}
    path = without_flag(make_zip(list(old)), old.get)
    files = open_files(path)
    assert "b.jpg" in files.keys
    assert len(files.keys) == 2
    assert all(files.read(key).startswith(b"\xff\xd8") for key in files.keys)


def in_old_encoding(path, names, made_on, encoding="cp932"):
    """Write a zip whose names are in an old encoding, which it does not say."""
    raws = {chr(65 + n) * len(name.encode(encoding)): name for n, name in enumerate(names)}
    with zipfile.ZipFile(path, "w") as archive:
        for stand_in in raws:
            info = zipfile.ZipInfo(stand_in)
            info.create_system = made_on
            archive.writestr(info, raws[stand_in].encode())
    data = path.read_bytes()
    for stand_in, name in raws.items():
        data = data.replace(stand_in.encode(), name.encode(encoding))
    path.write_bytes(data)
    return path


DOS, UNIX = 0, 3


@pytest.mark.parametrize("made_on", [DOS, UNIX])
@pytest.mark.parametrize("folder", ["", "靴/"])
def test_letters_whose_second_byte_is_that_of_a_backslash_lose_no_picture(
    tmp_path, made_on, folder
):
    names = [f"{folder}{name}.png" for name in ("表", "能", "赤", "ソ")]
    files = open_files(in_old_encoding(tmp_path / "a.zip", names, made_on))
    assert {files.read(key).decode() for key in files.keys} == set(names)
    assert {key.count("/") for key in files.keys} == {folder.count("/")}


def test_backslashes_between_folders_are_slashes_behind_old_letters_too(tmp_path):
    names = ["Menü\\1.png", "Menü\\2.png", "Hüte\\3.png"]
    files = open_files(in_old_encoding(tmp_path / "a.zip", names, DOS, "cp437"))
    assert files.keys == [name.replace("\\", "/") for name in sorted(names)]


def test_the_unicode_name_that_infozip_adds_counts(tmp_path):
    raw, name = b"M\x81ller.jpg", "Müller ★.jpg"
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()

    class Old(zipfile.ZipInfo):
        def _encodeFilenameFlags(self):
            return raw, 0

    info = Old(raw.decode("cp437"))
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"x")
    assert open_files(tmp_path / "a.zip").keys == [name]


# --- parts -----------------------------------------------------------------------------------

STEM = "shoes-20261122T220000Z"


@pytest.mark.parametrize("stem", [f"{STEM}-1-", f"{STEM}-", "drive-download-20261122T220000Z-"])
@pytest.mark.parametrize("given", [1, 2, 3])
def test_parts_are_taken_together_whichever_is_given(make_zip, zip_of, stem, given):
    whole = open_files(make_zip([f"shoes/{n}.jpg" for n in range(3)], "whole.zip"))
    for n in range(3):
        make_zip({f"shoes/{n}.jpg": whole.read(f"shoes/{n}.jpg")}, f"{stem}{n + 1:03}.zip")
    make_zip(["other.jpg"], f"other-{stem}001.zip")
    catalogue = zapsim.load_catalogue(whole.root.with_name(f"{stem}{given:03}.zip"))
    assert catalogue.name == f"{stem}001.zip"
    assert f"from {stem}001.zip and 2 more parts" in repr(catalogue)
    assert [key.rpartition("/")[2] for key in catalogue.keys] == ["0.jpg", "1.jpg", "2.jpg"]
    for key in catalogue.keys:
        assert catalogue.content(key) == whole.content(f"shoes/{key.rpartition('/')[2]}")
        assert catalogue.picture(key).shape == (40, 48, 3)


@pytest.mark.parametrize("there", [[1, 3], [2], [2, 3]])
def test_a_missing_part_is_named(make_zip, there):
    for n in there:
        path = make_zip([f"{n}.jpg"], f"{STEM}-1-{n:03}.zip")
    missing = f"{STEM}-1-00{2 if there == [1, 3] else 1}.zip"
    with pytest.raises(ValueError, match=f"{missing} is not beside it.*Download all parts"):
        open_files(path)


def test_a_part_that_was_downloaded_twice_counts_once(make_zip):
    make_zip(["1.jpg"], f"{STEM}-1-001.zip")
    make_zip(["2.jpg"], f"{STEM}-1-002.zip")
    again = make_zip(["2.jpg"], f"{STEM}-1-002 (1).zip")
    assert [path.name for path in parts_of(again)] == [f"{STEM}-1-001.zip", again.name]
    assert open_files(again).keys == ["1.jpg", "2.jpg"]


@pytest.mark.unix
def test_a_part_that_is_a_link_out_of_the_folder_is_left_out_and_named(make_zip, tmp_path):
    for folder in ("home", "downloads"):
        (tmp_path / folder).mkdir()
    private = make_zip(["private.jpg"], "home/private.zip")
    given = make_zip(["1.jpg"], f"downloads/{STEM}-1-001.zip")
    linked = given.with_name(f"{STEM}-1-002.zip")
    linked.symlink_to(private)
    catalogue = zapsim.load_catalogue(given)
    assert list(catalogue.keys) == ["1.jpg"]
    (row,) = catalogue.check().query("problem == 'skipped'").itertuples()
    assert row.key == linked.name
    assert "links=True" in row.detail
    assert open_files(given, links=True).keys == ["1.jpg", "private.jpg"]
    # One that is given is followed, and so is what stays in the folder.
    assert open_files(linked).keys == ["1.jpg", "private.jpg"]
    linked.unlink()
    linked.symlink_to(make_zip(["2.jpg"], "downloads/two.zip"))
    assert open_files(given).keys == ["1.jpg", "2.jpg"]


def test_a_zip_with_a_number_is_no_part(make_zip):
    for n in (1, 2):
        path = make_zip([f"{n}.jpg"], f"shoes-00{n}.zip")
    assert parts_of(path) == [path]


def test_a_part_that_is_gone_is_no_damaged_picture(make_zip):
    make_zip(["1.jpg"], f"{STEM}-1-001.zip")
    path = make_zip(["2.jpg"], f"{STEM}-1-002.zip")
    files = pickle.loads(pickle.dumps(open_files(path)))
    path.unlink()
    assert files.read("1.jpg")
    with pytest.raises(ConnectionError, match="does not answer"):
        files.read("2.jpg")


# --- pickled, copied, in threads and processes -----------------------------------------------


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz", "parts"])
def source(request, make_folder, zip_of, tar_of, make_zip):
    names = [f"{n % 3}/{n:03}.jpg" for n in range(40)]
    folder = make_folder(*names)
    if request.param == "zip":
        return zip_of(folder)
    if request.param == "parts":
        for n in (1, 2):
            half = {name: (folder / name).read_bytes() for name in names[n - 1 :: 2]}
            path = make_zip(half, f"{STEM}-1-00{n}.zip")
        return path
    packing = {"tar": "", "tar.gz": ".gz"}.get(request.param)
    return folder if packing is None else tar_of(folder, packing=packing)


def bytes_of(catalogue):
    return {key: (catalogue.read(key), catalogue.content(key)) for key in catalogue.keys}


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "again", [lambda c: pickle.loads(pickle.dumps(c)), copy.copy, copy.deepcopy]
)
def test_a_catalogue_can_be_pickled_and_copied(source, used, again):
    catalogue = zapsim.load_catalogue(source)
    if used:
        bytes_of(catalogue)
        catalogue.caption(catalogue.keys[0])
    other = again(catalogue)
    assert repr(other) == repr(catalogue)
    pd.testing.assert_frame_equal(other.table, catalogue.table)
    assert bytes_of(other) == bytes_of(catalogue)
    assert bytes_of(again(other.sample(3))) == bytes_of(other.sample(3))


def test_a_catalogue_that_is_read_in_another_way_can_be_pickled(source):
    grey = greyed(zapsim.load_catalogue(source))
    other = pickle.loads(pickle.dumps(copy.deepcopy(grey)))
    assert other.treatment == "grey"
    assert bytes_of(other.sample(3)) == bytes_of(grey.sample(3))


def assert_processes_read_at_once(catalogue, method, n):
    expected = bytes_of(catalogue)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        runs = [pool.submit(bytes_of, catalogue) for _ in range(n)]
        assert all(run.result() == expected for run in runs)
    assert bytes_of(catalogue) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_forked_processes_read_at_once(source):
    assert_processes_read_at_once(zapsim.load_catalogue(source), "fork", 6)


def test_spawned_processes_read_at_once(zip_of, make_folder):
    catalogue = zapsim.load_catalogue(zip_of(make_folder(*KEYS)))
    assert_processes_read_at_once(catalogue, "spawn", 2)


def _read_all_again_and_again(catalogue, expected, _):
    return all(bytes_of(catalogue) == expected for _ in range(20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_an_open_archive_is_not_shared_with_a_forked_process(source):
    catalogue = zapsim.load_catalogue(source)
    expected = bytes_of(catalogue)
    children = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            os._exit(0 if _read_all_again_and_again(catalogue, expected, 0) else 1)
        children.append(pid)
    assert _read_all_again_and_again(catalogue, expected, 0)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]


def test_threads_read_at_once_even_from_the_first_moment(source):
    other = pickle.loads(pickle.dumps(zapsim.load_catalogue(source)))
    expected = bytes_of(zapsim.load_catalogue(source))
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(partial(_read_all_again_and_again, other, expected), range(8)))


def rewritten(path, data):
    """Put other bytes at the place of an open archive, as a program that writes it again does."""
    path.write_bytes(data)


def replaced(path, data):
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


@pytest.mark.parametrize("change", [rewritten, replaced])
@pytest.mark.parametrize("source", ["zip", "tar", "tar.gz", "parts"], indirect=True)
@pytest.mark.parametrize("how", ["shorter", "longer", "other"])
def test_an_archive_that_changes_while_it_is_open_says_so(source, change, how):
    catalogue = zapsim.load_catalogue(source)
    catalogue.read(catalogue.keys[1])
    data = source.read_bytes()
    other = {"shorter": data[: len(data) // 2], "longer": data + data, "other": bytes(len(data))}
    change(source, other[how])
    os.utime(source, ns=(1, 1))
    with pytest.raises(ConnectionError, match=rf"{source.name} was changed since it was opened"):
        for key in catalogue.keys:
            catalogue.read(key)


def test_an_archive_that_changes_while_a_picture_is_read_says_so(tar_of, make_folder, monkeypatch):
    path = tar_of(make_folder(*KEYS))
    files = open_files(path)
    opened = archives.open_regular

    def late(plain):
        file = opened(plain)
        path.write_bytes(bytes(path.stat().st_size))
        os.utime(path, ns=(1, 1))
        return file

    monkeypatch.setattr(archives, "open_regular", late)
    with pytest.raises(ConnectionError, match="was changed since"):
        files.read(KEYS[0])


def test_a_zip_that_was_replaced_is_not_read_by_the_old_list(make_zip):
    path = make_zip({"a.jpg": b"a", "b.jpg": b"b"})
    files = open_files(path)
    assert files.content("a.jpg") == files.identify("a.jpg")[0]
    state = pickle.dumps(files)
    make_zip({"b.jpg": b"bb", "a.jpg": b"aa"})
    # What was computed of the old one is looked up by this.
    with pytest.raises(ConnectionError, match="was changed since"):
        files.identify("a.jpg")
    with pytest.raises(ConnectionError, match="was changed since"):
        pickle.loads(state).read("a.jpg")


@pytest.mark.parametrize("last", ["old.zip", "table.xlsx"])
def test_a_tar_whose_last_file_is_a_zip_is_a_tar(make_tar, make_folder, zip_of, last):
    inner = zip_of(make_folder("thumb.jpg", name="inner")).read_bytes()
    picture = (make_folder("a.jpg", name="mine") / "a.jpg").read_bytes()
    catalogue = zapsim.load_catalogue(make_tar({"BM.jpg": picture, "b.jpg": picture, last: inner}))
    assert list(catalogue.keys) == ["BM.jpg", "b.jpg"]


def test_a_zip_that_begins_with_a_tar_or_a_program_is_a_zip(make_tar, make_folder, tmp_path):
    picture = (make_folder("a.jpg", name="mine") / "a.jpg").read_bytes()
    tar = make_tar({"b.jpg": picture}).read_bytes()
    for begun in (b"", b"MZ" + bytes(600)):
        path = tmp_path / "begun.zip"
        path.write_bytes(begun)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr("inner.tar", tar)
            archive.writestr("c.jpg", picture)
        assert list(zapsim.load_catalogue(path).keys) == ["c.jpg"]


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_a_second_tar_behind_the_first_is_read_and_told(make_tar, make_folder, packing):
    picture = (make_folder("a.jpg", name="mine") / "a.jpg").read_bytes()
    both = [make_tar({f"{name}.jpg": picture}).read_bytes() for name in "ab"]
    path = make_tar({}, packing=packing)
    path.write_bytes(PACKERS[packing](b"".join(both)))
    with pytest.warns(UserWarning, match=r"more follows its end at byte [\d,]+, such as a second"):
        catalogue = zapsim.load_catalogue(path)
    assert list(catalogue.keys) == ["a.jpg", "b.jpg"]


def test_zeros_behind_a_tar_are_no_damage(make_tar, make_folder):
    picture = (make_folder("a.jpg", name="mine") / "a.jpg").read_bytes()
    path = make_tar({"a.jpg": picture})
    path.write_bytes(path.read_bytes() + bytes(3_000_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_files(path).damage is None


@pytest.mark.parametrize("name", ["b.jpg", "README", "meta-data.csv"])
def test_a_place_beyond_all_files_costs_one_entry(make_folder, tmp_path, name):
    picture = (make_folder("a.jpg", name="mine") / "a.jpg").read_bytes()
    path = tmp_path / "far.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", picture)
        info = zipfile.ZipInfo(name)
        # As a number of 64 bits in its extra field; there is room for it in the list alone.
        info.extra = struct.pack("<HHQ", 9, 8, 0)
        archive.writestr(info, picture)
    data = bytearray(path.read_bytes())
    at = data.rindex(name.encode())
    data[at - 4 : at] = b"\xff" * 4
    data[at + len(name) : at + len(name) + 12] = struct.pack("<HHQ", 1, 8, 2**63)
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalogue = zapsim.load_catalogue(path)
        assert "a.jpg" in catalogue.keys
        catalogue.check()
    if name == "b.jpg":
        with pytest.raises(PictureError, match="b.jpg: cannot be read"):
            catalogue.picture("b.jpg")


def test_a_zip_behind_another_says_what_is_not_read(make_zip, tmp_path):
    path = make_zip(["a.jpg"])
    path.write_bytes(path.read_bytes() + make_zip(["b.jpg"], "second.zip").read_bytes())
    with pytest.warns(UserWarning, match=r"before byte [\d,]+, such as another zip, is not listed"):
        catalogue = zapsim.load_catalogue(path)
    assert list(catalogue.keys) == ["b.jpg"]
    assert "incomplete" in set(catalogue.check()["problem"])
