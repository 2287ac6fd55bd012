"""Settings for `make app`: show only what is meant for people who don't want to see code.

In: notebook 06, and what the environment says: ZAPSIM_VISITORS, how many pages can be open at once;
ZAPSIM_HOST, the address to serve at, 0.0.0.0 for all who share the network. Out: a page for each
visitor, with a kernel of its own. Only the cells tagged "app" are kept: they need nothing of the
others. The edge rule: kernels are bounded, in number and in memory, and end with their pages; who
finds no place is told. What a page does not send is not let through, and other websites neither
open pages nor read them.
"""

import errno
import gc
import json
import os
import re
import secrets
import socket
import sys
from ast import literal_eval
from collections import Counter, deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from html import escape
from ipaddress import ip_address
from itertools import pairwise
from math import inf
from pathlib import Path
from time import monotonic
from weakref import WeakSet

import psutil
from jupyter_client.jsonutil import extract_dates
from jupyter_client.session import DELIM
from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from nbconvert.filters import strip_ansi
from nbformat.v4 import new_markdown_cell, new_output
from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.iostream import StreamBufferFullError
from tornado.routing import AnyMatches, Matcher, RuleRouter
from tornado.web import (
    Application,
    Finish,
    RequestHandler,
    create_signed_value,
    decode_signed_value,
)
from traitlets import Integer, TraitError, default

try:
    import resource
except ImportError:
    # Windows waits for no more than 512 sockets at once.
    FILES = 512
else:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    FILES = max(soft, 10_000 if hard == resource.RLIM_INFINITY else min(hard, 10_000))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    except (ValueError, OSError):
        FILES = soft

