"""What `make app` promises: who leaves gives all back, who stays keeps it, nobody waits in vain."""

import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from benchmarks.soak import Page, errors_in, soak
from benchmarks.visitors import serve, stop
from tests.jupyterlab.conftest import Person
from tests.jupyterlab.visiting import kernels, looked_at, often, refused, status


def test_a_page_keeps_its_kernel_while_it_is_open_and_others_go(app):
    server, address, log = app
    looking = looked_at(address)
    Page(address)
    sleeping = looked_at(address)
    sleeping.leave()
    assert kernels(server, 1) == 1, "one was only fetched, one left without a word"
    time.sleep(8)
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


def test_many_visits_at_once_for_half_a_minute(browser, tmp_path):
    with (tmp_path / "log").open("w") as log:
        row, _, wrong = soak(visitors=3, minutes=0.5, places=2, log=log)
    # Whether memory stays flat takes minutes to see: by then, kernels did different things.
    assert not [each for each in wrong if not each.startswith("MB ")]
    assert row["refused"]
    assert row["actions"] > 5
