"""What `make app` promises: who leaves gives all back, who stays keeps it, nobody waits in vain."""

import http.client
import http.server
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from io import BytesIO

import nbformat
import psutil
import pytest
import websocket
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

import tools.app
from benchmarks.soak import ANSWER, Page, errors_in, soak
from benchmarks.visitors import serve, stop, visit
from tests.conftest import CHROMIUM, QUIET
from tests.jupyterlab.conftest import ROOT, Person, Server

# So that a test need not wait for minutes.
SOON = ["--MappingKernelManager.cull_idle_timeout=10", "--MappingKernelManager.cull_interval=1"]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """`make app` with four places, which forgets soon: its process, its address, its log."""
    log = tmp_path_factory.mktemp("app") / "log"
    with log.open("w") as opened:
        server, address = serve(opened, SOON, ZAPSIM_VISITORS="4")
        yield server, address, log
        stop(server)


def soon(done, seconds=30):
    """Wait until something is done, at most so long; return whether it is."""
    deadline = time.monotonic() + seconds
    while not (there := done()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return there


def kernels(server, expected, seconds=30):
    """Wait until there are so many kernels, at most; return how many there are."""
    soon(lambda: len(server.children()) <= expected, seconds)
    return len(server.children())


def looked_at(address):
    """Return a page that is looked at, and so keeps its kernel however slow this machine is."""
    page = Page(address)
    page.connect()
    return page


def refused(address):
    """Return the refusal's status, when to come again, and the page; None where it is let in."""
    try:
        visit(address)
    except urllib.error.HTTPError as error:
        return error.code, int(error.headers["Retry-After"]), error.read().decode()


def test_without_its_settings_nothing_is_served(monkeypatch, tmp_path):
    # Of other files, variables in the path are replaced, and errors only logged.
    folder = tmp_path / "price$HOME"
    folder.mkdir()
    monkeypatch.setattr(tools.app, "TOOLS", folder)
    with pytest.raises(FileNotFoundError):
        tools.app.app()().load_config_file("voila")
    (folder / "voila.py").write_text("c = get_config()\nc.Voila.port = 5\n")
    app = tools.app.app()()
    app.load_config_file("voila")
    assert app.port == 5
    (folder / "voila.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        app.load_config_file("voila")


def test_a_page_keeps_its_kernel_while_it_is_open_and_others_go(app):
    server, address, log = app
    looking = looked_at(address)
    Page(address)
    sleeping = looked_at(address)
    sleeping.leave()
    assert kernels(server, 1) == 1, "one was only fetched, one left without a word"
    time.sleep(13)
    assert kernels(server, 1) == 1
    (surprise,) = looking.find("Surprise me")
    looking.send(surprise, {"method": "custom", "content": {"event": "click"}})
    assert not looking.errors
    looking.end()
    assert kernels(server, 0, seconds=10) == 0, "closing the page ends it at once"
    assert not errors_in(log.read_text(encoding="utf-8"))


def test_visits_that_leave_give_their_memory_back(app):
    server, address, _ = app

    def visit(_):
        page = Page(address)
        page.connect()
        page.leave()
        page.end()

    before = server.memory_info().rss
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(visit, range(8)))
    assert kernels(server, 0) == 0
    # What the server itself takes with its first thirty visits, and no longer with the next thirty.
    assert server.memory_info().rss - before < 60e6


def test_who_finds_no_place_is_told_what_to_do(app):
    server, address, log = app
    assert kernels(server, 0) == 0
    with ThreadPoolExecutor(7) as pool:
        answers = list(pool.map(refused, [address] * 7))
    told = [answer for answer in answers if answer]
    assert len(told) == 3, "also of those that come at the same time"
    for code, again, page in told:
        assert code == 503
        assert 1 < again < 300
        assert "4 pages can be open at once" in page
        assert "tries again by itself" in page
    assert not errors_in(log.read_text(encoding="utf-8"))
    assert kernels(server, 0) == 0
    assert refused(address) is None


def test_in_a_full_house_the_entry_needs_no_place_for_a_reload_gives_one_back_meanwhile(app):
    server, address, _ = app
    assert kernels(server, 0) == 0
    pages = [looked_at(address) for _ in range(4)]
    assert refused(address)[0] == 503

    def enter():
        with urllib.request.urlopen(address) as page:
            token = re.search(r'encodeURIComponent\("(.+?)"', page.read().decode())[1]
        return f"{address}/?entry={urllib.parse.quote(token)}"

    assert status(enter()) == 503
    entry = enter()
    pages.pop().end()
    assert status(entry) == 200
    assert status(f"{address}/?entry=%FF") == 200
    for page in pages:
        page.end()


def test_who_goes_before_the_page_has_come_takes_no_place(tmp_path):
    # Where a page that nobody opens keeps its kernel for two minutes.
    with (tmp_path / "log").open("w") as opened:
        server, address = serve(opened, ZAPSIM_VISITORS="4")
    try:
        host, port = address.removeprefix("http://").split(":")
        for wait in (0, 0.1, 0.5, 1):
            impatient = socket.create_connection((host, int(port)), 5)
            asked = f"GET / HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: none\r\n\r\n"
            impatient.sendall(asked.encode())
            time.sleep(wait)
            impatient.close()
        assert kernels(server, 0, seconds=40) == 0
        looked_at(address).end()
    finally:
        stop(server)
    assert not errors_in((tmp_path / "log").read_text(encoding="utf-8"))


def test_another_site_cannot_end_a_kernel(app):
    server, address, _ = app
    assert kernels(server, 0) == 0
    page = looked_at(address)
    there = f"{address}/voila/api/shutdown/{page.kernel}"
    foreign = urllib.request.Request(there, method="POST", headers={"Origin": "http://evil.test"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(foreign)
    page.end()


def test_reloading_takes_no_second_place_and_a_page_that_lost_its_own_says_so(app, page):
    server, address, _ = app
    assert kernels(server, 0) == 0
    page.goto(address)
    Person(page)
    page.reload()
    person = Person(page)
    assert kernels(server, 1, seconds=10) == 1
    assert not page.get_by_role("alert").is_visible()
    kernel = re.search(r'"kernelId": ?"([\w-]+)"', page.content())[1]
    ending = urllib.request.Request(f"{address}/voila/api/shutdown/{kernel}", method="POST")
    urllib.request.urlopen(ending).close()
    page.get_by_role("alert").get_by_text("Reload it to go on").wait_for()
    page.reload()
    person = Person(page)
    person.press("Surprise me")
    assert not page.get_by_role("alert").is_visible()


def test_a_large_picture_arrives_a_larger_one_is_refused_and_small_ones_still_work(
    app, page, photo, dialogs
):
    server, address, log = app
    assert kernels(server, 0) == 0
    data = photo.read_bytes()
    sizes = {"small": len(data), "large": 30_000_000, "largest": 50_000_000, "more": 50_000_001}
    files = {name: photo.with_name(f"{name}.jpg") for name in sizes}
    for name, path in files.items():
        path.write_bytes(data + bytes(sizes[name] - len(data)))
    page.goto(address)
    person = Person(page)
    assert "up to 50 MB" in person.widget.inner_html()
    person.upload(files["small"])
    person.says("neighbours of small.jpg", timeout=90_000)
    (kernel,) = server.children()
    before = kernel.memory_info().rss
    person.upload(files["largest"])
    person.says("neighbours of largest.jpg", timeout=90_000)
    assert kernel.memory_info().rss - before < 25e6, "the upload is kept"
    person.upload(files["more"])
    page.wait_for_timeout(500)
    assert len(dialogs) == 1
    assert "more.jpg has 50.0 MB, and at most 50.0 can be sent" in dialogs[0]
    person.upload(files["large"])
    person.says("neighbours of large.jpg", timeout=90_000)
    person.upload(files["small"])
    person.says("neighbours of small.jpg")
    assert not errors_in(log.read_text(encoding="utf-8"))


def test_only_this_machine_is_answered_unless_all_are_asked_in(tmp_path):
    for host, answered in [("", False), ("0.0.0.0", True)]:
        with (tmp_path / "log").open("w") as opened:
            server, address = serve(opened, ZAPSIM_HOST=host)
        try:
            # On Linux, all of 127 is this machine; who listens to one address hears no other.
            other = address.replace("127.0.0.1", "127.0.0.2")
            if answered:
                assert status(other, Host="evil.test") == 403
                assert status(other, Host=socket.gethostname()) == 200
                assert status(other) == 200
            else:
                with pytest.raises(urllib.error.URLError, match="refused"):
                    urllib.request.urlopen(f"{other}/voila/static/voila.js")
        finally:
            stop(server)
    said = (tmp_path / "log").read_text(encoding="utf-8")
    board = re.findall(r"^ {8}http://(.+):(\d+)$", said.partition("Write on the board:")[2], re.M)
    assert board, "the addresses for the board"
    for name, port in board:
        assert not name.startswith(("127.", "169.254.", "localhost"))
        assert address.endswith(f":{port}")


ODD = """
/%00 /x%00y /%0a /%ff /%c0%af /%zz /% /.. /. // /%2e%2e%2f /..%2f..%2fetc%2fpasswd /%5c..%5c /con
/%F0%9F%91%9F /%0d%0aX:%20y /{{7*7}} /%3Cscript%3E /login /login%00 /logout /logout? /favicon.ico
/voila/render/%00 /voila/render/x%00y /voila/render/%0a /voila/render/x /voila/render/ /voila/tree
/voila/tree/%00 /voila/files/%00 /voila/files/notebooks/06_browse.ipynb /voila/files/../Makefile
/voila/templates/ /voila/templates/%00 /voila/templates/x /voila/templates/lab
/voila/templates/lab/static /voila/templates/lab/static/%00 /voila/templates/lab/x/y
/voila/templates/.. /voila/templates/../../x /voila/templates/lab/static/../../conf.json
/voila/static/%00 /voila/static/ /voila/static/%2e%2e/x /voila/static/x /voila/static/..
/voila/labextensions/%00 /voila/labextensions/ /voila/labextensions/x /voila/labextensions/a/b.js
/voila/api/themes/%00 /voila/api/themes/ /voila/api/themes/x /voila/api/shutdown/ /voila/api/x
/voila/api/shutdown/00000000-0000-0000-0000-000000000000 /api/kernels /api/kernels/ /api/kernels/x
/api/kernels/%00 /api/kernels/x/channels /api/kernels/00000000-0000-0000-0000-000000000000
/api/kernels/00000000-0000-0000-0000-000000000000/channels /?theme=%ff /?template=%c0%af
"""


def test_odd_addresses_are_refused_without_an_error(app):
    _, address, log = app
    place = address.removeprefix("http://")
    asked = [
        ("GET", path)
        for path in [*ODD.split(), f"/{'a/' * 4_000}", f"/?x={'a' * 9_000}", f"/{'a' * 300}"]
    ]
    asked += [("HEAD", "/voila/templates/x"), ("POST", "/"), ("PUT", "/"), ("DELETE", "/x")]
    asked += [("TRACE", "/"), ("CONNECT", "/"), ("ODD", "/"), ("ODD", "/x")]
    assert len(asked) > 60
    for method, path in asked:
        connection = http.client.HTTPConnection(place, timeout=30)
        # Python's own client would refuse some of them.
        connection.putrequest(method, "/", skip_host=True)
        connection._buffer[0] = f"{method} {path} HTTP/1.1".encode("latin-1")
        connection.putheader("Host", place)
        connection.endheaders()
        answer = connection.getresponse()
        assert 400 <= answer.status < 500, (method, path)
        assert b"Traceback" not in answer.read()
        connection.close()
    assert not errors_in(log.read_text(encoding="utf-8"))


def test_a_kernel_that_takes_too_much_is_ended_its_page_says_so_and_others_go_on(
    page, tmp_path, photo
):
    with BytesIO() as made:
        Image.new("RGB", (7_900, 7_900)).save(made, "PNG")
        photo.write_bytes(made.getvalue())
    with (tmp_path / "log").open("w") as opened:
        server, address = serve(opened, ["--Kernels.most=450000000"], ZAPSIM_VISITORS="2")
    try:
        other = looked_at(address)
        page.goto(address)
        person = Person(page)
        person.upload(photo)
        page.get_by_role("alert").get_by_text("more memory than one visitor can have").wait_for()
        (surprise,) = other.find("Surprise me")
        other.send(surprise, {"method": "custom", "content": {"event": "click"}})
        assert not other.errors
        assert kernels(server, 1) == 1
        page.reload()
        Person(page).press("Surprise me")
        assert not page.get_by_role("alert").is_visible()
    finally:
        stop(server)
    assert not errors_in((tmp_path / "log").read_text(encoding="utf-8"))


def test_a_page_that_sends_too_much_at_once_is_held_up(tmp_path):
    # Nothing is forgiven meanwhile, however slow this machine is.
    with (tmp_path / "log").open("w") as opened:
        server, address = serve(opened, ["--MappingKernelManager.cull_interval=600"])
    try:
        page = Page(address)
        header = HEADER | {"msg_type": "comm_msg"}
        large = message({"comm_id": "none", "data": {}}, bytes(20_000_000), header=header)
        frame = websocket.ABNF.create_frame(large, websocket.ABNF.OPCODE_BINARY)
        # To mask each would take longer than to send it.
        frame.get_mask_key = lambda length: bytes(length)
        frame = frame.format()
        # More connections help nobody.
        for most in (12, 1):
            sending = connect(page, PROTOCOL)
            with suppress(OSError):
                for _ in range(most):
                    sending.sock.sendall(frame)
            # The goodbye is lost where more was still on its way.
            with suppress(websocket.WebSocketConnectionClosedException, OSError):
                assert answer(sending) == 1008
            sending.shutdown()
        assert server.memory_info().rss < 600e6
    finally:
        stop(server)


FAILING = """
import os, zapsim
{
    "ours": lambda: zapsim.load_catalogue("/no/<b>such $a$"),
    "key": lambda: zapsim.load_catalogue().thumbnail("x.jpg"),
    "theirs": lambda: int("secret"),
    "inside": lambda: zapsim.load_catalogue().sample.__wrapped__,
}[os.environ["QUERY_STRING"]]()
"""


@contextmanager
def serving(source, folder, *options, settings=ROOT / "tools"):
    """Serve a notebook of one cell with the settings of `make app` (context); give its address."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cell = new_code_cell(source, metadata={"tags": ["app"]})
    path = folder / "one.ipynb"
    nbformat.write(new_notebook(cells=[cell], metadata=metadata), path)
    options = [f"--Voila.config_file_paths={settings}", *options, str(path)]
    server = Server("voila", options, folder, "/voila/static/voila.js")
    try:
        yield server.address
    finally:
        server.close()


def test_of_a_cell_that_fails_the_page_says_only_what_the_library_said(page, tmp_path):
    said = {}
    with serving(FAILING, tmp_path) as address:
        for case in ("ours", "key", "theirs", "inside"):
            page.goto(f"{address}/?{case}", timeout=90_000)
            page.locator(".jp-OutputArea-output").first.wait_for()
            said[case] = page.locator("body").inner_text()
    assert "No catalogue at /no/<b>such $a$. Give an existing folder" in said["ours"]
    assert "\nNo item 'x.jpg' among 615." in f"\n{said['key']}"
    for case, text in said.items():
        assert "Traceback" not in text
        assert "secret" not in text
        assert "__wrapped__" not in text
        assert ("window where make app runs" in text) == (case in ("theirs", "inside"))


# The cell's end is told at once, its output seconds later, as on a machine with too much to do.
LATE = """
import sys, time
# Otherwise the end waits for what was printed.
sys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1
get_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(8))
"here" + " it is"
"""


def test_output_that_arrives_late_is_waited_for_and_where_it_does_not_the_page_says_so(tmp_path):
    for options, shown in [((), True), (("--VoilaExecutor.iopub_timeout=2",), False)]:
        with serving(LATE, tmp_path, *options) as address:
            text = visit(address)
        assert ("here it is" in text) == shown
        assert ("Reload the page to try again" in text) != shown


PROTOCOL = "v1.kernel.websocket.jupyter.org"
HEADER = {"msg_id": "1", "msg_type": "comm_open", "session": "1", "username": "", "version": "5.3"}
CONTROL = {"comm_id": "1", "target_name": "jupyter.widget.control", "data": {}}


def connect(page, *protocols):
    place = f"{page.address.replace('http', 'ws', 1)}/api/kernels/{page.kernel}/channels"
    return websocket.create_connection(place, ANSWER, subprotocols=protocols)


def message(content=CONTROL, *buffers, header=HEADER, parent=None, channel="shell"):
    said = (header, {} if parent is None else parent, {"version": "1.0.0"}, content)
    parts = [json.dumps(part).encode() for part in said]
    return serialize_msg_to_ws_v1([*parts, *buffers], channel)


def often(kind, content, times):
    """Yield a message again and again; the kernel drops one that it knows."""
    for number in range(times):
        yield message(content, header=HEADER | {"msg_type": kind, "msg_id": f"{kind} {number}"})


def changed(number, offset):
    """Return a message with one of its offsets changed."""
    data = message(CONTROL, b"1234", b"5678")
    return data[: 8 * number] + offset.to_bytes(8, "little") + data[8 * number + 8 :]


def answer(connection):
    """Return what kind of frame comes back first that is not about the kernel's start."""
    while True:
        code, data = connection.recv_data()
        if code == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2])
        if b'"comm_open"' in data:
            return "heard"


