"""Checks of the features of two sets of images."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError


def check_features(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check two sets of features, and return them as float64 arrays.

    Args:
        a: [N, D].
        b: [M, D].

    Raises:
        InputError: If the shapes are others, a set has fewer than two rows, or values are not
            finite.
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
