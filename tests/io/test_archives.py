import bz2
import copy
import gzip
import io
import lzma
import multiprocessing
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from unicodedata import normalize

import pandas as pd
import pytest

import zapsim
from zapsim.io import unpacked
from zapsim.io.archives import parts_of
from zapsim.io.disk import TransferError
from zapsim.io.pictures import PictureError
from zapsim.io.sources import open_files
from zapsim.kinds.blend import greyed

PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
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


def test_a_hard_link_to_a_file_of_the_tar_is_that_file(make_tar):
    link = special(tarfile.LNKTYPE, "a.jpg")
    files = open_files(make_tar({"a.jpg": b"x", "link.jpg": link}))
    assert files.read("link.jpg") == files.read("a.jpg") == b"x"


@pytest.mark.parametrize("name", ["../x.jpg", "/abs.jpg", "a/../../x.jpg", "C:\\x.jpg"])
@pytest.mark.parametrize("packing", ["", ".xz"])
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


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz"])
def test_half_a_compressed_tar_is_refused_and_leaves_nothing(make_tar, packing, temporary):
    path = make_tar({"a.jpg": os.urandom(5000), "b.jpg": os.urandom(5000)}, packing=packing)
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


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz"])
def test_a_bomb_is_stopped_and_leaves_nothing(make_tar, packing, temporary, monkeypatch):
    monkeypatch.setattr(unpacked, "_SMALL", 1_000_000)
    path = make_tar({"a.jpg": bytes(5_000_000)}, packing=packing)
    with pytest.raises(ValueError, match="more than 100 times its size"):
        open_files(path)
    assert not [file for file in temporary.rglob("*") if file.is_file()]


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


def test_what_a_kill_left_is_deleted_after_a_day(make_tar, temporary):
    folder = unpacked.unpacked_folder()
    old, new = folder / ".part-0.tmp", folder / ".part-1.tmp"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    open_files(make_tar({"a.jpg": b"x"}, packing=".gz"))
    assert not old.exists()
    assert new.exists()


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
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "it is a 7z.*Unpack it"),
        (b"Rar!\x1a\7\0" + bytes(40), "it is a RAR.*Unpack it"),
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(ValueError, match="nor a regular file"):
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


def test_a_zip_that_was_replaced_is_not_read_by_the_old_list(make_zip):
    path = make_zip({"a.jpg": b"a", "b.jpg": b"b"})
    state = pickle.dumps(open_files(path))
    make_zip({"b.jpg": b"bb", "a.jpg": b"aa"})
    with pytest.raises(ConnectionError, match="was changed since"):
        pickle.loads(state).read("a.jpg")
