"""JPEG files without anything unusual, decoded with little of Python's work.

Pillow reads headers in Python, which takes longer than to decode a thumbnail. Most files need only
their size from it; Pillow's decoder, which is the same one either way, reads the rest by itself.
"""

import PIL.Image

from tfdeepsim.data.resizing import Resizing
from tfdeepsim.options import MAX_PIXELS

_SCAN, _QUANTIZATION = 0xDA, 0xDB
_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive frames."""
_HARMLESS = {0xE0: 16, 0xEE: 14, 0xFE: 2, 0xC4: 2, 0xDD: 2}
"""Segments that change neither the orientation nor which picture is shown (JFIF, Adobe, comment,
Huffman tables, restart interval), and the length from which on they are whole."""
_MODES = {1: "L", 3: "RGB"}


def plain_jpeg(data: bytes, resizing: Resizing) -> PIL.Image.Image | None:
    """Decode a plain JPEG file, to the same pixels as `PIL.Image.open`.

    Args:
        data: The complete file.
        resizing: How the image will be resized; it is decoded at the smallest fraction of its size
            that this needs.

    Returns:
        None for any file that has to be looked at more closely: another format, EXIF data, a colour
        profile, several pictures, CMYK, damage, or anything unexpected.

    Example:
        >>> plain_jpeg(Path("thumbnail.jpg").read_bytes(), Resizing(64)).size
        (32, 32)
    """
    frame = _frame(data)
    if frame is None:
        return None
    width, height, channels = frame
    largest = min(resizing.max_pixels, PIL.Image.MAX_IMAGE_PIXELS or MAX_PIXELS)
    mode, pixels = _MODES.get(channels), width * height
    if mode is None or not 0 < pixels <= largest:
        return None
    scale = 1
    if resizing.resize == "bilinear":
        needed = resizing.smallest(width, height)
        most = min(width // needed[0], height // needed[1])
        scale = next(scale for scale in (8, 4, 2, 1) if most >= scale or scale == 1)
    size = -(-width // scale), -(-height // scale)
    try:
        # The last values: colours as the file says, the fraction, and no faster, coarser decoding.
        return PIL.Image.frombytes(mode, size, data, "jpeg", mode, "", scale, 0)
    except Exception:  # the reason is found when it is looked at more closely
        return None


def _frame(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and number of channels; None if there is anything but harmless segments before
    the scan."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    frame, place, end = None, 2, len(data) - 10
    while place < end and data[place] == 0xFF:
        marker = data[place + 1]
        length = data[place + 2] << 8 | data[place + 3]
        if marker == _SCAN:
            return frame
        if marker in _FRAMES:
            bits, channels = data[place + 4], data[place + 9]
            if frame is not None or bits != 8 or length != 8 + 3 * channels:
                return None
            height = data[place + 5] << 8 | data[place + 6]
            width = data[place + 7] << 8 | data[place + 8]
            frame = width, height, channels
        elif marker == _QUANTIZATION:
            kinds = data[place + 4 : place + 2 + length : 65]
            if length % 65 != 2 or max(kinds, default=0) > 15:  # not only whole tables of 8 bits
                return None
        elif length < _HARMLESS.get(marker, 1 << 16):
            return None
        place += 2 + length
    return None
