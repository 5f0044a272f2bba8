"""Distance between images, or between features."""

import numpy as np

from tfdeepsim.batches import batch_slices

_BATCH_SIZE = 64
"""Rows that are converted to float64 at a time."""


def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Euclidean distance between corresponding rows of two arrays.

    Divided by `mean_pair_distance` of the real images or features it is the normalized error of
    Dosovitskiy & Brox 2016, §4. It is separate so that one analysis can divide all its distances by
    the same number.

    Args:
        a: [N, ...] with at least one row, of any real dtype.
        b: As `a`, of the same shape.
    """
    total = 0.0
    for rows in batch_slices(len(a), _BATCH_SIZE):
        difference = a[rows].astype(np.float64) - b[rows]
        total += float(np.linalg.norm(difference.reshape(len(difference), -1), axis=1).sum())
    return total / len(a)
