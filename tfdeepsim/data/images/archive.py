"""Image files in a zip archive: the kind of dataset `zip:FILE`. Nothing is unpacked to disk."""

import lzma
import os
import threading
import zipfile
import zlib
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

_ENCRYPTED = 0x1
UNREADABLE = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
)
"""Errors that a damaged member causes in the decoders of zip archives."""


def check(rest: str) -> None:
    """Any name may be that of an archive; whether the archive exists is checked when it is read."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of an archive of images without decoding them."""
    return describe_store(Archive(rest), data_dir, options)


def open_dataset(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> ImageFiles:
    """Open an archive of images; decode them first if they are to be cached and are not yet."""
    return ImageFiles(Archive(rest), data_dir, options)


class Archive(Store):
    """Image files in a zip archive.

    Args:
        path: The archive; `~` stands for the user's home folder.

    Raises:
        InputError: If the file is not a complete zip archive, is encrypted, or has members that
            point out of it.

    Example:
        >>> [file.name for file in Archive("photos.zip").files]
        ['cat/01.jpg', 'dog/01.jpg']
    """

    def __init__(self, path: str):
        self.name = f"zip:{path}"
        self.path = home_path(path)
        if not self.path.is_file():
            raise InputError(
                "image archive must exist",
                got=f"{path}, a folder" if self.path.exists() else f"{path}, which does not exist",
                accepted="zip:FILE of an archive, or folder:PATH of a folder",
            )
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged(self.path, str(error)) from error
        # Threads may read members at the same time, but not open or close them.
        self._lock = threading.Lock()
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.skipped: list[Skipped] = []
        for member in self._zip.infolist():
            self._add(member)
        self.files = [
            File(name, member.file_size, member.CRC)
            for name, member in sorted(self._members.items())
        ]

    def read(self, file: File) -> bytes:
        """The contents of a member, compared with its checksum."""
        try:
            with self._lock:
                member = self._zip.open(self._members[file.name])
            try:
                return member.read()
            finally:
                with self._lock:
                    member.close()
        except UNREADABLE as error:
            raise _damaged(self.path, f"{file.name}: {error}") from error

    def _add(self, member: zipfile.ZipInfo) -> None:
        full = member.filename.replace("\\", "/")
        # Some programs begin all names with "./".
        parts = [part for part in full.split("/") if part not in ("", ".")]
        name = "/".join(parts)
        if ".." in parts or full.startswith("/") or (parts and parts[0].endswith(":")):
            raise InputError(
                "archive members must lie in the archive",
                got=f"{member.filename!r} in {self.path}",
                accepted="relative names without '..'",
            )
        if not parts or full.endswith("/") or any(map(is_ignored, parts)):
            return
        if not (is_image(name) or has_signature(self._head(member))):
            self.skipped.append((name, "not an image file"))
            return
        if member.flag_bits & _ENCRYPTED:
            raise InputError(
                "archive must not be encrypted",
                got=f"{name!r} in {self.path}",
                accepted="an archive without a password",
            )
        if name in self._members:
            raise InputError(
                "archive members must have names of their own",
                got=f"{name!r} twice in {self.path}",
                accepted="a new archive of the same files",
            )
        self._members[name] = member

    def _head(self, member: zipfile.ZipInfo) -> bytes:
        """The first bytes of a member; none if it cannot be read."""
        if member.flag_bits & _ENCRYPTED:
            return b""
        try:
            with self._zip.open(member) as file:
                return file.read(SIGNATURE_BYTES)
        except UNREADABLE:
            return b""


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        "image archive must be a whole zip file", got=f"{path} ({reason})", accepted="a new copy"
    )
