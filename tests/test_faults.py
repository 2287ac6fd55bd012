"""Extraction under fire: killed, two at once, a full disk. No run may cost more than a shard.

Most of it runs in forked processes whose network is a cheap deterministic stand-in: it is our code
that is tested here, and TensorFlow would take most of the time. One kill has the real network.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import zapsim
from tests.hostile import stand_in as helpers
from tests.hostile.attack import ROOT
from tests.hostile.stand_in import (
    AHEAD,
    BATCH,
    SHARD,
    age,
    assert_whole,
    extract,
    forked,
    keys_in,
    lines,
    small_shards,
    stand_in,
    stored,
    wait_for,
    with_other_settings,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, and sends signals")


@pytest.fixture
def numbered(tmp_path):
    """Return ``numbered(n)``: a folder of n tiny pictures, each of another colour."""
    return lambda n: helpers.numbered(tmp_path / "numbered", n)


def apart(function, *arguments):
    """Call a function of this file in a process that is free to fork, having no TensorFlow."""
    code = (
        "import sys; from tests import test_faults\n"
        f"test_faults.{function.__name__}(*sys.argv[1:])\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def wait_until_computed(log, n):
    wait_for(lambda: len(lines(log)) >= n)


@pytest.fixture(autouse=True)
def shards():
    with small_shards():
        yield


@pytest.fixture
def paths(tmp_path):
    """A store, another for the undisturbed run, and a log."""
    return tmp_path / "store", tmp_path / "alone", tmp_path / "log"


# --- killed ----------------------------------------------------------------------------------


def kill_again_and_again(pictures, store, alone, log):
    """Kill an extraction 20 times at random moments, each time where the last one was killed."""
    expected = extract(pictures, alone)
    moment, known = random.Random(0), set()
    for _ in range(20):
        Path(log).write_text("")
        pid = forked(extract, pictures, store, log, 0.01)
        # From before the first picture to several shards later, however busy the machine is.
        wait_until_computed(log, moment.randrange(5 * SHARD))
        time.sleep(moment.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "it had ended: give it more pictures"
        computed = [f"{int(number):04}.png" for number in lines(log)]
        assert not known & set(computed), "what was stored is computed again"
        assert len(computed) == len(set(computed)), "a picture is computed twice in one run"
        known = keys_in(store)
        assert len(set(computed) - known) <= SHARD + AHEAD, "more than a shard was lost"
    left = len(expected) - len(known)
    assert 0 < left < len(expected)
    Path(log).write_text("")
    age(store)
    pd.testing.assert_frame_equal(extract(pictures, store, log), expected)
    assert len(lines(log)) == left
    assert_whole(store, pictures, expected)
    Path(log).write_text("")
    extract(pictures, store, log)
    assert not lines(log), "the store is full, and still something is computed"


def test_killed_twenty_times_the_store_is_as_if_never_killed(numbered, paths):
    apart(kill_again_and_again, numbered(1000), *paths)


KILLED = """
import sys, time, zapsim
from zapsim.io import store
store.SHARD_ITEMS = 8
extractor = zapsim.VGG16Extractor(grid=1, batch_size=4)
run = extractor.maps
extractor.maps = lambda squares: (time.sleep(0.05), run(squares))[1]
extractor.extract(zapsim.load_catalogue(sys.argv[1]), cache=sys.argv[2])
"""


def test_killed_with_the_real_network_the_next_run_does_the_rest(numbered, paths, monkeypatch):
    pictures, store = numbered(200), paths[0]
    killed = subprocess.Popen([sys.executable, "-c", KILLED, pictures, store])
    try:
        wait_for(lambda: killed.poll() is not None or len(list(store.glob("part-*"))) >= 2)
        assert killed.poll() is None, "it ended before it was killed"
    finally:
        killed.kill()
        killed.wait()
    before = len(stored(store))
    assert 2 * SHARD <= before < 200
    extractor = zapsim.VGG16Extractor(grid=1, batch_size=BATCH)
    computed, run = [], extractor.maps
    monkeypatch.setattr(extractor, "maps", lambda batch: (computed.extend(batch), run(batch))[1])
    catalogue = zapsim.load_catalogue(pictures)
    age(store)
    extractor.extract(catalogue, cache=store)
    assert len(computed) == 200 - before
    assert_whole(store, pictures, extractor.extract(catalogue))


# --- two at once -----------------------------------------------------------------------------


def extract_twice_at_once(pictures, store, alone, log):
    expected = extract(pictures, alone)

    def child(name):
        features = extract(pictures, store, f"{log}-{name}", 0.02)
        pd.testing.assert_frame_equal(features, expected)

    first = forked(child, "first")
    wait_until_computed(f"{log}-first", 1)
    second = forked(child, "second")
    assert [os.waitpid(pid, 0)[1] for pid in (first, second)] == [0, 0]
    assert set(lines(f"{log}-first")) & set(lines(f"{log}-second")), "they did not run at once"
    assert_whole(store, pictures, expected)


def test_two_processes_at_once_lose_and_mix_nothing(numbered, paths):
    apart(extract_twice_at_once, numbered(160), *paths)


def extract_other_settings_at_once(pictures, store, alone, log):
    """While one process computes its first shard, another writes some of other settings."""
    catalogue = zapsim.load_catalogue(pictures)
    expected = with_other_settings(stand_in()).extract(catalogue, cache=alone)

    def child():
        with pytest.raises(zapsim.StoreError, match=r"made with other settings: grid is 2 there"):
            extract(pictures, store, log, 1.0)

    first = forked(child)
    wait_until_computed(log, 1)
    assert not keys_in(store), "its first shard is there already"
    with_other_settings(stand_in()).extract(catalogue, cache=store)
    assert os.waitpid(first, 0)[1] == 0
    assert len(lines(log)) <= SHARD + AHEAD, "it stops at the first shard that it cannot write"
    assert_whole(store, pictures, expected)


def test_features_of_other_settings_at_once_are_not_mixed(numbered, paths):
    apart(extract_other_settings_at_once, numbered(3 * SHARD + AHEAD), *paths)


def test_a_folder_that_cannot_be_written_is_said_before_much_is_computed(numbered, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(zapsim.StoreError, match="Could not write .*choose another folder"):
        extract(numbered(4 * AHEAD), tmp_path / "file" / "store", tmp_path / "log")
    assert len(lines(tmp_path / "log")) <= AHEAD


# --- a full disk -----------------------------------------------------------------------------


def assert_a_full_disk_is_survived(pictures, store, alone, log, free, before=lambda: None):
    expected = extract(pictures, alone)
    with pytest.raises(zapsim.StoreError, match=r"Could not write.*free some space.*run again"):
        extract(pictures, store, log, before=before)
    assert {path.suffix for path in Path(store).iterdir()} == {".parquet"}, "something is left"
    kept = stored(store)
    assert SHARD <= len(kept) < len(expected)
    pd.testing.assert_frame_equal(kept, expected.loc[kept.index])
    free()
    Path(log).unlink()
    pd.testing.assert_frame_equal(extract(pictures, store, log), expected)
    assert len(lines(log)) == len(expected) - len(kept)
    assert_whole(store, pictures, expected)


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 128 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
        said = done.stderr if done.returncode else ""
    except OSError as error:
        said = str(error)
    if said:
        pytest.skip(f"a small disk cannot be mounted here: {said.strip()}")
    yield folder
    # Lazily: a shard may still be open in some reader that was not collected yet.
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_keeps_the_shards_before_it_and_then_continues(small_disk, numbered, paths):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    _, alone, log = paths
    pictures = numbered(80)
    assert_a_full_disk_is_survived(pictures, small_disk / "store", alone, log, ballast.unlink)


def run_into_a_limit(pictures, store, alone, log):
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit_what_comes_after_two_shards():
        if len(list(Path(store).glob("part-*.parquet"))) >= 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))

    def free():
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    assert_a_full_disk_is_survived(
        pictures, store, alone, log, free, limit_what_comes_after_two_shards
    )


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes in Linux' way")
def test_a_write_that_breaks_off_keeps_the_shards_before_it_and_then_continues(numbered, paths):
    apart(run_into_a_limit, numbered(80), *paths)
