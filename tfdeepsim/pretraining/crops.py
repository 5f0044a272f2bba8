"""Random flips and shifts of images, for a batch at once."""

import tensorflow as tf

SHIFT = 0.125
"""Largest shift along each axis, as a share of the image's side."""


def flip_and_shift(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror half of the images, and shift each by whole pixels up to `SHIFT`; edges are reflected.

    Args:
        images: float32 [B, H, W, C].
        seed: int [2]; equal seeds give equal results.

    Returns:
        float32 [B, H, W, C], in the same range.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    draws = tf.random.stateless_uniform([3, count], seed)
    across, down = ((2 * draws[i] - 1) * SHIFT * side for i, side in ((0, width), (1, height)))
    sign = tf.where(draws[2] < 0.5, -1.0, 1.0)
    # A mirrored image is read from its right edge to the left.
    start = tf.round(across) + tf.where(sign < 0, float(width - 1), 0.0)
    zeros, ones = tf.zeros([count]), tf.ones([count])
    # Rows [a0 a1 a2 b0 b1 b2 c0 c1]: the output at (x, y) is the input at (a0 x + a1 y + a2,
    # b0 x + b1 y + b2).
    transforms = tf.stack([sign, zeros, start, zeros, ones, tf.round(down), zeros, zeros], axis=1)
    shifted = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(shifted, images.shape)
