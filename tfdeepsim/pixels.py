"""Images as bytes and as floats, in NumPy."""

from typing import Any

import numpy as np


def to_floats(images: Any) -> np.ndarray:
    """Float images from bytes.

    Args:
        images: uint8 in 0 to 255, array of any shape.

    Returns:
        float32 in [0, 1], of the same shape.

    Example:
        >>> to_floats(np.array([0, 51, 255], np.uint8))
        array([0. , 0.2, 1. ], dtype=float32)
    """
    return np.asarray(images).astype(np.float32) / np.float32(255)


def to_bytes(images: Any) -> np.ndarray:
    """Bytes from float images: rounded to the nearest, and clipped to 0 to 255.

    Args:
        images: Floats, array or tensor of any shape; values outside [0, 1], which the linear output
            of a generator may have, are clipped.

    Returns:
        uint8 in 0 to 255, of the same shape.

    Example:
        >>> to_bytes(np.array([-0.1, 0.5, 1.0]))
        array([  0, 128, 255], dtype=uint8)
    """
    return np.rint(255.0 * np.clip(np.asarray(images, np.float32), 0.0, 1.0)).astype(np.uint8)
