"""Random noise that differs between replicas."""

import keras
import tensorflow as tf


def standard_normal(seeds: keras.random.SeedGenerator, shape: tf.Tensor) -> tf.Tensor:
    """Draw from N(0, 1); draws differ from call to call and from replica to replica.

    Args:
        seeds: Generator of the seeds; each call advances it by one. Its seeds alone would be the
            same on all replicas.
        shape: Shape of the result, int [rank].

    Returns:
        float32 tensor of `shape`.
    """
    seed = tf.random.experimental.stateless_fold_in(tf.cast(seeds.next(), tf.int32), _replica())
    return tf.random.stateless_normal(shape, seed)


def _replica() -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    return tf.constant(0) if context is None else context.replica_id_in_sync_group
