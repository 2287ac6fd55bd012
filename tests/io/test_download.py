import errno
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zapsim.io import download as transfer
from zapsim.io.download import TransferError, copy, download, look, prepare_folder, write_whole

CONTENT = bytes(range(256)) * 1200
CUT = 123_457


@dataclass
class Answer:
    """How the server answers one request; by default as it should."""

    status: int = 0
    until: int | None = None
    how: str = "close"
    ranges: bool = True
    body: bytes | None = None
    length: int | str = "true"
    content_range: str = "bytes {start}-{last}/{total}"
    etag: str | None = '"1"'


class Server(ThreadingHTTPServer):
    """Serves one content at every address; remembers where each answer began, and what it sent."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/shoes.zip"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def reset(self, content=CONTENT):
        self.content, self.default, self.next, self.starts = content, Answer(), [], []
        self.released, self.waited_in_vain = threading.Event(), False


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.next.pop(0) if self.server.next else self.server.default
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else None
        self.server.starts.append(start)
        body = self.server.content if answer.body is None else answer.body
        if answer.status:
            return self.send_error(answer.status)
        ranged = answer.ranges and start is not None
        if ranged and start >= len(body):
            return self.send_error(416)
        begin = start if ranged else 0
        self.send_response(206 if ranged else 200)
        if answer.length == "true":
            self.send_header("Content-Length", str(len(body) - begin))
        elif answer.length == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.length != "none":
            self.send_header("Content-Length", str(answer.length))
        if answer.etag:
            self.send_header("ETag", answer.etag)
        if ranged and answer.content_range:
            last, total = len(body) - 1, len(body)
            text = answer.content_range.format(start=start, last=last, total=total)
            self.send_header("Content-Range", text)
        self.end_headers()
        try:
            self._send(body[begin : answer.until], answer)
        except OSError:
            # After the first look at the headers, the client hangs up.
            self.close_connection = True

    def _send(self, body, answer):
        whole = answer.until is None
        if answer.length == "chunked":
            body = b"%x\r\n%s\r\n" % (len(body), body) + (b"0\r\n\r\n" if whole else b"")
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = True
        if not whole and answer.how == "stall":
            self.server.waited_in_vain = not self.server.released.wait(20)
        if not whole and answer.how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    @property
    def protocol_version(self):
        return "HTTP/1.1"

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def one_server():
    with Server() as server:
        yield server
        server.shutdown()


@pytest.fixture
def server(one_server):
    one_server.reset()
    yield one_server
    one_server.released.set()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "shoes.zip"


def fetch(server, target, check=None):
    return download(server.url, target, check, pause=0)


def refused(server, target, match, check=None):
    """Download in vain; what stood there before is still all there is, but for a part."""
    before = target.read_bytes() if target.exists() else None
    with pytest.raises(TransferError, match=match) as caught:
        fetch(server, target, check)
    assert (target.read_bytes() if target.exists() else None) == before
    return str(caught.value)


def parts(target):
    return sorted(target.parent.glob("*.part"))


def assert_whole(server, target):
    assert target.read_bytes() == server.content
    assert list(target.parent.iterdir()) == [target]


def only(content):
    """Return a check that refuses everything else."""

    def check(path):
        if path.read_bytes() != content:
            raise ValueError(f"it starts with {path.read_bytes()[:9]!r}.")

    return check


# --- all is well -----------------------------------------------------------------------------


def test_file_arrives_whole_in_a_new_folder(server, target):
    assert fetch(server, target) == target
    assert_whole(server, target)
    assert server.starts == [None, None], "a look at the headers, and the file"


@pytest.mark.parametrize("content", [b"", b"x"])
def test_even_an_empty_file_arrives(server, target, content):
    server.content = content
    fetch(server, target)
    assert_whole(server, target)


def test_what_lies_there_is_replaced(server, target):
    target.parent.mkdir()
    target.write_bytes(b"old" * len(CONTENT))
    fetch(server, target)
    assert_whole(server, target)


def test_relative_path_and_odd_name(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("shoes [1].zip", "Schuhe ü 靴 %2E.zip"):
        server.next = [Answer()] + 5 * [Answer(until=CUT)]
        with pytest.raises(TransferError):
            download(server.url, name, pause=0)
        server.content = CONTENT[::-1]
        server.default = Answer(etag='"2"')
        download(server.url, name, pause=0)
        assert Path(name).read_bytes() == server.content
        assert not parts(tmp_path / name)
        server.reset()


def test_progress_is_shown(server, target, capsys):
    fetch(server, target)
    shown = capsys.readouterr().err
    assert "shoes.zip: 100%" in shown
    assert "307k/307k" in shown


def test_neighbouring_downloads_are_left_alone(server, target):
    target.parent.mkdir()
    others = ["shoes.zip.part", "shoes.zip.01234567.part.txt", "my shoes.zip.01234567.part"]
    others.append("shoes.zip.zip.01234567.part")
    for name in others:
        (target.parent / name).touch()
    fetch(server, target)
    assert {p.name for p in target.parent.iterdir()} == {*others, "shoes.zip"}


# --- connections that break off --------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset", "stall"])
def test_broken_connection_is_resumed_where_it_broke(server, target, monkeypatch, how):
    monkeypatch.setattr(transfer, "_TIMEOUT_SECONDS", 0.3)
    server.next = [Answer(), Answer(until=CUT, how=how)]
    fetch(server, target)
    assert_whole(server, target)
    first, second, third = server.starts
    assert (first, second) == (None, None)
    # A reset connection may lose what was on its way.
    assert third == CUT if how != "reset" else third is None or 0 < third <= CUT
    assert not server.waited_in_vain, "it is the client who hangs up"


def test_five_breaks_without_progress_are_enough_and_the_next_call_goes_on(server, target):
    server.default = Answer(until=CUT)
    message = refused(
        server, target, r"5 times without progress \(123,457 bytes instead of 307,200"
    )
    assert "123,457 bytes have arrived. Run again to go on." in message
    assert [part.stat().st_size for part in parts(target)] == [CUT]
    # The first of the five brought it that far.
    assert server.starts == [None, None] + 4 * [CUT]
    server.default, server.starts = Answer(), []
    fetch(server, target)
    assert server.starts == [None, CUT], "only what was missing is sent"
    assert_whole(server, target)


def test_breaks_with_progress_are_never_too_many(server, target):
    server.next = [Answer(), *(Answer(until=CUT + i) for i in range(30))]
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, None, *range(CUT, CUT + 30)]


def test_first_look_that_breaks_off_is_repeated(server, target):
    server.next = [Answer(status=503), Answer(status=502)]
    fetch(server, target)
    assert_whole(server, target)


def test_nobody_listens(tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/shoes.zip"
        with pytest.raises(TransferError, match=r"broke off 5 times .*refused.*Run again to go on"):
            download(url, tmp_path / "shoes.zip", pause=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("url", ["vision.cs/x.zip", "http://host/a b", "http://host:x/", ""])
def test_what_is_no_address_is_not_asked_again(tmp_path, url, monkeypatch):
    monkeypatch.setattr(time, "sleep", None)
    with pytest.raises(TransferError, match=r"is no address .* such as https://"):
        download(url, tmp_path / "x.zip")


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENAMETOOLONG])
def test_what_may_not_be_looked_at_is_not_asked_again(tmp_path, monkeypatch, code):
    monkeypatch.setattr(time, "sleep", None)
    monkeypatch.setattr(Path, "stat", lambda path, **_: (_ for _ in ()).throw(OSError(code, "No")))
    with pytest.raises(TransferError, match=r"x\.zip cannot be looked at \(No\)"):
        look(tmp_path / "x.zip")


def test_part_that_vanishes_while_the_server_is_asked_gets_no_hole(server, target, monkeypatch):
    """Another notebook has given it its name just then; what is written must begin at 0."""
    server.next = [Answer(), Answer(until=CUT)]
    open_, asked = transfer._open, []

    def opened(url, headers):
        response = open_(url, headers)
        if "Range" in headers and not asked:
            asked.append(headers)
            (part,) = target.parent.glob("*.part")
            part.unlink()
        return response

    monkeypatch.setattr(transfer, "_open", opened)
    fetch(server, target)
    assert asked
    assert_whole(server, target)


def test_server_that_answers_no_http(tmp_path):
    def babble():
        for _ in range(5):
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=babble, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/shoes.zip"
        with pytest.raises(TransferError, match="SSH-2.0"):
            download(url, tmp_path / "shoes.zip", pause=0)


def test_pauses_double_until_there_is_progress(server, target, monkeypatch):
    pauses = []
    monkeypatch.setattr(transfer.time, "sleep", pauses.append)
    cuts = [1000, 1000, 1000, 2000, 2000, 2000]
    server.next = [Answer(), *(Answer(until=cut) for cut in cuts)]
    download(server.url, target, pause=1)
    assert pauses == [1, 2, 4, 1, 2, 4]


def test_server_that_ignores_ranges_starts_again(server, target):
    server.default = Answer(ranges=False)
    server.next = [Answer(), Answer(until=CUT)]
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, None, CUT]


def test_server_that_ignores_ranges_and_breaks_off_earlier_each_time(server, target):
    server.next = [Answer(), *(Answer(until=CUT - 1000 * i, ranges=False) for i in range(9))]
    refused(server, target, "broke off 5 times")
    server.next = []
    fetch(server, target)
    assert_whole(server, target)


def test_unknown_length_that_was_longer_before_leaves_no_tail(server, target):
    server.next = [Answer(length="chunked"), Answer(length="chunked", until=CUT)]
    server.default = Answer(length="chunked", body=CONTENT[:1000])
    fetch(server, target)
    assert target.read_bytes() == CONTENT[:1000]


def test_two_downloads_at_once_do_not_spoil_each_other(server, target, monkeypatch):
    monkeypatch.setattr(transfer, "_CHUNK", 1000)

    def one(_):
        # The slower one may find that its part has got its name already.
        with suppress(TransferError):
            fetch(server, target)
        return target.read_bytes()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, range(2))) == [CONTENT] * 2


def test_interrupt_keeps_what_has_arrived(server, target, monkeypatch):
    read, calls = transfer._read, []

    def interrupted(stream):
        calls.append(stream)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read(stream)

    monkeypatch.setattr(transfer, "_CHUNK", 1000)
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(server, target)
    assert not target.exists()
    (part,) = parts(target)
    kept = part.stat().st_size
    assert part.read_bytes() == CONTENT[:kept]
    assert kept == 2000
    server.starts = []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, kept]


def test_interrupt_between_the_last_byte_and_the_name_downloads_nothing_again(server, target):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, target, interrupt)
    assert not target.exists()
    server.starts = []
    fetch(server, target, only(CONTENT))
    assert_whole(server, target)
    assert server.starts == [None]


@settings(max_examples=40)
@given(
    content=st.binary(max_size=400) | st.just(CONTENT[:70_000]),
    breaks=st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=12),
)
def test_whatever_breaks_the_result_is_the_source(one_server, tmp_path_factory, content, breaks):
    one_server.reset(content)
    target = tmp_path_factory.mktemp("any") / "shoes.zip"
    # One of two looks at the headers first, so both kinds of request get some of these.
    one_server.next = [Answer(until=until, ranges=ranges) for until, ranges in breaks]
    for _ in range(len(breaks) + 1):
        try:
            fetch(one_server, target)
            break
        except TransferError:
            assert not target.exists()
    assert_whole(one_server, target)


# --- answers that are wrong ------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusal_is_final_and_says_what_to_do(server, target, status):
    server.default = Answer(status=status)
    message = refused(server, target, rf"shoes\.zip answered {status} .*Has it moved\?")
    assert "web browser" in message
    assert server.starts == [None], "no second try"
    assert not target.parent.exists()


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_busy_server_is_asked_again(server, target, status):
    server.next = [Answer(status=status)] * 4 + [Answer()] + [Answer(status=status)] * 4
    fetch(server, target)
    assert_whole(server, target)


def test_server_that_stays_busy(server, target):
    server.default = Answer(status=503)
    refused(server, target, r"broke off 5 times .*503: Service Unavailable\)\. Run again to go on")
    assert len(server.starts) == 5


def test_server_that_gets_busy_midway(server, target):
    server.next = [Answer(), Answer(until=CUT)] + [Answer(status=503)] * 9
    refused(server, target, r"123,457 bytes have arrived\. Run again to go on")
    server.next, server.starts = [], []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, CUT]


def test_range_not_satisfiable(server, target):
    server.next = [Answer(), Answer(until=CUT), Answer(status=416)]
    refused(server, target, "changed while it was downloaded")
    fetch(server, target)
    assert_whole(server, target)


@pytest.mark.parametrize("ranges", [False, True])
def test_length_that_promises_more_than_there_is(server, target, ranges):
    server.default = Answer(length=len(CONTENT) + 10, ranges=ranges)
    refused(server, target, "in a web browser" if ranges else "broke off 5 times")


def test_length_that_hides_the_end_is_found_by_the_check(server, target):
    server.default = Answer(length=len(CONTENT) - 10)
    refused(server, target, r"is not what was expected: it starts with", only(CONTENT))
    assert not parts(target)


@pytest.mark.parametrize(
    "content_range",
    [
        "",
        "nonsense",
        "bytes 0-{last}/{total}",
        "bytes 12345-{last}/{total}",
        "bytes {start}-{last}/{start}",
        "bytes {start}-{last}/*",
    ],
)
def test_part_from_elsewhere_is_not_appended(server, target, content_range):
    server.next = [Answer(), Answer(until=CUT), Answer(content_range=content_range)]
    refused(server, target, r"changed while it was downloaded\. Run again;")
    server.starts = []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, CUT]


def test_part_that_is_longer_than_the_rest_is_begun_anew(server, target):
    long = Answer(length="none", body=CONTENT + b"more", content_range=f"bytes {CUT}-9/307200")
    server.next = [Answer(), Answer(until=CUT), long]
    fetch(server, target)
    assert_whole(server, target)


def test_source_that_changes_between_two_calls_is_begun_anew(server, target):
    server.default = Answer(until=CUT)
    refused(server, target, "broke off")
    server.content, server.default, server.starts = CONTENT[::-1], Answer(etag='"2"'), []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, None]


@pytest.mark.parametrize("ranges", [False, True])
def test_source_that_changes_midway_is_not_mixed(server, target, ranges):
    server.next = [Answer(), Answer(until=CUT)]
    server.default = Answer(etag='"2"', body=CONTENT[::-1], ranges=ranges)
    refused(server, target, r"changed while it was downloaded\. Run again;")
    fetch(server, target)
    assert target.read_bytes() == CONTENT[::-1]
    assert not parts(target)


@pytest.mark.parametrize("length", ["none", "chunked", "many"])
def test_unknown_length_will_do(server, target, length):
    server.default = Answer(length=length)
    fetch(server, target, only(CONTENT))
    assert_whole(server, target)


def test_unknown_length_that_breaks_off_between_chunks_starts_again(server, target):
    server.default = Answer(length="chunked")
    server.next = [Answer(length="chunked"), Answer(length="chunked", until=CUT)]
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, None, None], "no range of what has no length"


def test_unknown_length_that_ends_early_is_found_by_the_check(server, target):
    server.default = Answer(length="none", until=CUT)
    refused(server, target, "is not what was expected", only(CONTENT))
    assert not parts(target)


def test_source_without_a_version_is_not_continued_by_a_later_call(server, target):
    server.default = Answer(etag=None, until=CUT)
    refused(server, target, "broke off")
    server.content, server.default, server.starts = CONTENT[::-1], Answer(etag=None), []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, None]


LOGIN = b"<!DOCTYPE html><title>Log in to the Wi-Fi</title>"


def test_page_to_log_in_is_not_taken_for_the_file(server, target):
    target.parent.mkdir()
    target.write_bytes(b"old")
    server.default = Answer(body=LOGIN, etag=None)
    refused(server, target, r"is not what was expected: it starts with b'<!DOCTYPE", only(CONTENT))
    assert not parts(target)


def test_page_to_log_in_between_two_calls_costs_nothing(server, target):
    server.default = Answer(until=CUT)
    refused(server, target, "broke off")
    server.default = Answer(body=LOGIN, etag=None)
    refused(server, target, "is not what was expected", only(CONTENT))
    server.default, server.starts = Answer(), []
    fetch(server, target, only(CONTENT))
    assert_whole(server, target)
    assert server.starts == [None, CUT]


def test_page_to_log_in_midway_is_not_mixed_in(server, target):
    server.next = [Answer(), Answer(until=CUT), Answer(body=LOGIN, etag=None, ranges=False)]
    refused(server, target, "changed while it was downloaded")
    fetch(server, target)
    assert_whole(server, target)


# --- disks -----------------------------------------------------------------------------------


def test_file_in_place_of_the_folder(server, tmp_path):
    (tmp_path / "new").write_text("not a folder")
    with pytest.raises(TransferError, match=r"Could not write .*new.*choose a folder that can be"):
        fetch(server, tmp_path / "new" / "shoes.zip")
    assert (tmp_path / "new").read_text() == "not a folder"


def test_folder_in_place_of_the_file(server, target):
    target.mkdir(parents=True)
    with pytest.raises(TransferError, match="Could not write"):
        fetch(server, target)
    assert target.is_dir()


def test_folder_that_may_not_be_written_to(server, target, monkeypatch):
    def forbidden(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    # Whoever runs the tests as root may write anywhere.
    monkeypatch.setattr(Path, "open", forbidden)
    message = refused(server, target, r"Could not write .*Permission denied")
    assert "Free some space or choose a folder that can be written to" in message
    assert server.starts == [None, None], "no retries"


def test_full_disk_is_found_before_anything_is_sent(server, target, monkeypatch):
    usage = type("usage", (), {"free": len(CONTENT) + transfer._SPARE - 1})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    refused(server, target, r"shoes\.zip takes 0 MB, and 50 MB are free at .*new\. Free some space")
    assert server.starts == [None]
    usage.free += 1
    fetch(server, target)
    assert_whole(server, target)


def test_room_is_needed_only_for_what_is_missing(server, target, monkeypatch):
    server.default = Answer(until=CUT)
    refused(server, target, "broke off")
    server.default = Answer()
    usage = type("usage", (), {"free": len(CONTENT) - CUT + transfer._SPARE})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    fetch(server, target)
    assert_whole(server, target)


def test_disk_that_gets_full_midway_keeps_what_has_arrived(server, target):
    pytest.importorskip("resource")
    limited = (
        "import resource, sys\n"
        "from zapsim.io.download import TransferError, download\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({CUT}, {CUT}))\n"
        "try:\n"
        "    download(*sys.argv[1:], pause=0)\n"
        "except TransferError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", limited, server.url, str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "File too large" in said
    assert "Free some space" in said
    assert "what has arrived is kept" in said
    assert not target.exists()
    (part,) = parts(target)
    assert part.read_bytes() == CONTENT[:CUT]
    server.starts = []
    fetch(server, target)
    assert_whole(server, target)
    assert server.starts == [None, CUT]


def test_prepared_folder_is_there(tmp_path):
    prepare_folder(tmp_path / "a" / "b", 0, "it")
    prepare_folder(tmp_path / "a" / "b", 0, "it")
    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(TransferError, match=r"it takes 1,000,000,000,000 MB"):
        prepare_folder(tmp_path, 10**18, "it")


def test_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_whole(tmp_path / "new" / "a.txt", b"first")

    def full(path, data):
        with open(path, "wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(TransferError, match=r"Could not write .*a\.txt .*No space left"):
        write_whole(tmp_path / "new" / "a.txt", b"second")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"first"


# --- copies from slow disks ------------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "drive" / "shoes.zip"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    return path


class Flaky:
    """Stands in for ``open`` of the source; fails as it is told, position by position."""

    def __init__(self, source, *failures):
        self.source, self.failures, self.starts = source, list(failures), []

    def __call__(self, path, mode):
        assert (Path(path), mode) == (self.source, "rb")
        failure = self.failures.pop(0) if self.failures else None
        if failure == "open":
            raise TimeoutError(110, "Connection timed out")
        file, flaky = open(path, mode), self  # noqa: SIM115
        here = 0

        class File:
            def seek(self, start):
                nonlocal here
                here = start
                flaky.starts.append(start)
                file.seek(start)

            def read1(self, n):
                nonlocal here
                if isinstance(failure, int):
                    n = min(n, failure - here)
                    if n <= 0:
                        raise OSError(5, "Input/output error")
                chunk = file.read1(n)
                here += len(chunk)
                return chunk

            def close(self):
                file.close()

        return File()


def flaky(monkeypatch, source, *failures):
    stand_in = Flaky(source, *failures)
    monkeypatch.setattr(transfer, "open", stand_in, raising=False)
    return stand_in


def test_copy_is_whole_and_has_the_date(source, target):
    assert copy(source, target) == target
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert list(target.parent.iterdir()) == [target]


def test_copy_of_nothing_is_empty(source, target):
    source.write_bytes(b"")
    assert copy(source, target).read_bytes() == b""


def test_copy_goes_on_after_errors(source, target, monkeypatch):
    drive = flaky(monkeypatch, source, "open", 1000, "open", 2000, 2000, 200_000)
    copy(source, target, pause=0)
    assert target.read_bytes() == CONTENT
    assert drive.starts == [0, 1000, 2000, 2000, 200_000]


def test_copy_that_never_succeeds_is_kept_and_continued_by_the_next_call(
    source, target, monkeypatch
):
    with monkeypatch.context() as patch:
        drive = flaky(patch, source, *[1000] * 9)
        with pytest.raises(TransferError, match=r"5 times .*Input/output.*1,000 bytes have arri"):
            copy(source, target, pause=0)
        assert drive.starts == [0, 1000, 1000, 1000, 1000]
    assert not target.exists()
    drive = flaky(monkeypatch, source)
    copy(source, target, pause=0)
    assert target.read_bytes() == CONTENT
    assert drive.starts == [1000]


def test_copy_of_another_version_is_begun_anew(source, target, monkeypatch):
    with monkeypatch.context() as patch:
        flaky(patch, source, *[1000] * 9)
        with pytest.raises(TransferError):
            copy(source, target, pause=0)
    source.write_bytes(CONTENT[::-1])
    drive = flaky(monkeypatch, source)
    copy(source, target, pause=0)
    assert target.read_bytes() == CONTENT[::-1]
    assert drive.starts == [0]
    assert not parts(target)


def test_source_that_changes_while_it_is_copied_is_not_mixed(source, target, monkeypatch):
    read = transfer._read

    def change(stream):
        os.utime(source, ns=(1, 2))
        return read(stream)

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_read", change)
        with pytest.raises(TransferError, match=r"it changed while it was copied\. Run again\."):
            copy(source, target, pause=0)
    assert not list(target.parent.iterdir())
    copy(source, target, pause=0)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [10, 2 * len(CONTENT)])
def test_source_that_grows_or_shrinks_meanwhile_is_not_mixed(source, target, monkeypatch, size):
    read = transfer._read

    def change(stream):
        os.truncate(source, size)
        return read(stream)

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_read", change)
        with pytest.raises(TransferError, match="Run again"):
            copy(source, target, pause=0)
    assert not target.exists()
    copy(source, target, pause=0)
    assert target.read_bytes() == source.read_bytes()


def test_copy_of_what_is_not_there(tmp_path, target):
    with pytest.raises(FileNotFoundError):
        copy(tmp_path / "gone.zip", target)
    assert not target.parent.exists()


def disconnect(monkeypatch, source, looks):
    """Let each look at the source fail whose number (from 0) `looks` holds."""
    stat, counted = Path.stat, iter(range(99))

    def look(path, **options):
        if path == source and next(counted) in looks:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", look)


@pytest.mark.parametrize("first", [0, 1])
def test_disk_that_does_not_answer_is_not_taken_for_a_full_one(source, target, monkeypatch, first):
    with monkeypatch.context() as patch:
        disconnect(patch, source, range(first, 99))
        with pytest.raises(TransferError, match=r"its disk does not answer.*Transport") as caught:
            copy(source, target, pause=0)
    assert "Free some space" not in str(caught.value)
    assert not target.exists()
    drive = flaky(monkeypatch, source)
    assert copy(source, target, pause=0).read_bytes() == CONTENT
    assert drive.starts == ([0] if first == 0 else []), "what has arrived is kept"


def test_disk_that_answers_again_is_asked_again(source, target, monkeypatch):
    disconnect(monkeypatch, source, {0, 1, 2, 3, 5, 6, 7, 8})
    assert copy(source, target, pause=0).read_bytes() == CONTENT


def test_source_that_vanishes_with_its_disk_keeps_what_has_arrived(source, target, monkeypatch):
    read, away = transfer._read, source.with_name("away")

    def vanish(stream):
        if source.exists():
            source.rename(away)
        return read(stream)

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_read", vanish)
        with pytest.raises(TransferError, match=r"shoes\.zip is no longer there\. .*run again"):
            copy(source, target, pause=0)
    away.rename(source)
    drive = flaky(monkeypatch, source)
    assert copy(source, target, pause=0).read_bytes() == CONTENT
    assert drive.starts == []


def test_copy_that_cannot_be_written_says_so(source, target, monkeypatch):
    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(transfer.os, "utime", full)
    with pytest.raises(TransferError, match=r"Could not write .*No space left.*Free some space"):
        copy(source, target, pause=0)
