"""Find the pictures of a folder or an archive, and read them by key.

In: a folder, a ``.zip`` or a ``.tar``. Out: `Files`, which maps keys to bytes. An archive is read
in place, and no entry can be written outside a folder; entries whose names try to (``../``,
absolute, drive letters) are left out; of several of one name the last counts, as where they are
unpacked. The edge rule: what looks like a picture and is left out is counted, and named in
`Files.skipped`.
"""

import re
import warnings
import zipfile
import zlib
from collections import Counter
from contextlib import suppress
from copy import copy
from hashlib import sha256
from os.path import abspath, exists, isdir, lexists
from pathlib import Path
from stat import S_ISDIR
from sys import getsizeof

from zapsim.checks import check_flag, checked_path, told
from zapsim.io.archives import (
    UNREADABLE,
    ChangedError,
    check_unpacked,
    open_archive,
    parts_of,
    read_entry,
)
from zapsim.io.disk import GONE, TransferError, look, open_regular
from zapsim.io.folders import LEFT_OUT, OUT, leads_out, read_file, walk_folder
from zapsim.io.formats import FORMATS, SUFFIXES, advice, suffix_of, told_by_content
from zapsim.io.hints import about_found, about_missing, advise
from zapsim.io.names import MAX_NAME, check_names, litter_in, slashed
from zapsim.io.pictures import MAX_BYTES, PictureError
from zapsim.keys import clean_key, composed, shared_folders

__all__ = [
    "METADATA",
    "NAMED_BYTES",
    "SHEETS",
    "TABLES",
    "TABLE_BYTES",
    "Files",
    "is_wanted",
    "open_files",
    "read_named",
]

METADATA = "meta-data.csv"
# What people keep metadata in, and is told where it is not read. Parquet files may be features,
# and a .txt any text.
SHEETS = (".csv", ".tsv", ".jsonl", ".xlsx")
TABLES = (*SHEETS, ".txt", ".parquet")
# A million rows of 100 columns.
TABLE_BYTES = 1_000_000_000
_LEVELS = 3
# Of files without a suffix so many are looked into.
_LOOKED_INTO = 9
_LOOK_BYTES = 20_000_000
_BARE = "without a suffix"
NAMED_BYTES = 100_000_000


def open_files(source, links=False):
    """List the pictures of a folder, a ``.zip`` or a ``.tar``: `Files`, which may be given, too.

    With `links`, those that lead out of a folder are followed, and those beside an archive.
    FileNotFoundError if there is none; ValueError if it is neither, or holds no picture; TypeError
    if it is no path, or `links` neither True nor False.
    """
    check_flag(links, "links")
    if isinstance(source, Files):
        # Of another kind of place, such as a bucket.
        return source
    # Absolute, so that "." has a name too.
    path = Path(abspath(checked_path(source, "source", "one folder, .zip or .tar")))
    state = look(path)
    if state is None:
        raise FileNotFoundError(
            f"No catalogue at {path}. {about_missing(str(source))}Give an existing folder, .zip "
            "or .tar, or call load_catalogue() without a path for the bundled MiniZap."
        )
    is_folder = S_ISDIR(state.st_mode)
    files = _Folder(path, links) if is_folder else _Archive(path, links)
    if not files.keys:
        damage = f"{files.damage}. " if files.damage else ""
        raise ValueError(f"No pictures in {path}. {damage}{about_found(files)}")
    if files.damage:
        warnings.warn(told(f"{path}: {files.damage}"), stacklevel=3)
    advise(files)
    return files


def read_named(source, name):
    """Read one file by its name, picture or not; None where there is none.

    It lies in a folder (pathlib.Path), or in any folder of a zip. ValueError if it, or the zip,
    cannot be read, or it is larger than 100 MB, or a link that leads out of the folder.
    """
    try:
        if source.is_dir():
            path = source / name
            if not path.is_file():
                return None
            if leads_out(path, source):
                raise ValueError(
                    f"{path} is a link that leads out of the folder, and is not followed. Put a "
                    "copy of the file in its place."
                )
            return read_file(path, name, NAMED_BYTES, within=source)
        with open_regular(source) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            named = [e for e in entries if slashed(e.filename).rpartition("/")[2] == name]
            if not named:
                return None
            # Of those that were added again, the last.
            entry = archive.getinfo(named[0].filename)
            check_unpacked(source, entry)
            return read_entry(archive, entry, name, NAMED_BYTES)
    except UNREADABLE as error:
        raise ValueError(
            f"{name} in {source.name} cannot be read ({error}). Is it whole?"
        ) from error


