"""What the losses of images share: the range of values, and the mean over all examples."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.chosen import ChosenComparator, built
from tfdeepsim.value_range import check_value_range, image_pair


class ImageLoss(keras.losses.Loss, keras.metrics.Metric):
    """A distance of images, as a loss and as a metric.

    Called, it is a loss. `update_state` and `result`, which Keras calls for whatever stands in
    `metrics=[...]`, give the mean over all examples so far, whatever the sizes of batches.

    Subclasses implement `distance`.

    Args:
        chosen: The comparator whose features are compared.
        value_range: Values of black and white.
        spatial: Whether the distance is a map.
        reduction: As for any Keras loss; of the loss alone.
        name: Name of the loss.

    Raises:
        InputError: If the range is no range.

    Example:
        >>> loss = tds.LPIPS("alexnet")
        >>> isinstance(loss, keras.losses.Loss), isinstance(loss, keras.metrics.Metric)
        (True, True)
    """

    _direction = "down"

    def __init__(
        self,
        chosen: ChosenComparator,
        *,
        value_range: Sequence[float] = (0, 1),
        spatial: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ):
        low_and_high = check_value_range(value_range)
        keras.losses.Loss.__init__(self, name=name, reduction=reduction, dtype="float32")
        keras.metrics.Metric.__init__(self, name=self.name, dtype="float32")
        self.comparator = chosen.network
        self.value_range = low_and_high
        self.spatial = spatial
        self.chosen = chosen
        self._mean = keras.metrics.Mean(dtype="float32")

    def distance(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Distance of each example.

        Args:
            targets: float32 [B, H, W, 3] in [0, 1].
            outputs: float32 [B, H, W, 3].

        Returns:
            float32 [B], or [B, H, W] if it is `spatial`.
        """
        raise NotImplementedError

    def call(self, y_true: Any, y_pred: Any) -> tf.Tensor:
        """Distance of each example, after the images are checked.

        Args:
            y_true: Targets [B, H, W, 3] in `value_range`.
            y_pred: Outputs of a network [B, H, W, 3].

        Returns:
            float32 [B], or [B, H, W] if it is `spatial`.

        Raises:
            InputError: If the images are no colour images of one shape, too small for the
                comparator, out of range or NaN.
        """
        self.chosen.verify(self.name)
        targets, outputs, flaw = image_pair(y_true, y_pred, self.value_range)
        return self.distance(targets, outputs) + flaw

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        if self.spatial and sample_weight is not None:
            sample_weight = tf.convert_to_tensor(sample_weight, tf.float32)
            if sample_weight.shape.rank < 3:  # one weight for all positions of an example
                sample_weight = tf.reshape(sample_weight, (-1, 1, 1))
        return super().__call__(y_true, y_pred, sample_weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the examples of a batch in the mean."""
        self._mean.update_state(self.call(y_true, y_pred), sample_weight)

    def result(self) -> tf.Tensor:
        """Mean over all examples, weighted by `sample_weight`; 0 before the first."""
        return self._mean.result()

    def __dir__(self) -> list[str]:
        # Keras saves the weights of all layers that it finds here. Those of a comparator that is
        # named come from their own file.
        names = super().__dir__()
        return [name for name in names if name != "comparator" or not self.chosen.is_named]

    def get_config(self) -> dict[str, Any]:
        return self.chosen.get_config() | {
            "value_range": list(self.value_range),
            "reduction": self.reduction,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ImageLoss":
        """Build the loss again; its comparator must have the same weights.

        Raises:
            InputError: If the weights are missing, or others than they were.
        """
        return built(cls, config)
