"""Decoding of image files of any kind."""

import io

import numpy as np
import PIL.Image
import PIL.ImageOps
import PIL.JpegImagePlugin

from tfdeepsim.data.images.plain_jpeg import plain_jpeg
from tfdeepsim.data.images.plain_png import plain_png
from tfdeepsim.data.resizing import Resizing, resize

VERSION = 1
"""Version of the decoder in fingerprints of datasets: it rises with every change that concerns most
images."""
CACHE_VERSION = 2
"""Version of the decoder in names of cached pixels: it rises with every change."""

_PNG = b"\x89PNG\r\n\x1a\n"
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_TRANSPARENT_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
# Where a file may state its orientation.
_ORIENTATION_KEYS = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")


class Undecodable(ValueError):
    """A file that is not an image, or not a complete one; its text is the reason.

    Example:
        >>> decode(b"", Resizing(64))
        Traceback (most recent call last):
        tfdeepsim.data.images.decode.Undecodable: an empty file
    """


def decode(data: bytes, resizing: Resizing) -> np.ndarray:
    """Decode one image file and resize the image. The format is recognised by the contents of the
    file.

    Grey images get three equal channels, 16 bits become 8 by scaling, transparency shows white,
    CMYK becomes RGB, the orientation in EXIF is applied, and of several frames the first is used.

    Args:
        data: The complete file: JPEG, PNG, BMP, GIF or WebP.
        resizing: How to resize the image. Large JPEGs are decoded at a fraction of their size,
            which is never below the size that the resizing needs.

    Returns:
        uint8 [side, side, 3].

    Raises:
        Undecodable: If the file is not such an image, is cut short, or has more pixels than
            `resizing.max_pixels`.
        InputError: If the image cannot be tiled or mirrored to the new size.
    """
    return resize(decode_unresized(data, resizing), resizing)


def decode_unresized(data: bytes, resizing: Resizing) -> PIL.Image.Image:
    """The RGB image that `decode` resizes; arguments and errors as there."""
    # Whatever error a damaged file causes in a decoder, it must not stop the reading of others.
    try:
        return _rgb(
            plain_jpeg(data, resizing) or plain_png(data, resizing) or open_image(data, resizing)
        )
    except Undecodable:
        raise
    except PIL.UnidentifiedImageError as error:
        raise Undecodable("no JPEG, PNG, BMP, GIF or WebP image") from error
    except Exception as error:
        raise Undecodable(str(error).partition("\n")[0][:120] or type(error).__name__) from error


def open_image(data: bytes, resizing: Resizing) -> PIL.Image.Image:
    """The first frame of an image file, as it is stored; of a large JPEG, a reduced version that is
    large enough for `resizing`."""
    if not data:
        raise Undecodable("an empty file")
    image = PIL.Image.open(io.BytesIO(data), formats=_FORMATS)
    if image.width * image.height > resizing.max_pixels:
        limit = f"{resizing.max_pixels:,} of --max-pixels"
        raise Undecodable(f"{image.width}x{image.height} pixels, more than {limit}")
    if "transparency" in image.info and data[:25].startswith(_PNG) and data[24] == 16:
        return _deep_with_transparent_colour(data, image)
    if isinstance(image, PIL.JpegImagePlugin.JpegImageFile) and resizing.resize == "bilinear":
        image.draft(None, resizing.smallest(image.width, image.height))  # type: ignore[arg-type]
    image.load()
    return image


def _rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if any(key in image.info for key in _ORIENTATION_KEYS):
        image = _oriented(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _DEEP_MODES:
        deep = np.clip(np.asarray(image), 0, 65535)
        return PIL.Image.fromarray(_to_8_bits(np.rint(deep))).convert("RGB")
    if image.mode in _TRANSPARENT_MODES or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = PIL.Image.new("RGBA", layer.size, "white")
        return PIL.Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _deep_with_transparent_colour(data: bytes, image: PIL.Image.Image) -> PIL.Image.Image:
    """A PNG of 16 bits in which one colour is transparent, in 8 bits. Pillow would compare colours
    in 8 bits, in which several are that one."""
    # Loaded for such files only.
    import tensorflow as tf

    deep = tf.io.decode_png(data, channels=4, dtype=tf.uint16).numpy()
    layer = PIL.Image.fromarray(_to_8_bits(deep))
    layer.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return layer


def _to_8_bits(deep: np.ndarray) -> np.ndarray:
    """Values of 0 to 65535 as 0 to 255: divided by 257, so that the brightest stays so."""
    pixels = np.empty(deep.shape, np.uint8)
    for row, values in enumerate(deep):  # row by row: a copy of all would be four times as large
        pixels[row] = (values.astype(np.uint32) + 128) // 257
    return pixels


def _oriented(image: PIL.Image.Image) -> PIL.Image.Image:
    """The image in the orientation that its file states; as it is if that cannot be read."""
    try:
        return PIL.ImageOps.exif_transpose(image)
    except Exception:
        return image