IMPATIENT = f"""
load_subconfig("voila.py", path={str(ROOT / "tools")!r})
c = get_config()
c.Voila.tornado_settings["ws_ping_interval"] = 400
c.Voila.tornado_settings["ws_ping_timeout"] = 1_500
"""


def test_who_sends_slowly_is_not_taken_for_somebody_who_left(tmp_path):
    (tmp_path / "voila.py").write_text(IMPATIENT, encoding="utf-8")
    with serving("1", tmp_path, settings=tmp_path) as address:
        kernel = re.search(r'"kernelId": ?"([\w-]+)"', visit(address))[1]
        place = f"{address.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        slow, silent = (
            websocket.create_connection(place, ANSWER, subprotocols=[PROTOCOL]) for _ in range(2)
        )
        large = message(CONTROL, bytes(1_000_000))
        frame = websocket.ABNF.create_frame(large, websocket.ABNF.OPCODE_BINARY).format()
        # It answers no ping meanwhile. To be hung up on takes as long as one is waited for, and
        # five seconds for a goodbye.
        for at in range(0, len(frame), 50_000):
            slow.sock.sendall(frame[at : at + 50_000])
            time.sleep(0.5)
        assert answer(slow) == "heard"
        # Who answers no ping and sends nothing has left: what came before is followed by the end.
        deadline = time.monotonic() + 5
        while silent.sock.recv(100_000):
            assert time.monotonic() < deadline


