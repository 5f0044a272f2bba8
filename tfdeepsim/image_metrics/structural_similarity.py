"""Structural similarity as a metric of Keras."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.structural_similarity import WINDOW
from tfdeepsim.image_metrics.image_metric import MeanImageMetric


@keras.saving.register_keras_serializable("tfdeepsim")
class SSIM(MeanImageMetric):
    """Mean structural similarity of outputs and targets (Wang et al. 2004), by `tf.image.ssim` with
    its defaults, as `fidelity.structural_similarity` computes it.

    1 for equal images, at least -1. Images are 11 x 11 pixels or larger.

    Args:
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        name: Name of the metric in logs.
        dtype: dtype of the result.

    Raises:
        InputError: If the range is no range; when updated: if the images are not colour images
            [B, H, W, 3] of one shape, smaller than the window, out of range, or NaN.

    Example:
        >>> metric = tds.SSIM()
        >>> metric.update_state(images, images)
        >>> float(metric.result())
        1.0
    """

    _direction = "up"

    def __init__(
        self, value_range: Sequence[float] = (0, 1), name: str | None = "ssim", dtype: Any = None
    ):
        super().__init__(value_range, name, dtype)

    def of_pairs(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        height, width = targets.shape[1:3]
        if None not in (height, width) and min(height, width) < WINDOW:
            raise InputError(
                "SSIM needs images of the size of its window",
                got=f"{height}x{width} pixels",
                accepted=f"at least {WINDOW}x{WINDOW}",
            )
        return tf.image.ssim(targets, outputs, max_val=1.0)
