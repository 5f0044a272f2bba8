"""What the metrics of two distributions of features share."""

import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfdeepsim.comparators.chosen import ChosenComparator, built
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.errors import InputError
from tfdeepsim.image_metrics.image_metric import ImageMetric


class FeatureMetric(ImageMetric):
    """A distance of the features of all outputs to those of all targets, as distributions.

    Subclasses implement `count` and `result`.

    Args:
        comparator: `NAME:LAYER` of one layer, or such a `Comparator`.
        weights: File with the comparator's weights; None for those that come with the package.
        value_range: Values of black and white in the targets.
        name: Name of the metric in logs.
        dtype: Policy in which the comparator computes; None for Keras' global policy.

    Attributes:
        comparator: The `Comparator`.
        width: Number of features of an image.

    Raises:
        InputError: As `ChosenComparator`, and if the comparator has several layers.

    Example:
        >>> tds.FID("random_alexnet:relu1").width
        64
    """

    _direction = "down"

    def __init__(
        self,
        comparator: str | Comparator,
        weights: str | os.PathLike | None,
        value_range: Sequence[float],
        name: str | None,
        dtype: Any,
    ):
        chosen = ChosenComparator(comparator, weights, dtype)
        network = chosen.network
        if len(network.layers) > 1:
            raise InputError(
                "distributions are compared by the features of one layer",
                got=network.layer,
                accepted="NAME:LAYER",
            )
        super().__init__(value_range, name, "float32")
        self.chosen = chosen
        self.comparator = network
        least = network.minimum_size
        self.width = network.feature_shapes((least, least))[0][-1]

    def count(self, targets: tf.Tensor, outputs: tf.Tensor) -> None:
        """Count the features of a batch.

        Args:
            targets: float64 [B, width].
            outputs: float64 [B, width].
        """
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the features of a batch, averaged over positions.

        Args:
            y_true: Real images [B, H, W, 3] in `value_range`.
            y_pred: Generated images [B, H, W, 3].
            sample_weight: Must be None.

        Raises:
            InputError: If the images are not colour images of one shape, too small for the layer,
                out of range or NaN; or if there are weights.
        """
        if sample_weight is not None:
            raise InputError(
                f"{self.name} compares all images alike",
                got="sample_weight",
                accepted="metrics=[...] in place of weighted_metrics=[...]",
            )
        self.chosen.verify(self.name)
        targets, outputs, flaw = self.scaled(y_true, y_pred)
        self.count(self._pooled(targets), self._pooled(outputs + flaw))

    def _pooled(self, images: tf.Tensor) -> tf.Tensor:
        features = tf.cast(self.comparator(images), tf.float64)
        features = tf.reshape(features, (tf.shape(images)[0], -1, self.width))
        return tf.reduce_mean(features, axis=1)

    def __dir__(self) -> list[str]:
        # Keras saves the weights of all layers that it finds here. Those of a comparator that is
        # named come from their own file.
        names = super().__dir__()
        return [name for name in names if name != "comparator" or not self.chosen.is_named]

    def get_config(self) -> dict[str, Any]:
        config = {"value_range": list(self.value_range), "name": self.name}
        return config | self.chosen.get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeatureMetric":
        """Build the metric again; its comparator must have the same weights.

        Raises:
            InputError: If the weights are missing, or others than they were.
        """
        return built(cls, config)
