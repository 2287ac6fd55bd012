"""Attack the reading of pictures: damaged, odd, oriented, slow and huge files of all formats.

In: nothing; all files are made here, from a seed. Out: cases. A good file must come back with its
pixels, turned upright where Pillow can read how. A bad one must come back with those same pixels,
where only what follows them is damaged, or raise `PictureError` that begins with its name. No
warning may be seen, for Pillow's do not say of which file.
"""

import io
import json
import random
import re
import struct
import subprocess
import sys
import time
import warnings
import zlib
from functools import cache, partial
from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.hostile.attack import ROOT, Case, Finding, Refused, Unnamed
from zapsim.io.formats import FORMATS
from zapsim.io.pictures import PictureError, load_picture

NAME = "Shoes/1.jpg"
# One that is slow may use so much of a processor, in seconds, however busy the machine is.
SLOW = 5
PATIENT = 90


# --- what is right ---------------------------------------------------------------------------


def load(data, least=None):
    """Return the picture, or None where it was refused by its name."""
    with warnings.catch_warnings(record=True) as warned:
        try:
            picture = load_picture(data, NAME, least)
        except PictureError as error:
            picture, said = None, str(error)
            if not said.startswith(f"{NAME}: "):
                raise Unnamed(f"an error that does not begin with the name: {said}") from error
    if warned:
        raise Unnamed(f"a warning without a name: {warned[0].message}")
    return picture


def refusal(data):
    try:
        load_picture(data, NAME)
    except PictureError as error:
        return str(error)
    return "(accepted)"


def good(make, expected, close=0):
    """Check that a file comes back as `expected`, (height, width, 3), or as a function of it."""
    data = make()
    picture = load(data)
    if picture is None:
        raise Refused(refusal(data))
    if picture.shape != expected.shape:
        raise Refused(f"{picture.shape} instead of {expected.shape}")
    off = np.abs(picture.astype(int) - expected)
    if off.mean() > close:
        raise Refused(f"pixels are off by {off.mean():.1f} on average, {off.max()} at most")


def damaged(make, whole, close=0):
    """Check that a file is refused by its name, or is `whole`."""
    picture = load(make())
    if picture is not None and (
        picture.shape != whole.shape or np.abs(picture.astype(int) - whole).mean() > close
    ):
        raise Unnamed("a part of it was taken for all of it")


def odd(make):
    """Check that a file of any content is read, or refused by its name."""
    picture = load(make())
    if picture is not None and not (picture.ndim == 3 and picture.shape[2] == 3 and picture.size):
        raise Unnamed(f"came back as {picture.shape}")


def refused(make, why=""):
    data = make()
    start = time.process_time()
    if load(data) is not None:
        raise Unnamed("it was taken for a good one")
    quickly(start)
    if not re.search(why, said := refusal(data)):
        raise Unnamed(f"{said} does not say {why}")


def quick(make, read=None):
    """Check that it is read (or not, or either), in little time."""
    data = make()
    start = time.process_time()
    picture = load(data)
    quickly(start)
    if read is not None and (picture is not None) != read:
        raise (Refused if read else Unnamed)(refusal(data))


def quickly(start):
    if (took := time.process_time() - start) > SLOW:
        raise Finding(f"it took {took:.1f} s of a processor")


# --- good files ------------------------------------------------------------------------------


def upright():
    """Blocks, no two rotations alike; 48 high and 64 wide."""
    colours = [
        [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)],
        [(0, 0, 0), (255, 255, 0), (0, 255, 255), (255, 0, 255)],
        [(90, 90, 90), (200, 100, 0), (0, 100, 200), (255, 255, 255)],
    ]
    return np.array(colours, np.uint8).repeat(16, axis=0).repeat(16, axis=1)


def encoded(image, kind="PNG", **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    exact = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4", "speed": 8},
    }
    image.save(buffer, kind, **(exact.get(kind, {}) | options))
    return buffer.getvalue()


CLOSE = {"JPEG": 4, "AVIF": 4, "GIF": 4}
VARIANTS = {kind: (kind, {}) for kind in FORMATS} | {
    "progressive": ("JPEG", {"progressive": True}),
    "lossy WebP": ("WEBP", {"lossless": False, "quality": 95}),
    "animated GIF": ("GIF", {"save_all": True}),
    "animated WebP": ("WEBP", {"save_all": True}),
    "LZW TIFF": ("TIFF", {"compression": "tiff_lzw"}),
    "JPEG TIFF": ("TIFF", {"compression": "jpeg"}),
    "deflated TIFF": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "big TIFF": ("TIFF", {"big_tiff": True}),
    "APNG": ("PNG", {"save_all": True}),
}


@cache
def photo(size=(160, 120)):
    """Something that is not packed into a few bytes."""
    noise = np.random.default_rng(5).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return np.array(Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC))


@cache
def variant(name, size=(160, 120)):
    kind, options = VARIANTS[name]
    if "save_all" in options:
        other = Image.fromarray(255 - photo(size))
        options = options | {"append_images": [other, other], "duration": 50}
    return encoded(photo(size), kind, **options)


def pixels_of(name, size=(160, 120)):
    """Return what Pillow itself makes of a variant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(Image.open(io.BytesIO(variant(name, size))).convert("RGB")).astype(int)


# --- orientation -----------------------------------------------------------------------------

# How a camera stores an upright picture for each EXIF orientation.
AS_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def directory(entries, order="<", following=0, head=True, count=None):
    """Write EXIF by hand; entries are (tag, type, count, four bytes)."""
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8)
    count = len(entries) if count is None else count
    body = b"".join(struct.pack(order + "HHL4s", *entry) for entry in entries)
    following = struct.pack(order + "L", following)
    return (start if head else b"") + struct.pack(order + "H", count) + body + following


def turned(value, order="<", kind=3):
    return (274, kind, 1, struct.pack(order + {1: "Bxxx", 3: "Hxx", 4: "L"}[kind], value))


def exifs(n):
    """EXIF from which orientation `n` can be read, whatever else is wrong with it."""
    far = struct.pack("<L", 0xFFFFFFF0)
    return {
        "plain": directory([turned(n)]),
        "big endian": directory([turned(n, ">")], ">"),
        "as a long": directory([turned(n, kind=4)]),
        "a loop": directory([turned(n)], following=8),
        "a directory in itself": directory(
            [turned(n), (0x8769, 4, 1, struct.pack("<L", 8)), (0x8825, 4, 1, struct.pack("<L", 8))]
        ),
        "values outside": directory([(271, 2, 1000, far), turned(n), (0x8769, 4, 1, far)]),
        "types unknown": directory([(271, 99, 1, far), turned(n), (0x9286, 0, 7, far)]),
        "counts too high": directory([(271, 2, 0xFFFFFFFF, far), turned(n)]),
        "truncated behind": directory([turned(n)], count=60)[: 8 + 2 + 12],
        "a resolution of nothing": directory(
            [turned(n), (282, 5, 1, struct.pack("<L", 38)), (296, 3, 1, b"\2\0\0\0")]
        )
        + bytes(8),
        "a resolution that is text": directory(
            [(282, 2, 3, b"ab\0\0"), turned(n), (296, 2, 1, b"x\0\0\0")]
        ),
        "a directory that is text": directory([turned(n), (0x8769, 2, 4, b"abcd")]),
        "twice": directory([turned(n), turned(n % 8 + 1)]),
    }


# EXIF that says nothing of use.
UNREADABLE = {
    "garbage": b"garbage",
    "nothing": b"",
    "a head alone": b"II*\0",
    "half a head": b"MM",
    "far away": b"II*\0\xff\xff\xff\xff",
    "entries missing": b"II*\0\x08\0\0\0\xff\xff",
    "orientation 0": directory([turned(0)]),
    "orientation 9": directory([turned(9)]),
    "orientation 65535": directory([turned(65535)]),
    "as a byte": directory([turned(6, kind=1)]),
    "a string": directory([(274, 2, 2, b"6\0\0\0")]),
    "a fraction of nothing": directory([(274, 5, 1, struct.pack("<L", 26))]) + bytes(8),
    "no value": directory([(274, 3, 0, bytes(4))]),
    "many values outside": directory([(274, 3, 5000, b"\xff\xff\xff\x7f")]),
    "in a loop": directory([(0x8769, 4, 1, b"\x08\0\0\0")], following=8),
}
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {}></rdf:RDF>'
)
XMPS = {
    "attribute": lambda n: XMP.format(f'tiff:Orientation="{n}"/>').encode(),
    "element": lambda n: XMP.format(f"><tiff:Orientation>{n}</tiff:Orientation>").encode(),
}


def with_exif(data, kind, exif, xmp=b""):
    """Put EXIF, and XMP, into a file's bytes as they are."""
    if kind == "JPEG":
        segments = [b"Exif\0\0" + exif] if exif is not None else []
        segments += [b"http://ns.adobe.com/xap/1.0/\0" + xmp] if xmp else []
        return data[:2] + b"".join(segment(0xE1, each) for each in segments) + data[2:]
    if kind == "PNG":
        chunks = chunk(b"eXIf", exif) if exif is not None else b""
        chunks += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp) if xmp else b""
        return data[:33] + chunks + data[33:]
    if kind == "WEBP":
        return webp(data, [(b"EXIF", exif)] * (exif is not None) + [(b"XMP ", xmp)] * bool(xmp))
    raise ValueError(kind)


