"""STL-10 as one of the kinds of datasets.

As in Pihlgren et al. 2020, encoders are trained on `unlabeled`, and probes are trained on `train`
and scored on `test`; validation images are taken from `unlabeled` and `train`. Without the file of
`unlabeled`, the largest, encoders are trained on `train`. The images are read from the files that
the authors of STL-10 offer, `stl10_binary.tar.gz`, or by TensorFlow Datasets.
"""

import functools
import gzip
import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

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
from tfdeepsim.data.digests import file_digest, short_digest
from tfdeepsim.data.paths import data_root, decoded_folder, download_folders, remembered_digests
from tfdeepsim.data.raw_splits.raw_split import ArrayRawSplit, RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.tfds.prepared import example_counts, prepared_folder
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.lock import locked
from tfdeepsim.options import DataOptions

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
FOLDS = 10
SIDE = 96
"""Height and width of the images in pixels."""

_COUNTS = {"unlabeled": 100_000, "train": 5_000, "test": 8_000}
_ARCHIVE_BYTES, _EXTRACTED_BYTES, _PREPARED_BYTES = 2.64e9, 3.13e9, 2.5e9
"""Approximate sizes."""
_SECONDS_TO_EXTRACT, _SECONDS_TO_FETCH = 60, 600
"""Approximate times; the second at 10 MB/s."""

_FOLDER, _ARCHIVE = "stl10_binary", "stl10_binary.tar.gz"
_ENCODERS = "unlabeled"
_UNLABELED = f"{_ENCODERS}_X.bin"
_REQUIRED = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
_CLASS_NAMES, _FOLD_INDICES = "class_names.txt", "fold_indices.txt"
_IMAGE_BYTES = 3 * SIDE * SIDE


