"""One split of a dataset, as arrays."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tfdeepsim.errors import InputError


class Images(Protocol):
    """What can be indexed like an array: one in memory, mapped from a file, or read when it is
    asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows first."""

    @property
    def dtype(self) -> np.dtype:
        """Of each element."""

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
        images: uint8 [N, H, W, C], in memory, mapped from a file, or what is indexed like an array.
        labels: Arrays [N, ...], by name; a float label is finite. Empty where there are none.

    Raises:
        InputError: If labels are not as many as images, or not finite.
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
        worst = int(np.argmin(finite))
        raise InputError(
            f"label {name!r} must be finite",
            got=f"{values[worst].tolist()} at example {worst}, one of {np.sum(~finite)} such",
            accepted="numbers that are neither NaN nor infinite",
        )
