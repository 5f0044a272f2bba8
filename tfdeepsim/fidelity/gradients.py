"""Sharpness without a network: how large the steps from pixel to pixel are."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.pixels import check_images, in_batches

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_LEAST = 2  # pixels


def gradient_magnitudes(images: Any) -> np.ndarray:
    """Length of the gradient of brightness, by differences to the next pixel at the right and
    below.

    Brightness is the luma of ITU-R BT.601, 0 to 1.

    Args:
        images: [N, H, W, 3], uint8 or floating point in [0, 1], two pixels or more each way.

    Returns:
        float32 [N, H - 1, W - 1], 0 to √2.

    Raises:
        InputError: If they are no such images.
    """
    images = check_images("images", images)
    height, width = images.shape[1:3]
    if min(height, width) < _LEAST:
        raise InputError(
            "a gradient needs neighbours", got=f"{height}x{width} pixels", accepted="2x2 or more"
        )
    return np.concatenate([_magnitudes(batch @ _LUMA) for batch in in_batches(images)])


def gradient_ratio(generated: Any, real: Any) -> float:
    """Mean gradient magnitude of generated images over that of real ones.

    Below 1 they are blurrier, above 1 noisier than real ones; a ratio of 1 alone does not make them
    alike, for which see `gradient_distance`.

    Args:
        generated: [N, H, W, 3], as for `gradient_magnitudes`.
        real: [M, H', W', 3], as many as there are: they need not be the generated ones' targets.

    Raises:
        InputError: If they are no such images, or the real ones are flat.
    """
    return _ratio(gradient_magnitudes(generated), gradient_magnitudes(real))


def gradient_distance(generated: Any, real: Any) -> float:
    """1-Wasserstein distance of the distributions of gradient magnitudes over all pixels.

    Args:
        generated: As for `gradient_ratio`.
        real: As for `gradient_ratio`; may be flat.

    Returns:
        0 for equal distributions, up to √2.

    Raises:
        InputError: If they are no such images.
    """
    return _distance(gradient_magnitudes(generated), gradient_magnitudes(real))


def compare_gradients(generated: Any, real: Any) -> tuple[float, float]:
    """`gradient_ratio` and `gradient_distance` in one pass over the images."""
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
        # The same as SciPy's, without its merging of both sets.
        difference = np.sort(generated, axis=None) - np.sort(real, axis=None)
        return float(np.abs(difference).mean(dtype=np.float64))
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(generated.ravel(), real.ravel()))


def _magnitudes(brightness: np.ndarray) -> np.ndarray:
    right = brightness[:, :-1, 1:] - brightness[:, :-1, :-1]
    below = brightness[:, 1:, :-1] - brightness[:, :-1, :-1]
    return np.hypot(right, below)
