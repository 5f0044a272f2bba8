"""Images as bytes and as floats. Takes and gives NumPy arrays; `to_bytes` also takes tensors."""

from typing import Any

import numpy as np


def to_floats(images: Any) -> np.ndarray:
    """Float images of bytes: uint8 in 0 to 255 to float32 in [0, 1]."""
    return np.asarray(images).astype(np.float32) / np.float32(255)


def to_bytes(images: Any) -> np.ndarray:
    """Bytes of float images, to the nearest; what lies outside [0, 1] is clipped.

    Args:
        images: Floats, array or tensor of any shape: the linear output of a generator may leave [0,
            1].

    Returns:
        uint8 in 0 to 255, of the same shape.

    Example:
        >>> to_bytes(np.array([-0.1, 0.5, 1.0]))
        array([  0, 128, 255], dtype=uint8)
    """
    return np.rint(255.0 * np.clip(np.asarray(images, np.float32), 0.0, 1.0)).astype(np.uint8)
