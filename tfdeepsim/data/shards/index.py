"""`index.npz`: where each image of a set of shards lies, and the rows and labels of the splits."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.data.shards.info import Info, damaged
from tfdeepsim.files import replacing, sha256_of
from tfdeepsim.numpy_files import DamagedArrays, read_npz

NAME = "index.npz"

PLACES = {"shard": np.int32, "offset": np.int64, "length": np.int64, "crc": np.uint32}
"""Fields of an image: its shard, where it lies there, and its checksum."""
_ROWS, _LABELS = "rows", "labels"


@dataclasses.dataclass(frozen=True, eq=False)
class Index:
    """Where N images lie.

    Attributes:
        shard: Number of the shard that each image is in, int32 [N].
        offset: Bytes before the image in the shard, int64 [N].
        length: Bytes of the image, int64 [N].
        crc: CRC-32 of these bytes, uint32 [N].
        rows: The images of each split, int64 [M].
        labels: Labels of each split by name, [M, ...].

    Example:
        >>> read_index(Path("photos"), read_info(Path("photos"))).offset[:2]
        array([  12, 1740])
    """

    shard: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    crc: np.ndarray
    rows: Mapping[str, np.ndarray]
    labels: Mapping[str, Mapping[str, np.ndarray]]


def write_index(folder: Path, index: Index) -> str:
    """Write `index.npz`.

    Returns:
        Its digest, for `info.json`.
    """
    arrays = {name: getattr(index, name) for name in PLACES}
    for split, rows in index.rows.items():
        arrays[f"{_ROWS}/{split}"] = rows
        for name, values in index.labels[split].items():
            arrays[f"{_LABELS}/{split}/{name}"] = values
    with replacing(folder / NAME) as new, open(new, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return sha256_of(folder / NAME)


def read_index(folder: Path, info: Info) -> Index:
    """Read `index.npz`, and check everything in it that is used.

    Raises:
        InputError: If it cannot be read, is not the file that `info` was written with, or points
            out of a shard.
    """
    path = folder / NAME
    try:
        if sha256_of(path) != info.index:
            raise damaged(path, "not the file that info.json was written with")
        arrays = read_npz(path)
    except (OSError, DamagedArrays) as error:
        raise damaged(path, getattr(error, "strerror", None) or str(error)) from error
    places = {name: arrays.pop(name, np.zeros(0)) for name in PLACES}
    if any(
        values.shape != (info.images,) or values.dtype != PLACES[name]
        for name, values in places.items()
    ):
        raise damaged(path, "places of another number or kind")
    rows: dict[str, np.ndarray] = {}
    labels: dict[str, dict[str, np.ndarray]] = {split: {} for split in SPLITS}
    for key, values in arrays.items():
        kind, _, name = key.partition("/")
        split, _, label = name.partition("/")
        if kind == _ROWS and name in SPLITS:
            rows[name] = values
        elif kind == _LABELS and split in SPLITS and label:
            labels[split][label] = values
    index = Index(**places, rows=rows, labels=labels)
    _check_places(path, index, info)
    for split in SPLITS:
        _check_split(path, split, index, info)
    return index


def _check_places(path: Path, index: Index, info: Info) -> None:
    sizes = np.array([size.bytes for size in info.shards.values()])
    if (index.shard < 0).any() or (index.shard >= len(sizes)).any():
        raise damaged(path, "an image in no shard")
    room = sizes[index.shard] - index.offset
    if (index.offset < 0).any() or (index.length < 0).any() or (index.length > room).any():
        raise damaged(path, "an image outside its shard")


def _check_split(path: Path, split: str, index: Index, info: Info) -> None:
    rows, count = index.rows.get(split), info.splits[split]
    if rows is None or rows.shape != (count,) or rows.dtype != np.int64:
        raise damaged(path, f"no rows of {split}, or of another number")
    if (rows < 0).any() or (rows >= info.images).any():
        raise damaged(path, f"rows of {split} that are no images")
    for name, values in index.labels[split].items():
        if values.ndim == 0 or len(values) != count or values.dtype.kind not in "iufb":
            raise damaged(path, f"labels {name} of {split} in another form")
    if info.task is None or not split.startswith(("probe", "test")):
        return
    values = index.labels[split].get(str(info.label), np.zeros(0))
    is_ids = values.ndim == 1 and values.dtype.kind in "iu"
    if not values.size or is_ids != (info.task == "classification"):
        raise damaged(path, f"no labels {info.label} of {split} for {info.task}")
    if (
        is_ids
        and info.class_names
        and not (0 <= values.min() <= values.max() < len(info.class_names))
    ):
        raise damaged(path, f"class ids of {split} without names")
