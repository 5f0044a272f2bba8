"""The feature loss of both papers, as a loss of Keras."""

import math
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.comparators.chosen import ChosenComparator
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.errors import InputError
from tfdeepsim.perceptual.image_loss import ImageLoss
from tfdeepsim.value_range import image_pair


@keras.saving.register_keras_serializable("tfdeepsim")
class PerceptualLoss(ImageLoss):
    """Mean squared error of the features of a frozen network: eq. (2) of Dosovitskiy & Brox 2016,
    the perceptual loss of Pihlgren et al. 2020.

        L = Σ_layers weight · mean((C(output) − C(target))²) / scale

    The mean is over the elements of a layer's features, as that of `MeanSquaredError` is over
    pixels. Features are often larger than pixels: the loss of `alexnet:conv3` is about a hundred
    times that of pixels. With `feature_scales` from `measure_scales`, 1 is the error of features
    that are all 0, and weights of several layers and losses can be compared.

    It can stand in `loss=` and in `metrics=[...]`; there it is the mean over all examples.

    Args:
        comparator: `NAME:LAYER`, e.g. `alexnet:relu2`, or `NAME:LAYER+LAYER`; or a `Comparator`.
        weights: File with the comparator's weights; None for those that come with the package.
        layer_weights: Number above 0 for each layer; None for 1 each, or for those of the
            `Comparator`.
        feature_normalization: `none`, or `channel` for features of unit length over the channels of
            each position.
        feature_activation: `none`, or `sigmoid` on the features.
        feature_scales: Number above 0 for each layer, which its squared error is divided by; None
            to divide by nothing.
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        reduction: As for any Keras loss: `sum_over_batch_size` divides by the number of examples,
            `none` leaves float32 [B].
        name: Name of the loss, and of the metric in logs.
        dtype: Policy in which the comparator computes, e.g. `mixed_bfloat16`; None for Keras'
            global policy. Differences and means are in float32 in any case.

    Attributes:
        comparator: The network, a `Comparator`.

    Raises:
        InputError: If there is no such comparator or layer, its weights are missing or damaged, or
            an option is not one of those above. When called: if the images are not colour images
            [B, H, W, 3] of one shape, too small for a layer, out of `value_range`, or NaN. In a
            traced step, values out of range are a `tf.errors.InvalidArgumentError`; under
            `jit_compile=True`, where TensorFlow leaves checks out, the loss is NaN.

    Example:
        >>> loss = tds.PerceptualLoss("random_alexnet:relu1+relu2", layer_weights=(1, 0.5))
        >>> loss(images, images).numpy()
        np.float32(0.0)
        >>> model.compile("adam", loss=tds.PerceptualLoss("alexnet:relu2"))
    """

    def __init__(
        self,
        comparator: str | Comparator,
        *,
        weights: str | os.PathLike | None = None,
        layer_weights: Sequence[float] | None = None,
        feature_normalization: str = "none",
        feature_activation: str = "none",
        feature_scales: Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 1),
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "perceptual_loss",
        dtype: Any = None,
    ):
        chosen = ChosenComparator(
            comparator,
            weights,
            dtype,
            feature_normalization=feature_normalization,
            feature_activation=feature_activation,
        )
        super().__init__(chosen, value_range=value_range, reduction=reduction, name=name)
        network = chosen.network
        numbers = network.layer_weights if layer_weights is None else layer_weights
        self.layer_weights = _checked_numbers("layer_weights", numbers, network)
        self.feature_scales: tuple[float, ...] | None = None
        if feature_scales is not None:
            self.feature_scales = _checked_numbers("feature_scales", feature_scales, network)

    def distance(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        scales = self.feature_scales or (1.0,) * len(self.layer_weights)
        weights = [weight / scale for weight, scale in zip(self.layer_weights, scales, strict=True)]
        return losses.feature_error(self.comparator(outputs), self.comparator(targets), weights)

    def measure_scales(self, images: Any) -> tuple[float, ...]:
        """Mean square of the features of each layer, as `feature_scales` for another loss.

        Args:
            images: [N, H, W, 3] in `value_range`, N a batch that fits into memory: 64 are enough.

        Raises:
            InputError: If the images are not such images, or the features of a layer are all 0.

        Example:
            >>> scales = tds.PerceptualLoss("random_alexnet:relu2").measure_scales(images)
            >>> loss = tds.PerceptualLoss("random_alexnet:relu2", feature_scales=scales)
        """
        images, _, _ = image_pair(images, images, self.value_range)
        features = tf.nest.flatten(self.comparator(images))
        scales = [float(np.mean(np.square(x, dtype=np.float64))) for x in features]
        return _checked_numbers("feature_scales", scales, self.comparator)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "layer_weights": list(self.layer_weights),
            "feature_scales": self.feature_scales and list(self.feature_scales),
        }


def _checked_numbers(
    what: str, numbers: Sequence[float], comparator: Comparator
) -> tuple[float, ...]:
    """One finite number above 0 for each layer."""
    try:
        checked = tuple(float(number) for number in numbers)
    except (TypeError, ValueError):
        checked = ()
    count = len(comparator.layers)
    if len(checked) != count or not all(0 < number < math.inf for number in checked):
        raise InputError(
            f"{what} are one number above 0 for each layer",
            got=f"{numbers} for {comparator.layer}",
            accepted=f"{count} numbers above 0",
        )
    return checked
