"""Generator that inverts features, and decoder of the VAE: Dosovitskiy & Brox 2016, Table 5."""

import math
from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.leaky_layers import (
    constant_output_options,
    convolution,
    dense,
    scaled,
    up_convolution,
)
from tfdeepsim.networks.upconvolution import UpConvolution

STAGES = ((256, 512), (256, 256), (128, 128), (64,), (32,))
"""Channels of an up-convolution (kernel 4) and of the convolution (kernel 3) that may follow it."""
START_CHANNELS = 256
FULLY_CONNECTED = 4096
START_SIDE = 4
"""Height and width of the map that a vector is reshaped to."""
CONVOLUTIONS = 3
"""Convolutions on a map of features, which replace the fully connected layers."""


def plan(input_shape: tuple[int, ...], image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Number of up-convolutions, and number of first convolutions without padding.

    Each up-convolution doubles the first map (4x4 for a vector, else the map of features) until it
    covers the image. A map with a single position is treated as a vector, since convolutions would
    see eight parts of padding to one of features.

    Each of the three convolutions on a map of features shrinks it by 2 positions a side if it does
    not pad. As many of them are unpadded as possible while the result still covers the image: pool5
    of 227 pixels goes from 6x6 to the 4x4 of Table 5 and is doubled six times.

    Args:
        input_shape: (n,) or (h, w, c) of the features.
        image_shape: (height, width, channels) of the image.

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
    if not vector and any(side >= image_side for side, image_side in pairs):
        raise InputError(
            "a map of features that is inverted must be smaller than the image",
            got=f"{sides[0]}x{sides[1]} for {image_shape[0]}x{image_shape[1]} pixels",
            accepted=f"at most {image_shape[0] - 1}x{image_shape[1] - 1}",
        )
    # The least n with 2^n at or above the ratio, but at least one: the last up-convolution returns
    # the image.
    ratios = [math.ceil(image_side / side) for side, image_side in pairs]
    doublings = max(1, *((ratio - 1).bit_length() for ratio in ratios))
    if vector:
        return doublings, 0
    spare = min(side - math.ceil(image_side / 2**doublings) for side, image_side in pairs)
    return doublings, min(CONVOLUTIONS, spare // 2)


def is_vector(input_shape: tuple[int, ...]) -> bool:
    """Whether features have no positions, or a single one."""
    return math.prod(input_shape[:-1]) == 1


@keras.saving.register_keras_serializable("tfdeepsim")
class UpConvGenerator(FunctionalNetwork):
    """Three fully connected layers of 4096 units, a 4x4x256 map, then up-convolutions to the image.

    Maps vectors [B, n] or maps [B, h, w, c] to float32 images [B, H, W, C]. The last layer has no
    activation, so trained images lie in [0, 1] only up to the error. A new network returns nearly
    constant images of 0.5. For a map, three convolutions of 256 channels (kernel 3) replace the
    fully connected layers, as for conv5 in Sec. 4.3; see `plan` for the sizes.

    For 227 pixels, six up-convolutions give 256x256, whose centre is cropped. Smaller images leave
    out the stages with few channels before the last up-convolution, which always returns the image;
    larger images repeat the stage with the fewest channels.

    Args:
        input_shape: (n,) or (h, w, c) of the features.
        image_shape: (height, width, channels).
        width: Multiplies the number of channels and units of every layer but the last.

    Raises:
        InputError: If the input does not fit the image, or the width is not positive.

    Example:
        >>> generator = tds.UpConvGenerator((32,), (64, 64, 3), width=0.1)
        >>> generator(tf.zeros((4, 32))).shape
        TensorShape([4, 64, 64, 3])
    """

    arguments = ("image_shape", "width")

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
        x = UpConvolution(image_shape[2], 4, dtype="float32", **constant_output_options(0.5))(x)
        margins = [_halves(side - image_shape[axis]) for axis, side in enumerate(x.shape[1:3])]
        super().__init__(features, keras.layers.Cropping2D(margins, dtype="float32")(x), **kwargs)
        self.image_shape = tuple(image_shape)
        self.width = width

    def get_config(self) -> dict[str, Any]:
        # Keras' property of the same name starts with the batch size.
        return {"input_shape": self.input_shape[1:], **super().get_config()}


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
