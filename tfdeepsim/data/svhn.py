"""SVHN (cropped digits) as one of the kinds of datasets. Imports nothing heavy.

As in Pihlgren et al., encoders are trained on `extra`, probes on `train`, and scored on `test`;
validation is cut off both. It is read from the `.mat` files that its authors offer, or by
TensorFlow Datasets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.array_dataset import ArrayDataset, Counted, SplitRows
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.resizing import Resizing

SIDE = 64
"""To which the images of 32 pixels are resized by default, as in Pihlgren et al."""

_COUNTS = {"extra": 531_131, "train": 73_257, "test": 26_032}
_FILES, _PREPARED = 1.58e9, 1.5e9
"""Bytes, about."""
_SECONDS_TO_FETCH = 600
"""About, at 10 MB/s."""

_WANTED = "train_32x32.mat, test_32x32.mat and extra_32x32.mat of ufldl.stanford.edu/housenumbers"


def check(rest: str) -> None:
    """There is only one SVHN."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of SVHN without reading its images."""
    from tfdeepsim.data import svhn_mat
    from tfdeepsim.data.array_dataset import description, only_counted
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.prepared import counts, prepared

    folder, view, cost = root(data_dir), _view(options), (0.0, 0.0)
    counted: Mapping[str, Counted] = only_counted(_COUNTS)
    if files := svhn_mat.find(folder):
        place, counted = files["train"].parent, svhn_mat.parts(files, folder)
    elif made := prepared("svhn_cropped", folder):
        place, counted = made, only_counted(counts(made))
    else:
        place, cost = folder / "svhn_cropped", (_FILES + _PREPARED, _SECONDS_TO_FETCH)
    return description("svhn", place, _split(counted, options), view, cost)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open SVHN from its own files, or through TensorFlow Datasets, which fetches it if it can."""
    from tfdeepsim.data import svhn_mat
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.llv2.folder import root

    folder, view = root(data_dir), _view(options)
    if files := svhn_mat.find(folder):
        parts = svhn_mat.parts(files, folder)
    else:
        from tfdeepsim.data.tfds.builder import Wanted, opened
        from tfdeepsim.data.tfds.raw_split import parts_of

        parts, _ = parts_of(opened("svhn_cropped", folder, Wanted("svhn", _WANTED, _FILES)), folder)
    return ArrayDataset("svhn", parts, _split(parts, options), view, folder / "decoded")


def _view(options: DataOptions) -> Resizing:
    from tfdeepsim.data.array_dataset import refuse_labels
    from tfdeepsim.data.resizing import Resizing

    refuse_labels(options, "svhn")
    return Resizing.of(options, SIDE)


def _split(parts: Mapping[str, Counted], options: DataOptions) -> SplitRows:
    from tfdeepsim.data.array_dataset import split_parts

    return split_parts(parts, options, encoders="extra")
