"""Generator that inverts features, and decoder of the VAE: Dosovitskiy & Brox 2016, Table 5."""

import math
from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.leaky_layers import convolution, dense, scaled, start_near, up_convolution
from tfdeepsim.networks.upconvolution import UpConvolution

STAGES = ((256, 512), (256, 256), (128, 128), (64,), (32,))
"""Channels of an up-convolution (kernel 4) and of the convolution (kernel 3) that may follow it."""
START_CHANNELS = 256
FULLY_CONNECTED = 4096
START_SIDE = 4
"""Of the map that a vector becomes."""
CONVOLUTIONS = 3
"""On a map of features, in place of the fully connected layers."""


def plan(input_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """How often the first map is doubled, and how many convolutions of a map of features do not
    pad.

    The map is doubled until it covers the image: a vector's 4x4 map, or the map of features. A map
    of one position is a vector: convolutions would see eight parts of padding to one of features.
    As many of the three convolutions on features, each of which takes 2 positions a side off, do
    not pad as leave the image covered: pool5 of 227 pixels goes from 6x6 to the 4x4 of Table 5, and
    is doubled six times.

    Raises:
        InputError: If the input is neither vector nor map, or the map is not smaller than the
            image.
    """
    if len(input_shape) not in (1, 3):
        raise InputError(
            "shape of the features cannot be inverted",
            got=input_shape,
            accepted="(n,) or (h, w, c)",
        )
    vector = is_vector(input_shape)
    sides = (START_SIDE, START_SIDE) if vector else input_shape[:2]
    pairs = list(zip(sides, image_shape[:2], strict=True))
    if not vector and any(side >= wanted for side, wanted in pairs):
        raise InputError(
            "a map of features that is inverted must be smaller than the image",
            got=f"{sides[0]}x{sides[1]} for {image_shape[0]}x{image_shape[1]} pixels",
            accepted=f"at most {image_shape[0] - 1}x{image_shape[1] - 1}",
        )
    # The least n with 2^n at or above the ratio; the image itself comes from an up-convolution.
    doublings = max(1, *((math.ceil(wanted / side) - 1).bit_length() for side, wanted in pairs))
    if vector:
        return doublings, 0
    spare = min(side - math.ceil(wanted / 2**doublings) for side, wanted in pairs)
    return doublings, min(CONVOLUTIONS, spare // 2)


def is_vector(input_shape: tuple[int, ...]) -> bool:
    """Whether features have no positions, or one."""
    return math.prod(input_shape[:-1]) == 1


class UpConvGenerator(keras.Model):
    """Three fully connected layers of 4096, a 4x4x256 map, then up-convolutions to the image.

    Maps vectors [B, n] or maps [B, h, w, c] to float32 images [B, H, W, C]. The output is linear:
    trained images lie in [0, 1] up to the error. It starts near the constant 0.5. For a map three
    convolutions of 256 channels (kernel 3) stand in place of the fully connected layers, as for
    conv5 in Sec. 4.3; see `plan` for the sizes.

    At 227 pixels six up-convolutions give 256x256, and the centre is kept. Smaller images leave out
    the thin stages before the last up-convolution, which always gives the image; larger ones repeat
    the thinnest.

    Args:
        input_shape: (n,) or (h, w, c).
        image_shape: (height, width, channels).
        width: Factor of all channels and units but the image's channels.

    Raises:
        InputError: If the input does not fit the image, or the width is not positive.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...] = (4096,),
        image_shape: tuple[int, int, int] = (227, 227, 3),
        width: float = 1.0,
        **kwargs: Any,
    ):
        doublings, unpadded = plan(input_shape, image_shape)
        features = keras.Input(input_shape)
        x = (
            _from_vector(features, width)
            if is_vector(input_shape)
            else _from_map(features, unpadded, width)
        )
        for stage in range(doublings - 1):
            up, *after = STAGES[min(stage, len(STAGES) - 1)]
            x = up_convolution(x, scaled(up, width))
            for channels in after:
                x = convolution(x, scaled(channels, width), 3)
        x = UpConvolution(image_shape[2], 4, dtype="float32", **start_near(0.5))(x)
        outside = [
            _halves(side - wanted) for side, wanted in zip(x.shape[1:3], image_shape, strict=False)
        ]
        super().__init__(features, keras.layers.Cropping2D(outside, dtype="float32")(x), **kwargs)
        self.image_shape = tuple(image_shape)
        self.width = width

    def get_config(self) -> dict[str, Any]:
        return {
            # Keras keeps the constructor's argument, with the batch before it.
            "input_shape": self.input_shape[1:],
            "image_shape": self.image_shape,
            "width": self.width,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "UpConvGenerator":
        return cls(**config)


def _from_vector(x: keras.KerasTensor, width: float) -> keras.KerasTensor:
    x = keras.layers.Flatten()(x)
    shape = (START_SIDE, START_SIDE, scaled(START_CHANNELS, width))
    for units in (scaled(FULLY_CONNECTED, width), scaled(FULLY_CONNECTED, width), math.prod(shape)):
        x = dense(x, units)
    return keras.layers.Reshape(shape)(x)


def _from_map(x: keras.KerasTensor, unpadded: int, width: float) -> keras.KerasTensor:
    for index in range(CONVOLUTIONS):
        padding = "valid" if index >= CONVOLUTIONS - unpadded else "same"
        x = convolution(x, scaled(START_CHANNELS, width), 3, padding=padding)
    return x


def _halves(number: int) -> tuple[int, int]:
    return number // 2, number - number // 2