PORT = 8866
# Seconds. A page that is open keeps its kernel, and one that is closed ends it. Where nobody opens
# what was fetched (a preview of the link), or a computer sleeps, its kernel waits for this long.
LEFT_ALONE, LOOKING, AGAIN = 120, 10, 30
# Seconds that a kernel may take to start, and its output to arrive after it was made: the widgets
# are 300 messages, and where many pages open on a busy machine the server is slow to read them.
PATIENCE = 300
# Bytes: of a kernel while it reads a picture, and of the largest one.
ROOM, LARGEST = 250_000_000, 50_000_000
# Where the machine has no more than this left, no kernel may take over ROOM.
SPARE = 400_000_000
# Bytes of what is around a picture, and of what is no picture at all: only pages' messages are.
AROUND, BODY = 1_000_000, 10_000
# Of a message: what is not JSON; of a kernel: a page that connects again may not have closed yet.
BUFFERS, CONNECTIONS = 64, 4
# A message's header. The kernel sends it back with all that it answers, about 30 messages a click.
FIELDS, LETTERS = {"msg_id", "msg_type", "session", "username", "version", "date"}, 100
# Bytes of a page's messages, and of those to it, for a short one may ask for much. Half is forgiven
# each second, but while its kernel is busy: what waits for it fills the server's memory. Each that
# comes counts BODY more, for the smallest is work, too.
SENT, MOST_SENT = Counter(), 3 * LARGEST
# Bytes that wait until a connection reads them, or that a page missed while it was away; and all
# that the server keeps of one page, and of all: what was not read yet, and what came in part.
# A page's widgets are 0.1 MB.
WAITING = 10_000_000
KEPT, ALL_KEPT = LARGEST + AROUND + WAITING, 4 * LARGEST
# Milliseconds from one look at the connections to the next.
OFTEN = 200
# When a page's last connection was closed.
LEFT = {}
# On which connection the page was asked for that is being made, and the kernels of those for which
# nobody waited.
ASKED_ON, IN_VAIN = ContextVar("connection"), set()
# A class of thirty, and some who come twice.
FITTING = max(1, min(40, psutil.virtual_memory().available // ROOM))
MOST = os.environ.get("ZAPSIM_VISITORS") or str(FITTING)
if not re.fullmatch("0*[1-9][0-9]{0,3}", MOST):
    sys.exit(f"ZAPSIM_VISITORS is how many pages can be open, such as 40. Received: {MOST!r}")
MOST = int(MOST)
# Of all, half for one address: a class may share one. A browser opens seven for a page.
CONNECTED = min(100 + 20 * MOST, FILES // 2)
FULL = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{AGAIN}">
<title>All places are taken</title>
<body style="font: 1.1rem/1.5 sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">
<h1>All places are taken</h1>
<p>{MOST} pages can be open at once, and as many are. A place is free as soon as somebody closes
one. This page tries again by itself, every {AGAIN} seconds.</p>
<p>Whoever started it can let more in: <code>make app ZAPSIM_VISITORS={2 * MOST}</code></p>
</html>
"""
# What a browser fetches before anybody asks for it says so in one of these.
AHEAD = "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"
# Browsers say who asks only to this machine itself, or where the connection is encrypted. Where
# they do not, a picture in another website looks like a visitor; but it runs no script. And a
# website that leads here may lead elsewhere before the answer comes, and stay: it is gone only
# when a page has come.
SECRET, USED, FRESH = secrets.token_hex(), deque(maxlen=1_000), 60
ENTRY = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>zapsim</title>
<noscript>This page needs JavaScript.</noscript>
<script>if (top === self) location.replace("/?entry=" + encodeURIComponent("TOKEN"));</script>
</html>
"""
HOST = os.environ.get("ZAPSIM_HOST", "").lower()
# Another website can lead its own name to this machine, but neither one of these nor an address.
NAMES = {"localhost", socket.gethostname().lower(), f"{socket.gethostname()}.local".lower(), HOST}
# What a page hears of its kernel's errors, and of what is printed there: not what they say.
FAILED = "This was not foreseen, and failed. Try another way, or reload the page."
UNSAID = {
    "error": {"ename": "Error", "evalue": FAILED, "traceback": []},
    "stream": {"name": "stderr", "text": f"{FAILED}\n"},
}
# The connections of all pages, also those that are still being made.
ALL_OPEN = WeakSet()
# The last kernels that took too much.
ENDED = deque(maxlen=100)
TOO_MUCH = (
    "This page needed more memory than one visitor can have, and was ended. Reload it to go on, "
    "with a smaller picture."
)
# All that a page asks for. Voila answers other addresses, too, some with an error of its own.
KERNEL, FILE = "[0-9a-f-]{36}", r"(?:/@?\w[\w.-]*)+"
PLACES = re.compile(
    rf"/|/api/kernels/{KERNEL}(/channels)?|/voila/api/shutdown/{KERNEL}"
    rf"|/voila/(static|templates/[\w-]+/static|labextensions|api/themes){FILE}"
)
LONGEST = 2_000
SCRIPT = (
    Path(__file__).with_name("app.js").read_text(encoding="utf-8").replace("LARGEST", str(LARGEST))
)

# For the kernels. Arrow's own allocator keeps 20 MB more in each of them.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ["ZAPSIM_UPLOAD_MB"] = str(LARGEST // 1_000_000)
os.environ["ZAPSIM_GUESTS"] = "1"
# A page hears nothing of what it said itself: that is for those who look at the same page.
os.environ["JUPYTER_WIDGETS_ECHO"] = "0"


def refuse(handler, status, said):
    """End the answer; `said` never holds what was received."""
    handler.set_status(status)
    raise Finish(said)


def is_ours(name):
    try:
        return bool(ip_address(name.strip("[]")))
    except ValueError:
        return name in NAMES


def admit(handler, notebook, cwd):
    """Leave out the course, or refuse where it is full; voila calls this for every visitor."""
    if not is_ours(handler.request.host_name):
        refuse(handler, 403, "This name leads elsewhere. Use the address that make app showed.")
    # A picture or a frame in another website would take a place, and nobody would see it; so would
    # what its browser fetches ahead. That asks again when somebody comes.
    headers = handler.request.headers
    if any(name in headers for name in AHEAD):
        refuse(handler, 503, "This page is not there before somebody comes.")
    if headers.get("Sec-Fetch-Dest", "document") != "document":
        refuse(handler, 403, "This is a page of its own. Open its address.")
    # It needs no place; and who reloads the page in a full house gives one back meanwhile. Not
    # get_query_argument: what is no UTF-8 would be an error there.
    entry = handler.request.query_arguments.get("entry", [b""])[-1]
    if headers.get("Sec-Fetch-Site") not in ("none", "same-origin") and not is_fresh(entry):
        token = create_signed_value(SECRET, "entry", secrets.token_hex(8)).decode()
        refuse(handler, 200, ENTRY.replace("TOKEN", token))
    if handler.request.connection.stream.closed():
        raise Finish
    kernels = handler.kernel_manager
    # Those that start are in the second alone, those that end in both.
    if len({*kernels.list_kernel_ids()} ^ {*kernels._pending_kernels}) >= MOST:
        handler.set_header("Retry-After", AGAIN)
        refuse(handler, 503, FULL)
    ASKED_ON.set(handler.request.connection)
    cells = [cell for cell in notebook.cells if "app" in cell.metadata.get("tags", [])]
    notebook.cells = [
        *cells,
        new_markdown_cell(f"<script>const LARGEST = {LARGEST};\n{SCRIPT}</script>"),
    ]
    return notebook


def is_fresh(token):
    """Return whether it was given out just now, and used by nobody yet; use it."""
    number = decode_signed_value(SECRET, "entry", token, max_age_days=FRESH / 86_400)
    if number is None or number in USED:
        return False
    USED.append(number)
    return True


def is_sound(message):
    """Return whether a page could have sent this: parts in order, and no widget of its own.

    It begins with the number of offsets and the offsets: of the channel, of four parts of JSON
    (the first is the header, the last is the content), of each buffer, and of the end.
    """
    count = int.from_bytes(message[:8], "little") if type(message) is bytes else 0
    if not 6 <= count <= 6 + BUFFERS:
        return False
    start = 8 * (count + 1)
    offsets = [int.from_bytes(message[at : at + 8], "little") for at in range(8, start, 8)]
    ends = offsets[0], offsets[-1]
    if ends != (start, len(message)) or offsets != sorted(offsets) or offsets[5] > AROUND:
        return False
    channel, *parts = (message[a:b] for a, b in pairwise(offsets[:6]))
    try:
        header, parent, _, content = said = [json.loads(part.decode()) for part in parts]
        plain = all(isinstance(part, dict) for part in said) and isinstance(header["msg_id"], str)
        known = plain and all(map(is_field, [*header.items(), *parent.items()]))
        if not (known and re.fullmatch(r"5\.\d", header["version"])):
            return False
        kind = header["msg_type"]
        opened = content["target_name"] if kind == "comm_open" else "jupyter.widget.control"
        if kind in ("comm_msg", "comm_close", "comm_open") and not is_name(content["comm_id"]):
            return False
        if kind == "comm_msg":
            if not is_name(content["data"].get("method", "")):
                return False
            # Files lie within a value. Pictures are values, and would come back with each answer.
            paths = content["data"].get("buffer_paths", [])
            if not all(isinstance(path, list) and len(path) > 1 for path in paths):
                return False
        # A kernel would fail at a day that is none, or half a letter.
        extract_dates([header, parent])
        json.dumps([header, parent], ensure_ascii=False).encode()
    # Whatever cannot be read was sent by no page.
    except Exception:
        return False
    return channel in (b"shell", b"control") and opened == "jupyter.widget.control"


def is_field(named):
    """Return whether a header can have this: a name, and a short text."""
    name, value = named
    # Newer pages say that they ask none of a kernel's other threads.
    if name == "subshell_id":
        return value is None
    return name in FIELDS and is_name(value)


def is_name(value):
    """Return whether it is a short text. Kernels print some of what they do not know."""
    return isinstance(value, str) and len(value) <= LETTERS and value.isprintable()


class Connection(ZMQChannelsWebsocketConnection):
    """Keep from voila what it would count for ever, while all others wait.

    In messages of the protocol before this one, and in malformed ones, it takes anything for the
    number of parts; and the protocol before is fallen back to while a page is closing. Parts that
    overlap, widgets that a page makes and connections of one page are as many as somebody likes.
    """

    protocol = "v1.kernel.websocket.jupyter.org"

    async def prepare(self):
        handler = self.websocket_handler
        if self.protocol not in handler.request.headers.get("Sec-WebSocket-Protocol", ""):
            refuse(handler, 400, f"Only {self.protocol} is spoken here.")
        if sum(one.kernel_id == self.kernel_id for one in ALL_OPEN) >= CONNECTIONS:
            refuse(handler, 429, "This page is connected already.")
        ALL_OPEN.add(self)
        LEFT.pop(self.kernel_id, None)
        try:
            await super().prepare()
        except BaseException:
            self.leave()
            raise

    def disconnect(self):
        self.leave()
        super().disconnect()

    def leave(self):
        ALL_OPEN.discard(self)
        if all(one.kernel_id != self.kernel_id for one in ALL_OPEN):
            LEFT.setdefault(self.kernel_id, monotonic())

    @property
    def stream(self):
        there = self.websocket_handler.ws_connection
        return there and there.stream

    def came(self):
        """Return how many bytes are there of a message that is not whole yet."""
        parts = self.websocket_handler.ws_connection._fragmented_message_buffer
        return self.stream._read_buffer_size + len(parts or b"")

    def handle_incoming_message(self, incoming_msg):
        SENT[self.kernel_id] += len(incoming_msg) + BODY
        if SENT[self.kernel_id] > MOST_SENT:
            self.websocket_handler.close(1008, "too much at once")
        elif is_sound(incoming_msg):
            super().handle_incoming_message(incoming_msg)
        else:
            self.websocket_handler.close(1002, "not a message")

    def handle_outgoing_message(self, stream, outgoing_msg):
        there = self.websocket_handler.ws_connection
        SENT[self.kernel_id] += sum(map(len, outgoing_msg))
        if there and not there.is_closing():
            try:
                if SENT[self.kernel_id] > MOST_SENT:
                    raise StreamBufferFullError
                super().handle_outgoing_message(stream, self.discreet(outgoing_msg))
            except StreamBufferFullError:
                # To say goodbye to somebody who does not read would be one more message.
                there.stream.close()

    def discreet(self, parts):
        """Return a message without the insides of a kernel, such as a traceback."""
        # What follows is its signature, the header, two more, and the content.
        at = parts.index(DELIM)
        kind = json.loads(parts[at + 2])["msg_type"]
        if kind not in UNSAID:
            return parts
        self.log.debug("Kernel %s: %s", self.kernel_id, parts[at + 5])
        return [*parts[: at + 5], json.dumps(UNSAID[kind]).encode(), *parts[at + 6 :]]


class Missed(list):
    """What a page missed while it was away, with the channels; no more than it may miss."""

    size = 0

    def append(self, message):
        self.size += sum(map(len, message[1]))
        if self.size <= WAITING:
            super().append(message)


class Kernels(AsyncMappingKernelManager):
    """End a kernel that takes too much memory, before the others have none; clean up behind all."""

    most = Integer(1_000_000_000, help="bytes of a kernel, at most").tag(config=True)
    ended = 0

    @default("context")
    def _context_default(self):
        context = super()._context_default()
        # What a kernel says comes once for each connection, and for Jupyter itself. Of what was not
        # read yet, two messages wait here; the others in the kernel, whose memory is bounded.
        context.MAXMSGSIZE, context.RCVHWM = WAITING, 2
        return context

    async def cull_kernels(self):
        sizes, spare = memory_of_children(), psutil.virtual_memory().available
        most = self.most if spare > SPARE else ROOM
        for name in self.list_kernel_ids():
            # Some have not begun, some end meanwhile.
            with suppress(AttributeError, KeyError):
                if sizes[self.get_kernel(name).provisioner.pid] > most:
                    ENDED.append(name)
                    self.log.warning("Ending kernel %s: over %d MB", name, most // 1_000_000)
                    await self.shutdown_kernel(name, now=True)
            if name not in self:
                continue
            missed = self._kernel_buffers.get(name, {}).get("buffer")
            # However busy it is: who left may have asked for much.
            away = monotonic() - LEFT.get(name, inf) > self.cull_idle_timeout
            # Voila makes such a page to its end.
            away = away or (name in IN_VAIN and is_done(self.get_kernel(name)))
            if away or (missed and missed.size > WAITING):
                self.log.info("Ending kernel %s: its page is gone", name)
                await self.shutdown_kernel(name, now=True)
        await super().cull_kernels()
        IN_VAIN.intersection_update(self.list_kernel_ids())
        for name in [*LEFT]:
            if name not in self:
                del LEFT[name]
        for name in [*SENT]:
            if name not in self:
                del SENT[name]
            elif self.get_kernel(name).execution_state != "busy":
                SENT[name] /= 2
        if self.ended:
            # Python would let tens of pages wait until it looks for what is left of them.
            self.ended = 0
            gc.collect()

    async def cull_kernel_if_idle(self, kernel_id):
        # One that just starts has no last activity, one that just ended is not there.
        with suppress(TraitError, KeyError):
            await super().cull_kernel_if_idle(kernel_id)

    def start_buffering(self, kernel_id, session_key, channels):
        super().start_buffering(kernel_id, session_key, channels)
        self._kernel_buffers[kernel_id]["buffer"] = Missed()

    async def start_kernel(self, *args, **kwargs):
        name = await super().start_kernel(*args, **kwargs)
        # Who goes before the page has come, as by a second click, needs it no more. tornado asks
        # no longer once all is sent.
        asked = ASKED_ON.get()
        asked.set_close_callback(partial(IN_VAIN.add, name))
        if asked.stream.closed():
            IN_VAIN.add(name)
        return name

    async def shutdown_kernel(self, kernel_id, *args, **kwargs):
        self.ended += 1
        return await super().shutdown_kernel(kernel_id, *args, **kwargs)


def is_done(kernel):
    """Return whether a kernel has run a page's cells, one after the other."""
    since = datetime.now(UTC) - kernel.last_activity
    return kernel.execution_state == "idle" and since.total_seconds() > 1


def memory_of_children():
    """Return the bytes of each process (Counter), with those that it started.

    On Windows, an environment's Python starts the one that does the work.
    """
    sizes = Counter()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            size = process.memory_info().rss
            sizes[process.pid] += size
            sizes[process.ppid()] += size
    return sizes


class Asked(Matcher):
    """What a page asks for, of kernels that were not ended."""

    def match(self, request):
        known = PLACES.fullmatch(request.path) and len(request.uri) <= LONGEST
        plain = request.uri.isascii() and request.uri.isprintable()
        usual = request.method in RequestHandler.SUPPORTED_METHODS
        return {} if known and plain and usual and not was_ended(request.path) else None


class Elsewhere(RequestHandler):
    """All other addresses."""

    def prepare(self):
        if was_ended(self.request.path):
            refuse(self, 410, TOO_MUCH)
        refuse(self, 404, "Nothing is here. The page is at the address without what follows it.")


def was_ended(path):
    return any(name in path for name in ENDED)


class Gate(socket.socket):
    """A socket that hangs up on who comes when no more files can be open.

    Otherwise it would fail again and again, and fill the log.
    """

    def __init__(self, plain):
        super().__init__(fileno=plain.detach())
        self.setblocking(False)
        self.spare = socket.socket()

    def accept(self):
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
        self.spare.close()
        with suppress(OSError):
            super().accept()[0].close()
        with suppress(OSError):
            self.spare = socket.socket()
        raise BlockingIOError


class Door(HTTPServer):
    """Let through what a page asks for; say where it listens, if others can come.

    Connections are bounded, and so is what the server keeps of them.
    """

    def initialize(self, request_callback, **options):
        elsewhere = Application([(AnyMatches(), Elsewhere)])
        rules = [(Asked(), request_callback), (AnyMatches(), elsewhere)]
        super().initialize(RuleRouter(rules), **options)
        self.streams, self.moved = {}, {}

    def add_sockets(self, sockets):
        super().add_sockets(map(Gate, sockets))

    def handle_stream(self, stream, address):
        self.streams = {one: there for one, there in self.streams.items() if not one.closed()}
        same = [*self.streams.values()].count(address[0])
        if len(self.streams) >= CONNECTED or same >= CONNECTED // 2:
            stream.close()
            return
        self.streams[stream] = address[0]
        stream.max_write_buffer_size = WAITING
        super().handle_stream(stream, address)

    def look(self):
        """Close connections that keep too much here, and those that read or send no further."""
        pages = [one for one in ALL_OPEN if one.stream and not one.stream.closed()]
        owners = {one.stream: one for one in pages}
        came = {stream: one.came() for stream, one in owners.items()}
        kept = {one: came[one.stream] + len(one.stream._write_buffer) for one in pages}
        sums = Counter()
        for one in pages:
            sums[one.kernel_id] += kept[one]
        for one in sorted(pages, key=kept.get, reverse=True):
            if sums[one.kernel_id] > KEPT or sums.total() > ALL_KEPT:
                sums[one.kernel_id] -= kept[one]
                one.stream.close()
        before, self.moved = self.moved, {}
        for stream in self.streams:
            if not stream.closed() and (stream.writing() or came.get(stream)):
                place = stream._total_write_done_index, came.get(stream)
                last, since = before.get(stream, (None, 0))
                if place != last and stream in owners:
                    # It lives, though it answers no ping until a large message is through.
                    owners[stream].websocket_handler.on_pong(b"")
                self.moved[stream] = place, since if place == last else monotonic()
                if monotonic() - self.moved[stream][1] > AGAIN:
                    stream.close()

    def listen(self, port, address=None, **options):
        super().listen(port, address, **options)
        self.looking = PeriodicCallback(self.look, OFTEN)
        self.looking.start()
        if address == "0.0.0.0":
            rows = "\n\n".join(f"        http://{own}:{port}" for own in own_addresses())
            print(f"\n    Write on the board:\n\n{rows}\n", file=sys.stderr)


def own_addresses():
    """Return this machine's addresses in its networks (list of str), the one it goes out by first.

    Nothing is sent to find it.
    """
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way, suppress(OSError):
        way.connect(("192.0.2.1", 9))
        found.append(way.getsockname()[0])
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    cards = [cards for name, cards in psutil.net_if_addrs().items() if name in up]
    found += [card.address for each in cards for card in each if card.family == socket.AF_INET]
    told = (ip for ip in map(ip_address, found) if not (ip.is_loopback or ip.is_link_local))
    return [*dict.fromkeys(map(str, told))] or [socket.gethostname()]


def say_why(cell, cell_index, execute_reply):
    """Show what the library said of a failure; of any other, Voila says only that it was."""
    error = execute_reply["content"]
    *_, last, _ = ["", "", *map(strip_ansi, error["traceback"])]
    if not re.match(r"File .*[\\/]zapsim[\\/](?s:.*)\n-*> *\d+ +raise\b", last):
        return
    said = error["evalue"]
    if error["ename"] == "KeyError":
        # Its own text is the repr of its message.
        with suppress(ValueError, SyntaxError):
            said = literal_eval(said)
    html = f'<p role="alert" class="mathjax_ignore">{escape(str(said))}</p>'
    cell.outputs = [new_output("display_data", {"text/html": html})]


c = get_config()  # noqa: F821
c.VoilaConfiguration.prelaunch_hook = admit
c.VoilaConfiguration.multi_kernel_manager_class = Kernels
c.VoilaExecutor.on_cell_error = say_why
# What is in the address is not for voila's templates, which do not escape it.
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaExecutor.cell_error_instruction = (
    "Whoever started this page finds the reason in the window where make app runs."
)
# By default a page is served after 4 seconds without what is still on its way, and does not say so.
# A kernel that dies is not waited for.
c.VoilaExecutor.iopub_timeout = c.VoilaExecutor.startup_timeout = PATIENCE
c.VoilaExecutor.raise_on_iopub_timeout = True
c.VoilaExecutor.cell_timeout_instruction = "This machine is too busy. Reload the page to try again."
# Voila passes nothing to its server. No form is sent to it; messages have their own limit.
HTTPServer.configure(Door, max_body_size=BODY, body_timeout=LOOKING, idle_connection_timeout=AGAIN)
# One that died would come back empty, and its page would wait for what it held.
c.KernelRestarter.restart_limit = 0
c.MappingKernelManager.cull_idle_timeout = LEFT_ALONE
c.MappingKernelManager.cull_interval = 1
c.Voila.kernel_websocket_connection_class = Connection
c.Voila.tornado_settings = {
    # A page ends its kernel by a beacon, which carries no token against forgery. Another site's is
    # refused by its origin, and would have to guess the kernel's number.
    "disable_check_xsrf": True,
    "websocket_max_message_size": LARGEST + AROUND,
    # Without it, each page that tells of an error is an error itself.
    "static_path": DEFAULT_STATIC_FILES_PATH,
    # For all that is answered here, not for pages alone.
    "allow_remote_access": bool(HOST),
    # Voila's page asks another site for icons that it has, and would tell it who comes. For older
    # browsers, websockets are not part of 'self'.
    "headers": {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' data: blob: ws:; frame-ancestors 'self'; object-src 'none'"
    },
}
if HOST:
    c.Voila.ip, c.Voila.port, c.Voila.port_retries = HOST, PORT, 0
