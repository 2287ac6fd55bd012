"""Find pictures in object storage: S3, Google Cloud Storage, and what speaks their language.

In: an address such as ``s3://shop/pictures``. Out: `Files` for `zapsim.load_catalogue`. pyarrow
connects, retries, and finds the credentials as its documentation says: in the environment, the
usual files, or the machine's role. The edge rule: one object that cannot be read, or whose size is
not what the list says, is a picture that cannot be read; a bucket that does not answer, or whose
list has no end, stops the run.
"""

from pathlib import Path

from pyarrow import ArrowException
from pyarrow.fs import FileSystem

from zapsim.checks import brief, checked_whole
from zapsim.io.archives import check_size
from zapsim.io.hints import about_found
from zapsim.io.pictures import MAX_BYTES, PictureError
from zapsim.io.sources import Files
from zapsim.io.store import open_store
from zapsim.scale.listing import listed

__all__ = ["Bucket", "open_bucket"]


def open_bucket(address, *, done=None, most=10_000_000):
    """List the pictures below an address in object storage, for `zapsim.load_catalogue`.

    Parameters
    ----------
    address : str
        ``s3://bucket/folder`` or ``gs://bucket/folder``. Options follow, such as
        ``?region=eu-central-1`` or ``?scheme=http&endpoint_override=localhost:9000`` for another
        server that speaks S3.
    done : path, optional
        The folder of a feature store, which need not be there yet. An object that has the key and
        size of a picture in it is taken for that picture: it is not read to find out. So a run
        that was interrupted goes on at once. The store is looked at now: what it gets later is
        read again, so open the bucket again after an extraction, before `build_index` and
        `zapsim.load_features`. A picture that was replaced by another of the same size is missed;
        leave this out now and then to find such, which reads everything.
    most : int, optional
        How many objects of any kind there may be. While they are listed, they may take 1 kB of
        memory each, and half of what is free in all; a list that takes more is given up.

    Returns
    -------
    Bucket
        For ``load_catalogue(open_bucket(address))``. It can be pickled: each process connects
        itself.

    Raises
    ------
    ValueError
        If this is no such address, or there is no picture below it.
    ConnectionError
        If the storage does not answer, does not know the bucket, does not let you in, or lists
        more than `most` objects.

    Examples
    --------
    >>> import zapsim.scale
    >>> bucket = zapsim.scale.open_bucket("s3://shop/pictures")  # doctest: +SKIP
    >>> catalogue = zapsim.load_catalogue(bucket)  # doctest: +SKIP
    """
    most = checked_whole("most", most, 1)
    if "://" not in str(address):
        raise ValueError(
            f"address must be one in object storage, such as 's3://bucket/folder'. A folder of "
            f"this machine goes to load_catalogue itself. Received: {address!r}"
        )
    try:
        storage, path = FileSystem.from_uri(address)
    except (ArrowException, ValueError) as error:
        raise ValueError(
            f"Not an address in object storage: {address!r} ({brief(error)})."
        ) from error
    except OSError as error:
        # Without a region, the storage itself is asked for it.
        raise ConnectionError(
            f"{address} cannot be opened ({brief(error)}). Does the storage answer? Give the "
            "region, too: ?region=eu-central-1"
        ) from error
    bucket = Bucket(storage, path, done, most)
    if not bucket.keys:
        raise ValueError(f"No pictures below {path}. {about_found(bucket)}")
    return bucket


class Bucket(Files):
    """The pictures below a path in object storage; a place is (path, size in bytes)."""

    def __init__(self, storage, path, done, most):
        self._storage, self._done = storage, {}
        if done is not None and Path(done).expanduser().exists():
            for table in open_store(done).index():
                rows = zip(table["key"].to_pylist(), table["content"].to_pylist(), strict=True)
                self._done.update(rows)
        root = path.rstrip("/")
        super().__init__(
            Path(root),
            (
                (name.removeprefix(f"{root}/"), (name, size))
                for name, size in listed(storage, root, most)
            ),
        )

    def _read(self, place, limit=None):
        path, size = place
        if size < 0:
            raise PictureError(f"{path}: the storage says that it has {size:,} bytes.")
        check_size(path, size, limit or MAX_BYTES)
        try:
            with self._storage.open_input_stream(path) as stream:
                # One more, to see that it has not grown since it was listed.
                data = stream.read(size + 1)
        except ArrowException as error:
            # Of names that the storage may have, and pyarrow refuses.
            raise PictureError(f"{path}: cannot be asked for ({brief(error)}).") from error
        if len(data) != size:
            came = f"{len(data):,}" if len(data) < size else "more"
            raise PictureError(f"{path}: {came} bytes came instead of {size:,}.")
        return data

    def only(self, keys):
        """Return `Files` of these keys alone, which are small to send to another process."""
        files = super().only(keys)
        files._done = {}
        return files

    def content(self, key, data=None):
        """Identify the object's content as `Files.content` does; what is done is not read."""
        known = self._done.get(key) or ""
        if data is None and known.endswith(f"-{self._names[key][1]}"):
            return known
        return super().content(key, data)

    def _is_there(self):
        # Some answer "not found" for a folder without an object of its own: looking is enough.
        try:
            self._storage.get_file_info(str(self.root.as_posix()))
        except OSError:
            return False
        return True