def test_no_message_keeps_the_server_from_others(app):
    _, address, _ = app
    page = looked_at(address)
    with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
        connect(page)
    refused = {
        "no parts": b"\xff" * 64,
        "nothing": b"",
        "no offsets": b"\x06" + bytes(7),
        "text": "text",
        "parts that overlap": changed(7, 8 * 9),
        "an end that is none": changed(8, 10**9),
        "a start in the table": changed(1, 8),
        "many parts": message(CONTROL, *[b""] * 65),
        "much JSON": message(CONTROL | {"data": "x" * 1_000_001}),
        "no JSON": message(CONTROL).replace(b"{}", b"[["),
        "deep JSON": serialize_msg_to_ws_v1([b"[" * 200_000, b"{}", b"{}", b"{}"], "shell"),
        "another channel": message(channel="iopub"),
        "no kind": message(header={}),
        "no number": message(header={"msg_type": "comm_msg", "version": "5.3"}),
        "another version": message(header=HEADER | {"version": "4.1"}),
        "a version that is none": message(header=HEADER | {"version": []}),
        "a day that is none": message(header=HEADER | {"date": "9999-99-99T99:99:99Z"}),
        "half a letter": message(header=HEADER | {"username": "\ud800"}),
        "no parent": message(parent=[]),
        "a parent's day that is none": message(parent={"date": "9999-99-99T99:99:99Z"}),
        "orders to a terminal": message(header=HEADER | {"msg_type": "\x1b[31m\n[Voila] x"}),
        "orders in a name": message(CONTROL | {"comm_id": "\x1b[31m"}),
        "orders for a widget": message(
            {"comm_id": "1", "data": {"method": "\x1b]0;x\x07"}},
            header=HEADER | {"msg_type": "comm_msg"},
        ),
        "to nobody": message({"data": {}}, header=HEADER | {"msg_type": "comm_msg"}),
        "without data": message({"comm_id": "1"}, header=HEADER | {"msg_type": "comm_msg"}),
        "another field": message(header=HEADER | {"x": ["2026-01-01T00:00:00Z"] * 40_000}),
        "a parent's other field": message(parent=HEADER | {"x": ""}),
        "a field that is no text": message(header=HEADER | {"session": ["1"]}),
        "a long field": message(header=HEADER | {"username": "x" * 101}),
        "another thread": message(header=HEADER | {"subshell_id": "1"}),
        "a day after the last": message(header=HEADER | {"date": "9999-12-31T24:00:00Z"}),
        "a picture": message(
            {"comm_id": "1", "data": {"method": "update", "buffer_paths": [["value"]]}},
            b"1234",
            header=HEADER | {"msg_type": "comm_msg"},
        ),
        "a widget of its own": message(CONTROL | {"target_name": "jupyter.widget"}),
    }
    for name, data in refused.items():
        bad = connect(page, PROTOCOL)
        (bad.send if type(data) is str else bad.send_binary)(data)
        assert answer(bad) == 1002, name
        bad.shutdown()
    good = connect(page, PROTOCOL)
    # A newer page says this, too.
    header = HEADER | {"date": "2026-01-01T00:00:00.123Z", "subshell_id": None}
    good.send_binary(message(CONTROL, *[b""] * 64, header=header))
    assert answer(good) == "heard"
    (surprise,) = page.find("Surprise me")
    page.send(surprise, {"method": "custom", "content": {"event": "click"}})
    page.end()


