"""The image that a unit of a network likes best, among those that a generator makes."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.inversion.generate import as_bytes, generate

BATCH_SIZE = 16
"""Rows at a time; a gradient keeps all maps on the way to it."""
_EPSILON = 1e-12  # Adam's; a unit's gradient over a whole map of features is small


@dataclasses.dataclass(frozen=True, eq=False)
class PreferredInput:
    """What was found, one row for each start.

    Attributes:
        images: uint8 [N, H, W, 3].
        features: float32 [N, ...], the generator's inputs that gave them.
        before: float32 [N]: activations of the unit by the images of the starts, as bytes.
        activations: float32 [N]: those by `images`.
    """

    images: np.ndarray
    features: np.ndarray
    before: np.ndarray
    activations: np.ndarray


def preferred_input(
    generator: keras.Model,
    comparator: Callable[[Any], Any],
    unit: int,
    start: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    steps: int = 200,
    rate: float = 0.02,
    pull: float = 0.0,
    scatter: float = 0.0,
    seed: int = 0,
) -> PreferredInput:
    """Search for features whose image activates a unit most, by gradient ascent.

    The search is by Adam, in shares of the range of each feature, and is clipped to that range at
    each step: far from features of real images a generator was not trained. The best step of each
    row is kept. Pixels are clipped to [0, 1] before the comparator sees them. A generator that
    takes noise gets zeros.

    After Nguyen et al. 2016, *Synthesizing the preferred inputs for neurons in neural networks via
    deep generator networks*, whose generators are those of Dosovitskiy & Brox 2016, §4.3.

    Args:
        generator: As for `Inversion`; need not invert the comparator.
        comparator: Maps float32 images [B, H, W, 3] in [0, 1] to features [B, n] or [B, h, w, c].
        unit: Which of the n; of a map one of the c channels, whose activation is its mean over
            positions.
        start: float32 [N, ...], features to start from, e.g. those of real images or their mean;
            clipped.
        low, high: float32, of the shape of one start: the least and the greatest of each feature
            over real images.
        steps: Of the ascent; 0 gives the images of the starts.
        rate: Of Adam, as a share of the range.
        pull: Activation that is given up for a distance of a whole range of every feature to the
            start; it grows with the square of the distance. 0 for a free search.
        scatter: Starts are first moved by so much of the range, up or down by N(0, 1), e.g. for
            several images from one mean.
        seed: Of the scatter.

    Raises:
        InputError: If there is no such unit, the range does not fit the starts, or an option is
            below 0.
    """
    _check(start, low, high, steps=steps, rate=rate, pull=pull, scatter=scatter)
    start, low, high = (np.asarray(values, np.float32) for values in (start, low, high))
    span = high - low
    _check_unit(generator, comparator, unit, low)
    share = (start - low) / np.where(span > 0, span, 1)
    share += scatter * np.random.default_rng(seed).standard_normal(share.shape, np.float32)
    share = np.clip(share, 0, 1).astype(np.float32)
    climb = _objective(generator, comparator, unit, low, span, pull)
    ends = np.concatenate([_ascend(climb, rows, steps, rate) for rows in _blocks(share)])
    before, after = (np.clip(low + span * x, low, high).astype(np.float32) for x in (share, ends))
    show = _shown(generator, comparator, unit, low.shape)
    (_, started), (images, reached) = (_all(show, features) for features in (before, after))
    return PreferredInput(images, after, started, reached)


def _check(start: np.ndarray, low: np.ndarray, high: np.ndarray, **options: float) -> None:
    shapes = [np.shape(values) for values in (low, high)]
    if (
        not len(start)
        or shapes != [np.shape(start)[1:]] * 2
        or not np.all(np.less_equal(low, high))
    ):
        raise InputError(
            "the range of features must be that of one start",
            got=f"low {list(shapes[0])}, high {list(shapes[1])} for starts {list(np.shape(start))}",
            accepted="low and high as one row of the starts, low at most high, one start or more",
        )
    for name, value in options.items():
        if not 0 <= value < np.inf:
            raise InputError(f"{name} must not be negative", got=value, accepted="0 or more")


def _check_unit(
    generator: keras.Model, comparator: Callable[[Any], Any], unit: int, row: np.ndarray
) -> None:
    found = comparator(generate(generator, tf.constant(row[None])))
    if isinstance(found, list | tuple):
        raise InputError(
            "a unit is of one layer",
            got=f"{len(found)} layers",
            accepted="a comparator of one layer",
        )
    if not 0 <= unit < found.shape[-1]:
        raise InputError("there is no such unit", got=unit, accepted=f"0-{found.shape[-1] - 1}")


def _activation(features: tf.Tensor, unit: int) -> tf.Tensor:
    """float32 [B]: mean over positions, if there are any."""
    found = tf.cast(features[..., unit], tf.float32)
    return tf.reduce_mean(found, axis=list(range(1, found.shape.rank)))


def _objective(
    generator: keras.Model,
    comparator: Callable[[Any], Any],
    unit: int,
    low: np.ndarray,
    span: np.ndarray,
    pull: float,
) -> Any:
    """Of positions in the range and of their starts: values [B], and gradients of these at the
    positions."""
    rows = tf.TensorSpec([None, *low.shape], tf.float32)

    @tf.function(autograph=False, input_signature=[rows, rows])
    def climb(position: tf.Tensor, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(position)
            reached = _activation(comparator(generate(generator, low + span * position)), unit)
        gradient = tape.gradient(reached, position)
        if gradient is None:
            raise InputError(
                "a search needs a gradient from the unit to the generator's input",
                got="none",
                accepted="networks that are differentiable",
            )
        away = position - start
        value = reached - pull * tf.reduce_mean(
            tf.square(away), axis=list(range(1, away.shape.rank))
        )
        return value, gradient - 2.0 * pull / np.prod(low.shape) * away

    climb.get_concrete_function()  # here, as tracing in calls for many units gives warnings
    return climb


def _ascend(climb: Any, start: np.ndarray, steps: int, rate: float) -> np.ndarray:
    """The best positions on the way, each row for itself: Adam's steps of one do not depend on
    another."""
    position = keras.Variable(start, dtype="float32")
    adam = keras.optimizers.Adam(rate, epsilon=_EPSILON)
    best, highest = start.copy(), np.full(len(start), -np.inf, np.float32)
    for step in range(steps + 1):
        value, gradient = climb(position.value, start)
        better = value.numpy() > highest
        best[better], highest[better] = position.numpy()[better], value.numpy()[better]
        if step < steps:
            adam.apply([-gradient], [position])
            position.assign(keras.ops.clip(position, 0.0, 1.0))
    return best


def _shown(
    generator: keras.Model, comparator: Callable[[Any], Any], unit: int, shape: tuple[int, ...]
) -> Any:
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *shape], tf.float32)])
    def show(features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = as_bytes(generate(generator, features))
        return images, _activation(comparator(tf.cast(images, tf.float32) / 255.0), unit)

    show.get_concrete_function()
    return show


def _all(show: Any, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images, activations = zip(*(show(rows) for rows in _blocks(features)), strict=True)
    return np.concatenate(images), np.concatenate(activations)


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE))
