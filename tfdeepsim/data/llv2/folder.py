"""Where a made LLv2 lies, and whether it is whole. Imports nothing heavy."""

import hashlib
import json
import os
from pathlib import Path

from tfdeepsim.data.llv2.size import VERSION, Size
from tfdeepsim.errors import InputError

_RECORD_FRAMING = 16
"""Bytes that TFRecord adds to each record: its length and two checksums."""


def root(data_dir: str | os.PathLike | None = None) -> Path:
    """The folder of all datasets: `data_dir`, or `TFDS_DATA_DIR`, or `~/tensorflow_datasets`."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def place(size: Size, data_dir: str | os.PathLike | None = None) -> Path:
    """The folder of the dataset of this size, made or not."""
    return root(data_dir) / "llv2" / size.name / VERSION


def is_made(folder: Path) -> bool:
    """Whether there is anything at the dataset's place.

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


def damaged(folder: Path, reason: str) -> InputError:
    """The error to raise for a folder that cannot be read."""
    return InputError(
        "dataset folder must be whole",
        got=f"{folder} ({reason})",
        accepted="what was made there at first: delete the folder, and it is made again",
    )


def check_whole(folder: Path, size: Size) -> None:
    """Check that all files are there, with as many bytes and examples as were written.

    What is in them has checksums of its own, which are checked on reading.

    Raises:
        InputError: If anything is missing or cut short.
    """
    made = _read_json(folder, "dataset_info.json")
    try:
        identity = (made["name"], made["configName"], made["version"], made["fileFormat"])
        splits = {split["name"]: list(map(int, split["shardLengths"])) for split in made["splits"]}
        sizes = {split["name"]: int(split["numBytes"]) for split in made["splits"]}
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
        there = sum(file.stat().st_size for file in files)
        if there != sizes[split] + _RECORD_FRAMING * sum(lengths):
            raise damaged(folder, f"{split} is {there} bytes long")


def fingerprint(folder: Path) -> str:
    """A short name of the data itself: equal where every frame and label is equal.

    Raises:
        InputError: If the digests that were kept with the data are gone.
    """
    digests = _read_json(folder, "metadata.json").get("sha256")
    if not digests:
        raise damaged(folder, "metadata.json lacks 'sha256'")
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:16]


def _read_json(folder: Path, name: str) -> dict:
    try:
        value = json.loads((folder / name).read_text())
    except FileNotFoundError as error:
        raise damaged(folder, f"{name} is missing") from error
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{name} cannot be read") from error
    if not isinstance(value, dict):
        raise damaged(folder, f"{name} cannot be read")
    return value
