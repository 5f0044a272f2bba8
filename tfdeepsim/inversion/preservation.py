"""Whether features keep position and colour of what an image shows (Dosovitskiy & Brox 2016, Fig.
12)."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import mean_pair_distance
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.trained_inversion import TrainedInversion

UNCHANGED = "unchanged"
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclasses.dataclass(frozen=True, eq=False)
class Preservation:
    """Changed images beside what their features gave back.

    Attributes:
        rows: By change, uint8 [2, N, H, W, 3]: the changed images, then their reconstructions.
            `unchanged` comes first.
        errors: By change: error of the reconstructions to the changed images, and to the unchanged
            ones. Where the first is the smaller one, the reconstruction follows the change. All are
            mean distances of pixels over the mean distance over all pairs of unchanged images, one
            unit for all, so 1 is what another of these would give.
    """

    rows: Mapping[str, np.ndarray]
    errors: Mapping[str, tuple[float, float]]


def preservation(
    inversion: TrainedInversion, images: np.ndarray, pixels: int | None = None
) -> Preservation:
    """Reconstruct images as they are, moved and recoloured.

    Args:
        inversion: Whose generator makes the images; noise is zero.
        images: uint8 [N, H, W, 3], two or more that are not all equal.
        pixels: By which images are moved; None for a quarter of the shorter side.

    Raises:
        InputError: As `shifted`, `Features` and `mean_pair_distance`.
    """
    unit = mean_pair_distance(images)
    pixels = min(images.shape[1:3]) // 4 if pixels is None else pixels
    rows, errors = {}, {}
    for name, changed in (
        {UNCHANGED: images} | shifted(images, pixels) | recoloured(images)
    ).items():
        found = inversion.reconstruct(changed)
        rows[name] = np.stack([changed, found])
        errors[name] = (mean_distance(found, changed) / unit, mean_distance(found, images) / unit)
    return Preservation(rows, errors)


def shifted(images: np.ndarray, pixels: int) -> dict[str, np.ndarray]:
    """Images moved `left`, `right`, `up` and `down`; what comes in is reflected at the edge.

    Args:
        images: uint8 [N, H, W, 3].
        pixels: By how much, from 1 to the shorter side less 1.

    Raises:
        InputError: If it is by less or more.
    """
    height, width = images.shape[1:3]
    if not 0 < pixels < min(height, width):
        raise InputError(
            "images are moved within their size",
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
    """Images with their hue turned by a third and by two (`hue 120`, `hue 240`), and without colour
    (`grey`).

    A third of the hue's circle takes red to green, green to blue and blue to red, so it is an
    exchange of the channels, without rounding. Grey is the luma of ITU-R BT.601.

    Args:
        images: uint8 [N, H, W, 3].
    """
    luma = np.round(images @ _LUMA).astype(np.uint8)
    grey = np.repeat(luma[..., None], 3, axis=-1)
    return {"hue 120": images[..., [2, 0, 1]], "hue 240": images[..., [1, 2, 0]], "grey": grey}
