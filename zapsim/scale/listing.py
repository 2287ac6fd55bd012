"""List what lies below a path in object storage, in a process of its own.

In: pyarrow's file system and a path. Out: names and sizes. The edge rule: pyarrow returns only when
the storage says that the list is at its end, and cannot be told to stop; a process can. It is ended
when the list takes more memory than its limit, or does not grow any more.
"""

import os
import pickle
import sys
import time
from contextlib import contextmanager
from threading import Event, Thread

import pyarrow as pa

from zapsim.io.apart import read_apart

__all__ = ["listed"]

# A name has up to 1,024 bytes, most of them far fewer; pyarrow has each twice in the end, and takes
# some room of its own.
_BYTES_EACH, _BYTES = 1_000, 200_000_000
# Of a list of millions, a thousand objects or more come in a second.
_LEAST, _LEAST_SECONDS = 1_000_000, 300
_SHOWN_AFTER_SECONDS = 3
_ROWS = 100_000


def listed(storage, path, most):
    """Yield the name and the size in bytes of each object below a path.

    ConnectionError if the storage does not say, or there are more than `most`.
    """
    asked = pickle.dumps((storage, path, most, _BYTES + _BYTES_EACH * most, _LEAST_SECONDS))
    try:
        with (
            _elapsing(f"Listing {path}"),
            read_apart(__file__, [], asked, None, "pyarrow") as printed,
        ):
            for batch in pa.ipc.open_stream(printed):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (ValueError, pa.ArrowException) as error:
        raise ConnectionError(f"{path} cannot be listed: {error}") from error


@contextmanager
def _elapsing(what):
    """Show how long something takes that cannot say how far it is."""
    from tqdm.auto import tqdm

    done = Event()

    def show():
        if not done.wait(_SHOWN_AFTER_SECONDS):
            with tqdm(desc=what, bar_format="{desc}: {elapsed}") as bar:
                while not done.wait(1):
                    bar.refresh()

    shower = Thread(target=show, daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def _answer(data):
    """Print names and sizes as Arrow's stream, or end with what is wrong."""
    from pyarrow.fs import FileSelector, FileType

    storage, path, most, room, patience = pickle.loads(data)
    answer = []

    def ask():
        try:
            answer.extend(storage.get_file_info(FileSelector(path, recursive=True)))
        except Exception as error:
            _end(
                f"{error}. Is it spelt like this, may you read it (region, credentials), and does "
                "the storage answer?"
            )

    asking = Thread(target=ask, daemon=True)
    asking.start()
    _watch(asking, most, room, patience)
    answer = [info for info in answer if info.type is FileType.File]
    if len(answer) > most:
        _end_at(most, f"{len(answer):,}")
    schema = pa.schema({"name": pa.string(), "size": pa.int64()})
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        for start in range(0, len(answer), _ROWS):
            some = answer[start : start + _ROWS]
            columns = [[info.path for info in some], [info.size for info in some]]
            stream.write(pa.record_batch(columns, schema=schema))


def _watch(asking, most, room, patience):
    import psutil

    process = psutil.Process()
    before = grown = process.memory_info().rss
    room = min(room, psutil.virtual_memory().available // 2)
    since = time.monotonic()
    while asking.is_alive():
        asking.join(0.2)
        now = process.memory_info().rss
        if now - before > room:
            _end_at(most, f"what came took {room / 1e6:,.0f} MB, and there was more")
        if now - grown > _LEAST:
            grown, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            _end(f"nothing came in {patience} seconds. Does the storage answer?")


def _end_at(most, found):
    _end(
        f"the limit is {most:,} objects; {found}. Give a folder in it, or open_bucket(…, most=…) a "
        "larger number."
    )


def _end(why):
    sys.stderr.write(" ".join(str(why).split()) + "\n")
    sys.stderr.flush()
    # sys.exit would wait for pyarrow.
    os._exit(1)


if __name__ == "__main__":
    _answer(sys.stdin.buffer.read())
