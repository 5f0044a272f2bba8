"""Reading of single images from shards."""

import functools
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from tfdeepsim.data.shards.index import Index
from tfdeepsim.errors import InputError

_OPEN_FILES = 128
"""Number of shards that are kept open: systems allow a process some hundred files."""


class ShardReader:
    """Reads images of shards in any order; from any number of threads.

    Args:
        folder: Folder of the shards.
        names: Names of the shards.
        index: Where the images lie.

    Example:
        >>> reader = ShardReader(folder, [*info.shards], read_index(folder, info))
        >>> data = reader.read(0)
    """

    def __init__(self, folder: Path, names: Sequence[str], index: Index):
        self._paths = [folder / name for name in names]
        self._index = index
        self._open = functools.lru_cache(_OPEN_FILES)(_OpenFile)

    def read(self, row: int) -> bytes:
        """The bytes of an image.

        Raises:
            InputError: If they cannot be read, or are not those that were written.
        """
        index, path = self._index, self._paths[self._index.shard[row]]
        length, offset = int(index.length[row]), int(index.offset[row])
        try:
            file = self._open(path)
            data = os.pread(file.number, length, offset)
            while 0 < len(data) < length:  # systems read up to 2 GiB at a time
                more = os.pread(file.number, length - len(data), offset + len(data))
                data = data + more if more else b""
        except OSError as error:
            raise _changed(f"{self.name_of(row)}: {error.strerror}") from error
        if len(data) != length or zlib.crc32(data) != index.crc[row]:
            raise _changed(f"{self.name_of(row)} of another checksum")
        return data

    def name_of(self, row: int) -> str:
        """Words for an image, for messages."""
        return f"image {row:,} in {self._paths[self._index.shard[row]]}"


class _OpenFile:
    """A file that is open until nothing refers to it."""

    number = -1

    def __init__(self, path: Path):
        self.number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)


def _changed(got: str) -> InputError:
    return InputError(
        "shards must stay as they were written", got=got, accepted="the file as it was at first"
    )
