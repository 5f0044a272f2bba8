"""JPEG files that are decoded without Pillow's reading of headers."""

import io
import random
import warnings

import numpy as np
import PIL.Image
import pytest
from mutations import mutated

from tfdeepsim.data.images.decode import open_image
from tfdeepsim.data.images.plain_jpeg import plain_jpeg
from tfdeepsim.data.resizing import Resizing

VIEW = Resizing(16)


def picture(height, width, mode="RGB"):
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 // width, y * 255 // height, x * y % 256], axis=-1)
    return PIL.Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def jpeg(image, **options):
    data = io.BytesIO()
    image.save(data, "JPEG", **options)
    return data.getvalue()


PLAIN = {
    "small": jpeg(picture(32, 32)),
    "odd": jpeg(picture(33, 47), quality=60, comment="a comment"),
    "progressive": jpeg(picture(70, 130), progressive=True, subsampling=2),
    "grey": jpeg(picture(200, 150, "L")),
    "restarts": jpeg(picture(140, 260), optimize=True, restart_marker_blocks=3),
    "full colour": jpeg(picture(50, 40), subsampling=0, quality=100),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "view",
    [
        VIEW,
        Resizing(16, crop="stretch"),
        Resizing(16, shorter_side=24),
        Resizing(16, resize="tile"),
    ],
    ids=lambda view: f"{view.resize} {view.crop} {view.shorter_side}",
)
def test_plain_files_show_the_pixels_that_pillow_reads(name, view):
    image = plain_jpeg(PLAIN[name], view)
    expected = open_image(PLAIN[name], view)
    assert (image.mode, image.size) == (expected.mode, expected.size)
    assert image.tobytes() == expected.tobytes()


def with_orientation():
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    return jpeg(picture(32, 32), exif=exif)


UNUSUAL = {
    "EXIF": with_orientation(),
    "colour profile": jpeg(picture(32, 32), icc_profile=b"profile"),
    "CMYK": jpeg(picture(32, 32, "CMYK")),
    "cut short": PLAIN["small"][:-40],
    "cut in the header": PLAIN["small"][:100],
    "empty": b"",
    "no JPEG": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_others_are_left_to_pillow(name):
    assert plain_jpeg(UNUSUAL[name], VIEW) is None


def test_too_many_pixels_are_not_decoded():
    assert plain_jpeg(PLAIN["small"], Resizing(16, max_pixels=32 * 32 - 1)) is None
    assert plain_jpeg(PLAIN["small"], Resizing(16, max_pixels=32 * 32)) is not None


def test_damaged_files_show_the_pixels_of_pillow_or_are_left_to_it():
    alike = 0
    with warnings.catch_warnings(action="ignore"):
        for number in range(600):
            chance = random.Random(number)
            whole = [*PLAIN.values()][number % len(PLAIN)]
            # Half of the damage is in the header.
            cut = 620 if number % 2 else len(whole)
            data = mutated(whole[:cut], chance) + whole[cut:]
            image = plain_jpeg(data, VIEW)
            if image is None:
                continue
            alike += 1
            assert image.tobytes() == open_image(data, VIEW).tobytes(), number
    assert alike > 100
