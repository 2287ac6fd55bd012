"""Archives, folders, downloads and first cells that are damaged, or made to do harm.

In: a fresh folder. Out: the cases, and `fuzz`. Each makes its input in a folder of its own, beside
which lies a private file and a private folder: nothing there may be read, and nothing may appear
outside of what was given. Good inputs must load whole; of bad ones, an error names the file, or
the catalogue's check names the entry. Downloads come from a server on this machine.
"""

import bz2
import gzip
import io
import lzma
import os
import shutil
import socket
import struct
import sys
import tarfile
import tempfile
import threading
import warnings
import zipfile
import zlib
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import zapsim
from tests.hostile.attack import Case, Fired, Refused, Unnamed, keep
from tools import home
from zapsim import colab
from zapsim.io import disk, unpacked
from zapsim.io import download as downloads
from zapsim.io.disk import TransferError
from zapsim.io.pictures import PictureError

_EXPECTED = (ValueError, TransferError, ConnectionError, FileNotFoundError)
_PRIVATE = "private, of nobody's business"
_NAMES = iter(count())


def _picture(seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (40, 48, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


PICTURES = {"a/1.jpg": _picture(1), "b/2.jpg": _picture(2)}


# --- trying --------------------------------------------------------------------------------------


def _fresh(folder):
    """Make a case's folder, and what lies beside it that is nobody's business."""
    mine = folder / f"case{next(_NAMES)}" / "mine"
    mine.mkdir(parents=True)
    (mine.parent / "tmp").mkdir()
    (mine.parent / "private").mkdir()
    (mine.parent / "private" / "secret.csv").write_text(f"key,{_PRIVATE}\na/1.jpg,{_PRIVATE}\n")
    (mine.parent / "private" / "secret.jpg").write_bytes(_picture(99))
    return mine


def _tree(folder):
    found = set()
    for name, folders, files in os.walk(folder):
        found.update(os.path.join(name, each) for each in (*folders, *files))
    return found


def _opened(path, **options):
    """Load a catalogue, and read all of it.

    Returns the bytes by key, and all that was said of what could not be read or was left out.
    """
    mine = next(each for each in (path, *path.parents) if each.name == "mine")
    before = _tree(mine.parent)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        with mock.patch.object(tempfile, "tempdir", str(mine.parent / "tmp")):
            catalogue, read = zapsim.load_catalogue(path, **options), {}
            said = catalogue.check()
            for key in catalogue.keys:
                with suppress(PictureError):
                    read[key] = catalogue.read(key)
                    catalogue.content(key)
                    catalogue.picture(key)
    if new := {name for name in _tree(mine.parent) - before if "/tmp/" not in name}:
        raise Fired(f"written: {new}")
    if PRIVATE_PICTURE in read.values() or _PRIVATE in catalogue.table.to_csv():
        raise Fired("what lies outside was read")
    problems = said.to_csv() + "".join(str(each.message) for each in given)
    return read, problems


PRIVATE_PICTURE = _picture(99)


def _good(folder, make, expected=None, **options):
    path = make(_fresh(folder))
    try:
        read, problems = _opened(path, **options)
    except _EXPECTED as error:
        raise Refused(str(error)) from error
    expected = PICTURES if expected is None else expected
    if read != expected:
        raise Refused(f"{sorted(read)[:9]} instead of {sorted(expected)[:9]}; {problems[:300]}")


def _bad(folder, make, name, others=True, **options):
    """Try one bad input: an error names the file, or `name` is told and the `others` are there."""
    path = make(_fresh(folder))
    try:
        read, problems = _opened(path, **options)
    except _EXPECTED as error:
        if path.name not in str(error):
            raise Unnamed(f"without its name: {error}") from error
        return
    if name is not None and name not in problems:
        raise Unnamed(f"{name} is not named; read: {sorted(read)[:9]}; {problems[:300]}")
    if others and not PICTURES.items() <= read.items():
        raise Refused(f"the others are not there: {sorted(read)[:9]}; {problems[:300]}")


def _crowded(folder, make):
    path, said = make(_fresh(folder)), "it was read"
    with mock.patch.object(unpacked, "_FEW", 1_000):
        try:
            _opened(path)
        except ValueError as error:
            said = str(error)
    if f"{path.name} holds more than 1,000 files" not in said:
        raise Unnamed(said)


def _never_raw(folder, make):
    """Try what may be read or refused: what is read is right, and an error names the file."""
    _bad(folder, make, None, others=False)


# --- zips ----------------------------------------------------------------------------------------


def _zipped(entries, method=zipfile.ZIP_DEFLATED, comment=b""):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, data in entries:
            info = zipfile.ZipInfo("x")
            # As it is: zipfile would mend it.
            info.filename, info.compress_type = name, method
            archive.writestr(info, data)
        archive.comment = comment
    return buffer.getvalue()


def _file(data, name="shoes.zip"):
    def make(mine):
        (mine / name).write_bytes(data() if callable(data) else data)
        return mine / name

    return make


def _zip(*entries, patch=None, **options):
    """Return the maker of a zip of the good pictures and these entries, then patched."""

    def data():
        packed = bytearray(_zipped([*PICTURES.items(), *entries], **options))
        return bytes(patch(packed) or packed) if patch else bytes(packed)

    return _file(data)


def _heads(data):
    """Return where each entry's header begins in the directory."""
    found, at = [], data.index(b"PK\1\2")
    while data[at : at + 4] == b"PK\1\2":
        found.append(at)
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    return found


def _last(offset, form, *values, local=None):
    """Return a patch of the last entry's header in the directory, and of its own."""

    def patch(data):
        head = _heads(data)[-1]
        struct.pack_into(form, data, head + offset, *values)
        if local is not None:
            begin = struct.unpack_from("<I", data, head + 42)[0]
            struct.pack_into(form, data, begin + local, *values)

    return patch


def _end(offset, form, *values):
    """Return a patch of the end record."""
    return lambda data: struct.pack_into(form, data, data.rindex(b"PK\5\6") + offset, *values)


def _quoted_again(times):
    """Return a patch: the last entry stands many times in the directory, under other names."""

    def patch(data):
        heads, end = _heads(data), data.rindex(b"PK\5\6")
        last, begin = bytes(data[heads[-1] : end]), heads[0]
        size = 46 + struct.unpack_from("<H", last, 28)[0]
        more = b"".join(b"%s%03d.jpg" % (last[: size - 7], n) for n in range(times))
        directory = bytes(data[begin : heads[-1]]) + more
        count = len(heads) - 1 + times
        record = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), begin, 0)
        return bytes(data[:begin]) + directory + record

    return patch


