"""A function of images, or of any other rows, taken batch by batch, so that memory stays
bounded."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

PIXELS = 256 * 64 * 64
"""Pixels of a batch: 256 images of 64x64."""


def batch_size_of(image_shape: Sequence[int]) -> int:
    """Images a batch: 256 of 64x64 pixels or fewer, less of larger ones, so that memory stays the
    same."""
    return max(1, min(256, PIXELS // (image_shape[0] * image_shape[1])))


def batch_slices(count: int, batch_size: int) -> Iterator[slice]:
    """Rows 0 to `count` as slices of `batch_size`, of which the last may be shorter."""
    for start in range(0, count, batch_size):
        yield slice(start, min(start + batch_size, count))


def over_batches(
    function: Callable[[Any], Any],
    images: Any,
    *,
    rows: np.ndarray | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """`function` of all images, computed batch by batch.

    Args:
        function: From [n, ...] to an array or tensor [n, ...]; is called with NumPy arrays.
        images: [N, ...], N at least 1: whatever is indexed like an array, also mapped from a file
            or decoded when it is asked for.
        rows: Which of them, in this order; None for all.
        batch_size: n, except for the last batch; None for `batch_size_of` the images.

    Returns:
        [N, ...], or [len(rows), ...], in the function's dtype.

    Example:
        >>> features = over_batches(lambda x: comparator(to_floats(x)), images)
    """
    count = len(images) if rows is None else len(rows)
    size = batch_size or batch_size_of(images.shape[1:3])
    result: np.ndarray | None = None
    for part in batch_slices(count, size):
        batch = np.asarray(images[part] if rows is None else images[rows[part]])
        found = np.asarray(function(batch))
        if result is None:
            result = np.empty((count, *found.shape[1:]), found.dtype)
        result[part] = found
    if result is None:
        raise ValueError("there must be at least one row")
    return result
