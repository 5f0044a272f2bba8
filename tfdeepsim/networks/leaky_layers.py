"""The layers of Dosovitskiy & Brox 2016: every hidden one ends in a leaky ReLU; and how they
start."""

import math
from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.upconvolution import UpConvolution

NEGATIVE_SLOPE = 0.3
"""Of every leaky ReLU."""

HIDDEN_SCALE = 2 / (1 + NEGATIVE_SLOPE**2)
"""He et al. 2015, eq. (15): with weights of this variance over fan-in, leaky ReLUs keep the
signal's size."""


def check_width(width: float) -> None:
    """Refuse what cannot multiply the number of channels.

    Raises:
        InputError: If it is not a positive, finite number.
    """
    if not (math.isfinite(width) and width > 0):
        raise InputError(
            "width of a network must be positive", got=width, accepted="e.g. 1, 0.5, 0.25"
        )


def scaled(number: int, width: float) -> int:
    """`number` of channels or units times `width`, rounded, at least 1."""
    check_width(width)
    return max(1, round(number * width))


def initializer(scale: float) -> keras.Initializer:
    """Truncated normal weights of variance `scale` over fan-in."""
    return keras.initializers.VarianceScaling(scale, mode="fan_in", distribution="truncated_normal")


def start_linear() -> dict[str, Any]:
    """Options of a linear output that starts about as large as its input: latents, logits."""
    return {"kernel_initializer": initializer(1.0)}


def start_near(value: float) -> dict[str, Any]:
    """Options of a linear output that starts near the constant `value`: images, log-variances."""
    return {
        "kernel_initializer": initializer(0.01),
        "bias_initializer": keras.initializers.Constant(value),
    }


def leaky_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.LeakyReLU(NEGATIVE_SLOPE, dtype=x.dtype)(x)


def dense(x: keras.KerasTensor, units: int) -> keras.KerasTensor:
    """Fully connected layer and leaky ReLU."""
    return leaky_relu(keras.layers.Dense(units, kernel_initializer=initializer(HIDDEN_SCALE))(x))


def convolution(
    x: keras.KerasTensor, channels: int, kernel: int, **options: Any
) -> keras.KerasTensor:
    """Convolution (SAME, stride 1, unless `options` of Keras' layer say otherwise) and leaky
    ReLU."""
    options = {"padding": "same", "kernel_initializer": initializer(HIDDEN_SCALE), **options}
    return leaky_relu(keras.layers.Conv2D(channels, kernel, **options)(x))


def up_convolution(x: keras.KerasTensor, channels: int, kernel: int = 4) -> keras.KerasTensor:
    """Up-convolution and leaky ReLU."""
    # Three of four inputs of the convolution are zeros.
    return leaky_relu(
        UpConvolution(channels, kernel, kernel_initializer=initializer(4 * HIDDEN_SCALE))(x)
    )
