"""One epoch of a whole suite as one graph."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.mlp.batch import MlpBatch
from tfdeepsim.probes.mlp.heads import Head

# Rows of validation data in one block, so that memory does not grow with the split.
_BLOCK = 4096


def data_order(seed: int, epoch: int, examples: int) -> np.ndarray:
    """The order in which the MLPs of one seed see the training examples in one epoch.

    Args:
        seed: Seed of the MLPs.
        epoch: Number of the epoch, counted from 1.
        examples: Number of training examples.

    Returns:
        A permutation of 0 to `examples` - 1, int32.
    """
    return np.random.default_rng((seed, epoch)).permutation(examples).astype(np.int32)


def compile_epoch(
    mlp_batches: Sequence[MlpBatch],
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    head: Head,
    batch_size: int,
    learning_rate: float,
) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """Compile a graph that trains all MLPs for one epoch.

    Args:
        mlp_batches: The MLPs, grouped by architecture; each call of the graph updates them.
        train: Encoded training examples; the last mini-batch of an epoch is smaller if
            `batch_size` does not divide their number.
        validation: Encoded validation examples.
        head: Head that computes the loss.
        batch_size: Number of examples in a mini-batch.
        learning_rate: Learning rate of Adam.

    Returns:
        A function from the order of examples for each seed, int32 [S, N], to the mean validation
        losses of the MLPs of each architecture, float32 [M].
    """
    x, y = (tf.constant(values) for values in train)
    validation_x, validation_y = (tf.constant(values) for values in validation)
    step = tf.Variable(0.0, trainable=False)

    @tf.function
    def run_epoch(order):
        for start in tf.range(0, len(y), batch_size):
            rows = order[:, start : start + batch_size]
            batch_x, batch_y = tf.gather(x, rows), tf.gather(y, rows)
            step.assign_add(1.0)
            for mlp_batch in mlp_batches:
                mlp_batch.train(batch_x, batch_y, head.loss, step, learning_rate)
        totals = [tf.zeros(tf.shape(mlp_batch.rows)[:1]) for mlp_batch in mlp_batches]
        for start in tf.range(0, len(validation_y), _BLOCK):
            block = slice(start, start + _BLOCK)
            sums = [
                mlp_batch.loss_sums(validation_x[block], validation_y[block], head.loss)
                for mlp_batch in mlp_batches
            ]
            totals = [total + more for total, more in zip(totals, sums, strict=True)]
        return [total / len(validation_y) for total in totals]

    return run_epoch.get_concrete_function(tf.TensorSpec([None, len(y)], tf.int32))
