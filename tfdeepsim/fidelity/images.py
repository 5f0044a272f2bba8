"""Checks of images, and their conversion to floats."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_floats

BATCH = 64
"""Number of images that are processed at a time."""


def check_images(what: str, images: Any) -> np.ndarray:
    """Check that `images` are colour images, and return them as an array of the same dtype.

    Args:
        what: Name of the images in errors.
        images: [N, H, W, 3], uint8, or floating point in [0, 1].

    Raises:
        InputError: If they have another shape or dtype, or are out of range.
    """
    images = np.asarray(images)
    floating = np.issubdtype(images.dtype, np.floating)
    if (
        images.ndim != 4
        or images.shape[3] != 3
        or 0 in images.shape
        or not (floating or images.dtype == np.uint8)
    ):
        raise InputError(
            f"{what} must be colour images",
            got=f"shape {list(images.shape)}, {images.dtype}",
            accepted="[images, height, width, 3], uint8 or floating point in [0, 1]",
        )
    # The comparison is false for NaN too.
    if floating and not (images.min() >= 0 and images.max() <= 1):
        raise InputError(
            f"{what} in floating point must be in [0, 1]",
            got=f"{images.min():.4g} to {images.max():.4g}",
            accepted="0 to 1; clip what a network puts out",
        )
    return images


def check_pairs(targets: Any, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check target images and the images generated for them, and return both as arrays.

    Args:
        targets, outputs: [N, H, W, 3], uint8, or floating point in [0, 1].

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


def as_floats(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [0, 1].

    Args:
        images: uint8, or floating point in [0, 1].
    """
    return to_floats(images) if images.dtype == np.uint8 else images.astype(np.float32)
