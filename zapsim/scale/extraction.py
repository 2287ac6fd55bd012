"""Extract features on many workers with Ray Data, into the store that one machine writes.

In: a catalogue whose pictures every worker can read, and an extractor. Out: the feature store. The
driver alone writes it, shard by shard, so it does not matter how many workers there are, in which
order they answer, or whether one of them dies. The edge rule: what the store has is not computed
again; a portion of which nothing came back is tried again picture by picture, and a picture of
which still nothing comes is named, not tried for ever.
"""

import logging
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import pandas as pd

from zapsim.checks import check_catalogue, checked_whole
from zapsim.features import VGG16Extractor, read_batch
from zapsim.io.lookup import each_found
from zapsim.io.store import FeatureStore, ShardWriter
from zapsim.scale.extra import require

__all__ = ["extract_on_ray"]

# Pictures that come back from a worker in one piece. More cost less to hand out, and more to
# repeat. The last two: a machine that goes away takes innocent pictures with it, even alone.
_PORTIONS = (128, 16, 1, 1)
# Pictures on their way from object storage to a worker, which answers each after a while.
_READING = 16
_COLUMNS = ("key", "content", "sha256", "problem")
_DIED = "nothing came back, even alone: it makes its worker die, or is too large for it"


def extract_on_ray(catalogue, cache, extractor=None, *, workers=None, address=None):
    """Extract a catalogue's features on a Ray cluster, into a feature store.

    Run it again after an interruption: what the store has is not computed again. To know that, the
    pictures of which it has features are read, but for those of a zip, which lists what it holds,
    and of a bucket that was opened with ``done=cache``.

    Parameters
    ----------
    catalogue : Catalogue
        Of a folder or archive that lies at the same path on every machine, or of a bucket (see
        `open_bucket`).
    cache : path
        The folder of the feature store, on the machine that calls this.
    extractor : VGG16Extractor, optional
        By default ``VGG16Extractor()``.
    workers : int, optional
        At most so many. By default one for each GPU of the cluster if it has any, or for each of
        its processors.
    address : str, optional
        ``"auto"`` for the cluster that this machine belongs to; zapsim must be installed on all
        of its machines. By default Ray is started on this machine, and stopped at the end. If
        your code called ``ray.init`` before, that cluster is used, and goes on.

    Returns
    -------
    pandas.DataFrame
        The pictures that have no features: columns ``key`` and ``problem``, sorted by key. They
        are tried again by the next run.

    Raises
    ------
    StoreError
        If the store was made with other settings, or cannot be read or written.
    ConnectionError
        If the place where the pictures are does not answer any more. What was computed is kept.
    ImportError
        If Ray is not installed.
    """
    check_catalogue(catalogue)
    workers = None if workers is None else checked_whole("workers", workers, 1)
    ray = require("ray")
    extractor = extractor or VGG16Extractor()
    extractor.check_store()
    settings = extractor.settings
    if catalogue.treatment:
        settings = settings | {"pictures": catalogue.treatment}
    store = FeatureStore(cache, settings)
    blocks = each_found(store, catalogue, extractor.n_features)
    found = {key for block in blocks for key in block.index}
    missing = [key for key in catalogue.keys if key not in found]
    if found:
        print(f"{len(found):,} of {len(catalogue):,} items found in {store.folder.name}")
    problems = {}
    if missing:
        with _running(ray, address):
            problems = _extract(ray, catalogue, missing, store, extractor, workers)
    if problems:
        key, why = min(problems.items())
        warnings.warn(
            f"{len(problems):,} pictures have no features, such as {key}: {why}", stacklevel=2
        )
    return pd.DataFrame(sorted(problems.items()), columns=["key", "problem"])


@contextmanager
def _running(ray, address):
    """Connect to a cluster, or start one here; what was started is stopped."""
    if ray.is_initialized():
        yield
        return
    quiet = {} if address else {"include_dashboard": False}
    # Without an address, Ray would join whichever cluster was started here last.
    ray.init(address or "local", log_to_driver=False, logging_level="error", **quiet)
    try:
        yield
    finally:
        ray.shutdown()


def _extract(ray, catalogue, missing, store, extractor, workers):
    """Extract missing keys into the store; return those that failed, and why."""
    from tqdm.auto import tqdm

    problems, n_items = {}, len(catalogue)
    bar = tqdm(total=n_items, initial=n_items - len(missing), desc="Extracting", unit="picture")
    with bar, ShardWriter(store) as writer:
        for size in _PORTIONS:
            ended = False
            while missing and not ended:
                left = set(missing)
                try:
                    for answer in _answers(ray, catalogue, missing, size, extractor, workers):
                        problems |= _keep(answer, writer)
                        left -= {*answer["key"]}
                        bar.update(len(answer["key"]))
                    ended = True
                except ray.exceptions.RayError:
                    # A machine took answers with it that were not fetched yet. Where nothing came
                    # at all, the next try is with less.
                    ended = len(left) == len(missing)
                missing = sorted(left)
    return problems | dict.fromkeys(missing, _DIED)


