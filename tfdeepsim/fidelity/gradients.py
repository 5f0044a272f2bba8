"""Sharpness without a network: gradients of brightness from pixel to pixel."""

from typing import Any

import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.images import BATCH, as_floats, check_images

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_LEAST = 2  # pixels


def gradient_magnitudes(images: Any) -> np.ndarray:
    """Length of the gradient of brightness, by differences to the next pixel at the right and
    below.

    Brightness is the luma of ITU-R BT.601, from 0 to 1.

    Args:
        images: [N, H, W, 3], uint8 or floating point in [0, 1]; height and width are 2 or more.

    Returns:
        float32 [N, H - 1, W - 1], from 0 to √2.

    Raises:
        InputError: If `images` are not such images.
    """
    images = check_images("images", images)
    height, width = images.shape[1:3]
    if min(height, width) < _LEAST:
        raise InputError(
            "a gradient needs neighbours", got=f"{height}x{width} pixels", accepted="2x2 or more"
        )
    return over_batches(
        lambda batch: _magnitudes(as_floats(batch) @ _LUMA), images, batch_size=BATCH
    )


def gradient_ratio(generated: Any, real: Any) -> float:
    """Mean gradient magnitude of generated images divided by that of real images.

    A ratio below 1 means that generated images are blurrier than real ones, above 1 that they are
    noisier. A ratio of 1 does not mean that the distributions are equal, see `gradient_distance`.

    Args:
        generated: [N, H, W, 3], as for `gradient_magnitudes`.
        real: [M, H', W', 3], any real images; they need not be the targets of the generated ones.

    Raises:
        InputError: If the arguments are not such images, or the real ones have no gradients.
    """
    return _ratio(gradient_magnitudes(generated), gradient_magnitudes(real))


def gradient_distance(generated: Any, real: Any) -> float:
    """1-Wasserstein distance of the distributions of gradient magnitudes over all pixels.

    Args:
        generated: [N, H, W, 3], as for `gradient_magnitudes`.
        real: [M, H', W', 3], any real images, which may have no gradients.

    Returns:
        A number from 0, for equal distributions, to √2.

    Raises:
        InputError: If the arguments are not such images.
    """
    return _distance(gradient_magnitudes(generated), gradient_magnitudes(real))


def compare_gradients(generated: Any, real: Any) -> tuple[float, float]:
    """`gradient_ratio` and `gradient_distance`, with gradients computed once for both."""
    magnitudes = gradient_magnitudes(generated), gradient_magnitudes(real)
    return _ratio(*magnitudes), _distance(*magnitudes)


def _ratio(generated: np.ndarray, real: np.ndarray) -> float:
    reference = float(real.mean(dtype=np.float64))
    if reference == 0.0:
        raise InputError(
            "real images must not be flat", got="no gradient anywhere", accepted="photographs"
        )
    return float(generated.mean(dtype=np.float64)) / reference


def _distance(generated: np.ndarray, real: np.ndarray) -> float:
    if generated.size == real.size:
        # The same as SciPy's distance, but faster for sets of equal size.
        difference = np.sort(generated, axis=None) - np.sort(real, axis=None)
        return float(np.abs(difference).mean(dtype=np.float64))
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(generated.ravel(), real.ravel()))


def _magnitudes(brightness: np.ndarray) -> np.ndarray:
    right = brightness[:, :-1, 1:] - brightness[:, :-1, :-1]
    below = brightness[:, 1:, :-1] - brightness[:, :-1, :-1]
    return np.hypot(right, below)