def test_a_page_has_few_connections(app):
    _, address, _ = app
    page = Page(address)
    first, *_ = opened = [connect(page, PROTOCOL) for _ in range(4)]
    with pytest.raises(websocket.WebSocketBadStatusException, match="429"):
        connect(page, PROTOCOL)
    first.close()

    def another():
        with suppress(websocket.WebSocketBadStatusException):
            opened.append(connect(page, PROTOCOL))
        return len(opened) == 5

    assert soon(another), "one that was closed counts no more"
    page.end()


def test_what_is_in_the_address_is_data(app):
    _, address, _ = app
    for name in ("theme", "template", "x"):
        text = visit(f"{address}/?{name}=%22%3E%3Cb%3Ezzz")
        assert "zzz" not in text
        kernel = re.search(r'"kernelId": ?"([\w-]+)"', text)[1]
        ending = urllib.request.Request(f"{address}/voila/api/shutdown/{kernel}", method="POST")
        urllib.request.urlopen(ending).close()


def test_a_form_is_refused_before_it_is_read(app):
    _, address, _ = app
    asked = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    asked.putrequest("POST", "/voila/api/shutdown/x")
    asked.putheader("Content-Length", "90000000")
    asked.endheaders()
    assert asked.getresponse().status == 400


def status(address, **headers):
    asked = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as page:
            return page.status
    except urllib.error.HTTPError as error:
        return error.code


