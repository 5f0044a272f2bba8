"""Locks between processes, by `filelock`, on Linux, macOS and Windows."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

from tfdeepsim.errors import InputError

NO_LOCK = "TFDEEPSIM_NO_LOCK"
"""Environment variable that turns locks off, also in the processes that a command starts."""
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


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
    lock = _Lock(path / ".lock" if refusal else _beside(path))
    if not lock.is_free():
        if refusal:
            raise refusal
        print(f"Waiting for another process that writes {path}", file=sys.stderr)
        lock.wait()
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
    lock = _Lock(_beside(path))
    is_mine = lock.is_free()
    try:
        yield is_mine
    finally:
        if is_mine:
            lock.release()


def _beside(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"


class _Lock:
    """The lock of a lock file, whose parent folders are created."""

    def __init__(self, file: Path):
        if file.is_symlink():
            raise InputError(
                "a lock file is no symbolic link",
                got=f"{file}, a link to {os.readlink(file)}",
                accepted="the folder without it; locks are files that this program creates",
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        # It opens the file without following links and without truncation. Without locks of the
        # file system it would make do with the existence of a file, which outlives its process.
        self.lock = filelock.FileLock(file, fallback_to_soft=False)

    def is_free(self) -> bool:
        """Take the lock unless another process has it."""
        return self._acquire(blocking=False)

    def wait(self) -> None:
        """Take the lock as soon as no other process has it."""
        self._acquire(blocking=True)

    def release(self) -> None:
        self.lock.release()

    def _acquire(self, *, blocking: bool) -> bool:
        if NO_LOCK in os.environ:
            return True
        try:
            self.lock.acquire(blocking=blocking)
        except filelock.Timeout:
            return False
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise
            raise InputError(
                "files are locked while a process writes to them",
                got=f"{self.file}, on a file system without locks ({error.strerror})",
                accepted="another folder; or --no-lock, if no other process uses these files",
            ) from error
        return True
