"""Structural similarity (SSIM) of images and their targets."""

from typing import Any

import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.images import BATCH, as_floats, check_pairs

WINDOW = 11
"""Height and width of the window of SSIM in pixels, the smallest size of images."""


def structural_similarity(outputs: Any, targets: Any) -> float:
    """Mean SSIM (Wang et al. 2004) over colours and images, by `tf.image.ssim` with its defaults.

    Args:
        outputs: [N, H, W, 3], uint8 or floating point in [0, 1]; height and width are 11 or more.
        targets: [N, H, W, 3], uint8 or floating point in [0, 1].

    Returns:
        A number from -1 to 1; 1 for equal images.

    Raises:
        InputError: If the arguments are not such images, or their shapes differ.
    """
    import tensorflow as tf

    targets, outputs = check_pairs(targets, outputs)
    height, width = targets.shape[1:3]
    if min(height, width) < WINDOW:
        raise InputError(
            "SSIM needs images of the size of its window",
            got=f"{height}x{width} pixels",
            accepted=f"at least {WINDOW}x{WINDOW}",
        )

    def similarity(rows: np.ndarray) -> tf.Tensor:
        return tf.image.ssim(as_floats(outputs[rows]), as_floats(targets[rows]), max_val=1.0)

    values = over_batches(similarity, np.arange(len(outputs)), batch_size=BATCH)
    return float(values.mean(dtype=np.float64))
