"""Features to images by optimising the image (Mahendran & Vedaldi 2015; Dosovitskiy & Brox 2016,
eq. 8).

The baseline of Table 8 of Dosovitskiy & Brox: no generator is trained, every image is found anew.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.losses import total_variation

METHODS = ("momentum", "lbfgs")

_BATCH = 64
_NOISE = 0.05
"""Standard deviation of the first image around grey."""

Extract = Callable[[tf.Tensor], tf.Tensor]
Progress = Callable[[int, int], Any]
Objective = Callable[..., tuple[tf.Tensor, tf.Tensor]]
Tick = Callable[[int], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """How an image is found.

    Attributes:
        method: One of `METHODS`: gradient descent with momentum, as Mahendran & Vedaldi have it, or
            L-BFGS-B.
        steps: Steps of every image; of L-BFGS-B the most.
        tv_weight: Of `total_variation` beside the relative error of the features.
        jitter: Pixels by which the image is shifted at most, circularly and anew for each step,
            before its features are taken; only of `momentum`.
        seed: Of the first image and of the shifts.
        learning_rate: Root mean square of the first step of a pixel, of a range of 1; falls to 0 as
            a cosine. Only of `momentum`.
        momentum: Share of the former steps that goes on; only of `momentum`.

    Raises:
        InputError: If a setting is out of its range, or L-BFGS-B shall jitter.
    """

    method: str = "momentum"
    steps: int = 300
    tv_weight: float = 300.0
    jitter: int = 0
    seed: int = 0
    learning_rate: float = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError("--method is unknown", got=self.method, accepted=", ".join(METHODS))
        for flag, value, least in (
            ("--opt-steps", self.steps, 1),
            ("--jitter", self.jitter, 0),
            ("--seed", self.seed, 0),
        ):
            if not least <= value < 2**31:
                raise InputError(f"{flag} is out of range", got=value, accepted=f"{least} or more")
        if not 0 <= self.tv_weight < math.inf:
            raise InputError(
                "--tv is out of range", got=self.tv_weight, accepted="0 or more, finite"
            )
        if not 0 < self.learning_rate < math.inf:
            raise InputError(
                "learning_rate is out of range", got=self.learning_rate, accepted="above 0, finite"
            )
        if not 0 <= self.momentum < 1:
            raise InputError(
                "momentum is out of range", got=self.momentum, accepted="at least 0, below 1"
            )
        if self.method == "lbfgs" and self.jitter:
            raise InputError(
                "--method lbfgs needs the same loss at every step",
                got=f"--jitter {self.jitter}",
                accepted="--jitter 0",
            )


def invert_by_optimization(
    extract: Extract,
    features: np.ndarray,
    image_shape: tuple[int, int, int],
    settings: Settings,
    progress: Progress | None = None,
) -> np.ndarray:
    """Find images x that have the features φ: the least ||Φ(x) − φ||² / ||φ||² + tv_weight · TV(x).

    The error is relative, as Mahendran & Vedaldi have it, so that one weight of the prior serves
    all layers. Every image is found for itself, in batches of 64, from noise around grey that is
    drawn by `seed` and its place among `features`; pixels are clipped to [0, 1] after each step.
    Equal seeds give equal images, bit for bit.

    `momentum` divides the gradient of every image by its root mean square: at one learning rate the
    losses of different layers, whose gradients differ by orders of magnitude, and of one image
    early and late, move pixels equally far. The result is the last image.

    Args:
        extract: Φ, images float32 [B, H, W, 3] in [0, 1] to features [B, ...], differentiable with
            respect to images; e.g. a comparator of one layer.
        features: φ, [N, ...], floating point. Where one is all 0, its error is not relative.
        image_shape: H, W and 3.
        settings: Of the optimization.
        progress: Is called with how many steps of images are done, and of how many.

    Returns:
        float32 [N, H, W, 3] in [0, 1].

    Raises:
        InputError: If features are not such, or not of the shape that `extract` gives; if `extract`
            has no gradient; if a loss or an image is not finite.
    """
    features = _checked(features, image_shape)
    objective = _objective(extract, settings.tv_weight)
    momentum = settings.method == "momentum"
    find, size = (_by_momentum, _BATCH) if momentum else (_by_lbfgs, 1)
    found = _first_images(len(features), image_shape, settings.seed)
    for start in range(0, len(features), size):
        part = slice(start, start + size)
        tick = _ticks(progress, start, len(found[part]), len(features), settings.steps)
        found[part] = find(objective, found[part], features[part], settings, tick)
        tick(settings.steps)
    return found


def _ticks(progress: Progress | None, before: int, batch: int, images: int, steps: int) -> Tick:
    """What a batch calls with its number of steps."""

    def tick(done: int) -> None:
        if progress is not None:
            progress(before * steps + batch * done, images * steps)

    return tick


def _checked(features: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim < 2 or not np.issubdtype(features.dtype, np.floating):
        raise InputError(
            "features to invert are a row for each image",
            got=f"{features.dtype} {list(features.shape)}",
            accepted="floating point [images, ...]",
        )
    features = features.astype(np.float32)
    if not np.isfinite(features).all():
        raise InputError(
            "features to invert must be finite",
            got="NaN or infinity",
            accepted="finite numbers only",
        )
    if len(image_shape) != 3 or image_shape[2] != 3 or min(image_shape) < 1:
        raise InputError(
            "features are inverted to colour images",
            got=list(image_shape),
            accepted="[height, width, 3]",
        )
    return features


def _first_images(count: int, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Each of its own generator, whichever others are drawn."""
    images = np.empty((count, *shape), np.float32)
    for number, image in enumerate(images):
        image[...] = np.random.default_rng([seed, number]).normal(0.5, _NOISE, shape)
    return np.clip(images, 0, 1)


