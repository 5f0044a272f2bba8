"""`.npy` and `.npz` files that may come from elsewhere: sizes are checked before memory is taken,
nothing is unpickled, and any damage is one kind of error."""

import contextlib
import errno
import math
import os
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from tfdeepsim.errors import InputError

_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_MOST_INFLATED = 1032
"""zlib's largest ratio of content to compressed bytes."""


class DamagedArrays(ValueError):
    """A file that holds no arrays of numbers or text, or not all of them."""


class Header(NamedTuple):
    """What an array in a file is, before it is read.

    Attributes:
        shape: Its shape.
        dtype: Its number format.
    """

    shape: tuple[int, ...]
    dtype: np.dtype


def npz_headers(path: str | os.PathLike) -> dict[str, Header]:
    """Shapes and number formats of all arrays in a `.npz` file, by name.

    Args:
        path: The file.

    Raises:
        DamagedArrays: If it is no such file, is damaged, or an array has another size than its
            header says.
        OSError: If it cannot be read.

    Example:
        >>> np.savez("arrays.npz", x=np.zeros((2, 3)))
        >>> npz_headers("arrays.npz")["x"].shape
        (2, 3)
    """
    with _damage(), zipfile.ZipFile(path) as archive:
        return {
            member.filename.removesuffix(".npy"): _member_header(archive, member)
            for member in archive.infolist()
            if member.filename.endswith(".npy")
        }


def read_npz(path: str | os.PathLike, *names: str) -> dict[str, np.ndarray]:
    """Read arrays of a `.npz` file.

    Args:
        path: The file.
        *names: Names of the arrays; none for all.

    Raises:
        DamagedArrays: As `npz_headers`, or if an array is missing or holds objects.
        OSError: If it cannot be read.
    """
    headers = npz_headers(path)
    with _damage(), np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in names or headers}


def read_npy(path: str | os.PathLike, *, mapped: bool = False) -> np.ndarray:
    """Read a `.npy` file.

    Args:
        path: The file.
        mapped: Whether the array stays in the file, from where it is read in parts.

    Raises:
        DamagedArrays: If it is no such file, holds objects, or has another size than it says.
        OSError: If it cannot be read.
    """
    with _damage():
        with open(path, "rb") as file:
            header = _header(file)
            _check_size(Path(path).name, header, os.path.getsize(path) - file.tell())
        return np.load(
            path, allow_pickle=False, mmap_mode="r" if mapped and 0 not in header.shape else None
        )


def _member_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    if member.file_size > _MOST_INFLATED * max(member.compress_size, 1):
        raise DamagedArrays(f"{member.filename} of {member.file_size:,} bytes, from few")
    with archive.open(member) as file:
        header = _header(file)
        _check_size(member.filename, header, member.file_size - file.tell())
        return header


def _header(file: IO[bytes]) -> Header:
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise DamagedArrays(f"version {version} of the format")
    with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote
        shape, _, dtype = _READERS[version](file)
    return Header(shape, dtype)


def _check_size(name: str, header: Header, size: int) -> None:
    declared = math.prod(header.shape) * header.dtype.itemsize
    if not header.dtype.hasobject and declared != size:
        raise DamagedArrays(f"{name} declares {declared:,} bytes and has {size:,}")


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    """Turns whatever NumPy, zipfile and the decompressors raise at a damaged file into one kind of
    error."""
    try:
        yield
    except (DamagedArrays, InputError):
        raise
    except OSError as error:
        # None: a decompressor's. EINVAL: a place before the start of the file.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise DamagedArrays(str(error)) from error
    except Exception as error:
        raise DamagedArrays(f"{type(error).__name__}: {str(error)[:200]}") from error
