"""Values of a training step, measured over the examples of all replicas."""

from collections.abc import Sequence

import tensorflow as tf


def sum_in_order(values: Sequence[tf.Tensor]) -> tf.Tensor:
    """Sum of tensors of one shape, from the first to the last.

    `tf.add_n` adds to whichever of its inputs nothing else reads any more, so that the order of
    three or more varies with the timing of threads, and the last bit of their sum with it; so does
    `a + b + c`, which TensorFlow rewrites.

    Example:
        >>> sum_in_order([feature_error, adversarial_error, image_error])
    """
    return tf.reduce_sum(tf.stack(values), axis=0)


def example_norms(gradient: tf.Tensor) -> tf.Tensor:
    """Euclidean norm of the gradient of each example's own loss, float32 [B].

    Args:
        gradient: Gradient of the mean loss of the batch, [B, H, W, C].
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    examples = tf.cast(tf.shape(gradient)[0] * replicas, tf.float32)
    squares = tf.reduce_sum(
        tf.square(tf.cast(gradient, tf.float32)), axis=tf.range(1, tf.rank(gradient))
    )
    return examples * tf.sqrt(squares)


def loss_ratio(discriminator_loss: tf.Tensor, adversarial: tf.Tensor) -> tf.Tensor:
    """Scalar r = L_discr / L_adv over the examples of all replicas."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        means = [tf.reduce_mean(discriminator_loss), tf.reduce_mean(adversarial)]
    else:
        # Not the mean of means: in validation, parts of a last batch differ and may be empty.
        sums = [tf.reduce_sum(discriminator_loss), tf.reduce_sum(adversarial)]
        count = tf.cast(tf.size(adversarial), tf.float32)
        sums = tf.distribute.get_replica_context().all_reduce("SUM", tf.stack([*sums, count]))
        means = tf.unstack(sums[:2] / sums[2])
    return means[0] / tf.maximum(means[1], 1e-12)


def mean_over_replicas(values: tf.Tensor) -> tf.Tensor:
    """Mean of a tensor over all replicas, which have equal parts of a batch."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce("MEAN", values)
