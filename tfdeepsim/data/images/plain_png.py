"""PNG files without anything unusual, decoded with little of Python's work; see `plain_jpeg`."""

import zlib

import PIL.Image

from tfdeepsim.data.resizing import Resizing
from tfdeepsim.options import MAX_PIXELS

_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_KINDS = {b"\x08\0\0\0\0": "L", b"\x08\x02\0\0\0": "RGB"}
"""Bits, colours, compression, filters and interlacing of the header, and the mode of the image."""
_HARMLESS = {b"gAMA": 4, b"sRGB": 1, b"pHYs": 9}
"""Chunks that change no pixel, and their lengths."""


def plain_png(data: bytes, resizing: Resizing) -> PIL.Image.Image | None:
    """Decode a plain PNG file, to the same pixels as `PIL.Image.open`.

    Args:
        data: The complete file.
        resizing: How the image will be resized, of which only `max_pixels` is used.

    Returns:
        None for any file that has to be looked at more closely: another format, a palette,
        transparency, 16 bits, texts, EXIF data, damage, or anything unexpected.

    Example:
        >>> plain_png(Path("thumbnail.png").read_bytes(), Resizing(64)).size
        (32, 32)
    """
    if not data.startswith(_START):
        return None
    largest = min(resizing.max_pixels, PIL.Image.MAX_IMAGE_PIXELS or MAX_PIXELS)
    mode = _KINDS.get(data[24:29])
    size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if mode is None or not 0 < size[0] * size[1] <= largest:
        return None
    parts = _compressed(data)
    try:
        return None if parts is None else PIL.Image.frombytes(mode, size, parts, "zip", mode)
    except Exception:  # the reason is found when it is looked at more closely
        return None


def _compressed(data: bytes) -> bytes | None:
    """The compressed pixels; None if there is anything but harmless chunks beside them."""
    parts: list[bytes] = []
    place, end = 8, len(data)
    while place + 12 <= end:
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        after = place + 12 + length
        if kind == b"IEND":
            return b"".join(parts) if parts else None
        if kind == b"IDAT":
            parts.append(data[place + 8 : after - 4])
        elif _is_unexpected(kind, length, place, bool(parts)) or _is_damaged(data[place:after]):
            return None
        place = after
    return None


def _is_unexpected(kind: bytes, length: int, place: int, is_behind: bool) -> bool:
    if kind == b"IHDR":
        return place != 8
    return is_behind or _HARMLESS.get(kind) != length


def _is_damaged(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:])
