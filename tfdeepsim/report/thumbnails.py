"""Many small images in one file."""

import dataclasses
import io
import math

import numpy as np

_BLOCK = 8  # JPEG compresses squares of so many pixels, so that no image shows in its neighbour
_SIDES = (64, 48, 32, 24, 16)
_QUALITIES = (88, 70)


@dataclasses.dataclass(frozen=True)
class Thumbnails:
    """A picture with all images, row by row.

    Attributes:
        jpeg: Content of the file.
        columns: Number of images in a row of the picture.
        width: Width of an image in pixels.
        height: Height of an image in pixels.
        pitch: Pixels from an image to the next one, to the right and down.

    Example:
        >>> small = thumbnails(images, 300_000)
        >>> small.columns, small.width, small.height, small.pitch
        (32, 64, 48, (64, 48))
    """

    jpeg: bytes
    columns: int
    width: int
    height: int
    pitch: tuple[int, int]


def thumbnails(images: np.ndarray, limit: int) -> Thumbnails:
    """Shrink images until all of them fit into one file.

    Args:
        images: Images, uint8 `[n, H, W, C]` with C 1 or 3, n at least 1. Small ones stay as they
            are.
        limit: Size of the file in bytes. Where even the smallest images do not fit, it is larger.
    """
    longest = max(images.shape[1:3])
    sides = [side for side in _SIDES if side < longest]
    for side in ([longest] if longest <= _SIDES[0] else []) + sides:
        small = _shrunk(images, side / longest)
        for quality in _QUALITIES:
            picture = _picture(small, quality)
            if len(picture.jpeg) <= limit:
                return picture
    return picture


def _shrunk(images: np.ndarray, factor: float) -> np.ndarray:
    """Images, uint8 `[n, h, w, 3]`."""
    from PIL import Image

    images = np.broadcast_to(images, (*images.shape[:3], 3))
    if factor == 1:
        return images
    height, width = (max(1, round(side * factor)) for side in images.shape[1:3])
    pictures = (Image.fromarray(image) for image in images)
    small = (picture.resize((width, height), Image.Resampling.LANCZOS) for picture in pictures)
    return np.stack([np.asarray(picture) for picture in small])


def _picture(images: np.ndarray, quality: int) -> Thumbnails:
    from PIL import Image

    count, height, width = images.shape[:3]
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    down, right = (-(-side // _BLOCK) * _BLOCK for side in (height, width))
    # Repeated edges compress better than a frame.
    padding = ((0, rows * columns - count), (0, down - height), (0, right - width), (0, 0))
    cells = np.pad(images, padding, mode="edge").reshape(rows, columns, down, right, 3)
    pixels = cells.swapaxes(1, 2).reshape(rows * down, columns * right, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return Thumbnails(file.getvalue(), columns, width, height, (right, down))
