import os
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.hostile.pictures import (
    AS_STORED,
    AVIF_FRAMES,
    COLOURS,
    CUT_SHORT,
    MANY_PARTS,
    NOT_READ,
    SIZE,
    TWO_LAYERS,
    behind_the_scan,
    common,
    exif_in_parts,
    jpeg_with,
    photoshop_notes,
    whole,
    xmp_beside,
)
from zapsim.io import limits, pictures, squares
from zapsim.io.formats import FORMATS
from zapsim.io.limits import MAX_PIXELS
from zapsim.io.parts import av1_pixels
from zapsim.io.pictures import PictureError, load_picture

PILLOW = int(PIL.__version__.partition(".")[0])
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def assert_rgb(picture, height, width):
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.writeable


# --- what files hold -------------------------------------------------------------------------


def upright():
    """Six blocks of different colours, 32 high and 48 wide, no two rotations alike."""
    blocks = np.array([[RED, GREEN, BLUE], [WHITE, (0, 0, 0), (255, 255, 0)]], np.uint8)
    return blocks.repeat(16, axis=0).repeat(16, axis=1)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", AS_STORED)
def test_exif_rotation_is_applied(orientation, file_format, encoded):
    stored = Image.fromarray(np.ascontiguousarray(AS_STORED[orientation](upright())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if file_format == "JPEG" else {}
    data = encoded(stored, file_format, exif=exif, **options)

    picture = load_picture(data)

    assert_rgb(picture, 32, 48)
    np.testing.assert_allclose(picture.astype(int), upright(), atol=4)


def test_exif_rotation_of_a_pillow_image_is_applied_too(encoded):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(upright())))
    image = Image.open(BytesIO(encoded(stored, exif=exif)))
    assert (load_picture(image) == upright()).all()


def entry(tag, kind, count, value):
    return struct.pack("<HHL4s", tag, kind, count, value)


