import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.convolution import block_kernel, frozen_convolution, to_blocks

SIZES = [(7, 7), (8, 15), (63, 64), (64, 64), (65, 66), (67, 31)]


def value_and_gradient(function, images, seed=1):
    """Output, and the gradient of a random linear function of it."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = function(images)
    weights = np.random.default_rng(seed).standard_normal(output.shape).astype(np.float32)
    return output, tape.gradient(output, images, weights)


def assert_same(one, other, images):
    for a, b in zip(value_and_gradient(one, images), value_and_gradient(other, images), strict=True):
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
def test_blocks_are_the_first_convolution(size):
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((2, *size, 3)), tf.float32)
    kernel = rng.standard_normal((11, 11, 3, 8)).astype(np.float32)
    mean = (0.5, 0.25, 0.75)

    def plain(x):
        return tf.nn.conv2d(x - mean, kernel, 4, [[0, 0], [2, 2], [2, 2], [0, 0]])

    def rewritten(x):
        return frozen_convolution(to_blocks(x, mean, tf.float32), tf.constant(block_kernel(kernel)), 0)

    assert_same(rewritten, plain, images)


def test_one_weight_of_the_first_convolution_sees_its_pixel():
    kernel = np.zeros((11, 11, 3, 1), np.float32)
    kernel[10, 3, 2] = 1
    images = np.random.default_rng(0).random((1, 21, 30, 3)).astype(np.float32)
    blocks = to_blocks(tf.constant(images), (0, 0, 0), tf.float32)
    output = frozen_convolution(blocks, tf.constant(block_kernel(kernel)), 0)
    # Output (i, j) looks at rows 4i - 2 ... 4i + 8 and columns 4j - 2 ... 4j + 8.
    np.testing.assert_allclose(output[0, :, :, 0], images[0, 8::4, 1::4, 2][:4, :6], rtol=1e-6)
