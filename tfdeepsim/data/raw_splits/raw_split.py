"""Images as their authors divided them, such as STL-10's `unlabeled`: a raw split."""

import abc
from collections.abc import Callable, Iterator

import numpy as np

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.dataset import Cache
from tfdeepsim.data.resizing import Resizing, resize_all
from tfdeepsim.data.splits.split import Images

BLOCK = 256
"""Number of images that are read at once."""


class RawSplit(abc.ABC):
    """Images in a fixed order, at the sizes that their files have, and their labels.

    Attributes:
        count: Number of images, N.
        labels: Class ids, int64 [N], or numbers to regress, float64 [N, K]; None without labels.
        is_indexed: Whether images can be read in any order, and so at each use.
        read_file: Returns the image file of a row; None if images are not files.

    Example:
        >>> for images in raw_split.blocks(Resizing(64)):
        ...     print(images.shape)
        (256, 64, 64, 3)
        (44, 64, 64, 3)
    """

    count: int
    labels: np.ndarray | None
    is_indexed = False
    read_file: Callable[[int], bytes] | None = None

    @property
    @abc.abstractmethod
    def digest(self) -> str:
        """A checksum, which changes with any image."""

    @abc.abstractmethod
    def blocks(self, resizing: Resizing) -> Iterator[np.ndarray]:
        """All images in order, resized, in arrays uint8 [n, side, side, 3]."""

    def indexed(self, resizing: Resizing) -> Images:
        """All images, resized when they are indexed; only if `is_indexed`."""
        raise NotImplementedError

    def is_ready(self, resizing: Resizing, cache: Cache) -> bool:
        """Whether `indexed` returns, without any decoding, what `cache` would hold."""
        return False


class ArrayRawSplit(RawSplit):
    """A raw split whose images are an array, or anything that is indexed like one.

    Args:
        load: Returns the images, uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3]; called when images
            are needed.
        shape: Shape of that array.
        digest: Returns the checksum; called when it is needed.
        labels: Class ids, int64 [N], or numbers, float64 [N, K]; None without labels.
        mapped: Whether the images lie in a file and not in memory.

    Example:
        >>> raw_split = ArrayRawSplit(lambda: images, images.shape, lambda: "checksum")
        >>> raw_split.indexed(Resizing(64))[0].shape
        (64, 64, 3)
    """

    is_indexed = True

    def __init__(
        self,
        load: Callable[[], Images],
        shape: tuple[int, ...],
        digest: Callable[[], str],
        labels: np.ndarray | None = None,
        *,
        mapped: bool = False,
    ):
        self.count = shape[0]
        self.labels = labels
        self._load = load
        self._shape = shape
        self._digest = digest
        self._mapped = mapped

    @property
    def digest(self) -> str:
        return self._digest()

    def blocks(self, resizing: Resizing) -> Iterator[np.ndarray]:
        images = self._load()
        for rows in batch_slices(self.count, BLOCK):
            yield resize_all(np.asarray(images[rows]), resizing)

    def indexed(self, resizing: Resizing) -> Images:
        images = self._load()
        return images if self._is_unchanged(resizing) else ResizedOnDemand(images, resizing)

    def is_ready(self, resizing: Resizing, cache: Cache) -> bool:
        return self._is_unchanged(resizing) and not (self._mapped and cache == "memory")

    def _is_unchanged(self, resizing: Resizing) -> bool:
        return resizing.keeps(*self._shape[1:3]) and self._shape[3:] == (3,)


class ResizedOnDemand:
    """Images that are resized each time they are indexed.

    Args:
        images: uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3].
        resizing: How to resize them.

    Attributes:
        shape: N, side, side, 3.
        dtype: uint8.
        ndim: 4.

    Example:
        >>> ResizedOnDemand(np.zeros((5, 32, 32), np.uint8), Resizing(64))[[1, 4]].shape
        (2, 64, 64, 3)
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, images: Images, resizing: Resizing):
        self._images = images
        self._resizing = resizing
        self.shape = (len(images), resizing.side, resizing.side, 3)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask."""
        if isinstance(index, int | np.integer):
            return resize_all(np.asarray(self._images[index])[None], self._resizing)[0]
        return resize_all(np.asarray(self._images[index]), self._resizing)
