"""The peak signal-to-noise ratio as a metric of Keras."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.image_metrics.image_metric import MeanImageMetric


@keras.saving.register_keras_serializable("tfdeepsim")
class PSNR(MeanImageMetric):
    """Mean peak signal-to-noise ratio of outputs in decibels: −10 log₁₀ of the mean squared error
    of each image, for a range of values of 1.

    It is the mean of the ratios of images, not the ratio of their mean error. Infinite if an output
    is equal to its target.

    Args:
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        name: Name of the metric in logs.
        dtype: dtype of the result.

    Raises:
        InputError: If the range is no range; when updated: if the images are not colour images
            [B, H, W, 3] of one shape, out of range, or NaN.

    Example:
        >>> metric = tds.PSNR()
        >>> metric.update_state(np.zeros((2, 16, 16, 3)), np.full((2, 16, 16, 3), 0.1))
        >>> round(float(metric.result()), 3)
        20.0
    """

    _direction = "up"

    def __init__(
        self, value_range: Sequence[float] = (0, 1), name: str | None = "psnr", dtype: Any = None
    ):
        super().__init__(value_range, name, dtype)

    def of_pairs(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.image.psnr(targets, outputs, max_val=1.0)
