"""What the metrics of images share: the range of values, and what is computed from pairs."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.value_range import check_value_range, image_pair


class ImageMetric(keras.metrics.Metric):
    """A metric of the images that a network puts out, and of their targets.

    Args:
        value_range: Values of black and white in the targets.
        name: Name of the metric in logs.
        dtype: dtype of the result.

    Raises:
        InputError: If the range is no range.

    Example:
        >>> metric = tds.SSIM()
        >>> metric.update_state(images, images)
        >>> float(metric.result())
        1.0
    """

    def __init__(self, value_range: Sequence[float], name: str | None, dtype: Any):
        low_and_high = check_value_range(value_range)
        super().__init__(name=name, dtype=dtype)
        self.value_range = low_and_high

    def scaled(self, y_true: Any, y_pred: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Both batches in [0, 1], and a flaw, as `image_pair` returns them.

        Raises:
            InputError: As `image_pair`.
        """
        return image_pair(y_true, y_pred, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"value_range": list(self.value_range)}


class MeanImageMetric(ImageMetric):
    """The mean of a number for each pair of images.

    Subclasses implement `of_pairs`.

    Args:
        value_range: Values of black and white in the targets.
        name: Name of the metric in logs.
        dtype: dtype of the result.

    Example:
        >>> isinstance(tds.PSNR(), keras.metrics.Metric)
        True
    """

    def __init__(self, value_range: Sequence[float], name: str | None, dtype: Any):
        super().__init__(value_range, name, dtype)
        self._mean = keras.metrics.Mean(dtype=self.dtype)

    def of_pairs(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """A number for each pair.

        Args:
            targets: float32 [B, H, W, 3] in [0, 1].
            outputs: float32 [B, H, W, 3].

        Returns:
            float32 [B].
        """
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the pairs of a batch in the mean.

        Args:
            y_true: Targets [B, H, W, 3] in `value_range`.
            y_pred: Outputs [B, H, W, 3].
            sample_weight: Weight of each pair [B]; None for 1.

        Raises:
            InputError: If the images are not colour images of one shape, out of range or NaN.
        """
        targets, outputs, flaw = self.scaled(y_true, y_pred)
        self._mean.update_state(self.of_pairs(targets, outputs) + flaw, sample_weight)

    def result(self) -> tf.Tensor:
        """Mean over all pairs since the last `reset_state`; 0 before the first."""
        return self._mean.result()
