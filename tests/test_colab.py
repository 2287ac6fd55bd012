"""Staging from a folder that looks like a mounted Drive; reading from it fails as it is told."""

import errno
import json
import os
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path
from unicodedata import normalize

import pytest

import zapsim
from zapsim import colab
from zapsim.catalogue import load_catalogue
from zapsim.colab import stage, welcome
from zapsim.io.disk import TransferError
from zapsim.io.sources import TABLES

# Colab is Linux.
pytestmark = pytest.mark.unix

KEYS = [
    "Boots/Ankle/UGG/7001.1.jpg",
    "Sandals/Flat/A%2EP%2EC%2E/7002.9.jpg",
    "Shoes/Oxfords/Bostonian/100627.72.jpg",
    "Shoes/Sneakers and Athletic Shoes/Nike/7003.5.jpg",
    "Slippers/靴 – Schnürschuh/$x^2$ <b>/7004.3.JPG",
]
METADATA = "CID,Material\n100627-72,Leather\n"


@pytest.fixture
def drive(tmp_path, monkeypatch):
    """Return ``MyDrive`` of an empty Drive."""
    mine = tmp_path / "content" / "drive" / "MyDrive"
    mine.mkdir(parents=True)
    monkeypatch.setattr(colab, "DRIVE", mine.parent)
    # The time between two tries is not what is tested.
    monkeypatch.setattr(colab.time, "sleep", lambda _: None)
    return mine


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """Return where copies go to by default."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp" / "zapsim-data" / "MyDrive"


@pytest.fixture
def folder(drive, make_folder):
    """The article's folder, with names of all kinds."""
    made = make_folder(*KEYS, metadata=METADATA)
    (drive / "Data").mkdir()
    return made.rename(drive / "Data" / "ut-zap50k-images-square")


@pytest.fixture
def packed(drive, make_zip):
    """A zip on the Drive, with its metadata beside it."""
    path = make_zip(KEYS).rename(drive / "shoes.zip")
    path.with_name("meta-data.csv").write_text(METADATA)
    return path


class Reading:
    """Count what is read of a folder on Drive, and let it fail."""

    def __init__(self, monkeypatch, folder):
        self.folder, self.counts, self.failures = folder, Counter(), {}
        self._lock, self._read = threading.Lock(), Path.read_bytes
        reading = self
        monkeypatch.setattr(Path, "read_bytes", lambda path: reading(path))

    def __call__(self, path):
        if not path.is_relative_to(self.folder):
            return self._read(path)
        name = path.relative_to(self.folder).as_posix()
        with self._lock:
            self.counts[name] += 1
            failure = self.failures.get(name, self.failures.get("*"))
        if failure is not None and self.counts[name] <= failure[0]:
            if isinstance(failure[1], bytes):
                return failure[1]
            raise failure[1]
        return self._read(path)


@pytest.fixture
def reading(folder, monkeypatch):
    return Reading(monkeypatch, folder)


@pytest.fixture
def many(drive, make_folder, monkeypatch):
    """The reading of a folder of 300 files on Drive, one at a time."""
    made = make_folder(*[f"{number}.jpg" for number in range(300)]).rename(drive / "many")
    monkeypatch.setattr(colab, "_AT_ONCE", 1)
    return Reading(monkeypatch, made)


# So many may be begun before the first failure is seen.
AHEAD = 20

TIMED_OUT = TimeoutError(errno.ETIMEDOUT, "Connection timed out")


def names(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def marks(folder):
    states = {name: (folder / name).stat() for name in names(folder)}
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}


def assert_same(folder, copied):
    assert names(copied) == names(folder) | {".staged.json"}
    for name in names(folder):
        # Not read_bytes(), which tests count.
        with open(copied / name, "rb") as ours, open(folder / name, "rb") as theirs:
            assert ours.read() == theirs.read()


# --- what is not staged ----------------------------------------------------------------------


def test_what_is_not_on_drive_is_returned_as_it_is(tmp_path, drive, disk, capsys):
    (tmp_path / "content" / "drive2").mkdir()
    for source in (None, "shoes.zip", tmp_path, tmp_path / "content" / "drive2", "gone/x.zip"):
        assert stage(source) is source
    assert capsys.readouterr().out == ""
    assert not disk.parent.exists()