SIX = entry(0x0112, 3, 1, b"\6\0\0\0")
FAR = b"\xf0\xff\xff\xff"
# What follows the number of entries, and which way is up.
EXIF = {
    "whole": (SIX, 6),
    "in a loop": (SIX + entry(0x8769, 4, 1, b"\x08\0\0\0"), 6),
    "outside": (entry(0x010F, 2, 900, FAR) + SIX + entry(0x8825, 4, 1, FAR), 6),
    "a resolution that is text": (
        SIX + entry(0x011A, 2, 3, b"ab\0\0") + entry(0x0128, 2, 1, FAR),
        6,
    ),
    **{
        f"a resolution of type {kind}": (
            SIX + entry(0x011A, kind, 1, b"H\0\0\0") + entry(0x0128, 3, 1, b"\2\0\0\0") + bytes(4),
            6,
        )
        for kind in (1, 2, 7)
    },
    "cut off": (SIX + b"\x12", 6),
    "orientation 0": (entry(0x0112, 3, 1, bytes(4)), 1),
    "orientation 9": (entry(0x0112, 3, 1, b"\x09\0\0\0"), 1),
    "orientation of text": (entry(0x0112, 2, 2, b"6\0\0\0"), 1),
    "orientation outside": (entry(0x0112, 5, 1, FAR), 1),
    "nothing": (b"", 1),
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("exif", EXIF)
def test_only_the_orientation_of_exif_counts(exif, file_format, encoded):
    entries, turned = EXIF[exif]
    head = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", max(1, len(entries) // 12))
    stored = Image.fromarray(np.ascontiguousarray(AS_STORED[turned](upright())))
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    data = encoded(stored, file_format, exif=head + entries, **options.get(file_format, {}))
    # Earlier ones read no tag behind one that lies outside.
    wanted = np.asarray(stored) if exif == "outside" and PILLOW < 12 else upright()
    np.testing.assert_allclose(load_picture(data).astype(int), wanted, atol=4)


def test_where_exif_does_not_say_xmp_does(encoded):
    stored = Image.fromarray(np.ascontiguousarray(AS_STORED[6](upright())))
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0" + bytes(4)
    data = encoded(stored, "JPEG", exif=exif, xmp=xmp, quality=100, subsampling=0)
    np.testing.assert_allclose(load_picture(data).astype(int), upright(), atol=4)


@pytest.mark.parametrize("exif", [b"garbage", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_with_damaged_exif_a_picture_is_as_it_is(exif, file_format, encoded):
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    image = Image.fromarray(upright())
    data = encoded(image, file_format, exif=b"Exif\0\0" + exif, **options.get(file_format, {}))
    np.testing.assert_allclose(load_picture(data).astype(int), upright(), atol=4)


SILENT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
from zapsim.io.pictures import load_picture
with ThreadPoolExecutor(4) as pool:
    read = list(pool.map(load_picture, sys.argv[1:] * 20))
assert all(picture.shape == (32, 48, 3) for picture in read)
Image.MAX_IMAGE_PIXELS = 999
Image.open(sys.argv[1]).close()
"""


def test_pillow_says_nothing_of_metadata_but_all_else(tmp_path, encoded):
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    png = encoded(Image.fromarray(upright()), "PNG", exif=exif)
    (tmp_path / "1.png").write_bytes(png)
    (tmp_path / "2.png").write_bytes(png[:33] + chunk(b"acTL", bytes(8)) + png[33:])
    more = [(271, 3, 0), (274, 3, 1), (0x8769, 4, 2**32 - 9)]
    (tmp_path / "3.tif").write_bytes(tiff(48, 32, upright().tobytes(), more=more))
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    command = [sys.executable, "-W", "default", "-c", SILENT, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.count("Warning: ") == 1
    assert "DecompressionBombWarning: " in done.stderr


def chunk(kind, content, crc=None):
    crc = zlib.crc32(kind + content) if crc is None else crc
    return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")


# Each kept Pillow from opening it.
METADATA = {
    "packed text": ("PNG", chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000)))),
    "packed profile": ("PNG", chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(3_000_000)))),
    "text with a wrong checksum": ("PNG", chunk(b"tEXt", b"a\0b", crc=1)),
    "resolution cut short": ("PNG", chunk(b"pHYs", b"")),
    "animation in disorder": ("PNG", chunk(b"acTL", bytes(8)) + chunk(b"fcTL", bytes(26))),
    "Photoshop cut short": ("JPEG", b"\xff\xed\0\x16Photoshop 3.0\x008BIM\3\xed"),
    "profile cut short": ("JPEG", b"\xff\xe2\0\x0eICC_PROFILE\0"),
}


@pytest.mark.parametrize("kind", METADATA)
def test_other_metadata_does_not_cost_the_picture(kind, drawn, encoded):
    file_format, added = METADATA[kind]
    data, at = encoded(drawn(), file_format), {"PNG": 33, "JPEG": 2}[file_format]
    # Earlier ones refuse fewer of them.
    with (
        pytest.raises(Exception, match=r".*") if PILLOW >= 12 else suppress(Exception),
        Image.open(BytesIO(data[:at] + added + data[at:])) as image,
    ):
        image.load()
    assert (load_picture(data[:at] + added + data[at:]) == load_picture(data)).all()


def test_what_metadata_costs_the_picture_says_so(drawn, encoded):
    data = encoded(drawn(), "JPEG")
    with pytest.raises(PictureError, match=r"^a\.jpg: .*It, or its metadata, is damaged: .*anew"):
        load_picture(data[:2] + b"\xff\xe0\0\7JFIF\0" + data[2:], "a.jpg")


def test_metadata_that_costs_the_picture_does_not_cost_its_orientation(encoded):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(AS_STORED[6](upright())))
    for file_format, kind in (("PNG", "text with a wrong checksum"), ("JPEG", "profile cut short")):
        added, at = METADATA[kind][1], {"PNG": 33, "JPEG": 2}[file_format]
        data = encoded(stored, file_format, exif=exif)
        picture = load_picture(data[:at] + added + data[at:])
        assert picture.shape == (32, 48, 3)


@pytest.mark.parametrize(
    "more",
    [
        (b"\xff\xe1" + (108).to_bytes(2, "big") + b"Exif\0\0" + bytes(100)) * 160_000,
        b"\xff" * 10**8,
    ],
)
def test_a_jpeg_of_many_segments_takes_no_longer_and_is_turned(encoded, more):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(upright()).transpose(Image.Transpose.ROTATE_90)
    data = encoded(stored, "JPEG", exif=exif, quality=100, subsampling=0)
    # Behind all that say something of it.
    at = data.index(b"\xff\xdb")
    start = time.process_time()
    picture = load_picture(data[:at] + more + data[at:])
    assert time.process_time() - start < 5
    assert (picture == load_picture(data)).all()
    assert picture.shape == upright().shape


@pytest.mark.parametrize("turned", AS_STORED)
def test_what_is_told_in_parts_or_beside_damage_turns_a_picture(turned):
    expected = load_picture(jpeg_with())
    for split in (0, 15, None):
        picture = load_picture(exif_in_parts(turned, split))
        np.testing.assert_allclose(picture.astype(int), expected, atol=4)
    for kind in ("zTXt", "iCCP"):
        picture = load_picture(xmp_beside(turned, kind))
        np.testing.assert_allclose(picture.astype(int), expected, atol=4)


@pytest.mark.parametrize("name", COLOURS)
def test_colours_that_pillow_itself_mistakes(name):
    data, expected = COLOURS[name]
    np.testing.assert_allclose(load_picture(data)[..., 0].ravel(), expected, atol=1)


@pytest.mark.parametrize("name", NOT_READ)
def test_a_kind_of_picture_that_no_shop_has_is_refused_before_it_is_decoded(name, monkeypatch):
    make, why = NOT_READ[name]
    data = make()
    # What is called just before.
    monkeypatch.setattr(Image.core, "set_block_size", None)
    start = time.process_time()
    with pytest.raises(
        PictureError, match=rf"^a: .*{why}.*, which is not read\)\. Save it anew, as J"
    ):
        load_picture(data, "a")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_picture_with_fewer_rows_than_it_says_is_named(name):
    with pytest.raises(PictureError, match=r"^a: .*(truncated|damaged).*[sS]ave it"):
        load_picture(CUT_SHORT[name](), "a")


def test_a_picture_that_looks_as_if_something_were_missing_is_read():
    for name, (data, grey) in whole().items():
        picture = load_picture(data, name).astype(int)
        if grey is not None:
            np.testing.assert_allclose(picture[..., 1], grey, atol=1, err_msg=name)


def test_grey_at_the_end_is_grey(encoded):
    grey = Image.new("RGB", (64, 48), (128, 128, 128))
    for options in ({}, {"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}):
        assert (load_picture(encoded(grey, "JPEG", **options)) == 128).all()


@pytest.mark.parametrize("colour", [(128, 128, 128), (200, 90, 30)])
def test_a_jpeg_that_gives_each_colour_by_itself_is_read(colour, encoded):
    size = (64, 48)
    planes = Image.new("RGB", size, colour).convert("YCbCr").split()
    made = [encoded(plane, "JPEG", quality=95) for plane in planes]
    at = made[0].index(b"\xff\xc0")
    start = made[0].index(b"\xff\xda")
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", *size[::-1]) + b"\3"
    frame += b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    whole = made[0][:at] + frame + made[0][at + 13 : start]
    for number, plane in enumerate(made, 1):
        scan = bytearray(plane[start:-2])
        scan[5] = number
        whole += bytes(scan)
    picture = load_picture(whole + b"\xff\xd9")
    np.testing.assert_allclose(picture.astype(int), np.full((48, 64, 3), colour), atol=3)


def test_around_the_first_picture_of_a_gif_it_is_white():
    head = b"GIF89a" + struct.pack("<HHBBB", 4, 2, 0x80, 1, 0) + bytes([0, 0, 0, 255, 0, 0])
    one = struct.pack("<BHHHHB", 0x2C, 1, 0, 1, 1, 0) + b"\2\2D\1\0"
    picture = load_picture(head + one + b";")
    assert picture[0, :, 1].tolist() == [255, 0, 255, 255]
    assert (picture[1] == 255).all()


def test_an_avif_whose_exif_is_damaged_is_read(encoded):
    if "AVIF" not in FORMATS:
        pytest.skip("this Pillow does not read AVIF")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody"
    stored = Image.fromarray(np.ascontiguousarray(AS_STORED[6](upright())))
    data = encoded(stored, "AVIF", exif=exif, quality=100, subsampling="4:4:4")
    damaged = data.replace(b"MM\0*", b"\xff\xff\xff\xff").replace(b"II*\0", b"\xff\xff\xff\xff")
    assert damaged != data
    np.testing.assert_allclose(load_picture(damaged).astype(int), upright(), atol=6)


@pytest.mark.parametrize("turned", AS_STORED)
def test_a_tiff_is_turned_too_whatever_else_its_directory_says(turned):
    stored = AS_STORED[turned](upright())
    height, width = stored.shape[:2]
    more = [(274, 3, turned), (0x8769, 4, 8)]
    data = tiff(width, height, stored.tobytes(), more=more)
    assert (load_picture(data) == upright()).all()


def half_transparent(mode):
    """Three pixels: opaque, half transparent, fully transparent."""
    if mode == "RGBA":
        pixels = [[(255, 0, 0, 255), (255, 0, 0, 128), (255, 0, 0, 0)]]
    else:
        pixels = [[(0, 255), (0, 128), (0, 0)]]
    return Image.fromarray(np.array(pixels, np.uint8), mode=None)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_transparency_of_rgba_is_laid_on_white(file_format, encoded):
    data = encoded(half_transparent("RGBA"), file_format, lossless=True, exact=True)
    assert load_picture(data).tolist() == [[[255, 0, 0], [255, 127, 127], [255, 255, 255]]]


def test_transparency_of_grey_with_alpha_is_laid_on_white(encoded):
    image = half_transparent("LA")
    assert image.mode == "LA"
    picture = load_picture(encoded(image))
    assert picture.tolist() == [[[0, 0, 0], [127, 127, 127], [255, 255, 255]]]


def palette_image(*colours):
    image = Image.new("P", (len(colours), 1))
    image.putpalette([channel for colour in colours for channel in colour])
    image.putdata(range(len(colours)))
    return image


def test_palette_becomes_rgb(encoded):
    picture = load_picture(encoded(palette_image(RED, BLUE)))
    assert_rgb(picture, 1, 2)
    assert picture.tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_transparent_palette_entry_is_white(file_format, encoded):
    data = encoded(palette_image(RED, BLUE), file_format, transparency=1)
    assert load_picture(data).tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_palette_with_an_alpha_for_each_entry_is_laid_on_white(encoded):
    data = encoded(palette_image(RED, RED, RED), transparency=bytes([255, 128, 0]))
    assert load_picture(data).tolist() == [[[255, 0, 0], [255, 127, 127], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("image", "transparent"),
    [
        (Image.fromarray(np.array([[RED, (0, 0, 0)]], np.uint8)), (0, 0, 0)),
        (Image.fromarray(np.array([[76, 0]], np.uint8)), 0),
    ],
    ids=["RGB", "grey"],
)
def test_png_colour_that_is_declared_transparent_is_white(image, transparent, encoded):
    picture = load_picture(encoded(image, transparency=transparent))
    assert picture[0, 1].tolist() == [255, 255, 255]
    assert picture[0, 0].tolist() == list(image.convert("RGB").getpixel((0, 0)))


def test_cmyk_jpeg_keeps_its_colour(encoded):
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    picture = load_picture(data)
    assert_rgb(picture, 16, 16)
    np.testing.assert_allclose(picture[8, 8].astype(int), RED, atol=4)


def test_grey_becomes_three_equal_channels(encoded):
    picture = load_picture(encoded(Image.fromarray(np.array([[0, 77, 255]], np.uint8))))
    assert_rgb(picture, 1, 3)
    assert picture.tolist() == [[[0, 0, 0], [77, 77, 77], [255, 255, 255]]]


def test_one_bit_becomes_black_and_white(encoded):
    image = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert load_picture(encoded(image)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_sixteen_bit_grey_is_scaled_not_clipped(encoded):
    greys = np.array([[0, 256, 32768, 65535]], np.uint16)
    picture = load_picture(encoded(Image.fromarray(greys)))
    assert_rgb(picture, 1, 4)
    assert picture[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize(("file_format", "options"), [("GIF", {}), ("WEBP", {"lossless": True})])
def test_first_frame_of_an_animation_is_taken(file_format, options, encoded):
    frames = [Image.new("RGB", (8, 6), colour) for colour in (RED, BLUE, GREEN)]
    data = encoded(
        frames[0], file_format, save_all=True, append_images=frames[1:], duration=50, **options
    )
    assert Image.open(BytesIO(data)).n_frames == 3
    picture = load_picture(data)
    assert_rgb(picture, 6, 8)
    assert (picture == RED).all()


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_lossless_files_come_back_unchanged(encoded, pixels):
    image = Image.fromarray(pixels)
    for file_format in ("PNG", "BMP"):
        assert (load_picture(encoded(image, file_format)) == pixels).all()


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_content_counts_not_the_extension(file_format, suffix, tmp_path, encoded):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(encoded(Image.new("RGB", (16, 16), RED), file_format))
    picture = load_picture(path)
    assert_rgb(picture, 16, 16)
    np.testing.assert_allclose(picture[8, 8].astype(int), RED, atol=4)


# --- TIFF ------------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_tiffs_are_read(packing, mode, encoded):
    image = Image.fromarray(upright()).convert(mode)
    picture = load_picture(encoded(image, "TIFF", compression=packing))
    assert_rgb(picture, 32, 48)
    np.testing.assert_array_equal(picture, np.array(image.convert("RGB")))


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_sixteen_bit_grey_tiff_is_scaled_not_clipped(dtype, encoded):
    greys = np.array([[0, 256, 32768, 65535]], dtype)
    assert load_picture(encoded(Image.fromarray(greys), "TIFF"))[0, :, 0].tolist() == [
        0,
        1,
        128,
        255,
    ]


def tiff(width, height, data, bits=8, compression=1, more=()):
    """Write an RGB TIFF by hand; what is added to its directory is (tag, type, value)."""
    tags = [(256, 3, width), (257, 3, height), (258, 3, None), (259, 3, compression), (262, 3, 2)]
    tags += [(273, 4, 8), (277, 3, 3), (278, 3, height), (279, 4, len(data))]
    tags = sorted(tags + list(more))
    start = 8 + len(data)
    after = start + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack(
            "<HHII", tag, kind, 3 if value is None else 1, after if value is None else value
        )
        for tag, kind, value in tags
    )
    head = b"II*\0" + struct.pack("<I", start) + data + struct.pack("<H", len(tags))
    return head + entries + bytes(4) + struct.pack("<HHH", bits, bits, bits)


def test_sixteen_bit_colour_tiff_is_scaled():
    pixels = np.array([[[65535, 0, 256], [0, 32768, 65535]]], "<u2")
    picture = load_picture(tiff(2, 1, pixels.tobytes(), bits=16))
    assert picture.tolist() == [[[255, 0, 1], [0, 128, 255]]]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize(
    "damaged",
    [
        tiff(2, 1, bytes(6))[:-9],
        tiff(2, 1, bytes(6))[: 8 + 6 + 40],
        tiff(2, 1, bytes(6))[:10],
        # What follows could say how the pixels are packed; Pillow reads no further, and goes on.
        tiff(2, 1, bytes(6), more=[(282, 5, 2**32 - 9), (317, 3, 2)]),
    ],
    ids=["values", "directory", "no directory", "half a directory"],
)
def test_a_tiff_whose_directory_is_damaged_is_named(damaged):
    with pytest.raises(PictureError, match=r"^a\.tif: .*damaged.*[sS]ave it anew"):
        load_picture(damaged, "a.tif")


def test_first_page_of_a_tiff_is_taken(encoded):
    pages = [Image.new("RGB", (8, 6), colour) for colour in (RED, BLUE)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert (load_picture(data) == RED).all()


def test_an_open_file_is_read_from_its_start(drawn, encoded):
    file = BytesIO(encoded(drawn()))
    file.read(7)
    assert (load_picture(file) == np.array(drawn())).all()


# --- large photos ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "least", "shape"),
    [
        ((8192, 6144), None, (6144, 8192)),  # 50 megapixels
        ((12_000, 9000), None, (4500, 6000)),  # 108
        ((12_000, 9000), 256, (1125, 1500)),
        ((16_320, 12_240), 256, (1530, 2040)),  # 200
        ((60_000, 1400), 1000, (700, 30_000)),  # a panorama, too large for what is asked
    ],
)
def test_large_photos_are_decoded_smaller(size, least, shape, encoded):
    picture = load_picture(encoded(Image.new("L", size, 200), "JPEG"), least=least)
    assert picture.shape[:2] == shape
    assert abs(int(picture[5, 5, 0]) - 200) < 3


@pytest.mark.parametrize(
    ("file_format", "least", "shape"),
    [
        ("JPEG", None, (800, 600)),
        ("JPEG", 301, (800, 600)),
        ("JPEG", 300, (400, 300)),
        ("JPEG", 75, (100, 75)),
        ("JPEG", 10, (100, 75)),
        ("PNG", 75, (800, 600)),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_only_a_jpeg_is_decoded_smaller_and_no_side_too_short(
    file_format, least, shape, mode, encoded
):
    data = encoded(Image.new(mode, (600, 800), "white"), file_format)
    assert_rgb(load_picture(data, least=least), *shape)


# Not ru_maxrss, which would start from the peak of this process.
PEAK = """
def peak():
    lines = open("/proc/self/status").readlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1000
"""
LARGE = f"""{PEAK}
import sys
import zapsim
small, large = map(zapsim.load_catalogue, sys.argv[1:3])
read = lambda catalogue: eval(sys.argv[3], {{"catalogue": catalogue, "key": catalogue.keys[0]}})
read(small)
before = peak()
read(large)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures its memory in Linux' way")
@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("catalogue.picture(key, least=256)", 60),
        ("catalogue.thumbnail(key)", 60),
        ("catalogue.picture_or_none(key)", 60),
        ("catalogue.picture(key)", 400),
    ],
)
def test_a_photo_of_108_megapixels_takes_little_memory(call, most, tmp_path):
    for name, size in [("small", (64, 64)), ("large", (12_000, 9000))]:
        (tmp_path / name).mkdir()
        Image.new("RGB", size, "red").save(tmp_path / name / "1.jpg")
    command = [sys.executable, "-c", LARGE, *(str(tmp_path / n) for n in ("small", "large")), call]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < most


BOMBS = f"""{PEAK}
from tests.hostile.pictures import SMALL_BOMBS, jpeg_with
from zapsim.io.pictures import PictureError, load_picture
load_picture(jpeg_with())
for name, (make, read) in SMALL_BOMBS.items():
    data = make()
    # So that the peak starts anew.
    open("/proc/self/clear_refs", "w").write("5")
    before, was_read = peak(), True
    try:
        load_picture(data, "a")
    except PictureError as error:
        was_read = not str(error).startswith("a: ")
    # Besides five times the file itself.
    if was_read != read or peak() - before > 100 + len(data) // 200_000:
        print(name, was_read, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures its memory in Linux' way")
def test_what_is_told_of_a_picture_takes_little_memory():
    command = [sys.executable, "-c", BOMBS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="measures its memory in Linux' way")
def test_threads_share_what_memory_they_take(tmp_path):
    # One alone takes 112 MB of 300 that there are; six would take 670.
    Image.new("RGB", (4000, 4000)).save(tmp_path / "1.png")
    done = subprocess.run(
        [sys.executable, "-c", SHARED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert 100 < int(done.stdout) < 400


SHARED = f"""{PEAK}
import sys
from concurrent.futures import ThreadPoolExecutor
from zapsim.io import pictures
from zapsim.io.budget import Budget
from zapsim.io.squares import fit_square
pictures._ROOM = Budget(300_000_000)
def work(_):
    with pictures.reading(sys.argv[1] + "/1.png") as picture:
        return fit_square(picture, 32)
pictures.load_picture(pictures.np.zeros((2, 2), "uint8"))
before = peak()
list(ThreadPoolExecutor(6).map(work, range(8)))
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("P", {}),
        ("P", {"transparency": bytes([0, 128, 255])}),
        ("LA", {}),
        ("RGBA", {}),
        ("I;16", {}),
        ("L", {"transparency": 7}),
    ],
)
def test_strips_make_no_difference(mode, options, encoded, monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 3, (50, 40, 4), np.uint8)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 9999)
    elif mode == "P":
        image = palette_image(RED, GREEN, BLUE).resize((40, 50))
        image.putdata(pixels[..., 0].ravel().tolist())
    else:
        image = Image.fromarray(pixels * 80).convert(mode)
    data = encoded(image, **options)
    whole = load_picture(data)
    monkeypatch.setattr(squares, "_AT_ONCE", 40 * 7)
    assert (load_picture(data) == whole).all()