def segment(marker, content):
    return bytes([255, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def chunk(kind, content, crc=None):
    crc = zlib.crc32(kind + content) if crc is None else crc
    return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")


def riff(chunks):
    body = b"".join(
        kind + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body


def webp(data, more, before=()):
    """Put chunks into a lossless WebP."""
    flags = 0x20 * any(kind == b"ICCP" for kind, _ in before)
    flags |= sum({b"EXIF": 8, b"XMP ": 4}.get(kind, 0) for kind in {kind for kind, _ in more})
    bits = struct.unpack_from("<L", data, 21)[0]
    width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
    head = bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    length = struct.unpack_from("<L", data, 16)[0]
    image = (data[12:16], data[20 : 20 + length])
    return riff([(b"VP8X", head), *before, image, *more])


def oriented(kind, n, exif, xmp=b""):
    """Write a picture as a camera stores it, with EXIF that says so."""
    stored = np.ascontiguousarray(AS_STORED[n](upright()))
    if kind == "TIFF":
        return oriented_tiff(stored, exif)
    return with_exif(encoded(stored, kind), kind, exif, xmp)


def oriented_tiff(stored, entries):
    """Write a TIFF whose own directory has these entries, too: (tag, type, count, four bytes)."""
    height, width = stored.shape[:2]
    return tiff(
        {
            256: (3, [width]),
            257: (3, [height]),
            258: (3, [8, 8, 8]),
            259: (3, [1]),
            262: (3, [2]),
            277: (3, [3]),
            278: (3, [height]),
        },
        stored.tobytes(),
        entries,
    )


def tiff(tags, data, entries=(), order="<", count=None, following=0, strips=None):
    """Write a TIFF by hand; tags are lists of whole numbers, entries are as they are."""
    start = 8 + len(data)
    tags = {273: (4, [8] if strips is None else strips), 279: (4, [len(data)])} | tags
    n = len(tags) + len(entries)
    at, after, raw = start + 2 + 12 * n + 4, b"", list(entries)
    for tag, (kind, values) in tags.items():
        packed = struct.pack(f"{order}{len(values)}{ {3: 'H', 4: 'L', 1: 'B'}[kind] }", *values)
        place = packed.ljust(4, b"\0")
        if len(packed) > 4:
            place = struct.pack(order + "L", at + len(after))
            after += packed
        raw.append((tag, kind, len(values), place))
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, start)
    body = directory(sorted(raw), order, following, head=False, count=count)
    return head + data + body + after


def orientation_cases():
    for kind, n in product(("JPEG", "PNG", "WEBP"), range(1, 9)):
        close = CLOSE.get(kind, 0)
        for name, exif in exifs(n).items():
            make = partial(oriented, kind, n, exif)
            yield Case(
                f"{kind}, orientation {n}, EXIF {name}", partial(good, make, upright(), close)
            )
        for name, xmp in XMPS.items():
            make = partial(oriented, kind, n, None, xmp(n))
            yield Case(
                f"{kind}, orientation {n}, XMP {name}", partial(good, make, upright(), close)
            )
        # Pillow looks for XMP only where there is no EXIF, or whole EXIF that does not say.
        make = partial(oriented, kind, n, b"garbage", XMPS["attribute"](n))
        yield Case(
            f"{kind}, orientation {n}, XMP beside damaged EXIF",
            partial(good, make, AS_STORED[n](upright()), close),
        )
        make = partial(oriented, kind, n, directory([]), XMPS["attribute"](n))
        yield Case(
            f"{kind}, orientation {n}, XMP beside EXIF that does not say",
            partial(good, make, upright(), close),
        )
    for n, split in product(range(1, 9), (0, 15, None)):
        make = partial(exif_in_parts, n, split)
        yield Case(
            f"JPEG, orientation {n}, EXIF split at {split}", partial(good, make, upright(), 4)
        )
    for n, kind in product(range(1, 9), ("zTXt", "iCCP")):
        make = partial(xmp_beside, n, kind)
        yield Case(
            f"PNG, orientation {n}, XMP beside a damaged {kind}", partial(good, make, upright())
        )
    for kind, (name, exif) in product(("JPEG", "PNG", "WEBP"), UNREADABLE.items()):
        make = partial(oriented, kind, 1, exif)
        close = CLOSE.get(kind, 0)
        yield Case(f"{kind}, unreadable EXIF: {name}", partial(good, make, upright(), close))
    far = b"\xf0\xff\xff\xff"
    for n in range(1, 9):
        entries = {
            "plain": [turned(n)],
            "and a loop": [turned(n), (0x8769, 4, 1, b"\x08\0\0\0")],
            "and values too large": [(271, 2, 1 << 30, far), turned(n), (34675, 7, 1 << 30, far)],
            "and text for a directory": [turned(n), (0x8769, 2, 4, b"abcd"), (0x8825, 4, 1, far)],
            "as a long": [turned(n, kind=4)],
        }
        for name, each in entries.items():
            make = partial(oriented, "TIFF", n, each)
            yield Case(f"TIFF, orientation {n} {name}", partial(good, make, upright()))
        # What Pillow has not read of the directory may be how the pixels are packed.
        for tag in (271, 305):
            make = partial(oriented, "TIFF", n, [(tag, 2, 5000, far), turned(n)])
            yield Case(
                f"TIFF, orientation {n} and tag {tag} outside",
                partial(refused, make, "damaged.*ave it anew"),
            )
        yield Case(
            f"PNG, orientation {n}, EXIF as ImageMagick writes it",
            partial(good, partial(raw_profile, n), upright()),
        )
        if "AVIF" in FORMATS:
            yield Case(f"AVIF, orientation {n}", partial(good, partial(avif, n), upright(), 4))
            yield Case(
                f"AVIF, orientation {n}, EXIF damaged",
                partial(good, partial(avif, n, True), upright(), 4),
            )
    for value in (0, 9, 255, 65535):
        make = partial(oriented, "TIFF", 1, [turned(value)])
        yield Case(f"TIFF, orientation {value}", partial(good, make, upright()))


def raw_profile(n):
    exif = b"Exif\0\0" + directory([turned(n)])
    text = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    data = encoded(np.ascontiguousarray(AS_STORED[n](upright())))
    content = b"Raw profile type exif\0\0" + zlib.compress(text)
    return data[:33] + chunk(b"zTXt", content) + data[33:]


def avif(n, damage=False):
    exif = Image.Exif()
    exif[274] = n
    exif[271] = "Somebody"
    data = encoded(np.ascontiguousarray(AS_STORED[n](upright())), "AVIF", exif=exif)
    if damage:
        data = re.sub(rb"II\*\0|MM\0\*", b"\xff\xff\xff\xff", data)
        assert b"\xff\xff\xff\xff" in data
    return data


def exif_in_parts(n, split):
    """A JPEG whose EXIF lies in two segments; without `split`, the directory in the second."""
    exif = directory([turned(n)])
    if split is None:
        exif = b"II*\0" + struct.pack("<L", 70_000) + bytes(70_000 - 8)
        exif, split = exif + directory([turned(n)], head=False), 65_000
    stored = np.ascontiguousarray(AS_STORED[n](upright()))
    data = encoded(stored, "JPEG")
    parts = [segment(0xE1, b"Exif\0\0" + part) for part in (exif[:split], exif[split:])]
    return data[:2] + b"".join(parts) + data[2:]


def xmp_beside(n, kind):
    """A PNG that is turned by XMP, beside something that Pillow does not open."""
    stored = np.ascontiguousarray(AS_STORED[n](upright()))
    data = with_exif(encoded(stored), "PNG", None, XMPS["attribute"](n))
    content = {"zTXt": b"Comment\0\7x", "iCCP": b"p"}[kind]
    return data[:33] + chunk(kind.encode(), content) + data[33:]


# --- damage ----------------------------------------------------------------------------------


def rows_more(mode="RGB", **options):
    """A JPEG that says that it has ten times its rows."""
    data = bytearray(encoded(Image.fromarray(photo()).convert(mode), "JPEG", **options))
    at = data.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0") + 5
    data[at : at + 2] = struct.pack(">H", 1200)
    return bytes(data)


def strips_less(packed=False):
    """A TIFF of three strips, of which it lists two."""
    rows = [upright()[top : top + 16].tobytes() for top in (0, 16, 32)]
    rows = [zlib.compress(each) for each in rows] if packed else rows
    places = [8, 8 + len(rows[0])]
    sizes = [len(each) for each in rows[:2]]
    return tiff_of(
        data=b"".join(rows),
        strips=places,
        t278=(4, [16]),
        t279=(4, sizes),
        t259=(3, [8 if packed else 1]),
    )


def rows_less(colours, bits=8, interlaced=0, byte=0):
    """A PNG of half its rows, in a stream that has an end."""
    size = 16 * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours] // 8
    return png_of(16, 16, bits, colours, (b"\0" + bytes([byte]) * size) * 8, interlaced)


def each_by_itself(scans, size=(64, 48), cut=0):
    """A JPEG of three colours, of each of which there is a scan, but for the last ones."""
    planes = Image.fromarray(photo(size)).convert("YCbCr").split()
    made = [encoded(plane, "JPEG", quality=95) for plane in planes]
    at, start = made[0].index(b"\xff\xc0"), made[0].index(b"\xff\xda")
    colours = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    frame = segment(0xC0, struct.pack(">BHHB", 8, *size[::-1], 3) + colours)
    whole = made[0][:at] + frame + made[0][at + 13 : start]
    for number, plane in enumerate(made[:scans], 1):
        whole += segment(0xDA, bytes([1, number, 0, 0, 63, 0])) + plane[start + 10 : -2]
    return whole[: len(whole) - cut] + b"\xff\xd9"


def strip_cut(method):
    """A TIFF of which half of the only strip is there."""
    data = encoded(photo(), "TIFF", compression=method)
    with Image.open(io.BytesIO(data)) as opened:
        (size,) = opened.tag_v2[279]
    count = struct.pack("<HHL", 279, 4, 1)
    assert count + struct.pack("<L", size) in data
    return data.replace(count + struct.pack("<L", size), count + struct.pack("<L", size // 2))


def whole():
    """Return files that look as if something were missing, and what is in them."""
    made = {"JPEG of a scan for each colour": (each_by_itself(3), None)}
    for grey in (0, 77):
        for size in [*product((1, 2, 3, 4), repeat=2), (9, 7), (7, 9)]:
            flat = np.full(size, grey, np.uint8)
            made[f"PNG of {size}, all {grey}, interlaced"] = interlaced(flat), flat
            made[f"PNG of {size}, all {grey}"] = encoded(flat), flat
    for mode in ("1", "L", "P", "LA", "RGB", "RGBA", "I;16"):
        made[f"PNG, {mode}, black"] = encoded(Image.new(mode, (9, 9))), None
    return made


def without_palette():
    data = png(4, 4, 8, 3, bytes(16))
    return data[:33] + data[data.index(b"IDAT") - 4 :]


CUT_SHORT = {
    "PNG of fewer rows": partial(rows_less, 2),
    "PNG of fewer rows, interlaced": partial(rows_less, 2, interlaced=1),
    "PNG of fewer rows and bits": partial(rows_less, 0, 1),
    "PNG of fewer rows and bits, white": partial(rows_less, 0, 1, byte=255),
    "PNG of fewer rows of few colours": partial(rows_less, 3),
    "PNG of fewer rows of 16 bits": partial(rows_less, 0, 16),
    "PNG of fewer rows, with alpha": partial(rows_less, 6),
    "PNG of fewer rows of grey with alpha": partial(rows_less, 4),
    "PNG without its palette": without_palette,
    "CMYK JPEG of fewer rows": partial(rows_more, "CMYK"),
    "JPEG of one colour of three": partial(each_by_itself, 1),
    "JPEG of two colours of three": partial(each_by_itself, 2),
    "JPEG of which a colour is cut short": partial(each_by_itself, 3, cut=40),
    "JPEG TIFF, cut short": partial(strip_cut, "jpeg"),
    "LZW TIFF, cut short": partial(strip_cut, "tiff_lzw"),
    "JPEG of fewer rows": rows_more,
    "JPEG of fewer rows, with restarts": partial(rows_more, restart_marker_rows=1),
    "progressive JPEG of fewer rows": partial(rows_more, progressive=True),
    "JPEG of fewer rows and colours": partial(rows_more, subsampling=2),
    "TIFF of fewer strips": strips_less,
    "packed TIFF of fewer strips": partial(strips_less, True),
}


def damage_cases():
    for name, make in CUT_SHORT.items():
        yield Case(name, partial(refused, make, "truncated|damaged"))
    for name, (data, grey) in whole().items():
        if grey is None:
            yield Case(f"{name}, whole", partial(quick, partial(bytes, data), True))
        else:
            grey3 = np.repeat(grey[..., None], 3, axis=2)
            yield Case(f"{name}, whole", partial(good, partial(bytes, data), grey3, 1))
    for name in VARIANTS:
        close = CLOSE.get(VARIANTS[name][0], 4 if "WebP" in name or "JPEG" in name else 0)
        make = partial(variant, name)
        yield Case(f"{name}, whole", lambda m=make, n=name: good(m, pixels_of(n)))
        for percent in range(0, 100, 5):
            yield Case(
                f"{name}, {percent} % of it",
                lambda n=name, p=percent: damaged(
                    lambda: variant(n)[: len(variant(n)) * p // 100], pixels_of(n)
                ),
            )
        for less in (1, 2, 8, 20):
            yield Case(
                f"{name}, {less} bytes less",
                lambda n=name, k=less: damaged(lambda: variant(n)[:-k], pixels_of(n)),
            )
        for seed in range(12):
            yield Case(f"{name}, flipped bits, {seed}", partial(odd, partial(flipped, name, seed)))
        yield Case(
            f"{name}, rubbish behind it",
            lambda n=name, c=close: good(lambda: variant(n) + b"rubbish" * 99, pixels_of(n), c),
        )
        for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b"BM", b"RIFF"):
            yield Case(
                f"{name}, begins with {start!r}",
                partial(odd, lambda n=name, s=start: s + variant(n)[len(s) :]),
            )


def flipped(name, seed):
    """Flip a few bits, half of them where a file's header is."""
    chance, data = random.Random(f"{name} {seed}"), bytearray(variant(name))
    for _ in range(chance.choice([1, 3, 12, 60])):
        at = chance.randrange(min(len(data), 200) if chance.random() < 0.5 else len(data))
        data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


# --- kinds of pixels -------------------------------------------------------------------------


def mode_cases():
    for name, (data, expected) in COLOURS.items():
        yield Case(name, partial(reds, data, expected))
    for name, (make, why) in NOT_READ.items():
        yield Case(name, partial(refused, make, f"{why}.*, which is not read"))
    grey = np.arange(0, 240, 15, dtype=np.uint8).reshape(4, 4)
    grey3 = np.repeat(grey[..., None], 3, axis=2)
    colour = upright()
    half = np.dstack([colour, np.full(colour.shape[:2], 128, np.uint8)])
    on_white = np.round(colour * (128 / 255) + 255 * (127 / 255))
    palette = Image.fromarray(colour).quantize(16)
    colours = np.array(palette.convert("RGB"))
    deep = grey.astype(np.uint16) * 257
    rgb16 = colour.astype(">u2") * 257
    rgba16 = np.dstack([rgb16, np.full(colour.shape[:2], 128 * 257, ">u2")])
    la16 = np.dstack([deep, np.full_like(deep, 65535)]).astype(">u2")
    made = {
        "1 in PNG": (
            lambda: encoded(Image.fromarray(grey).point(lambda v: 255 * (v > 99), "1")),
            255 * (grey3 > 99),
        ),
        "L in PNG": (lambda: encoded(grey), grey3),
        "LA in PNG": (lambda: encoded(Image.merge("LA", [Image.fromarray(grey)] * 2)), None),
        "P in PNG": (lambda: encoded(palette), colours),
        "P in PNG, one transparent": (lambda: encoded(palette, transparency=0), None),
        "P in PNG, all half transparent": (
            lambda: encoded(palette, transparency=bytes([128] * 16)),
            np.round(colours * (128 / 255) + 255 * (127 / 255)),
        ),
        "P in GIF": (lambda: encoded(palette, "GIF"), colours),
        "P in GIF, one transparent": (lambda: encoded(palette, "GIF", transparency=0), None),
        "P in BMP": (lambda: encoded(palette, "BMP"), colours),
        "P in TIFF": (lambda: encoded(palette, "TIFF"), colours),
        "RGBA in PNG": (lambda: encoded(half), on_white),
        "RGBA in WebP": (lambda: encoded(half, "WEBP"), on_white),
        "RGBA in TIFF": (lambda: encoded(half, "TIFF"), on_white),
        "CMYK in JPEG": (lambda: encoded(Image.fromarray(colour).convert("CMYK"), "JPEG"), colour),
        "CMYK in TIFF": (lambda: encoded(Image.fromarray(colour).convert("CMYK"), "TIFF"), colour),
        "YCbCr in TIFF": (
            lambda: encoded(Image.fromarray(colour).convert("YCbCr"), "TIFF"),
            colour,
        ),
        "L in JPEG": (lambda: encoded(grey, "JPEG"), grey3),
        "I;16 in PNG": (lambda: encoded(Image.fromarray(deep)), grey3),
        "I;16 in TIFF": (lambda: encoded(Image.fromarray(deep), "TIFF"), grey3),
        "I;16B in TIFF": (lambda: encoded(Image.fromarray(deep.astype(">u2")), "TIFF"), grey3),
        "16-bit RGB in PNG": (lambda: png(64, 48, 16, 2, rgb16.tobytes()), colour),
        "16-bit RGBA in PNG": (lambda: png(64, 48, 16, 6, rgba16.tobytes()), on_white),
        "16-bit grey with alpha in PNG": (lambda: png(4, 4, 16, 4, la16.tobytes()), grey3),
        "16-bit RGB in TIFF": (lambda: tiff16(colour), colour),
    }
    for name, (make, expected) in made.items():
        if expected is None:
            yield Case(name, partial(quick, make, True))
        else:
            yield Case(name, partial(good, make, np.asarray(expected), 3))
    for bits, colours in product((1, 2, 4, 8, 16), (0, 2, 3, 4, 6)):
        for interlaced in (0, 1):
            make = partial(png, 9, 7, bits, colours, bytes(7 * 9 * 8), interlaced)
            yield Case(
                f"PNG of {bits} bits, colour type {colours}, interlaced {interlaced}",
                partial(odd, make),
            )


def png(width, height, bits, colours, pixels, interlaced=0):
    """Write a PNG by hand, its rows unfiltered."""
    stride = len(pixels) // height
    rows = b"".join(b"\0" + pixels[y * stride :][:stride] for y in range(height))
    return png_of(width, height, bits, colours, rows, interlaced)


def png_of(width, height, bits, colours, rows, interlaced=0):
    """Write a PNG by hand, of any rows."""
    head = struct.pack(">LLBBBBB", width, height, bits, colours, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(range(48))) if colours == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + palette
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def interlaced(grey):
    """Write a PNG of greys (height, width), whose rows come in seven passes."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    rows = [grey[y::down, x::across] for x, y, across, down in [*passes, (0, 1, 1, 2)]]
    packed = b"".join(b"\0" + row.tobytes() for part in rows for row in part if row.size)
    return png_of(*grey.shape[::-1], 8, 0, packed, 1)


def tiff16(colour):
    height, width = colour.shape[:2]
    tags = {256: (3, [width]), 257: (3, [height]), 258: (3, [16] * 3), 259: (3, [1])}
    tags |= {262: (3, [2]), 277: (3, [3]), 278: (3, [height])}
    return tiff(tags, (colour.astype("<u2") * 257).tobytes())


def greys(values, bits, kind, photometric=1, order="<", **tags):
    """A TIFF of one row of greys."""
    usual = {256: (3, [len(values)]), 257: (3, [1]), 258: (3, [bits]), 259: (3, [1])}
    usual |= {262: (3, [photometric]), 277: (3, [1]), 278: (3, [1])}
    tags = {int(key[1:]): value for key, value in tags.items()}
    return tiff(usual | tags, np.array(values, order + kind).tobytes(), order=order)


def few_bits(bits, packed, transparent):
    """A PNG of one row of greys of few bits, of which one stands for transparency."""
    data = png(8 * len(packed) // bits, 1, bits, 0, bytes(packed))
    return data[:33] + chunk(b"tRNS", struct.pack(">H", transparent)) + data[33:]


def bmp_without_alpha():
    """A BMP that gives alpha a place, and nothing in it."""
    pixels = bytes([0, 0, 255, 0, 0, 255, 0, 0])
    info = struct.pack("<LiiHHLLiiLL", 108, 2, 1, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    info += struct.pack("<4L", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<2sLHHL", b"BM", 122 + len(pixels), 0, 0, 122)
    return head + info.ljust(108, b"\0") + pixels


def with_a_colour_transparent():
    data = png(1, 1, 16, 2, struct.pack(">3H", 0x1234, 0x1234, 0x1234))
    return data[:33] + chunk(b"tRNS", struct.pack(">3H", 0x1234, 0x1234, 0x1234)) + data[33:]


# What Pillow itself mistakes, and how much red there is, pixel by pixel.
COLOURS = {
    "TIFF of 12 bits": (
        greys([0x00, 0x08, 0x00, 0xFF, 0xF4, 0x00], 12, "u1", t256=(3, [4])),
        [0, 128, 255, 64],
    ),
    "PNG of 2 bits": (few_bits(2, [0b00011011], 1), [0, 255, 170, 255]),
    "PNG of 4 bits": (few_bits(4, [0x05, 0xAF], 5), [0, 255, 170, 255]),
    "PNG of 1 bit": (few_bits(1, [0b01000000], 0), [255] * 8),
    "BMP without alpha": (bmp_without_alpha(), [255, 0]),
    "TIFF without alpha": (
        tiff(
            {256: (3, [2]), 257: (3, [1]), 258: (3, [8] * 4), 259: (3, [1]), 262: (3, [2])}
            | {277: (3, [4]), 278: (3, [1])},
            bytes([255, 0, 0, 0, 0, 255, 0, 0]),
        ),
        [255, 0],
    ),
    "TIFF of few colours, of 8 bits": (
        greys([0, 1], 8, "u1", 3, t320=(3, [255, 0] + [0] * 766)),
        [255, 0],
    ),
}


def reds(data, expected):
    picture = load(data)
    if picture is None:
        raise Refused(refusal(data))
    if np.abs(picture[..., 0].ravel() - np.array(expected)).max() > 1:
        raise Unnamed(f"{picture[..., 0].tolist()} instead of {expected}")


# --- shapes ----------------------------------------------------------------------------------


def shape_cases():
    limits = {"WEBP": 16_383, "AVIF": 65_500, "GIF": 65_500}
    for kind, size in product(FORMATS, [(1, 65_500), (65_500, 1), (1, 1), (3, 2)]):
        if max(size) > limits.get(kind, 65_500):
            size = tuple(min(side, limits[kind]) for side in size)
        make = partial(encoded, Image.new("RGB", size, (0, 128, 255)), kind)
        shown = np.broadcast_to(np.array([0, 128, 255]), (size[1], size[0], 3))
        if kind == "AVIF" and max(size) > 3:
            yield Case(f"AVIF of {size}", partial(odd, make), seconds=PATIENT)
        else:
            yield Case(f"{kind} of {size}", partial(good, make, shown, 4), seconds=20)
    for kind, size in product(("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"), SIZES):
        # A WebP cannot claim nothing.
        if kind != "WEBP" or all(size):
            make = partial(claiming, kind, size)
            yield Case(f"{kind} that claims {size}", partial(refused, make))


SIZES = [(0, 0), (0, 9), (9, 0), (65_535, 65_535)]


def claiming(kind, size):
    """Return a small picture whose header claims another size."""
    data = bytearray(encoded(upright(), kind))
    width, height = size
    if kind == "PNG":
        data[16:24] = struct.pack(">LL", *size)
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    elif kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", *size)
        at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
        data[at + 5 : at + 9] = struct.pack("<HH", *size)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", *size)
    elif kind == "WEBP":
        data = bytearray(webp(bytes(data), []))
        data[24:30] = b"".join((side - 1).to_bytes(3, "little") for side in size)
    else:
        tags = {256: (4, [width]), 257: (4, [height]), 258: (3, [8] * 3), 259: (3, [1])}
        data = tiff(tags | {262: (3, [2]), 277: (3, [3])}, bytes(900))
    return bytes(data)


# --- odd metadata ----------------------------------------------------------------------------


def metadata_cases():
    close = CLOSE["JPEG"]
    for name, make in HOPELESS.items():
        yield Case(name, partial(refused, make, "damaged.*ave it anew"))
    for name, make in (JPEG_METADATA | PNG_METADATA | WEBP_METADATA | OTHER_METADATA).items():
        off = close if name in JPEG_METADATA or "GIF" in name else 0
        yield Case(name, partial(good, make, upright(), off), seconds=20)


def jpeg_with(*segments, at=2):
    data = encoded(upright(), "JPEG")
    return data[:at] + b"".join(segments) + data[at:]


JPEG_METADATA = {
    f"JPEG, {name}": partial(jpeg_with, *segments)
    for name, segments in {
        "JFXX": [segment(0xE0, b"JFXX\0\x10")],
        "Photoshop cut short": [segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04")],
        "Photoshop in a mess": [segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0\0\0\0\x40a")],
        "ICC profile cut short": [segment(0xE2, b"ICC_PROFILE\0")],
        "ICC profile incomplete": [segment(0xE2, b"ICC_PROFILE\0\1\7" + bytes(99))],
        "ICC profile garbage": [segment(0xE2, b"ICC_PROFILE\0\1\1" + b"x" * 999)],
        "MPO without an index": [segment(0xE2, b"MPF\0")],
        "MPO with a garbage index": [segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff" + b"x" * 99)],
        "MPO of a thousand": [
            segment(0xE2, b"MPF\0" + directory([(0xB001, 4, 1, struct.pack("<L", 1000))]))
        ],
        "a comment of 65,533 bytes": [segment(0xFE, b"x" * 65_533)],
        "an empty comment": [segment(0xFE, b"")],
        "100 comments": [segment(0xFE, b"<script>")] * 100,
        "all application segments": [
            segment(m, b"\xff\xd8\xff\xda" * 9) for m in range(0xE1, 0xF0)
        ],
        "EXIF in 40 segments": [segment(0xE1, b"Exif\0\0" + bytes(60_000))] * 40,
        "EXIF in 160,000 segments": [segment(0xE1, b"Exif\0\0" + bytes(100))] * 160_000,
        "filled up": [b"\xff" * 40_000_000],
        "FlashPix": [segment(0xE2, b"FPXR\0")],
        "XMP that ends early": [segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xm")],
        "fill bytes": [b"\xff" * 50, segment(0xFE, b"")],
    }.items()
}


def png_with(*chunks, behind=False):
    data = encoded(upright())
    at = len(data) - 12 if behind else 33
    return data[:at] + b"".join(chunks) + data[at:]


def bomb_text(megabytes):
    return zlib.compress(bytes(megabytes * 1_000_000), 9)


PNG_METADATA = {
    f"PNG, {name}, {'behind' if behind else 'before'}": partial(png_with, *chunks, behind=behind)
    for behind in (False, True)
    for name, chunks in {
        "text of 3 MB, packed": [chunk(b"zTXt", b"Comment\0\0" + bomb_text(3))],
        "text of 99 MB, packed": [chunk(b"zTXt", b"Comment\0\0" + bomb_text(99))],
        "EXIF profile of 99 MB": [chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb_text(99))],
        "70 texts of 1 MB": [chunk(b"tEXt", b"Comment\0" + b"x" * 1_000_000)] * 70,
        "text with a wrong checksum": [chunk(b"tEXt", b"Comment\0x", crc=1)],
        "text without end": [chunk(b"tEXt", b"Comment")],
        "text packed in an unknown way": [chunk(b"zTXt", b"Comment\0\7x")],
        "text damaged": [chunk(b"zTXt", b"Comment\0\0garbage")],
        "XMP packed and damaged": [chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0garbage")],
        "XMP that is no text": [chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0\xff\xfe")],
        "ICC profile of 99 MB": [chunk(b"iCCP", b"p\0\0" + bomb_text(99))],
        "ICC profile cut short": [chunk(b"iCCP", b"p")],
        "ICC profile in an unknown way": [chunk(b"iCCP", b"p\0\7xx")],
        "gamma cut short": [chunk(b"gAMA", b"\0")],
        "colours cut short": [chunk(b"cHRM", b"\0" * 9)],
        "sRGB empty": [chunk(b"sRGB", b"")],
        "resolution cut short": [chunk(b"pHYs", b"\0")],
        "time of nothing": [chunk(b"tIME", b"")],
        "a private chunk": [chunk(b"prVt", b"x" * 99)],
        "animation cut short": [chunk(b"acTL", b"\0")],
        "animation of no frames": [chunk(b"acTL", bytes(8))],
        "animation in disorder": [
            chunk(b"acTL", b"\0\0\0\2" + bytes(4)),
            chunk(b"fcTL", struct.pack(">LLLLLHHBB", 7, 64, 48, 0, 0, 1, 1, 0, 0)),
        ],
        "a frame larger than all": [
            chunk(b"acTL", b"\0\0\0\2" + bytes(4)),
            chunk(b"fcTL", struct.pack(">LLLLLHHBB", 0, 999, 999, 0, 0, 1, 1, 0, 0)),
        ],
        "a frame cut short": [chunk(b"fdAT", b"\0")],
        "10,000 small chunks": [chunk(b"teSt", b"")] * 10_000,
    }.items()
}

WEBP_METADATA = {
    "WebP, ICC garbage": lambda: webp(encoded(upright(), "WEBP"), [], [(b"ICCP", b"garbage")]),
    "WebP, ICC empty": lambda: webp(encoded(upright(), "WEBP"), [], [(b"ICCP", b"")]),
    "WebP, unknown chunks": lambda: webp(encoded(upright(), "WEBP"), [(b"ABCD", b"x" * 9)] * 99),
    "WebP, 20,000 XMP": lambda: webp(encoded(upright(), "WEBP"), [(b"XMP ", b"x")] * 20_000),
    "WebP, a size that is too large": lambda: encoded(upright(), "WEBP") + b"EXIF\xff\xff\xff\x00",
}


def tiff_with(*entries, **options):
    return oriented_tiff(upright(), list(entries))


def gif_with(*blocks):
    data = encoded(Image.fromarray(upright()).quantize(16), "GIF")
    at = 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + b"".join(blocks) + data[at:]


def webp_with(chunks):
    data = webp(encoded(upright(), "WEBP"), [])
    return data[:4] + struct.pack("<L", len(data) - 8 + len(chunks)) + data[8:] + chunks


OTHER_METADATA = {
    f"TIFF, {name}": partial(tiff_with, *entries)
    for name, entries in {
        "a loop of directories": [(330, 4, 1, b"\x08\0\0\0"), (0x8769, 13, 1, b"\x08\0\0\0")],
        "XMP outside": [(700, 1, 9999, b"\xf0\xff\xff\x7f")],
        "ICC profile outside": [(34675, 7, 9999, b"\xf0\xff\xff\x7f")],
        "a resolution of nothing": [(282, 5, 1, b"\x08\0\0\0"), (296, 3, 1, b"\2\0\0\0")],
        "a resolution of text": [(282, 2, 4, b"abcd"), (283, 2, 4, b"abcd")],
        "20,000 tags": [(65_000 - i % 15_000, 3, 1, b"\1\0\0\0") for i in range(20_000)],
        "data that is said to be huge": [(33432, 2, 0xFFFFFFFF, b"\x08\0\0\0")],
        "several of what there is one": [(266, 3, 2, b"\1\0\1\0"), (284, 3, 2, b"\1\0\1\0")],
        "types unknown": [(33432, 77, 1, b"abcd"), (305, 0, 1, b"abcd")],
    }.items()
} | {
    f"GIF, {name}": partial(gif_with, *blocks)
    for name, blocks in {
        "a comment of 1 MB": [b"!\xfe" + (b"\xff" + b"x" * 255) * 4000 + b"\0"],
        "100 empty comments": [b"!\xfe\0"] * 100,
        "an application cut short": [b"!\xff\x03NET\0"],
        "plain text": [b"!\x01\x0c" + bytes(12) + b"\2hi\0"],
        "an unknown extension": [b"!\x77\x01x\0"],
    }.items()
}

# What Pillow itself cannot open; it is written by nothing that is in use.
HOPELESS = {
    "JPEG, JFIF cut short": partial(jpeg_with, segment(0xE0, b"JFIF\0")),
    "JPEG, Adobe cut short": partial(jpeg_with, segment(0xEE, b"Adobe")),
    "WebP, EXIF that ends early": lambda: webp(encoded(upright(), "WEBP"), [(b"EXIF", b"x" * 500)])[
        :-300
    ],
    "GIF, a loop without a number": partial(gif_with, b"!\xff\x0bNETSCAPE2.0\0"),
    "TIFF, XMP of a strange type": partial(tiff_with, (700, 12, 1, b"\x08\0\0\0")),
    "TIFF, a resolution outside": partial(tiff_with, (282, 5, 1, b"\xf0\xff\xff\x7f")),
}


# --- bombs -----------------------------------------------------------------------------------


def scans(n, size=(64, 64), mode="L"):
    """A progressive JPEG that repeats its last scan."""
    data = encoded(Image.new(mode, size, 128), "JPEG", progressive=True, subsampling=2)
    last = data.rindex(b"\xff\xda")
    scan = data[data.rindex(b"\xff\xc4", 0, last) : -2]
    return data[:-2] + scan * n + b"\xff\xd9"


def sequential_scans(n):
    """A JPEG that is not progressive, but gives each colour on its own, and again."""
    data = encoded(Image.new("YCbCr", (2000, 2000)), "JPEG")
    at = data.index(b"\xff\xda")
    head, body = (
        data[:at],
        b"".join(segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + b"\x28\xa2\x80" * 3 for _ in range(n)),
    )
    return head + body + b"\xff\xd9"


def one_colour(side, first=1, filled=True):
    """A JPEG of three colours, of a scan that has fewer."""
    data = bytearray(encoded(Image.new("YCbCr", (64, 64)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", side, side)
    colours = b"".join(bytes([colour + 1, 0]) for colour in range(first))
    scan = segment(0xDA, bytes([first]) + colours + bytes([0, 63, 0]))
    head = bytes(data[: data.index(b"\xff\xda")])
    return head + scan + bytes(side * side // 100 * filled) + b"\xff\xd9"


def hidden_scans(n, side):
    """A JPEG of which a comment holds the bytes that end one."""
    data = scans(n, (side, side))
    at = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    return data[:at] + segment(0xFE, b"\xff\xd9") + data[at:]


def many_values(n, tags, order="<", big=False):
    """A TIFF of whose tags some have very many values, all at one place."""
    usual = {256: (4, 1), 257: (4, 4), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 16)}
    usual |= {277: (3, 1), 278: (4, 4), 279: (4, 4)} | dict.fromkeys(tags, (3, None))
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + ("HHQ" if big else "L"), *((8, 0, 28) if big else (20,)))
    number, entry, place = ("Q", "HHQ", "Q") if big else ("H", "HHL", "L")
    head += bytes(12) + struct.pack(order + number, len(usual))
    size = struct.calcsize(order + place)
    at = len(head) + len(usual) * (struct.calcsize(order + entry) + size) + size
    for tag, (kind, value) in sorted(usual.items()):
        head += struct.pack(order + entry, tag, kind, n if value is None else 1)
        packed = struct.pack(order + {3: "H", 4: "L"}[kind], value or 0).ljust(size, b"\0")
        head += struct.pack(order + place, at) if value is None else packed
    return head + bytes(size) + struct.pack(order + "H", 1000) * n


def large_directory(n):
    """A TIFF of whose EXIF, a directory of its own, one tag has very many values."""
    at = len(tiff_of(t34665=(4, [0])))
    entry = (0x9000, 3, n, struct.pack("<L", at + 18))
    values = struct.pack("<H", 1000) * n
    return tiff_of(t34665=(4, [at])) + directory([entry], head=False) + values


def large_exif(kind, n):
    """A picture whose orientation has very many values."""
    exif = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHLL", 274, 3, n, 26) + bytes(4)
    return with_exif(encoded(upright(), kind), kind, exif + struct.pack("<H", 1000) * n)


# Each took gigabytes, and whether it is read.
SMALL_BOMBS = {
    "JPEG of a scan of nothing": (partial(one_colour, 22_000, filled=False), False),
    "JPEG of a scan of one colour": (partial(one_colour, 22_000), False),
    "JPEG of a scan of two colours": (partial(one_colour, 22_000, 2), False),
    "JPEG of scans behind a comment": (partial(hidden_scans, 3500, 4000), False),
    "TIFF of 12 million strips": (partial(many_values, 12_000_000, [273, 279]), False),
    "TIFF of many bits": (partial(many_values, 10_000_000, [258, 338, 339]), False),
    "TIFF of many bits, big-endian": (partial(many_values, 10_000_000, [258], ">"), False),
    "BigTIFF of many bits": (partial(many_values, 10_000_000, [258, 339], "<", True), False),
    "TIFF of a large EXIF": (partial(large_directory, 30_000_000), True),
    "PNG of a large EXIF": (partial(large_exif, "PNG", 40_000_000), True),
    "WebP of a large EXIF": (partial(large_exif, "WEBP", 20_000_000), True),
    "PNG of a large profile": (
        lambda: png_with(chunk(b"tEXt", b"Raw profile type exif\0" + b"\n" * 60_000_000)),
        True,
    ),
}


def many_idat(n):
    rows = zlib.compress(bytes((64 * 3 + 1) * 48))
    data = encoded(upright())
    pieces = [rows[i : i + 1] for i in range(len(rows))] + [b""] * n
    return data[:33] + b"".join(chunk(b"IDAT", each) for each in pieces) + chunk(b"IEND", b"")


def gif_frames(n):
    data = encoded(Image.fromarray(upright()).quantize(16), "GIF")
    at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return data[:-1] + frame * n + b";" if at else b""


def webp_frames(n):
    still = encoded(upright(), "WEBP")
    length = struct.unpack_from("<L", still, 16)[0]
    image = b"VP8L" + struct.pack("<L", length) + still[20 : 20 + length] + bytes(length % 2)
    size = (63).to_bytes(3, "little") + (47).to_bytes(3, "little")
    frame = bytes(6) + size + b"\1\0\0\0" + image
    head = b"\2\0\0\0" + size
    return riff([(b"VP8X", head), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * n])


def tiff_of(width=64, height=48, strips=None, data=bytes(64 * 48 * 3), **tags):
    usual = {256: (4, [width]), 257: (4, [height]), 258: (3, [8] * 3), 259: (3, [1])}
    usual |= {262: (3, [2]), 277: (3, [3]), 278: (4, [height])}
    return tiff(usual | {int(k[1:]): v for k, v in tags.items()}, data, strips=strips)


def tiff_loop():
    data = bytearray(encoded(upright(), "TIFF"))
    start = struct.unpack_from("<L", data, 4)[0]
    (n,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<L", data, start + 2 + 12 * n, start)
    return bytes(data)


def packed_tiff(method, size):
    return encoded(Image.new("RGB", size), "TIFF", compression=method)


def bmp_runs(width, height, body, bits=8):
    palette = bytes(4 << bits)
    offset = 54 + len(palette)
    head = struct.pack("<2sLHHL", b"BM", offset + len(body), 0, 0, offset)
    packing = 1 if bits == 8 else 2
    info = (40, width, height, 1, bits, packing, len(body), 0, 0, 0, 0)
    return head + struct.pack("<LiiHHLLiiLL", *info) + palette + body


def webp_bomb(side):
    """A WebP of 30 bytes, lossless: no transforms, and five codes of one symbol each, 0."""
    bits = (side - 1) | (side - 1) << 14 | int("0001" * 5, 2) << 35
    return riff([(b"VP8L", b"\x2f" + bits.to_bytes(8, "little"))])


def behind_the_scan(n):
    """A grey JPEG whose end comes after so many marks that say nothing."""
    data = encoded(Image.new("RGB", (64, 64), (128, 128, 128)), "JPEG")
    return data[:-2] + b"\xff\1" * n + b"\xff\xd9"


# --- kinds that are not read ----------------------------------------------------------------


def jpeg_of_kind(marker, packed=bytes(2), side=4):
    """A grey JPEG that begins with a marker of another kind: lossless, or in arithmetic code."""
    frame = segment(marker, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    codes = segment(0xC4, b"\0\1\1" + bytes(14) + b"\0\1")
    return b"\xff\xd8" + frame + codes + segment(0xDA, b"\1\1\0\1\0\0") + packed + b"\xff\xd9"


def box(kind, *content):
    content = b"".join(content)
    return struct.pack(">L", 8 + len(content)) + kind + content


def full(kind, *content):
    return box(kind, bytes(4), *content)


def flat_avif(side=64):
    """The AV1 of one colour."""
    data = encoded(Image.new("RGB", (side, side), (200, 30, 30)), "AVIF", subsampling="4:2:0")
    return data[data.index(b"mdat") + 4 :]


def avif_of(av1, kind=b"av01", pieces=1, inside=False, more=b""):
    """An AVIF of an item, AV1 that it says to be 64×64, in pieces, or inside of "meta"."""
    properties = box(
        b"ipco", full(b"ispe", struct.pack(">LL", 64, 64)), box(b"av1C", b"\x81\0\x0c\0")
    )
    owned = full(b"ipma", struct.pack(">LHBBB", 1, 1, 2, 1, 0x82))

    def meta(start):
        cuts = [start + len(av1) * i // pieces for i in range(pieces + 1)]
        places = struct.pack(">BBHHHHH", 0x44, 0, 1, 1, inside, 0, pieces)
        places += b"".join(struct.pack(">LL", at, end - at) for at, end in pairwise(cuts))
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", b"\0\1"),
            box(b"iloc", b"\1\0\0\0", places),
            full(b"iinf", b"\0\1", box(b"infe", b"\2\0\0\0\0\1\0\0", kind, b"\0")),
            box(b"iprp", properties, owned),
            box(b"idat", av1) if inside else b"",
        )

    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
    return head + meta(0 if inside else len(head) + len(meta(0)) + 8) + box(b"mdat", av1) + more


def unit(kind, bits):
    """A unit of AV1: 1 is what frames have in common, 6 a frame."""
    body = int(bits.ljust(128, "0"), 2).to_bytes(16, "big")
    return bytes([kind << 3 | 2, len(body)]) + body


# What frames have in common: sizes of 16 bits, of a still picture, and of any.
SIZE = "1111" * 2 + "{:016b}" * 2
STILL, ANY = "00011" + "0" * 5 + SIZE, "0" * 29 + SIZE + "0" * 11
TWO_LAYERS = "000" + "00" + "0" + "1" + "00001" + ("0" * 12 + "01000" + "0" + "10000") * 2 + SIZE
FRAME = unit(6, "000100")


def common(side, bits=STILL):
    return unit(1, bits.format(side - 1, side - 1))


def animated_avif():
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    return encoded(images[0], "AVIF", save_all=True, append_images=images[1:])


def deep(values, code, **tags):
    return partial(bytes, greys(values, 8 * int(code[1:]), code, **tags))


# What is refused before it is decoded, and what it is called.
NOT_READ = {
    "lossless JPEG": (partial(jpeg_of_kind, 0xC3), "a lossless JPEG"),
    "JPEG in arithmetic code": (partial(jpeg_of_kind, 0xC9), "a JPEG in arithmetic code"),
    "progressive JPEG in arithmetic code": (
        partial(jpeg_of_kind, 0xCA, side=8000),
        "a JPEG in arithmetic code",
    ),
    "TIFF of JPEGs in arithmetic code": (
        lambda: tiff_of(
            *(4, 4, None, jpeg_of_kind(0xC9)),
            t258=(3, [8]),
            t259=(3, [7]),
            t262=(3, [1]),
            t277=(3, [1]),
        ),
        "a JPEG in arithmetic code",
    ),
    **{
        f"TIFF packed by {method}": (
            lambda m=method: encoded(Image.new("1", (64, 48)), "TIFF", compression=m),
            f"a TIFF packed by {method}",
        )
        for method in ("tiff_ccitt", "group3", "group4")
    },
    **{
        f"TIFF packed by method {method}": (
            lambda m=method: tiff_of(t259=(3, [m])),
            f"a TIFF packed by .*{what}",
        )
        for method, what in {6: "tiff_jpeg", 34712: "34712", 50002: "50002", 50001: "webp"}.items()
    },
    "TIFF of 32 bits": (deep([0, 2**31], "u4"), "32 bits"),
    "TIFF in floating point": (deep([0, 1], "f4", t339=(3, [3])), "32 bits"),
    "TIFF of 64 bits": (deep([0, 1], "f8", t339=(3, [3])), "unknown pixels"),
    "TIFF of bytes with a sign": (deep([0, -1], "i1", t339=(3, [2])), "with a sign"),
    "TIFF of 16 bits with a sign": (deep([0, -1], "i2", t339=(3, [2])), "32 bits"),
    "TIFF of 16 bits, white is 0": (
        partial(bytes, greys([0, 32768, 65535], 16, "u2", 0)),
        "whose white is 0",
    ),
    "big-endian TIFF of 16 bits, white is 0": (
        partial(bytes, greys([0, 1], 16, "u2", 0, ">")),
        "unknown pixels",
    ),
    "PNG of 16 bits, a colour transparent": (with_a_colour_transparent, "a PNG of 16 bits in"),
    "BMP of runs": (lambda: bmp_runs(64, 64, b"\x40\1\0\0" * 64), "run-length encoded"),
    "large BMP of runs": (lambda: bmp_runs(8000, 8000, b"\0\0" * 20_000_000), "run-length"),
}
AVIF_FRAMES = {}
if "AVIF" in FORMATS:
    NOT_READ |= {
        "AVIF of tiles": (lambda: avif_of(flat_avif(), b"grid"), "an AVIF made of tiles"),
        "AVIF in pieces": (lambda: avif_of(flat_avif(), pieces=3), "whose pixels lie in pieces"),
        "AVIF inside": (lambda: avif_of(flat_avif(), inside=True), "whose pixels lie in pieces"),
        "AVIF that moves": (animated_avif, "an animated AVIF"),
        "AVIF of frames": (
            lambda: avif_of(common(64) + FRAME * 2),
            "an AVIF of several frames",
        ),
        "AVIF with the times of a film": (
            lambda: avif_of(common(64, "0" * 5 + "1" + "0" * 99) + FRAME),
            "an AVIF of several frames",
        ),
    }
    # At the size that a frame may have, and whether it is read.
    AVIF_FRAMES = {
        "AVIF of the size that it says": (lambda: avif_of(flat_avif()), True),
        "AVIF of a frame that is a little larger": (lambda: avif_of(flat_avif(1000)), True),
        "AVIF of a frame that is larger": (lambda: avif_of(common(9000) + FRAME), False),
        "AVIF of a frame of any size": (lambda: avif_of(common(64, ANY) + FRAME), False),
        "AVIF of a frame of layers": (lambda: avif_of(common(64, TWO_LAYERS) + FRAME), False),
        "AVIF that says its size twice": (
            lambda: avif_of(common(64) + common(9000) + FRAME),
            False,
        ),
    }


def bomb_cases():
    made = {
        "JPEG of 2,000 scans": (partial(scans, 2000), False),
        "JPEG of 2,000 scans, 4 megapixels": (partial(scans, 2000, (2000, 2000)), False),
        "JPEG of 90 scans, 64 megapixels": (partial(scans, 80, (8000, 8000)), False),
        "JPEG of 40 scans, 1 megapixel": (partial(scans, 30, (1000, 1000)), True),
        "JPEG of 2,000 scans in colour": (partial(scans, 2000, (64, 64), "RGB"), False),
        "JPEG, sequential, of 5,000 scans": (partial(sequential_scans, 5000), False),
        **SMALL_BOMBS,
        **AVIF_FRAMES,
        "JPEG with a film behind it": (
            lambda: scans(5) + random.Random(3).randbytes(20_000_000),
            True,
        ),
        "JPEG of 400,000 segments": (lambda: jpeg_with(segment(0xFE, b"") * 400_000), True),
        **{
            f"{kind} of many small parts: {name}": (make, False)
            for (kind, name), make in MANY_PARTS.items()
        },
        "JPEG of 14 million notes of Photoshop's": (photoshop_notes, True),
        "JPEG of 50 MB of filling": (
            lambda: jpeg_with((b"\xff" * 999 + b"\xfe\0\2") * 50_000),
            True,
        ),
        "JPEG of 25 million restarts": (lambda: jpeg_with(b"\xff\xd0" * 25_000_000), True),
        "JPEG of 50 MB of zeros": (lambda: jpeg_with(bytes(50_000_000), at=20), True),
        "PNG of 20,000 IDAT": (partial(many_idat, 20_000), True),
        "PNG of 400,000 IDAT": (partial(many_idat, 400_000), None),
        "PNG of 400,000 texts": (lambda: png_with(chunk(b"teSt", b"") * 400_000), True),
        "GIF with a comment in 200,000 pieces": (
            lambda: gif_with(b"!\xfe" + b"\1x" * 200_000 + b"\0"),
            True,
        ),
        "GIF of 100,000 frames": (partial(gif_frames, 100_000), True),
        "GIF with a comment in 400,000 pieces": (
            lambda: gif_with(b"!\xfe" + b"\1x" * 400_000 + b"\0"),
            False,
        ),
        "GIF with 2 MB of rubbish": (lambda: gif_with(b"\1" * 2_000_000), None),
        "WebP of 50,000 frames": (partial(webp_frames, 50_000), True),
        "WebP of 16,383×16,383": (partial(webp_bomb, 16_383), False),
        "WebP of 7,000×7,000": (partial(webp_bomb, 7000), None),
        "TIFF of a million strips": (
            lambda: tiff_of(strips=[8] * 1_000_000, t278=(4, [1])),
            False,
        ),
        "TIFF of 60,000 strips": (
            lambda: tiff_of(1, 60_000, strips=[8] * 60_000, t278=(4, [1])),
            True,
        ),
        "TIFF of tiles that are huge": (
            lambda: tiff_of(t322=(4, [60_000]), t323=(4, [60_000]), t324=(4, [8]), t259=(3, [5])),
            False,
        ),
        "TIFF of a million samples": (lambda: tiff_of(t277=(4, [1_000_000])), False),
        "TIFF of many values for bits": (lambda: tiff_of(t258=(3, [8] * 500_000)), None),
        "TIFF in a loop": (tiff_loop, False),
        "TIFF, LZW, 49 megapixels of nothing": (
            partial(packed_tiff, "tiff_lzw", (7000, 7000)),
            None,
        ),
        "TIFF, deflate, 49 megapixels of nothing": (
            partial(packed_tiff, "tiff_adobe_deflate", (7000, 7000)),
            None,
        ),
        "TIFF of 200 megapixels": (lambda: tiff_of(20_000, 10_000), False),
        "BMP of 4 gigapixels": (partial(claiming, "BMP", (65_535, 65_535)), False),
        "PNG of 81 megapixels": (partial(flat_png, 9000, 9000), False),
        "PNG of 50 megapixels": (partial(flat_png, 10_000, 5000), True),
        "JPEG of 480 megapixels": (partial(claiming_whole, 24_000, 20_000), None),
        "JPEG of many marks behind its scan": (partial(behind_the_scan, 20_000_000), True),
    }
    for name, (make, read) in made.items():
        yield Case(name, partial(quick, make, read), seconds=PATIENT)
    for n, budget in ((2, 1200), (8, 1200)):
        yield Case(
            f"24 bombs, read by {n} threads", partial(together, n, budget), seconds=4 * PATIENT
        )


def photoshop_notes():
    note = b"8BIM\4\5\0\0\0\0\0\0"
    return jpeg_with(segment(0xED, b"Photoshop 3.0\0" + note * 5450) * 2600)


# 50 MB each, which a zip packs into some 100 kB.
_TWICE = segment(0xE1, b"Exif\0\0") * 2
MANY_PARTS = {
    ("JPEG", "segments"): lambda: jpeg_with(segment(0xEE, b"") * 12_500_000),
    ("JPEG", "segments behind EXIF"): lambda: jpeg_with(_TWICE + segment(0xEE, b"") * 12_500_000),
    ("PNG", "private chunks"): lambda: png_with(chunk(b"prIv", b"") * 4_000_000),
    ("PNG", "IDAT"): lambda: png_with(chunk(b"IDAT", b"") * 4_000_000),
    ("GIF", "a comment"): lambda: gif_with(b"!\xfe" + b"\1a" * 25_000_000 + b"\0"),
    ("GIF", "comments"): lambda: gif_with(b"!\xfe\1a\0" * 10_000_000),
    ("WebP", "chunks"): lambda: webp_with(b"abcd\0\0\0\0" * 6_000_000),
    ("GIF", "junk"): lambda: gif_with(b"\1" * 50_000_000),
}
if "AVIF" in FORMATS:
    MANY_PARTS["AVIF", "items"] = lambda: avif_of(
        flat_avif(), more=full(b"meta", full(b"iinf", b"\0\0", box(b"infe", bytes(12)) * 20_000))
    )


def flat_png(width, height):
    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes((3 * width + 1) * height), 1)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def claiming_whole(width, height):
    """A small JPEG that claims to be large, and of which most is missing."""
    data = bytearray(encoded(upright(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


# What extraction does, but for the network.
TOGETHER = """
import json, sys, types
import numpy as np
from benchmarks.measure import peak_megabytes
import zapsim
from zapsim import features
features._THREADS = int(sys.argv[2])
catalogue = zapsim.load_catalogue(sys.argv[1])
extractor = zapsim.VGG16Extractor(batch_size=3)
extractor.load(np.zeros((9, 9, 3), np.uint8))
before = peak_megabytes()
batches = list(features.each_batch(catalogue, list(catalogue.keys), extractor, len))
read = sum(len(batch.keys) for batch in batches)
unreadable = {k: v for batch in batches for k, v in batch.unreadable.items()}
print(json.dumps([peak_megabytes() - before, read, unreadable]))
"""


def together(threads, most):
    """Read 24 files that are small until they are unpacked, as extraction reads them."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="hostile") as folder:
        # By themselves 260, 480 and 180 MB.
        makers = [partial(webp_bomb, 4000), partial(webp_bomb, 5500), partial(flat_png, 5000, 5000)]
        made = [make() for make in makers]
        for number in range(24):
            (Path(folder) / f"{number}.webp").write_bytes(made[number % 3])
        done = subprocess.run(
            [sys.executable, "-c", TOGETHER, folder, str(threads)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise Finding(done.stderr[-500:])
    megabytes, read, unreadable = json.loads(done.stdout.splitlines()[-1])
    for key, why in unreadable.items():
        if not why.startswith(f"{key}: "):
            raise Unnamed(why)
    if read + len(unreadable) != 24 or read < 24:
        raise Refused(f"{read} of 24 were read: {unreadable}")
    if megabytes > most:
        raise Finding(f"{threads} threads took {megabytes:.0f} MB, more than {most}")


# --- what is no picture ----------------------------------------------------------------------


def other_cases():
    others = {
        "nothing": b"",
        "one byte": b"\xff",
        "zeros": bytes(999),
        "text": b"hello" * 99,
        "PDF": b"%PDF-1.7\n" + bytes(99),
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "ICO": encoded(upright(), "ICO"),
        "PPM": encoded(upright(), "PPM"),
        "TGA": encoded(upright(), "TGA"),
        "JPEG 2000": encoded(upright(), "JPEG2000"),
        "PSD": b"8BPS\0\1" + bytes(99),
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(99),
        "FLI": b"\0\0\0\0\x11\xaf" + bytes(200),
        "XBM": b"#define im_width 9\n#define im_height 9\nstatic char im_bits[] = {0};",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    for name, data in others.items():
        yield Case(f"{name} is no picture", partial(refused, lambda d=data: d, "not a JPEG|empty"))
    heads = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"BM"]
    heads += [
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"MM\0+",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"\0\0\0\x18ftypavif",
    ]
    for head, seed in product(heads, range(4)):
        rest = random.Random(f"{head} {seed}").randbytes([0, 40, 400, 4000][seed])
        make = partial(bytes.__add__, head, rest)
        yield Case(f"{head!r} and rubbish, {seed}", partial(refused, make))


def cases(folder):
    made = [
        *orientation_cases(),
        *damage_cases(),
        *mode_cases(),
        *shape_cases(),
        *metadata_cases(),
        *other_cases(),
        *bomb_cases(),
    ]
    # In an order in which a share has some of each.
    random.Random(7).shuffle(made)
    return made


@given(
    st.sampled_from(sorted(VARIANTS)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20),
    st.floats(0, 1),
)
def fuzz(name, changes, kept):
    data = bytearray(variant(name, (24, 16)))
    for place, byte in changes:
        data[int(place * len(data))] = byte
    if kept < 0.5:
        data = data[: int(2 * kept * len(data))]
    odd(lambda: bytes(data))
