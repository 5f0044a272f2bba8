"""Scores of reconstructions from features: Table 8 of Dosovitskiy & Brox 2016."""

import dataclasses
from collections.abc import Callable

import numpy as np

from tfdeepsim.fidelity.gradients import gradient_ratio
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.fidelity.structural_similarity import structural_similarity


@dataclasses.dataclass(frozen=True)
class InversionScore:
    """Scores of one method that inverts one layer, over test images.

    Attributes:
        features: The inverted network and layer, e.g. `alexnet:relu6`.
        method: Name of the method.
        seed: Seed of the method.
        images: Number of test images.
        image_error: Normalized Euclidean error of the images, as a fraction: 1 is the error of a
            random test image.
        feature_error: The same error of the features of the reconstructions.
        ssim: Mean structural similarity, at most 1.
        gradient_ratio: Mean gradient magnitude, divided by that of the test images: blurred images
            are below 1, noisy ones above.

    Example:
        >>> score = score_inversion(targets, inversion.reconstruct(targets), inversion.features,
        ...                         inverted="alexnet:relu6", method="DeePSiM")
    """

    features: str
    method: str
    seed: int
    images: int
    image_error: float
    feature_error: float
    ssim: float
    gradient_ratio: float


def score_inversion(
    targets: np.ndarray,
    reconstructions: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    *,
    inverted: str,
    method: str,
    seed: int = 0,
) -> InversionScore:
    """Compare reconstructions with the images whose features were inverted.

    Args:
        targets: uint8 [N, H, W, 3], all test images: their mean distance is the unit of the errors.
        reconstructions: uint8 [N, H, W, 3], in the same order.
        features: Function from uint8 images to features, as `TrainedInversion.features`.
        inverted: Name of the inverted network and layer.
        method: Name of the method.
        seed: Seed of the method.

    Raises:
        InputError: As `normalized_error`.
    """
    return InversionScore(
        features=inverted,
        method=method,
        seed=seed,
        images=len(targets),
        image_error=normalized_error(reconstructions, targets),
        feature_error=normalized_error(features(reconstructions), features(targets)),
        ssim=structural_similarity(reconstructions, targets),
        gradient_ratio=gradient_ratio(reconstructions, targets),
    )
