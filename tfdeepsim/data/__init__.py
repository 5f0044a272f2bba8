"""Datasets by name. Imports nothing heavy until a dataset is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfdeepsim.data.llv2 import size as llv2_size
from tfdeepsim.errors import InputError

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Dataset, Description


def check_name(name: str) -> None:
    """Check that `name` spells a dataset.

    Raises:
        InputError: If it does not.
    """
    _parse(name)


def describe(name: str, data_dir: str | os.PathLike | None = None) -> Description:
    """What is known of a dataset without making or reading it.

    Args:
        name: `llv2` or `llv2/SIZE`.
        data_dir: Of all datasets; by default `TFDS_DATA_DIR` or `~/tensorflow_datasets`.

    Raises:
        InputError: If `name` spells no dataset, or if its folder is there but not whole.
    """
    from tfdeepsim.data.llv2 import dataset

    return dataset.describe(_parse(name), data_dir)


def open_dataset(name: str, data_dir: str | os.PathLike | None = None) -> Dataset:
    """Open a dataset; make it first if it is absent.

    Args:
        name: `llv2` or `llv2/SIZE`.
        data_dir: Of all datasets; by default `TFDS_DATA_DIR` or `~/tensorflow_datasets`.

    Raises:
        InputError: If `name` spells no dataset, if its folder is not whole, or if it cannot be made there.
    """
    from tfdeepsim.data.llv2.dataset import Llv2Dataset
    from tfdeepsim.data.llv2.folder import is_made, place, root

    size = _parse(name)
    if not is_made(place(size, data_dir)):
        from tfdeepsim.data.llv2.llv2 import Llv2

        Llv2(config=size.name, data_dir=root(data_dir)).download_and_prepare()
    return Llv2Dataset(size, data_dir)


def _parse(name: str) -> llv2_size.Size:
    kind, slash, size = name.partition("/")
    if kind != "llv2" or (slash and not size):
        raise InputError(
            "dataset must be known",
            got=repr(name),
            accepted=f"llv2, or llv2/SIZE with SIZE {llv2_size.SPELLINGS}",
        )
    return llv2_size.parse(size or "small")
