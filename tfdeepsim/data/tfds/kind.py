"""Any dataset of images in TensorFlow Datasets: the kind `tfds:NAME`. TensorFlow is imported only
when a dataset is described or opened."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.data.array_dataset import (
    ArrayDataset,
    RawSplits,
    SplitRows,
    describe_splits,
    divide_raw_splits,
    refuse_labels,
    sizes_of,
    use_raw_splits,
)
from tfdeepsim.data.dataset import SPLITS, Description
from tfdeepsim.data.paths import data_root, decoded_folder
from tfdeepsim.data.resizing import Resizing, side_for
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_NAME = re.compile(r"[A-Za-z_]\w*(/[\w.+-]+)?(:[\d.*]+)?")
_SECONDS_OF_IMAGE = 1e-3
"""Approximate time to prepare an image."""


def check(rest: str) -> None:
    """Raises InputError if `rest` cannot be the name of a builder; whether there is such a builder
    is checked when it is used."""
    if not _NAME.fullmatch(rest):
        raise InputError(
            "tfds: is followed by the name of a builder",
            got=repr(f"tfds:{rest}"),
            accepted="tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:VERSION, for example tfds:cifar10",
        )


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of a dataset without reading it; sizes of splits are exact but for rounding in
    each class."""
    check(rest)
    from tfdeepsim.data.tfds.builder import find_builder, is_prepared

    builder = find_builder(rest, data_root(data_dir))
    counts = {
        name: info.num_examples for name, info in builder.info.splits.items() if info.num_examples
    }
    cost = (0.0, 0.0)
    if not is_prepared(builder):
        size = max(1.0, float(builder.info.download_size or 0))
        cost = (size, _SECONDS_OF_IMAGE * sum(counts.values()))
    splits = _divide(sizes_of(counts), options, rest) if counts else {}
    folder, resizing = Path(builder.data_dir), _resizing(builder, options)
    return describe_splits(f"tfds:{rest}", folder, splits, resizing, cost)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open a dataset; TensorFlow Datasets downloads and prepares it first unless it is prepared."""
    check(rest)
    from tfdeepsim.data.tfds.builder import ManualFiles, find_builder, prepared_builder
    from tfdeepsim.data.tfds.raw_split import read_raw_splits

    root, name = data_root(data_dir), f"tfds:{rest}"
    resizing = _resizing(find_builder(rest, root), options)  # fails before a long download
    files = f"{root / rest.partition(':')[0]} prepared elsewhere, or the original files"
    builder = prepared_builder(rest, root, ManualFiles(name, files))
    raw_splits, names = read_raw_splits(builder, root)
    splits = _divide(raw_splits, options, rest, names)
    return ArrayDataset(name, raw_splits, splits, resizing, decoded_folder(root), names)


def _resizing(builder: tfds.core.DatasetBuilder, options: DataOptions) -> Resizing:
    from tfdeepsim.data.tfds.raw_split import image_side

    refuse_labels(options, f"tfds:{builder.name}")
    return Resizing.of(options, side_for(image_side(builder)))


def _divide(
    raw_splits: RawSplits, options: DataOptions, rest: str, class_names: tuple[str, ...] = ()
) -> SplitRows:
    if set(SPLITS) <= set(raw_splits):
        return use_raw_splits(raw_splits, options)
    if "train" not in raw_splits:
        raise InputError(
            "a builder needs a split `train`",
            got=f"tfds:{rest} with {', '.join(raw_splits)}",
            accepted="train",
        )
    validation, test = (name if name in raw_splits else None for name in ("validation", "test"))
    has_labels = raw_splits["train"].labels is not None
    if test is not None and has_labels and raw_splits[test].labels is None:
        test = None  # the test set of a competition, whose labels are secret
    if test is None:  # then the set called validation is the one that is used for testing
        validation, test = None, validation
    return divide_raw_splits(
        raw_splits, options, validation=validation, test=test, class_names=class_names
    )
