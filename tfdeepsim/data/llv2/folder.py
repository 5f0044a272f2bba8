"""The folder that LLv2 is written to, and whether it is complete."""

import os
from pathlib import Path
from typing import Any

from tfdeepsim.data.llv2.size import VERSION, Size
from tfdeepsim.data.paths import damaged, data_root
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, sha256_of_json

_RECORD_FRAMING = 16
"""Bytes that TFRecord adds to each record: its length and two checksums."""


def llv2_folder(size: Size, data_dir: str | os.PathLike | None = None) -> Path:
    """The folder of LLv2 of this size, whether it exists or not."""
    return data_root(data_dir) / "llv2" / size.name / VERSION


def is_made(folder: Path) -> bool:
    """Whether the folder of a dataset exists.

    Raises:
        InputError: If this user may not look there.
    """
    try:
        return folder.exists()
    except OSError as error:
        raise InputError(
            "data folder must be readable",
            got=f"{folder} ({error.strerror})",
            accepted="a folder that this user may read and write",
        ) from error


def check_complete(folder: Path, size: Size) -> None:
    """Check that all files exist, with as many bytes and examples as were written.

    The contents have checksums of their own, which are checked when they are read.

    Raises:
        InputError: If anything is missing or cut short.
    """
    info = _read(folder, "dataset_info.json")
    try:
        identity = (info["name"], info["configName"], info["version"], info["fileFormat"])
        splits = {split["name"]: list(map(int, split["shardLengths"])) for split in info["splits"]}
        sizes = {split["name"]: int(split["numBytes"]) for split in info["splits"]}
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder, f"dataset_info.json lacks {error}") from error
    if identity != ("llv2", size.name, VERSION, "tfrecord"):
        raise damaged(folder, f"dataset_info.json describes {'/'.join(map(str, identity))}")
    if {split: sum(lengths) for split, lengths in splits.items()} != size.splits:
        raise damaged(folder, "dataset_info.json counts other examples than this size has")
    fingerprint(folder)
    for split, lengths in splits.items():
        files = [
            folder / f"llv2-{split}.tfrecord-{shard:05d}-of-{len(lengths):05d}"
            for shard in range(len(lengths))
        ]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise damaged(folder, f"{missing[0]} is missing")
        length = sum(file.stat().st_size for file in files)
        if length != sizes[split] + _RECORD_FRAMING * sum(lengths):
            raise damaged(folder, f"{split} is {length} bytes long")


def fingerprint(folder: Path) -> str:
    """Checksum of the data, 16 hexadecimal digits: equal where every frame and label is equal.

    Raises:
        InputError: If the digests that were written with the data cannot be read.
    """
    digests = _read(folder, "metadata.json").get("sha256")
    if not digests:
        raise damaged(folder, "metadata.json lacks 'sha256'")
    return sha256_of_json(digests)[:16]


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return read_json(folder / name)
    except InputError as error:
        missing = isinstance(error.__cause__, FileNotFoundError)
        raise damaged(folder, f"{name} {'is missing' if missing else 'cannot be read'}") from error
