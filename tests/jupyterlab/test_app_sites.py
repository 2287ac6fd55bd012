"""What `make app` answers: its own pages only, and no other website."""

import http.client
import http.server
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from functools import partial

import pytest

from benchmarks.soak import errors_in
from benchmarks.visitors import serve, stop, visit
from tests.conftest import CHROMIUM, QUIET
from tests.jupyterlab.conftest import Person
from tests.jupyterlab.visiting import kernels, looked_at, soon, status


def test_another_site_cannot_end_a_kernel(app):
    server, address, _ = app
    assert kernels(server, 0) == 0
    page = looked_at(address)
    there = f"{address}/voila/api/shutdown/{page.kernel}"
    foreign = urllib.request.Request(there, method="POST", headers={"Origin": "http://evil.test"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(foreign)
    page.end()


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