@pytest.mark.parametrize("name", ["gone", "gone.zip"])
def test_missing_source_is_named_with_a_way_out(drive, disk, name):
    with pytest.raises(FileNotFoundError, match=rf"Nothing at .*{name}\. .*is Drive mounted"):
        stage(drive / name)
    assert not disk.exists()


def test_drive_that_is_not_mounted(monkeypatch, tmp_path):
    monkeypatch.setattr(colab, "DRIVE", tmp_path / "content" / "drive")
    with pytest.raises(FileNotFoundError, match="is Drive mounted"):
        stage(str(tmp_path / "content" / "drive" / "MyDrive" / "shoes.zip"))


def test_relative_paths_and_links_are_seen_through(folder, drive, disk, tmp_path, monkeypatch):
    monkeypatch.chdir(drive)
    assert stage("Data/ut-zap50k-images-square") == disk / "Data" / folder.name
    (tmp_path / "shortcut").symlink_to(folder)
    assert stage(tmp_path / "shortcut") == disk / "Data" / folder.name


def test_drive_of_links_is_a_drive(drive, disk, make_zip, tmp_path):
    path = make_zip(KEYS, name="elsewhere.zip")
    (drive / "shortcut").symlink_to(path.parent)
    copied = stage(drive / "shortcut" / "elsewhere.zip")
    assert copied == disk / "shortcut" / "elsewhere.zip"
    assert copied.read_bytes() == path.read_bytes()


def test_link_to_a_zip_of_another_name_is_seen_through(packed, tmp_path):
    (tmp_path / "mine.zip").symlink_to(packed)
    copied = stage(tmp_path / "mine.zip")
    assert copied == stage(packed)
    assert copied.read_bytes() == packed.read_bytes()
    assert copied.with_name("meta-data.csv").is_file()


def test_packed_public_name():
    assert zapsim.stage is stage


# --- a zip -----------------------------------------------------------------------------------


def test_zip_is_copied_with_the_metadata_beside_it(packed, disk, capsys):
    copied = stage(packed)
    assert copied == disk / "shoes.zip"
    assert names(disk) == {"shoes.zip", "meta-data.csv"}
    assert copied.read_bytes() == packed.read_bytes()
    table = load_catalogue(copied).table
    assert list(table.index) == sorted(KEYS)
    assert table.loc["Shoes/Oxfords/Bostonian/100627.72.jpg", "Material"] == "Leather"
    said = capsys.readouterr().out
    assert said.startswith(f"5 pictures in {copied} (copied shoes.zip in 0 s, meta-data.csv in 0 s")


def test_zip_can_be_given_as_text_and_the_folder_too(packed, tmp_path):
    copied = stage(str(packed), str(tmp_path / "here"))
    assert copied == tmp_path / "here" / "MyDrive" / "shoes.zip"


def test_zip_that_is_there_is_not_copied_again(packed, disk, capsys, monkeypatch):
    stage(packed)
    capsys.readouterr()
    monkeypatch.setattr(colab, "copy", None)
    assert stage(packed) == disk / "shoes.zip"
    assert capsys.readouterr().out == f"5 pictures in {disk / 'shoes.zip'} (already here)\n"


def test_zip_that_has_changed_is_copied_again(packed, make_zip, disk):
    stage(packed)
    # The same size, another date.
    data = packed.read_bytes()
    packed.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
    assert stage(packed).read_bytes() == packed.read_bytes()
    date = packed.stat().st_mtime_ns
    make_zip(KEYS[:3]).rename(packed)
    os.utime(packed, ns=(date, date))
    assert len(load_catalogue(stage(packed))) == 3


def test_metadata_that_changed_alone_is_copied_alone(packed, disk, capsys):
    stage(packed)
    packed.with_name("meta-data.csv").write_text(METADATA.replace("Leather", "Suede;Satin"))
    capsys.readouterr()
    table = load_catalogue(stage(packed)).table
    assert "(copied meta-data.csv in 0 s)" in capsys.readouterr().out
    assert table["Material"].dropna().tolist() == ["Suede;Satin"]


