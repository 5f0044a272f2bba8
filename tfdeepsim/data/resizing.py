"""Images of any size, brought to the one size that an encoder takes."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image

from tfdeepsim.errors import InputError
from tfdeepsim.options import CHOICES, DataOptions

_REDUCING_GAP = 2.0
"""A large image is first averaged over whole blocks, to this many times the size asked for or
more."""


@dataclasses.dataclass(frozen=True)
class Resizing:
    """What an encoder sees of an image: a square of `side` pixels.

    Attributes:
        side: Height and width, in pixels.
        resize: `bilinear` (antialiased), `tile` (the image again and again) or `reflect` (edges
            mirrored).
        crop: Of `bilinear`: `center` keeps proportions and cuts the longer side; `stretch` keeps
            all.
        shorter_side: Of `center`: pixels of the shorter side before the crop, `side` or more; None
            for `side`.

    Raises:
        InputError: If one is unknown, or the shorter side is smaller than the square to be cut out.
    """

    side: int
    resize: str = "bilinear"
    crop: str = "center"
    shorter_side: int | None = None

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
        """What names these settings in fingerprints and cached files; it never changes."""
        fields = dataclasses.asdict(self).items()
        return f"View({', '.join(f'{name}={value!r}' for name, value in fields)})"

    @classmethod
    def of(
        cls, options: DataOptions, default_side: int, default_shorter_side: int | None = None
    ) -> Resizing:
        """The view that `options` ask for.

        Args:
            options: Whose `image_size` and `shorter_side` are None for the dataset's own.
            default_side: Of images of this dataset.
            default_shorter_side: Before the crop to `default_side`; not used with another size.
        """
        shorter_side = options.shorter_side
        if shorter_side is None and (options.image_size, options.resize, options.crop) == (
            None,
            "bilinear",
            "center",
        ):
            shorter_side = default_shorter_side
        return cls(options.image_size or default_side, options.resize, options.crop, shorter_side)

    def keeps(self, height: int, width: int) -> bool:
        """Whether an image of this size goes through as it is."""
        return height == width == self.side == (self.shorter_side or self.side)


def fit(image: PIL.Image.Image, view: Resizing) -> np.ndarray:
    """One image, as `view` shows it.

    Args:
        image: Of any size; grey ones get three equal channels.
        view: Size, and how to get there.

    Returns:
        uint8 [side, side, 3]; the same pixels, bit for bit, if the size is right already.

    Raises:
        InputError: If it can be neither tiled nor mirrored to that size.
    """
    if image.mode != "RGB":
        image = image.convert("RGB")
    if view.keeps(image.height, image.width):
        return np.asarray(image)
    if view.resize != "bilinear":
        return _repeat(np.asarray(image)[None], view)[0]
    box = _box(image.width, image.height, view)
    if (box[2] - box[0], box[3] - box[1]) == (view.side, view.side) and box == tuple(map(int, box)):
        # Nothing to scale: a resize would give the same pixels, slower.
        return np.asarray(image.crop(box))
    # Antialiased: each new pixel is a mean over all old ones that it covers.
    shown = image.resize(
        (view.side, view.side), PIL.Image.Resampling.BILINEAR, box=box, reducing_gap=_REDUCING_GAP
    )
    return np.asarray(shown)


def resize_all(images: np.ndarray, view: Resizing) -> np.ndarray:
    """Images of one size, as `view` shows them.

    Args:
        images: uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3].
        view: Size, and how to get there.

    Returns:
        uint8 [N, side, side, 3]; `images` themselves, if nothing changes.

    Raises:
        InputError: As `fit`.
    """
    if images.ndim == 3:
        images = images[..., None]
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    if view.keeps(*images.shape[1:3]):
        return images
    if view.resize != "bilinear":
        return _repeat(images, view)
    shown = np.empty((len(images), view.side, view.side, 3), np.uint8)

    def write(row: int) -> None:
        shown[row] = fit(PIL.Image.fromarray(np.ascontiguousarray(images[row])), view)

    with ThreadPoolExecutor() as threads:
        for _ in threads.map(write, range(len(images)), chunksize=256):
            pass
    return shown


def _box(width: int, height: int, view: Resizing) -> tuple[float, float, float, float]:
    """The part of an image that fills the view: left, top, right, bottom, in pixels of the
    image."""
    if view.crop == "stretch":
        return 0, 0, width, height
    scale = min(width, height) / (view.shorter_side or view.side)
    part = view.side * scale
    # Whole pixels of the scaled image, so that one of the right scale is cut and never blurred.
    left, top = (int((length / scale - view.side) / 2 + 1e-6) * scale for length in (width, height))
    return left, top, min(left + part, width), min(top + part, height)


def _repeat(images: np.ndarray, view: Resizing) -> np.ndarray:
    """`images` tiled or mirrored, [N, side, side, 3]."""
    height, width = images.shape[1:3]
    if view.resize == "tile":
        if view.side % height or view.side % width:
            raise InputError(
                "--resize tile needs images that fit in whole numbers",
                got=f"{height}x{width} pixels in {view.side}",
                accepted="an --image-size that is a multiple of height and width, or --resize bilinear",
            )
        return np.tile(images, (1, view.side // height, view.side // width, 1))
    if max(height, width) > view.side:
        raise InputError(
            "--resize reflect makes images larger",
            got=f"{height}x{width} pixels in {view.side}",
            accepted="a larger --image-size, or --resize bilinear",
        )
    return np.pad(
        images, ((0, 0), _margins(height, view), _margins(width, view), (0, 0)), mode="reflect"
    )


def _margins(length: int, view: Resizing) -> tuple[int, int]:
    before = (view.side - length) // 2
    return before, view.side - length - before