def scans(jpeg, n):
    """Repeat a progressive JPEG's last scan."""
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[jpeg.rindex(b"\xff\xc4", 0, last) : -2] * n + b"\xff\xd9"


def test_a_jpeg_of_many_scans_is_refused_by_its_name(encoded):
    jpeg = encoded(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    assert_rgb(load_picture(scans(jpeg, 50)), 64, 64)
    with pytest.raises(PictureError, match=r"^a\.jpg: .*so many scans"):
        load_picture(scans(jpeg, 100), "a.jpg")
    # What is behind it does not count, such as the film of a "live" photo.
    assert_rgb(load_picture(jpeg + b"\xff\xda" * 1000), 64, 64)
    # Fewer, on more pixels, take as long.
    jpeg = encoded(Image.new("L", (8000, 8000), 128), "JPEG", progressive=True)
    with pytest.raises(PictureError, match="so many scans"):
        load_picture(scans(jpeg, 60))


def test_what_would_take_minutes_is_refused_by_its_name(monkeypatch, encoded):
    strips = encoded(Image.new("RGB", (60, 60)), "TIFF", tiffinfo={278: 1}, compression="tiff_lzw")
    raw = encoded(Image.new("RGB", (6000, 60)), "TIFF", tiffinfo={278: 1})
    monkeypatch.setattr(limits, "_MAX_TILES", 3)
    for data in (strips, raw):
        with pytest.raises(
            PictureError, match=r"^a\.tif: .*\(60 strips or tiles would take minutes"
        ):
            load_picture(data, "a.tif")


def test_what_comes_behind_the_scan_of_a_grey_jpeg_takes_no_memory():
    few, many = behind_the_scan(1), behind_the_scan(200_000)
    tracemalloc.start()
    try:
        np.testing.assert_array_equal(load_picture(many), load_picture(few))
        assert tracemalloc.get_traced_memory()[1] < 20 * len(many)
    finally:
        tracemalloc.stop()


@pytest.mark.skipif("AVIF" not in FORMATS, reason="this Pillow does not read AVIF")
@pytest.mark.parametrize("name", AVIF_FRAMES)
def test_an_avif_counts_at_the_size_that_its_frame_may_have(name):
    make, read = AVIF_FRAMES[name]
    if read:
        np.testing.assert_allclose(load_picture(make())[30, 30].astype(int), (200, 30, 30), atol=8)
    else:
        with pytest.raises(PictureError, match=r"^a: 64×64 pixels of a AVIF take [\d,]+ MB"):
            load_picture(make(), "a")


def test_a_frame_written_as_a_film_is_counts_at_what_its_bits_allow():
    for before in ("0" * 29, TWO_LAYERS[: -len(SIZE)]):
        head = common(700, before + "1001" * 2 + "{:010b}" * 2)
        assert av1_pixels(head, 2) == 1024**2
    assert av1_pixels(common(700), 2) == 700**2


@pytest.mark.parametrize("kind", MANY_PARTS, ids=" ".join)
def test_a_file_of_very_many_parts_is_refused_before_they_take_the_machine(kind):
    data = MANY_PARTS[kind]()
    start = time.process_time()
    with pytest.raises(
        PictureError, match=r"^Boot/1: .* bytes are so many small parts .*0,000 reads"
    ):
        load_picture(data, "Boot/1")
    assert time.process_time() - start < 5


def test_what_photoshop_noted_is_not_read_where_there_is_very_much_of_it():
    data = photoshop_notes()
    start = time.process_time()
    np.testing.assert_array_equal(load_picture(data), load_picture(jpeg_with()))
    assert time.process_time() - start < 3


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_fills_a_file_up_behind_its_picture_is_not_looked_at(file_format, drawn, encoded):
    data = encoded(drawn(), file_format)
    np.testing.assert_array_equal(load_picture(data + bytes(10**7)), load_picture(data))


@pytest.mark.parametrize("piece", [1_000, 8_192])
def test_a_large_png_in_small_chunks_is_read(piece, encoded):
    grey = np.random.default_rng(0).integers(0, 256, (6000, 6000), np.uint8)
    data = encoded(Image.fromarray(grey), compress_level=0)
    at = data.index(b"IDAT") - 4
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in grey), 0)
    pieces = [rows[start : start + piece] for start in range(0, len(rows), piece)]
    chunks = [chunk(b"IDAT", each) for each in pieces]
    np.testing.assert_array_equal(
        load_picture(data[:at] + b"".join(chunks) + data[-12:])[..., 0], grey
    )


