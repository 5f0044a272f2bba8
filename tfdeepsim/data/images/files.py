"""Files that may be images, wherever they lie."""

import abc
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ENDINGS = frozenset({"jpg", "jpeg", "png", "bmp", "gif", "webp"})

_IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})

Skipped = tuple[str, str]
"""Name of a file, and why it is left out."""


class File(NamedTuple):
    """One file by its name; equal only where nothing was changed.

    Attributes:
        name: Relative to the folder or archive, with `/`.
        size: In bytes, unpacked.
        stamp: Time of the last change in ns, or the CRC-32 of what is in it.
    """

    name: str
    size: int
    stamp: int


class Store(abc.ABC):
    """Where image files lie.

    Attributes:
        name: The dataset, as the command line spells it.
        path: Of the folder or archive.
        files: Those that are images by their ending, by name.
        skipped: The others, and why.
    """

    name: str
    path: Path
    files: Sequence[File]
    skipped: Sequence[Skipped]

    @abc.abstractmethod
    def read(self, file: File) -> bytes:
        """What is in a file. Any number of threads may read at the same time.

        Raises:
            InputError: If it cannot be read.
        """


def is_image(name: str) -> bool:
    """Whether a file is an image by its ending, in any case."""
    return name.rpartition(".")[2].lower() in ENDINGS


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is not for users: hidden, or made by a file manager."""
    return name.startswith(".") or name.lower() in _IGNORED
