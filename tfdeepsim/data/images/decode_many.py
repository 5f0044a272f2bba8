"""Decoding of several image files by one thread, in less time than one by one."""

from collections.abc import Callable, Iterable

import numpy as np
import PIL.Image

from tfdeepsim.data.images.decode import Undecodable, decode_unresized
from tfdeepsim.data.resizing import Resizing, can_resize_together, resize, resize_together
from tfdeepsim.errors import InputError

_GROUP = 64
"""Number of images of one size that are resized together."""


def decode_many(
    read: Callable[[int], bytes], rows: Iterable[int], resizing: Resizing, out: np.ndarray
) -> dict[int, Undecodable | InputError]:
    """Read and decode image files, to the same pixels as `decode`.

    Small images of one size are resized together. This takes less time, and above all it takes the
    interpreter's lock less often, for which several threads would wait.

    Args:
        read: Returns the contents of a file by its row; may raise `Undecodable`.
        rows: The N files.
        resizing: How the images are resized.
        out: Array, uint8 [N, side, side, 3], that the images are written to; places of files that
            fail are left as they are.

    Returns:
        Why files fail, by their places in `rows`: they cannot be decoded, or not be tiled or
        mirrored to the new size.

    Example:
        >>> decode_many(lambda row: paths[row].read_bytes(), range(len(out)), Resizing(64), out)
        {}
    """
    failures: dict[int, Undecodable | InputError] = {}
    groups: dict[tuple[int, int], dict[int, PIL.Image.Image]] = {}
    for place, row in enumerate(rows):
        try:
            image = decode_unresized(read(row), resizing)
        except Undecodable as error:
            failures[place] = error
            continue
        if can_resize_together(image, resizing):
            group = groups.setdefault(image.size, {})
            group[place] = image
            if len(group) == _GROUP:
                _resize_group(groups.pop(image.size), resizing, out)
            continue
        try:
            out[place] = resize(image, resizing)
        except InputError as error:
            failures[place] = error
    for group in groups.values():
        _resize_group(group, resizing, out)
    return failures


def _resize_group(group: dict[int, PIL.Image.Image], resizing: Resizing, out: np.ndarray) -> None:
    out[list(group)] = resize_together([*group.values()], resizing)
