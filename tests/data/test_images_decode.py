"""Decoding of image files of every kind."""

import dataclasses
import io
import math
import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.data.images.decode import Undecodable, decode, open_image
from tfdeepsim.data.resizing import Resizing, resize
from tfdeepsim.errors import InputError

SIDE = 16
VIEW = Resizing(SIDE)


def smooth(height=SIDE, width=SIDE):
    """Three ramps, which lossy formats keep within a few steps."""
    y, x = np.mgrid[:height, :width]
    ramps = [x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 255 // (height + width - 2)]
    return np.stack(ramps, axis=-1).astype(np.uint8)


def encoded(image, kind, **options):
    if isinstance(image, np.ndarray):
        image = PIL.Image.fromarray(image)
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def worst(shown, expected):
    assert (shown.shape, shown.dtype) == ((SIDE, SIDE, 3), np.uint8)
    return np.abs(shown.astype(int) - expected).max()


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})]
)
def test_lossless_formats_keep_every_bit(kind, options):
    assert worst(decode(encoded(smooth(), kind, **options), VIEW), smooth()) == 0


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg_is_decoded_as_by_pillow(options):
    data = encoded(smooth(), "JPEG", quality=95, subsampling=0, **options)
    assert worst(decode(data, VIEW), np.asarray(PIL.Image.open(io.BytesIO(data)))) == 0
    assert worst(decode(data, VIEW), smooth()) <= 12


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_grey_gets_three_equal_channels(kind):
    grey = smooth()[..., 0]
    options = {"quality": 100} if kind == "JPEG" else {}
    assert (
        worst(decode(encoded(grey, kind, **options), VIEW), grey[..., None]) <= (kind == "JPEG") * 3
    )


def test_a_palette_is_looked_up():
    image = PIL.Image.fromarray(smooth()).quantize(16)
    for kind in ("PNG", "GIF", "BMP"):
        assert worst(decode(encoded(image, kind), VIEW), np.asarray(image.convert("RGB"))) == 0


def test_one_bit_is_black_and_white():
    bits = smooth()[..., 0] > 100
    shown = decode(encoded(PIL.Image.fromarray(bits), "PNG"), VIEW)
    assert worst(shown, bits[..., None] * 255) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_shows_white(kind):
    pixels = np.dstack([smooth(), np.full((SIDE, SIDE), 255, np.uint8)])
    pixels[:4, :, 3] = 0
    pixels[4:8, :, 3] = 51  # one fifth
    expected = pixels[..., :3].astype(float)
    expected[:4] = 255
    expected[4:8] = 255 * 0.8 + expected[4:8] * 0.2
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert worst(decode(encoded(pixels, kind, **options), VIEW), expected) <= 1