def check(rest: str) -> None:
    """There is only one STL-10, so nothing can be wrong with its name."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of STL-10 without reading its images."""
    root, resizing, cost = data_root(data_dir), _resizing(options), (0.0, 0.0)
    raw_splits: RawSplits = sizes_of(_COUNTS)
    if folder := find_folder(root):
        raw_splits = open_raw_splits(folder, root)
    elif folder := find_archive(root):
        cost = (_EXTRACTED_BYTES, _SECONDS_TO_EXTRACT)
    elif folder := prepared_folder("stl10", root):
        raw_splits = sizes_of(_renamed(example_counts(folder)))
    else:
        folder, cost = root / "stl10", (_ARCHIVE_BYTES + _PREPARED_BYTES, _SECONDS_TO_FETCH)
    note = encoder_part_note(encoder_part(raw_splits, options, _ENCODERS), _ENCODERS)
    return describe_splits("stl10", folder, _divide(raw_splits, options), resizing, cost, note)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open STL-10 from its own files, or else by TensorFlow Datasets, which downloads it."""
    root, resizing = data_root(data_dir), _resizing(options)
    folder = find_folder(root) or extract_archive(root)
    if folder:
        raw_splits = open_raw_splits(folder, root)
        splits = _divide(raw_splits, options)
        return Stl10Binary(folder, raw_splits, splits, resizing, decoded_folder(root))
    # TensorFlow is loaded only if it is needed.
    from tfdeepsim.data.tfds.builder import ManualFiles, prepared_builder
    from tfdeepsim.data.tfds.raw_split import read_raw_splits

    files = f"{_ARCHIVE} (or the folder that is in it) of ai.stanford.edu/~acoates/stl10"
    builder = prepared_builder("stl10", root, ManualFiles("stl10", files, _ARCHIVE_BYTES))
    read, names = read_raw_splits(builder, root)
    raw_splits = _renamed(read)
    splits = _divide(raw_splits, options)
    return ArrayDataset("stl10", raw_splits, splits, resizing, decoded_folder(root), names)


def find_folder(root: Path) -> Path | None:
    """The folder with the binary files: `root` itself, or `stl10_binary` in one of the download
    folders; None if there is none.

    Args:
        root: Folder that all datasets are kept in.

    Raises:
        InputError: If some of the files are missing.
    """
    for folder in (root, *(place / _FOLDER for place in download_folders(root))):
        present = [name for name in (*_REQUIRED, _UNLABELED) if (folder / name).is_file()]
        if present or (folder.name == _FOLDER and folder.is_dir()):
            _check_complete(folder, present)
            return folder
    return None


def find_archive(root: Path) -> Path | None:
    """The archive in one of the download folders; None if there is none.

    Args:
        root: Folder that all datasets are kept in.
    """
    archives = (folder / _ARCHIVE for folder in download_folders(root))
    return next((archive for archive in archives if archive.is_file()), None)


def extract_archive(root: Path) -> Path | None:
    """The folder with the extracted archive, which is extracted once; None if there is no archive.

    Args:
        root: Folder that all datasets are kept in.

    Raises:
        InputError: If the archive is damaged.
    """
    archive = find_archive(root)
    if archive is None:
        return None
    digest = short_digest(file_digest(archive, remembered_digests(root)))
    folder = decoded_folder(root) / f"{_FOLDER}-{digest}"
    with locked(folder):
        for leftover in folder.parent.glob(f".{folder.name}.*/"):
            shutil.rmtree(leftover)
        if not folder.is_dir():
            with replacing(folder) as new:
                _extract(archive, new)
    return folder


def open_raw_splits(folder: Path, root: Path) -> dict[str, RawSplit]:
    """The raw splits `train` and `test`, and `unlabeled` if its file is there; images are mapped
    from their files.

    Args:
        folder: Folder with the binary files.
        root: Folder that all datasets are kept in, where checksums are remembered.

    Raises:
        InputError: If a file has a wrong length, or labels are not 1 to 10.
    """
    remembered = remembered_digests(root)
    names = [name for name in _COUNTS if (folder / f"{name}_X.bin").is_file()]
    return {name: _open_raw_split(folder, name, remembered) for name in names}


class Stl10Binary(ArrayDataset):
    """STL-10 from its binary files.

    Args:
        folder: Folder with the binary files.
        raw_splits: Raw splits as `open_raw_splits` returns them.
        splits: Rows of the five splits.
        resizing: How images are resized.
        cache_dir: Folder for decoded images.

    Example:
        >>> dataset = open_dataset("stl10")
        >>> [len(rows) for rows in dataset.folds()[:2]]
        [1000, 1000]
    """

    def __init__(
        self,
        folder: Path,
        raw_splits: Mapping[str, RawSplit],
        splits: SplitRows,
        resizing: Resizing,
        cache_dir: Path,
    ):
        super().__init__("stl10", raw_splits, splits, resizing, cache_dir, _class_names(folder))
        self.folder = folder

    def folds(self) -> list[np.ndarray]:
        """The ten predefined folds of the training images, on which Dosovitskiy & Brox 2016 train
        their classifiers (table 4).

        Returns:
            Rows of `raw_split("train")`, int64, 1000 in each of the official folds.

        Raises:
            InputError: If `fold_indices.txt` is missing or damaged.
        """
        path, count = self.folder / _FOLD_INDICES, self._raw_splits["train"].count
        try:
            lines = path.read_text().splitlines()
            folds = [np.array(line.split(), np.int64) for line in lines if line.strip()]
        except (OSError, ValueError, OverflowError) as error:
            raise _folds_error(path, str(error)) from error
        if len(folds) != FOLDS:
            raise _folds_error(path, f"{len(folds)} lines")
        if not all(fold.min() >= 0 and fold.max() < count for fold in folds):
            raise _folds_error(path, f"rows beyond the {count:,} training images")
        return folds


def _resizing(options: DataOptions) -> Resizing:
    refuse_labels(options, "stl10")
    return Resizing.of(options, SIDE)


def _renamed(raw_splits: dict[str, Any]) -> dict[str, Any]:
    """Raw splits by the names of the original files; TensorFlow Datasets spells one otherwise."""
    return {
        "unlabeled" if name == "unlabelled" else name: value for name, value in raw_splits.items()
    }


def _divide(raw_splits: RawSplits, options: DataOptions) -> SplitRows:
    return divide_raw_splits(
        raw_splits, options, encoders=encoder_part(raw_splits, options, _ENCODERS)
    )


def _check_complete(folder: Path, present: list[str]) -> None:
    missing = [name for name in _REQUIRED if name not in present]
    if missing:
        raise InputError(
            "all files of STL-10 must exist",
            got=f"{folder} without {', '.join(missing)}",
            accepted=f"{', '.join(_REQUIRED)}, all in {_ARCHIVE} of ai.stanford.edu/~acoates/stl10",
        )


def _extract(archive: Path, folder: Path) -> None:
    """Write the required files under their own names; whatever else is in the archive is never
    written."""
    names = {*_REQUIRED, _UNLABELED, _CLASS_NAMES, _FOLD_INDICES}
    print(f"Extracting {archive}, {archive.stat().st_size / 1e9:.1f} GB, once", file=sys.stderr)
    folder.mkdir()
    try:
        # gzip, unlike tarfile, checks the sum at the end, so it is read to the end.
        with gzip.open(archive) as file, tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                path = Path(member.name)
                if member.isfile() and path.name in names and path.parent.name == _FOLDER:
                    with open(folder / path.name, "wb") as out:
                        shutil.copyfileobj(cast(IO[bytes], tar.extractfile(member)), out, 2**20)
            while file.read(2**20):
                pass
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise InputError(
            f"{_ARCHIVE} must be whole",
            got=f"{archive} ({error})",
            accepted="the archive of ai.stanford.edu/~acoates/stl10, 2,640,397,119 bytes",
        ) from error
    _check_complete(archive, [name for name in _REQUIRED if (folder / name).is_file()])


def _open_raw_split(folder: Path, name: str, remembered: Path) -> RawSplit:
    path = folder / f"{name}_X.bin"
    size = path.stat().st_size
    if size == 0 or size % _IMAGE_BYTES:
        raise InputError(
            "STL-10's images take 27,648 bytes each",
            got=f"{path} of {size:,} bytes",
            accepted="a multiple of that; is the file whole?",
        )
    count = size // _IMAGE_BYTES
    labels = None if name == _ENCODERS else _read_labels(folder / f"{name}_y.bin", count)
    return ArrayRawSplit(
        functools.partial(_map_images, path, count),
        (count, SIDE, SIDE, 3),
        functools.partial(file_digest, path, remembered),
        labels,
        mapped=True,
    )


def _map_images(path: Path, count: int) -> np.ndarray:
    planes = np.memmap(path, np.uint8, "r", shape=(count, 3, SIDE, SIDE))
    return planes.transpose(0, 3, 2, 1)  # each colour plane is written column by column


def _read_labels(path: Path, count: int) -> np.ndarray:
    labels = np.fromfile(path, np.uint8)
    if len(labels) != count:
        raise InputError(
            "STL-10 needs a label for each image",
            got=f"{len(labels):,} in {path} for {count:,} images",
            accepted="as many labels as images",
        )
    if labels.min() < 1 or labels.max() > len(CLASSES):
        raise InputError(
            "STL-10's labels are 1 to 10",
            got=f"{labels.min()} to {labels.max()} in {path}",
            accepted="1 to 10",
        )
    return labels.astype(np.int64) - 1


def _class_names(folder: Path) -> tuple[str, ...]:
    try:
        names = (folder / _CLASS_NAMES).read_text().split()
    except (OSError, ValueError):
        names = []
    return tuple(names) if len(names) == len(CLASSES) else CLASSES


def _folds_error(path: Path, got: str) -> InputError:
    return InputError(
        "the folds of STL-10 must be readable",
        got=f"{path} ({got})",
        accepted=f"the {_FOLD_INDICES} of {_ARCHIVE}: {FOLDS} lines of row numbers",
    )
