"""The discriminator of Dosovitskiy & Brox 2016, Table 1."""

from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.leaky_layers import convolution, dense, linear_output_options, scaled

LAYERS = ((32, 7, 2), (64, 5, 1), (128, 3, 2), (256, 3, 1), (256, 3, 2))
"""Channels, kernel and stride of each convolution."""
SMALLEST_SIDE = 35
"""Smallest height and width in pixels that leaves one position after the convolutions."""
LARGE_SIDE = 128
"""Images of at least this height and width, in pixels, get a first stride of `LARGE_STRIDE`."""
LARGE_STRIDE = 4


def check_image_shape(image_shape: tuple[int, int, int]) -> None:
    """Refuse images that are too small.

    Raises:
        InputError: If height or width is below 35.
    """
    if min(image_shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            "images are too small for the discriminator",
            got=f"{image_shape[0]}x{image_shape[1]}",
            accepted=f"{SMALLEST_SIDE} or more pixels a side",
        )


@keras.saving.register_keras_serializable("tfdeepsim")
class Discriminator(FunctionalNetwork):
    """Five convolutions, global average pooling, and two fully connected layers with dropout before
    each.

    Maps images [B, H, W, C] in [0, 1] to float32 logits [B, 2]; class 1 means that the image is
    real. The convolutions do not pad: an image of 64 pixels gives maps of 29, 25, 12, 10 and 4
    pixels a side. The first stride is 4 where the smaller side is 128 or more, as for the paper's
    ImageNet images. The layers `conv1` to `conv5` are the convolutions, before their leaky ReLUs.

    A conditional discriminator is called with `[images, features]`. The features pass two fully
    connected layers (1024 and 512 units) and are appended to the pooled map.

    Args:
        image_shape: (height, width, channels); height and width are 35 or more.
        feature_shape: (n,) or (h, w, c) of the features; None for a discriminator of images alone.
        width: Multiplies the number of channels and units of every layer but the logits.
        seed: Seed of both dropout layers.
        feature_scale: Multiplies the features, to bring them to the scale of images.

    Raises:
        InputError: If the images are too small or the width is not positive.

    Example:
        >>> discriminator = tds.Discriminator((64, 64, 3))
        >>> probability_real = tf.nn.softmax(discriminator(images))[:, 1]
        >>> probability_real.shape
        TensorShape([4])
    """

    arguments = ("image_shape", "feature_shape", "width", "seed", "feature_scale")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        feature_shape: tuple[int, ...] | None = None,
        width: float = 1.0,
        seed: int = 0,
        feature_scale: float = 1.0,
        **kwargs: Any,
    ):
        check_image_shape(image_shape)
        images = keras.Input(image_shape)
        x = keras.layers.GlobalAveragePooling2D()(_convolutions(images, width))
        x = keras.layers.Dropout(0.5, seed=2 * seed)(x)
        inputs = images
        if feature_shape is not None:
            features = keras.Input(feature_shape)
            inputs = [images, features]
            x = keras.layers.Concatenate()([x, _condition(features, feature_scale, width)])
        x = keras.layers.Dropout(0.5, seed=2 * seed + 1)(dense(x, scaled(512, width)))
        logits = keras.layers.Dense(2, dtype="float32", **linear_output_options())(x)
        super().__init__(inputs, logits, **kwargs)
        self.image_shape = tuple(image_shape)
        self.feature_shape = feature_shape and tuple(feature_shape)
        self.width = width
        self.seed = seed
        self.feature_scale = feature_scale


def discriminator_for(generator: keras.Model) -> Discriminator:
    """The discriminator of the paper for the images of a generator.

    Args:
        generator: A built model with one output of images, or a dictionary with `image`.

    Raises:
        InputError: If the size of its images is not known, or too small.
    """
    try:
        shape = generator.output_shape
    except (AttributeError, NotImplementedError, ValueError):
        shape = None
    shape = shape.get("image") if isinstance(shape, dict) else shape
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:]:
        raise InputError(
            "a discriminator is built for images of one size",
            got=f"a generator with output {shape}",
            accepted="a functional generator of images of a known size, or discriminator="
            "tds.Discriminator((height, width, 3))",
        )
    return Discriminator(shape[1:])


def _convolutions(x: keras.KerasTensor, width: float) -> keras.KerasTensor:
    first = LARGE_STRIDE if min(x.shape[1:3]) >= LARGE_SIDE else LAYERS[0][2]
    for number, (channels, kernel, stride) in enumerate(LAYERS, start=1):
        x = convolution(
            x,
            scaled(channels, width),
            kernel,
            strides=stride if number > 1 else first,
            padding="valid",
            name=f"conv{number}",
        )
    return x


def _condition(features: keras.KerasTensor, scale: float, width: float) -> keras.KerasTensor:
    x = keras.layers.Flatten()(keras.layers.Rescaling(scale)(features))
    return dense(dense(x, scaled(1024, width)), scaled(512, width))
