"""Weights of VGG networks in the layout of torchvision's files: `features.N.weight`, `.bias`."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.keras_applications.layers import layers_by_name
from tfdeepsim.comparators.weights.load import load_weights
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD

NETWORKS = ("VGG16", "VGG19")
"""Networks whose files in torchvision's layout are read; both libraries have the same layers."""


def is_torchvision_file(name: str, path: str) -> bool:
    """Whether a weights file of a network is in torchvision's layout, by the ending of its name."""
    return name in NETWORKS and path.endswith((".pth", ".pt", ".safetensors"))


def load_torchvision(name: str, network: keras.Model, layers: Sequence[str], path: str) -> None:
    """Set the weights of a network up to the deepest of some layers.

    Args:
        name: Name of the network, one of `NETWORKS`.
        network: The network without its classifier.
        layers: Names of layers of the network.
        path: A file in torchvision's layout, which may end behind the deepest layer.

    Raises:
        InputError: If there is no such layer before the classifier, or the file is missing,
            damaged, of another network, or ends before the deepest layer.
    """
    chain = _as_chain(name, network)
    tensors = load_weights(path, chain, layers).tensors
    by_name = layers_by_name(network)
    for step in chain.up_to(*layers):
        if step.tensor:
            kernel, bias = tensors[f"{step.tensor}.weight"], tensors[f"{step.tensor}.bias"]
            by_name[step.name].set_weights([kernel.transpose(2, 3, 1, 0), bias])


def scale_pixels(images: tf.Tensor) -> tf.Tensor:
    """Scale pixels as torchvision's weights expect them; Keras' own VGG weights expect BGR minus a
    mean, in 0 to 255.

    Args:
        images: RGB, float32 [B, H, W, 3] in [0, 1].
    """
    return (images - np.array(IMAGENET_MEAN, "f")) / np.array(IMAGENET_STD, "f")


def _as_chain(name: str, network: keras.Model) -> Architecture:
    """The convolutions and pools of a VGG network, with the names of torchvision's tensors."""
    steps = []
    index, channels = 0, 3
    for layer_name, layer in layers_by_name(network).items():
        if isinstance(layer, keras.layers.Conv2D):
            channels = layer.filters
            steps.append(Layer(layer_name, "conv", channels, 3, 1, 1, tensor=f"features.{index}"))
            index += 2  # In torchvision, the ReLU is a layer of its own.
        else:
            steps.append(Layer(layer_name, "pool", channels, 2, 2))
            index += 1
    return Architecture(
        name=f"torchvision's {name} without its classifier",
        layers=tuple(steps),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        bgr=False,
        pooled=7,
        adaptive=True,
    )