def test_what_takes_too_much_memory_is_refused_by_its_name():
    # 30 bytes: a lossless WebP of one colour.
    bits = 6999 | 6999 << 14 | int("0001" * 5, 2) << 35
    data = b"\x2f" + bits.to_bytes(8, "little") + b"\0"
    data = b"WEBPVP8L" + struct.pack("<L", 9) + data
    data = b"RIFF" + struct.pack("<L", len(data)) + data
    with pytest.raises(PictureError, match=r"^a: 7000×7000 pixels of a WEBP take 784 MB .*a JPEG"):
        load_picture(data, "a")


def test_a_truncated_picture_is_no_half_picture(encoded):
    pixels = np.random.default_rng(1).integers(0, 256, (40, 48, 3), np.uint8)
    for file_format in FORMATS:
        data = encoded(Image.fromarray(pixels), file_format)
        for share in (0.5, 0.7, 0.9):
            with pytest.raises(PictureError, match=r"^a: "):
                load_picture(data[: int(len(data) * share)], "a")


@pytest.mark.filterwarnings("ignore:Image size")
def test_a_gif_that_grows_is_refused(encoded):
    data = bytearray(encoded(palette_image(RED, BLUE), "GIF"))
    at = data.index(b",\0\0\0\0") + 5
    data[at : at + 4] = struct.pack("<HH", 12_000, 9000)
    with pytest.raises(PictureError, match=r"^a\.gif: 12000×9000 pixels"):
        load_picture(bytes(data), "a.gif")


