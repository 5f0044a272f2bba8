"""Structural similarity of images and their targets."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.pixels import check_pairs, in_batches

LEAST = 11
"""Pixels of an image each way: the window of the measure."""


def structural_similarity(outputs: Any, targets: Any) -> float:
    """Mean SSIM (Wang et al. 2004) by `tf.image.ssim` with its defaults, mean over colours and
    images.

    Args:
        outputs: [N, H, W, 3], uint8 or floating point in [0, 1], 11 pixels or more each way.
        targets: [N, H, W, 3], alike.

    Returns:
        -1 to 1; 1 for equal images.

    Raises:
        InputError: If they are no such images, or their shapes differ.
    """
    import tensorflow as tf

    targets, outputs = check_pairs(targets, outputs)
    height, width = targets.shape[1:3]
    if min(height, width) < LEAST:
        raise InputError(
            "SSIM needs images of the size of its window",
            got=f"{height}x{width} pixels",
            accepted=f"at least {LEAST}x{LEAST}",
        )
    pairs = zip(in_batches(outputs), in_batches(targets), strict=True)
    values = [tf.image.ssim(tf.constant(a), tf.constant(b), max_val=1.0).numpy() for a, b in pairs]
    return float(np.concatenate(values).mean(dtype=np.float64))
