"""Read archives in place: zips, tars, and zips in the several parts that Drive makes of one.

In: a path. Out: `Zip` or `Tar`, which lists its files and reads each by its place. The edge rule:
nothing is unpacked under a name that the archive chose, no link in it is followed out of it, and
never more is read than a file claims to be long. Open handles are no part of the state: an archive
can be pickled, copied and used in threads and in forked processes.
"""

import os
import re
import tarfile
import zipfile
import zlib
from contextlib import suppress
from errno import ESTALE
from io import BufferedReader, FileIO
from stat import S_ISREG
from struct import error as StructError
from struct import unpack_from
from types import MappingProxyType

from zapsim.io.disk import TransferError
from zapsim.io.formats import FORMATS, START, told_by_content
from zapsim.io.pictures import PictureError
from zapsim.io.unpacked import is_compressed, plain

__all__ = ["UNREADABLE", "Tar", "Zip", "check_size", "open_archive", "parts_of", "read_entry"]

# What a damaged or encrypted archive and a vanished or forbidden file raise.
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    StructError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
# Python may have been built without it; then it does not read such zips either.
with suppress(ImportError):
    from lzma import LZMAError

    UNREADABLE += (LZMAError,)

_UTF8, _ENCRYPTED = 0x800, 1
_HEAD = b"PK\1\2"
# Drive's and Takeout's "shoes-20261122T220000Z-1-001.zip"; browsers add " (1)".
_PART = re.compile(r"(.+-\d{8}T\d{6}Z-(?:\d+-)?)(\d{3})(?: \(\d+\))?(\.zip|\.tgz)", re.IGNORECASE)
_WHAT_TO_DO = {
    "7z": "Unpack it (7-Zip does), and open the folder",
    "RAR": "Unpack it, and open the folder",
    "Zstandard": "Unpack it, and open the folder",
    "web page": "Perhaps a login was asked for. Download it again in a browser",
}


def open_archive(path):
    """Open a `Zip` or a `Tar`, by its content; ValueError with what to do if it is neither."""
    start = _start(path)
    what = told_by_content(start)
    try:
        # A zip may begin with something else, such as the program that unpacks it.
        if zipfile.is_zipfile(path):
            return Zip(path)
        if what == "tar" or is_compressed(start):
            return Tar(path)
        reason = "it is empty" if not start else f"it starts with {start[:12]!r}"
    except TransferError:
        raise
    except UNREADABLE as error:
        reason = error
    if what and what.upper() in FORMATS:
        raise ValueError(f"{path} is a picture. Give the folder that holds it.")
    todo = _WHAT_TO_DO.get(what, "If it was downloaded, download it again")
    said = f"it is a {what}" if what in _WHAT_TO_DO else reason
    raise ValueError(f"{path} is neither a folder nor a readable .zip or .tar ({said}). {todo}.")


def parts_of(path):
    """Return all parts of what Drive packed into several zips, in order; else the path alone.

    ValueError if one is missing, as far as their numbers tell.
    """
    match = _PART.fullmatch(path.name)
    if not match:
        return [path]
    found = {}
    for sibling in sorted(path.parent.iterdir()):
        other = _PART.fullmatch(sibling.name)
        if other and (other[1], other[3]) == (match[1], match[3]):
            found.setdefault(int(other[2]), sibling)
    found[int(match[2])] = path
    missing = [n for n in range(1, max(found)) if n not in found]
    if missing:
        raise ValueError(
            f"{path.name} is one of at least {max(found)} parts, and of them "
            f"{', '.join(f'{match[1]}{n:03}{match[3]}' for n in missing)} is not beside it in "
            f"{path.parent}. Download all parts into one folder."
        )
    return [found[n] for n in sorted(found)]


class Zip:
    """The files of a zip, by their place in its directory."""

    skipped, damage = MappingProxyType({}), None

    def __init__(self, path):
        self.path = path
        self._mark = _mark(path)
        self._opened = None
        files = [e for e in self._zip.infolist() if not e.is_dir()]
        if files and all(entry.flag_bits & _ENCRYPTED for entry in files):
            raise ValueError(
                f"{path} is encrypted. Unpack it with its password, and open the folder."
            )

    def __getstate__(self):
        return self.__dict__ | {"_opened": None}

    @property
    def _zip(self):
        # A forked process would move the position in the file that both read from. Two threads
        # may each open one; no lock, for it could be held in the moment of a fork.
        process, archive = self._opened or (None, None)
        if process != os.getpid():
            _check_mark(self.path, self._mark)
            archive = _open_zip(self.path)
            self._opened = os.getpid(), archive
        return archive

    def files(self):
        """Yield each file's name and place."""
        for place, entry in enumerate(self._zip.infolist()):
            if not entry.is_dir():
                yield _name(entry), place

    def read(self, place, limit):
        """Return a file's bytes; `PictureError` if they are more than `limit`."""
        archive = self._zip
        entry = archive.infolist()[place]
        return read_entry(archive, entry, entry.filename, limit)

    def content(self, place):
        """Identify a file's content without reading it: CRC-32 and size."""
        entry = self._zip.infolist()[place]
        return f"{entry.CRC:08x}-{entry.file_size}"


