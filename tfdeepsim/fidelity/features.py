"""Features of two sets of images, checked."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError


def check_features(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features as float64 [N, D] and [M, D].

    Raises:
        InputError: If one is no such table, has fewer than two rows, is not finite, or is wider
            than the other.
    """
    sets = [np.asarray(values, np.float64) for values in (a, b)]
    for values in sets:
        if (
            values.ndim != 2
            or values.shape[1] != sets[0].shape[-1]
            or len(values) < 2
            or not values.shape[1]
        ):
            raise InputError(
                "two distributions are compared by features of equal width",
                got=" and ".join(f"shape {list(v.shape)}" for v in sets),
                accepted="[N, D] and [M, D], two rows or more each",
            )
        if not np.isfinite(values).all():
            raise InputError(
                "features must be finite", got="NaN or infinity", accepted="finite numbers only"
            )
    return sets[0], sets[1]
