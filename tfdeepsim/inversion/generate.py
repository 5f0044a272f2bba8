"""Images from features, by a generator with or without noise."""

import keras
import tensorflow as tf


def noise_dim_of(generator: keras.Model) -> int:
    """Length of the noise vector that a generator takes besides features; 0 for none."""
    return getattr(generator, "noise_dim", 0) or 0


def generate(
    generator: keras.Model, features: tf.Tensor, noise: tf.Tensor | None = None
) -> tf.Tensor:
    """Generate images that can be shown.

    Args:
        generator: Maps features to a dictionary with `image`, float [B, H, W, 3].
        features: float32 [B, n] or [B, h, w, c].
        noise: float32 [B, noise_dim]; None for zeros, the mean of the noise. Ignored for a
            generator without `noise_dim`.

    Returns:
        float32 [B, H, W, 3], clipped to [0, 1], which a linear output may exceed.
    """
    noise_dim = noise_dim_of(generator)
    if not noise_dim:
        outputs = generator(features, training=False)
    else:
        noise = tf.zeros([tf.shape(features)[0], noise_dim]) if noise is None else noise
        outputs = generator(features, training=False, noise=noise)
    return tf.clip_by_value(tf.cast(outputs["image"], tf.float32), 0.0, 1.0)
