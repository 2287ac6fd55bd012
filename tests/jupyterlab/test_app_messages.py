"""What `make app` takes from a page: what its widgets say, and not too much of it."""

import http.client
import http.server
import re
import socket
import threading
import time
from contextlib import suppress

import psutil
import pytest
import websocket
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from benchmarks.soak import ANSWER, Page, errors_in
from benchmarks.visitors import serve, stop, visit
from tests.jupyterlab.conftest import ROOT
from tests.jupyterlab.visiting import (
    CONTROL,
    HEADER,
    PROTOCOL,
    connect,
    kernels,
    looked_at,
    message,
    often,
    serving,
    soon,
    status,
)


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
