"""Tell what a file is, by its suffix or its first bytes, and what to do where it is not read.

In: a name, or the first bytes of a file. Out: words for messages. The edge rule: what is not
known is None, and nothing is said about it.
"""

from pathlib import PurePosixPath

from PIL import features

__all__ = ["FORMATS", "READABLE", "START", "SUFFIXES", "advice", "suffix_of", "told_by_content"]

# So many first bytes tell what a file is.
START = 512
# Only these decoders are ever tried, whatever a file is called.
_DECODERS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".pjpeg", ".pjp"),
    "PNG": (".png",),
    "WebP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
}
# Pillow below 11.2 does not know the word.
_AVIF = "avif" in features.modules and features.check_module("avif")
if _AVIF:
    _DECODERS["AVIF"] = (".avif",)

FORMATS = tuple(name.upper() for name in _DECODERS)
READABLE = f"{', '.join(list(_DECODERS)[:-1])} or {list(_DECODERS)[-1]}"
SUFFIXES = tuple(suffix for suffixes in _DECODERS.values() for suffix in suffixes)

_WHAT_TO_DO = {
    "export it as JPEG (on an iPhone, Settings > Camera > Formats > Most Compatible)": (
        ".heic .heif .hif"
    ),
    "update Pillow, which then reads it: pip install -U pillow": "" if _AVIF else ".avif",
    "a drawing: export it as PNG": ".svg .svgz .eps .ai .wmf .emf",
    "export it as JPEG or PNG": ".psd .psb .xcf .kra .afphoto .clip .procreate",
    "a camera's raw data: develop it and export it as JPEG": (
        ".raw .dng .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .orf .rw2 .raf .pef .srw .x3f .3fr "
        ".iiq .rwl .mrw .erf .kdc .dcr .mos"
    ),
    "convert it to JPEG or PNG": (
        ".jp2 .j2k .j2c .jpf .jpx .jpm .jxl .jxr .hdp .wdp .tga .pcx .ppm .pgm .pbm .pnm .pam "
        ".exr .hdr .dds .ico .icns .cur .apng .jps .mpo .dcm .dicom .fits .bpg .flif .xbm .xpm .dib"
    ),
    "an archive: unpack it, and open the folder": (
        ".zip .tar .tgz .tbz .tbz2 .txz .tzst .gz .bz2 .xz .zst .7z .rar .cbz .cbr"
    ),
    "not downloaded to the end: download it again": ".part .crdownload .download .partial",
}
_ADVICE = {suffix: what for what, suffixes in _WHAT_TO_DO.items() for suffix in suffixes.split()}

_UNFINISHED = (".part", ".partial", ".download", ".crdownload")
_PACKED = (".gz", ".bz2", ".xz", ".zst")

_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"8BPS": "Photoshop",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"PK\3\4": "zip",
    b"PK\5\6": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\7": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_TEXTS = {b"<svg": "SVG", b"<html": "web page", b"<!doctype html": "web page"}
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def suffix_of(name):
    """Return a name's suffix in lower case, e.g. ``".jpg"``; "" where there is none."""
    return PurePosixPath(name).suffix.lower()


def advice(name):
    """Say what to do with a file that looks like a picture and is not read; None for others."""
    suffix = suffix_of(name)
    # As servers and downloads make them: "1.jpg_large", "1.jpg!d", "1.png~".
    if suffix.startswith(SUFFIXES) and suffix not in SUFFIXES:
        longest = max((s for s in SUFFIXES if suffix.startswith(s)), key=len)
        return (
            None if suffix[len(longest)].isalnum() else f"rename it, so that it ends in {longest}"
        )
    # A download of something else is no picture, and "styles.csv.gz" holds none.
    before = suffix_of(name[: -len(suffix)]) if suffix else ""
    if (suffix in _UNFINISHED and before not in SUFFIXES) or (
        suffix in _PACKED and before != ".tar"
    ):
        return None
    return _ADVICE.get(suffix)


def told_by_content(start):
    """Return what a file is by its first bytes, e.g. ``"JPEG"`` or ``"7z"``; None if unknown."""
    for beginning, what in _BEGINNINGS.items():
        if start.startswith(beginning):
            return what
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"avis": "AVIF"}.get(
            start[8:12], "HEIC" if start[8:12] in _HEIF else "video"
        )
    if start[257:262] == b"ustar":
        return "tar"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, what in _TEXTS.items():
        if text.startswith(beginning) or (text.startswith(b"<?xml") and beginning in text):
            return what
    return None
