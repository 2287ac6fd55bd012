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

import numpy as np
import pandas as pd

from zapsim.checks import check_catalogue
from zapsim.features import VGG16Extractor, read_batch
from zapsim.io.lookup import look_up
from zapsim.io.store import FeatureStore, ShardWriter
from zapsim.scale.extra import require

__all__ = ["extract_on_ray"]

# What comes back from a worker in one piece. Larger ones cost less to hand out, and more to repeat.
_PORTION = 128
_COLUMNS = ("key", "content", "sha256", "problem")
_DIED = "nothing came back, even alone: it makes its worker die, or is too large for it"


def extract_on_ray(catalogue, cache, extractor=None, *, workers=None, address=None):
    """Extract a catalogue's features on a Ray cluster, into a feature store.

    Run it again after an interruption: what the store has is not done again.

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
        By default one for each processor of the cluster, or for each GPU if it has any.
    address : str, optional
        Of a running cluster, such as ``"auto"`` or ``"ray://head:10001"``. By default Ray starts
        on this machine, unless it runs already.

    Returns
    -------
    pandas.DataFrame
        The pictures that have no features: columns ``key`` and ``problem``, sorted by key. They
        are tried again by the next run.

    Raises
    ------
    StoreError
        If the store was made with other settings, or cannot be read or written.
    ImportError
        If Ray is not installed.
    """
    check_catalogue(catalogue)
    extractor = extractor or VGG16Extractor()
    settings = extractor.settings
    if catalogue.treatment:
        settings = settings | {"pictures": catalogue.treatment}
    store = FeatureStore(cache, settings)
    seen = look_up(store, catalogue, extractor.n_features)
    missing = list(catalogue.keys[~seen.found])
    if seen.found.any():
        print(f"{seen.found.sum():,} of {len(catalogue):,} items found in {store.folder.name}")
    problems = _extract(catalogue, missing, store, extractor, workers, address) if missing else {}
    if problems:
        key, why = min(problems.items())
        warnings.warn(
            f"{len(problems):,} pictures have no features, such as {key}: {why}", stacklevel=2
        )
    return pd.DataFrame(sorted(problems.items()), columns=["key", "problem"])


def _extract(catalogue, missing, store, extractor, workers, address):
    """Extract missing keys into the store; return those that failed, and why."""
    from tqdm.auto import tqdm

    ray = require("ray")
    if not ray.is_initialized():
        ray.init(address, log_to_driver=False, include_dashboard=False, logging_level="error")
    problems = {}
    bar = tqdm(total=len(missing), desc="Extracting", unit="picture")
    with bar, ShardWriter(store) as writer:
        # Alone twice: a machine that goes away takes innocent pictures with it, too.
        for size in (_PORTION, 1, 1):
            left = set(missing)
            for answer in _answers(ray, catalogue, missing, size, extractor, workers):
                problems |= _keep(answer, writer)
                left -= {*answer["key"]}
                bar.update(len(answer["key"]))
            missing = sorted(left)
            if not missing:
                break
    return problems | dict.fromkeys(missing, _DIED)


def _answers(ray, catalogue, keys, size, extractor, workers):
    """Yield what the workers return, portion by portion, in any order."""
    data = require("ray.data")
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    # A worker that dies takes its portion with it, and no other.
    context.max_errored_blocks = -1
    gpus, cpus = (int(ray.cluster_resources().get(name, 0)) for name in ("GPU", "CPU"))
    starts = range(0, len(keys), size)
    portions = [
        {"portion": pickle.dumps(catalogue.portion(keys[start : start + size]))} for start in starts
    ]
    pool = data.ActorPoolStrategy(
        size=min(workers or gpus or cpus, len(portions)),
        # What waits at a worker dies with it.
        max_tasks_in_flight_per_actor=None if size > 1 else 1,
    )
    with warnings.catch_warnings():
        # Ray 2.64 will have other names for the last two.
        warnings.simplefilter("ignore", DeprecationWarning)
        answers = data.from_items(portions, override_num_blocks=len(portions)).map_batches(
            _Worker,
            fn_constructor_args=(extractor,),
            compute=pool,
            num_gpus=1 if gpus else None,
            num_cpus=None if gpus else 1,
            # By default, Ray tries for ever what makes a worker die.
            max_task_retries=0,
            max_restarts=-1,
        )
    yield from answers.iter_batches(batch_size=None)


class _Worker:
    """What a Ray actor does: it opens the network once, then answers portions."""

    def __init__(self, extractor):
        self._extractor = extractor

    def __call__(self, rows):
        answers = [self._answer(pickle.loads(portion)) for portion in rows["portion"]]
        return {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}

    def _answer(self, portion):
        extractor, keys = self._extractor, list(portion.keys)
        starts = range(0, len(keys), extractor.batch_size)
        parts = [keys[start : start + extractor.batch_size] for start in starts]
        batches = [read_batch(portion, part, extractor, extractor.vectors) for part in parts]
        rows = [
            (*names, "")
            for b in batches
            for names in zip(b.keys, b.contents, b.digests, strict=True)
        ]
        bad = [(key, "", "", why) for b in batches for key, why in b.unreadable.items()]
        values = [b.result.astype(np.float16) for b in batches if b.keys]
        values.append(np.zeros((len(bad), extractor.n_features), np.float16))
        columns = map(np.array, zip(*rows, *bad, strict=True))
        return dict(zip(_COLUMNS, columns, strict=True)) | {"features": np.concatenate(values)}


def _keep(answer, writer):
    """Write what was extracted; return what could not be read (dict)."""
    good = answer["problem"] == ""
    if good.any():
        keys, contents, digests = (answer[name][good].tolist() for name in _COLUMNS[:3])
        writer.add(keys, contents, answer["features"][good], digests)
    return dict(zip(answer["key"][~good], answer["problem"][~good], strict=True))
