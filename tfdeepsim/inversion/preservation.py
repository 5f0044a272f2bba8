"""Whether features preserve the position and the colour of objects (Dosovitskiy & Brox 2016, Fig.
12)."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import mean_pair_distance
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.trained_inversion import TrainedInversion

UNCHANGED = "unchanged"
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue by ITU-R BT.601."""


@dataclasses.dataclass(frozen=True, eq=False)
class Preservation:
    """Changed images, and their reconstructions from features.

    Attributes:
        rows: By name of the change uint8 [2, N, H, W, 3]: the changed images, then their
            reconstructions. `unchanged` comes first.
        errors: By name of the change the error of the reconstructions relative to the changed
            images, and that relative to the unchanged images. If the first is smaller, the
            reconstructions follow the change. Errors are mean distances of pixels, divided by the
            mean distance between all pairs of unchanged images: 1 is the error of another image.

    Example:
        >>> result = preservation(inversion, images)
        >>> error_to_changed, error_to_unchanged = result.errors["left"]
    """

    rows: Mapping[str, np.ndarray]
    errors: Mapping[str, tuple[float, float]]


def preservation(
    inversion: TrainedInversion, images: np.ndarray, pixels: int | None = None
) -> Preservation:
    """Reconstruct images unchanged, shifted and recoloured.

    Args:
        inversion: Network and generator; noise is zero.
        images: uint8 [N, H, W, 3], two or more that are not all equal.
        pixels: Number of pixels that images are shifted by; None for a quarter of the shorter side.

    Raises:
        InputError: As `shifted`, `Features` and `mean_pair_distance`.
    """
    unit = mean_pair_distance(images)
    pixels = min(images.shape[1:3]) // 4 if pixels is None else pixels
    rows, errors = {}, {}
    changes = {UNCHANGED: images} | shifted(images, pixels) | recoloured(images)
    for name, changed in changes.items():
        reconstructions = inversion.reconstruct(changed)
        rows[name] = np.stack([changed, reconstructions])
        errors[name] = (
            mean_distance(reconstructions, changed) / unit,
            mean_distance(reconstructions, images) / unit,
        )
    return Preservation(rows, errors)


def shifted(images: np.ndarray, pixels: int) -> dict[str, np.ndarray]:
    """Images shifted `left`, `right`, `up` and `down`; the gap is filled by reflection at the edge.

    Args:
        images: uint8 [N, H, W, 3].
        pixels: Number of pixels, from 1 to the shorter side less 1.

    Raises:
        InputError: If the number of pixels is out of this range.
    """
    height, width = images.shape[1:3]
    if not 0 < pixels < min(height, width):
        raise InputError(
            "images are shifted within their size",
            got=f"{pixels} pixels",
            accepted=f"1-{min(height, width) - 1}",
        )
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
    corners = {
        "left": (pixels, 2 * pixels),
        "right": (pixels, 0),
        "up": (2 * pixels, pixels),
        "down": (0, pixels),
    }
    return {name: padded[:, y : y + height, x : x + width] for name, (y, x) in corners.items()}


def recoloured(images: np.ndarray) -> dict[str, np.ndarray]:
    """Images with rotated hue (`hue 120`, `hue 240`, in degrees), and without colour (`grey`).

    A rotation by 120 degrees maps red to green, green to blue and blue to red; it is a permutation
    of the channels, without rounding. Grey is the luma of ITU-R BT.601.

    Args:
        images: uint8 [N, H, W, 3].
    """
    luma = np.round(images @ _LUMA).astype(np.uint8)
    grey = np.repeat(luma[..., None], 3, axis=-1)
    return {"hue 120": images[..., [2, 0, 1]], "hue 240": images[..., [1, 2, 0]], "grey": grey}
