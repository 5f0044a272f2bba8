"""One split of a dataset, as arrays."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """Images and their labels, in a fixed order.

    Attributes:
        images: uint8 [N, H, W, C], in memory or mapped from a file.
        labels: Arrays [N, ...], by name; a float label is finite.

    Raises:
        InputError: If labels are not as many as images, or not finite.
    """

    images: np.ndarray
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
