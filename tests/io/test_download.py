"""Downloads from a local server that breaks off, is busy, changes its mind or lies."""

import gzip
import os
import socket
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zapsim.io import disk
from zapsim.io import download as module
from zapsim.io.disk import TransferError
from zapsim.io.download import download

CONTENT = bytes(range(256)) * 1200
CUT = 123_457
LOGIN = b"<!DOCTYPE html><title>Log in to the Wi-Fi</title>"


@dataclass
class Answer:
    """How the server answers one request; by default as it should."""

    status: int = 0
    until: int | None = None
    how: str = "close"
    ranges: bool | str = True
    body: bytes | None = None
    length: int | str = "true"
    content_range: str = "bytes {start}-{last}/{total}"
    etag: str | None = '"1"'
    more: dict = field(default_factory=dict)
    code: int = 0
    date: str | None = None


class Server(ThreadingHTTPServer):
    """Serves one content at every address; remembers where each answer began."""

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
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        answer = server.next.pop(0) if server.next else server.default
        body = server.content if answer.body is None else answer.body
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else None
        server.starts.append(start)
        if answer.status:
            return self.send_error(answer.status)
        # Of another version, the whole is sent.
        same = self.headers["If-Range"] in (answer.etag, answer.date)
        ranged = wanted and (answer.ranges == "of any" or (answer.ranges and same))
        if ranged and start >= len(body):
            return self.send_error(416)
        begin = start if ranged else 0
        self.send_response(answer.code or (206 if ranged else 200))
        for name, value in answer.more.items():
            self.send_header(name, value)
        if answer.length == "true":
            self.send_header("Content-Length", str(len(body) - begin))
        elif answer.length == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.length != "none":
            self.send_header("Content-Length", str(answer.length))
        for name, value in (("ETag", answer.etag), ("Last-Modified", answer.date)):
            if value:
                self.send_header(name, value)
        if ranged:
            last, total = len(body) - 1, len(body)
            text = answer.content_range.format(start=start, last=last, total=total)
            self.send_header("Content-Range", text)
        self.end_headers()
        try:
            self._send(body[begin : answer.until], answer)
        except OSError:
            # The client has read the headers, and hangs up.
            self.close_connection = True

    def _send(self, body, answer):
        whole = answer.until is None
        if answer.length == "chunked":
            body = b"%x\r\n%s\r\n" % (len(body), body) + (b"0\r\n\r\n" if whole else b"")
        self.wfile.write(body)
        while answer.how == "endless":
            self.wfile.write(b"%x\r\n%s\r\n" % (len(CONTENT), CONTENT))
        while answer.how == "drip":
            self.wfile.write(b"1\r\nx\r\n")
            self.server.released.wait(0.02)
        self.wfile.flush()
        self.close_connection = True
        if not whole and answer.how == "stall":
            self.server.waited_in_vain = not self.server.released.wait(20)
        if not whole and answer.how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

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


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between two tries, which are not made here."""
    pauses = []
    monkeypatch.setattr(disk.time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "shoes.zip"


def refused(server, target, match, check=None):
    """Download in vain; under its name is what was there before."""
    before = target.read_bytes() if target.exists() else None
    with pytest.raises(TransferError, match=match) as caught:
        download(server.url, target, check)
    assert (target.read_bytes() if target.exists() else None) == before
    return str(caught.value)


def parts(target):
    return list(target.parent.glob("*.part"))


def kept(target):
    """Return how much of the content is kept in the only part."""
    (part,) = parts(target)
    data = part.read_bytes()
    assert data == CONTENT[: len(data)]
    return len(data)


def assert_whole(server, target):
    assert target.read_bytes() == server.content
    assert list(target.parent.iterdir()) == [target]


def only(content):
    """Return a check that refuses everything else."""

    def check(path):
        if path.read_bytes() != content:
            raise ValueError(f"it starts with {path.read_bytes()[:9]!r}.")

    return check


@pytest.mark.unix
@pytest.mark.parametrize("how", ["link", "link to nothing", "hard link", "pipe"])
@pytest.mark.parametrize("size", [3, 1_000])
def test_a_part_that_leads_elsewhere_is_not_written_to(server, target, tmp_path, how, size):
    server.default = Answer(until=CUT)
    refused(server, target, "tries brought nothing")
    (part,) = parts(target)
    part.unlink()
    mine = tmp_path / "mine"
    if how != "link to nothing":
        mine.write_bytes(b"x" * size)
    if how == "pipe":
        os.mkfifo(part)
    elif how == "hard link":
        part.hardlink_to(mine)
    else:
        part.symlink_to(mine)
    server.default = Answer()
    download(server.url, target)
    assert_whole(server, target)
    assert not target.is_symlink()
    assert mine.read_bytes() == b"x" * size if how != "link to nothing" else not mine.exists()


# --- all is well -----------------------------------------------------------------------------


def test_file_arrives_whole_in_a_new_folder_with_a_bar(server, target, capsys):
    download(server.url, target, only(CONTENT))
    assert_whole(server, target)
    assert server.starts == [None]
    shown = capsys.readouterr().err
    assert "shoes.zip: 100%" in shown
    assert "307k/307k" in shown


@pytest.mark.parametrize("length", ["true", "none", "chunked", "many"])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_file_arrives_whatever_its_size_and_whether_it_is_told(server, target, content, length):
    server.content, server.default = content, Answer(length=length)
    download(server.url, target)
    assert_whole(server, target)


def test_what_is_there_is_replaced_and_neighbours_are_left_alone(server, target):
    target.parent.mkdir()
    target.write_bytes(b"old" * len(CONTENT))
    others = ["shoes.zip.part", "shoes.zip.01234567.part.txt", "my shoes.zip.01234567.part"]
    for name in others:
        (target.parent / name).touch()
    download(server.url, target)
    assert target.read_bytes() == CONTENT
    assert {path.name for path in target.parent.iterdir()} == {*others, "shoes.zip"}


def test_relative_path_and_odd_name(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.next = [Answer(until=CUT)]
    download(server.url, "Schuhe [1] ü 靴 %2E.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["Schuhe [1] ü 靴 %2E.zip"]


# --- connections that break off --------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset", "stall"])
def test_broken_connection_is_resumed(server, target, monkeypatch, how):
    monkeypatch.setattr(module, "_TIMEOUT_SECONDS", 0.3)
    server.next = [Answer(until=CUT, how=how)]
    download(server.url, target)
    assert_whole(server, target)
    # Of the last bytes some may be lost, and of a reset connection all.
    if how != "reset":
        assert CUT - module._CHUNK <= server.starts[2] <= CUT
    assert not server.waited_in_vain, "it is the client who hangs up"


@pytest.mark.parametrize("names", [{"etag": '"1"'}, {"etag": None, "date": "Sun"},
                                   {"etag": 'W/"1"', "date": "Sun"},
                                   {"etag": None, "date": "Sun", "more": {"ETag": ""}},
                                   ])  # fmt: skip
def test_next_call_goes_on_where_the_last_one_ended(server, target, names):
    server.default = Answer(until=CUT, **names)
    refused(server, target, r"5 tries brought nothing.*run again to go on")
    have = kept(target)
    server.default, server.starts = Answer(**names), []
    download(server.url, target)
    assert_whole(server, target)
    assert server.starts == [None, have], "only what was missing is sent"


def test_pauses_double_until_there_is_progress_and_progress_is_never_too_much(
    server, target, pauses
):
    step = module._CHUNK
    # Each second request is the one for the rest.
    cuts = [1, 1, 1, 2, 2, 2, 3, 4]
    server.next = [Answer(until=cuts[0] * step)]
    for cut in cuts[1:]:
        server.next += [Answer(), Answer(until=cut * step)]
    download(server.url, target)
    assert_whole(server, target)
    assert pauses == [1, 2, 4, 1, 2, 4, 1, 1]


def test_nobody_listens(tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/shoes.zip"
        with pytest.raises(TransferError, match=r"5 tries brought nothing \(.*refused") as caught:
            download(url, tmp_path / "shoes.zip")
    assert "Max retries" not in str(caught.value), "requests' own words help nobody"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [429, 503])
def test_busy_server_is_asked_again(server, target, status):
    server.next = [Answer(status=status)] * 4 + [Answer(until=CUT)] + [Answer(status=status)] * 3
    download(server.url, target)
    assert_whole(server, target)


def test_server_that_stays_busy(server, target):
    server.default = Answer(status=503)
    refused(server, target, r"5 tries brought nothing \(503 .*Service Unavailable.*\).*run again")
    assert len(server.starts) == 5


@pytest.mark.parametrize("length", ["true", "chunked"])
def test_server_that_ignores_ranges_sends_all_again(server, target, length):
    server.default = Answer(ranges=False, length=length)
    server.next = [Answer(ranges=False, length=length, until=CUT)]
    download(server.url, target)
    assert_whole(server, target)
    assert len(server.starts) == (3 if length == "true" else 2)


def test_source_without_a_version_is_begun_anew(server, target):
    server.default = Answer(etag=None, until=CUT)
    refused(server, target, "5 tries brought nothing")
    server.content, server.default, server.starts = CONTENT[::-1], Answer(etag=None), []
    download(server.url, target)
    assert_whole(server, target)
    assert server.starts == [None]


def test_unknown_length_that_was_longer_before_leaves_no_tail(server, target):
    server.next = [Answer(length="chunked", until=CUT)]
    server.default = Answer(length="chunked", body=CONTENT[:1000])
    download(server.url, target)
    assert target.read_bytes() == CONTENT[:1000]


def test_two_downloads_at_once_do_not_spoil_each_other(server, target):
    server.content = CONTENT * 10

    def one(_):
        download(server.url, target, only(server.content))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(2)))
    assert_whole(server, target)


def test_interrupt_keeps_what_has_arrived(server, target, monkeypatch):
    from tqdm.auto import tqdm

    def interrupt(bar, n):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tqdm, "update", interrupt)
        download(server.url, target)
    assert not target.exists()
    have = kept(target)
    assert have > 0
    server.starts = []
    download(server.url, target)
    assert_whole(server, target)
    assert server.starts == [None, have]


def test_interrupt_between_the_last_byte_and_the_name_downloads_nothing_again(server, target):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.url, target, interrupt)
    assert not target.exists()
    assert kept(target) == len(CONTENT)
    server.default = Answer(until=0)
    download(server.url, target, only(CONTENT))
    assert_whole(server, target)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400) | st.just(CONTENT[:70_000]),
    breaks=st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.booleans()), max_size=12),
)
def test_whatever_breaks_the_result_is_the_source(one_server, tmp_path_factory, content, breaks):
    one_server.reset(content)
    target = tmp_path_factory.mktemp("any") / "shoes.zip"
    one_server.next = [
        Answer(until=until, ranges=ranges, etag='"1"' if same else '"2"', body=content if same
               else content[::-1])
        for until, ranges, same in breaks
    ]  # fmt: skip
    for _ in range(len(breaks) + 1):
        try:
            download(one_server.url, target, only(content))
            break
        except TransferError:
            assert not target.exists()
    assert_whole(one_server, target)


# --- answers that are wrong ------------------------------------------------------------------


@pytest.mark.parametrize("url", ["vision.cs/x.zip", "ftp://host/x.zip", "http://host:x/", ""])
def test_what_is_not_an_address_is_not_asked_again(tmp_path, url, pauses):
    with pytest.raises(TransferError, match=r"is not a web address.* such as https://"):
        download(url, tmp_path / "x.zip")
    assert not pauses


@pytest.mark.parametrize("status", [403, 404])
def test_refusal_is_final_and_says_what_to_do(server, target, status):
    server.default = Answer(status=status)
    message = refused(server, target, rf"shoes\.zip answered {status} .*Has it moved\?")
    assert "web browser" in message
    assert server.starts == [None], "no second try"
    assert not target.parent.exists()


def test_range_that_is_refused_is_asked_for_again(server, target):
    server.next = [Answer(until=CUT), Answer(), Answer(status=416)]
    download(server.url, target)
    assert_whole(server, target)


def test_length_that_promises_more_than_there_is(server, target):
    server.default = Answer(length=len(CONTENT) + 10)
    refused(server, target, "5 tries brought nothing")


def test_length_that_hides_the_end_is_found_by_the_check(server, target):
    server.default = Answer(length=len(CONTENT) - 10)
    refused(server, target, r"is not what was expected: it starts with", only(CONTENT))
    assert not parts(target)


@pytest.mark.parametrize("etag", ['"1"', None])
def test_rest_that_is_of_this_version_or_does_not_say_is_taken(server, target, etag):
    server.next = [Answer(until=CUT), Answer(), Answer(ranges="of any", etag=etag)]
    download(server.url, target)
    assert_whole(server, target)
    assert len(server.starts) == 3


@pytest.mark.parametrize("length", ["true", "chunked"])
@pytest.mark.parametrize("names", [{"etag": '"2"'}, {"etag": None, "date": "Mon"}])
def test_rest_of_another_version_is_not_mixed_in(server, target, names, length):
    other = Answer(ranges="of any", body=CONTENT[::-1], length=length, **names)
    server.next = [Answer(until=CUT), Answer(), other]
    download(server.url, target)
    assert_whole(server, target)


@pytest.mark.parametrize(
    "content_range",
    [
        "nonsense",
        "bytes 0-{last}/{total}",
        "bytes {start}-{last}/{start}",
        "bytes {start}-{last}/*",
    ],
)
def test_other_range_than_was_asked_for_is_not_appended(server, target, content_range):
    other = Answer(content_range=content_range, body=CONTENT[::-1])
    server.next = [Answer(until=CUT), Answer(), other]
    download(server.url, target)
    assert_whole(server, target)


def test_rest_that_is_longer_than_it_should_be_is_cut(server, target):
    long = Answer(
        length="none", body=CONTENT + b"more", content_range="bytes {start}-307199/307200"
    )
    server.next = [Answer(until=CUT), Answer(), long]
    download(server.url, target)
    assert_whole(server, target)


def test_source_that_changes_between_two_calls_is_begun_anew(server, target):
    server.default = Answer(until=CUT)
    refused(server, target, "5 tries brought nothing")
    server.content, server.default, server.starts = CONTENT[::-1], Answer(etag='"2"'), []
    download(server.url, target)
    assert_whole(server, target)
    assert server.starts == [None]


@pytest.mark.parametrize("ranges", [False, True])
@pytest.mark.parametrize("looks", [0, 1], ids=["before the look", "after the look"])
def test_source_that_changes_midway_is_not_mixed(server, target, ranges, looks):
    server.next = [Answer(until=CUT)] + [Answer()] * looks
    server.content = CONTENT
    server.default = Answer(etag='"2"', body=CONTENT[::-1], ranges=ranges)
    download(server.url, target)
    assert target.read_bytes() in (CONTENT, CONTENT[::-1])
    assert not parts(target)


def test_page_to_log_in_is_not_taken_for_the_file_and_costs_nothing(server, target):
    server.default = Answer(until=CUT)
    refused(server, target, "5 tries brought nothing")
    have = kept(target)
    server.default = Answer(body=LOGIN, etag=None)
    refused(server, target, r"not what was expected: it starts with b'<!DOCTYPE", only(CONTENT))
    server.default, server.starts = Answer(), []
    download(server.url, target, only(CONTENT))
    assert_whole(server, target)
    assert server.starts == [None, have]


# --- servers that mean no good ---------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "endless"])
def test_circles_and_bodies_of_redirects_are_not_followed_for_ever(server, target, how, pauses):
    server.default = Answer(
        code=302, more={"Location": "/next"}, how=how, length="chunked", until=9
    )
    refused(server, target, "does not answer as one .*30 redirects")
    assert pauses == []
    assert not target.parent.exists()


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://localhost/x", "data:,x", "http://["]
)
def test_redirects_to_what_is_no_web_address_are_refused(server, target, place):
    server.next = [Answer(code=301, more={"Location": place})]
    refused(server, target, r"shoes\.zip' is not a web address, or does not answer as one")
    assert not target.parent.exists()


@pytest.mark.parametrize("packed", ["gzip", "deflate, gzip", "zstd"])
def test_what_is_sent_packed_is_not_unpacked(server, target, packed):
    bomb = gzip.compress(bytes(10_000_000))
    server.default = Answer(body=bomb, more={"Content-Encoding": packed})
    refused(server, target, "sent packed .*though asked")
    assert not target.parent.exists()


@pytest.mark.parametrize("code", [203, 204, 206, 300, 304])
def test_what_is_no_whole_file_is_refused(server, target, code):
    server.default = Answer(code=code, length="none")
    refused(server, target, f"answered {code}")


def test_a_body_without_an_end_is_ended(server, target, monkeypatch):
    monkeypatch.setattr(module, "_MOST_UNTOLD", 1_000_000)
    server.default = Answer(how="endless", length="chunked", until=-1)
    refused(server, target, "sends more than 0 GB, and does not say")
    assert not parts(target), "nobody can go on with it"


def test_a_body_without_an_end_does_not_fill_the_disk(server, target, monkeypatch):
    usage, free = module.shutil.disk_usage, [10**9] * 3 + [1000] * 9
    state = type(usage(target.parent.parent))
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: state(1, 1, free.pop(0)))
    server.default = Answer(how="endless", length="chunked", until=-1)
    refused(server, target, "No space left")
    assert not parts(target)


def test_more_than_was_told_is_not_received(server, target):
    """The length says one thing, and the pieces it comes in another."""
    more = {"Content-Length": str(len(CONTENT))}
    server.default = Answer(how="endless", length="chunked", until=-1, more=more)
    refused(server, target, "5 tries brought nothing")
    assert all(part.stat().st_size < 3 * len(CONTENT) for part in parts(target))


def test_a_server_that_drips_is_not_listened_to_for_ever(server, target, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_SECONDS", 0.2)
    server.default = Answer(how="drip", length="chunked", until=1)
    refused(server, target, r"sent \d+ bytes in 0\.2 seconds.*Run again later")


@pytest.fixture
def says():
    """Return ``says(begin, more)``: the address of a server that begins so, and repeats `more`."""
    with ExitStack() as stack:

        def make(begin, more=b""):
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            ended = threading.Event()
            stack.callback(ended.set)

            def speak():
                # Till it is closed.
                with suppress(OSError):
                    while True:
                        answer(listening.accept()[0])

            def answer(connection):
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(begin)
                    while more and not ended.is_set():
                        connection.sendall(more)
                        # Faster than anybody reads, or as slow as may be.
                        ended.wait(0 if len(more) > 999 else 0.02)

            threading.Thread(target=speak, daemon=True).start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}/shoes.zip"

        yield make


_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n5"


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200", b" "),
        (_OK, b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
        (_CHUNKED + b";", b"x"),
        (_CHUNKED + b"\r\nhello\r\n0\r\n", b"A: b\r\n"),
        (_CHUNKED + b"\r\nhello\r\n0\r\n", b"A: b\r\n" * 999),
    ],
    ids=["status", "headers", "not yet", "not yet, fast", "size", "trailers", "trailers, fast"],
)
def test_whatever_a_server_sends_for_ever_is_not_listened_to(
    says, target, monkeypatch, begin, more, proxied
):
    monkeypatch.setattr(module, "_LEAST_SECONDS", 0.3)
    url = says(begin, more)
    if proxied:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        url = "http://shoes.example/shoes.zip"
    with pytest.raises(TransferError, match=rf"{url} sent [05] bytes in 0\.3 seconds"):
        download(url, target)
    assert not target.exists()


@pytest.mark.parametrize("status", [404, 503])
def test_what_a_server_says_of_itself_is_cut_and_cannot_be_orders(says, target, status):
    begin = b"HTTP/1.1 %d \x1b[31m\x07 %s\r\nContent-Length: 0\r\n\r\n" % (status, b"x" * 5_000)
    with pytest.raises(TransferError, match=rf"{status}.* \\x1b\[31m\\x07 x{{99}}") as caught:
        download(says(begin), target)
    assert len(str(caught.value)) < 1_000
    assert str(caught.value).isprintable()


def test_a_byte_each_time_is_no_progress(server, target):
    lengths = iter(range(1, 99))

    class Next(list):
        def pop(self, _):
            return Answer(until=next(lengths))

    server.next = Next([None])
    refused(server, target, "5 tries brought nothing")


@pytest.mark.parametrize("name", ["etag", "date"])
def test_another_version_with_each_answer_is_no_progress_and_is_not_piled_up(server, target, name):
    class Next(list):
        def pop(self, _):
            answer = Answer(until=CUT, etag=None)
            return replace(answer, **{name: f'"{len(server.starts)}"'})

    server.next = Next([None])
    refused(server, target, "5 tries brought nothing")
    assert len(server.starts) < 15
    assert len(parts(target)) <= 2


def test_a_length_of_thousands_of_digits_is_none(server, target):
    server.default = Answer(length="9" * 5000)
    download(server.url, target)
    assert_whole(server, target)


# --- disks -----------------------------------------------------------------------------------


def test_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "new").write_text("not a folder")
    with pytest.raises(TransferError, match=r"Could not write .*new.*choose a folder where you"):
        download(server.url, tmp_path / "new" / "shoes.zip")
    assert (tmp_path / "new").read_text() == "not a folder"


def test_folder_that_may_not_be_written_to(server, target, monkeypatch):
    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    # Whoever runs the tests as root may write anywhere.
    monkeypatch.setattr(module, "open_begun", forbidden)
    message = refused(server, target, r"Could not download http.* to .*Permission denied")
    assert "Free some space or choose a folder where you may read and write" in message
    assert server.starts == [None], "no retries"


def test_full_disk_is_found_before_anything_is_sent(server, target, monkeypatch):
    server.next = [Answer(until=CUT), *[Answer(status=503)] * 5]
    refused(server, target, "503")
    usage = type("usage", (), {"free": len(CONTENT) - kept(target) + disk.SPARE - 1})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)
    refused(server, target, r"shoes\.zip takes 0 MB, and 50 MB are free at .*new\. Free some space")
    usage.free += 1
    download(server.url, target)
    assert_whole(server, target)


def test_disk_that_gets_full_midway_keeps_what_has_arrived(server, target):
    pytest.importorskip("resource")
    limited = (
        "import resource, sys\n"
        "from zapsim.io.disk import TransferError\n"
        "from zapsim.io.download import download\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({CUT}, {CUT}))\n"
        "try:\n"
        "    download(*sys.argv[1:])\n"
        "except TransferError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", limited, server.url, str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "File too large" in said
    assert "Free some space" in said
    assert not target.exists()
    have = kept(target)
    assert have > 0
    server.starts = []
    download(server.url, target)
    assert_whole(server, target)
    assert server.starts == [None, have]
