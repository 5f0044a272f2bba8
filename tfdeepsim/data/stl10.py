"""STL-10 as one of the kinds of datasets. Imports nothing heavy.

As in Pihlgren et al., encoders are trained on `unlabeled`, probes on `train`, and scored on `test`;
validation is cut off both. It is read from the files that its authors offer, or by TensorFlow
Datasets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.array_dataset import ArrayDataset, Counted, SplitRows
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.resizing import Resizing

SIDE = 96

_COUNTS = {"unlabeled": 100_000, "train": 5_000, "test": 8_000}
_ARCHIVE, _EXTRACTED, _PREPARED = 2.64e9, 3.13e9, 2.5e9
"""Bytes, about."""
_SECONDS_TO_EXTRACT, _SECONDS_TO_FETCH = 60, 600
"""About; the second at 10 MB/s."""

_WANTED = "stl10_binary.tar.gz (or the folder that is in it) of ai.stanford.edu/~acoates/stl10"


def check(rest: str) -> None:
    """There is only one STL-10."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of STL-10 without reading its images."""
    from tfdeepsim.data import stl10_binary
    from tfdeepsim.data.array_dataset import description, only_counted
    from tfdeepsim.data.llv2.folder import root
    from tfdeepsim.data.tfds.prepared import counts, prepared

    folder, view, cost = root(data_dir), _view(options), (0.0, 0.0)
    counted: Mapping[str, Counted] = only_counted(_COUNTS)
    if place := stl10_binary.find(folder):
        counted = stl10_binary.parts(place, folder)
    elif place := stl10_binary.find_archive(folder):
        cost = (_EXTRACTED, _SECONDS_TO_EXTRACT)
    elif place := prepared("stl10", folder):
        counted = only_counted(_renamed(counts(place)))
    else:
        place, cost = folder / "stl10", (_ARCHIVE + _PREPARED, _SECONDS_TO_FETCH)
    return description("stl10", place, _split(counted, options), view, cost)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open STL-10 from its own files, or through TensorFlow Datasets, which fetches it if it
    can."""
    from tfdeepsim.data import stl10_binary
    from tfdeepsim.data.array_dataset import ArrayDataset
    from tfdeepsim.data.llv2.folder import root

    folder, view = root(data_dir), _view(options)
    place = stl10_binary.find(folder) or stl10_binary.extracted(folder)
    if place:
        parts = stl10_binary.parts(place, folder)
        return stl10_binary.Stl10Binary(
            place, parts, _split(parts, options), view, folder / "decoded"
        )
    from tfdeepsim.data.tfds.builder import Wanted, opened
    from tfdeepsim.data.tfds.raw_split import parts_of

    wanted = Wanted("stl10", _WANTED, _ARCHIVE)
    read, names = parts_of(opened("stl10", folder, wanted), folder)
    parts = _renamed(read)
    return ArrayDataset("stl10", parts, _split(parts, options), view, folder / "decoded", names)


def _view(options: DataOptions) -> Resizing:
    from tfdeepsim.data.array_dataset import refuse_labels
    from tfdeepsim.data.resizing import Resizing

    refuse_labels(options, "stl10")
    return Resizing.of(options, SIDE)


def _renamed(parts: dict[str, Any]) -> dict[str, Any]:
    """Parts by the names of the original files; TensorFlow Datasets spells one otherwise."""
    return {"unlabeled" if name == "unlabelled" else name: part for name, part in parts.items()}


def _split(parts: Mapping[str, Counted], options: DataOptions) -> SplitRows:
    from tfdeepsim.data.array_dataset import split_parts

    return split_parts(parts, options, encoders="unlabeled")
