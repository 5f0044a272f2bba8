"""Distance of images or features from those they are compared with."""

import numpy as np

_ROWS = 64  # at a time, in float64


def mean_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Euclidean distance of each row of `a` to the row of `b` at its place.

    Over `mean_pair_distance` of the real images or features it is the normalized error of
    Dosovitskiy & Brox 2016, §4; here apart, so that all the numbers of one analysis have one unit.

    Args:
        a: [N, ...], N at least 1, of any real dtype.
        b: As `a`.
    """
    total = 0.0
    for start in range(0, len(a), _ROWS):
        rows = slice(start, start + _ROWS)
        difference = a[rows].astype(np.float64) - b[rows]
        total += float(np.linalg.norm(difference.reshape(len(difference), -1), axis=1).sum())
    return total / len(a)
