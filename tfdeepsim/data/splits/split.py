"""One split of a dataset, as arrays."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tfdeepsim.errors import InputError

LABEL = "label"
"""Name of the label in datasets that have only one: class ids, int64 [N], or numbers to regress,
float64 [N, K]."""


class Images(Protocol):
    """Anything that is indexed like an array: in memory, mapped from a file, or decoded at each
    use."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of a row."""

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the elements."""

    @property
    def ndim(self) -> int:
        """`len(shape)`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> np.ndarray:
        """One row for an integer; several for a slice, integers or a mask."""


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels, in a fixed order.

    Attributes:
        images: uint8 [N, H, W, C], an array or anything that is indexed like one.
        labels: Arrays [N, ...] by name; floats are finite. Empty without labels.

    Raises:
        InputError: If labels are not as many as images, or not finite.

    Example:
        >>> split = Split(np.zeros((2, 64, 64, 3), np.uint8), {"label": np.array([0, 1])})
        >>> len(split.images)
        2
    """

    images: Images
    labels: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise InputError(
                "images must be pixels",
                got=f"{self.images.dtype} {list(self.images.shape)}",
                accepted="uint8 [N, H, W, C]",
            )
        for name, values in self.labels.items():
            if len(values) != len(self.images):
                raise InputError(
                    f"there must be a label {name!r} for each image",
                    got=f"{len(values)} labels for {len(self.images)} images",
                    accepted="as many labels as images",
                )
            if np.issubdtype(values.dtype, np.floating):
                _check_finite(name, values)


def _check_finite(name: str, values: np.ndarray) -> None:
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InputError(
            f"label {name!r} must be finite",
            got=f"{values[first].tolist()} at example {first}, one of {np.sum(~finite)} such",
            accepted="numbers that are neither NaN nor infinite",
        )