def test_another_site_neither_reads_nor_opens_a_page(app):
    server, address, _ = app
    assert kernels(server, 0) == 0
    assert status(address, Host="evil.test") == 403
    assert status(address, **{"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"}) == 403
    assert status(address, **{"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch"}) == 503
    assert status(address, **{"Sec-Fetch-Site": "none", "X-Moz": "prefetch"}) == 503
    # These get a page that goes on by itself, once it is looked at.
    for site in ("cross-site", "same-site"):
        assert status(address, **{"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": site}) == 200
    assert not server.children()
    page = looked_at(address)
    kernel = f"{address}/api/kernels/{page.kernel}"
    assert status(kernel, Host="evil.test") == 403
    assert status(kernel, Host="localhost:80") == 200
    page.end()


@contextmanager
def another_site(folder):
    """Serve a folder (context); give its address."""
    files = partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    elsewhere = http.server.ThreadingHTTPServer(("127.0.0.1", 0), files)
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    try:
        yield f"http://evil.test:{elsewhere.server_port}/"
    finally:
        elsewhere.shutdown()


# The second leads here again and again, and stays: no answer comes before the next is asked for.
SPECULATING = """<script type="speculationrules">
{"KIND": [{"source": "list", "urls": ["PLACE/?1", "PLACE/?2"], "eagerness": "immediate"}]}
</script><a href="PLACE/?1">Shoes</a>"""
LEADING = """<script>
let n = 0;
const lead = () => { if (n < 10) location = "PLACE/?" + n++; setTimeout(lead, 20); };
onload = () => setTimeout(lead, 20);
</script>"""


