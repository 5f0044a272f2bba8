"""SVHN (cropped digits) as one of the kinds of datasets.

As in Pihlgren et al. 2020, encoders are trained on `extra`, and probes are trained on `train` and
scored on `test`; validation images are taken from `extra` and `train`. Without the file of `extra`,
encoders are trained on `train`. The images are read from the files that the authors of SVHN offer,
in the format of MATLAB 5, or by TensorFlow Datasets.
"""

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.data.array_dataset import (
    ArrayDataset,
    RawSplits,
    SplitRows,
    describe_splits,
    divide_raw_splits,
    encoder_part,
    encoder_part_note,
    refuse_labels,
    sizes_of,
)
from tfdeepsim.data.dataset import Description
from tfdeepsim.data.digests import file_digest
from tfdeepsim.data.mat_file import MatFileError, list_mat_arrays, read_mat_array
from tfdeepsim.data.paths import data_root, decoded_folder, download_folders, remembered_digests
from tfdeepsim.data.raw_splits.raw_split import ArrayRawSplit, RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.tfds.prepared import example_counts, prepared_folder
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

SIDE = 64
"""Height and width in pixels that images of 32x32 are resized to by default, as in Pihlgren et al.
2020."""

_ENCODERS = "extra"
_COUNTS = {"extra": 531_131, "train": 73_257, "test": 26_032}
_SHAPE = (32, 32, 3)
_DOWNLOAD_BYTES, _PREPARED_BYTES = 1.58e9, 1.5e9
"""Approximate sizes."""
_SECONDS_TO_FETCH = 600
"""Approximate time, at 10 MB/s."""


def check(rest: str) -> None:
    """There is only one SVHN, so nothing can be wrong with its name."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of SVHN without reading its images."""
    root, resizing, cost = data_root(data_dir), _resizing(options), (0.0, 0.0)
    raw_splits: RawSplits = sizes_of(_COUNTS)
    if files := find_files(root):
        folder, raw_splits = files["train"].parent, open_raw_splits(files, root)
    elif prepared := prepared_folder("svhn_cropped", root):
        folder, raw_splits = prepared, sizes_of(example_counts(prepared))
    else:
        folder, cost = root / "svhn_cropped", (_DOWNLOAD_BYTES + _PREPARED_BYTES, _SECONDS_TO_FETCH)
    note = encoder_part_note(encoder_part(raw_splits, options, _ENCODERS), _ENCODERS)
    return describe_splits("svhn", folder, _divide(raw_splits, options), resizing, cost, note)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open SVHN from its own files, or else by TensorFlow Datasets, which downloads it."""
    root, resizing = data_root(data_dir), _resizing(options)
    if files := find_files(root):
        raw_splits = open_raw_splits(files, root)
    else:
        # TensorFlow is loaded only if it is needed.
        from tfdeepsim.data.tfds.builder import ManualFiles, prepared_builder
        from tfdeepsim.data.tfds.raw_split import read_raw_splits

        names = "train_32x32.mat, test_32x32.mat and extra_32x32.mat"
        origin = f"{names} of ufldl.stanford.edu/housenumbers"
        builder = prepared_builder(
            "svhn_cropped", root, ManualFiles("svhn", origin, _DOWNLOAD_BYTES)
        )
        raw_splits, _ = read_raw_splits(builder, root)
    splits = _divide(raw_splits, options)
    return ArrayDataset("svhn", raw_splits, splits, resizing, decoded_folder(root))


def find_files(root: Path) -> dict[str, Path] | None:
    """The files by raw split, in `svhn` or one of the download folders; None if there are none.

    Args:
        root: Folder that all datasets are kept in.

    Raises:
        InputError: If a file other than that of `extra` is missing, and TensorFlow Datasets has not
            prepared SVHN either.
    """
    for folder in (root / "svhn", *download_folders(root)):
        files = {name: folder / f"{name}_32x32.mat" for name in _COUNTS}
        there = {name: path for name, path in files.items() if path.is_file()}
        missing = [path.name for name, path in files.items() if name not in {*there, _ENCODERS}]
        if there and not missing:
            return there
        if there and prepared_folder("svhn_cropped", root) is None:
            raise InputError(
                "SVHN needs the files of train, for probes, and of test, for their scores",
                got=f"{folder} without {' and '.join(missing)}",
                accepted=f"{' and '.join(missing)} there, from ufldl.stanford.edu/housenumbers",
            )
    return None


def open_raw_splits(files: Mapping[str, Path], root: Path) -> dict[str, RawSplit]:
    """The raw splits of SVHN; images are read when they are needed.

    Args:
        files: Files by raw split, as `find_files` returns them.
        root: Folder that all datasets are kept in, where checksums are remembered.

    Raises:
        InputError: If a file is damaged, or not of SVHN.
    """
    return {name: _open_raw_split(path, remembered_digests(root)) for name, path in files.items()}


def _resizing(options: DataOptions) -> Resizing:
    refuse_labels(options, "svhn")
    return Resizing.of(options, SIDE)


def _divide(raw_splits: RawSplits, options: DataOptions) -> SplitRows:
    return divide_raw_splits(
        raw_splits, options, encoders=encoder_part(raw_splits, options, _ENCODERS)
    )


def _open_raw_split(path: Path, remembered: Path) -> RawSplit:
    shapes = {name: array.shape for name, array in _read(path, list_mat_arrays).items()}
    shape = shapes.get("X", ())
    if shape[:3] != _SHAPE or len(shape) != 4 or "y" not in shapes:
        arrays = ", ".join(f"{name} {list(size)}" for name, size in shapes.items())
        raise _error(path, arrays or "nothing in it")
    labels = _read(path, read_mat_array, "y")
    if labels.size != shape[3]:
        raise _error(path, f"{labels.size:,} labels for {shape[3]:,} images")
    labels = labels.reshape(-1)
    if not np.isin(labels, np.arange(11)).all():
        raise _error(path, f"labels {labels.min()} to {labels.max()}")
    return ArrayRawSplit(
        functools.partial(_read_images, path),
        (shape[3], *_SHAPE),
        functools.partial(file_digest, path, remembered),
        labels.astype(np.int64) % 10,  # the digit 0 is written as 10
    )


def _read_images(path: Path) -> np.ndarray:
    """uint8 [N, 32, 32, 3]."""
    images = _read(path, read_mat_array, "X")
    if images.dtype != np.uint8:
        raise _error(path, f"X of {images.dtype}")
    return np.moveaxis(images, 3, 0)


def _read(path: Path, reader: Callable[..., Any], *arguments: str) -> Any:
    try:
        return reader(path, *arguments)
    except (MatFileError, MemoryError) as error:
        raise _error(path, str(error) or "more than fits into memory") from error


def _error(path: Path, got: str) -> InputError:
    return InputError(
        "SVHN's files hold X, uint8 [32, 32, 3, N], and y, 1 to 10 [N, 1]",
        got=f"{path} ({got})",
        accepted=f"{path.name} as ufldl.stanford.edu/housenumbers has it",
    )