def _objective(extract: Extract, tv_weight: float) -> Objective:
    """Loss [B] and its gradient [B, H, W, 3], of images, features and a shift [2]; traced for each
    shape."""

    def value_and_gradient(images: tf.Tensor, features: tf.Tensor, shift: tf.Tensor) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            error = _relative_error(extract(tf.roll(images, shift, (1, 2))), features)
            prior = tv_weight * total_variation(images)
        # Apart from the prior, whose gradient would hide that there is none of the features.
        gradient = tape.gradient(error, images)
        if gradient is None:
            raise InputError(
                "optimization needs features that are differentiable with respect to the image",
                got="no gradient",
                accepted="a network of floating-point images",
            )
        return error + prior, gradient + tape.gradient(prior, images)

    # Without AutoGraph an InputError stays one.
    return tf.function(value_and_gradient, autograph=False)


def _relative_error(found: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """||Φ(x) − φ||² / ||φ||², [B]."""
    if found.shape[1:] != features.shape[1:]:
        raise InputError(
            "features to invert must be those of the network",
            got=f"features of shape {list(features.shape[1:])}",
            accepted=f"{list(found.shape[1:])}",
        )
    axes = tf.range(1, tf.rank(features))
    length = tf.reduce_sum(tf.square(features), axes)
    error = tf.reduce_sum(tf.math.squared_difference(tf.cast(found, tf.float32), features), axes)
    return error / tf.where(length > 0, length, 1.0)


def _by_momentum(
    objective: Objective, images: np.ndarray, features: np.ndarray, settings: Settings, tick: Tick
) -> np.ndarray:
    # The shift of a step is one for all, so that it is the same whatever is in the batch.
    shifts = np.random.default_rng(settings.seed)
    target, velocity = tf.constant(features), np.zeros_like(images)
    for step in range(settings.steps):
        shift = shifts.integers(-settings.jitter, settings.jitter, 2, np.int32, endpoint=True)
        gradient = _evaluate(objective, images, target, shift)[1]
        size = np.sqrt(np.mean(np.square(gradient), axis=(1, 2, 3), keepdims=True))
        velocity = settings.momentum * velocity + gradient / np.where(size > 0, size, 1)
        rate = settings.learning_rate * (1 + math.cos(math.pi * step / settings.steps)) / 2
        images = np.clip(images - np.float32(rate) * velocity, 0, 1)
        tick(step + 1)
    return images


def _by_lbfgs(
    objective: Objective, images: np.ndarray, features: np.ndarray, settings: Settings, tick: Tick
) -> np.ndarray:
    from scipy.optimize import minimize

    target, still = tf.constant(features), np.zeros(2, np.int32)

    def value_and_gradient(pixels: np.ndarray) -> tuple[float, np.ndarray]:
        image = pixels.reshape(images.shape).astype(np.float32)
        loss, gradient = _evaluate(objective, image, target, still)
        return float(loss[0]), gradient.ravel().astype(np.float64)

    steps = itertools.count(1)
    done = minimize(
        value_and_gradient,
        images.ravel().astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        bounds=[(0.0, 1.0)] * images.size,
        callback=lambda _: tick(next(steps)),
        # Only the decrease of the loss ends it: a pixel's share of the gradient is small from the
        # start.
        options={"maxiter": settings.steps, "maxfun": 2**31 - 1, "gtol": 0.0},
    )
    return done.x.reshape(images.shape).astype(np.float32)


def _evaluate(
    objective: Objective, images: np.ndarray, features: tf.Tensor, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    loss, gradient = (
        x.numpy() for x in objective(tf.constant(images), features, tf.constant(shift))
    )
    if not (np.isfinite(loss).all() and np.isfinite(gradient).all()):
        raise InputError(
            "loss and gradient of an inverted image must be finite",
            got="NaN or infinity",
            accepted="a network whose features of images in [0, 1] are finite and smooth",
        )
    return loss, gradient
