"""Arrays in a NumPy archive: the kind of dataset `npz:FILE`. Imports nothing heavy.

The archive holds `images`, and may hold `labels` and `split`; or it holds what Keras' datasets do,
`x_train` and `x_test`, with `y_train` and `y_test` if there are labels.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.dataset import Description


def check(rest: str) -> None:
    """Any name may be that of a file; whether there is one is seen when it is read."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of an archive without reading its images."""
    from tfdeepsim.data.array_dataset import description
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.npz_file import open_parts

    opened = open_parts(rest, root(data_dir), options)
    return description(f"npz:{rest}", opened.path, opened.splits, opened.view)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open an archive; its images are read when they are needed."""
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.npz_file import open_parts

    folder = root(data_dir)
    opened = open_parts(rest, folder, options)
    return ArrayDataset(
        f"npz:{rest}",
        opened.parts,
        opened.splits,
        opened.view,
        folder / "decoded",
        opened.class_names,
    )
