"""Preferred inputs of units whose best image is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from exact_pairs import Noisy, flat, generator_of, random_images

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.preferred_input import BATCH_SIZE, preferred_input
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.networks.inversion_generator import InversionGenerator

SHAPE, SIZE = (2, 3, 3), 18
RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(SIZE, 4)).astype(np.float32)
LOW, HIGH = (
    RNG.uniform(0.1, 0.4, SIZE).astype(np.float32),
    RNG.uniform(0.5, 0.9, SIZE).astype(np.float32),
)
START = RNG.uniform(0.4, 0.5, (3, SIZE)).astype(np.float32)


def pixels():
    """Features are the pixels."""
    return generator_of((SIZE,), lambda x: tf.reshape(x, [-1, *SHAPE]))


def linear(images):
    return flat(images) @ WEIGHTS


@pytest.mark.parametrize("unit", [0, 3])
def test_a_linear_unit_is_greatest_at_a_corner(unit):
    found = preferred_input(pixels(), linear, unit, START, LOW, HIGH, steps=60)
    corner = np.where(WEIGHTS[:, unit] > 0, HIGH, LOW)
    np.testing.assert_allclose(found.features, np.tile(corner, (3, 1)), atol=1e-6)
    np.testing.assert_allclose(
        found.images.reshape(3, -1), np.tile(255 * corner, (3, 1)), atol=0.51
    )
    # Activations are those of the bytes, which anyone can compute again.
    np.testing.assert_allclose(
        found.activations, linear(found.images / np.float32(255))[:, unit], rtol=1e-5
    )
    assert (found.activations > found.before + 0.5).all()
    np.testing.assert_allclose(found.before, START @ WEIGHTS[:, unit], atol=0.02)


def test_the_best_step_is_returned():
    """The unit has its maximum at a pixel value; steps beyond it are not returned."""
    peak = np.tile(np.float32(0.6), SIZE)

    def hill(images):
        return -tf.reduce_sum(tf.square(flat(images) - peak), axis=1, keepdims=True)

    found = preferred_input(pixels(), hill, 0, START, 0 * LOW, 0 * LOW + 1, steps=80)
    np.testing.assert_allclose(found.features, 0.6, atol=5e-3)
    wild = preferred_input(
        pixels(), hill, 0, START, 0 * LOW, 0 * LOW + 1, steps=3, learning_rate=5.0
    )
    assert (wild.activations >= wild.before).all()


def test_the_distance_penalty_in_closed_form():
    """The maximum of a linear unit is at start + gradient / (2 · penalty / n), in fractions."""
    low, high, penalty = np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32), 200.0
    found = preferred_input(
        pixels(), linear, 1, START, low, high, steps=120, distance_penalty=penalty
    )
    expected = START + WEIGHTS[:, 1] * SIZE / (2 * penalty)
    assert expected.min() > 0
    np.testing.assert_allclose(found.features, expected, atol=3e-3)


def test_features_stay_in_their_range_in_every_step():
    """Two pixels should sum to 1.4; one is limited to 0.5, so that the other must be 0.9."""

    def pair(images):
        return -tf.square(tf.reduce_sum(flat(images)[:, :2], axis=1, keepdims=True) - 1.4)

    high = np.ones(SIZE, np.float32)
    high[0] = 0.5
    found = preferred_input(pixels(), pair, 0, 0 * START + 0.4, 0 * high, high, steps=80)
    np.testing.assert_allclose(found.features[:, :2].sum(1), 1.4, atol=0.01)


def test_without_steps_the_clipped_starts_are_returned():
    wide = START + np.float32([[-1], [0], [1]])
    found = preferred_input(pixels(), linear, 0, wide, LOW, HIGH, steps=0)
    np.testing.assert_allclose(found.features, np.clip(wide, LOW, HIGH), atol=1e-6)
    np.testing.assert_array_equal(found.before, found.activations)


def test_a_feature_of_one_value_stays():
    high = np.where(np.arange(SIZE) < 5, LOW, HIGH)
    found = preferred_input(pixels(), linear, 0, START, LOW, high, steps=10)
    np.testing.assert_array_equal(found.features[:, :5], np.tile(LOW[:5], (3, 1)))
    assert (found.features[:, 5:] != START[:, 5:]).all()


def test_a_unit_of_a_map_is_the_mean_of_a_channel():
    def coloured(images):
        return tf.stack([images[..., 0], -images[..., 1]], axis=-1)

    found = preferred_input(pixels(), coloured, 1, START, LOW, HIGH, steps=60)
    green = np.arange(SIZE) % 3 == 1
    np.testing.assert_allclose(found.features[:, green], np.tile(LOW[green], (3, 1)), atol=1e-6)
    np.testing.assert_allclose(found.features[:, ~green], START[:, ~green], atol=1e-6)
    np.testing.assert_allclose(
        found.activations, -found.images[..., 1].mean((1, 2)) / 255, rtol=1e-5
    )


def test_rows_are_searched_independently():
    many = RNG.uniform(0.4, 0.5, (BATCH_SIZE + 2, SIZE)).astype(np.float32)
    together = preferred_input(pixels(), linear, 2, many, LOW, HIGH, steps=5)
    for row in (0, BATCH_SIZE + 1):
        alone = preferred_input(pixels(), linear, 2, many[row : row + 1], LOW, HIGH, steps=5)
        np.testing.assert_allclose(together.features[row], alone.features[0], atol=1e-6)


def test_many_units_give_no_warnings(caplog):
    for unit in (0, 1, 2, 3) * 2:
        preferred_input(pixels(), linear, unit, START, LOW, HIGH, steps=1)
    assert "retracing" not in caplog.text


def test_noise_of_the_start_depends_on_the_seed():
    def run(seed):
        starts = np.tile(START[:1], (2, 1))
        return preferred_input(
            pixels(), linear, 0, starts, LOW, HIGH, steps=0, start_noise=0.1, seed=seed
        )

    first = run(1).features
    np.testing.assert_array_equal(run(1).features, first)
    assert (first[0] != first[1]).any()
    assert (run(2).features != first).any()
    fraction = np.abs((first - START[:1]) / (HIGH - LOW))
    assert 0.03 < fraction.mean() < 0.15


def test_noise_of_the_generator_is_zero():
    loud, without = (
        preferred_input(generator, linear, 0, START, LOW, HIGH, steps=3)
        for generator in (Noisy(SHAPE, gain=1.0), pixels())
    )
    np.testing.assert_array_equal(loud.images, without.images)


def test_a_real_network_twice():
    comparator = make_comparator("random_alexnet:relu2")
    keras.utils.set_random_seed(0)
    generator = InversionGenerator((7, 7, 192), (64, 64, 3), width=0.02)
    features = TrainedInversion(generator, comparator, (64, 64, 3)).features(
        random_images(4, 64, 64)
    )
    unit = int(features.mean((0, 1, 2)).argmax())
    bounds = features.min(0), 2 * features.max(0)
    runs = [
        preferred_input(
            generator, comparator, unit, features[:2], *bounds, steps=10, start_noise=0.1, seed=5
        )
        for _ in range(2)
    ]
    for one, other in zip(*(vars(run).values() for run in runs), strict=True):
        np.testing.assert_array_equal(one, other)
    assert runs[0].images.shape == (2, 64, 64, 3)
    assert (runs[0].activations > runs[0].before).all()
    assert (runs[0].features >= bounds[0]).all()
    assert (runs[0].features <= bounds[1]).all()


def test_unsuitable_arguments_are_refused():
    def search(unit=0, comparator=linear, start=START, low=LOW, high=HIGH, **options):
        preferred_input(pixels(), comparator, unit, start, low, high, **options)

    for unit in (-1, 4):
        with pytest.raises(InputError, match=rf"no such unit: got {unit}; accepted: 0-3"):
            search(unit)
    with pytest.raises(InputError, match="got 2 layers"):
        search(comparator=lambda images: [linear(images)] * 2)
    for penalty in (0.0, 1.0):
        with pytest.raises(InputError, match="needs a gradient"):
            search(
                comparator=lambda images: tf.stop_gradient(linear(images)), distance_penalty=penalty
            )
    for bounds in ({"low": HIGH, "high": LOW}, {"low": LOW[:2]}, {"start": START[:0]}):
        with pytest.raises(InputError, match="range of features must be that of one start"):
            search(**bounds)
    for name in ("steps", "learning_rate", "distance_penalty", "start_noise"):
        with pytest.raises(InputError, match=f"{name} must not be negative: got -1"):
            search(**{name: -1})
