import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.shrinking import shrink_images


@pytest.fixture(scope="module")
def noise():
    """A picture of 200 x 300 that PNG can hardly compress."""
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


@pytest.fixture(scope="module")
def plain():
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(file, "png")
    return file.getvalue()


def test_images_that_fit_are_unchanged(noise, plain):
    assert shrink_images([noise, plain], 10**6) == [noise, plain]
    assert shrink_images([], 0) == []


@pytest.mark.parametrize("limit", [150_000, 60_000, 20_000, 4_000])
def test_the_largest_is_made_smaller_until_all_fit(noise, plain, limit):
    fitted = shrink_images([noise, plain], limit)
    assert sum(map(len, fitted)) <= limit
    assert fitted[1] == plain
    image = Image.open(io.BytesIO(fitted[0]))
    assert image.format == "JPEG"
    assert image.width * 200 == pytest.approx(image.height * 300, rel=0.05)


def test_an_impossible_limit_ends(plain, noise):
    assert len(shrink_images([noise, plain], 10)) == 2
