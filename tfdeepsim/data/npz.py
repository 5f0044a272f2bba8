"""Images and labels in a NumPy archive: the kind of dataset `npz:FILE`.

The archive holds `images`, and may hold `labels` and `split`; or it holds what the datasets of
Keras do: `x_train` and `x_test`, and `y_train` and `y_test` if there are labels. It is read without
pickle, so nothing in it is ever run.
"""

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfdeepsim.data.array_dataset import (
    ArrayDataset,
    SplitRows,
    describe_splits,
    divide_raw_splits,
    refuse_labels,
    task_of,
)
from tfdeepsim.data.cache import fits_in_memory
from tfdeepsim.data.dataset import Description
from tfdeepsim.data.digests import file_digest
from tfdeepsim.data.labels import check_classes, probe_labels
from tfdeepsim.data.paths import data_root, decoded_folder, remembered_digests
from tfdeepsim.data.raw_splits.raw_split import ArrayRawSplit, RawSplit
from tfdeepsim.data.resizing import Resizing, side_for
from tfdeepsim.data.splits.split import Images
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path
from tfdeepsim.numpy_files import DamagedArrays, Header, npz_headers, read_npz
from tfdeepsim.options import DataOptions
from tfdeepsim.pixels import to_bytes

ACCEPTED = "images (and labels, split), or x_train, y_train, x_test, y_test"

_KERAS = {
    "train": ("x_train", "y_train"),
    "validation": ("x_val", "y_val"),
    "test": ("x_test", "y_test"),
}
_RAW_SPLITS = tuple(_KERAS)


class Archive(NamedTuple):
    """An archive whose images are not read yet.

    Attributes:
        path: The file.
        raw_splits: `train`, and `validation` and `test` if the archive has them.
        splits: Rows of the five splits.
        resizing: How images are resized.
        class_names: Names of the class ids.
    """

    path: Path
    raw_splits: Mapping[str, RawSplit]
    splits: SplitRows
    resizing: Resizing
    class_names: tuple[str, ...]


def check(rest: str) -> None:
    """Any name may be that of a file; whether the file exists is checked when it is read."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of an archive without reading its images."""
    archive = open_archive(rest, data_root(data_dir), options)
    return describe_splits(f"npz:{rest}", archive.path, archive.splits, archive.resizing)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open an archive; its images are read when they are needed."""
    root = data_root(data_dir)
    _, raw_splits, splits, resizing, names = open_archive(rest, root, options)
    return ArrayDataset(f"npz:{rest}", raw_splits, splits, resizing, decoded_folder(root), names)


def open_archive(rest: str, root: Path, options: DataOptions) -> Archive:
    """Read everything in an archive but its images.

    Args:
        rest: The file; `~` stands for the user's home folder.
        root: Folder that all datasets are kept in, where checksums are remembered.
        options: Size of the images and shares of the splits.

    Raises:
        InputError: If there is no such archive, it is damaged, or it does not hold images of one
            size, with labels for all of them or for none.
    """
    refuse_labels(options, f"npz:{rest}")
    path = home_path(rest)
    headers = _headers(path)
    images = _image_keys(path, headers)
    for key in images.values():
        _check_images(path, key, headers[key])
    sizes = {headers[key].shape[1:3] for key in images.values()}
    if len(sizes) > 1:
        raise _error(path, "images of different sizes")
    height, width = sizes.pop()
    resizing = Resizing.of(options, side_for(height if height == width else None))
    digest = functools.partial(file_digest, path, remembered_digests(root))
    labels, names = _labels(path, headers, images)
    load = functools.cache(functools.partial(_load_images, path))
    raw_splits: dict[str, RawSplit] = {}
    for name, key in images.items():
        raw_splits[name] = ArrayRawSplit(
            functools.partial(load, key), headers[key].shape, digest, labels.get(name)
        )
    if "split" in headers:
        load_all = functools.partial(load, "images")
        raw_splits = _by_split_array(path, headers, raw_splits["train"], load_all, digest)
        _check_training_classes(raw_splits, names)
    validation, test = (name if name in raw_splits else None for name in ("validation", "test"))
    splits = divide_raw_splits(
        raw_splits, options, validation=validation, test=test, class_names=names
    )
    return Archive(path, raw_splits, splits, resizing, names)


def _headers(path: Path) -> dict[str, Header]:
    """Shapes and dtypes of all arrays, without reading them."""
    if not path.is_file():
        raise InputError(
            "npz:FILE names a file", got=f"{path}, which is none", accepted="a NumPy archive, .npz"
        )
    try:
        return npz_headers(path)
    except DamagedArrays as error:
        raise InputError(
            "npz:FILE is a NumPy archive",
            got=f"{path} ({error})",
            accepted="a file that numpy.savez writes",
        ) from error


def _image_keys(path: Path, headers: Mapping[str, Header]) -> dict[str, str]:
    """The name of the array of images of each raw split."""
    if "images" in headers:
        return {"train": "images"}
    keys = {name: x for name, (x, _) in _KERAS.items() if x in headers}
    if "train" not in keys:
        raise _error(path, ", ".join(sorted(headers)) or "nothing")
    return keys


def _check_images(path: Path, key: str, header: Header) -> None:
    shape, dtype = header
    is_pixels = dtype == np.uint8 or dtype.kind == "f"
    has_shape = len(shape) in (3, 4) and shape[3:] in ((), (1,), (3,))
    if dtype.hasobject or not is_pixels or not has_shape:
        what = (
            "objects, which only pickle could read" if dtype.hasobject else f"{dtype} {list(shape)}"
        )
        raise InputError(
            f"{key} must be images",
            got=f"{what} in {path}",
            accepted="uint8, or floats in [0, 1]: [N, H, W], [N, H, W, 1] or [N, H, W, 3]",
        )
    if 0 in shape:
        raise _error(path, f"{key} {list(shape)}")


def _labels(
    path: Path, headers: Mapping[str, Header], images: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Labels by raw split, and the names of their classes."""
    keys = {name: "labels" if key == "images" else _KERAS[name][1] for name, key in images.items()}
    present = {name: key for name, key in keys.items() if key in headers}
    if not present:
        return {}, ()
    if missing := [key for key in keys.values() if key not in headers]:
        raise _error(path, f"{', '.join(present.values())} without {', '.join(missing)}")
    for name, key in present.items():
        count = headers[images[name]].shape[0]
        if headers[key].shape[:1] != (count,):
            raise InputError(
                "there must be a label for each image",
                got=f"{key} {list(headers[key].shape)} for {count:,} images in {path}",
                accepted="as many labels as images",
            )
    return probe_labels({name: _read(path, key) for name, key in present.items()})


