"""LPIPS, the learned perceptual image patch similarity of Zhang et al. 2018."""

import functools
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chosen import ChosenComparator
from tfdeepsim.comparators.keras_applications.torchvision import is_torchvision_file
from tfdeepsim.comparators.weights.bundled import bundled_file, check_bundled
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.errors import InputError
from tfdeepsim.perceptual.image_loss import ImageLoss
from tfdeepsim.step_values import sum_in_order

LAYERS = 5
NETWORKS = {
    "alexnet": ("alexnet:relu1+relu2+relu3+relu4+relu5", "alex"),
    "vgg16": (
        "keras:VGG16:block1_conv2+block2_conv2+block3_conv3+block4_conv3+block5_conv3",
        "vgg",
    ),
}
"""Comparator of each network, and the prefix of its linear weights."""


@keras.saving.register_keras_serializable("tfdeepsim")
class LPIPS(ImageLoss):
    """Learned perceptual distance of images, LPIPS version 0.1 (Zhang et al. 2018, eq. 1).

    Features of five layers have unit length over the channels of each position; their squared
    differences are weighted for each channel by weights that were fitted to judgements of people,
    averaged over positions and summed over layers. 0 for equal images; different photographs are
    about 0.7 apart. The weights of channels come with the package (BSD-2-Clause, by the authors of
    LPIPS), and so does ImageNet's AlexNet. Authors compare results by `alexnet` and train with
    `vgg16`.

    It can stand in `loss=` and in `metrics=[...]`; there it is the mean over all examples.

    Args:
        network: `alexnet` or `vgg16`.
        weights: File with the network's convolutions as torchvision has them (`.pth`, `.pt`,
            `.safetensors`); None for the AlexNet that comes with the package.
        spatial: Whether the distance is a map of the size of the images: that of each layer is
            enlarged bilinearly.
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        reduction: As for any Keras loss: `sum_over_batch_size` divides by the number of examples,
            and of positions if `spatial`; `none` leaves float32 [B], or [B, H, W].
        name: Name of the loss, and of the metric in logs; None for `lpips_` and the network.
        dtype: Policy in which the network computes, e.g. `mixed_bfloat16`; None for Keras' global
            policy. Differences and means are in float32 in any case.

    Attributes:
        comparator: The network, a `Comparator`.

    Raises:
        InputError: If there is no such network, or its weights are missing or damaged. When called:
            if the images are not colour images [B, H, W, 3] of one shape, smaller than 31 x 31
            pixels for AlexNet or 16 x 16 for VGG16, out of `value_range`, or NaN. In a traced step,
            values out of range are a `tf.errors.InvalidArgumentError`; under `jit_compile=True`,
            where TensorFlow leaves checks out, the loss is NaN.

    Example:
        >>> lpips = tds.LPIPS("alexnet")
        >>> lpips(images, images).numpy()
        np.float32(0.0)
        >>> tds.LPIPS("alexnet", spatial=True, reduction="none")(images, images).shape
        TensorShape([4, 64, 64])
        >>> model.compile("adam", loss=lpips, metrics=[tds.LPIPS("alexnet")])
    """

    def __init__(
        self,
        network: str = "alexnet",
        *,
        weights: str | os.PathLike | None = None,
        spatial: bool = False,
        value_range: Sequence[float] = (0, 1),
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ):
        _check_network(network, weights)
        spec, _ = NETWORKS[network]
        super().__init__(
            ChosenComparator(spec, weights, dtype, feature_normalization="channel"),
            value_range=value_range,
            spatial=spatial,
            reduction=reduction,
            name=name or f"lpips_{network}",
        )
        self.network = network

    def distance(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        features = zip(self.comparator(targets), self.comparator(outputs), strict=True)
        size = tf.shape(targets)[1:3]
        distances = []
        for (target, output), weights in zip(features, channel_weights(self.network), strict=True):
            squares = tf.math.squared_difference(target, output)
            # A 1x1 convolution to one channel.
            positions = tf.reduce_sum(squares * weights, axis=-1)
            if self.spatial:
                distances.append(tf.image.resize(positions[..., None], size)[..., 0])
            else:
                distances.append(tf.reduce_mean(positions, axis=(1, 2)))
        return sum_in_order(distances)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"network": self.network, "spatial": self.spatial}
        # Both follow from the network.
        del config["comparator"], config["feature_normalization"]
        return config


@functools.cache
def channel_weights(network: str) -> list[np.ndarray]:
    """The weights of LPIPS v0.1 for the channels of each layer, float32 [C].

    Args:
        network: Key of `NETWORKS`.

    Raises:
        InputError: If the file that came with the package is missing or damaged.
    """
    path = bundled_file(f"lpips_{network}")
    if path is None:
        raise InputError(
            "the weights of LPIPS come with the package",
            got=f"no lpips_{network}.safetensors",
            accepted="install the package again",
        )
    check_bundled(path)
    prefix = NETWORKS[network][1]
    names = [f"{prefix}.lin{layer}" for layer in range(LAYERS)]
    tensors = read_weight_file(path, names).tensors
    return [np.asarray(tensors[name], np.float32).reshape(-1) for name in names]


def _check_network(network: str, weights: str | os.PathLike | None) -> None:
    if network not in NETWORKS:
        raise InputError(
            "LPIPS compares features of one of its networks",
            got=repr(network),
            accepted=", ".join(NETWORKS),
        )
    file = "" if weights is None else os.fspath(weights)
    if network == "vgg16" and not is_torchvision_file("VGG16", file):
        raise InputError(
            "LPIPS of vgg16 needs torchvision's weights; those of Keras are others",
            got=file or "none",
            accepted="weights=FILE: torchvision's vgg16-397923af.pth, or .safetensors of it",
        )
