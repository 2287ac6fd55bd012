"""A small Ray cluster, and a server on this machine that speaks S3 and fails when told to."""

import logging
import os
import socket
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

import zapsim
from tests.conftest import ROOT
from zapsim.scale import extraction


@pytest.fixture(scope="session")
def quiet_ray():
    """Ray, told to wait for a busy machine; workers find the tests' own extractors."""
    before = dict(os.environ)
    # Ray reads them when it is imported.
    os.environ |= {"RAY_raylet_start_wait_time_s": "300", "RAY_DEDUP_LOGS": "0"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests/scale")])
    ray = pytest.importorskip("ray", reason="needs Ray: pip install -e .[scale]")
    pytest.importorskip("ray.data", reason="needs Ray Data: pip install -e .[scale]")
    yield ray
    os.environ.clear()
    os.environ |= before


@pytest.fixture(scope="class")
def cluster(quiet_ray):
    """Two workers on this machine."""
    options = {"include_dashboard": False, "log_to_driver": False, "logging_level": "error"}
    quiet_ray.init("local", num_cpus=2, object_store_memory=100_000_000, **options)
    yield quiet_ray
    quiet_ray.shutdown()


@pytest.fixture
def small_portions(monkeypatch):
    """Several portions, although there are few pictures."""
    monkeypatch.setattr(extraction, "_PORTIONS", (4, 1, 1))


@pytest.fixture(scope="session")
def extractor():
    """What takes a moment for a picture."""
    return zapsim.VGG16Extractor(image_size=32, layer="block4_pool", grid=1)


class _Proxy(BaseHTTPRequestHandler):
    """Pass requests on to a server, or answer as the test wants."""

    protocol_version = "HTTP/1.1"

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = next((f for part, f in self.server.faults.items() if part in self.path), None)
        status, headers, data = self._passed_on(body)
        if isinstance(fault, int):
            status, headers, data = fault, {}, b"<Error><Code>Fault</Code></Error>"
        if isinstance(fault, bytes):
            status, headers, data = 200, {}, fault
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if fault == "cut" else data)
        if fault == "cut":
            self.close_connection = True

    do_GET = do_HEAD = _answer

    def _passed_on(self, body):
        connection = HTTPConnection(*self.server.behind)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        data = answer.read()
        unwanted = {"transfer-encoding", "connection", "server", "date"}
        headers = {k.title(): v for k, v in answer.getheaders() if k.lower() not in unwanted}
        if "Content-Length" in headers and self.command != "HEAD":
            headers["Content-Length"] = str(len(data))
        return answer.status, headers, data

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="session")
def moto_server():
    server = pytest.importorskip("moto.server", reason="needs moto: pip install -e .[scale-test]")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    started = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    started.start()
    yield started.get_host_and_port()
    started.stop()


@pytest.fixture(scope="session")
def gs_server():
    """Google Cloud Storage's language, spoken on this machine: ``HOST:PORT``."""
    emulator = pytest.importorskip(
        "gcp_storage_emulator.server", reason="needs an emulator: pip install -e .[scale-test]"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    started = emulator.create_server(host, port, in_memory=True, default_bucket="shop")
    started.start()
    yield f"{host}:{port}"
    started.stop()


@pytest.fixture
def s3(moto_server, monkeypatch):
    """Return a storage without a bucket, whatever other tests put there.

    ``faults`` (part of a path -> status, body, or "cut"), ``address(path)``; its ``client`` writes.
    """
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    proxy.daemon_threads, proxy.behind, proxy.faults = True, moto_server, {}
    Thread(target=proxy.serve_forever, daemon=True).start()
    where = "{}:{}".format(*proxy.server_address)
    options = f"region=us-east-1&scheme=http&endpoint_override={where}"
    # What is put there goes to the server itself.
    boto3 = pytest.importorskip("boto3")
    direct = "http://{}:{}".format(*moto_server)
    proxy.client = boto3.client("s3", endpoint_url=direct, region_name="us-east-1")
    proxy.address = lambda path: f"s3://{path}?{options}"
    requests.post(f"{direct}/moto-api/reset").raise_for_status()
    yield proxy
    proxy.shutdown()
    proxy.server_close()
