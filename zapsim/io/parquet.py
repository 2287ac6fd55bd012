"""Read and write one Parquet file of keys and vectors, whole or not at all.

In: keys and arrays (n, width), or a path. Out: the file, or a ``pyarrow.Table``. The edge rules: a
file appears under its name only when all of it is written; its pages carry checksums, so that a
flipped bit is noticed and not taken for a feature; a file that cannot be read now is told from a
damaged one; what is no file, or unpacks to far more than it is, is not read.
"""

import errno
import os
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zapsim.checks import ToldError, checked_path, received
from zapsim.io.disk import open_regular, whole
from zapsim.io.names import MAX_NAME
from zapsim.io.pages import check_footer, unpacked_size

__all__ = [
    "DamagedError",
    "ParquetFile",
    "StoreError",
    "check_complete",
    "not_read",
    "not_written",
    "opened",
    "read_vectors",
    "table_of",
    "texts_of",
    "vectors_of",
    "write_table",
    "write_vectors",
]

# What a file may unpack to: so many bytes, or so many times its own size. Features of one picture
# many times over are packed to almost nothing, and no others to a tenth.
MAX_UNPACKED, _MAX_TIMES = 2**28, 50
_BUFFER = 2**20
# How every Parquet file begins.
_MAGIC = b"PAR1"


class StoreError(ToldError, RuntimeError):
    """A store cannot be used: other settings, not a store, the disk is full or does not answer."""


class DamagedError(ToldError):
    """A file was cut, overwritten, or holds something else than it should."""


def write_vectors(path, keys, *values, names=("features",)):
    """Write one Parquet file of ``key`` and arrays (n, width) by name, whole or not at all.

    Its folder is made where it is missing. StoreError if it cannot be written, or would take the
    place of something else than a Parquet file.
    """
    path = checked_path(path)
    _check_replaceable(path)
    write_table(table_of({"key": list(keys)}, *values, names=names), path)


def _check_replaceable(path):
    try:
        with open_regular(path) as file:
            begun = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise not_written(path, error) from error
    # What holds nothing, such as a temporary file that was just made, loses nothing.
    if begun not in (b"", _MAGIC):
        raise StoreError(
            f"{path} is something else than a Parquet file, and was not overwritten. Choose a name "
            "that is not taken, or delete it first."
        )


def read_vectors(path, names=("features",)):
    """Read what `write_vectors` wrote: keys (list of str), then each name's array (n, width).

    FileNotFoundError if there is no file; StoreError if it holds something else, is damaged, or
    cannot be read now.
    """
    path = checked_path(path)
    try:
        with opened(path, ["key"], [FileNotFoundError]) as file:
            table = file.read(["key"], names)
            check_complete(table, "key")
            return texts_of(table["key"]), *(vectors_of(table[name]) for name in names)
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
def opened(path, texts=(), passed_on=()):
    """Open a Parquet file, a `ParquetFile`, some of whose columns are texts (names; None: all).

    `DamagedError` where its content is at fault, here or in the ``with``; StoreError where the
    system is.
    """
    try:
        with open_regular(path) as raw:
            yield ParquetFile(raw, texts)
    except (MemoryError, DamagedError, *passed_on):
        raise
    except RecursionError as error:
        raise DamagedError("it is nested too deep") from error
    except (pa.ArrowException, OSError, LookupError, ValueError) as error:
        # Arrow raises OSError for a wrong checksum, too, but without the system's error number.
        if getattr(error, "errno", None) is None:
            raise DamagedError(str(error)) from error
        # Links in a circle are no file, either.
        if error.errno == errno.ELOOP:
            raise DamagedError(f"it is no file: {error.strerror}") from error
        raise not_read(path, error) from error


