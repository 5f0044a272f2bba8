"""One process at a time, by `filelock`, on Linux, macOS and Windows."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def locked(path: Path, refusal: InputError | None = None) -> Iterator[None]:
    """Be the only process that works on `path`.

    The lock is the hidden file `.lock` in a folder that exists, else a hidden file beside `path`.
    It ends with the process, however that ends.

    Args:
        path: A file or folder, which need not exist. Its parent is created.
        refusal: Raised if another process holds the lock; None to wait for that process, and say so
            on standard error.

    Raises:
        InputError: `refusal`.
    """
    file = path / ".lock" if refusal else path.parent / f".{path.name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(file)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        if refusal:
            raise refusal from None
        print(f"Waiting for another process that makes {path}", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
