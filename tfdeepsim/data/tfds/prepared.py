"""Datasets that TensorFlow Datasets prepared, seen without it. Imports nothing heavy."""

import json
from pathlib import Path

from tfdeepsim.data.llv2.folder import damaged

INFO = "dataset_info.json"


def prepared(name: str, root: Path) -> Path | None:
    """The folder of the newest version of a dataset without configs; None if there is none.

    Args:
        name: Of the dataset, as TensorFlow Datasets spells it.
        root: Of all datasets.
    """
    versions = [path.parent for path in (root / name).glob(f"*/{INFO}")]
    return max(versions, key=_number, default=None)


def counts(folder: Path) -> dict[str, int]:
    """Number of examples of each split that is in a prepared folder.

    Raises:
        InputError: If its record cannot be read.
    """
    try:
        splits = json.loads((folder / INFO).read_text())["splits"]
        return {split["name"]: sum(map(int, split["shardLengths"])) for split in splits}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, f"{INFO} cannot be read") from error


def _number(version: Path) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in version.name.split(".")]
