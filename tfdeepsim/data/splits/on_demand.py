"""Images that are decoded when they are indexed, so that none are kept in memory."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

THREADS = os.cpu_count() or 1
"""Number of images that are decoded at the same time."""


class DecodedOnDemand:
    """Images that are decoded each time they are indexed, in parallel.

    Args:
        decode: Returns an image by its row, uint8 [side, side, 3]; called from several threads.
        count: Number of images, N.
        side: Height and width of an image in pixels.

    Attributes:
        shape: N, side, side, 3.
        dtype: uint8.
        ndim: 4.

    Example:
        >>> images = DecodedOnDemand(lambda row: decode(files[row].read_bytes(), resizing), 100, 64)
        >>> images[[7, 3]].shape
        (2, 64, 64, 3)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, decode: Callable[[int], np.ndarray], count: int, side: int):
        self.shape = (count, side, side, 3)
        self._decode = decode
        self._rows = np.arange(count)
        self._threads = ThreadPoolExecutor(THREADS, "decode")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | slice | np.ndarray | list[int]) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask.

        Raises:
            InputError: If a file cannot be read or decoded.
        """
        rows = self._rows[index]
        if rows.ndim == 0:
            return self._decode(int(rows))
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def fill(places: np.ndarray) -> None:
            for place in places:
                images[place] = self._decode(int(rows[place]))

        for _ in self._threads.map(fill, np.array_split(np.arange(len(rows)), THREADS)):
            pass
        return images