class Tar:
    """The files of a tar, by where their bytes begin in it and how many they are.

    `skipped` (dict) says which names are no files; `damage` (str or None), what may be missing.
    """

    def __init__(self, path):
        self.path = path
        self._mark = _mark(path)
        self._plain = plain(path)
        self.skipped, self.damage = {}, None
        self._files, end = self._list()
        with open(self._plain, "rb") as file:
            file.seek(end)
            block = file.read(tarfile.BLOCKSIZE)
        # Python takes a damaged header for the end.
        if block.strip(b"\0") or not block:
            self._files, _ = self._list(ignore_zeros=True)
            self.damage = f"damaged or cut off at byte {end:,}: files may be missing"

    def files(self):
        """Yield each file's name and place."""
        for place, (name, _, _) in enumerate(self._files):
            yield name, place

    def _list(self, **options):
        """Return name, offset and size of each file, and where the list ended."""
        places = {}
        with tarfile.open(self._plain, "r:", **options) as archive:
            for member in archive:
                # A hard link stands for a file of the archive, or for one that must not be read.
                if member.islnk() and member.linkname in places:
                    places[member.name] = places[member.linkname]
                elif member.isreg() and not member.issparse():
                    places[member.name] = member.offset_data, member.size
                elif not member.isdir():
                    self.skipped[repr(member.name)] = "a link or a device, which a tar may not have"
            return [(name, *place) for name, place in places.items()], archive.offset

    def read(self, place, limit):
        """Return a file's bytes; `PictureError` if they are more than `limit`."""
        name, offset, size = self._files[place]
        check_size(name, size, limit)
        if self._plain == self.path or not self._plain.exists():
            _check_mark(self.path, self._mark)
            self._plain = plain(self.path)
        with open(self._plain, "rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) < size:
            raise EOFError(f"{self.path.name} ends too early")
        return data

    def content(self, place):
        """Return None: a tar does not list what identifies a file's content."""


def read_entry(archive, entry, name, limit):
    """Read one entry of a ZipFile, never more than it claims to be long."""
    check_size(name, entry.file_size, limit)
    # Without a limit zipfile unpacks everything first, and bzip2 whole blocks even with one.
    if entry.compress_type == zipfile.ZIP_BZIP2:
        raise zipfile.BadZipFile(
            "packed by bzip2, which cannot be limited; pack it as an ordinary zip"
        )
    with archive.open(entry) as file:
        return file.read(entry.file_size + 1)


def check_size(name, size, limit):
    """Raise `PictureError` if a file is larger than the limit, in bytes."""
    if size > limit:
        raise PictureError(f"{name}: {size:,} bytes are more than the limit of {limit:,}.")


def _start(path):
    # Reading a pipe would never end.
    if not S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path} is neither a folder nor a regular file. Give one of them.")
    with open(path, "rb") as file:
        return file.read(START)


def _mark(path):
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _check_mark(path, mark):
    """Raise OSError where an archive is another one by now: places in it are those of the old."""
    if _mark(path) != mark:
        raise OSError(ESTALE, "it was changed since; open the catalogue again", str(path))


def _name(entry):
    if entry.flag_bits & _UTF8 or entry.orig_filename.isascii():
        return entry.filename
    raw = entry.orig_filename.encode("cp437")
    # macOS writes UTF-8 and does not say so. Other encodings cannot be told apart: zip's own one.
    with suppress(UnicodeDecodeError):
        return _unicode_path(entry.extra, raw) or raw.decode()
    return entry.filename


def _unicode_path(extra, raw):
    """Return the name in UTF-8 that Info-ZIP and 7-Zip add to one in an old encoding, or None."""
    while len(extra) >= 4:
        kind, size = unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and field[:5] == b"\1" + zlib.crc32(raw).to_bytes(4, "little"):
            return field[5:].decode()
    return None


def _open_zip(path):
    try:
        return zipfile.ZipFile(path)
    except UnicodeDecodeError:
        return zipfile.ZipFile(_Mended(FileIO(path)))


class _Mended(BufferedReader):
    """A zip in which names that are not the UTF-8 they claim to be do not claim it any more.

    For one damaged name zipfile would refuse the whole.
    """

    def read(self, size=-1):
        data = super().read(size)
        if not data.startswith(_HEAD):
            return data
        data, at = bytearray(data), 0
        while data.startswith(_HEAD, at):
            length, extra, comment = unpack_from("<HHH", data, at + 28)
            name = data[at + 46 : at + 46 + length]
            try:
                name.decode()
            except UnicodeDecodeError:
                data[at + 9] &= ~(_UTF8 >> 8)
            at += 46 + length + extra + comment
        return bytes(data)
