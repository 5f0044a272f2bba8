"""The model that `fit` trains: a network under an objective."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.pretraining.objective import Objective


class Pretext(keras.Model):
    """A network that is trained on what an objective measures.

    Args:
        objective: Says what the loss is.
    """

    def __init__(self, objective: Objective, **options: Any):
        super().__init__(**options)
        self.learned = objective.network()
        self._measure = objective.measures
        self.means = {name: keras.metrics.Mean(name) for name in objective.measured}
        self.built = True

    def state_variables(self) -> list[keras.Variable]:
        """All that a training step changes."""
        return [*self.learned.variables, *self.optimizer.variables]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.means.values())

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.learned(images, training=training)

    def compile(self, optimizer: Any = "adam", **options: Any) -> None:
        super().compile(optimizer=optimizer, **options)
        self.optimizer.build(self.learned.trainable_variables)

    def measures(
        self, batch: Mapping[str, tf.Tensor], training: bool = False
    ) -> dict[str, tf.Tensor]:
        """What the objective measures: name to float32 [B]."""
        measures = self._measure(self.learned, batch, training)
        measures["loss"] = tf.debugging.check_numerics(measures["loss"], "loss term 'loss'")
        return measures

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        # An optimizer adds up the gradients of all replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            measures = self.measures(batch, training=True)
            loss = tf.reduce_mean(measures["loss"]) / replicas
        variables = self.learned.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return self._update(measures)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return self._update(self.measures(batch, training=False))

    def _update(self, measures: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in measures.items():
            self.means[name].update_state(value)
        return {name: mean.result() for name, mean in self.means.items()}
