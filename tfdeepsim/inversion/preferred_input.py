"""Preferred inputs: the generated image that activates a unit of a network most."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.generate import generate
from tfdeepsim.pixels import to_bytes

BATCH_SIZE = 16
"""Images in a batch: a gradient keeps all maps between the features and the unit."""
_EPSILON = 1e-12
"""Epsilon of Adam, small because the gradient is spread over a whole map of features."""


@dataclasses.dataclass(frozen=True, eq=False)
class PreferredInput:
    """Results of a search, one row per starting point.

    Attributes:
        images: uint8 [N, H, W, 3], the images that activate the unit most.
        features: float32 [N, ...], the inputs of the generator for these images.
        before: float32 [N], activations of the unit by the images of the starting points.
        activations: float32 [N], activations of the unit by `images`.

    Example:
        >>> result = preferred_input(generator, classifier, 3, features[:8], low, high)
        >>> result.activations - result.before
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
    learning_rate: float = 0.02,
    distance_penalty: float = 0.0,
    start_noise: float = 0.0,
    seed: int = 0,
) -> PreferredInput:
    """Search for features whose generated image activates a unit most, by gradient ascent.

    Features are expressed as fractions of their range between `low` and `high`, and clipped to it
    after each step, because a generator is not trained far from features of real images. Adam
    optimizes each row for itself, and the best step of each row is the result. The comparator sees
    pixels that are clipped to [0, 1]. A generator that takes noise is given zeros.

    Source: Nguyen et al. 2016, *Synthesizing the preferred inputs for neurons in neural networks
    via deep generator networks*, which uses the generators of Dosovitskiy & Brox 2016, §4.3.

    Args:
        generator: Generator as for `TrainedInversion`; it need not invert the comparator.
        comparator: Function from float32 images [B, H, W, 3] in [0, 1] to features [B, n] or
            [B, h, w, c].
        unit: Index of one of the n features, or of one of the c channels of a map, whose activation
            is the mean over positions.
        start: float32 [N, ...], features to start from, e.g. those of real images or their mean;
            clipped to the range.
        low, high: float32 [...], minimum and maximum of each feature over real images.
        steps: Number of steps; 0 returns the images of the starting points.
        learning_rate: Learning rate of Adam, as a fraction of the range.
        distance_penalty: Activation that is subtracted if all features differ from the start by
            their whole range; it grows with the square of the distance. 0 for no penalty.
        start_noise: Standard deviation of Gaussian noise that is added to the start, as a fraction
            of the range, e.g. to get several images from one mean.
        seed: Seed of the noise.

    Raises:
        InputError: If there is no such unit, the range does not fit the starting points, or an
            option is negative.
    """
    _check(
        start,
        low,
        high,
        steps=steps,
        learning_rate=learning_rate,
        distance_penalty=distance_penalty,
        start_noise=start_noise,
    )
    start, low, high = (np.asarray(values, np.float32) for values in (start, low, high))
    span = high - low
    _check_unit(generator, comparator, unit, low)
    fractions = (start - low) / np.where(span > 0, span, 1)
    noise = np.random.default_rng(seed).standard_normal(fractions.shape, np.float32)
    fractions = np.clip(fractions + start_noise * noise, 0, 1).astype(np.float32)
    objective = _objective(generator, comparator, unit, low, span, distance_penalty)
    best = over_batches(
        lambda rows: _ascend(objective, rows, steps, learning_rate),
        fractions,
        batch_size=BATCH_SIZE,
    )
    before, after = (
        np.clip(low + span * x, low, high).astype(np.float32) for x in (fractions, best)
    )
    render = _render(generator, low.shape)
    images_before, images = (
        over_batches(lambda rows: to_bytes(render(rows)), features, batch_size=BATCH_SIZE)
        for features in (before, after)
    )
    activate = _activate(comparator, unit, images.shape[1:])
    activations_before, activations = (
        over_batches(activate, x, batch_size=BATCH_SIZE) for x in (images_before, images)
    )
    return PreferredInput(images, after, activations_before, activations)


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
    outputs = comparator(generate(generator, tf.constant(row[None])))
    if isinstance(outputs, list | tuple):
        raise InputError(
            "a unit is of one layer",
            got=f"{len(outputs)} layers",
            accepted="a comparator of one layer",
        )
    if not 0 <= unit < outputs.shape[-1]:
        raise InputError("there is no such unit", got=unit, accepted=f"0-{outputs.shape[-1] - 1}")


def _activation(features: tf.Tensor, unit: int) -> tf.Tensor:
    """Activation of a unit, float32 [B]: of a map, the mean over positions."""
    values = tf.cast(features[..., unit], tf.float32)
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))


def _objective(
    generator: keras.Model,
    comparator: Callable[[Any], Any],
    unit: int,
    low: np.ndarray,
    span: np.ndarray,
    distance_penalty: float,
) -> Any:
    """The maximized function of fractions and of their starting points: values [B], and gradients
    with respect to the fractions."""
    rows = tf.TensorSpec([None, *low.shape], tf.float32)

    @tf.function(autograph=False, input_signature=[rows, rows])
    def objective(fractions: tf.Tensor, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(fractions)
            activation = _activation(comparator(generate(generator, low + span * fractions)), unit)
        gradient = tape.gradient(activation, fractions)
        if gradient is None:
            raise InputError(
                "a search needs a gradient from the unit to the generator's input",
                got="none",
                accepted="networks that are differentiable",
            )
        difference = fractions - start
        distance = tf.reduce_mean(tf.square(difference), axis=list(range(1, difference.shape.rank)))
        value = activation - distance_penalty * distance
        return value, gradient - 2.0 * distance_penalty / np.prod(low.shape) * difference

    # Traced here: TensorFlow warns if calls for several units trace one after the other.
    objective.get_concrete_function()
    return objective


def _ascend(objective: Any, start: np.ndarray, steps: int, learning_rate: float) -> np.ndarray:
    """The best fractions of each row over all steps.

    Adam scales every number by itself, so that rows do not depend on each other.
    """
    fractions = keras.Variable(start, dtype="float32")
    adam = keras.optimizers.Adam(learning_rate, epsilon=_EPSILON)
    best, highest = start.copy(), np.full(len(start), -np.inf, np.float32)
    for step in range(steps + 1):
        value, gradient = objective(fractions.value, start)
        better = value.numpy() > highest
        best[better], highest[better] = fractions.numpy()[better], value.numpy()[better]
        if step < steps:
            adam.apply([-gradient], [fractions])
            fractions.assign(keras.ops.clip(fractions, 0.0, 1.0))
    return best


def _render(generator: keras.Model, feature_shape: tuple[int, ...]) -> Any:
    """Traced function from features to float images."""

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec([None, *feature_shape], tf.float32)]
    )
    def render(features: tf.Tensor) -> tf.Tensor:
        return generate(generator, features)

    render.get_concrete_function()
    return render


def _activate(comparator: Callable[[Any], Any], unit: int, image_shape: tuple[int, ...]) -> Any:
    """Traced function from uint8 images to activations."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *image_shape], tf.uint8)])
    def activate(images: tf.Tensor) -> tf.Tensor:
        return _activation(comparator(tf.cast(images, tf.float32) / 255.0), unit)

    activate.get_concrete_function()
    return activate
