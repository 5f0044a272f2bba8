"""Inversion by optimization of the image (Mahendran & Vedaldi 2015; Dosovitskiy & Brox 2016, eq.
8).

This is the baseline of Table 8 of Dosovitskiy & Brox 2016: no generator is trained, and each image
is optimized for itself.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.losses import total_variation

_BATCH_SIZE = 64
_INITIAL_DEVIATION = 0.05
"""Standard deviation of the noise around grey that each image starts from."""
_ALPHA = 6
"""The α of the α-norm in Mahendran & Vedaldi 2015."""

Extract = Callable[[tf.Tensor], tf.Tensor]
"""Function from images [B, H, W, 3] to features [B, ...]."""
Objective = Callable[..., tuple[tf.Tensor, tf.Tensor]]
"""Function from images, target features and shift to losses [B] and gradients [B, H, W, 3]."""
Progress = Callable[[int, int], Any]
"""Called with the number of finished steps, summed over images, and the total number."""
BatchProgress = Callable[[int], None]
"""Called with the number of finished steps of the current batch."""


def invert_by_optimization(
    extract: Extract,
    features: np.ndarray,
    image_shape: tuple[int, int, int],
    settings: OptimizationSettings,
    progress: Progress | None = None,
) -> np.ndarray:
    """Find images x with given features φ: minimize ||Φ(x) − φ||² / ||φ||² + tv_weight · TV(x) +
    alpha_norm_weight · A(x).

    TV is the total variation. A is the α-norm ||x − x̄||_α^α with α = 6, where x̄ is the mean over
    all pixels and channels; it keeps pixels from the ends of the range. Mahendran & Vedaldi 2015
    sum both over the numbers of the image, here they are means. The error is relative, as in their
    paper, so that similar weights suit all layers.

    Each image is optimized for itself, in batches of 64, from noise around grey that depends on
    `seed` and on its index. Pixels are clipped to [0, 1] after each step. Equal seeds give equal
    images, bit for bit.

    `momentum` divides the gradient of each image by its root mean square. One learning rate then
    changes pixels equally fast for different layers, whose gradients differ by orders of magnitude,
    and early and late in the optimization. The result is the image after the last step.

    Args:
        extract: Φ, function from float32 images [B, H, W, 3] in [0, 1] to features [B, ...] that is
            differentiable with respect to images, e.g. a comparator of one layer.
        features: φ, floats [N, ...]. The error of features that are all 0 is not relative.
        image_shape: (H, W, 3) of the images.
        settings: Settings of the optimization; `choose_tv_weight` chooses its `tv_weight`.
        progress: Called during the optimization; None for no progress.

    Returns:
        float32 [N, H, W, 3] in [0, 1].

    Raises:
        InputError: If the features have a wrong dtype or shape, if `extract` has no gradient, if
            a loss or an image is not finite, or if the settings have no `tv_weight`.
    """
    features = _checked(features, image_shape)
    if settings.tv_weight is None:
        raise InputError(
            "an optimization needs a weight of the total variation",
            got="none",
            accepted="a number, e.g. the one that choose_tv_weight finds on validation images",
        )
    objective = _objective(extract, settings.tv_weight, settings.alpha_norm_weight)
    is_momentum = settings.method == "momentum"
    optimize, batch_size = (_by_momentum, _BATCH_SIZE) if is_momentum else (_by_lbfgs, 1)
    images = _initial_images(len(features), image_shape, settings.seed)
    for rows in batch_slices(len(features), batch_size):
        report = _batch_progress(progress, rows, len(features), settings.steps)
        images[rows] = optimize(objective, images[rows], features[rows], settings, report)
        report(settings.steps)
    return images


def _batch_progress(
    progress: Progress | None, rows: slice, images: int, steps: int
) -> BatchProgress:
    """The progress function of the batch `rows` of `images` images."""

    def report(finished: int) -> None:
        if progress is not None:
            progress(rows.start * steps + (rows.stop - rows.start) * finished, images * steps)

    return report


def _checked(features: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The features as float32."""
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


