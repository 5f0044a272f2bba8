"""A raw split whose images are JPEG or PNG files, decoded in parallel."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.images.decode_many import decode_many
from tfdeepsim.data.raw_splits.raw_split import BLOCK, RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.on_demand import DecodedOnDemand
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError


class EncodedRawSplit(RawSplit):
    """A raw split whose images are decoded from the bytes of their files.

    Args:
        read: Returns the bytes of an image by its row; called from several threads.
        count: Number of images, N.
        digest: A checksum, which changes with any image.
        name_of: Returns the name of an image by its row, for messages.
        labels: Class ids, int64 [N]; None without labels.
        threads: Number of images that are read at the same time; None for the number of processors.

    Example:
        >>> raw_split = EncodedRawSplit(lambda row: files[row].read_bytes(), 9, "checksum", str)
        >>> raw_split.indexed(Resizing(64))[0].shape
        (64, 64, 3)
    """

    is_indexed = True

    def __init__(
        self,
        read: Callable[[int], bytes],
        count: int,
        digest: str,
        name_of: Callable[[int], str],
        labels: np.ndarray | None = None,
        threads: int | None = None,
    ):
        self.count = count
        self.labels = labels
        self.read_file = read
        self._read = read
        self._digest = digest
        self._name_of = name_of
        self._threads = threads

    @property
    def digest(self) -> str:
        return self._digest

    def blocks(self, resizing: Resizing) -> Iterator[np.ndarray]:
        images = self.indexed(resizing)
        for rows in batch_slices(self.count, BLOCK):
            yield images[rows]

    def indexed(self, resizing: Resizing) -> Images:
        decode = functools.partial(self._decode, resizing=resizing)
        return DecodedOnDemand(decode, self.count, resizing.side, self._threads)

    def _decode(self, rows: np.ndarray, out: np.ndarray, resizing: Resizing) -> None:
        for place, error in decode_many(self._read, rows.tolist(), resizing, out).items():
            if isinstance(error, InputError):
                raise error
            raise InputError(
                "every image must be whole",
                got=f"{self._name_of(int(rows[place]))} ({error})",
                accepted="undamaged files",
            ) from error
