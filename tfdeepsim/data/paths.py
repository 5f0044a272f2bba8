"""Folders: where datasets lie, where downloaded files are looked for, and where caches are kept.
Imports nothing heavy."""

import os
from pathlib import Path

from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path


def data_root(data_dir: str | os.PathLike | None = None) -> Path:
    """The folder that all datasets are kept in: `data_dir`, or `TFDS_DATA_DIR`, or
    `~/tensorflow_datasets`."""
    return home_path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def download_folders(root: Path) -> tuple[Path, ...]:
    """Folders in which a user may have put downloaded files: `root` itself, and the two that
    TensorFlow Datasets looks in.

    Args:
        root: Folder that all datasets are kept in.
    """
    return root, root / "manual", root / "downloads" / "manual"


def decoded_folder(root: Path) -> Path:
    """The folder for decoded images, extracted archives and remembered checksums.

    Args:
        root: Folder that all datasets are kept in.
    """
    return root / "decoded"


def remembered_digests(root: Path) -> Path:
    """The JSON file of remembered checksums, see `digests.file_digest`.

    Args:
        root: Folder that all datasets are kept in.
    """
    return decoded_folder(root) / "digests.json"


def damaged(folder: Path, reason: str) -> InputError:
    """The error to raise for a dataset folder that cannot be read.

    Args:
        folder: The folder.
        reason: What is wrong with it, for the message.
    """
    return InputError(
        "dataset folder must be undamaged",
        got=f"{folder} ({reason})",
        accepted="the files as they were first written: delete the folder, and it is written again",
    )
