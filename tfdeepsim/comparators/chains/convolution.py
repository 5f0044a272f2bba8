"""Convolutions with frozen kernels whose gradient with respect to the image is cheap."""

import numpy as np
import tensorflow as tf


def frozen_convolution(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    """Convolution with stride 1 that has a gradient for the images and none for the kernel.

    The gradient is computed as a convolution with the kernel turned by 180 degrees: on CPUs, oneDNN
    computes that faster than `Conv2DBackpropInput`, by far on small maps and in bfloat16.

    Args:
        images: float [B, H, W, in].
        kernel: [k, k, in, out], of the same dtype.
        padding: Zeros added on each side of the images, fewer than k.

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


STRIDE = 4
"""Stride of AlexNet's first convolution, which is computed on blocks of 4x4 pixels: with its kernel
of 11x11 padded to 12x12, it is a convolution with kernel 3x3 and stride 1 on the blocks."""


def blocks_of(
    images: tf.Tensor, mean: np.ndarray, dtype: tf.DType, kernel: int, padding: int
) -> tf.Tensor:
    """Subtract `mean`, pad with zeros, and turn each 4x4 block of pixels into one position.

    Args:
        images: [B, H, W, C], with H and W static and at least `kernel` - 2 `padding`.
        mean: float32 [C], the mean of each channel.
        dtype: Dtype of the result; the mean is subtracted before the cast.
        kernel: Side of the kernel of the convolution that follows, at most 12 pixels.
        padding: Zeros that this convolution adds on each side, in pixels.

    Returns:
        [B, h + n - 1, w + n - 1, 16 C], where h and w are the sides of the convolution's output,
        and n is the side of its kernel in blocks.
    """
    _, height, width, channels = images.shape
    more = -(-kernel // STRIDE) - 1
    down, across = ((side + 2 * padding - kernel) // STRIDE + 1 + more for side in (height, width))
    bottom, right = STRIDE * down - padding - height, STRIDE * across - padding - width
    # A row is one axis of width * channels: operations on an axis of 3 channels are not vectorised.
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
    """Rearrange the kernel of a convolution with stride 4 for the blocks of `blocks_of`.

    Args:
        kernel: [k, k, C, out].

    Returns:
        [n, n, 16 C, out], where n = ceil(k / 4).
    """
    side, _, channels, out = kernel.shape
    blocks = -(-side // STRIDE)
    short = blocks * STRIDE - side
    kernel = tf.pad(kernel, [[0, short], [0, short], [0, 0], [0, 0]])
    kernel = tf.reshape(kernel, [blocks, STRIDE, blocks, STRIDE, channels, out])
    kernel = tf.transpose(kernel, [0, 2, 1, 3, 4, 5])
    return tf.reshape(kernel, [blocks, blocks, STRIDE**2 * channels, out])
