"""Flips and shifts, compared with NumPy, eagerly and in a pipeline."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.pretraining.crops import SHIFT, flip_and_shift


def images(count=12, height=16, width=24):
    return np.random.default_rng(0).random((count, height, width, 3)).astype(np.float32)


def by_hand(batch, seed):
    """Each image with its edges reflected, cut at its shift, and mirrored or not."""
    count, height, width, _ = batch.shape
    across, down, flip = tf.random.stateless_uniform([3, count], seed).numpy()
    results = []
    for image, u, v, mirrored in zip(batch, across, down, flip < 0.5, strict=True):
        x, y = (
            int(np.round((2 * u - 1) * SHIFT * width)),
            int(np.round((2 * v - 1) * SHIFT * height)),
        )
        padded = np.pad(image, ((height, height), (width, width), (0, 0)), mode="symmetric")
        cut = padded[height + y : 2 * height + y, width + x : 2 * width + x]
        results.append(cut[:, ::-1] if mirrored else cut)
    return np.stack(results)


@pytest.mark.parametrize("seed", range(4))
def test_mirrors_and_shifts_by_whole_pixels(seed):
    batch = images()
    expected = by_hand(batch, (seed, 7))
    np.testing.assert_array_equal(flip_and_shift(tf.constant(batch), (seed, 7)), expected)
    assert (expected != batch).any()


def test_the_same_in_a_pipeline():
    data = tf.data.Dataset.from_tensors(images()).map(lambda x: flip_and_shift(x, (1, 2)))
    (piped,) = data.as_numpy_iterator()
    np.testing.assert_array_equal(piped, flip_and_shift(tf.constant(images()), (1, 2)))


def test_a_function_of_the_seed():
    batch = tf.constant(images())
    first, again, other = (flip_and_shift(batch, seed).numpy() for seed in ((0, 1), (0, 1), (0, 2)))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_reaches_the_largest_shift_both_ways_and_mirrors_half():
    # The value of each pixel is its column.
    columns = np.tile(np.arange(32, dtype=np.float32)[None, None, :, None], (400, 4, 1, 3))
    middle = flip_and_shift(tf.constant(columns), (0, 0)).numpy()[:, 0, 15:17, 0]
    mirrored = middle[:, 1] < middle[:, 0]
    shifts = np.where(mirrored, middle[:, 1], middle[:, 0]) - 15
    assert (shifts.min(), shifts.max()) == (-4, 4)
    assert 0.4 < mirrored.mean() < 0.6


def test_keeps_shape_and_range():
    moved = flip_and_shift(tf.constant(images(count=1)), (3, 3))
    assert (moved.shape, moved.dtype) == ((1, 16, 24, 3), tf.float32)
    assert set(np.unique(moved)) <= set(np.unique(images(count=1)))