class ParquetFile:
    """An open Parquet file, of which some columns are read if they are what they should be.

    Attributes
    ----------
    schema : pyarrow.Schema
    """

    def __init__(self, raw, texts):
        self._raw, self._size = raw, os.fstat(raw.fileno()).st_size
        check_footer(raw, self._size)
        if texts is None:
            texts = [each.name for each in pq.read_schema(raw) if _is_text(each.type)]
        try:
            self._file = pq.ParquetFile(
                raw,
                # A text that comes again and again takes room once.
                read_dictionary=texts,
                page_checksum_verification=True,
                # Else all of a column is read before its first batch.
                buffer_size=_BUFFER,
            )
        except KeyError as error:
            raise DamagedError(f"it has no column of texts {error.args[0].decode()!r}") from error
        self.schema = self._file.schema_arrow

    def _paths(self):
        said = self._file.metadata.schema
        return [said.column(number).path for number in range(len(said))]

    def read(self, texts=(), vectors=()):
        """Read columns of texts, for `texts_of`, and of vectors, for `vectors_of`: a pyarrow.Table.

        In `opened`, `DamagedError` if they hold something else, or too much.
        """
        self._check(texts, vectors)
        return self._file.read([*texts, *vectors])

    def batches(self, rows, texts=(), vectors=()):
        """Yield what `read` returns in parts of so many rows, pyarrow.RecordBatch."""
        self._check(texts, vectors)
        yield from self._file.iter_batches(rows, columns=[*texts, *vectors])

    def read_plain(self):
        """Read all columns of texts, of numbers and of lists of numbers: a pyarrow.Table.

        In `opened`, `DamagedError` if they take too much. What others unpack to, nobody could say.
        """
        self._check_size({path.partition(".")[0] for path in self._paths()})
        return self._file.read([each.name for each in self.schema if _is_plain(each.type)])

    def _check(self, texts, vectors):
        for name in texts:
            kind = self.schema.field(name).type
            if not _is_text(kind):
                raise pa.ArrowInvalid(f"'{name}' is {kind}, not text")
        for name in vectors:
            kind = self.schema.field(name).type
            if not pa.types.is_fixed_size_list(kind):
                raise pa.ArrowInvalid(f"'{name}' is {kind}, not a fixed-size list")
            if not _is_number(kind.value_type):
                raise pa.ArrowInvalid(f"'{name}' is {kind}, not a list of numbers")
            if not kind.list_size:
                raise pa.ArrowInvalid(f"'{name}' has no numbers")
        self._check_size({*texts, *vectors})

    def _check_size(self, names):
        columns = [n for n, path in enumerate(self._paths()) if path.partition(".")[0] in names]
        limit = max(MAX_UNPACKED, _MAX_TIMES * self._size)
        size, _ = unpacked_size(self._raw, self._size, columns, limit)
        if size > limit:
            raise pa.ArrowInvalid(
                f"it unpacks to {size:,} bytes or more, and the limit is {limit:,}: "
                f"{MAX_UNPACKED:,}, or {_MAX_TIMES} times its own size"
            )


def is_list(kind):
    """Tell whether a type of Arrow's is one of lists of numbers."""
    types = pa.types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return lists and _is_number(kind.value_type)


def _is_number(kind):
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _is_text(kind):
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(value) or pa.types.is_large_string(value)


def _is_plain(kind):
    return _is_text(kind) or _is_number(kind) or is_list(kind)


def not_read(path, error):
    """Return the StoreError that a file or folder cannot be read now (error: OSError)."""
    why = "it is gone" if isinstance(error, FileNotFoundError) else error.strerror
    return StoreError(
        f"Could not read {path} ({why}). It need not be damaged, and "
        "nothing was changed: check that the disk or Drive is connected and that you may read "
        "there, and run again."
    )


def table_of(columns, *values, names=("features",)):
    """Make a table of columns of texts (dict of str to list) and, by name, of arrays (n, width).

    ValueError if a text is none, or longer than what is read again.
    """
    for name, texts in columns.items():
        for text in texts:
            if not _is_readable(text):
                raise ValueError(
                    f"Each {name} must be a text of at most {MAX_NAME:,} characters, or it could "
                    f"not be read again. Received: {received(text)}"
                )
    texts = {name: pa.array(texts, pa.string()) for name, texts in columns.items()}
    lists = pa.FixedSizeListArray.from_arrays
    vectors = [lists(pa.array(each.ravel()), each.shape[1]) for each in values]
    return pa.table({**texts, **dict(zip(names, vectors, strict=True))})


def _is_readable(text):
    try:
        return isinstance(text, str) and len(text) <= MAX_NAME and text.encode() is not None
    except UnicodeEncodeError:
        return False


def check_complete(table, *names):
    """Raise `DamagedError` if a table lacks some values of a column, or one is no name's length."""
    for name in names:
        column = table[name]
        if missing := column.null_count:
            raise DamagedError(f"'{name}' is missing in {missing:,} rows")
        for part in getattr(column, "chunks", [column]):
            longest = pc.max(pc.utf8_length(part.dictionary)).as_py() or 0
            if longest > MAX_NAME:
                raise DamagedError(
                    f"'{name}' has {longest:,} characters in a row, and the limit is {MAX_NAME:,}"
                )


def texts_of(column):
    """Return a column of texts, none of which is missing, as a list of str."""
    texts = []
    for part in getattr(column, "chunks", [column]):
        texts += map(part.dictionary.to_pylist().__getitem__, part.indices.to_pylist())
    return texts


def vectors_of(column):
    """Return a column of vectors as an array (n, width), in its own dtype."""
    vectors = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    width = vectors.type.list_size
    return vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(column), width)


def not_written(path, error):
    """Return the StoreError that a file or folder cannot be written (error: OSError)."""
    return StoreError(
        f"Could not write {path} ({error}). What was written before is whole: "
        "free some space or choose another folder, and run again."
    )
