"""PNG files that are decoded without Pillow's reading of chunks."""

import io
import random
import warnings
import zlib

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from mutations import mutated

from tfdeepsim.data.images.decode import open_image
from tfdeepsim.data.images.plain_png import plain_png
from tfdeepsim.data.resizing import Resizing

VIEW = Resizing(16)


def png(mode, height=32, width=32, **options):
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 // width, y * 255 // height, x * y % 256], axis=-1)
    data = io.BytesIO()
    PIL.Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(data, "PNG", **options)
    return data.getvalue()


PLAIN = {
    "colour": png("RGB"),
    "grey": png("L", 33, 47),
    "large": png("RGB", 300, 400, compress_level=0),
    "resolution": png("RGB", dpi=(72, 72)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_files_show_the_pixels_that_pillow_reads(name):
    image = plain_png(PLAIN[name], VIEW)
    expected = open_image(PLAIN[name], VIEW)
    assert (image.mode, image.size) == (expected.mode, expected.size)
    assert image.tobytes() == expected.tobytes()


def with_text():
    text = PIL.PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "may hold an orientation")
    return png("RGB", pnginfo=text)


UNUSUAL = {
    "palette": png("P"),
    "transparent": png("RGBA"),
    "one transparent colour": png("RGB", transparency=(0, 0, 0)),
    "text": with_text(),
    "cut short": PLAIN["colour"][:-40],
    "no end": PLAIN["colour"][:-12],
    "header of another checksum": PLAIN["colour"][:29] + b"0000" + PLAIN["colour"][33:],
    "no PNG": b"\xff\xd8\xff" + bytes(100),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_others_are_left_to_pillow(name):
    assert plain_png(UNUSUAL[name], VIEW) is None


def test_too_many_pixels_are_not_decoded():
    assert plain_png(PLAIN["colour"], Resizing(16, max_pixels=32 * 32 - 1)) is None
    assert plain_png(PLAIN["colour"], Resizing(16, max_pixels=32 * 32)) is not None


def with_checksums(data):
    """A damaged file whose damage its checksums do not tell."""
    changed, place = bytearray(data), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4])
        if end + 4 <= len(data):
            changed[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4)
        place = end + 4
    return bytes(changed)


def test_damaged_files_show_the_pixels_of_pillow_or_are_left_to_it():
    alike = 0
    with warnings.catch_warnings(action="ignore"):
        for number in range(1200):
            whole = [*PLAIN.values()][number % len(PLAIN)]
            data = with_checksums(mutated(whole, random.Random(number)))
            image = plain_png(data, VIEW)
            if image is not None:
                alike += 1
                assert image.tobytes() == open_image(data, VIEW).tobytes(), number
    assert alike > 20
