"""Which network a step trains: the generator or the discriminator is paused while it is far ahead
of the other."""

import dataclasses
import math
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError

CHANCE = 2.0
"""Ratio r = L_discr / L_adv of a discriminator that guesses."""


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Thresholds of the ratio r = L_discr / L_adv, which is 2 at chance and small when the
    discriminator wins.

    Attributes:
        pause: The discriminator is paused when r falls below this value.
        resume: The discriminator is trained again when r rises above this value.
        losing: The generator is paused when r rises above this value, until the discriminator wins
            again.

    Example:
        >>> GATES["paper"].pause
        0.1
    """

    pause: float
    resume: float
    losing: float


GATES = {
    # Dosovitskiy & Brox 2016, section 3.2.
    "paper": Thresholds(0.1, 0.1, math.inf),
    # The training code that they released.
    "hysteresis": Thresholds(0.1, 0.5, 10.0),
    "off": Thresholds(0.0, 0.0, math.inf),
}


@keras.saving.register_keras_serializable("tfdeepsim")
class Gate(keras.layers.Layer):
    """Decides which of the two networks the next step trains; the first step trains both.

    Args:
        name_of_gate: A key of `GATES`.

    Attributes:
        discriminator: Scalar variable, 1 if the discriminator is trained in the next step, else 0.
        generator: The same for the generator.

    Example:
        >>> gate = Gate("paper")
        >>> gate.update(discriminator_loss / adversarial_loss)
    """

    def __init__(self, name_of_gate: str = "paper", **options: Any):
        super().__init__(trainable=False, **options)
        self.name_of_gate = name_of_gate
        self.thresholds = GATES[name_of_gate]
        # All replicas compute the same values, so any one of them may write.
        self.discriminator, self.generator = (
            self.add_weight(
                (),
                "ones",
                name=name,
                dtype="float32",
                trainable=False,
                aggregation="only_first_replica",
            )
            for name in ("discriminator", "generator")
        )
        self.built = True

    def update(self, ratio: tf.Tensor) -> None:
        """Decide which networks the next step trains.

        Args:
            ratio: Scalar L_discr / L_adv of this step.
        """
        limits = self.thresholds
        discriminator, generator = (
            tf.cast(x, tf.bool) for x in (self.discriminator, self.generator)
        )
        winning = discriminator & (ratio < limits.pause)
        recovered = ~discriminator & (ratio > limits.resume)
        discriminator = (discriminator & ~winning) | recovered
        generator |= winning | recovered
        losing = generator & (ratio > limits.losing)
        self.discriminator.assign(tf.cast(discriminator | losing, tf.float32))
        self.generator.assign(tf.cast(generator & ~losing, tf.float32))

    def get_config(self) -> dict[str, Any]:
        return {"name_of_gate": self.name_of_gate, "name": self.name}


@keras.saving.register_keras_serializable("tfdeepsim")
class GatedAdam(keras.optimizers.Adam):
    """Adam whose update can be skipped, which leaves weights and moments as they are.

    Skipped steps are counted, as in the code of Dosovitskiy & Brox, so that a learning rate
    schedule follows the steps of training. Those before `first_step` do not count for the
    correction of the moments: the first update after them is that of a new optimizer.

    Args:
        *arguments, **options: Arguments of `keras.optimizers.Adam`.
        first_step: Number of steps at the start that are all skipped.

    Attributes:
        open: Scalar that is 1 if the next update is applied and 0 if it is skipped. Set it before
            `apply`.

    Example:
        >>> optimizer = GatedAdam(1e-3)
        >>> optimizer.open = gate.generator
    """

    open: Any = 1.0

    def __init__(self, *arguments: Any, first_step: int = 0, **options: Any):
        super().__init__(*arguments, **options)
        self.first_step = first_step

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.first_step:
            learning_rate = learning_rate * self._correction_after_first_step()
        index = self._get_variable_index(variable)
        state = [variable, self._momentums[index], self._velocities[index]]
        before = [tf.identity(x) for x in state]
        super().update_step(gradient, variable, learning_rate)
        for new, old in zip(state, before, strict=True):
            self.assign(new, tf.where(tf.cast(self.open, tf.bool), new, old))

    def _correction_after_first_step(self) -> tf.Tensor:
        """Factor between Adam's corrections of the moments, from all steps to those from
        `first_step` on."""
        step = tf.cast(tf.convert_to_tensor(self.iterations), tf.float32) + 1.0

        def correction(step: tf.Tensor) -> tf.Tensor:
            return tf.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)

        return correction(tf.maximum(step - self.first_step, 1.0)) / correction(step)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"first_step": self.first_step}


def skipping_adam(optimizer: keras.optimizers.Optimizer) -> GatedAdam:
    """Adam that can skip a step, with the settings of an optimizer.

    Raises:
        InputError: If the optimizer is not Adam.
    """
    if isinstance(optimizer, GatedAdam):
        return optimizer
    if type(optimizer) is not keras.optimizers.Adam:
        raise InputError(
            "in float16 steps that overflow are skipped, which Adam can do here",
            got=f"the optimizer {type(optimizer).__name__}",
            accepted="keras.optimizers.Adam",
        )
    return GatedAdam.from_config(optimizer.get_config())
