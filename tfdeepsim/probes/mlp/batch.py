"""Members of one architecture that train side by side."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.mlp.mlp_probe import MlpProbe
from tfdeepsim.probes.mlp.perceptron import forward, parameter_count

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class MlpBatch:
    """The networks of one architecture, one row each, under one Adam.

    Members of equal shape need no padding and no masks: every operation runs once for all of them
    along the leading axis. The number of rows may shrink without a new trace.

    Args:
        members: Members of equal widths.
        seeds: All seeds of the suite, in the order in which `train` receives its batches.
    """

    def __init__(self, members: Sequence[MlpProbe], seeds: Sequence[int]):
        self.members = list(members)
        self.widths = members[0].widths
        rows = np.stack([member.parameters for member in members])
        shape = [None, parameter_count(self.widths)]
        self.rows = tf.Variable(rows, shape=shape, trainable=True)
        self._mean = tf.Variable(np.zeros_like(rows), shape=shape, trainable=False)
        self._variance = tf.Variable(np.zeros_like(rows), shape=shape, trainable=False)
        batch_of_row = [seeds.index(member.seed) for member in members]
        self._batch_of_row = tf.Variable(
            batch_of_row, shape=[None], dtype=tf.int32, trainable=False
        )

    def train(
        self, x: tf.Tensor, y: tf.Tensor, loss: Loss, step: tf.Tensor, learning_rate: float
    ) -> None:
        """One step of Adam (β1 0.9, β2 0.999, ε 1e-7, as Keras' default) for every member.

        Args:
            x: float32 [S, B, D], one batch a seed.
            y: Encoded labels, [S, B, ...].
            loss: Outputs [M, B, K] and labels to one value per example [M, B].
            step: float32 scalar, counted from 1.
            learning_rate: Step size.
        """
        x, y = tf.gather(x, self._batch_of_row), tf.gather(y, self._batch_of_row)
        with tf.GradientTape() as tape:
            # The mean is each member's own; their sum keeps the gradients apart.
            total = tf.reduce_sum(tf.reduce_mean(loss(self.outputs(x), y), axis=1))
        tf.raw_ops.ResourceApplyAdam(
            var=self.rows.handle,
            m=self._mean.handle,
            v=self._variance.handle,
            beta1_power=tf.pow(0.9, step),
            beta2_power=tf.pow(0.999, step),
            lr=learning_rate,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-7,
            grad=tape.gradient(total, self.rows),
        )

    def outputs(self, x: tf.Tensor) -> tf.Tensor:
        """float32 [M, B, K] for x [M, B, D] or [B, D]."""
        return forward(self.rows, self.widths, x)

    def loss_sums(self, x: tf.Tensor, y: tf.Tensor, loss: Loss) -> tf.Tensor:
        """Loss of each member summed over the same examples, float32 [M], for x [B, D] and y [B,
        ...]."""
        return tf.reduce_sum(loss(self.outputs(x), y), axis=1)

    def record(self, losses: np.ndarray, patience: int) -> None:
        """Note the validation losses [M] of an epoch, and leave out the members that stop."""
        if not self.members:
            return
        for member, loss, row in zip(self.members, losses, self.rows.numpy(), strict=True):
            member.record(loss, row)
        going = [i for i, member in enumerate(self.members) if not member.stops(patience)]
        if len(going) < len(self.members):
            self.members = [self.members[i] for i in going]
            for variable in (self.rows, self._mean, self._variance, self._batch_of_row):
                variable.assign(tf.gather(variable, tf.constant(going, tf.int32)))
