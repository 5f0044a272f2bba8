"""Arrays of numbers in files of MATLAB 5, read with a check of every size before it is used.

SciPy reads these files too, but its compiled reader trusts the sizes that a file declares: one
changed byte can end the process.
"""

import math
import os
import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
"""How numbers are stored, by the number in a tag."""
_CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
"""What numbers an array has, by its class."""
_COMPLEX = 0x0800
_MOST_DIMENSIONS, _LONGEST_NAME = 32, 256
_MOST_INFLATED = 1032
"""zlib's largest ratio of content to compressed bytes."""
_CHUNK = 2**22


class MatFileError(ValueError):
    """A file that is not of MATLAB 5, or is damaged."""


class MatArray(NamedTuple):
    """An array in a file.

    Attributes:
        shape: Its shape.
        dtype: Type of its numbers; None if it is no array of real numbers.
    """

    shape: tuple[int, ...]
    dtype: np.dtype | None


def list_mat_arrays(path: str | os.PathLike) -> dict[str, MatArray]:
    """The arrays in a file by name; their numbers are not read.

    Args:
        path: File of MATLAB 5, also compressed.

    Raises:
        MatFileError: If it is something else, or damaged.
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        return {name: array for name, array, _ in _arrays(file)}


def read_mat_array(path: str | os.PathLike, name: str) -> np.ndarray:
    """Read an array of real numbers.

    Args:
        path: File of MATLAB 5, also compressed.
        name: Name of the array.

    Raises:
        MatFileError: If there is no such array, or the file is damaged.
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        for found, array, content in _arrays(file):
            if found == name:
                return _numbers(array, content)
    raise MatFileError(f"no array {name}")


class _Content:
    """Bytes of an element of a file, of which no more are read than there are.

    Args:
        file: File, at the first byte.
        size: Number of bytes in the file.
        order: Order of bytes, `<` or `>`.
        compressed: Whether these bytes are compressed by zlib.
    """

    def __init__(self, file: IO[bytes], size: int, order: str, compressed: bool):
        self.order = order
        self.most = size * _MOST_INFLATED if compressed else size
        self._file, self._left = file, size
        self._inflate = zlib.decompressobj() if compressed else None

    def read(self, count: int) -> bytearray:
        if count > self.most:
            raise MatFileError(f"{count:,} bytes are declared, of at most {self.most:,}")
        data, place = bytearray(count), 0
        while place < count:
            chunk = self._some(min(count - place, _CHUNK))
            if not chunk:
                raise MatFileError(f"{count - place:,} bytes are missing")
            data[place : place + len(chunk)] = chunk
            place += len(chunk)
        return data

    def check_end(self) -> None:
        """Read what is left, so that the checksum of compressed bytes is compared."""
        if self._inflate:
            while self._some(_CHUNK):
                pass
            if not self._inflate.eof:
                raise MatFileError("the compressed bytes have no end")

    def _some(self, most: int) -> bytes:
        """Up to `most` bytes; none at the end."""
        if self._inflate is None:
            return self._raw(most)
        while not self._inflate.eof:
            fed = self._inflate.unconsumed_tail or self._raw(2**16)
            out = self._inflate.decompress(fed, most)
            if out or not fed:
                return out
        return b""

    def _raw(self, most: int) -> bytes:
        data = self._file.read(min(most, self._left))
        self._left -= len(data)
        return data

    def unpack(self, form: str) -> tuple[int, ...]:
        form = self.order + form
        return struct.unpack(form, self.read(struct.calcsize(form)))

    def element(self) -> tuple[int, bytearray]:
        """Type and bytes of the next element, which is padded to 8 bytes."""
        (first,) = self.unpack("I")
        if size := first >> 16:  # type and up to 4 bytes in one word each
            if size > 4:
                raise MatFileError(f"a small element of {size} bytes")
            return first & 0xFFFF, self.read(4)[:size]
        (size,) = self.unpack("I")
        data = self.read(size)
        self.read(-size % 8)
        return first, data


def _arrays(file: IO[bytes]) -> Iterator[tuple[str, MatArray, _Content]]:
    """Name and kind of each array, and the content of the file after them: the numbers."""
    size = os.fstat(file.fileno()).st_size
    header = file.read(_HEADER)
    order = {b"IM": "<", b"MI": ">"}.get(header[126:], "")
    if not order or struct.unpack(f"{order}H", header[124:126]) != (0x0100,):
        raise MatFileError("it is no file of MATLAB 5")
    while (start := file.tell()) < size:
        kind, length = _Content(file, size - start, order, compressed=False).unpack("II")
        end = start + 8 + length
        if end > size:
            raise MatFileError(f"{end - size:,} bytes are missing")
        content = _Content(file, length, order, kind == _COMPRESSED)
        if kind == _COMPRESSED:
            try:
                kind, _ = content.unpack("II")
                if kind == _MATRIX:
                    yield *_head(content), content
            except zlib.error as error:
                raise MatFileError(str(error)) from error
        elif kind == _MATRIX:
            yield *_head(content), content
        file.seek(end)


def _head(content: _Content) -> tuple[str, MatArray]:
    (_, flags), (_, dimensions), (_, name) = (content.element() for _ in range(3))
    if len(flags) != 8 or len(dimensions) % 4 or len(name) > _LONGEST_NAME:
        raise MatFileError("an array without flags, dimensions and name")
    shape = tuple(np.frombuffer(dimensions, f"{content.order}i4").tolist())
    if len(shape) > _MOST_DIMENSIONS or any(length < 0 for length in shape):
        raise MatFileError(f"dimensions {shape[:_MOST_DIMENSIONS]}")
    (bits, _) = struct.unpack(f"{content.order}II", flags)
    stored = None if bits & _COMPLEX else _CLASSES.get(bits & 0xFF)
    return name.decode("latin-1"), MatArray(shape, np.dtype(stored) if stored else None)


def _numbers(array: MatArray, content: _Content) -> np.ndarray:
    if array.dtype is None:
        raise MatFileError("it is no array of real numbers")
    try:
        kind, data = content.element()
        content.check_end()
    except zlib.error as error:
        raise MatFileError(str(error)) from error
    if kind not in _TYPES:
        raise MatFileError(f"numbers of type {kind}")
    stored = np.dtype(content.order + _TYPES[kind])
    if len(data) != math.prod(array.shape) * stored.itemsize:
        raise MatFileError(f"{len(data):,} bytes of {stored} for the shape {list(array.shape)}")
    numbers = np.frombuffer(data, stored)
    return numbers.astype(array.dtype, copy=False).reshape(array.shape, order="F")
