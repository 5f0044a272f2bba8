"""Images from features, by a generator with or without noise."""

import keras
import tensorflow as tf


def noise_dim_of(generator: keras.Model) -> int:
    """Elements of the noise that a generator takes beside its features; 0 for none."""
    return getattr(generator, "noise_dim", 0) or 0


def generate(
    generator: keras.Model, features: tf.Tensor, noise: tf.Tensor | None = None
) -> tf.Tensor:
    """Images that can be shown, of features.

    Args:
        generator: Maps features to a dict with `image`, float [B, H, W, 3].
        features: float32 [B, n] or [B, h, w, c].
        noise: float32 [B, noise_dim]; None for zeros, the mean of the noise. Not used by a
            generator without `noise_dim`.

    Returns:
        float32 [B, H, W, 3], clipped to [0, 1]: a linear output may leave it.
    """
    size = noise_dim_of(generator)
    if not size:
        found = generator(features, training=False)
    else:
        noise = tf.zeros([tf.shape(features)[0], size]) if noise is None else noise
        found = generator(features, training=False, noise=noise)
    return tf.clip_by_value(tf.cast(found["image"], tf.float32), 0.0, 1.0)


def as_bytes(images: tf.Tensor) -> tf.Tensor:
    """uint8 images of float ones in [0, 1], to the nearest."""
    return tf.cast(tf.round(255.0 * images), tf.uint8)
