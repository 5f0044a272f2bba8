"""Noise that is another one on every replica."""

import keras
import tensorflow as tf


def standard_normal(seeds: keras.random.SeedGenerator, shape: tf.Tensor) -> tf.Tensor:
    """Draws from N(0, 1), float32 of `shape`, that differ from call to call and from replica to
    replica.

    Args:
        seeds: Moves on by one; alone it would give all replicas the same.
        shape: int [rank].
    """
    seed = tf.random.experimental.stateless_fold_in(tf.cast(seeds.next(), tf.int32), _replica())
    return tf.random.stateless_normal(shape, seed)


def _replica() -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    return tf.constant(0) if context is None else context.replica_id_in_sync_group
