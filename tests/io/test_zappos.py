"""UT-Zappos50K, fetched from a local server that holds a small stand-in."""

import functools
import http.server
import shutil
import struct
import subprocess
import threading
import zipfile
from hashlib import sha256

import pytest

from zapsim.catalogue import load_catalogue
from zapsim.io import zappos
from zapsim.io.disk import TransferError
from zapsim.io.zappos import COMPARISONS, fetch_zappos

KEYS = [
    "Boots/Ankle/UGG/7001.1.jpg",
    "Sandals/Flat/A%2EP%2EC%2E/7002.9.jpg",
    "Shoes/Oxfords/Bostonian/100627.72.jpg",
    "Shoes/Sneakers and Athletic Shoes/Nike/7003.5.jpg",
]
METADATA = (
    b"CID,Category,SubCategory,HeelHeight,Insole,Closure,Gender,Material,ToeStyle\r\n"
    b"7003-5,Shoes,Sneakers and Athletic Shoes,,,Lace up,Men,,\r\n"
    b"100627-72,Shoes,Oxfords,,,Lace up,Men,Leather;Suede,Round Toe\r\n"
    b"7002-9,Sandals,Flat,Flat,,Buckle,Women,,\r\n"
)
LABELS = b"MATLAB 5.0 MAT-file" + bytes(200)
DATA, SQUARE = "ut-zap50k-data.zip", "ut-zap50k-images-square.zip"


