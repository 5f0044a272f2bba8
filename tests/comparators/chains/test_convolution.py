"""Frozen convolutions, and the first convolution on blocks, against plain operations."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.convolution import block_kernel, blocks_of, frozen_convolution

SIZES = [(11, 11), (12, 15), *((side, 129 - side) for side in range(64, 76))]


def value_and_gradient(function, images, seed=1):
    """The output of a function, and the gradient of a random linear function of that."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = function(images)
    weights = np.random.default_rng(seed).standard_normal(output.shape).astype(np.float32)
    return output, tape.gradient(output, images, weights)


def assert_same(one, other, images):
    for a, b in zip(
        value_and_gradient(one, images), value_and_gradient(other, images), strict=True
    ):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=2e-6 * np.abs(b).max())


@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (5, 2), (3, 0), (5, 1), (1, 0)])
def test_frozen_convolution_is_a_convolution(kernel, padding):
    rng = np.random.default_rng(0)
    images = tf.constant(rng.standard_normal((2, 7, 9, 4)), tf.float32)
    weights = tf.constant(rng.standard_normal((kernel, kernel, 4, 6)), tf.float32)
    side = [padding, padding]
    assert_same(
        lambda x: frozen_convolution(x, weights, padding),
        lambda x: tf.nn.conv2d(x, weights, 1, [[0, 0], side, side, [0, 0]]),
        images,
    )


def test_frozen_convolution_gives_its_kernel_no_gradient():
    images, kernel = tf.ones((1, 4, 4, 1)), tf.ones((3, 3, 1, 1))
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        output = frozen_convolution(images, kernel, 1)
    gradient, none = tape.gradient(output, [images, kernel])
    assert none is None
    # Every position has as many neighbours in the image, itself included, as windows that hold it.
    np.testing.assert_array_equal(gradient[0, :, :, 0], output[0, :, :, 0])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", [0, 2])
def test_blocks_are_the_first_convolution(padding, size):
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((2, *size, 3)), tf.float32)
    kernel = tf.constant(rng.standard_normal((11, 11, 3, 8)), tf.float32)
    mean = np.array([0.5, 0.25, 0.75], np.float32)
    side = [padding, padding]

    def rewritten(x):
        blocks = blocks_of(x, mean, tf.float32, 11, padding)
        return frozen_convolution(blocks, block_kernel(kernel), 0)

    assert_same(
        rewritten, lambda x: tf.nn.conv2d(x - mean, kernel, 4, [[0, 0], side, side, [0, 0]]), images
    )


def test_blocks_take_the_smallest_image_that_padding_allows():
    images, kernel = tf.ones((1, 7, 8, 3)), tf.ones((11, 11, 3, 1))
    blocks = blocks_of(images, np.zeros(3, np.float32), tf.float32, 11, 2)
    output = frozen_convolution(blocks, block_kernel(kernel), 0)
    np.testing.assert_array_equal(output, [[[[7 * 8 * 3.0]]]])


@pytest.mark.parametrize("padding", [0, 2])
def test_one_weight_of_the_first_convolution_sees_its_pixel(padding):
    kernel = np.zeros((11, 11, 3, 1), np.float32)
    kernel[10, 3, 2] = 1
    images = np.random.default_rng(0).random((1, 21, 30, 3)).astype(np.float32)
    blocks = blocks_of(tf.constant(images), np.zeros(3, np.float32), tf.float32, 11, padding)
    output = frozen_convolution(blocks, block_kernel(tf.constant(kernel)), 0)[0, :, :, 0]
    # Output (i, j) looks at rows and columns 4i - padding ... 4i - padding + 10.
    expected = images[0, 10 - padding :: 4, 3 - padding :: 4, 2]
    np.testing.assert_allclose(output, expected[: output.shape[0], : output.shape[1]], rtol=1e-6)


def test_the_mean_is_subtracted_before_the_cast():
    images = tf.constant(0.5 + np.linspace(-1e-3, 1e-3, 192), tf.float32)
    blocks = blocks_of(
        tf.reshape(images, (1, 8, 8, 3)), np.full(3, 0.5, np.float32), tf.bfloat16, 4, 0
    )
    found = np.sort(tf.cast(blocks, tf.float32).numpy().ravel())
    np.testing.assert_allclose(found, np.sort(images.numpy()) - 0.5, rtol=2**-8)
