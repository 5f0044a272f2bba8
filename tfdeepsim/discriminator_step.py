"""One step of the discriminator: its loss and its update."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.step_checks import StepChecks


def checked_loss(logits: Mapping[str, tf.Tensor], checks: StepChecks) -> tf.Tensor:
    """The discriminator's loss of each example, float32 [B].

    Args:
        logits: Logits [B, 2] for `real` and `generated` images.
        checks: Checks the loss for NaN and infinity.
    """
    return checks.finite(
        losses.discriminator_loss(logits["real"], logits["generated"]), "discriminator"
    )


def update_discriminator(
    discriminator: Any,
    optimizer: Any,
    tape: tf.GradientTape,
    loss: tf.Tensor,
    is_open: tf.Tensor,
    weight_decay: float,
) -> None:
    """Apply one update to the discriminator, or none while it is paused.

    Args:
        discriminator: The discriminator.
        optimizer: Its `gate.GatedAdam`.
        tape: Persistent tape that recorded the loss.
        loss: Loss of each example of this replica, [B].
        is_open: Scalar, 1 for an update and 0 for a pause, in which the step is counted alone.
        weight_decay: Factor of each weight that is added to its gradient, as in Caffe.
    """
    # Optimizers sum the gradients of all replicas.
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    weights = discriminator.trainable_variables
    # For a paused discriminator no gradient is computed.
    gradients = tf.cond(
        tf.cast(is_open, tf.bool),
        lambda: [
            g / tf.cast(tf.size(loss) * replicas, g.dtype) for g in tape.gradient(loss, weights)
        ],
        lambda: [tf.zeros_like(weight) for weight in weights],
    )
    if weight_decay:
        gradients = [
            g + weight_decay / replicas * tf.cast(tf.convert_to_tensor(weight), g.dtype)
            for g, weight in zip(gradients, weights, strict=True)
        ]
    optimizer.open = is_open
    optimizer.apply(gradients, weights)
