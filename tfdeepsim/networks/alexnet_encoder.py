"""Encoder of the VAE of Dosovitskiy & Brox 2016: AlexNet up to fc6."""

from typing import Any

import keras
import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD
from tfdeepsim.networks.leaky_layers import (
    NEGATIVE_SLOPE,
    constant_output_options,
    convolution,
    linear_output_options,
    scaled,
)

SMALLEST_SIDE = 63
"""Smallest height and width in pixels that leaves one position after the last pooling."""


def check_image_shape(image_shape: tuple[int, int, int], as_trained: bool = False) -> None:
    """Refuse images that the encoder does not take.

    Args:
        image_shape, as_trained: As `AlexNetEncoder` takes them.

    Raises:
        InputError: If height or width is below 63, or the encoder is `as_trained` and images are
            not in colour.
    """
    if min(image_shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            "images are too small for the AlexNet encoder",
            got=f"{image_shape[0]}x{image_shape[1]}",
            accepted=f"{SMALLEST_SIDE} or more pixels a side",
        )
    if as_trained and image_shape[2] != 3:
        raise InputError(
            "AlexNet was trained on colour images",
            got=f"{image_shape[2]} channels",
            accepted="3 channels (RGB)",
        )


@keras.saving.register_keras_serializable("tfdeepsim")
class AlexNetEncoder(FunctionalNetwork):
    """AlexNet up to fc6 with leaky ReLUs, where fc6 is the latent code (Dosovitskiy & Brox 2016,
    Sec. 4.2).

    Maps images [B, H, W, C] in [0, 1] to a dictionary of float32 [B, Z] tensors without activation:
    `latent`, and for a variational encoder also `log_variance`; `latent` is then the mean of the
    posterior. Channels, kernels, strides and padding are those of the comparator `AlexNet`
    (Krizhevsky 2014, without local response normalization and groups). The last feature map is 6x6
    for images of 227 pixels and 1x1 for images of 64.

    With `as_trained` the convolutions compute what those of the comparator `alexnet` compute, so
    that its weights can be assigned to them: their ReLUs are plain, and images are first scaled by
    ImageNet's mean and deviation. No weights are loaded here.

    Args:
        image_shape: (height, width, channels); height and width are 63 or more.
        latent_dim: Size Z of the latent code.
        variational: Whether to return `log_variance` too.
        width: Multiplies the number of channels of each convolution.
        as_trained: Whether the network has the ReLUs and the input scaling that AlexNet was trained
            with on ImageNet.

    Raises:
        InputError: If the images are too small or the width is not positive; if `as_trained`, also
            for images that are not in colour.

    Example:
        >>> encoder = tds.AlexNetEncoder((64, 64, 3), latent_dim=32, width=0.1)
        >>> encoder(images)["latent"].shape
        TensorShape([4, 32])
    """

    arguments = ("image_shape", "latent_dim", "variational", "width", "as_trained")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (227, 227, 3),
        latent_dim: int = 4096,
        variational: bool = False,
        width: float = 1.0,
        as_trained: bool = False,
        **kwargs: Any,
    ):
        check_image_shape(image_shape, as_trained)
        images = x = keras.Input(image_shape)
        if as_trained:
            x = _imagenet_scaling()(images)
        x = keras.layers.ZeroPadding2D(2)(x)
        slope = 0.0 if as_trained else NEGATIVE_SLOPE
        x = convolution(x, scaled(64, width), 11, slope, strides=4, padding="valid")
        x = convolution(keras.layers.MaxPooling2D(3, 2)(x), scaled(192, width), 5, slope)
        x = keras.layers.MaxPooling2D(3, 2)(x)
        for channels in (384, 256, 256):
            x = convolution(x, scaled(channels, width), 3, slope)
        x = keras.layers.Flatten()(keras.layers.MaxPooling2D(3, 2)(x))
        initializers = {"latent": linear_output_options()}
        if variational:
            initializers["log_variance"] = constant_output_options(0.0)
        outputs = {
            name: keras.layers.Dense(latent_dim, dtype="float32", name=name, **options)(x)
            for name, options in initializers.items()
        }
        super().__init__(images, outputs, **kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.variational = variational
        self.width = width
        self.as_trained = as_trained

    @property
    def convolutions(self) -> list[keras.layers.Conv2D]:
        """The five convolutions, from the image on."""
        return [layer for layer in self.layers if isinstance(layer, keras.layers.Conv2D)]


def _imagenet_scaling() -> keras.layers.Layer:
    # In float32, so that mixed precision does not round pixels before the mean is subtracted.
    variance = np.square(IMAGENET_STD)
    return keras.layers.Normalization(mean=IMAGENET_MEAN, variance=variance, dtype="float32")
