"""ImageNet (ILSVRC 2012) as one of the kinds of datasets. Imports nothing heavy.

Encoders and probes are trained on the training images, with validation cut off them; the official
validation images are the test set, since the labels of the official test set are secret. As in
Dosovitskiy & Brox, images are scaled to a shorter side of 256 pixels, and 227 are cut out of the
middle.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tfdeepsim.data.array_dataset import ArrayDataset, Counted, SplitRows
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.resizing import Resizing

SIDE, SHORTER_SIDE = 227, 256

_COUNTS = {"train": 1_281_167, "validation": 50_000}
_SECONDS_OF_IMAGE = 4e-3
"""To find and decode it, about."""

_WANTED = "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar from image-net.org/download-images"


def check(rest: str) -> None:
    """There is only one ImageNet here."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of ImageNet without decoding it; sizes of splits to within rounding in each
    class."""
    from tfdeepsim.data import imagenet_tars
    from tfdeepsim.data.array_dataset import description, only_counted
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.prepared import counts, prepared

    folder, view = root(data_dir), _view(options)
    counted: Mapping[str, Counted] = only_counted(_COUNTS)
    if tars := imagenet_tars.find(folder):
        place = tars["train"].parent
        if known := imagenet_tars.indexed(tars, folder):
            counted = known
    elif made := prepared("imagenet2012", folder):
        place, counted = made, only_counted(counts(made))
    else:
        place = folder / "downloads" / "manual"
    return description(
        "imagenet", place, _split(counted, options), view, _cost(folder, counted, view, options)
    )


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open ImageNet from its two archives, or where TensorFlow Datasets has prepared it."""
    from tfdeepsim.data import imagenet_tars
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.prepared import prepared
    from tfdeepsim.errors import InputError

    folder, view = root(data_dir), _view(options)
    if tars := imagenet_tars.find(folder):
        parts, names = imagenet_tars.parts(tars, folder), imagenet_tars.synsets()
    elif prepared("imagenet2012", folder):
        from tfdeepsim.data.tfds.builder import find_builder
        from tfdeepsim.data.tfds.raw_split import parts_of

        parts, names = parts_of(find_builder("imagenet2012", folder), folder)
    else:
        raise InputError(
            "ImageNet cannot be fetched for you: its owners want to know who has it",
            got=f"no archives in {folder / 'downloads' / 'manual'}, and no {folder / 'imagenet2012'}",
            accepted=f"{_WANTED}, in {folder / 'downloads' / 'manual'}",
        )
    return ArrayDataset("imagenet", parts, _split(parts, options), view, folder / "decoded", names)


def _view(options: DataOptions) -> Resizing:
    from tfdeepsim.data.array_dataset import refuse_labels
    from tfdeepsim.data.resizing import Resizing

    refuse_labels(options, "imagenet")
    return Resizing.of(options, SIDE, SHORTER_SIDE)


def _split(parts: Mapping[str, Counted], options: DataOptions) -> SplitRows:
    from tfdeepsim.data.array_dataset import split_parts

    return split_parts(parts, options, test="validation")


def _cost(
    folder: Path, counted: Mapping[str, Counted], view: Resizing, options: DataOptions
) -> tuple[float, float]:
    """Bytes and seconds that decoding takes, about; zeros if that is done or not asked for."""
    if options.cache == "none" or any(folder.glob("decoded/imagenet-train-*/")):
        return 0, 0
    count = sum(part.count for part in counted.values())
    return count * 3 * view.side**2, count * _SECONDS_OF_IMAGE
