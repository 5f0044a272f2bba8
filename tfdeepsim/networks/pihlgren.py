"""Encoder and decoder of Pihlgren et al. 2020, in the sizes of the authors' public code."""

from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.normalization import BatchNormalization

ENCODER_CHANNELS = (32, 64, 128, 256)
DECODER_CHANNELS = (128, 64, 32)
DECODER_KERNELS = (5, 5, 6, 6)


def check_image_shape(image_shape: tuple[int, int, int]) -> None:
    """Refuse image sizes that the decoder cannot produce.

    Raises:
        InputError: If height or width is not 64 + 16 n.
    """
    if any(side < 64 or side % 16 for side in image_shape[:2]):
        raise InputError(
            "height and width must be 64 + 16 n for this encoder and decoder",
            got=f"{image_shape[0]}x{image_shape[1]}",
            accepted="64, 80, 96, 112, 128, ... pixels a side",
        )


def _normalized_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU()(BatchNormalization()(x))


@keras.saving.register_keras_serializable("tfdeepsim")
class Encoder(FunctionalNetwork):
    """Convolutions 32-64-128-256 (kernel 4, stride 2, no padding, batch normalization, ReLU), then
    one dense layer.

    Maps images [B, H, W, C] in [0, 1] to a dictionary of float32 [B, Z] tensors: `latent`, and for
    a variational encoder also `log_variance`; `latent` is then the mean of the posterior.

    Args:
        image_shape: (height, width, channels); height and width are 64 + 16 n.
        latent_dim: Size Z of the latent code.
        variational: Whether to return `log_variance` too.

    Raises:
        InputError: If the image shape does not fit.

    Example:
        >>> encoder = tds.Encoder((64, 64, 3), latent_dim=32)
        >>> encoder(images)["latent"].shape
        TensorShape([4, 32])
    """

    arguments = ("image_shape", "latent_dim", "variational")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 64,
        variational: bool = False,
        **kwargs: Any,
    ):
        check_image_shape(image_shape)
        images = x = keras.Input(image_shape)
        for channels in ENCODER_CHANNELS:
            # Batch normalization subtracts the mean, so a bias before it would have no effect.
            x = _normalized_relu(keras.layers.Conv2D(channels, 4, strides=2, use_bias=False)(x))
        x = keras.layers.Flatten()(x)
        outputs = {"latent": keras.layers.Dense(latent_dim, dtype="float32", name="latent")(x)}
        if variational:
            outputs["log_variance"] = keras.layers.Dense(
                latent_dim, dtype="float32", name="log_variance"
            )(x)
        super().__init__(images, outputs, **kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.variational = variational


@keras.saving.register_keras_serializable("tfdeepsim")
class Decoder(FunctionalNetwork):
    """Dense 1024 with ReLU, then transposed convolutions 128-64-32-C, sigmoid.

    Kernels are 5, 5, 6 and 6 wide, with stride 2.

    Maps latents [B, Z] to float32 images [B, H, W, C] in [0, 1]. Images larger than 64 pixels start
    from a map of (1 + n) x (1 + m) positions of 1024 channels instead of a single position.

    Args:
        image_shape: (height, width, channels); height and width are 64 + 16 n.
        latent_dim: Size Z of the latent code.
        dense_activation: `relu` behind the first dense layer, as in the authors' code; or `none`,
            as in runs of earlier versions.

    Raises:
        InputError: If the image shape does not fit.

    Example:
        >>> decoder = tds.Decoder((64, 64, 3), latent_dim=32)
        >>> decoder(tf.zeros((4, 32))).shape
        TensorShape([4, 64, 64, 3])
    """

    arguments = ("image_shape", "latent_dim", "dense_activation")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 64,
        dense_activation: str = "relu",
        **kwargs: Any,
    ):
        check_image_shape(image_shape)
        first_map = (image_shape[0] // 16 - 3, image_shape[1] // 16 - 3)
        latents = keras.Input((latent_dim,))
        x = keras.layers.Dense(first_map[0] * first_map[1] * 1024)(latents)
        if dense_activation == "relu":
            x = keras.layers.ReLU()(x)
        x = _first_transposed_convolution(x, first_map)
        for channels, kernel in zip(DECODER_CHANNELS[1:], DECODER_KERNELS[1:-1], strict=True):
            x = _normalized_relu(x)
            x = keras.layers.Conv2DTranspose(channels, kernel, strides=2, use_bias=False)(x)
        x = _normalized_relu(x)
        x = keras.layers.Conv2DTranspose(image_shape[2], DECODER_KERNELS[-1], strides=2)(x)
        images = keras.layers.Activation("sigmoid", dtype="float32")(x)
        super().__init__(latents, images, **kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.dense_activation = dense_activation


def _first_transposed_convolution(
    x: keras.KerasTensor, first_map: tuple[int, int]
) -> keras.KerasTensor:
    channels, kernel = DECODER_CHANNELS[0], DECODER_KERNELS[0]
    if first_map == (1, 1):
        # A single position meets every element of the kernel once, so one matrix product computes
        # the same map.
        x = keras.layers.Dense(kernel * kernel * channels, use_bias=False)(x)
        return keras.layers.Reshape((kernel, kernel, channels))(x)
    x = keras.layers.Reshape((*first_map, 1024))(x)
    return keras.layers.Conv2DTranspose(channels, kernel, strides=2, use_bias=False)(x)


def make_autoencoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    variational: bool,
    seed: int = 0,
    dense_activation: str = "relu",
) -> Autoencoder:
    """Build the encoder and decoder of the paper as one generator.

    Args:
        image_shape: (height, width, channels); height and width are 64 + 16 n.
        latent_dim: Size of the embedding.
        variational: Whether the encoder returns a posterior.
        seed: Seed of the noise that a variational generator adds to latents in training.
        dense_activation: As `Decoder` takes it.
    """
    encoder = Encoder(image_shape, latent_dim, variational)
    return Autoencoder(encoder, Decoder(image_shape, latent_dim, dense_activation), seed)
