"""The model that trains a comparator: a network under an objective."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.distributed_fit import DistributedFit
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.trainable_chain import TrainableChain
from tfdeepsim.step_checks import StepChecks


@keras.saving.register_keras_serializable("tfdeepsim")
class Pretext(DistributedFit, keras.Model):
    """A network that is trained to minimise the loss of an objective.

    A `.keras` file of this model holds the network and the optimizer, but not the objective, which
    holds the training images. A loaded model maps images to features; to train it further, build
    `Pretext(loaded.trained_network, objective)`. Import `tfdeepsim.saving` before loading one.

    Args:
        network: The network to train.
        objective: Computes the loss and other measures of a batch; None for a model that is not
            trained.

    Example:
        >>> model = Pretext(objective.network(), objective)
        >>> model.compile("adam")
        >>> model.fit(objective.training(64, seed=0, steps=range(100)), shuffle=False)
    """

    def __init__(self, network: TrainableChain, objective: Objective | None = None, **options: Any):
        super().__init__(**options)
        self.trained_network = network
        self._measure = objective.measures if objective else _no_objective
        measures = objective.measure_names if objective else ()
        self.means = {name: keras.metrics.Mean(name) for name in measures}
        self.checks = StepChecks()
        self.built = True

    def get_config(self) -> dict[str, Any]:
        network = keras.saving.serialize_keras_object(self.trained_network)
        return {"network": network, "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Pretext":
        network = keras.saving.deserialize_keras_object(
            config["network"], custom_objects=custom_objects
        )
        return cls(**{**config, "network": network})

    def state_variables(self) -> list[keras.Variable]:
        """All that a training step changes."""
        return [*self.trained_network.variables, *self.optimizer.variables]

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.trained_network(images, training=training)

    def compile(self, optimizer: Any = "adam", **options: Any) -> None:
        """Set the optimizer of the network.

        Args:
            optimizer: A Keras optimizer, or its name.
            **options: Other options of `keras.Model.compile`.
        """
        super().compile(optimizer=optimizer, **options)
        self.optimizer.build(self.trained_network.trainable_variables)
        self.checks = StepChecks(["loss"], self.optimizer.iterations, compiled=self.jit_compile)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def measures(
        self, batch: Mapping[str, tf.Tensor], training: bool = False
    ) -> dict[str, tf.Tensor]:
        """The objective's measures of a batch, by name: float32 [B] each.

        Raises:
            InputError: If the model has no objective.
        """
        measures = self._measure(self.trained_network, batch, training)
        measures["loss"] = self.checks.finite(measures["loss"], "loss")
        return measures

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        # Optimizers sum the gradients of all replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            measures = self.measures(batch, training=True)
            loss = tf.reduce_mean(measures["loss"]) / replicas
            # In float16; Keras' optimizer then divides by the factor, and skips what overflows.
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trained_network.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self._log(measures)

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return self._log(self.measures(batch, training=False))


def _no_objective(
    network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
) -> dict[str, tf.Tensor]:
    raise InputError(
        "a comparator is trained under an objective",
        got="a model without one, e.g. loaded from a file",
        accepted="Pretext(model.trained_network, objective)",
    )
