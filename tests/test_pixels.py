"""Bytes and floats of images: exact values, bounds, and every byte there and back."""

import numpy as np
import pytest

from tfdeepsim.pixels import to_bytes, to_floats

BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_floats_are_255ths_between_0_and_1():
    floats = to_floats(BYTES)
    assert floats.dtype == np.float32
    assert floats.shape == BYTES.shape
    np.testing.assert_array_equal(floats.ravel(), np.arange(256, dtype=np.float32) / 255)
    assert (floats.min(), floats.max()) == (0, 1)


def test_every_byte_comes_back():
    np.testing.assert_array_equal(to_bytes(to_floats(BYTES)), BYTES)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_clipped_and_rounded(dtype):
    floats = np.array([-np.inf, -1, -0.001, 0, 0.4 / 255, 0.6 / 255, 0.5, 1, 1.001, 7], dtype)
    result = to_bytes(floats)
    assert result.dtype == np.uint8
    assert result.tolist() == [0, 0, 0, 0, 0, 1, 128, 255, 255, 255]


def test_a_byte_is_the_nearest_one():
    floats = np.random.default_rng(0).uniform(0, 1, 10_000).astype(np.float32)
    assert np.abs(to_bytes(floats).astype(np.float64) - 255.0 * floats).max() <= 0.5 + 1e-5


def test_tensors_are_taken():
    import tensorflow as tf

    assert to_bytes(tf.constant([0.0, 1.0], tf.bfloat16)).tolist() == [0, 255]
    assert to_floats(tf.constant([0, 255], tf.uint8)).tolist() == [0.0, 1.0]
