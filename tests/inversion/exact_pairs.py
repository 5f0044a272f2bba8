"""Generators that invert their extractor exactly, so that the result of an analysis is known."""

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.inversion.trained_inversion import TrainedInversion


def random_images(count, height=8, width=12, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def generator_of(feature_shape, image_of):
    """A keras.Model that computes a function from features to images."""
    features = keras.Input(feature_shape)
    return keras.Model(features, {"image": keras.layers.Lambda(image_of)(features)})


def flat(images):
    return tf.reshape(images, [-1, int(np.prod(images.shape[1:]))])


def identity(shape=(8, 12, 3), change=lambda images: images):
    """Features are the pixels; the generator returns them, changed by a function."""
    size = int(np.prod(shape))
    generator = generator_of((size,), lambda x: change(tf.reshape(x, [-1, *shape])))
    return TrainedInversion(generator, flat, shape, "identity")


def rotated(shape=(4, 5, 3)):
    """Features are the pixels in another orthonormal basis."""
    size = int(np.prod(shape))
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(size, size)))[0].astype(np.float32)
    generator = generator_of((size,), lambda x: tf.reshape(x @ basis.T, [-1, *shape]))
    return TrainedInversion(generator, lambda images: flat(images) @ basis, shape)


class Noisy(keras.Model):
    """Returns `keep` times the pixels plus `gain` times the noise, one number per colour."""

    noise_dim = 3

    def __init__(self, shape=(8, 12, 3), gain=0.1, keep=1.0):
        super().__init__()
        self.shape, self.gain, self.keep = shape, gain, keep
        self.built = True

    def call(self, features, training=False, noise=None):
        images = tf.reshape(features, [-1, *self.shape])
        return {"image": self.keep * images + self.gain * noise[:, None, None]}


def noisy(shape=(8, 12, 3), **options):
    return TrainedInversion(Noisy(shape, **options), flat, shape)