def _zip64(data, size=56, entries=3, length=None, offset=None, at=None):
    """Add a 64-bit end record that says what it is told to."""
    end = data.rindex(b"PK\5\6")
    begin = struct.unpack_from("<I", data, end + 16)[0]
    record = struct.pack(
        *("<4sQ2H2I4Q", b"PK\6\6", size - 12, 45, 45, 0, 0, entries, entries),
        *(end - begin if length is None else length, begin if offset is None else offset),
    )
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end if at is None else at, 1)
    return bytes(data[:end]) + record + locator + bytes(data[end:])


def _beyond(offset, data):
    """Give the last entry's place in 64 bits, in the extra field of its header."""
    head, end = _heads(data)[-1], data.rindex(b"PK\5\6")
    size = struct.unpack_from("<H", data, head + 28)[0]
    struct.pack_into("<H", data, head + 30, 12)
    struct.pack_into("<I", data, head + 42, 2**32 - 1)
    struct.pack_into("<I", data, end + 12, struct.unpack_from("<I", data, end + 12)[0] + 12)
    extra, behind = struct.pack("<HHQ", 1, 8, offset), head + 46 + size
    return bytes(data[:behind] + extra + data[behind:])


def _streamed():
    """A zip written to where one cannot go back: sizes come behind each file."""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise OSError

        tell = seek

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in PICTURES.items():
            archive.writestr(name, data)
    return pipe.getvalue()


_SLIPS = {
    "dots": "../x.jpg",
    "dots below": "a/../../x.jpg",
    "dots behind a dot": "a/./../../x.jpg",
    "many dots": f"{'../' * 60}etc/x.jpg",
    "absolute": "/x.jpg",
    "host": "//host/x.jpg",
    "drive": "C:/x.jpg",
    "drive, backslash": "C:\\x.jpg",
    "dots, backslash": "..\\x.jpg",
    "mixed": "a/..\\../x.jpg",
    "absolute, backslash": "\\x.jpg",
    "share": "\\\\host\\share\\x.jpg",
    "device path": "\\\\?\\C:\\x.jpg",
    "address": "file:///x.jpg",
    "private": "../private/secret.jpg",
    "device": "/dev/zero.jpg",
}
_ODD = {
    "tilde": "~/x.jpg",
    "four dots": "..../x.jpg",
    "escaped dots": "%2e%2e/%2fx.jpg",
    "wide dots": "．．/x.jpg",
    "Windows' own": "CON.jpg",
    "Windows' own folder": "aux/nul.jpg",
    "ends in a dot": "dir./x.jpg",
    "stream": "x.jpg:ads.jpg",
    "wild": 'a*?|<>".jpg',
    "line ends": "a\r\nb.jpg",
    "bell": "a\7\x1b[31mb.jpg",
    "right to left": "a\u202egpj.exe.jpg",
    "zero width": "a\u200b\ufeffb.jpg",
    "Arabic": "أحذية/حذاء.jpg",
    "Chinese": "靴子/红色.jpg",
    "Devanagari": "जूते/लाल.jpg",
    "Thai": "รองเท้า/แดง.jpg",
    "Hebrew": "נעליים/אדום.jpg",
    "Hangul": "신발/빨강.jpg",
    "emoji": "👟/👩‍👩‍👧.jpg",
    "old Turkic": "𐰴𐰀.jpg",
    "255 bytes": f"{'x' * 251}.jpg",
    "255 bytes of three each": f"{'靴' * 83}xx.jpg",
    "formula": "=cmd|' /C calc'!A0.jpg",
    "markup": "<img src=x onerror=alert(1)>.jpg",
}


