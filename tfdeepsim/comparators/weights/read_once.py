"""Files are read and hashed once, however often a command needs them."""

import hashlib
import os
from collections.abc import Hashable
from pathlib import Path
from typing import Generic, TypeVar

from tfdeepsim.files import sha256_of

Result = TypeVar("Result")


class ReadOnce(Generic[Result]):
    """The latest results of reading files, each valid for as long as its file does not change.

    A command first checks a file and uses it later: both get the result of one reading, so what was
    checked is what is used. A file counts as unchanged if its inode, size and time of modification
    are the same; a folder, if those of all its files are.

    Args:
        size: How many results are kept.

    Example:
        >>> lines = ReadOnce(1)
        >>> if (text := lines.get("notes.txt")) is None:
        ...     text = lines.put("notes.txt", Path("notes.txt").read_text())
    """

    def __init__(self, size: int):
        self._size = size
        self._results: dict[Hashable, Result] = {}

    def get(self, path: str | os.PathLike, *key: Hashable) -> Result | None:
        """The result of reading `path` with `key`; None if it was not read or has changed.

        Args:
            path: A file or folder, which need not exist.
            key: What else the result depends on.
        """
        return self._results.get((_version(Path(path)), key))

    def put(self, path: str | os.PathLike, result: Result, *key: Hashable) -> Result:
        """Keep a result, and drop the oldest one if there are too many.

        Args:
            path: The file or folder that was read.
            result: What was read.
            key: What else the result depends on.

        Returns:
            `result`.
        """
        while len(self._results) >= self._size:
            del self._results[next(iter(self._results))]
        self._results[_version(Path(path)), key] = result
        return result


_DIGESTS: ReadOnce[str] = ReadOnce(16)


def digest_once(path: str | os.PathLike, algorithm: str = "sha256") -> str:
    """Digest of a file or folder, computed once as long as it does not change.

    Args:
        path: A file; for SHA-256 also a folder, as `sha256_of` takes it.
        algorithm: `sha256` or `md5`.

    Returns:
        The digest in hexadecimal.
    """
    if (digest := _DIGESTS.get(path, algorithm)) is not None:
        return digest
    if algorithm == "sha256":
        return _DIGESTS.put(path, sha256_of(path), algorithm)
    with open(path, "rb") as file:
        return _DIGESTS.put(path, hashlib.file_digest(file, algorithm).hexdigest(), algorithm)


def _version(path: Path) -> Hashable:
    """What differs between versions of a file or folder, wherever it was moved to."""
    inner = sorted(path.rglob("*")) if path.is_dir() else []
    states = [file.stat() for file in (path, *inner) if file.exists()]
    return tuple((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns) for state in states)
