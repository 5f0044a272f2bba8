"""Commands on a disk that becomes full."""

import contextlib
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tasks import Task, prepared, run_to_the_end, start

FAILS_AT = """
import errno, os
replace, left = os.replace, [{left}]
def full(*arguments, **options):
    left[0] -= 1
    if left[0] == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))
    return replace(*arguments, **options)
os.replace = full
"""
"""Code in whose process the disk is full when the n-th file takes its place."""
LARGE = 2**31


def disk_filled(
    task: Task, before: Path, whole: Path, chance: random.Random
) -> tuple[str, bool, object]:
    """Give a command on a disk that is too small, and then again with space.

    The disk is a file system in memory, which root alone may mount; for others the write of a file
    fails as on a full disk.

    Args:
        task: Its task.
        before: What to begin with.
        whole: Folder of the undisturbed command.
        chance: Decides on the size of the disk.

    Returns:
        What was wrong with the way it ended, whether the disk was full, and what it left.
    """
    used, needed = bytes_of(before), bytes_of(whole)
    share = chance.random()
    if os.geteuid():
        with tempfile.TemporaryDirectory() as place:
            folder = prepared(task, Path(place), before)
            code = f"exec({FAILS_AT.format(left=1 + int(share * 30))!r})"
            fault, was_full = ended(start(task.command, folder, code))
            run_to_the_end(task, folder)
            return fault, was_full, task.ends(folder)
    with small_disk(LARGE) as place:
        folder = prepared(task, place, before)
        resize(place, int(used + share * (needed - used)))
        fault, was_full = ended(start(task.command, folder))
        resize(place, LARGE)
        run_to_the_end(task, folder)
        return fault, was_full, task.ends(folder)


def ended(process: subprocess.Popen[str]) -> tuple[str, bool]:
    """What was wrong with the way a command ended, and whether its disk was full."""
    _, errors = process.communicate()
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    if process.returncode == 0:
        return "", False
    if "Traceback" in errors or process.returncode != 2 or len(lines) != 1:
        return f"exit code {process.returncode}: {errors.strip()[-300:]}", True
    # Datasets ask for their space before they are made.
    if "disk" not in lines[0]:
        return lines[0], True
    return "", True


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A file system in memory."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


def resize(place: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)


def bytes_of(folder: Path) -> int:
    """Size of all files of a folder, in blocks of a file system."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))