def pack(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def pictures(drawn, encoded, size, keys=KEYS):
    return {key: encoded(drawn(n, size), "JPEG") for n, key in enumerate(keys)}


@pytest.fixture
def www(tmp_path, drawn, encoded, monkeypatch):
    """A folder of stand-ins, in the layout of the real ones."""
    folder = tmp_path / "www"
    folder.mkdir()
    for name, size in {"ut-zap50k-images-square": (40, 40), "ut-zap50k-images": (40, 30)}.items():
        images = pictures(drawn, encoded, size)
        pack(folder / f"{name}.zip", {f"{name}/{key}": data for key, data in images.items()})
    inside = {
        f"ut-zap50k-data/{name}": data
        for name, data in {
            "readme.txt": b"hello",
            "meta-data.csv": METADATA,
            COMPARISONS: LABELS,
        }.items()
    }
    pack(folder / DATA, inside)
    monkeypatch.setattr(zappos, "N_PICTURES", len(KEYS))
    return folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(www):
    handler = functools.partial(_Handler, directory=www)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked = []
        server.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fetch(server, tmp_path):
    return lambda **options: fetch_zappos(tmp_path / "zappos", address=server.address, **options)


@pytest.fixture
def refused(fetch, tmp_path):
    """Return ``refused(match)``: fetches in vain; no file of pictures may be there afterwards."""

    def call(match, gone=SQUARE):
        with pytest.raises(TransferError, match=match) as caught:
            fetch()
        assert not (tmp_path / "zappos" / gone).exists()
        return str(caught.value)

    return call


def test_what_is_fetched_opens_with_its_metadata(fetch, tmp_path):
    path = fetch()
    assert path == tmp_path / "zappos" / SQUARE
    catalogue = load_catalogue(path)
    assert list(catalogue.keys) == KEYS
    shoe = catalogue.table.loc["Shoes/Oxfords/Bostonian/100627.72.jpg"]
    assert shoe["CID"] == "100627-72"
    assert shoe["Material"] == "Leather;Suede"
    assert catalogue.table["Gender"].fillna("").tolist() == ["", "Women", "Men", "Men"]
    assert catalogue.table["Brand"].tolist() == ["UGG", "A.P.C.", "Bostonian", "Nike"]
    assert catalogue.picture(KEYS[0]).shape == (40, 40, 3)
    assert path.with_name(COMPARISONS).read_bytes() == LABELS


def test_nothing_else_is_left_in_the_folder(fetch):
    names = {SQUARE, f"{SQUARE}.sha256", DATA, f"{DATA}.sha256", "meta-data.csv", COMPARISONS}
    assert {path.name for path in fetch().parent.iterdir()} == names


def test_terms_come_first(fetch, server, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(
        zappos, "download", lambda *_: shown.append(capsys.readouterr().out) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        fetch()
    (terms,) = shown
    assert terms.startswith("UT-Zappos50K is for academic, non-commercial use only")
    assert "may not be passed on" in terms
    assert "https://vision.cs.utexas.edu/projects/finegrained/utzap50k/" in terms
    assert "A. Yu and K. Grauman" in terms
    assert "CVPR 2014" in terms


def test_terms_come_with_every_call_and_the_result_at_the_end(fetch, capsys):
    for _ in range(2):
        path = fetch()
        first, *_, last = capsys.readouterr().out.splitlines()
        assert first.startswith("UT-Zappos50K is for academic, non-commercial use only")
        assert last == f"4 pictures in {path}"


def test_second_call_downloads_nothing(fetch, server):
    path = fetch()
    before = {file: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    assert sorted(server.asked) == [f"/{DATA}", f"/{SQUARE}"]
    assert fetch() == path
    assert len(server.asked) == 2
    assert {file: file.stat().st_mtime_ns for file in path.parent.iterdir()} == before


def test_both_versions_lie_in_one_folder(fetch, server):
    square, original = fetch(), fetch(square=False)
    assert original.name == "ut-zap50k-images.zip"
    assert original.parent == square.parent
    assert server.asked.count(f"/{DATA}") == 1, "what both need is fetched once"
    assert load_catalogue(square).picture(KEYS[0]).shape == (40, 40, 3)
    assert load_catalogue(original).picture(KEYS[0]).shape == (30, 40, 3)
    assert load_catalogue(original).table.equals(load_catalogue(square).table)


def test_address_needs_no_slash_at_its_end_and_the_folder_may_be_at_home(
    server, tmp_path, monkeypatch
):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    path = fetch_zappos("~/mine", address=server.address.rstrip("/"))
    assert path == tmp_path / "mine" / SQUARE


@pytest.mark.parametrize("entries", [{"x.txt": b"hi"}, {"meta-data.csv": METADATA}])
def test_data_that_hold_something_else_than_was_recorded_are_named(fetch, tmp_path, entries):
    fetch()
    path = tmp_path / "zappos" / DATA
    pack(path, entries)
    path.with_name(f"{DATA}.sha256").write_text(sha256(path.read_bytes()).hexdigest())
    with pytest.raises(TransferError, match=rf"{DATA}: it does not contain .* Delete it and .*256"):
        fetch()


# --- the record ------------------------------------------------------------------------------


def test_record_is_the_sha256_of_what_the_server_holds(fetch, www):
    path = fetch()
    for name in (SQUARE, DATA):
        text = path.with_name(f"{name}.sha256").read_text()
        assert text == f"{sha256((www / name).read_bytes()).hexdigest()}  {name}\n"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_record_is_in_the_format_of_sha256sum(fetch):
    path = fetch()
    command = ["sha256sum", "--check", "--strict", f"{SQUARE}.sha256", f"{DATA}.sha256"]
    said = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True)
    assert said.stdout == f"{SQUARE}: OK\n{DATA}: OK\n"


@pytest.mark.parametrize("name", [SQUARE, DATA])
def test_flipped_bit_is_found_and_says_what_to_do(fetch, server, name):
    path = fetch().with_name(name)
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(TransferError, match=rf"{name} is not what was downloaded.*Delete both"):
        fetch()
    assert len(server.asked) == 2, "nothing is deleted or downloaded over a user's head"
    path.unlink()
    path.with_name(f"{name}.sha256").unlink()
    assert len(load_catalogue(fetch())) == 4


def test_deleting_the_file_alone_is_enough(fetch, server):
    path = fetch()
    path.unlink()
    fetch()
    assert server.asked.count(f"/{SQUARE}") == 2
    fetch()


@pytest.mark.parametrize("text", ["", "\n", "0123  other.zip\n"])
def test_record_that_does_not_fit_is_not_believed(fetch, text):
    fetch().with_name(f"{SQUARE}.sha256").write_text(text)
    with pytest.raises(TransferError, match=r"no longer the one in ut-.*\.sha256\. Delete both"):
        fetch()


@pytest.mark.parametrize(
    "data", ["0123".encode("utf-16"), b"\xff", bytes(20_000)], ids=["UTF-16", "no text", "long"]
)
def test_record_that_is_no_text_or_too_long_is_not_believed(fetch, data):
    fetch().with_name(f"{SQUARE}.sha256").write_bytes(data)
    with pytest.raises(TransferError, match=r"no longer the one in ut-.*\.sha256\. Delete both"):
        fetch()


@pytest.mark.unix
@pytest.mark.parametrize("name", [SQUARE, f"{SQUARE}.sha256", "meta-data.csv"])
def test_devices_are_not_read(fetch, name):
    path = fetch().with_name(name)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(TransferError, match=rf"{name} is not a regular file"):
        fetch()


def test_lost_record_is_checked_and_written_again(fetch, server):
    record = fetch().with_name(f"{SQUARE}.sha256")
    text = record.read_text()
    record.unlink()
    fetch()
    assert record.read_text() == text
    assert len(server.asked) == 2


def test_file_put_there_by_hand_is_checked_and_recorded(fetch, server, www, tmp_path):
    (tmp_path / "zappos").mkdir()
    shutil.copy(www / SQUARE, tmp_path / "zappos")
    path = fetch()
    assert f"/{SQUARE}" not in server.asked
    assert path.with_name(f"{SQUARE}.sha256").exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"<!DOCTYPE html><title>404</title>",
            "not a complete zip.*it starts with b'<!DOCTYPE",
        ),
        (b"", "not a complete zip.*it starts with b''"),
        (b"PK\x05\x06" + bytes(18), "No pictures in"),
    ],
)
def test_wrong_file_put_there_by_hand_is_named_and_kept(fetch, tmp_path, data, reason):
    mine = tmp_path / "zappos" / SQUARE
    mine.parent.mkdir()
    mine.write_bytes(data)
    with pytest.raises(TransferError, match=rf"{SQUARE}: .*{reason}.*Delete it, and run again\."):
        fetch()
    assert mine.read_bytes() == data
    assert not mine.with_name(f"{SQUARE}.sha256").exists()