def _zips():
    more = ("z/3.jpg", _picture(3))
    large = ("z/3.jpg", bytes(15_000_000))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield f"method {method}", _good, _zip(method=method)
    for method, name in {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA"}.items():
        yield name, _bad, _zip(more, method=method), "3.jpg", False
    yield "streamed", _good, _file(_streamed)
    yield "comment", _good, _zip(comment=b"x" * 65_535)
    yield "prefix", _good, _zip(patch=lambda data: b"#!/bin/sh\nexit\n" * 99 + data)
    yield "suffix", _never_raw, _zip(patch=lambda data: data + b"\0" * 99)
    yield "another end in the comment", _never_raw, _zip(comment=b"PK\5\6" + bytes(18))
    yield "another zip in the comment", _never_raw, _zip(comment=_zipped([("c.jpg", more[1])]))
    behind = _zip(patch=lambda data: data + _zipped([more]))
    yield "two in a row", _bad, behind, "what lies before byte", False
    yield "64 bits", _good, _zip(patch=partial(_zip64, entries=2))
    yield (
        "names alike but for case",
        _good,
        _zip(("A/1.jpg", more[1])),
        {
            **PICTURES,
            "A/1.jpg": more[1],
        },
    )
    for what, name in _ODD.items():
        yield f"name: {what}", _good, _zip((name, more[1])), {**PICTURES, name: more[1]}
    yield (
        "name: 60,000 letters",
        _bad,
        _zip((f"{'x' * 60_000}.jpg", more[1])),
        "a name of more than 1,024",
    )
    fits = f"{'x' * 1_000}.jpg"
    yield "name: 1,000 letters", _good, _zip((fits, more[1])), {**PICTURES, fits: more[1]}
    deep = f"{'d/' * 5_000}x.jpg"
    yield "name: 5,000 folders", _bad, _zip((deep, more[1])), "a name of more than 1,024"
    for what, name in _SLIPS.items():
        yield f"slip: {what}", _bad, _zip((name, more[1])), "unsafe name"
    yield "name: null", _never_raw, _zip(("x.jpg\0../y.jpg", more[1]))
    yield "name: empty", _never_raw, _zip(("", more[1]))
    yield "name: no UTF-8", _never_raw, _zip(patch=lambda data: data.replace(b"b/2", b"\xff/2"))
    yield "name twice", _bad, _zip(*list(PICTURES.items())[:1]), "same key"
    yield "name twice, composed", _bad, _zip(("é.jpg", b""), ("e\u0301.jpg", b"")), "same key"
    wrong = "z/3.jpg: cannot be read"
    yield "checksum", _bad, _zip(more, patch=_last(16, "<I", 1)), wrong
    yield "encrypted", _bad, _zip(more, patch=_last(8, "<H", 1, local=6)), wrong
    yield (
        "encrypted throughout",
        _bad,
        _file(lambda: bytes(_last(8, "<H", 1, local=6)(d := bytearray(_zipped([more]))) or d)),
        None,
        False,
    )
    for method in (1, 9, 97, 99, 65_535):
        yield f"method {method}", _bad, _zip(more, patch=_last(10, "<H", method)), wrong
    yield "another method than its own", _bad, _zip(more, patch=_last(10, "<H", 0)), wrong
    yield "offset behind the end", _bad, _zip(more, patch=_last(42, "<I", 2**31)), wrong
    yield "offset of another", _bad, _zip(more, patch=_last(42, "<I", 0)), wrong
    for at in (2**63, 2**64 - 1):
        far = _zip(more, patch=partial(_beyond, at))
        yield f"offset of 64 bits, {at:x}", _bad, far, wrong
    yield "claims to be small", _bad, _zip(large, patch=_last(24, "<I", 100)), wrong
    yield "claims to be 4 GB", _bad, _zip(more, patch=_last(24, "<I", 2**32 - 2)), "z/3.jpg"
    yield "claims to be 100 MB", _bad, _zip(more, patch=_last(24, "<I", 10**8)), wrong
    yield "packed size", _never_raw, _zip(more, patch=_last(20, "<I", 2**31))
    for what, values in {"none": (0, 0), "too many": (9, 9), "65,534": (65_534, 65_534)}.items():
        yield f"count: {what}", _never_raw, _zip(patch=_end(8, "<2H", *values))
    yield "directory's size", _never_raw, _zip(patch=_end(12, "<I", 2**31))
    yield "directory's place", _never_raw, _zip(patch=_end(16, "<I", 2**31))
    yield "directory's place, 0", _never_raw, _zip(patch=_end(16, "<I", 0))
    for what, values in {
        "size": {"length": 2**63},
        "place": {"offset": 2**63},
        "count": {"entries": 2**63},
        "its own place": {"at": 2**62},
        "its own size": {"size": 2**40},
        "all of them": {"length": 2**64 - 1, "offset": 2**64 - 1, "entries": 2**64 - 1},
    }.items():
        yield f"64 bits: {what}", _never_raw, _zip(patch=partial(_zip64, **values))
    yield "64 bits that are not there", _never_raw, _zip(patch=_last(24, "<I", 2**32 - 1))
    inner = _zipped(PICTURES.items())
    yield "a zip in a zip", _bad, _file(lambda: _zipped([("in.zip", inner)])), None, False
    yield "a zip beside pictures", _bad, _zip(("in.zip", inner)), "in.zip"
    second = _zipped([(f"{n}.zip", inner) for n in range(16)])
    third = _zipped([(f"{n}.zip", second) for n in range(16)])
    yield "16 zips of 16 zips", _bad, _file(third), None, False
    yield "bomb: ratio", _bad, _zip(("z/3.jpg", bytes(15_000_000))), wrong
    yield "bomb: quoted again", _bad, _zip(large, patch=_quoted_again(900)), None, False
    yield "quoted again", _never_raw, _zip(more, patch=_quoted_again(9))
    link = zipfile.ZipInfo("z/3.jpg")
    link.external_attr = 0o120777 << 16
    yield "a link", _bad, _zip(("z/3.jpg", b"../../private/secret.jpg")), wrong
    whole = _zipped(PICTURES.items())
    for n in range(12):
        yield f"cut at {n}/12", _bad, _file(whole[: len(whole) * n // 12]), None, False
    yield "the last byte is missing", _bad, _file(whole[:-1]), None, False
    yield "100,000 entries", _many, None


def _many(folder, _):
    path = _fresh(folder) / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(100_000):
            archive.writestr(f"{n % 100}/{n}.txt" if n else "0.jpg", b"")
    with suppress(ValueError):
        if len(zapsim.load_catalogue(path)) != 1:
            raise Refused("not all were listed")


# --- tars ----------------------------------------------------------------------------------------

_PACKERS = {".gz": gzip.compress}


def _tarred(entries, format=tarfile.GNU_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, data in entries:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _tar(*entries, packing="", patch=bytes, **options):
    """Return the maker of a tar of these entries and the good pictures, then patched."""
    return _file(
        lambda: _PACKERS.get(packing, bytes)(
            patch(_tarred([*entries, *PICTURES.items()], **options))
        ),
        f"shoes.tar{packing}",
    )


def _special(kind, target="", name="x.jpg", **more):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    for key, value in more.items():
        setattr(info, key, value)
    return info, b""


def _header(kind, size=0, name=b"x.jpg", raw_size=None, magic=b"ustar\x0000"):
    """Return one header of a tar, with what no writer would write."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108], block[108:116], block[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    block[124:136] = raw_size or b"%011o\0" % size
    block[136:148], block[156:157], block[257:265] = b"00000000000\0", kind, magic
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _record(key, value):
    """Return one record of a pax header."""
    size = len(key) + len(value) + 3
    while len(line := b"%d %s=%s\n" % (size, key, value)) != size:
        size = len(line)
    return line


def _pax(*records):
    data = b"".join(_record(*each) for each in records)
    return _header(b"x", len(data)) + data + bytes(-len(data) % 512)


def _before(*blocks):
    """Return a patch: these blocks come first."""
    return lambda data: b"".join(blocks) + data


def _behind(*blocks):
    """Return a patch: these blocks come after the first file."""

    def patch(data):
        size = int(data[124:135], 8)
        end = 512 + size + -size % 512
        return data[:end] + b"".join(blocks) + data[end:]

    return patch


def _tars():
    more = _picture(3)
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        yield f"format {format}", _good, _tar(format=format)
    for packing in _PACKERS:
        yield packing, _good, _tar(packing=packing)
        bomb = bytes(30_000_000)
        yield f"{packing}: bomb", _bad, _tar(("x.jpg", bomb), packing=packing), None, False
        half = partial(lambda data, pack: pack(data)[:400], pack=_PACKERS[packing])
        yield f"{packing}: cut", _bad, _file(half(_tarred(PICTURES.items())), "a.tar"), None, False
        crowd = _PACKERS[packing](tarfile.TarInfo("x.jpg").tobuf() * 1_001)
        yield f"{packing}: 1,001 empty files", _crowded, _file(crowd, "a.tar")
        inner = _tar(packing=packing, patch=_PACKERS[packing])
        yield f"{packing}: twice", _bad, inner, None, False
    gz = gzip.compress(_tarred(PICTURES.items()))
    yield ".gz: garbage behind", _never_raw, _file(gz + b"garbage", "shoes.tar.gz")
    yield ".gz: checksum", _bad, _file(gz[:-8] + bytes(8), "shoes.tar.gz"), None, False
    for what, pack in {"bz2": bz2.compress, "xz": lzma.compress}.items():
        other = _file(pack(_tarred(PICTURES.items())), f"shoes.tar.{what}")
        yield f".{what}", _bad, other, None, False
    for what, name in _ODD.items():
        yield f"name: {what}", _good, _tar((name, more)), {**PICTURES, name: more}
    for what, name in _SLIPS.items():
        yield f"slip: {what}", _bad, _tar((name, more)), "unsafe name"
        slip = _tar(("x.jpg", more), patch=_before(_pax((b"path", name.encode()))))
        yield f"slip by pax: {what}", _bad, slip, "unsafe name"
    left = "which a tar may not have"
    for what, target in {
        "out": "../private/secret.jpg",
        "absolute": "/etc/passwd",
        "within": "a/1.jpg",
        "to itself": "x.jpg",
        "nowhere": "",
    }.items():
        yield f"symbolic link: {what}", _bad, _tar(_special(tarfile.SYMTYPE, target)), left
        yield f"hard link: {what}", _bad, _tar(_special(tarfile.LNKTYPE, target)), left
    slip = _pax((b"linkpath", b"../private/secret.jpg"))
    yield "link by pax", _bad, _tar(_special(tarfile.SYMTYPE, "a"), patch=_before(slip)), left
    for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        yield f"device {kind}", _bad, _tar(_special(kind, devmajor=1, devminor=5)), left
    sparse = _special(tarfile.GNUTYPE_SPARSE)
    yield "sparse", _bad, _tar(sparse), left
    for what, records in {
        "0.1": [(b"GNU.sparse.map", b"0,x,y"), (b"GNU.sparse.size", b"9")],
        "1.0": [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")],
        "real size": [(b"GNU.sparse.realsize", b"-5"), (b"GNU.sparse.name", b"../x.jpg")],
        "size": [(b"size", b"-512")],
        "size, no number": [(b"size", b"many")],
        "size, huge": [(b"size", b"9" * 5_000)],
        "date": [(b"mtime", b"nan")],
        "encoding": [(b"hdrcharset", b"BINARY"), (b"path", b"\xff\xfe.jpg")],
        "name, null": [(b"path", b"a\0b.jpg")],
        "name, empty": [(b"path", b"")],
    }.items():
        for at in (_before, _behind):
            pax = _tar(("x.jpg", more), patch=at(_pax(*records)))
            yield f"pax, {at.__name__}: {what}", _never_raw, pax
    yield "pax: no record", _never_raw, _tar(patch=_behind(_header(b"x", 9), bytes(512)))
    yield "pax: 3,000 in a row", _never_raw, _tar(patch=_behind(*[_pax((b"a", b"b"))] * 3_000))
    for kind in (b"x", b"g", b"L", b"K"):
        long = _header(kind, 400_000_000)
        yield f"{kind}: 400 MB", _never_raw, _tar(patch=_behind(long, bytes(10_000)))
        packed = _tar(patch=_behind(_header(kind, 15_000_000), b"x" * 15_000_000), packing=".gz")
        yield f"{kind}: 15 MB, packed", _never_raw, packed
    endless = [(f"{n}{'n' * 900_000}.jpg", b"") for n in range(20)]
    packed = _tar(*endless, packing=".gz")
    yield "endless names, packed", _bad, packed, "a name of more than 1,024"
    heaps = [(f"{n}" + "\u0301" * 15_000 + "\u0316" * 15_000 + ".jpg", b"") for n in range(20)]
    yield "heaps of marks", _bad, _tar(*heaps), "a name of more than 1,024"
    digits = _tar(patch=_behind(_pax((b"comment", b"1" * 900_000))))
    yield "pax: digits", _never_raw, digits
    yield "long names", _bad, _tar((f"{'n' * 9_000}.jpg", more)), "a name of more than 1,024"
    for what, raw in {
        "negative": b"\xff" * 12,
        "256 bits": b"\x80" + b"\xff" * 11,
        "no number": b"x" * 12,
        "just to itself": b"\xff" * 10 + b"\xfe\x00",
    }.items():
        for at in (_before, _behind):
            wrong = _tar(patch=at(_header(b"0", raw_size=raw)))
            yield f"size, {at.__name__}: {what}", _never_raw, wrong
    yield "checksum", _bad, _tar(patch=lambda data: data[:148] + b"0" * 8 + data[156:]), None, False
    yield "unknown kind", _never_raw, _tar(patch=_behind(_header(b"Z")))
    yield "a tar in a tar", _bad, _file(lambda: _tarred([("in.tar", more)]), "a.tar"), None, False
    links = [_special(tarfile.LNKTYPE, "0.jpg", f"{n}.jpg") for n in range(1, 2_000)]
    yield "bomb: hard links", _bad, _tar(("0.jpg", bytes(20_000_000)), *links), None, False
    whole = _tarred(PICTURES.items())
    inner = _zipped([("in.jpg", more)])
    last = _tarred([*PICTURES.items(), ("z.zip", inner), ("z.xlsx", inner)])
    yield "a zip as the last file", _bad, _file(last, "a.tar"), "z.zip"
    yield "a name like a picture's", _good, _tar(("BM.jpg", more)), {**PICTURES, "BM.jpg": more}
    # Those of the first Unix do not say what they are.
    old = _header(b"0", len(more), magic=bytes(8)) + more + bytes(-len(more) % 512)
    yield "an old one", _bad, _tar(patch=_before(old)), None
    second = _file(whole + _tarred([("x.jpg", more)]), "a.tar")
    yield "a second one behind", _bad, second, "more follows its end"
    yield "much nothing behind", _good, _file(whole + bytes(5_000_000), "a.tar")
    for n in range(10):
        data = _file(whole[: 512 + (len(whole) - 10_240) * n // 10], "shoes.tar")
        yield f"cut at {n}/10", _bad, data, "files may be missing", False


# --- folders -------------------------------------------------------------------------------------


def _folder(change=None):
    """Return the maker of a folder of the good pictures, then changed."""

    def make(mine):
        for name, data in PICTURES.items():
            (mine / name).parent.mkdir()
            (mine / name).write_bytes(data)
        return (change and change(mine)) or mine

    return make


def _linked(target, name="x.jpg"):
    return _folder(lambda mine: (mine / name).symlink_to(target))


def _socket(mine):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(mine / "x.jpg"))


def _too_deep(mine):
    here, depth = os.getcwd(), "d" * 200
    os.chdir(mine)
    try:
        for _ in range(25):
            os.mkdir(depth)
            os.chdir(depth)
        Path("x.jpg").write_bytes(PICTURES["a/1.jpg"])
    finally:
        os.chdir(here)


def _renamed(mine):
    (mine.parent / "linked").symlink_to(mine)
    (mine / "inside").symlink_to("a")
    (mine / "b" / "up").symlink_to("../..")


def _swapped(folder, _, swap, right=()):
    """Change a picture between listing and reading: it is read as it is now, or named."""
    mine = _folder()(_fresh(folder))
    catalogue = zapsim.load_catalogue(mine)
    (mine / "a" / "1.jpg").unlink()
    swap(mine / "a" / "1.jpg")
    try:
        data = catalogue.read("a/1.jpg")
    except PictureError as error:
        if "a/1.jpg" not in str(error):
            raise Unnamed(str(error)) from error
        return
    if data not in right:
        raise Fired("something else was read")
    if catalogue.content("a/1.jpg") != f"{zlib.crc32(data):08x}-{len(data)}":
        raise Unnamed("the content is another's")


def _changed(folder, make, change):
    """Change an open archive: that is said, and no picture is taken for a damaged one."""
    path = make(_fresh(folder))
    with mock.patch.object(tempfile, "tempdir", str(path.parent.parent / "tmp")):
        catalogue = zapsim.load_catalogue(path)
        catalogue.read("b/2.jpg")
        change(path)
        os.utime(path, ns=(1, 1))
        try:
            read = {key: catalogue.read(key) for key in catalogue.keys}
        except PictureError as error:
            raise Unnamed(f"taken for a damaged picture: {error}") from error
        except ConnectionError as error:
            if path.name not in str(error) or "changed" not in str(error):
                raise Unnamed(str(error)) from error
            return
    raise Unnamed(f"{sorted(read)} were read")


def _staged(folder, make, name):
    """Copy a folder from a Drive: nothing from elsewhere comes along, and that is said."""
    mine = make(_fresh(folder))
    said = io.StringIO()
    with (
        mock.patch.object(colab, "DRIVE", mine),
        mock.patch.object(disk.time, "sleep"),
        mock.patch.object(sys, "stdout", said),
        mock.patch.object(sys, "stderr", io.StringIO()),
    ):
        try:
            copied = colab.stage(mine, mine.parent / "tmp")
        except _EXPECTED as error:
            if name not in str(error):
                raise Unnamed(str(error)) from error
            return
    for path in copied.rglob("*"):
        if path.is_symlink() or (path.is_file() and _PRIVATE.encode() in path.read_bytes()):
            raise Fired(f"{path.name} came along")
        if path.is_file() and path.read_bytes() == PRIVATE_PICTURE:
            raise Fired(f"{path.name} came along")
    if name not in said.getvalue():
        raise Unnamed(f"{name} is not named")


_HARMFUL = {
    "pipe": lambda mine: os.mkfifo(mine / "x.jpg"),
    "socket": _socket,
    "endless device": lambda mine: (mine / "x.jpg").symlink_to("/dev/zero"),
    "terminal": lambda mine: (mine / "x.jpg").symlink_to("/dev/tty"),
    "kernel's log": lambda mine: (mine / "x.jpg").symlink_to("/proc/kmsg"),
    "root": lambda mine: (mine / "x.jpg").symlink_to("/"),
    "folder above": lambda mine: (mine / "x.jpg").symlink_to("../.."),
    "folder beside": lambda mine: (mine / "x.jpg").symlink_to("../private"),
    "file beside": lambda mine: (mine / "x.jpg").symlink_to("../private/secret.jpg"),
    "file beside, absolute": lambda mine: (mine / "x.jpg").symlink_to(
        mine.parent.absolute() / "private" / "secret.jpg"
    ),
    "link to a link": lambda mine: [
        (mine / "y").symlink_to("../private/secret.jpg"),
        (mine / "x.jpg").symlink_to("y"),
    ][:0],
    "to itself": lambda mine: (mine / "x.jpg").symlink_to("x.jpg"),
    "to nowhere": lambda mine: (mine / "x.jpg").symlink_to("nowhere.jpg"),
}


def _folders():
    more = _picture(3)
    yield "plain", _good, _folder()
    yield "links within", _good, _folder(_renamed)
    yield "link to a picture", _good, _linked("a/1.jpg"), {**PICTURES, "x.jpg": PICTURES["a/1.jpg"]}
    for what, change in _HARMFUL.items():
        yield f"{what}", _bad, _folder(change), "x.jpg"
        yield f"{what}, staged", _staged, _folder(change), "x.jpg"
    for what in ("pipe", "socket", "endless device", "terminal", "root", "folder above"):
        asked = partial(_bad, links=True)
        yield f"{what}, links asked for", asked, _folder(_HARMFUL[what]), "x.jpg"
    for name in ("meta-data.csv", "metadata.csv", "styles.csv", "notes.txt", "README"):
        yield f"{name}: link", _bad, _linked("../private/secret.csv", name), name
        pipe = _folder(lambda mine, name=name: os.mkfifo(mine / name))
        yield f"{name}: pipe", _bad, pipe, name
        beside = [
            (
                "pipe",
                lambda mine: [os.mkfifo(mine / "meta-data.csv"), _zip()(mine)][1],
            ),
            (
                "link",
                lambda mine: [
                    (mine / "meta-data.csv").symlink_to("../private/secret.csv"),
                    _zip()(mine),
                ][1],
            ),
        ]
    for what, make in beside:
        yield f"metadata beside a zip: {what}", _bad, make, "meta-data.csv"
    yield "path of 5,000 bytes", _bad, _folder(_too_deep), "name too long"
    for what, name in _ODD.items():
        folder, _, _ = name.rpartition("/")

        def make(mine, name=name, folder=folder):
            (mine / folder).mkdir(exist_ok=True, parents=True)
            (mine / name).write_bytes(more)

        yield f"name: {what}", _good, _folder(make), {**PICTURES, name: more}
    no_text = _folder(lambda mine: (mine / os.fsdecode(b"\xff.jpg")).write_bytes(more) and None)
    yield "name: no UTF-8", _bad, no_text, "udcff"
    for what, swap in {
        "pipe": os.mkfifo,
        "link out": lambda path: path.symlink_to("../../private/secret.jpg"),
        "device": lambda path: path.symlink_to("/dev/zero"),
        "folder": lambda path: path.mkdir(),
        "nothing": lambda path: None,
        "another": lambda path: path.write_bytes(more),
    }.items():
        yield f"swapped: {what}", _swapped, None, swap, (more,)
    for what, make in {"zip": _zip(), "tar": _tar(), "gz": _tar(packing=".gz")}.items():
        for how, change in {
            "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
            "emptied": lambda path: os.truncate(path, 0),
            "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
            "longer": lambda path: path.write_bytes(path.read_bytes() * 2),
            "another": lambda path: path.write_bytes(_zipped([("q.jpg", more)])),
            "pipe": lambda path: [path.unlink(), os.mkfifo(path)],
        }.items():
            yield f"{what} while open: {how}", _changed, make, change
    for name in ("shoes.zip", "shoes.tar"):
        for what, make in {"pipe": os.mkfifo, "device": _HARMFUL["endless device"]}.items():
            yield f"{name}: {what}", _bad, partial(_instead, make=make, name=name), None


def _instead(mine, make, name):
    make(mine if make is not os.mkfifo else mine / name)
    with suppress(FileNotFoundError):
        (mine / "x.jpg").rename(mine / name)
    return mine / name


# --- downloads -----------------------------------------------------------------------------------

_BODY = bytes(range(256)) * 1_000


@contextmanager
def _serving(answers):
    """Serve what `answers` (a list of iterables of bytes) say, the last one again and again."""
    stopped = threading.Event()

    def answer(connection):
        with connection, suppress(OSError):
            connection.settimeout(5)
            while b"\r\n\r\n" not in connection.recv(65_536):
                pass
            for part in answers.pop(0) if len(answers) > 1 else answers[0]:
                if stopped.is_set():
                    return
                if isinstance(part, float):
                    stopped.wait(part)
                else:
                    connection.sendall(part)

    def serve():
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/shoes.zip"
        finally:
            stopped.set()
            listening.shutdown(socket.SHUT_RDWR)


def _answer(*headers, status="200 OK", body=_BODY, length=True):
    told = [f"Content-Length: {len(body)}"] if length else []
    lines = [f"HTTP/1.1 {status}", "Connection: close", *told, *headers, "", ""]
    return ["\r\n".join(lines).encode("latin-1"), body]


class _Endless:
    """A body that goes on for ever, after an answer's beginning."""

    def __init__(self, begin, part, wait=0.0):
        self.begin, self.part, self.wait = begin, part, wait

    def __iter__(self):
        yield from self.begin
        while True:
            yield self.part
            yield self.wait


def _downloaded(folder, answers, good):
    path = _fresh(folder) / "shoes.zip"

    def check(part):
        if part.read_bytes() != _BODY:
            raise ValueError("it is another file.")

    with (
        _serving(list(answers)) as url,
        mock.patch.object(disk.time, "sleep"),
        mock.patch.object(sys, "stderr", io.StringIO()),
        mock.patch.multiple(
            downloads, _TIMEOUT_SECONDS=0.5, _LEAST_SECONDS=0.3, _MOST_UNTOLD=3_000_000
        ),
    ):
        try:
            downloads.download(url, path, check)
        except TransferError as error:
            if good:
                raise Refused(str(error)) from error
            if url not in str(error) and path.name not in str(error):
                raise Unnamed(str(error)) from error
        else:
            if not good:
                raise Unnamed("taken for the file")
    left = {each.name: each.stat().st_size for each in path.parent.iterdir()}
    if good and left != {"shoes.zip": len(_BODY)}:
        raise Refused(f"left: {left}")
    if path.exists() != good or sum(left.values()) > 4_000_000:
        raise Fired(f"left: {left}")


def _downloads():
    chunk = b"3e8\r\n" + bytes(1_000) + b"\r\n"
    chunked = ["Transfer-Encoding: chunked"]
    pieces = b"".join(b"100\r\n%s\r\n" % _BODY[n : n + 256] for n in range(0, len(_BODY), 256))
    tag = 'ETag: "1"'
    half = [*_answer(tag)[:1], _BODY[: len(_BODY) // 2]]
    rest = _BODY[len(_BODY) // 2 :]
    whole, begin = len(_BODY), len(_BODY) // 2
    ranged = f"Content-Range: bytes {begin}-{whole - 1}/{whole}"
    good = {
        "plain": [_answer()],
        "no length": [_answer(length=False)],
        "chunked": [_answer(*chunked, length=False, body=pieces + b"0\r\n\r\n")],
        "redirect": [_answer("Location: /next", status="302 Found", body=b""), _answer()],
        "busy at first": [_answer(status="503 Busy", body=b""), _answer()],
        "resumed": [half, _answer(tag), _answer(tag, ranged, status="206 Part", body=rest)],
        "ranges ignored": [half, _answer(tag), _answer(tag)],
        "416": [half, _answer(tag), _answer(status="416 Range", body=b""), _answer(tag)],
        "wrong range": [
            *(half, _answer(tag)),
            _answer(tag, "Content-Range: bytes 7-9/*", status="206 Part", body=rest),
            _answer(tag),
        ],
        "another version between": [half, _answer('ETag: "2"'), _answer('ETag: "2"')],
        "more than it said": [[*_answer(), b"more" * 999]],
        # The first answer goes on instead.
        "another range of another version": [
            *(half, _answer(tag)),
            _answer('ETag: "2"', ranged, status="206 Part", body=bytes(len(rest))),
        ],
    }
    page = b"<!DOCTYPE html><title>Log in</title>"
    endless = _Endless(_answer(*chunked, length=False, body=b""), chunk * 99)
    bad = {
        "less than it said": [half],
        "nothing": [[b""]],
        "garbage": [[b"\0" * 999]],
        "garbage for a status": [[b"HTTP/9.9 banana\r\n\r\n"]],
        "page": [_answer("Content-Type: text/html", body=page)],
        "gone": [_answer(status="404 Not Found", body=page)],
        "busy": [_answer(status="503 Busy", body=b"")],
        "part without being asked": [_answer(ranged, status="206 Part", body=rest)],
        "no content": [_answer(status="204 No Content", body=b"", length=False)],
        "circle": [_answer("Location: /shoes.zip", status="302 Found", body=b"")],
        "to a file": [_answer("Location: file:///etc/passwd", status="302 Found", body=b"")],
        "to nowhere": [_answer("Location: http://127.0.0.1:1/", status="302 Found", body=b"")],
        "to no address": [_answer("Location: http://[::1", status="302 Found", body=b"")],
        "redirect with an endless body": [
            _Endless(
                _answer("Location: /x", *chunked, status="302 F", length=False, body=b""),
                chunk * 99,
            )
        ],
        "gzip": [_answer("Content-Encoding: gzip", body=gzip.compress(_BODY))],
        "gzip bomb": [_answer("Content-Encoding: gzip", body=gzip.compress(bytes(30_000_000)))],
        "endless": [endless],
        "endless, told short": [
            _Endless(_answer(*chunked, "Content-Length: 5000", length=False, body=b""), chunk * 99)
        ],
        "endless, without length": [_Endless(_answer(length=False, body=b""), bytes(100_000))],
        "drips": [_Endless(_answer("Content-Length: 999999", length=False, body=b""), b"x", 0.02)],
        "drips, chunked": [
            _Endless(_answer(*chunked, length=False, body=b""), b"1\r\nx\r\n", 0.02)
        ],
        "status line without an end": [_Endless([b"HTTP/1.1 200"], b" ", 0.02)],
        "headers that drip": [_Endless([b"HTTP/1.1 200 OK\r\n"], b"X", 0.02)],
        "not yet, for ever": [_Endless([], b"HTTP/1.1 100 Continue\r\n\r\n", 0.0)],
        "trailers without an end": [
            _Endless(
                _answer(*chunked, length=False, body=b"5\r\nhello\r\n0\r\n"), b"A: b\r\n" * 999
            )
        ],
        "stalls": [[*half, 3.0]],
        "length of 5,000 digits": [
            _answer(f"Content-Length: {'9' * 5_000}", length=False, body=page)
        ],
        "lengths that differ": [_answer("Content-Length: 1, 2", length=False)],
        "length of all disks": [_answer("Content-Length: 99999999999999999", length=False)],
        "negative length": [_answer("Content-Length: -5", length=False, body=page)],
        "chunk of all memory": [
            [*_answer(*chunked, length=False, body=b""), b"7fffffffffffffff\r\n" + bytes(5_000)]
        ],
        "chunk without sense": [[*_answer(*chunked, length=False, body=b""), b"-5\r\nx\r\n"]],
        "9,000 headers": [_answer(*(f"X-{n}: x" for n in range(9_000)))],
        "header of 900,000 letters": [_answer(f"X: {'x' * 900_000}")],
    }
    for answers, kind in ((good, True), (bad, False)):
        for what, each in answers.items():
            yield what, _downloaded, each, kind


# --- the first cell ------------------------------------------------------------------------------


def _celled(folder, change, taken):
    """Run the first cell with a Drive: nothing of somebody else's is copied, or run."""
    content = _fresh(folder) / "content"
    mine, evil = content / "drive" / "MyDrive" / "zapsim", content.parent.parent / "private"
    (mine / "zapsim" / "io").mkdir(parents=True)
    (mine / "data").mkdir()
    (mine / "pyproject.toml").write_text('[project]\nname = "zapsim"\n')
    (mine / "zapsim" / "__init__.py").write_text(f'__version__ = "{zapsim.__version__}"\n')
    (mine / "data" / "minizap.zip").write_bytes(b"")
    for name in ("setup.py", "__init__.py"):
        (evil / name).write_text("raise SystemExit('it ran')")
    change(mine, evil)
    code = home.first_cell().replace("/content/", f"{content}/")
    stand_in = mock.MagicMock()
    modules = {"google": stand_in, "google.colab": stand_in, "zapsim.colab": None}
    with mock.patch.dict(sys.modules, modules), mock.patch.object(sys, "path", list(sys.path)):
        try:
            exec(code, {"get_ipython": mock.Mock})
        except FileNotFoundError:
            if taken:
                raise Refused("not taken") from None
        except ImportError:
            if not taken:
                raise Fired("taken") from None
        except SystemExit as error:
            raise Fired(str(error)) from error
        except shutil.Error as error:
            if "pipe" not in str(error):
                raise
    for path in (content / f"zapsim-{zapsim.__version__}").rglob("*"):
        if path.is_symlink() or "it ran" in (path.read_text() if path.is_file() else ""):
            raise Fired(f"{path} was copied")


def _cells():
    init = Path("zapsim", "__init__.py")
    for what, change, taken in [
        ("plain", lambda mine, evil: None, True),
        ("link in the package", lambda mine, evil: (mine / "zapsim" / "x").symlink_to(evil), True),
        (
            "link among the data",
            lambda mine, evil: (mine / "data" / "minizap-x").symlink_to(evil),
            True,
        ),
        ("circle", lambda mine, evil: (mine / "zapsim" / "io" / "x").symlink_to(mine), True),
        ("pictures", lambda mine, evil: shutil.copytree(evil, mine / "data" / "my own"), True),
        ("compiled", lambda mine, evil: shutil.copytree(evil, mine / "zapsim/__pycache__"), True),
        ("setup.py", lambda mine, evil: shutil.copy(evil / "setup.py", mine), True),
        ("package is a link", lambda mine, evil: _relinked(mine / "zapsim", evil), False),
        ("data is a link", lambda mine, evil: _relinked(mine / "data", evil), False),
        ("all is a link", lambda mine, evil: _relinked(mine, evil), False),
        ("another name", lambda mine, evil: mine.rename(mine.with_name("zapsim notes")), False),
        ("another version", lambda mine, evil: (mine / init).write_text("__version__ = 9"), False),
        ("no project", lambda mine, evil: (mine / "pyproject.toml").unlink(), False),
        ("no package", lambda mine, evil: (mine / init).unlink(), False),
        ("no data", lambda mine, evil: shutil.rmtree(mine / "data"), False),
    ]:
        yield what, _celled, change, taken


def _relinked(path, evil):
    kept = path.rename(path.parent / "kept")
    shutil.copytree(kept, evil / "copy")
    path.symlink_to(evil / "copy")


# --- all of them ---------------------------------------------------------------------------------


def cases(folder):
    # What the size of a bomb is, so that bombs here may be small.
    unpacked._SMALL = 20_000_000
    areas = {
        "zip": _zips,
        "tar": _tars,
        "folder": _folders,
        "download": _downloads,
        "first cell": _cells,
    }
    return [
        Case(f"{area}: {name}", partial(check, folder, *more), injections=1, seconds=_seconds(name))
        for area, listed in areas.items()
        for name, check, *more in listed()
    ]


def _seconds(name):
    return 30 if any(word in name for word in ("bomb", "MB", "100,000")) else 10


# What takes longer is a hang, even on a busy machine.
@settings(deadline=10_000)
@given(
    st.binary(max_size=2_000)
    | st.builds(
        lambda whole, changes: _mutated(whole, changes),
        st.sampled_from(
            [
                _zipped(PICTURES.items()),
                _tarred(PICTURES.items()),
                _tarred([("é" * 90, b"x"), *PICTURES.items()], tarfile.PAX_FORMAT),
                gzip.compress(_tarred(PICTURES.items()), mtime=0),
            ]
        ),
        st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=9), st.integers(0, 9)), max_size=9),
    )
)
def fuzz(data):
    """Whatever an archive's bytes are: documented errors only, which name it."""
    keep("archives", "shoes.zip", data)
    with tempfile.TemporaryDirectory(prefix="hostile") as folder:
        _never_raw(Path(folder), _file(data))


def _mutated(whole, changes):
    for place, new, lost in changes:
        at = round(place * len(whole))
        whole = whole[:at] + new + whole[at + lost :]
    return whole
