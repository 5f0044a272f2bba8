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
    """What became of images.

    Errors are mean distances of features over N, the mean distance over all pairs of the original
    images' features, so that 1 is what the features of another image would give. Item n - 1 is that
    of iteration n.

    Attributes:
        images: By iteration, uint8 [N, H, W, 3].
        from_original: float64 [last iteration]: features against those of the original images.
        from_previous: float64 [last iteration]: features against those of the iteration before;
            that before the first is the original.
    """

    images: Mapping[int, np.ndarray]
    from_original: np.ndarray
    from_previous: np.ndarray


def reencode(
    inversion: TrainedInversion, images: Images, iterations: Sequence[int] = ITERATIONS
) -> Reencoding:
    """Reconstruct images, then their reconstructions, and so on.

    Each iteration starts from bytes: it takes the features of the image that the one before shows,
    not of the generator's unrounded output, so that the images alone are enough to repeat any of
    it.

    Args:
        inversion: Whose generator makes the images; noise is zero.
        images: uint8 [N, H, W, 3], two or more that are not all equal.
        iterations: Whose images to keep, from 1, in any order; errors are given for all up to the
            last.

    Raises:
        InputError: If an iteration is below 1 or there is none; also as `Features` and
            `mean_pair_distance`.
    """
    if not iterations or min(iterations) < 1:
        raise InputError(
            "iterations are counted from 1", got=list(iterations), accepted="1 or more, any of"
        )
    original = previous = inversion.features(images)
    unit = mean_pair_distance(original)
    kept, from_original, from_previous = {}, [], []
    for iteration in range(1, max(iterations) + 1):
        shown = inversion.images(previous)
        found = inversion.features(shown)
        from_original.append(mean_distance(found, original) / unit)
        from_previous.append(mean_distance(found, previous) / unit)
        previous = found
        if iteration in iterations:
            kept[iteration] = shown
    return Reencoding(kept, np.array(from_original), np.array(from_previous))