def test_file_that_was_cut_by_hand_is_found(fetch, tmp_path, www):
    mine = tmp_path / "zappos" / SQUARE
    mine.parent.mkdir()
    mine.write_bytes((www / SQUARE).read_bytes()[:-50])
    with pytest.raises(TransferError, match="not a complete zip.*it starts with b.PK"):
        fetch()


@pytest.mark.parametrize("name", ["meta-data.csv", COMPARISONS])
def test_what_was_lost_is_taken_out_again_and_what_was_edited_is_kept(fetch, server, capsys, name):
    path = fetch().with_name(name)
    original = path.read_bytes()
    path.write_bytes(b"CID,Price\r\n7003-5,99\r\n")
    capsys.readouterr()
    fetch()
    assert path.read_bytes() == b"CID,Price\r\n7003-5,99\r\n"
    (said,) = [line for line in capsys.readouterr().out.splitlines() if name in line]
    assert said == (
        f"{path} differs from the one in {DATA}, and is kept. For the original, delete it "
        "and call again."
    )
    path.unlink()
    fetch()
    assert path.read_bytes() == original
    assert name not in capsys.readouterr().out
    assert len(server.asked) == 2


# --- servers that hold something else --------------------------------------------------------


def test_wrong_number_of_pictures_is_refused(refused, monkeypatch, server):
    monkeypatch.setattr(zappos, "N_PICTURES", 5)
    refused(r"not what was expected: 4 pictures, with Shoes/Oxf.*; UT-Zappos50K has 5, with it")
    assert f"/{DATA}" not in server.asked


def test_missing_first_picture_is_refused(refused, www, drawn, encoded):
    pack(www / SQUARE, pictures(drawn, encoded, (40, 40), [*KEYS[:2], KEYS[3], "Boots/1.1.jpg"]))
    refused("4 pictures, without Shoes/Oxfords/Bostonian/100627.72.jpg")


@pytest.mark.parametrize("name", [SQUARE, DATA])
def test_page_in_place_of_a_zip_is_refused(refused, www, name):
    (www / name).write_bytes(b"<!DOCTYPE html><title>Log in</title>")
    message = refused("not a complete zip, perhaps a login page; it starts with", gone=name)
    assert message.endswith("Run again.")


def test_file_that_is_not_there_is_refused(refused, www):
    (www / SQUARE).unlink()
    refused("answered 404 .*Has it moved")


def test_interrupted_between_the_two_files_goes_on_with_the_second(fetch, refused, www, server):
    (www / DATA).rename(www / "away")
    refused("answered 404", gone=DATA)
    (www / "away").rename(www / DATA)
    fetch()
    assert server.asked.count(f"/{SQUARE}") == 1


@pytest.mark.parametrize("missing", ["meta-data.csv", COMPARISONS])
def test_data_that_lack_a_file_are_refused_and_fetched_again(fetch, refused, www, missing):
    inside = {"x/meta-data.csv": METADATA, f"x/{COMPARISONS}": LABELS}
    pack(www / DATA, {name: data for name, data in inside.items() if missing not in name})
    refused(f"it does not contain {missing}", gone=DATA)
    pack(www / DATA, inside)
    assert fetch().with_name("meta-data.csv").read_bytes() == METADATA


def test_damaged_data_are_refused(refused, www):
    data = bytearray((www / DATA).read_bytes())
    at = data.index(METADATA[:20]) if METADATA[:20] in data else data.index(b"meta-data.csv") + 20
    data[at : at + 20] = bytes(20)
    (www / DATA).write_bytes(data)
    refused(rf"meta-data\.csv in {DATA}\S* cannot be read", gone=DATA)


