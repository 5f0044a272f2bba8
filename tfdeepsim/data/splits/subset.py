"""Some rows of an array, gathered only when they are used."""

import numpy as np

from tfdeepsim.data.splits.split import Images


class Subset:
    """Some rows of an array, in any order; nothing is copied until it is indexed.

    Args:
        array: An array [N, ...], or anything that is indexed like one.
        rows: Rows of `array` that belong to the subset, integers [M].

    Attributes:
        shape: `array.shape`, with M rows.
        dtype: `array.dtype`.
        ndim: `array.ndim`.

    Example:
        >>> Subset(np.arange(10) ** 2, np.array([3, 1]))[:]
        array([9, 1])
    """

    def __init__(self, array: Images, rows: np.ndarray):
        self._array = array
        self._rows = np.asarray(rows, np.int64)
        self.shape = (len(self._rows), *array.shape[1:])
        self.dtype = array.dtype
        self.ndim = array.ndim

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int | slice | np.ndarray | list[int]) -> np.ndarray:
        """One row for an integer; several for a slice, integers or a mask. Always an array in
        memory."""
        return np.asarray(self._array[self._rows[index]])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """All rows, in memory."""
        if copy is False:
            raise ValueError("rows are gathered into a new array")
        return np.asarray(self[:], dtype)
