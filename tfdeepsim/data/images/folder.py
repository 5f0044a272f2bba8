"""Image files in a folder: the kind of dataset `folder:PATH`. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.data.images.files import File, Skipped, Store, is_ignored, is_image
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Description
    from tfdeepsim.data.images.dataset import ImageFiles


def check(rest: str) -> None:
    """Any name may be that of a folder; whether there is one is seen when it is read."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of a folder of images without decoding them."""
    from tfdeepsim.data.images.dataset import describe

    return describe(Folder(rest, options.labels), data_dir, options)


def open_dataset(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> ImageFiles:
    """Open a folder of images; decode them first if that is to be kept and was not done."""
    from tfdeepsim.data.images.dataset import ImageFiles

    return ImageFiles(Folder(rest, options.labels), data_dir, options)


class Folder(Store):
    """Image files in a folder and the folders in it.

    Links are followed, except to a folder that they lie in.

    Args:
        path: The folder; `~` is the user's own.
        labels: A CSV file that may lie there and is not counted as skipped.

    Raises:
        InputError: If it cannot be listed.
    """

    def __init__(self, path: str, labels: str | None = None):
        self.name = f"folder:{path}"
        self.path = Path(path).expanduser()
        if not self.path.is_dir():
            raise InputError(
                "image folder must be there",
                got=f"{path}, a file" if self.path.exists() else f"{path}, which does not exist",
                accepted="folder:PATH of a folder, or zip:FILE of an archive",
            )
        self.files: list[File] = []
        self.skipped: list[Skipped] = []
        own = os.path.realpath(Path(labels).expanduser()) if labels else None
        for name, entry in _walk(self.path, "", ()):
            self._add(name, entry, own)

    def read(self, file: File) -> bytes:
        """What is in a file."""
        try:
            with open(os.path.join(self.path, file.name), "rb", buffering=0) as opened:
                return opened.read()
        except OSError as error:
            raise _unreadable(os.path.join(self.path, file.name), error) from error

    def _add(self, name: str, entry: os.DirEntry, labels: str | None) -> None:
        if not entry.is_file():
            self.skipped.append((name, "not a file, or a link to nothing"))
        elif is_image(name):
            status = entry.stat()
            self.files.append(File(name, status.st_size, status.st_mtime_ns))
        elif labels is None or os.path.realpath(entry.path) != labels:
            self.skipped.append((name, "not an image file"))


def _walk(
    folder: Path | str, prefix: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, os.DirEntry]]:
    """Names and entries of all that is no folder, in a fixed order."""
    try:
        status = os.stat(folder)
        with os.scandir(folder) as scan:
            entries = sorted(
                (entry for entry in scan if not is_ignored(entry.name)), key=lambda e: e.name
            )
    except OSError as error:
        raise _unreadable(folder, error) from error
    here = (status.st_dev, status.st_ino)
    if here in above:  # a link back to where we came from
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, here))
        else:
            yield prefix + entry.name, entry


def _unreadable(path: Path | str, error: OSError) -> InputError:
    return InputError(
        "image files must be readable",
        got=f"{path} ({error.strerror})",
        accepted="files and folders that this user may read and that stay where they are",
    )
