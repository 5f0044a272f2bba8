import numpy as np
import pytest

from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError

IMAGES = np.zeros((3, 4, 4, 3), np.uint8)


def test_images_and_labels_are_not_copied():
    position = np.zeros((3, 2), np.float32)
    split = Split(IMAGES, {"position": position})
    assert split.images is IMAGES
    assert split.labels["position"] is position


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_labels_that_are_not_finite_are_refused_by_name_and_place(value):
    position = np.zeros((3, 2), np.float32)
    position[1, 1] = value
    with pytest.raises(
        InputError, match=r"'position' must be finite.* at example 1, one of 1 such"
    ):
        Split(IMAGES, {"position": position})


def test_a_label_is_needed_for_each_image():
    with pytest.raises(InputError, match="2 labels for 3 images"):
        Split(IMAGES, {"class": np.zeros(2, np.int64)})


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES[0]])
def test_images_must_be_pixels(images):
    with pytest.raises(InputError, match="uint8"):
        Split(images, {})
