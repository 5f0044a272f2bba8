"""All measures of a set of generated images beside their targets."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.frechet import frechet_distance
from tfdeepsim.fidelity.gradients import compare_gradients
from tfdeepsim.fidelity.kernel import kernel_distance
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.fidelity.pixels import check_pairs, in_batches
from tfdeepsim.fidelity.structural_similarity import structural_similarity

SUBSET_SIZE = 1000


@dataclasses.dataclass(frozen=True)
class Fidelity:
    """How close generated images come to their targets.

    FID, KID and the error of features are over the features of some extractor. Only where that is
    the published Inception network can they be compared with numbers from elsewhere; over any other
    network they can be compared inside a table of one extractor, one set of targets and one image
    size.

    Attributes:
        normalized_error: Of pixels, as a share: 1 is a random test image (Dosovitskiy & Brox 2016,
            §4).
        feature_error: The same of features.
        ssim: Mean structural similarity, at most 1.
        fid: Fréchet distance of features; biased upwards for few images.
        kid: Kernel distance of features, mean over subsets; can be below 0.
        kid_deviation: Its standard deviation over subsets.
        gradient_ratio: Mean gradient magnitude over that of the targets: below 1 is blur, above 1
            noise.
        gradient_distance: Wasserstein distance of the gradient magnitudes, of brightness from 0 to
            1.
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

    KID is over 50 subsets of 1000 images, or of half the images where these are fewer than 2000.
    Features with positions are averaged over them for FID and KID, and taken as they are for
    `feature_error`. The features of all images are held in memory.

    Args:
        targets: [N, H, W, 3], uint8 or floating point in [0, 1], 11 pixels or more each way, N at
            least 4.
        outputs: [N, H, W, 3], alike; row i was generated for target i.
        extractor: Takes float32 images [B, H, W, 3] in [0, 1], returns features [B, ..., D]; a
            comparator of one layer is one. Which one it was belongs beside the numbers.

    Raises:
        InputError: If they are no such images, the targets are all equal or flat, or the features
            are of several layers, equal for all targets, or not finite.
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
    """Features of all images, float32 [N, ..., D], computed in batches.

    Args:
        images: [N, H, W, 3], uint8 or floating point in [0, 1].
        extractor: As for `measure`.

    Raises:
        InputError: If the extractor does not return one array with a row for each image.
    """
    found = []
    for batch in in_batches(images):
        features = extractor(batch)
        if (
            isinstance(features, list | tuple)
            or np.ndim(features) < 2
            or len(features) != len(batch)
        ):
            raise InputError(
                "an extractor gives features of one layer",
                got=f"{len(features)} arrays"
                if isinstance(features, list | tuple)
                else f"shape {list(np.shape(features))} for {len(batch)} images",
                accepted=f"one array [{len(batch)}, ..., channels]",
            )
        found.append(np.asarray(features, np.float32))
    return np.concatenate(found)


def _pooled(features: np.ndarray) -> np.ndarray:
    """float64 [N, D]: mean over positions."""
    return features.reshape(len(features), -1, features.shape[-1]).mean(axis=1, dtype=np.float64)


def _one_unit(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Images as they are where the others are of the same kind, else as numbers from 0 to 1."""
    same = (images.dtype == np.uint8) == (others.dtype == np.uint8)
    return images if same else np.concatenate(list(in_batches(images)))
