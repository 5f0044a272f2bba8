"""From the bytes of an image file to pixels, whatever kind of image it is."""

import io

import numpy as np
import PIL.Image
import PIL.ImageOps
import PIL.JpegImagePlugin

from tfdeepsim.data.resizing import Resizing, fit

VERSION = 1
"""Goes up with every change of the pixels that come out, so that none that were kept pass for new
ones."""

_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_TRANSPARENT = ("RGBA", "RGBa", "LA", "La", "PA")
# Where a file may say how it is to be turned.
_TURNING = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")


class Undecodable(ValueError):
    """A file that is no image, or not a whole one; its text is the reason."""


def decode(data: bytes, view: Resizing) -> np.ndarray:
    """Decode one image file and fit it. Content decides what it is, whatever its name.

    Grey images get three equal channels, 16 bits become 8 by scaling, transparency shows white,
    CMYK becomes RGB, files turned by EXIF are turned, of several frames the first counts.

    Args:
        data: The whole file: JPEG, PNG, BMP, GIF or WebP.
        view: Size, and how to get there. Large JPEGs are decoded at a fraction of their size, which
            is never below what the view needs.

    Returns:
        uint8 [side, side, 3].

    Raises:
        Undecodable: If it is no such image, cut short, or of more pixels than
            `PIL.Image.MAX_IMAGE_PIXELS`.
        InputError: As `fit`.
    """
    # Whatever a damaged file makes a decoder raise, it is one file and no reason to stop.
    try:
        image = _rgb(open_image(data, view))
    except Undecodable:
        raise
    except PIL.UnidentifiedImageError as error:
        raise Undecodable("no JPEG, PNG, BMP, GIF or WebP image") from error
    except Exception as error:
        raise Undecodable(str(error).partition("\n")[0][:120] or type(error).__name__) from error
    return fit(image, view)


def open_image(data: bytes, view: Resizing) -> PIL.Image.Image:
    """The first frame, whole, as it is stored; of a large JPEG a fraction that is large enough for
    `view`."""
    if not data:
        raise Undecodable("an empty file")
    image = PIL.Image.open(io.BytesIO(data), formats=_FORMATS)
    limit = PIL.Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise Undecodable(f"{image.width}x{image.height} pixels, more than {limit:,}")
    if isinstance(image, PIL.JpegImagePlugin.JpegImageFile) and view.resize == "bilinear":
        image.draft(None, _least(image.width, image.height, view))  # type: ignore[arg-type]
    image.load()
    return image


def _least(width: int, height: int, view: Resizing) -> tuple[int, int]:
    """The smallest width and height from which the view is made by making smaller, or by a cut
    alone."""
    if view.crop == "stretch":
        return view.side, view.side
    shorter, longer = view.shorter_side or view.side, max(width, height)
    # Rounded down: the shorter side decides, and the longer one is as much larger as in the file.
    scaled = longer * shorter // min(width, height)
    return (scaled, shorter) if width > height else (shorter, scaled)


def _rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if any(key in image.info for key in _TURNING):
        image = _turned(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _DEEP:
        # By 257, so that the brightest of 16 bits is the brightest of 8.
        deep = np.clip(np.asarray(image, np.float64), 0, 65535)
        return PIL.Image.fromarray(np.rint(deep / 257).astype(np.uint8)).convert("RGB")
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = PIL.Image.new("RGBA", layer.size, "white")
        return PIL.Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _turned(image: PIL.Image.Image) -> PIL.Image.Image:
    """As a camera says that it was held; as it is, if what it says cannot be read."""
    try:
        return PIL.ImageOps.exif_transpose(image)
    except Exception:
        return image
