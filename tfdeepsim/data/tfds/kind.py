"""Any dataset of images of TensorFlow Datasets: the kind `tfds:NAME`. Imports nothing heavy."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.array_dataset import ArrayDataset, Counted, SplitRows
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.resizing import Resizing

SIDE = 64
"""Of images that have no side of their own that encoders take."""

_NAME = re.compile(r"[A-Za-z_]\w*(/[\w.+-]+)?(:[\d.*]+)?")
_SECONDS_OF_IMAGE = 1e-3
"""To prepare it, about."""


def check(rest: str) -> None:
    """Raises InputError if `rest` cannot be the name of a builder; whether it is one is seen
    later."""
    if not _NAME.fullmatch(rest):
        raise InputError(
            "tfds: is followed by the name of a builder",
            got=repr(f"tfds:{rest}"),
            accepted="tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION, for example tfds:cifar10",
        )


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of a dataset without reading it; sizes of splits to within rounding in each
    class."""
    check(rest)
    from tfdeepsim.data.array_dataset import description, only_counted
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.builder import find_builder, is_prepared

    builder = find_builder(rest, root(data_dir))
    counts = {
        name: info.num_examples for name, info in builder.info.splits.items() if info.num_examples
    }
    cost = (0.0, 0.0)
    if not is_prepared(builder):
        cost = (
            max(1.0, float(builder.info.download_size or 0)),
            _SECONDS_OF_IMAGE * sum(counts.values()),
        )
    splits = _split(only_counted(counts), options, rest) if counts else {}
    return description(
        f"tfds:{rest}", Path(builder.data_dir), splits, _view(builder, options), cost
    )


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open a dataset; prepare it first if it is absent and can be had."""
    check(rest)
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.builder import Wanted, find_builder, opened
    from tfdeepsim.data.tfds.raw_split import parts_of

    folder, name = root(data_dir), f"tfds:{rest}"
    view = _view(find_builder(rest, folder), options)  # before a long download
    wanted = Wanted(
        name, f"{folder / rest.partition(':')[0]} prepared elsewhere, or the original files"
    )
    parts, names = parts_of(opened(rest, folder, wanted), folder)
    return ArrayDataset(
        name, parts, _split(parts, options, rest, names), view, folder / "decoded", names
    )


def _view(builder: Any, options: DataOptions) -> Resizing:
    from tfdeepsim.data.array_dataset import refuse_labels
    from tfdeepsim.data.resizing import Resizing
    from tfdeepsim.data.tfds.raw_split import image_side

    refuse_labels(options, f"tfds:{builder.name}")
    return Resizing.of(options, own_side(image_side(builder)))


def own_side(side: int | None) -> int:
    """The side of images as they are, if encoders take it: 64 + 16 n; else 64."""
    return side if side is not None and side >= SIDE and side % 16 == 0 else SIDE


def _split(
    parts: Mapping[str, Counted], options: DataOptions, rest: str, class_names: tuple[str, ...] = ()
) -> SplitRows:
    from tfdeepsim.data.array_dataset import split_parts, whole_parts
    from tfdeepsim.data.dataset import SPLITS

    if set(SPLITS) <= set(parts):
        return whole_parts(parts, options)
    if "train" not in parts:
        raise InputError(
            "a builder needs a split `train`",
            got=f"tfds:{rest} with {', '.join(parts)}",
            accepted="train",
        )
    validation, test = (name if name in parts else None for name in ("validation", "test"))
    labelled = parts["train"].labels is not None
    if test is not None and labelled and parts[test].labels is None:
        test = None  # a competition's, whose labels are secret
    if test is None:  # then people score on what is called validation
        validation, test = None, validation
    return split_parts(parts, options, validation=validation, test=test, class_names=class_names)
