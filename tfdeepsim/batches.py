"""Functions of images, or of other rows, in batches, so that memory stays bounded."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

LARGEST = 256
"""Most rows of a batch."""
PIXELS = LARGEST * 64 * 64
"""Most pixels of a batch: 256 images of 64x64."""


def batch_size_of(image_shape: Sequence[int]) -> int:
    """Number of rows of a batch: 256 images of up to 64x64 pixels, fewer of larger ones.

    Args:
        image_shape: Shape of a row without the batch axis, e.g. (height, width, channels).
    """
    return max(1, min(LARGEST, PIXELS // max(1, math.prod(image_shape[:2]))))


def batch_slices(count: int, batch_size: int) -> Iterator[slice]:
    """Slices of `batch_size` rows from 0 to `count`; the last may be shorter."""
    for start in range(0, count, batch_size):
        yield slice(start, min(start + batch_size, count))


def over_batches(
    function: Callable[[np.ndarray], Any],
    images: Any,
    *,
    rows: np.ndarray | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """Apply a function to all images, batch by batch.

    Args:
        function: From an array [n, ...] to an array or tensor [n, ...].
        images: Array [N, ...] with at least one row, or anything that is indexed like one: mapped
            from a file, or decoded when a batch is read.
        rows: Integers, the rows to use in this order; None for all.
        batch_size: Number of rows n of a batch, the last may be smaller; None for `batch_size_of`
            the images.

    Returns:
        Array [N, ...], or [len(rows), ...], in the function's dtype.

    Raises:
        ValueError: If there are no rows.

    Example:
        >>> features = over_batches(lambda batch: comparator(to_floats(batch)), images)
    """
    count = len(images) if rows is None else len(rows)
    if count == 0:
        raise ValueError("there must be at least one row")
    results: np.ndarray | None = None
    for part in batch_slices(count, batch_size or batch_size_of(images.shape[1:])):
        batch = np.asarray(images[part] if rows is None else images[rows[part]])
        result = np.asarray(function(batch))
        if results is None:
            results = np.empty((count, *result.shape[1:]), result.dtype)
        results[part] = result
    assert results is not None
    return results
