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


def discriminator_gradients(
    discriminator: Any,
    tape: tf.GradientTape,
    loss: tf.Tensor,
    is_open: tf.Tensor,
    weight_decay: float,
    scale: Any = 1.0,
) -> list[tf.Tensor]:
    """Gradients of the discriminator's weights; 0 while it is paused.

    Args:
        discriminator: The discriminator.
        tape: Persistent tape that recorded the loss.
        loss: Loss of each example of this replica, [B].
        is_open: Scalar, 1 for an update and 0 for a pause, in which no gradient is computed.
        weight_decay: Factor of each weight that is added to its gradient, as in Caffe.
        scale: Factor of the loss with which they are computed, see `LossScale`.
    """
    # Optimizers sum the gradients of all replicas.
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    weights = discriminator.trainable_variables
    # The scaled sum over a batch would overflow in float16, so that is the gradient of a mean.
    mean = scale / tf.cast(tf.size(loss) * replicas, loss.dtype)
    gradients = tf.cond(
        tf.cast(is_open, tf.bool),
        lambda: [
            g / tf.cast(scale, g.dtype)
            for g in tape.gradient(loss, weights, output_gradients=tf.fill(tf.shape(loss), mean))
        ],
        lambda: [tf.zeros_like(weight) for weight in weights],
    )
    if weight_decay:
        gradients = [
            g + weight_decay / replicas * tf.cast(tf.convert_to_tensor(weight), g.dtype)
            for g, weight in zip(gradients, weights, strict=True)
        ]
    return gradients
