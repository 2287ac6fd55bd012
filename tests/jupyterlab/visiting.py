"""Visit `make app`: its pages, its kernels, and messages as a page sends them."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import nbformat
import websocket
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.soak import ANSWER, Page
from benchmarks.visitors import visit
from tests.jupyterlab.conftest import ROOT, Server

PROTOCOL = "v1.kernel.websocket.jupyter.org"
HEADER = {"msg_id": "1", "msg_type": "comm_open", "session": "1", "username": "", "version": "5.3"}
CONTROL = {"comm_id": "1", "target_name": "jupyter.widget.control", "data": {}}


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


def status(address, **headers):
    asked = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as page:
            return page.status
    except urllib.error.HTTPError as error:
        return error.code


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
