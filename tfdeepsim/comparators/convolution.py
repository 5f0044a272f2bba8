"""Convolutions with frozen kernels, arranged so that the gradient with respect to the image is cheap."""

import numpy as np
import tensorflow as tf


def frozen_convolution(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    """Convolution with stride 1 whose gradient flows to the images only, never to the kernel.

    The gradient is computed as what it is, a convolution with the kernel turned by 180 degrees: on CPUs
    oneDNN has faster code for that than for `Conv2DBackpropInput`, by far on small maps and in bfloat16.

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


# The first convolution: kernel 11, stride 4, 2 zeros on each side. With the kernel padded to 12, both it and
# the image fall into 4x4 blocks, and on the blocks it is a convolution with kernel 3 and stride 1.
_STRIDE = 4
_BLOCKS = 3
_PADDING = 2


def to_blocks(images: tf.Tensor, mean: tuple[float, ...], dtype: tf.DType) -> tf.Tensor:
    """Subtract `mean`, pad with zeros, and turn each 4x4 block of pixels into one position.

    Args:
        images: [B, H, W, C], H and W static and at least 7.
        mean: Of each of the C channels.
        dtype: Of the result; the mean is subtracted before the cast.

    Returns:
        [B, h + 2, w + 2, 16 C], where h and w are the size of the convolution's output.
    """
    _, height, width, channels = images.shape
    down, across = ((side + 2 * _PADDING - 11) // _STRIDE + 1 for side in (height, width))
    bottom, right = _STRIDE * (down + 2) - _PADDING - height, _STRIDE * (across + 2) - _PADDING - width
    # Rows are taken as one axis of width * channels: operations on the 3 channels alone do not vectorise.
    rows = tf.reshape(images, [-1, height, width * channels]) - np.tile(np.array(mean, np.float32), width)
    rows = tf.cast(rows, dtype)
    rows = tf.pad(rows, [[0, 0], [_PADDING, bottom], [_PADDING * channels, right * channels]])
    blocks = tf.reshape(rows, [-1, down + 2, _STRIDE, across + 2, _STRIDE * channels])
    blocks = tf.transpose(blocks, [0, 1, 3, 2, 4])
    return tf.reshape(blocks, [-1, down + 2, across + 2, _STRIDE**2 * channels])


def block_kernel(kernel: np.ndarray) -> np.ndarray:
    """The kernel [11, 11, C, out] as it applies to what `to_blocks` gives: [3, 3, 16 C, out]."""
    _, _, channels, out = kernel.shape
    kernel = np.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0)))
    kernel = kernel.reshape(_BLOCKS, _STRIDE, _BLOCKS, _STRIDE, channels, out)
    return kernel.transpose(0, 2, 1, 3, 4, 5).reshape(_BLOCKS, _BLOCKS, _STRIDE**2 * channels, out)
