"""Convolutions with frozen kernels, arranged so that the gradient with respect to the image is
cheap."""

import numpy as np
import tensorflow as tf


def frozen_convolution(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    """Convolution with stride 1 whose gradient flows to the images only, never to the kernel.

    The gradient is computed as what it is, a convolution with the kernel turned by 180 degrees: on
    CPUs oneDNN has faster code for that than for `Conv2DBackpropInput`, by far on small maps and in
    bfloat16.

    Args:
        images: [B, H, W, in], float.
        kernel: [k, k, in, out], same dtype.
        padding: Zeros on each side of the images, below k.

    Returns:
        [B, H + 2 padding - k + 1, W + 2 padding - k + 1, out].
    """

    @tf.custom_gradient
    def convolve(images: tf.Tensor, kernel: tf.Tensor):
        def gradient(upstream: tf.Tensor):
            turned = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
            return _convolve(upstream, turned, kernel.shape[0] - 1 - padding), None

        return _convolve(images, kernel, padding), gradient

    return convolve(images, kernel)


def _convolve(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    side = [padding, padding]
    return tf.nn.conv2d(images, kernel, 1, [[0, 0], side, side, [0, 0]])


# A convolution with kernel 11 and stride 4: with the kernel padded to 12, both it and the image
# fall into 4x4 blocks, and on the blocks it is a convolution with kernel 3 and stride 1.
STRIDE = 4


def blocks_of(
    images: tf.Tensor, mean: np.ndarray, dtype: tf.DType, kernel: int, padding: int
) -> tf.Tensor:
    """Subtract `mean`, pad with zeros, and turn each 4x4 block of pixels into one position.

    Args:
        images: [B, H, W, C], H and W static and at least `kernel` - 2 `padding`.
        mean: Of each of the C channels, float32.
        dtype: Of the result; the mean is subtracted before the cast.
        kernel: Side of the kernel of the convolution that follows, at most 12.
        padding: Zeros on each side, of that convolution.

    Returns:
        [B, h + n - 1, w + n - 1, 16 C], where h and w are the size of the convolution's output, and
        n the side of its kernel in blocks.
    """
    _, height, width, channels = images.shape
    more = -(-kernel // STRIDE) - 1
    down, across = ((side + 2 * padding - kernel) // STRIDE + 1 + more for side in (height, width))
    bottom, right = STRIDE * down - padding - height, STRIDE * across - padding - width
    # Rows are taken as one axis of width * channels: operations on the 3 channels alone do not
    # vectorise.
    rows = tf.reshape(images, [-1, height, width * channels]) - np.tile(mean, width)
    rows = tf.cast(rows, dtype)
    rows = rows[:, : height + min(0, bottom), : (width + min(0, right)) * channels]
    rows = tf.pad(
        rows,
        [[0, 0], [padding, max(0, bottom)], [padding * channels, max(0, right) * channels]],
    )
    blocks = tf.reshape(rows, [-1, down, STRIDE, across, STRIDE * channels])
    blocks = tf.transpose(blocks, [0, 1, 3, 2, 4])
    return tf.reshape(blocks, [-1, down, across, STRIDE**2 * channels])


def block_kernel(kernel: tf.Tensor) -> tf.Tensor:
    """The kernel [k, k, C, out] for what `blocks_of` gives: [n, n, 16 C, out], where n = ceil(k /
    4)."""
    side, _, channels, out = kernel.shape
    blocks = -(-side // STRIDE)
    short = blocks * STRIDE - side
    kernel = tf.pad(kernel, [[0, short], [0, short], [0, 0], [0, 0]])
    kernel = tf.reshape(kernel, [blocks, STRIDE, blocks, STRIDE, channels, out])
    kernel = tf.transpose(kernel, [0, 2, 1, 3, 4, 5])
    return tf.reshape(kernel, [blocks, blocks, STRIDE**2 * channels, out])
