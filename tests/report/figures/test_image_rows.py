import numpy as np
import pytest
from PIL import Image

from tfdeepsim.errors import InputError
from tfdeepsim.report.figures.image_rows import MOST, write_image_rows

NOISE = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


def written(path, rows):
    write_image_rows(path, rows)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_every_pixel_is_enlarged_and_keeps_its_colour(tmp_path):
    rows = {"Image": NOISE, "SE": 255 - NOISE, "DeePSiM": NOISE // 2}
    picture = written(tmp_path / "new" / "rows.png", rows)
    side, step = 13 * 16, 13 * 16 + 6  # as far as 16 pixels go into a cell of 211, and the frame
    for row, images in enumerate(rows.values()):
        for column, image in enumerate(images):
            left = 260 + column * step
            shown = picture[row * step : row * step + side, left : left + side]
            np.testing.assert_array_equal(shown, image.repeat(13, axis=0).repeat(13, axis=1))


def test_names_stand_at_the_left(tmp_path):
    first, second = (
        written(tmp_path / "rows.png", {"Image": NOISE, name: NOISE})[:, :260]
        for name in ("SE", "L1")
    )
    assert np.array_equal(first[:200], second[:200])
    assert not np.array_equal(first[214:], second[214:])


@pytest.mark.parametrize("name", ["DeePSiM conv3 with a long name", "Our AlexNet conv3", "SE"])
def test_names_end_before_the_images(tmp_path, name):
    images = np.zeros((1, 16, 16, 3), np.uint8)
    label = written(tmp_path / "rows.png", {"Image": images, name: images})[:, :260]
    assert (label[:, 254:] == 255).all()
    assert (label[214:, 20:] < 255).any()


def test_at_most_so_many_columns(tmp_path):
    many = np.tile(NOISE, (5, 1, 1, 1))
    assert written(tmp_path / "rows.png", {"Image": many}).shape == (214, 260 + MOST * 214, 3)


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (300, 200)])
def test_other_sizes(tmp_path, size):
    images = np.zeros((2, *size, 3), np.uint8)
    assert written(tmp_path / "rows.png", {"Image": images, "x" * 80: images}).shape[0] > 2 * 150


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "needs rows"),
        ({"a": NOISE / 255}, "row 'a' must be colour images: got float64"),
        ({"a": NOISE[0]}, "row 'a' must be colour images"),
        ({"a": NOISE[:0]}, "row 'a' must be colour images"),
        ({"a": NOISE, "b": NOISE[:2]}, "row 'b' must have the shape of the first"),
    ],
)
def test_wrong_rows_are_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        write_image_rows(tmp_path / "rows.png", rows)
    assert not list(tmp_path.iterdir())
