"""Small drawn pictures, catalogues made of them in a temporary folder, and a real browser."""

import os
import shutil
import sys
import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw

# A busy machine is not a failing test.
settings.register_profile("zapsim", deadline=None)
settings.load_profile("zapsim")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_make_parametrize_id(val):
    """Call a long value by its place: older pytest would send all of it to and fro as a name."""
    return "…" if isinstance(val, (str, bytes)) and len(val) > 200 else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip a test of links where Windows lets this user make none."""
    try:
        return (yield)
    except OSError as error:
        if getattr(error, "winerror", None) != 1314:
            raise
        pytest.skip("Windows lets only some users make links")


def pytest_collection_modifyitems(items):
    """Skip what needs Unix, Keras, or LiteRT without TensorFlow, where that is not."""
    if sys.platform == "win32":
        for item in items:
            if item.get_closest_marker("unix"):
                item.add_marker(pytest.mark.skip(reason="Windows has no such files"))
    for marker, package in [("keras", "tensorflow"), ("litert", "ai_edge_litert")]:
        if not find_spec(package):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"needs {package}, see pyproject.toml"))


UT_ZAPPOS_KEYS = (
    "Boots/Ankle/UGG/7001.1.jpg",
    "Boots/Ankle/UGG/7001.2.jpg",
    "Sandals/Flat/A%2EP%2EC%2E/7002.9.jpg",
    "Shoes/Oxfords/Bostonian/100627.72.jpg",
    "Shoes/Sneakers and Athletic Shoes/Nike/7003.5.jpg",
    "Slippers/Slipper Flats/Acorn/7004.3.jpg",
)


def _drawn(number=0, size=(48, 40)):
    image = Image.new("RGB", size, "white")
    colour = (37 * number % 200, 91 * number % 200, 153 * number % 200)
    ImageDraw.Draw(image).ellipse([4, 8, size[0] - 5, size[1] - 9], fill=colour)
    return image


def _encoded(image, format="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def drawn():
    """Return ``drawn(number, size)``: a Pillow image that differs by its number."""
    return _drawn


@pytest.fixture(scope="session")
def encoded():
    """Return ``encoded(image, format, **options)``: a picture file's bytes."""
    return _encoded


@pytest.fixture
def make_folder(tmp_path):
    """Return ``make_folder(*keys)``: writes a drawn JPEG for each key, each a different one."""

    def make(*keys, name="shoes", metadata=None):
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, key in enumerate(keys):
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(_encoded(_drawn(number), "JPEG"))
        if metadata is not None:
            (folder / "meta-data.csv").write_text(metadata, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def make_zip(tmp_path):
    """Return ``make_zip(entries)``: entries are names, drawn for you, or a dict name to bytes."""

    def make(entries, name="shoes.zip", compression=zipfile.ZIP_DEFLATED):
        if not isinstance(entries, dict):
            entries = {e: _encoded(_drawn(n), "JPEG") for n, e in enumerate(entries)}
        with zipfile.ZipFile(tmp_path / name, "w", compression) as archive:
            for entry, data in entries.items():
                archive.writestr(entry, data)
        return tmp_path / name

    return make


@pytest.fixture
def zip_of(make_zip):
    """Return ``zip_of(folder)``: the same files in a zip, below a wrapping folder if named."""

    def make(folder, name="shoes.zip", wrapper=""):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return make_zip(
            {wrapper + f.relative_to(folder).as_posix(): f.read_bytes() for f in files}, name
        )

    return make


@pytest.fixture(scope="session")
def on_a_circle():
    """Return ``on_a_circle(catalogue, degrees)``: features whose nearest have nearest angles."""

    def make(catalogue, degrees):
        angles = np.radians(degrees)
        values = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
        return pd.DataFrame(values, index=catalogue.keys)

    return make


@pytest.fixture
def ut_zappos_keys():
    """Six keys in UT-Zappos50K's layout, with its quirks."""
    return list(UT_ZAPPOS_KEYS)


@pytest.fixture
def ut_zappos(make_folder):
    """Return a folder of the six."""
    return make_folder(*UT_ZAPPOS_KEYS)


@pytest.fixture(scope="session")
def screenshots():
    """Where screenshots go, to be looked at: ZAPSIM_SCREENSHOTS or ``screenshots/``."""
    folder = Path(os.environ.get("ZAPSIM_SCREENSHOTS", ROOT / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -e .[browser]"
    )
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
