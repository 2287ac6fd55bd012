"""Let visitors come to the browser as a web page, browse at random and leave, for minutes.

    python -m benchmarks.soak [--visitors 20] [--minutes 10] [--places 18]

In: `make app`'s server, with as many places. Out: a table, and what went wrong, which makes the
process fail. Each visitor speaks to the server as a page does, but draws nothing: it opens the
page, clicks on neighbours, filters, searches, goes back, uploads a picture and leaves; some leave
without a word, as a computer does that falls asleep, and some only fetch the page. Wrong is: an
error in the server's log, or one that a kernel reports; more kernels than places; an answer that
does not come; memory that is not flat. Flat: after the first minute (a third of a shorter run),
neither the server nor a kernel on average takes over 15 % more in the last third than in the first,
by the median; a kernel that is younger than ten seconds does not count yet, and the server may take
150 MB.
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import websocket
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

import zapsim
from benchmarks.measure import machine, save, table
from benchmarks.visitors import serve, size, stop, visit

ANSWER = 60
GROWTH = 1.15
GROWN = 10
# What the server comes to with its first fifty visits, from 70.
SETTLED = {"MB of the server": 150, "MB a kernel": 0}
# What kernels warn of at each start is no error.
ERROR = re.compile(r"Traceback|ERROR|CRITICAL|^5(?!03)\d\d |Exception", re.MULTILINE)
# Jupyter's search for kernels that nobody uses says so of one that just starts or ends, and tornado
# of a page that closes while something is sent to it; both go on.
PASSING = re.compile(
    r"^(?:.*while checking the idle duration|Task exception was never retrieved\n"
    r"future:.*WebSocketClosedError).*\n"
    r"(?:(?:Traceback|[ \t]|[\w.]*Error|The above|During handling).*\n|\n)*",
    re.MULTILINE,
)
WORDS = ["boots", "women", "flat buckle", "sneakers", "sandal", "zzz", "<b>", "0"]
CLICKS = ["Surprise me", "← Back", "Forward →", "★ ", "Export", "Search like #", "More like #"]


class Page:
    """A page that was opened: its kernel, and what its widgets hold."""

    def __init__(self, address):
        self.address, self.session, self.errors = address, uuid.uuid4().hex, []
        text = visit(address)
        self.kernel = re.search(r'"kernelId": ?"([\w-]+)"', text)[1]
        if "widget-view" not in text:
            self.errors.append("a page without the browser")

    def connect(self):
        place = f"{self.address.replace('http', 'ws', 1)}/api/kernels/{self.kernel}/channels"
        url = f"{place}?session_id={self.session}"
        protocol = "v1.kernel.websocket.jupyter.org"
        self._socket = websocket.create_connection(url, ANSWER, subprotocols=[protocol])
        self.widgets, control = {}, uuid.uuid4().hex
        target = {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}}
        self._ask("comm_open", target)
        self.send(control, {"method": "request_states"})

    def send(self, widget, data, buffers=()):
        """Send a message to a widget, and wait until the kernel is through with it."""
        return self._ask("comm_msg", {"comm_id": widget, "data": data}, buffers)

    def find(self, words, kind="ButtonModel"):
        """Return the widgets of a kind whose words begin so, and that can be used."""
        return [
            name
            for name, state in self.widgets.items()
            if state.get("_model_name") == kind
            and state.get("description", "").startswith(words)
            and not state.get("disabled")
        ]

    def leave(self):
        self._socket.close()

    def end(self):
        """End the kernel, as a page does that is closed."""
        there = f"{self.address}/voila/api/shutdown/{self.kernel}"
        urllib.request.urlopen(urllib.request.Request(there, method="POST"), timeout=ANSWER).close()

    def _ask(self, kind, content, buffers=()):
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": self.session, "username": ""}
        header |= {"version": "5.3", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        # The version of the protocol of all widgets' states; single ones don't ask for theirs.
        said = [header, {}, {"version": "1.0.0"}, content]
        parts = [*(json.dumps(part).encode() for part in said), *buffers]
        self._socket.send_binary(serialize_msg_to_ws_v1(parts, "shell"))
        end = time.monotonic() + ANSWER
        while time.monotonic() < end:
            _, parts = deserialize_msg_from_ws_v1(self._socket.recv())
            header, parent, _, content = map(json.loads, parts[:4])
            self._keep(header["msg_type"], content)
            if parent.get("msg_id") == number and content.get("execution_state") == "idle":
                return
        raise TimeoutError(f"no end to the answer to {kind} after {ANSWER} s")

    def _keep(self, kind, content):
        if kind in ("error", "stream"):
            self.errors.append(content.get("evalue") or content["text"])
        data = content.get("data", {})
        if data.get("method") == "update_states":
            self.widgets = {name: found["state"] for name, found in data["states"].items()}
        elif data.get("method") in ("update", "echo_update"):
            self.widgets.setdefault(content["comm_id"], {}).update(data["state"])


class Soak:
    """Visitors, and what is counted of them."""

    def __init__(self, address, photo, end):
        self.address, self.photo, self.end = address, photo, end
        self.counts, self.wrong, self.waits = Counter(), [], []

    def live(self, number):
        """Come and go until the time is over."""
        chance = random.Random(number)
        while time.monotonic() < self.end:
            try:
                self._visit(chance)
            except urllib.error.HTTPError as error:
                polite = error.code == 503 and error.headers["Retry-After"]
                if polite and "All places are taken" in error.read().decode():
                    self.counts["refused"] += 1
                    self._pause(chance.uniform(2, 10))
                else:
                    self.wrong.append(f"the page answers {error.code}")
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")

    def _visit(self, chance):
        page = Page(self.address)
        self.counts["visits"] += 1
        if chance.random() < 0.05:
            self.counts["only fetched"] += 1
            return
        page.connect()
        try:
            for _ in range(chance.randint(3, 20)):
                start = time.monotonic()
                self._act(page, chance)
                self.waits.append(time.monotonic() - start)
                self._pause(chance.uniform(0.3, 3))
                if time.monotonic() > self.end:
                    break
        finally:
            page.leave()
        self.wrong += page.errors
        if chance.random() < 0.1 and time.monotonic() < self.end:
            self.counts["left without a word"] += 1
        else:
            page.end()

    def _act(self, page, chance):
        kind = chance.choice(["click"] * 5 + ["filter", "search", "upload"])
        self.counts["actions"] += 1
        if kind == "click":
            if found := page.find(chance.choice(CLICKS)):
                page.send(chance.choice(found), {"method": "custom", "content": {"event": "click"}})
        elif kind == "filter":
            found = page.find("", "DropdownModel")
            choices = {name: len(page.widgets[name]["_options_labels"]) for name in found}
            name = chance.choice([name for name in found if choices[name]])
            _set(page, name, index=chance.randrange(choices[name]))
        elif kind == "search":
            (name,) = page.find("", "ComboboxModel")
            _set(page, name, value=chance.choice(WORDS))
            page.send(name, {"method": "custom", "content": {"event": "submit"}})
        elif chance.random() < 0.3:
            name = page.find("Search with my picture", "FileUploadModel")[0]
            file = {"name": "mine.jpg", "type": "image/jpeg", "size": len(self.photo)}
            data = {"method": "update", "state": {"value": [file | {"last_modified": 0}]}}
            data["buffer_paths"] = [["value", 0, "content"]]
            page.send(name, data, [self.photo])

    def _pause(self, seconds):
        time.sleep(max(0, min(seconds, self.end - time.monotonic())))


def _set(page, name, **state):
    page.send(name, {"method": "update", "state": state, "buffer_paths": []})


def soak(visitors, minutes, places, log):
    """Run it; return a row of what was counted, the samples, and what went wrong (list of str)."""
    catalogue = zapsim.load_catalogue()
    photo = catalogue.thumbnail(catalogue.keys[100])
    server, address = serve(log, ZAPSIM_VISITORS=str(places))
    try:
        start = time.monotonic()
        here = Soak(address, photo, start + 60 * minutes)
        threads = [threading.Thread(target=here.live, args=[n]) for n in range(visitors)]
        for thread in threads:
            thread.start()
        samples = []
        while any(thread.is_alive() for thread in threads):
            samples.append({"second": time.monotonic() - start, **_sample(server)})
            time.sleep(5)
    finally:
        stop(server)
    return _judge(here, samples, places, minutes, Path(log.name).read_text(encoding="utf-8"))


def _sample(server):
    kernels, sizes = server.children(), []
    for process in kernels:
        # Some end meanwhile.
        with suppress(psutil.Error):
            if time.time() - process.create_time() > GROWN:
                sizes.append(size(process))
    mean = statistics.mean(sizes) if sizes else None
    pids = [process.pid for process in kernels]
    return {"kernels": pids, "MB of the server": size(server), "MB a kernel": mean}


def errors_in(said):
    """Return the lines of a server's log (str) that tell of an error."""
    lines = PASSING.sub("", said).splitlines()
    return [line[:300] for line in lines if ERROR.search(line)]


