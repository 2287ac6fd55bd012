"""What a page of `make app` says and takes: pictures, failures, and that its kernel died."""

import json
from io import BytesIO

import pytest
from PIL import Image

import tools.app
from benchmarks.soak import errors_in
from benchmarks.visitors import serve, stop, visit
from tests.jupyterlab.conftest import ROOT, Person
from tests.jupyterlab.visiting import kernels, looked_at, serving


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


FAILING = """
import os, zapsim
{
    "ours": lambda: zapsim.load_catalogue("/no/<b>such $a$"),
    "key": lambda: zapsim.load_catalogue().thumbnail("x.jpg"),
    "theirs": lambda: int("secret"),
    "inside": lambda: zapsim.load_catalogue().sample.__wrapped__,
}[os.environ["QUERY_STRING"]]()
"""


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
