"""Find pictures in object storage: S3, Google Cloud Storage, and what speaks their language.

In: an address such as ``s3://shop/pictures``. Out: `Files` for `zapsim.load_catalogue`. pyarrow
connects, retries, and finds the credentials as its documentation says: in the environment, the
usual files, or the machine's role. The edge rule: one object that cannot be read is a picture that
cannot be read; a bucket that does not answer stops the run.
"""

from pathlib import Path

from pyarrow import ArrowException
from pyarrow.fs import FileSelector, FileSystem, FileType

from zapsim.io.archives import check_size
from zapsim.io.hints import about_found
from zapsim.io.pictures import MAX_BYTES, PictureError
from zapsim.io.sources import Files

__all__ = ["Bucket", "open_bucket"]


def open_bucket(address):
    """List the pictures below an address in object storage, for `zapsim.load_catalogue`.

    Parameters
    ----------
    address : str
        ``s3://bucket/folder`` or ``gs://bucket/folder``. Options follow, such as
        ``?region=eu-central-1`` or ``?scheme=http&endpoint_override=localhost:9000`` for another
        server that speaks S3.

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
        If the storage does not answer, does not know the bucket, or does not let you in.

    Examples
    --------
    >>> import zapsim.scale
    >>> bucket = zapsim.scale.open_bucket("s3://shop/pictures")  # doctest: +SKIP
    >>> catalogue = zapsim.load_catalogue(bucket)  # doctest: +SKIP
    """
    if "://" not in str(address):
        raise ValueError(
            f"address must be one in object storage, such as 's3://bucket/folder'. A folder of "
            f"this machine goes to load_catalogue itself. Received: {address!r}"
        )
    try:
        storage, path = FileSystem.from_uri(address)
    except (ArrowException, ValueError) as error:
        raise ValueError(f"Not an address in object storage: {address!r} ({error}).") from error
    bucket = Bucket(storage, path)
    if not bucket.keys:
        raise ValueError(f"No pictures below {path}. {about_found(bucket)}")
    return bucket


class Bucket(Files):
    """The pictures below a path in object storage; a place is (path, size in bytes)."""

    def __init__(self, storage, path):
        self._storage = storage
        root = path.rstrip("/")
        super().__init__(
            Path(root),
            (
                (info.path.removeprefix(f"{root}/"), (info.path, info.size))
                for info in _listed(storage, root)
                if info.type is FileType.File
            ),
        )

    def _read(self, place, limit=None):
        path, size = place
        check_size(path, size, limit or MAX_BYTES)
        with self._storage.open_input_stream(path) as stream:
            data = stream.read()
        if len(data) != size:
            raise PictureError(f"{path}: {len(data):,} bytes came instead of {size:,}.")
        return data

    def _is_there(self):
        # Some answer "not found" for a folder without an object of its own: looking is enough.
        try:
            self._storage.get_file_info(str(self.root.as_posix()))
        except OSError:
            return False
        return True


def _listed(storage, path):
    try:
        return storage.get_file_info(FileSelector(path, recursive=True))
    except OSError as error:
        raise ConnectionError(
            f"{path} cannot be listed ({error}). Is it spelt like this, may you read it (region, "
            "credentials), and does the storage answer?"
        ) from error
