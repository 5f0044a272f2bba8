"""Gradients of brightness in closed form, and their comparison."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.gradients import (
    compare_gradients,
    gradient_distance,
    gradient_magnitudes,
    gradient_ratio,
)

RNG = np.random.default_rng(0)
NOISE = RNG.random((5, 8, 9, 3)).astype(np.float32)
GREY = np.full((2, 4, 4, 3), 77, np.uint8)


def ramp(right, below, size=6):
    """A gray plane that rises by `right` and `below` from pixel to pixel."""
    rows, columns = np.mgrid[:size, :size]
    return np.repeat((right * columns + below * rows)[None, ..., None], 3, axis=-1)


def test_a_plane_in_closed_form():
    magnitudes = gradient_magnitudes(ramp(0.03, 0.04))
    np.testing.assert_allclose(magnitudes, np.full((1, 5, 5), 0.05), atol=1e-6)


@pytest.mark.parametrize(("channel", "weight"), [(0, 0.299), (1, 0.587), (2, 0.114)])
def test_brightness_is_luma(channel, weight):
    image = np.zeros((1, 2, 2, 3))
    image[:, :, 1, channel] = 1
    np.testing.assert_allclose(gradient_magnitudes(image), [[[weight]]], atol=1e-6)


def test_bytes_are_from_0_to_1():
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[:, 0, 0] = 255
    np.testing.assert_allclose(gradient_magnitudes(image), [[[np.sqrt(2)]]], rtol=1e-6)


def test_more_images_than_a_batch():
    images = RNG.random((70, 3, 3, 3)).astype(np.float32)
    singly = np.concatenate([gradient_magnitudes(image[None]) for image in images])
    np.testing.assert_allclose(gradient_magnitudes(images), singly, atol=1e-6)


def test_real_images_beside_themselves():
    shuffled = RNG.permutation(NOISE)
    assert compare_gradients(shuffled, NOISE) == pytest.approx((1, 0), abs=1e-6)


def test_half_the_contrast_is_half_the_gradient():
    assert gradient_ratio(NOISE / 2, NOISE) == pytest.approx(0.5, rel=1e-5)
    # The order of the magnitudes does not change, so each is moved by half of itself.
    half = gradient_magnitudes(NOISE).mean() / 2
    assert gradient_distance(NOISE / 2, NOISE) == pytest.approx(half, rel=1e-5)


def test_blur_is_below_1_and_noise_above():
    smooth = (NOISE[:, 1:] + NOISE[:, :-1]) / 2
    assert gradient_ratio(smooth, NOISE) < 0.9
    assert gradient_ratio(NOISE, smooth) > 1.1


def test_a_ratio_of_1_does_not_mean_equal_distributions():
    planes = np.concatenate([ramp(0.01, 0), ramp(0.05, 0)])
    plane = ramp(0.03, 0)
    assert gradient_ratio(planes, plane) == pytest.approx(1, rel=1e-5)
    assert gradient_distance(planes, plane) == pytest.approx(0.02, rel=1e-4)


@pytest.mark.parametrize("count", [5, 3], ids=["as many", "fewer"])
def test_the_distance_is_that_of_scipy(count):
    other = (NOISE**2)[:count]
    expected = wasserstein_distance(
        gradient_magnitudes(other).ravel(), gradient_magnitudes(NOISE).ravel()
    )
    assert gradient_distance(other, NOISE) == pytest.approx(expected, rel=1e-4)


def test_flat_images():
    assert gradient_ratio(GREY, NOISE) == 0
    with pytest.raises(InputError, match="must not be flat"):
        gradient_ratio(NOISE, GREY)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (NOISE * 2, "must be in \\[0, 1\\]: got .* to 1\\.9"),
        (NOISE - 0.5, "must be in"),
        (np.where(NOISE > 0.9, np.nan, NOISE), "must be in"),
        (NOISE[0], "colour images"),
        (NOISE[..., :1], "colour images"),
        (NOISE[:0], "colour images"),
        (NOISE.astype(int), "colour images"),
        (NOISE[:, :1], "neighbours: got 1x9 pixels"),
    ],
)
def test_invalid_images(images, message):
    with pytest.raises(InputError, match=message):
        gradient_magnitudes(images)
