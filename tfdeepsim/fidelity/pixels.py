"""Images as bytes or as numbers, checked, a few at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError

BATCH = 64


def check_images(what: str, images: Any) -> np.ndarray:
    """Colour images, as they came.

    Args:
        what: What they are called in an error.
        images: [N, H, W, 3], uint8, or floating point in [0, 1].

    Raises:
        InputError: If they are of another shape or dtype, or out of range.
    """
    images = np.asarray(images)
    floating = np.issubdtype(images.dtype, np.floating)
    if (
        images.ndim != 4
        or images.shape[3] != 3
        or 0 in images.shape
        or not (floating or _bytes(images))
    ):
        raise InputError(
            f"{what} must be colour images",
            got=f"shape {list(images.shape)}, {images.dtype}",
            accepted="[images, height, width, 3], uint8 or floating point in [0, 1]",
        )
    # Written so that NaN fails too.
    if floating and not (images.min() >= 0 and images.max() <= 1):
        raise InputError(
            f"{what} in floating point must be in [0, 1]",
            got=f"{images.min():.4g} to {images.max():.4g}",
            accepted="0 to 1; clip what a network puts out",
        )
    return images


def check_pairs(targets: Any, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images and what was generated for each of them.

    Raises:
        InputError: As for `check_images`, or if their shapes differ.
    """
    targets, outputs = check_images("targets", targets), check_images("outputs", outputs)
    if targets.shape != outputs.shape:
        raise InputError(
            "there must be one output for each target, of its size",
            got=f"outputs {list(outputs.shape)}, targets {list(targets.shape)}",
            accepted="equal shapes",
        )
    return targets, outputs


def in_batches(images: np.ndarray, size: int = BATCH) -> Iterator[np.ndarray]:
    """float32 [at most `size`, H, W, 3] in [0, 1], in order.

    Args:
        images: Checked.
        size: Images at a time.
    """
    scale = np.float32(255 if _bytes(images) else 1)
    for start in range(0, len(images), size):
        yield images[start : start + size].astype(np.float32) / scale


def _bytes(images: np.ndarray) -> bool:
    return images.dtype == np.uint8
