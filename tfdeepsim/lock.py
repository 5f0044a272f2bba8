"""Locks between processes, by `filelock`, on Linux, macOS and Windows."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def locked(path: Path, refusal: InputError | None = None) -> Iterator[None]:
    """Let one process at a time work on a file or folder.

    The lock ends with the process, even if the process is killed; the lock file stays.

    Args:
        path: Without `refusal`, a file or folder that is about to be created; the lock file is a
            hidden file beside it. With `refusal`, a folder; the lock file is `.lock` in it. Parent
            folders of the lock file are created.
        refusal: Error to raise if another process holds the lock; None to wait for that process,
            with a line on standard error.

    Raises:
        InputError: `refusal`, if another process holds the lock; or if the lock file is a link.

    Example:
        >>> with locked(Path("cache", "images.npy")):
        ...     write_images("cache/images.npy")
    """
    lock = _lock(path / ".lock" if refusal else _beside(path))
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        if refusal:
            raise refusal from None
        print(f"Waiting for another process that writes {path}", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Whether this process is the one that works on a file or folder; it does not wait.

    The claim ends with the process, even if the process is killed.

    Args:
        path: A file or folder that may not exist yet; the lock file is a hidden file beside it.

    Raises:
        InputError: If the lock file is a link.

    Example:
        >>> with claimed(Path("runs", "pixel-seed0")) as is_mine:
        ...     if is_mine:
        ...         train_it()
    """
    lock = _lock(_beside(path))
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _beside(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"


def _lock(file: Path) -> filelock.BaseFileLock:
    """The lock of a lock file, whose parent folders are created."""
    if file.is_symlink():
        raise InputError(
            "a lock file is no symbolic link",
            got=f"{file}, a link to {os.readlink(file)}",
            accepted="the folder without it; locks are files that this program creates",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    # It opens the file without following links and without truncation.
    return filelock.FileLock(file)
