"""Batch normalization by TensorFlow's fused operation."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfdeepsim")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer for images [B, H, W, C], by the fused operation, which Keras 3 does not use.

    With several replicas it falls back to Keras' own implementation with statistics over all
    replicas, so that two replicas of half a batch do what one does with the whole batch.

    Args:
        momentum: Share of the moving statistics that a training step leaves as it is.
        epsilon: Number added to the variance.
        **options: Other options of `keras.layers.BatchNormalization`.

    Example:
        >>> layer = BatchNormalization()
        >>> normalized = layer(feature_maps, training=True)
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
            # The operation returns the unbiased variance; Keras averages the biased one.
            count = tf.cast(tf.size(x) / tf.shape(x)[-1], tf.float32)
            self._update_moving(self.moving_mean, mean)
            self._update_moving(self.moving_variance, variance * (count - 1.0) / count)
        return y

    def _update_moving(self, moving: keras.Variable, value: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + value * (1.0 - self.momentum))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # Always True.
        del config["synchronized"]
        return config
