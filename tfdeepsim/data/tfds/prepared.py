"""Datasets that TensorFlow Datasets has prepared, inspected without importing it."""

from pathlib import Path

from tfdeepsim.data.paths import damaged
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json

INFO = "dataset_info.json"


def prepared_folder(name: str, root: Path) -> Path | None:
    """The folder of the newest version of a dataset without configs; None if there is none.

    Args:
        name: Name of the dataset in TensorFlow Datasets.
        root: Folder that all datasets are kept in.
    """
    versions = [path.parent for path in (root / name).glob(f"*/{INFO}")]
    return max(versions, key=_version_number, default=None)


def example_counts(folder: Path) -> dict[str, int]:
    """Number of examples of each split in a prepared folder.

    Raises:
        InputError: If its `dataset_info.json` cannot be read.
    """
    try:
        splits = read_json(folder / INFO)["splits"]
        return {split["name"]: sum(map(int, split["shardLengths"])) for split in splits}
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, f"{INFO} cannot be read") from error


def _version_number(folder: Path) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in folder.name.split(".")]
