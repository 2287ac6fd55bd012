"""Find the pictures of a folder or a zip, and read them by key.

In: a folder or a ``.zip``. Out: `Files`, which maps keys to bytes. A zip is read in place,
nothing is unpacked, so no entry can be written outside a folder; entries whose names try to
(``../``, absolute, drive letters) are left out and listed in `Files.skipped`.
"""

import warnings
import zipfile
import zlib
from contextlib import suppress
from errno import ENODEV, ENOTCONN, ESTALE, ETIMEDOUT
from os import walk
from os.path import abspath, exists, realpath
from pathlib import Path
from stat import S_ISREG
from statistics import median
from time import perf_counter
from unicodedata import normalize

from zapsim.io.pictures import MAX_BYTES, SUFFIXES, PictureError
from zapsim.keys import clean_key

__all__ = [
    "METADATA",
    "UNREADABLE",
    "Files",
    "is_wanted",
    "open_files",
    "read_named",
    "walk_folder",
]

METADATA = "meta-data.csv"
_LEVELS = 3
NAMED_BYTES = 100_000_000
# A local disk answers in well under a millisecond, a mounted Drive in five and more.
_PROBES = 9
_SLOW_SECONDS = 0.003
_WORTH_SECONDS = 20
# What a damaged or encrypted zip and a vanished or forbidden file raise.
UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
# Python may have been built without it; then it does not read such zips either.
with suppress(ImportError):
    from lzma import LZMAError

    UNREADABLE += (LZMAError,)
# The errors of a disk that is gone, such as a Drive that was unmounted.
_GONE = {ENOTCONN, ESTALE, ETIMEDOUT, ENODEV}


def open_files(source):
    """List the pictures of a folder or a ``.zip``: `Files`.

    FileNotFoundError if there is none; ValueError if it is neither, or holds no picture.
    """
    # Absolute, so that "." has a name too.
    path = Path(abspath(Path(source).expanduser()))
    if not path.exists():
        raise FileNotFoundError(
            f"No catalogue at {path}. Give an existing folder or .zip, or call "
            "load_catalogue() without a path for the bundled MiniZap."
        )
    files = _Folder(path) if path.is_dir() else _Zip(path)
    if not files.keys:
        raise ValueError(
            f"No pictures in {path}. Looked for {', '.join(SUFFIXES)} in it and all folders "
            f"below, and found {files.n_others:,} other files."
        )
    _advise(files)
    return files


def read_named(source, name):
    """Read one file by its name, picture or not; None where there is none.

    It lies in a folder (pathlib.Path), or in any folder of a zip. ValueError if it, or the zip,
    cannot be read, or it is larger than 100 MB.
    """
    try:
        if source.is_dir():
            path = source / name
            return _read_file(path, name, NAMED_BYTES) if path.is_file() else None
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            named = [e for e in entries if _slashed(e.filename).rpartition("/")[2] == name]
            return _read_entry(archive, named[0], name, NAMED_BYTES) if named else None
    except UNREADABLE as error:
        raise ValueError(
            f"{name} in {source.name} cannot be read ({error}). Is it whole?"
        ) from error


class Files:
    """Pictures by key, from a folder or a zip alike, which is `root` (pathlib.Path).

    `keys` (list of str) are sorted by code point: the same on every machine. `skipped` (dict) says
    which names were left out on purpose, and why; `n_others`, how many files are no pictures;
    `treatment` (str or None), what is done to all pictures when they are read.
    """

    treatment = None

    def __init__(self, root, names):
        self.root = root
        self.skipped = {}
        self.n_others = 0
        located, metadata = {}, []
        for name in names:
            path = _slashed(name)
            if _is_junk(path):
                continue
            if path.rpartition("/")[2] == METADATA:
                metadata.append((path.count("/"), name))
            if not name.lower().endswith(SUFFIXES):
                self.n_others += 1
            elif (key := clean_key(name)) is None:
                self.skipped[repr(name)] = "unsafe name: outside the catalogue, or not Unicode"
            elif key in located:
                self.skipped[name] = "same key as another file"
            else:
                located[key] = name
        wrapper = self._wrapper(located)
        self._names = {key.removeprefix(wrapper): name for key, name in sorted(located.items())}
        self.keys = list(self._names)
        self._metadata = min(metadata)[1] if metadata else None

    def read(self, key):
        """Return the file's bytes; `PictureError` if it, ConnectionError if nothing can be read."""
        try:
            return self._read(self._names[key])
        except UNREADABLE as error:
            # Else thousands of pictures would count as damaged, and the run as done.
            if getattr(error, "errno", None) in _GONE or not exists(self.root):
                raise ConnectionError(
                    f"{self.root} does not answer any more ({error}). Is its disk or Drive still "
                    "there? Connect it and run again: what was computed is kept."
                ) from error
            raise PictureError(f"{key}: cannot be read ({error}).") from error

    def content(self, key, data=None):
        """Identify the file's content: CRC-32 and size, e.g. ``"9ae1c3f0-3120"``.

        A zip lists both, so nothing is read; a folder's files are read once, or not at all where
        their bytes are given as `data`. The same file has the same identity in a folder and in a
        zip, on any machine, with any date.
        """
        data = self.read(key) if data is None else data
        return f"{zlib.crc32(data):08x}-{len(data)}"

    def _wrapper(self, keys):
        # A folder may grow, and no key may change when it does.
        return ""

    def metadata(self):
        """Return the bytes of ``meta-data.csv``, or None where there is none.

        The one highest up counts, and for a zip that has none, the one beside it. One that cannot
        be read is named in a warning.
        """
        try:
            return self._read(self._metadata) if self._metadata else None
        except (*UNREADABLE, PictureError) as error:
            warnings.warn(
                f"{METADATA} in {self.root.name} cannot be read ({error}): only the pictures' "
                "keys are known.",
                stacklevel=3,
            )
            return None


