"""Morphing by features: images between images (Dosovitskiy & Brox 2016, Fig. 11 and 13)."""

import numpy as np

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.trained_inversion import TrainedInversion


def interpolate(
    inversion: TrainedInversion, first: Images, second: Images, steps: int
) -> np.ndarray:
    """Images of features on the line between those of two images, at even distances.

    Args:
        inversion: Whose generator makes the images; noise is zero.
        first: uint8 [N, H, W, 3].
        second: As `first`; each with the one at its place.
        steps: Images to give for each pair, the reconstructions of both ends among them; 2 or more.

    Returns:
        uint8 [N, steps, H, W, 3].

    Raises:
        InputError: If there are fewer than 2 steps, or not as many second images as first ones;
            also as `Features`.
    """
    if steps < 2:
        raise InputError("steps from image to image have two ends", got=steps, accepted="2 or more")
    if len(first) != len(second):
        raise InputError(
            "images are interpolated in pairs",
            got=f"{len(first)} and {len(second)}",
            accepted="as many",
        )
    start, end = inversion.features(first), inversion.features(second)
    shares = np.linspace(0, 1, steps, dtype=np.float32)
    return np.stack(
        [inversion.images((1 - share) * start + share * end) for share in shares], axis=1
    )