def test_what_another_site_makes_a_browser_fetch_takes_no_place_until_somebody_comes(
    app, browser, tmp_path
):
    server, address, log = app
    assert kernels(server, 0) == 0
    begin = len(log.read_text(encoding="utf-8"))
    for kind in ("prefetch", "prerender"):
        page = SPECULATING.replace("KIND", kind).replace("PLACE", address)
        (tmp_path / f"{kind}.html").write_text(page)
    (tmp_path / "leading.html").write_text(LEADING.replace("PLACE", address))
    names = "--host-resolver-rules=MAP evil.test 127.0.0.1"
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, names])
    with another_site(tmp_path) as place:
        try:
            for kind in ("prefetch", "prerender"):
                said = len(log.read_text(encoding="utf-8"))
                page = other.new_page()
                page.goto(f"{place}{kind}.html")
                page.wait_for_timeout(1500)
                asked = partial(lambda at: "503 GET" in log.read_text("utf-8")[at:], said)
                assert soon(asked), "it asked ahead"
                assert not server.children()
            page.get_by_text("Shoes").click()
            Person(page).press("Surprise me")
            assert len(server.children()) == 1
            page.close()
            assert kernels(server, 0) == 0
            page = other.new_page()
            page.goto(f"{place}leading.html", wait_until="commit")
            page.wait_for_timeout(3000)
            assert len(server.children()) <= 1, "the last one may be looked at"
        finally:
            other.close()
    assert not errors_in(log.read_text(encoding="utf-8")[begin:])


def odd_uploads():
    """Yield values of a FileUpload that no page sends, each with what waits in buffers."""
    file = {"name": "a.jpg", "type": "image/jpeg", "size": 4, "last_modified": 0}
    inside = [["value", 0, "content"]]
    for content in (3_000_000_000, "text", [1, 2, 300], None, {}):
        yield [file | {"content": content}], [], []
    for name in (None, 5, ["x"], "a" * 100_000):
        yield [file | {"name": name}], inside, [b"1234"]
    for when in ("x", None, 1e300, -(10**18), 10**400):
        yield [file | {"last_modified": when}], inside, [b"1234"]
    yield [file], [], []
    yield "text", [], []


