"""Patches are where gradients are, apart from each other, and have their surroundings."""

import numpy as np
import pytest
from squares import squares

from tfdeepsim.comparators.chains.exemplar_cnn import PATCH
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.patches import APART, REGION, gradient_energy, regions

MARGIN = (REGION - PATCH) // 2


def middle(region):
    return region[MARGIN : MARGIN + PATCH, MARGIN : MARGIN + PATCH]


def seen(region):
    """The patch with a margin of one pixel, on which its gradients depend."""
    return region[MARGIN - 1 : MARGIN + PATCH + 1, MARGIN - 1 : MARGIN + PATCH + 1]


def places_of(patch, image):
    """Corners at which `image` contains `patch`."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (PATCH, PATCH), axis=(0, 1))
    return np.argwhere((windows == patch.transpose(2, 0, 1)).all(axis=(2, 3, 4)))


def test_energy_of_a_ramp_is_its_slope_squared():
    image = np.broadcast_to(2 * np.arange(48)[:, None, None], (48, 40, 3)).astype(np.uint8)
    np.testing.assert_allclose(gradient_energy(image), np.full((17, 9), (2 / 255) ** 2), rtol=1e-9)


def test_energy_of_a_patch_is_the_mean_over_it():
    image = np.random.default_rng(0).integers(0, 256, (40, 37, 3)).astype(np.uint8)
    down, across = np.gradient(image.mean(axis=2) / 255)
    energy = gradient_energy(image)
    assert energy.shape == (9, 6)
    for y, x in ((0, 0), (8, 5), (3, 4)):
        inside = np.s_[y : y + PATCH, x : x + PATCH]
        assert energy[y, x] == pytest.approx(
            (down[inside] ** 2 + across[inside] ** 2).mean(), rel=1e-9
        )


def test_patches_prefer_gradients():
    images = np.zeros((30, 96, 96, 3), np.uint8)
    texture = np.random.default_rng(1).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    images[:, :24, :24] = texture
    patches = regions(images, 30, seed=0)
    assert all(seen(region).any() for region in patches)


def test_a_place_is_as_likely_as_its_gradient_is_large():
    image = np.zeros((96, 96, 3), np.uint8)
    # Two single dots, one of half the brightness: a quarter of the gradient's square.
    image[16, 16], image[80, 80] = 240, 120
    patches = regions(np.repeat(image[None], 400, axis=0), 400, seed=0)
    brightest = np.array([seen(region).max() for region in patches])
    assert set(brightest) == {120, 240}
    assert np.mean(brightest == 240) == pytest.approx(0.8, abs=0.06)


def test_a_region_is_a_patch_with_its_surroundings():
    image = np.random.default_rng(2).integers(0, 256, (120, 120, 3)).astype(np.uint8)
    (region,) = regions(image[None], 1, seed=4)
    ((y, x),) = places_of(middle(region), image)
    padded = np.pad(image, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "symmetric")
    np.testing.assert_array_equal(region, padded[y : y + REGION, x : x + REGION])


def test_patches_of_one_image_lie_apart():
    image = np.random.default_rng(3).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    patches = regions(image[None], 10, seed=0)
    places = np.concatenate([places_of(middle(region), image) for region in patches])
    assert len(places) == 10
    distances = np.abs(places[:, None] - places[None]).max(axis=2)
    assert distances[~np.eye(10, dtype=bool)].min() >= APART


def test_images_give_as_many_patches_as_they_have_places_for():
    images = squares(2, 0)[0]
    # 33 places along each axis of 64 pixels, in steps of 8: four.
    assert len(regions(images, 1000, seed=0)) == 2 * 4 * 4
    assert len(regions(images[:, :32, :32], 1000, seed=0)) == 2


def test_images_without_any_gradient_give_patches():
    patches = regions(np.full((3, 40, 40, 3), 7, np.uint8), 3, seed=0)
    assert patches.shape == (3, REGION, REGION, 3)
    assert (patches == 7).all()


class Counted:
    """An array of images that counts how often each is read."""

    def __init__(self, images):
        self.images, self.read = images, []
        self.shape = images.shape

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        self.read.extend(rows)
        return self.images[rows]


@pytest.mark.parametrize(("count", "read"), [(5, 5), (20, 12)])
def test_each_image_is_read_once_and_others_are_not(count, read):
    images = Counted(squares(12, 0)[0])
    assert len(regions(images, count, seed=0)) == count
    assert len(images.read) == len(set(images.read)) == read


def test_patches_follow_the_seed():
    images = squares(6, 0)[0]
    np.testing.assert_array_equal(regions(images, 4, seed=1), regions(images, 4, seed=1))
    assert (regions(images, 4, seed=1) != regions(images, 4, seed=2)).any()


def test_small_images_are_refused():
    with pytest.raises(
        InputError, match=r"patches need images of 32 pixels.*24x40 pixels.*--image-size 64"
    ):
        regions(np.zeros((2, 24, 40, 3), np.uint8), 2, seed=0)
