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
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from struct import error as StructError
from struct import unpack_from
from sys import getsizeof
from types import MappingProxyType
from weakref import finalize

from zapsim.io.disk import TransferError, check_answered, open_regular
from zapsim.io.formats import FORMATS, START, told_by_content
from zapsim.io.names import MAX_NAME, check_names, slashed
from zapsim.io.pictures import MAX_BYTES, PictureError
from zapsim.io.unpacked import check_count, check_growth, is_compressed, mark_of, most_files, plain

__all__ = [
    "LIMITED",
    "UNREADABLE",
    "ChangedError",
    "Tar",
    "Zip",
    "check_size",
    "check_unpacked",
    "open_archive",
    "open_entry",
    "parts_of",
    "read_entry",
]

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

# How what lies in a zip may be packed. zipfile unpacks no more of these than it is asked for; bzip2
# unpacks whole blocks, LZMA a whole chunk, and either may be gigabytes.
LIMITED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA"}
_UTF8, _ENCRYPTED, _UNIX = 0x800, 1, 3
# A backslash behind what zipfile reads the first byte of two as: all from 0x81.
_LETTER = re.compile(r"(?<=[^\0-\x7fÇ])\\")
_LETTER_AT_END = re.compile(rf"{_LETTER.pattern}(?=\.)")
# What in a tar says only what the next file is called, and the like, has a few thousand bytes.
_ABOUT_NEXT = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
_ABOUT_NEXT |= {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
_MOST_ABOUT_NEXT = 1_000_000
# No system takes longer names.
_DIGITS = re.compile(rb"\d{256}")
# What is left of the end of a name that is too long.
_END = 80
# What says something of all files that follow is copied to each.
_MOST_KEYS, _MOST_ABOUT_ALL = 100, 64_000
# A table that is packed to less than a hundredth of what it is; and of so many bytes it may be.
_TABLE_GROWTH, _SMALL_TABLE = 100, 50_000_000
_AT_ONCE = 1 << 20
# More than any disk has, and no more than one can look for in a file.
_MOST = 1 << 60
_FILE = b"PK\3\4"
# Drive's and Takeout's "shoes-20261122T220000Z-1-001.zip"; browsers add " (1)".
_PART = re.compile(r"(.+-\d{8}T\d{6}Z-(?:\d+-)?)(\d{3})(?: \(\d+\))?(\.zip|\.tgz)", re.IGNORECASE)
_WHAT_TO_DO = {
    "7z": "Unpack it (7-Zip does), and open the folder",
    "RAR": "Unpack it, and open the folder",
    **dict.fromkeys(("bzip2", "xz", "Zstandard"), "Unpack it, and open the folder"),
    "web page": "Perhaps a login was asked for. Download it again in a browser",
}


class ChangedError(ConnectionError):
    """An archive is another one than was opened; what was listed of it is not there any more."""


def open_archive(path):
    """Open a `Zip` or a `Tar`, by its content; ValueError with what to do if it is neither."""
    start, what = b"", None
    try:
        with open_regular(path) as file:
            start = file.read(START)
            what = told_by_content(start)
            # The first bytes decide: the last file in a tar may be a zip. What a tar begins with is
            # a name, which may begin as a picture does: "BMW/1.jpg".
            if (start[257:262] == b"ustar" and what != "zip") or is_compressed(start):
                return Tar(path)
            # But a zip may begin with something else, such as the program that unpacks it.
            with _damaged(zipfile.BadZipFile):
                is_zip = zipfile.is_zipfile(file)
        if is_zip:
            return Zip(path)
        reason = "it is empty" if not start else f"it starts with {start[:12]!r}"
    except TransferError:
        raise
    except UNREADABLE as error:
        check_answered(path, error)
        reason = error
    if what and what.upper() in FORMATS:
        raise ValueError(f"{path} is a picture. Give the folder that holds it.")
    todo = _WHAT_TO_DO.get(what, "If it was downloaded, download it again")
    said = f"its kind: {what}" if what in _WHAT_TO_DO else reason
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
    """The files of a zip, by their place in its directory.

    `damage` (str or None) says what may be missing.
    """

    skipped, damage = MappingProxyType({}), None

    def __init__(self, path):
        self.path = path
        self._mark = mark_of(path)
        self._opened = None
        check_count(path, len(self._zip.infolist()))
        files = [e for e in self._zip.infolist() if not _is_folder(e)]
        begin = min((e.header_offset for e in self._zip.infolist()), default=0)
        with open_regular(path) as file:
            # A program that unpacks the rest begins otherwise.
            if begin > 0 and file.read(len(_FILE)) == _FILE:
                self.damage = (
                    f"what lies before byte {begin:,}, such as another zip, is not listed and not "
                    "read: files may be missing"
                )
        # What claims to be larger is not read at all.
        check_growth(path, sum(e.file_size for e in files if e.file_size <= MAX_BYTES))
        if files and all(entry.flag_bits & _ENCRYPTED for entry in files):
            raise ValueError(
                f"{path} is encrypted. Unpack it with its password, and open the folder."
            )

    def __getstate__(self):
        return self.__dict__ | {"_opened": None, "_mark": _anywhere(self._mark)}

    @property
    def _zip(self):
        # A forked process would move the position in the file that both read from. Two threads
        # may each open one; no lock, for it could be held in the moment of a fork.
        process, archive = self._opened or (None, None)
        if process != os.getpid():
            archive = _open_zip(self.path)
            # After it, as it may have been another one before and while it was read.
            _check_mark(self.path, self._mark)
            self._opened = os.getpid(), archive
        return archive

    def files(self):
        """Yield each file's name and place."""
        entries = self._zip.infolist()
        slashes = any("/" in entry.orig_filename for entry in entries)
        for place, entry in enumerate(entries):
            if not _is_folder(entry):
                yield _name(entry, slashes), place

    def read(self, place, limit):
        """Return a file's bytes; `PictureError` if they are more than `limit`."""
        with _checked(self):
            archive = self._zip
            entry = archive.infolist()[place]
            return read_entry(archive, entry, entry.filename, limit)

    def check_table(self, place):
        """Raise `PictureError` if a file unpacks to far more than it is, which no table does."""
        check_unpacked(self.path, self._zip.infolist()[place])

    def content(self, place):
        """Identify a file's content without reading it: CRC-32 and size."""
        with _checked(self):
            entry = self._zip.infolist()[place]
        return f"{entry.CRC:08x}-{entry.file_size}"


class Tar:
    """The files of a tar, by where their bytes begin in it and how many they are.

    `skipped` (dict) says which names are no files; `damage` (str or None), what may be missing.
    """

    def __init__(self, path):
        self.path = path
        self._mark = mark_of(path)
        self._plain = plain(path)
        self.skipped, self.damage = {}, None
        self._files, end = self._list()
        check_growth(path, sum(size for _, _, size in self._files if size <= MAX_BYTES))
        # Python takes a damaged header for the end.
        self.damage = self._after(end)
        if self.damage:
            self._files, _ = self._list(ignore_zeros=True)

    def __getstate__(self):
        return self.__dict__ | {"_mark": _anywhere(self._mark)}

    def files(self):
        """Yield each file's name and place."""
        for place, (name, _, _) in enumerate(self._files):
            yield name, place

    def _after(self, end):
        """Return what is wrong if not only zeros follow the end of the list, or nothing does."""
        with open_regular(self._plain) as file:
            file.seek(end)
            if not (block := file.read(tarfile.BLOCKSIZE)) or block.strip(b"\0"):
                return f"damaged or cut off at byte {end:,}: files may be missing"
            while block := file.read(_AT_ONCE):
                if block.count(0) < len(block):
                    return (
                        f"more follows its end at byte {end:,}, such as a second tar, whose files "
                        "are read, too: others may be missing"
                    )
        return None

    def _list(self, **options):
        """Return name, offset and size of each file, and where the list ended."""
        places, count, size, most = {}, 0, 0, most_files(self.path)
        with (
            _damaged(tarfile.ReadError),
            open_regular(self._plain) as file,
            tarfile.open(fileobj=file, mode="r:", tarinfo=_Member, **options) as archive,
        ):
            for member in islice(archive, most + 1):
                count += 1
                # Else all that the headers say is kept till the end.
                archive.members.clear()
                name = _shortened(member.name)
                check_names(self.path, size := size + getsizeof(name))
                # A hard link stands for a file of the archive, or for one that must not be read.
                if member.islnk() and (target := _named(member.linkname, places)):
                    places[name] = places[target]
                elif member.isreg() and not member.issparse() and member.size >= 0:
                    places[name] = member.offset_data, member.size
                elif not member.isdir():
                    odd = "with holes or no size" if member.isreg() else "a link or a device"
                    self.skipped[repr(name)] = f"{odd}, which a tar may not have"
            end = archive.offset
        check_count(self.path, count)
        return [(name, *place) for name, place in places.items()], end

    def read(self, place, limit):
        """Return a file's bytes; `PictureError` if they are more than `limit`."""
        name, offset, size = self._files[place]
        check_size(name, size, limit)
        with _checked(self):
            if not self._plain.exists():
                self._plain = plain(self.path)
            with open_regular(self._plain) as file:
                file.seek(offset)
                data = file.read(size)
            if len(data) < size:
                raise EOFError(f"{self.path.name} ends too early")
        return data

    def check_table(self, place):
        """Raise `PictureError` if a file is far larger than the archive, which no table is."""
        name, _, size = self._files[place]
        _check_table(name, size, self.path.stat().st_size)

    def content(self, place):
        """Return None: a tar does not list what identifies a file's content."""


@contextmanager
def _damaged(kind):
    """Raise this kind where headers hold something else than the numbers they should."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise kind(str(error)) from error
    except RecursionError as error:
        raise kind(
            "hundreds of headers in a row that only say what the next file is called"
        ) from error


def read_entry(archive, entry, name, limit):
    """Read one entry of a ZipFile, never more than it claims to be long."""
    check_size(name, entry.file_size, limit)
    # Without a number zipfile unpacks everything first.
    with _damaged(zipfile.BadZipFile), open_entry(archive, entry) as file:
        return file.read(entry.file_size + 1)


def open_entry(archive, entry):
    """Open one entry of a ZipFile; BadZipFile unless what it unpacks to can be `LIMITED`."""
    if entry.compress_type not in LIMITED:
        how = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        raise zipfile.BadZipFile(
            f"packed by {how}, which is not unpacked here; pack it as an ordinary zip, or unpack "
            "it and open the folder"
        )
    return archive.open(entry)


def check_size(name, size, limit):
    """Raise `PictureError` if a file is larger than the limit, in bytes."""
    if size > limit:
        raise PictureError(f"{name}: {size:,} bytes are more than the limit of {limit:,}.")


def check_unpacked(path, entry):
    """Raise `PictureError` if a zip's entry unpacks to far more than it is, which no table does."""
    # An entry may claim to be larger than its zip.
    _check_table(entry.filename, entry.file_size, min(entry.compress_size, path.stat().st_size))


def _check_table(name, size, packed):
    if size > max(_SMALL_TABLE, _TABLE_GROWTH * packed):
        raise PictureError(
            f"{name} unpacks to {size:,} bytes, more than {_TABLE_GROWTH} times what it is packed "
            "to, which no table does. If you trust it, unpack the archive yourself and open the "
            "folder"
        )


class _Member(tarfile.TarInfo):
    """What a tar's header says of a file, without what would take all memory, or lead back."""

    @classmethod
    def fromtarfile(cls, tarfile_):
        said = tarfile_.pax_headers
        size = sum(len(key) + len(value) for key, value in said.items())
        if len(said) > _MOST_KEYS or size > _MOST_ABOUT_ALL:
            raise tarfile.ReadError(
                f"{len(said):,} headers of {size:,} characters say something of all files, and the "
                f"limits are {_MOST_KEYS} and {_MOST_ABOUT_ALL:,}"
            )
        return super().fromtarfile(tarfile_)

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        member = super().frombuf(buf, encoding, errors)
        if member.type in _ABOUT_NEXT and member.size > _MOST_ABOUT_NEXT:
            raise tarfile.InvalidHeaderError(
                f"{member.size:,} bytes only say what the next file is called, and the limit is "
                f"{_MOST_ABOUT_NEXT:,}"
            )
        if not 0 <= member.size <= _MOST:
            raise tarfile.InvalidHeaderError(f"a file of {member.size:,} bytes")
        return member

    def _proc_pax(self, tarfile_):
        # Before 3.11.10 and 3.12.6, Python looks through a row of digits once for each of them.
        start = tarfile_.fileobj.tell()
        if _DIGITS.search(tarfile_.fileobj.read(self._block(self.size))):
            raise tarfile.InvalidHeaderError("a header with hundreds of digits in a row")
        tarfile_.fileobj.seek(start)
        return super()._proc_pax(tarfile_)


def _named(name, places):
    """Return the name by which a file is listed that a link may call ``./a.png`` or ``a.png``."""
    bare = name.removeprefix("./")
    return next((spelt for spelt in (name, bare, f"./{bare}") if spelt in places), None)


def _shortened(name):
    # It may have a million letters, as many times as there are files. It stays too long for a key.
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…{name[-_END:]}"


def _anywhere(mark):
    """Return what of a mark is true of a copy at the same path on another machine, too."""
    return mark[:2]


def _check_mark(path, mark):
    """Raise `ChangedError` where an archive is another by now: places are those of the old one."""
    if mark_of(path)[: len(mark)] != mark:
        raise ChangedError(
            f"{path} was changed since it was opened: it has another size or date, and the list of "
            "what lies in it is no longer true. Open the catalogue again."
        )


@contextmanager
def _checked(archive):
    """Raise `ChangedError` in place of what reading brings if the archive is another by now."""
    try:
        yield
    finally:
        # A disk that is gone says so itself.
        with suppress(FileNotFoundError):
            _check_mark(archive.path, archive._mark)


def _is_folder(entry):
    # ZipInfo's own fails where the name is empty.
    return entry.filename.endswith("/")


def _name(entry, slashes):
    """Return an entry's name; `slashes` tells whether any name of its zip has a slash."""
    if entry.flag_bits & _UTF8 or entry.orig_filename.isascii():
        return entry.filename
    raw = entry.orig_filename.encode("cp437")
    # macOS writes UTF-8 and does not say so. Other encodings cannot be told apart: zip's own one.
    with suppress(UnicodeDecodeError):
        return _unicode_path(entry.extra, raw) or raw.decode()
    # In Japanese and Chinese encodings it is the second byte of some letters, such as 表, too. It
    # leads to no folder where there are slashes; and in front of a dot, it would hide a picture.
    letters = slashes or entry.create_system == _UNIX
    name = (_LETTER if letters else _LETTER_AT_END).sub("＼", entry.orig_filename)
    # zipfile's own, on Windows too.
    return slashed(name.partition("\0")[0])


def _unicode_path(extra, raw):
    """Return the name in UTF-8 that Info-ZIP and 7-Zip add to one in an old encoding, or None."""
    while len(extra) >= 4:
        kind, size = unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and field[:5] == b"\1" + zlib.crc32(raw).to_bytes(4, "little"):
            return field[5:].decode()
    return None


def _open_zip(path):
    with _damaged(zipfile.BadZipFile), ExitStack() as opened:
        try:
            archive = zipfile.ZipFile(opened.enter_context(open_regular(path)))
        except UnicodeDecodeError as error:
            raise zipfile.BadZipFile(
                f"the name {error.object[:_END]!r} in it is not the UTF-8 that it claims to be; "
                "unpack it, and open the folder"
            ) from error
        # It closes only what it has opened itself.
        finalize(archive, opened.pop_all().close)
    return archive
