"""Images that are decoded when they are indexed, so that none are kept in memory."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

THREADS = os.cpu_count() or 1
"""Number of images that are decoded at the same time."""


class DecodedOnDemand:
    """Images that are decoded each time they are indexed, in parallel.

    Args:
        decode: Writes the images of some rows, integers [n], to an array, uint8 [n, side, side, 3];
            called from several threads.
        count: Number of images, N.
        side: Height and width of an image in pixels.
        threads: Number of files that are read and decoded at the same time; None for the number of
            processors.

    Attributes:
        shape: N, side, side, 3.
        dtype: uint8.
        ndim: 4.

    Example:
        >>> def decode(rows, out):
        ...     decode_many(lambda row: files[row].read_bytes(), rows, resizing, out)
        >>> images = DecodedOnDemand(decode, 100, 64)
        >>> images[[7, 3]].shape
        (2, 64, 64, 3)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        decode: Callable[[np.ndarray, np.ndarray], None],
        count: int,
        side: int,
        threads: int | None = None,
    ):
        self.shape = (count, side, side, 3)
        self._decode = decode
        self._rows = np.arange(count)
        self._parts = threads or THREADS
        self._threads = ThreadPoolExecutor(self._parts, "decode")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | slice | np.ndarray | list[int]) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask.

        Raises:
            InputError: If a file cannot be read or decoded.
        """
        rows = self._rows[index]
        images = np.empty((rows.size, *self.shape[1:]), np.uint8)
        if rows.ndim == 0:
            self._decode(rows[None], images)
            return images[0]

        def fill(part: slice) -> None:
            self._decode(rows[part], images[part])

        bounds = np.linspace(0, len(rows), self._parts + 1).astype(int).tolist()
        parts = [slice(*ends) for ends in itertools.pairwise(bounds) if ends[0] < ends[1]]
        for _ in self._threads.map(fill, parts):
            pass
        return images
