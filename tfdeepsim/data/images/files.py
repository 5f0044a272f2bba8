"""Files that may be images, in whatever store they lie."""

import abc
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ENDINGS = frozenset({"jpg", "jpeg", "png", "bmp", "gif", "webp"})

_IGNORED = frozenset(
    {
        "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "@tmp", "@recycle",
        "#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information",
        "lost+found", "found.000",
    }
)  # fmt: skip
"""Files and folders that systems, disks and file managers create, in lower case."""

SIGNATURE_BYTES = 16

Skipped = tuple[str, str]
"""Name of a file, and the reason why it is left out."""


class File(NamedTuple):
    """A file; two are equal only if nothing was changed.

    Attributes:
        name: Path relative to the folder or archive, with `/`.
        size: Size in bytes, unpacked.
        stamp: Time of the last change in ns, or CRC-32 of the contents.
    """

    name: str
    size: int
    stamp: int


class Store(abc.ABC):
    """A folder or archive that holds image files.

    Attributes:
        name: Name of the dataset as the command line spells it.
        path: Path of the folder or archive.
        files: Files that are images by their endings or first bytes, sorted by name.
        skipped: Names of the other files, and the reason for each.

    Example:
        >>> store = Folder("photos")
        >>> data = store.read(store.files[0])
    """

    name: str
    path: Path
    files: Sequence[File]
    skipped: Sequence[Skipped]

    @abc.abstractmethod
    def read(self, file: File) -> bytes:
        """The contents of a file. Any number of threads may read at the same time.

        Raises:
            InputError: If the file cannot be read.
        """


def is_image(name: str) -> bool:
    """Whether a file is an image by its ending, in upper or lower case; if not, its contents may
    say so, see `has_signature`."""
    return name.rpartition(".")[2].lower() in ENDINGS


def has_signature(head: bytes) -> bool:
    """Whether a file is an image by its first `SIGNATURE_BYTES` bytes."""
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and head[6:10] == bytes(4))
    )


def is_ignored(name: str) -> bool:
    """Whether a file or folder is silently ignored: it is hidden, or a file manager created it."""
    return name.startswith(".") or name.lower() in _IGNORED
