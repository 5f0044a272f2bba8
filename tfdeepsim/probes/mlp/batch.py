"""MLP probes of one architecture, trained side by side."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.mlp.perceptron import forward, parameter_count
from tfdeepsim.probes.mlp.probe import MlpProbe

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class MlpBatch:
    """The MLPs of one architecture as the rows of one variable, under one Adam optimizer.

    MLPs of equal shape need neither padding nor masks: every operation runs once for all of them
    along the leading axis. Rows can be removed without a new trace.

    Args:
        probes: MLPs of equal widths, one for each row.
        seeds: All seeds of the suite, in the order in which `train` receives their mini-batches.

    Attributes:
        probes: The MLPs that still train, one for each row.
        widths: Width of the input, of each hidden layer, and of the output.
        rows: Current weights, float32 variable [M, P].

    Example:
        >>> probes = [MlpProbe(seed, (64, 2), initial_parameters((64, 2), seed)) for seed in (0, 1)]
        >>> outputs = MlpBatch(probes, seeds=(0, 1)).outputs(tf.zeros([8, 64]))  # [2, 8, 2]
    """

    def __init__(self, probes: Sequence[MlpProbe], seeds: Sequence[int]):
        self.probes = list(probes)
        self.widths = probes[0].widths
        rows = np.stack([probe.parameters for probe in probes])
        shape = [None, parameter_count(self.widths)]
        self.rows = tf.Variable(rows, shape=shape, trainable=True)
        self._mean = tf.Variable(np.zeros_like(rows), shape=shape, trainable=False)
        self._variance = tf.Variable(np.zeros_like(rows), shape=shape, trainable=False)
        seed_of_row = [seeds.index(probe.seed) for probe in probes]
        self._seed_of_row = tf.Variable(seed_of_row, shape=[None], dtype=tf.int32, trainable=False)

    def train(
        self, x: tf.Tensor, y: tf.Tensor, loss: Loss, step: tf.Tensor, learning_rate: float
    ) -> None:
        """Take one step of Adam (β1 0.9, β2 0.999, ε 1e-7, the defaults of Keras) for every row.

        Args:
            x: Embeddings, float32 [S, B, D]: one mini-batch for each seed.
            y: Encoded labels, [S, B, ...].
            loss: Function from outputs [M, B, K] and labels to one loss per example, [M, B].
            step: Number of the step, float32 scalar, counted from 1.
            learning_rate: Learning rate of Adam.
        """
        x, y = tf.gather(x, self._seed_of_row), tf.gather(y, self._seed_of_row)
        with tf.GradientTape() as tape:
            # Each row's loss depends on that row alone, so the gradient of the sum holds the
            # gradient of every MLP.
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
        """Outputs of all MLPs, float32 [M, B, K], for embeddings [M, B, D] or [B, D]."""
        return forward(self.rows, self.widths, x)

    def loss_sums(self, x: tf.Tensor, y: tf.Tensor, loss: Loss) -> tf.Tensor:
        """Sum of the losses of each MLP over examples that all share.

        Args:
            x: Embeddings, float32 [B, D].
            y: Encoded labels, [B, ...].
            loss: Function from outputs [M, B, K] and labels to one loss per example, [M, B].

        Returns:
            float32 [M].
        """
        return tf.reduce_sum(loss(self.outputs(x), y), axis=1)

    def record(self, losses: np.ndarray, patience: int) -> None:
        """Record the validation losses of an epoch, and remove the MLPs that stop.

        Args:
            losses: Mean validation loss of each MLP, float32 [M].
            patience: Number of epochs without a lower validation loss after which an MLP stops.
        """
        if not self.probes:
            return
        for probe, loss, row in zip(self.probes, losses, self.rows.numpy(), strict=True):
            probe.record(loss, row)
        kept = [i for i, probe in enumerate(self.probes) if not probe.stops(patience)]
        if len(kept) < len(self.probes):
            self.probes = [self.probes[i] for i in kept]
            for variable in (self.rows, self._mean, self._variance, self._seed_of_row):
                variable.assign(tf.gather(variable, tf.constant(kept, tf.int32)))
