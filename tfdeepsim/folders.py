"""Folders that this program made: how they are told from others, and what may be removed."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from tfdeepsim.errors import InputError

MARKER = ".tfdeepsim"
"""Hidden file in a folder that this program made; its content is the kind of the folder."""


def create_marked(folder: Path, kind: str) -> None:
    """Create a folder, with its parents, and mark it as one that this program made.

    Args:
        folder: The folder; it may exist.
        kind: What it is for, such as `run`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / MARKER
    if not marker.exists():
        marker.write_text(f"{kind}\n")


def is_marked(folder: Path, kind: str) -> bool:
    """Whether `create_marked` made a folder of this kind."""
    marker = folder / MARKER
    return marker.is_file() and not marker.is_symlink() and marker.read_text().strip() == kind


def is_empty(folder: Path) -> bool:
    """Whether a folder does not exist, or holds hidden files only."""
    return not folder.is_dir() or all(entry.name.startswith(".") for entry in folder.iterdir())


def refuse_links(folder: Path) -> None:
    """Refuse a folder with symbolic links in it, at any depth.

    Whoever wrote the folder could have files elsewhere changed through them.

    Args:
        folder: A folder that is about to be written to; it need not exist. It may itself be
            reached through a link.

    Raises:
        InputError: If there is a link.
    """
    for parent, names, files in os.walk(folder):
        for path in (Path(parent, name) for name in sorted(names + files)):
            if path.is_symlink():
                raise InputError(
                    "a folder that is written to holds no symbolic links",
                    got=f"{path}, a link to {os.readlink(path)}",
                    accepted="the files themselves in the place of the link",
                )


def check_known(folder: Path, known: Collection[str]) -> None:
    """Refuse a folder that holds anything but some files and folders, before it is emptied.

    Args:
        folder: A folder that exists.
        known: Names that this program writes. Hidden files are not looked at.

    Raises:
        InputError: If there is another name.
    """
    names = sorted(e.name for e in folder.iterdir() if not e.name.startswith("."))
    if foreign := [name for name in names if name not in known]:
        raise InputError(
            "--overwrite removes only what this program wrote",
            got=f"{folder / foreign[0]}" + (f" and {len(foreign) - 1} more" * (len(foreign) > 1)),
            accepted="another folder, or move these files away",
        )


def remove_known(folder: Path, known: Collection[str]) -> None:
    """Remove the files and folders in a folder that this program writes.

    Args:
        folder: A folder that `refuse_links` and `check_known` let pass.
        known: Names that this program writes.
    """
    for entry in [folder / name for name in known]:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
