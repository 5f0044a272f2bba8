"""Encoder of the VAE of Dosovitskiy & Brox 2016: AlexNet up to fc6."""

from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.leaky_layers import convolution, scaled, start_linear, start_near

SMALLEST_SIDE = 63
"""Pixels a side that leave one position after the last pooling."""


def check_image_shape(image_shape: tuple[int, int, int]) -> None:
    """Refuse images that are too small.

    Raises:
        InputError: If height or width is below 63.
    """
    if min(image_shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            "images are too small for the AlexNet encoder",
            got=f"{image_shape[0]}x{image_shape[1]}",
            accepted=f"{SMALLEST_SIDE} or more pixels a side",
        )


class AlexNetEncoder(keras.Model):
    """AlexNet up to fc6 with leaky ReLUs, Sec. 4.2 of Dosovitskiy & Brox 2016; fc6 gives the
    posterior.

    Maps images [B, H, W, C] in [0, 1] to a dictionary of float32 [B, Z] tensors, both linear:
    `latent`, and for a variational encoder `log_variance`; `latent` is then the mean of the
    posterior. Channels, kernels, strides and padding are those of the comparator `AlexNet`
    (Krizhevsky 2014, without local normalization and groups). At 227 pixels the last map is 6x6, at
    64 it is 1x1.

    Args:
        image_shape: (height, width, channels); height and width are 63 or more.
        latent_dim: Z.
        variational: Whether to output a posterior.
        width: Factor of the channels of the convolutions.

    Raises:
        InputError: If the images are too small or the width is not positive.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (227, 227, 3),
        latent_dim: int = 4096,
        variational: bool = False,
        width: float = 1.0,
        **kwargs: Any,
    ):
        check_image_shape(image_shape)
        images = keras.Input(image_shape)
        x = keras.layers.ZeroPadding2D(2)(images)
        x = convolution(x, scaled(64, width), 11, strides=4, padding="valid")
        x = convolution(keras.layers.MaxPooling2D(3, 2)(x), scaled(192, width), 5)
        x = keras.layers.MaxPooling2D(3, 2)(x)
        for channels in (384, 256, 256):
            x = convolution(x, scaled(channels, width), 3)
        x = keras.layers.Flatten()(keras.layers.MaxPooling2D(3, 2)(x))
        starts = {
            "latent": start_linear(),
            **({"log_variance": start_near(0.0)} if variational else {}),
        }
        outputs = {
            key: keras.layers.Dense(latent_dim, dtype="float32", name=key, **start)(x)
            for key, start in starts.items()
        }
        super().__init__(images, outputs, **kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.variational = variational
        self.width = width

    def get_config(self) -> dict[str, Any]:
        return {
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "variational": self.variational,
            "width": self.width,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AlexNetEncoder":
        return cls(**config)