def _judge(here, samples, places, minutes, said):
    wrong = [*here.wrong, *errors_in(said)]
    # One that ends is still there while the next begins, but not at two samples.
    both = ({*one["kernels"]} & {*other["kernels"]} for one, other in pairwise(samples))
    most = max(map(len, both), default=0)
    if most > places:
        wrong.append(f"{most} kernels for {places} places")
    later = [s for s in samples if s["second"] > min(60, 20 * minutes)]
    row = {"places": places, "minutes": minutes}
    row |= {name: here.counts[name] for name in ("visits", "actions", "refused", "only fetched")}
    row["left without a word"] = here.counts["left without a word"]
    row |= {"seconds an action": statistics.median(here.waits), "most kernels": most}
    for name in ("MB of the server", "MB a kernel"):
        values = [sample[name] for sample in later if sample[name] is not None]
        third = max(1, len(values) // 3)
        before, after = (statistics.median(part) for part in (values[:third], values[-third:]))
        row[f"{name}, first"], row[f"{name}, last"] = before, after
        if after > max(GROWTH * before, SETTLED[name]):
            wrong.append(f"{name}: {before:.0f} at first, {after:.0f} at last")
    row["wrong"] = len(wrong)
    return row, samples, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--places", type=int, help="by default a tenth fewer than visitors")
    options = parser.parse_args()
    places = options.places or max(1, round(0.9 * options.visitors))
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as log:
        row, samples, wrong = soak(options.visitors, options.minutes, places, log)
    print(table([{"what": name, "value": value} for name, value in row.items()]))
    save("soak", {"machine": machine("voila", "ipywidgets"), "soak": row, "samples": samples})
    if wrong:
        sys.exit("\n".join([*sorted(set(wrong))[:20], f"The server's log is in {log.name}"]))


if __name__ == "__main__":
    main()