def test_metadata_that_is_gone_from_drive_is_named(packed, disk, capsys):
    stage(packed)
    packed.with_name("meta-data.csv").unlink()
    capsys.readouterr()
    stage(packed)
    assert capsys.readouterr().out.startswith(
        f"meta-data.csv is no longer beside {packed}; delete {disk / 'meta-data.csv'} if"
    )


def test_zips_of_two_folders_are_not_mixed(packed, drive, make_zip, disk):
    (drive / "other").mkdir()
    other = make_zip(KEYS[:2]).rename(drive / "other" / "shoes.zip")
    first, second = stage(packed), stage(other)
    assert first != second
    assert len(load_catalogue(first)) == 5
    assert len(load_catalogue(second)) == 2
    assert "Material" not in load_catalogue(second).table, "the first one's metadata"


def test_interrupted_zip_leaves_nothing_behind_and_is_copied_by_the_next_call(
    packed, disk, monkeypatch
):
    def interrupted(theirs, ours):
        ours.write(theirs.read(1000))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "copyfileobj", interrupted)
        stage(packed)
    assert names(disk) == set()
    assert stage(packed).read_bytes() == packed.read_bytes()


@pytest.mark.parametrize("data", [b"", b"PK\3\4 half of it", b"<!DOCTYPE html>"])
def test_zip_that_is_not_whole_is_named_and_not_kept(packed, disk, data):
    packed.write_bytes(data)
    message = r"zip was copied, but is not a complete zip of pictures: .*uploaded to the end\?"
    with pytest.raises(TransferError, match=message):
        stage(packed)
    assert not (disk / "shoes.zip").exists()


@pytest.mark.parametrize("place", ["drive", "link", "beside"])
def test_what_lies_on_drive_is_never_the_copy(packed, drive, tmp_path, place):
    packed.write_bytes(packed.read_bytes()[:-30])
    (tmp_path / "link").symlink_to(drive.parent)
    to = {"drive": drive.parent, "link": tmp_path / "link", "beside": packed.parent}[place]
    before = names(drive)
    with pytest.raises(ValueError, match="of the machine's own disk, not of the Drive. Received"):
        stage(packed, to=to)
    assert names(drive) == before


def test_half_uploaded_zip_works_once_it_is_whole(packed):
    data = packed.read_bytes()
    packed.write_bytes(data[:-30])
    with pytest.raises(TransferError, match="Was it uploaded to the end"):
        stage(packed)
    packed.write_bytes(data)
    assert stage(packed).read_bytes() == data


