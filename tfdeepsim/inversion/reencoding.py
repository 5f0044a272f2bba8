"""Iterative re-encoding: reconstructions of reconstructions (Dosovitskiy & Brox 2016, Fig. 9)."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import mean_pair_distance
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.trained_inversion import TrainedInversion

ITERATIONS = (1, 2, 4, 6, 8, 12, 16, 20)
"""Rows of Fig. 9, 15 and 16."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reencoding:
    """Images and feature errors of the iterations.

    Errors are mean distances of features, divided by the mean distance between all pairs of the
    original images' features: 1 is the error of another image. Index n - 1 is iteration n.

    Attributes:
        images: By number of the iteration, uint8 [N, H, W, 3].
        from_original: float64 [iterations], errors relative to the features of the original images.
        from_previous: float64 [iterations], errors relative to the features of the previous
            iteration, which for the first are those of the original images.

    Example:
        >>> result = reencode(inversion, images, iterations=(1, 20))
        >>> result.images[20], result.from_original[19]
    """

    images: Mapping[int, np.ndarray]
    from_original: np.ndarray
    from_previous: np.ndarray


def reencode(
    inversion: TrainedInversion, images: Images, iterations: Sequence[int] = ITERATIONS
) -> Reencoding:
    """Reconstruct images, then their reconstructions, and so on.

    Each iteration starts from bytes: it computes the features of the previous image as it would be
    saved, not of the generator's unrounded output, so that every step can be repeated from the
    images alone.

    Args:
        inversion: Network and generator; noise is zero.
        images: uint8 [N, H, W, 3], two or more that are not all equal.
        iterations: Iterations whose images are returned, counted from 1, in any order. Errors are
            returned for all iterations up to the last.

    Raises:
        InputError: If there is no iteration, or one is below 1; also as `Features` and
            `mean_pair_distance`.
    """
    if not iterations or min(iterations) < 1:
        raise InputError(
            "iterations are counted from 1", got=list(iterations), accepted="any numbers from 1"
        )
    original = previous = inversion.features(images)
    unit = mean_pair_distance(original)
    images_of, from_original, from_previous = {}, [], []
    for iteration in range(1, max(iterations) + 1):
        reconstructions = inversion.images(previous)
        features = inversion.features(reconstructions)
        from_original.append(mean_distance(features, original) / unit)
        from_previous.append(mean_distance(features, previous) / unit)
        previous = features
        if iteration in iterations:
            images_of[iteration] = reconstructions
    return Reencoding(images_of, np.array(from_original), np.array(from_previous))
