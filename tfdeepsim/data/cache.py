"""Decoded images, cached in memory or in files."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast, get_args

import numpy as np
import psutil

from tfdeepsim.data.dataset import Cache
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.lock import locked
from tfdeepsim.numpy_files import DamagedArrays, read_npy

Arrays = dict[str, np.ndarray]
Spec = Mapping[str, tuple[tuple[int, ...], type]]


def fits_in_memory(size: int) -> bool:
    """Whether `size` bytes are less than half of the free memory."""
    return size < psutil.virtual_memory().available / 2


def check_cache(cache: str) -> None:
    """Raises InputError if there is no such place for decoded images."""
    if cache not in get_args(Cache):
        raise InputError(
            "cache must be known", got=repr(cache), accepted=", ".join(get_args(Cache))
        )


def decoded_split(spec: Spec, fill: Callable[[Arrays], None], folder: Path, cache: Cache) -> Split:
    """Decode all examples of a split, once, into the arrays that hold them from then on.

    Args:
        spec: Shape, which begins with the number of examples, and dtype of `image` and of each
            label.
        fill: Writes all examples into the arrays that it is called with.
        folder: Folder for the files, if `cache` is `disk`, or `auto` and memory is short. It is
            written completely or not at all.
        cache: Where to keep decoded images; `none` is refused, since all examples are decoded at
            once.

    Raises:
        InputError: If there is no such cache, or files cannot be written.
    """
    check_cache(cache)
    if cache == "none":
        raise InputError(
            "decoding at each use is for image files",
            got="--cache none with a dataset of records",
            accepted="--cache auto, memory or disk; none is for images that are read one by one",
        )
    size = sum(int(np.prod(shape)) * np.dtype(dtype).itemsize for shape, dtype in spec.values())
    if cache == "memory" or (cache == "auto" and fits_in_memory(size)):
        arrays: Arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in spec.items()}
        fill(arrays)
    else:
        arrays = _cached_on_disk(spec, fill, folder)
    return Split(images=arrays.pop("image"), labels=arrays)


def _cached_on_disk(spec: Spec, fill: Callable[[Arrays], None], folder: Path) -> Arrays:
    """The arrays in the files of `folder`, which are written unless they exist."""
    with disk_errors(folder), locked(folder):
        for leftover in folder.parent.glob(f".{folder.name}.*/"):
            shutil.rmtree(leftover)
        if not _is_cached(spec, folder):
            _write(spec, fill, folder)
        return {name: _load(folder, name) for name in spec}


def _load(folder: Path, name: str) -> np.ndarray:
    return read_npy(folder / f"{name}.npy", mapped=name == "image")


def _is_cached(spec: Spec, folder: Path) -> bool:
    try:
        arrays = {name: _load(folder, name) for name in spec}
    except (OSError, DamagedArrays):
        return False
    return all(
        (arrays[name].shape, arrays[name].dtype) == expected for name, expected in spec.items()
    )


def _write(spec: Spec, fill: Callable[[Arrays], None], folder: Path) -> None:
    with replacing(folder) as new:
        new.mkdir()
        arrays = {
            name: create_npy(new / f"{name}.npy", shape, dtype)
            for name, (shape, dtype) in spec.items()
        }
        fill(arrays)
        for array in arrays.values():
            cast(np.memmap, array).flush()


def create_npy(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Create a `.npy` file, with its space on the disk reserved, and map it for writing."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    # Writing to a mapped file would kill the process if the disk turned out to be full.
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


@contextlib.contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the operating system into an InputError that names `folder`."""
    try:
        yield
    except OSError as error:
        raise InputError(
            "images must be cached where there is room",
            got=f"{folder} ({error.strerror or error})",
            accepted="a dataset folder that this user may write, or memory as the cache",
        ) from error
