"""Checks of the values of a training step, which hold however the step is compiled."""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

OUT_OF_RANGE = "images out of range:"
"""First words of the error that stops a step on images outside the comparator's input range."""
_RANGE = "range"


class StepError(tf.errors.InvalidArgumentError):
    """What TensorFlow's own checks raise, found after the step.

    Attributes:
        step: Number of the step, from 1 on.
    """

    def __init__(self, message: str, step: int):
        super().__init__(None, None, message)
        self.step = step


class StepChecks:
    """Checks loss terms for NaN and infinity, and images for their range.

    TensorFlow's own checks stop a step at once, but XLA leaves them out of what it compiles. There,
    variables keep the number of the first step that fails a check, and `raise_first` tells of it.

    Args:
        terms: Names of the loss terms that are checked.
        iterations: Variable that counts the steps that are done; needed if XLA compiles them.
        compiled: Whether XLA compiles the step.

    Example:
        >>> checks = StepChecks(["feature", "image"], optimizer.iterations, compiled=True)
        >>> error = checks.finite(error, "feature")
        >>> checks.raise_first()
    """

    def __init__(self, terms: Iterable[str] = (), iterations: Any = None, compiled: bool = False):
        self._iterations = iterations
        self._steps = {}
        if compiled:
            # Images out of range make terms of the same step NaN.
            self._steps = {name: tf.Variable(0, dtype=tf.int64) for name in (_RANGE, *terms)}
            self._extremes = tf.Variable([0.0, 0.0])

    def finite(self, value: tf.Tensor, term: str) -> tf.Tensor:
        """Return `value` unchanged, after checking that all its numbers are finite.

        Raises:
            tf.errors.InvalidArgumentError: If one is not, in a step that XLA does not compile.
        """
        if not self._steps:
            return tf.debugging.check_numerics(value, f"loss term '{term}'")
        self._note(term, ~tf.reduce_all(tf.math.is_finite(value)))
        return value

    def in_range(self, images: tf.Tensor, low: float, high: float) -> tf.Tensor:
        """Return `images` unchanged, after checking that all pixels lie in [low, high], up to
        rounding.

        Raises:
            tf.errors.InvalidArgumentError: If one does not, in a step that XLA does not compile;
                the message begins with `OUT_OF_RANGE`.
        """
        least, most = tf.reduce_min(images), tf.reduce_max(images)
        # NaN passes: the check of the loss terms finds it and names the term.
        outside = (least < low - 1e-3) | (most > high + 1e-3)
        if not self._steps:
            check = tf.debugging.Assert(~outside, [OUT_OF_RANGE, least, "to", most])
            with tf.control_dependencies([check] if check is not None else []):
                return tf.identity(images)
        is_first = self._note(_RANGE, outside)
        extremes = tf.cast(tf.stack([least, most]), tf.float32)
        self._extremes.assign(tf.where(is_first, extremes, self._extremes))
        return images

    def _note(self, name: str, failed: tf.Tensor) -> tf.Tensor:
        """Keep the number of a step that failed a check; whether it is the first one."""
        first = self._steps[name]
        is_first = failed & (first == 0)
        step = tf.cast(tf.convert_to_tensor(self._iterations), tf.int64) + 1
        first.assign(tf.where(is_first, step, first))
        return is_first

    def raise_first(self) -> None:
        """Tell of the first check that failed in a step that XLA compiled, and forget it.

        Raises:
            StepError: If one failed.
        """
        failed = {name: step for name, first in self._steps.items() if (step := int(first.numpy()))}
        if not failed:
            return
        name = min(failed, key=lambda name: failed[name])
        for first in self._steps.values():
            first.assign(0)
        if name == _RANGE:
            least, most = self._extremes.numpy()
            raise StepError(f"{OUT_OF_RANGE} {least:g} to {most:g}", failed[name])
        raise StepError(f"loss term '{name}' is NaN or infinite", failed[name])