def test_of_a_widget_that_fails_the_page_says_only_what_the_library_said(app):
    server, address, log = app
    assert kernels(server, 0) == 0
    begin = len(log.read_text(encoding="utf-8"))
    page = looked_at(address)
    heard, keep = [], page._keep
    page._keep = lambda kind, content: heard.append((kind, content)) or keep(kind, content)

    def change(widget, paths=(), buffers=(), **state):
        data = {"method": "update", "state": state, "buffer_paths": paths}
        page.send(widget, data, buffers)

    upload = page.find("Search with my picture", "FileUploadModel")[0]
    (kernel,) = server.children()
    before = kernel.memory_info()
    for value, paths, buffers in odd_uploads():
        change(upload, paths, buffers, value=value)
    for value in ("x", None, [1]):
        change(page.find("", "IntSliderModel")[0], value=value)
        change(page.find("", "DropdownModel")[0], index=value)
        change(page.find("", "ComboboxModel")[0], value=value if value != "x" else "\ud800")
    (surprise,) = page.find("Surprise me")
    for data in ({}, {"method": "custom", "content": 5}, {"method": "update", "state": [1]}):
        page.send(surprise, data)
    change(surprise, layout="IPY_MODEL_none")
    page.send("nobody", {"method": "custom", "content": {}})
    assert len(page.errors) > 15
    assert {*map(str.strip, page.errors)} == {
        "This was not foreseen, and failed. Try another way, or reload the page."
    }
    said = json.dumps(heard)
    assert "No file arrived" in said
    for inside in ("raceback (", "site-packages", str(ROOT), "must be", "encoding", "\\u001b"):
        assert inside not in said
    assert kernel.memory_info().vms - before.vms < 1e9
    page.end()
    assert not errors_in(log.read_text(encoding="utf-8")[begin:])


def test_a_page_asks_no_other_site_and_says_when_its_kernel_died(app, page):
    server, address, _ = app
    assert kernels(server, 0) == 0
    elsewhere = []

    def note(route):
        elsewhere.append(route.request.url)
        route.abort()

    page.route(lambda url: not url.startswith((address, "data:", "blob:")), note)
    page.goto(address)
    Person(page).press("Surprise me")
    assert not elsewhere
    assert page.locator(".fa-upload").count()
    fonts = page.evaluate(
        "[...document.fonts].filter(it => it.status == 'loaded').map(it => it.family)"
    )
    assert any("Awesome" in font for font in fonts)
    (kernel,) = server.children()
    kernel.kill()
    page.get_by_role("alert").get_by_text("Reload it to go on").wait_for()
    assert kernels(server, 0, seconds=10) == 0


def test_many_visits_at_once_for_half_a_minute(browser, tmp_path):
    with (tmp_path / "log").open("w") as log:
        row, _, wrong = soak(visitors=3, minutes=0.5, places=2, log=log)
    # Whether memory stays flat takes minutes to see: by then, kernels did different things.
    assert not [each for each in wrong if not each.startswith("MB ")]
    assert row["refused"]
    assert row["actions"] > 5


def test_without_a_word_of_the_browser_only_a_page_of_its_own_takes_a_place(browser, tmp_path):
    name = f"{socket.gethostname()}.local".lower()
    # To its own machine, and to none else without encryption, a browser says what it asks for.
    names = f"--host-resolver-rules=MAP {name} 127.0.0.1, MAP evil.test 127.0.0.1"
    with (tmp_path / "log").open("w") as opened:
        server, address = serve(opened, ZAPSIM_HOST="0.0.0.0", ZAPSIM_VISITORS="3")
    other = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, names])
    try:
        place = address.replace("127.0.0.1", name)
        page = other.new_page()
        asked = []
        page.on("request", lambda one: asked.append(one.all_headers()))
        images = [f'<img src="{place}/?{n}">' for n in range(4)]
        images += [f'<iframe src="{place}/?{n}"></iframe>' for n in range(4)]
        (tmp_path / "index.html").write_text("".join(images))
        with another_site(tmp_path) as elsewhere:
            page.goto(elsewhere, wait_until="load")
            page.wait_for_timeout(1000)
        assert len(asked) >= 9
        assert not any("sec-fetch-dest" in headers for headers in asked)
        assert not server.children()
        # So does a preview of the link.
        with urllib.request.urlopen(place.replace(name, "127.0.0.1")) as preview:
            token = re.search(r'encodeURIComponent\("(.+?)"', preview.read().decode())[1]
        assert not server.children()
        page.goto(place)
        Person(page).press("Surprise me")
        assert page.url == f"{place}/"
        assert len(server.children()) == 1
        page.reload()
        Person(page)
        assert kernels(server, 1, seconds=10) == 1
        entry = f"{address}/?entry={urllib.parse.quote(token)}"
        for times in (1, 2):
            with urllib.request.urlopen(entry, timeout=60) as answered:
                assert ("widget-view" in answered.read().decode()) == (times == 1)
    finally:
        other.close()
        stop(server)


def drain(connection):
    """Read until one is hung up on."""
    with suppress(OSError, websocket.WebSocketException):
        while connection.recv():
            pass


