"""Encoder and decoder of the autoencoder of Dosovitskiy & Brox 2016, Table 2."""

from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.leaky_layers import (
    constant_output_options,
    convolution,
    linear_output_options,
    scaled,
    up_convolution,
)

CODE_CHANNELS = 8
"""Channels of the code in the paper: a latent size of 512 for images of 64x64 pixels."""
REDUCTION = 8
"""One position of the code stands for so many pixels of the image, in each direction."""

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
"""Channels of the up-convolutions."""


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


@keras.saving.register_keras_serializable("tfdeepsim")
class MapEncoder(FunctionalNetwork):
    """Seven convolutions (32-32-64-64-128-128-64 channels), then one whose output is the code.

    Maps images [B, H, W, C] in [0, 1] to a dictionary of float32 [B, Z] tensors: `latent`, the map
    [B, H / 8, W / 8, Z / positions] after its leaky ReLU, flattened. A variational encoder returns
    `latent` (then the mean of the posterior) and `log_variance` by two convolutions without
    activation.

    Args:
        image_shape: (height, width, channels); height and width are multiples of 8.
        latent_dim: Size Z of the latent code: its channels times its positions.
        variational: Whether to return `log_variance` too; the paper does so only for AlexNet.
        width: Multiplies the number of channels of every layer but the code.

    Raises:
        InputError: If the image shape, the latent size or the width does not fit.

    Example:
        >>> encoder = tds.MapEncoder((64, 64, 3), latent_dim=256)
        >>> encoder(images)["latent"].shape
        TensorShape([4, 256])
    """

    arguments = ("image_shape", "latent_dim", "variational", "width")

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
                "latent": _linear(x, channels, linear_output_options()),
                "log_variance": _linear(x, channels, constant_output_options(0.0)),
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


@keras.saving.register_keras_serializable("tfdeepsim")
class MapDecoder(FunctionalNetwork):
    """Convolutions 64-128, three times an up-convolution and a convolution (64, 32, 16 channels).

    Maps latents [B, Z] to float32 images [B, H, W, C]. The last layer has no activation, so trained
    images lie in [0, 1] only up to the error. A new network returns nearly constant images of 0.5.

    Args:
        image_shape: (height, width, channels); height and width are multiples of 8.
        latent_dim: Size Z of the latent code: its channels times its positions.
        width: Multiplies the number of channels of every layer but the last.

    Raises:
        InputError: If the image shape, the latent size or the width does not fit.

    Example:
        >>> decoder = tds.MapDecoder((64, 64, 3), latent_dim=256)
        >>> decoder(tf.zeros((4, 256))).shape
        TensorShape([4, 64, 64, 3])
    """

    arguments = ("image_shape", "latent_dim", "width")

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
            # The last convolution returns the image and has other options.
            if channels != DECODER_CHANNELS[-1]:
                x = convolution(x, scaled(channels, width), 3)
        super().__init__(
            latents, _linear(x, image_shape[2], constant_output_options(0.5)), **kwargs
        )
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.width = width


def _linear(x: keras.KerasTensor, channels: int, options: dict[str, Any]) -> keras.KerasTensor:
    return keras.layers.Conv2D(channels, 3, padding="same", dtype="float32", **options)(x)