def _answers(ray, catalogue, keys, size, extractor, workers):
    """Yield what the workers return, portion by portion, in any order."""
    data = require("ray.data")
    gpus, cpus = (int(ray.cluster_resources().get(name, 0)) for name in ("GPU", "CPU"))
    starts = range(0, len(keys), size)
    portions = [
        {"portion": pickle.dumps(catalogue.portion(keys[start : start + size]))} for start in starts
    ]
    most = max(1, min(gpus or cpus, len(portions)))
    pool = data.ActorPoolStrategy(
        size=min(workers or most, most),
        # What waits at a worker dies with it.
        max_tasks_in_flight_per_actor=None if size > 1 else 1,
    )
    answers = data.from_items(portions, override_num_blocks=len(portions))
    with warnings.catch_warnings():
        # Ray 2.64 will have other names for the last two.
        warnings.simplefilter("ignore", DeprecationWarning)
        answers = answers.map_batches(
            _Worker,
            fn_constructor_args=(ray.cloudpickle.dumps(extractor), extractor.n_features),
            compute=pool,
            batch_size=1,
            num_gpus=1 if gpus else None,
            num_cpus=None if gpus else 1,
            # By default, Ray tries for ever what makes a worker die.
            max_task_retries=0,
            max_restarts=-1,
        )
    # The pipeline's own, so that those of the caller stay as they are.
    answers.context.enable_progress_bars = False
    # A worker that dies takes its portion with it, and no other.
    answers.context.max_errored_blocks = -1
    log = logging.getLogger("ray.data")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        for answer in answers.iter_batches(batch_size=None):
            for stop in filter(None, answer.pop("stop")):
                raise pickle.loads(stop)
            yield answer
    finally:
        log.setLevel(before)


class _Worker:
    """What a Ray actor does: it opens the network once, then answers portions."""

    def __init__(self, pickled, n_features):
        self._pickled, self._n_features = pickled, n_features

    def __call__(self, rows):
        answers = [self._answer(pickle.loads(portion)) for portion in rows["portion"]]
        return {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}

    def _answer(self, portion):
        try:
            return self._extracted(portion)
        except Exception as error:
            # Not of one picture: Ray would take it for a worker that died.
            return self._rows([("", "", "", "")], [], _pickled(error))

    @cached_property
    def _extractor(self):
        # Not when the actor starts: what is not installed here would make it die unheard.
        return pickle.loads(self._pickled)

    def _extracted(self, portion):
        extractor, keys = self._extractor, list(portion.keys)
        starts = range(0, len(keys), extractor.batch_size)
        parts = [keys[start : start + extractor.batch_size] for start in starts]
        with ThreadPoolExecutor(_READING) as pool:
            files = {key: pool.submit(portion.read, key) for key in keys}
            fetched = portion.with_reader(lambda key: files.pop(key).result())
            try:
                batches = [
                    read_batch(fetched, part, extractor, extractor.vectors) for part in parts
                ]
            finally:
                pool.shutdown(cancel_futures=True)
        rows = [
            (*names, "")
            for b in batches
            for names in zip(b.keys, b.contents, b.digests, strict=True)
        ]
        bad = [(key, "", "", why) for b in batches for key, why in b.unreadable.items()]
        return self._rows(rows + bad, [b.result for b in batches if b.keys])

    def _rows(self, rows, values, stop=b""):
        """Return an answer's columns; rows come first that have values, (n, n_features)."""
        features = np.zeros((len(rows), self._n_features), np.float16)
        if values:
            values = np.concatenate(values)
            features[: len(values)] = values
        columns = map(np.array, zip(*rows, strict=True))
        answer = dict(zip(_COLUMNS, columns, strict=True))
        return answer | {"features": features, "stop": np.array([stop] * len(rows), object)}


def _pickled(error):
    try:
        pickle.loads(pickled := pickle.dumps(error))
        return pickled
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


def _keep(answer, writer):
    """Write what was extracted; return what could not be read (dict)."""
    good = answer["problem"] == ""
    if good.any():
        keys, contents, digests = (answer[name][good].tolist() for name in _COLUMNS[:3])
        writer.add(keys, contents, answer["features"][good], digests)
    return dict(zip(answer["key"][~good], answer["problem"][~good], strict=True))
