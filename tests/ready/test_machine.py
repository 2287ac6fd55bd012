"""machine.py: memory, disk, weights and the network, with broken stand-ins for each."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

import zapsim
from zapsim.io import bundled
from zapsim.ready import machine
from zapsim.ready.finding import FINE, NOTE, WRONG

SPEED = r"(\d+) pictures a second, so MiniZap's 615 take (\d+) seconds"


@pytest.fixture
def free(monkeypatch, tmp_path):
    """Return ``free(system, limit)``: so much memory is free, in bytes."""

    def have(system, limit="max\n"):
        monkeypatch.setattr(
            psutil, "virtual_memory", lambda: SimpleNamespace(available=int(system))
        )
        (tmp_path / "max").write_text(str(limit))
        monkeypatch.setattr(machine, "_LIMIT", tmp_path / "max")

    return have


@pytest.fixture
def without(monkeypatch):
    """Return ``without(*names)``: these packages cannot be found, all others can."""

    def hide(*names):
        monkeypatch.setattr(machine, "find_spec", lambda name: name not in names)

    return hide


@pytest.mark.parametrize(
    ("system", "limit", "state", "says"),
    [
        (8e9, "max", FINE, "8.0 GB are free"),
        (1e9, "max", NOTE, "before Keras"),
        (0.2e9, "max", WRONG, "close other programs"),
        (64e9, 2_147_483_648, FINE, "2.1 GB are free"),
        (64e9, 200_000_000, WRONG, "0.2 GB are free, at least 0.3 GB"),
        (8e9, "nonsense", FINE, "8.0 GB"),
    ],
)
def test_memory_is_what_the_system_and_the_container_leave(
    free, without, system, limit, state, says
):
    without()
    free(system, limit)
    found = machine.memory()
    assert found.state == state
    assert says in found.says


def test_without_tensorflow_a_gigabyte_is_enough(free, without):
    without("tensorflow")
    free(1e9)
    assert machine.memory().state == FINE


def test_the_folder_that_features_go_to_is_tried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = machine.disk()
    assert found.state == FINE
    assert str(tmp_path) in found.says
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    found = machine.disk()
    assert found.state == WRONG
    assert "1 MB are free" in found.says
    assert "choose another folder" in found.says


def test_a_folder_that_refuses_is_named(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zapsim.io.disk.TemporaryFile", refuse)
    found = machine.disk()
    assert found.state == WRONG
    assert "choose a folder where you may read and write" in found.says


def test_the_weights_that_ship_are_whole():
    found = machine.weights()
    assert found.state == FINE
    assert "undamaged" in found.says


@pytest.mark.parametrize("name", ["VGG16_INT8", "VGG16_WEIGHTS"])
@pytest.mark.parametrize(
    ("content", "says"), [(None, "is missing: fetch zapsim again"), (b"cut off", "is damaged")]
)
def test_missing_and_damaged_weights_are_named(tmp_path, monkeypatch, name, content, says):
    file = tmp_path / "weights"
    if content:
        file.write_bytes(content)
    monkeypatch.setattr(bundled, name, file)
    found = machine.weights()
    assert found.state == WRONG
    assert f"{file} {says}" in found.says


@pytest.mark.litert
def test_the_network_finds_what_ships():
    assert machine.litert().state == FINE


@pytest.mark.litert
def test_a_network_that_finds_something_else_is_told(monkeypatch):
    other = pd.DataFrame(np.eye(2, 2048, dtype=np.float32), zapsim.load_catalogue().keys[:2])
    monkeypatch.setattr(zapsim, "load_features", lambda: other, raising=False)
    found = machine.litert()
    assert found.state == WRONG
    assert "Fetch zapsim again" in found.says


def test_without_litert_it_is_installed_or_tensorflows_is_taken(without):
    without("ai_edge_litert", "tensorflow")
    found = machine.litert()
    assert found.state == WRONG
    assert found.says.endswith('-m pip install "ai-edge-litert"')
    without("ai_edge_litert")
    assert machine.litert().state == FINE
    assert "not tried" in machine.litert().says
    assert machine.speed().state == NOTE


@pytest.mark.litert
def test_the_speed_is_measured_and_nothing_is_said_twice(capsys):
    found = machine.speed()
    assert capsys.readouterr().out == ""
    rate, seconds = map(float, re.match(SPEED, found.says).groups())
    assert rate > 0
    # Both are rounded.
    assert 615 / (rate + 0.5) - 0.5 <= seconds <= 615 / (rate - 0.5) + 0.5


@pytest.mark.litert
@pytest.mark.parametrize(("rate", "state"), [(5, NOTE), (300, FINE)])
def test_a_slow_machine_is_a_note(monkeypatch, rate, state):
    monkeypatch.setattr(machine, "_rate", lambda pictures: rate)
    found = machine.speed()
    assert found.state == state
    assert f"{rate} pictures a second, so MiniZap's 615 take {615 / rate:.0f} seconds" in found.says
