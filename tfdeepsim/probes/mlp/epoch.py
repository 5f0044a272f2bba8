"""One epoch of a whole suite as one graph."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.mlp.batch import MlpBatch
from tfdeepsim.probes.mlp.heads import Head

# Validation runs in blocks of this many rows, so that its memory does not grow with the split.
_BLOCK = 4096


def data_order(seed: int, epoch: int, examples: int) -> np.ndarray:
    """The order in which members of `seed` see the examples in `epoch`: a permutation, int32
    [examples]."""
    return np.random.default_rng((seed, epoch)).permutation(examples).astype(np.int32)


def compile_epoch(
    stacks: Sequence[MlpBatch],
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    head: Head,
    batch_size: int,
    learning_rate: float,
) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """A graph that trains every stack for one epoch.

    Args:
        stacks: Updated in place by each call.
        train: Encoded examples; the last batch is smaller if `batch_size` does not divide their
            number.
        validation: Encoded examples.
        head: Gives the loss.
        batch_size: Examples a step.
        learning_rate: Of Adam.

    Returns:
        A function from the order of examples for each seed, int32 [S, N], to the mean validation
        losses of each stack's members, float32 [M].
    """
    x, y = (tf.constant(values) for values in train)
    validation_x, validation_y = (tf.constant(values) for values in validation)
    step = tf.Variable(0.0, trainable=False)

    @tf.function
    def run_epoch(order):
        for start in tf.range(0, len(y), batch_size):
            batch = order[:, start : start + batch_size]
            batch_x, batch_y = tf.gather(x, batch), tf.gather(y, batch)
            step.assign_add(1.0)
            for stack in stacks:
                stack.train(batch_x, batch_y, head.loss, step, learning_rate)
        sums = [tf.zeros(tf.shape(stack.rows)[:1]) for stack in stacks]
        for start in tf.range(0, len(validation_y), _BLOCK):
            block = slice(start, start + _BLOCK)
            more = [
                stack.loss_sums(validation_x[block], validation_y[block], head.loss)
                for stack in stacks
            ]
            sums = [old + new for old, new in zip(sums, more, strict=True)]
        return [total / len(validation_y) for total in sums]

    return run_epoch.get_concrete_function(tf.TensorSpec([None, len(y)], tf.int32))