def test_a_file_of_more_bytes_than_the_limit_is_refused(tmp_path, monkeypatch, encoded, drawn):
    data = encoded(drawn())
    path = tmp_path / "1.png"
    path.write_bytes(data)
    monkeypatch.setattr(pictures, "MAX_BYTES", len(data))
    assert_rgb(load_picture(path), 40, 48)
    monkeypatch.setattr(pictures, "MAX_BYTES", len(data) - 1)
    with pytest.raises(PictureError, match=r"1\.png: more than the limit of [\d,]+ bytes"):
        load_picture(path)


def test_pillow_does_not_warn_of_what_is_refused_anyway(recwarn):
    with pytest.raises(PictureError, match="more than the limit"):
        load_picture(bomb(10_000, 10_000))
    assert not recwarn.list


def test_one_pixel_is_a_picture(encoded):
    assert load_picture(encoded(Image.new("RGB", (1, 1), BLUE))).tolist() == [[[0, 0, 255]]]


def test_a_grey_of_16_bits_that_stands_for_transparency_is_white():
    pixels = np.array([[0, 256, 65535]], np.uint16)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", transparency=0)
    assert Image.open(BytesIO(buffer.getvalue())).info["transparency"] == 0
    assert load_picture(buffer.getvalue())[0, :, 0].tolist() == [255, 1, 255]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_greys_of_32_bits_are_refused(mode):
    grey = Image.fromarray(np.array([[0, 200, 255]], np.uint8)).convert(mode)
    with pytest.raises(PictureError, match=r"^a: .*greys of 32 bits, which is not read"):
        load_picture(grey, "a")


