"""Training in float16: a factor of the loss that keeps gradients within its range."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

FIRST_SCALE = 2.0**15
LARGEST_SCALE = 2.0**24
STEPS_TO_DOUBLE = 2000
Update = tuple[Any, list[tf.Tensor], list[keras.Variable]]
"""An optimizer, gradients, and the variables that it updates."""


@keras.saving.register_keras_serializable("tfdeepsim")
class LossScale(keras.layers.Layer):
    """Dynamic loss scale (Micikevicius et al. 2018, Mixed precision training).

    Gradients of float16 are 0 below 6e-8. They are computed of the loss times a factor, and then
    divided by it. A step in which one of them overflows is skipped and halves the factor; 2,000
    steps without an overflow double it. This is the rule of `keras.optimizers.LossScaleOptimizer`,
    for a step of two optimizers, which must skip together.

    Attributes:
        scale: Scalar variable, the factor, 1 to 2**24; 2**15 at first.
        good_steps: Scalar variable, steps since the factor changed.

    Example:
        >>> loss_scale = LossScale()
        >>> gradients = tape.gradient(loss_scale.scale * loss, weights)
        >>> loss_scale.update(all_finite(gradients))
    """

    def __init__(self, **options: Any):
        super().__init__(trainable=False, **options)
        # All replicas compute the same values, so any one of them may write.
        self.scale, self.good_steps = (
            self.add_weight(
                (),
                keras.initializers.Constant(first),
                name=name,
                dtype="float32",
                trainable=False,
                aggregation="only_first_replica",
            )
            for name, first in (("scale", FIRST_SCALE), ("good_steps", 0.0))
        )
        self.built = True

    def update(self, is_fine: tf.Tensor) -> None:
        """Set the factor of the next step.

        Args:
            is_fine: Scalar bool: whether no gradient of this step overflowed.
        """
        scale, steps = tf.convert_to_tensor(self.scale), self.good_steps + 1.0
        doubles = steps >= STEPS_TO_DOUBLE
        scale = tf.where(is_fine, tf.where(doubles, 2.0 * scale, scale), scale / 2.0)
        self.scale.assign(tf.clip_by_value(scale, 1.0, LARGEST_SCALE))
        self.good_steps.assign(tf.where(is_fine & ~doubles, steps, 0.0))

    def skip_if_infinite(self, updates: Sequence[Update]) -> tuple[list[Update], tf.Tensor]:
        """Close all optimizers for this step if a gradient of one of them overflowed, and set the
        factor of the next step.

        Args:
            updates: Of each `GatedAdam`, its gradients and weights.

        Returns:
            The updates without infinite numbers, and whether there were none, scalar bool.
        """
        is_fine = all_finite([g for _, gradients, _ in updates for g in gradients])
        self.update(is_fine)
        for optimizer, _, _ in updates:
            optimizer.open = optimizer.open * tf.cast(is_fine, tf.float32)
        return [(o, finite_or_zero(gradients), v) for o, gradients, v in updates], is_fine


def all_finite(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Whether all gradients of all replicas are finite numbers, scalar bool."""
    finite = tf.reduce_all(tf.stack([tf.reduce_all(tf.math.is_finite(g)) for g in gradients]))
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return finite
    failures = tf.cast(~finite, tf.float32)
    return tf.distribute.get_replica_context().all_reduce("SUM", failures) == 0.0


def finite_or_zero(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """The gradients, with 0 for numbers that are not finite."""
    return [tf.where(tf.math.is_finite(g), g, tf.zeros_like(g)) for g in gradients]
