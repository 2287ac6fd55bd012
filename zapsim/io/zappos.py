"""Fetch UT-Zappos50K, the 50,025 real shoe photos that MiniZap imitates.

In: a folder. Out: the zip of pictures, which `zapsim.load_catalogue` opens, with its metadata and
the people's comparisons beside it. The edge rule: a zip that is not known to be whole is not used;
what was taken out of it and then edited is the user's own, and kept.
"""

import hashlib
import zipfile
from contextlib import contextmanager

from zapsim.checks import check_flag, check_type, checked_path
from zapsim.io.archives import UNREADABLE, open_archive
from zapsim.io.disk import TransferError, explained, open_regular, write_whole
from zapsim.io.download import download
from zapsim.io.folders import read_file
from zapsim.io.pictures import MAX_BYTES, PictureError, load_picture
from zapsim.io.sources import METADATA, NAMED_BYTES, open_files, read_named

__all__ = ["DATA_ZIP", "fetch_zappos"]

ADDRESS = "https://vision.cs.utexas.edu/projects/finegrained/utzap50k/"
N_PICTURES = 50_025
FIRST = "Shoes/Oxfords/Bostonian/100627.72.jpg"
COMPARISONS = "zappos-labels.mat"
DATA_ZIP = "ut-zap50k-data.zip"
# A record has 100.
_RECORD_BYTES = 10_000
_TERMS = f"""\
UT-Zappos50K is for academic, non-commercial use only and may not be passed on:
{ADDRESS}
Cite: A. Yu and K. Grauman, "Fine-Grained Visual Comparisons with Local Learning", CVPR 2014."""


def fetch_zappos(to="zappos", square=True, address=ADDRESS):
    """Download UT-Zappos50K, or verify what was downloaded before.

    The licence's terms are shown first. About 300 MB, with a progress bar; an interrupted download
    goes on where it ended. No checksum is published, so a first download is compared with the
    checksums inside the zip, and its SHA-256 recorded beside it (``….sha256``, as ``sha256sum
    --check`` reads it) and verified from then on.

    Parameters
    ----------
    to : path
        The folder. On Colab, one on the Drive survives the machine; see `zapsim.stage`.
    square : bool
        The version padded to 136×136, or the original one, mostly 136×102.
    address : str
        Another place that holds the same zips.

    Returns
    -------
    pathlib.Path
        The zip of pictures, for `zapsim.load_catalogue`; ``meta-data.csv`` and
        ``zappos-labels.mat`` lie beside it. Where one lay there before and differs, it is kept,
        and a line says so.

    Raises
    ------
    TransferError
        If a file could not be fetched, is not whole, or is not what was recorded.

    References
    ----------
    Yu & Grauman, "Fine-Grained Visual Comparisons with Local Learning", CVPR 2014,
    doi:10.1109/CVPR.2014.32.
    """
    check_flag(square, "square")
    check_type(address, str, f"address must be one such as {ADDRESS!r}.")
    folder = checked_path(to, "to")
    pictures = folder / f"ut-zap50k-images{'-square' if square else ''}.zip"
    print(_TERMS)
    with explained(f"read or write in {folder}"):
        for path, check in [(pictures, _check_pictures), (folder / DATA_ZIP, _check_data)]:
            if path.exists():
                _verify(path, check)
            else:
                download(f"{address.rstrip('/')}/{path.name}", path, check)
                _record(path)
        for name in (METADATA, COMPARISONS):
            target = folder / name
            with _refused(folder / DATA_ZIP):
                data = _member(folder / DATA_ZIP, name)
            if not target.exists():
                write_whole(target, data)
            elif _read(target, NAMED_BYTES) != data:
                print(
                    f"{target} differs from the one in {DATA_ZIP}, and is kept. For the original, "
                    "delete it and call again."
                )
    print(f"{N_PICTURES:,} pictures in {pictures}")
    return pictures


def _check_zip(path):
    with open_regular(path) as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            start = file.read(16)
            raise ValueError(f"not a complete zip, perhaps a login page; it starts with {start!r}.")


def _check_pictures(path):
    _check_zip(path)
    keys = open_files(path).keys
    if len(keys) != N_PICTURES or FIRST not in keys:
        raise ValueError(
            f"{len(keys):,} pictures, {'with' if FIRST in keys else 'without'} {FIRST}; "
            f"UT-Zappos50K has {N_PICTURES:,}, with it."
        )
    _check_whole(path)
    load_picture(open_files(path).read(FIRST), FIRST)


def _check_data(path):
    _check_zip(path)
    for name in (METADATA, COMPARISONS):
        _member(path, name)
    _check_whole(path)


def _check_whole(path):
    """Read all that a zip holds, which compares it with the zip's own checksums."""
    from tqdm.auto import tqdm

    # It refuses bombs, before anything is unpacked.
    archive = open_archive(path)
    for name, place in tqdm(list(archive.files()), desc="Checking", unit="file"):
        try:
            archive.read(place, MAX_BYTES)
        except (*UNREADABLE, PictureError) as error:
            raise ValueError(f"{name} in it is damaged ({error}).") from error


def _member(path, name):
    data = read_named(path, name)
    if data is None:
        raise ValueError(f"it does not contain {name}.")
    return data


def _verify(path, check):
    """Compare a file with its recorded SHA-256, or check and record one that was put there."""
    record = _record_of(path)
    if not record.exists():
        with _refused(path):
            check(path)
        _record(path)
    elif (_read(record, _RECORD_BYTES) or b"").split()[:1] != [_sha256(path).encode()]:
        raise TransferError(
            f"{path} is not what was downloaded: its SHA-256 is no longer the one in "
            f"{record.name}. Delete both, and run again."
        )


@contextmanager
def _refused(path):
    try:
        yield
    except (ValueError, PictureError) as error:
        # A record of it, if there is one, is of another file than the real one.
        both = f" and {_record_of(path).name}" if _record_of(path).exists() else ""
        raise TransferError(f"{path}: {error} Delete it{both}, and run again.") from error


def _record(path):
    write_whole(_record_of(path), f"{_sha256(path)}  {path.name}\n".encode())


def _record_of(path):
    return path.with_name(f"{path.name}.sha256")


def _read(path, limit):
    """Return a file's bytes, or None if they are more than the limit."""
    try:
        return read_file(path, path.name, limit)
    except PictureError:
        return None


def _sha256(path):
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
