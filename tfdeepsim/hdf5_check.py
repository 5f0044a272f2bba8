"""HDF5 files from elsewhere, read once in a process of their own before this one reads them.

The HDF5 library is compiled code that trusts what a file says: one changed byte can make it loop
for ever or end the process. What happens to the other process is one line here.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError

WEIGHTS = "model.weights.h5"
"""The HDF5 file in a `.keras` file, which is a zip file."""
_SECONDS, _BYTES_PER_SECOND = 20, 20e6
"""Time that reading may take: for any file, and for its size."""
_MOST_INFLATED = 1032
"""zlib's largest ratio of content to compressed bytes."""
_MEMORY = 2**32
"""Memory for the process beside the content of the file."""


def check_hdf5(path: str | os.PathLike, rule: str, accepted: str) -> None:
    """Read a file completely in another process.

    Args:
        path: An HDF5 file, or a `.keras` file that holds one.
        rule: What the file must be, for the error.
        accepted: What would be accepted, for the error.

    Raises:
        InputError: If that process fails, is killed by the system or takes far too long.

    Example:
        >>> check_hdf5("weights.h5", "weights are a whole HDF5 file", "a file that Keras saved")
    """
    seconds = _SECONDS + Path(path).stat().st_size / _BYTES_PER_SECOND
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tfdeepsim.hdf5_check", os.path.abspath(path)],
            env=os.environ
            | {"PYTHONPATH": str(Path(__file__).parent.parent), "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            rule, got=f"{path}, which cannot be read in {seconds:.0f} s", accepted=accepted
        ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reason = lines[-1] if lines and done.returncode > 0 else "the HDF5 library crashes on it"
        raise InputError(rule, got=f"{path} ({reason[:200]})", accepted=accepted)


def read_all(path: str) -> None:
    """Read all that is in a file; what this process does, `check_hdf5` survives.

    Raises:
        ValueError: If an array declares more numbers than the file can hold.
        OSError, KeyError, RuntimeError, zipfile.BadZipFile: If the file is damaged.
    """
    import h5py

    size = os.path.getsize(path)
    content: Any = path
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(WEIGHTS)
            _check_size(WEIGHTS, member.file_size, size)
            content = archive.open(WEIGHTS)
            with content, h5py.File(content) as file:
                _read(file, member.file_size)
        return
    with h5py.File(content) as file:
        _read(file, size)


def _read(file: Any, size: int) -> None:
    import h5py

    def visit(name: str, item: Any) -> None:
        dict(item.attrs)
        if isinstance(item, h5py.Dataset):
            _check_size(name, item.nbytes, size)
            item[()]

    dict(file.attrs)
    file.visititems(visit)


def _check_size(name: str, declared: int, size: int) -> None:
    if declared > _MOST_INFLATED * size:
        raise ValueError(f"{name} declares {declared:,} bytes, in a file of {size:,}")


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    most = _MEMORY + _MOST_INFLATED * size
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    try:
        _limit_memory(os.path.getsize(sys.argv[1]))
        read_all(sys.argv[1])
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}".replace("\n", " "))
