"""One process at a time."""

import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only process that makes `path`; wait, saying so, for another that does.

    The lock is a hidden file beside `path`, and ends with the process, however that ends.

    Args:
        path: A file or folder, there or not. Its parent is created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / f".{path.name}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another process that makes {path}", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