@pytest.mark.parametrize("reads", [False, True])
def test_who_asks_for_much_is_hung_up_on_whether_or_not_it_reads(app, reads):
    server, address, log = app
    assert kernels(server, 0) == 0
    said = len(log.read_text(encoding="utf-8"))
    page = looked_at(address)
    labels = [name for name, state in page.widgets.items() if "tooltip" in state][:9]
    for name in labels:
        state = {"tooltip": "x" * 900_000}
        page.send(name, {"method": "update", "state": state, "buffer_paths": []})
    page.leave()
    before = server.memory_info().rss
    asking = [connect(page, PROTOCOL) for _ in range(4)]
    for one in asking if reads else ():
        threading.Thread(target=drain, args=[one], daemon=True).start()
    asking[0].send_binary(message())
    ask = {"comm_id": "1", "data": {"method": "request_states"}}
    for data in often("comm_msg", ask, 1_000 if reads else 30):
        asking[0].send_binary(data)
    most, end = 0, time.monotonic() + 8
    while time.monotonic() < end:
        most = max(most, server.memory_info().rss)
        time.sleep(0.1)
    # 200 MB, and what comes between two looks of a busy machine.
    assert most - before < 350e6
    # What it missed was more than is kept for it.
    assert kernels(server, 0) == 0
    for one in asking:
        one.shutdown()
    assert not errors_in(log.read_text(encoding="utf-8")[said:])


def test_messages_that_do_not_end_are_bounded(app):
    server, address, log = app
    assert kernels(server, 0) == 0
    said = len(log.read_text(encoding="utf-8"))
    pages = [looked_at(address) for _ in range(3)]
    before = server.memory_info().rss
    begun = websocket.ABNF(0, opcode=websocket.ABNF.OPCODE_BINARY, mask_value=1)
    begun.data, begun.get_mask_key = bytes(50_900_000), lambda length: bytes(length)
    begun = begun.format()
    opened = [connect(page, PROTOCOL) for page in pages for _ in range(3)]
    for one in opened:
        with suppress(OSError):
            one.sock.sendall(begun)
    # Of 460 MB; and all that is kept is four times the largest upload, and one of each page.
    time.sleep(1)
    assert soon(lambda: server.memory_info().rss - before < 260e6)
    for one in opened:
        one.shutdown()
    for page in pages:
        page.end()
    assert not errors_in(log.read_text(encoding="utf-8")[said:])


def test_connections_that_say_nothing_keep_nobody_out_and_are_bounded(app):
    _, address, log = app
    host, port = address.removeprefix("http://").split(":")
    # Four places: 180 in all, 90 of one address.
    silent = [socket.create_connection((host, int(port)), 5) for _ in range(200)]
    # On Linux, all of 127 is this machine.
    others = http.client.HTTPConnection(host, int(port), 10, source_address=("127.0.0.9", 0))
    others.request("GET", "/voila/static/voila.js")
    assert others.getresponse().status == 200
    for one in silent:
        one.setblocking(False)

    def hung_up(one):
        try:
            return one.recv(1) == b""
        except BlockingIOError:
            return False

    assert soon(lambda: sum(map(hung_up, silent)) >= 110)
    for one in silent:
        one.close()
    assert status(f"{address}/voila/static/voila.js") == 200
    assert len(log.read_text(encoding="utf-8")) < 1_000_000


def test_where_no_more_files_can_be_open_it_goes_on(tmp_path):
    with (tmp_path / "log").open("w") as opened:
        server, address = serve(opened, ZAPSIM_VISITORS="40")
    try:
        # Fewer than it may keep open, so that it is the system that says no.
        server.rlimit(psutil.RLIMIT_NOFILE, (server.num_fds() + 20,) * 2)
        place = address.removeprefix("http://").split(":")
        silent = [socket.create_connection((place[0], int(place[1])), 5) for _ in range(60)]
        time.sleep(1)
        for one in silent:
            one.close()
        time.sleep(0.5)
        assert status(f"{address}/voila/static/voila.js") == 200
        assert not errors_in((tmp_path / "log").read_text(encoding="utf-8"))
    finally:
        stop(server)


def test_who_left_much_to_do_does_not_keep_the_kernel(app):
    server, address, _ = app
    assert kernels(server, 0) == 0
    page = looked_at(address)
    (surprise,) = page.find("Surprise me")
    click = {"comm_id": surprise, "data": {"method": "custom", "content": {"event": "click"}}}
    for data in often("comm_msg", click, 4_000):
        page._socket.send_binary(data)
    page._socket.shutdown()
    # Before it has done it all; at once, where what the page missed is too much already.
    assert kernels(server, 0, seconds=17) == 0
