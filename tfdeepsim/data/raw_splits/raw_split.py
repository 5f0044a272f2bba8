"""Images that came together, such as STL-10's `unlabeled`, before they are split."""

import abc
from collections.abc import Callable, Iterator

import numpy as np

from tfdeepsim.data.dataset import Cache
from tfdeepsim.data.resizing import Resizing, resize_all
from tfdeepsim.data.splits.split import Images

BLOCK = 256
"""Images that are read at once."""


class Part(abc.ABC):
    """Images in a fixed order, as their files give them, and their labels.

    Attributes:
        count: Number of images, N.
        labels: Class ids int64 [N], or numbers float32 [N, K]; None where there are none.
        is_indexed: Whether images can be read in any order, and so at each use.
    """

    count: int
    labels: np.ndarray | None
    is_indexed = False

    @property
    @abc.abstractmethod
    def digest(self) -> str:
        """A checksum: it changes with any image."""

    @abc.abstractmethod
    def blocks(self, view: Resizing) -> Iterator[np.ndarray]:
        """All images in order, as `view` shows them, uint8 [n, side, side, 3] each."""

    def indexed(self, view: Resizing) -> Images:
        """The images as `view` shows them, read when they are indexed; only if `is_indexed`."""
        raise NotImplementedError

    def is_ready(self, view: Resizing, cache: Cache) -> bool:
        """Whether `indexed` gives at no cost what `cache` asks for."""
        return False


class ArrayPart(Part):
    """Images that are indexed like an array.

    Args:
        load: Gives the images, uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3]; called when they are
            needed.
        shape: Of what it gives.
        digest: Gives a checksum; called when it is needed.
        labels: As `Part.labels`.
        mapped: Whether the images lie in a file and not in memory.
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

    def blocks(self, view: Resizing) -> Iterator[np.ndarray]:
        images = self._load()
        for start in range(0, self.count, BLOCK):
            yield resize_all(np.asarray(images[start : start + BLOCK]), view)

    def indexed(self, view: Resizing) -> Images:
        images = self._load()
        return images if self._keeps(view) else Fitted(images, view)

    def is_ready(self, view: Resizing, cache: Cache) -> bool:
        return self._keeps(view) and not (self._mapped and cache == "memory")

    def _keeps(self, view: Resizing) -> bool:
        return view.keeps(*self._shape[1:3]) and self._shape[3:] == (3,)


class Fitted:
    """Images that are brought to their size when they are indexed.

    Args:
        images: uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3].
        view: What to show of them.

    Attributes:
        shape: N, side, side, 3.
        dtype: uint8.
        ndim: 4.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, images: Images, view: Resizing):
        self._images = images
        self._view = view
        self.shape = (len(images), view.side, view.side, 3)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        """One image for an integer; several for a slice, integers or a mask."""
        if isinstance(index, int | np.integer):
            return resize_all(np.asarray(self._images[index])[None], self._view)[0]
        return resize_all(np.asarray(self._images[index]), self._view)
