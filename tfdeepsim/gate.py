"""Who is trained: generator and discriminator are paused where one of them is far ahead of the
other."""

import dataclasses
import math
from typing import Any

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Of the ratio r = L_discr / L_adv, which is 2 at chance and small where the discriminator
    wins.

    Attributes:
        pause: The discriminator is paused when r falls below.
        resume: It is trained again when r rises above.
        losing: The generator is paused when r rises above, until the discriminator wins.
    """

    pause: float
    resume: float
    losing: float


GATES = {
    # Dosovitskiy & Brox 2016, section 3.2.
    "paper": Thresholds(0.1, 0.1, math.inf),
    # Their released training code.
    "hysteresis": Thresholds(0.1, 0.5, 10.0),
    "off": Thresholds(0.0, 0.0, math.inf),
}


class Gate(keras.layers.Layer):
    """Whether each of the two networks is trained in the next step; both are in the first.

    Args:
        name_of_gate: One of `GATES`.

    Attributes:
        discriminator, generator: Scalars, 1 where that network is trained, else 0.
    """

    def __init__(self, name_of_gate: str = "paper", **options: Any):
        super().__init__(trainable=False, **options)
        self.name_of_gate = name_of_gate
        self.thresholds = GATES[name_of_gate]
        # All replicas agree, so any one of them may write.
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
        """Decide on the next step.

        Args:
            ratio: L_discr / L_adv of this step, a scalar.
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


class GatedAdam(keras.optimizers.Adam):
    """Adam whose update of a step can be called off: weights and moments stay as they are.

    Steps that were called off are counted all the same, as in the paper's code, so that learning
    rates follow the steps of training.

    Attributes:
        open: A scalar that is 1 where the update counts, else 0; to be set before `apply`.
    """

    open: Any = 1.0

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        changed = [variable, self._momentums[index], self._velocities[index]]
        before = [tf.identity(x) for x in changed]
        super().update_step(gradient, variable, learning_rate)
        for now, then in zip(changed, before, strict=True):
            self.assign(now, tf.where(tf.cast(self.open, tf.bool), now, then))
