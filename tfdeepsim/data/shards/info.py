"""What is known of shards without reading an image: `info.json`, and which files there are."""

import dataclasses
import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path, read_json
from tfdeepsim.json_fields import check_fields
from tfdeepsim.options import MAX_SIDE

NAME = "info.json"
FORMAT = 1
ENDING = ".tfrecord"

_KINDS = {
    "format": int, "dataset": str, "fingerprint": str, "side": int, "shorter_side": int | None,
    "task": Literal["classification", "regression"] | None, "label": str | None,
    "class_names": list[str], "splits": dict, "shards": dict, "contents": str, "index": str,
}  # fmt: skip


class ShardSize(NamedTuple):
    """Size of a shard.

    Attributes:
        bytes: Size of the file.
        images: Number of images in it.
    """

    bytes: int
    images: int


@dataclasses.dataclass(frozen=True)
class Info:
    """The content of `info.json`.

    Attributes:
        dataset: Name of the dataset that the shards were written from.
        fingerprint: Its checksum.
        side: Height and width of its images in pixels.
        shorter_side: Pixels of the shorter side before images are cropped to that; None for `side`.
        task: What a probe does; None without labels.
        label: The label that a probe predicts; None without labels.
        class_names: Names of the class ids.
        splits: Number of examples of each split.
        shards: Sizes of the files by name, in order.
        contents: Digest of all images.
        index: Digest of `index.npz`.

    Example:
        >>> read_info(Path("photos")).splits["test"]
        1200
    """

    dataset: str
    fingerprint: str
    side: int
    shorter_side: int | None
    task: Literal["classification", "regression"] | None
    label: str | None
    class_names: tuple[str, ...]
    splits: Mapping[str, int]
    shards: Mapping[str, ShardSize]
    contents: str
    index: str

    @property
    def images(self) -> int:
        """Number of images; one may be in several splits."""
        return sum(size.images for size in self.shards.values())

    def to_json(self) -> dict[str, Any]:
        """The object that `read_info` reads."""
        return {"format": FORMAT, **dataclasses.asdict(self)}


def read_info(folder: Path) -> Info:
    """Read `info.json` of a folder.

    Raises:
        InputError: If it does not exist, is damaged, or is of another version.
    """
    path = folder / NAME
    values = read_json(path, "shards need the info.json that was written beside them", _ACCEPTED)
    if values.keys() != _KINDS.keys() or values["format"] != FORMAT:
        raise damaged(path, "other fields than version 1 has")
    check_fields(values, _KINDS, str(path))
    del values["format"]
    shards = {name: _size(path, size) for name, size in values.pop("shards").items()}
    info = Info(**{**values, "class_names": tuple(values["class_names"]), "shards": shards})
    if info.splits.keys() != set(SPLITS) or not all(map(_is_count, info.splits.values())):
        raise damaged(path, f"splits other than {', '.join(SPLITS)} with examples in each")
    sides = (info.side, info.side if info.shorter_side is None else info.shorter_side)
    if not 1 <= info.side <= min(sides[1], MAX_SIDE):
        raise damaged(path, f"images of {sides[0]} pixels from {sides[1]}")
    if (info.task is None) != (info.label is None):
        raise damaged(path, "a task without a label, or a label without a task")
    if not shards or not all(_is_name(name) for name in shards):
        raise damaged(path, "no names of shards")
    return info


def find_shards(pattern: str) -> tuple[Path, Info]:
    """The folder of shards, once all of them are there at their sizes.

    Args:
        pattern: A folder, or a pattern that all shards in one folder match, such as
            `photos/*.tfrecord`; `~` stands for the user's home folder.

    Raises:
        InputError: If there is no such folder, shards are missing, there are others, or one has
            another size than when it was written.
    """
    path = home_path(pattern)
    folder, names = (path, f"*{ENDING}") if path.is_dir() else (path.parent, path.name)
    info = read_info(folder)
    found = {Path(name).name for name in glob.glob(names, root_dir=folder)}
    for missing in [name for name in info.shards if name not in found][:1]:
        raise _error(f"{pattern} without {missing}, one of {len(info.shards):,}")
    for other in sorted(found - info.shards.keys())[:1]:
        raise _error(f"{pattern} with {other}, which is none of them")
    for name, size in info.shards.items():
        try:
            actual = os.stat(folder / name).st_size
        except OSError as error:
            raise _error(f"{folder / name} ({error.strerror})") from error
        if actual != size.bytes:
            raise _error(f"{folder / name} of {actual:,} bytes, which had {size.bytes:,}")
    return folder, info


def damaged(path: Path, reason: str) -> InputError:
    """The error to raise for a file beside the shards that cannot be used.

    Args:
        path: The file.
        reason: What is wrong with it, for the message.
    """
    return InputError(
        f"{path.name} of shards must be undamaged", got=f"{path} ({reason})", accepted=_ACCEPTED
    )


_ACCEPTED = "a folder as `python -m tfdeepsim.data DATASET --to-shards FOLDER` writes it"


def _error(got: str) -> InputError:
    return InputError(
        "shards must be all that were written, unchanged", got=got, accepted=_ACCEPTED
    )


def _size(path: Path, value: Any) -> ShardSize:
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_count, value)):
        raise damaged(path, "a shard without its two sizes")
    return ShardSize(*value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**62


def _is_name(name: str) -> bool:
    return name.endswith(ENDING) and not set(name) & {"/", "\\", "\0"}
