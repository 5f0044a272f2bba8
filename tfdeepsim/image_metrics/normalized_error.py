"""The normalized error of Dosovitskiy & Brox 2016 as a metric of Keras."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.image_metrics.image_metric import ImageMetric


@keras.saving.register_keras_serializable("tfdeepsim")
class NormalizedError(ImageMetric):
    """Mean Euclidean error of outputs divided by the mean distance of two targets (Dosovitskiy &
    Brox 2016, §4): 0 for equal images, 1 for a random target in place of each output.

    The paper takes the mean distance over all pairs of test images, as
    `fidelity.normalized_error.normalized_error` does. A metric that streams does not see all pairs:
    it takes the mean over the pairs within each batch, which estimates the same if images are
    shuffled. For the exact number give `unit`, or all images in one batch.

    Args:
        unit: Mean distance of two targets in [0, 1], as
            `fidelity.normalized_error.mean_pair_distance` returns it; None for that within batches.
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        name: Name of the metric in logs.
        dtype: dtype of the result.

    Raises:
        InputError: If the unit is no number above 0, or the range no range; when updated: if the
            images are not colour images [B, H, W, 3] of one shape, out of range, or NaN.

    Example:
        >>> metric = tds.NormalizedError()
        >>> metric.update_state(images, images)
        >>> float(metric.result())
        0.0
    """

    _direction = "down"

    def __init__(
        self,
        unit: float | None = None,
        value_range: Sequence[float] = (0, 1),
        name: str | None = "normalized_error",
        dtype: Any = None,
    ):
        if unit is not None and not 0 < unit < math.inf:
            raise InputError(
                "the unit of the error is a mean distance", got=unit, accepted="a number above 0"
            )
        super().__init__(value_range, name, dtype)
        self.unit = unit
        self._error = keras.metrics.Mean(dtype=self.dtype)
        self._distance = keras.metrics.Mean(dtype=self.dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the pairs of a batch.

        Args:
            y_true: Targets [B, H, W, 3] in `value_range`.
            y_pred: Outputs [B, H, W, 3].
            sample_weight: Weight of each error [B]; None for 1.

        Raises:
            InputError: As the class says.
        """
        targets, outputs, flaw = self.scaled(y_true, y_pred)
        count = tf.shape(targets)[0]
        targets, outputs = (tf.reshape(x, (count, -1)) for x in (targets, outputs))
        self._error.update_state(tf.norm(outputs - targets, axis=1) + flaw, sample_weight)
        if self.unit is None:
            rows = tf.cast(count, tf.float32)
            pairs = rows * (rows - 1)
            mean = tf.math.divide_no_nan(_sum_of_distances(targets), pairs)
            self._distance.update_state(mean[None], pairs[None])

    def result(self) -> tf.Tensor:
        """The error; NaN before the first batch of two different targets."""
        unit = self._distance.result() if self.unit is None else self.unit
        return self._error.result() / unit

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"unit": self.unit}


def _sum_of_distances(rows: tf.Tensor) -> tf.Tensor:
    """Sum of the distances of each row to each."""
    rows -= tf.reduce_mean(rows, axis=0)
    squares = tf.reduce_sum(tf.square(rows), axis=1)
    squared = squares[:, None] + squares - 2.0 * tf.matmul(rows, rows, transpose_b=True)
    squared = tf.linalg.set_diag(squared, tf.zeros_like(squares))
    return tf.reduce_sum(tf.sqrt(tf.maximum(squared, 0.0)))
