"""All measures of how close generated images are to their targets."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.frechet import frechet_distance
from tfdeepsim.fidelity.gradients import compare_gradients
from tfdeepsim.fidelity.images import BATCH, as_floats, check_pairs
from tfdeepsim.fidelity.kernel import kernel_distance
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.fidelity.structural_similarity import structural_similarity

SUBSET_SIZE = 1000
"""Largest number of images in a subset of KID."""


@dataclasses.dataclass(frozen=True)
class Fidelity:
    """How close generated images are to their targets.

    FID, KID and the feature error are computed from the features of some extractor. They can be
    compared with published numbers only if that is the published Inception network; otherwise only
    numbers of the same extractor, targets and image size can be compared.

    Attributes:
        normalized_error: Error of pixels relative to that of a random test image (Dosovitskiy &
            Brox 2016, §4).
        feature_error: The same for features.
        ssim: Mean structural similarity, at most 1.
        fid: Fréchet distance of features; too high for few images.
        kid: Kernel distance of features, mean over subsets; can be negative.
        kid_deviation: Standard deviation of the kernel distance over subsets.
        gradient_ratio: Mean gradient magnitude divided by that of the targets: blurry images are
            below 1, noisy ones above.
        gradient_distance: Wasserstein distance of the distributions of gradient magnitudes, for
            brightness from 0 to 1.

    Example:
        >>> fidelity = measure(targets, outputs, extractor)
        >>> fidelity.ssim
        0.71
    """

    normalized_error: float
    feature_error: float
    ssim: float
    fid: float
    kid: float
    kid_deviation: float
    gradient_ratio: float
    gradient_distance: float


def measure(targets: Any, outputs: Any, extractor: Callable[[np.ndarray], Any]) -> Fidelity:
    """Compare generated images with their targets.

    KID is computed over 50 subsets of 1000 images, or of half the images if there are fewer than
    2000. For FID and KID, features with positions are averaged over the positions; the feature
    error compares them as they are. The features of all images are held in memory.

    Args:
        targets: [N, H, W, 3], uint8 or floating point in [0, 1]; N is 4 or more, height and width
            are 11 or more.
        outputs: [N, H, W, 3], uint8 or floating point in [0, 1]; row i was generated for target i.
        extractor: Function of float32 images [B, H, W, 3] in [0, 1] that returns features
            [B, ..., D], e.g. a comparator of one layer. State which one it was with the numbers.

    Raises:
        InputError: If the images are not such images, the targets are all equal or have no
            gradients, or the features are of several layers, equal for all targets, or not finite.
    """
    targets, outputs = check_pairs(targets, outputs)
    if len(targets) < 4:
        raise InputError(
            "fidelity is measured over many images", got=len(targets), accepted="4 or more"
        )
    real, generated = features_of(targets, extractor), features_of(outputs, extractor)
    pooled = _pooled(generated), _pooled(real)
    kid, deviation = kernel_distance(*pooled, subset_size=min(SUBSET_SIZE, len(targets) // 2))
    ratio, distance = compare_gradients(outputs, targets)
    return Fidelity(
        normalized_error=normalized_error(_one_unit(outputs, targets), _one_unit(targets, outputs)),
        feature_error=normalized_error(generated, real),
        ssim=structural_similarity(outputs, targets),
        fid=frechet_distance(*pooled),
        kid=kid,
        kid_deviation=deviation,
        gradient_ratio=ratio,
        gradient_distance=distance,
    )


def features_of(images: np.ndarray, extractor: Callable[[np.ndarray], Any]) -> np.ndarray:
    """Compute the features of all images in batches.

    Args:
        images: [N, H, W, 3], uint8 or floating point in [0, 1].
        extractor: As for `measure`.

    Returns:
        float32 [N, ..., D].

    Raises:
        InputError: If the extractor does not return one array with a row for each image.
    """
    return over_batches(
        lambda batch: _checked_features(extractor(as_floats(batch)), len(batch)),
        images,
        batch_size=BATCH,
    )


def _checked_features(features: Any, count: int) -> np.ndarray:
    several = isinstance(features, list | tuple)
    if several or np.ndim(features) < 2 or len(features) != count:
        shape = f"shape {list(np.shape(features))} for {count} images"
        raise InputError(
            "an extractor returns features of one layer",
            got=f"{len(features)} arrays" if several else shape,
            accepted=f"one array [{count}, ..., channels]",
        )
    return np.asarray(features, np.float32)


def _pooled(features: np.ndarray) -> np.ndarray:
    """Mean over positions, float64 [N, D]."""
    return features.reshape(len(features), -1, features.shape[-1]).mean(axis=1, dtype=np.float64)


def _one_unit(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """`images` as floats, if only one of both sets is uint8."""
    same = (images.dtype == np.uint8) == (others.dtype == np.uint8)
    return images if same else as_floats(images)
