import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.thumbnails import thumbnails


def cut_out(small, index):
    """The image at `index`, as the page cuts it out."""
    picture = np.asarray(Image.open(io.BytesIO(small.jpeg)))
    left = index % small.columns * small.pitch[0]
    top = index // small.columns * small.pitch[1]
    return picture[top : top + small.height, left : left + small.width].astype(int)


def flat(count, height, width, channels):
    values = np.random.default_rng(0).integers(0, 256, (count, 1, 1, channels), dtype=np.uint8)
    return np.broadcast_to(values, (count, height, width, channels)).copy()


@pytest.mark.parametrize("shape", [(20, 20, 3), (30, 13, 3), (96, 128, 3), (16, 16, 1)])
def test_each_image_is_found_and_none_shows_in_its_neighbour(shape):
    images = flat(10, *shape)
    small = thumbnails(images, 1_000_000)
    assert max(small.width, small.height) == min(64, max(shape))
    for index, image in enumerate(images):
        colour = np.broadcast_to(image[0, 0], 3).astype(int)
        assert np.abs(cut_out(small, index) - colour).max() < 12


def test_images_shrink_until_they_fit():
    noise = np.random.default_rng(0).integers(0, 256, (300, 80, 40, 3), dtype=np.uint8)
    large, small = thumbnails(noise, 3_000_000), thumbnails(noise, 100_000)
    assert (large.height, large.width) == (64, 32)
    assert small.height < large.height
    assert small.height == pytest.approx(2 * small.width, abs=1)
    assert len(small.jpeg) <= 100_000
    assert thumbnails(noise, 10).height == 16
