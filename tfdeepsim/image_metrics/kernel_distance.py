"""The kernel distance of features as a metric of Keras."""

import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.image_metrics.feature_metric import FeatureMetric


@keras.saving.register_keras_serializable("tfdeepsim")
class KID(FeatureMetric):
    """Kernel distance of the features of outputs and targets (Bińkowski et al. 2018, §4): the
    squared maximum mean discrepancy with the kernel (x·y / width + 1)³, by its unbiased estimator.

    Each batch is a subset: the result is the mean of the estimates of batches, weighted by their
    sizes, as `fidelity.kernel.kernel_distance` takes the mean over random subsets. It estimates the
    same for batches of any size, and varies less for larger ones; a batch of one image is not
    counted. Values can be negative. On several replicas, the part of each is a subset.

    Args:
        comparator: `NAME:LAYER` of one layer, or such a `Comparator`; features are averaged over
            positions.
        weights: File with the comparator's weights; None for those that come with the package.
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        name: Name of the metric in logs.
        dtype: Policy in which the comparator computes; None for Keras' global policy.

    Attributes:
        comparator: The `Comparator`.
        width: Number of features of an image.

    Raises:
        InputError: If there is no such comparator or layer, its weights are missing, it has several
            layers; when updated: if the images are not colour images [B, H, W, 3] of one shape, too
            small for the layer, out of range or NaN, or there are sample weights.

    Example:
        >>> metric = tds.KID("random_alexnet:relu1")
        >>> metric.update_state(images, images)
        >>> float(metric.result()) <= 0
        True
    """

    def __init__(
        self,
        comparator: str | Comparator = "alexnet:pool5",
        *,
        weights: str | os.PathLike | None = None,
        value_range: Sequence[float] = (0, 1),
        name: str | None = "kid",
        dtype: Any = None,
    ):
        super().__init__(comparator, weights, value_range, name, dtype)
        self._mean = keras.metrics.Mean(dtype="float64")

    def count(self, targets: tf.Tensor, outputs: tf.Tensor) -> None:
        rows = tf.cast(tf.shape(targets)[0], tf.float64)
        pairs = rows * (rows - 1)
        within = [
            tf.math.divide_no_nan(tf.reduce_sum(kernel) - tf.linalg.trace(kernel), pairs)
            for kernel in (self._kernel(targets, targets), self._kernel(outputs, outputs))
        ]
        between = tf.reduce_mean(self._kernel(outputs, targets))
        estimate = tf.add_n(within) - 2.0 * between
        self._mean.update_state(estimate[None], tf.where(rows > 1, rows, 0.0)[None])

    def _kernel(self, rows: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        return (tf.matmul(rows, others, transpose_b=True) / self.width + 1.0) ** 3

    def result(self) -> tf.Tensor:
        """Mean of the estimates, float32; 0 before the first."""
        return tf.cast(self._mean.result(), tf.float32)
