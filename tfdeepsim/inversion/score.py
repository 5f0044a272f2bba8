"""How well images were found again from their features, in numbers: Table 8 of Dosovitskiy & Brox
2016."""

import dataclasses
from collections.abc import Callable

import numpy as np

from tfdeepsim.fidelity.gradients import gradient_ratio
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.fidelity.structural_similarity import structural_similarity


@dataclasses.dataclass(frozen=True)
class InversionScore:
    """One way to invert one layer, over test images.

    Attributes:
        features: What was inverted, e.g. `alexnet:relu6`.
        method: Name of the way.
        seed: Of it.
        images: How many test images.
        image_error: Normalized Euclidean error of the images, as a share: 1 is a random test image.
        feature_error: The same of the features of the images that were found.
        ssim: Mean structural similarity, at most 1.
        gradient_ratio: Mean gradient magnitude over that of the test images: below 1 is blur, above
            1 noise.
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
    found: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    *,
    inverted: str,
    method: str,
    seed: int = 0,
) -> InversionScore:
    """Compare images that were found from features with those that the features are of.

    Args:
        targets: uint8 [N, H, W, 3], as many test images as there are: the unit of the errors is
            taken from them.
        found: uint8 [N, H, W, 3], in the same order.
        features: Of uint8 images, as `Inversion.features`.
        inverted: Name of the network and layer.
        method: Name of the way in which they were found.
        seed: Of it.

    Raises:
        InputError: As `normalized_error`.
    """
    return InversionScore(
        features=inverted,
        method=method,
        seed=seed,
        images=len(targets),
        image_error=normalized_error(found, targets),
        feature_error=normalized_error(features(found), features(targets)),
        ssim=structural_similarity(found, targets),
        gradient_ratio=gradient_ratio(found, targets),
    )