def _by_split_array(
    path: Path,
    headers: Mapping[str, Header],
    undivided: RawSplit,
    load: Callable[[], np.ndarray],
    digest: Callable[[], str],
) -> dict[str, RawSplit]:
    """Raw splits by the array `split`, which names one for each image."""
    has_length = headers["split"].shape == (undivided.count,)
    names = _read(path, "split") if has_length else np.array([])
    distinct = set(names.tolist())
    if not {"train"} <= distinct <= set(_RAW_SPLITS):
        named = ", ".join(sorted(map(str, distinct))[:5])
        raise InputError(
            "the array split must name a split for each image",
            got=f"{headers['split'].shape} in {path}, with {named}",
            accepted=f"texts [{undivided.count}], each {', '.join(_RAW_SPLITS)}",
        )

    def load_rows(rows: np.ndarray) -> Images:
        return Subset(load(), rows)

    shape = headers["images"].shape[1:]
    raw_splits: dict[str, RawSplit] = {}
    for name in _RAW_SPLITS:
        rows = np.flatnonzero(names == name)
        labels = None if undivided.labels is None else undivided.labels[rows]
        if len(rows):
            raw_splits[name] = ArrayRawSplit(
                functools.partial(load_rows, rows), (len(rows), *shape), digest, labels
            )
    return raw_splits


def _check_training_classes(raw_splits: Mapping[str, RawSplit], names: Sequence[str]) -> None:
    labels = {name: raw.labels for name, raw in raw_splits.items() if raw.labels is not None}
    if task_of(labels.get("train")) == "classification":
        ids = np.concatenate(list(labels.values()))
        in_training = [np.full(len(rows), name == "train") for name, rows in labels.items()]
        all_names = names or tuple(map(str, range(1 + ids.max())))
        check_classes(ids, all_names, np.concatenate(in_training))


def _load_images(path: Path, key: str) -> np.ndarray:
    """The images as uint8, whatever they are in the file."""
    images = _read(path, key)
    if images.dtype == np.uint8:
        return images
    pixels = np.empty(images.shape, np.uint8)
    for row, image in enumerate(images):  # one by one: a copy of all would be many times as large
        if not (image.min() >= 0 and image.max() <= 1):
            raise InputError(
                f"floats in {key} must lie in [0, 1]",
                got=f"{image.min():g} to {image.max():g} at image {row} in {path}",
                accepted="floats in [0, 1], or uint8",
            )
        pixels[row] = to_bytes(image)
    return pixels


def _read(path: Path, key: str) -> np.ndarray:
    try:
        shape, dtype = npz_headers(path)[key]
        size = math.prod(shape) * dtype.itemsize
        if not fits_in_memory(size):
            raise InputError(
                "arrays are read into memory",
                got=f"{size / 1e9:.1f} GB of {key} in {path}",
                accepted="what fits into half of the free memory, or folder:PATH",
            )
        return read_npz(path, key)[key]
    except DamagedArrays as error:
        raise InputError(
            f"{key} must be readable without pickle",
            got=f"{path} ({error})",
            accepted="plain arrays, undamaged",
        ) from error


def _error(path: Path, got: str) -> InputError:
    return InputError("npz:FILE holds images", got=f"{path} with {got}", accepted=ACCEPTED)
