"""Comparators: frozen networks whose features are compared instead of pixels.

This module is light: it checks what a user asked for without TensorFlow. A comparator is spelled
`NAME:LAYER`, e.g. `random_alexnet:relu2`.
"""

import os
from typing import TYPE_CHECKING

from tfdeepsim.comparators import alexnet_layers
from tfdeepsim.errors import InputError

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator

COMPARATORS = ("alexnet", "random_alexnet")
"""Names that can stand before the colon."""

FEATURE_ACTIVATIONS = ("none", "sigmoid")
"""What can be applied to the features before they are compared."""


def check_comparator(
    spec: str, image_shape: tuple[int, int, int] | None = None, weights: str | os.PathLike | None = None
) -> None:
    """Check everything about a comparator that can be checked without building it.

    A weights file is read and must fit.

    Args:
        spec: `NAME:LAYER`.
        image_shape: Height, width and channels of the images that it shall compare.
        weights: A file with its weights.

    Raises:
        InputError: If there is no such comparator or layer, the images do not suit it, or its weights
            are missing, damaged, of another network, or given to a random one.
    """
    name, layer = split_comparator(spec)
    if image_shape is not None:
        _check_image(layer, image_shape)
    _check_weights_given(name, weights)
    if weights is not None:
        from tfdeepsim.comparators.alexnet_weights import load_weights

        load_weights(weights, layer)


def make_comparator(
    spec: str, weights: str | os.PathLike | None = None, seed: int = 0, feature_activation: str = "none"
) -> "Comparator":
    """Build a comparator.

    Args:
        spec: `NAME:LAYER`.
        weights: A file with its weights; `random_alexnet` takes none.
        seed: Of random weights.
        feature_activation: `none`, or `sigmoid` on the features, as Pihlgren et al. (2020) have it in their
            code.

    Raises:
        InputError: As `check_comparator`.
    """
    name, layer = split_comparator(spec)
    _check_weights_given(name, weights)
    from tfdeepsim.comparators.alexnet import AlexNet

    return AlexNet(
        layer,
        weights_file=weights,
        seed=None if weights is not None else seed,
        feature_activation=feature_activation,
        name=name,
    )


def split_comparator(spec: str) -> tuple[str, str]:
    """Name and layer of a comparator spelled `NAME:LAYER`.

    Raises:
        InputError: If it is spelled otherwise, or there is no such comparator or layer.
    """
    name, colon, layer = spec.rpartition(":")
    if not colon:
        name, layer = spec, ""
    if name not in COMPARATORS:
        raise InputError(
            "unknown comparator",
            got=repr(spec),
            accepted=", ".join(f"{known}:LAYER" for known in COMPARATORS),
        )
    if layer not in alexnet_layers.LAYER_NAMES:
        raise InputError(
            f"{name} needs one of its layers as {name}:LAYER",
            got=repr(spec),
            accepted=", ".join(alexnet_layers.LAYER_NAMES),
        )
    return name, layer


def check_feature_activation(feature_activation: str) -> None:
    """Raises InputError if there is no such activation."""
    if feature_activation not in FEATURE_ACTIVATIONS:
        raise InputError(
            "unknown feature activation",
            got=repr(feature_activation),
            accepted=", ".join(FEATURE_ACTIVATIONS),
        )


def _check_image(layer: str, image_shape: tuple[int, int, int]) -> None:
    height, width, channels = image_shape
    if channels != len(alexnet_layers.MEAN):
        raise InputError(
            "a comparator takes colour images", got=f"{channels} channels", accepted="3 channels (RGB)"
        )
    alexnet_layers.feature_shape(layer, (height, width))


def _check_weights_given(name: str, weights: str | os.PathLike | None) -> None:
    if name == "random_alexnet" and weights is not None:
        raise InputError(
            "random_alexnet draws its weights from the seed",
            got=f"the weights file {weights}",
            accepted="no weights file, or the comparator alexnet with it",
        )
    if name == "alexnet" and weights is None:
        raise InputError(
            "alexnet needs its trained weights",
            got="no weights file",
            accepted="--comparator-weights FILE, where FILE is torchvision's alexnet-owt-7be5be79.pth from "
            "https://download.pytorch.org/models/, kept anywhere; or the comparator random_alexnet",
        )
