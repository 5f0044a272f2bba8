"""Image files in a folder: the kind of dataset `folder:PATH`."""

import os
from collections.abc import Iterator
from pathlib import Path

from tfdeepsim.data.dataset import Description
from tfdeepsim.data.images.dataset import ImageFiles, describe_store
from tfdeepsim.data.images.files import (
    SIGNATURE_BYTES,
    File,
    Skipped,
    Store,
    has_signature,
    is_ignored,
    is_image,
)
from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path
from tfdeepsim.options import DataOptions


def check(rest: str) -> None:
    """Any name may be that of a folder; whether the folder exists is checked when it is read."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of a folder of images without decoding them."""
    return describe_store(Folder(rest, options.labels), data_dir, options)


def open_dataset(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> ImageFiles:
    """Open a folder of images; decode them first if they are to be cached and are not yet."""
    return ImageFiles(Folder(rest, options.labels), data_dir, options)


class Folder(Store):
    """Image files in a folder and its subfolders.

    Links are followed, except those to a folder that they lie in.

    Args:
        path: The folder; `~` stands for the user's home folder.
        labels: CSV file that may lie in the folder and does not count as skipped.

    Raises:
        InputError: If the folder cannot be listed.

    Example:
        >>> [file.name for file in Folder("photos").files]
        ['cat/01.jpg', 'dog/01.jpg']
    """

    def __init__(self, path: str, labels: str | None = None):
        self.name = f"folder:{path}"
        self.path = home_path(path)
        if not self.path.is_dir():
            raise InputError(
                "image folder must exist",
                got=f"{path}, a file" if self.path.exists() else f"{path}, which does not exist",
                accepted="folder:PATH of a folder, or zip:FILE of an archive",
            )
        self.files: list[File] = []
        self.skipped: list[Skipped] = []
        labels_path = os.path.realpath(home_path(labels)) if labels else None
        for name, entry in _walk(self.path, "", ()):
            self._add(name, entry, labels_path)

    def read(self, file: File) -> bytes:
        """The contents of a file."""
        try:
            return _contents(f"{self.path}/{file.name}", file.size)
        except OSError as error:
            raise _unreadable(os.path.join(self.path, file.name), error) from error

    def _add(self, name: str, entry: os.DirEntry, labels_path: str | None) -> None:
        if not entry.is_file():
            self.skipped.append((name, "not a file, or a link to nothing"))
        elif is_image(name) or has_signature(_head(entry)):
            status = entry.stat()
            self.files.append(File(name, status.st_size, status.st_mtime_ns))
        elif labels_path is None or os.path.realpath(entry.path) != labels_path:
            self.skipped.append((name, "not an image file"))


def _contents(path: str, size: int) -> bytes:
    """The contents of a file that had `size` bytes; without a file object, which takes longer than
    to read a small file."""
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        data = os.read(opened, size + 1)
        if len(data) != size:  # it has changed, or the system reads less at a time
            parts = [data]
            while parts[-1]:
                parts.append(os.read(opened, 2**20))
            data = b"".join(parts)
        return data
    finally:
        os.close(opened)


def _head(entry: os.DirEntry) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    try:
        with open(entry.path, "rb", buffering=0) as file:
            return file.read(SIGNATURE_BYTES)
    except OSError:
        return b""


def _walk(
    folder: Path | str, prefix: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, os.DirEntry]]:
    """Names and entries of everything but folders, in a fixed order.

    Args:
        folder: The folder to list.
        prefix: What the names of its entries begin with.
        above: Device and inode of each folder that it lies in.
    """
    try:
        status = os.stat(folder)
        with os.scandir(folder) as scan:
            entries = sorted(
                (entry for entry in scan if not is_ignored(entry.name)), key=lambda e: e.name
            )
    except OSError as error:
        raise _unreadable(folder, error) from error
    inode = (status.st_dev, status.st_ino)
    if inode in above:  # a link to a folder that it lies in
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, inode))
        else:
            yield prefix + entry.name, entry


def _unreadable(path: Path | str, error: OSError) -> InputError:
    return InputError(
        "image files must be readable",
        got=f"{path} ({error.strerror})",
        accepted="files and folders that this user may read and that stay where they are",
    )