def zero(path, name, beyond=40):
    """Overwrite some of an entry's compressed data; the zip's directory stays as it is."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
    data = bytearray(path.read_bytes())
    begin = entry.header_offset + 30 + len(entry.filename) + beyond
    data[begin : begin + 60] = bytes(60)
    path.write_bytes(data)


@pytest.mark.parametrize("key", KEYS)
def test_damaged_picture_is_refused_and_a_whole_one_fetched(fetch, refused, www, key):
    whole = (www / SQUARE).read_bytes()
    zero(www / SQUARE, f"ut-zap50k-images-square/{key}")
    message = refused(rf"not what was expected: .*{key} in it is damaged \(")
    assert message.endswith("Run again.")
    (www / SQUARE).write_bytes(whole)
    assert fetch().with_name(f"{SQUARE}.sha256").exists()


@pytest.mark.parametrize("data", [b"this is no picture at all", b"", bytes(900)])
def test_first_picture_that_is_none_is_refused(refused, www, drawn, encoded, data):
    pack(www / SQUARE, pictures(drawn, encoded, (40, 40)) | {zappos.FIRST: data})
    refused(rf"not what was expected: {zappos.FIRST}: (cannot be read as a picture|.* is empty)")


def test_damaged_file_put_there_by_hand_is_named_and_kept(fetch, www, tmp_path):
    mine = tmp_path / "zappos" / SQUARE
    mine.parent.mkdir()
    shutil.copy(www / SQUARE, mine)
    zero(mine, f"ut-zap50k-images-square/{KEYS[3]}")
    with pytest.raises(TransferError, match=r"Nike/7003.5.jpg in it is damaged .*Delete it"):
        fetch()
    assert mine.exists()
    assert not mine.with_name(f"{SQUARE}.sha256").exists()


def test_every_picture_is_checked_once_with_a_bar(fetch, capsys, monkeypatch):
    fetch()
    assert "Checking: 100%" in capsys.readouterr().err
    # The SHA-256 tells as much, in less time.
    monkeypatch.setattr(zappos, "_check_whole", None)
    fetch()
    assert "Checking" not in capsys.readouterr().err


def test_claim_of_a_zip_bomb_is_not_unpacked(refused, www, monkeypatch):
    monkeypatch.setattr("zapsim.io.sources.NAMED_BYTES", 1_000_000)
    pack(www / DATA, {"meta-data.csv": bytes(1_000_001), COMPARISONS: LABELS})
    read = zipfile.ZipFile.read
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda self, name: read(self, name) if "jpg" in name else 1 / 0
    )
    refused(r"meta-data\.csv: 1,000,001 bytes are more than the limit of 1,000,000", gone=DATA)


def test_one_entry_that_is_named_many_times_is_a_bomb(refused, www, monkeypatch):
    monkeypatch.setattr("zapsim.io.unpacked._SMALL", 1_000_000)
    with zipfile.ZipFile(www / DATA, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.bin", bytes(500_000))
        archive.filelist += archive.filelist[-1:] * 400
    refused("grows to more than 100 times its size", gone=DATA)


def test_bomb_that_claims_to_be_small_stays_small(refused, www):
    pack(www / DATA, {"meta-data.csv": bytes(1_000_000), COMPARISONS: LABELS})
    data = bytearray((www / DATA).read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 100)
    (www / DATA).write_bytes(data)
    refused(rf"meta-data\.csv in {DATA}\S* cannot be read \(Bad CRC-32", gone=DATA)


def test_no_name_in_a_zip_leads_out_of_the_folder(fetch, www, tmp_path, drawn, encoded):
    pack(www / DATA, {"../../meta-data.csv": METADATA, f"/etc/../{COMPARISONS}": LABELS})
    images = pictures(drawn, encoded, (40, 40))
    pack(www / SQUARE, images | {"../evil.jpg": images[KEYS[0]], "../../evil.jpg": b"x"})
    before = {*tmp_path.rglob("*")}
    path = fetch()
    new = {*tmp_path.rglob("*")} - before
    assert {file.parent for file in new} == {path.parent, tmp_path}
    assert {file.name for file in new if file.parent == tmp_path} == {"zappos"}
    catalogue = load_catalogue(path)
    assert list(catalogue.keys) == KEYS
    assert catalogue.check()["key"].str.contains("evil").sum() == 2


def test_full_disk_at_the_end_says_so(fetch, monkeypatch):
    def full(path, _):
        raise TransferError(f"Could not write {path} (No space left on device).")

    with monkeypatch.context() as patch:
        patch.setattr(zappos, "write_whole", full)
        with pytest.raises(TransferError, match="No space left"):
            fetch()
    # What was downloaded is not downloaded again.
    assert len(load_catalogue(fetch())) == 4


def test_what_is_no_flag_is_refused_before_anything_is_downloaded(fetch, capsys):
    with pytest.raises(TypeError, match="square must be True or False. Received: 'no'"):
        fetch(square="no")
    assert not capsys.readouterr().out


def test_the_real_numbers():
    assert zappos.N_PICTURES == 50_025
    assert zappos.ADDRESS == "https://vision.cs.utexas.edu/projects/finegrained/utzap50k/"
    assert zappos.FIRST == "Shoes/Oxfords/Bostonian/100627.72.jpg"
