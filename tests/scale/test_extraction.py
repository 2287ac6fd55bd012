"""Extraction on Ray: the store of one machine, whatever dies meanwhile."""

import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import zapsim
from zapsim.io import parquet
from zapsim.io.store import open_store
from zapsim.scale import extract_on_ray

KEYS = [f"Boots/{n:02d}.jpg" for n in range(22)]


class Fragile(zapsim.VGG16Extractor):
    """Its process dies of the pictures `kills`; of those that it `fails` at, an error comes."""

    kills = fails = ()
    lost = False

    def load(self, source, name=None):
        if name in self.kills:
            os._exit(1)
        if name in self.fails:
            raise ConnectionError("the disk is gone") if self.lost else KeyError("a bug")
        return super().load(source, name)


def fragile(**wishes):
    made = Fragile(image_size=32, grid=1)
    vars(made).update(wishes)
    return made


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS))


def stored(folder):
    """Return the keys of all rows, as often as they are there."""
    return sorted(key for block in open_store(folder).blocks() for key in block.keys)


@pytest.mark.usefixtures("small_portions", "cluster")
class TestOnOneMachine:
    @pytest.mark.parametrize("workers", [1, None])
    def test_the_store_is_that_of_one_machine(
        self, cluster, catalogue, extractor, tmp_path, workers
    ):
        context = cluster.data.DataContext.get_current()
        before = context.max_errored_blocks, context.enable_progress_bars
        problems = extract_on_ray(catalogue, tmp_path / "store", extractor, workers=workers)
        assert problems.empty and list(problems) == ["key", "problem"]
        here = extractor.extract(catalogue, cache=tmp_path / "own")
        there = zapsim.load_features(tmp_path / "store", catalogue)
        assert there.equals(here) and there.attrs == here.attrs
        own, rays = (
            {row for b in open_store(tmp_path / s).blocks() for row in zip(*b[:3], strict=True)}
            for s in ("own", "store")
        )
        assert own == rays
        # The caller's cluster and pipelines stay as they were.
        assert (context.max_errored_blocks, context.enable_progress_bars) == before
        assert cluster.is_initialized()

    def test_what_kills_and_what_cannot_be_read_is_named(self, catalogue, tmp_path, recwarn):
        (catalogue.root / KEYS[9]).write_bytes(b"no picture")
        extractor = fragile(kills=(KEYS[3],))
        problems = extract_on_ray(catalogue, tmp_path / "store", extractor)
        assert list(problems["key"]) == [KEYS[3], KEYS[9]]
        assert "makes its worker die" in problems["problem"][0]
        assert "no picture" in problems["problem"][1] or KEYS[9] in problems["problem"][1]
        assert stored(tmp_path / "store") == sorted({*KEYS} - {*problems["key"]})
        assert "2 pictures have no features, such as Boots/03.jpg" in str(recwarn[-1].message)

    def test_what_the_store_has_is_not_done_again(self, catalogue, extractor, tmp_path, capsys):
        extractor.extract(catalogue.subset(KEYS[:8]), cache=tmp_path / "store")
        # It would die of them.
        problems = extract_on_ray(catalogue, tmp_path / "store", fragile(kills=tuple(KEYS[:8])))
        assert problems.empty and stored(tmp_path / "store") == KEYS
        assert "8 of 22 items found in store" in capsys.readouterr().out

    @pytest.mark.parametrize("lost, error", [(True, ConnectionError), (False, KeyError)])
    def test_an_error_that_is_no_pictures_fault_stops_the_run(
        self, catalogue, tmp_path, lost, error
    ):
        with pytest.raises(error, match="the disk is gone" if lost else "a bug"):
            extract_on_ray(catalogue, tmp_path / "store", fragile(fails=(KEYS[13],), lost=lost))

    def test_what_is_not_installed_on_the_workers_is_said(self, catalogue, tmp_path, monkeypatch):
        (tmp_path / "only_here.py").write_text(
            "import zapsim\nclass Own(zapsim.VGG16Extractor): 0\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        own = __import__("only_here").Own(image_size=32, grid=1)
        with pytest.raises(ModuleNotFoundError, match="only_here"):
            extract_on_ray(catalogue, tmp_path / "store", own)

    def test_a_full_disk_is_said_and_nothing_is_lost(self, catalogue, tmp_path, monkeypatch):
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(parquet.pq, "write_table", full)
            with pytest.raises(zapsim.StoreError, match="No space left"):
                extract_on_ray(catalogue, tmp_path / "store", fragile())
        assert extract_on_ray(catalogue, tmp_path / "store", fragile()).empty
        assert stored(tmp_path / "store") == KEYS

    def test_other_settings_are_refused(self, catalogue, extractor, tmp_path):
        extractor.extract(catalogue.subset(KEYS[:2]), cache=tmp_path / "store")
        with pytest.raises(zapsim.StoreError, match="other settings: grid is 1 there and 2 here"):
            extract_on_ray(catalogue, tmp_path / "store")

    def test_a_second_run_goes_on_where_a_killed_one_ended(self, cluster, catalogue, tmp_path):
        store = tmp_path / "store"
        code = (
            "import sys, zapsim\n"
            "from zapsim.io import store\n"
            "from zapsim.scale import extract_on_ray, extraction\n"
            "store.SHARD_ITEMS, extraction._PORTIONS = 2, (2, 1)\n"
            "import time\n"
            "class Slow(zapsim.VGG16Extractor):\n"
            "    def load(self, source, name=None):\n"
            "        time.sleep(0.5)\n"
            "        return super().load(source, name)\n"
            "catalogue = zapsim.load_catalogue(sys.argv[1])\n"
            "slow = Slow(image_size=32, grid=1)\n"
            "extract_on_ray(catalogue, sys.argv[2], slow, workers=1, address=sys.argv[3])\n"
        )
        address = cluster.get_runtime_context().gcs_address
        driver = subprocess.Popen([sys.executable, "-c", code, catalogue.root, store, address])
        until = time.monotonic() + 120
        while not list(store.glob("part-*")) and time.monotonic() < until:
            assert driver.poll() is None
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        done = stored(store)
        assert 2 <= len(done) < len(KEYS)
        assert extract_on_ray(catalogue, store, fragile(kills=tuple(done))).empty
        assert stored(store) == KEYS


def test_each_gpu_of_a_cluster_gets_a_worker(quiet_ray, catalogue, tmp_path, small_portions):
    class Telling(Fragile):
        """Tell which process works with which GPU. They are Ray's bookkeeping: none is here."""

        def load(self, source, name=None):
            import ray

            numbers = "-".join(map(str, ray.get_gpu_ids()))
            (tmp_path / f"pid-{os.getpid()}-gpu-{numbers}").touch()
            time.sleep(0.2)
            return super().load(source, name)

    quiet_ray.init("local", num_cpus=4, num_gpus=2, include_dashboard=False, log_to_driver=False)
    try:
        extractor = Telling(image_size=32, grid=1)
        assert extract_on_ray(catalogue, tmp_path / "store", extractor).empty
    finally:
        quiet_ray.shutdown()
    assert stored(tmp_path / "store") == KEYS
    assert sorted(path.name.partition("-gpu-")[2] for path in tmp_path.glob("pid-*")) == ["0", "1"]


def test_a_machine_that_dies_loses_nothing(quiet_ray, catalogue, tmp_path, small_portions):
    from ray.cluster_utils import Cluster

    class Deadly(Fragile):
        """Tell when the work has begun, and take some time for it."""

        def load(self, source, name=None):
            (tmp_path / f"pid-{os.getpid()}").touch()
            time.sleep(0.3)
            return super().load(source, name)

    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = machines.add_node(num_cpus=1)
    machines.wait_for_nodes()
    quiet_ray.init(machines.address, log_to_driver=False, logging_level="error")
    try:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool, warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            extractor = Deadly(image_size=32, grid=1)
            run = pool.submit(extract_on_ray, catalogue, tmp_path / "store", extractor)
            until = time.monotonic() + 120
            # Both machines are at work.
            while len(list(tmp_path.glob("pid-*"))) < 2 and time.monotonic() < until:
                time.sleep(0.05)
            assert not run.done()
            machines.remove_node(second, allow_graceful=False)
            assert run.result(timeout=240).empty
    finally:
        quiet_ray.shutdown()
        machines.shutdown()
    assert stored(tmp_path / "store") == KEYS
    there = zapsim.load_features(tmp_path / "store", catalogue)
    assert np.array_equal(there, Fragile(image_size=32, grid=1).extract(catalogue))
