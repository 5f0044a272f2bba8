"""Several images of the same features."""

import numpy as np
import pytest
from exact_pairs import identity, noisy, random_images

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.preimages import Spread, sample_preimages, spread
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.networks.inversion_generator import InversionGenerator

IMAGES = random_images(6) // 2 + 64


def samples_of(count=4, seed=0, **options):
    inversion = noisy(**options)
    features = inversion.features(IMAGES)
    return inversion, features, sample_preimages(inversion, features, count, seed)


def test_a_generator_that_ignores_noise():
    inversion, features, samples = samples_of(gain=0.0)
    for draw in samples:
        np.testing.assert_array_equal(draw, IMAGES)
    assert spread(inversion, features, samples) == Spread(0.0, 0.0)


def test_a_generator_that_ignores_features():
    """Draws of one row differ as much as draws of two rows."""
    inversion, features, samples = samples_of(count=40, gain=0.1, keep=0.0)
    found = spread(inversion, features, samples)
    assert found.diversity == pytest.approx(1, abs=0.1)
    assert found.feature_error > 0.5


def test_noise_of_known_size():
    """Features are pixels, and noise is added to them: error and diversity follow its length."""
    inversion, features, samples = samples_of(count=200, gain=0.05)
    found = spread(inversion, features, samples)
    length = (
        0.05 * np.sqrt(8 * 12) * np.sqrt(8 / np.pi)
    )  # the mean length of N(0, 1) in three dimensions
    distances = [np.linalg.norm(a - b) for a in features for b in features if a is not b]
    unit = np.sum(distances) / (len(features) * (len(features) - 1))
    assert found.feature_error == pytest.approx(length / unit, rel=0.05)
    images = (samples / 255).reshape(200, 6, -1)
    different = np.mean(
        [np.linalg.norm(x[i] - x[j]) for x in images for i in range(6) for j in range(i)]
    )
    assert found.diversity == pytest.approx(np.sqrt(2) * length / different, rel=0.05)


def test_samples_depend_on_the_seed_and_on_their_index():
    _, _, samples = samples_of(seed=3)
    np.testing.assert_array_equal(samples_of(seed=3)[2], samples)
    np.testing.assert_array_equal(samples_of(count=2, seed=3)[2], samples[:2])
    assert (samples_of(seed=4)[2] != samples).any(axis=(2, 3, 4)).all()
    shifts = (samples.astype(int) - IMAGES)[:, :, 0, 0].reshape(-1, 3)
    assert len(np.unique(shifts, axis=0)) == 4 * 6


def test_a_real_network():
    comparator = make_comparator("random_alexnet:pool5")
    generator = InversionGenerator((1, 1, 256), (64, 64, 3), width=0.02, noise_dim=8)
    inversion = TrainedInversion(generator, comparator, (64, 64, 3))
    features = inversion.features(random_images(3, 64, 64))
    samples = sample_preimages(inversion, features, 3, 0)
    assert samples.shape == (3, 3, 64, 64, 3)
    assert spread(inversion, features, samples).diversity > 0


def test_a_generator_without_noise_is_refused():
    inversion = identity()
    with pytest.raises(InputError, match=r"got a generator without it \(identity\)"):
        sample_preimages(inversion, inversion.features(IMAGES), 2, 0)


def test_unsuitable_samples_are_refused():
    inversion, features, samples = samples_of(count=2)
    with pytest.raises(InputError, match="got 0"):
        sample_preimages(inversion, features, 0, 0)
    for wrong in (samples[:1], samples[:, :2], samples[0]):
        with pytest.raises(InputError, match="compared over draws"):
            spread(inversion, features, wrong)
