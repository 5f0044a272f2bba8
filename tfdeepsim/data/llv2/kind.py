"""LLv2 as one of the kinds of datasets. Imports nothing heavy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tfdeepsim.data.llv2.size import parse
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions, flag

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.llv2.dataset import Llv2Dataset

# What LLv2 is follows from its size alone.
_FIXED = ("resize", "crop", "shorter_side", "labels", "split", "split_seed")


def check(rest: str) -> None:
    """Raises InputError if `rest` spells no size."""
    parse(rest or "small")


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of LLv2 of this size without making it."""
    from tfdeepsim.data.llv2 import dataset

    _check_options(options)
    return dataset.describe(parse(rest or "small"), data_dir)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> Llv2Dataset:
    """Open LLv2 of this size; simulate it first if it is absent."""
    from tfdeepsim.data.llv2.dataset import Llv2Dataset
    from tfdeepsim.data.llv2.folder import is_made, place, root

    _check_options(options)
    size = parse(rest or "small")
    if not is_made(place(size, data_dir)):
        from tfdeepsim.data.llv2.llv2 import Llv2

        Llv2(config=size.name, data_dir=root(data_dir)).download_and_prepare()
    return Llv2Dataset(size, data_dir)


def _check_options(options: DataOptions) -> None:
    from tfdeepsim.data.llv2.frame import SIDE

    usual = DataOptions()
    for name in _FIXED:
        if getattr(options, name) != getattr(usual, name):
            raise InputError(
                f"{flag(name)} is for image files",
                got=f"{getattr(options, name)} with llv2",
                accepted="llv2 without it; frames and splits follow from llv2/SIZE",
            )
    if options.image_size not in (None, SIDE):
        raise InputError("LLv2's frames have one size", got=options.image_size, accepted=SIDE)
