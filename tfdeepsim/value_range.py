"""The range of pixel values: images of a loss or metric are checked and scaled to [0, 1]."""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.step_checks import OUT_OF_RANGE

TOLERANCE = 1e-3
"""How far a pixel may lie outside its range, as a part of the range: rounding."""


def check_value_range(value_range: Sequence[float]) -> tuple[float, float]:
    """Check the values of black and white.

    Args:
        value_range: Two finite numbers, the lower first, e.g. (0, 1), (-1, 1) or (0, 255).

    Raises:
        InputError: If it is anything else.
    """
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(
            "value_range is the value of black and the value of white",
            got=repr(value_range),
            accepted="two numbers, the lower first: (0, 1), (-1, 1), (0, 255)",
        )
    return low, high


def image_pair(
    targets: Any, outputs: Any, value_range: tuple[float, float]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Check two batches of colour images, and scale them to [0, 1].

    Values of the targets must lie in the range, those of the outputs must be numbers: a network may
    put out more than white. Values are checked where they are known: eagerly, and in each step of a
    traced function. XLA (`jit_compile=True`) leaves checks out; there, the third result is NaN.

    Args:
        targets: [B, H, W, 3], any dtype.
        outputs: [B, H, W, 3], of the same shape.
        value_range: Values of black and white, as `check_value_range` returns them.

    Returns:
        Targets and outputs, float32 [B, H, W, 3]; and a scalar to add to what is computed from
        them, float32: 0, or NaN if a value is not as it must be.

    Raises:
        InputError: If the shapes are others, or, eagerly, a value is.
        tf.errors.InvalidArgumentError: In a traced function, if a value is.
    """
    targets, outputs = (tf.cast(tf.convert_to_tensor(x), tf.float32) for x in (targets, outputs))
    targets, outputs = _of_one_shape(targets, outputs)
    low, high = value_range
    with tf.control_dependencies(_checks(targets, outputs, low, high)):
        flaw = tf.where(_outside(targets, low, high) | _has_nan(outputs), math.nan, 0.0)
        scale = 1.0 / (high - low)
        return (targets - low) * scale, (outputs - low) * scale, flaw


def _of_one_shape(targets: tf.Tensor, outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Both with all that is known of the shape of either."""
    shape = None
    if targets.shape.is_compatible_with(outputs.shape):
        shape = targets.shape.merge_with(outputs.shape)
    if shape is None or not shape.is_compatible_with((None, None, None, 3)):
        raise InputError(
            "target and output are colour images of one shape",
            got=f"target {_text(targets.shape)}, output {_text(outputs.shape)}",
            accepted="two batches [batch, height, width, 3]",
        )
    shape = shape.merge_with((None, None, None, 3))
    return tf.ensure_shape(targets, shape), tf.ensure_shape(outputs, shape)


def _text(shape: tf.TensorShape) -> str:
    return "of unknown rank" if shape.rank is None else str(shape.as_list())


def _outside(images: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Whether a value lies outside the range; so does NaN."""
    margin = TOLERANCE * (high - low)
    inside = (images >= low - margin) & (images <= high + margin)
    return ~tf.reduce_all(inside)


def _has_nan(images: tf.Tensor) -> tf.Tensor:
    return tf.reduce_any(tf.math.is_nan(images))


def _checks(targets: tf.Tensor, outputs: tf.Tensor, low: float, high: float) -> list[tf.Operation]:
    outside, nan = _outside(targets, low, high), _has_nan(outputs)
    least, most = tf.reduce_min(targets), tf.reduce_max(targets)
    accepted = f"{low:g} to {high:g}, or another value_range"
    numbers = "images of the network must be numbers: got NaN; accepted: finite numbers"
    if not tf.executing_eagerly():
        values = [f"{OUT_OF_RANGE} got", least, "to", most, f"; accepted: {accepted}"]
        asserts = [tf.debugging.Assert(~outside, values), tf.debugging.Assert(~nan, [numbers])]
        return [check for check in asserts if check is not None]
    if outside:
        raise InputError(
            OUT_OF_RANGE.removesuffix(":"),
            got=f"{float(least):.4g} to {float(most):.4g}",
            accepted=accepted,
        )
    if nan:
        raise InputError(
            "images of the network must be numbers", got="NaN", accepted="finite numbers"
        )
    return []