def test_drive_that_goes_away_at_any_time_is_named(packed, disk, monkeypatch):
    stat, looks = Path.stat, 0

    def look(path, **options):
        nonlocal looks
        if path in (packed, packed.with_name("meta-data.csv")):
            looks += 1
            if looks > answered:
                raise OSError(errno.ENOTCONN, "Transport endpoint is not connected", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", look)
    messages = []
    for answered in range(20):
        looks = 0
        try:
            stage(packed, disk.parent / str(answered))
        except TransferError as error:
            messages.append(str(error))
        else:
            break
    assert len(messages) >= 6, "on the way in, and for each of two files before and after"
    for message in messages:
        assert "Transport endpoint is not connected" in message
        assert message.endswith("is connected, and run again to go on.")


def test_zip_of_no_pictures_is_refused(drive, make_zip, disk):
    path = make_zip({"readme.txt": b"hello"}).rename(drive / "texts.zip")
    with pytest.raises(TransferError, match=r"not a complete zip of pictures: No pictures in"):
        stage(path)


def test_full_disk_is_found_before_a_zip_is_copied(packed, disk, monkeypatch):
    usage = type("usage", (), {"free": 50_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(TransferError, match=r"shoes\.zip takes 0 MB, and 50 MB are free at"):
        stage(packed)
    assert names(disk) == set()


@pytest.mark.parametrize("name", ["shoes.zip", "Data/ut-zap50k-images-square"])
def test_file_in_place_of_the_target_folder(packed, folder, drive, tmp_path, name):
    (tmp_path / "here").write_text("a file")
    with pytest.raises(TransferError, match="Could not write .*here"):
        stage(drive / name, tmp_path / "here")


# --- a folder --------------------------------------------------------------------------------


def test_folder_is_copied_whatever_the_names(folder, disk, capsys):
    copied = stage(folder)
    assert copied == disk / "Data" / "ut-zap50k-images-square"
    assert_same(folder, copied)
    assert load_catalogue(copied).table.equals(load_catalogue(folder).table)
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"Listing {folder} …"
    assert last == f"6 files in {copied}"


def test_progress_is_shown(folder, disk, capsys):
    stage(folder)
    assert f"{folder.name}: 100%" in capsys.readouterr().err


def test_finished_copy_is_neither_listed_nor_copied_again(
    folder, disk, reading, capsys, monkeypatch
):
    copied = stage(folder)
    assert sum(reading.counts.values()) == 6
    capsys.readouterr()
    monkeypatch.setattr(colab, "walk_folder", None)
    assert stage(folder) == copied
    said = capsys.readouterr().out
    assert said == f"6 files in {copied} (already here; delete it to copy it again)\n"
    assert sum(reading.counts.values()) == 6


@pytest.mark.parametrize("change", ["delete", "cut", "forget"])
def test_copy_that_lacks_something_gets_just_that(folder, disk, reading, change):
    copied = stage(folder)
    reading.counts.clear()
    if change == "delete":
        (copied / KEYS[2]).unlink()
    elif change == "cut":
        (copied / KEYS[2]).write_bytes(b"short")
    else:
        (copied / ".staged.json").write_text('{"half": ')
    stage(folder)
    assert_same(folder, copied)
    assert reading.counts == ({} if change == "forget" else {KEYS[2]: 1})


@pytest.mark.parametrize("written", ["[[1, 2]]", '{"a\\u0000": 1}', "[1]", '{"a": null}'])
def test_a_list_of_what_was_copied_that_is_none_is_made_again(folder, disk, written):
    path = stage(folder) / ".staged.json"
    listed = json.loads(path.read_text())
    path.write_text(written)
    assert json.loads((stage(folder) / ".staged.json").read_text()) == listed


def test_deleted_copy_is_made_again_with_what_is_new(folder, disk, make_folder):
    copied = stage(folder)
    (folder / "Boots" / "new.jpg").write_bytes(b"new")
    (copied / ".staged.json").unlink()
    assert_same(folder, stage(folder))


def test_interrupted_folder_copies_only_what_is_missing(folder, disk, reading, monkeypatch):
    monkeypatch.setattr(colab, "_AT_ONCE", 1)
    reading.failures[KEYS[3]] = (1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage(folder)
    copied = disk / "Data" / folder.name
    before = names(copied)
    assert KEYS[3] not in before
    reading.counts.clear()
    reading.failures.clear()
    stage(folder)
    assert set(reading.counts) == names(folder) - before and KEYS[3] in reading.counts
    assert set(reading.counts.values()) == {1}
    assert_same(folder, copied)


@pytest.fixture
def interrupted(folder, reading):
    """The copy of a folder that was not finished, for want of the last file."""
    reading.failures[KEYS[4]] = (99, TIMED_OUT)
    with pytest.raises(TransferError):
        stage(folder)
    reading.failures.clear()
    reading.counts.clear()


def test_what_changed_on_drive_after_an_interruption_is_as_it_is_there(
    folder, disk, reading, interrupted
):
    (folder / KEYS[0]).unlink()
    os.rename(folder / "meta-data.csv", folder / "old.csv")
    same_size = (folder / KEYS[1]).read_bytes()[::-1]
    (folder / KEYS[1]).write_bytes(same_size)
    reading.counts.clear()
    assert_same(folder, stage(folder))
    assert set(reading.counts) == {KEYS[1], KEYS[4], "old.csv"}


def test_what_stage_did_not_copy_is_not_deleted(folder, disk, tmp_path, interrupted):
    copied = disk / "Data" / folder.name
    (tmp_path / "own.jpg").write_bytes(b"own")
    (copied / "own.jpg").write_bytes(b"own")
    listed = json.loads((copied / ".staged.json").read_text())
    outside = os.path.relpath(tmp_path / "own.jpg", copied)
    (copied / ".staged.json").write_text(json.dumps(listed | {outside: [3, 0], "gone.jpg": [3, 0]}))
    stage(folder)
    assert (tmp_path / "own.jpg").exists() and (copied / "own.jpg").exists()


def test_a_folder_that_cannot_be_listed_keeps_what_was_copied_of_it(
    folder, disk, reading, interrupted, monkeypatch
):
    scandir = os.scandir

    def fail(path):
        if str(path).startswith(str(folder)) and str(path).endswith("Oxfords"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        for _ in range(2):
            with pytest.raises(TransferError, match="1 of 6 files"):
                stage(folder)
    (folder / KEYS[2]).unlink()
    assert_same(folder, stage(folder))
    assert KEYS[2] not in reading.counts


def test_nothing_is_begun_after_an_interruption(many, disk):
    many.failures["*"] = (1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage(many.folder)
    assert len(many.counts) <= AHEAD


def test_file_that_fails_twice_is_read_a_third_time(folder, disk, reading, monkeypatch):
    pauses = []
    monkeypatch.setattr(colab.time, "sleep", pauses.append)
    reading.failures[KEYS[1]] = (2, TIMED_OUT)
    assert_same(folder, stage(folder))
    assert reading.counts[KEYS[1]] == 3
    assert sorted(pauses) == [0] * 6 + [1, 2]


def test_file_that_comes_short_is_read_again(folder, disk, reading):
    reading.failures[KEYS[1]] = (2, b"short")
    assert_same(folder, stage(folder))


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(TIMED_OUT, "Connection timed out"), (b"short", r"5 bytes instead of \d+")],
)
def test_file_that_always_fails_is_named_and_the_others_are_kept(
    folder, disk, reading, failure, reason
):
    reading.failures[KEYS[1]] = (99, failure)
    message = rf"1 of 6 files could not be copied from .*'{KEYS[1]}' \(.*{reason}.*run again"
    with pytest.raises(TransferError, match=message) as caught:
        stage(folder)
    copied = disk / "Data" / folder.name
    assert f" are in {copied}: run again" in str(caught.value)
    assert names(copied) == names(folder) - {KEYS[1]} | {".staged.json"}
    assert len(load_catalogue(copied)) == 4
    reading.failures.clear()
    reading.counts.clear()
    assert_same(folder, stage(folder))
    assert reading.counts == {KEYS[1]: 1}


def test_drive_that_is_gone_is_not_asked_for_every_file(many, disk, monkeypatch):
    many.failures["*"] = (99, OSError(errno.ENOTCONN, "Transport endpoint is not connected"))
    monkeypatch.setattr(colab, "_TOO_MANY", 10)
    message = r"10 of 300 files .*Transport endpoint is not conn"
    with pytest.raises(TransferError, match=message):
        stage(many.folder)
    assert len(many.counts) <= AHEAD
    many.failures.clear()
    assert_same(many.folder, stage(many.folder))


def test_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(folder, disk, monkeypatch):
    scandir = os.scandir

    def fail(path):
        if str(path).endswith("Oxfords"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        with pytest.raises(TransferError, match=r"1 of 6 files .*Oxfords.*Input/output error"):
            stage(folder)
    assert_same(folder, stage(folder))


def test_listing_looks_at_many_files_at_once_and_shows_how_far_it_is(
    folder, disk, capsys, monkeypatch
):
    stat, together = Path.stat, threading.Barrier(len(KEYS) + 1)

    def look(path, **options):
        # Nobody gets an answer before all have asked; one after another, it breaks.
        if path.is_relative_to(folder) and path.suffix:
            together.wait(timeout=10)
        return stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", look)
        listed, failed = colab._list(folder)
    assert listed == marks(folder)
    assert not failed
    said = capsys.readouterr().err
    assert "Listing: 100%" in said
    assert "6/6" in said


def test_link_to_nowhere_is_named(folder, disk):
    (folder / "Boots" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    with pytest.raises(TransferError, match=r"1 of 7 files .*'Boots/gone\.jpg' \(.*No such file"):
        stage(folder)


def test_linked_folders_are_copied_once_as_a_catalogue_sees_them(folder, drive, disk, make_folder):
    (drive / "shared").mkdir()
    (drive / "shared" / "1.jpg").write_bytes(b"1")
    (folder / "shortcut").symlink_to(drive / "shared")
    (folder / "circle").symlink_to(folder)
    copied = stage(folder)
    assert (copied / "shortcut" / "1.jpg").read_bytes() == b"1"
    assert load_catalogue(copied).keys.equals(load_catalogue(folder, links=True).keys)


def test_links_that_lead_out_of_the_drive_are_not_followed_and_said(folder, disk, tmp_path, capsys):
    wanted = names(folder)
    (tmp_path / "private.jpg").write_bytes(b"mine")
    (folder / "x.jpg").symlink_to(tmp_path / "private.jpg")
    os.mkfifo(folder / "y.jpg")
    assert names(stage(folder)) == wanted | {".staged.json"}
    said = capsys.readouterr().out
    assert "Not copied: 'x.jpg', a link that leads out" in said
    assert "Not copied: 'y.jpg', a pipe" in said


@pytest.mark.parametrize("name", ["shoes.zip", "meta-data.csv"])
def test_a_pipe_is_not_copied(packed, disk, name):
    path = packed.with_name(name)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(TransferError, match=f"{name} is not a regular file"):
        stage(packed)


def test_what_a_mac_leaves_beside_pictures_is_not_copied(folder, disk):
    wanted = names(folder)
    for name in ("._a.jpg", ".hidden/a.jpg", "__MACOSX/._a.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert names(stage(folder)) == wanted | {".staged.json"}


@pytest.mark.parametrize("kind", TABLES)
def test_whatever_can_be_metadata_is_copied(folder, disk, kind):
    (folder / f"Boots/about{kind}").write_bytes(b"anything")
    assert_same(folder, stage(folder))


def test_only_pictures_and_tables_are_copied(folder, disk):
    documents = ["notes.gdoc", ".DS_Store", "Boots/half.jpg.part", ".staged.json", "huge.zip"]
    for name in documents:
        (folder / name).write_bytes(b"{}")
    copied = stage(folder)
    assert names(copied) == {*KEYS, "meta-data.csv", ".staged.json"}


@pytest.mark.parametrize("inside", [None, "shoes.zip"])
def test_folder_without_pictures_is_not_staged(drive, disk, inside):
    (drive / "Data").mkdir()
    if inside:
        (drive / "Data" / inside).write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"No pictures in .*Data\. .*or the \.zip itself"):
        stage(drive / "Data")


def test_folders_of_one_name_are_not_mixed(folder, drive, disk, make_folder):
    (drive / "other").mkdir()
    other = make_folder("Boots/only.jpg").rename(drive / "other" / folder.name)
    for _ in range(2):
        assert_same(folder, stage(folder))
        assert_same(other, stage(other))


def test_folder_within_a_staged_folder_keeps_both_finished(folder, drive, disk, reading):
    stage(drive / "Data")
    stage(folder)
    reading.counts.clear()
    stage(drive / "Data")
    stage(folder)
    assert not reading.counts


def test_full_disk_is_found_before_a_folder_is_copied(folder, disk, reading, monkeypatch):
    usage = type("usage", (), {"free": 50_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(TransferError, match="ut-zap50k-images-square takes 0 MB, and 50 MB"):
        stage(folder)
    assert not reading.counts


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_disk_that_takes_no_more_stops_at_once(many, disk, monkeypatch, code):
    write, written = Path.write_bytes, []

    def full(path, data):
        if len(written) >= 5:
            write(path, data[:1])
            raise OSError(code, os.strerror(code), str(path))
        written.append(path)
        return write(path, data)

    with (
        monkeypatch.context() as patch,
        pytest.raises(TransferError, match=r"Could not write .*many.*Free some space"),
    ):
        patch.setattr(Path, "write_bytes", full)
        stage(many.folder)
    assert len(many.counts) <= AHEAD
    assert max(many.counts.values()) == 1, "reading again would not help"
    copied = disk / "many"
    assert len(names(copied)) == 5, "four of them pictures"
    assert not list(copied.rglob("*.tmp"))
    many.counts.clear()
    assert_same(many.folder, stage(many.folder))
    assert len(many.counts) == 296, "what was copied is kept"


def test_picture_that_changes_on_drive_after_the_listing_is_named(folder, disk, reading):
    reading.failures[KEYS[0]] = (3, b"another picture")
    with pytest.raises(TransferError, match="15 bytes instead of"):
        stage(folder)
    reading.counts[KEYS[0]] = 9
    assert_same(folder, stage(folder))


def test_list_of_what_was_copied_is_whole(folder, disk):
    listed = json.loads((stage(folder) / ".staged.json").read_text())
    assert listed == marks(folder)
    assert normalize("NFC", KEYS[4]) in listed


# --- the first cell --------------------------------------------------------------------------


def test_welcome_with_drive(capsys):
    welcome(Path("/content/drive/MyDrive/zapsim"))
    assert capsys.readouterr().out == (
        f"zapsim {zapsim.__version__} from your Drive (/content/drive/MyDrive/zapsim); "
        "your Drive is at /content/drive/MyDrive.\n"
    )


def test_welcome_from_github(capsys):
    welcome("https://github.com/zapsim/zapsim/archive/main.zip")
    said = capsys.readouterr().out
    assert f"zapsim {zapsim.__version__} from GitHub (https://github.com/zapsim/zapsim/" in said
    assert said.endswith("your Drive is at /content/drive/MyDrive.\n")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("mount failed: timed out\nmore\nlines"), "mount failed: timed out"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (RuntimeError(" \n"), "RuntimeError"),
    ],
)
def test_welcome_without_drive_is_one_line_that_says_what_works(capsys, error, reason):
    welcome("https://github.com/zapsim/zapsim/archive/main.zip", error)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert f"). No Drive ({reason}): everything still runs on MiniZap" in said
    assert "Run this cell again to be asked again." in said


# --- parts, and what is not read -------------------------------------------------------------


def test_all_parts_of_a_zip_are_copied(drive, disk, make_zip):
    for n in (1, 2):
        name = f"shoes-20261122T220000Z-1-00{n}.zip"
        path = make_zip(KEYS[n : n + 1], name).rename(drive / name)
    copied = stage(path)
    assert copied == disk / path.name
    assert list(zapsim.load_catalogue(copied).keys) == sorted(KEYS[1:3])
    (drive / "shoes-20261122T220000Z-1-001.zip").unlink()
    with pytest.raises(ValueError, match=r"-001\.zip is not beside it"):
        stage(path)


def test_a_part_that_is_gone_from_drive_counts_no_more(drive, disk, make_zip, capsys):
    for number in (1, 2):
        name = f"Data-20260101T000000Z-1-00{number}.zip"
        shutil.copy(make_zip([f"{number}.jpg", f"{number}{number}.jpg"]), drive / name)
    first = drive / "Data-20260101T000000Z-1-001.zip"
    stage(first)
    assert "4 pictures in" in capsys.readouterr().out
    (drive / "Data-20260101T000000Z-1-002.zip").unlink()
    stage(first)
    said = capsys.readouterr().out
    assert "1-002.zip is no longer beside" in said and "2 pictures in" in said
    assert len(list(disk.glob("*.old"))) == 1


def test_what_is_not_read_is_not_copied_and_said(drive, disk, make_folder, capsys):
    folder = make_folder("1.jpg", "2.heic", "a/3.HEIC", "4.psd", "._5.heic", "notes.txt")
    folder.rename(drive / "shop")
    stage(drive / "shop")
    assert "Not copied, for they cannot be read: 2 .heic, 1 .psd" in capsys.readouterr().out
