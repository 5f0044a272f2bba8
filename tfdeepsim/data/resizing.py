"""Resizing of images to the one size that an encoder takes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image

from tfdeepsim.errors import InputError
from tfdeepsim.options import CHOICES, MAX_PIXELS, DataOptions

DEFAULT_SIDE = 64
"""Height and width in pixels of images that have no size of their own, as in Pihlgren et al.
2020."""

_REDUCING_GAP = 2.0
"""A large image is first averaged over whole blocks, to at least this many times the requested
size."""

_SMALL = 128 * 128
"""Number of pixels up to which images are resized together: with larger ones it saves nothing."""
_FEW = 4
"""Number of images from which on they are resized together."""


@dataclasses.dataclass(frozen=True)
class Resizing:
    """How an image of any size becomes a square of `side` pixels.

    Attributes:
        side: Height and width of the square in pixels.
        resize: `bilinear` (antialiased), `tile` (the image is repeated) or `reflect` (the image is
            mirrored at its edges).
        crop: For `bilinear`: `center` keeps proportions and crops the longer side; `stretch` keeps
            the whole image.
        shorter_side: For `center`: length in pixels that the shorter side is scaled to before the
            crop, `side` or more; None for `side`.
        max_pixels: Largest width times height of an image file that is decoded.

    Raises:
        InputError: If a value is unknown, or the shorter side is smaller than the square.

    Example:
        >>> resize(PIL.Image.open("cat.jpg"), Resizing(64)).shape
        (64, 64, 3)
    """

    side: int
    resize: str = "bilinear"
    crop: str = "center"
    shorter_side: int | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        for name in ("resize", "crop"):
            if getattr(self, name) not in CHOICES[name]:
                raise InputError(
                    f"unknown --{name}", got=getattr(self, name), accepted=", ".join(CHOICES[name])
                )
        if self.shorter_side is None:
            return
        if (self.resize, self.crop) != ("bilinear", "center"):
            raise InputError(
                "--shorter-side belongs to a centre crop",
                got=f"--resize {self.resize} --crop {self.crop}",
                accepted="--resize bilinear --crop center, or no --shorter-side",
            )
        if self.shorter_side < self.side:
            raise InputError(
                "--shorter-side must leave room for the crop",
                got=f"{self.shorter_side}, with images of {self.side}",
                accepted=f"{self.side} or more",
            )

    @property
    def key(self) -> str:
        """Text that stands for these settings in fingerprints and names of cached files. Its form
        never changes, since fingerprints are kept in runs."""
        names = ("side", "resize", "crop", "shorter_side")
        return f"View({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    @classmethod
    def of(
        cls, options: DataOptions, default_side: int, default_shorter_side: int | None = None
    ) -> Resizing:
        """The resizing that `options` request.

        Args:
            options: The options; an `image_size` or `shorter_side` of None means the dataset's own.
            default_side: The dataset's own height and width in pixels.
            default_shorter_side: The dataset's own shorter side in pixels before the crop to
                `default_side`; not used with another size.
        """
        shorter_side = options.shorter_side
        if shorter_side is None and (options.image_size, options.resize, options.crop) == (
            None,
            "bilinear",
            "center",
        ):
            shorter_side = default_shorter_side
        side = options.image_size or default_side
        return cls(side, options.resize, options.crop, shorter_side, options.max_pixels)

    def smallest(self, width: int, height: int) -> tuple[int, int]:
        """The smallest width and height of an image of this size that need no enlargement."""
        if self.crop == "stretch":
            return self.side, self.side
        shorter, longer = self.shorter_side or self.side, max(width, height)
        # Rounded down: the shorter side decides, and the longer one is as much longer as before.
        scaled = longer * shorter // min(width, height)
        return (scaled, shorter) if width > height else (shorter, scaled)

    def keeps(self, height: int, width: int) -> bool:
        """Whether an image of this size stays as it is."""
        return height == width == self.side == (self.shorter_side or self.side)


def side_for(side: int | None) -> int:
    """The side to give to images by default: their own if encoders take it, which is 64 + 16 n
    pixels, otherwise 64.

    Args:
        side: Height and width of the images in pixels; None if they are not square or not alike.
    """
    return side if side is not None and side >= DEFAULT_SIDE and side % 16 == 0 else DEFAULT_SIDE


def resize(image: PIL.Image.Image, resizing: Resizing) -> np.ndarray:
    """Resize one image.

    Args:
        image: Image of any size; grey ones get three equal channels.
        resizing: The size, and how to get there.

    Returns:
        uint8 [side, side, 3]; the same pixels, bit for bit, if the image has that size already.

    Raises:
        InputError: If the image cannot be tiled or mirrored to that size.
    """
    if image.mode != "RGB":
        image = image.convert("RGB")
    if resizing.keeps(image.height, image.width):
        return _pixels(image)
    if resizing.resize != "bilinear":
        return _repeat(_pixels(image)[None], resizing)[0]
    side = resizing.side
    box = _box(image.width, image.height, resizing)
    if (box[2] - box[0], box[3] - box[1]) == (side, side) and box == tuple(map(int, box)):
        # Nothing to scale: scaling would return the same pixels, slower.
        return _pixels(image.crop(box))
    # Antialiased: each new pixel is a mean over all old ones that it covers.
    resized = image.resize(
        (side, side), PIL.Image.Resampling.BILINEAR, box=box, reducing_gap=_REDUCING_GAP
    )
    return _pixels(resized)


def can_resize_together(image: PIL.Image.Image, resizing: Resizing) -> bool:
    """Whether `resize_together` takes an image: it is small, and has to be scaled."""
    width, height = image.size
    return (
        resizing.resize == "bilinear"
        and width * height <= _SMALL
        and max(width, height) < _REDUCING_GAP * 2 * resizing.side
        and not resizing.keeps(height, width)
    )


def resize_together(images: Sequence[PIL.Image.Image], resizing: Resizing) -> np.ndarray:
    """Resize images of one size, to the same pixels as `resize`.

    Args:
        images: N RGB images of one size, for which `can_resize_together` holds.
        resizing: The new size, and how to get there.

    Returns:
        uint8 [N, side, side, 3].
    """
    if len(images) >= _FEW and _widths_come_first(images[0].size, resizing):
        return _resize_stacked(images, resizing)
    return np.stack([resize(image, resizing) for image in images])


@functools.lru_cache(maxsize=1024)
def _widths_come_first(size: tuple[int, int], resizing: Resizing) -> bool:
    """Whether Pillow scales widths before heights: each version chooses by the size, and rounds in
    between."""
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    image = PIL.Image.fromarray(noise)
    return np.array_equal(_resize_stacked([image], resizing)[0], resize(image, resizing))


def _resize_stacked(images: Sequence[PIL.Image.Image], resizing: Resizing) -> np.ndarray:
    """Scale the widths of all images, one above the other, then the heights, side by side."""
    count, side, (width, height) = len(images), resizing.side, images[0].size
    left, top, right, bottom = _box(width, height, resizing)
    stacked = PIL.Image.frombytes(
        "RGB", (width, count * height), b"".join([image.tobytes() for image in images])
    )
    bilinear = PIL.Image.Resampling.BILINEAR
    narrow = stacked.resize((side, count * height), bilinear, box=(left, 0, right, count * height))
    rows = _pixels(narrow).reshape(count, height, side, 3).swapaxes(0, 1)
    beside = PIL.Image.frombytes("RGB", (count * side, height), rows.tobytes())
    resized = beside.resize((count * side, side), bilinear, box=(0, top, count * side, bottom))
    return _pixels(resized).reshape(side, count, side, 3).swapaxes(0, 1)


def _pixels(image: PIL.Image.Image) -> np.ndarray:
    """The pixels of an RGB image, uint8 [H, W, 3], faster than by `np.asarray`."""
    return np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, 3)


def resize_all(images: np.ndarray, resizing: Resizing) -> np.ndarray:
    """Resize images that have one size.

    Args:
        images: uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3].
        resizing: The new size, and how to get there.

    Returns:
        uint8 [N, side, side, 3]; `images` themselves if nothing changes.

    Raises:
        InputError: If the images cannot be tiled or mirrored to that size.
    """
    if images.ndim == 3:
        images = images[..., None]
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    if resizing.keeps(*images.shape[1:3]):
        return images
    if resizing.resize != "bilinear":
        return _repeat(images, resizing)
    resized = np.empty((len(images), resizing.side, resizing.side, 3), np.uint8)

    def write(row: int) -> None:
        resized[row] = resize(PIL.Image.fromarray(np.ascontiguousarray(images[row])), resizing)

    with ThreadPoolExecutor() as threads:
        for _ in threads.map(write, range(len(images)), chunksize=256):
            pass
    return resized


def _box(width: int, height: int, resizing: Resizing) -> tuple[float, float, float, float]:
    """The part of an image that fills the square: left, top, right and bottom, in pixels of the
    image."""
    if resizing.crop == "stretch":
        return 0, 0, width, height
    scale = min(width, height) / (resizing.shorter_side or resizing.side)
    length = resizing.side * scale
    # Whole pixels of the scaled image, so that one of the right scale is cropped and never blurred.
    left, top = (int((size / scale - resizing.side) / 2 + 1e-6) * scale for size in (width, height))
    return left, top, min(left + length, width), min(top + length, height)


def _repeat(images: np.ndarray, resizing: Resizing) -> np.ndarray:
    """`images` tiled or mirrored, [N, side, side, 3]."""
    height, width = images.shape[1:3]
    if resizing.resize == "tile":
        if resizing.side % height or resizing.side % width:
            raise InputError(
                "--resize tile needs images that fit in whole numbers",
                got=f"{height}x{width} pixels in {resizing.side}",
                accepted="an --image-size that is a multiple of height and width, or "
                "--resize bilinear",
            )
        return np.tile(images, (1, resizing.side // height, resizing.side // width, 1))
    if max(height, width) > resizing.side:
        raise InputError(
            "--resize reflect makes images larger",
            got=f"{height}x{width} pixels in {resizing.side}",
            accepted="a larger --image-size, or --resize bilinear",
        )
    margins = ((0, 0), _margins(height, resizing), _margins(width, resizing), (0, 0))
    return np.pad(images, margins, mode="reflect")


def _margins(length: int, resizing: Resizing) -> tuple[int, int]:
    before = (resizing.side - length) // 2
    return before, resizing.side - length - before
