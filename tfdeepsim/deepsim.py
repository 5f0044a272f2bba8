"""The one trained model: every system of both papers is a configuration of it."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim import losses

OUT_OF_RANGE = "images out of range:"
"""How the error begins that stops a step on images that the comparator was not made for."""

IMAGE_LOSSES = {"l2": losses.squared_error, "l1": losses.absolute_error}


class DeePSiM(keras.Model):
    """A generator trained under a weighted sum of loss terms, eq. (1) of Dosovitskiy & Brox 2016.

        L = λ_feature · L_feature + λ_image · L_image + λ_kl · L_kl

    AE: image alone. P. AE: feature alone. VAE and P. VAE: the same with kl. A term is computed only where
    its weight is given; a new term (the adversarial one of eq. (4) has its place here) is one more entry of
    `terms`. Terms are means over the elements of an example, see `tfdeepsim.losses`.

    Args:
        generator: Images [B, H, W, C] in [0, 1] to a dictionary with `image`, and `latent` and
            `log_variance` where there is a posterior.
        loss_weights: λ of every term that is used, by name: `feature`, `image`, `kl`.
        comparator: Frozen network from images to features; needed for `feature`.
        image_loss: `l2` or `l1`.
    """

    def __init__(
        self,
        generator: keras.Model,
        loss_weights: Mapping[str, float],
        comparator: keras.layers.Layer | None = None,
        image_loss: str = "l2",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.comparator: Any = comparator
        self.loss_weights = dict(loss_weights)
        self.image_loss = IMAGE_LOSSES[image_loss]
        names = ["loss", *self.loss_weights, *(f"weighted_{name}" for name in self.loss_weights)]
        self.means = {name: keras.metrics.Mean(name) for name in names}
        self.built = True

    @property
    def learned(self) -> keras.Model:
        """The part whose weights are trained."""
        return self.generator

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.means.values())

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        return self.generator(images, training=training)

    def terms(self, batch: Mapping[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """Every loss term that has a weight, raw: name to float32 [B].

        Args:
            batch: `image`, float [B, H, W, C] in [0, 1]: input and target at once.
            training: Whether batch statistics and noise are used.
        """
        target = batch["image"]
        if "feature" in self.loss_weights:
            target = in_range(target, *self.comparator.input_range)
        generated = self.generator(target, training=training)
        compute = {
            "image": lambda: self.image_loss(generated["image"], target),
            "feature": lambda: losses.feature_error(
                self.comparator(generated["image"]),
                tf.nest.map_structure(tf.stop_gradient, self.comparator(target)),
                self.comparator.layer_weights,
            ),
            "kl": lambda: losses.kl_divergence(generated["latent"], generated["log_variance"]),
        }
        return {
            name: tf.debugging.check_numerics(compute[name](), f"loss term '{name}'")
            for name in self.loss_weights
        }

    def weigh(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of `terms`: float32 [B]."""
        return tf.add_n([self.loss_weights[name] * value for name, value in terms.items()])

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        # An optimizer adds up the gradients of all replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            terms = self.terms(batch, training=True)
            loss = tf.reduce_mean(self.weigh(terms)) / replicas
        variables = self.generator.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return self._update(terms)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return self._update(self.terms(batch, training=False))

    def _update(self, terms: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        self.means["loss"].update_state(self.weigh(terms))
        for name, value in terms.items():
            self.means[name].update_state(value)
            self.means[f"weighted_{name}"].update_state(self.loss_weights[name] * value)
        return {name: mean.result() for name, mean in self.means.items()}


def in_range(images: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """`images`, if all lie in [low, high], up to rounding.

    Raises:
        tf.errors.InvalidArgumentError: If not; its message begins with `OUT_OF_RANGE`.
    """
    least, most = tf.reduce_min(images), tf.reduce_max(images)
    # NaN is left to the check of the loss terms, which names the term.
    outside = (least < low - 1e-3) | (most > high + 1e-3)
    check = tf.debugging.Assert(~outside, [OUT_OF_RANGE, least, "to", most])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(images)
