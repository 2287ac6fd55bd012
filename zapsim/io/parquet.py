"""Read and write one Parquet file of keys and vectors, whole or not at all.

In: keys and arrays (n, width), or a path. Out: the file, or a ``pyarrow.Table``. The edge rule: a
file appears under its name only when all of it is written; its pages carry checksums, so that a
flipped bit is noticed and not taken for a feature; a file that cannot be read now is told from a
damaged one.
"""

from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zapsim.io.disk import whole

__all__ = [
    "DamagedError",
    "StoreError",
    "not_read",
    "not_written",
    "read_table",
    "read_vectors",
    "reading",
    "table_of",
    "vectors_of",
    "write_table",
    "write_vectors",
]


class StoreError(RuntimeError):
    """A store cannot be used: other settings, not a store, the disk is full or does not answer."""


class DamagedError(Exception):
    """A file was cut, overwritten, or holds something else than it should."""


def write_vectors(path, keys, *values, names=("features",)):
    """Write one Parquet file of ``key`` and arrays (n, width) by name, whole or not at all.

    Its folder is made where it is missing. StoreError if it cannot be written.
    """
    write_table(table_of({"key": list(keys)}, *values, names=names), Path(path).expanduser())


def read_vectors(path, names=("features",)):
    """Read what `write_vectors` wrote: keys (list of str), then each name's array (n, width).

    FileNotFoundError if there is no file; StoreError if it holds something else, is damaged, or
    cannot be read now.
    """
    path = Path(path).expanduser()
    try:
        with reading(path, FileNotFoundError):
            table = read_table(path)
            return table["key"].to_pylist(), *(vectors_of(table, name) for name in names)
    except DamagedError as error:
        raise StoreError(f"{path} is not a Parquet file written by zapsim ({error}).") from error


def write_table(table, path):
    """Write a table to a file (pathlib.Path), whole or not at all; StoreError if it cannot."""
    options = {"compression": "zstd", "use_dictionary": False, "write_page_checksum": True}
    try:
        with whole(path) as temporary:
            pq.write_table(table, temporary, **options)
    except OSError as error:
        raise not_written(path, error) from error


@contextmanager
def reading(path, *passed_on):
    """Raise `DamagedError` where the file's content is at fault, StoreError where the system is."""
    try:
        yield
    except (MemoryError, *passed_on):
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        # Arrow raises OSError for a wrong checksum, too, but without the system's error number.
        # For a file that is gone the number is missing as well.
        if isinstance(error, FileNotFoundError) or getattr(error, "errno", None):
            raise not_read(path, error) from error
        raise DamagedError(str(error)) from error


def not_read(path, error):
    """Return the StoreError that a file or folder cannot be read now (error: OSError)."""
    return StoreError(
        f"Could not read {path} ({error.strerror or 'it is gone'}). It need not be damaged, and "
        "nothing was changed: check that the disk or Drive is connected and that you may read "
        "there, and run again."
    )


def table_of(columns, *values, names=("features",)):
    """Make a table of columns (dict of str to list) and, by name, of arrays (n, width)."""
    lists = pa.FixedSizeListArray.from_arrays
    vectors = [lists(pa.array(each.ravel()), each.shape[1]) for each in values]
    return pa.table({**columns, **dict(zip(names, vectors, strict=True))})


def vectors_of(table, name="features"):
    """Return a table's column of vectors as an array (n, width), in its own dtype."""
    vectors = table[name].combine_chunks()
    if not pa.types.is_fixed_size_list(vectors.type):
        raise pa.ArrowInvalid(f"'{name}' is {vectors.type}, not a fixed-size list")
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(table), width)


def read_table(path, **options):
    """Read a table and compare it with its checksums; use it within `reading`."""
    return pq.read_table(path, page_checksum_verification=True, **options)


def not_written(path, error):
    """Return the StoreError that a file or folder cannot be written (error: OSError)."""
    return StoreError(
        f"Could not write {path} ({error}). What was written before is whole: "
        "free some space or choose another folder, and run again."
    )
