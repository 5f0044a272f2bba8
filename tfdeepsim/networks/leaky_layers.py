"""The layers of Dosovitskiy & Brox 2016, with leaky ReLUs, and their initial weights."""

import math
from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.networks.upconvolution import UpConvolution

NEGATIVE_SLOPE = 0.3
"""Slope of every leaky ReLU for negative inputs."""

HIDDEN_SCALE = 2 / (1 + NEGATIVE_SLOPE**2)
"""Variance of hidden weights times fan-in, with which leaky ReLUs keep the size of the signal (He
et al. 2015, eq. 15)."""


def check_width(width: float) -> None:
    """Refuse a factor that numbers of channels cannot be multiplied by.

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


def linear_output_options() -> dict[str, Any]:
    """Layer options for an output without activation that is initially about as large as its
    input: latents, logits."""
    return {"kernel_initializer": initializer(1.0)}


def constant_output_options(value: float) -> dict[str, Any]:
    """Layer options for an output without activation that is initially close to `value`: images,
    log-variances."""
    return {
        "kernel_initializer": initializer(0.01),
        "bias_initializer": keras.initializers.Constant(value),
    }


def leaky_relu(x: keras.KerasTensor, slope: float = NEGATIVE_SLOPE) -> keras.KerasTensor:
    return keras.layers.LeakyReLU(slope, dtype=x.dtype)(x)


def dense(x: keras.KerasTensor, units: int) -> keras.KerasTensor:
    """A fully connected layer and a leaky ReLU."""
    return leaky_relu(keras.layers.Dense(units, kernel_initializer=initializer(HIDDEN_SCALE))(x))


def convolution(
    x: keras.KerasTensor,
    channels: int,
    kernel: int,
    slope: float = NEGATIVE_SLOPE,
    **options: Any,
) -> keras.KerasTensor:
    """A convolution and a leaky ReLU.

    Args:
        x: Input [B, H, W, C].
        channels: Number of output channels.
        kernel: Side of the kernel in pixels.
        slope: Slope of the leaky ReLU for negative inputs; 0 makes it a plain ReLU.
        **options: Options of `keras.layers.Conv2D`; by default SAME padding and stride 1.
    """
    options = {"padding": "same", "kernel_initializer": initializer(HIDDEN_SCALE), **options}
    return leaky_relu(keras.layers.Conv2D(channels, kernel, **options)(x), slope)


def up_convolution(x: keras.KerasTensor, channels: int, kernel: int = 4) -> keras.KerasTensor:
    """An up-convolution and a leaky ReLU."""
    # Three of four inputs of the convolution are zeros, hence the factor of 4.
    return leaky_relu(
        UpConvolution(channels, kernel, kernel_initializer=initializer(4 * HIDDEN_SCALE))(x)
    )