def _initial_images(count: int, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Noise around grey; that of an image depends on `seed` and its index alone."""
    images = np.empty((count, *shape), np.float32)
    for number, image in enumerate(images):
        generator = np.random.default_rng([seed, number])
        image[...] = generator.normal(0.5, _INITIAL_DEVIATION, shape)
    return np.clip(images, 0, 1)


def alpha_norm(images: tf.Tensor) -> tf.Tensor:
    """The α-norm ||x − x̄||_α^α of Mahendran & Vedaldi 2015 with α = 6, where x̄ is the mean of the
    image x. They sum over the numbers of the image, this function averages.

    Args:
        images: float32 [B, H, W, C].

    Returns:
        float32 [B], at least 0; 1/64 for an image that is half black and half white.
    """
    axes = (1, 2, 3)
    centred = images - tf.reduce_mean(images, axes, keepdims=True)
    return tf.reduce_mean(tf.pow(centred, _ALPHA), axes)


def _objective(extract: Extract, tv_weight: float, alpha_norm_weight: float = 0.0) -> Objective:
    """The loss [B] of images, target features and a shift [2], with its gradient [B, H, W, 3].

    It is traced once per shape.
    """

    def value_and_gradient(images: tf.Tensor, features: tf.Tensor, shift: tf.Tensor) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            error = _relative_error(extract(tf.roll(images, shift, (1, 2))), features)
            prior = tv_weight * total_variation(images)
            if alpha_norm_weight:
                prior += alpha_norm_weight * alpha_norm(images)
        # Taken separately: the gradient of the prior would hide that the features have none.
        gradient = tape.gradient(error, images)
        if gradient is None:
            raise InputError(
                "optimization needs features that are differentiable with respect to the image",
                got="no gradient",
                accepted="a network of floating-point images",
            )
        return error + prior, gradient + tape.gradient(prior, images)

    # AutoGraph would replace an InputError by an error of its own.
    return tf.function(value_and_gradient, autograph=False)


def _relative_error(image_features: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
    """||Φ(x) − φ||² / ||φ||², [B]."""
    if image_features.shape[1:] != features.shape[1:]:
        raise InputError(
            "features to invert must be those of the network",
            got=f"features of shape {list(features.shape[1:])}",
            accepted=f"{list(image_features.shape[1:])}",
        )
    axes = tf.range(1, tf.rank(features))
    squared_norm = tf.reduce_sum(tf.square(features), axes)
    difference = tf.math.squared_difference(tf.cast(image_features, tf.float32), features)
    return tf.reduce_sum(difference, axes) / tf.where(squared_norm > 0, squared_norm, 1.0)


def _by_momentum(
    objective: Objective,
    images: np.ndarray,
    features: np.ndarray,
    settings: OptimizationSettings,
    report: BatchProgress,
) -> np.ndarray:
    # All images of a step have the same shift, so that it does not depend on the batch.
    shifts = np.random.default_rng(settings.seed)
    target, velocity = tf.constant(features), np.zeros_like(images)
    for step in range(settings.steps):
        shift = shifts.integers(-settings.jitter, settings.jitter, 2, np.int32, endpoint=True)
        gradient = _evaluate(objective, images, target, shift)[1]
        size = np.sqrt(np.mean(np.square(gradient), axis=(1, 2, 3), keepdims=True))
        velocity = settings.momentum * velocity + gradient / np.where(size > 0, size, 1)
        rate = settings.learning_rate * (1 + math.cos(math.pi * step / settings.steps)) / 2
        images = np.clip(images - np.float32(rate) * velocity, 0, 1)
        report(step + 1)
    return images


def _by_lbfgs(
    objective: Objective,
    images: np.ndarray,
    features: np.ndarray,
    settings: OptimizationSettings,
    report: BatchProgress,
) -> np.ndarray:
    """L-BFGS-B for a batch of one image."""
    target, no_shift = tf.constant(features), np.zeros(2, np.int32)

    def value_and_gradient(pixels: np.ndarray) -> tuple[float, np.ndarray]:
        image = pixels.reshape(images.shape).astype(np.float32)
        loss, gradient = _evaluate(objective, image, target, no_shift)
        return float(loss[0]), gradient.ravel().astype(np.float64)

    steps = itertools.count(1)
    result = scipy.optimize.minimize(
        value_and_gradient,
        images.ravel().astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        bounds=[(0.0, 1.0)] * images.size,
        callback=lambda _: report(next(steps)),
        # Without `gtol`, as the gradient of a single pixel is small from the start: the
        # optimization ends when the loss stops decreasing.
        options={"maxiter": settings.steps, "maxfun": 2**31 - 1, "gtol": 0.0},
    )
    return result.x.reshape(images.shape).astype(np.float32)


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
