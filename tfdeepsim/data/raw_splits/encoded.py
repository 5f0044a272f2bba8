"""A part whose images are files of JPEG or PNG, decoded in parallel."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.raw_splits.raw_split import BLOCK, Part
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError


class EncodedPart(Part):
    """Images that are decoded from the bytes of their files.

    Args:
        read: Gives the bytes of an image by its row; called from several threads.
        labels: Class ids, int64 [N].
        digest: A checksum.
        name_of: Gives the name of an image by its row, for errors.
    """

    is_indexed = True

    def __init__(
        self,
        read: Callable[[int], bytes],
        labels: np.ndarray,
        digest: str,
        name_of: Callable[[int], str],
    ):
        self.count = len(labels)
        self.labels = labels
        self._read = read
        self._digest = digest
        self._name_of = name_of

    @property
    def digest(self) -> str:
        return self._digest

    def blocks(self, view: Resizing) -> Iterator[np.ndarray]:
        images = Decoded(self, view)
        for start in range(0, self.count, BLOCK):
            yield images[start : start + BLOCK]

    def indexed(self, view: Resizing) -> Images:
        return Decoded(self, view)

    def decode(self, row: int, view: Resizing) -> np.ndarray:
        """One image, uint8 [side, side, 3].

        Raises:
            InputError: If it cannot be decoded.
        """
        try:
            return decode(self._read(row), view)
        except Undecodable as error:
            raise InputError(
                "every image must be whole",
                got=f"{self._name_of(row)} ({error})",
                accepted="undamaged files",
            ) from error


class Decoded:
    """Images that are decoded when they are indexed.

    Args:
        part: Whose images.
        view: What to show of them.

    Attributes:
        shape: N, side, side, 3.
        dtype: uint8.
        ndim: 4.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, part: EncodedPart, view: Resizing):
        self._part = part
        self._view = view
        self._threads = ThreadPoolExecutor()
        self.shape = (part.count, view.side, view.side, 3)

    def __len__(self) -> int:
        return self._part.count

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask."""
        rows = np.arange(len(self))[index]
        if rows.ndim == 0:
            return self._part.decode(int(rows), self._view)
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def show(place: int) -> None:
            images[place] = self._part.decode(int(rows[place]), self._view)

        for _ in self._threads.map(show, range(len(rows))):
            pass
        return images