def test_transparency_of_grey_and_of_one_colour():
    grey = np.dstack([smooth()[..., 0], np.full((SIDE, SIDE), 255, np.uint8)])
    grey[:4, :, 1] = 0
    expected = np.where(grey[..., 1:] == 0, 255, grey[..., :1])
    assert worst(decode(encoded(grey, "PNG"), VIEW), expected) == 0
    palette = PIL.Image.fromarray((np.indices((SIDE, SIDE))[0] // 8).astype(np.uint8), "P")
    palette.putpalette([200, 0, 0, 0, 100, 0])
    for kind in ("PNG", "GIF"):
        shown = decode(encoded(palette, kind, transparency=0), VIEW)
        assert shown[0, 0].tolist() == [255, 255, 255]
        assert shown[-1, 0].tolist() == [0, 100, 0]


def test_16_bits_become_8_by_scaling():
    ramp = np.linspace(0, 65535, SIDE * SIDE).astype(np.uint16).reshape(SIDE, SIDE)
    shown = decode(encoded(ramp, "PNG"), VIEW)
    assert worst(shown, np.rint(ramp / 257)[..., None]) == 0
    assert shown.max() == 255
    assert len(np.unique(shown)) > 200  # clipping would leave one value


def png_of_16_bits(pixels, colour_type):
    """A PNG file by its specification: Pillow writes 16 bits of grey only."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bits_of_any_number_of_channels(colour_type, channels):
    ramp = (
        np.linspace(0, 65535, SIDE * SIDE * channels)
        .astype(np.uint16)
        .reshape(SIDE, SIDE, channels)
    )
    if channels in (2, 4):
        ramp[..., -1] = 65535
    shown = decode(png_of_16_bits(ramp, colour_type), VIEW)
    assert worst(shown, ramp[..., : 3 if channels > 2 else 1] / 257) <= 1


def test_of_several_pictures_in_a_camera_file_the_first_is_used():
    pictures = [PIL.Image.new("RGB", (SIDE * 8, SIDE * 8), colour) for colour in ("black", "white")]
    data = encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    assert worst(decode(data, VIEW), 0) <= 1
    assert open_image(data, VIEW).size == (SIDE, SIDE)


def test_cmyk_becomes_rgb_of_the_same_colours():
    cmyk = PIL.Image.fromarray(smooth()).convert("CMYK")
    shown = decode(encoded(cmyk, "JPEG", quality=100, subsampling=0), VIEW)
    assert worst(shown, np.asarray(cmyk.convert("RGB"))) <= 6


UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})],
)
def test_the_orientation_in_exif_is_applied(orientation, kind, options):
    stored = smooth(SIDE, 24)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    upright = UPRIGHT[orientation](stored)
    top, left = ((length - SIDE) // 2 for length in upright.shape[:2])
    shown = decode(encoded(stored, kind, exif=exif, **options), VIEW)
    expected = upright[top : top + SIDE, left : left + SIDE]
    assert worst(shown, expected) <= (12 if kind == "JPEG" else 0)


def test_exif_that_cannot_be_read_is_ignored():
    data = encoded(smooth(), "JPEG", exif=b"Exif\0\0junk", quality=95, subsampling=0)
    assert worst(decode(data, VIEW), smooth()) <= 12


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_used(kind):
    frames = [PIL.Image.new("RGB", (SIDE, SIDE), colour) for colour in ("black", "white", "red")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert worst(decode(data, VIEW), 0) <= 1


@pytest.mark.parametrize(
    ("height", "width", "view", "fraction"),
    [
        (128, 128, VIEW, 8),
        (127, 300, VIEW, 4),
        (1000, 129, VIEW, 8),
        (1000, 129, Resizing(SIDE, crop="stretch"), 8),
        (128, 128, Resizing(SIDE, shorter_side=33), 2),
        (31, 31, VIEW, 1),
        (128, 128, Resizing(SIDE * 8, "tile"), 1),
    ],
)
def test_large_jpegs_are_decoded_at_a_fraction_that_is_large_enough(height, width, view, fraction):
    data = encoded(smooth(height, width), "JPEG")
    assert open_image(data, view).size == (
        math.ceil(width / fraction),
        math.ceil(height / fraction),
    )
    assert fraction == 1 or min(height, width) / fraction >= (view.shorter_side or view.side)


def test_a_jpeg_decoded_at_a_fraction_looks_like_the_full_image():
    image = PIL.Image.fromarray(smooth(200, 131))
    data = encoded(image, "JPEG", quality=95, subsampling=0)
    assert (
        worst(
            decode(data, Resizing(SIDE, crop="stretch")),
            resize(image, Resizing(SIDE, crop="stretch")),
        )
        <= 12
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP"])
def test_truncated_files_are_reported(kind):
    random = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    data = encoded(random, kind)
    for length in (1, 10, len(data) // 3, len(data) - len(data) // 4):
        with pytest.raises(Undecodable):
            decode(data[:length], VIEW)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"hello" * 100, "no JPEG, PNG, BMP, GIF or WebP"),
        (bytes(2000), "no JPEG"),
    ],
)
def test_files_that_are_not_images_are_reported(data, reason):
    with pytest.raises(Undecodable, match=reason):
        decode(data, VIEW)


def test_only_the_documented_formats_are_decoded():
    with pytest.raises(Undecodable, match="no JPEG"):
        decode(encoded(smooth(), "TIFF"), VIEW)


def test_a_wrong_checksum_in_a_png_is_reported():
    data = bytearray(
        encoded(np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8), "PNG")
    )
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(Undecodable):
        decode(bytes(data), VIEW)


def test_images_of_too_many_pixels_are_refused_before_decoding(monkeypatch):
    data = encoded(smooth(40, 40), "PNG")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(Undecodable, match="decompression bomb"):
        decode(data, VIEW)


def test_an_image_that_cannot_be_tiled_does_not_count_as_damaged():
    with pytest.raises(InputError, match="whole numbers"):
        decode(encoded(smooth(10, 10), "PNG"), Resizing(SIDE, "tile"))


def with_transparent_colour(png, *values):
    """A PNG file with a transparent colour: 16 bits for each channel."""
    data = struct.pack(f">{len(values)}H", *values)
    chunk = struct.pack(">I", len(data)) + b"tRNS" + data
    return png[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + png[33:]


def test_one_transparent_colour_of_16_bits_is_that_colour_alone():
    red, near = (65535, 0, 0), (65280, 0, 0)  # both 255 in their upper 8 bits
    pixels = np.zeros((SIDE, SIDE, 3), np.uint16)
    pixels[:8], pixels[8:] = red, near
    shown = decode(with_transparent_colour(png_of_16_bits(pixels, 2), *near), VIEW)
    assert shown[0, 0].tolist() == [255, 0, 0]
    assert shown[-1, 0].tolist() == [255, 255, 255]


def test_a_transparent_grey_of_16_bits_shows_white():
    pixels = np.full((SIDE, SIDE, 1), 1000, np.uint16)
    pixels[8:] = 1001
    shown = decode(with_transparent_colour(png_of_16_bits(pixels, 0), 1000), VIEW)
    assert shown[0, 0].tolist() == [255] * 3
    assert shown[-1, 0].tolist() == [4] * 3


def test_an_image_of_too_many_pixels_is_refused_by_its_header():
    data = encoded(smooth(), "PNG")
    few = dataclasses.replace(VIEW, max_pixels=SIDE * SIDE - 1)
    with pytest.raises(Undecodable, match=r"16x16 pixels, more than 255 of --max-pixels"):
        decode(data, few)
    assert decode(data, dataclasses.replace(VIEW, max_pixels=SIDE * SIDE)).shape == (SIDE, SIDE, 3)
    # Declared, but not there: nothing of that size is allocated.
    huge = data[:16] + struct.pack(">II", 100_000, 100_000) + data[24:29]
    huge += struct.pack(">I", zlib.crc32(huge[12:])) + data[33:]
    with pytest.raises(Undecodable, match=r"10000000000 pixels\) exceeds limit"):
        decode(huge, VIEW)


def test_the_limit_is_no_part_of_fingerprints():
    assert dataclasses.replace(VIEW, max_pixels=7).key == VIEW.key
