"""Interpolation in feature space (Dosovitskiy & Brox 2016, Fig. 11 and 13)."""

import numpy as np

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.trained_inversion import TrainedInversion


def interpolate(
    inversion: TrainedInversion, first: Images, second: Images, steps: int
) -> np.ndarray:
    """Generate images of features that lie evenly spaced on the line between those of two images.

    Args:
        inversion: Network and generator; noise is zero.
        first: uint8 [N, H, W, 3].
        second: uint8 [N, H, W, 3]; each is paired with the image of `first` at the same index.
        steps: Number of images per pair, 2 or more; the first and the last are the reconstructions
            of the two images.

    Returns:
        uint8 [N, steps, H, W, 3].

    Raises:
        InputError: If there are fewer than 2 steps, or the numbers of images differ; also as
            `Features`.
    """
    if steps < 2:
        raise InputError(
            "an interpolation includes its two ends", got=steps, accepted="2 steps or more"
        )
    if len(first) != len(second):
        raise InputError(
            "images are interpolated in pairs",
            got=f"{len(first)} and {len(second)}",
            accepted="equal numbers of images",
        )
    start, end = inversion.features(first), inversion.features(second)
    fractions = np.linspace(0, 1, steps, dtype=np.float32)
    return np.stack(
        [inversion.images((1 - fraction) * start + fraction * end) for fraction in fractions],
        axis=1,
    )