class _Folder(Files):
    def __init__(self, root):
        names, unlisted = [], {}
        for folder, files in walk_folder(root, unlisted):
            names += [(folder.relative_to(root) / file).as_posix() for file in files]
        super().__init__(root, names)
        self.skipped |= unlisted

    def _read(self, name):
        return _read_file(self.root / name, name, MAX_BYTES)


class _Zip(Files):
    def __init__(self, root):
        try:
            self._zip = zipfile.ZipFile(root)
        except (*UNREADABLE, UnicodeDecodeError) as error:
            raise ValueError(
                f"{root} is neither a folder nor a readable .zip ({error}). "
                "If it was downloaded, download it again."
            ) from error
        names = [entry.filename for entry in self._zip.infolist() if not entry.is_dir()]
        super().__init__(root, names)

    def metadata(self):
        beside = self.root.with_name(METADATA)
        inside = super().metadata()
        return beside.read_bytes() if inside is None and beside.is_file() else inside

    def _read(self, name):
        return _read_entry(self._zip, self._zip.getinfo(name), name, MAX_BYTES)

    def _wrapper(self, keys):
        """Return the folders around everything: they belong to the archive, not to the layout."""
        wrapper = ""
        while True:
            tops = {key.removeprefix(wrapper).partition("/")[0] for key in keys}
            if len(tops) != 1:
                return wrapper
            top = tops.pop()
            levels = max(key.removeprefix(wrapper).count("/") for key in keys)
            if levels <= (0 if self._is_named_after(top) else _LEVELS):
                return wrapper
            wrapper += f"{top}/"

    def _is_named_after(self, top):
        # Browsers and Drive add to a name: "shoes (1)", "shoes-20261122T220000Z-001".
        stem = normalize("NFC", self.root.stem)
        return stem.startswith(top) and not stem[len(top) :][:1].isalnum()

    def content(self, key, data=None):
        entry = self._zip.getinfo(self._names[key])
        return f"{entry.CRC:08x}-{entry.file_size}"


def _advise(files):
    """Warn, once a catalogue, where each file takes so long that a copy would save minutes."""
    seconds = []
    for key in files.keys[:: max(1, len(files.keys) // _PROBES)][:_PROBES]:
        start = perf_counter()
        with suppress(PictureError):
            files.read(key)
        seconds.append(perf_counter() - start)
    each = median(seconds)
    together = each * len(files.keys)
    if each > _SLOW_SECONDS and together > _WORTH_SECONDS:
        warnings.warn(
            f"Reading one picture from {files.root} takes {each * 1000:.0f} ms, so each pass over "
            f"all {len(files.keys):,} about {max(1, together / 60):.0f} minutes. On Colab, "
            f"copy them to the machine first: load_catalogue(zapsim.stage({str(files.root)!r})). "
            "One zip on Drive copies much faster than a folder.",
            stacklevel=4,
        )


def walk_folder(root, unlisted):
    """Yield every folder below one and its files' names, real ones before linked ones.

    Links may lead in circles, or to a folder that has been walked already, so each real folder
    comes once. What could not be listed is added to `unlisted` (dict), with the reason.
    """
    seen, waiting = set(), [root]
    while waiting:
        top = waiting.pop(0)
        for name, subfolders, files in walk(
            top, onerror=lambda error: unlisted.update({error.filename: str(error)})
        ):
            folder = Path(name)
            if (real := realpath(folder)) in seen:
                subfolders.clear()
                continue
            seen.add(real)
            subfolders[:] = sorted(n for n in subfolders if not _is_junk(n))
            waiting += [folder / n for n in subfolders if (folder / n).is_symlink()]
            yield folder, files


def is_wanted(name):
    """Tell whether a relative name is that of a picture or of the metadata, and not hidden."""
    path = _slashed(name)
    return not _is_junk(path) and (
        path.rpartition("/")[2] == METADATA or path.lower().endswith(SUFFIXES)
    )


def _read_file(path, name, limit):
    state = path.stat()
    # Reading a pipe would never end.
    if not S_ISREG(state.st_mode):
        raise PictureError(f"{name}: not a regular file.")
    _check_size(name, state.st_size, limit)
    return path.read_bytes()


def _read_entry(archive, entry, name, limit):
    """Read one entry, never more than it claims to be long."""
    _check_size(name, entry.file_size, limit)
    # Without a limit zipfile unpacks everything first, and bzip2 whole blocks even with one.
    if entry.compress_type == zipfile.ZIP_BZIP2:
        raise zipfile.BadZipFile(
            "packed by bzip2, which cannot be limited; pack it as an ordinary zip"
        )
    with archive.open(entry) as file:
        return file.read(entry.file_size + 1)


def _check_size(name, size, limit):
    if size > limit:
        raise PictureError(f"{name}: {size:,} bytes are more than the limit of {limit:,}.")


def _slashed(name):
    # Some archivers on Windows write backslashes.
    return name.replace("\\", "/")


def _is_junk(name):
    parts = name.split("/")
    return "__MACOSX" in parts or any(p.startswith(".") and p.strip(".") for p in parts)
