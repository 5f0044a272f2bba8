"""Interpolation in feature space."""

import numpy as np
import pytest
import tensorflow as tf
from exact_pairs import generator_of, random_images, rotated

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.interpolation import interpolate
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.networks.inversion_generator import InversionGenerator

FIRST, SECOND = random_images(3, 4, 5, seed=0), random_images(3, 4, 5, seed=1)


def test_the_line_of_a_linear_map_is_a_cross_fade():
    found = interpolate(rotated(), FIRST, SECOND, 5)
    assert found.shape == (3, 5, 4, 5, 3)
    assert found.dtype == np.uint8
    for step in range(5):
        expected = FIRST + (SECOND.astype(float) - FIRST) * step / 4
        np.testing.assert_allclose(found[:, step], expected, atol=0.501)


def test_the_line_is_in_feature_space():
    """Features are squares of pixels: halfway is the root of the mean square."""
    generator = generator_of((4, 5, 3), lambda x: tf.sqrt(x))
    found = interpolate(TrainedInversion(generator, tf.square, (4, 5, 3)), FIRST, SECOND, 3)
    expected = np.sqrt((FIRST.astype(float) ** 2 + SECOND.astype(float) ** 2) / 2)
    np.testing.assert_allclose(found[:, 1], expected, atol=0.51)


def test_ends_are_the_reconstructions_of_a_real_network():
    comparator = make_comparator("random_alexnet:relu2")
    inversion = TrainedInversion(
        InversionGenerator((7, 7, 192), (64, 64, 3), width=0.02), comparator, (64, 64, 3)
    )
    first, second = random_images(2, 64, 64, seed=0), random_images(2, 64, 64, seed=1) // 4
    found = interpolate(inversion, first, second, 2)
    np.testing.assert_array_equal(found[:, 0], inversion.reconstruct(first))
    np.testing.assert_array_equal(found[:, 1], inversion.reconstruct(second))
    assert (found[:, 0] != found[:, 1]).any()


def test_unsuitable_steps_and_pairs_are_refused():
    with pytest.raises(InputError, match="its two ends: got 1"):
        interpolate(rotated(), FIRST, SECOND, 1)
    with pytest.raises(InputError, match="in pairs: got 3 and 2"):
        interpolate(rotated(), FIRST, SECOND[:2], 3)
