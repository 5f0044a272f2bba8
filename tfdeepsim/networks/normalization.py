"""Batch normalization by TensorFlow's one fused operation."""

from typing import Any

import keras
import tensorflow as tf


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer for images [B, H, W, C], by the fused operation, which Keras 3 does not use.

    With several replicas in sync it falls back to Keras' own way with statistics over all of them,
    so that two replicas of half a batch do what one does with the whole batch.

    Args:
        momentum: Of the moving statistics.
        epsilon: Added to the variance.
        **options: Others of Keras' layer.
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **options: Any):
        super().__init__(momentum=momentum, epsilon=epsilon, **{**options, "synchronized": True})

    def call(self, x: tf.Tensor, training: bool = False, mask: None = None) -> tf.Tensor:
        if tf.distribute.get_strategy().num_replicas_in_sync > 1 or isinstance(
            x, keras.KerasTensor
        ):
            return super().call(x, training=training, mask=mask)
        statistics = (
            {} if training else {"mean": self.moving_mean, "variance": self.moving_variance}
        )
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            tf.cast(self.gamma, tf.float32),
            tf.cast(self.beta, tf.float32),
            epsilon=self.epsilon,
            is_training=training,
            **statistics,
        )
        if training:
            # The operation gives the unbiased variance; Keras keeps the biased one.
            count = tf.cast(tf.size(x) / tf.shape(x)[-1], tf.float32)
            self._keep(self.moving_mean, mean)
            self._keep(self.moving_variance, variance * (count - 1.0) / count)
        return y

    def _keep(self, moving: keras.Variable, value: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + value * (1.0 - self.momentum))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["synchronized"]
        return config