# --- sources ---------------------------------------------------------------------------------


def test_all_sources_give_the_same_picture(tmp_path, drawn, encoded):
    image = drawn(3)
    expected = np.array(image)
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(image))
    data = path.read_bytes()
    sources = [path, str(path), data, bytearray(data), memoryview(data), image, expected]
    for source in sources:
        picture = load_picture(source)
        assert_rgb(picture, 40, 48)
        assert (picture == expected).all()


def test_array_with_alpha_is_laid_on_white():
    clear = np.zeros((2, 3, 4), np.uint8)
    assert (load_picture(clear) == 255).all()


def test_array_without_channels_is_grey():
    assert (load_picture(np.full((2, 3), 9, np.uint8)) == np.full((2, 3, 3), 9)).all()


def test_open_pillow_image_stays_open(tmp_path, encoded):
    path = tmp_path / "animation.gif"
    frames = [Image.new("RGB", (8, 6), colour) for colour in (RED, BLUE)]
    path.write_bytes(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    with Image.open(path) as image:
        load_picture(image)
        image.seek(1)
        assert image.convert("RGB").getpixel((0, 0)) == BLUE


def test_bytes_are_not_copied():
    data = bytes(1000)
    assert pictures._found(data, "a") is data


def test_source_is_left_as_it_was(drawn):
    image, pixels = drawn(), np.zeros((4, 4, 3), np.uint8)
    load_picture(image)[:] = 7
    load_picture(pixels)[:] = 7
    assert image.getpixel((0, 0)) == WHITE
    assert (pixels == 0).all()


@pytest.mark.parametrize(
    ("array", "received"),
    [
        (np.zeros((4, 5, 3), np.float32), r"float32 of shape \(4, 5, 3\)"),
        (np.zeros((4, 5), np.int64), r"int64 of shape \(4, 5\)"),
        (np.zeros(4, np.uint8), r"uint8 of shape \(4,\)"),
        (np.zeros((2, 4, 5, 3), np.uint8), r"uint8 of shape \(2, 4, 5, 3\)"),
        (np.zeros((4, 5, 1), np.uint8), r"uint8 of shape \(4, 5, 1\)"),
        (np.zeros((4, 5, 2), np.uint8), r"uint8 of shape \(4, 5, 2\)"),
        (np.zeros((4, 5, 5), np.uint8), r"uint8 of shape \(4, 5, 5\)"),
        (np.zeros((0, 5, 3), np.uint8), r"uint8 of shape \(0, 5, 3\)"),
    ],
)
def test_array_of_another_kind_is_refused_with_what_was_received(array, received):
    with pytest.raises(PictureError, match=f"mine: an array must be uint8.*Received: {received}"):
        load_picture(array, name="mine")


# --- what cannot be read ---------------------------------------------------------------------


def bomb(width, height):
    """A PNG of 45 bytes that claims to be huge."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\2\0\0\0"
    end = b"IEND"
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        for chunk in (header, end)
    )


def claiming(jpeg, width, height):
    """Return a JPEG whose header claims another size."""
    at = jpeg.index(b"\xff\xc2" if b"\xff\xc2" in jpeg else b"\xff\xc0") + 5
    return jpeg[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[at + 4 :]


UNREADABLE = {
    "truncated JPEG": (lambda e, i: e(i, "JPEG")[:-200], "cannot be read as a picture"),
    "truncated PNG": (lambda e, i: e(i, "PNG")[:-40], "cannot be read as a picture"),
    "text": (lambda e, i: b"<html>not found</html>", "not a JPEG, PNG, WebP, BMP, GIF, TIFF"),
    "one byte": (lambda e, i: b"\xff", "not a JPEG, PNG, WebP, BMP, GIF, TIFF"),
    "PPM": (lambda e, i: e(i, "PPM"), "not a JPEG, PNG, WebP, BMP, GIF, TIFF"),
    "HEIC": (lambda e, i: b"\0\0\0\x18ftypheic" + bytes(40), "not a JPEG, .*but HEIC"),
    "EPS": (lambda e, i: e(i, "EPS"), "not a JPEG, PNG, WebP, BMP, GIF, TIFF"),
    "PDF": (lambda e, i: e(i, "PDF"), "not a JPEG, PNG, WebP, BMP, GIF, TIFF"),
    "SVG": (lambda e, i: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
    # Pillow itself only warns, or raises, from 89 and 179 million pixels on.
    "bomb that Pillow allows": (lambda e, i: bomb(10_000, 8_000), "10000×8000.*64,000,000"),
    "bomb that Pillow warns of": (lambda e, i: bomb(10_000, 10_000), "64,000,000.*save it as a J"),
    "bomb that Pillow refuses": (lambda e, i: bomb(60_000, 60_000), "limit of 64,000,000"),
    "wide": (lambda e, i: bomb(63_000_000, 1), "side of 63,000,000 pixels .* limit of 100,000"),
    "tall": (lambda e, i: bomb(1, 100_001), "side of 100,001 pixels .* limit of 100,000"),
    "JPEG bomb": (lambda e, i: claiming(e(i, "JPEG"), 30_000, 30_000), "limit of 500,000,000"),
    "progressive JPEG bomb": (
        lambda e, i: claiming(e(i, "JPEG", progressive=True), 12_000, 12_000),
        "limit of 128,000,000.*not progressive",
    ),
}


@pytest.mark.parametrize("source", ["bytes", "path"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable_file_is_named_with_the_reason(kind, source, tmp_path, drawn, encoded):
    make, reason = UNREADABLE[kind]
    data = make(encoded, drawn())
    path = tmp_path / "Boots" / "1.1.jpg"
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(PictureError, match=rf"Boots/1\.1\.jpg: .*{reason}"):
        if source == "path":
            load_picture(path)
        else:
            load_picture(data, name="Boots/1.1.jpg")


def test_empty_bytes_are_named_as_such():
    with pytest.raises(PictureError, match=r"a\.jpg: the file is empty \(0 bytes\)"):
        load_picture(b"", name="a.jpg")


def test_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(PictureError, match=r"empty\.jpg: "):
        load_picture(path)


@pytest.mark.unix
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PictureError, match=r"pipe\.jpg: .*not a regular file"):
        load_picture(tmp_path / "pipe.jpg")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(PictureError, match=r"gone\.jpg: .*no such file"):
        load_picture(tmp_path / "gone.jpg")


@pytest.mark.parametrize("source", [None, 7, ["a.jpg"]])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(PictureError, match="the picture: cannot be read as a picture"):
        load_picture(source)


def test_pixel_limit_is_exact(monkeypatch):
    assert MAX_PIXELS == 64_000_000
    monkeypatch.setattr(limits, "MAX_PIXELS", 12)
    assert_rgb(load_picture(np.zeros((3, 4), np.uint8)), 3, 4)
    with pytest.raises(PictureError, match=r"13×1 pixels are more than the limit of 12\. Scale"):
        load_picture(np.zeros((1, 13), np.uint8))
