"""Reconstructions of reconstructions."""

import numpy as np
import pytest
from exact_pairs import identity, random_images, rotated

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.inversion.reencoding import reencode
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.networks.inversion_generator import InversionGenerator

IMAGES = random_images(5)


def test_an_exact_inverse_does_not_drift():
    images = random_images(5, 4, 5)
    found = reencode(rotated(), images)
    assert list(found.images) == [1, 2, 4, 6, 8, 12, 16, 20]
    for shown in found.images.values():
        np.testing.assert_array_equal(shown, images)
    assert len(found.from_original) == len(found.from_previous) == 20
    np.testing.assert_array_equal(found.from_original, 0)
    np.testing.assert_array_equal(found.from_previous, 0)


def test_a_step_of_one_byte_adds_up():
    """Each image is one byte brighter in all pixels than the previous one."""
    inversion = identity(change=lambda images: images + 1 / 255)
    images = IMAGES // 2
    found = reencode(inversion, images, (3, 1, 10))
    for iteration in (1, 3, 10):
        np.testing.assert_array_equal(found.images[iteration], images + iteration)
    one = found.from_original[0]
    assert one > 0
    np.testing.assert_allclose(found.from_original, one * np.arange(1, 11), rtol=1e-4)
    np.testing.assert_allclose(found.from_previous, one, rtol=1e-4)


def test_steps_below_half_a_byte_are_lost():
    inversion = identity(change=lambda images: images + 0.4 / 255)
    np.testing.assert_array_equal(reencode(inversion, IMAGES, (5,)).images[5], IMAGES)


def test_images_drift_to_the_fixed_point_of_the_generator():
    """Brightness is halved in each iteration: images end black and stay so."""
    inversion = identity(change=lambda images: 0.5 * images)
    found = reencode(inversion, IMAGES, (20,))
    features = inversion.features(IMAGES)
    assert found.from_original[-1] == pytest.approx(
        normalized_error(0 * features, features), rel=1e-6
    )
    assert found.from_previous[-1] == 0
    assert (np.diff(found.from_original[:6]) > 0).all()


def test_errors_are_those_of_the_paper_with_a_real_network():
    comparator = make_comparator("random_alexnet:relu2")
    inversion = TrainedInversion(
        InversionGenerator((7, 7, 192), (64, 64, 3), width=0.02), comparator, (64, 64, 3)
    )
    images = random_images(4, 64, 64)
    found = reencode(inversion, images, (1, 2))
    original, first, second = (
        inversion.features(x) for x in (images, found.images[1], found.images[2])
    )
    np.testing.assert_array_equal(found.images[2], inversion.images(first))
    errors = [normalized_error(x, original) for x in (first, second)]
    np.testing.assert_allclose(found.from_original, errors, rtol=1e-5)
    assert found.from_previous[0] == found.from_original[0]
    unit = np.linalg.norm((first - original).reshape(4, -1), axis=1).mean() / errors[0]
    step = np.linalg.norm((second - first).reshape(4, -1), axis=1).mean()
    assert found.from_previous[1] == pytest.approx(step / unit, rel=1e-4)


def test_unsuitable_iterations_are_refused():
    for iterations in ((), (0, 1)):
        with pytest.raises(InputError, match="iterations are counted from 1"):
            reencode(identity(), IMAGES, iterations)
    with pytest.raises(InputError, match="needs different samples: got 1 sample"):
        reencode(identity(), IMAGES[:1])