class Files:
    """Pictures by key, from a folder or an archive alike, which is `root` (pathlib.Path).

    `keys` (list of str) are sorted by code point: the same on every machine. `skipped` (dict) says
    which names were left out, and why; `left_out`, `others` and `litter` (Counters), how many by
    suffix look like pictures and were left out, or do not, and how many are of the system's own;
    `damage` (str or None), what is missing of the whole; `n_parts`, of how many archives it is;
    `treatment` (str or None), what is done to all pictures when they are read; `links` (bool),
    whether links that lead out are followed; `taken` (str or None), the path of the file whose
    bytes `metadata` gives. They can be pickled and copied, and used in threads and in forked
    processes.
    """

    treatment = damage = taken = None
    n_parts = 1
    links = False
    # Of files with one name.
    _counts = "first"

    def __init__(self, root, files):
        self.root = root
        self.skipped = {}
        self.left_out, self.others, self.litter = Counter(), Counter(), Counter()
        located, metadata, bare, tables, size = {}, [], {}, {}, 0
        for name, place in files:
            path = slashed(name)
            if self._is_litter(path):
                continue
            if path.lower().endswith(TABLES):
                table = clean_key(name) or path
                if table in tables:
                    why = f"same name as another table, and only the {self._counts} counts"
                    self._leave_out(name, why)
                    if self._counts == "last":
                        tables[table] = place
                    continue
                tables[table] = place
                if path.rpartition("/")[2] == METADATA:
                    metadata.append(table)
            if not path.lower().endswith(SUFFIXES):
                self._count_other(path)
                if not re.search("[a-z]", suffix_of(path)):
                    bare[path] = place
            elif (key := clean_key(name)) is None:
                why = "unsafe name: outside the catalogue, or not Unicode"
                self._leave_out(repr(name), why, suffix_of(path))
            elif len(key) > MAX_NAME:
                why = f"a name of more than {MAX_NAME:,} characters, longer than any path"
                self._leave_out(f"{key[:80]}…{key[-80:]}", why)
            elif key in located:
                why = f"same key as another file, and only the {self._counts} counts"
                self._leave_out(name, why)
                if self._counts == "last":
                    located[key] = place
            else:
                located[key] = place
                check_names(root, size := size + getsizeof(key))
        self._look_into(bare)
        wrapper = self._wrapper(located)
        self._names = {key.removeprefix(wrapper): place for key, place in sorted(located.items())}
        self.keys = list(self._names)
        highest = min(metadata, key=lambda path: path.count("/"), default=None)
        self._metadata = tables.get(highest)
        self.taken = highest and highest.removeprefix(wrapper)
        self._tables = {path.removeprefix(wrapper): name for path, name in sorted(tables.items())}

    def _is_litter(self, path):
        part = litter_in(path)
        if part is not None and path.lower().endswith(SUFFIXES):
            self.litter[part] += 1
        return part is not None

    def _leave_out(self, name, why, kind=None):
        self.skipped[name] = why
        self.left_out[kind or suffix_of(name)] += 1

    def _count_other(self, path):
        what = advice(path)
        if what:
            self._leave_out(path, what)
        else:
            self.others[suffix_of(path) or _BARE] += 1

    def _look_into(self, bare):
        """Leave out files without a suffix, by name, if some of them are pictures."""
        names = list(bare)
        for name in names[:: max(1, len(names) // _LOOKED_INTO)][:_LOOKED_INTO]:
            with suppress(*UNREADABLE, PictureError):
                what = told_by_content(self._read(bare[name], _LOOK_BYTES)) or ""
                if what.upper() in FORMATS:
                    break
        else:
            return
        for name in names:
            self.others[suffix_of(name) or _BARE] -= 1
            why = f"no suffix, but some such files are pictures: rename it (one is {what})"
            self._leave_out(name, why, _BARE)

    def only(self, keys):
        """Return `Files` of these keys alone, which are small to send to another process."""
        files = copy(self)
        files._names = {key: self._names[key] for key in keys}
        files.keys, files._tables = list(files._names), {}
        files.skipped = {}
        return files

    def read(self, key):
        """Return the file's bytes; `PictureError` if it, ConnectionError if nothing can be read.

        Nothing can be where the disk is gone, or the archive another one by now (`ChangedError`).
        """
        try:
            return self._read(self._names[key])
        except (TransferError, ChangedError):
            raise
        except UNREADABLE as error:
            # Else thousands of pictures would count as damaged, and the run as done.
            if getattr(error, "errno", None) in GONE or not self._is_there():
                raise ConnectionError(
                    f"{self.root} does not answer any more ({error}). Is its disk or Drive still "
                    "there? Connect it and run again: what was computed is kept."
                ) from error
            raise PictureError(f"{key}: cannot be read ({error}).") from error

    def _is_there(self):
        return exists(self.root)

    def content(self, key, data=None):
        """Identify the file's content: CRC-32 and size, e.g. ``"9ae1c3f0-3120"``.

        A zip lists both, so nothing is read; a folder's files are read once, or not at all where
        their bytes are given as `data`. The same file has the same identity in a folder and in a
        zip, on any machine, with any date.
        """
        data = self.read(key) if data is None else data
        return f"{zlib.crc32(data):08x}-{len(data)}"

    def identify(self, key):
        """Return what `content` does, and the SHA-256 of the bytes, or None if none were read."""
        read, watched = [], copy(self)

        def reading(key):
            read.append(self.read(key))
            return read[-1]

        watched.read = reading
        content = watched.content(key)
        return content, sha256(read[-1]).hexdigest() if read else None

    def _wrapper(self, keys):
        # A folder may grow, and no key may change when it does.
        return ""

    def metadata(self):
        """Return the bytes of ``meta-data.csv``, or None where there is none.

        The one highest up counts, and for a zip that has none, the one beside it. One that cannot
        be read is named in a warning.
        """
        try:
            return self._read(self._metadata, TABLE_BYTES) if self._metadata else None
        except (*UNREADABLE, PictureError) as error:
            warnings.warn(
                f"{METADATA} in {self.root.name} cannot be read ({error}): only the pictures' "
                "keys are known.",
                stacklevel=4,
            )
            return None

    def _metadata_beside(self):
        return None

    @property
    def tables(self):
        """The paths of other files that may hold metadata, below the keys' root, sorted (list)."""
        return list(self._tables)

    def read_table(self, path):
        """Return the bytes of one of `tables`; ValueError if it cannot be read."""
        try:
            return self._read(self._tables[path], TABLE_BYTES)
        except (*UNREADABLE, PictureError) as error:
            raise ValueError(f"{path} in {self.root.name} cannot be read ({error}).") from error


class _Folder(Files):
    def __init__(self, root, links):
        self.links = links
        unlisted, left, litter = {}, {}, Counter()
        # All of them, so that what was left out is known.
        files = list(walk_folder(root, unlisted, left, litter, lambda _: links))
        super().__init__(root, files)
        self.litter += litter
        for name, kind in left.items():
            self._leave_out(repr(name), LEFT_OUT[kind], kind)
        for folder, why in unlisted.items():
            self._leave_out(folder, why, "folder that cannot be listed")
        if unlisted:
            self.damage = (
                f"{len(unlisted):,} folders cannot be listed, and their pictures are missing, such "
                f"as {next(iter(unlisted.values()))}"
            )

    def _read(self, place, limit=None):
        # Links were seen through when they were listed; what is one by now leads elsewhere.
        within = None if self.links else self.root
        return read_file(self.root / place, place, limit or MAX_BYTES, follow=False, within=within)


class _Archive(Files):
    """The files of an archive, or of all parts of one; a place is (part, place in it).

    Of the metadata beside it the part is None, and the place says whether a link is followed.
    """

    # What is added again, as by ``tar -r``, is behind what it replaces.
    _counts = "last"

    def __init__(self, path, links):
        paths = parts_of(path)
        # The one that was given may be a link: whoever gave it says so.
        beside = [part for part in paths if part != path and not links]
        out = [part for part in beside if leads_out(part, path.parent)]
        self._parts = [open_archive(part) for part in paths if part not in out]
        super().__init__(
            self._parts[0].path,
            (
                (name, (n, place))
                for n, part in enumerate(self._parts)
                for name, place in part.files()
            ),
        )
        beside = self.root.with_name(METADATA)
        if self._metadata is None and lexists(beside) and not isdir(beside):
            self._metadata = None, links
        for part in out:
            self._leave_out(part.name, LEFT_OUT[OUT], OUT)
        for part in self._parts:
            self.damage = self.damage or part.damage
            for name, why in part.skipped.items():
                if not litter_in(slashed(name)):
                    self._leave_out(name, why, "links and devices")

    @property
    def n_parts(self):
        return len(self._parts)

    def _is_there(self):
        return all(exists(part.path) for part in self._parts)

    def _read(self, place, limit=None):
        part, inner = place
        if part is None:
            return read_file(self.root.with_name(METADATA), METADATA, limit or MAX_BYTES, inner)
        if limit:
            self._parts[part].check_table(inner)
        return self._parts[part].read(inner, limit or MAX_BYTES)

    def content(self, key, data=None):
        part, inner = self._names[key]
        return self._parts[part].content(inner) or super().content(key, data)

    def _wrapper(self, keys):
        """Return the folders around everything: they belong to the archive, not to the layout."""
        shared, levels = shared_folders(keys), max((key.count("/") for key in keys), default=0)
        for depth, folder in enumerate(shared):
            if levels - depth <= (0 if self._is_named_after(folder) else _LEVELS):
                shared = shared[:depth]
                break
        return "".join(f"{folder}/" for folder in shared)

    def _is_named_after(self, top):
        # Browsers and Drive add to a name: "shoes (1)", "shoes-20261122T220000Z-001".
        stem = composed(self.root.stem)
        return stem.startswith(top) and not stem[len(top) :][:1].isalnum()


def is_wanted(name):
    """Tell whether a relative name is that of a picture or of a table, and not hidden."""
    path = slashed(name)
    return litter_in(path) is None and path.lower().endswith((*SUFFIXES, *TABLES))
