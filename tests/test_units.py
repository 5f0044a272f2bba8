"""The paper's loss weights in mean units."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_deepsim import Doubled, Scale

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.units import mean_units

PAPER = {"image": 2e-6, "feature": 0.01, "adversarial": 100.0}


def test_weights_of_the_released_training_files():
    """At 227x227 pixels with the 6x6x256 features of pool5."""
    weights = mean_units(PAPER, 227 * 227 * 3, 6 * 6 * 256)
    assert weights["image"] == pytest.approx(10_052, abs=1)
    assert weights["feature"] == pytest.approx(46.08)
    assert weights["adversarial"] == 100.0


def test_only_the_weights_that_are_passed_are_returned():
    assert mean_units({"kl": 0.5}, 12, 3, latent_dim=8) == {"kl": 4.0}
    assert mean_units({}, 12) == {}


class Chance(keras.Model):
    """A discriminator whose logits [B, 2] are the sum of an image's pixels and 0."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer="ones")
        self.built = True

    def call(self, images, training=False):
        sums = tf.reduce_sum(images, (1, 2, 3))
        return self.w * tf.stack([tf.zeros_like(sums), sums], 1)


def test_the_loss_is_the_papers_sums():
    """The paper's sums: Euclidean losses divided by 2N on pixels from 0 to 255, softmax
    cross-entropy, and eq. (7) with its −½."""
    images = np.random.default_rng(0).random((4, 2, 3, 1)).astype(np.float32)
    lambdas = {**PAPER, "kl": 0.3}
    model = DeePSiM(Scale(), mean_units(lambdas, 6, 6, 2), Doubled(), Chance())
    generated = 0.5 * images
    euclidean = ((255 * generated - 255 * images) ** 2).sum() / (2 * 4)
    features = ((2 * generated - 2 * images) ** 2).sum() / (2 * 4)
    cross_entropy = np.log1p(np.exp(-generated.sum((1, 2, 3)))).mean()
    kl = 2 * 0.5 * (0.5**2 + 1 - 0 - 1)
    expected = 2e-6 * euclidean + 0.01 * features + 100 * cross_entropy + 0.3 * kl
    loss = tf.reduce_mean(model.weigh(model.terms({"image": images})))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    # Each term is large enough to count in the sum.
    assert min(2e-6 * euclidean, 0.01 * features, 0.3 * kl) > 1e-4 * expected
