"""Encoder and decoder of the autoencoder of Dosovitskiy & Brox 2016, Table 2."""

from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.leaky_layers import (
    convolution,
    scaled,
    start_linear,
    start_near,
    up_convolution,
)

CODE_CHANNELS = 8
"""Channels of the code in the paper: a latent size of 512 for 64x64 pixels."""
REDUCTION = 8
"""Image pixels a side for one position of the code."""

ENCODER_LAYERS = (
    (32, 5, 2),
    (32, 3, 1),
    (64, 5, 2),
    (64, 3, 1),
    (128, 3, 2),
    (128, 3, 1),
    (64, 3, 1),
)
"""Channels, kernel and stride of each layer before the code."""
DECODER_CHANNELS = (64, 32, 16)
"""Of the up-convolutions."""


def code_map(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Height and width of the code.

    Raises:
        InputError: If height or width is not a multiple of 8.
    """
    height, width = image_shape[:2]
    if any(side < REDUCTION or side % REDUCTION for side in (height, width)):
        raise InputError(
            f"height and width must be multiples of {REDUCTION} for this encoder and decoder",
            got=f"{height}x{width}",
            accepted="8, 16, 24, ..., 64, ... pixels a side",
        )
    return height // REDUCTION, width // REDUCTION


def code_shape(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[int, int, int]:
    """Height, width and channels of a code of `latent_dim` numbers.

    Raises:
        InputError: If the image shape or the latent size does not fit.
    """
    height, width = code_map(image_shape)
    positions = height * width
    if latent_dim < positions or latent_dim % positions:
        raise InputError(
            f"latent size must be channels times the {height}x{width} positions of the code",
            got=latent_dim,
            accepted=f"multiples of {positions}, e.g. {CODE_CHANNELS * positions} as in the paper",
        )
    return height, width, latent_dim // positions


class MapEncoder(keras.Model):
    """Seven convolutions (32-32-64-64-128-128-64 channels), then one that gives the code, 8 times
    smaller.

    Maps images [B, H, W, C] in [0, 1] to a dictionary of float32 [B, Z] tensors: `latent`, which is
    the map [B, H / 8, W / 8, Z / positions] flattened, after its leaky ReLU. A variational encoder
    gives `latent` (then the mean of the posterior) and `log_variance` by two linear convolutions.

    Args:
        image_shape: (height, width, channels); height and width are multiples of 8.
        latent_dim: Z, channels times positions of the code.
        variational: Whether to output a posterior; not in the paper.
        width: Factor of the channels of all layers but the code.

    Raises:
        InputError: If the image shape, the latent size or the width does not fit.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 512,
        variational: bool = False,
        width: float = 1.0,
        **kwargs: Any,
    ):
        channels = code_shape(image_shape, latent_dim)[-1]
        images = x = keras.Input(image_shape)
        for number, kernel, stride in ENCODER_LAYERS:
            x = convolution(x, scaled(number, width), kernel, strides=stride)
        if variational:
            outputs = {
                "latent": _linear(x, channels, start_linear()),
                "log_variance": _linear(x, channels, start_near(0.0)),
            }
        else:
            outputs = {"latent": convolution(x, channels, 3, dtype="float32")}
        outputs = {
            key: keras.layers.Flatten(dtype="float32", name=key)(y) for key, y in outputs.items()
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
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MapEncoder":
        return cls(**config)


class MapDecoder(keras.Model):
    """Convolutions 64-128, three times an up-convolution and a convolution (64, 32, 16 channels).

    Maps latents [B, Z] to float32 images [B, H, W, C]. The output is linear: trained images lie in
    [0, 1] up to the error. It starts near the constant 0.5.

    Args:
        image_shape: (height, width, channels); height and width are multiples of 8.
        latent_dim: Z, channels times positions of the code.
        width: Factor of the channels of all layers but the last.

    Raises:
        InputError: If the image shape, the latent size or the width does not fit.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 512,
        width: float = 1.0,
        **kwargs: Any,
    ):
        latents = keras.Input((latent_dim,))
        x = keras.layers.Reshape(code_shape(image_shape, latent_dim))(latents)
        for channels in (64, 128):
            x = convolution(x, scaled(channels, width), 3)
        for channels in DECODER_CHANNELS:
            x = up_convolution(x, scaled(channels, width))
            # The last convolution is the image.
            if channels != DECODER_CHANNELS[-1]:
                x = convolution(x, scaled(channels, width), 3)
        super().__init__(latents, _linear(x, image_shape[2], start_near(0.5)), **kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.width = width

    def get_config(self) -> dict[str, Any]:
        return {
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "width": self.width,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MapDecoder":
        return cls(**config)


def _linear(x: keras.KerasTensor, channels: int, start: dict[str, Any]) -> keras.KerasTensor:
    return keras.layers.Conv2D(channels, 3, padding="same", dtype="float32", **start)(x)
